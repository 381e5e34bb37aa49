"""Programs start, say when they are ready, and end with everything they started."""

import os
import socket
import sys
import time

import pytest

from scripts import demo
from scripts.programs import NotReady, Program, free_port, is_port_taken

# Prints its child's id, then neither of them ends by itself or when asked.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print("child", child.pid, flush=True)
time.sleep(60)
"""


def test_a_program_is_ready_when_it_says_so():
    program = Program("echo", [sys.executable, "-c", "print('ready on 7', flush=True)"])
    assert program.wait_for_line(r"ready on (\d)", 10)[1] == "7"
    program.stop()


def test_a_program_that_ends_early_is_quoted():
    program = Program("broken", [sys.executable, "-c", "raise SystemExit('no such thing')"])
    with pytest.raises(NotReady, match="broken ended:\n    no such thing"):
        program.wait_for_line("ready", 10)
    program.stop()


def test_a_silent_program_is_not_waited_for_without_end():
    program = Program("silent", [sys.executable, "-c", "import time; time.sleep(60)"])
    with pytest.raises(NotReady, match="silent was not ready within 0 s"):
        program.wait_for_line("ready", 0.2)
    program.stop()


def test_stopping_ends_the_whole_group_of_a_stubborn_program():
    program = Program("stubborn", [sys.executable, "-c", STUBBORN])
    child = int(program.wait_for_line(r"child (\d+)", 10)[1])
    program.stop(timeout_seconds=0.5)
    assert not program.is_running
    until = time.monotonic() + 5
    while is_alive(child) and time.monotonic() < until:
        time.sleep(0.05)
    assert not is_alive(child)


def is_alive(pid: int) -> bool:
    """Running, and not merely waiting for its parent to read the exit code."""
    try:
        with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_taken_port_is_said_in_one_sentence(monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert is_port_taken(port)
        monkeypatch.setenv("PORT", str(port))
        with pytest.raises(demo.Failed, match=f"^Port {port} is taken by another program; stop"):
            demo.ports()


@pytest.mark.parametrize("text", ["", "eighty", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused(monkeypatch, text):
    monkeypatch.setenv("PORT", text)
    with pytest.raises(demo.Failed, match="is not a port number"):
        demo.ports()


def test_the_demo_keeps_its_secrets_between_runs(tmp_path):
    first = demo.demo_secrets(tmp_path / "demo.env")
    assert set(first) == {"SECRET_KEY", "FIELD_KEYS"}
    assert demo.demo_secrets(tmp_path / "demo.env") == first
    assert (tmp_path / "demo.env").stat().st_mode & 0o077 == 0


def test_the_demo_never_leaves_this_machine(monkeypatch, tmp_path):
    real = {"VAR_DIR": str(tmp_path), "ENPHASE_API_URL": "https://enphase.example"}
    monkeypatch.setattr(os, "environ", real)
    environment = demo.demo_environment(free_port())
    assert environment["ENPHASE_API_URL"].startswith("http://127.0.0.1:")
    assert str(tmp_path) in environment["DATABASE_URL"]
