"""Switching a whole site on and off, and watching the gateway obey."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from activations import services, values
from activations.forms import ProductionForm
from activations.models import Activation
from activations.snapshots.sheets import sheet
from activations.views.sites import find_site, find_site_to_change, site_context
from portal.operations.models import Operation
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest, form_token
from portal.ui.zones import zone_named

# One read to compare, one write, and a read each time the gateway is asked.
HITS = "2 hits and 1 a look"
SWITCHES_SHOWN = 6
# Outside these hours a count of none producing says nothing about the switch.
DAWN, DUSK = 6, 20


@require_safe
def production(request: PortalRequest, pk: int) -> HttpResponse:
    """Mode, how many produce, the last switch and its progress. Causes no hit."""
    activation = find_site(request, pk)
    return render(request, "activations/production.html", _context(request, activation))


@require_safe
def production_panel(request: PortalRequest, pk: int) -> HttpResponse:
    """The part of the page that asks for itself while a switch is under way."""
    activation = find_site(request, pk)
    if not request.htmx:
        return redirect("activations:production", pk)
    return render(request, "activations/_production_panel.html", _context(request, activation))


def _context(request: PortalRequest, activation: Activation) -> dict[str, Any]:
    switches = list(
        Operation.objects.for_user(request.user)
        .filter(activation=activation, kind="activation.set_production_mode")
        .order_by("-pk")[: SWITCHES_SHOWN + 1]
    )
    last = switches[0] if switches else None
    counts = activation.production
    return {
        **site_context(request, activation, "production"),
        "heading": "Production",
        "sheet": sheet(request, activation, [("production", "")]),
        "operation": last,
        "switches": switches[:SWITCHES_SHOWN],
        "more_switches": len(switches) > SWITCHES_SHOWN,
        "night": _night(activation),
        "mode": activation.production_mode,
        "total": counts.get("total_micros"),
        "producing": counts.get("energy_producing_micros"),
        "why_not": services.why_not_switchable(activation),
        "may_turn_back": services.may_turn_back(last),
        "pto": _pto(activation),
    }


def _night(activation: Activation) -> str:
    """The time at the site when it is night there, "" by day and where the zone is not known."""
    if zone_named(activation.timezone) is None:
        return ""
    now = timezone.localtime()
    return "" if DAWN <= now.hour < DUSK else f"{now:%H:%M}"


def _pto(activation: Activation) -> bool:
    return bool(values.seen(activation)["permission_to_operate"])


@require_http_methods(["GET", "HEAD", "POST"])
def switch(request: PortalRequest, pk: int, mode: str) -> HttpResponse:
    """The question before a switch, and the switch itself."""
    if mode not in ("on", "off"):
        raise Http404("Production is on or off.")
    activation = find_site_to_change(request, pk)
    if why := services.why_not_switchable(activation):
        context = {**_context(request, activation), "refusal": why}
        return render(request, "activations/production.html", context, status=409)
    posted = request.POST if request.method == "POST" else None
    form = ProductionForm(posted, mode=mode, pto_known=_pto(activation))
    token = form_token(request)
    if request.method == "POST" and form.is_valid():
        try:
            services.queue_production(
                activation,
                mode=mode,
                reason=form.cleaned_data.get("reason", "")
                or ("Without permission to operate on record" if form.fields.get("no_pto") else ""),
                actor=request.user,
                token=token,
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("activations:production", pk)
    known = {"on": "On", "off": "Off"}
    total = activation.production.get("total_micros")
    context = {
        **_context(request, activation),
        "form": form,
        "token": token,
        "wanted": mode,
        "rows": [
            {
                "field": "Production mode",
                "before": known.get(activation.production_mode, "Not known"),
                "after": known[mode],
            }
        ],
        "micros": f"{total} microinverters" if total else "All microinverters",
    }
    return render(request, "activations/switch.html", context, status=422 if form.errors else 200)
