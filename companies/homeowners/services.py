"""Finding home owners at Enlighten, and queueing changes to them and to what they may see."""

import hashlib
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from companies.homeowners import people, writes
from companies.homeowners.models import HomeOwner, Move, SiteAccess
from companies.homeowners.places import places
from companies.models import Company
from enphase import EnphaseError, Rejected
from enphase.records import UserMatch
from portal.connections.services import PAGE_TIMEOUTS, client_for, sentence_for
from portal.operations import audit
from portal.operations.models import Operation, State, describe_event
from portal.operations.queue import queue_write
from portal.ui.errors import Refused
from portal.users import limits

describe_event("home-owner:looked-up", "Looked for an Enlighten account", "search")
describe_event("move:started", "Move-out begun", "swap")
describe_event("move:finished", "Move-out finished", "check", "ok")


class LookUpFailed(Refused):
    """Enphase did not say whether the address has an account."""


@dataclass(frozen=True)
class Found:
    """Who has an e-mail address at Enlighten. Name and phone only if we learned them before."""

    user_id: int
    email: str
    company_id: int | None
    home_owner: HomeOwner

    @property
    def is_staff(self) -> bool:
        """The person belongs to an installer company and is hardly a home owner."""
        return self.company_id is not None


def known_owner(company: Company, email: str) -> HomeOwner | None:
    """Somebody we looked up, created or read before, by address. Costs nothing."""
    rows = HomeOwner.objects.filter(company=company, email__iexact=email.strip())
    found: HomeOwner | None = rows.order_by("-pk").first() if email.strip() else None
    return found


def find_owner(company: Company, email: str, actor: Any) -> Found | None:
    """Ask Enphase who has this address (1 hit); None when nobody has.

    The answer discloses whether a person has an account, so each look-up is in the audit trail,
    with a digest in place of the address. Raises LookUpFailed, NeedsReconnect or TooOften.
    """
    # Nobody shall find out by the hundred which addresses have an account.
    limits.count("find-owner", getattr(actor, "pk", None), most=60, minutes=60)
    email = email.strip().lower()
    try:
        with client_for(company.pk, person_id=actor.pk, timeouts=PAGE_TIMEOUTS) as client:
            match = client.users.search_users(email)
    except EnphaseError as error:
        _note_look_up(company, email, actor, "no answer")
        if isinstance(error, Rejected) and error.status == 422:
            raise LookUpFailed("Enlighten does not take this for an e-mail address.") from None
        raise LookUpFailed(sentence_for(error)) from None
    with transaction.atomic():
        _note_look_up(company, email, actor, "found" if match else "nobody")
        return _remember(company, email, match) if match else None


def _remember(company: Company, email: str, match: UserMatch) -> Found:
    owner, _ = HomeOwner.objects.update_or_create(
        company=company,
        enphase_id=match.user_id,
        defaults={
            "email": email,
            "enphase_company_id": match.company_id,
            "found_at": timezone.now(),
        },
    )
    return Found(match.user_id, email, match.company_id, owner)


def _note_look_up(company: Company, email: str, actor: Any, outcome: str) -> None:
    audit.record(
        "home-owner:looked-up",
        company=company,
        actor=actor,
        text=f"Looked for an Enlighten account: {outcome}",
        data={"address": digest_of(email), "outcome": outcome},
    )


def digest_of(email: str) -> str:
    """Names an address in the trail without telling it."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:16]


# ------------------------------------------------------------------ create, and give access


def queue_home_owner(
    company: Company,
    email: str,
    first_name: str,
    last_name: str,
    phone: str,
    actor: Any,
    token: uuid.UUID | None = None,
    *,
    email_reports: bool = False,
    activation: Any = None,
    move: Move | None = None,
) -> Operation:
    """Queue the creation of a home owner at Enlighten. Asking twice gives the same operation.

    With `activation` the person is invited to that site: the caller queues what gives it to them.
    With `move` they are the one who moves in.
    """
    email = email.strip().lower()
    name = f"{first_name} {last_name}".strip()
    payload: dict[str, Any] = {
        "company": company.pk,
        "email": email,
        "first_name": first_name.strip(),
        "last_name": last_name.strip(),
        "phone": phone.strip(),
    }
    if email_reports:
        payload["email_reports"] = True
    if activation is not None:
        payload["activation"] = activation.pk
    if move is not None:
        payload["move"] = move.pk
    return queue_write(
        writes.create_home_owner,
        key=f"home-owner:{company.pk}:{digest_of(email)}",
        payload=payload,
        company=company,
        actor=actor,
        title=f"Create home owner {name}",
        subject=name,
        # Address and phone stay in the payload: what stands here is copied into the audit trail.
        after={"Name": name},
        token=token,
    )


@transaction.atomic
def invite(
    activation: Any,
    *,
    email: str,
    first_name: str,
    last_name: str,
    phone: str = "",
    email_reports: bool = False,
    until: datetime | None = None,
    actor: Any,
    token: uuid.UUID,
) -> Operation:
    """Queue creating a home owner and then giving them access to a site: two steps.

    Returns the second, which waits for the first (docs/decisions/0012). When it fails, the person
    stays, and `queue_access` is the second step again.
    """
    create = queue_home_owner(
        activation.company,
        email,
        first_name,
        last_name,
        phone,
        actor,
        token=uuid.uuid5(token, "home-owner"),
        email_reports=email_reports,
        activation=activation,
    )
    name = f"{first_name} {last_name}".strip()
    payload: dict[str, Any] = {
        "system_id": activation.system_id,
        "person": {"email": email.strip().lower(), "operation": create.pk},
    }
    if until is not None:
        payload["until"] = until.isoformat()
    return queue_write(
        writes.grant_access,
        key=f"access:{activation.pk}:{digest_of(email)}",
        payload=payload,
        company=activation.company,
        activation=activation,
        actor=actor,
        title=f"Give {name} access to {activation}",
        before={"Access": SiteAccess.State.NOT_INVITED.label},
        after=_after_grant(until),
        token=token,
    )


def queue_access(
    activation: Any,
    home_owner: HomeOwner,
    *,
    grant: bool,
    actor: Any,
    reason: str = "",
    token: uuid.UUID | None = None,
    until: datetime | None = None,
    created_by: Operation | None = None,
) -> Operation:
    """Queue giving a home owner access to a site (`until` a moment), or taking it away.

    `created_by` is the operation that made the person, when this is the second step again. The
    state we show changes when Enphase has said yes, not before.
    """
    if home_owner.company_id != activation.company_id:
        raise Refused("This home owner is not known to the site's company.")
    if until is not None and until <= timezone.now():
        raise Refused("The last day of the access is over. Choose a later one.")
    access, _ = SiteAccess.objects.get_or_create(activation=activation, home_owner=home_owner)
    write = writes.grant_access if grant else writes.revoke_access
    verb = "Give {} access to {}" if grant else "Take {}'s access to {} away"
    payload: dict[str, Any] = {
        "system_id": activation.system_id,
        "user_id": home_owner.enphase_id,
    }
    if grant and until is not None:
        payload["until"] = until.isoformat()
    if created_by is not None:
        payload["person"] = {"email": home_owner.email, "operation": created_by.pk}
    return queue_write(
        write,
        key=f"access:{activation.pk}:{home_owner.pk}",
        payload=payload,
        company=activation.company,
        activation=activation,
        actor=actor,
        title=verb.format(home_owner.discreet, activation),
        before={"Access": access.get_state_display()},
        after=_after_grant(until) if grant else {"Access": SiteAccess.State.REVOKED.label},
        reason=reason,
        token=token,
    )


def _after_grant(until: datetime | None) -> dict[str, str]:
    after = {"Access": SiteAccess.State.HAS_ACCESS.label}
    if until is not None:
        after["Ends"] = f"{timezone.localtime(until):%-d %B %Y, %H:%M}"
    return after


# ------------------------------------------------------------------ change


def queue_change(
    home_owner: HomeOwner,
    *,
    changes: dict[str, Any],
    base: dict[str, Any],
    activation: Any = None,
    actor: Any,
    token: uuid.UUID | None = None,
) -> Operation:
    """Queue correcting a person, by way of one site (`activation`) or as such.

    `base` is what the form showed; the worker compares it with what Enphase holds by then. It is
    the same account either way, on every site and for the person's sign-in.
    """
    changes = {name: value for name, value in changes.items() if value != base.get(name)}
    if not changes:
        raise Refused("Nothing was changed.")
    payload: dict[str, Any] = {
        "company": home_owner.company_id,
        "user_id": home_owner.enphase_id,
        "changes": changes,
        "base": {name: base.get(name) for name in changes},
        "system_id": activation.system_id if activation is not None else _a_site_of(home_owner),
    }
    before, after = people.rows(payload["base"]), people.rows(changes)
    for label, value in after.items():
        if value and value == before.get(label):
            # The hints are the same, the values are not.
            after[label] = f"{value}, another one"
    return queue_write(
        writes.update_home_owner if activation is None else writes.update_on_site,
        # One key for both ways: it is one person.
        key=f"home-owner:{home_owner.company_id}:change:{home_owner.enphase_id}",
        payload=payload,
        company=home_owner.company,
        activation=activation,
        actor=actor,
        title=f"Change home owner {home_owner.discreet}",
        subject=home_owner.discreet,
        before=before,
        after=after,
        token=token,
    )


def _a_site_of(home_owner: HomeOwner) -> int | None:
    for place in places().of_owner(home_owner):
        if not place.is_gone:
            return place.system_id
    return None


def operations_of(home_owner: HomeOwner, user: Any) -> Any:
    """What was asked about this person, newest first, as far as `user` sees it."""
    operations = Operation.objects.for_user(user).filter(company=home_owner.company_id)
    return operations.filter(
        kind__in=(
            "home_owner.create",
            "home_owner.update",
            "home_owner.update_on_site",
            "home_owner.grant_access",
            "home_owner.revoke_access",
        )
    ).filter(Q(payload__user_id=home_owner.enphase_id) | Q(result__user_id=home_owner.enphase_id))


# ------------------------------------------------------------------ moving out


@transaction.atomic
def start_move(activation: Any, *, leaving: HomeOwner | None, actor: Any) -> Move:
    """Begin the hand-over of a site to its next owner; the one that is open already, if any."""
    move, created = Move.objects.get_or_create(
        activation=activation,
        closed_at=None,
        defaults={"leaving": leaving, "started_by": actor},
    )
    if created:
        audit.record(
            "move:started",
            company=activation.company,
            activation=activation,
            actor=actor,
            text=f"{leaving.discreet if leaving else 'The owner'} moves out",
        )
    return move


@transaction.atomic
def finish_move(move: Move, *, actor: Any) -> None:
    """Close the list; what was not done stays as it is."""
    closed = Move.objects.filter(pk=move.pk, closed_at=None).update(closed_at=timezone.now())
    if closed:
        audit.record(
            "move:finished",
            company=move.activation.company,
            activation=move.activation,
            actor=actor,
            text=f"{move.leaving.discreet if move.leaving else 'The owner'} moved out",
        )


# ------------------------------------------------------------------ two steps as one


@dataclass(frozen=True)
class TwoSteps:
    """A person being created, and what they are created for, shown as one thing."""

    create: Operation | None
    then: Operation

    @property
    def is_busy(self) -> bool:
        return self.then.is_busy or (self.create is not None and self.create.is_busy)

    @property
    def is_done(self) -> bool:
        return bool(self.then.state == State.DONE)

    @property
    def is_created(self) -> bool:
        return self.create is None or bool(self.create.result.get("user_id"))

    @property
    def can_resume(self) -> bool:
        """The person is there and the second step has failed."""
        return self.is_created and self.then.is_settled and not self.is_done

    @property
    def must_retry(self) -> bool:
        """The person could not be created; both steps begin anew."""
        return not self.is_created and self.then.is_settled

    @property
    def done(self) -> int:
        return int(self.is_created) + int(self.is_done)


def two_steps_of(then: Operation) -> TwoSteps:
    """The pair that an operation is the second step of."""
    person = then.payload.get("person") or then.payload.get("owner") or {}
    operations = Operation.objects.filter(company_id=then.company_id)
    return TwoSteps(operations.filter(pk=person.get("operation") or 0).first(), then)
