"""What the pages of one site share: finding it, its head, its tabs."""

from datetime import UTC, timedelta
from typing import Any

from django.db.models import Exists, OuterRef
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from activations import reads, references
from activations.models import Activation
from activations.snapshots.models import Snapshot
from activations.snapshots.sheets import sheet
from portal.operations import audit
from portal.operations.models import describe_event
from portal.ui.http import PortalRequest
from portal.ui.zones import COOKIE, zone_named

# key -> label and the name of its address; parts of a site are named, never imported.
TABS = [
    ("detail", "Readiness", "activations:detail"),
    ("site", "Site", "activations:site"),
    ("equipment", "Equipment", "activations:equipment"),
    ("devices", "Devices", "devices:list"),
    ("arrays", "Arrays", "arrays:plan"),
    ("meters", "Meters", "meters:list"),
    ("tariff", "Tariff", "tariffs:tariff"),
    ("estimate", "Estimate", "estimates:estimate"),
    ("ev", "EV", "evchargers:list"),
    ("people", "People", "activations:people"),
    ("modes", "Grid and modes", "activations:grid"),
    ("history", "History", "activations:history"),
]
# The pages behind "Grid and modes".
MODES = [
    ("grid", "Grid", "activations:grid"),
    ("production", "Production", "activations:production"),
    ("battery", "Battery", "controls:battery"),
    ("loads", "Load control", "controls:loads"),
]
# Tabs whose page is a form: nothing is swapped below somebody's hands there.
EDITED = {"site", "equipment", "grid", "people"}
# Does a list of devices, or the list of chargers, name an EV charger? Asked within the query that
# finds the site, so that no page takes one more.
HAS_CHARGER = Exists(
    Snapshot.objects.filter(
        activation=OuterRef("pk"),
        kind__in=("devices", "ev-chargers"),
        key="",
        payload__devices__ev_chargers__0__isnull=False,
    )
)

SUPPORT_SEEN = "support-seen"
SUPPORT_VISIT = timedelta(hours=1)

describe_event("support:opened-site", "Support looked at this site", "eye")


def find_site(request: PortalRequest, pk: int) -> Activation:
    """A site this person may see, or 404. From here on times are those of the site."""
    visible = Activation.objects.for_user(request.user).select_related("company", "branch")
    activation: Activation = get_object_or_404(visible.annotate(has_charger=HAS_CHARGER), pk=pk)
    _note_support(request, activation)
    if zone := zone_named(activation.timezone):
        timezone.activate(zone)
    return activation


def _note_support(request: PortalRequest, activation: Activation) -> None:
    """Support staff open a site of a company: the company can read it in the site's history.

    Once an hour for each site, so that a page that polls is one visit.
    """
    if request.access.role_in(activation.company_id) != "support":
        return
    seen: dict[str, float] = request.session.get(SUPPORT_SEEN, {})
    now = timezone.now()
    if now.timestamp() - seen.get(str(activation.pk), 0) < SUPPORT_VISIT.total_seconds():
        return
    audit.record(
        "support:opened-site",
        company=activation.company,
        activation=activation,
        actor=request.user,
        text=f"{request.user} looked at it",
    )
    recent = {key: at for key, at in seen.items() if now.timestamp() - at < 86_400}
    request.session[SUPPORT_SEEN] = {**recent, str(activation.pk): now.timestamp()}


def find_site_to_change(request: PortalRequest, pk: int) -> Activation:
    """A site this person may change; 403 when they may only look."""
    activation = find_site(request, pk)
    request.access.require_installer(activation.company_id)
    return activation


def may_change(request: PortalRequest, activation: Activation) -> bool:
    return request.access.role_in(activation.company_id) in ("admin", "installer")


def site_context(request: PortalRequest, activation: Activation, tab: str) -> dict[str, Any]:
    """For templates/activations/_site_head.html and everything below it.

    `tab` is a key of TABS or MODES, "" for a page that belongs to none.
    """
    modes = {key for key, _, _ in MODES}
    things = reads.things_of(activation)
    return {
        "activation": activation,
        "other_zone": _zone_to_name(request, activation),
        "reference": references.nice(activation.reference),
        "site_sheet": sheet(request, activation, things, editing=tab in EDITED),
        "may_change": may_change(request, activation),
        "may_administer": request.access.role_in(activation.company_id) == "admin",
        "tab": tab,
        "tabs": _tabs(TABS, activation, "modes" if tab in modes else tab),
        "subtabs": _tabs(MODES, activation, tab) if tab in modes else [],
    }


def _tabs(
    tabs: list[tuple[str, str, str]], activation: Activation, tab: str
) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "url": reverse(address, args=[activation.pk]),
            "is_on": key == tab,
            "count": None,
        }
        for key, label, address in tabs
        if key != "ev" or tab == "ev" or has_charger(activation)
    ]


def has_charger(activation: Activation) -> bool:
    """Does a copy of ours name an EV charger? Known of sites that `find_site` found."""
    return bool(getattr(activation, "has_charger", False))


def _zone_to_name(request: PortalRequest, activation: Activation) -> str:
    """The site's zone, when its clock is not the viewer's."""
    there = zone_named(activation.timezone)
    viewer = zone_named(request.COOKIES.get(COOKIE, "")) or UTC
    now = timezone.now()
    same = there is None or now.astimezone(there).utcoffset() == now.astimezone(viewer).utcoffset()
    return "" if same else activation.timezone
