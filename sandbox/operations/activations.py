"""Activations: list, create, get, update, delete, and access of users to them."""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
from typing import Any

from sandbox.errors import NOT_AUTHORIZED, Refusal, unprocessable
from sandbox.operations import gateway, people
from sandbox.operations.activation_rules import apply
from sandbox.operations.bodies import wrapped
from sandbox.operations.sight import find_system
from sandbox.routing import Call, operation
from sandbox.wire import Answer
from sandbox.world import sites
from sandbox.world.cast import COMPANIES
from sandbox.world.statuses import TEXTS

GRID_CONNECTIONS = {
    1: "Net Billing Tariff (NEM 3.0)",
    2: "Net Metering",
    3: "Net Feed-in tariff",
    4: "Gross Feed-in tariff",
}
BATTERY_GRID_MODES = {1: "Import Only", 2: "Export Only"}
OUT_OF_RANGE = "Couldn't find Site with an out of range value for 'id'"
DEVICES_PRESENT = "Devices are present on this system. Please retry after removing devices"

_LIST_COLUMNS = ", ".join(f"s.{name}" for name in sites.COLUMNS if name != "details")
_TEXT_FILTERS = ("system_name", "city", "state", "country", "postal_code", "street1", "street2")
_SELECTIVE = {"reference", "system_name", "postal_code", "street1", "owner_id", "host_id", "open"}


@operation("list_activations", "GET", "/partner/activations")
def list_activations(call: Call) -> Answer:
    limit = _limit(call.query.get("limit", ""))
    clauses, values, selective = _filters(call)
    if call.twist.get("kind") == "filter_ignored":
        clauses, values, selective = [], [], False
    lag = float(call.twist.get("seconds", 0)) if call.twist.get("kind") == "list_lag" else 0.0
    if lag:
        clauses.append("s.created_at <= ?")
        values.append(call.now - lag)

    # SQLite keeps the order of a CROSS JOIN: start where fewest rows are left. Ordered by the
    # column of `sight`, whose key gives that order without sorting a whole fleet for a page.
    tables = "systems s CROSS JOIN sight v" if selective else "sight v CROSS JOIN systems s"
    conditions = " AND ".join(
        [
            "v.viewer = ?",
            "v.system_id = s.system_id",
            "s.system_id > ?",
            "(s.listed_at IS NULL OR s.listed_at <= ?)",
            *clauses,
        ]
    )
    rows = call.db.execute(
        f"SELECT {_LIST_COLUMNS}, o.first_name || ' ' || o.last_name owner,"
        " h.first_name || ' ' || h.last_name host"
        f" FROM {tables} LEFT JOIN users o ON o.user_id = s.owner_id"
        " LEFT JOIN users h ON h.user_id = s.host_id"
        f" WHERE {conditions} ORDER BY v.system_id LIMIT ?",
        (call.caller.viewer, _after(call.query.get("next", "")), call.now, *values, limit),
    ).fetchall()

    references, subcontracts = _attached(call.db, [row["system_id"] for row in rows])
    shown = [
        _show_head(row, call.caller.books, references, subcontracts)
        | {"timezone": row["timezone"]}
        | _named(row)
        for row in rows
    ]
    body: dict[str, Any] = {"systems": shown}
    if len(rows) == limit:
        body["next"] = _cursor(rows[-1]["system_id"])
    if call.twist.get("kind") == "next_repeated" and rows:
        body["next"] = call.query.get("next") or _cursor(rows[-1]["system_id"])
    return Answer(200, body)


@operation("create_activation", "POST", "/partner/activations", writes=True)
def create_activation(call: Call) -> Answer:
    fields = _system_fields(call)
    site = sites.new_site(0, call.now)
    site.row["installer_id"] = site.row["maintainer_id"] = call.caller.company_id
    apply(call, site, fields, creating=True)

    site.row["system_id"] = call.subject = call.new_system_id()
    site.row["stage"] = _early_stage(site)
    site.row["production_mode"] = "on" if site.row["operational"] else "off"
    call.reference = site.references.get(call.caller.books)
    if call.twist.get("kind") == "list_lag":
        site.row["listed_at"] = call.now + float(call.twist.get("seconds", 60))
    if call.twist.get("kind") == "no_reference" and not call.twist.get("stored"):
        _lose_reference(call, site)
    sites.insert(call.db, [site])
    if site.row["stage"] == 2:
        gateway.expect_report(call.db, call.subject, call.now, call.settings)

    shown = _show_whole(call, _load(call.db, call.subject), expand={"owner", "host"})
    del shown["timezone"]
    if call.twist.get("kind") == "no_reference" and call.twist.get("stored"):
        del shown["reference"]
    return Answer(201, shown)


@operation("get_activation", "GET", "/partner/activations/{activation_id}")
def get_activation(call: Call) -> Answer:
    row = find_system(call, missing=OUT_OF_RANGE)
    expand = {part.strip() for part in call.query.get("expand", "").split(",")}
    return Answer(200, _show_whole(call, row, expand=expand))


@operation("update_activation", "PUT", "/partner/activations/{activation_id}", writes=True)
def update_activation(call: Call) -> Answer:
    row = find_system(call)
    fields = _system_fields(call)
    site = _as_site(call.db, row)
    apply(call, site, fields, creating=False)
    call.reference = site.references.get(call.caller.books)
    if row["stage"] <= 2:
        site.row["stage"] = _early_stage(site)
    site.row["updated_at"] = int(call.now)

    sites.remove_row(call.db, row["system_id"])
    sites.insert(call.db, [site])
    if row["stage"] == 1 and site.row["stage"] == 2:
        gateway.expect_report(call.db, row["system_id"], call.now, call.settings)
    shown = _show_whole(call, _load(call.db, row["system_id"]), expand={"owner", "host"})
    del shown["timezone"]
    return Answer(200, shown)


@operation("delete_activation", "DELETE", "/partner/activations/{activation_id}", writes=True)
def delete_activation(call: Call) -> Answer:
    row = find_system(call, missing=OUT_OF_RANGE)
    if row["stage"] >= 3 or row["micros_total"]:
        raise unprocessable(DEVICES_PRESENT, code=5)
    sites.remove(call.db, row["system_id"])
    return Answer(200, {"message": "Activation deleted successfully"})


_ACCESS_PATH = "/activations/{activation_id}/users/{user_id}"


@operation("grant_activation_access", "POST", _ACCESS_PATH, writes=True)
def grant_activation_access(call: Call) -> Answer:
    system_id, user_id = _site_and_user(call)
    call.db.execute("INSERT OR IGNORE INTO access VALUES (?, ?)", (system_id, user_id))
    return Answer(200, {"message": "User access granted successfully"})


@operation("revoke_activation_access", "DELETE", _ACCESS_PATH, writes=True)
def revoke_activation_access(call: Call) -> Answer:
    system_id, user_id = _site_and_user(call)
    call.db.execute("DELETE FROM access WHERE system_id = ? AND user_id = ?", (system_id, user_id))
    return Answer(200, {"message": "User access revoked successfully"})


def _site_and_user(call: Call) -> tuple[int, int]:
    row = find_system(call)
    user = people.find(call.db, call.ids["user_id"])
    if user is None:
        raise Refusal(404, "User not found.")
    if not people.may_touch(call.db, call.caller, user):
        raise Refusal(401, NOT_AUTHORIZED)
    return row["system_id"], user["user_id"]


def _system_fields(call: Call) -> dict[str, Any]:
    fields = wrapped(call.request, "system")
    if fields is None:
        raise unprocessable("System param are missing at body location", code=None)
    return fields


def _lose_reference(call: Call, site: sites.Site) -> None:
    """Fault `no_reference`: ours is not kept; with `reference` given, another one is."""
    site.references.pop(call.caller.books, None)
    if call.twist.get("reference"):
        site.references[call.caller.books] = str(call.twist["reference"])


def _early_stage(site: sites.Site) -> int:
    """Stage 1 is cleared by an owner, a location and at least one gateway."""
    ready = site.row["owner_id"] is not None and site.row["street1"] and site.envoys
    return 2 if ready else 1


def _limit(text: str) -> int:
    """Invalid values are ignored like invalid filters; 1,000 is the most."""
    return min(int(text), 1000) if text.isdecimal() and int(text) > 0 else 100


def _cursor(system_id: int) -> str:
    return (base64.b64encode(str(system_id).encode()) + b"\n").hex()


def _after(cursor: str) -> int:
    try:
        text = base64.b64decode(bytes.fromhex(cursor)).decode()
    except (ValueError, binascii.Error):
        return 0
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _filters(call: Call) -> tuple[list[str], list[Any], bool]:
    """Give SQL conditions, their values, and whether one of them leaves few rows.

    Empty and invalid filters are ignored without a word, except for a wrong stage.
    """
    clauses: list[str] = []
    values: list[Any] = []
    used: set[str] = set()
    query = call.query
    for name in _TEXT_FILTERS:
        if query.get(name):
            clauses.append(f"s.{name} = ? COLLATE NOCASE")
            values.append(query[name])
            used.add(name)
    if query.get("reference"):
        clauses.append(
            "s.system_id IN (SELECT system_id FROM refs"
            " WHERE reference = ? COLLATE NOCASE AND company_id = ?)"
        )
        values += [query["reference"], call.caller.books]
        used.add("reference")
    for name in ("installer_id", "owner_id", "host_id"):
        text = query.get(name, "")
        if text.isdecimal() and len(text) < 19:
            clauses.append(f"s.{name} = ?")
            values.append(int(text))
            used.add(name)
        elif text == "null" and name != "installer_id":
            clauses.append(f"s.{name} IS NULL")
    stages = _stages(query.get("stage", ""))
    if stages is not None:
        clauses.append(f"s.stage IN ({','.join('?' * len(stages))})")
        values += stages
    if stages and max(stages) < 5:
        # Said outright, so that the index of open systems may be used.
        clauses.append("s.stage < 5")
        used.add("open")
    return clauses, values, bool(used & _SELECTIVE)


def _stages(text: str) -> list[int] | None:
    """Give the stages asked for; None means all. `in_progress` with others finds nothing."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        return None
    for part in parts:
        if part not in ("1", "2", "3", "4", "5", "in_progress"):
            raise unprocessable(f"Invalid stage option {part}", code=None)
    if "in_progress" in parts:
        return [1, 2, 3, 4] if len(parts) == 1 else []
    return [int(part) for part in parts]


def _load(db: sqlite3.Connection, system_id: int) -> sqlite3.Row:
    row: sqlite3.Row = db.execute(
        "SELECT * FROM systems WHERE system_id = ?", (system_id,)
    ).fetchone()
    return row


def _as_site(db: sqlite3.Connection, row: sqlite3.Row) -> sites.Site:
    system_id = row["system_id"]
    references, subcontracts = _attached(db, [system_id])
    envoys = db.execute(
        "SELECT serial, active FROM envoys WHERE system_id = ? ORDER BY position", (system_id,)
    )
    return sites.Site(
        row=dict(row),
        details=json.loads(row["details"]),
        envoys=[(envoy["serial"], bool(envoy["active"])) for envoy in envoys],
        references=dict(references.get(system_id, {})),
        subcontracts=dict(subcontracts.get(system_id, {})),
    )


_Attached = dict[int, dict[int, Any]]


def _attached(db: sqlite3.Connection, ids: list[int]) -> tuple[_Attached, _Attached]:
    """Give, by system and company, references and the status of subcontracts."""
    marks = ",".join("?" * len(ids))
    references: _Attached = {}
    for row in db.execute(f"SELECT * FROM refs WHERE system_id IN ({marks})", ids):
        references.setdefault(row["system_id"], {})[row["company_id"]] = row["reference"]
    subcontracts: _Attached = {}
    for row in db.execute(
        f"SELECT * FROM subcontracts WHERE system_id IN ({marks})",
        ids,
    ):
        subcontracts.setdefault(row["system_id"], {})[row["company_id"]] = row["status"]
    return references, subcontracts


def _show_head(
    row: sqlite3.Row, books: int, references: _Attached, subcontracts: _Attached
) -> dict[str, Any]:
    """Give what list and detail have in common. Absent means unset for references and dates."""
    system_id = row["system_id"]
    shown: dict[str, Any] = {
        "system_id": system_id,
        "system_name": row["system_name"],
        "system_type": row["system_type"],
        "status": TEXTS.get(row["status"], row["status"]),
        "stage": row["stage"],
        "internet_connection": row["internet_connection"],
        "lease": bool(row["lease"]),
        "operational": bool(row["operational"]),
        "authorized_subcontractors": [
            {
                "authorized_subcontractor_id": company_id,
                "authorized_subcontractor_name": COMPANIES[company_id].name,
            }
            | ({} if status is None else {"status": status})
            for company_id, status in subcontracts.get(system_id, {}).items()
        ],
        "battery_grid_mode": BATTERY_GRID_MODES.get(row["battery_grid_mode"], ""),
        "third_party_storage_device_installed": bool(row["third_party_storage_device_installed"]),
        "third_party_storage_device_manufacturer": row["third_party_storage_device_manufacturer"]
        or "",
        "permission_to_operate": bool(row["permission_to_operate"]),
        "uri": f"/api/v4/partner/activations/{system_id}.json",
        "updated_at": row["updated_at"],
    }
    for role in ("installer", "maintainer"):
        company = COMPANIES.get(row[f"{role}_id"])
        if company is not None:
            shown |= {f"{role}_name": company.name, f"{role}_id": company.company_id}
    for role in ("owner_id", "host_id", "interconnection_application_date"):
        if row[role] is not None:
            shown[role] = row[role]
    if row["grid_connection_type"] is not None:
        kind = row["grid_connection_type"]
        shown["grid_connection_type"] = {"type": kind, "value": GRID_CONNECTIONS[kind]}
    books_of = references.get(system_id, {})
    if books in books_of:
        shown["reference"] = books_of[books]
    others = [text for company, text in books_of.items() if company != books]
    if others:
        shown["other_references"] = others
    if row["street1"] is not None:
        parts = ("street1", "city", "state", "postal_code", "country", "latitude", "longitude")
        shown["address"] = {name: row[name] for name in parts}
        if row["street2"]:
            shown["address"]["street2"] = row["street2"]
    return shown


def _named(row: sqlite3.Row) -> dict[str, str]:
    return {role: row[role] for role in ("owner", "host") if row[role] is not None}


def _show_whole(call: Call, row: sqlite3.Row, expand: set[str]) -> dict[str, Any]:
    """Give an activation in full. Without `expand`, owner and host are names."""
    system_id = row["system_id"]
    site = _as_site(call.db, row)
    references = {system_id: site.references}
    shown = _show_head(row, call.caller.books, references, {system_id: site.subcontracts})
    shown["timezone"] = row["timezone"]
    for role in ("owner", "host"):
        user = people.find(call.db, row[f"{role}_id"])
        if user is None:
            continue
        with_company = f"{role}.company" in expand
        if role in expand or with_company:
            uri = f"/api/v4/activations/{system_id}/users/{user['user_id']}.json"
            shown[role] = people.show_user(user, company=with_company, uri=uri)
        else:
            shown[role] = f"{user['first_name']} {user['last_name']}"
    details = dict(site.details)
    if details["interconnect_date"] is None:
        del details["interconnect_date"]
    mode, _ = gateway.production(row, call.now)
    serials = [serial for serial, _active in site.envoys]
    return shown | details | {"production_mode": mode, "envoy_serial_numbers": serials}
