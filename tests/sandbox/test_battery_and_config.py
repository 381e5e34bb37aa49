import pytest

from tests.sandbox import commissioning
from tests.sandbox.commissioning import mistakes
from tests.sandbox.monitoring import refused, stands_apart

MODE = "/activations/703/battery_mode"
CONFIG = "/systems/config/703"
NO_BATTERY = "/systems/config/701"


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_refusals_of_battery_mode(world, dana, method):
    commissioning.stands_apart(world, dana, method, "/activations/{}/battery_mode", windowed=False)


@pytest.mark.parametrize("name", ["battery_settings", "storm_guard", "load_control"])
@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_refusals_of_settings(world, dana, method, name):
    stands_apart(world, dana, method, f"/systems/config/{{}}/{name}")


def test_refusals_of_grid_status(world, dana):
    stands_apart(world, dana, "GET", "/systems/config/{}/grid_status")


def test_battery_mode_follows_the_activation_and_is_set(dana):
    # 703 is Export Only: it may discharge to the grid.
    assert dana.get(MODE).json() == {"CFG_allowed": False, "DTG_allowed": True}
    wanted = {"CFG_allowed": True, "DTG_allowed": False}
    assert dana.put(MODE, wanted).json() == {"message": "Battery mode updated successfully"}
    assert dana.get(MODE).json() == wanted
    assert dana.get(f"{CONFIG}/battery_settings").json()["charge_from_grid"] == "enabled"


def test_battery_mode_needs_a_battery(dana):
    text = (
        "This is a PV only site. Battery mode can only be {} for sites with Enphase battery systems"
    )
    path = "/activations/701/battery_mode"
    assert mistakes(dana.get(path)) == [text.format("fetched")]
    answer = dana.put(path, {"CFG_allowed": True, "DTG_allowed": True})
    assert mistakes(answer) == [text.format("updated")]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"CFG_allowed": True}, "DTG_allowed is missing"),
        ({"DTG_allowed": True}, "CFG_allowed is missing"),
        ({"CFG_allowed": "true", "DTG_allowed": True}, "CFG_allowed must be true or false"),
        (None, "CFG_allowed is missing"),
    ],
)
def test_battery_mode_is_two_booleans(dana, body, text):
    assert mistakes(dana.put(MODE, body)) == [text]


def test_a_profile_has_three_spellings(dana):
    path = f"{CONFIG}/battery_settings"
    shown = dana.get(path).json()
    assert shown == {
        "system_id": 703,
        "battery_mode": "Self - Consumption",
        "reserve_soc": 20,
        "energy_independence": "disabled",
        "charge_from_grid": "disabled",
        "battery_shutdown_level": 5,
    }
    answer = dana.put(path, {"battery_mode": "Self-consumption", "reserve_soc": 45})
    assert answer.json() == {**shown, "battery_mode": "self-consumption", "reserve_soc": 45}
    assert dana.get(path).json() == {**shown, "reserve_soc": 45}
    dana.put(path, {"battery_mode": "Savings Mode", "energy_independence": "enabled"})
    now = dana.get(path).json()
    assert (now["battery_mode"], now["energy_independence"]) == ("Savings Mode", "enabled")
    assert now["reserve_soc"] == 45


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (
            {"battery_mode": "self-consumption"},
            "battery_mode must be Savings Mode, Self-consumption, Full Backup",
        ),
        ({"reserve_soc": 4}, "reserve_soc cannot be less than vls"),
        ({"reserve_soc": 101}, "reserve_soc cannot be more than 100"),
        ({"reserve_soc": "30"}, "reserve_soc must be an integer"),
        ({"energy_independence": True}, "energy_independence must be enabled or disabled"),
        ([], "Battery settings are missing at Json body location"),
    ],
)
def test_what_settings_may_not_be(dana, body, text):
    refused(dana.put(f"{CONFIG}/battery_settings", body), 422, text)


@pytest.mark.parametrize("name", ["battery_settings", "storm_guard"])
def test_settings_need_a_battery(dana, name):
    refused(dana.get(f"{NO_BATTERY}/{name}"), 422, "System doesn't have encharges")
    refused(dana.put(f"{NO_BATTERY}/{name}", {}), 422, "System doesn't have encharge")


def test_storm_guard_answers_differently_than_it_reads(dana):
    path = f"{CONFIG}/storm_guard"
    before = {"system_id": 703, "storm_guard_status": "disabled", "storm_alert": "false"}
    assert dana.get(path).json() == before
    answer = dana.put(path, {"storm_guard_status": "enabled"}).json()
    assert answer["storm_guard_status"] == "Enabled (Inactive)"
    assert dana.get(path).json() == {**before, "storm_guard_status": "enabled"}
    for body in ({}, {"storm_guard_status": True}, None):
        refused(dana.put(path, body), 422, "storm_guard_status must be enabled or disabled")


def test_grid_status(world, dana, nina):
    shown = dana.get(f"{CONFIG}/grid_status").json()
    assert shown["grid_state"] == "On Grid"
    now = world.control("GET", "/clock")["epoch"]
    assert now - 600 < shown["last_report_date"] <= now
    world.patch(703, status="off_grid")
    assert dana.get(f"{CONFIG}/grid_status").json()["grid_state"] == "Off Grid"
    assert nina.get("/systems/config/901/grid_status").json()["grid_state"] == "Unknown"
    text = "grid_state not available as the site has not reported yet"
    refused(dana.get("/systems/config/704/grid_status"), 422, text)


def test_loads_need_a_system_controller(dana):
    path = f"{NO_BATTERY}/load_control"
    assert dana.get(path).json() == {"system_id": 701, "load_control_data": []}
    refused(dana.put(path, {"name": "NC1"}), 422, "Dry contact NC1 is not configured")


def test_one_contact_is_changed_and_all_are_answered(dana):
    path = f"{CONFIG}/load_control"
    first, second = dana.get(path).json()["load_control_data"]
    change = {"name": "NC1", "mode": "Advanced_BatteryPowered", "soc_low": 40, "load_name": "X"}
    answer = dana.put(path, change).json()
    changed = {**first, "mode": "Advanced_BatteryPowered", "soc_low": 40, "soc_high": 60}
    assert answer == {"system_id": 703, "load_control_data": [changed, second]}
    assert dana.get(path).json() == answer
    times = {"essential_start_time": 3600, "essential_end_time": 7200}
    answer = dana.put(path, {"name": "NC2", "mode": "Scheduled", **times}).json()
    assert answer["load_control_data"][1] == {**second, "mode": "Scheduled", **times}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "name is mandatory"),
        ({"name": "NC9"}, "Dry contact NC9 is not configured"),
        (
            {"name": "NC1", "mode": "Advanced_BatteryPowered"},
            "soc_low is mandatory for Advanced_BatteryPowered mode",
        ),
        (
            {"name": "NC1", "mode": "Scheduled", "essential_start_time": 1},
            "essential_end_time is mandatory for Scheduled mode",
        ),
        ({"name": "NC1", "soc_low": 9}, "soc_low must be between 10 and 90"),
        ({"name": "NC1", "soc_low": "20"}, "soc_low must be an integer"),
        (
            {"name": "NC1", "essential_start_time": 90000},
            "essential_start_time must be between 0 and 86400",
        ),
        (
            {"name": "NC1", "mode": "basic"},
            "mode must be Scheduled, Basic, Advanced_BatteryPowered, Manual_always_not_powered,"
            " Manual_always_powered, Advanced_GeneratorPowered",
        ),
    ],
)
def test_what_a_contact_may_not_be(dana, body, text):
    refused(dana.put(f"{CONFIG}/load_control", body), 422, text)
