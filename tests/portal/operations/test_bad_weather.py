"""What Enphase may answer, and what becomes of the operation."""

from datetime import timedelta

import pytest
from django.utils import timezone

from portal.connections.models import Account
from portal.operations import runner, services
from portal.operations.looking import MAX_LOOKS
from portal.operations.models import LookUp, Operation, State
from portal.operations.outcomes import LOOK_UP_SECONDS
from portal.operations.queue import queue_write
from portal.operations.sending import BREAKER_LIMIT
from portal.usage.models import Allowance

from .conftest import sample_mode, step

pytestmark = pytest.mark.django_db

LOST = [
    ("lost_reply", {}),
    ("reset", {}),
    ("truncated", {}),
    ("bad_json", {}),
    ("html", {"status": 200}),
]


@pytest.mark.parametrize(("kind", "parameters"), LOST)
def test_a_lost_reply_is_looked_up_and_never_sent_again(kind, parameters, create, world):
    world.fault("create_activation", kind, **parameters)
    operation = step(create())
    assert operation.state == State.UNKNOWN
    assert "not sure it worked" in operation.message
    runner.run(operation.pk)  # not due yet: the first look comes after a while
    assert world.creates <= 1
    executed = world.creates
    operation = step(operation)
    if executed:
        assert operation.state == State.DONE
        assert operation.look_ups.get().finding == LookUp.Finding.MATCH
    else:
        assert operation.state == State.UNKNOWN
    assert len(world.writes("create_activation")) <= 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_ends_with_a_person_who_may_send_again(
    status, create, world, dana, settings
):
    settings.OPERATIONS_TIME_SCALE = 0.0
    world.fault("create_activation", "status", status=status)
    operation = step(create())
    assert operation.state == State.UNKNOWN
    for _ in LOOK_UP_SECONDS:
        operation = step(operation)
    assert operation.state == State.NEEDS_REVIEW
    assert world.creates == 0

    services.send_again(operation, reason="looked in Enlighten, not there", actor=dana)
    operation = step(operation)
    assert operation.state == State.DONE
    assert world.creates == 1
    assert operation.attempts.last().approver_name == "Dana Whitfield"


def test_two_admins_who_both_click_send_again_send_once(create, dana):
    operation = create()
    Operation.objects.filter(pk=operation.pk).update(state=State.NEEDS_REVIEW)
    services.send_again(operation, reason="one", actor=dana)
    with pytest.raises(services.TooLate):
        services.send_again(operation, reason="two", actor=dana)


def test_a_late_commit_is_found_by_a_later_look(create, world, settings):
    settings.OPERATIONS_TIME_SCALE = 0.0
    world.fault("create_activation", "late_commit", seconds=60)
    operation = step(create())
    operation = step(operation)
    assert operation.state == State.UNKNOWN
    world.clock(advance_seconds=61)
    operation = step(operation)
    assert operation.state == State.DONE
    assert world.creates == 1


def test_a_look_up_whose_filter_is_ignored_proves_nothing(create, world, settings):
    settings.OPERATIONS_TIME_SCALE = 0.0
    world.fault("create_activation", "status", status=500)
    operation = step(create())
    world.fault("list_activations", "filter_ignored", times=100)
    for _ in range(4):
        operation = step(operation)
    assert operation.state == State.UNKNOWN
    assert operation.lookups == 0
    for _ in range(MAX_LOOKS):
        operation = step(operation)
    assert operation.state == State.NEEDS_REVIEW


def test_what_was_never_sent_is_tried_again_by_itself(create, world, settings):
    settings.OPERATIONS_TIME_SCALE = 0.0
    operation = create()
    Account.objects.get().application.__class__.objects.update(base_url="http://127.0.0.1:9")
    settings.ENPHASE_API_URL = "http://127.0.0.1:9"
    operation = step(operation)
    assert operation.state == State.QUEUED
    assert operation.attempts.get().outcome == "unsent"
    Account.objects.get().application.__class__.objects.update(base_url=world.url)
    settings.ENPHASE_API_URL = world.url
    operation = step(operation)
    assert operation.state == State.DONE
    assert operation.attempts.last().ground == "unsent"
    assert world.creates == 1


def test_the_minute_limit_waits_for_the_end_of_the_window(create, world):
    world.fault("create_activation", "rate_limited", period="minute")
    operation = step(create())
    assert operation.state == State.QUEUED
    assert timezone.now() < operation.not_before < timezone.now() + timedelta(minutes=2)
    assert "a minute are used up" in operation.message
    hits = world.hits
    # The window may be over this very second; here it is not.
    Allowance.objects.update(blocked_until=timezone.now() + timedelta(seconds=30))
    assert step(operation).state == State.QUEUED  # rung too early: Enphase is not asked again
    assert world.hits == hits
    Allowance.objects.update(blocked_until=None)
    assert step(operation).state == State.DONE
    assert world.creates == 1


def test_the_month_limit_pauses_and_does_not_retry(create, world):
    world.fault("create_activation", "rate_limited", period="month", times=50)
    operation = step(create())
    assert operation.state == State.PAUSED
    before = world.hits
    for _ in range(3):
        runner.resume_paused()
        runner.run(operation.pk)
    assert world.hits == before
    assert "monthly quota is used up" in operation.message


def test_a_refusal_is_told_in_words_and_not_retried(create, world):
    world.fault(
        "create_activation",
        "status",
        status=422,
        body={"errorCode": 11, "errorMessages": ["No active Envoys present in the site"]},
    )
    operation = step(create())
    assert operation.state == State.REJECTED
    assert operation.message == "This system has no active gateway. Add one, then retry."
    assert "No active Envoys" in operation.raw_error
    assert not operation.is_open


def test_a_revoked_token_is_renewed_once_and_the_change_goes_on(create, world):
    world.fault("create_activation", "token_revoked")
    operation = step(create())
    assert operation.state == State.QUEUED
    operation = step(operation)
    assert operation.state == State.DONE
    assert world.creates == 1


def test_a_site_of_somebody_else_is_refused_after_one_renewal(rename, world):
    operation = step(rename("Mine now", system_id=801))
    assert operation.state == State.QUEUED
    operation = step(operation)
    assert operation.state == State.REJECTED
    assert "no access" in operation.message


def test_a_dead_connection_parks_and_a_new_one_goes_on(create, halcyon, world):
    operation = create()
    Account.objects.filter(company=halcyon).update(state="needs_reconnect")
    runner.run(operation.pk)
    operation.refresh_from_db()
    assert operation.state == State.QUEUED  # not even taken up
    Account.objects.filter(company=halcyon).update(state="healthy")
    assert step(operation).state == State.DONE


def test_a_lost_update_is_read_back_and_repeated(rename, world, settings):
    settings.OPERATIONS_TIME_SCALE = 0.0
    world.fault("update_activation", "status", status=500)
    operation = step(rename("Second try"))
    assert operation.state == State.UNKNOWN
    operation = step(operation)
    assert operation.state == State.QUEUED
    operation = step(operation)
    assert operation.state == State.DONE
    assert operation.attempts.last().ground == "repeatable"


def test_production_is_followed_until_the_microinverters_obey(alice, halcyon, world):
    operation = queue_write(
        sample_mode,
        key="mode:701",
        payload={"system_id": 701, "mode": "on"},
        company=halcyon,
        actor=alice,
        title="Turn production on",
    )
    operation = step(operation)
    assert operation.state == State.CONFIRMING
    seen = set()
    for _ in range(30):
        operation = step(operation)
        if operation.progress:
            seen.add(operation.progress["done"])
        if operation.state == State.DONE:
            break
        world.clock(advance_seconds=1)
    assert operation.state == State.DONE
    assert operation.progress == {"done": 24, "total": 24, "unit": "producing"}
    assert len(seen) > 1


def test_a_gateway_that_stays_silent_becomes_overdue_and_then_a_persons(alice, halcyon, world):
    world.fault("get_production_mode", "status", status=500, times=1000)
    operation = queue_write(
        sample_mode,
        key="mode:701",
        payload={"system_id": 701, "mode": "on"},
        company=halcyon,
        actor=alice,
        title="Turn production on",
    )
    operation = step(operation)
    Operation.objects.filter(pk=operation.pk).update(sent_at=timezone.now() - timedelta(minutes=31))
    operation = step(operation)
    assert operation.state == State.OVERDUE
    Operation.objects.filter(pk=operation.pk).update(sent_at=timezone.now() - timedelta(hours=25))
    operation = step(operation)
    assert operation.state == State.NEEDS_REVIEW


def test_too_many_uncertain_creates_stop_further_ones_for_a_while(create, world):
    for number in range(BREAKER_LIMIT + 1):
        world.fault("create_activation", "status", status=500)
        step(create(reference=f"HAL{number}ABCDEFS"))
    late = step(create(reference="HAL9ABCDEFS"))
    assert late.state == State.QUEUED
    assert "wait a little" in late.message
    assert world.creates == 0
