"""Celery's way into imports."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from activations.imports import services
from activations.imports.models import Upload

# A check that made no progress for so long has lost its worker.
STUCK_AFTER = timedelta(minutes=5)
KEEP = timedelta(days=90)


@shared_task(ignore_result=True)
def check_rows(pk: int) -> None:
    """Check the rows of an upload. Harmless to call twice."""
    services.check(pk)


@shared_task(ignore_result=True)
def look_after_uploads() -> None:
    """Every few minutes: checks whose worker died go on; uploads of long ago are forgotten."""
    now = timezone.now()
    stuck = Upload.objects.filter(
        state=Upload.State.CHECKING, changed_at__lt=now - STUCK_AFTER
    ).values_list("pk", flat=True)
    for pk in stuck[:10]:
        services.check(pk)
    Upload.objects.filter(created_at__lt=now - KEEP).delete()
