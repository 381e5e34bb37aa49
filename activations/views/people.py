"""Who owns a site, who sees it and why, who may work on it."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from activations import matrix, services, values
from activations.forms import OwnerForm, SubcontractorForm
from activations.models import Activation
from activations.views.sites import find_site, find_site_to_change, may_change, site_context
from companies.homeowners.models import HomeOwner, Move, SiteAccess
from companies.homeowners.services import (
    find_owner,
    invite,
    known_owner,
    queue_access,
    two_steps_of,
)
from companies.models import Membership, Subcontractor
from portal.operations.models import Operation
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest, form_token

# Changes that the page shows while they are under way.
KINDS = ("home_owner.grant_access", "home_owner.revoke_access", "activation.update")
# Those that may be the second step of a person being created.
SECOND_STEPS = ("home_owner.grant_access", "activation.update")


@sensitive_post_parameters("email", "first_name", "last_name", "phone")
@require_http_methods(["GET", "HEAD", "POST"])
def people(request: PortalRequest, pk: int) -> HttpResponse:
    """Who sees the site and why. POST: `find` (1 hit at most), `grant`, `invite`, `owner`,
    `subcontractor`."""
    activation = find_site(request, pk)
    if request.method != "POST":
        if typed := _typed_before(request, activation):
            return _page(request, activation, form=OwnerForm(initial=typed), looked=True)
        return _page(request, activation, found=_asked_for(request, activation))
    request.access.require_installer(activation.company_id)
    do = request.POST.get("do", "")
    if do == "subcontractor":
        return _add_subcontractor(request, activation)
    form = OwnerForm(request.POST)
    if not form.is_valid():
        known = known_owner(activation.company, request.POST.get("email", "").replace("\x00", ""))
        return _page(request, activation, form=form, found=known, looked=do != "find", status=422)
    try:
        if do == "find":
            return _find(request, activation, form)
        if do == "grant":
            return _grant(request, activation, form)
        return _make(request, activation, form, owner=do == "owner")
    except Refused as refusal:
        form.add_error(None, str(refusal))
        known = known_owner(activation.company, form.cleaned_data["email"])
        return _page(request, activation, form=form, found=known, looked=bool(known), status=422)


def _asked_for(request: PortalRequest, activation: Activation) -> HomeOwner | None:
    """The person that a link from elsewhere brings along (`?person=<id>`)."""
    person = request.GET.get("person", "")
    if not (person.isdecimal() and len(person) < 19):
        return None
    known = HomeOwner.objects.for_user(request.user).filter(company=activation.company_id)
    found: HomeOwner | None = known.filter(pk=int(person)).first()
    return found


def _typed_before(request: PortalRequest, activation: Activation) -> dict[str, Any]:
    """What was typed for a person who could not be created (`?again=<operation>`)."""
    again = request.GET.get("again", "")
    if not (again.isdecimal() and len(again) < 19):
        return {}
    creates = Operation.objects.for_user(request.user).filter(kind="home_owner.create")
    create = creates.filter(pk=int(again), company=activation.company_id).first()
    if create is None:
        return {}
    names = ("email", "first_name", "last_name", "phone", "email_reports")
    return {name: create.payload[name] for name in names if name in create.payload}


def _find(request: PortalRequest, activation: Activation, form: OwnerForm) -> HttpResponse:
    """In our copy for nothing, else at Enphase for a hit."""
    email = form.cleaned_data["email"]
    known = known_owner(activation.company, email)
    if known is None:
        found = find_owner(activation.company, email, request.user)
        known = found.home_owner if found is not None else None
    return _page(request, activation, form=form, found=known, looked=True)


def _grant(request: PortalRequest, activation: Activation, form: OwnerForm) -> HttpResponse:
    known = known_owner(activation.company, form.cleaned_data["email"])
    if known is None:
        raise Refused("Nobody at Enphase is known by this address yet. Find the person first.")
    queue_access(
        activation,
        known,
        grant=True,
        until=form.ends_at,
        actor=request.user,
        token=form_token(request),
    )
    return redirect("activations:people", activation.pk)


def _make(
    request: PortalRequest, activation: Activation, form: OwnerForm, *, owner: bool
) -> HttpResponse:
    """Owner, or access for somebody new. Known people go by the id we remember, others by name."""
    typed = form.cleaned_data
    known = known_owner(activation.company, typed["email"])
    if known is None and not form.require_names():
        return _page(request, activation, form=form, looked=True, status=422)
    if not owner and known is not None:
        return _grant(request, activation, form)
    if not owner:
        operation = invite(
            activation,
            email=typed["email"],
            first_name=typed["first_name"],
            last_name=typed["last_name"],
            phone=typed["phone"],
            email_reports=typed["email_reports"],
            until=form.ends_at,
            actor=request.user,
            token=form_token(request),
        )
        return redirect("activations:invitation", activation.pk, operation.pk)
    person = services.Person(
        email=typed["email"],
        user_id=known.enphase_id if known else None,
        first_name=typed["first_name"],
        last_name=typed["last_name"],
        phone=typed["phone"],
        name=known.name if known else "",
    )
    operation = services.queue_owner(
        activation, person=person, actor=request.user, token=form_token(request)
    )
    if known is None:
        return redirect("activations:invitation", activation.pk, operation.pk)
    return redirect("activations:people", activation.pk)


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
                activation, subcontractor=chosen, actor=request.user, token=form_token(request)
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


def _page(
    request: PortalRequest,
    activation: Activation,
    *,
    form: OwnerForm | None = None,
    subcontractor_form: SubcontractorForm | None = None,
    found: HomeOwner | None = None,
    looked: bool = False,
    status: int = 200,
) -> HttpResponse:
    if form is not None and looked and found is None:
        form.ask_for_names()
    record = values.record_of(activation)
    allowed = may_change(request, activation)
    choices = _subcontractors(activation) if allowed else []
    operations = (
        Operation.objects.for_user(request.user)
        .filter(activation=activation, kind__in=KINDS)
        .order_by("-pk")
    )
    context: dict[str, Any] = {
        **site_context(request, activation, "people"),
        "heading": "People",
        "record": record,
        "owner": record.owner if not isinstance(record.owner, str) else None,
        "groups": matrix.of_site(activation, record),
        "change": matrix.owner_change(activation, record),
        "move": Move.objects.for_user(request.user)
        .filter(activation=activation, closed_at=None)
        .first(),
        "form": form or OwnerForm(initial={"email": found.email if found else ""}),
        "forms": [one for one in (form, subcontractor_form) if one is not None],
        "subcontractor_form": subcontractor_form
        or (SubcontractorForm(choices=choices) if choices else None),
        "found": found,
        "looked": looked or found is not None,
        "running": _running(list(operations[:10])),
        "token": uuid.uuid4(),
    }
    return render(request, "activations/people.html", context, status=status)


def _running(operations: list[Operation]) -> list[dict[str, Any]]:
    """What is under way, and the newest when it went wrong; a second step leads to both steps."""
    shown = [
        one for number, one in enumerate(operations) if one.is_busy or (not number and _went(one))
    ]
    return [
        {"operation": one, "two_steps": bool(one.payload.get("person") or one.payload.get("owner"))}
        for one in shown[:3]
    ]


def _went(operation: Operation) -> bool:
    """Did it end, or stop, without what was asked for?"""
    return operation.state in ("rejected", "failed", "conflict", "needs_review", "paused")


# ------------------------------------------------------------------ create, then give


@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: PortalRequest, pk: int, operation: int) -> HttpResponse:
    """Two operations as one thing: the person is created, then gets what it was for.

    POST takes the second step again when it failed: the person is there and stays.
    """
    activation = find_site(request, pk)
    second = get_object_or_404(
        Operation.objects.for_user(request.user),
        pk=operation,
        activation=activation,
        kind__in=SECOND_STEPS,
    )
    steps = two_steps_of(second)
    context = {
        **site_context(request, activation, "people"),
        "heading": "Invitation",
        "steps": steps,
        "gives_access": second.kind == "home_owner.grant_access",
        "person": _person_of(request, steps.create),
        "token": uuid.uuid4(),
    }
    if request.method != "POST":
        return render(request, "activations/invitation.html", context)
    request.access.require_installer(activation.company_id)
    try:
        again = _resume(request, activation, steps, context["person"])
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("activations:invitation", pk, operation)
    return redirect("activations:invitation", pk, again.pk)


def _person_of(request: PortalRequest, create: Operation | None) -> HomeOwner | None:
    if create is None or not create.result.get("user_id"):
        return None
    owners = HomeOwner.objects.for_user(request.user).filter(company=create.company_id)
    found: HomeOwner | None = owners.filter(enphase_id=create.result["user_id"]).first()
    return found


def _resume(
    request: PortalRequest, activation: Activation, steps: Any, person: HomeOwner | None
) -> Operation:
    if not steps.can_resume or person is None:
        raise Refused("There is nothing to take up again here.")
    if steps.then.kind == "home_owner.grant_access":
        again = queue_access(
            activation,
            person,
            grant=True,
            until=parse_datetime(steps.then.payload.get("until") or ""),
            actor=request.user,
            token=form_token(request),
            created_by=steps.create,
        )
    else:
        again = services.queue_owner(
            activation,
            person=services.Person(email=person.email, user_id=person.enphase_id, name=person.name),
            actor=request.user,
            token=form_token(request),
        )
    return again


# ------------------------------------------------------------------ take away


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
            queue_access(
                activation,
                access.home_owner,
                grant=False,
                actor=request.user,
                token=form_token(request),
            )
        except Refused as refusal:
            messages.error(request, str(refusal))
        return redirect("activations:people", pk)
    person = access.home_owner
    still = "As owner of the site they may still see it." if _owns(activation, person) else ""
    context = {
        **site_context(request, activation, "people"),
        "heading": "Revoke access",
        "person": person,
        "question": f"Revoke {person}'s access to {activation}?",
        "consequence": (
            f"{person} no longer sees production, consumption and reports of this site. "
            f"{still} You can grant it again at any time."
        ).replace("  ", " "),
        "token": uuid.uuid4(),
    }
    return render(request, "activations/revoke.html", context)


def _owns(activation: Activation, person: HomeOwner) -> bool:
    return bool(activation.owner_id == person.enphase_id)


# ------------------------------------------------------------------ one member


@require_safe
def member(request: PortalRequest, pk: int, membership: int) -> HttpResponse:
    """What a colleague sees, in every company that the viewer sees too."""
    activation = find_site(request, pk)
    visible = Membership.objects.for_user(request.user).select_related("user", "company", "branch")
    here = get_object_or_404(visible, pk=membership, company=activation.company_id)
    context = {
        **site_context(request, activation, "people"),
        "heading": "What a colleague sees",
        "member": here,
        "reach": matrix.reach_of(visible.filter(user=here.user_id)),
        "people_url": reverse("activations:people", args=[pk]),
    }
    return render(request, "activations/member.html", context)
