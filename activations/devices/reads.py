"""What Enphase tells of a site's devices: the list, the microinverters, a day of one device."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from activations.devices.models import DetectedSerial
from activations.snapshots.registry import Absent, snapshot
from enphase import Client, Rejected
from enphase.records import (
    BatteryTelemetry,
    Device,
    Inverter,
    InverterGroup,
    SystemDevices,
    Telemetry,
)
from portal.ui.errors import Refused

PAGE = 100
# 6,000 microinverters: a list that goes on longer goes round in circles.
MAX_PAGES = 60
# Serials named in a sentence; the rest is counted.
NAMED = 12
NO_PROFILE = "No grid profile"

# Words for one device of a kind; kinds that came later have their key as their name.
ONE = {
    "gateways": "Gateway",
    "micros": "Microinverter",
    "meters": "Meter",
    "encharges": "Encharge",
    "enpowers": "Enpower",
    "acbs": "AC Battery",
    "q_relays": "Q Relay",
    "ev_chargers": "EV charger",
    "heat_pump": "Heat pump",
    "iq_collars": "IQ collar",
    "iq_air": "IQ Air",
    "generators": "Generator",
}


def one(kind: str) -> str:
    """A kind in words, for one device: "Microinverter"; "Wind turbines" for wind_turbines."""
    return ONE.get(kind) or (kind.replace("_", " ").replace("-", " ").strip().capitalize())


# ------------------------------------------------------------------ all devices


@snapshot(
    "devices",
    title="Devices",
    operation="list_system_devices",
    parse=SystemDevices.from_api,
    page="devices:list",
)
def devices(client: Client, activation: Any, key: str) -> SystemDevices:
    return client.systems.list_system_devices(activation.system_id)


@devices.facts
def _devices_facts(record: SystemDevices) -> dict[str, str]:
    """Each device with a label of its own: one that is replaced is a line gone and a line come."""
    return {
        f"{one(kind)} {device.serial_number or device.name or 'without a serial'}": ", ".join(
            filter(None, (device.product_name or device.model, firmware_of(device)))
        )
        or "Present"
        for kind in ordered(record)
        for device in record.devices[kind]
    }


@devices.alarming
def _is_gone(before: dict[str, str], after: dict[str, str]) -> bool:
    """A device that was there and is gone. That new ones report is what everybody waits for."""
    return bool(before.keys() - after.keys())


@devices.changed
def _index(activation: Any, record: SystemDevices | None) -> None:
    """Note which serials are on the site, for those who look for one elsewhere."""
    found = {
        device.serial_number[:80]: kind[:40]
        for kind, rows in (record.devices if record else {}).items()
        for device in rows
        if device.serial_number
    }
    noted = DetectedSerial.objects.filter(activation=activation)
    known = dict(noted.values_list("serial", "kind"))
    noted.filter(serial__in=[s for s, kind in known.items() if found.get(s) != kind]).delete()
    DetectedSerial.objects.bulk_create(
        (
            DetectedSerial(activation=activation, serial=serial, kind=kind)
            for serial, kind in found.items()
            if known.get(serial) != kind
        ),
        batch_size=500,
    )


def ordered(record: SystemDevices) -> list[str]:
    """The kinds of devices that are there, known ones first and in the order of people."""
    return [
        *(kind for kind in ONE if kind in record.devices),
        *sorted(kind for kind in record.devices if kind not in ONE),
    ]


def firmware_of(device: Device) -> str:
    return device.emu_sw_version or device.firmware or ""


# ------------------------------------------------------------------ microinverters


@dataclass(frozen=True)
class Micro:
    """A microinverter as get_inverters_summary tells it. `signal` is 0 to 5 bars, None unsaid.

    `energy_wh` is of its whole life. `profile` is the id of the grid profile that it runs.
    """

    serial: str
    signal: int | None
    status: str | None
    last_report_at: datetime | None
    firmware: str
    profile: str
    power_w: float | None
    energy_wh: float | None
    gateway: str
    model: str
    part_number: str

    @classmethod
    def of(cls, inverter: Inverter, signal: int | None) -> "Micro":
        reported = inverter.last_report_date
        return cls(
            serial=inverter.serial_number or "",
            signal=signal,
            status=inverter.status,
            # 0 stands for never.
            last_report_at=reported if reported and reported.timestamp() > 0 else None,
            firmware=inverter.proc_load or "",
            profile=inverter.grid_profile or "",
            power_w=inverter.power_produced_w,
            energy_wh=inverter.energy_wh,
            gateway=inverter.envoy_serial_number or "",
            model=inverter.model or "",
            part_number=inverter.part_number or "",
        )


class Inverters:
    """All microinverters of a site; a serial that came twice counts once.

    `complete` is False when Enphase's list was longer than we follow, or went round in circles.
    """

    def __init__(self, payload: dict[str, Any]) -> None:
        self._groups = InverterGroup.list_of(payload["groups"])
        self.complete: bool = payload.get("complete", True)

    @cached_property
    def micros(self) -> list[Micro]:
        found: dict[str, Micro] = {}
        for group in self._groups:
            for number, inverter in enumerate(group.micro_inverters):
                micro = Micro.of(inverter, group.signal_strength)
                found.setdefault(micro.serial or f"{id(group)}-{number}", micro)
        return list(found.values())

    @cached_property
    def by_serial(self) -> dict[str, Micro]:
        return {micro.serial: micro for micro in self.micros if micro.serial}


def _pages(payload: dict[str, Any]) -> int:
    """Hits of a reading: a page short of 100 ends the list, so a full last page costs one more."""
    micros = sum(len(group.get("micro_inverters") or []) for group in payload.get("groups", []))
    return min(micros // PAGE + 1, MAX_PAGES)


@snapshot(
    "inverters",
    title="Microinverters",
    operation="get_inverters_summary",
    parse=Inverters,
    hits=_pages,
    page="devices:list",
    writes=("activation.update",),
)
def inverters(client: Client, activation: Any, key: str) -> dict[str, Any]:
    """Every page of 100, one hit each; the groups of one gateway can go on over pages."""
    groups: list[dict[str, Any]] = []
    seen: set[str] = set()
    for page in range(1, MAX_PAGES + 1):
        found = client.systems.get_inverters_summary(
            site_id=activation.system_id, page=page, size=PAGE
        )
        if any(group.unreadable and not group.micro_inverters for group in found):
            raise Refused("Enphase sent a list of microinverters that cannot be read.")
        groups += [group.raw for group in found]
        names = set(_names(found))
        count = sum(len(group.micro_inverters) for group in found)
        if count < PAGE:
            return {"groups": groups, "complete": True}
        if names <= seen:
            break
        seen |= names
    return {"groups": groups, "complete": False}


def _names(groups: list[InverterGroup]) -> Iterator[str]:
    for group in groups:
        for inverter in group.micro_inverters:
            yield inverter.serial_number or f"#{inverter.id}"


@inverters.facts
def _inverters_facts(record: Inverters) -> dict[str, str]:
    """Which grid profiles are applied. Signal and reports come and go by themselves."""
    counts = Counter(micro.profile for micro in record.micros)
    facts = {}
    for place, (profile, count) in enumerate(sorted(counts.items(), key=lambda c: (-c[1], c[0]))):
        label = f"Grid profile {profile}" if profile else NO_PROFILE
        facts[label] = f"{count} {'microinverter' if count == 1 else 'microinverters'}"
        if place:
            serials = [micro.serial for micro in record.micros if micro.profile == profile]
            facts[label] += f": {named(serials)}"
    return facts


@inverters.alarming
def _is_new_profile(before: dict[str, str], after: dict[str, str]) -> bool:
    """A grid profile that none had. How many have taken it changes by itself."""
    new = after.keys() - before.keys() - {NO_PROFILE}
    return bool(before) and bool(new)


def named(serials: list[str]) -> str:
    """Serials in a sentence, the first twelve of many."""
    shown = ", ".join(serials[:NAMED])
    rest = len(serials) - NAMED
    return f"{shown} and {rest} more" if rest > 0 else shown


# ------------------------------------------------------------------ a day of one device


@dataclass(frozen=True)
class Day:
    """A day of the site as one device told it. `kind` is micros, acbs or encharges."""

    kind: str
    day: date
    answer: Telemetry | BatteryTelemetry

    @classmethod
    def of(cls, payload: dict[str, Any]) -> "Day":
        read = Telemetry if payload["kind"] == "micros" else BatteryTelemetry
        day = date.fromisoformat(payload["day"])
        return cls(payload["kind"], day, read.from_api(payload["answer"]))


def day_key(serial: str, day: date) -> str:
    """The key of a device's day: "482000070101 2026-11-22"."""
    return f"{serial} {day.isoformat()}"


@snapshot(
    "device-telemetry",
    title="Telemetry of a device",
    operation="get_micro_telemetry",
    parse=Day.of,
    max_age=timedelta(hours=1),
)
def device_telemetry(client: Client, activation: Any, key: str) -> dict[str, Any]:
    """5 minutes of a microinverter, 15 of a battery; what it is, our list of devices knows."""
    serial, _, text = key.partition(" ")
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise Absent("There is no such day.") from error
    kind = kind_with_telemetry(activation, serial)
    calls = {
        "micros": client.devices.get_micro_telemetry,
        "acbs": client.devices.get_acb_telemetry,
        "encharges": client.devices.get_encharge_telemetry,
    }
    if kind not in calls:
        raise Absent("Enphase keeps no telemetry of this device.")
    try:
        answer = calls[kind](activation.system_id, serial, start_date=day)
    except Rejected as error:
        if error.status == 422:
            raise Absent("Enphase keeps nothing of this day.") from error
        if error.status == 404 and not any("System" in text for text in error.texts):
            raise Absent(
                f"Enphase knows no {one(kind)} {serial} on this site. It may have been replaced."
            ) from error
        if error.status == 501 or (kind == "acbs" and error.status in (405, 410)):
            raise Absent(f"Enphase no longer tells how a {one(kind)} does.") from error
        raise
    return {"kind": kind, "day": day.isoformat(), "answer": answer.raw}


def kind_with_telemetry(activation: Any, serial: str) -> str:
    """The kind of a device by our copies of the lists, "" for one that is on neither."""
    for copy in activation.snapshots.filter(kind__in=("devices", "inverters"), key=""):
        if copy.record is None:
            continue
        if copy.kind == "inverters":
            if serial in copy.record.by_serial:
                return "micros"
            continue
        for kind, rows in copy.record.devices.items():
            if any(device.serial_number == serial for device in rows):
                return str(kind)
    return ""
