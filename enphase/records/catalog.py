"""Catalogues: grid profiles, makers and models of PV modules. They change rarely; cache a day."""

from typing import Annotated, Any

from enphase.records.base import AsObject, Flag, Id, Moment, Record, Text, Texts, rows_of


class GridProfile(Record):
    """A grid profile. `id` (24 hex digits) is what an activation's `grid_profile` names.

    For sites with a battery take one with `ensemble_1_compatible`. `countries` are ISO codes,
    `states` two-letter codes, `envoy_type` is like north_america.
    """

    id: str
    profile_id: Text = None
    name: Text = None
    description: Text = None
    version: Text = None
    envoy_type: Text = None
    countries: Texts = []
    states: Texts = []
    state_names: Texts = []
    ensemble_1_compatible: Flag = None
    created: Moment = None
    updated: Moment = None


class PvManufacturer(Record):
    """A maker of PV modules."""

    id: Id
    name: Text = None

    @classmethod
    def from_api(cls, data: Any) -> "PvManufacturer":
        """Read `[109, "Alps"]` of the list or `{"pv_manufacturer_id": 109, …}` of the models."""
        return cls.model_validate(_paired(data, "pv_manufacturer_id"))


class PvModel(Record):
    """A PV module of one maker."""

    id: Id
    name: Text = None

    @classmethod
    def from_api(cls, data: Any) -> "PvModel":
        """Read `[1047, "ATI 1650-155"]`."""
        return cls.model_validate(_paired(data, "pv_model_id"))


class PvModels(Record):
    """A maker's modules. `manufacturer` is None if the answer does not repeat it."""

    manufacturer: Annotated[PvManufacturer | None, AsObject] = None
    models: list[PvModel] = []

    @classmethod
    def evened_out(cls, data: dict[str, Any]) -> dict[str, Any]:
        """The maker stands under `pv_manufacturer` or `pv_manufacturers`, the models are pairs."""
        maker = data.get("pv_manufacturer") or data.get("pv_manufacturers")
        return {
            **data,
            "manufacturer": _paired(maker, "pv_manufacturer_id"),
            "models": rows_of(data, "pv_models", PvModel)[0],
        }


def _paired(row: Any, id_name: str) -> Any:
    """Turn an `[id, name]` pair, or an object with a longer name for its id, into id and name."""
    if isinstance(row, list) and len(row) == 2:
        return {"id": row[0], "name": row[1]}
    if isinstance(row, dict) and "id" not in row and id_name in row:
        return {**row, "id": row[id_name]}
    return row
