"""What sunlight a roof gets in a year, from a clear sky and how much of it usually arrives.

The clear sky is pvlib's: Ineichen's model with the monthly turbidity of its own world map, put on
the planes by Hay and Davies. What weather takes is one number a month (clearness), what the system
loses on the way is one number (performance). Both have one set of defaults, for everywhere.

pvlib is optional and large, and takes seconds to load: only workers call `clear_sky`.
"""

import math
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import pairwise

MONTHS = 12
# What is left after heat, dirt, wires, mismatch and conversion, with microinverters.
PERFORMANCE_PERCENT = 82
MODULE_W = 400
SHADING_PERCENT = 0
TILT = 22

# Latitude -> clearness in % in midwinter and in midsummer: how much of a clear sky's light arrives
# in a usual year. Round numbers of the great climate zones: steady tropics, dry subtropical
# summers, grey northern winters.
_CLEARNESS = [
    (0, 70, 70),
    (15, 75, 75),
    (30, 72, 82),
    (40, 68, 86),
    (52, 48, 70),
    (65, 38, 66),
    (90, 38, 66),
]

# So many points more where air is dry for most of the year: see locations.
DRY_POINTS = 7

# Latitude -> in which parts (per mille) a year's production falls into the months, January first,
# in the northern hemisphere, on a roof of 22° that looks to the equator: `month_shape` of
# clear_sky and usual_clearness, worked out once.
_SHAPES: list[tuple[int, tuple[int, ...]]] = [
    (0, (102, 88, 90, 76, 68, 60, 65, 75, 83, 95, 96, 101)),
    (10, (89, 82, 89, 82, 77, 71, 76, 84, 85, 90, 86, 88)),
    (20, (81, 79, 91, 87, 86, 81, 84, 86, 84, 85, 79, 77)),
    (30, (67, 70, 87, 92, 98, 95, 98, 97, 88, 81, 66, 62)),
    (40, (51, 59, 81, 95, 110, 111, 113, 108, 91, 76, 57, 47)),
    (50, (34, 45, 75, 102, 125, 132, 137, 121, 93, 68, 39, 29)),
    (60, (13, 33, 69, 108, 149, 167, 166, 136, 88, 46, 15, 10)),
    (65, (8, 28, 67, 108, 148, 165, 170, 142, 96, 51, 14, 3)),
]


def is_installed() -> bool:
    """Whether the PV library is there, without loading it."""
    return find_spec("pvlib") is not None


def usual_clearness(latitude: float, *, is_dry: bool = False) -> list[int]:
    """Percent of a clear sky's light that arrives in each month of a usual year."""
    winter, summer = (value + DRY_POINTS * is_dry for value in _between(latitude))
    turn = 0 if latitude >= 0 else 6
    return [
        round(
            (winter + summer) / 2 - (summer - winter) / 2 * math.cos((month - turn) * math.pi / 6)
        )
        for month in range(MONTHS)
    ]


def _between(latitude: float) -> tuple[float, float]:
    size = min(abs(latitude), 90)
    for (low, *before), (high, *after) in pairwise(_CLEARNESS):
        if size <= high:
            part = (size - low) / (high - low)
            winter, summer = (a + (b - a) * part for a, b in zip(before, after, strict=True))
            return winter, summer
    raise AssertionError("latitudes end at 90")


def clear_sky(
    latitude: float, longitude: float, planes: Sequence[tuple[float, float]]
) -> list[list[float]]:
    """kWh a year's months would give per kW of module under a cloudless sky, for each plane.

    `planes` are (azimuth, tilt) in degrees, azimuth clockwise from north. A perfect system: no
    losses. Loads pvlib.
    """
    import pandas  # type: ignore[import-untyped,import-not-found,unused-ignore]
    from pvlib import irradiance  # type: ignore[import-untyped,import-not-found,unused-ignore]
    from pvlib.location import Location  # type: ignore[import-untyped,import-not-found,unused-ignore]

    # pvlib uses what pandas is about to drop; whoever runs the worker can do nothing about it.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", pandas.errors.PandasChangeWarning)
        # The middle of each half hour of a common year.
        times = pandas.date_range("2025-01-01T00:15", periods=365 * 48, freq="30min", tz="UTC")
        place = Location(latitude, longitude)
        sun = place.get_solarposition(times)
        sky = place.get_clearsky(times, model="ineichen", solar_position=sun)
        outside = irradiance.get_extra_radiation(times)
        found = []
        for azimuth, tilt in planes:
            light = irradiance.get_total_irradiance(
                tilt,
                azimuth,
                sun["apparent_zenith"],
                sun["azimuth"],
                sky["dni"],
                sky["ghi"],
                sky["dhi"],
                dni_extra=outside,
                model="haydavies",
            )["poa_global"].fillna(0.0)
            months = light.groupby(times.month).sum() / 2000
            found.append([float(months[month]) for month in range(1, MONTHS + 1)])
    return found


def month_shape(latitude: float) -> list[float]:
    """In which parts a year's production usually falls into the months; they add up to 1.

    From a table by latitude, so pages may ask.
    """
    size = min(abs(latitude), _SHAPES[-1][0])
    for (low, before), (high, after) in pairwise(_SHAPES):
        if size <= high:
            part = (size - low) / (high - low)
            shape = [a + (b - a) * part for a, b in zip(before, after, strict=True)]
            break
    if latitude < 0:
        shape = shape[6:] + shape[:6]
    whole = sum(shape)
    return [value / whole for value in shape]
