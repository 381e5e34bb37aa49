"""Fixtures of the client's own tests; nothing here knows Django."""

import datetime
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import HealthCheck, settings

from enphase import Application, Client, Hit, Timeouts, password_grant
from tests.enphase import pretend
from tests.enphase.wire import Handler, RawServer, Request, json_answer, saying

APPLICATION = Application("key-canary", "client-id", "secret-canary")

# The real ones scaled down, so that a test of the deadline takes a second.
QUICK = Timeouts(connect=1.0, read=1.0, deadline=1.6)
# For servers that answer at once: a busy machine must not look like a slow Enphase.
PATIENT = Timeouts(connect=10.0, read=20.0, deadline=20.0)


def bounded(examples: int) -> settings:
    """Settings of a property test: so many examples, and no verdict on the machine's speed."""
    return settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


@dataclass
class FixedTokens:
    """Tokens as the portal would keep them; `renewals` are handed out after a 401."""

    current: str = "token-canary"
    renewals: list[str] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)

    def access_token(self) -> str:
        return self.current

    def renew(self, rejected: str) -> str | None:
        self.rejected.append(rejected)
        if not self.renewals:
            return None
        self.current = self.renewals.pop(0)
        return self.current


@dataclass
class Caller:
    """A client with everything it reports kept in lists."""

    client: Client
    tokens: FixedTokens
    hits: list[Hit]
    trace: list[str]


MakeCaller = Callable[..., Caller]
Serve = Callable[..., RawServer]


@pytest.fixture
def cleanup() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def serve(cleanup: ExitStack) -> Serve:
    """Start a raw server with a handler; it stops with the test."""

    def start(handler: Handler, tls: ssl.SSLContext | None = None) -> RawServer:
        return cleanup.enter_context(RawServer(handler, tls))

    return start


@pytest.fixture
def caller(cleanup: ExitStack) -> MakeCaller:
    """Make a client of a URL with quick timeouts."""

    def make(url: str, **options: Any) -> Caller:
        tokens = options.pop("tokens", None) or FixedTokens()
        hits: list[Hit] = []
        trace: list[str] = []
        options.setdefault("timeouts", {"*": QUICK})
        options.setdefault("on_hit", hits.append)
        options.setdefault("trace", trace.append)
        client = Client(url, APPLICATION, tokens, **options)
        cleanup.callback(client.close)
        return Caller(client, tokens, hits, trace)

    return make


@pytest.fixture
def ask(caller: MakeCaller, serve: Serve) -> Any:
    """Run a call against a server that gives one answer; return the result and the request."""

    def run(call: Any, answer: Any, status: int = 200, **options: Any) -> tuple[Any, Request]:
        server: RawServer = serve(saying(json_answer(status, answer)))
        options.setdefault("timeouts", {"*": PATIENT})
        made: Caller = caller(server.url, **options)
        result = call(made.client)
        (request,) = server.requests
        return result, request

    return run


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeats of reads follow at once."""
    monkeypatch.setattr("enphase.transport.BACKOFF_SECONDS", 0.001)
    monkeypatch.setattr("enphase.transport.MAX_BACKOFF_SECONDS", 0.002)


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 that only `ca_bundle` vouches for."""

    ca_bundle: str
    context: ssl.SSLContext


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    folder: Path = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
    now = datetime.datetime.now(datetime.UTC)
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    bundle, private = folder / "ca.pem", folder / "key.pem"
    bundle.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(bundle, private)
    return Certificate(str(bundle), context)


@pytest.fixture(scope="session")
def program() -> Iterator[str]:
    """The address of one sandbox for all tests of the client."""
    with pretend.running_sandbox() as url:
        yield url


@pytest.fixture
def sandbox(program: str) -> pretend.Sandbox:
    running = pretend.Sandbox(program)
    running.control("POST", "reset", {"world": "small"})
    return running


@pytest.fixture
def account(sandbox: pretend.Sandbox) -> pretend.Account:
    tokens = password_grant(
        sandbox.url, pretend.APPLICATION, "dana@halcyon.example", pretend.PASSWORD
    )
    return pretend.Account(sandbox.url, tokens)


@pytest.fixture
def hits() -> list[Hit]:
    return []


@pytest.fixture
def client(sandbox: pretend.Sandbox, account: pretend.Account, hits: list[Hit]) -> Iterator[Client]:
    with Client(sandbox.url, pretend.APPLICATION, account, on_hit=hits.append) as made:
        yield made
