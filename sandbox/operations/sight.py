"""Finding a system for a caller: 404 when there is none, 401 when it is somebody else's."""

from __future__ import annotations

import sqlite3

from sandbox.errors import FORBIDDEN, NOT_AUTHORIZED, Refusal
from sandbox.routing import Call

SYSTEM_NOT_FOUND = "System not found"


def find_system(
    call: Call, name: str = "activation_id", missing: str = SYSTEM_NOT_FOUND
) -> sqlite3.Row:
    """Give the row of the system named in the path. Commissioning has no 403: foreign is 401."""
    system_id = call.ids[name]
    row: sqlite3.Row | None = None
    if isinstance(system_id, int):
        row = call.db.execute("SELECT * FROM systems WHERE system_id = ?", (system_id,)).fetchone()
    if row is None:
        raise Refusal(404, missing)
    if not may_see(call, system_id):
        raise Refusal(401, NOT_AUTHORIZED)
    call.subject = system_id
    return row


def may_see(call: Call, system_id: int) -> bool:
    seen = call.db.execute(
        "SELECT 1 FROM sight WHERE viewer = ? AND system_id = ?", (call.caller.viewer, system_id)
    ).fetchone()
    return seen is not None


def find_monitored(call: Call, system_id: object = None) -> sqlite3.Row:
    """Give the row for a Monitoring operation, which has a 403 for what belongs to others.

    Systems that Monitoring does not show yet (setting `systems_visible_from_stage`) are 404.
    """
    wanted = call.ids["system_id"] if system_id is None else system_id
    row: sqlite3.Row | None = None
    if isinstance(wanted, int):
        row = call.db.execute("SELECT * FROM systems WHERE system_id = ?", (wanted,)).fetchone()
    if row is None or row["stage"] < call.settings.systems_visible_from_stage:
        raise Refusal(404, f'System not found for {{:id=>"{wanted}"}}')
    if not may_see(call, row["system_id"]):
        raise Refusal(403, FORBIDDEN)
    call.subject = row["system_id"]
    return row
