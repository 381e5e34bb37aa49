"""The changes of a site's layout: all arrays, one array, or one array less.

Payloads carry the plan as layout.to_json makes it, and the digest of what the person saw. Each
reads the layout before it sends and after, because Enphase moves modules until they fit. Only
list_arrays is in the documents of 2026: the writes may be refused with 404, 405 or 501.
"""

import logging
from dataclasses import replace
from typing import Any

from activations.arrays import differences, drafts, wire
from activations.arrays.layout import (
    Plan,
    array_to_wire,
    frames_of,
    from_json,
    read,
    to_json,
    to_wire,
)
from activations.models import Activation
from activations.snapshots import services as snapshots
from enphase import Client, EnphaseError
from enphase.records import Layout
from portal.operations.models import LookUp, Operation
from portal.operations.registry import AlreadySo, Conflict, Finding, write
from portal.ui.errors import Refused

log = logging.getLogger(__name__)

SAVED = "The roof plan is saved at Enphase."
CHANGED = "Somebody changed the layout at Enphase meanwhile. Nothing was sent."


def _site(payload: dict[str, Any]) -> Activation:
    return Activation.objects.select_related("company").get(pk=payload["activation"])


def _look(client: Client, payload: dict[str, Any]) -> Layout:
    """The layout now. Kept, so that a change from outside is noticed before it is overwritten."""
    layout = client.arrays.list_arrays(payload["system_id"])
    snapshots.keep(_site(payload), "arrays", layout)
    return layout


def _read_back(client: Client, system_id: int) -> Layout | None:
    """What Enphase made of it; None when that cannot be read, as the change was accepted."""
    try:
        return client.arrays.list_arrays(system_id)
    except (EnphaseError, Refused):
        log.warning("The layout of system %s could not be read back after a change", system_id)
        return None


def _theirs(now: Plan, wanted: Plan) -> dict[str, Any]:
    """What Enphase has now, under the names of what differs from the plan."""
    return {row["field"]: row["before"] or "None" for row in differences.rows(now, wanted)}


# ------------------------------------------------------------------ all arrays


@write("arrays.update", endpoint="update_arrays", repeatable=True, done_message=SAVED)
def update(client: Client, *, system_id: int, plan: dict[str, Any], **_plan: Any) -> Layout:
    """Replace the whole layout, then read it (operations update_arrays, list_arrays).

    Payload: {"activation": pk, "system_id", "plan": as layout.to_json, "base": digest of what the
    person saw, "revision" of the draft or None}.
    """
    request = to_wire(from_json(plan))
    answer = client.arrays.update_arrays(system_id, request["angle"], request["arrays"])
    return _read_back(client, system_id) or answer


@update.prepare
def _compare(client: Client, payload: dict[str, Any]) -> dict[str, Any]:
    now = _look(client, payload)
    wanted = wire.without_lost_ids(from_json(payload["plan"]), now)
    held = read(now, frames_of(wanted))
    if wire.is_same(held, wanted):
        drafts.settle(_site(payload), wanted, now, payload["revision"])
        raise AlreadySo("Enphase has this layout already. Nothing was sent.")
    if held.unsendable:
        raise Refused(f"{held.unsendable[0]} Change this layout in Enlighten. Nothing was sent.")
    if wire.digest(held) != payload["base"] and not payload.get("override"):
        raise Conflict(CHANGED, _theirs(held, wanted), _site(payload))
    return {**payload, "plan": to_json(wanted)}


@update.verify
def _was_it_updated(client: Client, payload: dict[str, Any]) -> list[Finding]:
    now = _look(client, payload)
    wanted = from_json(payload["plan"])
    return [_finding(now, read(now, frames_of(wanted)), wanted, payload["base"])]


def _finding(now: Layout, held: Plan, wanted: Plan, base: str) -> Finding:
    """Enphase may have moved modules, so a match need not be one to the unit."""
    channel, state = "list_arrays", wire.digest(held)
    rows = len(now.arrays)
    if state == wire.digest(wanted):
        return Finding(channel, LookUp.Finding.MATCH, rows=rows, digest=state, reply=now)
    if state == base:
        note = "The layout is as it was."
        return Finding(channel, LookUp.Finding.ABSENT, note, rows=rows, digest=state)
    if wire.essence(held, places=False) == wire.essence(wanted, places=False):
        note = "Every module is on its array; Enphase moved some."
        return Finding(channel, LookUp.Finding.MATCH, note, rows=rows, digest=state, reply=now)
    note = "The layout is neither what it was nor what was sent."
    return Finding(channel, LookUp.Finding.INCONCLUSIVE, note, rows=rows, digest=state)


@update.apply
def _take_in(operation: Operation, reply: Layout) -> None:
    _record(operation, from_json(operation.payload["plan"]), reply)


def _record(operation: Operation, sent: Plan, reply: Layout) -> None:
    """Our copy, the end of the draft, and what Enphase put elsewhere."""
    assert operation.activation is not None
    sent = wire.with_ids(sent, reply)
    held = read(reply, frames_of(sent))
    drafts.settle(operation.activation, sent, reply, operation.payload["revision"])
    snapshots.keep(operation.activation, "arrays", reply, operation=operation)
    moved = wire.rearranged(sent, held)
    operation.result = {**operation.result, "rearranged": moved, "placed": held.placed}
    modules = "1 module" if held.placed == 1 else f"{held.placed} modules"
    operation.message = f"The roof plan is saved at Enphase, {modules} on it."
    if moved:
        operation.message += " Enphase arranged it a little differently."


# ------------------------------------------------------------------ one array


@write("arrays.update_one", endpoint="update_array", repeatable=True, done_message=SAVED)
def update_one(
    client: Client, *, system_id: int, array_id: int, plan: dict[str, Any], **_plan: Any
) -> Layout | None:
    """Change one array, then read the layout (operations update_array, list_arrays).

    Payload: as of `arrays.update`, with "array_id"; "plan" and "base" are of that array alone.
    """
    client.arrays.update_array(
        system_id,
        array_id,
        array_to_wire(from_json(plan).arrays[0]),  # type: ignore[arg-type]
    )
    return _read_back(client, system_id)


@update_one.prepare
def _compare_one(client: Client, payload: dict[str, Any]) -> dict[str, Any] | None:
    now = _look(client, payload)
    wanted = from_json(payload["plan"])
    held = _only(read(now, frames_of(wanted)), payload["array_id"])
    if wire.is_same(held, wanted):
        drafts.settle(_site(payload), wanted, now, payload["revision"])
        raise AlreadySo("Enphase has this array so already. Nothing was sent.")
    if held.unsendable:
        raise Refused(f"{held.unsendable[0]} Change this layout in Enlighten. Nothing was sent.")
    if not held.arrays:
        # No id to send it to: a person cannot decide to go on either.
        raise Refused(
            f"{wanted.arrays[0].label} was deleted at Enphase meanwhile. "
            "Open the plan and keep it as a new array, or discard it."
        )
    if wire.digest(held) != payload["base"] and not payload.get("override"):
        raise Conflict(CHANGED, _theirs(held, wanted), _site(payload))
    return None


@update_one.verify
def _was_one_updated(client: Client, payload: dict[str, Any]) -> list[Finding]:
    now = _look(client, payload)
    wanted = from_json(payload["plan"])
    held = _only(read(now, frames_of(wanted)), payload["array_id"])
    return [_finding(now, held, wanted, payload["base"])]


def _only(plan: Plan, array_id: int) -> Plan:
    return replace(plan, arrays=tuple(a for a in plan.arrays if a.enphase_id == array_id))


@update_one.apply
def _take_in_one(operation: Operation, reply: Layout | None) -> None:
    _record_part(operation, from_json(operation.payload["plan"]), reply)


def _record_part(operation: Operation, sent: Plan | None, reply: Layout | None) -> None:
    site = operation.activation
    assert site is not None
    if reply is None:
        # Accepted, and not to be read just now: a worker reads it as soon as it can.
        snapshots.ask(site, [("arrays", "")])
        drafts.forget(site, sent, operation.payload["revision"], but=operation)
        return
    drafts.settle(site, sent, reply, operation.payload["revision"])
    snapshots.keep(site, "arrays", reply, operation=operation)
    if sent is not None:
        held = _only(read(reply, frames_of(sent)), operation.payload["array_id"])
        moved = wire.rearranged(sent, held)
        operation.result = {**operation.result, "rearranged": moved, "placed": held.placed}
        operation.message = f"{sent.arrays[0].label} is saved at Enphase."
        if moved:
            operation.message += " Enphase arranged it a little differently."


# ------------------------------------------------------------------ one array less


@write("arrays.delete", endpoint="delete_array", repeatable=True, done_message="Array deleted.")
def delete(client: Client, *, system_id: int, array_id: int, **_plan: Any) -> Layout | None:
    """Delete one array, then read the layout (operations delete_array, list_arrays).

    Payload: {"activation": pk, "system_id", "array_id", "label", "base": digest of the array that
    the person saw, "revision" of the draft or None}.
    """
    client.arrays.delete_array(system_id, array_id)
    return _read_back(client, system_id)


@delete.prepare
def _compare_deleted(client: Client, payload: dict[str, Any]) -> None:
    now = _look(client, payload)
    held = _only(read(now), payload["array_id"])
    if not held.arrays:
        drafts.settle(_site(payload), None, now, payload["revision"])
        raise AlreadySo("This array is gone from Enphase already. Nothing was sent.")
    if wire.digest(held) != payload["base"] and not payload.get("override"):
        theirs = {row["field"]: row["after"] for row in differences.rows(Plan(), held)}
        raise Conflict(CHANGED, theirs, _site(payload))


@delete.verify
def _was_it_deleted(client: Client, payload: dict[str, Any]) -> list[Finding]:
    now = _look(client, payload)
    found = any(record.id == payload["array_id"] for record in now.arrays)
    finding = LookUp.Finding.ABSENT if found else LookUp.Finding.MATCH
    note = "The array is still there." if found else "The array is gone."
    return [Finding("list_arrays", finding, note, rows=len(now.arrays), reply=now)]


@delete.apply
def _take_in_deleted(operation: Operation, reply: Layout | None) -> None:
    _record_part(operation, None, reply)
    operation.message = f"{operation.payload['label']} is deleted at Enphase."
