"""The row of an unsent plan: loading it, drawing on it, and what becomes of it once it is sent."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db import transaction
from django.utils import timezone

from activations.arrays import differences, wire
from activations.arrays.layout import Plan, frames_of, from_json, read, to_json
from activations.arrays.models import LayoutDraft, PlacedSerial
from activations.models import Activation
from activations.snapshots.models import Snapshot
from activations.snapshots.services import current
from enphase.records import Layout
from portal.operations.models import Operation
from portal.ui.errors import Refused

KINDS = ("arrays.update", "arrays.update_one", "arrays.delete")
# Steps that can be undone.
MOST_STEPS = 100
MOST_SCANNED = 2000


class Outdated(Refused):
    """The plan was changed since the page was made: by somebody else, or in another tab."""


class StillSending(Refused):
    """A change of this layout is under way, so nothing can be drawn yet."""


@dataclass
class Board:
    """A site's plan as it is drawn now. `copy` is what Enphase last said, None if never read."""

    activation: Activation
    copy: Snapshot | None
    row: LayoutDraft

    @cached_property
    def plan(self) -> Plan:
        return from_json(self.row.plan) if self.row.is_open else self.stored

    @cached_property
    def base(self) -> Plan:
        """What the draft began with; without a draft what Enphase has."""
        return from_json(self.row.base) if self.row.is_open else self.stored

    @cached_property
    def stored(self) -> Plan:
        """What Enphase has, as far as we know."""
        record = self.copy.record if self.copy is not None else None
        return read(record, self.row.frames) if record is not None else Plan()

    @property
    def is_known(self) -> bool:
        return self.copy is not None and self.copy.is_known

    @property
    def changes(self) -> int:
        return differences.count(self.base, self.plan) if self.row.is_open else 0

    @property
    def outdated(self) -> str:
        """What to know when Enphase's copy changed since the draft was begun, or ""."""
        copy = self.copy
        if not self.row.is_open or copy is None or copy.valid_from == self.row.base_from:
            return ""
        if wire.digest(self.stored) == self.row.base_digest:
            return ""
        return (
            "The layout at Enphase changed since this plan was begun. "
            "Keep the plan and write it over that, or discard it."
        )


def load(activation: Activation, copy: Snapshot | None = None) -> Board:
    """The plan of a site, drafted or not. Causes no hit and makes no row."""
    if copy is None:
        copy = current(activation, "arrays")
    row = LayoutDraft.objects.filter(activation=activation).first()
    return Board(activation, copy, row or LayoutDraft(activation=activation))


def running(activation: Activation) -> Operation | None:
    """The open change of this site's layout."""
    return (
        Operation.objects.filter(activation=activation, kind__in=KINDS)
        .open()
        .defer("payload", "before", "after", "raw_error")
        .first()
    )


def why_not(activation: Activation, board: Board) -> str:
    """Why nothing can be drawn now, or ""."""
    if activation.gone_at is not None:
        return "This site is not at Enphase any more."
    if not board.is_known:
        return "The layout was not read yet. Refresh it first."
    return ""


# ------------------------------------------------------------------ drawing

Act = Callable[[Plan], Plan]


@transaction.atomic
def draw(board: Board, act: Act, text: str, *, actor: Any, revision: int) -> Board:
    """Do something to the plan and keep it; `text` names it for undo ("Place 7259").

    Raises what `act` refuses; Outdated when the page was of an older revision, unless the plan
    has it already (a second tap); StillSending while an earlier plan is being sent.
    """
    check_free(board)
    before = board.plan
    try:
        after = act(before)
    except Refused:
        if revision != board.row.revision:
            raise Outdated(_outdated(board)) from None
        raise
    if after == before:
        return board
    if revision != board.row.revision:
        raise Outdated(_outdated(board))
    row = _opened(board)
    kept = to_json(after)
    row.done = [*row.done, {"text": text, "step": differences.step(row.plan, kept)}][-MOST_STEPS:]
    row.undone = []
    row.plan = kept
    return _keep(board, row, before, after, actor)


@transaction.atomic
def undo(board: Board, *, actor: Any, revision: int) -> Board:
    """Take back the last step. Refused when there is none."""
    return _step(board, back=True, actor=actor, revision=revision)


@transaction.atomic
def redo(board: Board, *, actor: Any, revision: int) -> Board:
    """Do again what was undone last. Refused when there is none."""
    return _step(board, back=False, actor=actor, revision=revision)


def _step(board: Board, *, back: bool, actor: Any, revision: int) -> Board:
    check_free(board)
    if revision != board.row.revision:
        raise Outdated(_outdated(board))
    row, before = board.row, board.plan
    taken, given = (row.done, row.undone) if back else (row.undone, row.done)
    if not taken:
        raise Refused("There is nothing to undo." if back else "There is nothing to do again.")
    last = taken[-1]
    row.plan = differences.walk(row.plan, last["step"], back=back)
    rest, other = taken[:-1], [*given, last][-MOST_STEPS:]
    row.done, row.undone = (rest, other) if back else (other, rest)
    return _keep(board, row, before, from_json(row.plan), actor)


@transaction.atomic
def discard(board: Board, *, revision: int) -> Board:
    """Forget what is unsent; scanned serials stay."""
    check_free(board)
    if not board.row.is_open:
        return board
    if revision != board.row.revision:
        raise Outdated(_outdated(board))
    _close(board.row)
    _save(board.row, revision)
    return Board(board.activation, board.copy, board.row)


@transaction.atomic
def rebase(board: Board, *, actor: Any, revision: int) -> Board:
    """Keep the plan, and take what Enphase has now as its beginning."""
    check_free(board)
    if not board.row.is_open:
        return board
    if revision != board.row.revision:
        raise Outdated(_outdated(board))
    record = board.copy.record if board.copy is not None else None
    before = board.plan
    row = board.row
    if record is not None:
        row.plan = to_json(wire.without_lost_ids(before, record))
    _begin(board, row)
    row.done, row.undone = [], []
    return _keep(board, row, before, from_json(row.plan), actor)


def check_free(board: Board) -> None:
    if why := why_not(board.activation, board):
        raise Refused(why)
    operation = running(board.activation)
    if operation is not None:
        raise StillSending(
            f"{operation.title} ({operation.short_id}) is not settled yet. "
            "The plan can be changed after that."
        )


def _outdated(board: Board) -> str:
    row = board.row
    who = str(row.author) if row.author else "Somebody"
    return (
        f"{who} changed this plan meanwhile. It is shown as it is now; "
        "your last step was not taken in. Do it again if it is still right."
    )


def _opened(board: Board) -> LayoutDraft:
    row = board.row
    if not row.is_open:
        row.plan = to_json(board.stored)
        row.done, row.undone = [], []
        _begin(board, row)
    return row


def _begin(board: Board, row: LayoutDraft) -> None:
    assert board.copy is not None
    row.base = to_json(board.stored)
    row.base_digest = wire.digest(board.stored)
    row.base_from = board.copy.valid_from
    row.base_fetched_at = board.copy.fetched_at


def _keep(board: Board, row: LayoutDraft, before: Plan, after: Plan, actor: Any) -> Board:
    at = row.revision
    row.author, row.changed_at = actor, timezone.now()
    _save(row, at)
    known = board.base.serials
    _note_draft(board.activation, before.serials - known, after.serials - known)
    return Board(board.activation, board.copy, row)


def _save(row: LayoutDraft, revision: int) -> None:
    """Save the row as the next revision, if nobody else was faster."""
    row.revision = revision + 1
    if row.pk is None:
        _made, created = LayoutDraft.objects.get_or_create(activation=row.activation)
        row.pk, row._state.adding = _made.pk, False
        if not created and _made.revision != revision:
            raise Outdated("Somebody changed this plan meanwhile. Do it again.")
    names = [field.attname for field in row._meta.concrete_fields if not field.primary_key]
    values = {name: getattr(row, name) for name in names if name != "activation_id"}
    if not LayoutDraft.objects.filter(pk=row.pk, revision=revision).update(**values):
        raise Outdated("Somebody changed this plan meanwhile. Do it again.")


def _close(row: LayoutDraft) -> None:
    row.plan, row.base, row.base_digest, row.done, row.undone = {}, {}, "", [], []
    row.base_from = row.base_fetched_at = None
    PlacedSerial.objects.filter(activation_id=row.activation_id, is_draft=True).delete()


# ------------------------------------------------------------------ scanned serials


@transaction.atomic
def scan(activation: Activation, serials: Iterable[str]) -> list[str]:
    """Put serials on the list of what is to be placed; those that are new to it."""
    row, _ = LayoutDraft.objects.select_for_update().get_or_create(activation=activation)
    new = [serial for serial in serials if serial not in set(row.scanned)]
    if len(row.scanned) + len(new) > MOST_SCANNED:
        raise Refused(f"A site takes {MOST_SCANNED:,} scanned serials. Place some first.")
    LayoutDraft.objects.filter(pk=row.pk).update(scanned=[*row.scanned, *new])
    return new


@transaction.atomic
def unscan(activation: Activation, serial: str) -> bool:
    """Take a serial off that list again."""
    row = LayoutDraft.objects.select_for_update().filter(activation=activation).first()
    if row is None or serial not in row.scanned:
        return False
    rest = [one for one in row.scanned if one != serial]
    LayoutDraft.objects.filter(pk=row.pk).update(scanned=rest)
    return True


# ------------------------------------------------------------------ after sending


def settle(activation: Activation, sent: Plan | None, answered: Layout, revision: Any) -> None:
    """Enphase has the plan: remember the shapes it cannot keep, and end the draft it was made of.

    `sent` is None when arrays were deleted one by one: the draft ends when none of them is left.
    A draft of another revision stays.
    """
    row = LayoutDraft.objects.select_for_update().filter(activation=activation).first()
    if row is None:
        row = LayoutDraft.objects.create(activation=activation)
    ids = {str(record.id) for record in answered.arrays}
    frames = {key: shape for key, shape in row.frames.items() if key in ids}
    if sent is not None:
        frames |= frames_of(wire.with_ids(sent, answered))
    row.frames = frames
    ended = row.is_open and revision == row.revision
    if ended and sent is None:
        ended = len(from_json(row.plan).arrays) == len(answered.arrays)
    if ended:
        _close(row)
        row.scanned = [one for one in row.scanned if one not in _serials(answered)]
        row.revision += 1
    row.save()


def forget(activation: Activation, sent: Plan | None, revision: Any, *, but: Operation) -> None:
    """Enphase took the plan, and could not be read afterwards: the draft is over all the same.

    While other arrays are still to be deleted (operations other than `but`) it stays.
    """
    others = Operation.objects.filter(activation=activation, kind__in=KINDS).open()
    row = LayoutDraft.objects.select_for_update().filter(activation=activation).first()
    if row is None or not row.is_open or revision != row.revision:
        return
    if sent is None and others.exclude(pk=but.pk).exists():
        return
    row.frames = {**row.frames, **(frames_of(sent) if sent is not None else {})}
    _close(row)
    row.revision += 1
    row.save()


def _serials(layout: Layout) -> set[str]:
    return {m.serial_num for array in layout.arrays for m in array.modules if m.serial_num}


# ------------------------------------------------------------------ where serials lie


def note_copy(activation: Activation, layout: Layout | None) -> None:
    """Keep in mind which serials Enphase has on this site."""
    _note(activation, _serials(layout) if layout is not None else set(), is_draft=False)


def _note(activation: Activation, now: set[str], *, is_draft: bool) -> None:
    rows = PlacedSerial.objects.filter(activation=activation, is_draft=is_draft)
    before = set(rows.values_list("serial", flat=True))
    _change(activation, before - now, now - before, is_draft=is_draft)


def _note_draft(activation: Activation, before: set[str], after: set[str]) -> None:
    _change(activation, before - after, after - before, is_draft=True)


def _change(activation: Activation, gone: set[str], come: set[str], *, is_draft: bool) -> None:
    if gone:
        PlacedSerial.objects.filter(
            activation=activation, is_draft=is_draft, serial__in=gone
        ).delete()
    if come:
        PlacedSerial.objects.bulk_create(
            [
                PlacedSerial(
                    company_id=activation.company_id,
                    activation=activation,
                    serial=serial[:40],
                    is_draft=is_draft,
                )
                for serial in sorted(come)
            ],
            ignore_conflicts=True,
        )
