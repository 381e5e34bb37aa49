"""A file of rows on its way to becoming a bulk run."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone

from portal.users.models import ForUser


class Upload(models.Model):
    """What was in a file, which column means what, and the run that its dry run became.

    Rows are kept as read, so that an error file holds what people typed. They go with the upload.
    """

    class Kind(models.TextChoices):
        ACTIVATIONS = "activations", "Activations"
        HOME_OWNERS = "home-owners", "Home owners"

    class State(models.TextChoices):
        MAPPING = "mapping", "Columns to be named"
        CHECKING = "checking", "Checking the rows"
        CHECKED = "checked", "Checked"
        FAILED = "failed", "Could not be checked"

    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="+")
    # The branch its author is limited to.
    branch = models.ForeignKey(
        "companies.Company", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    kind = models.CharField(max_length=12, choices=Kind)
    name = models.CharField(max_length=255)
    state = models.CharField(max_length=10, choices=State, default=State.MAPPING)
    header = models.JSONField(default=list)
    rows = models.JSONField(default=list)
    # Field -> number of the column, from 0.
    columns = models.JSONField(default=dict, blank=True)
    checked = models.PositiveIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)
    run = models.OneToOneField(
        "operations.Run", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(auto_now=True)

    objects = ForUser["Upload"].as_manager()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def is_busy(self) -> bool:
        return self.state == self.State.CHECKING

    @property
    def size(self) -> int:
        return len(self.rows)

    def cell(self, row: list[Any], field: str) -> str:
        """What a row says of a field; "" for a column that was not named or is not there."""
        number = self.columns.get(field)
        if not isinstance(number, int) or number >= len(row):
            return ""
        return str(row[number])
