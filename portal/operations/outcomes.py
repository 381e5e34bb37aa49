"""Everything that can become of a step: each is one row, one audit event, one transaction."""

import logging
import random
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from enphase import EnphaseError, NotSent, RateLimited, Rejected
from portal.connections.services import NeedsReconnect, renew_after
from portal.logs import redact
from portal.operations import audit, words
from portal.operations.claims import (
    MAX_ANSWER,
    Claim,
    as_text,
    backoff,
    close,
    held,
    scaled,
    update,
)
from portal.operations.crash import crashpoint
from portal.operations.models import Attempt, Operation, State
from portal.operations.registry import WRITES
from portal.usage.plan import next_month

log = logging.getLogger(__name__)

MAX_FAILURES = 5
# Waits after a lost reply; only a look that saw clearly counts as a step.
LOOK_UP_SECONDS = (30, 120, 300, 900, 3600)
# Waits between questions to a gateway; the last one repeats.
POLL_SECONDS = (5, 10, 20, 40, 60)


def accept(
    claim: Claim, attempt: Attempt | None, reply: Any, payload: dict[str, Any] | None = None
) -> None:
    """Enphase said yes (or a look-up found it): our rows, the state and the event together."""
    write = claim.write
    try:
        with transaction.atomic():
            row = held(claim)
            if row is None:
                log.warning("Operation %s: answer came after the lease", claim.operation.pk)
                if attempt is not None:
                    close(attempt, Attempt.Outcome.ACCEPTED, None, as_text(reply))
                return
            if payload is not None and payload != row.payload:
                row.payload = payload
            if write.recorder is not None:
                write.recorder(row, reply)
            if write.poller is not None:
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
                close(attempt, Attempt.Outcome.ACCEPTED, None, as_text(reply))
            audit.record(tag, row, actor=row.actor, text=row.message, data=row.result)
    except Exception as error:
        # The answer cannot be taken in. It was executed, so look-ups go on and a person sees it.
        log.exception("Operation %s: the answer could not be recorded", claim.operation.pk)
        if attempt is not None:
            close(attempt, Attempt.Outcome.UNKNOWN, None, type(error).__name__)
        lose(claim, f"The answer could not be recorded ({type(error).__name__}).")
        return
    crashpoint("recorded")


def reject(claim: Claim, error: Rejected) -> None:
    operation = claim.operation
    if error.status == 401 and not operation.refreshed_token:
        # 401 means "expired" as well as "not yours": refresh once, then take it as a refusal.
        permit = operation.attempts.order_by("-number").first()
        moment = permit.permitted_at if permit else timezone.now()
        try:
            fresh = renew_after(operation.company_id, moment)
        except RateLimited as limit:
            obey_limit(claim, limit)
            return
        except NotSent as unsent:
            # The refused request had no effect, so it waits until tokens can be had again.
            defer(claim, backoff(operation.failures), words.UNREACHABLE, error=unsent)
            return
        if fresh is None:
            raise NeedsReconnect(words.RECONNECT)
        update(
            claim,
            State.QUEUED,
            tag="operation:requeued",
            message="",
            refreshed_token=True,
            not_before=timezone.now(),
        )
        return
    update(
        claim,
        State.REJECTED,
        tag="operation:rejected",
        message=(claim.write.explainer or words.explain)(error),
        raw_error=words.raw(error),
    )


def obey_limit(claim: Claim, error: RateLimited) -> None:
    now = timezone.now()
    if error.period == "month":
        until = error.retry_at or next_month(now)
        update(
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
    update(
        claim,
        State.QUEUED,
        tag="operation:limited",
        message=words.explain(error),
        not_before=max(until, now),
        raw_error=words.raw(error),
    )


def lose(claim: Claim, why: str) -> None:
    """No usable answer: from here only look-ups or a person decide."""
    update(
        claim,
        State.UNKNOWN,
        tag="operation:lost",
        message=not_sure(claim.operation),
        raw_error=redact(why)[:MAX_ANSWER],
        not_before=timezone.now() + scaled(LOOK_UP_SECONDS[0]),
        lookups=0,
        polls=0,
    )


def park(claim: Claim, why: str) -> None:
    """The company's connection is dead: wait for somebody to connect it again."""
    if claim.operation.state != State.QUEUED:
        defer(claim, 60, words.RECONNECT)
        return
    update(
        claim,
        State.PAUSED,
        tag="operation:paused",
        message=words.RECONNECT,
        pause_reason="reconnect",
        raw_error=redact(why)[:MAX_ANSWER],
    )


def own_fault(claim: Claim, error: Exception) -> None:
    """A fault of ours before anything was sent: a few tries, then visibly failed."""
    log.exception("Operation %s: fault before sending", claim.operation.pk)
    failures = claim.operation.failures + 1
    if failures >= MAX_FAILURES:
        update(
            claim,
            State.FAILED,
            tag="operation:failed",
            message="Ridgeline could not prepare this change. Nothing was sent.",
            raw_error=type(error).__name__,
            failures=failures,
        )
    else:
        defer(claim, backoff(failures), "", error=None)


def defer(claim: Claim, seconds: float, message: str, *, error: EnphaseError | None = None) -> None:
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
    update(claim, state, tag="operation:deferred" if error is not None else "", **values)


def review(claim: Claim, message: str, **values: Any) -> None:
    update(claim, State.NEEDS_REVIEW, tag="operation:needs-review", message=message, **values)


def not_sure(operation: Operation) -> str:
    write = WRITES.get(operation.kind)
    return words.NOT_SURE_CREATE if write and write.creates else words.NOT_SURE
