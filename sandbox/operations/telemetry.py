"""Production, consumption and the grid in intervals: get_production_micro_telemetry,
get_production_meter_telemetry, get_micro_telemetry, get_consumption_meter_telemetry,
get_energy_import_telemetry, get_energy_export_telemetry."""

from __future__ import annotations

from typing import Any

from sandbox.errors import Family, Refusal
from sandbox.operations.equipment import Equipment
from sandbox.operations.intervals import five_minutes, part, shares
from sandbox.operations.sight import find_monitored
from sandbox.operations.windows import Window, telemetry_window
from sandbox.physics.calendar import SLOT
from sandbox.routing import Call, operation
from sandbox.wire import Answer

_SITE = "/systems/{system_id}/telemetry"
_FIVE = 300


@operation(
    "get_production_micro_telemetry", "GET", f"{_SITE}/production_micro", family=Family.MONITORING
)
def get_production_micro_telemetry(call: Call) -> Answer:
    equipment = Equipment(call.db, find_monitored(call), call.now)
    window = telemetry_window(call, equipment, _FIVE)
    alive = len(equipment.micros) - len(equipment.silent)
    rows = [
        {
            "end_at": end_at,
            # In the dark microinverters are off.
            "devices_reporting": alive if wh else 0,
            "powr": wh * 12,
            "enwh": wh,
        }
        for end_at, wh in _five_minutes(equipment, window)
    ]
    head = window.head(equipment, len(equipment.micros))
    return Answer(200, {**head, "intervals": rows, "meta": equipment.meta()})


@operation(
    "get_micro_telemetry",
    "GET",
    "/systems/{system_id}/devices/micros/{serial_no:text}/telemetry",
    family=Family.MONITORING,
)
def get_micro_telemetry(call: Call) -> Answer:
    """The part of one microinverter; a silent one has nothing to tell."""
    equipment = Equipment(call.db, find_monitored(call), call.now)
    serial = call.ids["serial_no"]
    if serial not in equipment.micros:
        raise Refusal(404, f'Micro not found for {{:id=>"{serial}"}}')
    index = equipment.micros.index(serial)
    window = telemetry_window(call, equipment, _FIVE)
    rows = []
    if index not in equipment.silent and window.reported > window.start:
        first = window.start // SLOT * SLOT
        slots = (window.reported - first - 1) // SLOT + 1
        bounds = [of_quarter[index] for of_quarter in shares(equipment, first, slots)]
        for end_at, wh in _five_minutes(equipment, window):
            own = part(wh, *bounds[(end_at - 1 - first) // SLOT])
            rows.append({"end_at": end_at, "powr": own * 12, "enwh": own})
    head = window.head(equipment, 1)
    return Answer(200, {**head, "serial_number": serial, "intervals": rows})


@operation(
    "get_production_meter_telemetry", "GET", f"{_SITE}/production_meter", family=Family.MONITORING
)
def get_production_meter_telemetry(call: Call) -> Answer:
    equipment = Equipment(call.db, find_monitored(call), call.now)
    window, rows = _metered(call, equipment, "production", "production")
    listed = [{"end_at": at, "devices_reporting": 1, "wh_del": wh} for at, wh in rows]
    devices = int(equipment.meter("production") is not None)
    return Answer(200, {**window.head(equipment, devices), "intervals": listed})


@operation(
    "get_consumption_meter_telemetry",
    "GET",
    f"{_SITE}/consumption_meter",
    family=Family.MONITORING,
)
def get_consumption_meter_telemetry(call: Call) -> Answer:
    equipment = Equipment(call.db, find_monitored(call), call.now)
    window, rows = _metered(call, equipment, "consumption", "consumption")
    listed = [{"end_at": at, "devices_reporting": 1, "enwh": wh} for at, wh in rows]
    head = window.head(equipment, int(equipment.meter("consumption") is not None))
    return Answer(200, {**head, "intervals": listed, "meta": equipment.meta()})


@operation(
    "get_energy_import_telemetry",
    "GET",
    "/systems/{system_id}/energy_import_telemetry",
    family=Family.MONITORING,
    window_in_429=False,
)
def get_energy_import_telemetry(call: Call) -> Answer:
    return _grid(call, "imported", "wh_imported")


@operation(
    "get_energy_export_telemetry",
    "GET",
    "/systems/{system_id}/energy_export_telemetry",
    family=Family.MONITORING,
    window_in_429=False,
)
def get_energy_export_telemetry(call: Call) -> Answer:
    return _grid(call, "exported", "wh_exported")


def _grid(call: Call, series: str, name: str) -> Answer:
    """Intervals lie one level deeper, and no devices are ever counted."""
    equipment = Equipment(call.db, find_monitored(call), call.now)
    window, rows = _metered(call, equipment, series, "consumption")
    listed: list[list[dict[str, Any]]] = []
    if rows:
        listed.append([{"end_at": end_at, name: wh} for end_at, wh in rows])
    head = window.head(equipment, 0)
    return Answer(200, {**head, "intervals": listed, "meta": equipment.meta()})


def _metered(
    call: Call, equipment: Equipment, series: str, kind: str
) -> tuple[Window, list[tuple[int, int]]]:
    """Give the quarters of a series while the meter it needs was measuring."""
    window = telemetry_window(call, equipment, SLOT)
    meter = equipment.meter(kind)
    if meter is None:
        return window, []
    return window, equipment.series(series, window.start, window.reported, meter.spans)


def _five_minutes(equipment: Equipment, window: Window) -> list[tuple[int, int]]:
    """Give (end, Wh) of each five minutes of the window; three add up to their quarter."""
    quarters = equipment.series(
        "production", window.start // SLOT * SLOT - SLOT, window.reported + 2 * SLOT, None,
        whole=True,
    )  # fmt: skip
    values = dict(quarters)
    rows = []
    for end_at in range(window.start + _FIVE, window.reported + 1, _FIVE):
        if not equipment.first_report or end_at <= equipment.first_report:
            continue
        quarter = -(-end_at // SLOT) * SLOT
        three = five_minutes(
            values.get(quarter - SLOT, 0), values.get(quarter, 0), values.get(quarter + SLOT, 0)
        )
        rows.append((end_at, three[(end_at - quarter + SLOT) // _FIVE - 1]))
    return rows
