"""What the groups share: the transport, and the care that filters need."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from enphase.transport import Transport

# 255 elsewhere, but 50 where a company's user is created; nobody's number is longer.
MAX_PHONE_LENGTH = 50


class Resource:
    """A group of methods over one transport."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport


def filters(given: Mapping[str, Any]) -> dict[str, str | int]:
    """Return the filters that are set (None means "not asked for"), ready for the query.

    ValueError for an empty one: Enphase ignores empty filters and answers with everything.
    """
    ready: dict[str, str | int] = {}
    for name, value in given.items():
        if value is None:
            continue
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif isinstance(value, Iterable) and not isinstance(value, str):
            value = ",".join(str(item) for item in value)
        if isinstance(value, str) and not value.strip():
            raise ValueError(f"The filter {name} is empty: Enphase would ignore it.")
        ready[name] = value
    return ready


def on_the_wire(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a request's fields with dates as epoch seconds.

    A day is sent as its noon in UTC, so that it is the same day from Hawaii to New Zealand's
    winter.
    """
    return {name: _value(value) for name, value in payload.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return int((value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp())
    if isinstance(value, date):
        return int(datetime.combine(value, time(12), UTC).timestamp())
    return value


def expanded(company: bool) -> dict[str, str]:
    """Return the query that adds a user's company to the answer."""
    return {"expand": "company"} if company else {}


def user_fields(
    required: Mapping[str, str], optional: Mapping[str, str | int | None]
) -> dict[str, str | int]:
    """Return the fields of a request about a person; None means "leave it as it is".

    ValueError for an empty required text, or for a phone number too long to be kept.
    """
    for name, value in required.items():
        if not value.strip():
            raise ValueError(f"{name} must not be empty.")
    if len(str(optional.get("phone") or "")) > MAX_PHONE_LENGTH:
        raise ValueError(f"A phone number has at most {MAX_PHONE_LENGTH} characters.")
    return {**required, **{name: value for name, value in optional.items() if value is not None}}


def iso_day(name: str, day: date) -> str:
    """Return a day as YYYY-MM-DD. ValueError for a point in time: whose day would it be?"""
    return _calendar_day(name, day).isoformat()


def compact_day(name: str, day: date) -> str:
    """Return a day as YYYYMMDD, which only the EV chargers want."""
    return f"{_calendar_day(name, day):%Y%m%d}"


def epoch(name: str, moment: datetime) -> int:
    """Return a point in time as epoch seconds. ValueError for one without a time zone."""
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValueError(f"{name} must be a datetime with a time zone.")
    return int(moment.timestamp())


def start_of(
    start_at: datetime | None, start_date: date | None, granularity: str, minutes: int = 5
) -> dict[str, str | int]:
    """Return the query of a telemetry: from a moment, or from a day of the site.

    ValueError for both at once, or for a granularity that intervals of so many minutes lack.
    """
    if granularity not in ("15mins", "day", "week") and (granularity, minutes) != ("5mins", 5):
        raise ValueError("The granularity is 15mins, day or week; 5mins for microinverters.")
    query: dict[str, str | int] = {"granularity": granularity}
    if start_at is not None and start_date is not None:
        raise ValueError("The start is a moment or a day, not both.")
    if start_at is not None:
        query["start_at"] = epoch("start_at", start_at)
    if start_date is not None:
        query["start_date"] = iso_day("start_date", start_date)
    return query


def days_of(start_date: date | None, end_date: date | None) -> dict[str, str | int]:
    """Return the query of a series by day. ValueError if it would end before it starts."""
    given = {"start_date": start_date, "end_date": end_date}
    query = {name: iso_day(name, day) for name, day in given.items() if day is not None}
    if start_date is not None and end_date is not None and end_date < start_date:
        raise ValueError("end_date must not be before start_date.")
    return {**query}


def _calendar_day(name: str, day: date) -> date:
    if isinstance(day, datetime) or not isinstance(day, date):
        raise ValueError(f"{name} must be a date, a day where the site is.")
    return day
