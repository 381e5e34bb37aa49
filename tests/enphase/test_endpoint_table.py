"""The table of endpoints says what the contract says."""

from typing import Any

import pytest

from enphase import ENDPOINTS
from tests.enphase import contract


@pytest.fixture(scope="module")
def rows() -> dict[str, dict[str, Any]]:
    if not contract.CONTRACT.exists():
        pytest.skip(contract.WHY_SKIPPED)
    return contract.operations()


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


def test_names_methods_and_paths_are_the_contracts(rows: dict[str, dict[str, Any]]) -> None:
    ours = {name: (row.method, row.path) for name, row in ENDPOINTS.items()}
    assert ours == {name: (row["method"], row["path"]) for name, row in rows.items()}


def test_bodies_travel_as_the_contract_says(rows: dict[str, dict[str, Any]]) -> None:
    for name, row in rows.items():
        endpoint = ENDPOINTS[name]
        content = row.get("requestBody", {}).get("content", {})
        assert bool(content) is bool(endpoint.body), name
        if not content:
            continue
        wants_form = "application/x-www-form-urlencoded" in content
        assert (endpoint.body == "form") is wants_form, name
        if wants_form:
            assert endpoint.wrapper == row["x-vendor-body-parameter"], name


def test_what_2026_no_longer_lists_is_marked(rows: dict[str, dict[str, Any]]) -> None:
    for name, row in rows.items():
        assert ENDPOINTS[name].published is row["x-source"].startswith("2026"), name
