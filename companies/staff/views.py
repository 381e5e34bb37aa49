"""Who works for the company, here and at Enphase; invitations; letting somebody go."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from companies import leaving
from companies import services as companies
from companies.access import ABILITIES
from companies.middleware import SESSION_KEY
from companies.models import Company, Membership
from companies.staff import services, sync
from companies.staff.forms import ColleagueForm, GoodbyeForm, NewPersonForm, RoleForm
from companies.staff.models import Colleague, Invitation
from companies.staff.sync import PATIENCE, READ_EVERY
from portal.operations.models import Operation
from portal.ui.context import ROLE_NAMES
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest, form_token

WHERE = [
    ("", "Everybody"),
    ("members", "With a sign-in"),
    ("invited", "Invited"),
    ("enphase", "Only at Enphase"),
    ("factorless", "No second factor"),
]


def _company(request: PortalRequest) -> Company:
    """The current company, for its admins; 404 for a person without one."""
    company: Company | None = request.access.company
    if company is None:
        raise Http404
    request.access.require_admin(company.pk)
    return company


# ------------------------------------------------------------------ the list


@require_safe
def staff_list(request: PortalRequest) -> HttpResponse:
    """Members, invitations and Enphase's users in one list. Causes no hit."""
    company = _company(request)
    everybody = services.people_of(company, request.user)
    wanted = request.GET.get("who", "")
    q = request.GET.get("q", "").strip()[:100]
    found = [
        person for person in everybody if q.casefold() in f"{person.name} {person.email}".casefold()
    ]
    roll = _roll(request, company)
    context = {
        **roll,
        "people": [person for person in found if _fits(person, wanted)],
        "q": q,
        "kept": [{"name": "who", "value": wanted}] if wanted else [],
        "who": wanted,
        "views": [
            {
                "label": label,
                "url": f"?{urlencode({'who': key, 'q': q})}",
                "is_on": key == wanted,
                "count": sum(_fits(person, key) for person in found),
                "warn": _wants_attention(key, found),
            }
            for key, label in WHERE
        ],
        "nameless": sum(1 for one in everybody if one.at_enphase and not _has_name(one)),
    }
    answer = render(request, "staff/list.html", context)
    if request.htmx.target == "staff-age" and not roll["is_busy"]:
        # The reading that this page waited for is over: the list below draws itself anew.
        answer.headers["HX-Trigger"] = "staff-read"
    return answer


def _has_name(person: services.Person) -> bool:
    return person.colleague is not None and person.colleague.read_at is not None


def _wants_attention(view: str, everybody: list[services.Person]) -> bool:
    """An invitation has expired, or an admin is kept out until there is a second factor."""
    if view == "invited":
        return any(person.has_expired for person in everybody)
    return view == "factorless" and any(person.must_add_factor for person in everybody)


def _fits(person: services.Person, wanted: str) -> bool:
    if wanted == "members":
        return person.member is not None
    if wanted == "factorless":
        return person.is_without_factor
    return not wanted or person.where == wanted


def _roll(request: PortalRequest, company: Company) -> dict[str, Any]:
    """How fresh Enphase's list is; the page asks for a newer one by itself once a day."""
    roll = sync.roll_of(company)
    now = timezone.now()
    is_busy = roll.asked_at is not None and now - roll.asked_at < PATIENCE
    is_old = roll.read_at is None or now - roll.read_at > READ_EVERY
    return {
        "company": company,
        "roll": roll,
        "is_busy": is_busy,
        "asks_itself": is_old and not is_busy and not roll.problem,
        "hits": sync.hits_of(company),
    }


@require_POST
def refresh(request: PortalRequest) -> HttpResponse:
    """Let a worker read Enphase's list of users; with `names`, the people it knows by id only."""
    company = _company(request)
    if not services.ask_for_list(
        company, names=bool(request.POST.get("names")), actor=request.user
    ):
        messages.error(request, "The refresh could not be queued. Try again in a minute.")
    return redirect("staff:list")


@require_safe
def roles(request: PortalRequest) -> HttpResponse:
    """What each role may and may not do, in words. For everybody who is signed in."""
    named = {key: ROLE_NAMES[key] for key in ("installer", "admin", "viewer", "support")}
    context = {
        "role": request.access.role,
        "roles": named.items(),
        "rows": [
            {
                "what": what,
                "why": why,
                "cells": [{"label": label, "may": key in may} for key, label in named.items()],
            }
            for what, why, may in ABILITIES
        ],
    }
    return render(request, "staff/roles.html", context)


# ------------------------------------------------------------------ somebody new


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PortalRequest) -> HttpResponse:
    """Invite somebody here, and add them at Enphase in one go."""
    company = _company(request)
    token = form_token(request)
    posted = request.POST if request.method == "POST" else None
    initial = {"role": "installer", **_known(request, company)}
    form = NewPersonForm(posted, company=company, initial=initial)
    if request.method == "POST" and form.is_valid():
        cleaned = form.cleaned_data
        person = form.person
        if services.is_invited_by(company, cleaned["email"], request.user):
            # The first of two clicks did it.
            sent = Operation.objects.for_user(request.user).filter(token=token).first()
            return redirect("operations:detail", sent.pk) if sent else redirect("staff:list")
        try:
            services.invite(
                company,
                email=cleaned["email"],
                name=f"{person['first_name']} {person['last_name']}",
                role=cleaned["role"],
                branch=cleaned["branch"],
                actor=request.user,
                link=lambda secret: _link(request, secret),
            )
        except Refused as refusal:
            form.add_error("email", str(refusal))
        else:
            messages.success(request, f"{person['first_name']} is invited by e-mail.")
            if cleaned["at_enphase"]:
                operation = services.queue_colleague(
                    company,
                    person=person,
                    branch=cleaned["branch"],
                    actor=request.user,
                    token=token,
                )
                return redirect("operations:detail", operation.pk)
            return redirect("staff:list")
    context = {"company": company, "form": form, "token": token}
    return render(request, "staff/new.html", context, status=422 if form.errors else 200)


def _known(request: PortalRequest, company: Company) -> dict[str, Any]:
    """Somebody of Enphase's list who is to be invited: nothing is typed twice."""
    pk = request.GET.get("colleague", "")
    if not (pk.isascii() and pk.isdigit()):
        return {"at_enphase": True}
    known = Colleague.objects.for_user(request.user).filter(company=company, pk=pk).first()
    if known is None:
        return {"at_enphase": True}
    return {
        "email": known.email,
        "first_name": known.first_name,
        "last_name": known.last_name,
        "phone": known.phone,
        "branch": known.branch_id,
        "at_enphase": False,
    }


def _link(request: PortalRequest, secret: str) -> str:
    return request.build_absolute_uri(reverse("staff:join", args=[secret]))


# ------------------------------------------------------------------ one person


def _member(request: PortalRequest, pk: int) -> Membership:
    members = Membership.objects.for_user(request.user).select_related("user", "company", "branch")
    found: Membership = get_object_or_404(members, pk=pk)
    request.access.require_admin(found.company_id)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def member(request: PortalRequest, pk: int) -> HttpResponse:
    """Somebody who works here: role and branch, sign-in, and their user at Enphase."""
    found = _member(request, pk)
    form = RoleForm(
        request.POST if request.method == "POST" else None,
        company=found.company,
        initial={"role": found.role, "branch": found.branch_id},
    )
    if request.method == "POST" and form.is_valid():
        try:
            companies.change_member(found, **form.cleaned_data, actor=request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{found.user}: role changed.")
            return redirect("staff:member", pk)
    colleagues = Colleague.objects.for_user(request.user).select_related("branch", "company")
    context = {
        "company": found.company,
        "member": found,
        "form": form,
        "is_self": found.user_id == request.user.pk,
        "person": services.Person(
            found.user.email,
            member=found,
            factors=services.factors_of([found.user_id]).get(found.user_id, ()),
        ),
        "colleague": colleagues.filter(
            company=found.company, email__iexact=found.user.email, gone_at=None
        ).first(),
        "holdings": leaving.held_by(found.company, found.user),
        "elsewhere": [
            other for other in _memberships(request, found) if other.company_id != found.company_id
        ],
    }
    return render(request, "staff/member.html", context, status=422 if form.errors else 200)


def _memberships(request: PortalRequest, found: Membership) -> list[Membership]:
    """Their other companies, as far as the viewer sees those too."""
    rows = Membership.objects.for_user(request.user).filter(user_id=found.user_id)
    return list(rows.select_related("company", "branch"))


@require_http_methods(["GET", "HEAD", "POST"])
def goodbye(request: PortalRequest, pk: int) -> HttpResponse:
    """What somebody still holds, who takes it over, and the end of their work here."""
    found = _member(request, pk)
    holdings = leaving.held_by(found.company, found.user)
    posted = request.POST if request.method == "POST" else None
    can_pass = any(holding.can_pass for holding in holdings)
    form = GoodbyeForm(posted, successors=services.successors(found), is_needed=can_pass)
    if request.method == "POST" and form.is_valid():
        try:
            services.say_goodbye(found, to=form.cleaned_data["to"], actor=request.user)
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"{found.user} no longer works for {found.company}.")
            return redirect("staff:list")
    context = {
        "company": found.company,
        "member": found,
        "person": found.user,
        "form": form,
        "holdings": holdings,
        "can_pass": can_pass,
        "at_enphase": Colleague.objects.for_user(request.user)
        .filter(company=found.company, email__iexact=found.user.email, gone_at=None)
        .exists(),
    }
    return render(request, "staff/goodbye.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def colleague(request: PortalRequest, pk: int) -> HttpResponse:
    """A user of the company at Enphase: our copy, and what the API lets a company change."""
    rows = Colleague.objects.for_user(request.user).select_related("company", "branch")
    found: Colleague = get_object_or_404(rows, pk=pk)
    request.access.require_admin(found.company_id)
    token = form_token(request)
    posted = request.POST if request.method == "POST" else None
    form = ColleagueForm(posted, colleague=found)
    if request.method == "POST" and form.is_valid():
        try:
            operation = services.queue_change(
                found,
                changes=form.cleaned_data,
                base=ColleagueForm.values_of(found),
                actor=request.user,
                token=token,
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("operations:detail", operation.pk)
    context = {
        "company": found.company,
        "colleague": found,
        "form": form,
        "token": token,
        "member": Membership.objects.for_user(request.user)
        .filter(company=found.company, user__email__iexact=found.email)
        .first(),
        "running": Operation.objects.for_user(request.user)
        .open()
        .filter(key=f"staff:{found.pk}:update")
        .first(),
    }
    return render(request, "staff/colleague.html", context, status=422 if form.errors else 200)


# ------------------------------------------------------------------ invitations


def _invitation(request: PortalRequest, pk: int) -> Invitation:
    rows = Invitation.objects.for_user(request.user).select_related("company", "branch")
    found: Invitation = get_object_or_404(rows, pk=pk)
    request.access.require_admin(found.company_id)
    return found


@require_POST
def send_again(request: PortalRequest, pk: int) -> HttpResponse:
    """The same invitation with a new link, for another week."""
    found = _invitation(request, pk)
    try:
        services.send_again(found, actor=request.user, link=lambda secret: _link(request, secret))
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Sent to {found.email} again. The link before no longer works.")
    return redirect("staff:list")


@require_POST
def withdraw(request: PortalRequest, pk: int) -> HttpResponse:
    """The link stops working."""
    found = _invitation(request, pk)
    services.withdraw(found, actor=request.user)
    messages.success(request, f"The invitation of {found} is withdrawn.")
    return redirect("staff:list")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: PortalRequest, secret: str) -> HttpResponse:
    """Where the link of an invitation leads: sign in or sign up, then accept."""
    found = services.invitation_of(secret)
    if found is None:
        raise Http404("No such invitation.")
    here = reverse("staff:join", args=[secret])
    user = request.user if request.user.is_authenticated else None
    refusal = services.why_not_acceptable(found, user)
    if request.method == "POST" and not refusal:
        if user is None:
            # The link came by e-mail, so whoever has it reads that mailbox.
            get_adapter().stash_verified_email(request, found.email)
            query = urlencode({"next": here, "email": found.email})
            return redirect(f"{reverse('account_signup')}?{query}")
        try:
            services.accept(found, user=user)
        except Refused as error:
            refusal = str(error)
        else:
            request.session[SESSION_KEY] = found.company_id
            messages.success(request, f"You work for {found.company} in Ridgeline now.")
            return redirect("home")
    context = {"invitation": found, "refusal": refusal, "here": here}
    return render(request, "staff/join.html", context, status=409 if refusal else 200)
