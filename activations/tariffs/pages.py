"""What the tariff pages show of a document: its fields with their words, errors and colours."""

import calendar
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from activations.tariffs import charts, words
from activations.tariffs.plan import (
    DAYS,
    FLAGS,
    LONG_DAYS,
    Document,
    Node,
    Plan,
    Problem,
    SeasonPlan,
    clock,
    plan_of,
    start_of,
)

KIND_CARDS = {
    "buy": [
        ("single", "Single rate", "One price all day"),
        ("tou", "Time of use", "Price depends on the hour"),
    ],
    "sell": [
        ("none", "Not paid", "Nothing for energy fed in"),
        ("single", "Single rate", "One price all day"),
        ("tou", "Time of use", "Price depends on the hour"),
    ],
}
FLAG_LABELS = {"from_grid": "Charge from grid", "to_grid": "Discharge to grid"}
MONTHS = [(str(number), calendar.month_abbr[number]) for number in range(1, 13)]


@dataclass(frozen=True)
class Live:
    """What of a period or season follows from its neighbours, and so changes while typing."""

    key: str
    end: str
    name: str = ""
    swatch: SafeString | None = None


def editor_of(document: Document, direction: str, *, problems: list[Problem]) -> dict[str, Any]:
    """For templates/tariffs/_editor.html: one direction of a document as fields."""
    plan = plan_of(document)
    prices = document[direction]
    errors = {one.field: one.text for one in reversed(problems) if one.direction == direction}
    planned = {season.key: season for season in plan[direction].seasons}
    live = {one.key: one for one in live_of(plan, direction)}
    return {
        "direction": direction,
        "kind": prices["kind"],
        "cards": KIND_CARDS[direction],
        "currency": document["currency"],
        "currencies": _currencies(document["currency"]),
        "sign": words.sign_of(plan.currency),
        "rate": prices["rate"],
        "errors": errors,
        "months": MONTHS,
        "seasons": [
            _season(node, planned.get(node["key"]), live, errors, len(prices["seasons"]))
            for node in prices["seasons"]
        ]
        if prices["kind"] == "tou"
        else [],
        "buy_is_tou": document["buy"]["kind"] == "tou",
    }


def _currencies(current: str) -> list[tuple[str, str]]:
    known = [(code, f"{code}, {sign}") for code, (sign, _) in words.CURRENCIES.items()]
    if current and current not in words.CURRENCIES:
        known.insert(0, (current, current))
    return known


def _season(
    node: Node,
    plan: SeasonPlan | None,
    live: dict[str, Live],
    errors: dict[str, str],
    seasons: int,
) -> dict[str, Any]:
    key = node["key"]
    groups = [_group(group, node, plan, live, errors) for group in node["groups"]]
    return {
        "key": key,
        "name": node["name"],
        "month": node["month"],
        "day": node["day"],
        "end": live[key].end if key in live else "",
        "name_error": errors.get(f"{key}-name", ""),
        "day_error": errors.get(f"{key}-day", ""),
        "groups_error": errors.get(f"{key}-groups", ""),
        "flags": _flags(node),
        "groups": groups,
        "several": len(groups) > 1,
        "is_last": seasons == 1,
        "readable_start": start_of(node) is not None,
    }


def _flags(node: Node, *, always: bool = False) -> list[dict[str, Any]]:
    """The boxes of this level: those that Enphase sent here, or all where none was sent at all."""
    return [
        {"field": f"{node['key']}-{name}", "label": FLAG_LABELS[name], "on": bool(node[name])}
        for name in FLAGS
        if always or node[name] is not None
    ]


def _group(
    node: Node,
    season: Node,
    plan: SeasonPlan | None,
    live: dict[str, Live],
    errors: dict[str, str],
) -> dict[str, Any]:
    key = node["key"]
    planned = next((g for g in plan.groups if g.key == key), None) if plan else None
    on_season = any(season[name] is not None for name in FLAGS)
    flags = _flags(node, always=not on_season)
    charge = planned.charge if planned else None
    said = [f"must charge {words.window_words(charge)}"] if charge else []
    said += [flag["label"].lower() for flag in flags if flag["on"]]
    return {
        "key": key,
        "title": words.days_title(node["days"]),
        "sub": _span_of(node["days"]),
        "days": [{"day": day, "long": LONG_DAYS[day], "on": day in node["days"]} for day in DAYS],
        "days_error": errors.get(f"{key}-days", ""),
        "periods": [
            _period(period, number, live, errors)
            for number, period in enumerate(node["periods"], start=1)
        ],
        "is_last_period": len(node["periods"]) == 1,
        "charge_start": node["charge_start"],
        "charge_minutes": node["charge_minutes"],
        "charge_start_error": errors.get(f"{key}-charge_start", ""),
        "charge_minutes_error": errors.get(f"{key}-charge_minutes", ""),
        "flags": flags,
        "battery": ", ".join(said) or "no rule",
        "battery_open": any(
            f"{key}-{name}" in errors for name in ("charge_start", "charge_minutes")
        ),
    }


def _span_of(days: list[str]) -> str:
    """The days behind "Weekdays"; "" where the title names them itself."""
    known = {"weekdays": "Mon to Fri", "weekend": "Sat and Sun", "every day": "Mon to Sun"}
    return known.get(words.days_words(days), "")


def _period(
    node: Node, number: int, live: dict[str, Live], errors: dict[str, str]
) -> dict[str, Any]:
    key = node["key"]
    return {
        "key": key,
        "number": number,
        "start": node["start"],
        "rate": node["rate"],
        "live": live.get(key),
        # A day begins at midnight: there is nothing to choose.
        "is_fixed": number == 1 and node["start"] == "00:00",
        "start_error": errors.get(f"{key}-start", ""),
        "rate_error": errors.get(f"{key}-rate", ""),
    }


def live_of(plan: Plan, direction: str) -> list[Live]:
    """Ends, names and colours, for the whole form and for the part that htmx swaps."""
    prices = plan[direction]
    rates = prices.rates
    found = []
    ends = prices.ends
    for season in prices.seasons:
        last = ends.get(season.key)
        found.append(Live(season.key, f"to {words.day_of_year(last)}" if last else ""))
        for group in season.groups:
            starts = [p.start for p in group.periods if p.start is not None]
            for period in group.periods:
                later = [start for start in starts if period.start is not None
                         and start > period.start]  # fmt: skip
                end = "" if period.start is None else f"to {clock(min(later, default=24 * 60))}"
                tone = words.tone_of(period.rate, rates)
                found.append(
                    Live(
                        period.key,
                        end,
                        words.period_name(group, period),
                        charts.swatch(tone),
                    )
                )
    return found


def preview_of(document: Document, direction: str) -> dict[str, Any]:
    """For templates/tariffs/_preview.html."""
    plan = plan_of(document)
    return {
        "year": charts.year_of(plan, direction),
        "kind": plan[direction].kind,
        "checks": words.checks_of(plan),
        "live": live_of(plan, direction),
        "direction": direction,
    }
