"""What Enphase tells of a site's estimate, and what the site produced by day."""

import calendar
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from activations.snapshots.registry import Absent, snapshot
from enphase import Client, Rejected
from enphase.records import Estimate, ProductionLifetime

MONTH_NAMES = tuple(calendar.month_name[1:])


@snapshot(
    "estimate",
    title="Estimate",
    operation="get_estimate",
    parse=Estimate.from_api,
    page="estimates:estimate",
    writes=("estimate.update",),
)
def estimate(client: Client, activation: Any, key: str) -> Estimate:
    return client.estimates.get_estimate(activation.system_id)


@estimate.facts
def _estimate_facts(record: Estimate) -> dict[str, str]:
    return facts_of(record.month_estimates, record.degrade_factor)


@estimate.restore
def _restore_estimate(
    activation: Any, record: Estimate, *, actor: Any, token: UUID, reason: str
) -> Any:
    from activations.estimates import services

    return services.queue_estimate(
        activation,
        months=record.month_estimates,
        loss_percent=record.degrade_factor or Decimal(0),
        base=services.base_of(activation),
        actor=actor,
        token=token,
        reason=reason,
    )


def facts_of(months: Sequence[Decimal], loss_percent: Decimal | None) -> dict[str, str]:
    """An estimate in words: each month, the year, the loss. Without months it says so."""
    facts = {}
    if months:
        facts = {name: kwh_words(value) for name, value in zip(MONTH_NAMES, months, strict=True)}
        facts["Year"] = kwh_words(sum(months, Decimal(0)))
    else:
        facts["Year"] = "No estimate"
    facts["Yearly loss"] = f"{loss_percent.normalize():f}%" if loss_percent is not None else ""
    return facts


def kwh_words(value: Decimal | float) -> str:
    """ "1,234.5 kWh"."""
    return f"{Decimal(str(value)).quantize(Decimal('0.1')):,f}".removesuffix(".0") + " kWh"


@snapshot(
    "energy-lifetime",
    title="Produced energy",
    operation="get_energy_lifetime",
    parse=ProductionLifetime.from_api,
    # A day more is all that comes in a day.
    max_age=timedelta(hours=24),
    page="estimates:estimate",
)
def energy_lifetime(client: Client, activation: Any, key: str) -> ProductionLifetime:
    try:
        return client.production.get_energy_lifetime(activation.system_id)
    except Rejected as error:
        if error.status == 422:
            # Nothing between the first report and yesterday.
            raise Absent("This site has not produced for a whole day yet.") from error
        raise
