"""Run the checks and tests one after another, and say at the end which held.

python -m scripts.check                  static checks, and the tests on SQLite
python -m scripts.check --all            also PostgreSQL, both brokers, real browser
python -m scripts.check --only NAME …    just these
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PYTHON = sys.executable
MINUTES = 60
NO_TESTS_COLLECTED = 5

PYTEST = (PYTHON, "-m", "pytest", "-q")
# Two processes: each has a sandbox and a database of its own.
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile", "-m", "not browser and not broker")
WITHOUT_DATABASE = tuple(
    f"--ignore=tests/{name}" for name in ("contract", "enphase", "sandbox", "tooling")
)
ON_POSTGRES = (PYTHON, "-m", "tests.services", "postgres", "--")


@dataclass(frozen=True)
class Check:
    name: str
    command: Sequence[object]
    timeout_seconds: int = 5 * MINUTES
    everyday: bool = True


CHECKS = [
    Check("ruff", [PYTHON, "-m", "ruff", "check", "--no-cache", "."]),
    Check("format", [PYTHON, "-m", "ruff", "format", "--no-cache", "--check", "."]),
    Check("files", [PYTHON, "-m", "scripts.check_files"]),
    Check("imports", [BIN / "lint-imports", "--no-cache"]),
    # TESTS_LIVE: mypy reads tests.settings and would leave its temporary folder behind.
    Check("types", ["env", "TESTS_LIVE=1", PYTHON, "-m", "mypy"]),
    Check("templates", [BIN / "djlint", "templates", "--lint", "--quiet"]),
    Check("styles", ["npm", "run", "--silent", "lint"]),
    Check("security", [BIN / "bandit", "-q", "-r", "-c", "pyproject.toml", "."]),
    Check("secrets", [PYTHON, "-m", "scripts.check_secrets"]),
    Check("deploy", [PYTHON, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]),
    Check("migrations", [PYTHON, "manage.py", "makemigrations", "--check", "--dry-run"]),
    Check("sqlite", [*PYTEST, *SIDE_BY_SIDE], 20 * MINUTES),
    # What asks no database need not be asked twice.
    Check(
        "postgresql",
        [*ON_POSTGRES, *PYTEST, *SIDE_BY_SIDE, *WITHOUT_DATABASE],
        20 * MINUTES,
        everyday=False,
    ),
    Check("brokers", [*PYTEST, "-m", "broker"], 20 * MINUTES, everyday=False),
    Check(
        "brokers on postgresql",
        [*ON_POSTGRES, *PYTEST, "-m", "broker"],
        20 * MINUTES,
        everyday=False,
    ),
    Check("browser", [*PYTEST, "-m", "browser"], 30 * MINUTES, everyday=False),
]


def main() -> int:
    parser = argparse.ArgumentParser(description="Run Ridgeline's checks and tests.")
    parser.add_argument("--all", action="store_true", help="also PostgreSQL, brokers and browser")
    parser.add_argument("--only", nargs="+", choices=[check.name for check in CHECKS])
    arguments = parser.parse_args()
    if arguments.only:
        chosen = [check for check in CHECKS if check.name in arguments.only]
    else:
        chosen = [check for check in CHECKS if arguments.all or check.everyday]

    started = time.monotonic()
    outcomes = [(check, *run(check)) for check in chosen]
    print("\n" + "=" * 60)
    for check, went_well, seconds in outcomes:
        print(f"{'ok    ' if went_well else 'FAILED'} {check.name:<24} {seconds:6.1f} s")
    failed = [check.name for check, went_well, _ in outcomes if not went_well]
    print(f"{time.monotonic() - started:.0f} s in all")
    if failed:
        print(f"Again only what failed: {PYTHON} -m scripts.check --only {quoted(failed)}")
    return 1 if failed else 0


def run(check: Check) -> tuple[bool, float]:
    """Run one check, its output shown as it comes; whether it held, and seconds."""
    print(f"\n=== {check.name}", flush=True)
    started = time.monotonic()
    try:
        outcome = subprocess.run(
            [str(part) for part in check.command],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            timeout=check.timeout_seconds,
            check=False,
        )
        went_well = outcome.returncode == 0
        if outcome.returncode == NO_TESTS_COLLECTED and "pytest" in check.command:
            print("No test was collected, which is not a success.")
    except subprocess.TimeoutExpired:
        print(f"Not finished after {check.timeout_seconds} s, ended.")
        went_well = False
    except OSError as error:
        print(f"Could not be started: {error}")
        went_well = False
    return went_well, time.monotonic() - started


def environment() -> dict[str, str]:
    """Settings of a production machine without its secrets, so that `check --deploy` means it."""
    ours = {
        "SECRET_KEY": "only for checks: " + "0123456789abcdefghij" * 3,
        "FIELD_KEYS": "b25seSBmb3IgY2hlY2tzLCAzMiBieXRlcyBvZiBrZXk=",
        "DEBUG": "0",
        "INSECURE_COOKIES": "0",
        "VAR_DIR": str(ROOT / "var" / "check"),
        "LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(ROOT),
    }
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    # pytest and manage.py each know their settings; the database is the check's to choose.
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in {"DJANGO_SETTINGS_MODULE", "DATABASE_URL"}
    }
    return {**inherited, **ours, "PATH": path}


def quoted(names: list[str]) -> str:
    return " ".join(f"'{name}'" if " " in name else name for name in names)


if __name__ == "__main__":
    sys.exit(main())
