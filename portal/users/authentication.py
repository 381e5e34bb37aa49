"""How recently the person at the screen has proved who they are."""

import time
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

RECENT_SECONDS = 15 * 60


def recently_authenticated(request: HttpRequest) -> bool:
    """Did this session see a password, a passkey or a code within the last 15 minutes?"""
    records = get_authentication_records(request, request.user)
    return any(time.time() - record.get("at", 0) < RECENT_SECONDS for record in records)


def challenge(request: HttpRequest) -> HttpResponse | None:
    """A redirect that asks for the password first, or None when that is not needed.

    Afterwards the page is shown by GET. Unlike allauth's decorator it never keeps the posted form
    in the session: ours holds the Enlighten password.
    """
    if recently_authenticated(request):
        return None
    query = urlencode({"next": request.path})
    return HttpResponseRedirect(f"{reverse('account_reauthenticate')}?{query}")
