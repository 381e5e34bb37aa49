"""Times are those of the viewer; on the pages of a site those of the site, and named."""

import pytest
from django.urls import reverse
from django.utils import timezone

from activations import sync
from activations.models import Activation
from portal.operations import audit
from portal.ui.zones import zone_named

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(halcyon, world):
    sync.sweep(halcyon)
    Activation.objects.update(timezone="US/Pacific")
    site = Activation.objects.get(system_id=701)
    audit.record("activation:noted", company=halcyon, activation=site, text="A note")
    return site


def shown(moment, zone):
    return f"{moment.astimezone(zone_named(zone)):%H:%M}"


def test_a_site_shows_its_own_clock_and_says_so(client, alice, site):
    client.force_login(alice)
    at = timezone.now()
    text = client.get(reverse("activations:history", args=[site.pk])).text
    assert "Times of US/Pacific" in text
    assert shown(at, "US/Pacific") in text
    client.cookies["tz"] = "America/Los_Angeles"
    assert "Times of" not in client.get(reverse("activations:history", args=[site.pk])).text


def test_other_pages_show_the_clock_of_the_viewer(client, alice, site, halcyon):
    from portal.operations.models import Operation

    operation = Operation.objects.create(kind="x", key="x", title="X", company=halcyon)
    audit.record("operation:queued", operation)
    client.force_login(alice)
    url = reverse("operations:detail", args=[operation.pk])
    assert " UTC" in client.get(url).text
    client.cookies["tz"] = "Australia/Sydney"
    text = client.get(url).text
    assert shown(operation.created_at, "Australia/Sydney") in text
    assert " UTC</time>" not in text
    # The zone of one request does not stay for the next.
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.parametrize("name", ["", "Mars/Base", "../../etc/passwd", "x" * 500, "\x00", "/etc"])
def test_a_made_up_zone_is_no_zone(name, client, alice):
    assert zone_named(name) is None
    client.force_login(alice)
    client.cookies["tz"] = name.replace("\x00", "")
    assert client.get(reverse("operations:list")).status_code == 200
