"""Building worlds: who and what exists after a reset."""

from __future__ import annotations

import sqlite3

from sandbox.settings import Settings, defaults
from sandbox.store import RECORD_TABLES, WORLD_TABLES, Store
from sandbox.world import demo, small
from sandbox.world.cast import PEOPLE

DEMO_SYSTEMS = 250
_FIRST_NEW_SMALL = 9_001
_FIRST_NEW_USER = 9_000_001


def build(
    store: Store, db: sqlite3.Connection, world: str, systems: int, settings: Settings
) -> None:
    """Replace everything but the tokens by a new world. Call inside a transaction.

    `world` is "demo" (then `systems` says how many) or "small". The clock goes back to real
    time, ledger and counters to zero.
    """
    store.set_clock_offset(0.0)
    store.empty(WORLD_TABLES + RECORD_TABLES)
    now = store.now()
    db.executemany(
        "INSERT INTO users (user_id, email, first_name, last_name, phone, company_id,"
        " user_roles, enlighten_view, signs_in, updated_at) VALUES (?,?,?,?,?,?,?,?,1,?)",
        [
            (
                person.user_id, person.email, person.first_name, person.last_name,
                person.phone, person.company_id,
                "[]" if person.company_id else '["self_installer"]',
                "manager" if person.company_id else "my", int(now) - 86_400,
            )
            for person in PEOPLE
        ],
    )  # fmt: skip
    large = world == "demo" and systems > 2_000
    if large:
        store.drop_indexes()
    if world == "small":
        small.build(db, now)
    else:
        demo.build(db, systems, now)
    store.make_indexes()
    first_new = _FIRST_NEW_SMALL if world == "small" else demo.FIRST_SYSTEM + systems + 1_000
    store.write_meta("next_system_id", first_new)
    store.write_meta("next_user_id", _FIRST_NEW_USER)
    store.write_meta("world", {"name": world, "systems": systems})
    store.write_meta("settings", settings.as_dict())


def ensure(store: Store, systems: int | None, fast: bool, plan: str | None = None) -> None:
    """Build the demo world unless the file already holds one; a `plan` counts in any case."""
    with store.transaction() as db:
        if store.read_meta("world") is None:
            build(
                store,
                db,
                "demo",
                systems or DEMO_SYSTEMS,
                defaults("demo", fast, plan or "partner"),
            )
        elif plan is not None:
            settings = Settings().with_changes(store.read_meta("settings", {}))
            store.write_meta("settings", settings.with_changes({"plan": plan}).as_dict())
