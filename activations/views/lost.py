"""Sites that vanished from our list although they still exist."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from activations import tasks
from activations.models import Activation
from portal.ui.http import PortalRequest

PAGE = 50


def _lost(request: PortalRequest) -> Any:
    rows = Activation.objects.for_user(request.user).lost().select_related("company", "branch")
    company = request.access.company
    # Without a company, support sees those of all.
    return rows if company is None else rows.filter(company=company)


@require_safe
def lost(request: PortalRequest) -> HttpResponse:
    """The newest first, 50 a page. Reads our table only."""
    rows = _lost(request).order_by("-lost_at", "-pk")
    number = request.GET.get("page", "1")
    page = int(number) if number.isdecimal() and len(number) < 6 else 1
    first = max(page - 1, 0) * PAGE
    shown = list(rows[first : first + PAGE + 1])
    company = request.access.company
    context = {
        "rows": shown[:PAGE],
        "next_page": page + 1 if len(shown) > PAGE else None,
        "may_change": company is not None
        and request.access.role_in(company.pk) in ("admin", "installer"),
    }
    return render(request, "activations/lost.html", context)


@require_POST
def ask_again(request: PortalRequest, pk: int) -> HttpResponse:
    """Let a worker ask Enphase for a lost site by its id (2 hits, when it still is)."""
    visible = Activation.objects.for_user(request.user)
    activation = get_object_or_404(visible, pk=pk)
    request.access.require_installer(activation.company_id)
    if activation.lost_at is None:
        raise Http404
    if tasks.ask_for(activation):
        messages.success(request, f"{activation} is asked for. Reload in a moment.")
    else:
        messages.error(request, "No worker can be told right now. Try again in a minute.")
    return redirect("activations:lost")
