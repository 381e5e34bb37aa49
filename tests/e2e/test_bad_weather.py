"""When Enphase, the connection or the session breaks: the page stands and says what is true."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from portal.operations.models import Operation, State
from tests.activations.sites import copy_of
from tests.e2e import flows
from tests.e2e.flows import button, labelled
from tests.e2e.hands import Mouse

pytestmark = pytest.mark.browser

# Look-ups follow after 1.5 and 6 seconds here; so the first finds nothing.
LAG_SECONDS = 5


def test_server_error_on_create_is_not_sure_then_adopted(open_page, alice, world, worker):
    page = open_page(alice)
    page.goto(reverse("activations:list"))
    hand = Mouse(page)
    flows.fill_in_wizard(hand)
    world.fault("create_activation", "status", status=500, commit=True)
    for listing in ("list_activations", "search_systems"):
        world.fault(listing, "list_lag", seconds=LAG_SECONDS, times=None)
    hand.press_twice(button(page, "Create activation"))
    page.wait_for_url("**/operations/*/")
    flows.wait_for_text(page, "We are not sure it worked", javascript=True)
    flows.wait_for_text(page, "Activation created.", javascript=True)
    expect(page.get_by_role("heading", name="What was tried and seen")).to_be_visible()
    assert world.creates == 1
    assert len(world.writes("create_activation")) == 1


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_web_page_instead_of_an_answer_to_a_look_up(open_page, alice, world, javascript):
    page = open_page(alice, javascript=javascript)
    page.goto(reverse("activations:list"))
    hand = Mouse(page)
    flows.link(page, "New activation").locator("visible=true").first.click()
    flows.fill_in_site(hand)
    hand.press(button(page, "Save and continue"))
    world.fault("search_users", "html", status=502, times=None)
    hand.type(labelled(page, "Owner's e-mail"), "nia.abara@example.com")
    hand.press(button(page, "Find owner"))
    expect(page.locator("#error-summary")).to_be_visible()
    expect(page.get_by_role("heading", name="People", level=1)).to_be_visible()
    expect(labelled(page, "Owner's e-mail")).to_have_value("nia.abara@example.com")
    said = page.locator("#error-summary").inner_text()
    assert "Enphase" in said
    assert "<" not in said

    # It works again: nothing has to be typed a second time.
    world.clear_faults()
    hand.press(button(page, "Find owner"))
    expect(page.get_by_text("New to Enphase")).to_be_visible()


def test_copies_cannot_be_looked_for(open_page, alice, world):
    page = open_page(alice)
    page.goto(reverse("activations:list"))
    hand = Mouse(page)
    flows.fill_in_wizard(hand)
    world.fault("list_activations", "html", status=502, times=None)
    hand.press(button(page, "Look now"))
    expect(page.get_by_text("no usable answer")).to_be_visible()
    expect(page.get_by_role("heading", name="Check and create", level=1)).to_be_visible()


def test_refresh_of_a_site_fails_and_our_copy_stays(open_page, alice, halcyon, world, worker):
    site = copy_of(halcyon, 701)
    page = open_page(alice)
    page.goto(reverse("activations:detail", args=[site.pk]))
    world.fault("*", "html", status=502, times=None)
    page.get_by_role("main").get_by_role("button", name="Refresh").first.click()
    expect(page.get_by_role("heading", name=site.name, level=1)).to_be_visible()
    expect(
        page.get_by_text("no usable answer").or_(page.get_by_text("Last try")).first
    ).to_be_visible()
    expect(page.get_by_role("main").get_by_text("ID 701")).to_be_visible()


def test_no_network_keeps_what_was_typed(open_page, alice, halcyon):
    copy_of(halcyon, 701)
    page = open_page(alice)
    page.goto(reverse("activations:list") + "?view=all")
    page.context.set_offline(True)
    page.locator("#list-q").fill("okafor")
    expect(page.locator("#toasts")).to_contain_text("No connection to the portal.")
    expect(page.locator("#list-q")).to_have_value("okafor")
    page.context.set_offline(False)
    page.locator("#list-q").fill("nobody has this name")
    expect(page.get_by_role("main").get_by_role("link", name="Okafor residence")).to_have_count(0)
    expect(page.locator("#toasts")).not_to_contain_text("No connection")


def test_session_that_ended_leads_to_the_sign_in_page(open_page, alice, halcyon):
    operation = Operation.objects.create(
        kind="activation.set_production_mode",
        key="production",
        title="Turn production on",
        company=halcyon,
        state=State.CONFIRMING,
        progress={"done": 18, "total": 24, "unit": "producing"},
    )
    page = open_page(alice)
    page.goto(reverse("operations:detail", args=[operation.pk]))
    expect(page.get_by_text("18 of 24 producing").first).to_be_visible()
    page.context.clear_cookies()
    # The next poll notices; afterwards one is back where one was.
    page.wait_for_url("**/accounts/login/?next=/operations/**")
    expect(page.get_by_role("heading", name="Sign in", level=1)).to_be_visible()
