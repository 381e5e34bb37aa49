"""Systems as the Monitoring API lists them, their summaries, devices and microinverters.

A system's id is its activation's id.
"""

from typing import Annotated, Any
from zoneinfo import ZoneInfo

from enphase import statuses
from enphase.records.activations import Address
from enphase.records.base import (
    AsId,
    AsObject,
    Day,
    Flag,
    Id,
    Moment,
    Number,
    OptionalId,
    Record,
    SiteDay,
    Text,
    Texts,
    Whole,
    Word,
    objects_in,
    renamed,
    rows_of,
    zone_of,
)


class System(Record):
    """A system of the Monitoring API. `status` is a key such as micro, `status_text` the words.

    energy_lifetime, energy_today and system_size are always -1 here since 2023 and stay in `raw`.
    `reference` and `other_references` are left out, not null, when there is none.
    """

    system_id: Id
    name: Text = None
    public_name: Text = None
    timezone: Text = None
    address: Annotated[Address | None, AsObject] = None
    connection_type: Text = None
    status: Text = None
    last_report_at: Moment = None
    last_energy_at: Moment = None
    operational_at: Moment = None
    attachment_type: Text = None
    interconnect_date: Day = None
    reference: Text = None
    other_references: Texts = []
    live_stream: Text = None

    @property
    def status_text(self) -> str | None:
        return statuses.text_of(self.status) if self.status else None

    @property
    def zone(self) -> ZoneInfo | None:
        """The time zone of the site, in which Enphase's days are; None if it is not known."""
        return zone_of(self.timezone)

    def has_reference(self, reference: str) -> bool:
        """Whether our reference is exactly this one, upper and lower case alike."""
        return (self.reference or "").casefold() == reference.casefold() != ""


class SystemPage(Record):
    """One page of systems: `total` of all pages, `current_page` from 1, `count` on this one.

    Rows without a readable id stand in `unreadable` as received.
    """

    total: Whole = None
    current_page: Whole = None
    size: Whole = None
    count: Whole = None
    systems: list[System] = []
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        readable, unreadable = rows_of(data, "systems", System)
        return {**data, "systems": readable, "unreadable": unreadable}


class EvsePower(Record):
    """Between what powers an EV charger charges, in watts. The vendor's example has max < min."""

    serial_number: Word = None
    max_charge_w: Number = None
    min_charge_w: Number = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        return renamed(
            data, {"evse_max_charge_w": "max_charge_w", "evse_min_charge_w": "min_charge_w"}
        )


class SystemSummary(Record):
    """A site's power now (W), energy (Wh) and size (W), or those of a past day.

    `energy_lifetime_wh` runs to the day before `summary_date`. For a past day modules, size_w and
    current_power_w are 0. `nmi` is text. `source` is meter or microinverters, `status` a key.
    """

    system_id: Id
    current_power_w: Number = None
    energy_lifetime_wh: Number = None
    energy_today_wh: Number = None
    last_interval_end_at: Moment = None
    last_report_at: Moment = None
    modules: Whole = None
    operational_at: Moment = None
    size_w: Number = None
    nmi: Word = None
    source: Word = None
    status: Word = None
    summary_date: SiteDay = None
    battery_charge_w: Number = None
    battery_discharge_w: Number = None
    battery_capacity_wh: Number = None
    evse_power: list[EvsePower] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        """EV chargers come as a list of objects by serial number, or as one such object."""
        names = {
            "current_power": "current_power_w",
            "energy_lifetime": "energy_lifetime_wh",
            "energy_today": "energy_today_wh",
        }
        return {**renamed(data, names), "evse_power": _evse_power(data.get("evse_power"))}

    @property
    def status_text(self) -> str | None:
        return statuses.text_of(self.status) if self.status else None


class CellularModem(Record):
    """The modem of a gateway and its plan."""

    imei: Word = None
    part_num: Word = None
    sku: Word = None
    plan_start_date: Moment = None
    plan_end_date: Moment = None


class Device(Record):
    """A device of a site. What is not said of its kind is None; everything else stands in `raw`.

    `id` is None where Enphase sends "" (EV chargers, heat pumps). `serial_number` is text and can
    have letters at its end. `emu_sw_version` is a gateway's firmware, `firmware` any other's.
    `state`, `config_type` (Production, Net, Total) and `config_phase` are a meter's.
    """

    id: Annotated[int | str | None, AsId] = None
    name: Word = None
    serial_number: Word = None
    part_number: Word = None
    sku: Word = None
    model: Word = None
    product_name: Word = None
    status: Word = None
    active: Flag = None
    last_report_at: Moment = None
    firmware: Word = None
    emu_sw_version: Word = None
    cellular_modem: Annotated[CellularModem | None, AsObject] = None
    state: Word = None
    config_type: Word = None
    config_phase: Word = None
    feoc_compliant: Flag = None
    dom_compliant: Flag = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        return renamed(data, {"SKU": "sku"})

    @property
    def status_text(self) -> str | None:
        return statuses.text_of(self.status) if self.status else None


class SystemDevices(Record):
    """A site's active devices by kind: micros, meters, gateways, q_relays, acbs, encharges …

    Kinds that are not there have no key; new ones get one. Different spellings of a kind are one:
    heat_pump, ev_chargers. What is no device stands in `unreadable`.
    """

    system_id: Id
    total_devices: Whole = None
    devices: dict[str, list[Device]] = {}
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        devices, unreadable = by_kind(data.get("devices"))
        return {**data, "devices": devices, "unreadable": unreadable}

    def of_kind(self, kind: str) -> list[Device]:
        """Return the devices of one kind, such as micros; [] if there are none."""
        return self.devices.get(kind_of(kind), [])


class Inverter(Record):
    """A microinverter: power in W and lifetime energy in Wh, whatever unit Enphase chose.

    `precision` and `units` of both stand in `raw`. `grid_profile` is the id of a grid profile.
    """

    id: OptionalId = None
    serial_number: Word = None
    model: Word = None
    part_number: Word = None
    sku: Word = None
    status: Word = None
    power_produced_w: Number = None
    energy_wh: Number = None
    proc_load: Word = None
    param_table: Word = None
    envoy_serial_number: Word = None
    grid_profile: Word = None
    last_report_date: Moment = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        given = renamed(data, {"power_produced": "power_produced_w", "energy": "energy_wh"})
        for name, unit in (("power_produced_w", "w"), ("energy_wh", "wh")):
            if name in given:
                given[name] = _measured(given[name], unit)
        return given

    @property
    def status_text(self) -> str | None:
        return statuses.text_of(self.status) if self.status else None


class InverterGroup(Record):
    """Microinverters behind one gateway, and how well they reach it (`signal_strength` 0-5)."""

    signal_strength: Whole = None
    micro_inverters: list[Inverter] = []
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        inverters, unreadable = objects_in(data.get("micro_inverters"))
        return {**data, "micro_inverters": inverters, "unreadable": unreadable}

    @classmethod
    def list_of(cls, answer: Any) -> "list[InverterGroup]":
        """Read the bare list of an answer. ValueError for anything but a list of groups."""
        if not isinstance(answer, list):
            raise ValueError("not a list")
        return rows_of({"groups": answer}, "groups", cls)[0]


# Where two endpoints spell a kind of device differently, the first one's word.
_KINDS = {"heat-pump": "heat_pump", "evse": "ev_chargers", "evses": "ev_chargers"}
_SCALES = {"m": 0.001, "": 1.0, "k": 1000.0, "M": 1_000_000.0}


def kind_of(key: str) -> str:
    """Return our word for a kind of device: heat_pump for heat-pump, ev_chargers for evse."""
    return _KINDS.get(key, key)


def by_kind(devices: Any) -> tuple[dict[str, list[dict[str, Any]]], list[Any]]:
    """Sort a map of devices by kind; whatever is no device is the second part of the result."""
    if not isinstance(devices, dict):
        return {}, [] if devices in (None, "", []) else [devices]
    sorted_out: dict[str, list[dict[str, Any]]] = {}
    unreadable: list[Any] = []
    for key, rows in devices.items():
        found, strange = objects_in(rows)
        sorted_out.setdefault(kind_of(key), []).extend(found)
        unreadable.extend(strange)
    return sorted_out, unreadable


def _measured(given: Any, unit: str) -> Any:
    """Turn `{"value": 1.2, "units": "kWh"}` into Wh. What has an unknown unit stays an object."""
    if not isinstance(given, dict) or "value" not in given:
        return given
    value, units = given["value"], given.get("units") or unit
    if not isinstance(units, str) or not units.strip().casefold().endswith(unit):
        return given
    prefix = units.strip()[: -len(unit)]
    scale = _SCALES.get(prefix if prefix == "M" else prefix.casefold())
    if scale is None or isinstance(value, bool) or not isinstance(value, (int, float)):
        return given if scale != 1.0 else value
    return value * scale


def _evse_power(given: Any) -> list[dict[str, Any]]:
    """Read a map by serial number, a list of such maps, or plain objects with a serial number."""
    chargers = []
    for entry in given if isinstance(given, list) else [given]:
        if not isinstance(entry, dict):
            continue
        if "evse_max_charge_w" in entry or "evse_min_charge_w" in entry:
            chargers.append(entry)
            continue
        for serial, powers in entry.items():
            if isinstance(powers, dict):
                chargers.append({"serial_number": serial, **powers})
    return chargers
