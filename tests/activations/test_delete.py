"""Deleting a site: early, by an admin, after typing its name."""

import pytest
from django.urls import reverse

from activations.models import Activation
from portal.operations import services
from portal.operations.models import Operation, State
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

TYPED = {"name": "delgado residence", "reason": "Ordered twice"}


@pytest.fixture
def site(halcyon):
    return copy_of(halcyon, 702)


def url_of(site):
    return reverse("activations:delete", args=[site.pk])


def test_admin_deletes_an_early_site(client, dana, site, world, on_commit):
    client.force_login(dana)
    assert "Delete Delgado residence?" in client.get(url_of(site)).content.decode()
    with on_commit():
        response = client.post(url_of(site), TYPED)
    operation = Operation.objects.get()
    assert response.url == reverse("operations:detail", args=[operation.pk])
    assert operation.state == State.DONE, operation.message
    assert operation.reason == "Ordered twice"
    site.refresh_from_db()
    assert site.gone_at is not None
    assert len(world.writes("delete_activation")) == 1
    page = client.get(reverse("activations:detail", args=[site.pk])).content.decode()
    assert "not at Enphase any more" in page


@pytest.mark.parametrize(
    "typed", [{}, TYPED | {"name": "Delgado"}, TYPED | {"reason": ""}, TYPED | {"name": ""}]
)
def test_name_and_reason_are_typed(client, dana, site, typed):
    client.force_login(dana)
    assert client.post(url_of(site), typed).status_code == 422
    assert not Operation.objects.exists()


def test_installer_reads_that_it_takes_an_admin(client, alice, site):
    client.force_login(alice)
    page = client.get(url_of(site)).content.decode()
    assert "for admins of the company" in page
    assert client.post(url_of(site), TYPED).status_code == 403


def test_later_stage_reads_why_not(client, dana, halcyon):
    site = copy_of(halcyon, 701)
    client.force_login(dana)
    page = client.get(url_of(site)).content.decode()
    assert "stage 3. Enphase deletes sites in stage 1 and 2 only" in page
    response = client.post(url_of(site), TYPED | {"name": site.name})
    assert response.status_code == 409
    assert not Operation.objects.exists()


def test_site_that_moved_on_meanwhile_is_not_deleted(client, dana, site, world, on_commit):
    client.force_login(dana)
    world.patch_system(702, stage=3)
    with on_commit():
        client.post(url_of(site), TYPED)
    operation = Operation.objects.get()
    assert operation.state == State.FAILED
    assert "stage 3 by now" in operation.message
    assert world.writes("delete_activation") == []
    assert Activation.objects.get(pk=site.pk).stage == 3


def test_lost_reply_of_a_deletion_is_looked_up(client, dana, site, world, on_commit):
    client.force_login(dana)
    world.fault("delete_activation", "lost_reply")
    with on_commit():
        client.post(url_of(site), TYPED)
    operation = Operation.objects.get()
    assert operation.state == State.UNKNOWN
    with on_commit():
        services.check_again(operation, actor=dana)
    operation.refresh_from_db()
    assert operation.state == State.DONE
    assert operation.message == "Activation deleted."


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("sam", 403), ("charlie", 404)])
def test_who_may_not_delete(client, site, request, person, status):
    client.force_login(request.getfixturevalue(person))
    assert client.get(url_of(site)).status_code == status
    assert client.post(url_of(site), TYPED).status_code == status
    assert not Operation.objects.exists()
