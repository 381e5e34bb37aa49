"""After an accepted change: has the gateway obeyed? Asked less and less often."""

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from enphase import EnphaseError, RateLimited, Rejected
from portal.operations import audit, words
from portal.operations.claims import Claim, held, scaled, update
from portal.operations.models import State
from portal.operations.outcomes import POLL_SECONDS, review
from portal.operations.registry import Progress

OVERDUE_AFTER = timedelta(minutes=30)
OVERDUE_POLL_SECONDS = 900
GIVE_UP_AFTER = timedelta(hours=24)


def ask_device(claim: Claim) -> None:
    """Has the gateway obeyed? Asked less and less often; then a person is told."""
    operation, write = claim.operation, claim.write
    assert write.poller is not None, operation.kind
    try:
        with claim.client() as client:
            progress = write.poller(client, write.payload_of(operation))
    except RateLimited as error:
        until = error.retry_at or timezone.now() + timedelta(seconds=60)
        update(claim, operation.state, tag="", not_before=until)
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
        row = held(claim)
        if row is None:
            return
        if claim.write.recorder is not None and progress.reply is not None and not progress.failed:
            claim.write.recorder(row, progress.reply)
        row.state = State.FAILED if progress.failed else State.DONE
        row.message = (progress.message or claim.write.done_message)[:500]
        row.progress = progress.as_dict()
        row.finished_at = timezone.now()
        row.save()
        tag = "operation:failed" if progress.failed else "operation:done"
        audit.record(tag, row, actor=row.actor, text=row.message, data=row.progress)


def _keep_asking(claim: Claim, progress: Progress) -> None:
    operation = claim.operation
    polls = operation.polls + 1
    asked_for = timezone.now() - (operation.sent_at or operation.created_at)
    scale = settings.OPERATIONS_TIME_SCALE
    if asked_for > GIVE_UP_AFTER * scale:
        review(claim, "The gateway has not confirmed for a day. Check the site, then decide.")
        return
    overdue = asked_for > OVERDUE_AFTER * scale
    wait = OVERDUE_POLL_SECONDS if overdue else POLL_SECONDS[min(polls, len(POLL_SECONDS) - 1)]
    became_overdue = overdue and operation.state != State.OVERDUE
    update(
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
