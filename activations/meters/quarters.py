"""Telemetry as Enphase gives it, brought together in quarters of an hour."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo

from activations.meters.sky import is_night
from activations.meters.verdict import QUARTER, Quarter
from enphase.records import BatteryTelemetry, Interval, Telemetry

_FIVE = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def quarters_of(
    *,
    zone: tzinfo,
    place: tuple[float, float] | None = None,
    production: Iterable[Telemetry] = (),
    consumption: Iterable[Telemetry] = (),
    micros: Iterable[Telemetry] = (),
    imported: Iterable[Telemetry] = (),
    exported: Iterable[Telemetry] = (),
    battery: Iterable[BatteryTelemetry] = (),
) -> list[Quarter]:
    """Bring several answers of each series together; a later answer counts where they overlap.

    `micros` come in 5 minutes, of which a quarter needs all three; the rest in 15. `place` is
    latitude and longitude. A quarter that no meter reported is a gap, whatever number stands
    there; microinverters that do not report at night are asleep, so they made what is told.
    """
    rows: dict[datetime, dict[str, float]] = {}
    silent: dict[datetime, int] = {}
    for name, answers, gaps in (
        ("production", production, True),
        ("consumption", consumption, True),
        ("imported", imported, False),
        ("exported", exported, False),
    ):
        for end, wh in _values(answers, gaps=gaps):
            rows.setdefault(end, {})[name] = wh
    for end, wh, missing in _thirds(micros):
        rows.setdefault(end, {})["micros"] = wh
        silent[end] = missing
    for answer in battery:
        for interval in answer.intervals:
            charge, discharge = interval.charge_wh, interval.discharge_wh
            if interval.end_at is not None and not (charge is None and discharge is None):
                rows.setdefault(interval.end_at, {})["battery"] = (charge or 0) - (discharge or 0)
    return [
        Quarter(
            end,
            micros=row.get("micros"),
            production=row.get("production"),
            consumption=row.get("consumption"),
            imported=row.get("imported"),
            exported=row.get("exported"),
            battery=row.get("battery"),
            night=_night(end, place, zone),
            silent=silent.get(end, 0),
        )
        for end, row in sorted(rows.items())
    ]


def _values(answers: Iterable[Telemetry], *, gaps: bool) -> Iterable[tuple[datetime, float]]:
    for answer in answers:
        for one in answer.intervals:
            if one.end_at is None or one.energy_wh is None:
                continue
            if gaps and one.devices_reporting == 0:
                continue
            yield one.end_at, one.energy_wh


def _thirds(answers: Iterable[Telemetry]) -> Iterable[tuple[datetime, float, int]]:
    """Quarters of microinverters with how many of them were silent while others reported."""
    found: dict[datetime, dict[datetime, tuple[Interval, int]]] = {}
    for answer in answers:
        for one in answer.intervals:
            if one.end_at is not None and one.energy_wh is not None:
                end = _EPOCH - (_EPOCH - one.end_at) // QUARTER * QUARTER
                found.setdefault(end, {})[one.end_at] = (one, answer.total_devices or 0)
    for end, parts in found.items():
        if len(parts) == QUARTER // _FIVE:
            energy = sum(one.energy_wh or 0.0 for one, _ in parts.values())
            missing = max(
                total - one.devices_reporting if one.devices_reporting else 0
                for one, total in parts.values()
            )
            yield end, energy, max(missing, 0)


def _night(end: datetime, place: tuple[float, float] | None, zone: tzinfo) -> bool | None:
    """Night from its beginning to its end; known to be none when either is not."""
    both = [is_night(moment, place, zone) for moment in (end - QUARTER, end)]
    if all(one is True for one in both):
        return True
    return False if False in both else None
