"""Production of a plant: clear-sky sun on its planes, dimmed by the weather of the day."""

from __future__ import annotations

import functools
import math
import random
from array import array

from sandbox.physics.calendar import SLOT, midnight, slots_of
from sandbox.physics.plant import Plane, Plant

_TILT_OF_THE_EARTH = math.radians(23.44)
_LOSSES = 0.86
# An inverter is smaller than its module: it cuts the noon of very bright days.
_CLIP = 0.84
_KEPT_DAYS = 6000


def clear_sky(
    latitude: float, longitude: float, planes: tuple[Plane, ...], start: int, slots: int
) -> list[list[float]]:
    """Give, for each plane, W per W of module in each quarter of an hour from `start` on.

    Irradiance is that of a cloudless sky: beam weakened by the air it crosses, plus some
    diffuse light. Nights are exactly zero.
    """
    noon = start + slots * SLOT / 2 - longitude * 240
    year_angle = 2 * math.pi * ((noon / 86400 + 0.0) % 365.2425 - 80.5) / 365.2425
    declination = math.asin(math.sin(_TILT_OF_THE_EARTH) * math.sin(year_angle))
    swing = 2 * year_angle
    equation_minutes = 9.87 * math.sin(swing) - 7.53 * math.cos(year_angle)
    equation_minutes -= 1.5 * math.sin(year_angle)
    sin_lat, cos_lat = math.sin(math.radians(latitude)), math.cos(math.radians(latitude))
    sin_dec, cos_dec = math.sin(declination), math.cos(declination)

    hours = ((start + SLOT / 2) % 86400) / 3600 + longitude / 15 + equation_minutes / 60 - 12
    step = math.pi / 48
    first = math.radians(15 * hours)
    facing = [_facing(plane, sin_lat, cos_lat, sin_dec, cos_dec) for plane in planes]
    result: list[list[float]] = [[0.0] * slots for _ in planes]
    for slot in range(slots):
        angle = first + slot * step
        cosine = math.cos(angle)
        height = sin_lat * sin_dec + cos_lat * cos_dec * cosine
        if height <= 0.01:
            continue
        sine = math.sin(angle)
        beam = 1.353 * 0.7 ** ((1 / max(height, 0.04)) ** 0.678)
        diffuse = 0.12 * height
        for series, (still, by_cosine, by_sine, sky) in zip(result, facing, strict=True):
            toward = still + by_cosine * cosine + by_sine * sine
            light = diffuse * sky + (beam * toward if toward > 0 else 0.0)
            series[slot] = min(light * _LOSSES, _CLIP)
    return result


@functools.lru_cache(maxsize=_KEPT_DAYS)
def production(plant: Plant, day: int) -> array[int]:
    """Give Wh of each quarter of a local day, with production switched off taken out."""
    start, slots = midnight(plant.timezone, day), slots_of(plant.timezone, day)
    result = array("l", bytes(array("l").itemsize * slots))
    if not plant.planes or not _overlaps(plant, start, start + slots * SLOT):
        return result
    per_plane = clear_sky(plant.latitude, plant.longitude, plant.planes, start, slots)
    light = [0.0] * slots
    for series, plane in zip(per_plane, plant.planes, strict=True):
        count = plane.modules
        light = [so_far + one * count for so_far, one in zip(light, series, strict=True)]
    clouds = cloudiness(plant.latitude, plant.longitude, day, slots)
    quarter = plant.module_w / 4
    for slot in range(slots):
        if light[slot]:
            result[slot] = int(light[slot] * quarter * (1 - clouds[slot]) + 0.5)
    if (
        plant.running[0][0] > start
        or plant.running[-1][1] < start + slots * SLOT
        or (len(plant.running) > 1)
    ):
        for slot in range(slots):
            end = start + (slot + 1) * SLOT
            if not any(since < end <= until for since, until in plant.running):
                result[slot] = 0
    return result


def cloudiness(latitude: float, longitude: float, day: int, slots: int) -> list[float]:
    """Give which part of the light the clouds take; neighbours have the same weather."""
    dice = random.Random(round(latitude) * 7_919 + round(longitude) * 104_729 + day * 1_299_709)
    mean = _usual_clouds(latitude, longitude, day)
    cover = min(0.88, -math.log(1 - dice.random()) * mean)
    if cover < 0.06:
        return [cover] * slots
    result, drift = [], dice.random()
    for _ in range(slots):
        drift = 0.75 * drift + 0.25 * dice.random()
        result.append(min(0.95, cover * (0.4 + 1.2 * drift)))
    return result


def _usual_clouds(latitude: float, longitude: float, day: int) -> float:
    """Mean cloudiness: dry Californian summers, grey Dutch winters, the rest in between."""
    winter = math.cos(2 * math.pi * ((day - 719_178) % 365.2425) / 365.2425)
    if latitude < 0:
        return 0.22 - 0.08 * -winter
    if latitude > 45:
        return 0.42 + 0.16 * winter
    if longitude < -114:
        return 0.17 + 0.14 * winter
    return 0.24 + 0.06 * winter


def _facing(
    plane: Plane, sin_lat: float, cos_lat: float, sin_dec: float, cos_dec: float
) -> tuple[float, float, float, float]:
    """Constants of the cosine between sun and plane, and how much of the sky the plane sees."""
    tilt = math.radians(plane.tilt)
    # The textbook formula counts from the south, westward.
    azimuth = math.radians(plane.azimuth - 180)
    sin_tilt, cos_tilt = math.sin(tilt), math.cos(tilt)
    cos_azimuth, sin_azimuth = math.cos(azimuth), math.sin(azimuth)
    still = sin_dec * (sin_lat * cos_tilt - cos_lat * sin_tilt * cos_azimuth)
    by_cosine = cos_dec * (cos_lat * cos_tilt + sin_lat * sin_tilt * cos_azimuth)
    by_sine = cos_dec * sin_tilt * sin_azimuth
    return still, by_cosine, by_sine, (1 + cos_tilt) / 2


def _overlaps(plant: Plant, start: int, end: int) -> bool:
    return any(since < end and until > start for since, until in plant.running)


@functools.lru_cache(maxsize=200_000)
def production_wh(plant: Plant, day: int) -> int:
    """Give the Wh of a whole local day."""
    return sum(production(plant, day))
