"""A change is sent once, whatever is done twice around it."""

import uuid

import pytest
from django.db import IntegrityError, transaction

from portal.operations import claims, runner
from portal.operations.models import Attempt, Operation, State
from portal.operations.queue import Busy, queue_write
from portal.operations.registry import WRITES

from .conftest import sample_mode, step

pytestmark = pytest.mark.django_db


def test_a_create_is_sent_and_done(create, world):
    operation = step(create())
    assert operation.state == State.DONE
    assert operation.result["system_id"]
    assert world.creates == 1
    tags = list(operation.events.order_by("pk").values_list("tag", flat=True))
    assert tags == ["operation:queued", "operation:sent", "operation:done"]
    assert operation.hits == 1


def test_running_it_again_sends_nothing(create, world):
    operation = step(create())
    for _ in range(3):
        runner.run(operation.pk)
    assert world.creates == 1


def test_the_same_form_twice_is_one_operation(create):
    token = uuid.uuid4()
    first = create(token=token)
    assert create(reference="OTHER1ABCDEFS", token=token) == first
    assert Operation.objects.count() == 1


def test_the_same_change_from_two_tabs_is_one_operation(create):
    assert create() == create()


def test_another_change_under_the_same_key_is_refused_while_one_is_open(rename):
    rename("One")
    with pytest.raises(Busy):
        rename("Two")


def test_the_token_of_another_company_gives_nothing_away(create, bluebonnet, charlie):
    first = create(token=uuid.uuid4())
    with pytest.raises(Exception, match=r"(?i)unique"):
        create(reference="X", token=first.token, company=bluebonnet, actor=charlie, key="create:X")


def test_a_second_worker_finds_it_taken(create, world):
    operation = create()
    first = Operation.objects.due().get(pk=operation.pk)
    assert claims.take(first, WRITES[first.kind]) is not None
    assert claims.take(first, WRITES[first.kind]) is None
    runner.run(operation.pk)
    assert world.creates == 0


def test_an_answer_after_the_lease_is_over_changes_nothing(create):
    operation = create()
    claim = claims.take(operation, WRITES[operation.kind])
    Operation.objects.filter(pk=operation.pk).update(fence=99)
    claims.update(claim, State.DONE, tag="operation:done")
    assert Operation.objects.get(pk=operation.pk).state == State.SENDING


def test_a_worker_that_slept_past_its_lease_does_not_send(create, world, settings):
    settings.OPERATIONS_LEASE_SECONDS = -1.0
    operation = create()
    runner.run(operation.pk)
    assert world.creates == 0
    assert runner.mark_stranded() == 1
    settings.OPERATIONS_LEASE_SECONDS = 300.0
    operation = step(operation)
    assert operation.state == State.DONE
    assert operation.attempts.last().ground == "unsent"
    assert world.creates == 1


def test_a_second_permit_without_a_ground_is_impossible(create):
    operation = create()
    Attempt.objects.create(operation=operation, number=1, fence=1, ground="first")
    for ground, name in [("first", ""), ("approved", "")]:
        with pytest.raises(IntegrityError), transaction.atomic():
            Attempt.objects.create(
                operation=operation, number=2, fence=2, ground=ground, approver_name=name
            )


def test_changes_of_one_site_go_in_order(rename, create, halcyon, alice):
    first = rename("One")
    Operation.objects.filter(pk=first.pk).update(site_key="activation:7")
    second = queue_write(
        sample_mode,
        key="mode:701",
        payload={"system_id": 701, "mode": "on"},
        company=halcyon,
        actor=alice,
        title="On",
    )
    Operation.objects.filter(pk=second.pk).update(site_key="activation:7")
    assert list(Operation.objects.due().order_by("pk")) == [first]
    step(first)
    assert list(Operation.objects.due()) == [second]


def test_the_rights_of_the_person_are_checked_when_it_is_sent(create, alice, world):
    operation = create()
    alice.memberships.update(role="viewer")
    operation = step(operation)
    assert operation.state == State.FAILED
    assert "may no longer" in operation.message
    assert world.creates == 0


def test_a_payload_of_a_newer_version_is_refused_visibly(create, world):
    operation = create()
    Operation.objects.filter(pk=operation.pk).update(version=9)
    operation = step(operation)
    assert operation.state == State.FAILED
    assert "another version" in operation.message
    assert world.creates == 0


def test_a_kind_nobody_knows_fails_visibly(create):
    operation = create()
    Operation.objects.filter(pk=operation.pk).update(kind="gone.away")
    assert step(operation).state == State.FAILED
