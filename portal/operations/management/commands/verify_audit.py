from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.operations import audit
from portal.operations.models import AuditHead


class Command(BaseCommand):
    help = "Check that no event of the audit trail was changed, removed or reordered."

    def handle(self, *args: Any, **options: Any) -> None:
        broken = 0
        for head in AuditHead.objects.order_by("chain"):
            event = audit.verify(head.chain)
            if event is None:
                self.stdout.write(f"chain {head.chain}: {head.sequence} events, whole")
            else:
                broken += 1
                self.stderr.write(f"chain {head.chain}: broken at event {event.sequence}")
        if broken:
            raise CommandError(f"{broken} chain(s) broken")
