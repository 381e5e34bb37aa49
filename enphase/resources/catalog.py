"""Catalogues: large, unpaged, and hardly ever changing. Call them once a day."""

from typing import Any, TypeVar

from enphase.records import GridProfile, PvManufacturer, PvModels, Record
from enphase.records.base import list_of
from enphase.resources.base import Resource

R = TypeVar("R", bound=Record)


class Catalog(Resource):
    """`client.catalog`."""

    def list_grid_profiles(self) -> list[GridProfile]:
        """Return every grid profile the caller's company may use, unpaged.

        `Rejected` 404 "Partner company missing" for a user without a company.
        Operation list_grid_profiles.
        """
        return self._transport.call(
            "list_grid_profiles", lambda answer: _rows(answer, "grid_profiles", GridProfile)
        )

    def list_pv_manufacturers(self) -> list[PvManufacturer]:
        """Return every maker of PV modules, unpaged. Operation list_pv_manufacturers."""
        return self._transport.call(
            "list_pv_manufacturers",
            lambda answer: _rows(answer, "pv_manufacturers", PvManufacturer),
        )

    def list_pv_models(self, pv_manufacturer_id: int) -> PvModels:
        """Return the modules of one maker, unpaged.

        `Rejected` 404 "Manufacturer not found". Operation list_pv_models.
        """
        return self._transport.call(
            "list_pv_models", PvModels.from_api, path={"pv_manufacturer_id": pv_manufacturer_id}
        )


def _rows(answer: Any, key: str, record: type[R]) -> list[R]:
    """Read a list of rows; rows without an id are left out, a missing list raises ValueError."""
    rows: list[R] = []
    for row in list_of(answer, key):
        try:
            rows.append(record.from_api(row))
        except ValueError:
            continue
    return rows
