"""What may be done to a site, and what it sets off: the rules, and the queue."""

import uuid
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from activations import matching, references, values, writes
from activations.models import Activation, Draft
from companies.homeowners import services as homeowners
from companies.models import Company
from enphase import EnphaseError
from portal.connections.services import PAGE_TIMEOUTS, client_for, sentence_for
from portal.operations import audit
from portal.operations.models import Operation, describe_event
from portal.operations.queue import queue_write
from portal.ui.errors import Refused

describe_event("activation:looked-up", "Looked for copies at Enphase", "search")
describe_event("draft:discarded", "Draft discarded", "archive", "off")

UNDO_WITHIN = timedelta(minutes=10)


class NotAllowed(Refused):
    """Our rules, or those of Enphase, do not allow it now. The sentence says why."""


# ------------------------------------------------------------------ copies of a site


@dataclass(frozen=True)
class Copy:
    """A site, or a create under way, that looks like the one to be created."""

    name: str
    why: str
    stage: int | None = None
    activation: int | None = None
    operation: int | None = None


def copies_here(system: dict[str, Any], company: Company, project: str = "") -> list[Copy]:
    """Copies in our own tables: by project number, address and gateway serial. Costs nothing."""
    found: dict[tuple[str, int], Copy] = {}
    sites = Activation.objects.filter(company=company).present()
    plain = references.normalise(project)
    if plain:
        for site in sites.filter(_near_reference(project, plain))[:50]:
            if plain in (references.normalise(site.reference), _project(site.reference)):
                why = f"Project {project.strip()}"
                found.setdefault(("site", site.pk), _copy_of(site, why))
    address = system.get("address") or {}
    if address.get("postal_code"):
        postal = str(address["postal_code"])
        near = Q(postal_code__istartswith=postal[:5]) | Q(
            postal_code__istartswith=postal.replace(" ", "")[:4]
        )
        for site in sites.filter(near, country__iexact=address.get("country", ""))[:2000]:
            if matching.same_street(_address(site), address):
                found.setdefault(("site", site.pk), _copy_of(site, "This address"))
    for serial in system.get("envoy_serial_numbers") or []:
        for site in sites.filter(search_text__contains=serial)[:20]:
            if serial in (site.detail.get("envoy_serial_numbers") or []):
                found.setdefault(("site", site.pk), _copy_of(site, f"Gateway {serial}"))
    for create in _open_creates(company):
        why = _why_same(create.payload.get("system", {}), system, plain)
        if why:
            copy = Copy(create.subject or create.title, why, operation=create.pk)
            found.setdefault(("operation", create.pk), copy)
    return list(found.values())


def _near_reference(project: str, plain: str) -> Q:
    """Rows worth comparing: references that begin alike, with or without their punctuation."""
    return Q(reference__istartswith=plain[: references.MAX_PROJECT]) | Q(
        reference__istartswith=project.strip()[: references.MAX_PROJECT]
    )


def _project(reference: str) -> str:
    return references.project_part(reference)


def _address(site: Activation) -> dict[str, str]:
    return {part: getattr(site, part) for part in values.ADDRESS}


def _copy_of(site: Activation, why: str) -> Copy:
    return Copy(site.name, why, site.stage, activation=site.pk)


def _open_creates(company: Company) -> Any:
    creates = Operation.objects.filter(company=company, kind=writes.create_activation.kind)
    return creates.open().order_by("-pk")[:200]


def _why_same(theirs: dict[str, Any], ours: dict[str, Any], project: str) -> str:
    if project and _project(theirs.get("reference", "")) == project[: references.MAX_PROJECT]:
        return "A create with this project number"
    if matching.same_street(theirs.get("address") or {}, ours.get("address") or {}):
        return "A create with this address"
    shared = set(theirs.get("envoy_serial_numbers") or []) & set(
        ours.get("envoy_serial_numbers") or []
    )
    return f"A create with gateway {min(shared)}" if shared else ""


def look_up_copies(system: dict[str, Any], company: Company, *, actor: Any) -> dict[str, Any]:
    """Ask Enphase for copies now: 1 hit for the address, 1 a gateway. Plain JSON for the draft.

    {"at": ISO time, "found": [copies], "problem": sentence}; an unanswered look-up is a problem,
    never "nothing found".
    """
    found: list[Copy] = []
    problem = ""
    try:
        with client_for(company.pk, person_id=actor.pk, timeouts=PAGE_TIMEOUTS) as client:
            for copy in writes.look_for_copies(client, company, system):
                row = Activation.objects.filter(company=company, system_id=copy.system_id).first()
                found.append(
                    Copy(copy.name, copy.why, copy.stage, activation=row.pk if row else None)
                )
    except EnphaseError as error:
        problem = sentence_for(error)
    except Refused as refusal:
        problem = str(refusal)
    audit.record(
        "activation:looked-up",
        company=company,
        actor=actor,
        text=problem or f"{len(found)} found",
    )
    return {
        "at": timezone.now().isoformat(),
        "found": [asdict(copy) for copy in found],
        "problem": problem,
    }


# ------------------------------------------------------------------ create


@dataclass(frozen=True)
class Person:
    """An owner or host of a new site: with an id when a look-up found them."""

    email: str
    user_id: int | None
    first_name: str = ""
    last_name: str = ""
    phone: str = ""
    name: str = ""

    @property
    def label(self) -> str:
        return self.name or f"{self.first_name} {self.last_name}".strip() or self.email


@transaction.atomic
def queue_create(
    draft: Draft,
    *,
    system: dict[str, Any],
    project: str,
    people: dict[str, Person],
    names: dict[str, str],
    reason: str,
    actor: Any,
) -> Operation:
    """Queue the one paid create of a draft; asking again gives the same operation.

    The draft's uuid is the operation's token, so a double click, a second tab or a form sent again
    lands on the operation that exists. Owner and host who are new to Enphase are queued before
    it; the create waits for them (see writes). `reason` says why a copy is no copy.
    """
    # Only the draft itself: PostgreSQL cannot lock a branch that may be missing.
    locked = Draft.objects.select_for_update(of=("self",))
    draft = locked.select_related("company", "branch").get(pk=draft.pk)
    if draft.operation is not None:
        return draft.operation
    company = draft.company
    reference = references.mint(project, draft.uuid, company=company)
    system = {**system, "reference": reference}
    if draft.branch is not None:
        system["installer_id"] = draft.branch.enphase_id
        names = {**names, "installer_id": draft.branch.name}
    payload: dict[str, Any] = {"company": company.pk, "system": system}
    for role, person in people.items():
        if person.user_id is None:
            created = homeowners.queue_home_owner(
                company,
                person.email,
                person.first_name,
                person.last_name,
                person.phone,
                actor,
                token=uuid.uuid5(draft.uuid, role),
            )
            payload[role] = {"email": person.email, "operation": created.pk}
            names = {**names, f"{role}_id": f"{person.label} (new home owner)"}
        else:
            system[f"{role}_id"] = person.user_id
            names = {**names, f"{role}_id": person.label}
    if reason:
        payload["override"] = reason
    shown = {**system}
    for role in people:
        shown.setdefault(f"{role}_id", people[role].email)
    operation = queue_write(
        writes.create_activation,
        key=f"create:{draft.uuid}",
        token=draft.uuid,
        payload=payload,
        company=company,
        branch=draft.branch,
        actor=actor,
        title="Create activation",
        subject=system["system_name"],
        after=values.rows(_filled(shown), names),
        reason=reason,
    )
    draft.operation = operation
    draft.save(update_fields=["operation", "changed_at"])
    return operation


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [], {})}


def discard(draft: Draft, *, actor: Any) -> None:
    """Throw a draft away. One that has become an operation stays as its origin."""
    if draft.operation_id is not None:
        raise NotAllowed("This draft has been sent. Its operation shows how it goes.")
    with transaction.atomic():
        audit.record("draft:discarded", company=draft.company, actor=actor, text=str(draft))
        draft.delete()


# ------------------------------------------------------------------ change


def changes_between(base: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The fields of `new` that differ from `base`. Yes/no fields that were unset count as no."""
    changes = {}
    for name, value in new.items():
        was = base.get(name)
        if isinstance(value, bool) and was is None and not value:
            continue
        if name in values.COUNTS and not value and not was:
            # Enphase says 0 where nothing was entered.
            continue
        if not values.same(was, value):
            changes[name] = value
    if "operational" in changes and "permission_to_operate" not in changes:
        # It follows permission to operate, and is no question of its own.
        del changes["operational"]
    return changes


def queue_change(
    activation: Activation,
    *,
    title: str,
    changes: dict[str, Any],
    base: dict[str, Any],
    names: dict[str, dict[str, str]] | None = None,
    reason: str = "",
    actor: Any,
    token: uuid.UUID | None = None,
) -> Operation:
    """Queue a change of fields. `base` is what the person saw; the worker compares before sending.

    `names` gives words for ids, as {"before": {...}, "after": {...}}.
    """
    require_present(activation)
    if not changes:
        raise NotAllowed("Nothing was changed.")
    words = names or {}
    seen = {name: base.get(name) for name in changes}
    return queue_write(
        writes.update_activation,
        key=f"activation:{activation.pk}:update:{'+'.join(sorted(changes))}"[:120],
        payload={
            "company": activation.company_id,
            "system_id": activation.system_id,
            "changes": changes,
            "base": seen,
        },
        company=activation.company,
        activation=activation,
        actor=actor,
        title=title,
        before=values.rows(seen, words.get("before")),
        after=values.rows(changes, words.get("after")),
        reason=reason,
        token=token,
    )


def require_present(activation: Activation) -> None:
    if activation.lost_at is not None:
        raise NotAllowed("Enphase no longer shows this site to your company.")
    if activation.gone_at is not None:
        raise NotAllowed("This site is not at Enphase any more.")


# ------------------------------------------------------------------ owner and subcontractor


@transaction.atomic
def queue_owner(
    activation: Activation,
    *,
    person: Person,
    actor: Any,
    token: uuid.UUID,
) -> Operation:
    """Queue making a person the site's owner; somebody new to Enphase is created first.

    The change waits for the home owner's operation (see writes). What the site's owner is now is
    taken from our copy and compared by the worker.
    """
    require_present(activation)
    base = {"owner_id": activation.owner_id}
    payload: dict[str, Any] = {
        "company": activation.company_id,
        "system_id": activation.system_id,
        "changes": {},
        "base": base,
    }
    if person.user_id is None:
        created = homeowners.queue_home_owner(
            activation.company,
            person.email,
            person.first_name,
            person.last_name,
            person.phone,
            actor,
            token=uuid.uuid5(token, "owner"),
        )
        payload["owner"] = {"email": person.email, "operation": created.pk}
    else:
        payload["changes"] = {"owner_id": person.user_id}
    return queue_write(
        writes.update_activation,
        key=f"activation:{activation.pk}:update:owner_id",
        payload=payload,
        company=activation.company,
        activation=activation,
        actor=actor,
        title="Change owner",
        before={"Owner": activation.owner_name or "Nobody"},
        after={"Owner": person.label + ("" if person.user_id else " (new home owner)")},
        token=token,
    )


def queue_subcontractor(
    activation: Activation, *, subcontractor: Any, actor: Any, token: uuid.UUID | None = None
) -> Operation:
    """Queue adding a subcontractor; nobody can take one off again."""
    return queue_change(
        activation,
        title="Add subcontractor",
        changes={"authorized_subcontractor_id": subcontractor.enphase_id},
        base={},
        names={"after": {"authorized_subcontractor_id": subcontractor.name}},
        actor=actor,
        token=token,
    )


# ------------------------------------------------------------------ delete


def why_not_deletable(activation: Activation) -> str:
    """The reason in words, or "" when Enphase would delete it."""
    if activation.gone_at is not None:
        return "This site is not at Enphase any more."
    if not activation.is_deletable:
        return (
            f"This site is in stage {activation.stage}. Enphase deletes sites in stage 1 and 2 "
            "only, before their gateway has reported."
        )
    return ""


def queue_delete(
    activation: Activation, *, reason: str, actor: Any, token: uuid.UUID | None = None
) -> Operation:
    """Queue deleting a site at Enphase. Raises NotAllowed from stage 3 on."""
    if why := why_not_deletable(activation):
        raise NotAllowed(why)
    return queue_write(
        writes.delete_activation,
        key=f"activation:{activation.pk}:delete",
        payload={"company": activation.company_id, "system_id": activation.system_id},
        company=activation.company,
        activation=activation,
        actor=actor,
        title="Delete activation",
        before={"Site": activation.name},
        after={"Site": "Deleted"},
        reason=reason,
        token=token,
    )


# ------------------------------------------------------------------ production


def why_not_switchable(activation: Activation) -> str:
    """Why production cannot be switched now, or "" when it can."""
    if activation.gone_at is not None:
        return "This site is not at Enphase any more."
    if activation.stage < 3:
        return (
            f"Production can be switched from stage 3 on, when the gateway has reported. "
            f"This site is in stage {activation.stage}."
        )
    return ""


def queue_production(
    activation: Activation,
    *,
    mode: str,
    reason: str = "",
    actor: Any,
    token: uuid.UUID | None = None,
) -> Operation:
    """Queue switching the whole site on or off. Raises NotAllowed before stage 3."""
    if why := why_not_switchable(activation):
        raise NotAllowed(why)
    known = activation.production_mode
    return queue_write(
        writes.set_production_mode,
        key=activation.production_key,
        payload={
            "company": activation.company_id,
            "system_id": activation.system_id,
            "mode": mode,
        },
        company=activation.company,
        activation=activation,
        actor=actor,
        title=f"Turn production {mode}",
        before={"Production": {"on": "On", "off": "Off"}.get(known, "Not known")},
        after={"Production": "On" if mode == "on" else "Off"},
        reason=reason,
        token=token,
    )


def may_turn_back(operation: Operation | None, now: datetime | None = None) -> bool:
    """Offer "Turn back off" for ten minutes after production was turned on."""
    if operation is None or operation.payload.get("mode") != "on":
        return False
    if operation.state != "done" or operation.finished_at is None or operation.sent_at is None:
        return False
    return (now or timezone.now()) - operation.finished_at < UNDO_WITHIN
