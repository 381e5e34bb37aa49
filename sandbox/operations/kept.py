"""What was changed on a site and has no column of its own: one JSON value a name."""

from __future__ import annotations

import json
import sqlite3
from typing import Any


def read_all(db: sqlite3.Connection, system_id: int) -> dict[str, Any]:
    """Give everything kept about a site by name."""
    rows = db.execute("SELECT name, value FROM kept WHERE system_id = ?", (system_id,))
    return {row["name"]: json.loads(row["value"]) for row in rows}


def read(db: sqlite3.Connection, system_id: int, name: str, default: Any = None) -> Any:
    row = db.execute(
        "SELECT value FROM kept WHERE system_id = ? AND name = ?", (system_id, name)
    ).fetchone()
    return default if row is None else json.loads(row["value"])


def write(db: sqlite3.Connection, system_id: int, name: str, value: Any) -> None:
    db.execute(
        "INSERT INTO kept VALUES (?, ?, ?)"
        " ON CONFLICT (system_id, name) DO UPDATE SET value = excluded.value",
        (system_id, name, json.dumps(value)),
    )


def forget(db: sqlite3.Connection, system_id: int, name: str) -> None:
    db.execute("DELETE FROM kept WHERE system_id = ? AND name = ?", (system_id, name))
