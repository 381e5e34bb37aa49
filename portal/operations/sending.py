"""The one call that may cost money: permit, send, and the sorting of what comes back."""

import logging
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from enphase import Client, NotSent, OutcomeUnknown, RateLimited, Rejected
from portal.connections.services import NeedsReconnect
from portal.operations import audit, words
from portal.operations.claims import Claim, LeaseLost, backoff, close, scaled, update
from portal.operations.crash import crashpoint
from portal.operations.models import Attempt, Operation, State
from portal.operations.outcomes import accept, defer, lose, obey_limit, own_fault, reject
from portal.operations.registry import AlreadySo, Conflict, Later, Write
from portal.ui.errors import Refused

log = logging.getLogger(__name__)

# More uncertain creates than this in ten minutes, and no further one is sent for a while.
BREAKER_LIMIT = 3
BREAKER_WINDOW = timedelta(minutes=10)


def send(claim: Claim) -> None:
    """Prepare, permit, send once, and record what came of it."""
    write, operation = claim.write, claim.operation
    try:
        payload = write.payload_of(operation)
        _check_rights(claim)
        override = payload.pop("override", "")
        with claim.client() as client:
            if write.checker is not None:
                known = {**payload, "override": override} if override else payload
                payload = write.checker(client, known) or payload
                payload.pop("override", None)
            attempt = _permit(claim, payload)
            if attempt is None:
                return
            crashpoint("intent")
            reply = _send_once(claim, attempt, client, payload)
    except AlreadySo as so:
        values = {"message": str(so), "result": so.result}
        if "activation" in so.result:
            values["activation_id"] = so.result["activation"]
        update(claim, State.DONE, tag="operation:done", **values)
        return
    except Conflict as conflict:
        update(
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
        defer(claim, later.seconds, str(later))
        return
    except NeedsReconnect:
        raise
    except Refused as refusal:
        update(claim, State.FAILED, tag="operation:failed", message=str(refusal))
        return
    except RateLimited as error:
        obey_limit(claim, error)
        return
    except Rejected as error:
        reject(claim, error)
        return
    except (NotSent, OutcomeUnknown) as error:
        # A read before the send failed, or the send itself was proved unsent.
        defer(claim, backoff(operation.failures), words.UNREACHABLE, error=error)
        return
    except _Settled:
        return
    except LeaseLost:
        raise
    except Exception as error:
        own_fault(claim, error)
        return
    accept(claim, attempt, reply, payload)


class _Settled(Exception):
    """The outcome of the send is recorded already."""


def _send_once(claim: Claim, attempt: Attempt, client: Client, payload: dict[str, Any]) -> Any:
    """The one call that may cost money, and the sorting of everything that can come back."""
    claim.armed = True
    try:
        claim.check_lease()
        return claim.write.send(client, **payload)
    except (NotSent, LeaseLost):
        close(attempt, Attempt.Outcome.UNSENT)
        raise
    except RateLimited as error:
        close(attempt, Attempt.Outcome.LIMITED, 429, str(error))
        raise
    except Rejected as error:
        close(attempt, Attempt.Outcome.REJECTED, error.status, words.raw(error))
        raise
    except NeedsReconnect:
        close(attempt, Attempt.Outcome.UNSENT)
        raise
    except OutcomeUnknown as error:
        close(attempt, Attempt.Outcome.UNKNOWN, error.status, str(error))
        lose(claim, str(error))
        raise _Settled from error
    except Exception as error:
        if claim.sent:
            # Our own fault, after the bytes had left: Enphase may have done it.
            log.exception("Operation %s: fault after sending", claim.operation.pk)
            close(attempt, Attempt.Outcome.UNKNOWN, None, type(error).__name__)
            lose(claim, type(error).__name__)
            raise _Settled from error
        close(attempt, Attempt.Outcome.UNSENT, None, type(error).__name__)
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


def _permit(claim: Claim, payload: dict[str, Any]) -> Attempt | None:
    """Write down, and commit, that one send may happen. None when it may not.

    Of a run's operation the payload is kept as it was prepared: should the answer be lost, what
    was there before is still known, and can be put back.
    """
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
        if row.run_id is not None and row.version == claim.write.version:
            row.payload = payload
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
