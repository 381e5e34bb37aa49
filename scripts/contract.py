"""Hold every request of the client and every answer of the sandbox against the contract.

python -m scripts.contract            drive all 79 operations; 1 if anything does not fit
python -m scripts.contract --table    print docs/enphase.md
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import requests

from enphase import (
    ENDPOINTS,
    Application,
    Client,
    EnphaseError,
    TokenSet,
    password_grant,
)
from scripts.contract_calls import (
    CALLS,
    MISTAKES,
    NOBODYS,
    OURS,
    SOMEBODY_ELSES,
    SPECIAL,
    Call,
    Ids,
)
from scripts.contract_document import Document, Exchange
from scripts.contract_table import page
from scripts.contract_wire import Recorder, unaltered
from scripts.programs import Program

ROOT = Path(__file__).resolve().parent.parent
CONTRACT = ROOT.parent / "shared" / "contract" / "enphase-v4.openapi.json"
ABSENT = "The contract document is not beside this checkout, so nothing was held against it."
APPLICATION = Application("sandbox-key", "sandbox-client", "sandbox-secret")
# Its key does not belong to the token's application.
MIXED_UP = Application("sandbox-key-2", "sandbox-client", "sandbox-secret")
READY = r"^Sandbox ready on (http://127\.0\.0\.1:\d+)$"


@dataclass
class Outcome:
    """What was seen: operations that went well, both sides of every exchange, and what is wrong."""

    operations: set[str] = field(default_factory=set)
    answers: int = 0
    requests: int = 0
    violations: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.violations and self.operations == set(ENDPOINTS)

    def __str__(self) -> str:
        return (
            f"{len(self.operations)}/{len(ENDPOINTS)} operations, {self.answers} answers, "
            f"{self.requests} requests, {len(self.violations)} violations"
        )


class Account:
    """A token that is not renewed: a 401 is what was asked for."""

    def __init__(self, tokens: TokenSet) -> None:
        self._tokens = tokens

    def access_token(self) -> str:
        return self._tokens.access_token

    def renew(self, rejected: str) -> str | None:
        return None


class Drive:
    """Asks each operation in every way we know, in a world made anew each time."""

    def __init__(self, sandbox: str, recorder: Recorder) -> None:
        self._sandbox = sandbox
        self._recorder = recorder
        self._session = requests.Session()
        self._account = Account(
            password_grant(sandbox, APPLICATION, "dana@halcyon.example", "sandbox-pass")
        )
        self.surprises: list[str] = []
        self.mistaken: set[int] = set()  # positions of requests that are wrong on purpose

    def run(self) -> None:
        with self._client(APPLICATION) as client, self._client(MIXED_UP) as mixed_up:
            for operation, calls in CALLS.items():
                ours = SPECIAL.get(operation, OURS)
                self._reset()
                for call in calls:
                    self._ask(operation, call, client, ours, refused=False)
                self._reset()
                for call in MISTAKES.get(operation, ()):
                    before = len(self._recorder.exchanges)
                    self._ask(operation, call, client, ours, refused=True)
                    self.mistaken.update(range(before, len(self._recorder.exchanges)))
                first = calls[0]
                self._ask(operation, first, mixed_up, ours, refused=True)
                if "{" in ENDPOINTS[operation].path:
                    self._ask(operation, first, client, NOBODYS, refused=True)
                    if "{pv_manufacturer_id}" not in ENDPOINTS[operation].path:
                        self._ask(operation, first, client, SOMEBODY_ELSES, refused=True)
                self._control("limits", {"per_minute": 0})
                self._ask(operation, first, client, ours, refused=True)
        self._session.close()

    def _client(self, application: Application) -> Client:
        return Client(self._recorder.url, application, self._account)

    def _reset(self) -> None:
        self._control("reset", {"world": "small", "settings": {"live_frame_seconds": 0.05}})
        # No site of the small world has an AC battery.
        self._control("systems/705", {"expected_acb_count": 1})

    def _control(self, path: str, body: dict[str, object]) -> None:
        answer = self._session.post(f"{self._sandbox}/_sandbox/{path}", json=body, timeout=30)
        answer.raise_for_status()

    def _ask(self, operation: str, call: Call, client: Client, ids: Ids, *, refused: bool) -> None:
        before = len(self._recorder.exchanges)
        try:
            call(client, ids)
        except EnphaseError as error:
            if not refused:
                self.surprises.append(f"{operation}: should have gone well: {error!r}")
        except (ValueError, TypeError) as error:
            self.surprises.append(f"{operation}: the client would not send it: {error!r}")
        else:
            # "None" is how the client says 404 of a search.
            if refused and all(one.status < 400 for one in self._recorder.exchanges[before:]):
                self.surprises.append(f"{operation}: should have been refused")


def check(
    document: Document, sandbox: str, alter: Callable[[Exchange], Exchange] = unaltered
) -> Outcome:
    """Drive everything past a recorder, then judge what it recorded.

    `alter` changes exchanges on their way, for tests that plant something wrong.
    """
    outcome = Outcome()
    with Recorder(sandbox, alter) as recorder:
        drive = Drive(sandbox, recorder)
        drive.run()
    seen: dict[str, None] = {}  # each fault once, in the order of the exchanges
    for position, exchange in enumerate(recorder.exchanges):
        outcome.answers += 1
        seen.update(dict.fromkeys(document.answer_faults(exchange)))
        if position not in drive.mistaken:
            outcome.requests += 1
            seen.update(dict.fromkeys(document.request_faults(exchange)))
        operation = document.operation_of(exchange.method, exchange.path)
        if operation is not None and exchange.status < 300:
            outcome.operations.add(operation.name)
    outcome.violations = [*seen, *drive.surprises]
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--table", action="store_true", help="print docs/enphase.md")
    if parser.parse_args().table:
        sys.stdout.write(page())
        return 0
    if not CONTRACT.exists():
        print(ABSENT)
        return 0
    program = Program(
        "sandbox", [sys.executable, "-m", "sandbox", "--port", "0", "--fast"], folder=ROOT
    )
    try:
        url = program.wait_for_line(READY, 30)[1]
        outcome = check(Document.read(CONTRACT), url)
    finally:
        program.stop()
    for violation in outcome.violations:
        print(violation)
    for operation in sorted(set(ENDPOINTS) - outcome.operations):
        print(f"{operation}: no answer that went well")
    print(outcome)
    return 0 if outcome.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
