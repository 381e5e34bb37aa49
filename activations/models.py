"""Sites on their way to production, as Enphase last told us, and drafts of new ones."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from portal.users.models import ForUser


class ActivationQuerySet(ForUser["Activation"]):
    def present(self) -> "ActivationQuerySet":
        """Sites that still exist at Enphase."""
        return self.filter(gone_at=None)

    def lost(self) -> "ActivationQuerySet":
        """Sites that vanished from our list although they still exist."""
        return self.filter(lost_at__isnull=False)


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
    host_id = models.BigIntegerField(null=True, blank=True)
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
    # Gateway serials entered for the site; None until get_activation told us.
    gateway_count = models.PositiveSmallIntegerField(null=True, blank=True)
    # Enphase's own `updated_at`; orders lists, together with the primary key.
    updated_at = models.DateTimeField()
    # What search looks at, folded by activations.search.fold.
    search_text = models.TextField(blank=True)
    # Derived on write, so that views are an index away: see activations.sync.
    needs_attention = models.BooleanField(default=False)
    waits_for_pto = models.BooleanField(default=False)
    # Kept by the database, so that the list of open sites has an index of its own.
    is_open = models.GeneratedField(
        expression=Q(stage__lt=5, gone_at=None),  # type: ignore[arg-type]  # the stubs' gap
        output_field=models.BooleanField(),
        db_persist=True,
    )

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
    # When a list last did not show the site and Enphase was asked for it by its id.
    asked_at = models.DateTimeField(null=True, blank=True)
    gone_at = models.DateTimeField(null=True, blank=True)
    # Gone only for us: the site is still there, and Enphase no longer lets the company see it.
    lost_at = models.DateTimeField(null=True, blank=True)

    objects = ActivationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("company", "system_id", name="activation_once_a_company")
        ]
        # Lists walk these in order and stop after a page. The first serves support staff, who
        # see all companies at once.
        indexes = [
            models.Index(
                fields=["-updated_at", "-id"],
                name="activation_everywhere",
                condition=Q(gone_at=None),
            ),
            models.Index(
                fields=["company", "-updated_at", "-id"],
                name="activation_order",
                condition=Q(gone_at=None),
            ),
            models.Index(
                fields=["company", "-updated_at", "-id"],
                name="activation_open",
                condition=Q(is_open=True),
            ),
            models.Index(
                fields=["company", "stage", "-updated_at", "-id"],
                name="activation_stage",
                condition=Q(gone_at=None),
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
            models.Index(
                fields=["company", "status_key", "-updated_at", "-id"],
                name="activation_status",
                condition=Q(gone_at=None),
            ),
            models.Index(fields=["company", "reference"], name="activation_reference"),
            # The sites of a person.
            models.Index(fields=["company", "owner_id"], name="activation_owner"),
            models.Index(
                fields=["company", "host_id"],
                name="activation_host",
                condition=Q(host_id__isnull=False),
            ),
            models.Index(
                fields=["company", "-lost_at"],
                name="activation_lost",
                condition=Q(lost_at__isnull=False),
            ),
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


class Mirror(models.Model):
    """How fresh our copy of one company's sites is, and who is sweeping it right now.

    `lease_until` is taken by a conditional UPDATE, so that one sweeper works on a company at a
    time; a dead one is overtaken when it ends.

    `tally` holds the sites counted by branch and stage, so that no page has to; `facets` the
    values that filters offer. Both are JSON text written by activations.tally:
    {"": [[all, needs attention, waits for PTO] for stage 1 to 5], "<branch pk>": [...]} and
    {"status": [keys], "country": [...], "state": [...], "type": [...]}.
    """

    company = models.OneToOneField(
        "companies.Company", on_delete=models.CASCADE, related_name="mirror"
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    fence = models.PositiveIntegerField(default=0)
    full_at = models.DateTimeField(null=True, blank=True)
    hot_at = models.DateTimeField(null=True, blank=True)
    # Pages of the last full sweep: what another one will cost, in hits.
    pages = models.PositiveIntegerField(default=1)
    # Somebody pressed "Refresh now"; served by the next sweep that starts after it.
    wanted_at = models.DateTimeField(null=True, blank=True)
    # After a failure: not again before, and how many there were in a row.
    not_before = models.DateTimeField(default=timezone.now)
    failures = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)
    tally = models.TextField(blank=True)
    facets = models.TextField(blank=True)

    class MirrorQuerySet(ForUser):
        branch_path = ""

    objects = MirrorQuerySet.as_manager()

    def __str__(self) -> str:
        return f"copy of company {self.company_id}"


class Sweep(models.Model):
    """One walk through list_activations, page by page; a broken one goes on at its cursor."""

    class Kind(models.TextChoices):
        FULL = "full", "Whole fleet"
        HOT = "hot", "Sites in progress"

    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=4, choices=Kind)
    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True, blank=True)
    # What the next page is asked with; empty before the first one.
    cursor = models.TextField(blank=True)
    pages = models.PositiveIntegerField(default=0)
    rows = models.PositiveIntegerField(default=0)
    # Rows of ours that were written: 0 for a sweep without news.
    written = models.PositiveIntegerField(default=0)
    # Rows without a readable id: the sweep is then no proof that a site is missing.
    unreadable = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)

    class SweepQuerySet(ForUser):
        branch_path = ""

    objects = SweepQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["company", "kind", "-id"], name="sweep_latest")]

    def __str__(self) -> str:
        return f"{self.kind} sweep {self.pk} of company {self.company_id}"


class SweepPage(models.Model):
    """The ids one page showed: sorted 8-byte numbers, deflated. See activations.sync."""

    sweep = models.ForeignKey(Sweep, on_delete=models.CASCADE, related_name="seen")
    number = models.PositiveIntegerField()
    cursor_digest = models.CharField(max_length=64)
    system_ids = models.BinaryField()

    objects = models.Manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sweep", "number"], name="sweep_page_once"),
            # The list goes round in circles when a cursor comes back.
            models.UniqueConstraint(fields=["sweep", "cursor_digest"], name="sweep_cursor_once"),
        ]

    def __str__(self) -> str:
        return f"page {self.number} of sweep {self.sweep_id}"
