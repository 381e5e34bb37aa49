"""The table of docs/enphase.md: the 79 operations, where they are used, and what we do about gaps.

Made from the client's table of endpoints and the words below; the contract is not needed.
"""

from enphase import ENDPOINTS, Endpoint
from enphase.endpoints import ROOT

HEAD = """\
# The 79 operations

Made by `python -m scripts.contract --table`; a test keeps it up to date. The client has one method
for each operation, and the sandbox one answer. Whether both do what the published documents say is
checked by `make contract`, which needs the contract document beside the checkout.

**Page**: where people meet it today; a dash means that only the client and the sandbox know it.
**2026**: whether the vendor's documents of 2026 still list it. Those that they no longer list may
answer 404, 405 or 501, which the client reports as `Rejected`.
**Where documents differ**: between the published versions, or a document and its own example; after
the arrow, what the client does. Holds for all, so it is not repeated below: numbers may come as
text and unset values as "", unknown fields are kept, times become aware UTC.

| Operation | Call, below `/api/v4` | Client | Page | 2026 | Where documents differ → what we do |
|---|---|---|---|---|---|
"""

ENERGY = """
## What the numbers look like

![Production, consumption and battery of a Californian home in June and December](img/energy.svg)

One site of the sandbox's demo world in a clear June week and in the week of the shortest day, drawn
from the client's records. `python -m scripts.energy_picture` makes it anew and checks it: night is
zero, the day peaks when the azimuth says so, winter is lower, days are the sums of their intervals,
and the battery keeps its bounds.
"""

# Where people meet an operation, as an address of the portal; <id> stands for a number.
PAGES = {
    "list_system_devices": "/activations/<id>/devices/",
    "get_inverters_summary": "/activations/<id>/devices/",
    "get_micro_telemetry": "/activations/<id>/devices/<serial>/",
    "get_acb_telemetry": "/activations/<id>/devices/<serial>/",
    "get_encharge_telemetry": "/activations/<id>/devices/<serial>/",
    "list_arrays": "/activations/<id>/arrays/",
    "update_arrays": "/activations/<id>/arrays/review/",
    "update_array": "/activations/<id>/arrays/review/",
    "delete_array": "/activations/<id>/arrays/review/",
    "get_meter": "/activations/<id>/meters/<serial>/",
    "update_meter": "/activations/<id>/meters/<serial>/",
    "control_meter": "/activations/<id>/meters/<serial>/",
    "get_production_meter_telemetry": "/activations/<id>/meters/",
    "get_consumption_meter_telemetry": "/activations/<id>/meters/",
    "get_production_meter_readings": "/activations/<id>/meters/",
    "get_tariff": "/activations/<id>/tariff/",
    "update_tariff": "/activations/<id>/tariff/review/",
    "get_estimate": "/activations/<id>/estimate/",
    "update_estimate": "/activations/<id>/estimate/",
    "get_energy_lifetime": "/activations/<id>/estimate/",
    "list_ev_chargers": "/activations/<id>/ev/",
    "list_ev_charger_events": "/activations/<id>/ev/",
    "list_ev_charger_sessions": "/activations/<id>/ev/<serial>/",
    "list_ev_charger_schedules": "/activations/<id>/ev/<serial>/",
    "get_ev_charger_lifetime": "/activations/<id>/ev/<serial>/",
    "get_ev_charger_telemetry": "/activations/<id>/ev/<serial>/",
    "start_ev_charging": "/activations/<id>/ev/<serial>/",
    "stop_ev_charging": "/activations/<id>/ev/<serial>/",
    "get_latest_telemetry": "/activations/<id>/ev/",
    "search_systems": "/activations/new/",
    "retrieve_system_id": "/activations/new/",
    "list_activations": "/activations/",
    "create_activation": "/activations/new/",
    "get_activation": "/activations/<id>/",
    "update_activation": "/activations/<id>/site/",
    "delete_activation": "/activations/<id>/delete/",
    "grant_activation_access": "/activations/<id>/people/",
    "revoke_activation_access": "/activations/<id>/people/",
    "set_production_mode": "/activations/<id>/production/",
    "get_production_mode": "/activations/<id>/production/",
    "get_battery_mode": "/activations/<id>/battery/",
    "update_battery_mode": "/activations/<id>/battery/",
    "get_battery_settings": "/activations/<id>/battery/",
    "update_battery_settings": "/activations/<id>/battery/",
    "get_storm_guard": "/activations/<id>/battery/",
    "update_storm_guard": "/activations/<id>/battery/",
    "get_load_control": "/activations/<id>/battery/loads/",
    "update_load_control": "/activations/<id>/battery/loads/",
    "get_grid_status": "/activations/<id>/grid/",
    "search_users": "/owners/new/",
    "create_home_owner": "/owners/new/",
    "get_user": "/owners/<id>/",
    "update_user": "/owners/<id>/edit/",
    "get_activation_user": "/activations/<id>/people/<id>/",
    "update_activation_user": "/activations/<id>/people/<id>/",
    "get_current_user": "/settings/connection/",
    "list_company_branches": "/companies/",
    "list_authorized_subcontractors": "/companies/subcontractors/",
    "list_grid_profiles": "/reference/grid-profiles/",
    "list_pv_manufacturers": "/reference/pv-modules/",
    "list_pv_models": "/reference/pv-modules/<id>/",
}

_GONE = "gone since 2023 → `Rejected` when Enphase no longer accepts it"
_FORM = "form or JSON → form, as in 2022 and 2026; `body_styles` switches"
_TELEMETRY = "5mins is newer than 2023 → offered, but 15-minute data has no finer step"
_IMPORTED = "intervals flat in 2023, in lists by day since → flattened"
_EV = "errors carry the code as text, details as text or list, media type varies → all are read"
_LIFETIME = "start date may be null → kept as not known"
_ANYWHERE = "ids as text or number → sent as digits"

NOTES = {
    "list_systems": "sort by name gone, order by default turned → id is always sent",
    "search_systems": "filters and statuses fewer in 2026, unknown ones refused → only those of "
    "2026; at most 1,000 or 100 a page → 1,000",
    "get_system": "interconnection date as day, epoch or null → a day; energy is always -1 → use "
    "the summary",
    "get_system_summary": "`nmi` number or text → text; EV power by a literal key or by serial → "
    "by serial",
    "list_system_devices": '`heat_pump` and `heat-pump`, ids may be "" → one spelling, unknown '
    "kinds kept",
    "get_inverters_summary": "gateway serial as text or number → digits; power as object or number "
    "→ both; bare list without totals → read until a page is short",
    "get_production_meter_readings": "`serial_num` or `serial_number` → either",
    "get_rgm_stats": "500 with code 7 means later → `TryLater`, not repeated at once",
    "get_energy_lifetime": f"{_LIFETIME}; meter date typed as a number → a day",
    "get_consumption_lifetime": _LIFETIME,
    "get_battery_lifetime": _LIFETIME,
    "get_energy_import_lifetime": _LIFETIME,
    "get_energy_export_lifetime": _LIFETIME,
    "get_production_micro_telemetry": "5mins is newer than 2023 → offered",
    "get_production_meter_telemetry": _TELEMETRY,
    "get_consumption_meter_telemetry": _TELEMETRY,
    "get_battery_telemetry": f"{_TELEMETRY}; charge as text like 97% → a number",
    "get_energy_import_telemetry": f"{_IMPORTED}; `wh_exported` in the schema, `wh_imported` in "
    "examples → either",
    "get_energy_export_telemetry": _IMPORTED,
    "get_latest_telemetry": "`evse` and `heat-pump` here, other names among devices → one spelling",
    "get_micro_telemetry": "5mins is newer than 2023 → offered",
    "get_acb_telemetry": "gone since 2025 → `Rejected` when Enphase no longer accepts it",
    "get_encharge_telemetry": f"{_TELEMETRY}; charge as text like 97% → a number",
    "get_battery_settings": "answers spell `Self - Consumption` → compared without blanks and "
    "hyphens",
    "update_battery_settings": "asks for `Self-consumption` exactly, answers in lower case → sent "
    "exactly so",
    "get_storm_guard": "alert a flag in 2023, text in 2026 → a flag",
    "update_storm_guard": "asks for `enabled`, answers `Enabled (Inactive)` → both read",
    "get_grid_status": _ANYWHERE,
    "get_load_control": "`owner_can_override` text or flag → a flag",
    "update_load_control": "`owner_can_override` text or flag → a flag",
    "stream_live_data": "longest 900 s in one text, 300 elsewhere; 473 is newer; times in seconds "
    "or milliseconds → 30 to 300 s, all codes known",
    "list_ev_chargers": _EV,
    "list_ev_charger_events": f"{_EV}; count of page or of all is not said → read until a page is "
    "short",
    "list_ev_charger_sessions": "count of page or of all is not said → read until a page is short",
    "list_ev_charger_schedules": _EV,
    "get_ev_charger_lifetime": "days go as YYYYMMDD and come as YYYY-MM-DD → days",
    "get_ev_charger_telemetry": "392 values a day in the text, 96 in the example → as many as come",
    "start_ev_charging": "called illustrative by its own summary → expect `Rejected`",
    "stop_ev_charging": "called illustrative by its own summary → expect `Rejected`",
    "list_activations": "filters renamed in 2026, unknown ones ignored → only those of 2026, and "
    "rows are compared with what was asked",
    "create_activation": f"{_FORM}; interconnection date as day or epoch → epoch sent, both read",
    "get_activation": "owner as name or object; type and mode as number or object → both",
    "update_activation": f"{_FORM}; 404 is not listed → read all the same",
    "set_production_mode": "`mode` wrapped or bare; on and off became true and false in 2023 → "
    "wrapped form, on and off as text",
    "get_production_mode": "true and false in 2023 → on and off",
    "update_activation_user": _FORM,
    "update_user": f"{_GONE}; form or JSON → form",
    "list_company_users": "list in 2023, object with pairs in 2026 → both",
    "create_company_user": f"{_FORM}; phone 255 or 50 characters → as given",
    "get_company_user": _GONE,
    "update_company_user": _FORM,
    "create_home_owner": _FORM,
    "update_estimate": _FORM,
    "list_grid_profiles": "id or profile id for a site is not said → the id",
    "update_meter": _GONE,
    "control_meter": "a success looks like an error envelope with reason 200 → told by its status",
    "list_pv_models": "`pv_manufacturers` or `pv_manufacturer` → either",
    "get_tariff": "`currency` or `currency_type`, start as number or text → either",
    "update_tariff": f"{_GONE}; JSON sent as text or as JSON → JSON",
    "list_arrays": "`opaciy` or `opacity` → either; places whole or broken numbers → both",
    "update_arrays": f"{_GONE}; whether arrays left out go is not said → all are sent",
    "get_array": _GONE,
    "update_array": _GONE,
    "delete_array": _GONE,
}


def page() -> str:
    """The whole of docs/enphase.md."""
    return HEAD + "".join(row(endpoint) for endpoint in ENDPOINTS.values()) + ENERGY


def row(endpoint: Endpoint) -> str:
    name = endpoint.operation
    address = PAGES.get(name)
    cells = [
        f"`{name}`",
        f"{endpoint.method} `{endpoint.path.removeprefix(ROOT)}`",
        f"`{endpoint.group}.{name}`",
        f"`{address}`" if address else "–",
        "yes" if endpoint.published else "no",
        NOTES.get(name, "–"),
    ]
    return f"| {' | '.join(cells)} |\n"
