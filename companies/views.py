"""The company, its branches and subcontractors, who works there, and the company switcher."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from companies import services, sync
from companies.middleware import SESSION_KEY
from companies.models import Company, Membership
from enphase import EnphaseError
from portal.connections.forms import ConnectForm
from portal.connections.models import Account
from portal.connections.services import NeedsReconnect, sentence_for
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest
from portal.users.authentication import challenge

# What a person without a company may not know: support sees the list of all tenants instead.
MAX_LISTED = 500


def _company(request: PortalRequest) -> Company:
    """The current company; 404 for a person without one."""
    company: Company | None = request.access.company
    if company is None:
        raise Http404
    return company


@require_safe
def company_list(request: PortalRequest) -> HttpResponse:
    """The current company with its branches and members; all companies for support."""
    tenants = Company.objects.for_user(request.user).tenants()[:MAX_LISTED]
    company = request.access.company
    if company is None:
        return render(request, "companies/list.html", {"company": None, "tenants": tenants})
    members = (
        Membership.objects.for_user(request.user)
        .filter(company=company)
        .select_related("user", "branch")
        .order_by("role", "user__name", "pk")
    )
    context = {
        "company": company,
        "tenants": tenants,
        "branches": company.branches.all(),
        "members": members,
        "is_connected": Account.objects.filter(company=company, state="healthy").exists(),
    }
    return render(request, "companies/list.html", context)


@require_safe
def subcontractors(request: PortalRequest) -> HttpResponse:
    """Companies that may be named on our sites, as Enphase lists them."""
    company = _company(request)
    context = {"company": company, "subcontractors": company.subcontractors.all()}
    return render(request, "companies/subcontractors.html", context)


@require_POST
def refresh(request: PortalRequest) -> HttpResponse:
    """Read the company anew from Enphase (3 hits)."""
    company = _company(request)
    request.access.require_installer(company.pk)
    try:
        sync.read_company(company)
    except EnphaseError as error:
        messages.error(request, sentence_for(error))
    except NeedsReconnect as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{company.name} was read from Enphase.")
    return redirect(_back(request, "companies:list"))


@require_POST
def switch(request: PortalRequest) -> HttpResponse:
    """Work in another company. Support opening one is noted in that company's trail."""
    companies = Company.objects.for_user(request.user).tenants()
    company = get_object_or_404(companies, pk=_number(request.POST.get("company", "")))
    chosen = request.access.company
    if request.access.role_in(company.pk) == "support" and company != chosen:
        services.open_as_support(company, actor=request.user)
    request.session[SESSION_KEY] = company.pk
    return redirect(_back(request, "home"))


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: PortalRequest) -> HttpResponse:
    """The first connection: brings a company to Ridgeline and makes this person its admin."""
    if request.user.is_support:
        raise Http404
    if ask_again := challenge(request):
        return ask_again

    form = ConnectForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            company = services.connect_company(**form.cleaned_data, actor=request.user)
        except Refused as error:
            form.add_error(None, str(error))
        else:
            request.session[SESSION_KEY] = company.pk
            messages.success(request, f"{company} is connected. You are its admin.")
            return redirect("companies:list")
    status = 422 if form.errors else 200
    return render(request, "companies/connect.html", {"form": form}, status=status)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _back(request: PortalRequest, otherwise: str) -> str:
    """Where the form says to go, if that is a page of this portal."""
    wanted = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if wanted.startswith("/") and safe else otherwise
