"""Two weeks of one Californian site, read from the sandbox by the client: checked, then drawn.

    .venv/bin/python -m scripts.energy_picture

Prints what was found with its numbers, and writes docs/img/energy.svg; 1 when a finding does not
hold. The sandbox is one of its own, with the demo world; its clock is moved to next January, so
that a June and a December lie behind it.
"""

import math
import os
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import cast
from zoneinfo import ZoneInfo

import requests

from enphase import Client, password_grant
from enphase.records import Array
from enphase.resources.arrays import ArrayFields
from scripts.energy_svg import Curves, picture
from scripts.programs import Program
from tests.enphase.pretend import APPLICATION, PASSWORD, Account

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "img" / "energy.svg"
PERSON = "dana@halcyon.example"
READY_SECONDS = 60
QUARTER = timedelta(minutes=15)
# Middle of the state: a degree more or less moves no peak by a minute.
LATITUDE = 37.5


@dataclass(frozen=True)
class Site:
    system_id: int
    size_w: float
    capacity_wh: float
    reserve_percent: float
    timezone: ZoneInfo
    array: Array


@dataclass(frozen=True)
class Week:
    """Quarters of an hour of seven days, side by side, in Wh; `days` by the lifetime series."""

    name: str
    start: date
    ends: list[datetime]
    production: list[float]
    consumption: list[float]
    charge: list[float]
    discharge: list[float]
    soc_percent: list[float]
    imported: list[float]
    exported: list[float]
    days: dict[str, list[float]]

    def mean_day(self, series: Sequence[float]) -> list[float]:
        """The power (W) of each quarter of a day, as the mean of the week."""
        return [4 * statistics.fmean(series[slot::96]) for slot in range(96)]


def main() -> int:
    now = datetime.now(UTC)
    year = now.year if now.date() >= date(now.year, 1, 15) else now.year - 1
    with sandbox() as url:
        moment = datetime(year + 1, 1, 15, 20, tzinfo=UTC).isoformat().replace("+00:00", "Z")
        clock = requests.post(f"{url}/_sandbox/clock", json={"at": moment}, timeout=10)
        clock.raise_for_status()
        account = Account(url, password_grant(url, APPLICATION, PERSON, PASSWORD))
        with Client(url, APPLICATION, account) as client:
            site = chosen_site(client, date(year, 6, 1))
            june = read_week(client, site, "June", clearest_week(client, site, year))
            # The week around the shortest day, whatever its weather.
            december = read_week(client, site, "December", date(year, 12, 18))
            turned = {angle: turned_centre(client, site, june.start, angle) for angle in (90, 270)}
    findings = Findings()
    check(findings, site, june, december, turned)
    PICTURE.write_text(drawn(site, june, december), encoding="utf-8")
    size = PICTURE.stat().st_size
    print(f"wrote {PICTURE.relative_to(ROOT)}, {size / 1000:.0f} kB")
    return 1 if findings.failed else 0


@contextmanager
def sandbox() -> Iterator[str]:
    """A sandbox of our own on a free port; gives its address."""
    command = [sys.executable, "-m", "sandbox", "--port", "0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    program = Program("The sandbox", command, environment=environment, folder=ROOT)
    try:
        yield program.wait_for_line(r"Sandbox ready on (http://\S+)", READY_SECONDS)[1]
    finally:
        program.stop(timeout_seconds=3)


# Reading


def chosen_site(client: Client, since: date) -> Site:
    """The first healthy home with one array, a real battery, both meters and enough history."""
    for system in client.systems.each():
        if system.status != "normal" or system.timezone not in (
            "US/Pacific",
            "America/Los_Angeles",
        ):
            continue
        summary = client.systems.get_system_summary(system.system_id)
        size_w, capacity_wh = summary.size_w or 0, summary.battery_capacity_wh or 0
        if not (5_000 <= size_w <= 8_000 and capacity_wh >= 10_000):
            continue
        arrays = client.arrays.list_arrays(system.system_id).arrays
        started = client.consumption.get_consumption_lifetime(system.system_id).start_date
        if len(arrays) == 1 and started and started < since:
            settings = client.config.get_battery_settings(system.system_id)
            return Site(
                system.system_id,
                size_w,
                capacity_wh,
                settings.reserve_soc_percent or 0,
                ZoneInfo(system.timezone),
                arrays[0],
            )
    raise SystemExit("No site of this world fits.")


def clearest_week(client: Client, site: Site, year: int) -> date:
    """The first day of the seven in June that made most."""
    lifetime = client.production.get_energy_lifetime(
        site.system_id, date(year, 6, 1), date(year, 6, 30)
    )
    days = [energy_wh or 0 for energy_wh in lifetime.production_wh]
    first = max(range(len(days) - 6), key=lambda number: sum(days[number : number + 7]))
    return date(year, 6, 1) + timedelta(days=first)


def read_week(client: Client, site: Site, name: str, start: date) -> Week:
    number, last = site.system_id, start + timedelta(days=6)
    production = client.production.get_production_meter_telemetry(
        number, start_date=start, granularity="week"
    ).intervals
    consumption = client.consumption.get_consumption_meter_telemetry(
        number, start_date=start, granularity="week"
    ).intervals
    battery = client.consumption.get_battery_telemetry(
        number, start_date=start, granularity="week"
    ).intervals
    imported, exported = [], []
    for offset in range(7):
        day = start + timedelta(days=offset)
        drawn = client.consumption.get_energy_import_telemetry(number, start_date=day)
        fed = client.consumption.get_energy_export_telemetry(number, start_date=day)
        imported += [row.energy_wh or 0 for row in drawn.intervals]
        exported += [row.energy_wh or 0 for row in fed.intervals]
    batteries = client.consumption.get_battery_lifetime(number, start, last)
    days = {
        "production": client.production.get_energy_lifetime(number, start, last).production_wh,
        "consumption": client.consumption.get_consumption_lifetime(number, start, last).energy_wh,
        "charge": batteries.charge_wh,
        "discharge": batteries.discharge_wh,
    }
    return Week(
        name,
        start,
        [row.end_at for row in production if row.end_at],
        [row.energy_wh or 0 for row in production],
        [row.energy_wh or 0 for row in consumption],
        [row.charge_wh or 0 for row in battery],
        [row.discharge_wh or 0 for row in battery],
        [row.soc_percent or 0 for row in battery],
        imported,
        exported,
        {key: [energy_wh or 0 for energy_wh in series] for key, series in days.items()},
    )


def turned_centre(client: Client, site: Site, start: date, angle: int) -> float:
    """The hour around which the first week is made, had the roof looked that way."""
    array = site.array.model_copy(update={"angle": float(angle)}).for_update()
    client.arrays.update_arrays(site.system_id, 0, [cast(ArrayFields, array)])
    intervals = client.production.get_production_meter_telemetry(
        site.system_id, start_date=start, granularity="week"
    ).intervals
    return centre([sum(row.energy_wh or 0 for row in intervals[slot::96]) for slot in range(96)])


# Checking


class Findings:
    """Prints each finding as it comes, and remembers whether one did not hold."""

    def __init__(self) -> None:
        self.failed = False

    def add(self, holds: bool, text: str) -> None:
        self.failed = self.failed or not holds
        print(f"{'ok ' if holds else 'NO '} {text}")


def check(
    findings: Findings, site: Site, june: Week, december: Week, turned: dict[int, float]
) -> None:
    print(
        f"site {site.system_id}: {site.size_w / 1000:.2f} kW towards {site.array.angle:.0f}°, tilt "
        f"{site.array.tilt:.0f}°; battery {site.capacity_wh / 1000:.0f} kWh, reserve "
        f"{site.reserve_percent:.0f} %; weeks from {june.start} and {december.start}"
    )
    for week in (june, december):
        complete(findings, week)
        night(findings, site, week)
        peak(findings, site, week)
        adds_up(findings, week)
        balance(findings, week)
        battery(findings, site, week)
    summer, winter = sum(june.production) / 7000, sum(december.production) / 7000
    findings.add(
        0.15 < winter / summer < 0.7,
        f"winter is lower: {winter:.1f} kWh a day against {summer:.1f}, {winter / summer:.0%}",
    )
    own = centre(june.mean_day(june.production))
    findings.add(
        turned[90] + 0.5 < own < turned[270] - 0.5,
        f"June, the same roof turned: made around {clock_of(turned[90])} to the east, "
        f"{clock_of(own)} as it is, {clock_of(turned[270])} to the west",
    )


def complete(findings: Findings, week: Week) -> None:
    steps = {later - earlier for earlier, later in zip(week.ends, week.ends[1:], strict=False)}
    series = (week.production, week.consumption, week.charge, week.imported, week.exported)
    findings.add(
        {len(one) for one in series} == {672} and steps == {QUARTER},
        f"{week.name}: {len(week.ends)} quarters of an hour in every series, without a gap",
    )


def night(findings: Findings, site: Site, week: Week) -> None:
    """Solar time decides, not the clock: from an hour after sunset to an hour before sunrise."""
    noon = solar_noon(week)
    half_day = hours_of_light(week.start + timedelta(days=3)) / 2
    dark = [
        energy_wh
        for number, energy_wh in enumerate(week.production)
        if abs((number % 96) / 4 + 0.125 - noon) > half_day + 0.5
    ]
    lit = [slot for slot, power_w in enumerate(week.mean_day(week.production)) if power_w]
    findings.add(
        not any(dark) and len(dark) > 7 * 24,
        f"{week.name}: night is zero in all {len(dark)} quarters; light from "
        f"{clock_of(lit[0] / 4)} to {clock_of((lit[-1] + 1) / 4)}, sun's noon {clock_of(noon)}",
    )


def peak(findings: Findings, site: Site, week: Week) -> None:
    noon = solar_noon(week)
    found = centre(week.mean_day(week.production))
    expected = expected_centre(site.array, week.start + timedelta(days=3), noon)
    best = max(range(672), key=lambda number: week.production[number])
    highest_w = 4 * week.production[best]
    findings.add(
        abs(found - expected) < 0.5 and highest_w <= site.size_w,
        f"{week.name}: made around {clock_of(found)}, the azimuth asks for {clock_of(expected)}; "
        f"highest {highest_w / 1000:.2f} kW at {clock_of((best % 96) / 4)}",
    )


def adds_up(findings: Findings, week: Week) -> None:
    for name, days in week.days.items():
        series = getattr(week, name)
        sums = [sum(series[96 * day : 96 * day + 96]) for day in range(7)]
        findings.add(
            sums == days and sum(days) > 0,
            f"{week.name}: {name}, 7 days of the lifetime are the sums of their intervals: "
            f"{sum(days):,.0f} Wh",
        )


def balance(findings: Findings, week: Week) -> None:
    gaps = [
        week.production[number] + week.discharge[number] + week.imported[number]
        - week.consumption[number] - week.charge[number] - week.exported[number]
        for number in range(672)
    ]  # fmt: skip
    findings.add(
        not any(gaps),
        f"{week.name}: what comes in goes out, largest gap {max(map(abs, gaps)):.0f} Wh; "
        f"from the grid {sum(week.imported) / 7000:.1f} kWh a day, to it "
        f"{sum(week.exported) / 7000:.1f}",
    )


def battery(findings: Findings, site: Site, week: Week) -> None:
    low, high = min(week.soc_percent), max(week.soc_percent)
    returned = sum(week.discharge) / sum(week.charge)
    both = sum(
        bool(taken and given) for taken, given in zip(week.charge, week.discharge, strict=True)
    )
    findings.add(
        site.reserve_percent <= low <= high <= 100 and 0.8 < returned < 1 and not both,
        f"{week.name}: battery between {low:.0f} and {high:.0f} %, never both ways at once, gave "
        f"back {returned:.0%} of {sum(week.charge) / 7000:.1f} kWh a day",
    )


# The sun, worked out apart from the sandbox


def solar_noon(week: Week) -> float:
    """The hour of the clock in the middle between the first and the last light."""
    lit = [slot for slot in range(96) if any(week.production[slot::96])]
    return (lit[0] + lit[-1] + 1) / 8


def declination(day: date) -> float:
    return math.radians(-23.44) * math.cos(2 * math.pi * (day.timetuple().tm_yday + 10) / 365.25)


def hours_of_light(day: date) -> float:
    cosine = -math.tan(math.radians(LATITUDE)) * math.tan(declination(day))
    return 2 * math.degrees(math.acos(cosine)) / 15


def expected_centre(array: Array, day: date, noon: float) -> float:
    """The hour around which a plane of this azimuth and tilt is lit, in direct light alone."""
    tilt, azimuth = math.radians(array.tilt or 0), math.radians(array.angle or 0)
    latitude, tilted = math.radians(LATITUDE), declination(day)
    light = []
    for slot in range(96):
        hour = math.radians(15 * ((slot + 0.5) / 4 - noon))
        # The sun's direction: east, north, up.
        east = -math.cos(tilted) * math.sin(hour)
        north = math.cos(latitude) * math.sin(tilted) - math.sin(latitude) * math.cos(
            tilted
        ) * math.cos(hour)
        up = math.sin(latitude) * math.sin(tilted) + math.cos(latitude) * math.cos(
            tilted
        ) * math.cos(hour)
        toward = math.sin(tilt) * (math.sin(azimuth) * east + math.cos(azimuth) * north)
        toward += math.cos(tilt) * up
        light.append(max(toward, 0) * 0.7 ** (up**-0.678) if up > 0 else 0.0)
    return centre(light)


def centre(day: Sequence[float]) -> float:
    """The hour on both sides of which as much is made, weighted by distance."""
    return sum((slot + 0.5) / 4 * value for slot, value in enumerate(day)) / sum(day)


def clock_of(hour: float) -> str:
    minutes = round(hour * 60)
    return f"{minutes // 60}:{minutes % 60:02d}"


# Drawing


def drawn(site: Site, june: Week, december: Week) -> str:
    return picture(
        "Two weeks of a home in California",
        f"System {site.system_id} of the sandbox, read by the client: {site.size_w / 1000:.1f} kW "
        f"of modules facing {site.array.angle:.0f}°, {site.capacity_wh / 1000:.0f} kWh of battery. "
        "15-minute intervals, local time.",
        [
            Curves(
                f"{week.name} {week.start.year}",
                f"{sum(week.production) / 7000:.1f} kWh produced and "
                f"{sum(week.consumption) / 7000:.1f} kWh used a day",
                [week.start + timedelta(days=number) for number in range(7)],
                [energy_wh / 250 for energy_wh in week.production],
                [energy_wh / 250 for energy_wh in week.consumption],
                [
                    (given - taken) / 250
                    for given, taken in zip(week.discharge, week.charge, strict=True)
                ],
                week.soc_percent,
            )
            for week in (june, december)
        ],
    )


if __name__ == "__main__":
    sys.exit(main())
