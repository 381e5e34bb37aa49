"""A charger is started and stopped once, confirmed by its own word, and a refusal is explained."""

import uuid
from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.urls import reverse
from django.utils import timezone

from activations.evchargers import services, writes
from activations.snapshots import services as snapshots
from activations.snapshots.models import Snapshot
from portal.connections.services import client_for
from portal.operations import runner
from portal.operations.models import Operation, State
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

SERIAL = "202400000703"
PARTNERS = "Enphase lets only partners of its VPP programme start charging."


@pytest.fixture
def site(halcyon, world, monkeypatch):
    """Site 703, at noon of a coming day where it is: the car does not charge by itself then."""
    now = timezone.now()
    noon = now.replace(hour=20, minute=2, second=0, microsecond=0)
    world.clock(advance_seconds=int((noon - now).total_seconds()) % 86_400)
    # What is asked of the charger, and when, goes by the clock of the world it stands in.
    there = SimpleNamespace(now=lambda: datetime.fromisoformat(world.clock()["now"]))
    monkeypatch.setattr(services, "timezone", there)
    monkeypatch.setattr(writes, "timezone", there)
    site = copy_of(halcyon, 703)
    assert snapshots.refresh(site, "ev-chargers") == ""
    assert snapshots.refresh(site, "ev-state") == ""
    return site


def url_of(site, name, *more):
    return reverse(f"evchargers:{name}", args=[site.pk, SERIAL, *more])


def poll(operation):
    """As if the minutes had passed after which the charger is looked at again."""
    Snapshot.objects.filter(kind="ev-state").update(
        fetched_at=timezone.now() - timedelta(minutes=5)
    )
    Operation.objects.filter(pk=operation.pk).update(not_before=timezone.now())
    runner.run(operation.pk)
    operation.refresh_from_db()


def mode_at_enphase(site):
    with client_for(site.company_id) as client:
        [charger] = client.consumption.get_latest_telemetry(703).of_kind("ev_chargers")
    return charger.operational_mode


def start(client, site, on_commit, **data):
    with on_commit():
        return client.post(url_of(site, "control", "start"), {"level": "50", **data})


def test_started_and_confirmed_by_the_charger_then_stopped(client, alice, site, world, on_commit):
    client.force_login(alice)
    question = client.get(url_of(site, "control", "start")).content.decode()
    assert f"Start charging at IQ EV Charger {SERIAL}?" in question
    assert "VPP programme" in question
    response = start(client, site, on_commit)
    assert response.url == url_of(site, "detail")
    operation = Operation.objects.get()
    assert operation.state == State.CONFIRMING, operation.message
    assert operation.after == {"Charging": "Started, at 50 %"}
    assert len(world.writes("start_ev_charging")) == 1
    page = client.get(response.url).content.decode()
    assert "every 3s" in page
    assert "Start charging</a>" not in page

    poll(operation)
    assert operation.state == State.CONFIRMING
    assert operation.message.startswith("Sent. Waiting for the charger's next report")
    world.clock(advance_seconds=1900)
    poll(operation)
    assert operation.state == State.DONE, operation.message
    assert operation.message == "Charging started. The charger says: Charging."
    assert mode_at_enphase(site) == "CHARGING"
    assert len(world.writes("start_ev_charging")) == 1
    page = client.get(url_of(site, "detail")).content.decode()
    assert "Stop charging</a>" in page
    assert "Start charging</a>" not in page

    with on_commit():
        client.post(url_of(site, "control", "stop"))
    operation = Operation.objects.latest("pk")
    assert operation.state == State.CONFIRMING, operation.message
    poll(operation)
    assert operation.state == State.CONFIRMING
    world.clock(advance_seconds=1900)
    poll(operation)
    assert operation.state == State.DONE, operation.message
    assert mode_at_enphase(site) != "CHARGING"


def test_asking_often_costs_a_hit_each_few_minutes(halcyon, world):
    site = copy_of(halcyon, 703)
    asked = int(timezone.now().timestamp()) - 60
    payload = {"activation": site.pk, "system_id": 703, "serial": SERIAL, "asked_at": asked}
    assert snapshots.refresh(site, "ev-state") == ""
    hits = world.hits
    with client_for(site.company_id) as api:
        writes._look(api, payload)
        assert world.hits == hits
        Snapshot.objects.filter(kind="ev-state").update(
            fetched_at=timezone.now() - writes.LOOK_EVERY
        )
        writes._look(api, payload)
        assert world.hits == hits + 1
        # A copy of before it was asked tells nothing.
        writes._look(api, {**payload, "asked_at": asked + 3600})
        assert world.hits == hits + 2


def test_a_car_that_charges_is_not_started(client, alice, site, world, on_commit):
    client.force_login(alice)
    with client_for(site.company_id) as api:
        api.ev_chargers.start_ev_charging(703, SERIAL)
    world.clock(advance_seconds=1900)
    start(client, site, on_commit)
    operation = Operation.objects.get()
    assert operation.state == State.DONE
    assert operation.message == "It charges already. Nothing was sent."
    assert len(world.writes("start_ev_charging")) == 1


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_a_refusal_is_explained(client, alice, site, world, on_commit, status):
    client.force_login(alice)
    world.fault("start_ev_charging", "status", status=status, times=None)
    start(client, site, on_commit)
    operation = Operation.objects.get()
    assert operation.state == State.REJECTED
    assert operation.message.startswith(PARTNERS)
    assert len(world.writes("start_ev_charging")) == 1
    page = client.get(url_of(site, "detail")).content.decode()
    assert PARTNERS in page
    # Another try is a person's decision.
    assert "Start charging</a>" in page


def test_a_mistake_keeps_enphases_words(client, alice, site, world, on_commit):
    client.force_login(alice)
    world.fault(
        "start_ev_charging",
        "status",
        status=400,
        times=None,
        body={"message": "Bad request", "code": "400", "details": ["Charging level is odd"]},
    )
    start(client, site, on_commit)
    operation = Operation.objects.get()
    assert operation.state == State.REJECTED
    assert "VPP" not in operation.message
    assert "Enphase refused it" in operation.message


def test_a_lost_reply_is_looked_up_and_never_sent_again(client, alice, site, world, on_commit):
    client.force_login(alice)
    world.fault("start_ev_charging", "lost_reply")
    start(client, site, on_commit)
    operation = Operation.objects.get()
    assert operation.state == State.UNKNOWN
    world.clock(advance_seconds=1900)
    poll(operation)
    if operation.state == State.CONFIRMING:
        poll(operation)
    assert operation.state == State.DONE, operation.message
    assert len(world.writes("start_ev_charging")) == 1


def test_a_start_that_had_no_effect_ends_with_a_person(client, alice, site, world, on_commit):
    client.force_login(alice)
    world.fault("start_ev_charging", "status", status=503, times=None)
    start(client, site, on_commit)
    operation = Operation.objects.get()
    world.clock(advance_seconds=1900)
    for _ in range(8):
        if operation.state != State.UNKNOWN:
            break
        poll(operation)
    assert operation.state == State.NEEDS_REVIEW, operation.message
    assert len(world.writes("start_ev_charging")) <= 1


def test_a_charger_that_does_not_obey_is_told(client, alice, site, world, on_commit):
    client.force_login(alice)
    start(client, site, on_commit)
    operation = Operation.objects.get()
    with client_for(site.company_id) as api:
        api.ev_chargers.stop_ev_charging(703, SERIAL)
    world.clock(advance_seconds=4500)
    poll(operation)
    assert operation.state == State.FAILED, operation.message
    assert operation.message.startswith("It did not start. Is a car plugged in?")


def test_answered_twice_asks_once_and_another_waits(client, alice, site, world, on_commit):
    client.force_login(alice)
    token = str(uuid.uuid4())
    start(client, site, on_commit, token=token)
    start(client, site, on_commit, token=token)
    assert Operation.objects.count() == 1
    assert len(world.writes("start_ev_charging")) == 1
    refused = client.post(url_of(site, "control", "stop"))
    assert refused.status_code == 422
    assert "still under way" in refused.content.decode()


@pytest.mark.parametrize("level", ["", "101", "-1", "half"])
def test_impossible_levels_are_said(client, alice, site, level):
    client.force_login(alice)
    refused = client.post(url_of(site, "control", "start"), {"level": level})
    assert refused.status_code == 422
    assert "from 0 to 100" in refused.content.decode()
    assert f'value="{level}"' in refused.content.decode() or level == ""
    assert not Operation.objects.exists()


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("sam", 403), ("charlie", 404)])
def test_who_may_not(client, site, request, person, status):
    client.force_login(request.getfixturevalue(person))
    assert client.post(url_of(site, "control", "start"), {"level": "50"}).status_code == status
    assert not Operation.objects.exists()
