"""Consumption of a site, its batteries, and what it draws from and feeds into the grid."""

from datetime import date, datetime
from typing import Literal

from enphase.records import (
    BatteryLifetime,
    BatteryTelemetry,
    EnergyLifetime,
    LatestTelemetry,
    Telemetry,
)
from enphase.resources.base import Resource, days_of, start_of

Granularity = Literal["15mins", "day", "week"]


class Consumption(Resource):
    """`client.consumption`. Telemetry starts at a moment or on a day of the site, not both.

    Without either: at midnight of today where the site is. It ends a granularity later, or now;
    to read on, move the start. At most 2 years back. A start after the last report gives no
    intervals; one in the future is `Rejected` 422. Days end yesterday by default.
    """

    def get_consumption_meter_telemetry(
        self,
        system_id: int,
        start_at: datetime | None = None,
        start_date: date | None = None,
        granularity: Granularity = "day",
    ) -> Telemetry:
        """Return 15-minute intervals of what was consumed: Wh. 15mins gives one, day 96, week 672.

        Operation get_consumption_meter_telemetry.
        """
        return self._transport.call(
            "get_consumption_meter_telemetry",
            Telemetry.from_api,
            path={"system_id": system_id},
            query=start_of(start_at, start_date, granularity, minutes=15),
        )

    def get_battery_telemetry(
        self,
        system_id: int,
        start_at: datetime | None = None,
        start_date: date | None = None,
        granularity: Granularity = "day",
    ) -> BatteryTelemetry:
        """Return 15-minute intervals of all batteries: Wh charged and discharged, % full.

        15mins gives one, day 96, week 672. Operation get_battery_telemetry.
        """
        return self._transport.call(
            "get_battery_telemetry",
            BatteryTelemetry.from_api,
            path={"system_id": system_id},
            query=start_of(start_at, start_date, granularity, minutes=15),
        )

    def get_energy_import_telemetry(
        self,
        system_id: int,
        start_at: datetime | None = None,
        start_date: date | None = None,
        granularity: Granularity = "day",
    ) -> Telemetry:
        """Return 15-minute intervals of what came from the grid: Wh. 15mins gives one, day 96.

        What week gives is not written anywhere. Operation get_energy_import_telemetry.
        """
        return self._transport.call(
            "get_energy_import_telemetry",
            Telemetry.from_api,
            path={"system_id": system_id},
            query=start_of(start_at, start_date, granularity, minutes=15),
        )

    def get_energy_export_telemetry(
        self,
        system_id: int,
        start_at: datetime | None = None,
        start_date: date | None = None,
        granularity: Granularity = "day",
    ) -> Telemetry:
        """Return 15-minute intervals of what went to the grid: Wh. 15mins gives one, day 96.

        What week gives is not written anywhere. Operation get_energy_export_telemetry.
        """
        return self._transport.call(
            "get_energy_export_telemetry",
            Telemetry.from_api,
            path={"system_id": system_id},
            query=start_of(start_at, start_date, granularity, minutes=15),
        )

    def get_consumption_lifetime(
        self, system_id: int, start_date: date | None = None, end_date: date | None = None
    ) -> EnergyLifetime:
        """Return consumption by day (Wh); it takes a consumption meter.

        `Rejected` 422 for a day in the future. Operation get_consumption_lifetime.
        """
        return self._transport.call(
            "get_consumption_lifetime",
            EnergyLifetime.from_api,
            path={"system_id": system_id},
            query=days_of(start_date, end_date),
        )

    def get_battery_lifetime(
        self, system_id: int, start_date: date | None = None, end_date: date | None = None
    ) -> BatteryLifetime:
        """Return what the batteries took and gave by day (Wh). Operation get_battery_lifetime."""
        return self._transport.call(
            "get_battery_lifetime",
            BatteryLifetime.from_api,
            path={"system_id": system_id},
            query=days_of(start_date, end_date),
        )

    def get_energy_import_lifetime(
        self, system_id: int, start_date: date | None = None, end_date: date | None = None
    ) -> EnergyLifetime:
        """Return what came from the grid by day (Wh). Operation get_energy_import_lifetime."""
        return self._transport.call(
            "get_energy_import_lifetime",
            EnergyLifetime.from_api,
            path={"system_id": system_id},
            query=days_of(start_date, end_date),
        )

    def get_energy_export_lifetime(
        self, system_id: int, start_date: date | None = None, end_date: date | None = None
    ) -> EnergyLifetime:
        """Return what went to the grid by day (Wh). Operation get_energy_export_lifetime."""
        return self._transport.call(
            "get_energy_export_lifetime",
            EnergyLifetime.from_api,
            path={"system_id": system_id},
            query=days_of(start_date, end_date),
        )

    def get_latest_telemetry(self, system_id: int) -> LatestTelemetry:
        """Return the newest power (W) of meters and batteries, and the mode of other devices.

        Values older than 7 days are None. Operation get_latest_telemetry.
        """
        return self._transport.call(
            "get_latest_telemetry", LatestTelemetry.from_api, path={"system_id": system_id}
        )
