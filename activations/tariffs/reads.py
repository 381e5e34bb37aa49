"""What Enphase says a kWh costs at a site."""

import uuid
from typing import Any

from activations.models import Activation
from activations.snapshots.registry import snapshot
from activations.tariffs import services, words
from activations.tariffs.plan import document_of
from enphase import Client
from enphase.records import SystemTariff
from portal.operations.models import Operation
from portal.ui.errors import Refused


@snapshot(
    "tariff",
    title="Tariff",
    operation="get_tariff",
    parse=SystemTariff.from_api,
    page="tariffs:tariff",
    # Battery changes explain a change of the tariff: they may reset it. The tariff page says so.
    writes=("tariff.update", *services.BATTERY_WRITES),
)
def tariff(client: Client, activation: Activation, key: str) -> SystemTariff:
    """Read the tariff and the task of its last change: 1 hit (operation get_tariff)."""
    return client.tariffs.get_tariff(activation.system_id)


@tariff.facts
def _facts(record: SystemTariff | None) -> dict[str, str]:
    if record is None or record.tariff is None:
        return {"Tariff": "None"}
    return words.facts_of(document_of(record.tariff))


@tariff.restore
def _restore(
    activation: Activation, record: SystemTariff, *, actor: Any, token: uuid.UUID, reason: str
) -> Operation:
    if record.tariff is None:
        raise Refused("At that time there was no tariff, and Enphase has no way to remove one.")
    return services.queue_tariff(
        activation,
        document_of(record.tariff),
        base=services.base_of(activation),
        actor=actor,
        token=token,
        reason=reason,
    )
