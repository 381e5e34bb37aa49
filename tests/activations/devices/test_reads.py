"""What is read of devices: the list, the microinverters on however many pages, a day of one."""

from datetime import UTC, datetime

import pytest

from activations.devices import reads
from activations.snapshots.services import current, keep, refresh
from portal.ui.errors import Refused
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(halcyon):
    return copy_of(halcyon, 701)


def test_a_site_lists_its_devices(halcyon, world):
    site = copy_of(halcyon, 703)
    assert refresh(site, "devices") == ""
    record = current(site, "devices").record
    counts = {kind: len(rows) for kind, rows in record.devices.items()}
    assert counts == {
        "micros": 18,
        "meters": 2,
        "gateways": 1,
        "encharges": 2,
        "enpowers": 1,
        "ev_chargers": 1,
    }
    assert reads.ordered(record)[:3] == ["gateways", "micros", "meters"]
    facts = current(site, "devices").facts
    assert facts["Gateway 202300000703"].startswith("IQ Gateway, D8.2")
    assert facts["EV charger 202400000703"] == "IQ-EVSE-40R, v0.04.22"
    assert len([label for label in facts if label.startswith("Microinverter 4820")]) == 18


def test_microinverters_of_three_pages_are_read_once_each(site, world):
    world.patch_system(701, microinverters=230)
    before = world.hits
    assert refresh(site, "inverters") == ""
    assert world.hits - before == 3
    record = current(site, "inverters").record
    assert record.complete
    assert len(record.micros) == len(record.by_serial) == 230
    assert {micro.signal for micro in record.micros} == {5}


def test_a_full_last_page_is_followed_by_an_empty_one(site, world):
    world.patch_system(701, microinverters=100)
    assert refresh(site, "inverters") == ""
    record = current(site, "inverters").record
    assert record.complete
    assert len(record.micros) == 100


def test_a_list_that_goes_round_in_circles_ends(site):
    class Circles:
        asked = 0

        def get_inverters_summary(self, *, site_id, page, size):
            self.asked += 1
            rows = [{"serial_number": str(482000000000 + number)} for number in range(size)]
            return reads.InverterGroup.list_of([{"signal_strength": 3, "micro_inverters": rows}])

    systems = Circles()
    client = type("Client", (), {"systems": systems})
    payload = reads.inverters.read(client, site, "")
    assert systems.asked == 2
    assert payload["complete"] is False
    assert len(reads.Inverters(payload).micros) == 100


def test_power_comes_in_two_forms_and_zero_is_never(site):
    payload = {
        "groups": [
            {
                "signal_strength": 4,
                "micro_inverters": [
                    {"serial_number": "1", "power_produced": 230, "last_report_date": 0},
                    {
                        "serial_number": "2",
                        "power_produced": {"value": 1.5, "units": "kW", "precision": 1},
                        "energy": {"value": 2.5, "units": "MWh"},
                        "last_report_date": 1795000000,
                    },
                    {"serial_number": "2", "status": "micro"},
                ],
            },
            {"signal_strength": None, "micro_inverters": None},
        ]
    }
    one, two = reads.Inverters(payload).micros
    assert (one.power_w, one.last_report_at, one.signal) == (230, None, 4)
    assert (two.power_w, two.energy_wh) == (1500, 2_500_000)
    assert two.last_report_at == datetime.fromtimestamp(1795000000, UTC)


def test_profiles_are_counted_and_stragglers_named(site):
    def rows(*profiles):
        micros = [
            {"serial_number": str(number), "grid_profile": profile, "signal": number}
            for number, profile in enumerate(profiles, start=1)
        ]
        return reads.Inverters({"groups": [{"signal_strength": 5, "micro_inverters": micros}]})

    facts = reads.inverters.to_facts
    assert facts(rows("a", "a", "b", "")) == {
        "Grid profile a": "2 microinverters",
        "No grid profile": "1 microinverter: 4",
        "Grid profile b": "1 microinverter: 3",
    }
    assert facts(rows(*"a" * 20, *"b" * 15))["Grid profile b"].endswith("31, 32 and 3 more")
    assert facts(rows()) == {}


def test_a_day_of_a_microinverter_and_of_a_battery(halcyon, world):
    site = copy_of(halcyon, 703)
    refresh(site, "devices")
    now = datetime.fromisoformat(world.clock()["now"])
    yesterday = now.date().fromordinal(now.date().toordinal() - 2)
    micro, battery = (
        reads.day_key("482000070301", yesterday),
        reads.day_key(
            current(site, "devices").record.of_kind("encharges")[0].serial_number, yesterday
        ),
    )
    assert refresh(site, "device-telemetry", micro) == ""
    assert refresh(site, "device-telemetry", battery) == ""
    produced = current(site, "device-telemetry", micro).record
    assert (produced.kind, produced.day) == ("micros", yesterday)
    assert len(produced.answer.intervals) == 288
    stored = current(site, "device-telemetry", battery).record
    assert stored.kind == "encharges"
    assert len(stored.answer.intervals) == 96
    assert stored.answer.last_reported_soc_percent is not None


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("999 2026-11-20", "no telemetry of this device"),
        ("202300000703 2026-11-20", "no telemetry of this device"),
        ("482000070301 2001-01-01", "nothing of this day"),
        ("482000070301 someday", "no such day"),
    ],
)
def test_what_has_no_telemetry_says_so(halcyon, world, key, sentence):
    site = copy_of(halcyon, 703)
    refresh(site, "devices")
    assert refresh(site, "device-telemetry", key) == ""
    copy = current(site, "device-telemetry", key)
    assert copy.is_known
    assert sentence in copy.absent


def test_a_replaced_device_is_unknown_to_enphase(halcyon, world):
    site = copy_of(halcyon, 703)
    refresh(site, "devices")
    world.fault(
        "get_micro_telemetry",
        "status",
        status=404,
        body={"reason": "404", "message": ["Micro not found"]},
    )
    refresh(site, "device-telemetry", "482000070301 2026-11-20")
    copy = current(site, "device-telemetry", "482000070301 2026-11-20")
    assert "It may have been replaced" in copy.absent


def test_a_reading_that_fails_leaves_the_copy(site, world):
    refresh(site, "devices")
    world.fault("list_system_devices", "status", status=500, times=9)
    assert refresh(site, "devices") != ""
    copy = current(site, "devices")
    assert len(copy.record.of_kind("micros")) == 24
    assert copy.problem


@pytest.mark.parametrize("strange", [-1, True, "nonsense", ["x", None], {"x": "y"}])
def test_a_list_of_microinverters_that_is_none_leaves_the_copy(site, strange):
    assert refresh(site, "inverters") == ""
    groups = current(site, "inverters").payload["groups"]

    class Strange:
        def get_inverters_summary(self, **_page):
            return reads.InverterGroup.list_of([{**groups[0], "micro_inverters": strange}])

    client = type("Client", (), {"systems": Strange()})
    with pytest.raises(Refused, match="cannot be read"):
        reads.inverters.read(client, site, "")


def test_devices_that_come_are_no_alarm_and_one_that_goes_is(site, world):
    world.patch_system(701, microinverters=2)
    refresh(site, "devices")
    world.patch_system(701, microinverters=5)
    refresh(site, "devices")
    versions = current(site, "devices").versions
    assert versions.count() == 2
    assert not versions.open_drift().exists()

    world.patch_system(701, microinverters=4)
    refresh(site, "devices")
    drift = versions.open_drift().get()
    before = versions.filter(pk__lt=drift.pk).first()
    assert set(before.facts) - set(drift.facts) == {"Microinverter 482000070104"}


def test_a_profile_nobody_asked_for_is_an_alarm(site):
    def facts(*profiles):
        micros = [{"serial_number": str(n), "grid_profile": p} for n, p in enumerate(profiles)]
        return {"groups": [{"signal_strength": 5, "micro_inverters": micros}]}

    for payload in (facts("a", "a", ""), facts("a", "a", "a"), facts("a", "a", "")):
        keep(site, "inverters", payload)
    versions = current(site, "inverters").versions
    assert versions.count() == 3
    assert not versions.open_drift().exists()
    keep(site, "inverters", facts("a", "b", "b"))
    assert versions.open_drift().count() == 1
