"""Devices of a system: list_system_devices, get_inverters_summary."""

from __future__ import annotations

import sqlite3
from typing import Any

from sandbox.errors import Family, unprocessable
from sandbox.operations.equipment import Equipment
from sandbox.operations.intervals import inverter_quarter
from sandbox.operations.sight import find_monitored, may_see
from sandbox.routing import Call, operation
from sandbox.wire import Answer

MICRO_MODEL, MICRO_PART, MICRO_SKU = "IQ8PLUS", "800-01736-r02", "IQ8PLUS-72-2-US"
_FIRMWARE = "521-00005-r00-v04.30.32"
_OLD_FIRMWARE = "521-00005-r00-v04.28.06"
_TABLE = "540-00170-r01-v04.30.02"


@operation(
    "list_system_devices",
    "GET",
    "/systems/{system_id}/devices",
    family=Family.MONITORING,
    window_in_429=False,
)
def list_system_devices(call: Call) -> Answer:
    """Active devices by type; a type the site has none of is left out."""
    equipment = Equipment(call.db, find_monitored(call), call.now)
    devices = {kind: listed for kind, listed in _devices(equipment).items() if listed}
    total = sum(len(listed) for listed in devices.values())
    head = {"system_id": equipment.system_id, "total_devices": total, "items": "devices"}
    return Answer(200, {**head, "devices": devices})


@operation(
    "get_inverters_summary",
    "GET",
    "/systems/inverters_summary_by_envoy_or_site",
    family=Family.MONITORING,
)
def get_inverters_summary(call: Call) -> Answer:
    """A bare array, one entry an active gateway. No 403 or 404 is documented: others get []."""
    serial = call.query.get("envoy_serial_number", "").strip()
    site = call.query.get("site_id", "").strip()
    if not serial and not site:
        raise unprocessable("Envoy serial number or Site id mandatory", code=None)
    row = _by_gateway(call, serial) if serial else _by_site(call, site)
    if row is None:
        return Answer(200, [])
    call.subject = row["system_id"]
    equipment = Equipment(call.db, row, call.now)
    # All microinverters of our sites talk to the first gateway.
    if not equipment.gateways or (serial and serial != equipment.gateways[0]):
        return Answer(200, [])
    page = _positive(call.query.get("page", ""), 1)
    size = min(_positive(call.query.get("size", ""), 10), 100)
    chosen = range(len(equipment.micros))[(page - 1) * size : page * size]
    if not chosen:
        return Answer(200, [])
    listed = _inverters(equipment, chosen)
    return Answer(200, [{"signal_strength": signal_strength(equipment), "micro_inverters": listed}])


def signal_strength(equipment: Equipment) -> int:
    """Bars from 0 to 5; some sites have a weak signal, below the three that count as good."""
    if equipment.system_id % 17 == 0:
        return 1 + equipment.system_id % 2
    return 3 + equipment.system_id % 3


def device_id(serial: str) -> int:
    """Give the number a device is known by besides its serial."""
    return (
        1_000_000_000 + int("".join(mark for mark in serial if mark.isdigit()) or 0) % 900_000_000
    )


def _inverters(equipment: Equipment, chosen: range) -> list[dict[str, Any]]:
    total = len(equipment.micros) - len(equipment.silent)
    lifetime = 0
    if equipment.first_day is not None:
        days = range(equipment.first_day, equipment.today + 1)
        lifetime = sum(equipment.wh("production", day) for day in days)
    now_at = equipment.until if equipment.reporting else None
    shares = inverter_quarter(equipment, now_at) if now_at else {}
    order = [index for index in range(len(equipment.micros)) if index not in equipment.silent]
    rank = {index: number for number, index in enumerate(order)}
    listed = []
    for index in chosen:
        serial = equipment.micros[index]
        power = shares.get(index, 0) * 4
        energy = 0
        if index in rank:
            place = rank[index]
            energy = lifetime * (place + 1) // total - lifetime * place // total
        listed.append(
            {
                "id": device_id(serial),
                "serial_number": serial,
                "model": MICRO_MODEL,
                "part_number": MICRO_PART,
                "sku": MICRO_SKU,
                "status": "micro" if index in equipment.silent else "normal",
                # The vendor mixes both forms in one answer.
                "power_produced": power
                if index % 10 == 9
                else {"value": power, "units": "W", "precision": 0},
                "proc_load": _firmware(equipment, index),
                "param_table": _TABLE,
                "envoy_serial_number": equipment.gateways[0],
                "energy": {"value": energy, "units": "Wh", "precision": 0},
                "grid_profile": equipment.profile_of(index),
                "last_report_date": _last_report(equipment, index) or 0,
            }
        )
    return listed


def _firmware(equipment: Equipment, index: int) -> str:
    """Some microinverters of some sites wait for the newer firmware."""
    behind = equipment.system_id % 6 == 0 and index % 5 == 0
    return _OLD_FIRMWARE if behind else _FIRMWARE


def _last_report(equipment: Equipment, index: int) -> int | None:
    at = equipment.last_report_at
    return at - 4 * 86_400 if at is not None and index in equipment.silent else at


def _config(equipment: Equipment, kind: str) -> str:
    if kind == "production":
        return "Production"
    return "Net" if equipment.net_config else "Total"


def _devices(equipment: Equipment) -> dict[str, list[dict[str, Any]]]:
    at = equipment.last_report_at
    status = str(equipment.row["status"])
    american = equipment.row["country"] == "US"
    origin = {"feoc_compliant": True, "dom_compliant": False} if american else {}
    if not equipment.gateways:
        # Without an active gateway nothing is active.
        return {}

    def device(serial: str, name: str, **more: Any) -> dict[str, Any]:
        own = {"id": device_id(serial), "last_report_at": at, "name": f"{name} {serial}"}
        return {**own, "serial_number": serial, **more, "active": True}

    def health(*troubles: str) -> str:
        return status if status in troubles else "normal"

    micros = [
        device(
            serial, "Microinverter", part_number=MICRO_PART, sku=MICRO_SKU, model=MICRO_MODEL,
            status="micro" if index in equipment.silent else "normal",
            product_name="IQ8+ Microinverter", **origin,
        )
        | {"last_report_at": _last_report(equipment, index)}
        for index, serial in enumerate(equipment.micros)
    ]  # fmt: skip
    meters = [
        device(
            meter.serial, meter.kind, part_number="800-00655-r09", sku=None, model="IQ Envoy",
            status=health("meter", "meter_issue"), state=meter.state,
            config_type=_config(equipment, meter.kind),
            config_phase="three" if equipment.row["country"] == "NL" else "single",
            product_name="IQ Gateway",
        )
        | {"name": meter.kind}
        for meter in equipment.meters
    ]  # fmt: skip
    modem = {
        "imei": str(352_009_000_000_000 + equipment.system_id),
        "part_num": "860-00157-r01",
        "sku": "CELLMODEM-M1",
        "plan_start_date": int(equipment.row["created_at"]),
        "plan_end_date": int(equipment.row["created_at"]) + 5 * 365 * 86_400,
    }
    cellular = {"cellular_modem": modem}
    gateways = [
        device(
            serial, "Gateway", part_number="800-00655-r09",
            emu_sw_version=equipment.gateway_version, sku="ENV-IQ-AM1-240", model="IQ Gateway",
            status=health("comm"), product_name="IQ Gateway",
            **(cellular if equipment.row["internet_connection"] == "cellular" else {}),
        )
        for serial in equipment.gateways
    ]  # fmt: skip
    return {
        "micros": micros,
        "meters": meters,
        "gateways": gateways,
        "q_relays": [
            device(serial, "IQ Relay", part_number="800-00595-r01", sku="Q-RELAY-1P-INT",
                   model="", status=health("nsr"), product_name="IQ Relay")
            for serial in equipment.q_relays
        ],
        "acbs": [
            device(serial, "AC Battery", part_number="800-00560-r03",
                   sku="IQ7-B1200-LN-I-INT01-RV0", model="", status=health("battery"),
                   product_name="ACB")
            for serial in equipment.acbs
        ],
        "encharges": [
            device(serial, "IQ Battery", part_number="865-00400-r01", sku="IQBATTERY-5P-1P-NA",
                   model="", status=health("encharge", "encharge_issue", "storage_idle"),
                   product_name="IQ Battery 5P", **origin)
            for serial in equipment.encharges
        ],
        "enpowers": [
            device(serial, "IQ System Controller", part_number="800-01135-r02",
                   sku="EP200G101-M240US00", model="", status=health("enpower", "enpower_issue"),
                   product_name="IQ System Controller")
            for serial in equipment.enpowers
        ],
        "iq_collars": [
            device(serial, "IQ Meter Collar", part_number="865-00401-r01", sku="MC-200-011-V01",
                   model="", status="iq_collar", product_name="IQ Meter Collar")
            for serial in ([str(482_700_000_000 + equipment.system_id)]
                           if status == "iq_collar" else [])
        ],
        "ev_chargers": [charger(equipment, serial) | {"id": ""} for serial in equipment.chargers],
    }  # fmt: skip


def charger(equipment: Equipment, serial: str) -> dict[str, Any]:
    """Give an EV charger as its own list shows it; in the list of all devices its id is ""."""
    return {
        "id": f"{serial}:{equipment.system_id}",
        "sku": "IQ-EVSE-NA-1040-0110-0100",
        "status": "normal",
        "serial_number": serial,
        "name": "IQ EV Charger",
        "model": "IQ-EVSE-40R",
        "part_number": "800-00555 0303",
        "last_report_at": equipment.last_report_at,
        "firmware": "v0.04.22",
        "active": True,
    }


def _by_gateway(call: Call, serial: str) -> sqlite3.Row | None:
    for held in call.db.execute(
        "SELECT system_id FROM envoys WHERE serial = ? AND active ORDER BY position, system_id",
        (serial,),
    ).fetchall():
        row = _by_site(call, str(held["system_id"]))
        if row is not None:
            return row
    return None


def _by_site(call: Call, text: str) -> sqlite3.Row | None:
    if not text.isdecimal() or len(text) > 18 or not may_see(call, int(text)):
        return None
    row: sqlite3.Row | None = call.db.execute(
        "SELECT * FROM systems WHERE system_id = ?", (int(text),)
    ).fetchone()
    return row


def _positive(text: str, default: int) -> int:
    return int(text) if text.isdecimal() and int(text) > 0 else default
