"""Which stretch of time a request asks for (CONTRACT section 4)."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sandbox.errors import Refusal, unprocessable
from sandbox.operations.equipment import Equipment
from sandbox.physics.calendar import day_of, iso, midnight
from sandbox.routing import Call

DAY = 86_400
TWO_YEARS = 731 * DAY
GRANULARITIES = {"5mins": 300, "15mins": 900, "day": DAY, "week": 7 * DAY}


@dataclass(frozen=True)
class Window:
    """A telemetry request: intervals end in (start, end], of which `reported` are reported."""

    granularity: str
    start: int
    end: int
    reported: int
    by_date: bool
    zone: str

    def head(self, equipment: Equipment, devices: int) -> dict[str, Any]:
        """Give what precedes the intervals; start and end come back in the kind they were sent."""
        bounds: dict[str, Any] = {"start_at": self.start, "end_at": self.end}
        if self.by_date:
            first, last = day_of(self.zone, self.start), day_of(self.zone, self.end - 1)
            bounds = {"start_date": iso(first), "end_date": iso(max(first, last))}
        return {
            "system_id": equipment.system_id,
            "granularity": self.granularity,
            "total_devices": devices,
            **bounds,
            "items": "intervals",
        }


def telemetry_window(call: Call, equipment: Equipment, step: int) -> Window:
    """Read start_at or start_date and granularity; intervals are `step` seconds long.

    A start before the first report moves to the midnight before it; one after the last report
    leaves nothing, which is no mistake; one in the future, or two years back, is.
    """
    granularity = call.query.get("granularity") or "day"
    if granularity not in GRANULARITIES:
        known = ", ".join(GRANULARITIES)
        raise unprocessable(
            f"Invalid request because of 'Granularity is invalid. Known: {known}'", code=None
        )
    by_date = not call.query.get("start_at") and bool(call.query.get("start_date"))
    if call.query.get("start_at"):
        start = epoch(call.query["start_at"])
    elif by_date:
        start = midnight(equipment.zone, date(call.query["start_date"]))
    else:
        start = midnight(equipment.zone, equipment.today)
    length, now = GRANULARITIES[granularity], int(call.now)
    if not now - TWO_YEARS <= start <= now:
        raise out_of_range(equipment, start, start + length)
    if equipment.first_day is not None:
        start = max(start, midnight(equipment.zone, equipment.first_day))
    start = start // step * step
    end = min(now, start + length)
    reported = min(end, equipment.until or 0)
    return Window(granularity, start, end, reported, by_date, equipment.zone)


def out_of_range(equipment: Equipment, start: int, end: int) -> Refusal:
    """The 422 of telemetry, with the vendor's Ruby in it."""
    first = "nil" if equipment.first_report is None else equipment.first_report
    last = "nil" if equipment.until is None else equipment.until
    return unprocessable(
        "Invalid request because of 'Requested date range is invalid for this system."
        f" {{:start_at=>{start}, :end_at=>{end}, :first_interval=>{first},"
        f" :last_interval=>{last}}}'",
        code=None,
    )


def lifetime_days(call: Call, equipment: Equipment, refusal: str) -> range:
    """Give the local dates asked for, from the first report on at the earliest.

    Without an end: until yesterday, or today when the start is today.
    """
    today = equipment.today
    start_text, end_text = call.query.get("start_date", ""), call.query.get("end_date", "")
    start = date(start_text) if start_text else None
    end = date(end_text) if end_text else (today if start == today else today - 1)
    if max(start or 0, end) > today or (start is not None and end_text and end < start):
        raise unprocessable(refusal, code=None)
    first = equipment.first_day
    if first is None:
        return range(0)
    return range(max(start or first, first), end + 1)


def epoch(text: str) -> int:
    """Read epoch seconds, or raise 422."""
    if not text.isdecimal() or len(text) > 11:
        raise unparsed(text)
    return int(text)


def date(text: str) -> int:
    """Read YYYY-MM-DD into an ordinal, or raise 422."""
    try:
        day = dt.date.fromisoformat(text)
    except ValueError as error:
        raise unparsed(text) from error
    if day.isoformat() != text or not 1970 < day.year < 9999:
        raise unparsed(text)
    return day.toordinal()


def unparsed(text: str) -> Refusal:
    return unprocessable(f"Failed to parse date {text}", code=None)
