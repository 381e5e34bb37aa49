"""Production mode: set_production_mode (a task that finishes later), get_production_mode."""

from __future__ import annotations

import sqlite3

from sandbox.errors import unprocessable
from sandbox.operations import gateway
from sandbox.operations.bodies import wrapped
from sandbox.operations.sight import find_system
from sandbox.routing import Call, operation
from sandbox.wire import Answer

_PATH = "/activations/{activation_id}/ops/production_mode"


@operation("set_production_mode", "POST", _PATH, writes=True, window_in_429=False)
def set_production_mode(call: Call) -> Answer:
    """Accepts {"mode": …} bare or under `production_mode`, as JSON or as a form."""
    row = find_system(call)
    body = wrapped(call.request, "production_mode") or call.request.form() or call.request.json()
    mode = body.get("mode") if isinstance(body, dict) else None
    if mode not in ("on", "off"):
        raise unprocessable("Invalid mode, expected mode is 'on' or 'off'", code=None)
    _require_gateway(call, row)
    gateway.send_production_task(call.db, row, mode, call.now, call.settings)
    return Answer(200, {"message": "Production mode Task sent to envoy Successfully"})


@operation("get_production_mode", "GET", _PATH, window_in_429=False)
def get_production_mode(call: Call) -> Answer:
    row = find_system(call)
    _require_gateway(call, row)
    mode, producing = gateway.production(row, call.now)
    counts = {"total_micros": row["micros_total"], "energy_producing_micros": producing}
    return Answer(200, {"mode": mode, **counts})


def _require_gateway(call: Call, row: sqlite3.Row) -> None:
    """Stage must be greater than 2, and there must be a gateway that is not retired."""
    active = call.db.execute(
        "SELECT 1 FROM envoys WHERE system_id = ? AND active", (row["system_id"],)
    ).fetchone()
    if active is None:
        raise unprocessable("No active Envoys present in the site", code=None)
    if row["stage"] <= 2:
        raise unprocessable("System not yet communicated", code=None)
