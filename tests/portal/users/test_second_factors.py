"""Authenticator apps, passkeys and recovery codes, from adding one to signing in with it."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.db import connection
from django.test import Client
from django.urls import reverse

from tests.portal.users.signing_in import is_signed_in, reauthenticate, sign_in
from tests.portal.users.software_key import SoftwareKey


def code_of(secret, ahead=0):
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + ahead))


def add_totp(client, user):
    """Sign in, add an authenticator app, and give its secret."""
    sign_in(client, user)
    reauthenticate(client)
    url = reverse("mfa_activate_totp")
    secret = client.get(url).context["form"].secret
    assert client.post(url, {"code": code_of(secret)}).status_code == 302
    return secret


def test_authenticator_app_is_asked_for_at_the_next_sign_in(client, alice):
    secret = add_totp(client, alice)
    other = Client()
    sign_in(other, alice)
    assert not is_signed_in(other)
    url = reverse("mfa_authenticate")
    wrong = "000000" if code_of(secret) != "000000" else "000001"
    other.post(url, {"code": wrong})
    assert not is_signed_in(other)
    other.post(url, {"code": code_of(secret, ahead=1)})
    assert is_signed_in(other)


def test_secret_is_sealed_in_the_database(client, alice):
    secret = add_totp(client, alice)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM mfa_authenticator")
        assert secret not in repr(cursor.fetchall())


def test_a_code_works_once(client, alice):
    secret = add_totp(client, alice)
    code = code_of(secret, ahead=1)
    for works in (True, False):
        other = Client()
        sign_in(other, alice)
        other.post(reverse("mfa_authenticate"), {"code": code})
        assert is_signed_in(other) == works


def test_guessing_codes_is_limited(client, alice):
    secret = add_totp(client, alice)
    other = Client()
    sign_in(other, alice)
    wrong = "000000" if code_of(secret, 1) != "000000" else "000001"
    for _ in range(5):
        other.post(reverse("mfa_authenticate"), {"code": wrong})
    other.post(reverse("mfa_authenticate"), {"code": code_of(secret, ahead=1)})
    assert not is_signed_in(other)


def test_recovery_code_works_once(client, alice):
    add_totp(client, alice)
    client.post(reverse("mfa_generate_recovery_codes"))
    page = client.get(reverse("mfa_view_recovery_codes"))
    code = page.context["unused_codes"][0]
    for works in (True, False):
        other = Client()
        sign_in(other, alice)
        other.post(reverse("mfa_authenticate"), {"code": code})
        assert is_signed_in(other) == works


def test_factors_are_not_changed_without_a_fresh_password(client, alice):
    sign_in(client, alice)
    for page in ("mfa_activate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes"):
        response = client.get(reverse(page))
        assert response.status_code == 302
        assert response.url.startswith(reverse("account_reauthenticate"))


def add_key(client, user, *, passkey):
    """Sign in and register a key; `passkey` needs no password at the next sign-in."""
    sign_in(client, user)
    reauthenticate(client)
    url, key = reverse("mfa_add_webauthn"), SoftwareKey()
    assert client.get(url).status_code == 200
    data = {"name": "My phone", "credential": key.register(challenge(client))}
    response = client.post(url, {**data, "passwordless": "on"} if passkey else data)
    assert response.status_code == 302, response.content.decode()[-3000:]
    return key


def begin(client):
    """What the script of the sign-in page asks for before it asks the browser."""
    headers = {"X-Requested-With": "XMLHttpRequest"}
    answer = client.get(reverse("mfa_login_webauthn"), headers=headers)
    assert "request_options" in answer.json()


def challenge(client):
    return client.session["mfa.webauthn.state"]["challenge"]


def handle(user):
    from allauth.account.utils import user_pk_to_url_str

    return user_pk_to_url_str(user).encode()


def test_security_key_is_a_second_factor(client, alice):
    key = add_key(client, alice, passkey=False)
    assert Authenticator.objects.filter(user=alice, type="webauthn").count() == 1
    other = Client()
    sign_in(other, alice)
    assert not is_signed_in(other)
    url = reverse("mfa_authenticate")
    other.get(url)
    response = other.post(url, {"credential": key.sign(challenge(other))})
    assert response.status_code == 302
    assert is_signed_in(other)


def test_passkey_signs_in_without_a_password(client, alice):
    key = add_key(client, alice, passkey=True)
    other = Client()
    url = reverse("mfa_login_webauthn")
    begin(other)
    other.post(url, {"credential": key.sign(challenge(other), handle(alice))})
    assert is_signed_in(other)


def test_key_of_somebody_else_does_not_sign_in(client, alice, bob):
    add_key(client, alice, passkey=True)
    stranger, other = SoftwareKey(), Client()
    url = reverse("mfa_login_webauthn")
    begin(other)
    other.post(url, {"credential": stranger.sign(challenge(other), handle(alice))})
    assert not is_signed_in(other)


def test_answer_to_an_old_challenge_does_not_sign_in(client, alice):
    key = add_key(client, alice, passkey=True)
    url = reverse("mfa_login_webauthn")
    first, second = Client(), Client()
    begin(first)
    answer = key.sign(challenge(first), handle(alice))
    begin(second)
    second.post(url, {"credential": answer})
    assert not is_signed_in(second)


@pytest.mark.parametrize("person", ["dana", "sam"])
def test_admins_and_support_must_add_one_where_the_portal_asks(client, request, settings, person):
    settings.REQUIRE_SECOND_FACTOR = True
    user = request.getfixturevalue(person)
    sign_in(client, user)
    response = client.get(reverse("companies:list"))
    assert (response.status_code, response.url) == (302, reverse("mfa_index"))
    assert client.get(reverse("mfa_index")).status_code == 200
    secret = add_totp(Client(), user)
    assert is_signed_in(client)
    other = Client()
    sign_in(other, user)
    other.post(reverse("mfa_authenticate"), {"code": code_of(secret, ahead=1)})
    assert is_signed_in(other)


@pytest.mark.parametrize("person", ["alice", "bob"])
def test_others_may_add_one(client, request, settings, person):
    settings.REQUIRE_SECOND_FACTOR = True
    sign_in(client, request.getfixturevalue(person))
    assert is_signed_in(client)
