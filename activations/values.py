"""The fields of an activation as requests use them, whatever form they come in.

Answers of Enphase and requests differ (grid connection is an object there and a number here, dates
are epoch seconds there). Everything of ours that compares, shows or sends fields uses one shape:
the names and types of a request, dates as "YYYY-MM-DD", unset as None, lists as lists, the address
as an object of its six parts. That shape is plain JSON, so drafts and operations can keep it.
"""

from datetime import date
from typing import Any

from django_countries import countries

from enphase.records.activations import BATTERY_GRID_MODES, GRID_CONNECTION_TYPES, Activation

ADDRESS = ("street1", "street2", "city", "state", "postal_code", "country")
DATES = ("interconnection_application_date", "interconnect_date")

SYSTEM_TYPES = {"residential": "Residential", "commercial": "Commercial", "other": "Other"}
INTERNET = {
    "broadband": "Broadband",
    "cellular": "Cellular",
    "dialup": "Satellite or dial-up",
    "none": "None",
}
ARRAY_TYPES = {
    "fixed_roof_mount": "Fixed, on the roof",
    "fixed_open_rack": "Fixed, open rack",
    "single_axis_tracking": "Single-axis tracking",
    "single_axis_backtracking": "Single-axis backtracking",
    "dual_axis_tracking": "Dual-axis tracking",
}
ATTACHMENT_TYPES = {
    "rack_mount": "Rack or rail",
    "zep": "Zep Solar compatible",
    "acm": "AC Module",
    "bipv": "Building integrated",
    "frame_mount": "Enphase frame mount",
    "railless_mount": "Other railless mount",
}
MODULE_TYPES = {1: "Mono-facial", 2: "Bi-facial", 3: "Split cell", 4: "Other"}
COUNTS = {
    "expected_envoy_count": "Gateways",
    "expected_pcu_count": "Microinverters",
    "expected_meter_count": "Meters",
    "expected_encharge_count": "Encharge",
    "expected_enpower_count": "Enpower",
    "expected_acb_count": "AC Batteries",
    "expected_nsr_count": "Q Relays",
}


def _inside(label: str) -> str:
    """A label within a sentence: product names keep their capitals."""
    return label if label in ("Encharge", "Enpower", "AC Batteries", "Q Relays") else label.lower()


LABELS = {
    "system_name": "Name",
    "reference": "Reference",
    "system_type": "System type",
    "internet_connection": "Internet",
    "address": "Address",
    "allow_public_access": "Listed in public",
    "installer_id": "Branch",
    "lease": "Leased",
    "owner_id": "Owner",
    "host_id": "Host",
    "authorized_subcontractor_id": "Subcontractor",
    "envoy_serial_numbers": "Gateway serials",
    **{name: f"Expected {_inside(label)}" for name, label in COUNTS.items()},
    "pv_manufacturer": "PV maker",
    "pv_manufacturer_name": "PV maker, own name",
    "pv_model": "PV module",
    "pv_model_name": "PV module, own name",
    "pv_module_power_rating": "Module power",
    "pv_module_type": "Module type",
    "array_type": "Array type",
    "attachment_type": "Attachment",
    "grid_profile": "Grid profile",
    "grid_connection_type": "Grid connection",
    "battery_grid_mode": "Battery and grid",
    "third_party_storage_device_installed": "Battery of another maker",
    "third_party_storage_device_manufacturer": "Maker of that battery",
    "permission_to_operate": "Permission to operate",
    "operational": "Operational",
    "interconnection_application_date": "Interconnection application",
    "interconnect_date": "Connected to the grid",
    "voltage": "Voltage",
}

_WORDS: dict[str, dict[Any, str]] = {
    "system_type": SYSTEM_TYPES,
    "internet_connection": INTERNET,
    "array_type": ARRAY_TYPES,
    "attachment_type": ATTACHMENT_TYPES,
    "pv_module_type": MODULE_TYPES,
    "grid_connection_type": GRID_CONNECTION_TYPES,
    "battery_grid_mode": BATTERY_GRID_MODES,
}
_FREE_CASE = ("system_type", "internet_connection", "array_type", "attachment_type")


def values_of(record: Activation) -> dict[str, Any]:
    """An answer's fields in the shape of requests. Fields that were not sent stand as None."""
    values: dict[str, Any] = {
        name: getattr(record, name)
        for name in LABELS
        if name not in ("address", "authorized_subcontractor_id", *DATES)
    }
    for name in _FREE_CASE:
        values[name] = (values[name] or "").strip().casefold() or None
    values["address"] = address_of(record)
    connection = record.grid_connection_type
    values["grid_connection_type"] = connection.type if connection else None
    values["battery_grid_mode"] = record.battery_grid_mode_code
    for name in DATES:
        day: date | None = getattr(record, name)
        values[name] = day.isoformat() if day else None
    rating = record.pv_module_power_rating
    values["pv_module_power_rating"] = int(rating) if rating and rating == int(rating) else rating
    return {name: None if value == "" else value for name, value in values.items()}


def address_of(record: Activation) -> dict[str, str] | None:
    """The six parts of an address, "" for those that are unset; None without any."""
    if record.address is None:
        return None
    parts = {part: str(getattr(record.address, part) or "").strip() for part in ADDRESS}
    return parts if any(parts.values()) else None


def seen(activation: Any) -> dict[str, Any]:
    """What our copy of a site (our model) holds, in the shape of requests."""
    return values_of(record_of(activation))


def detail_of(activation: Any) -> Activation:
    """Our copy of the whole record, without what only the list has told since."""
    return Activation.from_api({**activation.detail, "system_id": activation.system_id})


def record_of(activation: Any) -> Activation:
    """Our copy of a site as the record it came from: detail and row of the list, the newer wins."""
    row, detail = activation.raw, activation.detail
    merged = {**row, **detail}
    if _stamp(row) > _stamp(detail):
        merged = {**detail, **row}
        for role in ("owner", "host"):
            # The list has names only; whoever is known in full stays known.
            if row.get(f"{role}_id") == detail.get(f"{role}_id") and detail.get(role):
                merged[role] = detail[role]
    return Activation.from_api({**merged, "system_id": activation.system_id})


def _stamp(answer: dict[str, Any]) -> float:
    try:
        return float(answer.get("updated_at") or 0)
    except (TypeError, ValueError):
        return 0.0


def on_the_wire(values: dict[str, Any]) -> dict[str, Any]:
    """The same fields as the client takes them: days as dates, addresses without empty parts."""
    wire = dict(values)
    for name in DATES:
        if isinstance(wire.get(name), str):
            wire[name] = date.fromisoformat(wire[name])
    if isinstance(wire.get("address"), dict):
        parts = wire["address"]
        # The second line is sent empty, so that it can be taken away.
        wire["address"] = {part: parts.get(part, "") for part in ADDRESS}
    return wire


def same(one: Any, other: Any) -> bool:
    """Do two values mean the same? Unset is None, "", [] and {}; texts compare without edges."""
    return _plain(one) == _plain(other)


def _plain(value: Any) -> Any:
    if value in (None, "", [], {}):
        return None
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict):
        parts = {part: " ".join(str(value.get(part) or "").split()) for part in ADDRESS}
        return parts if any(parts.values()) else None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, list):
        return [str(item) for item in value]
    return value


def show(name: str, value: Any, names: dict[str, str] | None = None) -> str:
    """A field's value in words; "Not set" without one.

    `names` gives words for ids that only the caller can look up, as {"owner_id": "Ada Okafor"}.
    """
    if names and name in names and value not in (None, ""):
        return names[name]
    if value in (None, "", [], {}):
        return "Not set"
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if name == "address":
        return one_line(value)
    if name in _WORDS:
        return _WORDS[name].get(value, str(value))
    if name == "pv_module_power_rating":
        return f"{value:g} W"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return str(value)


def one_line(address: dict[str, str]) -> str:
    """418 Keller Street, Petaluma, CA 94952, United States."""
    state, postal = address.get("state"), address.get("postal_code")
    region = " ".join(part for part in (state, postal) if part)
    code = address.get("country") or ""
    parts = (address.get("street1"), address.get("street2"), address.get("city"), region)
    return ", ".join(part for part in (*parts, countries.name(code) or code) if part)


def rows(values: dict[str, Any], names: dict[str, str] | None = None) -> dict[str, str]:
    """Labels and values in words, in the order of LABELS; for an operation's before and after."""
    return {
        label: show(name, values[name], names) for name, label in LABELS.items() if name in values
    }
