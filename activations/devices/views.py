"""The devices of a site: all of them by type, and one with its day."""

import csv
import io
from datetime import date, timedelta
from statistics import median
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_safe

from activations.devices.overview import (
    PROBLEMS,
    THINGS,
    Overview,
    Row,
    Section,
    chosen,
    elsewhere,
    many,
)
from activations.devices.reads import day_key, one
from activations.devices.telemetry import Chart, amount, bounds
from activations.export import MARK, plain
from activations.models import Activation
from activations.snapshots import services
from activations.snapshots.registry import KINDS
from activations.snapshots.sheets import history_url, sheet
from activations.views.sites import find_site, site_context
from portal.ui.http import PortalRequest

MINE = ("devices", "inverters")
PAGE = 50
WITH_TELEMETRY = ("micros", "acbs", "encharges")
# Enphase keeps two years of intervals.
KEPT_DAYS = 730
# The last intervals of a day come some minutes after it.
COMPLETE_AFTER = timedelta(hours=1)
SORTS: dict[str, Any] = {
    "serial": lambda row: (row.serial,),
    "place": lambda row: (row.spot is None, str(row.spot or "")),
    "signal": lambda row: (row.signal is None, row.signal or 0),
    "report": lambda row: (row.last_report_at.timestamp() if row.last_report_at else 0.0,),
    "firmware": lambda row: (row.firmware == "", row.firmware),
    "profile": lambda row: (row.profile == "", row.profile),
}
HEADINGS = (
    *("Type", "Serial", "Model", "State", "Last report (UTC)", "Place", "Signal (0 to 5)"),
    *("Firmware", "Requested grid profile", "Applied grid profile", "Power (W)"),
    *("Energy so far (Wh)", "Details"),
)


# ------------------------------------------------------------------ all devices


@require_safe
def device_list(request: PortalRequest, pk: int) -> HttpResponse:
    """Our copies of what stands on the site. Causes no hit; the page asks for newer ones itself."""
    activation = find_site(request, pk)
    copies = sheet(request, activation, THINGS)
    copies.drift = [drift for drift in copies.drift if drift.version.snapshot.kind in MINE]
    overview = Overview(activation, copies.copies)
    overview.look_elsewhere(request.user)
    filters = _filters(request, overview)
    context = {
        **site_context(request, activation, "devices"),
        "sheet": copies,
        "overview": overview,
        "findings": overview.findings(),
        "tables": [
            _table(overview, section, filters)
            for section in overview.sections
            if filters["kind"] in ("", section.kind)
        ],
        "filters": filters,
        "chips": _chips(overview, filters),
        "export_url": reverse("devices:export", args=[pk]) + _query(filters, page=""),
        "history": [
            {"label": KINDS[kind].title, "url": history_url(activation, kind)}
            for kind in MINE
            if (copy := copies.copy(kind)) and copy.is_known
        ],
    }
    return render(request, "devices/list.html", context)


@require_safe
def export(request: PortalRequest, pk: int) -> HttpResponse:
    """The chosen devices as CSV, one row each."""
    activation = find_site(request, pk)
    overview = Overview(activation, services.several(activation, THINGS))
    overview.look_elsewhere(request.user)
    filters = _filters(request, overview)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(HEADINGS)
    for section in overview.sections:
        if filters["kind"] in ("", section.kind):
            for row in _rows(section, filters):
                writer.writerow(map(plain, _cells(overview, row)))
    response = HttpResponse(MARK + file.getvalue(), content_type="text/csv; charset=utf-8")
    name = f"devices-{activation.system_id}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
def panel(request: PortalRequest, pk: int) -> HttpResponse:
    """Expected and detected by type, for the site's first page; without htmx, the devices."""
    activation = find_site(request, pk)
    if not request.htmx:
        return redirect("devices:list", pk)
    overview = Overview(activation, services.several(activation, THINGS))
    context = {
        "activation": activation,
        "overview": overview,
        "total": activation.production.get("total_micros"),
    }
    return render(request, "devices/_panel.html", context)


def _filters(request: PortalRequest, overview: Overview) -> dict[str, str]:
    """What the address asks for; what it cannot ask for is as if it had not been said."""
    kinds = {section.kind for section in overview.sections}
    allowed: dict[str, Any] = {"kind": kinds, "problem": {"any", *PROBLEMS}, "sort": _sorts()}
    filters = {
        name: value if (value := request.GET.get(name, "")) in choices else ""
        for name, choices in allowed.items()
    }
    digits = "".join(mark for mark in request.GET.get("q", "").upper() if mark.isalnum())[:40]
    page = request.GET.get("page", "")
    return {**filters, "q": digits, "page": page if page.isdecimal() and len(page) < 5 else ""}


def _sorts() -> set[str]:
    return {sign + name for name in SORTS for sign in ("", "-")}


def _query(filters: dict[str, str], **changes: str) -> str:
    chosen_ones = {name: value for name, value in {**filters, **changes}.items() if value}
    return f"?{urlencode(chosen_ones)}" if chosen_ones else ""


def _chips(overview: Overview, filters: dict[str, str]) -> list[dict[str, Any]]:
    """Types, then what is wrong: each a link that sets the filter, or takes it away."""
    path = reverse("devices:list", args=[overview.activation.pk])

    def chip(label: str, **change: str) -> dict[str, Any]:
        (name, value), *_ = change.items()
        is_on = filters[name] == value
        url = path + _query(filters, **{name: "" if is_on else value}, page="")
        return {"label": label, "url": url, "on": is_on}

    kinds = [chip(section.label, kind=section.kind) for section in overview.sections]
    rows = [row for section in overview.sections for row in section.rows]
    counts = {key: sum(key in row.problems for row in rows) for key in PROBLEMS}
    problems = [
        chip(f"{words} {counts[key]}", problem=key)
        for key, words in PROBLEMS.items()
        if counts[key] or filters["problem"] == key
    ]
    return [*(kinds if len(kinds) > 1 else []), *problems]


def _rows(section: Section, filters: dict[str, str]) -> list[Row]:
    rows = chosen(section.rows, filters["problem"], filters["q"])
    if name := filters["sort"].removeprefix("-"):
        rows.sort(key=lambda row: row.serial)
        rows.sort(key=SORTS[name], reverse=filters["sort"].startswith("-"))
    return rows


def _table(overview: Overview, section: Section, filters: dict[str, str]) -> dict[str, Any]:
    """A section with its chosen rows, a page of them, and its columns."""
    path = reverse("devices:list", args=[overview.activation.pk])
    rows = _rows(section, filters)
    pages = max(1, -(-len(rows) // PAGE))
    # Pages are those of one type; beside others only the first is shown.
    page = min(max(1, int(filters["page"] or 1)), pages) if filters["kind"] else 1
    shown = rows[(page - 1) * PAGE : page * PAGE]
    table: dict[str, Any] = {
        "section": section,
        "rows": shown,
        "found": len(rows),
        "is_narrowed": bool(filters["problem"] or filters["q"]),
        "columns": _columns(section, filters, path),
        "has_firmware": any(row.firmware for row in section.rows),
        "has_details": any(row.detail for row in section.rows),
    }
    if page < pages:
        table["more_url"] = path + _query(filters, kind=section.kind, page=str(page + 1))
        table["more_count"] = min(PAGE, len(rows) - page * PAGE)
        table["shown"] = page * PAGE
    if page > 1:
        table["less_url"] = path + _query(filters, kind=section.kind, page=str(page - 1))
        table["shown"] = page * PAGE - PAGE + len(shown)
    return table


def _columns(section: Section, filters: dict[str, str], path: str) -> list[dict[str, Any]]:
    named = [("Device", "serial"), ("State", ""), ("Last report", "report")]
    if section.kind == "micros":
        named += [("Place", "place"), ("Signal", "signal"), ("Grid profile", "profile")]
        named += [("Firmware", "firmware"), ("Power", "")]
    else:
        if any(row.firmware for row in section.rows):
            named.append(("Firmware", "firmware"))
        if any(row.detail for row in section.rows):
            named.append(("Details", ""))
    columns = []
    for label, key in named:
        column: dict[str, Any] = {"label": label, "end": label == "Power"}
        if key and len(section.rows) > 1:
            now = filters["sort"]
            column["sort"] = {key: "ascending", f"-{key}": "descending"}.get(now)
            change = f"-{key}" if now == key else key
            column["sort_url"] = path + _query(filters, sort=change, page="")
        columns.append(column)
    return columns


def _cells(overview: Overview, row: Row) -> tuple[Any, ...]:
    is_micro = row.kind == "micros"
    return (
        *(one(row.kind), row.serial, row.name, row.look.text),
        f"{row.last_report_at:%Y-%m-%d %H:%M:%S}" if row.last_report_at else "",
        *(str(row.spot or ""), "" if row.signal is None else row.signal, row.firmware),
        overview.profile_name(overview.requested) if is_micro else "",
        *(row.profile_name, "" if row.power_w is None else row.power_w),
        *("" if row.energy_wh is None else row.energy_wh, row.detail),
    )


# ------------------------------------------------------------------ one device


@require_safe
def device_detail(request: PortalRequest, pk: int, serial: str) -> HttpResponse:
    """One device with its day. Causes no hit; the page asks for the day if nobody has yet."""
    activation = find_site(request, pk)
    now = timezone.now()
    today = timezone.localdate(now)
    day = _day(request.GET.get("day", ""), today)
    days = [day, day - timedelta(days=1), day + timedelta(days=1)]
    keys = [("device-telemetry", day_key(serial, each)) for each in days]
    copies = services.several(activation, [*THINGS, *keys])
    overview = Overview(activation, copies)
    row = overview.find(serial)
    context = {
        **site_context(request, activation, "devices"),
        "serial": serial,
        "overview": overview,
        "list_url": reverse("devices:list", args=[pk]),
    }
    found = elsewhere(request.user, activation, [serial])
    context["elsewhere"] = found.get(serial, [])
    if row is None:
        context["is_read"] = overview.is_read
        return render(request, "devices/unknown.html", context, status=404)
    tells = row.kind in WITH_TELEMETRY and row.detected
    copy = copies.get(keys[0])
    copies_shown = sheet(request, activation, keys[:1] if tells else THINGS[:2])
    zone = timezone.get_current_timezone()
    if copy and copy.fetched_at and copy.fetched_at > bounds(day, zone)[1] + COMPLETE_AFTER:
        # What a day was does not change any more.
        copies_shown.asks_itself = False
    copies_shown.drift = []
    context |= {
        "sheet": copies_shown,
        "row": row,
        "type": one(row.kind),
        "types": many(row.kind),
        "tells": tells,
        "pairs": _pairs(overview, row),
        "neighbours": _neighbours(overview, row),
        "day": day,
        "copy": copy,
        "chart": Chart(copy.record, zone, now) if copy and copy.record else None,
        "days": _days(activation, serial, day, today, [copies.get(key) for key in keys]),
    }
    return render(request, "devices/detail.html", context)


def _day(text: str, today: date) -> date:
    """The day of the address, today without one; never later, and not longer ago than is kept."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return today
    return max(min(day, today), today - timedelta(days=KEPT_DAYS))


def _days(
    activation: Activation, serial: str, day: date, today: date, copies: list[Any]
) -> dict[str, Any]:
    """Links to the days before and after; `is_free` when we have them already."""
    path = reverse("devices:detail", args=[activation.pk, serial])
    links: dict[str, Any] = {"is_today": day == today, "today": path}
    if day > today - timedelta(days=KEPT_DAYS):
        before = day - timedelta(days=1)
        links["before"] = {"url": f"{path}?day={before}", "is_free": _is_read(copies[1])}
    if day < today:
        after = day + timedelta(days=1)
        links["after"] = {
            "url": path if after == today else f"{path}?day={after}",
            "is_free": _is_read(copies[2]),
        }
    return links


def _is_read(copy: Any) -> bool:
    return bool(copy and copy.is_known)


def _pairs(overview: Overview, row: Row) -> list[dict[str, Any]]:
    device, micro = row.device, row.micro
    part = (micro.part_number if micro else "") or (device.part_number if device else "")
    pairs: list[tuple[str, Any]] = [
        ("Type", one(row.kind)),
        ("Model", row.name),
        ("Part number", part),
        ("Firmware", row.firmware),
        ("Details", row.detail),
    ]
    if row.kind == "micros":
        pairs += [
            ("Signal", f"{row.signal} of 5" if row.signal is not None else ""),
            ("Requested grid profile", overview.profile_name(overview.requested) or "None"),
            ("Applied grid profile", row.profile_name),
            ("Gateway", micro.gateway if micro else ""),
            ("Power when read", f"{row.power_w:.0f} W" if row.power_w is not None else ""),
            ("Energy so far", amount(row.energy_wh) if row.energy_wh is not None else ""),
        ]
        place: str = "Not placed" if overview.knows_plan else ""
        if row.spot:
            place = format_html('<a href="{}">{}</a>', overview.plan_url, row.spot)
        pairs.insert(1, ("Place", place))
    modem = device.cellular_modem if device else None
    if modem and modem.plan_end_date:
        pairs.append(
            ("Cellular plan until", f"{timezone.localtime(modem.plan_end_date):%-d %b %Y}")
        )
    return [{"label": label, "value": value} for label, value in pairs if value]


def _neighbours(overview: Overview, row: Row) -> dict[str, Any] | None:
    """This microinverter beside the others of its array: same sun, so about the same energy.

    Energy is of the whole life, which is all that the list tells; one that was put in later has
    less for a good reason. None without an array, or without others to compare with.
    """
    section = overview.section("micros")
    if row.spot is None or row.energy_wh is None or section is None:
        return None
    others = [
        other
        for other in section.rows
        if other is not row
        and other.spot
        and other.spot.array == row.spot.array
        and other.energy_wh is not None
    ]
    if not others:
        return None
    usual = median(other.energy_wh or 0 for other in others)
    part = row.energy_wh / usual if usual else None
    return {
        "array": row.spot.array,
        "count": len(others),
        "own": amount(row.energy_wh),
        "usual": amount(usual),
        "percent": None if part is None else round((part - 1) * 100),
        "is_low": part is not None and part < 0.85,
        "value": round(row.energy_wh),
        "max": round(max(row.energy_wh, usual)) or 1,
        "usual_value": round(usual),
    }
