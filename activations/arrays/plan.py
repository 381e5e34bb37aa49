"""The roof plan as a picture: what the SVG of the builder draws, worked out for many modules.

Places are those of the mockup: a module that stands is 46 by 72, one that lies 72 by 46. The marks
of a thousand modules are written here rather than in a template, which would take a second for it;
all that is put into them are numbers, names of cells and digits, and labels that are escaped.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from activations.arrays.differences import degrees
from activations.arrays.inventory import Serial
from activations.arrays.layout import HEIGHT, WIDTH, Plan, RoofArray, cell_name, place_of

# Units of the picture for a module's width and height at Enphase.
ACROSS, DOWN = 50, 76
STANDING, LYING = (46, 72), (72, 46)
SPACE = 4
EDGE = 8
# Room for the label below an array, and around the whole roof.
LABEL = 26
MARGIN = 40


@dataclass(frozen=True)
class Picture:
    """One SVG: its frame, and the marks of each array."""

    view_box: str
    width: int
    height: int
    arrays: list[SafeString]
    modules: int


@dataclass(frozen=True)
class _Look:
    """What decides how a cell looks."""

    serials: Mapping[str, Serial]
    twice: Mapping[str, Any]
    array: str
    cell: str
    preview: Mapping[str, str]
    query: str
    # Ids are given in one picture of a page only.
    named: bool


def draw(
    context: Mapping[str, Any], *, only: RoofArray | None = None, named: bool = True
) -> Picture:
    """The plan of a builder's context, or one array of it.

    Cells have ids when `named`: the one that had the focus gets it back after a swap. Of two
    pictures on a page only one may have them.
    """
    plan: Plan = context["plan"]
    look = _look(context, named)
    shown = [only] if only is not None else list(plan.arrays)
    boxes = [_box(array) for array in shown]
    margin = EDGE if only is not None and not named else MARGIN
    left = min((x for x, _, _, _ in boxes), default=0) - margin
    top = min((y for _, y, _, _ in boxes), default=0) - margin
    # A label may be wider than its array.
    right = max(
        (box[0] + max(box[2], _long(one)) for one, box in zip(shown, boxes, strict=True)),
        default=400,
    )
    width = right + margin - left
    height = max((y + high for _, y, _, high in boxes), default=200) + margin - top
    return Picture(
        view_box=f"{left} {top} {width} {height}",
        width=width,
        height=height,
        arrays=[_array(array, box, look) for array, box in zip(shown, boxes, strict=True)],
        modules=sum(array.size for array in shown),
    )


def cells(context: Mapping[str, Any], changed: Mapping[str, Iterable[str]]) -> SafeString:
    """The modules in these cells alone, by array: what a page that shows the rest must redraw."""
    plan: Plan = context["plan"]
    look = _look(context, named=True)
    marks = [
        _module(array, escape(array.label), cell, _place(array, cell), look)
        for array in plan.arrays
        for cell in changed.get(array.ref, ())
    ]
    return mark_safe("".join(marks))  # noqa: S308 - labels and serials are escaped


def _look(context: Mapping[str, Any], named: bool) -> _Look:
    plan: Plan = context["plan"]
    selected: RoofArray | None = context["selected_array"]
    preview = context["preview"] or {}
    rest = {name: context[name] for name in ("list", "zoom") if context.get(name)}
    return _Look(
        serials=context["by_number"],
        twice=plan.duplicates,
        array=selected.ref if selected else "",
        cell=context["selected_cell"],
        preview=preview.get("places", {}),
        query=escape("&" + urlencode(rest)) if rest else "",
        named=named,
    )


def _place(array: RoofArray, cell: str) -> tuple[int, int, int, int]:
    """Where a cell is drawn: x, y, width, height."""
    x, y, _, _ = _box(array)
    row, column = place_of(cell) or (1, 1)
    wide, high = LYING if array.is_landscape else STANDING
    left = x + EDGE + (column - 1) * (wide + SPACE)
    return left, y + EDGE + (row - 1) * (high + SPACE), wide, high


def _box(array: RoofArray) -> tuple[int, int, int, int]:
    """Where an array is drawn: x, y from above, width, height, with edge and label."""
    wide, high = LYING if array.is_landscape else STANDING
    x = array.left * ACROSS // WIDTH
    y = -array.upper * DOWN // HEIGHT
    width = array.columns * (wide + SPACE) - SPACE
    height = array.rows * (high + SPACE) - SPACE
    return x - EDGE, y - EDGE, width + 2 * EDGE, height + 2 * EDGE + LABEL


def _long(array: RoofArray) -> int:
    """How wide the label of an array is, about."""
    return 110 + round(6.4 * len(array.label))


def _array(array: RoofArray, box: tuple[int, int, int, int], look: _Look) -> SafeString:
    x, y, width, height = box
    is_on = array.ref == look.array
    name = escape(array.label)
    on = " arr--on" if is_on else ""
    tag = " arr__label--on" if is_on else ""
    words = f"{name} · {degrees(array.azimuth)} · {degrees(array.tilt)}"
    lower = y + height - LABEL
    long = _long(array)
    marks = [
        f'<g role="group" aria-label="{name}" data-array="{array.ref}" '
        f'data-box="{x - EDGE} {y - EDGE} {max(width, long) + 2 * EDGE} {height + 2 * EDGE}">',
        f'<rect x="{x}" y="{y}" width="{width}" height="{height - LABEL}" rx="8" class="arr{on}"/>',
        '<g aria-hidden="true">',
        f'<rect x="{x}" y="{lower + 4}" width="{long}" height="22" rx="6" '
        f'class="arr__tag{" arr__tag--on" if is_on else ""}"/>',
        f'<text x="{x + 10}" y="{lower + 19}" class="arr__label{tag}">{words}</text></g>',
    ]
    wide, high = LYING if array.is_landscape else STANDING
    for row in range(1, array.rows + 1):
        for column in range(1, array.columns + 1):
            left = x + EDGE + (column - 1) * (wide + SPACE)
            upper = y + EDGE + (row - 1) * (high + SPACE)
            place = (left, upper, wide, high)
            marks.append(_module(array, name, cell_name(row, column), place, look))
    marks.append("</g>")
    return mark_safe("".join(marks))  # noqa: S308 - labels and serials are escaped above


def _module(
    array: RoofArray, label: str, cell: str, box: tuple[int, int, int, int], look: _Look
) -> str:
    x, y, wide, high = box
    serial = array.cells.get(cell, "")
    is_here = array.ref == look.array
    is_selected = is_here and cell == look.cell
    coming = look.preview.get(cell, "") if is_here else ""
    text = escape(serial[-4:]) or escape(coming[-4:]) or cell
    state, words, mark = "empty", "empty", ""
    if serial:
        known = look.serials.get(serial)
        detected = known.is_detected if known else None
        state, words = "ok", f"serial ending {escape(serial[-4:])}"
        if serial in look.twice:
            state, words = "dup", f"{words}, in two places"
            mark = f'<text x="{x + wide - 8}" y="{y + 13}" class="m__two">2×</text>'
        elif detected is False:
            state, words = "off", f"{words}, not detected"
            mark = f'<path d="M{x + wide - 9} {y + 4}l5 9h-10Z" class="m__warn"/>'
        elif detected:
            words = f"{words}, detected"
            mark = f'<circle cx="{x + wide - 8}" cy="{y + 8}" r="2.75" class="m__ok"/>'
    elif coming:
        state, words = "coming", f"would get {escape(coming[-4:])}"
    ring = current = ""
    if is_selected:
        current = ' aria-current="true"'
        ring = (
            f'<rect x="{x - 4}" y="{y - 4}" width="{wide + 8}" height="{high + 8}" rx="6" '
            'class="m__ring"/>'
        )
    row, column = place_of(cell) or (1, 1)
    name = f' id="m-{array.ref}-{cell}"' if look.named else ""
    return (
        f'<a{name} href="?array={array.ref}&amp;cell={cell}{look.query}" class="m" '
        f'data-state="{state}" aria-label="{label}, row {row}, column {column}, {words}"'
        f"{current}>{ring}"
        f'<rect x="{x}" y="{y}" width="{wide}" height="{high}" rx="3" class="m__b"/>'
        f'<text x="{x + wide / 2:g}" y="{y + high / 2 + 4:g}" class="m__t">{text}</text>{mark}</a>'
    )
