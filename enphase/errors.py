"""What can go wrong, named for what to do next, and the one reader of every error body.

`NotSent` (send it again), `RateLimited` (later), `Rejected` (do not), `OutcomeUnknown` (look).
No exception of `requests` or `urllib3` leaves this package. Messages name the operation and the
reason; they never hold a URL, a token, or what a person typed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

Period = Literal["minute", "month"]

MAX_TEXTS = 20
MAX_TEXT_LENGTH = 500

TEMPORARILY_UNAVAILABLE = 7
TRY_LATER_AFTER = timedelta(minutes=15)  # as long as an interval of the meters


class EnphaseError(Exception):
    """Base of the four. Catch one of them; this one only to be sure that nothing slips through."""

    # When to try again; only `RateLimited` and `TryLater` know it.
    retry_at: datetime | None = None


class NotSent(EnphaseError):
    """Proved: not one byte of the request line left this machine. Sending again is safe."""


class RateLimited(EnphaseError):
    """A limit is used up and the request was not carried out. `retry_at` is aware UTC or None."""

    def __init__(
        self,
        message: str,
        retry_at: datetime | None = None,
        period: Period = "minute",
        limit: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.retry_at = retry_at
        self.period: Period = period
        self.limit = limit


class Rejected(EnphaseError):
    """Enphase said no in a documented form: 4xx or 501. The request was not carried out.

    `status` is the HTTP status, `code` the vendor's errorCode (5, 7, 11 …) or None, `texts` the
    vendor's own sentences (for support staff: they can hold Ruby), `body` the parsed answer.
    """

    def __init__(
        self,
        status: int,
        code: int | None = None,
        texts: Sequence[str] = (),
        body: Any = None,
    ) -> None:
        super().__init__("; ".join(texts) or f"Enphase refused with status {status}.")
        self.status = status
        self.code = code
        self.texts = list(texts)
        self.body = body


class InvalidGrant(Rejected):
    """The token endpoint refused the password, the code or the refresh token (`invalid_grant`)."""


class OutcomeUnknown(EnphaseError):
    """The request may or may not have been carried out. Look before doing anything again.

    Reads raise it too, once their repeats are used up. `status` is the HTTP status if one came.
    """

    def __init__(self, message: str, status: int | None = None, texts: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.texts = list(texts)


class TryLater(OutcomeUnknown):
    """Enphase has the data, but not at the moment: 500 with errorCode 7, of revenue-grade meters.

    Not repeated at once, each repeat would be paid for; `retry_at` is a guess.
    """

    def __init__(self, status: int, texts: Sequence[str], now: datetime) -> None:
        super().__init__("; ".join(texts) or "Data is temporarily unavailable.", status, texts)
        self.retry_at = now + TRY_LATER_AFTER


class LiveError(EnphaseError):
    """Live data could not be had. Each of the family is one of the four errors as well.

    `reason` is Enphase's word for it, such as LIVE_STREAM_NOT_SUPPORTED.
    """

    reason: str | None = None


class LiveRefused(LiveError, Rejected):
    """Enphase does not stream this system, or not like that: 401, 403, 461-473."""

    def __init__(
        self, status: int, texts: Sequence[str] = (), body: Any = None, reason: str | None = None
    ) -> None:
        Rejected.__init__(self, status, None, texts, body)
        self.reason = reason


class InvalidDuration(LiveRefused):
    """461, 462, 463: shorter than 30 s, longer than 300 s, or no whole number."""


class UnsupportedGateway(LiveRefused):
    """466: the gateway is not active, or its software is older than 6.0.0."""


class UnknownSystem(LiveRefused):
    """468: there is no such system."""


class LiveNotSupported(LiveRefused):
    """472: the system cannot stream; with a battery it takes meters of both kinds."""


class GatewayNotReporting(LiveRefused):
    """473: the gateway is not connected to Enphase at the moment."""


class LiveUnavailable(LiveError, OutcomeUnknown):
    """550-552: Enphase could not reach the service or the gateway. May have been charged."""

    def __init__(self, status: int, texts: Sequence[str] = (), reason: str | None = None) -> None:
        text = "; ".join(texts) or "Enphase could not connect to the live data."
        OutcomeUnknown.__init__(self, text, status, texts)
        self.reason = reason


class LiveUnreachable(LiveUnavailable):
    """550, 551: the service behind the live data could not be reached."""


class LiveNotConnected(LiveUnavailable):
    """552: the connection to the gateway could not be made."""


_LIVE_REFUSALS: dict[int, type[LiveRefused]] = {
    461: InvalidDuration,
    462: InvalidDuration,
    463: InvalidDuration,
    466: UnsupportedGateway,
    468: UnknownSystem,
    472: LiveNotSupported,
    473: GatewayNotReporting,
}
_LIVE_OUTAGES: dict[int, type[LiveUnavailable]] = {
    550: LiveUnreachable,
    551: LiveUnreachable,
    552: LiveNotConnected,
}


@dataclass(frozen=True)
class Envelope:
    """An error body that one of the documented forms explains."""

    kind: Literal["M", "R", "U", "L", "token"]
    texts: list[str]
    code: int | None = None  # the vendor's errorCode, never the HTTP status
    error: str | None = None  # token endpoint: invalid_grant, invalid_client …
    period: str | None = None
    period_end: int | None = None
    limit: int | None = None


def read_envelope(body: Any) -> Envelope | None:
    """Recognise the documented error bodies; None for anything else. Never raises.

    M and E `{message, details, code}` · R `{reason, message}` · U `{errorMessages, errorCode?}` ·
    L `{error: {message, code, status}}` · token endpoint `{error, error_description}`.
    A bare `{"message": …}` is documented nowhere: proxies in front of an API say that.
    """
    if not isinstance(body, dict):
        return None
    kind: Literal["M", "R", "U", "L", "token"]
    error = body.get("error")
    if "errorMessages" in body and _is_text(body["errorMessages"]):
        kind = "U"
    elif "reason" in body and _is_text(body.get("message")):
        kind = "R"
    elif _is_text(body.get("message")) and ("code" in body or "details" in body):
        kind = "M"
    elif isinstance(error, dict) and ("message" in error or "code" in error):
        kind = "L"
    elif isinstance(error, str) and error:
        kind = "token"
    else:
        return None
    period = body.get("period")
    return Envelope(
        kind=kind,
        texts=_texts(body),
        code=_whole(body.get("errorCode")),
        error=error if isinstance(error, str) else None,
        period=period if isinstance(period, str) else None,
        period_end=_whole(body.get("period_end")),
        limit=_whole(body.get("limit")),
    )


def rate_limited(envelope: Envelope | None, now: datetime) -> RateLimited:
    """Make the error of a 429: wait until the window's end if it is believable, else our guess.

    There is no Retry-After header. A window end in the past, or further off than its period
    allows, means that one of the two clocks is wrong.
    """
    end = None
    if envelope and envelope.period_end is not None:
        try:
            end = datetime.fromtimestamp(envelope.period_end, UTC)
        except (ValueError, OverflowError, OSError):
            end = None
    named = (envelope.period or "").casefold() if envelope else ""
    period: Period
    if named in ("month", "minute"):
        period = "month" if named == "month" else "minute"
    else:
        period = "month" if end and end - now > timedelta(hours=1) else "minute"

    furthest = timedelta(days=32) if period == "month" else timedelta(minutes=10)
    if end is None or not now < end <= now + furthest:
        end = first_of_next_month(now) if period == "month" else now + timedelta(seconds=60)
    texts = envelope.texts if envelope else []
    message = texts[0] if texts else "Enphase's usage limit is used up."
    return RateLimited(message, end, period, envelope.limit if envelope else None)


def live_error(status: int, body: Any, now: datetime) -> EnphaseError:
    """Make the error of live data for a status, or for the code of an error within the stream."""
    envelope = read_envelope(body)
    texts = envelope.texts if envelope else []
    error = body.get("error") if isinstance(body, dict) else None
    word = error.get("status") if isinstance(error, dict) else None
    reason = word if isinstance(word, str) and word else None
    if status == 429:
        return rate_limited(envelope, now)
    if status in _LIVE_OUTAGES:
        return _LIVE_OUTAGES[status](status, texts, reason)
    if 400 <= status < 500 and status != 408 and envelope:
        return _LIVE_REFUSALS.get(status, LiveRefused)(status, texts, body, reason)
    return OutcomeUnknown(f"Live data ended with the error {status}.", status, texts)


def first_of_next_month(now: datetime) -> datetime:
    """Midnight UTC of the first day of the month after `now`."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or (
        isinstance(value, list) and any(isinstance(item, str) for item in value)
    )


def _texts(body: dict[Any, Any]) -> list[str]:
    error = body.get("error")
    places = [
        body.get("message"),
        body.get("details"),
        body.get("errorMessages"),
        error.get("message") if isinstance(error, dict) else None,
        body.get("error_description"),
    ]
    found: dict[str, None] = {}
    for place in places:
        for text in _strings(place):
            cleaned = " ".join(text.split())[:MAX_TEXT_LENGTH]
            if cleaned:
                found.setdefault(cleaned)
    return list(found)[:MAX_TEXTS]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (item for item in value if isinstance(item, str))


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    return None
