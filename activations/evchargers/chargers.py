"""A site's chargers as people see them, from our copies alone."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from activations.evchargers.sessions import Session, sessions_of, unit_of
from activations.models import Activation
from activations.snapshots.models import Snapshot
from activations.snapshots.services import Thing, several
from enphase.records import EvCharger, LatestReading
from portal.ui.vocabulary import QUIET, Look, status_look

# A charger that has said nothing for so long when its list was read is silent.
REPORTS_WITHIN = timedelta(hours=1)

THINGS: list[Thing] = [("ev-chargers", ""), ("ev-state", "")]
MODES = {
    "charging": Look("busy", "bolt", "Charging"),
    "idle": Look("ok", "ok", "Plugged in, not charging"),
    "plugged_out": Look("off", "dash", "No car plugged in"),
    "faulted": Look("bad", "bad", "Fault"),
}
NOT_KNOWN = Look("off", "unknown", "Not known")


def mode_look(reading: LatestReading | None) -> Look:
    """What the charger does; words that came later stand as Enphase writes them."""
    mode = ((reading.operational_mode if reading else None) or "").strip()
    if not mode:
        return NOT_KNOWN
    known = MODES.get(mode.casefold().replace(" ", "_").replace("-", "_"))
    return known or Look("info", "info", mode.replace("_", " ").capitalize()[:40])


def is_charging(reading: LatestReading | None) -> bool | None:
    """None while that is not known."""
    look = mode_look(reading)
    return None if look is NOT_KNOWN else look is MODES["charging"]


def reading_of(copy: Snapshot | None, serial: str) -> LatestReading | None:
    """The last word of one charger in our copy of the newest values."""
    if copy is None or copy.record is None:
        return None
    readings: list[LatestReading] = copy.record.of_kind("ev_chargers")
    return next((one for one in readings if one.serial_number == serial), None)


@dataclass
class Card:
    """One charger. `charger` is None for one that Enphase does not list (any more)."""

    serial: str
    charger: EvCharger | None = None
    listed_at: datetime | None = None
    reading: LatestReading | None = None
    running: Session | None = None
    last: Session | None = None

    @property
    def name(self) -> str:
        charger = self.charger
        return (charger and (charger.name or charger.model or charger.sku)) or "EV charger"

    @property
    def has_page(self) -> bool:
        """Can its serial stand in an address?"""
        return bool(self.serial) and "/" not in self.serial

    @property
    def status(self) -> Look | None:
        told = self.charger.status if self.charger else None
        return status_look(told) if told else None

    @property
    def is_quiet(self) -> bool:
        return self.status is not None and self.status.tone in QUIET

    @property
    def mode(self) -> Look:
        return mode_look(self.reading)

    @property
    def is_charging(self) -> bool | None:
        return is_charging(self.reading)

    @property
    def mode_at(self) -> datetime | None:
        return self.reading.last_report_at if self.reading else None

    @property
    def last_report_at(self) -> datetime | None:
        moments = [self.charger.last_report_at if self.charger else None, self.mode_at]
        return max((moment for moment in moments if moment), default=None)

    @property
    def heard(self) -> datetime | None:
        """Its last report, if it had fallen silent when its list was read; else None."""
        last = self.charger.last_report_at if self.charger else None
        if last is None or self.listed_at is None or self.listed_at - last <= REPORTS_WITHIN:
            return None
        return last


class Overview:
    """All chargers of a site as our copies have them. Causes no hit; two queries."""

    def __init__(self, activation: Activation, now: datetime) -> None:
        self.activation = activation
        copies = several(activation, THINGS)
        self.copy = copies.get(THINGS[0])
        self.state = copies.get(THINGS[1])
        self.is_known = self.copy is not None and self.copy.is_known
        self.absent = self.copy.absent if self.copy else ""
        record = self.copy.record if self.copy else None
        self.unreadable = len(record.unreadable) if record else 0
        rows: list[EvCharger] = record.ev_chargers if record else []
        found: dict[str, Card] = {}
        for number, charger in enumerate(rows):
            serial = charger.serial_number or ""
            found.setdefault(serial or f"/{number}", self._card(serial, charger))
        self.cards = list(found.values())
        self._add_sessions(now)

    def _card(self, serial: str, charger: EvCharger | None) -> Card:
        listed_at = self.copy.fetched_at if self.copy else None
        return Card(serial, charger, listed_at, reading_of(self.state, serial) if serial else None)

    def _add_sessions(self, now: datetime) -> None:
        keys = [("ev-sessions", card.serial) for card in self.cards if card.serial]
        copies = several(self.activation, keys) if keys else {}
        for card in self.cards:
            copy = copies.get(("ev-sessions", card.serial))
            rows = copy.record.rows if copy and copy.record else []
            told = sessions_of(rows[:20], unit_of(rows), now)
            card.running = next((one for one in told if one.is_running), None)
            card.last = next((one for one in told if not one.is_running), None)

    def find(self, serial: str) -> Card | None:
        """A charger of the list; one that was on the site before, from what we kept of it."""
        for card in self.cards:
            if card.serial == serial:
                return card
        kept = self.activation.snapshots.filter(kind="ev-sessions", key=serial)
        if kept.exclude(fetched_at=None).exclude(payload={}).exists():
            return self._card(serial, None)
        return None
