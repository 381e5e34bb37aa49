"""Enphase's word on companies, branches and subcontractors, into our tables."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from companies.models import Company, Subcontractor
from enphase import Client
from enphase.records import Company as CompanyRecord
from enphase.records import CompanyBranches, Subcontractors
from portal.connections.services import PAGE_TIMEOUTS, client_for

# Longer than any name seen; PostgreSQL refuses what its columns cannot hold.
MAX_TEXT = 255


def read_company(company: Company) -> Company:
    """Read a company's branches and subcontractors (3 hits) and store what differs.

    Raises EnphaseError or NeedsReconnect; then nothing is changed.
    """
    with client_for(company.pk, lane="interactive", timeouts=PAGE_TIMEOUTS) as client:
        answers = ask(client)
    return store(company, *answers)


def ask(client: Client) -> tuple[CompanyRecord | None, CompanyBranches, Subcontractors]:
    """The three answers that describe a company. Reads only; stores nothing."""
    own = client.users.get_current_user(expand_company=True).company
    branches = client.companies.list_company_branches()
    subcontractors = client.companies.list_authorized_subcontractors()
    return own, branches, subcontractors


@transaction.atomic
def store(
    company: Company,
    own: CompanyRecord | None,
    branches: CompanyBranches,
    subcontractors: Subcontractors,
) -> Company:
    """Write what differs. A branch that Enphase no longer names keeps its row: sites hang on it.

    Answers about another company than `company` change nothing: the tokens would be somebody
    else's.
    """
    if own is not None and own.company_id == company.enphase_id:
        _update(company, own, fallback=branches.company_name)
    if branches.company_id == company.enphase_id:
        for branch in branches.branches:
            _store_branch(company, branch)
    if subcontractors.company_id == company.enphase_id:
        _store_subcontractors(company, subcontractors)
    company.synced_at = timezone.now()
    company.save(update_fields=["synced_at"])
    return company


def _store_branch(company: Company, record: CompanyRecord) -> None:
    if record.company_id == company.enphase_id:
        return
    known = Company.objects.filter(enphase_id=record.company_id).first()
    if known is None:
        Company.objects.create(
            enphase_id=record.company_id,
            parent=company,
            **_columns(record, fallback=""),
        )
    elif known.parent_id == company.pk:
        _update(known, record, fallback=known.name)
    # A company known here as another's branch, or as a tenant of its own, is never moved:
    # moving it would show one tenant's rows to another.


def _store_subcontractors(company: Company, answer: Subcontractors) -> None:
    rows = {row.enphase_id: row for row in company.subcontractors.all()}
    for record in answer.authorized_subcontractors:
        row = rows.pop(record.company_id, None)
        wanted = {
            "name": (record.company_name or f"Company {record.company_id}")[:MAX_TEXT],
            "location": (record.location or "")[:MAX_TEXT],
            "enabled": record.is_enabled,
        }
        if row is None:
            Subcontractor.objects.create(company=company, enphase_id=record.company_id, **wanted)
        else:
            _save_differences(row, wanted)
    for row in rows.values():
        row.delete()


def _update(company: Company, record: CompanyRecord, *, fallback: str | None) -> None:
    _save_differences(company, _columns(record, fallback=fallback or company.name))


def _columns(record: CompanyRecord, *, fallback: str) -> dict[str, Any]:
    name = record.company_name or fallback or f"Company {record.company_id}"
    columns = {"name": name[:MAX_TEXT]}
    if record.location:
        columns |= {"location": record.location[:MAX_TEXT], "country": record.country or ""}
    return columns


def _save_differences(row: Any, wanted: dict[str, Any]) -> None:
    changed = [name for name, value in wanted.items() if getattr(row, name) != value]
    for name in changed:
        setattr(row, name, wanted[name])
    if changed:
        row.save(update_fields=changed)
