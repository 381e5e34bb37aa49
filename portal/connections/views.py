"""The page of a company's connection to Enphase, and what an admin may do with it."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.connections import services
from portal.connections.forms import ConnectForm
from portal.connections.models import Account
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest
from portal.users.authentication import challenge


def _account(request: PortalRequest) -> Account | None:
    """The current company's account, if the person may see it."""
    company = request.access.company
    if company is None:
        return None
    accounts = Account.objects.for_user(request.user).select_related("application")
    account: Account | None = accounts.filter(company_id=company.pk).first()
    return account


@require_safe
def connection(request: PortalRequest) -> HttpResponse:
    """Whom we act as, how the tokens are, and what to do when the connection is dead."""
    return render(request, "connections/settings.html", {"account": _account(request)})


@require_POST
def test_connection(request: PortalRequest) -> HttpResponse:
    """Ask Enphase who we are (1 hit)."""
    account = _account(request)
    if account is None:
        raise Http404
    request.access.require_installer(account.company_id)
    if services.test_connection(account, actor=request.user):
        messages.success(request, "The connection works.")
    else:
        messages.error(request, account.test_result)
    return redirect("connections:settings")


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: PortalRequest) -> HttpResponse:
    """Connect the current company (again) with an Enlighten e-mail and password."""
    company = request.access.company
    if company is None:
        raise Http404
    request.access.require_admin(company.pk)
    if ask_again := challenge(request):
        return ask_again

    form = ConnectForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            account = services.connect(company, **form.cleaned_data, actor=request.user)
        except Refused as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, f"{company} is connected as {account.acting_name}.")
            return redirect("connections:settings")
    context = {"form": form, "account": _account(request)}
    status = 422 if form.errors else 200
    return render(request, "connections/connect.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def disconnect(request: PortalRequest) -> HttpResponse:
    """Ask once, then forget the tokens."""
    account = _account(request)
    if account is None:
        raise Http404
    request.access.require_admin(account.company_id)
    if ask_again := challenge(request):
        return ask_again
    if request.method == "POST":
        services.disconnect(account, actor=request.user)
        messages.success(request, "Disconnected. The tokens are deleted.")
        return redirect("connections:settings")
    return render(request, "connections/disconnect.html", {"account": account})
