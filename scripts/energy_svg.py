"""The picture of scripts/energy_picture.py as SVG, written by hand: no library draws it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

WIDTH = 1200
LEFT, RIGHT = 72, 1172
TOP, PANEL_HEIGHT, STRIP_HEIGHT, PITCH = 128, 240, 52, 404
SLOTS = 7 * 96

INK, SOFT, GRID, FRAME = "#1f2933", "#5b6875", "#e6eaee", "#c3cbd3"
AMBER, BLUE, GREEN = "#e59a0c", "#2563eb", "#1c9a5b"


@dataclass(frozen=True)
class Curves:
    """A panel: seven days in quarters of an hour. Power in kW; `battery` + discharges."""

    name: str
    summary: str
    days: list[date]
    production: list[float]
    consumption: list[float]
    battery: list[float]
    soc_percent: list[float]


def picture(title: str, subtitle: str, panels: Sequence[Curves]) -> str:
    """The panels below each other, all on the same scale, so that they can be compared."""
    highest = math.ceil(
        max(max(*one.production, *one.consumption, *one.battery) for one in panels) + 0.1
    )
    lowest = math.floor(min(min(one.battery) for one in panels) - 0.1)
    height = TOP + PITCH * len(panels) - 4
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="title description" '
        "font-family=\"system-ui, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif\" "
        f'font-size="13" fill="{SOFT}">',
        f'<title id="title">{escape(title)}</title>',
        f'<desc id="description">{escape(subtitle)}</desc>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        text(LEFT, 40, title, size=22, weight=600, fill=INK),
        text(LEFT, 64, subtitle, size=14),
        *legend(),
    ]
    for number, curves in enumerate(panels):
        parts += panel(curves, TOP + 22 + PITCH * number, lowest, highest)
    return "\n".join([*parts, "</svg>", ""])


def legend() -> list[str]:
    parts, x = [], LEFT
    for color, is_line, words, width in (
        (AMBER, False, "Production", 95),
        (BLUE, True, "Consumption", 111),
        (GREEN, False, "Battery: above zero it gives, below it takes", 306),
        (GREEN, True, "State of charge", 130),
    ):
        if is_line:
            parts.append(f'<path d="M{x} 95h18" stroke="{color}" stroke-width="2.2"/>')
        else:
            parts.append(
                f'<rect x="{x}" y="89" width="18" height="12" rx="2" fill="{color}" '
                f'fill-opacity=".28" stroke="{color}" stroke-width="1.4"/>'
            )
        parts.append(text(x + 25, 99.5, words, fill=INK))
        x += width + 28
    return parts


def panel(curves: Curves, top: int, lowest: int, highest: int) -> list[str]:
    """Power in kW, below it how full the battery is, below that the hours and days."""
    scale = PANEL_HEIGHT / (highest - lowest)

    def level(kw: float) -> float:
        return top + (highest - kw) * scale

    bottom = top + PANEL_HEIGHT
    strip = bottom + 22
    end = strip + STRIP_HEIGHT
    parts = [
        text(LEFT, top - 12, curves.name, size=16, weight=600, fill=INK),
        text(RIGHT, top - 12, curves.summary, anchor="end"),
        text(LEFT - 9, top - 12, "kW", anchor="end"),
    ]
    for kw in range(lowest, highest + 1):
        if kw % 2 == 0:
            parts.append(line(LEFT, level(kw), RIGHT, level(kw), GRID))
            label = f"−{-kw}" if kw < 0 else str(kw)
            parts.append(text(LEFT - 9, level(kw) + 4.5, label, anchor="end"))
    for percent in (0, 100):
        y = end - STRIP_HEIGHT * percent / 100
        parts.append(line(LEFT, y, RIGHT, y, GRID))
        parts.append(text(LEFT - 9, y + 4.5, f"{percent} %", anchor="end", size=12))
    for number, day in enumerate(curves.days):
        x, noon = place(96 * number), place(96 * number + 48)
        parts.append(line(noon, top, noon, end, GRID, "2 4"))
        parts.append(line(x, top, x, end + 6, FRAME))
        parts.append(text(noon, end + 17, "12:00", anchor="middle", size=11.5))
        words = f"{day:%a} {day.day} {day:%B}"
        parts.append(text(noon, end + 35, words, anchor="middle", fill=INK))
    parts.append(line(RIGHT, top, RIGHT, end + 6, FRAME))

    zero = level(0)
    made = [level(kw) for kw in curves.production]
    stored = [level(kw) for kw in curves.battery]
    used = [level(kw) for kw in curves.consumption]
    full = [end - STRIP_HEIGHT * percent / 100 for percent in curves.soc_percent]
    parts += [
        area(made, zero, AMBER, 0.24),
        area(stored, zero, GREEN, 0.28),
        curve(made, AMBER, 1.8),
        curve(stored, GREEN, 1.1),
        line(LEFT, zero, RIGHT, zero, "#6b7885"),
        curve(used, BLUE, 1.5),
        area(full, end, GREEN, 0.12),
        curve(full, GREEN, 1.6),
    ]
    return parts


def place(slot: float) -> float:
    return LEFT + (RIGHT - LEFT) * slot / SLOTS


def points(levels: Sequence[float]) -> str:
    """A path through the middle of each quarter; of a level stretch only both ends are kept."""
    rounded = [f"{y:.1f}".removesuffix(".0") for y in levels]
    kept = [
        number
        for number, y in enumerate(rounded)
        if not (0 < number < len(rounded) - 1 and rounded[number - 1] == y == rounded[number + 1])
    ]
    middle = [f"{place(number + 0.5):.1f}".removesuffix(".0") for number in kept]
    return "L".join(f"{x} {rounded[number]}" for x, number in zip(middle, kept, strict=True))


def curve(levels: Sequence[float], color: str, width: float) -> str:
    return (
        f'<path d="M{points(levels)}" fill="none" stroke="{color}" stroke-width="{width}" '
        'stroke-linejoin="round"/>'
    )


def area(levels: Sequence[float], base: float, color: str, opacity: float) -> str:
    first, last = place(0.5), place(len(levels) - 0.5)
    return (
        f'<path d="M{first:.1f} {base:.1f}L{points(levels)}L{last:.1f} {base:.1f}Z" '
        f'fill="{color}" fill-opacity="{opacity}"/>'
    )


def line(x1: float, y1: float, x2: float, y2: float, color: str, dashes: str = "") -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{color}"{dashed}/>'


def text(
    x: float,
    y: float,
    words: str,
    *,
    size: float = 13,
    weight: int = 400,
    fill: str = SOFT,
    anchor: str = "start",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" font-weight="{weight}" '
        f'fill="{fill}" text-anchor="{anchor}">{escape(words)}</text>'
    )
