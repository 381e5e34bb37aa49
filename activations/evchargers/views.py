"""A site's EV chargers: which there are, what they did, and starting and stopping them."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from activations.evchargers import services
from activations.evchargers.chargers import THINGS, Card, Overview
from activations.evchargers.drawing import Day, Month, reported
from activations.evchargers.forms import ChargingForm
from activations.evchargers.reads import (
    DAYS_READ,
    MOST,
    NEWEST,
    PAGE,
    amount_of,
    bounds,
    day_key,
)
from activations.evchargers.sessions import compare, real, sessions_of, unit_of
from activations.evchargers.weeks import Week
from activations.export import MARK, plain
from activations.models import Activation
from activations.snapshots.models import Snapshot
from activations.snapshots.services import Thing, several
from activations.snapshots.sheets import history_url, sheet
from activations.views.sites import find_site, find_site_to_change, site_context
from portal.operations.models import Operation, State
from portal.ui.errors import Refused
from portal.ui.http import PortalRequest, form_token

KINDS = ("ev.start", "ev.stop")
# Enphase keeps two years of intervals.
KEPT_DAYS = 730
# The last intervals of a day come some minutes after it.
COMPLETE_AFTER = timedelta(hours=1)
# Sessions before "Show all".
SHOWN = 20
# Compared, sent; and a read each few minutes until the charger has reported.
HITS = {"start": "2 hits and 1 a look", "stop": "1 hit and 1 a look"}


# ------------------------------------------------------------------ all chargers


@require_safe
def charger_list(request: PortalRequest, pk: int) -> HttpResponse:
    """A card for each charger, and what happened. Causes no hit by itself."""
    activation = find_site(request, pk)
    found = Overview(activation, timezone.now())
    wanted = amount_of(request.GET.get("events", ""), NEWEST)
    key = "" if wanted == NEWEST else str(wanted)
    copies = several(activation, [("ev-events", key), ("ev-events", "")])
    copy = copies.get(("ev-events", key))
    things: list[Thing] = [*THINGS, ("ev-events", key)]
    if found.is_known and not found.cards:
        # Nothing to ask about while there is none.
        things = THINGS[:1]
    # Until the longer list has come, the newest page stays in sight.
    shown = copy if copy and copy.is_known else copies.get(("ev-events", ""))
    record = shown.record if shown else None
    operations = _operations(request, activation)
    context = {
        **site_context(request, activation, "ev"),
        "heading": "EV chargers",
        "overview": found,
        "sheet": sheet(request, activation, things),
        "events": [
            {"row": row, "since": real(row.triggered_date), "until": real(row.cleared_date)}
            for row in (record.rows if record else [])
        ],
        "events_known": bool(shown and shown.is_known),
        "events_copy": shown,
        "older": _older(reverse("evchargers:list", args=[pk]), "events", wanted, record),
        "at_most": MOST if record and not record.complete and wanted >= MOST else 0,
        **_running(operations),
    }
    return render(request, "evchargers/list.html", context)


def _older(path: str, name: str, wanted: int, record: Any) -> dict[str, Any] | None:
    """A link to more of a list, with what reading it costs; None when there is no more."""
    if record is None or record.complete or wanted >= MOST:
        return None
    more = PAGE if wanted < PAGE else wanted + PAGE
    hits = -(-more // PAGE)
    return {
        "url": f"{path}?{urlencode({name: more})}#{name}",
        "hits": f"{hits} hit{'s' if hits != 1 else ''}",
    }


def _running(operations: list[Operation]) -> dict[str, Any]:
    """What is under way, and the last of what is over."""
    under_way = [operation for operation in operations if operation.is_open]
    return {
        "open": under_way,
        "last": next((one for one in operations if not one.is_open), None),
        "moving": any(one.is_busy or one.state == State.OVERDUE for one in under_way),
        "is_slow": any(one.is_slow for one in under_way),
    }


def _operations(
    request: PortalRequest, activation: Activation, serial: str = ""
) -> list[Operation]:
    """The newest first, of one charger or of all."""
    rows = Operation.objects.for_user(request.user).filter(activation=activation, kind__in=KINDS)
    found = list(rows.order_by("-pk")[:30])
    return [one for one in found if not serial or one.payload.get("serial") == serial]


# ------------------------------------------------------------------ one charger


@require_safe
def detail(request: PortalRequest, pk: int, serial: str) -> HttpResponse:
    """One charger: its sessions, schedule and energy. Causes no hit by itself."""
    activation = find_site(request, pk)
    found, card = _find(activation, serial)
    now = timezone.now()
    pages = _Pages(request, activation, card, now)
    context = {
        **_context(request, found, card),
        "sheet": sheet(request, activation, pages.things if card.charger else []),
        "pages": pages,
        "is_gone": card.charger is None,
        **pages.sessions(),
        **pages.schedule(),
        **pages.energy(),
    }
    return render(request, "evchargers/detail.html", context)


def _find(activation: Activation, serial: str) -> tuple[Overview, Card]:
    found = Overview(activation, timezone.now())
    card = found.find(serial) if serial.strip() else None
    if card is None:
        raise Http404("This site has no such EV charger.")
    return found, card


def _context(request: PortalRequest, found: Overview, card: Card) -> dict[str, Any]:
    activation = found.activation
    operations = _operations(request, activation, card.serial)
    charger = card.charger
    return {
        **site_context(request, activation, "ev"),
        "heading": f"EV charger {card.serial}",
        "overview": found,
        "card": card,
        **_running(operations),
        "may_control": card.charger is not None
        and activation.gone_at is None
        and not any(one.is_open for one in operations),
        "facts": [
            {"label": "Model", "value": charger.model if charger else ""},
            {"label": "Part number", "value": charger.part_number if charger else ""},
            {"label": "SKU", "value": charger.sku if charger else ""},
            {"label": "Firmware", "value": charger.firmware if charger else ""},
        ],
    }


class _Pages:
    """What the address of a charger's page chooses: a month, a day, how many sessions."""

    def __init__(
        self, request: PortalRequest, activation: Activation, card: Card, now: datetime
    ) -> None:
        self.activation, self.card, self.now = activation, card, now
        self.serial = card.serial
        self.zone = timezone.get_current_timezone()
        self.today = timezone.localdate(now)
        self.day = self._day(request.GET.get("day", ""))
        self.month = self._month(request.GET.get("month", ""))
        asked = request.GET.get("sessions", "")
        self.wanted = amount_of(asked, PAGE)
        self.shows_all = bool(asked)
        self.key_sessions = self.serial if self.wanted == PAGE else f"{self.serial} {self.wanted}"
        self.key_day = day_key(self.serial, self.day)
        self.around = [
            ("ev-energy", day_key(self.serial, self.day + timedelta(days=step))) for step in (-1, 1)
        ]
        self.copies = several(
            activation,
            [
                ("ev-sessions", self.serial),
                ("ev-sessions", self.key_sessions),
                ("ev-schedules", self.serial),
                ("ev-lifetime", self.serial),
                ("ev-energy", self.key_day),
                *self.around,
            ],
        )

    def _day(self, text: str) -> date:
        """Today without one; never later, and not longer ago than is kept."""
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return self.today
        return max(min(day, self.today), self.today - timedelta(days=KEPT_DAYS))

    def _month(self, text: str) -> date:
        """The first of the month; that of the day without one, within the days that are read."""
        try:
            first = date.fromisoformat(f"{text}-01")
        except ValueError:
            first = self.day.replace(day=1)
        return max(min(first, self.today.replace(day=1)), self.first_month)

    @property
    def first_month(self) -> date:
        return (self.today - timedelta(days=DAYS_READ)).replace(day=1)

    @property
    def is_today(self) -> bool:
        return self.day == self.today

    @property
    def things(self) -> list[Thing]:
        """A day that was read when it was over is not read again."""
        things = [
            *THINGS,
            ("ev-sessions", self.key_sessions),
            ("ev-schedules", self.serial),
            ("ev-lifetime", self.serial),
        ]
        copy = self.copies.get(("ev-energy", self.key_day))
        over = bounds(self.day, self.zone)[1] + COMPLETE_AFTER
        if not (copy and copy.fetched_at and copy.fetched_at > over):
            things.append(("ev-energy", self.key_day))
        return things

    @property
    def path(self) -> str:
        return reverse("evchargers:detail", args=[self.activation.pk, self.serial])

    def url(self, *, day: date | None = None, month: date | None = None) -> str:
        """The page with another day or month, the rest as it is."""
        chosen_day = day or self.day
        query = {} if chosen_day == self.today else {"day": chosen_day.isoformat()}
        chosen_month = month or (chosen_day.replace(day=1) if day else self.month)
        if chosen_month != chosen_day.replace(day=1):
            query["month"] = f"{chosen_month:%Y-%m}"
        return f"{self.path}{'?' + urlencode(query) if query else ''}#energy"

    # Parts of the page

    def _rows(self) -> tuple[Snapshot | None, Any]:
        """The sessions as far as they were read: the longer list, or the newest until it is."""
        for key in (self.key_sessions, self.serial):
            copy = self.copies.get(("ev-sessions", key))
            if copy and copy.is_known:
                return copy, copy.record
        return None, None

    def sessions(self) -> dict[str, Any]:
        copy, record = self._rows()
        rows = record.rows if record else []
        unit = unit_of(rows)
        found = sessions_of(rows, unit, self.now)
        shown = found if self.shows_all else found[:SHOWN]
        comparison = None
        if record is not None:
            comparison = compare(found, self.days(), self.zone, record.complete)
        return {
            "sessions_copy": copy,
            "sessions": shown,
            "sessions_count": len(found),
            "sessions_hidden": len(found) - len(shown),
            "sessions_all_url": f"{self.path}?sessions={self.wanted}#sessions",
            "sessions_older": _older(self.path, "sessions", self.wanted, record),
            "at_most": MOST if record and not record.complete and self.wanted >= MOST else 0,
            "unit": unit,
            "comparison": comparison,
            "has_cost": any(one.cost for one in found),
            "has_miles": any(one.miles for one in found),
        }

    def schedule(self) -> dict[str, Any]:
        copy = self.copies.get(("ev-schedules", self.serial))
        record = copy.record if copy else None
        return {
            "schedules_copy": copy,
            "weeks": [Week(one) for one in record.charger_schedules] if record else [],
            "schedules_history": history_url(self.activation, "ev-schedules", self.serial)
            if copy and copy.is_known
            else "",
        }

    def days(self) -> list[tuple[date, float | None]]:
        copy = self.copies.get(("ev-lifetime", self.serial))
        if copy is None or copy.record is None:
            return []
        record = copy.record
        heard = self.card.charger.last_report_at if self.card.charger else None
        days = record.days(record.energy_wh)
        return reported(days, record.energy_wh, self.zone, heard)

    def energy(self) -> dict[str, Any]:
        days_copy = self.copies.get(("ev-lifetime", self.serial))
        copy = self.copies.get(("ev-energy", self.key_day))
        record = copy.record if copy else None
        links: dict[str, Any] = {}
        for name, step, near in (("before", -1, self.around[0]), ("after", 1, self.around[1])):
            other = self.day + timedelta(days=step)
            if self.today - timedelta(days=KEPT_DAYS) <= other <= self.today:
                known = self.copies.get(near)
                links[name] = {
                    "url": self.url(day=other),
                    "is_free": bool(known and known.is_known),
                }
        month = Month(self.month, self.days(), self.today)
        months = {}
        if self.month > self.first_month:
            before = (self.month - timedelta(days=1)).replace(day=1)
            months["before"] = self.url(month=before)
        if self.month < self.today.replace(day=1):
            months["after"] = self.url(month=(month.last + timedelta(days=1)))
        return {
            "days_copy": days_copy,
            "month": month,
            "months": months,
            "month_bars": [
                {"bar": bar, "url": self.url(day=date.fromisoformat(bar.url))} for bar in month.bars
            ],
            "energy_copy": copy,
            "chart": Day(record, self.zone, self.now, self.card.heard) if record else None,
            "day_links": links,
            "today_url": self.url(day=self.today),
        }


# ------------------------------------------------------------------ files


@require_safe
def export(request: PortalRequest, pk: int, serial: str, what: str) -> HttpResponse:
    """Sessions, days or the quarters of a day as CSV, as far as they were read."""
    activation = find_site(request, pk)
    _, card = _find(activation, serial)
    pages = _Pages(request, activation, card, timezone.now())
    tables = {"sessions": _session_rows, "days": _day_rows, "quarters": _quarter_rows}
    if what not in tables:
        raise Http404("There is no such file.")
    file = io.StringIO()
    writer = csv.writer(file)
    for row in tables[what](pages):
        writer.writerow(map(plain, row))
    response = HttpResponse(MARK + file.getvalue(), content_type="text/csv; charset=utf-8")
    day = f"-{pages.day}" if what == "quarters" else ""
    safe = "".join(mark for mark in serial if mark.isascii() and mark.isalnum())
    name = f"ev-{what}-{activation.system_id}-{safe}{day}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _stamp(moment: datetime | None) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if moment else ""


def _cell(value: float | None) -> Any:
    return "" if value is None else round(value, 4)


def _session_rows(pages: _Pages) -> list[tuple[Any, ...]]:
    """With the energy as Enphase tells it, beside what we take it for."""
    _, record = pages._rows()
    rows = record.rows if record else []
    found = sessions_of(rows, unit_of(rows), pages.now)
    return [
        (
            *("Start (UTC)", "End (UTC)", "Plugged in (s)", "Charging (s)"),
            *("Energy as told", "Energy (kWh)", "Cost, currency not told", "Miles added"),
        ),
        *(
            (
                *(_stamp(one.start), _stamp(one.end), _cell(one.seconds)),
                *(_cell(one.charge_seconds), _cell(one.energy), _cell(one.energy_kwh)),
                *(_cell(one.cost), _cell(one.miles)),
            )
            for one in found
        ),
    ]


def _day_rows(pages: _Pages) -> list[tuple[Any, ...]]:
    return [("Day", "Energy (Wh)"), *((f"{day}", _cell(wh)) for day, wh in pages.days())]


def _quarter_rows(pages: _Pages) -> list[tuple[Any, ...]]:
    copy = pages.copies.get(("ev-energy", pages.key_day))
    head = ("Until (UTC)", f"Until ({pages.zone})", "Energy (Wh)")
    if copy is None or copy.record is None:
        return [head]
    day = Day(copy.record, pages.zone, pages.now, pages.card.heard)
    return [
        head,
        *(
            (_stamp(at), f"{at.astimezone(pages.zone).isoformat()}", _cell(wh))
            for at, wh in day.quarters
            if at <= pages.now
        ),
    ]


# ------------------------------------------------------------------ starting and stopping


@require_http_methods(["GET", "HEAD", "POST"])
def control(request: PortalRequest, pk: int, serial: str, action: str) -> HttpResponse:
    """The question before a charger is started or stopped, and the asking."""
    if action not in HITS:
        raise Http404("A charger is started or stopped.")
    activation = find_site_to_change(request, pk)
    found, card = _find(activation, serial)
    if card.charger is None:
        raise Http404("This charger is not on the site any more.")
    start = action == "start"
    form = ChargingForm(request.POST if request.method == "POST" else None, start=start)
    token = form_token(request)
    if request.method == "POST" and form.is_valid():
        try:
            services.queue_charging(
                activation,
                card,
                start=start,
                actor=request.user,
                level=form.cleaned_data.get("level", 100),
                token=token,
            )
        except Refused as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect("evchargers:detail", pk, serial)
    context = {
        **_context(request, found, card),
        "form": form,
        "token": token,
        "action": action,
        "is_so": card.is_charging is start,
        "rows": [
            {
                "field": "Charging",
                "before": card.mode.text,
                "after": "Charging" if start else "Stopped",
            }
        ],
        "hits": HITS[action],
    }
    return render(request, "evchargers/control.html", context, status=422 if form.errors else 200)
