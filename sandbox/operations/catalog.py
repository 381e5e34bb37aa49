"""Catalogues: list_grid_profiles, list_pv_manufacturers, list_pv_models."""

from __future__ import annotations

from sandbox.errors import Refusal
from sandbox.routing import Call, operation
from sandbox.wire import Answer
from sandbox.world import catalog


@operation("list_grid_profiles", "GET", "/partner/grid_profiles", window_in_429=False)
def list_grid_profiles(call: Call) -> Answer:
    if call.caller.company_id is None:
        raise Refusal(404, "Partner company missing")
    return Answer(200, {"grid_profiles": list(catalog.grid_profiles())})


@operation("list_pv_manufacturers", "GET", "/pv_manufacturers")
def list_pv_manufacturers(call: Call) -> Answer:
    pairs = [list(pair) for pair in catalog.manufacturers().items()]
    return Answer(200, {"pv_manufacturers": pairs})


@operation("list_pv_models", "GET", "/pv_manufacturers/{pv_manufacturer_id}/pv_models")
def list_pv_models(call: Call) -> Answer:
    maker = call.ids["pv_manufacturer_id"]
    name = catalog.manufacturers().get(maker)
    if name is None:
        raise Refusal(404, "Manufacturer not found")
    return Answer(
        200,
        {
            "pv_manufacturer": {"pv_manufacturer_id": maker, "name": name},
            "pv_models": [list(pair) for pair in catalog.models()[maker].items()],
        },
    )
