"""Numbers are read as people write them, and what cannot be read is said."""

from decimal import Decimal

import pytest

from activations.estimates.amounts import Unreadable, read_amount, read_months, text_of, tidy

FULL = [700, 760, 930, 1010, 1120, 1150, 1180, 1090, 950, 840, 720, 660]
NAMES = "January February March April May June July August September October November December"


def joined(separator, values=FULL, form=str):
    return separator.join(form(value) for value in values)


def thousands(value, group=",", mark="."):
    text = f"{value:,.1f}"
    return text.replace(",", "~").replace(".", mark).replace("~", group)


@pytest.mark.parametrize(
    "text",
    [
        joined(" "),
        joined(", "),
        joined(","),
        joined(";"),
        joined("\t"),
        joined("\n"),
        joined("\r\n"),
        joined(" | "),
        joined("\n", form=lambda value: f"{value} kWh"),
        joined("\n", form=thousands),
        joined("\n", form=lambda value: thousands(value, ".", ",")),
        joined("\n", form=lambda value: thousands(value, " ", ",")),
        joined("\n", form=lambda value: thousands(value, "’", ".")),
        joined("; ", form=lambda value: f"{value},0"),
        joined(" ", form=lambda value: f"{value:,}"),
        joined("\n", [f"{name}: {value}" for name, value in zip(NAMES.split(), FULL, strict=True)]),
        joined("\n", [f"{name}\t{value}" for name, value in zip(NAMES.split(), FULL, strict=True)]),
        joined("\n", [f"{number}. {value}" for number, value in enumerate(FULL, start=1)]),
        joined("\n", [f"{number}: {value}" for number, value in enumerate(FULL, start=1)]),
        joined("\n") + f"\nTotal {sum(FULL)}",
        joined("\t", form=lambda value: f"{value / 1000} MWh"),
        joined("\n", form=lambda value: f"{value * 1000} Wh"),
    ],
)
def test_twelve_values_out_of_whatever_was_copied(text):
    assert read_months(text).months == [Decimal(value) for value in FULL]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Paste twelve values, January first."),
        ("nothing at all", "Found 0 values, an estimate has twelve."),
        ("1 2 3", "Found 3 values, an estimate has twelve: 1, 2, 3."),
        ("812", "Found 1 value, an estimate has twelve: 812."),
        (joined(" ", [*FULL, 5]), "Found 13 values, an estimate has twelve: 700"),
        (joined(" ", [0, *FULL[1:]]), "Every month must be above 0 kWh."),
        (joined("\n", [-700, *FULL[1:]]), "Every month must be above 0 kWh."),
        (joined("\n", ["1,2,3", *FULL[1:]]), "is not a number."),
        (joined("\n", ["9" * 50, *FULL[1:]]), "A month has at most 100,000,000 kWh."),
        ("700 kWh " + joined("; ", FULL[1:]) + " MWh", "The values are in different units."),
    ],
)
def test_what_is_wrong_with_a_paste_is_said(text, said):
    with pytest.raises(Unreadable, match=r".") as refusal:
        read_months(text)
    assert said in str(refusal.value)


def test_assumptions_of_a_paste_are_told():
    assert "left out" in read_months(joined(" ", [*FULL, sum(FULL)])).notes[0]
    assert "read as thousands" in read_months(joined("; ", form=lambda v: f"{v:,}")).notes[0]
    assert read_months(joined(" ")).notes == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("812", "812"),
        ("812.5", "812.5"),
        ("812,5", "812.5"),
        ("1,234", "1234"),
        ("1.234", "1234"),
        ("0.123", "0.123"),
        ("1,234.5", "1234.5"),
        ("1.234,5", "1234.5"),
        ("1 234,56", "1234.56"),
        ("1\u202f234,56", "1234.56"),
        ("1.234.567", "1234567"),
        (" -3 ", "-3"),
    ],
)
def test_one_amount(text, value):
    assert read_amount(text) == Decimal(value)


@pytest.mark.parametrize(
    "text", ["", "many", "1,2,3", "1.2.3", "12,34,567", "1,234,56", "1e3", "½"]
)
def test_no_amount(text):
    with pytest.raises(Unreadable):
        read_amount(text)


def test_amounts_travel_plainly():
    assert text_of(tidy(Decimal("100000"))) == "100000"
    assert text_of(tidy(Decimal("812.500"))) == "812.5"
    assert text_of(tidy(Decimal("812.456"))) == "812.46"
