"""The home owners a company has looked up or created."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from companies.homeowners.models import HomeOwner
from portal.ui.http import PortalRequest

ROWS_A_PAGE = 50


@require_safe
def owner_list(request: PortalRequest) -> HttpResponse:
    """Name and e-mail, found by parts of either."""
    wanted = request.GET.get("q", "").replace("\x00", "").strip()[:100]
    # Support opens a company first, which that company's trail keeps.
    owners = HomeOwner.objects.for_user(request.user).filter(company=request.access.company)
    if wanted:
        owners = owners.matching(wanted)
    page = Paginator(owners, ROWS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "homeowners/list.html", {"page": page, "q": wanted})
