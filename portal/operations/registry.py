"""How a kind of change is declared: once, beside its call, in an app's `writes.py`.

@write("activation.set_production_mode", endpoint="set_production_mode", repeatable=True)
def set_production_mode(client: Client, *, system_id: int, mode: str) -> str:
    return client.activations.set_production_mode(system_id, mode)

@set_production_mode.verify          # did it happen? asked after a lost reply
@set_production_mode.confirm         # has the device obeyed? asked until it says so
@set_production_mode.prepare         # reads before the send: conflict, already so
@set_production_mode.apply           # our own rows, in the transaction that settles it
@set_production_mode.refused         # a refusal in words, where the usual ones would mislead
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec, TypeVar

from enphase import Client, Rejected
from portal.operations.models import LookUp, Operation
from portal.ui.errors import Refused

P = ParamSpec("P")
R = TypeVar("R")


class AlreadySo(Exception):
    """Enphase already holds what the change asks for. Nothing is sent; the operation is done.

    `result` is kept with the operation; its "activation" is the pk of the site it turned out to be.
    """

    def __init__(self, message: str, result: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.result = result or {}


class Conflict(Exception):
    """What is on Enphase is no longer what the person saw. Nothing is sent.

    `theirs` holds the current values under the field names of `before` and `after`; `activation`
    is our row of the site that is in the way, for the "Open it" link. A person may decide to go
    on: the operation is queued again with `payload["override"]` set to their reason, and
    `prepare` must then skip the check that raised this. `override` never reaches `send`.
    """

    def __init__(
        self, message: str, theirs: dict[str, Any] | None = None, activation: Any = None
    ) -> None:
        super().__init__(message)
        self.theirs = theirs or {}
        self.activation = activation


class Later(Exception):
    """Something else must be settled first; try again in `seconds`. Nothing is sent."""

    def __init__(self, message: str, seconds: float = 5.0) -> None:
        super().__init__(message)
        self.seconds = seconds


@dataclass(frozen=True)
class Finding:
    """One look at Enphase for a change whose reply was lost."""

    channel: str
    finding: LookUp.Finding
    note: str = ""
    rows: int = 0
    digest: str = ""
    # What `apply` is given when the finding is a match.
    reply: Any = None


@dataclass(frozen=True)
class Progress:
    """What a device says of a change that takes time.

    `done` of `total` in words of `unit` ("18 of 24 producing"); `finished` ends the polling, as
    done, or with `failed` as failed.
    """

    finished: bool
    message: str
    done: int | None = None
    total: int | None = None
    unit: str = ""
    reply: Any = None
    failed: bool = False

    def as_dict(self) -> dict[str, Any]:
        if self.total is None:
            return {}
        return {"done": self.done or 0, "total": self.total, "unit": self.unit}


Payload = dict[str, Any]
Verifier = Callable[[Client, Payload], list[Finding]]
Poller = Callable[[Client, Payload], Progress]
Checker = Callable[[Client, Payload], Payload | None]
Recorder = Callable[[Operation, Any], None]
Upgrader = Callable[[Payload, int], Payload]
Explainer = Callable[[Rejected], str]


@dataclass
class Write(Generic[P, R]):
    """A declared kind of change. Calling it calls Enphase; only the runner does that."""

    kind: str
    send: Callable[..., R]
    endpoint: str
    # May the same change be sent again once `verify` says that it is not there? Never for creates.
    repeatable: bool = False
    creates: bool = False
    cost_cents: int = 0
    version: int = 1
    # Who may cause it: checked when queued by the view, and again by the runner when it is sent.
    roles: frozenset[str] = frozenset({"admin", "installer"})
    done_message: str = ""
    verifier: Verifier | None = None
    poller: Poller | None = None
    checker: Checker | None = None
    recorder: Recorder | None = None
    upgrader: Upgrader | None = None
    explainer: Explainer | None = None

    def verify(self, look: Verifier) -> Verifier:
        """Declare how to find out whether it happened. `payload` in, one finding a channel out."""
        self.verifier = look
        return look

    def confirm(self, poll: Poller) -> Poller:
        """Declare how to ask whether the device has obeyed."""
        self.poller = poll
        return poll

    def prepare(self, check: Checker) -> Checker:
        """Declare reads before the send.

        May return a payload to use instead (rebased, or completed with what was looked up), or
        raise AlreadySo, Conflict, Refused, or `Later` when something else must happen first.
        """
        self.checker = check
        return check

    def apply(self, record: Recorder) -> Recorder:
        """Declare what the answer changes in our own rows; `operation.result` may be filled."""
        self.recorder = record
        return record

    def refused(self, explain: Explainer) -> Explainer:
        """Declare what a refusal of this call means, where `words.explain` would mislead."""
        self.explainer = explain
        return explain

    def migrate(self, upgrade: Upgrader) -> Upgrader:
        """Declare how a payload queued by an older version reads today."""
        self.upgrader = upgrade
        return upgrade

    def payload_of(self, operation: Operation) -> Payload:
        """The payload in today's shape. Refuses what it does not know how to read."""
        if operation.version == self.version:
            return dict(operation.payload)
        if operation.version > self.version or self.upgrader is None:
            raise Refused(
                f"This change was queued by another version of Ridgeline "
                f"({operation.version}, this one reads {self.version}). Queue it again."
            )
        return self.upgrader(dict(operation.payload), operation.version)


WRITES: dict[str, Write[..., Any]] = {}


def write(
    kind: str,
    *,
    endpoint: str,
    repeatable: bool = False,
    creates: bool = False,
    cost_cents: int = 0,
    version: int = 1,
    roles: frozenset[str] = frozenset({"admin", "installer"}),
    done_message: str = "",
) -> Callable[[Callable[P, R]], Write[P, R]]:
    """Declare a kind of change around its one client call.

    `endpoint` is the operationId of the contract. `done_message` is the sentence of a finished
    operation ("Production turned on").
    """
    if creates and repeatable:
        raise ValueError(f"{kind}: a create is never repeatable")

    def declare(send: Callable[P, R]) -> Write[P, R]:
        if kind in WRITES:
            raise ValueError(f"{kind} is declared twice")
        declared: Write[P, R] = Write(
            kind=kind,
            send=send,
            endpoint=endpoint,
            repeatable=repeatable,
            creates=creates,
            cost_cents=cost_cents,
            version=version,
            roles=roles,
            done_message=done_message,
        )
        WRITES[kind] = declared
        return declared

    return declare
