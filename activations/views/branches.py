"""The sites of a company's branches, counted: a part of the company's page."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from activations import tally
from portal.ui.http import PortalRequest


@require_safe
def branch_figures(request: PortalRequest) -> HttpResponse:
    """Open, stuck and complete sites of each branch, from maintained counters."""
    company = request.access.company
    if company is None:
        raise Http404("No company is chosen.")
    if not request.htmx:
        return redirect("companies:list")
    figures = tally.branch_figures(company)
    if (branch := request.access.branch) is not None:
        figures = [one for one in figures if one.branch == branch]
    context = {"company": company, "figures": figures}
    return render(request, "activations/_branch_figures.html", context)
