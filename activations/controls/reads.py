"""What Enphase tells of a site's battery, loads and grid."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from activations.controls import rules, services
from activations.models import Activation
from activations.snapshots.registry import Absent, snapshot
from enphase import Client, Rejected
from enphase.records import BatteryMode, BatterySettings, GridStatus, LoadControl, StormGuard
from portal.operations.models import Operation

NO_BATTERY = "This site has no Enphase battery."
NEVER_REPORTED = "The gateway has never reported, so nobody knows whether the grid is there."

R = TypeVar("R")


def _of_battery(read: Callable[[int], R], activation: Activation) -> R:
    """Read something only sites with a battery have. Their 422 is an answer: there is none."""
    try:
        return read(activation.system_id)
    except Rejected as refusal:
        said = " ".join(refusal.texts).casefold()
        if refusal.status == 422 and ("pv only" in said or "have encharge" in said):
            raise Absent(NO_BATTERY) from None
        raise


# ------------------------------------------------------------------ what it may do with the grid


@snapshot(
    "battery-mode",
    title="Battery and the grid",
    operation="get_battery_mode",
    parse=BatteryMode.from_api,
    page="controls:battery",
    # Import Only and Export Only are fields of the activation, and say what is allowed.
    writes=("battery.update_mode", "activation.update"),
)
def battery_mode(client: Client, activation: Activation, key: str) -> BatteryMode:
    return _of_battery(client.activations.get_battery_mode, activation)


@battery_mode.facts
def _mode_facts(record: BatteryMode) -> dict[str, str]:
    return rules.words(rules.mode_values(record), rules.MODE_LABELS)


@battery_mode.restore
def _restore_mode(
    activation: Activation, record: BatteryMode, *, actor: Any, token: UUID, reason: str
) -> Operation:
    return services.queue_mode(
        activation,
        rules.mode_values(record),
        base=services.values_now(activation, "battery-mode"),
        actor=actor,
        token=token,
        reason=reason,
    )


# ------------------------------------------------------------------ profile and reserve


@snapshot(
    "battery-settings",
    title="Battery mode and reserve",
    operation="get_battery_settings",
    parse=BatterySettings.from_api,
    page="controls:battery",
    # Charging from the grid shows here, and is set with the battery mode.
    writes=("battery.update_settings", "battery.update_mode", "activation.update"),
)
def battery_settings(client: Client, activation: Activation, key: str) -> BatterySettings:
    return _of_battery(client.config.get_battery_settings, activation)


@battery_settings.facts
def _settings_facts(record: BatterySettings) -> dict[str, str]:
    facts = rules.words(rules.settings_values(record), rules.SETTINGS_LABELS)
    if record.charge_from_grid is not None:
        facts["Charges from the grid"] = "Yes" if record.charge_from_grid else "No"
    if record.battery_shutdown_level_percent is not None:
        facts["Shutdown level"] = f"{record.battery_shutdown_level_percent:g} %"
    return facts


@battery_settings.restore
def _restore_settings(
    activation: Activation, record: BatterySettings, *, actor: Any, token: UUID, reason: str
) -> Operation:
    return services.queue_settings(
        activation,
        rules.settings_values(record),
        base=services.values_now(activation, "battery-settings"),
        actor=actor,
        token=token,
        reason=reason,
    )


# ------------------------------------------------------------------ storms


@snapshot(
    "storm-guard",
    title="Storm Guard",
    operation="get_storm_guard",
    parse=StormGuard.from_api,
    page="controls:battery",
    writes=("storm_guard.update",),
)
def storm_guard(client: Client, activation: Activation, key: str) -> StormGuard:
    return _of_battery(client.config.get_storm_guard, activation)


@storm_guard.facts
def _storm_facts(record: StormGuard) -> dict[str, str]:
    """Whether it is on. Whether it is active is the weather's doing, and no change by people."""
    values = rules.storm_values(record)
    return {"Storm Guard": rules.show("storm_guard_status", values["storm_guard_status"])}


@storm_guard.restore
def _restore_storm(
    activation: Activation, record: StormGuard, *, actor: Any, token: UUID, reason: str
) -> Operation:
    return services.queue_storm(
        activation,
        rules.storm_values(record),
        base=services.values_now(activation, "storm-guard"),
        actor=actor,
        token=token,
        reason=reason,
    )


# ------------------------------------------------------------------ loads


@snapshot(
    "load-control",
    title="Load control",
    operation="get_load_control",
    parse=LoadControl.from_api,
    page="controls:loads",
    writes=("load_control.update",),
)
def load_control(client: Client, activation: Activation, key: str) -> LoadControl:
    return client.config.get_load_control(activation.system_id)


@load_control.facts
def _load_facts(record: LoadControl) -> dict[str, str]:
    return {
        f"{contact.name} {contact.load_name or ''}".strip(): rules.contact_words(contact)
        for contact in record.load_control_data
        if contact.name
    }


@load_control.restore
def _restore_loads(
    activation: Activation, record: LoadControl, *, actor: Any, token: UUID, reason: str
) -> Operation:
    return services.queue_contacts_back(activation, record, actor=actor, token=token, reason=reason)


# ------------------------------------------------------------------ the grid


@snapshot(
    "grid-status",
    title="Grid status",
    operation="get_grid_status",
    parse=GridStatus.from_api,
    max_age=timedelta(hours=1),
    page="activations:grid",
)
def grid_status(client: Client, activation: Activation, key: str) -> GridStatus:
    """On Grid, Off Grid or Unknown. Nobody sets it, so it has no facts and no drift."""
    try:
        return client.config.get_grid_status(activation.system_id)
    except Rejected as refusal:
        if refusal.status == 422 and "not reported" in " ".join(refusal.texts).casefold():
            raise Absent(NEVER_REPORTED) from None
        raise
