"""The control API at /_sandbox/: ledger, faults, clock, limits, worlds. Loopback only, no token."""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
import re
import sqlite3
import time
from typing import TYPE_CHECKING, Any

from sandbox import ledger, oauth
from sandbox import world as worlds
from sandbox.errors import Refusal
from sandbox.operations import gateway, kept
from sandbox.routing import OPERATIONS
from sandbox.settings import defaults
from sandbox.wire import Answer, Request
from sandbox.world import sites
from sandbox.world.cast import APPLICATIONS, COMPANIES
from sandbox.world.statuses import key_of

if TYPE_CHECKING:
    from sandbox.app import Sandbox

_ROUTES: tuple[tuple[str, str, str], ...] = (
    ("GET", r"/_sandbox/?", "overview"),
    ("GET", r"/_sandbox/ledger", "show_ledger"),
    ("GET", r"/_sandbox/faults", "list_faults"),
    ("POST", r"/_sandbox/faults", "add_fault"),
    ("DELETE", r"/_sandbox/faults(?:/(\d+))?", "clear_faults"),
    ("GET", r"/_sandbox/clock", "show_clock"),
    ("POST", r"/_sandbox/clock", "set_clock"),
    ("GET", r"/_sandbox/limits", "show_limits"),
    ("POST", r"/_sandbox/limits", "set_limits"),
    ("POST", r"/_sandbox/reset", "reset"),
    ("POST", r"/_sandbox/tokens", "make_tokens"),
    ("GET", r"/_sandbox/systems/(\d+)", "show_system"),
    ("POST", r"/_sandbox/systems/(\d+)", "patch_system"),
    ("DELETE", r"/_sandbox/systems/(\d+)", "remove_system"),
)


def respond(sandbox: Sandbox, request: Request) -> Answer:
    """Answer a control request; 403 for anybody who is not on this machine."""
    if not ipaddress.ip_address(request.peer).is_loopback:
        return Answer(403, {"error": "The control API answers only to this machine"})
    if request.method != "GET" and "origin" in request.headers:
        # A web page open in the browser of the same machine is a stranger too.
        return Answer(403, {"error": "The control API does not answer to web pages"})
    for method, pattern, name in _ROUTES:
        found = re.fullmatch(pattern, request.path)
        if not found or method != request.method:
            continue
        body = request.json() if request.body else {}
        if not isinstance(body, dict):
            return Answer(400, {"error": "The body must be a JSON object"})
        try:
            return Answer(200, _Desk(sandbox, request, body).act(name, *found.groups()))
        except (ValueError, TypeError, KeyError) as problem:
            return Answer(400, {"error": str(problem)})
        except Refusal as refusal:
            return Answer(refusal.status, {"error": " ".join(refusal.texts)})
    return Answer(404, {"error": "No such control; see sandbox/README.md"})


class _Desk:
    def __init__(self, sandbox: Sandbox, request: Request, body: dict[str, Any]) -> None:
        self._sandbox = sandbox
        self._store = sandbox.store
        self._query = request.query
        self._body = body

    def act(self, name: str, *ids: str | None) -> Any:
        numbers = [int(one) for one in ids if one is not None]
        return getattr(self, name)(*numbers)

    def overview(self) -> dict[str, Any]:
        with self._store.transaction() as db:
            count = db.execute("SELECT count(*) FROM systems").fetchone()[0]
            return {
                "world": self._store.read_meta("world"),
                "systems": count,
                "operations": sorted(OPERATIONS),
                "now": ledger.iso(self._store.now()),
            }

    def show_ledger(self) -> dict[str, Any]:
        with self._store.transaction() as db:
            self._sandbox.settle(db)
            since = int(self._query.get("since", 0))
            return ledger.summary(db, now=self._store.now(), since=since)

    def list_faults(self) -> dict[str, Any]:
        return {"faults": self._sandbox.script.listed()}

    def add_fault(self) -> dict[str, Any]:
        operation = self._body.get("operation", "*")
        if operation not in ("*", "token", *OPERATIONS):
            raise ValueError(f"operation {operation!r} is not served here")
        return self._sandbox.script.add(self._body).as_dict()

    def clear_faults(self, fault_id: int | None = None) -> dict[str, Any]:
        return {"removed": self._sandbox.script.clear(fault_id)}

    def show_clock(self) -> dict[str, Any]:
        now = self._store.now()
        return {"now": ledger.iso(now), "epoch": now, "ahead_seconds": now - time.time()}

    def set_clock(self) -> dict[str, Any]:
        with self._store.transaction() as db:
            now = self._store.now()
            if "at" in self._body:
                moment = dt.datetime.fromisoformat(str(self._body["at"]))
                if moment.tzinfo is None:
                    moment = moment.replace(tzinfo=dt.UTC)
                target = moment.timestamp()
            elif "advance_seconds" in self._body:
                target = now + float(self._body["advance_seconds"])
            elif self._body.get("reset"):
                target = time.time()
            else:
                raise ValueError("Say advance_seconds, at or reset")
            self._store.set_clock_offset(target - time.time())
            self._sandbox.settle(db)
        return self.show_clock()

    def show_limits(self) -> dict[str, Any]:
        with self._store.transaction() as db:
            used = [dict(row) for row in db.execute("SELECT * FROM counters")]
            return {**self._sandbox.settings().as_dict(), "used": used}

    def set_limits(self) -> dict[str, Any]:
        with self._store.transaction():
            settings = self._sandbox.settings().with_changes(self._body)
            self._store.write_meta("settings", settings.as_dict())
        return settings.as_dict()

    def reset(self) -> dict[str, Any]:
        world = self._body.get("world", "demo")
        if world not in ("small", "demo"):
            raise ValueError("world must be small or demo")
        systems = int(self._body.get("systems", self._sandbox.systems))
        settings = defaults(world, self._sandbox.fast, self._sandbox.plan).with_changes(
            {**self._body.get("limits", {}), **self._body.get("settings", {})}
        )
        self._sandbox.script.clear()
        with self._store.transaction() as db:
            worlds.build(self._store, db, world, systems, settings)
            if self._body.get("revoke_tokens"):
                db.execute("DELETE FROM tokens")
                db.execute("DELETE FROM codes")
        return self.overview()

    def make_tokens(self) -> dict[str, Any]:
        """Hand out a token pair without a sign-in and without a line in the ledger."""
        name = self._body.get("application", "sandbox")
        application = next((one for one in APPLICATIONS if one.name == name), None)
        with self._store.transaction() as db:
            user = db.execute(
                "SELECT * FROM users WHERE email = ?", (self._body.get("email", ""),)
            ).fetchone()
            if user is None or application is None:
                raise ValueError("No such e-mail address or application")
            seconds = float(self._body.get("expires_in", oauth.ACCESS_SECONDS))
            return oauth.issue(db, application, user, self._store.now(), expires_in=seconds)

    def show_system(self, system_id: int) -> dict[str, Any]:
        with self._store.transaction() as db:
            self._sandbox.settle(db)
            return _system(db, system_id, self._store.now())

    def remove_system(self, system_id: int) -> dict[str, Any]:
        """Delete a system whatever its stage, as if Enphase had done it."""
        with self._store.transaction() as db:
            _system(db, system_id, self._store.now())
            sites.remove(db, system_id)
        return {"removed": system_id}

    def patch_system(self, system_id: int) -> dict[str, Any]:
        with self._store.transaction() as db:
            self._sandbox.settle(db)
            now = self._store.now()
            _system(db, system_id, now)
            _patch(db, system_id, dict(self._body), now)
            return _system(db, system_id, now)


_PLAIN = set(sites.COLUMNS) - {"system_id", "details", "status", "gateway", "updated_at"}


def _patch(db: sqlite3.Connection, system_id: int, patch: dict[str, Any], now: float) -> None:
    """Change a site from outside the API. Unknown names raise ValueError; nothing is kept then."""
    row = db.execute("SELECT * FROM systems WHERE system_id = ?", (system_id,)).fetchone()
    details = json.loads(row["details"])
    columns: dict[str, Any] = {"updated_at": int(patch.pop("updated_at", now))}

    envoys = patch.pop("envoys", None)
    if envoys is None and int(patch.get("stage", 0)) >= 3:
        held = db.execute("SELECT 1 FROM envoys WHERE system_id = ?", (system_id,)).fetchone()
        envoys = None if held else [str(202_300_000_000 + system_id)]
    if envoys is not None:
        db.execute("DELETE FROM envoys WHERE system_id = ?", (system_id,))
        db.executemany(
            "INSERT INTO envoys (serial, system_id, position, active) VALUES (?, ?, ?, 1)",
            [(str(serial), system_id, place) for place, serial in enumerate(envoys)],
        )
    if "status" in patch:
        key = key_of(str(patch.pop("status")))
        if key is None:
            raise ValueError("status must be a known key or Enlighten text")
        columns["status"] = key
    if "reference" in patch:
        _set_reference(db, system_id, row, patch.pop("reference"))
    columns = _moves(db, row, details, patch, now) | columns
    for name in list(patch):
        if name in sites.DETAILS:
            details[name] = patch.pop(name)
        elif name in _PLAIN:
            columns[name] = patch.pop(name)
    if patch:
        raise ValueError(f"Unknown: {', '.join(sorted(patch))}")
    columns["details"] = json.dumps(details)
    assignments = ", ".join(f"{name} = ?" for name in columns)
    db.execute(
        f"UPDATE systems SET {assignments} WHERE system_id = ?",
        (*columns.values(), system_id),
    )
    sites.refresh_sight(db, system_id)


def _moves(
    db: sqlite3.Connection,
    row: sqlite3.Row,
    details: dict[str, Any],
    patch: dict[str, Any],
    now: float,
) -> dict[str, Any]:
    """What follows from stage, gateway, microinverters and production."""
    columns: dict[str, Any] = {}
    system_id = row["system_id"]
    if int(patch.get("stage", 0)) >= 3 and row["gateway"] == "none":
        patch.setdefault("gateway", "reporting")
        columns["status"] = "normal"
        kept.write(db, system_id, "first_report", int(now))
        if not row["micros_total"]:
            patch.setdefault("microinverters", details["expected_pcu_count"] or 12)
    if "microinverters" in patch:
        columns["micros_total"] = int(patch.pop("microinverters"))
        columns["first_micro_serial"] = sites.first_micro_serial(system_id)
    if "silent" in patch:
        columns["micros_odd"] = json.dumps({"silent": list(patch.pop("silent"))})
    if "gateway" in patch:
        state = patch.pop("gateway")
        if state not in ("none", "reporting", "silent", "retired"):
            raise ValueError("gateway must be none, reporting, silent or retired")
        columns["gateway"] = state
        active = int(state != "retired")
        db.execute("UPDATE envoys SET active = ? WHERE system_id = ?", (active, system_id))
        # A task that waited for a silent gateway starts when it is back.
        if state == "reporting" and row["production_target"] and row["production_since"] is None:
            columns["production_since"] = now
        if state == "reporting":
            columns["last_report_at"] = int(now)
    if "production_mode" in patch:
        mode = patch.pop("production_mode")
        if mode not in ("on", "off"):
            raise ValueError("production_mode must be on or off")
        # From outside, history is written anew: it has always been so.
        kept.forget(db, system_id, "switches")
        total = columns.get("micros_total", row["micros_total"])
        columns |= {
            "production_mode": mode,
            "production_target": None,
            "producing": total if mode == "on" else 0,
        }
    return columns


def _set_reference(
    db: sqlite3.Connection, system_id: int, row: sqlite3.Row, reference: str | None
) -> None:
    company = COMPANIES.get(row["installer_id"])
    books = company.root_id if company else -int(row["owner_id"] or 0)
    db.execute("DELETE FROM refs WHERE system_id = ? AND company_id = ?", (system_id, books))
    if reference:
        db.execute("INSERT INTO refs VALUES (?, ?, ?)", (system_id, books, reference))


def _system(db: sqlite3.Connection, system_id: int, now: float) -> dict[str, Any]:
    row = db.execute("SELECT * FROM systems WHERE system_id = ?", (system_id,)).fetchone()
    if row is None:
        raise Refusal(404, "No such system")
    mode, producing = gateway.production(row, now)
    envoys = db.execute("SELECT * FROM envoys WHERE system_id = ? ORDER BY position", (system_id,))
    users = db.execute("SELECT user_id FROM access WHERE system_id = ?", (system_id,))
    references = db.execute("SELECT * FROM refs WHERE system_id = ?", (system_id,))
    return {
        **dict(row),
        "details": json.loads(row["details"]),
        "production_mode": mode,
        "producing": producing,
        "envoys": {envoy["serial"]: bool(envoy["active"]) for envoy in envoys},
        "access": [user["user_id"] for user in users],
        "references": {item["company_id"]: item["reference"] for item in references},
    }
