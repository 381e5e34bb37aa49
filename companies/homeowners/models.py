"""Home owners: the customers, as Enlighten knows them, and which sites they may see."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils import timezone

from portal.users.models import ForUser


class HomeOwner(models.Model):
    """A person at Enlighten whom a company of ours has looked up or created.

    Found by look-up: only id and address are known (names may be empty). Each company keeps its
    own row, so that none learns from another's.
    """

    company = models.ForeignKey(
        "companies.Company", on_delete=models.CASCADE, related_name="home_owners"
    )
    enphase_id = models.BigIntegerField()
    email = models.EmailField()
    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    phone = models.CharField(max_length=255, blank=True)
    # Enlighten's company of the person, when there is one: then it is no home owner at all.
    enphase_company_id = models.BigIntegerField(null=True, blank=True)
    # By us, or by an earlier look-up of an account that was there already.
    created_at = models.DateTimeField(null=True, blank=True)
    found_at = models.DateTimeField(null=True, blank=True)

    class HomeOwnerQuerySet(ForUser):
        branch_path = ""

        def matching(self, text: str) -> Self:
            """Each word of `text` occurs in the name or the address."""
            rows = self
            for word in text.split()[:5]:
                rows = rows.filter(
                    Q(email__icontains=word)
                    | Q(first_name__icontains=word)
                    | Q(last_name__icontains=word)
                )
            return rows

    objects = HomeOwnerQuerySet.as_manager()

    class Meta:
        ordering = ["last_name", "first_name", "email", "pk"]
        constraints = [
            models.UniqueConstraint("company", "enphase_id", name="home_owner_once_a_company")
        ]
        indexes = [models.Index("company", "email", name="home_owner_email")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class SiteAccess(models.Model):
    """What a home owner may see of one site, as far as we have caused it.

    Enphase has no endpoint that lists who may see a site, so this is our own memory.
    """

    class State(models.TextChoices):
        NOT_INVITED = "not_invited", "Not invited"
        INVITED = "invited", "Invited"
        HAS_ACCESS = "has_access", "Has access"
        REVOKED = "revoked", "Revoked"

    activation = models.ForeignKey(
        "activations.Activation", on_delete=models.CASCADE, related_name="accesses"
    )
    home_owner = models.ForeignKey(HomeOwner, on_delete=models.CASCADE, related_name="accesses")
    state = models.CharField(max_length=12, choices=State, default=State.NOT_INVITED)
    invited_at = models.DateTimeField(null=True, blank=True)
    granted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)

    class SiteAccessQuerySet(ForUser):
        company_path = "activation__company_id"
        branch_path = "activation__branch_id"

    objects = SiteAccessQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint("activation", "home_owner", name="one_access_a_site_and_owner")
        ]

    def __str__(self) -> str:
        return f"{self.home_owner_id} at {self.activation_id}: {self.state}"
