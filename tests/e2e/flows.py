"""The main job, step by step as a person does it. `hand` is a Mouse or a Keyboard."""

import re
import time
from collections.abc import Callable

from playwright.sync_api import Page, expect

from portal.users.models import User
from tests.conftest import PASSWORD
from tests.e2e.hands import Mouse

PATIENCE_SECONDS = 60
NET_METERING = "Net Metering"
PROGRESS = re.compile(r"\b([1-9]|1\d|2[0-3]) of 24 producing")

SITE = {
    "Name": "Ferrer residence",
    "Project number": "hal-26/0917",
    "Street and number": "418 Keller Street",
    "City": "Petaluma",
    "ZIP code": "94952",
}


def button(page: Page, name: str):
    return page.get_by_role("button", name=re.compile(rf"^{name}"))


def link(page: Page, name: str):
    return page.get_by_role("link", name=re.compile(rf"^{name}"))


def labelled(page: Page, label: str):
    """The field with that label, whatever hint or "(optional)" follows it."""
    return page.get_by_label(re.compile(rf"^{re.escape(label)}( \(optional\))?$"))


def sign_in(hand: Mouse, user: User) -> None:
    page = hand.page
    page.goto("/activations/")
    expect(page.get_by_role("heading", name="Sign in", level=1)).to_be_attached()
    hand.type(page.get_by_label("Email"), user.email)
    hand.type(page.get_by_label("Password"), PASSWORD)
    hand.press(page.get_by_role("button", name="Sign in", exact=True))
    page.wait_for_url("**/activations/**")


def fill_in_wizard(hand: Mouse) -> str:
    """From the list to the check page; gives its address."""
    page = hand.page
    hand.press(link(page, "New activation").locator("visible=true").first)
    expect(page.get_by_role("heading", name="Site", level=1)).to_be_attached()
    fill_in_site(hand)
    hand.press(button(page, "Save and continue"))

    expect(page.get_by_role("heading", name="People", level=1)).to_be_attached()
    hand.press(button(page, "Save and continue"))

    expect(page.get_by_role("heading", name="Equipment", level=1)).to_be_attached()
    hand.type(labelled(page, "Gateway serials"), "202611220001")
    hand.type(labelled(page, "Microinverters"), "24")
    hand.press(button(page, "Save and continue"))

    expect(page.get_by_role("heading", name="Grid", level=1)).to_be_attached()
    hand.choose(labelled(page, "Grid connection type"), NET_METERING)
    hand.choose(labelled(page, "Is a battery of another maker installed?"), "No")
    hand.press(button(page, "Save and check"))
    expect(page.get_by_role("heading", name="Check and create", level=1)).to_be_attached()
    return page.url


def fill_in_site(hand: Mouse) -> None:
    page = hand.page
    for label in ("Name", "Project number", "Street and number", "City"):
        hand.type(labelled(page, label), SITE[label])
    hand.choose(labelled(page, "State"), "California (CA)")
    hand.type(labelled(page, "ZIP code"), SITE["ZIP code"])


def wait_until(done: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    until = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < until, f"Not within {seconds} s: {what}"
        time.sleep(0.2)


def wait_for_text(page: Page, text: str | re.Pattern[str], *, javascript: bool) -> None:
    """Until the page says so: by itself, or without script by reloading it now and then."""
    said = page.locator("main").get_by_text(text).first
    if javascript:
        expect(said).to_be_visible(timeout=PATIENCE_SECONDS * 1000)
        return
    until = time.monotonic() + PATIENCE_SECONDS
    while not said.is_visible():
        assert time.monotonic() < until, f"{page.url} never said {text}"
        page.wait_for_timeout(500)
        page.reload()


def go_to_activations(hand: Mouse) -> None:
    hand.press(link(hand.page, "Activations").locator("visible=true").first)
    hand.page.wait_for_url("**/activations/")


def find_in_list(hand: Mouse, words: str, *, javascript: bool) -> None:
    """Type into the search field of the list; with script it searches by itself."""
    page = hand.page
    hand.type(page.locator("#list-q"), words)
    if not javascript:
        page.keyboard.press("Enter")
    page.wait_for_url("**?*q=*")
    expect(page.locator(".htmx-request")).to_have_count(0)
    expect(
        page.get_by_role("main").get_by_role("link", name=words, exact=True).first
    ).to_be_visible()
