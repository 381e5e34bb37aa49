"""Changing a site in groups: form, then before and after, then one operation."""

import uuid
from typing import Any

from django.core import signing
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from activations import drafts, services, values
from activations.forms import EquipmentForm, GridForm, GroupForm, SiteForm
from activations.models import Activation
from activations.snapshots import services as snapshots
from activations.snapshots.sheets import sheet
from activations.views.sites import find_site, may_change, site_context
from portal.operations.models import Operation
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest, form_token, page_or_fragment

GROUPS: dict[str, tuple[str, type[GroupForm]]] = {
    "site": ("Site", SiteForm),
    "equipment": ("Equipment", EquipmentForm),
    "grid": ("Grid", GridForm),
}
TITLES = {
    "site": "Change site and address",
    "equipment": "Change equipment",
    "grid": "Change grid settings",
}
SALT = "activations.edit"
BASE_SECONDS = 24 * 3600
# One read to compare, one write, one read back.
HITS = 3


@require_http_methods(["GET", "HEAD", "POST"])
def site_group(request: PortalRequest, pk: int, group: str) -> HttpResponse:
    """A group's page: a form for those who may change it, words for the others.

    POST goes `review` (before and after) → `confirm` (queued); `edit` goes back to the form with
    what was typed, `redraw` only draws it anew. What the person saw travels along, signed, so that
    the worker can compare it with what Enphase holds by then.
    """
    if group not in GROUPS:
        raise Http404("No such group.")
    activation = find_site(request, pk)
    if request.method == "POST":
        request.access.require_installer(activation.company_id)
    now = values.seen(activation)
    if not may_change(request, activation) or activation.detail_at is None or activation.gone_at:
        return _read_only(request, activation, group, now)
    if request.method != "POST":
        form = _form(activation, group, now)
        return _page(request, activation, group, form, now, uuid.uuid4())

    base, fresh = _base(request, activation, group, now)
    token = form_token(request)
    form = _form(activation, group, base, request.POST)
    step = request.POST.get("do", "review")
    if step in ("redraw", "edit"):
        return _page(request, activation, group, form.unchecked(), base, token)
    if not form.is_valid():
        return _page(request, activation, group, form, base, token, status=422)
    changes = changes_of(form, base)
    if not changes:
        form.add_error(None, "Nothing was changed.")
        return _page(request, activation, group, form, base, token, status=422)
    names = {
        "before": drafts.names_of(base, activation.company),
        "after": drafts.names_of({**base, **changes}, activation.company),
    }
    if step != "confirm" or not fresh:
        return _review(request, activation, group, form, base, changes, names, token)
    try:
        operation = services.queue_change(
            activation,
            title=TITLES[group],
            changes=changes,
            base=base,
            names=names,
            actor=request.user,
            token=token,
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, activation, group, form, base, token, status=422)
    return redirect("operations:detail", operation.pk)


def changes_of(form: GroupForm, base: dict[str, Any]) -> dict[str, Any]:
    """The fields to be sent. What the form did not ask is left to Enphase."""
    new = form.values()
    if isinstance(form, GridForm):
        new = {name: new[name] for name in new if name in form.fields or name == "operational"}
    return services.changes_between(base, new)


def _form(activation: Activation, group: str, known: dict[str, Any], data: Any = None) -> GroupForm:
    _title, kind = GROUPS[group]
    chosen = str(data.get("pv_manufacturer") or "") if data is not None else ""
    maker = int(chosen) if chosen.isdecimal() else None
    if data is None:
        maker = known.get("pv_manufacturer")
    form = kind(
        data,
        company=activation.company,
        around=known,
        editing=True,
        initial=kind.initial_of(known),
        **drafts.catalog_for(group, known, activation.company, maker, read=data is not None),
    )
    form.redraw_at(reverse("activations:" + group, args=[activation.pk]))
    return form


def _base(
    request: PortalRequest, activation: Activation, group: str, now: dict[str, Any]
) -> tuple[dict[str, Any], bool]:
    """What the person saw when the form was made; our copy of now, and False, if that is lost."""
    try:
        signed = signing.loads(request.POST.get("base", ""), salt=SALT, max_age=BASE_SECONDS)
    except signing.BadSignature:
        return now, False
    if signed.get("site") != activation.pk or signed.get("group") != group:
        return now, False
    seen: dict[str, Any] = signed["values"]
    return seen, True


def _common(
    request: PortalRequest, activation: Activation, group: str, base: dict[str, Any]
) -> dict[str, Any]:
    title, _form_class = GROUPS[group]
    return {
        **site_context(request, activation, group),
        **(_grid_now(request, activation, base) if group == "grid" else {}),
        "group": group,
        "heading": title,
        "title": TITLES[group],
        "hits": HITS,
        "base": signing.dumps(
            {"site": activation.pk, "group": group, "values": base}, salt=SALT, compress=True
        ),
        "running": Operation.objects.for_user(request.user)
        .filter(activation=activation, kind="activation.update")
        .open()
        .first(),
    }


def _grid_now(
    request: PortalRequest, activation: Activation, known: dict[str, Any]
) -> dict[str, Any]:
    """Is the grid there, and how many microinverters run the profile that is asked for?

    Reads copies: the status of the grid, and what the devices page has read of microinverters.
    """
    copies = sheet(request, activation, [("activation", ""), ("grid-status", "")])
    inverters = snapshots.current(activation, "inverters")
    micros = inverters.record.micros if inverters is not None and inverters.record else []
    profile = known.get("grid_profile")
    return {
        "sheet": copies,
        "grid": copies.copy("grid-status"),
        "profile": drafts.names_of({"grid_profile": profile}, activation.company).get(
            "grid_profile", profile
        ),
        "micros": len(micros) if profile else 0,
        "applied": sum(1 for micro in micros if micro.profile == profile),
        "micros_at": inverters.fetched_at if inverters is not None else None,
    }


def _page(
    request: PortalRequest,
    activation: Activation,
    group: str,
    form: GroupForm,
    base: dict[str, Any],
    token: uuid.UUID,
    status: int = 200,
) -> HttpResponse:
    context = {**_common(request, activation, group, base), "form": form, "token": token}
    return page_or_fragment(
        request,
        page="activations/edit.html",
        fragment="activations/_edit_form.html",
        context=context,
        status=status,
    )


def _review(
    request: PortalRequest,
    activation: Activation,
    group: str,
    form: GroupForm,
    base: dict[str, Any],
    changes: dict[str, Any],
    names: dict[str, dict[str, str]],
    token: uuid.UUID,
) -> HttpResponse:
    """Before and after. Everything typed stands in the page, so nothing is lost going back."""
    rows = [
        {
            "field": label,
            "before": values.show(name, base.get(name), names["before"]),
            "after": values.show(name, changes[name], names["after"]),
        }
        for name, label in values.LABELS.items()
        if name in changes
    ]
    context = {
        **_common(request, activation, group, base),
        "form": form,
        "token": token,
        "rows": rows,
    }
    return render(request, "activations/review.html", context)


def _read_only(
    request: PortalRequest, activation: Activation, group: str, now: dict[str, Any]
) -> HttpResponse:
    """What our copy holds, in words."""
    _title, kind = GROUPS[group]
    company = activation.company
    names = drafts.names_of(now, company)
    shown = {name: now.get(name) for name in kind.wire if now.get(name) not in (None, "", [])}
    context = {
        **_common(request, activation, group, now),
        "pairs": [
            {"label": label, "value": value} for label, value in values.rows(shown, names).items()
        ],
    }
    status = 409 if request.method == "POST" else 200
    return render(request, "activations/group.html", context, status=status)
