"""A sandbox of our own for its own tests, spoken to over plain HTTP."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = ROOT.parent / "shared" / "contract" / "enphase-v4.openapi.json"
CLIENT = ("sandbox-client", "sandbox-secret")
ADDRESS = {
    "street1": "1 Dry Creek Road",
    "city": "Davis",
    "state": "CA",
    "postal_code": "95616",
    "country": "US",
}
CALIFORNIAN = {
    "system_name": "Nwosu residence",
    "address": ADDRESS,
    "grid_connection_type": 1,
    "third_party_storage_device_installed": False,
}


class Person:
    """Somebody with a token: `get("/users/search", email=…)` and so on, below /api/v4."""

    def __init__(self, url: str, session: requests.Session, token: dict[str, Any]) -> None:
        self.url = url
        self.token = token
        self._session = session
        self._headers = {"Authorization": f"Bearer {token['access_token']}", "key": "sandbox-key"}

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.ask("GET", path, params=query)

    def post(self, path: str, body: Any = None) -> requests.Response:
        return self.ask("POST", path, json=body)

    def put(self, path: str, body: Any = None) -> requests.Response:
        return self.ask("PUT", path, json=body)

    def delete(self, path: str) -> requests.Response:
        return self.ask("DELETE", path)

    def create(self, **fields: Any) -> requests.Response:
        """Create an activation the way the vendor writes it: a form with JSON inside."""
        system = json.dumps({**CALIFORNIAN, **fields})
        return self.ask("POST", "/partner/activations", data={"system": system})

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        options.setdefault("headers", {})
        options["headers"] = {**self._headers, **options["headers"]}
        options.setdefault("timeout", 20)
        return self._session.request(
            method, f"{self.url}/api/v4{path}", allow_redirects=False, **options
        )


class World:
    """A running sandbox and its control API."""

    def __init__(self, url: str, session: requests.Session) -> None:
        self.url = url
        self._session = session

    def control(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(method, f"{self.url}/_sandbox{path}", json=body, timeout=30)
        assert answer.ok, answer.text
        return answer.json()

    def reset(self, world: str = "small", **options: Any) -> None:
        self.control("POST", "/reset", {"world": world, **options})

    def fault(self, operation: str, kind: str, **params: Any) -> dict[str, Any]:
        return self.control("POST", "/faults", {"operation": operation, "kind": kind, **params})

    def ledger(self) -> dict[str, Any]:
        return self.control("GET", "/ledger")

    def advance(self, seconds: float) -> None:
        self.control("POST", "/clock", {"advance_seconds": seconds})

    def patch(self, system_id: int, **changes: Any) -> dict[str, Any]:
        return self.control("POST", f"/systems/{system_id}", changes)

    def person(self, email: str, **options: Any) -> Person:
        # Long enough for tests that move the clock by days.
        order = {"email": email, "expires_in": 40 * 86400, **options}
        token = self.control("POST", "/tokens", order)
        return Person(self.url, self._session, token)

    def token(self, auth: Any = CLIENT, **params: Any) -> requests.Response:
        return self._session.post(f"{self.url}/oauth/token", params=params, auth=auth, timeout=10)


@contextmanager
def started(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Start a sandbox on a free port; give its address and process, and stop it at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0", "--fast", *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        assert line.startswith("Sandbox ready on http://127.0.0.1:"), line
        yield line.rsplit(" ", 1)[1], process
    finally:
        process.terminate()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="session")
def sandbox_url() -> Iterator[str]:
    with started() as (url, _process):
        yield url


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    """The merged OpenAPI document, which lies beside a checkout."""
    if not DOCUMENT.exists():
        pytest.skip("the OpenAPI document is not beside this checkout")
    return dict(json.loads(DOCUMENT.read_text()))


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        yield session


@pytest.fixture
def world(sandbox_url: str, session: requests.Session) -> World:
    """The small world, untouched."""
    world = World(sandbox_url, session)
    world.reset()
    return world


@pytest.fixture
def dana(world: World) -> Person:
    """Halcyon Solar, with its branches."""
    return world.person("dana@halcyon.example")


@pytest.fixture
def tess(world: World) -> Person:
    """Bluebonnet Energy: a stranger to Halcyon."""
    return world.person("tess@bluebonnet.example")


@pytest.fixture
def nina(world: World) -> Person:
    """Zonnedak, in the Netherlands, where the American rules do not hold."""
    return world.person("nina@zonnedak.example")


@pytest.fixture
def iris(world: World) -> Person:
    """A self-installer, without a company."""
    return world.person("iris@selfmade.example")
