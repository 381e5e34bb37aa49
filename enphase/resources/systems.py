"""Systems of the Monitoring API: the second way to find a site, and whose gateway it is."""

from collections.abc import Iterable
from typing import Any, Literal

from enphase.errors import Rejected
from enphase.records import SystemPage
from enphase.records.base import object_of
from enphase.resources.base import Resource, filters

MAX_PAGE_SIZE = 1000


class Systems(Resource):
    """`client.systems`."""

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
        sort_by: Literal["id", "-id"] = "id",
        live_stream: bool | None = None,
    ) -> SystemPage:
        """Return one page (at most 1,000) of the systems that fit all filters given.

        `reference` and `other_reference` match exactly, upper and lower case alike; `statuses` are
        the keys in `enphase.statuses.SEARCHABLE`. Unlike the list of activations this refuses
        filters it does not know (`Rejected` 422). A POST that only reads: it is repeated like one,
        and may count against the month's writes. Without filters: everything.
        Operation search_systems.
        """
        if not 1 <= size <= MAX_PAGE_SIZE or page < 1:
            raise ValueError("Pages count from 1 and hold 1 to 1,000 systems.")
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
