"""The rows of the list, written by Python: a page has 50 of them, and templates would take
four times as long for the same text (docs/decisions/0009). Every value is escaped here.
"""

from collections.abc import Iterable
from datetime import datetime, tzinfo
from functools import cache, lru_cache
from html import escape
from typing import Any, NamedTuple

from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe

from activations.models import Activation, ActivationQuerySet
from portal.ui.templatetags import ridgeline
from portal.ui.vocabulary import STATUS_LOOKS

MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]


class Row(NamedTuple):
    """The columns that the list and its export need, as they come from the database."""

    id: int
    name: str
    reference: str
    system_id: int
    street1: str
    city: str
    state: str
    country: str
    stage: int
    status: str
    status_key: str
    owner_id: int | None
    owner_name: str
    installer_name: str
    gateway_count: int | None
    permission_to_operate: bool | None
    production_mode: str
    updated_at: datetime


def fetch(rows: ActivationQuerySet) -> Any:
    """The values of `Row` for each site."""
    return rows.values_list(*Row._fields)


# What to do about a status, in the few words a row has room for.
NEXT_ABOUT_STATUS = {
    "power": "Find out why production is low",
    "comm": "Gateway is silent: check its internet",
    "error": "Find the device with the error",
    "encharge_issue": "Check the battery that reports a fault",
    "enpower_issue": "Check the system controller",
    "micro": "Find the silent microinverters",
    "meter": "Meter is silent: check its wiring",
    "meter_issue": "Check the direction of the CT",
    "battery": "Check the breaker of the AC batteries",
    "encharge": "Find the silent battery",
    "enpower": "Check the power of the system controller",
    "nsr": "Check the power of the Q Relay",
    "iq_collar": "Check the meter collar",
    "off_grid": "Off the grid: check the main relay",
    "storage_idle": "Check the battery mode",
    "warning": "Look at the warning",
}


def next_step(row: Row | Activation) -> str:
    """The one thing that moves a site on, as far as the columns of the list can tell."""
    if row.stage == 1:
        return _start(row)
    if row.stage == 2:
        if row.status_key == "comm":
            return "Gateway has not reported"
        return "Waiting for the gateway's first report"
    if row.status_key in NEXT_ABOUT_STATUS:
        return NEXT_ABOUT_STATUS[row.status_key]
    if row.stage == 5:
        return "Nothing to do"
    if not row.permission_to_operate:
        return "Permission to operate"
    if row.production_mode == "off":
        return "Turn production on"
    if row.stage == 3:
        return "Waiting for all microinverters"
    return "Array layout and 24 hours of operation"


def _start(row: Row | Activation) -> str:
    """Stage 1 asks for owner, address and a gateway."""
    if row.gateway_count == 0:
        return "Enter gateway serial"
    if row.owner_id is None:
        return "Name the home owner"
    if not row.street1:
        return "Enter the address"
    if row.gateway_count is None:
        return "Check the gateway serial"
    return "Waiting for Enphase to check the entries"


def render(rows: Iterable[Any], *, tick: bool = False) -> SafeString:
    """Table rows; cards on a phone. `tick` puts a box before each, for changes of many."""
    before, after = _around_pk()
    age = Age(timezone.now(), timezone.get_current_timezone())
    return mark_safe(  # noqa: S308 - each value below is escaped
        "".join([_row(Row._make(row), before, after, age, tick) for row in rows])
    )


def _row(row: Row, before: str, after: str, age: "Age", tick: bool) -> str:
    place = ", ".join(part for part in (row.city, row.state or row.country) if part)
    sub = " · ".join(part for part in (row.reference or str(row.system_id), place) if part)
    step = next_step(row)
    css = "t-13 muted" if row.stage == 5 and step == "Nothing to do" else "t-13"
    owner = escape(row.owner_name) or '<span class="warn-ink">Not named</span>'
    name = escape(row.name)
    box = (
        f'<td role="cell" class="cell-check"><input class="box" type="checkbox" name="id" '
        f'value="{row.id}" aria-label="Select {name}"></td>'
        if tick
        else ""
    )
    return (
        f'<tr role="row">{box}<td role="cell" class="cell-main">'
        f'<a class="title" href="{before}{row.id}{after}">{name}</a>'
        f'<span class="sub num">{escape(sub)}</span></td>'
        f'<td role="cell" class="cell-stage">{_stage(row.stage)}</td>'
        f'<td role="cell" class="cell-status">{_pill(row.status)}</td>'
        f'<td role="cell" class="cell-ready"><div class="ready"><span class="{css}">{step}'
        f'</span></div></td><td role="cell" class="cell-owner">{owner}</td>'
        f'<td role="cell" class="cell-branch">{escape(row.installer_name)}</td>'
        f'<td role="cell" class="cell-upd end num muted">{age.of(row.updated_at)}</td></tr>\n'
    )


@cache
def _around_pk() -> tuple[str, str]:
    """What stands before and after the id in the address of a site."""
    before, _, after = reverse("activations:detail", args=[123456789]).partition("123456789")
    return before, after


@lru_cache(maxsize=8)
def _stage(stage: int) -> str:
    return str(ridgeline.stage(stage))


# Statuses are a small vocabulary; the bound is for a day when it is not.
@lru_cache(maxsize=len(STATUS_LOOKS) * 8)
def _pill(status: str) -> str:
    return str(ridgeline.status_pill(status))


class Age:
    """As the tag `ago`, but without its formatting of dates, which takes longer than the query."""

    def __init__(self, now: datetime, zone: tzinfo) -> None:
        self.now, self.zone = now, zone
        self.year = now.astimezone(zone).year

    def of(self, when: datetime) -> str:
        local = when if when.tzinfo is self.zone else when.astimezone(self.zone)
        passed = (self.now - when).total_seconds()
        month = MONTHS[local.month - 1]
        if passed < 45:
            text = "just now"
        elif passed < 59.5 * 60:
            text = f"{round(passed / 60)} min"
        elif passed < 24 * 3600:
            text = f"{round(passed / 3600)} h"
        elif local.year == self.year:
            text = f"{local.day} {month[:3]}"
        else:
            text = f"{local.day} {month[:3]} {local.year}"
        title = (
            f"{local.day} {month} {local.year}, "
            f"{local.hour:02}:{local.minute:02}:{local.second:02} {local.tzname()}"
        )
        exact = when.isoformat(timespec="seconds")
        return f'<time datetime="{exact}" title="{title}">{text}</time>'
