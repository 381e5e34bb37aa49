"""The EV charger of a site: read for the first time, looked through by day, asked to charge."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from activations.evchargers.reads import day_key, zone_of
from activations.snapshots.services import refresh
from tests.activations.sites import copy_of
from tests.e2e.inspection import Inspection

pytestmark = pytest.mark.browser

SERIAL = "202400000703"


@pytest.fixture
def site(halcyon):
    site = copy_of(halcyon, 703)
    assert refresh(site, "ev-chargers") == ""
    return site


def url_of(site, name="list", *more):
    return reverse(f"evchargers:{name}", args=[site.pk, *more])


def test_the_page_of_a_charger_reads_what_nobody_has_read(open_page, alice, site, world, worker):
    page = open_page(alice)
    hits = world.hits
    page.goto(url_of(site, "detail", SERIAL))
    expect(page.get_by_role("table", name="Charging sessions")).to_be_visible()
    expect(page.get_by_text("Custom, off: Days 1 and 2")).to_be_visible()
    # State, sessions, schedule, days, and the quarters of today.
    assert world.hits - hits == 5
    page.get_by_role("link", name="Day before").click()
    expect(page).to_have_url(re.compile("day="))


def test_pages_of_chargers_are_accessible_in_all_looks(open_page, alice, site):
    yesterday = timezone.now().astimezone(zone_of(site)).date() - timedelta(days=1)
    for thing in (("ev-state", ""), ("ev-events", ""), ("ev-energy", day_key(SERIAL, yesterday))):
        assert refresh(site, *thing) == ""
    for kind in ("ev-sessions", "ev-schedules", "ev-lifetime"):
        assert refresh(site, kind, SERIAL) == ""
    inspection = Inspection(open_page(alice))
    inspection.visit(url_of(site))
    inspection.visit(f"{url_of(site, 'detail', SERIAL)}?day={yesterday}")
    inspection.visit(url_of(site, "control", SERIAL, "start"))
    inspection.assert_nothing()
