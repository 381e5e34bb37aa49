"""Turning a meter on and off, and dating it."""

from datetime import date
from typing import Any, Literal

from activations.meters.reads import state_words
from activations.models import Activation
from activations.snapshots import services as snapshots
from enphase import Client
from enphase.records import Meter
from portal.operations.models import LookUp, Operation
from portal.operations.registry import AlreadySo, Conflict, Finding, Progress, write


@write("meter.control", endpoint="control_meter", repeatable=True)
def control_meter(
    client: Client,
    *,
    system_id: int,
    serial: str,
    status: Literal["enabled", "disabled"],
    **_plan: Any,
) -> str:
    """Ask the gateway to enable or disable a meter (operation control_meter).

    Payload: {"activation": pk, "system_id", "serial", "status": "enabled" or "disabled"}. The
    answer is a queued task that looks like an error; `confirm` learns whether the meter obeyed.
    """
    return client.meters.control_meter(system_id, serial, status)


@control_meter.prepare
def _compare_state(client: Client, payload: dict[str, Any]) -> None:
    now = _read(client, payload)
    if _is_so(now, payload):
        word = state_words(payload["status"]).lower()
        raise AlreadySo(f"The meter is {word} already. Nothing was sent.")


@control_meter.verify
def _was_it_switched(client: Client, payload: dict[str, Any]) -> list[Finding]:
    now = _read(client, payload)
    if _is_so(now, payload):
        return [Finding("get_meter", LookUp.Finding.MATCH, rows=1, reply=now)]
    note = f"The meter is {state_words(now.state).lower()}."
    return [Finding("get_meter", LookUp.Finding.ABSENT, note=note, rows=1)]


@control_meter.confirm
def _has_it_obeyed(client: Client, payload: dict[str, Any]) -> Progress:
    """Read the meter until its state is as asked; the `status` of a request is its `state`."""
    now = _read(client, payload)
    word = "on" if payload["status"] == "enabled" else "off"
    if _is_so(now, payload):
        return Progress(True, f"Meter turned {word}.", reply=now)
    task = "Enable" if word == "on" else "Disable"
    return Progress(False, f"{task} task sent. Waiting until the meter is {word}.")


@control_meter.apply
def _take_in_task(operation: Operation, _reply: Any) -> None:
    """A queued task is not the meter's word: our copy changes with what is read back."""
    task = "Enable" if operation.payload["status"] == "enabled" else "Disable"
    operation.message = f"{task} task sent. Waiting for the meter."


@write("meter.update", endpoint="update_meter", repeatable=True)
def update_meter(client: Client, *, system_id: int, serial: str, day: str, **_plan: Any) -> Meter:
    """Set the day from which on a meter counts (operation update_meter, a query parameter).

    Payload: {"activation": pk, "system_id", "serial", "day": "YYYY-MM-DD", "base": the day as the
    person saw it, or None}. The answer holds five fields, so the meter is read again.
    """
    return client.meters.update_meter(system_id, serial, date.fromisoformat(day))


@update_meter.prepare
def _compare_day(client: Client, payload: dict[str, Any]) -> None:
    now = _read(client, payload)
    there = _day_of(now)
    if there == payload["day"]:
        raise AlreadySo("The meter has this date already. Nothing was sent.")
    if there != payload.get("base") and not payload.get("override"):
        raise Conflict(
            "The operational date was changed since you looked.",
            theirs={"Operational since": there or "Not set"},
        )


@update_meter.verify
def _was_it_dated(client: Client, payload: dict[str, Any]) -> list[Finding]:
    now = _read(client, payload)
    if _day_of(now) == payload["day"]:
        return [Finding("get_meter", LookUp.Finding.MATCH, rows=1, reply=now)]
    return [Finding("get_meter", LookUp.Finding.ABSENT, rows=1)]


@update_meter.confirm
def _is_it_dated(client: Client, payload: dict[str, Any]) -> Progress:
    now = _read(client, payload)
    if _day_of(now) == payload["day"]:
        return Progress(True, "Operational date saved.", reply=now)
    return Progress(False, "Sent. The meter does not show the date yet.")


def _read(client: Client, payload: dict[str, Any]) -> Meter:
    """The meter as it is now; kept for the pages."""
    found = client.meters.get_meter(payload["system_id"], payload["serial"])
    activation = Activation.objects.filter(pk=payload["activation"]).first()
    if activation is not None:
        snapshots.keep(activation, "meter", found, key=payload["serial"])
    return found


def _is_so(now: Meter, payload: dict[str, Any]) -> bool:
    return (now.state or "").strip().casefold() == payload["status"]


def _day_of(now: Meter) -> str | None:
    return now.operational_date.isoformat() if now.operational_date else None
