"""What a page of a site is made of: copies with their age, and how to have them newer."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.core import signing
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone

from activations.models import Activation
from activations.snapshots import services
from activations.snapshots.models import Snapshot
from activations.snapshots.registry import KINDS
from activations.snapshots.services import Drift, Thing
from portal.ui.http import PortalRequest

SALT = "activations.snapshots.things"
# So many times the line asks again at once.
SOON = 3


@dataclass
class Sheet:
    """The copies one page shows. Needed as `sheet` by templates/snapshots/_freshness.html.

    `may_ask` is for people who may spend hits at will; `asks_itself` lets the page ask once it is
    there. An editor (`editing`) is never swapped below somebody's hands.
    """

    activation: Activation
    things: list[Thing]
    copies: dict[Thing, Snapshot]
    may_ask: bool
    asks_itself: bool
    editing: bool = False
    # The age that the page was drawn with; a newer copy is then worth showing.
    drawn: str = ""
    # How often the line has asked for itself: soon at first, then every two seconds.
    asked: int = 0
    drift: list[Drift] = field(default_factory=list)

    def copy(self, kind: str, key: str = "") -> Snapshot | None:
        """Our copy of one of its things, None while it was never asked for."""
        return self.copies.get((kind, key))

    @property
    def age(self) -> datetime | None:
        """When the oldest of them was read; None while one of them never was."""
        moments = [copy.fetched_at for copy in self.copies.values()]
        if len(moments) < len(self.things) or None in moments:
            return None
        return min(moment for moment in moments if moment)

    @property
    def is_busy(self) -> bool:
        return any(copy.is_awaited for copy in self.copies.values())

    @property
    def problem(self) -> str:
        """What went wrong with the last reading, the first that did."""
        return next((copy.problem for copy in self.copies.values() if copy.problem), "")

    @property
    def hits(self) -> int:
        """What a refresh costs."""
        return sum(
            KINDS[kind].cost(copy.payload if (copy := self.copies.get((kind, key))) else {})
            for kind, key in self.things
        )

    @property
    def stamp(self) -> str:
        """Changes with every reading."""
        moments = [copy.fetched_at for copy in self.copies.values() if copy.fetched_at]
        return f"{max(moments).timestamp():.6f}" if moments else ""

    @property
    def has_newer(self) -> bool:
        """Has something been read since the page was drawn?"""
        return bool(self.drawn) and self.stamp != self.drawn

    @property
    def query(self) -> str:
        """What the page was made of, signed, so that nobody asks for other things."""
        things = signing.dumps(
            [self.activation.pk, *([kind, key] for kind, key in self.things)], salt=SALT
        )
        return f"things={things}&drawn={self.drawn or self.stamp or 'never'}" + (
            "&editing=1" if self.editing else ""
        )

    @property
    def line_url(self) -> str:
        line = reverse("snapshots:line", args=[self.activation.pk])
        return f"{line}?{self.query}&asked={self.asked + 1}"

    @property
    def ask_again_after(self) -> str:
        """Most readings take less than a second; a slow one is not to be asked about so often."""
        return "600ms" if self.asked < SOON else "2s"

    @property
    def ask_url(self) -> str:
        return f"{reverse('snapshots:refresh', args=[self.activation.pk])}?{self.query}"

    @property
    def history(self) -> list[dict[str, str]]:
        """Links to what the copies were before; kinds that hold only readings have none."""
        return [
            {"label": KINDS[kind].title, "url": history_url(self.activation, kind, key)}
            for kind, key in self.things
            if KINDS[kind].to_facts is not None
        ]


def history_url(activation: Activation, kind: str, key: str = "") -> str:
    if key:
        return reverse("snapshots:history-of", args=[activation.pk, kind, key])
    return reverse("snapshots:history", args=[activation.pk, kind])


def sheet(
    request: PortalRequest,
    activation: Activation,
    things: list[Thing],
    *,
    editing: bool = False,
) -> Sheet:
    """Our copies of these things for a page; kinds that no part declares are left out."""
    things = [(kind, key) for kind, key in things if kind in KINDS]
    copies = services.several(activation, things)
    role = request.access.role_in(activation.company_id)
    present = activation.gone_at is None
    return Sheet(
        activation=activation,
        things=things,
        copies=copies,
        may_ask=present and role in ("admin", "installer"),
        # Support looks, and leaves no bill.
        asks_itself=present and role in ("admin", "installer", "viewer") and _wants(things, copies),
        editing=editing,
        drift=services.open_drift(activation, things),
    )


def _wants(things: list[Thing], copies: dict[Thing, Snapshot]) -> bool:
    return bool(wanted(things, copies))


def wanted(things: list[Thing], copies: dict[Thing, Snapshot]) -> list[Thing]:
    """Those that are too old, not being read, and did not just fail."""
    now = timezone.now()
    found = []
    for thing in things:
        copy = copies.get(thing)
        if copy is None or (copy.is_old and not copy.is_awaited and not copy.rests(now)):
            found.append(thing)
    return found


def things_of(request: HttpRequest, activation: Activation) -> list[Thing]:
    """The things named by a page's own link; 404 for anything that no page has offered."""
    try:
        pk, *things = signing.loads(request.GET.get("things", ""), salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise Http404("No page offers this.") from None
    if pk != activation.pk:
        raise Http404("Another site's.")
    return [(str(kind), str(key)) for kind, key in things]


def context_of(found: Sheet) -> dict[str, Any]:
    return {"sheet": found, "activation": found.activation}
