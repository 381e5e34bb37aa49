"""Rehearse a bulk run at the plan's limit while a person works, and print the figures.

A sandbox with the Partner plan's 300 hits a minute (its writes a month are lifted), the portal's
own worker processes as docs/operations.md starts them, and one run that sets another grid profile
on `--systems` sites. While it runs a person changes one of those sites again and again, and the
worker of the bulk lane is killed once. Afterwards the undo run puts every profile back.

Whatever the portal says is held against the sandbox's own books. Takes about a minute for every
40 systems; `--quick` takes 60 systems and 10 tries.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests

from scripts.bench import BIN, ROOT, Goal, environment, sqlite
from scripts.programs import Program
from tests import services

GOALS = {
    "settled": Goal("systems done or explained", at_least=100, unit=" %"),
    "changed": Goal("done systems that Enphase shows changed", at_least=100, unit=" %"),
    "twice": Goal("systems that the run wrote twice", at_most=0, unit=""),
    "restored": Goal("profiles that the undo run restored", at_least=100, unit=" %"),
    "refused": Goal("answers 429", at_most=0, unit=""),
    "person": Goal("a person's change is sent, p95", at_most=1, unit=" s"),
}
MINUTES = 60
LEASE_SECONDS = 20
# Between one change of the person and the next, so that 50 of them fill the run of 500 systems.
PERSON_SECONDS = 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.bulk_rehearsal", description=__doc__)
    parser.add_argument("--systems", type=int, default=500)
    parser.add_argument("--tries", type=int, default=50, help="how often the person changes a site")
    parser.add_argument("--quick", action="store_true", help="60 systems and 10 tries")
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL instead of SQLite")
    parser.add_argument("--drive", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.systems, options.tries = 60, 10
    if options.drive:
        return drive(options.systems, options.tries)
    print(f"rehearsal: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    figures = rehearse(options.systems, options.tries, postgres=options.postgres)
    return report(figures, GOALS)


def report(figures: dict[str, float], goals: dict[str, Goal]) -> int:
    """Print a table of the goals; 1 when one was missed."""
    missed = False
    print(f"\n{'':48}{'goal':>8}")
    for key, goal in goals.items():
        held = goal.holds(figures[key])
        missed = missed or not held
        flag = "" if held else " !"
        print(f"{goal.name:48}{goal.words:>8}{figures[key]:10.2f}{goal.unit:3}{flag}")
    others = [f"{key} {value:g}" for key, value in figures.items() if key not in goals]
    print("\nbesides: " + ", ".join(others))
    print("rehearsal: every goal is reached" if not missed else "rehearsal: goals marked ! missed")
    return 1 if missed else 0


def rehearse(systems: int, tries: int, *, postgres: bool) -> dict[str, float]:
    """Start everything, drive the run from a process of its own, and kill a worker meanwhile."""
    with ExitStack() as stack:
        database = stack.enter_context(services.postgres() if postgres else sqlite())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ridgeline-bulk-")))
        # A company has about a third of the demo world, and not each site can take each profile.
        sandbox = stack.enter_context(
            services.sandbox("--systems", str(systems * 8), world=folder / "world.sqlite3")
        )
        limits = {"plan": "partner", "writes_per_month": None}
        requests.post(f"{sandbox}/_sandbox/limits", json=limits, timeout=30).raise_for_status()
        settings = environment(database, sandbox, folder / "var") | {
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "USAGE_PER_MINUTE": "300",
            "OPERATIONS_LEASE_SECONDS": str(LEASE_SECONDS),
            "LOG_LEVEL": "INFO",
        }
        command: list[Any] = [BIN / "python", "-m", "scripts.bulk_rehearsal", "--drive"]
        command += ["--systems", str(systems), "--tries", str(tries)]
        driver = Program("driver", command, environment=settings, folder=ROOT, on_line=tell)
        stack.callback(driver.stop, timeout_seconds=2)
        driver.wait_for_line("^prepared", 5 * MINUTES)
        workers = {lanes: worker(stack, lanes, settings) for lanes in ("interactive", "bulk,sync")}
        beat(stack, settings, folder)
        driver.wait_for_line("^a third", systems * 2 + 5 * MINUTES)
        workers["bulk,sync"].kill()
        print("rehearsal: the worker of the bulk lane was killed; another takes over", flush=True)
        worker(stack, "bulk,sync", settings)
        last = driver.wait_for_line(r"^(\{.*\})$", systems * 4 + 20 * MINUTES)
        return dict(json.loads(last[1]))


def tell(line: str) -> None:
    if line.startswith("  "):
        print(line, flush=True)


def worker(stack: ExitStack, lanes: str, settings: dict[str, str]) -> Program:
    program = Program(
        f"worker of {lanes}",
        [
            *(BIN / "celery", "-A", "portal", "--quiet", "worker", "--concurrency", "2"),
            *("--queues", lanes, "--hostname", f"{lanes.replace(',', '-')}-{time.time():.0f}@%h"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
        environment=settings,
        folder=ROOT,
    )
    stack.callback(program.stop, timeout_seconds=3)
    program.wait_for_line("worker ready", 60)
    return program


def beat(stack: ExitStack, settings: dict[str, str], folder: Path) -> None:
    program = Program(
        "beat",
        [
            *(BIN / "celery", "-A", "portal", "--quiet", "beat"),
            *("--schedule", folder / "beat", "--pidfile", ""),
        ],
        environment=settings,
        folder=ROOT,
    )
    stack.callback(program.stop, timeout_seconds=3)


# Inside the process that plays the people


def drive(systems: int, tries: int) -> int:
    """Prepare, run, edit meanwhile, undo; prints the figures as JSON in the last line."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    call_command("seed_demo", verbosity=0)
    sites, profile = choose(systems)
    before = profiles(sites)
    print("prepared", flush=True)

    run = start(sites, profile)
    began = time.monotonic()
    waits = edit_meanwhile(run, sites[len(sites) // 2], tries)
    finish(run, 30 * MINUTES)
    minutes = (time.monotonic() - began) / 60
    after = profiles(sites)
    ends = ends_of(run)
    print(f"  the run took {minutes:.1f} minutes: {dict(ends)}", flush=True)
    written = writes_of(run)

    back = undo(run)
    began = time.monotonic()
    finish(back, 30 * MINUTES)
    print(f"  the undo run took {(time.monotonic() - began) / 60:.1f} minutes", flush=True)
    restored = profiles(sites)
    explained = sum(ends[state] for state in ("done", "rejected", "failed", "conflict"))
    done = [after[pk] for pk in done_by(run)]
    figures: dict[str, float] = {
        "settled": 100 * explained / systems,
        "changed": 100 * sum(value == profile for value in done) / max(1, len(done)),
        "twice": sum(count > 1 for count in written.values()),
        "restored": 100 * sum(restored[pk] == before[pk] for pk in before) / systems,
        "refused": float(ledger()["by_status"].get("429", 0)),
        "person": statistics.quantiles(waits, n=20, method="inclusive")[-1],
        "refused by Enphase, explained": ends["rejected"],
        "tries": len(waits),
        "person p50 s": round(statistics.median(waits), 3),
        "person longest s": round(max(waits), 3),
        "minutes": round(minutes, 1),
        "hits": float(ledger()["hits"]),
    }
    print(json.dumps(figures), flush=True)
    return 0


def choose(systems: int) -> tuple[list[Any], str]:
    """Sites of Halcyon for which one profile is a change, and that profile's id."""
    from activations.bulk import grid_profile
    from activations.catalog.models import GridProfile
    from activations.models import Activation
    from companies.models import Company
    from portal.operations.runs.registry import Change

    company = Company.objects.get(name="Halcyon Solar")
    rows = Activation.objects.filter(company=company, gone_at=None).select_related("company")
    now = profiles(list(rows))
    best: tuple[list[Any], str] = ([], "")
    for profile in GridProfile.objects.filter(company=company, suits_batteries=True):
        look = grid_profile.look(company, {"profile": profile.enphase_id})
        # Sites that have it already would make the rehearsal cheaper than it is.
        fitting = [
            site
            for site in rows
            if isinstance(look(site), Change)
            and now[site.system_id] not in ("", profile.enphase_id)
        ]
        if len(fitting) > len(best[0]):
            best = fitting, profile.enphase_id
    sites, profile_id = best
    assert len(sites) >= systems, f"Only {len(sites)} sites can take {profile_id}."
    return sites[:systems], profile_id


def person(email: str) -> Any:
    from portal.users.models import User

    return User.objects.get(email=email)


def start(sites: list[Any], profile: str) -> Any:
    """Alice previews and asks, Dana approves."""
    import uuid

    from activations.bulk import grid_profile, looked_at
    from portal.operations.runs import services as runs

    company, value = sites[0].company, {"profile": profile}
    alice = person("alice@example.com")
    run = runs.preview(
        grid_profile,
        looked_at(sites, grid_profile.look(company, value)),
        company=company,
        branch=None,
        actor=alice,
        value=value,
        selection=f"{len(sites)} of the rehearsal",
        token=uuid.uuid4(),
    )
    return begin(run, alice)


def begin(run: Any, alice: Any) -> Any:
    from portal.operations.runs import services as runs

    run = runs.start(run, actor=alice, reason="Rehearsal")
    if run.state == "waiting":
        run = runs.approve(run, actor=person("dana@example.com"))
    return run


def undo(run: Any) -> Any:
    import uuid

    from portal.operations.runs import services as runs

    alice = person("alice@example.com")
    return begin(runs.prepare_undo(run, actor=alice, branch=None, token=uuid.uuid4()), alice)


def edit_meanwhile(run: Any, site: Any, tries: int) -> list[float]:
    """Seconds from a person's click until the write leaves for Enphase, one try after the other."""
    from activations.services import queue_change
    from portal.usage.models import Hit

    alice = person("alice@example.com")
    waits: list[float] = []
    name = site.name
    while len(waits) < tries:
        new = f"{site.name} {len(waits) + 1}"
        operation = queue_change(
            site,
            title="Rename",
            changes={"system_name": new},
            base={"system_name": name},
            actor=alice,
        )
        settled(operation)
        assert operation.state == "done", f"{operation.state}: {operation.message}"
        sent = (
            Hit.objects.filter(
                endpoint="update_activation", lane="interactive", at__gte=operation.created_at
            )
            .order_by("at")
            .values_list("at", flat=True)
            .first()
        )
        assert sent is not None
        waits.append((sent - operation.created_at).total_seconds())
        name = new
        if is_a_third(run):
            print("a third", flush=True)
        if len(waits) % 10 == 0:
            print(f"  {len(waits)} tries, {over(run)} of {run.changes} systems", flush=True)
        time.sleep(PERSON_SECONDS)
    while not is_a_third(run):
        time.sleep(1)
    print("a third", flush=True)
    return waits


def over(run: Any) -> int:
    from portal.operations.models import Operation

    return int(Operation.objects.filter(run=run, finished_at__isnull=False).count())


def is_a_third(run: Any) -> bool:
    return over(run) >= run.changes / 3


def settled(operation: Any) -> None:
    until = time.monotonic() + 120
    while operation.is_busy and time.monotonic() < until:
        time.sleep(0.1)
        operation.refresh_from_db()


def finish(run: Any, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        run.refresh_from_db()
        if run.state == "finished":
            return
        assert run.state == "running", f"{run.state}: {run.message}"
        time.sleep(1)
    raise AssertionError(f"The run is not over after {seconds:.0f} s: {ends_of(run)}")


def ends_of(run: Any) -> Counter[str]:
    from portal.operations.models import Operation

    return Counter(Operation.objects.filter(run=run).values_list("state", flat=True))


def done_by(run: Any) -> list[int]:
    from portal.operations.models import Operation

    done = Operation.objects.filter(run=run, state="done")
    return list(done.values_list("activation__system_id", flat=True))


def writes_of(run: Any) -> Counter[int]:
    """How often the sandbox carried out a write of the run, for each system of it."""
    from portal.operations.models import Operation

    names = set(Operation.objects.filter(run=run).values_list("activation__system_id", flat=True))
    edited = Counter(
        Operation.objects.filter(kind="activation.update", run=None, state="done").values_list(
            "activation__system_id", flat=True
        )
    )
    found: Counter[int] = Counter()
    for write in ledger()["writes"]:
        system = int(write["path"].rstrip("/").rsplit("/", 1)[-1])
        if write["executed"] and system in names:
            found[system] += 1
    return found - edited


def ledger() -> dict[str, Any]:
    return dict(ask("ledger"))


def profiles(sites: list[Any]) -> dict[int, str]:
    """What the sandbox itself has for each system."""
    return {
        site.system_id: str(ask(f"systems/{site.system_id}")["details"]["grid_profile"])
        for site in sites
    }


def ask(path: str) -> Any:
    answer = requests.get(f"{os.environ['ENPHASE_API_URL']}/_sandbox/{path}", timeout=60)
    answer.raise_for_status()
    return answer.json()


if __name__ == "__main__":
    sys.exit(main())
