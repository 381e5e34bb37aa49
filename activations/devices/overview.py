"""What stands on a site, from our copies: expected, scanned, placed, detected, silent, by type."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from django.db.models import Q
from django.urls import reverse

from activations import values
from activations.catalog.models import GridProfile
from activations.devices.models import DetectedSerial
from activations.devices.reads import Inverters, Micro, firmware_of, one, ordered
from activations.models import Activation
from activations.snapshots.models import Snapshot
from enphase import statuses
from enphase.records import Device, Layout, SystemDevices
from portal.ui.vocabulary import QUIET, Look, status_look

THINGS = [("devices", ""), ("inverters", ""), ("arrays", "")]

# A device that was not heard of for so long is silent. Microinverters sleep at night, and no
# night where sites are is longer than this by much: an old report at dawn is no fault.
SILENT_AFTER = timedelta(hours=24)
# The words of Enphase that say of a device that it does not report.
NOT_REPORTING = frozenset(
    {"comm", "micro", "meter", "battery", "encharge", "enpower", "nsr", "iq_collar"}
)

MANY = {
    "gateways": "Gateways",
    "micros": "Microinverters",
    "meters": "Meters",
    "encharges": "Encharge",
    "enpowers": "Enpower",
    "acbs": "AC Batteries",
    "q_relays": "Q Relays",
    "ev_chargers": "EV chargers",
    "heat_pump": "Heat pumps",
    "iq_collars": "IQ collars",
    "iq_air": "IQ Air",
    "generators": "Generators",
}
EXPECTED = {
    "gateways": "expected_envoy_count",
    "micros": "expected_pcu_count",
    "meters": "expected_meter_count",
    "encharges": "expected_encharge_count",
    "enpowers": "expected_enpower_count",
    "acbs": "expected_acb_count",
    "q_relays": "expected_nsr_count",
}
ALWAYS = ("gateways", "micros")
# A site that was entered twice has all its devices elsewhere.
NAMED_ELSEWHERE = 1000

# What can be wrong with a device, the worst first: key -> words of the filter.
PROBLEMS = {
    "missing": "Not detected",
    "silent": "Silent",
    "trouble": "Other problem",
    "straggler": "Other grid profile",
    "elsewhere": "Detected elsewhere",
    "firmware": "Other firmware",
    "unplaced": "Not placed",
}

NOT_READ = Look("off", "unknown", "Not read yet")


# What the page says first, of each type.
FINDINGS = {
    "silent": "silent",
    "trouble": "with a problem",
    "straggler": "on another grid profile",
    "elsewhere": "detected on another site",
    "unplaced": "without a place on the plan",
}


def many(kind: str) -> str:
    return MANY.get(kind) or one(kind)


def inside(kind: str, count: int) -> str:
    """A kind within a sentence: "1 microinverter", "2 Encharge"."""
    name = one(kind) if count == 1 else many(kind)
    lower = kind not in EXPECTED or kind in ("gateways", "micros", "meters")
    keeps = name.startswith(("IQ", "EV")) or not lower
    return f"{count} {name if keeps else name.lower()}"


@dataclass(frozen=True)
class Spot:
    """Where a microinverter lies on the roof plan: "South main", "R2C7"."""

    array: str
    cell: str

    def __str__(self) -> str:
        return f"{self.array} {self.cell}"


@dataclass
class Row:
    """One device, or a serial that should be one (`detected` is False then, None: not known).

    `look` is what we make of it. `problems` are keys of PROBLEMS. `signal` is 0 to 5 bars.
    """

    kind: str
    serial: str
    name: str = ""
    status: str = ""
    look: Look = NOT_READ
    last_report_at: datetime | None = None
    firmware: str = ""
    detail: str = ""
    detected: bool | None = True
    problems: list[str] = field(default_factory=list)
    spot: Spot | None = None
    signal: int | None = None
    # The id of the grid profile it runs, and its name.
    profile: str = ""
    profile_name: str = ""
    # Other sites, which the person may see, where Enphase lists the same serial.
    elsewhere: list[Activation] = field(default_factory=list)
    micro: Micro | None = None
    device: Device | None = None

    @property
    def has_page(self) -> bool:
        """Can its serial stand in an address?"""
        return bool(self.serial) and "/" not in self.serial

    @property
    def quiet(self) -> bool:
        return self.look.tone in QUIET

    @property
    def is_straggler(self) -> bool:
        return "straggler" in self.problems

    @property
    def other_firmware(self) -> bool:
        return "firmware" in self.problems

    @property
    def power_w(self) -> float | None:
        return self.micro.power_w if self.micro else None

    @property
    def energy_wh(self) -> float | None:
        return self.micro.energy_wh if self.micro else None

    @property
    def rank(self) -> int:
        """Worst first. Firmware and place are no faults of the device."""
        worst = [number for number, key in enumerate(PROBLEMS) if key in self.problems]
        return min(worst, default=len(PROBLEMS))


@dataclass
class Profiles:
    """How far the requested grid profile has come. `requested` is "" when none was."""

    requested: str
    applied: int
    told: int

    @property
    def is_everywhere(self) -> bool:
        return self.applied == self.told


@dataclass
class Section:
    """One type of device. Counts are None where they cannot be told, absent ones left out."""

    kind: str
    rows: list[Row]
    expected: int | None = None
    scanned: int | None = None
    placed: int | None = None
    detected: int | None = None
    silent: int | None = None
    profiles: Profiles | None = None
    firmwares: list[tuple[str, int]] = field(default_factory=list)

    @property
    def label(self) -> str:
        return many(self.kind)

    @property
    def missing(self) -> int:
        """How many fewer are detected than expected; 0 where that cannot be told."""
        if self.detected is None:
            return 0
        return max(0, (self.expected or 0) - self.detected)

    @property
    def lost(self) -> list[Row]:
        """Those that we know by serial and Enphase does not detect."""
        return [row for row in self.rows if row.detected is False]

    @property
    def surplus(self) -> int:
        """How many more are detected than expected."""
        if not self.expected or self.detected is None:
            return 0
        return max(0, self.detected - self.expected)

    @property
    def counts(self) -> list[dict[str, Any]]:
        """The strip: label, value or None, and a tone where it should be seen."""
        strip = [{"label": "Expected", "value": self.expected, "unset": "Not set"}]
        if self.kind in ("gateways", "micros", "encharges", "enpowers"):
            strip.append({"label": "Scanned", "value": self.scanned})
        if self.kind == "micros":
            strip.append({"label": "Placed", "value": self.placed})
        strip.append(
            {
                "label": "Detected",
                "value": self.detected,
                "tone": "bad" if self.missing or self.lost else "",
            }
        )
        strip.append(
            {"label": "Silent", "value": self.silent, "tone": "warn" if self.silent else ""}
        )
        return strip


class Overview:
    """All devices of a site, as `copies` (of THINGS) have them. Causes no hit.

    One query, for the names of grid profiles.
    """

    def __init__(
        self, activation: Activation, copies: Mapping[tuple[str, str], Snapshot | None]
    ) -> None:
        self.activation = activation
        self.record = values.record_of(activation)
        self._devices = copies.get(("devices", ""))
        self._inverters = copies.get(("inverters", ""))
        self._arrays = copies.get(("arrays", ""))

    # What the copies hold

    @cached_property
    def devices(self) -> SystemDevices | None:
        return self._devices.record if self._devices else None

    @cached_property
    def inverters(self) -> Inverters | None:
        return self._inverters.record if self._inverters else None

    @property
    def is_read(self) -> bool:
        return self.devices is not None or self.inverters is not None

    @property
    def knows_plan(self) -> bool:
        return bool(self._arrays and self._arrays.is_known)

    @property
    def plan_read_at(self) -> datetime | None:
        return self._arrays.fetched_at if self._arrays else None

    @property
    def read_at(self) -> datetime | None:
        """When the older of the two lists was read; None when neither ever was."""
        copies = (self._devices, self._inverters)
        moments = [copy.fetched_at for copy in copies if copy and copy.fetched_at]
        return min(moments, default=None)

    @property
    def plan_url(self) -> str:
        return self._url("plan")

    @cached_property
    def spots(self) -> dict[str, Spot]:
        return spots_of(self._arrays.payload) if self._arrays and self._arrays.payload else {}

    @property
    def is_cut(self) -> bool:
        """Did Enphase's list of microinverters go on longer than we follow?"""
        return bool(self.inverters and not self.inverters.complete)

    # Sections

    @cached_property
    def sections(self) -> list[Section]:
        there = ordered(self.devices) if self.devices else []
        if self.inverters and self.inverters.micros and "micros" not in there:
            there.append("micros")
        kinds = [kind for kind in MANY if kind in there or kind in ALWAYS or self._expects(kind)]
        return [self._section(kind) for kind in [*kinds, *(k for k in there if k not in MANY)]]

    def section(self, kind: str) -> Section | None:
        return next((section for section in self.sections if section.kind == kind), None)

    def find(self, serial: str) -> Row | None:
        """The device of this serial, or the place where it should be one."""
        for section in self.sections:
            for row in section.rows:
                if row.serial == serial:
                    return row
        return None

    def look_elsewhere(self, user: Any) -> None:
        """Mark devices that Enphase lists on another site of the company too. One query."""
        rows = [row for section in self.sections for row in section.rows if row.serial]
        found = elsewhere(user, self.activation, [row.serial for row in rows])
        for row in rows:
            if row.serial in found:
                row.elsewhere = found[row.serial]
                row.problems.append("elsewhere")
        if found:
            for section in self.sections:
                section.rows.sort(key=lambda row: (row.rank, row.serial))

    def _expects(self, kind: str) -> int:
        name = EXPECTED.get(kind)
        return (getattr(self.record, name) or 0) if name else 0

    def _scanned(self, kind: str) -> list[str] | None:
        """Serials that people have entered, as far as Enphase keeps them; None if it does not."""
        if kind == "micros":
            return list(self.spots) if self.knows_plan else None
        if not self.activation.detail_at:
            return None
        if kind == "gateways":
            return list(self.record.envoy_serial_numbers)
        if kind == "encharges":
            return [s for group in self.record.encharge for s in group.encharge_serial_numbers]
        if kind == "enpowers":
            return [s for group in self.record.enpower for s in group.enpower_serial_numbers]
        return None

    def _section(self, kind: str) -> Section:
        expected_name = EXPECTED.get(kind)
        rows = self._micros() if kind == "micros" else self._others(kind)
        is_known = self.is_read if kind == "micros" else self.devices is not None
        found = {row.serial for row in rows}
        scanned = self._scanned(kind)
        section = Section(
            kind=kind,
            rows=rows,
            expected=getattr(self.record, expected_name) if expected_name else None,
            scanned=len(set(scanned)) if scanned is not None else None,
            placed=len(self.spots) if kind == "micros" and self.knows_plan else None,
            detected=len(rows) if is_known else None,
            silent=sum("silent" in row.problems for row in rows) if is_known else None,
        )
        if kind == "micros":
            self._judge_profiles(section)
            self._judge_firmware(section)
        for serial in dict.fromkeys(scanned or ()):
            if serial not in found:
                rows.append(self._undetected(kind, serial, is_known))
        rows.sort(key=lambda row: (row.rank, row.serial))
        return section

    def _undetected(self, kind: str, serial: str, is_known: bool) -> Row:
        row = Row(kind, serial, detected=False if is_known else None, spot=self.spots.get(serial))
        if is_known:
            row.look = Look("bad", "dashed", "Not detected")
            row.problems.append("missing")
        return row

    # Rows

    def _others(self, kind: str) -> list[Row]:
        if self.devices is None or self._devices is None:
            return []
        rows = []
        for device in self.devices.devices.get(kind, []):
            row = Row(
                kind,
                device.serial_number or "",
                name=device.product_name or device.model or device.name or "",
                status=device.status or "",
                last_report_at=_moment(device.last_report_at),
                firmware=firmware_of(device),
                detail=_detail(device),
                device=device,
            )
            self._judge(row, self._devices.fetched_at)
            rows.append(row)
        return rows

    def _micros(self) -> list[Row]:
        """Those on either list; where both tell of one, the newer copy is believed."""
        listed = {
            device.serial_number: device
            for device in (self.devices.of_kind("micros") if self.devices else [])
            if device.serial_number
        }
        told = self.inverters.by_serial if self.inverters else {}
        newer = _age(self._inverters) >= _age(self._devices)
        rows = []
        for serial in [*listed, *(serial for serial in told if serial not in listed)]:
            device, micro = listed.get(serial), told.get(serial)
            row = Row("micros", serial, device=device, micro=micro, spot=self.spots.get(serial))
            if device is not None:
                row.name = device.product_name or device.model or ""
            if micro is not None:
                row.name = row.name or micro.model
                row.signal, row.firmware, row.profile = micro.signal, micro.firmware, micro.profile
            first = micro if micro is not None and (newer or device is None) else device
            assert first is not None
            row.status = first.status or ""
            row.last_report_at = _moment(first.last_report_at)
            copy = self._inverters if first is micro else self._devices
            self._judge(row, copy.fetched_at if copy else None)
            if self.knows_plan and row.spot is None:
                row.problems.append("unplaced")
            rows.append(row)
        return rows

    def _judge(self, row: Row, read_at: datetime | None) -> None:
        """Say what state a device is in, as of when Enphase was asked.

        Behind a silent gateway nothing can be told of what was well until then.
        """
        key = statuses.key_of(row.status) if row.status else ""
        look = status_look(row.status) if row.status else Look("off", "unknown", "No status")
        # An old copy makes nobody silent.
        until = read_at
        if row.kind == "micros" and (gone := self._gateway_silent_since(row)):
            until = gone
        never = row.last_report_at is None and row.kind in ("micros", "gateways")
        stale = never or (
            row.last_report_at is not None
            and until is not None
            and until - row.last_report_at > SILENT_AFTER
        )
        if key in ("disabled", "unused", "not_monitored", "retired"):
            row.look = look
        elif key in NOT_REPORTING or (stale and key != "no_data"):
            row.problems.append("silent")
            text = "Never reported" if never else "Not reporting"
            row.look = Look(
                "bad" if row.kind == "gateways" else "warn",
                look.icon if key in NOT_REPORTING else "gwoff",
                text,
            )
        elif look.tone in ("bad", "warn"):
            row.problems.append("trouble")
            row.look = look
        elif until is not read_at:
            row.look = Look("off", "unknown", "Cannot tell")
        elif key == "normal":
            row.look = Look("ok", "ok", "Normal")
        else:
            row.look = look

    def _gateway_silent_since(self, row: Row) -> datetime | None:
        """When the gateway of a microinverter was last heard of, if it is silent."""
        serial = row.micro.gateway if row.micro else ""
        return self._silent_gateways.get(serial or self._only_gateway)

    @cached_property
    def _silent_gateways(self) -> dict[str, datetime]:
        return {
            row.serial: row.last_report_at
            for row in self._gateways
            if row.last_report_at and "silent" in row.problems
        }

    @property
    def _only_gateway(self) -> str:
        return self._gateways[0].serial if len(self._gateways) == 1 else ""

    @cached_property
    def _gateways(self) -> list[Row]:
        return self._others("gateways")

    # Grid profiles and firmware

    @cached_property
    def _profiles(self) -> dict[str, GridProfile]:
        """The profiles named here, by either of their ids."""
        ids = {micro.profile for micro in self.inverters.micros} if self.inverters else set()
        ids = {one for one in (*ids, self.record.grid_profile) if one}
        if not ids:
            return {}
        rows = GridProfile.objects.filter(
            Q(enphase_id__in=ids) | Q(profile_id__in=ids), company=self.activation.company_id
        )
        return {name: row for row in rows for name in (row.enphase_id, row.profile_id) if name}

    def profile_name(self, profile: str | None) -> str:
        """A grid profile's name; its id while the catalogue does not know it."""
        named = self._profiles.get(profile or "")
        return str(named) if named else (profile or "")

    @property
    def requested(self) -> str:
        return self.record.grid_profile or ""

    def is_requested(self, profile: str) -> bool:
        """Is this the requested profile, by whichever of its ids?"""
        wanted, found = self._profiles.get(self.requested), self._profiles.get(profile)
        if wanted and found:
            return wanted.pk == found.pk
        return profile == self.requested

    def _judge_profiles(self, section: Section) -> None:
        """One that tells no profile, where others do, has not taken any yet."""
        listed = [row for row in section.rows if row.micro is not None]
        if not any(row.profile for row in listed):
            if self.requested and self.inverters is not None:
                section.profiles = Profiles(self.profile_name(self.requested), 0, 0)
            return
        applied = 0
        for row in listed:
            row.profile_name = self.profile_name(row.profile)
            if not self.requested or self.is_requested(row.profile):
                applied += 1
            else:
                row.problems.append("straggler")
        section.profiles = Profiles(self.profile_name(self.requested), applied, len(listed))

    def _judge_firmware(self, section: Section) -> None:
        """Versions by how many run them; those of the few are marked, and no fault."""
        counts = Counter(row.firmware for row in section.rows if row.firmware)
        section.firmwares = counts.most_common()
        if len(counts) < 2:
            return
        usual = section.firmwares[0][0]
        for row in section.rows:
            if row.firmware and row.firmware != usual:
                row.problems.append("firmware")

    # What to do

    def findings(self) -> list[dict[str, str]]:
        """What should be looked at, as links to where it is settled, the worst first."""
        found: list[tuple[str, str]] = []
        for section in self.sections:
            found += self._missing(section)
            if section.surplus:
                sentence = f"{inside(section.kind, section.detected or 0)} detected"
                found.append((f"{sentence}, {section.expected} expected", self._url("equipment")))
            for key, words in FINDINGS.items():
                if count := sum(key in row.problems for row in section.rows):
                    sentence = f"{inside(section.kind, count)} {words}"
                    found.append((sentence, self._url("devices", section.kind, key)))
        return [{"label": label, "url": url} for label, url in found]

    def _missing(self, section: Section) -> list[tuple[str, str]]:
        """Devices that should be there: by number, and by serial where one is known."""
        kind, lost = section.kind, len(section.lost)
        where = self._url("devices", kind, "missing")
        if section.missing:
            verb = "is" if section.missing == 1 else "are"
            what = inside(kind, section.expected or 0).split(" ", 1)[1]
            sentence = f"{section.missing} of {section.expected} expected {what} {verb}"
            if not lost:
                where = self._url("plan" if kind == "micros" else "equipment")
            return [(f"{sentence} not detected", where)]
        if lost:
            verb = "placed" if kind == "micros" else "entered"
            return [(f"{inside(kind, lost)} {verb} and not detected", where)]
        return []

    def _url(self, page: str, kind: str = "", problem: str = "") -> str:
        name = {
            "devices": "devices:list",
            "equipment": "activations:equipment",
            "plan": "arrays:plan",
        }[page]
        url = reverse(name, args=[self.activation.pk])
        return f"{url}?kind={kind}&problem={problem}" if problem else url


def spots_of(payload: Mapping[str, Any]) -> dict[str, Spot]:
    """Where each serial lies, from a copy of list_arrays: R1 is the top row, C1 the left column.

    The cells are those of the roof plan: 200 high, 100 wide, twice that where modules lie.
    """
    try:
        layout = Layout.from_api(dict(payload))
    except ValueError:
        return {}
    found: dict[str, Spot] = {}
    for number, array in enumerate(layout.arrays, 1):
        modules = [module for module in array.modules if module.serial_num]
        lying = sum(45 < (module.angle or 0) % 180 < 135 for module in modules)
        pitch = 200 if lying * 2 > len(modules) else 100
        cells = [(round((m.left or 0) / pitch), round((m.top or 0) / 200)) for m in modules]
        if not cells:
            continue
        first, top = min(column for column, _ in cells), max(line for _, line in cells)
        for module, (column, line) in zip(modules, cells, strict=True):
            cell = f"R{top - line + 1}C{column - first + 1}"
            found.setdefault(str(module.serial_num), Spot(array.label or f"Array {number}", cell))
    return found


def elsewhere(
    user: Any, activation: Activation, serials: Iterable[str]
) -> dict[str, list[Activation]]:
    """Other sites of the company where Enphase lists these serials, as far as one may see them."""
    rows = (
        DetectedSerial.objects.for_user(user)
        .filter(
            serial__in=set(serials),
            activation__company=activation.company_id,
            activation__gone_at=None,
        )
        .exclude(activation=activation)
        .select_related("activation")
        .order_by("serial", "activation_id")
    )
    found: dict[str, list[Activation]] = {}
    for row in rows[:NAMED_ELSEWHERE]:
        found.setdefault(row.serial, []).append(row.activation)
    return found


def chosen(rows: Iterable[Row], problem: str, digits: str) -> list[Row]:
    """The rows with a problem ("any" or a key of PROBLEMS) whose serial ends with these digits."""
    found = list(rows)
    if problem == "any":
        found = [row for row in found if row.rank < list(PROBLEMS).index("firmware")]
    elif problem:
        found = [row for row in found if problem in row.problems]
    if digits:
        found = [row for row in found if row.serial.upper().endswith(digits)] or [
            row for row in found if digits in row.serial.upper()
        ]
    return found


def _moment(when: datetime | None) -> datetime | None:
    """0 stands for never."""
    return when if when is not None and when.timestamp() > 0 else None


def _age(copy: Snapshot | None) -> float:
    return copy.fetched_at.timestamp() if copy and copy.fetched_at else 0.0


def _detail(device: Device) -> str:
    """What a meter measures and whether it is on, a gateway's modem."""
    phase = {"single": "single phase", "three": "three phases", "split": "split phase"}
    parts = [
        device.config_type,
        phase.get(device.config_phase or "", device.config_phase),
        device.state,
        "cellular modem" if device.cellular_modem else None,
    ]
    return ", ".join(part for part in parts if part)
