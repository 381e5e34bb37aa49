"""The first connection: a person brings their company."""

import pytest
from django.urls import reverse

from companies.models import Company, Membership
from portal.connections.models import Account
from portal.operations.models import AuditEvent
from portal.users.models import User
from tests.conftest import make_user
from tests.portal.users.signing_in import sign_in

CONNECT = "companies:connect"


def form(username="dana@halcyon.example", password="sandbox-pass"):
    return {"username": username, "password": password}


@pytest.fixture
def erin(db):
    """Signed up, without a company yet."""
    return make_user("erin@example.com", "Erin Vasquez")


def test_person_brings_their_company(client, erin, world):
    sign_in(client, erin)
    response = client.post(reverse(CONNECT), form(), follow=True)
    assert response.redirect_chain == [(reverse("companies:list"), 302)]
    company = Company.objects.tenants().get()
    assert (company.enphase_id, company.name, company.country) == (9, "Halcyon Solar", "US")
    assert sorted(company.branches.values_list("enphase_id", flat=True)) == [81, 82]
    assert list(company.subcontractors.values_list("enphase_id", "enabled")) == [
        (51, False),
        (50, True),
    ]
    assert Membership.objects.get().describe() == {"user": erin.pk, "role": "admin", "branch": None}
    assert Account.objects.get().acting_name == "Dana Whitlock"
    assert world.hits == 3
    tags = list(AuditEvent.objects.values_list("tag", flat=True))
    assert tags == ["company:joined", "account:connected"]
    assert "Halcyon Solar North" in response.content.decode()


def test_a_company_that_is_here_already_is_not_joined_by_password(client, erin, halcyon):
    sign_in(client, erin)
    before = Account.objects.get().access_token_sealed
    response = client.post(reverse(CONNECT), form())
    assert response.status_code == 422
    words = "Halcyon Solar already uses Ridgeline. Ask its admin to add you."
    assert words in response.content.decode()
    assert not Membership.objects.filter(user=erin).exists()
    assert Account.objects.get().access_token_sealed == before


def test_an_account_of_a_branch_does_not_join_either(client, erin, halcyon):
    sign_in(client, erin)
    response = client.post(reverse(CONNECT), form("noah@halcyon.example"))
    assert response.status_code == 422
    assert "Halcyon Solar already uses Ridgeline" in response.content.decode()


def test_self_installer_without_a_company_is_told_so(client, erin, world):
    sign_in(client, erin)
    response = client.post(reverse(CONNECT), form("iris@selfmade.example"))
    assert response.status_code == 422
    assert "self-installer" in response.content.decode()
    assert not Company.objects.exists()
    assert not Account.objects.exists()


@pytest.mark.parametrize("operation", ["list_company_branches", "list_authorized_subcontractors"])
def test_nothing_is_stored_when_enphase_stumbles_on_the_way(client, erin, world, operation):
    sign_in(client, erin)
    world.fault(operation, "html", status=502, times=9)
    response = client.post(reverse(CONNECT), form())
    assert response.status_code == 422
    assert "no usable answer" in response.content.decode()
    assert not Company.objects.exists()
    assert not Account.objects.exists()


def test_wrong_password_keeps_the_address_typed(client, erin, world):
    sign_in(client, erin)
    response = client.post(reverse(CONNECT), form(password="wrong"))
    assert response.status_code == 422
    page = response.content.decode()
    assert 'value="dana@halcyon.example"' in page
    assert 'value="wrong"' not in page


@pytest.mark.parametrize("data", [{}, form("not an address"), form(password="")])
def test_incomplete_form_asks_nobody(client, erin, world, data):
    sign_in(client, erin)
    assert client.post(reverse(CONNECT), data).status_code == 422
    assert world.ledger()["tokens"] == {}


def test_person_without_a_company_is_shown_how(client, erin):
    client.force_login(erin)
    for page in ("companies:list", "connections:settings"):
        assert reverse(CONNECT) in client.get(reverse(page)).content.decode()


def test_support_brings_no_company(client, sam, world):
    sign_in(client, sam)
    assert client.post(reverse(CONNECT), form()).status_code == 404


def test_two_people_at_once_make_one_company(client, erin, halcyon):
    assert User.objects.filter(pk=erin.pk).exists()
    sign_in(client, erin)
    for _ in range(2):
        client.post(reverse(CONNECT), form("tess@bluebonnet.example"))
    assert Company.objects.tenants().filter(enphase_id=20).count() == 1
    assert Membership.objects.filter(user=erin).count() == 1
