"""Copies of a site: kept with their age, read anew on request, changes from outside noticed."""

import html
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from activations import services
from activations.catalog import sync as catalogues
from activations.catalog.models import GridProfile
from activations.reads import things_of
from activations.snapshots import services as snapshots
from activations.snapshots.models import Snapshot, Version
from activations.snapshots.registry import Absent
from activations.values import seen
from portal.connections.services import client_for
from portal.operations.models import AuditEvent, Operation, State
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

NOTICE = "<strong>Activation changed outside Ridgeline</strong>"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def site(halcyon):
    return copy_of(halcyon, 701)


def versions(site, kind="activation"):
    return list(Version.objects.filter(snapshot__activation=site, snapshot__kind=kind))


def page_of(client, site):
    return client.get(reverse("activations:detail", args=[site.pk])).content.decode()


def line_of(page):
    return html.unescape(re.search(r'hx-post="([^"]*)" hx-target="#copy-age"', page)[1])


def test_reading_again_without_news_makes_no_version(site):
    first = snapshots.current(site, "activation")
    assert snapshots.refresh(site, "activation") == ""
    again = snapshots.current(site, "activation")
    assert again.fetched_at > first.fetched_at
    assert again.valid_from == first.valid_from
    assert len(versions(site)) == 1


def test_readings_of_the_gateway_are_no_change_of_what_people_set(site, world):
    world.patch_system(701, microinverters=20)
    assert snapshots.refresh(site, "production") == ""
    site.refresh_from_db()
    assert site.production["total_micros"] == 20
    assert len(versions(site, "production")) == 1


def test_change_from_outside_is_told_with_what_it_was(client, alice, site, world):
    world.patch_system(701, system_name="Okafor house")
    snapshots.refresh(site, "activation")
    newest, _first = versions(site)
    assert newest.is_drift
    event = AuditEvent.objects.get(tag="snapshot:drift")
    assert event.data["before"] == {"Name": "Okafor residence"}
    assert event.data["after"] == {"Name": "Okafor house"}
    client.force_login(alice)
    page = page_of(client, site)
    assert NOTICE in page
    assert "<del>Okafor residence</del>" in page
    assert reverse("snapshots:restore", args=[site.pk, _first.pk]) in page


def test_change_by_an_operation_of_ours_is_no_drift(alice, site, on_commit):
    with on_commit():
        services.queue_change(
            site,
            title="Rename",
            changes={"system_name": "Okafor house"},
            base=seen(site),
            actor=alice,
        )
    operation = Operation.objects.get()
    assert operation.state == State.DONE
    snapshots.refresh(site, "activation")
    newest, _ = versions(site)
    assert (newest.is_drift, newest.operation) == (False, operation)


def test_change_from_outside_after_our_operation_is_drift_again(alice, site, world, on_commit):
    with on_commit():
        services.queue_change(
            site,
            title="Rename",
            changes={"system_name": "Okafor house"},
            base=seen(site),
            actor=alice,
        )
    world.patch_system(701, system_name="Somebody else's name")
    snapshots.refresh(site, "activation")
    assert versions(site)[0].is_drift


def test_former_values_are_written_back(client, alice, site, world, on_commit):
    world.patch_system(701, system_name="Okafor house")
    snapshots.refresh(site, "activation")
    first = versions(site)[-1]
    client.force_login(alice)
    url = reverse("snapshots:restore", args=[site.pk, first.pk])
    question = client.get(url).content.decode()
    assert "<del>Okafor house</del>" in question
    assert "<ins>Okafor residence</ins>" in question
    token = re.search(r'name="token" value="([^"]+)"', question)[1]
    with on_commit():
        answer = client.post(url, {"token": token, "reason": "Typed by mistake"})
    client.post(url, {"token": token})
    operation = Operation.objects.get()
    assert answer.url == reverse("operations:detail", args=[operation.pk])
    assert operation.state == State.DONE
    assert operation.reason == "Typed by mistake"
    with client_for(site.company_id) as enphase:
        assert enphase.activations.get_activation(701).system_name == "Okafor residence"
    assert NOTICE not in page_of(client, site)


def test_what_is_there_already_cannot_be_written_back(client, alice, site):
    client.force_login(alice)
    url = reverse("snapshots:restore", args=[site.pk, versions(site)[0].pk])
    assert client.get(url).status_code == 409
    assert "This is what Enphase has now." in client.post(url).content.decode()
    assert not Operation.objects.exists()


def test_write_back_that_fails_leaves_the_notice(client, alice, site, world, on_commit):
    world.patch_system(701, system_name="Okafor house")
    snapshots.refresh(site, "activation")
    client.force_login(alice)
    url = reverse("snapshots:restore", args=[site.pk, versions(site)[-1].pk])
    world.fault("update_activation", "status", status=422, times=1)
    with on_commit():
        client.post(url)
    assert Operation.objects.get().state == State.REJECTED
    assert NOTICE in page_of(client, site)


def test_change_of_something_else_leaves_the_notice(client, alice, site, world, on_commit):
    world.patch_system(701, system_name="Okafor house")
    snapshots.refresh(site, "activation")
    with on_commit():
        services.queue_change(
            site,
            title="Count the meters",
            changes={"expected_meter_count": 7},
            base=seen(site),
            actor=alice,
        )
    assert Operation.objects.get().state == State.DONE
    assert versions(site)[0].facts["Name"] == "Okafor house"
    client.force_login(alice)
    assert NOTICE in page_of(client, site)


def test_production_is_written_back_on_the_page_that_asks_about_the_roof(client, alice, site):
    known = snapshots.current(site, "production").payload
    outside = {"on": "off", "off": "on"}[known["mode"]]
    snapshots.keep(site, "production", {**known, "mode": outside})
    client.force_login(alice)
    url = reverse("snapshots:restore", args=[site.pk, versions(site, "production")[-1].pk])
    switch = reverse("activations:switch", args=[site.pk, known["mode"]])
    assert client.get(url).url == switch
    assert client.post(url, {"reason": "As before"}).url == switch
    assert not Operation.objects.exists()


def test_change_from_outside_may_stay(client, alice, site, world):
    world.patch_system(701, system_name="Okafor house")
    snapshots.refresh(site, "activation")
    client.force_login(alice)
    url = reverse("snapshots:keep", args=[site.pk, versions(site)[0].pk])
    client.post(url)
    client.post(url)
    assert NOTICE not in page_of(client, site)
    assert AuditEvent.objects.filter(tag="snapshot:kept").count() == 1
    history = client.get(reverse("snapshots:history", args=[site.pk, "activation"]))
    assert "From outside, settled" in history.content.decode()


def test_history_reads_as_differences(client, bob, site, world):
    world.patch_system(701, system_name="Okafor house")
    snapshots.refresh(site, "activation")
    client.force_login(bob)
    page = client.get(reverse("snapshots:history", args=[site.pk, "activation"])).content.decode()
    assert "<ins>Okafor house</ins>" in page
    assert "First copy" in page
    assert "Write these values back" not in page


def test_history_names_what_enphase_tells_by_id(client, bob, halcyon, site):
    catalogues.refresh(halcyon)
    record = snapshots.current(site, "activation").record
    profile = GridProfile.objects.get(company=halcyon, enphase_id=record.grid_profile)
    maker = {"pv_manufacturer": 4711, "pv_manufacturer_name": "Aurelia"}
    snapshots.keep(site, "activation", {**record.raw, **maker})
    client.force_login(bob)
    page = client.get(reverse("snapshots:history", args=[site.pk, "activation"])).content.decode()
    assert f"<dd>{profile}</dd>" in page
    assert "<ins>Aurelia</ins>" in page
    assert "4711" not in page
    assert record.grid_profile not in page


@pytest.mark.parametrize("fault", ["html", "bad_json", "wrong_types", "truncated"])
def test_bad_answer_leaves_our_copy_and_says_why(site, world, fault):
    before = snapshots.current(site, "production").payload
    world.fault("get_production_mode", fault, status=502, times=20)
    problem = snapshots.refresh(site, "production")
    copy = snapshots.current(site, "production")
    assert problem
    assert copy.problem == problem
    assert copy.payload == before
    assert not Version.objects.open_drift().exists()


def test_nothing_there_is_an_answer_too(site):
    snapshots.keep(site, "production", Absent("This system has no gateway that could tell."))
    copy = snapshots.current(site, "production")
    assert copy.record is None
    assert copy.is_known
    assert copy.facts == {"Production": "This system has no gateway that could tell."}


def test_page_asks_by_itself_only_for_what_is_old(client, bob, site, world, on_commit):
    client.force_login(bob)
    page = page_of(client, site)
    assert "auto=1" not in page
    Snapshot.objects.filter(kind="production").update(
        fetched_at=timezone.now() - timedelta(hours=2)
    )
    page = page_of(client, site)
    link = html.unescape(re.search(r'hx-post="([^"]*auto=1)"', page)[1])
    hits = world.hits
    with on_commit():
        waiting = client.post(link, headers=HTMX)
    assert "load delay:600ms" in waiting.content.decode()
    assert world.hits == hits + 1
    line = html.unescape(re.search(r'hx-get="([^"]*)"', waiting.content.decode())[1])
    there = client.get(line, headers=HTMX)
    assert there["HX-Trigger"] == "snapshot-fresh"
    assert "load delay" not in there.content.decode()
    # Once more: nothing is old any more, so nothing is spent.
    with on_commit():
        client.post(link, headers=HTMX)
    assert world.hits == hits + 1


def test_who_only_looks_does_not_spend_at_will(client, bob, sam, site, world, on_commit):
    link = None
    for person in (bob, sam):
        client.force_login(person)
        page = page_of(client, site)
        assert 'hx-target="#copy-age"' not in page
    client.force_login(bob)
    Snapshot.objects.update(fetched_at=timezone.now() - timedelta(days=1))
    link = html.unescape(re.search(r'hx-post="([^"]*)&amp;auto=1"', page_of(client, site))[1])
    assert client.post(link).status_code == 403
    client.force_login(sam)
    assert "auto=1" not in page_of(client, site)


def test_only_things_that_a_page_offers_are_read(client, alice, site, world):
    client.force_login(alice)
    url = reverse("snapshots:refresh", args=[site.pk])
    hits = world.hits
    assert client.post(f"{url}?things=activation").status_code == 404
    forged = line_of(page_of(client, site)).replace("things=", "things=x")
    assert client.post(forged).status_code == 404
    assert world.hits == hits


def test_one_reading_at_a_time(alice, site, world, on_commit):
    hits = world.hits
    with on_commit():
        assert snapshots.ask(site, things_of(site))
        assert snapshots.ask(site, things_of(site))
    assert world.hits == hits + 2


def test_editor_is_not_swapped_below_the_hands(client, alice, site, on_commit):
    client.force_login(alice)
    here = reverse("activations:site", args=[site.pk])
    link = line_of(client.get(here).content.decode())
    with on_commit():
        waiting = client.post(link, headers=HTMX)
    line = html.unescape(re.search(r'hx-get="([^"]*)"', waiting.content.decode())[1])
    there = client.get(line, headers=HTMX)
    assert "HX-Trigger" not in there
    assert "A newer copy is here. Show it" in there.content.decode()
