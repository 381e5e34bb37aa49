"""Judge the CTs of 500 made-up sites whose wiring is known, and of the sandbox's sites.

The sun, clouds and loads here are a model of their own: it knows nothing of the verdict's limits.
Whether a fault can be told is decided from how a site was made (enough readings, enough sun, a sky
that changes, no battery), before any verdict is asked for. Prints who was judged to be what. Ends
with 1 when fewer than 98 % of the faults that can be told are told rightly, or when one good CT is
accused, be it the good one of a site whose other CT is wrong.

    python -m scripts.ct_verdicts [--sites 500] [--seed 1] [--no-sandbox] [--show]
"""

import argparse
import math
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import requests

from activations.meters.quarters import quarters_of
from activations.meters.sky import is_night
from activations.meters.verdict import Ct, Quarter, State, Verdict, Verdicts, decide
from enphase import Application, Client, EnphaseError
from enphase.records import Device, SystemDevices
from tests import services

QUARTER = timedelta(minutes=15)
GOAL_RIGHT, GOAL_ACCUSED = 98.0, 0

PRODUCTION_FAULTS = ("reversed", "leg_open", "leg_reversed", "phase", "conductor", "disabled")
NET_FAULTS = ("reversed", "type", "leg_open", "leg_reversed", "phase", "open", "disabled")
TOTAL_FAULTS = ("reversed", "type", "leg_reversed", "disabled")
WANTED = {
    "good": State.PLAUSIBLE,
    "reversed": State.REVERSED,
    "type": State.WRONG_TYPE,
    "leg_open": State.WRONG_LEG,
    "leg_reversed": State.WRONG_LEG,
    "phase": State.WRONG_LEG,
    "conductor": State.WRONG_LEG,
    "open": State.WRONG_LEG,
    "disabled": State.DISABLED,
}
LEGS = {"single": 1, "split": 2, "three": 3}


@dataclass
class Site:
    """A site as it was built, and what it published."""

    number: int
    place: tuple[float, float]
    phases: str
    net: bool
    signed: bool
    days: int
    peak_w: float
    skies: list[str]
    habits: str
    gaps: float
    battery: str
    production_fault: str = "good"
    consumption_fault: str = "good"
    producing: bool = True
    silent: float = 0.0
    true: list[dict[str, float]] = field(default_factory=list)
    quarters: list[Quarter] = field(default_factory=list)

    @property
    def production_ct(self) -> Ct:
        return Ct("Production", self.phases, _state(self.production_fault))

    @property
    def consumption_ct(self) -> Ct:
        return Ct("Net" if self.net else "Total", self.phases, _state(self.consumption_fault))

    # What can be told, by how the site was made

    @property
    def has_enough(self) -> bool:
        """Enough readings of a sun that is no candle beside the load."""
        made = sum(row["sun"] for row in self.true)
        used = sum(row["load"] for row in self.true)
        strongest = max(row["sun"] for row in self.true)
        return (
            self.gaps <= 0.25
            and self.producing
            and made > 0.5 * used
            and strongest > 75
            and self._bright(strongest) >= 20
        )

    def _bright(self, strongest: float) -> int:
        """Quarters of good sun of which every meter that is on was read."""
        off = {"production": self.production_fault, "consumption": self.consumption_fault}
        on = ["micros", *(name for name, fault in off.items() if fault != "disabled")]
        return sum(
            row["sun"] > 0.2 * strongest and all(getattr(one, name) is not None for name in on)
            for row, one in zip(self.true, self.quarters, strict=True)
        )

    @property
    def _hides_legs(self) -> bool:
        """On two legs the sun cancels out, and what is left below zero is cut off."""
        return self.phases == "split" and not (self.signed and self.turned_shows)

    @property
    def _shows_by_day(self) -> bool:
        """Whether a grid CT that is cut off at zero shows more than a lamp that goes out at dawn:
        quarters of some sun in which the home uses more than the sun gives."""
        strongest = max(row["sun"] for row in self.true)
        return sum(0.04 * strongest < row["sun"] < row["load"] for row in self.true) >= 8

    @property
    def turned_shows(self) -> bool:
        """Whether a turned leg outweighs the others at some of the night, and not always."""
        night = [row["turned"] < 0 for row in self.true if row["sun"] == 0]
        return bool(night) and 0.15 <= sum(night) / len(night) <= 0.85

    @property
    def sky_changes(self) -> bool:
        return "patchy" in self.skies and len(self.skies) >= 2

    @property
    def is_plain(self) -> bool:
        """Nothing between the sun and the home: no battery, no load that follows the sun."""
        return not self.battery and self.habits in ("home", "cooling", "night_car", "shop")

    def can_be_told(self, kind: str) -> bool:
        fault = self.production_fault if kind == "production" else self.consumption_fault
        if fault == "disabled":
            return True
        if not self.has_enough:
            return False
        if kind == "production":
            if fault == "leg_open" and self.silent:
                return False
            return fault != "conductor" or self.conductor_shows
        if self.silent and not self.net and self.production_fault != "good":
            return False
        if fault == "open" or (self.net and fault == "leg_reversed" and self._hides_legs):
            return False
        if self.net and self.production_fault != "good":
            return False
        if not self.net and fault in ("reversed", "leg_reversed") and not self.signed:
            return False
        if not self.net and fault == "type" and not self.signed and not self._shows_by_day:
            return False
        if not self.net and fault == "leg_reversed" and not self.turned_shows:
            return False
        return self.is_plain and self.sky_changes

    def wanted(self, kind: str) -> set[State]:
        """What is right to say. Several where different faults publish the same numbers."""
        fault = self.production_fault if kind == "production" else self.consumption_fault
        right = {WANTED[fault]}
        if kind == "production":
            # Cut off at zero, everything backwards reads nothing; so do two legs that cancel out.
            nothing = fault == "phase" and not self.signed
            nothing = nothing or (fault == "leg_reversed" and self.phases == "split")
            right |= {State.REVERSED} if nothing else set()
        elif fault == "phase" and not self.net:
            right |= {State.REVERSED}
        return right

    @property
    def conductor_shows(self) -> bool:
        """Whether the wrong conductor carries enough at night to be no noise of the CT."""
        night = sorted(row["grid"] for row in self.true if row["sun"] == 0)
        return bool(night) and night[len(night) // 4] > 0.03 * self.peak_w / 4


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.ct_verdicts", description=__doc__)
    parser.add_argument("--sites", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-sandbox", action="store_true", help="the made-up sites only")
    parser.add_argument("--show", action="store_true", help="tell each miss")
    options = parser.parse_args()
    tally = Tally(show=options.show)
    for site in sites(options.sites, options.seed):
        tally.judge(site)
    good = tally.report()
    if not options.no_sandbox:
        good = of_the_sandbox() and good
    return 0 if good else 1


class Tally:
    """Counts verdicts by what was built."""

    def __init__(self, *, show: bool = False) -> None:
        self.show = show
        self.table: Counter[tuple[str, str, State]] = Counter()
        self.sites = self.faulty_sites = 0
        self.told = self.right = 0
        self.good = self.good_unsure = self.accused = 0
        self.clear = self.clear_unsure = 0
        self.untold = self.untold_wrong = 0

    def judge(self, site: Site) -> None:
        found = decide(
            site.quarters,
            production=site.production_ct,
            consumption=site.consumption_ct,
            battery=site.battery == "enphase",
        )
        self.sites += 1
        self.faulty_sites += (site.production_fault, site.consumption_fault) != ("good", "good")
        self._count(site, "production", site.production_fault, found.production)
        self._count(site, "consumption", site.consumption_fault, found.consumption)

    def _count(self, site: Site, kind: str, fault: str, verdict: Verdict) -> None:
        state = verdict.state
        row = fault if site.can_be_told(kind) else f"{fault} (untellable)"
        self.table[kind, row, state] += 1
        miss = ""
        if fault == "good":
            self.good += 1
            self.good_unsure += state is State.CANNOT_TELL
            if site.can_be_told(kind):
                self.clear += 1
                self.clear_unsure += state is State.CANNOT_TELL
            if state.is_accusation or state is State.DISABLED:
                self.accused += 1
                miss = "ACCUSED"
        elif site.can_be_told(kind):
            self.told += 1
            self.right += state in site.wanted(kind)
            miss = "" if state in site.wanted(kind) else "missed"
        else:
            self.untold += 1
            self.untold_wrong += state not in site.wanted(kind) | {State.CANNOT_TELL}
        if miss and self.show:
            about = f"{site.phases} {'net' if site.net else 'total'} signed={site.signed}"
            more = f"{site.habits} days={site.days} gaps={site.gaps:.2f} {site.skies}"
            print(f"{miss}: {site.number} {kind} {fault}: {state}: {about} {more}")
            print(f"    {verdict.sentence} {verdict.figures}")

    @property
    def percent(self) -> float:
        return 100 * self.right / self.told if self.told else 0.0

    @property
    def is_good(self) -> bool:
        return self.percent >= GOAL_RIGHT and self.accused <= GOAL_ACCUSED

    def report(self) -> bool:
        states = list(State)
        print(f"{self.sites} made-up sites, {self.faulty_sites} with a fault\n")
        print(f"{'CT and what was built':36}" + "".join(f"{one:>13}" for one in states))
        for kind, row in sorted({key[:2] for key in self.table}):
            cells = "".join(f"{self.table[kind, row, one] or '.':>13}" for one in states)
            print(f"{kind + ': ' + row:36}{cells}")
        print(f"\nFaults that can be told: {self.right} of {self.told} right, {self.percent:.1f} %")
        print(f"Faults that cannot: {self.untold}, of which named wrongly {self.untold_wrong}")
        unsure = 100 * self.good_unsure / self.good if self.good else 0.0
        clear = 100 * self.clear_unsure / self.clear if self.clear else 0.0
        print(f"Good CTs: {self.good}, accused {self.accused}, cannot tell {unsure:.0f} %")
        print(f"    where they could be told: {self.clear}, cannot tell {clear:.1f} %")
        print(f"Goals: at least {GOAL_RIGHT:.0f} % right, {GOAL_ACCUSED} accused: ", end="")
        print("met" if self.is_good else "MISSED")
        return self.is_good


# Making sites


def sites(count: int, seed: int) -> Iterator[Site]:
    """Three tenths good, the others with a fault of one CT, some of both."""
    for number in range(count):
        dice = random.Random(seed * 1_000_003 + number)
        site = _built(number, dice)
        if dice.random() >= 0.3:
            _spoil(site, dice)
        _publish(site, dice)
        yield site


def _built(number: int, dice: random.Random) -> Site:
    days = dice.choice((1, 2, 3, 3, 4, 5, 7))
    usual = dice.choice(("clear", "patchy", "patchy", "patchy", "mixed", "mixed", "dull"))
    mixture = ("clear", "patchy", "patchy", "dull")
    odd = dice.random()
    return Site(
        number=number,
        place=(dice.choice((1, 1, -1)) * dice.uniform(12, 58), dice.uniform(-170, 170)),
        phases=dice.choice(("single", "split", "split", "three")),
        net=dice.random() < 0.65,
        signed=dice.random() < 0.4,
        days=days,
        peak_w=math.exp(dice.uniform(math.log(2500), math.log(16_000))),
        skies=[dice.choice(mixture) if usual == "mixed" else usual for _ in range(days)],
        habits=dice.choice(
            ("home",) * 12
            + ("cooling", "cooling", "night_car", "night_car", "shop", "shop")
            + ("solar_car", "heater", "empty", "street_light")
        ),
        gaps=dice.choice((0, 0, 0, 0.02, 0.1, 0.2, 0.5)),
        battery=dice.choice(("",) * 12 + ("enphase", "foreign")),
        producing=odd > 0.03,
        silent=dice.uniform(0.05, 0.4) if odd > 0.93 else 0.0,
    )


def _spoil(site: Site, dice: random.Random) -> None:
    which = dice.random()
    if which < 0.35 or which > 0.95:
        site.production_fault = dice.choice(_possible(PRODUCTION_FAULTS, site))
    if which >= 0.35:
        faults = NET_FAULTS if site.net else TOTAL_FAULTS
        site.consumption_fault = dice.choice(_possible(faults, site))


def _possible(faults: Iterable[str], site: Site) -> list[str]:
    """One leg cannot be one of several; phases are turned by a third where there are three."""
    needs = {
        "leg_open": ("split", "three"),
        "leg_reversed": ("split", "three"),
        "phase": ("three",),
    }
    return [one for one in faults if site.phases in needs.get(one, (site.phases,))]


def _publish(site: Site, dice: random.Random) -> None:
    """Work out what happens on the site, then what its CTs make of it."""
    start = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(days=dice.randrange(365))
    start -= timedelta(hours=round(site.place[1] / 15))
    clouds = _clouds(site, dice)
    suns = [
        _sun(site, start + QUARTER * slot + QUARTER / 2) * clouds[slot]
        for slot in range(site.days * 96)
    ]
    loads = _loads(site, suns, dice)
    battery = _battery(site, suns, loads, dice)
    legs = _legs(site, dice)
    gains = [dice.gauss(1, 0.008) for _ in range(2)]
    loss = dice.uniform(0.955, 0.995)
    holes = _holes(site, dice)
    producing = site.producing
    for slot, (sun, load, stored) in enumerate(zip(suns, loads, battery, strict=True)):
        end = start + QUARTER * (slot + 1)
        made = sun if producing else 0.0
        parts = _parts(load, legs, dice)
        turned = sum(parts) - 2 * parts[0]
        site.true.append(
            {"sun": made, "load": load, "turned": turned, "grid": load + stored - made}
        )
        grid = [part - made / len(parts) + stored / len(parts) for part in parts]
        seen = _production(site, made * loss, grid) * gains[0] + dice.gauss(0, 0.4)
        at_ct = (_consumption(site, parts, grid)) * gains[1] + dice.gauss(0, 0.4)
        used = seen + at_ct if site.net else at_ct
        if site.consumption_fault == "open" and site.net:
            used = seen
        site.quarters.append(
            Quarter(
                end,
                micros=_hole(holes, "micros", slot, made * (1 - site.silent)),
                production=_hole(holes, "production", slot, _told(site, seen))
                if site.production_fault != "disabled"
                else None,
                consumption=_hole(holes, "consumption", slot, _told(site, used))
                if site.consumption_fault != "disabled"
                else None,
                battery=stored if site.battery == "enphase" else None,
                night=is_night(end - QUARTER, site.place, UTC) and is_night(end, site.place, UTC),
                silent=3 if site.silent else 0,
            )
        )


def _told(site: Site, wh: float) -> float:
    return float(round(wh if site.signed else max(wh, 0.0)))


def _state(fault: str) -> str:
    return "disabled" if fault == "disabled" else "enabled"


def _production(site: Site, made: float, grid: list[float]) -> float:
    legs = len(grid)
    match site.production_fault:
        case "reversed":
            return -made
        case "leg_open":
            return made * (legs - 1) / legs
        case "leg_reversed":
            return made * (legs - 2) / legs
        case "phase":
            return -made / 2
        case "conductor":
            return sum(grid)
    return made


def _consumption(site: Site, parts: list[float], grid: list[float]) -> float:
    around, other = (grid, parts) if site.net else (parts, grid)
    match site.consumption_fault:
        case "reversed":
            return -sum(around)
        case "type":
            return sum(other)
        case "leg_open":
            return sum(around[1:])
        case "leg_reversed":
            return sum(around[1:]) - around[0]
        case "phase":
            return -sum(around) / 2
    return sum(around)


def _sun(site: Site, moment: datetime) -> float:
    """Wh of a quarter under a clear sky on a roof towards the equator: a textbook's declination."""
    latitude, longitude = map(math.radians, site.place)
    day = moment.timetuple().tm_yday
    tilt = math.radians(-23.44) * math.cos(2 * math.pi * (day + 10) / 365)
    hours = moment.hour + moment.minute / 60 + moment.second / 3600
    angle = math.radians(15 * (hours - 12)) + longitude
    height = math.sin(latitude) * math.sin(tilt) + math.cos(latitude) * math.cos(tilt) * math.cos(
        angle
    )
    if height <= 0:
        return 0.0
    toward = latitude - math.copysign(math.radians(25), latitude)
    facing = math.sin(toward) * math.sin(tilt) + math.cos(toward) * math.cos(tilt) * math.cos(angle)
    air = 0.72 ** ((1 / max(height, 0.04)) ** 0.678)
    light = air * max(facing, 0.0) + 0.1 * height
    return site.peak_w / 4 * min(light / 0.8, 1.05)


def _clouds(site: Site, dice: random.Random) -> list[float]:
    through = []
    level = 0.7
    for sky in site.skies:
        veil = dice.uniform(0.9, 1.0)
        dull = dice.uniform(0.12, 0.4)
        for _ in range(96):
            level = min(1.0, max(0.1, level + dice.gauss(0, 0.22)))
            if sky == "clear":
                through.append(veil)
            elif sky == "dull":
                through.append(dull * (0.85 + 0.3 * level))
            else:
                through.append(0.2 + 0.8 * level)
    return through


def _loads(site: Site, suns: list[float], dice: random.Random) -> list[float]:
    base = dice.uniform(120, 500) / 4
    scale = dice.uniform(0.6, 1.6)
    cooling = dice.uniform(800, 3000) / 4
    loads = []
    warmth = 0.0
    fridge, kettle = dice.random(), 0
    for slot, sun in enumerate(suns):
        hour = slot % 96 / 4
        warmth += (sun / (site.peak_w / 4) - warmth) / 10
        fridge = (fridge + 0.31) % 1
        wh = base * (0.8 + 0.5 * (fridge < 0.4))
        wh += scale * 180 * math.exp(-(((hour - 7.3) / 1.3) ** 2)) * dice.uniform(0.5, 1.5)
        wh += scale * 320 * math.exp(-(((hour - 19) / 2.2) ** 2)) * dice.uniform(0.5, 1.5)
        if not kettle and 6.5 < hour < 23 and dice.random() < 0.03:
            kettle = dice.choice((1, 1, 2, 4))
        if kettle:
            kettle -= 1
            wh += dice.uniform(150, 550)
        if site.habits == "cooling":
            wh += cooling * max(0.0, warmth - 0.2) * dice.uniform(0.8, 1.2)
        elif site.habits == "night_car" and 0.5 <= hour < 4:
            wh += 1700
        elif site.habits == "shop":
            wh = base + site.peak_w / 9 * (8 <= hour < 18) * dice.uniform(0.85, 1.15)
        elif site.habits == "solar_car" and 9 <= hour < 17:
            wh += max(0.0, sun - wh) * dice.uniform(0.96, 1.0)
        elif site.habits == "heater":
            wh += min(max(0.0, sun - wh), 500) * dice.uniform(0.95, 1.0)
        elif site.habits == "empty":
            wh = 0.0
        elif site.habits == "street_light":
            wh = 900.0 if sun <= 0 else 0.0
        loads.append(wh)
    return loads


def _battery(site: Site, suns: list[float], loads: list[float], dice: random.Random) -> list[float]:
    """Charge minus discharge: takes what is left over, gives until it is empty."""
    if not site.battery:
        return [0.0] * len(suns)
    room, level, flows = dice.uniform(5000, 15_000), 2000.0, []
    for sun, load in zip(suns, loads, strict=True):
        left = sun - load
        flow = min(left, 960, room - level) if left > 0 else max(left, -960, -level)
        level += flow
        flows.append(flow)
    return flows


def _legs(site: Site, dice: random.Random) -> list[float]:
    shares = [dice.uniform(0.6, 1.4) for _ in range(LEGS[site.phases])]
    return [share / sum(shares) for share in shares]


def _parts(load: float, legs: list[float], dice: random.Random) -> list[float]:
    """Split a load over the legs; big ones are on one leg or another."""
    moved = [share * dice.uniform(0.4, 1.6) for share in legs]
    return [load * share / sum(moved) for share in moved]


def _holes(site: Site, dice: random.Random) -> dict[str, set[int]]:
    slots = site.days * 96
    holes: dict[str, set[int]] = {"micros": set(), "production": set(), "consumption": set()}
    for name in holes:
        while len(holes[name]) < site.gaps * slots:
            begin, length = dice.randrange(slots), dice.choice((1, 1, 2, 4, 12))
            holes[name].update(range(begin, min(slots, begin + length)))
    return holes


def _hole(holes: dict[str, set[int]], name: str, slot: int, wh: float) -> float | None:
    return None if slot in holes[name] else float(round(wh))


# The sandbox


def of_the_sandbox(systems: int = 120) -> bool:
    """Read the CTs of sites of the sandbox, whose wiring is right; a consumption meter that is off
    is told so, and none is accused."""
    counts: Counter[tuple[str, State]] = Counter()
    wrong = 0
    with services.sandbox("--systems", str(systems)) as address:
        no_limit = {"per_minute": None, "per_month": None}
        requests.post(f"{address}/_sandbox/limits", json=no_limit, timeout=30).raise_for_status()
        for person in ("dana@halcyon", "tess@bluebonnet", "nina@zonnedak", "owen@southerncross"):
            with _client(address, f"{person}.example") as client:
                for kind, state, is_off in _judged(client):
                    counts[kind, state] += 1
                    wrong += state.is_accusation or is_off is not (state is State.DISABLED)
    print(f"\nSandbox of {systems} systems, CTs wired rightly, some meters off")
    for (kind, state), count in sorted(counts.items()):
        print(f"  {kind:12}{state:13}{count:5}")
    print(f"Accused, or on and off confused: {wrong}")
    return not wrong and bool(counts)


@dataclass(frozen=True)
class Token:
    """An access token that lasts as long as the sandbox."""

    value: str

    def access_token(self) -> str:
        return self.value

    def renew(self, rejected: str) -> None:
        return None


def _client(address: str, email: str) -> Client:
    answer = requests.post(f"{address}/_sandbox/tokens", json={"email": email}, timeout=30)
    answer.raise_for_status()
    application = Application("sandbox-key", "sandbox-client", "sandbox-secret")
    return Client(address, application, Token(answer.json()["access_token"]))


def _judged(client: Client) -> Iterator[tuple[str, State, bool]]:
    for system in client.systems.each():
        try:
            devices = client.systems.list_system_devices(system.system_id)
            meters = {meter.name or "": meter for meter in devices.of_kind("meters")}
            found = _of_system(client, system.system_id, meters, devices) if meters else None
        except EnphaseError:
            # A site that has not reported refuses its telemetry.
            continue
        for kind in ("production", "consumption"):
            if found is not None and kind in meters:
                is_off = (meters[kind].state or "").casefold() == "disabled"
                yield kind, getattr(found, kind).state, is_off


def _of_system(
    client: Client, system_id: int, meters: dict[str, Device], devices: SystemDevices
) -> Verdicts:
    """Read three days of every series and judge them."""
    activation = client.activations.get_activation(system_id)
    where = activation.address
    place = None
    if where is not None and where.latitude is not None and where.longitude is not None:
        place = (where.latitude, where.longitude)
    has_battery = bool(devices.of_kind("encharges") or devices.of_kind("acbs"))
    now = datetime.now(UTC)
    starts = [now - timedelta(days=day) for day in (3, 2, 1)]
    made, used = client.production, client.consumption
    quarters = quarters_of(
        zone=ZoneInfo(activation.timezone or "UTC"),
        place=place,
        production=[made.get_production_meter_telemetry(system_id, at) for at in starts],
        consumption=[used.get_consumption_meter_telemetry(system_id, at) for at in starts],
        micros=[made.get_production_micro_telemetry(system_id, at) for at in starts],
        imported=[used.get_energy_import_telemetry(system_id, at) for at in starts],
        exported=[used.get_energy_export_telemetry(system_id, at) for at in starts],
        battery=[used.get_battery_telemetry(system_id, at) for at in starts] if has_battery else [],
    )
    return decide(
        quarters,
        production=_ct(meters.get("production")),
        consumption=_ct(meters.get("consumption")),
        battery=has_battery,
    )


def _ct(meter: Device | None) -> Ct | None:
    if meter is None:
        return None
    return Ct(meter.config_type or "", meter.config_phase or "", meter.state or "")


if __name__ == "__main__":
    sys.exit(main())
