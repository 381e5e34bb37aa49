"""What was produced against the estimate: by the days reported, less the loss of the years."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from activations.estimates import comparing, locations
from activations.estimates.assuming import spread
from activations.snapshots import services as snapshots
from enphase.records import Estimate, ProductionLifetime
from tests.activations.sites import copy_of

MONTHS = [310, 280, 310, 300, 310, 300, 310, 310, 300, 310, 300, 310]  # 10 kWh a day


def produced(start, wh, zeros=0):
    series = [*wh, *[0] * zeros]
    return {"system_id": 703, "start_date": start.isoformat(), "production": series}


def lifetime(start, wh, zeros=0):
    return ProductionLifetime.from_api(produced(start, wh, zeros))


def estimate(months=MONTHS, loss="0"):
    return Estimate.from_api(
        {
            "system_id": 703,
            "degrade_factor": loss,
            "month_estimates": [str(value) for value in months],
        }
    )


def test_whole_year_as_estimated():
    year = comparing.compare(lifetime(date(2025, 1, 1), [10_000] * 365), estimate(), 2025)
    assert year.is_whole
    assert year.produced == pytest.approx(3650)
    assert all(month.words == "As estimated" for month in year.months)
    assert year.sentence == "3,650 kWh produced in 2025, as estimated."


def test_month_under_way_is_held_against_its_days():
    year = comparing.compare(lifetime(date(2025, 1, 1), [9000] * 41, 20), estimate(), 2025)
    january, february, march = year.months[:3]
    assert january.words == "10% below"
    assert february.words == "10% below, 10 of 28 days"
    assert march.produced is None
    assert march.words == "Not reported"
    assert year.sentence == (
        "369 kWh produced in 41 days of 2025, 10% below the estimate of 410 kWh."
    )


def test_zeros_in_between_are_days_without_production():
    days = [10_000] * 10 + [0] * 10 + [10_000] * 11
    year = comparing.compare(lifetime(date(2025, 1, 1), days), estimate(), 2025)
    assert year.months[0].days == 31
    assert year.months[0].deviation == pytest.approx(-32.26, abs=0.01)


def test_loss_grows_with_the_years():
    three_years = lifetime(date(2023, 1, 1), [10_000] * (365 + 366 + 365))
    year = comparing.compare(three_years, estimate(loss="1"), 2025)
    assert year.age == 2
    assert year.expected == pytest.approx(3650 * 0.99**2)
    assert "The estimate is lowered by 2.0% for 2 years." in year.sentence
    assert comparing.compare(three_years, estimate(loss="1"), 2023).expected == pytest.approx(3650)


def test_days_before_the_first_energy_do_not_count():
    days = [0] * 20 + [10_000] * 11
    year = comparing.compare(lifetime(date(2025, 1, 1), days), estimate(), 2025)
    assert year.months[0].days == 11
    assert year.months[0].deviation == pytest.approx(0)


def test_no_estimate_no_verdict():
    year = comparing.compare(lifetime(date(2025, 1, 1), [10_000] * 31), estimate([]), 2025)
    assert year.deviation is None
    assert year.months[0].words == "No estimate"
    assert "There is no estimate to compare it with." in year.sentence


def test_years_are_those_with_energy():
    assert comparing.years_of(lifetime(date(2024, 12, 30), [5] * 10, 400)) == [2025, 2024]
    assert comparing.years_of(ProductionLifetime.from_api({"system_id": 1, "production": []})) == []
    assert comparing.years_of(None) == []


@pytest.mark.django_db
def test_page_shows_each_year(client, bob, halcyon):
    site = copy_of(halcyon, 703)
    snapshots.keep(site, "estimate", estimate(loss="0.5").raw)
    snapshots.keep(site, "energy-lifetime", produced(date(2024, 7, 1), [11_000] * 200, 30))
    client.force_login(bob)
    url = reverse("estimates:estimate", args=[site.pk])
    text = client.get(url).content.decode()
    assert "produced in 16 days of 2025, 10% above the estimate of 160 kWh." in text
    assert 'aria-current="page">2025</a>' in text
    text = client.get(f"{url}?year=2024").content.decode()
    assert "184 days of 2024" in text
    # Nonsense in the address is no error.
    assert client.get(f"{url}?year=1999").status_code == 200
    assert client.get(f"{url}?year=x").status_code == 200


@pytest.mark.django_db
def test_trailing_zeros_are_not_zero_production(client, bob, halcyon):
    site = copy_of(halcyon, 703)
    snapshots.keep(site, "estimate", estimate().raw)
    snapshots.keep(site, "energy-lifetime", produced(date(2025, 1, 1), [10_000] * 31, 28))
    client.force_login(bob)
    text = client.get(reverse("estimates:estimate", args=[site.pk])).content.decode()
    assert "in 31 days of 2025, as estimated." in text
    assert "Not reported" in text


def test_day_after_day_is_aged_from_the_first_energy():
    began = date(2023, 3, 10)
    assert comparing.age_in(began, began - timedelta(days=1)) == 0
    assert comparing.age_in(began, date(2024, 3, 9)) == 0
    assert comparing.age_in(began, date(2024, 3, 10)) == 1


# ------------------------------------------------------------------ where it is


@pytest.mark.parametrize(
    ("country", "state", "zone", "latitude", "is_dry"),
    [
        ("US", "CA", "US/Pacific", 35.5, True),
        ("US", "california", "", 35.5, True),
        ("US", "TX", "US/Central", 30.9, False),
        ("NL", "UT", "Europe/Amsterdam", 52.1, False),
        ("AU", "QLD", "Australia/Brisbane", -26.1, False),
        # No state: the city of the zone, also of an older name.
        ("US", "", "US/Pacific", 34.05, False),
        ("", "", "Europe/Berlin", 52.5, False),
    ],
)
def test_place_from_address_or_zone(country, state, zone, latitude, is_dry):
    place = locations.place_of(country, state, zone)
    assert place.latitude == pytest.approx(latitude)
    assert place.is_dry == is_dry
    assert place.words


def test_place_nobody_tells():
    assert locations.place_of("", "", "") is None
    assert locations.place_of("XX", "", "UTC") is None


@pytest.mark.parametrize("total", ["12", "11000", "9876.54", "100000000"])
@pytest.mark.parametrize("latitude", [52.0, -33.0])
def test_yearly_figure_is_kept_to_the_last_bit(total, latitude):
    place = locations.Place(latitude, 0, "")
    months = spread(Decimal(total), place)
    assert sum(months) == Decimal(total)
    assert all(month > 0 for month in months)
    summer = months[4:8] if latitude > 0 else [*months[:2], *months[10:]]
    assert max(months) in summer
