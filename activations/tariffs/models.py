"""Tariffs that people work on, and tariffs a company keeps to use again."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower

from activations.tariffs.plan import Document, document_of
from enphase.records import Tariff
from portal.users.models import ForUser


class TariffDraft(models.Model):
    """What was typed for a site's tariff and not sent yet; one a site, shared by its people.

    `document` is described in activations.tariffs.plan. `base` is what Enphase had when the draft
    was begun: the worker compares before it sends. `tab` is the browser tab that is
    typing: another one with an older `revision` is told instead of overwriting.
    """

    activation = models.OneToOneField(
        "activations.Activation", on_delete=models.CASCADE, related_name="tariff_draft"
    )
    document = models.JSONField(default=dict)
    base = models.JSONField(default=dict, blank=True)
    # What it was begun from, in words: 'template "Bay TOU-C"'.
    source = models.CharField(max_length=200, blank=True)
    revision = models.PositiveIntegerField(default=1)
    tab = models.CharField(max_length=36, blank=True)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    changed_at = models.DateTimeField(auto_now=True)

    class TariffDraftQuerySet(ForUser):
        company_path = "activation__company_id"
        branch_path = "activation__branch_id"

    objects = TariffDraftQuerySet.as_manager()

    def __str__(self) -> str:
        return f"tariff draft of {self.activation_id}"


class TariffTemplate(models.Model):
    """A tariff of a company under a name, in the shape of the request, without battery settings."""

    company = models.ForeignKey("companies.Company", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=80)
    tariff = models.JSONField(default=dict)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    changed_at = models.DateTimeField(auto_now=True)

    class TariffTemplateQuerySet(ForUser):
        # Everybody of the company uses them, whatever branch.
        branch_path = ""

    objects = TariffTemplateQuerySet.as_manager()

    class Meta:
        ordering = [Lower("name"), "pk"]
        constraints = [
            models.UniqueConstraint("company", Lower("name"), name="one_tariff_template_a_name")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def document(self) -> Document:
        return document_of(Tariff.from_api(self.tariff))

    @classmethod
    def without_battery(cls, tariff: dict[str, Any]) -> dict[str, Any]:
        """What other sites may use: storage settings belong to one site's battery."""
        return {name: value for name, value in tariff.items() if name != "storage_settings"}
