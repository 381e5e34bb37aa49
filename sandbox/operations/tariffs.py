"""Tariffs: get_tariff, update_tariff (a task that stays pending for a while)."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sandbox.operations import kept
from sandbox.operations.sight import find_system
from sandbox.routing import Call, operation
from sandbox.wire import Answer

_PATH = "/systems/config/{system_id}/tariff"
_CURRENCIES = {"US": "USD", "NL": "EUR", "AU": "AUD"}
_KNOWN = {"currency", "currency_type", "single_rate", "seasons", "seasons_sell", "storage_settings"}


@operation("get_tariff", "GET", _PATH)
def get_tariff(call: Call) -> Answer:
    """Give the tariff in force and the task of the last change; before any, no task."""
    row = find_system(call, "system_id")
    kept_tariff = kept.read(call.db, row["system_id"], "tariff")
    if kept_tariff is None:
        return Answer(200, {"tariff": _default(row["country"])})
    done = kept_tariff["created_at"] + call.settings.tariff_seconds <= call.now
    done = done and row["gateway"] in ("reporting", "none")
    tariff = kept_tariff["tariff"] if done else kept_tariff["before"]
    task = _task("success" if done else "pending", kept_tariff["created_at"])
    return Answer(200, {"tariff": tariff, **task})


@operation("update_tariff", "PUT", _PATH, writes=True)
def update_tariff(call: Call) -> Answer:
    """Replace the tariff, a while later. No 422 is documented: what is no tariff changes nothing.

    Unknown fields are dropped; a season or period without its parts is kept as it was sent.
    """
    row = find_system(call, "system_id")
    body = call.request.json()
    tariff = body.get("tariff") if isinstance(body, dict) else None
    in_force = get_tariff(call).body["tariff"]
    wanted = in_force
    if isinstance(tariff, dict):
        wanted = _typed({name: value for name, value in tariff.items() if name in _KNOWN})
        if not wanted:
            wanted = in_force
    entry = {"tariff": wanted, "before": in_force, "created_at": call.now}
    kept.write(call.db, row["system_id"], "tariff", entry)
    return Answer(200, _task("pending", call.now))


def _task(status: str, at: float) -> dict[str, Any]:
    created = dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"task": {"status": status, "created_at": created}}


def _typed(tariff: dict[str, Any]) -> dict[str, Any]:
    """Give a tariff with the types the answers have: rates as text, starts as whole numbers."""
    result: dict[str, Any] = {}
    for name in ("currency", "currency_type"):
        if isinstance(tariff.get(name), dict) and "code" in tariff[name]:
            result[name] = {"code": str(tariff[name]["code"])}
    if isinstance(tariff.get("single_rate"), dict):
        single = tariff["single_rate"]
        result["single_rate"] = {
            name: str(single[name]) for name in ("rate", "sell") if name in single
        }
    if isinstance(tariff.get("storage_settings"), dict):
        storage = tariff["storage_settings"]
        result["storage_settings"] = {
            "mode": str(storage.get("mode", "self-consumption")),
            "reserved_soc": _number(storage.get("reserved_soc")),
        }
    for name in ("seasons", "seasons_sell"):
        if isinstance(tariff.get(name), list):
            result[name] = [_season(one) for one in tariff[name] if isinstance(one, dict)]
    return result


def _season(season: dict[str, Any]) -> dict[str, Any]:
    days = season.get("days")
    return {
        "id": str(season.get("id", "")),
        "start": str(season.get("start", "1/1")),
        "days": [_day(one) for one in days if isinstance(one, dict)]
        if isinstance(days, list)
        else [],
        **_switches(season),
    }


def _day(day: dict[str, Any]) -> dict[str, Any]:
    periods = day.get("periods")
    return {
        "id": str(day.get("id", "")),
        "days": str(day.get("days", "")),
        "must_charge_start": _number(day.get("must_charge_start")),
        "must_charge_duration": _number(day.get("must_charge_duration")),
        "periods": [
            {
                "id": str(one.get("id", "")),
                "start": _number(one.get("start")),
                "rate": str(one.get("rate", "")),
                "error": {},
            }
            for one in periods
            if isinstance(one, dict)
        ]
        if isinstance(periods, list)
        else [],
        **_switches(day),
    }


def _switches(fields: dict[str, Any]) -> dict[str, bool]:
    """The two flags, which the vendor shows on a season or on its days: where they were sent."""
    names = ("enable_charge_from_grid", "enable_discharge_to_grid")
    return {name: fields[name] is True for name in names if name in fields}


def _number(value: Any) -> int:
    """Starts are numbers in the vendor's examples and text in its schema: both are taken."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    return int(value) if isinstance(value, str) and value.isdecimal() and len(value) < 9 else 0


def _default(country: str | None) -> dict[str, Any]:
    return {
        "currency": {"code": _CURRENCIES.get(country or "", "USD")},
        "single_rate": {"rate": "0.28", "sell": "0.06"},
        "seasons": [],
        "seasons_sell": [],
    }
