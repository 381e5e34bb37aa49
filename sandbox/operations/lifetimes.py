"""Energy by day: get_energy_lifetime, get_consumption_lifetime, get_energy_import_lifetime,
get_energy_export_lifetime. What is not reported yet is 0, and no day is left out."""

from __future__ import annotations

from typing import Any

from sandbox.errors import Family
from sandbox.operations.equipment import Equipment
from sandbox.operations.sight import find_monitored
from sandbox.operations.windows import lifetime_days
from sandbox.physics.calendar import day_of, iso
from sandbox.routing import Call, operation
from sandbox.wire import Answer

IN_FUTURE = "Requested date is in the future"
OUT_OF_RANGE = "Requested date range is invalid for this system"


@operation(
    "get_energy_lifetime", "GET", "/systems/{system_id}/energy_lifetime", family=Family.MONITORING
)
def get_energy_lifetime(call: Call) -> Answer:
    """Microinverters and meter see the same energy here, so the merged series is either."""
    equipment = Equipment(call.db, find_monitored(call), call.now)
    days = lifetime_days(call, equipment, OUT_OF_RANGE)
    began = bool(equipment.plant.running) and equipment.first_day is not None
    micros = [equipment.wh("production", day) for day in days] if began else []
    shown: dict[str, Any] = {
        "system_id": equipment.system_id,
        "start_date": iso(days.start) if began else None,
        "production": micros,
        "meta": equipment.meta(),
    }
    meter = equipment.meter("production")
    if meter is not None and meter.spans:
        shown["meter_start_date"] = iso(day_of(equipment.zone, meter.spans[0][0]))
    if call.query.get("production") == "all":
        shown["micro_production"] = micros
        spans = meter.spans if meter is not None else ()
        shown["meter_production"] = (
            [equipment.wh("production", day, spans) for day in days] if began else []
        )
    return Answer(200, shown)


@operation(
    "get_consumption_lifetime",
    "GET",
    "/systems/{system_id}/consumption_lifetime",
    family=Family.MONITORING,
    window_in_429=False,
)
def get_consumption_lifetime(call: Call) -> Answer:
    return _metered(call, consumption="consumption")


@operation(
    "get_energy_import_lifetime",
    "GET",
    "/systems/{system_id}/energy_import_lifetime",
    family=Family.MONITORING,
    window_in_429=False,
)
def get_energy_import_lifetime(call: Call) -> Answer:
    return _metered(call, **{"import": "imported"})


@operation(
    "get_energy_export_lifetime",
    "GET",
    "/systems/{system_id}/energy_export_lifetime",
    family=Family.MONITORING,
    window_in_429=False,
)
def get_energy_export_lifetime(call: Call) -> Answer:
    return _metered(call, export="exported")


def _metered(call: Call, **series: str) -> Answer:
    """Give series that need a consumption meter; without one they are empty."""
    equipment = Equipment(call.db, find_monitored(call), call.now)
    days = lifetime_days(call, equipment, IN_FUTURE)
    meter = equipment.meter("consumption")
    measured = meter is not None and bool(meter.spans) and equipment.first_day is not None
    spans = meter.spans if meter is not None else ()
    return Answer(
        200,
        {
            "system_id": equipment.system_id,
            "start_date": iso(days.start) if measured else None,
            **{
                name: [equipment.wh(source, day, spans) for day in days] if measured else []
                for name, source in series.items()
            },
            "meta": equipment.meta(),
        },
    )
