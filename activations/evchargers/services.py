"""What may be asked of a charger."""

from typing import Any
from uuid import UUID

from django.utils import timezone

from activations.evchargers import writes
from activations.evchargers.chargers import Card
from activations.models import Activation
from activations.services import require_present
from portal.operations.models import Operation
from portal.operations.queue import queue_write


def queue_charging(
    activation: Activation,
    card: Card,
    *,
    start: bool,
    actor: Any,
    level: int = 100,
    connector: int = 1,
    token: UUID | None = None,
) -> Operation:
    """Queue starting to charge (`level` in % of the highest current), or stopping."""
    require_present(activation)
    payload: dict[str, Any] = {
        "activation": activation.pk,
        "system_id": activation.system_id,
        "serial": card.serial,
        "asked_at": int(timezone.now().timestamp()),
    }
    after = {"Charging": "Stopped"}
    if start:
        payload |= {"connector": connector, "level": level}
        after = {"Charging": f"Started, at {level} %"}
    return queue_write(
        writes.start if start else writes.stop,
        key=f"activation:{activation.pk}:ev:{card.serial}",
        payload=payload,
        company=activation.company,
        activation=activation,
        actor=actor,
        title=f"{'Start' if start else 'Stop'} charging at {card.serial}",
        before={"Charging": card.mode.text},
        after=after,
        token=token,
    )
