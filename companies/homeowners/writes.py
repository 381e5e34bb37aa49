"""The changes to home owners that are queued: one client call each."""

import logging
from contextlib import suppress
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from companies.homeowners import people
from companies.homeowners.models import HomeOwner, Move, SiteAccess
from enphase import Client, OutcomeUnknown, Rejected
from enphase.records import User
from portal.operations import services as operations
from portal.operations.models import LookUp, Operation
from portal.operations.queue import queue_write
from portal.operations.registry import AlreadySo, Conflict, Finding, Later, write
from portal.ui.errors import Refused

log = logging.getLogger(__name__)

# Answers of an operation that the documents of 2026 no longer list.
NOT_OFFERED = (404, 405, 501)


# ------------------------------------------------------------------ create


@write(
    "home_owner.create",
    endpoint="create_home_owner",
    creates=True,
    done_message="Home owner created",
)
def create_home_owner(
    client: Client,
    *,
    email: str,
    first_name: str,
    last_name: str,
    phone: str = "",
    email_reports: bool = False,
    **_plan: Any,
) -> dict[str, Any]:
    """Create the Enlighten user. Free, but it writes to a person: never sent twice blindly.

    Payload also: {"company": pk of ours for the row we keep, "activation": pk of the site that the
    person is invited to, "move": pk of the move they come by, if any}; Enphase is told none of it.
    """
    user: User = client.users.create_home_owner(
        email=email,
        first_name=first_name,
        last_name=last_name,
        phone=phone or None,
        enlighten_emails=email_reports,
    )
    return {"user_id": user.user_id, "is_active": user.active}


@create_home_owner.prepare
def _not_there_yet(client: Client, payload: dict[str, Any]) -> None:
    """An address that has an account already is adopted instead of refused by Enphase."""
    match = client.users.search_users(payload["email"])
    if match is None:
        return
    owner, _ = HomeOwner.objects.update_or_create(
        company_id=payload["company"],
        enphase_id=match.user_id,
        defaults={
            "email": payload["email"],
            "found_at": timezone.now(),
            "enphase_company_id": match.company_id,
        },
    )
    _moves_in(payload, owner)
    raise AlreadySo(
        "This address has an Enlighten account already; it is used as it is.",
        {"user_id": match.user_id, "home_owner": owner.pk},
    )


@create_home_owner.verify
def _look_for_owner(client: Client, payload: dict[str, Any]) -> list[Finding]:
    """An address is unique within Enlighten, so one look tells whether the create happened."""
    match = client.users.search_users(payload["email"])
    if match is None:
        return [Finding("search_users", LookUp.Finding.ABSENT, note="Nobody has this address.")]
    return [
        Finding(
            "search_users",
            LookUp.Finding.MATCH,
            note=f"User {match.user_id} has this address.",
            rows=1,
            reply={"user_id": match.user_id},
        )
    ]


@create_home_owner.apply
def _keep_owner(operation: Operation, reply: dict[str, Any]) -> None:
    wanted = operation.payload
    owner, _ = HomeOwner.objects.update_or_create(
        company_id=operation.company_id,
        enphase_id=reply["user_id"],
        defaults={
            "email": wanted["email"],
            "first_name": wanted["first_name"],
            "last_name": wanted["last_name"],
            "phone": wanted.get("phone", ""),
            "email_reports": bool(wanted.get("email_reports")),
            "is_active": reply.get("is_active"),
            "created_at": timezone.now(),
            "changed_at": timezone.now(),
        },
    )
    operation.result = {**operation.result, "user_id": owner.enphase_id, "home_owner": owner.pk}
    _moves_in(wanted, owner)
    if wanted.get("activation"):
        # The account is there, its access comes next.
        SiteAccess.objects.get_or_create(
            activation_id=wanted["activation"],
            home_owner=owner,
            defaults={"state": SiteAccess.State.INVITED, "invited_at": timezone.now()},
        )


def _moves_in(payload: dict[str, Any], owner: HomeOwner) -> None:
    """Who was created for a move is the one who comes, unless somebody else was chosen since."""
    moves = Move.objects.filter(pk=payload.get("move") or 0, closed_at=None, coming=None)
    moves.filter(activation__company=owner.company_id).update(coming=owner)


def person_id(client: Client, person: dict[str, Any], *, without: str) -> int:
    """The Enphase id of somebody named by {"email", "operation": pk of their create or None}.

    While that create is open it raises `Later` (no hit); then its result tells the id, or a
    search by e-mail does, which finds people whoever created them. If nobody is there, Refused
    says so: `without` is what could therefore not be done.
    """
    create = Operation.objects.filter(pk=person.get("operation") or 0).first()
    if create is not None and create.is_open:
        raise Later(
            f"Waiting for the home owner: {create.title} ({create.short_id}).",
            seconds=2 if create.is_busy else 60,
        )
    if create is not None and create.result.get("user_id"):
        return int(create.result["user_id"])
    match = client.users.search_users(person["email"])
    if match is not None:
        return match.user_id
    why = create.message if create is not None else ""
    raise Refused(f"The home owner was not created, {without}. {why}".strip())


# ------------------------------------------------------------------ access


@write(
    "home_owner.grant_access",
    endpoint="grant_activation_access",
    repeatable=True,
    done_message="Access granted",
)
def grant_access(client: Client, *, system_id: int, user_id: int, **_plan: Any) -> str:
    """Let a person see a site. Giving it again changes nothing.

    Payload: {"system_id", "user_id", or "person": {"email", "operation"} for somebody who is
    being created, and "until": ISO time when the access ends, if it does}.
    """
    return client.activations.grant_activation_access(system_id, user_id)


@grant_access.prepare
def _who_gets_it(client: Client, payload: dict[str, Any]) -> dict[str, Any] | None:
    if payload.get("user_id"):
        return None
    without = "so nobody was given access"
    return {**payload, "user_id": person_id(client, payload["person"], without=without)}


@write(
    "home_owner.revoke_access",
    endpoint="revoke_activation_access",
    repeatable=True,
    done_message="Access revoked",
)
def revoke_access(client: Client, *, system_id: int, user_id: int, **_plan: Any) -> str:
    """Stop a person from seeing a site. Taking it again changes nothing.

    Payload: {"system_id", "user_id", "ends": true for the end of an access given for a time}.
    """
    return client.activations.revoke_activation_access(system_id, user_id)


@grant_access.verify
@revoke_access.verify
def _cannot_be_asked(client: Client, payload: dict[str, Any]) -> list[Finding]:
    """Enphase lists nowhere who may see a site. Repeating is harmless, so it counts as absent."""
    note = "Enphase cannot be asked who may see a site; repeating this changes nothing."
    return [Finding("none", LookUp.Finding.ABSENT, note=note)]


@grant_access.apply
def _keep_grant(operation: Operation, reply: Any) -> None:
    """The access; and its end, which is a revocation queued for its day."""
    owner = _owner_of(operation)
    if owner is None or operation.activation is None:
        return
    now = timezone.now()
    invited = owner.is_active is False
    access, _ = SiteAccess.objects.select_related("end").get_or_create(
        activation=operation.activation, home_owner=owner
    )
    _drop_end(access, operation)
    access.state = SiteAccess.State.INVITED if invited else SiteAccess.State.HAS_ACCESS
    if invited:
        access.invited_at = now
    access.granted_at = access.changed_at = now
    access.given_by = operation.actor
    until = parse_datetime(operation.payload.get("until") or "")
    access.end = _queue_end(operation, access, until) if until is not None else None
    access.save()
    operation.result = {**operation.result, "home_owner": owner.pk}


def _queue_end(operation: Operation, access: SiteAccess, until: datetime) -> Operation:
    """Nobody's name is on it: an access given for a time ends though its giver has left."""
    return queue_write(
        revoke_access,
        # Not the key of changes by hand, which must be possible while this waits.
        key=f"access-end:{access.activation_id}:{access.home_owner_id}",
        payload={
            "system_id": operation.payload["system_id"],
            "user_id": operation.payload["user_id"],
            "ends": True,
        },
        company=operation.company,
        activation=operation.activation,
        actor=None,
        title=f"End {access.home_owner.discreet}'s access to {operation.activation}",
        before={"Access": SiteAccess.State.HAS_ACCESS.label},
        after={"Access": SiteAccess.State.REVOKED.label},
        reason=f"{operation.actor_name} gave it for a time.",
        not_before=until,
    )


@revoke_access.apply
def _keep_revocation(operation: Operation, reply: Any) -> None:
    owner = _owner_of(operation)
    if owner is None or operation.activation is None:
        return
    now = timezone.now()
    access, _ = SiteAccess.objects.select_related("end").get_or_create(
        activation=operation.activation, home_owner=owner
    )
    _drop_end(access, operation)
    access.state, access.revoked_at, access.changed_at = SiteAccess.State.REVOKED, now, now
    access.save()


def _owner_of(operation: Operation) -> HomeOwner | None:
    owners = HomeOwner.objects.filter(company_id=operation.company_id)
    found: HomeOwner | None = owners.filter(enphase_id=operation.payload["user_id"]).first()
    return found


def _drop_end(access: SiteAccess, operation: Operation) -> None:
    """What was to end the access later is void once it is taken or given anew."""
    if access.end is not None and access.end.pk != operation.pk and access.end.can_cancel:
        # Already on its way: then it has its own outcome.
        with suppress(operations.TooLate):
            operations.cancel(access.end, actor=operation.actor or "Ridgeline")


# ------------------------------------------------------------------ change


@write("home_owner.update", endpoint="update_user", repeatable=True)
def update_home_owner(
    client: Client,
    *,
    user_id: int,
    fields: dict[str, Any],
    system_id: int | None = None,
    **_plan: Any,
) -> User:
    """Change a person (operation update_user, which the documents of 2026 no longer list).

    When Enphase does not offer it any more, the same is asked by way of a site of theirs
    (`system_id`, operation update_activation_user). Payload: {"company", "user_id", "changes":
    {field: new}, "base": {field: what was seen}, "system_id" or None}; `fields` is completed by
    `prepare`, because Enphase wants address and both names every time.
    """
    try:
        return client.users.update_user(user_id, **fields)
    except (Rejected, OutcomeUnknown) as refusal:
        # A page in place of an answer, with one of these, is a way that is closed too.
        if refusal.status not in NOT_OFFERED or system_id is None:
            raise
    return client.users.update_activation_user(system_id, user_id, **fields)


@write("home_owner.update_on_site", endpoint="update_activation_user", repeatable=True)
def update_on_site(
    client: Client, *, system_id: int, user_id: int, fields: dict[str, Any], **_plan: Any
) -> User:
    """Change a person by way of one site (operation update_activation_user)."""
    return client.users.update_activation_user(system_id, user_id, **fields)


@update_home_owner.prepare
@update_on_site.prepare
def _compare_person(client: Client, payload: dict[str, Any]) -> dict[str, Any]:
    """Read, compare, and send what still is to be changed; the same field changed by both stops."""
    now = people.ask_for(client, payload["user_id"], payload.get("system_id"))
    owner = people.take_in(payload["company"], now)
    theirs, changes, base = people.fields_of(now), payload["changes"], payload["base"]
    left = {name: value for name, value in changes.items() if theirs[name] != value}
    if not left:
        raise AlreadySo("Enphase has these values already. Nothing was sent.")
    if not payload.get("override"):
        moved = [name for name in left if theirs[name] != base.get(name)]
        if moved:
            raise Conflict(
                f"Somebody changed {owner.discreet} at Enphase meanwhile. Nothing was sent.",
                theirs=people.rows({name: theirs[name] for name in moved}),
            )
    wanted = {**theirs, **left}
    if not all(wanted[name] for name in ("email", "first_name", "last_name")):
        raise Refused("Enphase wants an e-mail address and both names with every change.")
    return {**payload, "fields": people.on_the_wire(wanted, left)}


@update_home_owner.verify
@update_on_site.verify
def _was_person_changed(client: Client, payload: dict[str, Any]) -> list[Finding]:
    now = people.ask_for(client, payload["user_id"], payload.get("system_id"))
    theirs = people.fields_of(now)
    if any(theirs[name] != value for name, value in payload["changes"].items()):
        return [Finding("get_user", LookUp.Finding.ABSENT, note="Not changed yet.", rows=1)]
    return [Finding("get_user", LookUp.Finding.MATCH, rows=1, reply=now)]


@update_home_owner.apply
@update_on_site.apply
def _keep_person(operation: Operation, user: User) -> None:
    people.take_in(operation.company_id, user)
    theirs = people.fields_of(user)
    differs = [
        people.LABELS[name]
        for name, value in operation.payload["changes"].items()
        if theirs[name] != value
    ]
    operation.result = {"differs": differs} if differs else {}
    operation.message = (
        f"Enphase accepted it, but shows another value for {', '.join(differs)}."
        if differs
        else "Saved at Enphase."
    )
