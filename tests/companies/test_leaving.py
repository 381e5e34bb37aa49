"""What somebody who leaves still holds, and how it passes to somebody else."""

import pytest
from django.template.loader import render_to_string

from activations.models import Draft
from companies import leaving
from companies.homeowners.services import queue_home_owner
from companies.models import Membership
from portal.operations import runner
from portal.operations.models import AuditEvent, Operation, Run, State
from portal.ui.errors import Refused
from tests.conftest import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy(halcyon, alice):
    """Alice has a change on its way, one that is done, and a draft."""
    open_one = queue_home_owner(halcyon, "a@example.com", "Ann", "Lee", "", alice)
    done = queue_home_owner(halcyon, "b@example.com", "Bo", "Lee", "", alice)
    Operation.objects.filter(pk=done.pk).update(state=State.DONE)
    draft = Draft.objects.create(company=halcyon, author=alice, data={"site": {}})
    return open_one, draft


def held(company, user):
    return {holding.kind.name: holding.count for holding in leaving.held_by(company, user)}


def test_open_work_is_found_and_finished_work_is_not(halcyon, alice, busy):
    assert held(halcyon, alice) == {"operations": 1, "drafts": 1}


def test_nothing_is_held_by_others_or_elsewhere(halcyon, bluebonnet, alice, bob, busy):
    assert held(halcyon, bob) == {}
    assert held(bluebonnet, alice) == {}


def test_whose_account_connects_the_company_is_told(halcyon, dana):
    assert held(halcyon, dana) == {"connection": 1}


def test_all_passes_to_a_colleague_who_may_change_things(halcyon, alice, dana, busy):
    passed = leaving.hand_over(halcyon, alice, to=dana, actor=dana)
    assert passed == {"operations": 1, "drafts": 1}
    assert held(halcyon, alice) == {}
    open_one, draft = busy
    open_one.refresh_from_db()
    draft.refresh_from_db()
    assert (open_one.actor, draft.author) == (dana, dana)
    # Who asked for it stays on record.
    assert open_one.actor_name == "Alice Ferrer"
    event = AuditEvent.objects.get(tag="member:handed-over")
    assert (event.actor_name, event.data["passed"]) == ("Dana Whitfield", passed)


@pytest.mark.parametrize("person", ["bob", "charlie", "sam", "alice"])
def test_it_passes_to_nobody_who_may_not(halcyon, alice, busy, request, person):
    to = request.getfixturevalue(person)
    with pytest.raises(Refused):
        leaving.hand_over(halcyon, alice, to=to, actor=alice)
    assert held(halcyon, alice) == {"operations": 1, "drafts": 1}


def test_operation_handed_over_is_sent_after_its_first_owner_has_left(
    halcyon, alice, dana, busy, world
):
    leaving.hand_over(halcyon, alice, to=dana, actor=dana)
    Membership.objects.filter(user=alice).delete()
    runner.run(busy[0].pk)
    assert Operation.objects.get(pk=busy[0].pk).state == State.DONE
    assert len(world.writes("create_home_owner")) == 1


def make_run(company, maker, state="running", **fields):
    return Run.objects.create(
        kind="grid-profile",
        title="Set grid profile",
        state=state,
        company=company,
        created_by=maker,
        created_name=str(maker),
        **fields,
    )


@pytest.mark.parametrize("state", ["waiting", "running", "paused"])
def test_bulk_run_that_waits_or_goes_passes_on(halcyon, alice, dana, state):
    run = make_run(halcyon, alice, state)
    assert held(halcyon, alice) == {"runs": 1}
    assert leaving.hand_over(halcyon, alice, to=dana, actor=dana) == {"runs": 1}
    run.refresh_from_db()
    assert (run.created_by, run.created_name, run.state) == (dana, "Alice Ferrer", state)
    assert held(halcyon, alice) == {}


@pytest.mark.parametrize("state", ["previewed", "finished", "cancelled"])
def test_bulk_run_that_sends_nothing_is_not_held(halcyon, alice, state):
    make_run(halcyon, alice, state)
    assert held(halcyon, alice) == {}


def test_bulk_run_does_not_pass_to_who_approved_it_or_may_not_do_it(halcyon, alice, dana):
    make_run(halcyon, alice, approved_by=dana)
    free = make_run(halcyon, alice)
    unknown = make_run(halcyon, alice)
    Run.objects.filter(pk=unknown.pk).update(kind="of-another-version")
    assert leaving.hand_over(halcyon, alice, to=dana, actor=dana) == {"runs": 1}
    free.refresh_from_db()
    assert free.created_by == dana
    assert held(halcyon, alice) == {"runs": 2}


def test_panel_names_five_and_counts_the_rest(halcyon):
    person = make_user("max@halcyon.example", "Max Berg", halcyon, "installer")
    for number in range(8):
        Draft.objects.create(
            company=halcyon, author=person, data={"site": {"system_name": f"House {number}"}}
        )
    panel = render_to_string(
        "companies/_holds.html", {"holdings": leaving.held_by(halcyon, person), "person": person}
    )
    assert panel.count("House ") == 5
    assert "And 3 more" in panel
    assert "Nothing is open" in render_to_string(
        "companies/_holds.html", {"holdings": [], "person": person}
    )
