"""What the battery may do with the grid, on many sites at once."""

from typing import Any

from django import forms

from activations.bulk import site_of
from activations.controls import rules, services
from activations.forms.bulk import ValueForm
from activations.models import Activation
from activations.snapshots.models import Snapshot
from companies.models import Company
from portal.operations.models import Operation, RunItem
from portal.operations.runs.registry import (
    AlreadySo,
    Cannot,
    Change,
    Look,
    Value,
    Verdict,
    bulk_action,
)

NOT_READ = "Its battery was never read. Open its battery page first."
KEEP = [("", "As it is on each site"), ("yes", "Allow"), ("no", "Do not allow")]


class BatteryModeForm(ValueForm):
    cfg = forms.ChoiceField(label=rules.MODE_LABELS["cfg"], choices=KEEP, required=False)
    dtg = forms.ChoiceField(label=rules.MODE_LABELS["dtg"], choices=KEEP, required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not (cleaned.get("cfg") or cleaned.get("dtg")):
            raise forms.ValidationError("Choose what to allow or not to allow.")
        return cleaned

    def value(self) -> Value:
        meaning = {"yes": True, "no": False, "": None}
        return {name: meaning[self.cleaned_data[name]] for name in ("cfg", "dtg")}


@bulk_action(
    "battery-mode",
    label="Battery and grid",
    hint="Whether batteries may charge from the grid and discharge to it.",
    icon="batt",
    write="battery.update_mode",
    # A read to compare, the write, a read back, and the settings that follow from it.
    hits=4,
    form=BatteryModeForm,
    describe=lambda value: "Change what the battery may do with the grid",
    fix=("Open battery", "controls:battery"),
)
def battery_mode(company: Company, value: Value) -> Look:
    """Value: {"cfg": allowed or not, None for as it is, "dtg": the same}."""
    copies = {
        copy.activation_id: copy
        for copy in Snapshot.objects.filter(
            activation__company=company, kind="battery-mode", key=""
        )
    }

    def look(site: Activation) -> Verdict:
        copy = copies.get(site.pk)
        if site.gone_at is not None:
            return Cannot("This site is not at Enphase any more.")
        if copy is None or not copy.is_known:
            return Cannot(NOT_READ)
        if copy.record is None:
            return Cannot(copy.absent or NOT_READ)
        base = rules.mode_values(copy.record)
        wanted = {name: base[name] if value[name] is None else value[name] for name in base}
        before = rules.words(base, rules.MODE_LABELS)
        if wanted == base:
            return AlreadySo(before)
        barred = rules.barred_modes(services.site_rules(site))
        for name, why in barred.items():
            if wanted[name] and not base[name]:
                return Cannot(why)
        if None in wanted.values():
            return Cannot("Enphase does not say what is allowed now. Choose both.")
        after = rules.words(wanted, rules.MODE_LABELS)
        return Change(before, after, {"base": base, "wanted": wanted})

    return look


@battery_mode.queue
def _queue_battery_mode(item: RunItem, value: Value, actor: Any) -> Operation:
    seen = item.seen
    return services.queue_mode(site_of(item, actor), seen["wanted"], base=seen["base"], actor=actor)


@battery_mode.undo
def _former_battery_mode(operation: Operation) -> Value:
    base: Value = operation.payload["base"]
    return {"cfg": base["cfg"], "dtg": base["dtg"]}
