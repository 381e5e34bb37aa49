"""Creating a site: four pages, a check page, and one paid operation at the end."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from activations import drafts, references, services
from activations.drafts import BY_KEY, STEPS
from activations.forms import CreateForm, GroupForm
from activations.models import Draft
from companies.homeowners.services import find_owner
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest, page_or_fragment

MAX_DRAFTS = 50


def _company(request: PortalRequest) -> Any:
    company = request.access.company
    if company is None:
        raise Http404("No company is chosen.")
    request.access.require_installer(company.pk)
    return company


def _find(request: PortalRequest, key: uuid.UUID) -> Draft:
    visible = Draft.objects.for_user(request.user).select_related("company", "branch", "operation")
    draft: Draft = get_object_or_404(visible, uuid=key)
    request.access.require_installer(draft.company_id)
    return draft


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PortalRequest) -> HttpResponse:
    """Own drafts to go on with, and a button for a new one."""
    company = _company(request)
    if request.method == "POST":
        draft = Draft.objects.create(
            company=company,
            branch=getattr(request.access, "branch", None),
            author=request.user,
        )
        return redirect("activations:wizard", draft.uuid, "site")
    mine = (
        Draft.objects.for_user(request.user)
        .filter(company=company, author=request.user, operation=None)
        .exclude(data={})
        .order_by("-changed_at")[:MAX_DRAFTS]
    )
    if not mine and request.GET.get("start") != "no":
        # Nothing to choose from: straight to the first page, without a draft until it is saved.
        return _first_page(request, company)
    return render(request, "activations/new.html", {"drafts": [_row(draft) for draft in mine]})


def _row(draft: Draft) -> dict[str, Any]:
    done = [step.title for step in STEPS if step.key in draft.data]
    ahead = next((step.key for step in STEPS if step.key not in draft.data), "check")
    return {"draft": draft, "done": done, "url": _url(draft, ahead), "total": len(STEPS)}


def _first_page(request: PortalRequest, company: Any) -> HttpResponse:
    """The site page of a draft that is only stored when it is first saved.

    The uuid is minted here and stands in the form's address, so that going back and sending the
    page again finds the same draft.
    """
    draft = Draft(
        company=company, author=request.user, branch=getattr(request.access, "branch", None)
    )
    return _page(request, draft, "site", _form(request, draft, "site"))


def _form(request: PortalRequest, draft: Draft, step: str, data: Any = None) -> GroupForm:
    """The form of a step; somebody who works for one branch is not asked for the branch."""
    form = drafts.form_for(draft, step, data, read=data is not None)
    if getattr(request.access, "branch", None) is not None:
        form.fields.pop("branch", None)
    form.redraw_at(reverse("activations:wizard", args=[draft.uuid, step]))
    return form


@require_http_methods(["GET", "HEAD", "POST"])
def wizard(request: PortalRequest, key: uuid.UUID, step: str) -> HttpResponse:
    """One step. POST saves and goes on; `do` in the body redraws the form or looks a person up."""
    if step not in BY_KEY:
        raise Http404("No such step.")
    if request.method == "POST" and step == "site":
        draft = _find_or_start(request, key)
    else:
        draft = _find(request, key)
    if draft.operation is not None:
        return redirect("operations:detail", draft.operation_id)
    if request.method != "POST":
        return _page(request, draft, step, _form(request, draft, step))

    do = request.POST.get("do", "")
    if do == "redraw":
        form = _form(request, draft, step, request.POST).unchecked()
        return _page(request, draft, step, form)
    if do in ("find_owner", "find_host") and step == "people":
        return _find_person(request, draft, do.removeprefix("find_"))
    form = _form(request, draft, step, request.POST)
    if not form.is_valid():
        return _page(request, draft, step, form, status=422)
    if draft.pk is None:
        draft = _start(draft)
    drafts.keep(draft, step, form.kept())
    if request.POST.get("then") == "check":
        return redirect("activations:check", draft.uuid)
    keys = [known.key for known in STEPS]
    after = keys.index(step) + 1
    if after == len(keys):
        return redirect("activations:check", draft.uuid)
    return redirect("activations:wizard", draft.uuid, keys[after])


def _find_or_start(request: PortalRequest, key: uuid.UUID) -> Draft:
    """The draft, or a new one with this uuid: the first page is saved for the first time."""
    if Draft.objects.filter(uuid=key).exists():
        return _find(request, key)
    company = _company(request)
    return Draft(
        uuid=key,
        company=company,
        author=request.user,
        branch=getattr(request.access, "branch", None),
    )


def _start(draft: Draft) -> Draft:
    """Store a new draft; sent twice at once, the first page still makes one."""
    stored, _made = Draft.objects.get_or_create(
        uuid=draft.uuid,
        company=draft.company,
        defaults={"author": draft.author, "branch": draft.branch},
    )
    return stored


def _find_person(request: PortalRequest, draft: Draft, role: str) -> HttpResponse:
    """Look for an Enphase account with the e-mail address typed (1 hit)."""
    found = dict(draft.data.get("people", {}).get("found") or {})
    form = _form(request, draft, "people", request.POST)
    form.is_valid()
    field = f"{role}_email"
    email = (form.cleaned_data.get(field) or "").lower()
    if not email:
        form = _form(request, draft, "people", request.POST).unchecked()
        form.add_error(field, "Enter an e-mail address to look for.")
        return _page(request, draft, "people", form, status=422)
    try:
        match = find_owner(draft.company, email, request.user)
    except Refused as refusal:
        form = _form(request, draft, "people", request.POST).unchecked()
        form.add_error(field, str(refusal))
        return _page(request, draft, "people", form, status=422)
    found[role] = {
        "email": email,
        "user_id": match.user_id if match else None,
        "name": match.home_owner.name if match else "",
    }
    kept = {**draft.data.get("people", {}), **_typed(form), "found": found}
    drafts.keep(draft, "people", kept)
    if not request.htmx:
        return redirect(_url(draft, "people") + f"#{role}")
    return _page(request, draft, "people", _form(request, draft, "people"))


def _typed(form: GroupForm) -> dict[str, Any]:
    """Everything valid that was typed; what is not valid is typed anew."""
    form.cleaned_data.pop("found", None)
    return {
        name: value for name, value in form.kept().items() if name != "found" and value is not None
    }


def _page(
    request: PortalRequest, draft: Draft, step: str, form: GroupForm, status: int = 200
) -> HttpResponse:
    keys = [known.key for known in STEPS]
    place = keys.index(step)
    context = {
        "draft": draft,
        "form": form,
        "step": BY_KEY[step],
        "steps": _steps(draft, step),
        "place": place + 1,
        "action": reverse("activations:wizard", args=[draft.uuid, step]),
        "back_url": _url(draft, keys[place - 1]) if place else reverse("activations:new"),
        "then": request.POST.get("then") or request.GET.get("then", ""),
        "lookups": True,
    }
    return page_or_fragment(
        request,
        page="activations/wizard.html",
        fragment="activations/_wizard_form.html",
        context=context,
        status=status,
    )


def _steps(draft: Draft, current: str) -> list[dict[str, Any]]:
    """For the row of steps: done ones are links."""
    rows = []
    for step in [*STEPS]:
        rows.append(
            {
                "title": step.title,
                "done": step.key in draft.data,
                "now": step.key == current,
                "url": _url(draft, step.key) if step.key in draft.data else "",
            }
        )
    rows.append({"title": "Check", "done": False, "now": current == "check", "url": ""})
    return rows


def _url(draft: Draft, step: str) -> str:
    if step == "check":
        return reverse("activations:check", args=[draft.uuid])
    return reverse("activations:wizard", args=[draft.uuid, step])


@require_http_methods(["GET", "HEAD", "POST"])
def check(request: PortalRequest, key: uuid.UUID) -> HttpResponse:
    """What will be created, what it costs, what happens next; POST queues it, once."""
    draft = _find(request, key)
    if draft.operation is not None:
        return redirect("operations:detail", draft.operation_id)
    points = drafts.open_points(draft)
    system = drafts.system_of(draft) if "site" not in points else {}
    project = draft.site.get("project") or ""
    copies = services.copies_here(system, draft.company, project) if system else []
    look_up = draft.data.get("look_up") or {}
    seen = bool(copies) or bool(look_up.get("found"))
    form = CreateForm(request.POST if request.method == "POST" else None, copies=seen)
    if request.method == "POST" and not points and form.is_valid():
        try:
            operation = services.queue_create(
                draft,
                system=system,
                project=project,
                people=drafts.people_of(draft),
                names=drafts.names_of(system, draft.company),
                reason=form.cleaned_data.get("reason", ""),
                actor=request.user,
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("operations:detail", operation.pk)
    if request.method == "POST":
        # The other click, or another tab, may have created it meanwhile; that is not a copy.
        draft.refresh_from_db(fields=["operation"])
        if draft.operation_id is not None:
            return redirect("operations:detail", draft.operation_id)
    context = {
        "draft": draft,
        "form": form,
        "groups": drafts.summary(draft),
        "steps": _steps(draft, "check"),
        "points": [
            {"title": BY_KEY[name].title, "url": _url(draft, name) + "?then=check", "texts": texts}
            for name, texts in points.items()
        ],
        "copies": copies,
        "look_up": look_up,
        "look_up_hits": _hits(system),
        "reference": references.nice(references.mint(project, draft.uuid, company=draft.company)),
        "new_people": [
            person for person in drafts.people_of(draft).values() if person.user_id is None
        ],
        "back_url": _url(draft, "grid"),
    }
    failed = request.method == "POST"
    return render(request, "activations/check.html", context, status=422 if failed else 200)


def _hits(system: dict[str, Any]) -> int:
    """What a look-up for copies costs: the address, and each gateway."""
    return int(bool(system.get("address"))) + len(system.get("envoy_serial_numbers") or [])


@require_POST
def look_up(request: PortalRequest, key: uuid.UUID) -> HttpResponse:
    """Ask Enphase for copies of the site now, instead of only when it is created."""
    draft = _find(request, key)
    if draft.operation is None:
        system = drafts.system_of(draft)
        result = services.look_up_copies(system, draft.company, actor=request.user)
        draft.data = {**draft.data, "look_up": result}
        draft.save(update_fields=["data", "changed_at"])
    return redirect(reverse("activations:check", args=[draft.uuid]) + "#copies")


@require_POST
def discard(request: PortalRequest, key: uuid.UUID) -> HttpResponse:
    draft = _find(request, key)
    try:
        services.discard(draft, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"Draft {draft} discarded. Nothing was sent.")
    return redirect(reverse("activations:new") + "?start=no")


@require_safe
def resume(request: PortalRequest, key: uuid.UUID) -> HttpResponse:
    """A draft without a step goes on where it was left."""
    draft = _find(request, key)
    return redirect(_row(draft)["url"])
