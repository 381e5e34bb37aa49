"""The owner of a site moves out: the list of steps, read from what is really so."""

import pytest
from django.urls import reverse

from companies.homeowners.models import HomeOwner, Move, SiteAccess
from portal.connections.services import client_for
from portal.operations.models import AuditEvent, Operation, State
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

JONAH = "jonah.delgado@example.com"
NIA = {"email": "nia@example.com", "first_name": "Nia", "last_name": "Abara"}


@pytest.fixture
def site(halcyon):
    """701, owned by Ada Okafor."""
    return copy_of(halcyon, 701)


@pytest.fixture
def url(site):
    return reverse("activations:move-out", args=[site.pk])


@pytest.fixture
def started(client, alice, url):
    client.force_login(alice)
    client.post(url, {"do": "start"})
    return Move.objects.get()


def done(client, url):
    response = client.get(url)
    return {step.key: step.is_done for step in response.context["steps"]}


def test_list_begins_with_the_owner_of_now(client, started, url):
    assert started.leaving.name == "Ada Okafor"
    page = client.get(url).content.decode()
    assert "Ada Okafor moves out" in page
    assert "0 of 5 done" in page
    assert AuditEvent.objects.filter(tag="move:started", activation=started.activation).exists()


def test_starting_twice_is_one_list(client, started, url):
    client.post(url, {"do": "start"})
    assert Move.objects.count() == 1


def test_whole_move_with_somebody_enphase_knows(client, started, url, site, world, on_commit):
    client.post(url, {"do": "date", "moved_on": "2026-11-20"})
    hits = world.hits
    client.post(url, {"do": "find", "email": JONAH})
    assert world.hits == hits + 1
    started.refresh_from_db()
    assert started.coming.enphase_id == 3002
    assert done(client, url) == {
        "date": True,
        "coming": True,
        "owner": False,
        "grant": False,
        "revoke": False,
    }
    for do in ("owner", "grant", "revoke"):
        with on_commit():
            client.post(url, {"do": do})
    assert all(done(client, url).values())
    with client_for(site.company_id) as api:
        assert api.activations.get_activation(701).owner_id == 3002
    sent = [write["operation"] for write in world.writes()]
    assert sent == ["update_activation", "grant_activation_access", "revoke_activation_access"]
    client.post(url, {"do": "finish"})
    started.refresh_from_db()
    assert started.closed_at
    assert client.get(url).context["move"] is None


def test_new_owner_who_is_created_is_the_one_who_comes(client, started, url, world, on_commit):
    page = client.post(url, {"do": "find", "email": NIA["email"]}).content.decode()
    assert "New to Enphase" in page
    refused = client.post(url, {"do": "create", "email": NIA["email"]})
    assert refused.status_code == 422
    with on_commit():
        client.post(url, {"do": "create", **NIA})
    started.refresh_from_db()
    assert started.coming == HomeOwner.objects.get(email=NIA["email"])
    assert len(world.writes("create_home_owner")) == 1


def test_who_moves_out_cannot_move_in(client, started, url):
    response = client.post(url, {"do": "find", "email": "ada.okafor@example.com"})
    assert response.status_code == 422
    assert "This is the person who moves out." in response.content.decode()


def test_step_that_enphase_refuses_is_named(client, started, url, world, on_commit):
    world.fault("revoke_activation_access", "status", status=422, body={"errorMessages": ["No"]})
    with on_commit():
        client.post(url, {"do": "revoke"})
    assert Operation.objects.get().state == State.REJECTED
    page = client.get(url).content.decode()
    assert "Enphase refused it: No." in page
    assert done(client, url)["revoke"] is False


def test_done_elsewhere_counts_too(client, started, url, site, world):
    client.post(url, {"do": "find", "email": JONAH})
    world.patch_system(701, owner_id=3002)
    copy_of(site.company, 701)
    SiteAccess.objects.create(
        activation=site, home_owner=started.leaving, state=SiteAccess.State.REVOKED
    )
    now = done(client, url)
    assert (now["owner"], now["revoke"]) == (True, True)


@pytest.mark.parametrize("moved_on", ["", "soon", "2026-02-31"])
def test_no_day_is_refused(client, started, url, moved_on):
    assert client.post(url, {"do": "date", "moved_on": moved_on}).status_code == 422


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("sam", 403), ("charlie", 404)])
def test_who_may_not_move_anybody(client, request, started, url, person, status, world):
    client.force_login(request.getfixturevalue(person))
    for do in ("start", "date", "find", "create", "owner", "grant", "revoke", "finish"):
        assert client.post(url, {"do": do, "email": JONAH}).status_code == status
    assert not Operation.objects.exists()
    started.refresh_from_db()
    assert started.closed_at is None


def test_viewer_sees_how_far_it_is(client, bob, started, url):
    client.force_login(bob)
    page = client.get(url).content.decode()
    assert "0 of 5 done" in page
    assert "Finish the list" not in page
