"""Systems of the Monitoring API: the second way to find a site, and what stands there."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any, Literal

from enphase.errors import OutcomeUnknown, Rejected
from enphase.records import (
    Inverter,
    InverterGroup,
    System,
    SystemDevices,
    SystemPage,
    SystemSummary,
)
from enphase.records.base import object_of
from enphase.resources.base import Resource, filters, iso_day

MAX_PAGE_SIZE = 1000
MAX_LIST_SIZE = 100

Order = Literal["id", "-id"]


class Systems(Resource):
    """`client.systems`."""

    def list_systems(
        self, page: int = 1, size: int = MAX_LIST_SIZE, sort_by: Order = "id"
    ) -> SystemPage:
        """Return one page (at most 100) of the systems we may read: `page` counts from 1.

        energy_lifetime, energy_today and system_size are always -1 here: ask for the summary.
        `Rejected` 422 for an order that does not exist. Operation list_systems.
        """
        _check_page(page, size, MAX_LIST_SIZE)
        return self._transport.call(
            "list_systems",
            SystemPage.from_api,
            query={"page": page, "size": size, "sort_by": sort_by},
        )

    def each(self, size: int = MAX_LIST_SIZE) -> Iterator[System]:
        """Yield every system we may read, once, fetching pages as they are needed.

        Systems may come and go between pages. `OutcomeUnknown` when a page brings nothing new:
        the list is not complete then, and must not be taken for it.
        """
        return _each(lambda page: self.list_systems(page, size), size)

    def each_found(self, size: int = MAX_PAGE_SIZE, **given: Any) -> Iterator[System]:
        """Yield every system that fits the filters of `search_systems`, once, page by page."""
        return _each(lambda page: self.search_systems(**given, page=page, size=size), size)

    def get_system(self, system_id: int) -> System:
        """Return one system. `Rejected` 404 when there is none, 401 or 403 when it is not ours.

        energy_lifetime, energy_today and system_size are always -1 here: ask for the summary.
        Operation get_system.
        """
        return self._transport.call("get_system", System.from_api, path={"system_id": system_id})

    def get_system_summary(self, system_id: int, summary_date: date | None = None) -> SystemSummary:
        """Return power now (W), energy (Wh) and size (W), or those of a day of the site.

        Without a date: today where the site is. `Rejected` 404 when there is no such system.
        Operation get_system_summary.
        """
        query = (
            {} if summary_date is None else {"summary_date": iso_day("summary_date", summary_date)}
        )
        return self._transport.call(
            "get_system_summary",
            SystemSummary.from_api,
            path={"system_id": system_id},
            query=query,
        )

    def list_system_devices(self, system_id: int) -> SystemDevices:
        """Return the active devices of a site by kind, unpaged; retired ones are left out.

        `OutcomeUnknown` 500 "unable to fetch data" after its repeats. Operation
        list_system_devices.
        """
        return self._transport.call(
            "list_system_devices", SystemDevices.from_api, path={"system_id": system_id}
        )

    def get_inverters_summary(
        self,
        site_id: int | None = None,
        envoy_serial_number: str | None = None,
        page: int = 1,
        size: int = MAX_LIST_SIZE,
    ) -> list[InverterGroup]:
        """Return one page (at most 100) of a site's or a gateway's microinverters, with power (W),
        energy (Wh), firmware and grid profile.

        One of the two must be given; the gateway wins. Only those behind active gateways. No total
        is told: `each_inverter` asks until a page is short. Operation get_inverters_summary.
        """
        if site_id is None and envoy_serial_number is None:
            raise ValueError("Say of which site or which gateway (Envoy).")
        if site_id is not None and site_id <= 0:
            raise ValueError("site_id must be a positive number.")
        _check_page(page, size, MAX_LIST_SIZE)
        return self._transport.call(
            "get_inverters_summary",
            InverterGroup.list_of,
            query=filters(
                {
                    "site_id": site_id,
                    "envoy_serial_number": envoy_serial_number,
                    "page": page,
                    "size": size,
                }
            ),
        )

    def each_inverter(
        self,
        site_id: int | None = None,
        envoy_serial_number: str | None = None,
        size: int = MAX_LIST_SIZE,
    ) -> Iterator[Inverter]:
        """Yield every microinverter of a site or gateway, once, fetching pages as needed.

        `OutcomeUnknown` when a full page brings nothing new.
        """
        seen: set[str | None] = set()
        page = 1
        while True:
            groups = self.get_inverters_summary(site_id, envoy_serial_number, page, size)
            inverters = [inverter for group in groups for inverter in group.micro_inverters]
            new = [row for row in inverters if (row.serial_number or f"#{row.id}") not in seen]
            seen.update(row.serial_number or f"#{row.id}" for row in new)
            yield from new
            if len(inverters) < size:
                return
            if not new:
                raise OutcomeUnknown("The list of microinverters goes round in circles.", 200)
            page += 1

    def search_systems(
        self,
        *,
        reference: str | None = None,
        other_reference: str | None = None,
        name: str | None = None,
        ids: Iterable[int] | None = None,
        statuses: Iterable[str] | None = None,
        page: int = 1,
        size: int = 100,
        sort_by: Order = "id",
        live_stream: bool | None = None,
    ) -> SystemPage:
        """Return one page (at most 1,000) of the systems that fit all filters given.

        `reference` and `other_reference` match exactly, upper and lower case alike; `statuses` are
        the keys in `enphase.statuses.SEARCHABLE`. Unlike the list of activations this refuses
        filters it does not know (`Rejected` 422). A POST that only reads: it is repeated like one,
        and may count against the month's writes. Without filters: everything.
        Operation search_systems.
        """
        _check_page(page, size, MAX_PAGE_SIZE)
        wanted: dict[str, Any] = {
            **filters({"reference": reference, "other_reference": other_reference, "name": name})
        }
        for key, values in (("ids", ids), ("statuses", statuses)):
            if values is not None:
                wanted[key] = list(values)
                if not wanted[key]:
                    raise ValueError(f"The filter {key} is empty: Enphase would ignore it.")
        return self._transport.call(
            "search_systems",
            SystemPage.from_api,
            query=filters({"page": page, "size": size, "live_stream": live_stream}),
            body={"sort_by": sort_by, "system": wanted},
        )

    def retrieve_system_id(self, serial: str) -> int | None:
        """Return the id of the system a gateway (Envoy) serves, None if it serves none.

        A retired gateway serves none. `Rejected` 401 may mean that the system is not ours.
        Operation retrieve_system_id.
        """
        query = filters({"serial_num": serial})
        try:
            return self._transport.call("retrieve_system_id", _system_id, query=query)
        except Rejected as refusal:
            if refusal.status != 404:
                raise
        return None


def _system_id(answer: Any) -> int:
    given = object_of(answer).get("system_id")
    if isinstance(given, bool) or not isinstance(given, (int, str)) or int(given) <= 0:
        raise ValueError("no system id")
    return int(given)


def _check_page(page: int, size: int, largest: int) -> None:
    if not 1 <= size <= largest or page < 1:
        raise ValueError(f"Pages count from 1 and hold 1 to {largest:,} systems.")


def _each(fetch: Callable[[int], SystemPage], size: int) -> Iterator[System]:
    """Yield the systems of all pages, once each.

    Up to the total that the pages tell; without one, until a page is shorter than it says it may
    be: Enphase may give less than was asked for.
    """
    seen: set[int] = set()
    page_number, rows = 1, 0
    while True:
        page = fetch(page_number)
        count = len(page.systems) + len(page.unreadable)
        rows += count
        new = [system for system in page.systems if system.system_id not in seen]
        seen.update(system.system_id for system in new)
        yield from new
        if count == 0:
            return
        if page.total is not None and page.total >= count:
            if rows >= page.total:
                return
        elif count < min(size, page.size or size):
            return
        if page.systems and not new:
            raise OutcomeUnknown("The list of systems goes round in circles.", 200)
        page_number += 1
