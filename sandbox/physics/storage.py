"""A battery from four in the morning to four in the morning, and what the grid makes up for.

Each such cycle begins and ends at the reserve, so any day can be computed without the days
before it, and the charge is the same on both sides of every midnight.
"""

from __future__ import annotations

import functools
from array import array
from dataclasses import dataclass

from sandbox.physics.calendar import SLOT, four_o_clock, midnight, slots_of
from sandbox.physics.house import consumption
from sandbox.physics.plant import Plant
from sandbox.physics.sun import production

_KEPT_DAYS = 6000
# Charging from the grid, when the sun was not enough for the reserve, ends with the cycle.
_NIGHT_SLOTS = 16


@dataclass(frozen=True)
class Day:
    """A local day in quarters of an hour, all in Wh; `stored` at the end of each quarter.

    In every quarter: production + discharge + imported = consumption + charge + exported.
    """

    start: int
    production: array[int]
    consumption: array[int]
    charge: array[int]
    discharge: array[int]
    stored: array[int]
    imported: array[int]
    exported: array[int]


@functools.lru_cache(maxsize=_KEPT_DAYS)
def day(plant: Plant, date: int) -> Day:
    """Give everything about one local day (a date's ordinal)."""
    made, used = production(plant, date), consumption(plant, date)
    slots = len(made)
    if plant.capacity_wh:
        early = (four_o_clock(plant.timezone, date) - midnight(plant.timezone, date)) // SLOT
        before, after = _cycle(plant, date - 1), _cycle(plant, date)
        charge, discharge, stored = (
            one[len(one) - early :] + other[: slots - early]
            for one, other in zip(before, after, strict=True)
        )
    else:
        charge = discharge = stored = array("l", bytes(array("l").itemsize * slots))
    imported, exported = array("l"), array("l")
    for index in range(slots):
        need = used[index] + charge[index] - made[index] - discharge[index]
        imported.append(need if need > 0 else 0)
        exported.append(-need if need < 0 else 0)
    start = midnight(plant.timezone, date)
    return Day(start, made, used, charge, discharge, stored, imported, exported)


@functools.lru_cache(maxsize=_KEPT_DAYS)
def _cycle(plant: Plant, date: int) -> tuple[array[int], array[int], array[int]]:
    """Charge, discharge and stored Wh from 04:00 of a date to 04:00 of the next."""
    first = (four_o_clock(plant.timezone, date) - midnight(plant.timezone, date)) // SLOT
    following = date + 1
    last = (four_o_clock(plant.timezone, following) - midnight(plant.timezone, following)) // SLOT
    made = production(plant, date)[first:] + production(plant, following)[:last]
    used = consumption(plant, date)[first:] + consumption(plant, following)[:last]
    slots = slots_of(plant.timezone, date) - first + last

    floor = _reserve_wh(plant, date)
    level = _reserve_wh(plant, date - 1)
    most = plant.battery_w // 4
    charge, discharge = [0] * slots, [0] * slots
    for slot in range(slots):
        spare = made[slot] - used[slot]
        if spare > 0:
            charge[slot] = min(spare, most, plant.capacity_wh - level)
            level += charge[slot]
        elif level > floor:
            # A tenth is lost on the way through the battery.
            discharge[slot] = min(-spare, most, (level - floor) * 9 // 10)
            level -= -(-discharge[slot] * 10 // 9)
    if level > floor:
        _charge_less(charge, level - floor)
    elif level < floor:
        _charge_more(charge, floor - level)
    return array("l", charge), array("l", discharge), _levels(plant, date, charge, discharge)


def _charge_less(charge: list[int], excess: int) -> None:
    """What nobody needs by morning is not stored in the first place: leave out the last of it."""
    for slot in range(len(charge) - 1, -1, -1):
        less = min(charge[slot], excess)
        charge[slot] -= less
        excess -= less
        if not excess:
            return


def _charge_more(charge: list[int], missing: int) -> None:
    night = range(len(charge) - _NIGHT_SLOTS, len(charge))
    for done, slot in enumerate(night):
        share = missing * (done + 1) // _NIGHT_SLOTS - missing * done // _NIGHT_SLOTS
        charge[slot] += share


def _levels(plant: Plant, date: int, charge: list[int], discharge: list[int]) -> array[int]:
    level, levels = _reserve_wh(plant, date - 1), array("l")
    for stored, taken in zip(charge, discharge, strict=True):
        level += stored - -(-taken * 10 // 9)
        levels.append(level)
    return levels


def _reserve_wh(plant: Plant, date: int) -> int:
    """What the battery keeps back in the cycle that begins on a date."""
    begins = four_o_clock(plant.timezone, date)
    percent = plant.reserves[0][1]
    for since, value in plant.reserves:
        if since <= begins:
            percent = value
    return plant.capacity_wh * percent // 100


SERIES = ("production", "consumption", "charge", "discharge", "imported", "exported")


@functools.lru_cache(maxsize=50_000)
def totals(plant: Plant, date: int) -> dict[str, int]:
    """Give the Wh of a whole local day by series."""
    whole = day(plant, date)
    return {name: sum(getattr(whole, name)) for name in SERIES}
