"""The rules of the place, as a table."""

from datetime import date

import pytest

from activations import jurisdiction
from activations.jurisdiction import Facts, address_problems, passed, problems, required, shown

TODAY = date(2026, 6, 1)
CALIFORNIA = {"company_country": "US", "country": "US", "state": "CA"}
TEXAS = {"company_country": "US", "country": "US", "state": "TX"}
NETHERLANDS = {"company_country": "NL", "country": "NL", "state": "UT"}
ALWAYS = {"permission_to_operate", "interconnect_date", "interconnection_application_date"}
STORAGE = "third_party_storage_device_installed"
MAKER = "third_party_storage_device_manufacturer"


@pytest.mark.parametrize(
    ("facts", "fields"),
    [
        (Facts(**TEXAS), set()),
        (Facts(**NETHERLANDS), set()),
        # "CA" outside the United States is no California.
        (Facts(company_country="CA", country="CA", state="CA"), set()),
        (Facts(**CALIFORNIA), {"grid_connection_type", STORAGE}),
        (Facts(**CALIFORNIA | {"state": "ca"}), {"grid_connection_type", STORAGE}),
        (
            Facts(**CALIFORNIA, third_party_storage=True),
            {"grid_connection_type", STORAGE, MAKER},
        ),
        # Net Billing without a battery: no battery mode. With one: battery mode, no storage.
        (Facts(**CALIFORNIA, grid_connection_type=1), {"grid_connection_type", STORAGE}),
        (
            Facts(**CALIFORNIA, grid_connection_type=1, encharges=2),
            {"grid_connection_type", "battery_grid_mode"},
        ),
        (Facts(**CALIFORNIA, grid_connection_type=2, encharges=2), {"grid_connection_type"}),
        (
            Facts(**CALIFORNIA, grid_connection_type=1, ac_batteries=1),
            {"grid_connection_type", "battery_grid_mode", STORAGE},
        ),
        (Facts(**TEXAS, encharges=2, grid_connection_type=1), set()),
        (Facts(**TEXAS, system_type="commercial"), {"voltage"}),
        (Facts(company_country="MX", country="MX", system_type="commercial"), {"voltage"}),
        (Facts(**NETHERLANDS, system_type="commercial"), set()),
        (Facts(company_country="NL", country="US", system_type="commercial"), set()),
    ],
)
def test_fields_that_a_site_is_asked_for(facts, fields):
    assert shown(facts) == fields | ALWAYS


@pytest.mark.parametrize(
    ("facts", "fields"),
    [
        (Facts(**TEXAS), set()),
        (Facts(**CALIFORNIA), {"grid_connection_type", STORAGE}),
        (
            Facts(**CALIFORNIA, grid_connection_type=1, encharges=1),
            {"grid_connection_type", "battery_grid_mode"},
        ),
        (Facts(**TEXAS, permission_to_operate=True), {"interconnection_application_date"}),
    ],
)
def test_fields_that_may_not_stay_empty(facts, fields):
    assert required(facts) == fields
    assert set(problems({}, facts, TODAY)) == fields


@pytest.mark.parametrize(
    ("applied", "pto", "wrong"),
    [
        (date(2023, 4, 14), True, True),
        (date(2023, 4, 15), True, False),
        (TODAY, True, False),
        (date(2026, 6, 2), True, True),
        (None, True, True),
        (None, False, False),
        (date(2026, 6, 2), False, True),
    ],
)
def test_interconnection_application_date(applied, pto, wrong):
    values = {"interconnection_application_date": applied}
    found = problems(values, Facts(**TEXAS, permission_to_operate=pto), TODAY)
    assert bool(found) is wrong


def test_only_what_applies_is_passed():
    typed = {
        "grid_profile": "abc",
        "grid_connection_type": 1,
        "battery_grid_mode": 2,
        STORAGE: True,
        MAKER: "Tesla",
        "voltage": "480Y",
        "permission_to_operate": False,
        "interconnect_date": None,
    }
    assert passed(typed, Facts(**TEXAS)) == {
        "grid_profile": "abc",
        "permission_to_operate": False,
    }
    facts = Facts(**CALIFORNIA, grid_connection_type=1, third_party_storage=True)
    assert set(passed(typed, facts)) == {
        "grid_profile",
        "grid_connection_type",
        STORAGE,
        MAKER,
        "permission_to_operate",
    }


WHOLE = {
    "street1": "12 Alder Court",
    "city": "Sacramento",
    "state": "CA",
    "postal_code": "95814",
    "country": "US",
}


@pytest.mark.parametrize(
    ("company", "address", "wrong"),
    [
        ("US", WHOLE, set()),
        ("US", {**WHOLE, "postal_code": "95814-1234"}, set()),
        ("US", {**WHOLE, "postal_code": "9581"}, {"postal_code"}),
        ("US", {**WHOLE, "city": "", "street1": ""}, {"city", "street1"}),
        ("US", {"country": "US"}, {"street1", "city", "state", "postal_code"}),
        ("NL", {"country": "NL"}, set()),
        ("NL", {"country": "NL", "city": "Utrecht"}, {"street1", "state", "postal_code"}),
        (
            "NL",
            {**WHOLE, "country": "NL", "state": "UT", "postal_code": "3512 ab"},
            set(),
        ),
        ("AU", {**WHOLE, "country": "AU", "state": "QLD"}, {"postal_code"}),
        ("AU", {**WHOLE, "country": "AU", "state": "QLD", "postal_code": "4000"}, set()),
        ("DE", {**WHOLE, "country": "DE", "postal_code": "anything"}, set()),
    ],
)
def test_an_address_is_whole_or_absent(company, address, wrong):
    facts = Facts(company_country=company, country=address["country"])
    assert set(address_problems(address, facts)) == wrong


def test_companies_in_the_united_states_always_send_the_address():
    assert jurisdiction.address_is_required(Facts(company_country="US", country="MX"))
    assert not jurisdiction.address_is_required(Facts(company_country="NL", country="US"))
