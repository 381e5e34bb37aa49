"""Nothing secret or personal reaches a log, an exception or a traceback, at DEBUG level too."""

import logging
import socket
import traceback
from collections.abc import Callable
from typing import Any

import pytest

from enphase import EnphaseError, password_grant, refresh_grant
from tests.enphase.conftest import APPLICATION, QUICK, Certificate, MakeCaller, Serve
from tests.enphase.wire import Request, answer, close, json_answer, reset, saying

SECRETS = [
    "token-canary",
    "key-canary",
    "secret-canary",
    "password-canary",
    "refresh-canary",
    "person-canary",
    "c2VjcmV0LWNhbmFyeQ",  # Basic
    "Y2xpZW50LWlkOnNlY3JldC1jYW5hcnk",
    "c3RyZWV0",
    "street-canary",
    "202040004942",
]

# Values apart from the calls, for a traceback shows the lines that it went through.
EMAIL, NAME, PASSWORD = "person-canary@x.example", "person-canary", "password-canary"
REFRESH, STREET, SERIAL = "refresh-canary", "street-canary", "202040004942"
SITE = {"address": {"street1": STREET}, "envoy_serial_numbers": [SERIAL]}
QUICKLY = {"timeouts": QUICK}

CALLS: list[Callable[[Any, str], Any]] = [
    lambda client, url: client.users.search_users(EMAIL),
    lambda client, url: client.users.create_home_owner(EMAIL, NAME, NAME, NAME),
    lambda client, url: client.activations.create_activation(SITE),
    lambda client, url: client.activations.list_activations(street1=STREET),
    lambda client, url: client.systems.retrieve_system_id(SERIAL),
    lambda client, url: password_grant(url, APPLICATION, EMAIL, PASSWORD, **QUICKLY),
    lambda client, url: refresh_grant(url, APPLICATION, REFRESH, credentials_in="body", **QUICKLY),
]


def hang_up(connection: socket.socket, request: Request) -> None:
    close(connection)


def send_reset(connection: socket.socket, request: Request) -> None:
    reset(connection)


def broken_headers(connection: socket.socket, request: Request) -> None:
    # urllib3 warns about these, with the URL.
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nno colon here\r\n\r\n{}")


WEATHER = {
    "fine": saying(json_answer(200, {"system_id": 1, "user_id": 2, "systems": []})),
    "echoed personal data": saying(
        json_answer(200, {"system_id": "person-canary", "user_id": ["street-canary"]})
    ),
    "refused": saying(json_answer(422, {"errorMessages": ["No."]})),
    "not yours": saying(json_answer(401, {"reason": "401", "message": ["No."]})),
    "redirect": saying(answer(307, b"", Location="https://elsewhere.example/")),
    "page": saying(answer(200, b"<html>")),
    "down": saying(answer(503, b"")),
    "hang up": hang_up,
    "reset": send_reset,
    "broken headers": broken_headers,
    "garbage": saying(b"no http at all\r\n\r\n"),
}


def shown(error: BaseException) -> str:
    """Everything that an exception and those it came from would show, attributes included."""
    texts = ["".join(traceback.format_exception(error))]
    seen: BaseException | None = error
    while seen is not None:
        texts.append(f"{seen!r} {seen} {vars(seen)!r}")
        seen = seen.__cause__ or seen.__context__
    return "\n".join(texts)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("weather", WEATHER)
def test_logs_and_exceptions_are_clean(
    caller: MakeCaller,
    serve: Serve,
    caplog: pytest.LogCaptureFixture,
    weather: str,
    call: Callable[[Any, str], Any],
) -> None:
    # Each by name: settings may have quietened them.
    for name in ("", "enphase", "urllib3", "requests"):
        caplog.set_level(logging.DEBUG, logger=name or None)
    server = serve(WEATHER[weather])
    made = caller(server.url)
    said = ""
    try:
        call(made.client, server.url)
    except EnphaseError as error:
        said = shown(error)
    logged = "\n".join(
        logging.Formatter("%(name)s %(message)s %(exc_info)s").format(record)
        for record in caplog.records
    )
    assert "urllib3" in logged  # it does talk, at DEBUG
    for secret in SECRETS:
        assert secret not in logged
        assert secret not in said
        assert secret not in repr(made.hits)


def test_failures_before_sending_are_clean_too(
    caller: MakeCaller,
    serve: Serve,
    certificate: Certificate,
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Each by name: settings may have quietened them.
    for name in ("", "enphase", "urllib3", "requests"):
        caplog.set_level(logging.DEBUG, logger=name or None)
    server = serve(saying(b""), certificate.context)
    for url in (server.url, "https://enphase.invalid", "http://127.0.0.1:9"):
        made = caller(url)
        for call in CALLS:
            with pytest.raises(EnphaseError) as caught:
                call(made.client, url)
            for secret in SECRETS:
                assert secret not in shown(caught.value)
    for secret in SECRETS:
        assert secret not in caplog.text


def test_cookies_are_not_kept(caller: MakeCaller, serve: Serve) -> None:
    server = serve(saying(json_answer(200, {"user_id": 5}, Set_Cookie="session=1; Path=/")))
    reader = caller(server.url)
    reader.client.users.get_current_user()
    reader.client.users.get_current_user()
    assert "cookie" not in server.requests[1].headers


def test_settings_of_the_machine_are_not_read(
    caller: MakeCaller, serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    trap = serve(saying(json_answer(200, {"user_id": 6})))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, trap.url)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server = serve(saying(json_answer(200, {"user_id": 5})))
    assert caller(server.url).client.users.get_current_user().user_id == 5
    assert server.requests[0].headers["authorization"] == "Bearer token-canary"
    assert trap.connections == 0
