"""Catalogues of Enphase, copied once a day: grid profiles, PV makers and modules."""

import re

from django.db import models
from django.utils import timezone

from portal.users.models import ForUser


class CompanyRows(ForUser):
    """Rows of a whole company: branches make no difference."""

    branch_path = ""


class GridProfile(models.Model):
    """One profile of list_grid_profiles. `enphase_id` (24 hex digits) goes into an activation."""

    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="+")
    enphase_id = models.CharField(max_length=64)
    profile_id = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    version = models.CharField(max_length=40, blank=True)
    envoy_type = models.CharField(max_length=40, blank=True)
    countries = models.JSONField(default=list, blank=True)
    states = models.JSONField(default=list, blank=True)
    suits_batteries = models.BooleanField(default=False)

    objects = CompanyRows.as_manager()

    class Meta:
        ordering = ["name", "version", "pk"]
        constraints = [
            models.UniqueConstraint("company", "enphase_id", name="grid_profile_once_a_company")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()

    @property
    def order(self) -> tuple[int, ...]:
        """The version as numbers, so that 1.10 comes after 1.9."""
        return tuple(int(part) for part in re.findall(r"\d+", self.version))


class PvManufacturer(models.Model):
    """A maker of PV modules (list_pv_manufacturers). The same for every company."""

    enphase_id = models.BigIntegerField(unique=True)
    name = models.CharField(max_length=255)
    models_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class PvModel(models.Model):
    """A PV module of a maker (list_pv_models), read when somebody first asks for the maker."""

    manufacturer = models.ForeignKey(
        PvManufacturer, on_delete=models.CASCADE, related_name="pv_models"
    )
    enphase_id = models.BigIntegerField(unique=True)
    name = models.CharField(max_length=255)

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class Refresh(models.Model):
    """When a catalogue was last copied, and what stopped the last try."""

    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="+")
    catalogue = models.CharField(max_length=40)
    done_at = models.DateTimeField(null=True, blank=True)
    tried_at = models.DateTimeField(default=timezone.now)
    problem = models.CharField(max_length=300, blank=True)

    objects = CompanyRows.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("company", "catalogue", name="catalogue_once_a_company")
        ]

    def __str__(self) -> str:
        return f"{self.catalogue} of company {self.company_id}"
