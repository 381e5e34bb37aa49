"""After a lost reply: has it happened? Found is adopted; else time passes, then a person."""

from datetime import timedelta

from django.utils import timezone

from enphase import EnphaseError, RateLimited
from portal.connections.services import NeedsReconnect
from portal.operations.claims import Claim, scaled, update
from portal.operations.models import LookUp, State
from portal.operations.outcomes import LOOK_UP_SECONDS, MAX_FAILURES, accept, review
from portal.operations.registry import Finding
from portal.ui.errors import Refused

MAX_LOOKS = 15


def look(claim: Claim) -> None:
    """Has a change whose reply was lost happened? Found: adopt it. Else wait, then a person."""
    operation, write = claim.operation, claim.write
    if write.verifier is None:
        review(claim, "There is no way to look whether this happened. Check the site, then decide.")
        return
    try:
        payload = write.payload_of(operation)
        with claim.client() as client:
            findings = write.verifier(client, payload)
    except RateLimited as error:
        until = error.retry_at or timezone.now() + timedelta(seconds=60)
        update(claim, State.UNKNOWN, tag="", not_before=until)
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
        review(claim, "Enphase shows this more than once. Open both, keep one, delete the other.")
    elif LookUp.Finding.MATCH in kinds:
        found = next(f for f in findings if f.finding == LookUp.Finding.MATCH)
        accept(claim, None, found.reply)
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
        review(claim, "Enphase does not answer to this change. It was tried several times.")
        return
    update(
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
        review(
            claim,
            f"Enphase shows no trace of it after {lookups} look-ups. Sending it again may cost "
            "another time if it was only slow.",
            lookups=lookups,
        )
    elif looks >= MAX_LOOKS:
        review(claim, "The look-ups told nothing. Check the list at Enphase, then decide.")
    else:
        wait = LOOK_UP_SECONDS[min(lookups, len(LOOK_UP_SECONDS) - 1)]
        update(
            claim,
            State.UNKNOWN,
            tag="operation:looked-up",
            lookups=lookups,
            polls=looks,
            not_before=timezone.now() + scaled(wait),
        )
