"""The trail of who did what: append-only, each event chained to the one before."""

import hashlib
import hmac
import json
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from portal.operations.models import AuditEvent, AuditHead, Operation, Run


def _hash(previous: str, event: AuditEvent) -> str:
    body = json.dumps(
        [
            previous,
            event.chain,
            event.sequence,
            event.at.isoformat(),
            event.tag,
            event.text,
            event.operation_id,
            event.activation_id,
            event.actor_id,
            event.actor_name,
            event.data,
        ],
        sort_keys=True,
        separators=(",", ":"),
    )
    return hmac.new(settings.AUDIT_KEY.encode(), body.encode(), hashlib.sha256).hexdigest()


@transaction.atomic
def record(
    tag: str,
    operation: Operation | None = None,
    *,
    company: Any = None,
    activation: Any = None,
    run: Run | None = None,
    actor: Any = None,
    text: str = "",
    data: dict[str, Any] | None = None,
) -> AuditEvent:
    """Add one event in the caller's transaction. The actor's name is copied.

    Company, branch and activation are taken from the operation or the run when there is one.
    """
    whole = operation or run
    company_id = whole.company_id if whole else getattr(company, "pk", None)
    branch_id = whole.branch_id if whole else getattr(activation, "branch_id", None)
    activation_id = operation.activation_id if operation else getattr(activation, "pk", None)
    AuditHead.objects.get_or_create(chain=company_id or 0)
    head = AuditHead.objects.select_for_update().get(chain=company_id or 0)
    event = AuditEvent(
        company_id=company_id,
        chain=head.chain,
        sequence=head.sequence + 1,
        at=timezone.now(),
        tag=tag,
        text=text[:300],
        operation=operation,
        run=run,
        activation_id=activation_id,
        branch_id=branch_id,
        actor_id=getattr(actor, "pk", None),
        actor_name=str(actor) if actor is not None else "",
        # A round through JSON, so that the hash is over what the database will give back.
        data=json.loads(json.dumps(data or {}, default=str)),
        request_id=str(structlog.contextvars.get_contextvars().get("request_id", ""))[:64],
        previous_hash=head.hash,
    )
    event.hash = _hash(head.hash, event)
    event.save()
    head.sequence, head.hash = event.sequence, event.hash
    head.save(update_fields=["sequence", "hash"])
    return event


def verify(chain: int) -> AuditEvent | None:
    """Walk a chain from its start; the first event that does not fit, or None when all fit.

    A cut tail shows by the head, which then points past the last event.
    """
    previous, sequence = "", 0
    event = None
    for event in AuditEvent.objects.filter(chain=chain).order_by("sequence").iterator():
        sequence += 1
        fits = event.sequence == sequence and event.previous_hash == previous
        if not fits or not hmac.compare_digest(event.hash, _hash(previous, event)):
            return event
        previous = event.hash
    head = AuditHead.objects.filter(chain=chain).first()
    if head is not None and (head.sequence, head.hash) != (sequence, previous):
        return event or AuditEvent(chain=chain, sequence=sequence, tag="audit:tail-cut")
    return None
