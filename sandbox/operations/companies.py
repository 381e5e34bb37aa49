"""Companies and their people: list_company_branches, list_authorized_subcontractors,
list_company_users, create_company_user, get_company_user, update_company_user."""

from __future__ import annotations

import sqlite3

from sandbox.errors import NOT_AUTHORIZED, Refusal, unprocessable
from sandbox.operations import people, users
from sandbox.operations.bodies import wrapped
from sandbox.operations.people import show_company
from sandbox.routing import Call, operation
from sandbox.wire import Answer
from sandbox.world.cast import COMPANIES, SUBCONTRACTORS, Company, branches_of

_USERS = "/companies/{company_id}/users"
_USER = "/companies/{company_id}/users/{user_id}"


@operation("list_company_branches", "GET", "/companies/self/branches")
def list_company_branches(call: Call) -> Answer:
    company = _own(call)
    branches = [show_company(branch) for branch in branches_of(company.company_id)]
    head = {"company_id": company.company_id, "company_name": company.name}
    return Answer(200, {**head, "branches": branches})


@operation(
    "list_authorized_subcontractors",
    "GET",
    "/companies/self/authorized_subcontractors",
    terse_401=True,
)
def list_authorized_subcontractors(call: Call) -> Answer:
    company = _own(call)
    listed = [
        {**show_company(COMPANIES[other]), "status": status}
        for other, status in SUBCONTRACTORS.get(company.root_id, {}).items()
    ]
    head = {"company_id": company.company_id, "company_name": company.name}
    return Answer(200, {**head, "authorized_subcontractors": listed})


@operation("list_company_users", "GET", _USERS)
def list_company_users(call: Call) -> Answer:
    """Pairs of id and address, no objects."""
    company = _named(call)
    rows = call.db.execute(
        "SELECT user_id, email FROM users WHERE company_id = ? ORDER BY user_id",
        (company.company_id,),
    )
    return Answer(200, {"users": [[row["user_id"], row["email"]] for row in rows]})


@operation("create_company_user", "POST", _USERS, writes=True)
def create_company_user(call: Call) -> Answer:
    company = _named(call)
    fields = wrapped(call.request, "user")
    if fields is None:
        raise unprocessable("User param are missing at body location", code=None)
    # Other fields are dropped without a word, the company is that of the path.
    names = ("email", "first_name", "last_name", "phone", "enlighten_emails")
    fields = {name: fields[name] for name in names if name in fields}
    users.check(fields, longest_phone=50)
    return Answer(201, people.show_user(users.create(call, fields, company.company_id)))


@operation("get_company_user", "GET", _USER)
def get_company_user(call: Call) -> Answer:
    return users.show(call, _colleague(call))


@operation("update_company_user", "PUT", _USER, writes=True)
def update_company_user(call: Call) -> Answer:
    return Answer(200, people.show_user(users.change(call, _colleague(call))))


def _named(call: Call) -> Company:
    """The company in the path: 404 when there is none, 401 when it is not ours."""
    company = COMPANIES.get(call.ids["company_id"])
    if company is None:
        raise Refusal(404, "Company not found")
    if company.company_id not in call.caller.scope:
        raise Refusal(401, NOT_AUTHORIZED)
    return company


def _colleague(call: Call) -> sqlite3.Row:
    company = _named(call)
    row = users.find(call)
    if row["company_id"] != company.company_id:
        raise Refusal(404, "User not found.")
    return row


def _own(call: Call) -> Company:
    """The caller's company; self-installers have none and no other status is documented."""
    if call.caller.company_id is None:
        raise Refusal(401, NOT_AUTHORIZED)
    return COMPANIES[call.caller.company_id]
