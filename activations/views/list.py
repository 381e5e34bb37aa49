"""The list of sites: views, filters, search, pages of 50, export, refresh."""

import json
from functools import lru_cache
from html import escape
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from activations import export as csv_export
from activations import rows as listing
from activations import search, sync, tally, tasks
from activations.filters import FACETS, VIEWS, Filters, stage_links
from activations.models import ActivationQuerySet
from companies.access import MAY_CHANGE
from enphase import statuses
from portal.connections.models import Account
from portal.operations import audit
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest

PAGE = 50


@require_safe
def activation_list(request: PortalRequest) -> HttpResponse:
    """Newest change first. Reads our tables only: viewing costs no hits.

    Four queries with session and person: the counters, which carry the probe of a search, and
    the rows. htmx gets the results alone, or the next rows when it asks for more.
    """
    filters = Filters.read(request.GET)
    counters, rows = _select(request, filters)
    values = list(listing.fetch(filters.page(rows))[: PAGE + 1])
    company = request.access.company
    may_change = bool(company and request.access.role_in(company.pk) in MAY_CHANGE)
    context: dict[str, Any] = {
        "rows": listing.render(values[:PAGE], tick=may_change),
        "may_change": may_change,
    }
    if len(values) > PAGE:
        last = listing.Row(*values[PAGE - 1])
        context["more"] = filters.changed(after=(last.updated_at, last.id)).query()
    if request.htmx and filters.after:
        return render(request, "activations/_rows.html", context)

    context |= {
        "filters": filters,
        "counters": counters,
        "views": _views(filters, counters),
        "stages": _stages(filters, counters),
        "chips": filters.chips(),
        "selects": _selects(counters.facets, *(getattr(filters, name) for name in FACETS)),
        "summary": _summary(filters, counters, len(values)),
        "clear": filters.without("stages", "q", *FACETS).changed(view=filters.view).query(),
        "may_create": may_change,
        "all_query": "?all=1" + filters.changed().query().replace("?", "&"),
        "all_count": f"{counters.count(filters.view, filters.stages):,} "
        if filters.is_counted
        else "",
        "export_url": reverse("activations:export") + filters.changed().query(),
        "refresh_url": reverse("activations:refresh") + filters.changed().query(),
    }
    if not values and not filters.is_narrowed and not counters.count("all"):
        context["connected"] = Account.objects.filter(company=company).exists()
    fragment = request.htmx and not request.htmx.boosted
    name = "activations/_list_results.html" if fragment else "activations/list.html"
    response = render(request, name, context | {"oob": fragment})
    if fragment:
        # The form sends its empty fields too; the address bar need not have them.
        response["HX-Push-Url"] = request.path + filters.query()
    return response


@require_safe
def export(request: PortalRequest) -> StreamingHttpResponse:
    """All rows of the current filters as CSV, sent while it is read."""
    filters = Filters.read(request.GET).changed()
    _, rows = _select(request, filters)
    company = request.access.company
    if company is not None:
        audit.record(
            "activation:exported",
            company=company,
            actor=request.user,
            text="List exported",
            data={"filters": filters.query()},
        )
    response = StreamingHttpResponse(csv_export.lines(rows), content_type="text/csv; charset=utf-8")
    name = f"activations-{timezone.localdate():%Y-%m-%d}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_POST
def refresh(request: PortalRequest) -> HttpResponse:
    """Ask for a sweep now; a worker does it. Costs one hit a page of 1,000 sites."""
    company = request.access.company
    if company is None:
        raise Http404
    request.access.require_installer(company.pk)
    try:
        sentence = sync.want_sweep(company, ring=tasks.ring)
    except Refused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, sentence)
    return redirect(reverse("activations:list") + Filters.read(request.GET).query())


def _select(request: PortalRequest, filters: Filters) -> tuple[tally.Counters, ActivationQuerySet]:
    """The counters, and the rows of the filters with the search applied in the faster way."""
    user, company = request.user, request.access.company
    rows = filters.rows(user, company)
    words = filters.words
    probes = bool(words) and search.is_indexed(words) and not search.is_small(company)
    counters = tally.read(user, company, search.probe(words) if probes else None)
    if company is not None:
        search.remember_size(company, counters.count("all"))
    if counters.is_probed and counters.matches != search.MANY:
        ids = [int(pk) for pk in (counters.matches or "").split(",") if pk]
        return counters, search.among(rows, ids, words)
    return counters, search.in_order(rows, words, small=search.is_small(company))


def _views(filters: Filters, counters: tally.Counters) -> SafeString:
    """The tabs. Written here like the rows: a template takes ten times as long."""
    links = []
    for view, label in VIEWS.items():
        # Words and facets stay; a stage belongs to the view it was chosen in.
        url = escape("?" + filters.without("stages").changed(view=view).query().removeprefix("?"))
        number = counters.count(view)
        current = ' aria-current="page"' if view == filters.view else ""
        warn = " n--warn" if view == "attention" and number else ""
        links.append(
            f'<a href="{url}"{current}>{label} <span class="n{warn}">{number:,}</span></a>'
        )
    return SafeString("".join(links))


def _stages(filters: Filters, counters: tally.Counters) -> SafeString:
    """The funnel. Counts are those of the view; the notes say what of it wants somebody."""
    view = "all" if filters.view == "open" else filters.view
    links = []
    for number, name, target, is_on in stage_links(filters):
        note = ""
        waiting = counters.count("pto", [number])
        attention = counters.count("attention", [number])
        if number == 4 and waiting:
            note = f" <small>{waiting:,} wait for PTO</small>"
        elif number in (2, 3) and attention:
            note = f" <small>{attention:,} need you</small>"
        url = escape("?" + target.query().removeprefix("?"))
        current = ' aria-current="true"' if is_on else ""
        links.append(
            f'<a href="{url}"{current}><b>{counters.count(view, [number]):,}</b>'
            f"<span>{number} {name}{note}</span></a>"
        )
    return SafeString("".join(links))


@lru_cache(maxsize=256)
def _selects(facets: str, *chosen: str) -> SafeString:
    """The filters with the values that occur in the company; support writes them by hand.

    Remembered, because it is the same for every page until a site with a new value appears.
    """
    known = json.loads(facets or "{}")
    selects = []
    for (name, (_column, label)), value in zip(FACETS.items(), chosen, strict=True):
        values = set(known.get(name, []))
        if name == "status" and not values:
            values = set(statuses.TEXTS)
        options = sorted(values | {value} - {""}) if values else []
        selects.append(
            {
                "name": name,
                "label": label,
                "value": value,
                "options": [(option, _label(name, option)) for option in options],
            }
        )
    return SafeString(render_to_string("activations/_filters_fields.html", {"selects": selects}))


def _label(name: str, value: str) -> str:
    if name == "status":
        return statuses.text_of(value)
    return value.capitalize() if name == "type" else value


def _summary(filters: Filters, counters: tally.Counters, found: int) -> str:
    """How many there are, as far as it is known without counting."""
    if filters.is_counted:
        total = counters.count(filters.view, filters.stages)
        return f"{total:,} {'activation' if total == 1 else 'activations'}"
    if found > PAGE or filters.after:
        return f"More than {PAGE} activations"
    return f"{found} {'activation' if found == 1 else 'activations'}"
