"""The caller's company, its branches, and whom it may name as subcontractor."""

from enphase.records import CompanyBranches, Subcontractors
from enphase.resources.base import Resource


class Companies(Resource):
    """`client.companies`."""

    def list_company_branches(self) -> CompanyBranches:
        """Return the caller's company and its branches, unpaged.

        A self-installer has no company: `Rejected` 401 or 404, or a record without an id.
        Operation list_company_branches.
        """
        return self._transport.call("list_company_branches", CompanyBranches.from_api)

    def list_authorized_subcontractors(self) -> Subcontractors:
        """Return the companies that may be named as subcontractors, unpaged.

        Offer only those with `is_enabled`. Operation list_authorized_subcontractors.
        """
        return self._transport.call("list_authorized_subcontractors", Subcontractors.from_api)
