"""One device: what it is, its day with gaps and long days, and its neighbours."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from activations.devices.reads import Day, day_key
from activations.devices.telemetry import Chart, amount, bounds
from activations.snapshots.services import keep, refresh
from tests.activations.devices.test_devices import hours_ago, inverters, micro
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

PACIFIC = ZoneInfo("US/Pacific")


@pytest.fixture
def site(halcyon, world):
    site = copy_of(halcyon, 703)
    for kind in ("devices", "inverters", "arrays"):
        assert refresh(site, kind) == ""
    return site


def page_of(client, person, site, serial, query=""):
    client.force_login(person)
    return client.get(reverse("devices:detail", args=[site.pk, serial]) + query)


def local_day(days_ago=0):
    return timezone.now().astimezone(PACIFIC).date() - timedelta(days=days_ago)


def test_a_microinverter_with_its_day(client, alice, site, world):
    day = local_day(2)
    key = day_key("482000070300", day)
    assert refresh(site, "device-telemetry", key) == ""
    hits = world.hits
    response = page_of(client, alice, site, "482000070300", f"?day={day}")
    assert world.hits == hits
    chart = response.context["chart"]
    assert len(chart.points) == 288
    assert len(chart.lines) == 1
    assert chart.sentence.startswith("Made ")
    assert " W at " in chart.sentence
    page = response.content.decode()
    assert "Array 1 R" in page
    assert "Show as table" in page
    assert len(chart.by_hour) == 24
    told = sum(point.energy_wh for point in chart.points)
    assert chart.energy_wh == told > 0
    # A day that is over is not read again.
    assert 'hx-trigger="load"' not in page


def test_a_day_nobody_has_read_is_asked_for_by_the_page(client, alice, site, world):
    hits = world.hits
    response = page_of(client, alice, site, "482000070300")
    page = response.content.decode()
    assert world.hits == hits
    assert "Not read yet" in page
    assert 'hx-trigger="load"' in page
    assert response.context["chart"] is None
    assert "1 hit" in page


def test_a_battery_with_its_day(client, alice, site, world):
    serial = next(iter(site_rows(client, alice, site, "encharges")))
    day = local_day(1)
    refresh(site, "device-telemetry", day_key(serial, day))
    response = page_of(client, alice, site, serial, f"?day={day}")
    chart = response.context["chart"]
    assert len(chart.points) == 96
    assert chart.sentence.startswith("Took ")
    assert "% full" in chart.sentence
    assert "Given" in response.content.decode()


def site_rows(client, person, site, kind):
    client.force_login(person)
    tables = client.get(reverse("devices:list", args=[site.pk])).context["tables"]
    return [r.serial for t in tables if t["section"].kind == kind for r in t["rows"]]


def test_days_are_walked_one_by_one(client, alice, site, world):
    today = local_day()
    response = page_of(client, alice, site, "482000070300", "?day=2999-01-01")
    assert response.context["day"] == today
    assert "after" not in response.context["days"]
    assert response.context["days"]["before"]["url"].endswith(f"?day={local_day(1)}")
    response = page_of(client, alice, site, "482000070300", "?day=1999-01-01")
    assert response.context["day"] == today - timedelta(days=730)
    assert "before" not in response.context["days"]
    response = page_of(client, alice, site, "482000070300", f"?day={local_day(1)}")
    assert response.context["days"]["after"]["url"].endswith("/482000070300/")
    assert page_of(client, alice, site, "482000070300", "?day=soon").context["day"] == today


def test_an_unknown_serial_is_said_in_words(client, alice, site, world):
    response = page_of(client, alice, site, "999999999999")
    assert response.status_code == 404
    page = response.content.decode()
    assert "9999" in page
    assert "It may have been replaced" in page
    assert reverse("devices:list", args=[site.pk]) in page


def test_an_unknown_serial_of_a_site_never_read(client, alice, halcyon, world):
    site = copy_of(halcyon, 701)
    response = page_of(client, alice, site, "999999999999")
    assert response.status_code == 404
    assert "not read yet" in response.content.decode()


@pytest.mark.parametrize("kind", ["gateways", "meters", "enpowers"])
def test_devices_without_telemetry_have_a_page_too(client, alice, site, world, kind):
    serial = site_rows(client, alice, site, kind)[0]
    response = page_of(client, alice, site, serial)
    assert response.status_code == 200
    assert "no telemetry" in response.content.decode()


def test_a_placed_one_that_is_not_detected_says_what_to_do(client, alice, site, world):
    world.patch_system(703, microinverters=16)
    refresh(site, "devices")
    refresh(site, "inverters")
    response = page_of(client, alice, site, "482000070317")
    page = response.content.decode()
    assert response.status_code == 200
    assert "Enphase does not detect this device" in page
    assert response.context["tells"] is False


def test_one_is_compared_with_its_array(client, alice, site, world):
    spots = page_of(client, alice, site, "482000070300").context["overview"].spots
    array = spots["482000070300"].array
    same = [serial for serial, spot in spots.items() if spot.array == array]
    rows = [
        micro(
            serial,
            energy={"value": 50_000 if serial == "482000070300" else 100_000, "units": "Wh"},
            last_report_date=hours_ago(1),
        )
        for serial in same
    ]
    keep(site, "inverters", inverters(*rows))
    response = page_of(client, alice, site, "482000070300")
    found = response.context["neighbours"]
    assert (found["percent"], found["is_low"], found["count"]) == (-50, True, len(same) - 1)
    assert "50 % less" in response.content.decode()
    other = page_of(client, alice, site, same[1]).context["neighbours"]
    assert (other["percent"], other["is_low"]) == (0, False)


# ------------------------------------------------------------------ the drawing


def chart_of(day, intervals, kind="micros", now=None, zone=PACIFIC):
    payload = {
        "kind": kind,
        "day": day.isoformat(),
        "answer": {"system_id": 703, "intervals": intervals},
    }
    return Chart(Day.of(payload), zone, now or datetime(2026, 12, 31, tzinfo=UTC))


def five_minutes(day, *, skip=(), zone=PACIFIC):
    start, end = bounds(day, zone)
    rows = []
    at = start + timedelta(minutes=5)
    while at <= end:
        if not any(a < at <= b for a, b in skip):
            rows.append({"end_at": int(at.timestamp()), "powr": 120, "enwh": 10})
        at += timedelta(minutes=5)
    return rows


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 8), 23), (date(2026, 11, 1), 25), (date(2026, 6, 1), 24)],
)
def test_days_are_as_long_as_the_clocks_make_them(day, hours):
    chart = chart_of(day, five_minutes(day))
    assert len(chart.points) == hours * 12
    rows = chart.by_hour
    assert len(rows) == hours
    assert len({row["hour"] for row in rows}) == hours
    assert chart.energy_wh == hours * 120
    assert [tick["label"] for tick in chart.hours][:2] == ["00", "03"]
    last = float(chart.lines[0].rpartition("L")[2].split()[0])
    assert last == pytest.approx(952, abs=0.1)


def test_gaps_are_gaps():
    day = date(2026, 6, 1)
    start, _ = bounds(day, PACIFIC)
    gap = (start + timedelta(hours=10), start + timedelta(hours=11))
    short = (start + timedelta(hours=12), start + timedelta(hours=12, minutes=10))
    chart = chart_of(day, five_minutes(day, skip=[gap, short]))
    assert len(chart.lines) == 3
    assert [(g.since, g.until) for g in chart.gaps] == [gap]
    assert "No reports from 10:00 to 11:00." in chart.sentence
    assert [row["hour"] for row in chart.by_hour if not row["is_told"]] == ["10:00"]


def test_another_days_answer_is_not_drawn_into_this_day():
    """Enphase moves a start before the first report to the day of that report."""
    chart = chart_of(date(2026, 5, 1), five_minutes(date(2026, 6, 1)))
    assert chart.points == []
    assert chart.sentence == "No reports of this day."


def test_odd_intervals_are_lived_with():
    day = date(2026, 6, 1)
    start, _ = bounds(day, PACIFIC)
    at = int(start.timestamp())
    rows = [
        {"end_at": at + 600, "powr": None, "enwh": 5},
        {"end_at": at + 300, "powr": None, "enwh": None},
        {"end_at": None, "powr": 4},
        {"end_at": at + 600, "powr": None, "enwh": 5},
        {"end_at": at + 1200, "powr": 70_000, "enwh": 1},
    ]
    chart = chart_of(day, rows)
    assert [point.value for point in chart.points] == [None, 60, 70_000]
    assert chart.top == 70_000
    assert all(line.endswith("h.1") for line in chart.lines)


def test_today_is_drawn_as_far_as_it_is():
    day = date(2026, 6, 1)
    start, _ = bounds(day, PACIFIC)
    now = start + timedelta(hours=9, minutes=30)
    rows = [row for row in five_minutes(day) if row["end_at"] <= now.timestamp()]
    chart = chart_of(day, rows, now=now)
    assert chart.sentence.startswith("Has made ")
    assert len(chart.by_hour) == 10


def test_amounts_have_units_people_know():
    assert [amount(wh) for wh in (0, 840, 1420, 38_100, 12_345_000)] == [
        "0 Wh",
        "840 Wh",
        "1.42 kWh",
        "38.1 kWh",
        "12.3 MWh",
    ]
