"""Operations: what was asked of Enphase, how it goes, and what a person may decide."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from portal.operations import services
from portal.operations.forms import DecisionForm
from portal.operations.models import BUSY, Operation, Run, State
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest

PAGE = 50
SHOWS: dict[str, tuple[str, tuple[str, ...]]] = {
    "": ("All", ()),
    "running": ("Running", (*BUSY, State.OVERDUE)),
    "decide": ("Needs a decision", (State.NEEDS_REVIEW, State.CONFLICT, State.PAUSED)),
    "failed": ("Failed", (State.REJECTED, State.FAILED)),
    "done": ("Done", (State.DONE,)),
}


def _find(request: PortalRequest, pk: int) -> Operation:
    visible = Operation.objects.for_user(request.user)
    return get_object_or_404(
        visible.select_related("company", "activation", "actor", "approved_by"), pk=pk
    )


@require_safe
def operation_list(request: PortalRequest) -> HttpResponse:
    """Newest first, 50 a page, keyset by id."""
    show = request.GET.get("show", "")
    if show not in SHOWS:
        show = ""
    operations = Operation.objects.for_user(request.user).select_related("activation")
    if request.access.company is not None:
        operations = operations.filter(company=request.access.company)
    if SHOWS[show][1]:
        operations = operations.filter(state__in=SHOWS[show][1])
    before = request.GET.get("before", "")
    if before.isdecimal():
        operations = operations.filter(pk__lt=int(before))
    rows = list(operations.order_by("-pk")[: PAGE + 1])
    context = {
        "operations": rows[:PAGE],
        "more_before": rows[PAGE - 1].pk if len(rows) > PAGE else None,
        "show": show,
        "runs_waiting": _runs_waiting(request),
        "shows": [(key, label) for key, (label, _states) in SHOWS.items()],
    }
    if request.htmx and before:
        return render(request, "operations/_rows.html", context)
    return render(request, "operations/list.html", context)


@require_safe
def operation_detail(request: PortalRequest, pk: int) -> HttpResponse:
    return render(request, "operations/detail.html", _context(request, _find(request, pk)))


@require_safe
def operation_progress(request: PortalRequest, pk: int) -> HttpResponse:
    """The part of the page that asks for itself until the operation is settled."""
    operation = _find(request, pk)
    if not request.htmx:
        return redirect("operations:detail", pk=pk)
    return render(request, "operations/_progress.html", _context(request, operation))


@require_safe
def operation_card(request: PortalRequest, pk: int) -> HttpResponse:
    """The card that other pages show of a running operation."""
    operation = _find(request, pk)
    if not request.htmx:
        return redirect("operations:detail", pk=pk)
    return render(request, "operations/_card.html", {"operation": operation})


@require_POST
def cancel(request: PortalRequest, pk: int) -> HttpResponse:
    operation = _find(request, pk)
    request.access.require_installer(operation.company_id)
    return _decide(request, operation, services.cancel, "Cancelled. Nothing was sent.")


@require_POST
def check_again(request: PortalRequest, pk: int) -> HttpResponse:
    operation = _find(request, pk)
    request.access.require_installer(operation.company_id)
    return _decide(request, operation, services.check_again, "Looking at Enphase now.")


def send_again(request: PortalRequest, pk: int) -> HttpResponse:
    """The page with the evidence, and the decision of an admin."""
    operation = _find(request, pk)
    request.access.require_admin(operation.company_id)
    return _with_reason(
        request,
        operation,
        services.send_again,
        template="operations/send_again.html",
        allowed=operation.state == State.NEEDS_REVIEW,
        done="It is sent once more.",
    )


def close_unsent(request: PortalRequest, pk: int) -> HttpResponse:
    operation = _find(request, pk)
    request.access.require_admin(operation.company_id)
    return _with_reason(
        request,
        operation,
        services.close_unsent,
        template="operations/close.html",
        allowed=operation.state in (State.NEEDS_REVIEW, State.OVERDUE),
        done="Closed.",
    )


def override(request: PortalRequest, pk: int) -> HttpResponse:
    operation = _find(request, pk)
    request.access.require_installer(operation.company_id)
    return _with_reason(
        request,
        operation,
        services.override,
        template="operations/override.html",
        allowed=operation.state == State.CONFLICT,
        done="Queued again.",
    )


def _decide(
    request: PortalRequest, operation: Operation, act: Callable[..., Operation], done: str
) -> HttpResponse:
    try:
        act(operation, actor=request.user)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect("operations:detail", pk=operation.pk)


def _with_reason(
    request: PortalRequest,
    operation: Operation,
    act: Callable[..., Operation],
    *,
    template: str,
    allowed: bool,
    done: str,
) -> HttpResponse:
    if not allowed:
        messages.info(request, "There is nothing to decide here any more.")
        return redirect("operations:detail", pk=operation.pk)
    form = DecisionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            result = act(operation, reason=form.cleaned_data["reason"], actor=request.user)
        except Refused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, done)
            return redirect("operations:detail", pk=result.pk)
    context = {**_context(request, operation), "form": form}
    return render(request, template, context, status=422 if form.errors else 200)


def _context(request: PortalRequest, operation: Operation) -> dict[str, Any]:
    in_the_way = operation.result.get("in_the_way")
    theirs = operation.result.get("theirs") or {}
    return {
        "operation": operation,
        "part_of": _run_of(request, operation),
        "events": operation.events.order_by("pk"),
        "attempts": operation.attempts.all(),
        "look_ups": operation.look_ups.all(),
        "may_change": request.access.role_in(operation.company_id) in ("admin", "installer"),
        "may_administer": request.access.role_in(operation.company_id) == "admin",
        "in_the_way": in_the_way,
        "theirs": [
            {"field": name, "before": value, "after": operation.after.get(name)}
            for name, value in theirs.items()
        ],
    }


def _run_of(request: PortalRequest, operation: Operation) -> Run | None:
    """The bulk run it is a part of, for those who see that run."""
    if operation.run_id is None:
        return None
    return Run.objects.for_user(request.user).filter(pk=operation.run_id).first()


def _runs_waiting(request: PortalRequest) -> int:
    """Bulk runs of this company that an admin has to approve; 0 for people who may not."""
    company = request.access.company
    if company is None or request.access.role_in(company.pk) != "admin":
        return 0
    runs = Run.objects.for_user(request.user).filter(company=company, state=Run.State.WAITING)
    return runs.exclude(created_by=request.user.pk).count()
