import pytest

from tests.sandbox.test_create_activation import errors


def path(system_id):
    return f"/activations/{system_id}/ops/production_mode"


def slow(world, seconds=20):
    world.control("POST", "/limits", {"production_seconds": seconds})


def test_microinverters_come_up_one_by_one(world, dana):
    slow(world, 1000)
    answer = dana.post(path(701), {"mode": "on"})
    assert answer.json() == {"message": "Production mode Task sent to envoy Successfully"}
    shown = dana.get(path(701)).json()
    assert shown == {"mode": "off", "total_micros": 24, "energy_producing_micros": 0}
    world.advance(751)
    assert dana.get(path(701)).json() == {
        "mode": "on",
        "total_micros": 24,
        "energy_producing_micros": 18,
    }
    world.advance(250)
    assert dana.get(path(701)).json()["energy_producing_micros"] == 24
    assert dana.get("/partner/activations/701").json()["production_mode"] == "on"


def test_switching_off_counts_down(world, dana):
    slow(world, 1000)
    dana.post(path(703), {"mode": "off"})
    world.advance(501)
    assert dana.get(path(703)).json()["energy_producing_micros"] == 9
    world.advance(500)
    assert dana.get(path(703)).json() == {
        "mode": "off",
        "total_micros": 18,
        "energy_producing_micros": 0,
    }


@pytest.mark.parametrize(
    "request_of",
    [
        {"json": {"mode": "on"}},
        {"json": {"production_mode": {"mode": "on"}}},
        {"data": {"mode": "on"}},
        {"data": {"production_mode": '{"mode": "on"}'}},
    ],
)
def test_every_way_to_write_it(dana, request_of):
    assert dana.ask("POST", path(701), **request_of).status_code == 200


@pytest.mark.parametrize("body", [None, {}, {"mode": True}, {"mode": "On"}, []])
def test_modes_are_on_and_off(dana, body):
    text = ["Invalid mode, expected mode is 'on' or 'off'"]
    assert errors(dana.post(path(701), body)) == text


@pytest.mark.parametrize(
    ("system_id", "text"),
    [
        (702, "No active Envoys present in the site"),
        (706, "No active Envoys present in the site"),
        (704, "System not yet communicated"),
    ],
)
def test_sites_that_cannot_be_switched(dana, system_id, text):
    assert dana.post(path(system_id), {"mode": "on"}).json() == {"errorMessages": [text]}
    assert dana.get(path(system_id)).json() == {"errorMessages": [text]}


def test_a_silent_gateway_obeys_when_it_is_back(world, nina):
    assert nina.post(path(901), {"mode": "on"}).status_code == 200
    world.advance(3600)
    assert nina.get(path(901)).json()["energy_producing_micros"] == 0
    world.patch(901, gateway="reporting")
    world.advance(60)
    assert nina.get(path(901)).json() == {
        "mode": "on",
        "total_micros": 10,
        "energy_producing_micros": 10,
    }


def test_silent_microinverters_never_produce(world):
    owen = world.person("owen@southerncross.example")
    owen.post(path(951), {"mode": "off"})
    world.advance(60)
    owen.post(path(951), {"mode": "on"})
    world.advance(60)
    assert owen.get(path(951)).json()["energy_producing_micros"] == 20


def test_foreign_and_unknown(dana):
    assert dana.post(path(801), {"mode": "on"}).status_code == 401
    assert dana.get(path(5)).json() == {"reason": "404", "message": ["System not found"]}


def test_a_new_site_reports_after_a_while_and_can_be_switched_on(world, dana):
    world.control("POST", "/limits", {"gateway_reports_seconds": 45})
    new = {
        "owner_id": 3001,
        "envoy_serial_numbers": ["202355500001"],
        "expected_pcu_count": 20,
        "operational": False,
    }
    system_id = dana.create(**new).json()["system_id"]
    world.advance(40)
    assert dana.get(f"/partner/activations/{system_id}").json()["stage"] == 2
    world.advance(10)
    assert dana.get(f"/partner/activations/{system_id}").json()["stage"] == 3
    shown = dana.get(path(system_id)).json()
    assert shown == {"mode": "off", "total_micros": 20, "energy_producing_micros": 0}
    assert dana.post(path(system_id), {"mode": "on"}).status_code == 200


def test_a_test_can_move_a_site(world, dana):
    moved = world.patch(704, stage=3, status="Microinverters Not Reporting", microinverters=9)
    assert (moved["stage"], moved["status"], moved["micros_total"]) == (3, "micro", 9)
    assert dana.post(path(704), {"mode": "on"}).status_code == 200
