"""Queueing a tariff, keeping drafts, templates, and what a battery change did to a tariff."""

import copy
import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from activations.models import Activation
from activations.services import require_present
from activations.snapshots import services as snapshots
from activations.snapshots.models import Snapshot, Version
from activations.tariffs import words, writes
from activations.tariffs.models import TariffDraft, TariffTemplate
from activations.tariffs.plan import Document, document_of, problems_of, wire_of
from enphase.records import Tariff
from portal.operations import audit
from portal.operations.models import Operation, describe_event
from portal.operations.queue import queue_write
from portal.ui.errors import Refused

KIND = "tariff"
# After one of these Enphase may have another tariff: it once reset it with the battery mode.
BATTERY_WRITES = ("battery.update_settings", "battery.update_mode")
CURRENCY_OF = {"US": "USD", "AU": "AUD", "CA": "CAD", "GB": "GBP", "NZ": "NZD", "CH": "CHF"}
# Countries that pay in euros.
EURO = re.compile("AT|BE|CY|DE|EE|ES|FI|FR|GR|HR|IE|IT|LT|LU|LV|MT|NL|PT|SI|SK")

describe_event("tariff:discarded", "Tariff draft discarded", "trash")
describe_event("tariff:reset-kept", "Tariff reset by the battery kept", "check")
describe_event("tariff:template-saved", "Tariff template saved", "tag")
describe_event("tariff:template-deleted", "Tariff template deleted", "trash")


class Overtaken(Refused):
    """Somebody else, or another tab, has written the draft since this page was made."""

    def __init__(self, draft: TariffDraft) -> None:
        super().__init__("This draft was changed in another tab or by somebody else.")
        self.draft = draft


# ------------------------------------------------------------------ what Enphase has


def currency_of(activation: Activation) -> str:
    """The currency of a site without a tariff, by its country."""
    country = (activation.country or "").upper()
    return "EUR" if EURO.fullmatch(country) else CURRENCY_OF.get(country, "USD")


def tariff_in(snapshot: Snapshot | None) -> Tariff | None:
    record = snapshot.record if snapshot is not None else None
    tariff: Tariff | None = record.tariff if record is not None else None
    return tariff


def base_of(activation: Activation) -> dict[str, Any]:
    """Our copy of the tariff in the shape of a request; {} when there is none."""
    tariff = tariff_in(snapshots.current(activation, KIND))
    return tariff.for_update() if tariff is not None else {}


def document_from(base: dict[str, Any], activation: Activation) -> Document:
    """Open what Enphase has, or an empty tariff in the currency of the place."""
    return document_of(Tariff.from_api(base) if base else None, currency_of(activation))


# ------------------------------------------------------------------ sending


def queue_tariff(
    activation: Activation,
    document: Document,
    *,
    base: dict[str, Any],
    actor: Any,
    token: uuid.UUID,
    reason: str = "",
) -> Operation:
    """Queue replacing the tariff (1 hit, and one to compare before and one a look after).

    Refused when the document has problems, cannot be sent back, or changes nothing.
    """
    require_present(activation)
    if document["locked"]:
        raise Refused(document["locked"])
    if problems := problems_of(document):
        raise Refused(f"{problems[0].text}.")
    changes = words.differences(document_from(base, activation), document)
    if not changes:
        raise Refused("This is the tariff that Enphase has. Nothing would change.")
    return queue_write(
        writes.update_tariff,
        key=f"activation:{activation.pk}:tariff",
        payload={
            "activation": activation.pk,
            "system_id": activation.system_id,
            "tariff": wire_of(document),
            "base": base,
        },
        company=activation.company,
        activation=activation,
        actor=actor,
        title="Change tariff",
        before={one.field: one.before for one in changes},
        after={one.field: one.after for one in changes},
        reason=reason,
        token=token,
    )


@transaction.atomic
def send_draft(
    draft: TariffDraft, *, actor: Any, token: uuid.UUID, revision: int, reason: str = ""
) -> Operation:
    """Queue what the draft holds; from then on the operation is where it lives.

    Overtaken when the draft is not the one that was reviewed.
    """
    locked = TariffDraft.objects.select_for_update().filter(pk=draft.pk).first()
    if locked is None:
        same = Operation.objects.filter(token=token, activation=draft.activation).first()
        if same is None:
            raise Refused("This draft is not there any more: it was sent or discarded.")
        return same
    if locked.revision != revision:
        raise Overtaken(locked)
    operation = queue_tariff(
        draft.activation, locked.document, base=locked.base, actor=actor, token=token, reason=reason
    )
    locked.delete()
    return operation


def last_operation(user: Any, activation: Activation) -> Operation | None:
    """The newest change of this tariff."""
    found: Operation | None = (
        Operation.objects.for_user(user)
        .filter(activation=activation, kind=writes.update_tariff.kind)
        .order_by("-pk")
        .first()
    )
    return found


# ------------------------------------------------------------------ drafts


@dataclass
class Paper:
    """What somebody has in front of them: a document, and which draft it was made from.

    Travels through the page signed, so that a page opened before a refresh still knows its own
    parts. `revision` 0 means that nothing was kept on the server yet.
    """

    document: Document
    base: dict[str, Any]
    revision: int
    tab: str
    source: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "document": self.document,
            "base": self.base,
            "revision": self.revision,
            "tab": self.tab,
            "source": self.source,
        }


def draft_of(activation: Activation) -> TariffDraft | None:
    return TariffDraft.objects.filter(activation=activation).select_related("author").first()


def paper_of(activation: Activation, draft: TariffDraft | None) -> Paper:
    """The draft to go on with, or what Enphase has, opened."""
    tab = uuid.uuid4().hex
    if draft is not None:
        return Paper(draft.document, draft.base, draft.revision, tab, draft.source)
    base = base_of(activation)
    return Paper(document_from(base, activation), base, 0, tab)


@transaction.atomic
def keep(
    activation: Activation, paper: Paper, *, actor: Any, typing: bool = False, force: bool = False
) -> TariffDraft:
    """Keep what was typed. Overtaken when another tab was faster, unless `force`d.

    While somebody is `typing`, their tab goes on with the paper it has. Anything else draws the
    page anew, so what the old page still sends late must not replace it.
    """
    row = TariffDraft.objects.select_for_update().filter(activation=activation).first()
    if row is None:
        row = TariffDraft(activation=activation, revision=0)
    elif row.tab != paper.tab and row.revision != paper.revision and not force:
        raise Overtaken(row)
    row.document, row.base, row.source = paper.document, paper.base, paper.source
    row.tab = paper.tab if typing else ""
    row.author, row.revision = actor, row.revision + 1
    row.save()
    paper.revision = row.revision
    return row


def discard(activation: Activation, *, actor: Any) -> None:
    """Throw the draft away; what Enphase has stays. Harmless to call twice."""
    gone, _ = TariffDraft.objects.filter(activation=activation).delete()
    if gone:
        audit.record(
            "tariff:discarded",
            company=activation.company,
            activation=activation,
            actor=actor,
            text="The tariff at Enphase stays as it is",
        )


def begin_from(
    activation: Activation, tariff: dict[str, Any], *, source: str, actor: Any
) -> TariffDraft:
    """Put a tariff of another place on the desk, as a draft; what is this site's own stays.

    Raises Refused when that tariff cannot be written, or what the site has now is not known: the
    review would compare with nothing, and the worker would stop.
    """
    now = snapshots.current(activation, KIND)
    if now is None or not now.is_known:
        raise Refused("This site's own tariff was not read yet. Refresh it first.")
    base = base_of(activation)
    theirs = copy.deepcopy(TariffTemplate.without_battery(tariff))
    if "storage_settings" in base:
        theirs["storage_settings"] = copy.deepcopy(base["storage_settings"])
    document = document_of(Tariff.from_api(theirs))
    if document["locked"]:
        raise Refused(document["locked"])
    paper = Paper(document, base, 0, uuid.uuid4().hex, source[:200])
    return keep(activation, paper, actor=actor, force=True)


# ------------------------------------------------------------------ templates


def save_template(
    company: Any, name: str, document: Document, *, actor: Any, activation: Activation | None = None
) -> TariffTemplate:
    """Keep a tariff under a name for all sites of the company. Refused when the name is taken."""
    if document["locked"]:
        raise Refused(document["locked"])
    if problems := problems_of(document):
        raise Refused(f"{problems[0].text}.")
    try:
        with transaction.atomic():
            row = TariffTemplate.objects.create(
                company=company,
                name=name,
                tariff=TariffTemplate.without_battery(wire_of(document)),
                author=actor,
            )
    except IntegrityError:
        raise Refused(f"There is a template “{name}” already. Choose another name.") from None
    audit.record(
        "tariff:template-saved", company=company, activation=activation, actor=actor, text=name
    )
    return row


def rename_template(template: TariffTemplate, name: str) -> None:
    """Refused when another template has the name."""
    template.name = name
    try:
        with transaction.atomic():
            template.save(update_fields=["name", "changed_at"])
    except IntegrityError:
        raise Refused(f"There is a template “{name}” already. Choose another name.") from None


def delete_template(template: TariffTemplate, *, actor: Any) -> None:
    """Sites that use its prices keep them."""
    audit.record(
        "tariff:template-deleted", company=template.company, actor=actor, text=template.name
    )
    template.delete()


# ------------------------------------------------------------------ what a battery change did


@dataclass(frozen=True)
class Reset:
    """The tariff changed with the battery: the version since then, and the one before."""

    version: Version
    former: Version
    rows: list[dict[str, str | None]]
    at: datetime

    @property
    def is_restorable(self) -> bool:
        return not snapshots.why_not_restorable(self.former)


def reset_of(snapshot: Snapshot | None) -> Reset | None:
    """Did a change of the battery take the tariff along? None once somebody has settled it."""
    if snapshot is None:
        return None
    version = snapshot.versions.select_related("operation", "snapshot").order_by("-pk").first()
    if version is None or version.settled_at is not None or version.operation is None:
        return None
    former = snapshots.before_of(version)
    if version.operation.kind not in BATTERY_WRITES or former is None:
        return None
    version.snapshot = former.snapshot = snapshot
    rows = snapshots.differences(former.facts, version.facts)
    return Reset(version, former, rows, version.valid_from)


def keep_reset(reset: Reset, *, actor: Any) -> None:
    """Somebody has looked at it and leaves the tariff as the battery change made it."""
    version = reset.version
    Version.objects.filter(pk=version.pk, settled_at=None).update(
        settled_at=timezone.now(), settled_by=actor
    )
    site = version.snapshot.activation
    audit.record(
        "tariff:reset-kept",
        company=site.company,
        activation=site,
        actor=actor,
        text="The tariff that came with the battery change stays",
    )
