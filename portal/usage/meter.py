"""The one gate that every call to Enphase passes, and the ledger that it is written to.

A permit is a slot in time, handed out by one conditional UPDATE with the database's clock, so any
number of processes on any number of machines share one limit. People pass one gate; bulk runs
wait at a slower gate first, sweeps at a slower one still, so a person's click waits at most about
a second however much is under way.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

import enphase
from enphase import RateLimited
from portal.usage import alerts
from portal.usage import plan as plans
from portal.usage.models import Allowance, Hit, HourOfHits, WriteQuota

log = logging.getLogger(__name__)

# Longest wait for a slot before the caller is sent away until it comes.
PATIENCE_SECONDS = {"interactive": 5.0, "bulk": 20.0, "sync": 60.0}
CLOCKS = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "EXTRACT(EPOCH FROM clock_timestamp())",
}


@dataclass
class Meter:
    """`enphase.Allowance` and ledger in one, for the calls of one company on one lane."""

    application_id: int
    company_id: int | None
    lane: str = "interactive"
    person_id: int | None = None
    sleep: Callable[[float], None] = time.sleep

    def take(self, endpoint: str, lane: str) -> None:
        """Wait for a slot of the shared limit.

        Raises RateLimited when the slot is too far away, when Enphase has said so, or when the
        month's hits, writes or money are used up; then nothing has been spent.
        """
        plan = plans.current()
        allowance = _allowance(self.application_id)
        self._check_month(allowance, endpoint, plan)
        patience = PATIENCE_SECONDS.get(self.lane, PATIENCE_SECONDS["interactive"])
        interval, burst = plan.interval, plan.burst * plan.interval
        if self.lane == "sync":
            slower = interval / plans.SWEEP_SHARE
            self._pass("sweep_next_at", allowance, slower, burst, patience, plan)
        if self.lane in ("bulk", "sync"):
            slower = interval / plans.BULK_SHARE
            # Without a burst: what leaves evenly never stands in a heap before a person.
            self._pass("bulk_next_at", allowance, slower, 0.0, patience, plan)
        self._pass("next_at", allowance, interval, burst, patience, plan)

    def on_hit(self, hit: enphase.Hit) -> None:
        """Write a hit down: the single row, the hour's sum, the month's counters."""
        plan = plans.current()
        month = plans.month_of(hit.started_at)
        with transaction.atomic():
            allowance, _ = Allowance.objects.select_for_update().get_or_create(
                application_id=self.application_id
            )
            if allowance.month != month:
                allowance.month, allowance.month_hits, allowance.month_cost_mills = month, 0, 0
            cost = plan.price(hit.endpoint, hit.status, allowance.month_hits)
            spent_before = allowance.month_cost_mills
            allowance.month_hits += 1
            allowance.month_cost_mills += cost
            _obey(allowance, hit)
            allowance.save()
            if plans.is_write(hit.endpoint):
                _count_write(allowance, hit, month)
            Hit.objects.create(
                allowance=allowance,
                company_id=self.company_id,
                person_id=self.person_id,
                endpoint=hit.endpoint,
                lane=self.lane,
                cost_mills=cost,
                at=hit.started_at,
                status=hit.status,
                milliseconds=round(hit.seconds * 1000),
            )
            self._add_to_hour(allowance, hit, cost)
        # Mails wait for nothing here but the mail server, and only when something is used up.
        if hit.limit is not None and hit.limit.period == "month" and hit.limit.retry_at:
            alerts.quota_used_up(allowance, hit.endpoint, hit.limit.retry_at)
        if plan.budget_mills and cost:
            alerts.money_spent(allowance, spent_before, plan.budget_mills)

    def _check_month(self, allowance: Allowance, endpoint: str, plan: plans.Plan) -> None:
        now = timezone.now()
        month = plans.month_of(now)
        if allowance.month_blocked_until and allowance.month_blocked_until > now:
            raise _month_is_over(allowance.month_blocked_until)
        hits = allowance.month_hits if allowance.month == month else 0
        spent = allowance.month_cost_mills if allowance.month == month else 0
        if plan.per_month and hits >= plan.per_month:
            raise _month_is_over(plans.next_month(now), plan.per_month)
        if plan.budget_mills:
            mine = plan.budget_mills
            if self.lane != "interactive":
                mine = round(mine * (1 - plans.RESERVE_FOR_PEOPLE))
            if spent >= mine:
                raise RateLimited(
                    "The month's budget is used up.", retry_at=plans.next_month(now), period="month"
                )
        if plans.is_write(endpoint):
            quota = WriteQuota.objects.filter(
                allowance=allowance, endpoint=endpoint, month=month
            ).first()
            if quota and quota.blocked_until and quota.blocked_until > now:
                raise _month_is_over(quota.blocked_until)
            if quota and plan.writes_per_month and quota.used >= plan.writes_per_month:
                raise _month_is_over(plans.next_month(now), plan.writes_per_month)

    def _pass(
        self,
        gate: str,
        allowance: Allowance,
        interval: float,
        burst: float,
        patience: float,
        plan: plans.Plan,
    ) -> None:
        """Take the gate's next slot and wait until it comes."""
        clock = CLOCKS[connection.vendor]
        # The names are our own constants; every value is a parameter.
        statement = f"""
            UPDATE usage_allowance SET {gate} = CASE
                WHEN {gate} < {clock} - %s THEN {clock} - %s + %s ELSE {gate} + %s END
            WHERE id = %s AND {gate} <= {clock} + %s
            RETURNING {gate} - %s - {clock}
        """  # noqa: S608
        values = [burst, burst, interval, interval, allowance.pk, patience, interval]
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            rows = cursor.fetchall()
        if not rows:
            until = timezone.now() + timedelta(seconds=patience)
            raise RateLimited(
                "The hits of this minute are spoken for.",
                retry_at=until,
                period="minute",
                limit=plan.per_minute,
            )
        wait = max(0.0, float(rows[0][0]))
        blocked = Allowance.objects.values_list("blocked_until", flat=True).get(pk=allowance.pk)
        if blocked is not None:
            wait = max(wait, (blocked - timezone.now()).total_seconds())
        if wait > patience:
            raise RateLimited(
                "Enphase has asked to wait.",
                retry_at=timezone.now() + timedelta(seconds=wait),
                period="minute",
                limit=plan.per_minute,
            )
        if wait > 0:
            self.sleep(wait)

    def _add_to_hour(self, allowance: Allowance, hit: enphase.Hit, cost: int) -> None:
        columns = {
            "allowance": allowance,
            "company_key": self.company_id or 0,
            "person_key": self.person_id or 0,
            "endpoint": hit.endpoint,
            "lane": self.lane,
            "hour": hit.started_at.replace(minute=0, second=0, microsecond=0),
        }
        owners = {"company_id": self.company_id, "person_id": self.person_id}
        HourOfHits.objects.get_or_create(**columns, defaults=owners)
        HourOfHits.objects.filter(**columns).update(
            hits=F("hits") + 1,
            errors=F("errors") + int(_went_wrong(hit)),
            cost_mills=F("cost_mills") + cost,
        )


def _allowance(application_id: int) -> Allowance:
    allowance = Allowance.objects.filter(application_id=application_id).first()
    if allowance is None:
        allowance, _ = Allowance.objects.get_or_create(application_id=application_id)
    return allowance


def _went_wrong(hit: enphase.Hit) -> bool:
    """No answer, a server's fault, or over the limit. A 404 to a look-up is an answer."""
    return hit.status is None or hit.status >= 500 or hit.status == 429


def _obey(allowance: Allowance, hit: enphase.Hit) -> None:
    """Enphase said that a limit is used up: by our count or by somebody else's."""
    if hit.limit is None or hit.limit.retry_at is None:
        return
    if hit.limit.period == "minute":
        known = allowance.blocked_until
        allowance.blocked_until = max(known, hit.limit.retry_at) if known else hit.limit.retry_at
    elif not plans.is_write(hit.endpoint):
        # A write's month may be its own quota: see _count_write.
        allowance.month_blocked_until = hit.limit.retry_at


def _count_write(allowance: Allowance, hit: enphase.Hit, month: str) -> None:
    quota, _ = WriteQuota.objects.get_or_create(
        allowance=allowance, endpoint=hit.endpoint, month=month
    )
    news: dict[str, object] = {"used": F("used") + 1}
    if hit.limit is not None and hit.limit.period == "month":
        news["blocked_until"] = hit.limit.retry_at
    WriteQuota.objects.filter(pk=quota.pk).update(**news)


def _month_is_over(until: datetime, limit: int | None = None) -> RateLimited:
    return RateLimited("The month's quota is used up.", retry_at=until, period="month", limit=limit)
