"""Whatever people do in the editor: every minute has one price, and nothing changes on the way."""

import calendar
import json
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from activations.tariffs import editing, pages, words
from activations.tariffs.models import TariffDraft
from activations.tariffs.plan import (
    DAYS,
    clock,
    document_of,
    gaps,
    plan_of,
    problems_of,
    same,
    wire_of,
)
from enphase.records import Tariff
from portal.connections.services import client_for
from tests.activations.tariffs.examples import ALL_DAYS, BAY, fields_of, periods, site_with, there

SINGLE = {
    "currency": {"code": "EUR"},
    "single_rate": {"rate": "0.28", "sell": "0.06"},
    "seasons": [],
    "seasons_sell": [],
}
ODD = {
    "currency_type": {"code": "AUD"},
    "seasons": [
        {
            "id": "all_year_long",
            "start": "3/15",
            "enable_charge_from_grid": True,
            "color": "#aabbcc",
            "days": [
                {
                    "id": "all_days",
                    "days": ALL_DAYS,
                    "periods": [
                        {"id": "peak", "start": "0", "rate": "0.10", "note": 1},
                        {"id": "period_2", "start": "240", "rate": 0.5},
                    ],
                }
            ],
        }
    ],
    "seasons_sell": [
        {
            "id": "winter",
            "start": "11/1",
            "days": [{"id": "x", "days": ALL_DAYS, "periods": periods((0, "-0.02"))}],
        }
    ],
}
# Days as a list occur nowhere, but the client reads them.
LISTED = json.loads(json.dumps(ODD).replace(f'"{ALL_DAYS}"', json.dumps(ALL_DAYS.split(","))))
rates = st.decimals(min_value=-1, max_value=2, places=4).map(lambda rate: f"{rate:f}")
pick = st.integers(0, 1000)


def nodes(document, direction):
    """Seasons, groups and periods of one direction, as three lists."""
    seasons = document[direction]["seasons"]
    groups = [group for season in seasons for group in season["groups"]]
    return seasons, groups, [period for group in groups for period in group["periods"]]


def do_something(draw, document):
    """One thing a person may do: press a button or type into a field."""
    direction = draw(st.sampled_from(["buy", "buy", "buy", "sell"]))
    prices = document[direction]
    if prices["kind"] != "tou":
        kind = draw(st.sampled_from(editing.KINDS[direction]))
        editing.merge(document, direction, {"kind": kind, "rate": draw(rates)})
        return
    seasons, groups, all_periods = nodes(document, direction)
    season, group, period = (
        found[draw(pick) % len(found)] for found in (seasons, groups, all_periods)
    )
    verb = draw(st.sampled_from([*editing.ACTIONS, "start", "rate", "name", "begin", "day",
                                 "charge", "flag", "kind"]))  # fmt: skip
    if verb in editing.ACTIONS:
        kind = verb.rpartition("-")[2]
        key = {"season": season, "group": group, "period": period}[kind]["key"]
        if verb == "add-period":
            key = group["key"]
        elif verb == "add-group":
            key = season["key"]
        with suppress(editing.NotPossible):
            editing.act(document, direction, f"{verb}:{key}")
        return
    if verb == "start" and period["start"] == "00:00":
        return
    typed = {
        "start": {f"{period['key']}-start": clock(draw(st.integers(1, 1439)))},
        "rate": {f"{period['key']}-rate": draw(rates)},
        "name": {f"{season['key']}-name": draw(st.sampled_from(["Wet", "Dry & hot", "Été"]))},
        "begin": begin(season["key"], draw(st.integers(0, 364))),
        "day": {f"{season['key']}-{draw(st.sampled_from(DAYS))}": group["key"]},
        "charge": {
            f"{group['key']}-charge_start": clock(draw(st.integers(0, 1439))),
            f"{group['key']}-charge_minutes": str(draw(st.integers(1, 300))),
        },
        "flag": {f"{group['key']}-from_grid-shown": "1", f"{group['key']}-from_grid": "on"},
        "kind": {"kind": draw(st.sampled_from(editing.KINDS[direction]))},
    }[verb]
    if verb == "day" and group not in season["groups"]:
        return
    editing.merge(document, direction, typed)


def begin(key, number):
    day = date(2026, 1, 1) + timedelta(days=number)
    return {f"{key}-month": str(day.month), f"{key}-day": str(day.day)}


@st.composite
def tariffs(draw):
    """A tariff that people made in the editor, from one of Enphase's or from nothing."""
    start = draw(st.sampled_from([None, SINGLE, BAY, ODD]))
    document = document_of(Tariff.from_api(deepcopy(start)) if start else None)
    for _ in range(draw(st.integers(1, 12))):
        do_something(draw, document)
    for direction in ("buy", "sell"):
        _, _, all_periods = nodes(document, direction)
        empty = {f"{p['key']}-rate": "0.1" for p in all_periods if not p["rate"]}
        typed = {**empty} if document[direction]["rate"] else {**empty, "rate": "0.2"}
        editing.merge(document, direction, typed)
        # A day set without days is the one thing that people must put right themselves.
        for season in document[direction]["seasons"]:
            for group in [g for g in season["groups"] if not g["days"]]:
                if len(season["groups"]) > 1:
                    editing.act(document, direction, f"remove-group:{group['key']}")
    assume(not problems_of(document))
    return json.loads(json.dumps(document))


def season_on(seasons, month, day):
    """By the contract: the one that began last, over the turn of the year."""
    begun = [s for s in seasons if _start(s) <= (month, day)]
    return max(begun or seasons, key=_start)


def _start(season):
    month, day = season["start"].split("/")
    return int(month), int(day)


def assert_every_minute_has_one_price(seasons):
    starts = [_start(season) for season in seasons]
    assert len(set(starts)) == len(starts)
    for month in range(1, 13):
        for day in range(1, calendar.monthrange(2026, month)[1] + 1):
            season = season_on(seasons, month, day)
            weekday = DAYS[date(2026, month, day).weekday()]
            assert sum(weekday in days_of(group) for group in season["days"]) == 1
    for season in seasons:
        for group in season["days"]:
            begins = sorted(int(period["start"]) for period in group["periods"])
            ends = [*begins[1:], 24 * 60]
            covered = [0] * (24 * 60)
            for start, end in zip(begins, ends, strict=True):
                for minute in range(start, end):
                    covered[minute] += 1
            assert covered == [1] * (24 * 60)


def days_of(group):
    days = group["days"]
    return days.split(",") if isinstance(days, str) else days


@given(document=tariffs())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_minute_of_the_year_has_exactly_one_price(document):
    wire = wire_of(document)
    for name, direction in (("seasons", "buy"), ("seasons_sell", "sell")):
        if document[direction]["kind"] == "tou":
            assert_every_minute_has_one_price(wire[name])
            assert gaps(plan_of(document)[direction]) == []
        else:
            assert not wire.get(name)


@given(document=tariffs())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_is_sent_reads_as_what_was_edited(document):
    again = document_of(Tariff.from_api(wire_of(document)))
    assert again["locked"] == ""
    assert words.differences(document, again) == []
    assert words.facts_of(again) == words.facts_of(document)
    assert wire_of(again) == wire_of(document)


@given(before=tariffs(), after=tariffs())
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_differences_are_told_exactly_when_there_are_some(before, after):
    told = words.differences(before, after)
    assert bool(told) != same(before, after)
    fields = [one.field for one in told]
    assert len(set(fields)) == len(fields)
    assert all(one.sentence and one.before != one.after for one in told)


@given(
    document=tariffs(),
    minutes=st.integers(0, 365 * 24 * 60 - 1),
)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_price_at_a_time_is_that_of_the_period_in_force(document, minutes):
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    prices = plan_of(document).buy
    rate = prices.rate_at(moment)
    if prices.kind == "single":
        assert rate == prices.rate
        return
    season = season_on(wire_of(document)["seasons"], moment.month, moment.day)
    (group,) = [g for g in season["days"] if DAYS[moment.weekday()] in days_of(g)]
    minute = moment.hour * 60 + moment.minute
    begun = [p for p in group["periods"] if int(p["start"]) <= minute]
    latest = max(begun, key=lambda period: int(period["start"]))
    assert rate == Decimal(str(latest["rate"]))


@pytest.mark.django_db
@given(document=tariffs())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_form_document_enphase_and_back(client, alice, halcyon, world, document):
    """Through the page's own form, then to the sandbox and back into the editor."""
    world.reset()
    site = site_with(halcyon, world, None)
    TariffDraft.objects.update_or_create(
        activation=site,
        defaults={"document": document, "base": {}, "revision": 1, "tab": ""},
    )
    client.force_login(alice)
    url = reverse("tariffs:tariff", args=[site.pk])
    for direction in ("buy", "sell"):
        fields = fields_of(client.get(f"{url}?dir={direction}").content.decode())
        answer = client.post(f"{url}?dir={direction}", {**fields, "do": "preview"})
        assert answer.status_code == 302
    typed = TariffDraft.objects.get(activation=site).document
    assert wire_of(typed) == wire_of(document)

    with client_for(halcyon.pk) as enphase:
        enphase.tariffs.update_tariff(703, wire_of(typed))
    world.clock(advance_seconds=60)
    opened = document_of(there(halcyon, 703).tariff)
    assert opened["locked"] == ""
    assert words.differences(typed, opened) == []


@pytest.mark.parametrize("raw", [SINGLE, BAY, ODD, LISTED], ids=["single", "bay", "odd", "listed"])
def test_a_tariff_that_nobody_touched_goes_back_as_it_came(raw):
    tariff = Tariff.from_api(raw)
    document = document_of(tariff)
    assert wire_of(document) == tariff.for_update()
    assert problems_of(document) == []


@pytest.mark.django_db
def test_every_tariff_of_the_demo_world_opens_unchanged(client, alice, halcyon, world):
    """All systems that answer with a tariff, each with a form that sends back what came."""
    world.reset("demo", seed=7)
    seen = 0
    with client_for(halcyon.pk) as enphase:
        page = enphase.activations.list_activations(limit=100)
        for row in page.systems:
            found = enphase.tariffs.get_tariff(row.system_id).tariff
            assert found is not None
            document = document_of(found)
            assert document["locked"] == ""
            assert problems_of(document) == []
            assert wire_of(document) == found.for_update()
            for direction in ("buy", "sell"):
                editing.merge(document, direction, {"kind": document[direction]["kind"]})
            assert wire_of(document) == found.for_update()
            seen += 1
    assert seen >= 50


@pytest.mark.parametrize("start", [1440, "1440", 1500, -5])
def test_start_that_is_no_time_of_a_day_is_not_read_as_another_one(start):
    raw = deepcopy(BAY)
    days = raw["seasons"][0]["days"][0]
    days["periods"][-1]["start"] = days["must_charge_start"] = start
    days["must_charge_duration"] = 60
    document = document_of(Tariff.from_api(raw))
    group = document["buy"]["seasons"][0]["groups"][0]
    shown = group["periods"][-1]["start"], group["charge_start"]
    assert shown == (f"{start} minutes", f"{start} minutes")
    assert "Enter a time, such as 16:00" in [problem.text for problem in problems_of(document)]
    assert wire_of(document) == raw


STRANGE = [None, "", [], {}, 0, -5, "x", "16:00", True, 1e30, "NaN", "13/45", "\x00", ["Mon", None]]


@pytest.mark.parametrize("strange", STRANGE, ids=repr)
def test_strange_answers_open_or_are_only_shown(strange):
    """Whatever stands in any one place: the pages have something to show, never an error."""
    for path in paths_in(BAY):
        raw = deepcopy(BAY)
        part = raw
        for step in path[:-1]:
            part = part[step]
        part[path[-1]] = strange
        document = document_of(Tariff.from_api(raw))
        problems = problems_of(document)
        for direction in ("buy", "sell"):
            pages.editor_of(document, direction, problems=problems)
            pages.preview_of(document, direction)
        words.facts_of(document)
        words.summary(document)
        words.differences(document, document_of(Tariff.from_api(BAY)))
        assert json.loads(json.dumps(document)) == document


def paths_in(value, path=()):
    """The way to every part of an answer."""
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for step, part in parts:
        yield (*path, step)
        if isinstance(part, dict | list):
            yield from paths_in(part, (*path, step))
