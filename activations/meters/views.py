"""A site's meters: what they are, what they measure, and turning them on and off."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from activations import values
from activations.meters import services
from activations.meters.cards import Card, Overview, checks, overview
from activations.meters.forms import DateForm, SwitchForm
from activations.models import Activation
from activations.snapshots.sheets import sheet
from activations.views.sites import find_site, find_site_to_change, site_context
from portal.operations.models import Operation, State
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest, form_token

KINDS = ("meter.control", "meter.update")
# Compared, sent; and a read each time the meter is asked whether it obeyed.
HITS = "2 hits and 1 a look"


@require_safe
def meter_list(request: PortalRequest, pk: int) -> HttpResponse:
    """A card for each meter. Causes no hit by itself."""
    activation = find_site(request, pk)
    found = overview(activation)
    operations = _operations(request, activation)
    under_way = [operation for operation in operations if operation.is_open]
    for card in found.cards:
        card.is_busy = any(one.payload.get("serial") == card.serial for one in under_way)
    context = {
        **site_context(request, activation, "meters"),
        "heading": "Meters",
        "overview": found,
        "sheet": sheet(request, activation, found.things),
        "open": under_way,
        "last": next(iter(operations), None),
        "moving": any(_moves(operation) for operation in under_way),
        "expected": values.seen(activation)["expected_meter_count"],
    }
    return render(request, "meters/list.html", context)


@require_safe
def detail(request: PortalRequest, pk: int, serial: str) -> HttpResponse:
    """One meter: its day, its facts, what can be done with it."""
    activation = find_site(request, pk)
    found, card = _find(activation, serial)
    return render(request, "meters/detail.html", _context(request, found, card))


def _find(activation: Activation, serial: str) -> tuple[Overview, Card]:
    found = overview(activation)
    card = found.find(serial)
    if card is None:
        raise Http404("This site has no such meter.")
    return found, card


def _context(request: PortalRequest, found: Overview, card: Card) -> dict[str, Any]:
    activation = found.activation
    mine = [
        operation
        for operation in _operations(request, activation)
        if operation.payload.get("serial") == card.serial
    ]
    card.is_busy = any(operation.is_open for operation in mine)
    shown = [("devices", ""), *found.things_of(card)]
    meter = card.meter
    return {
        **site_context(request, activation, "meters"),
        "heading": f"Meter {card.serial}",
        "overview": found,
        "card": card,
        "sheet": sheet(request, activation, [] if card.is_retired else shown),
        "operation": next(iter(mine), None),
        "moving": any(_moves(operation) for operation in mine),
        "facts": [
            {"label": "Kind", "value": card.kind_text},
            {"label": "Set up as", "value": card.config},
            {"label": "Phase", "value": meter.phase if meter else ""},
            {"label": "Gateway", "value": card.gateway},
            {
                "label": "Made by",
                "value": " ".join(filter(None, (meter.manufacturer, meter.model))) if meter else "",
            },
            {
                "label": "Operational since",
                "value": f"{meter.operational_date:%-d %b %Y}"
                if meter and meter.operational_date
                else "",
            },
        ],
        "hours": _hours(card),
    }


def _hours(card: Card) -> list[dict[str, Any]]:
    """The day by the hour, for the table: Wh measured and how many quarters that is."""
    if card.line is None:
        return []
    rows: dict[str, list[float | None]] = {}
    for end, wh in card.line.values:
        begin = timezone.localtime(end - (card.line.values[1][0] - card.line.values[0][0]))
        rows.setdefault(f"{begin:%-d %b, %H}:00", []).append(wh)
    return [
        {
            "hour": hour,
            "wh": sum(known) if (known := [wh for wh in found if wh is not None]) else None,
            "missing": len(found) - len(known),
        }
        for hour, found in rows.items()
    ]


def _moves(operation: Operation) -> bool:
    """Will it get on by itself? What waits for a person does not."""
    return operation.is_busy or operation.state == State.OVERDUE


def _operations(request: PortalRequest, activation: Activation) -> list[Operation]:
    """The newest first."""
    return list(
        Operation.objects.for_user(request.user)
        .filter(activation=activation, kind__in=KINDS)
        .order_by("-pk")[:30]
    )


# ------------------------------------------------------------------ changes


@require_http_methods(["GET", "HEAD", "POST"])
def switch(request: PortalRequest, pk: int, serial: str, state: str) -> HttpResponse:
    """The question before a meter is turned on or off, and the switch itself."""
    if state not in ("on", "off"):
        raise Http404("A meter is on or off.")
    activation = find_site_to_change(request, pk)
    found, card = _find(activation, serial)
    if card.is_retired:
        raise Http404("This meter is not on the site any more.")
    turn_on = state == "on"
    form = SwitchForm(request.POST if request.method == "POST" else None, turn_on=turn_on)
    token = form_token(request)
    if request.method == "POST" and form.is_valid():
        try:
            services.queue_control(
                activation,
                serial,
                turn_on=turn_on,
                actor=request.user,
                reason=form.cleaned_data.get("reason", ""),
                token=token,
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("meters:list", pk)
    context = {
        **_context(request, found, card),
        "form": form,
        "token": token,
        "wanted": state,
        "rows": [
            {"field": "State", "before": card.state_text, "after": "On" if turn_on else "Off"}
        ],
        "checks": checks(found, card, turn_on=turn_on),
        "is_so": card.is_on is turn_on,
        "hits": HITS,
    }
    return render(request, "meters/switch.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def date(request: PortalRequest, pk: int, serial: str) -> HttpResponse:
    """The day from which on a meter counts."""
    activation = find_site_to_change(request, pk)
    found, card = _find(activation, serial)
    if card.is_retired:
        raise Http404("This meter is not on the site any more.")
    known = card.meter.operational_date if card.meter else None
    base = request.POST.get("base") or (known.isoformat() if known else None)
    token = form_token(request)
    form = DateForm(request.POST if request.method == "POST" else None, initial={"day": known})
    if request.method == "POST":
        base = request.POST.get("base") or None
        if form.is_valid():
            try:
                services.queue_date(
                    activation,
                    serial,
                    day=form.cleaned_data["day"],
                    base=base,
                    actor=request.user,
                    token=token,
                )
            except Refused as refusal:
                form.add_error(None, str(refusal))
            else:
                return redirect("meters:detail", pk, serial)
    context = {
        **_context(request, found, card),
        "form": form,
        "token": token,
        "base": base or "",
        "hits": HITS,
    }
    return render(request, "meters/date.html", context, status=422 if form.errors else 200)
