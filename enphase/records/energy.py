"""Energy over time: intervals, days, meter readings, and the newest values.

Energy is in watt-hours, power in watts, whatever the field is called on the wire; an interval is
named by its end, in aware UTC. Days are the site's: its `timezone` stands in the list of systems.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any

from enphase import statuses
from enphase.records.base import (
    AsId,
    AsObject,
    Id,
    Moment,
    Number,
    Percent,
    Record,
    Series,
    SiteDay,
    Whole,
    Word,
    list_of,
    objects_in,
    renamed,
)
from enphase.records.systems import by_kind, kind_of

# What the energy of an interval is called, by endpoint and year.
_INTERVAL = {
    "wh_del": "energy_wh",
    "enwh": "energy_wh",
    "wh_imported": "energy_wh",
    "wh_exported": "energy_wh",
    "consumption": "energy_wh",
    "powr": "power_w",
    "curr_w": "power_w",
}


class Meta(Record):
    """How fresh a site's data are. `status` is a Monitoring key such as normal."""

    status: Word = None
    last_report_at: Moment = None
    last_energy_at: Moment = None
    operational_at: Moment = None

    @property
    def status_text(self) -> str | None:
        return statuses.text_of(self.status) if self.status else None


class Interval(Record):
    """Energy (Wh) of the interval that ended at `end_at`, and its average power (W) where told."""

    end_at: Moment = None
    energy_wh: Number = None
    power_w: Number = None
    devices_reporting: Whole = None
    channel: Whole = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        return renamed(data, _INTERVAL)


class Telemetry(Record):
    """Intervals of a site or of one device (`serial_number`), 5 or 15 minutes long.

    What was asked for is told as `start_at` and `end_at`, or as days of the site. No intervals:
    the site has not reported since. `total_devices` is always 0 for import and export.
    """

    system_id: Id
    serial_number: Word = None
    granularity: Word = None
    total_devices: Whole = None
    start_at: Moment = None
    end_at: Moment = None
    start_date: SiteDay = None
    end_date: SiteDay = None
    intervals: list[Interval] = []
    meta: Annotated[Meta | None, AsObject] = None
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        return {**data, **intervals_of(data, "intervals")}

    @property
    def energy_wh(self) -> float:
        """The sum of all intervals that have a value."""
        return sum(interval.energy_wh or 0.0 for interval in self.intervals)


class BatteryInterval(Record):
    """What a battery took and gave (Wh) until `end_at`, and how full it was (%)."""

    end_at: Moment = None
    charge_wh: Number = None
    discharge_wh: Number = None
    soc_percent: Percent = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        """How many devices reported each of the three stands in `raw`."""
        given = dict(data)
        for theirs, inner, ours in (
            ("charge", "enwh", "charge_wh"),
            ("discharge", "enwh", "discharge_wh"),
            ("soc", "percent", "soc_percent"),
        ):
            value = given.pop(theirs, None)
            if value is not None and ours not in given:
                given[ours] = value.get(inner) if isinstance(value, dict) else value
        return given


class BatteryTelemetry(Record):
    """15-minute intervals of all batteries of a site, or of one (`serial_number`).

    `last_reported_soc_percent` is the newest state of charge, at `last_reported_time` where told.
    """

    system_id: Id
    serial_number: Word = None
    granularity: Word = None
    total_devices: Whole = None
    start_at: Moment = None
    end_at: Moment = None
    start_date: SiteDay = None
    end_date: SiteDay = None
    intervals: list[BatteryInterval] = []
    last_reported_soc_percent: Percent = None
    last_reported_time: Moment = None
    meta: Annotated[Meta | None, AsObject] = None
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        """The newest state of charge is text, "97%", and has two names."""
        names = {
            "last_reported_aggregate_soc": "last_reported_soc_percent",
            "last_reported_soc": "last_reported_soc_percent",
        }
        return {**renamed(data, names), **intervals_of(data, "intervals")}


class Lifetime(Record):
    """Energy by day (Wh), without gaps, from `start_date` on; None if there never was any.

    Zeros at the end mean "not reported yet", not "nothing": see `days`.
    """

    system_id: Id
    start_date: SiteDay = None
    meta: Annotated[Meta | None, AsObject] = None

    def days(self, series: Sequence[float | None]) -> list[tuple[date, float | None]]:
        """Give each value of a series its day of the site; the zeros at the end become None."""
        if self.start_date is None:
            return []
        reported = len(series)
        while reported and not series[reported - 1]:
            reported -= 1
        return [
            (self.start_date + timedelta(days=number), value if number < reported else None)
            for number, value in enumerate(series)
        ]


class ProductionLifetime(Lifetime):
    """Production by day. `production_wh` is the microinverters' until the first full day of the
    meter (`meter_start_date`), the meter's from then on. The other two only if asked for.
    """

    meter_start_date: SiteDay = None
    production_wh: Series = []
    micro_production_wh: Series = []
    meter_production_wh: Series = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        list_of(data, "production")
        names = ("production", "micro_production", "meter_production")
        return renamed(data, {name: f"{name}_wh" for name in names})


class EnergyLifetime(Lifetime):
    """Consumption, import, export or an EV charger's energy, by day."""

    energy_wh: Series = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        names = [name for name in ("consumption", "import", "export") if name in data]
        if not names:
            raise ValueError("no series of days")
        list_of(data, names[0])
        return renamed(data, {names[0]: "energy_wh"})


class BatteryLifetime(Lifetime):
    """What the batteries took and gave, by day: two series side by side."""

    charge_wh: Series = []
    discharge_wh: Series = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        for name in ("charge", "discharge"):
            list_of(data, name)
        return renamed(data, {"charge": "charge_wh", "discharge": "discharge_wh"})


class MeterReading(Record):
    """What a production meter has counted (Wh) since it was installed, at `read_at`."""

    serial_number: Word = None
    energy_wh: Number = None
    read_at: Moment = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        return renamed(data, {"serial_num": "serial_number", "value": "energy_wh"})


class MeterReadings(Record):
    """One reading of each production meter; retired meters too, with an old `read_at`."""

    system_id: Id
    meter_readings: list[MeterReading] = []
    meta: Annotated[Meta | None, AsObject] = None
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        readings, unreadable = objects_in(list_of(data, "meter_readings"))
        return {**data, "meter_readings": readings, "unreadable": unreadable}


class RgmMeter(Record):
    """Intervals of one revenue-grade meter, by channel, with power (W)."""

    meter_serial_number: Word = None
    envoy_serial_number: Word = None
    intervals: list[Interval] = []
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        intervals, unreadable = objects_in(data.get("intervals"))
        return {**data, "intervals": intervals, "unreadable": unreadable}


class RgmStats(Record):
    """15-minute intervals of the revenue-grade meters: of the site, and of each meter."""

    system_id: Id
    total_devices: Whole = None
    intervals: list[Interval] = []
    meter_intervals: list[RgmMeter] = []
    meta: Annotated[Meta | None, AsObject] = None
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        found = intervals_of(data, "intervals")
        meters, strange = objects_in(data.get("meter_intervals"))
        return {
            **data,
            **found,
            "meter_intervals": meters,
            "unreadable": [*found["unreadable"], *strange],
        }


class LatestReading(Record):
    """The newest value of a channel or device; None where it is older than 7 days.

    `power_w` of a battery: + discharges, − charges. `operational_mode` is Idle, Charging or
    Discharging of a battery; MODE_1 to MODE_4 of a heat pump; PLUGGED_OUT, IDLE, CHARGING or
    FAULTED of an EV charger. A meter's `id` comes once a channel.
    """

    id: Annotated[int | str | None, AsId] = None
    serial_number: Word = None
    name: Word = None
    channel: Whole = None
    last_report_at: Moment = None
    power_w: Number = None
    operational_mode: Word = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        return renamed(data, {"power": "power_w"})


class LatestTelemetry(Record):
    """The newest values by kind of device: meters, encharges, heat_pump, ev_chargers.

    What a consumption meter shows depends on its `config_type` in the list of devices: Net is
    production plus grid, without the battery; Total is what its clamp measures.
    """

    system_id: Id
    devices: dict[str, list[LatestReading]] = {}
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        devices, unreadable = by_kind(data.get("devices"))
        return {**data, "devices": devices, "unreadable": unreadable}

    def of_kind(self, kind: str) -> list[LatestReading]:
        """Return the readings of one kind, such as meters; [] if there are none."""
        return self.devices.get(kind_of(kind), [])


def intervals_of(data: dict[str, Any], key: str) -> dict[str, list[Any]]:
    """Sort the intervals under `key`, which may lie one list deeper. ValueError without a list."""
    flat: list[Any] = []
    for item in list_of(data, key):
        flat.extend(item if isinstance(item, list) else [item])
    intervals, unreadable = objects_in(flat)
    return {"intervals": intervals, "unreadable": unreadable}
