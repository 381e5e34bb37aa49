"""Local days of a site: where they begin, and how many quarters of an hour they have."""

from __future__ import annotations

import datetime as dt
import functools
import zoneinfo

SLOT = 900
_EPOCH = dt.date(1970, 1, 1).toordinal()


@functools.lru_cache(maxsize=256)
def zone(name: str) -> dt.tzinfo:
    """Give a time zone; UTC for a name this machine does not know."""
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return dt.UTC


@functools.lru_cache(maxsize=65536)
def midnight(zone_name: str, day: int) -> int:
    """Give the epoch of local midnight. `day` is the proleptic ordinal of a date."""
    return _local(zone_name, day, 0)


@functools.lru_cache(maxsize=65536)
def four_o_clock(zone_name: str, day: int) -> int:
    """Give the epoch of 04:00, after any change between summer and winter time."""
    return _local(zone_name, day, 4)


def slots_of(zone_name: str, day: int) -> int:
    """Give the quarters of a day: 96, or 92 and 100 when the clocks change."""
    return (midnight(zone_name, day + 1) - midnight(zone_name, day)) // SLOT


def day_of(zone_name: str, epoch: float) -> int:
    """Give the local date (as an ordinal) in which `epoch` lies."""
    return dt.datetime.fromtimestamp(epoch, zone(zone_name)).toordinal()


def iso(day: int) -> str:
    return dt.date.fromordinal(day).isoformat()


def _local(zone_name: str, day: int, hour: int) -> int:
    date = dt.date.fromordinal(day)
    moment = dt.datetime(date.year, date.month, date.day, hour, tzinfo=zone(zone_name))
    return int(moment.timestamp()) // SLOT * SLOT
