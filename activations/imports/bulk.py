"""What the rows of a file become: one operation each, queued by the run."""

import uuid
from typing import Any

from django.urls import reverse

from activations import drafts, services
from activations.imports.models import Upload
from activations.models import Activation, Draft
from companies.homeowners import services as homeowners
from portal.operations.models import Operation, RunItem
from portal.operations.runs.registry import Cannot, Look, Value, bulk_action
from portal.ui.errors import Refused


def _no_form(*args: Any, **kwargs: Any) -> Any:
    raise Refused("An import begins with a file.")


def _look(company: Any, value: Value) -> Look:
    """Rows are looked at when their file is checked (activations.imports.checking)."""
    return lambda site: Cannot("An import begins with a file.")


def _file(value: Value) -> str:
    """The page of the file, with its rows to put right; "" once it was deleted."""
    pk: int = value["upload"]
    return reverse("imports:upload", args=[pk]) if Upload.objects.filter(pk=pk).exists() else ""


import_activations = bulk_action(
    "import-activations",
    label="Import activations",
    icon="upload",
    write="activation.create",
    # Address, gateway and owner are looked up before the one write.
    hits=4,
    form=_no_form,
    describe=lambda value: "Import activations",
    careful=lambda value: True,
    no_undo="Activations are deleted one by one: Enphase pays nothing back.",
    fix=("Correct the row and upload the file of errors", "activations:detail"),
    listed=False,
    origin=_file,
)(_look)

import_home_owners = bulk_action(
    "import-home-owners",
    label="Import home owners",
    icon="upload",
    write="home_owner.create",
    hits=2,
    form=_no_form,
    describe=lambda value: "Import home owners",
    careful=lambda value: True,
    no_undo="Enphase offers no way to delete a person.",
    fix=("Correct the row and upload the file of errors", "activations:detail"),
    listed=False,
    origin=_file,
)(_look)

ACTIONS = {
    Upload.Kind.ACTIVATIONS.value: import_activations,
    Upload.Kind.HOME_OWNERS.value: import_home_owners,
}


@import_activations.queue
def _queue_activation(item: RunItem, value: Value, actor: Any) -> Operation:
    """One paid create, by the wizard's own way: a draft, checked again, then queued once."""
    run = item.run
    key = uuid.uuid5(run.token, f"draft:{item.number}:{item.tries}")
    draft, _ = Draft.objects.get_or_create(
        uuid=key,
        company=run.company,
        defaults={"author": actor, "branch": run.branch, "data": value["steps"]},
    )
    if draft.operation is not None:
        return draft.operation
    if run.branch is None and (chosen := value["steps"].get("site", {}).get("branch")):
        draft.branch_id = chosen
        draft.save(update_fields=["branch", "changed_at"])
    if points := drafts.open_points(draft):
        raise Refused(" ".join(text for texts in points.values() for text in texts)[:500])
    system = drafts.system_of(draft)
    project = value["steps"].get("site", {}).get("project") or ""
    if copies := services.copies_here(system, run.company, project):
        raise Refused(f"{copies[0].why} exists already: {copies[0].name}. Nothing was sent.")
    return services.queue_create(
        draft,
        system=system,
        project=project,
        people=drafts.people_of(draft),
        names=drafts.names_of(system, run.company),
        reason="",
        actor=actor,
    )


@import_home_owners.queue
def _queue_home_owner(item: RunItem, value: Value, actor: Any) -> Operation:
    """A person, and access to a site when the row names one."""
    company = item.run.company
    person = (value["email"], value["first_name"], value["last_name"], value["phone"])
    if value.get("site") is None:
        return homeowners.queue_home_owner(
            company, *person, actor, email_reports=value["email_reports"]
        )
    sites = Activation.objects.for_user(actor).filter(company=company, pk=value["site"])
    site = sites.filter(gone_at=None).first()
    if site is None:
        raise Refused("This site is not at Enphase any more, or out of sight.")
    return homeowners.invite(
        site,
        email=value["email"],
        first_name=value["first_name"],
        last_name=value["last_name"],
        phone=value["phone"],
        email_reports=value["email_reports"],
        actor=actor,
        token=uuid.uuid5(item.run.token, f"invite:{item.number}:{item.tries}"),
    )
