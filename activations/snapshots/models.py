"""What Enphase last said about one thing of one site, and what it said before."""

from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from activations.snapshots.registry import KINDS, Kind
from portal.users.models import ForUser

# A reading that was asked for and never ended is given up after this.
PATIENCE = timedelta(seconds=90)


class Snapshot(models.Model):
    """Our copy of one thing of one site: `kind` is declared in a reads.py, `key` a serial or "".

    `payload` is the answer as received; empty while it was never read, and when Enphase has no
    such thing for this site (`absent` says why). A failed reading changes only `problem`.
    """

    activation = models.ForeignKey(
        "activations.Activation", on_delete=models.CASCADE, related_name="snapshots"
    )
    kind = models.CharField(max_length=40)
    key = models.CharField(max_length=80, blank=True)
    payload = models.JSONField(default=dict, blank=True)
    absent = models.CharField(max_length=300, blank=True)
    fetched_at = models.DateTimeField(null=True, blank=True)
    # Since when the facts are what they are, as far as we saw.
    valid_from = models.DateTimeField(null=True, blank=True)
    # A reading is under way since then; given up after a while.
    asked_at = models.DateTimeField(null=True, blank=True)
    # What went wrong with the last reading, "" when nothing did. Pages that only look do not
    # have it tried again before `not_before`.
    problem = models.CharField(max_length=300, blank=True)
    not_before = models.DateTimeField(null=True, blank=True)

    class SnapshotQuerySet(ForUser):
        company_path = "activation__company_id"
        branch_path = "activation__branch_id"

    objects = SnapshotQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("activation", "kind", "key", name="one_snapshot_a_thing")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key} of {self.activation_id}"

    @property
    def declared(self) -> Kind:
        return KINDS[self.kind]

    @cached_property
    def record(self) -> Any:
        """The parsed copy; None while there is none, or when Enphase has no such thing."""
        return self.declared.parse(self.payload) if self.payload else None

    @property
    def facts(self) -> dict[str, str]:
        """What people set, label -> value in words. Empty for kinds that hold only readings."""
        return self.declared.facts_of(self.record, self.absent)

    @property
    def is_awaited(self) -> bool:
        """Is a reading under way?"""
        return self.asked_at is not None and timezone.now() - self.asked_at < PATIENCE

    @property
    def is_known(self) -> bool:
        """Has Enphase ever answered, if only that there is none?"""
        return self.fetched_at is not None

    def rests(self, now: datetime) -> bool:
        """Did the last reading fail, too recently for a page to have it tried again?"""
        return self.not_before is not None and self.not_before > now

    @property
    def is_old(self) -> bool:
        """Should a page ask for a newer copy?"""
        return self.fetched_at is None or timezone.now() - self.fetched_at > self.declared.max_age


class Version(models.Model):
    """One state of a snapshot that lasted, and what brought it about."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="versions")
    payload = models.JSONField(default=dict, blank=True)
    absent = models.CharField(max_length=300, blank=True)
    valid_from = models.DateTimeField(default=timezone.now)
    # Our operation that explains the change; none for the first copy and for drift.
    operation = models.ForeignKey(
        "operations.Operation", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    is_drift = models.BooleanField(default=False)
    # When somebody looked at the drift and kept it, or wrote the former values back.
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class VersionQuerySet(ForUser):
        company_path = "snapshot__activation__company_id"
        branch_path = "snapshot__activation__branch_id"

        def open_drift(self) -> "Version.VersionQuerySet":
            return self.filter(is_drift=True, settled_at=None)

    objects = VersionQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(
                fields=["snapshot"],
                name="version_open_drift",
                condition=Q(is_drift=True, settled_at=None),
            )
        ]

    def __str__(self) -> str:
        return f"version {self.pk} of snapshot {self.snapshot_id}"

    @cached_property
    def record(self) -> Any:
        return self.snapshot.declared.parse(self.payload) if self.payload else None

    @cached_property
    def facts(self) -> dict[str, str]:
        return self.snapshot.declared.facts_of(self.record, self.absent)
