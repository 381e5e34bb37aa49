"""Companies: list_company_branches, list_authorized_subcontractors."""

from __future__ import annotations

from sandbox.errors import NOT_AUTHORIZED, Refusal
from sandbox.operations.people import show_company
from sandbox.routing import Call, operation
from sandbox.wire import Answer
from sandbox.world.cast import COMPANIES, SUBCONTRACTORS, Company, branches_of


@operation("list_company_branches", "GET", "/companies/self/branches")
def list_company_branches(call: Call) -> Answer:
    company = _own(call)
    branches = [show_company(branch) for branch in branches_of(company.company_id)]
    head = {"company_id": company.company_id, "company_name": company.name}
    return Answer(200, {**head, "branches": branches})


@operation(
    "list_authorized_subcontractors",
    "GET",
    "/companies/self/authorized_subcontractors",
    terse_401=True,
)
def list_authorized_subcontractors(call: Call) -> Answer:
    company = _own(call)
    listed = [
        {**show_company(COMPANIES[other]), "status": status}
        for other, status in SUBCONTRACTORS.get(company.root_id, {}).items()
    ]
    head = {"company_id": company.company_id, "company_name": company.name}
    return Answer(200, {**head, "authorized_subcontractors": listed})


def _own(call: Call) -> Company:
    """The caller's company; self-installers have none and no other status is documented."""
    if call.caller.company_id is None:
        raise Refusal(401, NOT_AUTHORIZED)
    return COMPANIES[call.caller.company_id]
