"""Energy of a charger as bars, a table and a sentence: a month by day, a day by the quarter."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from activations.evchargers.reads import Quarters, bounds

# The drawings, in units of their viewBox.
WIDTH, HEIGHT = 960, 200
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 12, 24
BASE = HEIGHT - BOTTOM
QUARTER = timedelta(minutes=15)


def amount(wh: float) -> str:
    """ "840 Wh", "1.42 kWh", "38.1 kWh" """
    if abs(wh) < 1000:
        return f"{wh:.0f} Wh"
    kwh = wh / 1000
    return f"{kwh:,.2f} kWh" if kwh < 10 else f"{kwh:,.1f} kWh"


def round_top(highest: float) -> float:
    """A round number not below the highest: 1, 2, 2.5 or 5 times a power of ten; 1 for nothing."""
    top = 1.0
    while top < highest:
        for step in (2, 2.5, 5, 10):
            if top * step >= highest:
                return top * step
        top *= 10
    return top


def levels(top: float) -> list[dict[str, str]]:
    """The horizontal lines with their values."""
    return [
        {"y": f"{BASE - part * (BASE - TOP):.1f}", "label": f"{top * part:g}"}
        for part in (0, 0.5, 1)
    ]


@dataclass(frozen=True)
class Bar:
    """`value` in the unit of the drawing, None where nothing was reported."""

    x: float
    width: float
    value: float | None
    top: float
    label: str
    url: str = ""

    @property
    def height(self) -> str:
        return f"{(self.value or 0) / self.top * (BASE - TOP):.1f}"

    @property
    def y(self) -> str:
        return f"{BASE - (self.value or 0) / self.top * (BASE - TOP):.1f}"

    @property
    def left(self) -> str:
        return f"{self.x:.1f}"

    @property
    def wide(self) -> str:
        return f"{self.width:.1f}"


# ------------------------------------------------------------------ a month by day


def reported(
    days: Sequence[tuple[date, float | None]],
    series: Sequence[float | None],
    zone: tzinfo,
    heard: datetime | None,
) -> list[tuple[date, float | None]]:
    """Days with Wh. Zeros at the end are real where the charger reported (`heard`) after the day.

    The answer has 0 for "not reported yet" too, so without a later report they are not known.
    """
    found = []
    for (day, wh), raw in zip(days, series, strict=False):
        was_heard = heard is not None and bounds(day, zone)[1] <= heard
        value = raw if wh is None and raw is not None and was_heard else wh
        found.append((day, value if value is None or value >= 0 else None))
    return found


class Month:
    """A month by day, as far as `days` reach. Needed as `month` by _energy.html."""

    def __init__(self, first: date, days: Sequence[tuple[date, float | None]], today: date) -> None:
        self.first, self.today = first, today
        self.count = monthrange(first.year, first.month)[1]
        self.last = first.replace(day=self.count)
        known = dict(days)
        self.days = [
            (day, known.get(day))
            for day in (first + timedelta(days=number) for number in range(self.count))
        ]
        self.told = [(day, wh) for day, wh in self.days if wh is not None]

    @property
    def total_wh(self) -> float:
        return sum(wh for _, wh in self.told)

    @property
    def missing(self) -> int:
        """Days that are over and were not reported."""
        return sum(wh is None and day < self.today for day, wh in self.days)

    @property
    def sentence(self) -> str:
        if not self.told:
            return "Nothing is known of this month."
        charged = sum(wh > 0 for _, wh in self.told)
        if not charged:
            text = "Nothing was charged."
        else:
            most_day, most = max(self.told, key=lambda told: told[1])
            text = (
                f"{amount(self.total_wh)} on {charged} day{'s' if charged != 1 else ''}, "
                f"most on {most_day:%-d %B}: {amount(most)}."
            )
        if self.missing:
            text += f" {self.missing} day{'s' if self.missing != 1 else ''} not reported."
        return text

    @property
    def top(self) -> float:
        return round_top(max((wh for _, wh in self.told), default=0) / 1000)

    @property
    def levels(self) -> list[dict[str, str]]:
        return levels(self.top)

    @property
    def bars(self) -> list[Bar]:
        step = (WIDTH - LEFT - RIGHT) / self.count
        return [
            Bar(
                x=LEFT + number * step + 2,
                width=step - 4,
                value=None if wh is None else wh / 1000,
                top=self.top,
                label=f"{day:%-d %B}: {'not reported' if wh is None else amount(wh)}",
                url=f"{day}",
            )
            for number, (day, wh) in enumerate(self.days)
            if day < self.today
        ]

    @property
    def marks(self) -> list[dict[str, str]]:
        """Every fifth day below the drawing."""
        step = (WIDTH - LEFT - RIGHT) / self.count
        return [
            {"x": f"{LEFT + (number + 0.5) * step:.1f}", "label": str(number + 1)}
            for number in range(self.count)
            if number == 0 or (number + 1) % 5 == 0
        ]


# ------------------------------------------------------------------ a day by the quarter


class Day:
    """A day of the site in quarters of an hour. Needed as `chart` by _energy.html.

    `heard` is the charger's last report if it has fallen silent since: later zeros are unknown.
    """

    def __init__(
        self, record: Quarters, zone: tzinfo, now: datetime, heard: datetime | None = None
    ) -> None:
        self.day, self.zone, self.now = record.day, zone, now
        self.start, self.end = bounds(record.day, zone)
        told = {
            row.end_at: row.energy_wh
            for row in record.answer.intervals
            if row.end_at and self.start < row.end_at <= self.end
        }
        self.quarters: list[tuple[datetime, float | None]] = []
        at = self.start + QUARTER
        while at <= self.end:
            wh = told.get(at)
            if wh is not None and (wh < 0 or (wh == 0 and heard is not None and at > heard)):
                wh = None
            self.quarters.append((at, wh))
            at += QUARTER

    @property
    def told(self) -> list[tuple[datetime, float]]:
        return [(at, wh) for at, wh in self.quarters if wh is not None]

    @property
    def total_wh(self) -> float:
        return sum(wh for _, wh in self.told)

    @property
    def is_over(self) -> bool:
        return self.now >= self.end

    @property
    def missing(self) -> int:
        """Quarters before now that were not reported; the newest hour may still come."""
        until = self.end if self.is_over else self.now - timedelta(hours=1)
        return sum(wh is None and at <= until for at, wh in self.quarters)

    @property
    def sentence(self) -> str:
        if not self.told:
            return "No reports of this day."
        total = self.total_wh
        if not total:
            text = "Nothing was charged." if self.is_over else "Nothing was charged so far."
        else:
            at, most = max(self.told, key=lambda told: told[1])
            since = self.clock(at - QUARTER)
            text = f"{amount(total)}, most in the quarter from {since}: {most * 4 / 1000:.1f} kW."
        if self.missing:
            text += f" {self.missing} quarter{'s' if self.missing != 1 else ''} not reported."
        return text

    @property
    def is_long(self) -> bool:
        return self.end - self.start > timedelta(hours=24)

    def clock(self, when: datetime) -> str:
        """The clock of the site; with the zone's name on a day that has an hour twice."""
        if when == self.end:
            return "24:00"
        local = when.astimezone(self.zone)
        return f"{local:%H:%M} {local:%Z}" if self.is_long else f"{local:%H:%M}"

    @property
    def top(self) -> float:
        """Average kW of a quarter."""
        return round_top(max((wh for _, wh in self.told), default=0) * 4 / 1000)

    @property
    def levels(self) -> list[dict[str, str]]:
        return levels(self.top)

    def _x(self, when: datetime) -> float:
        return LEFT + (when - self.start) / (self.end - self.start) * (WIDTH - LEFT - RIGHT)

    @property
    def bars(self) -> list[Bar]:
        """One for each quarter with energy, and a shaded one where a report is missing."""
        wide = self._x(self.start + QUARTER) - self._x(self.start)
        until = self.end if self.is_over else self.now - timedelta(hours=1)
        return [
            Bar(
                x=self._x(at - QUARTER),
                width=wide if wh is None else wide - 1,
                value=None if wh is None else wh * 4 / 1000,
                top=self.top,
                label=f"{self.clock(at - QUARTER)}: "
                + ("not reported" if wh is None else amount(wh)),
            )
            for at, wh in self.quarters
            if wh or (wh is None and at <= until)
        ]

    @property
    def marks(self) -> list[dict[str, str]]:
        """Every third hour of the site's clock."""
        found = []
        hour = self.start
        while hour <= self.end:
            local = hour.astimezone(self.zone)
            if hour == self.end:
                found.append({"x": f"{self._x(hour):.1f}", "label": "24"})
            elif local.minute == 0 and local.hour % 3 == 0:
                found.append({"x": f"{self._x(hour):.1f}", "label": f"{local:%H}"})
            hour += timedelta(hours=1)
        return found

    @property
    def hours(self) -> list[dict[str, str | int]]:
        """The day by the hour for the table, as far as it has passed."""
        rows: list[dict[str, str | int]] = []
        hour = self.start
        last = min(self.end, self.now.astimezone(UTC))
        while hour < last:
            until = hour + timedelta(hours=1)
            inside = [wh for at, wh in self.quarters if hour < at <= until]
            known = [wh for wh in inside if wh is not None]
            rows.append(
                {
                    "hour": self.clock(hour),
                    "energy": amount(sum(known)) if known else "",
                    "missing": len(inside) - len(known) if until <= last else 0,
                }
            )
            hour = until
        return rows
