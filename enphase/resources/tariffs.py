"""Tariffs: read, and replace as a whole."""

from collections.abc import Mapping
from typing import Any

from enphase.records import SystemTariff, TariffTask
from enphase.resources.base import Resource

_PARTS = {"currency", "single_rate", "seasons", "seasons_sell", "storage_settings"}


class Tariffs(Resource):
    """`client.tariffs`."""

    def get_tariff(self, system_id: int) -> SystemTariff:
        """Return a site's tariff and the state of the last change.

        Prices are exact decimals per kWh, periods start so many minutes after local midnight,
        seasons on a month and day. `Rejected` 404 when there is no such system.
        Operation get_tariff.
        """
        return self._transport.call(
            "get_tariff", SystemTariff.from_api, path={"system_id": system_id}
        )

    def update_tariff(self, system_id: int, tariff: Mapping[str, Any]) -> TariffTask:
        """Replace the tariff; return the task that brings it to the gateway.

        `tariff` holds currency, single_rate, seasons, seasons_sell and storage_settings in the
        shape of the answer; `Tariff.for_update()` gives what is there now. ValueError for others.
        Only a task was queued: read `get_tariff` until it is no longer pending. Gone from the
        documents of 2026: it may be refused with 404, 405 or 501. Operation update_tariff.
        """
        unknown = set(tariff) - _PARTS
        if unknown or not tariff:
            raise ValueError(f"A tariff consists of {', '.join(sorted(_PARTS))}.")
        return self._transport.call(
            "update_tariff",
            TariffTask.of_update,
            path={"system_id": system_id},
            body=dict(tariff),
        )
