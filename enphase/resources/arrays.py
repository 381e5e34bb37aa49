"""Arrays: where the modules of a site lie."""

from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

from enphase.records import Array, Layout
from enphase.records.base import message_of
from enphase.resources.base import Resource


class ModuleFields(TypedDict):
    """A module of a request. `id` names a module that is there; without it, it is a new one."""

    id: NotRequired[int]
    left: int
    top: int
    angle: int
    serial_num: str


class ArrayFields(TypedDict):
    """An array of a request; `tilt` in degrees, as number or text. See `records.arrays`."""

    id: NotRequired[int]
    label: str
    angle: int
    tilt: float | str
    provisioned_envoy: str
    left: int
    top: int
    modules: Sequence[ModuleFields]


class Arrays(Resource):
    """`client.arrays`.

    Enlighten rearranges modules until they fit: keep what the answer says, not what was sent. Only
    `list_arrays` is in the documents of 2026; the other four may be refused with 404, 405 or 501.
    """

    def list_arrays(self, system_id: int) -> Layout:
        """Return the layout of a site. Angles and tilt in degrees, places in units (fractions too).

        `Rejected` 404 when there is no such system, 401 when it is not ours.
        Operation list_arrays.
        """
        return self._transport.call("list_arrays", Layout.from_api, path={"system_id": system_id})

    def update_arrays(self, system_id: int, angle: int, arrays: Sequence[ArrayFields]) -> Layout:
        """Replace the whole layout, and return it as Enlighten rearranged it.

        Send every array that shall stay: whether one that is left out is deleted is not written
        anywhere. ValueError for an empty list (delete arrays one by one) and for a place that is
        no whole number. `Rejected` 422 says what is wrong. Operation update_arrays.
        """
        if not arrays:
            raise ValueError("Without arrays this would replace the layout by nothing.")
        body = {"angle": _whole("angle", angle), "arrays": [_array(array) for array in arrays]}
        return self._transport.call(
            "update_arrays", Layout.from_api, path={"system_id": system_id}, body=body
        )

    def get_array(self, system_id: int, array_id: int) -> Array:
        """Return one array. `list_arrays` has it too, and is still published.

        Operation get_array.
        """
        return self._transport.call(
            "get_array", Array.from_api, path={"system_id": system_id, "array_id": array_id}
        )

    def update_array(self, system_id: int, array_id: int, array: ArrayFields) -> Array:
        """Change one array, all of its fields, and return it as Enlighten rearranged it.

        An array's id cannot be changed. ValueError for an id that is none: the request would go to
        all arrays. Operation update_array.
        """
        body = _array(array)
        if body.get("id", array_id) != array_id:
            raise ValueError("The array's id differs from the one to be changed.")
        return self._transport.call(
            "update_array",
            Array.from_api,
            path={"system_id": system_id, "array_id": array_id},
            body=body,
        )

    def delete_array(self, system_id: int, array_id: int) -> str:
        """Delete one array; return Enphase's acknowledgement.

        `Rejected` 422 "Array not found" when it is gone. Operation delete_array.
        """
        return self._transport.call(
            "delete_array", message_of, path={"system_id": system_id, "array_id": array_id}
        )


def _array(given: ArrayFields) -> dict[str, Any]:
    """Return a copy that is safe to send; ValueError for what is missing or has another type."""
    array: dict[str, Any] = dict(given)
    for name in ("label", "provisioned_envoy"):
        if not str(array.get(name) or "").strip():
            raise ValueError(f"An array needs its {name}.")
    for name in ("angle", "left", "top"):
        array[name] = _whole(name, array.get(name))
    tilt = array.get("tilt")
    if isinstance(tilt, bool) or not isinstance(tilt, (int, float, str)) or tilt == "":
        raise ValueError("An array needs its tilt in degrees.")
    if not 0 <= float(tilt) <= 90:
        raise ValueError("tilt must be between 0 and 90 degrees.")
    array["tilt"] = str(float(tilt))
    array["modules"] = [_module(module) for module in _modules(array)]
    return array


def _modules(array: dict[str, Any]) -> Sequence[ModuleFields]:
    modules = array.get("modules")
    if not isinstance(modules, (list, tuple)):
        raise ValueError("An array needs its list of modules, even an empty one.")
    return modules


def _module(given: ModuleFields) -> dict[str, Any]:
    module: dict[str, Any] = dict(given)
    for name in ("angle", "left", "top"):
        module[name] = _whole(name, module.get(name))
    if not str(module.get("serial_num") or "").strip():
        raise ValueError("A module needs the serial number of its microinverter.")
    return module


def _whole(name: str, value: Any) -> int:
    """Requests take whole numbers only; to round is the caller's decision."""
    if isinstance(value, bool) or not (isinstance(value, (int, float)) and value % 1 == 0):
        raise ValueError(f"{name} must be a whole number.")
    return int(value)
