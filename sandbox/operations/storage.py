"""Batteries over time: get_battery_telemetry, get_encharge_telemetry, get_acb_telemetry,
get_battery_lifetime."""

from __future__ import annotations

from sandbox.errors import Family, Refusal
from sandbox.operations.equipment import ACB_WH, ENCHARGE_WH, Equipment
from sandbox.operations.intervals import part
from sandbox.operations.lifetimes import IN_FUTURE
from sandbox.operations.sight import find_monitored
from sandbox.operations.windows import lifetime_days, telemetry_window
from sandbox.physics.calendar import SLOT, iso
from sandbox.routing import Call, operation
from sandbox.wire import Answer


@operation(
    "get_battery_telemetry",
    "GET",
    "/systems/{system_id}/telemetry/battery",
    family=Family.MONITORING,
)
def get_battery_telemetry(call: Call) -> Answer:
    equipment = Equipment(call.db, find_monitored(call), call.now)
    window = telemetry_window(call, equipment, SLOT)
    devices = len(equipment.encharges) + len(equipment.acbs)
    rows = []
    if devices:
        charge, discharge, stored = (
            equipment.series(series, window.start, window.reported, None)
            for series in ("charge", "discharge", "stored")
        )
        rows = [
            {
                "end_at": end_at,
                "charge": {"enwh": taken, "devices_reporting": devices},
                "discharge": {"enwh": given[1], "devices_reporting": devices},
                "soc": {"percent": _percent(equipment, level[1]), "devices_reporting": devices},
            }
            for (end_at, taken), given, level in zip(charge, discharge, stored, strict=True)
        ]
    shown = {**window.head(equipment, devices), "intervals": rows}
    soc = last_soc(equipment)
    if soc is not None:
        shown["last_reported_aggregate_soc"] = f"{soc}%"
    return Answer(200, shown)


@operation(
    "get_encharge_telemetry",
    "GET",
    "/systems/{system_id}/devices/encharges/{serial_no:text}/telemetry",
    family=Family.MONITORING,
)
def get_encharge_telemetry(call: Call) -> Answer:
    equipment = Equipment(call.db, find_monitored(call), call.now)
    serial = call.ids["serial_no"]
    if serial not in equipment.encharges:
        raise Refusal(404, f'Encharge not found for {{:id=>"{serial}"}}')
    return _one(call, equipment, serial)


@operation(
    "get_acb_telemetry",
    "GET",
    "/systems/{system_id}/devices/acbs/{serial_no:text}/telemetry",
    family=Family.MONITORING,
)
def get_acb_telemetry(call: Call) -> Answer:
    equipment = Equipment(call.db, find_monitored(call), call.now)
    serial = call.ids["serial_no"]
    if serial not in equipment.acbs:
        raise Refusal(404, f'ACB not found for {{:id=>"{serial}"}}')
    return _one(call, equipment, serial)


@operation(
    "get_battery_lifetime",
    "GET",
    "/systems/{system_id}/battery_lifetime",
    family=Family.MONITORING,
    window_in_429=False,
)
def get_battery_lifetime(call: Call) -> Answer:
    """Two parallel series; a site without batteries has none."""
    equipment = Equipment(call.db, find_monitored(call), call.now)
    days = lifetime_days(call, equipment, IN_FUTURE)
    stores = bool(equipment.plant.capacity_wh) and equipment.first_day is not None
    return Answer(
        200,
        {
            "system_id": equipment.system_id,
            "start_date": iso(days.start) if stores else None,
            **{
                series: [equipment.wh(series, day) for day in days] if stores else []
                for series in ("charge", "discharge")
            },
            "meta": equipment.meta(),
        },
    )


def shares_of(equipment: Equipment) -> dict[str, tuple[float, float]]:
    """Give each battery's stretch of what all of them do together, by its capacity."""
    sizes = [(serial, ENCHARGE_WH) for serial in equipment.encharges]
    sizes += [(serial, ACB_WH) for serial in equipment.acbs]
    whole = sum(size for _, size in sizes)
    bounds, reached = {}, 0
    for serial, size in sizes:
        bounds[serial] = (reached / whole, (reached + size) / whole)
        reached += size
    return bounds


def last_soc(equipment: Equipment) -> int | None:
    """Give the state of charge in percent as last reported, None when nothing was."""
    until = equipment.until
    if not equipment.plant.capacity_wh or until is None:
        return None
    return _percent(equipment, equipment.value_at("stored", until))


def _one(call: Call, equipment: Equipment, serial: str) -> Answer:
    window = telemetry_window(call, equipment, SLOT)
    low, high = shares_of(equipment)[serial]
    charge, discharge, stored = (
        equipment.series(series, window.start, window.reported, None)
        for series in ("charge", "discharge", "stored")
    )
    rows = [
        {
            "end_at": end_at,
            "charge": {"enwh": part(taken, low, high)},
            "discharge": {"enwh": part(given[1], low, high)},
            "soc": {"percent": _percent(equipment, level[1])},
        }
        for (end_at, taken), given, level in zip(charge, discharge, stored, strict=True)
    ]
    shown = {**window.head(equipment, 1), "serial_number": serial, "intervals": rows}
    soc = last_soc(equipment)
    if soc is not None:
        shown |= {"last_reported_time": equipment.until, "last_reported_soc": f"{soc}%"}
    return Answer(200, shown)


def _percent(equipment: Equipment, stored_wh: int) -> int:
    return round(100 * stored_wh / equipment.plant.capacity_wh)
