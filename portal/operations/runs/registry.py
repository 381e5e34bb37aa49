"""How a kind of change of many systems is declared: once, in an app's `bulk.py`.

@bulk_action("grid-profile", label="Grid profile", write="activation.update", hits=3, form=…)
def grid_profile(company, value):    # value: what the form said, as plain JSON
    fitting = …                      # read once for the whole run
    def look(site) -> Verdict: …     # what the change would do to this site, from our copy
    return look

@grid_profile.queue                  # a service of the app, called for each site
@grid_profile.undo                   # which value puts a done operation back; without it: `no_undo`
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from portal.operations.models import Operation, RunItem
from portal.operations.registry import WRITES


@dataclass(frozen=True)
class Change:
    """The system will change. `before` and `after` are for people: label -> value in words.

    `seen` is kept with the item for `queue`, such as the value the worker shall compare with.
    """

    before: dict[str, str]
    after: dict[str, str]
    seen: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AlreadySo:
    """The system has this already, as far as our copy knows. Nothing is sent."""

    before: dict[str, str]


@dataclass(frozen=True)
class Cannot:
    """The system is left out; the sentence says why."""

    reason: str


Verdict = Change | AlreadySo | Cannot
Value = dict[str, Any]
Look = Callable[[Any], Verdict]
Queue = Callable[[RunItem, Value, Any], Operation]


@dataclass
class BulkAction:
    """A declared kind of bulk change.

    `form(data, company=…, user=…)` asks for the value and gives it by `value()`;
    `describe(value)` is the title ("Turn production off"); `careful(value)` asks for the typed
    number and a reason; `fix` is where a failed system is put right: label and the name of a page
    of the site; `origin(value)` is the address of what a run was made from, such as a file.
    """

    kind: str
    look: Callable[[Any, Value], Look]
    label: str
    icon: str
    hint: str
    write: str
    hits: int
    form: Callable[..., Any]
    describe: Callable[[Value], str]
    careful: Callable[[Value], bool]
    no_undo: str
    fix: tuple[str, str]
    # Offered where sites are ticked; an import begins with a file instead.
    listed: bool = True
    origin: Callable[[Value], str] | None = None
    queuer: Queue | None = None
    undoer: Callable[[Operation], Value | None] | None = None

    def queue(self, send: Queue) -> Queue:
        """Declare how one item is queued: (item, its value, who asks) -> the operation.

        May raise Refused; `Busy` is tried again later.
        """
        self.queuer = send
        return send

    def undo(
        self, back: Callable[[Operation], Value | None]
    ) -> Callable[[Operation], Value | None]:
        """Declare the value that restores what a done operation changed; None when nothing can."""
        self.undoer = back
        return back

    @property
    def endpoint(self) -> str:
        """The operationId whose monthly quota the run draws on."""
        return WRITES[self.write].endpoint

    @property
    def roles(self) -> frozenset[str]:
        return WRITES[self.write].roles


ACTIONS: dict[str, BulkAction] = {}


def bulk_action(
    kind: str,
    *,
    label: str,
    write: str,
    hits: int,
    form: Callable[..., Any],
    describe: Callable[[Value], str],
    icon: str = "repeat",
    hint: str = "",
    careful: Callable[[Value], bool] = lambda value: False,
    no_undo: str = "",
    fix: tuple[str, str] = ("Open the site", "activations:detail"),
    listed: bool = True,
    origin: Callable[[Value], str] | None = None,
) -> Callable[[Callable[[Any, Value], Look]], BulkAction]:
    """Declare a bulk change around its look; see BulkAction for the parameters.

    `hits` is what one system costs, reads and looks included.
    """

    def declare(look: Callable[[Any, Value], Look]) -> BulkAction:
        if kind in ACTIONS:
            raise ValueError(f"{kind} is declared twice")
        ACTIONS[kind] = BulkAction(
            kind=kind,
            look=look,
            label=label,
            icon=icon,
            hint=hint,
            write=write,
            hits=hits,
            form=form,
            describe=describe,
            careful=careful,
            no_undo=no_undo,
            fix=fix,
            listed=listed,
            origin=origin,
        )
        return ACTIONS[kind]

    return declare
