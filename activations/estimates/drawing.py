"""Bars of twelve months as numbers for an SVG; the template only writes them down."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from activations.estimates.reads import MONTH_NAMES

WIDTH, COLUMN, BAR = 960, 80, 52
TOP, BASE, HEIGHT = 22, 190, 214


Amount = Decimal | float | None


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


def bars_of(amounts: Sequence[Amount], line: Sequence[Amount] | None = None) -> Bars:
    """Twelve bars of `amounts` (kWh, None for none) and the steps of `line` over them."""
    given = [_float(value) for value in amounts]
    wanted = [_float(value) for value in line or [None] * len(amounts)]
    known = [value for value in [*given, *wanted] if value]
    most = _round_up(max(known, default=0))
    bars = []
    for number, (value, expected) in enumerate(zip(given, wanted, strict=True)):
        height = _size(value or 0, most)
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
    lines = [
        (round(BASE - _size(most * part, most), 1), f"{most * part:,.0f}") for part in (0.5, 1)
    ]
    return Bars(bars, lines if known else [], not known)


def _float(value: Amount) -> float | None:
    return None if value is None else float(value)


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
