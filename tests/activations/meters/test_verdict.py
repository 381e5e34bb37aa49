"""Which CT is wrong, and how it shows; and that no good one is accused."""

import math
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activations.meters.quarters import quarters_of
from activations.meters.sky import elevation, is_night
from activations.meters.verdict import (
    Ct,
    Quarter,
    Reading,
    State,
    decide,
    judge,
)
from enphase.records import Telemetry
from scripts import ct_verdicts

QUARTER = timedelta(minutes=15)
MIDNIGHT = datetime(2026, 6, 1, tzinfo=UTC)


def weather(days=3, seed=4):
    """(sun, load, is night) of each quarter: clouds come and go, a home with kettles."""
    dice = random.Random(seed)
    through = 0.7
    for slot in range(days * 96):
        hour = slot % 96 / 4
        through = min(1.0, max(0.15, through + dice.gauss(0, 0.2)))
        height = math.sin((hour - 6) / 12 * math.pi) if 6 < hour < 18 else 0.0
        load = 70 + 60 * dice.random() + 150 * math.exp(-((hour - 19) ** 2) / 4)
        yield round(1400 * max(height, 0) * through), round(load), not 5 <= hour < 19


def site(production, consumption, days=3, **more):
    """Quarters with what each CT publishes of sun and load."""
    return [
        Quarter(
            MIDNIGHT + QUARTER * (slot + 1),
            micros=sun,
            production=production(sun, load),
            consumption=consumption(sun, load),
            night=night,
            **{name: what(sun, load) for name, what in more.items()},
        )
        for slot, (sun, load, night) in enumerate(weather(days))
    ]


def seen(sun, load):
    return round(sun * 0.98)


def home(sun, load):
    return load


def cut(what):
    return lambda sun, load: max(0, what(sun, load))


def verdicts(quarters, config="Net", phases="split", battery=False, state="enabled"):
    return decide(
        quarters,
        production=Ct("Production", phases, "enabled"),
        consumption=Ct(config, phases, state),
        battery=battery,
    )


@pytest.mark.parametrize("config", ["Net", "Total"])
@pytest.mark.parametrize("phases", ["single", "split", "three", ""])
def test_a_good_site_is_plausible(config, phases):
    found = verdicts(site(seen, home), config, phases)
    assert found.production.state is State.PLAUSIBLE
    assert found.consumption.state is State.PLAUSIBLE
    assert "nothing at night" in found.production.sentence


@pytest.mark.parametrize(
    ("phases", "reads", "state"),
    [
        ("single", lambda sun, load: -sun, State.REVERSED),
        ("single", lambda sun, load: 0, State.REVERSED),
        ("three", lambda sun, load: -round(sun / 2), State.WRONG_LEG),
        ("split", lambda sun, load: round(sun / 2), State.WRONG_LEG),
        ("three", lambda sun, load: round(sun / 3), State.WRONG_LEG),
        ("single", lambda sun, load: max(0, load - sun), State.WRONG_LEG),
    ],
    ids=["negative", "cut off", "phase", "leg open", "leg turned", "other conductor"],
)
def test_faults_of_the_production_ct(phases, reads, state):
    found = verdicts(site(reads, home), "Net", phases)
    assert found.production.state is state
    assert found.production.next_step
    # What is reckoned from it is not accused.
    assert found.consumption.state is State.CANNOT_TELL


def test_a_production_ct_that_reads_at_night_says_what_it_reads():
    quarters = [replace(one, production=412) if one.night else one for one in site(seen, home)]
    found = verdicts(quarters).production
    assert found.state is State.WRONG_LEG
    assert found.sentence == (
        "At night the production CT reads 412 Wh in a quarter of an hour; the panels cannot."
    )
    assert found.figures["night_wh"] == 412


@pytest.mark.parametrize("published", [lambda what: what, cut], ids=["signed", "cut off"])
@pytest.mark.parametrize(
    ("config", "phases", "reads", "state"),
    [
        ("Net", "single", lambda sun, load: 2 * sun - load, State.REVERSED),
        ("Net", "split", lambda sun, load: 2 * sun - load, State.REVERSED),
        ("Net", "single", lambda sun, load: sun + load, State.WRONG_TYPE),
        ("Net", "three", lambda sun, load: sun + load, State.WRONG_TYPE),
        ("Net", "split", lambda sun, load: round(sun / 2 + load / 2), State.WRONG_LEG),
        ("Net", "three", lambda sun, load: round(sun / 3 + load * 0.7), State.WRONG_LEG),
        ("Net", "three", lambda sun, load: round(1.5 * sun - load / 2), State.WRONG_LEG),
        ("Total", "single", lambda sun, load: load - sun, State.WRONG_TYPE),
    ],
)
def test_faults_of_the_consumption_ct(config, phases, reads, state, published):
    found = verdicts(site(seen, published(reads)), config, phases)
    assert found.production.state is State.PLAUSIBLE
    assert found.consumption.state is state, found.consumption
    assert found.consumption.next_step
    assert any(sign.isdigit() for sign in found.consumption.sentence)


def test_a_load_ct_that_is_turned_reads_below_zero_day_and_night():
    turned = verdicts(site(seen, lambda sun, load: -load), "Total", "single").consumption
    assert turned.state is State.REVERSED
    # Cut off at zero, it could be an empty home.
    nothing = verdicts(site(seen, lambda sun, load: 0), "Total", "single").consumption
    assert nothing.state is State.CANNOT_TELL
    assert "empty home" in nothing.sentence


def test_import_and_export_tell_what_was_cut_off():
    quarters = site(
        seen,
        cut(lambda sun, load: 2 * seen(sun, load) - load),
        days=1,
        imported=lambda sun, load: max(0, seen(sun, load) - load),
        exported=lambda sun, load: max(0, load - seen(sun, load)),
    )
    found = verdicts(quarters, "Net", "split").consumption
    assert found.state is State.REVERSED
    assert found.figures["night_wh"] < 0


def test_a_meter_that_is_off_is_disabled_and_one_that_is_not_there_is_unknown():
    found = decide(site(seen, home), production=None, consumption=Ct("Net", "split", "disabled"))
    assert found.production.state is State.CANNOT_TELL
    assert found.production.sentence == "The site has no production meter."
    assert found.consumption.state is State.DISABLED
    assert found.consumption.next_step == "Turn the consumption meter on."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda one: replace(one, micros=0, production=0), "made nothing"),
        (lambda one: replace(one, micros=0, production=0, producing=False), "Production was off"),
        (lambda one: replace(one, micros=None), "have not reported"),
        (lambda one: replace(one, micros=min(one.micros, 10)), "too weak"),
        (lambda one: replace(one, production=None), "has told nothing"),
        (
            lambda one: one if one.end.hour == 12 else replace(one, production=None),
            f"sunny quarters of an hour were read; {12} are needed",
        ),
    ],
)
def test_what_cannot_be_told_says_why(change, said):
    quarters = [change(one) for one in site(seen, home, days=2)]
    found = verdicts(quarters)
    assert found.production.state is State.CANNOT_TELL
    assert said in found.production.sentence
    assert not found.consumption.state.is_accusation


def test_a_ct_that_was_turned_in_between_is_not_judged():
    quarters = site(seen, home, days=2)
    half = [replace(one, production=0) for one in quarters[:96]] + quarters[96:]
    found = verdicts(half).production
    assert found.state is State.CANNOT_TELL
    assert "not in step" in found.sentence


@pytest.mark.parametrize(
    "used",
    [
        pytest.param(lambda sun, load: max(load, seen(sun, load)), id="car that follows the sun"),
        pytest.param(lambda sun, load: load + min(max(0, sun - load), 500), id="water heater"),
        pytest.param(seen, id="foreign battery that holds the grid at zero"),
        pytest.param(lambda sun, load: 0, id="empty home"),
        pytest.param(lambda sun, load: 0 if sun else 900, id="lamps at night"),
        pytest.param(lambda sun, load: load - round(0.4 * sun), id="a second roof"),
    ],
)
@pytest.mark.parametrize("config", ["Net", "Total"])
def test_odd_homes_are_not_accused(used, config):
    found = verdicts(site(seen, used), config)
    assert found.production.state is State.PLAUSIBLE
    assert not found.consumption.state.is_accusation, found.consumption


def test_a_battery_masks_the_consumption_ct_while_it_works():
    def store(sun, load):
        return max(-500, min(500, sun - load))

    quarters = site(seen, lambda sun, load: load + store(sun, load))
    assert verdicts(quarters, battery=True).consumption.state is State.CANNOT_TELL
    known = [replace(one, battery=store(one.micros, 100)) for one in quarters]
    assert not verdicts(known, battery=True).consumption.state.is_accusation
    idle = [replace(one, battery=0) for one in site(seen, home)]
    assert verdicts(idle, battery=True).consumption.state is State.PLAUSIBLE


def test_silent_microinverters_do_not_make_the_meter_wrong():
    quarters = [replace(one, micros=round(one.micros * 0.8), silent=4) for one in site(seen, home)]
    found = verdicts(quarters)
    assert found.production.state is State.PLAUSIBLE
    assert "4 microinverters were silent" in found.production.sentence
    assert found.consumption.state is State.PLAUSIBLE


# Properties

FAULTS = {
    "good": ("Net", "split", seen, home),
    "good at the load": ("Total", "split", seen, home),
    "production reversed": ("Net", "split", lambda sun, load: -sun, home),
    "leg open": ("Net", "split", lambda sun, load: sun / 2, home),
    "reversed": ("Net", "split", seen, lambda sun, load: 2 * sun - load),
    "type": ("Net", "split", seen, lambda sun, load: sun + load),
    "grid": ("Total", "split", seen, lambda sun, load: load - sun),
}


def scaled(quarters, factor):
    return [
        replace(
            one,
            micros=one.micros * factor,
            production=one.production * factor,
            consumption=one.consumption * factor,
        )
        for one in quarters
    ]


@pytest.mark.parametrize("fault", FAULTS)
@settings(max_examples=15, deadline=None)
@given(factor=st.floats(0.5, 200), days=st.integers(-400, 400))
def test_neither_size_nor_date_matters(fault, factor, days):
    config, phases, production, consumption = FAULTS[fault]
    quarters = site(production, consumption)
    before = verdicts(quarters, config, phases)
    moved = [replace(one, end=one.end + timedelta(days=days)) for one in scaled(quarters, factor)]
    after = verdicts(moved, config, phases)
    assert after.production.state is before.production.state
    assert after.consumption.state is before.consumption.state


@pytest.mark.parametrize("fault", FAULTS)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.floats(0, 1))
def test_gaps_only_make_it_unsure(fault, seed, share):
    config, phases, production, consumption = FAULTS[fault]
    quarters = site(production, consumption)
    before = verdicts(quarters, config, phases)
    dice = random.Random(seed)
    names = ("micros", "production", "consumption")
    holes = [
        replace(one, **{name: None for name in names if dice.random() < share}) for one in quarters
    ]
    after = verdicts(holes, config, phases)
    assert after.production.state in (before.production.state, State.CANNOT_TELL)
    assert after.consumption.state in (before.consumption.state, State.CANNOT_TELL)


@settings(max_examples=40, deadline=None)
@given(
    number=st.integers(0, 100_000),
    seed=st.integers(100, 10_000),
)
def test_a_good_site_is_never_accused(number, seed):
    made = next(ct_verdicts.sites(1, seed * 100_000 + number))
    found = decide(
        made.quarters,
        production=made.production_ct,
        consumption=made.consumption_ct,
        battery=made.battery == "enphase",
    )
    if made.production_fault == "good":
        assert not found.production.state.is_accusation, (made, found.production)
    if made.consumption_fault == "good":
        assert not found.consumption.state.is_accusation, (made, found.consumption)


def test_made_up_sites_are_told_rightly(capsys):
    tally = ct_verdicts.Tally()
    for one in ct_verdicts.sites(60, seed=1):
        tally.judge(one)
    assert tally.accused == 0
    assert tally.told >= 15
    assert tally.percent >= 98
    assert tally.report()
    assert "production: reversed" in capsys.readouterr().out


# The guided test


@pytest.mark.parametrize(
    ("config", "on", "off", "production", "consumption"),
    [
        ("Net", (2950, 600, 3000), (0, 610, 0), State.PLAUSIBLE, State.PLAUSIBLE),
        ("Total", (2950, 600, 3000), (0, 610, 0), State.PLAUSIBLE, State.PLAUSIBLE),
        ("Net", (-2950, 600, 3000), (0, 600, 0), State.REVERSED, State.CANNOT_TELL),
        ("Net", (0, 600, 3000), (0, 600, 0), State.REVERSED, State.CANNOT_TELL),
        ("Net", (1480, 600, 3000), (0, 600, 0), State.WRONG_LEG, State.CANNOT_TELL),
        ("Net", (-2400, 600, 3000), (600, 600, 0), State.WRONG_LEG, State.CANNOT_TELL),
        ("Net", (2950, 5400, 3000), (0, -600, 0), State.PLAUSIBLE, State.REVERSED),
        ("Net", (2950, 3600, 3000), (0, 600, 0), State.PLAUSIBLE, State.WRONG_TYPE),
        ("Net", (2950, 1900, 3000), (0, 400, 0), State.PLAUSIBLE, State.WRONG_LEG),
        ("Total", (2950, -2400, 3000), (0, 600, 0), State.PLAUSIBLE, State.WRONG_TYPE),
        ("Total", (2950, -600, 3000), (0, -600, 0), State.PLAUSIBLE, State.REVERSED),
        ("Net", (2950, 600, 3000), (2900, 600, 2950), State.CANNOT_TELL, State.CANNOT_TELL),
        ("Net", (None, 600, 3000), (0, 600, 0), State.CANNOT_TELL, State.CANNOT_TELL),
    ],
)
def test_production_off_and_on_tells_both_cts(config, on, off, production, consumption):
    found = judge(Reading(*on), Reading(*off), Ct(config, "split", "enabled"))
    assert (found.production.state, found.consumption.state) == (production, consumption)
    assert found.production.sentence
    assert found.consumption.sentence


# Where the quarters come from


def test_night_by_the_sun_and_by_the_clock():
    denver = (39.74, -104.99)
    assert elevation(datetime(2026, 6, 21, 19, 2, tzinfo=UTC), *denver) == pytest.approx(
        73.7, abs=0.5
    )
    assert is_night(datetime(2026, 6, 21, 7, tzinfo=UTC), denver, UTC) is True
    assert is_night(datetime(2026, 6, 21, 19, tzinfo=UTC), denver, UTC) is False
    # The sun does not set in Tromsø in June; the clock alone does not know that.
    assert is_night(datetime(2026, 6, 21, 1, tzinfo=UTC), (69.65, 18.96), UTC) is False
    assert is_night(datetime(2026, 6, 21, 1, tzinfo=UTC), None, UTC) is True
    assert is_night(datetime(2026, 6, 21, 20, tzinfo=UTC), None, UTC) is None


def test_telemetry_becomes_quarters_with_gaps():
    noon = int(datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp())

    def answer(name, rows, **more):
        listed = [{"end_at": noon + at * 60, name: wh, **one} for at, wh, one in rows]
        return Telemetry.from_api({"system_id": 703, "intervals": listed, **more})

    found = quarters_of(
        zone=UTC,
        place=(0.0, 0.0),
        production=[answer("wh_del", [(15, 290, {}), (30, 0, {"devices_reporting": 0})])],
        consumption=[answer("enwh", [(15, 80, {}), (30, None, {})])],
        micros=[
            answer(
                "enwh",
                [(at, 100, {"devices_reporting": 9}) for at in (5, 10, 15, 20)],
                total_devices=10,
            )
        ],
    )
    assert [(one.production, one.consumption, one.micros) for one in found] == [(290, 80, 300)]
    assert found[0].end == datetime(2026, 6, 1, 12, 15, tzinfo=UTC)
    assert found[0].silent == 1
    assert found[0].night is False
