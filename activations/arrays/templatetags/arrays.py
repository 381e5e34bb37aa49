"""Looking things up in the builder's templates."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import template

from activations.arrays.layout import RoofArray

register = template.Library()


@register.filter
def get(found: Mapping[str, Any], key: str) -> Any:
    """What a dict has under a key that is a variable; None when there is nothing."""
    return found.get(key)


@register.filter
def cells_of(array: RoofArray, typed: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Each cell by row: its name, its serial, and what its field shows (typed wins)."""
    for name in array.names():
        serial = array.cells.get(name, "")
        yield {"name": name, "serial": serial, "value": typed.get(f"cell-{name}", serial)}
