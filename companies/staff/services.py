"""Who works here: both lists joined, invitations, changes at Enphase, and saying goodbye."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.utils import timezone

from companies import leaving
from companies import services as companies
from companies.models import Company, Membership
from companies.staff import sync, writes
from companies.staff.models import Colleague, Invitation, digest_of
from portal.operations import audit
from portal.operations.models import Operation, describe_event
from portal.operations.queue import queue_write
from portal.ui.errors import Refused
from portal.users.models import User

log = logging.getLogger(__name__)

describe_event("invitation:sent", "Invited", "mail")
describe_event("invitation:accepted", "Invitation accepted", "check", "ok")
describe_event("invitation:withdrawn", "Invitation withdrawn", "archive", "off")

# A person who presses "Send again" is not to fill somebody's mailbox.
SEND_AGAIN_AFTER_SECONDS = 60
FACTOR_WORDS = {
    Authenticator.Type.TOTP: "authenticator app",
    Authenticator.Type.WEBAUTHN: "passkey",
}


# ------------------------------------------------------------------ the list


@dataclass
class Person:
    """Somebody of a company: a member here, an invitation here, a user at Enphase, or several."""

    email: str
    member: Membership | None = None
    invitation: Invitation | None = None
    colleague: Colleague | None = None
    factors: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name they gave themselves here, else Enphase's, else the invitation's."""
        if self.member is not None and self.member.user.name:
            return str(self.member.user.name)
        named = (self.colleague and self.colleague.name) or ""
        return named or (self.invitation.name if self.invitation else "")

    @property
    def role(self) -> str:
        there = self.member or self.invitation
        return there.get_role_display() if there else ""

    @property
    def branch(self) -> str:
        there = self.member or self.invitation
        if there is not None:
            return str(there.branch or "All branches")
        return str(self.colleague.branch or "") if self.colleague else ""

    @property
    def at_enphase(self) -> bool:
        return self.colleague is not None and self.colleague.gone_at is None

    @property
    def where(self) -> str:
        """both, here, enphase or invited: which of the lists has this person."""
        if self.member is not None:
            return "both" if self.at_enphase else "here"
        return "invited" if self.invitation is not None else "enphase"

    @property
    def last_sign_in(self) -> datetime | None:
        return self.member.user.last_login if self.member else None

    @property
    def has_expired(self) -> bool:
        """Is invited, by a link that no longer works."""
        return self.where == "invited" and self.invitation.has_expired  # type: ignore[union-attr]

    @property
    def is_without_factor(self) -> bool:
        return self.member is not None and not self.factors

    @property
    def must_add_factor(self) -> bool:
        """Is kept from every page until there is a second factor (portal.users.middleware)."""
        return (
            settings.REQUIRE_SECOND_FACTOR
            and self.is_without_factor
            and self.member is not None
            and self.member.role == Membership.Role.ADMIN
        )


def people_of(company: Company, viewer: User) -> list[Person]:
    """Everybody of a company, by name: those with a sign-in, invited (expired first), the others.

    Four queries.
    """
    found: dict[str, Person] = {}

    def entry(email: str) -> Person:
        return found.setdefault(email.casefold(), Person(email))

    members = list(
        Membership.objects.for_user(viewer)
        .filter(company=company)
        .select_related("user", "branch", "company")
    )
    factors = factors_of([member.user_id for member in members])
    for member in members:
        person = entry(member.user.email)
        person.member, person.factors = member, factors.get(member.user_id, ())
    for invitation in (
        Invitation.objects.for_user(viewer)
        .filter(company=company)
        .open()
        .select_related("branch", "invited_by")
    ):
        entry(invitation.email).invitation = invitation
    for colleague in (
        Colleague.objects.for_user(viewer)
        .filter(company=company, gone_at=None)
        .select_related("branch", "company")
    ):
        entry(colleague.email).colleague = colleague
    order = {"both": 0, "here": 0, "invited": 1, "enphase": 2}
    return sorted(
        found.values(),
        key=lambda one: (order[one.where], not one.has_expired, (one.name or one.email).casefold()),
    )


def factors_of(users: list[int]) -> dict[int, tuple[str, ...]]:
    """The second factors of people, in words."""
    found: dict[int, tuple[str, ...]] = {}
    rows = Authenticator.objects.filter(user_id__in=users, type__in=FACTOR_WORDS).values_list(
        "user_id", "type"
    )
    for user_id, kind in rows:
        known = found.get(user_id, ())
        if FACTOR_WORDS[kind] not in known:
            found[user_id] = (*known, FACTOR_WORDS[kind])
    return found


def ask_for_list(company: Company, *, names: bool, actor: User) -> bool:
    """Let a worker read who works here at Enphase. False when no worker could be told."""
    if not sync.claim(company):
        return True
    from companies.staff.tasks import read_staff

    try:
        read_staff.apply_async(args=[company.pk, names, actor.pk], queue="interactive", expires=90)
    except Exception as error:  # noqa: BLE001 - kombu raises what its transport raises
        log.warning("Staff of company %s not queued (%s)", company.pk, type(error).__name__)
        sync.roll_of(company)
        problem = "The refresh could not be queued. Try again in a minute."
        sync.Roll.objects.filter(company=company).update(asked_at=None, problem=problem)
        return False
    return True


# ------------------------------------------------------------------ invitations

Link = Callable[[str], str]


@transaction.atomic
def invite(
    company: Company,
    *,
    email: str,
    name: str,
    role: str,
    branch: Company | None,
    actor: User,
    link: Link,
) -> Invitation:
    """Invite an address to work for the company; the mail goes out after commit.

    `link` makes an address of the portal from the secret. Refused when the person is a member, is
    invited already, or is support staff.
    """
    email = email.strip()
    person = User.objects.filter(email__iexact=email).first()
    if person is not None and person.is_support:
        raise Refused("Support staff see every company already and cannot be members.")
    if person is not None and person.memberships.filter(company=company).exists():
        raise Refused(f"{person} works for {company} already.")
    invitation = Invitation(
        company=company, email=email, name=name.strip(), role=role, branch=branch, invited_by=actor
    )
    secret = invitation.mint()
    try:
        with transaction.atomic():
            invitation.save()
    except IntegrityError:
        raise Refused("This address is invited already. Send that invitation again.") from None
    audit.record(
        "invitation:sent",
        company=company,
        actor=actor,
        text=f"{invitation}, {role}",
        data={"role": role, "branch": branch.pk if branch else None},
    )
    _mail_later(invitation, link(secret))
    return invitation


def is_invited_by(company: Company, email: str, actor: User) -> bool:
    """Did this person invite this address within the last minute? Then a form was sent twice."""
    just_now = timezone.now() - timedelta(seconds=SEND_AGAIN_AFTER_SECONDS)
    rows = Invitation.objects.open().filter(company=company, email__iexact=email.strip())
    return rows.filter(invited_by=actor, sent_at__gte=just_now).exists()


@transaction.atomic
def send_again(invitation: Invitation, *, actor: User, link: Link) -> None:
    """A new link for another week; the one before stops working."""
    row = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if not row.is_open:
        raise Refused("This invitation has been accepted or withdrawn.")
    waited = (timezone.now() - row.sent_at).total_seconds()
    if waited < SEND_AGAIN_AFTER_SECONDS:
        raise Refused("It was sent less than a minute ago. Wait a moment.")
    secret = row.mint()
    row.sent_at, row.times_sent = timezone.now(), row.times_sent + 1
    row.save()
    audit.record(
        "invitation:sent", company=row.company, actor=actor, text=f"{row}, {row.role}, once more"
    )
    _mail_later(row, link(secret))


@transaction.atomic
def withdraw(invitation: Invitation, *, actor: User) -> None:
    """The link stops working. Harmless to call twice."""
    rows = Invitation.objects.open().filter(pk=invitation.pk)
    if rows.update(withdrawn_at=timezone.now()):
        audit.record(
            "invitation:withdrawn", company=invitation.company, actor=actor, text=str(invitation)
        )


def _mail_later(invitation: Invitation, url: str) -> None:
    context = {"invitation": invitation, "url": url}
    subject = f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}{invitation.company} invites you"
    body = render_to_string("staff/invitation.txt", context)

    def mail() -> None:
        try:
            send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [invitation.email])
        except OSError as error:
            # It can be sent again from the list; the page says when it was tried.
            log.warning("Invitation %s not mailed (%s)", invitation.pk, type(error).__name__)

    transaction.on_commit(mail)


def invitation_of(secret: str) -> Invitation | None:
    """The invitation a link belongs to, open or not; None for a link that never was one."""
    return (
        Invitation.objects.select_related("company", "branch", "invited_by")
        .filter(digest=digest_of(secret))
        .first()
    )


def why_not_acceptable(invitation: Invitation, user: User | None) -> str:
    """Why the link does nothing, or nothing for this person; "" when they may accept."""
    if invitation.withdrawn_at is not None:
        return "This invitation was withdrawn."
    if invitation.accepted_at is not None:
        return "This invitation has been accepted already."
    if invitation.has_expired:
        return "This invitation has expired. Ask for it to be sent again."
    if user is not None and user.email.casefold() != invitation.email.casefold():
        return (
            f"It was sent to another address. You are signed in as {user.email}: sign out, then "
            "open the link again."
        )
    return ""


@transaction.atomic
def accept(invitation: Invitation, *, user: User) -> Membership:
    """Make the person a member in the role of the invitation."""
    row = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if why := why_not_acceptable(row, user):
        raise Refused(why)
    if user.is_support:
        raise Refused("Support staff see every company already and cannot be members.")
    member, is_new = Membership.objects.get_or_create(
        user=user, company=row.company, defaults={"role": row.role, "branch": row.branch}
    )
    row.accepted_at = timezone.now()
    row.save(update_fields=["accepted_at"])
    audit.record(
        "invitation:accepted",
        company=row.company,
        actor=user,
        text=f"{user}, {member.role}",
        data={"after": member.describe()} if is_new else {},
    )
    if not user.name and row.name:
        user.name = row.name
        user.save(update_fields=["name"])
    return member


# ------------------------------------------------------------------ at Enphase


def queue_colleague(
    company: Company,
    *,
    person: dict[str, Any],
    branch: Company | None,
    actor: User,
    token: UUID | None = None,
) -> Operation:
    """Queue adding a user to the company at Enphase. `person` as in writes.create_company_user."""
    where = branch or company
    name = f"{person['first_name']} {person['last_name']}".strip()
    return queue_write(
        writes.create_company_user,
        key=f"staff:{company.pk}:create:{person['email'].casefold()}"[:120],
        payload={"company": company.pk, "where": where.enphase_id, "person": person},
        company=company,
        actor=actor,
        title=f"Add {name} at Enphase",
        subject=name,
        after=writes.rows(person),
        token=token,
    )


def queue_change(
    colleague: Colleague,
    *,
    changes: dict[str, Any],
    base: dict[str, Any],
    actor: User,
    token: UUID | None = None,
) -> Operation:
    """Queue a change of somebody's record at Enphase. `base` is what the person saw."""
    changes = {name: value for name, value in changes.items() if base.get(name) != value}
    if not changes:
        raise Refused("Nothing was changed.")
    where = colleague.branch or colleague.company
    seen = {name: base.get(name) for name in changes}
    return queue_write(
        writes.update_company_user,
        key=f"staff:{colleague.pk}:update",
        payload={
            "colleague": colleague.pk,
            "where": where.enphase_id,
            "user_id": colleague.enphase_id,
            "changes": changes,
            "base": seen,
        },
        company=colleague.company,
        actor=actor,
        title=f"Change {colleague} at Enphase",
        subject=str(colleague),
        before=writes.rows(seen),
        after=writes.rows(changes),
        token=token,
    )


# ------------------------------------------------------------------ goodbye


@transaction.atomic
def say_goodbye(member: Membership, *, to: User | None, actor: User) -> dict[str, int]:
    """End somebody's work for the company, after what can pass has passed to `to`.

    {kind: how many passed}. Refused for oneself, for the last admin, and when something is left
    that can pass and nobody is named to take it.
    """
    user, company = member.user, member.company
    left = [holding for holding in leaving.held_by(company, user) if holding.can_pass]
    if left and to is None:
        names = ", ".join(f"{holding.count} {holding.kind.title.lower()}" for holding in left)
        raise Refused(f"Choose who takes over: {names}.")
    passed = leaving.hand_over(company, user, to=to, actor=actor) if left and to else {}
    companies.remove_member(member, actor=actor)
    return passed


def successors(member: Membership) -> list[User]:
    """Who may take over: everybody else who may change something in the company."""
    rows = (
        Membership.objects.filter(
            company=member.company, role__in=("admin", "installer"), user__is_active=True
        )
        .exclude(pk=member.pk)
        .select_related("user")
        .order_by("user__name", "pk")
    )
    return [row.user for row in rows]
