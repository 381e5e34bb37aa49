"""Reading and writing tables: CSV and XLSX in, CSV and XLSX out."""

import csv
import io
import zipfile
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

import tablib
from tablib.exceptions import TablibException

from portal.ui.errors import Refused

MAX_BYTES = 5 * 1024 * 1024
MAX_ROWS = 10_000
MAX_COLUMNS = 60
MAX_CELL = 500
# What an XLSX may grow to when it is unpacked.
MAX_UNPACKED = 60 * 1024 * 1024
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class Unreadable(Refused):
    """The file is no table that we can read. The sentence says why."""


def read(content: bytes, name: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows as text, empty rows left out. Unreadable in words for anything else.

    What a file is, is told by its first bytes, not by its name.
    """
    if len(content) > MAX_BYTES:
        raise Unreadable(f"The file is larger than {MAX_BYTES // 1024 // 1024} MB. Split it.")
    if not content.strip():
        raise Unreadable("The file is empty.")
    table = _read_xlsx(content) if content[:4] == b"PK\x03\x04" else _read_csv(content)
    header = [_text(cell) for cell in table[0]] if table else []
    while header and not header[-1]:
        header.pop()
    if not any(header):
        raise Unreadable("The first row has no names of columns. Add them, then upload it again.")
    if len(header) > MAX_COLUMNS:
        raise Unreadable(f"The table has more than {MAX_COLUMNS} columns.")
    rows = [[_text(cell) for cell in row[: len(header)]] for row in table[1:]]
    rows = [row for row in rows if any(row)]
    if not rows:
        raise Unreadable("The table has names of columns and no rows below them.")
    if len(rows) > MAX_ROWS:
        raise Unreadable(f"The table has {len(rows):,} rows, and {MAX_ROWS:,} are the most.")
    return header, rows


def _read_xlsx(content: bytes) -> list[Any]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
                raise Unreadable("The workbook is too large. Split it.")
        data = tablib.Dataset().load(io.BytesIO(content), format="xlsx", headers=False)
    except (zipfile.BadZipFile, TablibException, KeyError, ValueError, OSError) as error:
        raise Unreadable("This is no workbook that can be read. Save it as CSV or XLSX.") from error
    return list(data)


def _read_csv(content: bytes) -> list[Any]:
    if b"\x00" in content[:4096]:
        raise Unreadable("This is no table. Save it as CSV or XLSX, then upload it again.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What spreadsheets of Western offices write when nobody asks.
        text = content.decode("cp1252", errors="replace")
    try:
        dialect: Any = csv.Sniffer().sniff(text[:20_000], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    try:
        # Rows of unequal length are everyday; tablib would refuse them.
        return list(csv.reader(io.StringIO(text), delimiter=dialect.delimiter))
    except csv.Error as error:
        raise Unreadable("The table cannot be read. Save it as CSV or XLSX again.") from error


def _text(cell: Any) -> str:
    """A cell as people see it: 24.0 is "24", a date is "2026-11-03"."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return " ".join(str(cell).replace("\x00", "").split())[:MAX_CELL]


def write(kind: str, header: list[str], rows: Iterable[list[str]]) -> bytes:
    """A table as a file of `kind` csv or xlsx. No cell is ever a formula."""
    data = tablib.Dataset(headers=header)
    for row in rows:
        data.append([_harmless(cell) for cell in row])
    # As wide as a name or an address; a sentence on what is wrong would fill the screen.
    content = data.export(kind, column_width=24) if kind == "xlsx" else data.export(kind)
    return content.encode("utf-8-sig") if isinstance(content, str) else bytes(content)


def _harmless(cell: str) -> str:
    """A text that a spreadsheet would run as a formula gets a quote in front."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
