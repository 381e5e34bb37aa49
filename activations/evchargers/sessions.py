"""Charging sessions as people read them. What Enphase leaves open is said, not guessed away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from statistics import median

from enphase.records import EvChargerSession

# No home charger gives more than this; a value that would need more is no kWh.
MOST_W = 30_000
# Shorter ones tell nothing of the unit.
LONG_ENOUGH = 300
YEAR_2000 = 946_684_800


@dataclass(frozen=True)
class Session:
    """One time a car was plugged in. `energy_kwh` is None where nothing or no unit was told."""

    start: datetime | None
    end: datetime | None
    seconds: float | None
    charge_seconds: float | None
    energy: float | None
    energy_kwh: float | None
    cost: float | None
    miles: float | None
    is_running: bool

    @property
    def length(self) -> str:
        return "" if self.seconds is None else length_of(self.seconds)


def length_of(seconds: float) -> str:
    """ "3 h 12 min", "8 min", "under 1 min"."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "under 1 min"
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def real(moment: datetime | None) -> datetime | None:
    """0 stands for no time at all."""
    return moment if moment and moment.timestamp() > YEAR_2000 else None


def unit_of(rows: Sequence[EvChargerSession]) -> str:
    """In which unit a charger's energy makes sense: "kWh", "Wh", or "" when that is open.

    The document says Wh beside an example that only kWh explain. A home charger gives at most
    30 kW: what would need more has to be Wh.
    """
    powers = [
        row.energy_added * 1000 / (seconds / 3600)
        for row in rows
        if row.energy_added
        and row.energy_added > 0
        and (seconds := row.charge_time_seconds or row.duration_seconds or 0) >= LONG_ENOUGH
    ]
    if not powers:
        return ""
    return "kWh" if median(powers) <= MOST_W else "Wh"


def sessions_of(rows: Sequence[EvChargerSession], unit: str, now: datetime) -> list[Session]:
    scale = {"kWh": 1.0, "Wh": 0.001}.get(unit)
    found: list[Session] = []
    for row in rows:
        start, end = real(row.start_time), real(row.end_time)
        if start and end and end < start:
            end = None
        seconds = row.duration_seconds
        if (seconds is None or seconds < 0) and start and end:
            seconds = (end - start).total_seconds()
        energy = row.energy_added if row.energy_added is None or row.energy_added >= 0 else None
        is_running = start is not None and start <= now and (end is None or end > now)
        found.append(
            Session(
                start=start,
                end=end,
                seconds=seconds if seconds is None or seconds >= 0 else None,
                charge_seconds=row.charge_time_seconds,
                energy=energy,
                energy_kwh=None if energy is None or scale is None else energy * scale,
                cost=row.cost,
                miles=row.miles_added,
                # One that never ended is over when a newer one began.
                is_running=is_running and not any(each.start for each in found),
            )
        )
    return found


@dataclass(frozen=True)
class Comparison:
    """Sessions beside the energy by day, over the days that both cover."""

    days: int
    sessions_kwh: float
    days_kwh: float

    @property
    def agrees(self) -> bool:
        return abs(self.sessions_kwh - self.days_kwh) <= max(1.0, self.days_kwh * 0.1)


def compare(
    sessions: Sequence[Session],
    days: Sequence[tuple[date, float | None]],
    zone: tzinfo,
    complete: bool,
) -> Comparison | None:
    """None without days that both cover. A session counts to the day on which it ended."""
    told = [
        (each.end.astimezone(zone).date(), each.energy_kwh)
        for each in sessions
        if each.end and each.energy_kwh is not None and not each.is_running
    ]
    known = {day: wh for day, wh in days if wh is not None}
    if not told or not known:
        return None
    # The oldest session that was read may have company on its day, unless these were all.
    first = min(day for day, _ in told) + timedelta(days=0 if complete else 1)
    covered = {day for day in known if day >= first}
    inside = [kwh for day, kwh in told if day in covered]
    if not covered or not inside:
        return None
    return Comparison(
        days=len(covered),
        sessions_kwh=sum(inside),
        days_kwh=sum(known[day] for day in covered) / 1000,
    )
