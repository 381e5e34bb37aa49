"""The estimate of many sites at once: copied from one site, or removed."""

from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import Q

from activations.bulk import site_of
from activations.estimates import services
from activations.estimates.reads import facts_of
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
from portal.ui.forms import ChoiceCards

NOT_READ = "Not read yet"


class EstimateForm(ValueForm):
    what = forms.ChoiceField(
        label="What to do",
        choices=[("copy", "Copy one site's estimate"), ("remove", "Remove the estimate")],
        widget=ChoiceCards(
            hints={
                "copy": "The same twelve months and yearly loss for every site.",
                "remove": "The sites then have no estimate at all.",
            }
        ),
        initial="copy",
    )
    source = forms.CharField(
        label="Copy from",
        required=False,
        max_length=80,
        help_text="Reference or system number of a site whose estimate is known.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.base: services.Base | None = services.wire([], Decimal(0))
        self.source_name = ""
        if cleaned.get("what") == "copy":
            self._find(str(cleaned.get("source") or "").strip())
        return cleaned

    def _find(self, text: str) -> None:
        if not text:
            self.add_error("source", "Name the site to copy from.")
            return
        wanted = Q(reference__iexact=text)
        if text.isascii() and text.isdecimal() and len(text) < 19:
            wanted |= Q(system_id=int(text))
        sites = Activation.objects.for_user(self.user).filter(company=self.company).filter(wanted)
        site = sites.order_by("pk").first()
        self.base = services.base_of(site) if site is not None else None
        if site is None:
            self.add_error("source", "No site of yours has this reference or number.")
        elif self.base is None or not self.base["month_estimates"]:
            self.add_error("source", f"{site.name} has no estimate that we know of.")
        else:
            self.source_name = site.name

    def value(self) -> Value:
        assert self.base is not None
        return {**self.base, "source": self.source_name}


@bulk_action(
    "estimate",
    label="Estimate",
    hint="Copy one site's twelve months to others, or remove them.",
    icon="sun",
    write="estimate.update",
    # A read to compare, and the write, whose answer is what Enphase holds then.
    hits=2,
    form=EstimateForm,
    describe=lambda value: "Set estimate" if value["month_estimates"] else "Remove estimate",
    careful=lambda value: not value["month_estimates"],
    fix=("Open estimate", "estimates:estimate"),
)
def estimate(company: Company, value: Value) -> Look:
    """Value: {"month_estimates": twelve kWh as text or [], "degrade_factor": percent as text}."""
    copies = {
        copy.activation_id: copy
        for copy in Snapshot.objects.filter(activation__company=company, kind="estimate", key="")
    }
    months, loss = _read(value)
    after = {"Estimate": _words(months, loss)}

    def look(site: Activation) -> Verdict:
        if site.gone_at is not None:
            return Cannot("This site is not at Enphase any more.")
        copy = copies.get(site.pk)
        if copy is None or copy.record is None:
            return Change({"Estimate": NOT_READ}, after, {"base": None})
        base = services.wire(copy.record.month_estimates, copy.record.degrade_factor or Decimal(0))
        before = {"Estimate": _words(*_read(base))}
        if not services.changes(base, months, loss)[1]:
            return AlreadySo(before)
        return Change(before, after, {"base": base})

    return look


def _read(value: Value) -> tuple[list[Decimal], Decimal]:
    return [Decimal(text) for text in value["month_estimates"]], Decimal(value["degrade_factor"])


def _words(months: list[Decimal], loss: Decimal) -> str:
    """ "9,412 kWh a year, 0.5% loss", "No estimate"."""
    facts = facts_of(months, loss)
    return f"{facts['Year']} a year, {facts['Yearly loss']} loss" if months else facts["Year"]


@estimate.queue
def _queue_estimate(item: RunItem, value: Value, actor: Any) -> Operation:
    months, loss = _read(value)
    source = f"Copied from {value['source']}" if value.get("source") else ""
    return services.queue_estimate(
        site_of(item, actor),
        months=months,
        loss_percent=loss,
        base=item.seen["base"],
        actor=actor,
        source=source,
    )


@estimate.undo
def _former_estimate(operation: Operation) -> Value:
    """Where nobody had read the estimate, the worker wrote only because there was none."""
    base = operation.payload["base"] or services.wire([], Decimal(0))
    return {"month_estimates": base["month_estimates"], "degrade_factor": base["degrade_factor"]}
