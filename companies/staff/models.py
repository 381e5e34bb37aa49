"""Colleagues as Enphase knows them, and invitations to Ridgeline that are still open."""

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone

from companies.models import Membership
from portal.users.models import ForUser

VALID_FOR = timedelta(days=7)


class Roll(models.Model):
    """How fresh our copy of a company's Enphase users is."""

    company = models.OneToOneField(
        "companies.Company", on_delete=models.CASCADE, related_name="staff_roll"
    )
    read_at = models.DateTimeField(null=True, blank=True)
    # A reading is under way since then; given up after a while.
    asked_at = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True)

    class RollQuerySet(ForUser["Roll"]):
        branch_path = ""

    objects = RollQuerySet.as_manager()

    def __str__(self) -> str:
        return f"roll of company {self.company_id}"


class Colleague(models.Model):
    """Somebody whom Enphase lists as a user of the company or of one of its branches.

    The list tells id and address only (list_company_users); names, phone and flags are read one
    by one (get_company_user) and are empty until `read_at`.
    """

    company = models.ForeignKey(
        "companies.Company", on_delete=models.CASCADE, related_name="colleagues"
    )
    # The branch whose user this is; None for the top company.
    branch = models.ForeignKey(
        "companies.Company", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    enphase_id = models.BigIntegerField()
    email = models.EmailField(max_length=254)
    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    phone = models.CharField(max_length=255, blank=True)
    enlighten_emails = models.BooleanField(null=True)
    is_active = models.BooleanField(null=True)
    read_at = models.DateTimeField(null=True, blank=True)
    # No longer on Enphase's list.
    gone_at = models.DateTimeField(null=True, blank=True)

    class ColleagueQuerySet(ForUser["Colleague"]):
        branch_path = ""

    objects = ColleagueQuerySet.as_manager()

    class Meta:
        ordering = ["last_name", "first_name", "email", "pk"]
        constraints = [
            models.UniqueConstraint("company", "enphase_id", name="colleague_once_a_company")
        ]
        indexes = [models.Index(Lower("email"), "company", name="colleague_email")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class Invitation(models.Model):
    """An offer to work for a company in Ridgeline, sent to an address.

    Only the digest of the link's secret is kept: who reads the database cannot accept it.
    """

    company = models.ForeignKey(
        "companies.Company", on_delete=models.CASCADE, related_name="invitations"
    )
    branch = models.ForeignKey(
        "companies.Company", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=255, blank=True)
    role = models.CharField(max_length=10, choices=Membership.Role)
    digest = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    sent_at = models.DateTimeField(default=timezone.now)
    times_sent = models.PositiveSmallIntegerField(default=1)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class InvitationQuerySet(ForUser["Invitation"]):
        branch_path = ""

        def open(self) -> "Invitation.InvitationQuerySet":
            """Neither accepted nor withdrawn; they may have expired, and can be sent again."""
            return self.filter(accepted_at=None, withdrawn_at=None)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        ordering = ["-sent_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                "company",
                name="one_open_invitation_an_address",
                condition=Q(accepted_at=None, withdrawn_at=None),
            )
        ]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def has_expired(self) -> bool:
        return timezone.now() >= self.expires_at

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.withdrawn_at is None

    def mint(self) -> str:
        """A new secret for the link; the one before no longer works. The caller saves."""
        secret = secrets.token_urlsafe(32)
        self.digest = digest_of(secret)
        self.expires_at = timezone.now() + VALID_FOR
        return secret


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
