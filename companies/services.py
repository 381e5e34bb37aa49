"""What may be done with companies and with who works in them."""

from typing import Any

from django.db import IntegrityError, transaction
from django.views.decorators.debug import sensitive_variables

from companies import sync
from companies.models import Company, Membership
from enphase import EnphaseError, Rejected
from enphase.records import CompanyBranches, Subcontractors
from portal.connections.services import (
    SignedIn,
    sentence_for,
    sign_in_to_enphase,
    store_account,
)
from portal.operations import audit
from portal.ui.errors import Refused
from portal.users.models import User

Role = Membership.Role


class NoCompany(Refused):
    """The Enlighten account belongs to no installer company."""


class AlreadyHere(Refused):
    """The company uses Ridgeline already; its admin decides who joins."""


# ------------------------------------------------------------------ the first connection


@sensitive_variables()
def connect_company(*, username: str, password: str, actor: User) -> Company:
    """Bring a company to Ridgeline: its first connection, branches, and `actor` as its admin.

    The password is used for one request to Enphase and kept nowhere. 4 hits. Raises
    ConnectFailed, NoCompany or AlreadyHere, each with the sentence for the person; then nothing
    was stored.
    """
    signed_in = sign_in_to_enphase(username, password, actor=actor)
    own = signed_in.user.company
    if own is None:
        raise NoCompany(_no_company(signed_in))
    _refuse_known(own.company_id)
    branches, subcontractors = _ask(signed_in)

    top_id, name = own.company_id, own.company_name
    if branches.company_id is not None and branches.company_id != own.company_id:
        # A branch's person: the tenant is the company above, and it must connect itself.
        raise NoCompany(
            f"{own.company_name} is a branch of {branches.company_name}. "
            f"Connect with an account of {branches.company_name}."
        )
    try:
        with transaction.atomic():
            company = Company.objects.create(
                enphase_id=top_id, name=(name or f"Company {top_id}")[: sync.MAX_TEXT]
            )
            Membership.objects.create(user=actor, company=company, role=Role.ADMIN)
            sync.store(company, own, branches, subcontractors)
            audit.record(
                "company:joined", company=company, actor=actor, text=f"{company} joined Ridgeline"
            )
            store_account(company, signed_in, actor=actor)
    except IntegrityError:
        _refuse_known(top_id)
        raise
    return company


def _ask(signed_in: SignedIn) -> tuple[CompanyBranches, Subcontractors]:
    try:
        with signed_in.client() as client:
            branches = client.companies.list_company_branches()
            subcontractors = client.companies.list_authorized_subcontractors()
    except Rejected as error:
        if error.status in (401, 404):
            raise NoCompany(_no_company(signed_in)) from None
        raise Refused(sentence_for(error)) from None
    except EnphaseError as error:
        raise Refused(sentence_for(error)) from None
    return branches, subcontractors


def _refuse_known(enphase_id: int) -> None:
    known = Company.objects.filter(enphase_id=enphase_id).select_related("parent").first()
    if known is not None:
        company = known.parent or known
        raise AlreadyHere(f"{company} already uses Ridgeline. Ask its admin to add you.")


def _no_company(signed_in: SignedIn) -> str:
    if signed_in.user.is_self_installer:
        return (
            "This Enlighten account is a self-installer's, without an installer company. "
            "Ridgeline works for installer companies."
        )
    return (
        "This Enlighten account belongs to no installer company. "
        "Use the account of somebody who works for one."
    )


# ------------------------------------------------------------------ who works here


def change_member(
    member: Membership, *, role: str, branch: Company | None, actor: User
) -> Membership:
    """Change a person's role or branch. Not one's own, and never the last admin's."""
    with transaction.atomic():
        member = _locked(member, actor)
        before = member.describe()
        if role != Role.ADMIN:
            _keep_an_admin(member)
        member.role, member.branch = role, branch
        after = member.describe()
        if after != before:
            member.save(update_fields=["role", "branch"])
            _note("member:changed", member, actor, before=before, after=after)
    return member


def remove_member(member: Membership, *, actor: User) -> None:
    """End a person's work for the company at once. Not one's own, never the last admin's."""
    with transaction.atomic():
        member = _locked(member, actor)
        _keep_an_admin(member)
        _note("member:removed", member, actor, before=member.describe())
        member.delete()


def _locked(member: Membership, actor: User) -> Membership:
    """The member's row, with all of the company locked: two admins must not remove each other."""
    rows = Membership.objects.select_for_update().filter(company_id=member.company_id)
    found = {row.pk: row for row in rows.order_by("pk")}
    if member.pk not in found:
        raise Refused("This person no longer works here.")
    if not any(row.user_id == actor.pk and row.role == Role.ADMIN for row in found.values()):
        raise Refused("You are no longer an admin of this company.")
    if found[member.pk].user_id == actor.pk:
        raise Refused("Nobody changes their own role. Ask another admin.")
    return found[member.pk]


def _keep_an_admin(member: Membership) -> None:
    if member.role != Role.ADMIN:
        return
    others = Membership.objects.filter(
        company_id=member.company_id, role=Role.ADMIN, user__is_active=True
    ).exclude(pk=member.pk)
    if not others.exists():
        raise Refused("This is the only admin. Make somebody else an admin first.")


def _note(tag: str, member: Membership, actor: Any, **data: Any) -> None:
    audit.record(
        tag, company=member.company, actor=actor, text=f"{member.user}, {member.role}", data=data
    )


# ------------------------------------------------------------------ support


def open_as_support(company: Company, *, actor: User) -> None:
    """Note for the company that support staff opened it."""
    audit.record(
        "support:opened-company", company=company, actor=actor, text=f"{actor} opened {company}"
    )
