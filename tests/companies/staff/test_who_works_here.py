"""Staff: both lists joined, invitations, roles, changes at Enphase, and saying goodbye."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from activations.models import Draft
from companies.models import Company, Membership
from companies.staff import services, sync
from companies.staff.models import Colleague, Invitation
from portal.connections.services import client_for
from portal.operations.models import AuditEvent, Operation, State
from tests.conftest import make_user

pytestmark = pytest.mark.django_db

NEW = {
    "email": "erin@example.com",
    "first_name": "Erin",
    "last_name": "Vasquez",
    "role": "installer",
    "branch": "",
}


def member(user):
    return Membership.objects.get(user=user)


def tags():
    return list(AuditEvent.objects.order_by("pk").values_list("tag", flat=True))


def invite(client, on_commit, **changes):
    with on_commit():
        return client.post(reverse("staff:new"), NEW | changes)


def link_of(message):
    return re.search(r"http://testserver(/staff/join/\S+)", message.body)[1]


# ------------------------------------------------------------------ the list


def test_list_joins_members_and_users_of_enphase(client, dana, alice, bob, halcyon, world):
    assert sync.read_staff(halcyon, names=True) == ""
    people = {person.email: person for person in services.people_of(halcyon, dana)}
    assert people["dana@halcyon.example"].where == "both"
    assert people["alice@halcyon.example"].where == "here"
    there = people["noah@halcyon.example"]
    assert there.where == "enphase"
    assert there.branch == "Halcyon Solar North"
    assert there.colleague.read_at
    client.force_login(dana)
    hits = world.hits
    page = client.get(reverse("staff:list")).content.decode()
    assert world.hits == hits
    assert "Bob Lindqvist" in page
    assert "noah@halcyon.example" in page
    only = client.get(reverse("staff:list"), {"who": "enphase"}).content.decode()
    assert "Bob Lindqvist" not in only
    found = client.get(reverse("staff:list"), {"q": "lindq"}).content.decode()
    assert "Alice Ferrer" not in found


def test_list_costs_few_queries(client, dana, halcyon, django_assert_max_num_queries):
    for number in range(30):
        make_user(f"p{number}@halcyon.example", f"Person {number}", halcyon, "viewer")
    client.force_login(dana)
    client.get(reverse("staff:list"))
    with django_assert_max_num_queries(9):
        client.get(reverse("staff:list"))


def test_page_asks_for_a_list_that_was_never_read(client, dana, halcyon, world):
    client.force_login(dana)
    assert 'hx-trigger="load"' in client.get(reverse("staff:list")).content.decode()
    hits = world.hits
    client.post(reverse("staff:refresh"))
    assert world.hits == hits + sync.hits_of(halcyon)
    page = client.get(reverse("staff:list")).content.decode()
    assert 'hx-trigger="load"' not in page
    assert "noah@halcyon.example" in page


def test_who_leaves_enphase_is_shown_as_gone(halcyon, dana, world):
    sync.read_staff(halcyon, names=False)
    left = Colleague.objects.create(company=halcyon, enphase_id=1, email="left@example.com")
    sync.read_staff(halcyon, names=False)
    left.refresh_from_db()
    assert left.gone_at
    assert "left@example.com" not in {one.email for one in services.people_of(halcyon, dana)}


def test_who_is_added_while_the_list_is_read_stays(halcyon, dana, world):
    began = timezone.now()
    sync.read_staff(halcyon, names=False)
    Colleague.objects.create(
        company=halcyon, enphase_id=1, email="new@example.com", read_at=timezone.now()
    )
    sync.store(halcyon, {}, began=began)
    assert [one.email for one in Colleague.objects.filter(gone_at=None)] == ["new@example.com"]


@pytest.mark.parametrize("fault", ["html", "bad_json", "truncated"])
def test_bad_answer_keeps_the_list_and_says_why(client, dana, halcyon, world, fault):
    sync.read_staff(halcyon, names=False)
    before = list(Colleague.objects.filter(gone_at=None).values_list("email", flat=True))
    world.fault("list_company_users", fault, status=502, times=20)
    client.force_login(dana)
    client.post(reverse("staff:refresh"))
    assert list(Colleague.objects.filter(gone_at=None).values_list("email", flat=True)) == before
    assert 'class="warn-ink" role="status"' in client.get(reverse("staff:list")).content.decode()


# ------------------------------------------------------------------ invitations


def test_invited_person_makes_a_sign_in_and_joins(client, dana, halcyon, on_commit):
    north = halcyon.branches.get(enphase_id=81)
    client.force_login(dana)
    assert invite(client, on_commit, branch=north.pk).status_code == 302
    link = link_of(mail.outbox[0])
    assert mail.outbox[0].to == ["erin@example.com"]
    client.logout()
    page = client.get(link).content.decode()
    assert "Halcyon Solar invites you" in page
    signup = client.post(link).url
    assert "email=erin%40example.com" in signup
    answer = client.post(
        signup,
        {
            "email": "erin@example.com",
            "password1": "correct-horse-battery",
            "password2": "correct-horse-battery",
            "next": link,
        },
    )
    # The link came by e-mail: the address needs no second proof.
    assert answer.url == link
    assert client.post(link).url == reverse("home")
    joined = Membership.objects.get(user__email="erin@example.com")
    assert (joined.role, joined.branch, joined.user.name) == ("installer", north, "Erin Vasquez")
    assert tags() == ["invitation:sent", "invitation:accepted"]
    assert client.post(link).status_code == 409


def test_invitation_is_for_its_address_only(client, dana, alice, charlie, halcyon, on_commit):
    client.force_login(dana)
    invite(client, on_commit)
    link = link_of(mail.outbox[0])
    client.force_login(charlie)
    answer = client.post(link)
    assert answer.status_code == 409
    assert "It was sent to another address" in answer.content.decode()
    assert not charlie.memberships.filter(company=halcyon).exists()


def test_sent_again_ends_the_link_before(client, dana, on_commit):
    client.force_login(dana)
    invite(client, on_commit)
    row = Invitation.objects.get()
    again = reverse("staff:send-again", args=[row.pk])
    with on_commit():
        client.post(again)
    assert len(mail.outbox) == 1  # less than a minute ago
    Invitation.objects.update(
        sent_at=timezone.now() - timedelta(days=9), expires_at=timezone.now() - timedelta(days=2)
    )
    assert client.get(link_of(mail.outbox[0])).status_code == 409
    with on_commit():
        client.post(again)
    first, second = (link_of(message) for message in mail.outbox)
    assert client.get(first).status_code == 404
    assert client.get(second).status_code != 404
    row.refresh_from_db()
    assert row.times_sent == 2
    assert row.expires_at > timezone.now() + timedelta(days=6)


def test_withdrawn_invitation_does_nothing(client, dana, on_commit):
    client.force_login(dana)
    invite(client, on_commit)
    client.post(reverse("staff:withdraw", args=[Invitation.objects.get().pk]))
    client.logout()
    answer = client.get(link_of(mail.outbox[0]))
    assert "This invitation was withdrawn." in answer.content.decode()
    # The address is free for a new one.
    client.force_login(dana)
    assert invite(client, on_commit).status_code == 302


@pytest.mark.parametrize(
    ("email", "words"),
    [
        ("ALICE@halcyon.example", "works for Halcyon Solar already"),
        ("sam@ridgeline.example", "Support staff"),
        ("no address", "Enter a valid email address"),
    ],
)
def test_who_cannot_be_invited_and_why(client, dana, alice, sam, on_commit, email, words):
    client.force_login(dana)
    answer = invite(client, on_commit, email=email)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert words in page
    assert "Vasquez" in page
    assert not mail.outbox


def test_same_address_is_invited_once(client, dana, on_commit):
    client.force_login(dana)
    invite(client, on_commit)
    Invitation.objects.update(sent_at=timezone.now() - timedelta(minutes=5))
    answer = invite(client, on_commit, email="ERIN@example.com")
    assert "invited already" in answer.content.decode()
    assert Invitation.objects.count() == 1


def test_somebody_of_two_companies_has_one_sign_in(client, dana, charlie, halcyon, on_commit):
    client.force_login(dana)
    invite(client, on_commit, email=charlie.email)
    client.force_login(charlie)
    client.post(link_of(mail.outbox[0]))
    charlie = type(charlie).objects.get(pk=charlie.pk)
    assert {one.company.name for one in charlie.roles} == {"Bluebonnet Energy", "Halcyon Solar"}
    page = client.get(reverse("companies:list")).content.decode()
    assert "Your companies" in page


def test_expired_invitation_is_shown_first_with_who_invited(client, dana, on_commit):
    client.force_login(dana)
    invite(client, on_commit)
    invite(client, on_commit, email="zoe@example.com", first_name="Zoe")
    assert not any(view["warn"] for view in client.get(reverse("staff:list")).context["views"])
    Invitation.objects.filter(email="zoe@example.com").update(expires_at=timezone.now())
    answer = client.get(reverse("staff:list"))
    invited = [one.email for one in answer.context["people"] if one.where == "invited"]
    assert invited == ["zoe@example.com", "erin@example.com"]
    assert [view["label"] for view in answer.context["views"] if view["warn"]] == ["Invited"]
    assert "Invited by Dana Whitfield" in answer.content.decode()


def test_form_sent_twice_invites_once_and_complains_about_nothing(client, dana, world, on_commit):
    token = "6f2d3c1e-6f0a-4a53-9f60-0d7a3c1f2b11"
    client.force_login(dana)
    answers = [invite(client, on_commit, at_enphase="on", token=token) for _ in range(2)]
    assert answers[0].url == answers[1].url
    assert len(world.writes("create_company_user")) == 1
    assert len(mail.outbox) == 1
    assert invite(client, on_commit, email="two@example.com").url == reverse("staff:list")
    assert invite(client, on_commit, email="two@example.com").url == reverse("staff:list")
    assert len(mail.outbox) == 2


@pytest.mark.parametrize("is_required", [True, False])
def test_list_says_who_lacks_a_second_factor(client, dana, alice, settings, is_required):
    client.force_login(dana)
    settings.REQUIRE_SECOND_FACTOR = is_required
    people = {one.email: one for one in services.people_of(dana.roles[0].company, dana)}
    assert people[dana.email].must_add_factor is is_required
    assert not people[alice.email].must_add_factor
    settings.REQUIRE_SECOND_FACTOR = False  # or dana would be led away to add one
    only = client.get(reverse("staff:list"), {"who": "factorless"})
    assert {one.email for one in only.context["people"]} == {dana.email, alice.email}


# ------------------------------------------------------------------ at Enphase


def test_added_at_enphase_and_invited_in_one_go(client, dana, halcyon, world, on_commit):
    client.force_login(dana)
    answer = invite(client, on_commit, at_enphase="on", phone="707 555 0133")
    operation = Operation.objects.get()
    assert answer.url == reverse("operations:detail", args=[operation.pk])
    assert operation.state == State.DONE
    assert len(world.writes("create_company_user")) == 1
    with client_for(halcyon.pk) as enphase:
        match = enphase.users.search_users("erin@example.com")
        user = enphase.users.get_user(match.user_id)
    assert (match.company_id, user.name, user.phone) == (9, "Erin Vasquez", "707 555 0133")
    assert Colleague.objects.get(email="erin@example.com").enphase_id == match.user_id
    assert len(mail.outbox) == 1


def test_lost_reply_adds_one_person(client, dana, world, on_commit):
    world.fault("create_company_user", "lost_reply")
    client.force_login(dana)
    invite(client, on_commit, at_enphase="on")
    operation = Operation.objects.get()
    assert operation.state == State.UNKNOWN
    from portal.operations import runner

    Operation.objects.update(not_before=timezone.now())
    runner.run(operation.pk)
    operation.refresh_from_db()
    assert operation.state == State.DONE
    executed = [write for write in world.writes("create_company_user") if write["executed"]]
    assert len(executed) == 1


def test_address_of_somebody_else_is_refused_in_words(client, dana, world, on_commit):
    client.force_login(dana)
    invite(client, on_commit, email="tess@bluebonnet.example", at_enphase="on")
    operation = Operation.objects.get()
    assert operation.state == State.REJECTED or operation.state == State.FAILED
    assert "outside this company" in operation.message
    assert not world.writes("create_company_user")


def test_change_at_enphase(client, dana, halcyon, world, on_commit):
    sync.read_staff(halcyon, names=True)
    noah = Colleague.objects.get(email="noah@halcyon.example")
    client.force_login(dana)
    url = reverse("staff:colleague", args=[noah.pk])
    assert noah.first_name in client.get(url).content.decode()
    data = {
        "email": noah.email,
        "first_name": "Noah",
        "last_name": "Lindgren-Okafor",
        "phone": "",
        "enlighten_emails": "on",
    }
    with on_commit():
        client.post(url, data)
    operation = Operation.objects.get()
    assert operation.state == State.DONE
    with client_for(halcyon.pk) as enphase:
        user = enphase.users.get_user(noah.enphase_id)
    assert (user.last_name, user.enlighten_emails) == ("Lindgren-Okafor", True)
    noah.refresh_from_db()
    assert noah.last_name == "Lindgren-Okafor"


def test_changed_meanwhile_at_enphase_is_a_conflict(client, dana, halcyon, world, on_commit):
    sync.read_staff(halcyon, names=True)
    noah = Colleague.objects.get(email="noah@halcyon.example")
    with client_for(halcyon.pk) as enphase:
        enphase.companies.update_company_user(81, noah.enphase_id, last_name="Somebody else")
    client.force_login(dana)
    with on_commit():
        services.queue_change(
            noah,
            changes={"last_name": "Mine"},
            base={"last_name": noah.last_name},
            actor=dana,
        )
    assert Operation.objects.get().state == State.CONFLICT


def test_nameless_colleague_is_read_before_it_is_changed(client, dana, halcyon):
    sync.read_staff(halcyon, names=False)
    noah = Colleague.objects.get(email="noah@halcyon.example")
    client.force_login(dana)
    page = client.get(reverse("staff:colleague", args=[noah.pk])).content.decode()
    assert "Only the address is known" in page
    assert 'name="first_name"' not in page


# ------------------------------------------------------------------ roles


def change(client, who, **data):
    return client.post(reverse("staff:member", args=[member(who).pk]), data)


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
    url = reverse("staff:goodbye", args=[member(dana).pk])
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
    assert client.post(reverse("staff:goodbye", args=[first.pk])).status_code == 302
    assert Membership.objects.filter(company=halcyon, role="admin").count() == 1


@pytest.mark.parametrize("person", ["alice", "bob", "dana", "charlie", "sam"])
def test_everybody_may_read_what_roles_may_do(client, request, person):
    client.force_login(request.getfixturevalue(person))
    page = client.get(reverse("staff:roles")).content.decode()
    assert "Decide who works here" in page


# ------------------------------------------------------------------ goodbye


def test_open_work_passes_before_somebody_goes(client, dana, alice, halcyon):
    operation = Operation.objects.create(
        kind="activation.update", key="k", title="Rename", company=halcyon, actor=alice
    )
    draft = Draft.objects.create(company=halcyon, author=alice)
    client.force_login(dana)
    url = reverse("staff:goodbye", args=[member(alice).pk])
    page = client.get(url).content.decode()
    assert "Rename" in page
    refused = client.post(url)
    assert refused.status_code == 422
    assert "Choose who takes over" in refused.content.decode()
    assert Membership.objects.filter(user=alice).exists()
    assert client.post(url, {"to": dana.pk}).status_code == 302
    operation.refresh_from_db()
    draft.refresh_from_db()
    assert (operation.actor, draft.author) == (dana, dana)
    assert not Membership.objects.filter(user=alice).exists()
    assert tags() == ["member:handed-over", "member:removed"]


def test_viewers_cannot_take_over(client, dana, alice, bob, halcyon):
    Draft.objects.create(company=halcyon, author=alice)
    client.force_login(dana)
    url = reverse("staff:goodbye", args=[member(alice).pk])
    assert client.post(url, {"to": bob.pk}).status_code == 422
    assert Membership.objects.filter(user=alice).exists()


def test_removed_person_sees_nothing_from_the_next_click_on(client, dana, alice):
    client.force_login(alice)
    assert "Halcyon Solar North" in client.get(reverse("companies:list")).content.decode()
    other = type(client)()
    other.force_login(dana)
    url = reverse("staff:goodbye", args=[member(alice).pk])
    assert other.get(url).status_code == 200
    assert other.post(url).status_code == 302
    assert "Halcyon" not in client.get(reverse("companies:list")).content.decode()
    assert AuditEvent.objects.get().tag == "member:removed"


# ------------------------------------------------------------------ who may


@pytest.mark.parametrize("page", ["staff:member", "staff:goodbye"])
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
    ("person", "status"), [("alice", 403), ("bob", 403), ("charlie", 302), ("sam", 404)]
)
def test_admins_invite_to_their_own_company_only(
    client, halcyon, request, on_commit, person, status
):
    client.force_login(request.getfixturevalue(person))
    assert invite(client, on_commit).status_code == status
    assert not Invitation.objects.filter(company=halcyon).exists()
