"""The table of endpoints says what the contract says."""

import inspect
import json
from pathlib import Path
from typing import Any

import pytest

from enphase import ENDPOINTS, Client
from enphase.endpoints import Endpoint
from tests.enphase.conftest import APPLICATION, FixedTokens

CONTRACT = Path(__file__).parents[3] / "shared/contract/enphase-v4.openapi.json"

# What this release's main job needs; the others follow.
IN_SCOPE = {
    "get_current_user",
    "list_company_branches",
    "list_authorized_subcontractors",
    "list_grid_profiles",
    "list_pv_manufacturers",
    "list_pv_models",
    "list_activations",
    "create_activation",
    "get_activation",
    "update_activation",
    "delete_activation",
    "search_systems",
    "retrieve_system_id",
    "search_users",
    "create_home_owner",
    "grant_activation_access",
    "revoke_activation_access",
    "get_production_mode",
    "set_production_mode",
}


@pytest.fixture(scope="module")
def contract() -> dict[str, dict[str, Any]]:
    if not CONTRACT.exists():
        pytest.skip("the contract is not part of the repository; it lies beside a work tree only")
    document = json.loads(CONTRACT.read_text(encoding="utf-8"))
    return {
        row["operationId"]: {**row, "method": method.upper(), "path": path}
        for path, methods in document["paths"].items()
        for method, row in methods.items()
        if method != "parameters"
    }


def test_there_are_79_endpoints_of_which_nine_are_gone_from_2026() -> None:
    assert len(ENDPOINTS) == 79
    assert sum(not endpoint.published for endpoint in ENDPOINTS.values()) == 9
    assert len({(endpoint.method, endpoint.path) for endpoint in ENDPOINTS.values()}) == 79


def test_only_creating_and_live_data_cost_more_than_a_hit() -> None:
    costs = {name: row.cost_cents for name, row in ENDPOINTS.items() if row.cost_cents}
    assert costs == {"create_activation": 200, "stream_live_data": 10}


def test_everything_but_reading_and_searching_writes() -> None:
    for endpoint in ENDPOINTS.values():
        reads = endpoint.method == "GET" or endpoint.operation == "search_systems"
        assert endpoint.writes is not reads, endpoint.operation


def test_names_methods_and_paths_are_the_contracts(contract: dict[str, dict[str, Any]]) -> None:
    ours = {name: (row.method, row.path) for name, row in ENDPOINTS.items()}
    assert ours == {name: (row["method"], row["path"]) for name, row in contract.items()}


def test_bodies_travel_as_the_contract_says(contract: dict[str, dict[str, Any]]) -> None:
    for name, row in contract.items():
        endpoint = ENDPOINTS[name]
        content = row.get("requestBody", {}).get("content", {})
        assert bool(content) is bool(endpoint.body), name
        if not content:
            continue
        wants_form = "application/x-www-form-urlencoded" in content
        assert (endpoint.body == "form") is wants_form, name
        if wants_form:
            assert endpoint.wrapper == row["x-vendor-body-parameter"], name


def test_what_2026_no_longer_lists_is_marked(contract: dict[str, dict[str, Any]]) -> None:
    for name, row in contract.items():
        assert ENDPOINTS[name].published is row["x-source"].startswith("2026"), name


def test_every_operation_in_scope_has_a_method_of_its_name() -> None:
    with Client("http://127.0.0.1:9", APPLICATION, FixedTokens()) as client:
        for operation in IN_SCOPE:
            endpoint: Endpoint = ENDPOINTS[operation]
            method = getattr(getattr(client, endpoint.group), operation)
            assert operation in inspect.getdoc(method), operation
