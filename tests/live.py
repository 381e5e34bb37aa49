"""The portal as it really runs: granian, Celery worker and beat as programs of their own.

They share the test database, so a test that asks for one of these fixtures commits for real and
its tables are emptied afterwards.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.conf import settings as django_settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test import override_settings
from kombu import pools

from portal.celery import app
from scripts.programs import Program, free_port
from tests import services
from tests.worlds import World

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
READY_SECONDS = 60
LANES = ("interactive", "bulk", "sync")


@dataclass
class Machine:
    """Processes of one deployment: who talks to which database, broker and Enphase.

    `environment` is what each starts with. `start_…` give a `Program`; all are stopped with the
    test.
    """

    environment: dict[str, str]
    programs: list[Program] = field(default_factory=list)

    def start_worker(self, *options: str, beat: bool = True, **environment: str) -> Program:
        """A Celery worker on all lanes, and beat with it unless told otherwise.

        Extra environment goes to the worker alone, such as `CRASHPOINT="sent"`.
        """
        worker = self._start(
            "worker",
            [
                *(BIN / "celery", "-A", "portal", "--quiet", "worker"),
                *("--queues", ",".join(LANES), "--concurrency", "2"),
                *("--hostname", f"test{len(self.programs)}@%h"),
                *("--without-gossip", "--without-mingle", "--without-heartbeat", *options),
            ],
            environment,
        )
        worker.wait_for_line("worker ready", READY_SECONDS)
        if beat:
            self.start_beat()
        return worker

    def start_beat(self) -> Program:
        """The clock that rings the sweepers."""
        schedule = Path(self.environment["VAR_DIR"]) / f"beat-{len(self.programs)}"
        beat = self._start(
            "beat",
            [
                *(BIN / "celery", "-A", "portal", "--quiet", "beat"),
                *("--schedule", schedule, "--pidfile", ""),
            ],
        )
        beat.wait_for_line("beat ready", READY_SECONDS)
        return beat

    def start_web(self) -> str:
        """The pages server; gives its address."""
        port = free_port()
        web = self._start(
            "web",
            [
                *(BIN / "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
                *("--port", str(port), "--workers", "1", "--blocking-threads", "4"),
                *("--no-ws", "--log-level", "warning", "portal.wsgi:application"),
            ],
        )
        web.wait_for_port(port, READY_SECONDS)
        return f"http://localhost:{port}"

    def empty_broker(self) -> int:
        """Lose every message that no worker has taken yet; says how many."""
        with app.connection_for_write() as connection:
            return sum(connection.default_channel.queue_purge(lane) or 0 for lane in LANES)

    def stop(self) -> None:
        for program in self.programs:
            program.ask_to_stop()
        for program in self.programs:
            program.stop()
        self.programs.clear()

    def _start(self, name: str, command: list[Any], extra: dict[str, str] | None = None) -> Program:
        environment = {**self.environment, **(extra or {})}
        program = Program(name, command, environment=environment, folder=ROOT)
        self.programs.append(program)
        return program


def machine_environment(sandbox: str, broker: str, folder: Path) -> dict[str, str]:
    """The environment of a process beside us: our database, this broker, this Enphase."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "TESTS_LIVE": "1",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "default",
        "DATABASE_URL": database_url(),
        "CELERY_BROKER_URL": broker,
        "ENPHASE_API_URL": sandbox,
        "VAR_DIR": str(folder),
        # Look-ups and polls follow each other a hundred times faster than in the field.
        "OPERATIONS_TIME_SCALE": "0.05",
        "OPERATIONS_LEASE_SECONDS": "3",
        "OPERATIONS_SWEEP_SECONDS": "1",
    }


def database_url() -> str:
    """The test database of this process, as an address for another one."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    return f"postgres://{database['USER']}@/{database['HOST']}/{database['NAME']}"


@pytest.fixture(scope="session")
def valkey() -> Iterator[str]:
    """Address of a Valkey of this test process."""
    with services.valkey() as url:
        yield url


@pytest.fixture(params=["filesystem", "valkey"])
def machine(
    request: pytest.FixtureRequest,
    transactional_db: None,
    world: World,
    tmp_path: Path,
) -> Iterator[Machine]:
    """An empty deployment, once with each broker; this process queues into the same one."""
    broker = "filesystem://"
    if request.param == "valkey":
        broker = request.getfixturevalue("valkey")
    environment = machine_environment(world.url, broker, tmp_path)
    with publishing_to(broker, tmp_path):
        machine = Machine(environment)
        try:
            yield machine
        finally:
            machine.stop()
            machine.empty_broker()


@contextmanager
def publishing_to(broker: str, folder: Path) -> Iterator[None]:
    """Within it, this process sends real messages to that broker instead of working eagerly."""
    options: dict[str, Any] = {"visibility_timeout": 900}
    if broker.startswith("filesystem"):
        # The folders that portal.settings would choose for VAR_DIR=folder.
        queue, control = (folder / "broker" / name for name in ("queue", "control"))
        for path in (queue, control):
            path.mkdir(parents=True, exist_ok=True)
        options = {
            "polling_interval": 0.05,
            "data_folder_in": str(queue),
            "data_folder_out": str(queue),
            "control_folder": str(control),
        }
    # Celery reads Django's settings through a live view, and prefers the variable to both.
    with (
        override_settings(
            CELERY_TASK_ALWAYS_EAGER=False,
            CELERY_BROKER_URL=broker,
            CELERY_BROKER_TRANSPORT_OPTIONS=options,
        ),
        mock.patch.dict(os.environ, CELERY_BROKER_URL=broker),
    ):
        forget_connections()
        yield
        forget_connections()


def forget_connections() -> None:
    """Connections and producers are kept in pools, made with the settings of their time."""
    pools.reset()
    app._pool = app.amqp._producer_pool = None


# For browsers: one pages server for the whole run, because only the tables change


@pytest.fixture(scope="session")
def live_machine(
    django_db_setup: None,
    django_db_blocker: Any,
    sandbox: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Machine]:
    folder = tmp_path_factory.mktemp("live")
    with django_db_blocker.unblock():
        machine = Machine(machine_environment(sandbox, "filesystem://", folder))
        with_files = {
            **django_settings.STORAGES,
            "staticfiles": {
                "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage",
            },
        }
        with override_settings(STORAGES=with_files, STATIC_ROOT=folder / "static"):
            call_command("collectstatic", interactive=False, verbosity=0)
    yield machine
    machine.stop()


@pytest.fixture(scope="session")
def portal_url(live_machine: Machine) -> str:
    """Address of a running portal. Ask for `portal` in tests, which also empties the tables."""
    return live_machine.start_web()


@pytest.fixture
def portal(
    portal_url: str, transactional_db: None, world: World, live_machine: Machine
) -> Iterator[str]:
    """Address of the running portal, with an empty database and a fresh world behind it."""
    yield portal_url
    cache.clear()


@pytest.fixture
def worker(portal: str, live_machine: Machine) -> Iterator[Program]:
    """A real worker and beat beside the running portal, for this test alone."""
    kept = list(live_machine.programs)
    yield live_machine.start_worker()
    for program in live_machine.programs:
        if program not in kept:
            program.stop()
    live_machine.programs[:] = kept
    queue = Path(live_machine.environment["VAR_DIR"]) / "broker" / "queue"
    shutil.rmtree(queue, ignore_errors=True)
    queue.mkdir(parents=True)
