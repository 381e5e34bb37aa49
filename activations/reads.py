"""What the hub reads of a site: the activation itself, and its production."""

from datetime import timedelta
from typing import Any

from django.urls import reverse

from activations import services, sync, values
from activations.catalog.models import GridProfile
from activations.models import Activation
from activations.snapshots.registry import Absent, snapshot
from activations.snapshots.services import Thing
from enphase import Client, Rejected
from enphase.records import Activation as Record
from enphase.records import ProductionMode
from portal.operations.models import Operation
from portal.ui.errors import Refused

NOT_YET = "Production can be asked for from stage 3 on."


def things_of(activation: Activation) -> list[Thing]:
    """What the pages of the hub are made of: production is asked for from stage 3 on."""
    things = [("activation", "")]
    return [*things, ("production", "")] if activation.stage > 2 else things


@snapshot(
    "activation",
    title="Activation",
    operation="get_activation",
    parse=Record.from_api,
    page="activations:detail",
    writes=("activation.create", "activation.update"),
)
def activation_record(client: Client, activation: Activation, key: str) -> Record:
    """Read the whole record into the columns too. A 404 means that the site is gone."""
    try:
        record = client.activations.get_activation(activation.system_id)
    except Rejected as refusal:
        if refusal.status != 404:
            raise
        sync.forget(activation)
        raise Refused("This site is not at Enphase any more.") from None
    row = sync.adopt(activation.company, record, detail=True)
    return values.detail_of(row)


@activation_record.facts
def _activation_facts(record: Record) -> dict[str, str]:
    names = {
        "owner_id": record.owner_name or str(record.owner_id),
        "host_id": record.host_name or str(record.host_id),
        "installer_id": record.installer_name or str(record.installer_id),
    }
    fields = values.values_of(record)
    del fields["voltage"]
    # Enphase tells the name beside the id; a name without an id is somebody's own.
    for name in ("pv_manufacturer", "pv_model"):
        if fields[name] and fields[f"{name}_name"]:
            names[name] = fields.pop(f"{name}_name")
    if profile := GridProfile.objects.filter(enphase_id=record.grid_profile).first():
        names["grid_profile"] = str(profile)
    return {
        label: words for label, words in values.rows(fields, names).items() if words != "Not set"
    }


@activation_record.restore
def _restore_activation(
    activation: Activation, record: Record, *, actor: Any, token: Any, reason: str
) -> Operation:
    """Write back the fields that differ; what was not set then cannot be unset."""
    now = values.seen(activation)
    then = {name: value for name, value in values.values_of(record).items() if value is not None}
    changes = services.changes_between(now, then)
    return services.queue_change(
        activation,
        title="Write the former values back",
        changes=changes,
        base=now,
        reason=reason,
        actor=actor,
        token=token,
    )


@snapshot(
    "production",
    title="Production",
    operation="get_production_mode",
    parse=ProductionMode.from_api,
    page="activations:production",
    max_age=timedelta(hours=1),
    writes=("activation.set_production_mode",),
)
def production(client: Client, activation: Activation, key: str) -> ProductionMode:
    """Ask the gateway. It has no mode to tell while there is none, or none that ever reported."""
    if activation.stage <= 2:
        raise Absent(NOT_YET)
    try:
        mode = client.activations.get_production_mode(activation.system_id)
    except Rejected as refusal:
        if refusal.status != 422:
            raise
        raise Absent("This system has no gateway that could tell.") from None
    if mode.mode is None:
        raise Refused("The gateway did not say whether it produces.")
    sync.take_in_production(activation, mode)
    return mode


@production.facts
def _production_facts(mode: ProductionMode) -> dict[str, str]:
    return {"Production": {"on": "On", "off": "Off"}.get(mode.mode or "", "Not known")}


@production.restored_at
def _switch_page(activation: Activation, mode: ProductionMode) -> str:
    """A switch has a page of its own: it asks for a reason, or whether anybody is on the roof."""
    if mode.mode not in ("on", "off"):
        return reverse("activations:production", args=[activation.pk])
    return reverse("activations:switch", args=[activation.pk, mode.mode])
