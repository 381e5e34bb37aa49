"""EV chargers: list_ev_chargers, list_ev_charger_events, list_ev_charger_sessions,
list_ev_charger_schedules, get_ev_charger_lifetime, get_ev_charger_telemetry, start_ev_charging,
stop_ev_charging. Dates are YYYYMMDD here, and refusals are 400 with a code that is text."""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from typing import Any

from sandbox.errors import FORBIDDEN, Family, Refusal
from sandbox.operations import kept
from sandbox.operations.devices import charger
from sandbox.operations.equipment import CHARGER_W, Equipment
from sandbox.operations.sight import may_see
from sandbox.operations.windows import DAY, TWO_YEARS
from sandbox.physics.calendar import SLOT, day_of, iso, midnight
from sandbox.physics.house import charger as charger_quarters
from sandbox.physics.house import sessions
from sandbox.routing import Call, operation
from sandbox.wire import Answer

_SITE = "/systems/{system_id}/ev_charger"
_ONE = _SITE + "/{serial_no:text}"
_BAD_SYSTEM = "Invalid system_id"
_BAD_SERIAL = "Invalid system_id or serial_no"
_BAD_PAGE = "Invalid offset/limit"
_MANUAL_SECONDS = 2 * 3600
_LONGEST_RANGE = 3660
_KWH_PER_MILE = 0.3
_PRICE_PER_KWH = 0.28


@operation("list_ev_chargers", "GET", f"{_SITE}/devices", family=Family.EV)
def list_ev_chargers(call: Call) -> Answer:
    equipment = _equipment(call, _BAD_SYSTEM)
    listed = [charger(equipment, serial) for serial in equipment.chargers]
    return Answer(
        200,
        {
            "system_id": equipment.system_id,
            "total_devices": len(listed),
            "items": "devices",
            "devices": {"ev_chargers": listed},
        },
    )


@operation("list_ev_charger_events", "GET", f"{_SITE}/events", family=Family.EV)
def list_ev_charger_events(call: Call) -> Answer:
    """Starts and stops, the latest first. `count` is how many are in the answer."""
    equipment = _equipment(call, _BAD_SYSTEM)
    offset, limit = _page(call)
    events: list[dict[str, Any]] = []
    wanted = call.query.get("serial_num", "")
    for serial in equipment.chargers:
        if wanted and wanted != serial:
            continue
        for start, end, _ in _finished(equipment):
            for at, verb in ((end, "stopped"), (start, "started")):
                text = f"Charging {verb} on IQ EV Charger (SNo. {serial})."
                events.append(
                    {"status": "Info", "triggered_date": at, "cleared_date": at, "details": text}
                )
    chosen = events[offset : offset + limit]
    head = {"count": len(chosen), "system_id": equipment.system_id}
    return Answer(200, {**head, "events": chosen})


@operation("list_ev_charger_sessions", "GET", f"{_ONE}/sessions", family=Family.EV)
def list_ev_charger_sessions(call: Call) -> Answer:
    """Finished sessions, the latest first. The energy is documented as Wh and is kWh."""
    equipment = _with_charger(call)
    offset, limit = _page(call)
    chosen = _finished(equipment)[offset : offset + limit]
    listed = []
    for start, end, watts in chosen:
        energy = round(watts * (end - start) / 3_600_000, 2)
        listed.append(
            {
                "start_time": start,
                "end_time": end,
                "duration": end - start,
                "energy_added": energy,
                "charge_time": end - start,
                "miles_added": round(energy / _KWH_PER_MILE, 1),
                "cost": round(energy * _PRICE_PER_KWH, 2),
            }
        )
    head = {"count": len(listed), "system_id": equipment.system_id}
    return Answer(200, {**head, "sessions": listed})


@operation("list_ev_charger_schedules", "GET", f"{_ONE}/schedules", family=Family.EV)
def list_ev_charger_schedules(call: Call) -> Answer:
    equipment = _with_charger(call)
    schedules = [
        {"days": [1, 2], "start_time": "1:00", "end_time": "2:00", "charging_level": 70},
        {"days": [3, 4, 5, 6, 7], "start_time": "2:00", "end_time": "3:00", "charging_level": 80},
    ]
    one = {
        "schedules": schedules,
        "type": "Custom",
        "is_active": False,
        "reminder_flag": True,
        "reminder_timer": 10,
    }
    return Answer(200, {"system_id": equipment.system_id, "charger_schedules": [one]})


@operation("get_ev_charger_lifetime", "GET", f"{_ONE}/lifetime", family=Family.EV)
def get_ev_charger_lifetime(call: Call) -> Answer:
    """Wh by day, from the day before on unless told otherwise; not reported yet is 0."""
    equipment = _with_charger(call)
    today = equipment.today
    wrong = "Invalid start_date/end_date"
    start = _date(call.query.get("start_date", ""), today - 1, wrong)
    end = _date(call.query.get("end_date", ""), max(start, today - 1), wrong)
    if end < start or end > today or end - start > _LONGEST_RANGE:
        raise Refusal(400, wrong)
    values = [sum(wh for _, wh in _quarters(equipment, day)) for day in range(start, end + 1)]
    shown = {"system_id": equipment.system_id, "start_date": iso(start), "consumption": values}
    return Answer(200, shown)


@operation("get_ev_charger_telemetry", "GET", f"{_ONE}/telemetry", family=Family.EV)
def get_ev_charger_telemetry(call: Call) -> Answer:
    """Quarters of an hour of a day (96) or a week (672), from the day before on."""
    equipment = _with_charger(call)
    granularity = call.query.get("granularity") or "day"
    if granularity not in ("day", "week"):
        raise Refusal(400, "Invalid granularity")
    text, by_epoch = call.query.get("start_date", ""), call.query.get("start_at", "")
    if by_epoch:
        if not by_epoch.isdecimal() or len(by_epoch) > 11:
            raise Refusal(400, "Invalid start_at")
        start = int(by_epoch) // SLOT * SLOT
    else:
        day = _date(text, equipment.today - 1, "Invalid start_date")
        start = midnight(equipment.zone, day)
    if not call.now - TWO_YEARS <= start <= call.now:
        raise Refusal(400, "Invalid start_at" if by_epoch else "Invalid start_date")
    end = min(int(call.now), start + (DAY if granularity == "day" else 7 * DAY))
    rows = []
    for date in range(day_of(equipment.zone, start), day_of(equipment.zone, end) + 1):
        rows += [
            {"consumption": wh, "end_at": at}
            for at, wh in _quarters(equipment, date)
            if start < at <= end
        ]
    bounds: dict[str, Any] = {"start_at": start, "end_at": end}
    if text and not by_epoch:
        last = day_of(equipment.zone, end - 1)
        first = day_of(equipment.zone, start)
        bounds = {"start_date": iso(first), "end_date": iso(max(first, last))}
    head = {"system_id": equipment.system_id, "granularity": granularity}
    return Answer(200, {**head, **bounds, "consumption": rows})


@operation("start_ev_charging", "POST", f"{_ONE}/start_charging", family=Family.EV, writes=True)
def start_ev_charging(call: Call) -> Answer:
    """Ask for charging: a session of at most two hours. A car that charges goes on as before."""
    equipment = _with_charger(call)
    body = call.request.json()
    fields = body if isinstance(body, dict) else {}
    wrong = []
    connector = _number(fields.get("connectorId", "1"))
    level = _number(fields.get("chargingLevel", "100"))
    if connector is None or connector < 1:
        wrong.append("Connector Id must be greater than 0")
    if level is None or not 0 <= level <= 100:
        wrong.append("Charging level should be in the range [0-100]")
    if wrong:
        raise Refusal(400, *wrong)
    now = int(call.now)
    if equipment.reporting and _running(equipment, now) is None:
        charging = _charging(equipment)
        watts = CHARGER_W * (level or 0) // 100
        charging["started"].append([now, now + _MANUAL_SECONDS, watts])
        kept.write(call.db, equipment.system_id, "charging", charging)
    return Answer(202, {"message": "Request sent successfully"})


@operation("stop_ev_charging", "POST", f"{_ONE}/stop_charging", family=Family.EV, writes=True)
def stop_ev_charging(call: Call) -> Answer:
    equipment = _with_charger(call)
    now = int(call.now)
    if equipment.reporting and _running(equipment, now) is not None:
        charging = _charging(equipment)
        charging["stopped"].append(now)
        kept.write(call.db, equipment.system_id, "charging", charging)
    return Answer(202, {"message": "Request sent successfully"})


def _equipment(call: Call, wrong: str) -> Equipment:
    """Unknown systems are 400 here; those of others 403."""
    system_id = call.ids["system_id"]
    row: sqlite3.Row | None = None
    if isinstance(system_id, int):
        row = call.db.execute("SELECT * FROM systems WHERE system_id = ?", (system_id,)).fetchone()
    if row is None or row["stage"] < call.settings.systems_visible_from_stage:
        raise Refusal(400, wrong)
    if not may_see(call, row["system_id"]):
        raise Refusal(403, FORBIDDEN)
    call.subject = row["system_id"]
    return Equipment(call.db, row, call.now)


def _with_charger(call: Call) -> Equipment:
    equipment = _equipment(call, _BAD_SERIAL)
    if call.ids["serial_no"] not in equipment.chargers:
        raise Refusal(400, _BAD_SERIAL)
    return equipment


def _quarters(equipment: Equipment, day: int) -> list[tuple[int, int]]:
    """Give (end, Wh) of each quarter of a local day until now; not reported yet is 0."""
    start = midnight(equipment.zone, day)
    values = charger_quarters(equipment.plant, day)
    found = []
    for index, value in enumerate(values):
        end_at = start + (index + 1) * SLOT
        found.append((end_at, value if equipment.counts(end_at, None) else 0))
    return found


def _finished(equipment: Equipment) -> list[tuple[int, int, int]]:
    """Give the sessions that are over, the latest first."""
    if equipment.first_day is None or equipment.until is None:
        return []
    found: list[tuple[int, int, int]] = []
    for day in range(equipment.first_day, equipment.today + 1):
        found += [
            one
            for one in sessions(equipment.plant, day)
            if one[0] >= (equipment.first_report or 0) and one[1] <= equipment.until
        ]
    return sorted(found, reverse=True)


def _running(equipment: Equipment, now: int) -> tuple[int, int, int] | None:
    for one in sessions(equipment.plant, equipment.today):
        if one[0] <= now < one[1]:
            return one
    return None


def _charging(equipment: Equipment) -> dict[str, list[Any]]:
    return {"started": [], "stopped": [], **equipment.kept.get("charging", {})}


def _page(call: Call) -> tuple[int, int]:
    offset, limit = call.query.get("offset", "0"), call.query.get("limit", "20")
    for text in (offset, limit):
        if not text.isdecimal() or len(text) > 9:
            raise Refusal(400, _BAD_PAGE)
    if not 1 <= int(limit) <= 100:
        raise Refusal(400, _BAD_PAGE)
    return int(offset), int(limit)


def _date(text: str, default: int, wrong: str) -> int:
    """Read YYYYMMDD."""
    if not text:
        return default
    if not re.fullmatch("[0-9]{8}", text):
        raise Refusal(400, wrong)
    try:
        return dt.date(int(text[:4]), int(text[4:6]), int(text[6:])).toordinal()
    except ValueError as error:
        raise Refusal(400, wrong) from error


def _number(value: Any) -> int | None:
    """Numbers are documented as text; a plain number will do as well."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and re.fullmatch("-?[0-9]{1,9}", value):
        return int(value)
    return None
