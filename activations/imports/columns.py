"""Which columns a file may have, and how a column of somebody else's file is recognised."""

import re
from dataclasses import dataclass

from activations import values
from activations.imports.models import Upload


@dataclass(frozen=True)
class Column:
    """One field of a row. `step` is the group of the wizard it belongs to."""

    field: str
    label: str
    step: str
    example: str
    required: bool = False
    # Other names that people give it, folded.
    aka: tuple[str, ...] = ()


def _count(name: str, label: str) -> Column:
    is_micros = name == "expected_pcu_count"
    aka = (label.lower().replace(" ", ""), *(("inverters", "micros") if is_micros else ()))
    return Column(name, values.LABELS[name], "equipment", "24" if is_micros else "", aka=aka)


ACTIVATIONS = [
    Column(
        "system_name",
        "Name",
        "site",
        "Okafor residence",
        True,
        ("site", "system", "systemname", "sitename", "customer"),
    ),
    Column(
        "project",
        "Project number",
        "site",
        "HAL-26-0917",
        False,
        ("project", "reference", "job", "jobnumber", "projectid"),
    ),
    Column("branch", "Branch", "site", "", False, ("office",)),
    Column("system_type", "System type", "site", "Residential", False, ("type",)),
    Column(
        "street1",
        "Street and number",
        "site",
        "12 Alder Court",
        False,
        ("street", "address", "address1", "addressline1"),
    ),
    Column("street2", "Second line", "site", "", False, ("unit", "address2", "addressline2")),
    Column("city", "City", "site", "Sacramento", False, ("town",)),
    Column("state", "State", "site", "CA", False, ("province", "region")),
    Column("postal_code", "Postal code", "site", "95814", False, ("zip", "zipcode", "postcode")),
    Column("country", "Country", "site", "US", False, ()),
    Column(
        "owner_email",
        "Owner's e-mail",
        "people",
        "ada@example.com",
        False,
        ("owneremail", "email", "customeremail"),
    ),
    Column(
        "owner_first_name",
        "Owner's first name",
        "people",
        "Ada",
        False,
        ("firstname", "ownerfirstname"),
    ),
    Column(
        "owner_last_name",
        "Owner's last name",
        "people",
        "Okafor",
        False,
        ("lastname", "surname", "ownerlastname"),
    ),
    Column("owner_phone", "Owner's phone", "people", "", False, ("phone", "ownerphone")),
    Column(
        "envoy_serial_numbers",
        "Gateway serials",
        "equipment",
        "",
        False,
        ("gateway", "envoy", "gatewayserial", "envoyserial", "serial"),
    ),
    *(_count(name, label) for name, label in values.COUNTS.items()),
    Column("pv_manufacturer_name", "PV maker", "equipment", "", False, ("pvmanufacturer",)),
    Column("pv_model_name", "PV module", "equipment", "", False, ("pvmodel", "module")),
    Column(
        "pv_module_power_rating",
        "Module power (W)",
        "equipment",
        "",
        False,
        ("modulepower", "wattage"),
    ),
    Column("grid_profile", "Grid profile", "grid", "", False, ("profile",)),
    Column("grid_connection_type", "Grid connection", "grid", "", False, ("tariffprogram", "nem")),
    Column("battery_grid_mode", "Battery and grid", "equipment", "", False, ()),
    Column(
        "third_party_storage_device_installed",
        "Battery of another maker",
        "grid",
        "no",
        False,
        ("thirdpartybattery",),
    ),
    Column(
        "third_party_storage_device_manufacturer", "Maker of that battery", "grid", "", False, ()
    ),
    Column("permission_to_operate", "Permission to operate", "grid", "no", False, ("pto",)),
    Column(
        "interconnection_application_date", "Interconnection application", "grid", "", False, ()
    ),
]
HOME_OWNERS = [
    Column("email", "E-mail", "person", "ada@example.com", True, ("mail", "emailaddress")),
    Column("first_name", "First name", "person", "Ada", True, ("forename", "given")),
    Column("last_name", "Last name", "person", "Okafor", True, ("surname", "family")),
    Column("phone", "Phone", "person", "", False, ("telephone", "mobile", "tel")),
    Column("email_reports", "Gets e-mail reports", "person", "no", False, ("reports",)),
    Column(
        "site",
        "Gives access to site",
        "person",
        "",
        False,
        ("reference", "project", "systemid", "activation"),
    ),
]


def columns_of(kind: str) -> list[Column]:
    return ACTIVATIONS if kind == Upload.Kind.ACTIVATIONS else HOME_OWNERS


def guess(kind: str, header: list[str]) -> dict[str, int]:
    """{field: column} as far as the names tell; a column is taken once, the first that fits."""
    folded = [_fold(name) for name in header]
    found: dict[str, int] = {}
    for exact in (True, False):
        for column in columns_of(kind):
            names = {_fold(column.label), _fold(column.field)} if exact else {*column.aka}
            for number, name in enumerate(folded):
                if column.field in found or number in found.values() or not name:
                    continue
                if name in names:
                    found[column.field] = number
    return found


def _fold(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())
