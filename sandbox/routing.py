"""The table of operations: each handler says once where it answers and how it refuses."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sandbox.errors import Family, Refusal
from sandbox.settings import Settings
from sandbox.wire import Answer, Request

KNOWN_METHODS = {"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"}
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True)
class Caller:
    """The person behind a token. `viewer` is the key under which they see systems."""

    user_id: int
    company_id: int | None
    root_id: int | None
    scope: frozenset[int]
    country: str | None
    self_installer: bool

    @property
    def viewer(self) -> int:
        return self.company_id if self.company_id is not None else -self.user_id

    @property
    def books(self) -> int:
        """Under which a caller's references are kept: the top company, shared by its branches."""
        return self.root_id if self.root_id is not None else -self.user_id


@dataclass
class Call:
    """One request on its way through a handler, inside the transaction that will record it."""

    request: Request
    db: sqlite3.Connection
    now: float
    settings: Settings
    caller: Caller
    ids: dict[str, Any]
    twist: dict[str, Any] = field(default_factory=dict)
    subject: int | None = None
    reference: str | None = None
    next_id: Callable[[str], int] = lambda name: 0

    @property
    def query(self) -> dict[str, str]:
        return self.request.query

    def new_system_id(self) -> int:
        """Give a system id that was never used before, not even by a deleted system."""
        return self.next_id("next_system_id")

    def new_user_id(self) -> int:
        return self.next_id("next_user_id")


Handler = Callable[[Call], Answer]


@dataclass(frozen=True)
class Operation:
    """One of the 79. `writes`: it changes something, so the ledger keeps it apart."""

    name: str
    method: str
    template: str
    handler: Handler
    family: Family
    writes: bool
    window_in_429: bool
    terse_401: bool
    pattern: re.Pattern[str]
    loose: re.Pattern[str]
    texts: frozenset[str]

    def ids(self, path: str, *, loosely: bool = False) -> dict[str, Any] | None:
        """Give what a path says in the place of each name, None when it is another path.

        `loosely`: also when there is no number where one belongs; such an id stays a text.
        """
        pattern = self.loose if loosely else self.pattern
        found = pattern.fullmatch(path[:-1] if path.endswith("/") else path)
        if found is None:
            return None
        return {
            name: text if name in self.texts or not _is_id(text) else int(text)
            for name, text in found.groupdict().items()
        }


def _is_id(text: str) -> bool:
    return re.fullmatch("[0-9]+", text) is not None and int(text) <= _LARGEST_ID


OPERATIONS: dict[str, Operation] = {}


def operation(
    name: str,
    method: str,
    path: str,
    *,
    family: Family = Family.COMMISSIONING,
    writes: bool = False,
    window_in_429: bool = True,
    terse_401: bool = False,
) -> Callable[[Handler], Handler]:
    """Register a handler. `path` is below /api/v4; `{name}` stands for an integer id,
    `{name:text}` for anything without a slash. `window_in_429`: whether the vendor publishes
    the quota window for this operation; `terse_401`: its 401 never says that the key is missing.
    """

    def register(handler: Handler) -> Handler:
        template = "/api/v4" + path
        OPERATIONS[name] = Operation(
            name, method, template, handler, family, writes, window_in_429, terse_401,
            _compile(template), _compile(template, "[^/]+"),
            frozenset(re.findall(r"\{(\w+):text\}", template)),
        )  # fmt: skip
        return handler

    return register


def match(request: Request) -> tuple[Operation, dict[str, Any]]:
    """Find the operation of a request; raise `Refusal` 404, 405 or 501 as the gateway does.

    An empty id at the end counts as the path without it, as with the vendor. An id that is no
    number is the operation's own to refuse, in the words of its family.
    """
    if request.method not in KNOWN_METHODS:
        raise Refusal(501, "Not Implemented")
    for loosely in (False, True):
        elsewhere = False
        for candidate in OPERATIONS.values():
            ids = candidate.ids(request.path, loosely=loosely)
            if ids is None:
                continue
            if candidate.method == request.method:
                return candidate, ids
            elsewhere = True
        if elsewhere:
            raise Refusal(405, "Method not allowed")
    raise Refusal(404, "Not Found")


def _compile(template: str, number: str = "[0-9]+") -> re.Pattern[str]:
    pattern = re.sub(r"\{(\w+):text\}", r"(?P<\1>[^/]+)", template)
    pattern = re.sub(r"\{(\w+)\}", rf"(?P<\1>{number})", pattern)
    return re.compile(pattern)
