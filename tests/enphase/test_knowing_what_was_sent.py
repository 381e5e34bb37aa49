"""Every way a connection can fail, and what each of them proves about a paid create."""

import contextlib
import gzip
import socket
import threading
import time
import tracemalloc
from contextlib import ExitStack
from typing import Any

import pytest
import urllib3.util.connection

from enphase import NotSent, OutcomeUnknown, RateLimited, Rejected, Timeouts
from enphase.exchange import MAX_RESPONSE_BYTES, Wire
from tests.enphase.conftest import Caller, Certificate, MakeCaller, Serve
from tests.enphase.wire import Handler, Request, answer, close, json_answer, reset, saying

CREATED = json_answer(201, {"system_id": 701, "reference": "ABC1"})
REFUSAL = {"errorCode": 11, "errorMessages": ["The system type must be residential."]}


def create(caller: Caller) -> int:
    return caller.client.activations.create_activation({"system_name": "Test"}).system_id


def assert_not_sent(caller: Caller, reason: str) -> None:
    with pytest.raises(NotSent, match=reason) as caught:
        create(caller)
    assert caller.hits == []
    assert caller.trace == []
    assert caught.value.__context__ is None


def assert_unknown(caller: Caller, reason: str | None = None) -> OutcomeUnknown:
    with pytest.raises(OutcomeUnknown, match=reason) as caught:
        create(caller)
    assert [hit.endpoint for hit in caller.hits] == ["create_activation"]
    assert [hit.status for hit in caller.hits] in ([None], [caught.value.status])
    assert caller.trace[:1] == ["sent"]
    assert caught.value.__context__ is None
    return caught.value


# Proved: nothing left this machine


def test_refused_connection(caller: MakeCaller) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert_not_sent(caller(f"http://127.0.0.1:{port}"), "refused")


def test_unknown_host_name(caller: MakeCaller) -> None:
    assert_not_sent(caller("https://enphase.invalid"), "name was not found")


def test_nobody_accepts_the_connection(caller: MakeCaller, cleanup: ExitStack) -> None:
    listener = socket.socket()
    cleanup.callback(listener.close)
    listener.bind(("127.0.0.1", 0))
    listener.listen(0)
    for _ in range(3):  # fill the queue of connections
        waiting = socket.socket()
        cleanup.callback(waiting.close)
        waiting.setblocking(False)
        waiting.connect_ex(listener.getsockname())
    port = listener.getsockname()[1]
    assert_not_sent(caller(f"http://127.0.0.1:{port}"), "connecting took too long")


def test_certificate_of_a_stranger(
    caller: MakeCaller, serve: Serve, certificate: Certificate
) -> None:
    server = serve(saying(CREATED), certificate.context)
    assert_not_sent(caller(server.url), "encrypted connection failed")
    assert server.requests == []


def test_no_tls_where_tls_was_expected(caller: MakeCaller, cleanup: ExitStack) -> None:
    listener = cleanup.enter_context(socket.create_server(("127.0.0.1", 0)))

    def answer_in_plain_text() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    thread = threading.Thread(target=answer_in_plain_text, daemon=True)
    thread.start()
    plain = caller(f"https://127.0.0.1:{listener.getsockname()[1]}")
    assert_not_sent(plain, "encrypted connection failed")
    thread.join(5)


def test_handshake_that_takes_too_long(caller: MakeCaller, serve: Serve) -> None:
    silent = serve(saying(CREATED))
    assert_not_sent(caller(silent.url.replace("http", "https")), "connecting took too long")


def test_handshake_that_trickles(caller: MakeCaller, cleanup: ExitStack) -> None:
    listener = cleanup.enter_context(socket.create_server(("127.0.0.1", 0)))

    def shake_hands_slowly() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16 KiB follows
            for _ in range(100):
                connection.sendall(b"\x02")
                time.sleep(0.1)

    thread = threading.Thread(target=shake_hands_slowly, daemon=True)
    thread.start()
    wire = Wire()
    patient = Timeouts(connect=20, read=20, deadline=0.7)
    started = time.monotonic()
    with pytest.raises(NotSent, match="the time allowed"):
        wire.exchange(
            "create_activation",
            "POST",
            f"https://127.0.0.1:{listener.getsockname()[1]}/",
            headers={},
            timeouts=patient,
            fresh=True,
        )
    assert time.monotonic() - started < 5
    wire.close()
    thread.join(5)


def test_process_that_was_frozen_past_its_deadline(
    caller: MakeCaller, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The clock jumps while the connection is made, and the watchdog has slept as well.
    server = serve(saying(CREATED))
    frozen = caller(server.url)
    connect = urllib3.util.connection.create_connection
    real = time.monotonic
    late = [0.0]
    monkeypatch.setattr("enphase.exchange.time.monotonic", lambda: real() + late[0])

    def connect_slowly(*given: Any, **named: Any) -> socket.socket:
        late[0] = 600.0
        return connect(*given, **named)

    monkeypatch.setattr("urllib3.util.connection.create_connection", connect_slowly)
    assert_not_sent(frozen, "the time allowed")
    assert server.requests == []


def test_secret_that_cannot_be_sent(caller: MakeCaller, serve: Serve) -> None:
    server = serve(saying(CREATED))
    broken = caller(server.url)
    broken.tokens.current = "canary\r\nX-Injected: 1"
    with pytest.raises(NotSent, match="cannot be sent") as caught:
        create(broken)
    assert "canary" not in str(caught.value)
    assert server.requests == []


# Nobody knows


def hang_up(connection: socket.socket, request: Request) -> None:
    close(connection)


def send_reset(connection: socket.socket, request: Request) -> None:
    reset(connection)


def say_nothing(connection: socket.socket, request: Request) -> None:
    time.sleep(3)


def trickle_headers(connection: socket.socket, request: Request) -> None:
    connection.sendall(b"HTTP/1.1 201 Created\r\n")
    for number in range(100):
        connection.sendall(f"X-Header-{number}: yes\r\n".encode())
        time.sleep(0.1)


def trickle_body(connection: socket.socket, request: Request) -> None:
    connection.sendall(b"HTTP/1.1 201 Created\r\nContent-Length: 400\r\n\r\n")
    for _ in range(100):
        connection.sendall(b" ")
        time.sleep(0.1)


def trickle_until_closed(connection: socket.socket, request: Request) -> None:
    # No length: shut down early, this looks like a complete answer with a usable body.
    connection.sendall(b'HTTP/1.1 201 Created\r\nConnection: close\r\n\r\n{"system_id": 701}')
    for _ in range(100):
        connection.sendall(b" ")
        time.sleep(0.1)


def continue_for_ever(connection: socket.socket, request: Request) -> None:
    for _ in range(100):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (hang_up, "connection broke"),
        (send_reset, "connection broke"),
        (say_nothing, "took too long"),
        (saying(b"ICY 200 OK\r\n\r\n"), "connection broke"),
        (saying(b"\x00\xff\x16\x03 garbage\r\n\r\n"), "connection broke"),
        (saying(b"HTTP/1.1 201 " + b"x" * 70_000 + b"\r\n\r\n"), "connection broke"),
    ],
)
def test_reply_that_never_came(
    caller: MakeCaller, serve: Serve, handler: Handler, reason: str
) -> None:
    server = serve(handler)
    error = assert_unknown(caller(server.url), reason)
    assert error.status is None
    assert len(server.requests) == 1


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize(
    "handler", [trickle_headers, trickle_body, trickle_until_closed, continue_for_ever]
)
def test_reply_that_trickles_is_cut_at_the_deadline(
    caller: MakeCaller,
    serve: Serve,
    certificate: Certificate,
    handler: Handler,
    encrypted: bool,
) -> None:
    server = serve(handler, certificate.context if encrypted else None)
    deadline = {"*": Timeouts(connect=1.0, read=1.0, deadline=1.0)}
    slow = caller(server.url, ca_bundle=certificate.ca_bundle, timeouts=deadline)
    started = time.monotonic()
    assert_unknown(slow, "the time allowed")
    assert 0.9 < time.monotonic() - started < 5  # the trickle would last ten seconds
    assert slow.trace == ["sent"]


@pytest.mark.parametrize(
    "reply",
    [
        b'HTTP/1.1 201 Created\r\nContent-Length: 900\r\n\r\n{"system_id": 701}',
        b'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n12\r\n{"system_id": 701}',
        b'HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{"system_id": 701}',
    ],
)
def test_truncated_reply(caller: MakeCaller, serve: Serve, reply: bytes) -> None:
    def cut_off(connection: socket.socket, request: Request) -> None:
        connection.sendall(reply)
        close(connection)

    assert_unknown(caller(serve(cut_off).url), "connection broke")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"system_id": "seven"}',
        b'{"system_id": 0}',
        b'{"system_id": true}',
        b'{"system_name": "no id"}',
        b'{"reason": "401", "message": ["a refusal with 201"]}',
        b'{"system_id": 701',
        b"<html><body>It works!</body></html>",
        b"[" * 100_000,
    ],
)
def test_success_that_says_nothing(caller: MakeCaller, serve: Serve, body: bytes) -> None:
    error = assert_unknown(caller(serve(saying(answer(201, body))).url))
    assert error.status == 201


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_never_followed(caller: MakeCaller, serve: Serve, status: int) -> None:
    elsewhere = serve(saying(CREATED))
    server = serve(saying(answer(status, b"", Location=f"{elsewhere.url}/trap")))
    error = assert_unknown(caller(server.url))
    assert error.status == status
    reader = caller(server.url)
    with pytest.raises(OutcomeUnknown):
        reader.client.users.get_current_user()
    assert elsewhere.connections == 0
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_server_error_even_with_a_documented_body(
    caller: MakeCaller, serve: Serve, status: int
) -> None:
    body = {"message": "unable to fetch data", "details": "Try later", "code": status}
    server = serve(saying(json_answer(status, body)))
    error = assert_unknown(caller(server.url))
    assert (error.status, error.texts) == (status, ["unable to fetch data", "Try later"])
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 501])
def test_refusal_by_something_in_between(caller: MakeCaller, serve: Serve, status: int) -> None:
    page = answer(status, b"<html><h1>Error</h1></html>", Content_Type="text/html")
    assert assert_unknown(caller(serve(saying(page)).url), "web page").status == status


def test_huge_reply_is_cut_at_the_cap(caller: MakeCaller, serve: Serve) -> None:
    def flood(connection: socket.socket, request: Request) -> None:
        connection.sendall(b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"100000\r\n" + b" " * 0x100000 + b"\r\n")

    patient = Timeouts(connect=5, read=20, deadline=20)
    error = assert_unknown(caller(serve(flood).url, timeouts={"*": patient}), "16 MiB")
    assert error.status == 201


def test_gzip_bomb_is_cut_at_the_cap(caller: MakeCaller, serve: Serve) -> None:
    bomb = gzip.compress(b" " * (256 * 1024 * 1024), compresslevel=9)
    assert len(bomb) < 300_000
    server = serve(saying(answer(201, bomb, Content_Encoding="gzip")))
    patient = caller(server.url, timeouts={"*": Timeouts(connect=5, read=20, deadline=20)})
    del bomb
    tracemalloc.start()
    try:
        assert_unknown(patient, "16 MiB")
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_RESPONSE_BYTES
    finally:
        tracemalloc.stop()


def test_broken_compression(caller: MakeCaller, serve: Serve) -> None:
    server = serve(saying(answer(201, b"not gzip at all", Content_Encoding="gzip")))
    assert_unknown(caller(server.url), "connection broke")


# Known


def test_created(caller: MakeCaller, serve: Serve) -> None:
    server = serve(saying(CREATED))
    buyer = caller(server.url)
    assert create(buyer) == 701
    assert buyer.trace == ["sent", "replied"]
    (hit,) = buyer.hits
    assert (hit.endpoint, hit.method, hit.status, hit.error) == (
        "create_activation",
        "POST",
        201,
        None,
    )
    assert hit.started_at.utcoffset() is not None


def test_created_in_a_compressed_reply_over_tls(
    caller: MakeCaller, serve: Serve, certificate: Certificate
) -> None:
    body = gzip.compress(b'{"system_id": 701}')
    server = serve(saying(answer(201, body, Content_Encoding="gzip")), certificate.context)
    assert create(caller(server.url, ca_bundle=certificate.ca_bundle)) == 701


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 422, 501])
def test_documented_refusal(caller: MakeCaller, serve: Serve, status: int) -> None:
    server = serve(saying(json_answer(status, REFUSAL)))
    buyer = caller(server.url)
    with pytest.raises(Rejected) as caught:
        create(buyer)
    assert (caught.value.status, caught.value.code) == (status, 11)
    assert caught.value.texts == REFUSAL["errorMessages"]
    assert caught.value.body == REFUSAL
    assert [hit.status for hit in buyer.hits] == [status]
    assert len(server.requests) == 1  # also after a 401: the portal's runner decides
    assert buyer.tokens.rejected == []


def test_limit_reached(caller: MakeCaller, serve: Serve) -> None:
    body = {"reason": "429", "message": ["Usage limit exceeded"], "period": "month", "limit": 200}
    buyer = caller(serve(saying(json_answer(429, body))).url)
    with pytest.raises(RateLimited) as caught:
        create(buyer)
    assert (caught.value.period, caught.value.limit) == ("month", 200)
    assert [hit.error for hit in buyer.hits] == ["RateLimited"]


def test_writes_use_a_connection_of_their_own(caller: MakeCaller, serve: Serve) -> None:
    server = serve(saying(json_answer(201, {"system_id": 1, "user_id": 2, "message": "yes"})))
    buyer = caller(server.url)
    buyer.client.users.get_current_user()
    buyer.client.users.get_current_user()
    create(buyer)
    create(buyer)
    buyer.client.activations.set_production_mode(1, "on")
    assert [request.connection for request in server.requests] == [1, 1, 2, 3, 4]
    assert [request.headers["connection"] for request in server.requests] == [
        "keep-alive",
        "keep-alive",
        "close",
        "close",
        "close",
    ]


def test_sent_is_told_after_the_request_arrived_and_before_the_answer(
    caller: MakeCaller, serve: Serve
) -> None:
    told: list[tuple[str, int]] = []

    def answer_late(connection: socket.socket, request: Request) -> None:
        time.sleep(0.2)
        assert told == [("sent", 0)]
        told.append(("arrived", len(request.body)))
        connection.sendall(CREATED)

    server = serve(answer_late)
    buyer = caller(server.url, trace=lambda moment: told.append((moment, 0)))
    create(buyer)
    assert told == [("sent", 0), ("arrived", len(server.requests[0].body)), ("replied", 0)]


def test_a_broken_ledger_does_not_lose_a_paid_answer(caller: MakeCaller, serve: Serve) -> None:
    def fail(hit: object) -> None:
        raise RuntimeError("no database")

    assert create(caller(serve(saying(CREATED)).url, on_hit=fail)) == 701


def test_an_allowance_that_refuses_keeps_everything_here(caller: MakeCaller, serve: Serve) -> None:
    class Spent:
        def take(self, endpoint: str, lane: str) -> None:
            asked.append((endpoint, lane))
            raise RateLimited("The budget is spent.")

    asked: list[tuple[str, str]] = []
    server = serve(saying(CREATED))
    buyer = caller(server.url, allowance=Spent(), lane="bulk")
    with pytest.raises(RateLimited, match="budget"):
        create(buyer)
    with pytest.raises(RateLimited, match="budget"):
        buyer.client.users.get_current_user()
    assert asked == [("create_activation", "bulk"), ("get_current_user", "bulk")]
    assert (server.connections, buyer.hits) == (0, [])


def test_a_dead_account_takes_no_permit(caller: MakeCaller, serve: Serve) -> None:
    class Dead:
        def access_token(self) -> str:
            raise LookupError("connect again")

        def renew(self, rejected: str) -> str | None:
            return None

    class Counting:
        taken = 0

        def take(self, endpoint: str, lane: str) -> None:
            self.taken += 1

    server, allowance = serve(saying(CREATED)), Counting()
    with pytest.raises(LookupError, match="connect again"):
        create(caller(server.url, tokens=Dead(), allowance=allowance))
    assert (allowance.taken, server.connections) == (0, 0)
