"""The tariff of a site: seen, edited, reviewed, sent, followed; templates and copies of others."""

import uuid
from typing import Any

from django.contrib import messages
from django.core import signing
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from activations import search
from activations.models import Activation
from activations.snapshots import services as snapshots
from activations.snapshots.models import Snapshot
from activations.snapshots.sheets import sheet
from activations.tariffs import editing, pages, services, words
from activations.tariffs.forms import TemplateNameForm
from activations.tariffs.models import TariffTemplate
from activations.tariffs.plan import (
    Document,
    Problem,
    document_of,
    place_of,
    plan_of,
    problems_of,
    same,
    tiers_in,
)
from activations.tariffs.services import KIND, Overtaken, Paper
from activations.views.sites import find_site, find_site_to_change, may_change, site_context
from enphase.records import Tariff
from portal.operations.models import Operation, State
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest, form_token

SALT = "activations.tariffs.paper"
# One read to compare, the write, and a read each time the task is looked at.
HITS = "2 hits and 1 a look"
SITES_SHOWN = 20
# Enphase has taken the operation out of its documents of 2026.
GONE = ("404:", "405:", "501:")
UNSENT = (State.REJECTED, State.FAILED, State.CONFLICT, State.CANCELLED)


@require_http_methods(["GET", "HEAD", "POST"])
def tariff(request: PortalRequest, pk: int) -> HttpResponse:
    """The tariff and its editor. Causes no hit; what is typed is kept on the server at once."""
    if request.method == "POST":
        return _edit(request, find_site_to_change(request, pk))
    activation = find_site(request, pk)
    if request.htmx.target == "content" and may_change(request, activation):
        # The first copy is there: the editor comes with bars outside the part that asks.
        return HttpResponse(headers={"HX-Refresh": "true"})
    return _page(request, activation)


def _direction(request: PortalRequest) -> str:
    return "sell" if request.GET.get("dir") == "sell" else "buy"


def _page(
    request: PortalRequest,
    activation: Activation,
    *,
    paper: Paper | None = None,
    told: bool = False,
    refusal: str = "",
    overtaken: Any = None,
    status: int = 200,
) -> HttpResponse:
    """The whole page. `paper` is what was posted; `told` puts its problems into a summary."""
    context = _context(request, activation)
    draft = services.draft_of(activation)
    operation, snapshot = context["operation"], context["snapshot"]
    may_edit = context["may_change"] and activation.gone_at is None
    under_way = operation is not None and operation.is_open
    direction = _direction(request)
    if under_way and paper is None:
        sent = document_of(Tariff.from_api(operation.payload.get("tariff") or {}))
        context |= {"preview": pages.preview_of(sent, direction), "on_its_way": True}
        return render(request, "tariffs/tariff.html", context, status=status)
    known = snapshot is not None and snapshot.is_known
    if not known and draft is None and paper is None:
        return render(request, "tariffs/tariff.html", context, status=status)
    shown = paper or services.paper_of(activation, draft)
    document = shown.document
    editable = may_edit and not document["locked"]
    if not may_edit:
        document = services.document_from(services.base_of(activation), activation)
    problems = problems_of(document) if draft is not None or paper is not None else []
    if not known or shown.revision == 0:
        # An empty tariff is no mistake before anybody has begun.
        problems = problems if told else []
    changes = words.differences(services.document_from(shown.base, activation), document)
    context |= {
        "draft": draft,
        "editable": editable,
        "locked": document["locked"],
        "paper": signing.dumps(shown.as_json(), salt=SALT, compress=True),
        "editor": pages.editor_of(document, direction, problems=problems),
        "preview": pages.preview_of(document, direction),
        "problems": _summary(document, problems, direction) if told else [],
        "changes": len(changes) if editable else 0,
        "source": shown.source,
        "stale": draft is not None and _is_stale(draft.base, activation),
        "refusal": refusal,
        "overtaken": overtaken,
        "at": request.GET.get("at", ""),
        "tiers": tiers_in(document["raw"]),
        "facts": words.facts_of(document),
    }
    return render(request, "tariffs/tariff.html", context, status=status)


def _context(request: PortalRequest, activation: Activation) -> dict[str, Any]:
    operation = services.last_operation(request.user, activation)
    found = sheet(request, activation, [(KIND, "")], editing=may_change(request, activation))
    snapshot = found.copies.get((KIND, ""))
    if snapshot is None or not snapshot.is_known:
        # Nothing is being typed yet: the page may come by itself.
        found.editing = False
    return {
        **site_context(request, activation, "tariff"),
        "heading": "Tariff",
        "sheet": found,
        "snapshot": snapshot,
        "operation": operation,
        "not_accepted": operation is not None
        and operation.state == State.REJECTED
        and operation.raw_error.startswith(GONE),
        "may_reopen": operation is not None and operation.state in UNSENT,
        "reset": services.reset_of(snapshot),
        "direction": _direction(request),
        "hits": HITS,
    }


def _is_stale(base: dict[str, Any], activation: Activation) -> bool:
    """Has Enphase another tariff than the one the draft was begun from?"""
    now = services.base_of(activation)
    return not same(
        services.document_from(base, activation), services.document_from(now, activation)
    )


def _summary(document: Document, problems: list[Problem], direction: str) -> list[dict[str, str]]:
    """The words of the fields again with the place they are at, as links there."""
    found = []
    for problem in problems:
        place = place_of(document, problem)
        here = problem.direction == direction
        side = "" if here else "Sell" if problem.direction == "sell" else "Buy"
        lead = ": ".join(part for part in (side, place) if part)
        address = "" if here else f"?dir={problem.direction}"
        found.append(
            {
                "text": f"{lead}: {problem.text}" if lead else problem.text,
                "url": f"{address}#f-{problem.field}",
            }
        )
    return found


# ------------------------------------------------------------------ editing


def _edit(request: PortalRequest, activation: Activation) -> HttpResponse:
    """Take in what was typed, keep it, then do what the button says."""
    direction, wanted = _direction(request), request.POST.get("do", "preview")
    try:
        paper = Paper(**signing.loads(request.POST.get("paper", ""), salt=SALT))
    except (signing.BadSignature, TypeError):
        return _page(
            request,
            activation,
            refusal="This page was too old to be read. What Enphase has is shown.",
            status=422,
        )
    if paper.document["locked"]:
        return _page(request, activation, refusal=paper.document["locked"], status=422)
    editing.merge(paper.document, direction, request.POST.dict())
    refusal, at = "", ""
    if wanted == "rebase":
        paper.base = services.base_of(activation)
    elif wanted == "take-over":
        editing.buy_to_sell(paper.document)
    elif wanted not in ("preview", "redraw", "review"):
        try:
            at = editing.act(paper.document, direction, wanted)
        except editing.NotPossible as sentence:
            refusal = str(sentence)
    try:
        typing = bool(request.htmx) and wanted == "preview"
        services.keep(activation, paper, actor=request.user, typing=typing)
    except Overtaken as overtaken:
        return _overtaken(request, activation, paper, overtaken)
    if request.htmx and wanted == "preview":
        return _preview(request, activation, paper)
    if refusal:
        return _page(request, activation, paper=paper, refusal=refusal, status=422)
    if wanted in ("preview", "review"):
        if problems_of(paper.document):
            return _page(request, activation, paper=paper, told=True, status=422)
        if wanted == "review":
            return redirect("tariffs:review", activation.pk)
    query = f"?dir={direction}" + (f"&at={at}#f-{at}" if at else "")
    return redirect(reverse("tariffs:tariff", args=[activation.pk]) + query)


def _overtaken(
    request: PortalRequest, activation: Activation, paper: Paper, overtaken: Overtaken
) -> HttpResponse:
    """Nothing typed is lost: it stands in the page, and the next save replaces the other draft."""
    if request.htmx and request.POST.get("do") == "preview":
        return _preview(request, activation, paper, overtaken=overtaken.draft)
    paper.revision = overtaken.draft.revision
    return _page(
        request,
        activation,
        paper=paper,
        overtaken=overtaken.draft,
        status=422 if request.htmx else 409,
    )


def _preview(
    request: PortalRequest, activation: Activation, paper: Paper, *, overtaken: Any = None
) -> HttpResponse:
    """The part that htmx swaps 400 ms after a change."""
    direction = _direction(request)
    base = services.document_from(paper.base, activation)
    context = {
        "activation": activation,
        "preview": pages.preview_of(paper.document, direction),
        "changes": len(words.differences(base, paper.document)),
        "overtaken": overtaken,
        "is_live": True,
    }
    return render(request, "tariffs/_preview.html", context)


@require_POST
def discard(request: PortalRequest, pk: int) -> HttpResponse:
    """Throw the draft away."""
    activation = find_site_to_change(request, pk)
    services.discard(activation, actor=request.user)
    messages.success(request, "Draft discarded. The tariff at Enphase is as it was.")
    return redirect("tariffs:tariff", pk)


@require_POST
def reopen(request: PortalRequest, pk: int) -> HttpResponse:
    """Put a tariff that was not accepted back on the desk."""
    activation = find_site_to_change(request, pk)
    operation = services.last_operation(request.user, activation)
    if operation is None or operation.state not in UNSENT:
        messages.info(request, "There is no change to open again.")
    elif services.draft_of(activation) is not None:
        messages.info(request, "Another draft has been begun meanwhile. It is shown below.")
    else:
        _reopen(request, activation, operation)
    return redirect("tariffs:tariff", pk)


def _reopen(request: PortalRequest, activation: Activation, operation: Operation) -> None:
    document = document_of(Tariff.from_api(operation.payload["tariff"]))
    source = f"change {operation.short_id}"
    paper = Paper(document, services.base_of(activation), 0, uuid.uuid4().hex, source)
    services.keep(activation, paper, actor=request.user)


@require_POST
def keep_reset(request: PortalRequest, pk: int) -> HttpResponse:
    """Leave the tariff as a battery change made it."""
    activation = find_site_to_change(request, pk)
    reset = services.reset_of(snapshots.current(activation, KIND))
    if reset is not None:
        services.keep_reset(reset, actor=request.user)
    return redirect("tariffs:tariff", pk)


# ------------------------------------------------------------------ review, send, follow


@require_http_methods(["GET", "HEAD", "POST"])
def review(request: PortalRequest, pk: int) -> HttpResponse:
    """What would change, in words and as a table; and sending it."""
    activation = find_site_to_change(request, pk)
    token = form_token(request)
    draft = services.draft_of(activation)
    if draft is None:
        # Sent already, by the same form or from another tab.
        return redirect("tariffs:tariff", pk)
    refusal, status = "", 200
    if request.method == "POST":
        try:
            services.send_draft(
                draft,
                actor=request.user,
                token=token,
                revision=_number(request.POST.get("revision")),
            )
        except Overtaken:
            draft.refresh_from_db()
            refusal = "The draft was changed since this page was made. Look at it again, then send."
            status = 409
        except Refused as problem:
            refusal, status = str(problem), 409
        else:
            return redirect("tariffs:tariff", pk)
    if not refusal and problems_of(draft.document):
        paper = services.paper_of(activation, draft)
        return _page(request, activation, paper=paper, told=True, status=422)
    base = services.document_from(draft.base, activation)
    changes = words.differences(base, draft.document)
    context = {
        **_context(request, activation),
        "draft": draft,
        "changes": changes,
        "rows": words.rows_of(changes),
        "preview": pages.preview_of(draft.document, _direction(request)),
        "warnings": [check for check in words.checks_of(plan_of(draft.document)) if not check.good],
        "token": token,
        "refusal": refusal,
        "stale": _is_stale(draft.base, activation),
    }
    return render(request, "tariffs/review.html", context, status=status)


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 9 else 0


@require_safe
def panel(request: PortalRequest, pk: int) -> HttpResponse:
    """How the change is going; when it is settled the page is drawn anew."""
    activation = find_site(request, pk)
    if not request.htmx:
        return redirect("tariffs:tariff", pk)
    context = _context(request, activation)
    response = render(request, "tariffs/_panel.html", context)
    operation = context["operation"]
    if operation is None or not operation.is_open:
        response["HX-Refresh"] = "true"
    return response


# ------------------------------------------------------------------ from elsewhere


@require_http_methods(["GET", "HEAD", "POST"])
def use_template(request: PortalRequest, pk: int) -> HttpResponse:
    """Choose a template of the company; it becomes the draft."""
    activation = find_site_to_change(request, pk)
    templates = TariffTemplate.objects.for_user(request.user).filter(company=activation.company)
    refusal = ""
    if request.method == "POST":
        template = get_object_or_404(templates, pk=_number(request.POST.get("template")))
        source = f"template “{template.name}”"
        try:
            services.begin_from(activation, template.tariff, source=source, actor=request.user)
        except Refused as problem:
            refusal = str(problem)
        else:
            return redirect("tariffs:tariff", pk)
    context = {
        **site_context(request, activation, "tariff"),
        "heading": "Use a template",
        "templates": [
            {"row": row, "summary": words.summary(row.document)} for row in templates[:200]
        ],
        "draft": services.draft_of(activation),
        "refusal": refusal,
    }
    return render(request, "tariffs/use_template.html", context, status=409 if refusal else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def copy_from(request: PortalRequest, pk: int) -> HttpResponse:
    """Find another site of the company and take its tariff over, from our copy of it."""
    activation = find_site_to_change(request, pk)
    sites = (
        Activation.objects.for_user(request.user)
        .filter(company=activation.company, gone_at=None)
        .exclude(pk=activation.pk)
    )
    refusal = ""
    if request.method == "POST":
        to_read = request.POST.get("read")
        other = get_object_or_404(sites, pk=_number(to_read or request.POST.get("site")))
        if to_read:
            if snapshots.ask(other, [(KIND, "")], person_id=request.user.pk):
                messages.info(request, f"The tariff of {other.name} is being read.")
            else:
                messages.error(request, "The reading could not be queued. Try again in a minute.")
            return redirect(f"{request.path}?{request.GET.urlencode()}")
        tariff = services.tariff_in(snapshots.current(other, KIND))
        try:
            if tariff is None:
                raise Refused(f"The tariff of {other.name} was never read. Read it first.")
            services.begin_from(
                activation, tariff.for_update(), source=f"site {other.name}", actor=request.user
            )
        except Refused as problem:
            refusal = str(problem)
        else:
            return redirect("tariffs:tariff", pk)
    query = request.GET.get("q", "")[: search.MAX_LENGTH]
    context = {
        **site_context(request, activation, "tariff"),
        "heading": "Copy from another system",
        "q": query,
        "found": _sites_with_tariffs(sites, query),
        "draft": services.draft_of(activation),
        "refusal": refusal,
        "limit": SITES_SHOWN,
    }
    return render(request, "tariffs/copy.html", context, status=409 if refusal else 200)


def _sites_with_tariffs(sites: Any, query: str) -> list[dict[str, Any]]:
    """Sites by all words of the query, those whose tariff we know first."""
    for word in search.words_of(query):
        sites = sites.filter(search_text__contains=word)
    known = Snapshot.objects.filter(kind=KIND, activation__in=sites, fetched_at__isnull=False)
    copies = {row.activation_id: row for row in known.order_by("-fetched_at")[:SITES_SHOWN]}
    rows = list(sites.filter(pk__in=copies).order_by("name", "pk"))
    if query and len(rows) < SITES_SHOWN:
        rows += list(sites.exclude(pk__in=copies).order_by("name", "pk")[: SITES_SHOWN - len(rows)])
    found = []
    for site in rows:
        tariff = services.tariff_in(copies.get(site.pk))
        found.append(
            {
                "site": site,
                "copy": copies.get(site.pk),
                "summary": words.summary(document_of(tariff)) if tariff is not None else "",
            }
        )
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def save_template(request: PortalRequest, pk: int) -> HttpResponse:
    """Keep the tariff that is on the desk under a name."""
    activation = find_site_to_change(request, pk)
    document: Document = services.paper_of(activation, services.draft_of(activation)).document
    form = TemplateNameForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.save_template(
                activation.company,
                form.cleaned_data["name"],
                document,
                actor=request.user,
                activation=activation,
            )
        except Refused as refusal:
            form.add_error("name", str(refusal))
        else:
            messages.success(request, f"Template “{row.name}” saved.")
            return redirect("tariffs:tariff", pk)
    context = {
        **site_context(request, activation, "tariff"),
        "heading": "Save as a template",
        "form": form,
        "facts": words.facts_of(document),
        "problem": next((problem.text for problem in problems_of(document)), ""),
    }
    status = 422 if form.errors else 200
    return render(request, "tariffs/save_template.html", context, status=status)
