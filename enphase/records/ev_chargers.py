"""EV chargers: what they are, what happened, when they charged."""

from typing import Annotated, Any

from enphase import statuses
from enphase.records.base import (
    AsList,
    Flag,
    Id,
    Moment,
    Number,
    Record,
    SiteDay,
    Texts,
    Whole,
    Word,
    list_of,
    objects_in,
    renamed,
)
from enphase.records.energy import Interval, intervals_of
from enphase.records.systems import by_kind


class EvCharger(Record):
    """An EV charger. `id` is text such as 202320010308:701."""

    id: Word = None
    serial_number: Word = None
    name: Word = None
    model: Word = None
    part_number: Word = None
    sku: Word = None
    firmware: Word = None
    status: Word = None
    active: Flag = None
    last_report_at: Moment = None

    @property
    def status_text(self) -> str | None:
        return statuses.text_of(self.status) if self.status else None


class EvChargers(Record):
    """The active EV chargers of a site."""

    system_id: Id
    total_devices: Whole = None
    ev_chargers: list[EvCharger] = []
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        devices, unreadable = by_kind(data.get("devices"))
        chargers = devices.get("ev_chargers", [])
        return {**data, "ev_chargers": chargers, "unreadable": unreadable}


class EvChargerEvent(Record):
    """Something that happened at a charger, in free text; `status` such as Info."""

    status: Word = None
    triggered_date: Moment = None
    cleared_date: Moment = None
    details: Word = None


class EvChargerEvents(Record):
    """One page of events. Whether `count` is of the page or of all is not known."""

    system_id: Id
    count: Whole = None
    events: list[EvChargerEvent] = []
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        events, unreadable = objects_in(list_of(data, "events"))
        return {**data, "events": events, "unreadable": unreadable}


class EvChargerSession(Record):
    """One time a car was plugged in.

    `energy_added` is documented as Wh, but the vendor's example only makes sense in kWh: show it
    as not verified, or compare it with the days. `cost` has no currency.
    """

    start_time: Moment = None
    end_time: Moment = None
    duration_seconds: Number = None
    charge_time_seconds: Number = None
    energy_added: Number = None
    miles_added: Number = None
    cost: Number = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        names = {"duration": "duration_seconds", "charge_time": "charge_time_seconds"}
        return renamed(data, names)


class EvChargerSessions(Record):
    """One page of sessions. Whether `count` is of the page or of all is not known."""

    system_id: Id
    count: Whole = None
    sessions: list[EvChargerSession] = []
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        sessions, unreadable = objects_in(list_of(data, "sessions"))
        return {**data, "sessions": sessions, "unreadable": unreadable}


class EvChargingTime(Record):
    """When to charge: `days` 1–7 (which weekday is 1 is not known), times such as "1:00" where
    the site is, `charging_level_percent` of the highest current.
    """

    days: Texts = []
    start_time: Word = None
    end_time: Word = None
    charging_level_percent: Number = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        return renamed(data, {"charging_level": "charging_level_percent"})


class EvChargerSchedule(Record):
    """A charger's schedule, `type` such as Custom; the reminder's unit is not known."""

    type: Word = None
    is_active: Flag = None
    reminder_flag: Flag = None
    reminder_timer: Whole = None
    schedules: Annotated[list[EvChargingTime], AsList] = []


class EvChargerSchedules(Record):
    """All schedules of one charger."""

    system_id: Id
    charger_schedules: list[EvChargerSchedule] = []
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        schedules, unreadable = objects_in(list_of(data, "charger_schedules"))
        return {**data, "charger_schedules": schedules, "unreadable": unreadable}


class EvChargerTelemetry(Record):
    """15-minute intervals of what one charger used (Wh), from a moment or a day of the site."""

    system_id: Id
    granularity: Word = None
    start_at: Moment = None
    end_at: Moment = None
    start_date: SiteDay = None
    end_date: SiteDay = None
    intervals: list[Interval] = []
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        """The intervals stand under `consumption` here."""
        given = {key: value for key, value in data.items() if key != "consumption"}
        return {**given, **intervals_of(data, "consumption")}
