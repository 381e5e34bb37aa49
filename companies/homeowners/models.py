"""Home owners: the customers, as Enlighten knows them, and which sites they may see."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from portal.users.models import ForUser

MAX_WORDS = 6


def fold(text: str) -> str:
    """Small letters without accents, single spaces: how names and queries are compared."""
    plain = unicodedata.normalize("NFKD", text.replace("\x00", " "))
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(plain.casefold().split())


def hint_of_email(email: str) -> str:
    """ "a…@example.com": enough to tell two apart, too little to write to."""
    name, at, domain = (email or "").partition("@")
    return f"{name[:1]}…{at}{domain}" if at else ""


class HomeOwner(models.Model):
    """A person at Enlighten whom a company of ours looked up, created, or has as owner of a site.

    Of owners that only the list of sites named, id and `listed_name` are known; look-ups by
    address add the address. Each company keeps its own row, so that none learns from another's.
    """

    company = models.ForeignKey(
        "companies.Company", on_delete=models.CASCADE, related_name="home_owners"
    )
    enphase_id = models.BigIntegerField()
    email = models.EmailField(blank=True)
    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    # As the list of sites writes it, in one piece.
    listed_name = models.CharField(max_length=255, blank=True)
    phone = models.CharField(max_length=255, blank=True)
    # Does Enlighten write reports to the person? Has the person opened the account?
    email_reports = models.BooleanField(null=True, blank=True)
    is_active = models.BooleanField(null=True, blank=True)
    # Enlighten's company of the person, when there is one: then it is no home owner at all.
    enphase_company_id = models.BigIntegerField(null=True, blank=True)
    # By us, or by an earlier look-up of an account that was there already.
    created_at = models.DateTimeField(null=True, blank=True)
    found_at = models.DateTimeField(null=True, blank=True)
    # When Enphase last told all about the person, and when anything here last changed.
    read_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)
    # Written by save(): the order of the list, and what its search looks at.
    sort_key = models.CharField(max_length=300, blank=True, editable=False)
    search_text = models.TextField(blank=True, editable=False)

    class HomeOwnerQuerySet(ForUser):
        branch_path = ""

        def bulk_create(self, objs: Iterable[Any], *args: Any, **kwargs: Any) -> list[Any]:
            rows = list(objs)
            for row in rows:
                row.derive()
            created: list[Any] = super().bulk_create(rows, *args, **kwargs)
            return created

        def matching(self, text: str, owners_of_sites: Iterable[int] = ()) -> Self:
            """Each word of `text` occurs in name, address or phone; or the person owns one of the
            sites found by it (`owners_of_sites`: ids at Enphase), or was given access to one."""
            words = fold(text).split()[:MAX_WORDS]
            if not words:
                return self
            said = Q()
            for word in words:
                found = Q(search_text__contains=word)
                digits = "".join(letter for letter in word if letter.isdigit())
                if len(digits) > 2 and len(digits) >= len(word) - 3:
                    # "(707)" or "555-0142" as part of a phone number
                    found |= Q(search_text__contains=digits)
                said &= found
            return self.filter(said | Q(enphase_id__in=list(owners_of_sites)))

    objects = HomeOwnerQuerySet.as_manager()

    class Meta:
        ordering = ["sort_key", "pk"]
        constraints = [
            models.UniqueConstraint("company", "enphase_id", name="home_owner_once_a_company")
        ]
        indexes = [
            models.Index("company", "email", name="home_owner_email"),
            models.Index("company", "sort_key", "id", name="home_owner_order"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or f"Person {self.enphase_id}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.derive()
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "sort_key", "search_text"}
        super().save(*args, **kwargs)

    def derive(self) -> None:
        """Columns that follow from others."""
        named = f"{self.last_name} {self.first_name}".strip()
        if not named:
            # "Ada Okafor" sorts like the others, by the last word.
            *first, last = self.listed_name.split() or [""]
            named = " ".join([last, *first])
        self.sort_key = fold(f"{named} {self.email}")[:300]
        digits = "".join(letter for letter in self.phone if letter.isdigit())
        self.search_text = fold(f"{self.name} {self.email} {self.phone} {digits}")

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or self.listed_name

    @property
    def discreet(self) -> str:
        """The name, or as little of the address as tells two people apart: for the trail."""
        return self.name or hint_of_email(self.email) or f"person {self.enphase_id}"

    @property
    def is_staff(self) -> bool:
        """The person belongs to an installer company and is hardly a home owner."""
        return self.enphase_company_id is not None


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
    # Invited: the access is given, or the account made for it, and the person has not come yet.
    state = models.CharField(max_length=12, choices=State, default=State.NOT_INVITED)
    invited_at = models.DateTimeField(null=True, blank=True)
    granted_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(default=timezone.now)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    # The revocation that waits for its day, of an access given for a time.
    end = models.ForeignKey(
        "operations.Operation", null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    class SiteAccessQuerySet(ForUser):
        company_path = "activation__company_id"
        branch_path = "activation__branch_id"

        def held(self) -> Self:
            """Those who may see the site now."""
            return self.filter(state__in=("invited", "has_access"))

    objects = SiteAccessQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint("activation", "home_owner", name="one_access_a_site_and_owner")
        ]

    def __str__(self) -> str:
        return f"{self.home_owner_id} at {self.activation_id}: {self.state}"

    @property
    def is_held(self) -> bool:
        return self.state in (self.State.INVITED, self.State.HAS_ACCESS)

    @property
    def ends_at(self) -> datetime | None:
        """When the access ends by itself, if it was given for a time."""
        if not self.is_held or self.end is None or not self.end.is_open:
            return None
        return self.end.not_before

    @property
    def should_have_ended(self) -> bool:
        """Its end came, and Enphase refused or failed to take it away."""
        return bool(
            self.is_held and self.end is not None and self.end.state in ("rejected", "failed")
        )

    @property
    def since(self) -> datetime | None:
        """When the state it is in began."""
        moments = {
            self.State.INVITED: self.invited_at,
            self.State.HAS_ACCESS: self.granted_at,
            self.State.REVOKED: self.revoked_at,
        }
        return moments.get(self.State(self.state)) or self.changed_at


class Move(models.Model):
    """People move out of a house with a site: what of the hand-over is done, step by step.

    Only what nothing else remembers stands here. Whether somebody owns the site or sees it is
    read from the site and from SiteAccess.
    """

    activation = models.ForeignKey(
        "activations.Activation", on_delete=models.CASCADE, related_name="moves"
    )
    leaving = models.ForeignKey(
        HomeOwner, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    coming = models.ForeignKey(
        HomeOwner, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    moved_on = models.DateField(null=True, blank=True)
    started_at = models.DateTimeField(default=timezone.now)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)

    class MoveQuerySet(ForUser):
        company_path = "activation__company_id"
        branch_path = "activation__branch_id"

    objects = MoveQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                "activation", name="one_open_move_a_site", condition=Q(closed_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"move {self.pk} at {self.activation_id}"
