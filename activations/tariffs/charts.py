"""The year at a glance and one day as steps: SVG from presentation attributes and classes only."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from activations.tariffs import words
from activations.tariffs.plan import (
    DAYS,
    MINUTES,
    WEEKDAYS,
    WEEKEND,
    YEAR,
    Group,
    Plan,
    Prices,
    SeasonPlan,
    clock,
)

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LEFT, RIGHT, ROW, TOP = 34.0, 358.0, 18, 16
LETTER = 6.2
DAY_TOP, DAY_BOTTOM = 18.0, 84.0


@dataclass(frozen=True)
class Figure:
    """A drawing with its title and the sentence that says the same."""

    id: str
    title: str
    sentence: str
    svg: SafeString


@dataclass(frozen=True)
class Band:
    tone: int
    text: str


@dataclass(frozen=True)
class Year:
    """All that the preview of one direction shows."""

    maps: list[Figure]
    legend: list[Band]
    days: list[Figure]
    rows: list[dict[str, str]]
    unit: str


def year_of(plan: Plan, direction: str) -> Year:
    prices, currency = plan[direction], plan.currency
    return Year(
        maps=[
            _year_map(prices, days, currency, f"{direction}-map-{number}")
            for number, days in enumerate(_alike(prices))
        ]
        if prices.kind != "none"
        else [],
        legend=[
            Band(tone, _band_words(band, currency)) for tone, band in words.bands(prices.rates)
        ],
        days=_day_figures(prices, currency, direction),
        rows=table_of(prices, currency),
        unit=words.unit_of(currency),
    )


def _alike(prices: Prices) -> list[tuple[str, ...]]:
    """Weekdays and weekend, each parted further where its days differ in some season."""
    if prices.kind == "single":
        return [DAYS]
    found: list[tuple[str, ...]] = []
    for part in (WEEKDAYS, WEEKEND):
        by_group: dict[tuple[str | None, ...], list[str]] = {}
        for day in part:
            groups = [season.group_on(day) for season in prices.seasons]
            key = tuple(group.key if group else None for group in groups)
            by_group.setdefault(key, []).append(day)
        found += [tuple(days) for days in by_group.values()]
    return found


def _rows(prices: Prices) -> list[tuple[str, SeasonPlan | None]]:
    """One row a month, two where a season begins within it: (label, season)."""
    found: list[tuple[str, SeasonPlan | None]] = []
    for month in range(1, 13):
        found.append((MONTHS[month - 1], prices.season_on(date(YEAR, month, 1))))
        inside = sorted(
            season.start
            for season in prices.seasons
            if season.start is not None and season.start[0] == month and season.start[1] > 1
        )
        for start in dict.fromkeys(inside):
            found.append((words.day_of_year(start), prices.season_on(date(YEAR, *start))))
    return found


Run = tuple[int, int, Decimal | None]


def _runs(prices: Prices, season: SeasonPlan | None, day: str) -> list[Run]:
    """Neighbours at the same price are one run."""
    if prices.kind == "single":
        return [(0, MINUTES, prices.rate)]
    group = season.group_on(day) if season else None
    merged: list[Run] = []
    for start, end, rate in group.runs if group else [(0, MINUTES, None)]:
        if merged and merged[-1][2] == rate:
            merged[-1] = (merged[-1][0], end, rate)
        else:
            merged.append((start, end, rate))
    return merged


def _x(minute: float, left: float = LEFT) -> float:
    return round(left + (RIGHT - left) * minute / MINUTES, 2)


def _year_map(prices: Prices, days: tuple[str, ...], currency: str, id_: str) -> Figure:
    rows = _rows(prices)
    rates = prices.rates
    hours = format_html_join(
        "",
        '<text x="{}" y="10" text-anchor="{}">{}</text>',
        (
            (
                _x(hour * 60),
                "start" if not hour else "end" if hour == 24 else "middle",
                f"{hour:02}",
            )
            for hour in range(0, 25, 3)
        ),
    )
    drawn = []
    for number, (label, season) in enumerate(rows):
        y = TOP + number * ROW
        drawn.append(format_html('<text x="0" y="{}">{}</text>', y + 12.5, label))
        for start, end, rate in _runs(prices, season, days[0]):
            drawn.append(_cell(start, end, rate, y, rates, currency))
    title = words.days_title(days)
    sentence = _sentence(prices, days[0], currency)
    svg = format_html(
        '<svg class="yearmap" viewBox="0 0 358 {}" role="img" aria-label="{}">{}{}</svg>',
        TOP + len(rows) * ROW,
        f"{title}. {sentence}",
        hours,
        _joined(drawn),
    )
    return Figure(id_, title, sentence, svg)


def _cell(
    start: int, end: int, rate: Decimal | None, y: int, rates: list[Decimal], currency: str
) -> SafeString:
    x, width = _x(start), _x(end) - _x(start)
    tone = words.tone_of(rate, rates)
    rect = format_html(
        '<rect x="{}" y="{}" width="{}" height="{}" rx="1.5" class="r{}"><title>{}</title></rect>',
        x,
        y,
        round(max(1.0, width - 1), 2),
        ROW - 1,
        tone,
        f"{clock(start)} to {clock(end)}: {words.cents(rate, currency)}",
    )
    label = words.cents(rate, currency)
    if len(label) * LETTER > width - 4:
        return rect
    middle = round(x + (width - 1) / 2, 2)
    return format_html(
        '{}<text x="{}" y="{}" class="rt r{}t">{}</text>', rect, middle, y + 12.5, tone, label
    )


def _joined(parts: list[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def _sentence(prices: Prices, day: str, currency: str) -> str:
    """ "June to September: 31¢, from 15:00 42¢. October to May: 29¢." """
    if prices.kind == "single":
        return f"{words.cents(prices.rate, currency)} all year."
    ends = prices.ends
    parts = []
    for season in prices.seasons:
        if season.start is None:
            continue
        runs = _runs(prices, season, day)
        said = [words.cents(runs[0][2], currency)]
        said += [
            f"from {clock(start)} {words.cents(rate, currency)}" for start, _, rate in runs[1:]
        ]
        last = ends.get(season.key)
        span = f"{words.day_of_year(season.start)} to {words.day_of_year(last)}"
        parts.append(f"{span}: {', '.join(said)}.")
    return " ".join(parts) or "No season has a start."


def _band_words(band: list[Decimal], currency: str) -> str:
    low, high = words.cents(band[0], currency), words.cents(band[-1], currency)
    return low if low == high else f"{low} to {high}"


# ------------------------------------------------------------------ one day


def _day_figures(prices: Prices, currency: str, direction: str) -> list[Figure]:
    """A day of every season and day set as steps, the one with the widest span first."""
    days = [(season, group) for season in prices.seasons for group in season.groups if group.days]
    days.sort(key=lambda pair: -_span(pair[1]))
    scale = prices.rates
    return [
        Figure(
            f"{direction}-day-{number}",
            _day_title(season, group),
            words.finding(group, currency),
            _day_steps(season, group, currency, scale),
        )
        for number, (season, group) in enumerate(days)
    ]


def _day_title(season: SeasonPlan, group: Group) -> str:
    one = {"weekdays": "weekday", "weekend": "weekend day", "every day": "day"}
    days = words.days_words(group.days)
    return f"{season.name}, a {one[days]}" if days in one else f"{season.name}, {days}"


def _span(group: Group) -> Decimal:
    rates = [period.rate for period in group.periods if period.rate is not None]
    return max(rates) - min(rates) if rates else Decimal(0)


def _day_steps(season: SeasonPlan, group: Group, currency: str, rates: list[Decimal]) -> SafeString:
    top, floor = (max([*rates, Decimal(0)]), min([*rates, Decimal(0)]))
    span = float(top - floor) or 1.0

    def y(rate: Decimal) -> float:
        return round(DAY_BOTTOM - (DAY_BOTTOM - DAY_TOP) * float(rate - floor) / span, 1)

    lines = format_html_join(
        "",
        '<path d="M{} {}H{}" class="grid-line"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (LEFT, y(rate), RIGHT, LEFT - 6, y(rate) + 4, words.cents(rate, currency))
            for rate in dict.fromkeys((floor, (floor + top) / 2, top))
        ),
    )
    bars, path = [], ""
    for start, end, rate in group.runs:
        if rate is None:
            continue
        upper, lower = sorted((y(rate), y(Decimal(0)) if floor < 0 else y(floor)))
        bars.append(
            format_html(
                '<rect x="{}" y="{}" width="{}" height="{}" class="r{}"/>',
                _x(start),
                upper,
                round(max(1.0, _x(end) - _x(start) - 1), 2),
                round(max(0.5, lower - upper), 1),
                words.tone_of(rate, rates),
            )
        )
        path += f"{'V' if path else f'M{_x(start)} '}{y(rate)}H{_x(end)}"
    hours = format_html_join(
        "",
        '<text x="{}" y="98" text-anchor="{}">{}</text>',
        (
            (_x(m), "start" if not m else "end" if m == MINUTES else "middle", clock(m))
            for m in range(0, MINUTES + 1, 360)
        ),
    )
    return format_html(
        '<svg class="daysteps" viewBox="0 0 360 102" role="img" aria-label="{}">{}{}'
        '<path d="{}" class="s-ink" stroke-width="1.5"/>{}</svg>',
        f"{_day_title(season, group)}: {words.prices_words(group, currency)}",
        lines,
        _joined(bars),
        path,
        hours,
    )


# ------------------------------------------------------------------ the table


def table_of(prices: Prices, currency: str) -> list[dict[str, str]]:
    """Season, days, hours and price of every period, for the table behind the drawings."""
    if prices.kind == "single":
        return [
            {
                "season": "All year",
                "days": words.days_title(DAYS),
                "hours": "00:00 to 24:00",
                "price": words.cents(prices.rate, currency),
            }
        ]
    ends = prices.ends
    return [
        {
            "season": f"{season.name}, {words.day_of_year(season.start)} to "
            f"{words.day_of_year(ends.get(season.key))}",
            "days": words.days_title(group.days),
            "hours": f"{clock(start)} to {clock(end)}",
            "price": words.cents(rate, currency),
        }
        for season in prices.seasons
        for group in season.groups
        for start, end, rate in group.runs
    ]


def swatch(tone: int) -> SafeString:
    """A small square in the colour of a price band; the price beside it says the same."""
    return format_html(
        '<svg class="sw" viewBox="0 0 16 16" aria-hidden="true">'
        '<rect x=".5" y=".5" width="15" height="15" rx="4" class="r{}"/></svg>',
        tone,
    )
