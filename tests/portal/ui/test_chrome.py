"""The frame around pages: navigation by role, headers, error pages, settings of looks."""

import re

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template.loader import render_to_string
from django.test import Client, RequestFactory

from portal.ui.context import Chrome, url_or_none
from tests.portal.ui.sheet import request_of


def labels(role: str, path: str = "/") -> list[str]:
    chrome = Chrome(request_of(role, path))
    return [link.label for group in chrome.nav for link in group.links]


@pytest.mark.parametrize(
    ("role", "seen", "unseen"),
    [
        ("installer", {"Activations", "Operations", "Grid profiles"}, {"Companies"}),
        ("viewer", {"Activations", "Operations"}, {"Companies"}),
        ("admin", {"Activations", "Companies", "PV modules"}, set()),
        ("support", {"Activations", "Operations", "Companies"}, {"Grid profiles", "Home owners"}),
    ],
)
def test_navigation_is_by_role(role, seen, unseen):
    assert seen <= set(labels(role))
    assert not unseen & set(labels(role))


def test_only_admins_are_led_to_the_connection():
    def settings_of(role: str) -> set[str]:
        return {link.label for link in Chrome(request_of(role)).settings}

    assert "Enphase connection" in settings_of("admin")
    assert "Enphase connection" not in settings_of("installer")


def test_only_those_who_may_create_get_the_tab():
    def tabs_of(role: str) -> list[str]:
        return [link.label for link in Chrome(request_of(role)).tabs]

    assert tabs_of("installer") == ["Activations", "New", "Operations", "More"]
    assert tabs_of("viewer") == ["Activations", "Operations", "More"]


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("/activations/7/", "Activations"),
        ("/operations/", "Operations"),
        ("/settings/appearance/", "Settings"),
        ("/accounts/2fa/", "Settings"),
    ],
)
def test_current_place_is_marked(path, label):
    chrome = Chrome(request_of("admin", path))
    current = [link.label for group in chrome.nav for link in group.links if link.is_current]
    assert current == [label]


def test_missing_pages_are_left_out(settings):
    assert url_or_none("nowhere:list") is None
    # A list of addresses that has none of ours.
    settings.ROOT_URLCONF = "django.conf.urls.i18n"
    assert labels("admin") == []


def test_frame_costs_no_query(client, alice, django_assert_num_queries):
    request = RequestFactory().get("/menu/")
    request.user = alice
    request.access = request_of("installer").access
    alice.roles  # noqa: B018 - brought along by the sign-in backend
    with django_assert_num_queries(0):
        render_to_string("ui/menu.html", {}, request)


# Headers


def test_every_answer_carries_the_policy(client):
    response = client.get("/healthz")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert "camera=()" in response["Permissions-Policy"]


def test_pages_are_nobodys_but_the_persons(client, alice):
    client.force_login(alice)
    response = client.get("/menu/")
    assert response["Cache-Control"] == "private, no-store"
    assert {"HX-Request", "Cookie"} <= set(re.split(r",\s*", response["Vary"]))


def test_htmx_keeps_to_the_rules(client, alice):
    client.force_login(alice)
    html = client.get("/menu/").content.decode()
    config = re.search(r"name=\"htmx-config\" content='([^']+)'", html)[1]
    for rule in (
        '"allowEval": false',
        '"includeIndicatorStyles": false',
        '"allowScriptTags": false',
        '"selfRequestsOnly": true',
        '"historyCacheSize": 0',
        '"code": "422", "swap": true',
    ):
        assert rule in config
    for script in re.findall(r"<script\b[^>]*>", html):
        assert "defer" in script
        assert "src=" in script


# Looks


def test_appearance_is_kept_in_cookies(client, alice):
    client.force_login(alice)
    answer = client.post("/settings/appearance/", {"theme": "dark", "density": "roomy"})
    assert answer.status_code == 302
    html = client.get("/settings/appearance/").content.decode()
    assert '<html lang="en" data-theme="dark" data-density="roomy">' in html
    assert client.cookies["theme"]["httponly"]
    assert client.cookies["theme"]["samesite"] == "Lax"


def test_wrong_appearance_is_refused_with_the_form(client, alice):
    client.force_login(alice)
    answer = client.post("/settings/appearance/", {"theme": "purple"})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "<title>Error: Appearance" in html
    assert "theme" not in client.cookies


def test_shortcuts_can_be_turned_off_and_on(client, alice):
    client.force_login(alice)
    client.post("/settings/shortcuts/", {})
    assert 'data-shortcuts="off"' in client.get("/menu/").content.decode()
    client.post("/settings/shortcuts/", {"shortcuts": "on"})
    assert 'data-shortcuts="on"' in client.get("/menu/").content.decode()


@pytest.mark.parametrize(
    "path", ["/menu/", "/help/statuses/", "/settings/appearance/", "/settings/shortcuts/"]
)
def test_pages_are_for_people_who_signed_in(client, path, alice, bob, charlie):
    assert client.get(path).status_code == 302
    for person in (alice, bob, charlie):
        client.force_login(person)
        assert client.get(path).status_code == 200


# Errors


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500", "503"])
def test_error_pages_need_no_database(name):
    # Without the mark of pytest-django any query here fails the test.
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    html = render_to_string(f"{name}.html", {}, request)
    assert "<h1>" in html
    assert "<script" not in html


def test_unknown_address_answers_in_our_look(alice):
    client = Client(raise_request_exception=False)
    client.force_login(alice)
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()
