"""Is it night at a site? By the sun's height where the place is known, else by the clock."""

import math
from datetime import UTC, datetime, timedelta, tzinfo

EPOCH = datetime(2000, 1, 1, 12, tzinfo=UTC)
# Civil dusk: below it no panel makes what a meter would count.
DUSK_DEGREES = -6.0
# Dark in every season wherever people put roofs, by the clock of the site, summer time or not.
DARK_HOURS = range(1, 3)


def is_night(moment: datetime, place: tuple[float, float] | None, zone: tzinfo) -> bool | None:
    """True when the sun is surely down, False when it may be up; None by the clock of a day."""
    if place is not None:
        return elevation(moment, *place) < DUSK_DEGREES
    return True if moment.astimezone(zone).hour in DARK_HOURS else None


def elevation(moment: datetime, latitude: float, longitude: float) -> float:
    """The sun's height in degrees at an aware moment, right to about half a degree."""
    days = (moment - EPOCH) / timedelta(days=1)
    anomaly = math.radians((357.528 + 0.9856003 * days) % 360)
    mean = (280.46 + 0.9856474 * days) % 360
    path = math.radians(mean + 1.915 * math.sin(anomaly) + 0.02 * math.sin(2 * anomaly))
    tilt = math.radians(23.439)
    height = math.asin(math.sin(tilt) * math.sin(path))
    ascension = math.atan2(math.cos(tilt) * math.sin(path), math.cos(path))
    sidereal = math.radians((280.46062 + 360.98564737 * days + longitude) % 360)
    north = math.radians(latitude)
    up = math.sin(north) * math.sin(height) + math.cos(north) * math.cos(height) * math.cos(
        sidereal - ascension
    )
    return math.degrees(math.asin(max(-1.0, min(1.0, up))))
