"""Plans and answers for tests of the array builder."""

from decimal import Decimal

from activations.arrays.layout import PORTRAIT, Plan, RoofArray
from enphase.records import Layout

GATEWAY = "202300000701"


def serial(number: int) -> str:
    return str(482_000_000_000 + number)


def array(ref="a1", label="South main", rows=2, columns=8, **more) -> RoofArray:
    fields = {
        "azimuth": 184,
        "tilt": Decimal(22),
        "gateway": GATEWAY,
        "left": 0,
        "top": 0,
        "orientation": PORTRAIT,
    }
    return RoofArray(ref=ref, label=label, rows=rows, columns=columns, **(fields | more))


def plan(*arrays: RoofArray) -> Plan:
    return Plan(arrays or (array(),))


def module(number: int, left: float, top: float, angle: float | None = 0, **more):
    return {
        "id": number,
        "left": left,
        "top": top,
        "angle": angle,
        "serial_num": serial(number),
    } | more


def answer(*arrays: dict, angle: int | None = None, inventory=()) -> Layout:
    return Layout.from_api(
        {"system_id": 701, "angle": angle, "arrays": list(arrays), "inventory": list(inventory)}
    )


def wire_array(number: int = 1, *modules: dict, **more) -> dict:
    fields = {
        "id": number,
        "label": f"Array {number}",
        "angle": 180,
        "tilt": "22.0",
        "provisioned_envoy": GATEWAY,
        "reporting_envoys": [GATEWAY],
        "left": 0,
        "top": 0,
        "modules": list(modules),
    }
    return fields | more
