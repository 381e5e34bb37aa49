"""A tariff as people edit it: plain functions over plain data, no Django, no Enphase.

A *document* is the tariff as it was typed, so that an unfinished or wrong entry can be kept, shown
again and corrected. JSON can hold it:

    {"currency": "USD", "raw": {…}, "locked": "", "next": 9,
     "buy": {"kind": "tou", "read_as": "tou", "rate": "", "listed": True, "was": None, "seasons": [
        {"key": "n1", "id": "summer", "name": "Summer", "month": "6", "day": "1",
         "from_grid": None, "to_grid": None, "raw": {…}, "groups": [
            {"key": "n2", "id": "weekdays", "days": ["Mon", …], "charge_start": "",
             "charge_minutes": "", "from_grid": True, "to_grid": None, "raw": {…}, "periods": [
                {"key": "n3", "id": "period_1", "start": "00:00", "rate": "0.31", "raw": {…}}]}]}]},
     "sell": {"kind": "none" | "single" | "tou", "rate": "", "seasons": []}}

`raw` is what Enphase sent for that object; writing back replaces in it only what was edited, so
that a tariff nobody touched goes back exactly as it came. A `Plan` is what a document means:
minutes and decimals, None where an entry cannot be read.
"""

import calendar
import copy
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from enphase.records.tariffs import DayGroup, Season, Tariff
from enphase.records.tariffs import Period as PeriodRecord

Document = dict[str, Any]
Node = dict[str, Any]

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# The order of Enphase's examples.
WEEK_ON_WIRE = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
WEEKDAYS, WEEKEND = DAYS[:5], DAYS[5:]
MINUTES = 24 * 60
DIRECTIONS = ("buy", "sell")
SEASONS_OF = {"buy": "seasons", "sell": "seasons_sell"}
RATE_OF = {"buy": "rate", "sell": "sell"}
FLAGS = {"from_grid": "enable_charge_from_grid", "to_grid": "enable_discharge_to_grid"}
# What a request may consist of; anything else that came cannot be sent back.
PARTS = ("currency", "single_rate", "seasons", "seasons_sell", "storage_settings")
MAX_SEASONS = 12
MAX_PERIODS = 24
# A form of one direction must stay below the 1000 fields that Django takes.
MAX_PERIODS_IN_ALL = 150
# Any year without a 29 February: seasons repeat every year.
YEAR = 2026


# ------------------------------------------------------------------ reading what was typed


def minutes_of(text: str) -> int | None:
    """960 for "16:00", "16", "1600", "16.00" or "4 pm"; None for anything that is no time."""
    match = re.fullmatch(r"(\d{1,2})(?:[:.h]?(\d{2}))?\s*([ap])\.?m?\.?", text.strip().lower())
    half = match[3] if match else ""
    match = match or re.fullmatch(r"(\d{1,2})(?:[:.h]?(\d{2}))?h?", text.strip().lower())
    if match is None:
        return None
    hour, minute = int(match[1]), int(match[2] or 0)
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    return hour * 60 + minute if hour < 24 and minute < 60 else None


def clock(minutes: int) -> str:
    """ "16:00" for 960; the end of the day is "24:00"."""
    return f"{minutes // 60:02}:{minutes % 60:02}"


def amount_of(text: str) -> Decimal | None:
    """0.58 for "0.58", "0,58", "$0.58" or "58¢"; None for anything that is no price."""
    plain = text.strip().replace("−", "-").removesuffix("/kWh").strip()
    in_cents = plain.endswith(("¢", "ct", "c"))
    plain = plain.rstrip("¢ct ").lstrip("$€£ ").replace(",", ".")
    if not re.fullmatch(r"-?(\d{1,6}(\.\d{0,8})?|\.\d{1,8})", plain, re.ASCII):
        return None
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        return None
    return amount / 100 if in_cents else amount


def text_of(amount: Decimal) -> str:
    """A decimal as it is typed and sent: never with an exponent."""
    return f"{amount:f}"


def whole_of(text: str) -> int | None:
    plain = text.strip()
    return int(plain) if re.fullmatch(r"\d{1,5}", plain, re.ASCII) else None


# ------------------------------------------------------------------ from Enphase


def document_of(tariff: Tariff | None, currency: str = "USD") -> Document:
    """Open what Enphase sent. `locked` says why it must not be edited; "" when it may."""
    raw = tariff.for_update() if tariff is not None else {"currency": {"code": currency}}
    keys = _Keys()
    document: Document = {
        "currency": (tariff.currency if tariff is not None else None) or "",
        "raw": {name: value for name, value in raw.items() if name not in SEASONS_OF.values()},
        "locked": _why_locked(tariff, raw) if tariff is not None else "",
    }
    if tariff is None:
        document["currency"] = currency
    for direction in DIRECTIONS:
        found = raw.get(SEASONS_OF[direction])
        seasons = [_season_of(item, keys) for item in _objects(found)]
        single = tariff.single_rate if tariff is not None else None
        rate = getattr(single, RATE_OF[direction], None)
        kind = "tou" if seasons else "single" if rate is not None else "none"
        document[direction] = {
            "kind": "single" if kind == "none" and direction == "buy" else kind,
            "read_as": kind,
            "rate": text_of(rate) if rate is not None else "",
            "seasons": seasons,
            # [] and "not there" are two things that must go back as they came.
            "was": None if isinstance(found, list) or SEASONS_OF[direction] not in raw else found,
            "listed": isinstance(found, list),
        }
    document["next"] = keys.last + 1
    return document


class _Keys:
    """Names for the parts of a document, so that a form can say which one it means."""

    last = 0

    def new(self) -> str:
        self.last += 1
        return f"n{self.last}"


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _season_of(raw: dict[str, Any], keys: _Keys) -> Node:
    record = Season.from_api(raw)
    start = record.start_month_day
    key = keys.new()
    return {
        "key": key,
        "id": record.id or "",
        "name": name_of(record.id or ""),
        "month": str(start[0]) if start else "",
        "day": str(start[1]) if start else str(raw.get("start") or ""),
        "from_grid": record.enable_charge_from_grid,
        "to_grid": record.enable_discharge_to_grid,
        "raw": _without_list(raw, "days"),
        "groups": [_group_of(item, keys) for item in _objects(raw.get("days"))],
    }


def _group_of(raw: dict[str, Any], keys: _Keys) -> Node:
    record = DayGroup.from_api(raw)
    key = keys.new()
    start, length = record.must_charge_start, record.must_charge_duration
    has_window = bool(start or length)
    return {
        "key": key,
        "id": record.id or "",
        "days": list(dict.fromkeys(_day_name(day) for day in record.days)),
        "charge_start": _clock_or_text(start) if has_window else "",
        "charge_minutes": str(length) if has_window and length is not None else "",
        "from_grid": record.enable_charge_from_grid,
        "to_grid": record.enable_discharge_to_grid,
        "raw": _without_list(raw, "periods"),
        "periods": [_period_of(item, keys) for item in _objects(raw.get("periods"))],
    }


def _period_of(raw: dict[str, Any], keys: _Keys) -> Node:
    record = PeriodRecord.from_api(raw)
    start = record.start_minutes
    return {
        "key": keys.new(),
        "id": record.id or "",
        "start": str(raw.get("start") or "") if start is None else _clock_or_text(start),
        "rate": text_of(record.rate) if record.rate is not None else str(raw.get("rate") or ""),
        "raw": dict(raw),
    }


def _clock_or_text(minutes: int | None) -> str:
    """What is no time of a day keeps its unit: a bare "1440" would be read as 14:40."""
    if minutes is None:
        return ""
    return clock(minutes) if 0 <= minutes < MINUTES else f"{minutes} minutes"


def _without_list(raw: dict[str, Any], name: str) -> dict[str, Any]:
    """The object without its list of parts; what stands there instead of a list stays."""
    return {key: value for key, value in raw.items() if key != name or not isinstance(value, list)}


def _day_name(text: str) -> str:
    short = text.strip()[:3].title()
    return short if short in DAYS else text.strip()


def _why_locked(tariff: Tariff, raw: dict[str, Any]) -> str:
    strange = sorted(set(raw) - set(PARTS))
    if tiers_in(raw):
        strange_tiers = [name for name in strange if name.lower().startswith("tier")]
        if strange_tiers:
            return (
                "This tariff has tiers: prices that depend on monthly use. They cannot be written "
                "through Enphase's API, so change this tariff in Enphase's own app."
            )
    if strange:
        names = ", ".join(strange)
        return f"This tariff has parts that cannot be sent back ({names}). Change it at Enphase."
    lists = [*tariff.seasons, *tariff.seasons_sell]
    unreadable = [
        tariff.unreadable,
        *(season.unreadable for season in lists),
        *(group.unreadable for season in lists for group in season.days),
    ]
    if any(unreadable):
        return (
            "This tariff has parts that Ridgeline cannot read. Writing it back would lose them, "
            "so it is only shown."
        )
    return ""


def tiers_in(raw: Any) -> list[Any]:
    """Whatever Enphase sends under a name that begins with "tier", at any depth."""
    found: list[Any] = []
    if isinstance(raw, dict):
        for name, value in raw.items():
            if str(name).lower().startswith("tier") and value not in (None, "", [], {}):
                found.append(value)
            else:
                found += tiers_in(value)
    elif isinstance(raw, list):
        for item in raw:
            found += tiers_in(item)
    return found


# ------------------------------------------------------------------ to Enphase


def wire_of(document: Document) -> dict[str, Any]:
    """The request: what came from Enphase with what was edited replaced, and nothing else.

    Meant for documents without problems; an entry that cannot be read stays as it came.
    """
    wire = copy.deepcopy(document["raw"])
    was = Tariff.from_api(document["raw"])
    currency = document["currency"].strip().upper()
    if currency and currency != was.currency:
        wire["currency"] = {"code": currency}
    found = wire.get("single_rate")
    single = dict(found) if isinstance(found, dict) else {}
    for direction in DIRECTIONS:
        prices, name = document[direction], RATE_OF[direction]
        former = getattr(was.single_rate, name, None)
        amount = amount_of(prices["rate"])
        if prices["kind"] == "single" and amount is not None and amount != former:
            single[name] = text_of(amount)
        if prices["kind"] != "single" and prices["kind"] != prices["read_as"]:
            single.pop(name, None)
        seasons = SEASONS_OF[direction]
        if prices["kind"] == "tou":
            wire[seasons] = [_season_on_wire(node) for node in prices["seasons"]]
        elif prices.get("listed"):
            wire[seasons] = []
        elif prices.get("was") is not None:
            wire[seasons] = copy.deepcopy(prices["was"])
    if single:
        wire["single_rate"] = single
    elif was.single_rate is not None:
        wire.pop("single_rate", None)
    return wire


def _season_on_wire(node: Node) -> dict[str, Any]:
    wire = copy.deepcopy(node["raw"])
    was = Season.from_api(wire)
    _put(wire, "id", node["id"], was.id or "")
    start = start_of(node)
    if start is not None and start != was.start_month_day:
        wire["start"] = f"{start[0]}/{start[1]}"
    _put_flags(wire, node, was)
    if node["groups"] or "days" not in wire:
        wire["days"] = [_group_on_wire(group) for group in node["groups"]]
    return wire


def _group_on_wire(node: Node) -> dict[str, Any]:
    wire = copy.deepcopy(node["raw"])
    was = DayGroup.from_api(wire)
    _put(wire, "id", node["id"], was.id or "")
    days = set(node["days"])
    if days != {_day_name(day) for day in was.days}:
        wire["days"] = ",".join(day for day in WEEK_ON_WIRE if day in days)
    window = {
        "must_charge_start": (node["charge_start"], minutes_of, was.must_charge_start),
        "must_charge_duration": (node["charge_minutes"], whole_of, was.must_charge_duration),
    }
    for name, (text, read, former) in window.items():
        # Emptied: Enphase's word for no window is zero.
        value = read(text) if text.strip() else (0 if former else None)
        if value is not None and value != former:
            wire[name] = value
    _put_flags(wire, node, was)
    if node["periods"] or "periods" not in wire:
        wire["periods"] = [_period_on_wire(period) for period in node["periods"]]
    return wire


def _period_on_wire(node: Node) -> dict[str, Any]:
    wire = copy.deepcopy(node["raw"])
    was = PeriodRecord.from_api(wire)
    _put(wire, "id", node["id"], was.id or "")
    start, rate = minutes_of(node["start"]), amount_of(node["rate"])
    if start is not None and start != was.start_minutes:
        wire["start"] = start
    if rate is not None and rate != was.rate:
        wire["rate"] = text_of(rate)
    return wire


def _put(wire: dict[str, Any], name: str, value: str, former: str) -> None:
    if value != former:
        wire[name] = value


def _put_flags(wire: dict[str, Any], node: Node, was: Season | DayGroup) -> None:
    """Charging and discharging stand on a season or on its days: written where they were read."""
    for ours, theirs in FLAGS.items():
        if node[ours] is not None and node[ours] != getattr(was, theirs):
            wire[theirs] = node[ours]


# ------------------------------------------------------------------ what it means


@dataclass(frozen=True)
class Period:
    """A price from `start` (minutes after local midnight) until the next one; None: not readable.

    `rate` is in the tariff's currency per kWh.
    """

    key: str
    id: str
    start: int | None
    rate: Decimal | None
    text: str


@dataclass(frozen=True)
class Group:
    """Days with the same prices and the same battery rules, the periods by their start.

    `charge` is (start, length) in minutes when the battery must charge then, else None.
    """

    key: str
    days: tuple[str, ...]
    periods: tuple[Period, ...]
    charge: tuple[int, int] | None
    from_grid: bool | None
    to_grid: bool | None

    def rate_at(self, minute: int) -> Decimal | None:
        """The price in force at a minute of the day; None in a gap."""
        rate = None
        for period in self.periods:
            if period.start is not None and period.start <= minute:
                rate = period.rate
        return rate

    @property
    def runs(self) -> list[tuple[int, int, Decimal | None]]:
        """(from, to, price) over the whole day; a gap has the price None."""
        starts = [period for period in self.periods if period.start is not None]
        found: list[tuple[int, int, Decimal | None]] = []
        if not starts or starts[0].start:
            found.append((0, starts[0].start or MINUTES if starts else MINUTES, None))
        for number, period in enumerate(starts):
            end = starts[number + 1].start if number + 1 < len(starts) else MINUTES
            assert period.start is not None
            assert end is not None
            if end > period.start:
                found.append((period.start, end, period.rate))
        return found


@dataclass(frozen=True)
class SeasonPlan:
    """Prices from `start` (month, day) until the next season; `start` None: not readable."""

    key: str
    id: str
    name: str
    start: tuple[int, int] | None
    groups: tuple[Group, ...]
    from_grid: bool | None
    to_grid: bool | None

    def group_on(self, day: str) -> Group | None:
        return next((group for group in self.groups if day in group.days), None)


@dataclass(frozen=True)
class Prices:
    """What is bought, or sold: `kind` none, single (one `rate`) or tou (seasons)."""

    kind: str
    rate: Decimal | None
    text: str
    seasons: tuple[SeasonPlan, ...]

    def season_on(self, day: date) -> SeasonPlan | None:
        """The season in force; the last one of the year lasts until the first of the next."""
        started = [season for season in self.seasons if season.start is not None]
        if not started:
            return None
        ordered = sorted(started, key=lambda season: season.start or (0, 0))
        begun = [s for s in ordered if s.start is not None and s.start <= (day.month, day.day)]
        return begun[-1] if begun else ordered[-1]

    def rate_at(self, moment: datetime) -> Decimal | None:
        """The price at a local time; None when none is set."""
        if self.kind != "tou":
            return self.rate if self.kind == "single" else None
        season = self.season_on(moment.date())
        group = season.group_on(DAYS[moment.weekday()]) if season else None
        return group.rate_at(moment.hour * 60 + moment.minute) if group else None

    @property
    def ends(self) -> dict[str, tuple[int, int]]:
        """The last (month, day) of every season, by its key."""
        starts = sorted({season.start for season in self.seasons if season.start is not None})
        found = {}
        for season in self.seasons:
            if season.start is None:
                continue
            following = starts[(starts.index(season.start) + 1) % len(starts)]
            last = date(YEAR, *following) - timedelta(days=1) if is_day(following) else None
            if last is not None:
                found[season.key] = (last.month, last.day)
        return found

    @property
    def rates(self) -> list[Decimal]:
        """All different prices that are in force at some time, the cheapest first."""
        if self.kind == "single":
            return [self.rate] if self.rate is not None else []
        if self.kind != "tou":
            return []
        return sorted(
            {
                period.rate
                for season in self.seasons
                for group in season.groups
                for period in group.periods
                if period.rate is not None and period.start is not None
            }
        )


@dataclass(frozen=True)
class Plan:
    """A whole tariff; `storage` is what it says of the battery: (mode, reserve in percent)."""

    currency: str
    buy: Prices
    sell: Prices
    storage: tuple[str, float | None] | None

    def __getitem__(self, direction: str) -> Prices:
        return self.sell if direction == "sell" else self.buy


def plan_of(document: Document) -> Plan:
    """What a document means, with None where an entry cannot be read."""
    record = Tariff.from_api(document["raw"])
    storage = record.storage_settings
    return Plan(
        currency=document["currency"].strip().upper(),
        buy=_prices_of(document["buy"]),
        sell=_prices_of(document["sell"]),
        storage=(storage.mode or "", storage.reserved_soc_percent) if storage else None,
    )


def _prices_of(node: Node) -> Prices:
    return Prices(
        kind=node["kind"],
        rate=amount_of(node["rate"]),
        text=node["rate"],
        seasons=tuple(_season_plan_of(season) for season in node["seasons"])
        if node["kind"] == "tou"
        else (),
    )


def _season_plan_of(node: Node) -> SeasonPlan:
    return SeasonPlan(
        key=node["key"],
        id=node["id"],
        name=node["name"].strip() or "Season",
        start=start_of(node),
        groups=tuple(_group_plan_of(group) for group in node["groups"]),
        from_grid=node["from_grid"],
        to_grid=node["to_grid"],
    )


def _group_plan_of(node: Node) -> Group:
    periods = [
        Period(
            period["key"],
            period["id"],
            minutes_of(period["start"]),
            amount_of(period["rate"]),
            f"{period['start']} {period['rate']}",
        )
        for period in node["periods"]
    ]
    length = whole_of(node["charge_minutes"])
    return Group(
        key=node["key"],
        days=tuple(day for day in DAYS if day in node["days"]),
        periods=tuple(sorted(periods, key=lambda p: MINUTES if p.start is None else p.start)),
        charge=(minutes_of(node["charge_start"]) or 0, length) if length else None,
        from_grid=node["from_grid"],
        to_grid=node["to_grid"],
    )


def start_of(season: Node) -> tuple[int, int] | None:
    month, day = whole_of(season["month"]), whole_of(season["day"])
    return (month, day) if month and day and is_day((month, day)) else None


def is_day(month_day: tuple[int, int]) -> bool:
    """Does this (month, day) exist in every year?"""
    month, day = month_day
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(YEAR, month)[1]


def canonical(plan: Plan) -> Any:
    """The same for tariffs that mean the same, however they are spelled."""

    def of(prices: Prices) -> Any:
        if prices.kind != "tou":
            return (prices.kind, prices.rate if prices.kind == "single" else None)
        return ("tou", tuple(sorted((_canonical_season(s) for s in prices.seasons), key=repr)))

    storage = (plan.storage[0].casefold(), plan.storage[1]) if plan.storage else None
    return (plan.currency, of(plan.buy), of(plan.sell), storage)


def _canonical_season(season: SeasonPlan) -> Any:
    groups = [
        (
            group.days,
            tuple((p.start, p.rate, p.text if None in (p.start, p.rate) else "")
                  for p in group.periods),
            group.charge,
            bool(group.from_grid),
            bool(group.to_grid),
        )
        for group in season.groups
    ]  # fmt: skip
    return (
        season.start,
        bool(season.from_grid),
        bool(season.to_grid),
        tuple(sorted(groups, key=repr)),
    )


def same(one: Document, other: Document) -> bool:
    """Do both mean the same prices, windows and battery rules?"""
    return bool(canonical(plan_of(one)) == canonical(plan_of(other)))


# ------------------------------------------------------------------ what is wrong with it


@dataclass(frozen=True)
class Problem:
    """A sentence and the name of the field it belongs to; `direction` says on which page."""

    field: str
    text: str
    direction: str


def problems_of(document: Document) -> list[Problem]:
    """All that keeps this tariff from being sent, in the order of the form."""
    found: list[Problem] = []
    if not re.fullmatch(r"[A-Za-z]{3}", document["currency"].strip()):
        found.append(Problem("currency", "Choose a currency", "buy"))
    for direction in DIRECTIONS:
        found += [
            Problem(name, text, direction)
            for name, text in _problems_in(document[direction], direction)
        ]
    return found


def _problems_in(prices: Node, direction: str) -> Iterator[tuple[str, str]]:
    if prices["kind"] == "single":
        if amount_of(prices["rate"]) is None:
            yield "rate", f"Enter the price per kWh you {direction} at, such as 0.28"
        return
    if prices["kind"] != "tou":
        return
    if not prices["seasons"]:
        yield "seasons", "Add a season"
    starts: dict[tuple[int, int], str] = {}
    names: set[str] = set()
    for season in prices["seasons"]:
        key, start = season["key"], start_of(season)
        if not season["id"]:
            yield f"{key}-name", "Enter a name for the season, such as Summer"
        elif season["id"] in names:
            yield f"{key}-name", "Another season has this name"
        names.add(season["id"])
        if start is None:
            yield f"{key}-day", "Enter a day that exists every year"
        elif start in starts:
            yield f"{key}-day", f"{starts[start]} starts on this day too"
        else:
            starts[start] = season["name"].strip() or "Another season"
        yield from _problems_in_season(season)


def _problems_in_season(season: Node) -> Iterator[tuple[str, str]]:
    if not season["groups"]:
        yield f"{season['key']}-groups", "Add a day set: this season has no prices"
        return
    taken: set[str] = set()
    for group in season["groups"]:
        key = group["key"]
        strange = [day for day in group["days"] if day not in DAYS]
        twice = [day for day in DAYS if day in group["days"] and day in taken]
        taken |= set(group["days"])
        if strange:
            yield f"{key}-days", f"{strange[0]} is no day of the week: choose the days anew"
        elif not group["days"]:
            yield f"{key}-days", "Choose the days of this set, or remove it"
        elif twice:
            yield f"{key}-days", f"{LONG_DAYS[twice[0]]} is in another set too"
        yield from _problems_in_group(group)
    missing = [day for day in DAYS if day not in taken]
    if missing:
        names = ", ".join(LONG_DAYS[day] for day in missing)
        yield f"{season['groups'][0]['key']}-days", f"No prices for {names}: choose a set"


def _problems_in_group(group: Node) -> Iterator[tuple[str, str]]:
    if not group["periods"]:
        yield f"{group['key']}-days", "Add a period: these days have no prices"
    seen: set[int] = set()
    starts = [minutes_of(period["start"]) for period in group["periods"]]
    for period, start in zip(group["periods"], starts, strict=True):
        if start is None:
            yield f"{period['key']}-start", "Enter a time, such as 16:00"
        elif start in seen:
            yield f"{period['key']}-start", f"Another period starts at {clock(start)}"
        elif start == min(s for s in starts if s is not None) and start and None not in starts:
            yield f"{period['key']}-start", "The first period must start at 00:00"
        if start is not None:
            seen.add(start)
        if amount_of(period["rate"]) is None:
            yield f"{period['key']}-rate", "Enter the price per kWh, such as 0.31"
    begin, length = group["charge_start"].strip(), group["charge_minutes"].strip()
    if begin and minutes_of(begin) is None:
        yield f"{group['key']}-charge_start", "Enter a time, such as 02:00"
    elif length and length != "0" and not begin:
        yield f"{group['key']}-charge_start", "Enter when charging must start"
    if length and (whole_of(length) is None or (whole_of(length) or 0) > MINUTES):
        yield f"{group['key']}-charge_minutes", "Enter minutes, at most 1440"
    elif begin and not length:
        yield f"{group['key']}-charge_minutes", "Enter for how many minutes"


LONG_DAYS = dict(
    zip(
        DAYS,
        ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        strict=True,
    )
)


def place_of(document: Document, problem: Problem) -> str:
    """Where a problem is: "Summer, day set 1, period 3"; "" for what belongs to no season."""
    key = problem.field.partition("-")[0]
    for season in document[problem.direction]["seasons"]:
        place = season["name"].strip() or "Season"
        if season["key"] == key:
            return place
        for number, group in enumerate(season["groups"], start=1):
            inside = f"{place}, day set {number}" if len(season["groups"]) > 1 else place
            if group["key"] == key:
                return inside
            for count, period in enumerate(group["periods"], start=1):
                if period["key"] == key:
                    return f"{inside}, period {count}"
    return ""


def gaps(prices: Prices) -> list[str]:
    """Hours of the year without a price, in words; [] when every minute has one.

    Seasons cannot leave days out, because each lasts until the next; a day set or the time before
    the first period can.
    """
    if prices.kind == "single":
        return [] if prices.rate is not None else ["No price"]
    if prices.kind != "tou":
        return []
    if not any(season.start for season in prices.seasons):
        return ["No season has a start"]
    found = []
    for season in prices.seasons:
        for day in DAYS:
            group = season.group_on(day)
            if group is None:
                found.append(f"{season.name}, {LONG_DAYS[day]}")
            elif any(rate is None for _, _, rate in group.runs):
                start, end = next((a, b) for a, b, rate in group.runs if rate is None)
                found.append(f"{season.name}, {LONG_DAYS[day]} {clock(start)} to {clock(end)}")
    return found


def price_matrix(prices: Prices, day: str) -> list[list[Decimal | None]]:
    """Month × hour: what each hour of that weekday begins with, on the 15th of each month."""
    rows = []
    for month in range(1, 13):
        season = prices.season_on(date(YEAR, month, 15)) if prices.kind == "tou" else None
        group = season.group_on(day) if season else None
        single = prices.rate if prices.kind == "single" else None
        rows.append([group.rate_at(hour * 60) if group else single for hour in range(24)])
    return rows


# ------------------------------------------------------------------ names


def name_of(id_: str) -> str:
    """ "All year long" for all_year_long."""
    plain = re.sub(r"[_\s]+", " ", id_).strip()
    return plain[:1].upper() + plain[1:]


def id_of(name: str) -> str:
    """ "all_year_long" for "All year long", as Enphase spells its own; "ete" for "Été"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:40]


def group_id_of(days: list[str]) -> str:
    """all_days, weekdays, weekend, or the days themselves."""
    chosen = tuple(day for day in DAYS if day in days)
    known = {DAYS: "all_days", WEEKDAYS: "weekdays", WEEKEND: "weekend"}
    return known.get(chosen) or "_".join(day.lower() for day in chosen)
