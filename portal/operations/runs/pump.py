"""Turns the items of a run into operations, a few at a time, and notices when it is over.

`pump(pk)` may be called at any time, twice at once, and after any death of a worker: each item
becomes an operation in one transaction under the run's row lock, with a token of its own.
"""

import logging
import time
import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from portal.operations import audit
from portal.operations.models import Operation, Run, RunItem, State
from portal.operations.queue import Busy, part_of
from portal.operations.runs.services import action_of, cancel_children
from portal.operations.runs.tally import WAITED_FOR, open_children
from portal.ui.errors import Refused

log = logging.getLogger(__name__)

# Operations of one run that are open at a time. Enough for the bulk lane until the next sweep,
# and so few that a run of 10,000 does not bury the queue.
WINDOW = 40
# One call does no more than this, because it runs where people's operations run.
SECONDS = 1.0
BUSY_AGAIN = timedelta(seconds=10)


def pump(pk: int) -> int:
    """Hand over as many items as there is room for; gives how many. Settles what is over."""
    until = time.monotonic() + SECONDS
    count = 0
    _obey_children(pk)
    while time.monotonic() < until and _hand_over_next(pk):
        count += 1
    _settle(pk)
    return count


def pump_all() -> None:
    """Every few seconds: whatever a lost message or a dead worker left behind goes on."""
    for pk in (
        Run.objects.filter(state__in=("running", "paused"))
        .order_by("pk")
        .values_list("pk", flat=True)
    ):
        pump(pk)
    stopped = Run.objects.filter(
        state=Run.State.CANCELLED, operations__state__in=("queued", "paused")
    )
    for run in stopped.distinct():
        cancel_children(run, run.created_by)


def _hand_over_next(pk: int) -> bool:
    """One item becomes an operation. False when there is nothing to do now, or no room."""
    with transaction.atomic():
        run = _lock(pk)
        if run.state != Run.State.RUNNING or open_children(run) >= WINDOW:
            return False
        if _may_not_go_on(run):
            return False
        item = (
            run.items.filter(state=RunItem.State.WAITING, not_before__lte=timezone.now())
            .select_related("activation", "activation__company", "activation__branch")
            .order_by("number")
            .first()
        )
        if item is None:
            return False
        _hand_over(run, item)
    return True


def _hand_over(run: Run, item: RunItem) -> None:
    token = uuid.uuid5(run.token, f"{item.pk}:{item.tries}")
    try:
        action = action_of(run)
        if action.queuer is None:
            raise Refused(f"“{run.kind}” cannot be queued.")
        # A savepoint, so that a refusal half way leaves nothing behind.
        with transaction.atomic(), part_of(run, token):
            operation = action.queuer(item, item.value or run.value, run.created_by)
    except Busy as busy:
        waits_for = f" ({busy.operation.short_id})" if busy.operation else ""
        item.reason = f"Waits for an earlier change of this site{waits_for}."
        item.not_before = timezone.now() + BUSY_AGAIN
    except Refused as refusal:
        item.state, item.reason = RunItem.State.REFUSED, str(refusal)[:500]
    else:
        item.state, item.operation, item.reason = RunItem.State.SENT, operation, ""
    item.save(update_fields=["state", "operation", "reason", "not_before"])


def _may_not_go_on(run: Run) -> bool:
    """The person who asked must still be allowed to; else the run waits for an admin."""
    actor = run.created_by
    if actor is not None and actor.role_in(run.company_id) in action_of(run).roles:
        return False
    _stand_still(run, "rights", f"{run.created_name} may no longer change this. Nothing is sent.")
    return True


def _obey_children(pk: int) -> None:
    """A month that is used up, or a dead connection, stops the run; its end lets it go on."""
    with transaction.atomic():
        run = _lock(pk)
        if run.state not in (Run.State.RUNNING, Run.State.PAUSED):
            return
        stopped = (
            run.operations.filter(state=State.PAUSED, pause_reason__in=("month", "reconnect"))
            .order_by("not_before")
            .first()
        )
        if run.state == Run.State.RUNNING and stopped is not None:
            _stand_still(run, stopped.pause_reason, stopped.message)
        elif run.pause_reason in ("month", "reconnect") and stopped is None:
            run.state, run.pause_reason, run.message = Run.State.RUNNING, "", ""
            run.save()
            audit.record("run:resumed", run=run, data={"run": run.pk})


def _stand_still(run: Run, reason: str, message: str) -> None:
    run.state, run.pause_reason, run.message = Run.State.PAUSED, reason, message[:500]
    run.save()
    audit.record("run:paused", run=run, text=run.message, data={"run": run.pk, "reason": reason})


def _settle(pk: int) -> None:
    with transaction.atomic():
        run = _lock(pk)
        if run.state != Run.State.RUNNING:
            return
        if run.items.filter(state=RunItem.State.WAITING).exists() or open_children(run):
            return
        # The same change, asked for by a person at the same time, may be an item's operation too.
        if run.items.filter(operation__state__in=WAITED_FOR).exists():
            return
        run.state, run.finished_at = Run.State.FINISHED, timezone.now()
        run.save()
        ends = Operation.objects.filter(run_items__run=run).values("state").order_by("state")
        counts = {row["state"]: row["count"] for row in ends.annotate(count=Count("pk"))}
        done = counts.get(State.DONE, 0)
        audit.record(
            "run:finished",
            run=run,
            text=f"{done:,} of {run.changes:,} done",
            data={"run": run.pk, "states": counts},
        )


def _lock(pk: int) -> Run:
    return (
        Run.objects.select_for_update(of=("self",))
        .select_related("company", "created_by")
        .get(pk=pk)
    )
