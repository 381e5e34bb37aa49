"""The roof plan as a CSV file: one row a cell, empty cells too, so that it reads back whole."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from activations.arrays import actions, differences
from activations.arrays import serials as numbers
from activations.arrays.layout import LANDSCAPE, PORTRAIT, Plan, cell_name, place_of, spaced
from activations.export import MARK, plain
from portal.ui.errors import Refused

HEADINGS = ("array", "row", "column", "serial", "azimuth", "tilt", "orientation", "gateway")
MOST_ROWS = 5000
MOST_BYTES = 2_000_000


class _Echo:
    def write(self, text: str) -> str:
        return text


def lines(plan: Plan) -> Iterator[str]:
    """The file, line by line. Serials and names that look like formulas are made harmless."""
    writer: Any = csv.writer(_Echo())
    yield MARK + writer.writerow(HEADINGS)
    for array in plan.arrays:
        tilt = "" if array.tilt is None else f"{array.tilt:f}"
        azimuth = "" if array.azimuth is None else array.azimuth
        for cell in array.names():
            row, column = place_of(cell) or (0, 0)
            values = (array.label, row, column, array.cells.get(cell, ""), azimuth, tilt)
            yield writer.writerow(map(plain, (*values, array.orientation, array.gateway)))


@dataclass
class Outcome:
    """What taking a file in would do: the plan afterwards, or (line, sentence) of each mistake.

    `said` are sentences that are no mistakes; `rows` the changes in words.
    """

    text: str
    plan: Plan | None = None
    errors: list[tuple[int, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    rows: list[differences.Row] = field(default_factory=list)
    cells: int = 0
    placed: int = 0

    @property
    def is_ready(self) -> bool:
        return self.plan is not None and not self.errors and bool(self.rows)


@dataclass
class _Array:
    label: str
    line: int
    cells: dict[tuple[int, int], str] = field(default_factory=dict)
    azimuth: int | None = None
    tilt: Decimal | None = None
    orientation: str = PORTRAIT
    gateway: str = ""


def read(text: str, plan: Plan, gateways: list[str]) -> Outcome:
    """Try a file on a plan. Nothing is kept: the outcome says what would become of it.

    Arrays of the same name take the file's cells as their own, others are added; arrays that the
    file does not name stay as they are.
    """
    outcome = Outcome(text)
    if len(text) > MOST_BYTES:
        outcome.errors.append((0, "The file is larger than 2 MB. Split it by array."))
        return outcome
    arrays = _arrays(text, outcome, gateways)
    if not outcome.errors and not arrays:
        outcome.errors.append((1, "The file has no rows below its headings."))
    if outcome.errors:
        return outcome
    try:
        outcome.plan = _onto(plan, arrays, outcome)
    except _Mistake as mistake:
        outcome.errors.append((mistake.line, str(mistake)))
        return outcome
    outcome.rows = differences.rows(plan, outcome.plan)
    outcome.cells = sum(len(array.cells) for array in arrays)
    outcome.placed = sum(bool(s) for array in arrays for s in array.cells.values())
    named = {array.label.casefold() for array in arrays}
    left = [array.label for array in plan.arrays if array.label.casefold() not in named]
    if left:
        outcome.said.append(f"Not in the file, left as it is: {', '.join(left)}.")
    if not outcome.rows:
        outcome.said.append("The plan is like this already.")
    return outcome


class _Mistake(Exception):
    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


def _arrays(text: str, outcome: Outcome, gateways: list[str]) -> list[_Array]:
    rows = csv.reader(io.StringIO(text.lstrip(MARK), newline=""), _dialect(text))
    found: dict[str, _Array] = {}
    seen: dict[str, int] = {}
    names: list[str] | None = None
    try:
        for values in rows:
            line = rows.line_num
            if not any(value.strip() for value in values):
                continue
            if names is None:
                names = [value.strip().casefold() for value in values]
                missing = [name for name in HEADINGS[:4] if name not in names]
                if missing:
                    wanted = ", ".join(HEADINGS)
                    outcome.errors.append(
                        (line, f"No column {missing[0]}. The first line must name: {wanted}.")
                    )
                    return []
                continue
            if line > MOST_ROWS:
                outcome.errors.append((line, f"A file has at most {MOST_ROWS:,} lines."))
                return []
            try:
                _take_row(dict(zip(names, values, strict=False)), line, found, seen, gateways)
            except _Mistake as mistake:
                outcome.errors.append((mistake.line, str(mistake)))
    except csv.Error as error:
        outcome.errors.append((rows.line_num, f"This line is no CSV ({error})."))
    return list(found.values())


def _dialect(text: str) -> type[csv.Dialect]:
    """Spreadsheets of many countries write semicolons."""
    first = text.lstrip(MARK).split("\n", 1)[0]

    class Dialect(csv.excel):
        delimiter = max(",;\t", key=first.count)

    return Dialect


def _take_row(
    row: dict[str, str],
    line: int,
    found: dict[str, _Array],
    seen: dict[str, int],
    gateways: list[str],
) -> None:
    label = _bare(row.get("array", ""))
    if not label:
        raise _Mistake(line, "The array has no name.")
    place = _whole(row.get("row", ""), "row", line), _whole(row.get("column", ""), "column", line)
    array = found.get(label.casefold())
    if array is None:
        array = found[label.casefold()] = _Array(label, line)
        _describe(array, row, line, gateways)
    if place in array.cells:
        raise _Mistake(line, f"{label} {cell_name(*place)} is in the file twice.")
    typed = _bare(row.get("serial", ""))
    serial = numbers.one(typed) if typed else ""
    if typed and not serial:
        raise _Mistake(line, _no_serial(typed))
    if serial in seen and serial:
        raise _Mistake(line, f"{spaced(serial)} is on line {seen[serial]} too.")
    if serial:
        seen[serial] = line
    array.cells[place] = serial


def _no_serial(typed: str) -> str:
    if "E+" in typed.upper():
        return f"{typed[:24]} was rounded by a spreadsheet. Make the column text, enter it again."
    return f"{typed[:24]} is no serial number. Each has 12 digits."


def _bare(text: str) -> str:
    """A value as it was before a spreadsheet's apostrophe."""
    return text.strip().removeprefix("'").strip()


def _whole(text: str, name: str, line: int) -> int:
    text = _bare(text)
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= 10_000:
        raise _Mistake(
            line, f"The {name} must be a whole number from 1 on, not {text[:24] or '-'}."
        )
    return int(text)


def _describe(array: _Array, row: dict[str, str], line: int, gateways: list[str]) -> None:
    """Direction and gateway of an array stand in its first row; what is left out is kept."""
    try:
        if azimuth := _bare(row.get("azimuth") or ""):
            array.azimuth = int(Decimal(azimuth.replace(",", ".")))
        if tilt := _bare(row.get("tilt") or ""):
            array.tilt = round(Decimal(tilt.replace(",", ".")), 1).normalize() + 0
    except (InvalidOperation, ValueError, OverflowError):
        raise _Mistake(line, "Azimuth and tilt are numbers of degrees.") from None
    orientation = _bare(row.get("orientation") or "").casefold() or ""
    if orientation not in ("", PORTRAIT, LANDSCAPE):
        raise _Mistake(line, "Modules are portrait or landscape.")
    array.orientation = orientation
    array.gateway = "".join(_bare(row.get("gateway") or "").split())
    if array.gateway and gateways and array.gateway not in gateways:
        raise _Mistake(line, f"Gateway {spaced(array.gateway)[:40]} is not on this site.")


def _onto(plan: Plan, arrays: list[_Array], outcome: Outcome) -> Plan:
    """The plan with the file's arrays; serials that lie in the way elsewhere move to the file's."""
    by_label = {array.label.casefold(): array for array in plan.arrays}
    coming = {serial for array in arrays for serial in array.cells.values() if serial}
    refs = {one.ref for array in arrays if (one := by_label.get(array.label.casefold()))}
    for serial, spot in plan.spots().items():
        if serial in coming and spot.array.ref not in refs:
            outcome.said.append(f"{spaced(serial)} moves away from {spot}.")
    # Empty first, so that shapes can change and serials change places.
    for ref in refs:
        array = plan.get(ref)
        assert array is not None
        plan = plan.with_array(replace(array, cells={}))
    plan = actions.take_out(plan, coming)
    for given in arrays:
        old = by_label.get(given.label.casefold())
        shape = actions.Shape(
            label=old.label if old else given.label,
            rows=max(row for row, _ in given.cells),
            columns=max(column for _, column in given.cells),
            orientation=LANDSCAPE
            if (given.orientation or (old.orientation if old else "")) == LANDSCAPE
            else PORTRAIT,
            azimuth=given.azimuth if given.azimuth is not None or old is None else old.azimuth,
            tilt=given.tilt if given.tilt is not None or old is None else old.tilt,
            gateway=given.gateway or (old.gateway if old else ""),
        )
        try:
            plan = actions.change(plan, old.ref, shape) if old else actions.add(plan, shape)
        except Refused as refusal:
            raise _Mistake(given.line, f"{given.label}: {refusal}") from None
        array = plan.get(old.ref) if old else plan.arrays[-1]
        assert array is not None
        cells = {cell_name(*place): serial for place, serial in given.cells.items() if serial}
        plan = plan.with_array(replace(array, cells=cells))
    return plan
