"""The site sheet on paper, light and dark by choice, and no motion for those who want none."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from portal.operations.models import Operation, State
from tests.activations.sites import copy_of

pytestmark = pytest.mark.browser

BACKGROUND = "getComputedStyle(document.body).backgroundColor"


def test_site_sheet_on_paper(open_page, alice, halcyon):
    site = copy_of(halcyon, 701)
    page = open_page(alice)
    page.goto(reverse("activations:detail", args=[site.pk]))
    tasks = page.locator("main .task")
    count = tasks.count()
    assert count > 5
    expect(page.get_by_role("navigation", name="Main", exact=True)).to_be_visible()
    page.emulate_media(media="print")
    for gone in (".nav", ".topbar", ".tabs", ".actions", ".appbar", ".tabbar", ".actionbar"):
        assert not page.locator(gone).locator("visible=true").count(), gone
    expect(page.get_by_role("heading", name=site.name, level=1)).to_be_visible()
    for number in range(count):
        expect(tasks.nth(number)).to_be_visible()
    for heading in ("Expected and detected", "Summary", "Activity"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no-script"])
def test_theme_is_a_choice_that_stays(open_page, alice, javascript):
    page = open_page(alice, javascript=javascript, dark=True)
    page.goto(reverse("ui:appearance"))
    system = page.evaluate(BACKGROUND)
    seen = {}
    for theme in ("Light", "Dark"):
        page.get_by_role("radio", name=theme).check(force=True)
        page.get_by_role("button", name="Save appearance").click()
        page.wait_for_url(f"**{reverse('ui:appearance')}")
        page.goto(reverse("operations:list"))
        expect(page.locator("html")).to_have_attribute("data-theme", theme.lower())
        seen[theme] = page.evaluate(BACKGROUND)
        page.goto(reverse("ui:appearance"))
        expect(page.get_by_role("radio", name=theme)).to_be_checked()
    assert seen["Dark"] == system != seen["Light"]


def test_nothing_moves_for_those_who_want_no_motion(open_page, alice, halcyon):
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
    moving = "document.getAnimations().filter((one) => one.playState === 'running').length"
    assert page.evaluate(moving) == 0
    page.emulate_media(reduced_motion="no-preference")
    page.reload()
    assert page.evaluate(moving) > 0


def test_open_tab_is_in_sight_on_a_phone(open_page, alice, halcyon):
    site = copy_of(halcyon, 701)
    page = open_page(alice, phone=True)
    page.goto(reverse("activations:history", args=[site.pk]))
    tab = page.locator(".tabs [aria-current=page]").last
    expect(tab).to_have_text("History")
    expect(tab).to_be_in_viewport(ratio=1)
