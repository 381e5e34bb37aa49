"""Meters are read by the page itself, turned on, and watched until they have obeyed."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from activations.snapshots import services as snapshots
from portal.connections.services import client_for
from portal.operations.models import Operation, State
from tests.activations.sites import copy_of
from tests.browsers import assert_accessible
from tests.e2e import flows
from tests.e2e.flows import button
from tests.e2e.hands import Keyboard, Mouse

pytestmark = pytest.mark.browser

# Long enough that somebody who looks every three seconds sees it under way.
METER_SECONDS = 10
CONSUMPTION = "202300000701EIM2"
ON = "Meter turned on."


@pytest.fixture
def site(halcyon, world):
    """Site 701: its consumption meter is off."""
    world._ask("POST", "limits", {"meter_seconds": METER_SECONDS})
    return copy_of(halcyon, 701)


@pytest.fixture
def read_site(site):
    for thing in (("devices", ""), ("meter", "202300000701EIM1"), ("meter", CONSUMPTION)):
        assert snapshots.refresh(site, *thing) == ""
    return site


def url_of(site, name="list", *more):
    return reverse(f"meters:{name}", args=[site.pk, *more])


def state_at_enphase(site):
    with client_for(site.company_id) as client:
        return client.meters.get_meter(site.system_id, CONSUMPTION).state


def turn_on(hand, site):
    """From the cards to the answered question."""
    page = hand.page
    page.goto(url_of(site))
    hand.press(page.get_by_role("link", name=f"Turn on consumption meter {CONSUMPTION}"))
    question = f"Turn consumption meter {CONSUMPTION} on?"
    expect(page.get_by_role("heading", name=question, level=1)).to_be_visible()
    expect(page.get_by_text("The gateway reports")).to_be_visible()
    hand.press_twice(button(page, "Turn meter on"))
    page.wait_for_url(f"**{url_of(site)}")


def assert_turned_on_once(site, world):
    operation = Operation.objects.get()
    assert operation.state == State.DONE, operation.message
    assert state_at_enphase(site) == "enabled"
    assert len(world.writes("control_meter")) == 1


def test_first_visit_reads_the_meters_by_itself(open_page, alice, site, world, worker):
    page = open_page(alice)
    page.goto(url_of(site))
    cards = page.get_by_role("article")
    expect(cards).to_have_count(2)
    expect(cards.first.get_by_role("img")).to_be_visible()
    expect(cards.last).to_contain_text("No readings in the last 24 hours.")
    expect(cards.last).to_contain_text("Off")
    # Once read, it asks no more.
    expect(page.get_by_text("Refreshing")).to_have_count(0)
    hits = world.hits
    page.reload()
    page.wait_for_load_state("networkidle")
    assert world.hits == hits


def test_turning_on_is_watched(open_page, alice, read_site, world, worker):
    page = open_page(alice)
    turn_on(Mouse(page), read_site)
    panel = page.locator("#operation-progress")
    expect(panel).to_contain_text("Enable task sent")
    expect(page.get_by_role("link", name="Turn on consumption")).to_have_count(0)
    flows.wait_for_text(page, ON, javascript=True)
    off = page.get_by_role("link", name=f"Turn off consumption meter {CONSUMPTION}")
    expect(off).to_be_visible()
    assert_turned_on_once(read_site, world)


def test_turning_on_with_the_keyboard_on_a_phone(open_page, alice, read_site, world, worker):
    page = open_page(alice, phone=True)
    hand = Keyboard(page)
    turn_on(hand, read_site)
    # On a link of the part that redraws itself: it must still be there after each redraw.
    hand.reach(page.get_by_role("link", name="op-").first)
    flows.wait_for_text(page, ON, javascript=True)
    hand.assert_kept()
    assert_turned_on_once(read_site, world)


def test_turning_on_without_script(open_page, alice, read_site, world, worker):
    page = open_page(alice, javascript=False)
    turn_on(Mouse(page), read_site)
    flows.wait_for_text(page, ON, javascript=False)
    assert_turned_on_once(read_site, world)


def test_turning_off_says_why_first(open_page, alice, halcyon, world, worker):
    world._ask("POST", "limits", {"meter_seconds": 1})
    site = copy_of(halcyon, 703)
    serial = "202300000703EIM2"
    for thing in (("devices", ""), ("meter", serial)):
        assert snapshots.refresh(site, *thing) == ""
    page = open_page(alice)
    page.goto(url_of(site, "detail", serial))
    page.get_by_role("link", name=f"Turn off consumption meter {serial}").click()
    button(page, "Turn meter off").click()
    expect(page.locator("#error-summary")).to_contain_text("Say why the meter is turned off.")
    page.get_by_label("Reason").fill("CT is exchanged")
    button(page, "Turn meter off").click()
    flows.wait_for_text(page, "Meter turned off.", javascript=True)
    with client_for(site.company_id) as client:
        assert client.meters.get_meter(703, serial).state == "disabled"
    assert Operation.objects.get().reason == "CT is exchanged"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_advice_is_accessible(open_page, alice, halcyon, dark, phone):
    """The card with everything on it: a line with a gap, a CT the wrong way round."""
    site = copy_of(halcyon, 703)
    for thing in (("devices", ""), ("meter", "202300000703EIM2"), ("meter-consumption", "")):
        assert snapshots.refresh(site, *thing) == ""
    answer = snapshots.current(site, "meter-consumption").payload
    rows = [row | {"enwh": -400} for row in answer["intervals"]]
    snapshots.keep(site, "meter-consumption", {**answer, "intervals": rows[:40] + rows[50:]})
    page = open_page(alice, dark=dark, phone=phone)
    for url in (url_of(site), url_of(site, "detail", "202300000703EIM2")):
        page.goto(url)
        expect(page.get_by_text("This CT may be the wrong way round")).to_be_visible()
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
