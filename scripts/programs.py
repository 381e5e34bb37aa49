"""Start a program, know when it is ready, and be sure that it ends. Used by demo and tests."""

import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
KEPT_LINES = 400

# Loaded here because nothing may be imported between fork and exec.
try:
    _libc: ctypes.CDLL | None = ctypes.CDLL(None)
except (OSError, TypeError):
    _libc = None


class NotReady(Exception):
    """The program ended, or stayed silent too long; the text ends with its last lines."""


class Program:
    """A child in a process group of its own, whose output is read line by line.

    `on_line` is called from a thread of its own with each line, without its end.
    `stop()` asks first, then kills the whole group, and is harmless to call twice.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        user: int | None = None,
        group: int | None = None,
        stop_signal: int = signal.SIGTERM,
        on_line: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.name = name
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._stop_signal = stop_signal
        self._on_line = on_line
        self._news = threading.Condition()
        self._closed = False
        self._asked = False
        self.process = subprocess.Popen(
            [str(part) for part in command],
            env=dict(environment) if environment is not None else None,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            user=user,
            group=group,
            extra_groups=[] if user is not None else None,
            preexec_fn=_die_with_parent,
        )
        self._reader = threading.Thread(target=self._read, name=f"read {name}", daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            line = line.rstrip("\n")
            with self._news:
                self.lines.append(line)
                self._news.notify_all()
            self._on_line(line)
        with self._news:
            self._closed = True
            self._news.notify_all()

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def wait_for_line(self, pattern: str, timeout_seconds: float) -> re.Match[str]:
        """Return the match of the first line that fits, also one printed before; or NotReady."""
        until = time.monotonic() + timeout_seconds
        with self._news:
            while True:
                for line in self.lines:
                    if match := re.search(pattern, line):
                        return match
                left = until - time.monotonic()
                if self._closed or left <= 0:
                    break
                self._news.wait(min(left, 0.5))
        why = "ended" if self._closed else f"was not ready within {timeout_seconds:.0f} s"
        raise NotReady(f"{self.name} {why}:\n{self.tail()}")

    def wait_for_port(self, port: int, timeout_seconds: float) -> None:
        """Return once something listens on the loopback port; NotReady when it does not come."""
        until = time.monotonic() + timeout_seconds
        while time.monotonic() < until and self.is_running:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        why = "was not ready in time" if self.is_running else "ended"
        raise NotReady(f"{self.name} {why}:\n{self.tail()}")

    def tail(self, count: int = 25) -> str:
        return "\n".join(f"    {line}" for line in list(self.lines)[-count:])

    def ask_to_stop(self) -> None:
        """Only the leader is asked: a Celery parent must outlive its children to end them well."""
        # Once: a second signal means "now" to many programs.
        if self.is_running and not self._asked:
            self._asked = True
            self.process.send_signal(self._stop_signal)

    def kill(self) -> None:
        """End the whole group at once, as a power cut would."""
        # The group outlives its leader when a child was left behind.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(timeout=10)

    def stop(self, timeout_seconds: float = 8) -> None:
        self.ask_to_stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(timeout=timeout_seconds)
        self.kill()
        self._reader.join(timeout=5)
        if self.process.stdout and not self._reader.is_alive():
            self.process.stdout.close()


def free_port() -> int:
    """A loopback port nobody listens on now; someone else may still be faster."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_port_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _die_with_parent() -> None:
    """Linux ends the child when we are killed too hard to do it ourselves."""
    if _libc is not None and hasattr(_libc, "prctl"):
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
