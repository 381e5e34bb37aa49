"""One call of the API: table row in, parsed JSON out; reads are repeated, writes never.

Which failure proves what:

* nothing left this machine (DNS, refused, connect timeout, TLS handshake, deadline before the
  request line) → `NotSent`
* 429 → `RateLimited`; on a write only with a documented body, because only Enphase writes those
* 4xx (not 408) and 501 with a documented body → `Rejected`
* 2xx with a JSON body → the answer
* everything else → `OutcomeUnknown`
"""

import json
import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar
from urllib.parse import quote, urlencode

from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from enphase.application import Application, checked_base_url
from enphase.endpoints import DEFAULT_TIMEOUTS, ENDPOINTS, BodyStyle, Endpoint, Timeouts
from enphase.errors import (
    TEMPORARILY_UNAVAILABLE,
    EnphaseError,
    Envelope,
    LiveError,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TryLater,
    live_error,
    rate_limited,
    read_envelope,
)
from enphase.exchange import Reply, Stream, Trace, Wire

logger = logging.getLogger(__name__)

READ_ATTEMPTS = 3
BACKOFF_SECONDS = 0.4
MAX_BACKOFF_SECONDS = 4.0

T = TypeVar("T")


class Tokens(Protocol):
    """Where the access token comes from. The portal implements it over its Account row."""

    def access_token(self) -> str:
        """Return the token to send. May raise what it likes; nothing has been sent by then."""

    def renew(self, rejected: str) -> str | None:
        """Return another token than `rejected`, which a read was refused with; None if none."""


class Allowance(Protocol):
    """The shared limit on calls, asked before each exchange, repeats included."""

    def take(self, endpoint: str, lane: str) -> None:
        """Take one permit, waiting if need be; raise `RateLimited` or `NotSent` to refuse."""


@dataclass(frozen=True)
class Hit:
    """One exchange that reached Enphase or may have. `error` names the kind of failure, if any.

    `limit` is what Enphase said of a used-up limit: until when, and of which period.
    """

    endpoint: str
    method: str
    status: int | None
    started_at: datetime
    seconds: float
    error: str | None = None
    limit: RateLimited | None = None


class Transport:
    """Everything the resources need: `call()`.

    `body_styles` overrides how a body travels, by operation; `timeouts` likewise, with "*" for all
    operations that are not named. `trace` is told "sent" when a request has been written to the
    socket and "replied" when the whole answer has been read.
    """

    def __init__(
        self,
        base_url: str,
        application: Application,
        tokens: Tokens,
        allowance: Allowance | None = None,
        on_hit: Callable[[Hit], None] | None = None,
        lane: str = "interactive",
        *,
        trace: Trace | None = None,
        body_styles: Mapping[str, BodyStyle] | None = None,
        timeouts: Mapping[str, Timeouts] | None = None,
        ca_bundle: str | None = None,
    ) -> None:
        self._base_url = checked_base_url(base_url)
        self._application = application
        self._tokens = tokens
        self._allowance = allowance
        self._on_hit = on_hit
        self._lane = lane
        self._body_styles = dict(body_styles or {})
        self._timeouts = dict(timeouts or {})
        unknown = (set(self._body_styles) | set(self._timeouts)) - set(ENDPOINTS) - {"*"}
        if unknown:
            raise ValueError(f"No such operation: {', '.join(sorted(unknown))}.")
        self._wire = Wire(ca_bundle=ca_bundle, trace=trace)

    def close(self) -> None:
        self._wire.close()

    def call(
        self,
        operation: str,
        read: Callable[[Any], T],
        *,
        path: Mapping[str, int | str] | None = None,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> T:
        """Make one call of `operation` and return what `read` makes of the parsed answer.

        `read` may raise ValueError (pydantic's included) for an answer it cannot use; that is
        `OutcomeUnknown`, for a success whose body says nothing proves nothing.
        """
        endpoint = ENDPOINTS[operation]
        url = self._base_url + fill_path(endpoint.path, path or {})
        encoded, media_type = encode(
            self._body_styles.get(operation, endpoint.body), endpoint.wrapper, body
        )
        send = _Send(
            endpoint=endpoint,
            url=url,
            query=urlencode(query or {}, quote_via=quote),
            body=encoded,
            media_type=media_type,
        )
        answer, status = self._once(send) if endpoint.writes else self._repeated(send)
        try:
            return read(answer)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            # pydantic quotes the value it stumbled over, which may be personal.
            reason = type(error).__name__
        raise OutcomeUnknown(
            f"Enphase answered {operation} with {status}, but not with what is documented "
            f"({reason}).",
            status,
        )

    def _repeated(self, send: "_Send") -> tuple[Any, int]:
        """Read, and repeat what may pass: unreachable, broken off, too slow, 408 and 5xx."""
        retrying = Retrying(
            retry=retry_if_exception_type(_Passing),
            stop=stop_after_attempt(READ_ATTEMPTS)
            | stop_before_delay(self._timeouts_of(send.endpoint).deadline),
            wait=wait_random_exponential(multiplier=BACKOFF_SECONDS, max=MAX_BACKOFF_SECONDS),
            reraise=True,
        )
        failure: EnphaseError
        try:
            answer: tuple[Any, int] = retrying(self._attempt, send, self._once)
            return answer
        except _Passing as passing:
            failure = passing.error
        raise failure

    def _attempt(self, send: "_Send", once: Callable[["_Send"], T]) -> T:
        try:
            return once(send)
        except Rejected as error:
            if error.status != 401 or send.renewed is not None:
                raise
            rejected = error
        # 401 also means "you may not see this": one renewal, then it stands.
        send.renewed = self._tokens.renew(send.token) or ""
        if not send.renewed:
            raise rejected
        return once(send)

    def _once(self, send: "_Send") -> tuple[Any, int]:
        """Make one exchange and sort its outcome. Reads raise `_Passing` for what may pass."""
        endpoint = send.endpoint
        headers = self._permitted(send)
        if send.media_type:
            headers["Content-Type"] = send.media_type

        started_at, started = datetime.now(UTC), time.monotonic()
        status, answer = None, None
        failure: EnphaseError | None = None
        try:
            reply = self._wire.exchange(
                endpoint.operation,
                endpoint.method,
                send.url,
                query=send.query,
                headers=headers,
                body=send.body,
                timeouts=self._time_left(send),
                fresh=endpoint.writes,
            )
            status = reply.status
            answer = classify(reply, endpoint)
        except EnphaseError as error:
            failure = error

        seconds = time.monotonic() - started
        send.spent_seconds += seconds
        if not isinstance(failure, NotSent):
            kind = type(failure).__name__ if failure else None
            limit = failure if isinstance(failure, RateLimited) else None
            self._record(
                Hit(endpoint.operation, endpoint.method, status, started_at, seconds, kind, limit)
            )
        if failure is None:
            return answer, status or 0
        raise _Passing(failure) if may_pass(failure, endpoint) else failure

    def open(
        self,
        operation: str,
        *,
        path: Mapping[str, int | str],
        headers: Mapping[str, str],
        timeouts: Timeouts,
    ) -> Stream:
        """Start a read whose answer is a stream of events, and return it. Close it.

        Never repeated, for each try is paid for; only a token that was refused (401) is renewed,
        once. Counts as a hit as soon as the answer's status is known.
        """
        endpoint = ENDPOINTS[operation]
        url = self._base_url + fill_path(endpoint.path, path)
        send = _Send(endpoint=endpoint, url=url, query="", body=None, media_type=None)
        allowed = self._timeouts.get(operation, timeouts)
        return self._attempt(send, lambda send: self._opened(send, headers, allowed))

    def _opened(self, send: "_Send", extra: Mapping[str, str], timeouts: Timeouts) -> Stream:
        endpoint = send.endpoint
        headers = {**self._permitted(send), **extra}
        started_at, started = datetime.now(UTC), time.monotonic()
        status = None
        failure: EnphaseError | None = None
        try:
            stream = self._wire.open(
                endpoint.operation, send.url, headers=headers, timeouts=timeouts
            )
            status = stream.status
            if not (stream.has_events and 200 <= status < 300):
                failure = not_a_stream(Reply(status, stream.read_all()), endpoint)
        except EnphaseError as error:
            failure = error
        if not isinstance(failure, NotSent):
            seconds = time.monotonic() - started
            kind = type(failure).__name__ if failure else None
            self._record(
                Hit(endpoint.operation, endpoint.method, status, started_at, seconds, kind)
            )
        if failure is not None:
            raise failure
        return stream

    def _permitted(self, send: "_Send") -> dict[str, str]:
        """Return both credentials as headers, once the allowance has let the call pass.

        The token first: without one nothing is sent, and no permit must be spent on that.
        """
        send.token = send.renewed or self._tokens.access_token()
        if self._allowance is not None:
            self._allowance.take(send.endpoint.operation, self._lane)
        return {"Authorization": f"Bearer {send.token}", "key": self._application.api_key}

    def _timeouts_of(self, endpoint: Endpoint) -> Timeouts:
        special = self._timeouts.get(endpoint.operation)
        return special or self._timeouts.get("*", DEFAULT_TIMEOUTS)

    def _time_left(self, send: "_Send") -> Timeouts:
        """The deadline covers the exchanges of all repeats together, not the wait for a permit."""
        timeouts = self._timeouts_of(send.endpoint)
        left = max(0.05, timeouts.deadline - send.spent_seconds)
        return Timeouts(min(timeouts.connect, left), min(timeouts.read, left), left)

    def _record(self, hit: Hit) -> None:
        logger.debug("%s: %s in %.3f s", hit.endpoint, hit.status or hit.error, hit.seconds)
        if self._on_hit is None:
            return
        try:
            self._on_hit(hit)
        except Exception as problem:
            # A ledger that cannot be written must not make a paid answer disappear.
            logger.error("%s: on_hit failed (%s)", hit.endpoint, type(problem).__name__)


@dataclass
class _Send:
    """One call under way, and what its repeats must remember."""

    endpoint: Endpoint
    url: str
    query: str
    body: bytes | None
    media_type: str | None
    token: str = ""
    renewed: str | None = None  # "" once a renewal was asked for in vain
    spent_seconds: float = 0.0


class _Passing(Exception):
    """A failure of a read that is worth a repeat."""

    def __init__(self, error: EnphaseError) -> None:
        super().__init__(str(error))
        self.error = error


def classify(reply: Reply, endpoint: Endpoint) -> Any:
    """Return the parsed JSON of a success, or raise what the answer proves."""
    status, operation = reply.status, endpoint.operation
    body, is_json = parse_json(reply.body)
    envelope = read_envelope(body)

    if 200 <= status < 300:
        if is_json:
            return body
        raise OutcomeUnknown(
            f"Enphase answered {operation} with {status}, but without a readable body.", status
        )
    if status == 429 and (envelope or not endpoint.writes):
        raise rate_limited(envelope, datetime.now(UTC))
    if is_refusal(status) and envelope:
        raise Rejected(status, envelope.code, envelope.texts, body)

    unavailable = envelope and envelope.code == TEMPORARILY_UNAVAILABLE
    if status == 500 and envelope and unavailable and not endpoint.writes:
        raise TryLater(status, envelope.texts, datetime.now(UTC))

    raise OutcomeUnknown(
        f"Enphase answered {operation} with {status}{_what(reply, envelope)}.",
        status,
        envelope.texts if envelope else (),
    )


def not_a_stream(reply: Reply, endpoint: Endpoint) -> EnphaseError:
    """Return what an answer proves that came in place of events; a status of 200 proves nothing."""
    body, _ = parse_json(reply.body)
    status = reply.status
    error = body.get("error") if isinstance(body, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    if 200 <= status < 300 and type(code) is int:
        status = code
    if status >= 400:
        found = live_error(status, body, datetime.now(UTC))
        if not isinstance(found, OutcomeUnknown) or isinstance(found, LiveError):
            return found
    try:
        classify(reply, endpoint)
    except EnphaseError as other:
        return other
    return OutcomeUnknown(
        f"Enphase answered {endpoint.operation} with {reply.status}, but not with events.",
        reply.status,
    )


def may_pass(failure: EnphaseError, endpoint: Endpoint) -> bool:
    """Whether a repeat may help, and may be tried: never for a write."""
    if endpoint.writes or isinstance(failure, TryLater):
        return False
    if isinstance(failure, OutcomeUnknown):
        return failure.status is None or failure.status == 408 or failure.status >= 500
    return isinstance(failure, NotSent)


def is_refusal(status: int) -> bool:
    """Whether a documented body with this status means "refused, not carried out"."""
    return (400 <= status < 500 and status not in (408, 429)) or status == 501


def fill_path(template: str, values: Mapping[str, int | str]) -> str:
    """Put ids into a path, quoted. An empty id is refused: it would address the whole list."""

    def value(match: re.Match[str]) -> str:
        given = values[match[1]]
        if not isinstance(given, str) and (type(given) is not int or given <= 0):
            raise ValueError(f"{match[1]} must be a positive number.")
        text = str(given)
        if not text.strip(". "):
            raise ValueError(f"{match[1]} must not be empty.")
        return quote(text, safe="")

    return re.sub(r"\{(\w+)\}", value, template)


def encode(
    style: BodyStyle | None, wrapper: str | None, payload: Mapping[str, Any] | None
) -> tuple[bytes | None, str | None]:
    """Return the body and its media type, in the style that is set for the operation.

    json: `{…}` · json_wrapped: `{"system": {…}}` · form: `system=<JSON>`, url-encoded.
    """
    if payload is None:
        return None, None
    if style is None:
        raise ValueError("This operation takes no body.")
    if style == "json":
        return _dump(payload), "application/json"
    if wrapper is None:
        raise ValueError("This operation's body has no name to be wrapped in.")
    if style == "json_wrapped":
        return _dump({wrapper: payload}), "application/json"
    return (
        urlencode({wrapper: _dump(payload)}).encode("ascii"),
        "application/x-www-form-urlencoded",
    )


def _dump(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")


def parse_json(body: bytes) -> tuple[Any, bool]:
    """Return the parsed body and True, or None and False. Never raises.

    A wrong charset costs a few letters, not the answer. NUL and lone surrogates, which no database
    stores, become U+FFFD.
    """
    try:
        text = body.decode(json.detect_encoding(body), "replace")
        parsed = json.loads(text, parse_constant=_no_constant)
        if _UNSTORABLE.search(text):
            parsed = _storable(parsed)
    except (ValueError, RecursionError):
        return None, False
    return parsed, True


_UNSTORABLE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE_CHARACTER = re.compile("[\x00\ud800-\udfff]")


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _what(reply: Reply, envelope: Envelope | None) -> str:
    if envelope:
        return ""
    start = reply.body[:200].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html")):
        return " and a web page instead of an answer"
    return " and no documented body" if start else " and an empty body"
