"""Many sites are changed at once: chosen, valued, previewed, and what each kind would do."""

import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from activations import sync
from activations.catalog.models import GridProfile
from activations.catalog.sync import read_grid_profiles
from activations.models import Activation
from companies.homeowners.models import HomeOwner, SiteAccess
from companies.models import Company, Subcontractor
from companies.sync import read_company
from portal.operations import runner
from portal.operations.models import Operation, Run, RunItem
from portal.operations.runs import pump, services
from portal.ui.errors import Refused
from tests.activations.made import make_site
from tests.activations.sites import copy_of
from tests.conftest import make_user

pytestmark = pytest.mark.django_db

BULK = "/activations/bulk/"


@pytest.fixture
def sites(halcyon):
    """The six sites of Halcyon, read with their details, and the catalogue of profiles."""
    read_grid_profiles(halcyon)
    sync.sweep(halcyon)
    for system_id in (701, 703):
        copy_of(halcyon, system_id)
    return {site.system_id: site for site in Activation.objects.filter(company=halcyon)}


def profile_for(site, *, batteries=True):
    """A profile that fits the place and is not what the site has."""
    rows = GridProfile.objects.filter(company=site.company, suits_batteries=batteries)
    return next(
        row
        for row in rows
        if row.enphase_id != site.detail.get("grid_profile")
        and (not row.states or site.state in row.states)
        and (not row.countries or site.country in row.countries)
    )


def preview(client, kind, sites, value, **query):
    ids = {"id": [site.pk for site in sites]} if sites else query
    response = client.post(
        reverse("activations:bulk-action", args=[kind], query=ids),
        value | {"token": str(uuid.uuid4())},
    )
    assert response.status_code == 302, response.content.decode()
    return Run.objects.latest("pk")


def verdicts(run):
    return {item.name: item.state for item in run.items.all()}


# ------------------------------------------------------------------ choosing


def test_rows_can_be_ticked_by_who_may_change(client, alice, bob, sites):
    client.force_login(alice)
    page = client.get("/activations/").content.decode()
    assert page.count('class="box"') == 5
    assert 'aria-label="Select Okafor residence"' in page
    assert "Select all 5 that match" in page
    client.force_login(bob)
    assert 'class="box"' not in client.get("/activations/").content.decode()


def test_the_button_of_a_change_leads_to_its_value(client, alice, sites):
    client.force_login(alice)
    ids = [sites[701].pk, sites[703].pk]
    chosen = client.get(BULK, {"id": ids})
    assert "Change 2 sites" in chosen.content.decode()
    response = client.get(BULK, {"id": ids, "action": "grid-profile"})
    assert response.status_code == 302
    page = client.get(response.url).content.decode()
    assert "Grid profile on 2 sites" in page


def test_nothing_ticked_says_so(client, alice, sites):
    client.force_login(alice)
    for url in (BULK, BULK + "grid-profile/", BULK + "?id=x&id=99999999999999999999&id=0"):
        assert "Tick some sites first" in client.get(url, follow=True).content.decode()
    assert client.get(BULK + "rocket/").status_code == 404


def test_all_that_match_is_what_the_list_shows(client, alice, sites):
    client.force_login(alice)
    for query in ({"view": "all"}, {"q": "okafor"}, {"stage": "3"}, {"view": "all", "state": "CA"}):
        listed = client.get("/activations/", query).content.decode().count('class="box"')
        page = client.get(BULK, {"all": "1", **query})
        assert page.context["count"] == listed > 0, query


def test_sites_of_others_are_not_in_the_selection(client, alice, charlie, sites, bluebonnet):
    theirs = make_site(bluebonnet)
    client.force_login(alice)
    page = client.get(BULK, {"id": [sites[701].pk, theirs.pk]})
    assert page.context["count"] == 1


def test_branch_members_choose_from_their_branch(client, sites, halcyon):
    north = Company.objects.get(enphase_id=81)
    ivy = make_user("ivy@halcyon.example", "Ivy", halcyon, "installer")
    ivy.memberships.update(branch=north)
    client.force_login(ivy)
    everything = client.get(BULK, {"all": "1", "view": "all"})
    assert everything.context["count"] == 1
    run = preview(client, "access", (), {"access": "give", "email": owner(halcyon).email}, all="1")
    assert run.branch == north
    assert verdicts(run) == {"Delgado barn": "waiting"}


def owner(company):
    """Ada Okafor of the sandbox, of whose sites we remember nothing."""
    HomeOwner.objects.filter(company=company, enphase_id=3001).delete()
    return HomeOwner.objects.create(
        company=company,
        enphase_id=3001,
        email="ada@example.com",
        first_name="Ada",
        last_name="Okafor",
    )


# ------------------------------------------------------------------ looking


def test_preview_counts_and_groups_and_costs_no_hit(client, alice, sites, world):
    client.force_login(alice)
    wanted = profile_for(sites[703])
    Activation.objects.filter(pk=sites[704].pk).update(country="FR", state="")
    hits = world.hits
    run = preview(client, "grid-profile", (), {"profile": wanted.enphase_id}, all="1", view="all")
    assert world.hits == hits
    assert (run.changes, run.already) == (run.items.filter(state="waiting").count(), 0)
    assert run.items.get(activation=sites[704]).reason == f"{wanted} is for another country."
    page = client.get(reverse("operations:run", args=[run.pk])).content.decode()
    assert "Not read yet" in page
    assert f"{wanted} is for another country." in page
    assert "All 6 that match" in page
    assert not Operation.objects.exists()


def test_the_same_form_sent_twice_makes_one_preview(client, alice, sites):
    client.force_login(alice)
    url = reverse("activations:bulk-action", args=["production"], query={"id": sites[701].pk})
    form = {"mode": "off", "safe": "on", "token": str(uuid.uuid4())}
    assert client.post(url, form).url == client.post(url, form).url
    assert Run.objects.count() == 1


def test_a_value_that_is_missing_is_asked_for_again(client, alice, sites):
    client.force_login(alice)
    url = reverse("activations:bulk-action", args=["production"], query={"id": sites[701].pk})
    refused = client.post(url, {"mode": "off"})
    assert refused.status_code == 422
    assert "Confirm that nobody is working" in refused.content.decode()
    url = reverse("activations:bulk-action", args=["access"], query={"id": sites[701].pk})
    refused = client.post(url, {"access": "give", "email": "nobody@example.com"})
    assert "Nobody in your directory has this address" in refused.content.decode()
    assert not Run.objects.exists()


def test_production_needs_permission_and_stage_three(client, alice, sites):
    client.force_login(alice)
    run = preview(client, "production", sites.values(), {"mode": "on", "safe": "on"})
    reasons = {item.activation.system_id: item.reason for item in run.items.all()}
    assert reasons[701] == "Permission to operate is not on record."
    assert "from stage 3 on" in reasons[704]
    assert run.items.get(activation=sites[703]).state == RunItem.State.ALREADY
    assert not run.careful
    off = preview(client, "production", [sites[703]], {"mode": "off", "safe": "on"})
    assert off.careful
    assert off.items.get().state == RunItem.State.WAITING


def test_a_subcontractor_is_added_where_it_is_not_yet(client, alice, sites, halcyon):
    Subcontractor.objects.create(company=halcyon, enphase_id=515, name="Ridge Roofing")
    there = sites[703]
    there.detail["authorized_subcontractors"] = [{"authorized_subcontractor_id": 515}]
    there.save()
    client.force_login(alice)
    run = preview(client, "subcontractor", [sites[701], there], {"subcontractor": "515"})
    assert verdicts(run) == {sites[701].name: "waiting", there.name: "already"}
    page = client.get(reverse("operations:run", args=[run.pk])).content.decode()
    assert "no way to take a subcontractor off" in page


def test_access_is_given_and_taken_by_what_we_have_caused(client, alice, sites, halcyon):
    ada = owner(halcyon)
    SiteAccess.objects.create(activation=sites[701], home_owner=ada, state="has_access")
    client.force_login(alice)
    form = {"access": "give", "email": "ADA@example.com"}
    run = preview(client, "access", [sites[701], sites[703]], form)
    assert verdicts(run) == {sites[701].name: "already", sites[703].name: "waiting"}
    assert run.title == "Give Ada Okafor access"
    take = preview(client, "access", [sites[701]], form | {"access": "take"})
    assert take.careful


def test_sites_without_an_address_are_left_out_in_the_united_states(client, alice, halcyon, sites):
    blank = make_site(halcyon, detail={"grid_profile": ""})
    client.force_login(alice)
    wanted = profile_for(sites[701])
    run = preview(client, "grid-profile", [blank], {"profile": wanted.enphase_id})
    assert (
        run.items.get().reason == "Sites of a company in the United States need an address first."
    )
    page = client.get(reverse("operations:run", args=[run.pk])).content.decode()
    assert "Nothing would change" in page


# ------------------------------------------------------------------ carried out


def carry_out(run, actor, world):
    services.start(run, actor=actor, reason="As agreed")
    for _ in range(8):
        pump.pump(run.pk)
        world.clock(advance_seconds=30)
        Operation.objects.filter(run=run, state="confirming").update(not_before=timezone.now())
        for pk in list(Operation.objects.due().filter(run=run).values_list("pk", flat=True)):
            runner.run(pk)
    pump.pump(run.pk)
    run.refresh_from_db()
    assert run.state == Run.State.FINISHED
    ends = Operation.objects.filter(run=run).values_list("state", "message")
    assert {state for state, _ in ends} == {"done"}, list(ends)


def undone(run, actor, world):
    token = uuid.uuid4()
    carry_out(services.prepare_undo(run, actor=actor, branch=None, token=token), actor, world)


def test_access_is_given_on_each_site_and_taken_again(client, alice, sites, halcyon, world):
    ada = owner(halcyon)
    client.force_login(alice)
    chosen = [sites[701], sites[703]]
    run = preview(client, "access", chosen, {"access": "give", "email": ada.email})
    carry_out(run, alice, world)
    assert set(SiteAccess.objects.values_list("state", flat=True)) == {"has_access"}
    assert len(world.writes("grant_activation_access")) == 2
    undone(run, alice, world)
    assert set(SiteAccess.objects.values_list("state", flat=True)) == {"revoked"}
    assert len(world.writes("revoke_activation_access")) == 2


def test_production_is_turned_off_and_on_again(client, alice, sites, world):
    client.force_login(alice)
    run = preview(client, "production", [sites[703]], {"mode": "off", "safe": "on"})
    carry_out(run, alice, world)
    assert Operation.objects.get(run=run).reason == "As agreed"
    assert copy_of(sites[703].company, 703).production_mode == "off"
    undone(run, alice, world)
    assert copy_of(sites[703].company, 703).production_mode == "on"


def test_a_subcontractor_is_added_and_cannot_be_taken_off(client, alice, sites, halcyon, world):
    read_company(halcyon)
    chosen = Subcontractor.objects.filter(company=halcyon, enabled=True).first()
    client.force_login(alice)
    run = preview(client, "subcontractor", [sites[701]], {"subcontractor": str(chosen.enphase_id)})
    carry_out(run, alice, world)
    there = copy_of(halcyon, 701).detail["authorized_subcontractors"]
    assert chosen.enphase_id in [one["authorized_subcontractor_id"] for one in there]
    with pytest.raises(Refused, match="no way to take a subcontractor off"):
        services.prepare_undo(run, actor=alice, branch=None, token=uuid.uuid4())
