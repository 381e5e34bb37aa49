from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from portal.operations import audit
from portal.operations.models import Operation, State
from portal.operations.registry import WRITES


class Command(BaseCommand):
    help = (
        "Run after restoring the database from a backup and before any worker starts: paid "
        "creates that the backup shows as unsent may have been sent since, so they are looked "
        "up first instead of being sent."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        creates = [kind for kind, write in WRITES.items() if write.creates]
        waiting = Operation.objects.filter(
            kind__in=creates, state__in=[State.QUEUED, State.SENDING, State.PAUSED]
        )
        moved = 0
        for operation in waiting:
            with transaction.atomic():
                operation.state = State.UNKNOWN
                operation.fence += 1
                operation.lease_until = None
                operation.not_before = timezone.now()
                operation.message = "Restored from a backup. Looking whether it was sent since."
                operation.save()
                audit.record("operation:restored", operation, text=operation.message)
                moved += 1
        self.stdout.write(f"{moved} create(s) will be looked up before anything is sent")
