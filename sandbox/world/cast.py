"""Who exists in every world: applications, companies, and the people who may sign in."""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "sandbox-pass"


@dataclass(frozen=True)
class Application:
    """An application of the developer portal."""

    name: str
    key: str
    client_id: str
    secret: str


@dataclass(frozen=True)
class Company:
    """A company of the Enphase world. `parent` is set for branches."""

    company_id: int
    name: str
    city: str
    state: str
    country: str
    parent: int | None = None

    @property
    def location(self) -> str:
        return f"{self.city}, {self.state} - {self.country}"

    @property
    def root_id(self) -> int:
        return self.parent or self.company_id


@dataclass(frozen=True)
class Person:
    """Somebody who signs in to Enlighten, always with `PASSWORD`."""

    user_id: int
    email: str
    first_name: str
    last_name: str
    phone: str
    company_id: int | None


APPLICATIONS = (
    Application("sandbox", "sandbox-key", "sandbox-client", "sandbox-secret"),
    # A second one, to see what a key and a token of different applications do together.
    Application("second", "sandbox-key-2", "sandbox-client-2", "sandbox-secret-2"),
)

COMPANIES = {
    company.company_id: company
    for company in (
        Company(9, "Halcyon Solar", "Sacramento", "CA", "US"),
        Company(81, "Halcyon Solar North", "Redding", "CA", "US", parent=9),
        Company(82, "Halcyon Solar South", "San Diego", "CA", "US", parent=9),
        Company(20, "Bluebonnet Energy", "Austin", "TX", "US"),
        Company(21, "Bluebonnet Energy Gulf", "Houston", "TX", "US", parent=20),
        Company(30, "Zonnedak Installaties", "Utrecht", "UT", "NL"),
        Company(31, "Zonnedak Installaties Zuid", "Eindhoven", "NB", "NL", parent=30),
        Company(40, "Southern Cross Solar", "Brisbane", "QLD", "AU"),
        Company(41, "Southern Cross Solar West", "Perth", "WA", "AU", parent=40),
        Company(50, "Ridge Electric", "Fresno", "CA", "US"),
        Company(51, "Copper Line Electric", "Stockton", "CA", "US"),
        Company(52, "Lone Pecan Electric", "Waco", "TX", "US"),
        Company(53, "Deltastroom Montage", "Rotterdam", "ZH", "NL"),
        Company(54, "Red Gum Electrical", "Gold Coast", "QLD", "AU"),
    )
}

# Company -> the companies it may name as subcontractors, and whether they still may be.
SUBCONTRACTORS: dict[int, dict[int, str]] = {
    9: {50: "Enabled", 51: "Disabled"},
    20: {52: "Enabled"},
    30: {53: "Enabled"},
    40: {54: "Enabled"},
}

PEOPLE = (
    Person(2001, "dana@halcyon.example", "Dana", "Whitlock", "+1 916 555 0101", 9),
    Person(2002, "tess@bluebonnet.example", "Tess", "Gallardo", "+1 512 555 0102", 20),
    Person(2003, "nina@zonnedak.example", "Nina", "Verhoeven", "+31 30 555 0103", 30),
    Person(2004, "owen@southerncross.example", "Owen", "Fairweather", "+61 7 5550 0104", 40),
    Person(2011, "noah@halcyon.example", "Noah", "Brightwater", "+1 530 555 0111", 81),
    Person(2050, "rita@ridge.example", "Rita", "Castellan", "+1 559 555 0150", 50),
    # A self-installer: a Partner application without a company.
    Person(2060, "iris@selfmade.example", "Iris", "Lindqvist", "+1 707 555 0160", None),
)

FIRST_HOME_OWNER = 3001


def branches_of(company_id: int) -> list[Company]:
    """Give the branches of a company by ascending id."""
    return [c for c in COMPANIES.values() if c.parent == company_id]


def scope_of(company_id: int) -> frozenset[int]:
    """Give the companies whose sites count as a company's own: itself and its branches."""
    return frozenset({company_id, *(branch.company_id for branch in branches_of(company_id))})
