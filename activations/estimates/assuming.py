"""What is assumed of a site to say what it yields, and the words for it."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from activations import values
from activations.estimates import locations, sunlight
from activations.estimates.amounts import tidy
from activations.estimates.forms import MONTH_FIELDS, AssumptionsForm
from activations.estimates.locations import Place
from activations.estimates.models import Proposal
from activations.models import Activation
from activations.snapshots.services import current

# Where nothing is known of a site: the shape of the middle north.
NOWHERE_LATITUDE = 40.0


def place_of(activation: Activation) -> Place | None:
    """Where the site roughly is, from its address or its time zone; None when neither is known."""
    return locations.place_of(activation.country, activation.state, activation.timezone)


# ------------------------------------------------------------------ a yearly figure


def spread(yearly_kwh: Decimal, place: Place | None) -> list[Decimal]:
    """A year's kWh over its months as the light there falls; they add up exactly.

    Whole kWh, and hundredths where the year itself has few.
    """
    shape = sunlight.month_shape(place.latitude if place else NOWHERE_LATITUDE)
    total = tidy(yearly_kwh)
    step = Decimal(1) if total >= 1200 else Decimal("0.01")
    months = [max(step, (total * Decimal(part)).quantize(step)) for part in shape]
    most = months.index(max(months))
    months[most] += total - sum(months)
    return months


def spread_words(place: Place | None) -> str:
    if place is None:
        return (
            "Spread over the months as at 40° north: where this site is, Enphase does not tell. "
            "The largest month takes what rounding leaves."
        )
    return (
        f"Spread over the months as on a roof of {sunlight.TILT}° that looks to the equator at "
        f"{_degrees(place.latitude, 'north', 'south')} ({place.words})."
    )


def _degrees(value: float, positive: str, negative: str) -> str:
    return f"{abs(value):.1f}° {positive if value >= 0 else negative}"


# ------------------------------------------------------------------ the arrays


@dataclass
class Start:
    """What the form of assumptions begins with, and in words where each comes from."""

    initial: dict[str, Any]
    planes: list[dict[str, Any]]
    place: Place | None
    notes: list[str] = field(default_factory=list)


def start(activation: Activation, again: Proposal | None = None) -> Start:
    """The assumptions for a site: what is on record of it, and defaults for the rest."""
    place = place_of(activation)
    if again is not None:
        given = again.assumptions
        names = [name for name in AssumptionsForm().fields if name not in MONTH_FIELDS]
        initial = {name: given[name] for name in names}
        initial |= dict(zip(MONTH_FIELDS, given["clearness"], strict=True))
        return Start(initial, given["planes"], place, ["As in the proposal before."])
    notes = []
    initial = {
        "performance_percent": sunlight.PERFORMANCE_PERCENT,
        "shading_percent": sunlight.SHADING_PERCENT,
    }
    if place:
        initial |= {"latitude": place.latitude, "longitude": place.longitude}
        notes.append(f"Location: {place.words}. Enter the site's own for a closer result.")
    else:
        notes.append("Location: not known from the address or the time zone. Enter it.")
    latitude = place.latitude if place else NOWHERE_LATITUDE
    is_dry = bool(place and place.is_dry)
    clearness = sunlight.usual_clearness(latitude, is_dry=is_dry)
    initial |= dict(zip(MONTH_FIELDS, clearness, strict=True))
    notes.append(
        f"Clearness: {'usual in dry climates' if is_dry else 'usual'} at this latitude. Weather "
        "stations near the site know better."
    )
    power = values.seen(activation)["pv_module_power_rating"]
    initial["module_w"] = power or sunlight.MODULE_W
    notes.append(
        "Module power: as entered on Equipment."
        if power
        else f"Module power: not entered on Equipment, {sunlight.MODULE_W} W assumed."
    )
    planes, about = _planes(activation, latitude)
    return Start(initial, planes, place, [*notes, *about])


def _planes(activation: Activation, latitude: float) -> tuple[list[dict[str, Any]], list[str]]:
    """Arrays as they are drawn, else one plane with everything on it."""
    copy = current(activation, "arrays")
    layout = copy.record if copy else None
    drawn = [array for array in layout.arrays if array.modules] if layout else []
    if layout and drawn:
        planes: list[dict[str, Any]] = [
            {
                "label": array.label or f"Array {number}",
                "azimuth": round((array.angle or 0) % 360),
                "tilt": f"{array.tilt:g}" if array.tilt is not None else sunlight.TILT,
                "modules": len(array.modules),
            }
            for number, array in enumerate(drawn, start=1)
        ]
        notes = ["Arrays: as they are drawn."]
        if layout.unplaced:
            largest = max(planes, key=lambda plane: plane["modules"])
            largest["modules"] += len(layout.unplaced)
            notes.append(
                f"{len(layout.unplaced)} microinverters are on no array; they are counted with "
                f"{largest['label']}."
            )
        return planes, notes
    detected = activation.production.get("total_micros")
    count = detected or values.seen(activation)["expected_pcu_count"] or None
    south = latitude < 0
    notes = [
        f"No arrays are drawn. One roof of {sunlight.TILT}° that looks "
        f"{'north' if south else 'south'} is assumed"
        + (f", with the {count} microinverters of the site." if count else ".")
    ]
    plane = {
        "label": "Roof",
        "azimuth": 0 if south else 180,
        "tilt": sunlight.TILT,
        "modules": count or "",
    }
    return [plane], notes


def assumptions(form: AssumptionsForm, planes: Any, begun: Start) -> dict[str, Any]:
    """Two checked forms as a proposal keeps them."""
    given = form.cleaned_data
    latitude, longitude = float(given["latitude"]), float(given["longitude"])
    where = "entered"
    if begun.place and (latitude, longitude) == (begun.place.latitude, begun.place.longitude):
        where = begun.place.words
    return {
        "latitude": latitude,
        "longitude": longitude,
        "place": where,
        "module_w": float(given["module_w"]),
        "performance_percent": float(given["performance_percent"]),
        "shading_percent": float(given["shading_percent"]),
        "clearness": [float(given[name]) for name in MONTH_FIELDS],
        "planes": [
            {
                "label": row["label"] or f"Array {number}",
                "azimuth": float(row["azimuth"]) % 360,
                "tilt": float(row["tilt"]),
                "modules": row["modules"],
            }
            for number, row in enumerate(_kept(planes), start=1)
        ],
    }


def _kept(planes: Any) -> list[dict[str, Any]]:
    return [row for row in planes.cleaned_data if row and not row.get("DELETE")]


def in_words(given: dict[str, Any]) -> list[dict[str, str]]:
    """For templates/ui/kv.html."""
    low, high = min(given["clearness"]), max(given["clearness"])
    words = {
        tuple(sunlight.usual_clearness(given["latitude"], is_dry=is_dry)): said
        for is_dry, said in ((False, "usual"), (True, "usual in dry climates"))
    }
    usual = words.get(tuple(round(value) for value in given["clearness"]))
    return [
        {
            "label": "Location",
            "value": f"{_degrees(given['latitude'], 'north', 'south')}, "
            f"{_degrees(given['longitude'], 'east', 'west')} ({given['place']})",
        },
        {"label": "Module power", "value": f"{given['module_w']:g} W"},
        {"label": "Performance", "value": f"{given['performance_percent']:g}%"},
        {"label": "Shading", "value": f"{given['shading_percent']:g}%"},
        {
            "label": "Clearness",
            "value": f"{low:g}% to {high:g}% of a clear sky"
            + (f", {usual} at this latitude" if usual else ", changed by hand"),
        },
    ]


def source_words(proposal: Proposal) -> str:
    given = proposal.assumptions
    count = len(given["planes"])
    modules = sum(plane["modules"] for plane in given["planes"])
    return (
        f"Worked out from {count} array{'s' if count > 1 else ''} with {modules} modules of "
        f"{given['module_w']:g} W"
    )
