"""The two vocabularies of a system's health: Monitoring keys and Enlighten texts."""

from __future__ import annotations

TEXTS = {
    # The published list says "System Normal", but activations show plain "Normal".
    "normal": "Normal",
    "comm": "Envoy Not Reporting",
    "micro": "Microinverters Not Reporting",
    "power": "System Production Issue",
    "meter": "Meter Not Reporting",
    "meter_issue": "Meter Issue",
    "battery": "AC Batteries Not Reporting",
    "storage_idle": "Storage Inactive",
    "encharge": "Encharge Not Reporting",
    "encharge_issue": "Encharge Issue",
    "enpower": "Enpower Not Reporting",
    "enpower_issue": "Enpower Issue",
    "deactivated": "System Deactivated",
    "retired": "Retired",
    "not_monitored": "Not Monitored",
    "unused": "Unused",
    "disabled": "Not Enabled",
    "debug": "Informational",
    "info": "Informational",
    "monitored": "Monitored",
    "muted": "Alerts Disabled",
    "warning": "Warning",
    "Error": "Error",
    "no_data": "No Data",
    "rma": "RMA",
    "unknown": "Updating Data",
    "nsr": "Q Relay Not Reporting",
    "any": "Any Problem",
    "data_upload": "Data upload in progress",
    "on_grid": "On Grid",
    "off_grid": "Off Grid",
    "grid_unknown": "Grid Status Unknown",
    "iq_collar": "Meter Collar Not Reporting",
}

SEARCHABLE = (
    "normal", "comm", "micro", "power", "meter", "battery", "storage_idle", "meter_issue",
    "enpower", "encharge", "enpower_issue", "encharge_issue",
)  # fmt: skip


def key_of(text: str) -> str | None:
    """Give the Monitoring key for a key or an Enlighten text, None when it is neither."""
    if text in TEXTS:
        return text
    return next((key for key, shown in TEXTS.items() if shown.casefold() == text.casefold()), None)
