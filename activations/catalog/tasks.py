"""Celery's way into the catalogues."""

from celery import shared_task

from activations.catalog import sync


@shared_task(ignore_result=True)
def refresh_due_catalogues() -> None:
    """Hourly: copy what is a day old (2 hits a company, the makers once for all)."""
    for company in sync.companies_to_refresh():
        sync.refresh(company)
