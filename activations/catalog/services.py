"""Choices from the catalogues, for forms and pages. Reads our copies."""

import logging
import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from activations.catalog import sync
from activations.catalog.models import GridProfile, PvManufacturer, PvModel
from companies.models import Company
from enphase import EnphaseError
from portal.connections.services import NeedsReconnect

log = logging.getLogger(__name__)

MODELS_LAST = timedelta(days=1)


@dataclass(frozen=True)
class Place:
    """What decides which grid profiles fit a site: ISO country, two-letter state, "" for any.

    `voltage` is a commercial site's voltage and phase ("480Y"), "" for all others.
    """

    country: str = ""
    state: str = ""
    needs_battery: bool = False
    voltage: str = ""


def why_unfit(profile: GridProfile, place: Place) -> str:
    """Why a profile is not offered there, as "for another country"; "" when it fits.

    A profile without countries or states fits all of them, one that names no voltage every one.
    """
    country, state = place.country.strip().upper(), place.state.strip().upper()
    if country and profile.countries and country not in profile.countries:
        return "for another country"
    if state and profile.states and state not in profile.states:
        return "for another state"
    if place.needs_battery and not profile.suits_batteries:
        return "not fit for batteries"
    volts = _volts(place.voltage)
    named = _volts(f"{profile.name} {profile.description}")
    if volts and named and not volts & named:
        return "for another voltage"
    return ""


_VOLTS = re.compile(r"\b(\d{3})\s?(?:V|Y|D|Δ|/)", re.IGNORECASE)


def _volts(text: str) -> set[str]:
    """The voltages that a text names: {"480"} for "480Y/277V" and the like."""
    return set(_VOLTS.findall(text))


@dataclass(frozen=True)
class Offer:
    """Grid profiles for one site: those that fit, the newest version first, and how many do not.

    `older` are versions that a fitting profile of the same name replaces.
    """

    place: Place
    fitting: list[GridProfile]
    older: list[GridProfile]
    left_out: dict[str, int]
    everything: dict[str, GridProfile]

    def newer_than(self, enphase_id: str) -> GridProfile | None:
        """The newest version of the same profile, when it is a newer one."""
        own = self.everything.get(enphase_id)
        if own is None:
            return None
        newest = next((one for one in self.fitting if one.name == own.name), None)
        return newest if newest and newest.order > own.order else None


def offer_of(company: Company, place: Place) -> Offer:
    """What to offer for a site there: profiles made for its state first, then by name."""
    newest_first = sorted(
        GridProfile.objects.filter(company=company), key=lambda one: one.order, reverse=True
    )
    profiles = sorted(newest_first, key=lambda one: (not one.states, one.name.casefold()))
    fitting: dict[str, GridProfile] = {}
    older, left_out = [], Counter[str]()
    for profile in profiles:
        if why := why_unfit(profile, place):
            left_out[why] += 1
        elif profile.name in fitting:
            older.append(profile)
        else:
            fitting[profile.name] = profile
    everything = {profile.enphase_id: profile for profile in profiles}
    return Offer(place, list(fitting.values()), older, dict(left_out.most_common()), everything)


def grid_profiles_for(
    company: Company, country: str = "", state: str = "", needs_battery: bool = False
) -> list[GridProfile]:
    """Profiles that fit a site there, by name and version. See `why_unfit`."""
    # Lists in JSON columns: databases differ in how to look into them, a few hundred rows do not
    # need them to.
    place = Place(country, state, needs_battery)
    profiles = GridProfile.objects.filter(company=company)
    return [profile for profile in profiles if not why_unfit(profile, place)]


def pv_manufacturers() -> QuerySet[PvManufacturer]:
    """Makers of PV modules, by name."""
    return PvManufacturer.objects.all()


def pv_models_of(
    manufacturer: PvManufacturer | int, *, company: Company | None = None
) -> QuerySet[PvModel]:
    """A maker's modules, by name; `manufacturer` may be Enphase's id of the maker.

    With a `company`, modules that we have never read, or not for a day, are read first through
    its account (1 hit, ten seconds at most). When that fails the copy we have is the answer.
    """
    if isinstance(manufacturer, int):
        found = PvManufacturer.objects.filter(enphase_id=manufacturer).first()
        if found is None:
            return PvModel.objects.none()
        manufacturer = found
    read_at: Any = manufacturer.models_at
    if company is not None and (read_at is None or read_at < timezone.now() - MODELS_LAST):
        try:
            sync.read_pv_models(manufacturer, company)
        except (EnphaseError, NeedsReconnect) as error:
            log.warning(
                "Modules of maker %s not read (%s)", manufacturer.enphase_id, type(error).__name__
            )
    return PvModel.objects.filter(manufacturer=manufacturer)
