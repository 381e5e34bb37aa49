"""What a site is set to: battery profile, storm guard, grid, dry contacts."""

from typing import Any

from enphase import statuses
from enphase.records.base import (
    Flag,
    Id,
    Moment,
    Percent,
    Record,
    Switch,
    Whole,
    Word,
    list_of,
    objects_in,
    renamed,
)

# Exactly as an update wants them; answers spell them in three ways.
BATTERY_MODES = ("Savings Mode", "Self-consumption", "Full Backup")


class BatterySettings(Record):
    """A site's battery profile. `battery_mode` is as received: compare `profile`.

    Percentages are of the battery's energy. `charge_from_grid` and the shutdown level can only be
    read. `energy_independence` matters in Savings Mode only.
    """

    system_id: Id
    battery_mode: Word = None
    reserve_soc_percent: Percent = None
    energy_independence: Switch = None
    charge_from_grid: Switch = None
    battery_shutdown_level_percent: Percent = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        return renamed(
            data,
            {
                "reserve_soc": "reserve_soc_percent",
                "battery_shutdown_level": "battery_shutdown_level_percent",
            },
        )

    @property
    def profile(self) -> str | None:
        """The mode as an update wants it, such as "Self-consumption"; an unknown one as it came."""
        return profile_of(self.battery_mode)


class StormGuard(Record):
    """Whether the battery is filled before a storm, and whether there is an alert now.

    `storm_guard_status` is as received, such as "Enabled (Inactive)".
    """

    system_id: Id
    storm_guard_status: Word = None
    storm_guard_enabled: Switch = None
    storm_alert: Flag = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "storm_guard_enabled": data.get("storm_guard_status")}


class GridStatus(Record):
    """Whether a site is connected to the grid, as of `last_report_date` (aware UTC).

    `grid_state` is On Grid, Off Grid or Unknown.
    """

    system_id: Id
    grid_state: Word = None
    last_report_date: Moment = None

    @property
    def is_on_grid(self) -> bool | None:
        """None if Enphase does not know either."""
        return {"on_grid": True, "off_grid": False}.get(statuses.key_of(self.grid_state or ""))


class DryContact(Record):
    """A switched load: `name` (NC1 …) says which, `load_name` what hangs on it.

    Percentages are of the battery's energy; times are seconds after midnight where the site is
    (32400 is 09:00).
    """

    name: Word = None
    load_name: Word = None
    owner_can_override: Flag = None
    mode: Word = None
    soc_low_percent: Percent = None
    soc_high_percent: Percent = None
    status: Word = None
    essential_start_seconds: Whole = None
    essential_end_seconds: Whole = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        return renamed(
            data,
            {
                "soc_low": "soc_low_percent",
                "soc_high": "soc_high_percent",
                "essential_start_time": "essential_start_seconds",
                "essential_end_time": "essential_end_seconds",
            },
        )


class LoadControl(Record):
    """All configured dry contacts of a site; [] if there are none."""

    system_id: Id
    load_control_data: list[DryContact] = []
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        contacts, unreadable = objects_in(list_of(data, "load_control_data"))
        return {**data, "load_control_data": contacts, "unreadable": unreadable}

    def contact(self, name: str) -> DryContact | None:
        """Return the contact of this name; None if it is not configured."""
        return next((row for row in self.load_control_data if row.name == name), None)


def profile_of(battery_mode: str | None) -> str | None:
    """Return a battery mode as an update wants it, whatever its case, spaces and hyphens."""
    if battery_mode is None:
        return None
    return _PROFILES.get(_folded(battery_mode), battery_mode)


def _folded(text: str) -> str:
    return "".join(text.casefold().replace("-", "").split())


_PROFILES = {_folded(mode): mode for mode in BATTERY_MODES} | {"savings": "Savings Mode"}
