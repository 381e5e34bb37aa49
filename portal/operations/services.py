"""What people may do to an operation that is already there."""

from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.operations import audit
from portal.operations.models import Operation, State
from portal.operations.queue import ring
from portal.operations.registry import WRITES
from portal.ui.errors import Refused


class TooLate(Refused):
    """The operation has moved on since the page was made."""


def cancel(operation: Operation, *, actor: Any) -> Operation:
    """Take back what has not been sent. Raises TooLate once a worker has it."""
    return _move(
        operation,
        actor=actor,
        allowed=(State.QUEUED, State.PAUSED),
        state=State.CANCELLED,
        tag="operation:cancelled",
        too_late="It is on its way already and cannot be taken back.",
        message=f"Cancelled by {actor}. Nothing was sent.",
        finished_at=timezone.now(),
    )


def send_again(operation: Operation, *, reason: str, actor: Any) -> Operation:
    """Let an uncertain operation be sent once more. The permit will carry the approver's name.

    Two people clicking at once are serialised: the second gets TooLate.
    """
    return _move(
        operation,
        actor=actor,
        allowed=(State.NEEDS_REVIEW,),
        state=State.QUEUED,
        tag="operation:approved",
        too_late="Somebody has decided on this already.",
        message="",
        note=reason,
        approved_by=actor,
        lookups=0,
        polls=0,
        not_before=timezone.now(),
    )


def close_unsent(operation: Operation, *, reason: str, actor: Any) -> Operation:
    """Give an uncertain operation up: a person looked, and it did not happen."""
    return _move(
        operation,
        actor=actor,
        allowed=(State.NEEDS_REVIEW, State.OVERDUE),
        state=State.CANCELLED,
        tag="operation:closed",
        too_late="Somebody has decided on this already.",
        message=f"Closed by {actor}: {reason}",
        note=reason,
        finished_at=timezone.now(),
    )


def check_again(operation: Operation, *, actor: Any) -> Operation:
    """Look at Enphase now instead of later. Costs a hit or two, sends nothing."""
    write = WRITES.get(operation.kind)
    asks_device = operation.state == State.OVERDUE or (
        operation.attempts.filter(outcome="accepted").exists()
        and write is not None
        and write.poller is not None
    )
    return _move(
        operation,
        actor=actor,
        allowed=(State.NEEDS_REVIEW, State.UNKNOWN, State.OVERDUE, State.CONFIRMING),
        state=State.CONFIRMING if asks_device else State.UNKNOWN,
        tag="operation:checked",
        too_late="It is settled already.",
        polls=0,
        lookups=0,
        not_before=timezone.now(),
    )


@transaction.atomic
def override(operation: Operation, *, reason: str, actor: Any) -> Operation:
    """Go on in spite of a conflict: the same change is queued anew, with the reason on record."""
    row = Operation.objects.select_for_update().get(pk=operation.pk)
    if row.state != State.CONFLICT:
        raise TooLate("Somebody has decided on this already.")
    try:
        with transaction.atomic():
            again = Operation.objects.create(
                kind=row.kind,
                version=row.version,
                payload={**row.payload, "override": reason},
                key=row.key,
                site_key=row.site_key,
                lane=row.lane,
                title=row.title,
                subject=row.subject,
                before=row.before,
                after=row.after,
                reason=reason[:300],
                cost_cents=row.cost_cents,
                actor=actor,
                actor_name=str(actor),
                company_id=row.company_id,
                branch_id=row.branch_id,
                activation_id=row.activation_id,
            )
    except IntegrityError:
        raise TooLate("The same change is under way already.") from None
    row.state = State.SUPERSEDED
    row.message = f"Replaced by {again.short_id}."
    row.result = {**row.result, "replaced_by": again.pk}
    row.finished_at = timezone.now()
    row.save()
    audit.record("operation:superseded", row, actor=actor, text=row.message)
    audit.record(
        "operation:queued",
        again,
        actor=actor,
        text=again.title,
        data={"override": reason, "before": again.before, "after": again.after},
    )
    transaction.on_commit(partial(ring, again.pk, again.lane))
    return again


@transaction.atomic
def _move(
    operation: Operation,
    *,
    actor: Any,
    allowed: tuple[State, ...],
    state: State,
    tag: str,
    too_late: str,
    note: str = "",
    **values: Any,
) -> Operation:
    """Compare-and-swap on behalf of a person; raises TooLate when the row has moved on."""
    row = Operation.objects.select_for_update().get(pk=operation.pk)
    leased = row.lease_until is not None and row.lease_until > timezone.now()
    if row.state not in allowed or leased:
        raise TooLate(too_late)
    row.state = state
    row.fence += 1
    row.lease_until = None
    row.pause_reason = ""
    for name, value in values.items():
        setattr(row, name, value)
    row.message = row.message[:500]
    row.save()
    audit.record(tag, row, actor=actor, text=note or row.message)
    if row.is_busy:
        transaction.on_commit(partial(ring, row.pk, row.lane))
    return row
