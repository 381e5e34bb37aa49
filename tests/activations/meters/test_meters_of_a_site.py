"""Meters as cards: what each measures, what is missing, and who took whose place."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from activations.meters import cards, measured
from activations.meters.reads import a_day_ago
from activations.snapshots import services as snapshots
from enphase.records import Telemetry
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

PRODUCTION, CONSUMPTION = "202300000703EIM1", "202300000703EIM2"
QUARTER = timedelta(minutes=15)


@pytest.fixture
def site(halcyon):
    """Site 703: everything, both meters on."""
    return read(copy_of(halcyon, 703))


def read(site):
    """What the page asks for by itself, in two rounds: which meters there are, then the rest."""
    assert snapshots.refresh(site, "devices") == ""
    for kind, key in cards.overview(site).things[1:]:
        assert snapshots.refresh(site, kind, key) == "", (kind, key)
    return site


def url_of(site, name="list", *more):
    return reverse(f"meters:{name}", args=[site.pk, *more])


def day_of(values, start=None):
    """Telemetry of 24 hours: Wh by quarter, None for quarters that are missing."""
    start = start or a_day_ago()
    rows = [
        {
            "end_at": int((start + QUARTER * number).timestamp()),
            "devices_reporting": 1,
            "enwh": value,
        }
        for number, value in enumerate(values, start=1)
        if value is not None
    ]
    return {
        "system_id": 703,
        "granularity": "day",
        "start_at": int(start.timestamp()),
        "intervals": rows,
    }


# ------------------------------------------------------------------ cards


def test_card_for_each_meter(client, alice, site, world):
    client.force_login(alice)
    hits = world.hits
    page = client.get(url_of(site))
    text = page.content.decode()
    assert world.hits == hits
    assert [card.serial for card in page.context["overview"].cards] == [PRODUCTION, CONSUMPTION]
    for words in (PRODUCTION, CONSUMPTION, "Net: production plus grid", "L1(A)", "single phase"):
        assert words in text
    production, consumption = page.context["overview"].cards
    assert production.is_on
    assert consumption.is_on
    assert re.search(r"[\d.]+ kWh produced in 24 hours, most at \d\d:\d\d with [\d.]+ kW\.", text)
    assert re.search(r"[\d.]+ kWh used in 24 hours, most at", text)
    assert text.count('<svg class="mline"') == 2
    # What Enphase measured is what is drawn.
    record = production.series.record
    assert production.line.total_kwh * 1000 == pytest.approx(record.energy_wh)
    assert production.line.gaps == []
    # A meter that reads well gets no advice.
    assert "wrong way round" not in text
    assert "kWh until" in text


def test_first_visit_reads_the_list_then_the_meters(client, alice, halcyon):
    site = copy_of(halcyon, 703)
    client.force_login(alice)
    page = client.get(url_of(site))
    assert "Not read yet" in page.content.decode()
    assert page.context["sheet"].things == [("devices", "")]
    snapshots.refresh(site, "devices")
    things = client.get(url_of(site)).context["sheet"].things
    assert ("meter", PRODUCTION) in things
    assert ("meter-production", "") in things
    assert ("meter-consumption", "") in things


def test_meter_that_is_off_is_a_gap_and_no_zero(client, alice, halcyon):
    site = read(copy_of(halcyon, 701))
    client.force_login(alice)
    page = client.get(url_of(site))
    consumption = page.context["overview"].cards[1]
    assert consumption.is_on is False
    assert consumption.sentence == "No readings in the last 24 hours."
    text = page.content.decode()
    assert "No readings in the last 24 hours." in text
    assert "0.0 kWh used" not in text


def test_site_without_meters_says_what_that_means(client, alice, halcyon, world):
    site = copy_of(halcyon, 705)
    snapshots.refresh(site, "devices")
    client.force_login(alice)
    text = client.get(url_of(site)).content.decode()
    assert "No meters" in text
    assert "Enphase lists none for this site, and none is expected." in text
    assert reverse("activations:equipment", args=[site.pk]) in text


def test_detail_has_the_day_as_a_table(client, bob, site):
    client.force_login(bob)
    text = client.get(url_of(site, "detail", CONSUMPTION)).content.decode()
    assert "Last 24 hours" in text
    assert "Hour from" in text
    assert "IQ Envoy" in text
    assert "Turn off" not in text
    assert client.get(url_of(site, "detail", "123")).status_code == 404


def test_outsiders_see_nothing(client, charlie, site):
    client.force_login(charlie)
    assert client.get(url_of(site)).status_code == 404
    assert client.get(url_of(site, "detail", PRODUCTION)).status_code == 404


def test_failed_reading_keeps_what_we_have(client, alice, site, world):
    world.fault("get_meter", "status", status=503, times=None)
    assert snapshots.refresh(site, "meter", PRODUCTION)
    client.force_login(alice)
    page = client.get(url_of(site))
    assert page.context["overview"].cards[0].is_on
    assert page.context["sheet"].problem in page.content.decode()


def test_site_in_stage_one_has_no_meters_to_show(client, alice, halcyon):
    site = copy_of(halcyon, 702)
    snapshots.refresh(site, "devices")
    client.force_login(alice)
    assert client.get(url_of(site)).status_code == 200


# ------------------------------------------------------------------ exchanged meters


def test_exchanged_gateway_exchanges_the_meters(client, alice, site, world):
    """New serials, the same kinds, the old gateway gone: both are shown, with their history."""
    world.patch_system(703, envoys=["202399000703"])
    read(site)
    client.force_login(alice)
    page = client.get(url_of(site))
    text = page.content.decode()
    new = ["202399000703EIM1", "202399000703EIM2"]
    assert [card.serial for card in page.context["overview"].cards] == new
    assert {card.serial: card.replaced_by for card in page.context["overview"].retired} == {
        PRODUCTION: new[0],
        CONSUMPTION: new[1],
    }
    assert "No longer on the site" in text
    assert "Replaced by" in text
    assert "Replaces" in text
    former = client.get(url_of(site, "detail", PRODUCTION)).content.decode()
    assert "Retired" in former
    assert new[0] in former
    assert "History of this meter" in former
    assert "Turn off" not in former
    assert client.get(url_of(site, "switch", PRODUCTION, "off")).status_code == 404


def test_reading_of_a_meter_that_is_gone_is_named_as_such(client, alice, site):
    answer = snapshots.current(site, "meter-readings").payload
    old = {"serial_number": "121900001111EIM1", "value": 7_654_321, "read_at": 1_700_000_000}
    snapshots.keep(
        site, "meter-readings", {**answer, "meter_readings": [*answer["meter_readings"], old]}
    )
    client.force_login(alice)
    text = client.get(url_of(site)).content.decode()
    assert "Reading of a retired meter: 7,654 kWh on" in text
    assert client.get(url_of(site, "detail", "121900001111EIM1")).status_code == 200


def test_second_meter_of_a_kind_replaces_nobody(site):
    """Two production meters side by side: when one goes, the other did not take its place."""
    listed = snapshots.current(site, "devices").payload
    [first] = [one for one in listed["devices"]["meters"] if one["serial_number"] == PRODUCTION]
    twin = {**first, "serial_number": "202300000703EIM3"}
    both = {**listed["devices"], "meters": [*listed["devices"]["meters"], twin]}
    snapshots.keep(site, "devices", {**listed, "devices": both})
    assert cards.overview(site).find(PRODUCTION).shares_line
    snapshots.keep(site, "devices", listed)
    [gone] = cards.overview(site).retired
    assert gone.serial == "202300000703EIM3"
    assert gone.replaced_by == ""


# ------------------------------------------------------------------ a day


def line(values, **more):
    return measured.line_of(Telemetry.from_api(day_of(values, **more)))


def test_gaps_stay_gaps():
    values = [100] * 20 + [None] * 9 + [100] * 67
    found = line(values)
    assert len(found.strokes) == 2
    [gap] = found.gaps
    assert gap.end - gap.start == 9 * QUARTER
    assert f"No readings from {gap.words}." in measured.sentence(found, "consumption")
    assert found.silent_since is None


def test_silence_at_the_end_is_said():
    found = line([100] * 50 + [None] * 46)
    assert found.gaps == []
    assert "Nothing since" in measured.sentence(found, "production")


def test_nights_of_zero_are_fine():
    found = line([0] * 40 + [500] * 30 + [0] * 26)
    assert found.gaps == []
    assert measured.wrong_way(found, "production") == ""


def test_readings_nobody_reported_are_no_zeros():
    answer = day_of([100] * 96)
    for row in answer["intervals"][10:14]:
        row["devices_reporting"] = 0
    found = measured.line_of(Telemetry.from_api(answer))
    assert len(found.gaps) == 1


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        ("consumption", [200] * 90 + [-300] * 6, "It reads negative in 6 quarters of an hour."),
        ("consumption", [200] * 95 + [-300], ""),
        ("consumption", [200] * 90 + [-5] * 6, ""),
        ("consumption", [400] * 96, ""),
        ("production", [100] * 96, "It measures 400 W of production in the middle of the night."),
        ("production", [5] * 96, ""),
    ],
)
def test_wrong_way_only_where_the_day_plainly_shows_it(kind, values, said):
    with timezone.override("US/Pacific"):
        assert measured.wrong_way(line(values), kind) == said


def test_wrong_way_is_shown_with_a_drawing_and_a_way_to_look_again(client, alice, site, world):
    snapshots.keep(site, "meter-consumption", day_of([200] * 80 + [-400] * 16))
    client.force_login(alice)
    text = client.get(url_of(site)).content.decode()
    assert "This CT may be the wrong way round" in text
    assert "The arrow on the CT points from the grid to the home" in text
    assert "Check again" in text
    assert text.count("wrong way round") == 1


def test_empty_day_is_no_line():
    assert measured.line_of(Telemetry.from_api({"system_id": 1, "intervals": []})) is None
    assert measured.sentence(None, "production") == "No readings in the last 24 hours."


def test_day_is_drawn_within_its_frame():
    start = datetime(2026, 6, 1, 7, 0, tzinfo=UTC)
    found = line([number * 10 for number in range(96)], start=start)
    numbers = [float(n) for n in re.findall(r"-?[\d.]+", "".join(found.paths))]
    assert min(numbers) >= 0
    assert max(numbers) <= measured.WIDTH
