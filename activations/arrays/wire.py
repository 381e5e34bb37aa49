"""Plans beside Enphase's answers: are they the same, and what did Enphase put elsewhere?"""

import hashlib
import json
from dataclasses import replace
from typing import Any

from activations.arrays import differences
from activations.arrays.layout import Plan, array_to_wire
from enphase.records import Layout


def essence(plan: Plan, *, places: bool = True) -> list[Any]:
    """What people decide about a layout, in an order that does not matter to Enphase.

    Modules stand where they are on the roof, so it does not matter where an array's frame begins.
    Without `places` only which serials are on which array: Enphase may move modules and arrays.
    Ids are left out; new arrays get theirs from Enphase.
    """
    found = []
    for array in plan.arrays:
        wire = array_to_wire(array)
        left, top = array.left, array.top
        modules = [
            [
                module["serial_num"],
                *([left + module["left"], top + module["top"], module["angle"]] if places else []),
            ]
            for module in wire["modules"]
        ]
        facts = [wire[name] for name in ("label", "angle", "tilt", "provisioned_envoy")]
        if places and not modules:
            facts += [left, top]
        found.append([*facts, sorted(modules)])
    return sorted(found, key=json.dumps)


def digest(plan: Plan) -> str:
    """Names a state of a layout."""
    text = json.dumps(essence(plan), separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def is_same(held: Plan, wanted: Plan) -> bool:
    """Would sending change nothing, not even where the frames of empty cells begin?"""
    return digest(held) == digest(wanted) and _frames(held) == _frames(wanted)


def _frames(plan: Plan) -> list[tuple[Any, ...]]:
    return sorted(
        (one.label, one.left, one.top, one.rows, one.columns, one.orientation)
        for one in plan.arrays
    )


def with_ids(plan: Plan, answered: Layout) -> Plan:
    """The plan with the ids that Enphase gave to its new arrays, told by their names.

    An id that the answer does not have is dropped: the array is a new one, then.
    """
    ids = {record.id for record in answered.arrays}
    known = {array.enphase_id for array in plan.arrays}
    fresh = [record for record in answered.arrays if record.id and record.id not in known]
    arrays = []
    for array in plan.arrays:
        if array.enphase_id in ids and array.enphase_id is not None:
            arrays.append(array)
            continue
        record = next((one for one in fresh if one.label == array.label), None)
        if record is not None:
            fresh.remove(record)
        number = record.id if record is not None else None
        arrays.append(replace(array, enphase_id=number, module_ids={}))
    return replace(plan, arrays=tuple(arrays))


def without_lost_ids(plan: Plan, now: Layout) -> Plan:
    """The plan as it can be sent over what is there now: arrays that are gone are new ones."""
    ids = {record.id for record in now.arrays}
    return replace(
        plan,
        arrays=tuple(
            array
            if array.enphase_id is None or array.enphase_id in ids
            else replace(array, enphase_id=None, module_ids={})
            for array in plan.arrays
        ),
    )


def rearranged(sent: Plan, answered: Plan) -> list[str]:
    """What Enphase put elsewhere, changed or kept, in sentences."""
    said = []
    for row in differences.rows(sent, answered):
        field, before, after = row["field"], row["before"], row["after"]
        if before is None:
            said.append(f"{field}: Enphase has {after}, which was not sent.")
        elif after is None:
            said.append(f"{field}: Enphase did not keep {before}.")
        else:
            said.append(f"{field}: sent {before}, Enphase has {after}.")
    return said
