import json
import time

import pytest

from tests.sandbox.conftest import ADDRESS, CALIFORNIAN

CREATE = "/partner/activations"
DUTCH = {
    "system_name": "Kuiper woning",
    "address": {
        "street1": "Klaverweide 3",
        "city": "Haarlem",
        "state": "NH",
        "postal_code": "2011 AB",
        "country": "NL",
    },
}
BATTERY = {"expected_encharge_count": 2}
RECENT = int(time.time()) - 86_400


def errors(answer):
    assert answer.status_code == 422, answer.text
    assert set(answer.json()) <= {"errorCode", "errorMessages"}
    return answer.json()["errorMessages"]


@pytest.mark.parametrize(
    "request_of",
    [
        {"data": {"system": json.dumps(CALIFORNIAN)}},
        {"json": {"system": CALIFORNIAN}},
        {"json": {"system": json.dumps(CALIFORNIAN)}},
    ],
)
def test_a_form_with_json_inside_or_wrapped_json(dana, request_of):
    assert dana.ask("POST", CREATE, **request_of).status_code == 201


@pytest.mark.parametrize(
    "request_of",
    [
        {},
        {"json": CALIFORNIAN},
        {"json": {"system": None}},
        {"data": {"system": "{not json"}},
        {"data": "{}"},
    ],
)
def test_other_bodies_lack_the_system(dana, request_of):
    answer = dana.ask("POST", CREATE, **request_of)
    assert errors(answer) == ["System param are missing at body location"]


def test_answer_and_defaults(dana):
    answer = dana.create(
        owner_id=3001, reference="PROJ42", authorized_subcontractor_id=50, array_type="carport"
    )
    shown = answer.json()
    assert answer.status_code == 201
    assert "timezone" not in shown
    assert shown["owner"]["email"] == "ada.okafor@example.com"
    assert "company" not in shown["owner"]
    assert (shown["system_id"], shown["stage"], shown["reference"]) == (9001, 1, "PROJ42")
    assert shown["allow_public_access"] is True
    assert shown["operational"] is True
    assert shown["system_type"] == "residential"
    assert (shown["installer_id"], shown["maintainer_name"]) == (9, "Halcyon Solar")
    assert shown["status"] == "Envoy Not Reporting"
    assert shown["array_type"] == ""
    assert shown["pv_module_power_rating"] == ""
    assert shown["authorized_subcontractors"][0]["status"] == "Pending for system owner approval"
    assert -125 < shown["address"]["longitude"] < -117
    assert dana.get(f"{CREATE}/9001").json()["timezone"] == "US/Pacific"


def test_with_owner_location_and_gateway_it_starts_at_stage_2(dana):
    shown = dana.create(owner_id=3001, envoy_serial_numbers=["202355500001"]).json()
    assert (shown["stage"], shown["envoy_serial_numbers"]) == (2, ["202355500001"])


def test_what_is_written_is_shown(dana):
    maker, model = 106, 1047
    profile = dana.get("/partner/grid_profiles").json()["grid_profiles"][4]["id"]
    fields = {
        "system_type": "commercial",
        "internet_connection": "cellular",
        "lease": True,
        "operational": False,
        "allow_public_access": False,
        "host_id": 3002,
        "installer_id": 81,
        "source": "meter",
        "attachment_type": "rack_mount",
        "array_type": "fixed_roof_mount",
        "grid_profile": profile,
        "expected_pcu_count": 16,
        "pv_manufacturer": maker,
        "pv_model": model,
        "pv_module_power_rating": 410,
        "pv_module_type": 2,
        "interconnect_date": RECENT,
        "address": {**ADDRESS, "street2": "Unit 5"},
        "voltage": "208V 3-Phase",
    }
    shown = dana.create(**fields).json()
    address = shown.pop("address")
    for name in fields.keys() - {"address"}:
        assert shown[name] == fields[name], name
    assert address["street2"] == "Unit 5"
    assert shown["pv_manufacturer_name"]
    assert shown["host"]["email"] == "jonah.delgado@example.com"
    assert shown["production_mode"] == "off"


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"system_name": ""}, "System name can't be blank"),
        ({"system_name": "x" * 256}, "System name is too long (maximum is 255 characters)"),
        ({"system_type": "boat"}, "The system type must be residential, commercial, or other."),
        ({"address": None}, "Address is mandatory for sites created in the United States."),
        (
            {"address": {**ADDRESS, "city": " ", "postal_code": None}},
            "Address is incomplete. Missing: city, postal_code",
        ),
        ({"address": {**ADDRESS, "state": "XX"}}, "State must be a valid two-letter code"),
        (
            {"address": {**ADDRESS, "country": "USA"}},
            "Country must be an ISO 3166-1 two-letter code",
        ),
        (
            {"internet_connection": "fibre"},
            "The internet connection must be none, cellular, broadband, or dialup.",
        ),
        ({"reference": "PROJ-42"}, "Reference should be alphanumeric"),
        ({"owner_id": 424242}, "Owner must be an Enlighten user"),
        ({"installer_id": 20}, "The installer must be your company or one of its branches"),
        ({"envoy_serial_numbers": ["12"]}, "Envoy serial number 12 is invalid"),
        (
            {"envoy_serial_numbers": ["202300000801"]},
            "Envoy serial number 202300000801 is already in use by another system",
        ),
        ({"grid_profile": "f" * 24}, "Grid profile not found"),
        ({"pv_manufacturer": 1}, "Pv manufacturer not found"),
        (
            {"pv_manufacturer": 107, "pv_model": 1047},
            "Pv model does not belong to the pv manufacturer",
        ),
        ({"lease": "perhaps"}, "lease must be true or false"),
        ({"expected_pcu_count": -1}, "expected_pcu_count must be 0 or more"),
        (
            {"authorized_subcontractor_id": 51},
            "The subcontractor is not authorized for your company",
        ),
        (
            {"grid_connection_type": None},
            "Grid connection type is mandatory for sites in California",
        ),
        ({"grid_connection_type": 5}, "Grid connection type must be 1, 2, 3 or 4"),
        (
            {"third_party_storage_device_installed": None},
            "Third party storage device installed is mandatory for sites in California",
        ),
        (
            {"third_party_storage_device_installed": True},
            "Third party storage device manufacturer is mandatory when such a device is installed",
        ),
        (BATTERY, "Battery grid mode is mandatory for sites with battery in California"),
        (
            {**BATTERY, "battery_grid_mode": 3},
            "Battery grid mode must be 1 (Import Only) or 2 (Export Only)",
        ),
        (
            {"battery_grid_mode": 2},
            "Battery grid mode must not be passed unless the site has a battery and its grid"
            " connection type is 1",
        ),
        (
            {"permission_to_operate": True},
            "Interconnection application date is mandatory when permission to operate is true",
        ),
        (
            {"permission_to_operate": True, "interconnection_application_date": 4_000_000_000},
            "Interconnection application date cannot be in the future",
        ),
        (
            {"permission_to_operate": True, "interconnection_application_date": 1_681_430_400},
            "Interconnection application date must be later than 2023-04-14",
        ),
    ],
)
def test_refusals(world, dana, fields, text):
    answer = dana.create(**fields)
    assert errors(answer) == [text]
    assert answer.json()["errorCode"] == 11
    ledger = world.ledger()
    assert (ledger["creates"], ledger["writes"][0]["executed"]) == (0, False)


@pytest.mark.parametrize(
    "fields",
    [
        {**BATTERY, "battery_grid_mode": 1, "third_party_storage_device_installed": None},
        {
            "third_party_storage_device_installed": True,
            "third_party_storage_device_manufacturer": "LG Chem",
        },
        {"permission_to_operate": True, "interconnection_application_date": RECENT},
        {"a_field_of_tomorrow": 1},
        # The gateway of 706 is retired, so it may be used again.
        {"envoy_serial_numbers": ["202300000706"]},
    ],
)
def test_accepted(dana, fields):
    assert dana.create(**fields).status_code == 201


def test_outside_california_its_fields_are_not_asked_for_and_not_kept(nina):
    shown = nina.post(CREATE, {"system": {**DUTCH, "grid_connection_type": 1}}).json()
    assert "grid_connection_type" not in shown
    assert shown["address"]["country"] == "NL"


def test_outside_the_united_states_the_address_may_wait(nina):
    answer = nina.post(CREATE, {"system": {"system_name": "Later"}})
    assert answer.status_code == 201
    assert "address" not in answer.json()


def test_a_self_installer_owns_what_he_installs(iris):
    shown = iris.post(CREATE, {"system": DUTCH}).json()
    assert shown["owner_id"] == 2060
    assert "installer_id" not in shown
    assert [row["system_id"] for row in iris.get(CREATE).json()["systems"]] == [9001]
    refused = iris.post(CREATE, {"system": {**DUTCH, "owner_id": 3001}})
    assert errors(refused) == ["The owner must be the self-installer himself"]


def test_the_same_reference_twice_is_two_systems(world, dana):
    for _ in range(2):
        assert dana.create(reference="TWICE1").status_code == 201
    assert len(dana.get(CREATE, reference="TWICE1").json()["systems"]) == 2
    assert world.ledger()["costs"]["creates_cents"] == 400


ODD = [None, "", "x", "\ud800", 0, -1, 1.5, 10**30, float("inf"), True, [], {}, [1], {"a": [None]}]
FIELDS = [
    *CALIFORNIAN,
    "system_type",
    "internet_connection",
    "lease",
    "operational",
    "owner_id",
    "host_id",
    "installer_id",
    "maintainer_id",
    "authorized_subcontractor_id",
    "allow_public_access",
    "interconnect_date",
    "source",
    "array_type",
    "attachment_type",
    "ensemble_envoy",
    "grid_profile",
    "requested_profile",
    "voltage",
    "envoy_serial_numbers",
    "pv_manufacturer",
    "pv_model",
    "pv_module_power_rating",
    "pv_module_type",
    "expected_pcu_count",
    "reference",
    "encharge",
    "enpower",
    "battery_grid_mode",
    "third_party_storage_device_manufacturer",
    "interconnection_application_date",
    "permission_to_operate",
]


@pytest.mark.parametrize("field", FIELDS)
def test_nothing_odd_breaks_it(world, dana, field):
    world.control("POST", "/limits", {"writes_per_month": None})
    for value in ODD:
        answer = dana.create(**{field: value})
        assert answer.status_code in (201, 422), (value, answer.text)
    assert dana.get("/partner/activations", limit="1000").status_code == 200
    assert dana.ask("POST", "/systems/search", json={"system": {}}).status_code == 200
