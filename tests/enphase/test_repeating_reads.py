"""Reads get over a stumble by themselves; nothing else is repeated."""

import socket
import time

import pytest

from enphase import NotSent, OutcomeUnknown, RateLimited, Rejected, Timeouts
from tests.enphase.conftest import Caller, FixedTokens, MakeCaller, Serve
from tests.enphase.wire import Request, answer, close, json_answer, saying

ME = json_answer(200, {"user_id": 5})
NOT_YOURS = json_answer(401, {"reason": "401", "message": ["Not authorized."]})
DOWN = answer(503, b"<html>Service Unavailable</html>")


def who(caller: Caller) -> int:
    return caller.client.users.get_current_user().user_id


@pytest.mark.parametrize("stumble", [DOWN, answer(500, b""), answer(408, b"")])
def test_read_survives_two_stumbles(caller: MakeCaller, serve: Serve, stumble: bytes) -> None:
    reader = caller(serve(saying(stumble, stumble, ME)).url)
    assert who(reader) == 5
    assert [hit.error for hit in reader.hits] == ["OutcomeUnknown", "OutcomeUnknown", None]


def test_read_gives_up_after_three(caller: MakeCaller, serve: Serve) -> None:
    server = serve(saying(DOWN))
    with pytest.raises(OutcomeUnknown) as caught:
        who(caller(server.url))
    assert (caught.value.status, len(server.requests)) == (503, 3)
    assert caught.value.__context__ is None


def test_kept_connection_that_died_is_replaced(caller: MakeCaller, serve: Serve) -> None:
    def answer_once(connection: socket.socket, request: Request) -> None:
        seen.append(request.connection)
        if seen == [1, 1]:
            close(connection)  # read the second request, then gone
        else:
            connection.sendall(ME)

    seen: list[int] = []
    reader = caller(serve(answer_once).url)
    assert [who(reader), who(reader)] == [5, 5]
    assert seen == [1, 1, 2]
    assert [hit.error for hit in reader.hits] == [None, "OutcomeUnknown", None]


def test_unreachable_server_is_tried_three_times(caller: MakeCaller) -> None:
    class Counting:
        asked = 0

        def take(self, endpoint: str, lane: str) -> None:
            self.asked += 1

    allowance = Counting()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    reader = caller(f"http://127.0.0.1:{port}", allowance=allowance)
    with pytest.raises(NotSent, match="refused"):
        who(reader)
    assert (allowance.asked, reader.hits) == (3, [])


def test_all_repeats_together_keep_to_the_deadline(caller: MakeCaller, serve: Serve) -> None:
    def say_nothing(connection: socket.socket, request: Request) -> None:
        time.sleep(2)

    quick = Timeouts(connect=1.0, read=1.6, deadline=1.8)
    reader = caller(serve(say_nothing).url, timeouts={"get_current_user": quick})
    started = time.monotonic()
    with pytest.raises(OutcomeUnknown):
        who(reader)
    assert time.monotonic() - started < 2.8


def test_search_is_a_post_that_may_be_repeated(caller: MakeCaller, serve: Serve) -> None:
    server = serve(saying(DOWN, json_answer(200, {"systems": [{"system_id": 7}]})))
    page = caller(server.url).client.systems.search_systems(reference="ABC1")
    assert [system.system_id for system in page.systems] == [7]
    assert [request.method for request in server.requests] == ["POST", "POST"]


@pytest.mark.parametrize(
    "reply",
    [
        json_answer(404, {"reason": "404", "message": ["User not found."]}),
        answer(200, b"<html>Sign in to the hotel's network</html>"),
        answer(404, b"<html>nginx</html>"),
        json_answer(429, {"reason": "429", "message": ["Usage limit exceeded"]}),
    ],
)
def test_what_will_not_pass_is_not_repeated(caller: MakeCaller, serve: Serve, reply: bytes) -> None:
    server = serve(saying(reply))
    with pytest.raises((Rejected, OutcomeUnknown, RateLimited)):
        who(caller(server.url))
    assert len(server.requests) == 1


def test_read_with_an_old_token_is_repeated_with_a_new_one(
    caller: MakeCaller, serve: Serve
) -> None:
    server = serve(saying(NOT_YOURS, ME))
    reader = caller(server.url, tokens=FixedTokens("old", renewals=["new"]))
    assert who(reader) == 5
    assert [request.headers["authorization"] for request in server.requests] == [
        "Bearer old",
        "Bearer new",
    ]
    assert reader.tokens.rejected == ["old"]


def test_a_second_401_means_forbidden(caller: MakeCaller, serve: Serve) -> None:
    server = serve(saying(NOT_YOURS))
    reader = caller(server.url, tokens=FixedTokens("old", renewals=["new", "newer"]))
    with pytest.raises(Rejected) as caught:
        who(reader)
    assert (caught.value.status, len(server.requests)) == (401, 2)
    assert reader.tokens.rejected == ["old"]


def test_a_stumble_in_between_earns_no_second_renewal(caller: MakeCaller, serve: Serve) -> None:
    server = serve(saying(NOT_YOURS, DOWN, NOT_YOURS))
    reader = caller(server.url, tokens=FixedTokens("old", renewals=["new", "newer"]))
    with pytest.raises(Rejected):
        who(reader)
    assert (reader.tokens.rejected, len(server.requests)) == (["old"], 3)


def test_without_another_token_the_401_stands(caller: MakeCaller, serve: Serve) -> None:
    server = serve(saying(NOT_YOURS))
    reader = caller(server.url)
    with pytest.raises(Rejected) as caught:
        who(reader)
    assert (caught.value.status, len(server.requests)) == (401, 1)


def test_huge_answer_to_a_read_is_not_asked_for_again(caller: MakeCaller, serve: Serve) -> None:
    def flood(connection: socket.socket, request: Request) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"100000\r\n" + b" " * 0x100000 + b"\r\n")

    server = serve(flood)
    patient = Timeouts(connect=5, read=20, deadline=20)
    with pytest.raises(OutcomeUnknown, match="16 MiB"):
        who(caller(server.url, timeouts={"*": patient}))
    assert len(server.requests) == 1
