"""One site: what is missing before the next stage, and what is going on."""

from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from activations import values
from activations.catalog.models import GridProfile
from activations.checklist import Checklist, checklist
from activations.models import Activation
from activations.snapshots import services as snapshots
from activations.views.sites import find_site, may_change, site_context
from enphase.records import Activation as Record
from portal.operations.models import AuditEvent, Operation
from portal.ui.http import PortalRequest

EVENTS_SHOWN = 7
# Steps on the way, which the history shows and the summary leaves out.
PASSING = ("operation:sent", "operation:accepted", "operation:looked-up", "operation:deferred")
OPERATIONS_SHOWN = 20
AHEAD = {
    2: "Gateway reports",
    3: "Devices detected",
    4: "Arrays, PTO, 24 h run",
    5: "Hand over to owner",
}


@require_safe
def activation_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """Our copy of the site. Causes no hit."""
    activation = find_site(request, pk)
    record = values.record_of(activation)
    operations = list(
        Operation.objects.for_user(request.user)
        .filter(activation=activation)
        .order_by("-pk")[:OPERATIONS_SHOWN]
    )
    profile = _profile(activation, record)
    tasks = checklist(activation, record, operations, profile)
    _link(tasks, activation, allowed=may_change(request, activation))
    recent = events_of(request, activation).exclude(tag__in=PASSING)
    events = list(recent[: EVENTS_SHOWN + 1])
    context = {
        **site_context(request, activation, "detail"),
        "checklist": tasks,
        "notes": _stage_notes(activation, tasks),
        "running": [one for one in operations if one.is_open and not one.is_scheduled][:3],
        "summary": _summary(activation, record, profile),
        "events": events[:EVENTS_SHOWN],
        # Of all parts: whatever changed behind our back is told here first.
        "site_drift": {"drift": snapshots.open_drift(activation)},
        "owner": record.owner if not isinstance(record.owner, str) else None,
        "map_query": values.one_line(values.address_of(record) or {}),
    }
    return render(request, "activations/detail.html", context)


def events_of(request: PortalRequest, activation: Activation) -> Any:
    """Everything that happened to a site, the newest first, its create included."""
    return (
        AuditEvent.objects.for_user(request.user)
        .filter(Q(activation=activation) | Q(operation__activation=activation))
        .select_related("operation")
        .order_by("-pk")
    )


def _link(tasks: Checklist, activation: Activation, *, allowed: bool) -> None:
    """Tasks lead to the page that settles them, for those who may change something there."""
    for task in tasks.tasks:
        if task.page and (allowed or task.is_done):
            task.url = reverse(f"activations:{task.page}", args=[activation.pk])


def _stage_notes(activation: Activation, tasks: Checklist) -> dict[int, str]:
    """A few words below each stage: our dates for those behind us, checks for the one now."""
    notes = {stage: text for stage, text in AHEAD.items() if stage > activation.stage}
    moves = AuditEvent.objects.filter(
        activation=activation, tag="activation:stage-changed"
    ).order_by("pk")
    for event in moves:
        left = (event.data.get("before") or {}).get("stage")
        if isinstance(left, int) and left < activation.stage:
            notes[left] = f"Until {event.at:%-d %b}"
    notes[activation.stage] = tasks.checks
    return notes


def _profile(activation: Activation, record: Record) -> str:
    """The grid profile's name, or its id while the catalogue does not know it."""
    if not record.grid_profile:
        return ""
    named = GridProfile.objects.filter(
        company=activation.company_id, enphase_id=record.grid_profile
    ).first()
    return str(named or record.grid_profile)


def _summary(activation: Activation, record: Record, profile: str) -> list[dict[str, Any]]:
    partners = [
        f"{other.authorized_subcontractor_name}"
        + ("" if other.is_approved else f" ({(other.status or '').lower()})")
        for other in record.authorized_subcontractors
    ]
    rows = [
        ("Owner", record.owner_name),
        ("Host", record.host_name),
        ("Installer", record.installer_name),
        ("Maintainer", record.maintainer_name),
        ("Subcontractor", ", ".join(partners)),
        ("Grid profile", profile),
        ("Time zone", activation.timezone),
        ("Other references", ", ".join(str(text) for text in activation.other_references)),
    ]
    always = {"Owner", "Installer", "Grid profile"}
    return [{"label": label, "value": value} for label, value in rows if value or label in always]
