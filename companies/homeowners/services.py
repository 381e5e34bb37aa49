"""Finding home owners at Enlighten, and queueing changes to them and to what they may see."""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone

from companies.homeowners import writes
from companies.homeowners.models import HomeOwner, SiteAccess
from companies.models import Company
from enphase import EnphaseError, Rejected
from enphase.records import UserMatch
from portal.connections.services import PAGE_TIMEOUTS, client_for, sentence_for
from portal.operations import audit
from portal.operations.models import Operation
from portal.operations.queue import queue_write
from portal.ui.errors import Refused
from portal.users import limits


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


def queue_home_owner(
    company: Company,
    email: str,
    first_name: str,
    last_name: str,
    phone: str,
    actor: Any,
    token: uuid.UUID | None = None,
) -> Operation:
    """Queue the creation of a home owner at Enlighten. Asking twice gives the same operation."""
    email = email.strip().lower()
    name = f"{first_name} {last_name}".strip()
    return queue_write(
        writes.create_home_owner,
        key=f"home-owner:{company.pk}:{digest_of(email)}",
        payload={
            "company": company.pk,
            "email": email,
            "first_name": first_name.strip(),
            "last_name": last_name.strip(),
            "phone": phone.strip(),
        },
        company=company,
        actor=actor,
        title=f"Create home owner {name}",
        subject=name,
        # Address and phone stay in the payload: what stands here is copied into the audit trail.
        after={"Name": name},
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
) -> Operation:
    """Queue giving a home owner access to a site, or taking it away.

    The state we show changes when Enphase has said yes, not before.
    """
    if home_owner.company_id != activation.company_id:
        raise Refused("This home owner is not known to the site's company.")
    access, _ = SiteAccess.objects.get_or_create(activation=activation, home_owner=home_owner)
    write = writes.grant_access if grant else writes.revoke_access
    done = SiteAccess.State.HAS_ACCESS if grant else SiteAccess.State.REVOKED
    verb = "Give {} access to {}" if grant else "Take {}'s access to {} away"
    return queue_write(
        write,
        key=f"access:{activation.pk}:{home_owner.pk}",
        payload={"system_id": activation.system_id, "user_id": home_owner.enphase_id},
        company=activation.company,
        activation=activation,
        actor=actor,
        title=verb.format(home_owner, activation),
        before={"Access": access.get_state_display()},
        after={"Access": done.label},
        reason=reason,
        token=token,
    )
