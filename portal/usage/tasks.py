"""Celery's way into the ledger's housekeeping."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from portal.usage.models import Hit

# The sums by hour are kept for ever; single hits only as long as somebody may ask about one.
KEPT = timedelta(days=90)


@shared_task
def forget_old_hits() -> None:
    Hit.objects.filter(at__lt=timezone.now() - KEPT).delete()
