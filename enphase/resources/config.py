"""Settings of a site: battery profile, storm guard, grid status, dry contacts."""

from datetime import time
from typing import Any, Literal, get_args

from enphase.records import BatterySettings, GridStatus, LoadControl, StormGuard
from enphase.resources.base import Resource

BatteryProfile = Literal["Savings Mode", "Self-consumption", "Full Backup"]
LoadMode = Literal[
    "Basic",
    "Scheduled",
    "Advanced_BatteryPowered",
    "Advanced_GeneratorPowered",
    "Manual_always_powered",
    "Manual_always_not_powered",
]
OnOff = Literal["enabled", "disabled"]


class Config(Resource):
    """`client.config`. Settings are absolute values: to send one again changes nothing more."""

    def get_battery_settings(self, system_id: int) -> BatterySettings:
        """Return the battery's profile, its reserve and shutdown level (%).

        `Rejected` 422 for a site without Encharges. Operation get_battery_settings.
        """
        return self._transport.call(
            "get_battery_settings", BatterySettings.from_api, path={"system_id": system_id}
        )

    def update_battery_settings(
        self,
        system_id: int,
        battery_mode: BatteryProfile | None = None,
        reserve_soc: int | None = None,
        energy_independence: OnOff | None = None,
    ) -> BatterySettings:
        """Change what is given, at least one; return the settings as Enphase has them now.

        `reserve_soc` is in percent and cannot be below the shutdown level. The mode is sent in the
        spelling Enphase wants; the answer spells it differently, compare `profile`. A change to
        Savings Mode may touch the tariff: read it again. `Rejected` 422 without Encharges.
        Operation update_battery_settings.
        """
        _one_of("battery_mode", battery_mode, BatteryProfile)
        _one_of("energy_independence", energy_independence, OnOff)
        _between("reserve_soc", reserve_soc, 0, 100)
        return self._transport.call(
            "update_battery_settings",
            BatterySettings.from_api,
            path={"system_id": system_id},
            body=_given(
                {
                    "battery_mode": battery_mode,
                    "reserve_soc": reserve_soc,
                    "energy_independence": energy_independence,
                }
            ),
        )

    def get_storm_guard(self, system_id: int) -> StormGuard:
        """Return whether the battery is filled before storms, and whether there is an alert.

        `Rejected` 422 for a site without Encharges. Operation get_storm_guard.
        """
        return self._transport.call(
            "get_storm_guard", StormGuard.from_api, path={"system_id": system_id}
        )

    def update_storm_guard(self, system_id: int, storm_guard_status: OnOff) -> StormGuard:
        """Switch storm guard; return it as Enphase has it now, such as "Enabled (Inactive)".

        `Rejected` 422 for a site without Encharges. Operation update_storm_guard.
        """
        _one_of("storm_guard_status", storm_guard_status, OnOff)
        return self._transport.call(
            "update_storm_guard",
            StormGuard.from_api,
            path={"system_id": system_id},
            body=_given({"storm_guard_status": storm_guard_status}),
        )

    def get_grid_status(self, system_id: int) -> GridStatus:
        """Return whether the site is connected to the grid, and when it said so.

        `Rejected` 422 before its first report. Operation get_grid_status.
        """
        return self._transport.call(
            "get_grid_status", GridStatus.from_api, path={"system_id": system_id}
        )

    def get_load_control(self, system_id: int) -> LoadControl:
        """Return all configured dry contacts. Operation get_load_control."""
        return self._transport.call(
            "get_load_control", LoadControl.from_api, path={"system_id": system_id}
        )

    def update_load_control(
        self,
        system_id: int,
        name: str,
        mode: LoadMode | None = None,
        soc_low: int | None = None,
        essential_start_time: time | int | None = None,
        essential_end_time: time | int | None = None,
        load_name: str | None = None,
    ) -> LoadControl:
        """Change one dry contact, named NC1 …; return all of them as Enphase has them now.

        `soc_low` (10-90 %) must be given for Advanced_BatteryPowered. Times of Scheduled are times
        of day where the site is, or seconds after its midnight. `load_name` identifies and cannot
        be changed. `Rejected` 422 says what is wrong. Operation update_load_control.
        """
        if not name.strip():
            raise ValueError("Say which dry contact, such as NC1.")
        _one_of("mode", mode, LoadMode)
        _between("soc_low", soc_low, 10, 90)
        if mode == "Advanced_BatteryPowered" and soc_low is None:
            raise ValueError("Advanced_BatteryPowered needs soc_low.")
        changes = _given(
            {
                "mode": mode,
                "soc_low": soc_low,
                "essential_start_time": _seconds("essential_start_time", essential_start_time),
                "essential_end_time": _seconds("essential_end_time", essential_end_time),
            }
        )
        if load_name is not None:
            changes["load_name"] = load_name
        return self._transport.call(
            "update_load_control",
            LoadControl.from_api,
            path={"system_id": system_id},
            body={"name": name, **changes},
        )


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    given = {name: value for name, value in fields.items() if value is not None}
    if not given:
        raise ValueError("Nothing to change.")
    return given


def _one_of(name: str, value: str | None, words: Any) -> None:
    """Enphase tells upper from lower case here. `words` is a Literal."""
    allowed = get_args(words)
    if value is not None and value not in allowed:
        raise ValueError(f"{name} is one of {', '.join(allowed)}.")


def _between(name: str, value: int | None, low: int, high: int) -> None:
    if value is not None and (type(value) is not int or not low <= value <= high):
        raise ValueError(f"{name} is a whole number between {low} and {high}.")


def _seconds(name: str, value: time | int | None) -> int | None:
    """Return seconds after midnight."""
    if isinstance(value, time):
        return value.hour * 3600 + value.minute * 60 + value.second
    _between(name, value, 0, 86_400)
    return value
