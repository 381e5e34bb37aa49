"""Sign in with Enphase (authorization code), for people whose portal account exists already.

allauth finds `provider_classes` here because the app is named portal.connections.
"""

from typing import Any

from allauth.socialaccount.providers.base import ProviderAccount
from allauth.socialaccount.providers.oauth2.provider import OAuth2Provider

from portal.connections.provider.views import EnphaseOAuth2Adapter


class EnphaseAccount(ProviderAccount):
    def get_user_data(self) -> dict[str, Any] | None:
        """Name and address for allauth's list of connections."""
        return {"username": self.account.extra_data.get("name", "")}


class EnphaseProvider(OAuth2Provider):
    """Enlighten as allauth sees it. The user id at Enlighten names the person."""

    id = "enphase"
    name = "Enphase"
    package = "portal.connections.provider"
    account_class = EnphaseAccount
    oauth2_adapter_class = EnphaseOAuth2Adapter

    def extract_uid(self, data: dict[str, Any]) -> str:
        return str(data["user_id"])

    def extract_extra_data(self, data: dict[str, Any]) -> dict[str, Any]:
        """Only what the list of connections shows; the address stays with Enphase."""
        return {"user_id": data["user_id"], "name": data["name"], "company": data["company"]}

    def extract_common_fields(self, data: dict[str, Any]) -> dict[str, Any]:
        """Nothing: a sign-in through Enphase never fills in or changes a portal account."""
        return {}


provider_classes = [EnphaseProvider]
