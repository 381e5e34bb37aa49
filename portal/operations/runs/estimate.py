"""What a run will take: hits, money, minutes, the month's quota of writes. Reads our tables."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from portal.usage import plan as plans
from portal.usage.models import Allowance, WriteQuota


@dataclass(frozen=True)
class Estimate:
    """Of `systems` systems. Money in thousandths of a dollar; `quota_left` None for no limit."""

    systems: int
    hits: int
    mills: int
    minutes: float
    quota: int
    quota_left: int | None
    quota_again: datetime

    @property
    def is_over_quota(self) -> bool:
        return self.quota_left is not None and self.systems > self.quota_left

    @property
    def time(self) -> str:
        """ "About 3 minutes", "about 2 hours"."""
        return in_words(self.minutes * 60)


def estimate(
    company: Any, systems: int, hits_each: int, endpoint: str, cents_each: int = 0
) -> Estimate:
    """The price of a change of `systems` systems at the pace that bulk runs are given.

    `cents_each` is what Enphase bills for each write beside its hits ($2.00 for a create).
    """
    plan = plans.current()
    now = timezone.now()
    month = plans.month_of(now)
    allowance = Allowance.objects.filter(application__accounts__company=company).first()
    spent = allowance.month_hits if allowance and allowance.month == month else 0
    quota = (
        WriteQuota.objects.filter(allowance=allowance, endpoint=endpoint, month=month).first()
        if allowance
        else None
    )
    hits = systems * hits_each
    free = max(0, plan.included_hits - spent)
    left = max(0, plan.writes_per_month - (quota.used if quota else 0))
    return Estimate(
        systems=systems,
        hits=hits,
        mills=max(0, hits - free) * plan.hit_mills + systems * cents_each * 10,
        minutes=hits * plan.interval / plans.BULK_SHARE / 60,
        quota=plan.writes_per_month,
        quota_left=left if plan.writes_per_month else None,
        quota_again=plans.next_month(now),
    )


def in_words(seconds: float) -> str:
    """A rough span: "Less than a minute", "About 12 minutes", "About 3 hours"."""
    minutes = round(seconds / 60)
    if seconds < 50:
        return "Less than a minute"
    if minutes < 90:
        return f"About {max(1, minutes)} minute{'' if minutes <= 1 else 's'}"
    return f"About {round(minutes / 60)} hours"
