"""What was asked, what was executed, what it costs. Written in the transaction of the request."""

from __future__ import annotations

import datetime as dt
import sqlite3
from typing import Any

from sandbox.errors import Refusal, Window
from sandbox.routing import Operation
from sandbox.settings import PLANS, Settings

CREATE_CENTS = 200
FREE_HITS_PER_MONTH = 10_000
EXTRA_HITS_PER_CENT = 2  # $0.005 each
LIVE_CENTS = 10


def record(
    db: sqlite3.Connection,
    *,
    at: float,
    application: str | None,
    user_id: int | None,
    operation: str,
    method: str,
    path: str,
    status: int,
    is_write: bool,
    executed: bool,
    subject: int | None,
    reference: str | None,
    fault: str | None,
) -> int:
    """Write one hit and give its number. `path` is without the query: it can hold the key."""
    cursor = db.execute(
        "INSERT INTO hits (at, application, user_id, operation, method, path, status, is_write,"
        " executed, subject, reference, fault) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)",
        (at, application, user_id, operation, method, path, status, is_write, executed, subject,
         reference, fault),
    )  # fmt: skip
    return int(cursor.lastrowid or 0)


def settle_late(
    db: sqlite3.Connection,
    hit_id: int,
    *,
    at: float,
    executed: bool,
    subject: int | None,
    reference: str | None,
) -> None:
    """Note on an answered hit that it was executed after all (fault `late_commit`)."""
    db.execute(
        "UPDATE hits SET executed = ?, subject = ?, reference = ?, settled_at = ? WHERE id = ?",
        (executed, subject, reference, at, hit_id),
    )


def summary(db: sqlite3.Connection, *, now: float, since: int = 0) -> dict[str, Any]:
    """Give the ledger for `/_sandbox/ledger`; with `since`, only writes of later numbers."""
    by_operation = {
        row["operation"]: row["n"]
        for row in db.execute("SELECT operation, count(*) n FROM hits GROUP BY operation")
    }
    writes = [
        {
            "id": row["id"],
            "operation": row["operation"],
            "method": row["method"],
            "path": row["path"],
            "status": row["status"],
            "at": iso(row["at"]),
            "executed": bool(row["executed"]),
            "subject": row["subject"],
            "reference": row["reference"],
            "fault": row["fault"],
            "user_id": row["user_id"],
            "application": row["application"],
            "settled_at": None if row["settled_at"] is None else iso(row["settled_at"]),
        }
        for row in db.execute("SELECT * FROM hits WHERE is_write AND id > ? ORDER BY id", (since,))
    ]
    creates = _scalar(
        db, "SELECT count(*) FROM hits WHERE operation = 'create_activation' AND executed"
    )
    # Each try costs, also one that is refused.
    live = LIVE_CENTS * by_operation.get("stream_live_data", 0)
    months = db.execute(
        "SELECT count(*) n FROM hits WHERE application IS NOT NULL"
        " GROUP BY application, strftime('%Y-%m', at, 'unixepoch')"
    ).fetchall()
    extra = sum(max(0, row["n"] - FREE_HITS_PER_MONTH) for row in months)
    tokens: dict[str, dict[str, int]] = {}
    for row in db.execute(
        "SELECT grant_type, outcome, count(*) n FROM token_requests GROUP BY 1, 2"
    ):
        tokens.setdefault(row["grant_type"], {})[row["outcome"]] = row["n"]
    statuses = {
        str(row["status"]): row["n"]
        for row in db.execute("SELECT status, count(*) n FROM hits GROUP BY status")
    }
    return {
        "hits": sum(by_operation.values()),
        "by_operation": by_operation,
        "by_status": statuses,
        "writes": writes,
        "creates": creates,
        # Nothing says that a deleted activation is refunded.
        "refunds": 0,
        "tokens": tokens,
        "costs": {
            "creates_cents": creates * CREATE_CENTS,
            "extra_hits": extra,
            "extra_hits_cents": extra / EXTRA_HITS_PER_CENT,
            "live_cents": live,
            "total_cents": creates * CREATE_CENTS + extra / EXTRA_HITS_PER_CENT + live,
        },
        "now": iso(now),
    }


def spend(
    db: sqlite3.Connection, application: str, operation: Operation, now: float, settings: Settings
) -> None:
    """Count a hit against the plan; raise `Refusal` 429 when a window is used up.

    Windows are calendar minutes and calendar months (UTC) of the sandbox's clock.
    """
    windows = [
        ("minute", minute_window(now), settings.per_minute),
        ("month", month_window(now), settings.per_month),
    ]
    is_search = operation.name == "search_systems" and settings.search_counts_as_write
    if operation.writes or is_search:
        windows.append((operation.name, month_window(now), settings.writes_per_month))

    for bucket, (start, end), limit in windows:
        if limit is not None and used(db, application, bucket, start) >= limit:
            period = "minute" if bucket == "minute" else "month"
            raise exceeded(operation, Window(period, start, end, int(limit)), settings)
    for bucket, (start, _), _limit in windows:
        db.execute(
            "INSERT INTO counters VALUES (?, ?, ?, 1) ON CONFLICT (application, bucket) DO UPDATE"
            " SET used = CASE period_start WHEN excluded.period_start THEN used + 1 ELSE 1 END,"
            " period_start = excluded.period_start",
            (application, bucket, start),
        )


def exceeded(operation: Operation, window: Window, settings: Settings) -> Refusal:
    """The 429 of an operation; not every one of them publishes its window."""
    text = f"Usage limit exceeded for plan {PLANS[settings.plan].title}"
    return Refusal(429, text, window=window if operation.window_in_429 else None)


def window_of(period: str, now: float, settings: Settings) -> Window:
    """Give the running window of a period, for a 429 that is asked for."""
    start, end = minute_window(now) if period == "minute" else month_window(now)
    limit = settings.per_minute if period == "minute" else settings.writes_per_month
    return Window(period, start, end, int(limit or 0))


def used(db: sqlite3.Connection, application: str, bucket: str, start: int) -> int:
    row = db.execute(
        "SELECT used FROM counters WHERE application = ? AND bucket = ? AND period_start = ?",
        (application, bucket, start),
    ).fetchone()
    return 0 if row is None else int(row["used"])


def minute_window(now: float) -> tuple[int, int]:
    start = int(now // 60) * 60
    return start, start + 60


def month_window(now: float) -> tuple[int, int]:
    first = dt.datetime.fromtimestamp(now, dt.UTC).replace(
        day=1, hour=0, minute=0, second=0, microsecond=0
    )
    following = (first + dt.timedelta(days=32)).replace(day=1)
    return int(first.timestamp()), int(following.timestamp())


def iso(epoch: float) -> str:
    """ISO 8601 in UTC with milliseconds."""
    text = dt.datetime.fromtimestamp(epoch, dt.UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _scalar(db: sqlite3.Connection, sql: str) -> int:
    return int(db.execute(sql).fetchone()[0])
