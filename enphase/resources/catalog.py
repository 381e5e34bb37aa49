"""Catalogues: large, unpaged, and hardly ever changing. Call them once a day."""

from enphase.records import GridProfile, PvManufacturer, PvModels
from enphase.records.base import rows_of
from enphase.resources.base import Resource


class Catalog(Resource):
    """`client.catalog`."""

    def list_grid_profiles(self) -> list[GridProfile]:
        """Return every grid profile the caller's company may use, unpaged.

        `Rejected` 404 "Partner company missing" for a user without a company.
        Operation list_grid_profiles.
        """
        return self._transport.call(
            "list_grid_profiles", lambda answer: rows_of(answer, "grid_profiles", GridProfile)[0]
        )

    def list_pv_manufacturers(self) -> list[PvManufacturer]:
        """Return every maker of PV modules, unpaged. Operation list_pv_manufacturers."""
        return self._transport.call(
            "list_pv_manufacturers",
            lambda answer: rows_of(answer, "pv_manufacturers", PvManufacturer)[0],
        )

    def list_pv_models(self, pv_manufacturer_id: int) -> PvModels:
        """Return the modules of one maker, unpaged.

        `Rejected` 404 "Manufacturer not found". Operation list_pv_models.
        """
        return self._transport.call(
            "list_pv_models", PvModels.from_api, path={"pv_manufacturer_id": pv_manufacturer_id}
        )
