"""Celery's way into the operations: ids only, no logic. A lost message costs seconds."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from portal.operations import runner
from portal.operations.models import Operation, Run
from portal.operations.queue import ring
from portal.operations.runs import pump, services

RUNG_ALREADY = timedelta(seconds=1)


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
    for pk, lane in overlooked.order_by("pk").values_list("pk", "lane")[:500]:
        ring(pk, lane)


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def pump_run(pk: int) -> None:
    pump.pump(pk)


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def sweep_runs() -> None:
    """Every 5 seconds: runs go on, whatever happened to the worker or the message."""
    pump.pump_all()


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def ask_admins(pk: int) -> None:
    """Mail the admins who may approve a run. Harmless when somebody already has."""
    run = Run.objects.select_related("company").filter(pk=pk).first()
    if run is not None:
        services.tell_approvers(run)


@shared_task  # type: ignore[untyped-decorator,unused-ignore]
def forget_previews() -> None:
    services.forget_previews()
