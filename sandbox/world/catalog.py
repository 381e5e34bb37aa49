"""Grid profiles, PV manufacturers and their models: the same in every world."""

from __future__ import annotations

import functools
import hashlib
from typing import Any

_US = {
    "CA": "California", "TX": "Texas", "HI": "Hawaii", "AZ": "Arizona", "NY": "New York",
    "MA": "Massachusetts", "CO": "Colorado", "NV": "Nevada", "FL": "Florida", "NJ": "New Jersey",
    "OR": "Oregon", "WA": "Washington", "IL": "Illinois", "UT": "Utah", "VT": "Vermont",
}  # fmt: skip
_AU = {
    "QLD": "Queensland", "NSW": "New South Wales", "VIC": "Victoria", "WA": "Western Australia",
    "SA": "South Australia", "TAS": "Tasmania",
}  # fmt: skip

# Name, version, envoy type, country, states, fit for batteries.
_PROFILES: tuple[tuple[str, str, str, str, tuple[str, ...], bool], ...] = (
    ("IEEE 1547 default 2015", "1.1.0", "north_america", "US", (), False),
    ("IEEE 1547-2018 Category III", "1.2.7", "north_america", "US", (), True),
    ("UL 1741 SA default", "1.0.4", "north_america", "US", (), False),
    ("CA Rule 21 2018", "1.0.9", "north_america", "US", ("CA",), False),
    ("CA Rule 21 2023 SB", "1.2.8", "north_america", "US", ("CA",), True),
    ("CA Rule 21 2023 SB Export Limited", "1.3.1", "north_america", "US", ("CA",), True),
    ("CA Municipal Utilities", "1.0.3", "north_america", "US", ("CA",), True),
    ("TX ERCOT distribution", "1.1.2", "north_america", "US", ("TX",), True),
    ("TX Cooperative", "1.0.1", "north_america", "US", ("TX",), False),
    ("TX Gulf region", "1.0.6", "north_america", "US", ("TX",), True),
    ("HI Rule 14H Oahu", "1.4.0", "north_america", "US", ("HI",), True),
    ("HI Rule 14H Maui", "1.4.0", "north_america", "US", ("HI",), True),
    ("AZ Desert utilities", "1.0.5", "north_america", "US", ("AZ",), True),
    ("NY Joint utilities", "1.1.4", "north_america", "US", ("NY",), True),
    ("ISO New England source requirement", "1.2.0", "north_america", "US", ("MA", "VT"), True),
    ("CO Front Range", "1.0.2", "north_america", "US", ("CO",), False),
    ("NV Great Basin", "1.0.2", "north_america", "US", ("NV",), True),
    ("FL Peninsula", "1.0.7", "north_america", "US", ("FL",), True),
    ("PJM category II", "1.1.1", "north_america", "US", ("NJ", "IL"), True),
    ("OR WA Northwest", "1.0.3", "north_america", "US", ("OR", "WA"), True),
    ("UT Wasatch", "1.0.1", "north_america", "US", ("UT",), False),
    ("Netherlands EN 50549-1", "1.2.1", "europe", "NL", (), True),
    ("Netherlands EN 50549-1 RfG", "1.3.0", "europe", "NL", (), True),
    ("Netherlands EN 50438", "1.0.0", "europe", "NL", (), False),
    ("Netherlands zero export", "1.1.0", "europe", "NL", (), True),
    ("Belgium C10/11", "1.2.4", "europe", "BE", (), True),
    ("Germany VDE-AR-N 4105", "1.3.3", "europe", "DE", (), True),
    ("Germany VDE-AR-N 4105 70 percent", "1.3.3", "europe", "DE", (), True),
    ("France VFR 2019", "1.1.6", "europe", "FR", (), True),
    ("Spain UNE 217002", "1.0.8", "europe", "ES", (), True),
    ("Italy CEI 0-21", "1.2.2", "europe", "IT", (), True),
    ("Austria TOR Erzeuger", "1.1.0", "europe", "AT", (), True),
    ("United Kingdom G98", "1.2.5", "europe", "GB", (), True),
    ("United Kingdom G99", "1.2.5", "europe", "GB", (), True),
    ("AS/NZS 4777.2 Australia A", "2.0.1", "australia", "AU", ("QLD", "NSW", "VIC", "SA"), True),
    ("AS/NZS 4777.2 Australia B", "2.0.1", "australia", "AU", ("WA",), True),
    ("AS/NZS 4777.2 Australia C", "2.0.1", "australia", "AU", ("TAS",), True),
    ("AS 4777.2:2015 Energex", "1.1.9", "australia", "AU", ("QLD",), False),
    ("AS 4777.2:2015 Ergon", "1.1.9", "australia", "AU", ("QLD",), False),
    ("AS/NZS 4777.2 Western Power", "2.0.2", "australia", "AU", ("WA",), True),
    ("AS/NZS 4777.2 zero export", "2.0.1", "australia", "AU", (), True),
    ("New Zealand NZS 4777", "1.1.0", "australia", "NZ", (), True),
)

_MAKERS = (
    "Aurelia Modules", "Beacon Ridge Solar", "Brightfell Energy", "Calder Photovoltaics",
    "Canyonlight", "Cedar Peak Solar", "Daybreak Cells", "Elmsworth PV", "Fernhill Solar",
    "Glasshouse Modules", "Harrow and Sun", "Helianthe", "Inland Sun Works", "Junco Solar",
    "Kestrel Cells", "Larkspur Energy", "Lumen Orchard", "Meridian Glass", "Noordzon",
    "Northlight PV", "Ochre Plains Solar", "Pale Dawn Energy", "Quartzite Modules",
    "Riverbend Solar", "Saltmarsh PV", "Sierra Lantern", "Sunwright", "Tallow Creek Solar",
    "Umbra Modules", "Vantage Cells", "Westering Sun", "Yellowbox Energy", "Zenith Row Solar",
    "Zonneveld Panelen",
)  # fmt: skip
_FIRST_MAKER = 106
_FIRST_MODEL = 1047


def _hex(text: str, digits: int) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:digits]


@functools.cache
def grid_profiles() -> tuple[dict[str, Any], ...]:
    """Give all grid profiles as the API shows them; `id` has 24 hexadecimal digits."""
    profiles = []
    for number, (name, version, envoy_type, country, states, fit) in enumerate(_PROFILES):
        names = _US if country == "US" else _AU
        day = 1 + number % 27
        profiles.append(
            {
                "id": _hex(f"profile {name}", 24),
                "profile_id": "agf:" + _hex(f"agf {name}", 24),
                "created": f"{2017 + number % 7}-0{1 + number % 9}-{day:02}T17:46:46Z",
                "updated": f"2025-0{1 + number % 9}-{day:02}T09:12:30Z",
                "name": name,
                "description": f"{name}, version {version}",
                "version": version,
                "envoy_type": envoy_type,
                "countries": [country],
                "states": list(states),
                "state_names": [names[state] for state in states],
                "ensemble_1_compatible": fit,
            }
        )
    return tuple(profiles)


@functools.cache
def grid_profile_ids() -> frozenset[str]:
    return frozenset(profile["id"] for profile in grid_profiles())


@functools.cache
def profile_for(country: str, state: str, battery: bool) -> str:
    """Give the id of a profile that fits a site, "" when none does."""
    fitting = [
        profile
        for profile in grid_profiles()
        if country in profile["countries"]
        and (not profile["states"] or state in profile["states"])
        and (profile["ensemble_1_compatible"] or not battery)
    ]
    fitting.sort(key=lambda profile: (not profile["states"], profile["name"]))
    return str(fitting[0]["id"]) if fitting else ""


@functools.cache
def manufacturers() -> dict[int, str]:
    return {_FIRST_MAKER + number: name for number, name in enumerate(_MAKERS)}


@functools.cache
def models() -> dict[int, dict[int, str]]:
    """Give, for each manufacturer, its models by id."""
    result: dict[int, dict[int, str]] = {}
    next_id = _FIRST_MODEL
    for number, (maker_id, name) in enumerate(manufacturers().items()):
        letters = "".join(word[0] for word in name.split())[:3].upper()
        result[maker_id] = {}
        for step in range(4 + number % 5):
            watts = 330 + 15 * ((number + 3 * step) % 9) + 5 * step
            cells = (60, 66, 72, 108, 120, 132, 144)[(number + step) % 7]
            result[maker_id][next_id] = f"{letters}-{cells}M {watts}W"
            next_id += 1
    return result
