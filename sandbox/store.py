"""The sandbox's memory: one SQLite file, one connection, one writer at a time."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS users (
    user_id INTEGER PRIMARY KEY,
    email TEXT NOT NULL COLLATE NOCASE UNIQUE,
    first_name TEXT NOT NULL, last_name TEXT NOT NULL, phone TEXT NOT NULL DEFAULT '',
    company_id INTEGER, user_roles TEXT NOT NULL DEFAULT '[]',
    enlighten_emails INTEGER NOT NULL DEFAULT 0, enlighten_view TEXT NOT NULL DEFAULT 'my',
    active INTEGER NOT NULL DEFAULT 1, signs_in INTEGER NOT NULL DEFAULT 0,
    created_by INTEGER, updated_at INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS systems (
    system_id INTEGER PRIMARY KEY,
    system_name TEXT NOT NULL, system_type TEXT NOT NULL, status TEXT NOT NULL,
    timezone TEXT NOT NULL, stage INTEGER NOT NULL, internet_connection TEXT NOT NULL,
    lease INTEGER NOT NULL, operational INTEGER NOT NULL,
    owner_id INTEGER, host_id INTEGER, installer_id INTEGER, maintainer_id INTEGER,
    grid_connection_type INTEGER, battery_grid_mode INTEGER,
    third_party_storage_device_installed INTEGER, third_party_storage_device_manufacturer TEXT,
    interconnection_application_date INTEGER, permission_to_operate INTEGER,
    street1 TEXT, street2 TEXT, city TEXT, state TEXT, postal_code TEXT, country TEXT,
    latitude REAL, longitude REAL,
    created_at REAL NOT NULL, updated_at INTEGER NOT NULL, listed_at REAL,
    gateway TEXT NOT NULL, last_report_at INTEGER,
    first_micro_serial INTEGER, micros_total INTEGER NOT NULL, micros_odd TEXT,
    production_mode TEXT NOT NULL, producing INTEGER NOT NULL,
    production_target TEXT, production_since REAL, production_seconds REAL,
    details TEXT NOT NULL
);

-- Who may see a system: a company, its parent, an approved subcontractor,
-- or minus the user id of a self-installer.
CREATE TABLE IF NOT EXISTS sight (
    viewer INTEGER NOT NULL, system_id INTEGER NOT NULL, PRIMARY KEY (viewer, system_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS refs (
    system_id INTEGER NOT NULL, company_id INTEGER NOT NULL, reference TEXT NOT NULL,
    PRIMARY KEY (system_id, company_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS subcontracts (
    system_id INTEGER NOT NULL, company_id INTEGER NOT NULL, status TEXT,
    PRIMARY KEY (system_id, company_id)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS envoys (
    serial TEXT NOT NULL, system_id INTEGER NOT NULL, position INTEGER NOT NULL,
    active INTEGER NOT NULL, PRIMARY KEY (system_id, serial)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS access (
    system_id INTEGER NOT NULL, user_id INTEGER NOT NULL, PRIMARY KEY (system_id, user_id)
) WITHOUT ROWID;

-- What was changed on a site beyond its columns, by name: layout, tariff, estimate, meters ...
-- A site without a row has what its equipment suggests.
CREATE TABLE IF NOT EXISTS kept (
    system_id INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
    PRIMARY KEY (system_id, name)
) WITHOUT ROWID;

-- What happens later by the sandbox's clock: late commits, gateways that report.
CREATE TABLE IF NOT EXISTS agenda (
    id INTEGER PRIMARY KEY, due_at REAL NOT NULL, kind TEXT NOT NULL, payload TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS agenda_due ON agenda (due_at);

CREATE TABLE IF NOT EXISTS hits (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, application TEXT, user_id INTEGER,
    operation TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL,
    is_write INTEGER NOT NULL, executed INTEGER NOT NULL, subject INTEGER, reference TEXT,
    fault TEXT, settled_at REAL
);
CREATE INDEX IF NOT EXISTS hits_writes ON hits (id) WHERE is_write;

CREATE TABLE IF NOT EXISTS token_requests (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, grant_type TEXT NOT NULL, outcome TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS counters (
    application TEXT NOT NULL, bucket TEXT NOT NULL, period_start INTEGER NOT NULL,
    used INTEGER NOT NULL, PRIMARY KEY (application, bucket)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS tokens (
    refresh_hash TEXT PRIMARY KEY, access_hash TEXT NOT NULL UNIQUE, family TEXT NOT NULL,
    application TEXT NOT NULL, user_id INTEGER NOT NULL, issued_at REAL NOT NULL,
    access_until REAL NOT NULL, refresh_until REAL NOT NULL,
    used_at REAL, access_revoked INTEGER NOT NULL DEFAULT 0,
    family_revoked INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tokens_family ON tokens (family);

CREATE TABLE IF NOT EXISTS codes (
    code_hash TEXT PRIMARY KEY, application TEXT NOT NULL, user_id INTEGER NOT NULL,
    redirect_uri TEXT NOT NULL, until REAL NOT NULL
) WITHOUT ROWID;
"""

# Made after the bulk insert of a world: building an index once is much cheaper than row by row.
INDEXES = {
    "systems_name": "systems (system_name COLLATE NOCASE)",
    "systems_street": "systems (street1 COLLATE NOCASE)",
    "systems_postal": "systems (postal_code)",
    "systems_owner": "systems (owner_id)",
    "systems_host": "systems (host_id)",
    "systems_open": "systems (stage, system_id) WHERE stage < 5",
    "refs_reference": "refs (reference COLLATE NOCASE)",
    "envoys_serial": "envoys (serial)",
}

WORLD_TABLES = (
    "users", "systems", "sight", "refs", "subcontracts", "envoys", "access", "kept", "agenda",
)  # fmt: skip
RECORD_TABLES = ("hits", "token_requests", "counters")


class Store:
    """The SQLite file of a sandbox.

    All work happens inside `transaction()`, which lets one thread in at a time: requests are
    answered as if one after another, so the ledger can be exact.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        self._db.execute("PRAGMA journal_mode = WAL")
        # A killed process loses nothing with OFF, only a power cut could: right for a sandbox.
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute("PRAGMA cache_size = -65536")
        self._db.executescript(SCHEMA)
        self._clock_offset = float(self._read("clock_offset") or 0.0)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give the connection inside one committed-or-nothing transaction, exclusively."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def close(self) -> None:
        """Wait for the request at work, then fold the write-ahead log into the file."""
        with self._lock:
            self._db.close()

    def now(self) -> float:
        """Epoch seconds by the sandbox's own clock."""
        return time.time() + self._clock_offset

    def set_clock_offset(self, seconds: float) -> None:
        """Move the clock against real time. Call inside a transaction."""
        self._clock_offset = seconds
        self.write_meta("clock_offset", seconds)

    def read_meta(self, name: str, default: Any = None) -> Any:
        text = self._read(name)
        return default if text is None else json.loads(text)

    def write_meta(self, name: str, value: Any) -> None:
        self._db.execute(
            "INSERT INTO meta VALUES (?, ?)"
            " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (name, json.dumps(value)),
        )

    def drop_indexes(self) -> None:
        for name in INDEXES:
            self._db.execute(f"DROP INDEX IF EXISTS {name}")

    def make_indexes(self) -> None:
        for name, columns in INDEXES.items():
            self._db.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {columns}")

    def empty(self, tables: tuple[str, ...]) -> None:
        for table in tables:
            self._db.execute(f"DELETE FROM {table}")

    def _read(self, name: str) -> str | None:
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row["value"])
