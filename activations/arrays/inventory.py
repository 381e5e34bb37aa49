"""Microinverters of a site: which are to be placed, which are, and which nobody has heard of."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from activations.arrays.layout import Plan, Spot, place_of
from activations.arrays.models import PlacedSerial
from activations.snapshots.models import Snapshot


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another site of the company that has the same serial, in its draft only with `is_draft`."""

    site_id: int
    site_name: str
    is_draft: bool


@dataclass(frozen=True, slots=True)
class Serial:
    """A microinverter. `bars` is the signal of its gateway, 0 to 5, None when not known.

    `is_detected` is None as long as nobody asked Enphase which microinverters report.
    """

    number: str
    spot: Spot | None
    source: str
    bars: int | None
    is_detected: bool | None
    # Does Enphase name it, or a gateway report it? What it does not know it refuses.
    is_known_to_enphase: bool
    elsewhere: Elsewhere | None

    @property
    def end(self) -> str:
        """The last four digits, by which people call it."""
        return self.number[-4:]

    @property
    def signal(self) -> str:
        if self.bars is None:
            return ""
        return "strong" if self.bars > 3 else "good" if self.bars == 3 else "weak"


@dataclass(frozen=True)
class Inventory:
    by_number: Mapping[str, Serial]
    # Keys toplace, placed and missing; `missing` is empty while nobody can tell.
    lists: Mapping[str, list[Serial]]
    is_detection_known: bool

    @property
    def to_place(self) -> list[str]:
        """In the order they are placed: scanned by hand first, then as gateways list them."""
        return [serial.number for serial in self.lists["toplace"]]

    def with_elsewhere(self, elsewhere: Mapping[str, Elsewhere]) -> "Inventory":
        """The same, each serial with the other site that has it."""

        def known(serial: Serial) -> Serial:
            other = elsewhere.get(serial.number)
            return replace(serial, elsewhere=other) if other else serial

        return replace(
            self,
            by_number={number: known(serial) for number, serial in self.by_number.items()},
            lists={key: [known(one) for one in rows] for key, rows in self.lists.items()},
        )


def take(
    plan: Plan,
    layout: Snapshot | None,
    inverters: Snapshot | None,
    scanned: Iterable[str],
) -> Inventory:
    """Everything that is known of the site's microinverters, from our copies alone."""
    detected = dict(_detected(inverters))
    is_known = inverters is not None and inverters.is_known
    named = _listed(layout)
    scans = dict.fromkeys(scanned)
    spots = plan.spots()
    by_number: dict[str, Serial] = {}
    for number in dict.fromkeys([*scans, *detected, *named, *spots]):
        model, bars = detected.get(number, ("", None))
        source = model or ("in the inventory of Enphase" if number in named else "")
        if number in scans:
            source = f"{model}, scanned" if model else "scanned, not detected yet"
        by_number[number] = Serial(
            number=number,
            spot=spots.get(number),
            source=source or "on the plan only",
            bars=bars,
            is_detected=number in detected if is_known else None,
            is_known_to_enphase=number in detected or number in named,
            elsewhere=None,
        )
    order = {array.ref: at for at, array in enumerate(plan.arrays)}
    placed = [serial for serial in by_number.values() if serial.spot is not None]
    placed.sort(key=lambda one: _position(one, order))
    return Inventory(
        by_number=by_number,
        lists={
            "toplace": [serial for serial in by_number.values() if serial.spot is None],
            "placed": placed,
            "missing": [serial for serial in placed if serial.is_detected is False],
        },
        is_detection_known=is_known,
    )


def listed(layout: Snapshot | None, inverters: Snapshot | None) -> set[str]:
    """Serials that Enphase names, whatever they look like."""
    return {number for number, _ in _detected(inverters)} | set(_listed(layout))


def _position(serial: Serial, order: Mapping[str, int]) -> tuple[int, tuple[int, int]]:
    assert serial.spot is not None
    return order[serial.spot.array.ref], place_of(serial.spot.cell) or (0, 0)


def _detected(inverters: Snapshot | None) -> Iterator[tuple[str, tuple[str, int | None]]]:
    """Serial → model and bars, straight from the answer: 600 records would take too long."""
    payload: Any = inverters.payload if inverters is not None else None
    for group in (payload or {}).get("groups") or ():
        if not isinstance(group, dict):
            continue
        bars = group.get("signal_strength")
        bars = bars if isinstance(bars, int) and not isinstance(bars, bool) else None
        for one in group.get("micro_inverters") or ():
            if isinstance(one, dict) and one.get("serial_number"):
                model = str(one.get("sku") or one.get("model") or "Microinverter")
                yield str(one["serial_number"]), (model, bars)


def _listed(layout: Snapshot | None) -> dict[str, None]:
    payload: Any = layout.payload if layout is not None else None
    listed = (payload or {}).get("inventory")
    return dict.fromkeys(str(one) for one in listed) if isinstance(listed, list) else {}


def find_elsewhere(user: Any, activation: Any, serials: Iterable[str]) -> dict[str, Elsewhere]:
    """Which of these lie on another site of the company that this person may see."""
    wanted = list(serials)
    if not wanted:
        return {}
    rows = (
        PlacedSerial.objects.for_user(user)
        .filter(company_id=activation.company_id, serial__in=wanted, activation__gone_at=None)
        .exclude(activation_id=activation.pk)
        .order_by("-is_draft", "pk")
        .values_list("serial", "activation_id", "activation__name", "is_draft")
    )
    return {serial: Elsewhere(site, name, draft) for serial, site, name, draft in rows}
