"""The plan we pay for, from the settings: limits and prices of the Partner plan by default."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings

from enphase.endpoints import ENDPOINTS

# Requests a minute that are left to the vendor's other gateways and to our own clock.
MARGIN = 3
# Small, for what may leave at once is missing from every minute: a minute has 300 - 3 - 4 slots.
# `python -m scripts.bench_client --quick`, 4 workers and a person for a minute on SQLite: 99 % of
# the limit used, no 429, a person's call 0.02 s (p95). With a burst of the bulk gate it was 0.6 s.
BURST = 4
# Bulk runs take this share of each minute's slots, people the rest; sweeps take less.
BULK_SHARE = 0.95
SWEEP_SHARE = 0.5
# Sweeps and bulk runs stop when this share of the month's money is gone; people go on.
RESERVE_FOR_PEOPLE = 0.10


@dataclass(frozen=True)
class Plan:
    """Limits and prices. Money in thousandths of a dollar; 0 for no limit."""

    per_minute: int
    per_month: int
    writes_per_month: int
    included_hits: int
    hit_mills: int
    budget_mills: int

    @property
    def interval(self) -> float:
        """Seconds between two requests, so that a minute never holds more than the plan allows."""
        return 60.0 / max(1, self.per_minute - MARGIN - self.burst)

    @property
    def burst(self) -> int:
        """Requests that may leave at once after a pause; small plans have none to spare."""
        return min(BURST, max(1, self.per_minute // 10))

    def price(self, endpoint: str, status: int | None, hits_before: int) -> int:
        """What one hit costs: beyond the included ones its own price, and what it carried out."""
        mills = self.hit_mills if hits_before >= self.included_hits else 0
        if status is not None and 200 <= status < 300:
            mills += ENDPOINTS[endpoint].cost_cents * 10
        return mills


def current() -> Plan:
    return Plan(**settings.USAGE_PLAN)


def month_of(moment: datetime) -> str:
    """The vendor's months are counted in UTC here; nothing is documented about their zone."""
    return f"{moment:%Y-%m}"


def next_month(moment: datetime) -> datetime:
    """The first moment of the month after, by the same count."""
    first = moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def is_write(endpoint: str) -> bool:
    """Does the plan's monthly number of writes count this operation?"""
    return ENDPOINTS[endpoint].writes
