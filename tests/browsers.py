"""A real Chromium for the tests marked `browser`, and what is asked of every page.

A page that breaks our content security policy, throws in a script, or asks another server for
anything fails the test that opened it.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page

from portal.users.models import User
from scripts.set_up import find_chromium

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WCAG_22_AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@dataclass
class Watch:
    """What went on in a browser context besides what one sees."""

    portal_url: str
    policy_violations: list[str] = field(default_factory=list)
    script_errors: list[str] = field(default_factory=list)
    strange_requests: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.on("request", lambda request: self._request(request.url))
        context.on("console", lambda message: self._console(message.text))
        context.on("weberror", lambda error: self.script_errors.append(str(error.error)))

    def _request(self, url: str) -> None:
        if not url.startswith((f"{self.portal_url}/", "data:", "blob:", "about:")):
            self.strange_requests.append(url)

    def _console(self, text: str) -> None:
        if "Content Security Policy" in text:
            self.policy_violations.append(text)

    def assert_nothing(self) -> None:
        assert self.policy_violations == []
        assert self.script_errors == []
        assert self.strange_requests == []


OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    # Playwright's own build is used where no Chromium is installed.
    path = find_chromium()
    # The ORM beside synchronous Playwright, which runs an event loop in this thread.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    own = {"executable_path": path} if path else {}
    return {**browser_type_launch_args, **own, "args": ARGUMENTS}


@pytest.fixture
def watch(portal: str) -> Iterator[Watch]:
    """The recorder over all pages of this test; asserts at the end that it saw nothing."""
    watch = Watch(portal)
    yield watch
    watch.assert_nothing()


@pytest.fixture
def open_page(browser: Browser, portal: str, watch: Watch) -> Iterator[OpenPage]:
    """`open_page(as_user=None, phone=False, javascript=True, dark=False)` gives a new page.

    Each has a context of its own, so two of them are two people, or two devices. Other keyword
    arguments go to Playwright's `new_context`.
    """
    contexts: list[BrowserContext] = []

    def open_page(
        as_user: User | None = None,
        *,
        phone: bool = False,
        javascript: bool = True,
        dark: bool = False,
        **options: Any,
    ) -> Page:
        context = browser.new_context(
            base_url=portal,
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]
            java_script_enabled=javascript,
            color_scheme="dark" if dark else "light",
            # Animations are not what is tested, and axe measures colours half-way through them.
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        watch.over(context)
        if as_user is not None:
            sign_in(context, as_user, portal)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """A desktop page of somebody who has not signed in."""
    return open_page()


def sign_in(context: BrowserContext, user: User, portal_url: str) -> None:
    """Give the context a session of that user, without the sign-in pages."""
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": portal_url}])


def assert_accessible(page: Page) -> None:
    """axe finds no violation of WCAG 2.2 AA on the page as it is now."""
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG_22_AA}})
    violations = [
        f"{violation['id']} ({violation['impact']}): {violation['help']}\n"
        + "\n".join(f"    {node['html'][:200]}" for node in violation["nodes"][:5])
        for violation in found.response["violations"]
    ]
    assert not violations, f"{page.url}\n" + "\n".join(violations)


def screenshot(page: Page, path: Path) -> None:
    """The whole page as a picture, fonts loaded and animations ended."""
    page.evaluate("document.fonts.ready.then(() => true)")
    page.screenshot(path=path, full_page=True, animations="disabled")
