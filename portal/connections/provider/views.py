"""Enphase's authorization code flow, with our client in place of allauth's plain requests."""

from typing import Any

from allauth.socialaccount.models import SocialLogin, SocialToken
from allauth.socialaccount.providers.base import ProviderException
from allauth.socialaccount.providers.oauth2.client import OAuth2Client, OAuth2Error
from allauth.socialaccount.providers.oauth2.views import (
    OAuth2Adapter,
    OAuth2CallbackView,
    OAuth2LoginView,
)
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_variables

import enphase
from enphase import EnphaseError, code_grant
from enphase.application import checked_base_url
from enphase.auth import AUTHORIZE_PATH, TOKEN_PATH
from portal.connections.services import PAGE_TIMEOUTS, client_on, shared_application
from portal.sealing import seal, unseal
from portal.ui.errors import Refused

ACCESS, REFRESH = "social:access_token", "social:refresh_token"


class EnphaseOAuth2Client(OAuth2Client):
    """Asks the token endpoint through `enphase.auth`: no redirects, deadline, nothing in logs."""

    @sensitive_variables()
    def get_access_token(
        self, code: str, pkce_code_verifier: str | None = None, extra_data: Any = None
    ) -> dict[str, Any]:
        try:
            application = enphase.Application(
                settings.ENPHASE_API_KEY, self.consumer_key, self.consumer_secret
            )
            tokens = code_grant(
                settings.ENPHASE_API_URL,
                application,
                code,
                self.callback_url,
                timeouts=PAGE_TIMEOUTS,
            )
        except (EnphaseError, ValueError) as error:
            # The texts could quote what Enphase was sent; the kind of failure is enough.
            raise OAuth2Error(f"No tokens from Enphase ({type(error).__name__}).") from None
        return {
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "expires_in": tokens.expires_in,
        }


class EnphaseOAuth2Adapter(OAuth2Adapter):
    """Where Enphase's pages are, and who has signed in there."""

    provider_id = "enphase"
    basic_auth = True
    client_class = EnphaseOAuth2Client

    @property
    def authorize_url(self) -> str:
        return checked_base_url(settings.ENPHASE_API_URL) + AUTHORIZE_PATH

    @property
    def access_token_url(self) -> str:
        return checked_base_url(settings.ENPHASE_API_URL) + TOKEN_PATH

    @sensitive_variables()
    def parse_token(self, data: dict[str, Any]) -> SocialToken:
        """The token as it is kept: sealed, in the database as well as in the session."""
        token = super().parse_token(data)
        token.token = seal(token.token, ACCESS)
        if token.token_secret:
            token.token_secret = seal(token.token_secret, REFRESH)
        return token

    @sensitive_variables()
    def complete_login(
        self, request: HttpRequest, app: Any, token: SocialToken, **kwargs: Any
    ) -> SocialLogin:
        """Ask Enphase who signed in (1 hit), with the application's key."""
        try:
            with client_on(shared_application(), unseal(token.token, ACCESS)) as client:
                user = client.users.get_current_user(expand_company=True)
        except (EnphaseError, Refused) as error:
            raise ProviderException(
                f"Enphase did not say who signed in ({type(error).__name__})."
            ) from None
        person = {
            "user_id": user.user_id,
            "name": user.name,
            "company": user.company.company_name if user.company else "",
        }
        return self.get_provider().sociallogin_from_response(request, person)


_login = OAuth2LoginView.adapter_view(EnphaseOAuth2Adapter)


@login_not_required
def oauth2_login(request: HttpRequest) -> HttpResponse:
    """Ask first (GET), then lead to Enphase (POST).

    By a page that moves on by itself: a redirect would be the end of a form's journey, and our
    content security policy lets forms end nowhere but here.
    """
    response: HttpResponse = _login(request)
    target = response.headers.get("Location", "")
    if not target.startswith(EnphaseOAuth2Adapter(request).authorize_url):
        return response
    page = render(request, "connections/continue.html", {"target": target})
    page.headers["Refresh"] = f"0; url={target}"
    return page


oauth2_callback = OAuth2CallbackView.adapter_view(EnphaseOAuth2Adapter)
