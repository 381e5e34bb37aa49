"""Celery's way into readings of a site."""

from celery import shared_task

from activations.models import Activation
from activations.snapshots import services
from activations.snapshots.registry import KINDS


@shared_task(ignore_result=True)
def read_things(
    pk: int, things: list[list[str]], lane: str = "interactive", person_id: int | None = None
) -> None:
    """Read things of one site. A problem is kept with the copy. Harmless to call twice."""
    activation = Activation.objects.select_related("company").filter(pk=pk, gone_at=None).first()
    if activation is None:
        return
    known = [(kind, key) for kind, key in things if kind in KINDS]
    services.read_all(activation, known, lane=lane, person_id=person_id)
