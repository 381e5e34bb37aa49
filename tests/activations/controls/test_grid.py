"""The grid page: which profiles are offered and why not the others, and what is true there now."""

import pytest
from django.urls import reverse

from activations.catalog import services as catalog
from activations.catalog.models import GridProfile
from activations.snapshots import services as snapshots
from portal.connections.services import client_for
from portal.operations.models import Operation, State
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

RULE = "CA Rule 21 2023 SB"


def url_of(site):
    return reverse("activations:grid", args=[site.pk])


def add(company, name, version="1.0", **fields):
    enphase_id = f"{name} {version}".replace(" ", "-")
    fields = {"countries": ["US"], "states": ["CA"], "suits_batteries": True, **fields}
    return GridProfile.objects.create(
        company=company, enphase_id=enphase_id, name=name, version=version, **fields
    )


@pytest.fixture
def site(halcyon):
    """Site 703 in California, with batteries; its profile is in no catalogue."""
    return copy_of(halcyon, 703)


def offered(client, site, **data):
    response = client.post(url_of(site), data | {"do": "redraw"}) if data else None
    response = response or client.get(url_of(site))
    form = response.context["form"]
    labels = []
    for _value, label in form.fields["grid_profile"].choices:
        labels += [text for _, text in label] if isinstance(label, list) else [label]
    return form, labels, response.content.decode()


def test_profiles_of_the_place_with_versions_newest_first(client, alice, halcyon, site):
    for version in ("1.2.8", "1.10.0", "1.9.1"):
        add(halcyon, RULE, version)
    add(halcyon, "TX ERCOT", states=["TX"])
    add(halcyon, "Netherlands EN 50549-1", countries=["NL"], states=[])
    add(halcyon, "CA plain", suits_batteries=False)
    client.force_login(alice)
    form, labels, page = offered(client, site)
    assert labels[0] == "Choose later"
    assert labels[2:] == [f"{RULE}, version {one}" for one in ("1.10.0", "1.9.1", "1.2.8")]
    assert "(not in the catalogue)" in labels[1]  # what the site has stays
    assert set(form.left_out) == {
        "1 for another state",
        "1 for another country",
        "1 not fit for batteries",
    }
    assert reverse("catalog:grid-profiles") in page


def test_newer_version_of_the_chosen_profile_is_pointed_out(client, alice, halcyon, site):
    old = add(halcyon, RULE, "1.9")
    add(halcyon, RULE, "1.10")
    client.force_login(alice)
    _, _, page = offered(client, site, grid_profile=old.enphase_id)
    assert f"A newer version is offered: {RULE}, version 1.10." in page


def test_search_narrows_and_keeps_what_is_chosen(client, alice, halcyon, site):
    chosen = add(halcyon, "Municipal")
    for number in range(8):
        add(halcyon, f"Rule {number}")
    client.force_login(alice)
    form, labels, page = offered(
        client, site, grid_profile=chosen.enphase_id, profile_search="rule 3"
    )
    assert labels == ["Choose later", "Municipal, version 1.0", "Rule 3, version 1.0"]
    assert form.found == 1
    assert "1 profile found." in page
    _, labels, page = offered(
        client, site, grid_profile=chosen.enphase_id, profile_search="zanzibar"
    )
    assert labels == ["Choose later", "Municipal, version 1.0"]
    assert "No fitting profile has these words." in page


def test_short_list_is_not_searched(client, alice, halcyon, site):
    add(halcyon, "Only one")
    client.force_login(alice)
    assert "Find a profile" not in offered(client, site)[2]


def test_made_up_profile_is_refused(client, alice, halcyon, site):
    client.force_login(alice)
    page = client.post(url_of(site), {"grid_profile": "f" * 24, "do": "review"})
    assert page.status_code == 422
    assert "grid_profile" in page.context["form"].errors


def test_chosen_profile_reaches_enphase(client, alice, halcyon, site, world, on_commit):
    from activations.catalog import sync

    sync.read_grid_profiles(halcyon)
    profile = GridProfile.objects.get(company=halcyon, name=RULE)
    client.force_login(alice)
    context = client.get(url_of(site)).context
    form = context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value()}
    hidden = {"base": context["base"], "token": str(context["token"]), "do": "confirm"}
    with on_commit():
        client.post(url_of(site), {**data, "grid_profile": profile.enphase_id, **hidden})
    assert Operation.objects.get().state == State.DONE
    with client_for(halcyon.pk) as enphase:
        assert enphase.activations.get_activation(703).grid_profile == profile.enphase_id


@pytest.mark.parametrize(
    ("name", "voltage", "why"),
    [
        ("Commercial 480Y", "480Y", ""),
        ("Commercial 480 V three phase", "480Y", ""),
        ("Commercial 208Y", "480Y", "for another voltage"),
        ("480Y/277V", "277", ""),
        ("IEEE 1547 default 2015", "480Y", ""),
        ("CA Rule 21 2018", "208Y", ""),
        ("Commercial 208Y", "", ""),
    ],
)
def test_voltage_bars_only_profiles_that_name_another(name, voltage, why):
    profile = GridProfile(name=name, countries=["US"])
    assert catalog.why_unfit(profile, catalog.Place("US", "CA", voltage=f"{voltage}V")) == why


def test_grid_status_is_told_with_its_age(client, bob, halcyon, site, world):
    client.force_login(bob)
    page = client.get(url_of(site)).content.decode()
    assert "Not read yet" in page
    assert snapshots.refresh(site, "grid-status") == ""
    page = client.get(url_of(site)).content.decode()
    assert "On Grid" in page
    assert "As the gateway said" in page
    world.patch_system(703, status="off_grid")
    assert snapshots.refresh(site, "grid-status") == ""
    page = client.get(url_of(site)).content.decode()
    assert "Off Grid" in page
    # Nobody sets it, so it is no drift.
    assert "changed outside Ridgeline" not in page


def test_unknown_and_never_reported_are_states(client, alice, halcyon, world, site):
    world.patch_system(703, status="grid_unknown")
    assert snapshots.refresh(site, "grid-status") == ""
    client.force_login(alice)
    assert "Enphase does not know whether the grid is there." in (
        client.get(url_of(site)).content.decode()
    )
    new = copy_of(halcyon, 704)
    assert snapshots.refresh(new, "grid-status") == ""
    page = client.get(url_of(new)).content.decode()
    assert "The gateway has never reported" in page


def test_silent_gateway_leaves_the_grid_unknown_with_its_age(client, alice, site, world):
    world.patch_system(703, gateway="silent")
    world.clock(advance_seconds=7 * 3600)
    assert snapshots.refresh(site, "grid-status") == ""
    client.force_login(alice)
    page = client.get(url_of(site)).content.decode()
    assert "Unknown" in page
    assert "As the gateway said" in page


def test_stragglers_are_counted(client, alice, halcyon, site, world):
    client.force_login(alice)
    assert "is read on the devices page" in client.get(url_of(site)).content.decode()
    assert snapshots.refresh(site, "inverters") == ""
    context = client.get(url_of(site)).context
    assert (context["applied"], context["micros"]) == (18, 18)
    payload = snapshots.current(site, "inverters").payload
    payload["groups"][0]["micro_inverters"][0]["grid_profile"] = "0" * 24
    snapshots.keep(site, "inverters", payload)
    page = client.get(url_of(site)).content.decode()
    assert "Which do not" in page
    assert client.get(url_of(site)).context["applied"] == 17


def test_grid_page_costs_no_hit(client, alice, site, world):
    client.force_login(alice)
    hits = world.hits
    client.get(url_of(site))
    assert world.hits == hits
