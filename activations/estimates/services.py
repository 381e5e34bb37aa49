"""What may be done with a site's estimate."""

import logging
from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from activations.estimates import sunlight, writes
from activations.estimates.amounts import text_of
from activations.estimates.models import Proposal
from activations.estimates.reads import facts_of
from activations.models import Activation
from activations.services import require_present
from activations.snapshots.services import current
from portal.operations.models import Operation
from portal.operations.queue import queue_write
from portal.ui.errors import Refused

log = logging.getLogger(__name__)

Base = dict[str, Any]


def base_of(activation: Activation) -> Base | None:
    """Our copy as a change is compared with it; None when the estimate was never read."""
    copy = current(activation, "estimate")
    if copy is None or copy.record is None:
        return None
    return wire(copy.record.month_estimates, copy.record.degrade_factor or Decimal(0))


def wire(months: Sequence[Decimal], loss_percent: Decimal) -> Base:
    """An estimate as it travels and as payloads keep it."""
    return {
        "degrade_factor": text_of(loss_percent),
        "month_estimates": [text_of(value) for value in months],
    }


def queue_estimate(
    activation: Activation,
    *,
    months: Sequence[Decimal],
    loss_percent: Decimal,
    base: Base | None,
    actor: Any,
    token: UUID | None = None,
    reason: str = "",
    source: str = "",
) -> Operation:
    """Queue setting the estimate, or removing it (no months). `base` is what the person saw.

    `source` says in words where the values come from. Raises Refused when nothing would change.
    """
    require_present(activation)
    wanted = wire(months, loss_percent)
    before, after = changes(base, months, loss_percent)
    if not after:
        raise Refused("Nothing was changed.")
    if source and months:
        after["Source"] = source
        before["Source"] = ""
    return queue_write(
        writes.update_estimate,
        key=f"activation:{activation.pk}:estimate",
        payload={
            "activation": activation.pk,
            "system_id": activation.system_id,
            **wanted,
            "base": base,
        },
        company=activation.company,
        activation=activation,
        actor=actor,
        title="Set estimate" if months else "Remove estimate",
        before=before,
        after=after,
        reason=reason,
        token=token,
    )


def changes(
    base: Base | None, months: Sequence[Decimal], loss_percent: Decimal
) -> tuple[dict[str, str], dict[str, str]]:
    """What differs, in words: label -> before, label -> after."""
    after = facts_of(months, loss_percent)
    before = dict.fromkeys(after, "Not read yet")
    if base is not None:
        before = facts_of(
            [Decimal(text) for text in base["month_estimates"]], Decimal(base["degrade_factor"])
        )
    labels = [*after, *(label for label in before if label not in after)]
    differing = [label for label in labels if before.get(label) != after.get(label)]
    return (
        {label: before.get(label, "") for label in differing},
        {label: after.get(label, "") for label in differing},
    )


# ------------------------------------------------------------------ from the arrays


def propose(activation: Activation, assumptions: dict[str, Any], *, actor: Any) -> Proposal:
    """Let a worker work out twelve values. See Proposal for the shape of `assumptions`.

    Raises Refused when the PV library is not installed.
    """
    if not sunlight.is_installed():
        from activations.estimates.tasks import NOT_INSTALLED

        raise Refused(NOT_INSTALLED)
    proposal = Proposal.objects.create(
        activation=activation, asked_by=actor, assumptions=assumptions
    )
    transaction.on_commit(partial(_ring, proposal.pk))
    return proposal


def _ring(pk: int) -> None:
    from activations.estimates.tasks import work_out

    try:
        work_out.apply_async(args=[pk], queue="interactive", expires=90)
    except Exception as error:  # noqa: BLE001 - kombu raises what its transport raises
        log.warning("Proposal %s not queued (%s)", pk, type(error).__name__)
        Proposal.objects.filter(pk=pk).update(
            finished_at=timezone.now(),
            problem="It could not be queued. Try again in a minute.",
        )


def proposal_behind(activation: Activation, months: Sequence[Decimal]) -> Proposal | None:
    """The proposal that these values came from, untouched; None for values from elsewhere."""
    if not months:
        return None
    for proposal in Proposal.objects.filter(activation=activation).exclude(planes_kwh=[])[:20]:
        if proposal.values == list(months):
            return proposal
    return None
