"""A day of a meter as a line and a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from activations.meters.reads import QUARTER
from enphase.records import Interval, Telemetry

SLOTS = 96
WIDTH, HEIGHT, TOP = 288, 60, 4
STEP = WIDTH / SLOTS

# Less than this in a quarter of an hour (100 W) is what any clamp may show of nothing.
NOISE_WH = 25
# Dark in every season wherever people put roofs, by the clock of the site.
DARK_HOURS = range(1, 3)
DARK_QUARTERS = 4
NEGATIVE_QUARTERS = 2


@dataclass(frozen=True)
class Gap:
    """Quarters of an hour without a reading, between two moments."""

    start: datetime
    end: datetime

    @property
    def words(self) -> str:
        return f"{clock(self.start)} to {clock(self.end)}"


@dataclass(frozen=True)
class Line:
    """24 hours in quarters: what was measured, what is missing, and an SVG of WIDTH by HEIGHT.

    `values` are Wh by the end of their quarter, None where nothing was read.
    """

    start: datetime
    values: list[tuple[datetime, float | None]]

    @property
    def known(self) -> list[tuple[datetime, float]]:
        return [(end, wh) for end, wh in self.values if wh is not None]

    @property
    def total_kwh(self) -> float:
        return sum(wh for _, wh in self.known) / 1000

    @property
    def peak(self) -> tuple[datetime, float] | None:
        """When most was measured, and how many W."""
        most = max(self.known, key=lambda reading: reading[1], default=None)
        return (most[0], most[1] * 4) if most and most[1] > 0 else None

    @property
    def gaps(self) -> list[Gap]:
        """Stretches without readings; what is still to come at the end is none."""
        last = max((end for end, _ in self.known), default=None)
        found: list[Gap] = []
        for end, wh in self.values:
            if wh is not None or last is None or end > last:
                continue
            if found and found[-1].end == end - QUARTER:
                found[-1] = Gap(found[-1].start, end)
            else:
                found.append(Gap(end - QUARTER, end))
        return found

    @property
    def silent_since(self) -> datetime | None:
        """The last reading, when it is over an hour older than the 24 hours' end."""
        last = max((end for end, _ in self.known), default=None)
        quiet = last is not None and last < self.values[-1][0] - 4 * QUARTER
        return last if quiet else None

    # The drawing

    @property
    def top(self) -> float:
        return max([wh for _, wh in self.known if wh > 0], default=0) or 1

    @property
    def bottom(self) -> float:
        """The most negative, 0 for a meter that reads well."""
        return min([wh for _, wh in self.known], default=0) if self.known else 0

    def _y(self, wh: float) -> float:
        span = self.top - min(self.bottom, 0)
        return round(TOP + (self.top - wh) / span * (HEIGHT - 2 * TOP), 1)

    @property
    def zero_y(self) -> float:
        return self._y(0)

    @property
    def paths(self) -> list[str]:
        """Areas between the line and zero, one for each stretch without a gap."""
        return [self._area(run) for run in self._runs()]

    @property
    def strokes(self) -> list[str]:
        return [self._line(run) for run in self._runs()]

    @property
    def gap_paths(self) -> list[str]:
        return [
            f"M{self._x(gap.start):.1f} {self.zero_y}H{self._x(gap.end):.1f}" for gap in self.gaps
        ]

    @property
    def hours(self) -> list[tuple[float, str]]:
        """Where 00, 06, 12 and 18 of the site's clock stand."""
        marks = []
        for end, _ in self.values:
            local = timezone.localtime(end)
            if local.minute == 0 and local.hour % 6 == 0:
                marks.append((round(self._x(end), 1), f"{local.hour:02}"))
        return [mark for mark in marks if 8 <= mark[0] <= WIDTH - 8]

    def _runs(self) -> list[list[tuple[datetime, float]]]:
        runs: list[list[tuple[datetime, float]]] = []
        for end, wh in self.known:
            if runs and runs[-1][-1][0] == end - QUARTER:
                runs[-1].append((end, wh))
            else:
                runs.append([(end, wh)])
        return runs

    def _x(self, moment: datetime) -> float:
        return (moment - self.start) / QUARTER * STEP

    def _line(self, run: Sequence[tuple[datetime, float]]) -> str:
        points = [f"{self._x(end) - STEP / 2:.1f} {self._y(wh)}" for end, wh in run]
        if len(points) == 1:
            return f"M{points[0]}h{STEP / 2}"
        return "M" + "L".join(points)

    def _area(self, run: Sequence[tuple[datetime, float]]) -> str:
        first, last = self._x(run[0][0]) - STEP / 2, self._x(run[-1][0]) - STEP / 2
        return f"{self._line(run)}L{last:.1f} {self.zero_y}L{first:.1f} {self.zero_y}Z"


def line_of(telemetry: Telemetry) -> Line | None:
    """The 24 hours that were asked for; None when no interval can be placed."""
    ends = [interval.end_at for interval in telemetry.intervals if interval.end_at]
    start = telemetry.start_at or (min(ends) - QUARTER if ends else None)
    if start is None:
        return None
    start -= timedelta(
        minutes=start.minute % 15, seconds=start.second, microseconds=start.microsecond
    )
    by_end = {interval.end_at: wh_of(interval) for interval in telemetry.intervals}
    slots = [start + QUARTER * number for number in range(1, SLOTS + 1)]
    return Line(start, [(end, by_end.get(end)) for end in slots])


def wh_of(interval: Interval) -> float | None:
    """A quarter that no device reported is a gap, whatever number stands there."""
    return None if interval.devices_reporting == 0 else interval.energy_wh


def sentence(line: Line | None, kind: str) -> str:
    """The finding, for people who cannot see the line."""
    if line is None or not line.known:
        return "No readings in the last 24 hours."
    verb = {"production": "produced", "consumption": "used"}.get(kind, "measured")
    said = f"{line.total_kwh:,.1f} kWh {verb} in 24 hours"
    if not any(wh for _, wh in line.known):
        said = f"Nothing {verb} in 24 hours"
    elif line.peak:
        said += f", most at {clock(line.peak[0])} with {line.peak[1] / 1000:.1f} kW"
    said += "."
    if line.gaps:
        first = line.gaps[0]
        more = f" and {len(line.gaps) - 1} more" if len(line.gaps) > 1 else ""
        said += f" No readings from {first.words}{more}."
    if line.silent_since:
        said += f" Nothing since {clock(line.silent_since)}."
    return said


def wrong_way(line: Line | None, kind: str) -> str:
    """Why this CT may be the wrong way round, or "". Only what the day plainly shows."""
    if line is None:
        return ""
    negative = [end for end, wh in line.known if wh < -NOISE_WH]
    if len(negative) >= NEGATIVE_QUARTERS:
        return f"It reads negative in {len(negative)} quarters of an hour."
    if kind == "production":
        dark = [
            wh
            for end, wh in line.known
            if wh > NOISE_WH and timezone.localtime(end - QUARTER).hour in DARK_HOURS
        ]
        if len(dark) >= DARK_QUARTERS:
            return f"It measures {max(dark) * 4:,.0f} W of production in the middle of the night."
    return ""


def clock(moment: datetime) -> str:
    return f"{timezone.localtime(moment):%H:%M}"
