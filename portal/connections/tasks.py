"""Celery's way into the connections."""

from celery import shared_task

from portal.connections import services
from portal.connections.models import Account


@shared_task(ignore_result=True)
def refresh_tokens() -> None:
    """Every minute: refresh the tokens beyond 75 % of their life."""
    for account in Account.objects.due_for_refresh().select_related("application"):
        services.refresh_ahead(account)
