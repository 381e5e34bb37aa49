"""Battery profile, storm guard, grid and dry contacts of a site."""

import json
from datetime import UTC, datetime, time
from typing import Any

import pytest

from enphase import OutcomeUnknown, Rejected
from enphase.records import BATTERY_MODES, BatterySettings, GridStatus, LoadControl, StormGuard
from tests.enphase.conftest import MakeCaller, Serve
from tests.enphase.wire import json_answer, saying

BATTERY = {
    "system_id": "1765",
    "battery_mode": "Self - Consumption",
    "reserve_soc": 95,
    "energy_independence": "enabled",
    "charge_from_grid": "disabled",
    "battery_shutdown_level": 13,
}
STORM = {"system_id": 1765, "storm_guard_status": "Enabled (Inactive)", "storm_alert": "false"}
CONTACT = {
    "name": "NC1",
    "load_name": "Downstairs A/C",
    "owner_can_override": "true",
    "mode": "Basic",
    "soc_low": 30,
    "soc_high": 50,
    "status": "enabled",
    "essential_start_time": 32400,
    "essential_end_time": "57600",
}
LOADS = {"system_id": 1765, "load_control_data": [CONTACT, None]}
CONFIG = "/api/v4/systems/config/1765"


def test_battery_settings(ask: Any) -> None:
    found, request = ask(lambda c: c.config.get_battery_settings(1765), BATTERY)
    assert (request.method, request.target) == ("GET", f"{CONFIG}/battery_settings")
    assert (found.system_id, found.profile) == (1765, "Self-consumption")
    assert (found.reserve_soc_percent, found.battery_shutdown_level_percent) == (95, 13)
    assert (found.energy_independence, found.charge_from_grid) == (True, False)
    assert found.raw == BATTERY


@pytest.mark.parametrize(
    ("given", "profile"),
    [
        ("Self - Consumption", "Self-consumption"),
        ("self-consumption", "Self-consumption"),
        ("SELF CONSUMPTION", "Self-consumption"),
        ("Savings Mode", "Savings Mode"),
        ("savings", "Savings Mode"),
        ("full backup", "Full Backup"),
        ("DR Event Active", "DR Event Active"),
        ("", None),
        (None, None),
    ],
)
def test_a_profile_is_spelled_in_many_ways(given: Any, profile: str | None) -> None:
    assert BatterySettings.from_api({"system_id": 1, "battery_mode": given}).profile == profile
    assert profile in (*BATTERY_MODES, "DR Event Active", None)


def test_battery_settings_are_changed_one_by_one(ask: Any) -> None:
    for sent in (
        {"battery_mode": "Self-consumption", "reserve_soc": 20, "energy_independence": "disabled"},
        {"reserve_soc": 0},
        {"battery_mode": "Full Backup"},
    ):
        found, request = ask(
            lambda c, sent=sent: c.config.update_battery_settings(1765, **sent), BATTERY
        )
        assert (request.method, request.target) == ("PUT", f"{CONFIG}/battery_settings")
        assert request.headers["content-type"] == "application/json"
        assert json.loads(request.body) == sent
        assert found.profile == "Self-consumption"


def test_storm_guard(ask: Any) -> None:
    found, request = ask(lambda c: c.config.get_storm_guard(1765), STORM)
    assert (request.method, request.target) == ("GET", f"{CONFIG}/storm_guard")
    assert (found.storm_guard_enabled, found.storm_alert) == (True, False)
    assert found.storm_guard_status == "Enabled (Inactive)"
    found, request = ask(
        lambda c: c.config.update_storm_guard(1765, "disabled"),
        {**STORM, "storm_guard_status": "disabled", "storm_alert": True},
    )
    assert (request.method, json.loads(request.body)) == ("PUT", {"storm_guard_status": "disabled"})
    assert (found.storm_guard_enabled, found.storm_alert) == (False, True)
    assert StormGuard.from_api({"system_id": 1}).storm_guard_enabled is None
    assert StormGuard.from_api({"system_id": 1, "storm_guard_status": "?"}).quarantined == (
        "storm_guard_enabled",
    )


@pytest.mark.parametrize(
    ("given", "on_grid"),
    [("On Grid", True), ("off grid", False), ("on_grid", True), ("Unknown", None), (None, None)],
)
def test_a_site_is_on_the_grid_or_not(ask: Any, given: Any, on_grid: bool | None) -> None:
    answer = {"system_id": 1765, "grid_state": given, "last_report_date": 1676029267}
    found, request = ask(lambda c: c.config.get_grid_status(1765), answer)
    assert request.target == f"{CONFIG}/grid_status"
    assert found.is_on_grid is on_grid
    assert found.last_report_date == datetime(2023, 2, 10, 11, 41, 7, tzinfo=UTC)
    assert GridStatus.from_api({"system_id": 1}).is_on_grid is None


def test_dry_contacts(ask: Any) -> None:
    found, request = ask(lambda c: c.config.get_load_control(1765), LOADS)
    assert (request.method, request.target) == ("GET", f"{CONFIG}/load_control")
    contact = found.contact("NC1")
    assert (contact.soc_low_percent, contact.soc_high_percent) == (30, 50)
    assert (contact.essential_start_seconds, contact.essential_end_seconds) == (32400, 57600)
    assert contact.owner_can_override is True
    assert contact.raw == CONTACT
    assert (found.contact("NC9"), found.unreadable) == (None, [None])
    with pytest.raises(ValueError):
        LoadControl.from_api({"system_id": 1})


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"mode": "Advanced_BatteryPowered", "soc_low": 30}, None),
        ({"mode": "Basic"}, None),
        (
            {
                "mode": "Scheduled",
                "essential_start_time": time(9),
                "essential_end_time": time(16, 0, 30),
            },
            {
                "mode": "Scheduled",
                "essential_start_time": 32400,
                "essential_end_time": 57630,
            },
        ),
        ({"essential_end_time": 86_400, "load_name": "A/C"}, None),
    ],
)
def test_one_dry_contact_is_changed(ask: Any, given: Any, sent: Any) -> None:
    found, request = ask(lambda c: c.config.update_load_control(1765, "NC1", **given), LOADS)
    assert (request.method, request.target) == ("PUT", f"{CONFIG}/load_control")
    assert json.loads(request.body) == {"name": "NC1", **(sent or given)}
    assert len(found.load_control_data) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.update_battery_settings(1765),
        lambda c: c.update_battery_settings(1765, battery_mode="self-consumption"),
        lambda c: c.update_battery_settings(1765, reserve_soc=101),
        lambda c: c.update_battery_settings(1765, reserve_soc=True),
        lambda c: c.update_battery_settings(1765, reserve_soc=20.5),
        lambda c: c.update_battery_settings(1765, energy_independence=True),
        lambda c: c.update_storm_guard(1765, "on"),
        lambda c: c.update_storm_guard(1765, None),
        lambda c: c.update_load_control(1765, "NC1"),
        lambda c: c.update_load_control(1765, "NC1", load_name="A/C"),
        lambda c: c.update_load_control(1765, " ", mode="Basic"),
        lambda c: c.update_load_control(1765, "NC1", mode="basic"),
        lambda c: c.update_load_control(1765, "NC1", mode="Advanced_BatteryPowered"),
        lambda c: c.update_load_control(1765, "NC1", soc_low=9),
        lambda c: c.update_load_control(1765, "NC1", essential_start_time=-1),
        lambda c: c.update_load_control(1765, "NC1", essential_end_time=86_401),
        lambda c: c.get_grid_status(0),
    ],
)
def test_what_cannot_be_meant_is_refused_here(caller: MakeCaller, serve: Serve, call: Any) -> None:
    server = serve(saying(json_answer(200, BATTERY)))
    with pytest.raises(ValueError):
        call(caller(server.url).client.config)
    assert server.connections == 0


def test_a_site_without_a_battery(ask: Any) -> None:
    body = {"message": "Unprocessable", "details": "System doesn't have encharges", "code": 422}
    with pytest.raises(Rejected, match="encharges"):
        ask(lambda c: c.config.get_battery_settings(1765), body, status=422)
    with pytest.raises(OutcomeUnknown):
        ask(lambda c: c.config.get_load_control(1765), {"load_control_data": []})
