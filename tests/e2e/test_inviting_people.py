"""Home owners are invited, created, corrected and moved out, as a person does it."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from companies.homeowners.models import HomeOwner, Move, SiteAccess
from portal.operations.models import Operation, State
from tests.activations.sites import copy_of
from tests.browsers import assert_accessible
from tests.e2e import flows
from tests.e2e.flows import button
from tests.e2e.hands import Keyboard, Mouse

pytestmark = pytest.mark.browser

JONAH = "jonah.delgado@example.com"
NIA = "nia.abara@example.com"


@pytest.fixture
def site(halcyon):
    """701, owned by Ada Okafor."""
    return copy_of(halcyon, 701)


def find(hand, email: str) -> None:
    hand.type(hand.page.get_by_label("E-mail", exact=True), email)
    hand.press(button(hand.page, "Find"))


def invite_nia(hand, site) -> None:
    """From the site's page to the two steps."""
    page = hand.page
    page.goto(reverse("activations:detail", args=[site.pk]))
    hand.press(page.get_by_role("link", name="People", exact=True).first)
    find(hand, NIA)
    expect(page.get_by_text("New to Enphase")).to_be_visible()
    # Nothing typed is lost when something is missing.
    hand.type(page.get_by_label(re.compile("^First name")), "Nia")
    hand.press(button(page, "Create and grant access"))
    expect(page.locator("#error-summary")).to_contain_text("Enter the last name")
    expect(page.get_by_label(re.compile("^First name"))).to_have_value("Nia")
    hand.type(page.get_by_label(re.compile("^Last name")), "Abara")
    hand.press_twice(button(page, "Create and grant access"))
    expect(page).to_have_url(re.compile("/people/invitation/"))


def assert_invited_once(world, site) -> None:
    access = SiteAccess.objects.get()
    assert (access.home_owner.email, access.state) == (NIA, "has_access")
    sent = [write["operation"] for write in world.writes() if write["executed"]]
    assert sent == ["create_home_owner", "grant_activation_access"]


@pytest.mark.parametrize("person", ["alice", "dana"])
def test_inviting_somebody_new_is_one_thing_of_two_steps(
    open_page, request, site, world, worker, person
):
    page = open_page(request.getfixturevalue(person))
    invite_nia(Mouse(page), site)
    flows.wait_for_text(page, "2 of 2 steps", javascript=True)
    assert_accessible(page)
    assert_invited_once(world, site)
    page.get_by_role("link", name="Back to people").click()
    row = page.get_by_role("row").filter(has_text="Nia Abara")
    expect(row).to_contain_text("Has access")


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_inviting_without_script(open_page, alice, site, world, worker, phone):
    page = open_page(alice, phone=phone, javascript=False)
    invite_nia(Mouse(page), site)
    flows.wait_for_text(page, "2 of 2 steps", javascript=False)
    assert_invited_once(world, site)


def test_inviting_with_the_keyboard_alone(open_page, alice, site, world, worker):
    page = open_page(alice)
    hand = Keyboard(page)
    invite_nia(hand, site)
    flows.wait_for_text(page, "2 of 2 steps", javascript=True)
    assert_invited_once(world, site)


def test_second_step_is_taken_up_again(open_page, alice, site, world, worker):
    world.fault("grant_activation_access", "status", status=422, body={"errorMessages": ["No"]})
    page = open_page(alice)
    invite_nia(Mouse(page), site)
    flows.wait_for_text(page, "Only the second step is missing", javascript=True)
    assert_accessible(page)
    button(page, "Grant access").click()
    flows.wait_for_text(page, "2 of 2 steps", javascript=True)
    assert_invited_once(world, site)


def test_access_for_a_time_shows_its_end_and_can_stay(open_page, alice, site, world, worker):
    page = open_page(alice)
    hand = Mouse(page)
    page.goto(reverse("activations:people", args=[site.pk]))
    find(hand, JONAH)
    expect(page.get_by_text("Has an Enphase account")).to_be_visible()
    hand.type(page.get_by_label(re.compile("^Last day of the access")), "2030-12-03")
    button(page, "Grant access").click()
    flows.wait_until(lambda: SiteAccess.objects.held().exists(), "access given")
    page.reload()
    row = page.get_by_role("row").filter(has_text=JONAH)
    expect(row).to_contain_text("Ends 3 Dec")
    row.get_by_role("link", name=JONAH, exact=True).click()
    expect(page.get_by_text("3 Dec 2030, 23:59")).to_be_visible()
    button(page, "Let it stay without an end").click()
    assert SiteAccess.objects.select_related("end").get().ends_at is None


def test_revoking_asks_once_and_says_what_is_lost(open_page, alice, site, world, worker, halcyon):
    owner = HomeOwner.objects.create(
        company=halcyon, enphase_id=3002, email=JONAH, first_name="Jonah", last_name="Delgado"
    )
    SiteAccess.objects.create(activation=site, home_owner=owner, state="has_access")
    page = open_page(alice, phone=True, dark=True)
    page.goto(reverse("activations:people", args=[site.pk]))
    page.get_by_role("link", name="Revoke access of Jonah Delgado").click()
    expect(page.get_by_text("no longer sees production, consumption and reports")).to_be_visible()
    assert_accessible(page)
    button(page, "Revoke access").click()
    flows.wait_until(lambda: SiteAccess.objects.get().state == "revoked", "access revoked")
    page.reload()
    expect(page.get_by_role("row").filter(has_text="Jonah Delgado")).to_contain_text("Revoked")


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_new_home_owner_from_the_directory(open_page, alice, halcyon, world, worker, javascript):
    page = open_page(alice, javascript=javascript)
    page.goto(reverse("homeowners:list"))
    flows.link(page, "New home owner").first.click()
    page.get_by_label("E-mail", exact=True).fill(NIA)
    button(page, "Search").click()
    hits = world.hits
    button(page, "Ask Enphase").click()
    expect(page.get_by_text("New to Enphase")).to_be_visible()
    assert world.hits == hits + 1
    page.get_by_label(re.compile("^First name")).fill("Nia")
    page.get_by_label(re.compile("^Last name")).fill("Abara")
    button(page, "Create home owner").dblclick()
    flows.wait_for_text(page, "Open Nia Abara", javascript=javascript)
    page.get_by_role("link", name="Open Nia Abara").click()
    expect(page.get_by_role("heading", name="Nia Abara", level=1)).to_be_attached()
    assert len(world.writes("create_home_owner")) == 1


def test_directory_is_searched_as_one_types(open_page, alice, halcyon, site):
    for number in range(120):
        HomeOwner.objects.create(
            company=halcyon,
            enphase_id=9_600_000 + number,
            email=f"person{number:03}@example.com",
            first_name="Person",
            last_name=f"Number{number:03}",
        )
    page = open_page(alice)
    page.goto(reverse("homeowners:list"))
    rows = page.locator("#rows > tr")
    expect(rows).to_have_count(50)
    page.get_by_role("link", name="Show 50 more").click()
    expect(rows).to_have_count(100)
    page.locator("#filter-q").fill("number07")
    expect(rows).to_have_count(10)
    expect(page).to_have_url(re.compile("q=number07"))
    page.locator("#filter-q").fill(site.reference)
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Ada Okafor")
    page.locator("#filter-q").fill("nobody")
    expect(page.get_by_text("Nobody matches")).to_be_visible()


def test_correcting_a_person_shows_before_and_after(open_page, alice, halcyon, site, world, worker):
    ada = HomeOwner.objects.get(enphase_id=3001)
    page = open_page(alice)
    page.goto(reverse("homeowners:detail", args=[ada.pk]))
    flows.link(page, "Change details").click()
    page.get_by_label(re.compile("^Last name")).fill("Okafor-Lund")
    page.get_by_label(re.compile("^E-mail$")).fill("ada.lund@example.com")
    button(page, "Review the change").click()
    expect(page.get_by_role("table", name="Before and after")).to_contain_text("Okafor-Lund")
    expect(page.get_by_text("signs in to Enlighten with the new address")).to_be_visible()
    assert_accessible(page)
    button(page, "Change something").click()
    expect(page.get_by_label(re.compile("^Last name"))).to_have_value("Okafor-Lund")
    button(page, "Review the change").click()
    button(page, "Save at Enphase").dblclick()
    flows.wait_until(
        lambda: Operation.objects.filter(kind="home_owner.update", state=State.DONE).exists(),
        "the person is changed",
    )
    assert len(world.writes("update_user")) == 1
    ada.refresh_from_db()
    assert (ada.last_name, ada.email) == ("Okafor-Lund", "ada.lund@example.com")
    # The page that watched it shows what it changed, without being loaded anew.
    expect(page.locator("#o-contact-now")).to_contain_text("ada.lund@example.com")
    expect(page.locator("#o-ops-now")).to_contain_text("Done")
    expect(page.locator("#o-running")).to_have_count(0)


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_moving_out_step_by_step(open_page, alice, site, world, worker, javascript):
    page = open_page(alice, phone=True, javascript=javascript)
    page.goto(reverse("activations:people", args=[site.pk]))
    flows.link(page, "The owner moves out").click()
    button(page, "Start the list").click()
    page.get_by_label("Moved on").fill("2026-11-20")
    button(page, "Note the day").click()
    expect(page.locator("#move-done")).to_have_text("1 of 5 done")
    page.get_by_label("E-mail", exact=True).fill(JONAH)
    button(page, "Find").click()
    expect(page.locator("#move-done")).to_have_text("2 of 5 done")
    for number, name in ((3, "Make owner"), (4, "Grant access"), (5, "Revoke access")):
        button(page, name).click()
        flows.wait_for_text(page, f"{number} of 5 done", javascript=javascript)
    if javascript:
        assert_accessible(page)
    button(page, "Finish the list").click()
    expect(page.get_by_text("The move-out is finished.")).to_be_visible()
    assert Move.objects.get().closed_at
    site.refresh_from_db()
    assert site.owner_id == 3002


def test_viewer_reads_and_is_offered_nothing(open_page, bob, site):
    page = open_page(bob)
    page.goto(reverse("activations:people", args=[site.pk]))
    expect(page.get_by_role("heading", name="Who sees this site, and why")).to_be_visible()
    for name in ("Find", "Revoke", "Add subcontractor"):
        expect(button(page, name)).to_have_count(0)
    expect(flows.link(page, "Revoke")).to_have_count(0)
