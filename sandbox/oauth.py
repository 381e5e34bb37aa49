"""Tokens: /oauth/token (password, authorization_code, refresh_token) and /oauth/authorize.

Refresh tokens are used once. Using one again revokes its whole family, as strict servers do.
Only hashes are stored, so that tokens survive a restart without lying in the file.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import sqlite3
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from sandbox.settings import Settings
from sandbox.wire import Answer, Request
from sandbox.world.cast import APPLICATIONS, COMPANIES, PASSWORD, Application, scope_of

ACCESS_SECONDS = 86_400
REFRESH_SECONDS = 30 * 86_400
_CODE_SECONDS = 600
_PASSWORD_CHANGED = "1704067200"


class Denied(Exception):
    """The token endpoint says no, in the words of RFC 6749. Its bookkeeping is kept."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(error)
        self.answer = Answer(
            status,
            {"error": error, "error_description": description},
            {"Cache-Control": "no-store"},
        )


def token(db: sqlite3.Connection, request: Request, now: float, settings: Settings) -> Answer:
    """Answer POST /oauth/token. Parameters may come in the query string or in a form."""
    if request.method != "POST":
        return Answer(405, {"error": "method_not_allowed", "error_description": "Use POST"})
    params = {**request.query, **request.form()}
    grant = params.get("grant_type", "")
    try:
        application = _client(request)
        if grant == "password":
            answer = _by_password(db, application, params, now)
        elif grant == "authorization_code":
            answer = _by_code(db, application, params, now)
        elif grant == "refresh_token":
            answer = _by_refresh(db, application, params, now, settings)
        else:
            raise Denied(400, "unsupported_grant_type", f"Unsupported grant type: {grant}")
    except Denied as denied:
        answer = denied.answer
    outcome = "issued" if answer.status == 200 else answer.body["error"]
    known = grant if grant in ("password", "authorization_code", "refresh_token") else "other"
    db.execute(
        "INSERT INTO token_requests (at, grant_type, outcome) VALUES (?, ?, ?)",
        (now, known, outcome),
    )
    return answer


def authorize(db: sqlite3.Connection, request: Request, now: float) -> Answer:
    """Answer /oauth/authorize: GET shows the sign-in page, POST approves or denies."""
    params = {**request.query, **request.form()}
    application = next((a for a in APPLICATIONS if a.client_id == params.get("client_id")), None)
    target = urlsplit(params.get("redirect_uri", ""))
    if application is None or target.scheme not in ("http", "https") or not target.netloc:
        return _page("This request is not valid", "<p>Unknown client_id or redirect_uri.</p>", 400)
    if params.get("response_type") != "code":
        return _back(params, {"error": "unsupported_response_type"})
    if request.method != "POST":
        return _sign_in(params, "")
    if params.get("decision") == "deny":
        return _back(params, {"error": "access_denied"})
    user = _person(db, params.get("email", ""), params.get("password", ""))
    if user is None:
        return _sign_in(params, "E-mail address or password is wrong.")
    code = secrets.token_urlsafe(24)
    db.execute(
        "INSERT INTO codes VALUES (?, ?, ?, ?, ?)",
        (_hash(code), application.name, user["user_id"], params["redirect_uri"],
         now + _CODE_SECONDS),
    )  # fmt: skip
    return _back(params, {"code": code})


def issue(
    db: sqlite3.Connection,
    application: Application,
    user: sqlite3.Row,
    now: float,
    family: str | None = None,
    expires_in: float = ACCESS_SECONDS,
) -> dict[str, Any]:
    """Make and store a new pair; give the token answer."""
    jti = secrets.token_hex(16)
    claims = {
        "app_type": "system",
        "user_name": user["email"],
        "enl_cid": str(user["company_id"] or ""),
        "enl_uid": str(user["user_id"]),
        "enl_password_last_changed": _PASSWORD_CHANGED,
        "authorities": ["ROLE_USER"],
        "client_id": application.client_id,
        "aud": ["oauth2-resource"],
        "is_internal_app": False,
        "scope": ["read", "write"],
        "exp": int(now + expires_in),
        "jti": jti,
    }
    access, refresh = _opaque(claims), _opaque({**claims, "ati": jti})
    db.execute(
        "INSERT INTO tokens (refresh_hash, access_hash, family, application, user_id, issued_at,"
        " access_until, refresh_until) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            _hash(refresh), _hash(access), family or secrets.token_hex(8), application.name,
            user["user_id"], now, now + expires_in, now + REFRESH_SECONDS,
        ),
    )  # fmt: skip
    return {
        "access_token": access,
        "token_type": "bearer",
        "refresh_token": refresh,
        "expires_in": int(expires_in),
        "scope": "read write",
        "enl_uid": claims["enl_uid"],
        "enl_cid": claims["enl_cid"],
        "enl_password_last_changed": _PASSWORD_CHANGED,
        "is_internal_app": False,
        "app_type": "system",
        "jti": jti,
    }


def holder(db: sqlite3.Connection, access_token: str, now: float) -> sqlite3.Row | None:
    """Give the valid token's row joined with its user, or None."""
    row: sqlite3.Row | None = db.execute(
        "SELECT t.application, t.family, u.* FROM tokens t JOIN users u USING (user_id)"
        " WHERE t.access_hash = ? AND t.access_until > ? AND NOT t.access_revoked"
        " AND NOT t.family_revoked",
        (_hash(access_token), now),
    ).fetchone()
    return row


def revoke(db: sqlite3.Connection, access_token: str, *, family: bool) -> None:
    """Make an access token useless; with `family`, its refresh tokens too."""
    column = "family_revoked" if family else "access_revoked"
    db.execute(
        f"UPDATE tokens SET {column} = 1 WHERE family ="
        " (SELECT family FROM tokens WHERE access_hash = ?)",
        (_hash(access_token),),
    )


def caller_facts(row: sqlite3.Row) -> dict[str, Any]:
    """Give company, scope and country of a token's user, as `Caller` wants them."""
    company = COMPANIES.get(row["company_id"])
    roles = json.loads(row["user_roles"])
    return {
        "user_id": row["user_id"],
        "company_id": company.company_id if company else None,
        "root_id": company.root_id if company else None,
        "scope": scope_of(company.company_id) if company else frozenset(),
        "country": company.country if company else None,
        "self_installer": "self_installer" in roles,
    }


def _client(request: Request) -> Application:
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        text = "Full authentication is required to access this resource"
        raise Denied(401, "unauthorized", text)
    try:
        client_id, _, secret = base64.b64decode(credentials).decode().partition(":")
    except ValueError:
        client_id = secret = ""
    for application in APPLICATIONS:
        if (client_id, secret) == (application.client_id, application.secret):
            return application
    raise Denied(401, "invalid_client", "Bad client credentials")


def _by_password(
    db: sqlite3.Connection, application: Application, params: dict[str, str], now: float
) -> Answer:
    user = _person(db, params.get("username", ""), params.get("password", ""))
    if user is None:
        raise Denied(400, "invalid_grant", "Bad credentials")
    return _issued(issue(db, application, user, now))


def _by_code(
    db: sqlite3.Connection, application: Application, params: dict[str, str], now: float
) -> Answer:
    row = db.execute(
        "DELETE FROM codes WHERE code_hash = ? RETURNING *", (_hash(params.get("code", "")),)
    ).fetchone()
    if row is None or row["until"] < now or row["application"] != application.name:
        raise Denied(400, "invalid_grant", "Invalid authorization code")
    if row["redirect_uri"] != params.get("redirect_uri"):
        raise Denied(400, "invalid_grant", "Redirect URI mismatch.")
    user = db.execute("SELECT * FROM users WHERE user_id = ?", (row["user_id"],)).fetchone()
    return _issued(issue(db, application, user, now))


def _by_refresh(
    db: sqlite3.Connection,
    application: Application,
    params: dict[str, str],
    now: float,
    settings: Settings,
) -> Answer:
    row = db.execute(
        "SELECT * FROM tokens WHERE refresh_hash = ?", (_hash(params.get("refresh_token", "")),)
    ).fetchone()
    if row is None or row["application"] != application.name or row["family_revoked"]:
        raise Denied(400, "invalid_grant", "Invalid refresh token")
    if row["refresh_until"] < now:
        raise Denied(400, "invalid_grant", "Refresh token expired")
    if row["used_at"] is not None and now - row["used_at"] >= settings.refresh_grace_seconds:
        db.execute("UPDATE tokens SET family_revoked = 1 WHERE family = ?", (row["family"],))
        raise Denied(400, "invalid_grant", "Refresh token was already used")
    if row["used_at"] is None:
        db.execute(
            "UPDATE tokens SET used_at = ? WHERE refresh_hash = ?", (now, row["refresh_hash"])
        )
    user = db.execute("SELECT * FROM users WHERE user_id = ?", (row["user_id"],)).fetchone()
    if user is None:
        raise Denied(400, "invalid_grant", "Invalid refresh token")
    return _issued(issue(db, application, user, now, family=row["family"]))


def _issued(body: dict[str, Any]) -> Answer:
    return Answer(200, body, {"Cache-Control": "no-store"})


def _person(db: sqlite3.Connection, email: str, password: str) -> sqlite3.Row | None:
    if not secrets.compare_digest(password.encode(), PASSWORD.encode()):
        return None
    row: sqlite3.Row | None = db.execute(
        "SELECT * FROM users WHERE email = ? AND signs_in AND active", (email.strip(),)
    ).fetchone()
    return row


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _opaque(claims: dict[str, Any]) -> str:
    """A token as long as a real one, which is a JWT; nobody may rely on what is inside."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
        for part in ({"alg": "RS256", "typ": "JWT"}, claims)
    ]
    return ".".join([*parts, secrets.token_urlsafe(256)])


def _back(params: dict[str, str], result: dict[str, str]) -> Answer:
    target = urlsplit(params["redirect_uri"])
    if "state" in params:
        result = {**result, "state": params["state"]}
    query = urlencode([*parse_qsl(target.query, keep_blank_values=True), *result.items()])
    location = urlunsplit(target._replace(query=query, fragment=""))
    return Answer(302, b"", {"Location": location}, "text/plain")


def _sign_in(params: dict[str, str], problem: str) -> Answer:
    application = html.escape(params["client_id"])
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(params[name])}">'
        for name in ("response_type", "client_id", "redirect_uri", "state", "scope")
        if name in params
    )
    warning = f'<p role="alert"><strong>{html.escape(problem)}</strong></p>' if problem else ""
    email = html.escape(params.get("email", ""))
    return _page(
        "Sign in to Enlighten (sandbox)",
        f"""{warning}
<p>The application <strong>{application}</strong> asks to read and change the systems of your
company. This is a sandbox: no real account works here, and nothing done here reaches Enphase.</p>
<form method="post" action="/oauth/authorize">{kept}
<p><label for="email">E-mail address</label><br>
<input id="email" name="email" type="email" autocomplete="username" value="{email}"></p>
<p><label for="password">Password</label><br>
<input id="password" name="password" type="password" autocomplete="current-password"></p>
<p><button name="decision" value="approve">Sign in and approve</button>
<button name="decision" value="deny">Deny</button></p>
</form>""",
        422 if problem else 200,
    )


def _page(title: str, content: str, status: int) -> Answer:
    text = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"></head>'
        f"<body><main><h1>{title}</h1>{content}</main></body></html>"
    )
    headers = {"Cache-Control": "no-store", "X-Frame-Options": "DENY"}
    return Answer(status, text.encode(), headers, "text/html; charset=utf-8")
