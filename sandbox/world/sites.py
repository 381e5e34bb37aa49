"""Systems as rows: what a new one starts with, and how rows get into the tables."""

from __future__ import annotations

import json
import operator
import sqlite3
from dataclasses import dataclass, field
from typing import Any

from sandbox.world.cast import COMPANIES

COLUMNS = (
    "system_id", "system_name", "system_type", "status", "timezone", "stage",
    "internet_connection", "lease", "operational", "owner_id", "host_id", "installer_id",
    "maintainer_id", "grid_connection_type", "battery_grid_mode",
    "third_party_storage_device_installed", "third_party_storage_device_manufacturer",
    "interconnection_application_date", "permission_to_operate", "street1", "street2", "city",
    "state", "postal_code", "country", "latitude", "longitude", "created_at", "updated_at",
    "listed_at", "gateway", "last_report_at", "first_micro_serial", "micros_total", "micros_odd",
    "production_mode", "producing", "production_target", "production_since", "production_seconds",
    "details",
)  # fmt: skip

_values = operator.itemgetter(*COLUMNS)

# Set by the API but only shown by get_activation; unset numbers are "" on the wire.
DETAILS: dict[str, Any] = {
    "allow_public_access": True,
    "interconnect_date": None,
    "installer_support_email": "",
    "source": "microinverters",
    "array_type": "",
    "attachment_type": "",
    "ensemble_envoy": "",
    "grid_profile": "",
    "requested_profile": "",
    "requested_report_freq": "",
    "voltage": None,
    "expected_envoy_count": 0,
    "expected_pcu_count": 0,
    "expected_acb_count": 0,
    "expected_nsr_count": 0,
    "expected_meter_count": 0,
    "expected_encharge_count": 0,
    "expected_enpower_count": 0,
    "pv_manufacturer": "",
    "pv_manufacturer_name": "",
    "pv_model": "",
    "pv_model_name": "",
    "pv_module_power_rating": "",
    "pv_module_type": "",
    "encharge": [],
    "enpower": [],
}

_FIRST_MICRO_SERIAL = 482_000_000_000


@dataclass
class Site:
    """One system: its row and what hangs on it in other tables."""

    row: dict[str, Any]
    details: dict[str, Any]
    envoys: list[tuple[str, bool]] = field(default_factory=list)
    references: dict[int, str] = field(default_factory=dict)
    subcontracts: dict[int, str | None] = field(default_factory=dict)


def new_site(system_id: int, now: float) -> Site:
    """Give a site with every default of the API, of nobody and nowhere."""
    row: dict[str, Any] = dict.fromkeys(COLUMNS)
    row |= {
        "system_id": system_id,
        "system_name": "",
        "system_type": "residential",
        # Nothing has reported yet.
        "status": "comm",
        "timezone": "UTC",
        "stage": 1,
        "internet_connection": "none",
        "lease": 0,
        "operational": 1,
        "created_at": now,
        "updated_at": int(now),
        "gateway": "none",
        "micros_total": 0,
        "production_mode": "on",
        "producing": 0,
    }
    return Site(row, dict(DETAILS))


def first_micro_serial(system_id: int) -> int:
    """Give the first of a system's consecutive microinverter serials (12 digits)."""
    return _FIRST_MICRO_SERIAL + system_id % 1_000_000_000 * 100


def insert(db: sqlite3.Connection, sites: list[Site]) -> None:
    """Write sites into all tables."""
    marks = ",".join("?" * len(COLUMNS))
    db.executemany(
        f"INSERT INTO systems ({','.join(COLUMNS)}) VALUES ({marks})",
        [_values({**site.row, "details": json.dumps(site.details)}) for site in sites],
    )
    ids = [(site.row["system_id"], site) for site in sites]
    db.executemany(
        "INSERT INTO sight VALUES (?, ?)",
        [(viewer, system_id) for system_id, site in ids for viewer in viewers(site)],
    )
    db.executemany(
        "INSERT INTO refs VALUES (?, ?, ?)",
        [
            (system_id, who, text)
            for system_id, site in ids
            for who, text in site.references.items()
        ],
    )
    db.executemany(
        "INSERT INTO subcontracts VALUES (?, ?, ?)",
        [
            (system_id, company, status)
            for system_id, site in ids
            for company, status in site.subcontracts.items()
        ],
    )
    db.executemany(
        "INSERT INTO envoys (serial, system_id, position, active) VALUES (?, ?, ?, ?)",
        [
            (serial, system_id, position, active)
            for system_id, site in ids
            for position, (serial, active) in enumerate(site.envoys)
        ],
    )


def viewers(site: Site) -> set[int]:
    """Give everybody who may see a site, in the terms of the table `sight`."""
    row = site.row
    companies = {row["installer_id"], row["maintainer_id"]}
    # A subcontractor sees a site once approved, which shows as an absent status.
    companies |= {company for company, status in site.subcontracts.items() if status is None}
    companies.discard(None)
    parents = {COMPANIES[company].parent for company in companies if company in COMPANIES}
    seen = {int(company) for company in companies | parents if company is not None}
    if row["installer_id"] is None and row["owner_id"] is not None:
        seen.add(-int(row["owner_id"]))
    return seen


def refresh_sight(db: sqlite3.Connection, system_id: int) -> None:
    """Work out again who may see a system, after its companies have changed."""
    row = db.execute("SELECT * FROM systems WHERE system_id = ?", (system_id,)).fetchone()
    subcontracts = {
        item["company_id"]: item["status"]
        for item in db.execute("SELECT * FROM subcontracts WHERE system_id = ?", (system_id,))
    }
    db.execute("DELETE FROM sight WHERE system_id = ?", (system_id,))
    db.executemany(
        "INSERT INTO sight VALUES (?, ?)",
        [(viewer, system_id) for viewer in viewers(Site(dict(row), {}, subcontracts=subcontracts))],
    )


def remove(db: sqlite3.Connection, system_id: int) -> None:
    for table in ("systems", "sight", "refs", "subcontracts", "envoys", "access", "kept"):
        db.execute(f"DELETE FROM {table} WHERE system_id = ?", (system_id,))


def remove_row(db: sqlite3.Connection, system_id: int) -> None:
    """Remove a system to write it again: access given to users stays."""
    for table in ("systems", "sight", "refs", "subcontracts", "envoys"):
        db.execute(f"DELETE FROM {table} WHERE system_id = ?", (system_id,))
