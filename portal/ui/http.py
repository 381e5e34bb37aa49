"""What a view may expect of its request, and the one way to answer page or fragment."""

import uuid
from typing import Any, Protocol

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django_htmx.middleware import HtmxDetails


class Access(Protocol):
    """What the signed-in person may do; set by companies.middleware, see companies.access."""

    @property
    def company(self) -> Any: ...
    @property
    def branch(self) -> Any: ...
    @property
    def role(self) -> str | None: ...
    def role_in(self, company_id: int) -> str | None: ...
    def require_installer(self, company_id: int) -> None: ...
    def require_admin(self, company_id: int) -> None: ...


class PortalRequest(HttpRequest):
    """A request of a signed-in person, after the middleware of the portal."""

    htmx: HtmxDetails
    access: Access
    user: Any


def page_or_fragment(
    request: PortalRequest,
    *,
    page: str,
    fragment: str,
    context: dict[str, Any],
    status: int = 200,
) -> HttpResponse:
    """The fragment for htmx, the whole page for everybody else; the same context for both."""
    template = fragment if request.htmx and not request.htmx.boosted else page
    return render(request, template, context, status=status)


def form_token(request: HttpRequest) -> uuid.UUID:
    """Minted with a form and posted with it, so that sending the form twice does it once."""
    try:
        return uuid.UUID(request.POST.get("token", ""))
    except ValueError:
        return uuid.uuid4()
