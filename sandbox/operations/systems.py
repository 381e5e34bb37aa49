"""Monitoring's view of systems: list_systems, get_system, get_system_summary, search_systems,
retrieve_system_id."""

from __future__ import annotations

import datetime as dt
import json
import sqlite3
from typing import Any

from sandbox.errors import Family, Refusal, unprocessable
from sandbox.operations.equipment import ENCHARGE_W, Equipment
from sandbox.operations.sight import find_monitored, may_see
from sandbox.physics.calendar import iso, midnight
from sandbox.routing import Call, operation
from sandbox.wire import Answer
from sandbox.world.statuses import SEARCHABLE

UNSORTED = (
    "Invalid request because of 'The sorting parameter is not supported. Please use id for"
    " sorting by Asc or -id for sorting by Desc'"
)
_KEYS = {"ids", "name", "reference", "other_reference", "statuses"}
_CONNECTIONS = {"broadband": "ethernet", "cellular": "cellular", "dialup": "dialup", "none": ""}
_PUBLIC_NAMES = {"residential": "Residential System", "commercial": "Commercial System"}


@operation(
    "search_systems", "POST", "/systems/search", family=Family.MONITORING, window_in_429=False
)
def search_systems(call: Call) -> Answer:
    """A POST that only reads. Paging is in the query, filters are in the body."""
    body = call.request.json()
    wanted = body.get("system") if isinstance(body, dict) else None
    if not isinstance(wanted, dict):
        raise unprocessable("system is missing at Json body location", code=None)
    unknown = (set(wanted) - _KEYS) | (set(body) - {"system", "sort_by"})
    if unknown:
        raise unprocessable(f"Invalid keys: {', '.join(sorted(unknown))}", code=None)
    sort_by = body.get("sort_by") or "id"
    if sort_by not in ("id", "-id"):
        raise unprocessable(UNSORTED, code=None)
    page = _positive(call.query.get("page", ""), 1)
    size = min(_positive(call.query.get("size", ""), 10), 1000)

    clauses, values = _conditions(call, wanted)
    if call.twist.get("kind") == "filter_ignored":
        clauses, values = [], []
    return _paged(call, clauses, values, sort_by, page, size)


@operation("list_systems", "GET", "/systems", family=Family.MONITORING, window_in_429=False)
def list_systems(call: Call) -> Answer:
    sort_by = call.query.get("sort_by") or "id"
    if sort_by not in ("id", "-id"):
        raise unprocessable(UNSORTED, code=None)
    page = _positive(call.query.get("page", ""), 1)
    size = min(_positive(call.query.get("size", ""), 10), 100)
    return _paged(call, [], [], sort_by, page, size)


@operation(
    "get_system", "GET", "/systems/{system_id}", family=Family.MONITORING, window_in_429=False
)
def get_system(call: Call) -> Answer:
    row = find_monitored(call)
    references = {
        item["company_id"]: item["reference"]
        for item in call.db.execute("SELECT * FROM refs WHERE system_id = ?", (row["system_id"],))
    }
    return Answer(200, _show(row, call.caller.books, references, live_stream=False))


@operation("get_system_summary", "GET", "/systems/{system_id}/summary", family=Family.MONITORING)
def get_system_summary(call: Call) -> Answer:
    """Of today, or of a past day, whose present power, size and modules are 0.

    No 422 is documented: a date that is none, or lies ahead, counts as today.
    """
    equipment = Equipment(call.db, find_monitored(call), call.now)
    day = _past_day(call.query.get("summary_date", ""), equipment.today)
    is_today = day == equipment.today
    until, first = equipment.until, equipment.first_day
    power = 0
    if is_today and until is not None and equipment.reporting:
        power = equipment.value_at("production", until) * 4
    lifetime = 0
    if first is not None:
        lifetime = sum(equipment.wh("production", date) for date in range(first, day))
    modules = len(equipment.micros) if is_today else 0
    batteries = len(equipment.encharges)
    shown = {
        "system_id": equipment.system_id,
        "current_power": power,
        "energy_lifetime": lifetime,
        "energy_today": equipment.wh("production", day),
        "last_interval_end_at": until
        if is_today or until is None
        else min(until, midnight(equipment.zone, day + 1)),
        "last_report_at": equipment.last_report_at,
        "modules": modules,
        "operational_at": equipment.operational_at,
        "size_w": int(modules * equipment.plant.module_w),
        # A number of the Australian market, kept as text.
        "nmi": str(6_300_000_000 + equipment.system_id)
        if equipment.row["country"] == "AU"
        else None,
        "source": equipment.details["source"],
        "status": equipment.row["status"],
        "summary_date": iso(day),
        "battery_charge_w": batteries * ENCHARGE_W,
        "battery_discharge_w": batteries * ENCHARGE_W,
        "battery_capacity_wh": equipment.plant.capacity_wh,
        "evse_power": [
            {serial: {"evse_max_charge_w": equipment.plant.charger_w, "evse_min_charge_w": 1440}}
            for serial in equipment.chargers
        ],
    }
    if shown["last_report_at"] is None:
        del shown["last_report_at"]
    return Answer(200, shown)


def _paged(
    call: Call, clauses: list[str], values: list[Any], sort_by: str, page: int, size: int
) -> Answer:
    """Give one page of what the caller sees in Monitoring."""
    lag = float(call.twist.get("seconds", 0)) if call.twist.get("kind") == "list_lag" else 0.0
    clauses += [
        "EXISTS (SELECT 1 FROM sight v WHERE v.viewer = ? AND v.system_id = s.system_id)",
        "s.stage >= ?",
        "(s.listed_at IS NULL OR s.listed_at <= ?)",
        "s.created_at <= ?",
    ]
    visible_from = call.settings.systems_visible_from_stage
    values += [call.caller.viewer, visible_from, call.now, call.now - lag]
    where = " AND ".join(clauses)
    total = call.db.execute(
        f"SELECT count(*) FROM systems s WHERE {where}",
        values,
    ).fetchone()[0]
    order = "DESC" if sort_by == "-id" else "ASC"
    rows = call.db.execute(
        f"SELECT s.* FROM systems s WHERE {where} ORDER BY s.system_id {order} LIMIT ? OFFSET ?",
        (*values, size, (page - 1) * size),
    ).fetchall()
    live_stream = call.query.get("live_stream") == "true"
    references: dict[int, dict[int, str]] = {}
    for item in call.db.execute(
        f"SELECT * FROM refs WHERE system_id IN ({','.join('?' * len(rows))})",
        [row["system_id"] for row in rows],
    ):
        references.setdefault(item["system_id"], {})[item["company_id"]] = item["reference"]
    return Answer(
        200,
        {
            "total": total,
            "current_page": page,
            "size": size,
            "count": len(rows),
            "items": "systems",
            "systems": [
                _show(row, call.caller.books, references.get(row["system_id"], {}), live_stream)
                for row in rows
            ],
        },
    )


@operation("retrieve_system_id", "GET", "/systems/retrieve_system_id", family=Family.MONITORING)
def retrieve_system_id(call: Call) -> Answer:
    """Only active gateways are found. A foreign one is not: this operation documents no 403."""
    serial = call.query.get("serial_num", "").strip()
    if not serial:
        raise unprocessable("Provide envoy serial number", code=None)
    for row in call.db.execute(
        "SELECT system_id FROM envoys WHERE serial = ? AND active ORDER BY system_id", (serial,)
    ).fetchall():
        if may_see(call, row["system_id"]):
            return Answer(200, {"system_id": row["system_id"]})
    raise Refusal(404, "Envoy not found with this serial number")


def _conditions(call: Call, wanted: dict[str, Any]) -> tuple[list[str], list[Any]]:
    """Give SQL conditions and values. Empty values are ignored, wrong ones are refused."""
    clauses: list[str] = []
    values: list[Any] = []
    if wanted.get("ids"):
        ids = wanted["ids"]
        if not isinstance(ids, list) or not all(isinstance(one, int) for one in ids):
            raise unprocessable("ids must be a list of integers", code=None)
        clauses.append(f"s.system_id IN ({','.join('?' * len(ids))})")
        values += ids
    if wanted.get("name"):
        clauses.append("s.system_name = ? COLLATE NOCASE")
        values.append(str(wanted["name"]))
    if wanted.get("reference"):
        clauses.append(
            "s.system_id IN (SELECT system_id FROM refs"
            " WHERE reference = ? COLLATE NOCASE AND company_id = ?)"
        )
        values += [str(wanted["reference"]), call.caller.books]
    if wanted.get("other_reference"):
        clauses.append(
            "s.system_id IN (SELECT system_id FROM refs"
            " WHERE reference = ? COLLATE NOCASE AND company_id != ?)"
        )
        values += [str(wanted["other_reference"]), call.caller.books]
    if wanted.get("statuses"):
        statuses = wanted["statuses"]
        if not isinstance(statuses, list) or not set(map(str, statuses)) <= set(SEARCHABLE):
            raise unprocessable(f"statuses must be among {', '.join(SEARCHABLE)}", code=None)
        clauses.append(f"s.status IN ({','.join('?' * len(statuses))})")
        values += statuses
    return clauses, values


def _show(
    row: sqlite3.Row, books: int, references: dict[int, str], live_stream: bool
) -> dict[str, Any]:
    details = json.loads(row["details"])
    shown: dict[str, Any] = {
        "system_id": row["system_id"],
        "name": row["system_name"],
        "public_name": _PUBLIC_NAMES.get(row["system_type"], "Other System"),
        "timezone": row["timezone"],
        "address": {name: row[name] for name in ("city", "state", "country", "postal_code")},
        "connection_type": _CONNECTIONS[row["internet_connection"]],
        "status": row["status"],
        "last_report_at": row["last_report_at"],
        "last_energy_at": row["last_report_at"] if row["producing"] else None,
        "operational_at": details["interconnect_date"] if row["operational"] else None,
        "attachment_type": details["attachment_type"] or None,
        "interconnect_date": _date(details["interconnect_date"]),
        # Always -1 since 2023; the summary has the real figures.
        "energy_lifetime": -1,
        "energy_today": -1,
        "system_size": -1,
    }
    if books in references:
        shown["reference"] = references[books]
    others = [text for company, text in references.items() if company != books]
    if others:
        shown["other_references"] = others
    if live_stream:
        shown["live_stream"] = "enabled" if row["gateway"] == "reporting" else "disabled"
    return shown


def _date(epoch: int | None) -> str | None:
    """Here the date is text, YYYY-MM-DD, while activations show epoch seconds."""
    if epoch is None:
        return None
    return dt.datetime.fromtimestamp(epoch, dt.UTC).date().isoformat()


def _past_day(text: str, today: int) -> int:
    try:
        return min(dt.date.fromisoformat(text).toordinal(), today)
    except ValueError:
        return today


def _positive(text: str, default: int) -> int:
    return int(text) if text.isdecimal() and int(text) > 0 else default
