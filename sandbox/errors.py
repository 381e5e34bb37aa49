"""The error envelopes of the API, one builder a family (CONTRACT section 2)."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

NOT_AUTHORIZED = "Not authorized to access requested resource."
KEY_MISSING = "API Key missing in url/headers!"
KEY_MISMATCH = "API Key -Client mismatch"
PLAN_EXCEEDED = "Usage limit exceeded for plan Partner (custom)"

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


class Family(enum.Enum):
    """Which of the vendor's two APIs an operation belongs to; it decides the error envelope."""

    COMMISSIONING = "commissioning"
    MONITORING = "monitoring"


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


def envelope(family: Family, refusal: Refusal) -> dict[str, Any]:
    """Give the JSON body of a refusal in the words of its family."""
    status = refusal.status
    if family is Family.COMMISSIONING or status in (405, 501):
        if status == 422:
            body: dict[str, Any] = {"errorMessages": refusal.texts}
            return body if refusal.code is None else {"errorCode": refusal.code, **body}
        body = {"reason": str(status), "message": refusal.texts or [_TITLES.get(status, "Error")]}
    else:
        title = _TITLES.get(status, "Error")
        body = {"message": title, "details": " ".join(refusal.texts) or title, "code": status}
    if refusal.window is not None:
        body |= {
            "period": refusal.window.period,
            "period_start": refusal.window.start,
            "period_end": refusal.window.end,
            "limit": refusal.window.limit,
        }
    return body


def unprocessable(*texts: str, code: int | None = 11) -> Refusal:
    """A 422. Code 11 is the vendor's "invalid or missing parameter"."""
    return Refusal(422, *texts, code=code)
