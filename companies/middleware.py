"""Gives every request its `access`: who is asking, and for which company."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from companies.access import Access
from companies.models import Company

SESSION_KEY = "company"


class CurrentCompany:
    """Sets `request.access`. The switcher stores the chosen company in the session.

    Costs no query for members (memberships come with the user); support staff with a chosen
    company cost one.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            request.access = Access(request.user, _chosen(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def _chosen(request: HttpRequest) -> Company | None:
    wanted = request.session.get(SESSION_KEY)
    mine: list[Company] = [membership.company for membership in request.user.roles]  # type: ignore[union-attr]
    for company in mine:
        if company.pk == wanted:
            return company
    if mine:
        return mine[0]
    if wanted and request.user.is_support:  # type: ignore[union-attr]
        return Company.objects.tenants().filter(pk=wanted).first()
    return None
