"""Members, roles and branches: who may change them, and what never happens."""

import pytest
from django.urls import reverse

from companies.models import Company, Membership
from portal.operations.models import AuditEvent
from tests.conftest import make_user


@pytest.fixture
def erin(db):
    return make_user("erin@example.com", "Erin Vasquez")


def member(user):
    return Membership.objects.get(user=user)


def change(client, who, **data):
    return client.post(reverse("companies:change-member", args=[member(who).pk]), data)


def test_everybody_of_the_company_sees_who_works_there(client, alice, bob, dana, charlie):
    for person in (alice, bob, dana):
        client.force_login(person)
        page = client.get(reverse("companies:list")).content.decode()
        assert "Alice Ferrer" in page
        assert "Charlie Okafor" not in page


def test_admin_adds_somebody_who_signs_in_already(client, dana, erin, halcyon):
    client.force_login(dana)
    data = {"email": "ERIN@example.com", "role": "installer", "branch": ""}
    response = client.post(reverse("companies:add-member"), data)
    assert response.status_code == 302
    assert member(erin).describe() == {"user": erin.pk, "role": "installer", "branch": None}
    event = AuditEvent.objects.get()
    assert (event.tag, event.actor_name) == ("member:added", "Dana Whitfield")


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("nobody@example.com", "Nobody signs in to Ridgeline with this address"),
        ("alice@halcyon.example", "works for Halcyon Solar already"),
        ("sam@ridgeline.example", "Support staff"),
    ],
)
def test_who_cannot_be_added_and_why(client, dana, alice, sam, email, words):
    client.force_login(dana)
    data = {"email": email, "role": "installer", "branch": ""}
    response = client.post(reverse("companies:add-member"), data)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert email in response.content.decode()


def test_admin_limits_an_installer_to_a_branch(client, dana, alice, halcyon):
    north = halcyon.branches.get(enphase_id=81)
    client.force_login(dana)
    assert change(client, alice, role="installer", branch=north.pk).status_code == 302
    assert member(alice).branch == north
    event = AuditEvent.objects.get()
    assert event.tag == "member:changed"
    assert event.data["before"]["branch"] is None
    assert event.data["after"]["branch"] == north.pk


def test_a_branch_of_another_company_is_no_choice(client, dana, alice, bluebonnet):
    gulf = Company.objects.create(enphase_id=21, name="Gulf", parent=bluebonnet)
    client.force_login(dana)
    assert change(client, alice, role="installer", branch=gulf.pk).status_code == 422
    assert member(alice).branch is None


def test_an_admin_works_for_the_whole_company(client, dana, alice, halcyon):
    north = halcyon.branches.get(enphase_id=81)
    client.force_login(dana)
    assert change(client, alice, role="admin", branch=north.pk).status_code == 422
    assert member(alice).role == "installer"


def test_role_that_does_not_exist(client, dana, alice):
    client.force_login(dana)
    assert change(client, alice, role="owner", branch="").status_code == 422
    assert member(alice).role == "installer"


def test_nobody_changes_or_removes_themselves(client, dana, alice):
    client.force_login(dana)
    response = change(client, dana, role="viewer", branch="")
    assert response.status_code == 422
    assert "Nobody changes their own role" in response.content.decode()
    url = reverse("companies:remove-member", args=[member(dana).pk])
    assert client.post(url).status_code == 422
    assert member(dana).role == "admin"


def test_the_last_admin_stays(client, dana, alice, halcyon):
    second = make_user("dora@halcyon.example", "Dora Lang", halcyon, "admin")
    client.force_login(second)
    assert change(client, dana, role="viewer", branch="").status_code == 302
    # Somebody without a sign-in is no admin to rely on.
    second.is_active = False
    second.save()
    first = member(second)
    third = make_user("dory@halcyon.example", "Dory Lang", halcyon, "admin")
    client.force_login(third)
    assert client.post(reverse("companies:remove-member", args=[first.pk])).status_code == 302
    assert Membership.objects.filter(company=halcyon, role="admin").count() == 1


def test_removed_person_sees_nothing_from_the_next_click_on(client, dana, alice, django_user_model):
    client.force_login(alice)
    assert "Halcyon Solar North" in client.get(reverse("companies:list")).content.decode()
    other = type(client)()
    other.force_login(dana)
    url = reverse("companies:remove-member", args=[member(alice).pk])
    assert other.get(url).status_code == 200
    assert other.post(url).status_code == 302
    assert "Halcyon" not in client.get(reverse("companies:list")).content.decode()
    assert AuditEvent.objects.get().tag == "member:removed"


PAGES = ["companies:change-member", "companies:remove-member"]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize(
    ("person", "status"), [("alice", 403), ("bob", 403), ("charlie", 404), ("sam", 403)]
)
def test_who_may_not_change_members(client, dana, bob, request, page, person, status):
    user = request.getfixturevalue(person)
    client.force_login(user)
    url = reverse(page, args=[member(bob).pk])
    before = member(bob).describe()
    assert client.get(url).status_code == status
    assert client.post(url, {"role": "admin", "branch": ""}).status_code == status
    assert member(bob).describe() == before


@pytest.mark.parametrize(
    ("person", "status"), [("alice", 403), ("bob", 403), ("charlie", 422), ("sam", 404)]
)
def test_who_may_not_add_members(client, halcyon, erin, request, person, status):
    user = request.getfixturevalue(person)
    client.force_login(user)
    data = {"email": "erin@example.com", "role": "x", "branch": ""}
    assert client.post(reverse("companies:add-member"), data).status_code == status
    assert not Membership.objects.filter(user=erin).exists()
