"""Users and home owners: get_current_user, search_users, create_home_owner."""

from __future__ import annotations

import re
from typing import Any

from sandbox.errors import NOT_AUTHORIZED, Refusal, unprocessable
from sandbox.operations import people
from sandbox.operations.bodies import wrapped
from sandbox.routing import Call, operation
from sandbox.wire import Answer

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


@operation("get_current_user", "GET", "/partner/users/self")
def get_current_user(call: Call) -> Answer:
    row = people.find(call.db, call.caller.user_id)
    if row is None:
        raise Refusal(404, "User not found.")
    expand = call.query.get("expand", "")
    if expand not in ("", "company"):
        raise unprocessable("Invalid expand option", code=None)
    return Answer(200, people.show_user(row, company=expand == "company"))


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
    _check(fields)
    company_id = fields.get("company_id")
    if company_id is not None and company_id not in call.caller.scope:
        raise Refusal(401, NOT_AUTHORIZED)
    if fields.get("enlighten_view") == "manager" and company_id is None:
        raise unprocessable("Company id is required when enlighten_view is manager", code=None)
    taken = call.db.execute("SELECT 1 FROM users WHERE email = ?", (fields["email"],)).fetchone()
    if taken:
        raise unprocessable("Email has already been registered", code=None)

    user_id = call.new_user_id()
    call.db.execute(
        "INSERT INTO users (user_id, email, first_name, last_name, phone, company_id,"
        " enlighten_emails, enlighten_view, created_by, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?)",
        (
            user_id, fields["email"], fields["first_name"], fields["last_name"],
            fields.get("phone") or "", company_id, int(fields.get("enlighten_emails") is True),
            "my" if company_id is None else "manager", call.caller.user_id, int(call.now),
        ),
    )  # fmt: skip
    call.subject = user_id
    row = people.find(call.db, user_id)
    assert row is not None
    return Answer(201, people.show_user(row))


def _check(fields: dict[str, Any]) -> None:
    problems = [
        f"{words} can't be blank"
        for name, words in (
            ("email", "Email"),
            ("first_name", "First name"),
            ("last_name", "Last name"),
        )
        if not isinstance(fields.get(name), str) or not fields[name].strip()
    ]
    if problems:
        raise unprocessable(*problems, code=None)
    if not _EMAIL.fullmatch(fields["email"]):
        raise unprocessable("Email is invalid", code=None)
    if len(str(fields.get("phone") or "")) > 255:
        raise unprocessable("Phone is too long (maximum is 255 characters)", code=None)
    if fields.get("enlighten_view") not in (None, "my", "manager"):
        raise unprocessable("Enlighten view must be my or manager", code=None)
