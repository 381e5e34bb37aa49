"""The status vocabulary, both ways: the Monitoring API says `micro`, activations say
"Microinverters Not Reporting", people see the text. Unknown ones are kept as they are.
"""

# In the order of the vendor's table; `iq_collar` is on the current page of the vendor only.
TEXTS = {
    "deactivated": "System Deactivated",
    "normal": "System Normal",
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
    "retired": "Retired",
    "not_monitored": "Not Monitored",
    "unused": "Unused",
    "disabled": "Not Enabled",
    "debug": "Informational",
    "info": "Informational",
    "monitored": "Monitored",
    "muted": "Alerts Disabled",
    "warning": "Warning",
    "error": "Error",
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

# search_systems accepts these as filters and rejects any other.
SEARCHABLE = frozenset(
    {
        "normal",
        "comm",
        "micro",
        "power",
        "meter",
        "battery",
        "storage_idle",
        "meter_issue",
        "enpower",
        "encharge",
        "enpower_issue",
        "encharge_issue",
    }
)

_KEYS = {text.casefold(): key for key, text in TEXTS.items()}
_KEYS[TEXTS["info"].casefold()] = "info"  # two keys share the text; this is the plainer one
_KEYS["normal"] = "normal"  # the activations' examples shorten "System Normal"


def key_of(status: str) -> str:
    """Return the Monitoring key of a key or an Enlighten text; an unknown one as it came."""
    cleaned = " ".join(status.split())
    folded = cleaned.casefold()
    if folded in TEXTS:
        return folded
    return _KEYS.get(folded, cleaned)


def text_of(status: str) -> str:
    """Return the Enlighten text of a key or a text; an unknown one as it came."""
    key = key_of(status)
    return TEXTS.get(key, key)
