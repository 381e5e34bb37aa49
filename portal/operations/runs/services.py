"""What may be done to a run: preview, start, approve, pause, go on, cancel, retry, undo.

Every step is a compare-and-swap under the run's row lock with its event, so two people who press
at once are serialised: the second gets TooLate.
"""

import logging
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.connections.models import Account
from portal.operations import audit
from portal.operations import services as operations
from portal.operations.models import Operation, Run, RunItem, State
from portal.operations.registry import WRITES
from portal.operations.runs.estimate import Estimate, estimate
from portal.operations.runs.registry import (
    ACTIONS,
    AlreadySo,
    BulkAction,
    Cannot,
    Change,
    Value,
    Verdict,
)
from portal.operations.services import TooLate
from portal.ui.errors import Refused

log = logging.getLogger(__name__)

# A preview older than this says too little about what is there now.
PREVIEW_LASTS = timedelta(hours=24)
FORGET_PREVIEWS = timedelta(days=7)
BATCH = 500
MOVED_ON = "Somebody has moved this run on already. The page shows how it stands now."


@dataclass(frozen=True)
class Looked:
    """One system with what the look said of it; `value` when it differs from the run's."""

    activation: Any
    name: str
    reference: str
    verdict: Verdict
    value: Value | None = None


def action_of(run: Run) -> BulkAction:
    """The declared action. Refused when this version of Ridgeline does not know it."""
    action = ACTIONS.get(run.kind)
    if action is None:
        raise Refused(f"This Ridgeline does not know “{run.kind}”.")
    return action


def estimate_of(run: Run) -> Estimate:
    action = action_of(run)
    return estimate(
        run.company, run.changes, run.hits_each, action.endpoint, WRITES[action.write].cost_cents
    )


def needs_approval(run: Run) -> bool:
    """Above the limits of the settings a second admin has to agree."""
    hits = run.changes * run.hits_each
    return bool(run.changes > settings.BULK_APPROVAL_SYSTEMS or hits > settings.BULK_APPROVAL_HITS)


def needs_typed_count(run: Run) -> bool:
    """Is the number of systems typed before it starts? For big runs, and what stops production."""
    return needs_approval(run) or (run.careful and run.changes > 1)


# ------------------------------------------------------------------ preview


def preview(
    action: BulkAction,
    looked: Iterable[Looked],
    *,
    company: Any,
    branch: Any,
    actor: Any,
    value: Value,
    selection: str,
    token: uuid.UUID,
    inverse_of: Run | None = None,
) -> Run:
    """Freeze a selection and what the change would do to it. The same token gives the same run."""
    if same := Run.objects.filter(token=token, company=company).first():
        return same
    # Looking at 10,000 sites takes seconds, and nobody else can write while we do.
    items = [_item(number, one) for number, one in enumerate(looked, start=1)]
    careful = (
        any(action.careful(item.value) for item in items if item.value)
        if inverse_of is not None
        else action.careful(value)
    )
    states = Counter(item.state for item in items)
    try:
        with transaction.atomic():
            run = Run.objects.create(
                token=token,
                kind=action.kind,
                title=action.describe(value)[:200]
                if inverse_of is None
                else _undo_title(inverse_of),
                value=value,
                selection=selection[:300],
                hits_each=action.hits,
                careful=careful,
                changes=states[RunItem.State.WAITING],
                already=states[RunItem.State.ALREADY],
                cannot=states[RunItem.State.CANNOT],
                company=company,
                branch=branch,
                created_by=actor,
                created_name=str(actor),
                inverse_of=inverse_of,
            )
            for item in items:
                item.run = run
            RunItem.objects.bulk_create(items, batch_size=BATCH)
            audit.record(
                "run:previewed",
                run=run,
                actor=actor,
                text=f"{run.title}: {run.systems}, {run.already + run.cannot:,} left out",
                data={"run": run.pk, "kind": run.kind, "value": value, "selection": selection},
            )
    except IntegrityError:
        same = Run.objects.filter(token=token, company=company).first()
        if same is None:
            raise
        return same
    return run


def _undo_title(run: Run) -> str:
    return f"Undo: {run.title[0].lower()}{run.title[1:]}"[:200]


def _item(number: int, one: Looked) -> RunItem:
    item = RunItem(
        number=number,
        # The number alone, so that 10,000 sites need not stay in memory.
        activation_id=one.activation.pk if one.activation is not None else None,
        name=one.name[:255],
        reference=one.reference[:255],
        value=one.value or {},
    )
    verdict = one.verdict
    if isinstance(verdict, Change):
        item.before, item.after, item.seen = verdict.before, verdict.after, verdict.seen
    elif isinstance(verdict, AlreadySo):
        item.state, item.before = RunItem.State.ALREADY, verdict.before
    else:
        item.state, item.reason = RunItem.State.CANNOT, verdict.reason[:500]
    return item


def undoable(run: Run) -> list[tuple[RunItem, Value | None]]:
    """The items that were really changed, each with the value that puts it back, if known."""
    action = action_of(run)
    if action.undoer is None:
        return []
    items = run.items.filter(operation__state=State.DONE, operation__sent_at__isnull=False)
    found = []
    for item in items.select_related("operation", "activation"):
        assert item.operation is not None
        found.append((item, action.undoer(item.operation)))
    return found


def why_no_undo(run: Run) -> str:
    """Why a run cannot be undone, or "" when it can."""
    action = action_of(run)
    if action.undoer is None:
        return action.no_undo
    if run.is_going:
        return "The previous value of each system is stored. Undo it when the run is over."
    changed = run.items.filter(operation__state=State.DONE, operation__sent_at__isnull=False)
    if not changed.exists():
        return "Nothing was changed, so there is nothing to put back."
    return ""


def prepare_undo(run: Run, *, actor: Any, branch: Any, token: uuid.UUID) -> Run:
    """A new preview that puts back what this run has changed, each system to its own value."""
    if why := why_no_undo(run):
        raise Refused(why)
    action = action_of(run)
    looks: dict[str, Any] = {}

    def looked() -> Iterable[Looked]:
        for item, back in undoable(run):
            yield Looked(item.activation, item.name, item.reference, verdict(item, back), back)

    def verdict(item: RunItem, back: Value | None) -> Verdict:
        if item.activation is None:
            return Cannot("This site is not in our list any more.")
        if back is None:
            return Cannot("What it was before is not known.")
        key = repr(sorted(back.items()))
        look = looks.get(key) or looks.setdefault(key, action.look(run.company, back))
        found: Verdict = look(item.activation)
        return found

    return preview(
        action,
        looked(),
        company=run.company,
        branch=branch,
        actor=actor,
        value={},
        selection=f"What {run.short_id} changed",
        token=token,
        inverse_of=run,
    )


# ------------------------------------------------------------------ steps of people


def start(run: Run, *, actor: Any, reason: str = "") -> Run:
    """Let a preview run, or hand it to an admin when it is a big one."""
    with _locked(run, Run.State.PREVIEWED) as row:
        if row.created_by_id != actor.pk:
            raise Refused(f"Only {row.created_name} can start this preview. Make one of your own.")
        if not row.changes:
            raise Refused("Nothing would change, so there is nothing to start.")
        if timezone.now() - row.created_at > PREVIEW_LASTS:
            raise Refused("This preview is older than a day. Make a new one.")
        row.reason = reason[:300]
        if needs_approval(row):
            if not approvers(row).exists():
                raise Refused(
                    f"A run of this size needs a second admin of {row.company}, and there is none. "
                    f"Invite one, or take {settings.BULK_APPROVAL_SYSTEMS} systems at a time."
                )
            row.state = Run.State.WAITING
            _save(row, "run:asked", actor, text=reason)
            transaction.on_commit(partial(_call, "ask_admins", row.pk))
        else:
            _go(row, "run:started", actor, text=reason)
    return row


def approve(run: Run, *, actor: Any) -> Run:
    """A second admin agrees, and the run starts. Rights are the caller's business."""
    with _locked(run, Run.State.WAITING) as row:
        if row.created_by_id == actor.pk:
            raise Refused("Another admin has to approve your run.")
        row.approved_by, row.approver_name = actor, str(actor)
        _save(row, "run:approved", actor)
        _go(row, "run:started", row.created_by)
    return row


def send_back(run: Run, *, actor: Any, reason: str) -> Run:
    """An admin does not agree. The run ends before anything was sent."""
    with _locked(run, Run.State.WAITING) as row:
        row.items.filter(state=RunItem.State.WAITING).update(state=RunItem.State.CANCELLED)
        row.state, row.finished_at = Run.State.CANCELLED, timezone.now()
        row.message = f"Not approved by {actor}: {reason}"[:500]
        _save(row, "run:returned", actor, text=reason)
    return row


def pause(run: Run, *, actor: Any) -> Run:
    """Send nothing more. What is on its way is looked after until it is settled."""
    with _locked(run, Run.State.RUNNING) as row:
        row.state, row.pause_reason = Run.State.PAUSED, "person"
        row.message = f"Paused by {actor}."
        _save(row, "run:paused", actor)
    return row


def resume(run: Run, *, actor: Any) -> Run:
    """Go on; what the month's quota or a dead connection had stopped is tried again."""
    with _locked(run, Run.State.PAUSED) as row:
        if Account.objects.filter(company=row.company_id, state="needs_reconnect").exists():
            raise Refused("The connection to Enphase is dead. Connect it again, then go on.")
        row.operations.filter(state=State.PAUSED).update(
            state=State.QUEUED, pause_reason="", message="", not_before=timezone.now()
        )
        _go(row, "run:resumed", actor)
    return row


def cancel(run: Run, *, actor: Any) -> Run:
    """Take back everything that was not sent. A preview that never ran is discarded."""
    allowed = (
        Run.State.PREVIEWED,
        Run.State.WAITING,
        Run.State.RUNNING,
        Run.State.PAUSED,
    )
    with _locked(run, *allowed) as row:
        tag = "run:discarded" if row.is_draft else "run:cancelled"
        count = row.items.filter(state=RunItem.State.WAITING).update(
            state=RunItem.State.CANCELLED
        ) + cancel_children(row, actor)
        row.state, row.pause_reason, row.finished_at = Run.State.CANCELLED, "", timezone.now()
        row.message = (
            f"Discarded by {actor}. Nothing was sent."
            if tag == "run:discarded"
            else f"Cancelled by {actor}: {count:,} were not sent."
        )
        _save(row, tag, actor, text=row.message)
    return row


def cancel_children(run: Run, actor: Any) -> int:
    """Cancel the operations of a run that no worker has taken yet."""
    count = 0
    for operation in run.operations.filter(state__in=(State.QUEUED, State.PAUSED)):
        try:
            operations.cancel(operation, actor=actor)
        except TooLate:
            continue
        count += 1
    return count


def retry_failed(run: Run, *, actor: Any) -> Run:
    """Begin anew with everything that was refused or failed; nothing else is touched."""
    over = (Run.State.RUNNING, Run.State.PAUSED, Run.State.FINISHED, Run.State.CANCELLED)
    with _locked(run, *over) as row:
        failed = failed_items(row)
        count = 0
        for item in failed:
            item.tries += 1
            item.state, item.reason, item.operation = RunItem.State.WAITING, "", None
            item.not_before = timezone.now()
            item.save()
            count += 1
        if not count:
            raise TooLate("Nothing has failed, so there is nothing to retry.")
        _go(row, "run:retried", actor, text=f"{count:,} again")
    return row


def failed_items(run: Run) -> Any:
    failed = run.items.filter(
        state=RunItem.State.SENT, operation__state__in=(State.REJECTED, State.FAILED)
    )
    return failed | run.items.filter(state=RunItem.State.REFUSED)


# ------------------------------------------------------------------ inside


@contextmanager
def _locked(run: Run, *states: Run.State) -> Iterator[Run]:
    """The run's row under its lock, in one transaction, if it is in one of the states."""
    with transaction.atomic():
        row = Run.objects.select_for_update().get(pk=run.pk)
        if row.state not in states:
            raise TooLate(MOVED_ON)
        yield row


def _go(row: Run, tag: str, actor: Any, text: str = "") -> None:
    row.state, row.pause_reason, row.message = Run.State.RUNNING, "", ""
    row.started_at = row.started_at or timezone.now()
    row.finished_at = None
    _save(row, tag, actor, text=text)
    transaction.on_commit(partial(_call, "pump_run", row.pk))


def _save(row: Run, tag: str, actor: Any, text: str = "") -> None:
    row.save()
    audit.record(tag, run=row, actor=actor, text=text, data={"run": row.pk, "state": row.state})


def approvers(run: Run) -> Any:
    """Who may approve it: the company's admins besides its maker."""
    return (
        get_user_model()
        .objects.filter(
            is_active=True, memberships__role="admin", memberships__company=run.company_id
        )
        .exclude(pk=run.created_by_id or 0)
    )


def tell_approvers(run: Run) -> None:
    """A mail to each admin who may approve; the page itself says it too."""
    if run.state != Run.State.WAITING:
        return
    text = (
        f"{run.created_name} asks to approve: {run.title} on {run.systems}.\n"
        f"{'Reason: ' + run.reason if run.reason else ''}\n\n"
        f"Nothing is sent before. Open {run.short_id} under Operations, Bulk runs."
    )
    for email in approvers(run).values_list("email", flat=True):
        try:
            send_mail(f"Ridgeline: a bulk run needs approval ({run.short_id})", text, None, [email])
        except OSError as error:
            log.warning("An admin could not be mailed (%s)", type(error).__name__)


def _call(task: str, pk: int) -> None:
    """Ask a worker. Without a broker the next sweep finds the run; a mail is then not sent."""
    from portal.operations import tasks

    try:
        getattr(tasks, task).apply_async(args=[pk], queue="interactive")
    except Exception as error:
        log.warning("No bell for run %s (%s)", pk, type(error).__name__)


def forget_previews() -> int:
    """Delete previews that nobody started; their events stay."""
    old = Run.objects.filter(
        state=Run.State.PREVIEWED, created_at__lt=timezone.now() - FORGET_PREVIEWS
    )
    count = 0
    for run in old[:100]:
        if not Operation.objects.filter(run=run).exists():
            run.delete()
            count += 1
    return count
