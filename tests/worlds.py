"""The sandbox as tests see it: its ledger, its faults, its clock."""

from dataclasses import dataclass
from typing import Any

import requests


@dataclass(frozen=True)
class World:
    """A running sandbox. `url` is what ENPHASE_API_URL is set to."""

    url: str

    def reset(self, world: str = "small", **options: Any) -> None:
        """Begin again: `small` has a handful of systems, `demo` about 250."""
        self._ask("POST", "reset", {"world": world, **options})

    def ledger(self) -> dict[str, Any]:
        """What the sandbox was asked and what it executed, by its own count."""
        return dict(self._ask("GET", "ledger"))

    @property
    def creates(self) -> int:
        """Activations really created, each of which costs $2.00."""
        return int(self.ledger()["creates"])

    @property
    def hits(self) -> int:
        """Requests to the API since the reset."""
        return int(self.ledger()["hits"])

    def writes(self, operation: str | None = None) -> list[dict[str, Any]]:
        """Every write that arrived, executed or not, oldest first."""
        writes = self.ledger()["writes"]
        return [write for write in writes if operation in (None, write["operation"])]

    def fault(self, operation: str, kind: str, **parameters: Any) -> None:
        """Make the next answers to `operation` (an operationId, or `*`) go wrong.

        `times` (1) and `after` (0) say how often and from when; the kinds and their parameters
        stand in sandbox/README.md.
        """
        self._ask("POST", "faults", {"operation": operation, "kind": kind, **parameters})

    def clear_faults(self) -> None:
        self._ask("DELETE", "faults")

    def clock(self, **movement: Any) -> dict[str, Any]:
        """Read the sandbox's clock, or move it: `advance_seconds=60` or `at="2026-06-01T…"`."""
        return dict(self._ask("POST" if movement else "GET", "clock", movement or None))

    def patch_system(self, system_id: int, **changes: Any) -> Any:
        """Change a site behind the portal's back, as Enphase or the field would."""
        return self._ask("POST", f"systems/{system_id}", changes)

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=30)
        assert answer.ok, f"{method} /_sandbox/{path}: {answer.status_code} {answer.text[:500]}"
        return answer.json() if answer.content else None
