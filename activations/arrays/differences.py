"""How two plans differ: in words for people, and as steps that can be undone."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from activations.arrays.layout import Plan, RoofArray, place_of, spaced

Row = dict[str, Any]


# ------------------------------------------------------------------ in words


def rows(before: Plan, after: Plan) -> list[Row]:
    """{"field", "before", "after"} of everything that differs, as templates/ui/diff_table.html
    shows it: arrays first, then serials. Serials that came or went are given by row."""
    pairs = _pairs(before, after)
    found: list[Row] = []
    for old, new in pairs:
        if old is None or new is None:
            array = new or old
            assert array is not None
            found.append(
                _row(array.label, _describe(old) if old else None, _describe(new) if new else None)
            )
        else:
            found += _array_rows(old, new)
    return found + _serial_rows(before, after, pairs)


def count(before: Plan, after: Plan) -> int:
    """How many changes: one for each array that came, went or changed, and for each serial."""
    pairs = _pairs(before, after)
    arrays = sum(old is None or new is None or bool(_array_rows(old, new)) for old, new in pairs)
    was, now = _homes(before, pairs), _homes(after, pairs)
    return arrays + sum(was.get(serial) != now.get(serial) for serial in {*was, *now})


def _pairs(before: Plan, after: Plan) -> list[tuple[RoofArray | None, RoofArray | None]]:
    """Arrays of both plans side by side: the same id at Enphase, else the same ref of ours."""
    by_id = {array.enphase_id: array for array in before.arrays if array.enphase_id}
    by_ref = {array.ref: array for array in before.arrays}
    pairs: list[tuple[RoofArray | None, RoofArray | None]] = []
    met: set[str] = set()
    for new in after.arrays:
        old = by_id.get(new.enphase_id) if new.enphase_id else by_ref.get(new.ref)
        if old is not None:
            met.add(old.ref)
        pairs.append((old, new))
    pairs += [(old, None) for old in before.arrays if old.ref not in met]
    return pairs


def _homes(
    plan: Plan, pairs: list[tuple[RoofArray | None, RoofArray | None]]
) -> dict[str, tuple[int, str]]:
    """Where each serial is, by the number of its pair, so that a renamed array moves nothing."""
    number = {}
    for at, (old, new) in enumerate(pairs):
        for array in (old, new):
            if array is not None:
                number[id(array)] = at
    found: dict[str, tuple[int, str]] = {}
    for array in plan.arrays:
        for cell, serial in array.cells.items():
            found.setdefault(serial, (number[id(array)], cell))
    return found


def _array_rows(old: RoofArray, new: RoofArray) -> list[Row]:
    facts = [
        ("name", old.label, new.label),
        ("azimuth", degrees(old.azimuth), degrees(new.azimuth)),
        ("tilt", degrees(old.tilt), degrees(new.tilt)),
        ("gateway", spaced(old.gateway), spaced(new.gateway)),
        ("size", f"{old.rows} × {old.columns}", f"{new.rows} × {new.columns}"),
        ("modules", old.orientation.capitalize(), new.orientation.capitalize()),
        ("position", _position(old), _position(new)),
    ]
    return [_row(f"{new.label}, {name}", was, now) for name, was, now in facts if was != now]


def _serial_rows(
    before: Plan, after: Plan, pairs: list[tuple[RoofArray | None, RoofArray | None]]
) -> list[Row]:
    was, now = _homes(before, pairs), _homes(after, pairs)
    moved, gone, come = [], [], []
    for serial in was:
        if serial not in now:
            gone.append(serial)
        elif was[serial] != now[serial]:
            moved.append(serial)
    come = [serial for serial in now if serial not in was]
    old_names = {at: old.label for at, (old, _) in enumerate(pairs) if old is not None}
    new_names = {at: new.label for at, (_, new) in enumerate(pairs) if new is not None}
    return [
        *(
            _row(
                spaced(serial),
                f"{old_names[was[serial][0]]} {was[serial][1]}",
                f"{new_names[now[serial][0]]} {now[serial][1]}",
            )
            for serial in moved
        ),
        *(_row(field, None, text) for field, text in _by_row(come, now, new_names)),
        *(_row(field, text, None) for field, text in _by_row(gone, was, old_names)),
    ]


def _by_row(
    serials: Iterable[str], homes: Mapping[str, tuple[int, str]], names: Mapping[int, str]
) -> Iterator[tuple[str, str]]:
    lines: dict[tuple[int, int], list[tuple[int, str, str]]] = {}
    for serial in serials:
        at, cell = homes[serial]
        row, column = place_of(cell) or (0, 0)
        lines.setdefault((at, row), []).append((column, cell, serial))
    for (at, _), cells in sorted(lines.items()):
        cells.sort()
        first, last = cells[0][1], cells[-1][1]
        span = first if first == last else f"{first} to {last}"
        yield f"{names[at]} {span}", run(serial for _, _, serial in cells)


def _describe(array: RoofArray) -> str:
    return (
        f"{array.rows} × {array.columns}, {array.orientation}, {degrees(array.azimuth)}, "
        f"tilt {degrees(array.tilt)}, {array.placed} placed"
    )


def _row(field: str, before: str | None, after: str | None) -> Row:
    return {"field": field, "before": before, "after": after}


def _position(array: RoofArray) -> str:
    return f"x {array.left}, y {array.top}"


def degrees(number: int | Decimal | None) -> str:
    """ "184°", "22.5°" """
    return "not set" if number is None else f"{number:f}°" if number % 1 else f"{int(number)}°"


def run(serials: Iterable[str]) -> str:
    """Serials in few words that still name each: "4823 1907 7101, 7118, 7126"."""
    words, before = [], ""
    for serial in serials:
        same = before and serial[:-4] == before[:-4] and len(serial) == len(before)
        words.append(serial[-4:] if same else spaced(serial))
        before = serial
    return ", ".join(words)


def spans(numbers: Iterable[int]) -> str:
    """Columns in few words, in order: "C1 to C8", "C1, C3 to C5"."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ", ".join(
        f"C{first}" if first == last else f"C{first} to C{last}" for first, last in spans
    )


# ------------------------------------------------------------------ steps

# A step is {key: step} where both sides have an object, [[old], [new]] where they have something
# else; [] stands for "not there".
Step = dict[str, Any]


def step(old: Mapping[str, Any], new: Mapping[str, Any]) -> Step:
    """What turns one JSON object into another, and back."""
    found: Step = {}
    for key in {**old, **new}:
        if key in old and key in new and old[key] == new[key]:
            continue
        both = key in old and key in new
        if both and isinstance(old[key], Mapping) and isinstance(new[key], Mapping):
            found[key] = step(old[key], new[key])
        else:
            found[key] = [
                [old[key]] if key in old else [],
                [new[key]] if key in new else [],
            ]
    return found


def walk(kept: Mapping[str, Any], taken: Step, *, back: bool = False) -> dict[str, Any]:
    """The JSON object after the step, or before it with `back`."""
    result = dict(kept)
    for key, change in taken.items():
        if isinstance(change, Mapping):
            result[key] = walk(result[key], dict(change), back=back)
            continue
        value = change[0] if back else change[1]
        if value:
            result[key] = value[0]
        else:
            result.pop(key, None)
    return result
