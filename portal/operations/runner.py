"""Carries one operation a step further: send it once, look after a lost reply, ask the device.

Every entry is `run(pk)`. It is harmless to call it twice, late, or for an operation that is
settled: the row decides, by compare-and-swap on state and fence.
"""

import logging
from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from portal.connections.services import NeedsReconnect
from portal.operations import audit
from portal.operations.asking import ask_device
from portal.operations.claims import Claim, LeaseLost, scaled, take
from portal.operations.looking import look
from portal.operations.models import Attempt, Operation, State
from portal.operations.outcomes import LOOK_UP_SECONDS, not_sure, park
from portal.operations.registry import WRITES
from portal.operations.sending import send

log = logging.getLogger(__name__)


def run(pk: int) -> None:
    """Carry a due operation one step further. Does nothing when it is not due."""
    operation = Operation.objects.due().filter(pk=pk).select_related("actor").first()
    if operation is None:
        return
    steps: dict[str, Callable[[Claim], None]] = {
        State.QUEUED: send,
        State.CONFIRMING: ask_device,
        State.OVERDUE: ask_device,
        State.UNKNOWN: look,
    }
    step = steps[operation.state]
    write = WRITES.get(operation.kind)
    if write is None:
        _settle_unclaimed(operation, f"This Ridgeline does not know “{operation.kind}”.")
        return
    claim = take(operation, write)
    if claim is None:
        return
    try:
        step(claim)
    except NeedsReconnect as error:
        park(claim, str(error))
    except LeaseLost:
        log.warning("Operation %s: the lease ran out before anything was sent", pk)


def mark_stranded() -> int:
    """Sort what dead workers left in `sending`: with a permit it is unknown, without it queued."""
    count = 0
    for operation in Operation.objects.stranded()[:500]:
        with transaction.atomic():
            row = Operation.objects.select_for_update().get(pk=operation.pk)
            if row.state != State.SENDING or row.fence != operation.fence:
                continue
            permit = row.attempts.filter(fence=row.fence).first()
            row.fence += 1
            row.lease_until = None
            row.not_before = timezone.now()
            if permit is None or permit.outcome == Attempt.Outcome.UNSENT:
                row.state = State.QUEUED
                tag = "operation:requeued"
            else:
                permit.outcome = Attempt.Outcome.UNKNOWN
                permit.finished_at = timezone.now()
                permit.save(update_fields=["outcome", "finished_at"])
                row.state = State.UNKNOWN
                row.message = not_sure(row)
                row.not_before += scaled(LOOK_UP_SECONDS[0])
                tag = "operation:stranded"
            row.save()
            audit.record(tag, row, text="The worker went away.")
            count += 1
    return count


def resume_paused() -> int:
    """Queue again what waited for a connection or for the next month, once that is there."""
    now = timezone.now()
    waiting = Operation.objects.filter(state=State.PAUSED)
    ready = waiting.filter(pause_reason="reconnect", company__account__state="healthy")
    ready = ready | waiting.filter(pause_reason="month", not_before__lte=now)
    count = 0
    for operation in ready[:500]:
        with transaction.atomic():
            moved = Operation.objects.filter(
                pk=operation.pk, state=State.PAUSED, fence=operation.fence
            ).update(
                state=State.QUEUED,
                pause_reason="",
                message="",
                refreshed_token=False,
                not_before=now,
                fence=operation.fence + 1,
                lease_until=None,
                changed_at=now,
            )
            if moved:
                audit.record("operation:resumed", operation)
                count += 1
    return count


def _settle_unclaimed(operation: Operation, message: str) -> None:
    with transaction.atomic():
        moved = Operation.objects.filter(
            pk=operation.pk, state=State.QUEUED, fence=operation.fence
        ).update(state=State.FAILED, message=message, finished_at=timezone.now())
        if moved:
            audit.record("operation:failed", operation, text=message)
