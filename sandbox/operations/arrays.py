"""The layout of a site: list_arrays, update_arrays, get_array, update_array, delete_array."""

from __future__ import annotations

import math
from typing import Any

from sandbox.errors import unprocessable
from sandbox.operations import kept
from sandbox.operations.devices import MICRO_MODEL
from sandbox.operations.equipment import Equipment
from sandbox.operations.sight import find_system
from sandbox.routing import Call, operation
from sandbox.wire import Answer

_ALL = "/partner/systems/{system_id}/arrays"
_ONE = "/partner/systems/{system_id}/arrays/{array_id}"
_PANEL_WIDTH, _PANEL_HEIGHT = 100, 200
_FIRST_NEW_ID = 900_000_000
_LAYER = {
    "file": "",
    "scale": 34,
    "angle": 0,
    # The vendor's spelling.
    "opaciy": 56,
    "width": 80,
    "height": 50,
    "left": 40,
    "top": 50,
}


@operation("list_arrays", "GET", _ALL)
def list_arrays(call: Call) -> Answer:
    return Answer(200, _show(_equipment(call)))


@operation("update_arrays", "PUT", _ALL, writes=True)
def update_arrays(call: Call) -> Answer:
    """Replace the whole layout. Arrays that are left out are gone."""
    equipment = _equipment(call)
    body = call.request.json()
    if not isinstance(body, dict):
        raise unprocessable("Arrays param are missing at body location", code=None)
    angle = _whole("angle", body.get("angle"))
    wanted = body.get("arrays")
    if not isinstance(wanted, list):
        raise unprocessable("arrays must be a list", code=None)
    before = {array["id"]: array for array in equipment.layout["arrays"]}
    arrays: list[dict[str, Any]] = []
    for fields in wanted:
        number = fields.get("id") if isinstance(fields, dict) else None
        if number is not None and (not isinstance(number, int) or number not in before):
            raise unprocessable("Array not found", code=None)
        arrays.append(_read(call, equipment, fields, before.get(number) if number else None))
    numbers = [array["id"] for array in arrays]
    if len(set(numbers)) < len(numbers):
        raise unprocessable("Each array may be listed once", code=None)
    _keep(call, equipment, arrays, angle)
    return Answer(200, _show(Equipment(call.db, equipment.row, call.now)))


@operation("get_array", "GET", _ONE)
def get_array(call: Call) -> Answer:
    return Answer(200, _find(_equipment(call), call.ids["array_id"]))


@operation("update_array", "PUT", _ONE, writes=True)
def update_array(call: Call) -> Answer:
    """Change one array. The id in the body only identifies: the one in the path counts."""
    equipment = _equipment(call)
    before = _find(equipment, call.ids["array_id"])
    changed = _read(call, equipment, call.request.json(), before)
    arrays = [
        changed if array["id"] == before["id"] else array for array in equipment.layout["arrays"]
    ]
    _keep(call, equipment, arrays, equipment.layout["angle"])
    return get_array(call)


@operation("delete_array", "DELETE", _ONE, writes=True)
def delete_array(call: Call) -> Answer:
    equipment = _equipment(call)
    gone = _find(equipment, call.ids["array_id"])
    arrays = [array for array in equipment.layout["arrays"] if array["id"] != gone["id"]]
    _keep(call, equipment, arrays, equipment.layout["angle"])
    return Answer(200, {"message": "Array deleted successfully"})


def _equipment(call: Call) -> Equipment:
    return Equipment(call.db, find_system(call, "system_id"), call.now)


def _find(equipment: Equipment, array_id: object) -> dict[str, Any]:
    for array in equipment.layout["arrays"]:
        if array["id"] == array_id:
            return dict(array)
    raise unprocessable("Array not found", code=None)


def _show(equipment: Equipment) -> dict[str, Any]:
    layout = equipment.layout
    return {
        "system_id": equipment.system_id,
        "created_at": layout["created_at"],
        "updated_at": layout["updated_at"],
        "angle": layout["angle"],
        "arrays": layout["arrays"],
        "inventory": equipment.micros,
        "inventory_details": [
            {"type": MICRO_MODEL, "count": 1, "serialNum": serial} for serial in equipment.micros
        ],
        "layers": [_LAYER] if layout["arrays"] else [],
    }


def _read(
    call: Call, equipment: Equipment, fields: Any, before: dict[str, Any] | None
) -> dict[str, Any]:
    """Give an array as asked for, positions not yet put in order; raise its first mistake."""
    if not isinstance(fields, dict):
        raise unprocessable("Array param are missing at body location", code=None)
    label = fields.get("label")
    if not isinstance(label, str) or not label.strip():
        raise unprocessable("label is missing", code=None)
    gateway = fields.get("provisioned_envoy")
    if not isinstance(gateway, str) or not gateway:
        raise unprocessable("provisioned_envoy is missing", code=None)
    held = call.db.execute(
        "SELECT 1 FROM envoys WHERE system_id = ? AND serial = ?", (equipment.system_id, gateway)
    ).fetchone()
    if held is None:
        raise unprocessable(f"Envoy {gateway} does not belong to the system", code=None)
    modules = fields.get("modules")
    if not isinstance(modules, list):
        raise unprocessable("modules must be a list", code=None)
    return {
        "id": call.next_id("next_array_id") + _FIRST_NEW_ID if before is None else before["id"],
        "label": label,
        "angle": _whole("angle", fields.get("angle")),
        "tilt": _tilt(fields.get("tilt")),
        "reporting_envoys": equipment.gateways[:1],
        "provisioned_envoy": gateway,
        "updated_at": int(call.now),
        "left": _whole("left", fields.get("left")),
        "top": _whole("top", fields.get("top")),
        "modules": [_module(call, equipment, module) for module in modules],
    }


def _module(call: Call, equipment: Equipment, fields: Any) -> dict[str, Any]:
    if not isinstance(fields, dict):
        raise unprocessable("modules must list objects", code=None)
    serial = fields.get("serial_num")
    if not isinstance(serial, str) or serial not in equipment.micros:
        raise unprocessable(f"Inverter {serial} is not in the inventory of the system", code=None)
    known = {
        module["serial_num"]: module["id"]
        for array in equipment.layout["arrays"]
        for module in array["modules"]
    }
    return {
        "id": known.get(serial) or call.next_id("next_array_id") + _FIRST_NEW_ID,
        "left": _whole("left", fields.get("left")),
        "top": _whole("top", fields.get("top")),
        "angle": _whole("angle", fields.get("angle")),
        "serial_num": serial,
    }


def _whole(name: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > 10**9:
        raise unprocessable(f"{name} must be an integer", code=None)
    return value


def _tilt(value: Any) -> str:
    """A decimal as text; numbers are refused, as the document says string."""
    try:
        degrees = float(value) if isinstance(value, str) else math.nan
    except ValueError:
        degrees = math.nan
    if not 0 <= degrees <= 90:
        raise unprocessable("tilt must be a number of degrees from 0 to 90, as text", code=None)
    return f"{degrees:.1f}"


def _keep(
    call: Call, equipment: Equipment, arrays: list[dict[str, Any]], angle: int | None
) -> None:
    serials = [module["serial_num"] for array in arrays for module in array["modules"]]
    if len(set(serials)) < len(serials):
        raise unprocessable("An inverter may be placed once", code=None)
    _rearrange(arrays)
    layout = {
        "created_at": equipment.layout["created_at"],
        "updated_at": int(call.now),
        "angle": angle,
        "arrays": arrays,
    }
    kept.write(call.db, equipment.system_id, "layout", layout)


def _rearrange(arrays: list[dict[str, Any]]) -> None:
    """Put modules on the grid and side by side, then arrays where none covers another.

    An array that is not at a right angle comes back with fractions, as from the vendor.
    """
    taken: list[tuple[float, float, float, float]] = []
    for array in arrays:
        width, height = _tile(array["modules"])
        left, top = array["left"], array["top"]
        while any(
            left < right and left + width > other and top < upper and top + height > lower
            for other, lower, right, upper in taken
        ):
            left += _PANEL_WIDTH
        if width:
            taken.append((left, top, left + width, top + height))
        if array["angle"] % 90 and isinstance(left, int) and isinstance(top, int):
            lean = math.radians(array["angle"])
            left = left + math.sin(lean) / 2
            top = top - math.cos(lean) / 2
        array["left"], array["top"] = left, top


def _tile(modules: list[dict[str, Any]]) -> tuple[int, int]:
    """Move modules to free places of the grid; give the width and height they take up."""
    places: set[tuple[int, int]] = set()
    for module in modules:
        column = round(module["left"] / _PANEL_WIDTH)
        line = round(module["top"] / _PANEL_HEIGHT)
        while (column, line) in places:
            column += 1
        places.add((column, line))
        module["left"], module["top"] = column * _PANEL_WIDTH, line * _PANEL_HEIGHT
    if not places:
        return 0, 0
    return (
        (max(column for column, _ in places) + 1) * _PANEL_WIDTH,
        (max(line for _, line in places) + 1) * _PANEL_HEIGHT,
    )
