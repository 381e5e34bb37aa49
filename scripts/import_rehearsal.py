"""Rehearse an import under bad weather, and hold the portal's words against the sandbox's books.

A file of `--rows` activations with 3 bad rows and 5 duplicates goes through upload, dry run and the
run itself, on a sandbox with the Partner plan's 300 hits a minute (its writes a month are lifted).
The worker of the bulk lane is killed twice, and for a minute the sandbox answers everything with
429. Then the same file is uploaded again. 1,000 rows take about ten minutes; `--quick` takes 60.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests

from scripts import bulk_rehearsal as bulk
from scripts.bench import BIN, ROOT, Goal, environment, sqlite
from scripts.programs import Program
from tests import services

BAD, DUPLICATES = 3, 5
GOALS = {
    "dry run": Goal("rows the dry run told wrongly", at_most=0, unit=""),
    "creates": Goal("good rows that were created", at_least=100, unit=" %"),
    "doubles": Goal("rows that were created twice", at_most=0, unit=""),
    "again": Goal("creates by the same file again", at_most=0, unit=""),
    "refused": Goal("answers 429 that we caused", at_most=0, unit=""),
}
MINUTES = 60
STREETS = ("Alder", "Birch", "Cedar", "Dogwood", "Elm", "Fir", "Ginkgo", "Hazel", "Ivy", "Juniper")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.import_rehearsal", description=__doc__)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--weather", type=float, default=60.0, help="seconds of 429")
    parser.add_argument("--quick", action="store_true", help="60 rows and 10 seconds of 429")
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL instead of SQLite")
    parser.add_argument("--drive", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.rows, options.weather = 60, 10.0
    if options.drive:
        return drive(options.rows, options.weather)
    print(f"rehearsal: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    figures = rehearse(options.rows, options.weather, postgres=options.postgres)
    return bulk.report(figures, GOALS)


def rehearse(rows: int, weather: float, *, postgres: bool) -> dict[str, float]:
    """Start everything, drive the import from a process of its own, and kill workers meanwhile."""
    with ExitStack() as stack:
        database = stack.enter_context(services.postgres() if postgres else sqlite())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ridgeline-import-")))
        sandbox = stack.enter_context(services.sandbox(world=folder / "world.sqlite3"))
        limits = {"plan": "partner", "writes_per_month": None}
        requests.post(f"{sandbox}/_sandbox/limits", json=limits, timeout=30).raise_for_status()
        settings = environment(database, sandbox, folder / "var") | {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "USAGE_PER_MINUTE": "300",
            "USAGE_WRITES_PER_MONTH": "0",
            "OPERATIONS_LEASE_SECONDS": str(bulk.LEASE_SECONDS),
            # Look-ups of a create whose worker was killed take minutes instead of hours.
            "OPERATIONS_TIME_SCALE": "0.02",
            "LOG_LEVEL": "INFO",
        }
        command: list[Any] = [BIN / "python", "-m", "scripts.import_rehearsal", "--drive"]
        command += ["--rows", str(rows), "--weather", str(weather)]
        driver = Program("driver", command, environment=settings, folder=ROOT, on_line=bulk.tell)
        stack.callback(driver.stop, timeout_seconds=2)
        driver.wait_for_line("^prepared", 5 * MINUTES)
        bulk.worker(stack, "interactive", settings)
        worker = bulk.worker(stack, "bulk,sync", settings)
        bulk.beat(stack, settings, folder)
        for mark in ("^a quarter", "^a half"):
            driver.wait_for_line(mark, rows + 10 * MINUTES)
            worker.kill()
            print("rehearsal: the worker of the bulk lane was killed; another takes over")
            worker = bulk.worker(stack, "bulk,sync", settings)
        last = driver.wait_for_line(r"^(\{.*\})$", rows * 2 + 20 * MINUTES)
        return dict(json.loads(last[1]))


# Inside the process that plays the people


def drive(rows: int, weather: float) -> int:
    """Prepare, check, run, upload again; prints the figures as JSON in the last line."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    call_command("seed_demo", verbosity=0)
    print("prepared", flush=True)

    content = table(rows)
    run = checked(content)
    expected = (rows - BAD - DUPLICATES, DUPLICATES, BAD)
    found = (run.changes, run.already, run.cannot)
    print(f"  dry run: {found[0]} new, {found[1]} duplicates, {found[2]} errors", flush=True)
    before = bulk.ledger()
    began = time.monotonic()
    bulk.begin(run, bulk.person("alice@example.com"))
    wait_for(run, 0.25, "a quarter")
    wait_for(run, 0.5, "a half")
    met = storm(weather)
    resent = finish(run, 60 * MINUTES)
    minutes = (time.monotonic() - began) / 60
    after_storm = bulk.ledger()
    print(f"  the run took {minutes:.1f} minutes: {dict(bulk.ends_of(run))}", flush=True)
    created = names_created(after_storm, before)
    again = checked(content)
    figures: dict[str, float] = {
        "dry run": sum(abs(one - other) for one, other in zip(found, expected, strict=True)),
        "creates": 100 * len(set(created)) / expected[0],
        "doubles": len(created) - len(set(created)),
        "again": again.changes,
        "refused": float(refused_in(after_storm) - refused_in(before) - met),
        "minutes": round(minutes, 1),
        "sent again by an admin": resent,
        "429 in the bad minute": met,
        "hits": float(after_storm["hits"]),
    }
    print(json.dumps(figures), flush=True)
    return 0


def table(rows: int) -> bytes:
    """A CSV as an office would write it: bad rows and duplicates in between."""
    names = (
        "Customer,Job number,Street,Town,State,ZIP,Micros,Grid connection,Battery of another maker"
    )
    # California asks for the last two.
    rest = "Fresno,CA,93650,{},Net Billing Tariff (NEM 3.0),no"
    lines = [names]
    for number in range(1, rows + 1 - DUPLICATES):
        street = f"{number} {STREETS[number % len(STREETS)]} Rehearsal Road"
        micros = "many" if number in (7, 11, 13) else "24"
        lines.append(f"Site {number},R-{number:05},{street},{rest.format(micros)}")
    for number in range(20, 20 + DUPLICATES):
        lines.append(f"Site {number},R-{number:05},Elsewhere {number},{rest.format(24)}")
    return "\n".join(lines).encode()


def checked(content: bytes) -> Any:
    """Upload and check as the pages do; the run that the dry run became."""
    from activations.imports import services as imports
    from companies.models import Company

    company = Company.objects.get(name="Halcyon Solar")
    upload = imports.upload(
        company,
        None,
        kind="activations",
        name="rehearsal.csv",
        content=content,
        actor=bulk.person("alice@example.com"),
    )
    imports.check_later(upload, upload.columns)
    until = time.monotonic() + 15 * MINUTES
    while time.monotonic() < until:
        upload.refresh_from_db()
        if not upload.is_busy:
            break
        time.sleep(0.5)
    assert upload.run is not None, f"{upload.state}: {upload.problem}"
    return upload.run


def wait_for(run: Any, share: float, mark: str) -> None:
    until = time.monotonic() + 30 * MINUTES
    while bulk.over(run) < run.changes * share and time.monotonic() < until:
        time.sleep(0.5)
    print(mark, flush=True)


def finish(run: Any, seconds: float) -> int:
    """Wait for the end of the run. A create that nobody can prove is decided by an admin, who
    has the evidence on the page and sends it again; how many there were.
    """
    from portal.operations import services
    from portal.operations.models import State

    resent = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        run.refresh_from_db()
        if run.state == "finished":
            return resent
        for operation in run.operations.filter(state=State.NEEDS_REVIEW):
            services.send_again(
                operation, actor=bulk.person("dana@example.com"), reason="No trace of it"
            )
            resent += 1
        time.sleep(1)
    raise AssertionError(f"The run is not over after {seconds:.0f} s: {bulk.ends_of(run)}")


def storm(seconds: float) -> int:
    """For so long everything is answered with 429, as if the plan were used up elsewhere.

    How many requests met it.
    """
    before = refused()
    fault = {"operation": "*", "kind": "rate_limited", "period": "minute", "times": 100_000}
    url = f"{os.environ['ENPHASE_API_URL']}/_sandbox/faults"
    requests.post(url, json=fault, timeout=30).raise_for_status()
    time.sleep(seconds)
    requests.delete(url, timeout=30).raise_for_status()
    met = refused() - before
    print(f"  {seconds:.0f} s of 429: {met} requests met it", flush=True)
    return met


def refused() -> int:
    return refused_in(bulk.ledger())


def refused_in(ledger: dict[str, Any]) -> int:
    return int(ledger["by_status"].get("429", 0))


def names_created(after: dict[str, Any], before: dict[str, Any]) -> list[str]:
    """The references of all creates that the sandbox executed for the run."""
    known = {write["id"] for write in before["writes"]}
    return [
        str(write["reference"])
        for write in after["writes"]
        if write["operation"] == "create_activation"
        and write["executed"]
        and write["id"] not in known
    ]


if __name__ == "__main__":
    sys.exit(main())
