"""Enphase's catalogues into our tables: whole lists, once a day, written only where they differ."""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone

from activations.catalog.models import GridProfile, PvManufacturer, PvModel, Refresh
from companies.models import Company
from enphase import EnphaseError
from enphase.records import GridProfile as ProfileRecord
from enphase.records import PvModels
from portal.connections.services import (
    PAGE_TIMEOUTS,
    NeedsReconnect,
    client_for,
    sentence_for,
)

log = logging.getLogger(__name__)

REFRESH_EVERY = timedelta(hours=24)
RETRY_AFTER = timedelta(hours=1)
GRID_PROFILES = "grid_profiles"
PV_MANUFACTURERS = "pv_manufacturers"


def read_grid_profiles(company: Company) -> int:
    """Copy the profiles the company may use (1 hit); returns how many there are.

    Raises EnphaseError or NeedsReconnect; our copy then stays as it is.
    """
    with client_for(company.pk, lane="sync") as client:
        records = client.catalog.list_grid_profiles()
    _store(
        GridProfile,
        {"company_id": company.pk},
        {record.id: _profile(record) for record in records if len(record.id) <= 64},
    )
    return len(records)


def read_pv_manufacturers(company: Company) -> int:
    """Copy the makers of PV modules through the company's account (1 hit); they are everybody's."""
    with client_for(company.pk, lane="sync") as client:
        records = client.catalog.list_pv_manufacturers()
    wanted = {record.id: {"name": _clipped(record.name)} for record in records if record.name}
    # Makers that are named by sites stay, even when the list no longer has them.
    _store(PvManufacturer, {}, wanted, keep=True)
    return len(records)


def read_pv_models(manufacturer: PvManufacturer, company: Company) -> int:
    """Copy a maker's modules (1 hit), for somebody who waits: gives up after ten seconds."""
    with client_for(company.pk, lane="interactive", timeouts=PAGE_TIMEOUTS) as client:
        answer: PvModels = client.catalog.list_pv_models(manufacturer.enphase_id)
    wanted = {
        record.id: {"name": _clipped(record.name), "manufacturer_id": manufacturer.pk}
        for record in answer.models
        if record.name
    }
    _store(PvModel, {}, wanted, keep=True, among=Q(enphase_id__in=list(wanted)))
    PvManufacturer.objects.filter(pk=manufacturer.pk).update(models_at=timezone.now())
    return len(wanted)


@transaction.atomic
def _store(
    model: type[models.Model],
    owner: dict[str, Any],
    wanted: dict[Any, dict[str, Any]],
    *,
    keep: bool = False,
    among: Q | None = None,
) -> None:
    """Insert, update and (unless `keep`) delete rows until they are as `wanted` by Enphase's id."""
    rows: models.QuerySet[Any] = model._default_manager.filter(among or Q(), **owner)
    known = {row.enphase_id: row for row in rows}
    fresh = [
        model(enphase_id=key, **owner, **values)
        for key, values in wanted.items()
        if key not in known
    ]
    model._default_manager.bulk_create(fresh, batch_size=500, ignore_conflicts=True)
    for key, row in known.items():
        values = wanted.get(key)
        if values is None:
            if not keep:
                row.delete()
        elif any(getattr(row, name) != value for name, value in values.items()):
            rows.filter(pk=row.pk).update(**values)


def _profile(record: ProfileRecord) -> dict[str, Any]:
    return {
        "profile_id": _clipped(record.profile_id, 200),
        "name": _clipped(record.name) or record.id,
        "description": record.description or "",
        "version": _clipped(record.version, 40),
        "envoy_type": _clipped(record.envoy_type, 40),
        "countries": sorted(code.strip().upper() for code in record.countries),
        "states": sorted(code.strip().upper() for code in record.states),
        "suits_batteries": bool(record.ensemble_1_compatible),
    }


def _clipped(text: str | None, length: int = 255) -> str:
    return (text or "").replace("\x00", "").strip()[:length]


# ------------------------------------------------------------------ what is due


def refresh(company: Company, *, only_due: bool = True) -> list[str]:
    """Copy the company's catalogues that are a day old; returns a sentence for each problem.

    The makers are copied once for everybody, by whichever company comes first.
    """
    problems = []
    for catalogue, read in _CATALOGUES.items():
        last = _claim(company, catalogue, only_due=only_due)
        if last is None:
            continue
        try:
            read(company)
        except (EnphaseError, NeedsReconnect) as error:
            problem = sentence_for(error) if isinstance(error, EnphaseError) else str(error)
            Refresh.objects.filter(pk=last.pk).update(problem=problem[:300])
            log.warning(
                "Catalogue %s of company %s not read (%s)",
                catalogue,
                company.pk,
                type(error).__name__,
            )
            problems.append(f"{catalogue.replace('_', ' ')}: {problem}")
        else:
            Refresh.objects.filter(pk=last.pk).update(done_at=timezone.now(), problem="")
    return problems


_CATALOGUES: dict[str, Callable[[Company], int]] = {
    GRID_PROFILES: read_grid_profiles,
    PV_MANUFACTURERS: read_pv_manufacturers,
}


def _claim(company: Company, catalogue: str, *, only_due: bool) -> Refresh | None:
    """Become the one who copies it now, by a conditional UPDATE; None when it is not due."""
    now = timezone.now()
    fresh = Refresh.objects.filter(catalogue=catalogue, done_at__gt=now - REFRESH_EVERY)
    if only_due and catalogue == PV_MANUFACTURERS and fresh.exists():
        return None
    row, created = Refresh.objects.get_or_create(company=company, catalogue=catalogue)
    if created or not only_due:
        Refresh.objects.filter(pk=row.pk).update(tried_at=now)
        return row
    due = Refresh.objects.filter(
        Q(done_at=None) | Q(done_at__lt=now - REFRESH_EVERY),
        pk=row.pk,
        tried_at__lt=now - RETRY_AFTER,
    )
    return row if due.update(tried_at=now) else None


def companies_to_refresh() -> Iterable[Company]:
    """Connected companies, the longest unread first."""
    return Company.objects.tenants().filter(account__state="healthy").order_by(F("synced_at"), "pk")
