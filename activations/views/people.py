"""Who owns a site, who may see it, who may work on it."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from activations import services, values
from activations.forms import OwnerForm, SubcontractorForm
from activations.models import Activation
from activations.views.sites import find_site, find_site_to_change, may_change, site_context
from companies.homeowners.models import HomeOwner, SiteAccess
from companies.homeowners.services import Found, find_owner, queue_access
from companies.models import Subcontractor
from portal.operations.models import Operation
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest


@require_http_methods(["GET", "HEAD", "POST"])
def people(request: PortalRequest, pk: int) -> HttpResponse:
    """Owner, access and subcontractors. POST: `find` (1 hit), `owner`, `grant`, `subcontractor`."""
    activation = find_site(request, pk)
    if request.method != "POST":
        return _page(request, activation)
    request.access.require_installer(activation.company_id)
    do = request.POST.get("do", "")
    if do == "subcontractor":
        return _add_subcontractor(request, activation)
    form = OwnerForm(request.POST)
    if not form.is_valid():
        return _page(request, activation, form=form, status=422)
    try:
        if do == "find":
            return _find(request, activation, form)
        if do == "grant":
            return _grant(request, activation, form)
        return _make_owner(request, activation, form)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, activation, form=form, status=422)


def _find(request: PortalRequest, activation: Activation, form: OwnerForm) -> HttpResponse:
    found = find_owner(activation.company, form.cleaned_data["email"], request.user)
    return _page(request, activation, form=form, found=found, looked=True)


def _make_owner(request: PortalRequest, activation: Activation, form: OwnerForm) -> HttpResponse:
    """Known people by the id we remember, new ones with a name."""
    typed = form.cleaned_data
    known = _known(activation, typed["email"])
    if known is None and not form.require_names():
        return _page(request, activation, form=form, looked=True, status=422)
    person = services.Person(
        email=typed["email"],
        user_id=known.enphase_id if known else None,
        first_name=typed["first_name"],
        last_name=typed["last_name"],
        phone=typed["phone"],
        name=known.name if known else "",
    )
    operation = services.queue_owner(
        activation, person=person, actor=request.user, token=_token(request)
    )
    return redirect("operations:detail", operation.pk)


def _grant(request: PortalRequest, activation: Activation, form: OwnerForm) -> HttpResponse:
    known = _known(activation, form.cleaned_data["email"])
    if known is None:
        raise Refused("Nobody at Enphase is known by this address yet. Find the person first.")
    operation = queue_access(
        activation, known, grant=True, actor=request.user, token=_token(request)
    )
    return redirect("operations:detail", operation.pk)


def _known(activation: Activation, email: str) -> HomeOwner | None:
    """Somebody we looked up or created before; the id is what Enphase wants."""
    found: HomeOwner | None = (
        HomeOwner.objects.filter(company=activation.company_id, email__iexact=email)
        .order_by("-pk")
        .first()
    )
    return found


def _add_subcontractor(request: PortalRequest, activation: Activation) -> HttpResponse:
    choices = _subcontractors(activation)
    form = SubcontractorForm(request.POST, choices=choices)
    if form.is_valid():
        chosen = get_object_or_404(
            Subcontractor.objects.for_user(request.user),
            company=activation.company_id,
            enphase_id=form.cleaned_data["subcontractor"],
        )
        try:
            operation = services.queue_subcontractor(
                activation, subcontractor=chosen, actor=request.user, token=_token(request)
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("operations:detail", operation.pk)
    return _page(request, activation, subcontractor_form=form, status=422)


def _subcontractors(activation: Activation) -> list[tuple[int, str]]:
    """Those who may be added and are not on the site yet."""
    there = {
        other.authorized_subcontractor_id
        for other in values.record_of(activation).authorized_subcontractors
    }
    rows = Subcontractor.objects.filter(company=activation.company_id, enabled=True)
    return [(row.enphase_id, row.name) for row in rows if row.enphase_id not in there]


@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: PortalRequest, pk: int, owner: int) -> HttpResponse:
    """Ask once, name what the person loses, then take the access away."""
    activation = find_site_to_change(request, pk)
    access = get_object_or_404(
        SiteAccess.objects.for_user(request.user).select_related("home_owner"),
        activation=activation,
        home_owner=owner,
    )
    if request.method == "POST":
        try:
            operation = queue_access(
                activation,
                access.home_owner,
                grant=False,
                actor=request.user,
                token=_token(request),
            )
        except Refused as refusal:
            messages.error(request, str(refusal))
            return redirect("activations:people", pk)
        return redirect("operations:detail", operation.pk)
    context = {
        **site_context(request, activation, "people"),
        "heading": "Revoke access",
        "person": access.home_owner,
        "token": uuid.uuid4(),
    }
    return render(request, "activations/revoke.html", context)


def _token(request: PortalRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("token", ""))
    except ValueError:
        return uuid.uuid4()


def _page(
    request: PortalRequest,
    activation: Activation,
    *,
    form: OwnerForm | None = None,
    subcontractor_form: SubcontractorForm | None = None,
    found: Found | None = None,
    looked: bool = False,
    status: int = 200,
) -> HttpResponse:
    record = values.record_of(activation)
    choices = _subcontractors(activation) if may_change(request, activation) else []
    context: dict[str, Any] = {
        **site_context(request, activation, "people"),
        "heading": "People",
        "record": record,
        "owner": record.owner if not isinstance(record.owner, str) else None,
        "host": record.host if not isinstance(record.host, str) else None,
        "accesses": SiteAccess.objects.for_user(request.user)
        .filter(activation=activation)
        .select_related("home_owner"),
        "form": form or OwnerForm(),
        "forms": [one for one in (form, subcontractor_form) if one is not None],
        "subcontractor_form": subcontractor_form
        or (SubcontractorForm(choices=choices) if choices else None),
        "found": found,
        "looked": looked,
        "running": Operation.objects.for_user(request.user)
        .filter(activation=activation, kind__in=("home_owner.grant_access", "activation.update"))
        .open()[:3],
        "token": uuid.uuid4(),
    }
    return render(request, "activations/people.html", context, status=status)
