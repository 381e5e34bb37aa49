"""Faults by script: which request is to go wrong, how, how often, and after how many good ones."""

from __future__ import annotations

import gzip
import itertools
import json
import random
import threading
from dataclasses import dataclass, field
from typing import Any

from sandbox.wire import Answer, Request

# How the reply of an executed request is spoiled on the wire.
DELIVERIES = {"lost_reply", "reset", "silence", "truncated", "trickle", "huge"}
# The body of an executed request is spoiled.
BODIES = {"bad_json", "wrong_types"}
# Answered instead of executing; `commit: true` executes first where that makes sense.
INSTEAD = {"status", "html", "redirect", "rate_limited", "token_revoked", "late_commit"}
# The handler itself behaves differently. Only these operations know how.
TWISTS = {
    "filter_ignored": {"list_activations", "search_systems"},
    "list_lag": {"create_activation", "list_activations", "search_systems"},
    "next_repeated": {"list_activations"},
    "no_reference": {"create_activation"},
}
KINDS = {"latency", *DELIVERIES, *BODIES, *INSTEAD, *TWISTS}
_COMMON = {"operation", "kind", "times", "after", "match", "chance", "seed"}


@dataclass
class Fault:
    """One scripted fault. `left` None: until removed. `after`: good calls still to let through."""

    id: int
    operation: str
    kind: str
    left: int | None
    after: int
    match: str
    chance: float
    dice: random.Random
    params: dict[str, Any] = field(default_factory=dict)
    fired: int = 0

    def as_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "operation": self.operation,
            "kind": self.kind,
            "times": self.left,
            "after": self.after,
            "match": self.match,
            "chance": self.chance,
            "fired": self.fired,
            **self.params,
        }


class Script:
    """The faults in force, oldest first. Kept in memory: a restart starts with good manners."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def add(self, order: dict[str, Any]) -> Fault:
        """Take an order of the control API; raise ValueError with what is wrong with it."""
        fault = self._read(order)
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self, fault_id: int | None = None) -> int:
        """Remove one fault or all of them; give how many there were."""
        with self._lock:
            before = len(self._faults)
            self._faults = [f for f in self._faults if fault_id is not None and f.id != fault_id]
            return before - len(self._faults)

    def listed(self) -> list[dict[str, Any]]:
        with self._lock:
            return [fault.as_dict() for fault in self._faults]

    def take(self, operation: str, request: Request) -> Fault | None:
        """Give the fault due for this request, if any, and count it."""
        by_header = self._from_header(request)
        if by_header is not None:
            return by_header
        with self._lock:
            for fault in self._faults:
                if not self._fits(fault, operation, request):
                    continue
                if fault.after > 0:
                    fault.after -= 1
                    continue
                if fault.left == 0 or fault.dice.random() >= fault.chance:
                    continue
                if fault.left is not None:
                    fault.left -= 1
                fault.fired += 1
                return fault
        return None

    def _read(self, order: dict[str, Any]) -> Fault:
        kind = order.get("kind")
        if kind not in KINDS:
            raise ValueError(f"kind {kind!r} is unknown. Known: {', '.join(sorted(KINDS))}")
        operation = str(order.get("operation", "*"))
        able = TWISTS.get(kind, {operation})
        if kind in ("token_revoked", "rate_limited", "late_commit"):
            able = able - {"token"}
        if operation != "*" and operation not in able:
            raise ValueError(f"{kind} does nothing on {operation}")
        times = order.get("times", 1)
        after = order.get("after", 0)
        chance = order.get("chance", 1)
        if times is not None and (not isinstance(times, int) or times < -1):
            raise ValueError("times must be a whole number, or null for until removed")
        if not isinstance(after, int) or after < 0:
            raise ValueError("after must be a whole number of calls")
        if not isinstance(chance, int | float) or not 0 <= chance <= 1:
            raise ValueError("chance must be between 0 and 1")
        return Fault(
            id=next(self._ids),
            operation=operation,
            kind=kind,
            left=None if times in (None, -1) else times,
            after=after,
            match=str(order.get("match", "")),
            chance=float(chance),
            dice=random.Random(order.get("seed", 0)),
            params={name: value for name, value in order.items() if name not in _COMMON},
        )

    def _from_header(self, request: Request) -> Fault | None:
        text = request.headers.get("x-sandbox-fault")
        if text is None:
            return None
        try:
            order = json.loads(text)
            return self._read(order if isinstance(order, dict) else {"kind": order})
        except ValueError:
            return None

    @staticmethod
    def _fits(fault: Fault, operation: str, request: Request) -> bool:
        # "*" is every operation of the API; the token endpoint must be named, else a script
        # for the API would be used up by a sign-in.
        if fault.operation != operation and (fault.operation != "*" or operation == "token"):
            return False
        if operation not in TWISTS.get(fault.kind, {operation}):
            return False
        return not fault.match or fault.match in request.target + request.body.decode("latin-1")


def spoil(answer: Answer, fault: Fault) -> Answer:
    """Give the answer as the fault wants it delivered."""
    if fault.kind == "huge" and fault.params.get("gzip"):
        blanks = b" " * int(float(fault.params.get("megabytes", 64)) * 1024 * 1024)
        answer.body = gzip.compress(answer.payload() + blanks, compresslevel=1)
        answer.headers = {**answer.headers, "Content-Encoding": "gzip"}
    elif fault.kind in DELIVERIES:
        answer.delivery, answer.params = fault.kind, fault.params
    elif fault.kind in BODIES:
        # A spoiled stream is sent in one piece.
        answer.delivery = "whole"
    if fault.kind == "bad_json":
        answer.body = _bad_json(answer.payload(), str(fault.params.get("variant", "cut")))
    elif fault.kind == "wrong_types":
        answer.body = _wrong_types(answer.body, fault.params.get("fields"))
    return answer


def _bad_json(payload: bytes, variant: str) -> bytes:
    if variant == "empty":
        return b""
    if variant == "bom":
        return b"\xef\xbb\xbf" + payload
    if variant == "latin1":
        return b'{"message":"caf\xe9"}'
    if variant == "list":
        return b"[" + payload + b"]"
    return payload[: max(1, len(payload) * 2 // 3)]


def _wrong_types(value: Any, fields: list[str] | None) -> Any:
    if isinstance(value, dict):
        changed = {
            name: _wrong_types(item, fields)
            if isinstance(item, dict | list)
            else (_twisted(item) if fields is None or name in fields else item)
            for name, item in value.items()
        }
        return {**changed, "a_field_nobody_knows": {"nested": [1, 2]}}
    if isinstance(value, list):
        return [_wrong_types(item, fields) for item in value]
    return value


def _twisted(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"about {value}"
    return [value] if isinstance(value, str) else {}
