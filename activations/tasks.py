"""Celery's way into the sweeps."""

import logging

from celery import shared_task

from activations import sync
from activations.models import Activation, Mirror, Sweep
from companies.models import Company

log = logging.getLogger(__name__)


@shared_task(ignore_result=True)
def sweep_due_companies() -> None:
    """Every minute: one message for each connected company whose copy is due."""
    mirrors = {mirror.company_id: mirror for mirror in Mirror.objects.all()}
    for company in Company.objects.tenants().filter(account__state="healthy"):
        mirror = mirrors.get(company.pk) or Mirror(company=company)
        if kind := sync.due_kind(company, mirror):
            sweep_company.apply_async(args=[company.pk, kind], queue="sync", expires=300)


@shared_task(ignore_result=True)
def sweep_company(company_id: int, kind: str) -> None:
    """Sweep one company. Harmless to call twice: one sweeper at a time."""
    company = Company.objects.tenants().filter(pk=company_id).first()
    if company is None:
        return
    run = sync.sweep(company, kind=kind)
    if run is not None:
        log.info(
            "Swept company %s (%s): %s pages, %s rows, %s written%s",
            company_id,
            kind,
            run.pages,
            run.rows,
            run.written,
            f", stopped: {run.problem}" if run.problem else "",
        )


def ring(company_id: int) -> None:
    """Ask a worker for a full sweep. Without a broker the next minute's round finds the wish."""
    try:
        sweep_company.apply_async(args=[company_id, Sweep.Kind.FULL], queue="sync", expires=300)
    except Exception as error:
        log.warning("No bell for company %s (%s)", company_id, type(error).__name__)


def ask_for(activation: Activation) -> bool:
    """Let a worker ask for one lost site by its id. False when no worker can be told."""
    try:
        ask_for_site.apply_async(args=[activation.pk], queue="interactive", expires=300)
    except Exception as error:
        log.warning("Site %s is not asked for (%s)", activation.pk, type(error).__name__)
        return False
    return True


@shared_task(ignore_result=True)
def ask_for_site(pk: int) -> None:
    """Ask Enphase for one site by its id (1 hit). Harmless to call twice."""
    activation = Activation.objects.select_related("company").filter(pk=pk).first()
    if activation is not None and activation.lost_at is not None:
        sync.ask_again(activation)
