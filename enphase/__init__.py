"""A client of the Enphase API v4: plain Python on `requests`, typed, without Django.

    with Client(base_url, application, tokens) as client:
        for activation in client.activations.each(stage="in_progress"):
            print(activation.system_id, activation.stage)

All 79 operations, by group: `client.systems`, `.production`, `.consumption`, `.devices`, `.config`,
`.live`, `.ev_chargers` (Monitoring), `.activations`, `.users`, `.companies`, `.estimates`,
`.catalog`, `.meters`, `.tariffs`, `.arrays` (Commissioning).

Four errors, named for what to do next: `NotSent` (again), `RateLimited` (later), `Rejected`
(don't), `OutcomeUnknown` (look). Live data have a family of their own within these, `LiveError`.
Records live in `enphase.records`, the status vocabulary in `enphase.statuses`, the table of all
79 endpoints in `enphase.endpoints`. `python -m enphase probe` tells which of them work.
"""

from enphase.application import Application
from enphase.auth import TokenSet, authorize_url, code_grant, password_grant, refresh_grant
from enphase.client import Client
from enphase.endpoints import ENDPOINTS, Endpoint, Timeouts
from enphase.errors import (
    EnphaseError,
    InvalidGrant,
    LiveError,
    LiveRefused,
    LiveUnavailable,
    NotSent,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    TryLater,
)
from enphase.transport import Allowance, Hit, Tokens

__all__ = [
    "ENDPOINTS",
    "Allowance",
    "Application",
    "Client",
    "Endpoint",
    "EnphaseError",
    "Hit",
    "InvalidGrant",
    "LiveError",
    "LiveRefused",
    "LiveUnavailable",
    "NotSent",
    "OutcomeUnknown",
    "RateLimited",
    "Rejected",
    "Timeouts",
    "TokenSet",
    "Tokens",
    "TryLater",
    "authorize_url",
    "code_grant",
    "password_grant",
    "refresh_grant",
]
