"""Success bodies have the shapes of the merged OpenAPI document, which lies beside a checkout."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
import requests

from tests.sandbox.conftest import Person

SITE = "/partner/activations"
FULL = {
    "owner_id": 3001,
    "host_id": 2011,
    "reference": "SHAPE1",
    "envoy_serial_numbers": ["202355500001"],
    "authorized_subcontractor_id": 50,
    "pv_manufacturer": 106,
    "pv_model": 1047,
    "pv_module_power_rating": 410,
    "pv_module_type": 1,
}
ADDRESS = {
    "street1": "48 Juniper Street",
    "city": "Davis",
    "state": "CA",
    "postal_code": "95616",
    "country": "US",
}
ARRAYS = "/partner/systems/703/arrays"
ARRAY = {
    "label": "South",
    "angle": 30,
    "tilt": "25.0",
    "provisioned_envoy": "202300000703",
    "left": 0,
    "top": 0,
    "modules": [{"left": 0, "top": 0, "angle": 0, "serial_num": "482000070300"}],
}
CONFIG = "/systems/config/703"
SYSTEM = "/systems/703"
CHARGER = "/systems/703/ev_charger/202400000703"
YESTERDAY = (dt.datetime.now(dt.UTC) - dt.timedelta(days=2)).date().isoformat()
METER = "202300000703EIM1"
ESTIMATE = {"degrade_factor": "0.4", "month_estimates": ["100.0"] * 12}
TARIFF_PATH = "/systems/config/703/tariff"
PERIOD = {"id": "period_1", "start": 0, "rate": "0.3"}
TARIFF = {
    "tariff": {
        "currency": {"code": "USD"},
        "single_rate": {"rate": "0.3", "sell": "0.1"},
        "seasons": [
            {
                "id": "all_year_long",
                "start": "1/1",
                "days": [
                    {
                        "id": "all_days",
                        "days": "Sun,Mon,Tue,Wed,Thu,Fri,Sat",
                        "must_charge_start": 0,
                        "must_charge_duration": 59,
                        "periods": [PERIOD],
                        "enable_charge_from_grid": True,
                    }
                ],
            }
        ],
        "storage_settings": {"mode": "backup", "reserved_soc": 100},
    }
}
INVERTERS = "/systems/inverters_summary_by_envoy_or_site"
OWNER = {"email": "shape@example.com", "first_name": "Sha", "last_name": "Pe"}


def with_acb(person: Person) -> str:
    """Give 705 an AC battery; no site of the small world has one."""
    answer = requests.post(
        f"{person.url}/_sandbox/systems/705", json={"expected_acb_count": 1}, timeout=10
    )
    answer.raise_for_status()
    return "/systems/705/devices/acbs/911000007050/telemetry"


CALLS: dict[str, Callable[[Person], Any]] = {
    "get_current_user": lambda p: p.get("/partner/users/self", expand="company"),
    "list_company_branches": lambda p: p.get("/companies/self/branches"),
    "list_authorized_subcontractors": lambda p: p.get("/companies/self/authorized_subcontractors"),
    "list_grid_profiles": lambda p: p.get("/partner/grid_profiles"),
    "list_pv_manufacturers": lambda p: p.get("/pv_manufacturers"),
    "list_pv_models": lambda p: p.get("/pv_manufacturers/106/pv_models"),
    "list_activations": lambda p: p.get(SITE, limit="3"),
    "create_activation": lambda p: p.create(**FULL),
    "get_activation": lambda p: p.get(f"{SITE}/703", expand="owner.company,host.company"),
    "update_activation": lambda p: p.put(f"{SITE}/702", {"system": {"address": ADDRESS, **FULL}}),
    "delete_activation": lambda p: p.delete(f"{SITE}/702"),
    "search_systems": lambda p: p.ask(
        "POST", "/systems/search", params={"live_stream": "true"}, json={"system": {}}
    ),
    "retrieve_system_id": lambda p: p.get("/systems/retrieve_system_id", serial_num="202300000701"),
    "search_users": lambda p: p.get("/users/search", email="tess@bluebonnet.example"),
    "create_home_owner": lambda p: p.post("/users", {"user": OWNER}),
    "grant_activation_access": lambda p: p.post("/activations/701/users/3002"),
    "revoke_activation_access": lambda p: p.delete("/activations/701/users/3002"),
    "set_production_mode": lambda p: p.post("/activations/701/ops/production_mode", {"mode": "on"}),
    "list_systems": lambda p: p.get("/systems", size="4", sort_by="-id"),
    "get_system": lambda p: p.get("/systems/703"),
    "get_system_summary": lambda p: p.get("/systems/703/summary"),
    "list_system_devices": lambda p: p.get("/systems/703/devices"),
    "get_inverters_summary": lambda p: p.get(INVERTERS, site_id="703"),
    "list_arrays": lambda p: p.get(f"{ARRAYS}"),
    "update_arrays": lambda p: p.put(ARRAYS, {"angle": 0, "arrays": [ARRAY]}),
    "get_array": lambda p: p.get(f"{ARRAYS}/7030"),
    "update_array": lambda p: p.put(f"{ARRAYS}/7030", ARRAY),
    "delete_array": lambda p: p.delete(f"{ARRAYS}/7030"),
    "get_meter": lambda p: p.get(f"/systems/703/meters/{METER}"),
    "update_meter": lambda p: p.put(f"/systems/703/meters/{METER}?operational_date=2026-01-02"),
    "control_meter": lambda p: p.post(
        f"/activations/703/meters/{METER}/meter_control", {"status": "disabled"}
    ),
    "get_estimate": lambda p: p.get("/activations/703/estimate"),
    "update_estimate": lambda p: p.put("/activations/703/estimate", {"estimate": ESTIMATE}),
    "get_tariff": lambda p: [p.put(TARIFF_PATH, TARIFF), p.get(TARIFF_PATH)][1],
    "update_tariff": lambda p: p.put(TARIFF_PATH, TARIFF),
    "get_battery_mode": lambda p: p.get("/activations/703/battery_mode"),
    "update_battery_mode": lambda p: p.put(
        "/activations/703/battery_mode", {"CFG_allowed": True, "DTG_allowed": False}
    ),
    "get_battery_settings": lambda p: p.get(f"{CONFIG}/battery_settings"),
    "update_battery_settings": lambda p: p.put(f"{CONFIG}/battery_settings", {"reserve_soc": 30}),
    "get_storm_guard": lambda p: p.get(f"{CONFIG}/storm_guard"),
    "update_storm_guard": lambda p: p.put(
        f"{CONFIG}/storm_guard", {"storm_guard_status": "enabled"}
    ),
    "get_grid_status": lambda p: p.get(f"{CONFIG}/grid_status"),
    "get_load_control": lambda p: p.get(f"{CONFIG}/load_control"),
    "update_load_control": lambda p: p.put(
        f"{CONFIG}/load_control", {"name": "NC1", "mode": "Basic"}
    ),
    "get_activation_user": lambda p: p.get("/activations/703/users/2001", expand="company"),
    "update_activation_user": lambda p: p.put("/activations/703/users/3003", {"user": OWNER}),
    "get_user": lambda p: p.get("/partner/users/2011", expand="company"),
    "update_user": lambda p: p.put("/users/2011", {"user": {"phone": "1"}}),
    "list_company_users": lambda p: p.get("/companies/9/users"),
    "create_company_user": lambda p: p.post("/companies/9/users", {"user": OWNER}),
    "get_company_user": lambda p: p.get("/companies/9/users/2001", expand="company"),
    "update_company_user": lambda p: p.put("/companies/81/users/2011", {"user": OWNER}),
    "get_production_micro_telemetry": lambda p: p.get(f"{SYSTEM}/telemetry/production_micro"),
    "get_production_meter_telemetry": lambda p: p.get(
        f"{SYSTEM}/telemetry/production_meter", start_date=YESTERDAY
    ),
    "get_consumption_meter_telemetry": lambda p: p.get(
        f"{SYSTEM}/telemetry/consumption_meter", granularity="week", start_date=YESTERDAY
    ),
    "get_micro_telemetry": lambda p: p.get(
        f"{SYSTEM}/devices/micros/482000070300/telemetry", start_date=YESTERDAY
    ),
    "get_energy_import_telemetry": lambda p: p.get(
        f"{SYSTEM}/energy_import_telemetry", start_date=YESTERDAY
    ),
    "get_energy_export_telemetry": lambda p: p.get(
        f"{SYSTEM}/energy_export_telemetry", start_date=YESTERDAY
    ),
    "get_energy_lifetime": lambda p: p.get(f"{SYSTEM}/energy_lifetime", production="all"),
    "get_consumption_lifetime": lambda p: p.get(f"{SYSTEM}/consumption_lifetime"),
    "get_energy_import_lifetime": lambda p: p.get(f"{SYSTEM}/energy_import_lifetime"),
    "get_energy_export_lifetime": lambda p: p.get(f"{SYSTEM}/energy_export_lifetime"),
    "get_production_meter_readings": lambda p: p.get(f"{SYSTEM}/production_meter_readings"),
    "get_rgm_stats": lambda p: p.get(f"{SYSTEM}/rgm_stats"),
    "get_battery_telemetry": lambda p: p.get(f"{SYSTEM}/telemetry/battery", start_date=YESTERDAY),
    "get_encharge_telemetry": lambda p: p.get(
        f"{SYSTEM}/devices/encharges/122038000001/telemetry", start_date=YESTERDAY
    ),
    "get_battery_lifetime": lambda p: p.get(f"{SYSTEM}/battery_lifetime"),
    "get_acb_telemetry": lambda p: p.get(with_acb(p), start_date=YESTERDAY),
    "get_latest_telemetry": lambda p: p.get(f"{SYSTEM}/latest_telemetry"),
    "list_ev_chargers": lambda p: p.get(f"{SYSTEM}/ev_charger/devices"),
    "list_ev_charger_events": lambda p: p.get(f"{SYSTEM}/ev_charger/events"),
    "list_ev_charger_sessions": lambda p: p.get(f"{CHARGER}/sessions"),
    "list_ev_charger_schedules": lambda p: p.get(f"{CHARGER}/schedules"),
    "get_ev_charger_lifetime": lambda p: p.get(f"{CHARGER}/lifetime", start_date="20260101"),
    "get_ev_charger_telemetry": lambda p: p.get(f"{CHARGER}/telemetry"),
    "start_ev_charging": lambda p: p.post(f"{CHARGER}/start_charging", {"connectorId": "1"}),
    "stop_ev_charging": lambda p: p.post(f"{CHARGER}/stop_charging"),
    "stream_live_data": lambda p: p.ask("GET", f"{SYSTEM}/live_data", stream=True),
    "get_production_mode": lambda p: p.get("/activations/701/ops/production_mode"),
}
TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


@pytest.mark.parametrize("operation", CALLS)
def test_success_body(document, world, dana, operation):
    schema, statuses = described(document, operation)
    answer = CALLS[operation](dana)
    assert str(answer.status_code) in statuses, answer.text
    if operation == "stream_live_data":
        # A stream: the document describes its text, and each of its events apart.
        line = next(answer.iter_lines()).decode()
        value = json.loads(line.removeprefix("data:"))
        schema = {"$ref": schema["x-event-schema"]}
        answer.close()
    else:
        value = answer.json()
    assert list(problems(document, schema, value, "$")) == []


def test_every_operation_served_is_checked_here(world):
    assert world.control("GET", "/")["operations"] == sorted(CALLS)


def test_the_check_can_see(document):
    schema, _ = described(document, "get_production_mode")
    wrong = {"mode": True, "total_micros": "24", "surprise": 1}
    assert len(list(problems(document, schema, wrong, "$"))) == 3


def described(document: dict[str, Any], operation: str) -> tuple[dict[str, Any], set[str]]:
    for item in document["paths"].values():
        for entry in item.values():
            if isinstance(entry, dict) and entry.get("operationId") == operation:
                good = {code for code in entry["responses"] if code.startswith("2")}
                (code,) = good
                (content,) = entry["responses"][code]["content"].values()
                return content["schema"], good
    raise AssertionError(f"{operation} is not in the document")


def problems(document: dict[str, Any], schema: dict[str, Any], value: Any, where: str):
    """Yield what does not fit. Fields the document does not name count as problems too."""
    if "$ref" in schema:
        found = document
        for part in schema["$ref"].split("/")[1:]:
            found = found[part]
        schema = found
    if value is None and schema.get("nullable"):
        return
    for several in ("anyOf", "oneOf"):
        if several in schema:
            if all(list(problems(document, one, value, where)) for one in schema[several]):
                yield f"{where}: {value!r} fits none of {several}"
            return
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds or []
    if kinds and not any(_is(value, kind) for kind in kinds):
        yield f"{where}: {value!r} is not {kinds}"
        return
    if isinstance(value, dict) and "properties" in schema:
        for name in schema.get("required", []):
            if name not in value:
                yield f"{where}.{name} is missing"
        for name, item in value.items():
            if name in schema["properties"]:
                yield from problems(document, schema["properties"][name], item, f"{where}.{name}")
            elif not schema.get("additionalProperties"):
                yield f"{where}.{name} is not in the document"
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from problems(document, schema["items"], item, f"{where}[{index}]")
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not among {schema['enum']}"


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, TYPES[kind])
