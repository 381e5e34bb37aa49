"""A tariff is edited in a real browser, reviewed, sent, and followed until the gateway has it."""

import re
from copy import deepcopy
from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from activations.tariffs.models import TariffDraft, TariffTemplate
from portal.operations.models import Operation, State
from tests.activations.sites import copy_of
from tests.activations.tariffs.examples import BAY, put, site_with, there
from tests.browsers import assert_accessible
from tests.e2e import flows
from tests.e2e.flows import button, link
from tests.e2e.hands import Keyboard, Mouse

pytestmark = pytest.mark.browser

APPLIED = "Tariff applied."
SUMMER = "Summer weekdays"
# Long enough that somebody who looks every three seconds sees it pending.
GATEWAY_SECONDS = 8


@pytest.fixture
def site(halcyon, world):
    found = site_with(halcyon, world)
    # What was put there before has long arrived.
    world.clock(advance_seconds=900)
    world._ask("POST", "limits", {"tariff_seconds": GATEWAY_SECONDS})
    return found


def url_of(site, name="tariff"):
    return reverse(f"tariffs:{name}", args=[site.pk])


def start_of(page: Page, number: int, where: str = SUMMER):
    return page.get_by_label(f"Start of period {number}, {where}", exact=True)


def price_of(page: Page, number: int, where: str = SUMMER):
    return page.get_by_label(f"Price of period {number} per kWh, {where}", exact=True)


def visible_button(page: Page, name: str):
    return button(page, name).locator("visible=true").first


def review_and_send(hand: Mouse, site) -> None:
    page = hand.page
    hand.press(visible_button(page, "Review changes"))
    page.wait_for_url("**/tariff/review/")
    expect(page.get_by_text("Summer weekdays, peak starts 17:30, was 16:00")).to_be_visible()
    expect(page.get_by_role("cell", name="17:30", exact=True)).to_be_visible()
    hand.press_twice(visible_button(page, "Send tariff"))
    page.wait_for_url(f"**{url_of(site)}")


def assert_sent_once(halcyon, world) -> None:
    """What the sandbox has now, by its own account."""
    operation = Operation.objects.get()
    assert operation.state == State.DONE, operation.message
    assert len(world.writes("update_tariff")) == 2  # the first one made the example
    sent = there(halcyon, 703).tariff
    weekdays = sent.seasons[0].days[0]
    assert [p.start_minutes for p in weekdays.periods] == [0, 900, 1050, 1260]
    assert [p.rate for p in weekdays.periods][2] == Decimal("0.61")
    # Nothing else has changed on the way.
    expected = deepcopy(BAY)
    expected["seasons"][0]["days"][0]["periods"][2] |= {"start": 1050, "rate": "0.61"}
    assert sent.for_update()["seasons"][1]["start"] == expected["seasons"][1]["start"]
    assert sent.for_update()["storage_settings"] == expected["storage_settings"]


def test_preview_follows_what_is_typed(open_page, alice, site, halcyon, world, worker):
    page = open_page(alice)
    hand = Mouse(page)
    page.goto(url_of(site))
    preview = page.locator("#preview")
    expect(preview.get_by_role("img", name=re.compile("^Weekdays"))).to_be_visible()
    hand.type(price_of(page, 3), "0.61")
    expect(preview.locator(".legend")).to_contain_text("61¢")
    hand.type(start_of(page, 3), "17:30")
    expect(page.locator("[id^=end-]", has_text="to 17:30")).to_be_visible()
    # The field was left alone while its surroundings changed.
    expect(start_of(page, 3)).to_be_focused()
    expect(page.locator("#save-text")).to_contain_text("2 changes")

    # Kept on the server by then: nothing is lost by leaving.
    page.goto(reverse("activations:list"))
    page.goto(url_of(site))
    expect(start_of(page, 3)).to_have_value("17:30")
    review_and_send(hand, site)
    expect(page.locator("#tariff-panel")).to_contain_text("Change tariff")
    expect(page.locator("#tariff-form")).to_have_count(0)
    flows.wait_for_text(page, APPLIED, javascript=True)
    # The editor comes back by itself, with what Enphase has now.
    expect(start_of(page, 3)).to_have_value("17:30")
    assert_sent_once(halcyon, world)


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_without_script(open_page, alice, site, halcyon, world, worker, phone):
    page = open_page(alice, phone=phone, javascript=False)
    hand = Mouse(page)
    page.goto(url_of(site))
    hand.type(start_of(page, 3), "half past five")
    hand.press(visible_button(page, "Review changes"))
    expect(page.locator("#error-summary")).to_contain_text("Enter a time, such as 16:00")
    expect(start_of(page, 3)).to_have_value("half past five")
    expect(start_of(page, 3)).to_have_attribute("aria-invalid", "true")
    hand.type(start_of(page, 3), "5:30 pm")
    hand.type(price_of(page, 3), "61¢")
    hand.press(visible_button(page, "Update preview"))
    expect(page.locator("#preview .legend")).to_contain_text("61¢")
    review_and_send(hand, site)
    flows.wait_for_text(page, re.compile("Waiting for the gateway|pending"), javascript=False)
    flows.wait_for_text(page, APPLIED, javascript=False)
    assert_sent_once(halcyon, world)


def test_with_the_keyboard_alone_on_a_phone(open_page, alice, site, halcyon, world, worker):
    page = open_page(alice, phone=True)
    hand = Keyboard(page)
    page.goto(url_of(site))
    hand.type(start_of(page, 3), "17:30")
    hand.type(price_of(page, 3), "0.61")
    hand.settle()
    review_and_send(hand, site)
    flows.wait_for_text(page, APPLIED, javascript=True)
    assert_sent_once(halcyon, world)


def test_a_tariff_never_read_is_read_and_shows_itself(open_page, alice, halcyon, world, worker):
    site = copy_of(halcyon, 703)
    page = open_page(alice)
    page.goto(url_of(site))
    expect(page.get_by_label("Price", exact=True)).to_have_value("0.28")
    assert [one["operation"] for one in world.writes()] == []


def test_a_tariff_never_read_can_be_changed_on_a_phone_at_once(open_page, alice, halcyon, worker):
    """The bar at the bottom stands outside the part that shows itself."""
    page = open_page(alice, phone=True)
    page.goto(url_of(copy_of(halcyon, 703)))
    expect(page.get_by_label("Price", exact=True)).to_have_value("0.28")
    expect(page.get_by_role("button", name="Review changes")).to_be_visible()


def test_periods_days_and_seasons_come_and_go(open_page, alice, site):
    """Every button answers in place, and the focus goes to what is new."""
    page = open_page(alice)
    hand = Mouse(page)
    page.goto(url_of(site))
    hand.press(page.get_by_role("button", name="Split period 1, off-peak").first)
    expect(start_of(page, 2)).to_have_value("07:00")
    expect(start_of(page, 2)).to_be_focused()
    hand.press(page.get_by_role("button", name="Remove period 2, off-peak").first)
    expect(start_of(page, 2)).to_have_value("15:00")

    hand.press(button(page, "Day set").last)
    winter = page.get_by_role("radiogroup").or_(page.locator(".weekdays"))
    expect(winter).to_have_count(4)
    friday = page.get_by_role("radio", name="Friday in weekend, Winter")
    friday.check(force=True)
    expect(page.get_by_role("radio", name="Friday in weekdays, Winter")).not_to_be_checked()
    expect(page.locator("#preview")).to_contain_text("Friday")

    hand.press(button(page, "Add a season"))
    expect(page.get_by_label("Name of the season")).to_have_count(3)
    hand.press(page.get_by_role("button", name="Remove Spring"))
    expect(page.get_by_label("Name of the season")).to_have_count(2)
    page.get_by_text("One price all day").click()
    expect(page.get_by_label("Price", exact=True)).to_have_value("0.28")
    page.get_by_text("Price depends on the hour").click()
    expect(start_of(page, 3)).to_have_value("16:00")
    assert TariffDraft.objects.get().document["buy"]["kind"] == "tou"


def test_template_saved_on_one_site_and_used_on_another(open_page, alice, site, halcyon, world):
    other = site_with(halcyon, world, None, system_id=701)
    page = open_page(alice)
    hand = Mouse(page)
    page.goto(url_of(site))
    hand.press(link(page, "Save as a template"))
    hand.type(page.get_by_label("Name"), "Bay TOU-C")
    hand.press(button(page, "Save template"))
    expect(page.get_by_text("Template “Bay TOU-C” saved.")).to_be_visible()
    page.goto(url_of(other))
    hand.press(link(page, "Use a template").locator("visible=true").first)
    hand.press(button(page, "Use Bay TOU-C"))
    expect(page.get_by_text("From template “Bay TOU-C”")).to_be_visible()
    expect(start_of(page, 3)).to_have_value("16:00")
    hand.press(link(page, "Tariff templates").locator("visible=true").first)
    expect(page.get_by_role("link", name="Bay TOU-C")).to_be_visible()


def test_change_from_outside_is_seen_and_written_back(
    open_page, alice, site, halcyon, world, worker
):
    world._ask("POST", "limits", {"tariff_seconds": 1})
    other = deepcopy(BAY)
    other["seasons"][0]["days"][0]["periods"][2]["rate"] = "0.99"
    put(halcyon, 703, other, world)
    page = open_page(alice)
    hand = Mouse(page)
    page.goto(url_of(site))
    hand.press(page.locator("#copy-age").get_by_role("button", name="Refresh"))
    hand.press(link(page, "A newer copy is here"))
    expect(page.get_by_text("Tariff changed outside Ridgeline")).to_be_visible()
    expect(page.get_by_role("cell", name=re.compile("16:00 99¢"))).to_be_visible()
    hand.press(link(page, "Write the former values back"))
    hand.press(button(page, "Write back"))
    flows.wait_for_text(page, APPLIED, javascript=True)
    assert there(halcyon, 703).tariff.seasons[0].days[0].periods[2].rate == Decimal("0.58")
    page.goto(url_of(site))
    expect(page.get_by_text("Tariff changed outside Ridgeline")).to_have_count(0)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_accessible_in_every_state(open_page, alice, site, halcyon, phone, dark):
    template = TariffTemplate.objects.create(
        company=halcyon, name="Bay TOU-C", tariff=TariffTemplate.without_battery(BAY)
    )
    page = open_page(alice, phone=phone, dark=dark)
    for address in (
        url_of(site),
        f"{url_of(site)}?dir=sell",
        url_of(site, "use-template"),
        f"{url_of(site, 'copy')}?q=a",
        url_of(site, "save-template"),
        reverse("tariff-templates:list"),
        reverse("tariff-templates:change", args=[template.pk]),
    ):
        page.goto(address)
        assert_accessible(page)
        assert_fits(page)
    page.goto(url_of(site))
    page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true })")
    assert_accessible(page)
    price_of(page, 3).fill("much")
    visible_button(page, "Review changes").click()
    expect(page.locator("#error-summary")).to_be_focused()
    assert_accessible(page)
    assert_fits(page)
    price_of(page, 3).fill("0.61")
    visible_button(page, "Review changes").click()
    page.wait_for_url("**/review/")
    assert_accessible(page)
    assert_fits(page)


def assert_fits(page: Page) -> None:
    """Nothing makes the page scroll sideways."""
    wide = page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")
    assert not wide, page.url
