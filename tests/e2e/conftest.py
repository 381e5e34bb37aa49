"""One worker for all browser tests: a new one a test would cost more than the tests themselves."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from scripts.programs import Program
from tests.live import Machine

WAIT_MS = 30_000


@pytest.fixture(scope="session", autouse=True)
def patient_expectations() -> None:
    """Waits leave room for a machine that is busy with other things."""
    expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="session")
def steady_worker(live_machine: Machine) -> Program:
    """A worker and beat for the whole run; the machine stops them at its end."""
    return live_machine.start_worker()


@pytest.fixture
def worker(portal: str, steady_worker: Program) -> Iterator[Program]:
    """The worker, beside a portal with an empty database. It must outlive every test."""
    yield steady_worker
    assert steady_worker.is_running, steady_worker.tail()


@pytest.fixture
def open_page(open_page: Any) -> Any:
    """Pages that wait as long as expectations do."""

    def opened(*arguments: Any, **options: Any) -> Any:
        page = open_page(*arguments, **options)
        page.context.set_default_timeout(WAIT_MS)
        return page

    return opened
