"""Times, prices and days as people type and read them; drawings of the year."""

from decimal import Decimal

import pytest

from activations.tariffs import charts, words
from activations.tariffs.plan import (
    amount_of,
    document_of,
    minutes_of,
    plan_of,
    price_matrix,
    problems_of,
    tiers_in,
)
from enphase.records import Tariff
from tests.activations.tariffs.examples import ALL_DAYS, BAY, periods


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("16:00", 960),
        ("16", 960),
        ("1600", 960),
        ("16.30", 990),
        ("4pm", 960),
        ("4:30 p.m.", 990),
        ("12 am", 0),
        ("12pm", 720),
        ("24:00", None),
        ("13 pm", None),
        ("7:60", None),
        ("noon", None),
        ("", None),
        ("²", None),
    ],
)
def test_times_as_people_type_them(text, minutes):
    assert minutes_of(text) == minutes


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("0.58", "0.58"),
        ("0,58", "0.58"),
        ("$0.5800", "0.5800"),
        ("58¢", "0.58"),
        ("58 ct", "0.58"),
        (".5", "0.5"),
        ("-0.02", "-0.02"),
        ("−0.02", "-0.02"),
        ("1e3", None),
        ("much", None),
        ("", None),
        ("NaN", None),
        ("٣", None),
    ],
)
def test_prices_as_people_type_them(text, amount):
    assert amount_of(text) == (None if amount is None else Decimal(amount))


@pytest.mark.parametrize(
    ("rate", "currency", "text"),
    [
        ("0.31", "USD", "31¢"),
        ("0.3125", "USD", "31.25¢"),
        ("0.30", "EUR", "30 ct"),
        ("28.5", "JPY", "¥28.50"),
        ("0.1", "SEK", "SEK 0.10"),
        ("-0.02", "AUD", "-2¢"),
    ],
)
def test_prices_as_people_read_them(rate, currency, text):
    assert words.cents(Decimal(rate), currency) == text


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (["Sat", "Sun"], "weekend"),
        (["Mon", "Tue", "Wed", "Thu"], "Mon to Thu"),
        (["Mon", "Wed"], "Mon and Wed"),
        (["Fri"], "Friday"),
        (ALL_DAYS.split(","), "every day"),
    ],
)
def test_days_in_words(days, text):
    assert words.days_words(days) == text


def test_facts_name_season_days_and_hours():
    assert words.facts_of(document_of(Tariff.from_api(BAY))) == {
        "Currency": "USD",
        "Price": "Time of use",
        "Summer starts": "1 Jun",
        "Summer weekdays": "00:00 31¢ · 15:00 42¢ · 16:00 58¢ · 21:00 42¢",
        "Summer weekdays, must charge": "00:00 to 00:59",
        "Summer weekdays, charge from grid": "Yes",
        "Summer weekend": "00:00 31¢ · 17:00 49¢ · 20:00 31¢",
        "Summer weekend, charge from grid": "No",
        "Winter starts": "1 Oct",
        "Winter every day": "00:00 29¢ · 16:00 39¢ · 21:00 34¢",
        "Sell price": "6¢ all year",
        "Battery mode in the tariff": "Self-consumption",
        "Battery reserve in the tariff": "30 %",
    }


def test_prices_are_parted_into_four_colours_at_the_widest_steps():
    rates = [Decimal(cents) / 100 for cents in (29, 31, 34, 39, 42, 49, 58)]
    parts = [(tone, [int(rate * 100) for rate in band]) for tone, band in words.bands(rates)]
    assert parts == [(1, [29, 31, 34]), (2, [39, 42]), (3, [49]), (4, [58])]


def test_a_season_that_begins_within_a_month_parts_its_row():
    tariff = {
        "currency": {"code": "USD"},
        "seasons": [
            {
                "id": name,
                "start": start,
                "days": [{"id": "all_days", "days": ALL_DAYS, "periods": periods((0, rate))}],
            }
            for name, start, rate in (("summer", "6/15", "0.5"), ("winter", "10/1", "0.3"))
        ],
    }
    plan = plan_of(document_of(Tariff.from_api(tariff)))
    weekdays, weekend = charts.year_of(plan, "buy").maps
    assert (weekdays.title, weekend.title) == ("Weekdays", "Weekend")
    assert weekdays.svg.count('<text x="0"') == 13
    assert ">15 Jun</text>" in weekdays.svg
    assert weekdays.sentence == "15 Jun to 30 Sep: 50¢. 1 Oct to 14 Jun: 30¢."
    assert "style=" not in weekdays.svg
    rows = price_matrix(plan.buy, "Wed")
    assert len(rows) == 12
    assert {len(row) for row in rows} == {24}
    assert rows[4] == [Decimal("0.3")] * 24
    assert rows[5] == [Decimal("0.5")] * 24


def test_days_that_differ_get_a_map_of_their_own():
    def group(days, rate):
        return {"id": "x", "days": days, "periods": periods((0, rate))}

    season = {
        "id": "all_year_long",
        "start": "1/1",
        "days": [group("Mon,Tue,Wed,Thu", "0.1"), group("Fri,Sat,Sun", "0.2")],
    }
    plan = plan_of(document_of(Tariff.from_api({"seasons": [season]})))
    titles = [figure.title for figure in charts.year_of(plan, "buy").maps]
    assert titles == ["Mon to Thu", "Friday", "Weekend"]


def test_names_from_outside_are_no_markup():
    season = {
        "id": "<b>x</b>",
        "start": "1/1",
        "days": [{"days": ALL_DAYS, "periods": periods((0, "0.1"), (60, "0.2"))}],
    }
    plan = plan_of(document_of(Tariff.from_api({"seasons": [season]})))
    year = charts.year_of(plan, "buy")
    assert "<b>" not in "".join(figure.svg for figure in [*year.maps, *year.days])


def test_what_leaves_hours_without_a_price_is_told():
    tariff = {
        "currency": {"code": "USD"},
        "seasons": [
            {
                "id": "summer",
                "start": "6/1",
                "days": [{"id": "x", "days": "Mon,Tue", "periods": periods((60, "0.1"))}],
            }
        ],
    }
    document = document_of(Tariff.from_api(tariff))
    texts = [problem.text for problem in problems_of(document)]
    assert "The first period must start at 00:00" in texts
    assert any(text.startswith("No prices for Wednesday") for text in texts)
    checks = words.checks_of(plan_of(document))
    assert not checks[0].good
    assert "Summer, Monday 00:00 to 01:00" in checks[0].text
    assert checks[-1].text == "No sell price: energy fed in earns nothing."


def test_a_price_in_dollars_that_was_meant_in_cents_is_asked_about():
    document = document_of(Tariff.from_api({"currency": "USD", "single_rate": {"rate": "31"}}))
    texts = [check.text for check in words.checks_of(plan_of(document))]
    assert "$31.00 per kWh is unusual. Was it meant in cents?" in texts


def test_tiers_are_found_wherever_they_stand():
    assert tiers_in({"seasons": [{"days": [{"periods": [{"tiers": [1]}]}]}]}) == [[1]]
    assert tiers_in({"tier_count": 0, "tiers": []}) == [0]
    assert tiers_in(BAY) == []
