"""The devices of a site by type: expected, scanned, placed, detected, silent."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from activations.catalog.models import GridProfile
from activations.snapshots.models import Snapshot
from activations.snapshots.registry import KINDS
from activations.snapshots.services import keep, refresh
from portal.connections.models import Account
from portal.connections.services import client_for
from tests.activations.sites import copy_of
from tests.conftest import connect

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
LIST_QUERIES = 9
DETAIL_QUERIES = 10


def read(site, *kinds):
    for kind in kinds or ("devices", "inverters"):
        assert refresh(site, kind) == ""


def page_of(client, person, site, query=""):
    client.force_login(person)
    return client.get(reverse("devices:list", args=[site.pk]) + query)


def sections(response):
    return {table["section"].kind: table["section"] for table in response.context["tables"]}


def counts(section):
    return {count["label"]: count["value"] for count in section.counts}


def test_nothing_read_yet_is_not_zero(client, alice, halcyon, world):
    site = copy_of(halcyon, 701)
    before = world.hits
    response = page_of(client, alice, site)
    assert world.hits == before
    micros = sections(response)["micros"]
    assert counts(micros) == {
        "Expected": 24,
        "Scanned": None,
        "Placed": None,
        "Detected": None,
        "Silent": None,
    }
    page = response.content.decode()
    assert "Not read yet" in page
    assert "not detected" not in page
    assert response.context["findings"] == []


def test_all_is_well(client, alice, halcyon, world):
    site = copy_of(halcyon, 703)
    read(site, "devices", "inverters", "arrays")
    before = world.hits
    response = page_of(client, alice, site)
    assert world.hits == before
    found = sections(response)
    assert list(found) == [
        "gateways",
        "micros",
        "meters",
        "encharges",
        "enpowers",
        "ev_chargers",
    ]
    assert counts(found["micros"]) == {
        "Expected": 18,
        "Scanned": 18,
        "Placed": 18,
        "Detected": 18,
        "Silent": 0,
    }
    assert counts(found["encharges"])["Detected"] == 2
    assert counts(found["ev_chargers"]) == {"Expected": None, "Detected": 1, "Silent": 0}
    assert counts(found["gateways"]) == {
        "Expected": 1,
        "Scanned": 1,
        "Detected": 1,
        "Silent": 0,
    }
    assert response.context["findings"] == []
    page = response.content.decode()
    assert "Array 1 R" in page
    assert "18 of 18" in page
    assert "needs a look" not in page


def test_missing_ones_are_counted_and_lead_to_the_plan(client, alice, halcyon, world):
    world.patch_system(701, microinverters=22)
    site = copy_of(halcyon, 701)
    read(site)
    response = page_of(client, alice, site)
    micros = sections(response)["micros"]
    assert (micros.expected, micros.detected, micros.missing) == (24, 22, 2)
    labels = [finding["label"] for finding in response.context["findings"]]
    assert labels == ["2 of 24 expected microinverters are not detected"]
    assert reverse("activations:equipment", args=[site.pk]) in response.content.decode()


def test_placed_ones_that_are_not_detected_are_named(client, alice, halcyon, world):
    site = copy_of(halcyon, 703)
    read(site, "arrays")
    world.patch_system(703, microinverters=16)
    read(site)
    response = page_of(client, alice, site)
    micros = sections(response)["micros"]
    lost = [row.serial for row in micros.lost]
    assert lost == ["482000070316", "482000070317"]
    assert [row.serial for row in micros.rows[:2]] == lost
    assert counts(micros)["Placed"] == 18
    assert counts(micros)["Detected"] == 16
    only = page_of(client, alice, site, "?kind=micros&problem=missing")
    assert [row.serial for row in only.context["tables"][0]["rows"]] == lost
    assert "Not detected" in only.content.decode()


def test_silent_ones_are_found_day_and_night(client, alice, halcyon, world):
    site = copy_of(halcyon, 703)
    world.patch_system(703, silent=[3, 7])
    read(site)
    response = page_of(client, alice, site)
    micros = sections(response)["micros"]
    assert micros.silent == 2
    assert [row.serial for row in micros.rows[:2]] == ["482000070303", "482000070307"]
    assert {"label", "url"} <= response.context["findings"][0].keys()
    assert response.context["findings"][0]["label"] == "2 microinverters silent"
    silent = page_of(client, alice, site, "?problem=silent")
    assert "Not reporting" in silent.content.decode()


def inverters(*micros, signal=5):
    return {"groups": [{"signal_strength": signal, "micro_inverters": list(micros)}]}


def micro(serial, **fields):
    return {"serial_number": serial, "status": "normal", **fields}


def hours_ago(hours):
    return int((timezone.now() - timedelta(hours=hours)).timestamp())


def test_a_night_is_no_fault_and_two_days_are(client, alice, halcyon, world):
    site = copy_of(halcyon, 701)
    keep(
        site,
        "inverters",
        inverters(
            micro("482000070100", last_report_date=hours_ago(15)),
            micro("482000070101", last_report_date=hours_ago(49)),
            micro("482000070102", last_report_date=0),
        ),
    )
    rows = {r.serial: r for r in sections(page_of(client, alice, site))["micros"].rows}
    assert rows["482000070100"].look.text == "Normal"
    assert rows["482000070101"].look.text == "Not reporting"
    assert rows["482000070102"].look.text == "Never reported"


def test_an_old_copy_makes_nobody_silent(client, alice, halcyon, world):
    site = copy_of(halcyon, 701)
    keep(site, "inverters", inverters(micro("482000070100", last_report_date=hours_ago(80))))
    Snapshot.objects.filter(kind="inverters").update(
        fetched_at=timezone.now() - timedelta(hours=79)
    )
    micros = sections(page_of(client, alice, site))["micros"]
    assert micros.silent == 0


def test_behind_a_silent_gateway_nothing_is_judged(client, alice, halcyon, world):
    site = copy_of(halcyon, 703)
    gone = timezone.now() - timedelta(days=5)
    world.patch_system(703, gateway="silent", last_report_at=int(gone.timestamp()), silent=[2])
    read(site)
    found = sections(page_of(client, alice, site))
    assert found["gateways"].silent == 1
    looks = {row.serial: row.look.text for row in found["micros"].rows}
    assert looks.pop("482000070302") == "Not reporting"
    assert set(looks.values()) == {"Cannot tell"}
    assert found["micros"].silent == 1


def test_stragglers_come_first_with_how_many_applied(client, alice, halcyon, world):
    world.reset("demo")
    call(world, halcyon)
    site = straggler_site(halcyon, world)
    read(site)
    response = page_of(client, alice, site)
    micros = sections(response)["micros"]
    strays = [row for row in micros.rows if row.is_straggler]
    assert 1 <= len(strays) <= 3
    assert micros.rows[: len(strays)] == strays
    total = micros.detected
    assert micros.profiles.applied == total - len(strays)
    page = response.content.decode()
    assert f"{total - len(strays)} of {total}</b> applied" in page
    assert "not the requested one" in page


def call(world, company):
    """Tokens of the reset world."""
    Account.objects.filter(company=company).delete()
    connect(company, world, "dana@halcyon.example")


def straggler_site(company, world):
    """The first site of the demo world with microinverters that run no profile yet."""
    with client_for(company.pk) as enphase:
        for record in enphase.activations.list_activations(limit=200).systems:
            if (record.stage or 0) < 3:
                continue
            profiles = {
                row.grid_profile for row in enphase.systems.each_inverter(site_id=record.system_id)
            }
            if len(profiles) > 1:
                return copy_of(company, record.system_id)
    raise AssertionError("the demo world has no stragglers")


def test_the_same_profile_by_its_other_id_is_applied(client, alice, halcyon, world):
    site = copy_of(halcyon, 701)
    requested = site.detail["grid_profile"]
    GridProfile.objects.create(
        company=halcyon, enphase_id=requested, profile_id="agf:one", name="Rule 21", version="3"
    )
    rows = [
        micro(f"48200007010{n}", grid_profile=profile)
        for n, profile in enumerate(("agf:one", requested, "another"))
    ]
    keep(site, "inverters", inverters(*rows))
    micros = sections(page_of(client, alice, site))["micros"]
    assert (micros.profiles.applied, micros.profiles.told) == (2, 3)
    assert micros.profiles.requested == "Rule 21 3"
    assert [row.serial for row in micros.rows if row.is_straggler] == ["482000070102"]


def test_firmware_of_the_few_is_marked_and_no_alarm(client, alice, halcyon, world):
    site = copy_of(halcyon, 701)
    rows = [
        micro(f"48200007010{n}", proc_load=v, last_report_date=hours_ago(1))
        for n, v in enumerate("aab")
    ]
    keep(site, "inverters", inverters(*rows))
    response = page_of(client, alice, site)
    micros = sections(response)["micros"]
    assert micros.firmwares == [("a", 2), ("b", 1)]
    assert [row.serial for row in micros.rows if row.other_firmware] == ["482000070102"]
    assert all("firmware" not in f["label"] for f in response.context["findings"])
    assert "differs from most" in response.content.decode()


def test_found_by_last_digits_sorted_and_paged(client, alice, halcyon, world):
    site = copy_of(halcyon, 701)
    rows = [micro(f"4820000{n:05}", last_report_date=hours_ago(1)) for n in range(1000)]
    keep(site, "inverters", inverters(*rows))
    first = page_of(client, alice, site, "?kind=micros&sort=serial")
    (table,) = first.context["tables"]
    assert len(table["rows"]) == 50
    assert table["more_count"] == 50
    last = page_of(client, alice, site, "?kind=micros&sort=-serial&page=20")
    (table,) = last.context["tables"]
    assert [table["rows"][0].serial, len(table["rows"])] == ["482000000049", 50]
    assert "more_url" not in table
    found = page_of(client, alice, site, "?q=0 123")
    (table,) = (t for t in found.context["tables"] if t["section"].kind == "micros")
    assert [row.serial for row in table["rows"]] == ["482000000123"]
    nothing = page_of(client, alice, site, "?q=77777").content.decode()
    assert "None match" in nothing
    for nonsense in ("?kind=x&problem=y&sort=z&page=-1", "?page=99999", "?q=%00<b>"):
        assert page_of(client, alice, site, nonsense).status_code == 200


def test_odd_devices_do_not_break_the_page(client, alice, halcyon, world):
    site = copy_of(halcyon, 701)
    payload = {
        "system_id": 701,
        "devices": {
            "wind_turbines": [{"id": "", "name": "Mill", "status": "whirling"}],
            "evse": [{"id": "", "serial_number": "A/1", "status": "normal"}],
            "heat-pump": [{"serial_number": "HP 1", "last_report_at": 0}],
            "micros": [{"serial_number": None}, {"serial_number": "482000070100"}, "rubbish"],
            "iq_collars": None,
        },
    }
    keep(site, "devices", payload)
    response = page_of(client, alice, site)
    page = response.content.decode()
    assert "Wind turbines" in page
    assert "whirling" in page
    assert counts(sections(response)["wind_turbines"])["Detected"] == 1
    assert sections(response)["micros"].detected == 1
    detail = client.get(reverse("devices:detail", args=[site.pk, "HP 1"]))
    assert detail.status_code == 200


def test_a_retired_gateway_leaves_nothing_detected(client, alice, halcyon, world):
    site = copy_of(halcyon, 706)
    read(site)
    response = page_of(client, alice, site)
    found = sections(response)
    assert found["gateways"].detected == 0
    assert [row.look.text for row in found["gateways"].rows] == ["Not detected"]
    assert found["micros"].detected == 0
    assert "1 of 1 expected gateway is not detected" in response.content.decode()


def test_devices_as_a_file(client, alice, halcyon, world):
    site = copy_of(halcyon, 703)
    read(site, "devices", "inverters", "arrays")
    client.force_login(alice)
    response = client.get(reverse("devices:export", args=[site.pk]) + "?kind=micros")
    lines = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert len(lines) == 18
    assert lines[0]["Serial"] == "482000070300"
    assert lines[0]["Type"] == "Microinverter"
    assert lines[0]["State"] == "Normal"
    assert lines[0]["Place"].startswith("Array 1 R")
    assert lines[0]["Requested grid profile"] == lines[0]["Applied grid profile"]
    everything = client.get(reverse("devices:export", args=[site.pk])).content.decode()
    assert everything.count("\r\n") == 1 + 18 + 1 + 2 + 2 + 1 + 1


def test_the_panel_tells_what_is_detected(client, alice, halcyon, world):
    world.patch_system(701, microinverters=22)
    site = copy_of(halcyon, 701)
    read(site)
    client.force_login(alice)
    url = reverse("devices:panel", args=[site.pk])
    page = client.get(url, headers=HTMX).content.decode()
    assert '<strong class="bad-ink">22</strong>' in page
    assert client.get(url).url == reverse("devices:list", args=[site.pk])
    readiness = client.get(reverse("activations:detail", args=[site.pk])).content.decode()
    assert f'hx-get="{url}"' in readiness


def test_until_somebody_asks_the_panel_tells_what_the_gateway_counted(
    client, alice, halcyon, world
):
    world.patch_system(701, microinverters=23)
    site = copy_of(halcyon, 701)
    client.force_login(alice)
    page = client.get(reverse("devices:panel", args=[site.pk]), headers=HTMX).content.decode()
    assert '<strong class="bad-ink">23</strong>' in page
    assert "as the gateway counted them" in page


@pytest.mark.parametrize(("person", "status"), [("bob", 200), ("charlie", 404), ("sam", 200)])
def test_who_may_look(request, client, halcyon, world, person, status):
    site = copy_of(halcyon, 703)
    read(site)
    someone = request.getfixturevalue(person)
    client.force_login(someone)
    for name in ("list", "export"):
        assert client.get(reverse(f"devices:{name}", args=[site.pk])).status_code == status
    detail = reverse("devices:detail", args=[site.pk, "482000070300"])
    assert client.get(detail).status_code == status
    if person == "bob":
        page = client.get(reverse("devices:list", args=[site.pk])).content.decode()
        assert "Refresh" not in page


def test_viewing_asks_the_database_a_few_times(
    client, alice, halcyon, world, django_assert_num_queries
):
    site = copy_of(halcyon, 703)
    read(site, "devices", "inverters", "arrays")
    url = reverse("devices:list", args=[site.pk])
    detail = reverse("devices:detail", args=[site.pk, "482000070300"])
    client.force_login(alice)
    client.get(url)
    with django_assert_num_queries(LIST_QUERIES):
        client.get(url)
    with django_assert_num_queries(DETAIL_QUERIES):
        client.get(detail)


def test_a_device_on_two_sites_is_named_to_those_who_see_both(
    client, alice, charlie, halcyon, bluebonnet, world
):
    here, there = copy_of(halcyon, 701), copy_of(halcyon, 705)
    foreign = copy_of(bluebonnet, 801)
    gateway = {"gateways": [{"serial_number": "202300000701", "status": "normal"}]}
    for site in (here, there, foreign):
        keep(site, "devices", {"system_id": site.system_id, "devices": gateway})
    response = page_of(client, alice, here)
    (row,) = sections(response)["gateways"].rows
    assert row.elsewhere == [there]
    assert f'also on <a href="{reverse("devices:list", args=[there.pk])}">' in (
        response.content.decode()
    )
    assert "1 gateway detected on another site" in [
        finding["label"] for finding in response.context["findings"]
    ]
    detail = client.get(reverse("devices:detail", args=[here.pk, "202300000701"]))
    assert there.name in detail.content.decode()

    # It is taken away there: nothing is said any more.
    keep(there, "devices", {"system_id": 705, "devices": {}})
    (row,) = sections(page_of(client, alice, here))["gateways"].rows
    assert row.elsewhere == []


def test_a_serial_typed_on_the_wrong_site_leads_to_the_right_one(client, alice, halcyon, world):
    here, there = copy_of(halcyon, 701), copy_of(halcyon, 703)
    read(here)
    read(there)
    client.force_login(alice)
    response = client.get(reverse("devices:detail", args=[here.pk, "482000070300"]))
    assert response.status_code == 404
    assert reverse("devices:detail", args=[there.pk, "482000070300"]) in response.content.decode()


def test_large_site_says_what_its_reading_costs():
    payload = {"groups": [{"micro_inverters": [{}] * 100}, {"micro_inverters": [{}] * 150}]}
    assert KINDS["inverters"].cost(payload) == 3
    assert KINDS["inverters"].cost({}) == 1
