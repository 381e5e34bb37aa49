import json
import socket
import time

import pytest
import requests
from urllib3.util import parse_url

from tests.sandbox.conftest import Person

LIST = "/partner/activations"


def creates(world):
    return world.ledger()["creates"]


def references(dana):
    return [row.get("reference") for row in dana.get(LIST).json()["systems"]]


def test_a_fault_strikes_as_often_and_as_late_as_told(world, dana):
    world.fault("list_activations", "status", status=503, times=2, after=1)
    statuses = [dana.get(LIST).status_code for _ in range(4)]
    assert statuses == [200, 503, 503, 200]
    (fault,) = world.control("GET", "/faults")["faults"]
    assert (fault["fired"], fault["times"]) == (2, 0)


def test_a_fault_until_removed(world, dana):
    fault = world.fault("*", "status", times=None)
    assert {dana.get(LIST).status_code for _ in range(5)} == {503}
    assert dana.get("/partner/users/self").status_code == 503
    assert world.control("DELETE", f"/faults/{fault['id']}") == {"removed": 1}
    assert dana.get(LIST).status_code == 200


def test_a_fault_for_one_reference(world, dana):
    world.fault("create_activation", "status", match="STRUCK1", times=None)
    assert dana.create(reference="OTHER1").status_code == 201
    assert dana.create(reference="STRUCK1").status_code == 503


def test_a_fault_by_chance_is_repeatable(world, dana):
    runs = []
    for _ in range(2):
        world.control("DELETE", "/faults")
        world.fault("get_current_user", "status", times=None, chance=0.5, seed=7)
        runs.append([dana.get("/partner/users/self").status_code for _ in range(12)])
    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


def test_a_fault_in_a_header(dana):
    header = {"X-Sandbox-Fault": '{"kind": "status", "status": 418}'}
    assert dana.ask("GET", LIST, headers=header).status_code == 418
    assert dana.get(LIST).status_code == 200


@pytest.mark.parametrize(
    "order",
    [
        {"kind": "gremlins"},
        {"kind": "status", "operation": "make_tea"},
        {"kind": "no_reference", "operation": "list_activations"},
        {"kind": "status", "times": "often"},
    ],
)
def test_orders_that_make_no_sense_are_refused(world, session, order):
    assert session.post(f"{world.url}/_sandbox/faults", json=order).status_code == 400


def test_latency(world, dana):
    world.fault("list_activations", "latency", seconds=0.3)
    started = time.monotonic()
    assert dana.get(LIST).status_code == 200
    assert time.monotonic() - started >= 0.3


def test_latency_holds_up_nobody_else(world, dana):
    world.fault("list_activations", "latency", seconds=30)
    with pytest.raises(requests.Timeout):
        dana.ask("GET", LIST, timeout=0.2)
    assert dana.get("/partner/users/self").elapsed.total_seconds() < 5


@pytest.mark.parametrize(
    ("kind", "params", "status", "content"),
    [
        ("status", {"status": 500}, 500, "application/json"),
        ("status", {"status": 400, "body": {"any": "thing"}}, 400, "application/json"),
        ("status", {"status": 503, "body": "busy"}, 503, "text/plain; charset=utf-8"),
        ("html", {"status": 502}, 502, "text/html"),
        ("html", {"status": 200}, 200, "text/html"),
        ("redirect", {"location": "http://127.0.0.1:9/x"}, 307, "text/plain"),
        ("rate_limited", {"period": "month"}, 429, "application/json"),
        ("token_revoked", {}, 401, "application/json"),
        ("late_commit", {"seconds": 600}, 504, "text/html"),
    ],
)
def test_answers_that_execute_nothing(world, dana, kind, params, status, content):
    world.fault("create_activation", kind, **params)
    answer = dana.create(reference="NEVER1")
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, content)
    (write,) = world.ledger()["writes"]
    assert (write["executed"], write["status"], write["fault"]) == (False, status, kind)
    assert creates(world) == 0


def test_a_redirect_says_where_to(world, dana):
    world.fault("create_activation", "redirect", location="http://127.0.0.1:9/x", status=308)
    answer = dana.create()
    assert (answer.status_code, answer.headers["Location"]) == (308, "http://127.0.0.1:9/x")


def test_an_html_page_after_the_commit(world, dana):
    world.fault("create_activation", "html", status=200, commit=True)
    assert "<html>" in dana.create(reference="MADE1").text
    assert creates(world) == 1


@pytest.mark.parametrize("kind", ["lost_reply", "reset"])
def test_the_reply_is_lost_after_the_commit(world, dana, kind):
    world.fault("create_activation", kind)
    with pytest.raises(requests.ConnectionError):
        dana.create(reference="LOST1")
    (write,) = world.ledger()["writes"]
    assert (write["executed"], write["status"], write["reference"]) == (True, 201, "LOST1")
    assert write["subject"] == 9001
    assert references(dana)[-1] == "LOST1"


def test_a_reset_is_a_reset(world, dana):
    world.fault("list_activations", "reset")
    address = parse_url(world.url)
    with socket.create_connection((address.host, address.port), timeout=5) as raw:
        head = f"GET /api/v4{LIST} HTTP/1.1\r\nHost: x\r\nkey: sandbox-key\r\n"
        token = dana.token["access_token"]
        raw.sendall(f"{head}Authorization: Bearer {token}\r\n\r\n".encode())
        with pytest.raises(ConnectionResetError):
            raw.recv(1000)


def test_silence_after_the_commit(world, dana):
    world.fault("create_activation", "silence", seconds=60)
    with pytest.raises(requests.ReadTimeout):
        dana.ask("POST", LIST, json={"system": {"system_name": "x"}}, timeout=(1, 0.3))
    world.fault("create_activation", "silence", seconds=0.1)
    with pytest.raises(requests.ConnectionError):
        dana.create()
    assert creates(world) == 1


def test_a_late_commit(world, dana):
    world.fault("create_activation", "late_commit", seconds=40)
    assert dana.create(reference="SLOW1").status_code == 504
    assert "SLOW1" not in references(dana)
    world.advance(39)
    assert "SLOW1" not in references(dana)
    world.advance(2)
    assert references(dana)[-1] == "SLOW1"
    (write,) = world.ledger()["writes"]
    assert (write["executed"], write["status"], write["subject"]) == (True, 504, 9001)
    assert write["settled_at"] is not None
    assert creates(world) == 1


def test_a_late_commit_that_is_refused_in_the_end(world, dana):
    world.fault("create_activation", "late_commit", seconds=1)
    dana.create(system_name="")
    world.advance(2)
    assert world.ledger()["writes"][0]["executed"] is False


def test_truncated(world, dana):
    world.fault("create_activation", "truncated")
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        dana.create()
    assert creates(world) == 1


def test_trickle(world, dana):
    world.fault("get_current_user", "trickle", seconds=0.6)
    started = time.monotonic()
    answer = dana.ask("GET", "/partner/users/self", stream=True)
    assert answer.headers["Content-Length"]
    first = time.monotonic() - started
    assert answer.json()["user_id"] == 2001
    assert time.monotonic() - started >= 0.5 > first


@pytest.mark.parametrize("chunked", [True, False])
def test_huge(world, dana, chunked):
    world.fault("list_activations", "huge", megabytes=3, chunked=chunked)
    answer = dana.get(LIST)
    assert len(answer.content) >= 3 * 1024 * 1024
    assert len(answer.json()["systems"]) == 6


def test_huge_stops_when_the_client_has_enough(world, dana):
    world.fault("list_activations", "huge", megabytes=100_000)
    with dana.ask("GET", LIST, stream=True) as answer:
        assert next(answer.iter_content(1000))
    assert dana.get(LIST).status_code == 200


def test_small_on_the_wire_and_huge_inside(world, dana):
    world.fault("list_activations", "huge", megabytes=5, gzip=True)
    answer = dana.get(LIST)
    assert int(answer.headers["Content-Length"]) < 100_000
    assert len(answer.content) > 5 * 1024 * 1024


@pytest.mark.parametrize("variant", ["cut", "empty", "latin1"])
def test_bad_json(world, dana, variant):
    world.fault("create_activation", "bad_json", variant=variant)
    answer = dana.create()
    assert answer.status_code == 201
    with pytest.raises(ValueError):
        json.loads(answer.content.decode())
    assert creates(world) == 1


def test_json_of_another_shape(world, dana):
    world.fault("get_current_user", "bad_json", variant="list")
    assert isinstance(dana.get("/partner/users/self").json(), list)
    world.fault("get_current_user", "bad_json", variant="bom")
    assert dana.get("/partner/users/self").content.startswith(b"\xef\xbb\xbf{")


def test_wrong_types(world, dana):
    world.fault("create_activation", "wrong_types")
    shown = dana.create(reference="TYPES1").json()
    assert shown["system_id"] == "about 9001"
    assert shown["system_name"] == ["Nwosu residence"]
    assert "a_field_nobody_knows" in shown
    world.fault("create_activation", "wrong_types", fields=["stage"])
    assert dana.create().json()["system_id"] == 9002


def test_filters_ignored(world, dana):
    world.fault("list_activations", "filter_ignored")
    world.fault("search_systems", "filter_ignored")
    assert len(dana.get(LIST, reference="HAL701").json()["systems"]) == 6
    assert len(dana.get(LIST, reference="HAL701").json()["systems"]) == 1
    body = {"system": {"reference": "HAL701"}}
    assert dana.post("/systems/search", body).json()["total"] == 6


def test_a_created_site_is_listed_later(world, dana):
    world.fault("create_activation", "list_lag", seconds=180)
    system_id = dana.create(reference="LAGS1").json()["system_id"]
    assert dana.get(LIST, reference="LAGS1").json() == {"systems": []}
    assert dana.post("/systems/search", {"system": {"reference": "LAGS1"}}).json()["total"] == 0
    assert dana.get(f"{LIST}/{system_id}").status_code == 200
    world.advance(181)
    assert len(dana.get(LIST, reference="LAGS1").json()["systems"]) == 1


def test_a_list_that_lags(world, dana):
    dana.create(reference="LAGS2")
    world.fault("list_activations", "list_lag", seconds=60)
    assert "LAGS2" not in references(dana)
    assert "LAGS2" in references(dana)


def test_a_cursor_that_leads_nowhere(world, dana):
    world.fault("list_activations", "next_repeated", times=None)
    first = dana.get(LIST, limit="2").json()
    second = dana.get(LIST, limit="2", next=first["next"]).json()
    assert second["next"] == first["next"]


@pytest.mark.parametrize(
    ("params", "listed", "shown"),
    [
        ({}, None, None),
        ({"reference": "ELSE1"}, "ELSE1", "ELSE1"),
        ({"stored": True}, "MINE1", None),
    ],
)
def test_a_reference_that_is_not_echoed(world, dana, params, listed, shown):
    world.fault("create_activation", "no_reference", **params)
    answer = dana.create(reference="MINE1")
    assert answer.status_code == 201
    assert answer.json().get("reference") == shown
    assert references(dana)[-1] == listed


@pytest.mark.parametrize(("window", "fields"), [(True, 6), (False, 2)])
def test_asked_for_429(world, dana, window, fields):
    world.fault("list_activations", "rate_limited", period="minute", window=window)
    answer = dana.get(LIST)
    assert answer.status_code == 429
    assert len(answer.json()) == fields


def test_a_revoked_access_token_can_be_refreshed(world, session, dana):
    world.fault("get_current_user", "token_revoked")
    assert dana.get("/partner/users/self").status_code == 401
    assert dana.get("/partner/users/self").status_code == 401
    renewed = world.token(
        grant_type="refresh_token", refresh_token=dana.token["refresh_token"]
    ).json()
    assert Person(world.url, session, renewed).get("/partner/users/self").status_code == 200


def test_a_revoked_family_cannot(world, dana):
    world.fault("*", "token_revoked", family=True)
    assert dana.get(LIST).status_code == 401
    answer = world.token(grant_type="refresh_token", refresh_token=dana.token["refresh_token"])
    assert answer.status_code == 400


def test_the_reply_of_a_refresh_is_lost_after_rotation(world, dana):
    world.fault("token", "lost_reply")
    params = {"grant_type": "refresh_token", "refresh_token": dana.token["refresh_token"]}
    with pytest.raises(requests.ConnectionError):
        world.token(**params)
    assert world.token(**params).status_code == 400
    assert dana.get(LIST).status_code == 401


def test_a_grace_for_lost_refreshes_can_be_set(world, dana):
    world.control("POST", "/limits", {"refresh_grace_seconds": 60})
    params = {"grant_type": "refresh_token", "refresh_token": dana.token["refresh_token"]}
    assert [world.token(**params).status_code for _ in range(2)] == [200, 200]


def test_a_star_leaves_the_token_endpoint_alone(world):
    world.fault("*", "status", times=None)
    answer = world.token(
        grant_type="password", username="dana@halcyon.example", password="sandbox-pass"
    )
    assert answer.status_code == 200
