"""Battery and loads of a site: what they are set to, and changing it. Reading causes no hit."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.core import signing
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from activations.controls import rules, services
from activations.controls.forms import (
    ContactForm,
    ModeForm,
    SettingForm,
    SettingsForm,
    StormForm,
)
from activations.models import Activation
from activations.snapshots.models import Snapshot
from activations.snapshots.sheets import Sheet, sheet
from activations.views.sites import find_site, find_site_to_change, may_change, site_context
from enphase.records import DryContact
from portal.operations.models import Operation, State
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest, form_token

SALT = "activations.controls"
BASE_SECONDS = 24 * 3600
NEWS_LASTS = timedelta(days=1)
# One read to compare, one write, one read back; and what a change may have touched beside it:
# the tariff by the settings, the settings by the mode.
HITS = {"settings": 4, "mode": 4, "storm": 3, "contact": 3}
LOADS = [("load-control", "")]

Values = dict[str, Any]
Queue = Callable[..., Operation]


@dataclass
class Part:
    """One thing of the battery page: its copy, the form to change it, its last change."""

    key: str
    title: str
    copy: Snapshot | None
    operation: Operation | None
    form: SettingForm | None = None
    base: str = ""
    token: uuid.UUID | None = None


KINDS = {"settings": "battery-settings", "mode": "battery-mode", "storm": "storm-guard"}
TITLES = {
    "mode": "Battery and the grid",
    "settings": "Battery mode and reserve",
    "storm": "Storm Guard",
}
QUESTIONS = {
    "mode": "Change what the battery may do with the grid",
    "settings": "Change the battery settings",
}
VERBS = {"enabled": "Turn Storm Guard on", "disabled": "Turn Storm Guard off"}
WRITES = {
    "mode": "battery.update_mode",
    "settings": "battery.update_settings",
    "storm": "storm_guard.update",
}
QUEUES: dict[str, Queue] = {
    "mode": services.queue_mode,
    "settings": services.queue_settings,
    "storm": services.queue_storm,
}


# ------------------------------------------------------------------ battery


@require_http_methods(["GET", "HEAD", "POST"])
def battery(request: PortalRequest, pk: int) -> HttpResponse:
    """What the battery may do, how it works, Storm Guard. POST changes one `part` of it.

    POST goes `review` (before and after) → `confirm` (queued); `edit` goes back to the form with
    what was typed. What the person saw travels along, signed, for the worker to compare.
    """
    if request.method != "POST":
        activation = find_site(request, pk)
        return _battery_page(request, activation)
    activation = find_site_to_change(request, pk)
    part = request.POST.get("part", "")
    if part not in KINDS:
        return redirect("controls:battery", pk)
    base, fresh = _base(request, activation, part, partial(_values_now, activation, part))
    if base is None or activation.gone_at is not None:
        # Enphase has no such thing for this site any more: the page says so.
        return redirect("controls:battery", pk)
    form = _form(activation, part, base, request.POST)
    answer = _answer(request, activation, part, form, base, fresh, QUEUES[part])
    return answer or _battery_page(request, activation, form)


def _battery_page(
    request: PortalRequest, activation: Activation, posted: SettingForm | None = None
) -> HttpResponse:
    copies = sheet(request, activation, services.BATTERY_THINGS)
    parts = [_part(request, activation, copies, key, posted) for key in KINDS]
    copies.editing = any(part.form for part in parts)
    known = [part.copy for part in parts if part.copy is not None and part.copy.is_known]
    context = {
        **site_context(request, activation, "battery"),
        "heading": "Battery",
        "sheet": copies,
        "parts": parts,
        "posted": posted,
        "no_battery": len(known) == len(KINDS) and all(copy.absent for copy in known),
        "equipment_url": reverse("activations:equipment", args=[activation.pk]),
    }
    status = 422 if posted is not None and posted.errors else 200
    return render(request, "controls/battery.html", context, status=status)


def _part(
    request: PortalRequest,
    activation: Activation,
    copies: Sheet,
    key: str,
    posted: SettingForm | None,
) -> Part:
    copy = copies.copy(KINDS[key])
    part = Part(key, TITLES[key], copy, _last(request, activation, WRITES[key]))
    if copy is None or copy.record is None or not _may_edit(request, activation):
        return part
    if part.operation is not None and part.operation.is_busy:
        return part
    if posted is not None and posted.part == key:
        part.form, part.base = posted, _signed(activation, key, posted.base)
        part.token = form_token(request)
    else:
        base = _values_now(activation, key)
        part.form, part.base = _form(activation, key, base), _signed(activation, key, base)
        part.token = uuid.uuid4()
    return part


def _form(activation: Activation, key: str, base: Values, data: Any = None) -> SettingForm:
    if key == "storm":
        return StormForm(data, base=base)
    site = services.site_rules(activation)
    if key == "mode":
        return ModeForm(data, base=base, barred=rules.barred_modes(site))
    return SettingsForm(
        data,
        base=base,
        barred=rules.barred_profiles(site),
        lowest=services.lowest_reserve(activation),
    )


def _values_now(activation: Activation, key: str) -> Values:
    return services.values_now(activation, KINDS[key])


# ------------------------------------------------------------------ loads


@require_safe
def loads(request: PortalRequest, pk: int) -> HttpResponse:
    """The dry contacts: which load, when it has power, who may override it."""
    activation = find_site(request, pk)
    copies = sheet(request, activation, LOADS)
    copy = copies.copy("load-control")
    contacts = copy.record.load_control_data if copy is not None and copy.record else []
    operations = _by_contact(request, activation)
    context = {
        **site_context(request, activation, "loads"),
        "heading": "Load control",
        "sheet": copies,
        "copy": copy,
        "unreadable": len(copy.record.unreadable) if copy is not None and copy.record else 0,
        "may_edit": _may_edit(request, activation),
        "contacts": [
            {
                "contact": contact,
                "label": contact.load_name or contact.name,
                "mode": rules.show("mode", contact.mode),
                "hint": rules.LOAD_MODES.get(contact.mode or "", ("", ""))[1],
                "pairs": _pairs(contact),
                "operation": operations.get(contact.name or ""),
            }
            for contact in contacts
        ],
    }
    return render(request, "controls/loads.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def load(request: PortalRequest, pk: int, name: str) -> HttpResponse:
    """When one dry contact ("NC1") gives power: the form, the review, and the change itself."""
    activation = find_site_to_change(request, pk)
    copies = sheet(request, activation, LOADS, editing=True)
    copy = copies.copy("load-control")
    contact = copy.record.contact(name) if copy is not None and copy.record else None
    if contact is None or activation.gone_at is not None:
        messages.info(request, f"{name[:20]} cannot be changed here now.")
        return redirect("controls:loads", pk)
    running = _by_contact(request, activation).get(name)
    what = f"load {name}"
    base, fresh = _base(request, activation, what, lambda: rules.contact_values(contact))
    form = ContactForm(request.POST if request.method == "POST" else None, base=base or {})
    if request.method == "POST":
        queue = partial(services.queue_contact, name=name, load_name=contact.load_name or "")
        title = f"Change load: {rules.contact_label(contact)}"
        if answer := _answer(request, activation, what, form, base or {}, fresh, queue, title):
            return answer
    context = {
        **site_context(request, activation, "loads"),
        "heading": rules.contact_label(contact),
        "sheet": copies,
        "contact": contact,
        "form": form,
        "base": _signed(activation, what, base or {}),
        "token": form_token(request),
        "pairs": [pair for pair in _pairs(contact) if pair["label"] in READ_ONLY],
        "running": running if running is not None and running.is_busy else None,
    }
    return render(request, "controls/load.html", context, status=422 if form.errors else 200)


READ_ONLY = ("On again at", "Owner may override", "Contact")


def _pairs(contact: DryContact) -> list[Values]:
    """What a contact is set to: what its mode uses, and what can only be read."""
    values = rules.contact_values(contact)
    shown = [
        {"label": rules.CONTACT_LABELS[name], "value": rules.show(name, value)}
        for name, value in rules.needed(values).items()
        if name != "mode"
    ]
    high = contact.soc_high_percent
    if contact.mode == rules.BATTERY_POWERED and high is not None:
        shown.append({"label": "On again at", "value": f"{high:g} %"})
    if contact.owner_can_override is not None:
        answer = "Yes" if contact.owner_can_override else "No"
        shown.append({"label": "Owner may override", "value": answer})
    if contact.status:
        shown.append({"label": "Contact", "value": contact.status.capitalize()})
    return shown


# ------------------------------------------------------------------ what they share


def _answer(
    request: PortalRequest,
    activation: Activation,
    what: str,
    form: SettingForm,
    base: Values,
    fresh: bool,
    queue: Queue,
    title: str = "",
) -> HttpResponse | None:
    """The review of a posted form, or where to go once it is queued; None to show it again."""
    back = "controls:loads" if form.part == "contact" else "controls:battery"
    step = request.POST.get("do", "review")
    if step == "edit":
        form.unchecked()
        return None
    if not form.is_valid():
        return None
    wanted = form.wanted()
    changes = services.changes_between(base, wanted)
    if not changes:
        form.add_error(None, "Nothing was changed.")
        return None
    if step == "confirm" and fresh:
        try:
            queue(
                activation, wanted=wanted, base=base, actor=request.user, token=form_token(request)
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
            return None
        return redirect(back, activation.pk)
    verb = VERBS.get(changes.get("storm_guard_status", ""), "")
    context = {
        **site_context(request, activation, "loads" if title else "battery"),
        "heading": title or TITLES[form.part],
        "question": title or verb or QUESTIONS[form.part],
        "button": verb or "Save at Enphase",
        "form": form,
        "part": form.part,
        "base": _signed(activation, what, base),
        "token": form_token(request),
        "rows": [
            {
                "field": label,
                "before": rules.show(name, base.get(name)),
                "after": rules.show(name, changes[name]),
            }
            for name, label in form.labels.items()
            if name in changes
        ],
        "follows": rules.follows(changes, base),
        "may_go_back": form.part != "storm",
        "danger": changes.get("mode") == rules.ALWAYS_OFF,
        "hits": f"{HITS[form.part]} hits",
        "back_url": reverse(back, args=[activation.pk]),
    }
    return render(request, "controls/confirm.html", context)


def _may_edit(request: PortalRequest, activation: Activation) -> bool:
    return may_change(request, activation) and activation.gone_at is None


def _signed(activation: Activation, what: str, base: Values) -> str:
    return signing.dumps([activation.pk, what, base], salt=SALT, compress=True)


def _base(
    request: PortalRequest, activation: Activation, what: str, now: Callable[[], Values]
) -> tuple[Values | None, bool]:
    """What the person saw when the form was made; our copy of now, and False, if that is lost."""
    try:
        signed = signing.loads(request.POST.get("base", ""), salt=SALT, max_age=BASE_SECONDS)
    except signing.BadSignature:
        signed = []
    if signed[:2] == [activation.pk, what]:
        return signed[2], True
    try:
        return now(), False
    except Refused:
        return None, False


def _last(request: PortalRequest, activation: Activation, kind: str) -> Operation | None:
    """The last change of a kind; one that went well is news for a day."""
    operation = _operations(request, activation, kind).first()
    return operation if operation is None or _is_news(operation) else None


def _by_contact(request: PortalRequest, activation: Activation) -> dict[str, Operation]:
    """The last change of each contact, of the last hundred."""
    found: dict[str, Operation] = {}
    for operation in _operations(request, activation, "load_control.update")[:100]:
        found.setdefault(str(operation.payload.get("name")), operation)
    return {name: operation for name, operation in found.items() if _is_news(operation)}


def _operations(request: PortalRequest, activation: Activation, kind: str) -> QuerySet[Operation]:
    mine: QuerySet[Operation] = Operation.objects.for_user(request.user)
    return mine.filter(activation=activation, kind=kind).order_by("-pk")


def _is_news(operation: Operation) -> bool:
    if operation.state != State.DONE or operation.finished_at is None:
        return True
    return timezone.now() - operation.finished_at < NEWS_LASTS
