"""What one worker holds while it works on an operation, and how it writes the row.

A claim is a compare-and-swap on state and fence with a lease; whoever lost it can write no more.
"""

import json
import logging
import random
import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from enphase import Client, Hit
from portal.connections.services import client_for
from portal.logs import redact
from portal.operations import audit
from portal.operations.crash import crashpoint
from portal.operations.models import Attempt, Operation, State
from portal.operations.registry import Write

log = logging.getLogger(__name__)

RETRY_SECONDS = (2, 5, 15, 60, 300)
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
            person_id=self.operation.actor_id,
            on_hit=self.on_hit,
            trace=self.trace,
        )

    def check_lease(self) -> None:
        if time.monotonic() > self.until:
            raise LeaseLost


def scaled(seconds: float) -> timedelta:
    """A wait of the operations, shortened in rehearsals."""
    return timedelta(seconds=seconds * settings.OPERATIONS_TIME_SCALE)


def take(operation: Operation, write: Write[..., Any]) -> Claim | None:
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


def held(claim: Claim) -> Operation | None:
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


def update(claim: Claim, state: State | str, *, tag: str, **values: Any) -> None:
    """Record a step: the row, and its audit event when `tag` is given, in one transaction."""
    with transaction.atomic():
        row = held(claim)
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


def close(
    attempt: Attempt, outcome: Attempt.Outcome, status: int | None = None, answer: str = ""
) -> None:
    attempt.outcome = outcome
    attempt.http_status = status
    attempt.answer = redact(answer)[:MAX_ANSWER]
    attempt.finished_at = timezone.now()
    attempt.save(update_fields=["outcome", "http_status", "answer", "finished_at"])


def as_text(reply: Any) -> str:
    raw = getattr(reply, "raw", reply)
    try:
        return json.dumps(raw, default=str)
    except (TypeError, ValueError):
        return str(type(reply).__name__)


def backoff(failures: int) -> float:
    return RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)] * random.uniform(0.8, 1.2)
