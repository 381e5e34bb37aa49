"""The layout of a site: arrays, the modules on them, and what has no place yet.

A module is 100 units wide and 200 high. More `left` is further right, more `top` is further *up*;
`angle` turns clockwise in degrees, a module's relative to its array's.
"""

from typing import Annotated, Any

from enphase.records.base import (
    AsList,
    Id,
    Moment,
    Number,
    OptionalId,
    Record,
    Texts,
    Whole,
    Word,
    objects_in,
    renamed,
)


class Module(Record):
    """One place for a microinverter in an array. Places in answers may be fractions."""

    id: OptionalId = None
    left: Number = None
    top: Number = None
    angle: Number = None
    serial_num: Word = None

    def for_update(self) -> dict[str, Any]:
        """Return the module as a request wants it: places as whole numbers.

        ValueError if something that a request needs is missing.
        """
        return {
            **({"id": self.id} if self.id else {}),
            "left": _whole("left", self.left),
            "top": _whole("top", self.top),
            "angle": _whole("angle", self.angle),
            "serial_num": _given("serial_num", self.serial_num),
        }


class Array(Record):
    """One array. `tilt` is in degrees; `provisioned_envoy` may be None here, not in requests.

    `unreadable` holds what stood among the modules and is none.
    """

    id: OptionalId = None
    label: Word = None
    angle: Number = None
    tilt: Number = None
    reporting_envoys: Texts = []
    provisioned_envoy: Word = None
    updated_at: Moment = None
    left: Number = None
    top: Number = None
    modules: list[Module] = []
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        modules, unreadable = objects_in(data.get("modules"))
        return {**data, "modules": modules, "unreadable": unreadable}

    def for_update(self) -> dict[str, Any]:
        """Return the array as a request wants it: whole numbers, `tilt` as text.

        ValueError if something that a request needs is missing, or was not readable: what is left
        out of an update may be deleted.
        """
        if self.unreadable:
            raise ValueError("A module of the array could not be read.")
        return {
            **({"id": self.id} if self.id else {}),
            "label": _given("label", self.label),
            "angle": _whole("angle", self.angle),
            "tilt": str(_given("tilt", self.tilt)),
            "provisioned_envoy": _given("provisioned_envoy", self.provisioned_envoy),
            "left": _whole("left", self.left),
            "top": _whole("top", self.top),
            "modules": [module.for_update() for module in self.modules],
        }


class InventoryItem(Record):
    """A device of the site by type, `count` of them; `serial_num` of the one."""

    type: Word = None
    count: Whole = None
    serial_num: Word = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        return renamed(data, {"serialNum": "serial_num"})


class Layer(Record):
    """A picture behind the arrays."""

    file: Word = None
    scale: Number = None
    angle: Number = None
    opacity: Number = None
    width: Number = None
    height: Number = None
    left: Number = None
    top: Number = None

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        """The vendor writes "opaciy"."""
        return renamed(data, {"opaciy": "opacity"})


class Layout(Record):
    """All arrays of a site. `angle` may be None here, not in requests.

    `inventory` holds the serials of active microinverters, placed or not. What stood among the
    arrays and is none is in `unreadable`: do not write such a layout back.
    """

    system_id: Id
    created_at: Moment = None
    updated_at: Moment = None
    angle: Number = None
    arrays: list[Array] = []
    inventory: Texts = []
    inventory_details: Annotated[list[InventoryItem], AsList] = []
    layers: Annotated[list[Layer], AsList] = []
    unreadable: list[Any] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        arrays, unreadable = objects_in(data.get("arrays"))
        return {**data, "arrays": arrays, "unreadable": unreadable}

    @property
    def unplaced(self) -> list[str]:
        """Serials of the microinverters that are on no array, in the order of the inventory."""
        placed = {module.serial_num for array in self.arrays for module in array.modules}
        return [serial for serial in self.inventory if serial not in placed]


def _given(name: str, value: Any) -> Any:
    if value is None:
        raise ValueError(f"{name} is missing, and a request needs it.")
    return value


def _whole(name: str, value: float | None) -> int:
    return round(float(_given(name, value)))
