"""Telemetry of one device: a microinverter, an AC battery, an IQ Battery (Encharge)."""

from datetime import date, datetime
from typing import Literal

from enphase.records import BatteryTelemetry, Telemetry
from enphase.resources.base import Resource, start_of


class Devices(Resource):
    """`client.devices`. The start is a moment or a day of the site, not both.

    Without either: at midnight of today where the site is. It ends a granularity later, or now.
    `Rejected` 404 for a device that is not this site's.
    """

    def get_micro_telemetry(
        self,
        system_id: int,
        serial_no: str,
        start_at: datetime | None = None,
        start_date: date | None = None,
        granularity: Literal["5mins", "15mins", "day", "week"] = "day",
    ) -> Telemetry:
        """Return 5-minute intervals of one microinverter: average W and Wh.

        15mins gives 3 of them, day 288. Operation get_micro_telemetry.
        """
        return self._transport.call(
            "get_micro_telemetry",
            Telemetry.from_api,
            path={"system_id": system_id, "serial_no": serial_no},
            query=start_of(start_at, start_date, granularity),
        )

    def get_acb_telemetry(
        self,
        system_id: int,
        serial_no: str,
        start_at: datetime | None = None,
        start_date: date | None = None,
        granularity: Literal["15mins", "day", "week"] = "day",
    ) -> BatteryTelemetry:
        """Return 15-minute intervals of one AC battery: Wh charged and discharged, % full.

        Gone from the documents of 2026: it may be refused with 404 or 501.
        Operation get_acb_telemetry.
        """
        return self._transport.call(
            "get_acb_telemetry",
            BatteryTelemetry.from_api,
            path={"system_id": system_id, "serial_no": serial_no},
            query=start_of(start_at, start_date, granularity, minutes=15),
        )

    def get_encharge_telemetry(
        self,
        system_id: int,
        serial_no: str,
        start_at: datetime | None = None,
        start_date: date | None = None,
        granularity: Literal["15mins", "day", "week"] = "day",
    ) -> BatteryTelemetry:
        """Return 15-minute intervals of one IQ Battery: Wh charged and discharged, % full.

        Operation get_encharge_telemetry.
        """
        return self._transport.call(
            "get_encharge_telemetry",
            BatteryTelemetry.from_api,
            path={"system_id": system_id, "serial_no": serial_no},
            query=start_of(start_at, start_date, granularity, minutes=15),
        )
