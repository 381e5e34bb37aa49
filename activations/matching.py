"""When do two texts mean the same site? Pure comparisons for the duplicate guard."""

import re
import unicodedata
from typing import Any


def _plain(text: Any) -> str:
    folded = unicodedata.normalize("NFKD", str(text or "")).casefold()
    return re.sub(r"[^a-z0-9]", "", folded)


def street_key(address: dict[str, Any]) -> tuple[str, str]:
    """Street and postal code without case, spaces and punctuation; ("", "") when one is missing."""
    street, postal = _plain(address.get("street1")), _plain(address.get("postal_code"))
    if str(address.get("country") or "").upper() == "US":
        # ZIP+4 names the same place as the five digits.
        postal = postal[:5]
    return (street, postal) if street and postal else ("", "")


def same_street(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """The same street and postal code, however they are written."""
    key = street_key(one)
    return key == street_key(other) and key != ("", "")
