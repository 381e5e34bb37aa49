"""Battery, Storm Guard, loads and grid profile are set in the portal, and found at Enphase."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from activations.catalog import sync as catalogue
from activations.catalog.models import GridProfile
from activations.snapshots import services as snapshots
from portal.connections.services import client_for
from portal.operations.models import Operation, State
from tests.activations.sites import copy_of
from tests.e2e import flows
from tests.e2e.flows import button, link
from tests.e2e.hands import Keyboard, Mouse
from tests.e2e.inspection import Inspection

pytestmark = pytest.mark.browser

READ = ["battery-mode", "battery-settings", "storm-guard", "load-control", "grid-status"]
PROFILE = "CA Rule 21 2023 SB"


@pytest.fixture
def site(halcyon):
    """Site 703: batteries, Export Only, a system controller with two contacts; all read."""
    site = copy_of(halcyon, 703)
    assert snapshots.read_all(site, [(kind, "") for kind in READ]) == ""
    return site


@pytest.fixture
def enphase(halcyon):
    with client_for(halcyon.pk) as client:
        yield client


def url_of(site, name="controls:battery", *more):
    return reverse(name, args=[site.pk, *more])


def assert_done(count=1):
    states = [one.state for one in Operation.objects.all()]
    assert states == [State.DONE] * count


def test_profile_and_reserve(open_page, alice, site, enphase, worker):
    page = open_page(alice)
    hand = Mouse(page)
    page.goto(url_of(site))
    settings = page.locator("#part-settings")
    settings.get_by_label("Full Backup").check()
    reserve = settings.get_by_role("textbox", name="Reserve")
    hand.type(reserve, "3")
    hand.press(button(settings, "Review the change"))
    expect(page.locator("#error-summary")).to_contain_text("Enter 5 % or more")
    hand.type(page.locator("#part-settings").get_by_role("textbox", name="Reserve"), "40")
    hand.press(button(page.locator("#part-settings"), "Review the change"))
    expect(page.locator("ins")).to_have_text(["Full Backup", "40 %"])

    # Back to the form: nothing typed is lost.
    hand.press(button(page, "Change something"))
    expect(page.locator("#part-settings").get_by_label("Full Backup")).to_be_checked()
    hand.press(button(page.locator("#part-settings"), "Review the change"))
    hand.press_twice(button(page, "Save at Enphase"))
    flows.wait_for_text(page, "Battery settings changed.", javascript=True)
    assert_done()
    now = enphase.config.get_battery_settings(703)
    assert (now.profile, now.reserve_soc_percent) == ("Full Backup", 40)


def test_battery_and_grid_without_script_on_a_phone(open_page, alice, site, enphase, worker):
    page = open_page(alice, phone=True, javascript=False)
    page.goto(url_of(site))
    part = page.locator("#part-mode")
    expect(part.get_by_label("May charge from the grid")).to_be_disabled()
    expect(part).to_contain_text("agreed as Export Only")
    part.get_by_label("May discharge to the grid").uncheck()
    button(part, "Review the change").click()
    expect(page.get_by_text("The battery exports nothing any more")).to_be_visible()
    button(page, "Save at Enphase").click()
    flows.wait_for_text(page, "Battery and grid changed.", javascript=False)
    assert_done()
    assert enphase.activations.get_battery_mode(703).dtg_allowed is False


def test_storm_guard_by_keyboard_on_a_phone(open_page, alice, site, enphase, worker):
    page = open_page(alice, phone=True)
    hand = Keyboard(page)
    page.goto(url_of(site))
    hand.press(button(page, "Turn Storm Guard on"))
    expect(page.get_by_text("At a severe weather alert")).to_be_visible()
    hand.press(button(page, "Turn Storm Guard on"))
    flows.wait_for_text(page, "Storm Guard turned on.", javascript=True)
    expect(page.locator("#part-storm")).to_contain_text("Enabled")
    expect(button(page, "Turn Storm Guard off")).to_be_visible()
    assert_done()
    assert enphase.config.get_storm_guard(703).storm_guard_enabled is True


def test_load_by_keyboard(open_page, alice, site, enphase, worker):
    page = open_page(alice)
    hand = Keyboard(page)
    page.goto(url_of(site, "controls:loads"))
    hand.press(link(page.locator("#load-NC2"), "Change"))
    hand.reach(page.get_by_label("Basic"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("By time of day")).to_be_checked()
    # What the mode does not use is out of the way.
    expect(page.get_by_label("Off below")).to_be_hidden()
    start = page.get_by_label("On from")
    hand.reach(start)
    page.keyboard.type("0630AM")
    expect(start).to_have_value("06:30")
    hand.press(button(page, "Review the change"))
    expect(page.locator("ins")).to_have_text(["By time of day", "06:30"])
    hand.press(button(page, "Save at Enphase"))
    flows.wait_for_text(page, "Load changed.", javascript=True)
    assert_done()
    contact = enphase.config.get_load_control(703).contact("NC2")
    assert (contact.mode, contact.essential_start_seconds) == ("Scheduled", 23_400)
    assert contact.essential_end_seconds == 57_600


def test_grid_profile(open_page, alice, halcyon, site, enphase, worker):
    catalogue.read_grid_profiles(halcyon)
    for number in range(6):
        GridProfile.objects.create(
            company=halcyon, enphase_id=f"old{number}", name=PROFILE, version=f"0.{number}",
            countries=["US"], states=["CA"], suits_batteries=True,
        )  # fmt: skip
    page = open_page(alice)
    hand = Mouse(page)
    page.goto(url_of(site, "activations:grid"))
    expect(page.locator("#grid-now")).to_contain_text("On Grid")
    search = page.get_by_label("Find a profile")
    hand.type(search, "sb export")
    expect(page.locator("#profile-choice")).to_contain_text("1 profile found.")
    expect(search).to_be_focused()
    hand.type(search, PROFILE)
    expect(page.locator("#profile-choice")).to_contain_text("8 profiles found.")
    choice = page.locator("#id_grid_profile")
    hand.choose(choice, f"{PROFILE}, version 0.5")
    hand.press(button(page, "Review the change"))
    hand.press(button(page, "Change something"))
    expect(page.locator("#profile-choice")).to_contain_text("A newer version is offered")
    hand.choose(page.locator("#id_grid_profile"), f"{PROFILE}, version 1.2.8")
    hand.press(button(page, "Review the change"))
    expect(page.locator("ins")).to_have_text([f"{PROFILE} 1.2.8"])
    hand.press(button(page, "Save at Enphase"))
    flows.wait_for_text(page, "Saved at Enphase.", javascript=True)
    wanted = GridProfile.objects.get(company=halcyon, name=PROFILE, version="1.2.8").enphase_id
    assert enphase.activations.get_activation(703).grid_profile == wanted


def test_change_behind_our_back_is_seen_and_undone(open_page, alice, site, enphase, worker):
    enphase.config.update_battery_settings(703, "Full Backup", 90)
    page = open_page(alice)
    page.goto(url_of(site))
    button(page.locator("#copy"), "Refresh").click()
    flows.wait_for_text(page, "A newer copy is here. Show it", javascript=True)
    link(page, "A newer copy is here").click()
    notice = page.locator(".callout")
    expect(notice).to_contain_text("Battery mode and reserve changed outside Ridgeline")
    expect(notice.locator("del")).to_have_text(["Self-consumption", "20 %"])
    expect(notice.locator("ins")).to_have_text(["Full Backup", "90 %"])
    link(notice, "Write the former values back").click()
    button(page, "Write back").click()
    flows.wait_until(lambda: Operation.objects.filter(state=State.DONE).exists(), "written back")
    now = enphase.config.get_battery_settings(703)
    assert (now.profile, now.reserve_soc_percent) == ("Self-consumption", 20)


def test_pages_of_modes_for_everybody(open_page, alice, halcyon, site):
    """WCAG in both themes at both widths, no sideways scroll; also without a battery."""
    pv = copy_of(halcyon, 701)
    assert snapshots.read_all(pv, [(kind, "") for kind in READ]) == ""
    inspection = Inspection(open_page(alice))
    for one in (site, pv):
        inspection.visit(url_of(one))
        inspection.visit(url_of(one, "controls:loads"))
        inspection.visit(url_of(one, "activations:grid"))
        inspection.visit(url_of(one, "activations:production"))
    inspection.visit(url_of(site, "controls:load", "NC1"))
    inspection.visit(url_of(site))
    page = inspection.page
    page.get_by_role("textbox", name="Reserve").fill("33")
    button(page.locator("#part-settings"), "Review the change").click()
    expect(button(page, "Save at Enphase")).to_be_visible()
    inspection.look()
    inspection.assert_nothing()
