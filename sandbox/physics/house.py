"""What a household uses: a base load, a morning, an evening, and an electric car."""

from __future__ import annotations

import functools
import math
import random
from array import array

from sandbox.physics.calendar import SLOT, midnight, slots_of
from sandbox.physics.plant import Plant

_KEPT_DAYS = 6000


@functools.lru_cache(maxsize=_KEPT_DAYS)
def consumption(plant: Plant, day: int) -> array[int]:
    """Give Wh of each quarter of a local day, the car included."""
    slots = slots_of(plant.timezone, day)
    dice = random.Random(plant.system_id * 2_654_435_761 + day * 40_503)
    daily_wh = _daily_wh(plant, day) * (0.85 + 0.3 * dice.random())
    shape = _shape(plant.commercial and day % 7 not in (6, 0), slots)
    wobbles = [0.8 + 0.4 * dice.random() for _ in range(slots)]
    car = charger(plant, day)
    return array(
        "l",
        [
            int(daily_wh * part * wobble + 0.5) + extra
            for part, wobble, extra in zip(shape, wobbles, car, strict=True)
        ],
    )


@functools.lru_cache(maxsize=_KEPT_DAYS)
def charger(plant: Plant, day: int) -> array[int]:
    """Give Wh of the electric car in each quarter of a local day."""
    start, slots = midnight(plant.timezone, day), slots_of(plant.timezone, day)
    result = array("l", bytes(array("l").itemsize * slots))
    for since, until, watts in sessions(plant, day):
        for slot in range(slots):
            begin = start + slot * SLOT
            seconds = min(until, begin + SLOT) - max(since, begin)
            if seconds > 0:
                result[slot] += watts * seconds // 3600
    return result


@functools.lru_cache(maxsize=_KEPT_DAYS)
def sessions(plant: Plant, day: int) -> tuple[tuple[int, int, int], ...]:
    """Give the charging sessions of a local day: epoch, epoch, watts. None goes past midnight."""
    if not plant.charger_w:
        return ()
    start = midnight(plant.timezone, day)
    end = midnight(plant.timezone, day + 1)
    found = []
    dice = random.Random(plant.system_id * 31_337 + day * 65_537)
    if dice.random() < 0.55:
        since = start + 17 * 3600 + dice.randrange(0, 3 * 3600)
        until = since + dice.randrange(3000, 3 * 3600)
        found.append((since, until, plant.charger_w))
    found += [one for one in plant.charging if start <= one[0] < end]
    shortened = []
    for since, until, watts in sorted(found):
        ends = [at for at in plant.stopped if since <= at < until]
        shortened.append((since, min([until, end, *ends]), watts))
    return tuple(one for one in shortened if one[1] > one[0])


def _daily_wh(plant: Plant, day: int) -> float:
    dice = random.Random(plant.system_id * 97_003)
    usual = dice.uniform(90_000, 220_000) if plant.commercial else dice.uniform(13_000, 32_000)
    # Cooling in hot places, lamps and heat pumps in cold ones.
    coldest = 15 if plant.latitude > 0 else 197
    season = math.cos(2 * math.pi * ((day - 719_163) % 365.2425 - coldest) / 365.2425)
    swing = 0.18 if abs(plant.latitude) > 45 else -0.2
    return usual * (1 + swing * season) * (1.08 if day % 7 in (6, 0) else 1.0)


@functools.lru_cache(maxsize=16)
def _shape(working_day: bool, slots: int) -> tuple[float, ...]:
    """Give which part of the day's energy falls into each quarter."""
    parts = []
    for slot in range(slots):
        hour = (slot + 0.5) / slots * 24
        if working_day:
            parts.append(0.3 + 1.6 / (1 + math.exp(-2 * (hour - 7.5)) + math.exp(2 * (hour - 18))))
            continue
        morning = 1.0 * math.exp(-(((hour - 7.3) / 1.2) ** 2))
        evening = 1.9 * math.exp(-(((hour - 19.2) / 2.1) ** 2))
        parts.append(0.42 + morning + evening + 0.2 * math.exp(-(((hour - 13) / 3) ** 2)))
    whole = sum(parts)
    return tuple(part / whole for part in parts)
