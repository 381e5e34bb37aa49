"""Enphase's word on who works for a company, into our tables."""

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from companies.models import Company
from companies.staff.models import Colleague, Roll
from enphase import Client, EnphaseError, Rejected
from enphase.records import CompanyUser, User
from portal.connections.services import NeedsReconnect, client_for, sentence_for
from portal.operations import words

# A reading that was asked for and never ended is given up after this.
PATIENCE = timedelta(seconds=90)
READ_EVERY = timedelta(hours=24)
# Names are read one by one: so many at a time.
NAMES_AT_MOST = 50
MAX_TEXT = 255


def roll_of(company: Company) -> Roll:
    return Roll.objects.get_or_create(company=company)[0]


def claim(company: Company) -> bool:
    """Take the right to read; one reading at a time."""
    now = timezone.now()
    free = Q(asked_at=None) | Q(asked_at__lt=now - PATIENCE)
    return bool(Roll.objects.filter(free, pk=roll_of(company).pk).update(asked_at=now, problem=""))


def hits_of(company: Company) -> int:
    """What reading the list costs: the company, and each of its branches."""
    return 1 + company.branches.count()


def read_staff(company: Company, *, names: bool, person_id: int | None = None) -> str:
    """Read who works for the company and its branches; with `names`, what is not known of them.

    "" or a sentence on what went wrong; our copy then keeps what it has.
    Operations list_company_users, get_company_user or get_user.
    """
    problem, began = "", timezone.now()
    try:
        with client_for(company.pk, person_id=person_id) as client:
            listed: dict[Company | None, list[CompanyUser]] = {
                None: client.companies.list_company_users(company.enphase_id)
            }
            for branch in company.branches.all():
                listed[branch] = client.companies.list_company_users(branch.enphase_id)
            store(company, listed, began=began)
            if names:
                for colleague in _nameless(company):
                    store_person(colleague, read_person(client, colleague))
    except Rejected as refusal:
        problem = words.explain(refusal)
    except EnphaseError as error:
        problem = sentence_for(error)
    except NeedsReconnect as refusal:
        problem = str(refusal)
    Roll.objects.filter(company=company).update(asked_at=None, problem=problem[:300])
    return problem


def _nameless(company: Company) -> list[Colleague]:
    rows = Colleague.objects.filter(company=company, gone_at=None, read_at=None)
    return list(rows.select_related("company", "branch")[:NAMES_AT_MOST])


def read_person(client: Client, colleague: Colleague) -> User:
    """One colleague with everything Enphase tells. The first call is gone from the 2026 documents,
    so a refusal of it is answered with the second.
    """
    where = colleague.branch or colleague.company
    try:
        return client.companies.get_company_user(where.enphase_id, colleague.enphase_id)
    except Rejected as refusal:
        if refusal.status not in (404, 405, 501):
            raise
    return client.users.get_user(colleague.enphase_id)


@transaction.atomic
def store(
    company: Company, listed: dict[Company | None, list[CompanyUser]], *, began: datetime
) -> None:
    """Write what differs. Who is no longer listed keeps a row that says so.

    Somebody who was added after the reading began is on no list yet, and stays.
    """
    rows = {row.enphase_id: row for row in Colleague.objects.filter(company=company)}
    for branch, users in listed.items():
        for user in users:
            row = rows.pop(user.user_id, None) or Colleague(
                company=company, enphase_id=user.user_id
            )
            row.branch, row.gone_at = branch, None
            row.email = (user.email or row.email)[:254]
            row.save()
    for row in rows.values():
        is_newer = row.read_at is not None and row.read_at >= began
        if row.gone_at is None and not is_newer:
            row.gone_at = timezone.now()
            row.save(update_fields=["gone_at"])
    Roll.objects.filter(company=company).update(read_at=timezone.now())


def store_person(colleague: Colleague, user: User) -> None:
    """Names, phone and flags; what the answer leaves out keeps what we have."""
    wanted: dict[str, Any] = {"read_at": timezone.now()}
    sent = user.model_fields_set
    for column in ("email", "first_name", "last_name", "phone"):
        if column in sent:
            wanted[column] = (getattr(user, column) or "")[:MAX_TEXT]
    if "enlighten_emails" in sent:
        wanted["enlighten_emails"] = user.enlighten_emails
    if "active" in sent:
        wanted["is_active"] = user.active
    if not wanted.get("email", "x"):
        del wanted["email"]
    Colleague.objects.filter(pk=colleague.pk).update(**wanted)
    for column, value in wanted.items():
        setattr(colleague, column, value)
