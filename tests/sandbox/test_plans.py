"""What an application may ask depends on its plan."""

import pytest

from tests.sandbox.commissioning import NOT_YOURS
from tests.sandbox.conftest import World, started

SYSTEM = "/systems/703"
CHARGER = f"{SYSTEM}/ev_charger/202400000703"
# The smallest plan for an operation of each group.
OPERATIONS = {
    "watt": [
        ("GET", "/systems"),
        ("POST", "/systems/search"),
        ("GET", f"{SYSTEM}/devices"),
        ("GET", f"{SYSTEM}/telemetry/production_micro"),
        ("GET", f"{SYSTEM}/telemetry/battery"),
        ("GET", f"{SYSTEM}/consumption_lifetime"),
        ("GET", f"{CHARGER}/sessions"),
    ],
    "kilowatt": [
        ("GET", f"{SYSTEM}/devices/micros/482000070300/telemetry"),
        ("GET", f"{SYSTEM}/devices/encharges/122038000001/telemetry"),
        ("GET", f"{SYSTEM}/live_data"),
    ],
    "megawatt": [
        ("GET", "/systems/config/703/battery_settings"),
        ("PUT", "/systems/config/703/load_control"),
        ("GET", "/systems/config/703/grid_status"),
    ],
    "partner": [
        ("GET", "/partner/activations"),
        ("GET", "/partner/systems/703/arrays"),
        ("GET", "/systems/config/703/tariff"),
        ("PUT", "/users/3001"),
        ("POST", f"{CHARGER}/start_charging"),
    ],
}
PLANS = list(OPERATIONS)


@pytest.mark.parametrize("plan", PLANS)
def test_operations_outside_a_plan_are_refused(world, dana, plan):
    world.control("POST", "/limits", {"plan": plan, "per_minute": 1000})
    for least, operations in OPERATIONS.items():
        inside = PLANS.index(least) <= PLANS.index(plan)
        for method, path in operations:
            answer = dana.ask(method, path, stream=True)
            assert (answer.status_code not in (401, 403)) is inside, path
            if not inside:
                check_refusal(answer, path)
            answer.close()


def check_refusal(answer, path):
    """No text is published for this: it is refused like anything not authorized."""
    body = answer.json()
    if "/live_data" in path:
        assert (answer.status_code, body["error"]["status"]) == (403, "FORBIDDEN")
    elif "/ev_charger/" in path:
        assert (answer.status_code, body["code"]) == (403, "403")
    elif "/systems/" in path and "/partner/" not in path and "tariff" not in path:
        assert (answer.status_code, body["code"]) == (403, 403)
        assert body["details"] == "Not authorized to access this resource"
    else:
        assert (answer.status_code, body["message"]) == (401, [NOT_YOURS])


def test_a_refused_operation_is_a_hit_and_changes_nothing(world, dana):
    world.control("POST", "/limits", {"plan": "watt"})
    dana.delete("/partner/activations/702")
    ledger = world.ledger()
    assert ledger["hits"] == 1
    assert ledger["writes"][0]["executed"] is False


@pytest.mark.parametrize(
    ("plan", "title", "per_minute"),
    [("watt", "Watt", 10), ("kilowatt", "Kilowatt", 50), ("megawatt", "Megawatt", 100)],
)
def test_a_plan_brings_its_limits(world, dana, plan, title, per_minute):
    limits = world.control("POST", "/limits", {"plan": plan})
    assert limits["per_minute"] == per_minute
    assert limits["writes_per_month"] is None
    world.control("POST", "/limits", {"per_minute": 0})
    answer = dana.get("/systems")
    assert answer.status_code == 429
    assert answer.json()["details"] == f"Usage limit exceeded for plan {title}"


def test_plans_by_the_command_line_outlive_resets_and_restarts(tmp_path, session):
    path = str(tmp_path / "world.sqlite3")
    with started("--world", path) as (url, _):
        assert World(url, session).control("GET", "/limits")["plan"] == "partner"
    with started("--world", path, "--plan", "watt") as (url, _):
        world = World(url, session)
        assert world.control("GET", "/limits")["per_month"] == 1000
        world.reset()
        assert world.control("GET", "/limits")["plan"] == "watt"
        dana = world.person("dana@halcyon.example")
        assert dana.get("/systems").status_code == 200
        assert dana.get("/partner/activations").status_code == 401
