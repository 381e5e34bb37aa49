"""Setting and removing a site's estimate."""

from decimal import Decimal
from typing import Any

from activations.estimates.reads import facts_of
from activations.models import Activation
from activations.snapshots import services as snapshots
from enphase import Client
from enphase.records import Estimate
from portal.operations.models import LookUp, Operation
from portal.operations.registry import AlreadySo, Conflict, Finding, write


@write(
    "estimate.update",
    endpoint="update_estimate",
    repeatable=True,
    done_message="Estimate saved.",
)
def update_estimate(
    client: Client,
    *,
    system_id: int,
    degrade_factor: str,
    month_estimates: list[str],
    **_plan: Any,
) -> Estimate:
    """Set or clear the estimate (operation update_estimate).

    Payload: {"activation": pk, "system_id", "degrade_factor": percent a year as text,
    "month_estimates": twelve kWh as text or [], "base": the same two as the person saw them, or
    None when nothing was read yet}.
    """
    return client.estimates.update_estimate(system_id, degrade_factor, month_estimates)


@update_estimate.prepare
def _compare(client: Client, payload: dict[str, Any]) -> None:
    now = client.estimates.get_estimate(payload["system_id"])
    _remember(payload, now)
    if _same(now, payload):
        raise AlreadySo("Enphase has this estimate already. Nothing was sent.")
    base = payload.get("base")
    untouched = not now.month_estimates if base is None else _same(now, base)
    if not untouched and not payload.get("override"):
        raise Conflict(
            "The estimate was changed since you looked.",
            theirs=facts_of(now.month_estimates, now.degrade_factor),
        )


@update_estimate.verify
def _was_it_saved(client: Client, payload: dict[str, Any]) -> list[Finding]:
    now = client.estimates.get_estimate(payload["system_id"])
    if _same(now, payload):
        return [Finding("get_estimate", LookUp.Finding.MATCH, rows=1, reply=now)]
    return [Finding("get_estimate", LookUp.Finding.ABSENT, rows=1)]


@update_estimate.apply
def _take_in(operation: Operation, reply: Estimate) -> None:
    if operation.activation is not None:
        snapshots.keep(operation.activation, "estimate", reply, operation=operation)
    if not operation.payload["month_estimates"]:
        operation.message = "Estimate removed."


def _same(now: Estimate, wanted: dict[str, Any]) -> bool:
    """Whether an answer holds these values, however many decimals they are written with."""
    return (now.degrade_factor or Decimal(0)) == Decimal(wanted["degrade_factor"]) and (
        now.month_estimates == [Decimal(text) for text in wanted["month_estimates"]]
    )


def _remember(payload: dict[str, Any], answer: Estimate) -> None:
    activation = Activation.objects.filter(pk=payload["activation"]).first()
    if activation is not None:
        snapshots.keep(activation, "estimate", answer)
