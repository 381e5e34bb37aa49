"""What may be done to a site's battery and loads: the rules, and the queue."""

import math
import uuid
from collections.abc import Callable
from typing import Any

from django.db import transaction

from activations import values
from activations.controls import rules, writes
from activations.models import Activation
from activations.services import require_present
from activations.snapshots import services as snapshots
from enphase.records import LoadControl
from enphase.records.config import BATTERY_MODES
from portal.operations.models import Operation
from portal.operations.queue import queue_write
from portal.operations.registry import Write
from portal.ui.errors import Refused

Values = dict[str, Any]
BATTERY_THINGS = [("battery-mode", ""), ("battery-settings", ""), ("storm-guard", "")]
_VALUES: dict[str, Callable[[Any], Values]] = {
    "battery-mode": rules.mode_values,
    "battery-settings": rules.settings_values,
    "storm-guard": rules.storm_values,
}


def values_now(activation: Activation, kind: str) -> Values:
    """The values of our copy, in the shape of requests. Refused while there is none."""
    snapshot = snapshots.current(activation, kind)
    if snapshot is None or snapshot.record is None:
        raise Refused("Enphase has told nothing of this yet. Refresh it first.")
    return _VALUES[kind](snapshot.record)


def site_rules(activation: Activation) -> rules.Site:
    """What decides what is permitted here, as far as our copies tell."""
    copies = snapshots.several(activation, [("tariff", ""), ("devices", "")])
    tariff, devices = copies.get(("tariff", "")), copies.get(("devices", ""))
    controller = None
    if devices is not None and devices.record is not None:
        controller = bool(devices.record.of_kind("enpowers"))
    return rules.Site(
        battery_grid_mode=values.seen(activation)["battery_grid_mode"],
        tariff=tariff.record.tariff if tariff is not None and tariff.record else None,
        has_controller=controller,
    )


def lowest_reserve(activation: Activation) -> int:
    """The least reserve (%): below the shutdown level a battery switches itself off."""
    snapshot = snapshots.current(activation, "battery-settings")
    level = snapshot.record.battery_shutdown_level_percent if snapshot and snapshot.record else None
    return 0 if level is None else math.ceil(level)


def changes_between(base: Values, wanted: Values) -> Values:
    """The fields that are to become something else."""
    return {name: value for name, value in wanted.items() if value != base.get(name)}


def queue_mode(
    activation: Activation,
    wanted: Values,
    *,
    base: Values,
    actor: Any,
    token: uuid.UUID | None = None,
    reason: str = "",
) -> Operation:
    """Allow or forbid charging from and discharging to the grid: {"cfg": bool, "dtg": bool}."""
    barred = rules.barred_modes(site_rules(activation))
    for name, why in barred.items():
        if wanted[name] and not base[name]:
            raise Refused(why)
    if None in wanted.values():
        raise Refused("Say for both whether it is allowed.")
    return _queue(
        writes.update_mode,
        activation,
        f"activation:{activation.pk}:battery-mode",
        {"wanted": wanted, "base": base},
        "Change what the battery may do with the grid",
        rules.MODE_LABELS,
        actor,
        token,
        reason,
    )


def queue_settings(
    activation: Activation,
    wanted: Values,
    *,
    base: Values,
    actor: Any,
    token: uuid.UUID | None = None,
    reason: str = "",
) -> Operation:
    """Change profile, reserve (%) and energy independence; only what differs is sent."""
    profile = wanted["battery_mode"]
    if profile != base["battery_mode"]:
        if profile not in BATTERY_MODES:
            raise Refused(f"{profile or 'This battery mode'} is nothing that can be asked for.")
        if why := rules.barred_profiles(site_rules(activation)).get(profile):
            raise Refused(why)
    return _queue(
        writes.update_settings,
        activation,
        f"activation:{activation.pk}:battery-settings",
        {"wanted": wanted, "base": base},
        "Change the battery settings",
        rules.SETTINGS_LABELS,
        actor,
        token,
        reason,
    )


def queue_storm(
    activation: Activation,
    wanted: Values,
    *,
    base: Values,
    actor: Any,
    token: uuid.UUID | None = None,
    reason: str = "",
) -> Operation:
    """Switch Storm Guard: {"storm_guard_status": "enabled" or "disabled"}."""
    verb = "on" if wanted["storm_guard_status"] == "enabled" else "off"
    return _queue(
        writes.update_storm,
        activation,
        f"activation:{activation.pk}:storm-guard",
        {"wanted": wanted, "base": base},
        f"Turn Storm Guard {verb}",
        rules.STORM_LABELS,
        actor,
        token,
        reason,
    )


def queue_contact(
    activation: Activation,
    wanted: Values,
    *,
    name: str,
    base: Values,
    load_name: str = "",
    actor: Any,
    token: uuid.UUID | None = None,
    reason: str = "",
) -> Operation:
    """Change one dry contact ("NC1"): mode, and what the mode needs."""
    return _queue(
        writes.update_contact,
        activation,
        f"activation:{activation.pk}:load:{name}"[:120],
        {"name": name, "wanted": wanted, "base": base},
        f"Change load {name}" + (f", {load_name}" if load_name else ""),
        rules.CONTACT_LABELS,
        actor,
        token,
        reason,
    )


@transaction.atomic
def queue_contacts_back(
    activation: Activation, former: LoadControl, *, actor: Any, token: uuid.UUID, reason: str
) -> Operation:
    """Write every contact back that differs now; Enphase takes one at a time. Gives the first."""
    now = snapshots.current(activation, "load-control")
    queued: list[Operation] = []
    for contact in former.load_control_data:
        today = now.record.contact(contact.name) if now and now.record else None
        if today is None or rules.contact_words(today) == rules.contact_words(contact):
            continue
        queued.append(
            queue_contact(
                activation,
                rules.needed(rules.contact_values(contact)),
                name=contact.name or "",
                base=rules.contact_values(today),
                load_name=contact.load_name or "",
                actor=actor,
                token=uuid.uuid5(token, contact.name or "") if queued else token,
                reason=reason,
            )
        )
    if not queued:
        raise Refused("None of the contacts that are there now was set differently.")
    return queued[0]


def _queue(
    write: Write[..., Any],
    activation: Activation,
    key: str,
    payload: Values,
    title: str,
    labels: dict[str, str],
    actor: Any,
    token: uuid.UUID | None,
    reason: str,
) -> Operation:
    require_present(activation)
    wanted = {name: value for name, value in payload["wanted"].items() if value is not None}
    base = payload["base"]
    payload = {**payload, "wanted": wanted}
    changes = changes_between(base, wanted)
    if not changes:
        raise Refused("Nothing was changed.")
    return queue_write(
        write,
        key=key,
        payload={"activation": activation.pk, "system_id": activation.system_id, **payload},
        company=activation.company,
        activation=activation,
        actor=actor,
        title=title,
        before=rules.words({name: base.get(name) for name in changes}, labels),
        after=rules.words(changes, labels),
        reason=reason,
        token=token,
    )
