"""What batteries and dry contacts may be set to, and every setting in words. Pure: no database.

Four things are called battery mode at Enphase. Here "battery mode" is what the battery may do with
the grid (CFG, DTG); "profile" is Savings Mode, Self-consumption or Full Backup.
"""

from dataclasses import dataclass
from datetime import time
from typing import Any

from enphase.records import BatteryMode, BatterySettings, DryContact, StormGuard, Tariff
from enphase.records.config import BATTERY_MODES

IMPORT_ONLY, EXPORT_ONLY = 1, 2
SAVINGS, SELF_CONSUMPTION, FULL_BACKUP = BATTERY_MODES

DAY = 86_400
Values = dict[str, Any]
Barred = dict[str, str]

PROFILE_HINTS = {
    SAVINGS: "Discharges while electricity is dear, charges while it is cheap.",
    SELF_CONSUMPTION: "Keeps the sun's surplus for the evening, buys as little as possible.",
    FULL_BACKUP: "Stays full for an outage. The home runs from the panels and the grid.",
}

# Names of modes as Enphase spells them -> what people read, and what it does.
LOAD_MODES = {
    "Basic": ("Basic", "On while the grid is there. In an outage the owner switches it."),
    "Scheduled": ("By time of day", "Powered between two times, each day."),
    "Advanced_BatteryPowered": (
        "By battery level",
        "Powered from the battery in an outage, until its charge falls to a level.",
    ),
    "Advanced_GeneratorPowered": ("By generator", "Powered in an outage while a generator runs."),
    "Manual_always_powered": ("Always on", "Powered at all times, also in an outage."),
    "Manual_always_not_powered": ("Always off", "Without power at all times."),
}
BATTERY_POWERED, SCHEDULED = "Advanced_BatteryPowered", "Scheduled"
ALWAYS_OFF = "Manual_always_not_powered"

MODE_LABELS = {"cfg": "Charge from the grid", "dtg": "Discharge to the grid"}
SETTINGS_LABELS = {
    "battery_mode": "Battery mode",
    "reserve_soc": "Reserve",
    "energy_independence": "Energy independence",
}
STORM_LABELS = {"storm_guard_status": "Storm Guard"}
CONTACT_LABELS = {
    "mode": "Mode",
    "soc_low": "Off below",
    "essential_start_time": "On from",
    "essential_end_time": "Off from",
}


# ------------------------------------------------------------------ values, as requests have them


def mode_values(record: BatteryMode) -> Values:
    return {"cfg": record.cfg_allowed, "dtg": record.dtg_allowed}


def settings_values(record: BatterySettings) -> Values:
    """The profile in the one spelling that Enphase accepts, whatever it was read as."""
    independent = record.energy_independence
    return {
        "battery_mode": record.profile,
        "reserve_soc": _whole(record.reserve_soc_percent),
        "energy_independence": None if independent is None else _enabled(independent),
    }


def storm_values(record: StormGuard) -> Values:
    enabled = record.storm_guard_enabled
    return {"storm_guard_status": None if enabled is None else _enabled(enabled)}


def contact_values(record: DryContact) -> Values:
    return {
        "mode": record.mode,
        "soc_low": _whole(record.soc_low_percent),
        "essential_start_time": record.essential_start_seconds,
        "essential_end_time": record.essential_end_seconds,
    }


def _enabled(on: bool) -> str:
    return "enabled" if on else "disabled"


def _whole(percent: float | None) -> int | None:
    return None if percent is None else round(percent)


# ------------------------------------------------------------------ words


def words(values: Values, labels: dict[str, str]) -> dict[str, str]:
    """Values as label -> text, in the order of the labels."""
    return {label: show(name, values[name]) for name, label in labels.items() if name in values}


def show(name: str, value: Any) -> str:
    """One value in words; "Not known" for what Enphase left out."""
    if value is None:
        return "Not known"
    if name in MODE_LABELS:
        return "Allowed" if value else "Not allowed"
    if name in ("reserve_soc", "soc_low", "soc_high"):
        return f"{value} %"
    if name in ("energy_independence", "storm_guard_status"):
        return "Enabled" if value == "enabled" else "Disabled"
    if name in ("essential_start_time", "essential_end_time"):
        return clock(value)
    if name == "mode":
        return LOAD_MODES.get(value, (str(value), ""))[0]
    return str(value)


def clock(seconds: int) -> str:
    """Seconds after midnight as HH:MM. Enphase's end of the day is 24:00."""
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}"


def seconds_of(moment: time) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def time_of(seconds: int | None) -> time | None:
    """A time of day for a form; the end of the day is its beginning."""
    if seconds is None:
        return None
    return time(seconds // 3600 % 24, seconds // 60 % 60, seconds % 60)


def contact_words(contact: DryContact) -> str:
    """What a contact does, in one line: only what its mode uses."""
    values = contact_values(contact)
    text = show("mode", contact.mode)
    if contact.mode == BATTERY_POWERED:
        high = show("soc_high", _whole(contact.soc_high_percent))
        return f"{text}: off below {show('soc_low', values['soc_low'])}, on again at {high}"
    if contact.mode == SCHEDULED:
        start, end = values["essential_start_time"], values["essential_end_time"]
        return f"{text}: {show('essential_start_time', start)} to {show('essential_end_time', end)}"
    return text


# ------------------------------------------------------------------ what follows from a change

_FOLLOWS: dict[tuple[str, Any], str] = {
    ("cfg", True): "The battery may fill up with bought electricity.",
    ("cfg", False): "The battery charges from the panels only, also before a storm.",
    ("dtg", True): "The battery may export what it has stored.",
    ("dtg", False): "The battery exports nothing any more. What it stores stays in the home.",
    ("energy_independence", "enabled"): "After the peak the battery goes on feeding the home.",
    ("energy_independence", "disabled"): "After the peak the battery rests.",
    ("storm_guard_status", "enabled"): (
        "At a severe weather alert the battery switches to Full Backup, and back when it is over."
    ),
    ("storm_guard_status", "disabled"): "The battery is no longer filled before a storm.",
}


def follows(changes: Values, base: Values) -> list[str]:
    """What a change does, one sentence each."""
    sentences = []
    for name, value in changes.items():
        if sentence := _FOLLOWS.get((name, value)):
            sentences.append(sentence)
        elif name == "battery_mode":
            sentences.append(PROFILE_HINTS.get(value, ""))
            sentences.append(
                "Enphase may reset the tariff with it, so it is read again afterwards."
            )
        elif name == "reserve_soc":
            less = base.get(name) is not None and value < base[name]
            kept = f"{value} % stays in the battery for an outage"
            sentences.append(f"{kept}, less than now." if less else f"{kept}.")
        elif name == "mode":
            sentences.append(LOAD_MODES.get(value, ("", ""))[1])
    return [sentence for sentence in sentences if sentence]


# ------------------------------------------------------------------ what is permitted


@dataclass(frozen=True)
class Site:
    """What decides what is permitted. None where we do not know; then nothing is barred."""

    battery_grid_mode: int | None = None
    tariff: Tariff | None = None
    has_controller: bool | None = None


def barred_modes(site: Site) -> Barred:
    """What the agreement with the utility forbids, as {"cfg" or "dtg": why}."""
    if site.battery_grid_mode == IMPORT_ONLY:
        return {"dtg": "The site is agreed as Import Only: its battery never exports."}
    if site.battery_grid_mode == EXPORT_ONLY:
        return {"cfg": "The site is agreed as Export Only: its battery charges from panels only."}
    return {}


def barred_profiles(site: Site) -> Barred:
    """Profiles this site cannot have now, as {profile: why}."""
    barred = {}
    if site.tariff is not None and not _has_periods(site.tariff):
        barred[SAVINGS] = "Needs a tariff with prices that differ by time. This one has one price."
    if site.has_controller is False:
        barred[FULL_BACKUP] = "Needs a system controller (Enpower). None was detected here."
    return barred


def _has_periods(tariff: Tariff) -> bool:
    """Does any price change with the time of day or the season? What is unreadable might."""
    if tariff.unreadable or len(tariff.seasons) > 1:
        return True
    return any(len(group.periods) > 1 for season in tariff.seasons for group in season.days)


def needed(contact: Values) -> Values:
    """The mode of a contact and what it needs; the rest is none of its business."""
    mode = contact["mode"]
    names = {"mode"}
    if mode == BATTERY_POWERED:
        names.add("soc_low")
    if mode == SCHEDULED:
        names |= {"essential_start_time", "essential_end_time"}
    return {name: contact[name] for name in CONTACT_LABELS if name in names}


def contact_label(contact: DryContact) -> str:
    """What people call it: "Pool pump (NC2)"."""
    return f"{contact.load_name} ({contact.name})" if contact.load_name else contact.name or ""
