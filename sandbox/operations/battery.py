"""Batteries and what they feed: get_battery_mode, update_battery_mode, get_battery_settings,
update_battery_settings, get_storm_guard, update_storm_guard, get_grid_status, get_load_control,
update_load_control."""

from __future__ import annotations

from typing import Any

from sandbox.errors import Family, unprocessable
from sandbox.operations import kept
from sandbox.operations.equipment import Equipment
from sandbox.operations.sight import find_monitored, find_system
from sandbox.routing import Call, operation
from sandbox.wire import Answer

_MODE = "/activations/{activation_id}/battery_mode"
_SETTINGS = "/systems/config/{system_id}/battery_settings"
_STORM = "/systems/config/{system_id}/storm_guard"
_LOADS = "/systems/config/{system_id}/load_control"

# The very low state of charge: below it a battery switches itself off.
SHUTDOWN_LEVEL = 5
# What may be sent, and how it is read back; the answer to a change has a third spelling.
_MODES = {
    "Savings Mode": "Savings Mode",
    "Self-consumption": "Self - Consumption",
    "Full Backup": "Full Backup",
}
_DEFAULTS = {
    "battery_mode": "Self-consumption",
    "reserve_soc": 20,
    "energy_independence": "disabled",
}
_LOAD_MODES = (
    "Scheduled",
    "Basic",
    "Advanced_BatteryPowered",
    "Manual_always_not_powered",
    "Manual_always_powered",
    "Advanced_GeneratorPowered",
)
_SECONDS_A_DAY = 86_400


# What the battery may do with the grid


@operation("get_battery_mode", "GET", _MODE, window_in_429=False)
def get_battery_mode(call: Call) -> Answer:
    return Answer(200, _allowed(_with_battery(call, "fetched")))


@operation("update_battery_mode", "PUT", _MODE, writes=True, window_in_429=False)
def update_battery_mode(call: Call) -> Answer:
    equipment = _with_battery(call, "updated")
    body = call.request.json()
    fields = body if isinstance(body, dict) else {}
    for name in ("CFG_allowed", "DTG_allowed"):
        if name not in fields:
            raise unprocessable(f"{name} is missing", code=None)
        if not isinstance(fields[name], bool):
            raise unprocessable(f"{name} must be true or false", code=None)
    modes = {name: fields[name] for name in ("CFG_allowed", "DTG_allowed")}
    kept.write(call.db, equipment.system_id, "battery_mode", modes)
    return Answer(200, {"message": "Battery mode updated successfully"})


def _with_battery(call: Call, verb: str) -> Equipment:
    equipment = Equipment(call.db, find_system(call), call.now)
    if not equipment.encharges:
        raise unprocessable(
            f"This is a PV only site. Battery mode can only be {verb} for sites with Enphase"
            " battery systems",
            code=None,
        )
    return equipment


def _allowed(equipment: Equipment) -> dict[str, bool]:
    if "battery_mode" in equipment.kept:
        return dict(equipment.kept["battery_mode"])
    # Import Only may charge from the grid, Export Only may discharge to it.
    grid_mode = equipment.row["battery_grid_mode"]
    return {"CFG_allowed": grid_mode == 1, "DTG_allowed": grid_mode == 2}


# Profile and reserve


@operation("get_battery_settings", "GET", _SETTINGS, family=Family.MONITORING)
def get_battery_settings(call: Call) -> Answer:
    equipment = _with_encharges(call, "encharges")
    settings = _settings(equipment)
    return Answer(200, _show(equipment, settings, _MODES[settings["battery_mode"]]))


@operation("update_battery_settings", "PUT", _SETTINGS, family=Family.MONITORING, writes=True)
def update_battery_settings(call: Call) -> Answer:
    """All fields are optional; names of modes are case-sensitive. Read-only fields are dropped."""
    equipment = _with_encharges(call, "encharge")
    body = call.request.json()
    if not isinstance(body, dict):
        raise unprocessable("Battery settings are missing at Json body location", code=None)
    settings = _settings(equipment)
    if body.get("battery_mode") is not None:
        if body["battery_mode"] not in tuple(_MODES):
            raise unprocessable(f"battery_mode must be {', '.join(_MODES)}", code=None)
        settings["battery_mode"] = body["battery_mode"]
    if body.get("reserve_soc") is not None:
        reserve = _whole("reserve_soc", body["reserve_soc"])
        if reserve < SHUTDOWN_LEVEL:
            raise unprocessable("reserve_soc cannot be less than vls", code=None)
        if reserve > 100:
            raise unprocessable("reserve_soc cannot be more than 100", code=None)
        settings["reserve_soc"] = reserve
    if body.get("energy_independence") is not None:
        if body["energy_independence"] not in ("enabled", "disabled"):
            raise unprocessable("energy_independence must be enabled or disabled", code=None)
        settings["energy_independence"] = body["energy_independence"]
    system_id = equipment.system_id
    kept.write(call.db, system_id, "battery_settings", settings)
    # What the battery held back before stays as it was: telemetry of the past does not change.
    percent = 100 if settings["battery_mode"] == "Full Backup" else settings["reserve_soc"]
    reserves = equipment.kept.get("reserves", [[0, _DEFAULTS["reserve_soc"]]])
    kept.write(call.db, system_id, "reserves", [*reserves, [int(call.now), percent]])
    return Answer(200, _show(equipment, settings, settings["battery_mode"].lower()))


def _with_encharges(call: Call, word: str) -> Equipment:
    equipment = Equipment(call.db, find_monitored(call), call.now)
    if not equipment.encharges:
        raise unprocessable(f"System doesn't have {word}", code=None)
    return equipment


def _settings(equipment: Equipment) -> dict[str, Any]:
    return {**_DEFAULTS, **equipment.kept.get("battery_settings", {})}


def _show(equipment: Equipment, settings: dict[str, Any], mode: str) -> dict[str, Any]:
    return {
        "system_id": equipment.system_id,
        "battery_mode": mode,
        "reserve_soc": settings["reserve_soc"],
        "energy_independence": settings["energy_independence"],
        "charge_from_grid": "enabled" if _allowed(equipment)["CFG_allowed"] else "disabled",
        "battery_shutdown_level": SHUTDOWN_LEVEL,
    }


def mode_shown(equipment: Equipment) -> str:
    """Give the battery's mode in the words of reading it."""
    return _MODES[_settings(equipment)["battery_mode"]]


# Storms


@operation("get_storm_guard", "GET", _STORM, family=Family.MONITORING)
def get_storm_guard(call: Call) -> Answer:
    equipment = _with_encharges(call, "encharges")
    return Answer(200, _storm(equipment, equipment.kept.get("storm_guard", "disabled")))


@operation("update_storm_guard", "PUT", _STORM, family=Family.MONITORING, writes=True)
def update_storm_guard(call: Call) -> Answer:
    equipment = _with_encharges(call, "encharge")
    body = call.request.json()
    status = body.get("storm_guard_status") if isinstance(body, dict) else None
    if status not in ("enabled", "disabled"):
        raise unprocessable("storm_guard_status must be enabled or disabled", code=None)
    kept.write(call.db, equipment.system_id, "storm_guard", status)
    shown = "Enabled (Inactive)" if status == "enabled" else "Disabled (Inactive)"
    return Answer(200, _storm(equipment, shown))


def _storm(equipment: Equipment, status: str) -> dict[str, Any]:
    # Text, not a boolean.
    return {
        "system_id": equipment.system_id,
        "storm_guard_status": status,
        "storm_alert": "false",
    }


# The grid


@operation(
    "get_grid_status",
    "GET",
    "/systems/config/{system_id}/grid_status",
    family=Family.MONITORING,
    window_in_429=False,
)
def get_grid_status(call: Call) -> Answer:
    equipment = Equipment(call.db, find_monitored(call), call.now)
    if equipment.last_report_at is None:
        raise unprocessable("grid_state not available as the site has not reported yet", code=None)
    return Answer(
        200,
        {
            "system_id": equipment.system_id,
            "grid_state": grid_state(equipment),
            "last_report_date": equipment.last_report_at,
        },
    )


def grid_state(equipment: Equipment) -> str:
    if equipment.row["status"] == "off_grid":
        return "Off Grid"
    known = equipment.reporting and equipment.row["status"] != "grid_unknown"
    return "On Grid" if known else "Unknown"


# Loads behind a system controller


@operation("get_load_control", "GET", _LOADS, family=Family.MONITORING)
def get_load_control(call: Call) -> Answer:
    """All dry contacts; none without a system controller, and no 422."""
    equipment = Equipment(call.db, find_monitored(call), call.now)
    shown = {"system_id": equipment.system_id, "load_control_data": _contacts(equipment)}
    return Answer(200, shown)


@operation("update_load_control", "PUT", _LOADS, family=Family.MONITORING, writes=True)
def update_load_control(call: Call) -> Answer:
    """Change one contact; the answer has all of them."""
    equipment = Equipment(call.db, find_monitored(call), call.now)
    body = call.request.json()
    if not isinstance(body, dict) or not isinstance(body.get("name"), str):
        raise unprocessable("name is mandatory", code=None)
    contacts = _contacts(equipment)
    contact = next((one for one in contacts if one["name"] == body["name"]), None)
    if contact is None:
        raise unprocessable(f"Dry contact {body['name']} is not configured", code=None)
    if body.get("mode") is not None:
        if body["mode"] not in _LOAD_MODES:
            raise unprocessable(f"mode must be {', '.join(_LOAD_MODES)}", code=None)
        contact["mode"] = body["mode"]
        _require(body, contact["mode"])
    if body.get("soc_low") is not None:
        low = _whole("soc_low", body["soc_low"])
        if not 10 <= low <= 90:
            raise unprocessable("soc_low must be between 10 and 90", code=None)
        contact["soc_low"] = low
        # Switching on again waits for some more charge; this cannot be set.
        contact["soc_high"] = min(100, low + 20)
    for name in ("essential_start_time", "essential_end_time"):
        if body.get(name) is not None:
            seconds = _whole(name, body[name])
            if not 0 <= seconds <= _SECONDS_A_DAY:
                raise unprocessable(f"{name} must be between 0 and {_SECONDS_A_DAY}", code=None)
            contact[name] = seconds
    kept.write(call.db, equipment.system_id, "load_control", contacts)
    return Answer(200, {"system_id": equipment.system_id, "load_control_data": contacts})


def _require(body: dict[str, Any], mode: str) -> None:
    needed = {
        "Advanced_BatteryPowered": ("soc_low",),
        "Scheduled": ("essential_start_time", "essential_end_time"),
    }
    for name in needed.get(mode, ()):
        if body.get(name) is None:
            raise unprocessable(f"{name} is mandatory for {mode} mode", code=None)


def _contacts(equipment: Equipment) -> list[dict[str, Any]]:
    if "load_control" in equipment.kept:
        return list(equipment.kept["load_control"])
    if not equipment.enpowers or not equipment.has_reported:
        return []
    return [
        {
            "name": name,
            "load_name": load,
            "owner_can_override": True,
            "mode": "Basic",
            "soc_low": 30,
            "soc_high": 50,
            "status": "enabled",
            "essential_start_time": 32_400,
            "essential_end_time": 57_600,
        }
        for name, load in (("NC1", "Downstairs A/C"), ("NC2", "Pool pump"))
    ]


def _whole(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise unprocessable(f"{name} must be an integer", code=None)
    return value
