"""A roof plan that is being drawn, and where each serial of a company lies."""

from django.conf import settings
from django.db import models

from portal.users.models import ForUser


class LayoutDraft(models.Model):
    """The unsent plan of one site: the company's, whoever draws. One row a site, kept.

    `plan` and `base` (what the plan began with) are as layout.to_json makes them; both are empty
    while nothing is unsent. `done` and `undone` are [{"text", "step"}], the newest last.
    `frames` and `scanned` outlive a draft: shapes that Enphase cannot keep, and serials that
    people scanned before any gateway detected them.
    """

    activation = models.OneToOneField(
        "activations.Activation", on_delete=models.CASCADE, related_name="layout_draft"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    changed_at = models.DateTimeField(null=True, blank=True)
    # Goes up with every change; what a page sends back must be of this revision.
    revision = models.PositiveIntegerField(default=0)
    plan = models.JSONField(default=dict, blank=True)
    base = models.JSONField(default=dict, blank=True)
    # Digest of what Enphase had when the draft was begun, and since when it had that.
    base_digest = models.CharField(max_length=64, blank=True)
    base_from = models.DateTimeField(null=True, blank=True)
    base_fetched_at = models.DateTimeField(null=True, blank=True)
    done = models.JSONField(default=list, blank=True)
    undone = models.JSONField(default=list, blank=True)
    frames = models.JSONField(default=dict, blank=True)
    scanned = models.JSONField(default=list, blank=True)

    class LayoutDraftQuerySet(ForUser["LayoutDraft"]):
        company_path = "activation__company_id"
        branch_path = "activation__branch_id"

    objects = LayoutDraftQuerySet.as_manager()

    def __str__(self) -> str:
        return f"plan of site {self.activation_id}, revision {self.revision}"

    @property
    def is_open(self) -> bool:
        """Is there anything unsent?"""
        return bool(self.plan)

    @property
    def undo(self) -> str:
        """What would be undone, in words."""
        return str(self.done[-1]["text"]) if self.done else ""

    @property
    def redo(self) -> str:
        return str(self.undone[-1]["text"]) if self.undone else ""


class PlacedSerial(models.Model):
    """A serial that lies on a site: at Enphase, or only in its draft. Finds it across sites."""

    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="+")
    activation = models.ForeignKey(
        "activations.Activation", on_delete=models.CASCADE, related_name="+"
    )
    serial = models.CharField(max_length=40)
    is_draft = models.BooleanField(default=False)

    class PlacedSerialQuerySet(ForUser["PlacedSerial"]):
        branch_path = "activation__branch_id"

    objects = PlacedSerialQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("activation", "serial", "is_draft", name="serial_once_a_site")
        ]
        indexes = [models.Index(fields=["company", "serial"], name="placed_serial")]

    def __str__(self) -> str:
        return f"{self.serial} on site {self.activation_id}"
