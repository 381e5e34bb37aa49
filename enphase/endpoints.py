"""The table of all 79 endpoints of the Enphase API v4: what `transport.py` needs to know of each.

`operation` is the operationId of the contract. `published` is False for the nine that the vendor's
documents of 2026 no longer list: they may answer 404, 405 or 501, which is `Rejected`.
"""

from dataclasses import dataclass
from typing import Literal

Method = Literal["GET", "POST", "PUT", "DELETE"]

# json: the bare object. json_wrapped: {"system": {…}}. form: system=<JSON>, url-encoded.
BodyStyle = Literal["json", "json_wrapped", "form"]

ROOT = "/api/v4"

# Prices of the Partner plan. An ordinary hit costs half a cent once the free ones are used up.
FREE_HITS_A_MONTH = 10_000
HITS_A_CENT = 2


@dataclass(frozen=True)
class Timeouts:
    """Seconds to connect, to wait for the next byte, and for everything together (the deadline)."""

    connect: float = 5.0
    read: float = 60.0
    deadline: float = 75.0


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True)
class Endpoint:
    """One of Enphase's 79 calls. `wrapper` is the key that wrapped and form bodies are put under.

    `writes` is False for the POST that only searches. `cost_cents` is charged on top of the
    ordinary hit, once the call was carried out.
    """

    operation: str
    method: Method
    path: str
    group: str
    body: BodyStyle | None = None
    wrapper: str | None = None
    writes: bool = False
    cost_cents: int = 0
    published: bool = True


def _get(
    operation: str,
    path: str,
    group: str,
    *,
    cost_cents: int = 0,
    published: bool = True,
) -> Endpoint:
    return Endpoint(
        operation,
        "GET",
        ROOT + path,
        group,
        cost_cents=cost_cents,
        published=published,
    )


def _write(
    operation: str,
    method: Method,
    path: str,
    group: str,
    body: BodyStyle | None = None,
    wrapper: str | None = None,
    *,
    cost_cents: int = 0,
    published: bool = True,
) -> Endpoint:
    return Endpoint(
        operation,
        method,
        ROOT + path,
        group,
        body,
        wrapper,
        writes=True,
        cost_cents=cost_cents,
        published=published,
    )


_SYSTEM = "/systems/{system_id}"
_CONFIG = "/systems/config/{system_id}"
_CHARGER = "/systems/{system_id}/ev_charger"
_ACTIVATION = "/activations/{activation_id}"
_ARRAYS = "/partner/systems/{system_id}/arrays"

_TABLE = [
    # Monitoring: System Details
    _get("list_systems", "/systems", "systems"),
    Endpoint("search_systems", "POST", f"{ROOT}/systems/search", "systems", "json"),
    _get("get_system", _SYSTEM, "systems"),
    _get("get_system_summary", f"{_SYSTEM}/summary", "systems"),
    _get("list_system_devices", f"{_SYSTEM}/devices", "systems"),
    _get("retrieve_system_id", "/systems/retrieve_system_id", "systems"),
    _get("get_inverters_summary", "/systems/inverters_summary_by_envoy_or_site", "systems"),
    # Monitoring: Site Level Production Monitoring
    _get("get_production_meter_readings", f"{_SYSTEM}/production_meter_readings", "production"),
    _get("get_rgm_stats", f"{_SYSTEM}/rgm_stats", "production"),
    _get("get_energy_lifetime", f"{_SYSTEM}/energy_lifetime", "production"),
    _get("get_production_micro_telemetry", f"{_SYSTEM}/telemetry/production_micro", "production"),
    _get("get_production_meter_telemetry", f"{_SYSTEM}/telemetry/production_meter", "production"),
    # Monitoring: Site Level Consumption Monitoring
    _get("get_consumption_lifetime", f"{_SYSTEM}/consumption_lifetime", "consumption"),
    _get("get_battery_lifetime", f"{_SYSTEM}/battery_lifetime", "consumption"),
    _get("get_energy_import_lifetime", f"{_SYSTEM}/energy_import_lifetime", "consumption"),
    _get("get_energy_export_lifetime", f"{_SYSTEM}/energy_export_lifetime", "consumption"),
    _get("get_battery_telemetry", f"{_SYSTEM}/telemetry/battery", "consumption"),
    _get(
        "get_consumption_meter_telemetry", f"{_SYSTEM}/telemetry/consumption_meter", "consumption"
    ),
    _get("get_energy_import_telemetry", f"{_SYSTEM}/energy_import_telemetry", "consumption"),
    _get("get_energy_export_telemetry", f"{_SYSTEM}/energy_export_telemetry", "consumption"),
    _get("get_latest_telemetry", f"{_SYSTEM}/latest_telemetry", "consumption"),
    # Monitoring: Device Level Production Monitoring
    _get("get_micro_telemetry", f"{_SYSTEM}/devices/micros/{{serial_no}}/telemetry", "devices"),
    _get(
        "get_acb_telemetry",
        f"{_SYSTEM}/devices/acbs/{{serial_no}}/telemetry",
        "devices",
        published=False,
    ),
    _get(
        "get_encharge_telemetry", f"{_SYSTEM}/devices/encharges/{{serial_no}}/telemetry", "devices"
    ),
    # Monitoring: System Configurations
    _get("get_battery_settings", f"{_CONFIG}/battery_settings", "config"),
    _write("update_battery_settings", "PUT", f"{_CONFIG}/battery_settings", "config", "json"),
    _get("get_storm_guard", f"{_CONFIG}/storm_guard", "config"),
    _write("update_storm_guard", "PUT", f"{_CONFIG}/storm_guard", "config", "json"),
    _get("get_grid_status", f"{_CONFIG}/grid_status", "config"),
    _get("get_load_control", f"{_CONFIG}/load_control", "config"),
    _write("update_load_control", "PUT", f"{_CONFIG}/load_control", "config", "json"),
    # Monitoring: Streaming APIs
    _get("stream_live_data", f"{_SYSTEM}/live_data", "live", cost_cents=10),
    # Monitoring: EV Charger Monitoring and Control
    _get("list_ev_chargers", f"{_CHARGER}/devices", "ev_chargers"),
    _get("list_ev_charger_events", f"{_CHARGER}/events", "ev_chargers"),
    _get("list_ev_charger_sessions", f"{_CHARGER}/{{serial_no}}/sessions", "ev_chargers"),
    _get("list_ev_charger_schedules", f"{_CHARGER}/{{serial_no}}/schedules", "ev_chargers"),
    _get("get_ev_charger_lifetime", f"{_CHARGER}/{{serial_no}}/lifetime", "ev_chargers"),
    _get("get_ev_charger_telemetry", f"{_CHARGER}/{{serial_no}}/telemetry", "ev_chargers"),
    _write(
        "start_ev_charging",
        "POST",
        f"{_CHARGER}/{{serial_no}}/start_charging",
        "ev_chargers",
        "json",
    ),
    _write("stop_ev_charging", "POST", f"{_CHARGER}/{{serial_no}}/stop_charging", "ev_chargers"),
    # Commissioning: Activations
    _get("get_battery_mode", f"{_ACTIVATION}/battery_mode", "activations"),
    _write("update_battery_mode", "PUT", f"{_ACTIVATION}/battery_mode", "activations", "json"),
    _get("list_activations", "/partner/activations", "activations"),
    _write(
        "create_activation",
        "POST",
        "/partner/activations",
        "activations",
        "form",
        "system",
        cost_cents=200,
    ),
    _get("get_activation", f"/partner{_ACTIVATION}", "activations"),
    _write("update_activation", "PUT", f"/partner{_ACTIVATION}", "activations", "form", "system"),
    _write("delete_activation", "DELETE", f"/partner{_ACTIVATION}", "activations"),
    _write("grant_activation_access", "POST", f"{_ACTIVATION}/users/{{user_id}}", "activations"),
    _write("revoke_activation_access", "DELETE", f"{_ACTIVATION}/users/{{user_id}}", "activations"),
    _write(
        "set_production_mode",
        "POST",
        f"{_ACTIVATION}/ops/production_mode",
        "activations",
        "form",
        "production_mode",
    ),
    _get("get_production_mode", f"{_ACTIVATION}/ops/production_mode", "activations"),
    # Commissioning: Users
    _get("get_activation_user", f"{_ACTIVATION}/users/{{user_id}}", "users"),
    _write(
        "update_activation_user", "PUT", f"{_ACTIVATION}/users/{{user_id}}", "users", "form", "user"
    ),
    _get("search_users", "/users/search", "users"),
    _get("get_user", "/partner/users/{user_id}", "users"),
    _write("update_user", "PUT", "/users/{user_id}", "users", "form", "user", published=False),
    _get("get_current_user", "/partner/users/self", "users"),
    # Commissioning: Companies
    _get("list_company_users", "/companies/{company_id}/users", "companies"),
    _write(
        "create_company_user",
        "POST",
        "/companies/{company_id}/users",
        "companies",
        "form",
        "user",
    ),
    _get(
        "get_company_user", "/companies/{company_id}/users/{user_id}", "companies", published=False
    ),
    _write(
        "update_company_user",
        "PUT",
        "/companies/{company_id}/users/{user_id}",
        "companies",
        "form",
        "user",
    ),
    _get("list_company_branches", "/companies/self/branches", "companies"),
    _get(
        "list_authorized_subcontractors", "/companies/self/authorized_subcontractors", "companies"
    ),
    # Commissioning: Home Owner
    _write("create_home_owner", "POST", "/users", "users", "form", "user"),
    # Commissioning: Estimate
    _get("get_estimate", f"{_ACTIVATION}/estimate", "estimates"),
    _write("update_estimate", "PUT", f"{_ACTIVATION}/estimate", "estimates", "form", "estimate"),
    # Commissioning: Grid Profiles
    _get("list_grid_profiles", "/partner/grid_profiles", "catalog"),
    # Commissioning: Meters
    _get("get_meter", f"{_SYSTEM}/meters/{{serial_number}}", "meters"),
    _write("update_meter", "PUT", f"{_SYSTEM}/meters/{{serial_number}}", "meters", published=False),
    _write(
        "control_meter",
        "POST",
        f"{_ACTIVATION}/meters/{{serial_number}}/meter_control",
        "meters",
        "json",
    ),
    # Commissioning: PvManufacturers and PvModels
    _get("list_pv_manufacturers", "/pv_manufacturers", "catalog"),
    _get("list_pv_models", "/pv_manufacturers/{pv_manufacturer_id}/pv_models", "catalog"),
    # Commissioning: Tariff
    _get("get_tariff", f"{_CONFIG}/tariff", "tariffs"),
    _write(
        "update_tariff",
        "PUT",
        f"{_CONFIG}/tariff",
        "tariffs",
        "json_wrapped",
        "tariff",
        published=False,
    ),
    # Commissioning: Arrays
    _get("list_arrays", _ARRAYS, "arrays"),
    _write("update_arrays", "PUT", _ARRAYS, "arrays", "json", published=False),
    _get("get_array", f"{_ARRAYS}/{{array_id}}", "arrays", published=False),
    _write("update_array", "PUT", f"{_ARRAYS}/{{array_id}}", "arrays", "json", published=False),
    _write("delete_array", "DELETE", f"{_ARRAYS}/{{array_id}}", "arrays", published=False),
]

ENDPOINTS: dict[str, Endpoint] = {endpoint.operation: endpoint for endpoint in _TABLE}
