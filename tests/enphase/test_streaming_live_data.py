"""Live data: frames as they come, closed cleanly, with errors of their own."""

import json
import socket
import threading
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enphase import (
    LiveError,
    LiveRefused,
    LiveUnavailable,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Timeouts,
)
from enphase.errors import (
    EnphaseError,
    GatewayNotReporting,
    InvalidDuration,
    LiveNotConnected,
    LiveNotSupported,
    LiveUnreachable,
    UnknownSystem,
    UnsupportedGateway,
)
from enphase.events import MAX_EVENT_BYTES, EventReader
from enphase.records import LiveFrame
from tests.enphase.conftest import FixedTokens, MakeCaller, Serve, bounded
from tests.enphase.wire import Handler, Request, answer, close, json_answer, reset, saying

FRAME = {
    "data": {
        "system_id": 701,
        "envoy_serial_number": ["1234"],
        "pv_power": 30,
        "consumption_power": 15,
        "battery_power": 5,
        "grid_power": -10,
        "generator_power": 0,
        "battery_soc": 40,
        "battery_mode": "Savings Mode",
        "grid_status": "On Grid",
    },
    "timestamp_epoch": 1679041508556,
    "timestamp_utc": "2023-03-17 08:25:08.556",
    "type": "response",
}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
CHUNKED = HEAD.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n")


def event(value: Any) -> bytes:
    return b"data:" + json.dumps(value).encode() + b"\n\n"


def frame(second: int) -> bytes:
    return event({**FRAME, "timestamp_epoch": 1679041508 + second})


def chunk(body: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(body), body)


def error(code: int, word: str) -> dict[str, Any]:
    return {
        "error": {"code": code, "message": "So it is", "status": word, "details": [{}]},
        "timestamp_epoch": 1679041508556,
        "type": "validation_error",
    }


def streaming(*pieces: bytes, head: bytes = HEAD, end: Any = close) -> Handler:
    def handler(connection: socket.socket, request: Request) -> None:
        connection.sendall(head)
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.01)
        end(connection)

    return handler


def test_frames_in_watts(caller: MakeCaller, serve: Serve) -> None:
    server = serve(streaming(b": hello\n\n", frame(1), frame(2)))
    made = caller(server.url)
    with made.client.live.stream_live_data(701, duration=60) as frames:
        found = list(frames)
    (request,) = server.requests
    assert (request.method, request.target) == ("GET", "/api/v4/systems/701/live_data")
    assert request.headers["duration"] == "60"
    assert request.headers["authorization"] == "Bearer token-canary"
    assert request.headers["key"] == "key-canary"
    assert [row.at for row in found] == [
        datetime(2023, 3, 17, 8, 25, 9, tzinfo=UTC),
        datetime(2023, 3, 17, 8, 25, 10, tzinfo=UTC),
    ]
    first = found[0]
    assert (first.pv_power_w, first.consumption_power_w, first.grid_power_w) == (30, 15, -10)
    assert (first.battery_power_w, first.generator_power_w) == (5, 0)
    assert (first.battery_soc_percent, first.profile, first.is_on_grid) == (
        40,
        "Savings Mode",
        True,
    )
    assert (first.system_id, first.envoy_serial_numbers) == (701, ["1234"])
    assert first.raw["data"] == FRAME["data"]
    assert [(hit.endpoint, hit.status, hit.error) for hit in made.hits] == [
        ("stream_live_data", 200, None)
    ]


@pytest.mark.parametrize(
    ("given", "milliseconds"),
    [
        ({"timestamp_epoch": 1679041508556}, 556),
        ({"timestamp_epoch": 1679041508}, 0),
        ({"timestamp_utc": "2023-03-17 08:25:08.556"}, 556),
        ({"timestamp_epoch": "", "timestamp_utc": "2023-03-17 08:25:08"}, 0),
    ],
)
def test_the_time_comes_in_three_forms(given: Any, milliseconds: int) -> None:
    at = LiveFrame.from_api({"data": {}, **given}).at
    assert at == datetime(2023, 3, 17, 8, 25, 8, milliseconds * 1000, tzinfo=UTC)


def test_an_event_of_the_grid_operator_is_not_corrected() -> None:
    found = LiveFrame.from_api({"data": {"battery_mode": "DR Event Active"}})
    assert (found.battery_mode, found.profile) == ("DR Event Active", "DR Event Active")
    assert found.is_on_grid is None


def test_a_frame_comes_as_soon_as_it_is_sent(caller: MakeCaller, serve: Serve) -> None:
    go_on = threading.Event()

    def handler(connection: socket.socket, request: Request) -> None:
        connection.sendall(CHUNKED + chunk(frame(1)))
        assert go_on.wait(5)
        connection.sendall(chunk(frame(2)[:20]) + chunk(frame(2)[20:]) + b"0\r\n\r\n")

    frames = caller(serve(handler).url).client.live.stream_live_data(701)
    assert next(frames).at is not None
    go_on.set()
    assert len(list(frames)) == 1


@pytest.mark.parametrize("how", ["close", "with", "forget", "thread"])
def test_leaving_lets_go_of_the_connection(caller: MakeCaller, serve: Serve, how: str) -> None:
    gone = threading.Event()

    def handler(connection: socket.socket, request: Request) -> None:
        connection.sendall(HEAD + frame(1))
        connection.settimeout(5)
        if connection.recv(1) == b"":
            gone.set()

    frames: Any = caller(serve(handler).url).client.live.stream_live_data(701)
    next(frames)
    if how == "close":
        frames.close()
        frames.close()
        assert list(frames) == []
    elif how == "with":
        with frames:
            pass
    elif how == "forget":
        del frames
    else:
        threading.Timer(0.1, frames.close).start()
        started = time.monotonic()
        assert list(frames) == []
        assert time.monotonic() - started < 3
    assert gone.wait(3)


def test_closing_before_the_first_frame_is_no_failure(caller: MakeCaller, serve: Serve) -> None:
    frames = caller(serve(streaming(end=lambda c: time.sleep(0.5))).url).client.live
    stream = frames.stream_live_data(701)
    stream.close()
    assert list(stream) == []


def test_it_ends_when_its_time_is_over(
    caller: MakeCaller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    def handler(connection: socket.socket, request: Request) -> None:
        connection.sendall(CHUNKED + chunk(frame(1)))
        server.wait(5)

    server = serve(handler)
    times = {"stream_live_data": Timeouts(connect=1, read=5, deadline=0.5)}
    client = caller(server.url, timeouts=times).client
    started = time.monotonic()
    assert len(list(client.live.stream_live_data(701))) == 1
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("handler", "frames"),
    [
        (streaming(chunk(frame(1)), head=CHUNKED, end=reset), 1),
        (streaming(chunk(frame(1)), head=CHUNKED), 1),
        (streaming(), 0),
        (streaming(b": only comments\n\n"), 0),
        (streaming(frame(1)[:-10]), 0),
        (streaming(b"data: no json\n\ndata: 7\n\ndata: {}\n\n"), 0),
        (streaming(b"data:" + b"x" * (MAX_EVENT_BYTES + 2)), 0),
    ],
)
def test_broken_off_or_empty_is_not_a_good_end(
    caller: MakeCaller, serve: Serve, handler: Handler, frames: int
) -> None:
    stream = caller(serve(handler).url).client.live.stream_live_data(701)
    for _ in range(frames):
        next(stream)
    with pytest.raises(OutcomeUnknown):
        next(stream)
    assert list(stream) == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, LiveRefused),
        (403, LiveRefused),
        (461, InvalidDuration),
        (462, InvalidDuration),
        (463, InvalidDuration),
        (464, LiveRefused),
        (466, UnsupportedGateway),
        (468, UnknownSystem),
        (472, LiveNotSupported),
        (473, GatewayNotReporting),
        (550, LiveUnreachable),
        (551, LiveUnreachable),
        (552, LiveNotConnected),
    ],
)
@pytest.mark.parametrize("place", ["status", "body", "stream"])
def test_each_refusal_has_a_name(
    caller: MakeCaller, serve: Serve, status: int, kind: type[LiveError], place: str
) -> None:
    body = error(status, "SOME_WORD")
    replies = {
        "status": saying(json_answer(status, body)),
        "body": saying(json_answer(200, body)),
        "stream": streaming(frame(1), event(body)),
    }
    server = serve(replies[place])
    made = caller(server.url)
    with pytest.raises(kind, match="So it is") as caught:
        list(made.client.live.stream_live_data(701))
    assert type(caught.value) is kind
    assert isinstance(caught.value, OutcomeUnknown if status >= 550 else Rejected)
    assert (caught.value.status, caught.value.reason) == (status, "SOME_WORD")
    assert len(server.requests) == len(made.hits) == 1, "each try costs ten cents"


def test_errors_outside_the_family(caller: MakeCaller, serve: Serve) -> None:
    def fails(handler: Handler) -> EnphaseError:
        made = caller(serve(handler).url)
        with pytest.raises(EnphaseError) as caught:
            list(made.client.live.stream_live_data(701))
        assert len(made.hits) == 1
        return caught.value

    limited = fails(saying(json_answer(429, error(429, "TOO_MANY_REQUESTS"))))
    assert isinstance(limited, RateLimited)
    assert limited.retry_at is not None
    for handler in (
        saying(answer(500, b"<html>")),
        saying(answer(472, b"<html>")),
        saying(json_answer(200, {"message": "hm"})),
        saying(answer(200, b"", Content_Type="text/plain")),
        saying(answer(302, b"", Location="/elsewhere")),
        streaming(event(error(0, "?"))),
        streaming(event({"error": {"message": "no code"}})),
        lambda connection, request: reset(connection),
    ):
        assert type(fails(handler)) is OutcomeUnknown
    plain = fails(saying(json_answer(403, {"message": "No", "details": "x", "code": 403})))
    assert isinstance(plain, LiveRefused)
    outage = fails(saying(answer(550, b"<html>")))
    assert isinstance(outage, LiveUnavailable)


def test_nothing_is_sent_when_nobody_is_there(caller: MakeCaller) -> None:
    made = caller("http://127.0.0.1:9")
    with pytest.raises(NotSent):
        made.client.live.stream_live_data(701)
    assert made.hits == []


def test_a_refused_token_is_renewed_once(caller: MakeCaller, serve: Serve) -> None:
    refusal = json_answer(401, error(401, "NOT_AUTHENTICATED"), Connection="close")
    left = [saying(refusal), streaming(frame(1))]
    server = serve(lambda connection, request: left.pop(0)(connection, request))
    tokens = FixedTokens(renewals=["second-token"])
    made = caller(server.url, tokens=tokens)
    assert len(list(made.client.live.stream_live_data(701))) == 1
    assert tokens.rejected == ["token-canary"]
    assert server.requests[1].headers["authorization"] == "Bearer second-token"
    assert [hit.status for hit in made.hits] == [401, 200]


@pytest.mark.parametrize("duration", [29, 301, 0, -30, 30.5, "30", None, True])
def test_a_duration_that_would_be_refused_costs_nothing(
    caller: MakeCaller, serve: Serve, duration: Any
) -> None:
    server = serve(streaming(frame(1)))
    with pytest.raises(ValueError):
        caller(server.url).client.live.stream_live_data(701, duration)
    with pytest.raises(ValueError):
        caller(server.url).client.live.stream_live_data(0)
    assert server.connections == 0


EVENTS = st.lists(st.lists(st.text("ab: é", max_size=5), min_size=1, max_size=3), max_size=5)


@bounded(200)
@given(EVENTS, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.data())
def test_events_survive_any_cut(
    events: list[list[str]], newline: str, space: bool, data: st.DataObject
) -> None:
    text = "".join(
        f"id: 7{newline}:comment{newline}"
        + "".join(f"data:{' ' if space else ''}{line}{newline}" for line in lines)
        + newline
        for lines in events
    )
    wire = b"\xef\xbb\xbf" + text.encode()
    reader = EventReader()
    found = []
    while wire:
        cut = data.draw(st.integers(1, len(wire)))
        found += reader.feed(wire[:cut])
        wire = wire[cut:]
    expected = [
        "\n".join(line if space else line.removeprefix(" ") for line in lines) for lines in events
    ]
    assert [row.decode() for row in found] == expected


def test_an_event_without_end_does_not_fill_the_memory() -> None:
    reader = EventReader()
    line = b"data:" + b"x" * 1000 + b"\n"
    for _ in range(MAX_EVENT_BYTES // 1001):
        reader.feed(line)
    with pytest.raises(ValueError):
        reader.feed(line)
