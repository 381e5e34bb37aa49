"""Celery's way into who works for a company."""

from celery import shared_task

from companies.models import Company
from companies.staff import sync


@shared_task(ignore_result=True)
def read_staff(company_id: int, names: bool = False, person_id: int | None = None) -> None:
    """Read a company's list. Harmless to call twice."""
    company = Company.objects.tenants().filter(pk=company_id).first()
    if company is not None:
        sync.read_staff(company, names=names, person_id=person_id)
