"""What is asked of every page, in all its looks, for the price of loading it once."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from django.urls import Resolver404, resolve
from playwright.sync_api import Page

from tests.browsers import DESKTOP, PHONE, WCAG_22_AA

AXE = Axe().axe_script
ALL_RULES = {"type": "tag", "values": WCAG_22_AA}
# What a dark page can break that a light one with the same elements does not.
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
RUN = """(rules) => axe.run(document, {runOnly: rules, resultTypes: ["violations"]}).then(
  (found) => found.violations.map((one) => one.id + ": " + one.help + " at "
    + one.nodes.slice(0, 4).map((node) => node.html.slice(0, 160)).join(" AND ")))"""
# How many pixels the page can be pushed sideways, and what sticks out.
OVERHANG = """() => {
  const page = document.scrollingElement;
  const over = page.scrollWidth - page.clientWidth;
  if (over <= 0) return null;
  const out = [...document.querySelectorAll("body *")].filter((e) => {
    const box = e.getBoundingClientRect();
    return box.width && box.right > page.clientWidth + 1;
  });
  return over + " px: " + out.slice(0, 4).map((e) => e.outerHTML.slice(0, 120)).join(" AND ");
}"""
TWO_FRAMES = """() => new Promise(
  (done) => requestAnimationFrame(() => requestAnimationFrame(done)))"""
# Addresses that show the same page: somebody without a draft starts at once.
ONE_PAGE = {"activations:new": "activations:wizard"}
NARROW = {"width": 320, "height": 800}


@dataclass
class Inspection:
    """Goes from page to page and notes what is wrong; `assert_nothing()` at the end."""

    page: Page
    faults: list[str] = field(default_factory=list)
    # title -> name of the address, to find two different pages with one title.
    titles: dict[str, str] = field(default_factory=dict)
    visited: int = 0

    def visit(self, url: str, status: int = 200) -> None:
        """Open the address and look at the page that comes."""
        self.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        self.page.emulate_media(color_scheme="light")
        answer = self.page.goto(url)
        if answer is None or answer.status != status:
            self.fault(url, f"answered {answer and answer.status}")
            return
        self.look()

    def look(self) -> None:
        """Inspect the page that is open now, wherever it came from."""
        self.visited += 1
        url = urlsplit(self.page.url).path
        self._check_title(url)
        headings = self.page.locator("h1").count()
        if headings != 1:
            self.fault(url, f"{headings} h1")
        self.page.evaluate(AXE)
        for phone, dark, rules in (
            (False, False, ALL_RULES),
            (False, True, COLOURS),
            (True, True, COLOURS),
            (True, False, ALL_RULES),
        ):
            self._dress(PHONE if phone else DESKTOP, dark)
            look = f"{'phone' if phone else 'desktop'}, {'dark' if dark else 'light'}"
            for found in self.page.evaluate(RUN, rules):
                self.fault(url, f"({look}) {found}")
            if not dark:
                self._check_width(url)
        self._dress(NARROW, dark=False)
        self._check_width(url)

    def _dress(self, size: Any, dark: bool) -> None:
        self.page.set_viewport_size(size)
        self.page.emulate_media(color_scheme="dark" if dark else "light")
        # Colours change over a frame or two; halfway they are no pair that anybody chose.
        self.page.evaluate(TWO_FRAMES)

    def _check_width(self, url: str) -> None:
        over = self.page.evaluate(OVERHANG)
        if over:
            width = self.page.viewport_size["width"]  # type: ignore[index]
            self.fault(url, f"scrolls sideways at {width} px by {over}")

    def _check_title(self, url: str) -> None:
        title = self.page.title()
        try:
            what = resolve(url).view_name or url
        except Resolver404:
            what = url
        what = ONE_PAGE.get(what, what)
        if not title.endswith(" · Ridgeline") or title.startswith("Ridgeline"):
            self.fault(url, f"has the title “{title}”")
        if self.titles.setdefault(title, what) != what:
            self.fault(url, f"has the title “{title}” of {self.titles[title]}")

    def fault(self, url: str, text: str) -> None:
        self.faults.append(f"{url}: {text}")

    def assert_nothing(self) -> None:
        assert not self.faults, f"{len(self.faults)} faults:\n" + "\n".join(self.faults)
