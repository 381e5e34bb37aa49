import itertools

import pytest

from tests.sandbox.monitoring import refused, stands_apart
from tests.sandbox.test_production_and_consumption import date_of, midnight, now_of, rows

SYSTEM = "/systems/703"
ONE = "/systems/703/devices/encharges/12203800000{}/telemetry"


@pytest.mark.parametrize(
    "path",
    [
        "telemetry/battery",
        "battery_lifetime",
        "latest_telemetry",
        "devices/encharges/122038000001/telemetry",
        "devices/acbs/1/telemetry",
    ],
)
def test_refusals(world, dana, path):
    stands_apart(world, dana, "GET", f"/systems/{{}}/{path}")


def battery(dana, date, path="telemetry/battery"):
    return rows(dana.get(f"{SYSTEM}/{path}", start_date=date.isoformat()))


def test_lifetime_is_the_sum_of_its_intervals(world, dana):
    shown = dana.get(f"{SYSTEM}/battery_lifetime").json()
    for days_ago in (1, 2, 9):
        listed = battery(dana, date_of(world, days_ago))
        for name in ("charge", "discharge"):
            assert sum(row[name]["enwh"] for row in listed) == shown[name][-days_ago]
    assert sum(shown["charge"]) > sum(shown["discharge"]) > 0


def test_a_battery_stays_within_bounds_and_remembers(world, dana):
    """Its charge is that of the quarter before, plus what came in, minus what went out."""
    start = str(midnight(date_of(world, 9)))
    week = dana.get(f"{SYSTEM}/telemetry/battery", start_at=start, granularity="week")
    listed = rows(week)
    assert len(listed) == 672
    percents = [row["soc"]["percent"] for row in listed]
    assert min(percents) >= 20
    assert 20 < max(percents) <= 100
    for before, row in itertools.pairwise(listed):
        moved = row["charge"]["enwh"] - row["discharge"]["enwh"] / 0.9
        assert abs(row["soc"]["percent"] - before["soc"]["percent"] - moved / 100) <= 1.1
        assert not (row["charge"]["enwh"] and row["discharge"]["enwh"])
        assert row["charge"]["enwh"] <= 2 * 3840 / 4
    assert {row["soc"]["devices_reporting"] for row in listed} == {2}


def test_every_quarter_balances_with_the_battery(world, dana):
    date = date_of(world, 2)
    query = {"start_date": date.isoformat()}
    made = rows(dana.get(f"{SYSTEM}/telemetry/production_meter", **query))
    used = rows(dana.get(f"{SYSTEM}/telemetry/consumption_meter", **query))
    bought = rows(dana.get(f"{SYSTEM}/energy_import_telemetry", **query))
    sold = rows(dana.get(f"{SYSTEM}/energy_export_telemetry", **query))
    for index, row in enumerate(battery(dana, date)):
        comes = made[index]["wh_del"] + row["discharge"]["enwh"] + bought[index]["wh_imported"]
        goes = used[index]["enwh"] + row["charge"]["enwh"] + sold[index]["wh_exported"]
        assert comes == goes


def test_batteries_add_up(world, dana):
    query = {"start_date": date_of(world, 2).isoformat()}
    first, second = (rows(dana.get(ONE.format(number), **query)) for number in (1, 2))
    for index, row in enumerate(battery(dana, date_of(world, 2))):
        for name in ("charge", "discharge"):
            parts = first[index][name]["enwh"] + second[index][name]["enwh"]
            assert parts == row[name]["enwh"]


def test_the_last_charge_is_text(world, dana):
    shown = dana.get(f"{SYSTEM}/telemetry/battery").json()
    one = dana.get(ONE.format(1)).json()
    assert shown["last_reported_aggregate_soc"] == one["last_reported_soc"]
    assert one["last_reported_soc"].endswith("%")
    assert 240 <= now_of(world) - one["last_reported_time"] < 1200
    assert one["serial_number"] == "122038000001"


def test_a_reserve_holds_from_tomorrow_and_not_before(world, dana):
    before = battery(dana, date_of(world, 2))
    dana.put("/systems/config/703/battery_settings", {"reserve_soc": 60})
    assert battery(dana, date_of(world, 2)) == before
    world.advance(4 * 86400)
    listed = battery(dana, date_of(world, 1))
    assert min(row["soc"]["percent"] for row in listed) >= 60


def test_full_backup_stays_full(world, dana):
    dana.put("/systems/config/703/battery_settings", {"battery_mode": "Full Backup"})
    world.advance(4 * 86400)
    assert {row["soc"]["percent"] for row in battery(dana, date_of(world, 1))} == {100}


def test_sites_without_batteries(world, dana):
    shown = dana.get("/systems/701/telemetry/battery").json()
    assert (shown["total_devices"], shown["intervals"]) == (0, [])
    assert "last_reported_aggregate_soc" not in shown
    lifetime = dana.get("/systems/701/battery_lifetime").json()
    assert (lifetime["start_date"], lifetime["charge"], lifetime["discharge"]) == (None, [], [])


def test_unknown_batteries(dana):
    for kind, name in (("encharges", "Encharge"), ("acbs", "ACB")):
        answer = dana.get(f"{SYSTEM}/devices/{kind}/00417/telemetry")
        refused(answer, 404, f'{name} not found for {{:id=>"00417"}}')


def test_ac_batteries(world, dana):
    world.patch(705, expected_acb_count=2)
    query = {"start_date": date_of(world, 9).isoformat(), "granularity": "week"}
    whole = rows(dana.get("/systems/705/telemetry/battery", **query))
    first, second = (
        rows(dana.get(f"/systems/705/devices/acbs/91100000705{n}/telemetry", **query))
        for n in (0, 1)
    )
    assert len(whole) == 672
    assert sum(row["charge"]["enwh"] for row in whole) > 0
    for index, row in enumerate(whole):
        parts = first[index]["charge"]["enwh"] + second[index]["charge"]["enwh"]
        assert parts == row["charge"]["enwh"]


@pytest.mark.parametrize("path", ["telemetry/battery", "devices/encharges/122038000001/telemetry"])
def test_windows_are_refused_as_elsewhere(world, dana, path):
    start = str(int(now_of(world)) + 3600)
    answer = dana.get(f"{SYSTEM}/{path}", start_at=start)
    assert answer.status_code == 422
    assert ":first_interval=>" in answer.json()["details"]
    refused(dana.get(f"{SYSTEM}/{path}", start_date="x"), 422, "Failed to parse date x")


def test_battery_lifetime_in_the_future(world, dana):
    tomorrow = date_of(world, -1).isoformat()
    answer = dana.get(f"{SYSTEM}/battery_lifetime", start_date=tomorrow)
    refused(answer, 422, "Requested date is in the future")


# The latest


def test_latest_telemetry_of_a_site_with_everything(world, dana):
    devices = dana.get(f"{SYSTEM}/latest_telemetry").json()["devices"]
    assert list(devices) == ["meters", "encharges", "evse"]
    meters = [(one["name"], one["channel"], one["power"] is None) for one in devices["meters"]]
    assert meters == [
        ("production", 1, False), ("production", 2, True), ("production", 3, True),
        ("consumption", 1, False), ("consumption", 2, True), ("consumption", 3, True),
    ]  # fmt: skip
    # The id repeats for each channel.
    assert len({one["id"] for one in devices["meters"]}) == 2
    modes = {one["operational_mode"] for one in devices["encharges"]}
    assert modes <= {"Idle", "Charging", "Discharging"}
    (charger,) = devices["evse"]
    assert charger["operational_mode"] in ("PLUGGED_OUT", "IDLE", "CHARGING")
    assert charger["serial_number"] == "202400000703"


def test_latest_home_load_is_consumption_less_battery(world, dana):
    devices = dana.get(f"{SYSTEM}/latest_telemetry").json()["devices"]
    at = devices["meters"][0]["last_report_at"]
    consumed = devices["meters"][3]["power"]
    stored = sum(one["power"] for one in devices["encharges"])
    start = {"start_at": str(at - 900), "granularity": "15mins"}
    (row,) = rows(dana.get(f"{SYSTEM}/telemetry/consumption_meter", **start))
    assert row["end_at"] == at
    assert consumed - stored == row["enwh"] * 4
    (row,) = rows(dana.get(f"{SYSTEM}/telemetry/production_meter", **start))
    assert devices["meters"][0]["power"] == row["wh_del"] * 4


def test_after_a_week_nothing_is_known(world):
    # A gateway that went silent eight days ago.
    world.patch(703, gateway="silent")
    world.patch(703, last_report_at=int(now_of(world)) - 8 * 86400)
    dana = world.person("dana@halcyon.example")
    devices = dana.get(f"{SYSTEM}/latest_telemetry").json()["devices"]
    for one in [*devices["meters"], *devices["encharges"]]:
        assert (one["power"], one["last_report_at"]) == (None, None)
    assert devices["evse"][0]["operational_mode"] is None


def test_latest_of_sites_with_little(dana):
    assert dana.get("/systems/704/latest_telemetry").json() == {
        "system_id": 704,
        "items": "devices",
        "devices": {},
    }
