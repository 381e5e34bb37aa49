"""What people do to a document: type into it, and add, split, copy and remove its parts.

Every function takes a document and changes that very one; callers pass a copy of their own.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from activations.tariffs.plan import (
    DAYS,
    FLAGS,
    MAX_PERIODS,
    MAX_PERIODS_IN_ALL,
    MAX_SEASONS,
    MINUTES,
    WEEKEND,
    Document,
    Node,
    clock,
    group_id_of,
    id_of,
    minutes_of,
    name_of,
    start_of,
)
from enphase.records.tariffs import DayGroup, Season

KINDS = {"buy": ("single", "tou"), "sell": ("none", "single", "tou")}
MAX_TEXT = 40
ALL_YEAR = "All year long"


class NotPossible(Exception):
    """The part is not there any more, or there is no room: a sentence for the person."""


# ------------------------------------------------------------------ what was typed


def merge(document: Document, direction: str, typed: Mapping[str, str]) -> None:
    """Take the fields of the form of one direction over; fields that were not sent stay."""
    prices = document[direction]
    _take(document, "currency", typed, "currency")
    kind = typed.get("kind", prices["kind"])
    if kind in KINDS[direction] and kind != prices["kind"]:
        prices["kind"] = kind
        if kind == "tou" and not prices["seasons"]:
            prices["seasons"] = [_whole_year(document, prices["rate"])]
    _take(prices, "rate", typed, "rate")
    for season in prices["seasons"]:
        _merge_season(season, typed)


def _take(node: Node, name: str, typed: Mapping[str, str], field: str) -> bool:
    """Copy one field if it was sent; says whether it became another one."""
    if field not in typed or typed[field].strip() == str(node[name]).strip():
        return False
    node[name] = typed[field].strip()[:MAX_TEXT]
    return True


def _merge_season(season: Node, typed: Mapping[str, str]) -> None:
    key = season["key"]
    if _take(season, "name", typed, f"{key}-name"):
        # Left as it was spelled until it really is another name.
        was = Season.from_api(season["raw"]).id or ""
        season["id"] = was if season["name"] == name_of(was) else id_of(season["name"])
        # Shown as it will come back: Enphase keeps small letters, digits and underscores.
        season["name"] = name_of(season["id"]) or season["name"]
    _take(season, "month", typed, f"{key}-month")
    _take(season, "day", typed, f"{key}-day")
    _merge_flags(season, typed)
    chosen = {day: typed[f"{key}-{day}"] for day in DAYS if f"{key}-{day}" in typed}
    keys = {group["key"] for group in season["groups"]}
    for group in season["groups"]:
        if len(keys) > 1 and set(chosen.values()) & keys:
            days = [
                day
                for day in DAYS
                if chosen.get(day) == group["key"] or (day not in chosen and day in group["days"])
            ]
            _set_days(group, days)
        _merge_group(group, typed)


def _set_days(group: Node, days: list[str]) -> None:
    if set(days) == set(group["days"]):
        return
    was = DayGroup.from_api(group["raw"])
    generated = group["id"] in ("", group_id_of(group["days"]))
    group["days"] = days
    if generated:
        same = set(days) == {day.strip()[:3].title() for day in was.days}
        group["id"] = (was.id or "") if same and was.id else group_id_of(days)


def _merge_group(group: Node, typed: Mapping[str, str]) -> None:
    key = group["key"]
    _take(group, "charge_start", typed, f"{key}-charge_start")
    _take(group, "charge_minutes", typed, f"{key}-charge_minutes")
    _merge_flags(group, typed)
    moved = False
    for period in group["periods"]:
        moved |= _take(period, "start", typed, f"{period['key']}-start")
        _take(period, "rate", typed, f"{period['key']}-rate")
    if moved:
        _in_order(group)


def _merge_flags(node: Node, typed: Mapping[str, str]) -> None:
    """A box that was shown is on or off; one that Enphase never sent stays unset until ticked."""
    for name in FLAGS:
        field = f"{node['key']}-{name}"
        if f"{field}-shown" in typed:
            on = field in typed
            node[name] = on if on or node[name] is not None else None


def _in_order(group: Node) -> None:
    """Periods by their start, as soon as all starts can be read; numbered ids follow."""
    if all(minutes_of(period["start"]) is not None for period in group["periods"]):
        group["periods"].sort(key=lambda period: minutes_of(period["start"]) or 0)
    _number(group)


def _number(group: Node) -> None:
    """Enphase numbers periods by their order: period_1, period_2; other names stay."""
    numbered = [p for p in group["periods"] if re.fullmatch(r"(period_\d+)?", p["id"])]
    for number, period in enumerate(group["periods"], start=1):
        if period in numbered:
            period["id"] = f"period_{number}"


# ------------------------------------------------------------------ adding and removing


def act(document: Document, direction: str, action: str) -> str:
    """Do what a button says ("add-period:n4"); the key of the part to show then, or "".

    Raises NotPossible with a sentence.
    """
    verb, _, key = action.partition(":")
    known = ACTIONS.get(verb)
    if known is None:
        raise NotPossible("This button is not known any more. Reload the page.")
    return known(document, document[direction], key)


def _whole_year(document: Document, rate: str) -> Node:
    season = _season(document, ALL_YEAR, "1", "1")
    group = _group(document, list(DAYS))
    group["periods"] = [_period(document, "00:00", rate)]
    season["groups"] = [group]
    _number(group)
    return season


def _key(document: Document) -> str:
    document["next"] += 1
    return f"n{document['next'] - 1}"


def _season(document: Document, name: str, month: str, day: str) -> Node:
    return {
        "key": _key(document),
        "id": id_of(name),
        "name": name,
        "month": month,
        "day": day,
        "from_grid": None,
        "to_grid": None,
        "raw": {},
        "groups": [],
    }


def _group(document: Document, days: list[str]) -> Node:
    return {
        "key": _key(document),
        "id": group_id_of(days),
        "days": days,
        "charge_start": "",
        "charge_minutes": "",
        "from_grid": None,
        "to_grid": None,
        "raw": {},
        "periods": [],
    }


def _period(document: Document, start: str, rate: str) -> Node:
    return {"key": _key(document), "id": "", "start": start, "rate": rate, "raw": {}}


def _copied(document: Document, node: Node) -> Node:
    """A copy with keys of its own; what only Enphase knows of the original is not copied."""
    copy = {**node, "key": _key(document), "raw": {}}
    for parts in ("groups", "periods"):
        if parts in node:
            copy[parts] = [_copied(document, part) for part in node[parts]]
    if "days" in node:
        copy["days"] = list(node["days"])
    return copy


def _groups(prices: Node) -> Iterator[tuple[Node, Node]]:
    for season in prices["seasons"]:
        for group in season["groups"]:
            yield season, group


def _find_season(prices: Node, key: str) -> Node:
    for season in prices["seasons"]:
        if season["key"] == key:
            return season
    raise NotPossible("This season is not there any more.")


def _find_group(prices: Node, key: str) -> tuple[Node, Node]:
    for season, group in _groups(prices):
        if group["key"] == key:
            return season, group
    raise NotPossible("This day set is not there any more.")


def _find_period(prices: Node, key: str) -> tuple[Node, int]:
    for _, group in _groups(prices):
        for number, period in enumerate(group["periods"]):
            if period["key"] == key:
                return group, number
    raise NotPossible("This period is not there any more.")


def _require_room(prices: Node, more: int, group: Node | None = None) -> None:
    total = sum(len(group["periods"]) for _, group in _groups(prices))
    if total + more > MAX_PERIODS_IN_ALL:
        raise NotPossible(f"A tariff here has at most {MAX_PERIODS_IN_ALL} periods.")
    if group is not None and len(group["periods"]) + more > MAX_PERIODS:
        raise NotPossible(f"A day has at most {MAX_PERIODS} periods.")


def _add_season(document: Document, prices: Node, _key_: str) -> str:
    """A copy of the last season, from half-way to the first one on."""
    if not prices["seasons"]:
        season = _whole_year(document, prices["rate"])
        prices["seasons"].append(season)
        return str(season["key"])
    return _copy_season(document, prices, prices["seasons"][-1]["key"])


def _copy_season(document: Document, prices: Node, key: str) -> str:
    original = _find_season(prices, key)
    if len(prices["seasons"]) >= MAX_SEASONS:
        raise NotPossible(f"A year has at most {MAX_SEASONS} seasons.")
    _require_room(prices, sum(len(group["periods"]) for group in original["groups"]))
    season = _copied(document, original)
    season["name"] = _free_name(prices)
    season["id"] = id_of(season["name"])
    season["month"], season["day"] = _free_month(prices, original), "1"
    if original["id"] == id_of(ALL_YEAR):
        # It no longer lasts all year.
        original["name"] = _free_name(prices, season["id"])
        original["id"] = id_of(original["name"])
    prices["seasons"].insert(prices["seasons"].index(original) + 1, season)
    return str(season["key"])


def _free_name(prices: Node, *taken_too: str) -> str:
    taken = {season["id"] for season in prices["seasons"]} | {
        id_of(season["name"]) for season in prices["seasons"]
    }
    taken |= set(taken_too)
    names = ["Summer", "Winter", "Spring", "Autumn"]
    names += [f"Season {number}" for number in range(1, MAX_SEASONS + 2)]
    return next(name for name in names if id_of(name) not in taken)


def _free_month(prices: Node, original: Node) -> str:
    """Half-way from this season's start to the next one."""
    starts = sorted({start[0] for s in prices["seasons"] if (start := start_of(s))})
    here = start_of(original)
    if here is None or not starts:
        return "1"
    following = starts[(starts.index(here[0]) + 1) % len(starts)]
    length = (following - here[0]) % 12 or 12
    return str((here[0] - 1 + max(1, length // 2)) % 12 + 1)


def _remove_season(_document: Document, prices: Node, key: str) -> str:
    season = _find_season(prices, key)
    if len(prices["seasons"]) == 1:
        raise NotPossible("The last season stays: without it no day of the year has a price.")
    prices["seasons"].remove(season)
    return ""


def _add_group(document: Document, prices: Node, key: str) -> str:
    """A day set with the days that have none; else the weekend, or one day, of the largest set."""
    season = _find_season(prices, key)
    free = [day for day in DAYS if not any(day in group["days"] for group in season["groups"])]
    if not season["groups"]:
        group = _group(document, free)
        group["periods"] = [_period(document, "00:00", prices["rate"])]
        _number(group)
        season["groups"].append(group)
        return str(group["key"])
    largest = max(season["groups"], key=lambda group: len(group["days"]))
    _require_room(prices, len(largest["periods"]))
    if not free:
        if len(largest["days"]) < 2:
            raise NotPossible("Every day has a set of its own already.")
        weekend = set(WEEKEND) < set(largest["days"])
        free = list(WEEKEND) if weekend else [day for day in DAYS if day in largest["days"]][-1:]
        _set_days(largest, [day for day in DAYS if day in largest["days"] and day not in free])
    group = _copied(document, largest)
    group["days"], group["id"] = free, group_id_of(free)
    season["groups"].append(group)
    return str(group["key"])


def _remove_group(_document: Document, prices: Node, key: str) -> str:
    """Its days go to the first set that stays, so that none is left without a price."""
    season, group = _find_group(prices, key)
    if len(season["groups"]) == 1:
        raise NotPossible("The last day set stays: without it this season has no prices.")
    season["groups"].remove(group)
    heir = season["groups"][0]
    _set_days(heir, [day for day in DAYS if day in heir["days"] or day in group["days"]])
    return str(heir["key"])


def _add_period(document: Document, prices: Node, key: str) -> str:
    """Split the longest period of the day."""
    _, group = _find_group(prices, key)
    if not group["periods"]:
        group["periods"].append(_period(document, "00:00", prices["rate"]))
        _number(group)
        return str(group["periods"][0]["key"])
    lengths = [end - start for start, end in _spans(group)]
    return _split(document, prices, group, lengths.index(max(lengths)))


def _split_period(document: Document, prices: Node, key: str) -> str:
    group, number = _find_period(prices, key)
    return _split(document, prices, group, number)


def _spans(group: Node) -> list[tuple[int, int]]:
    """(start, end) of each period in the order of the form; nothing where it cannot be read."""
    starts = [minutes_of(period["start"]) for period in group["periods"]]
    known = sorted(start for start in starts if start is not None)
    spans = []
    for start in starts:
        end = next((other for other in known if start is not None and other > start), MINUTES)
        spans.append((start, end) if start is not None else (0, 0))
    return spans


def _split(document: Document, prices: Node, group: Node, number: int) -> str:
    _require_room(prices, 1, group)
    start, end = _spans(group)[number]
    middle = (start + end) // 2
    if middle - middle % 60 > start:
        middle -= middle % 60
    if not start < middle < end:
        raise NotPossible("This period is too short to be split. Enter its start first.")
    period = _period(document, clock(middle), group["periods"][number]["rate"])
    group["periods"].insert(number + 1, period)
    _in_order(group)
    return str(period["key"])


def _remove_period(_document: Document, prices: Node, key: str) -> str:
    """The period before it takes its hours over; of the first one, the one after it."""
    group, number = _find_period(prices, key)
    if len(group["periods"]) == 1:
        raise NotPossible("The last period stays: without it these days have no price.")
    removed = group["periods"].pop(number)
    heir = group["periods"][max(0, number - 1)]
    if number == 0 and minutes_of(removed["start"]) == 0:
        heir["start"] = "00:00"
    _number(group)
    return str(heir["key"])


ACTIONS: dict[str, Callable[[Document, Node, str], str]] = {
    "add-season": _add_season,
    "copy-season": _copy_season,
    "remove-season": _remove_season,
    "add-group": _add_group,
    "remove-group": _remove_group,
    "add-period": _add_period,
    "split-period": _split_period,
    "remove-period": _remove_period,
}


def buy_to_sell(document: Document) -> None:
    """Give the sell side the seasons and hours of the buy side, with empty prices."""
    document["sell"]["kind"] = "tou"
    document["sell"]["seasons"] = [
        _copied(document, season) for season in document["buy"]["seasons"]
    ]
    for season in document["sell"]["seasons"]:
        for group in season["groups"]:
            for period in group["periods"]:
                period["rate"] = ""
