"""Changing a site: before and after first, then compared with Enphase, sent and read back."""

import pytest
from django.urls import reverse

from portal.operations import runner
from portal.operations import services as operations
from portal.operations.models import Operation, State
from tests.activations.sites import copy_of
from tests.activations.wizard_steps import GRID

pytestmark = pytest.mark.django_db


@pytest.fixture
def site(halcyon):
    return copy_of(halcyon, 701)


def open_form(client, site, group):
    """The hidden fields and the typed values of a group's page, as a browser holds them."""
    response = client.get(reverse(f"activations:{group}", args=[site.pk]))
    form = response.context["form"]
    typed = {"base": response.context["base"], "token": str(response.context["token"])}
    for field in form:
        value = (
            field.field.prepare_value(field.value())
            if hasattr(field.field, "prepare_value")
            else field.value()
        )
        if value is True:
            typed[field.html_name] = "on"
        elif value not in (None, False, ""):
            typed[field.html_name] = str(value)
    return typed


def save(client, site, group, typed, on_commit):
    """Review, then confirm; the operation."""
    url = reverse(f"activations:{group}", args=[site.pk])
    review = client.post(url, typed | {"do": "review"})
    assert review.status_code == 200, review.context["form"].errors
    assert review.templates[0].name == "activations/review.html"
    with on_commit():
        response = client.post(url, typed | {"do": "confirm"})
    assert response.status_code == 302, response.context["form"].errors
    return Operation.objects.filter(kind="activation.update").first()


def test_only_changed_fields_and_the_address_are_sent(client, alice, site, world, on_commit):
    client.force_login(alice)
    typed = open_form(client, site, "site") | {"system_name": "Okafor house"}
    operation = save(client, site, "site", typed, on_commit)
    assert operation.state == State.DONE, operation.message
    assert operation.message == "Saved at Enphase."
    assert operation.before == {"Name": "Okafor residence"}
    assert operation.after == {"Name": "Okafor house"}
    assert set(operation.payload["changes"]) == {"system_name", "address"}
    site.refresh_from_db()
    assert site.name == "Okafor house"
    assert site.reference == "HAL701"
    assert len(world.writes("update_activation")) == 1


def test_review_shows_before_and_after_and_sends_nothing(client, alice, site, world):
    client.force_login(alice)
    url = reverse("activations:site", args=[site.pk])
    typed = open_form(client, site, "site") | {"system_name": "Okafor house"}
    page = client.post(url, typed).content.decode()
    assert "<del>Okafor residence</del>" in page
    assert "<ins>Okafor house</ins>" in page
    assert not Operation.objects.exists()
    back = client.post(url, typed | {"do": "edit"})
    assert 'value="Okafor house"' in back.content.decode()


def test_nothing_changed_is_said(client, alice, site):
    client.force_login(alice)
    for group in ("site", "equipment", "grid"):
        typed = open_form(client, site, group)
        response = client.post(reverse(f"activations:{group}", args=[site.pk]), typed)
        assert response.status_code == 422, group
        assert "Nothing was changed." in response.content.decode()


def test_errors_keep_what_was_typed(client, alice, site):
    client.force_login(alice)
    typed = open_form(client, site, "site") | {"system_name": "", "city": "Folsom"}
    response = client.post(reverse("activations:site", args=[site.pk]), typed)
    assert response.status_code == 422
    assert 'value="Folsom"' in response.content.decode()


def test_confirming_twice_changes_once(client, alice, site, world, on_commit):
    client.force_login(alice)
    url = reverse("activations:site", args=[site.pk])
    typed = open_form(client, site, "site") | {"system_name": "Okafor house", "do": "confirm"}
    with on_commit():
        first = client.post(url, typed)
        second = client.post(url, typed)
    with on_commit():
        third = client.post(url, typed)
    assert first.url == second.url == third.url
    assert len(world.writes("update_activation")) == 1


def test_a_change_of_another_field_meanwhile_is_kept(client, alice, site, world, on_commit):
    client.force_login(alice)
    typed = open_form(client, site, "equipment") | {"expected_meter_count": "2"}
    world.patch_system(701, system_name="Renamed in Enlighten")
    operation = save(client, site, "equipment", typed, on_commit)
    assert operation.state == State.DONE, operation.message
    site.refresh_from_db()
    assert site.name == "Renamed in Enlighten"
    assert site.detail["expected_meter_count"] == 2


def test_the_same_field_changed_by_both_is_a_conflict(client, alice, site, world, on_commit):
    client.force_login(alice)
    typed = open_form(client, site, "site") | {"system_name": "Ours"}
    world.patch_system(701, system_name="Theirs")
    operation = save(client, site, "site", typed, on_commit)
    assert operation.state == State.CONFLICT
    assert operation.result["theirs"] == {"Name": "Theirs"}
    assert world.writes("update_activation") == []
    page = client.get(reverse("operations:detail", args=[operation.pk])).content.decode()
    assert "Theirs" in page
    assert "Ours" in page

    with on_commit():
        again = operations.override(operation, reason="Ours is right", actor=alice)
    again.refresh_from_db()
    assert again.state == State.DONE, again.message
    site.refresh_from_db()
    assert site.name == "Ours"


def test_what_is_so_already_is_not_sent(client, alice, site, world, on_commit):
    client.force_login(alice)
    typed = open_form(client, site, "site") | {"system_name": "Okafor house"}
    world.patch_system(701, system_name="Okafor house")
    operation = save(client, site, "site", typed, on_commit)
    assert operation.state == State.DONE
    assert "already" in operation.message
    assert world.writes("update_activation") == []
    site.refresh_from_db()
    assert site.name == "Okafor house"


def test_lost_reply_is_read_back(client, alice, site, world, on_commit):
    client.force_login(alice)
    typed = open_form(client, site, "site") | {"system_name": "Okafor house"}
    world.fault("update_activation", "lost_reply")
    operation = save(client, site, "site", typed, on_commit)
    assert operation.state == State.UNKNOWN
    with on_commit():
        operations.check_again(operation, actor=alice)
    operation.refresh_from_db()
    assert operation.state == State.DONE
    assert operation.message == "Saved at Enphase."
    assert len(world.writes("update_activation")) == 1


def test_change_that_never_arrived_is_sent_again(client, alice, site, world, on_commit):
    client.force_login(alice)
    typed = open_form(client, site, "site") | {"system_name": "Okafor house"}
    world.fault("update_activation", "html", status=502)
    operation = save(client, site, "site", typed, on_commit)
    assert operation.state == State.UNKNOWN
    with on_commit():
        operations.check_again(operation, actor=alice)
    operation.refresh_from_db()
    assert operation.state == State.QUEUED
    with on_commit():
        runner.run(operation.pk)
    operation.refresh_from_db()
    assert operation.state == State.DONE, operation.message


def test_read_back_that_fails_does_not_undo_the_change(client, alice, site, world, on_commit):
    client.force_login(alice)
    typed = open_form(client, site, "site") | {"system_name": "Okafor house"}
    world.fault("get_activation", "html", status=502, times=20, after=1)
    operation = save(client, site, "site", typed, on_commit)
    assert operation.state == State.DONE
    site.refresh_from_db()
    assert site.name == "Okafor house"


def test_grid_settings_of_california(client, alice, site, world, on_commit):
    client.force_login(alice)
    typed = open_form(client, site, "grid")
    assert typed["grid_connection_type"] == "1"
    typed |= GRID | {
        "permission_to_operate": "on",
        "interconnection_application_date": "2026-01-15",
    }
    operation = save(client, site, "grid", typed, on_commit)
    assert operation.state == State.DONE, operation.message
    assert operation.after["Permission to operate"] == "Yes"
    site.refresh_from_db()
    assert site.permission_to_operate is True
    assert site.operational is True
    assert site.detail["grid_connection_type"]["type"] == 2


def test_first_battery_asks_for_its_grid_mode(client, alice, site, world, on_commit):
    client.force_login(alice)
    typed = open_form(client, site, "equipment") | {"expected_encharge_count": "2"}
    response = client.post(reverse("activations:equipment", args=[site.pk]), typed)
    assert response.status_code == 422
    assert "Choose what the battery may do" in response.content.decode()
    operation = save(client, site, "equipment", typed | {"battery_grid_mode": "1"}, on_commit)
    assert operation.state == State.DONE, operation.message
    site.refresh_from_db()
    assert site.detail["battery_grid_mode"] == "Import Only"


def test_gateway_serials_can_be_corrected(client, alice, halcyon, on_commit):
    site = copy_of(halcyon, 702)
    client.force_login(alice)
    typed = open_form(client, site, "equipment") | {
        "envoy_serial_numbers": "2026 1122 0009\n202611220010"
    }
    operation = save(client, site, "equipment", typed, on_commit)
    assert operation.state == State.DONE, operation.message
    site.refresh_from_db()
    assert site.detail["envoy_serial_numbers"] == ["202611220009", "202611220010"]


def test_forged_or_old_base_leads_back_to_the_review(client, alice, site, on_commit):
    client.force_login(alice)
    url = reverse("activations:site", args=[site.pk])
    typed = open_form(client, site, "site") | {"system_name": "Okafor house"}
    for base in ("", "forged", open_form(client, site, "grid")["base"]):
        response = client.post(url, typed | {"base": base, "do": "confirm"})
        assert response.status_code == 200
        assert response.templates[0].name == "activations/review.html"
    assert not Operation.objects.exists()


def test_month_quota_pauses_the_change_in_words(client, alice, site, world, on_commit):
    client.force_login(alice)
    typed = open_form(client, site, "site") | {"system_name": "Okafor house"}
    world.fault("update_activation", "rate_limited", period="month")
    operation = save(client, site, "site", typed, on_commit)
    assert operation.state == State.PAUSED
    assert "monthly quota is used up" in operation.message


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("sam", 403), ("charlie", 404)])
@pytest.mark.parametrize("group", ["site", "equipment", "grid"])
def test_who_may_not_change(client, alice, site, request, person, status, group):
    client.force_login(alice)
    typed = open_form(client, site, group)
    client.force_login(request.getfixturevalue(person))
    url = reverse(f"activations:{group}", args=[site.pk])
    for do in ("review", "confirm", "redraw", "edit"):
        assert client.post(url, typed | {"do": do}).status_code == status
    assert not Operation.objects.exists()


def test_module_that_was_never_copied_is_not_taken_away(client, alice, site, world, on_commit):
    world.patch_system(
        701,
        pv_manufacturer=106,
        pv_manufacturer_name="Aurelia Modules",
        pv_model=1047,
        pv_model_name="AM-60M 330W",
    )
    site = copy_of(site.company, 701)
    client.force_login(alice)
    typed = open_form(client, site, "equipment")
    assert (typed["pv_manufacturer"], typed["pv_model"]) == ("106", "1047")
    operation = save(client, site, "equipment", typed | {"expected_meter_count": "1"}, on_commit)
    assert operation.state == State.DONE, operation.message
    assert set(operation.after) == {"Expected meters"}
    site.refresh_from_db()
    assert site.detail["pv_model"] == 1047
