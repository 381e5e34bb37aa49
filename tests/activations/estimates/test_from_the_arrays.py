"""Twelve values worked out from the arrays, held against what the sandbox's sun really gave."""

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from activations.estimates import assuming, comparing, services, sunlight, tasks
from activations.estimates.forms import MONTH_FIELDS
from activations.estimates.models import Proposal
from activations.snapshots import services as snapshots
from portal.connections.services import client_for
from portal.operations.models import Operation, State
from portal.users.models import User
from tests.activations.sites import copy_of
from tests.conftest import connect, make_company, make_user

pytestmark = pytest.mark.django_db

DAY = 86_400
pv = pytest.mark.skipif(not sunlight.is_installed(), reason="the PV library is optional")


@pytest.fixture
def site(halcyon):
    site = copy_of(halcyon, 703)
    for kind in ("arrays", "estimate"):
        assert snapshots.refresh(site, kind) == ""
    return site


def page_of(site, name="arrays", *more):
    return reverse(f"estimates:{name}", args=[site.pk, *more])


def typed(page, **changes):
    """What a browser would send of the two forms of a page, with some fields changed."""
    form, planes = page.context["form"], page.context["planes"]
    data = {field.html_name: field.value() for field in form}
    for field in planes.management_form:
        data[field.html_name] = field.value()
    for plane in planes:
        data |= {field.html_name: field.value() or "" for field in plane if field.name != "DELETE"}
    return {key: "" if value is None else str(value) for key, value in {**data, **changes}.items()}


def work_out(client, site, on_commit, **changes) -> Proposal:
    page = client.get(page_of(site))
    with on_commit():
        response = client.post(page_of(site), typed(page, **changes))
    assert response.status_code == 302, response.content.decode()
    found = Proposal.objects.latest("pk")
    assert response.url == page_of(site, "proposal", found.pk)
    return found


# ------------------------------------------------------------------ the promise


@pv
@pytest.mark.parametrize(
    ("system_id", "firm", "person", "changes"),
    [
        # San Diego; as it is.
        (703, (9, "Halcyon Solar", "US"), "dana@halcyon.example", {}),
        # Utrecht; finished and mended.
        (
            901,
            (30, "Zonnedak Installaties", "NL"),
            "nina@zonnedak.example",
            {"stage": 4, "production_mode": "on", "gateway": "reporting"},
        ),
        # Brisbane, where the sun stands in the north; 2 of its 22 microinverters are silent.
        (951, (40, "Southern Cross Solar", "AU"), "owen@southerncross.example", {}),
    ],
    ids=["California", "Netherlands", "Australia"],
)
def test_within_15_percent_of_a_year_and_says_why(
    client, world, on_commit, db, system_id, firm, person, changes
):
    """One set of defaults everywhere; a full calendar year of the site's own lifetime energy."""
    if changes:
        world.patch_system(system_id, **changes)
    # The rest of this year and all of the next.
    today = timezone.now().date()
    world.clock(advance_seconds=(date(today.year + 2, 1, 3) - today).days * DAY)
    company = make_company(firm[0], firm[1], "", firm[2])
    connect(company, world, person)
    engineer: User = make_user("pv@example.com", "Pat Vance", company, "installer")
    site = copy_of(company, system_id)
    for kind in ("arrays", "estimate", "energy-lifetime"):
        assert snapshots.refresh(site, kind) == "", kind
    client.force_login(engineer)

    proposal = work_out(client, site, on_commit)
    assert proposal.problem == ""
    given = proposal.assumptions
    assert given["performance_percent"] == sunlight.PERFORMANCE_PERCENT
    assert given["clearness"] == sunlight.usual_clearness(
        given["latitude"], is_dry=system_id == 703
    )
    assert sum(plane["modules"] for plane in given["planes"]) == site.production["total_micros"]

    year = today.year + 1
    lifetime = snapshots.current(site, "energy-lifetime").record
    produced = sum(wh for day, wh in lifetime.days(lifetime.production_wh) if day.year == year)
    assert len([day for day, _ in lifetime.days(lifetime.production_wh) if day.year == year]) >= 365
    estimated = float(proposal.total)
    assert abs(estimated / (produced / 1000) - 1) < 0.15, (estimated, produced / 1000)

    # Accepted as it is, the page holds it against what was produced, and says why they differ.
    with on_commit():
        services.queue_estimate(
            site,
            months=proposal.values,
            loss_percent=Decimal(0),
            base=services.base_of(site),
            actor=engineer,
            source=assuming.source_words(proposal),
        )
    assert Operation.objects.latest("pk").state == State.DONE
    page = client.get(page_of(site, "estimate") + f"?year={year}").content.decode()
    assert f"{produced / 1000:,.0f} kWh produced in {year}" in page
    assert "Why it differs" in page
    assert "of a clear sky&#x27;s light" in page
    running, total = (site.production[name] for name in ("energy_producing_micros", "total_micros"))
    silent = f"{running} of {total} microinverters produced"
    assert (silent in page) == (system_id == 951)


# ------------------------------------------------------------------ from form to values


@pv
def test_arrays_become_a_proposal_and_the_proposal_an_estimate(
    client, alice, site, world, on_commit
):
    client.force_login(alice)
    page = client.get(page_of(site))
    drawn = snapshots.current(site, "arrays").record.arrays
    assert [plane["label"].value() for plane in page.context["planes"]] == [a.label for a in drawn]
    text = page.content.decode()
    assert "the middle of California" in text
    assert "not entered on Equipment, 400 W assumed" in text
    hits = world.hits
    proposal = work_out(client, site, on_commit, module_w="430")
    assert world.hits == hits
    assert proposal.assumptions["module_w"] == 430
    shown = client.get(page_of(site, "proposal", proposal.pk)).content.decode()
    assert "Use these values" in shown
    assert "430 W" in shown
    assert "usual in dry climates at this latitude" in shown

    # Nothing is sent before the review.
    form = client.get(page_of(site, "estimate") + f"?from={proposal.pk}")
    assert form.context["form"].typed == proposal.values
    assert world.writes() == []
    data = {name: str(v) for name, v in zip(MONTH_FIELDS, proposal.values, strict=True)}
    hidden = {"base": form.context["base"], "token": str(form.context["token"])}
    with on_commit():
        client.post(
            page_of(site, "check"),
            {**data, **hidden, "degrade_factor": "0.5", "proposal": proposal.pk, "do": "send"},
        )
    operation = Operation.objects.get()
    assert operation.state == State.DONE, operation.message
    assert operation.after["Source"].startswith("Worked out from ")
    with client_for(site.company_id) as api:
        assert api.estimates.get_estimate(site.system_id).month_estimates == proposal.values
    assert "worked out from the arrays" in client.get(page_of(site, "estimate")).content.decode()
    # Beside what there is now.
    beside = client.get(page_of(site, "proposal", proposal.pk)).content.decode()
    assert f"The estimate there is now: {proposal.total:,} kWh." in beside


@pv
def test_assumptions_scale_as_they_say(client, alice, site, on_commit):
    client.force_login(alice)
    plain = work_out(client, site, on_commit)
    more = work_out(client, site, on_commit, module_w="800", shading_percent="10")
    assert float(more.total) == pytest.approx(float(plain.total) * 2 * 0.9, rel=0.005)
    again = client.get(page_of(site) + f"?again={more.pk}")
    assert again.context["form"]["module_w"].value() == 800
    flat = {
        field.html_name: "0" for plane in again.context["planes"] for field in [plane["azimuth"]]
    }
    north = work_out(client, site, on_commit, **flat)
    assert north.total < plain.total


def test_site_without_arrays_gets_one_roof_to_the_equator(client, alice, halcyon):
    site = copy_of(halcyon, 701)
    client.force_login(alice)
    page = client.get(page_of(site))
    [plane] = page.context["planes"].initial
    assert (plane["azimuth"], plane["modules"]) == (180, 24)
    assert "No arrays are drawn." in page.content.decode()


def test_more_arrays_can_be_added_and_left_out(client, alice, site):
    client.force_login(alice)
    before = client.get(page_of(site))
    count = len(before.context["planes"].forms)
    data = typed(before, do="add", **{"plane-0-label": "Garage, east"})
    page = client.post(page_of(site), data)
    assert page.status_code == 200
    assert len(page.context["planes"].forms) == count + 1
    assert 'value="Garage, east"' in page.content.decode()
    # Whatever is sent, no row too many and no error.
    for nonsense in ("x", "99999999999", "-1", ""):
        told = {**data, "plane-TOTAL_FORMS": nonsense}
        assert client.post(page_of(site), told).status_code == 200
        assert client.post(page_of(site), {**told, "do": ""}).status_code == 422
    assert not Proposal.objects.exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"latitude": "91"}, "At most 66."),
        ({"latitude": ""}, "Enter latitude"),
        ({"module_w": "4"}, "At least 50."),
        ({"plane-0-tilt": "91"}, "At most 90."),
        ({"plane-0-modules": "2.5"}, "Enter a whole number."),
        ({"plane-0-modules": "0"}, "At least 1."),
        ({"month_3": "120"}, "At most 100."),
    ],
)
def test_impossible_assumptions_are_said(client, alice, site, changes, said):
    client.force_login(alice)
    page = client.post(page_of(site), typed(client.get(page_of(site)), **changes))
    assert page.status_code == 422
    assert said in page.content.decode()
    assert not Proposal.objects.exists()


def test_without_the_library_the_page_says_so(client, alice, site, monkeypatch):
    monkeypatch.setattr(sunlight, "find_spec", lambda _name: None)
    client.force_login(alice)
    page = client.get(page_of(site))
    assert "The PV library is not installed on this server" in page.content.decode()
    refused = client.post(page_of(site), typed(page))
    assert refused.status_code == 422
    assert not Proposal.objects.exists()


def test_worker_without_the_library_says_so(client, alice, site, monkeypatch):
    """The pages' server may have it when the worker's has not."""

    def missing(*_args):
        raise ImportError("pvlib")

    monkeypatch.setattr(sunlight, "clear_sky", missing)
    start = assuming.start(site)
    proposal = Proposal.objects.create(
        activation=site,
        assumptions={
            **start.initial,
            "clearness": [70] * 12,
            "place": "",
            "planes": start.planes,
        },
    )
    tasks.work_out(proposal.pk)
    client.force_login(alice)
    page = client.get(page_of(site, "proposal", proposal.pk)).content.decode()
    assert "The PV library is not installed on this server." in page
    assert "Use these values" not in page


def test_proposal_of_another_site_or_company_is_not_shown(client, alice, charlie, site, halcyon):
    other = copy_of(halcyon, 705)
    given = {"planes": [], "clearness": [70], "module_w": 400, "latitude": 1, "longitude": 1}
    found = Proposal.objects.create(activation=other, assumptions=given)
    client.force_login(alice)
    assert client.get(page_of(site, "proposal", found.pk)).status_code == 404
    client.force_login(charlie)
    assert client.get(page_of(other, "proposal", found.pk)).status_code == 404


# ------------------------------------------------------------------ the table of shapes


@pv
@pytest.mark.parametrize("latitude", [10, 40, 60])
def test_shapes_by_latitude_are_those_of_the_library(latitude):
    [clear] = sunlight.clear_sky(latitude, 0, [(180, sunlight.TILT)])
    light = [a * b for a, b in zip(clear, sunlight.usual_clearness(latitude), strict=True)]
    for part, value in zip(sunlight.month_shape(latitude), light, strict=True):
        assert part == pytest.approx(value / sum(light), abs=0.001)


@pytest.mark.parametrize("latitude", [-90, -40, -27.5, 12.3, 38, 65, 90])
def test_shape_is_a_year_and_turns_with_the_hemisphere(latitude):
    shape = sunlight.month_shape(latitude)
    assert sum(shape) == pytest.approx(1)
    assert all(part > 0 for part in shape)
    mirrored = sunlight.month_shape(-latitude)
    assert shape == pytest.approx(mirrored[6:] + mirrored[:6])


def test_compare_needs_no_estimate():
    assert comparing.deviation_words(0.2) == "As estimated"
    assert comparing.deviation_words(-12.4) == "12% below"
