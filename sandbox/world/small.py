"""The small world for tests: a handful of systems whose ids and troubles are promised."""

from __future__ import annotations

import sqlite3
from typing import Any

from sandbox.world import catalog
from sandbox.world.places import locate
from sandbox.world.sites import Site, first_micro_serial, insert, new_site

_DAY = 86_400

HOME_OWNERS = (
    (3001, "ada.okafor@example.com", "Ada", "Okafor", "+1 916 555 0301", 2001),
    (3002, "jonah.delgado@example.com", "Jonah", "Delgado", "+1 530 555 0302", 2001),
    (3003, "rosa.whitaker@example.com", "Rosa", "Whitaker", "+1 619 555 0303", 2001),
    (3101, "caleb.tran@example.com", "Caleb", "Tran", "+1 512 555 0311", 2002),
    (3201, "sanne.hoekstra@example.com", "Sanne", "Hoekstra", "+31 6 5550 0321", 2003),
    (3301, "kirra.marchetti@example.com", "Kirra", "Marchetti", "+61 491 570 331", 2004),
)


def build(db: sqlite3.Connection, now: float) -> None:
    """Fill the empty tables. Every date is relative to `now`."""
    db.executemany(
        "INSERT INTO users (user_id, email, first_name, last_name, phone, created_by, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(*person, int(now) - 30 * _DAY) for person in HOME_OWNERS],
    )
    insert(db, _sites(int(now)))


def _sites(now: int) -> list[Site]:
    halcyon = {
        701: _site(701, now, "Okafor residence", 3, 9, 3001, "HAL701",
                   ("12 Alder Court", "Sacramento", "CA", "95814", "US"), micros=24),
        702: _site(702, now, "Delgado residence", 1, 9, None, "HAL702",
                   ("48 Juniper Street", "Davis", "CA", "95616", "US"), envoy=False),
        703: _site(703, now, "Whitaker residence", 4, 82, 3003, "HAL703",
                   ("7 Quail Run", "San Diego", "CA", "92126", "US"), micros=18, mode="on"),
        704: _site(704, now, "Delgado barn", 2, 81, 3002, "HAL704",
                   ("301 Granite Hill Road", "Redding", "CA", "96001", "US"), expected=16),
        705: _site(705, now, "Okafor guest house", 5, 9, 3001, "HAL705",
                   ("14 Alder Court", "Sacramento", "CA", "95814", "US"), micros=12, mode="on"),
        706: _site(706, now, "Brennan workshop", 3, 9, 3001, "HAL706",
                   ("90 Lupine Way", "Petaluma", "CA", "94952", "US"), micros=20,
                   gateway="retired", status="comm"),
    }  # fmt: skip
    # One of two batteries' worth of paper trail: NEM 3.0 with storage, approved subcontractor.
    battery = halcyon[703]
    serial = battery.envoys[0][0]
    battery.row["battery_grid_mode"] = 2
    battery.row["third_party_storage_device_installed"] = None
    battery.details |= {
        "expected_encharge_count": 2,
        "expected_enpower_count": 1,
        "ensemble_envoy": serial,
        "encharge": [
            {
                "envoy_serial_number": serial,
                "encharge_serial_numbers": ["122038000001", "122038000002"],
            }
        ],
        "enpower": [
            {"envoy_serial_number": serial, "enpower_serial_numbers": ["122051000001"]},
        ],
    }
    battery.subcontracts[50] = None
    battery.references[50] = "RE703"
    elsewhere = [
        _site(801, now, "Tran residence", 3, 20, 3101, "BLU801",
              ("5 Redbud Lane", "Austin", "TX", "78701", "US"), micros=30),
        _site(802, now, "Tran garage", 2, 21, 3101, "BLU802",
              ("9 Mesquite Trail", "Houston", "TX", "77002", "US"), expected=10),
        _site(901, now, "Hoekstra woning", 3, 30, 3201, "ZON901",
              ("Dijkzicht 21", "Utrecht", "UT", "3512 AB", "NL"), micros=10,
              gateway="silent", status="comm"),
        _site(951, now, "Marchetti house", 4, 40, 3301, "SOU951",
              ("3 Banksia Street", "Brisbane", "QLD", "4000", "AU"), micros=22, mode="on",
              silent=[3, 7], status="micro"),
    ]  # fmt: skip
    return [*halcyon.values(), *elsewhere]


def _site(
    system_id: int,
    now: int,
    name: str,
    stage: int,
    installer: int,
    owner: int | None,
    reference: str,
    address: tuple[str, str, str, str, str],
    *,
    micros: int = 0,
    expected: int = 0,
    mode: str = "off",
    gateway: str = "reporting",
    status: str = "normal",
    silent: list[int] | None = None,
    envoy: bool = True,
) -> Site:
    street, city, state, postal, country = address
    latitude, longitude, zone = locate(street, city, state, country)
    site = new_site(system_id, now - (10 + stage) * _DAY)
    row: dict[str, Any] = {
        "system_name": name,
        "stage": stage,
        "installer_id": installer,
        "maintainer_id": installer,
        "owner_id": owner,
        "internet_connection": "broadband",
        "operational": int(stage >= 4),
        "permission_to_operate": int(stage >= 4),
        "street1": street,
        "city": city,
        "state": state,
        "postal_code": postal,
        "country": country,
        "latitude": latitude,
        "longitude": longitude,
        "timezone": zone,
        "updated_at": now - 2 * _DAY,
        "production_mode": mode,
    }
    if state == "CA":
        row |= {"grid_connection_type": 1, "third_party_storage_device_installed": 0}
    if stage >= 4:
        row["interconnection_application_date"] = now - 20 * _DAY
        site.details["interconnect_date"] = now - 5 * _DAY
    if stage >= 3:
        quiet = len(silent or [])
        row |= {
            "status": status,
            "gateway": gateway,
            "last_report_at": now - (3 * _DAY if gateway == "silent" else 300),
            "micros_total": micros,
            "first_micro_serial": first_micro_serial(system_id),
            "micros_odd": f'{{"silent": {silent}}}' if silent else None,
            "producing": micros - quiet if mode == "on" else 0,
        }
    site.row.update(row)
    site.details["expected_pcu_count"] = micros or expected
    site.details["expected_envoy_count"] = 1
    site.details["grid_profile"] = catalog.profile_for(country, state, battery=system_id == 703)
    site.references[{81: 9, 82: 9, 21: 20}.get(installer, installer)] = reference
    if envoy:
        site.envoys.append((str(202_300_000_000 + system_id), gateway != "retired"))
    return site
