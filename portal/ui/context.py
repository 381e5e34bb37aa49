"""What every page shows around its content. Costs no query of its own.

Templates read `chrome.…`; everything is worked out only when a template asks for it, so the
error pages, which ask for nothing, touch neither session nor database.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse

THEMES = ("auto", "light", "dark")
DENSITIES = ("comfortable", "roomy")
MEMBERS = frozenset({"admin", "installer", "viewer"})
EVERYBODY = MEMBERS | {"support"}
ROLE_NAMES = {
    "admin": "Admin",
    "installer": "Installer",
    "viewer": "Viewer",
    "support": "Support, read only",
}


@dataclass(frozen=True)
class Page:
    """A place in the navigation: its URL name, and who sees it."""

    label: str
    icon: str
    name: str
    roles: frozenset[str] = EVERYBODY


@dataclass(frozen=True)
class Link:
    label: str
    icon: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Group:
    title: str
    links: tuple[Link, ...]


NAVIGATION = [
    (
        "",
        [
            Page("Activations", "clip", "activations:list"),
            Page("Operations", "pulse", "operations:list"),
            Page("Import", "upload", "imports:list", frozenset({"admin", "installer"})),
        ],
    ),
    (
        "People",
        [
            Page("Home owners", "users", "homeowners:list", MEMBERS),
            Page("Staff", "badge", "staff:list", frozenset({"admin"})),
            Page("Companies", "building", "companies:list", frozenset({"admin", "support"})),
        ],
    ),
    (
        "Reference",
        [
            Page("Grid profiles", "ongrid", "catalog:grid-profiles", MEMBERS),
            Page("PV modules", "module", "catalog:pv-modules", MEMBERS),
            Page("Tariff templates", "tag", "tariff-templates:list", MEMBERS),
        ],
    ),
    (
        "Account",
        [
            Page("Usage and cost", "gauge", "usage:usage"),
            Page("Settings", "gear", "ui:appearance"),
        ],
    ),
]
TABS = [
    Page("Activations", "clip", "activations:list"),
    Page("New", "plus", "activations:new", frozenset({"admin", "installer"})),
    Page("Operations", "pulse", "operations:list"),
    Page("More", "menu", "ui:menu"),
]
SETTINGS = [
    Page("Appearance", "sun", "ui:appearance"),
    Page("Enphase connection", "link", "connections:settings", frozenset({"admin"})),
    Page("E-mail", "mail", "account_email"),
    Page("Password", "key", "account_change_password"),
    Page("Two-step sign-in", "shield", "mfa_index"),
    Page("Sessions", "monitor", "usersessions_list"),
    Page("Shortcuts", "table", "ui:shortcuts"),
]
# `g` and a letter goes there; `?` shows the list. Read by portal.js from <body>.
SHORTCUTS = {
    "a": "activations:list",
    "n": "activations:new",
    "o": "operations:list",
    "help": "ui:shortcuts",
}
# Addresses below these belong to Settings, though they do not begin with its own.
SETTINGS_PATHS = ("/settings/", "/accounts/")


class Chrome:
    """The frame around a page: navigation by role, theme, the label of the sandbox."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request

    @property
    def is_sandbox(self) -> bool:
        return bool(settings.ENPHASE_IS_SANDBOX)

    @property
    def theme(self) -> str:
        return _one_of(THEMES, self.request.COOKIES.get("theme"))

    @property
    def density(self) -> str:
        return _one_of(DENSITIES, self.request.COOKIES.get("density"))

    @property
    def shortcuts(self) -> bool:
        return self.request.COOKIES.get("shortcuts") != "off"

    @property
    def goto(self) -> list[tuple[str, str]]:
        """Letter and address of every shortcut to a page that exists."""
        return [(key, url) for key, name in SHORTCUTS.items() if (url := url_or_none(name))]

    @property
    def access(self) -> Any:
        """request.access, or None for a signed-out person."""
        return getattr(self.request, "access", None)

    @cached_property
    def role(self) -> str:
        return getattr(self.access, "role", None) or ""

    @property
    def role_name(self) -> str:
        return ROLE_NAMES.get(self.role, "No company yet")

    @cached_property
    def nav(self) -> list[Group]:
        groups = [Group(title, tuple(self._links(pages))) for title, pages in NAVIGATION]
        return [group for group in groups if group.links]

    @cached_property
    def tabs(self) -> list[Link]:
        links = self._links(TABS)
        if any(link.is_current for link in links[:-1]):
            return links
        # Everything that is not on the bar is behind More.
        return [Link(x.label, x.icon, x.url, x is links[-1]) for x in links]

    @cached_property
    def settings(self) -> list[Link]:
        return self._links(SETTINGS)

    @cached_property
    def can_create(self) -> bool:
        return self.role in {"admin", "installer"}

    def _links(self, pages: list[Page]) -> list[Link]:
        """The pages this person may see and that exist; the nearest to this address is current."""
        role, path = self.role, self.request.path
        return list(_links(tuple(pages), role, path, *_addresses()))


@lru_cache(maxsize=1024)
def _links(
    pages: tuple[Page, ...], role: str, path: str, urlconf: str, prefix: str
) -> tuple[Link, ...]:
    # Remembered: the same for everybody of a role who looks at this address.
    found = [
        (page, url)
        for page in pages
        if _may_see(role, page) and (url := _reversed(page.name, urlconf, prefix))
    ]
    here = [url for _, url in found if path.startswith(url)]
    current = max(here, key=len, default="")
    if not current and path.startswith(SETTINGS_PATHS):
        current = _reversed("ui:appearance", urlconf, prefix) or ""
    return tuple(Link(page.label, page.icon, url, url == current) for page, url in found)


def _may_see(role: str, page: Page) -> bool:
    return role in page.roles or (not role and page.name.partition(":")[0] != "activations")


def chrome(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `chrome`, and `access` for short."""
    return {"chrome": Chrome(request), "access": getattr(request, "access", None)}


def url_or_none(name: str) -> str | None:
    """The address, or None while no such page exists."""
    return _reversed(name, *_addresses())


def _addresses() -> tuple[str, str]:
    """What decides where a name leads: the list of addresses, and what stands before them."""
    return get_urlconf() or settings.ROOT_URLCONF, get_script_prefix()


@lru_cache(maxsize=256)
def _reversed(name: str, urlconf: str, prefix: str) -> str | None:
    # Remembered for each list of addresses; every page asks for about twenty.
    try:
        return reverse(name)
    except NoReverseMatch:
        return None


def _one_of(allowed: tuple[str, ...], wanted: str | None) -> str:
    return wanted if wanted in allowed else allowed[0]
