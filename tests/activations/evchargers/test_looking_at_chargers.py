"""The chargers of a site: state, events, sessions, schedule and energy, compared with Enphase's."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from activations.evchargers.reads import Absent, day_key, zone_of
from activations.snapshots import services as snapshots
from activations.snapshots.models import Snapshot
from enphase.records import EvChargerEvents, EvChargerSessions
from enphase.resources.ev_chargers import Charging
from portal.connections.services import client_for
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

SERIAL = "202400000703"


@pytest.fixture
def site(halcyon):
    """Site 703 has everything, an EV charger too."""
    return copy_of(halcyon, 703)


@pytest.fixture
def known(site):
    for thing in (("ev-chargers", ""), ("ev-state", ""), ("ev-events", "")):
        assert snapshots.refresh(site, *thing) == ""
    for kind in ("ev-sessions", "ev-schedules", "ev-lifetime"):
        assert snapshots.refresh(site, kind, SERIAL) == ""
    return site


def url_of(site, name="list", *more):
    return reverse(f"evchargers:{name}", args=[site.pk, *more])


def page_of(client, url):
    response = client.get(url)
    assert response.status_code == 200
    return response.content.decode()


def today_of(site):
    return timezone.now().astimezone(zone_of(site)).date()


def charged_day(site):
    """A day on which the sandbox's car charged, and its Wh."""
    with client_for(site.company_id) as api:
        last = today_of(site) - timedelta(days=1)
        answer = api.ev_chargers.get_ev_charger_lifetime(
            703, SERIAL, last - timedelta(days=20), last
        )
    return next((day, wh) for day, wh in answer.days(answer.energy_wh) if wh)


def test_before_anything_was_read_nothing_is_claimed(client, alice, site, world):
    client.force_login(alice)
    hits = world.hits
    page = page_of(client, url_of(site))
    assert "Not read yet" in page
    assert "no EV charger" not in page
    assert client.get(url_of(site, "detail", SERIAL)).status_code == 404
    assert world.hits == hits


def test_chargers_with_state_last_report_and_events(client, alice, known, world):
    client.force_login(alice)
    hits = world.hits
    page = page_of(client, url_of(known))
    assert world.hits == hits
    assert "IQ EV Charger" in page
    assert SERIAL in page
    assert any(words in page for words in ("Charging", "Plugged in, not", "No car plugged in"))
    assert "Charging stopped on IQ EV Charger" in page
    with client_for(known.company_id) as api:
        there = list(api.ev_chargers.each_event(703))
    assert page.count('data-label="Kind"') == min(20, len(there)) > 0
    assert "Older events" not in page


def test_older_events_on_demand(client, alice, known, monkeypatch):
    rows = [{"triggered_date": 1_760_000_000 - n, "details": f"Event {n}."} for n in range(130)]

    def listed(self, system_id, serial_num=None, offset=0, limit=20):
        answer = {"system_id": system_id, "events": rows[offset : offset + limit], "count": 1}
        return EvChargerEvents.from_api(answer)

    monkeypatch.setattr(Charging, "list_ev_charger_events", listed)
    client.force_login(alice)
    assert snapshots.refresh(known, "ev-events") == ""
    page = page_of(client, url_of(known))
    assert page.count('data-label="Kind"') == 20
    assert 'Older events <span class="cost">1 hit</span>' in page
    # Until the longer list is there, the newest page stays in sight.
    assert page_of(client, f"{url_of(known)}?events=100").count('data-label="Kind"') == 20
    assert snapshots.refresh(known, "ev-events", "100") == ""
    page = page_of(client, f"{url_of(known)}?events=100")
    assert page.count('data-label="Kind"') == 100
    assert 'Older events <span class="cost">2 hits</span>' in page
    assert snapshots.refresh(known, "ev-events", "200") == ""
    page = page_of(client, f"{url_of(known)}?events=200")
    assert page.count('data-label="Kind"') == 130
    assert "Older events" not in page


def test_sites_without_a_charger_say_so_and_have_no_tab(client, alice, halcyon, known, world):
    client.force_login(alice)
    assert f'href="{url_of(known)}"' in page_of(
        client, reverse("activations:detail", args=[known.pk])
    )
    bare = copy_of(halcyon, 701)
    assert snapshots.refresh(bare, "ev-chargers") == ""
    page = page_of(client, url_of(bare))
    assert "This site has no EV charger" in page
    assert f'href="{url_of(bare)}"' not in page_of(
        client, reverse("activations:detail", args=[bare.pk])
    )


def test_list_of_devices_is_enough_for_the_tab(client, alice, site):
    client.force_login(alice)
    readiness = reverse("activations:detail", args=[site.pk])
    assert f'href="{url_of(site)}"' not in page_of(client, readiness)
    assert snapshots.refresh(site, "devices") == ""
    assert f'href="{url_of(site)}"' in page_of(client, readiness)
    device = reverse("devices:detail", args=[site.pk, SERIAL])
    assert url_of(site, "detail", SERIAL) in page_of(client, device)


def test_sessions_and_energy_are_enphases(client, alice, known):
    client.force_login(alice)
    with client_for(known.company_id) as api:
        there = api.ev_chargers.list_ev_charger_sessions(703, SERIAL, limit=100).sessions
    response = client.get(url_of(known, "detail", SERIAL))
    page = response.content.decode()
    assert response.context["unit"] == "kWh"
    assert [one.energy_kwh for one in response.context["sessions"]] == [
        one.energy_added for one in there[:20]
    ]
    assert f"{there[0].energy_added:.2f} kWh" in page
    assert "only make sense as kWh" in page
    assert "currency not told" in page
    comparison = response.context["comparison"]
    assert comparison.days > 1
    assert comparison.agrees


def test_a_day_is_the_sum_of_its_quarters(client, alice, known, world):
    client.force_login(alice)
    day, wh = charged_day(known)
    assert snapshots.refresh(known, "ev-energy", day_key(SERIAL, day)) == ""
    hits = world.hits
    url = f"{url_of(known, 'detail', SERIAL)}?day={day}"
    response = client.get(url)
    assert world.hits == hits
    chart = response.context["chart"]
    assert len(chart.told) == 96
    # The lifetime counts whole Wh of each quarter too.
    assert chart.total_wh == wh
    month = response.context["month"]
    assert dict(month.days)[day] == wh
    page = response.content.decode()
    assert f"day={day - timedelta(days=1)}" in page
    assert f"day={day + timedelta(days=1)}" in page
    # It was over when it was read, so a refresh leaves it out.
    assert ("ev-energy", day_key(SERIAL, day)) not in response.context["sheet"].things


def test_a_day_nobody_read_is_asked_for(client, alice, known):
    client.force_login(alice)
    day = today_of(known) - timedelta(days=3)
    response = client.get(f"{url_of(known, 'detail', SERIAL)}?day={day}")
    assert ("ev-energy", day_key(SERIAL, day)) in response.context["sheet"].things
    assert "Not read yet" in response.content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "?day=tomorrow",
        "?day=2999-01-01",
        "?day=1999-01-01",
        "?month=2999-13",
        "?month=0001-01",
        "?sessions=-1",
        "?sessions=99999",
        "?events=x",
    ],
)
def test_odd_addresses_show_the_nearest(client, alice, known, query):
    client.force_login(alice)
    page_of(client, url_of(known) + query)
    page_of(client, url_of(known, "detail", SERIAL) + query)


def test_schedule_in_words_and_as_a_week(client, alice, known):
    client.force_login(alice)
    page = page_of(client, url_of(known, "detail", SERIAL))
    words = (
        "Custom, off: Days 1 and 2, 01:00 to 02:00, at 70 %; Days 3 to 7, 02:00 to 03:00, at 80 %"
    )
    assert words in page
    assert page.count('class="evweek evweek--off"') == 7
    assert "does not say which weekday is day 1" in page
    copy = snapshots.current(known, "ev-schedules", SERIAL)
    assert copy.facts == {"Schedule": words}


def test_a_schedule_changed_by_its_owner_is_history_and_no_alarm(known):
    copy = snapshots.current(known, "ev-schedules", SERIAL)
    changed = {**copy.payload, "charger_schedules": []}
    snapshots.keep(known, "ev-schedules", changed, key=SERIAL)
    assert copy.versions.count() == 2
    assert not copy.versions.filter(is_drift=True)


def test_a_charger_that_is_gone_alarms_and_keeps_what_was_read(client, alice, known):
    client.force_login(alice)
    empty = {"system_id": 703, "devices": {"ev_chargers": []}}
    copy = snapshots.keep(known, "ev-chargers", empty)
    assert copy.versions.filter(is_drift=True).count() == 1
    page = page_of(client, url_of(known, "detail", SERIAL))
    assert "Not on the site" in page
    assert "Start charging" not in page
    assert client.get(url_of(known, "control", SERIAL, "start")).status_code == 404


def test_files(client, alice, known):
    client.force_login(alice)
    day, wh = charged_day(known)
    assert snapshots.refresh(known, "ev-energy", day_key(SERIAL, day)) == ""
    sessions = page_of(client, url_of(known, "export", SERIAL, "sessions")).splitlines()
    assert sessions[0].startswith("\ufeffStart (UTC),End (UTC)")
    copy = snapshots.current(known, "ev-sessions", SERIAL)
    assert len(sessions) == len(copy.record.rows) + 1
    days = page_of(client, url_of(known, "export", SERIAL, "days"))
    assert f"\n{day},{wh}" in days.replace("\r", "")
    quarters = page_of(client, f"{url_of(known, 'export', SERIAL, 'quarters')}?day={day}")
    rows = quarters.splitlines()[1:]
    assert len(rows) == 96
    assert sum(float(row.rsplit(",", 1)[1]) for row in rows) == wh
    assert client.get(url_of(known, "export", SERIAL, "nothing")).status_code == 404


def test_a_site_that_enphase_does_not_monitor(client, alice, site, world):
    client.force_login(alice)
    world.fault(
        "list_ev_chargers",
        "status",
        status=400,
        times=None,
        body={"message": "Bad request", "code": "400", "details": "Invalid system_id"},
    )
    assert snapshots.refresh(site, "ev-chargers") == ""
    copy = Snapshot.objects.get(activation=site, kind="ev-chargers")
    assert copy.absent == "Enphase monitors no EV chargers of this site."
    assert copy.absent in page_of(client, url_of(site))


def test_a_refusal_keeps_our_copy(known, world):
    world.fault("list_ev_chargers", "status", status=403)
    assert snapshots.refresh(known, "ev-chargers") != ""
    copy = snapshots.current(known, "ev-chargers")
    assert copy.record.ev_chargers
    assert copy.problem


def test_keys_that_are_no_days_are_answered_without_a_hit(site, world):
    hits = world.hits
    assert snapshots.refresh(site, "ev-energy", f"{SERIAL} never") == ""
    assert world.hits == hits
    assert snapshots.current(site, "ev-energy", f"{SERIAL} never").absent == str(
        Absent("There is no such day.")
    )


def test_two_hundred_sessions_cost_two_hits_and_what_is_left_is_offered(
    client, alice, known, world, monkeypatch
):
    rows = [
        {"start_time": 1_760_000_000 - n * 86_400, "duration": 3600, "energy_added": 7.2}
        for n in range(203)
    ]
    asked = []

    def listed(self, system_id, serial_no, offset=0, limit=20):
        asked.append((offset, limit))
        page = rows[offset : offset + limit]
        # The count of the page, which other programs would take for that of all.
        return EvChargerSessions.from_api(
            {"system_id": system_id, "count": len(page), "sessions": page}
        )

    monkeypatch.setattr(Charging, "list_ev_charger_sessions", listed)
    client.force_login(alice)
    assert snapshots.refresh(known, "ev-sessions", f"{SERIAL} 200") == ""
    assert asked == [(0, 100), (100, 100)]
    copy = snapshots.current(known, "ev-sessions", f"{SERIAL} 200")
    assert len(copy.record.rows) == 200
    assert not copy.record.complete
    assert copy.declared.cost(copy.payload) == 2
    assert snapshots.refresh(known, "ev-sessions", SERIAL) == ""
    first = page_of(client, url_of(known, "detail", SERIAL))
    assert first.count('data-label="Plugged in"') == 20
    assert "Show all 100" in first
    page = page_of(client, f"{url_of(known, 'detail', SERIAL)}?sessions=200")
    assert page.count('data-label="Plugged in"') == 200
    assert 'Older sessions <span class="cost">3 hits</span>' in page
    assert snapshots.refresh(known, "ev-sessions", f"{SERIAL} 300") == ""
    assert snapshots.current(known, "ev-sessions", f"{SERIAL} 300").record.complete


def test_no_session_yet(client, alice, known):
    client.force_login(alice)
    empty = {"system_id": 703, "rows": [], "pages": 1, "complete": True}
    snapshots.keep(known, "ev-sessions", empty, key=SERIAL)
    assert "No session yet" in page_of(client, url_of(known, "detail", SERIAL))
