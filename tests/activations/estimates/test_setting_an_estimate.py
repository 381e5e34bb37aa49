"""An estimate is typed, filled in, reviewed, sent once, and overwrites nobody's change."""

import re
import uuid
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from activations.snapshots import services as snapshots
from portal.connections.services import client_for
from portal.operations import runner
from portal.operations import services as operations
from portal.operations.audit import AuditEvent
from portal.operations.models import Operation, State
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

MONTHS = [700, 760, 930, 1010, 1120, 1150, 1180, 1090, 950, 840, 720, 660]


@pytest.fixture
def site(halcyon):
    site = copy_of(halcyon, 703)
    assert snapshots.refresh(site, "estimate") == ""
    return site


def page_of(site):
    return reverse("estimates:estimate", args=[site.pk])


def check_of(site):
    return reverse("estimates:check", args=[site.pk])


def fields(months=MONTHS, loss="0.5", **more):
    typed = {f"month_{number}": str(value) for number, value in enumerate(months, start=1)}
    return {**typed, "degrade_factor": loss, **more}


def form_of(client, site):
    """The hidden fields of the page as it is drawn now."""
    page = client.get(page_of(site)).content.decode()
    return {
        name: re.search(rf'name="{name}" value="([^"]+)"', page)[1] for name in ("base", "token")
    }


def send(client, site, on_commit, months=MONTHS, loss="0.5", hidden=None):
    hidden = hidden or form_of(client, site)
    with on_commit():
        response = client.post(check_of(site), fields(months, loss, do="send", **hidden))
    assert response.status_code == 302, response.content.decode()
    return Operation.objects.latest("pk")


def at_enphase(site):
    with client_for(site.company_id) as client:
        return client.estimates.get_estimate(site.system_id)


def change_outside(site, months, loss="0.5"):
    with client_for(site.company_id) as client:
        client.estimates.update_estimate(site.system_id, loss, months)


def test_twelve_values_are_reviewed_and_sent(client, alice, site, world, on_commit):
    client.force_login(alice)
    hidden = form_of(client, site)
    review = client.post(check_of(site), fields(do="review", **hidden))
    text = review.content.decode()
    assert review.status_code == 200
    assert "Set the estimate of Whitaker residence?" in text
    assert "11,110 kWh" in text
    assert "No estimate" in text
    assert world.writes() == []
    operation = send(client, site, on_commit, hidden=hidden)
    assert operation.state == State.DONE, operation.message
    assert operation.message == "Estimate saved."
    assert operation.before["Year"] == "No estimate"
    assert operation.after["Year"] == "11,110 kWh"
    now = at_enphase(site)
    assert now.month_estimates == [Decimal(value) for value in MONTHS]
    assert now.degrade_factor == Decimal("0.5")
    copy = snapshots.current(site, "estimate")
    assert copy.facts["January"] == "700 kWh"
    assert copy.versions.first().operation == operation
    assert not copy.versions.filter(is_drift=True)
    assert 'value="700"' in client.get(page_of(site)).content.decode()


def test_sending_the_same_form_twice_sends_once(client, alice, site, world, on_commit):
    client.force_login(alice)
    hidden = form_of(client, site)
    send(client, site, on_commit, hidden=hidden)
    send(client, site, on_commit, hidden=hidden)
    assert Operation.objects.count() == 1
    assert len(world.writes("update_estimate")) == 1


def test_numbers_as_people_write_them(client, alice, site, on_commit):
    client.force_login(alice)
    typed = ["1,234.5", "1.234,5", "1 234", "812,5", *map(str, MONTHS[4:])]
    send(client, site, on_commit, typed, loss="0,4")
    now = at_enphase(site)
    assert now.month_estimates[:4] == [
        Decimal("1234.5"),
        Decimal("1234.5"),
        Decimal("1234"),
        Decimal("812.5"),
    ]
    assert now.degrade_factor == Decimal("0.4")


@pytest.mark.parametrize(
    ("months", "loss", "said"),
    [
        ([700, "", *MONTHS[2:]], "0.5", "Enter February too, or leave all months empty."),
        ([700, 0, *MONTHS[2:]], "0.5", "February must be above 0 kWh."),
        ([700, -3, *MONTHS[2:]], "0.5", "February must be above 0 kWh."),
        (["many", *MONTHS[1:]], "0.5", "“many” is not a number."),
        (MONTHS, "-1", "At least 0."),
        (MONTHS, "", "Enter yearly loss"),
        (MONTHS, "101", "At most 100."),
        ([10**12, *MONTHS[1:]], "0.5", "At most 100,000,000."),
        (["9" * 60, *MONTHS[1:]], "0.5", "At most 100,000,000."),
        ([""] * 12, "0.5", "Nothing was changed."),
    ],
)
def test_what_cannot_be_an_estimate_is_said(client, alice, site, world, months, loss, said):
    client.force_login(alice)
    refused = client.post(check_of(site), fields(months, loss, do="send", **form_of(client, site)))
    assert refused.status_code == 422
    text = refused.content.decode()
    assert said in text
    # Nothing that was typed is lost.
    assert f'value="{MONTHS[11] if months[11] else ""}"' in text or not months[11]
    assert "<title>Error: " in text
    assert not Operation.objects.exists()
    assert world.writes() == []


def test_removing_is_asked_first(client, alice, site, on_commit):
    client.force_login(alice)
    send(client, site, on_commit)
    hidden = form_of(client, site)
    question = client.post(check_of(site), fields(do="clear", **hidden)).content.decode()
    assert "Remove the estimate of Whitaker residence?" in question
    assert at_enphase(site).month_estimates
    operation = send(client, site, on_commit, [""] * 12, hidden=hidden)
    assert operation.state == State.DONE
    assert operation.message == "Estimate removed."
    assert operation.title == "Remove estimate"
    assert at_enphase(site).month_estimates == []
    assert at_enphase(site).degrade_factor == Decimal("0.5")


def test_somebody_elses_change_is_not_written_over(client, alice, site, world, on_commit):
    client.force_login(alice)
    hidden = form_of(client, site)
    change_outside(site, [500] * 12)
    operation = send(client, site, on_commit, hidden=hidden)
    assert operation.state == State.CONFLICT
    assert at_enphase(site).month_estimates == [Decimal(500)] * 12
    # It waits for a person: the page says so, and asks for itself no more.
    page = client.get(page_of(site)).content.decode()
    assert "The estimate was changed since you looked." in page
    assert "On its way" not in page
    assert "every 3s" not in page
    copy = snapshots.current(site, "estimate")
    assert copy.facts["Year"] == "6,000 kWh"
    assert copy.versions.first().is_drift
    # A person decides to go on all the same.
    with on_commit():
        again = operations.override(operation, reason="Measured anew", actor=alice)
    again.refresh_from_db()
    assert again.state == State.DONE, again.message
    assert at_enphase(site).month_estimates == [Decimal(value) for value in MONTHS]


def test_change_from_outside_is_shown_and_can_be_taken_back(client, alice, site, on_commit):
    client.force_login(alice)
    send(client, site, on_commit)
    change_outside(site, [500] * 12, "0.7")
    assert snapshots.refresh(site, "estimate") == ""
    page = client.get(page_of(site)).content.decode()
    assert "Estimate changed outside Ridgeline" in page
    assert "<del>11,110 kWh</del>" in page
    assert "<ins>6,000 kWh</ins>" in page
    assert AuditEvent.objects.filter(tag="snapshot:drift").count() == 1
    copy = snapshots.current(site, "estimate")
    former = snapshots.before_of(copy.versions.first())
    with on_commit():
        snapshots.restore(former, actor=alice, token=uuid.uuid4())
    now = at_enphase(site)
    assert now.month_estimates == [Decimal(value) for value in MONTHS]
    assert now.degrade_factor == Decimal("0.5")
    assert "changed outside" not in client.get(page_of(site)).content.decode()


def test_the_same_estimate_is_not_sent_again(client, alice, site, world, on_commit):
    client.force_login(alice)
    hidden = form_of(client, site)
    change_outside(site, MONTHS)
    writes = len(world.writes("update_estimate"))
    operation = send(client, site, on_commit, hidden=hidden)
    assert operation.state == State.DONE
    assert operation.message == "Enphase has this estimate already. Nothing was sent."
    assert len(world.writes("update_estimate")) == writes


def test_lost_reply_is_looked_up(client, alice, site, world, on_commit):
    client.force_login(alice)
    world.fault("update_estimate", "lost_reply")
    operation = send(client, site, on_commit)
    assert operation.state == State.UNKNOWN
    Operation.objects.filter(pk=operation.pk).update(not_before=timezone.now())
    runner.run(operation.pk)
    operation.refresh_from_db()
    assert operation.state == State.DONE, operation.message
    assert len(world.writes("update_estimate")) == 1
    assert snapshots.current(site, "estimate").facts["Year"] == "11,110 kWh"


def test_yearly_figure_is_spread_like_the_light(client, alice, site, world):
    client.force_login(alice)
    filled = client.post(page_of(site), fields([""] * 12, do="yearly", yearly="11,000"))
    assert filled.status_code == 200
    months = [Decimal(str(value)) for value in filled.context["form"].typed]
    assert sum(months) == 11_000
    assert max(months) == max(months[4:8])
    assert min(months) in (months[0], months[11])
    assert "California" in filled.content.decode()
    assert not Operation.objects.exists()
    assert world.writes() == []


def test_pasted_values_fill_the_fields(client, alice, site):
    client.force_login(alice)
    pasted = "\n".join(f"{value},5" for value in MONTHS)
    filled = client.post(page_of(site), fields([""] * 12, do="paste", pasted=pasted))
    assert filled.context["form"].typed == [Decimal(value) + Decimal("0.5") for value in MONTHS]
    refused = client.post(page_of(site), fields(do="paste", pasted="1 2 3"))
    assert refused.status_code == 422
    assert "Found 3 values, an estimate has twelve: 1, 2, 3." in refused.content.decode()
    # What stood in the fields stands there still.
    assert refused.context["form"].typed == [Decimal(value) for value in MONTHS]


def test_bars_follow_what_is_typed_without_complaint(client, alice, site):
    client.force_login(alice)
    drawn = client.post(page_of(site), fields([500, "x", *[""] * 10], do="preview"))
    text = drawn.content.decode()
    assert drawn.status_code == 200
    assert "1 of 12 months filled in" in text
    assert 'id="error-summary"' not in text
    assert 'value="x"' in text


def test_unknown_is_not_zero(client, alice, halcyon, world):
    site = copy_of(halcyon, 703)
    client.force_login(alice)
    hits = world.hits
    page = client.get(page_of(site)).content.decode()
    assert "Not read yet" in page
    assert "month_1" not in page
    assert world.hits == hits
    world.fault("get_estimate", "status", status=503, times=None)
    assert snapshots.refresh(site, "estimate")
    page = client.get(page_of(site)).content.decode()
    assert "month_1" not in page


def test_a_loss_beyond_all_reason_is_shown_all_the_same(client, alice, site):
    known = snapshots.current(site, "estimate").payload
    snapshots.keep(site, "estimate", {**known, "degrade_factor": 1e40})
    client.force_login(alice)
    assert client.get(page_of(site)).status_code == 200


def test_lookers_see_bars_and_no_fields(client, bob, site):
    change_outside(site, MONTHS)
    snapshots.refresh(site, "estimate")
    client.force_login(bob)
    page = client.get(page_of(site)).content.decode()
    assert "11,110 kWh" in page
    assert "month_1" not in page
    assert "1,180 kWh" in page


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("sam", 403), ("charlie", 404)])
def test_who_may_not_change_it(client, site, request, person, status):
    client.force_login(request.getfixturevalue(person))
    for url in (page_of(site), check_of(site)):
        assert client.post(url, fields(do="send")).status_code == status
    assert client.get(reverse("estimates:arrays", args=[site.pk])).status_code == status
    assert not Operation.objects.exists()


def test_form_that_saw_nothing_changes_nothing_that_is_there(client, alice, site, on_commit):
    client.force_login(alice)
    change_outside(site, [500] * 12)
    with on_commit():
        client.post(check_of(site), fields(do="send", base="made up", token=str(uuid.uuid4())))
    assert Operation.objects.get().state == State.CONFLICT
    assert at_enphase(site).month_estimates == [Decimal(500)] * 12


def test_site_that_is_gone_is_read_only(client, alice, site):
    site.gone_at = timezone.now()
    site.save()
    client.force_login(alice)
    assert "month_1" not in client.get(page_of(site)).content.decode()
    refused = client.post(check_of(site), fields(do="send"))
    assert refused.status_code == 422
    assert not Operation.objects.exists()
