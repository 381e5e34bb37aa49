"""Starting and stopping to charge.

Enphase publishes both calls as "illustrative only": they belong to its programme for virtual power
plants, and other companies are refused. The answer names no task, so the charger's own word tells
whether it obeyed. A start that nobody saw happen is never sent again by itself: the car may have
charged and gone.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from activations.evchargers.chargers import is_charging, mode_look, reading_of
from activations.models import Activation
from activations.snapshots import services as snapshots
from enphase import Client, Rejected
from enphase.records import LatestReading
from portal.operations import words
from portal.operations.models import LookUp, Operation
from portal.operations.registry import AlreadySo, Finding, Progress, write

# The newest values come with the reports, every quarter of an hour: asking more often tells
# nothing and costs a hit each time.
LOOK_EVERY = timedelta(minutes=4)
# A charger that reports otherwise after this has not obeyed.
OBEYS_WITHIN = timedelta(minutes=45)
# An older report does not tell what the charger does now.
FRESH = timedelta(minutes=30)

PARTNERS_ONLY = (
    "Enphase lets only partners of its VPP programme {verb} charging. Nothing was changed; "
    "the charger's own app can do it."
)
# 400 is a mistake in the request and keeps Enphase's own words.
NOT_OFFERED = (401, 403, 404, 405, 501)


@write("ev.start", endpoint="start_ev_charging", done_message="Charging started.")
def start(
    client: Client, *, system_id: int, serial: str, connector: int, level: int, **_plan: Any
) -> str:
    """Ask a charger to charge a car that is plugged in (operation start_ev_charging).

    Payload: {"activation": pk, "system_id", "serial", "connector": from 1 on, "level": 0 to 100 %
    of its highest current, "asked_at": epoch seconds}.
    """
    return client.ev_chargers.start_ev_charging(
        system_id, serial, connector_id=connector, charging_level=level
    )


@write("ev.stop", endpoint="stop_ev_charging", done_message="Charging stopped.")
def stop(client: Client, *, system_id: int, serial: str, **_plan: Any) -> str:
    """Ask a charger to stop (operation stop_ev_charging).

    Payload: {"activation": pk, "system_id", "serial", "asked_at": epoch seconds}.
    """
    return client.ev_chargers.stop_ev_charging(system_id, serial)


@start.refused
def _why_no_start(error: Rejected) -> str:
    return _why(error, "start")


@stop.refused
def _why_no_stop(error: Rejected) -> str:
    return _why(error, "stop")


def _why(error: Rejected, verb: str) -> str:
    if error.status in NOT_OFFERED:
        return PARTNERS_ONLY.format(verb=verb)
    return words.explain(error)


@start.prepare
def _does_it_charge(client: Client, payload: dict[str, Any]) -> None:
    """Only a fresh report counts. Stopping needs no such look: it is sent whatever was told."""
    now = _read(client, payload)
    if is_charging(now) and _at(now) > timezone.now() - FRESH:
        raise AlreadySo("It charges already. Nothing was sent.")


@start.verify
def _was_it_started(client: Client, payload: dict[str, Any]) -> list[Finding]:
    return [_finding(client, payload, wanted=True)]


@stop.verify
def _was_it_stopped(client: Client, payload: dict[str, Any]) -> list[Finding]:
    return [_finding(client, payload, wanted=False)]


def _finding(client: Client, payload: dict[str, Any], *, wanted: bool) -> Finding:
    now = _read(client, payload)
    found = is_charging(now)
    channel = "get_latest_telemetry"
    if found is None or _at(now) <= _asked(payload):
        note = "The charger has not reported since it was asked."
        return Finding(channel, LookUp.Finding.INCONCLUSIVE, note=note)
    note = f"The charger says: {mode_look(now).text}."
    if found is wanted:
        return Finding(channel, LookUp.Finding.MATCH, note=note, rows=1, reply="")
    return Finding(channel, LookUp.Finding.ABSENT, note=note, rows=1)


@start.confirm
def _does_it_charge_now(client: Client, payload: dict[str, Any]) -> Progress:
    return _progress(client, payload, wanted=True)


@stop.confirm
def _does_it_rest_now(client: Client, payload: dict[str, Any]) -> Progress:
    return _progress(client, payload, wanted=False)


def _progress(client: Client, payload: dict[str, Any], *, wanted: bool) -> Progress:
    """Read the charger's state until it is as asked, or has had time enough to become so."""
    now = _look(client, payload)
    found, at = is_charging(now), _at(now)
    if found is None or at <= _asked(payload):
        return Progress(
            False, "Sent. Waiting for the charger's next report, due each quarter of an hour."
        )
    said = f"The charger says: {mode_look(now).text}."
    if found is wanted:
        return Progress(True, f"Charging {'started' if wanted else 'stopped'}. {said}")
    if at > _asked(payload) + OBEYS_WITHIN:
        hint = "Is a car plugged in? " if wanted else ""
        return Progress(
            True, f"It did not {'start' if wanted else 'stop'}. {hint}{said}", failed=True
        )
    return Progress(False, f"Sent. {said} Waiting for its next report.")


@start.apply
def _take_in_start(operation: Operation, _reply: Any) -> None:
    operation.message = "Sent. Waiting for the charger to start."


@stop.apply
def _take_in_stop(operation: Operation, _reply: Any) -> None:
    operation.message = "Sent. Waiting for the charger to stop."


# ------------------------------------------------------------------ reading the charger


def _site(payload: dict[str, Any]) -> Activation | None:
    return Activation.objects.filter(pk=payload["activation"]).first()


def _look(client: Client, payload: dict[str, Any]) -> LatestReading | None:
    """Our copy while it is a few minutes young, so that asking often does not cost hits."""
    activation = _site(payload)
    copy = snapshots.current(activation, "ev-state") if activation is not None else None
    since = max(timezone.now() - LOOK_EVERY, _asked(payload))
    if copy and copy.fetched_at and copy.fetched_at > since:
        return reading_of(copy, payload["serial"])
    return _read(client, payload)


def _read(client: Client, payload: dict[str, Any]) -> LatestReading | None:
    """The charger as it last reported; kept for the pages."""
    found = client.consumption.get_latest_telemetry(payload["system_id"])
    activation = _site(payload)
    if activation is not None:
        snapshots.keep(activation, "ev-state", found)
    return next(
        (one for one in found.of_kind("ev_chargers") if one.serial_number == payload["serial"]),
        None,
    )


def _asked(payload: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(payload["asked_at"], UTC)


def _at(reading: LatestReading | None) -> datetime:
    """When the charger reported; long ago if it never did."""
    told = reading.last_report_at if reading else None
    return told or datetime.fromtimestamp(0, UTC)
