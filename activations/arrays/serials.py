"""Serial numbers of microinverters as people type, scan and paste them: twelve digits."""

import re
from dataclasses import dataclass

_SERIAL = re.compile(r"(?<!\d)\d{4}[ \t.\-]?\d{4}[ \t.\-]?\d{4}(?!\d)")
_DIGITS = re.compile(r"\d[\d \t.\-]*\d|\d")
# What a spreadsheet makes of a serial when it takes it for a number.
_ROUNDED = re.compile(r"\d(?:[.,]\d+)?E\+?\d+", re.IGNORECASE)
# A paste longer than this is no list of serials.
MOST_CHARACTERS = 100_000


@dataclass(frozen=True)
class Parsed:
    """The serials of a text in their order, each once; those named twice; what is none."""

    serials: list[str]
    twice: list[str]
    unread: list[str]


def parse(text: str) -> Parsed:
    """Read serials separated by anything, in groups of four digits or not.

    Words without digits are headings and left alone; digits that are no serial are `unread`.
    """
    text = text[:MOST_CHARACTERS]
    unread = []
    for match in _ROUNDED.finditer(text):
        unread.append(match[0])
    text = _ROUNDED.sub(" | ", text)
    serials: list[str] = []
    twice: list[str] = []

    def take(match: re.Match[str]) -> str:
        serial = re.sub(r"\D", "", match[0])
        if serial in seen:
            if serial not in twice:
                twice.append(serial)
        else:
            seen.add(serial)
            serials.append(serial)
        return " | "

    seen: set[str] = set()
    rest = _SERIAL.sub(take, text)
    unread += [match[0].strip() for match in _DIGITS.finditer(rest)]
    return Parsed(serials, twice, unread)


def one(text: str) -> str:
    """The serial of a field that holds one; "" when it holds none, or more than one."""
    parsed = parse(text)
    if len(parsed.serials) != 1 or parsed.unread:
        return ""
    return parsed.serials[0]
