"""The whole portal on this machine: sandbox, web, worker and beat, until Ctrl-C.

Ports come from PORT (8000) and SANDBOX_PORT (8001). Everything it writes lies in `var/`; delete
`var/demo.sqlite3` and `var/sandbox.sqlite3` to begin again.
"""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from cryptography.fernet import Fernet

from scripts.programs import NotReady, Program, is_port_taken

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PYTHON = sys.executable
COLOURS = {"sandbox": 33, "web": 36, "worker": 32, "bulk": 34, "beat": 35, "setup": 37}
READY_SECONDS = 60
STOP_SECONDS = 8


class Stopped(Exception):
    """Somebody pressed Ctrl-C, or asked us to end."""


class Failed(Exception):
    """The demo cannot go on; the text says why in a sentence."""


def main() -> int:
    started = time.monotonic()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    programs: list[Program] = []
    try:
        port, sandbox_port = ports()
        environment = demo_environment(sandbox_port)
        with stopping(programs):
            logins = start_all(programs, environment, port, sandbox_port)
            seconds = time.monotonic() - started
            print(welcome(port, sandbox_port, logins, seconds), flush=True)
            watch(programs)
    except Stopped:
        return 0
    except (Failed, NotReady) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


def _stop(number: int, frame: FrameType | None) -> None:
    # From here on a second Ctrl-C must not cut the tidying short.
    signal.signal(number, signal.SIG_IGN)
    raise Stopped


def ports() -> tuple[int, int]:
    """Numbers from the environment; Failed when one is nonsense or taken."""
    found = []
    for name, default in (("PORT", "8000"), ("SANDBOX_PORT", "8001")):
        text = os.environ.get(name, default)
        if not text.isdecimal() or not 0 < int(text) < 65536:
            raise Failed(f"{name}={text} is not a port number.")
        if is_port_taken(int(text)):
            raise Failed(
                f"Port {text} is taken by another program; "
                f"stop that one, or choose another port: make demo {name}={int(text) + 10}"
            )
        found.append(int(text))
    if found[0] == found[1]:
        raise Failed("PORT and SANDBOX_PORT must differ.")
    return found[0], found[1]


def demo_environment(sandbox_port: int) -> dict[str, str]:
    """Settings of the demo. What the caller set already wins, except for Enphase."""
    var = Path(os.environ.get("VAR_DIR", ROOT / "var")).resolve()
    var.mkdir(parents=True, exist_ok=True)
    defaults = {
        **demo_secrets(var / "demo.env"),
        "DATABASE_URL": f"sqlite:///{var / 'demo.sqlite3'}",
        "CELERY_BROKER_URL": "filesystem://",
        "CACHE_URL": "",
        "EMAIL_URL": "consolemail://",
        "DEBUG": "0",
        "ALLOWED_HOSTS": "localhost,127.0.0.1",
        # Plain http on this machine only, so cookies cannot be Secure.
        "INSECURE_COOKIES": "1",
        "LOG_JSON": "0",
    }
    forced = {
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "VAR_DIR": str(var),
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(ROOT),
        # The demo spends nobody's money, whatever the shell it is started from knows.
        "ENPHASE_API_URL": f"http://127.0.0.1:{sandbox_port}",
        "ENPHASE_API_KEY": "sandbox-key",
        "ENPHASE_CLIENT_ID": "sandbox-client",
        "ENPHASE_CLIENT_SECRET": "sandbox-secret",
    }
    return {**defaults, **os.environ, **forced}


def demo_secrets(path: Path) -> dict[str, str]:
    """SECRET_KEY and FIELD_KEYS of this demo, made up on the first run and kept for the next."""
    if not path.exists():
        made = {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "FIELD_KEYS": Fernet.generate_key().decode(),
        }
        path.touch(mode=0o600)
        path.write_text("".join(f"{name}={value}\n" for name, value in made.items()))
    return dict(line.split("=", 1) for line in path.read_text().splitlines() if "=" in line)


def start_all(
    programs: list[Program], environment: dict[str, str], port: int, sandbox_port: int
) -> str:
    """Start everything in the order it depends on each other, and wait for each.

    Returns what `seed_demo` says about signing in.
    """

    def start(name: str, *command: str | Path) -> Program:
        program = Program(
            name, command, environment=environment, folder=ROOT, on_line=printer(name)
        )
        programs.append(program)
        return program

    world = Path(environment["VAR_DIR"]) / "sandbox.sqlite3"
    sandbox = start(
        "sandbox", PYTHON, "-m", "sandbox", "--port", str(sandbox_port), "--world", world
    )
    run_setup(environment, "-m", "scripts.demo_tables")
    sandbox.wait_for_line(r"^Sandbox ready on ", READY_SECONDS)

    web = start(
        "web",
        BIN / "granian",
        *("--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
        *("--workers", "1", "--blocking-threads", "4", "--no-ws", "--log-level", "warning"),
        "portal.wsgi:application",
    )
    celery: list[str | Path] = [BIN / "celery", "-A", "portal", "--quiet"]
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat")
    # Apart, because a bulk run that waits for its turn at the limit holds its process meanwhile.
    workers = [
        start(
            name,
            *celery,
            *("worker", "--queues", lanes, "--concurrency", "2", "--hostname", f"{name}@%h"),
            *quiet,
        )
        for name, lanes in (("worker", "interactive"), ("bulk", "bulk,sync"))
    ]
    schedule = Path(environment["VAR_DIR"]) / "celerybeat-schedule"
    beat = start("beat", *celery, "beat", "--schedule", schedule, "--pidfile", "")
    # While they start; it talks to the sandbox itself.
    logins = run_setup(environment, "manage.py", "seed_demo")

    web.wait_for_port(port, READY_SECONDS)
    for worker in workers:
        worker.wait_for_line(r"worker ready", READY_SECONDS)
    beat.wait_for_line(r"beat ready", READY_SECONDS)
    return logins


def run_setup(environment: dict[str, str], *words: str) -> str:
    """Run a Python program to its end and return what it printed; Failed if it failed."""
    show = printer("setup")
    show(" ".join(words))
    try:
        outcome = subprocess.run(
            [PYTHON, *words],
            env=environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"{words[-1]} took longer than {error.timeout:.0f} s.") from None
    for line in outcome.stderr.splitlines():
        show(line)
    if outcome.returncode:
        raise Failed(f"{words[-1]} failed; its own words stand above.")
    return outcome.stdout


def watch(programs: list[Program]) -> None:
    """Return never: until Ctrl-C, or Failed when one of them ends by itself."""
    while True:
        for program in programs:
            if not program.is_running:
                code = program.process.returncode
                raise Failed(f"{program.name} ended by itself (exit code {code}); stopping all.")
        time.sleep(0.2)


@contextmanager
def stopping(programs: list[Program]) -> Iterator[None]:
    """However the block ends, no program is left behind."""
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        print("\ndemo: stopping …", flush=True)
        for program in reversed(programs):
            program.ask_to_stop()
        until = time.monotonic() + STOP_SECONDS
        for program in reversed(programs):
            program.stop(timeout_seconds=max(0.1, until - time.monotonic()))
        print("demo: stopped.", flush=True)


_printing = threading.Lock()


def printer(name: str) -> Callable[[str], None]:
    """A function that prints a line after the program's name, whole lines only."""
    label = f"{name:<7} |"
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        label = f"\x1b[{COLOURS[name]}m{label}\x1b[0m"

    def show(line: str) -> None:
        with _printing:
            print(f"{label} {line}", flush=True)

    return show


def welcome(port: int, sandbox_port: int, logins: str, seconds: float) -> str:
    return f"""
Ridgeline is ready after {seconds:.0f} s: http://127.0.0.1:{port}
(for passkeys open http://localhost:{port}, because they need a name)

{logins.strip()}

The pretend Enphase answers on http://127.0.0.1:{sandbox_port}; nothing leaves this machine.
Ctrl-C stops everything.
"""


if __name__ == "__main__":
    sys.exit(main())
