"""Looking things up in the builder's templates."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import template

from activations.arrays.layout import RoofArray, place_of

register = template.Library()


@register.filter
def get(found: Mapping[str, Any] | None, key: str) -> Any:
    """What a dict has under a key that is a variable; None when there is nothing, or no dict."""
    return found.get(key) if found else None


@register.filter
def in_words(cell: str) -> str:
    """ "R2C7" → "row 2, column 7" """
    row, column = place_of(cell) or (0, 0)
    return f"row {row}, column {column}"


@register.filter
def cells_of(array: RoofArray, typed: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Each cell by row: its name, its serial, and what its field shows (typed wins)."""
    for name in array.names():
        serial = array.cells.get(name, "")
        yield {"name": name, "serial": serial, "value": typed.get(f"cell-{name}", serial)}
