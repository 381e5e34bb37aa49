"""An estimate is typed, filled in or worked out, reviewed and sent once."""

from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from activations.estimates import sunlight
from activations.estimates.models import Proposal
from activations.snapshots import services as snapshots
from portal.connections.services import client_for
from portal.operations.models import Operation, State
from tests.activations.sites import copy_of
from tests.browsers import assert_accessible
from tests.e2e import flows
from tests.e2e.flows import button
from tests.e2e.hands import Keyboard, Mouse

pytestmark = pytest.mark.browser

MONTHS = [700, 760, 930, 1010, 1120, 1150, 1180, 1090, 950, 840, 720, 660]
NAMES = "January February March April May June July August September October November December"
SAVED = "Estimate saved."
pv = pytest.mark.skipif(not sunlight.is_installed(), reason="the PV library is optional")


@pytest.fixture
def site(halcyon):
    site = copy_of(halcyon, 703)
    for kind in ("estimate", "energy-lifetime", "arrays"):
        assert snapshots.refresh(site, kind) == ""
    return site


def url_of(site, name="estimate"):
    return reverse(f"estimates:{name}", args=[site.pk])


def field(page, month):
    return page.get_by_role("textbox", name=f"{month}, kWh")


def at_enphase(site):
    with client_for(site.company_id) as client:
        return client.estimates.get_estimate(site.system_id).month_estimates


def review_and_send(hand, javascript=True):
    page = hand.page
    hand.press(button(page, "Review the change"))
    expect(page.get_by_role("heading", name="Set the estimate of", level=1)).to_be_visible()
    assert not Operation.objects.exists()
    hand.press_twice(button(page, "Set the estimate"))
    flows.wait_for_text(page, SAVED, javascript=javascript)
    operation = Operation.objects.get()
    assert operation.state == State.DONE, operation.message


def test_bars_follow_the_typing_and_the_estimate_arrives(open_page, alice, site, world, worker):
    page = open_page(alice)
    page.goto(url_of(site))
    chart = page.locator("#estimate-chart")
    expect(chart).to_contain_text("No estimate: all months are empty")
    for month, value in zip(NAMES.split(), MONTHS, strict=True):
        field(page, month).fill(str(value))
    expect(chart).to_contain_text("11,110 kWh in the first year")
    expect(chart.locator("rect")).to_have_count(12)
    assert world.writes() == []
    # Back from the review nothing is lost.
    button(page, "Review the change").click()
    button(page, "Back to editing").click()
    expect(field(page, "December")).to_have_value("660")
    review_and_send(Mouse(page))
    assert at_enphase(site) == [Decimal(value) for value in MONTHS]
    assert len(world.writes("update_estimate")) == 1
    expect(field(page, "December")).to_have_value("660")


def test_mistakes_are_named_and_kept(open_page, alice, site):
    page = open_page(alice)
    page.goto(url_of(site))
    field(page, "January").fill("lots")
    field(page, "March").fill("930")
    button(page, "Review the change").click()
    summary = page.locator("#error-summary")
    expect(summary).to_be_focused()
    expect(summary).to_contain_text("“lots” is not a number.")
    expect(field(page, "January")).to_have_value("lots")
    expect(field(page, "March")).to_have_value("930")
    assert_accessible(page)


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_pasting_without_script(open_page, alice, site, world, worker, phone):
    page = open_page(alice, phone=phone, javascript=False)
    page.goto(url_of(site))
    page.get_by_text("Paste twelve values").click()
    page.get_by_label("Twelve values, January first").fill("\n".join(f"{v},5" for v in MONTHS))
    button(page, "Read the values").click()
    expect(field(page, "July")).to_have_value("1180.5")
    review_and_send(Mouse(page), javascript=False)
    assert at_enphase(site) == [value + Decimal("0.5") for value in MONTHS]
    assert len(world.writes("update_estimate")) == 1


@pv
def test_from_the_arrays_with_the_keyboard_on_a_phone(open_page, alice, site, world, worker):
    page = open_page(alice, phone=True)
    hand = Keyboard(page)
    page.goto(url_of(site))
    hand.press(page.get_by_role("link", name="From the arrays"))
    expect(page.get_by_text("Location: the middle of California.")).to_be_visible()
    hand.type(page.get_by_label("Module power"), "430")
    hand.press(button(page, "Work it out"))
    use = page.get_by_role("link", name="Use these values")
    expect(use).to_be_visible()
    assert_accessible(page)
    hand.press(use)
    proposal = Proposal.objects.get()
    expect(field(page, "July")).to_have_value(str(proposal.values[6]))
    assert world.writes() == []
    review_and_send(hand)
    assert at_enphase(site) == proposal.values
    assert len(world.writes("update_estimate")) == 1


def test_removing_asks_first(open_page, alice, site, worker):
    with client_for(site.company_id) as client:
        client.estimates.update_estimate(703, "0.5", MONTHS)
    snapshots.refresh(site, "estimate")
    page = open_page(alice)
    page.goto(url_of(site))
    button(page, "Remove the estimate").click()
    expect(page.get_by_role("heading", name="Remove the estimate of", level=1)).to_be_visible()
    assert_accessible(page)
    button(page, "Remove the estimate").click()
    flows.wait_for_text(page, "Estimate removed.", javascript=True)
    assert at_enphase(site) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_pages_are_accessible(open_page, alice, site, dark, phone):
    with client_for(site.company_id) as client:
        client.estimates.update_estimate(703, "0.5", MONTHS)
    snapshots.refresh(site, "estimate")
    page = open_page(alice, dark=dark, phone=phone)
    for name in ("estimate", "arrays"):
        page.goto(url_of(site, name))
        page.locator("details").evaluate_all("all => all.forEach(one => one.open = true)")
        assert_accessible(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
