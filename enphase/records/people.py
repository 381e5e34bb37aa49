"""Users, companies, branches and subcontractors."""

from typing import Annotated, Any

from enphase.records.base import (
    AsList,
    AsObject,
    Flag,
    Id,
    Moment,
    OptionalId,
    Record,
    Text,
    Texts,
    rows_of,
)


class Company(Record):
    """A company or a branch. `location` reads "Petaluma, CA - US"; `roles` like ["installer"]."""

    company_id: Id
    company_name: Text = None
    location: Text = None
    roles: Texts = []
    uri: Text = None

    @property
    def country(self) -> str | None:
        """ISO 3166-1 alpha-2, from the end of `location`; None if it does not say."""
        _, dash, country = (self.location or "").rpartition(" - ")
        country = country.strip().upper()
        return country if dash and len(country) == 2 and country.isalpha() else None

    @property
    def state(self) -> str | None:
        """The part of `location` between the last comma and the country, such as "CA"."""
        place, _, _ = (self.location or "").rpartition(" - ")
        _, comma, state = place.rpartition(",")
        return state.strip() or None if comma else None


class SubcontractorCompany(Company):
    """A company that may be named as subcontractor of a site. `status` Enabled or Disabled."""

    status: Text = None

    @property
    def is_enabled(self) -> bool:
        return (self.status or "").strip().casefold() == "enabled"


class CompanyBranches(Record):
    """The caller's company and its branches. A self-installer has no company: id None."""

    company_id: OptionalId = None
    company_name: Text = None
    branches: Annotated[list[Company], AsList] = []


class Subcontractors(Record):
    """The caller's company and the companies it may name as subcontractors."""

    company_id: OptionalId = None
    company_name: Text = None
    authorized_subcontractors: Annotated[list[SubcontractorCompany], AsList] = []


class User(Record):
    """An Enlighten user: installer's staff, owner or host.

    `company` is there only when it was asked for with expand=company. `user_roles` is
    ["self_installer"] or empty. `enlighten_view` is my or manager.
    """

    user_id: Id
    email: Text = None
    first_name: Text = None
    last_name: Text = None
    phone: Text = None
    active: Flag = None
    user_roles: Texts = []
    enlighten_emails: Flag = None
    enlighten_view: Text = None
    uri: Text = None
    updated_at: Moment = None
    company: Annotated[Company | None, AsObject] = None

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.first_name, self.last_name) if part)

    @property
    def is_self_installer(self) -> bool:
        return any(role.casefold() == "self_installer" for role in self.user_roles)


class UserMatch(Record):
    """Who has an e-mail address: the user's id, and the company's if there is one."""

    user_id: Id
    company_id: OptionalId = None


class CompanyUser(Record):
    """A user of a company, as its list tells: no names, ask `get_user` for them."""

    user_id: Id
    email: Text = None

    @classmethod
    def from_api(cls, data: Any) -> "CompanyUser":
        """Read `[6, "anne@example.com"]`, or an object."""
        if isinstance(data, list) and len(data) == 2:
            data = {"user_id": data[0], "email": data[1]}
        return cls.model_validate(data)

    @classmethod
    def list_of(cls, answer: Any) -> "list[CompanyUser]":
        """Read `{"users": [[6, "…"]]}` or the list alone. ValueError for anything else."""
        return rows_of({"users": answer} if isinstance(answer, list) else answer, "users", cls)[0]
