"""Who changed what on a site, before and after."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from activations import values
from activations.views.detail import events_of
from activations.views.sites import find_site, site_context
from portal.operations.models import AuditEvent
from portal.ui.http import PortalRequest

PAGE = 50


@require_safe
def history(request: PortalRequest, pk: int) -> HttpResponse:
    """The audit trail of the site, newest first, keyset by id."""
    activation = find_site(request, pk)
    events = events_of(request, activation)
    before = request.GET.get("before", "")
    if before.isdecimal() and len(before) < 19:
        events = events.filter(pk__lt=int(before))
    rows = list(events[: PAGE + 1])
    context = {
        **site_context(request, activation, "history"),
        "heading": "History",
        "rows": [_row(event) for event in rows[:PAGE]],
        "more_before": rows[PAGE - 1].pk if len(rows) > PAGE else None,
    }
    return render(request, "activations/history.html", context)


def _row(event: AuditEvent) -> dict[str, Any]:
    """An event with what it changed; a creation has nothing before it, so it is a plain list."""
    before, after = event.data.get("before"), event.data.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return {"event": event, "changes": [], "made": []}
    fields = list(dict.fromkeys([*before, *after]))
    if not before:
        made = [{"label": _label(name), "value": after[name]} for name in fields]
        return {"event": event, "changes": [], "made": made}
    changes = [
        {"field": _label(name), "before": before.get(name), "after": after.get(name)}
        for name in fields
    ]
    return {"event": event, "changes": changes, "made": []}


def _label(name: str) -> str:
    """Operations keep labels, other events the names of columns."""
    return values.LABELS.get(name, name[:1].upper() + name[1:].replace("_", " "))
