"""Usage and cost: what this month has taken of the plan, and who and what took it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.ui.http import PortalRequest
from portal.usage import alerts
from portal.usage import plan as plans
from portal.usage.models import Allowance, HourOfHits, WriteQuota

LANES = {"interactive": "People", "bulk": "Bulk runs", "sync": "Sweeps"}


@require_safe
def usage(request: PortalRequest) -> HttpResponse:
    """One month of the current company; support without a chosen one sees all together."""
    start = _month(request.GET.get("month", ""))
    end = plans.next_month(start)
    hours = HourOfHits.objects.for_user(request.user).filter(hour__gte=start, hour__lt=end)
    if request.access.company is not None:
        hours = hours.filter(company=request.access.company)
    plan = plans.current()
    sums = hours.aggregate(hits=Sum("hits"), errors=Sum("errors"), cost=Sum("cost_mills"))
    total = {name: value or 0 for name, value in sums.items()}
    allowances = list(
        Allowance.objects.filter(application__accounts__company=request.access.company)
    )
    month = plans.month_of(start)
    used = sum(a.month_hits for a in allowances if a.month == month)
    context: dict[str, Any] = {
        "start": start,
        "before": _previous(start) if hours_before(request, start) else None,
        "after": end if end <= timezone.now() else None,
        "total": total,
        "plan": plan,
        "now": timezone.now(),
        "warn_mills": round(plan.budget_mills * alerts.WARN_AT[-1]),
        "plan_hits": used,
        "plan_cost": sum(a.month_cost_mills for a in allowances if a.month == month),
        "billable": max(0, used - plan.included_hits),
        "over_until": max(
            (a.month_blocked_until for a in allowances if a.month_blocked_until), default=None
        ),
        "quotas": WriteQuota.objects.filter(allowance__in=allowances, month=month),
        "by_endpoint": _grouped(hours, "endpoint"),
        "by_person": [
            {**row, "name": row["person__name"] or row["person__email"] or "Ridgeline itself"}
            for row in _grouped(hours, "person_key", "person__name", "person__email")
        ],
        "by_lane": [
            {**row, "name": LANES.get(row["lane"], row["lane"])} for row in _grouped(hours, "lane")
        ],
    }
    return render(request, "usage/usage.html", context)


def hours_before(request: PortalRequest, start: datetime) -> bool:
    """Is there anything to go back to?"""
    return HourOfHits.objects.for_user(request.user).filter(hour__lt=start).exists()


def _grouped(hours: Any, *columns: str) -> list[dict[str, Any]]:
    rows = hours.values(*columns).annotate(
        hits_sum=Sum("hits"), errors_sum=Sum("errors"), cost_sum=Sum("cost_mills")
    )
    return list(rows.order_by("-hits_sum", *columns))


def _month(typed: str) -> datetime:
    """The first moment of the month in the address, or of the running one."""
    try:
        return datetime.strptime(typed, "%Y-%m").replace(tzinfo=UTC)
    except ValueError:
        return timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def _previous(start: datetime) -> datetime:
    return (start - timedelta(days=1)).replace(day=1)
