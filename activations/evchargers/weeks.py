"""Charging schedules: in words, and as a week.

Enphase numbers the days 1 to 7 and does not say which weekday is 1, so they stay numbers here.
Times are the site's clock; a time whose end is not after its start goes on over midnight.
"""

import re
from dataclasses import dataclass

from enphase.records import EvChargerSchedule, EvChargingTime

DAY = 24 * 60
# The drawing, in units of its viewBox.
WIDTH, LEFT, TOP, ROW = 960, 52, 8, 26
HOUR = (WIDTH - LEFT - 8) / 24


def minutes_of(text: str | None) -> int | None:
    """Minutes since midnight of "1:00", "01:00", "1:00:00" or "24:00"; None for anything else."""
    found = re.fullmatch(r"\s*(\d{1,2}):(\d{2})(?::\d{2})?\s*", text or "")
    if found is None:
        return None
    hour, minute = int(found[1]), int(found[2])
    return hour * 60 + minute if minute < 60 and (hour < 24 or (hour, minute) == (24, 0)) else None


def clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def days_of(time: EvChargingTime) -> list[int]:
    """The days that are a number from 1 to 7, in order and once each."""
    return sorted({int(day) for day in time.days if re.fullmatch("[1-7]", day.strip())})


def days_in_words(time: EvChargingTime) -> str:
    """ "Every day", "Day 4", "Days 1, 2 and 5", "Days 3 to 7"; odd ones as Enphase names them."""
    days = days_of(time)
    odd = [day for day in time.days if not re.fullmatch("[1-7]", day.strip())]
    if odd or not days:
        return ", ".join(time.days)[:80] or "Days not told"
    if len(days) == 7:
        return "Every day"
    if len(days) == 1:
        return f"Day {days[0]}"
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return f"Days {days[0]} to {days[-1]}"
    return f"Days {', '.join(map(str, days[:-1]))} and {days[-1]}"


def time_in_words(time: EvChargingTime) -> str:
    """ "Days 3 to 7, 02:00 to 03:00, at 80 %"."""
    start, end = minutes_of(time.start_time), minutes_of(time.end_time)
    since = clock(start) if start is not None else (time.start_time or "not told")
    until = clock(end) if end is not None else (time.end_time or "not told")
    text = f"{days_in_words(time)}, {since} to {until}"
    if start is not None and end is not None and end <= start:
        text += " on the next day"
    if time.charging_level_percent is not None:
        text += f", at {time.charging_level_percent:g} %"
    return text


def in_words(schedule: EvChargerSchedule) -> str:
    """ "Custom, off: Days 1 and 2, 01:00 to 02:00, at 70 %; …"."""
    head = ", ".join([schedule.type or "Schedule", activity_of(schedule)])
    return f"{head}: {'; '.join(map(time_in_words, schedule.schedules)) or 'no times'}"


def activity_of(schedule: EvChargerSchedule) -> str:
    return {True: "on", False: "off", None: "on or off not told"}[schedule.is_active]


@dataclass(frozen=True)
class Bar:
    """A stretch of one day: a rectangle of the drawing with its words."""

    day: int
    start: int
    end: int
    level: float | None

    @property
    def x(self) -> str:
        return f"{LEFT + self.start / 60 * HOUR:.1f}"

    @property
    def width(self) -> str:
        return f"{max(3.0, (self.end - self.start) / 60 * HOUR - 1):.1f}"

    @property
    def y(self) -> int:
        return TOP + (self.day - 1) * ROW + 3

    @property
    def middle(self) -> str:
        return f"{LEFT + (self.start + self.end) / 120 * HOUR:.1f}"

    @property
    def label(self) -> str:
        """The level, where it fits into the bar."""
        if self.level is None or (self.end - self.start) < 60:
            return ""
        return f"{self.level:g} %"

    @property
    def text_y(self) -> int:
        return self.y + 14


class Week:
    """One schedule for templates/evchargers/_schedule.html."""

    height = TOP + 7 * ROW + 22
    base = TOP + 7 * ROW

    def __init__(self, schedule: EvChargerSchedule) -> None:
        self.schedule = schedule
        self.title = schedule.type or "Schedule"
        self.activity = activity_of(schedule)
        self.bars: list[Bar] = []
        self.times: list[dict[str, str]] = []
        self.undrawn = 0
        for time in schedule.schedules:
            self._add(time)

    def _add(self, time: EvChargingTime) -> None:
        start, end = minutes_of(time.start_time), minutes_of(time.end_time)
        days = days_of(time)
        self.times.append(
            {
                "days": days_in_words(time),
                "start": clock(start) if start is not None else time.start_time or "",
                "end": clock(end) if end is not None else time.end_time or "",
                "level": f"{time.charging_level_percent:g} %"
                if time.charging_level_percent is not None
                else "",
            }
        )
        if start is None or end is None or not days:
            self.undrawn += 1
            return
        level = time.charging_level_percent
        for day in days:
            if end > start:
                self.bars.append(Bar(day, start, end, level))
                continue
            if start < DAY:
                self.bars.append(Bar(day, start, DAY, level))
            if end:
                self.bars.append(Bar(day % 7 + 1, 0, end, level))

    @property
    def rows(self) -> list[dict[str, int]]:
        return [
            {"day": day, "y": TOP + (day - 1) * ROW, "text_y": TOP + (day - 1) * ROW + 17}
            for day in range(1, 8)
        ]

    @property
    def hours(self) -> list[dict[str, str]]:
        return [
            {"x": f"{LEFT + hour * HOUR:.1f}", "label": f"{hour:02}"} for hour in range(0, 25, 3)
        ]

    @property
    def sentence(self) -> str:
        return in_words(self.schedule)
