"""People move out of a house with a site: the steps, and how far each has come."""

import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from activations import matrix, services, values
from activations.forms import MovedForm, OwnerForm
from activations.models import Activation
from activations.views.sites import find_site, site_context
from companies.homeowners.models import HomeOwner, Move, SiteAccess
from companies.homeowners.services import (
    find_owner,
    finish_move,
    known_owner,
    queue_access,
    queue_home_owner,
    start_move,
)
from portal.operations.models import Operation
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest, form_token


@dataclass(frozen=True)
class Step:
    """One step of the list; what it says is read from our data each time."""

    key: str
    title: str
    text: str
    is_done: bool
    is_busy: bool = False


@sensitive_post_parameters("email", "first_name", "last_name", "phone")
@require_http_methods(["GET", "HEAD", "POST"])
def move_out(request: PortalRequest, pk: int) -> HttpResponse:
    """The list of a move. POST, by `do`: `start`, `date`, `find` (1 hit at most), `create`,
    `owner`, `grant`, `revoke`, `forget` (another person comes), `finish`."""
    activation = find_site(request, pk)
    if request.method == "POST":
        request.access.require_installer(activation.company_id)
    move = (
        Move.objects.for_user(request.user)
        .filter(activation=activation, closed_at=None)
        .select_related("leaving", "coming")
        .first()
    )
    if request.method != "POST":
        return _page(request, activation, move)
    do = request.POST.get("do", "")
    try:
        services.require_present(activation)
        if move is None:
            if do == "start":
                start_move(activation, leaving=_owner_now(activation), actor=request.user)
            return redirect("activations:move-out", pk)
        return _step(request, activation, move, do)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("activations:move-out", pk)


def _owner_now(activation: Activation) -> HomeOwner | None:
    """Our row of the site's owner, made from the list if there is none yet."""
    if activation.owner_id is None:
        return None
    owner, _ = HomeOwner.objects.get_or_create(
        company_id=activation.company_id,
        enphase_id=activation.owner_id,
        defaults={"listed_name": activation.owner_name},
    )
    return owner


def _step(request: PortalRequest, activation: Activation, move: Move, do: str) -> HttpResponse:
    actor, token = request.user, form_token(request)
    if do == "date":
        dated = MovedForm(request.POST)
        if not dated.is_valid():
            return _page(request, activation, move, dated=dated, status=422)
        move.moved_on = dated.cleaned_data["moved_on"]
        move.save(update_fields=["moved_on"])
    elif do in ("find", "create"):
        return _new_owner(request, activation, move, do)
    elif do == "forget":
        move.coming = None
        move.save(update_fields=["coming"])
    elif do == "owner" and move.coming is not None:
        person = services.Person(
            email=move.coming.email, user_id=move.coming.enphase_id, name=move.coming.name
        )
        services.queue_owner(activation, person=person, actor=actor, token=token)
    elif do == "grant" and move.coming is not None:
        queue_access(activation, move.coming, grant=True, actor=actor, token=token)
    elif do == "revoke" and move.leaving is not None:
        queue_access(
            activation, move.leaving, grant=False, actor=actor, token=token, reason="Moved out"
        )
    elif do == "finish":
        finish_move(move, actor=actor)
        messages.success(request, "The move-out is finished.")
        return redirect("activations:people", activation.pk)
    return redirect("activations:move-out", activation.pk)


def _new_owner(request: PortalRequest, activation: Activation, move: Move, do: str) -> HttpResponse:
    """Look the new owner up, or create them: the move waits for who it will be."""
    form = OwnerForm(request.POST)
    if not form.is_valid():
        return _page(request, activation, move, form=form, looked=do == "create", status=422)
    typed = form.cleaned_data
    try:
        known = known_owner(activation.company, typed["email"])
        if known is None and do == "find":
            found = find_owner(activation.company, typed["email"], request.user)
            known = found.home_owner if found is not None else None
        if known is None and do == "create":
            if not form.require_names():
                return _page(request, activation, move, form=form, looked=True, status=422)
            queue_home_owner(
                activation.company,
                typed["email"],
                typed["first_name"],
                typed["last_name"],
                typed["phone"],
                request.user,
                token=form_token(request),
                email_reports=typed["email_reports"],
                move=move,
            )
            return redirect("activations:move-out", activation.pk)
    except Refused as refusal:
        form.add_error(None, str(refusal))
        return _page(request, activation, move, form=form, looked=do == "create", status=422)
    if known is None:
        return _page(request, activation, move, form=form, looked=True)
    if known == move.leaving:
        form.add_error("email", "This is the person who moves out.")
        return _page(request, activation, move, form=form, status=422)
    move.coming = known
    move.save(update_fields=["coming"])
    return redirect("activations:move-out", activation.pk)


def _steps(request: PortalRequest, activation: Activation, move: Move) -> list[Step]:
    accesses = {
        access.home_owner_id: access
        for access in SiteAccess.objects.filter(activation=activation).select_related("home_owner")
    }
    operations = list(
        Operation.objects.for_user(request.user)
        .filter(activation=activation, created_at__gte=move.started_at)
        .order_by("-pk")[:20]
    )

    def busy(kind: str, owner: HomeOwner | None = None) -> bool:
        return any(
            one.is_busy
            and one.kind == kind
            and (owner is None or one.payload.get("user_id") == owner.enphase_id)
            for one in operations
        )

    leaving, coming = move.leaving, move.coming
    creating = _creating(request, activation, move)
    owns = coming is not None and activation.owner_id == coming.enphase_id
    given = accesses.get(coming.pk) if coming is not None else None
    taken = accesses.get(leaving.pk) if leaving is not None else None
    return [
        Step(
            "date",
            "Note the day of the move",
            f"{move.moved_on:%-d %B %Y}" if move.moved_on else "Readings up to then are theirs.",
            move.moved_on is not None,
        ),
        Step(
            "coming",
            "Know the new owner at Enphase",
            f"{coming}" if coming else "Looked up by e-mail, or created.",
            coming is not None,
            creating,
        ),
        Step(
            "owner",
            "Make them the owner of the site",
            f"{coming} owns the site." if owns else f"Now: {activation.owner_name or 'nobody'}.",
            owns,
            busy("activation.update"),
        ),
        Step(
            "grant",
            "Give the new owner access",
            given.get_state_display() if given and given.is_held else "Not given yet.",
            bool(given and given.is_held),
            coming is not None and busy("home_owner.grant_access", coming),
        ),
        Step(
            "revoke",
            f"Take {leaving or 'the former owner'}'s access away",
            _taken_text(leaving, taken),
            leaving is None or bool(taken and taken.state == SiteAccess.State.REVOKED),
            leaving is not None and busy("home_owner.revoke_access", leaving),
        ),
    ]


def _taken_text(leaving: HomeOwner | None, taken: SiteAccess | None) -> str:
    if leaving is None:
        return "The site had no owner."
    if taken is not None and taken.state == SiteAccess.State.REVOKED:
        return "Revoked."
    return "They may still see production, consumption and reports."


def _creating(request: PortalRequest, activation: Activation, move: Move) -> bool:
    """Is the new owner being created for this move right now?"""
    creates = Operation.objects.for_user(request.user).filter(
        company=activation.company_id, kind="home_owner.create", payload__move=move.pk
    )
    last = creates.order_by("-pk").first()
    return last is not None and last.is_busy


def _page(
    request: PortalRequest,
    activation: Activation,
    move: Move | None,
    *,
    form: OwnerForm | None = None,
    dated: MovedForm | None = None,
    looked: bool = False,
    status: int = 200,
) -> HttpResponse:
    if form is not None and looked:
        form.ask_for_names()
    steps = _steps(request, activation, move) if move is not None else []
    context: dict[str, Any] = {
        **site_context(request, activation, "people"),
        "heading": "Move-out",
        "move": move,
        "steps": steps,
        "done": sum(step.is_done for step in steps),
        "busy": any(step.is_busy for step in steps),
        "form": form or OwnerForm(),
        "dated": dated or MovedForm(initial={"moved_on": move.moved_on if move else None}),
        "forms": [one for one in (form, dated) if one is not None],
        "looked": looked,
        "failed": _failed(request, activation, move),
        "change": matrix.owner_change(activation, values.record_of(activation)),
        "people_url": reverse("activations:people", args=[activation.pk]),
        "token": uuid.uuid4(),
    }
    return render(request, "activations/move_out.html", context, status=status)


def _failed(request: PortalRequest, activation: Activation, move: Move | None) -> list[Operation]:
    """Steps that Enphase refused, or that stopped, since the move began: newest of a kind."""
    if move is None:
        return []
    operations = Operation.objects.for_user(request.user).filter(
        created_at__gte=move.started_at, company=activation.company_id
    )
    about = operations.filter(activation=activation) | operations.filter(payload__move=move.pk)
    latest: dict[str, Operation] = {}
    for operation in about.order_by("-pk")[:20]:
        latest.setdefault(operation.kind, operation)
    stuck = ("rejected", "failed", "conflict", "needs_review", "paused")
    return [one for one in latest.values() if one.state in stuck]
