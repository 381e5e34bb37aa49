"""What every test may ask for: the cast, the world of the sandbox, live servers, a browser.

The three people every view test asks are alice (may), bob (may only look) and charlie (from
another company); dana administers alice's company and sam is support staff.
"""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest

from companies.models import Company, Membership
from enphase import Application as EnphaseApplication
from enphase.auth import password_grant
from portal.connections.models import Account, Application
from portal.users.models import User
from tests import services
from tests.worlds import World

pytest_plugins = ["tests.live", "tests.browsers"]

PASSWORD = "correct-horse-battery"


@pytest.fixture(scope="session", autouse=True)
def loopback_only() -> Iterator[None]:
    """A test that reaches for the network fails at once, and says where it wanted to go."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        if host and not (host.startswith("127.") or host in {"localhost", "::1"}):
            raise AssertionError(f"A test wanted to reach {address}; tests stay on loopback.")
        connect(self, address)

    socket.socket.connect = guarded  # type: ignore[method-assign]
    yield
    socket.socket.connect = connect  # type: ignore[method-assign]


# The world of Enphase


@pytest.fixture(scope="session")
def sandbox() -> Iterator[str]:
    """Address of a sandbox of this test process. Ask for `world` instead, which resets it."""
    with services.sandbox() as url:
        yield url


@pytest.fixture
def world(sandbox: str, settings: Any) -> World:
    """The sandbox at its start: a handful of systems with fixed ids (sandbox/README.md)."""
    settings.ENPHASE_API_URL = sandbox
    world = World(sandbox)
    world.reset()
    return world


# Companies and people


@pytest.fixture
def halcyon(db: None, world: World) -> Company:
    """Halcyon Solar, California, connected to Enphase, with two branches."""
    company = make_company(9, "Halcyon Solar", "Petaluma, CA - US", "US")
    make_company(81, "Halcyon Solar North", "Santa Rosa, CA - US", "US", parent=company)
    make_company(82, "Halcyon Solar South", "San Jose, CA - US", "US", parent=company)
    connect(company, world, "dana@halcyon.example")
    return company


@pytest.fixture
def bluebonnet(db: None, world: World) -> Company:
    """Bluebonnet Energy, Texas, connected to Enphase; a stranger to Halcyon."""
    company = make_company(20, "Bluebonnet Energy", "Austin, TX - US", "US")
    connect(company, world, "tess@bluebonnet.example")
    return company


@pytest.fixture
def alice(halcyon: Company) -> User:
    """Installer at Halcyon: may."""
    return make_user("alice@halcyon.example", "Alice Ferrer", halcyon, Membership.Role.INSTALLER)


@pytest.fixture
def bob(halcyon: Company) -> User:
    """Viewer at Halcyon: may only look."""
    return make_user("bob@halcyon.example", "Bob Lindqvist", halcyon, Membership.Role.VIEWER)


@pytest.fixture
def dana(halcyon: Company) -> User:
    """Admin at Halcyon."""
    return make_user("dana@halcyon.example", "Dana Whitfield", halcyon, Membership.Role.ADMIN)


@pytest.fixture
def charlie(bluebonnet: Company) -> User:
    """Admin at Bluebonnet, who may also do all an installer does: sees nothing of Halcyon."""
    return make_user("charlie@bluebonnet.example", "Charlie Okafor", bluebonnet, "admin")


@pytest.fixture
def sam(db: None) -> User:
    """Support staff: sees every company, changes nothing."""
    return make_user("sam@ridgeline.example", "Sam Iwata", is_support=True)


def make_user(
    email: str, name: str, company: Company | None = None, role: str = "", **fields: Any
) -> User:
    """A person who can sign in: with PASSWORD, and an e-mail address that is verified."""
    from allauth.account.models import EmailAddress

    user = User.objects.create_user(email, PASSWORD, name=name, **fields)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    if company is not None:
        Membership.objects.create(user=user, company=company, role=role)
    return user


def make_company(
    enphase_id: int, name: str, location: str, country: str, parent: Company | None = None
) -> Company:
    return Company.objects.create(
        enphase_id=enphase_id, name=name, location=location, country=country, parent=parent
    )


def connect(company: Company, world: World, email: str) -> Account:
    """Connect the company with tokens that the sandbox really issued."""
    application, _ = Application.objects.get_or_create(
        company=None, defaults={"base_url": world.url, "client_id": "sandbox-client"}
    )
    application.api_key, application.client_secret = "sandbox-key", "sandbox-secret"
    application.save()
    tokens = password_grant(
        world.url,
        EnphaseApplication("sandbox-key", "sandbox-client", "sandbox-secret"),
        email,
        "sandbox-pass",
    )
    account = Account(company=company, application=application, acting_email=email)
    account.access_token, account.refresh_token = tokens.access_token, tokens.refresh_token
    account.expires_at = tokens.expires_at
    account.acting_company = company.name
    account.save()
    return account


# Transactions


@pytest.fixture
def on_commit(
    django_capture_on_commit_callbacks: Callable[..., AbstractContextManager[list[Any]]],
) -> Callable[[], AbstractContextManager[list[Any]]]:
    """`with on_commit():` runs at its end what the code inside asked for after commit."""
    return partial(django_capture_on_commit_callbacks, execute=True)
