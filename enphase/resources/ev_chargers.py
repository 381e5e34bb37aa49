"""EV chargers: monitoring, and starting and stopping to charge."""

from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Literal, TypeVar

from enphase.errors import OutcomeUnknown
from enphase.records import (
    EnergyLifetime,
    EvChargerEvent,
    EvChargerEvents,
    EvChargers,
    EvChargerSchedules,
    EvChargerSession,
    EvChargerSessions,
    EvChargerTelemetry,
    Record,
)
from enphase.records.base import message_of
from enphase.resources.base import Resource, compact_day, epoch, filters

MAX_LIMIT = 100

Row = TypeVar("Row", bound=Record)


class Charging(Resource):
    """`client.ev_chargers`. Days are the site's; a bad request is `Rejected` 400 here, not 422."""

    def list_ev_chargers(self, system_id: int) -> EvChargers:
        """Return the active EV chargers of a site, unpaged. Operation list_ev_chargers."""
        return self._transport.call(
            "list_ev_chargers", EvChargers.from_api, path={"system_id": system_id}
        )

    def list_ev_charger_events(
        self, system_id: int, serial_num: str | None = None, offset: int = 0, limit: int = 20
    ) -> EvChargerEvents:
        """Return one page (at most 100) of what happened at a site's chargers, or at one of them.

        No total is told: `each_event` asks until a page is short.
        Operation list_ev_charger_events.
        """
        return self._transport.call(
            "list_ev_charger_events",
            EvChargerEvents.from_api,
            path={"system_id": system_id},
            query=filters({"serial_num": serial_num, **_page(offset, limit)}),
        )

    def each_event(
        self, system_id: int, serial_num: str | None = None, limit: int = MAX_LIMIT
    ) -> Iterator[EvChargerEvent]:
        """Yield every event of a site's chargers, or of one, fetching pages as they are needed.

        Events that happen meanwhile may move others to the next page; those are left out there.
        """

        def fetch(offset: int) -> tuple[list[EvChargerEvent], int]:
            page = self.list_ev_charger_events(system_id, serial_num, offset, limit)
            return page.events, len(page.events) + len(page.unreadable)

        return _each(fetch, limit)

    def list_ev_charger_sessions(
        self, system_id: int, serial_no: str, offset: int = 0, limit: int = 20
    ) -> EvChargerSessions:
        """Return one page (at most 100) of a charger's sessions.

        The unit of `energy_added` is not verified, see `EvChargerSession`.
        Operation list_ev_charger_sessions.
        """
        return self._transport.call(
            "list_ev_charger_sessions",
            EvChargerSessions.from_api,
            path={"system_id": system_id, "serial_no": serial_no},
            query=_page(offset, limit),
        )

    def each_session(
        self, system_id: int, serial_no: str, limit: int = MAX_LIMIT
    ) -> Iterator[EvChargerSession]:
        """Yield every session of a charger, fetching pages as they are needed."""

        def fetch(offset: int) -> tuple[list[EvChargerSession], int]:
            page = self.list_ev_charger_sessions(system_id, serial_no, offset, limit)
            return page.sessions, len(page.sessions) + len(page.unreadable)

        return _each(fetch, limit)

    def list_ev_charger_schedules(self, system_id: int, serial_no: str) -> EvChargerSchedules:
        """Return the schedules of a charger, unpaged. Operation list_ev_charger_schedules."""
        return self._transport.call(
            "list_ev_charger_schedules",
            EvChargerSchedules.from_api,
            path={"system_id": system_id, "serial_no": serial_no},
        )

    def get_ev_charger_lifetime(
        self, system_id: int, serial_no: str, start_date: date, end_date: date | None = None
    ) -> EnergyLifetime:
        """Return what a charger used by day (Wh), until yesterday by default.

        Operation get_ev_charger_lifetime.
        """
        query = {"start_date": compact_day("start_date", start_date)}
        if end_date is not None:
            query["end_date"] = compact_day("end_date", end_date)
            if end_date < start_date:
                raise ValueError("end_date must not be before start_date.")
        return self._transport.call(
            "get_ev_charger_lifetime",
            EnergyLifetime.from_api,
            path={"system_id": system_id, "serial_no": serial_no},
            query=query,
        )

    def get_ev_charger_telemetry(
        self,
        system_id: int,
        serial_no: str,
        start_at: datetime | None = None,
        start_date: date | None = None,
        granularity: Literal["day", "week"] = "day",
    ) -> EvChargerTelemetry:
        """Return 15-minute intervals of what a charger used (Wh).

        From a moment or from a day of the site, not both; yesterday by default.
        Operation get_ev_charger_telemetry.
        """
        if granularity not in ("day", "week"):
            raise ValueError("The granularity is day or week.")
        if start_at is not None and start_date is not None:
            raise ValueError("The start is a moment or a day, not both.")
        query: dict[str, str | int] = {"granularity": granularity}
        if start_at is not None:
            query["start_at"] = epoch("start_at", start_at)
        if start_date is not None:
            query["start_date"] = compact_day("start_date", start_date)
        return self._transport.call(
            "get_ev_charger_telemetry",
            EvChargerTelemetry.from_api,
            path={"system_id": system_id, "serial_no": serial_no},
            query=query,
        )

    def start_ev_charging(
        self, system_id: int, serial_no: str, connector_id: int = 1, charging_level: int = 100
    ) -> str:
        """Ask a charger to charge at a level of 0-100 %; return Enphase's acknowledgement.

        "Illustrative only" says the vendor: expect to be refused without the VPP API. The answer
        (202) names no task: sessions and telemetry tell whether it worked.
        Operation start_ev_charging.
        """
        if type(connector_id) is not int or connector_id < 1:
            raise ValueError("connector_id is a whole number above 0.")
        if type(charging_level) is not int or not 0 <= charging_level <= 100:
            raise ValueError("charging_level is a whole number between 0 and 100.")
        return self._transport.call(
            "start_ev_charging",
            message_of,
            path={"system_id": system_id, "serial_no": serial_no},
            # Text, says the contract, of both numbers.
            body={"connectorId": str(connector_id), "chargingLevel": str(charging_level)},
        )

    def stop_ev_charging(self, system_id: int, serial_no: str) -> str:
        """Ask a charger to stop; return Enphase's acknowledgement. As little is promised.

        Operation stop_ev_charging.
        """
        return self._transport.call(
            "stop_ev_charging",
            message_of,
            path={"system_id": system_id, "serial_no": serial_no},
        )


def _page(offset: int, limit: int) -> dict[str, str | int]:
    if not 1 <= limit <= MAX_LIMIT or offset < 0:
        raise ValueError("Pages start at 0 and hold 1 to 100 rows.")
    return {"offset": offset, "limit": limit}


def _each(fetch: Callable[[int], tuple[list[Row], int]], limit: int) -> Iterator[Row]:
    """Yield the rows of all pages until one is short; rows of the page before are left out.

    `fetch` returns a page's readable rows, and how many there were in all.
    """
    offset = 0
    before: list[dict[str, object]] = []
    while True:
        rows, count = fetch(offset)
        new = [row for row in rows if row.raw not in before]
        yield from new
        if count < limit:
            return
        if rows and not new:
            raise OutcomeUnknown("The list goes round in circles.", 200)
        before = [row.raw for row in rows]
        offset += count
