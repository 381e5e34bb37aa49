"""Live data: what a site does at this second."""

from typing import Any

from enphase import statuses
from enphase.records.base import (
    Moment,
    Number,
    OptionalId,
    Percent,
    Record,
    Texts,
    Word,
    object_of,
    renamed,
)
from enphase.records.config import profile_of


class LiveFrame(Record):
    """Powers of a site in watts, at `at` (aware UTC).

    * `battery_power_w`: + discharges, − charges
    * `grid_power_w`: + is drawn from the grid, − is fed in
    * `battery_mode` may be "DR Event Active" during an event of the grid's operator: so it is
    * of several gateways only one is heard: `envoy_serial_numbers`
    """

    system_id: OptionalId = None
    envoy_serial_numbers: Texts = []
    at: Moment = None
    pv_power_w: Number = None
    consumption_power_w: Number = None
    battery_power_w: Number = None
    grid_power_w: Number = None
    generator_power_w: Number = None
    battery_soc_percent: Percent = None
    battery_mode: Word = None
    grid_status: Word = None
    type: Word = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        """The values stand in `data`, the time as epoch milliseconds, seconds, or text."""
        names = {
            "envoy_serial_number": "envoy_serial_numbers",
            "battery_soc": "battery_soc_percent",
        }
        for power in ("pv", "consumption", "battery", "grid", "generator"):
            names[f"{power}_power"] = f"{power}_power_w"
        around = {key: value for key, value in data.items() if key != "data"}
        moment = data.get("timestamp_epoch") or data.get("timestamp_utc")
        return {**around, **renamed(object_of(data.get("data")), names), "at": moment}

    @property
    def profile(self) -> str | None:
        """The battery's mode as an update of its settings wants it; others as they came."""
        return profile_of(self.battery_mode)

    @property
    def is_on_grid(self) -> bool | None:
        return {"on_grid": True, "off_grid": False}.get(statuses.key_of(self.grid_status or ""))
