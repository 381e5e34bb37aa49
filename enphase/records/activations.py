"""Activations (sites), as lists, single reads, creates and updates give them."""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field

from enphase import statuses
from enphase.records.base import (
    AsList,
    AsObject,
    Day,
    Flag,
    Id,
    Moment,
    Number,
    OptionalId,
    Record,
    Text,
    Texts,
    Whole,
    renamed,
    rows_of,
    zone_of,
)
from enphase.records.people import User

# What the numbers of a request mean; answers carry the texts.
GRID_CONNECTION_TYPES = {
    1: "Net Billing Tariff (NEM 3.0)",
    2: "Net Metering",
    3: "Net Feed-in tariff",
    4: "Gross Feed-in tariff",
}
BATTERY_GRID_MODES = {1: "Import Only", 2: "Export Only"}


class Address(Record):
    """Where a site is. Latitude and longitude are worked out by Enlighten: never send them."""

    street1: Text = None
    street2: Text = None
    city: Text = None
    state: Text = None
    postal_code: Text = None
    country: Text = None
    latitude: Number = None
    longitude: Number = None


class GridConnection(Record):
    """How a site is billed for what it feeds in: `type` 1–4 as requests use it, `value` in words.

    `type` is None for words that we do not know.
    """

    type: Whole = None
    value: Text = None

    @classmethod
    def of(cls, given: Any) -> Any:
        """Read the documented object, or the number or words that requests would use."""
        if isinstance(given, dict):
            return given
        code = _code_of(given, GRID_CONNECTION_TYPES)
        if code is not None:
            return {"type": code, "value": GRID_CONNECTION_TYPES.get(code)}
        return {"value": given} if isinstance(given, str) and given.strip() else given or None


class AuthorizedSubcontractor(Record):
    """A subcontractor of one site. No `status` means approved."""

    authorized_subcontractor_id: OptionalId = None
    authorized_subcontractor_name: Text = None
    status: Text = None

    @property
    def is_approved(self) -> bool:
        return not self.status


class Encharge(Record):
    """The batteries behind one gateway."""

    envoy_serial_number: Text = None
    encharge_serial_numbers: Texts = Field(default_factory=list)


class Enpower(Record):
    """The system controllers behind one gateway."""

    envoy_serial_number: Text = None
    enpower_serial_numbers: Texts = Field(default_factory=list)


def _grid_mode(value: Any) -> Any:
    code = _code_of(value, BATTERY_GRID_MODES)
    return BATTERY_GRID_MODES.get(code, value) if code is not None else value or None


class Activation(Record):
    """A site. Answers and requests differ: never send back what was read.

    * `owner` and `host` are a name in lists, a `User` where they were expanded
    * `owner_id`, `host_id`: asked for by requests; the vendor's own example swaps host and host_id
    * `grid_connection` is `{type, value}` here, a number in requests; `battery_grid_mode` is
      "Import Only" or "Export Only" here, 1 or 2 in requests
    * `stage` 1–5 is set by Enphase; `status` is Enlighten's text, `status_key` Monitoring's key
    * dates are UTC days of what was sent as epoch seconds or YYYY-MM-DD; `updated_at` aware UTC
    * `pv_module_power_rating` is in watts; counts are numbers of devices
    * `reference` is our company's id of the site, None if it has none
    """

    system_id: Id
    system_name: Text = None
    system_type: Text = None
    status: Text = None
    timezone: Text = None
    stage: Whole = None
    internet_connection: Text = None
    lease: Flag = None
    operational: Flag = None
    owner: User | str | None = None
    owner_id: OptionalId = None
    host: User | str | None = None
    host_id: OptionalId = None
    installer_id: OptionalId = None
    installer_name: Text = None
    maintainer_id: OptionalId = None
    maintainer_name: Text = None
    installer_support_email: Text = None
    authorized_subcontractors: Annotated[list[AuthorizedSubcontractor], AsList] = Field(
        default_factory=list
    )
    grid_connection_type: Annotated[GridConnection | None, BeforeValidator(GridConnection.of)] = (
        None
    )
    battery_grid_mode: Annotated[Text, BeforeValidator(_grid_mode)] = None
    third_party_storage_device_installed: Flag = None
    third_party_storage_device_manufacturer: Text = None
    interconnection_application_date: Day = None
    interconnect_date: Day = None
    permission_to_operate: Flag = None
    uri: Text = None
    updated_at: Moment = None
    reference: Text = None
    other_references: Texts = Field(default_factory=list)
    allow_public_access: Flag = None
    source: Text = None
    array_type: Text = None
    attachment_type: Text = None
    ensemble_envoy: Text = None
    production_mode: Text = None
    grid_profile: Text = None
    requested_profile: Text = None
    requested_report_freq: Text = None
    voltage: Text = None
    envoy_serial_numbers: Texts = Field(default_factory=list)
    expected_envoy_count: Whole = None
    expected_pcu_count: Whole = None
    expected_acb_count: Whole = None
    expected_nsr_count: Whole = None
    expected_meter_count: Whole = None
    expected_encharge_count: Whole = None
    expected_enpower_count: Whole = None
    pv_manufacturer: OptionalId = None
    pv_manufacturer_name: Text = None
    pv_model: OptionalId = None
    pv_model_name: Text = None
    pv_module_power_rating: Number = None
    pv_module_type: Whole = None
    encharge: Annotated[list[Encharge], AsList] = Field(default_factory=list)
    enpower: Annotated[list[Enpower], AsList] = Field(default_factory=list)
    address: Annotated[Address | None, AsObject] = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Put a person's name and id back where they belong if they come swapped."""
        swapped = {}
        for role in ("owner", "host"):
            name, number = data.get(role), data.get(f"{role}_id")
            if _is_id(name) and not _is_id(number) and number is not None:
                swapped[role], swapped[f"{role}_id"] = number, name
            elif name == "" or name == {}:
                swapped[role] = None
        return {**data, **swapped} if swapped else data

    @property
    def owner_name(self) -> str | None:
        return _name_of(self.owner)

    @property
    def host_name(self) -> str | None:
        return _name_of(self.host)

    @property
    def status_key(self) -> str | None:
        return statuses.key_of(self.status) if self.status else None

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone of the site; None if it is not known."""
        return zone_of(self.timezone)

    @property
    def battery_grid_mode_code(self) -> int | None:
        """1 Import Only, 2 Export Only, as requests use them."""
        return _code_of(self.battery_grid_mode, BATTERY_GRID_MODES)

    def has_reference(self, reference: str) -> bool:
        """Whether our reference is exactly this one, upper and lower case alike.

        Ask it of every row of a look-up: Enphase ignores filters that it does not like.
        """
        return (self.reference or "").casefold() == reference.casefold() != ""


class ActivationPage(Record):
    """One page of the list. `next` is the cursor of the following page, None on the last one.

    Rows without a readable id stand in `unreadable` as received. They stop nothing, but a look-up
    that meets one has not seen everything.
    """

    systems: list[Activation] = []
    next: Text = None
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        readable, unreadable = rows_of(data, "systems", Activation)
        return {
            **data,
            "systems": readable,
            "unreadable": unreadable,
            "next": data.get("next") or None,
        }


class ProductionMode(Record):
    """What a site's gateway reports: `mode` "on" or "off", and how many microinverters produce.

    Fewer than all is normal at night. `mode` is None when the site has not said.
    """

    mode: Text = None
    total_micros: Whole = None
    energy_producing_micros: Whole = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Older documents have true and false for "on" and "off"."""
        mode = data.get("mode")
        if isinstance(mode, bool):
            return {**data, "mode": "on" if mode else "off"}
        return {**data, "mode": mode.strip().casefold()} if isinstance(mode, str) else data


class BatteryMode(Record):
    """What a site's battery may do with the grid: charge from it, discharge to it.

    The first of four things called battery mode; see `config.BatterySettings` for the profile.
    """

    cfg_allowed: Flag = None
    dtg_allowed: Flag = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        """Read CFG_allowed and DTG_allowed. ValueError without either: it says nothing then."""
        if "CFG_allowed" not in data and "DTG_allowed" not in data:
            raise ValueError("no battery mode")
        return renamed(data, {"CFG_allowed": "cfg_allowed", "DTG_allowed": "dtg_allowed"})


def _name_of(person: User | str | None) -> str | None:
    if isinstance(person, User):
        return person.name or person.email
    return person


def _is_id(value: Any) -> bool:
    if isinstance(value, str):
        return value.isascii() and value.isdigit()
    return isinstance(value, int) and not isinstance(value, bool)


def _code_of(value: Any, texts: dict[int, str]) -> int | None:
    """Find the number of a request for a number, digits, or the words of an answer."""
    if _is_id(value):
        code = int(value) if len(str(value)) < 9 else 0
        return code if code in texts else None
    if isinstance(value, str):
        folded = value.strip().casefold()
        return next((code for code, text in texts.items() if text.casefold() == folded), None)
    return None
