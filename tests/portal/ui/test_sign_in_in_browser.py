"""Signing in with a real browser, password and passkey, under the policy of every page."""

import pytest

from tests.browsers import assert_accessible
from tests.conftest import PASSWORD

pytestmark = pytest.mark.browser


def sign_in(page, user):
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/activations/**")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_pages_are_accessible(open_page, alice, phone, dark):
    page = open_page(phone=phone, dark=dark)
    for path in ("/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/nope/"):
        page.goto(path)
        assert_accessible(page)
    page = open_page(alice, phone=phone, dark=dark)
    for path in (
        "/menu/",
        "/help/statuses/",
        "/settings/appearance/",
        "/settings/shortcuts/",
        "/accounts/2fa/",
        "/accounts/email/",
        "/accounts/sessions/",
        "/accounts/password/change/",
        "/accounts/logout/",
        "/nope/",
    ):
        page.goto(path)
        assert_accessible(page)


def test_wrong_password_takes_the_focus_to_the_words(open_page, alice):
    page = open_page()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(alice.email)
    page.get_by_label("Password").fill("not it")
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.locator("#error-summary").wait_for()
    assert page.evaluate("document.activeElement.id") == "error-summary"
    assert_accessible(page)


def test_passkey_is_added_and_signs_in(open_page, alice):
    page = open_page()
    authenticator = page.context.new_cdp_session(page)
    authenticator.send("WebAuthn.enable")
    authenticator.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )
    sign_in(page, alice)
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_role("heading", name="Confirm it is you").wait_for()
    assert_accessible(page)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Confirm", exact=True).click()
    page.get_by_label("Name").fill("My phone")
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add passkey").click()
    page.wait_for_url(lambda url: "webauthn/add" not in url)
    page.goto("/accounts/2fa/webauthn/")
    page.get_by_text("My phone").first.wait_for()
    assert_accessible(page)

    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Sign out").last.click()
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/activations/**")


def test_password_alone_works_without_script(open_page, alice):
    page = open_page(javascript=False)
    sign_in(page, alice)
    page.locator(".nav details summary").last.click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")
