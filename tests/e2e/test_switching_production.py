"""Production is switched on and watched until the gateway has obeyed."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from portal.operations.models import Operation, State
from tests.activations.sites import copy_of
from tests.e2e import flows
from tests.e2e.flows import PROGRESS, button
from tests.e2e.hands import Keyboard, Mouse

pytestmark = pytest.mark.browser

# Long enough that somebody who looks every three seconds sees it under way.
GATEWAY_SECONDS = 14
ON = "Production turned on."
POLL_MS = 3000


@pytest.fixture
def site(halcyon, world):
    """Site 701: stage 3, 24 microinverters, off."""
    world._ask("POST", "limits", {"production_seconds": GATEWAY_SECONDS})
    return copy_of(halcyon, 701)


def ask_for_it(hand, site) -> None:
    """From the site's page to the confirmed question."""
    page = hand.page
    page.goto(reverse("activations:detail", args=[site.pk]))
    hand.press(page.get_by_role("link", name="Production", exact=True).first)
    hand.press(flows.link(page, "Turn production on"))
    question = page.get_by_role("heading", name=f"Turn production on at {site.name}?", level=1)
    expect(question).to_be_visible()

    # Not without having looked at the roof.
    hand.press(button(page, "Turn production on"))
    expect(page.locator("#error-summary")).to_contain_text("Confirm that nobody is working")
    assert not Operation.objects.exists()
    hand.tick(page.get_by_label("Nobody is working on the roof"))
    hand.tick(page.get_by_label("I know that permission to operate is not on record"))
    hand.press_twice(button(page, "Turn production on"))
    page.wait_for_url(f"**{reverse('activations:production', args=[site.pk])}")


def assert_switched_once(world) -> None:
    operation = Operation.objects.get()
    assert operation.state == State.DONE, operation.message
    assert operation.progress == {"done": 24, "total": 24, "unit": "producing"}
    assert len(world.writes("set_production_mode")) == 1


def test_switching_on_is_watched_until_all_produce(open_page, alice, site, world, worker):
    page = open_page(alice)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    ask_for_it(Mouse(page), site)
    panel = page.locator("#production-panel")
    expect(panel.get_by_text(PROGRESS).first).to_be_visible()
    bar = panel.locator("progress[value]").first
    assert 0 < int(bar.get_attribute("value")) < int(bar.get_attribute("max")) == 24
    flows.wait_for_text(page, ON, javascript=True)
    expect(panel).to_contain_text("24 of 24 producing")
    expect(panel.get_by_role("link", name="Turn back off")).to_be_visible()
    assert_switched_once(world)

    polls = [url for url in asked if url.endswith("/production/panel/")]
    assert polls
    asked.clear()
    page.wait_for_timeout(2 * POLL_MS + 1000)
    assert asked == []


def test_operation_page_follows_and_stops_asking(open_page, alice, site, world, worker):
    page = open_page(alice)
    asked: list[str] = []
    ask_for_it(Mouse(page), site)
    page.locator("#production-panel").get_by_role("link", name="op-").first.click()
    operation = Operation.objects.get()
    progress_url = reverse("operations:progress", args=[operation.pk])
    page.on("request", lambda request: asked.append(request.url))
    expect(page.locator("#operation").get_by_text(PROGRESS).first).to_be_visible()
    flows.wait_for_text(page, ON, javascript=True)
    assert [url for url in asked if url.endswith(progress_url)]
    expect(page.get_by_text("24 of 24 producing").first).to_be_visible()
    assert_switched_once(world)
    asked.clear()
    page.wait_for_timeout(2 * POLL_MS + 1000)
    assert asked == []


def test_switching_with_the_keyboard_alone_on_a_phone(open_page, alice, site, world, worker):
    page = open_page(alice, phone=True)
    hand = Keyboard(page)
    ask_for_it(hand, site)
    # On the one link of the part that redraws itself: it must still be there after each redraw.
    panel = page.locator("#production-panel")
    here = panel.get_by_role("link", name="op-").first
    hand.reach(here)
    with page.expect_response("**/production/panel/"):
        pass
    hand.settle()
    expect(here).to_be_focused()
    expect(panel.get_by_text(PROGRESS).first).to_be_visible()
    flows.wait_for_text(page, ON, javascript=True)
    hand.assert_kept()
    assert_switched_once(world)


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_switching_without_script(open_page, alice, site, world, worker, phone):
    page = open_page(alice, phone=phone, javascript=False)
    ask_for_it(Mouse(page), site)
    flows.wait_for_text(page, PROGRESS, javascript=False)
    flows.wait_for_text(page, ON, javascript=False)
    expect(page.locator("#production-panel")).to_contain_text("24 of 24 producing")
    assert_switched_once(world)
