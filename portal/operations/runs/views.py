"""Pages of bulk runs: the list, the preview, how one goes, and what a person may do to it."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q, Sum
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from portal.operations.models import AuditEvent, Operation, Run, RunItem
from portal.operations.runs import services
from portal.operations.runs.estimate import in_words
from portal.operations.runs.forms import ReturnForm, StartForm
from portal.operations.runs.registry import ACTIONS
from portal.operations.runs.tally import GROUPS, PROBLEMS, Tally, condition, group_of, ranked, tally
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest
from portal.usage import plan as plans

PAGE = 50
RUNS = 30
# What the page of a run can be narrowed down to, besides a single group.
TABS = {"": "All", "problems": "Problems", "done": "Done", "left-out": "Left out", "log": "Log"}
RUN_SHOWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("Started", ("running", "paused", "finished", "cancelled")),
    "waiting": ("Needs approval", ("waiting",)),
    "going": ("Running", ("running", "paused")),
    "previews": ("Previews", ("previewed",)),
}


def _find(request: PortalRequest, pk: int) -> Run:
    visible = Run.objects.for_user(request.user).select_related(
        "company", "branch", "created_by", "approved_by", "inverse_of"
    )
    return get_object_or_404(visible, pk=pk)


# ------------------------------------------------------------------ the list


@require_safe
def run_list(request: PortalRequest) -> HttpResponse:
    """Newest first, 30 a page, keyset by id."""
    show = request.GET.get("show", "")
    if show not in RUN_SHOWS:
        show = ""
    company = request.access.company
    runs = Run.objects.for_user(request.user)
    if company is not None:
        runs = runs.filter(company=company)
    counts = runs.aggregate(
        waiting=Count("pk", filter=Q(state="waiting")),
        going=Count("pk", filter=Q(state__in=("running", "paused"))),
    )
    runs = runs.filter(state__in=RUN_SHOWS[show][1])
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        runs = runs.filter(pk__lt=int(before))
    done = Count("operations", filter=Q(operations__state="done"))
    rows = list(runs.annotate(done=done).order_by("-pk")[: RUNS + 1])
    context = {
        "runs": rows[:RUNS],
        "more_before": rows[RUNS - 1].pk if len(rows) > RUNS else None,
        "show": show,
        "shows": [
            {
                "label": label,
                "url": f"?show={key}" if key else reverse("operations:runs"),
                "is_on": key == show,
                "count": counts.get(key) or None,
                "warn": key == "waiting",
            }
            for key, (label, _states) in RUN_SHOWS.items()
        ],
        "may_change": company is not None
        and request.access.role_in(company.pk) in ("admin", "installer"),
    }
    return render(request, "operations/runs/list.html", context)


# ------------------------------------------------------------------ one run


@require_safe
def run_detail(request: PortalRequest, pk: int) -> HttpResponse:
    """A preview with its question, or how the run goes."""
    run = _find(request, pk)
    if run.is_draft:
        return _preview_page(request, run, StartForm(run=run))
    return render(request, "operations/runs/run.html", _run_context(request, run))


@require_safe
def run_progress(request: PortalRequest, pk: int) -> HttpResponse:
    """The part of the page that asks for itself until nothing moves any more."""
    run = _find(request, pk)
    if not request.htmx or run.is_draft:
        return redirect("operations:run", pk=pk)
    return render(request, "operations/runs/_run.html", _run_context(request, run))


def _may_change(request: PortalRequest, run: Run) -> bool:
    action = ACTIONS.get(run.kind)
    return action is not None and request.access.role_in(run.company_id) in action.roles


def _origin(run: Run) -> str:
    """The address of what the run was made from, such as a file; "" without one."""
    action = ACTIONS.get(run.kind)
    return action.origin(run.value) if action is not None and action.origin is not None else ""


def _preview_page(
    request: PortalRequest, run: Run, form: StartForm, back: ReturnForm | None = None
) -> HttpResponse:
    """Counts, what changes by its current value, what cannot and why, price, and the question."""
    mine = run.created_by_id == request.user.pk
    show = request.GET.get("show", "")
    items = run.items.select_related("activation").order_by("number")
    shown = {
        "already": items.filter(state=RunItem.State.ALREADY),
        "cannot": items.filter(state=RunItem.State.CANNOT),
    }.get(show, items.exclude(state__in=(RunItem.State.ALREADY, RunItem.State.CANNOT)))
    page, pages = _page_of(request, shown.count())
    estimate = services.estimate_of(run)
    role = request.access.role_in(run.company_id)
    action = services.action_of(run)
    errors = [one for one in (form, back) if one is not None and one.errors]
    context = {
        "run": run,
        "origin": _origin(run),
        "form": errors[0] if errors else form,
        "start_form": form,
        "return_form": back or ReturnForm(),
        "estimate": estimate,
        "cost": _cost_words(estimate),
        "groups": _groups(run),
        "reasons": _reasons(run),
        "show": show if show in ("already", "cannot") else "",
        "tabs": _preview_tabs(run, show),
        "items": shown[(page - 1) * PAGE : page * PAGE],
        "pages": pages,
        "needs_approval": services.needs_approval(run),
        "no_undo": "" if action.undoer else action.no_undo,
        "is_old": timezone.now() - run.created_at > services.PREVIEW_LASTS,
        "mine": mine,
        "may_start": mine and _may_change(request, run),
        "may_discard": _may_change(request, run) and (mine or role == "admin"),
        "may_approve": run.state == Run.State.WAITING and role == "admin" and not mine,
        "action": action,
        "events": _events(request, run),
    }
    return render(request, "operations/runs/preview.html", context, status=422 if errors else 200)


def _preview_tabs(run: Run, show: str) -> list[dict[str, Any]]:
    counts = (
        ("", "Will change", run.changes),
        ("already", "Already so", run.already),
        ("cannot", "Cannot", run.cannot),
    )
    url = reverse("operations:run", args=[run.pk])
    return [
        {
            "label": label,
            "count": count,
            "url": f"{url}?show={key}" if key else url,
            "is_on": key == show or (not key and show not in ("already", "cannot")),
        }
        for key, label, count in counts
        if count or not key
    ]


def _cost_words(estimate: Any) -> str:
    """What the button says it spends."""
    hits = f"{estimate.hits:,} hit{'' if estimate.hits == 1 else 's'}"
    return f"{hits}, ${estimate.mills / 1000:,.2f}" if estimate.mills else hits


def _groups(run: Run) -> list[dict[str, Any]]:
    """The change by what is there now: [{field, after, total, befores: [(words, count)]}]."""
    changing = run.items.exclude(state__in=(RunItem.State.ALREADY, RunItem.State.CANNOT))
    found = changing.values("before", "after").annotate(count=Count("pk")).order_by()
    fields: dict[tuple[str, str], dict[str, int]] = {}
    for row in found:
        for field, after in row["after"].items():
            befores = fields.setdefault((field, after), {})
            before = row["before"].get(field, "")
            befores[before] = befores.get(before, 0) + row["count"]
    return [
        {
            "field": field,
            "after": after,
            "total": sum(befores.values()),
            "befores": sorted(befores.items(), key=lambda pair: -pair[1]),
        }
        for (field, after), befores in fields.items()
    ]


def _reasons(run: Run) -> list[dict[str, Any]]:
    """Why systems are left out, the most frequent first."""
    out = run.items.filter(state=RunItem.State.CANNOT).values("reason")
    reasons: Any = out.annotate(count=Count("pk")).order_by("-count", "reason")[:20]
    return list(reasons)


def _page_of(request: PortalRequest, total: int) -> tuple[int, dict[str, Any]]:
    """The page asked for, and what the links below the rows need."""
    last = max(1, -(-total // PAGE))
    text = request.GET.get("page", "")
    page = min(last, max(1, int(text))) if text.isdecimal() and len(text) < 9 else 1

    def link(number: int) -> str:
        query = request.GET.copy()
        query["page"] = str(number)
        return "?" + query.urlencode()

    return page, {
        "total": total,
        "first": (page - 1) * PAGE + 1 if total else 0,
        "last": min(total, page * PAGE),
        "before": link(page - 1) if page > 1 else "",
        "after": link(page + 1) if page < last else "",
    }


def _run_context(request: PortalRequest, run: Run) -> dict[str, Any]:
    counted = tally(run)
    show = request.GET.get("show", "")
    if show not in TABS and show not in GROUPS:
        show = ""
    context = {
        "run": run,
        "origin": _origin(run),
        "tally": counted,
        "show": show,
        "tabs": _run_tabs(run, counted, show),
        "query": f"?{request.GET.urlencode()}" if request.GET else "",
        "left": _time_left(run, counted),
        "took": (run.finished_at - run.started_at).total_seconds()
        if run.finished_at and run.started_at
        else None,
        "groups": _groups(run),
        "cost": _cost_so_far(run),
        "events": _events(request, run),
        "may_change": _may_change(request, run),
        "failed": counted.counts.get("failed", 0),
        "queued": counted.queued,
        "no_undo": services.why_no_undo(run) if run.kind in ACTIONS else "",
        "undo_token": uuid.uuid4(),
        "inverses": Run.objects.for_user(request.user)
        .filter(inverse_of=run)
        .exclude(state__in=(Run.State.PREVIEWED, Run.State.CANCELLED))[:3],
        # What goes on by itself is asked for; what waits for a person is not.
        "polls": run.state == Run.State.RUNNING
        or (counted.under_way > 0 and run.state != Run.State.FINISHED)
        or run.pause_reason in ("month", "reconnect"),
    }
    if show != "log":
        context |= _rows(request, run, show)
    return context


def _run_tabs(run: Run, counted: Tally, show: str) -> list[dict[str, Any]]:
    url = reverse("operations:run", args=[run.pk])
    counts = {
        "": counted.total,
        "problems": counted.problems,
        "done": counted.done,
        "left-out": run.already + run.cannot,
    }
    return [
        {
            "label": label,
            "url": f"{url}?show={key}" if key else url,
            "is_on": key == show or (key == "" and show in GROUPS and show != "done"),
            "count": counts.get(key),
            "warn": key == "problems" and counted.problems,
        }
        for key, label in TABS.items()
        if key in ("", "log") or counts.get(key) or key == show
    ]


def _rows(request: PortalRequest, run: Run, show: str) -> dict[str, Any]:
    """One page of systems, problems first, each with what happened and what a person can do."""
    left_out = (RunItem.State.ALREADY, RunItem.State.CANNOT)
    items = run.items.select_related("activation", "operation")
    if show == "left-out":
        items = items.filter(state__in=left_out).order_by("state", "number")
    else:
        items = items.exclude(state__in=left_out)
        if show == "problems":
            wanted = Q()
            for key in PROBLEMS:
                wanted |= condition(key)
            items = items.filter(wanted)
        elif show == "done":
            items = items.filter(condition("done") | condition("same"))
        elif show:
            items = items.filter(condition(show))
        items = items.order_by(ranked(), "number")
    page, pages = _page_of(request, items.count())
    chosen = list(items[(page - 1) * PAGE : page * PAGE])
    tries = dict(
        Operation.objects.filter(pk__in=[item.operation_id for item in chosen if item.operation_id])
        .annotate(tries=Count("attempts"))
        .values_list("pk", "tries")
    )
    may_change = _may_change(request, run)
    return {
        "rows": [
            _row(item, run, tries.get(item.operation_id or 0, 0), may_change) for item in chosen
        ],
        "pages": pages,
    }


def _row(item: RunItem, run: Run, tries: int, may_change: bool) -> dict[str, Any]:
    operation = item.operation
    if item.state in (RunItem.State.ALREADY, RunItem.State.CANNOT):
        is_so = item.state == RunItem.State.ALREADY
        group = GROUPS["same"] if is_so else None
        message = next(iter(item.before.values()), "") if is_so else item.reason
    else:
        group = GROUPS[
            group_of(
                item.state,
                operation.state if operation else None,
                bool(operation and operation.sent_at),
                bool(operation and operation.failures),
            )
        ]
        message = item.reason or (operation.message if operation else "")
        if group.key == "queued" and not message:
            message = "Waits for its turn."
    return {
        "item": item,
        "operation": operation,
        "group": group,
        "message": message,
        "raw": operation.raw_error if operation and group and group.key in PROBLEMS else "",
        "tries": tries,
        "seconds": _seconds(operation),
        "fix": _fix(item, run, group.key if group else "") if may_change else None,
    }


def _seconds(operation: Operation | None) -> float | None:
    """From its turn to its end, or to now."""
    if operation is None or operation.sent_at is None:
        return None
    return ((operation.finished_at or timezone.now()) - operation.created_at).total_seconds()


def _fix(item: RunItem, run: Run, group: str) -> dict[str, str] | None:
    """The button of a problem: where a person puts this one right."""
    if group in ("decide", "slow") and item.operation is not None:
        label = "Check again" if group == "slow" else "Decide"
        return {"label": label, "url": reverse("operations:detail", args=[item.operation.pk])}
    if group != "failed" or item.activation_id is None:
        return None
    said = f"{item.reason} {item.operation.message if item.operation else ''}"
    label, page = ACTIONS[run.kind].fix
    for part, other in FIXES.items():
        if part in said:
            label, page = other
    return {"label": label, "url": reverse(page, args=[item.activation_id])}


# What a message is about -> the button that leads to where it is put right.
FIXES = {
    "no active gateway": ("Add gateway", "activations:equipment"),
    "need an address": ("Add address", "activations:site"),
    "needs an address": ("Add address", "activations:site"),
}


def _time_left(run: Run, counted: Tally) -> str:
    """By the pace so far, or by the pace bulk runs are given."""
    left = counted.total - counted.settled
    if run.state != Run.State.RUNNING or not left or run.started_at is None:
        return ""
    passed = (timezone.now() - run.started_at).total_seconds()
    if counted.settled >= 5:
        seconds = left * passed / counted.settled
    else:
        seconds = left * run.hits_each * plans.current().interval / plans.BULK_SHARE
    return f"{in_words(seconds)} left"


def _cost_so_far(run: Run) -> dict[str, Any]:
    spent = run.operations.aggregate(hits=Sum("hits"))["hits"] or 0
    plan = plans.current()
    return {
        "hits": spent,
        "expected": run.changes * run.hits_each,
        "each": run.hits_each,
        "pace": round(60 / plan.interval * plans.BULK_SHARE),
        "per_minute": plan.per_minute,
    }


def _events(request: PortalRequest, run: Run) -> Any:
    return AuditEvent.objects.for_user(request.user).filter(run=run).order_by("-pk")[:200]


# ------------------------------------------------------------------ decisions


@require_POST
def start(request: PortalRequest, pk: int) -> HttpResponse:
    """The answer to a preview's question."""
    run = _find(request, pk)
    request.access.require_installer(run.company_id)
    form = StartForm(request.POST, run=run)
    if not run.is_draft:
        messages.info(request, services.MOVED_ON)
        return redirect("operations:run", pk=pk)
    if form.is_valid():
        try:
            started = services.start(run, actor=request.user, reason=form.cleaned_data["reason"])
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            if started.state == Run.State.WAITING:
                messages.success(request, "Another admin has to approve it. Nothing is sent yet.")
            return redirect("operations:run", pk=pk)
    return _preview_page(request, run, form)


@require_POST
def approve(request: PortalRequest, pk: int) -> HttpResponse:
    """An admin's word on somebody else's run: `do` is "approve" or "return"."""
    run = _find(request, pk)
    request.access.require_admin(run.company_id)
    if request.POST.get("do") == "approve":
        return _do(request, run, services.approve, "Approved. The run has started.")
    back = ReturnForm(request.POST)
    if not back.is_valid() and run.state == Run.State.WAITING:
        return _preview_page(request, run, StartForm(run=run), back)
    reason = back.cleaned_data.get("reason", "")

    def send_back(run: Run, *, actor: Any) -> Run:
        return services.send_back(run, actor=actor, reason=reason)

    return _do(request, run, send_back, "Not approved. Nothing was sent.")


STEPS: dict[str, tuple[Callable[..., Run], str]] = {
    "pause": (services.pause, "Paused. What was sent already is looked after."),
    "resume": (services.resume, "The run goes on."),
    "cancel": (services.cancel, "Cancelled. What was not sent stays as it is."),
    "retry": (services.retry_failed, "The failed ones are queued again."),
}


@require_POST
def control(request: PortalRequest, pk: int) -> HttpResponse:
    """`do` is pause, resume, cancel or retry."""
    run = _find(request, pk)
    request.access.require_installer(run.company_id)
    step = STEPS.get(request.POST.get("do", ""))
    if step is None:
        return redirect("operations:run", pk=pk)
    return _do(request, run, *step)


@require_POST
def undo(request: PortalRequest, pk: int) -> HttpResponse:
    """Prepare the run that puts everything back. Sends nothing: the answer is its preview."""
    run = _find(request, pk)
    request.access.require_installer(run.company_id)
    try:
        token = uuid.UUID(request.POST.get("token", ""))
    except ValueError:
        token = uuid.uuid4()
    try:
        back = services.prepare_undo(
            run, actor=request.user, branch=request.access.branch, token=token
        )
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("operations:run", pk=pk)
    return redirect("operations:run", pk=back.pk)


def _do(request: PortalRequest, run: Run, act: Callable[..., Run], done: str) -> HttpResponse:
    try:
        act(run, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, done)
    return redirect("operations:run", pk=run.pk)
