"""Having a copy read anew, seeing what it was before, and writing that back."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from activations.models import Activation
from activations.snapshots import services
from activations.snapshots.models import Snapshot, Version
from activations.snapshots.registry import KINDS
from activations.snapshots.sheets import Sheet, context_of, history_url, sheet, things_of, wanted
from activations.views.sites import find_site, find_site_to_change, site_context
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest, form_token

VERSIONS_SHOWN = 50


@require_POST
def refresh(request: PortalRequest, pk: int) -> HttpResponse:
    """Let a worker read what a page is made of.

    With `auto` (the page itself asks): only what is too old, for every member, from the share of
    the budget that people who ask themselves do not need. Otherwise all of it, for those who may
    change the site.
    """
    activation = find_site(request, pk)
    found = _sheet(request, activation)
    if request.GET.get("auto"):
        if found.asks_itself:
            _ask(request, found, wanted(found.things, found.copies), "bulk")
    else:
        request.access.require_installer(activation.company_id)
        if activation.gone_at is None:
            _ask(request, found, found.things, "interactive")
    if request.htmx:
        return _line(request, activation)
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = reverse("activations:detail", args=[pk])
    return redirect(back)


def _ask(request: PortalRequest, found: Sheet, things: list[services.Thing], lane: str) -> None:
    heard = services.ask(found.activation, things, lane=lane, person_id=request.user.pk)
    if not heard and not request.htmx:
        messages.error(request, "The refresh could not be queued. Try again in a minute.")


@require_safe
def line(request: PortalRequest, pk: int) -> HttpResponse:
    """How old the copy is; asks for itself while a reading is under way."""
    activation = find_site(request, pk)
    if not request.htmx:
        return redirect("activations:detail", pk)
    return _line(request, activation)


def _line(request: PortalRequest, activation: Activation) -> HttpResponse:
    found = _sheet(request, activation)
    found.asks_itself = False
    newer = found.has_newer and not found.is_busy
    if newer and not found.editing:
        # The page fetches itself; the line goes on from there.
        found.drawn = found.stamp
    response = render(request, "snapshots/_freshness.html", context_of(found))
    if newer and not found.editing:
        response["HX-Trigger"] = "snapshot-fresh"
    return response


def _sheet(request: PortalRequest, activation: Activation) -> Sheet:
    things = things_of(request, activation)
    found = sheet(request, activation, things, editing=bool(request.GET.get("editing")))
    found.drawn = request.GET.get("drawn", "")[:40]
    asked = request.GET.get("asked", "")
    found.asked = int(asked) if asked.isdecimal() and len(asked) < 4 else 0
    return found


# ------------------------------------------------------------------ history


@require_safe
def history(request: PortalRequest, pk: int, kind: str, key: str = "") -> HttpResponse:
    """What one thing was before, what changed when, and whether one of us did it."""
    activation = find_site(request, pk)
    snapshot = _find(activation, kind, key)
    versions = list(
        snapshot.versions.select_related("operation", "settled_by").order_by("-pk")[
            : VERSIONS_SHOWN + 1
        ]
    )
    for version in versions:
        version.snapshot = snapshot
    entries = [
        {
            "version": version,
            "rows": services.differences(
                versions[number + 1].facts if number + 1 < len(versions) else {}, version.facts
            ),
            "is_first": number + 1 == len(versions),
            "pairs": [{"label": label, "value": value} for label, value in version.facts.items()],
            "may_restore": number > 0 and not services.why_not_restorable(version),
        }
        for number, version in enumerate(versions)
    ][:VERSIONS_SHOWN]
    context = {
        **_context(request, snapshot),
        "entries": entries,
        "more": len(versions) > VERSIONS_SHOWN,
        "sheet": sheet(request, activation, [(kind, key)]),
    }
    return render(request, "snapshots/history.html", context)


def _find(activation: Activation, kind: str, key: str) -> Snapshot:
    declared = KINDS.get(kind)
    if declared is None or declared.to_facts is None:
        raise Http404("Nothing of this kind is kept.")
    snapshot = get_object_or_404(Snapshot, activation=activation, kind=kind, key=key)
    snapshot.activation = activation
    return snapshot


def _context(request: PortalRequest, snapshot: Snapshot) -> dict[str, Any]:
    declared = snapshot.declared
    page = reverse(declared.page, args=[snapshot.activation_id]) if declared.page else ""
    return {
        **site_context(request, snapshot.activation, ""),
        "snapshot": snapshot,
        "heading": f"{declared.title} {snapshot.key}".strip(),
        "page_url": page or reverse("activations:detail", args=[snapshot.activation_id]),
        "history_url": history_url(snapshot.activation, snapshot.kind, snapshot.key),
    }


# ------------------------------------------------------------------ settling


def _version(request: PortalRequest, pk: int, version: int) -> Version:
    activation = find_site_to_change(request, pk)
    found: Version = get_object_or_404(
        Version.objects.for_user(request.user).select_related("snapshot"),
        pk=version,
        snapshot__activation=activation,
    )
    found.snapshot.activation = activation
    return found


@require_POST
def keep(request: PortalRequest, pk: int, version: int) -> HttpResponse:
    """Leave a change from outside as it is; the notice goes."""
    found = _version(request, pk, version)
    services.settle(found, actor=request.user)
    messages.success(request, "The change from outside stays. It is kept in the history.")
    return redirect(_context(request, found.snapshot)["page_url"])


@require_http_methods(["GET", "HEAD", "POST"])
def restore(request: PortalRequest, pk: int, version: int) -> HttpResponse:
    """The question before an earlier state is written back, and the write itself."""
    found = _version(request, pk, version)
    context = _context(request, found.snapshot)
    refusal = services.why_not_restorable(found)
    if not refusal and (elsewhere := services.restore_url(found)):
        return redirect(elsewhere)
    token = form_token(request)
    if request.method == "POST" and not refusal:
        try:
            operation = services.restore(
                found,
                actor=request.user,
                token=token,
                reason=request.POST.get("reason", "").strip()[:300],
            )
        except Refused as error:
            refusal = str(error)
        else:
            return redirect("operations:detail", operation.pk)
    context |= {
        "version": found,
        "rows": services.differences(found.snapshot.facts, found.facts),
        "refusal": refusal,
        "reason": request.POST.get("reason", ""),
        "token": token,
    }
    return render(request, "snapshots/restore.html", context, status=409 if refusal else 200)
