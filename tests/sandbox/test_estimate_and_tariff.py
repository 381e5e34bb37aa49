import json

import pytest

from tests.sandbox.commissioning import mistakes, stands_apart
from tests.sandbox.test_against_the_contract import TARIFF

ESTIMATE = "/activations/703/estimate"
TARIFF_PATH = "/systems/config/703/tariff"
MONTHS = [str(float(300 + 10 * month)) for month in range(12)]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/activations/{}/estimate"),
        ("PUT", "/activations/{}/estimate"),
        ("GET", "/systems/config/{}/tariff"),
        ("PUT", "/systems/config/{}/tariff"),
    ],
)
def test_refusals(world, dana, method, path):
    stands_apart(world, dana, method, path)


def test_an_estimate_starts_empty(dana):
    assert dana.get(ESTIMATE).json() == {
        "system_id": 703,
        "degrade_factor": "0.5",
        "month_estimates": [],
    }


@pytest.mark.parametrize("style", ["form", "json"])
def test_an_estimate_is_set_and_cleared(dana, style):
    fields = {"degrade_factor": "0.4", "month_estimates": MONTHS}
    options = (
        {"data": {"estimate": json.dumps(fields)}}
        if style == "form"
        else {"json": {"estimate": fields}}
    )
    answer = dana.ask("PUT", ESTIMATE, **options)
    assert answer.json() == {"system_id": 703, **fields}
    assert dana.get(ESTIMATE).json() == answer.json()
    cleared = {"degrade_factor": "0.0", "month_estimates": []}
    assert dana.put(ESTIMATE, {"estimate": cleared}).json() == {"system_id": 703, **cleared}


def test_a_bare_body_is_a_missing_parameter(dana):
    answer = dana.put(ESTIMATE, {"degrade_factor": "0.4", "month_estimates": []})
    assert answer.json() == {
        "errorCode": 11,
        "errorMessages": ["Estimate parameter missing in body"],
    }


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"month_estimates": []}, "degrade_factor and month_estimates are mandatory"),
        ({"degrade_factor": "0.5"}, "degrade_factor and month_estimates are mandatory"),
        ({"degrade_factor": "-1", "month_estimates": []}, "Degrade factor must be 0.0 or higher"),
        ({"degrade_factor": "a", "month_estimates": []}, "Degrade factor must be 0.0 or higher"),
        (
            {"degrade_factor": "0", "month_estimates": ["1"] * 11},
            "A value for each month must be provided",
        ),
        (
            {"degrade_factor": "0", "month_estimates": "1"},
            "A value for each month must be provided",
        ),
        (
            {"degrade_factor": "0", "month_estimates": ["0"] * 12},
            "Month estimates must be greater than 0",
        ),
        (
            {"degrade_factor": "0", "month_estimates": ["1,234.5"] * 12},
            "Month estimates must be greater than 0",
        ),
    ],
)
def test_what_an_estimate_may_not_be(dana, fields, text):
    answer = dana.put(ESTIMATE, {"estimate": fields})
    assert mistakes(answer) == [text]
    assert answer.json()["errorCode"] == 11


def test_a_tariff_has_the_currency_of_its_country(world, dana, nina):
    assert dana.get(TARIFF_PATH).json()["tariff"]["currency"] == {"code": "USD"}
    assert "task" not in dana.get(TARIFF_PATH).json()
    assert nina.get("/systems/config/901/tariff").json()["tariff"]["currency"] == {"code": "EUR"}


def test_a_tariff_stays_pending_for_a_while(world, dana):
    world.control("POST", "/limits", {"tariff_seconds": 60})
    before = dana.get(TARIFF_PATH).json()["tariff"]
    answer = dana.put(TARIFF_PATH, TARIFF)
    assert answer.status_code == 200
    assert answer.json()["task"]["status"] == "pending"
    assert answer.json()["task"]["created_at"].endswith("Z")
    pending = dana.get(TARIFF_PATH).json()
    assert (pending["tariff"], pending["task"]) == (before, answer.json()["task"])
    world.advance(61)
    done = dana.get(TARIFF_PATH).json()
    assert done["task"]["status"] == "success"
    assert done["tariff"]["single_rate"] == {"rate": "0.3", "sell": "0.1"}
    (season,) = done["tariff"]["seasons"]
    (day,) = season["days"]
    assert day["enable_charge_from_grid"] is True
    assert "enable_charge_from_grid" not in season
    assert day["periods"] == [{"id": "period_1", "start": 0, "rate": "0.3", "error": {}}]


def test_a_tariff_is_text_as_well_and_starts_may_be_text(world, dana):
    text = json.dumps(TARIFF).replace('"start": 0', '"start": "240"')
    answer = dana.ask("PUT", TARIFF_PATH, data=text, headers={"Content-Type": "application/text"})
    assert answer.status_code == 200
    world.advance(30)
    season = dana.get(TARIFF_PATH).json()["tariff"]["seasons"][0]
    assert season["days"][0]["periods"][0]["start"] == 240


@pytest.mark.parametrize("body", [None, [], {"tariff": 3}, {"single_rate": {"rate": "9"}}])
def test_what_is_no_tariff_changes_nothing(world, dana, body):
    before = dana.get(TARIFF_PATH).json()["tariff"]
    assert dana.put(TARIFF_PATH, body).status_code == 200
    world.advance(30)
    assert dana.get(TARIFF_PATH).json()["tariff"] == before


def test_a_silent_gateway_leaves_a_tariff_pending(world, nina):
    nina.put("/systems/config/901/tariff", TARIFF)
    world.advance(3600)
    assert nina.get("/systems/config/901/tariff").json()["task"]["status"] == "pending"
