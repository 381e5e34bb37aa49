"""Pictures of the main pages, of a portal of its own with the demo's sites.

    .venv/bin/python -m scripts.screenshots FOLDER

Desktop (1440 by 1000) and phone (390 by 844), light and dark. Nothing of `var/` is touched; the
ports are free ones. Run it after a change of look and compare with the pictures of the design.
"""

import os
import re
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from urllib.parse import urlsplit

import requests
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from scripts import demo
from scripts.programs import Program, free_port
from scripts.set_up import find_chromium

SIZES = {"desktop": {"width": 1440, "height": 1000}, "phone": {"width": 390, "height": 844}}
THEMES = ("light", "dark")
PASSWORD = "ridgeline-demo"  # noqa: S105 - of the demo's people
PATIENCE_MS = 90_000
UNDER_WAY = re.compile(r"\b[1-9]\d* of \d+ producing")


def main(words: list[str]) -> int:
    if len(words) != 1 or words[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(words[0])
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ridgeline-pictures-") as var:
        os.environ["VAR_DIR"] = var
        for name in ("DATABASE_URL", "CELERY_BROKER_URL"):
            os.environ.pop(name, None)
        port, sandbox_port = free_port(), free_port()
        programs: list[Program] = []
        with demo.stopping(programs):
            # What the programs say is only of interest when they fail, and then it is in the error.
            with (Path(var) / "programs.log").open("w") as log, redirect_stdout(log):
                demo.start_all(programs, demo.demo_environment(sandbox_port), port, sandbox_port)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=find_chromium() or None, args=["--no-sandbox", "--disable-gpu"]
                )
                portal, sandbox = (f"http://127.0.0.1:{one}" for one in (port, sandbox_port))
                Album(browser, portal, sandbox, folder).fill()
                browser.close()
    return 0


class Album:
    """Walks through the portal once and takes each page in all its looks."""

    def __init__(self, browser: Browser, url: str, sandbox: str, folder: Path) -> None:
        self.browser, self.url, self.sandbox, self.folder = browser, url, sandbox, folder

    def fill(self) -> None:
        installer = self._new_context().new_page()
        installer.goto("/accounts/login/")
        self.take(installer, "sign-in")
        sign_in(installer, "alice@example.com")
        # Without the greeting of having signed in.
        installer.goto("/activations/")
        self.take(installer, "list")
        installer.goto("/activations/?view=all&stage=3")
        self.switch_production(installer)
        self.create(installer)

        admin = self._new_context().new_page()
        sign_in(admin, "dana@example.com")
        for name, path in (
            ("connection", "/settings/connection/"),
            ("companies", "/companies/"),
            ("menu", "/menu/"),
        ):
            admin.goto(path)
            self.take(admin, name)

    def switch_production(self, page: Page) -> None:
        """Of the first site in stage 3 that is running well, made to be off before."""
        row = page.locator("#results tbody tr").filter(has_text="System Normal").first
        row.get_by_role("link").first.click()
        expect(page.get_by_role("heading", name="Expected and detected")).to_be_visible()
        address = urlsplit(page.url).path
        system = re.search(r"ID (\d+)", page.locator("main").inner_text())
        assert system is not None
        answer = requests.post(
            f"{self.sandbox}/_sandbox/systems/{system[1]}",
            json={"production_mode": "off", "status": "normal"},
            timeout=30,
        )
        answer.raise_for_status()
        page.get_by_role("main").get_by_role("button", name="Refresh").first.click()
        expect(page.get_by_text("Never read")).to_have_count(0, timeout=PATIENCE_MS)
        page.goto(address)
        self.take(page, "detail", long=True)
        page.goto(f"{address}production/on/")
        self.take(page, "production-question")
        for box in page.locator("form.dialog input[type=checkbox]").all():
            box.check()
        page.get_by_role("button", name="Turn production on").click()
        expect(page.locator("#production-panel").get_by_text(UNDER_WAY).first).to_be_visible(
            timeout=PATIENCE_MS
        )
        self.take(page, "production-running")
        operation = page.locator("#production-panel a[href^='/operations/']").first
        page.goto(operation.get_attribute("href") or "")
        expect(page.locator("#operation").get_by_text(UNDER_WAY).first).to_be_visible()
        self.take(page, "operation-running")
        expect(page.locator("#operation .pill").first).to_have_text("Done", timeout=PATIENCE_MS)
        self.take(page, "operation-done", long=True)
        page.goto(f"{address}production/")
        self.take(page, "production-done")

    def create(self, page: Page) -> None:
        """Fill in the wizard and create the site."""
        page.goto("/activations/new/")
        self.take(page, "wizard-site")
        page.get_by_label("Name", exact=True).fill("Ferrer residence")
        for field, text in {
            "project": "HAL-26-0917",
            "street1": "418 Keller Street",
            "city": "Petaluma",
            "postal_code": "94952",
        }.items():
            page.locator(f"[name={field}]").fill(text)
        page.locator("[name=state]").select_option("CA")
        self._on(page)
        self._on(page)
        page.locator("[name=envoy_serial_numbers]").fill("2026 1122 0001")
        page.locator("[name=expected_pcu_count]").fill("24")
        self.take(page, "wizard-equipment")
        self._on(page)
        page.locator("[name=grid_connection_type]").select_option("2")
        expect(page.locator(".htmx-request")).to_have_count(0)
        page.locator("[name=third_party_storage_device_installed]").select_option("no")
        expect(page.locator(".htmx-request")).to_have_count(0)
        self._on(page)
        expect(page.get_by_role("heading", name="Check and create", level=1)).to_be_attached()
        self.take(page, "check", long=True)
        page.get_by_role("button", name="Create activation").locator("visible=true").click()
        page.wait_for_url("**/operations/*/")
        expect(page.locator("#operation .pill").first).to_have_text("Done", timeout=PATIENCE_MS)
        self.take(page, "operation-created")
        page.goto("/operations/")
        self.take(page, "operations")

    def take(self, page: Page, name: str, *, long: bool = False) -> None:
        """The page as it is now: each size in each theme. `long` adds whole pages in light."""
        page.evaluate("document.fonts.ready.then(() => true)")
        for size, viewport in SIZES.items():
            page.set_viewport_size(viewport)  # type: ignore[arg-type]
            for theme in THEMES:
                page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
                page.screenshot(path=self.folder / f"{name}-{size}-{theme}.png")
            if long:
                page.emulate_media(color_scheme="light")
                page.screenshot(path=self.folder / f"{name}-{size}-long.png", full_page=True)
        page.set_viewport_size(SIZES["desktop"])  # type: ignore[arg-type]

    def _new_context(self) -> BrowserContext:
        context = self.browser.new_context(base_url=self.url, viewport=SIZES["desktop"])  # type: ignore[arg-type]
        context.set_default_timeout(30_000)
        return context

    def _on(self, page: Page) -> None:
        page.get_by_role("button", name=re.compile("^Save and")).locator("visible=true").click()


def sign_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/activations/**")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
