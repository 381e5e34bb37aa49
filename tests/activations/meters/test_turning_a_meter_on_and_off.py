"""A meter is asked about, switched once, and read back until it has obeyed."""

import uuid
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from activations.snapshots import services as snapshots
from portal.connections.services import client_for
from portal.operations import runner
from portal.operations.models import Operation, State
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

PRODUCTION, CONSUMPTION = "202300000701EIM1", "202300000701EIM2"


@pytest.fixture
def site(halcyon):
    """Site 701 in stage 3: its production meter is on, its consumption meter is off."""
    site = copy_of(halcyon, 701)
    for thing in (("devices", ""), ("meter", PRODUCTION), ("meter", CONSUMPTION)):
        assert snapshots.refresh(site, *thing) == ""
    return site


def url_of(site, name="list", *more):
    return reverse(f"meters:{name}", args=[site.pk, *more])


def meter_at_enphase(site, serial):
    with client_for(site.company_id) as client:
        return client.meters.get_meter(site.system_id, serial)


def poll(operation):
    Operation.objects.filter(pk=operation.pk).update(not_before=timezone.now())
    runner.run(operation.pk)
    operation.refresh_from_db()


def test_turned_on_and_confirmed_by_reading_back(client, alice, site, world, on_commit):
    client.force_login(alice)
    question = client.get(url_of(site, "switch", CONSUMPTION, "on")).content.decode()
    assert f"Turn consumption meter {CONSUMPTION} on?" in question
    assert "The gateway reports" in question
    assert "It is a consumption meter" in question
    with on_commit():
        response = client.post(url_of(site, "switch", CONSUMPTION, "on"))
    assert response.url == url_of(site)
    operation = Operation.objects.get()
    assert operation.state == State.CONFIRMING
    assert operation.before == {"State": "Off"}
    assert operation.after == {"State": "On"}
    page = client.get(url_of(site)).content.decode()
    assert "Enable task sent. Waiting" in page
    assert "every 3s" in page
    # The other meter can still be switched.
    assert url_of(site, "switch", PRODUCTION, "off") in page
    assert url_of(site, "switch", CONSUMPTION, "on") not in page
    poll(operation)
    assert operation.state == State.CONFIRMING
    assert operation.message == "Enable task sent. Waiting until the meter is on."
    assert meter_at_enphase(site, CONSUMPTION).state == "disabled"

    world.clock(advance_seconds=60)
    poll(operation)
    assert operation.state == State.DONE
    assert operation.message == "Meter turned on."
    assert meter_at_enphase(site, CONSUMPTION).state == "enabled"
    [write] = world.writes("control_meter")
    assert write["path"].endswith(f"/activations/701/meters/{CONSUMPTION}/meter_control")
    copy = snapshots.current(site, "meter", CONSUMPTION)
    assert copy.facts["State"] == "On"
    assert not copy.versions.filter(is_drift=True)
    assert copy.versions.first().operation == operation
    page = client.get(url_of(site)).content.decode()
    assert "every 3s" not in page
    assert "changed outside" not in page


def test_off_needs_a_reason(client, alice, site, world, on_commit):
    client.force_login(alice)
    refused = client.post(url_of(site, "switch", PRODUCTION, "off"))
    assert refused.status_code == 422
    assert "Say why the meter is turned off." in refused.content.decode()
    assert not Operation.objects.exists()
    with on_commit():
        client.post(url_of(site, "switch", PRODUCTION, "off"), {"reason": "CT is replaced"})
    operation = Operation.objects.get()
    assert operation.reason == "CT is replaced"
    world.clock(advance_seconds=60)
    poll(operation)
    assert operation.state == State.DONE
    assert meter_at_enphase(site, PRODUCTION).state == "disabled"


def test_answered_twice_switches_once(client, alice, site, world, on_commit):
    client.force_login(alice)
    token = {"token": str(uuid.uuid4())}
    with on_commit():
        client.post(url_of(site, "switch", CONSUMPTION, "on"), token)
        client.post(url_of(site, "switch", CONSUMPTION, "on"), token)
    assert Operation.objects.count() == 1
    assert len(world.writes("control_meter")) == 1


def test_opposite_switch_waits_its_turn(client, alice, site, on_commit):
    client.force_login(alice)
    with on_commit():
        client.post(url_of(site, "switch", CONSUMPTION, "on"))
    refused = client.post(url_of(site, "switch", CONSUMPTION, "off"), {"reason": "No"})
    assert refused.status_code == 422
    assert "still under way" in refused.content.decode()


def test_meter_that_is_so_already_is_not_sent(client, alice, site, world, on_commit):
    client.force_login(alice)
    assert (
        "It is so already" in client.get(url_of(site, "switch", PRODUCTION, "on")).content.decode()
    )
    with on_commit():
        client.post(url_of(site, "switch", PRODUCTION, "on"))
    operation = Operation.objects.get()
    assert operation.state == State.DONE
    assert operation.message == "The meter is on already. Nothing was sent."
    assert world.writes("control_meter") == []


def test_lost_reply_is_looked_up(client, alice, site, world, on_commit):
    client.force_login(alice)
    world.fault("control_meter", "lost_reply")
    with on_commit():
        client.post(url_of(site, "switch", CONSUMPTION, "on"))
    operation = Operation.objects.get()
    assert operation.state == State.UNKNOWN
    world.clock(advance_seconds=60)
    poll(operation)
    poll(operation)
    assert operation.state == State.DONE, operation.message
    assert len(world.writes("control_meter")) == 1


def test_silent_gateway_is_named_before(client, alice, halcyon, world):
    site = copy_of(halcyon, 701)
    world.patch_system(
        701, gateway="silent", last_report_at=int(timezone.now().timestamp()) - 90_000
    )
    for thing in (("devices", ""), ("meter", CONSUMPTION)):
        assert snapshots.refresh(site, *thing) == ""
    client.force_login(alice)
    question = client.get(url_of(site, "switch", CONSUMPTION, "on")).content.decode()
    assert "The gateway last reported on" in question
    assert "It takes the task once it is back" in question


def test_production_that_is_off_is_named_before(client, alice, site):
    client.force_login(alice)
    question = client.get(url_of(site, "switch", PRODUCTION, "on")).content.decode()
    assert "Production is off: the meter measures nothing until it is on" in question
    assert (
        "Production is off"
        not in client.get(url_of(site, "switch", CONSUMPTION, "on")).content.decode()
    )


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("sam", 403), ("charlie", 404)])
def test_who_may_not_switch(client, site, request, person, status):
    client.force_login(request.getfixturevalue(person))
    for url in (url_of(site, "switch", PRODUCTION, "off"), url_of(site, "date", PRODUCTION)):
        assert client.get(url).status_code == status
        assert client.post(url, {"reason": "x", "day": "2026-01-01"}).status_code == status
    assert not Operation.objects.exists()


# ------------------------------------------------------------------ the operational date


def test_date_is_set_and_read_back(client, alice, site, world, on_commit):
    client.force_login(alice)
    base = meter_at_enphase(site, PRODUCTION).operational_date.isoformat()
    question = client.get(url_of(site, "date", PRODUCTION)).content.decode()
    assert f'name="base" value="{base}"' in question
    with on_commit():
        response = client.post(
            url_of(site, "date", PRODUCTION), {"day": "2026-03-14", "base": base}
        )
    assert response.url == url_of(site, "detail", PRODUCTION)
    operation = Operation.objects.get()
    if operation.state == State.CONFIRMING:
        poll(operation)
    assert operation.state == State.DONE, operation.message
    assert operation.message == "Operational date saved."
    assert meter_at_enphase(site, PRODUCTION).operational_date == date(2026, 3, 14)
    [write] = world.writes("update_meter")
    assert write["method"] == "PUT"
    copy = snapshots.current(site, "meter", PRODUCTION)
    assert copy.facts["Operational since"] == "2026-03-14"
    assert not copy.versions.filter(is_drift=True)
    assert "14 Mar 2026" in client.get(response.url).content.decode()


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("", "Enter the day from which on the meter counts."),
        ("14/03", "Enter a day such as 2026-03-14."),
        ("2999-01-01", "The day is in the future."),
        ("1999-01-01", "The day is before there were such meters."),
    ],
)
def test_impossible_dates_are_said(client, alice, site, day, said):
    client.force_login(alice)
    refused = client.post(url_of(site, "date", PRODUCTION), {"day": day})
    assert refused.status_code == 422
    assert said in refused.content.decode()
    assert not Operation.objects.exists()


def test_somebody_elses_date_is_not_written_over(client, alice, site, on_commit):
    client.force_login(alice)
    base = meter_at_enphase(site, PRODUCTION).operational_date.isoformat()
    with client_for(site.company_id) as api:
        api.meters.update_meter(701, PRODUCTION, date(2026, 2, 2))
    with on_commit():
        client.post(url_of(site, "date", PRODUCTION), {"day": "2026-03-14", "base": base})
    operation = Operation.objects.get()
    assert operation.state == State.CONFLICT
    assert meter_at_enphase(site, PRODUCTION).operational_date == date(2026, 2, 2)


def test_refusal_of_the_call_that_is_gone_is_said(client, alice, site, world, on_commit):
    client.force_login(alice)
    world.fault("update_meter", "status", status=501, times=None)
    base = meter_at_enphase(site, PRODUCTION).operational_date.isoformat()
    with on_commit():
        client.post(url_of(site, "date", PRODUCTION), {"day": "2026-03-14", "base": base})
    operation = Operation.objects.get()
    assert operation.state == State.REJECTED
    assert operation.message


# ------------------------------------------------------------------ drift


def test_change_from_outside_is_shown_and_taken_back(client, alice, site, world, on_commit):
    client.force_login(alice)
    with client_for(site.company_id) as api:
        api.meters.control_meter(701, PRODUCTION, "disabled")
        world.clock(advance_seconds=60)
    assert snapshots.refresh(site, "meter", PRODUCTION) == ""
    page = client.get(url_of(site)).content.decode()
    assert f"Meter {PRODUCTION} changed outside Ridgeline" in page
    assert "<del>On</del>" in page
    assert "<ins>Off</ins>" in page
    copy = snapshots.current(site, "meter", PRODUCTION)
    former = snapshots.before_of(copy.versions.first())
    with on_commit():
        operation = snapshots.restore(former, actor=alice, token=uuid.uuid4())
    world.clock(advance_seconds=timedelta(seconds=60).seconds)
    poll(operation)
    assert operation.state == State.DONE, operation.message
    assert meter_at_enphase(site, PRODUCTION).state == "enabled"
    assert "changed outside" not in client.get(url_of(site)).content.decode()
