"""Measure the client, the shared limit and the sandbox against the goals of the third issue.

Four worker processes saturate the sandbox's 300 a minute through the portal's own meter while one
person clicks every few seconds; the share of the limit used and the answers 429 are counted by the
sandbox, not by us. The client is timed against bare `requests` in turns, so that a busy machine
slows both alike: ratios can be trusted there, milliseconds and waits cannot.

`--quick` saturates for one minute instead of three; `--postgres` does it on PostgreSQL too.
"""

import argparse
import json
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import requests

from scripts.bench import BIN, ROOT, Goal, environment, sqlite
from scripts.programs import Program
from tests import services

PER_MINUTE = 300
WORKERS = 4
PERSON_SECONDS = 3.5
SYSTEMS = 100_000
PAGE = "/api/v4/partner/activations"
SELF = "/api/v4/partner/users/self"

GOALS = {
    "share": Goal("share of the limit used", at_least=97, unit=" %"),
    "refused": Goal("answers 429", at_most=0, unit=""),
    "fullest": Goal("hits of the fullest calendar minute", at_most=PER_MINUTE, unit=""),
    "person": Goal("a person's call meanwhile, p95", at_most=1, unit=" s"),
    "overhead": Goal("client's call, to bare requests, p50", at_most=1.25),
    "parse": Goal("records of a page of 1,000, CPU time, p50", at_most=40, unit=" ms"),
    "start": Goal(f"sandbox of {SYSTEMS:,} systems is ready", at_most=20, unit=" s"),
    "list": Goal("sandbox lists 1,000 of them, p50", at_most=200, unit=" ms"),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench_client", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one minute instead of three")
    parser.add_argument("--postgres", action="store_true", help="the limit on PostgreSQL too")
    parser.add_argument("--act", choices=ACTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.act:
        ACTS[options.act]()
        return 0
    seconds = 60 if options.quick else 180
    print(f"bench: {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    rows = [("", measure_client(calls=100 if options.quick else 400))]
    databases = {"SQLite": sqlite} | ({"PostgreSQL": services.postgres} if options.postgres else {})
    for name, database in databases.items():
        print(f"bench: {WORKERS} workers and a person for {seconds} s, {name} …", flush=True)
        with database() as url:
            rows.append((name, measure_limit(url, seconds)))
    return report(rows)


def report(rows: list[tuple[str, dict[str, float]]]) -> int:
    """Print a table of the goals; 1 when one was missed."""
    print(f"\n{'':56}{'goal':>8}")
    missed = False
    for name, values in rows:
        for key in (key for key in GOALS if key in values):
            goal, value = GOALS[key], values[key]
            held = goal.holds(value)
            missed = missed or not held
            words = f"{goal.name}, {name}" if name else goal.name
            print(f"{words:56}{goal.words:>8}{value:10.2f}{goal.unit:3}{'' if held else ' !'}")
    print("\nbesides (this machine, now):")
    for name, values in rows:
        others = [f"{key} {value:.2f}" for key, value in values.items() if key not in GOALS]
        print(f"  {name or 'client'}: {', '.join(others)}")
    print(f"  load {os.getloadavg()[0]:.1f} at the end")
    print("bench: every goal is reached" if not missed else "bench: goals marked ! are missed")
    return 1 if missed else 0


# The shared limit


def measure_limit(database: str, seconds: float) -> dict[str, float]:
    """Saturate a sandbox for `seconds` and give what its ledger and the person say."""
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="ridgeline-bench-limit-"))
        )
        world = folder / "world.sqlite3"
        sandbox = stack.enter_context(services.sandbox(world=world))
        settings = environment(database, sandbox, folder / "var") | {
            "USAGE_PER_MINUTE": str(PER_MINUTE)
        }
        prepared = start(stack, "prepare", settings)
        prepared.wait_for_line("^prepared", 120)
        clicks: list[dict[str, float]] = []
        spoken: list[str] = []

        def note_click(line: str) -> None:
            if line.startswith("{"):
                clicks.append(json.loads(line))

        programs = [start(stack, "work", settings, spoken.append) for _ in range(WORKERS)]
        programs.append(start(stack, "click", settings, note_click))
        for program in programs:
            program.wait_for_line("^ready", 60)
        # What the limiter saved up before is gone by then.
        time.sleep(3)
        begun = time.time()
        while (left := begun + seconds - time.time()) > 0:
            assert all(program.is_running for program in programs), programs[0].tail()
            time.sleep(min(left, 1.0))
        ended = time.time()
        for program in programs:
            program.ask_to_stop()
        for program in programs:
            program.stop()
        hits = hits_of(world)
    inside = [status for at, status in hits if begun <= at < ended and status != 429]
    minutes = Counter(int(at // 60) for at, _ in hits)
    heard = [click for click in clicks if begun <= click["at"] < ended]
    calls = [click["seconds"] for click in heard]
    return {
        "share": 100 * len(inside) / (PER_MINUTE * (ended - begun) / 60),
        "refused": float(sum(status == 429 for _, status in hits)),
        "fullest": float(max(minutes.values())),
        "person": statistics.quantiles(calls, n=20, method="inclusive")[-1],
        "clicks": float(len(calls)),
        "p50 s": statistics.median(calls),
        "longest s": max(calls),
        "p50 s until it left": statistics.median(click["left"] for click in heard),
        "bulk runs sent away": float(sum("away" in line for line in spoken)),
    }


def start(
    stack: ExitStack,
    act: str,
    settings: dict[str, str],
    on_line: Callable[[str], None] = lambda line: None,
) -> Program:
    program = Program(
        act,
        [BIN / "python", "-m", "scripts.bench_client", "--act", act],
        environment=settings,
        folder=ROOT,
        on_line=on_line,
    )
    stack.callback(program.stop, timeout_seconds=2)
    return program


def hits_of(world: Path) -> list[tuple[float, int]]:
    """When each hit arrived and how it was answered, from the sandbox's own books."""
    books = sqlite3.connect(f"file:{world}?mode=ro", uri=True)
    try:
        return list(books.execute("SELECT at, status FROM hits ORDER BY at"))
    finally:
        books.close()


# Inside the processes that share the limit


def prepare() -> None:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    call_command("seed_demo", "--no-sweep", verbosity=0)
    print("prepared", flush=True)


def work() -> None:
    """Read as fast as the limit of bulk runs lets us, until we are stopped."""
    company = halcyon()
    from enphase import RateLimited
    from portal.connections.services import client_for

    with client_for(company, lane="bulk") as client:
        print("ready", flush=True)
        while True:
            try:
                client.users.get_current_user()
            except RateLimited:
                print("away", flush=True)
                time.sleep(1)


def click() -> None:
    """Read now and then, as somebody at a screen, and print how long it took."""
    company = halcyon()
    from portal.connections.services import client_for

    left = 0.0

    def note(moment: str) -> None:
        nonlocal left
        if moment == "sent":
            left = time.monotonic()

    with client_for(company, trace=note) as client:
        print("ready", flush=True)
        while True:
            at, started = time.time(), time.monotonic()
            client.users.get_current_user()
            taken = time.monotonic() - started
            print(json.dumps({"at": at, "seconds": taken, "left": left - started}), flush=True)
            time.sleep(PERSON_SECONDS * random.uniform(0.85, 1.15))


def halcyon() -> int:
    import django

    django.setup()
    from companies.models import Company

    return int(Company.objects.get(enphase_id=9).pk)


ACTS: dict[str, Callable[[], None]] = {"prepare": prepare, "work": work, "click": click}


# The client and a large sandbox, without the portal


class OneToken:
    """An access token that cannot be renewed (`enphase.Tokens`)."""

    def __init__(self, token: str) -> None:
        self._token = token

    def access_token(self) -> str:
        return self._token

    def renew(self, rejected: str) -> str | None:
        return None


def measure_client(calls: int) -> dict[str, float]:
    """Time a large sandbox, a call of the client beside a bare one, and the records of a page."""
    from enphase import Application, Client
    from enphase.exchange import USER_AGENT
    from enphase.records import ActivationPage

    began = time.monotonic()
    print(f"bench: a sandbox of {SYSTEMS:,} systems …", flush=True)
    with services.sandbox("--systems", str(SYSTEMS), ready_seconds=120) as sandbox:
        ready = time.monotonic() - began
        no_limits = {"per_minute": None, "per_month": None}
        requests.post(f"{sandbox}/_sandbox/limits", json=no_limits, timeout=30).raise_for_status()
        who = {"email": "dana@halcyon.example"}
        answer = requests.post(f"{sandbox}/_sandbox/tokens", json=who, timeout=30)
        token = str(answer.json()["access_token"])
        application = Application("sandbox-key", "sandbox-client", "sandbox-secret")
        with Client(sandbox, application, OneToken(token)) as client, requests.Session() as bare:
            bare.trust_env = False
            bare.headers.update(
                {
                    "Accept": "application/json",
                    "Accept-Encoding": "gzip, deflate",
                    "User-Agent": USER_AGENT,
                    "Authorization": f"Bearer {token}",
                    "key": application.api_key,
                }
            )

            def read_bare() -> Any:
                answer = bare.get(f"{sandbox}{SELF}", timeout=30)
                answer.raise_for_status()
                return answer.json()

            def list_bare() -> Any:
                answer = bare.get(f"{sandbox}{PAGE}", params={"limit": 1000}, timeout=30)
                answer.raise_for_status()
                return answer.content

            ours, theirs = in_turns(client.users.get_current_user, read_bare, rounds=calls)
            lists, whole = in_turns(list_bare, client.activations.list_activations, rounds=15)
            page = list_bare()
    parsed = [json.loads(page) for _ in range(25)]
    assert len(parsed[0]["systems"]) == 1000
    records = []
    for page in parsed:
        # Computing and nothing else: what other processes take of the machine is left out.
        started = time.process_time()
        ActivationPage.from_api(page)
        records.append((time.process_time() - started) * 1000)
    return {
        "overhead": ours / theirs,
        "parse": statistics.median(records[3:]),
        "start": ready,
        "list": lists,
        "client's call ms": ours,
        "bare call ms": theirs,
        "page of 1,000 by the client ms": whole,
    }


def in_turns(
    first: Callable[[], Any], second: Callable[[], Any], rounds: int
) -> tuple[float, float]:
    """Milliseconds of both, p50, after a few rounds to warm up."""
    taken = [(time_of(first), time_of(second)) for _ in range(rounds + 5)][5:]
    return statistics.median(a for a, _ in taken), statistics.median(b for _, b in taken)


def time_of(act: Callable[[], Any]) -> float:
    started = time.perf_counter()
    act()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    sys.exit(main())
