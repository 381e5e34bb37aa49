"""Everything about a site that its energy depends on, as one hashable value."""

from __future__ import annotations

from dataclasses import dataclass

LAST = 1 << 40

Span = tuple[int, int]


@dataclass(frozen=True)
class Plane:
    """Modules that look one way. `azimuth` is clockwise from north, both are in degrees."""

    azimuth: float
    tilt: float
    modules: int


@dataclass(frozen=True)
class Plant:
    """A site as the physics sees it: nothing in here depends on the present moment.

    `running` are the spans in which production was on, `charging` the charging sessions asked
    for by hand (epoch, epoch, watts), `reserves` how much the battery keeps back from a moment
    on (epoch, percent), oldest first. `capacity_wh` 0 means that there is no battery.
    """

    system_id: int
    latitude: float
    longitude: float
    timezone: str
    commercial: bool
    planes: tuple[Plane, ...]
    module_w: float
    running: tuple[Span, ...] = ((0, LAST),)
    capacity_wh: int = 0
    battery_w: int = 0
    reserves: tuple[tuple[int, int], ...] = ((0, 20),)
    charger_w: int = 0
    charging: tuple[tuple[int, int, int], ...] = ()
    stopped: tuple[int, ...] = ()
