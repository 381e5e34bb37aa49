"""The component sheet in Chromium, with the portal's own files and its own policy."""

import pytest
from django.conf import settings

from portal.ui.csp import _policy
from tests.browsers import assert_accessible
from tests.portal.ui.sheet import render_sheet

pytestmark = pytest.mark.browser


@pytest.fixture
def open_sheet(open_page, portal):
    """The sheet as if the portal had a page of it."""

    def open_sheet(**options):
        page = open_page(**options)
        html = render_sheet("dark" if options.get("dark") else "light")
        page.route(
            f"{portal}/components/",
            lambda route: route.fulfill(
                body=html,
                content_type="text/html; charset=utf-8",
                headers={"Content-Security-Policy": _policy(settings.SECURE_CSP)},
            ),
        )
        # The samples poll; the answer to that is somebody else's business.
        page.route("**/operations/**", lambda route: route.fulfill(status=204))
        page.goto("/components/")
        page.wait_for_load_state("load")
        return page

    return open_sheet


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_components_are_accessible_and_keep_to_the_policy(open_sheet, phone, dark):
    page = open_sheet(phone=phone, dark=dark)
    # The errors took the focus; what is half under the sticky bar now would be measured so.
    page.evaluate("scrollTo(0, 0)")
    assert_accessible(page)
    # What the policy refuses, `watch` reports when the test ends.


def test_page_never_scrolls_sideways(open_sheet):
    page = open_sheet(phone=True)
    for width in (320, 390, 768, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        too_wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert too_wide <= 0, width


def test_icons_come_from_the_sprite(open_sheet):
    page = open_sheet()
    box = page.locator(".pill .i use").first.bounding_box()
    assert box
    assert box["width"] > 4


def test_our_font_is_used(open_sheet):
    page = open_sheet()
    page.evaluate("document.fonts.ready.then(() => true)")
    assert page.evaluate("document.fonts.check('14px Inter')")
    assert page.evaluate("[...document.fonts].some((font) => font.status === 'loaded')")


def test_errors_take_the_focus_and_lead_to_their_fields(open_sheet):
    page = open_sheet()
    assert page.evaluate("document.activeElement.id") == "error-summary"
    page.locator("#error-summary a").first.click()
    assert page.evaluate("document.activeElement.id") == "id_name"


def test_shortcuts_move_through_the_page_and_stay_out_of_fields(open_sheet):
    page = open_sheet()
    page.locator("#content").focus()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.type") == "search"
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.value").endswith("j")
    page.locator("#content").focus()
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.closest('tr')?.className") == "is-cursor"


def test_a_form_is_sent_once_by_two_clicks(open_sheet, portal):
    page = open_sheet()
    page.locator("form.form [required]").evaluate_all("all => all.forEach(e => e.required = false)")
    sent = []
    page.route(
        f"{portal}/components/",
        lambda route: sent.append(1) if route.request.method == "POST" else route.fallback(),
    )
    page.evaluate(
        "const button = document.querySelector('form.form .btn--primary');"
        "button.click(); button.click();"
    )
    page.wait_for_timeout(500)
    assert len(sent) == 1


def test_copied_serial_has_no_spaces(open_sheet):
    page = open_sheet()
    copied = page.evaluate(
        """() => {
            const serial = document.querySelector(".serial");
            getSelection().selectAllChildren(serial);
            const data = new DataTransfer();
            const options = {clipboardData: data, bubbles: true, cancelable: true};
            const event = new ClipboardEvent("copy", options);
            serial.dispatchEvent(event);
            return data.getData("text/plain");
        }"""
    )
    assert copied == "202314071152"


def test_polls_rest_while_the_tab_is_hidden(open_sheet):
    page = open_sheet()
    polls = []
    page.on(
        "request",
        lambda request: polls.append(request.url) if "/operations/" in request.url else None,
    )
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    page.wait_for_timeout(3500)
    assert polls == []
    page.evaluate("delete document.hidden")
    page.wait_for_timeout(3500)
    assert polls


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"status": 500}, "The portal could not answer"),
        ({"status": 404}, "This is not there any more"),
        ({"status": 403}, "You may not do this"),
        (None, "No connection to the portal"),
    ],
    ids=["500", "404", "403", "offline"],
)
def test_failures_behind_the_page_are_said(open_sheet, answer, words):
    page = open_sheet()
    page.route(
        "**/operations/**",
        lambda route: route.fulfill(**answer) if answer else route.abort(),
    )
    toast = page.locator("#toasts .toast")
    toast.get_by_text(words).wait_for()
    page.wait_for_timeout(3500)
    assert toast.count() == 1  # said again, but not once more
    toast.get_by_role("button", name="Close").click()
