"""A day of one device as a drawing, a table and a sentence. Days are the site's."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Any

from activations.devices.reads import Day
from enphase.records import BatteryTelemetry, Telemetry

# The drawing, in units of its viewBox.
WIDTH, HEIGHT = 960, 220
LEFT, RIGHT, TOP, BOTTOM = 44, 8, 12, 24
STEP = {"micros": timedelta(minutes=5)}
QUARTER = timedelta(minutes=15)
# A device that says nothing for so long has a gap worth a sentence.
WORTH_SAYING = timedelta(minutes=30)


@dataclass(frozen=True)
class Point:
    """What was told until `end_at`. `value` is W of a microinverter and % of a battery."""

    end_at: datetime
    value: float | None
    energy_wh: float | None = None
    charge_wh: float | None = None
    discharge_wh: float | None = None


@dataclass(frozen=True)
class Gap:
    since: datetime
    until: datetime


class Chart:
    """Needed as `chart` by templates/devices/_telemetry.html."""

    def __init__(self, record: Day, zone: tzinfo, now: datetime) -> None:
        self.kind, self.day, self.zone = record.kind, record.day, zone
        self.is_battery = record.kind != "micros"
        self.start, self.end = bounds(record.day, zone)
        self.now = now
        self.step = STEP.get(record.kind, QUARTER)
        self.points = [
            point
            for point in _points(record.answer)
            # A day before the first report is answered with another day.
            if self.start < point.end_at <= self.end
        ]

    # Findings

    @property
    def energy_wh(self) -> float:
        return sum(point.energy_wh or 0 for point in self.points)

    @property
    def peak(self) -> Point | None:
        known = [point for point in self.points if point.value is not None]
        return max(known, key=lambda point: point.value or 0, default=None)

    @property
    def gaps(self) -> list[Gap]:
        """Stretches between two reports, as long as is worth saying."""
        told = [point for point in self.points if point.value is not None]
        return [
            Gap(before.end_at, after.end_at - self.step)
            for before, after in pairwise(told)
            if after.end_at - before.end_at - self.step >= WORTH_SAYING
        ]

    @property
    def sentence(self) -> str:
        """The finding in words."""
        if not self.points:
            return "No reports of this day."
        if self.is_battery:
            text = self._battery_sentence()
        elif not self.energy_wh:
            text = "Made nothing on this day." if self.is_over else "Has made nothing so far."
        else:
            peak = self.peak
            at = f", at most {peak.value:.0f} W at {self._clock(peak.end_at)}" if peak else ""
            text = f"{'Made' if self.is_over else 'Has made'} {amount(self.energy_wh)}{at}."
        gaps = self.gaps
        if gaps:
            first = f"{self._clock(gaps[0].since)} to {self._clock(gaps[0].until)}"
            more = f" and {len(gaps) - 1} more times" if len(gaps) > 1 else ""
            text += f" No reports from {first}{more}."
        return text

    def _battery_sentence(self) -> str:
        charged = sum(point.charge_wh or 0 for point in self.points)
        given = sum(point.discharge_wh or 0 for point in self.points)
        levels = [point.value for point in self.points if point.value is not None]
        text = f"Took {amount(charged)} and gave {amount(given)}."
        if levels:
            text += f" Between {min(levels):.0f} and {max(levels):.0f} % full,"
            text += f" {levels[-1]:.0f} % at {self._clock(self.points[-1].end_at)}."
        return text

    @property
    def is_over(self) -> bool:
        return self.now >= self.end

    def _clock(self, when: datetime) -> str:
        """The clock of the site; with the zone's name on a day that has an hour twice."""
        if when == self.end:
            return "24:00"
        local = when.astimezone(self.zone)
        text = f"{local:%H:%M}"
        return f"{text} {local:%Z}" if self._is_long else text

    @property
    def _is_long(self) -> bool:
        return self.end - self.start > timedelta(hours=24)

    # The drawing

    @property
    def top(self) -> float:
        """The value at the upper line: a round number above all of them; 100 % for batteries."""
        if self.is_battery:
            return 100
        highest = max((point.value or 0 for point in self.points), default=0)
        return next(
            (float(top) for top in (50, 100, 200, 300, 400, 500, 800) if top >= highest),
            -(-highest // 1000) * 1000,
        )

    @property
    def unit(self) -> str:
        return "%" if self.is_battery else "W"

    @property
    def lines(self) -> list[str]:
        """Paths of the line: a new one after every gap."""
        paths: list[list[str]] = []
        before: datetime | None = None
        for point in self.points:
            if point.value is None:
                before = None
                continue
            if before is None or point.end_at - before > self.step * 1.5:
                paths.append([])
            paths[-1].append(f"{self._x(point.end_at):.1f} {self._y(point.value):.1f}")
            before = point.end_at
        # A lone report between two gaps shows as a dot.
        return [f"M{path[0]}h.1" if len(path) == 1 else "M" + "L".join(path) for path in paths]

    @property
    def blanks(self) -> list[dict[str, str]]:
        """The gaps as shaded stretches."""
        return [
            {
                "x": f"{self._x(gap.since):.1f}",
                "width": f"{self._x(gap.until) - self._x(gap.since):.1f}",
            }
            for gap in self.gaps
        ]

    @property
    def levels(self) -> list[dict[str, str]]:
        """The horizontal lines with their values."""
        return [
            {"y": f"{self._y(self.top * part):.1f}", "label": f"{self.top * part:.0f}"}
            for part in (0, 0.5, 1)
        ]

    @property
    def hours(self) -> list[dict[str, str]]:
        """Every third hour of the site's clock, where it lies on this day."""
        ticks = []
        for hour in range(0, 24, 3):
            local = datetime.combine(self.day, time(hour), self.zone)
            ticks.append({"x": f"{self._x(local.astimezone(UTC)):.1f}", "label": f"{hour:02}"})
        return ticks

    def _x(self, when: datetime) -> float:
        part = (when - self.start) / (self.end - self.start)
        return LEFT + part * (WIDTH - LEFT - RIGHT)

    def _y(self, value: float) -> float:
        return HEIGHT - BOTTOM - value / self.top * (HEIGHT - BOTTOM - TOP)

    @property
    def base(self) -> int:
        return HEIGHT - BOTTOM

    # The table

    @property
    def by_hour(self) -> list[dict[str, Any]]:
        """Hour by hour as far as it has passed; an hour without reports says so."""
        rows = []
        hour = self.start
        last = min(self.end, self.now)
        while hour < last:
            until = hour + timedelta(hours=1)
            inside = [point for point in self.points if hour < point.end_at <= until]
            told = [point.value for point in inside if point.value is not None]
            row: dict[str, Any] = {"hour": self._clock(hour), "is_told": bool(told)}
            if told and self.is_battery:
                row["charge"] = amount(sum(point.charge_wh or 0 for point in inside))
                row["discharge"] = amount(sum(point.discharge_wh or 0 for point in inside))
                row["soc"] = f"{told[-1]:.0f} %"
            elif told:
                row["energy"] = amount(sum(point.energy_wh or 0 for point in inside))
                row["power"] = f"{sum(told) / len(told):.0f} W"
            rows.append(row)
            hour = until
        return rows


def _points(answer: Telemetry | BatteryTelemetry) -> list[Point]:
    points = []
    if isinstance(answer, BatteryTelemetry):
        points = [
            Point(
                row.end_at,
                row.soc_percent,
                charge_wh=row.charge_wh,
                discharge_wh=row.discharge_wh,
            )
            for row in answer.intervals
            if row.end_at
        ]
    else:
        points = [
            Point(row.end_at, _power(row.power_w, row.energy_wh), energy_wh=row.energy_wh)
            for row in answer.intervals
            if row.end_at
        ]
    return sorted({point.end_at: point for point in points}.values(), key=lambda p: p.end_at)


def _power(power_w: float | None, energy_wh: float | None) -> float | None:
    """The average power of five minutes, from the energy where only that was told."""
    if power_w is not None or energy_wh is None:
        return power_w
    return energy_wh * 12


def bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """The first and the last moment of a day of the site, 23 to 25 hours apart."""
    start = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def amount(wh: float) -> str:
    """ "840 Wh", "1.42 kWh", "38.1 kWh" """
    if abs(wh) < 1000:
        return f"{wh:.0f} Wh"
    kwh = wh / 1000
    if kwh >= 10_000:
        return f"{kwh / 1000:,.1f} MWh"
    return f"{kwh:,.2f} kWh" if kwh < 10 else f"{kwh:,.1f} kWh"
