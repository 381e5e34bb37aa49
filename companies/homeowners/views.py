"""The directory of home owners, the page of one, a new one, and corrections."""

import time
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from companies.access import MAY_CHANGE
from companies.homeowners import editing, services, tasks
from companies.homeowners.forms import EmailForm, NewOwnerForm
from companies.homeowners.models import HomeOwner, SiteAccess
from companies.homeowners.places import places
from portal.operations.models import AuditEvent, Operation
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest, form_token

PAGE = 50
OPERATIONS_SHOWN = 20
EVENTS_SHOWN = 15
MAX_QUERY = 100
STATES = {
    "invited": "Invited",
    "has_access": "Has access",
    "revoked": "Revoked",
}
COLUMNS = [
    {"label": "Name"},
    {"label": "E-mail and phone"},
    {"label": "Sites", "end": True},
    {"label": "Access"},
    {"label": "Last change", "end": True},
]


# ------------------------------------------------------------------ list


@require_safe
def owner_list(request: PortalRequest) -> HttpResponse:
    """By name, found by parts of name, address, phone or site. Reads our tables only."""
    company = request.access.company
    wanted = request.GET.get("q", "").replace("\x00", "").strip()[:MAX_QUERY]
    state = request.GET.get("state", "")
    state = state if state in STATES else ""
    # Support opens a company first, which that company's trail keeps.
    everybody = HomeOwner.objects.for_user(request.user).filter(company=company)
    owners = everybody
    if wanted:
        by_site = places().owners_matching(company, request.user, wanted) if company else []
        owners = owners.matching(wanted, by_site)
    if state:
        held = SiteAccess.objects.for_user(request.user).filter(state=state)
        owners = owners.filter(pk__in=held.values("home_owner"))
    rows = list(_after(owners, everybody, request.GET.get("after", ""))[: PAGE + 1])
    shown = rows[:PAGE]
    kept = {name: value for name, value in (("q", wanted), ("state", state)) if value}
    narrowed = bool(wanted or state)
    context = {
        "rows": _described(request, shown),
        "columns": COLUMNS,
        "q": wanted,
        "state": state,
        "kept": [{"name": "state", "value": state}] if state else [],
        "chips": _chips(wanted, state),
        "total": None if narrowed else everybody.count(),
        "more_url": f"?{urlencode({**kept, 'after': shown[-1].pk})}" if len(rows) > PAGE else "",
        "narrowed": narrowed,
        "may_create": bool(company and request.access.role_in(company.pk) in MAY_CHANGE),
        "has_company": company is not None,
    }
    return render(request, "homeowners/list.html", context)


def _after(owners: Any, everybody: Any, cursor: str) -> Any:
    """The rows behind the last one of the page before, in the order of the index.

    That one may fit the filter no more, so its place is looked up among `everybody`.
    """
    owners = owners.order_by("sort_key", "pk")
    if not (cursor.isdecimal() and len(cursor) < 19):
        return owners
    last = everybody.filter(pk=int(cursor)).values_list("sort_key", "pk").first()
    if last is None:
        return owners
    return owners.filter(Q(sort_key__gt=last[0]) | Q(sort_key=last[0], pk__gt=last[1]))


def _described(request: PortalRequest, owners: list[HomeOwner]) -> list[dict[str, Any]]:
    """Each row of a page with its number of sites and its states of access: three queries."""
    if not owners:
        return []
    counts = places().counts(request.access.company, request.user, owners)
    numbers: dict[int, dict[str, int]] = {}
    accesses = SiteAccess.objects.for_user(request.user).filter(home_owner__in=owners)
    grouped = accesses.order_by().values_list("home_owner", "state").annotate(number=Count("pk"))
    for owner, state, number in grouped:
        numbers.setdefault(owner, {})[state] = number
    return [
        {
            "owner": owner,
            "sites": counts.get(owner.pk, 0),
            "states": [
                {"state": state, "label": label, "number": numbers[owner.pk][state]}
                for state, label in SiteAccess.State.choices
                if numbers.get(owner.pk, {}).get(state)
            ],
        }
        for owner in owners
    ]


def _chips(wanted: str, state: str) -> list[dict[str, Any]]:
    chips = []
    for name, label in STATES.items():
        on = name == state
        query = {
            key: value for key, value in (("q", wanted), ("state", "" if on else name)) if value
        }
        chips.append({"label": label, "on": on, "url": f"?{urlencode(query)}"})
    return chips


# ------------------------------------------------------------------ one person


def _find(request: PortalRequest, pk: int) -> HomeOwner:
    visible = HomeOwner.objects.for_user(request.user).select_related("company")
    owner: HomeOwner = get_object_or_404(visible, pk=pk)
    return owner


@require_safe
def owner_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """Our copy of a person, their sites, and what happened. Causes no hit."""
    owner = _find(request, pk)
    wanted = request.GET.get("site", "").replace("\x00", "").strip()[:MAX_QUERY]
    operations = list(
        services.operations_of(owner, request.user)
        .select_related("activation")
        .order_by("-pk")[:OPERATIONS_SHOWN]
    )
    events = (
        AuditEvent.objects.for_user(request.user)
        .filter(operation__in=operations)
        .select_related("operation")
        .order_by("-pk")
    )
    context = {
        **_common(request, owner),
        "sites": _sites(request, owner),
        "operations": operations,
        "running": [one for one in operations if one.is_busy][:3],
        "events": list(events[:EVENTS_SHOWN]),
        "wanted": wanted,
        "found": places().find(owner.company, request.user, wanted) if wanted else [],
    }
    return render(request, "homeowners/detail.html", context)


def _common(request: PortalRequest, owner: HomeOwner) -> dict[str, Any]:
    return {
        "owner": owner,
        "may_change": request.access.role_in(owner.company_id) in MAY_CHANGE,
        "can_edit": editing.can_edit(owner),
        "awaited": _awaited(request, owner),
        "problem": tasks.problem_of(owner),
    }


def _sites(request: PortalRequest, owner: HomeOwner) -> list[dict[str, Any]]:
    """Sites with the person's part in them: owner, host, access given from here."""
    accesses = {
        access.activation_id: access
        for access in SiteAccess.objects.for_user(request.user)
        .filter(home_owner=owner)
        .select_related("end")
    }
    return [
        {"place": place, "access": accesses.get(place.activation)}
        for place in places().of_owner(owner, request.user)
    ]


@require_POST
def refresh(request: PortalRequest, pk: int) -> HttpResponse:
    """Let a worker read the person anew (1 hit)."""
    owner = _find(request, pk)
    request.access.require_installer(owner.company_id)
    if not tasks.ask(owner):
        messages.error(request, "No worker can be told right now. Try again in a minute.")
        return redirect(_back(request, owner))
    url = _back(request, owner)
    return redirect(f"{url}{'&' if '?' in url else '?'}asked={time.time():.3f}")


def _back(request: PortalRequest, owner: HomeOwner) -> str:
    """The page that asked, or the person's own."""
    wanted = request.POST.get("next", "").partition("?")[0]
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return reverse("homeowners:detail", args=[owner.pk])


@require_safe
def freshness(request: PortalRequest, pk: int) -> HttpResponse:
    """The line about age, asked for while a worker reads; the page follows once it has."""
    owner = _find(request, pk)
    if not request.htmx:
        return redirect("homeowners:detail", pk)
    context = _common(request, owner)
    response = render(request, "homeowners/_freshness.html", context)
    if not context["awaited"] and not context["problem"]:
        response["HX-Refresh"] = "true"
    return response


def _awaited(request: PortalRequest, owner: HomeOwner) -> str:
    """Since when an answer is awaited, as in the address; "" when none is."""
    asked = request.GET.get("asked", "")
    try:
        return asked if tasks.is_awaited(owner, float(asked)) else ""
    except ValueError:
        return ""


# ------------------------------------------------------------------ a new one


@sensitive_post_parameters("email", "first_name", "last_name", "phone")
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PortalRequest) -> HttpResponse:
    """Search first, then names. POST: `search` (our copy, free), `ask` (1 hit), `create`."""
    company = request.access.company
    if company is None:
        raise Http404
    request.access.require_installer(company.pk)
    if request.method != "POST":
        return _new_page(request, EmailForm(initial=_typed_before(request)))
    do = request.POST.get("do", "search")
    if do == "create":
        return _create(request)
    form = EmailForm(request.POST)
    if not form.is_valid():
        return _new_page(request, form, status=422)
    email = form.cleaned_data["email"]
    known = services.known_owner(company, email)
    if known is None and do == "ask":
        try:
            found = services.find_owner(company, email, request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
            return _new_page(request, form, asked=True, status=422)
        if found is None:
            typed = NewOwnerForm(initial={"email": email, **_typed_before(request)})
            return _new_page(request, typed, step="names")
        known = found.home_owner
    return _new_page(request, form, known=known, step="known" if known else "ask")


def _create(request: PortalRequest) -> HttpResponse:
    form = NewOwnerForm(request.POST)
    if not form.is_valid():
        return _new_page(request, form, step="names", status=422)
    try:
        operation = services.queue_home_owner(
            request.access.company,
            **form.values(),
            actor=request.user,
            token=form_token(request),
        )
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _new_page(request, form, step="names", status=422)
    return redirect("homeowners:creating", operation.pk)


def _typed_before(request: PortalRequest) -> dict[str, Any]:
    """What was typed for a create that failed (`?again=<operation>`): nothing is typed twice."""
    again = request.GET.get("again", "") or request.POST.get("again", "")
    if not (again.isdecimal() and len(again) < 19):
        return {}
    creates = Operation.objects.for_user(request.user).filter(
        company=request.access.company, kind="home_owner.create"
    )
    operation = creates.filter(pk=int(again)).first()
    if operation is None:
        return {}
    names = ("email", "first_name", "last_name", "phone", "email_reports")
    return {name: operation.payload[name] for name in names if name in operation.payload}


def _new_page(
    request: PortalRequest,
    form: EmailForm,
    *,
    known: HomeOwner | None = None,
    step: str = "email",
    asked: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "known": known,
        "step": step,
        "asked": asked,
        "token": form_token(request),
        "again": request.GET.get("again", "") or request.POST.get("again", ""),
        "known_sites": places().of_owner(known, request.user)[:5] if known else [],
    }
    return render(request, "homeowners/new.html", context, status=status)


@require_safe
def creating(request: PortalRequest, pk: int) -> HttpResponse:
    """How the creation of a home owner goes, and where to go on then."""
    creates = Operation.objects.for_user(request.user).filter(kind="home_owner.create")
    operation = get_object_or_404(creates, pk=pk)
    owner = (
        HomeOwner.objects.for_user(request.user)
        .filter(company=operation.company_id, pk=operation.result.get("home_owner") or 0)
        .first()
    )
    context = {
        "operation": operation,
        "owner": owner,
        "may_change": request.access.role_in(operation.company_id) in MAY_CHANGE,
    }
    return render(request, "homeowners/creating.html", context)


# ------------------------------------------------------------------ correct


@sensitive_post_parameters("email", "first_name", "last_name", "phone")
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PortalRequest, pk: int) -> HttpResponse:
    """Correct a person. POST goes `review` (before and after) → `confirm` (queued)."""
    owner = _find(request, pk)
    request.access.require_installer(owner.company_id)
    if not editing.can_edit(owner):
        return render(request, "homeowners/edit.html", _common(request, owner), status=409)
    state = editing.step(request, owner)
    if state.operation is not None:
        return redirect("homeowners:detail", pk)
    context = {
        **_common(request, owner),
        **state.context,
        "leave_url": reverse("homeowners:detail", args=[pk]),
    }
    return render(request, "homeowners/edit.html", context, status=state.status)
