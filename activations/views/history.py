"""Who changed what on a site, before and after."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from activations import values
from activations.views.detail import events_of
from activations.views.sites import find_site, site_context
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
        "rows": [{"event": event, "changes": _changes(event.data)} for event in rows[:PAGE]],
        "more_before": rows[PAGE - 1].pk if len(rows) > PAGE else None,
    }
    return render(request, "activations/history.html", context)


def _changes(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Rows for the before/after table, when the event kept both."""
    before, after = data.get("before"), data.get("after")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return []
    fields = list(dict.fromkeys([*before, *after]))
    return [
        {
            "field": values.LABELS.get(name, name.capitalize()),
            "before": before.get(name),
            "after": after.get(name),
        }
        for name in fields
    ]
