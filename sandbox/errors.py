"""The error envelopes of the API, one builder a family (CONTRACT section 2)."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass
from typing import Any

NOT_AUTHORIZED = "Not authorized to access requested resource."
FORBIDDEN = "Not authorized to access this resource"
KEY_MISSING = "API Key missing in url/headers!"
KEY_MISMATCH = "API Key -Client mismatch"

_TITLES = {
    400: "Bad Request",
    401: "Not Authorized",
    403: "Forbidden",
    404: "Not Found",
    422: "Unprocessable Entity",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}

# Live data has codes of its own: status, type and text of each.
_LIVE = {
    401: ("NOT_AUTHENTICATED", "authentication_error", "API Key is invalid"),
    403: ("FORBIDDEN", "authorization_error", "User is not authorized"),
    429: ("TOO_MANY_REQUESTS", "request_exceeded_error", "Too Many Requests"),
    461: ("INVALID_DURATION", "validation_error", "Duration cannot be less than 30"),
    462: ("INVALID_DURATION", "validation_error", "Duration cannot be greater than 300"),
    463: ("INVALID_DURATION", "validation_error", "Duration must be an integer"),
    466: (
        "UNSUPPORTED_ENVOY",
        "validation_error",
        "Envoy must be active and envoy version must be at least 6.0.0",
    ),
    468: ("INVALID_SYSTEM_ID", "validation_error", "System ID doesn't exist"),
    472: (
        "LIVE_STREAM_NOT_SUPPORTED",
        "validation_error",
        "The system doesn\u2019t support live stream",
    ),
    473: ("IQ_GATEWAY_NOT_REPORTING", "site_connectivity_error", "IQ gateway is not reporting"),
    550: ("SERVICE_UNREACHABLE", "server_error", "Service unreachable, please try again"),
    551: ("SERVICE_UNREACHABLE", "server_error", "Service unreachable, please try again"),
    552: ("CONNECTION_NOT_ESTABLISHED", "server_error", "Unable to connect, please try again"),
}


class Family(enum.Enum):
    """To which group of the vendor's API an operation belongs; it decides the error envelope."""

    COMMISSIONING = "commissioning"
    MONITORING = "monitoring"
    EV = "ev"
    LIVE = "live"


@dataclass(frozen=True)
class Window:
    """The quota window published with a 429: epoch seconds, `period` is "minute" or "month"."""

    period: str
    start: int
    end: int
    limit: int


class Refusal(Exception):
    """A documented refusal. Raised by handlers; nothing of the request has been executed."""

    def __init__(
        self,
        status: int,
        *texts: str,
        code: int | None = None,
        window: Window | None = None,
    ) -> None:
        super().__init__(status, texts)
        self.status = status
        self.texts = list(texts)
        self.code = code
        self.window = window
        self.title = _TITLES.get(status, "Error")


def envelope(family: Family, refusal: Refusal, now: float = 0.0) -> dict[str, Any]:
    """Give the JSON body of a refusal in the words of its family. Only live data says when."""
    status = refusal.status
    if family is Family.LIVE and status in _LIVE:
        return _live(refusal, now)
    if family is Family.EV and status not in (405, 501):
        details = refusal.texts[0] if len(refusal.texts) == 1 else refusal.texts
        title = "Bad request" if status == 400 else _TITLES.get(status, "Error")
        return {"message": title, "code": str(status), "details": details or title}
    if family is Family.MONITORING and status == 500 and refusal.code is not None:
        return {"errorCode": refusal.code, "errorMessages": refusal.texts}
    if family is Family.COMMISSIONING or status in (405, 501):
        if status == 422:
            body: dict[str, Any] = {"errorMessages": refusal.texts}
            return body if refusal.code is None else {"errorCode": refusal.code, **body}
        body = {"reason": str(status), "message": refusal.texts or [_TITLES.get(status, "Error")]}
    else:
        title = refusal.title
        body = {"message": title, "details": " ".join(refusal.texts) or title, "code": status}
    if refusal.window is not None:
        body |= {
            "period": refusal.window.period,
            "period_start": refusal.window.start,
            "period_end": refusal.window.end,
            "limit": refusal.window.limit,
        }
    return body


def _live(refusal: Refusal, now: float) -> dict[str, Any]:
    status = refusal.status
    word, kind, text = _LIVE[status]
    moment = dt.datetime.fromtimestamp(now, dt.UTC)
    return {
        "error": {"code": status, "details": [{}], "message": text, "status": word},
        "timestamp_epoch": int(now * 1000),
        "timestamp_utc": moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03}",
        "type": kind,
    }


def unprocessable(*texts: str, code: int | None = 11) -> Refusal:
    """A 422. Code 11 is the vendor's "invalid or missing parameter"."""
    return Refusal(422, *texts, code=code)
