"""The token endpoint: password, authorization code and refresh token in, a pair of tokens out.

Nothing here repeats itself: a refresh token can be used once, so a lost reply is `OutcomeUnknown`
and the caller looks whether another process has stored a newer pair. Plain ways to fail:
`InvalidGrant` (password, code or refresh token refused), `Rejected` (client or key refused),
`NotSent`, `RateLimited`, `OutcomeUnknown`.

The vendor documents user name and password in the query string with an empty body; that is the
default. Neither way lets them into a log line or an exception: see `exchange.py`.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote, urlencode

from enphase.application import Application, checked_base_url
from enphase.endpoints import Timeouts
from enphase.errors import InvalidGrant, OutcomeUnknown, Rejected, rate_limited, read_envelope
from enphase.exchange import Reply, Wire
from enphase.transport import is_refusal, parse_json

CredentialsIn = Literal["query", "body"]

TOKEN_PATH = "/oauth/token"  # noqa: S105 (a path, no secret)
AUTHORIZE_PATH = "/oauth/authorize"
TOKEN_TIMEOUTS = Timeouts(connect=5.0, read=30.0, deadline=40.0)

# Without a believable expires_in a token is used for an hour, then refreshed.
FALLBACK_LIFETIME_SECONDS = 3600


@dataclass(frozen=True)
class TokenSet:
    """What the token endpoint gave. Printing it shows no token.

    `refresh_token` is "" when none came: keep the one you have. `expires_in` counts seconds from
    `received_at` (aware UTC). `enl_uid` and `enl_cid` are Enlighten's ids of the person and of the
    company behind the tokens, None if not told. `raw` is the answer as received, secrets included.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int
    received_at: datetime
    enl_uid: int | None = None
    enl_cid: int | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def expires_at(self) -> datetime:
        return self.received_at + timedelta(seconds=self.expires_in)


def password_grant(
    base_url: str,
    application: Application,
    username: str,
    password: str,
    *,
    credentials_in: CredentialsIn = "query",
    timeouts: Timeouts = TOKEN_TIMEOUTS,
) -> TokenSet:
    """Exchange an installer's Enlighten e-mail and password for tokens. Neither is kept."""
    parameters = {"grant_type": "password", "username": username, "password": password}
    return _grant(base_url, application, parameters, credentials_in, timeouts)


def code_grant(
    base_url: str,
    application: Application,
    code: str,
    redirect_uri: str,
    *,
    credentials_in: CredentialsIn = "query",
    timeouts: Timeouts = TOKEN_TIMEOUTS,
) -> TokenSet:
    """Exchange an authorization code; `redirect_uri` must be the one the code was asked with."""
    parameters = {
        "grant_type": "authorization_code",
        "redirect_uri": redirect_uri,
        "code": code,
    }
    return _grant(base_url, application, parameters, credentials_in, timeouts)


def refresh_grant(
    base_url: str,
    application: Application,
    refresh_token: str,
    *,
    credentials_in: CredentialsIn = "query",
    timeouts: Timeouts = TOKEN_TIMEOUTS,
) -> TokenSet:
    """Use a refresh token up for a new pair. Store the pair before its first use.

    One process at a time: the loser of a race gets `InvalidGrant` and must read the row again
    before it believes that the account is lost.
    """
    parameters = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return _grant(base_url, application, parameters, credentials_in, timeouts)


def authorize_url(base_url: str, application: Application, redirect_uri: str, state: str) -> str:
    """Return the address of Enphase's consent page. It holds no secret."""
    query = {
        "response_type": "code",
        "client_id": application.client_id,
        "redirect_uri": redirect_uri,
        "state": state,
    }
    return f"{checked_base_url(base_url)}{AUTHORIZE_PATH}?{urlencode(query, quote_via=quote)}"


def _grant(
    base_url: str,
    application: Application,
    parameters: Mapping[str, str],
    credentials_in: CredentialsIn,
    timeouts: Timeouts,
) -> TokenSet:
    encoded = urlencode(parameters, quote_via=quote)
    pair = f"{application.client_id}:{application.client_secret}".encode("ascii")
    headers = {"Authorization": "Basic " + base64.b64encode(pair).decode("ascii")}
    in_query = credentials_in == "query"
    if not in_query:
        headers["Content-Type"] = "application/x-www-form-urlencoded"

    wire = Wire()
    try:
        reply = wire.exchange(
            "token",
            "POST",
            checked_base_url(base_url) + TOKEN_PATH,
            query=encoded if in_query else "",
            headers=headers,
            body=None if in_query else encoded.encode("ascii"),
            timeouts=timeouts,
            fresh=True,
        )
    finally:
        wire.close()
    return _read(reply)


def _read(reply: Reply) -> TokenSet:
    status, now = reply.status, datetime.now(UTC)
    body, _ = parse_json(reply.body)
    envelope = read_envelope(body)
    if 200 <= status < 300:
        token_set = _token_set(body, now)
        if token_set:
            return token_set
        raise OutcomeUnknown(f"Enphase answered with {status}, but without tokens.", status)
    if status == 429:
        raise rate_limited(envelope, now)
    if is_refusal(status) and envelope:
        refusal = InvalidGrant if envelope.error == "invalid_grant" else Rejected
        texts = envelope.texts or [envelope.error or f"Refused with status {status}."]
        raise refusal(status, envelope.code, texts, body)
    raise OutcomeUnknown(f"Enphase answered the request for tokens with {status}.", status)


def _token_set(body: Any, now: datetime) -> TokenSet | None:
    if not isinstance(body, dict):
        return None
    access, refresh = body.get("access_token"), body.get("refresh_token", "")
    if not (isinstance(access, str) and _fits_header(access)):
        return None
    expires_in = _whole(body.get("expires_in"))
    return TokenSet(
        access_token=access,
        refresh_token=refresh if isinstance(refresh, str) else "",
        expires_in=expires_in or FALLBACK_LIFETIME_SECONDS,
        received_at=now,
        enl_uid=_whole(body.get("enl_uid")),
        enl_cid=_whole(body.get("enl_cid")),
        raw=body,
    )


def _fits_header(token: str) -> bool:
    return bool(token) and token.isascii() and token.isprintable() and " " not in token


def _whole(value: Any) -> int | None:
    """Read a positive number that may have come as text; None for anything else."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63:
        return value
    return None
