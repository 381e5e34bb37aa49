"""A site's page: what is missing, from our copy alone."""

import html
import re

import pytest
from django.urls import reverse

from activations.models import Activation
from activations.snapshots.models import Snapshot
from portal.operations.models import Operation
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

PAGES = ("detail", "site", "equipment", "grid", "people", "production", "history", "delete")


@pytest.fixture
def okafor(halcyon):
    return copy_of(halcyon, 701)


def test_page_causes_no_hit_and_few_queries(
    client, alice, okafor, world, django_assert_max_num_queries
):
    client.force_login(alice)
    hits = world.hits
    with django_assert_max_num_queries(16):
        page = client.get(reverse("activations:detail", args=[okafor.pk])).content.decode()
    assert world.hits == hits
    assert "Okafor residence" in page
    assert "12 Alder Court, Sacramento, CA 95814, United States of America" in page
    assert "Gateway detects all 24" in page
    assert "Choose the PV module" in page
    assert "2 hits" in page


@pytest.mark.parametrize("name", PAGES)
def test_every_page_of_a_site_opens(client, alice, okafor, name):
    client.force_login(alice)
    assert client.get(reverse(f"activations:{name}", args=[okafor.pk])).status_code == 200


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize(("person", "status"), [("bob", 200), ("sam", 200), ("charlie", 404)])
def test_who_sees_a_site(client, okafor, request, name, person, status):
    client.force_login(request.getfixturevalue(person))
    if name == "delete" and status == 200:
        status = 403
    assert client.get(reverse(f"activations:{name}", args=[okafor.pk])).status_code == status


def test_viewer_gets_no_buttons(client, bob, okafor):
    client.force_login(bob)
    for name in ("detail", "site", "grid", "people", "production"):
        page = client.get(reverse(f"activations:{name}", args=[okafor.pk])).content.decode()
        assert 'method="post"' not in page.split('id="content"')[1], name


def test_stage_one_names_what_is_missing(client, alice, halcyon):
    site = copy_of(halcyon, 702)
    client.force_login(alice)
    page = client.get(reverse("activations:detail", args=[site.pk])).content.decode()
    assert "2 things keep this site in stage 1" in page
    assert "Add the owner" in page
    assert "Enter the gateway serial" in page
    assert "Opens when the gateway has reported" in page


def test_what_was_never_read_is_not_guessed(client, alice, okafor):
    Activation.objects.filter(pk=okafor.pk).update(detail={}, detail_at=None, production={})
    Snapshot.objects.all().delete()
    client.force_login(alice)
    page = client.get(reverse("activations:detail", args=[okafor.pk])).content.decode()
    assert "Cannot tell" in page
    assert "Not read yet" in page
    page = client.get(reverse("activations:grid", args=[okafor.pk])).content.decode()
    assert "Read this site first" in page


def test_missing_microinverters_are_a_problem(client, alice, okafor):
    counts = {"mode": "on", "total_micros": 22, "energy_producing_micros": 22}
    Activation.objects.filter(pk=okafor.pk).update(production=counts)
    client.force_login(alice)
    page = client.get(reverse("activations:detail", args=[okafor.pk])).content.decode()
    assert "Gateway detects 22 of the 24 you expect" in page
    assert "2 missing" in page


def refresh_link(page: str) -> str:
    """The address that the page itself offers for a refresh."""
    return html.unescape(re.search(r'hx-post="([^"]*)" hx-target="#copy-age"', page)[1])


def test_refresh_reads_the_site_and_its_production(client, alice, okafor, world, on_commit):
    world.patch_system(701, system_name="Okafor house")
    client.force_login(alice)
    here = reverse("activations:detail", args=[okafor.pk])
    link = refresh_link(client.get(here).content.decode())
    hits = world.hits
    with on_commit():
        response = client.post(link, {"next": here})
    assert response.url == here
    assert world.hits == hits + 2
    okafor.refresh_from_db()
    assert okafor.name == "Okafor house"
    page = client.get(here).content.decode()
    assert "Refreshing" not in page


def test_failed_refresh_keeps_our_copy_and_says_why(client, alice, okafor, world, on_commit):
    client.force_login(alice)
    here = reverse("activations:detail", args=[okafor.pk])
    link = refresh_link(client.get(here).content.decode())
    world.fault("get_activation", "html", status=502, times=20)
    with on_commit():
        client.post(link)
    page = client.get(here).content.decode()
    assert "gave no usable answer" in page
    assert "12 Alder Court" in page


def test_site_that_is_gone_says_so(client, alice, halcyon, world, on_commit):
    site = copy_of(halcyon, 702)
    client.force_login(alice)
    here = reverse("activations:detail", args=[site.pk])
    link = refresh_link(client.get(here).content.decode())
    world.fault(
        "get_activation", "status", status=404, body={"reason": "404", "message": ["Not found"]}
    )
    with on_commit():
        client.post(link)
    page = client.get(here).content.decode()
    assert "not at Enphase any more" in page
    site.refresh_from_db()
    assert site.gone_at is not None


def test_failed_operation_is_a_task(client, alice, okafor):
    Operation.objects.create(
        kind="activation.update",
        key="k",
        title="Change grid settings",
        state="rejected",
        message="Enphase refused it: no.",
        activation=okafor,
        company=okafor.company,
        actor=alice,
    )
    client.force_login(alice)
    page = client.get(reverse("activations:detail", args=[okafor.pk])).content.decode()
    assert "Changes that need you" in page
    assert "Enphase refused it: no." in page


def test_history_shows_before_and_after(client, alice, okafor, on_commit):
    client.force_login(alice)
    with on_commit():
        client.post(
            reverse("activations:switch", args=[okafor.pk, "on"]), {"safe": "on", "no_pto": "on"}
        )
    page = client.get(reverse("activations:history", args=[okafor.pk])).content.decode()
    assert "Turn production on" in page
    assert "<ins>On</ins>" in page
    assert "Alice Ferrer" in page
