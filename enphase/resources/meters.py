"""Meters: read one, date it, switch it on and off."""

from datetime import date
from typing import Literal

from enphase.records import Meter
from enphase.records.base import message_of
from enphase.resources.base import Resource, iso_day


class Meters(Resource):
    """`client.meters`. Serials are text: they can have letters at their end."""

    def get_meter(self, system_id: int, serial_number: str) -> Meter:
        """Return a meter. `Rejected` 404 "Meter not found", 401 when the site is not ours.

        Operation get_meter.
        """
        return self._transport.call(
            "get_meter",
            Meter.from_api,
            path={"system_id": system_id, "serial_number": serial_number},
        )

    def update_meter(self, system_id: int, serial_number: str, operational_date: date) -> Meter:
        """Set the day from which on a meter counts; it travels in the URL, without a body.

        Returns five of the meter's fields. Gone from the documents of 2026: it may be refused with
        404, 405 or 501. Operation update_meter.
        """
        return self._transport.call(
            "update_meter",
            Meter.from_api,
            path={"system_id": system_id, "serial_number": serial_number},
            query={"operational_date": iso_day("operational_date", operational_date)},
        )

    def control_meter(
        self, activation_id: int, serial_number: str, status: Literal["enabled", "disabled"]
    ) -> str:
        """Ask the gateway to enable or disable a meter; return Enphase's acknowledgement.

        The request's `status` changes the meter's `state`. Only a task was queued: read
        `get_meter` until the state is as asked. Operation control_meter.
        """
        if status not in ("enabled", "disabled"):
            raise ValueError('A meter is "enabled" or "disabled".')
        return self._transport.call(
            "control_meter",
            message_of,
            path={"activation_id": activation_id, "serial_number": serial_number},
            body={"status": status},
        )
