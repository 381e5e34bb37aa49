"""A site is created from the sign-in page to the list: once, whatever people do with the button."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from activations.models import Activation, Draft
from portal.operations.models import Operation, State
from tests.e2e import flows
from tests.e2e.flows import SITE, button, labelled
from tests.e2e.hands import Keyboard, Mouse

pytestmark = pytest.mark.browser

CREATE = "Create activation"


def assert_created_once(page, world) -> Operation:
    """The operation ends well, and the other side saw one create."""
    operation = Operation.objects.get(kind="activation.create")
    flows.wait_until(
        lambda: Operation.objects.get(pk=operation.pk).state == State.DONE,
        f"the create is done: {Operation.objects.get(pk=operation.pk).message}",
    )
    assert world.creates == 1
    assert Activation.objects.filter(name=SITE["Name"]).count() == 1
    return operation


def test_double_click_creates_once_and_the_list_shows_it(open_page, alice, world, worker):
    page = open_page()
    hand = Mouse(page)
    flows.sign_in(hand, alice)
    check_url = flows.fill_in_wizard(hand)
    expect(button(page, CREATE)).to_contain_text("$2.00")
    hand.press_twice(button(page, CREATE))
    page.wait_for_url("**/operations/*/")
    flows.wait_for_text(page, "Activation created.", javascript=True)
    operation = assert_created_once(page, world)
    expect(page.get_by_role("link", name=f"Open {SITE['Name']}")).to_be_visible()

    # Back, and whatever stands there then.
    page.go_back()
    if button(page, CREATE).count():
        button(page, CREATE).click()
    page.wait_for_url(f"**{reverse('operations:detail', args=[operation.pk])}")
    # The same form sent again, as a browser does after "Resend".
    token = page.locator("body").get_attribute("hx-headers").split('"')[3]
    answer = page.request.post(check_url, form={"csrfmiddlewaretoken": token})
    assert answer.url == page.url
    assert world.creates == 1

    flows.go_to_activations(hand)
    flows.find_in_list(hand, SITE["Name"], javascript=True)
    page.get_by_role("main").get_by_role("link", name=SITE["Name"], exact=True).first.click()
    expect(page.get_by_role("heading", name=SITE["Name"], level=1)).to_be_visible()
    page.get_by_role("link", name="History", exact=True).first.click()
    for step in ("Queued", "Sent to Enphase", "Done"):
        expect(page.get_by_role("main").get_by_text(step, exact=True).first).to_be_visible()


def test_two_tabs_with_one_draft_create_once(open_page, alice, world, worker):
    first = open_page(alice)
    first.goto("/activations/")
    check_url = flows.fill_in_wizard(Mouse(first))
    second = first.context.new_page()
    second.goto(check_url)
    for page in (first, second):
        expect(button(page, CREATE)).to_be_visible()
    # Neither waits for the answer of the other.
    button(first, CREATE).click(no_wait_after=True)
    button(second, CREATE).click(no_wait_after=True)
    for page in (first, second):
        page.wait_for_url("**/operations/*/")
    assert first.url == second.url
    assert_created_once(first, world)
    assert Draft.objects.count() == 1


def test_create_with_the_keyboard_alone_on_a_phone(open_page, alice, world, worker):
    page = open_page(phone=True)
    hand = Keyboard(page)
    flows.sign_in(hand, alice)
    flows.fill_in_wizard(hand)
    hand.press_twice(button(page, CREATE))
    page.wait_for_url("**/operations/*/")
    flows.wait_for_text(page, "Activation created.", javascript=True)
    assert_created_once(page, world)
    hand.press(page.get_by_role("link", name=f"Open {SITE['Name']}"))
    expect(page.get_by_role("heading", name=SITE["Name"], level=1)).to_be_attached()


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_create_without_script(open_page, alice, world, worker, phone):
    page = open_page(phone=phone, javascript=False)
    hand = Mouse(page)
    flows.sign_in(hand, alice)
    flows.fill_in_wizard(hand)
    # Without script both clicks are sent.
    hand.press_twice(button(page, CREATE))
    page.wait_for_url("**/operations/*/")
    flows.wait_for_text(page, "Activation created.", javascript=False)
    assert_created_once(page, world)
    flows.go_to_activations(hand)
    flows.find_in_list(hand, SITE["Name"], javascript=False)


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_wrong_values_are_said_and_kept(open_page, alice, phone, javascript):
    page = open_page(alice, phone=phone, javascript=javascript)
    page.goto("/activations/new/")
    hand = Keyboard(page) if phone and javascript else Mouse(page)
    flows.fill_in_site(hand)
    hand.type(labelled(page, "Name"), " ")
    hand.type(labelled(page, "ZIP code"), "ABC")
    hand.press(button(page, "Save and continue"))

    summary = page.locator("#error-summary")
    expect(summary).to_be_visible()
    expect(page).to_have_title("Error: Site, new activation · Ridgeline")
    expect(summary).to_contain_text("Enter a name for the site.")
    expect(labelled(page, "ZIP code")).to_have_value("ABC")
    expect(labelled(page, "City")).to_have_value(SITE["City"])
    expect(labelled(page, "ZIP code")).to_have_attribute("aria-invalid", "true")
    described = labelled(page, "Name").get_attribute("aria-describedby")
    words = " ".join(page.locator(f"#{name}").inner_text() for name in described.split())
    assert "Enter a name for the site." in words
    if javascript:
        expect(summary).to_be_focused()
    # The words of the summary lead to the field.
    hand.press(summary.get_by_role("link", name="Enter a name for the site."))
    if javascript:
        expect(labelled(page, "Name")).to_be_focused()
    hand.type(labelled(page, "Name"), SITE["Name"])
    hand.type(labelled(page, "ZIP code"), SITE["ZIP code"])
    hand.press(button(page, "Save and continue"))
    expect(page.get_by_role("heading", name="People", level=1)).to_be_attached()
