"""Sites that left our list: gone for good, or only out of our sight."""

import pytest
from django.urls import reverse
from django.utils import timezone

from activations import sync
from activations.models import Activation
from portal.operations.models import AuditEvent
from tests.activations.made import make_site

pytestmark = pytest.mark.django_db

URL = "/activations/lost/"


@pytest.fixture
def lost(halcyon, world):
    """704 goes to another company's hands: three sweeps later we know that it is lost."""
    sync.sweep(halcyon)
    # company 20 becomes its installer and maintainer
    world.patch_system(704, installer_id=20, maintainer_id=20)
    for _ in range(2):
        sync.sweep(halcyon)
    return Activation.objects.get(system_id=704)


def test_site_of_another_company_is_lost_not_gone(lost):
    assert lost.lost_at
    assert lost.gone_at
    assert AuditEvent.objects.filter(tag="activation:lost", activation=lost).count() == 1
    assert not Activation.objects.present().filter(pk=lost.pk).exists()


def test_deleted_site_is_gone_and_not_lost(halcyon, world):
    sync.sweep(halcyon)
    world._ask("DELETE", "systems/702")
    for _ in range(2):
        sync.sweep(halcyon)
    row = Activation.objects.get(system_id=702)
    assert row.gone_at
    assert row.lost_at is None


def test_lost_sites_are_listed_for_the_company_alone(client, lost, alice, bob, charlie):
    for person in (alice, bob):
        client.force_login(person)
        page = client.get(URL).content.decode()
        assert lost.name in page
    assert "Ask again" not in page
    client.force_login(charlie)
    assert lost.name not in client.get(URL).content.decode()


def test_asking_again_finds_it_back(client, lost, alice, world):
    client.force_login(alice)
    url = reverse("activations:ask-again", args=[lost.pk])
    hits = world.hits
    client.post(url)
    # 401 may also mean an old token: it is renewed once, and the question repeated.
    assert world.hits == hits + 2
    lost.refresh_from_db()
    assert lost.lost_at
    world.patch_system(704, installer_id=9, maintainer_id=9)
    client.post(url)
    lost.refresh_from_db()
    assert (lost.lost_at, lost.gone_at) == (None, None)
    assert "No access was lost" in client.get(URL).content.decode()


def test_lost_site_that_is_deleted_later_is_gone(client, lost, alice, world):
    world._ask("DELETE", "systems/704")
    client.force_login(alice)
    client.post(reverse("activations:ask-again", args=[lost.pk]))
    lost.refresh_from_db()
    assert lost.gone_at
    assert lost.lost_at is None


def test_no_answer_changes_nothing(lost, world):
    world.fault("get_activation", "html", status=502, times=9)
    assert sync.ask_again(lost)
    lost.refresh_from_db()
    assert lost.lost_at


def test_a_page_of_fifty_and_then_more(client, alice, halcyon):
    for number in range(60):
        make_site(halcyon, number, lost_at=timezone.now(), gone_at=timezone.now())
    client.force_login(alice)
    first = client.get(URL)
    assert len(first.context["rows"]) == 50
    second = client.get(URL, {"page": first.context["next_page"]})
    assert len(second.context["rows"]) == 10
    assert client.get(URL, {"page": "x"}).status_code == 200
