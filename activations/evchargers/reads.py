"""What Enphase tells of a site's EV chargers: which there are, what happened, when they charged."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from django.utils import timezone

from activations.evchargers.weeks import in_words
from activations.snapshots.registry import Absent, snapshot
from enphase import Client, Rejected
from enphase.records import (
    EnergyLifetime,
    EvChargerEvents,
    EvChargers,
    EvChargerSchedules,
    EvChargerSessions,
    EvChargerTelemetry,
    LatestTelemetry,
)
from portal.ui.zones import zone_named

# A page of the list as Enphase makes it by default, and the longest that may be asked for.
NEWEST, PAGE = 20, 100
# So many rows are fetched at most, a hit each hundred.
MOST = 500
# One hit tells any number of days.
DAYS_READ = 366

NO_CHARGERS = "Enphase monitors no EV chargers of this site."


def zone_of(activation: Any) -> tzinfo:
    """The site's zone; UTC while Enphase names none."""
    return zone_named(activation.timezone) or UTC


def bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """The first and the last moment of a day of the site, 23 to 25 hours apart."""
    start = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def _none_there(error: Rejected) -> Exception:
    """Their 400 for a site or a serial that they do not know is an answer; another is none."""
    said = " ".join(error.texts).casefold()
    if error.status == 404 or (error.status == 400 and "invalid system_id" in said):
        if "serial" in said:
            return Absent("Enphase knows no such EV charger on this site.")
        return Absent(NO_CHARGERS)
    return error


# ------------------------------------------------------------------ the chargers


@snapshot(
    "ev-chargers",
    title="EV chargers",
    operation="list_ev_chargers",
    parse=EvChargers.from_api,
    page="evchargers:list",
)
def chargers(client: Client, activation: Any, key: str) -> EvChargers:
    try:
        return client.ev_chargers.list_ev_chargers(activation.system_id)
    except Rejected as error:
        raise _none_there(error) from error


@chargers.facts
def _chargers_facts(record: EvChargers) -> dict[str, str]:
    """Which chargers are there, and their firmware. Reports come and go by themselves."""
    return {
        f"EV charger {one.serial_number or one.name or 'without a serial'}": ", ".join(
            filter(None, (one.model or one.name or one.sku, one.firmware))
        )
        or "Present"
        for one in record.ev_chargers
    }


@chargers.alarming
def _is_gone(before: dict[str, str], after: dict[str, str]) -> bool:
    """A charger that was there and is gone. Firmware is changed by Enphase."""
    return bool(before.keys() - after.keys())


@snapshot(
    "ev-state",
    title="State of the chargers",
    operation="get_latest_telemetry",
    parse=LatestTelemetry.from_api,
    max_age=timedelta(minutes=30),
    page="evchargers:list",
    writes=("ev.start", "ev.stop"),
)
def state(client: Client, activation: Any, key: str) -> LatestTelemetry:
    """The last word of each device; whether a car charges stands nowhere else."""
    return client.consumption.get_latest_telemetry(activation.system_id)


# ------------------------------------------------------------------ lists that go back in time


def _gathered(fetch: Callable[[int, int], tuple[list[Any], int]], wanted: int) -> dict[str, Any]:
    """Rows from the newest on, until `wanted` or a page is short; `count` is not to be trusted.

    `fetch(offset, limit)` gives a page's rows as received, and how many came with the unreadable.
    Returns {"rows": […], "pages": hits, "complete": were these all?}.
    """
    rows: list[Any] = []
    pages, complete, offset = 0, False, 0
    while offset < wanted:
        limit = min(PAGE, wanted - offset)
        found, came = fetch(offset, limit)
        pages += 1
        # What moved to the next page meanwhile, or a list that ignores the offset.
        new = [row for row in found if row not in rows]
        rows += new
        complete = came < limit
        if complete or (found and not new):
            break
        offset += came
    return {"rows": rows, "pages": pages, "complete": complete}


def _hits(payload: dict[str, Any]) -> int:
    return int(payload.get("pages", 1))


def amount_of(text: str, least: int) -> int:
    """How many rows a key asks for: `least`, or a hundred up to MOST."""
    if not text.isdecimal() or len(text) > 4:
        return least
    return max(least, min(int(text), MOST))


@snapshot(
    "ev-events",
    title="EV charger events",
    operation="list_ev_charger_events",
    parse=lambda payload: Listed.events(payload),
    hits=_hits,
    page="evchargers:list",
)
def events(client: Client, activation: Any, key: str) -> dict[str, Any]:
    """The newest page; with a number as the key that many, a hit each hundred."""

    def fetch(offset: int, limit: int) -> tuple[list[Any], int]:
        page = client.ev_chargers.list_ev_charger_events(
            activation.system_id, offset=offset, limit=limit
        )
        return [row.raw for row in page.events], len(page.events) + len(page.unreadable)

    try:
        found = _gathered(fetch, amount_of(key, NEWEST))
    except Rejected as error:
        raise _none_there(error) from error
    return {**found, "system_id": activation.system_id}


@snapshot(
    "ev-sessions",
    title="Charging sessions",
    operation="list_ev_charger_sessions",
    parse=lambda payload: Listed.sessions(payload),
    hits=_hits,
)
def sessions(client: Client, activation: Any, key: str) -> dict[str, Any]:
    """The newest hundred of a charger; "SERIAL 300" three hundred, a hit each hundred."""
    serial, _, text = key.partition(" ")

    def fetch(offset: int, limit: int) -> tuple[list[Any], int]:
        page = client.ev_chargers.list_ev_charger_sessions(
            activation.system_id, serial, offset=offset, limit=limit
        )
        return [row.raw for row in page.sessions], len(page.sessions) + len(page.unreadable)

    try:
        found = _gathered(fetch, amount_of(text, PAGE))
    except Rejected as error:
        raise _none_there(error) from error
    return {**found, "system_id": activation.system_id}


@dataclass(frozen=True)
class Listed:
    """Rows of a list, the newest first. `complete` is False when Enphase has older ones."""

    rows: list[Any]
    complete: bool

    @classmethod
    def events(cls, payload: dict[str, Any]) -> "Listed":
        answer = {"system_id": payload["system_id"], "events": payload["rows"]}
        rows = EvChargerEvents.from_api(answer).events
        return cls(_newest_first(rows, "triggered_date"), payload["complete"])

    @classmethod
    def sessions(cls, payload: dict[str, Any]) -> "Listed":
        answer = {"system_id": payload["system_id"], "sessions": payload["rows"]}
        rows = EvChargerSessions.from_api(answer).sessions
        return cls(_newest_first(rows, "start_time"), payload["complete"])


def _newest_first(rows: list[Any], name: str) -> list[Any]:
    """Those without a time last; Enphase promises no order."""

    def when(row: Any) -> float:
        moment = getattr(row, name)
        return moment.timestamp() if moment else 0.0

    return sorted(rows, key=when, reverse=True)


# ------------------------------------------------------------------ schedules


@snapshot(
    "ev-schedules",
    title="Charging schedule",
    operation="list_ev_charger_schedules",
    parse=EvChargerSchedules.from_api,
    max_age=timedelta(hours=24),
    page="evchargers:list",
)
def schedules(client: Client, activation: Any, key: str) -> EvChargerSchedules:
    try:
        return client.ev_chargers.list_ev_charger_schedules(activation.system_id, key)
    except Rejected as error:
        raise _none_there(error) from error


@schedules.facts
def _schedules_facts(record: EvChargerSchedules) -> dict[str, str]:
    several = len(record.charger_schedules) > 1
    return {
        f"Schedule {number}" if several else "Schedule": in_words(one)
        for number, one in enumerate(record.charger_schedules, 1)
    } or {"Schedule": "None"}


@schedules.alarming
def _no_alarm(before: dict[str, str], after: dict[str, str]) -> bool:
    """Home owners set it in their own app, and Enphase lets nobody else: never a surprise."""
    return False


# ------------------------------------------------------------------ energy


@snapshot(
    "ev-lifetime",
    title="Energy of the charger by day",
    operation="get_ev_charger_lifetime",
    parse=EnergyLifetime.from_api,
    max_age=timedelta(hours=24),
)
def lifetime(client: Client, activation: Any, key: str) -> EnergyLifetime:
    """The last year until yesterday, whose length costs nothing."""
    today = timezone.now().astimezone(zone_of(activation)).date()
    start = today - timedelta(days=DAYS_READ)
    try:
        return client.ev_chargers.get_ev_charger_lifetime(
            activation.system_id, key, start, today - timedelta(days=1)
        )
    except Rejected as error:
        raise _none_there(error) from error


@dataclass(frozen=True)
class Quarters:
    """A day of the site, as one charger told it in quarters of an hour."""

    day: date
    answer: EvChargerTelemetry

    @classmethod
    def of(cls, payload: dict[str, Any]) -> "Quarters":
        answer = EvChargerTelemetry.from_api(payload["answer"])
        return cls(date.fromisoformat(payload["day"]), answer)


def day_key(serial: str, day: date) -> str:
    """The key of a charger's day: "202400000703 2026-11-22"."""
    return f"{serial} {day.isoformat()}"


@snapshot(
    "ev-energy",
    title="Energy of the charger by the quarter of an hour",
    operation="get_ev_charger_telemetry",
    parse=Quarters.of,
    max_age=timedelta(hours=1),
)
def energy(client: Client, activation: Any, key: str) -> dict[str, Any]:
    """One day of the site. A day of 25 hours does not fit into "day": it is cut from a week."""
    serial, _, text = key.partition(" ")
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Absent("There is no such day.") from error
    start, end = bounds(day, zone_of(activation))
    is_long = end - start > timedelta(hours=24)
    try:
        answer = client.ev_chargers.get_ev_charger_telemetry(
            activation.system_id,
            serial,
            start_date=day,
            granularity="week" if is_long else "day",
        )
    except Rejected as error:
        if error.status == 400 and any("start_date" in said for said in error.texts):
            raise Absent("Enphase keeps nothing of this day.") from error
        raise _none_there(error) from error
    inside = [
        row.raw for row in answer.intervals if row.end_at is not None and start < row.end_at <= end
    ]
    return {"day": day.isoformat(), "answer": {**answer.raw, "consumption": inside}}
