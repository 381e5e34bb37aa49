"""Answers are read whatever shape they come in, and nothing is thrown away."""

from datetime import UTC, date, datetime
from typing import Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enphase import records
from enphase.records import (
    Activation,
    ActivationPage,
    Company,
    CompanyBranches,
    GridProfile,
    ProductionMode,
    PvManufacturer,
    PvModels,
    Subcontractors,
    System,
    SystemPage,
    User,
    UserMatch,
)
from enphase.resources.base import filters, on_the_wire
from tests.enphase.conftest import bounded

# An answer in the documented shape, values our own.
PERSON = {
    "user_id": 246,
    "first_name": "Olive",
    "last_name": "Owner",
    "email": "olive@home.example",
    "phone": "555-0100",
    "active": True,
    "user_roles": [],
    "enlighten_emails": False,
    "enlighten_view": "my",
    "uri": "/api/v4/activations/701/users/246.json",
    "updated_at": 1444834807,
    "company": {
        "company_id": 9,
        "company_name": "Halcyon Solar",
        "location": "Petaluma, CA - US",
        "roles": ["installer"],
    },
}
SITE = {
    "system_id": 701,
    "system_name": "Rooftop",
    "system_type": "residential",
    "status": "Microinverters Not Reporting",
    "stage": 3,
    "lease": False,
    "owner": PERSON,
    "owner_id": 246,
    "host": "Harry Host",
    "host_id": 248,
    "authorized_subcontractors": [
        {"authorized_subcontractor_id": 50, "authorized_subcontractor_name": "Ridge Electric"},
        {
            "authorized_subcontractor_id": 51,
            "authorized_subcontractor_name": "Other",
            "status": "Pending for system owner approval",
        },
    ],
    "grid_connection_type": {"type": 1, "value": "Net Billing Tariff (NEM 3.0)"},
    "battery_grid_mode": "Export Only",
    "interconnection_application_date": 1727156880,
    "interconnect_date": "2024-09-02",
    "updated_at": 1628156578,
    "reference": "HAL0001",
    "other_references": ["X9"],
    "envoy_serial_numbers": ["202040004942"],
    "expected_pcu_count": 24,
    "pv_manufacturer": "",
    "pv_model": "",
    "pv_module_power_rating": "",
    "pv_module_type": "",
    "encharge": [{"envoy_serial_number": "202040004942", "encharge_serial_numbers": ["1", "2"]}],
    "address": {"street1": "1 Main St", "city": "Davis", "latitude": 38.5, "longitude": "-121.7"},
}


def test_a_site_as_documented() -> None:
    site = Activation.from_api(SITE)
    assert (site.system_id, site.stage, site.status_key) == (701, 3, "micro")
    assert isinstance(site.owner, User)
    assert site.owner.company is not None
    assert (site.owner_name, site.host_name) == ("Olive Owner", "Harry Host")
    assert site.grid_connection_type is not None
    assert site.grid_connection_type.type == 1
    assert (site.battery_grid_mode, site.battery_grid_mode_code) == ("Export Only", 2)
    assert site.interconnect_date == date(2024, 9, 2)
    assert site.interconnection_application_date == date(2024, 9, 24)
    assert site.updated_at == datetime(2021, 8, 5, 9, 42, 58, tzinfo=UTC)
    assert [company.is_approved for company in site.authorized_subcontractors] == [True, False]
    assert site.encharge[0].encharge_serial_numbers == ["1", "2"]
    assert site.address is not None
    assert site.address.longitude == -121.7
    assert site.raw is SITE
    assert site.quarantined == ()


def test_unset_numbers_are_none_but_were_sent() -> None:
    site = Activation.from_api(SITE)
    assert site.pv_model is None
    assert site.pv_module_power_rating is None
    assert "pv_model" in site.model_fields_set
    assert "expected_acb_count" not in site.model_fields_set


def test_fields_of_a_wrong_type_are_left_out_not_blanked() -> None:
    site = Activation.from_api(
        {
            "system_id": "701",
            "system_name": "Rooftop",
            "stage": "three",
            "lease": [1],
            "updated_at": {"seconds": 5},
            "address": "1 Main St, Davis",
            "encharge": [{"encharge_serial_numbers": {"a": 1}}],
            "envoy_serial_numbers": [202040004942, None],
            "something_new": {"of": 2027},
        }
    )
    assert site.system_id == 701
    assert set(site.quarantined) == {"stage", "lease", "updated_at", "address"}
    assert not set(site.quarantined) & site.model_fields_set
    assert site.raw["stage"] == "three"
    assert site.encharge[0].quarantined == ("encharge_serial_numbers",)
    assert site.envoy_serial_numbers == ["202040004942"]
    assert site.model_extra == {"something_new": {"of": 2027}}


@pytest.mark.parametrize("data", [None, [], "x", 7, {}, {"system_id": None}, {"system_id": -1}])
def test_without_its_id_a_record_is_none(data: Any) -> None:
    with pytest.raises(ValueError):
        Activation.from_api(data)


def test_swapped_host_and_host_id_are_put_right() -> None:
    row = {"system_id": 1, "host": 321, "host_id": "Host name", "owner": "5", "owner_id": "Olive"}
    site = Activation.from_api(row)
    assert (site.host_name, site.host_id) == ("Host name", 321)
    assert (site.owner_name, site.owner_id) == ("Olive", 5)
    assert site.raw["host"] == 321


@pytest.mark.parametrize(
    ("given", "kind", "value"),
    [
        (1, 1, "Net Billing Tariff (NEM 3.0)"),
        ("2", 2, "Net Metering"),
        ("net metering", 2, "Net Metering"),
        ({"type": "4", "value": "Gross Feed-in tariff"}, 4, "Gross Feed-in tariff"),
        ("Something of 2027", None, "Something of 2027"),
    ],
)
def test_grid_connection_comes_as_object_number_or_words(
    given: Any, kind: int | None, value: str
) -> None:
    connection = Activation.from_api({"system_id": 1, "grid_connection_type": given})
    assert connection.grid_connection_type is not None
    assert connection.grid_connection_type.type == kind
    assert connection.grid_connection_type.value == value


@pytest.mark.parametrize(
    ("given", "text", "code"),
    [
        (1, "Import Only", 1),
        ("2", "Export Only", 2),
        ("export only", "Export Only", 2),
        ("Both Ways", "Both Ways", None),
        ("", None, None),
        (None, None, None),
    ],
)
def test_battery_grid_mode_comes_as_number_or_words(
    given: Any, text: str | None, code: int | None
) -> None:
    site = Activation.from_api({"system_id": 1, "battery_grid_mode": given})
    assert (site.battery_grid_mode, site.battery_grid_mode_code) == (text, code)


@pytest.mark.parametrize(
    ("given", "day"),
    [
        (1725284451, date(2024, 9, 2)),
        ("1725284451", date(2024, 9, 2)),
        (1725284451000, date(2024, 9, 2)),
        ("2024-09-02", date(2024, 9, 2)),
        ("2024-09-02T23:59:59-07:00", date(2024, 9, 3)),
        ("", None),
        (None, None),
    ],
)
def test_days_come_as_epoch_or_text(given: Any, day: date | None) -> None:
    site = Activation.from_api({"system_id": 1, "interconnect_date": given})
    assert site.interconnect_date == day
    assert System.from_api({"system_id": 1, "interconnect_date": given}).interconnect_date == day


@pytest.mark.parametrize("given", ["soon", "2024-13-01", True, 10**30, "9" * 40])
def test_days_that_are_none_are_quarantined(given: Any) -> None:
    site = Activation.from_api({"system_id": 1, "interconnect_date": given})
    assert site.quarantined == ("interconnect_date",)


@pytest.mark.parametrize(
    ("timezone", "known"),
    [
        ("America/Los_Angeles", True),
        ("US/Pacific", True),
        (" Australia/Sydney", True),
        ("Mars/Olympus_Mons", False),
        ("../../etc/passwd", False),
        ("/etc/passwd", False),
        ("America", False),
        ("a\x00b", False),
        ("x" * 5000, False),
        ("", False),
        (None, False),
    ],
)
def test_a_site_knows_its_time_zone(timezone: Any, known: bool) -> None:
    for record in (System, Activation):
        zone = record.from_api({"system_id": 1, "timezone": timezone}).zone
        assert (zone is not None) is known
    if timezone == "US/Pacific":
        noon = datetime(2024, 6, 1, 19, tzinfo=UTC)
        assert noon.astimezone(zone).hour == 12


def test_one_bad_row_does_not_spoil_a_page() -> None:
    page = ActivationPage.from_api(
        {"systems": [{"system_id": 1}, {"system_name": "no id"}, None], "next": ""}
    )
    assert [site.system_id for site in page.systems] == [1]
    assert page.unreadable == [{"system_name": "no id"}, None]
    assert page.next is None


@pytest.mark.parametrize(
    "data",
    [{}, {"systems": {}}, {"systems": "none"}, {"message": "hm"}, {"systems": [{"system_id": ""}]}],
)
def test_a_page_without_its_list_is_no_empty_page(data: Any) -> None:
    with pytest.raises(ValueError):
        ActivationPage.from_api(data)
    with pytest.raises(ValueError):
        SystemPage.from_api(data)


@pytest.mark.parametrize(
    ("location", "state", "country"),
    [
        ("Petaluma, CA - US", "CA", "US"),
        ("Amsterdam - NL", None, "NL"),
        ("Winston-Salem, NC - us", "NC", "US"),
        ("Somewhere", None, None),
        (None, None, None),
    ],
)
def test_a_company_says_where_it_is(
    location: str | None, state: str | None, country: str | None
) -> None:
    company = Company.from_api({"company_id": 9, "location": location})
    assert (company.state, company.country) == (state, country)


def test_companies() -> None:
    branches = CompanyBranches.from_api(
        {"company_id": 9, "company_name": "Halcyon", "branches": [{"company_id": 81}]}
    )
    assert [branch.company_id for branch in branches.branches] == [81]
    assert CompanyBranches.from_api({"company_id": None, "branches": None}).branches == []
    found = Subcontractors.from_api(
        {"authorized_subcontractors": [{"company_id": 50, "status": "enabled"}]}
    )
    assert [company.is_enabled for company in found.authorized_subcontractors] == [True]


def test_catalogues() -> None:
    assert PvManufacturer.from_api([106, "Maker"]) == PvManufacturer(id=106, name="Maker")
    for key in ("pv_manufacturer", "pv_manufacturers"):
        models = PvModels.from_api(
            {key: {"pv_manufacturer_id": 109, "name": "Maker"}, "pv_models": [[1047, "Model"]]}
        )
        assert models.manufacturer is not None
        assert (models.manufacturer.id, models.models[0].name) == (109, "Model")
    profile = GridProfile.from_api(
        {"id": "9d9e", "created": "2017-05-23T17:46:46Z", "ensemble_1_compatible": False}
    )
    assert profile.created == datetime(2017, 5, 23, 17, 46, 46, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "mode"), [("on", "on"), ("OFF", "off"), (True, "on"), (False, "off"), (None, None)]
)
def test_production_mode_is_on_or_off(given: Any, mode: str | None) -> None:
    assert ProductionMode.from_api({"mode": given}).mode == mode


def test_records_are_frozen_and_print_no_personal_data() -> None:
    site = Activation.from_api(SITE)
    with pytest.raises(pydantic.ValidationError):
        site.stage = 4  # type: ignore[misc]
    shown = f"{site!r} {site} {site.owner!r}"
    assert "701" in shown
    for personal in ("Olive", "home.example", "555-0100", "Main St", "Harry"):
        assert personal not in shown


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [("HAL0001", "hal0001", True), ("HAL0001", "HAL00011", False), ("", "", False)],
)
def test_references_are_compared_whole_and_without_case(ours: str, theirs: str, same: bool) -> None:
    row = {"system_id": 1, "reference": theirs}
    assert Activation.from_api(row).has_reference(ours) is same
    assert System.from_api(row).has_reference(ours) is same


STRANGE = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=10)
    | st.sampled_from(["", "1", 1, -1, 10**25, "on", "2024-02-30", {}, []]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
KINDS = [
    getattr(records, name)
    for name in records.__all__
    if isinstance(getattr(records, name), type) and name != "Record"
]


@bounded(300)
@given(st.data())
def test_any_mixture_of_types_gives_a_record_or_value_error(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    ids = {name: 7 for name, field in kind.model_fields.items() if field.is_required()}
    names = st.sampled_from([*kind.model_fields, "pv_models", "unheard_of"])
    row = {**ids, **data.draw(st.dictionaries(names, STRANGE, max_size=6))}
    try:
        record = kind.from_api(row)
    except ValueError:
        return
    assert record.raw is row
    # What could be read, can be stored and printed again.
    record.model_dump(mode="json", exclude=set(record.model_extra or ()))
    repr(record)


@bounded(200)
@given(st.dictionaries(st.sampled_from(sorted(Activation.model_fields)), STRANGE, max_size=10))
def test_a_site_with_an_id_is_never_lost(row: dict[str, Any]) -> None:
    site = Activation.from_api({**row, "system_id": 701})
    assert site.system_id == 701
    assert not set(site.quarantined) & site.model_fields_set


def test_user_match_without_a_company() -> None:
    assert UserMatch.from_api({"user_id": 5}).company_id is None
    assert UserMatch.from_api({"user_id": "5", "company_id": ""}).user_id == 5


# What goes the other way


def test_empty_filters_are_refused() -> None:
    for empty in ("", "  ", []):
        with pytest.raises(ValueError, match="reference"):
            filters({"reference": empty})
    assert filters({"stage": [1, 2], "reference": None, "limit": 5, "live": True}) == {
        "stage": "1,2",
        "limit": 5,
        "live": "true",
    }


def test_days_leave_as_epoch_seconds_of_their_noon() -> None:
    sent = on_the_wire(
        {
            "interconnect_date": date(2024, 9, 2),
            "interconnection_application_date": datetime(2024, 9, 24, 5, 48, tzinfo=UTC),
            "lease": False,
        }
    )
    assert sent == {
        "interconnect_date": 1725278400,
        "interconnection_application_date": 1727156880,
        "lease": False,
    }
    echoed = Activation.from_api({"system_id": 1, **sent})
    assert echoed.interconnect_date == date(2024, 9, 2)
