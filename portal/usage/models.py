"""What may be spent (one row an application), and what was spent (every hit, summed by hour)."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from portal.users.models import ForUser


class Allowance(models.Model):
    """The shared limit of one application: a permit is one conditional UPDATE of this row.

    `next_at`, `bulk_next_at` and `sweep_next_at` are the moments of the next free slot of the
    three gates, in seconds since 1970 by the database's own clock.
    """

    application = models.OneToOneField(
        "connections.Application", on_delete=models.CASCADE, related_name="allowance"
    )
    next_at = models.FloatField(default=0)
    bulk_next_at = models.FloatField(default=0)
    sweep_next_at = models.FloatField(default=0)
    # What Enphase said of a limit that somebody else used up.
    blocked_until = models.DateTimeField(null=True, blank=True)
    month_blocked_until = models.DateTimeField(null=True, blank=True)
    # The running month, "2026-11", and what was spent in it. Money in thousandths of a dollar.
    month = models.CharField(max_length=7, blank=True)
    month_hits = models.PositiveIntegerField(default=0)
    month_cost_mills = models.PositiveBigIntegerField(default=0)

    objects = models.Manager()

    def __str__(self) -> str:
        return f"allowance of application {self.application_id}"


class WriteQuota(models.Model):
    """How often one write endpoint was used in a month: the plan allows so many of each."""

    allowance = models.ForeignKey(Allowance, on_delete=models.CASCADE, related_name="quotas")
    endpoint = models.CharField(max_length=60)
    month = models.CharField(max_length=7)
    used = models.PositiveIntegerField(default=0)
    blocked_until = models.DateTimeField(null=True, blank=True)

    objects = models.Manager()

    class Meta:
        ordering = ["-used", "endpoint"]
        constraints = [
            models.UniqueConstraint("allowance", "endpoint", "month", name="quota_once_a_month")
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} in {self.month}: {self.used}"


class HitColumns(models.Model):
    """What both the single hits and their sums by hour are sorted by."""

    allowance = models.ForeignKey(Allowance, on_delete=models.CASCADE, related_name="+")
    # Empty for the first hits of a connection, before we know whose it is.
    company = models.ForeignKey(
        "companies.Company", null=True, on_delete=models.CASCADE, related_name="+"
    )
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    # An operationId of the contract.
    endpoint = models.CharField(max_length=60)
    lane = models.CharField(max_length=12)
    # Thousandths of a dollar.
    cost_mills = models.PositiveBigIntegerField(default=0)

    class HitQuerySet(ForUser[models.Model]):
        branch_path = ""

    class Meta:
        abstract = True


class Hit(HitColumns):
    """One request that reached Enphase, or may have."""

    at = models.DateTimeField(default=timezone.now)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    milliseconds = models.PositiveIntegerField(default=0)

    objects = HitColumns.HitQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["company", "-at"], name="hit_latest")]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.status}"


class HourOfHits(HitColumns):
    """Hits of one hour, one company, person, endpoint and lane: what the pages add up."""

    hour = models.DateTimeField()
    # 0 for nobody, so that the hours of sweeps add up in one row too.
    company_key = models.BigIntegerField(default=0)
    person_key = models.BigIntegerField(default=0)
    hits = models.PositiveIntegerField(default=0)
    errors = models.PositiveIntegerField(default=0)

    objects = HitColumns.HitQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "allowance",
                "company_key",
                "person_key",
                "endpoint",
                "lane",
                "hour",
                name="hour_of_hits_once",
            )
        ]
        indexes = [models.Index(fields=["company", "hour"], name="hour_of_company")]

    def __str__(self) -> str:
        return f"{self.hits} × {self.endpoint}"
