"""The changes to a company's Enphase users that are queued: one client call each."""

from typing import Any

from companies.models import Company
from companies.staff import sync
from companies.staff.models import Colleague
from enphase import Client
from enphase.records import User
from portal.operations.models import LookUp, Operation
from portal.operations.registry import AlreadySo, Conflict, Finding, write
from portal.ui.errors import Refused

ADMINS = frozenset({"admin"})
LABELS = {
    "email": "E-mail",
    "first_name": "First name",
    "last_name": "Last name",
    "phone": "Phone",
    "enlighten_emails": "E-mails from Enlighten",
}


def rows(values: dict[str, Any]) -> dict[str, str]:
    """Labels and values in words, for an operation's before and after."""

    def show(value: Any) -> str:
        if isinstance(value, bool):
            return "Yes" if value else "No"
        return str(value) if value not in (None, "") else "Not set"

    return {label: show(values[name]) for name, label in LABELS.items() if name in values}


def values_of(user: User) -> dict[str, Any]:
    return {
        name: value if isinstance(value, bool) else (value or "")
        for name, value in ((name, getattr(user, name)) for name in LABELS)
    }


# ------------------------------------------------------------------ create


@write(
    "staff.create_user",
    endpoint="create_company_user",
    creates=True,
    roles=ADMINS,
    done_message="Added at Enphase.",
)
def create_company_user(
    client: Client, *, where: int, person: dict[str, Any], **_plan: Any
) -> User:
    """Create a user inside a company at Enphase. No call deletes one, so it is never sent twice.

    Payload: {"company": pk of ours, "where": Enphase id of company or branch, "person": email,
    first_name, last_name, phone, enlighten_emails}.
    """
    return client.companies.create_company_user(where, **person)


@create_company_user.prepare
def _not_there_yet(client: Client, payload: dict[str, Any]) -> None:
    match = client.users.search_users(payload["person"]["email"])
    if match is None:
        return
    if match.company_id == payload["where"]:
        _remember(payload, match.user_id)
        raise AlreadySo(
            "Enphase has this person in the company already.", {"user_id": match.user_id}
        )
    raise Refused(
        "This address already belongs to an Enphase user outside this company. Enphase keeps one "
        "user for each address: use another address, or have it moved in Enlighten."
    )


@create_company_user.verify
def _was_the_user_created(client: Client, payload: dict[str, Any]) -> list[Finding]:
    """An address is unique within Enlighten, so one look tells."""
    match = client.users.search_users(payload["person"]["email"])
    if match is None:
        return [Finding("search_users", LookUp.Finding.ABSENT, note="Nobody has this address.")]
    note = f"User {match.user_id} has this address."
    user = User.from_api({"user_id": match.user_id, **payload["person"]})
    return [Finding("search_users", LookUp.Finding.MATCH, note=note, rows=1, reply=user)]


@create_company_user.apply
def _keep_new_user(operation: Operation, user: User) -> None:
    colleague = _remember(operation.payload, user.user_id)
    sync.store_person(colleague, user)
    operation.result = {"user_id": user.user_id, "colleague": colleague.pk}


def _remember(payload: dict[str, Any], user_id: int) -> Colleague:
    top = Company.objects.get(pk=payload["company"])
    branch = top.branches.filter(enphase_id=payload["where"]).first()
    colleague, _ = Colleague.objects.update_or_create(
        company=top,
        enphase_id=user_id,
        defaults={"email": payload["person"]["email"], "branch": branch, "gone_at": None},
    )
    return colleague


# ------------------------------------------------------------------ change


@write(
    "staff.update_user",
    endpoint="update_company_user",
    repeatable=True,
    roles=ADMINS,
    done_message="Saved at Enphase.",
)
def update_company_user(
    client: Client, *, where: int, user_id: int, changes: dict[str, Any], **_plan: Any
) -> User:
    """Change name, phone, address or e-mails of a company's user (operation update_company_user).

    Payload: {"colleague": pk of ours, "where": Enphase id of company or branch, "user_id",
    "changes", "base": what the person saw}.
    """
    return client.companies.update_company_user(where, user_id, **changes)


@update_company_user.prepare
def _compare_before_change(client: Client, payload: dict[str, Any]) -> dict[str, Any]:
    now = values_of(_read(client, payload))
    left = {name: value for name, value in payload["changes"].items() if now[name] != value}
    if not left:
        raise AlreadySo("Enphase has these values already. Nothing was sent.")
    if not payload.get("override"):
        moved = {name: now[name] for name in left if now[name] != payload["base"].get(name)}
        if moved:
            raise Conflict(
                "Somebody changed this at Enphase meanwhile. Nothing was sent.", theirs=rows(moved)
            )
    return {**payload, "changes": left}


@update_company_user.verify
def _was_it_changed(client: Client, payload: dict[str, Any]) -> list[Finding]:
    user = _read(client, payload)
    now = values_of(user)
    missing = [LABELS[name] for name, value in payload["changes"].items() if now[name] != value]
    if missing:
        note = "Not there: " + ", ".join(missing)
        return [Finding("get_company_user", LookUp.Finding.ABSENT, note=note, rows=1)]
    return [Finding("get_company_user", LookUp.Finding.MATCH, rows=1, reply=user)]


@update_company_user.apply
def _keep_change(operation: Operation, user: User) -> None:
    colleague = Colleague.objects.filter(pk=operation.payload["colleague"]).first()
    if colleague is not None:
        sync.store_person(colleague, user)
        operation.result = {"colleague": colleague.pk}


def _read(client: Client, payload: dict[str, Any]) -> User:
    colleague = Colleague.objects.select_related("company", "branch").get(pk=payload["colleague"])
    user = sync.read_person(client, colleague)
    sync.store_person(colleague, user)
    return user
