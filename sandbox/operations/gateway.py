"""What gateways do by themselves: report for the first time, and carry out production tasks."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from sandbox.operations import kept
from sandbox.settings import Settings
from sandbox.world.sites import first_micro_serial

# The gateway needs this share of a task's time before it takes the new mode.
_OBEYS_AFTER = 0.1


def production(row: sqlite3.Row, now: float) -> tuple[str, int]:
    """Give the mode ("on" or "off") and the number of producing microinverters at `now`.

    Microinverters come up (or go down) one by one over `production_seconds`.
    """
    target, since = row["production_target"], row["production_since"]
    if target is None or since is None:
        return row["production_mode"], row["producing"]
    share = (now - since) / max(row["production_seconds"] or 0.0, 0.001)
    goal = able(row) if target == "on" else 0
    if share >= 1:
        return target, goal
    count = row["producing"] + int((goal - row["producing"]) * max(0.0, share))
    return (target if share >= _OBEYS_AFTER else row["production_mode"]), count


def able(row: sqlite3.Row) -> int:
    """How many microinverters can produce: all detected ones that are not silent."""
    odd: dict[str, Any] = json.loads(row["micros_odd"]) if row["micros_odd"] else {}
    return int(row["micros_total"]) - len(odd.get("silent", ()))


def send_production_task(
    db: sqlite3.Connection, row: sqlite3.Row, mode: str, now: float, settings: Settings
) -> None:
    """Start a task; with a silent gateway it waits until the gateway is back."""
    current, producing = production(row, now)
    _remember_switch(db, row)
    db.execute(
        "UPDATE systems SET production_mode = ?, producing = ?, production_target = ?,"
        " production_since = ?, production_seconds = ? WHERE system_id = ?",
        (
            current,
            producing,
            mode,
            now if row["gateway"] == "reporting" else None,
            settings.production_seconds,
            row["system_id"],
        ),
    )


def _remember_switch(db: sqlite3.Connection, row: sqlite3.Row) -> None:
    """Keep when the task before this one was carried out: telemetry of that time needs it."""
    system_id = row["system_id"]
    switches = kept.read(db, system_id, "switches", [row["production_mode"]])
    if row["production_target"] is not None and row["production_since"] is not None:
        switches.append([row["production_since"], row["production_target"]])
    kept.write(db, system_id, "switches", switches)


def first_report(db: sqlite3.Connection, system_id: int, now: float) -> None:
    """The gateway of a stage 2 system reports: stage 3, with the microinverters it detects."""
    row = db.execute("SELECT * FROM systems WHERE system_id = ?", (system_id,)).fetchone()
    if row is None or row["stage"] != 2:
        return
    kept.write(db, system_id, "first_report", int(now))
    detected = int(json.loads(row["details"])["expected_pcu_count"] or 0)
    db.execute(
        "UPDATE systems SET stage = 3, gateway = 'reporting', status = 'normal', micros_total = ?,"
        " first_micro_serial = ?, producing = ?, last_report_at = ?, updated_at = ?"
        " WHERE system_id = ?",
        (
            detected,
            first_micro_serial(system_id),
            detected if row["production_mode"] == "on" else 0,
            int(now),
            int(now),
            system_id,
        ),
    )


def expect_report(db: sqlite3.Connection, system_id: int, now: float, settings: Settings) -> None:
    """Put the first report of a system that has just reached stage 2 on the agenda."""
    if settings.gateway_reports_seconds is not None:
        db.execute(
            "INSERT INTO agenda (due_at, kind, payload) VALUES (?, 'gateway_reports', ?)",
            (now + settings.gateway_reports_seconds, json.dumps({"system_id": system_id})),
        )
