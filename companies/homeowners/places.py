"""The sites of home owners, told by the app above, which knows the sites and registers itself.

activations.owners calls `provide` when the portal starts; nothing here imports it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Place:
    """One site of a person. `roles`: "Owner", "Host"; empty when they only were given access."""

    activation: int
    system_id: int
    name: str
    reference: str
    city: str
    roles: tuple[str, ...] = ()
    is_gone: bool = False


class Places(Protocol):
    """What an app with sites answers; `user` sees only sites of theirs."""

    def of_owner(self, home_owner: Any, user: Any = None) -> list[Place]:
        """Sites that the person owns or hosts, or was given access to; for workers without user."""

    def owners_matching(self, company: Any, user: Any, text: str) -> list[int]:
        """Ids at Enphase of owners and hosts of sites whose name or reference fits."""

    def counts(self, company: Any, user: Any, home_owners: Iterable[Any]) -> dict[int, int]:
        """How many sites each person owns, hosts or has access to, by our id of the person."""

    def find(self, company: Any, user: Any, text: str) -> list[Place]:
        """At most ten sites that fit what was typed: name, reference or system id."""


class _Nowhere:
    def of_owner(self, home_owner: Any, user: Any = None) -> list[Place]:
        return []

    def owners_matching(self, company: Any, user: Any, text: str) -> list[int]:
        return []

    def counts(self, company: Any, user: Any, home_owners: Iterable[Any]) -> dict[int, int]:
        return {}

    def find(self, company: Any, user: Any, text: str) -> list[Place]:
        return []


_known: Places = _Nowhere()


def provide(places: Places) -> None:
    """Called once by the app that knows the sites."""
    global _known
    _known = places


def places() -> Places:
    return _known
