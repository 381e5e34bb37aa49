"""What may be written into an activation, and the words of refusal (CONTRACT sections 8 and 10).

Texts the vendor documents are kept to the letter; the others are ours, in its manner.
"""

from __future__ import annotations

import re
from typing import Any

from sandbox.errors import unprocessable
from sandbox.operations import people
from sandbox.routing import Call
from sandbox.world import catalog
from sandbox.world.cast import SUBCONTRACTORS
from sandbox.world.places import locate
from sandbox.world.sites import Site

_US_STATES = {
    "AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "DC", "FL", "GA", "HI", "ID", "IL", "IN",
    "IA", "KS", "KY", "LA", "ME", "MD", "MA", "MI", "MN", "MS", "MO", "MT", "NE", "NV", "NH",
    "NJ", "NM", "NY", "NC", "ND", "OH", "OK", "OR", "PA", "PR", "RI", "SC", "SD", "TN", "TX",
    "UT", "VT", "VA", "WA", "WV", "WI", "WY",
}  # fmt: skip
_NORTH_AMERICA = {"US", "CA", "MX"}
_STORAGE_MAKERS = ("Tesla", "Sonnen", "LG Chem", "Franklin", "Others")
_ARRAY_TYPES = (
    "fixed_open_rack",
    "fixed_roof_mount",
    "single_axis_tracking",
    "single_axis_backtracking",
    "dual_axis_tracking",
)
_ATTACHMENT_TYPES = ("rack_mount", "zep", "acm", "bipv", "frame_mount", "railless_mount")
_NEM3_EVE = 1_681_430_400  # 2023-04-14T00:00:00Z
_YEAR_10000 = 253_402_300_800
_DAY = 86_400
_ADDRESS = ("street1", "street2", "city", "state", "postal_code", "country")

US_ADDRESS = "Address is mandatory for sites created in the United States."
SYSTEM_TYPE = "The system type must be residential, commercial, or other."


def apply(call: Call, site: Site, fields: dict[str, Any], *, creating: bool) -> None:
    """Write `fields` into `site`, or raise the 422 of the first rule broken.

    Unknown fields are dropped silently, as the vendor does.
    """
    _names(site, fields, creating)
    _choices(site, fields)
    _switches(site, fields)
    _address(call, site, fields)
    _people(call, site, fields)
    _companies(call, site, fields)
    _equipment(site, fields)
    _envoys(call, site, fields)
    _modules(site, fields)
    _reference(call, site, fields)
    _permission(call, site, fields)
    _grid_connection(site, fields)
    _voltage(site, fields)
    _subcontractor(call, site, fields)


def _names(site: Site, fields: dict[str, Any], creating: bool) -> None:
    if not creating and "system_name" not in fields:
        return
    name = fields.get("system_name")
    if not isinstance(name, str) or not name.strip():
        raise unprocessable("System name can't be blank")
    if len(name) > 255:
        raise unprocessable("System name is too long (maximum is 255 characters)")
    site.row["system_name"] = name


def _choices(site: Site, fields: dict[str, Any]) -> None:
    if "system_type" in fields:
        if fields["system_type"] not in ("residential", "commercial", "other"):
            raise unprocessable(SYSTEM_TYPE)
        site.row["system_type"] = fields["system_type"]
    if fields.get("internet_connection") is not None:
        if fields["internet_connection"] not in ("none", "cellular", "broadband", "dialup"):
            raise unprocessable(
                "The internet connection must be none, cellular, broadband, or dialup."
            )
        site.row["internet_connection"] = fields["internet_connection"]
    if fields.get("source") is not None:
        if fields["source"] not in ("meter", "microinverters"):
            raise unprocessable("The source must be meter or microinverters.")
        site.details["source"] = fields["source"]
    if "array_type" in fields:
        if fields["array_type"] in (None, ""):
            site.details["array_type"] = ""
        elif fields["array_type"] in _ARRAY_TYPES:
            site.details["array_type"] = fields["array_type"]
    if fields.get("attachment_type") is not None:
        if fields["attachment_type"] not in ("", *_ATTACHMENT_TYPES):
            raise unprocessable(f"The attachment type must be {', '.join(_ATTACHMENT_TYPES)}.")
        site.details["attachment_type"] = fields["attachment_type"]


def _switches(site: Site, fields: dict[str, Any]) -> None:
    for name in ("lease", "operational"):
        if fields.get(name) is not None:
            site.row[name] = int(_boolean(name, fields[name]))
    if fields.get("allow_public_access") is not None:
        public = _boolean("allow_public_access", fields["allow_public_access"])
        site.details["allow_public_access"] = public
    for name in ("ensemble_envoy", "requested_profile", "requested_report_freq"):
        if name in fields:
            site.details[name] = "" if fields[name] is None else str(fields[name])


def _address(call: Call, site: Site, fields: dict[str, Any]) -> None:
    address = fields.get("address")
    if not address:
        # Decided by the country of the token's company, and on each update too.
        if call.caller.country == "US":
            raise unprocessable(US_ADDRESS)
        return
    if not isinstance(address, dict):
        raise unprocessable("Address must be a dictionary of address fields")
    missing = [
        name
        for name in ("street1", "city", "state", "country", "postal_code")
        if not isinstance(address.get(name), str) or not address[name].strip()
    ]
    if missing:
        raise unprocessable(f"Address is incomplete. Missing: {', '.join(missing)}")
    country, state = address["country"].upper(), address["state"].upper()
    if not re.fullmatch("[A-Z]{2}", country):
        raise unprocessable("Country must be an ISO 3166-1 two-letter code")
    if country == "US" and state not in _US_STATES:
        raise unprocessable("State must be a valid two-letter code")
    site.row |= {name: (address.get(name) or None) for name in _ADDRESS}
    site.row |= {"country": country, "state": state if country == "US" else address["state"]}
    latitude, longitude, zone = locate(address["street1"], address["city"], state, country)
    site.row |= {"latitude": latitude, "longitude": longitude, "timezone": zone}


def _people(call: Call, site: Site, fields: dict[str, Any]) -> None:
    for name, word in (("owner_id", "Owner"), ("host_id", "Host")):
        if name not in fields:
            continue
        user_id = _number(name, fields[name], optional=True)
        if user_id is not None and people.find(call.db, user_id) is None:
            raise unprocessable(f"{word} must be an Enlighten user")
        site.row[name] = user_id
    if call.caller.self_installer:
        if site.row["owner_id"] not in (None, call.caller.user_id):
            raise unprocessable("The owner must be the self-installer himself")
        site.row["owner_id"] = call.caller.user_id


def _companies(call: Call, site: Site, fields: dict[str, Any]) -> None:
    for name, word in (("installer_id", "installer"), ("maintainer_id", "maintainer")):
        if fields.get(name) is None:
            continue
        company_id = _number(name, fields[name])
        if company_id != site.row[name] and company_id not in call.caller.scope:
            raise unprocessable(f"The {word} must be your company or one of its branches")
        site.row[name] = company_id


def _equipment(site: Site, fields: dict[str, Any]) -> None:
    for device in ("envoy", "pcu", "acb", "nsr", "meter", "encharge", "enpower"):
        name = f"expected_{device}_count"
        if fields.get(name) not in (None, ""):
            count = _number(name, fields[name])
            if count is None or count < 0:
                raise unprocessable(f"{name} must be 0 or more")
            site.details[name] = count
    for name in ("encharge", "enpower"):
        key = f"{name}_serial_numbers"
        if fields.get(name) is None:
            continue
        groups = fields[name]
        well_formed = isinstance(groups, list) and all(
            isinstance(group, dict)
            and isinstance(group.get("envoy_serial_number"), str)
            and isinstance(group.get(key), list)
            for group in groups
        )
        if not well_formed:
            raise unprocessable(f"{name} must list envoy_serial_number and {key}")
        site.details[name] = [
            {
                "envoy_serial_number": group["envoy_serial_number"],
                key: [str(serial) for serial in group[key]],
            }
            for group in groups
        ]


def _envoys(call: Call, site: Site, fields: dict[str, Any]) -> None:
    if fields.get("envoy_serial_numbers") is None:
        return
    serials = fields["envoy_serial_numbers"]
    if not isinstance(serials, list):
        raise unprocessable("envoy_serial_numbers must be a list")
    before = dict(site.envoys)
    wanted = list(dict.fromkeys(str(serial).strip() for serial in serials))
    for serial in wanted:
        if not re.fullmatch("[0-9]{12}", serial):
            raise unprocessable(f"Envoy serial number {serial} is invalid")
        # A retired Envoy may be used again, one of an active site may not.
        busy = call.db.execute(
            "SELECT 1 FROM envoys WHERE serial = ? AND active AND system_id != ?",
            (serial, site.row["system_id"]),
        ).fetchone()
        if busy and serial not in before:
            raise unprocessable(f"Envoy serial number {serial} is already in use by another system")
    site.envoys = [(serial, before.get(serial, True)) for serial in wanted]


def _modules(site: Site, fields: dict[str, Any]) -> None:
    details = site.details
    for name in ("pv_manufacturer_name", "pv_model_name"):
        if name in fields:
            details[name] = "" if fields[name] is None else str(fields[name])
    if "pv_manufacturer" in fields:
        maker = _number("pv_manufacturer", fields["pv_manufacturer"], optional=True)
        if maker is not None and maker not in catalog.manufacturers():
            raise unprocessable("Pv manufacturer not found")
        details["pv_manufacturer"] = "" if maker is None else maker
        if maker is not None:
            details["pv_manufacturer_name"] = catalog.manufacturers()[maker]
    if "pv_model" in fields:
        model = _number("pv_model", fields["pv_model"], optional=True)
        offered = catalog.models().get(details["pv_manufacturer"], {})
        if model is not None and model not in offered:
            raise unprocessable("Pv model does not belong to the pv manufacturer")
        details["pv_model"] = "" if model is None else model
        if model is not None:
            details["pv_model_name"] = offered[model]
    if "pv_module_power_rating" in fields:
        rating = fields["pv_module_power_rating"]
        if rating in (None, ""):
            details["pv_module_power_rating"] = ""
        elif isinstance(rating, int | float) and not isinstance(rating, bool) and 0 < rating < 1e6:
            details["pv_module_power_rating"] = rating
        else:
            raise unprocessable("Pv module power rating must be a number of watts")
    if "pv_module_type" in fields:
        kind = _number("pv_module_type", fields["pv_module_type"], optional=True)
        if kind not in (None, 1, 2, 3, 4):
            raise unprocessable("Pv module type must be 1, 2, 3 or 4")
        details["pv_module_type"] = "" if kind is None else kind
    if "grid_profile" in fields:
        profile = fields["grid_profile"] or ""
        if profile and str(profile) not in catalog.grid_profile_ids():
            raise unprocessable("Grid profile not found")
        details["grid_profile"] = profile


def _reference(call: Call, site: Site, fields: dict[str, Any]) -> None:
    if "reference" not in fields:
        return
    reference = fields["reference"]
    if reference in (None, ""):
        site.references.pop(call.caller.books, None)
        return
    if not isinstance(reference, str) or not re.fullmatch("[A-Za-z0-9]+", reference):
        raise unprocessable("Reference should be alphanumeric")
    if len(reference) > 255:
        raise unprocessable("Reference is too long (maximum is 255 characters)")
    site.references[call.caller.books] = reference


def _permission(call: Call, site: Site, fields: dict[str, Any]) -> None:
    row = site.row
    if "interconnect_date" in fields:
        site.details["interconnect_date"] = _epoch("interconnect_date", fields)
    if "interconnection_application_date" in fields:
        name = "interconnection_application_date"
        row[name] = _epoch(name, fields)
    if fields.get("permission_to_operate") is not None:
        row["permission_to_operate"] = int(
            _boolean("permission_to_operate", fields["permission_to_operate"])
        )
    touched = "permission_to_operate" in fields or "interconnection_application_date" in fields
    if not touched or not row["permission_to_operate"]:
        return
    date = row["interconnection_application_date"]
    if date is None:
        raise unprocessable(
            "Interconnection application date is mandatory when permission to operate is true"
        )
    if date > call.now + _DAY:
        raise unprocessable("Interconnection application date cannot be in the future")
    if date < _NEM3_EVE + _DAY:
        raise unprocessable("Interconnection application date must be later than 2023-04-14")


def _grid_connection(site: Site, fields: dict[str, Any]) -> None:
    """The Californian rules, on the site as it would be after the change."""
    row = site.row
    if (row["state"], row["country"]) != ("CA", "US"):
        # Elsewhere these fields do not apply; what is sent is not kept.
        row |= {"grid_connection_type": None, "battery_grid_mode": None}
        row["third_party_storage_device_installed"] = None
        row["third_party_storage_device_manufacturer"] = None
        return
    if "grid_connection_type" in fields:
        kind = _number("grid_connection_type", fields["grid_connection_type"], optional=True)
        if kind not in (None, 1, 2, 3, 4):
            raise unprocessable("Grid connection type must be 1, 2, 3 or 4")
        row["grid_connection_type"] = kind
    if row["grid_connection_type"] is None:
        raise unprocessable("Grid connection type is mandatory for sites in California")
    _storage(site, fields)
    _battery_grid_mode(site, fields)


def _storage(site: Site, fields: dict[str, Any]) -> None:
    row = site.row
    if fields.get("third_party_storage_device_installed") is not None:
        name = "third_party_storage_device_installed"
        row[name] = int(_boolean(name, fields[name]))
    if "third_party_storage_device_manufacturer" in fields:
        maker = fields["third_party_storage_device_manufacturer"] or None
        if maker not in (None, *_STORAGE_MAKERS):
            raise unprocessable(
                f"Third party storage device manufacturer must be {', '.join(_STORAGE_MAKERS)}"
            )
        row["third_party_storage_device_manufacturer"] = maker
    installed = row["third_party_storage_device_installed"]
    if installed is None and not has_battery(site):
        raise unprocessable(
            "Third party storage device installed is mandatory for sites in California"
        )
    if not installed:
        row["third_party_storage_device_manufacturer"] = None
    elif row["third_party_storage_device_manufacturer"] is None:
        raise unprocessable(
            "Third party storage device manufacturer is mandatory when such a device is installed"
        )


def _battery_grid_mode(site: Site, fields: dict[str, Any]) -> None:
    row = site.row
    applies = has_battery(site) and row["grid_connection_type"] == 1
    mode = _number("battery_grid_mode", fields.get("battery_grid_mode"), optional=True)
    if mode is not None and not applies:
        raise unprocessable(
            "Battery grid mode must not be passed unless the site has a battery and its grid"
            " connection type is 1"
        )
    if mode not in (None, 1, 2):
        raise unprocessable("Battery grid mode must be 1 (Import Only) or 2 (Export Only)")
    row["battery_grid_mode"] = (mode or row["battery_grid_mode"]) if applies else None
    if applies and row["battery_grid_mode"] is None:
        raise unprocessable("Battery grid mode is mandatory for sites with battery in California")


def has_battery(site: Site) -> bool:
    details = site.details
    return bool(
        details["encharge"] or details["expected_encharge_count"] or details["expected_acb_count"]
    )


def _voltage(site: Site, fields: dict[str, Any]) -> None:
    """Only commercial sites in North America have one; it is null for all others."""
    commercial = site.row["system_type"] == "commercial"
    if not commercial or site.row["country"] not in _NORTH_AMERICA:
        site.details["voltage"] = None
    elif "voltage" in fields:
        site.details["voltage"] = "" if fields["voltage"] is None else str(fields["voltage"])
    elif site.details["voltage"] is None:
        site.details["voltage"] = ""


def _subcontractor(call: Call, site: Site, fields: dict[str, Any]) -> None:
    """One a request, and it is only ever added."""
    if fields.get("authorized_subcontractor_id") is None:
        return
    company_id = _number("authorized_subcontractor_id", fields["authorized_subcontractor_id"])
    offered = SUBCONTRACTORS.get(call.caller.root_id or 0, {})
    if company_id is None or offered.get(company_id) != "Enabled":
        raise unprocessable("The subcontractor is not authorized for your company")
    if company_id not in site.subcontracts:
        waits = site.row["owner_id"] is not None
        site.subcontracts[company_id] = "Pending for system owner approval" if waits else None


def _epoch(name: str, fields: dict[str, Any]) -> int | None:
    """Give seconds since 1970 (up to the year 9999), None for unset."""
    seconds = _number(name, fields[name], optional=True)
    if seconds is not None and not 0 <= seconds < _YEAR_10000:
        raise unprocessable(f"{name} must be in epoch seconds")
    return seconds


def _boolean(name: str, value: Any) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise unprocessable(f"{name} must be true or false")


def _number(name: str, value: Any, *, optional: bool = False) -> int | None:
    if optional and value in (None, ""):
        return None
    if isinstance(value, str) and re.fullmatch("-?[0-9]{1,15}", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise unprocessable(f"{name} must be an integer")
