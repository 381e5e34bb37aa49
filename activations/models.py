"""Sites on their way to production, as Enphase last told us, and drafts of new ones."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.users.models import ForUser


class ActivationQuerySet(ForUser["Activation"]):
    def present(self) -> "ActivationQuerySet":
        """Sites that still exist at Enphase."""
        return self.filter(gone_at=None)


class Activation(models.Model):
    """One site: the columns that lists need, and the answers of Enphase they come from.

    An activation id and a system id are one number at Enphase: `system_id`. Columns are filled
    by activations.sync only, from list_activations (`raw`) and get_activation (`detail`).
    """

    company = models.ForeignKey(
        "companies.Company", on_delete=models.CASCADE, related_name="activations"
    )
    branch = models.ForeignKey(
        "companies.Company", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    system_id = models.BigIntegerField()
    name = models.CharField(max_length=255)
    reference = models.CharField(max_length=255, blank=True)
    other_references = models.JSONField(default=list, blank=True)
    system_type = models.CharField(max_length=40, blank=True)
    # As Enphase prints it ("Microinverters Not Reporting"), and the key of the same status.
    status = models.CharField(max_length=80, blank=True)
    status_key = models.CharField(max_length=40, blank=True)
    stage = models.PositiveSmallIntegerField(default=1)
    # Stamped by us: Enphase keeps no history of stages.
    stage_since = models.DateTimeField(null=True, blank=True)
    operational = models.BooleanField(null=True)
    permission_to_operate = models.BooleanField(null=True)
    owner_id = models.BigIntegerField(null=True, blank=True)
    owner_name = models.CharField(max_length=255, blank=True)
    installer_id = models.BigIntegerField(null=True, blank=True)
    installer_name = models.CharField(max_length=255, blank=True)
    maintainer_name = models.CharField(max_length=255, blank=True)
    street1 = models.CharField(max_length=255, blank=True)
    street2 = models.CharField(max_length=255, blank=True)
    city = models.CharField(max_length=120, blank=True)
    state = models.CharField(max_length=80, blank=True)
    postal_code = models.CharField(max_length=40, blank=True)
    country = models.CharField(max_length=80, blank=True)
    timezone = models.CharField(max_length=64, blank=True)
    # Enphase's own `updated_at`; orders lists, together with the primary key.
    updated_at = models.DateTimeField()
    # Lower-case words of everything that search looks at.
    search_text = models.TextField(blank=True)
    # Derived on write, so that views are an index away: see activations.sync.
    needs_attention = models.BooleanField(default=False)
    waits_for_pto = models.BooleanField(default=False)

    raw = models.JSONField(default=dict, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    detail = models.JSONField(default=dict, blank=True)
    detail_at = models.DateTimeField(null=True, blank=True)
    production_mode = models.CharField(max_length=10, blank=True)
    # {"mode", "total_micros", "energy_producing_micros"} of get_production_mode, and its age.
    production = models.JSONField(default=dict, blank=True)
    production_at = models.DateTimeField(null=True, blank=True)

    first_seen_at = models.DateTimeField(auto_now_add=True)
    missed_sweeps = models.PositiveSmallIntegerField(default=0)
    gone_at = models.DateTimeField(null=True, blank=True)

    objects = ActivationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("company", "system_id", name="activation_once_a_company")
        ]
        indexes = [
            models.Index(fields=["company", "-updated_at", "-id"], name="activation_order"),
            models.Index(
                fields=["company", "stage", "-updated_at", "-id"],
                name="activation_open",
                condition=Q(stage__lt=5, gone_at=None),
            ),
            models.Index(
                fields=["company", "-updated_at", "-id"],
                name="activation_attention",
                condition=Q(needs_attention=True, gone_at=None),
            ),
            models.Index(
                fields=["company", "-updated_at", "-id"],
                name="activation_pto",
                condition=Q(waits_for_pto=True, gone_at=None),
            ),
            models.Index(fields=["company", "reference"], name="activation_reference"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_deletable(self) -> bool:
        """Enphase deletes only below stage 3; devices are checked there."""
        return self.stage < 3

    @property
    def production_key(self) -> str:
        return f"activation:{self.pk}:production"


class Draft(models.Model):
    """A wizard half way: what was typed so far. Becomes one create operation, once."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="+")
    branch = models.ForeignKey(
        "companies.Company", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    # {"site": {...}, "people": {...}, "equipment": {...}, "grid": {...}} as typed and cleaned.
    data = models.JSONField(default=dict, blank=True)
    operation = models.OneToOneField(
        "operations.Operation", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects = ForUser.as_manager()

    class Meta:
        ordering = ["-changed_at"]

    def __str__(self) -> str:
        return str(self.site.get("system_name") or "Untitled draft")

    @property
    def site(self) -> dict[str, Any]:
        return dict(self.data.get("site", {}))
