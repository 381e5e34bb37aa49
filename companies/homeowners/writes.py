"""The changes to home owners that are queued: one client call each."""

from typing import Any

from django.utils import timezone

from companies.homeowners.models import HomeOwner, SiteAccess
from enphase import Client
from enphase.records import User
from portal.operations.models import LookUp, Operation
from portal.operations.registry import AlreadySo, Finding, write


@write(
    "home_owner.create",
    endpoint="create_home_owner",
    creates=True,
    done_message="Home owner created",
)
def create_home_owner(
    client: Client, *, company: int, email: str, first_name: str, last_name: str, phone: str = ""
) -> dict[str, Any]:
    """Create the Enlighten user. Free, but it writes to a person: never sent twice blindly.

    `company` is ours, for the row we keep; Enphase is not told.
    """
    user: User = client.users.create_home_owner(
        email=email, first_name=first_name, last_name=last_name, phone=phone or None
    )
    return {"user_id": user.user_id}


@create_home_owner.prepare
def _not_there_yet(client: Client, payload: dict[str, Any]) -> None:
    """An address that has an account already is adopted instead of refused by Enphase."""
    match = client.users.search_users(payload["email"])
    if match is None:
        return
    owner, _ = HomeOwner.objects.update_or_create(
        company_id=payload["company"],
        enphase_id=match.user_id,
        defaults={"email": payload["email"], "found_at": timezone.now()},
    )
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
            "created_at": timezone.now(),
        },
    )
    operation.result = {**operation.result, "user_id": owner.enphase_id, "home_owner": owner.pk}


@write(
    "home_owner.grant_access",
    endpoint="grant_activation_access",
    repeatable=True,
    done_message="Access granted",
)
def grant_access(client: Client, *, system_id: int, user_id: int) -> str:
    """Let a person see a site. Giving it again changes nothing."""
    return client.activations.grant_activation_access(system_id, user_id)


@write(
    "home_owner.revoke_access",
    endpoint="revoke_activation_access",
    repeatable=True,
    done_message="Access revoked",
)
def revoke_access(client: Client, *, system_id: int, user_id: int) -> str:
    """Stop a person from seeing a site. Taking it again changes nothing."""
    return client.activations.revoke_activation_access(system_id, user_id)


@grant_access.verify
@revoke_access.verify
def _cannot_be_asked(client: Client, payload: dict[str, Any]) -> list[Finding]:
    """Enphase lists nowhere who may see a site. Repeating is harmless, so it counts as absent."""
    note = "Enphase cannot be asked who may see a site; repeating this changes nothing."
    return [Finding("none", LookUp.Finding.ABSENT, note=note)]


@grant_access.apply
def _keep_grant(operation: Operation, reply: Any) -> None:
    _keep(operation, SiteAccess.State.HAS_ACCESS, granted_at=timezone.now())


@revoke_access.apply
def _keep_revocation(operation: Operation, reply: Any) -> None:
    _keep(operation, SiteAccess.State.REVOKED, revoked_at=timezone.now())


def _keep(operation: Operation, state: SiteAccess.State, **moments: Any) -> None:
    owner = HomeOwner.objects.filter(
        company_id=operation.company_id, enphase_id=operation.payload["user_id"]
    ).first()
    if owner is None or operation.activation_id is None:
        return
    SiteAccess.objects.update_or_create(
        activation_id=operation.activation_id,
        home_owner=owner,
        defaults={"state": state, "changed_at": timezone.now(), **moments},
    )
