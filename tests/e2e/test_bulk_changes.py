"""Many sites at once in a browser: ticked, previewed, approved, watched, put back."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from activations import sync
from activations.catalog.models import GridProfile
from activations.catalog.sync import read_grid_profiles
from activations.models import Activation
from portal.operations.models import Operation, Run, State
from tests.activations.made import make_site
from tests.activations.sites import copy_of
from tests.browsers import assert_accessible
from tests.e2e import flows
from tests.e2e.flows import button, link
from tests.e2e.hands import Keyboard, Mouse

pytestmark = pytest.mark.browser

TICKED = (701, 703)
# With three real sites more than may run without a second admin.
NOT_AT_ENPHASE = 24


@pytest.fixture
def sites(halcyon, world):
    """Sites of Halcyon whose details are read, with the catalogue of profiles."""
    read_grid_profiles(halcyon)
    sync.sweep(halcyon)
    return {number: copy_of(halcyon, number) for number in TICKED}


@pytest.fixture
def wanted(sites):
    """A profile for California and for batteries that neither of the sites has."""
    taken = {site.detail["grid_profile"] for site in sites.values()}
    rows = GridProfile.objects.filter(suits_batteries=True).exclude(enphase_id__in=taken)
    return next(row for row in rows if "CA" in row.states)


def profiles(sites) -> dict[int, str]:
    """By Enphase's own word."""
    return {
        number: copy_of(site.company, number).detail["grid_profile"]
        for number, site in sites.items()
    }


def tick_and_choose(hand, sites) -> None:
    """From the list to the page that asks for a profile."""
    page = hand.page
    page.goto(reverse("activations:list"))
    for site in sites.values():
        hand.tick(page.get_by_label(f"Select {site.name}", exact=True))
    hand.press(button(page, "Set grid profile"))
    expect(page.get_by_role("heading", name="Grid profile on 2 sites", level=1)).to_be_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_ticked_sites_change_and_are_put_back(
    open_page, alice, sites, wanted, world, worker, javascript
):
    page = open_page(alice, javascript=javascript)
    hand = Mouse(page)
    before = profiles(sites)
    tick_and_choose(hand, sites)
    page.get_by_label("Grid profile", exact=True).select_option(wanted.enphase_id)
    hand.press(button(page, "Preview"))
    expect(
        page.get_by_role("heading", name="Set grid profile on 2 systems?", level=1)
    ).to_be_visible()
    hand.press_twice(button(page, "Set grid profile on 2 systems"))
    flows.wait_for_text(page, "Finished", javascript=javascript)
    expect(page.locator("#run-now")).to_have_text("2 of 2 done")
    assert set(profiles(sites).values()) == {wanted.enphase_id}
    assert len(world.writes("update_activation")) == 2

    hand.press(button(page, "Prepare undo run"))
    expect(
        page.get_by_role("heading", name="Undo: set grid profile on 2 systems?", level=1)
    ).to_be_visible()
    hand.press(button(page, "Undo: set grid profile on 2 systems"))
    flows.wait_for_text(page, "Finished", javascript=javascript)
    assert profiles(sites) == before
    assert Run.objects.count() == 2


def test_with_the_keyboard_alone(open_page, alice, sites, wanted, worker):
    page = open_page(alice)
    hand = Keyboard(page)
    tick_and_choose(hand, sites)
    field = page.get_by_label("Grid profile", exact=True)
    label = field.evaluate(
        "(e, v) => [...e.options].find((o) => o.value === v).label", wanted.enphase_id
    )
    hand.choose(field, label)
    hand.press(button(page, "Preview"))
    hand.press(button(page, "Set grid profile on 2 systems"))
    flows.wait_for_text(page, "Finished", javascript=True)


def test_a_big_run_is_approved_by_an_admin_and_shows_its_problems(
    open_page, alice, dana, sites, wanted, halcyon, worker
):
    for number in range(NOT_AT_ENPHASE):
        make_site(
            halcyon,
            number=number,
            stage=3,
            city="Petaluma",
            state="CA",
            country="US",
            street1="1 A",
        )
    count = Activation.objects.filter(company=halcyon, stage=3).count()
    page = open_page(alice)
    page.goto(reverse("activations:list") + "?stage=3")
    page.locator("tbody .box").first.check()
    button_all = link(page, "Select all")
    expect(button_all).to_be_visible()
    assert_accessible(page)
    button_all.click()
    assert_accessible(page)
    page.get_by_role("link", name="Grid profile What the inverters obey").click()
    page.get_by_label("Grid profile", exact=True).select_option(wanted.enphase_id)
    button(page, "Preview").click()
    run = Run.objects.get()
    assert run.changes == count > 25
    assert_accessible(page)
    button(page, "Ask for approval").click()
    expect(page.locator("#error-summary")).to_contain_text(f"Type the number of systems: {count}.")
    assert_accessible(page)
    page.get_by_label(f"Type {count} to confirm").fill(str(count))
    button(page, "Ask for approval").click()
    expect(page.get_by_text("Another admin has to approve this")).to_be_visible()
    expect(button(page, "Approve and start")).to_have_count(0)

    boss = open_page(dana, phone=True)
    boss.goto(reverse("operations:runs") + "?show=waiting")
    boss.get_by_role("link", name=f"Set grid profile on {count} systems").click()
    assert_accessible(boss)
    button(boss, "Approve and start").click()
    flows.wait_for_text(boss, "Finished", javascript=True)
    assert_accessible(boss)
    first = boss.locator("table.run tbody tr").first
    expect(first).to_contain_text("Failed")
    expect(first).to_contain_text("Enphase does not know this any more.")
    expect(boss.locator("#run-now")).to_have_text(f"{count - NOT_AT_ENPHASE} of {count} done")
    expect(button(boss, f"Retry {NOT_AT_ENPHASE} failed").locator("visible=true")).to_be_visible()
    boss.get_by_role("navigation", name="Show").get_by_role("link", name="Done").click()
    expect(boss.locator("table.run tbody tr")).to_have_count(count - NOT_AT_ENPHASE)
    ends = Operation.objects.filter(run=run, state=State.REJECTED).count()
    assert ends == NOT_AT_ENPHASE
    asked: list[str] = []
    boss.on("request", lambda request: asked.append(request.url))
    boss.wait_for_timeout(4000)
    assert asked == []
