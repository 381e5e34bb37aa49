"""Home owners at Enlighten: looked up first, created once, and told nobody else about."""

import uuid

import pytest
from django.utils import timezone

from activations.models import Activation
from companies.homeowners.models import HomeOwner, SiteAccess
from companies.homeowners.services import (
    LookUpFailed,
    digest_of,
    find_owner,
    queue_access,
    queue_home_owner,
)
from portal.operations import runner
from portal.operations.models import AuditEvent, Operation, State
from portal.operations.queue import Busy
from portal.ui.errors import Refused
from portal.users import limits

KNOWN = "ada.okafor@example.com"
NEW = "grace.lund@example.com"


def step(operation):
    """One step of the worker, now."""
    Operation.objects.filter(pk=operation.pk).update(not_before=timezone.now())
    runner.run(operation.pk)
    return Operation.objects.get(pk=operation.pk)


def create(company, actor, email=NEW, **fields):
    names = {"first_name": "Grace", "last_name": "Lund", "phone": "+1 707 555 0199", **fields}
    return queue_home_owner(company, email, actor=actor, **names)


def test_known_address_is_found_for_one_hit(halcyon, alice, world):
    found = find_owner(halcyon, f"  {KNOWN.upper()} ", alice)
    assert (found.user_id, found.email) == (3001, KNOWN)
    assert not found.is_staff
    assert found.home_owner.company == halcyon
    assert world.hits == 1


def test_installers_staff_is_told_apart(halcyon, alice, world):
    assert find_owner(halcyon, "dana@halcyon.example", alice).is_staff


def test_unknown_address_is_nobody(halcyon, alice, world):
    assert find_owner(halcyon, NEW, alice) is None
    assert not HomeOwner.objects.exists()


def test_every_look_up_is_in_the_trail_without_the_address(halcyon, alice, world):
    find_owner(halcyon, KNOWN, alice)
    find_owner(halcyon, NEW, alice)
    world.fault("search_users", "html", status=502, times=9)
    with pytest.raises(LookUpFailed, match="no usable answer"):
        find_owner(halcyon, NEW, alice)
    events = list(AuditEvent.objects.order_by("pk"))
    assert [event.data["outcome"] for event in events] == ["found", "nobody", "no answer"]
    assert {event.tag for event in events} == {"home-owner:looked-up"}
    assert {event.actor_name for event in events} == {"Alice Ferrer"}
    assert events[0].data["address"] == digest_of(KNOWN)
    assert "@" not in repr([(event.text, event.data) for event in events])


def test_addresses_cannot_be_tried_by_the_hundred(halcyon, alice, world):
    for _ in range(60):
        limits.count("find-owner", alice.pk, most=60, minutes=60)
    with pytest.raises(limits.TooOften):
        find_owner(halcyon, KNOWN, alice)
    assert world.hits == 0


def test_two_companies_keep_their_own_rows(halcyon, bluebonnet, alice, charlie, world):
    first = find_owner(halcyon, KNOWN, alice).home_owner
    second = find_owner(bluebonnet, KNOWN, charlie).home_owner
    assert first.pk != second.pk
    assert list(HomeOwner.objects.for_user(alice)) == [first]
    assert list(HomeOwner.objects.for_user(charlie)) == [second]


def test_home_owner_is_created_once(halcyon, alice, world):
    operation = step(create(halcyon, alice))
    assert operation.state == State.DONE
    owner = HomeOwner.objects.get()
    assert (owner.email, owner.name, owner.company) == (NEW, "Grace Lund", halcyon)
    assert operation.result["user_id"] == owner.enphase_id
    assert [write["executed"] for write in world.writes("create_home_owner")] == [True]
    assert operation.cost_cents == 0


def test_same_form_or_same_address_twice_is_one_operation(halcyon, alice, world):
    token = uuid.uuid4()
    first = create(halcyon, alice, token=token)
    assert create(halcyon, alice, token=token) == first
    assert create(halcyon, alice) == first
    with pytest.raises(Busy):
        create(halcyon, alice, last_name="Another")


def test_lost_reply_is_looked_up_not_sent_again(halcyon, alice, world):
    world.fault("create_home_owner", "lost_reply")
    operation = step(create(halcyon, alice))
    assert operation.state == State.UNKNOWN
    operation = step(operation)
    assert operation.state == State.DONE
    assert HomeOwner.objects.get().enphase_id == operation.result["user_id"]
    assert len(world.writes("create_home_owner")) == 1


def test_address_taken_meanwhile_is_used_as_it_is(halcyon, alice, world):
    operation = step(create(halcyon, alice, email=KNOWN))
    assert operation.state == State.DONE
    assert operation.result["user_id"] == 3001
    assert HomeOwner.objects.get().enphase_id == 3001
    assert world.writes() == []


def test_address_and_phone_stay_out_of_the_trail(halcyon, alice, world):
    operation = step(create(halcyon, alice))
    trail = repr(list(operation.events.values("text", "data")))
    assert NEW not in trail
    assert "555" not in trail


def test_viewer_cannot_cause_it_even_if_it_was_queued(halcyon, bob, world):
    operation = step(create(halcyon, bob))
    assert operation.state == State.FAILED
    assert world.writes() == []


@pytest.fixture
def site(halcyon):
    return Activation.objects.create(
        company=halcyon, system_id=701, name="Okafor residence", updated_at=timezone.now()
    )


@pytest.fixture
def ada(halcyon, alice, world):
    return find_owner(halcyon, KNOWN, alice).home_owner


def test_access_is_given_and_taken_away(site, ada, alice, world):
    operation = queue_access(site, ada, grant=True, actor=alice)
    access = SiteAccess.objects.get()
    assert access.state == "not_invited"
    assert step(operation).state == State.DONE
    access.refresh_from_db()
    assert access.state == "has_access"
    assert access.granted_at
    assert step(queue_access(site, ada, grant=False, actor=alice)).state == State.DONE
    access.refresh_from_db()
    assert access.state == "revoked"
    done = [write["operation"] for write in world.writes()]
    assert done == ["grant_activation_access", "revoke_activation_access"]


def test_lost_grant_is_repeated_because_that_is_harmless(site, ada, alice, world):
    world.fault("grant_activation_access", "lost_reply")
    operation = step(queue_access(site, ada, grant=True, actor=alice))
    assert operation.state == State.UNKNOWN
    for _ in range(3):
        operation = step(operation)
    assert operation.state == State.DONE
    assert SiteAccess.objects.get().state == "has_access"


def test_grant_that_enphase_refuses_is_not_shown_as_access(site, ada, alice, world):
    world.fault("grant_activation_access", "status", status=422)
    operation = step(queue_access(site, ada, grant=True, actor=alice))
    assert operation.state == State.REJECTED
    assert SiteAccess.objects.get().state == "not_invited"


def test_home_owner_of_another_company_gets_no_access(site, bluebonnet, charlie, alice, world):
    stranger = find_owner(bluebonnet, KNOWN, charlie).home_owner
    with pytest.raises(Refused):
        queue_access(site, stranger, grant=True, actor=alice)
    assert not SiteAccess.objects.exists()


def test_access_rows_follow_the_site(site, ada, alice, bob, charlie, sam):
    SiteAccess.objects.create(activation=site, home_owner=ada)
    seen = {
        person.name: SiteAccess.objects.for_user(person).count()
        for person in (alice, bob, charlie, sam)
    }
    assert list(seen.values()) == [1, 1, 0, 1]
