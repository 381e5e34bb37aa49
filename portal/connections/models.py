"""How we reach Enphase: applications (whose API plan) and accounts (on whose behalf)."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from portal.sealing import Sealed
from portal.users.models import ForUser

EXPIRY_MARGIN = timedelta(seconds=30)
REFRESH_TOKEN_LIFE = timedelta(days=30)


class Application(models.Model):
    """An application registered with Enphase: where its API is, and its three secrets.

    One comes from the environment (`company` empty) and serves everybody; a company may bring
    its own. All people of an application share its limits and its bill.
    """

    company = models.OneToOneField(
        "companies.Company", null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    base_url = models.URLField()
    client_id = models.CharField(max_length=200)
    api_key_sealed = models.TextField(blank=True)
    client_secret_sealed = models.TextField(blank=True)

    api_key = Sealed("api_key_sealed")
    client_secret = Sealed("client_secret_sealed")

    class ApplicationQuerySet(ForUser["Application"]):
        branch_path = ""

    objects = ApplicationQuerySet.as_manager()

    class Meta:
        constraints = [
            # Another address or client id is another application: an account never follows the
            # environment to a host its tokens were not made for.
            models.UniqueConstraint(
                "base_url",
                "client_id",
                name="one_shared_application_an_address",
                condition=Q(company=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.client_id} at {self.base_url}"

    def seal_context(self, column: str) -> str:
        return f"application:{self.company_id or 'shared'}:{column}"


class Account(models.Model):
    """A company's connection to Enphase: the tokens, and the Enlighten person they act as.

    `state` tells what to do: healthy, or needs_reconnect when Enphase no longer accepts the
    refresh token; then queued operations of the company wait until somebody connects again.
    """

    class State(models.TextChoices):
        HEALTHY = "healthy", "Connected"
        NEEDS_RECONNECT = "needs_reconnect", "Needs to be connected again"

    class Problem(models.TextChoices):
        """Why it is dead, and so what to do: see templates/connections/_health.html."""

        NONE = "", "None"
        REVOKED = "revoked", "Enphase no longer accepts the tokens"
        LOST = "lost", "The answer with the new tokens was lost"
        APPLICATION = "application", "Enphase refuses the application"
        UNREADABLE = "unreadable", "The stored tokens cannot be opened"
        DISCONNECTED = "disconnected", "Disconnected by an admin"

    company = models.OneToOneField(
        "companies.Company", on_delete=models.CASCADE, related_name="account"
    )
    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="accounts")
    state = models.CharField(max_length=20, choices=State, default=State.HEALTHY)
    problem = models.CharField(max_length=20, choices=Problem, default=Problem.NONE, blank=True)

    access_token_sealed = models.TextField(blank=True)
    refresh_token_sealed = models.TextField(blank=True)
    # Kept for one rotation, so that support can tell a lost pair from a stolen one.
    previous_refresh_token_sealed = models.TextField(blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    # At 75 % of the access token's life; a refresh token has no documented end but 30 days.
    refresh_at = models.DateTimeField(null=True, blank=True)
    refreshed_at = models.DateTimeField(null=True, blank=True)
    # Whoever wrote this moment into the row is the one refresher until then.
    refreshing_until = models.DateTimeField(null=True, blank=True)

    # Whom Enphase says we act as (get_current_user).
    enphase_user_id = models.BigIntegerField(null=True, blank=True)
    acting_name = models.CharField(max_length=255, blank=True)
    acting_email = models.EmailField(blank=True)
    acting_company = models.CharField(max_length=255, blank=True)

    connected_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    connected_at = models.DateTimeField(null=True, blank=True)
    tested_at = models.DateTimeField(null=True, blank=True)
    test_result = models.CharField(max_length=300, blank=True)

    access_token = Sealed("access_token_sealed")
    refresh_token = Sealed("refresh_token_sealed")

    class AccountQuerySet(ForUser["Account"]):
        branch_path = ""

        def due_for_refresh(self) -> models.QuerySet[Any]:
            """Healthy accounts beyond 75 % of their token's life."""
            return self.filter(state=Account.State.HEALTHY, refresh_at__lte=timezone.now())

    objects = AccountQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.acting_email or 'nobody'} for company {self.company_id}"

    def seal_context(self, column: str) -> str:
        return f"account:{self.company_id}:{column.removeprefix('previous_')}"

    @property
    def is_healthy(self) -> bool:
        return self.state == self.State.HEALTHY

    @property
    def is_expired(self) -> bool:
        """The access token would be refused, or will be before a call is through."""
        return self.expires_at is None or self.expires_at <= timezone.now() + EXPIRY_MARGIN

    @property
    def refresh_token_ends_at(self) -> datetime | None:
        """Without a refresh until then somebody must connect again."""
        return self.refreshed_at and self.refreshed_at + REFRESH_TOKEN_LIFE
