"""Taking in what Enphase says of a site, asking for it anew, and noticing what nobody here did."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from activations.models import Activation
from activations.snapshots.models import PATIENCE, Snapshot, Version
from activations.snapshots.registry import KINDS, Absent, Kind
from enphase import EnphaseError, RateLimited, Rejected
from enphase.records.base import Record
from portal.connections.services import NeedsReconnect, client_for, sentence_for
from portal.operations import audit, words
from portal.operations.models import Operation, State, describe_event
from portal.ui.errors import Refused

log = logging.getLogger(__name__)

describe_event("snapshot:drift", "Changed outside Ridgeline", "warn", "warn")
describe_event("snapshot:kept", "Change from outside kept", "check")

Thing = tuple[str, str]

# After a reading that failed, pages leave Enphase alone for this long.
PAUSE_AFTER_PROBLEM = timedelta(minutes=5)
# Sent, and its effect may show at any moment.
UNDER_WAY = (State.SENDING, State.CONFIRMING, State.OVERDUE, State.UNKNOWN)


# ------------------------------------------------------------------ our copies


def current(activation: Activation, kind: str, key: str = "") -> Snapshot | None:
    """Our copy of one thing, None if it was never asked for. Causes no hit."""
    return several(activation, [(kind, key)]).get((kind, key))


def several(activation: Activation, things: Iterable[Thing]) -> dict[Thing, Snapshot]:
    """Our copies of several things in one query; those never asked for are left out."""
    wanted = set(things)
    rows = Snapshot.objects.filter(activation=activation, kind__in={kind for kind, _ in wanted})
    found = {}
    for row in rows:
        if (row.kind, row.key) in wanted:
            row.activation = activation
            found[(row.kind, row.key)] = row
    return found


def differences(before: dict[str, str], after: dict[str, str]) -> list[dict[str, str | None]]:
    """Rows for templates/ui/diff_table.html: what differs, in the order of the newer facts."""
    labels = [*after, *(label for label in before if label not in after)]
    return [
        {"field": label, "before": before.get(label), "after": after.get(label)}
        for label in labels
        if before.get(label) != after.get(label)
    ]


@dataclass(frozen=True)
class Drift:
    """A change from outside: what it was (`former`), what it is since, and how both differ."""

    version: Version
    former: Version | None

    @property
    def rows(self) -> list[dict[str, str | None]]:
        """For templates/ui/diff_table.html."""
        return differences(self.former.facts if self.former else {}, self.version.facts)

    @property
    def is_restorable(self) -> bool:
        return self.former is not None and not why_not_restorable(self.former)


def open_drift(activation: Activation, things: Iterable[Thing] | None = None) -> list[Drift]:
    """Changes from outside that nobody has looked at yet, the newest first."""
    versions = (
        Version.objects.open_drift()
        .filter(snapshot__activation=activation)
        .select_related("snapshot")
    )
    if things is not None:
        wanted = Q(pk__in=[])
        for kind, key in things:
            wanted |= Q(snapshot__kind=kind, snapshot__key=key)
        versions = versions.filter(wanted)
    found = []
    for version in versions:
        version.snapshot.activation = activation
        found.append(Drift(version, before_of(version)))
    return found


def before_of(version: Version) -> Version | None:
    """The version that this one replaced."""
    return (
        Version.objects.filter(snapshot_id=version.snapshot_id, pk__lt=version.pk)
        .select_related("snapshot")
        .order_by("-pk")
        .first()
    )


# ------------------------------------------------------------------ taking in


@transaction.atomic
def keep(
    activation: Activation,
    kind: str,
    answer: Record | dict[str, Any] | Absent,
    *,
    key: str = "",
    operation: Operation | None = None,
) -> Snapshot:
    """Take in what Enphase said just now, and note a change of what people set.

    `operation` explains the change when the answer is its read-back; without it, one of ours that
    was sent since the last copy, or is still under way, does. What nothing of ours explains is
    drift: a version, an audit event, and a notice on the site until somebody settles it.

    ValueError when the answer cannot be read; our copy stays as it is.
    """
    declared = KINDS[kind]
    Snapshot.objects.get_or_create(activation=activation, kind=kind, key=key)
    row = Snapshot.objects.select_for_update().get(activation=activation, kind=kind, key=key)
    row.activation = activation
    absent = str(answer)[:300] if isinstance(answer, Absent) else ""
    payload = _payload(answer, row.payload)
    record = declared.parse(payload) if payload else None
    facts = declared.facts_of(record, absent)
    now = timezone.now()
    if row.fetched_at is None or row.facts != facts:
        if declared.to_facts is not None:
            _add_version(row, payload, absent, facts, operation)
        if declared.taker is not None:
            declared.taker(activation, record)
        row.valid_from = now
    row.payload, row.absent, row.fetched_at = payload, absent, now
    row.asked_at, row.not_before, row.problem = None, None, ""
    row.__dict__.pop("record", None)
    row.save()
    return row


def _payload(answer: Record | dict[str, Any] | Absent, known: dict[str, Any]) -> dict[str, Any]:
    """What to keep. A field that could not be read keeps what we knew of it."""
    if isinstance(answer, Absent):
        return {}
    if not isinstance(answer, Record):
        return dict(answer)
    unreadable = {name: known[name] for name in answer.quarantined if name in known}
    return {**answer.raw, **unreadable}


def _add_version(
    row: Snapshot,
    payload: dict[str, Any],
    absent: str,
    facts: dict[str, str],
    operation: Operation | None,
) -> None:
    is_first = row.fetched_at is None
    if not is_first and operation is None:
        operation = _explanation(row)
    version = Version.objects.create(
        snapshot=row,
        payload=payload,
        absent=absent,
        operation=None if is_first else operation,
        is_drift=not is_first and operation is None and _alarms(row, facts),
    )
    if version.operation is not None:
        _settle_what_is_over(row, facts, version.operation)
    if version.is_drift:
        rows = differences(row.facts, facts)
        audit.record(
            "snapshot:drift",
            company=row.activation.company,
            activation=row.activation,
            text=f"{_name(row)} changed outside Ridgeline",
            data={
                "before": {str(item["field"]): item["before"] for item in rows},
                "after": {str(item["field"]): item["after"] for item in rows},
                "snapshot": row.pk,
                "version": version.pk,
            },
        )


def _settle_what_is_over(row: Snapshot, facts: dict[str, str], operation: Operation) -> None:
    """Settle drift of which nothing is left after a change of ours, such as a write-back."""
    for version in Version.objects.open_drift().filter(snapshot=row).select_related("snapshot"):
        drift = Drift(version, before_of(version))
        if all(facts.get(str(item["field"])) != item["after"] for item in drift.rows):
            version.settled_at, version.settled_by = timezone.now(), operation.actor
            version.save(update_fields=["settled_at", "settled_by"])


def _alarms(row: Snapshot, facts: dict[str, str]) -> bool:
    """Is a change that nobody here made worth a notice?"""
    alarm = row.declared.alarm
    return alarm is None or alarm(row.facts, facts)


def _explanation(row: Snapshot) -> Operation | None:
    """Our newest operation that may have changed this since the last copy."""
    return (
        Operation.objects.filter(
            activation_id=row.activation_id, kind__in=row.declared.writes, sent_at__isnull=False
        )
        .filter(
            Q(state__in=UNDER_WAY)
            | Q(state__in=(State.DONE, State.NEEDS_REVIEW), sent_at__gte=row.fetched_at)
        )
        .order_by("-pk")
        .first()
    )


def _name(row: Snapshot) -> str:
    return f"{row.declared.title} {row.key}".strip()


# ------------------------------------------------------------------ asking anew


def ask(
    activation: Activation,
    things: Sequence[Thing],
    *,
    lane: str = "interactive",
    person_id: int | None = None,
) -> bool:
    """Let a worker read these things after the transaction; one reading at a time for each.

    False when no worker could be told. Things that are being read already are left to that
    reading.
    """
    claimed = [thing for thing in things if _claim(activation, *thing)]
    if not claimed:
        return True
    heard: list[bool] = []
    transaction.on_commit(
        lambda: heard.append(_ring(activation.pk, claimed, lane, person_id)), robust=False
    )
    return heard[0] if heard else True


def _claim(activation: Activation, kind: str, key: str) -> bool:
    if kind not in KINDS:
        return False
    Snapshot.objects.get_or_create(activation=activation, kind=kind, key=key)
    now = timezone.now()
    free = Q(asked_at=None) | Q(asked_at__lt=now - PATIENCE)
    rows = Snapshot.objects.filter(free, activation=activation, kind=kind, key=key)
    return bool(rows.update(asked_at=now, problem=""))


def _ring(pk: int, things: Sequence[Thing], lane: str, person_id: int | None) -> bool:
    from activations.snapshots.tasks import read_things

    try:
        read_things.apply_async(
            args=[pk, [list(thing) for thing in things], lane, person_id], queue=lane, expires=90
        )
    except Exception as error:  # noqa: BLE001 - kombu raises what its transport raises
        log.warning("Reading of site %s not queued (%s)", pk, type(error).__name__)
        _release(pk, things, "The refresh could not be queued. Try again in a minute.")
        return False
    return True


def _release(pk: int, things: Iterable[Thing], problem: str, until: datetime | None = None) -> None:
    for kind, key in things:
        Snapshot.objects.filter(activation_id=pk, kind=kind, key=key).update(
            asked_at=None,
            problem=problem[:300],
            not_before=until or timezone.now() + PAUSE_AFTER_PROBLEM,
        )


def refresh(
    activation: Activation,
    kind: str,
    key: str = "",
    *,
    lane: str = "interactive",
    person_id: int | None = None,
) -> str:
    """Read one thing from Enphase now. "" or a sentence on what went wrong.

    For workers: it waits for Enphase. Whatever goes wrong, our copy stays as it is. The lane
    `bulk` leaves a share of the budget to people who ask themselves.
    """
    return read_all(activation, [(kind, key)], lane=lane, person_id=person_id)


def read_all(
    activation: Activation,
    things: Sequence[Thing],
    *,
    lane: str = "interactive",
    person_id: int | None = None,
) -> str:
    """Read several things over one connection; the last sentence on what went wrong, or ""."""
    problem, left = "", list(things)
    try:
        with client_for(activation.company_id, lane=lane, person_id=person_id) as client:
            while left:
                kind, key = left[0]
                problem = _read(client, activation, KINDS[kind], key) or problem
                left.pop(0)
    except NeedsReconnect as refusal:
        # True for all that is left.
        problem = str(refusal)
        _note_problem(activation, left, problem)
    return problem


def _read(client: Any, activation: Activation, declared: Kind, key: str) -> str:
    things = [(declared.name, key)]
    try:
        answer = declared.read(client, activation, key)
    except Absent as absent:
        answer = absent
    except RateLimited as limit:
        problem = words.explain(limit)
        _note_problem(activation, things, problem, limit.retry_at)
        return problem
    except NeedsReconnect:
        raise
    except Refused as refusal:
        _note_problem(activation, things, str(refusal))
        return str(refusal)
    except EnphaseError as error:
        problem = words.explain(error) if isinstance(error, Rejected) else sentence_for(error)
        _note_problem(activation, things, problem)
        return problem
    try:
        keep(activation, declared.name, answer, key=key)
    except (ValueError, TypeError, LookupError, ArithmeticError) as error:
        log.exception("%s of site %s could not be taken in", declared.name, activation.pk)
        problem = f"Enphase sent something that cannot be read ({type(error).__name__})."
        _note_problem(activation, things, problem)
        return problem
    return ""


def _note_problem(
    activation: Activation, things: Iterable[Thing], problem: str, until: datetime | None = None
) -> None:
    things = list(things)
    for kind, key in things:
        Snapshot.objects.get_or_create(activation=activation, kind=kind, key=key)
    _release(activation.pk, things, problem, until)


# ------------------------------------------------------------------ settling drift


@transaction.atomic
def settle(version: Version, *, actor: Any) -> None:
    """Somebody has looked at a change from outside and leaves it. Harmless to call twice."""
    if not Version.objects.filter(pk=version.pk, is_drift=True, settled_at=None).update(
        settled_at=timezone.now(), settled_by=actor
    ):
        return
    site = version.snapshot.activation
    audit.record(
        "snapshot:kept",
        company=site.company,
        activation=site,
        actor=actor,
        text=f"{_name(version.snapshot)}: the change from outside stays",
        data={"version": version.pk},
    )


def why_not_restorable(version: Version) -> str:
    """Why this version cannot be written back, or ""."""
    declared = version.snapshot.declared
    if declared.restorer is None and declared.restore_page is None:
        return f"Enphase offers no way to write back: {declared.title.lower()}."
    if version.record is None:
        return "At that time there was nothing that could be written back."
    if version.facts == version.snapshot.facts:
        return "This is what Enphase has now."
    return ""


def restore_url(version: Version) -> str:
    """The page that asks before this version is written back, where its kind has one; or ""."""
    address = version.snapshot.declared.restore_page
    return "" if address is None else address(version.snapshot.activation, version.record)


@transaction.atomic
def restore(version: Version, *, actor: Any, token: UUID, reason: str = "") -> Operation:
    """Queue the write that makes Enphase hold this version again.

    Drift is settled once it has: a write that fails leaves the notice. Raises Refused when it
    cannot be written back.
    """
    if why := why_not_restorable(version):
        raise Refused(why)
    row = version.snapshot
    queue = row.declared.restorer
    assert queue is not None
    if row.key:
        queue = partial(queue, key=row.key)
    operation: Operation = queue(
        row.activation, version.record, actor=actor, token=token, reason=reason
    )
    return operation
