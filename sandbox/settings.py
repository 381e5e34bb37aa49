"""What a sandbox can be told to do differently: plan limits and the speed of its world."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Plan:
    """A plan of the vendor with its limits in hits; `rank` orders plans by what they may do."""

    rank: int
    title: str
    per_minute: int
    per_month: int
    writes_per_month: int | None


PLANS = {
    "watt": Plan(0, "Watt", 10, 1_000, None),
    "kilowatt": Plan(1, "Kilowatt", 50, 50_000, None),
    "megawatt": Plan(2, "Megawatt", 100, 300_000, None),
    "partner": Plan(3, "Partner (custom)", 300, 1_500_000, 200),
}


@dataclass(frozen=True)
class Settings:
    """Limits: None means no limit. Delays are in seconds of the sandbox's clock."""

    plan: str = "partner"
    per_minute: int | None = 300
    per_month: int | None = 1_500_000
    writes_per_month: int | None = 200
    search_counts_as_write: bool = False
    production_seconds: float = 20.0
    meter_seconds: float = 20.0
    tariff_seconds: float = 20.0
    live_frame_seconds: float = 1.0
    gateway_reports_seconds: float | None = None
    systems_visible_from_stage: int = 1
    refresh_grace_seconds: float = 0.0

    def with_changes(self, changes: dict[str, Any]) -> Settings:
        """Give settings with `changes` applied; raise ValueError for a name or value unknown.

        A plan brings its limits along, unless they are among the changes too.
        """
        known = {item.name: item for item in dataclasses.fields(self)}
        for name, value in changes.items():
            if name not in known:
                raise ValueError(f"{name} is not a setting. Known: {', '.join(known)}")
            if name == "plan":
                right = value in PLANS
            elif name == "search_counts_as_write":
                right = isinstance(value, bool)
            else:
                right = _number(value)
            if not right:
                raise ValueError(f"{name}: {value!r} will not do")
        if "plan" in changes:
            plan = PLANS[changes["plan"]]
            changes = {
                "per_minute": plan.per_minute,
                "per_month": plan.per_month,
                "writes_per_month": plan.writes_per_month,
                **changes,
            }
        return dataclasses.replace(self, **changes)

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def _number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def defaults(world: str, fast: bool, plan: str = "partner") -> Settings:
    """Give the settings a world starts with. In the small world nothing moves by itself."""
    speed = 20.0 if fast else 1.0
    return Settings(
        production_seconds=20.0 / speed,
        meter_seconds=20.0 / speed,
        tariff_seconds=20.0 / speed,
        live_frame_seconds=1.0 / speed,
        gateway_reports_seconds=None if world == "small" else 45.0 / speed,
    ).with_changes({"plan": plan})
