"""What may be done with a meter."""

from datetime import date
from typing import Any
from uuid import UUID, uuid5

from activations.meters import writes
from activations.meters.reads import state_words
from activations.models import Activation
from activations.services import require_present
from activations.snapshots.services import current
from enphase.records import Meter
from portal.operations.models import Operation
from portal.operations.queue import queue_write
from portal.ui.errors import Refused


def _record(activation: Activation, serial: str) -> Meter | None:
    copy = current(activation, "meter", serial)
    return copy.record if copy else None


def _key(activation: Activation, serial: str) -> str:
    return f"activation:{activation.pk}:meter:{serial}"


def queue_control(
    activation: Activation,
    serial: str,
    *,
    turn_on: bool,
    actor: Any,
    reason: str = "",
    token: UUID | None = None,
) -> Operation:
    """Queue turning a meter on or off. Turning one off takes a reason."""
    require_present(activation)
    if not turn_on and not reason:
        raise Refused("Say why the meter is turned off.")
    known = _record(activation, serial)
    word = "on" if turn_on else "off"
    return queue_write(
        writes.control_meter,
        key=_key(activation, serial),
        payload={
            "activation": activation.pk,
            "system_id": activation.system_id,
            "serial": serial,
            "status": "enabled" if turn_on else "disabled",
        },
        company=activation.company,
        activation=activation,
        actor=actor,
        title=f"Turn meter {serial} {word}",
        before={"State": state_words(known.state if known else None)},
        after={"State": "On" if turn_on else "Off"},
        reason=reason,
        token=token,
    )


def queue_date(
    activation: Activation,
    serial: str,
    *,
    day: date,
    base: str | None,
    actor: Any,
    reason: str = "",
    token: UUID | None = None,
) -> Operation:
    """Queue the day from which on a meter counts. `base` is the day that the person saw."""
    require_present(activation)
    if base == day.isoformat():
        raise Refused("Nothing was changed.")
    return queue_write(
        writes.update_meter,
        key=_key(activation, serial),
        payload={
            "activation": activation.pk,
            "system_id": activation.system_id,
            "serial": serial,
            "day": day.isoformat(),
            "base": base,
        },
        company=activation.company,
        activation=activation,
        actor=actor,
        title=f"Date meter {serial}",
        before={"Operational since": base or "Not set"},
        after={"Operational since": day.isoformat()},
        reason=reason,
        token=token,
    )


def restore(
    activation: Activation, serial: str, former: Meter, *, actor: Any, token: UUID, reason: str
) -> Operation:
    """Write a meter's former state or date back, whichever differs now; one change at a time."""
    now = _record(activation, serial)
    if now is None:
        raise Refused("This meter has not been read. Refresh it first.")
    if former.is_enabled is not None and former.is_enabled != now.is_enabled:
        return queue_control(
            activation,
            serial,
            turn_on=former.is_enabled,
            actor=actor,
            reason=reason,
            token=token,
        )
    if former.operational_date and former.operational_date != now.operational_date:
        return queue_date(
            activation,
            serial,
            day=former.operational_date,
            base=now.operational_date.isoformat() if now.operational_date else None,
            actor=actor,
            reason=reason,
            token=uuid5(token, "date"),
        )
    raise Refused("Only state and date of a meter can be written back, and these have not changed.")
