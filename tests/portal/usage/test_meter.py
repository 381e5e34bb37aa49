"""Every call passes one shared limit and is written down; the sum is what Enphase counted."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from enphase import RateLimited
from portal.connections.models import Account
from portal.connections.services import client_for
from portal.usage import plan as plans
from portal.usage.meter import Meter
from portal.usage.models import Allowance, Hit, HourOfHits, WriteQuota

pytestmark = pytest.mark.django_db


@pytest.fixture
def meter(halcyon):
    application = Account.objects.get(company=halcyon).application
    return Meter(application.pk, halcyon.pk, sleep=lambda seconds: None)


@pytest.fixture
def tight(settings):
    """A plan that is used up after a few calls."""
    settings.USAGE_PLAN = {**settings.USAGE_PLAN, "per_minute": 30}


def test_every_hit_is_written_down_and_the_sum_is_that_of_enphase(halcyon, alice, world):
    with client_for(halcyon.pk, person_id=alice.pk) as client:
        client.users.get_current_user()
        client.users.search_users("nobody@example.com")
        client.activations.list_activations()
        with pytest.raises(Exception, match="authorized"):
            client.activations.get_activation(801)
    ledger = world.ledger()
    assert Hit.objects.count() == ledger["hits"]
    counted = {row.endpoint: row.hits for row in HourOfHits.objects.filter(company=halcyon)}
    assert counted == {name: n for name, n in ledger["by_operation"].items() if n}
    assert Allowance.objects.get().month_hits == ledger["hits"]
    assert set(Hit.objects.values_list("person_id", flat=True)) == {alice.pk}


def test_a_create_costs_two_dollars_when_it_succeeded(settings):
    plan = plans.current()
    assert plan.price("create_activation", 201, hits_before=0) == 2000
    assert plan.price("create_activation", 422, hits_before=0) == 0
    assert plan.price("create_activation", 201, hits_before=10_000) == 2005
    assert plan.price("list_activations", 200, hits_before=9_999) == 0
    assert plan.price("list_activations", 200, hits_before=10_000) == 5
    assert plan.price("stream_live_data", 200, hits_before=0) == 100


def test_after_the_burst_calls_are_spread_over_the_minute(meter, tight):
    waits = []
    meter.sleep = waits.append
    while len(waits) < 20:
        try:
            meter.take("get_current_user", "interactive")
        except RateLimited:
            break
    plan = plans.current()
    assert 1 <= len(waits) < 20
    assert max(waits) <= 5.0
    assert waits == sorted(waits)
    assert plan.interval * (30 - plans.MARGIN - plan.burst) == pytest.approx(60)


@pytest.mark.parametrize("per_minute", [10, 50, 100, 300])
def test_no_minute_ever_holds_more_than_the_plan(per_minute, settings):
    settings.USAGE_PLAN = {**settings.USAGE_PLAN, "per_minute": per_minute}
    plan = plans.current()
    assert plan.burst + 60 / plan.interval <= per_minute


def test_people_do_not_wait_for_bulk_runs(meter, halcyon, settings):
    """A bulk run that takes all it can leaves the shared gate open for a click."""
    settings.USAGE_PLAN = {**settings.USAGE_PLAN, "per_minute": 3000}
    bulk = Meter(meter.application_id, halcyon.pk, lane="bulk")
    end = time.monotonic() + 2
    while time.monotonic() < end:
        bulk.take("update_activation", "bulk")
    waits = []
    meter.sleep = waits.append
    meter.take("get_activation", "interactive")
    assert sum(waits) <= 1.0


def test_a_foreign_minute_is_obeyed_by_its_end(halcyon, meter, world):
    world.fault("get_current_user", "rate_limited", period="minute", times=20)
    with client_for(halcyon.pk) as client, pytest.raises(RateLimited):
        client.users.get_current_user()
    row = Allowance.objects.get()
    assert row.blocked_until > timezone.now()
    hits = world.hits
    Allowance.objects.update(blocked_until=timezone.now() + timedelta(seconds=30))
    with client_for(halcyon.pk) as client, pytest.raises(RateLimited) as refused:
        client.activations.list_activations()
    assert refused.value.retry_at > timezone.now() + timedelta(seconds=25)
    assert world.hits == hits


def test_a_foreign_month_stops_without_further_hits(halcyon, world):
    world.fault("list_activations", "rate_limited", period="month", times=20)
    with client_for(halcyon.pk) as client, pytest.raises(RateLimited):
        client.activations.list_activations()
    hits = world.hits
    with client_for(halcyon.pk) as client, pytest.raises(RateLimited) as refused:
        client.users.get_current_user()
    assert refused.value.period == "month"
    assert world.hits == hits


def test_a_used_up_write_quota_stops_that_write_only(halcyon, meter, world, settings):
    month = plans.month_of(timezone.now())
    allowance = Allowance.objects.create(application_id=meter.application_id)
    WriteQuota.objects.create(
        allowance=allowance, endpoint="create_activation", month=month, used=200
    )
    with pytest.raises(RateLimited) as refused:
        meter.take("create_activation", "interactive")
    assert refused.value.retry_at.day == 1
    meter.take("update_activation", "interactive")


def test_the_last_tenth_of_the_budget_is_for_people(halcyon, meter, settings):
    settings.USAGE_PLAN = {**settings.USAGE_PLAN, "budget_mills": 10_000}
    Allowance.objects.create(
        application_id=meter.application_id,
        month=plans.month_of(timezone.now()),
        month_cost_mills=9_500,
    )
    meter.take("list_activations", "interactive")
    sweep = Meter(meter.application_id, halcyon.pk, lane="sync", sleep=lambda seconds: None)
    with pytest.raises(RateLimited, match="budget"):
        sweep.take("list_activations", "sync")


def test_a_new_month_starts_at_nothing(halcyon, meter):
    Allowance.objects.create(
        application_id=meter.application_id, month="2020-01", month_hits=2_000_000
    )
    meter.take("list_activations", "interactive")


@pytest.mark.django_db(transaction=True)
def test_threads_share_one_limit(halcyon, meter, tight):
    """Eight at once never get more slots than the clock has given out."""
    taken: list[float] = []
    lock = threading.Lock()
    started = time.time()

    def work():
        mine = Meter(meter.application_id, halcyon.pk, sleep=lambda seconds: None)
        try:
            for _ in range(5):
                mine.take("get_current_user", "interactive")
                with lock:
                    taken.append(time.time())
        except RateLimited:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    plan = plans.current()
    spread = time.time() - started
    # Slots up to five seconds ahead were given out, besides the burst.
    assert len(taken) <= plan.burst + (spread + 5.0) / plan.interval + 1


def test_the_first_hit_of_an_hour_opens_its_row(meter, world):
    import enphase

    moment = datetime(2026, 11, 22, 10, 59, 59, tzinfo=UTC)
    for seconds in (0, 1, 2):
        meter.on_hit(
            enphase.Hit("list_activations", "GET", 200, moment + timedelta(seconds=seconds), 0.1)
        )
    assert sorted(HourOfHits.objects.values_list("hits", flat=True)) == [1, 2]
