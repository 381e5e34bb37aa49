"""Replacing a tariff: compared before, sent whole, followed until the gateway has it."""

from typing import Any

from activations.models import Activation
from activations.snapshots import services as snapshots
from activations.tariffs import words
from activations.tariffs.plan import document_of, same
from enphase import Client
from enphase.records import SystemTariff, Tariff, TariffTask
from portal.operations.models import LookUp, Operation
from portal.operations.registry import AlreadySo, Conflict, Finding, Progress, write

# The only word for a finished task that was ever seen; of all others we look at the tariff itself.
SUCCESS = frozenset({"success", "succeeded", "successful", "completed", "complete", "done", "ok"})


@write("tariff.update", endpoint="update_tariff", repeatable=True, done_message="Tariff applied.")
def update_tariff(
    client: Client, *, system_id: int, tariff: dict[str, Any], **_plan: Any
) -> TariffTask:
    """Replace the tariff as a whole (operation update_tariff); `confirm` follows its task.

    Payload: {"activation": pk of ours, "system_id", "tariff": the request, "base": what the person
    saw, in the same shape}.
    """
    return client.tariffs.update_tariff(system_id, tariff)


@update_tariff.prepare
def _compare(client: Client, payload: dict[str, Any]) -> None:
    """Is Enphase's tariff still the one the person changed?"""
    now = _look(client, payload)
    theirs = document_of(now.tariff)
    wanted = document_of(Tariff.from_api(payload["tariff"]))
    is_pending = now.task is not None and now.task.is_pending
    # While a change by others is pending, what is there now is not what will be there.
    if now.tariff is not None and same(theirs, wanted) and not is_pending:
        raise AlreadySo("Enphase has this tariff already. Nothing was sent.")
    if payload.get("override"):
        return
    base = document_of(Tariff.from_api(payload["base"]) if payload["base"] else None)
    changed = words.differences(base, theirs) if now.tariff is not None or payload["base"] else []
    if changed:
        raise Conflict(
            "The tariff was changed at Enphase meanwhile: "
            + "; ".join(one.sentence for one in changed[:3])
            + ".",
            theirs={one.field: one.after for one in changed},
        )


@update_tariff.verify
def _was_it_taken(client: Client, payload: dict[str, Any]) -> list[Finding]:
    """A pending task, or the tariff itself, tells that a request without an answer arrived."""
    now = _look(client, payload)
    channel = "get_tariff"
    if _has(now, payload):
        return [Finding(channel, LookUp.Finding.MATCH, rows=1, reply=now)]
    if now.task is not None and now.task.is_pending:
        note = "Enphase is applying a change; whether it is this one cannot be told yet."
        return [Finding(channel, LookUp.Finding.INCONCLUSIVE, note=note, rows=1)]
    return [Finding(channel, LookUp.Finding.ABSENT, note="Another tariff is there.", rows=1)]


@update_tariff.confirm
def _has_it_arrived(client: Client, payload: dict[str, Any]) -> Progress:
    """Until the task leaves `pending`; then what is there is compared with what was sent."""
    now = _look(client, payload)
    if now.task is not None and now.task.is_pending:
        return Progress(False, "Enphase reports the change as pending. Waiting for the gateway.")
    status = (now.task.status or "").strip() if now.task is not None else ""
    if _has(now, payload):
        return Progress(True, "Tariff applied.")
    told = f"Enphase reports the change as {status}" if status else "Enphase reports no change"
    if status.casefold() in SUCCESS:
        wanted = document_of(Tariff.from_api(payload["tariff"]))
        changed = words.differences(wanted, document_of(now.tariff))
        what = "; ".join(one.sentence for one in changed[:3])
        return Progress(True, f"{told}, but the tariff there differs: {what}.", failed=True)
    return Progress(True, f"{told}, and the former tariff is still there.", failed=True)


@update_tariff.apply
def _take_in(operation: Operation, reply: TariffTask | SystemTariff) -> None:
    """An acknowledgement is a promise: our copy changes with what Enphase shows."""
    task = reply.task if isinstance(reply, SystemTariff) else reply
    operation.result = {**operation.result, "task": (task.status if task else None) or ""}
    operation.message = "Sent to Enphase. Waiting until the gateway has the tariff."


def _look(client: Client, payload: dict[str, Any]) -> SystemTariff:
    """Read what is there and keep it for the pages."""
    now = client.tariffs.get_tariff(payload["system_id"])
    site = Activation.objects.filter(pk=payload["activation"]).first()
    if site is not None:
        snapshots.keep(site, "tariff", now)
    return now


def _has(now: SystemTariff, payload: dict[str, Any]) -> bool:
    wanted = document_of(Tariff.from_api(payload["tariff"]))
    return now.tariff is not None and same(document_of(now.tariff), wanted)
