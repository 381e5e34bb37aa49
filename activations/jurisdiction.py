"""Which fields a site needs where it stands, as pure rules: no database, no request.

The rules are those of Enphase's documents: whole addresses for companies in the United States,
California's grid connection and storage questions, the dates around permission to operate, and
voltage. `shown` and `required` say what a form asks, `problems` what is wrong with the answers,
`passed` what may go on the wire.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

NET_BILLING = 1  # "Net Billing Tariff (NEM 3.0)"
# NEM 3.0 starts on 15 April 2023; Enphase refuses interconnection dates before it.
FIRST_INTERCONNECTION = date(2023, 4, 15)
NORTH_AMERICA = frozenset({"US", "CA", "MX"})
ADDRESS_PARTS = ("street1", "city", "state", "postal_code", "country")
STORAGE_MAKERS = ("Tesla", "Sonnen", "LG Chem", "Franklin", "Others")

_POSTAL = {
    "US": (re.compile(r"\d{5}(-?\d{4})?"), "Enter a ZIP code of 5 digits, such as 94952."),
    "CA": (
        re.compile(r"[A-Z]\d[A-Z] ?\d[A-Z]\d", re.IGNORECASE),
        "Enter a postal code such as K1A 0B1.",
    ),
    "AU": (re.compile(r"\d{4}"), "Enter a postcode of 4 digits, such as 4000."),
    "NL": (re.compile(r"\d{4} ?[A-Z]{2}", re.IGNORECASE), "Enter a postcode such as 3512 AB."),
}


@dataclass(frozen=True)
class Facts:
    """What the rules depend on. `company_country` and `country` are ISO codes, "" if unknown."""

    company_country: str = ""
    country: str = ""
    state: str = ""
    system_type: str = "residential"
    encharges: int = 0
    ac_batteries: int = 0
    grid_connection_type: int | None = None
    third_party_storage: bool = False
    permission_to_operate: bool = False

    @property
    def in_california(self) -> bool:
        return self.country == "US" and self.state.upper() == "CA"

    @property
    def has_battery(self) -> bool:
        return self.encharges > 0 or self.ac_batteries > 0

    @property
    def asks_battery_grid_mode(self) -> bool:
        """Only NEM 3.0 sites with a battery; Enphase refuses it for all others."""
        return self.in_california and self.has_battery and self.grid_connection_type == NET_BILLING

    @property
    def asks_third_party_storage(self) -> bool:
        """Batteries of other makers are asked for where there is none of Enphase."""
        return self.in_california and self.encharges == 0

    @property
    def asks_voltage(self) -> bool:
        return (
            self.system_type == "commercial"
            and self.country in NORTH_AMERICA
            and self.company_country in NORTH_AMERICA | {""}
        )


def address_is_required(facts: Facts) -> bool:
    """Companies in the United States send the whole address with every create and change."""
    return facts.company_country == "US"


def shown(facts: Facts) -> frozenset[str]:
    """The conditional grid fields that a form offers for these facts."""
    fields = {"permission_to_operate", "interconnect_date", "interconnection_application_date"}
    if facts.in_california:
        fields.add("grid_connection_type")
    if facts.asks_battery_grid_mode:
        fields.add("battery_grid_mode")
    if facts.asks_third_party_storage:
        fields.add("third_party_storage_device_installed")
        if facts.third_party_storage:
            fields.add("third_party_storage_device_manufacturer")
    if facts.asks_voltage:
        fields.add("voltage")
    return frozenset(fields)


def required(facts: Facts) -> frozenset[str]:
    """Those of the shown fields that may not stay empty."""
    fields = shown(facts) & {
        "grid_connection_type",
        "battery_grid_mode",
        "third_party_storage_device_installed",
        "third_party_storage_device_manufacturer",
    }
    if facts.permission_to_operate:
        fields |= {"interconnection_application_date"}
    return fields


MISSING = {
    "grid_connection_type": "Choose a grid connection type. California sites need one.",
    "battery_grid_mode": (
        "Choose what the battery may do with the grid. Net Billing sites with a battery need it."
    ),
    "third_party_storage_device_installed": (
        "Say whether a battery of another maker is installed. California sites need it."
    ),
    "third_party_storage_device_manufacturer": "Choose who made the battery.",
    "interconnection_application_date": (
        "Enter the date of the interconnection application. "
        "It is needed once permission to operate is given."
    ),
}


def problems(values: dict[str, Any], facts: Facts, today: date) -> dict[str, str]:
    """What is wrong with the grid fields, as {field: sentence}. Dates are `date` or None."""
    found = {field: MISSING[field] for field in required(facts) if values.get(field) in (None, "")}
    applied = values.get("interconnection_application_date")
    if applied is not None and "interconnection_application_date" not in found:
        if applied > today:
            found["interconnection_application_date"] = "Enter a date that is not in the future."
        elif applied < FIRST_INTERCONNECTION:
            found["interconnection_application_date"] = (
                "Enter a date after 14 April 2023. Enphase accepts no earlier one."
            )
    connected = values.get("interconnect_date")
    if connected is not None and connected > today and facts.permission_to_operate:
        found["interconnect_date"] = (
            "Permission to operate is given, so this date cannot be in the future."
        )
    return found


def passed(values: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """The grid fields that may be sent: the shown ones that are filled in, nothing else."""
    allowed = shown(facts)
    conditional = {
        "grid_connection_type",
        "battery_grid_mode",
        "third_party_storage_device_installed",
        "third_party_storage_device_manufacturer",
        "voltage",
    }
    return {
        field: value
        for field, value in values.items()
        if value not in (None, "") and (field not in conditional or field in allowed)
    }


def missing_parts(country: str) -> dict[str, str]:
    """What to say when a part of an address is missing, as {part: sentence}."""
    state = {"US": "Choose the state.", "AU": "Choose the state.", "CA": "Choose the province."}
    return {
        "street1": "Enter the street and number.",
        "city": "Enter the city.",
        "state": state.get(country, "Enter the state or province."),
        "postal_code": "Enter the ZIP code." if country == "US" else "Enter the postal code.",
        "country": "Choose the country.",
    }


def address_problems(address: dict[str, str], facts: Facts) -> dict[str, str]:
    """What is wrong with an address, as {part: sentence}.

    An address is all or nothing: street, city, state, postal code and country; the second line
    is free. Companies in the United States always need one.
    """
    words = missing_parts(facts.country)
    given = any(address.get(part) for part in ("street1", "street2", "city", "postal_code"))
    if not given and not address_is_required(facts):
        return {}
    found = {part: words[part] for part in ADDRESS_PARTS if not address.get(part)}
    rule = _POSTAL.get(facts.country)
    postal = address.get("postal_code", "")
    if rule and postal and not rule[0].fullmatch(postal):
        found["postal_code"] = rule[1]
    return found
