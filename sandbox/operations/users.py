"""Users in their scopes: get_current_user, get_user, update_user, get_activation_user,
update_activation_user, search_users, create_home_owner."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

from sandbox.errors import NOT_AUTHORIZED, Refusal, unprocessable
from sandbox.operations import people
from sandbox.operations.bodies import wrapped
from sandbox.operations.sight import find_system
from sandbox.routing import Call, operation
from sandbox.wire import Answer

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")
_WORDS = {"email": "Email", "first_name": "First name", "last_name": "Last name"}
_SITE_USER = "/activations/{activation_id}/users/{user_id}"


@operation("get_current_user", "GET", "/partner/users/self")
def get_current_user(call: Call) -> Answer:
    row = people.find(call.db, call.caller.user_id)
    if row is None:
        raise Refusal(404, "User not found.")
    return show(call, row)


@operation("get_user", "GET", "/partner/users/{user_id}")
def get_user(call: Call) -> Answer:
    """Yourself, whom you created, and people of your company: owners of sites are not enough."""
    row = find(call)
    if not people.may_read(call.db, call.caller, row):
        raise Refusal(401, NOT_AUTHORIZED)
    return show(call, row)


@operation("update_user", "PUT", "/users/{user_id}", writes=True)
def update_user(call: Call) -> Answer:
    """Unlike the other two changes it answers with the company, as its last example did."""
    row = find(call)
    if not people.may_touch(call.db, call.caller, row):
        raise Refusal(401, NOT_AUTHORIZED)
    changed = change(call, row)
    return Answer(200, people.show_user(changed, company=True))


@operation("get_activation_user", "GET", _SITE_USER, window_in_429=False)
def get_activation_user(call: Call) -> Answer:
    row = _of_site(call)
    return show(call, row)


@operation("update_activation_user", "PUT", _SITE_USER, writes=True)
def update_activation_user(call: Call) -> Answer:
    return Answer(200, people.show_user(change(call, _of_site(call))))


@operation("search_users", "GET", "/users/search")
def search_users(call: Call) -> Answer:
    email = call.query.get("email", "").strip()
    if not email:
        raise unprocessable("Email should not be blank", code=None)
    row = call.db.execute("SELECT * FROM users WHERE email = ?", (email,)).fetchone()
    if row is None:
        raise Refusal(404, "User not found.")
    found = {"user_id": row["user_id"]}
    if row["company_id"] is not None:
        found["company_id"] = row["company_id"]
    return Answer(200, found)


@operation("create_home_owner", "POST", "/users", writes=True)
def create_home_owner(call: Call) -> Answer:
    fields = wrapped(call.request, "user")
    if fields is None:
        raise unprocessable("User param are missing at body location", code=None)
    check(fields)
    company_id = fields.get("company_id")
    if company_id is not None and company_id not in tuple(call.caller.scope):
        raise Refusal(401, NOT_AUTHORIZED)
    if fields.get("enlighten_view") == "manager" and company_id is None:
        raise unprocessable("Company id is required when enlighten_view is manager", code=None)
    return Answer(201, people.show_user(create(call, fields, company_id)))


def create(call: Call, fields: dict[str, Any], company_id: int | None) -> sqlite3.Row:
    """Insert a user with checked fields; the address must be new."""
    _require_new(call, fields["email"])
    user_id = call.new_user_id()
    call.db.execute(
        "INSERT INTO users (user_id, email, first_name, last_name, phone, company_id,"
        " enlighten_emails, enlighten_view, created_by, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?)",
        (
            user_id, fields["email"], fields["first_name"], fields["last_name"],
            str(fields.get("phone") or ""), company_id, int(fields.get("enlighten_emails") is True),
            "my" if company_id is None else "manager", call.caller.user_id, int(call.now),
        ),
    )  # fmt: skip
    call.subject = user_id
    row = people.find(call.db, user_id)
    assert row is not None
    return row


def change(call: Call, row: sqlite3.Row) -> sqlite3.Row:
    """Change the fields sent, leave the others. With a company a user becomes a manager."""
    fields = wrapped(call.request, "user")
    if fields is None:
        raise unprocessable("User param are missing at body location", code=None)
    call.subject = row["user_id"]
    check(fields, partial=True)
    company_id = fields.get("company_id", row["company_id"])
    if company_id is not None and (not isinstance(company_id, int) or company_id is True):
        raise unprocessable("Company id must be a number", code=None)
    if company_id != row["company_id"]:
        # Moving somebody needs access to both companies.
        both = {company_id, row["company_id"]} - {None}
        if not both <= call.caller.scope:
            raise Refusal(401, NOT_AUTHORIZED)
    email = fields.get("email", row["email"])
    if email.casefold() != row["email"].casefold():
        _require_new(call, email)
    view = "manager" if company_id is not None else fields.get("enlighten_view")
    if view == "manager" and company_id is None:
        raise unprocessable("Company id is required when enlighten_view is manager", code=None)
    mails = fields.get("enlighten_emails")
    call.db.execute(
        "UPDATE users SET email = ?, first_name = ?, last_name = ?, phone = ?, company_id = ?,"
        " enlighten_emails = ?, enlighten_view = ?, updated_at = ? WHERE user_id = ?",
        (
            email,
            fields.get("first_name", row["first_name"]),
            fields.get("last_name", row["last_name"]),
            row["phone"] if "phone" not in fields else str(fields["phone"] or ""),
            company_id,
            row["enlighten_emails"] if mails is None else int(mails is True),
            view or row["enlighten_view"],
            int(call.now),
            row["user_id"],
        ),
    )
    changed = people.find(call.db, row["user_id"])
    assert changed is not None
    return changed


def find(call: Call) -> sqlite3.Row:
    """Give the user named in the path, or 404."""
    user_id = call.ids["user_id"]
    row = people.find(call.db, user_id if isinstance(user_id, int) else None)
    if row is None:
        raise Refusal(404, "User not found.")
    return row


def show(call: Call, row: sqlite3.Row) -> Answer:
    """Give a user, with the company if the query says `expand=company`."""
    expand = call.query.get("expand", "")
    if expand not in ("", "company"):
        raise unprocessable("Invalid expand option", code=None)
    return Answer(200, people.show_user(row, company=expand == "company"))


def _of_site(call: Call) -> sqlite3.Row:
    find_system(call)
    row = find(call)
    if not people.may_touch(call.db, call.caller, row):
        raise Refusal(401, NOT_AUTHORIZED)
    return row


def _require_new(call: Call, email: str) -> None:
    taken = call.db.execute("SELECT 1 FROM users WHERE email = ?", (email,)).fetchone()
    if taken:
        raise unprocessable("Email has already been registered", code=None)


def check(fields: dict[str, Any], *, partial: bool = False, longest_phone: int = 255) -> None:
    """Raise 422 for what no user may have. `partial`: what is not sent stays as it is."""
    problems = [
        f"{words} can't be blank"
        for name, words in _WORDS.items()
        if (name in fields or not partial)
        and (not isinstance(fields.get(name), str) or not fields[name].strip())
    ]
    if problems:
        raise unprocessable(*problems, code=None)
    if "email" in fields and not _EMAIL.fullmatch(fields["email"]):
        raise unprocessable("Email is invalid", code=None)
    phone = fields.get("phone")
    if len(str(phone or "")) > longest_phone:
        raise unprocessable(f"Phone is too long (maximum is {longest_phone} characters)", code=None)
    if fields.get("enlighten_view") not in (None, "my", "manager"):
        raise unprocessable("Enlighten view must be my or manager", code=None)
