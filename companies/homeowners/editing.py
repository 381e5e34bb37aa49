"""Correcting a person, on their own page or by way of one site: form, review, operation."""

import uuid
from dataclasses import dataclass, field
from typing import Any

from django.core import signing

from companies.homeowners import people, services
from companies.homeowners.forms import PersonForm
from companies.homeowners.models import HomeOwner
from portal.operations.models import Operation
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest, form_token

SALT = "homeowners.edit"
BASE_SECONDS = 24 * 3600
# One read to compare, one write; a second try when Enphase does not offer the first way any more.
HITS = "2 hits"


@dataclass
class Editing:
    """Where a correction stands: `rows` once it is to be confirmed, `operation` once queued."""

    form: PersonForm
    base: str
    token: uuid.UUID
    status: int = 200
    rows: list[dict[str, Any]] = field(default_factory=list)
    new_login: bool = False
    operation: Operation | None = None

    @property
    def context(self) -> dict[str, Any]:
        return {
            "form": self.form,
            "base": self.base,
            "token": self.token,
            "rows": self.rows,
            "new_login": self.new_login,
            "hits": HITS,
        }


def can_edit(owner: HomeOwner) -> bool:
    """A person is corrected only from a copy in full; others are read first."""
    return bool(owner.email and (owner.read_at or owner.created_at))


def step(request: PortalRequest, owner: HomeOwner, activation: Any = None) -> Editing:
    """One step, by what was posted: `review` → `confirm` (queued), or back to `edit`.

    What the person saw travels along, signed, so that the worker can compare it with what
    Enphase holds by then (docs/decisions/0008).
    """
    now = people.known_of(owner)
    if request.method != "POST":
        form = PersonForm(initial=now)
        return Editing(form, _signed(owner, now), uuid.uuid4())
    base, fresh = _base(request, owner, now)
    form = PersonForm(request.POST, initial=base)
    editing = Editing(form, _signed(owner, base), form_token(request))
    do = request.POST.get("do", "review")
    if do == "edit":
        form = PersonForm(initial={name: request.POST.get(name, "") for name in people.LABELS})
        editing.form = form
        return editing
    if not form.is_valid():
        editing.status = 422
        return editing
    typed = form.values()
    changes = {name: value for name, value in typed.items() if value != base.get(name)}
    if not changes:
        form.add_error(None, "Nothing was changed.")
        editing.status = 422
        return editing
    if do == "confirm" and fresh:
        try:
            editing.operation = services.queue_change(
                owner,
                changes=changes,
                base=base,
                activation=activation,
                actor=request.user,
                token=editing.token,
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
            editing.status = 422
        return editing
    editing.new_login = "email" in changes
    editing.rows = [
        {
            "field": label,
            "before": _word(name, base.get(name)),
            "after": _word(name, changes[name]),
        }
        for name, label in people.LABELS.items()
        if name in changes
    ]
    return editing


def _word(name: str, value: Any) -> str:
    if name == "email_reports":
        return "Yes" if value else "No"
    return str(value or "")


def _signed(owner: HomeOwner, values: dict[str, Any]) -> str:
    return signing.dumps({"owner": owner.pk, "values": values}, salt=SALT, compress=True)


def _base(
    request: PortalRequest, owner: HomeOwner, now: dict[str, Any]
) -> tuple[dict[str, Any], bool]:
    """What the form showed; our copy of now, and False, if that is lost."""
    try:
        signed = signing.loads(request.POST.get("base", ""), salt=SALT, max_age=BASE_SECONDS)
    except signing.BadSignature:
        return now, False
    if signed.get("owner") != owner.pk:
        return now, False
    values: dict[str, Any] = signed["values"]
    return values, True
