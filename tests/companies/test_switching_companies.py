"""One sign-in, several companies; and support staff, whose visits leave a trace."""

import pytest
from django.urls import reverse

from activations import sync, tally
from companies.models import Membership
from portal.operations.models import AuditEvent
from tests.activations.sites import copy_of

SWITCH = "companies:switch"


def test_person_of_two_companies_switches(client, alice, halcyon, bluebonnet):
    Membership.objects.create(user=alice, company=bluebonnet, role="viewer")
    client.force_login(alice)
    for company in (halcyon, bluebonnet, halcyon):
        response = client.post(reverse(SWITCH), {"company": company.pk})
        assert response.status_code == 302
        assert client.get(reverse("companies:list")).context["access"].company == company
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("company", ["", "x", "0", "99999999", "9" * 40, "-1"])
def test_what_is_no_company_is_not_found(client, alice, company):
    client.force_login(alice)
    assert client.post(reverse(SWITCH), {"company": company}).status_code == 404


def test_outsider_cannot_switch_in(client, charlie, halcyon, bluebonnet):
    client.force_login(charlie)
    assert client.post(reverse(SWITCH), {"company": halcyon.pk}).status_code == 404
    assert client.get(reverse("companies:list")).context["access"].company == bluebonnet


def test_a_branch_is_not_switched_to(client, alice, sam, halcyon):
    branch = halcyon.branches.first()
    for person in (alice, sam):
        client.force_login(person)
        assert client.post(reverse(SWITCH), {"company": branch.pk}).status_code == 404


def test_support_opens_any_company_and_leaves_a_trace_each_time(client, sam, halcyon, bluebonnet):
    client.force_login(sam)
    for company in (halcyon, halcyon, bluebonnet, halcyon):
        client.post(reverse(SWITCH), {"company": company.pk})
    events = AuditEvent.objects.filter(tag="support:opened-company")
    assert [event.company_id for event in events] == [halcyon.pk, bluebonnet.pk, halcyon.pk]
    assert {event.actor_name for event in events} == {"Sam Iwata"}
    page = client.get(reverse("companies:list"))
    assert page.context["access"].role == "support"


def test_support_without_a_company_chooses_from_all(client, sam, halcyon, bluebonnet):
    client.force_login(sam)
    page = client.get(reverse("companies:list")).content.decode()
    assert "Halcyon Solar" in page
    assert "Bluebonnet Energy" in page


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example",
        "http:///evil.example",
        "javascript:alert(1)",
        "\\\\evil.example",
        "/\\evil.example",
        "https:evil.example",
        " https://evil.example",
        "%09//evil.example",
    ],
)
def test_switch_never_leads_away(client, alice, halcyon, target):
    client.force_login(alice)
    response = client.post(reverse(SWITCH), {"company": halcyon.pk, "next": target})
    assert response.url == reverse("home")


def test_switch_is_not_done_by_get(client, alice, halcyon):
    client.force_login(alice)
    assert client.get(reverse(SWITCH), {"company": halcyon.pk}).status_code == 405


def test_company_sees_when_support_looked_at_a_site(client, sam, alice, halcyon, world):
    site = copy_of(halcyon, 701)
    client.force_login(sam)
    url = reverse("activations:detail", args=[site.pk])
    client.get(url)
    client.get(url)
    [event] = AuditEvent.objects.filter(tag="support:opened-site")
    assert (event.company, event.activation, event.actor_name) == (halcyon, site, "Sam Iwata")
    client.force_login(alice)
    history = client.get(reverse("activations:history", args=[site.pk])).content.decode()
    assert "Support looked at this site" in history
    assert "Sam Iwata" in history
    assert AuditEvent.objects.filter(tag="support:opened-site").count() == 1


def test_branches_and_their_sites(client, alice, bob, halcyon, world):
    sync.sweep(halcyon)
    client.force_login(alice)
    url = reverse("activations:branch-figures")
    assert url in client.get(reverse("companies:list")).content.decode()
    own, north, south = tally.branch_figures(halcyon)
    assert (north.branch.name, south.branch.name) == (
        "Halcyon Solar North",
        "Halcyon Solar South",
    )
    everything = halcyon.activations.filter(gone_at=None)
    assert own.total + north.total + south.total == everything.count()
    assert north.open == everything.filter(branch=north.branch, stage__lt=5).count()
    part = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "Halcyon Solar North" in part
    Membership.objects.filter(user=bob).update(branch=north.branch)
    client.force_login(bob)
    part = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "Halcyon Solar South" not in part
