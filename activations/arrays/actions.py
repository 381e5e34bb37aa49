"""What can be done to a roof plan: each function takes a plan and returns another one.

Each keeps what was true before: a serial is in one place, no array covers another, places are
whole numbers. What would break that raises `Refused` with a sentence for the person.
"""

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from activations.arrays import serials as numbers
from activations.arrays.layout import (
    FARTHEST,
    HEIGHT,
    LANDSCAPE,
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_ROWS,
    PORTRAIT,
    WIDTH,
    Orientation,
    Plan,
    RoofArray,
    Spot,
    beside,
    cell_name,
    place_of,
    spaced,
)
from portal.ui.errors import Refused

# Between an array and the next one that is put beside it.
GAP = 100
STEPS = {"left": (-WIDTH, 0), "right": (WIDTH, 0), "up": (0, HEIGHT), "down": (0, -HEIGHT)}


class PlacedElsewhere(Refused):
    """The serial is in another cell already. Placing it with `move` takes it from there."""

    def __init__(self, serial: str, spot: Spot) -> None:
        super().__init__(f"{spaced(serial)} is in {spot} already. Move it, or choose another.")
        self.serial = serial
        self.spot = spot


class CellErrors(Refused):
    """Some cells of a table hold what cannot be placed; `by_cell` says why."""

    def __init__(self, by_cell: dict[str, str]) -> None:
        count = len(by_cell)
        super().__init__(f"{count} {'cell needs' if count == 1 else 'cells need'} another look.")
        self.by_cell = by_cell


@dataclass(frozen=True)
class Shape:
    """What a person says of an array."""

    label: str
    rows: int
    columns: int
    orientation: Orientation = PORTRAIT
    azimuth: int | None = 180
    tilt: Decimal | None = Decimal(0)
    gateway: str = ""


def find_array(plan: Plan, ref: str) -> RoofArray:
    array = plan.get(ref)
    if array is None:
        raise Refused("This array is not on the plan any more. Choose another one.")
    return array


def find_cell(plan: Plan, ref: str, cell: str) -> tuple[RoofArray, str]:
    """The array and the cell's name as we write it."""
    array = find_array(plan, ref)
    place = place_of(cell)
    if place is None or not array.has(cell):
        raise Refused(f"{array.label} has no cell {cell[:12] or 'chosen'}. Choose one on the plan.")
    return array, cell_name(*place)


# ------------------------------------------------------------------ arrays


def add(plan: Plan, shape: Shape) -> Plan:
    """A new array with empty cells, to the right of all others."""
    _check(plan, shape)
    array = _shaped(RoofArray(plan.new_ref(), "", None, None, "", 0, 0, PORTRAIT, 1, 1), shape)
    return replace(plan, arrays=(*plan.arrays, _at_the_right(plan, array)))


def change(plan: Plan, ref: str, shape: Shape) -> Plan:
    """Another name, direction, size. Rows go and come at the bottom, columns at the right.

    Arrays that would be covered make room to the right. Refused when a serial would lose its cell.
    """
    array = find_array(plan, ref)
    _check(plan, shape, array)
    falling = [
        serial
        for cell, serial in array.serials()
        if (place := place_of(cell)) and (place[0] > shape.rows or place[1] > shape.columns)
    ]
    if falling:
        raise Refused(
            f"{_listed(falling)} would lose {'its cell' if len(falling) == 1 else 'their cells'}. "
            f"Clear {'it' if len(falling) == 1 else 'them'} first."
        )
    changed = _shaped(array, shape)
    # The upper edge stays where it is.
    changed = replace(changed, top=array.upper - changed.height)
    return _make_room(plan.with_array(changed), changed)


def move(plan: Plan, ref: str, step: str) -> Plan:
    """One module further: left, right, up or down on the screen."""
    array = find_array(plan, ref)
    if step not in STEPS:
        raise Refused("An array moves left, right, up or down.")
    x, y = STEPS[step]
    return move_to(plan, ref, array.left + x, array.top + y)


def move_to(plan: Plan, ref: str, left: int, top: int) -> Plan:
    """To a place in units, `top` upwards. Refused where another array is in the way."""
    array = find_array(plan, ref)
    if abs(left) > FARTHEST or abs(top) > FARTHEST:
        raise Refused(f"A place is between -{FARTHEST:,} and {FARTHEST:,} units.")
    moved = replace(array, left=left, top=top)
    for other in plan.arrays:
        if other.ref != ref and moved.covers(other):
            raise Refused(f"{other.label} is in the way. Move it first, or go around it.")
    return plan.with_array(moved)


def duplicate(plan: Plan, ref: str) -> Plan:
    """The same array again, empty, to the right of all others."""
    array = find_array(plan, ref)
    _check_cells(plan, array.size)
    copy = replace(
        array,
        ref=plan.new_ref(),
        label=_free_label(plan, array.label),
        cells={},
        enphase_id=None,
        module_ids={},
        module_angles={},
    )
    return replace(plan, arrays=(*plan.arrays, _at_the_right(plan, copy)))


def delete(plan: Plan, ref: str) -> Plan:
    """Without the array; its serials are to be placed again."""
    find_array(plan, ref)
    return plan.without_array(ref)


def _check(plan: Plan, shape: Shape, itself: RoofArray | None = None) -> None:
    label = shape.label.strip()
    if not label:
        raise Refused("An array needs a name.")
    for other in plan.arrays:
        same_name = other.label.casefold() == label.casefold()
        if same_name and (itself is None or other.ref != itself.ref):
            raise Refused(f"There is an array {other.label} already. Give this one another name.")
    at_least = (itself.rows, itself.columns) if itself else (0, 0)
    if not 1 <= shape.rows <= max(MOST_ROWS, at_least[0]):
        raise Refused(f"An array has 1 to {MOST_ROWS} rows.")
    if not 1 <= shape.columns <= max(MOST_COLUMNS, at_least[1]):
        raise Refused(f"An array has 1 to {MOST_COLUMNS} columns.")
    if shape.tilt is not None and not 0 <= shape.tilt <= 90:
        raise Refused("Tilt is between 0 and 90 degrees.")
    if shape.azimuth is not None and not 0 <= shape.azimuth < 360:
        raise Refused("Azimuth is between 0 and 359 degrees, clockwise from north.")
    more = shape.rows * shape.columns - (itself.size if itself else 0)
    if more > 0:
        _check_cells(plan, more)


def _check_cells(plan: Plan, more: int) -> None:
    if plan.size + more > MOST_CELLS:
        raise Refused(
            f"A plan has at most {MOST_CELLS:,} cells; this would make {plan.size + more:,}."
        )


def _shaped(array: RoofArray, shape: Shape) -> RoofArray:
    turned = shape.orientation != array.orientation
    return replace(
        array,
        label=shape.label.strip(),
        rows=shape.rows,
        columns=shape.columns,
        orientation=LANDSCAPE if shape.orientation == LANDSCAPE else PORTRAIT,
        azimuth=shape.azimuth,
        tilt=shape.tilt,
        gateway=shape.gateway,
        module_angles={} if turned else array.module_angles,
    )


def _at_the_right(plan: Plan, array: RoofArray) -> RoofArray:
    if not plan.arrays:
        return array
    last = max(plan.arrays, key=lambda one: one.right)
    # Upper edges in line, as people draw them.
    return replace(array, left=last.right + GAP, top=last.upper - array.height)


def _make_room(plan: Plan, stays: RoofArray) -> Plan:
    settled = [stays]
    others = sorted((a for a in plan.arrays if a.ref != stays.ref), key=lambda one: one.left)
    for array in others:
        free = beside(array, settled)
        if free != array:
            plan = plan.with_array(free)
        settled.append(free)
    return plan


def _free_label(plan: Plan, label: str) -> str:
    taken = {array.label.casefold() for array in plan.arrays}
    stem = label.rstrip("0123456789 ") or label
    return next(
        name for n in range(2, len(taken) + 3) if (name := f"{stem} {n}").casefold() not in taken
    )


# ------------------------------------------------------------------ serials


def place(
    plan: Plan,
    ref: str,
    cell: str,
    serial: str,
    *,
    moving: bool = False,
    listed: Container[str] = (),
) -> Plan:
    """Put a serial into a cell; what was there is to be placed again.

    It has 12 digits, or is one of those `listed` by Enphase, whatever they look like.
    PlacedElsewhere when it has another cell, unless it is to be moved from there.
    """
    array, name = find_cell(plan, ref, cell)
    known = serial.strip() if serial.strip() in listed else numbers.one(serial)
    if not known:
        raise Refused("A serial number has 12 digits. Type it as on the label.")
    if array.cells.get(name) == known and known not in plan.duplicates:
        return plan
    spot = plan.find(known)
    if spot is not None and not moving:
        raise PlacedElsewhere(known, spot)
    plan = take_out(plan, {known})
    array = find_array(plan, ref)
    return plan.with_array(_with_cells(array, {**array.cells, name: known}))


def clear(plan: Plan, ref: str, cell: str) -> Plan:
    """Empty a cell; its serial is to be placed again."""
    array, name = find_cell(plan, ref, cell)
    cells = {at: serial for at, serial in array.cells.items() if at != name}
    return plan.with_array(_with_cells(array, cells))


def take_out(plan: Plan, gone: set[str]) -> Plan:
    """The plan without these serials, wherever they are."""
    for array in plan.arrays:
        if not gone.isdisjoint(array.cells.values()):
            cells = {at: serial for at, serial in array.cells.items() if serial not in gone}
            plan = plan.with_array(_with_cells(array, cells))
    return plan


def _with_cells(array: RoofArray, cells: Mapping[str, str]) -> RoofArray:
    return replace(array, cells=cells)


def next_empty(plan: Plan, ref: str, cell: str) -> Spot | None:
    """The next empty cell in reading order: of this array, from its start again, then of others."""
    array = plan.get(ref)
    if array is None:
        return None
    names = list(array.names())
    at = names.index(cell) + 1 if cell in names else 0
    for name in names[at:] + names[:at]:
        if name != cell and name not in array.cells:
            return Spot(array, name)
    order = list(plan.arrays)
    first = order.index(array)
    for other in order[first + 1 :] + order[:first]:
        for name in other.names():
            if name not in other.cells:
                return Spot(other, name)
    return None


def serpentine(array: RoofArray, cell: str) -> Iterator[str]:
    """Cells from this one on: to the right, back on the next row, and so on."""
    row, column = place_of(cell) or (1, 1)
    columns = range(column, array.columns + 1)
    for line in range(row, array.rows + 1):
        for at in columns:
            yield cell_name(line, at)
        back = (line - row) % 2 == 0
        columns = range(array.columns, 0, -1) if back else range(1, array.columns + 1)


def fill_places(plan: Plan, ref: str, cell: str, rest: Iterable[str]) -> dict[str, str]:
    """Which serial `fill` would put into which cell, in the order of the cells.

    `rest` are the serials to be placed; those that are on the plan already are passed over.
    """
    array, name = find_cell(plan, ref, cell)
    placed = plan.serials
    free = (at for at in serpentine(array, name) if at not in array.cells)
    left = dict.fromkeys(serial for serial in rest if serial not in placed)
    places = dict(zip(free, left, strict=False))
    if not left:
        raise Refused("Every serial has its place. Scan or paste more first.")
    if not places:
        raise Refused(f"{array.label} has no empty cell from {name} on.")
    return places


def fill(plan: Plan, ref: str, cell: str, rest: Iterable[str]) -> Plan:
    """Place the remaining serials in a serpentine, from a cell on, as far as there is room."""
    places = fill_places(plan, ref, cell, rest)
    array = find_array(plan, ref)
    return plan.with_array(_with_cells(array, {**array.cells, **places}))


@dataclass(frozen=True)
class Pasted:
    """A plan with a pasted list on it; `left` found no cell, `said` names all that was not done."""

    plan: Plan
    placed: list[str]
    left: list[str]
    said: list[str]


def paste(plan: Plan, ref: str, cell: str, text: str) -> Pasted:
    """Put a list of serials into the empty cells from this one on, row by row.

    Serials that are placed already, named twice or not to be read are left out and said; those
    without room are `left`. Refused when none of them can be placed.
    """
    array, name = find_cell(plan, ref, cell)
    parsed = numbers.parse(text)
    spots = plan.spots()
    said = unread_sentences(parsed)
    new = [serial for serial in parsed.serials if serial not in spots]
    for serial in parsed.serials:
        if serial in spots:
            said.append(f"{spaced(serial)} is in {spots[serial]} already.")
    names = list(array.names())
    free = [at for at in names[names.index(name) :] if at not in array.cells]
    places = dict(zip(free, new, strict=False))
    left = new[len(places) :]
    if left:
        said.append(f"{_listed(left)} found no empty cell in {array.label} from {name} on.")
    if not places:
        raise Refused(" ".join(said) or "No serial number in this text. Each has 12 digits.")
    changed = plan.with_array(_with_cells(array, {**array.cells, **places}))
    return Pasted(changed, list(places.values()), left, said)


def unread_sentences(parsed: numbers.Parsed) -> list[str]:
    """What of a text was no serial, or one twice, in words."""
    said = [f"{spaced(serial)} is in the list twice; it is taken once." for serial in parsed.twice]
    if parsed.unread:
        some = ", ".join(text[:24] for text in parsed.unread[:5])
        more = len(parsed.unread) - 5
        said.append(
            f"No serial number: {some}{f' and {more} more' if more > 0 else ''}. "
            "A serial number has 12 digits."
        )
    return said


def table(plan: Plan, ref: str, entries: Mapping[str, str], *, listed: Container[str] = ()) -> Plan:
    """Take in the cells of one array as typed; cells that are not named stay as they are.

    CellErrors names every cell with a wrong serial, with one that another cell of the table has
    too, or with one that is placed in another array. Serials may change places.
    """
    array = find_array(plan, ref)
    wanted = dict(array.cells)
    problems: dict[str, str] = {}
    for cell, text in entries.items():
        if not array.has(cell):
            continue
        typed = text.strip()
        if not typed:
            wanted.pop(cell, None)
        elif typed in listed or typed == array.cells.get(cell):
            wanted[cell] = typed
        elif serial := numbers.one(typed):
            wanted[cell] = serial
        else:
            problems[cell] = "A serial number has 12 digits."
    elsewhere = {
        serial: Spot(other, cell)
        for other in plan.arrays
        if other.ref != ref
        for cell, serial in other.cells.items()
    }
    first: dict[str, str] = {}
    for cell in (name for name in array.names() if name in wanted):
        serial = wanted[cell]
        if serial in first:
            problems[cell] = f"{spaced(serial)} is in {first[serial]} too."
        elif serial in elsewhere:
            problems[cell] = f"{spaced(serial)} is in {elsewhere[serial]} already."
        first.setdefault(serial, cell)
    if problems:
        raise CellErrors(problems)
    return plan.with_array(_with_cells(array, wanted))


def _listed(serials: list[str]) -> str:
    """A few serials by name, the others counted."""
    shown = [spaced(serial) for serial in serials[:5]]
    if len(serials) > len(shown):
        shown.append(f"{len(serials) - len(shown)} more")
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
