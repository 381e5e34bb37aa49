"""A site's meters as people see them: those that are there, and those that were."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils import timezone

from activations.meters import measured
from activations.meters.measured import Line
from activations.meters.reads import kind_words, state_words
from activations.models import Activation
from activations.snapshots.models import Snapshot, Version
from activations.snapshots.services import Thing, several
from enphase.records import Device, Meter, MeterReading, SystemDevices
from portal.ui.vocabulary import Look, status_look

# A gateway that has said nothing for so long takes no task.
REPORTS_WITHIN = timedelta(hours=1)
# Which of the site's series a kind of meter is measured by.
SERIES = {"production": "meter-production", "consumption": "meter-consumption"}
CONFIG_WORDS = {
    "production": "Production",
    "net": "Net: production plus grid",
    "total": "Total: all that the home uses",
}
PHASE_WORDS = {"single": "single phase", "split": "split phase", "three": "three phases"}


@dataclass
class Card:
    """One meter. What Enphase has not told is None or "". `line` is of all meters of its kind."""

    serial: str
    device: Device | None = None
    device_at: datetime | None = None
    copy: Snapshot | None = None
    series: Snapshot | None = None
    shares_line: bool = False
    reading: MeterReading | None = None
    is_retired: bool = False
    former_kind: str = ""
    replaced_by: str = ""
    replaces: list[str] = field(default_factory=list)
    # A change of it is under way, or waits for a decision.
    is_busy: bool = False

    @property
    def meter(self) -> Meter | None:
        return self.copy.record if self.copy else None

    @property
    def kind(self) -> str:
        """production, consumption, storage; "" when nobody tells."""
        told = self.meter.type if self.meter else None
        return (told or self.former_kind or kind_of(self.device)).strip().casefold()

    @property
    def kind_text(self) -> str:
        return kind_words(self.kind)

    @property
    def config(self) -> str:
        """How its CTs are set up, in words: "Net: production plus grid, single phase"."""
        if self.device is None:
            return ""
        config = (self.device.config_type or "").strip()
        phase = (self.device.config_phase or "").strip()
        words = [
            CONFIG_WORDS.get(config.casefold(), config),
            PHASE_WORDS.get(phase.casefold(), phase),
        ]
        return ", ".join(filter(None, words))

    @property
    def state(self) -> str | None:
        """enabled or disabled, as the newer of both copies tells; None while unknown."""
        told = [
            (at, record.state.strip().casefold())
            for at, record in (
                (self.device_at, self.device),
                (self.copy.fetched_at if self.copy else None, self.meter),
            )
            if record is not None and record.state and at is not None
        ]
        return max(told)[1] if told else None

    @property
    def is_on(self) -> bool | None:
        return None if self.state is None else self.state == "enabled"

    @property
    def state_text(self) -> str:
        return state_words(self.state)

    @property
    def status(self) -> Look | None:
        told = (self.meter and self.meter.status) or (self.device and self.device.status)
        return status_look(told) if told else None

    @property
    def last_report_at(self) -> datetime | None:
        moments = [
            self.meter.last_report_date if self.meter else None,
            self.device.last_report_at if self.device else None,
        ]
        return max((moment for moment in moments if moment), default=None)

    @property
    def gateway(self) -> str:
        return (self.meter.envoy_serial_number if self.meter else "") or ""

    @property
    def counted_kwh(self) -> int | None:
        """What it has counted since it was installed."""
        wh = self.reading.energy_wh if self.reading else None
        return None if wh is None else round(wh / 1000)

    @cached_property
    def line(self) -> Line | None:
        record = self.series.record if self.series else None
        return measured.line_of(record) if record is not None and not self.is_retired else None

    @property
    def is_measured(self) -> bool:
        """Has Enphase been asked for its 24 hours?"""
        return self.series is not None and self.series.is_known

    @property
    def sentence(self) -> str:
        if self.series is not None and self.series.absent:
            return self.series.absent
        return measured.sentence(self.line, self.kind)

    @property
    def wrong_way(self) -> str:
        return measured.wrong_way(self.line, self.kind) if self.is_on else ""


def kind_of(device: Device | None) -> str:
    """The kind of a meter from the list of devices: its setup, else its name."""
    if device is None:
        return ""
    config = (device.config_type or "").strip().casefold()
    if config in ("net", "total"):
        return "consumption"
    if config in ("production", "storage"):
        return config
    name = (device.name or "").casefold()
    return next((kind for kind in ("production", "consumption", "storage") if kind in name), "")


@dataclass
class Overview:
    """All meters of a site. `devices` None: the list of devices was never read."""

    activation: Activation
    devices: SystemDevices | None
    cards: list[Card]
    retired: list[Card]

    @property
    def is_known(self) -> bool:
        return self.devices is not None

    def find(self, serial: str) -> Card | None:
        return next((card for card in [*self.cards, *self.retired] if card.serial == serial), None)

    def gateway_of(self, card: Card) -> Device | None:
        """The gateway a meter hangs on, if it is still there; the only one when untold."""
        gateways = self.devices.of_kind("gateways") if self.devices else []
        if card.gateway:
            return next((one for one in gateways if one.serial_number == card.gateway), None)
        return gateways[0] if len(gateways) == 1 else None

    @property
    def things(self) -> list[Thing]:
        """What the page is made of, for its sheet. The list of devices comes first."""
        found = [thing for card in self.cards for thing in self.things_of(card)]
        return [("devices", ""), *dict.fromkeys(found)]

    def things_of(self, card: Card) -> list[Thing]:
        """One meter, the series of its kind, and what production meters have counted."""
        series = [(SERIES[card.kind], "")] if card.kind in SERIES else []
        readings = [("meter-readings", "")] if card.kind == "production" else []
        return [("meter", card.serial), *series, *readings]


def overview(activation: Activation) -> Overview:
    """The meters of a site from our copies. Causes no hit."""
    copies = several(
        activation,
        [("devices", ""), ("meter-readings", ""), *((name, "") for name in SERIES.values())],
    )
    listed = copies.get(("devices", ""))
    devices = listed.record if listed else None
    known = {
        copy.key: copy for copy in Snapshot.objects.filter(activation=activation, kind="meter")
    }
    present = {
        device.serial_number: device
        for device in (devices.of_kind("meters") if devices else [])
        if device.serial_number
    }
    read = copies.get(("meter-readings", ""))
    readings = {
        reading.serial_number: reading
        for reading in (read.record.meter_readings if read and read.record else [])
        if reading.serial_number
    }
    cards = [
        Card(
            serial,
            device=device,
            device_at=listed.fetched_at if listed else None,
            copy=known.get(serial),
            reading=readings.get(serial),
        )
        for serial, device in present.items()
    ]
    for card in cards:
        card.series = copies.get((SERIES.get(card.kind, ""), ""))
        card.shares_line = sum(other.kind == card.kind for other in cards) > 1
    order = {"production": 0, "consumption": 1, "storage": 2}
    cards.sort(key=lambda card: (order.get(card.kind, 3), card.serial))
    former = _former(listed) if devices else []
    retired = _retired(former, known, readings, present) if devices else []
    found = Overview(activation, devices, cards, retired)
    for card in retired:
        _name_successor(card, found, former)
    return found


def _former(listed: Snapshot | None) -> list[dict[str, Device]]:
    """The meters of earlier lists of devices, newest first: serial -> device."""
    if listed is None:
        return []
    lists = []
    for version in Version.objects.filter(snapshot=listed).order_by("-pk")[:50]:
        version.snapshot = listed
        if version.record is not None:
            lists.append(
                {
                    device.serial_number: device
                    for device in version.record.of_kind("meters")
                    if device.serial_number
                }
            )
    return lists


def _retired(
    former: list[dict[str, Device]],
    known: dict[str, Snapshot],
    readings: dict[Any, MeterReading],
    present: dict[Any, Device],
) -> list[Card]:
    """Meters we have seen that are not listed any more, with all that we know of them."""
    serials = {serial: device for listed in reversed(former) for serial, device in listed.items()}
    names = [*serials, *(key for key, copy in known.items() if copy.payload), *readings]
    cards = []
    for serial in dict.fromkeys(names):
        if serial in present:
            continue
        card = Card(
            serial,
            device=serials.get(serial),
            copy=known.get(serial),
            reading=readings.get(serial),
            is_retired=True,
        )
        if not card.kind and serial in readings:
            # Only production meters are among the readings.
            card.former_kind = "production"
        cards.append(card)
    return cards


def _name_successor(card: Card, found: Overview, former: list[dict[str, Device]]) -> None:
    """The meter that took its place: of its kind, on its gateway, and never beside it."""
    beside = {serial for listed in former if card.serial in listed for serial in listed}
    candidates = [
        other for other in found.cards if other.kind == card.kind and other.serial not in beside
    ]
    same = [other for other in candidates if _hang_together(card, other)]
    if not same and len(candidates) == 1 and found.gateway_of(card) is None:
        # Its gateway is gone as well: gateway and meters were exchanged together.
        same = candidates
    if len(same) == 1:
        card.replaced_by = same[0].serial
        same[0].replaces.append(card.serial)


def _hang_together(card: Card, other: Card) -> bool:
    if card.gateway and other.gateway:
        return card.gateway == other.gateway
    return False


# ------------------------------------------------------------------ before a switch


@dataclass(frozen=True)
class Check:
    """One look before a switch. `tone` is ok, warn or off (not known)."""

    tone: str
    icon: str
    text: str


def checks(found: Overview, card: Card, *, turn_on: bool) -> list[Check]:
    """Is the gateway reporting, is it the right kind, and is production on?"""
    said = [_gateway_check(found, card)]
    if card.device is not None and card.meter is not None:
        listed = kind_of(card.device)
        if listed and card.kind and listed != card.kind:
            text = f"It is a {card.kind} meter, but set up as {listed}"
            said.append(Check("warn", "warn", text))
        elif card.kind:
            setup = f" ({card.config})" if card.config else ""
            said.append(Check("ok", "ok", f"It is a {card.kind} meter{setup}"))
    else:
        said.append(Check("off", "unknown", "Its kind has not been read yet"))
    if turn_on and card.kind == "production":
        mode = found.activation.production_mode
        if mode == "off":
            said.append(
                Check(
                    "warn", "power", "Production is off: the meter measures nothing until it is on"
                )
            )
        elif mode == "on":
            said.append(Check("ok", "ok", "Production is on"))
        else:
            said.append(Check("off", "unknown", "Whether production is on has not been read yet"))
    return said


def _gateway_check(found: Overview, card: Card) -> Check:
    gateway = found.gateway_of(card)
    if found.devices is None:
        return Check("off", "unknown", "Whether the gateway reports has not been read yet")
    if gateway is None:
        return Check("warn", "gwoff", "This site has no active gateway that could take the task")
    seen = gateway.last_report_at
    if seen is None:
        return Check("warn", "gwoff", "The gateway has never reported")
    if timezone.now() - seen > REPORTS_WITHIN:
        when = timezone.localtime(seen)
        return Check(
            "warn",
            "gwoff",
            f"The gateway last reported on {when:%-d %b, %H:%M}. It takes the task once it is back",
        )
    return Check("ok", "ok", "The gateway reports")
