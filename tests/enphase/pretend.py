"""The sandbox as tests of the client use it, and an account at it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from enphase import Application, InvalidGrant, TokenSet, refresh_grant

ROOT = Path(__file__).parents[2]
APPLICATION = Application("sandbox-key", "sandbox-client", "sandbox-secret")
PASSWORD = "sandbox-pass"


class Sandbox:
    """A running sandbox and its control API."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = requests.request(method, f"{self.url}/_sandbox/{path}", json=body, timeout=10)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def fault(self, operation: str, kind: str, **parameters: Any) -> None:
        self.control("POST", "faults", {"operation": operation, "kind": kind, **parameters})

    def ledger(self) -> Any:
        return self.control("GET", "ledger")

    def executed(self, operation: str) -> int:
        writes = self.ledger()["writes"]
        return sum(write["operation"] == operation and write["executed"] for write in writes)


class Account:
    """Tokens kept in memory, renewed by the refresh token."""

    def __init__(self, url: str, tokens: TokenSet) -> None:
        self.url, self.tokens, self.renewals = url, tokens, 0

    def access_token(self) -> str:
        return self.tokens.access_token

    def renew(self, rejected: str) -> str | None:
        self.renewals += 1
        try:
            self.tokens = refresh_grant(self.url, APPLICATION, self.tokens.refresh_token)
        except InvalidGrant:
            return None
        return self.tokens.access_token


@contextmanager
def running_sandbox(*options: str) -> Iterator[str]:
    """Start the sandbox on a free port; its first line says where it listens."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0", "--fast", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Sandbox ready on http://127.0.0.1:"), line
        yield line.split()[-1]
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        assert process.stdout is not None
        process.stdout.close()
