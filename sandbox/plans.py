"""What the vendor's plans let an application ask for (CONTRACT section 1)."""

from __future__ import annotations

from sandbox.errors import FORBIDDEN, NOT_AUTHORIZED, Family, Refusal
from sandbox.routing import Operation
from sandbox.settings import PLANS


def require(operation: Operation, plan: str) -> None:
    """Raise the refusal of an operation that is outside a plan, in the words of its group.

    The vendor publishes no text of its own for this: it is what is not authorized.
    """
    if PLANS[plan].rank >= PLANS[least_plan(operation)].rank:
        return
    if operation.family is Family.COMMISSIONING:
        raise Refusal(401, NOT_AUTHORIZED)
    raise Refusal(403, FORBIDDEN)


def least_plan(operation: Operation) -> str:
    """Give the smallest plan whose access controls include an operation."""
    if operation.family is Family.COMMISSIONING:
        return "partner"
    if operation.family is Family.EV:
        return "partner" if operation.writes else "watt"
    # The path of single devices goes on after them; the list of all devices is open to everybody.
    if operation.family is Family.LIVE or "/devices/" in operation.template:
        return "kilowatt"
    return "megawatt" if "/systems/config/" in operation.template else "watt"
