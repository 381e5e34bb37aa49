"""Estimates: read, set exactly as typed, cleared."""

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.enphase.conftest import MakeCaller, Serve
from tests.enphase.wire import json_answer, saying

YEAR = ["3112.0", "3248.0", "3805.0", "4437.0", "4266.0", "3998.0"] * 2
ESTIMATE = {"system_id": 67, "degrade_factor": "0.4", "month_estimates": YEAR}
PATH = "/api/v4/activations/67/estimate"


def test_an_estimate_as_documented(ask: Any) -> None:
    found, request = ask(lambda c: c.estimates.get_estimate(67), ESTIMATE)
    assert (request.method, request.path) == ("GET", PATH)
    assert found.degrade_factor == Decimal("0.4")
    assert found.month_estimates[0] == Decimal("3112.0")
    assert found.month_estimates_wh[0] == 3_112_000
    assert found.raw == ESTIMATE


@pytest.mark.parametrize("unset", [[], None, ""])
def test_a_site_may_have_no_estimate(ask: Any, unset: Any) -> None:
    found, _ = ask(
        lambda c: c.estimates.get_estimate(67),
        {"system_id": "67", "degrade_factor": "", "month_estimates": unset},
    )
    assert (found.degrade_factor, found.month_estimates) == (None, [])


def test_amounts_travel_as_decimal_text(ask: Any) -> None:
    months: list[Any] = [Decimal("3112.0"), 3248.5, "1E+3", *[1] * 9]
    _, request = ask(lambda c: c.estimates.update_estimate(67, 0.5, months), ESTIMATE)
    assert (request.method, request.path) == ("PUT", PATH)
    (value,) = parse_qs(request.body.decode())["estimate"]
    assert json.loads(value) == {
        "degrade_factor": "0.5",
        "month_estimates": ["3112.0", "3248.5", "1000", *["1"] * 9],
    }


def test_an_empty_list_clears_the_estimate(ask: Any) -> None:
    _, request = ask(lambda c: c.estimates.update_estimate(67, "0.0", []), ESTIMATE)
    (value,) = parse_qs(request.body.decode())["estimate"]
    assert json.loads(value) == {"degrade_factor": "0.0", "month_estimates": []}


@pytest.mark.parametrize(
    ("degrade", "months"),
    [
        (-0.1, YEAR),
        ("half", YEAR),
        (True, YEAR),
        (float("nan"), YEAR),
        (0.5, YEAR[:11]),
        (0.5, [*YEAR, "1"]),
        (0.5, ["0", *YEAR[1:]]),
        (0.5, ["1,234.5", *YEAR[1:]]),
        (0.5, ["Infinity", *YEAR[1:]]),
    ],
)
def test_what_is_no_estimate_is_refused_here(
    caller: MakeCaller, serve: Serve, degrade: Any, months: Any
) -> None:
    server = serve(saying(json_answer(200, ESTIMATE)))
    with pytest.raises(ValueError):
        caller(server.url).client.estimates.update_estimate(67, degrade, months)
    assert server.connections == 0
