"""What a word pulls at: tone and icon of every status, operation state and stage.

Tone says how much it should draw the eye: bad, warn, busy, info, review, then the quiet ones
off and ok. The words of statuses are Enphase's own (enphase.statuses); the rest is ours.
"""

from typing import NamedTuple

from enphase import statuses


class Look(NamedTuple):
    tone: str
    icon: str
    text: str


QUIET = frozenset({"ok", "off"})
# Which one is shown when several apply.
TONES = ("bad", "warn", "review", "busy", "info", "off", "ok")

STATUS_LOOKS: dict[str, tuple[str, str]] = {
    "normal": ("ok", "ok"),
    "on_grid": ("ok", "ongrid"),
    "monitored": ("ok", "eye"),
    "power": ("bad", "bolt"),
    "comm": ("bad", "gwoff"),
    "error": ("bad", "bad"),
    "encharge_issue": ("bad", "batterr"),
    "enpower_issue": ("bad", "ctrl"),
    "micro": ("warn", "micro"),
    "meter": ("warn", "meter"),
    "meter_issue": ("warn", "meter"),
    "battery": ("warn", "batt"),
    "encharge": ("warn", "batt"),
    "enpower": ("warn", "ctrl"),
    "nsr": ("warn", "relay"),
    "iq_collar": ("warn", "meter"),
    "off_grid": ("warn", "offgrid"),
    "storage_idle": ("warn", "battidle"),
    "warning": ("warn", "warn"),
    "any": ("warn", "filter"),
    "data_upload": ("busy", "upload"),
    "unknown": ("busy", "refresh"),
    "rma": ("busy", "rma"),
    "info": ("info", "info"),
    "debug": ("info", "info"),
    "no_data": ("off", "dashed"),
    "grid_unknown": ("off", "unknown"),
    "not_monitored": ("off", "eyeoff"),
    "disabled": ("off", "dash"),
    "unused": ("off", "dash"),
    "muted": ("off", "belloff"),
    "deactivated": ("off", "power"),
    "retired": ("off", "archive"),
}

# What to do about each word, for the help page (ui:statuses).
STATUS_ADVICE: dict[str, str] = {
    "normal": "Nothing to do.",
    "on_grid": "The home runs on the grid. Nothing to do.",
    "monitored": "The device reports. Nothing to do.",
    "power": "The system produces less than it should. Check breakers, then the microinverters.",
    "comm": "The gateway is silent. Check its power and its internet connection.",
    "error": "Open the system to see which device reports the error.",
    "encharge_issue": "A battery reports a fault. Open the device to see which one.",
    "enpower_issue": "The system controller reports a fault. Check it on site.",
    "micro": "Some microinverters are silent. Check the branch breaker, then scan again.",
    "meter": "A meter is silent. Check its wiring and that it is turned on.",
    "meter_issue": "A meter reads something impossible. Check the direction of its CT.",
    "battery": "AC batteries are silent. Check their breaker.",
    "encharge": "A battery is silent. Check its breaker and its wireless link.",
    "enpower": "The system controller is silent. Check its power.",
    "nsr": "The Q Relay is silent. Check its power.",
    "iq_collar": "The meter collar is silent. Check its seat and its power.",
    "off_grid": "The home runs on its own. Check the grid or the main relay.",
    "storage_idle": "The batteries do not charge or discharge. Check their mode.",
    "warning": "Something needs a look soon. Open the system to see what.",
    "any": "A filter: every system with some problem.",
    "data_upload": "The gateway sends what it kept while offline. Wait.",
    "unknown": "Enphase works out the status. Wait a few minutes.",
    "rma": "A device is being replaced.",
    "info": "A notice without consequence.",
    "debug": "A notice without consequence.",
    "no_data": "Nothing has been reported yet. Add a gateway and connect it.",
    "grid_unknown": "The gateway has not said whether the grid is there.",
    "not_monitored": "Enphase does not watch this system.",
    "disabled": "The device is known and not turned on.",
    "unused": "The device is known and not used.",
    "muted": "Alerts for this system are turned off.",
    "deactivated": "The system was taken out of service.",
    "retired": "The system or device was replaced.",
}

OPERATION_LOOKS: dict[str, Look] = {
    "queued": Look("off", "clock", "Queued"),
    "running": Look("busy", "spinner", "Running"),
    "sending": Look("busy", "refresh", "Sending"),
    "retrying": Look("warn", "repeat", "Retrying"),
    "waiting": Look("warn", "clock", "Waiting for limit"),
    "confirming": Look("busy", "spinner", "Waiting for the gateway"),
    "overdue": Look("warn", "clock", "Gateway is slow"),
    "unknown": Look("warn", "unknown", "Not sure it worked"),
    "needs_review": Look("review", "inbox", "Needs a decision"),
    "needs_approval": Look("review", "inbox", "Needs approval"),
    "needs_reconnect": Look("warn", "link", "Needs a connection"),
    "paused": Look("off", "pause", "Paused"),
    "conflict": Look("review", "swap", "Changed meanwhile"),
    "done": Look("ok", "check", "Done"),
    "rejected": Look("bad", "xcirc", "Refused"),
    "failed": Look("bad", "xcirc", "Failed"),
    "cancelled": Look("off", "stop", "Cancelled"),
    "superseded": Look("off", "swap", "Replaced"),
}

# States of a task in the readiness list (UI.md 4.2): look of the row's mark and of its pill.
TASK_LOOKS: dict[str, Look] = {
    "done": Look("ok", "okfill", "Done"),
    "act": Look("info", "half", "In progress"),
    "todo": Look("off", "ring", "Not started"),
    "waiting": Look("off", "clock", "Waiting"),
    "busy": Look("busy", "refresh", "Sending"),
    "bad": Look("bad", "bad", "Problem"),
    "wait": Look("off", "lock", "Cannot start yet"),
}

# 1 to 3 as in Enphase's help texts, 4 and 5 in our words.
STAGES = {1: "Started", 2: "Connecting", 3: "Verifying", 4: "Finishing", 5: "Complete"}

_KEYS = {text.casefold(): key for key, text in reversed(statuses.TEXTS.items())}


def status_key(status: str) -> str:
    """The API's key for a key in any case or for Enlighten's words; "" when it is neither."""
    wanted = status.strip().casefold()
    return wanted if wanted in STATUS_LOOKS else _KEYS.get(wanted, "")


def status_look(status: str | None) -> Look:
    """Tone, icon and words; a status nobody told us about keeps its text and stays quiet."""
    raw = (status or "").strip()
    key = status_key(raw)
    if not key:
        return Look("off", "unknown", raw or "No status")
    tone, icon = STATUS_LOOKS[key]
    return Look(tone, icon, statuses.TEXTS.get(key, raw))


def operation_look(state: str) -> Look:
    return OPERATION_LOOKS.get(state) or Look(
        "off", "unknown", state.replace("_", " ").capitalize()
    )
