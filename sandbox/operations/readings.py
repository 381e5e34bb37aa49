"""Revenue-grade meters: get_production_meter_readings, get_rgm_stats."""

from __future__ import annotations

from sandbox.errors import Family, Refusal, unprocessable
from sandbox.operations.equipment import Equipment
from sandbox.operations.lifetimes import OUT_OF_RANGE
from sandbox.operations.sight import find_monitored
from sandbox.operations.windows import DAY, TWO_YEARS, epoch
from sandbox.physics.calendar import SLOT, day_of, midnight
from sandbox.routing import Call, operation
from sandbox.wire import Answer

_WEEK = 7 * DAY


@operation(
    "get_production_meter_readings",
    "GET",
    "/systems/{system_id}/production_meter_readings",
    family=Family.MONITORING,
)
def get_production_meter_readings(call: Call) -> Answer:
    """The last reading at or before `end_at`: Wh since the meter began."""
    try:
        row = find_monitored(call)
    except Refusal as refusal:
        if refusal.status == 404:
            # The vendor's own slip; the code stays 404.
            refusal.title = "Not Authorized"
        raise
    equipment = Equipment(call.db, row, call.now)
    text = call.query.get("end_at", "")
    end = epoch(text) if text else int(call.now)
    meter = equipment.meter("production")
    readings = []
    if meter is not None and meter.spans and equipment.until is not None:
        read_at = min(end // SLOT * SLOT, equipment.until, meter.spans[-1][1] // SLOT * SLOT)
        if read_at >= meter.spans[0][0]:
            value = _until(equipment, meter.spans, read_at)
            readings.append({"serial_number": meter.serial, "value": value, "read_at": read_at})
    return Answer(
        200,
        {
            "system_id": equipment.system_id,
            "meter_readings": readings,
            "meta": equipment.meta(),
        },
    )


@operation("get_rgm_stats", "GET", "/systems/{system_id}/rgm_stats", family=Family.MONITORING)
def get_rgm_stats(call: Call) -> Answer:
    """Quarters of an hour of at most a week. While data is uploaded (a trouble of some sites)
    it is a 500 in an envelope of its own: try later."""
    equipment = Equipment(call.db, find_monitored(call), call.now)
    start_text, end_text = call.query.get("start_at", ""), call.query.get("end_at", "")
    now = int(call.now)
    start = epoch(start_text) if start_text else midnight(equipment.zone, equipment.today)
    start = start // SLOT * SLOT
    end = epoch(end_text) // SLOT * SLOT if end_text else min(now, start + _WEEK)
    if not now - TWO_YEARS <= start <= min(now, end) or end - start > _WEEK:
        raise unprocessable(OUT_OF_RANGE, code=None)
    if equipment.row["status"] == "data_upload":
        raise Refusal(500, "Data is temporarily unavailable", code=7)
    meter = equipment.meter("production")
    rows = []
    if meter is not None and equipment.until is not None:
        rows = equipment.series("production", start, min(end, equipment.until), meter.spans)
    by_meter = []
    if meter is not None:
        by_meter.append(
            {
                "meter_serial_number": meter.serial,
                "envoy_serial_number": equipment.gateway,
                "intervals": [
                    {"channel": 1, "end_at": end_at, "wh_del": wh, "curr_w": wh * 4}
                    for end_at, wh in rows
                ],
            }
        )
    return Answer(
        200,
        {
            "system_id": equipment.system_id,
            "total_devices": len(by_meter),
            "meta": equipment.meta(),
            "intervals": [
                {"end_at": end_at, "devices_reporting": 1, "wh_del": wh} for end_at, wh in rows
            ],
            "meter_intervals": by_meter,
        },
    )


def _until(equipment: Equipment, spans: tuple[tuple[int, int], ...], read_at: int) -> int:
    """Sum up what a meter counted from its beginning to `read_at`."""
    assert equipment.first_day is not None
    last = day_of(equipment.zone, read_at - 1)
    whole = sum(equipment.wh("production", day, spans) for day in range(equipment.first_day, last))
    rest = equipment.series("production", midnight(equipment.zone, last), read_at, spans)
    return whole + sum(wh for _, wh in rest)
