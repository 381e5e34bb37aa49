"""Choices from the catalogues, for forms and pages. Reads our copies."""

import logging
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


def grid_profiles_for(
    company: Company, country: str = "", state: str = "", needs_battery: bool = False
) -> list[GridProfile]:
    """Profiles that fit a site there, by name. A profile without states fits every state.

    `country` is an ISO code, `state` a two-letter code; empty means any. For a site with a battery
    only those that support one.
    """
    country, state = country.strip().upper(), state.strip().upper()
    profiles = GridProfile.objects.filter(company=company)
    if needs_battery:
        profiles = profiles.filter(suits_batteries=True)
    # Lists in JSON columns: databases differ in how to look into them, a few hundred rows do not
    # need them to.
    return [
        profile
        for profile in profiles
        if (not country or not profile.countries or country in profile.countries)
        and (not state or not profile.states or state in profile.states)
    ]


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
