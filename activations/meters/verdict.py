"""Is each CT of a site the right way round, on the right conductor, and set up as it is wired?

Pure arithmetic over quarters of an hour; nothing here reads a database or Enphase. What it rests on
(Enphase publishes Wh deltas and does not say what it does with negative ones):

* Microinverters report what they make. A production CT sees the same, a few percent less. They are
  the best witness of the sun; that it is night, the caller tells (`sky.py` knows how).
* A Total CT ("load only") sees what the home uses. A Net CT ("load with solar") sees the grid:
  load - production + battery charge; Enphase then publishes consumption = production CT + Net CT.
  Import and export are what a Net CT saw, so they say the same without a floor at zero.
* What a CT reads the wrong way round is published as negative, or as 0 where negative energy is cut
  off. Both are understood. If it were published as an absolute value, a reversed production CT
  would look right; then only the test with production off and on (`judge`) can tell.
* A CT on another phase than its voltage reads minus one half of the truth (cos 120°), one on the
  other leg of a split phase reads minus the truth. Shares of a half or thirds are legs that are
  missing or turned among right ones.
* Fault by fault, with S the sun and L the load of a quarter: Net reversed publishes 2S - L, a
  load-only CT set up as Net publishes L + S, a grid CT set up as Total publishes L - S, one of two
  legs open L' + S/2. The part of S in the published consumption therefore names the fault. It is
  measured by flicker (a cloud changes S, and no home follows clouds) and by comparing a quarter
  with the same one of the next day, never by the shape of the day: air conditioning and shops
  follow that too.
* Loads and foreign batteries that follow the sun by control hold the grid near zero. Where that is
  seen, or where an Enphase battery works, the consumption CT is not judged.

Nothing is accused that a good site could look like: then the verdict is "cannot tell".
"""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)

# All are shares of the strongest quarter of the microinverters, so that size does not matter, but
# for these two: below 100 W whole Wh say too little, and two of them may be nothing.
WEAKEST_PEAK_WH = 25.0
FAINT_WH = 2.0
NOISE = 0.004
AT_NIGHT = 0.02
SUNNY = 0.15
# Quarters of an hour that a finding must rest on.
FEWEST = 12
# A CT and the microinverters agree within this.
AGREES = (0.85, 1.15)
STEADY = 0.2
# How exactly the part of the sun must be known: its standard error.
SHARP, SHARP_THREE = 0.12, 0.07


class State(StrEnum):
    REVERSED = "reversed"
    WRONG_LEG = "wrong_leg"
    WRONG_TYPE = "wrong_type"
    DISABLED = "disabled"
    PLAUSIBLE = "plausible"
    CANNOT_TELL = "cannot_tell"

    @property
    def is_accusation(self) -> bool:
        return self in (State.REVERSED, State.WRONG_LEG, State.WRONG_TYPE)


@dataclass(frozen=True)
class Quarter:
    """A quarter of an hour of a site; Wh, None where nothing was read.

    `battery` is charge minus discharge. `night` is True only when the sun is surely down.
    `producing` is False while production was switched off. `silent` microinverters did not report.
    """

    end: datetime
    micros: float | None = None
    production: float | None = None
    consumption: float | None = None
    imported: float | None = None
    exported: float | None = None
    battery: float | None = None
    night: bool | None = None
    producing: bool | None = None
    silent: int = 0


@dataclass(frozen=True)
class Ct:
    """A meter as it is set up: `config` net or total (production CTs: any), `phases` single, split
    or three, `state` enabled or disabled; "" where Enphase does not say."""

    config: str = ""
    phases: str = ""
    state: str = ""

    @property
    def is_net(self) -> bool:
        return self.config.strip().casefold() == "net"

    @property
    def is_total(self) -> bool:
        return self.config.strip().casefold() == "total"

    @property
    def is_single(self) -> bool:
        return self.phases.strip().casefold() == "single"

    @property
    def is_three(self) -> bool:
        return self.phases.strip().casefold() == "three"

    @property
    def is_disabled(self) -> bool:
        return self.state.strip().casefold() == "disabled"


@dataclass(frozen=True)
class Verdict:
    """`confidence` from 0 to 1. `figures` are what the sentence rests on: Wh, shares, counts."""

    state: State
    confidence: float
    sentence: str
    next_step: str = ""
    figures: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Verdicts:
    production: Verdict
    consumption: Verdict


@dataclass(frozen=True)
class Reading:
    """One moment of the guided test, all in one unit (W, or Wh of equally long times)."""

    production: float | None
    consumption: float | None
    micros: float | None = None


TEST = "Do the test with production off and on."
WAIT = "Check again after a sunny day."
TURN = "Turn the CT round so that its arrow points as the label says, then check again."
LEGS = (
    "Check that each CT sits on the leg its voltage is taken from, and is closed, then check again."
)


def decide(
    quarters: Iterable[Quarter],
    *,
    production: Ct | None,
    consumption: Ct | None,
    battery: bool = False,
) -> Verdicts:
    """Judge both CTs of a site; None for a meter that is not there. A day is the least to bring."""
    ordered = sorted(quarters, key=lambda quarter: quarter.end)
    first = judge_production(ordered, production)
    return Verdicts(first, judge_consumption(ordered, consumption, first, battery=battery))


# Production


def judge_production(quarters: Sequence[Quarter], ct: Ct | None) -> Verdict:
    """Hold the production CT against the microinverters, and against the night."""
    if (early := _early(ct, quarters, "production")) is not None:
        return early
    peak = _peak(quarters)
    if peak is None:
        return _no_witness(quarters)
    dark = [one.production for one in quarters if one.production is not None and _is_dark(one)]
    loud = [wh for wh in dark if wh > AT_NIGHT * peak]
    both = [
        (one, one.micros, one.production)
        for one in quarters
        if one.micros is not None and one.production is not None and one.producing is not False
    ]
    sunny = [(one, sun, read) for one, sun, read in both if sun >= SUNNY * peak]
    figures: dict[str, float] = {"night_quarters": len(dark), "sunny_quarters": len(sunny)}
    if len(dark) >= FEWEST and len(loud) >= 0.5 * len(dark):
        read = statistics.median(loud)
        return Verdict(
            State.WRONG_LEG,
            _sure(len(loud), len(dark)),
            f"At night the production CT reads {_wh(read)} in a quarter of an hour; "
            "the panels cannot.",
            "Check that the CT is around the wires from the panels only, then check again.",
            {**figures, "night_wh": read},
        )
    if len(sunny) < FEWEST:
        return _unsure(
            f"Only {len(sunny)} sunny quarters of an hour were read; {FEWEST} are needed.",
            WAIT,
            figures,
        )
    made, read = sum(sun for _, sun, _ in sunny), sum(wh for _, _, wh in sunny)
    ratio = read / made
    figures |= {"micros_wh": made, "production_wh": read, "ratio": ratio}
    said = f"The microinverters made {_kwh(made)}, and the production CT read {_kwh(read)}"
    if not _is_steady([(sun, wh) for _, sun, wh in sunny], ratio):
        return _unsure(
            f"{said}, but not in step; something changed on the way.",
            "Check again a day after the last change.",
            figures,
        )
    return _by_ratio(ratio, said, figures, len(sunny), dark, peak, sunny)


def _by_ratio(
    ratio: float,
    said: str,
    figures: dict[str, float],
    count: int,
    dark: Sequence[float],
    peak: float,
    sunny: Sequence[tuple[Quarter, float, float]],
) -> Verdict:
    sure = _sure(count, count)
    if ratio <= -0.75:
        return Verdict(State.REVERSED, sure, f"{said}: the right amount, backwards.", TURN, figures)
    if ratio <= -0.25:
        return Verdict(State.WRONG_LEG, sure, f"{said}: half of it, backwards.", LEGS, figures)
    if ratio <= 0.1:
        step = f"{TURN} Look first whether its plug and its core are closed."
        return Verdict(State.REVERSED, min(sure, 0.85), f"{said}.", step, figures)
    if 0.2 <= ratio <= 0.78:
        share = f"{ratio:.0%} of it"
        return Verdict(State.WRONG_LEG, sure, f"{said}: {share}.", LEGS, figures)
    if ratio < AGREES[0]:
        return _unsure(f"{said}: less than usual, and more than a fault leaves.", TEST, figures)
    if ratio > AGREES[1]:
        silent = max(one.silent for one, _, _ in sunny)
        if silent:
            return Verdict(
                State.PLAUSIBLE,
                0.7,
                f"{said}; {silent} microinverters were silent.",
                "",
                figures,
            )
        return _unsure(f"{said}: more than they made.", TEST, figures)
    if not dark:
        return Verdict(State.PLAUSIBLE, min(sure, 0.9), f"{said}.", "", figures)
    quiet = sum(abs(wh) <= AT_NIGHT * peak for wh in dark) / len(dark)
    if quiet < 0.8:
        return _unsure(f"{said}, but it is restless at night.", TEST, figures)
    return Verdict(State.PLAUSIBLE, sure, f"{said}, and nothing at night.", "", figures)


def _is_steady(pairs: Sequence[tuple[float, float]], ratio: float) -> bool:
    """Whether hours agree with the whole: half right and half nothing is no half."""
    hours = [pairs[start : start + 4] for start in range(0, len(pairs), 4)]
    shares = [sum(read for _, read in hour) / sum(sun for sun, _ in hour) for hour in hours]
    near = sum(abs(share - ratio) <= STEADY for share in shares)
    return near >= 0.75 * len(shares)


def _no_witness(quarters: Sequence[Quarter]) -> Verdict:
    known = [one.micros for one in quarters if one.micros is not None]
    if not known:
        said = "The microinverters have not reported in this time."
        return _unsure(said, "Check again when they report.")
    if any(one.producing is False for one in quarters) and not any(known):
        return _unsure("Production was off all the time.", "Turn production on, then check again.")
    if not any(known):
        said = "The site made nothing in this time."
        return _unsure(said, "Find out why it does not produce, then check again.")
    most = max(known)
    return _unsure(f"The sun was too weak: at most {_wh(most)} in a quarter of an hour.", WAIT)


# Consumption


@dataclass(frozen=True)
class _Load:
    """What a consumption CT says, prepared. `used` has the published values by their quarter,
    `sun` what the panels made, both of quarters in which no battery works."""

    peak: float
    used: dict[datetime, float]
    sun: dict[datetime, float]
    dark: list[float]
    sunny: list[tuple[float, float]]
    clamped: bool

    @property
    def noise(self) -> float:
        return max(NOISE * self.peak, FAINT_WH)

    @property
    def above(self) -> float:
        return _share(self.dark, lambda wh: wh > self.noise)

    @property
    def below(self) -> float:
        return _share(self.dark, lambda wh: wh < -self.noise)

    @property
    def base(self) -> float:
        """What the home uses at night when no car is charged: the lower quartile."""
        return sorted(self.dark)[len(self.dark) // 4]

    @property
    def level(self) -> float:
        """The part of the sun as day and night tell it; the shape of the load disturbs it."""
        by_day = statistics.fmean(wh for _, wh in self.sunny)
        return (by_day - statistics.fmean(self.dark)) / statistics.fmean(s for s, _ in self.sunny)


def judge_consumption(
    quarters: Sequence[Quarter], ct: Ct | None, production: Verdict, *, battery: bool = False
) -> Verdict:
    """Look for the sun in what the home is said to use. A Net CT stands on the production CT."""
    if (early := _early(ct, quarters, "consumption")) is not None:
        return early
    assert ct is not None
    if battery and all(one.battery is None for one in quarters):
        return _unsure("A battery hides what the home uses, and no report of it is at hand.", TEST)
    peak = _peak(quarters)
    if peak is None:
        return _no_witness(quarters)
    if ct.is_net and production.state is not State.PLAUSIBLE:
        return _unsure(
            "Consumption is reckoned from the production CT, which is not known to be right.",
            "Settle the production CT first.",
        )
    metered = production.state is State.PLAUSIBLE
    load = _load(quarters, peak, net=ct.is_net, metered=metered, battery=battery)
    figures: dict[str, float] = {
        "night_quarters": len(load.dark),
        "sunny_quarters": len(load.sunny),
    }
    if len(load.dark) < FEWEST or len(load.sunny) < FEWEST:
        said = (
            f"Only {len(load.dark)} quarters of an hour at night and {len(load.sunny)} in the sun "
            f"can be used; {FEWEST} of each are needed."
        )
        return _unsure(said, TEST if battery else WAIT, figures)
    figures |= {
        "night_wh": statistics.median(load.dark),
        "sunny_wh": statistics.median(wh for _, wh in load.sunny),
        "sun_wh": statistics.median(sun for sun, _ in load.sunny),
        "level": load.level,
    }
    if not any(abs(wh) > load.noise for wh in load.used.values()):
        said = "Nothing was used day and night: an empty home, or a CT that measures nothing."
        return _unsure(said, TEST, figures)
    part = _part_of_sun(load, three=ct.is_three)
    if part is not None:
        figures["part_of_sun"] = part
    if ct.is_net:
        return _net(load, ct, part, figures)
    if ct.is_total:
        return _total(load, ct, part, figures)
    if part is not None and abs(part) < 0.15 and load.above >= 0.9:
        return _plausible(load, figures, part)
    return _unsure("Enphase does not say how this CT is set up.", TEST, figures)


def _load(
    quarters: Sequence[Quarter], peak: float, *, net: bool, metered: bool, battery: bool
) -> _Load:
    """Take what can be used. What a right production CT saw is a better sun than the
    microinverters, some of which may be silent."""
    used: dict[datetime, float] = {}
    sun: dict[datetime, float] = {}
    dark, sunny = [], []
    for one in quarters:
        if battery and (one.battery is None or abs(one.battery) > NOISE * peak):
            continue
        made = one.production if metered else one.micros
        if _is_dark(one):
            made = 0.0
        wh = one.consumption
        if net and one.imported is not None and one.exported is not None and made is not None:
            wh = made + one.imported - one.exported
        if wh is None or made is None:
            continue
        used[one.end], sun[one.end] = wh, made
        if _is_dark(one):
            dark.append(wh)
        elif made >= SUNNY * peak:
            sunny.append((made, wh))
    lowest = min(used.values(), default=0.0)
    return _Load(peak, used, sun, dark, sunny, clamped=lowest >= 0)


def _net(load: _Load, ct: Ct, part: float | None, figures: dict[str, float]) -> Verdict:
    """A CT at the grid; consumption = production + what it saw."""
    grid = [wh - sun for sun, wh in load.sunny]
    exact = 0.75 * load.noise + 1
    if all(abs(wh - load.sun[end]) <= exact for end, wh in load.used.items()):
        said = (
            "Consumption equals production day and night: the consumption CT is not connected, "
            "or a battery holds the grid at zero."
        )
        return _unsure(said, TEST, figures)
    if load.below >= 0.5:
        return _net_below(load, ct, part, figures)
    near = min(0.03 * load.peak, max(0.6 * load.base, 0.01 * load.peak))
    held = _share(grid, lambda wh: abs(wh) <= near)
    if held >= 0.3:
        said = f"The grid was held near zero in {held:.0%} of the sunny time: something follows the sun."  # noqa: E501
        return _unsure(said, TEST, figures | {"held": held})
    if load.above < 0.1 and load.below <= 0.1:
        return _net_zero(load, ct, part, figures)
    if part is None:
        exporting = _share(grid, lambda wh: wh < -0.05 * load.peak)
        return _by_level(load, figures, exporting=exporting, three=ct.is_three)
    said = f"{_percent(part)} of what the panels make is counted as used by the home"
    if abs(part) < (0.16 if ct.is_three else 0.2):
        if load.below > 0.1:
            return _unsure(f"Consumption is below zero in {load.below:.0%} of the night.", TEST)
        return _plausible(load, figures, part)
    sure = 0.9
    if 0.8 <= part <= 1.25:
        if load.below > 0.1 or load.above < 0.8:
            if ct.is_single or load.below <= 0.1:
                return _unsure(f"{said}, and little at night.", TEST, figures)
            return Verdict(State.WRONG_LEG, sure, f"{said}; one leg is backwards.", LEGS, figures)
        if statistics.median(grid) < 0.5 * load.base:
            return _unsure(f"{said}; something may follow the sun.", TEST, figures)
        return Verdict(
            State.WRONG_TYPE,
            sure,
            f"{said}; the CT is set up as load with solar and wired as load only.",
            "Set it up as load only, or move it to the grid side, then check again.",
            figures,
        )
    if not ct.is_single and any(abs(part - share) <= 0.1 for share in _shares(ct)):
        return Verdict(State.WRONG_LEG, sure, f"{said}; not all legs are read.", LEGS, figures)
    if part < 0:
        said = "More leaves the home than the panels make; there may be another source."
    return _unsure(f"{said}.".replace("..", "."), TEST, figures)


def _net_below(load: _Load, ct: Ct, part: float | None, figures: dict[str, float]) -> Verdict:
    """At night the home gives away energy it does not have. The sun tells which fault it is."""
    night = statistics.median(load.dark)
    said = f"At night the home would use {_wh(night)} in a quarter of an hour; no home can"
    if part is None:
        if ct.is_three or load.below < 0.9 or load.level < 1.6:
            return _unsure(f"{said}, but which fault it is the sun does not show.", TEST, figures)
        return Verdict(State.REVERSED, 0.75, f"{said}.", TURN, figures)
    if part >= 1.72:
        return Verdict(State.REVERSED, 0.95, f"{said}.", TURN, figures)
    if not ct.is_single and any(abs(part - share) <= 0.12 for share in (*_shares(ct), 1.0, 1.5)):
        return Verdict(State.WRONG_LEG, 0.9, f"{said}.", LEGS, figures)
    return _unsure(f"{said}, and no known fault explains the day.", TEST, figures)


def _net_zero(load: _Load, ct: Ct, part: float | None, figures: dict[str, float]) -> Verdict:
    """Nothing at night. If the wrong way round was cut off at 0, the day shows twice the sun."""
    said = "At night the home would use nothing, and in the sun {:.1f} times what the panels make."
    line = [(sun, wh) for sun, wh in load.sunny if wh > load.noise]
    fit = _fit(line) if len(line) >= FEWEST else None
    if part is None and fit and fit[0] >= 1.72 and fit[2] >= 0.7:
        return Verdict(State.REVERSED, 0.8, said.format(fit[0]), TURN, figures | {"rise": fit[0]})
    if part is not None and part >= 1.72:
        return Verdict(State.REVERSED, 0.95, said.format(part), TURN, figures)
    if part is not None and ct.is_three and abs(part - 1.5) <= 0.15:
        return Verdict(State.WRONG_LEG, 0.9, said.format(part), LEGS, figures)
    return _unsure("The home uses nothing at night, which may be so.", TEST, figures)


def _shares(ct: Ct) -> tuple[float, ...]:
    """What part of the sun is left over when one leg is open or turned."""
    return (0.5,) if ct.phases.strip().casefold() == "split" else (1 / 3, 2 / 3)


def _total(load: _Load, ct: Ct, part: float | None, figures: dict[str, float]) -> Verdict:
    """A CT at the load; consumption is what it saw."""
    used = [wh for _, wh in load.sunny]
    day_below = _share(used, lambda wh: wh < -load.noise)
    night = statistics.median(load.dark)
    if load.below >= 0.9:
        if day_below >= 0.9 and (part is None or abs(part) < 0.4):
            said = f"The consumption CT reads {_wh(night)} at night and less than nothing by day."
            return Verdict(State.REVERSED, 0.95, said, TURN, figures)
        return _unsure("It reads below zero at night, but not as a turned CT does.", TEST, figures)
    if load.below > 0.1:
        if ct.is_single or (part is not None and abs(part) > 0.3):
            return _unsure("It reads below zero now and then.", TEST, figures)
        said = f"Consumption is below zero in {load.below:.0%} of the night; one leg is backwards."
        return Verdict(State.WRONG_LEG, 0.85, said, LEGS, figures)
    if load.above >= 0.9:
        at_grid = (
            _is_difference(load) if part is None else -1.2 <= part <= -0.8 and day_below >= 0.15
        ) or _is_cut_off(load)
        if at_grid:
            made = statistics.median(sun for sun, _ in load.sunny)
            said = (
                f"At night the home uses {_wh(night)} in a quarter of an hour, and "
                f"{_wh(statistics.median(used))} while the panels make {_wh(made)}: "
                "this is the grid."
            )
            step = "Set it up as load with solar, or move it to the load side, then check again."
            return Verdict(State.WRONG_TYPE, 0.9, said, step, figures)
        none = _share(used, lambda wh: abs(wh) <= load.noise)
        if day_below <= 0.02 and none <= 0.1:
            if part is None:
                return _by_level(load, figures, exporting=1.0, three=ct.is_three)
            if abs(part) < 0.25:
                return _plausible(load, figures, part)
    return _unsure("What it reads fits no setup well.", TEST, figures)


def _is_difference(load: _Load) -> bool:
    """Whether consumption is below zero by day, and with the sun added back is a load again."""
    back = sorted(wh + sun for sun, wh in load.sunny)
    below = _share([wh for _, wh in load.sunny], lambda wh: wh < -load.noise)
    return (
        below >= 0.3
        and -1.25 <= load.level <= -0.75
        and back[len(back) // 50] >= -0.03 * load.peak
        and statistics.median(back) >= 0.5 * load.base
    )


def _is_cut_off(load: _Load) -> bool:
    """Whether load - sun was published with a floor at zero: nothing as soon as the sun is stronger
    than the load, and what is left of the load while it is weaker."""
    nothing = NOISE / 8 * load.peak
    zeros = _share([wh for _, wh in load.sunny], lambda wh: wh <= nothing)
    if not load.clamped or zeros < 0.3:
        return False
    return (zeros >= 0.6 and _fades(load)) or _clouds_tell(load, nothing)


def _fades(load: _Load) -> bool:
    """Whether a weak sun takes away as much as it is; a lamp with a sensor goes out at once."""
    weak = [
        (load.sun[end], wh)
        for end, wh in load.used.items()
        if 0.1 * load.base < load.sun[end] < 0.9 * load.base and wh < 1.5 * load.base
    ]
    fit = _fit(weak) if len(weak) >= 6 else None
    return fit is not None and -1.4 <= fit[0] <= -0.6 and fit[2] >= 0.5


def _clouds_tell(load: _Load, nothing: float) -> bool:
    """Whether a cloud brings consumption back: of two neighbours (or the same quarter of two days)
    with nothing in one of them, it is the brighter one. Dusk, dawn and kettles do not count."""
    fits = pairs = 0
    for end, wh in load.used.items():
        for other in (end + QUARTER, end + DAY):
            if other not in load.used:
                continue
            low, high = sorted((wh, load.used[other]))
            if low > nothing or not load.noise < high < 2 * load.base:
                continue
            dim, bright = sorted((load.sun[end], load.sun[other]))
            if dim < 0.04 * load.peak or bright < 1.2 * dim:
                continue
            pairs += 1
            fits += (wh == low) == (load.sun[end] == bright)
    return pairs >= 4 and fits >= 0.8 * pairs


def _by_level(load: _Load, figures: dict[str, float], *, exporting: float, three: bool) -> Verdict:
    """No cloud to learn from: the direction of the grid must speak for the CT.

    One of three phases that is missing is too little for that.
    """
    level = load.level
    if not three and exporting >= 0.2 and load.above >= 0.9 and -0.35 <= level <= 0.22:
        return _plausible(load, figures, None, confidence=0.7)
    return _unsure("The sky changed too little to see which part the sun has.", WAIT, figures)


def _plausible(
    load: _Load, figures: dict[str, float], part: float | None, *, confidence: float = 0.9
) -> Verdict:
    night, day = statistics.median(load.dark), statistics.median(wh for _, wh in load.sunny)
    if day < -load.noise:
        said = "More leaves the home than the panels make; there may be another source."
        return _unsure(said, TEST, figures)
    said = f"The home uses {_wh(night)} in a quarter of an hour at night and {_wh(day)} in the sun"
    more = "" if part is None else ", whatever the clouds do"
    return Verdict(State.PLAUSIBLE, confidence, f"{said}{more}.", "", figures)


# The part of the sun


def _part_of_sun(load: _Load, *, three: bool) -> float | None:
    """By how much consumption rises when the sun does, None unless it is known well.

    Each quarter is held against its neighbours, and against the same one of the next day.
    """
    flicker = _measured(_flicker(load), three=three)
    if flicker is not None and abs(flicker) >= 0.15:
        return flicker
    days = _measured(_days(load), three=three)
    # Cooling differs from one bright day to a dull one, too: days can only acquit.
    if days is not None and abs(days) >= 0.15:
        days = None
    return flicker if flicker is not None else days


def _measured(pairs: Sequence[tuple[float, float, float]], *, three: bool) -> float | None:
    if len(pairs) < FEWEST or (fit := _through_zero(pairs)) is None:
        return None
    part, error = fit
    # Of three phases, faults lie a third apart up to 1; beyond, a half as with two.
    if error > (SHARP_THREE if three and -0.5 < part < 0.85 else SHARP):
        return None
    if abs(part) > 0.15:
        for half in map(_through_zero, _by_sun(pairs)):
            # A load with a limit follows the sun at times; a fault always does.
            if half is None or abs(half[0] - part) > max(0.2, 2.5 * half[1]):
                return None
    return part


def _usable(load: _Load, end: datetime) -> bool:
    """Whether both are known, and consumption is not a zero that may have been cut off."""
    return end in load.used and (not load.clamped or load.used[end] > load.noise)


def _flicker(load: _Load) -> list[tuple[float, float, float]]:
    """Each quarter against the mean of its neighbours, up to three on either side.

    As many before as after: what rises or falls steadily, as the day does, cancels out.
    """
    pairs = []
    for end, sun in load.sun.items():
        if sun <= load.noise or not _usable(load, end):
            continue
        around = [
            one
            for steps in (1, 2, 3)
            if all(
                _usable(load, end + way * steps * QUARTER)
                and load.sun[end + way * steps * QUARTER] > 0
                for way in (-1, 1)
            )
            for one in (end - steps * QUARTER, end + steps * QUARTER)
        ]
        if around:
            pairs.append(
                (
                    sun - statistics.fmean(load.sun[one] for one in around),
                    load.used[end] - statistics.fmean(load.used[one] for one in around),
                    sun,
                )
            )
    return pairs


def _days(load: _Load) -> list[tuple[float, float, float]]:
    pairs = []
    for end, sun in load.sun.items():
        later = end + DAY
        if not (_usable(load, end) and _usable(load, later)):
            continue
        if max(sun, load.sun[later]) > load.noise:
            pairs.append((load.sun[later] - sun, load.used[later] - load.used[end], sun))
    return pairs


def _by_sun(
    pairs: Sequence[tuple[float, float, float]],
) -> tuple[list[tuple[float, float, float]], list[tuple[float, float, float]]]:
    border = statistics.median(sun for _, _, sun in pairs)
    return (
        [pair for pair in pairs if pair[2] <= border],
        [pair for pair in pairs if pair[2] > border],
    )


def _through_zero(pairs: Sequence[tuple[float, float, float]]) -> tuple[float, float] | None:
    """Rise and its standard error; neighbours are not independent, so it is taken larger.

    A kettle or a car that starts is an outlier: what lies far off is left out, twice.
    """
    rest = list(pairs)
    for _ in range(3):
        whole = sum(x * x for x, _, _ in rest)
        if len(rest) < 5 or not whole:
            return None
        rise = sum(x * y for x, y, _ in rest) / whole
        off = [abs(y - rise * x) for x, y, _ in rest]
        spread = 1.4826 * statistics.median(off)
        kept = [
            pair for pair, far in zip(rest, off, strict=True) if far <= 3 * spread or not spread
        ]
        if len(kept) == len(rest):
            break
        rest = kept
    whole = sum(x * x for x, _, _ in rest)
    if not whole or len(rest) < 5:
        return None
    rise = sum(x * y for x, y, _ in rest) / whole
    left = sum((y - rise * x) ** 2 for x, y, _ in rest) / (len(rest) - 1)
    return rise, 1.5 * math.sqrt(left / whole)


def _fit(pairs: Sequence[tuple[float, float]]) -> tuple[float, float, float] | None:
    """Rise, offset and determination of a straight line."""
    xs, ys = [x for x, _ in pairs], [y for _, y in pairs]
    if len(set(xs)) < 2 or len(set(ys)) < 2:
        return None
    rise, offset = statistics.linear_regression(xs, ys)
    return rise, offset, statistics.correlation(xs, ys) ** 2


# The guided test


def judge(before_off: Reading, after_off: Reading, consumption: Ct | None = None) -> Verdicts:
    """Two readings, one with production on and one soon after it was turned off.

    What changes is the sun alone, so no weather is needed and the night neither.
    """
    if None in (before_off.micros, before_off.production, after_off.production):
        missing = _unsure("One of the readings is missing.", "Take both readings again.")
        return Verdicts(missing, missing)
    assert before_off.micros is not None
    assert before_off.production is not None
    assert after_off.production is not None
    made = before_off.micros - (after_off.micros or 0.0)
    if made <= 0 or (after_off.micros or 0.0) > 0.05 * before_off.micros:
        weak = _unsure(
            "The microinverters did not stop between the readings.",
            "Wait until production is off, then read again.",
        )
        return Verdicts(weak, weak)
    figures = {"micros": made, "on": before_off.production, "off": after_off.production}
    first = _judge_switched(before_off.production, after_off.production, made, figures)
    return Verdicts(first, _judge_load(before_off, after_off, made, consumption, first))


def _judge_switched(on: float, off: float, made: float, figures: dict[str, float]) -> Verdict:
    share = (on - off) / made
    said = f"The production CT went from {on:,.0f} to {off:,.0f} while the panels lost {made:,.0f}"
    if off > 0.1 * made:
        return Verdict(
            State.WRONG_LEG,
            0.9,
            f"With production off the production CT still reads {off:,.0f}.",
            "Check that the CT is around the wires from the panels only, then test again.",
            figures,
        )
    for low, high, state, step in (
        (-math.inf, -0.75, State.REVERSED, TURN),
        (-0.75, -0.25, State.WRONG_LEG, LEGS),
        (-0.1, 0.1, State.REVERSED, TURN),
        (0.2, 0.78, State.WRONG_LEG, LEGS),
        (*AGREES, State.PLAUSIBLE, ""),
    ):
        if low <= share <= high:
            return Verdict(state, 0.95, f"{said}.", step, figures | {"share": share})
    return _unsure(f"{said}.", "Take both readings again.", figures | {"share": share})


def _judge_load(
    on: Reading, off: Reading, made: float, ct: Ct | None, production: Verdict
) -> Verdict:
    if ct is None or on.consumption is None or off.consumption is None:
        return _unsure("There is no consumption to compare.", "Read the consumption CT too.")
    if not (ct.is_net or ct.is_total):
        return _unsure("Enphase does not say how this CT is set up.", "Set the CT up first.")
    if ct.is_net and production.state is not State.PLAUSIBLE:
        return _unsure(
            "Consumption is reckoned from the production CT, which is not right.",
            "Settle the production CT first.",
        )
    rise = (on.consumption - off.consumption) / made
    figures = {"on": on.consumption, "off": off.consumption, "micros": made, "share": rise}
    said = (
        f"Consumption went from {on.consumption:,.0f} to {off.consumption:,.0f} "
        f"while the panels lost {made:,.0f}"
    )
    below = off.consumption < -0.01 * made
    nothing = abs(off.consumption) <= 0.01 * made
    if abs(rise) <= 0.15:
        if below and ct.is_total:
            return Verdict(State.REVERSED, 0.95, f"{said}; no home gives energy.", TURN, figures)
        if not (below or nothing):
            return Verdict(State.PLAUSIBLE, 0.9, f"{said}.", "", figures)
    elif ct.is_net and rise >= 1.6 and below:
        return Verdict(State.REVERSED, 0.95, f"{said}.", TURN, figures)
    elif ct.is_net and 0.8 <= rise <= 1.2 and not (below or nothing):
        step = "Set it up as load only, or move it to the grid side, then test again."
        return Verdict(State.WRONG_TYPE, 0.9, f"{said}.", step, figures)
    elif ct.is_net and 0.25 <= rise <= 1.6 and not ct.is_single:
        return Verdict(State.WRONG_LEG, 0.85, f"{said}.", LEGS, figures)
    elif ct.is_total and -1.2 <= rise <= -0.8 and off.consumption > 0:
        step = "Set it up as load with solar, or move it to the load side, then test again."
        return Verdict(State.WRONG_TYPE, 0.9, f"{said}.", step, figures)
    return _unsure(
        f"{said}; the home may have changed meanwhile.", "Take both readings again.", figures
    )


# Common


def _early(ct: Ct | None, quarters: Sequence[Quarter], kind: str) -> Verdict | None:
    """What needs no arithmetic."""
    if ct is None:
        return _unsure(f"The site has no {kind} meter.")
    if ct.is_disabled:
        step = f"Turn the {kind} meter on."
        return Verdict(State.DISABLED, 1.0, f"The {kind} meter is off.", step)
    known = sum(getattr(one, kind) is not None for one in quarters)
    if not known:
        return _unsure(f"The {kind} meter has told nothing in this time.", "Check the gateway.")
    return None


def _is_dark(one: Quarter) -> bool:
    """Night, and nobody produces: microinverters sleep, or are not heard."""
    return one.night is True and not one.micros


def _peak(quarters: Sequence[Quarter]) -> float | None:
    """The strongest quarter of the microinverters, but for three odd ones; None: too weak."""
    made = sorted((one.micros for one in quarters if one.micros), reverse=True)
    peak = made[min(3, len(made) - 1)] if made else 0.0
    return peak if peak >= WEAKEST_PEAK_WH else None


def _unsure(sentence: str, step: str = "", figures: dict[str, float] | None = None) -> Verdict:
    return Verdict(State.CANNOT_TELL, 0.0, sentence, step, figures or {})


def _share(values: Sequence[float], fits: Callable[[float], bool]) -> float:
    return sum(map(fits, values)) / len(values) if values else 0.0


def _sure(found: int, of: int) -> float:
    """More quarters that agree, more confidence; never all of it."""
    return round(min(0.98, found / of * (1 - 1 / (1 + found / 2))), 2)


def _wh(value: float) -> str:
    return f"{value:,.0f} Wh".replace("-", "\N{MINUS SIGN}")


def _kwh(value: float) -> str:
    return f"{value / 1000:,.1f} kWh".replace("-", "\N{MINUS SIGN}")


def _percent(share: float) -> str:
    return f"{share:.0%}".replace("-", "\N{MINUS SIGN}")
