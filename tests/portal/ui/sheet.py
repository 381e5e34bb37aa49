"""The component sheet: every partial of templates/ui/ with a sample of what it needs.

It is no page of the portal. Tests render it; the browser gets it with the portal's own style
sheet, script and policy.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template import engines
from django.template.loader import render_to_string
from django.test import RequestFactory

from enphase import statuses
from portal.ui.forms import Affixed, ChoiceCards, Switch

HERE = Path(__file__).parent
PARTIALS = Path(settings.BASE_DIR) / "templates" / "ui"
# Whole pages and what stands in <head>; their views and every other page show them.
NOT_COMPONENTS = {
    "appearance",
    "error_page",
    "head",
    "menu",
    "nav",
    "goto",
    "nav_groups",
    "nav_settings",
    "sandbox_bar",
    "settings_tabs",
    "shortcuts",
    "sign_out",
    "statuses",
    "switcher",
    "tab_bar",
    "tab_links",
    "global_search",
    "messages",
    "mark",
    "stage_steps",
}


class SampleForm(forms.Form):
    name = forms.CharField(help_text="As the home owner calls it")
    note = forms.CharField(required=False, widget=forms.Textarea)
    gateway = forms.CharField(label="Gateway serial number", help_text="12 digits, on the label")
    grid = forms.ChoiceField(
        label="Grid connection type",
        choices=[("", "Choose one"), ("1", "Net Billing Tariff (NEM 3.0)")],
    )
    size = forms.DecimalField(widget=Affixed(suffix="kWp"), required=False)
    kind = forms.ChoiceField(
        choices=[("residential", "Residential"), ("commercial", "Commercial")],
        widget=ChoiceCards(hints={"residential": "A home"}),
    )
    mode = forms.ChoiceField(choices=[("on", "On"), ("off", "Off")], widget=forms.RadioSelect)
    days = forms.MultipleChoiceField(
        choices=[("mon", "Monday"), ("tue", "Tuesday")], widget=forms.CheckboxSelectMultiple
    )
    safe = forms.BooleanField(label="Nobody is working on the roof")
    reports = forms.BooleanField(label="E-mail reports", required=False, widget=Switch)
    visit = forms.SplitDateTimeField(required=False, label="Visit")
    plan = forms.FileField(required=False)
    key = forms.CharField(widget=forms.HiddenInput, required=False)


def sample_operation(**fields: Any) -> SimpleNamespace:
    return SimpleNamespace(
        **{
            "code": "7F3K2M",
            "title": "Turn production on",
            "state": "confirming",
            "message": "Takes about 2 minutes.",
            "progress": {"done": 18, "total": 24, "unit": "producing"},
            "is_busy": True,
            **fields,
        }
    )


def samples() -> dict[str, dict[str, Any]]:
    """Partial -> context. A partial without a sample fails test_every_component_has_a_sample."""
    now = datetime.now(UTC)
    empty_form = SampleForm({"gateway": "20231407"})
    actions = [
        {"label": "Add array", "url": "#add", "icon": "plus", "primary": True},
        {"label": "Copy a layout", "url": "#copy"},
    ]
    tasks = [
        {"key": "address", "title": "Address", "text": "12 Main St", "state": "done", "url": "#a"},
        {
            "key": "owner",
            "title": "Owner access",
            "state": "waiting",
            "url": "#o",
            "label": "Owner",
        },
        {"key": "micro", "title": "Inverters", "state": "bad", "url": "#m", "label": "2 missing"},
        {"key": "meters", "title": "Meters", "state": "busy", "url": "#t"},
        {"key": "arrays", "title": "Arrays", "state": "act", "url": "#r"},
        {"key": "tariff", "title": "Tariff", "state": "todo", "url": "#f"},
        {"key": "pto", "title": "Permission to operate", "text": "Stage 3 first", "state": "wait"},
    ]
    views = [
        {"label": "My open", "url": "#my", "count": 63, "is_on": True},
        {"label": "Needs attention", "url": "#need", "count": 9, "warn": True},
        {"label": "All", "url": "#all"},
    ]
    chips = [{"label": "Stage 1–4", "url": "#s", "on": True}, {"label": "Status", "url": "#t"}]
    changes = [
        {"field": "Production mode", "before": "Off", "after": "On"},
        {"field": "Reference", "before": None, "after": "HAL-26-0917"},
    ]
    return {
        "page_head": {
            "title": "Okafor residence",
            "status": "micro",
            "meta": ["HAL-26-0917", "ID 4718203"],
            "synced_at": now - timedelta(minutes=1),
            "actions": [*actions, {"label": "Send for review", "disabled": True}],
        },
        "status_pill": {"status": "Envoy Not Reporting"},
        "stage_rail": {"stage": 3},
        "stage_stepper": {},
        "stage_funnel": {
            "stages": [
                {"number": 1, "name": "Started", "count": 12, "url": "#1", "is_on": True},
                {"number": 2, "name": "Connecting", "count": 9, "url": "#2", "note": "oldest 11 d"},
            ]
        },
        "task_list": {
            "groups": [{"key": "g", "title": "Site", "done": 1, "total": 7, "tasks": tasks}],
            "finished": 1,
        },
        "task_row": {"task": tasks[0] | {"key": "alone"}},
        "next_step": {"label": "Place 6 microinverters", "url": "#place"},
        "callout": {
            "tone": "warn",
            "title": "2 things stop you",
            "links": [{"label": "Add a tariff", "url": "#tariff"}],
        },
        "error_summary": {"form": empty_form},
        "saved_views": {"views": views},
        "tabs": {"tabs": views, "label": "Okafor residence"},
        "subtabs": {"subtabs": views, "label": "Grid and modes"},
        "chip": {"label": "Stage 2", "url": "#chip", "on": True},
        "filter_bar": {"q": "Okafor", "chips": chips, "target": "#list"},
        "data_table": {
            "columns": [
                {"label": "System", "sort_url": "#sort", "sort": "ascending"},
                {"label": "Updated", "end": True},
            ],
            "rows": ["Okafor residence", "Lindqvist barn"],
            "row_template": engines["django"].from_string(
                '<tr role="row"><td role="cell"><a class="title" href="#">{{ row }}</a></td>'
                '<td role="cell" class="end">3 min</td></tr>'
            ),
            "caption": "Activations, 2 of 63",
            "shown": 2,
            "total": 63,
            "more_url": "?after=2",
        },
        "pagination": {"shown": 14, "total": 63},
        "diff_table": {"rows": changes, "caption": "What changes"},
        "operation_progress": {"operation": sample_operation(), "progress_url": "/operations/1/"},
        "operation_toast": {"operation": sample_operation(), "url": "/operations/1/"},
        "confirm": {
            "question": "Turn production on?",
            "consequence": "24 microinverters start to export within about 5 minutes.",
            "button": "Turn production on",
            "cancel": "Keep it off",
            "cancel_url": "#cancel",
            "cost_tag": "1 hit",
            "diff": changes,
        },
        "timeline": {
            "events": [
                {"tone": "ok", "icon": "ok", "title": "Created", "text": "$2.00", "at": now},
                {"icon": "user", "title": "Maya asked", "at": now - timedelta(days=40)},
            ],
            "more_url": "?older=1",
        },
        "kv": {
            "title": "Summary",
            "key": "summary",
            "change_url": "#change",
            "pairs": [{"label": "Owner", "value": "Ada Okafor"}, {"label": "Host", "value": ""}],
        },
        "cost_tag": {"amount": "$2.00"},
        "freshness": {"when": now - timedelta(hours=3)},
        "serial": {"number": "202314071152", "match": "1152"},
        "empty_state": {"title": "No arrays yet", "text": "Add the first.", "actions": actions},
        "action_bar": {"label": "Place 6", "url": "#place", "extras": []},
        "save_bar": {"button": "Save tariff", "text": "3 prices changed.", "cancel_url": "#keep"},
        "skeleton": {"url": "/operations/1/card/", "id": "lazy"},
        "back": {"url": "/activations/", "label": "Activations"},
    }


def request_of(role: str = "admin", path: str = "/components/") -> HttpRequest:
    """A request as the middleware leaves it, of a person with that role."""
    request = RequestFactory().get(path)
    company = SimpleNamespace(pk=1, name="Halcyon Solar")
    request.user = AnonymousUser()
    request.access = SimpleNamespace(  # type: ignore[attr-defined]
        role=role, company=company, companies=[company], branch=None
    )
    return request


def render_partial(name: str, context: dict[str, Any]) -> str:
    if name == "stage_stepper":
        template = engines["django"].from_string("{% stage_stepper 3 notes %}")
        return str(template.render({"notes": {3: "2 of 4 checks"}}, request_of()))
    return render_to_string(f"ui/{name}.html", context, request_of())


def render_sheet(theme: str = "auto") -> str:
    """All of it on one page, within base.html."""
    request = request_of()
    request.COOKIES["theme"] = theme
    # The sheet itself has the only <h1>.
    parts = {
        name: render_partial(name, context).replace("<h1", "<h2").replace("</h1", "</h2")
        for name, context in samples().items()
        if name not in {"back", "action_bar"}
    }
    parts["task_row"] = f"<ul>{parts['task_row']}</ul>"
    return str(
        engines["django"]
        .from_string((HERE / "sheet.html").read_text())
        .render(
            {
                "parts": parts,
                "form": SampleForm({"gateway": "20231407"}),
                "statuses": statuses.TEXTS,
            },
            request,
        )
    )
