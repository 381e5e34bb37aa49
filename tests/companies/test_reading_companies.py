"""Branches and subcontractors as Enphase lists them."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from companies import sync
from companies.models import Company, Subcontractor
from companies.tasks import read_due_companies


def test_refresh_reads_what_enphase_says(client, alice, halcyon, world):
    halcyon.branches.filter(enphase_id=82).delete()
    halcyon.branches.filter(enphase_id=81).update(name="Old name")
    Subcontractor.objects.create(company=halcyon, enphase_id=77, name="Gone Electric")
    client.force_login(alice)
    response = client.post(reverse("companies:refresh"), follow=True)
    assert "was read from Enphase" in response.content.decode()
    assert set(halcyon.branches.values_list("enphase_id", "name")) == {
        (81, "Halcyon Solar North"),
        (82, "Halcyon Solar South"),
    }
    assert set(halcyon.subcontractors.values_list("enphase_id", flat=True)) == {50, 51}
    assert world.hits == 3


def test_second_reading_writes_only_the_time(halcyon, world, django_assert_num_queries):
    sync.read_company(halcyon)
    rows = list(Company.objects.values_list("pk", "name", "location", "country"))
    sync.read_company(Company.objects.get(pk=halcyon.pk))
    assert list(Company.objects.values_list("pk", "name", "location", "country")) == rows


def test_branch_that_belongs_to_somebody_else_is_never_moved(halcyon, bluebonnet, world):
    halcyon.branches.filter(enphase_id=82).update(parent=bluebonnet)
    sync.read_company(halcyon)
    assert Company.objects.get(enphase_id=82).parent == bluebonnet


def test_branch_that_enphase_no_longer_names_keeps_its_row(halcyon, world):
    Company.objects.create(enphase_id=83, name="Halcyon Solar West", parent=halcyon)
    sync.read_company(halcyon)
    assert Company.objects.filter(enphase_id=83).exists()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"kind": "html", "status": 502, "times": 9}, "no usable answer"),
        ({"kind": "rate_limited", "period": "month"}, "monthly quota"),
        ({"kind": "status", "status": 404}, "Enphase refused"),
    ],
)
def test_bad_weather_keeps_our_copy_and_says_so(client, alice, halcyon, world, fault, words):
    world.fault("list_company_branches", **fault)
    client.force_login(alice)
    response = client.post(reverse("companies:refresh"), follow=True)
    assert response.status_code == 200
    assert words in response.content.decode()
    assert halcyon.branches.count() == 2


@pytest.mark.parametrize(("person", "status"), [("bob", 403), ("sam", 404)])
def test_who_may_not_refresh(client, halcyon, world, request, person, status):
    user = request.getfixturevalue(person)
    client.force_login(user)
    assert client.post(reverse("companies:refresh")).status_code == status
    assert world.hits == 0


def test_pages_cost_no_hit(client, alice, halcyon, world):
    client.force_login(alice)
    for page in ("companies:list", "companies:subcontractors", "connections:settings"):
        assert client.get(reverse(page)).status_code == 200
    assert world.hits == 0


def test_beat_reads_a_company_once_a_day(halcyon, world):
    read_due_companies()
    read_due_companies()
    assert world.hits == 3
    Company.objects.update(synced_at=timezone.now() - timedelta(hours=25))
    read_due_companies()
    assert world.hits == 6


def test_beat_goes_on_past_a_dead_connection(halcyon, bluebonnet, world):
    halcyon.account.state = "needs_reconnect"
    halcyon.account.save()
    read_due_companies()
    assert Company.objects.get(pk=bluebonnet.pk).synced_at is not None
