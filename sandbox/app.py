"""From a request to an answer: credentials, plan limits, faults, handler, ledger."""

from __future__ import annotations

import base64
import dataclasses
import json
import sqlite3
from collections.abc import Callable
from typing import Any

import sandbox.operations  # noqa: F401 - registers the handlers
from sandbox import control, faults, ledger, oauth, plans
from sandbox.errors import (
    KEY_MISMATCH,
    KEY_MISSING,
    NOT_AUTHORIZED,
    Family,
    Refusal,
    envelope,
)
from sandbox.faults import Fault
from sandbox.operations import gateway
from sandbox.routing import OPERATIONS, Call, Caller, Operation, match
from sandbox.settings import Settings
from sandbox.store import Store
from sandbox.wire import Answer, Request
from sandbox.world.cast import APPLICATIONS

_HTML = b"<html><head><title>%d</title></head><body><h1>Gateway problem</h1></body></html>"


class Sandbox:
    """The program behind the sockets. `respond` may be called from any thread."""

    def __init__(
        self,
        store: Store,
        *,
        systems: int,
        fast: bool,
        plan: str,
        pause: Callable[[float], None],
    ) -> None:
        self.store = store
        self.systems = systems
        self.fast = fast
        self.plan = plan
        self.script = faults.Script()
        self._pause = pause

    def respond(self, request: Request) -> Answer:
        if request.path.startswith("/_sandbox"):
            return control.respond(self, request)
        if request.path == "/oauth/token":
            return self._token(request)
        if request.path == "/oauth/authorize":
            with self.store.transaction() as db:
                return oauth.authorize(db, request, self.store.now())
        if request.path.startswith("/api/v4/"):
            return self._api(request)
        return Answer(404, {"reason": "404", "message": ["Not Found"]})

    def settings(self) -> Settings:
        return Settings().with_changes(self.store.read_meta("settings", {}))

    def settle(self, db: sqlite3.Connection) -> None:
        """Carry out what has become due by the sandbox's clock, oldest first."""
        now = self.store.now()
        for row in db.execute(
            "SELECT * FROM agenda WHERE due_at <= ? ORDER BY due_at, id", (now,)
        ).fetchall():
            db.execute("DELETE FROM agenda WHERE id = ?", (row["id"],))
            payload = json.loads(row["payload"])
            if row["kind"] == "gateway_reports":
                gateway.first_report(db, payload["system_id"], row["due_at"])
            elif row["kind"] == "late_commit":
                self._commit_late(db, payload, row["due_at"])

    def next_id(self, name: str) -> int:
        """Give a number and count it up. Call inside a transaction."""
        number = int(self.store.read_meta(name, 1))
        self.store.write_meta(name, number + 1)
        return number

    # Tokens

    def _token(self, request: Request) -> Answer:
        fault = self.script.take("token", request)
        self._wait_first(fault)
        if fault is not None and fault.kind in ("status", "html", "redirect"):
            return _instead(fault, None, self.store.now())
        with self.store.transaction() as db:
            answer = oauth.token(db, request, self.store.now(), self.settings())
        return answer if fault is None else faults.spoil(answer, fault)

    # The API

    def _api(self, request: Request) -> Answer:
        try:
            operation, ids = match(request)
        except Refusal as refusal:
            return self._refuse_unmatched(request, refusal)
        fault = self.script.take(operation.name, request)
        self._wait_first(fault)
        with self.store.transaction() as db:
            self.settle(db)
            answer = self._answer(db, request, operation, ids, fault)
        if fault is not None and fault.kind == "latency" and fault.params.get("where") == "after":
            self._pause(float(fault.params.get("seconds", 1)))
        return answer

    def _wait_first(self, fault: Fault | None) -> None:
        if fault is not None and fault.kind == "latency" and fault.params.get("where") != "after":
            self._pause(float(fault.params.get("seconds", 1)))

    def _answer(
        self,
        db: sqlite3.Connection,
        request: Request,
        operation: Operation,
        ids: dict[str, Any],
        fault: Fault | None,
    ) -> Answer:
        now, settings = self.store.now(), self.settings()
        application: str | None = None
        caller: Caller | None = None
        call: Call | None = None
        executed = False
        try:
            if fault is not None and fault.kind == "token_revoked":
                oauth.revoke(db, _bearer(request), family=bool(fault.params.get("family")))
            application, caller = _authenticate(db, request, operation, now)
            ledger.spend(db, application, operation, now, settings)
            plans.require(operation, settings.plan)
            call = Call(
                request, db, now, settings, caller, ids,
                twist=_twist(fault), next_id=self.next_id,
            )  # fmt: skip
            if fault is not None and fault.kind == "rate_limited":
                raise _asked_429(operation, fault, now, settings)
            if fault is not None and fault.kind in faults.INSTEAD - {"token_revoked"}:
                answer = _instead(fault, operation, now)
                if fault.params.get("commit") and fault.kind != "late_commit":
                    _run(operation, call)
                    executed = operation.writes
            else:
                answer = _run(operation, call)
                executed = operation.writes
        except Refusal as refusal:
            answer = Answer(refusal.status, envelope(operation.family, refusal, now))
        subject, reference = (None, None) if call is None else (call.subject, call.reference)
        hit = ledger.record(
            db, at=now, application=application,
            user_id=None if caller is None else caller.user_id, operation=operation.name,
            method=request.method, path=request.path, status=answer.status,
            is_write=operation.writes, executed=executed, subject=subject, reference=reference,
            fault=None if fault is None else fault.kind,
        )  # fmt: skip
        if fault is None:
            return answer
        if fault.kind == "late_commit" and caller is not None and answer.status == 504:
            self._promise(db, hit, request, operation, caller, now, fault)
        return faults.spoil(answer, fault)

    def _refuse_unmatched(self, request: Request, refusal: Refusal) -> Answer:
        with self.store.transaction() as db:
            ledger.record(
                db, at=self.store.now(), application=None, user_id=None, operation="unknown",
                method=request.method, path=request.path, status=refusal.status, is_write=False,
                executed=False, subject=None, reference=None, fault=None,
            )  # fmt: skip
        return Answer(refusal.status, envelope(Family.COMMISSIONING, refusal))

    # Late commits

    def _promise(
        self,
        db: sqlite3.Connection,
        hit: int,
        request: Request,
        operation: Operation,
        caller: Caller,
        now: float,
        fault: Fault,
    ) -> None:
        """Write down a request that was answered 504, to be executed in a while."""
        payload = {
            "hit": hit,
            "operation": operation.name,
            "method": request.method,
            "path": request.path,
            "query": {name: value for name, value in request.query.items() if name != "key"},
            "content_type": request.headers.get("content-type", ""),
            "body": base64.b64encode(request.body).decode(),
            "caller": {**dataclasses.asdict(caller), "scope": sorted(caller.scope)},
        }
        due = now + float(fault.params.get("seconds", 5))
        db.execute(
            "INSERT INTO agenda (due_at, kind, payload) VALUES (?, 'late_commit', ?)",
            (due, json.dumps(payload)),
        )

    def _commit_late(self, db: sqlite3.Connection, payload: dict[str, Any], now: float) -> None:
        operation = OPERATIONS[payload["operation"]]
        request = Request(
            payload["method"],
            payload["path"],
            payload["query"],
            {"content-type": payload["content_type"]},
            base64.b64decode(payload["body"]),
        )
        caller = Caller(**{**payload["caller"], "scope": frozenset(payload["caller"]["scope"])})
        ids = operation.ids(request.path) or {}
        call = Call(request, db, now, self.settings(), caller, ids, next_id=self.next_id)
        try:
            _run(operation, call)
        except Refusal:
            return
        ledger.settle_late(
            db, payload["hit"], at=now, executed=operation.writes, subject=call.subject,
            reference=call.reference,
        )  # fmt: skip


def _run(operation: Operation, call: Call) -> Answer:
    """Run a handler so that a refusal leaves nothing of it behind."""
    call.db.execute("SAVEPOINT handler")
    try:
        answer = operation.handler(call)
    except Refusal:
        call.db.execute("ROLLBACK TO handler")
        call.db.execute("RELEASE handler")
        raise
    except (OverflowError, UnicodeEncodeError) as error:
        # Numbers and texts that JSON can carry and a database cannot.
        call.db.execute("ROLLBACK TO handler")
        call.db.execute("RELEASE handler")
        raise Refusal(400 if operation.family is Family.EV else 422, "Invalid value") from error
    call.db.execute("RELEASE handler")
    return answer


def _authenticate(
    db: sqlite3.Connection, request: Request, operation: Operation, now: float
) -> tuple[str, Caller]:
    """Both credentials, of the same application; raise `Refusal` 401 in the vendor's words."""
    commissioning = operation.family is Family.COMMISSIONING
    no = NOT_AUTHORIZED if commissioning else "User is not authorized"
    key = request.headers.get("key") or request.query.get("key")
    if not key:
        texts = [no] if operation.terse_401 or not commissioning else [no, KEY_MISSING]
        raise Refusal(401, *texts)
    row = oauth.holder(db, _bearer(request), now)
    if row is None:
        raise Refusal(401, no)
    application = next(a for a in APPLICATIONS if a.name == row["application"])
    if key != application.key:
        raise Refusal(401, KEY_MISMATCH)
    return application.name, Caller(**oauth.caller_facts(row))


def _bearer(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _twist(fault: Fault | None) -> dict[str, Any]:
    if fault is None or fault.kind not in faults.TWISTS:
        return {}
    return {**fault.params, "kind": fault.kind}


def _asked_429(operation: Operation, fault: Fault, now: float, settings: Settings) -> Refusal:
    period = "month" if fault.params.get("period") == "month" else "minute"
    window = ledger.window_of(period, now, settings)
    refusal = ledger.exceeded(operation, window, settings)
    if fault.params.get("window") is False:
        refusal.window = None
    return refusal


def _instead(fault: Fault, operation: Operation | None, now: float) -> Answer:
    """The answer given without executing anything."""
    params = fault.params
    if fault.kind == "status":
        status = int(params.get("status", 503))
        if operation is not None and operation.family is Family.LIVE and "body" not in params:
            return Answer(status, envelope(Family.LIVE, Refusal(status), now))
        body = params.get("body", {"message": "Service Unavailable", "code": status})
        if isinstance(body, str):
            return Answer(status, body.encode(), content_type="text/plain; charset=utf-8")
        return Answer(status, body)
    if fault.kind == "html":
        status = int(params.get("status", 502))
        return Answer(status, _HTML % status, content_type="text/html")
    if fault.kind == "redirect":
        location = str(params.get("location", "http://127.0.0.1:9/elsewhere"))
        return Answer(int(params.get("status", 307)), b"", {"Location": location}, "text/plain")
    return Answer(504, _HTML % 504, content_type="text/html")
