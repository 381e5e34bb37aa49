"""How allauth is bent to our rules."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.http import HttpRequest

from portal.sealing import seal, unseal


class AccountAdapter(DefaultAccountAdapter):
    """Everybody may sign up; a person without a company sees only how to connect one."""

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """We have no user names; e-mail is the name."""


class MFAAdapter(DefaultMFAAdapter):
    """Keeps TOTP secrets and recovery seeds sealed in the database."""

    def encrypt(self, text: str) -> str:
        return seal(text, "mfa")

    def decrypt(self, encrypted_text: str) -> str:
        return unseal(encrypted_text, "mfa")


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """Signing in through Enphase connects to an account that exists; it never makes one."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False
