"""Battery and estimate of many sites: what the parts of a site declare for bulk runs."""

import uuid
from decimal import Decimal

import pytest
from django.urls import reverse

from activations.controls import rules
from activations.controls import services as controls
from activations.models import Activation
from activations.snapshots import services as snapshots
from activations.snapshots.models import Snapshot
from portal.connections.services import client_for
from portal.operations import runner
from portal.operations.models import Operation, Run, RunItem, State
from portal.operations.runs import pump, services
from tests.activations.sites import copy_of
from tests.conftest import make_user

pytestmark = pytest.mark.django_db

MONTHS = [Decimal(number) for number in range(500, 512)]


@pytest.fixture
def sites(halcyon):
    """701 has no battery; 703 has one. What Enphase tells of both has been read."""
    found = {number: copy_of(halcyon, number) for number in (701, 703)}
    for site in found.values():
        for kind in ("battery-mode", "estimate", "tariff", "devices"):
            snapshots.refresh(site, kind)
    return found


def ask(company, system_id, what):
    with client_for(company.pk) as client:
        group, name = what
        return getattr(getattr(client, group), name)(system_id)


def battery(company):
    now = ask(company, 703, ("activations", "get_battery_mode"))
    return {"cfg": now.cfg_allowed, "dtg": now.dtg_allowed}


def estimates(company, *numbers):
    return [
        ask(company, number, ("estimates", "get_estimate")).month_estimates for number in numbers
    ]


def preview(client, kind, sites, form):
    url = reverse("activations:bulk-action", args=[kind], query={"id": [s.pk for s in sites]})
    response = client.post(url, form | {"token": str(uuid.uuid4())})
    assert response.status_code == 302, response.content.decode()
    return Run.objects.latest("pk")


def carry_out(run, actor):
    services.start(run, actor=actor)
    for _ in range(5):
        pump.pump(run.pk)
        for pk in list(Operation.objects.due().filter(run=run).values_list("pk", flat=True)):
            runner.run(pk)
    pump.pump(run.pk)
    run.refresh_from_db()
    ends = Operation.objects.filter(run=run).values_list("state", "message")
    assert {state for state, _ in ends} == {State.DONE}, list(ends)


def undo(run, actor):
    back = services.prepare_undo(run, actor=actor, branch=None, token=uuid.uuid4())
    carry_out(back, actor)


def test_battery_mode_of_sites_that_have_a_battery(client, alice, halcyon, sites):
    before = battery(halcyon)
    client.force_login(alice)
    barred = rules.barred_modes(controls.site_rules(sites[703]))
    flag = next(name for name in before if before[name] or name not in barred)
    form = {"cfg": "", "dtg": "", flag: "no" if before[flag] else "yes"}
    run = preview(client, "battery-mode", sites.values(), form)
    assert run.items.get(activation=sites[701]).reason == "This site has no Enphase battery."
    item = run.items.get(activation=sites[703])
    assert item.state == RunItem.State.WAITING
    carry_out(run, alice)
    assert battery(halcyon) == {**before, flag: not before[flag]}
    undo(run, alice)
    assert battery(halcyon) == before


def test_a_battery_as_wanted_or_never_read_or_barred(client, alice, halcyon, sites):
    client.force_login(alice)
    now = battery(halcyon)
    words = {True: "yes", False: "no"}
    same = {name: words[value] for name, value in now.items()}
    run = preview(client, "battery-mode", [sites[703]], same)
    assert run.items.get().state == RunItem.State.ALREADY
    site = sites[703]
    barred = "dtg" if not now["dtg"] else "cfg"
    site.detail["battery_grid_mode"] = "Import Only" if barred == "dtg" else "Export Only"
    Activation.objects.filter(pk=site.pk).update(detail=site.detail, raw={})
    if not now[barred]:
        run = preview(client, "battery-mode", [site], {"cfg": "", "dtg": "", barred: "yes"})
        assert "The site is agreed as" in run.items.get().reason
    Snapshot.objects.filter(kind="battery-mode").delete()
    run = preview(client, "battery-mode", [site], same)
    assert "never read" in run.items.get().reason


def test_nothing_chosen_for_the_battery_is_asked_again(client, alice, sites):
    client.force_login(alice)
    url = reverse("activations:bulk-action", args=["battery-mode"], query={"id": sites[703].pk})
    refused = client.post(url, {"cfg": "", "dtg": ""})
    assert refused.status_code == 422
    assert "Choose what to allow" in refused.content.decode()


def give_estimate(company, site):
    with client_for(company.pk) as client:
        client.estimates.update_estimate(site.system_id, "0.5", [str(month) for month in MONTHS])
    snapshots.refresh(site, "estimate")


def test_one_sites_estimate_is_copied_and_put_back(client, alice, halcyon, sites):
    give_estimate(halcyon, sites[703])
    before = estimates(halcyon, 701)
    client.force_login(alice)
    form = {"what": "copy", "source": "703"}
    run = preview(client, "estimate", sites.values(), form)
    assert run.items.get(activation=sites[703]).state == RunItem.State.ALREADY
    carry_out(run, alice)
    assert estimates(halcyon, 701, 703) == [MONTHS, MONTHS]
    undo(run, alice)
    assert estimates(halcyon, 701, 703) == [*before, MONTHS]


def test_an_estimate_that_nobody_read_is_not_overwritten_unseen(client, alice, halcyon, sites):
    give_estimate(halcyon, sites[703])
    other = [str(month + 1) for month in MONTHS]
    with client_for(halcyon.pk) as enphase:
        enphase.estimates.update_estimate(701, "0.5", other)
    Snapshot.objects.filter(activation=sites[701], kind="estimate").delete()
    client.force_login(alice)
    run = preview(client, "estimate", [sites[701]], {"what": "copy", "source": "703"})
    services.start(run, actor=alice)
    pump.pump(run.pk)
    runner.run(Operation.objects.get(run=run).pk)
    assert Operation.objects.get(run=run).state == State.CONFLICT
    assert estimates(halcyon, 701) == [[Decimal(month) for month in other]]
    page = client.get(reverse("operations:run", args=[run.pk])).content.decode()
    assert "Needs a decision" in page


def test_removing_estimates_asks_for_a_reason(client, alice, halcyon, sites):
    give_estimate(halcyon, sites[701])
    client.force_login(alice)
    run = preview(client, "estimate", [sites[701]], {"what": "remove", "source": ""})
    assert (run.title, run.careful) == ("Remove estimate", True)
    carry_out(run, alice)
    assert estimates(halcyon, 701) == [[]]


def test_only_sites_in_sight_are_copied_from(client, halcyon, sites):
    give_estimate(halcyon, sites[703])
    ivy = make_user("ivy@halcyon.example", "Ivy", halcyon, "installer")
    north = halcyon.branches.get(enphase_id=81)
    ivy.memberships.update(branch=north)
    Activation.objects.filter(pk=sites[701].pk).update(branch=north)
    client.force_login(ivy)
    url = reverse("activations:bulk-action", args=["estimate"], query={"id": sites[701].pk})
    for source, sentence in (
        ("703", "No site of yours has this reference or number."),
        ("", "Name the site to copy from."),
        ("701", "has no estimate that we know of"),
    ):
        refused = client.post(url, {"what": "copy", "source": source})
        assert refused.status_code == 422
        assert sentence in refused.content.decode()
