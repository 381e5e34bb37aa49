"""Owner, access and subcontractors of a site."""

import pytest
from django.urls import reverse

from companies.homeowners.models import HomeOwner, SiteAccess
from companies.models import Subcontractor
from portal.operations.models import AuditEvent, Operation, State
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

ADA = "ada.okafor@example.com"
JONAH = "jonah.delgado@example.com"


@pytest.fixture
def site(halcyon):
    return copy_of(halcyon, 702)


def url_of(site):
    return reverse("activations:people", args=[site.pk])


def test_owner_is_found_by_email_and_set(client, alice, site, world, on_commit):
    client.force_login(alice)
    hits = world.hits
    page = client.post(url_of(site), {"email": JONAH, "do": "find"}).content.decode()
    assert world.hits == hits + 1
    assert "Has an Enphase account" in page
    with on_commit():
        client.post(url_of(site), {"email": JONAH, "do": "owner"})
    operation = Operation.objects.get()
    assert operation.state == State.DONE, operation.message
    site.refresh_from_db()
    assert site.owner_id == 3002
    assert site.owner_name == "Jonah Delgado"
    assert "Jonah Delgado" in client.get(url_of(site)).content.decode()


def test_new_owner_is_created_first(client, alice, site, on_commit):
    client.force_login(alice)
    page = client.post(url_of(site), {"email": "nia@example.com", "do": "find"}).content.decode()
    assert "New to Enphase" in page
    refused = client.post(url_of(site), {"email": "nia@example.com", "do": "owner"})
    assert refused.status_code == 422
    assert "nobody at Enphase has this address yet" in refused.content.decode()
    typed = {"email": "nia@example.com", "first_name": "Nia", "last_name": "Abara", "do": "owner"}
    with on_commit():
        client.post(url_of(site), typed)
    create = Operation.objects.get(kind="home_owner.create")
    change = Operation.objects.get(kind="activation.update")
    assert (create.state, change.state) == (State.DONE, State.DONE), change.message
    site.refresh_from_db()
    assert site.owner_id == HomeOwner.objects.get().enphase_id


def test_owner_set_by_somebody_else_meanwhile_is_a_conflict(client, alice, site, world, on_commit):
    client.force_login(alice)
    client.post(url_of(site), {"email": JONAH, "do": "find"})
    world.patch_system(702, owner_id=3003)
    with on_commit():
        client.post(url_of(site), {"email": JONAH, "do": "owner"})
    operation = Operation.objects.get()
    assert operation.state == State.CONFLICT
    assert operation.result["theirs"] == {"Owner": "Rosa Whitaker"}


def test_access_is_granted_and_revoked(client, alice, site, on_commit):
    client.force_login(alice)
    client.post(url_of(site), {"email": ADA, "do": "find"})
    with on_commit():
        client.post(url_of(site), {"email": ADA, "do": "grant"})
    access = SiteAccess.objects.get()
    assert access.state == SiteAccess.State.HAS_ACCESS
    revoke = reverse("activations:revoke", args=[site.pk, access.home_owner_id])
    assert revoke in client.get(url_of(site)).content.decode()
    question = client.get(revoke)
    assert "no longer sees" in question.content.decode()
    with on_commit():
        client.post(revoke)
    access.refresh_from_db()
    assert access.state == SiteAccess.State.REVOKED


def test_access_for_nobody_is_refused_in_words(client, alice, site):
    client.force_login(alice)
    response = client.post(url_of(site), {"email": "nia@example.com", "do": "grant"})
    assert response.status_code == 422
    assert "Find the person first." in response.content.decode()


@pytest.mark.parametrize("email", ["", "nobody", "a@b@c"])
def test_address_is_checked_before_anything_is_asked(client, alice, site, world, email):
    client.force_login(alice)
    hits = world.hits
    response = client.post(url_of(site), {"email": email, "do": "find"})
    assert response.status_code == 422
    assert world.hits == hits


def test_subcontractor_is_added(client, alice, halcyon, on_commit):
    site = copy_of(halcyon, 701)
    Subcontractor.objects.create(company=halcyon, enphase_id=50, name="Ridge Electric")
    client.force_login(alice)
    page = client.get(url_of(site)).content.decode()
    assert "Ridge Electric" in page
    with on_commit():
        client.post(url_of(site), {"subcontractor": "50", "do": "subcontractor"})
    operation = Operation.objects.get()
    assert operation.state == State.DONE, operation.message
    page = client.get(url_of(site)).content.decode()
    assert "Pending for system owner approval" in page
    assert "Add subcontractor" not in page


def test_look_up_is_in_the_trail_without_the_address(client, alice, site):
    client.force_login(alice)
    client.post(url_of(site), {"email": ADA, "do": "find"})
    event = AuditEvent.objects.get(tag="home-owner:looked-up")
    assert ADA not in str(event.data) + event.text


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("sam", 403), ("charlie", 404)])
def test_who_may_not_change_people(client, site, alice, request, person, status, on_commit):
    client.force_login(alice)
    client.post(url_of(site), {"email": ADA, "do": "find"})
    with on_commit():
        client.post(url_of(site), {"email": ADA, "do": "grant"})
    before = Operation.objects.count()
    client.force_login(request.getfixturevalue(person))
    for do in ("find", "owner", "grant", "subcontractor"):
        assert client.post(url_of(site), {"email": ADA, "do": do}).status_code == status
    revoke = reverse("activations:revoke", args=[site.pk, HomeOwner.objects.get().pk])
    assert client.get(revoke).status_code == status
    assert client.post(revoke).status_code == status
    assert Operation.objects.count() == before
