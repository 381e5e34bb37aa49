"""The changes of a site's battery and loads that are sent to Enphase.

Payloads: {"activation": pk, "system_id", "wanted": {field: value}, "base": {field: what the person
saw}}. `wanted` is all that was confirmed, so that a field of it which somebody else changed
meanwhile is a conflict, also when we would have left it as it was.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeVar

from activations.controls import rules
from activations.models import Activation
from activations.snapshots import services as snapshots
from activations.snapshots.registry import KINDS, Absent
from enphase import Client, EnphaseError
from enphase.records import BatteryMode, BatterySettings, LoadControl, StormGuard
from portal.operations.models import LookUp, Operation
from portal.operations.registry import AlreadySo, Conflict, Finding, write
from portal.ui.errors import Refused

log = logging.getLogger(__name__)

R = TypeVar("R")
Values = dict[str, Any]
Payload = dict[str, Any]


# ------------------------------------------------------------------ charging and discharging


@write(
    "battery.update_mode",
    endpoint="update_battery_mode",
    repeatable=True,
    done_message="Battery and grid changed.",
)
def update_mode(
    client: Client, *, system_id: int, wanted: Values, **_plan: Any
) -> BatteryMode | None:
    """Set both: may it charge from the grid, may it discharge to it. Read back, None if not."""
    client.activations.update_battery_mode(system_id, wanted["cfg"], wanted["dtg"])
    return _read_back(lambda: client.activations.get_battery_mode(system_id), None)


@update_mode.prepare
def _compare_mode(client: Client, payload: Payload) -> None:
    now = rules.mode_values(_look(client, payload, "battery-mode"))
    _compare(payload, now, rules.MODE_LABELS)


@update_mode.verify
def _was_mode_set(client: Client, payload: Payload) -> list[Finding]:
    now = client.activations.get_battery_mode(payload["system_id"])
    return _finding("get_battery_mode", payload, rules.mode_values(now), rules.MODE_LABELS, now)


@update_mode.apply
def _take_in_mode(operation: Operation, record: BatteryMode | None) -> None:
    if record is None:
        _ask(operation, "battery-mode")
        operation.message = "Enphase accepted it. What it holds now is being read."
    else:
        _take_in(operation, "battery-mode", record)
        _tell(operation, rules.mode_values(record), rules.MODE_LABELS)
    # The settings show whether it charges from the grid.
    _ask(operation, "battery-settings")


# ------------------------------------------------------------------ profile and reserve


@write(
    "battery.update_settings",
    endpoint="update_battery_settings",
    repeatable=True,
    done_message="Battery settings changed.",
)
def update_settings(
    client: Client, *, system_id: int, send: Values, **_plan: Any
) -> BatterySettings:
    """Change what differs, with the profile spelled exactly as Enphase wants it; read back."""
    answer = client.config.update_battery_settings(system_id, **send)
    return _read_back(lambda: client.config.get_battery_settings(system_id), answer)


@update_settings.prepare
def _compare_settings(client: Client, payload: Payload) -> Payload:
    now = _look(client, payload, "battery-settings")
    level = now.battery_shutdown_level_percent
    reserve = payload["wanted"].get("reserve_soc")
    if level is not None and reserve is not None and reserve < level:
        raise Refused(
            f"The reserve cannot be below the shutdown level, {level:g} %. Nothing was sent."
        )
    left = _compare(payload, rules.settings_values(now), rules.SETTINGS_LABELS)
    return {**payload, "send": left}


@update_settings.verify
def _were_settings_changed(client: Client, payload: Payload) -> list[Finding]:
    now = client.config.get_battery_settings(payload["system_id"])
    values = rules.settings_values(now)
    return _finding("get_battery_settings", payload, values, rules.SETTINGS_LABELS, now)


@update_settings.apply
def _take_in_settings(operation: Operation, record: BatterySettings) -> None:
    _take_in(operation, "battery-settings", record)
    _tell(operation, rules.settings_values(record), rules.SETTINGS_LABELS)
    # A change of the profile may reset the tariff at Enphase.
    _ask(operation, "tariff")


# ------------------------------------------------------------------ storms


@write("storm_guard.update", endpoint="update_storm_guard", repeatable=True)
def update_storm(client: Client, *, system_id: int, wanted: Values, **_plan: Any) -> StormGuard:
    """Switch Storm Guard, and read it back."""
    answer = client.config.update_storm_guard(system_id, wanted["storm_guard_status"])
    return _read_back(lambda: client.config.get_storm_guard(system_id), answer)


@update_storm.prepare
def _compare_storm(client: Client, payload: Payload) -> None:
    now = rules.storm_values(_look(client, payload, "storm-guard"))
    _compare(payload, now, rules.STORM_LABELS)


@update_storm.verify
def _was_storm_switched(client: Client, payload: Payload) -> list[Finding]:
    now = client.config.get_storm_guard(payload["system_id"])
    return _finding("get_storm_guard", payload, rules.storm_values(now), rules.STORM_LABELS, now)


@update_storm.apply
def _take_in_storm(operation: Operation, record: StormGuard) -> None:
    _take_in(operation, "storm-guard", record)
    on = operation.payload["wanted"]["storm_guard_status"] == "enabled"
    operation.message = f"Storm Guard turned {'on' if on else 'off'}."
    _tell(operation, rules.storm_values(record), rules.STORM_LABELS)


# ------------------------------------------------------------------ loads


@write(
    "load_control.update",
    endpoint="update_load_control",
    repeatable=True,
    done_message="Load changed.",
)
def update_contact(
    client: Client, *, system_id: int, name: str, wanted: Values, **_plan: Any
) -> LoadControl:
    """Change one dry contact: its mode, and all that this mode needs. Payload has `name` too."""
    answer = client.config.update_load_control(system_id, name, **wanted)
    return _read_back(lambda: client.config.get_load_control(system_id), answer)


@update_contact.prepare
def _compare_contact(client: Client, payload: Payload) -> None:
    contact = _look(client, payload, "load-control").contact(payload["name"])
    if contact is None:
        raise Refused(f"{payload['name']} is not configured any more. Nothing was sent.")
    _compare(payload, rules.contact_values(contact), rules.CONTACT_LABELS)


@update_contact.verify
def _was_contact_changed(client: Client, payload: Payload) -> list[Finding]:
    now = client.config.get_load_control(payload["system_id"])
    contact = now.contact(payload["name"])
    values = rules.contact_values(contact) if contact else {}
    return _finding("get_load_control", payload, values, rules.CONTACT_LABELS, now)


@update_contact.apply
def _take_in_contact(operation: Operation, record: LoadControl) -> None:
    _take_in(operation, "load-control", record)
    contact = record.contact(operation.payload["name"])
    _tell(operation, rules.contact_values(contact) if contact else {}, rules.CONTACT_LABELS)


# ------------------------------------------------------------------ what they share


def _look(client: Client, payload: Payload, kind: str) -> Any:
    """What Enphase holds now, taken into our copy. Without one of ours under way it shows drift."""
    activation = Activation.objects.select_related("company").get(pk=payload["activation"])
    try:
        record = KINDS[kind].read(client, activation, "")
    except Absent as absent:
        snapshots.keep(activation, kind, absent)
        raise Refused(f"{absent} Nothing was sent.") from None
    snapshots.keep(activation, kind, record)
    return record


def _compare(payload: Payload, now: Values, labels: dict[str, str]) -> Values:
    """What is left to be sent. AlreadySo when that is nothing, Conflict when others changed it."""
    wanted, base = payload["wanted"], payload["base"]
    left = {name: value for name, value in wanted.items() if now.get(name) != value}
    if not left:
        raise AlreadySo("Enphase has these values already. Nothing was sent.")
    moved = {name: now.get(name) for name in left if now.get(name) != base.get(name)}
    if moved and not payload.get("override"):
        raise Conflict(
            "Somebody changed this at Enphase meanwhile. Nothing was sent.",
            theirs=rules.words(moved, labels),
        )
    return left


def _finding(
    channel: str, payload: Payload, now: Values, labels: dict[str, str], reply: Any
) -> list[Finding]:
    missing = [labels[name] for name, value in payload["wanted"].items() if now.get(name) != value]
    if missing:
        note = "Not there yet: " + ", ".join(missing)
        return [Finding(channel, LookUp.Finding.ABSENT, note=note, rows=1)]
    return [Finding(channel, LookUp.Finding.MATCH, rows=1, reply=reply)]


def _read_back(read: Callable[[], R], answer: R) -> R:
    """What Enphase holds after a change; its own answer when it cannot be asked just now."""
    try:
        return read()
    except (EnphaseError, Refused) as error:
        # The change itself was accepted; that the look afterwards failed changes nothing.
        log.warning("A change could not be read back (%s)", type(error).__name__)
        return answer


def _take_in(operation: Operation, kind: str, record: Any) -> None:
    if operation.activation is not None:
        snapshots.keep(operation.activation, kind, record, operation=operation)


def _ask(operation: Operation, kind: str) -> None:
    if operation.activation is not None:
        snapshots.ask(operation.activation, [(kind, "")], person_id=operation.actor_id)


def _tell(operation: Operation, now: Values, labels: dict[str, str]) -> None:
    """Say so when Enphase shows something else than what it accepted."""
    wanted = operation.payload["wanted"]
    differs = [labels[name] for name in wanted if now.get(name) != wanted[name]]
    if differs:
        operation.result = {"differs": differs}
        operation.message = (
            f"Enphase accepted it, but shows another value for {', '.join(differs)}."
        )
