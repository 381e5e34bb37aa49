"""Reading numbers as people write them: 1,234.5 and 1.234,5 and "Jan 812 kWh"."""

import re
from dataclasses import dataclass
from decimal import Decimal

from activations.estimates.sunlight import MONTHS

# More than any site yields in a month, by far.
MOST_KWH = Decimal(100_000_000)

_UNIT = re.compile(r"\b([kMG]?Wh)\b", re.IGNORECASE)
_IN_KWH = {"wh": Decimal("0.001"), "kwh": Decimal(1), "mwh": Decimal(1000), "gwh": Decimal(10**6)}
# A number with whatever separates its groups: blanks, narrow blanks, apostrophes, points, commas.
_NUMBER = re.compile(r"-?\d(?:[\d.,'’\u00a0\u202f ]*\d)?")
_BLANKS = re.compile(r"['’\u00a0\u202f ]")
# Words of a row: month names in any language, "month 3:", currency has no place here.
_WORDS = re.compile(r"[^\W\d_]+\.?", re.UNICODE)


class Unreadable(ValueError):
    """A sentence on what cannot be read."""


@dataclass(frozen=True)
class Pasted:
    """Twelve amounts in kWh, January first, and what was assumed to read them."""

    months: list[Decimal]
    notes: list[str]


def read_amount(text: str, *, decimal: str = "") -> Decimal:
    """One amount. `decimal` says which sign marks decimals ("." or ","), "" leaves it to the text.

    A lone group of three ("1,234") is a thousand; raises Unreadable for what is no number.
    """
    bare = _BLANKS.sub("", text.strip())
    if not re.fullmatch(r"-?\d[\d.,]*", bare):
        raise Unreadable(f"“{text.strip()[:40]}” is not a number.")
    mark = decimal or _decimal_mark([bare])
    thousands = {".": ",", ",": "."}.get(mark, ".,")
    if mark and bare.count(mark) > 1:
        raise Unreadable(f"“{text.strip()[:40]}” is not a number.")
    for sign in thousands:
        if not _groups_fit(bare, sign, mark):
            raise Unreadable(f"“{text.strip()[:40]}” is not a number.")
        bare = bare.replace(sign, "")
    return Decimal(bare.replace(mark, ".") if mark else bare)


def _groups_fit(bare: str, sign: str, mark: str) -> bool:
    whole = bare.partition(mark)[0] if mark else bare
    if sign not in whole:
        return sign not in bare
    first, *rest = whole.lstrip("-").split(sign)
    return 1 <= len(first) <= 3 and all(len(group) == 3 for group in rest)


def _decimal_mark(numbers: list[str]) -> str:
    """Which sign marks decimals in numbers that were written together; "" when none does."""
    for number in numbers:
        if "." in number and "," in number:
            return max(".,", key=number.rfind)
    for sign in ",.":
        having = [number for number in numbers if sign in number]
        if not having:
            continue
        if any(number.count(sign) > 1 for number in having):
            return {",": ".", ".": ","}[sign]
        if any(not re.fullmatch(rf"-?[1-9]\d{{0,2}}\{sign}\d{{3}}", number) for number in having):
            return sign
    return ""


def read_months(text: str) -> Pasted:
    """Twelve amounts out of a paste: rows, columns, lists, with or without months and units.

    A thirteenth that is the sum of the others is left out. Raises Unreadable with a sentence.
    """
    if not text.strip():
        raise Unreadable("Paste twelve values, January first.")
    notes = []
    units = {unit.lower() for unit in _UNIT.findall(text)}
    if len(units) > 1:
        raise Unreadable("The values are in different units. Paste all of them in kWh.")
    factor = _IN_KWH[units.pop()] if units else Decimal(1)
    bare = _WORDS.sub(" ", _UNIT.sub(" ", text))
    numbers = _split(bare)
    mark = _decimal_mark(numbers)
    values = [read_amount(number, decimal=mark) for number in numbers]
    if len(values) == MONTHS + 1 and _is_sum(values):
        values.pop()
        notes.append("The last value is the total of the others and was left out.")
    if len(values) != MONTHS:
        found = ", ".join(numbers[:14]) + (" …" if len(numbers) > 14 else "")
        raise Unreadable(
            f"Found {len(values)} value{'' if len(values) == 1 else 's'}, an estimate has twelve"
            f"{': ' + found if numbers else ''}."
        )
    if any(value <= 0 for value in values):
        raise Unreadable("Every month must be above 0 kWh.")
    if any(value * factor > MOST_KWH for value in values):
        raise Unreadable(f"A month has at most {MOST_KWH:,} kWh.")
    if factor != 1:
        unit = {Decimal(1000): "MWh", Decimal("0.001"): "Wh"}.get(factor, "GWh")
        notes.append(f"Converted from {unit} to kWh.")
    if not mark and any(re.search(r"[.,]", number) for number in numbers):
        notes.append(f"“{next(n for n in numbers if re.search('[.,]', n))}” was read as thousands.")
    return Pasted([tidy(value * factor) for value in values], notes)


def _split(text: str) -> list[str]:
    """The numbers in it. Strong separators first, so that blanks and commas may group digits."""
    cells = [cell for cell in re.split(r"[\n\r\t;|/]+", text) if re.search(r"\d", cell)]
    # Rows that begin with the number of their month, "3: 812".
    rows = [re.fullmatch(r"\s*(\d{1,2})\s*[:.)-]\s*(\S.*)", cell) for cell in cells]
    numbered = [int(row.group(1)) for row in rows if row]
    if len(cells) >= MONTHS and numbered == list(range(1, len(cells) + 1)):
        cells = [row.group(2) for row in rows if row]
    in_cells = [_NUMBER.findall(cell) for cell in cells]
    if len(cells) in (MONTHS, MONTHS + 1) and all(len(found) == 1 for found in in_cells):
        return [_BLANKS.sub("", found[0]) for found in in_cells]
    parts: list[str] = []
    for cell in cells:
        by_blank = [part.strip(",.:") for part in re.split(r"\s+|,\s+", cell)]
        parts += [part for part in by_blank if re.search(r"\d", part)]
    if len(parts) < MONTHS:
        by_comma = [piece for part in parts for piece in part.split(",") if re.search(r"\d", piece)]
        if len(by_comma) in (MONTHS, MONTHS + 1):
            return by_comma
    return parts


def _is_sum(values: list[Decimal]) -> bool:
    whole = sum(values[:-1])
    return whole > 0 and abs(values[-1] - whole) <= max(Decimal(1), whole / 1000)


def tidy(value: Decimal) -> Decimal:
    """At most two decimals, and none that say nothing. A number beyond all reason as it is."""
    if value.adjusted() > 20:  # decimal keeps 28 digits
        return value
    rounded = value.quantize(Decimal("0.01"))
    plain = rounded.normalize()
    return plain.quantize(Decimal(1)) if plain == plain.to_integral() else plain


def text_of(value: Decimal) -> str:
    """As it stands in a field and travels: 812.5, never 8.1E+2."""
    return f"{value:f}"
