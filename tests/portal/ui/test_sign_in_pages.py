"""allauth's pages in our look: nothing the policy refuses, one h1, our words."""

import re

import pytest
from allauth.account.models import EmailConfirmationHMAC

from tests.portal.ui.test_components import assert_clean

OUTSIDE = [
    "/accounts/login/",
    "/accounts/signup/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/confirm-email/",
    "/accounts/inactive/",
    "/accounts/password/reset/key/done/",
    "/accounts/password/reset/key/0-x-y/",
]
INSIDE = [
    "/accounts/email/",
    "/accounts/password/change/",
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/2fa/webauthn/",
    "/accounts/2fa/webauthn/add/",
    "/accounts/sessions/",
    "/accounts/logout/",
    "/accounts/3rdparty/",
]
PASSWORD = "correct-horse-battery"


def sign_in(client, user):
    """Through the page itself, so that allauth counts it as recent."""
    answer = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()
    # A second factor may be changed only after the password was given once more.
    answer = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert answer.status_code == 302, answer.content.decode()


@pytest.mark.parametrize("path", OUTSIDE)
def test_pages_on_the_way_in(client, db, path):
    check(client.get(path, follow=True))


@pytest.mark.parametrize("path", INSIDE)
def test_pages_of_a_signed_in_person(client, alice, path):
    sign_in(client, alice)
    response = client.get(path)
    check(response)
    assert "Ridgeline" in response.content.decode()


def test_page_that_confirms_an_address(client, alice):
    address = alice.emailaddress_set.get()
    address.verified = False
    address.save()
    check(client.get(f"/accounts/confirm-email/{EmailConfirmationHMAC(address).key}/"))


def test_stale_session_is_asked_again(client, alice):
    client.force_login(alice)
    response = client.get("/accounts/2fa/totp/activate/", follow=True)
    assert "Confirm it is you" in response.content.decode()
    check(response)


def test_wrong_password_keeps_the_address_and_says_so(client, alice):
    response = client.post("/accounts/login/", {"login": alice.email, "password": "wrong"})
    html = response.content.decode()
    assert "<title>Error: Sign in" in html
    assert 'role="alert"' in html
    assert f'value="{alice.email}"' in html


def test_password_fields_work_with_password_managers(client, db):
    html = client.get("/accounts/login/").content.decode()
    assert 'autocomplete="current-password"' in html
    assert re.search(r'autocomplete="(email|username)"', html)


def check(response):
    html = response.content.decode()
    assert response.status_code == 200, html[:500]
    assert html.count("<h1") == 1
    assert "app.css" in html
    assert_clean(html)
