"""What stands on a site and since when it reports: the physics' view of a row."""

from __future__ import annotations

import json
import random
import sqlite3
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sandbox.operations import kept
from sandbox.physics import storage, sun
from sandbox.physics.calendar import SLOT, day_of, midnight
from sandbox.physics.plant import LAST, Plane, Plant

ENCHARGE_WH, ENCHARGE_W = 5000, 3840
ACB_WH, ACB_W = 1200, 270
CHARGER_W = 7200
_DAY = 86_400
# A quarter of an hour is at Enphase some minutes after its end.
_DELAY = 240
_USUAL_MODULE_W = 400


@dataclass(frozen=True)
class Meter:
    """`spans` are when it measured: pairs of epochs. `kind` is production or consumption."""

    serial: str
    kind: str
    state: str
    spans: tuple[tuple[int, int], ...]


class Equipment:
    """A site's devices, worked out from its row when they are asked for."""

    def __init__(self, db: sqlite3.Connection, row: sqlite3.Row, now: float) -> None:
        self.row = row
        self.now = now
        self.system_id: int = row["system_id"]
        self.zone: str = row["timezone"]
        self.details: dict[str, Any] = json.loads(row["details"])
        self.kept = kept.read_all(db, self.system_id)
        self._envoys = db.execute(
            "SELECT serial, active FROM envoys WHERE system_id = ? ORDER BY position",
            (self.system_id,),
        ).fetchall()

    # Reporting

    @property
    def has_reported(self) -> bool:
        return self.row["gateway"] != "none" and self.row["last_report_at"] is not None

    @property
    def reporting(self) -> bool:
        return bool(self.row["gateway"] == "reporting")

    @cached_property
    def first_report(self) -> int | None:
        """Epoch of the first interval's beginning, None before any report."""
        if not self.has_reported:
            return None
        if "first_report" in self.kept:
            return int(self.kept["first_report"]) // SLOT * SLOT
        built = midnight(self.zone, day_of(self.zone, self.row["created_at"]) + 1)
        return min(built, int(self.row["last_report_at"]) // SLOT * SLOT)

    @cached_property
    def until(self) -> int | None:
        """Epoch of the end of the last interval reported; later ones are not reported yet."""
        if self.first_report is None:
            return None
        if not self.reporting:
            return max(self.first_report, int(self.row["last_report_at"]) // SLOT * SLOT)
        return max(self.first_report, int(self.now - _DELAY) // SLOT * SLOT)

    @property
    def last_report_at(self) -> int | None:
        if not self.has_reported:
            return None
        if not self.reporting:
            return int(self.row["last_report_at"])
        return max(int(self.row["last_report_at"]), int(self.now - 60) // 300 * 300)

    # Devices

    @cached_property
    def gateways(self) -> list[str]:
        """Serials of the active gateways. Those of sites that never reported are not listed."""
        if not self.has_reported:
            return []
        return [envoy["serial"] for envoy in self._envoys if envoy["active"]]

    @property
    def gateway(self) -> str:
        """The gateway that the devices hang on, retired or not."""
        if self.gateways:
            return self.gateways[0]
        return str(self._envoys[0]["serial"]) if self._envoys else ""

    @property
    def gateway_version(self) -> str:
        return (
            "D5.0.62.210402 (5f8a1b)" if self.system_id % 11 == 0 else "D8.2.4264.240711 (c2e5d4)"
        )

    @cached_property
    def micros(self) -> list[str]:
        first = self.row["first_micro_serial"] or 0
        return [str(first + index) for index in range(self.row["micros_total"])]

    @cached_property
    def odd(self) -> dict[str, Any]:
        return json.loads(self.row["micros_odd"]) if self.row["micros_odd"] else {}

    @cached_property
    def silent(self) -> set[int]:
        """Positions of microinverters that do not report."""
        return set(self.odd.get("silent", ()))

    def profile_of(self, index: int) -> str:
        """The grid profile a microinverter runs: stragglers have not taken the site's yet."""
        for profile, positions in self.odd.get("profile", {}).items():
            if index in positions:
                return str(profile)
        return str(self.details["grid_profile"])

    @cached_property
    def encharges(self) -> list[str]:
        """Serials of IQ Batteries: those entered, else as many as expected."""
        entered = [
            serial
            for group in self.details["encharge"]
            for serial in group["encharge_serial_numbers"]
        ]
        missing = int(self.details["expected_encharge_count"] or 0)
        return entered or [str(122_600_000_000 + self.system_id * 10 + i) for i in range(missing)]

    @cached_property
    def acbs(self) -> list[str]:
        count = int(self.details["expected_acb_count"] or 0)
        return [str(911_000_000_000 + self.system_id * 10 + index) for index in range(count)]

    @cached_property
    def enpowers(self) -> list[str]:
        entered = [
            serial
            for group in self.details["enpower"]
            for serial in group["enpower_serial_numbers"]
        ]
        missing = int(self.details["expected_enpower_count"] or 0)
        return entered or [str(482_600_000_000 + self.system_id)] * min(missing, 1)

    @cached_property
    def q_relays(self) -> list[str]:
        count = int(self.details["expected_nsr_count"] or 0)
        return [str(912_000_000_000 + self.system_id * 10 + index) for index in range(count)]

    @cached_property
    def chargers(self) -> list[str]:
        """An IQ EV Charger stands on every fourth finished site."""
        if self.row["stage"] < 4 or self.system_id % 4 != 3 or not self.has_reported:
            return []
        return [str(202_400_000_000 + self.system_id)]

    @cached_property
    def meters(self) -> list[Meter]:
        """Production and consumption meter, or none."""
        expected = int(self.details["expected_meter_count"] or 0)
        present = expected or self.encharges or self.system_id % 5
        if not present or self.first_report is None or not self._envoys:
            return []
        finished = self.row["stage"] >= 4
        return [
            self._meter(f"{self.gateway}EIM1", "production", True),
            self._meter(f"{self.gateway}EIM2", "consumption", finished),
        ]

    @property
    def net_config(self) -> bool:
        """Whether the consumption meter sits at the grid; with batteries it always does."""
        return bool(self.encharges or self.acbs or self.system_id % 2)

    def meter(self, kind: str) -> Meter | None:
        return next((meter for meter in self.meters if meter.kind == kind), None)

    def _meter(self, serial: str, kind: str, enabled: bool) -> Meter:
        """A meter with its tasks carried out, those whose time has come."""
        assert self.first_report is not None
        spans: list[tuple[int, int]] = []
        since = self.first_report if enabled else None
        record = self.kept.get(f"meter {serial}", {})
        # What a meter was when it was first switched is kept: stages move on.
        if "at_first" in record:
            since = self.first_report if record["at_first"] == "enabled" else None
        for due, state in record.get("switches", ()):
            heard = self.now if self.reporting else float(self.row["last_report_at"])
            if due > heard:
                break
            if state == "enabled" and since is None:
                since = int(due)
            elif state == "disabled" and since is not None:
                spans.append((since, int(due)))
                since = None
        if since is not None:
            spans.append((since, LAST))
        return Meter(serial, kind, "disabled" if since is None else "enabled", tuple(spans))

    # The plant

    @cached_property
    def roof(self) -> tuple[tuple[float, float, float], ...]:
        """Where the modules really lie: azimuth, tilt and share, while nobody has drawn them."""
        dice = random.Random(self.system_id * 7 + 1)
        southward = 180.0 if (self.row["latitude"] or 0) >= 0 else 0.0
        main = (southward + dice.randrange(-40, 41, 5)) % 360
        tilt = float(dice.randrange(14, 36))
        if dice.random() < 0.45:
            return ((main, tilt, 1.0),)
        second = (main + dice.choice((-90, 90))) % 360
        return ((main, tilt, 0.65), (second, tilt, 0.35))

    @cached_property
    def layout(self) -> dict[str, Any]:
        """The drawing: as it was sent, or the roof once a site is at stage 4, or nothing."""
        if "layout" in self.kept:
            return dict(self.kept["layout"])
        created = int(self.row["created_at"])
        empty: dict[str, Any] = {
            "created_at": created,
            "updated_at": created,
            "angle": None,
            "arrays": [],
        }
        if self.row["stage"] < 4 or not self.micros:
            return empty
        drawn, start = [], 0
        for number, (azimuth, tilt, share) in enumerate(self.roof):
            last = number == len(self.roof) - 1
            end = len(self.micros) if last else start + int(len(self.micros) * share)
            drawn.append(
                {
                    "id": self.system_id * 10 + number,
                    "label": f"Array {number + 1}",
                    "angle": int(azimuth),
                    "tilt": f"{tilt:.1f}",
                    "reporting_envoys": [self.gateway],
                    "provisioned_envoy": self.gateway,
                    "updated_at": created,
                    "left": 0,
                    "top": number * 800,
                    "modules": [
                        {
                            "id": self.system_id * 1000 + start + index,
                            "left": index % 10 * 100,
                            "top": index // 10 * 200,
                            "angle": 0,
                            "serial_num": serial,
                        }
                        for index, serial in enumerate(self.micros[start:end])
                    ],
                }
            )
            start = end
        return {**empty, "arrays": drawn}

    @cached_property
    def places(self) -> list[int]:
        """For each microinverter the number of its plane in `planes`, in their order."""
        planes = self._planes_and_places
        return planes[1]

    @cached_property
    def planes(self) -> tuple[Plane, ...]:
        return self._planes_and_places[0]

    @cached_property
    def _planes_and_places(self) -> tuple[tuple[Plane, ...], list[int]]:
        arrays = self.layout["arrays"]
        if arrays:
            ways = [(float(one["angle"]), float(one["tilt"])) for one in arrays]
            place_of = {
                module["serial_num"]: number
                for number, one in enumerate(arrays)
                for module in one["modules"]
            }
            if any(serial not in place_of for serial in self.micros):
                # Modules that nobody has drawn yet lie on the roof all the same.
                ways.append(self.roof[0][:2])
            places = [place_of.get(serial, len(ways) - 1) for serial in self.micros]
        else:
            ways = [(azimuth, tilt) for azimuth, tilt, _ in self.roof]
            border = int(len(self.micros) * self.roof[0][2])
            places = [int(index >= border and len(ways) > 1) for index in range(len(self.micros))]
        counts = [0] * len(ways)
        for index, place in enumerate(places):
            counts[place] += index not in self.silent
        return (
            tuple(Plane(way[0], way[1], count) for way, count in zip(ways, counts, strict=True)),
            places,
        )

    @cached_property
    def plant(self) -> Plant:
        row = self.row
        acbs = len(self.acbs)
        encharges = len(self.encharges)
        charging = self.kept.get("charging", {})
        return Plant(
            system_id=self.system_id,
            latitude=row["latitude"] or 0.0,
            longitude=row["longitude"] or 0.0,
            timezone=self.zone,
            commercial=row["system_type"] == "commercial",
            planes=self.planes,
            module_w=float(self.details["pv_module_power_rating"] or _USUAL_MODULE_W),
            running=self._running(),
            capacity_wh=encharges * ENCHARGE_WH + acbs * ACB_WH,
            battery_w=encharges * ENCHARGE_W + acbs * ACB_W,
            reserves=tuple(
                (int(since), int(percent))
                for since, percent in self.kept.get("reserves", [[0, 20]])
            ),
            charger_w=CHARGER_W if self.chargers else 0,
            charging=tuple((one[0], one[1], one[2]) for one in charging.get("started", ())),
            stopped=tuple(charging.get("stopped", ())),
        )

    def _running(self) -> tuple[tuple[int, int], ...]:
        """Spans in which production was on, from the tasks carried out so far."""
        row = self.row
        switches = self.kept.get("switches", [])
        mode = switches[0] if switches else row["production_mode"]
        moves = [(int(at), target) for at, target in switches[1:]]
        if row["production_target"] is not None and row["production_since"] is not None:
            moves.append((int(row["production_since"]), row["production_target"]))
        spans: list[tuple[int, int]] = []
        since = 0 if mode == "on" else None
        for at, target in moves:
            if target == "on" and since is None:
                since = at
            elif target == "off" and since is not None:
                spans.append((since, at))
                since = None
        if since is not None:
            spans.append((since, LAST))
        return tuple(spans)

    # Energy

    def wh(self, series: str, day: int, spans: tuple[tuple[int, int], ...] | None = None) -> int:
        """Give Wh of a local day as far as it is reported, and within `spans` if given."""
        if self.first_report is None or self.until is None:
            return 0
        since, until = self.first_report, self.until
        start, end = midnight(self.zone, day), midnight(self.zone, day + 1)
        if end <= since or start >= until:
            return 0
        whole = start >= since and end <= until
        if whole and (spans is None or any(a <= start and end <= b for a, b in spans)):
            if series == "production":
                return sun.production_wh(self.plant, day)
            return storage.totals(self.plant, day)[series]
        values = self.quarters(series, day)
        return sum(
            value
            for index, value in enumerate(values)
            if self.counts(start + (index + 1) * SLOT, spans)
        )

    def series(
        self,
        series: str,
        start: int,
        end: int,
        spans: tuple[tuple[int, int], ...] | None,
        *,
        whole: bool = False,
    ) -> list[tuple[int, int]]:
        """Give (end, Wh) of the quarters that end in (start, end] and are reported.

        `whole`: unreported ones as well.
        """
        found: list[tuple[int, int]] = []
        if end <= start or self.first_report is None:
            return found
        for day in range(day_of(self.zone, start), day_of(self.zone, end - 1) + 1):
            begins = midnight(self.zone, day)
            for index, value in enumerate(self.quarters(series, day)):
                end_at = begins + (index + 1) * SLOT
                if start < end_at <= end and (whole or self.counts(end_at, spans)):
                    found.append((end_at, value))
        return found

    def quarters(self, series: str, day: int) -> Any:
        if series == "production":
            return sun.production(self.plant, day)
        return getattr(storage.day(self.plant, day), series)

    def counts(self, end_at: int, spans: tuple[tuple[int, int], ...] | None) -> bool:
        """Whether the quarter that ends at `end_at` is reported, and within the spans."""
        if self.first_report is None or self.until is None:
            return False
        if not self.first_report < end_at <= self.until:
            return False
        return spans is None or any(since < end_at <= until for since, until in spans)

    def value_at(self, series: str, end_at: int) -> int:
        """Give the Wh of one quarter, reported or not."""
        day = day_of(self.zone, end_at - SLOT)
        start = midnight(self.zone, day)
        return int(self.quarters(series, day)[(end_at - start) // SLOT - 1])

    @cached_property
    def first_day(self) -> int | None:
        return None if self.first_report is None else day_of(self.zone, self.first_report)

    @cached_property
    def today(self) -> int:
        return day_of(self.zone, self.now)

    @cached_property
    def last_energy_at(self) -> int | None:
        """End of the last quarter that produced anything, looking back at most ten days."""
        if self.first_report is None or self.until is None or not self.plant.running:
            return None
        day = day_of(self.zone, self.until - 1)
        for date in range(day, max(day - 10, (self.first_day or day) - 1), -1):
            values = sun.production(self.plant, date)
            start = midnight(self.zone, date)
            for index in range(len(values) - 1, -1, -1):
                if values[index] and self.counts(start + (index + 1) * SLOT, None):
                    return start + (index + 1) * SLOT
        return None

    @property
    def operational_at(self) -> int | None:
        return self.details["interconnect_date"] if self.row["operational"] else None

    def meta(self) -> dict[str, Any]:
        """The `meta` of Monitoring. What is not known is left out: these are no nullable fields."""
        facts = {
            "status": self.row["status"],
            "last_report_at": self.last_report_at,
            "last_energy_at": self.last_energy_at,
            "operational_at": self.operational_at,
        }
        return {name: value for name, value in facts.items() if value is not None}
