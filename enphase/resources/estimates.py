"""Estimates: read, set and clear."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from enphase.records import Estimate
from enphase.resources.base import Resource

Amount = Decimal | float | str


class Estimates(Resource):
    """`client.estimates`."""

    def get_estimate(self, activation_id: int) -> Estimate:
        """Return the expected production in kWh by month and its loss in percent a year.

        `Rejected` 404 when there is no such site. Operation get_estimate.
        """
        return self._transport.call(
            "get_estimate", Estimate.from_api, path={"activation_id": activation_id}
        )

    def update_estimate(
        self, activation_id: int, degrade_factor: Amount, month_estimates: Sequence[Amount]
    ) -> Estimate:
        """Set the estimate: twelve amounts in kWh, January first, or [] to clear it.

        `degrade_factor` is in percent a year, 0 or more. Both travel as decimal text. ValueError
        for anything else, "1,234.5" included. `Rejected` 422 says what is wrong.
        Operation update_estimate.
        """
        degrade = _decimal(degrade_factor)
        months = [_decimal(amount) for amount in month_estimates]
        if degrade < 0:
            raise ValueError("The degrade factor must be 0 or more.")
        if len(months) not in (0, 12) or any(amount <= 0 for amount in months):
            raise ValueError("An estimate has twelve months, each above 0 kWh, or none.")
        return self._transport.call(
            "update_estimate",
            Estimate.from_api,
            path={"activation_id": activation_id},
            body={
                "degrade_factor": f"{degrade:f}",
                "month_estimates": [f"{amount:f}" for amount in months],
            },
        )


def _decimal(amount: Amount) -> Decimal:
    try:
        number = Decimal(str(amount))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(amount, bool) or not number.is_finite():
        raise ValueError("An estimate consists of plain numbers such as 3112.5.")
    return number
