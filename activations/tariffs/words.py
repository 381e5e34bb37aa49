"""A tariff in words: prices, days, facts, what differs between two of them, what to check."""

import calendar
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from activations.tariffs.plan import (
    DAYS,
    FLAGS,
    LONG_DAYS,
    PARTS,
    WEEKDAYS,
    WEEKEND,
    Document,
    Group,
    Period,
    Plan,
    Prices,
    SeasonPlan,
    canonical,
    clock,
    gaps,
    name_of,
    plan_of,
)

# code -> (sign before a price, what a hundredth is called). Others are shown by their code.
CURRENCIES = {
    "USD": ("$", "¢"),
    "EUR": ("€", " ct"),
    "AUD": ("$", "¢"),
    "CAD": ("$", "¢"),
    "GBP": ("£", "p"),
    "NZD": ("$", "¢"),
    "MXN": ("$", "¢"),
    "CHF": ("CHF", " Rp"),
    "BRL": ("R$", "¢"),
    "INR": ("₹", " p"),
    "JPY": ("¥", ""),
    "ZAR": ("R", "c"),
}
# A price per kWh above this was probably typed in cents.
UNUSUAL = Decimal(3)
WITHOUT_CENTS = frozenset({"JPY", "INR", "MXN", "BRL", "ZAR"})
FLAG_WORDS = {"from_grid": "charge from grid", "to_grid": "discharge to grid"}


def sign_of(currency: str) -> str:
    return CURRENCIES.get(currency, (currency, ""))[0]


def cents(rate: Decimal | None, currency: str) -> str:
    """ "31¢" or "31.25¢" for 0.3125 dollars; "¥28" where nobody counts in hundredths."""
    if rate is None:
        return "no price"
    sign, hundredth = CURRENCIES.get(currency, (f"{currency} ", ""))
    if not hundredth or currency in WITHOUT_CENTS:
        return f"{sign}{_plain(rate, 2)}".strip()
    return f"{_plain(rate * 100, 0)}{hundredth}"


def unit_of(currency: str) -> str:
    """What the numbers of a chart are: "cents per kWh"."""
    sign, hundredth = CURRENCIES.get(currency, (currency, ""))
    if not hundredth or currency in WITHOUT_CENTS:
        return f"{currency or sign} per kWh"
    return "cents per kWh" if hundredth.strip() in ("¢", "ct", "c") else f"{hundredth} per kWh"


def _plain(value: Decimal, places: int) -> str:
    """No zeros at the end beyond `places`, never an exponent."""
    whole, _, fraction = f"{value:f}".partition(".")
    fraction = fraction.rstrip("0").ljust(places, "0")
    return f"{whole}.{fraction}" if fraction else whole


def days_words(days: Iterable[str]) -> str:
    """ "weekdays", "weekend", "every day", "Sat" or "Mon to Thu"."""
    chosen = tuple(day for day in DAYS if day in set(days))
    known = {DAYS: "every day", WEEKDAYS: "weekdays", WEEKEND: "weekend", (): "no day"}
    if chosen in known:
        return known[chosen]
    if len(chosen) == 1:
        return LONG_DAYS[chosen[0]]
    first, last = DAYS.index(chosen[0]), DAYS.index(chosen[-1])
    if last - first + 1 == len(chosen) and len(chosen) > 2:
        return f"{chosen[0]} to {chosen[-1]}"
    return ", ".join(chosen[:-1]) + f" and {chosen[-1]}"


def days_title(days: Iterable[str]) -> str:
    words = days_words(days)
    return "All days" if words == "every day" else words[:1].upper() + words[1:]


def day_of_year(month_day: tuple[int, int] | None) -> str:
    """ "1 Jun"."""
    if month_day is None:
        return "not known"
    return f"{month_day[1]} {calendar.month_abbr[month_day[0]]}"


def where(season: SeasonPlan, group: Group | None) -> str:
    """ "Summer weekdays", "Winter every day"."""
    return f"{season.name} {days_words(group.days)}" if group else season.name


def period_name(group: Group, period: Period) -> str:
    """What Enphase calls it; else peak, off-peak or part-peak by its price among the others."""
    if period.id and not period.id.startswith("period_"):
        return name_of(period.id)
    rates = sorted({p.rate for p in group.periods if p.rate is not None})
    if period.rate is None:
        return "No price yet"
    if len(rates) == 1:
        return "All day" if len(group.periods) == 1 else "Same price"
    if period.rate == rates[0]:
        return "Off-peak"
    return "Peak" if period.rate == rates[-1] else "Part-peak"


def tone_of(rate: Decimal | None, rates: list[Decimal]) -> int:
    """1 (cheap) to 4 (dear); 0 without a price. Bands are parted at the widest steps."""
    if rate is None or not rates:
        return 0
    for tone, band in bands(rates):
        if band[0] <= rate <= band[-1]:
            return tone
    return 4 if rate > rates[-1] else 1


def bands(rates: list[Decimal]) -> list[tuple[int, list[Decimal]]]:
    """The different prices, parted into at most four bands: (tone, prices of the band)."""
    ordered = sorted(set(rates))
    if not ordered:
        return []
    steps = sorted(range(1, len(ordered)), key=lambda n: (ordered[n - 1] - ordered[n], n))[:3]
    edges = [0, *sorted(steps), len(ordered)]
    parts = [ordered[a:b] for a, b in pairwise(edges) if a < b]
    tones = {1: (1,), 2: (1, 3), 3: (1, 2, 4)}.get(len(parts), (1, 2, 3, 4))
    return list(zip(tones, parts, strict=True))


# ------------------------------------------------------------------ facts


def facts_of(document: Document) -> dict[str, str]:
    """All that people set, label -> value, in the order of the page. For snapshots and tables."""
    plan = plan_of(document)
    found = {"Currency": plan.currency or "None"}
    for direction, lead in (("buy", "Price"), ("sell", "Sell price")):
        prices = plan[direction]
        if prices.kind == "none":
            found[lead] = "None"
        elif prices.kind == "single":
            found[lead] = (
                f"{cents(prices.rate, plan.currency)} all year" if prices.rate is not None else
                (prices.text or "None")
            )  # fmt: skip
        else:
            found[lead] = "Time of use"
            lead_in = "" if direction == "buy" else "Sell, "
            for label, value in _season_facts(prices, plan.currency):
                _put(found, f"{lead_in}{label}", value)
    if plan.storage:
        mode, reserve = plan.storage
        found["Battery mode in the tariff"] = name_of(mode) or "None"
        if reserve is not None:
            found["Battery reserve in the tariff"] = f"{reserve:g} %"
    for name, value in document["raw"].items():
        if name not in PARTS:
            found[name_of(name)] = json.dumps(value, ensure_ascii=False, sort_keys=True)[:300]
    return found


def _put(found: dict[str, str], label: str, value: str) -> None:
    """Two parts may have the same name: the second is told apart by a number."""
    number, free = 2, label
    while free in found:
        free, number = f"{label} ({number})", number + 1
    found[free] = value


def _season_facts(prices: Prices, currency: str) -> Iterator[tuple[str, str]]:
    several = len(prices.seasons) > 1
    for season in prices.seasons:
        if several or season.start != (1, 1):
            yield f"{season.name} starts", day_of_year(season.start)
        for flag in FLAGS:
            value = getattr(season, flag)
            if value is not None:
                yield f"{season.name}, {FLAG_WORDS[flag]}", _yes(value)
        for group in season.groups:
            place = where(season, group)
            yield place, prices_words(group, currency)
            if group.charge:
                yield f"{place}, must charge", window_words(group.charge)
            for flag in FLAGS:
                value = getattr(group, flag)
                if value is not None:
                    yield f"{place}, {FLAG_WORDS[flag]}", _yes(value)


def prices_words(group: Group, currency: str) -> str:
    """ "00:00 31¢ · 15:00 42¢"."""
    return " · ".join(
        f"{clock(p.start)} {cents(p.rate, currency)}"
        if p.start is not None and p.rate is not None
        else p.text.strip()
        for p in group.periods
    )


def window_words(charge: tuple[int, int] | None) -> str:
    if charge is None:
        return "No"
    end = (charge[0] + charge[1]) % (24 * 60)
    return f"{clock(charge[0])} to {clock(end) if end else '24:00'}"


def _yes(value: bool | None) -> str:
    return "Yes" if value else "No"


# ------------------------------------------------------------------ differences


@dataclass(frozen=True)
class Difference:
    """One thing that differs: a row of the table, and the sentence above it."""

    field: str
    before: str
    after: str
    sentence: str


def differences(before: Document, after: Document) -> list[Difference]:
    """What the second tariff does otherwise, in words. Empty when both mean the same."""
    old, new = plan_of(before), plan_of(after)
    if canonical(old) == canonical(new):
        return []
    found: list[Difference] = []
    if old.currency != new.currency:
        found.append(_changed("Currency", old.currency or "none", new.currency or "none"))
    for direction in ("buy", "sell"):
        found += _price_differences(old, new, direction)
    if old.storage != new.storage:
        found.append(_changed("Battery in the tariff", _storage(old), _storage(new)))
    return _told_apart(found)


def _told_apart(found: list[Difference]) -> list[Difference]:
    """Rows are kept under their field, so no two may have the same."""
    names: dict[str, int] = {}
    result = []
    for one in found:
        names[one.field] = names.get(one.field, 0) + 1
        number = names[one.field]
        field = one.field if number == 1 else f"{one.field} ({number})"
        result.append(Difference(field, one.before, one.after, one.sentence))
    return result


def _changed(field: str, before: str, after: str, sentence: str = "") -> Difference:
    return Difference(field, before, after, sentence or f"{field}: {after}, was {before}")


def _storage(plan: Plan) -> str:
    if plan.storage is None:
        return "none"
    mode, reserve = plan.storage
    return f"{name_of(mode)}, reserve {reserve:g} %" if reserve is not None else name_of(mode)


def kind_words(prices: Prices, currency: str) -> str:
    """ "28¢ all year", "time of use, 2 seasons", "none"."""
    if prices.kind == "single":
        return f"{cents(prices.rate, currency)} all year"
    if prices.kind == "tou":
        count = len(prices.seasons)
        return f"time of use, {count} season{'s' if count != 1 else ''}"
    return "none"


def _price_differences(old: Plan, new: Plan, direction: str) -> list[Difference]:
    lead = "" if direction == "buy" else "Sell, "
    title = "Price" if direction == "buy" else "Sell price"
    was, now = old[direction], new[direction]
    if was.kind != now.kind or was.kind == "single":
        if (was.kind, was.rate) == (now.kind, now.rate):
            return []
        found = [
            _changed(title, kind_words(was, old.currency), kind_words(now, new.currency)),
        ]
        for season in now.seasons:
            found += _season_added(season, lead, new.currency)
        return found
    found = []
    pairs, gone, added = _paired_seasons(was, now)
    for one, other in pairs:
        found += _season_differences(one, other, lead, new.currency)
    for season in gone:
        text = f"from {day_of_year(season.start)}"
        found.append(Difference(f"{lead}{season.name}", text, "", f"{lead}{season.name} removed"))
    for season in added:
        found += _season_added(season, lead, new.currency)
    return found


def _season_added(season: SeasonPlan, lead: str, currency: str) -> list[Difference]:
    starts = day_of_year(season.start)
    found = [
        Difference(
            f"{lead}{season.name}", "", f"from {starts}", f"{lead}{season.name} from {starts}"
        )
    ]
    for group in season.groups:
        found += _group_added(season, group, lead, currency)
    return found


def _group_added(season: SeasonPlan, group: Group, lead: str, currency: str) -> list[Difference]:
    place, prices = f"{lead}{where(season, group)}", prices_words(group, currency)
    found = [Difference(place, "", prices, f"{place}: {prices}")]
    if group.charge:
        window = window_words(group.charge)
        found.append(
            Difference(f"{place}, must charge", "", window, f"{place}: battery charges {window}")
        )
    return found


Pairs = list[tuple[SeasonPlan, SeasonPlan]]


def _paired_seasons(was: Prices, now: Prices) -> tuple[Pairs, list[SeasonPlan], list[SeasonPlan]]:
    """Seasons that are the same one: by Enphase's name, then by start, then by order."""
    gone, added, pairs = list(was.seasons), list(now.seasons), []
    for key in (lambda s: s.id or None, lambda s: s.start):
        for one in list(gone):
            other = next((s for s in added if key(s) is not None and key(s) == key(one)), None)
            if other is not None:
                pairs.append((one, other))
                gone.remove(one)
                added.remove(other)
    if len(gone) == len(added):
        pairs += list(zip(gone, added, strict=True))
        gone, added = [], []
    return pairs, gone, added


def _season_differences(
    was: SeasonPlan, now: SeasonPlan, lead: str, currency: str
) -> list[Difference]:
    found = []
    name = f"{lead}{now.name}"
    if was.name != now.name:
        found.append(
            _changed(f"{name}, name", was.name, now.name, f"{lead}{was.name} is called {now.name}")
        )
    if was.start != now.start:
        before, after = day_of_year(was.start), day_of_year(now.start)
        found.append(
            _changed(f"{name}, start", before, after, f"{name} starts {after}, was {before}")
        )
    found += _flag_differences(was, now, name)
    pairs, gone, added = _paired_groups(was, now)
    for one, other in pairs:
        if one.days != other.days:
            before, after = days_words(one.days), days_words(other.days)
            found.append(_changed(f"{name}, days of {before}", before, after))
        place = f"{lead}{where(now, other)}"
        found += _period_differences(one, other, place, currency)
        if one.charge != other.charge:
            before, after = window_words(one.charge), window_words(other.charge)
            found.append(_changed(f"{place}, must charge", before, after))
        found += _flag_differences(one, other, place)
    for group in gone:
        place = f"{lead}{where(was, group)}"
        found.append(
            Difference(place, prices_words(group, currency), "", f"{place}: prices removed")
        )
    for group in added:
        found += _group_added(now, group, lead, currency)
    return found


def _flag_differences(
    was: SeasonPlan | Group, now: SeasonPlan | Group, place: str
) -> list[Difference]:
    return [
        _changed(f"{place}, {FLAG_WORDS[flag]}", _yes(before), _yes(after))
        for flag in FLAGS
        if bool(before := getattr(was, flag)) != bool(after := getattr(now, flag))
    ]


def _paired_groups(
    was: SeasonPlan, now: SeasonPlan
) -> tuple[list[tuple[Group, Group]], list[Group], list[Group]]:
    """Day sets that are the same one: with the same days, then with most days in common."""
    gone, added, pairs = list(was.groups), list(now.groups), []
    for one in list(gone):
        other = next((group for group in added if group.days == one.days), None)
        if other is not None:
            pairs.append((one, other))
            gone.remove(one)
            added.remove(other)
    for one in list(gone):
        shared = {group.key: len(set(group.days) & set(one.days)) for group in added}
        if shared and max(shared.values()):
            other = max(added, key=lambda group: shared[group.key])
            pairs.append((one, other))
            gone.remove(one)
            added.remove(other)
    return pairs, gone, added


def _period_differences(was: Group, now: Group, place: str, currency: str) -> list[Difference]:
    """Prices by the hour they begin; a period that begins elsewhere at its old price has moved."""
    gone = {p.start: p for p in was.periods}
    found = []
    new: list[Period] = []
    for period in now.periods:
        former = gone.pop(period.start, None)
        if former is None:
            new.append(period)
        elif former.rate != period.rate:
            before, after = cents(former.rate, currency), cents(period.rate, currency)
            at = _at(period)
            found.append(
                _changed(
                    f"{place}, from {at}",
                    before,
                    after,
                    f"{place}, {period_name(now, period).lower()} from {at}: {after}, was {before}",
                )
            )
    left = list(gone.values())
    for period in new:
        former = next((p for p in left if p.rate == period.rate), None)
        if former is None and len(left) == len(new) == 1:
            former = left[0]
        if former is None:
            price, at = cents(period.rate, currency), _at(period)
            found.append(
                Difference(f"{place}, from {at}", "", price, f"{place}: {price} from {at} on, new")
            )
            continue
        left.remove(former)
        name = period_name(now, period).lower()
        found.append(
            _changed(
                f"{place}, {name} starts",
                _at(former),
                _at(period),
                f"{place}, {name} starts {_at(period)}, was {_at(former)}",
            )
        )
        if former.rate != period.rate:
            before, after = cents(former.rate, currency), cents(period.rate, currency)
            found.append(_changed(f"{place}, from {_at(period)}", before, after))
    for period in left:
        price, at = cents(period.rate, currency), _at(period)
        found.append(
            Difference(f"{place}, from {at}", price, "", f"{place}: {price} from {at} on, removed")
        )
    return found


def _at(period: Period) -> str:
    return clock(period.start) if period.start is not None else "an unknown time"


# ------------------------------------------------------------------ checks


@dataclass(frozen=True)
class Check:
    """One line below the preview; `direction` is where it can be put right, "" here."""

    good: bool
    text: str
    direction: str = ""


def checks_of(plan: Plan) -> list[Check]:
    """Every hour has a price, the seasons cover the year, the sell side is complete."""
    found = []
    for direction in ("buy", "sell"):
        prices = plan[direction]
        if prices.kind == "none":
            found.append(Check(False, "No sell price: energy fed in earns nothing.", "sell"))
            continue
        open_hours = gaps(prices)
        words = "price" if direction == "buy" else "sell price"
        if open_hours:
            found.append(Check(False, f"No {words}: {_few(open_hours)}.", direction))
        elif (missing := _without_rate(prices)) and prices.kind == "tou":
            found.append(Check(False, f"{words.capitalize()} missing: {_few(missing)}.", direction))
        else:
            found.append(Check(True, f"Every hour has a {words}."))
        strange = [rate for rate in prices.rates if abs(rate) > UNUSUAL]
        if strange and plan.currency not in WITHOUT_CENTS | {"JPY"}:
            price = f"{sign_of(plan.currency)}{_plain(strange[-1], 2)}"
            found.append(
                Check(False, f"{price} per kWh is unusual. Was it meant in cents?", direction)
            )
    if plan.buy.kind == "tou" and any(season.start for season in plan.buy.seasons):
        found.insert(1, Check(True, "Seasons cover 365 days."))
    return found


def _without_rate(prices: Prices) -> list[str]:
    return [
        where(season, group)
        for season in prices.seasons
        for group in season.groups
        if any(period.rate is None for period in group.periods)
    ]


def _few(items: list[str]) -> str:
    more = len(items) - 2
    return "; ".join(items[:2]) + (f" and {more} more" if more > 0 else "")


def finding(group: Group | None, currency: str) -> str:
    """What one day says: "Cheapest 31¢ from 00:00, dearest 58¢ from 16:00: 27¢ apart"."""
    if group is None:
        return ""
    priced: list[tuple[int, int, Decimal]] = [
        (start, end, rate) for start, end, rate in group.runs if rate is not None
    ]
    if not priced:
        return "No price yet."
    low = min(priced, key=lambda run: run[2])
    high = max(priced, key=lambda run: run[2])
    if low[2] == high[2]:
        return f"{cents(low[2], currency)} at any hour."
    return (
        f"{cents(low[2], currency)} from {clock(low[0])} to {clock(low[1])}, "
        f"{cents(high[2], currency)} from {clock(high[0])} to {clock(high[1])}: "
        f"using it in the cheap hours saves {cents(high[2] - low[2], currency)} per kWh."
    )


def summary(document: Document) -> str:
    """One line for lists: "Time of use, 2 seasons, 29¢ to 58¢, sells at 6¢"."""
    plan = plan_of(document)
    rates = plan.buy.rates
    words = kind_words(plan.buy, plan.currency)
    if plan.buy.kind == "tou" and rates:
        words += f", {cents(rates[0], plan.currency)}"
        if len(rates) > 1:
            words += f" to {cents(rates[-1], plan.currency)}"
    words += {
        "none": ", nothing for what is fed in",
        "single": f", sells at {cents(plan.sell.rate, plan.currency)}",
        "tou": ", sells by time of use",
    }[plan.sell.kind]
    return words[:1].upper() + words[1:]


def rows_of(found: Iterable[Difference]) -> list[dict[str, Any]]:
    """For templates/ui/diff_table.html."""
    return [{"field": one.field, "before": one.before, "after": one.after} for one in found]
