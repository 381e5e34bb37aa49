"""From quarters of a plant to what the API lists: shares of single devices, five minutes."""

from __future__ import annotations

from sandbox.operations.equipment import Equipment
from sandbox.physics.calendar import SLOT
from sandbox.physics.sun import clear_sky


def inverter_quarter(equipment: Equipment, end_at: int) -> dict[int, int]:
    """Give the Wh of each microinverter in the quarter that ends at `end_at`, by position.

    They add up to the site's value exactly. What a microinverter has follows the light on the
    plane it lies on; silent ones are missing.
    """
    total = equipment.value_at("production", end_at)
    bounds = shares(equipment, end_at - SLOT, 1)[0]
    return {index: part(total, low, high) for index, (low, high) in bounds.items()}


def shares(equipment: Equipment, start: int, slots: int) -> list[dict[int, tuple[float, float]]]:
    """Give, for each quarter, which stretch of the site's energy each microinverter made."""
    planes = equipment.planes
    light = clear_sky(equipment.plant.latitude, equipment.plant.longitude, planes, start, slots)
    alive: list[list[int]] = [[] for _ in planes]
    for index, place in enumerate(equipment.places):
        if index not in equipment.silent:
            alive[place].append(index)
    result = []
    for slot in range(slots):
        weights = [
            series[slot] * len(members) for series, members in zip(light, alive, strict=True)
        ]
        whole = sum(weights)
        if not whole:
            weights = [float(len(members)) for members in alive]
            whole = sum(weights) or 1.0
        bounds, reached = {}, 0.0
        for weight, members in zip(weights, alive, strict=True):
            for number, index in enumerate(members):
                low = reached + weight * number / len(members)
                high = reached + weight * (number + 1) / len(members)
                bounds[index] = (low / whole, high / whole)
            reached += weight
        result.append(bounds)
    return result


def part(total: int, low: float, high: float) -> int:
    """Give what of `total` falls between two shares; neighbouring stretches add up."""
    return int(total * high + 0.5) - int(total * low + 0.5)


def five_minutes(before: int, quarter: int, after: int) -> tuple[int, int, int]:
    """Split a quarter of an hour in three that follow its neighbours and add up to it."""
    if not quarter:
        return (0, 0, 0)
    lean = (after - before) / 6
    first = max(0.0, quarter / 3 - lean * 2 / 3)
    last = max(0.0, quarter / 3 + lean * 2 / 3)
    middle = quarter / 3
    whole = first + middle + last
    one = int(quarter * first / whole + 0.5)
    two = int(quarter * (first + middle) / whole + 0.5)
    return (one, two - one, quarter - two)
