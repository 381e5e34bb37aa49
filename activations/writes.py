"""The changes of a site that are sent to Enphase, each declared beside its one call.

All of them are queued by activations.services; only the runner of portal.operations calls them.
Payloads are in the shape of activations.values, so they read the same today and tomorrow.
"""

import hashlib
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from activations import sync, values
from activations.matching import same_street
from activations.models import Activation
from companies.homeowners.writes import person_id
from companies.models import Company
from enphase import Client, EnphaseError, Rejected
from enphase.records import Activation as Record
from enphase.records import ProductionMode
from portal.operations.models import LookUp, Operation
from portal.operations.registry import AlreadySo, Conflict, Finding, Progress, write
from portal.ui.errors import Refused

log = logging.getLogger(__name__)

CREATE_COST_CENTS = 200


# ------------------------------------------------------------------ create


@write(
    "activation.create",
    endpoint="create_activation",
    creates=True,
    cost_cents=CREATE_COST_CENTS,
    done_message="Activation created.",
)
def create_activation(client: Client, *, system: dict[str, Any], **_plan: Any) -> Record:
    """Create a site: $2.00, sent once (operation create_activation).

    Payload: {"company": pk of ours, "system": fields as in activations.values with "reference",
    "owner" and "host": {"email", "operation": pk or None} when their ids are not known yet}.
    """
    return client.activations.create_activation(values.on_the_wire(system))


@create_activation.prepare
def _ready_to_create(client: Client, payload: dict[str, Any]) -> dict[str, Any]:
    """Complete the request and look for the site once more before money is spent.

    People who are new to Enphase: the wizard queues create_home_owner before the create, and the
    create names that operation and the e-mail address. While it is open the create waits
    (`Later`, no hit spent); then its result tells the id, or a search by e-mail does, which finds
    people whoever created them. If nobody is there, the create is refused in words.

    Duplicates: by address and by gateway serial (`look_for_copies`); a hit is a `Conflict`, unless
    a person has said to create anyway (`override`). A site that already carries our own reference
    is ours, left behind by an earlier try: it is adopted, and nothing is sent.
    """
    system = dict(payload["system"])
    for role in ("owner", "host"):
        person = payload.get(role)
        if person and not system.get(f"{role}_id"):
            system[f"{role}_id"] = _find_person(client, person)
    company = Company.objects.get(pk=payload["company"])
    copies = look_for_copies(client, company, system)
    for copy in copies:
        if copy.record is not None and copy.record.has_reference(system["reference"]):
            ours = sync.adopt(company, copy.record, detail=False)
            raise AlreadySo(
                "It exists already: an earlier try had arrived. Nothing was sent again.",
                {"system_id": ours.system_id, "activation": ours.pk},
            )
    if copies and not payload.get("override"):
        first = copies[0]
        raise Conflict(first.sentence, activation=_our_row(company, first))
    return {**payload, "system": system}


def _find_person(client: Client, person: dict[str, Any]) -> int:
    """The Enphase id of somebody by e-mail; waits for the operation that creates them."""
    return person_id(client, person, without="so neither was the activation")


@create_activation.verify
def _was_it_created(client: Client, payload: dict[str, Any]) -> list[Finding]:
    """Two independent channels, each row compared by us, because filters may be ignored."""
    reference = payload["system"]["reference"]
    return [_by_list(client, reference), _by_search(client, reference)]


def _by_list(client: Client, reference: str) -> Finding:
    channel = "list_activations by reference"
    page = client.activations.list_activations(reference=reference)
    ours = [row for row in page.systems if row.has_reference(reference)]
    rows = len(page.systems) + len(page.unreadable)
    found = _sort(channel, [row.system_id for row in ours], rows)
    if found.finding == LookUp.Finding.MATCH:
        return _with_reply(client, found, ours[0].system_id)
    return found


def _by_search(client: Client, reference: str) -> Finding:
    channel = "search_systems by reference"
    page = client.systems.search_systems(reference=reference)
    wanted = reference.casefold()
    ours = [row for row in page.systems if (row.reference or "").casefold() == wanted]
    rows = len(page.systems) + len(page.unreadable)
    found = _sort(channel, [row.system_id for row in ours], rows)
    if found.finding == LookUp.Finding.MATCH:
        return _with_reply(client, found, ours[0].system_id)
    return found


def _sort(channel: str, ours: list[int], rows: int) -> Finding:
    """What a look-up means: `ours` are the ids of rows that carry our reference, of `rows`."""
    digest = hashlib.sha256(json.dumps([rows, ours]).encode()).hexdigest()
    if rows > len(ours):
        # Strangers among the rows: the filter was ignored, so neither "there" nor "not there".
        return Finding(
            channel,
            LookUp.Finding.INCONCLUSIVE,
            note=f"{rows} rows came back, {len(ours)} with our reference: the filter was ignored.",
            rows=rows,
            digest=digest,
        )
    if len(set(ours)) > 1:
        return Finding(
            channel,
            LookUp.Finding.DUPLICATE,
            note="Systems " + ", ".join(str(number) for number in sorted(set(ours))),
            rows=rows,
            digest=digest,
        )
    if ours:
        note = f"System {ours[0]} carries our reference."
        return Finding(channel, LookUp.Finding.MATCH, note=note, rows=rows, digest=digest)
    return Finding(channel, LookUp.Finding.ABSENT, note="No rows.", rows=rows, digest=digest)


def _with_reply(client: Client, found: Finding, system_id: int) -> Finding:
    """A match, with the whole site as the answer that was lost."""
    record = client.activations.get_activation(system_id)
    return Finding(found.channel, found.finding, found.note, found.rows, found.digest, reply=record)


@create_activation.apply
def _take_in_created(operation: Operation, record: Record) -> None:
    """Our row of the new site, and whether Enphase kept the reference we sent."""
    activation = sync.adopt(operation.company, record, detail=True)
    operation.activation = activation
    reference = operation.payload["system"]["reference"]
    operation.result = {
        "system_id": record.system_id,
        "activation": activation.pk,
        "reference": record.reference or "",
    }
    if record.has_reference(reference):
        operation.message = "Activation created."
    else:
        operation.result["reference_missing"] = True
        operation.message = (
            "Activation created, but Enphase did not keep our reference. "
            "Tell an admin before creating more."
        )


# ------------------------------------------------------------------ copies of a site


@dataclass(frozen=True)
class Copy:
    """A site at Enphase that looks like the one to be created."""

    system_id: int
    name: str
    stage: int | None
    why: str
    record: Record | None = None

    @property
    def sentence(self) -> str:
        stage = f", stage {self.stage}" if self.stage else ""
        return f"{self.why} exists already: {self.name}{stage}."


def look_for_copies(client: Client, company: Company, system: dict[str, Any]) -> list[Copy]:
    """Sites at Enphase with the same address or gateway; 1 hit, and 1 a gateway serial.

    Filters are exact at Enphase and ignored when it does not like them, so every row is compared
    here. A serial on a site of another company is a copy too, without a record.
    """
    copies: dict[int, Copy] = {}
    address = system.get("address") or {}
    if address.get("street1") and address.get("postal_code"):
        page = client.activations.list_activations(
            street1=address["street1"], postal_code=address["postal_code"]
        )
        for row in page.systems:
            there = values.address_of(row)
            if there and same_street(there, address):
                copies[row.system_id] = Copy(
                    row.system_id,
                    row.system_name or f"system {row.system_id}",
                    row.stage,
                    f"{address['street1']}, {address['city']}",
                    row,
                )
    for serial in system.get("envoy_serial_numbers") or []:
        copy = _owner_of_gateway(client, company, serial)
        if copy is not None:
            copies.setdefault(copy.system_id, copy)
    return list(copies.values())


def _owner_of_gateway(client: Client, company: Company, serial: str) -> Copy | None:
    why = f"Gateway {serial}"
    try:
        system_id = client.systems.retrieve_system_id(serial)
    except Rejected as refusal:
        if refusal.status != 401:
            raise
        # 401 is Enphase's word for "not yours": the gateway serves somebody else's site.
        return Copy(0, "a site of another company", None, why)
    if system_id is None:
        return None
    known = Activation.objects.filter(company=company, system_id=system_id).first()
    if known is not None:
        return Copy(system_id, known.name, known.stage, why)
    try:
        # One more hit, so that the page can name the site and open it.
        row = client.activations.get_activation(system_id)
    except Rejected:
        return Copy(system_id, f"system {system_id}", None, why)
    return Copy(system_id, row.system_name or f"system {system_id}", row.stage, why, row)


def _our_row(company: Company, copy: Copy) -> Activation | None:
    """Our row of the site that is in the way, made now if the sweep has not seen it yet."""
    if copy.record is not None:
        return sync.adopt(company, copy.record, detail=False)
    return Activation.objects.filter(company=company, system_id=copy.system_id).first()


# ------------------------------------------------------------------ change


@write(
    "activation.update",
    endpoint="update_activation",
    repeatable=True,
    done_message="Saved at Enphase.",
)
def update_activation(
    client: Client, *, system_id: int, changes: dict[str, Any], **_plan: Any
) -> Record:
    """Change fields of a site, then read it back (operations update_activation, get_activation).

    Payload: {"company": pk of ours, "system_id", "changes": {field: new}, "base": {field: what the
    person saw}, and "owner": {"email", "operation"} for a new owner whose id is not known yet}.
    A field that nobody has seen is missing from "base", and learned before the send.
    The read-back is the answer; when it fails, the answer of the change is.
    """
    answer = client.activations.update_activation(system_id, values.on_the_wire(changes))
    try:
        return client.activations.get_activation(system_id)
    except (EnphaseError, Refused):
        # The change itself was accepted; that the look afterwards failed changes nothing.
        log.warning("System %s could not be read back after a change", system_id)
        return answer


@update_activation.prepare
def _compare_before_change(client: Client, payload: dict[str, Any]) -> dict[str, Any]:
    """Read, compare, and send only what is still to be changed.

    Fields that somebody else changed meanwhile are left alone when we do not touch them; the same
    field changed by both is a `Conflict`, unless a person has said to go on (`override`).
    """
    changes = dict(payload["changes"])
    if payload.get("owner"):
        changes["owner_id"] = _find_person(client, payload["owner"])
        payload = {**payload, "changes": changes}
    now = client.activations.get_activation(payload["system_id"])
    theirs = values.values_of(now)
    theirs["authorized_subcontractor_id"] = _subcontractor(now, changes)
    base = payload["base"]
    left = {
        name: value for name, value in changes.items() if not values.same(theirs.get(name), value)
    }
    company = Company.objects.get(pk=payload["company"])
    if not left:
        sync.adopt(company, now, detail=True)
        raise AlreadySo("Enphase has these values already. Nothing was sent.")
    if not payload.get("override"):
        moved = [
            name for name in left if name in base and not values.same(theirs.get(name), base[name])
        ]
        if moved:
            row = sync.adopt(company, now, detail=True)
            names = {"owner_id": now.owner_name or "", "host_id": now.host_name or ""}
            raise Conflict(
                "Somebody changed this at Enphase meanwhile. Nothing was sent.",
                theirs=values.rows({name: theirs.get(name) for name in moved}, names),
                activation=row,
            )
    if company.in_us and "address" not in left:
        # A company in the United States sends the whole address with every change.
        if theirs["address"] is None:
            raise Refused(
                "Sites of a company in the United States need an address first. "
                "Add it under Site, then change this."
            )
        left["address"] = theirs["address"]
    # What nobody had seen is known now, so that it can be put back.
    learned = {name: theirs.get(name) for name in changes if name not in base}
    return {**payload, "changes": left, "base": {**base, **learned}}


def _subcontractor(record: Record, changes: dict[str, Any]) -> int | None:
    """The subcontractor to be added, if the site has it already; subcontractors are only added."""
    wanted = changes.get("authorized_subcontractor_id")
    have = [item.authorized_subcontractor_id for item in record.authorized_subcontractors]
    return wanted if wanted in have else None


@update_activation.verify
def _was_it_changed(client: Client, payload: dict[str, Any]) -> list[Finding]:
    if payload.get("owner"):
        # A lost reply: the person exists by now, so their id completes the change again.
        person = _find_person(client, payload["owner"])
        payload = {**payload, "changes": {**payload["changes"], "owner_id": person}}
    now = client.activations.get_activation(payload["system_id"])
    theirs = values.values_of(now)
    theirs["authorized_subcontractor_id"] = _subcontractor(now, payload["changes"])
    missing = [
        values.LABELS[name]
        for name, value in payload["changes"].items()
        if not values.same(theirs.get(name), value)
    ]
    if missing:
        note = "Not there yet: " + ", ".join(missing)
        return [Finding("get_activation", LookUp.Finding.ABSENT, note=note, rows=1)]
    return [Finding("get_activation", LookUp.Finding.MATCH, rows=1, reply=now)]


@update_activation.apply
def _take_in_changed(operation: Operation, record: Record) -> None:
    operation.activation = sync.adopt(operation.company, record, detail=True)
    theirs = values.values_of(record)
    changes = operation.payload["changes"]
    theirs["authorized_subcontractor_id"] = _subcontractor(record, changes)
    differs = [
        values.LABELS[name]
        for name, value in changes.items()
        if not values.same(theirs.get(name), value)
    ]
    operation.result = {"differs": differs} if differs else {}
    operation.message = (
        f"Enphase accepted it, but shows another value for {', '.join(differs)}."
        if differs
        else "Saved at Enphase."
    )


# ------------------------------------------------------------------ delete


@write(
    "activation.delete",
    endpoint="delete_activation",
    # Deleting what is gone changes nothing.
    repeatable=True,
    roles=frozenset({"admin"}),
    done_message="Activation deleted.",
)
def delete_activation(client: Client, *, system_id: int, **_plan: Any) -> str:
    """Delete a site below stage 3 (operation delete_activation). Nothing gives the $2.00 back."""
    return client.activations.delete_activation(system_id)


@delete_activation.prepare
def _may_be_deleted(client: Client, payload: dict[str, Any]) -> None:
    try:
        now = client.activations.get_activation(payload["system_id"], expand=())
    except Rejected as refusal:
        if refusal.status != 404:
            raise
        for row in _rows(payload):
            sync.forget(row)
        raise AlreadySo("It was deleted at Enphase already. Nothing was sent.") from None
    if (now.stage or 0) >= 3:
        for row in _rows(payload):
            sync.adopt(row.company, now, detail=True)
        raise Refused(
            f"This system is in stage {now.stage} by now. "
            "Enphase deletes systems in stage 1 and 2 only."
        )


def _rows(payload: dict[str, Any]) -> Iterable[Activation]:
    found: Iterable[Activation] = Activation.objects.filter(
        company_id=payload["company"], system_id=payload["system_id"]
    ).select_related("company")
    return found


@delete_activation.verify
def _was_it_deleted(client: Client, payload: dict[str, Any]) -> list[Finding]:
    try:
        client.activations.get_activation(payload["system_id"], expand=())
    except Rejected as refusal:
        if refusal.status != 404:
            raise
        return [Finding("get_activation", LookUp.Finding.MATCH, note="It is gone.", reply="gone")]
    return [Finding("get_activation", LookUp.Finding.ABSENT, note="It is still there.", rows=1)]


@delete_activation.apply
def _forget_deleted(operation: Operation, _reply: Any) -> None:
    if operation.activation is not None:
        sync.forget(operation.activation)
    operation.message = "Activation deleted."


# ------------------------------------------------------------------ production


@write("activation.set_production_mode", endpoint="set_production_mode", repeatable=True)
def set_production_mode(client: Client, *, system_id: int, mode: str, **_plan: Any) -> str:
    """Ask the gateway to switch (operation set_production_mode); `confirm` learns if it obeyed.

    Payload: {"company": pk of ours, "system_id", "mode": "on" or "off"}.
    """
    return client.activations.set_production_mode(system_id, "on" if mode == "on" else "off")


@set_production_mode.prepare
def _compare_mode(client: Client, payload: dict[str, Any]) -> None:
    now = client.activations.get_production_mode(payload["system_id"])
    _remember(payload, now)
    if now.mode == payload["mode"]:
        raise AlreadySo(f"Production is {now.mode} already. Nothing was sent.")


@set_production_mode.verify
def _was_it_switched(client: Client, payload: dict[str, Any]) -> list[Finding]:
    now = client.activations.get_production_mode(payload["system_id"])
    if now.mode == payload["mode"]:
        return [Finding("get_production_mode", LookUp.Finding.MATCH, rows=1, reply=now)]
    note = f"The gateway reports {now.mode or 'no mode'}."
    return [Finding("get_production_mode", LookUp.Finding.ABSENT, note=note, rows=1)]


@set_production_mode.confirm
def _has_it_obeyed(client: Client, payload: dict[str, Any]) -> Progress:
    """On: all microinverters produce. Off: none does. What was read is kept for the pages."""
    now = client.activations.get_production_mode(payload["system_id"])
    _remember(payload, now)
    turning_on = payload["mode"] == "on"
    total, producing = now.total_micros or 0, now.energy_producing_micros or 0
    done = max(0, producing if turning_on else total - producing)
    unit = "producing" if turning_on else "stopped"
    if now.mode != payload["mode"]:
        message = "Sent to the gateway. It has not taken the new mode yet."
        return Progress(False, message, done, total, unit)
    if done < total:
        return Progress(False, f"{done} of {total} {unit}.", done, total, unit)
    word = "on" if turning_on else "off"
    return Progress(True, f"Production turned {word}.", total, total, unit)


@set_production_mode.apply
def _take_in_acknowledgement(operation: Operation, _reply: Any) -> None:
    """An acknowledgement is not the gateway's word: our copy changes with what it reports."""
    operation.message = "Sent to the gateway. Waiting until it obeys."


def _remember(payload: dict[str, Any], mode: ProductionMode) -> None:
    for row in _rows(payload):
        sync.take_in_production(row, mode)
