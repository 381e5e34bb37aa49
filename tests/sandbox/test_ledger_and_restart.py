import json
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests
from urllib3.util import parse_url

from tests.sandbox.conftest import Person, World, started


def test_every_hit_is_counted_once(world, dana):
    dana.get("/partner/activations")
    dana.get("/partner/activations")
    dana.get("/partner/activations/801")
    dana.ask("PATCH", "/partner/activations")
    dana.delete("/partner/activations/702")
    ledger = world.ledger()
    assert ledger["hits"] == 5
    assert ledger["by_operation"] == {
        "list_activations": 2,
        "get_activation": 1,
        "unknown": 1,
        "delete_activation": 1,
    }
    assert ledger["by_status"] == {"200": 3, "401": 1, "405": 1}


def test_no_key_and_no_password_lies_in_the_ledger(world, dana):
    dana.ask("GET", "/partner/activations", headers={"key": None}, params={"key": "sandbox-key"})
    assert "sandbox-key" not in json.dumps(world.ledger())


def test_writes_can_be_asked_for_from_a_number_on(world, dana):
    dana.create(reference="ONE1")
    first = world.ledger()["writes"][0]["id"]
    dana.create(reference="TWO2")
    later = world.control("GET", f"/ledger?since={first}")["writes"]
    assert [write["reference"] for write in later] == ["TWO2"]


def test_20_creates_at_once(world):
    token = world.person("dana@halcyon.example").token

    def create(number):
        with requests.Session() as session:
            return Person(world.url, session, token).create(reference=f"RUSH{number}")

    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(create, range(20)))
    assert {answer.status_code for answer in answers} == {201}
    ids = sorted(answer.json()["system_id"] for answer in answers)
    assert ids == list(range(9001, 9021))
    ledger = world.ledger()
    assert (ledger["creates"], ledger["hits"]) == (20, 20)
    assert sorted(write["subject"] for write in ledger["writes"]) == ids
    assert ledger["costs"]["total_cents"] == 4000


def test_60_open_connections(world, dana):
    address = parse_url(world.url)
    idle = [socket.create_connection((address.host, address.port), timeout=5) for _ in range(60)]
    try:
        assert dana.get("/partner/users/self").status_code == 200
    finally:
        for connection in idle:
            connection.close()


def test_a_connection_is_kept_and_answers_in_order(world, dana):
    address = parse_url(world.url)
    head = "Host: x\r\nkey: sandbox-key\r\n"
    head += f"Authorization: Bearer {dana.token['access_token']}\r\n\r\n"
    with socket.create_connection((address.host, address.port), timeout=5) as raw:
        for path, status in (("/partner/users/self", b"200"), ("/nowhere", b"404")):
            raw.sendall(f"GET /api/v4{path} HTTP/1.1\r\n{head}".encode())
            assert raw.recv(65_536).startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_everything_survives_a_restart(tmp_path: Path, how: signal.Signals) -> None:
    file = str(tmp_path / "world.sqlite3")
    with requests.Session() as session:
        with started("--world", file) as (url, process):
            world = World(url, session)
            world.reset()
            dana = world.person("dana@halcyon.example")
            dana.create(reference="KEPT1")
            world.fault("create_activation", "late_commit", seconds=3600)
            dana.create(reference="LATE1")
            world.advance(1800)
            process.send_signal(how)
            process.wait(10)
            before = (dana.token, 2)
        with started("--world", file) as (url, _process):
            world = World(url, session)
            dana = Person(url, session, before[0])
            rows = dana.get("/partner/activations").json()["systems"]
            assert rows[-1]["reference"] == "KEPT1"
            assert len(world.ledger()["writes"]) == before[1]
            assert 1790 < world.control("GET", "/clock")["ahead_seconds"] < 1900
            world.advance(1801)
            assert world.ledger()["creates"] == 2
            assert dana.create(reference="NEXT1").json()["system_id"] == 9003


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_while_a_reply_is_held(how: signal.Signals) -> None:
    with requests.Session() as session, started() as (url, process):
        world = World(url, session)
        dana = world.person("dana@halcyon.example")
        world.fault("list_activations", "silence", seconds=600)
        with pytest.raises(requests.ReadTimeout):
            dana.ask("GET", "/partner/activations", timeout=0.2)
        process.send_signal(how)
        assert process.wait(10) == 0
        assert process.stdout is not None
        assert process.stdout.read() == "", "one line, no more"


def test_a_reset_forgets_all_but_the_tokens(world, dana):
    dana.create()
    world.fault("*", "status", times=None)
    world.advance(86_000)
    world.reset()
    assert world.ledger()["hits"] == 0
    assert world.control("GET", "/faults") == {"faults": []}
    assert abs(world.control("GET", "/clock")["ahead_seconds"]) < 1
    assert len(dana.get("/partner/activations").json()["systems"]) == 6
    world.reset(revoke_tokens=True)
    assert dana.get("/partner/activations").status_code == 401


def test_the_clock_can_be_set(world):
    world.control("POST", "/clock", {"at": "2027-01-31T12:00:00+01:00"})
    assert world.control("GET", "/clock")["now"].startswith("2027-01-31T11:00:0")
    world.control("POST", "/clock", {"reset": True})
    assert abs(world.control("GET", "/clock")["ahead_seconds"]) < 1


def test_control_says_what_is_wrong(world, session):
    for path, body in (("clock", {}), ("clock", {"at": "noon"}), ("reset", {"world": "moon"})):
        answer = session.post(f"{world.url}/_sandbox/{path}", json=body)
        assert answer.status_code == 400
        assert answer.json()["error"]
    assert session.get(f"{world.url}/_sandbox/nothing").status_code == 404
    assert session.post(f"{world.url}/_sandbox/systems/5", json={}).status_code == 404
    answer = session.post(f"{world.url}/_sandbox/systems/701", json={"colour": "red"})
    assert (answer.status_code, answer.json()["error"]) == (400, "Unknown: colour")


def test_a_site_can_vanish(world, dana):
    world.control("DELETE", "/systems/705")
    assert dana.get("/partner/activations/705").status_code == 404


def test_web_pages_do_not_control_it(world, session):
    answer = session.post(
        f"{world.url}/_sandbox/reset", json={}, headers={"Origin": "http://127.0.0.1:8000"}
    )
    assert answer.status_code == 403
