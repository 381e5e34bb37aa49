"""Who may do what. Out of sight is 404 (`for_user`); seen but not allowed is 403 (here).

| role      | sees                     | may                                               |
|-----------|--------------------------|---------------------------------------------------|
| admin     | the company              | everything an installer may, connect Enphase,     |
|           |                          | delete activations, send an uncertain create again|
| installer | the company or a branch  | create and change activations, home owners        |
| viewer    | the company or a branch  | look                                              |
| support   | every company            | look                                              |
"""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.core.exceptions import PermissionDenied

from companies.models import Company, Membership
from portal.users.models import User

MAY_CHANGE = {"admin", "installer"}
MAY_ADMINISTER = {"admin"}
EVERYBODY = {"admin", "installer", "viewer", "support"}

# What people ask before they give somebody a role: (what, a word more, who may).
ABILITIES: list[tuple[str, str, set[str]]] = [
    ("See sites, operations and history", "Only of their branch, when limited to one", EVERYBODY),
    ("Download lists", "", EVERYBODY),
    ("Create and change activations", "Costs hits, and $2.00 for each create", MAY_CHANGE),
    ("Switch production, set modes, tariffs and arrays", "", MAY_CHANGE),
    ("Invite home owners, give and take access", "", MAY_CHANGE),
    (
        "Have copies read anew at will",
        "Members' pages ask by themselves once a copy is old",
        MAY_CHANGE,
    ),
    ("Change many sites at once, import files", "Big runs need a second admin", MAY_CHANGE),
    ("Approve big runs", "Not those one asked for", MAY_ADMINISTER),
    ("Delete activations", "", MAY_ADMINISTER),
    ("Send an uncertain create again", "With the evidence on the page", MAY_ADMINISTER),
    ("Connect the company with Enphase", "", MAY_ADMINISTER),
    (
        "Decide who works here",
        "Nobody changes their own role, and one admin always stays",
        MAY_ADMINISTER,
    ),
    ("See other companies", "Each opening is written into that company's history", {"support"}),
]


class Access:
    """The signed-in person's view of the portal: current company, and role in any company."""

    def __init__(self, user: User, company: Company | None) -> None:
        self.user = user
        self.company = company

    @property
    def companies(self) -> list[Company]:
        """Companies to switch between, by name. Support switches on its own page."""
        return [membership.company for membership in self.user.roles]

    @property
    def role(self) -> str | None:
        """Role in the current company; `support` for support staff without one."""
        if self.company is None:
            return "support" if self.user.is_support else None
        return self.role_in(self.company.pk)

    @property
    def branch(self) -> Company | None:
        """The branch this person is limited to in the current company."""
        for membership in self.user.roles:
            if self.company and membership.company_id == self.company.pk:
                branch: Company | None = membership.branch
                return branch
        return None

    def role_in(self, company_id: int) -> str | None:
        return self.user.role_in(company_id)

    def may_change(self, company_id: int | None = None) -> bool:
        """May this person create and change activations there (default: current company)?"""
        return self._role(company_id) in MAY_CHANGE

    def may_administer(self, company_id: int | None = None) -> bool:
        """Is this person an admin there (default: current company)?"""
        return self._role(company_id) in MAY_ADMINISTER

    def require_installer(self, company_id: int) -> None:
        """Raise PermissionDenied (403) unless installer or admin there."""
        if not self.may_change(company_id):
            raise PermissionDenied("Only installers and admins of this company may do this.")

    def require_admin(self, company_id: int) -> None:
        """Raise PermissionDenied (403) unless admin there."""
        if not self.may_administer(company_id):
            raise PermissionDenied("Only admins of this company may do this.")

    def _role(self, company_id: int | None) -> str | None:
        return self.role if company_id is None else self.role_in(company_id)


class Backend(AuthenticationBackend):
    """allauth's sign-in; brings the memberships along with the user in one query a request."""

    def get_user(self, user_id: Any) -> User | None:
        rows = list(
            Membership.objects.filter(user_id=user_id)
            .select_related("user", "company", "branch")
            .order_by()
        )
        # Sorted here: it is on every page, and the few rows are sorted faster than the query is
        # put together with their order.
        rows.sort(key=lambda membership: (membership.company.name, membership.pk))
        if not rows:
            user: User | None = super().get_user(user_id)
            if user is not None:
                user.roles = []
            return user
        user = rows[0].user
        if not self.user_can_authenticate(user):
            return None
        user.roles = rows
        return user
