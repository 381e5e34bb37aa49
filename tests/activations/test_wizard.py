"""The pages of the wizard: kept at each step, errors in words, only what applies is asked."""

import uuid

import pytest
from django.urls import reverse

from activations.catalog.models import GridProfile, PvManufacturer, PvModel
from activations.models import Draft
from portal.operations.models import Operation
from tests.activations.wizard_steps import GRID, SITE, check_url, fill_in

pytestmark = pytest.mark.django_db


def step_url(key, step):
    return reverse("activations:wizard", args=[key, step])


def test_first_page_stores_nothing_before_it_is_saved(client, alice, halcyon):
    client.force_login(alice)
    page = client.get(reverse("activations:new"))
    assert page.status_code == 200
    assert not Draft.objects.exists()
    action = page.context["action"]
    assert client.post(action, SITE).status_code == 302
    assert client.post(action, SITE | {"system_name": "Other"}).status_code == 302
    assert Draft.objects.get().site["system_name"] == "Other"


def test_each_step_is_kept_and_the_draft_goes_on_where_it_was_left(client, alice, halcyon):
    client.force_login(alice)
    key = uuid.uuid4()
    response = client.post(step_url(key, "site"), SITE)
    assert response.url == step_url(key, "people")
    drafts = client.get(reverse("activations:new")).content.decode()
    assert "Ferrer residence" in drafts
    assert client.get(reverse("activations:resume", args=[key])).url == step_url(key, "people")
    page = client.get(step_url(key, "site")).content.decode()
    assert 'value="418 Keller Street"' in page
    client.post(reverse("activations:discard", args=[key]))
    assert not Draft.objects.exists()


def test_errors_keep_what_was_typed(client, alice, halcyon):
    client.force_login(alice)
    key = uuid.uuid4()
    typed = SITE | {"system_name": "", "postal_code": "123", "city": "Petaluma"}
    response = client.post(step_url(key, "site"), typed)
    assert response.status_code == 422
    page = response.content.decode()
    assert "2 things need fixing" in page
    assert "Enter a name for the site." in page
    assert "ZIP code of 5 digits" in page
    assert 'value="Petaluma"' in page
    assert not Draft.objects.exists()


def test_states_follow_the_country(client, alice, halcyon):
    client.force_login(alice)
    key = uuid.uuid4()
    typed = SITE | {"country": "AU", "do": "redraw"}
    response = client.post(step_url(key, "site"), typed, headers={"HX-Request": "true"})
    assert response.status_code == 200
    assert response.templates[0].name == "activations/_wizard_form.html"
    page = response.content.decode()
    assert "Queensland (QLD)" in page
    assert 'role="alert"' not in page
    # Without script the whole page comes back, and nothing was stored.
    whole = client.post(step_url(key, "site"), typed)
    assert whole.status_code == 200
    assert "<html" in whole.content.decode()
    assert not Draft.objects.exists()
    free = client.post(step_url(key, "site"), SITE | {"country": "NL", "do": "redraw"})
    assert 'type="text" name="state"' in free.content.decode()


@pytest.mark.parametrize("serials", ["12345", "2023140711521", "abc"])
def test_serials_have_twelve_digits(client, alice, halcyon, serials):
    client.force_login(alice)
    key = fill_in(client)
    response = client.post(step_url(key, "equipment"), {"envoy_serial_numbers": serials})
    assert response.status_code == 422
    assert "12 digits" in response.content.decode()


def test_california_is_asked_and_texas_is_not(client, alice, halcyon):
    client.force_login(alice)
    key = fill_in(client)
    form = client.get(step_url(key, "grid")).context["form"]
    assert {"grid_connection_type", "third_party_storage_device_installed"} <= set(form.fields)
    assert client.post(step_url(key, "grid"), {}).status_code == 422
    texas = SITE | {"state": "TX", "city": "Austin", "postal_code": "78701"}
    client.post(step_url(key, "site"), texas)
    form = client.get(step_url(key, "grid")).context["form"]
    assert "grid_connection_type" not in form.fields
    assert client.post(step_url(key, "grid"), {}).status_code == 302


def test_battery_mode_only_with_a_battery_and_net_billing(client, alice, halcyon):
    client.force_login(alice)
    key = fill_in(client, equipment={"expected_encharge_count": "2"}, grid={
        "grid_connection_type": "1", "battery_grid_mode": "2"})  # fmt: skip
    form = client.get(step_url(key, "grid")).context["form"]
    assert "battery_grid_mode" in form.fields
    assert "third_party_storage_device_installed" not in form.fields
    page = client.get(check_url(key)).content.decode()
    assert "Export Only" in page
    # Chosen, then no longer applying: it is not passed on.
    client.post(step_url(key, "grid"), {"grid_connection_type": "2", "battery_grid_mode": "2"})
    assert "Export Only" not in client.get(check_url(key)).content.decode()
    missing = client.post(step_url(key, "grid"), {"grid_connection_type": "1"})
    assert missing.status_code == 422
    assert "Choose what the battery may do" in missing.content.decode()


def test_maker_of_other_storage_is_asked_when_there_is_one(client, alice, halcyon):
    client.force_login(alice)
    key = fill_in(client)
    typed = GRID | {"third_party_storage_device_installed": "yes"}
    response = client.post(step_url(key, "grid"), typed)
    assert response.status_code == 422
    assert "Choose who made the battery." in response.content.decode()
    typed["third_party_storage_device_manufacturer"] = "Tesla"
    assert client.post(step_url(key, "grid"), typed).status_code == 302


def test_permission_to_operate_needs_its_date(client, alice, halcyon):
    client.force_login(alice)
    key = fill_in(client)
    typed = GRID | {"permission_to_operate": "on"}
    assert client.post(step_url(key, "grid"), typed).status_code == 422
    typed["interconnection_application_date"] = "2023-04-14"
    response = client.post(step_url(key, "grid"), typed)
    assert "after 14 April 2023" in response.content.decode()
    typed["interconnection_application_date"] = "2024-05-02"
    assert client.post(step_url(key, "grid"), typed).status_code == 302
    page = client.get(check_url(key)).content.decode()
    assert "2024-05-02" in page


def test_grid_profiles_fit_the_place_and_the_battery(client, alice, halcyon):
    for name, country, state, battery in (
        ("Rule 21", "US", ["CA"], True),
        ("Rule 21 plain", "US", ["CA"], False),
        ("ERCOT", "US", ["TX"], True),
        ("Anywhere", "US", [], True),
        ("Dutch", "NL", [], True),
    ):
        GridProfile.objects.create(
            company=halcyon,
            enphase_id=name.replace(" ", ""),
            name=name,
            countries=[country],
            states=state,
            suits_batteries=battery,
        )
    client.force_login(alice)
    key = fill_in(client)
    form = client.get(step_url(key, "grid")).context["form"]
    assert form.fields["grid_profile"].choices == [
        ("", "Choose later"),
        ("Made for CA", [("Rule21", "Rule 21"), ("Rule21plain", "Rule 21 plain")]),
        ("For every state", [("Anywhere", "Anywhere")]),
    ]
    assert form.left_out == ["1 for another state", "1 for another country"]
    client.post(step_url(key, "equipment"), {"expected_encharge_count": "1"})
    form = client.get(step_url(key, "grid")).context["form"]
    assert ("Made for CA", [("Rule21", "Rule 21")]) in form.fields["grid_profile"].choices
    assert "1 not fit for batteries" in form.left_out


def test_modules_of_a_maker_are_read_when_it_is_chosen(client, alice, halcyon, world):
    PvManufacturer.objects.create(enphase_id=106, name="Aurelia Modules")
    client.force_login(alice)
    key = fill_in(client)
    hits = world.hits
    response = client.post(step_url(key, "equipment"), {"pv_manufacturer": "106", "do": "redraw"})
    assert world.hits == hits + 1
    assert "pv_manufacturer_name" not in response.context["form"].fields
    module = PvModel.objects.first()
    typed = {"pv_manufacturer": "106", "pv_model": str(module.enphase_id)}
    assert client.post(step_url(key, "equipment"), typed).status_code == 302
    page = client.get(check_url(key)).content.decode()
    assert module.name in page
    assert "Aurelia Modules" in page


def test_looking_for_nobody_asks_for_the_name(client, alice, halcyon, world):
    client.force_login(alice)
    key = fill_in(client)
    url = step_url(key, "people")
    response = client.post(url, {"owner_email": "new@example.com", "do": "find_owner"})
    assert response.status_code == 302
    page = client.get(url).content.decode()
    assert "New to Enphase" in page
    assert 'value="new@example.com"' in page
    refused = client.post(url, {"owner_email": "new@example.com"})
    assert refused.status_code == 422
    assert "Enter the owner&#x27;s first name" in refused.content.decode()


def test_look_up_that_fails_says_so(client, alice, halcyon, world):
    client.force_login(alice)
    key = fill_in(client)
    world.fault("search_users", "status", status=503, times=20)
    response = client.post(
        step_url(key, "people"), {"owner_email": "new@example.com", "do": "find_owner"}
    )
    assert response.status_code == 422
    assert 'value="new@example.com"' in response.content.decode()


def test_host_is_asked_only_when_leased(client, alice, halcyon):
    client.force_login(alice)
    key = fill_in(client)
    url = step_url(key, "people")
    assert "host_email" not in client.get(url).context["form"].fields
    response = client.post(url, {"lease": "on", "do": "redraw"})
    assert "host_email" in response.context["form"].fields


def test_installer_of_a_branch_creates_for_the_branch(client, alice, halcyon, world, on_commit):
    branch = halcyon.branches.get(enphase_id=81)
    membership = alice.memberships.get()
    membership.branch = branch
    membership.save()
    client.force_login(alice)
    key = uuid.uuid4()
    page = client.post(step_url(key, "site"), SITE | {"do": "redraw"})
    assert "branch" not in page.context["form"].fields
    fill = {"people": {}, "equipment": {}, "grid": GRID}
    client.post(step_url(key, "site"), SITE)
    for step, typed in fill.items():
        client.post(step_url(key, step), typed)
    with on_commit():
        client.post(check_url(key))
    operation = Operation.objects.get()
    assert operation.branch == branch
    assert operation.activation.installer_id == 81
    assert (
        client.get(reverse("activations:detail", args=[operation.activation_id])).status_code == 200
    )


def test_unknown_steps_and_drafts_are_not_found(client, alice, halcyon):
    client.force_login(alice)
    assert client.get(step_url(uuid.uuid4(), "site")).status_code == 404
    assert client.get(step_url(uuid.uuid4(), "nonsense")).status_code == 404
    assert client.get(check_url(uuid.uuid4())).status_code == 404
