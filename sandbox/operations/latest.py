"""The last word of each device: get_latest_telemetry."""

from __future__ import annotations

from typing import Any

from sandbox.errors import Family
from sandbox.operations.devices import device_id
from sandbox.operations.equipment import Equipment
from sandbox.operations.intervals import part
from sandbox.operations.sight import find_monitored
from sandbox.operations.storage import shares_of
from sandbox.physics.calendar import day_of
from sandbox.physics.house import sessions
from sandbox.routing import Call, operation
from sandbox.wire import Answer

_WEEK = 7 * 86_400


@operation(
    "get_latest_telemetry",
    "GET",
    "/systems/{system_id}/latest_telemetry",
    family=Family.MONITORING,
    window_in_429=False,
)
def get_latest_telemetry(call: Call) -> Answer:
    """Power of meters and batteries, mode of the charger; older than a week counts as unknown."""
    equipment = Equipment(call.db, find_monitored(call), call.now)
    at = equipment.until
    if at is not None and call.now - at > _WEEK:
        at = None
    devices = {
        "meters": _meters(equipment, at),
        "encharges": _batteries(equipment, at),
        "evse": [
            {
                "serial_number": serial,
                "name": "IQ EV Charger",
                "last_report_at": at,
                "operational_mode": None if at is None else charger_mode(equipment, at),
            }
            for serial in equipment.chargers
        ],
    }
    present = {kind: listed for kind, listed in devices.items() if listed}
    head = {"system_id": equipment.system_id, "items": "devices"}
    return Answer(200, {**head, "devices": present})


def charger_mode(equipment: Equipment, at: int) -> str:
    """CHARGING in a session, IDLE (plugged in, done) until midnight after one, else out."""
    day = day_of(equipment.zone, at - 1)
    started = [one for one in sessions(equipment.plant, day) if one[0] < at]
    if not started:
        return "PLUGGED_OUT"
    return "CHARGING" if any(at <= one[1] for one in started) else "IDLE"


def _meters(equipment: Equipment, at: int | None) -> list[dict[str, Any]]:
    """A line for each of three channels, of which all sites here use the first."""
    listed = []
    for meter in equipment.meters:
        known = at if at is not None and equipment.counts(at, meter.spans) else None
        power = None if known is None else _power(equipment, meter.kind, known)
        listed += [
            {
                "id": device_id(meter.serial),
                "name": meter.kind,
                "channel": channel,
                "last_report_at": known if channel == 1 else None,
                "power": power if channel == 1 else None,
            }
            for channel in (1, 2, 3)
        ]
    return listed


def _power(equipment: Equipment, kind: str, at: int) -> int:
    """Average W. In net configuration consumption is production plus grid, without battery."""
    made = equipment.value_at("production", at)
    if kind == "production":
        return made * 4
    if equipment.net_config:
        imported = equipment.value_at("imported", at)
        return (made + imported - equipment.value_at("exported", at)) * 4
    return equipment.value_at("consumption", at) * 4


def _batteries(equipment: Equipment, at: int | None) -> list[dict[str, Any]]:
    """Charging is positive here, so that consumption minus battery is the home load."""
    shares = shares_of(equipment) if equipment.encharges else {}
    listed = []
    for serial in equipment.encharges:
        power = None
        if at is not None:
            charge, discharge = (
                part(equipment.value_at(series, at), *shares[serial])
                for series in ("charge", "discharge")
            )
            power = (charge - discharge) * 4
        listed.append(
            {
                "id": device_id(serial),
                "name": f"Encharge {serial}",
                "channel": 1,
                "last_report_at": at,
                "power": power,
                "operational_mode": None
                if power is None
                else "Charging"
                if power > 0
                else "Discharging"
                if power < 0
                else "Idle",
            }
        )
    return listed
