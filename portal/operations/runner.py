"""Carries one operation a step further: send it once, look after a lost reply, ask the device.

Every entry is `run(pk)`. It is harmless to call it twice, late, or for an operation that is
settled: the row decides, by compare-and-swap on state and fence.
"""

import json
import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from enphase import (
    Client,
    EnphaseError,
    Hit,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Rejected,
)
from portal.connections.services import NeedsReconnect, client_for, renew_after
from portal.logs import redact
from portal.operations import audit, words
from portal.operations.crash import crashpoint
from portal.operations.models import Attempt, LookUp, Operation, State
from portal.operations.registry import (
    WRITES,
    AlreadySo,
    Conflict,
    Finding,
    Later,
    Progress,
    Write,
)
from portal.ui.errors import Refused

log = logging.getLogger(__name__)

# Waits after a lost reply; only a look that saw clearly counts as a step.
LOOK_UP_SECONDS = (30, 120, 300, 900, 3600)
MAX_LOOKS = 15
# Waits between questions to a gateway; the last one repeats.
POLL_SECONDS = (5, 10, 20, 40, 60)
OVERDUE_AFTER = timedelta(minutes=30)
OVERDUE_POLL_SECONDS = 900
GIVE_UP_AFTER = timedelta(hours=24)
RETRY_SECONDS = (2, 5, 15, 60, 300)
MAX_FAILURES = 5
# More uncertain creates than this in ten minutes, and no further one is sent for a while.
BREAKER_LIMIT = 3
BREAKER_WINDOW = timedelta(minutes=10)
MAX_ANSWER = 4000


class LeaseLost(Exception):
    """This worker took too long; another one may have taken over. It must not send."""


@dataclass
class Claim:
    """What one worker holds while it works on an operation."""

    operation: Operation
    write: Write[..., Any]
    fence: int
    until: float  # time.monotonic() after which nothing may be sent
    hits: int = 0
    armed: bool = False  # crash points count only around the write itself
    sent: bool = False

    def on_hit(self, hit: Hit) -> None:
        self.hits += 1

    def trace(self, point: str) -> None:
        if self.armed:
            self.sent = self.sent or point == "sent"
            crashpoint(point)

    def client(self) -> Client:
        return client_for(
            self.operation.company_id,
            lane=self.operation.lane,
            on_hit=self.on_hit,
            trace=self.trace,
        )

    def check_lease(self) -> None:
        if time.monotonic() > self.until:
            raise LeaseLost


def scaled(seconds: float) -> timedelta:
    """A wait of the operations, shortened in rehearsals."""
    return timedelta(seconds=seconds * settings.OPERATIONS_TIME_SCALE)


def run(pk: int) -> None:
    """Carry a due operation one step further. Does nothing when it is not due."""
    operation = Operation.objects.due().filter(pk=pk).select_related("actor").first()
    if operation is None:
        return
    steps: dict[str, Callable[[Claim], None]] = {
        State.QUEUED: _send,
        State.CONFIRMING: _ask_device,
        State.OVERDUE: _ask_device,
        State.UNKNOWN: _look,
    }
    step = steps[operation.state]
    write = WRITES.get(operation.kind)
    if write is None:
        _settle_unclaimed(operation, f"This Ridgeline does not know “{operation.kind}”.")
        return
    claim = _claim(operation, write)
    if claim is None:
        return
    try:
        step(claim)
    except NeedsReconnect as error:
        _park(claim, str(error))
    except LeaseLost:
        log.warning("Operation %s: the lease ran out before anything was sent", pk)


# ------------------------------------------------------------------ claim


def _claim(operation: Operation, write: Write[..., Any]) -> Claim | None:
    """Take the operation for this worker, or None when somebody else has it."""
    sending = operation.state == State.QUEUED
    started = time.monotonic()
    lease = settings.OPERATIONS_LEASE_SECONDS
    with transaction.atomic():
        taken = Operation.objects.filter(
            pk=operation.pk, state=operation.state, fence=operation.fence
        ).update(
            state=State.SENDING if sending else operation.state,
            fence=operation.fence + 1,
            lease_until=timezone.now() + timedelta(seconds=lease),
            changed_at=timezone.now(),
        )
        if sending:
            crashpoint("claimed")
    if not taken:
        return None
    return Claim(operation, write, operation.fence + 1, started + lease)


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
            if permit is None:
                row.state = State.QUEUED
                tag = "operation:requeued"
            else:
                permit.outcome = Attempt.Outcome.UNKNOWN
                permit.finished_at = timezone.now()
                permit.save(update_fields=["outcome", "finished_at"])
                row.state = State.UNKNOWN
                row.message = _not_sure(row)
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


# ------------------------------------------------------------------ send


def _send(claim: Claim) -> None:
    write, operation = claim.write, claim.operation
    try:
        payload = write.payload_of(operation)
        _check_rights(claim)
        override = payload.pop("override", "")
        with claim.client() as client:
            if write._prepare is not None:
                known = {**payload, "override": override} if override else payload
                payload = write._prepare(client, known) or payload
                payload.pop("override", None)
            attempt = _permit(claim)
            if attempt is None:
                return
            crashpoint("intent")
            reply = _send_once(claim, attempt, client, payload)
    except AlreadySo as so:
        values = {"message": str(so), "result": so.result}
        if "activation" in so.result:
            values["activation_id"] = so.result["activation"]
        _update(claim, State.DONE, tag="operation:done", **values)
        return
    except Conflict as conflict:
        _update(
            claim,
            State.CONFLICT,
            tag="operation:conflicted",
            message=str(conflict),
            result={
                "theirs": conflict.theirs,
                "in_the_way": getattr(conflict.activation, "pk", None),
            },
        )
        return
    except Later as later:
        _defer(claim, later.seconds, str(later))
        return
    except NeedsReconnect:
        raise
    except Refused as refusal:
        _update(claim, State.FAILED, tag="operation:failed", message=str(refusal))
        return
    except RateLimited as error:
        _obey_limit(claim, error)
        return
    except Rejected as error:
        _reject(claim, error)
        return
    except (NotSent, OutcomeUnknown) as error:
        # A read before the send failed, or the send itself was proved unsent.
        _defer(claim, _backoff(operation.failures), words.UNREACHABLE, error=error)
        return
    except _Settled:
        return
    except LeaseLost:
        raise
    except Exception as error:
        _own_fault(claim, error)
        return
    _accept(claim, attempt, reply, payload)


class _Settled(Exception):
    """The outcome of the send is recorded already."""


def _send_once(claim: Claim, attempt: Attempt, client: Client, payload: dict[str, Any]) -> Any:
    """The one call that may cost money, and the sorting of everything that can come back."""
    claim.check_lease()
    claim.armed = True
    try:
        return claim.write.send(client, **payload)
    except NotSent:
        _close(attempt, Attempt.Outcome.UNSENT)
        raise
    except RateLimited as error:
        _close(attempt, Attempt.Outcome.LIMITED, 429, str(error))
        raise
    except Rejected as error:
        _close(attempt, Attempt.Outcome.REJECTED, error.status, words.raw(error))
        raise
    except NeedsReconnect:
        _close(attempt, Attempt.Outcome.UNSENT)
        raise
    except OutcomeUnknown as error:
        _close(attempt, Attempt.Outcome.UNKNOWN, error.status, str(error))
        _lose(claim, str(error))
        raise _Settled from error
    except Exception as error:
        if claim.sent:
            # Our own fault, after the bytes had left: Enphase may have done it.
            log.exception("Operation %s: fault after sending", claim.operation.pk)
            _close(attempt, Attempt.Outcome.UNKNOWN, None, type(error).__name__)
            _lose(claim, type(error).__name__)
            raise _Settled from error
        _close(attempt, Attempt.Outcome.UNSENT, None, type(error).__name__)
        raise
    finally:
        claim.armed = False


def _check_rights(claim: Claim) -> None:
    """The person who asked must still be allowed to; they may have left since."""
    actor = claim.operation.actor
    if actor is None:
        if claim.operation.actor_name != "Ridgeline":
            raise Refused("The person who asked for this has left. Nothing was sent.")
        return
    if actor.role_in(claim.operation.company_id) not in claim.write.roles:
        raise Refused(f"{actor} may no longer change this. Nothing was sent.")


def _permit(claim: Claim) -> Attempt | None:
    """Write down, and commit, that one send may happen. None when it may not."""
    with transaction.atomic():
        row = Operation.objects.select_for_update().get(pk=claim.operation.pk)
        if row.state != State.SENDING or row.fence != claim.fence:
            return None
        last = row.attempts.order_by("number").last()
        approver = row.approved_by
        ground = _ground(row, last, claim.write)
        if ground is None:
            row.state = State.NEEDS_REVIEW
            row.lease_until = None
            row.message = "There is no proof that the try before had no effect."
            row.save()
            audit.record("operation:needs-review", row, text=row.message)
            return None
        if claim.write.creates and _too_many_uncertain(row):
            row.state = State.QUEUED
            row.lease_until = None
            row.not_before = timezone.now() + scaled(120)
            row.message = "Enphase answers unclearly at the moment. Paid creates wait a little."
            row.save()
            return None
        now = timezone.now()
        attempt = Attempt.objects.create(
            operation=row,
            number=last.number + 1 if last else 1,
            fence=claim.fence,
            ground=ground,
            approved_by=approver if ground == Attempt.Ground.APPROVED else None,
            approver_name=str(approver) if ground == Attempt.Ground.APPROVED else "",
        )
        row.approved_by = None
        row.sent_at = now
        row.lease_until = now + timedelta(seconds=settings.OPERATIONS_LEASE_SECONDS)
        row.message = ""
        row.save()
        audit.record(
            "operation:sent", row, actor=row.actor, data={"try": attempt.number, "ground": ground}
        )
    claim.until = time.monotonic() + settings.OPERATIONS_LEASE_SECONDS
    return attempt


def _ground(row: Operation, last: Attempt | None, write: Write[..., Any]) -> Attempt.Ground | None:
    if last is None:
        return Attempt.Ground.FIRST
    if row.approved_by_id is not None:
        return Attempt.Ground.APPROVED
    if last.outcome == Attempt.Outcome.UNSENT:
        return Attempt.Ground.UNSENT
    if last.outcome in (Attempt.Outcome.LIMITED, Attempt.Outcome.REJECTED):
        return Attempt.Ground.REFUSED
    return Attempt.Ground.REPEATABLE if write.repeatable else None


def _too_many_uncertain(row: Operation) -> bool:
    recent = Attempt.objects.filter(
        operation__company_id=row.company_id,
        operation__kind=row.kind,
        outcome=Attempt.Outcome.UNKNOWN,
        finished_at__gt=timezone.now() - BREAKER_WINDOW * settings.OPERATIONS_TIME_SCALE,
    )
    return recent.count() > BREAKER_LIMIT


# ------------------------------------------------------------------ outcomes


def _accept(
    claim: Claim, attempt: Attempt | None, reply: Any, payload: dict[str, Any] | None = None
) -> None:
    """Enphase said yes (or a look-up found it): our rows, the state and the event together."""
    write = claim.write
    try:
        with transaction.atomic():
            row = _held(claim)
            if row is None:
                log.warning("Operation %s: answer came after the lease", claim.operation.pk)
                if attempt is not None:
                    _close(attempt, Attempt.Outcome.ACCEPTED, None, _as_text(reply))
                return
            if payload is not None and payload != row.payload:
                row.payload = payload
            if write._apply is not None:
                write._apply(row, reply)
            if write._confirm is not None:
                row.state = State.CONFIRMING
                row.polls = 0
                row.message = row.message or "Sent. Waiting for the gateway to confirm."
                row.not_before = timezone.now() + scaled(POLL_SECONDS[0])
                tag = "operation:accepted"
            else:
                row.state = State.DONE
                row.finished_at = timezone.now()
                row.message = row.message or write.done_message
                tag = "operation:done"
            row.save()
            if attempt is not None:
                _close(attempt, Attempt.Outcome.ACCEPTED, None, _as_text(reply))
            audit.record(tag, row, actor=row.actor, text=row.message, data=row.result)
    except Exception as error:
        # The answer cannot be taken in. It was executed, so look-ups go on and a person sees it.
        log.exception("Operation %s: the answer could not be recorded", claim.operation.pk)
        if attempt is not None:
            _close(attempt, Attempt.Outcome.UNKNOWN, None, type(error).__name__)
        _lose(claim, f"The answer could not be recorded ({type(error).__name__}).")
        return
    crashpoint("recorded")


def _reject(claim: Claim, error: Rejected) -> None:
    operation = claim.operation
    if error.status == 401 and not operation.refreshed_token:
        # 401 means "expired" as well as "not yours": refresh once, then take it as a refusal.
        permit = operation.attempts.order_by("-number").first()
        moment = permit.permitted_at if permit else timezone.now()
        try:
            fresh = renew_after(operation.company_id, moment)
        except RateLimited as limit:
            _obey_limit(claim, limit)
            return
        except NotSent as unsent:
            # The refused request had no effect, so it waits until tokens can be had again.
            _defer(claim, _backoff(operation.failures), words.UNREACHABLE, error=unsent)
            return
        if fresh is None:
            raise NeedsReconnect(words.RECONNECT)
        _update(
            claim,
            State.QUEUED,
            tag="operation:requeued",
            message="",
            refreshed_token=True,
            not_before=timezone.now(),
        )
        return
    _update(
        claim,
        State.REJECTED,
        tag="operation:rejected",
        message=words.explain(error),
        raw_error=words.raw(error),
    )


def _obey_limit(claim: Claim, error: RateLimited) -> None:
    now = timezone.now()
    if error.period == "month":
        until = error.retry_at or _next_month(now)
        _update(
            claim,
            State.PAUSED,
            tag="operation:paused",
            message=words.explain(error),
            pause_reason="month",
            not_before=until,
            raw_error=words.raw(error),
        )
        return
    # A little jitter, so that a whole queue does not wake in the same second.
    until = (error.retry_at or now + timedelta(seconds=60)) + timedelta(
        seconds=random.uniform(0.2, 3)
    )
    _update(
        claim,
        State.QUEUED,
        tag="operation:limited",
        message=words.explain(error),
        not_before=max(until, now),
        raw_error=words.raw(error),
    )


def _lose(claim: Claim, why: str) -> None:
    """No usable answer: from here only look-ups or a person decide."""
    _update(
        claim,
        State.UNKNOWN,
        tag="operation:lost",
        message=_not_sure(claim.operation),
        raw_error=redact(why)[:MAX_ANSWER],
        not_before=timezone.now() + scaled(LOOK_UP_SECONDS[0]),
        lookups=0,
        polls=0,
    )


def _park(claim: Claim, why: str) -> None:
    """The company's connection is dead: wait for somebody to connect it again."""
    if claim.operation.state != State.QUEUED:
        _defer(claim, 60, words.RECONNECT)
        return
    _update(
        claim,
        State.PAUSED,
        tag="operation:paused",
        message=words.RECONNECT,
        pause_reason="reconnect",
        raw_error=redact(why)[:MAX_ANSWER],
    )


def _own_fault(claim: Claim, error: Exception) -> None:
    """A fault of ours before anything was sent: a few tries, then visibly failed."""
    log.exception("Operation %s: fault before sending", claim.operation.pk)
    failures = claim.operation.failures + 1
    if failures >= MAX_FAILURES:
        _update(
            claim,
            State.FAILED,
            tag="operation:failed",
            message="Ridgeline could not prepare this change. Nothing was sent.",
            raw_error=type(error).__name__,
            failures=failures,
        )
    else:
        _defer(claim, _backoff(failures), "", error=None)


def _defer(
    claim: Claim, seconds: float, message: str, *, error: EnphaseError | None = None
) -> None:
    """Back to where it was, for later. Nothing was sent, or nothing was learned."""
    state = claim.operation.state
    values: dict[str, Any] = {
        "message": message or claim.operation.message,
        "not_before": timezone.now() + scaled(seconds),
    }
    if error is not None:
        values["raw_error"] = redact(words.raw(error))[:MAX_ANSWER]
    if state == State.QUEUED:
        values["failures"] = min(claim.operation.failures + 1, 1000)
    _update(claim, state, tag="operation:deferred" if error is not None else "", **values)


# ------------------------------------------------------------------ look-ups


def _look(claim: Claim) -> None:
    """Has a change whose reply was lost happened? Found: adopt it. Else wait, then a person."""
    operation, write = claim.operation, claim.write
    if write._verify is None:
        _review(
            claim, "There is no way to look whether this happened. Check the site, then decide."
        )
        return
    try:
        payload = write.payload_of(operation)
        with claim.client() as client:
            findings = write._verify(client, payload)
    except RateLimited as error:
        until = error.retry_at or timezone.now() + timedelta(seconds=60)
        _update(claim, State.UNKNOWN, tag="", not_before=until)
        return
    except (EnphaseError, Refused) as error:
        if isinstance(error, NeedsReconnect):
            raise
        findings = [
            Finding("look-up", LookUp.Finding.INCONCLUSIVE, note=f"No usable answer: {error}"[:300])
        ]
    _note(claim, findings)

    kinds = {finding.finding for finding in findings}
    if LookUp.Finding.DUPLICATE in kinds:
        _review(claim, "Enphase shows this more than once. Open both, keep one, delete the other.")
    elif LookUp.Finding.MATCH in kinds:
        found = next(f for f in findings if f.finding == LookUp.Finding.MATCH)
        _accept(claim, None, found.reply)
    elif kinds == {LookUp.Finding.ABSENT} and write.repeatable:
        _repeat(claim)
    else:
        _look_again(claim, clear=kinds == {LookUp.Finding.ABSENT})


def _note(claim: Claim, findings: list[Finding]) -> None:
    LookUp.objects.bulk_create(
        LookUp(
            operation=claim.operation,
            channel=finding.channel,
            finding=finding.finding,
            rows=finding.rows,
            note=finding.note[:300],
            digest=finding.digest,
        )
        for finding in findings
    )


def _repeat(claim: Claim) -> None:
    """A change that sets a value is not there: repeating it is harmless, a few times."""
    if claim.operation.attempts.count() >= MAX_FAILURES:
        _review(claim, "Enphase does not answer to this change. It was tried several times.")
        return
    _update(
        claim,
        State.QUEUED,
        tag="operation:requeued",
        message="It did not arrive. Sending it again.",
        not_before=timezone.now(),
    )


def _look_again(claim: Claim, *, clear: bool) -> None:
    operation = claim.operation
    lookups = operation.lookups + (1 if clear else 0)
    looks = operation.polls + 1
    if lookups >= len(LOOK_UP_SECONDS):
        _review(
            claim,
            f"Enphase shows no trace of it after {lookups} look-ups. Sending it again may cost "
            "another time if it was only slow.",
            lookups=lookups,
        )
    elif looks >= MAX_LOOKS:
        _review(claim, "The look-ups told nothing. Check the list at Enphase, then decide.")
    else:
        wait = LOOK_UP_SECONDS[min(lookups, len(LOOK_UP_SECONDS) - 1)]
        _update(
            claim,
            State.UNKNOWN,
            tag="operation:looked-up",
            lookups=lookups,
            polls=looks,
            not_before=timezone.now() + scaled(wait),
        )


def _review(claim: Claim, message: str, **values: Any) -> None:
    _update(claim, State.NEEDS_REVIEW, tag="operation:needs-review", message=message, **values)


# ------------------------------------------------------------------ devices


def _ask_device(claim: Claim) -> None:
    """Has the gateway obeyed? Asked less and less often; then a person is told."""
    operation, write = claim.operation, claim.write
    assert write._confirm is not None, operation.kind
    try:
        with claim.client() as client:
            progress = write._confirm(client, write.payload_of(operation))
    except RateLimited as error:
        until = error.retry_at or timezone.now() + timedelta(seconds=60)
        _update(claim, operation.state, tag="", not_before=until)
        return
    except Rejected as error:
        progress = Progress(finished=False, message=words.explain(error))
    except EnphaseError:
        progress = Progress(finished=False, message=operation.message)
    if progress.finished:
        _confirmed(claim, progress)
    else:
        _keep_asking(claim, progress)


def _confirmed(claim: Claim, progress: Progress) -> None:
    with transaction.atomic():
        row = _held(claim)
        if row is None:
            return
        if claim.write._apply is not None and progress.reply is not None:
            claim.write._apply(row, progress.reply)
        row.state = State.DONE
        row.message = progress.message or claim.write.done_message
        row.progress = progress.as_dict()
        row.finished_at = timezone.now()
        row.save()
        audit.record("operation:done", row, actor=row.actor, text=row.message, data=row.progress)


def _keep_asking(claim: Claim, progress: Progress) -> None:
    operation = claim.operation
    polls = operation.polls + 1
    asked_for = timezone.now() - (operation.sent_at or operation.created_at)
    scale = settings.OPERATIONS_TIME_SCALE
    if asked_for > GIVE_UP_AFTER * scale:
        _review(claim, "The gateway has not confirmed for a day. Check the site, then decide.")
        return
    overdue = asked_for > OVERDUE_AFTER * scale
    wait = OVERDUE_POLL_SECONDS if overdue else POLL_SECONDS[min(polls, len(POLL_SECONDS) - 1)]
    became_overdue = overdue and operation.state != State.OVERDUE
    _update(
        claim,
        State.OVERDUE if overdue else State.CONFIRMING,
        tag="operation:overdue" if became_overdue else "",
        message="The gateway is slow. We keep asking; leave if you like."
        if overdue
        else progress.message,
        progress=progress.as_dict() or operation.progress,
        polls=polls,
        not_before=timezone.now() + scaled(wait),
    )


# ------------------------------------------------------------------ rows


def _held(claim: Claim) -> Operation | None:
    """The row, locked, if this worker still holds it."""
    row = Operation.objects.select_for_update().get(pk=claim.operation.pk)
    if row.fence != claim.fence or row.state not in (
        State.SENDING,
        State.CONFIRMING,
        State.OVERDUE,
        State.UNKNOWN,
    ):
        return None
    row.lease_until = None
    row.hits += claim.hits
    return row


def _update(claim: Claim, state: State | str, *, tag: str, **values: Any) -> None:
    """Record a step: the row, and its audit event when `tag` is given, in one transaction."""
    with transaction.atomic():
        row = _held(claim)
        if row is None:
            log.warning("Operation %s: another worker took over", claim.operation.pk)
            return
        row.state = state
        for name, value in values.items():
            setattr(row, name, value)
        if not row.is_open:
            row.finished_at = timezone.now()
        row.save()
        if tag:
            audit.record(tag, row, actor=row.actor, text=row.message)


def _settle_unclaimed(operation: Operation, message: str) -> None:
    with transaction.atomic():
        moved = Operation.objects.filter(
            pk=operation.pk, state=State.QUEUED, fence=operation.fence
        ).update(state=State.FAILED, message=message, finished_at=timezone.now())
        if moved:
            audit.record("operation:failed", operation, text=message)


def _close(
    attempt: Attempt, outcome: Attempt.Outcome, status: int | None = None, answer: str = ""
) -> None:
    attempt.outcome = outcome
    attempt.http_status = status
    attempt.answer = redact(answer)[:MAX_ANSWER]
    attempt.finished_at = timezone.now()
    attempt.save(update_fields=["outcome", "http_status", "answer", "finished_at"])


def _as_text(reply: Any) -> str:
    raw = getattr(reply, "raw", reply)
    try:
        return json.dumps(raw, default=str)
    except (TypeError, ValueError):
        return str(type(reply).__name__)


def _not_sure(operation: Operation) -> str:
    write = WRITES.get(operation.kind)
    return words.NOT_SURE_CREATE if write and write.creates else words.NOT_SURE


def _backoff(failures: int) -> float:
    return RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)] * random.uniform(0.8, 1.2)


def _next_month(now: datetime) -> datetime:
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)
