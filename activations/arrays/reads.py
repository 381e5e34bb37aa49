"""What Enphase tells of a site's arrays."""

import uuid
from typing import Any

from activations.arrays import differences, drafts, services
from activations.arrays.layout import Plan, place_of, read, spaced
from activations.snapshots.registry import snapshot
from enphase import Client
from enphase.records import Layout
from portal.operations.models import Operation


@snapshot(
    "arrays",
    title="Arrays",
    operation="list_arrays",
    parse=Layout.from_api,
    page="arrays:plan",
    writes=("arrays.update", "arrays.update_one", "arrays.delete"),
)
def arrays(client: Client, activation: Any, key: str) -> Layout:
    return client.arrays.list_arrays(activation.system_id)


@arrays.facts
def _facts(record: Layout) -> dict[str, str]:
    return facts_of(read(record))


def facts_of(plan: Plan) -> dict[str, str]:
    """Each array in a line, and below it where it lies and which serials are in each row."""
    facts: dict[str, str] = {}
    for array in plan.arrays:
        label = array.label
        if label in facts:
            label = f"{label} ({array.enphase_id})"
        modules = "1 module" if array.placed == 1 else f"{array.placed} modules"
        tilt = differences.degrees(array.tilt)
        facts[label] = f"{differences.degrees(array.azimuth)}, tilt {tilt}, {modules}"
        facts[f"{label}, gateway"] = spaced(array.gateway) or "None"
        facts[f"{label}, position"] = f"x {array.left}, y {array.top}"
        for row, cells in _rows(array.serials()):
            # Columns are named, so that a serial that moves within its row is a change.
            columns = differences.spans(column for column, _ in cells)
            words = differences.run(serial for _, serial in cells)
            facts[f"{label}, row {row}"] = f"{words} in {columns}"
    return facts


def _rows(serials: Any) -> list[tuple[int, list[tuple[int, str]]]]:
    rows: dict[int, list[tuple[int, str]]] = {}
    for cell, serial in serials:
        row, column = place_of(cell) or (0, 0)
        rows.setdefault(row, []).append((column, serial))
    return sorted(rows.items())


@arrays.changed
def _note_serials(activation: Any, record: Layout | None) -> None:
    drafts.note_copy(activation, record)


@arrays.restore
def _restore(
    activation: Any, record: Layout, *, actor: Any, token: uuid.UUID, reason: str
) -> Operation:
    return services.queue_restore(activation, record, actor=actor, token=token, reason=reason)
