"""From ticked sites to a preview: which change, to which value. Nothing is sent from here."""

import uuid
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from activations.bulk import MAX_SITES, Selection, looked_at
from companies.models import Company
from portal.operations.runs.registry import ACTIONS, BulkAction
from portal.operations.runs.services import preview
from portal.ui.http import PortalRequest, form_token


@require_safe
def choose(request: PortalRequest) -> HttpResponse:
    """What can be done to the chosen sites. `action` in the address goes there at once."""
    company = _company(request)
    selection = Selection.read(request.GET)
    action = request.GET.get("action", "")
    if action in ACTIONS and not selection.is_empty:
        url = reverse("activations:bulk-action", args=[action])
        return redirect(url + selection.query())
    role = request.access.role_in(company.pk)
    context = {
        **_selected(request, company, selection),
        "actions": [
            action for action in ACTIONS.values() if action.listed and role in action.roles
        ],
    }
    return render(request, "activations/bulk_choose.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: PortalRequest, kind: str) -> HttpResponse:
    """The value. POST freezes selection and preview as a run, which nobody has started yet."""
    company = _company(request)
    action = ACTIONS.get(kind)
    if action is None or not action.listed:
        raise Http404("There is no such change of many sites.")
    selection = Selection.read(request.GET)
    selected = _selected(request, company, selection)
    if not selected["count"]:
        return redirect("activations:bulk")
    posted = request.POST if request.method == "POST" else None
    form = action.form(posted, company=company, user=request.user)
    token = form_token(request)
    if request.method == "POST" and form.is_valid():
        run = _freeze(request, company, selection, selected["count"], action, form.value(), token)
        return redirect("operations:run", run.pk)
    context = {**selected, "action": action, "form": form, "token": token}
    return render(
        request, "activations/bulk_value.html", context, status=422 if form.errors else 200
    )


def _freeze(
    request: PortalRequest,
    company: Company,
    selection: Selection,
    count: int,
    action: BulkAction,
    value: dict[str, Any],
    token: uuid.UUID,
) -> Any:
    sites = selection.sites(request.user, company).select_related("company")
    return preview(
        action,
        looked_at(sites.iterator(chunk_size=500), action.look(company, value)),
        company=company,
        branch=request.access.branch,
        actor=request.user,
        value=value,
        selection=selection.words(count),
        token=token,
    )


def _company(request: PortalRequest) -> Company:
    """The company that is open, where this person may change sites."""
    company: Company | None = request.access.company
    if company is None:
        raise Http404
    request.access.require_installer(company.pk)
    return company


def _selected(request: PortalRequest, company: Company, selection: Selection) -> dict[str, Any]:
    count = 0 if selection.is_empty else selection.sites(request.user, company).count()
    back = reverse("activations:list")
    if selection.filters is not None:
        back += selection.filters.query()
    return {
        "count": count,
        "words": selection.words(count),
        "query": selection.query(),
        "back_url": back,
        "is_cut": count == MAX_SITES,
        "most": MAX_SITES,
    }
