"""Users and companies as the API shows them, and who may touch which user."""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from sandbox.routing import Caller
from sandbox.world.cast import COMPANIES, Company


def show_company(company: Company) -> dict[str, Any]:
    return {
        "company_id": company.company_id,
        "company_name": company.name,
        "location": company.location,
        "roles": ["installer"],
        "uri": f"/api/v4/companies/{company.company_id}.json",
    }


def show_user(row: sqlite3.Row, *, company: bool = False, uri: str = "") -> dict[str, Any]:
    """Give a User; with `company`, its company too (only people of a company have one)."""
    shown: dict[str, Any] = {
        "active": bool(row["active"]),
        "user_roles": json.loads(row["user_roles"]),
        "email": row["email"],
        "enlighten_emails": bool(row["enlighten_emails"]),
        "enlighten_view": row["enlighten_view"],
        "first_name": row["first_name"],
        "last_name": row["last_name"],
        "phone": row["phone"],
        "uri": uri or f"/api/v4/users/{row['user_id']}.json",
        "user_id": row["user_id"],
        "updated_at": row["updated_at"],
    }
    if company and row["company_id"] in COMPANIES:
        shown["company"] = show_company(COMPANIES[row["company_id"]])
    return shown


def find(db: sqlite3.Connection, user_id: int | None) -> sqlite3.Row | None:
    if user_id is None:
        return None
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM users WHERE user_id = ?", (user_id,)
    ).fetchone()
    return row


def may_read(db: sqlite3.Connection, caller: Caller, user: sqlite3.Row) -> bool:
    """Two of the classes: own company and branches (or oneself), and created by us."""
    if user["user_id"] == caller.user_id:
        return True
    if user["company_id"] is not None and user["company_id"] in caller.scope:
        return True
    if user["created_by"] is None:
        return False
    creator = find(db, user["created_by"])
    ours = creator is not None and creator["company_id"] in caller.scope
    return bool(user["created_by"] == caller.user_id or ours)


def may_touch(db: sqlite3.Connection, caller: Caller, user: sqlite3.Row) -> bool:
    """One of the three classes of users: own company, created by us, on a site of ours."""
    if may_read(db, caller, user):
        return True
    on_site = db.execute(
        "SELECT 1 FROM systems s JOIN sight v ON v.system_id = s.system_id AND v.viewer = ?"
        " WHERE s.owner_id = ? UNION ALL"
        " SELECT 1 FROM systems s JOIN sight v ON v.system_id = s.system_id AND v.viewer = ?"
        " WHERE s.host_id = ? LIMIT 1",
        (caller.viewer, user["user_id"], caller.viewer, user["user_id"]),
    ).fetchone()
    return on_site is not None
