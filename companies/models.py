"""Companies as Enphase knows them, and who of ours works in which."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.users.models import ForUser


class CompanyQuerySet(ForUser["Company"]):
    company_path = "pk"
    branch_path = ""

    def tenants(self) -> "CompanyQuerySet":
        """Top companies; branches hang below them."""
        return self.filter(parent=None)


class Company(models.Model):
    """An installer company, or one of its branches when `parent` is set.

    Read from Enphase (list_company_branches). The top company is the tenant: its rows are seen
    by its members and nobody else. `sees` for a branch row goes through its parent.
    """

    enphase_id = models.BigIntegerField(unique=True)
    name = models.CharField(max_length=255)
    # "Petaluma, CA - US" as Enphase prints it; the country is its last word.
    location = models.CharField(max_length=255, blank=True)
    country = models.CharField(max_length=2, blank=True)
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="branches"
    )
    synced_at = models.DateTimeField(null=True, blank=True)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name

    @property
    def in_us(self) -> bool:
        """US companies must send the whole address with every write of an activation."""
        return self.country == "US"


class Subcontractor(models.Model):
    """A company that may be named on our sites (list_authorized_subcontractors)."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="subcontractors")
    enphase_id = models.BigIntegerField()
    name = models.CharField(max_length=255)
    location = models.CharField(max_length=255, blank=True)
    enabled = models.BooleanField(default=True)

    class SubcontractorQuerySet(ForUser["Subcontractor"]):
        branch_path = ""

    objects = SubcontractorQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint("company", "enphase_id", name="subcontractor_once_a_company")
        ]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A person's role in one top company, for all of it or for one branch."""

    class Role(models.TextChoices):
        ADMIN = "admin", "Company admin"
        INSTALLER = "installer", "Installer"
        VIEWER = "viewer", "Viewer"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships"
    )
    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="memberships")
    branch = models.ForeignKey(
        Company, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    role = models.CharField(max_length=10, choices=Role)

    class MembershipQuerySet(ForUser["Membership"]):
        branch_path = ""

    objects = MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["company__name", "pk"]
        constraints = [
            models.UniqueConstraint("user", "company", name="one_membership_a_company"),
            models.CheckConstraint(
                condition=Q(role__in=["admin", "installer", "viewer"]), name="membership_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.company_id} as {self.role}"

    def describe(self) -> dict[str, Any]:
        """What the audit trail keeps of it."""
        return {"user": self.user_id, "role": self.role, "branch": self.branch_id}
