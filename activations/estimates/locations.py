"""Where a site roughly is, in degrees, from what Enphase tells of it.

Enphase tells an address and a time zone, no coordinates, and nothing is looked up elsewhere. For
the light of a year latitude decides: half a degree is about half a percent of it. So the middle of
a state, weighted by where people live, is near enough to begin with; people may enter better ones.
"""

import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from activations.places import STATES

# Latitude and longitude of where people of a state live, on average.
_STATES: dict[str, str] = {
    "US": """AL 33.0 -86.8|AK 61.3 -149.2|AZ 33.3 -111.8|AR 35.1 -92.6|CA 35.5 -119.4
CO 39.5 -105.2|CT 41.5 -72.9|DE 39.4 -75.6|DC 38.9 -77.0|FL 27.8 -81.6|GA 33.4 -83.9|HI 21.1 -157.5
ID 44.2 -115.1|IL 41.3 -88.4|IN 40.2 -86.3|IA 42.0 -93.0|KS 38.5 -96.5|KY 37.8 -85.3|LA 30.7 -91.5
ME 44.3 -69.7|MD 39.1 -76.8|MA 42.3 -71.4|MI 42.9 -84.2|MN 45.2 -93.6|MS 32.6 -89.6|MO 38.4 -92.2
MT 46.8 -111.2|NE 41.2 -97.4|NV 37.2 -116.3|NH 43.2 -71.5|NJ 40.4 -74.4|NM 34.6 -106.3|NY 41.5 -74.6
NC 35.6 -79.7|ND 47.4 -99.3|OH 40.5 -82.7|OK 35.6 -96.8|OR 44.7 -122.6|PA 40.5 -77.1|PR 18.3 -66.3
RI 41.8 -71.4|SC 34.0 -81.0|SD 44.0 -99.0|TN 35.8 -86.4|TX 30.9 -97.4|UT 40.4 -111.9|VT 44.1 -72.8
VI 18.1 -64.8|VA 37.8 -77.8|WA 47.3 -121.6|WV 38.8 -80.8|WI 43.7 -89.0|WY 42.7 -107.0""",
    "CA": """AB 52.2 -113.9|BC 49.3 -122.6|MB 50.0 -97.4|NB 46.1 -66.2|NL 48.0 -53.8|NS 45.0 -63.3
NT 62.5 -114.5|NU 65.0 -85.0|ON 43.9 -79.5|PE 46.3 -63.2|QC 45.9 -72.9|SK 51.2 -105.9
YT 60.8 -135.2""",
    "AU": """ACT -35.3 149.1|NSW -33.4 151.0|NT -13.5 131.5|QLD -26.1 152.3|SA -34.8 138.6
TAS -42.3 147.1|VIC -37.8 145.0|WA -31.9 116.1""",
}
# Countries small enough, or with their people close enough together, for one middle.
_COUNTRIES = """NL 52.1 5.2|BE 50.8 4.6|LU 49.7 6.1|DE 50.9 9.7|AT 47.8 15.0|CH 47.1 7.9|FR 46.9 2.4
ES 39.9 -3.3|PT 39.8 -8.7|IT 42.9 12.0|GB 52.7 -1.6|IE 53.0 -7.1|DK 55.8 10.8|SE 58.6 15.7
NO 60.6 9.8|FI 61.6 24.8|PL 51.9 19.3|CZ 49.9 15.3|SK 48.7 19.1|HU 47.3 19.3|SI 46.1 14.8
HR 45.4 16.1|RO 45.7 25.6|BG 42.7 24.9|GR 38.6 23.2|MT 35.9 14.4|CY 35.0 33.2|LT 55.2 24.0
LV 56.8 24.6|EE 59.0 25.5|NZ -39.3 175.0|IN 23.0 79.5|TH 14.9 101.0|PH 12.9 122.0|VN 15.9 106.6
JP 35.6 137.5|MX 20.7 -100.7|CO 5.6 -74.7|BR -17.2 -46.3|ZA -28.3 28.6|IL 31.9 34.9
PR 18.3 -66.3|US 37.4 -92.5|CA 46.6 -83.5|AU -32.9 146.8"""

# Where the sky is clear for most of the year: deserts, and coasts with dry summers.
_DRY = {
    *(("US", code) for code in ("AZ", "CA", "CO", "NM", "NV", "UT")),
    *(("AU", code) for code in ("NT", "SA", "WA")),
    *((country, "") for country in ("CY", "ES", "GR", "IL", "MT", "PT")),
}


@dataclass(frozen=True)
class Place:
    """Degrees north and east, in words where they come from, and whether its air is dry."""

    latitude: float
    longitude: float
    words: str
    is_dry: bool = False


def place_of(country: str, state: str, zone: str) -> Place | None:
    """The best we know of a site: the middle of its state, of its country, or its zone's city.

    `country` is Enphase's code (US), `state` a code or a name, `zone` a time zone, IANA or legacy.
    """
    country, state = country.strip().upper(), state.strip()
    code = _state_code(country, state)
    if code:
        words = f"the middle of {_state_name(country, code)}"
        return Place(*_table()[(country, code)], words, (country, code) in _DRY)
    if country in _STATES and (city := _zone_city(zone)):
        # These countries are too wide for one middle.
        return city
    if (country, "") in _table():
        return Place(*_table()[(country, "")], "the middle of the country", (country, "") in _DRY)
    return _zone_city(zone)


@cache
def _table() -> dict[tuple[str, str], tuple[float, float]]:
    rows: dict[tuple[str, str], tuple[float, float]] = {}
    for country, text in [*_STATES.items(), ("", _COUNTRIES)]:
        for row in text.replace("\n", "|").split("|"):
            code, latitude, longitude = row.split()
            key = (country, code) if country else (code, "")
            rows[key] = (float(latitude), float(longitude))
    return rows


def _state_code(country: str, state: str) -> str:
    if state and (country, state.upper()) in _table():
        return state.upper()
    for code, name in STATES.get(country, []):
        if name.rpartition(" (")[0].casefold() == state.casefold():
            return code
    return ""


def _state_name(country: str, code: str) -> str:
    names = dict(STATES.get(country, []))
    return names.get(code, code).rpartition(" (")[0] or code


_DEGREES = re.compile(r"([+-]\d{2})(\d{2})(\d{2})?([+-]\d{3})(\d{2})(\d{2})?")


@cache
def _zone_city(zone: str) -> Place | None:
    """The reference city of a time zone, from the tables that come with the zones."""
    folder = files("tzdata.zoneinfo")
    name = zone.strip()
    if not name:
        return None
    for line in (folder / "tzdata.zi").read_text().splitlines():
        # A link, "L America/Los_Angeles US/Pacific": the older name is the last.
        if line.startswith("L ") and line.split()[2] == name:
            name = line.split()[1]
            break
    for line in (folder / "zone1970.tab").read_text().splitlines():
        if line.startswith("#"):
            continue
        _, where, found, *_ = line.split("\t")
        match = _DEGREES.fullmatch(where)
        if found == name and match:
            city = name.rpartition("/")[2].replace("_", " ")
            north, east = _degrees(*match.groups()[:3]), _degrees(*match.groups()[3:])
            return Place(north, east, f"{city}, the city of its time zone")
    return None


def _degrees(whole: str, minutes: str, seconds: str | None) -> float:
    size = abs(int(whole)) + int(minutes) / 60 + int(seconds or 0) / 3600
    return round(-size if whole.startswith("-") else size, 2)
