"""An admin runs the company: somebody is invited, joins, changes role, and leaves."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from activations.models import Draft
from companies.models import Membership
from companies.staff import sync
from companies.staff.models import Colleague, Invitation
from portal.connections.services import client_for
from tests.browsers import assert_accessible
from tests.conftest import PASSWORD
from tests.e2e import flows
from tests.e2e.flows import button, labelled, link
from tests.e2e.hands import Keyboard, Mouse

pytestmark = pytest.mark.browser

ERIN = "erin.vasquez@example.com"


@pytest.fixture
def mailed(live_machine):
    """`mailed(pattern)`: the last match in the mails that the running portal has printed."""

    def last(pattern: str) -> str:
        web = next(program for program in live_machine.programs if program.name == "web")
        web.wait_for_line(pattern, flows.PATIENCE_SECONDS)
        return [match[1] for line in web.lines if (match := re.search(pattern, line))][-1]

    return last


def add_erin(hand, *, at_enphase: bool = False) -> None:
    page = hand.page
    page.goto(reverse("staff:list"))
    hand.press(link(page, "Add a person").locator("visible=true").first)
    hand.type(labelled(page, "E-mail"), ERIN)
    hand.type(labelled(page, "First name"), "Erin")
    # Nothing typed is lost when something is missing.
    hand.press(button(page, "Add person"))
    expect(page.locator("#error-summary")).to_contain_text("Enter last name")
    expect(labelled(page, "E-mail")).to_have_value(ERIN)
    hand.type(labelled(page, "Last name"), "Vasquez")
    box = page.get_by_label("Also add at Enphase")
    if box.is_checked() != at_enphase:
        box.click()
    if at_enphase:
        hand.type(labelled(page, "Phone"), "707 555 0133")
    hand.press_twice(button(page, "Add person"))


def row_of(page, words: str):
    return page.get_by_role("row").filter(has_text=words)


def test_somebody_new_is_added_in_both_places_and_joins(
    open_page, dana, halcyon, world, worker, mailed
):
    page = open_page(dana)
    add_erin(Mouse(page), at_enphase=True)
    flows.wait_for_text(page, "Added at Enphase", javascript=True)
    assert_accessible(page)
    assert len([one for one in world.writes("create_company_user") if one["executed"]]) == 1
    with client_for(halcyon.pk) as enphase:
        user = enphase.users.get_user(enphase.users.search_users(ERIN).user_id)
    assert (user.name, user.phone) == ("Erin Vasquez", "707 555 0133")

    erin = open_page(phone=True)
    erin.goto(mailed(rf"({re.escape(page.url.split('/operations')[0])}/staff/join/\S+)"))
    expect(erin.get_by_role("heading", name="Halcyon Solar invites you", level=1)).to_be_visible()
    assert_accessible(erin)
    button(erin, "Make a sign-in").click()
    expect(erin.get_by_label("Email")).to_have_value(ERIN)
    erin.get_by_label("Password", exact=True).fill(PASSWORD)
    erin.get_by_label(re.compile(r"Password \(again\)")).fill(PASSWORD)
    button(erin, "Sign up").click()
    button(erin, "Join Halcyon Solar").click()
    erin.wait_for_url("**/activations/")
    expect(erin.get_by_text("You work for Halcyon Solar in Ridgeline now.")).to_be_visible()
    joined = Membership.objects.get(user__email=ERIN)
    assert (joined.role, joined.user.name) == ("installer", "Erin Vasquez")

    page.goto(reverse("staff:list"))
    expect(row_of(page, ERIN)).to_contain_text("Last here")
    expect(row_of(page, ERIN)).to_contain_text("User")


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_invitation_is_sent_again_and_withdrawn(
    open_page, dana, halcyon, portal, mailed, javascript
):
    page = open_page(dana, javascript=javascript)
    add_erin(Mouse(page))
    expect(row_of(page, ERIN)).to_contain_text("Invited by Dana Whitfield")
    pattern = rf"({re.escape(portal)}/staff/join/\S+)"
    first = mailed(pattern)
    week_ago = timezone.now() - timedelta(days=8)
    Invitation.objects.update(sent_at=week_ago, expires_at=week_ago + timedelta(days=7))
    page.reload()
    expect(row_of(page, ERIN)).to_contain_text("Invitation expired")
    button(page, "Send again").click()
    expect(page.get_by_text("The link before no longer works.")).to_be_visible()
    expect(row_of(page, ERIN)).to_contain_text("2 times")
    flows.wait_until(lambda: mailed(pattern) != first, "another link")
    other = open_page()
    assert other.goto(first).status == 404
    other.goto(mailed(pattern))
    expect(button(other, "Make a sign-in")).to_be_visible()
    button(page, "Withdraw").click()
    expect(page.get_by_text("is withdrawn")).to_be_visible()
    expect(row_of(page, ERIN)).to_have_count(0)
    other.reload()
    expect(other.get_by_text("This invitation was withdrawn.")).to_be_visible()
    assert_accessible(other) if javascript else None


def test_invited_with_the_keyboard_alone(open_page, dana, halcyon, portal):
    page = open_page(dana)
    hand = Keyboard(page)
    page.goto(reverse("staff:new"))
    hand.type(labelled(page, "E-mail"), ERIN)
    hand.type(labelled(page, "First name"), "Erin")
    hand.type(labelled(page, "Last name"), "Vasquez")
    hand.reach(page.get_by_label("Installer", exact=False).first)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    hand.choose(labelled(page, "Branch"), "Halcyon Solar North")
    box = page.get_by_label("Also add at Enphase")
    hand.reach(box)
    page.keyboard.press("Space")
    expect(box).not_to_be_checked()
    hand.press_twice(button(page, "Add person"))
    page.wait_for_url("**/staff/")
    expect(row_of(page, ERIN)).to_contain_text("Halcyon Solar North")
    assert Invitation.objects.get().role == Membership.Role.VIEWER


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_role_changes_and_somebody_leaves_with_their_work_passed_on(
    open_page, dana, alice, bob, halcyon, portal, phone
):
    draft = Draft.objects.create(company=halcyon, author=alice)
    page = open_page(dana, phone=phone)
    page.goto(reverse("staff:list"))
    link(page, "Alice Ferrer").click()
    page.get_by_label("Company admin").check()
    page.get_by_label(re.compile("^Branch")).select_option(label="Halcyon Solar North")
    button(page, "Change role").click()
    expect(page.locator("#error-summary")).to_contain_text("works for the whole company")
    page.get_by_label(re.compile("^Branch")).select_option(label="All branches")
    button(page, "Change role").click()
    expect(page.get_by_text("Alice Ferrer: role changed.")).to_be_visible()
    assert Membership.objects.get(user=alice).role == "admin"

    link(page, "Remove from Halcyon Solar").click()
    expect(page.get_by_text("Untitled draft")).to_be_visible()
    assert_accessible(page)
    button(page, "Remove person").click()
    expect(page.locator("#error-summary")).to_contain_text("Choose who takes over")
    page.get_by_label("Who takes over").select_option(label="Dana Whitfield")
    button(page, "Remove person").click()
    expect(page.get_by_text("Alice Ferrer no longer works for Halcyon Solar.")).to_be_visible()
    draft.refresh_from_db()
    assert draft.author == dana
    gone = open_page(alice)
    gone.goto(reverse("companies:list"))
    expect(gone.get_by_text("You work for no company yet")).to_be_visible()


def test_names_are_read_and_a_colleague_is_changed_at_enphase(
    open_page, dana, halcyon, world, worker
):
    page = open_page(dana)
    page.goto(reverse("staff:list"))
    # A list that was never read is asked for by the page itself, and shows itself.
    expect(row_of(page, "noah@halcyon.example")).to_be_visible()
    expect(link(page, "Noah Brightwater")).to_have_count(0)
    button(page, "Read the names").click()
    link(page, "Noah Brightwater").click()
    labelled(page, "Last name").fill("Brightwater-Okafor")
    page.get_by_label("Gets Enlighten's automatic e-mails").check()
    button(page, "Save at Enphase").click()
    flows.wait_for_text(page, "Saved at Enphase", javascript=True)
    noah = Colleague.objects.get(email="noah@halcyon.example")
    with client_for(halcyon.pk) as enphase:
        user = enphase.users.get_user(noah.enphase_id)
    assert (user.last_name, user.enlighten_emails) == ("Brightwater-Okafor", True)
    page.goto(reverse("staff:list"))
    expect(link(page, "Noah Brightwater-Okafor")).to_be_visible()


def test_staff_are_found_while_typing_and_by_what_they_lack(open_page, dana, alice, bob, halcyon):
    sync.read_staff(halcyon, names=True)
    page = open_page(dana)
    page.goto(reverse("staff:list"))
    page.get_by_role("searchbox", name="Name or e-mail").fill("lindq")
    page.wait_for_url("**q=lindq**")
    expect(row_of(page, "Alice Ferrer")).to_have_count(0)
    expect(row_of(page, "Bob Lindqvist")).to_be_visible()
    # The words stay when the view changes.
    page.get_by_role("link", name=re.compile("^Only at Enphase")).click()
    expect(page.get_by_role("heading", name="Nobody matches")).to_be_visible()
    link(page, "Show everybody").click()
    link(page, "No second factor").click()
    expect(row_of(page, "Bob Lindqvist")).to_be_visible()
    expect(row_of(page, "Noah Brightwater")).to_have_count(0)


def test_roles_are_told_apart_in_words(open_page, bob, portal):
    page = open_page(bob, phone=True)
    page.goto(reverse("companies:list"))
    link(page, "What each role may do").click()
    expect(page.get_by_role("columnheader", name=re.compile("Viewer.*you"))).to_be_attached()
    expect(row_of(page, "Decide who works here").get_by_text("May", exact=True)).to_have_count(1)
    assert_accessible(page)
