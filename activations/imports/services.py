"""A file becomes an upload, its rows are checked, and the dry run becomes the preview of a run."""

import logging
import uuid
from typing import Any

from django.db import transaction
from django.utils import timezone

from activations.imports import bulk, checking, columns, files
from activations.imports.models import Upload
from companies.models import Company
from portal.operations import audit
from portal.operations.models import RunItem, describe_event
from portal.operations.runs import services as runs
from portal.ui.errors import Refused

log = logging.getLogger(__name__)

describe_event("import:uploaded", "File uploaded", "upload")
describe_event("import:forgotten", "File deleted", "trash", "off")
describe_event("import:errors-exported", "Rows with errors downloaded", "download")


def upload(
    company: Company, branch: Company | None, *, kind: str, name: str, content: bytes, actor: Any
) -> Upload:
    """Keep a file's rows. Raises files.Unreadable in words; then nothing is kept."""
    header, rows = files.read(content, name)
    with transaction.atomic():
        row = Upload.objects.create(
            company=company,
            branch=branch,
            kind=kind,
            name=name[:255],
            header=header,
            rows=rows,
            columns=columns.guess(kind, header),
            author=actor,
        )
        audit.record(
            "import:uploaded",
            company=company,
            actor=actor,
            text=f"{row.get_kind_display()}, {len(rows):,} rows",
            data={"upload": row.pk},
        )
    return row


def check_later(row: Upload, chosen: dict[str, int]) -> None:
    """Let a worker check the rows with these columns. Refused while it is being checked."""
    changed = Upload.objects.filter(pk=row.pk).exclude(state=Upload.State.CHECKING)
    if row.run is not None and not row.run.is_draft:
        raise Refused("This file is being imported. Upload it again to import more of it.")
    missing = [
        column.label
        for column in columns.columns_of(row.kind)
        if column.required and column.field not in chosen
    ]
    if missing:
        raise Refused(f"Choose the column of: {', '.join(missing)}.")
    if not changed.update(
        columns=chosen,
        state=Upload.State.CHECKING,
        checked=0,
        problem="",
        run=None,
        # What looks after checks that lost their worker goes by this.
        changed_at=timezone.now(),
    ):
        raise Refused("The rows are being checked already.")
    transaction.on_commit(lambda: _ring(row.pk))


def _ring(pk: int) -> None:
    from activations.imports.tasks import check_rows

    try:
        check_rows.apply_async(args=[pk], queue="bulk")
    except Exception as error:  # noqa: BLE001 - kombu raises what its transport raises
        log.warning("Check of upload %s not queued (%s)", pk, type(error).__name__)
        _fail(pk, "The check could not be queued. Try again in a minute.")


def _fail(pk: int, problem: str) -> None:
    Upload.objects.filter(pk=pk).update(state=Upload.State.FAILED, problem=problem[:300])


def check(pk: int) -> None:
    """Check every row, and keep the dry run as the preview of a run. Harmless to call twice."""
    row = Upload.objects.select_related("company", "branch", "author").filter(pk=pk).first()
    if row is None or row.state != Upload.State.CHECKING:
        return
    action = bulk.ACTIONS[row.kind]
    try:
        run = runs.preview(
            action,
            checking.looked(row),
            company=row.company,
            branch=row.branch,
            actor=row.author,
            value={"upload": row.pk},
            selection=f"{row.name}, {row.size:,} rows",
            # A worker that died on the way begins anew; the columns are part of what was asked.
            token=uuid.uuid5(uuid.NAMESPACE_OID, f"upload:{row.pk}:{sorted(row.columns.items())}"),
        )
    except Exception:
        _fail(pk, "The rows could not be checked. Tell whoever runs Ridgeline.")
        raise
    Upload.objects.filter(pk=pk).update(state=Upload.State.CHECKED, checked=row.size, run=run)


def not_taken(row: Upload) -> list[tuple[int, str, str]]:
    """Rows to be put right: number from 1, name, and what is wrong. Empty before the check."""
    if row.run is None:
        return []
    wrong = row.run.items.filter(state__in=(RunItem.State.CANNOT, RunItem.State.REFUSED))
    found = [(item.number, item.name, item.reason) for item in wrong]
    for item in runs.failed_items(row.run).select_related("operation"):
        if item.operation is not None:
            found.append((item.number, item.name, item.operation.message))
    return sorted(found)


def error_file(row: Upload, kind: str) -> bytes:
    """The rows to be put right as they were typed, with what is wrong in a column of its own."""
    width = len(row.header)
    rows = [
        [
            *(str(cell) for cell in row.rows[number - 1]),
            *[""] * (width - len(row.rows[number - 1])),
            why,
        ]
        for number, _name, why in not_taken(row)
        if number <= row.size
    ]
    return files.write(kind, [*map(str, row.header), "What is wrong"], rows)


def may_forget(row: Upload) -> bool:
    """Not while its rows are checked or imported: the rows with errors come from it."""
    goes_on = row.run is not None and row.run.is_going
    return row.state != Upload.State.CHECKING and not goes_on


def forget(row: Upload, *, actor: Any) -> None:
    """Delete a file and the people in it. What was made of it stays, and a run keeps its rows."""
    if not may_forget(row):
        raise Refused("The file is being checked or imported. Delete it when that is over.")
    audit.record(
        "import:forgotten", company=row.company, actor=actor, text=f"{row.get_kind_display()}"
    )
    row.delete()


def template(kind: str, file_type: str) -> bytes:
    """An empty table with the names of the columns, and one row that shows what goes where."""
    fields = columns.columns_of(kind)
    return files.write(
        file_type, [column.label for column in fields], [[column.example for column in fields]]
    )
