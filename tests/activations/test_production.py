"""Switching production: asked about, sent once, confirmed by the gateway."""

import uuid
from datetime import datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from activations.snapshots import services as snapshots
from portal.operations import runner
from portal.operations.models import Operation, State
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

ON = {"safe": "on", "no_pto": "on"}


@pytest.fixture
def site(halcyon):
    return copy_of(halcyon, 701)


def url_of(site, mode):
    return reverse("activations:switch", args=[site.pk, mode])


def poll(operation):
    Operation.objects.filter(pk=operation.pk).update(not_before=timezone.now())
    runner.run(operation.pk)
    operation.refresh_from_db()


def test_switch_is_confirmed_by_the_gateway(client, alice, site, world, on_commit):
    world._ask("POST", "limits", {"production_seconds": 600})
    client.force_login(alice)
    question = client.get(url_of(site, "on")).content.decode()
    assert "Turn production on at Okafor residence?" in question
    assert "Permission to operate is not on record" in question
    with on_commit():
        response = client.post(url_of(site, "on"), ON)
    assert response.url == reverse("activations:production", args=[site.pk])
    operation = Operation.objects.get()
    assert operation.state == State.CONFIRMING
    page = client.get(response.url).content.decode()
    assert "every 3s" in page

    world.clock(advance_seconds=300)
    poll(operation)
    assert operation.state == State.CONFIRMING
    assert 0 < operation.progress["done"] < operation.progress["total"] == 24
    assert operation.progress["unit"] == "producing"

    world.clock(advance_seconds=400)
    poll(operation)
    assert operation.state == State.DONE
    assert operation.message == "Production turned on."
    assert operation.progress == {"done": 24, "total": 24, "unit": "producing"}
    site.refresh_from_db()
    assert site.production_mode == "on"
    assert site.production["energy_producing_micros"] == 24
    page = client.get(response.url).content.decode()
    assert "Turn back off" in page
    assert "every 3s" not in page
    assert len(world.writes("set_production_mode")) == 1

    Operation.objects.update(finished_at=timezone.now() - timedelta(minutes=11))
    assert "Turn back off" not in client.get(response.url).content.decode()


def test_earlier_switches_are_listed_with_who_why_and_how_many(client, alice, halcyon, on_commit):
    site = copy_of(halcyon, 703)
    client.force_login(alice)
    with on_commit():
        client.post(url_of(site, "off"), {"safe": "on", "reason": "Roof work"})
    done = {"done": 18, "total": 18, "unit": "stopped"}
    Operation.objects.update(state=State.DONE, progress=done, finished_at=timezone.now())
    page = client.get(reverse("activations:production", args=[site.pk])).content.decode()
    assert "Last switches" in page
    assert "18 of 18 stopped" in page
    assert "Roof work" in page
    assert "Alice Ferrer" in page


@pytest.mark.parametrize(
    ("at", "is_night"), [("2026-06-01T05:30:00Z", True), ("2026-06-01T19:00:00Z", False)]
)
def test_night_is_night_at_the_site(client, alice, site, at, is_night, monkeypatch):
    """05:30 UTC is half past ten in the evening in California, 19:00 UTC is noon."""
    moment = datetime.fromisoformat(at)
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment)
    client.force_login(alice)
    page = client.get(url_of(site, "on")).content.decode()
    assert ("It is night at the site, 22:30." in page) is is_night


def test_switch_behind_our_back_is_shown_and_written_back(client, alice, halcyon, world, on_commit):
    site = copy_of(halcyon, 703)
    world.patch_system(703, production_mode="off")
    assert snapshots.refresh(site, "production") == ""
    client.force_login(alice)
    page = client.get(reverse("activations:production", args=[site.pk])).content.decode()
    assert "Production changed outside Ridgeline" in page
    assert "<ins>Off</ins>" in page
    former = snapshots.current(site, "production").versions.order_by("pk").first()
    question = client.get(reverse("snapshots:restore", args=[site.pk, former.pk])).url
    assert question == url_of(site, "on")
    assert client.post(question).status_code == 422, "nobody was asked about the roof"
    with on_commit():
        client.post(question, {"safe": "on", "no_pto": "on"})
    assert len(world.writes("set_production_mode")) == 1
    assert Operation.objects.get().payload["mode"] == "on"


def test_off_needs_a_reason(client, alice, halcyon, on_commit):
    site = copy_of(halcyon, 703)
    client.force_login(alice)
    refused = client.post(url_of(site, "off"), {"safe": "on"})
    assert refused.status_code == 422
    assert "Say why production is being stopped." in refused.content.decode()
    with on_commit():
        client.post(url_of(site, "off"), {"safe": "on", "reason": "Roof work"})
    operation = Operation.objects.get()
    assert operation.reason == "Roof work"
    assert operation.state == State.CONFIRMING


def test_on_without_permission_needs_a_statement(client, alice, site):
    client.force_login(alice)
    refused = client.post(url_of(site, "on"), {"safe": "on"})
    assert refused.status_code == 422
    assert not Operation.objects.exists()


def test_with_permission_on_record_no_statement_is_asked(client, alice, halcyon):
    site = copy_of(halcyon, 703)
    client.force_login(alice)
    assert "no_pto" not in client.get(url_of(site, "on")).context["form"].fields


def test_same_question_answered_twice_switches_once(client, alice, site, world, on_commit):
    client.force_login(alice)
    token = str(uuid.uuid4())
    with on_commit():
        client.post(url_of(site, "on"), ON | {"token": token})
        client.post(url_of(site, "on"), ON | {"token": token})
    with on_commit():
        client.post(url_of(site, "on"), ON)
    assert Operation.objects.count() == 1
    assert len(world.writes("set_production_mode")) == 1


def test_opposite_switch_waits_its_turn(client, alice, site, on_commit):
    client.force_login(alice)
    with on_commit():
        client.post(url_of(site, "on"), ON)
    response = client.post(url_of(site, "off"), {"safe": "on", "reason": "Stop"})
    assert response.status_code == 422
    assert "still under way" in response.content.decode()


def test_mode_that_is_so_already_is_not_sent(client, alice, halcyon, world, on_commit):
    site = copy_of(halcyon, 703)
    client.force_login(alice)
    with on_commit():
        client.post(url_of(site, "on"), {"safe": "on"})
    operation = Operation.objects.get()
    assert operation.state == State.DONE
    assert operation.message == "Production is on already. Nothing was sent."
    assert world.writes("set_production_mode") == []


def test_lost_reply_is_looked_up(client, alice, site, world, on_commit):
    client.force_login(alice)
    world.fault("set_production_mode", "lost_reply")
    with on_commit():
        client.post(url_of(site, "on"), ON)
    operation = Operation.objects.get()
    assert operation.state == State.UNKNOWN
    world.clock(advance_seconds=600)
    poll(operation)
    assert operation.state == State.CONFIRMING
    poll(operation)
    assert operation.state == State.DONE
    assert len(world.writes("set_production_mode")) == 1


def test_stage_two_cannot_be_switched(client, alice, halcyon):
    site = copy_of(halcyon, 704)
    client.force_login(alice)
    page = client.get(reverse("activations:production", args=[site.pk])).content.decode()
    assert "Production can be switched from stage 3 on" in page
    assert client.get(url_of(site, "on")).status_code == 409
    assert client.post(url_of(site, "on"), ON).status_code == 409
    assert not Operation.objects.exists()


def test_site_without_a_gateway_is_refused_in_words(client, alice, halcyon, on_commit):
    site = copy_of(halcyon, 706)
    client.force_login(alice)
    with on_commit():
        client.post(url_of(site, "on"), ON)
    operation = Operation.objects.get()
    assert operation.state == State.REJECTED
    assert operation.message == "This system has no active gateway. Add one, then retry."


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("sam", 403), ("charlie", 404)])
@pytest.mark.parametrize("mode", ["on", "off"])
def test_who_may_not_switch(client, site, request, person, status, mode):
    client.force_login(request.getfixturevalue(person))
    assert client.get(url_of(site, mode)).status_code == status
    assert client.post(url_of(site, mode), ON | {"reason": "x"}).status_code == status
    assert not Operation.objects.exists()


def test_panel_is_a_page_of_its_own(client, site, charlie, alice):
    url = reverse("activations:production-panel", args=[site.pk])
    client.force_login(charlie)
    assert client.get(url, headers={"HX-Request": "true"}).status_code == 404
    client.force_login(alice)
    panel = client.get(url, headers={"HX-Request": "true"})
    assert panel.templates[0].name == "activations/_production_panel.html"
    assert client.get(url).status_code == 302
