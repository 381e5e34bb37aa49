"""Admins and support staff sign in with a second factor, where the portal is set to ask for it."""

from collections.abc import Callable

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


class SecondFactor:
    """Leads admins and support staff without a second factor to the page where they add one.

    Off unless REQUIRE_SECOND_FACTOR is set. Costs one query a request, and only for those who
    have not used a second factor in this session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.REQUIRE_SECOND_FACTOR and _lacks_one(request):
            messages.warning(
                request,
                "Your role needs a second factor. Add an authenticator app or a passkey first.",
            )
            return redirect("mfa_index")
        return self.get_response(request)


def _lacks_one(request: HttpRequest) -> bool:
    user = request.user
    if not user.is_authenticated or request.path.startswith(_where_one_is_added()):
        return False
    if not (user.is_support or any(member.role == "admin" for member in user.roles)):
        return False
    records = get_authentication_records(request, user)
    if any(record.get("method") == "mfa" for record in records):
        return False
    return not Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


def _where_one_is_added() -> str:
    """The pages of sign-in, factors and e-mail, all below one address."""
    return reverse("account_login").removesuffix("login/")
