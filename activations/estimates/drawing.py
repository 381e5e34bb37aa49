"""Bars of twelve months as numbers for an SVG; the template only writes them down."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from activations.estimates.reads import MONTH_NAMES

WIDTH, COLUMN, BAR = 720, 60, 40
TOP, BASE, HEIGHT = 26, 166, 190


@dataclass(frozen=True)
class Bar:
    """One month. `line_y` is where the estimate runs, None without one. Numbers for an SVG."""

    name: str
    short: str
    middle: int
    left: int
    top: float
    height: float
    text: str
    line_y: float | None


@dataclass(frozen=True)
class Bars:
    """A figure of WIDTH by HEIGHT. `lines` are (y, text) of the scale."""

    bars: list[Bar]
    lines: list[tuple[float, str]]
    is_empty: bool
    width: int = WIDTH
    height: int = HEIGHT
    base: int = BASE
    column: int = COLUMN
    bar: int = BAR


def bars_of(amounts: Sequence[float | None], line: Sequence[float | None] | None = None) -> Bars:
    """Twelve bars of `amounts` (kWh, None for none) and the steps of `line` over them."""
    known = [value for value in [*amounts, *(line or [])] if value]
    most = _round_up(max(known, default=0))
    bars = []
    for number, value in enumerate(amounts):
        height = _size(value or 0, most)
        expected = line[number] if line else None
        bars.append(
            Bar(
                name=MONTH_NAMES[number],
                short=MONTH_NAMES[number][:3],
                middle=number * COLUMN + COLUMN // 2,
                left=number * COLUMN + (COLUMN - BAR) // 2,
                top=round(BASE - height, 1),
                height=height,
                text=f"{value:,.0f}" if value else "",
                line_y=round(BASE - _size(expected, most), 1) if expected else None,
            )
        )
    steps = [
        (round(BASE - _size(most * part, most), 1), f"{most * part:,.0f}") for part in (0.5, 1)
    ]
    return Bars(bars, steps if known else [], not known)


def _size(value: float, most: float) -> float:
    """Pixels; nothing is drawn above the highest line, and what is there is seen."""
    if not most or value <= 0:
        return 0.0
    return round(max(1.0, min(value / most, 1) * (BASE - TOP)), 1)


def _round_up(value: float) -> float:
    """The next number that reads well on a scale: 1, 2, 2.5, 5 times a power of ten."""
    if value <= 0:
        return 0.0
    power = 10 ** math.floor(math.log10(value))
    return float(
        next(step * power for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10) if step * power >= value)
    )
