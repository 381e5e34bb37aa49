"""The array builder's pages. Nothing here asks Enphase; a review is queued and a worker sends it.

What every template of templates/arrays/ gets (builder.py makes it):

    site_context(request, activation, "arrays")   activation, may_change, tabs, ...
    sheet             our copies of `arrays` and `inverters`, for snapshots/_freshness.html; while
                      nothing is known the event snapshot-fresh is fired (wrap that part in #copy)
    known             has Enphase ever told us the layout? False: "Not read yet", no plan
    plan              layout.Plan as drafted, or as Enphase has it
    draft             models.LayoutDraft with unsent changes, or None
    revision          number that every POST to `arrays:act` sends back as `revision`
    changes           how many unsaved changes (0 without a draft)
    undo, redo        what would be undone or done again in words ("Place 7259"), "" for nothing
    selected_array    layout.RoofArray or None
    selected_cell     "R2C7" or ""
    selected_serial   what is in that cell, ""
    next_cell         the cell that "place and go on" leads to in this array, "" for none
    next_spot         the same as layout.Spot, may be in another array, or None
    view              "plan" or "table"
    list              "toplace", "placed" or "missing"
    zoom              "array" when the chosen array is drawn alone, else ""
    picture           plan.Picture of the roof, view "plan"
    picture_of_one    plan.Picture of the chosen array for phones, if the roof has several
    drawn             names what the page shows, sent back by its script as the header X-Drawn
    shown             builder.Shown, when that is drawn already: then there is no picture, and
    changed_cells     only the modules that changed; what stays is an empty element of the same id
                      with data-same
    rows, more_rows   the serials to place that are listed, and how many are not
    lists             {"toplace": [Serial], "placed": [Serial], "missing": [Serial]}, see
                      inventory.Serial: number, spot (layout.Spot or None), source in words,
                      end (last four), bars (0-5 or None: signal of its gateway), signal in words,
                      is_detected (None: cannot tell), is_known_to_enphase,
                      elsewhere (another site it is placed on, or None: .site_id, .site_name,
                      .is_draft)
    by_number         {serial: inventory.Serial} of all of them, for the state of a cell
    counts            {"cells", "placed", "empty", "toplace", "missing" (None: cannot tell),
                      "duplicates"}
    gateways          [(serial, text)] to choose from
    notices           [{"tone": "info|ok|warn|bad", "text", "url", "link"}] about this answer
    points            sentences on what must be settled before the plan can be sent
    outdated          sentence when Enphase's copy is newer than the one the draft began with, ""
    running           Operation of this layout that is open, or None: then nothing can be changed
    last              the newest settled Operation of this layout, or None; last.result may have
                      "rearranged": [sentences on what Enphase moved]
    why_not           why nothing can be changed although may_change, "" when it can
    may_edit          may_change, and nothing stands in the way
    act_url           address of `arrays:act`
    here              this page's query without the leading "?": array, cell, view, list
    preview           None, or what a fill would do: {"array", "cell", "places": {cell: serial},
                      "text"}
    typed             what was typed and refused, by field name: nothing typed is lost
    errors            sentences of a refused action (answered with 422, 409 for an old revision)
    cell_errors       {"R2C7": sentence} of a refused table
    may_move          {"serial", "from": Spot} when the serial is placed elsewhere already: the
                      same form with `move=1` moves it
    forms             {"add": AddForm, "array": ArrayForm of the selected array or None,
                      "position": PositionForm or None}

`arrays/plan.html` is the page, `arrays/_builder.html` (root id="builder") what htmx gets: all of
the above, of site_context only activation and may_change.

`arrays:act` takes POST with `action`, `revision`, and by action:

    add           label rows columns orientation azimuth tilt gateway       (forms.add)
    change        array, the same fields                                    (forms.array)
    move          array, step=left|right|up|down (one module), or x, y      (forms.position)
    duplicate     array
    delete        array                       (arrays:array-delete asks first)
    place         array, cell, serial (typed or chosen; `typed` wins over `serial`), move=1
    place_next    the same, then the next empty cell is selected
    clear         array, cell
    fill_preview  array, cell                 shows what `fill` would do, changes nothing
    fill          array, cell
    paste         array, cell, text           serials go into the cells from this one on
    table         array, one field a cell: cell-R1C1=serial ("" clears it)
    scan          text                        serials go onto the list "to place"
    unscan        serial
    undo, redo, discard
    rebase        keep the draft and take Enphase's newer copy as its beginning

and answers with `_builder.html` to htmx (array and cell selected as after the action), else with
a redirect to the plan; refused: 422 (or 409) and the fragment or the page, with `errors`. It also
takes `view` and `list`, to come back to them.

Other pages, beside the common context:

    array.html    (arrays:array, GET and POST of the fields)  array, form, position
    delete.html   (arrays:array-delete)  array, placed [(cell, serial)]; posts to the same address
    review.html   (arrays:review)   rows (for ui/diff_table.html), warnings [notices], token, hits,
                  is_ready, request_kind "all|one|delete|" (how it is sent), operation_count
    import.html   (arrays:import)   form, outcome: None or csvmap.Outcome (rows, errors
                  [(line, sentence)], said [sentences], cells, placed, text to carry along in a
                  hidden field, is_ready). POST do=check shows it, do=take takes it in
    scan.html     (arrays:scan)     form (text), scanned [Serial], back_url; posts to itself, so
                  that it stays on the page
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from activations.arrays import builder, csvmap, differences, drafts, inventory, services, turns
from activations.arrays import plan as pictures
from activations.arrays.actions import CellErrors, PlacedElsewhere
from activations.arrays.builder import Choice, Desk, Shown, sit_down
from activations.arrays.drafts import Outdated, StillSending
from activations.arrays.forms import ImportForm, ScanForm
from activations.views.sites import find_site, find_site_to_change
from portal.ui.csp import PERMISSIONS
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest, form_token, page_or_fragment

LEVELS = {
    "ok": messages.SUCCESS,
    "warn": messages.WARNING,
    "bad": messages.ERROR,
    "info": messages.INFO,
}


@require_safe
def plan(request: PortalRequest, pk: int) -> HttpResponse:
    """The roof plan or its table, and what is to be placed. Causes no hit."""
    desk = sit_down(request, find_site(request, pk), Choice.of(request.GET))
    return _page(desk, builder.shown(desk))


def _page(desk: Desk, shown: Shown | None, status: int = 200) -> HttpResponse:
    is_fragment = desk.request.htmx and not desk.request.htmx.boosted
    context = builder.context(desk, framed=not is_fragment)
    if context["view"] == "plan" and context["known"]:
        array = context["selected_array"]
        changed = shown.changed(desk.board.plan) if shown else None
        context["shown"] = shown if changed is not None and context["drawn"] else None
    if context.get("shown") is not None:
        context["changed_cells"] = pictures.cells(context, changed or {})
    elif context["view"] == "plan" and context["known"]:
        alone = context["zoom"] == "array" and array is not None
        context["picture"] = pictures.draw(context, only=array if alone else None)
        # On a phone only the chosen array is drawn, so that a cell is as wide as a thumb.
        if not alone and len(desk.board.plan.arrays) > 1:
            context["picture_of_one"] = pictures.draw(context, only=array, named=False)
    return page_or_fragment(
        desk.request,
        page="arrays/plan.html",
        fragment="arrays/_builder.html",
        context=context,
        status=status,
    )


@require_POST
def act(request: PortalRequest, pk: int) -> HttpResponse:
    """One thing done to the plan: see the list above. Nothing is sent to Enphase."""
    desk = sit_down(request, find_site_to_change(request, pk), Choice.of(request.POST))
    shown = builder.shown(desk)
    status = _take(desk, request.POST.get("action", ""))
    if status != 200 or desk.preview is not None:
        # Another one may have drawn meanwhile.
        return _page(desk, None if status == 409 else shown, status)
    if not request.htmx:
        return _back(desk)
    response = _page(desk, shown)
    # The address tells what is chosen, so that reloading comes back here.
    response["HX-Replace-Url"] = desk.choice.url(desk.activation)
    return response


def _take(desk: Desk, action: str) -> int:
    return _try(desk, lambda: turns.take(desk, action))


def _try(desk: Desk, turn: Callable[[], None]) -> int:
    """Do it; the status to answer with, and what was refused in the desk."""
    try:
        turn()
    except (Outdated, StillSending) as refusal:
        status = 409
        desk.errors = [str(refusal)]
        desk.board = drafts.load(desk.activation, desk.board.copy)
    except PlacedElsewhere as refusal:
        status = 422
        desk.errors = [str(refusal)]
        desk.may_move = {"serial": refusal.serial, "from": refusal.spot}
    except CellErrors as refusal:
        status = 422
        desk.errors, desk.cell_errors = [str(refusal)], refusal.by_cell
    except Refused as refusal:
        status = 422
        desk.errors = [str(refusal)]
    else:
        return 200
    desk.typed = {name: str(value) for name, value in desk.request.POST.items()}
    desk.typed.pop("csrfmiddlewaretoken", None)
    return status


def _back(desk: Desk) -> HttpResponse:
    """To the plan, with what is to be said there."""
    _leave_notices(desk)
    return redirect(desk.choice.url(desk.activation))


def _leave_notices(desk: Desk) -> None:
    for notice in desk.notices:
        messages.add_message(desk.request, LEVELS[notice["tone"]], notice["text"])


@require_http_methods(["GET", "HEAD", "POST"])
def array(request: PortalRequest, pk: int, ref: str) -> HttpResponse:
    """The fields of one array on a page of their own."""
    desk = sit_down(request, find_site(request, pk), replace(Choice(), array=ref))
    found = _find(desk, ref)
    status = 200
    if request.method == "POST":
        request.access.require_installer(desk.activation.company_id)
        status = _take(desk, "move" if "x" in request.POST or "step" in request.POST else "change")
        if status == 200:
            return _back(desk)
    context = builder.context(desk)
    context |= {
        "array": found,
        "form": context["forms"]["array"],
        "position": context["forms"]["position"],
    }
    return render(request, "arrays/array.html", context, status=status)


def _find(desk: Desk, ref: str) -> Any:
    found = desk.board.plan.get(ref)
    if found is None:
        raise Http404("No such array.")
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: PortalRequest, pk: int, ref: str) -> HttpResponse:
    """The question before an array leaves the plan, and its leaving. Enphase is told on review."""
    activation = find_site_to_change(request, pk)
    desk = sit_down(request, activation, replace(Choice(), array=ref))
    found = _find(desk, ref)
    status = 200
    if request.method == "POST":
        status = _take(desk, "delete")
        if status == 200:
            return _back(desk)
    context = builder.context(desk, array=found, placed=list(found.serials()))
    return render(request, "arrays/delete.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def review(request: PortalRequest, pk: int) -> HttpResponse:
    """What would change at Enphase, and the change itself: queued, sent by a worker."""
    activation = find_site_to_change(request, pk)
    desk = sit_down(request, activation, Choice.of(request.GET))
    status = 200
    token = form_token(request)
    if request.method == "POST":
        given = request.POST.get("revision", "")
        revision = int(given) if given.isdecimal() and len(given) < 10 else -1
        try:
            queued = services.queue_plan(
                desk.board, actor=request.user, revision=revision, token=token
            )
        except Refused as refusal:
            status = 409 if isinstance(refusal, (Outdated, StillSending)) else 422
            desk.errors = [str(refusal)]
        else:
            if len(queued) > 1:
                return redirect("arrays:plan", pk)
            return redirect("operations:detail", queued[0].pk)
    board = desk.board
    context = builder.context(desk)
    request_ = services.request_of(board)
    context |= {
        "rows": differences.rows(board.base, board.plan),
        "warnings": _warnings(desk, context),
        "token": token,
        "hits": request_.hits,
        "request_kind": request_.kind,
        "operation_count": len(request_.arrays) if request_.kind == "delete" else 1,
        "is_ready": context["may_edit"] and bool(request_.kind) and not context["points"],
    }
    return render(request, "arrays/review.html", context, status=status)


def _warnings(desk: Desk, context: dict[str, Any]) -> list[builder.Notice]:
    """What does not stop the plan from being sent, and may make Enphase refuse it."""
    by_number: dict[str, inventory.Serial] = context["by_number"]
    found: list[builder.Notice] = []
    placed = desk.board.plan.serials
    unknown = sorted(one for one in placed if not by_number[one].is_known_to_enphase)
    if unknown:
        names = differences.run(unknown[:8])
        more = f" and {len(unknown) - 8} more" if len(unknown) > 8 else ""
        text = (
            f"Enphase has not detected {len(unknown)} of these on this site and may refuse the "
            f"plan: {names}{more}."
        )
        found.append({"tone": "warn", "text": text, "url": "", "link": ""})
    for number in sorted(placed):
        if other := by_number[number].elsewhere:
            found.append(builder.elsewhere_notice(number, other))
    for note in desk.board.plan.notes:
        found.append({"tone": "info", "text": note, "url": "", "link": ""})
    return found


@require_http_methods(["GET", "HEAD", "POST"])
def scan(request: PortalRequest, pk: int) -> HttpResponse:
    """A page to scan with: camera, typing and paste put serials on the list to place."""
    desk = sit_down(request, find_site_to_change(request, pk), Choice.of(request.GET))
    form = ScanForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        if not form.is_valid():
            status = 422
        else:
            status = _take(desk, "scan")
            if status == 200 and not request.htmx:
                _leave_notices(desk)
                return redirect(request.get_full_path())
            for sentence in desk.errors:
                form.add_error("text", sentence)
        if status == 200:
            form = ScanForm()
    context = builder.context(desk)
    scanned = [context["by_number"][one] for one in reversed(desk.board.row.scanned)]
    context |= {"form": form, "scanned": scanned, "back_url": desk.choice.url(desk.activation)}
    response = render(request, "arrays/scan.html", context, status=status)
    # The only page that may ask for the camera, and only for itself.
    response["Permissions-Policy"] = PERMISSIONS.replace("camera=()", "camera=(self)")
    return response


@require_safe
def export_map(request: PortalRequest, pk: int) -> StreamingHttpResponse:
    """The plan as it is drawn now, as CSV."""
    desk = sit_down(request, find_site(request, pk), Choice())
    response = StreamingHttpResponse(
        csvmap.lines(desk.board.plan), content_type="text/csv; charset=utf-8"
    )
    name = f"arrays-{desk.activation.system_id}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def import_map(request: PortalRequest, pk: int) -> HttpResponse:
    """A CSV file is tried first; taking it in is one step that can be undone."""
    desk = sit_down(request, find_site_to_change(request, pk), Choice())
    form = ImportForm(request.POST or None, request.FILES or None)
    outcome, status = None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            outcome = csvmap.read(
                form.cleaned_data["text"],
                desk.board.plan,
                [serial for serial, _ in builder.gateways_of(desk.activation, desk.board.plan)],
            )
            status = 422 if outcome.errors else 200
        if outcome is not None and outcome.is_ready and request.POST.get("do") == "take":
            status = _try(desk, partial(turns.import_map, desk, outcome))
            if status == 200:
                return _back(desk)
    context = builder.context(desk, form=form, outcome=outcome)
    return render(request, "arrays/import.html", context, status=status)
