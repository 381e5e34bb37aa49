"""Importing a file: upload, name the columns, see what every row would do, then the run."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from activations.imports import files, services
from activations.imports.forms import ColumnsForm, UploadForm
from activations.imports.models import Upload
from portal.operations import audit
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest

UPLOADS_SHOWN = 20
SAMPLE = 5


def _company(request: PortalRequest) -> Any:
    company = request.access.company
    if company is None:
        raise Http404("No company is chosen.")
    request.access.require_installer(company.pk)
    return company


def _find(request: PortalRequest, pk: int) -> Upload:
    rows = Upload.objects.for_user(request.user).select_related("company", "branch", "run")
    found: Upload = get_object_or_404(rows, pk=pk)
    request.access.require_installer(found.company_id)
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def imports(request: PortalRequest) -> HttpResponse:
    """Files so far, templates, and the form for another one."""
    company = _company(request)
    posted = request.method == "POST"
    form = UploadForm(
        request.POST if posted else None,
        request.FILES if posted else None,
        initial={"kind": request.GET.get("kind", "activations")},
    )
    if posted and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            if file.size > files.MAX_BYTES:
                raise files.Unreadable("The file is larger than 5 MB. Split it.")
            upload = services.upload(
                company,
                request.access.branch,
                kind=form.cleaned_data["kind"],
                name=file.name,
                content=file.read(),
                actor=request.user,
            )
        except Refused as refusal:
            form.add_error("file", str(refusal))
        else:
            return redirect("imports:columns", upload.pk)
    uploads = (
        Upload.objects.for_user(request.user)
        .filter(company=company)
        .defer("rows", "header")
        .select_related("run", "author")[:UPLOADS_SHOWN]
    )
    context = {"company": company, "form": form, "uploads": uploads}
    return render(request, "imports/list.html", context, status=422 if form.errors else 200)


@require_safe
def template(request: PortalRequest, kind: str, file_type: str) -> HttpResponse:
    """A table with the right columns and one row that shows what goes where."""
    _company(request)
    if kind not in Upload.Kind.values or file_type not in files.TYPES:
        raise Http404("No such template.")
    return _file(services.template(kind, file_type), file_type, kind)


@require_http_methods(["GET", "HEAD", "POST"])
def columns(request: PortalRequest, pk: int) -> HttpResponse:
    """Which column means what. POST checks every row; nothing is sent."""
    upload = _find(request, pk)
    form = ColumnsForm(request.POST if request.method == "POST" else None, upload=upload)
    if request.method == "POST" and form.is_valid():
        try:
            services.check_later(upload, form.chosen())
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("imports:upload", pk)
    context = {
        "upload": upload,
        "form": form,
        "sample": upload.rows[:SAMPLE],
    }
    return render(request, "imports/columns.html", context, status=422 if form.errors else 200)


@require_safe
def detail(request: PortalRequest, pk: int) -> HttpResponse:
    """How the check goes; once it is over, what came of each row stands on the run's page."""
    upload = _find(request, pk)
    if upload.state == Upload.State.MAPPING:
        return redirect("imports:columns", pk)
    problems = services.not_taken(upload)
    context = {
        "upload": upload,
        "problems": problems[:50],
        "problem_count": len(problems),
        "may_forget": services.may_forget(upload),
    }
    if request.htmx:
        return render(request, "imports/_progress.html", context)
    return render(request, "imports/detail.html", context)


@require_POST
def forget(request: PortalRequest, pk: int) -> HttpResponse:
    """Delete a file before the 90 days that it is kept are over."""
    upload = _find(request, pk)
    try:
        services.forget(upload, actor=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("imports:upload", pk)
    messages.success(request, f"{upload.name} is deleted. What was imported from it stays.")
    return redirect("imports:list")


@require_safe
def errors(request: PortalRequest, pk: int, file_type: str) -> HttpResponse:
    """The rows that were not taken, as typed, with what is wrong: to be mended and uploaded."""
    upload = _find(request, pk)
    if file_type not in files.TYPES:
        raise Http404("No such kind of file.")
    if not services.not_taken(upload):
        raise Http404("Every row was taken.")
    audit.record(
        "import:errors-exported",
        company=upload.company,
        actor=request.user,
        text=upload.get_kind_display(),
        data={"upload": upload.pk},
    )
    return _file(services.error_file(upload, file_type), file_type, "errors")


def _file(content: bytes, file_type: str, name: str) -> HttpResponse:
    return HttpResponse(
        content,
        content_type=files.TYPES[file_type],
        headers={"Content-Disposition": f'attachment; filename="ridgeline-{name}.{file_type}"'},
    )
