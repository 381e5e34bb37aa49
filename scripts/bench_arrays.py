"""How soon the array builder answers a hand, with 600 modules on the roof.

    .venv/bin/python -m scripts.bench_arrays [FOLDER]

Builds a site of 600 modules in a database of its own, serves it, and lets Chromium choose, walk,
place, undo, redo and drag 30 times each. "seen" is from the event to the frame that shows it,
"true" to the frame after the server's answer, both in milliseconds. Nothing of `var/` is touched
and nobody is asked but this portal. With FOLDER the page is also taken as pictures. Figures hold
for a machine that does nothing else.
"""

import os
import secrets
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet
from playwright.sync_api import Browser, Page, sync_playwright

from scripts.programs import Program, free_port
from scripts.set_up import find_chromium

ROOT = Path(__file__).resolve().parent.parent
ARRAYS, EACH, SPARE = 6, 100, 90
TIMES = 30
GOALS = {"seen": 100, "true": 250}
STEPS = ("choose", "arrow", "place", "undo", "redo", "drag")

# Marks the frame after an event, and the one after the builder shows what the server said.
MEASURE = """
window.took = (act, { answered }) => new Promise((done) => {
  const frame = (then) => requestAnimationFrame(() => setTimeout(then, 0));
  const root = document.getElementById("builder");
  performance.mark("began");
  const since = () => performance.measure("took", "began").duration;
  let seen = null;
  let settled = null;
  const finish = () => seen !== null && (settled !== null || !answered) && done([seen, settled]);
  const give_up = setTimeout(() => done([seen, settled]), 10000);
  if (answered) {
    const watch = new MutationObserver((list) => {
      if (!list.some((one) => ["data-drawn", "data-cell"].includes(one.attributeName))) return;
      watch.disconnect();
      clearTimeout(give_up);
      frame(() => { settled = since(); finish(); });
    });
    watch.observe(root, { attributes: true });
  }
  act();
  frame(() => { seen = since(); finish(); });
});
"""


def main(words: list[str]) -> int:
    if len(words) > 1 or (words and words[0].startswith("-")):
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="ridgeline-arrays-") as var:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "SECRET_KEY": secrets.token_urlsafe(50),
            "FIELD_KEYS": Fernet.generate_key().decode(),
            "VAR_DIR": var,
            "DATABASE_URL": f"sqlite:///{var}/arrays.sqlite3",
            "CACHE_URL": "",
            "CELERY_BROKER_URL": "filesystem://",
            "INSECURE_COOKIES": "1",
            "DEBUG": "0",
            "ALLOWED_HOSTS": "localhost,127.0.0.1",
            "LOG_LEVEL": "WARNING",
            "PYTHONPATH": str(ROOT),
        }
        os.environ.update(environment)
        subprocess.run(
            [sys.executable, "-m", "scripts.demo_tables"],
            cwd=ROOT,
            env=environment,
            check=True,
            timeout=300,
        )
        path, cookie = draw()
        port = free_port()
        web = Program(
            "web",
            [
                *(Path(sys.executable).parent / "granian", "--interface", "wsgi"),
                *("--host", "127.0.0.1", "--port", str(port), "--workers", "1"),
                *("--blocking-threads", "4", "--no-ws", "--log-level", "warning"),
                "portal.wsgi:application",
            ],
            environment=environment,
            folder=ROOT,
        )
        try:
            web.wait_for_port(port, 60)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=find_chromium() or None, args=["--no-sandbox", "--disable-gpu"]
                )
                url = f"http://127.0.0.1:{port}"
                found = measure(open_page(browser, url, cookie), path)
                if words:
                    take_pictures(browser, url, cookie, path, Path(words[0]))
                browser.close()
        finally:
            web.stop()
    return report(found)


def draw() -> tuple[str, tuple[str, str]]:
    """A company, its installer, a site with 600 modules: address of its builder, and a cookie."""
    import django

    django.setup()
    from django.conf import settings
    from django.test import Client
    from django.urls import reverse
    from django.utils import timezone

    from activations.models import Activation
    from activations.snapshots import services as snapshots
    from companies.models import Company, Membership
    from portal.users.models import User

    now = timezone.now()
    company = Company.objects.create(enphase_id=9, name="Halcyon Solar")
    person = User.objects.create_user("alice@example.com", None, name="Alice Ferrer")
    Membership.objects.create(user=person, company=company, role=Membership.Role.INSTALLER)
    site = Activation.objects.create(
        company=company, system_id=701, name="Long barn", stage=3, updated_at=now
    )
    micros = [str(482_000_000_000 + number) for number in range(ARRAYS * EACH + SPARE)]
    arrays = [
        {
            "id": number + 1,
            "label": f"Barn roof {number + 1}",
            "angle": 180,
            "tilt": "20.0",
            "provisioned_envoy": "202300000701",
            "left": number % 3 * 1200,
            "top": number // 3 * 2400,
            "modules": [
                {
                    "id": number * 1000 + at + 1,
                    "left": at % 10 * 100,
                    "top": at // 10 * 200,
                    "angle": 0,
                    "serial_num": micros[number * EACH + at],
                }
                for at in range(EACH)
                # Of the last array 39 are still to come.
                if number < ARRAYS - 1 or at < EACH - 40 or at == EACH - 1
            ],
        }
        for number in range(ARRAYS)
    ]
    snapshots.keep(
        site, "arrays", {"system_id": 701, "angle": None, "arrays": arrays, "inventory": micros}
    )
    seen = [
        {"serial_number": one, "model": "IQ8PLUS", "status": "normal", "last_report_date": 1}
        for one in micros
    ]
    snapshots.keep(
        site,
        "inverters",
        {"groups": [{"signal_strength": 4, "micro_inverters": seen}], "complete": True},
    )
    client = Client()
    client.force_login(person)
    name = settings.SESSION_COOKIE_NAME
    return reverse("arrays:plan", args=[site.pk]), (name, client.cookies[name].value)


def open_page(browser: Browser, url: str, cookie: tuple[str, str], **options: object) -> Page:
    context = browser.new_context(
        base_url=url,
        **{"viewport": {"width": 1440, "height": 1000}, **options},  # type: ignore[arg-type]
    )
    context.set_default_timeout(20_000)
    context.add_cookies([{"name": cookie[0], "value": cookie[1], "url": url}])
    return context.new_page()


def measure(page: Page, path: str) -> dict[str, list[list[float | None]]]:
    """[[seen, true], ...] of each kind of step."""
    page.add_init_script(MEASURE)
    page.goto(f"{path}?array=a6")
    page.wait_for_function("document.getElementById('roof')")
    found: dict[str, list[list[float | None]]] = {name: [] for name in STEPS}

    def take(name: str, act: str, *, answered: bool = True) -> None:
        page.wait_for_function(
            "document.getElementById('builder').getAttribute('aria-busy') !== 'true'"
        )
        took = page.evaluate(
            f"took(() => {{ {act} }}, {{ answered: {'true' if answered else 'false'} }})"
        )
        found[name].append(took)

    click = (
        "document.querySelector('{}').dispatchEvent("
        "new MouseEvent('click', {{ bubbles: true, cancelable: true }}))"
    )
    for at in range(TIMES):
        take("choose", click.format(f"#m-a{at % 5 + 1}-R{at % 9 + 1}C{at % 10 + 1}"))
    for at in range(TIMES):
        page.locator(f"#m-a2-R{at % 9 + 1}C5").focus()
        key = "new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true, cancelable: true })"
        take("arrow", f"document.activeElement.dispatchEvent({key})", answered=False)
    take("choose", click.format("#m-a6-R7C1"))
    del found["choose"][-1]
    for _ in range(TIMES):
        take("place", "document.getElementById('place-next').click()")
    for _ in range(TIMES):
        take("undo", "document.getElementById('undo').click()")
    for _ in range(TIMES):
        take("redo", "document.getElementById('redo').click()")
    drag = """
      const handle = document.querySelector('#roof .arr__tag--on');
      const box = handle.getBoundingClientRect();
      const by = document.getElementById('roof').getScreenCTM().a * 50 * {by};
      const at = (type, x) => handle.dispatchEvent(new PointerEvent(type, {{
        bubbles: true, cancelable: true, button: 0, clientX: box.x + 5 + x, clientY: box.y + 5 }}));
      at('pointerdown', 0);
      at('pointermove', by);
      at('pointerup', by);
    """
    for at in range(TIMES):
        take("drag", drag.format(by=1 if at % 2 == 0 else -1))
    return found


def take_pictures(
    browser: Browser, url: str, cookie: tuple[str, str], path: str, folder: Path
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    sizes = {"desktop": {"width": 1440, "height": 1000}, "phone": {"width": 390, "height": 844}}
    for size, viewport in sizes.items():
        for theme in ("light", "dark"):
            page = open_page(browser, url, cookie, viewport=viewport, color_scheme=theme)
            page.goto(f"{path}?array=a6&cell=R7C2")
            page.screenshot(path=folder / f"arrays-{size}-{theme}.png", full_page=False)
            page.context.close()


def report(found: dict[str, list[list[float | None]]]) -> int:
    print(f"{ARRAYS * EACH} modules, {TIMES} times each, milliseconds (goals: {GOALS})")
    print("| step | seen, median | seen, p95 | true, median | true, p95 |")
    print("|---|---|---|---|---|")
    missed = 0
    for name, rows in found.items():
        cells = []
        for at, goal in enumerate(GOALS.values()):
            column = [row[at] for row in rows if row[at] is not None]
            numbers = [float(one) for one in column if one is not None]
            if not numbers:
                # Walking with arrows asks nobody; anything else without an answer is a fault.
                cells += ["", ""]
                missed += at == 0 or name != "arrow"
                continue
            median = statistics.median(numbers)
            missed += median > goal or len(numbers) < (TIMES if name != "arrow" else 1)
            cells += [f"{median:.0f}", f"{sorted(numbers)[int(len(numbers) * 0.95)]:.0f}"]
        print(f"| {name} | {' | '.join(cells)} |")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
