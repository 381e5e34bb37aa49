"""The roof plan of a site: arrays, and the serial in each of their cells. Knows no Django.

A cell is named by row and column as a person on the ground reads the roof: R1 is the top row and
C1 the leftmost column, although Enphase counts `top` upwards. A plan reads from what Enphase
answers (fractions, odd angles, modules off the grid) and writes what a request may hold: whole
numbers, modules at multiples of 100 and 200, nothing over anything else.
docs/decisions/0011-roof-plans-are-grids.md says how the two fit together.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Literal

from enphase.records import Array, Layout

Orientation = Literal["portrait", "landscape"]
PORTRAIT: Orientation = "portrait"
LANDSCAPE: Orientation = "landscape"

# A panel in units of Enphase; one unit is about a centimetre.
WIDTH, HEIGHT = 100, 200
# What a person may ask for. Answers of Enphase may hold more, and are shown whole.
MOST_ROWS = MOST_COLUMNS = 60
MOST_CELLS = 2000
FARTHEST = 1_000_000
_CELL = re.compile(r"R([1-9]\d{0,4})C([1-9]\d{0,4})", re.IGNORECASE)


def cell_name(row: int, column: int) -> str:
    return f"R{row}C{column}"


def place_of(cell: str) -> tuple[int, int] | None:
    """Row and column of "R2C7", from 1 on; None for a text that names no cell."""
    match = _CELL.fullmatch(cell.strip())
    return (int(match[1]), int(match[2])) if match else None


@dataclass(frozen=True, slots=True)
class RoofArray:
    """One array. `left` and `top` are its lower left corner, `top` growing upwards, in units.

    `ref` is our name for it, which lasts as long as the plan; `enphase_id` is None while Enphase
    does not know it. `azimuth` (degrees clockwise from north) and `tilt` are None when Enphase
    left them open. `cells` holds placed serials only, in no particular order.
    """

    ref: str
    label: str
    azimuth: int | None
    tilt: Decimal | None
    gateway: str
    left: int
    top: int
    orientation: Orientation
    rows: int
    columns: int
    cells: Mapping[str, str] = field(default_factory=dict)
    enphase_id: int | None = None
    # What Enphase calls the modules it has, by serial, and angles that differ from the others'.
    module_ids: Mapping[str, int] = field(default_factory=dict)
    module_angles: Mapping[str, int] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """How many cells."""
        return self.rows * self.columns

    @property
    def placed(self) -> int:
        return len(self.cells)

    @property
    def is_full(self) -> bool:
        return self.placed >= self.size

    @property
    def is_landscape(self) -> bool:
        return self.orientation == LANDSCAPE

    @property
    def pitch(self) -> int:
        """Units from one column to the next; rows are always 200 apart.

        A module that lies takes two columns, so that turned ones never cover each other.
        """
        return 2 * WIDTH if self.is_landscape else WIDTH

    @property
    def width(self) -> int:
        return self.columns * self.pitch

    @property
    def height(self) -> int:
        return self.rows * HEIGHT

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def upper(self) -> int:
        return self.top + self.height

    @property
    def module_size(self) -> tuple[int, int]:
        """Width and height of a module as it lies, in units."""
        return (HEIGHT, WIDTH) if self.is_landscape else (WIDTH, HEIGHT)

    @property
    def module_angle(self) -> int:
        return 90 if self.is_landscape else 0

    @property
    def summary(self) -> str:
        """ "2 × 8, portrait" """
        return f"{self.rows} × {self.columns}, {self.orientation}"

    def has(self, cell: str) -> bool:
        place = place_of(cell)
        return place is not None and place[0] <= self.rows and place[1] <= self.columns

    def names(self) -> Iterator[str]:
        """All cells, row by row from the top."""
        for row in range(1, self.rows + 1):
            for column in range(1, self.columns + 1):
                yield cell_name(row, column)

    def serials(self) -> Iterator[tuple[str, str]]:
        """(cell, serial) of what is placed, row by row from the top."""
        return iter(sorted(self.cells.items(), key=lambda item: place_of(item[0]) or (0, 0)))

    def covers(self, other: "RoofArray") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.upper
            and other.top < self.upper
        )


@dataclass(frozen=True, slots=True)
class Spot:
    """A cell of an array, in words: "South main R2C7"."""

    array: RoofArray
    cell: str

    def __str__(self) -> str:
        return f"{self.array.label} {self.cell}"


@dataclass(frozen=True, slots=True)
class Plan:
    """All arrays of a site, in Enphase's order, new ones last.

    `notes` says what had to be put in order when it was read, `unsendable` why it must not be
    written back (something of it could not be read, and would be lost).
    """

    arrays: tuple[RoofArray, ...] = ()
    angle: int = 0
    notes: tuple[str, ...] = ()
    unsendable: tuple[str, ...] = ()

    def get(self, ref: str) -> RoofArray | None:
        return next((array for array in self.arrays if array.ref == ref), None)

    @property
    def unfinished_first(self) -> list[RoofArray]:
        """Arrays with empty cells before the full ones."""
        return sorted(self.arrays, key=lambda array: array.is_full)

    def spots(self) -> dict[str, Spot]:
        """Where each serial is; of one that is placed twice, the first place."""
        found: dict[str, Spot] = {}
        for array in self.arrays:
            for cell, serial in array.cells.items():
                found.setdefault(serial, Spot(array, cell))
        return found

    def find(self, serial: str) -> Spot | None:
        for array in self.arrays:
            for cell, placed in array.cells.items():
                if placed == serial:
                    return Spot(array, cell)
        return None

    @property
    def serials(self) -> set[str]:
        return {serial for array in self.arrays for serial in array.cells.values()}

    @property
    def duplicates(self) -> dict[str, list[Spot]]:
        """Serials that Enphase has in several places, and where."""
        counts = Counter(serial for array in self.arrays for serial in array.cells.values())
        twice = {serial for serial, count in counts.items() if count > 1}
        return {
            serial: [
                Spot(array, cell)
                for array in self.arrays
                for cell, placed in array.serials()
                if placed == serial
            ]
            for serial in sorted(twice)
        }

    @property
    def size(self) -> int:
        return sum(array.size for array in self.arrays)

    @property
    def placed(self) -> int:
        return sum(array.placed for array in self.arrays)

    def with_array(self, changed: RoofArray) -> "Plan":
        """The plan with the array of this ref replaced, or added at the end."""
        if self.get(changed.ref) is None:
            return replace(self, arrays=(*self.arrays, changed))
        arrays = tuple(changed if one.ref == changed.ref else one for one in self.arrays)
        return replace(self, arrays=arrays)

    def without_array(self, ref: str) -> "Plan":
        return replace(self, arrays=tuple(one for one in self.arrays if one.ref != ref))

    def new_ref(self) -> str:
        taken = {array.ref for array in self.arrays}
        return next(ref for n in range(1, len(taken) + 2) if (ref := f"n{n}") not in taken)


# ------------------------------------------------------------------ kept


def to_json(plan: Plan) -> dict[str, Any]:
    """A dict that JSON holds; `from_json` reads it back to an equal plan."""
    return {
        "angle": plan.angle,
        "notes": list(plan.notes),
        "unsendable": list(plan.unsendable),
        "order": [array.ref for array in plan.arrays],
        "arrays": {
            array.ref: {
                "label": array.label,
                "azimuth": array.azimuth,
                "tilt": None if array.tilt is None else str(array.tilt),
                "gateway": array.gateway,
                "left": array.left,
                "top": array.top,
                "orientation": array.orientation,
                "rows": array.rows,
                "columns": array.columns,
                "cells": dict(array.cells),
                "id": array.enphase_id,
                "module_ids": dict(array.module_ids),
                "module_angles": dict(array.module_angles),
            }
            for array in plan.arrays
        },
    }


def from_json(kept: Mapping[str, Any]) -> Plan:
    return Plan(
        arrays=tuple(_array_from_json(ref, kept["arrays"][ref]) for ref in kept["order"]),
        angle=kept["angle"],
        notes=tuple(kept["notes"]),
        unsendable=tuple(kept["unsendable"]),
    )


def _array_from_json(ref: str, kept: Mapping[str, Any]) -> RoofArray:
    return RoofArray(
        ref=ref,
        label=kept["label"],
        azimuth=kept["azimuth"],
        tilt=None if kept["tilt"] is None else Decimal(kept["tilt"]),
        gateway=kept["gateway"],
        left=kept["left"],
        top=kept["top"],
        orientation=LANDSCAPE if kept["orientation"] == LANDSCAPE else PORTRAIT,
        rows=kept["rows"],
        columns=kept["columns"],
        cells=dict(kept["cells"]),
        enphase_id=kept["id"],
        module_ids=dict(kept["module_ids"]),
        module_angles=dict(kept["module_angles"]),
    )


# ------------------------------------------------------------------ from Enphase

# {Enphase's array id as text: [rows, columns]} of arrays that have empty cells at their edges:
# Enphase keeps modules only, so the shape around them is ours to remember.
Frames = Mapping[str, Any]


def read(layout: Layout, frames: Frames | None = None) -> Plan:
    """What Enphase answered, on grids. Every module with a serial has a cell afterwards.

    Modules between the cells go to the nearest one, and where two want the same, the second goes
    to the next free cell to the right; arrays that cover each other are drawn side by side. Both
    are said in `notes`. What has no serial or could not be read makes the plan `unsendable`.
    """
    notes: list[str] = []
    lost: list[str] = []
    if layout.unreadable:
        lost.append("Enphase sent an array that could not be read.")
    arrays: list[RoofArray] = []
    for number, record in enumerate(layout.arrays, 1):
        array, said = _read_array(record, number, frames or {})
        notes += said
        if record.unreadable or any(module.serial_num is None for module in record.modules):
            lost.append(f"{array.label} has a module without a serial number.")
        if any(array.ref == one.ref for one in arrays):
            array = replace(array, ref=f"{array.ref}-{number}")
        free = beside(array, arrays)
        if free != array:
            notes.append(f"{array.label} covered another array and is drawn beside it.")
        arrays.append(free)
    return Plan(tuple(arrays), _whole(layout.angle) or 0, tuple(notes), tuple(lost))


def beside(array: RoofArray, others: list[RoofArray]) -> RoofArray:
    """The array at the nearest place to the right where it covers none of the others."""
    while blocking := [other for other in others if array.covers(other)]:
        array = replace(array, left=max(other.right for other in blocking))
    return array


def _read_array(record: Array, number: int, frames: Frames) -> tuple[RoofArray, list[str]]:
    label = record.label or f"Array {number}"
    modules = [module for module in record.modules if module.serial_num]
    lying = sum(_lies(module.angle) for module in modules)
    orientation = LANDSCAPE if lying * 2 > len(modules) else PORTRAIT
    frame = frames.get(str(record.id)) if record.id else None
    if frame and not modules and frame[2] == LANDSCAPE:
        orientation = LANDSCAPE
    pitch = 2 * WIDTH if orientation == LANDSCAPE else WIDTH
    usual = 90 if orientation == LANDSCAPE else 0

    taken: dict[tuple[int, int], str] = {}
    strayed = 0
    for module in modules:
        left, top = module.left or 0.0, module.top or 0.0
        column, line = round(left / pitch), round(top / HEIGHT)
        wanted = column
        while (column, line) in taken:
            column += 1
        moved = column != wanted or abs(left - column * pitch) > 1 or abs(top - line * HEIGHT) > 1
        strayed += moved
        taken[column, line] = module.serial_num or ""
    columns_of, column_shift, columns = _axis({c for c, _ in taken}, frame[1] if frame else 0)
    lines_of, line_shift, rows = _axis({at for _, at in taken}, frame[0] if frame else 0)
    cells = {
        cell_name(rows - lines_of[line], columns_of[column] + 1): serial
        for (column, line), serial in taken.items()
    }
    notes = []
    if strayed:
        what = "1 module" if strayed == 1 else f"{strayed} modules"
        notes.append(f"{label}: {what} between the cells, shown in the nearest one.")
    gateway = record.provisioned_envoy or ""
    if not gateway and len(record.reporting_envoys) == 1:
        gateway = record.reporting_envoys[0]
    array = RoofArray(
        ref=f"a{record.id}" if record.id else f"u{number}",
        label=label,
        azimuth=None if record.angle is None else round(record.angle) % 360,
        tilt=_degrees(record.tilt),
        gateway=gateway,
        left=(_whole(record.left) or 0) + column_shift * pitch,
        top=(_whole(record.top) or 0) + line_shift * HEIGHT,
        orientation=orientation,
        rows=rows,
        columns=columns,
        cells=cells,
        enphase_id=record.id,
        module_ids={m.serial_num: m.id for m in modules if m.serial_num and m.id},
        module_angles={
            m.serial_num: angle
            for m in modules
            if m.serial_num and (angle := (_whole(m.angle) or 0) % 360) != usual
        },
    )
    return array, notes


def _axis(used: set[int], at_least: int) -> tuple[dict[int, int], int, int]:
    """Lines of a grid as Enphase numbers them → ours from 0; how far they moved; how many.

    A frame of ours keeps its empty lines at both edges. Without one the grid begins at the first
    module. Gaps are kept, unless a module lies so far out that the plan could not be drawn.
    """
    if not used:
        return {}, 0, max(at_least, 1)
    first, last = min(used), max(used)
    if at_least and first >= 0 and last < at_least:
        return {line: line for line in used}, 0, at_least
    if last - first < max(MOST_COLUMNS, 2 * len(used)):
        return {line: line - first for line in used}, first, last - first + 1
    return {line: rank for rank, line in enumerate(sorted(used))}, first, len(used)


def _lies(angle: float | None) -> bool:
    return angle is not None and 45 <= angle % 180 < 135


def _whole(number: float | None) -> int | None:
    return None if number is None else round(number)


def _degrees(tilt: float | None) -> Decimal | None:
    return None if tilt is None else Decimal(str(round(tilt, 2))).normalize() + 0


def frames_of(plan: Plan) -> dict[str, list[Any]]:
    """The shapes to be remembered once Enphase has the plan: see `Frames`."""
    return {
        str(array.enphase_id): [array.rows, array.columns, array.orientation]
        for array in plan.arrays
        if array.enphase_id
    }


# ------------------------------------------------------------------ to Enphase


def to_wire(plan: Plan) -> dict[str, Any]:
    """The plan as update_arrays wants it: {"angle", "arrays"}. Empty cells are not sent.

    Values that a request needs and the plan does not have are None: see `open_points`.
    """
    return {"angle": plan.angle, "arrays": [array_to_wire(array) for array in plan.arrays]}


def array_to_wire(array: RoofArray) -> dict[str, Any]:
    """One array as update_arrays and update_array want it."""
    return {
        **({"id": array.enphase_id} if array.enphase_id else {}),
        "label": array.label,
        "angle": array.azimuth,
        "tilt": None if array.tilt is None else f"{array.tilt:.2f}".rstrip("0").rstrip("."),
        "provisioned_envoy": array.gateway,
        "left": array.left,
        "top": array.top,
        "modules": [_module_to_wire(array, cell, serial) for cell, serial in array.serials()],
    }


def _module_to_wire(array: RoofArray, cell: str, serial: str) -> dict[str, Any]:
    row, column = place_of(cell) or (1, 1)
    number = array.module_ids.get(serial)
    return {
        **({"id": number} if number else {}),
        "left": (column - 1) * array.pitch,
        "top": (array.rows - row) * HEIGHT,
        "angle": array.module_angles.get(serial, array.module_angle),
        "serial_num": serial,
    }


def open_points(plan: Plan) -> list[str]:
    """What must be settled before the plan can be sent, in sentences."""
    found = [f"{reason} Change this site in Enlighten." for reason in plan.unsendable]
    for array in plan.arrays:
        if array.azimuth is None:
            found.append(f"{array.label} has no azimuth. Enter it.")
        if array.tilt is None:
            found.append(f"{array.label} has no tilt. Enter it.")
        if not array.gateway:
            found.append(f"{array.label} has no gateway. Choose one.")
    for serial, spots in plan.duplicates.items():
        places = " and ".join(str(spot) for spot in spots)
        found.append(f"{spaced(serial)} is in {places}. Clear all but one.")
    return found


def spaced(serial: str) -> str:
    """A serial as it stands on the label: groups of four digits."""
    if not serial.isdigit():
        return serial
    return " ".join(serial[at : at + 4] for at in range(0, len(serial), 4))
