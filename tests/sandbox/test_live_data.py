import itertools
import json
import time

import pytest
import requests

LIVE = "/systems/{}/live_data"
TEXTS = {
    401: ("NOT_AUTHENTICATED", "API Key is invalid", "authentication_error"),
    403: ("FORBIDDEN", "User is not authorized", "authorization_error"),
    429: ("TOO_MANY_REQUESTS", "Too Many Requests", "request_exceeded_error"),
    461: ("INVALID_DURATION", "Duration cannot be less than 30", "validation_error"),
    462: ("INVALID_DURATION", "Duration cannot be greater than 300", "validation_error"),
    463: ("INVALID_DURATION", "Duration must be an integer", "validation_error"),
    466: (
        "UNSUPPORTED_ENVOY",
        "Envoy must be active and envoy version must be at least 6.0.0",
        "validation_error",
    ),
    468: ("INVALID_SYSTEM_ID", "System ID doesn't exist", "validation_error"),
    472: (
        "LIVE_STREAM_NOT_SUPPORTED",
        "The system doesn\u2019t support live stream",
        "validation_error",
    ),
    473: ("IQ_GATEWAY_NOT_REPORTING", "IQ gateway is not reporting", "site_connectivity_error"),
    550: ("SERVICE_UNREACHABLE", "Service unreachable, please try again", "server_error"),
    551: ("SERVICE_UNREACHABLE", "Service unreachable, please try again", "server_error"),
    552: ("CONNECTION_NOT_ESTABLISHED", "Unable to connect, please try again", "server_error"),
}


def live(person, system_id=703, duration=None, **options):
    headers = {} if duration is None else {"duration": str(duration)}
    headers |= options.pop("headers", {})
    path = LIVE.format(system_id)
    return person.ask("GET", path, headers=headers, stream=True, **options)


def events(answer):
    for line in answer.iter_lines():
        if line:
            assert line.startswith(b"data:")
            yield json.loads(line[5:])


def refused(answer, status):
    word, text, kind = TEXTS[status]
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["error"] == {"code": status, "message": text, "status": word, "details": [{}]}
    assert body["type"] == kind
    assert abs(body["timestamp_epoch"] / 1000 - time.time()) < 3600
    assert len(body["timestamp_utc"]) == 23


def test_a_frame_for_each_second(world, dana):
    """With --fast the frames come twenty times quicker; their own clock goes by seconds."""
    answer = live(dana)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/event-stream"
    listed = list(events(answer))
    assert len(listed) == 30
    stamps = [event["timestamp_epoch"] for event in listed]
    assert {after - before for before, after in itertools.pairwise(stamps)} == {1000}
    assert {event["type"] for event in listed} == {"response"}


def test_frames_come_one_by_one(world, dana):
    world.control("POST", "/limits", {"live_frame_seconds": 0.3})
    started = time.monotonic()
    answer = live(dana, duration=300)
    stream = events(answer)
    next(stream)
    assert time.monotonic() - started < 5
    next(stream)
    next(stream)
    assert time.monotonic() - started > 0.55
    answer.close()


def test_sources_and_uses_balance(world, dana):
    shown = next(events(live(dana)))["data"]
    assert shown["system_id"] == 703
    assert shown["envoy_serial_number"] == ["202300000703"]
    comes = shown["pv_power"] + shown["battery_power"] + shown["grid_power"]
    assert comes + shown["generator_power"] == shown["consumption_power"]
    assert 0 <= shown["battery_soc"] <= 100
    assert (shown["battery_mode"], shown["grid_status"]) == ("Self - Consumption", "On Grid")


def test_durations(dana):
    refused(live(dana, duration=29), 461)
    refused(live(dana, duration=-1), 461)
    refused(live(dana, duration=301), 462)
    refused(live(dana, duration="1.5"), 463)
    refused(live(dana, duration="long"), 463)
    answer = live(dana, duration=31)
    assert len(list(events(answer))) == 31


def test_who_may_not_look(world, dana):
    refused(live(dana, headers={"key": ""}), 401)
    refused(live(dana, headers={"Authorization": "Bearer no"}), 401)
    refused(live(dana, 801), 403)
    refused(live(dana, 5), 468)
    world.control("POST", "/limits", {"per_minute": 0})
    refused(live(dana), 429)


def test_sites_that_cannot(world, dana, nina):
    refused(live(dana, 706), 466)  # retired
    refused(live(dana, 702), 466)  # has no gateway
    refused(live(dana, 705), 472)  # has no meters
    refused(live(dana, 704), 473)  # never reported
    refused(live(nina, 901), 473)  # silent


def test_a_battery_needs_both_meters(world, dana):
    meter = "/activations/703/meters/202300000703EIM2/meter_control"
    dana.post(meter, {"status": "disabled"})
    world.advance(30)
    refused(live(dana), 472)
    # Without one the production meter is enough: 701 has its consumption meter still off.
    answer = live(dana, 701)
    assert answer.status_code == 200
    answer.close()


def test_an_old_gateway_is_not_supported(world):
    # The system id decides the version; 9009 is a multiple of 11.
    iris = world.person("nina@zonnedak.example")
    world.control("POST", "/limits", {"per_minute": 300})
    for number in range(9):
        answer = iris.create(
            system_name=f"Old {number}",
            address={
                "street1": "Dijkzicht 3", "city": "Utrecht", "state": "UT",
                "postal_code": "3512 AB", "country": "NL",
            },
            expected_pcu_count=4,
        )  # fmt: skip
        assert answer.status_code == 201
    world.patch(9009, stage=3)
    assert 9009 % 11 == 0
    refused(live(iris, 9009), 466)


@pytest.mark.parametrize("status", [550, 551, 552])
def test_services_that_fail(world, dana, status):
    world.fault("stream_live_data", "status", status=status)
    refused(live(dana), status)
    answer = live(dana)
    assert answer.status_code == 200
    answer.close()


def test_faults_reach_streams(world, dana):
    world.fault("stream_live_data", "bad_json")
    text = live(dana).text
    assert text.startswith("data:{")
    assert not text.endswith("\n\n")
    world.fault("stream_live_data", "lost_reply")
    with pytest.raises(requests.ConnectionError):
        live(dana)


def test_each_try_costs_ten_cents(world, dana):
    refused(live(dana, 5), 468)
    live(dana).close()
    assert world.ledger()["costs"]["live_cents"] == 20
    assert world.ledger()["costs"]["total_cents"] == 20


def test_a_stream_does_not_hold_up_others(world, dana):
    world.control("POST", "/limits", {"live_frame_seconds": 0.2})
    answer = live(dana, duration=300)
    stream = events(answer)
    next(stream)
    assert dana.get("/systems/703/summary").status_code == 200
    next(stream)
    answer.close()
