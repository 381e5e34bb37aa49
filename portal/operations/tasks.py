"""Celery's way into the operations: ids only, no logic. A lost message costs seconds."""

import random
import time
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from portal.operations import runner
from portal.operations.models import Operation, OperationQuerySet, Run
from portal.operations.queue import ring
from portal.operations.runs import pump, services

RUNG_ALREADY = timedelta(seconds=1)
# How long one message of the bulk lane keeps its process, and how many ring at a time.
BULK_TURN_SECONDS = 5.0
BULK_BELLS = 4


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def run_operation(pk: int) -> None:
    runner.run(pk)


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def sweep_operations() -> None:
    """Every 5 seconds: pick up what a lost message or a dead worker left behind."""
    runner.mark_stranded()
    runner.resume_paused()
    # What came due this very second has had its own bell; the rest is rung for (again).
    overlooked = Operation.objects.due().filter(not_before__lt=timezone.now() - RUNG_ALREADY)
    for pk, lane in overlooked.exclude(lane="bulk").order_by("pk").values_list("pk", "lane")[:500]:
        ring(pk, lane)
    ring_for_bulk()


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def work_off_bulk() -> None:
    """Run what is due in the bulk lane, one after the other, for a few seconds."""
    until = time.monotonic() + BULK_TURN_SECONDS
    while time.monotonic() < until:
        # Not all workers the same one: the first of them takes it, the others come for nothing.
        due = list(_due_bulk().order_by("not_before", "pk").values_list("pk", flat=True)[:4])
        if not due:
            return
        runner.run(random.choice(due))
    ring_for_bulk(1)


def ring_for_bulk(most: int = BULK_BELLS) -> None:
    """Ring for the bulk lane if anything is due there, once for each process that may be free."""
    for pk in list(_due_bulk().values_list("pk", flat=True)[:most]):
        ring(pk, "bulk")


def _due_bulk() -> OperationQuerySet:
    return Operation.objects.due().filter(lane="bulk")


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def pump_run(pk: int) -> None:
    if pump.pump(pk):
        ring_for_bulk()


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def sweep_runs() -> None:
    """Every 5 seconds: runs go on, whatever happened to the worker or the message."""
    pump.pump_all()
    ring_for_bulk()


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def ask_admins(pk: int) -> None:
    """Mail the admins who may approve a run. Harmless when somebody already has."""
    run = Run.objects.select_related("company").filter(pk=pk).first()
    if run is not None:
        services.tell_approvers(run)


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def forget_previews() -> None:
    services.forget_previews()
