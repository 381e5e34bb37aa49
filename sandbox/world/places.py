"""Cities with their streets, coordinates and time zones: enough geography to look real.

The cities exist; the streets and house numbers are made up.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass


@dataclass(frozen=True)
class Place:
    """A city. `postal` is a pattern whose # are replaced by digits, @ by capital letters."""

    city: str
    state: str
    country: str
    postal: str
    latitude: float
    longitude: float
    timezone: str


PLACES: dict[str, tuple[Place, ...]] = {
    "CA": (
        Place("Sacramento", "CA", "US", "958##", 38.58, -121.49, "US/Pacific"),
        Place("Davis", "CA", "US", "95616", 38.54, -121.74, "US/Pacific"),
        Place("Redding", "CA", "US", "9600#", 40.59, -122.39, "US/Pacific"),
        Place("Chico", "CA", "US", "9592#", 39.73, -121.84, "US/Pacific"),
        Place("Petaluma", "CA", "US", "9495#", 38.23, -122.64, "US/Pacific"),
        Place("Fresno", "CA", "US", "937##", 36.74, -119.79, "US/Pacific"),
        Place("San Diego", "CA", "US", "921##", 32.72, -117.16, "US/Pacific"),
        Place("Escondido", "CA", "US", "9202#", 33.12, -117.08, "US/Pacific"),
        Place("Santa Rosa", "CA", "US", "9540#", 38.44, -122.71, "US/Pacific"),
    ),
    "TX": (
        Place("Austin", "TX", "US", "787##", 30.27, -97.74, "US/Central"),
        Place("Round Rock", "TX", "US", "7866#", 30.51, -97.68, "US/Central"),
        Place("San Marcos", "TX", "US", "78666", 29.88, -97.94, "US/Central"),
        Place("Houston", "TX", "US", "770##", 29.76, -95.37, "US/Central"),
        Place("Waco", "TX", "US", "767##", 31.55, -97.15, "US/Central"),
    ),
    "NL": (
        Place("Utrecht", "UT", "NL", "35## @@", 52.09, 5.12, "Europe/Amsterdam"),
        Place("Amersfoort", "UT", "NL", "38## @@", 52.16, 5.39, "Europe/Amsterdam"),
        Place("Eindhoven", "NB", "NL", "56## @@", 51.44, 5.48, "Europe/Amsterdam"),
        Place("Tilburg", "NB", "NL", "50## @@", 51.56, 5.09, "Europe/Amsterdam"),
        Place("Haarlem", "NH", "NL", "20## @@", 52.38, 4.64, "Europe/Amsterdam"),
        Place("Zwolle", "OV", "NL", "80## @@", 52.52, 6.08, "Europe/Amsterdam"),
    ),
    "AU": (
        Place("Brisbane", "QLD", "AU", "40##", -27.47, 153.03, "Australia/Brisbane"),
        Place("Toowoomba", "QLD", "AU", "4350", -27.56, 151.95, "Australia/Brisbane"),
        Place("Gold Coast", "QLD", "AU", "42##", -28.02, 153.40, "Australia/Brisbane"),
        Place("Perth", "WA", "AU", "60##", -31.95, 115.86, "Australia/Perth"),
        Place("Fremantle", "WA", "AU", "6160", -32.06, 115.75, "Australia/Perth"),
    ),
}

STREETS: dict[str, tuple[str, ...]] = {
    "US": (
        "Alder Court", "Bluff View Drive", "Cottonwood Lane", "Dry Creek Road", "Egret Way",
        "Foxtail Street", "Granite Hill Road", "Heron Lane", "Ironwood Avenue", "Juniper Street",
        "Kestrel Court", "Lupine Way", "Madrone Street", "Nutmeg Lane", "Orchard Bend",
        "Poppy Field Road", "Quail Run", "Redbud Lane", "Sycamore Hollow", "Thistle Street",
        "Umber Ridge", "Valley Oak Drive", "Willow Bend", "Yarrow Court", "Mesquite Trail",
    ),
    "NL": (
        "Boterbloemlaan", "Dijkzicht", "Elzenpad", "Fluitenkruidstraat", "Gruttostraat",
        "Hazelaarhof", "Ijsvogelweg", "Klaverweide", "Lisdoddelaan", "Molenakker",
        "Oeverzegge", "Populierendreef", "Rietzanger", "Sleedoornhof", "Veldleeuwerik",
        "Wilgenkade", "Zonnedauwstraat",
    ),
    "AU": (
        "Acacia Parade", "Banksia Street", "Currawong Close", "Drover Court", "Eucalypt Drive",
        "Fig Tree Lane", "Grevillea Street", "Ironbark Road", "Jacaranda Avenue",
        "Kookaburra Crescent", "Lorikeet Way", "Melaleuca Street", "Paperbark Place",
        "Rosella Court", "Wattle Grove",
    ),
}  # fmt: skip

_ZONES = {
    ("US", "CA"): "US/Pacific", ("US", "WA"): "US/Pacific", ("US", "OR"): "US/Pacific",
    ("US", "NV"): "US/Pacific", ("US", "AZ"): "US/Arizona", ("US", "CO"): "US/Mountain",
    ("US", "UT"): "US/Mountain", ("US", "TX"): "US/Central", ("US", "IL"): "US/Central",
    ("US", "HI"): "US/Hawaii", ("AU", "QLD"): "Australia/Brisbane", ("AU", "WA"): "Australia/Perth",
    ("AU", "NSW"): "Australia/Sydney", ("AU", "VIC"): "Australia/Melbourne",
    ("AU", "SA"): "Australia/Adelaide", ("AU", "TAS"): "Australia/Hobart",
}  # fmt: skip
_COUNTRY_ZONES = {"US": "US/Eastern", "NL": "Europe/Amsterdam", "AU": "Australia/Sydney"}
_COUNTRY_MIDDLES = {"US": (39.5, -98.4), "NL": (52.2, 5.4), "AU": (-27.0, 150.0)}


def locate(street: str, city: str, state: str, country: str) -> tuple[float, float, str]:
    """Give latitude, longitude (degrees) and time zone of an address, the same each time."""
    known = next(
        (
            place
            for places in PLACES.values()
            for place in places
            if (place.city.casefold(), place.country) == (city.casefold(), country)
        ),
        None,
    )
    if known:
        latitude, longitude, zone = known.latitude, known.longitude, known.timezone
    else:
        latitude, longitude = _COUNTRY_MIDDLES.get(country, (48.0, 9.0))
        zone = _ZONES.get((country, state)) or _COUNTRY_ZONES.get(country, "UTC")
    noise = zlib.crc32(f"{street}|{city}|{state}".casefold().encode())
    latitude += ((noise & 0xFFF) / 0xFFF - 0.5) * 0.1
    longitude += ((noise >> 12 & 0xFFF) / 0xFFF - 0.5) * 0.1
    return round(latitude, 6), round(longitude, 6), zone
