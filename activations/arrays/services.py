"""Sending a roof plan: which changes of which kind it takes, and an earlier layout written back."""

import uuid
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from activations.arrays import differences, drafts, wire, writes
from activations.arrays.drafts import Board
from activations.arrays.layout import Plan, RoofArray, open_points, read, to_json
from activations.models import Activation
from activations.snapshots.services import current
from enphase.records import Layout
from portal.operations.models import Operation
from portal.operations.queue import queue_write
from portal.ui.errors import Refused

# A read to compare, the write, and the read of what Enphase made of it.
HITS = 3


@dataclass(frozen=True)
class Request:
    """How a draft is sent: "all" arrays, "one" of them, "delete" (each alone), "" for nothing."""

    kind: str
    arrays: tuple[RoofArray, ...] = ()

    @property
    def hits(self) -> int:
        return HITS * (len(self.arrays) if self.kind == "delete" else 1) if self.kind else 0


def request_of(board: Board) -> Request:
    """The fewest writes that bring a draft to Enphase.

    One array that Enphase has is changed alone. Arrays that are gone are left out of the list of
    all; deleted on their own where nothing else changed and that costs no more, or where none is
    left, because an empty list cannot be sent.
    """
    before, after = board.base, board.plan
    kept = {array.enphase_id for array in after.arrays if array.enphase_id}
    gone = tuple(a for a in before.arrays if a.enphase_id and a.enphase_id not in kept)
    old = {array.enphase_id: array for array in before.arrays if array.enphase_id}
    changed = [
        array
        for array in after.arrays
        if array.enphase_id is None or not _same(old.get(array.enphase_id), array)
    ]
    if not changed and gone and (len(gone) == 1 or not after.arrays):
        return Request("delete", gone)
    if not gone and len(changed) == 1 and changed[0].enphase_id in old:
        return Request("one", (changed[0],))
    if changed or gone:
        return Request("all", after.arrays)
    return Request("")


def _same(old: RoofArray | None, new: RoofArray) -> bool:
    return old is not None and wire.is_same(Plan((old,)), Plan((new,)))


@transaction.atomic
def queue_plan(
    board: Board, *, actor: Any, revision: int, token: uuid.UUID | None = None
) -> list[Operation]:
    """Queue what brings the draft to Enphase; a layout that differs there by then is a conflict.

    One operation, or one for each array to be deleted. Raises Refused while something is open,
    Outdated for another revision than the person saw.
    """
    if token is not None and (
        same := Operation.objects.filter(token=token, company=board.activation.company).first()
    ):
        return [same]
    drafts.check_free(board)
    if revision != board.row.revision:
        raise drafts.Outdated("The plan was changed since this page was made. Review it once more.")
    if points := open_points(board.plan):
        raise Refused(points[0])
    request = request_of(board)
    if request.kind == "delete":
        return [
            _queue_delete(board.activation, array, actor, token, number, board.row.revision)
            for number, array in enumerate(request.arrays)
        ]
    if request.kind == "one":
        return [_queue_one(board, request.arrays[0], actor, token)]
    if request.kind == "all":
        return [
            _queue_all(
                board.activation,
                board.plan,
                board.base,
                actor=actor,
                token=token,
                revision=board.row.revision,
            )
        ]
    raise Refused("Enphase has this layout already. There is nothing to send.")


def _key(activation: Activation) -> str:
    return f"activation:{activation.pk}:arrays"


def _words(before: Plan, after: Plan) -> tuple[dict[str, Any], dict[str, Any]]:
    rows = differences.rows(before, after)
    return (
        {row["field"]: row["before"] for row in rows},
        {row["field"]: row["after"] for row in rows},
    )


def _queue_all(
    activation: Activation,
    plan: Plan,
    base: Plan,
    *,
    actor: Any,
    token: uuid.UUID | None,
    revision: int | None,
    title: str = "Save the roof plan",
    reason: str = "",
) -> Operation:
    before, after = _words(base, plan)
    return queue_write(
        writes.update,
        key=_key(activation),
        payload={
            "activation": activation.pk,
            "system_id": activation.system_id,
            "plan": to_json(plan),
            "base": wire.digest(base),
            "revision": revision,
        },
        company=activation.company,
        activation=activation,
        actor=actor,
        title=title,
        before=before,
        after=after,
        reason=reason,
        token=token,
    )


def _queue_one(board: Board, array: RoofArray, actor: Any, token: uuid.UUID | None) -> Operation:
    activation = board.activation
    old = next(one for one in board.base.arrays if one.enphase_id == array.enphase_id)
    before, after = _words(board.base, board.plan)
    return queue_write(
        writes.update_one,
        key=_key(activation),
        payload={
            "activation": activation.pk,
            "system_id": activation.system_id,
            "array_id": array.enphase_id,
            "plan": to_json(Plan((array,))),
            "base": wire.digest(Plan((old,))),
            "revision": board.row.revision,
        },
        company=activation.company,
        activation=activation,
        actor=actor,
        title=f"Change array {array.label}",
        before=before,
        after=after,
        token=token,
    )


def _queue_delete(
    activation: Activation,
    array: RoofArray,
    actor: Any,
    token: uuid.UUID | None,
    number: int,
    revision: int | None,
    reason: str = "",
) -> Operation:
    """One of several; each has its own key, and the operations of a site are sent in order."""
    if token is not None and number:
        token = uuid.uuid5(token, str(number))
    before, after = _words(Plan((array,)), Plan())
    return queue_write(
        writes.delete,
        key=f"{_key(activation)}:{array.enphase_id}" if number else _key(activation),
        payload={
            "activation": activation.pk,
            "system_id": activation.system_id,
            "array_id": array.enphase_id,
            "label": array.label,
            "base": wire.digest(Plan((array,))),
            "revision": revision,
        },
        company=activation.company,
        activation=activation,
        actor=actor,
        title=f"Delete array {array.label}",
        before=before,
        after=after,
        reason=reason,
        token=token,
    )


def queue_restore(
    activation: Activation, record: Layout, *, actor: Any, token: uuid.UUID, reason: str
) -> Operation:
    """Queue writing an earlier layout back. Refused when it lacks what a request needs."""
    if drafts.running(activation) is not None:
        raise Refused(
            "An earlier change of the arrays is still under way. Wait until it is settled."
        )
    copy = current(activation, "arrays")
    frames = drafts.load(activation, copy).row.frames
    now = read(copy.record, frames) if copy is not None and copy.record is not None else Plan()
    plan = read(record, frames)
    if points := open_points(plan):
        raise Refused(f"This layout cannot be written back. {points[0]}")
    if plan.arrays:
        return _queue_all(
            activation,
            replace(plan, notes=()),
            now,
            actor=actor,
            token=token,
            revision=None,
            title="Write the former arrays back",
            reason=reason,
        )
    queued = [
        _queue_delete(activation, array, actor, token, number, None, reason)
        for number, array in enumerate(array for array in now.arrays if array.enphase_id)
    ]
    if not queued:
        raise Refused("There was no array then, and there is none now.")
    return queued[0]
