"""E-mail and password: in, out, and kept out."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from portal.users.models import User
from tests.conftest import PASSWORD
from tests.portal.users.signing_in import is_signed_in, sign_in

LOGIN = "account_login"


def attempt(client, email, password, **extra):
    return client.post(reverse(LOGIN), {"login": email, "password": password}, **extra)


def text_of(response):
    """The page without what differs from one to the next: tokens and what was typed."""
    page = re.sub(r'value="[^"]*"', "", response.content.decode())
    return re.sub(r'"X-CSRFToken": "\w*"', "", page)


def test_everything_but_the_door_is_closed(client, db):
    for page in ("home", "companies:list", "connections:settings", "homeowners:list"):
        response = client.get(reverse(page))
        assert response.status_code == 302
        assert response.url.startswith(reverse(LOGIN))


def test_sign_in_and_out(client, alice):
    sign_in(client, alice)
    assert is_signed_in(client)
    old = client.cookies["sessionid"].value
    client.post(reverse("account_logout"))
    assert not is_signed_in(client)
    thief = Client()
    thief.cookies["sessionid"] = old
    assert not is_signed_in(thief)


def test_address_is_not_case_sensitive(client, alice):
    assert attempt(client, alice.email.upper(), PASSWORD).status_code == 302
    assert is_signed_in(client)


def test_session_from_before_is_not_the_session_after(client, alice):
    session = client.session
    session["seen"] = 1
    session.save()
    client.cookies["sessionid"] = before = session.session_key
    sign_in(client, alice)
    assert client.cookies["sessionid"].value != before
    thief = Client()
    thief.cookies["sessionid"] = before
    assert not is_signed_in(thief)


def test_unknown_address_and_wrong_password_look_the_same(client, alice):
    known = attempt(client, alice.email, "wrong-password")
    unknown = attempt(client, "nobody@example.com", "wrong-password")
    assert known.status_code == unknown.status_code
    assert text_of(known) == text_of(unknown)
    assert "wrong-password" not in known.content.decode()


def test_sixth_try_is_refused_even_with_the_right_password(client, alice, bob):
    for _ in range(5):
        attempt(client, alice.email, "wrong-password")
    response = attempt(client, alice.email, PASSWORD)
    assert response.status_code in (200, 429)
    assert not is_signed_in(client)
    # From another address neither: the lock is on the person, and shared by all processes.
    attempt(client, alice.email, PASSWORD, REMOTE_ADDR="10.1.2.3")
    assert not is_signed_in(client)
    # Others are not locked out with her.
    sign_in(Client(REMOTE_ADDR="10.1.2.4"), bob)


def test_many_people_from_one_address_are_slowed_down(client, alice):
    for number in range(10):
        attempt(client, f"person{number}@example.com", "wrong-password")
    attempt(client, alice.email, PASSWORD)
    assert not is_signed_in(client)


def test_forged_forwarded_header_does_not_lift_the_limit(client, alice):
    for number in range(10):
        forged = {"HTTP_X_FORWARDED_FOR": f"10.9.9.{number}"}
        attempt(client, f"person{number}@example.com", "wrong-password", **forged)
    attempt(client, alice.email, PASSWORD, HTTP_X_FORWARDED_FOR="10.9.9.99")
    assert not is_signed_in(client)


def test_disabled_person_is_out_at_the_next_click(client, alice, sam):
    for person in (alice, sam):
        client.force_login(person)
        assert is_signed_in(client)
        User.objects.filter(pk=person.pk).update(is_active=False)
        assert not is_signed_in(client)


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "///evil.example",
        "////evil.example",
        "http:///evil.example",
        "http:evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "\\\\evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "//evil.example@testserver",
        "http://testserver@evil.example",
        "http://testserver.evil.example",
        " //evil.example",
        "\t//evil.example",
        "\x00//evil.example",
        "ftp://evil.example",
    ],
)
def test_sign_in_never_leads_away(client, alice, target):
    url = reverse(LOGIN)
    response = client.post(url, {"login": alice.email, "password": PASSWORD, "next": target})
    if response.status_code == 302:
        assert response.url == reverse("home")


def test_forged_host_is_refused(client, db):
    assert client.get(reverse(LOGIN), HTTP_HOST="evil.example").status_code == 400


def test_sign_in_pages_are_not_cached(client, db):
    header = client.get(reverse(LOGIN)).headers["Cache-Control"]
    assert "no-store" in header or "private" in header


def test_new_person_must_verify_the_address_first(client, db):
    data = {"email": "erin@example.com", "password1": PASSWORD, "password2": PASSWORD}
    response = client.post(reverse("account_signup"), data)
    assert response.status_code == 302
    assert not is_signed_in(client)
    attempt(client, "erin@example.com", PASSWORD)
    assert not is_signed_in(client)
    [message] = mail.outbox[:1]
    assert message.to == ["erin@example.com"]
    assert message.subject.startswith("Ridgeline: ")
    link = re.search(r"https?://testserver(\S+)", message.body)[1]
    client.post(link)
    attempt(client, "erin@example.com", PASSWORD)
    assert is_signed_in(client)
    assert User.objects.get().roles == []


def test_signing_up_with_a_known_address_does_not_tell(client, alice):
    data = {"password1": PASSWORD + "x", "password2": PASSWORD + "x"}
    known = client.post(reverse("account_signup"), {**data, "email": alice.email})
    other = Client()
    unknown = other.post(reverse("account_signup"), {**data, "email": "new@example.com"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)


@pytest.mark.parametrize("password", ["short", "12345678901234", "password1234"])
def test_weak_passwords_are_refused(client, db, password):
    data = {"email": "erin@example.com", "password1": password, "password2": password}
    client.post(reverse("account_signup"), data)
    assert not User.objects.exists()


def test_reset_of_a_forgotten_password(client, alice):
    sign_in(client, alice)
    other = Client()
    other.post(reverse("account_reset_password"), {"email": alice.email})
    [message] = mail.outbox
    link = re.search(r"https?://testserver(\S+)", message.body)[1]
    form = other.get(link, follow=True).redirect_chain[-1][0]
    new = "another-long-password"
    assert other.post(form, {"password1": new, "password2": new}).status_code == 302
    assert not is_signed_in(client)  # her old sessions are gone
    assert not is_signed_in(other)
    sign_in(other, alice, new)
    third = Client()
    third.get(link, follow=True)
    assert third.post(form, {"password1": "x" * 20, "password2": "x" * 20}).status_code != 500
    assert User.objects.get(pk=alice.pk).check_password(new)  # a link works once


def test_reset_does_not_tell_who_exists(client, alice):
    url = reverse("account_reset_password")
    known = client.post(url, {"email": alice.email})
    unknown = client.post(url, {"email": "nobody@example.com"})
    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_change_of_the_password_ends_every_session(client, alice):
    other = Client()
    sign_in(client, alice)
    sign_in(other, alice)
    new = "another-long-password"
    data = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert client.post(reverse("account_change_password"), data).status_code == 302
    assert not is_signed_in(other)


def test_list_of_sessions_ends_the_others(client, alice):
    other = Client(HTTP_USER_AGENT="A phone")
    sign_in(client, alice)
    sign_in(other, alice)
    page = client.get(reverse("usersessions_list"))
    assert page.status_code == 200
    assert len(page.context["sessions"]) == 2
    client.post(reverse("usersessions_list"))
    assert not is_signed_in(other)
    assert is_signed_in(client)
