"""Measure the goals of the portal over 100,000 activations, on SQLite and on PostgreSQL.

Pages are asked for in turns, all of them of one WSGI application in one process, so that a busy
machine slows them alike: ratios can be trusted, milliseconds cannot. What a web server adds is
left out on both sides. The sites come from the sandbox by a real sweep, and the same rows serve
our list and Django's admin, which has the columns, filters and searched fields of ours
(scripts/bench_urls.py). A search is measured as people type it, by htmx, and as a whole page.
Picking up a change goes all the way: a form sent to granian, a Celery worker on the embedded
broker, the request that leaves for the sandbox.

`--quick` takes a third of the rounds.
"""

import http.client
import io
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from scripts.programs import Program, free_port
from tests import services

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
# The sandbox gives a bit less than half of its systems to the company we look at.
SYSTEMS = int(os.environ.get("BENCH_SYSTEMS", "224000"))
# A round asks for each page of ours five times, for each of the admin's once.
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "15"))
SWITCHES = int(os.environ.get("BENCH_SWITCHES", "40"))
MINUTES = 60


@dataclass(frozen=True)
class Goal:
    name: str
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "x"

    def holds(self, value: float) -> bool:
        if self.at_least is not None:
            return value >= self.at_least
        return self.at_most is None or value <= self.at_most

    @property
    def words(self) -> str:
        if self.at_least is not None:
            return f">= {self.at_least:g}"
        return "" if self.at_most is None else f"<= {self.at_most:g}"


GOALS = {
    "list": Goal("list, to an empty page behind sign-in", at_most=4),
    "admin_list": Goal("admin's list, to ours", at_least=30),
    "search": Goal("admin's search by reference, to ours", at_least=75),
    "search_page": Goal("… to ours without script"),
    "common": Goal("admin's search for a common word, to ours", at_least=25),
    "deep": Goal("page at row 95,000, to the first", at_most=1.3),
    "queries": Goal("SQL queries of a list page", at_most=4, unit=""),
    "search_queries": Goal("SQL queries of a search", at_most=4, unit=""),
    "pick_up": Goal("from submit to request leaving, p95", at_most=250, unit=" ms"),
}


def main() -> int:
    if sys.argv[1:] == ["--quick"]:
        os.environ |= {"BENCH_ROUNDS": "5", "BENCH_SWITCHES": "15"}
    elif sys.argv[1:2] == ["--fill"]:
        return fill(sys.argv[2])
    elif len(sys.argv) > 1:
        return measure(sys.argv[1])
    results: dict[str, dict[str, float]] = {}
    print(f"bench: a world of {SYSTEMS:,} systems …", flush=True)
    with services.sandbox("--systems", str(SYSTEMS), ready_seconds=5 * MINUTES) as sandbox:
        # Limits are measured elsewhere; here they would only make the clock stand.
        no_limits = {"per_minute": None, "per_month": None, "writes_per_month": None}
        requests.post(f"{sandbox}/_sandbox/limits", json=no_limits, timeout=30).raise_for_status()
        for name, database in (("SQLite", sqlite), ("PostgreSQL", services.postgres)):
            with database() as url, tempfile.TemporaryDirectory(prefix="ridgeline-bench-") as var:
                results[name] = run_apart(name, environment(url, sandbox, Path(var)))
    return report(results)


def report(results: dict[str, dict[str, float]]) -> int:
    """Print a table of the goals; 1 when one was missed."""
    print(f"\n{'':44}{'goal':>8}" + "".join(f"{name:>16}" for name in results))
    missed = False
    for key, goal in GOALS.items():
        cells = []
        for values in results.values():
            held = goal.holds(values[key])
            missed = missed or not held
            cells.append(f"{values[key]:10.2f}{goal.unit:3}{'  ' if held else ' !'}")
        print(f"{goal.name:44}{goal.words:>8} " + " ".join(cells))
    print("\nmilliseconds, p50 (this machine, now):")
    for name, values in results.items():
        pages = {key: value for key, value in values.items() if key.startswith("ms_")}
        cells = [f"{key.removeprefix('ms_')} {value:.1f}" for key, value in pages.items()]
        print(f"  {name} over {values['rows']:,.0f} rows: " + ", ".join(cells))
        print(f"  {name} pick-up p50: {values['pick_up_p50']:.0f} ms")
    print("bench: every goal is reached" if not missed else "bench: goals marked ! are missed")
    return 1 if missed else 0


@contextmanager
def sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="ridgeline-bench-db-") as folder:
        yield f"sqlite:///{folder}/bench.sqlite3"


def environment(database: str, sandbox: str, var: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "scripts.bench_settings",
        "SECRET_KEY": "only for the bench: " + "0123456789" * 5,
        "FIELD_KEYS": "b25seSBmb3IgY2hlY2tzLCAzMiBieXRlcyBvZiBrZXk=",
        "INSECURE_COOKIES": "1",
        "DEBUG": "0",
        "LOG_JSON": "0",
        "LOG_LEVEL": "WARNING",
        "DATABASE_URL": database,
        "CELERY_BROKER_URL": "filesystem://",
        "CACHE_URL": "",
        "VAR_DIR": str(var),
        "USAGE_PER_MINUTE": "1000000",
        "USAGE_WRITES_PER_MONTH": "0",
        "ENPHASE_API_URL": sandbox,
        "ENPHASE_API_KEY": "sandbox-key",
        "ENPHASE_CLIENT_ID": "sandbox-client",
        "ENPHASE_CLIENT_SECRET": "sandbox-secret",
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
    }


def run_apart(name: str, environment: dict[str, str]) -> dict[str, float]:
    """Measure in a process of its own, because Django knows one database for its life."""
    outcome = subprocess.run(
        [sys.executable, "-m", "scripts.bench", name],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        timeout=20 * MINUTES,
        check=True,
    )
    *words, last = outcome.stdout.strip().splitlines()
    print("\n".join(words), flush=True)
    return dict(json.loads(last))


# Inside the process of one database


def measure(name: str) -> int:
    import django

    # In a process of its own: what a sweep of 100,000 rows leaves in memory slows every page.
    filling = [sys.executable, "-m", "scripts.bench", "--fill", name]
    subprocess.run(filling, cwd=ROOT, timeout=10 * MINUTES, check=True)
    django.setup()
    from activations.models import Activation

    rows = Activation.objects.count()
    values = {"rows": float(rows)} | time_pages(rows)
    with web() as port:
        values |= time_pick_up(port)
    print(json.dumps(values))
    return 0


def fill(name: str) -> int:
    """Tables, people, and a whole sweep of the company's sites."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from activations.models import Activation

    started = time.monotonic()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    call_command("seed_demo", "--no-sweep", stdout=io.StringIO())
    call_command("sweep_activations", company=halcyon().pk, stdout=io.StringIO())
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "ANALYZE")
    rows = Activation.objects.count()
    taken = time.monotonic() - started
    print(f"bench: {name}: {rows:,} activations swept in {taken:.0f} s", flush=True)
    return 0


def halcyon() -> Any:
    from companies.models import Company

    return Company.objects.get(enphase_id=9)


def count_queries(application: Any, path: str, cookie: str) -> float:
    """Queries of a page, session and person included."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries:
        time_page(application, path, cookie)
    return float(len(queries))


def person() -> Any:
    from portal.users.models import User

    return User.objects.get(email="alice@example.com")


@contextmanager
def web() -> Iterator[int]:
    port = free_port()
    program = Program(
        "web",
        [
            *(BIN / "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)),
            *("--workers", "1", "--blocking-threads", "1", "--no-ws", "--log-level", "warning"),
            "portal.wsgi:application",
        ],
        environment=os.environ,
        folder=ROOT,
    )
    try:
        program.wait_for_port(port, 60)
        yield port
    except AssertionError:
        print(f"bench: the server's last words:\n{program.tail()}", file=sys.stderr)
        raise
    finally:
        program.stop()


def time_pages(rows: int) -> dict[str, float]:
    """Ask for the pages in turns; give milliseconds (p50), queries and the ratios of the goals."""
    from activations.filters import Filters
    from activations.models import Activation
    from portal.wsgi import application

    order = Activation.objects.filter(company=halcyon()).order_by("-updated_at", "-id")
    deep = order[int(rows * 0.95)]
    reference = order.exclude(reference="")[rows // 3].reference
    after = Filters(view="all", after=(deep.updated_at, deep.pk)).query()
    admin = "/bench/admin/activations/activation/"
    ours = {
        "empty": "/bench/empty/",
        "list": "/activations/?view=all",
        "deep": f"/activations/{after}",
        # As somebody types who has a browser with script: the results come, not the frame.
        "search": f"/activations/?q={reference}",
        "search_page": f"/activations/?q={reference}",
        "common": "/activations/?q=residence",
    }
    theirs = {
        "admin_list": admin,
        "admin_search": f"{admin}?q={reference}",
        "admin_common": f"{admin}?q=residence",
    }
    pages = ours | theirs
    taken: dict[str, list[float]] = {name: [] for name in pages}
    cookie = sign_in()
    # The page after one of the admin's is slow, whichever it is, so none always comes there.
    turns = [*ours] * 5 + [*theirs]
    for number in range(ROUNDS + 2):
        random.shuffle(turns)
        for name in turns:
            milliseconds = time_page(application, pages[name], cookie, htmx=name == "search")
            # The first rounds warm up caches and templates.
            if number >= 2:
                taken[name].append(milliseconds)
    p50 = {name: statistics.median(times) for name, times in taken.items()}
    return {
        "list": p50["list"] / p50["empty"],
        "admin_list": p50["admin_list"] / p50["list"],
        "search": p50["admin_search"] / p50["search"],
        "search_page": p50["admin_search"] / p50["search_page"],
        "common": p50["admin_common"] / p50["common"],
        "deep": p50["deep"] / p50["list"],
        "queries": count_queries(application, pages["list"], cookie),
        "search_queries": count_queries(application, pages["search_page"], cookie),
        **{f"ms_{name}": value for name, value in p50.items()},
    }


def time_page(application: Any, path: str, cookie: str, *, htmx: bool = False) -> float:
    """Milliseconds from the request to the last byte of its answer."""
    path, _, query = path.partition("?")
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "localhost",
        "HTTP_COOKIE": cookie,
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
    }
    if htmx:
        environ["HTTP_HX_REQUEST"] = "true"
    status: list[str] = []
    started = time.perf_counter()
    answer = application(environ, lambda text, headers, error=None: status.append(text))
    body = b"".join(answer)
    answer.close()
    milliseconds = (time.perf_counter() - started) * 1000
    assert status == ["200 OK"], f"{path}: {status} {body[:300]!r}"
    return milliseconds


def sign_in() -> str:
    """Cookies of a session, with the token that forms need."""
    from django.conf import settings
    from django.middleware.csrf import get_token
    from django.test import Client, RequestFactory

    client = Client()
    client.force_login(person())
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    request = RequestFactory().get("/")
    get_token(request)
    token = request.META["CSRF_COOKIE"]
    return f"{settings.SESSION_COOKIE_NAME}={session}; {settings.CSRF_COOKIE_NAME}={token}"


def time_pick_up(port: int) -> dict[str, float]:
    """Milliseconds from pressing "Turn on" to the worker's request leaving, p50 and p95."""
    from django.db import connection
    from django.urls import reverse

    from activations.models import Activation
    from portal.operations.models import Operation

    worker = Program(
        "worker",
        [
            *(BIN / "celery", "-A", "portal", "--quiet", "worker", "--concurrency", "2"),
            *("--queues", "interactive,bulk,sync"),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
        ],
        # It says at INFO that it is ready.
        environment={**os.environ, "LOG_LEVEL": "INFO"},
        folder=ROOT,
    )
    cookie = sign_in()
    # The cookie's value serves as the token of the form.
    token = cookie.rpartition("=")[2]
    headers = {
        "Cookie": cookie,
        "Host": "localhost",
        "X-CSRFToken": token,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    taken: list[float] = []
    states: Counter[str] = Counter()
    try:
        worker.wait_for_line("worker ready", 60)
        # Both databases share a world, so each switches on sites at its own end of it.
        order = "system_id" if connection.vendor == "sqlite" else "-system_id"
        sites = Activation.objects.filter(company=halcyon(), stage__in=(3, 4)).order_by(order)
        for site in sites[: SWITCHES * 3]:
            path = reverse("activations:switch", args=[site.pk, "on"])
            page = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            submitted = time.time()
            page.request("POST", path, "safe=on&no_pto=on", headers)
            answer = page.getresponse()
            answer.read()
            page.close()
            operation = Operation.objects.filter(activation=site).order_by("-pk").first()
            assert operation is not None, f"{path}: {answer.status}"
            until = time.monotonic() + 10
            while operation.state in ("queued", "sending") and time.monotonic() < until:
                time.sleep(0.02)
                operation.refresh_from_db()
            # A site that was on already needs no request.
            if operation.sent_at is not None:
                taken.append((operation.sent_at.timestamp() - submitted) * 1000)
            states[operation.state] += 1
            if len(taken) == SWITCHES:
                break
    finally:
        worker.stop()
    assert len(taken) >= SWITCHES // 2, f"only {len(taken)} requests left: {dict(states)}"
    return {
        "pick_up": statistics.quantiles(taken, n=20)[-1],
        "pick_up_p50": statistics.median(taken),
    }


if __name__ == "__main__":
    sys.exit(main())
