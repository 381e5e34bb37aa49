"""What somebody who leaves a company still holds there, and how it passes to somebody else.

Upper apps add their kinds in a module `leaving`, found when the portal starts:

@holds("drafts", title="Drafts", text="Begun in the wizard and not sent.")
def drafts(company, user):                        # -> list[Thing], newest first
    …

@drafts.hand_over                                 # -> how many passed to the other person
def _give_drafts(company, user, to):
    …
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from portal.connections.models import Account
from portal.operations import audit
from portal.operations.models import Operation, Run, describe_event
from portal.operations.runs.registry import ACTIONS
from portal.ui.errors import Refused

# A panel names so many things of a kind and counts the rest.
NAMED = 5

describe_event("member:handed-over", "Open work handed over", "swap")


@dataclass(frozen=True)
class Thing:
    """One thing that is still in somebody's hands; `url` leads to it, if anything does."""

    label: str
    url: str = ""
    note: str = ""


Finder = Callable[[Any, Any], list[Thing]]
Giver = Callable[[Any, Any, Any], int]


@dataclass
class Kind:
    """A kind of things. Without `giver` nothing has to pass: the sentence says what happens."""

    name: str
    title: str
    text: str
    find: Finder
    giver: Giver | None = None

    def hand_over(self, give: Giver) -> Giver:
        """Declare how all of it passes to another member; returns how many did."""
        self.giver = give
        return give


KINDS: dict[str, Kind] = {}


def holds(name: str, *, title: str, text: str) -> Callable[[Finder], Kind]:
    """Declare a kind of things that people hold in a company."""

    def declare(find: Finder) -> Kind:
        if name in KINDS:
            raise ValueError(f"{name} is declared twice")
        KINDS[name] = Kind(name, title, text, find)
        return KINDS[name]

    return declare


@dataclass(frozen=True)
class Holding:
    """All a person holds of one kind, for templates/companies/_holds.html."""

    kind: Kind
    things: list[Thing]

    @property
    def count(self) -> int:
        return len(self.things)

    @property
    def named(self) -> list[Thing]:
        return self.things[:NAMED]

    @property
    def unnamed(self) -> int:
        return max(0, self.count - NAMED)

    @property
    def can_pass(self) -> bool:
        return self.kind.giver is not None


def held_by(company: Any, user: Any) -> list[Holding]:
    """What this person still holds in the company; empty when they can go at once."""
    found = [Holding(kind, kind.find(company, user)) for kind in KINDS.values()]
    return [holding for holding in found if holding.things]


@transaction.atomic
def hand_over(company: Any, user: Any, *, to: Any, actor: Any) -> dict[str, int]:
    """Pass all that can pass to another member; {kind: how many}, and one event in the trail.

    Raises Refused when `to` may not change anything in the company. Whether `actor` may decide
    it is the caller's question.
    """
    if to.pk == user.pk or to.role_in(company.pk) not in ("admin", "installer"):
        raise Refused("Open work can only pass to an installer or admin of this company.")
    passed = {}
    for kind in KINDS.values():
        if kind.giver is not None and (count := kind.giver(company, user, to)):
            passed[kind.name] = count
    if passed:
        audit.record(
            "member:handed-over",
            company=company,
            actor=actor,
            text=f"{user} to {to}",
            data={"from": user.pk, "to": to.pk, "passed": passed},
        )
    return passed


# ------------------------------------------------------------------ of the apps below


@holds(
    "operations",
    title="Open operations",
    text="Nothing is sent in the name of somebody who has left: what still waits then fails.",
)
def operations(company: Any, user: Any) -> list[Thing]:
    rows = Operation.objects.filter(company=company, actor=user).open().order_by("-pk")
    return [
        Thing(
            row.title,
            reverse("operations:detail", args=[row.pk]),
            f"{row.short_id}, {row.get_state_display()}",
        )
        for row in rows
    ]


@operations.hand_over
def _give_operations(company: Any, user: Any, to: Any) -> int:
    # Who asked for it stays on record: `actor_name` and the trail are not touched.
    rows = Operation.objects.filter(company=company, actor=user).open()
    return rows.update(actor=to)


@holds(
    "runs",
    title="Bulk runs",
    text="A run goes on only while the person who asked for it may: otherwise it stands still.",
)
def runs(company: Any, user: Any) -> list[Thing]:
    # A preview that was never started sends nothing and is forgotten by itself.
    return [
        Thing(
            run.title,
            reverse("operations:run", args=[run.pk]),
            f"{run.short_id}, {run.get_state_display()}",
        )
        for run in _open_runs(company, user).order_by("-pk")
    ]


def _open_runs(company: Any, user: Any) -> Any:
    states = (Run.State.WAITING, Run.State.RUNNING, Run.State.PAUSED)
    return Run.objects.filter(company=company, created_by=user, state__in=states)


@runs.hand_over
def _give_runs(company: Any, user: Any, to: Any) -> int:
    """Whoever approved a run cannot have asked for it, and may not ask for what they may not do.

    As with operations, `created_name` and the trail keep who began it.
    """
    allowed = [kind for kind, action in ACTIONS.items() if to.role_in(company.pk) in action.roles]
    # Not `exclude`: that would leave out those that nobody has approved too.
    free = Q(approved_by=None) | ~Q(approved_by=to)
    return int(_open_runs(company, user).filter(free, kind__in=allowed).update(created_by=to))


@holds(
    "connection",
    title="Enphase connection",
    text=(
        "The company reads and writes with this person's Enlighten account. "
        "Connect with another account before theirs ends."
    ),
)
def connection(company: Any, user: Any) -> list[Thing]:
    signed_in = Account.objects.filter(company=company, acting_email__iexact=user.email)
    return [
        Thing("The connection signs in as this person", reverse("connections:settings"))
        for _ in signed_in
    ]
