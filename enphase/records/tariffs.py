"""Tariffs: what energy from and to the grid costs at what time.

A single rate, seasons, times of use, and the same again for what is fed in. Tiered rates cannot be
expressed in this API.
"""

import re
from typing import Annotated, Any

from enphase.records.base import (
    AsObject,
    Exact,
    Moment,
    Percent,
    Record,
    Switch,
    Texts,
    Whole,
    Word,
    object_of,
    objects_in,
    renamed,
)


class Period(Record):
    """A price from `start_minutes` after local midnight until the next period starts.

    `rate` is in the tariff's currency per kWh. `error` is filled in by Enphase.
    """

    id: Word = None
    start_minutes: Whole = None
    rate: Exact = None
    error: Any = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        return {**renamed(data, {"start": "start_minutes"}), "error": data.get("error") or None}


class DayGroup(Record):
    """Days of the week with the same prices: `days` of Sun, Mon, Tue, Wed, Thu, Fri, Sat.

    `must_charge_start` and `must_charge_duration` have no documented unit; minutes fit.
    """

    id: Word = None
    days: Texts = []
    must_charge_start: Whole = None
    must_charge_duration: Whole = None
    enable_charge_from_grid: Switch = None
    enable_discharge_to_grid: Switch = None
    periods: list[Period] = []
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        periods, unreadable = objects_in(data.get("periods"))
        days = data.get("days")
        if isinstance(days, str):
            days = [day.strip() for day in days.split(",") if day.strip()]
        return {**data, "days": days, "periods": periods, "unreadable": unreadable}


class Season(Record):
    """Prices from `start` ("3/1": month/day) until the next season starts.

    Charging from and discharging to the grid are allowed by day group or by season: both occur.
    """

    id: Word = None
    start: Word = None
    enable_charge_from_grid: Switch = None
    enable_discharge_to_grid: Switch = None
    days: list[DayGroup] = []
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        days, unreadable = objects_in(data.get("days"))
        return {**data, "days": days, "unreadable": unreadable}

    @property
    def start_month_day(self) -> tuple[int, int] | None:
        """(3, 1) for "3/1"; None for anything else."""
        match = re.fullmatch(r"\s*(\d{1,2})/(\d{1,2})\s*", self.start or "")
        if match is None:
            return None
        month, day = int(match[1]), int(match[2])
        return (month, day) if 1 <= month <= 12 and 1 <= day <= 31 else None


class SingleRate(Record):
    """One price for all times: `rate` for import, `sell` for feed-in, in currency per kWh."""

    rate: Exact = None
    sell: Exact = None


class StorageSettings(Record):
    """What the tariff says about the battery: `mode` such as backup, and the reserve."""

    mode: Word = None
    reserved_soc_percent: Percent = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        return renamed(data, {"reserved_soc": "reserved_soc_percent"})


class Tariff(Record):
    """A site's tariff. `currency` is an ISO 4217 code; prices are exact decimals.

    Seasons that are none stand in `unreadable`: do not write such a tariff back.
    """

    currency: Word = None
    single_rate: Annotated[SingleRate | None, AsObject] = None
    seasons: list[Season] = []
    seasons_sell: list[Season] = []
    storage_settings: Annotated[StorageSettings | None, AsObject] = None
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        """The currency comes as `currency` or `currency_type`, as object or as bare code."""
        seasons, strange = objects_in(data.get("seasons"))
        seasons_sell, strange_too = objects_in(data.get("seasons_sell"))
        currency = data.get("currency") or data.get("currency_type")
        return {
            **data,
            "currency": currency.get("code") if isinstance(currency, dict) else currency,
            "seasons": seasons,
            "seasons_sell": seasons_sell,
            "unreadable": [*strange, *strange_too],
        }

    def for_update(self) -> dict[str, Any]:
        """Return what was received in the form of a request, to be changed and sent.

        The currency under `currency`, flags where they were found, without Enphase's `error`s.
        """
        payload = {
            key: _without_errors(value)
            for key, value in self.raw.items()
            if key not in ("currency", "currency_type") and value is not None
        }
        if self.currency:
            payload["currency"] = {"code": self.currency}
        return payload


class TariffTask(Record):
    """The last change of a tariff: `status` pending until the gateway has it.

    What other words there are is documented nowhere.
    """

    status: Word = None
    created_at: Moment = None

    @property
    def is_pending(self) -> bool:
        return (self.status or "").strip().casefold() == "pending"

    @classmethod
    def of_update(cls, answer: Any) -> "TariffTask":
        """Read `{"task": {…}}`. ValueError without a task: then nothing was promised."""
        return cls.from_api(object_of(object_of(answer).get("task")))


class SystemTariff(Record):
    """A site's tariff, None if it has none, and the task of the last change, None without one."""

    tariff: Annotated[Tariff | None, AsObject] = None
    task: Annotated[TariffTask | None, AsObject] = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        if "tariff" not in data and "task" not in data:
            raise ValueError("neither a tariff nor a task")
        return data


def _without_errors(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_errors(item) for item in value]
    if isinstance(value, dict):
        return {key: _without_errors(item) for key, item in value.items() if key != "error"}
    return value
