"""Who sees a site, and why: at Enphase, and in Ridgeline."""

import calendar
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from activations.models import Activation
from companies.homeowners.models import HomeOwner, SiteAccess
from companies.models import Membership
from enphase.records import Activation as Record
from enphase.records import User as EnphaseUser
from portal.operations.models import AuditEvent

SUPPORT_SHOWN = timedelta(days=90)
ROLES = {
    "admin": "Sees and changes everything, deletes the site, connects Enphase",
    "installer": "Sees and changes everything",
    "viewer": "Sees everything, changes nothing",
}


@dataclass(frozen=True)
class Seer:
    """One who sees the site: who, why, what, and since when or how far it has come."""

    who: str
    why: str
    sees: str
    sub: str = ""
    # tone, icon, words of a pill; `quiet` for a healthy one
    pill: tuple[str, str, str] = ("ok", "ok", "Now")
    quiet: bool = True
    at: datetime | None = None
    # Our row of a home owner, and their access to this site.
    home_owner: int | None = None
    access: SiteAccess | None = None
    membership: int | None = None


@dataclass(frozen=True)
class Group:
    title: str
    seers: list[Seer] = field(default_factory=list)
    # What is said when there is nobody, or about all of them.
    note: str = ""


def of_site(activation: Activation, record: Record) -> list[Group]:
    """Everybody who sees the site, in groups of reasons. Four queries, no hit."""
    accesses = list(
        SiteAccess.objects.filter(activation=activation)
        .select_related("home_owner", "end")
        .order_by("home_owner__sort_key", "pk")
    )
    return [
        Group("Owner and host", _owner_and_host(activation, record, accesses)),
        Group(
            "Home owners with access",
            _given(activation, accesses),
            "Enphase does not tell who else it gave access to. Listed is what was given from here.",
        ),
        Group("Companies at Enphase", _companies(activation, record)),
        Group("People in Ridgeline", _members(activation)),
        Group(
            "Ridgeline's support",
            _support(activation),
            f"They look and change nothing. Openings of the last {SUPPORT_SHOWN.days} days.",
        ),
    ]


def _owner_and_host(
    activation: Activation, record: Record, accesses: list[SiteAccess]
) -> list[Seer]:
    known = {
        owner.enphase_id: owner
        for owner in HomeOwner.objects.filter(
            company=activation.company_id,
            enphase_id__in=[n for n in (activation.owner_id, activation.host_id) if n],
        )
    }
    given = {access.home_owner.enphase_id: access for access in accesses}
    seers = []
    if activation.owner_id:
        seers.append(
            Seer(
                who=record.owner_name or activation.owner_name or f"Person {activation.owner_id}",
                sub=_email(record.owner, known.get(activation.owner_id)),
                why="Owns the site",
                sees="Everything in the Enphase app; approves subcontractors",
                home_owner=getattr(known.get(activation.owner_id), "pk", None),
                access=given.get(activation.owner_id),
            )
        )
    if activation.host_id:
        access = given.get(activation.host_id)
        seers.append(
            Seer(
                who=record.host_name or f"Person {activation.host_id}",
                sub=_email(record.host, known.get(activation.host_id)),
                why="Host: lives where the leased system stands",
                sees="Production and reports, once access is given",
                pill=_state(access) if access else ("off", "dash", "Not invited"),
                at=access.since if access else None,
                home_owner=getattr(known.get(activation.host_id), "pk", None),
                access=access,
            )
        )
    return seers


def _email(person: Any, known: HomeOwner | None) -> str:
    if isinstance(person, EnphaseUser) and person.email:
        return person.email
    return known.email if known is not None else ""


def _given(activation: Activation, accesses: list[SiteAccess]) -> list[Seer]:
    roles = (activation.owner_id, activation.host_id)
    return [
        Seer(
            who=access.home_owner.name or access.home_owner.email or str(access.home_owner),
            sub=access.home_owner.email if access.home_owner.name else "",
            why=_why_given(access),
            sees="Production, consumption and reports" if access.is_held else "Nothing",
            pill=_state(access),
            quiet=access.state != SiteAccess.State.INVITED,
            at=access.since,
            home_owner=access.home_owner_id,
            access=access,
        )
        for access in accesses
        if access.home_owner.enphase_id not in roles
    ]


def _why_given(access: SiteAccess) -> str:
    if access.state == SiteAccess.State.NOT_INVITED:
        return "Access was asked for"
    if access.state == SiteAccess.State.REVOKED:
        return "Had access"
    return "Access given from here"


def _state(access: SiteAccess) -> tuple[str, str, str]:
    look = {
        SiteAccess.State.HAS_ACCESS: ("ok", "ok"),
        SiteAccess.State.INVITED: ("busy", "mail"),
    }.get(SiteAccess.State(access.state), ("off", "dash"))
    return (*look, access.get_state_display())


def _companies(activation: Activation, record: Record) -> list[Seer]:
    seers = []
    installer = record.installer_name or activation.installer_name or activation.company.name
    everything = "Everything at Enphase, and may change it"
    seers.append(Seer(installer, "Installer", everything))
    if record.maintainer_name and record.maintainer_id != record.installer_id:
        seers.append(Seer(record.maintainer_name, "Maintainer", everything))
    for other in record.authorized_subcontractors:
        name = other.authorized_subcontractor_name or str(other.authorized_subcontractor_id)
        if other.is_approved:
            seers.append(Seer(name, "Subcontractor, approved by the owner", everything))
        elif "reject" in (other.status or "").casefold():
            pill = ("off", "dash", "Rejected by the owner")
            seers.append(Seer(name, "Subcontractor", "Nothing", pill=pill))
        else:
            pill = ("busy", "clock", other.status or "Pending")
            seers.append(
                Seer(name, "Subcontractor", "Nothing until the owner approves", "", pill, False)
            )
    return seers


def _members(activation: Activation) -> list[Seer]:
    rows = (
        Membership.objects.filter(company=activation.company_id, user__is_active=True)
        .filter(Q(branch=None) | Q(branch=activation.branch_id))
        .select_related("user", "branch")
        .order_by("role", "user__name", "pk")
    )
    return [
        Seer(
            who=str(row.user),
            sub=row.user.email if row.user.name else "",
            why=f"{row.get_role_display()}, {row.branch or 'all branches'}",
            sees=ROLES[row.role],
            membership=row.pk,
        )
        for row in rows
    ]


def _support(activation: Activation) -> list[Seer]:
    """Support staff see every company; listed are those who opened this one."""
    events = AuditEvent.objects.filter(
        company=activation.company_id,
        tag="support:opened-company",
        at__gt=timezone.now() - SUPPORT_SHOWN,
    ).order_by("-pk")
    latest: dict[Any, AuditEvent] = {}
    for event in events[:200]:
        latest.setdefault(event.actor_id, event)
    return [
        Seer(
            who=event.actor_name,
            why="Opened the company",
            sees=ROLES["viewer"],
            pill=("off", "eye", "Looked"),
            at=event.at,
        )
        for event in latest.values()
    ]


# ------------------------------------------------------------------ a change of owner


@dataclass(frozen=True)
class OwnerChange:
    """Whether changing the owner is still free, as far as the dates we have can tell."""

    sentence: str
    is_free: bool | None
    free_until: date | None = None
    days_left: int | None = None


def owner_change(activation: Activation, record: Record, today: date | None = None) -> OwnerChange:
    """Enphase's transfer of ownership is free for some months after activation.

    The API tells neither the day of activation nor a price (settings.OWNER_CHANGE_FREE_MONTHS and
    OWNER_CHANGE_LATER), so the count begins when we saw stage 5, else at the day the site was
    connected to the grid.
    """
    months, later = settings.OWNER_CHANGE_FREE_MONTHS, settings.OWNER_CHANGE_LATER
    if activation.owner_id is None:
        return OwnerChange("The first owner is named without a transfer.", True)
    if activation.stage < 5:
        sentence = f"Free until {months} months after activation. {later}"
        return OwnerChange(sentence, True)
    today = today or timezone.localdate()
    if activation.stage_since is not None:
        begun, why = timezone.localdate(activation.stage_since), "the activation was completed"
    elif record.interconnect_date is not None:
        begun, why = record.interconnect_date, "the site was connected to the grid"
    else:
        sentence = (
            f"Free for {months} months after activation, whose day is not known here. {later}"
        )
        return OwnerChange(sentence, None)
    until = add_months(begun, months)
    left = (until - today).days
    counted = f"Counted from {begun:%-d %B %Y}, when {why}."
    if left >= 0:
        return OwnerChange(f"{counted} {later}", True, until, left)
    return OwnerChange(f"The free time ended on {until:%-d %B %Y}. {counted} {later}", False, until)


def add_months(day: date, months: int) -> date:
    """The same day some months later; the last of the month where there is no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day.day, last))


# ------------------------------------------------------------------ a member


@dataclass(frozen=True)
class Reach:
    """One company somebody works in: where, as what, and how many sites that is."""

    membership: Membership
    sees: str
    sites: int


def reach_of(memberships: Iterable[Membership]) -> list[Reach]:
    """What a person sees by their memberships."""
    found = []
    for row in memberships:
        sites = Activation.objects.filter(company=row.company_id).present()
        if row.branch_id:
            sites = sites.filter(branch=row.branch_id)
        found.append(Reach(row, ROLES[row.role], sites.count()))
    return found
