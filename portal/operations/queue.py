"""The only way to owe Enphase a change."""

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.operations import audit
from portal.operations.models import Operation, Run
from portal.operations.registry import Write
from portal.ui.errors import Refused

log = logging.getLogger(__name__)

# A bell of the bulk lane that nobody heard for so long is one of many.
BULK_BELL_SECONDS = 10


class Busy(Refused):
    """Another change with the same key is still under way."""

    def __init__(self, message: str, operation: Operation | None = None) -> None:
        super().__init__(message)
        self.operation = operation


@dataclass(frozen=True)
class _Part:
    run: Run
    token: uuid.UUID


_part: ContextVar[_Part | None] = ContextVar("part_of_run", default=None)


@contextmanager
def part_of(run: Run, token: uuid.UUID) -> Iterator[None]:
    """What is queued inside is a part of the run: in its lane, under tokens made from this one.

    So every service that queues for a person queues for a run too, without knowing of runs.
    """
    before = _part.set(_Part(run, token))
    try:
        yield
    finally:
        _part.reset(before)


def queue_write(
    write: Write[..., Any],
    *,
    key: str,
    payload: dict[str, Any],
    company: Any,
    actor: Any,
    title: str,
    subject: str = "",
    activation: Any = None,
    branch: Any = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    reason: str = "",
    token: uuid.UUID | None = None,
    lane: str = "interactive",
    not_before: Any = None,
) -> Operation:
    """Record a change we owe Enphase; a worker sends it after commit.

    With `not_before` it is sent then, in no order with other changes of the site.

    Asking again for the same change (same `token`, or same `key` and payload while open) returns
    the operation that exists. A different change under the same key raises `Busy`.
    Intent, audit event and doorbell live or die with the caller's transaction.
    """
    part = _part.get()
    if part is not None:
        # A service may queue two changes for one item (a person, then their access).
        token, lane = uuid.uuid5(part.token, key), "bulk"
        reason = reason or part.run.reason
    if token is not None and (
        same := Operation.objects.filter(token=token, company=company).first()
    ):
        return same
    later = not_before is not None and not_before > timezone.now()
    fields: dict[str, Any] = {
        "kind": write.kind,
        "version": write.version,
        "payload": payload,
        "key": key,
        # Changes of a site are sent in order; one for a later day holds up none of them.
        "site_key": f"activation:{activation.pk}" if activation is not None and not later else "",
        "lane": lane,
        "title": title,
        "subject": subject or (str(activation) if activation is not None else ""),
        "before": before or {},
        "after": after or {},
        "reason": reason,
        "cost_cents": write.cost_cents,
        "actor": actor,
        "actor_name": str(actor) if actor is not None else "Ridgeline",
        "company": company,
        "branch": branch if branch is not None else getattr(activation, "branch", None),
        "activation": activation,
        "token": token or uuid.uuid4(),
        "run": part.run if part is not None else None,
    }
    if not_before is not None:
        fields["not_before"] = not_before
    try:
        with transaction.atomic():
            operation = Operation.objects.create(**fields)
            audit.record(
                "operation:queued",
                operation,
                actor=actor,
                text=title,
                data={"before": before or {}, "after": after or {}, "reason": reason},
            )
            # The pump of a run rings once for all that it has queued.
            if part is None:
                transaction.on_commit(partial(ring, operation.pk, lane))
    except IntegrityError:
        # Somebody was faster: the same form again, or the same thing from another tab.
        if token is not None and (
            same := Operation.objects.filter(token=token, company=company).first()
        ):
            return same
        open_one = Operation.objects.open().filter(key=key).first()
        if open_one is None:
            raise
        if open_one.kind == write.kind and open_one.payload == payload:
            return open_one
        raise Busy(
            "An earlier change is still under way. Wait until it is settled.", open_one
        ) from None
    return operation


def ring(pk: int, lane: str) -> None:
    """Ring the worker's bell. A broker that is down costs seconds, never a change.

    In the bulk lane a bell means "there is work", not this operation: one for each of the many
    that wait would bury the queue.
    """
    from portal.operations.tasks import run_operation, work_off_bulk

    try:
        if lane == "bulk":
            work_off_bulk.apply_async(queue=lane, expires=BULK_BELL_SECONDS)
        else:
            run_operation.apply_async(args=[pk], queue=lane)
    except Exception as error:
        log.warning("The bell for operation %s did not ring (%s)", pk, type(error).__name__)
