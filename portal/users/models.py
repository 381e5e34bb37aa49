"""People who sign in to the portal. Home owners are customers, not users."""

from typing import Any, ClassVar, Self, TypeVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.functional import cached_property


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_superuser=True, is_support=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person with one sign-in, who may work for several companies.

    What they may do where is told by their memberships (companies.Membership); support staff
    have none: they see every company and change nothing.
    """

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120, blank=True)
    is_active = models.BooleanField(default=True)
    is_support = models.BooleanField(default=False)
    date_joined = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()
    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def initials(self) -> str:
        words = (self.name or self.email.partition("@")[0]).split()
        return "".join(word[0] for word in words[:2]).upper()

    @cached_property
    def roles(self) -> list[Any]:
        """Memberships with their company and branch; one query a request, or none.

        The sign-in backend fills it together with the user (companies.access.Backend).
        """
        memberships: Any = getattr(self, "memberships")  # noqa: B009 - defined by an upper app
        return list(memberships.select_related("company", "branch"))

    def role_in(self, company_id: int | None) -> str | None:
        """`admin`, `installer`, `viewer`, `support`, or None for a company out of sight."""
        if not self.is_active:
            return None
        for membership in self.roles:
            if membership.company_id == company_id:
                return str(membership.role)
        return "support" if self.is_support else None

    def sees(self, *, company: str = "company_id", branch: str = "branch_id") -> Q:
        """Rows this person may see, as a filter over the named company and branch columns.

        Support sees all; a member sees their company, or only their branch when scoped to one;
        everybody else sees nothing.
        """
        if not self.is_active:
            return Q(pk__in=[])
        if self.is_support:
            return Q()
        seen = Q(pk__in=[])
        for membership in self.roles:
            rows = Q(**{company: membership.company_id})
            if membership.branch_id and branch:
                rows &= Q(**{branch: membership.branch_id})
            seen |= rows
        return seen


_Row = TypeVar("_Row", bound=models.Model, covariant=True)


class ForUser(models.QuerySet[_Row]):
    """Rows of a company. Every view and every form field starts at `for_user()`."""

    company_path = "company_id"
    branch_path = "branch_id"

    def for_user(self, user: Any) -> Self:
        """What this person may see; nothing for a stranger."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(user.sees(company=self.company_path, branch=self.branch_path))
