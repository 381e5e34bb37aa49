"""Production of a site: telemetry, days, meter readings, revenue-grade meters."""

from datetime import date, datetime
from typing import Literal

from enphase.records import MeterReadings, ProductionLifetime, RgmStats, Telemetry
from enphase.resources.base import Resource, days_of, epoch, filters, start_of

Minutes5 = Literal["5mins", "15mins", "day", "week"]
Minutes15 = Literal["15mins", "day", "week"]

WEEK_SECONDS = 7 * 24 * 3600


class Production(Resource):
    """`client.production`. Telemetry starts at a moment or on a day of the site, not both.

    Without either: at midnight of today where the site is. It ends a granularity later, or now;
    to read on, move the start. At most 2 years back. A start after the last report gives no
    intervals; one in the future is `Rejected` 422.
    """

    def get_production_micro_telemetry(
        self,
        system_id: int,
        start_at: datetime | None = None,
        start_date: date | None = None,
        granularity: Minutes5 = "day",
    ) -> Telemetry:
        """Return 5-minute intervals of all microinverters: average W and Wh.

        15mins gives 3 of them, day 288. Operation get_production_micro_telemetry.
        """
        return self._transport.call(
            "get_production_micro_telemetry",
            Telemetry.from_api,
            path={"system_id": system_id},
            query=start_of(start_at, start_date, granularity),
        )

    def get_production_meter_telemetry(
        self,
        system_id: int,
        start_at: datetime | None = None,
        start_date: date | None = None,
        granularity: Minutes15 = "day",
    ) -> Telemetry:
        """Return 15-minute intervals of all production meters: Wh.

        15mins gives one of them, day 96, week 672. Operation get_production_meter_telemetry.
        """
        return self._transport.call(
            "get_production_meter_telemetry",
            Telemetry.from_api,
            path={"system_id": system_id},
            query=start_of(start_at, start_date, granularity, minutes=15),
        )

    def get_energy_lifetime(
        self,
        system_id: int,
        start_date: date | None = None,
        end_date: date | None = None,
        production: Literal["all"] | None = None,
    ) -> ProductionLifetime:
        """Return production by day (Wh) since the site runs, or between two days of the site.

        With `production="all"` also what microinverters and meters say apart. Ends yesterday by
        default. `Rejected` 422 for days that cannot be. Operation get_energy_lifetime.
        """
        if production not in (None, "all"):
            raise ValueError('production is "all" or not given: Enphase ignores other values.')
        return self._transport.call(
            "get_energy_lifetime",
            ProductionLifetime.from_api,
            path={"system_id": system_id},
            query={**days_of(start_date, end_date), **filters({"production": production})},
        )

    def get_production_meter_readings(
        self, system_id: int, end_at: datetime | None = None
    ) -> MeterReadings:
        """Return the last reading (Wh since installed) of each production meter up to `end_at`.

        Retired meters are among them. Now by default. Operation get_production_meter_readings.
        """
        return self._transport.call(
            "get_production_meter_readings",
            MeterReadings.from_api,
            path={"system_id": system_id},
            query={} if end_at is None else {"end_at": epoch("end_at", end_at)},
        )

    def get_rgm_stats(
        self, system_id: int, start_at: datetime | None = None, end_at: datetime | None = None
    ) -> RgmStats:
        """Return 15-minute intervals of revenue-grade meters: Wh of the site, Wh and W by meter.

        At most 7 days; both moments are rounded down to quarters of an hour. `TryLater` (a kind of
        `OutcomeUnknown`) when Enphase has the data, but not now. Operation get_rgm_stats.
        """
        if start_at and end_at:
            seconds = (end_at - start_at).total_seconds()
            if not 0 < seconds <= WEEK_SECONDS:
                raise ValueError("end_at must be after start_at, by 7 days at most.")
        moments = {"start_at": start_at, "end_at": end_at}
        return self._transport.call(
            "get_rgm_stats",
            RgmStats.from_api,
            path={"system_id": system_id},
            query={name: epoch(name, moment) for name, moment in moments.items() if moment},
        )
