"""Writes into a company's audit trail what happens in the apps below the trail."""

from typing import Any

from django.dispatch import receiver

from portal.connections.signals import account_changed
from portal.operations import audit


@receiver(account_changed, dispatch_uid="companies.trail")
def note_account(*, account: Any, actor: Any, tag: str, text: str, **kwargs: Any) -> None:
    """A connection was made, lost or ended."""
    audit.record(tag, company=account.company, actor=actor, text=text)
