"""Celery's way into the companies."""

import logging
from datetime import timedelta

from celery import shared_task
from django.db.models import Q
from django.utils import timezone

from companies import sync
from companies.models import Company
from enphase import EnphaseError
from portal.connections.services import NeedsReconnect

log = logging.getLogger(__name__)

READ_EVERY = timedelta(hours=24)


@shared_task(ignore_result=True)
def read_due_companies() -> None:
    """Hourly: read anew each connected company that was not read for a day (3 hits each)."""
    due = Company.objects.tenants().filter(
        Q(synced_at=None) | Q(synced_at__lt=timezone.now() - READ_EVERY),
        account__state="healthy",
    )
    for company in due:
        try:
            sync.read_company(company)
        except (EnphaseError, NeedsReconnect) as error:
            log.warning("Company %s was not read (%s)", company.pk, type(error).__name__)
