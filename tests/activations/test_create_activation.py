"""Creating a site: once, whatever people click, and never over an existing one unawares."""

import uuid

import pytest
from django.urls import reverse

from activations.models import Activation, Draft
from companies.homeowners.models import HomeOwner
from portal.operations import runner, services
from portal.operations.models import Operation, State
from tests.activations.wizard_steps import EQUIPMENT, GRID, SITE, check_url, fill_in

pytestmark = pytest.mark.django_db


def the_create() -> Operation:
    return Operation.objects.get(kind="activation.create")


def test_create_reaches_enphase_with_safe_defaults(client, alice, world, on_commit):
    client.force_login(alice)
    key = fill_in(client)
    page = client.get(check_url(key))
    assert b"$2.00" in page.content
    with on_commit():
        response = client.post(check_url(key))
    operation = the_create()
    assert response.url == reverse("operations:detail", args=[operation.pk])
    assert operation.state == State.DONE, operation.message
    assert world.creates == 1
    site = operation.activation
    assert site.name == "Ferrer residence"
    assert operation.result["system_id"] == site.system_id
    assert site.reference == operation.payload["system"]["reference"]
    assert site.detail["operational"] is False
    assert site.detail["allow_public_access"] is False
    assert site.detail["envoy_serial_numbers"] == ["202611220001"]
    assert site.detail["expected_pcu_count"] == 24
    assert Draft.objects.get().operation == operation


def test_double_click_back_button_and_second_tab_are_one_create(client, alice, world, on_commit):
    client.force_login(alice)
    key = fill_in(client)
    with on_commit():
        first = client.post(check_url(key))
        second = client.post(check_url(key))
    with on_commit():
        third = client.post(check_url(key))
    assert first.url == second.url == third.url
    assert client.get(check_url(key)).url == first.url
    assert client.get(reverse("activations:wizard", args=[key, "site"])).url == first.url
    assert world.creates == 1


def test_lost_reply_is_found_by_reference_and_adopted(client, alice, world, on_commit):
    client.force_login(alice)
    key = fill_in(client)
    world.fault("create_activation", "lost_reply")
    with on_commit():
        client.post(check_url(key))
    operation = the_create()
    assert operation.state == State.UNKNOWN
    services.check_again(operation, actor=alice)
    runner.run(operation.pk)
    operation.refresh_from_db()
    assert operation.state == State.DONE
    assert operation.message == "Activation created."
    assert operation.activation.reference == operation.payload["system"]["reference"]
    assert world.creates == 1
    assert {look.finding for look in operation.look_ups.all()} == {"match"}


def test_ignored_filter_proves_nothing(client, alice, world, on_commit):
    client.force_login(alice)
    key = fill_in(client)
    world.fault("create_activation", "status", status=504, times=1)
    with on_commit():
        client.post(check_url(key))
    operation = the_create()
    world.fault("list_activations", "filter_ignored")
    services.check_again(operation, actor=alice)
    runner.run(operation.pk)
    findings = {look.channel: look.finding for look in operation.look_ups.all()}
    assert findings == {
        "list_activations by reference": "inconclusive",
        "search_systems by reference": "absent",
    }
    operation.refresh_from_db()
    assert operation.state == State.UNKNOWN
    assert operation.lookups == 0


def test_answer_without_our_reference_is_flagged(client, alice, world, on_commit):
    client.force_login(alice)
    key = fill_in(client)
    world.fault("create_activation", "no_reference")
    with on_commit():
        client.post(check_url(key))
    operation = the_create()
    assert operation.state == State.DONE
    assert operation.result["reference_missing"] is True
    assert "did not keep our reference" in operation.message


def test_worker_finds_a_copy_by_address_before_paying(client, alice, world, on_commit):
    client.force_login(alice)
    typed = SITE | {
        "street1": "12 alder court",
        "city": "Sacramento",
        "postal_code": "95814",
    }
    key = fill_in(client, site=typed)
    with on_commit():
        client.post(check_url(key))
    operation = the_create()
    assert operation.state == State.CONFLICT
    assert "exists already: Okafor residence, stage 3" in operation.message
    known = Activation.objects.get(system_id=701)
    assert operation.result["in_the_way"] == known.pk
    assert world.creates == 0
    page = client.get(reverse("operations:detail", args=[operation.pk])).content.decode()
    assert "Open it" in page
    assert "Create anyway" in page

    with on_commit():
        again = services.override(operation, reason="A second house", actor=alice)
    again.refresh_from_db()
    assert again.state == State.DONE, again.message
    assert world.creates == 1
    Draft.objects.get()


def test_worker_finds_a_copy_by_gateway(client, alice, world, on_commit):
    client.force_login(alice)
    key = fill_in(client, equipment=EQUIPMENT | {"envoy_serial_numbers": "202300000703"})
    with on_commit():
        client.post(check_url(key))
    operation = the_create()
    assert operation.state == State.CONFLICT, operation.message
    assert operation.message == (
        "Gateway 202300000703 exists already: Whitaker residence, stage 4."
    )
    assert operation.result["in_the_way"] == Activation.objects.get(system_id=703).pk
    assert world.creates == 0


def test_gateway_of_a_stranger_is_refused_by_enphase(client, alice, world, on_commit):
    client.force_login(alice)
    key = fill_in(client, equipment=EQUIPMENT | {"envoy_serial_numbers": "202300000801"})
    with on_commit():
        client.post(check_url(key))
    operation = the_create()
    assert operation.state == State.REJECTED
    assert "already in use" in operation.message
    assert world.creates == 0


def test_copy_in_our_tables_needs_a_reason(client, alice, world, on_commit):
    client.force_login(alice)
    first = fill_in(client)
    with on_commit():
        client.post(check_url(first))
    assert world.creates == 1

    typed = SITE | {"street1": "418  Keller street", "project": "other"}
    again = fill_in(client, site=typed, equipment={"envoy_serial_numbers": ""})
    page = client.get(check_url(again)).content.decode()
    assert "This site seems to exist already" in page
    assert "Ferrer residence" in page
    refused = client.post(check_url(again))
    assert refused.status_code == 422
    assert Operation.objects.filter(kind="activation.create").count() == 1
    with on_commit():
        client.post(check_url(again), {"anyway": "on", "reason": "Garden house"})
    operation = Operation.objects.filter(kind="activation.create").first()
    assert operation.state == State.DONE, operation.message
    assert operation.reason == "Garden house"
    assert world.creates == 2


@pytest.mark.parametrize("project", ["HAL 26 0917", "hal260917"])
def test_copy_is_found_by_project_number(client, alice, world, on_commit, project):
    client.force_login(alice)
    first = fill_in(client)
    with on_commit():
        client.post(check_url(first))
    typed = SITE | {"street1": "1 Other Road", "postal_code": "94901", "project": project}
    again = fill_in(client, site=typed, equipment={})
    assert "Project" in client.get(check_url(again)).content.decode()
    assert client.post(check_url(again)).status_code == 422


def test_look_up_at_enphase_on_request(client, alice, world):
    client.force_login(alice)
    typed = SITE | {"street1": "12 Alder Court", "city": "Sacramento", "postal_code": "95814"}
    key = fill_in(client, site=typed)
    hits = world.hits
    client.post(reverse("activations:look-up", args=[key]))
    assert world.hits == hits + 2
    page = client.get(check_url(key))
    assert b"Okafor residence" in page.content
    assert client.post(check_url(key)).status_code == 422


def test_look_up_without_an_answer_is_not_nothing_found(client, alice, world):
    client.force_login(alice)
    key = fill_in(client)
    world.fault("list_activations", "status", status=503, times=20)
    client.post(reverse("activations:look-up", args=[key]))
    page = client.get(check_url(key)).content.decode()
    assert "None found" not in page
    assert "gave no usable answer" in page


def test_new_owner_is_created_first_and_the_create_waits(client, alice, world, on_commit):
    client.force_login(alice)
    person = {
        "owner_email": "Nia.Abara@example.com",
        "owner_first_name": "Nia",
        "owner_last_name": "Abara",
    }
    key = fill_in(client, people=person)
    client.post(check_url(key))
    owner = Operation.objects.get(kind="home_owner.create")
    create = the_create()
    runner.run(create.pk)
    create.refresh_from_db()
    assert create.state == State.QUEUED
    assert owner.short_id in create.message
    assert world.creates == 0

    runner.run(owner.pk)
    Operation.objects.filter(pk=create.pk).update(not_before=create.created_at)
    runner.run(create.pk)
    create.refresh_from_db()
    assert create.state == State.DONE, create.message
    assert create.activation.owner_id == HomeOwner.objects.get().enphase_id
    assert create.activation.stage == 2


def test_create_is_refused_in_words_when_the_owner_was_not_created(client, alice, world):
    client.force_login(alice)
    person = {
        "owner_email": "nia@example.com",
        "owner_first_name": "Nia",
        "owner_last_name": "Abara",
    }
    key = fill_in(client, people=person)
    client.post(check_url(key))
    owner = Operation.objects.get(kind="home_owner.create")
    services.cancel(owner, actor=alice)
    create = the_create()
    runner.run(create.pk)
    create.refresh_from_db()
    assert create.state == State.FAILED
    assert "home owner was not created" in create.message
    assert world.creates == 0


def test_known_owner_is_found_by_email_and_used(client, alice, world, on_commit):
    client.force_login(alice)
    key = fill_in(client)
    people = reverse("activations:wizard", args=[key, "people"])
    hits = world.hits
    client.post(people, {"owner_email": "ada.okafor@example.com", "do": "find_owner"})
    assert world.hits == hits + 1
    assert b"Has an Enphase account" in client.get(people).content
    client.post(people, {"owner_email": "ada.okafor@example.com"})
    with on_commit():
        client.post(check_url(key))
    assert the_create().activation.owner_id == 3001
    assert not Operation.objects.filter(kind="home_owner.create").exists()


def test_missing_answers_stop_the_create(client, alice, world):
    client.force_login(alice)
    key = uuid.uuid4()
    client.post(reverse("activations:wizard", args=[key, "site"]), SITE)
    page = client.get(check_url(key)).content.decode()
    assert "Choose a grid connection type" in page
    response = client.post(check_url(key))
    assert response.status_code == 422
    assert not Operation.objects.exists()


def test_refusal_of_enphase_is_shown_and_costs_nothing(client, alice, world, on_commit):
    client.force_login(alice)
    key = fill_in(client)
    world.fault(
        "create_activation",
        "status",
        status=422,
        body={"errorMessages": ["Grid profile not found"], "errorCode": 11},
    )
    with on_commit():
        client.post(check_url(key))
    operation = the_create()
    assert operation.state == State.REJECTED
    assert "Grid profile not found" in operation.message


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("charlie", 404)])
def test_who_may_not_create(client, alice, world, request, person, status):
    client.force_login(alice)
    key = fill_in(client)
    client.force_login(request.getfixturevalue(person))
    for url in (
        check_url(key),
        reverse("activations:wizard", args=[key, "grid"]),
        reverse("activations:resume", args=[key]),
    ):
        assert client.get(url).status_code == status, url
    for name in ("check", "look-up", "discard"):
        assert client.post(reverse(f"activations:{name}", args=[key])).status_code == status
    response = client.post(reverse("activations:wizard", args=[key, "grid"]), GRID)
    assert response.status_code == status
    assert not Operation.objects.exists()


def test_viewer_sees_no_wizard(client, bob):
    client.force_login(bob)
    assert client.get(reverse("activations:new")).status_code == 403
