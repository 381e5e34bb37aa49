"""The devices of a site: read for the first time, looked through, one of them by the day."""

import re

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from activations.snapshots.services import refresh
from tests.activations.sites import copy_of
from tests.e2e.inspection import Inspection

pytestmark = pytest.mark.browser


@pytest.fixture
def site(halcyon, world):
    """Site 703, of which two placed microinverters are gone and one is silent."""
    site = copy_of(halcyon, 703)
    assert refresh(site, "arrays") == ""
    world.patch_system(703, microinverters=16, silent=[4])
    return site


def list_of(site, query=""):
    return reverse("devices:list", args=[site.pk]) + query


def test_the_page_reads_what_nobody_has_read(open_page, alice, site, world, worker):
    page = open_page(alice)
    hits = world.hits
    page.goto(list_of(site))
    callout = page.get_by_role("link", name="2 of 18 expected microinverters are not detected")
    expect(callout).to_be_visible()
    assert world.hits - hits == 2
    by_operation = world.ledger()["by_operation"]
    assert by_operation["list_system_devices"] == by_operation["get_inverters_summary"] == 1

    # What is wrong leads to those it is wrong with.
    callout.click()
    table = page.get_by_role("table", name="Microinverters")
    expect(table.get_by_role("row")).to_have_count(1 + 2)
    expect(table).to_contain_text("Not detected")
    page.get_by_role("link", name="Not detected 2").click()
    expect(table.get_by_role("row")).to_have_count(1 + 18)

    page.get_by_label("Last digits of a serial").fill("0304")
    page.get_by_role("button", name="Find").click()
    expect(table.get_by_role("row")).to_have_count(1 + 1)
    expect(table).to_contain_text("Not reporting")
    assert world.hits - hits == 2


def test_the_sites_first_page_tells_what_is_detected(open_page, alice, site, world):
    for kind in ("devices", "inverters"):
        refresh(site, kind)
    page = open_page(alice)
    page.goto(reverse("activations:detail", args=[site.pk]))
    row = page.get_by_role("row", name=re.compile("^Microinverters"))
    expect(row).to_have_text(re.compile(r"Microinverters\s*18\s*16\s*1"))
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Microinverters", level=2)).to_be_visible()

    quiet = open_page(alice, javascript=False)
    quiet.goto(reverse("activations:detail", args=[site.pk]))
    quiet.get_by_role("link", name="Expected and detected devices").click()
    expect(quiet.get_by_role("heading", name="Microinverters", level=2)).to_be_visible()


def test_one_device_by_the_day(open_page, alice, site, world, worker):
    page = open_page(alice)
    refresh(site, "devices")
    refresh(site, "inverters")
    page.goto(list_of(site, "?kind=micros"))
    page.get_by_role("link", name="482000070301").click()
    expect(page.get_by_role("heading", name="Today")).to_be_visible()
    expect(page.locator("#copy-age")).to_contain_text("Read")
    hits = world.ledger()["by_operation"]["get_micro_telemetry"]
    page.get_by_role("link", name=re.compile("^Day before")).click()
    expect(page.locator("figure svg[role=img]")).to_be_visible()
    expect(page.locator("figcaption p")).to_contain_text(re.compile(r"^Made .+ at most \d+ W at"))
    assert world.ledger()["by_operation"]["get_micro_telemetry"] == hits + 1
    page.get_by_text("Show as table").click()
    expect(page.get_by_role("table", name="By hour").get_by_role("row")).to_have_count(1 + 24)
    # Back to the day we have already: no hit.
    page.get_by_role("link", name=re.compile("^Day after")).click()
    expect(page.get_by_role("heading", name="Today")).to_be_visible()


def test_without_script_a_refresh_is_a_form(open_page, alice, site, world, worker):
    page = open_page(alice, javascript=False)
    page.goto(list_of(site))
    expect(page.get_by_text("Not read yet").first).to_be_visible()
    page.locator("#copy-age").get_by_role("button", name="Refresh").click()
    for _ in range(40):
        page.goto(list_of(site))
        if page.get_by_text("2 of 18 expected").count():
            break
        page.wait_for_timeout(500)
    expect(page.get_by_text("2 of 18 expected microinverters are not detected")).to_be_visible()
    page.get_by_role("link", name="482000070300").click()
    expect(page.get_by_role("heading", name="Today")).to_be_visible()


def test_everybody_can_read_the_pages(open_page, alice, site, world):
    for kind in ("devices", "inverters"):
        refresh(site, kind)
    serials = ["482000070300", "482000070304", "482000070317", "202300000703"]
    inspection = Inspection(open_page(alice))
    inspection.visit(reverse("activations:detail", args=[site.pk]))
    inspection.visit(list_of(site))
    inspection.visit(list_of(site, "?kind=micros&problem=any&sort=-signal"))
    for serial in serials:
        inspection.visit(reverse("devices:detail", args=[site.pk, serial]))
    inspection.visit(reverse("devices:detail", args=[site.pk, "999999999999"]), status=404)
    inspection.assert_nothing()
