"""Estimates worked out from a site's arrays, with what was assumed."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from portal.users.models import ForUser

# A worker that has said nothing for so long will say nothing more.
PATIENCE = timedelta(minutes=2)


class Proposal(models.Model):
    """Twelve values worked out from planes of modules; kept as their explanation.

    `assumptions`: {"latitude", "longitude", "place", "module_w", "performance_percent",
    "shading_percent", "clearness": [12 percents], "planes": [{"label", "azimuth", "tilt",
    "modules"}]}. `planes_kwh`: for each plane its twelve values; empty until worked out.
    """

    activation = models.ForeignKey(
        "activations.Activation", on_delete=models.CASCADE, related_name="+"
    )
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    asked_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    assumptions = models.JSONField(default=dict)
    planes_kwh = models.JSONField(default=list, blank=True)
    # Light of a cloudless year on these planes without any loss, kWh: what clearness is held to.
    clear_sky_kwh = models.JSONField(default=list, blank=True)
    problem = models.CharField(max_length=300, blank=True)

    class ProposalQuerySet(ForUser):
        company_path = "activation__company_id"
        branch_path = "activation__branch_id"

    objects = ProposalQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"proposal {self.pk} for site {self.activation_id}"

    @property
    def is_busy(self) -> bool:
        return self.finished_at is None and timezone.now() - self.asked_at < PATIENCE

    @property
    def is_done(self) -> bool:
        return bool(self.planes_kwh)

    @property
    def months(self) -> list[Decimal]:
        """The twelve values of all planes together, kWh; empty until worked out."""
        columns = zip(*self.planes_kwh, strict=True)
        return [sum((Decimal(str(value)) for value in column), Decimal(0)) for column in columns]

    @property
    def values(self) -> list[Decimal]:
        """The twelve values as an estimate takes them: whole kWh, at least one."""
        return [max(Decimal(1), value.quantize(Decimal(1))) for value in self.months]

    @property
    def total(self) -> Decimal:
        return sum(self.values, Decimal(0))

    @property
    def peak_kw(self) -> float:
        planes: list[dict[str, Any]] = self.assumptions["planes"]
        return sum(plane["modules"] for plane in planes) * self.assumptions["module_w"] / 1000
