"""A home owner as Enphase tells them: asking, keeping, comparing, and discreet words."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from companies.homeowners.models import HomeOwner, SiteAccess, hint_of_email
from enphase import Client, Rejected
from enphase.records import User

LABELS = {
    "first_name": "First name",
    "last_name": "Last name",
    "email": "E-mail",
    "phone": "Phone",
    "email_reports": "E-mail reports",
}


def ask_for(client: Client, user_id: int, system_id: int | None = None) -> User:
    """Read a person, through a site of theirs when there is one (get_activation_user, get_user).

    A site shows its owner and host too; without one Enphase shows only people created by the
    company. `Rejected` 401 for others, 404 for nobody.
    """
    if system_id is not None:
        try:
            return client.users.get_activation_user(system_id, user_id)
        except Rejected as refusal:
            # They may have left the site, and still be ours to see.
            if refusal.status not in (401, 404):
                raise
    return client.users.get_user(user_id)


@transaction.atomic
def take_in(company_id: int, user: User) -> HomeOwner:
    """Keep all that Enphase says of a person; who has opened the account is no longer "invited"."""
    owner, _ = HomeOwner.objects.select_for_update().get_or_create(
        company_id=company_id,
        enphase_id=user.user_id,
        defaults={"found_at": timezone.now()},
    )
    before = _state(owner)
    for name, value in fields_of(user).items():
        if name == "email_reports" or value:
            setattr(owner, name, value)
    owner.is_active = user.active
    if user.company is not None:
        owner.enphase_company_id = user.company.company_id
    owner.read_at = timezone.now()
    if _state(owner) != before:
        owner.changed_at = owner.read_at
    owner.save()
    if owner.is_active:
        invited = SiteAccess.objects.filter(home_owner=owner, state=SiteAccess.State.INVITED)
        invited.exclude(granted_at=None).update(
            state=SiteAccess.State.HAS_ACCESS, changed_at=owner.read_at
        )
    return owner


def _state(owner: HomeOwner) -> tuple[Any, ...]:
    return tuple(getattr(owner, name) for name in (*LABELS, "is_active", "enphase_company_id"))


def fields_of(user: User) -> dict[str, Any]:
    """What can be changed of a person, evened out: texts without None, reports yes or no."""
    return {
        "first_name": (user.first_name or "").strip()[:255],
        "last_name": (user.last_name or "").strip()[:255],
        "email": (user.email or "").strip().lower()[:254],
        "phone": (user.phone or "").strip()[:255],
        "email_reports": bool(user.enlighten_emails),
    }


def known_of(owner: HomeOwner) -> dict[str, Any]:
    """Our copy of a person in the same shape."""
    return {
        name: bool(getattr(owner, name)) if name == "email_reports" else getattr(owner, name)
        for name in LABELS
    }


def on_the_wire(wanted: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """The arguments of the client's updates: address and names always, the rest if changed."""
    fields = {name: wanted[name] for name in ("email", "first_name", "last_name")}
    if "phone" in changes:
        fields["phone"] = wanted["phone"]
    if "email_reports" in changes:
        fields["enlighten_emails"] = wanted["email_reports"]
    return fields


# ------------------------------------------------------------------ words


def rows(fields: dict[str, Any]) -> dict[str, str]:
    """Labels and values for before and after. These are copied into the trail, so an address or
    a number is only hinted at; whoever may see the person sees them in full on their page."""
    return {label: show(name, fields[name]) for name, label in LABELS.items() if name in fields}


def show(name: str, value: Any) -> str:
    if name == "email_reports":
        return "Yes" if value else "No"
    if name == "email":
        return hint_of_email(value)
    if name == "phone":
        return hint_of_phone(value)
    return str(value or "")


def hint_of_phone(phone: str) -> str:
    """ "… 42": its last two digits."""
    digits = "".join(letter for letter in phone or "" if letter.isdigit())
    return f"… {digits[-2:]}" if digits else ""
