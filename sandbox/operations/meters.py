"""Meters: get_meter, update_meter, control_meter (a task that finishes later)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sandbox.errors import Refusal, unprocessable
from sandbox.operations import kept
from sandbox.operations.equipment import Equipment, Meter
from sandbox.operations.sight import find_system
from sandbox.physics.calendar import zone
from sandbox.physics.plant import LAST
from sandbox.routing import Call, operation
from sandbox.wire import Answer

_METER = "/systems/{system_id}/meters/{serial_number:text}"
_TASKS = {"enabled": "Enable", "disabled": "Disable"}


@operation("get_meter", "GET", _METER)
def get_meter(call: Call) -> Answer:
    equipment = Equipment(call.db, find_system(call, "system_id"), call.now)
    meter = _find(call, equipment)
    shown = _head(equipment, meter) | {
        "phase": "L1(A)",
        "envoy_serial_number": equipment.gateway,
        "status": equipment.row["status"]
        if equipment.row["status"] in ("meter", "meter_issue")
        else "normal",
        "state": meter.state,
    }
    if meter.spans and equipment.until is not None:
        since, until = meter.spans[0][0], min(meter.spans[-1][1], equipment.until)
        shown["first_report_date"] = _iso(equipment.zone, since)
        shown["last_report_date"] = _iso(equipment.zone, max(since, until))
    return Answer(200, shown)


@operation("update_meter", "PUT", _METER, writes=True)
def update_meter(call: Call) -> Answer:
    """Set the operational date: a query parameter, there is no body."""
    equipment = Equipment(call.db, find_system(call, "system_id"), call.now)
    meter = _find(call, equipment)
    text = call.query.get("operational_date", "").strip()
    if not text:
        raise unprocessable("operational date parameter missing in url", code=None)
    try:
        date = dt.date.fromisoformat(text)
    except ValueError as error:
        raise unprocessable("Invalid operational date", code=None) from error
    if date.isoformat() != text:
        raise unprocessable("Invalid operational date", code=None)
    _change(call, equipment, meter, {"operational_date": text})
    return Answer(200, _head(Equipment(call.db, equipment.row, call.now), meter))


@operation(
    "control_meter",
    "POST",
    "/activations/{activation_id}/meters/{serial_number:text}/meter_control",
    writes=True,
)
def control_meter(call: Call) -> Answer:
    """Enable or disable. The success looks like an error; a silent gateway never gets to it."""
    equipment = Equipment(call.db, find_system(call), call.now)
    meter = _find(call, equipment)
    body = call.request.json()
    status = body.get("status") if isinstance(body, dict) else None
    if status not in tuple(_TASKS):
        raise unprocessable("Invalid status, expected status is 'enabled' or 'disabled'", code=None)
    record = equipment.kept.get(f"meter {meter.serial}", {})
    due = call.now + call.settings.meter_seconds if equipment.reporting else LAST
    # A new task takes the place of one that is still on its way.
    done = [one for one in record.get("switches", ()) if one[0] <= call.now]
    at_first = record.get("at_first", meter.state)
    _change(call, equipment, meter, {"at_first": at_first, "switches": [*done, [due, status]]})
    text = f"{_TASKS[status]} task sent to meter. Please wait until meter is {status}"
    return Answer(200, {"reason": "200", "message": [text]})


def _find(call: Call, equipment: Equipment) -> Meter:
    for meter in equipment.meters:
        if meter.serial == call.ids["serial_number"]:
            return meter
    raise Refusal(404, "Meter not found")


def _head(equipment: Equipment, meter: Meter) -> dict[str, Any]:
    date = equipment.kept.get(f"meter {meter.serial}", {}).get("operational_date")
    if date is None and equipment.first_report is not None:
        began = dt.datetime.fromtimestamp(equipment.first_report, zone(equipment.zone))
        date = began.date().isoformat()
    return {
        "serial_number": meter.serial,
        "manufacturer": "Enphase Energy",
        "model": "IQ Envoy",
        "type": meter.kind,
        "operational_date": date,
    }


def _change(call: Call, equipment: Equipment, meter: Meter, changes: dict[str, Any]) -> None:
    name = f"meter {meter.serial}"
    record = {**equipment.kept.get(name, {}), **changes}
    kept.write(call.db, equipment.system_id, name, record)


def _iso(zone_name: str, epoch: float) -> str:
    """ISO 8601 with the offset of the site, unlike the operational date."""
    return dt.datetime.fromtimestamp(epoch, zone(zone_name)).isoformat(timespec="seconds")
