"""The list of home owners: who sees whom, and finding by name or address."""

import pytest
from django.urls import reverse

from companies.homeowners.models import HomeOwner

URL = "homeowners:list"


@pytest.fixture
def owners(halcyon, bluebonnet):
    for number, (company, name) in enumerate(
        [(halcyon, "Ada Okafor"), (halcyon, "Finn O'Brien"), (bluebonnet, "CANARY Bluebonnet")]
    ):
        first, last = name.split(" ")
        HomeOwner.objects.create(
            company=company,
            enphase_id=3001 + number,
            email=f"{first.lower()}@example.com",
            first_name=first,
            last_name=last,
        )


def page(client, user, **query):
    client.force_login(user)
    response = client.get(reverse(URL), query)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize("person", ["alice", "bob", "dana"])
def test_people_of_the_company_see_its_home_owners(client, owners, request, person):
    shown = page(client, request.getfixturevalue(person))
    assert "Ada Okafor" in shown
    assert "CANARY" not in shown


def test_outsider_sees_only_their_own(client, owners, charlie):
    shown = page(client, charlie)
    assert "Ada Okafor" not in shown
    assert "CANARY" in shown


def test_support_opens_a_company_first(client, owners, sam, halcyon):
    shown = page(client, sam)
    assert "Okafor" not in shown
    assert "CANARY" not in shown
    client.post(reverse("companies:switch"), {"company": halcyon.pk})
    shown = client.get(reverse(URL)).content.decode()
    assert "Ada Okafor" in shown
    assert "CANARY" not in shown


@pytest.mark.parametrize(
    ("q", "found"),
    [("okafor", True), ("ada oka", True), ("ADA@EXAMPLE", True), ("nobody", False), ("%", False)],
)
def test_search_by_parts_of_name_or_address(client, owners, alice, q, found):
    assert ("Ada Okafor" in page(client, alice, q=q)) == found


@pytest.mark.parametrize("q", ["\x00", "'", "a" * 5000, "<script>", "ß", "((((", "\\"])
def test_odd_searches_are_answered(client, owners, alice, q):
    assert "<script>" not in page(client, alice, q=q)


@pytest.mark.parametrize("number", ["x", "0", "-1", "999", ""])
def test_odd_pages_are_answered(client, owners, alice, number):
    assert "Ada Okafor" in page(client, alice, page=number)


def test_number_of_queries_does_not_grow(client, alice, halcyon, django_assert_max_num_queries):
    HomeOwner.objects.bulk_create(
        HomeOwner(company=halcyon, enphase_id=9000 + n, email=f"n{n}@example.com")
        for n in range(80)
    )
    client.force_login(alice)
    client.get(reverse(URL))
    with django_assert_max_num_queries(4):
        client.get(reverse(URL))
