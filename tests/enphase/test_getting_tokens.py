"""The token endpoint, three grants, two places for credentials."""

import base64
import socket
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from enphase import (
    InvalidGrant,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Timeouts,
    TokenSet,
    authorize_url,
    code_grant,
    password_grant,
    refresh_grant,
)
from tests.enphase.conftest import APPLICATION, Serve
from tests.enphase.wire import Request, answer, close, json_answer, saying

GIVEN = {
    "access_token": "access-canary",
    "token_type": "bearer",
    "refresh_token": "refresh-canary",
    "expires_in": 86393,
    "scope": "read write",
    "enl_uid": "217",
    "enl_cid": 9,
    "is_internal_app": False,
}
QUICK = Timeouts(connect=0.5, read=0.5, deadline=1.0)


def by_password(url: str, **options: Any) -> TokenSet:
    return password_grant(url, APPLICATION, "dana@x.example", "p&w=+é", **options)


def by_code(url: str, **options: Any) -> TokenSet:
    return code_grant(url, APPLICATION, "code1", "https://p.example/cb", **options)


def by_refresh_token(url: str, **options: Any) -> TokenSet:
    return refresh_grant(url, APPLICATION, "old-refresh", **options)


GRANTS = [
    (by_password, {"grant_type": "password", "username": "dana@x.example", "password": "p&w=+é"}),
    (
        by_code,
        {
            "grant_type": "authorization_code",
            "code": "code1",
            "redirect_uri": "https://p.example/cb",
        },
    ),
    (by_refresh_token, {"grant_type": "refresh_token", "refresh_token": "old-refresh"}),
]


@pytest.mark.parametrize("place", ["query", "body"])
@pytest.mark.parametrize(("grant", "sent"), GRANTS)
def test_grants(serve: Serve, grant: Any, sent: dict[str, str], place: str) -> None:
    server = serve(saying(json_answer(200, GIVEN)))
    before = datetime.now(UTC)
    tokens: TokenSet = grant(f"{server.url}/", credentials_in=place)
    assert (tokens.access_token, tokens.refresh_token) == ("access-canary", "refresh-canary")
    assert (tokens.enl_uid, tokens.enl_cid, tokens.raw["scope"]) == (217, 9, "read write")
    assert before <= tokens.received_at <= datetime.now(UTC)
    assert tokens.expires_at == tokens.received_at + timedelta(seconds=86393)

    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/oauth/token")
    query, body = parse_qs(request.query), parse_qs(request.body.decode("ascii"))
    expected = {name: [value] for name, value in sent.items()}
    assert (query, body) == ((expected, {}) if place == "query" else ({}, expected))
    basic = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
    assert basic == "client-id:secret-canary"


def test_the_documented_place_is_the_query(serve: Serve) -> None:
    server = serve(saying(json_answer(200, GIVEN)))
    refresh_grant(server.url, APPLICATION, "old")
    assert "refresh_token=old" in server.requests[0].query
    assert server.requests[0].headers["content-length"] == "0"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"error": "invalid_grant", "error_description": "Bad credentials"}, InvalidGrant),
        (401, {"error": "invalid_grant"}, InvalidGrant),
        (401, {"error": "invalid_client", "error_description": "Bad client"}, Rejected),
        (401, {"reason": "401", "message": ["Not authorized."]}, Rejected),
        (404, {"error": "not found"}, Rejected),
        (429, {"reason": "429", "message": ["Usage limit exceeded"]}, RateLimited),
        (500, {"error": "server_error"}, OutcomeUnknown),
        (302, {"error": "invalid_grant"}, OutcomeUnknown),
        (200, {"error": "invalid_grant"}, OutcomeUnknown),
        (200, {"access_token": ""}, OutcomeUnknown),
        (200, {"access_token": 5}, OutcomeUnknown),
        (200, {"access_token": "line\nbreak"}, OutcomeUnknown),
        (200, [], OutcomeUnknown),
    ],
)
def test_refusals(serve: Serve, status: int, body: Any, error: type[Exception]) -> None:
    server = serve(saying(json_answer(status, body)))
    with pytest.raises(error) as caught:
        refresh_grant(server.url, APPLICATION, "old-refresh", timeouts=QUICK)
    assert type(caught.value) is error
    assert len(server.requests) == 1


def test_refusal_in_html_is_not_believed(serve: Serve) -> None:
    server = serve(saying(answer(400, b"<html>Bad Request</html>")))
    with pytest.raises(OutcomeUnknown):
        refresh_grant(server.url, APPLICATION, "old-refresh")


def test_lost_reply_is_not_asked_for_again(serve: Serve) -> None:
    def hang_up(connection: socket.socket, request: Request) -> None:
        close(connection)

    server = serve(hang_up)
    with pytest.raises(OutcomeUnknown):
        refresh_grant(server.url, APPLICATION, "old-refresh")
    assert len(server.requests) == 1


def test_unreachable_endpoint() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(NotSent):
        password_grant(url, APPLICATION, "dana@x.example", "pw")


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (86393, 86393),
        ("600", 600),
        (0, 3600),
        (None, 3600),
        (-5, 3600),
        ("soon", 3600),
        (True, 3600),
    ],
)
def test_lifetime_is_taken_from_the_answer_if_it_is_believable(
    serve: Serve, given: Any, seconds: int
) -> None:
    server = serve(saying(json_answer(200, {"access_token": "a", "expires_in": given})))
    tokens = refresh_grant(server.url, APPLICATION, "old")
    assert (tokens.expires_in, tokens.refresh_token) == (seconds, "")


def test_the_consent_page_is_asked_for_without_secrets() -> None:
    url = authorize_url("https://api.example.com/", APPLICATION, "https://p.example/cb", "st&te")
    parts = urlsplit(url)
    assert (parts.hostname, parts.path) == ("api.example.com", "/oauth/authorize")
    assert parse_qs(parts.query) == {
        "response_type": ["code"],
        "client_id": ["client-id"],
        "redirect_uri": ["https://p.example/cb"],
        "state": ["st&te"],
    }
    assert "canary" not in url


def test_printing_tokens_shows_none() -> None:
    tokens = TokenSet("access-canary", "refresh-canary", 5, datetime.now(UTC), 1, 2, GIVEN)
    assert "canary" not in f"{tokens!r} {tokens}"
    assert "canary" not in repr(APPLICATION)
