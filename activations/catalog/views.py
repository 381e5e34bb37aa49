"""Look up grid profiles and PV modules."""

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.db.models import Max
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from activations.catalog import services, sync
from activations.catalog.models import GridProfile, PvManufacturer, PvModel, Refresh
from activations.search import fold, words_of
from companies.access import MAY_CHANGE
from enphase import EnphaseError
from portal.connections.services import NeedsReconnect, sentence_for
from portal.ui.http import PortalRequest

SHOWN = 200


@require_safe
def grid_profiles(request: PortalRequest) -> HttpResponse:
    """The company's profiles, by country, state, battery and words."""
    company = request.access.company
    country, state = (request.GET.get(name, "").strip()[:40] for name in ("country", "state"))
    query, battery = request.GET.get("q", "")[:120], request.GET.get("battery") == "yes"
    profiles = (
        services.grid_profiles_for(company, country, state, battery) if company is not None else []
    )
    everything = GridProfile.objects.for_user(request.user).filter(company=company)
    words = words_of(query)
    found = [
        profile
        for profile in profiles
        if all(
            word in fold(f"{profile.name} {profile.version} {profile.description} "
                         f"{profile.enphase_id} {profile.profile_id}")
            for word in words
        )
    ]  # fmt: skip
    places = list(everything.values_list("countries", "states"))
    context: dict[str, Any] = {
        "profiles": found[:SHOWN],
        "found": len(found),
        "q": query,
        "country": country,
        "state": state,
        "battery": battery,
        "chips": _chips(q=query, country=country, state=state, battery="yes" if battery else ""),
        "is_narrowed": bool(words or country or state or battery),
        "countries": sorted({code for countries, _ in places for code in countries}),
        "states": sorted({code for _, states in places for code in states}),
        "copied_at": _last(company, sync.GRID_PROFILES),
    }
    return render(request, "catalog/grid_profiles.html", context)


def _chips(**chosen: str) -> list[dict[str, str]]:
    """The filters that are set, each with the address that takes it away."""
    kept = {name: value for name, value in chosen.items() if value}
    return [
        {
            "label": "Fit for batteries" if name == "battery" else value,
            "url": "?" + urlencode({key: text for key, text in kept.items() if key != name}),
        }
        for name, value in kept.items()
        if name != "q"
    ]


@require_safe
def pv_modules(request: PortalRequest) -> HttpResponse:
    """Makers of PV modules, by name."""
    query = request.GET.get("q", "")[:120]
    words = words_of(query)
    makers = [
        maker
        for maker in services.pv_manufacturers()
        if all(word in fold(maker.name) for word in words)
    ]
    context = {
        "makers": makers[:SHOWN],
        "found": len(makers),
        "q": query,
        "is_narrowed": bool(words),
        "copied_at": _last(None, sync.PV_MANUFACTURERS),
    }
    return render(request, "catalog/pv_modules.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def pv_models(request: PortalRequest, enphase_id: int) -> HttpResponse:
    """One maker's modules; POST reads them from Enphase (1 hit)."""
    maker = get_object_or_404(PvManufacturer, enphase_id=enphase_id)
    company, problem = request.access.company, ""
    if request.method == "POST" and company is not None:
        request.access.require_installer(company.pk)
        try:
            sync.read_pv_models(maker, company)
        except NeedsReconnect as error:
            problem = str(error)
        except EnphaseError as error:
            problem = sentence_for(error)
        maker.refresh_from_db()
    context = {
        "maker": maker,
        "pv_models": PvModel.objects.filter(manufacturer=maker),
        "problem": problem,
        "may_read": company is not None and request.access.role_in(company.pk) in MAY_CHANGE,
    }
    return render(request, "catalog/pv_models.html", context, status=502 if problem else 200)


def _last(company: Any, catalogue: str) -> datetime | None:
    """When a catalogue was last copied; the makers are everybody's."""
    done = Refresh.objects.filter(catalogue=catalogue)
    if company is not None:
        done = done.filter(company=company)
    newest: datetime | None = done.aggregate(newest=Max("done_at"))["newest"]
    return newest
