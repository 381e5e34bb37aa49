"""Estimates: what a site is expected to produce in a year."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator

from enphase.records.base import Exact, Id, Record


def _months(value: Any) -> Any:
    return [] if value is None or value == "" else value


class Estimate(Record):
    """The expected production by month, January first, in kWh; [] if there is no estimate.

    `degrade_factor` is the loss in percent a year.
    """

    system_id: Id
    degrade_factor: Exact = None
    month_estimates: Annotated[list[Decimal], BeforeValidator(_months)] = []

    @property
    def month_estimates_wh(self) -> list[Decimal]:
        return [kilowatt_hours * 1000 for kilowatt_hours in self.month_estimates]
