"""Tariffs: read with all their spellings, replaced as a whole."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from enphase import OutcomeUnknown
from enphase.records import SystemTariff, Tariff
from tests.enphase.conftest import MakeCaller, Serve
from tests.enphase.wire import json_answer, saying

WEEKDAYS = {
    "id": "weekdays",
    "days": "Mon,Tue,Wed,Thu,Fri",
    "must_charge_start": 0,
    "must_charge_duration": 59,
    "periods": [
        {"id": "period_1", "start": 0, "rate": "0.10", "error": {}},
        {"id": "period_2", "start": "240", "rate": "0.12"},
    ],
    "enable_charge_from_grid": True,
}
TARIFF = {
    "currency": {"code": "AUD"},
    "single_rate": {"rate": "1", "sell": "0.05"},
    "seasons": [{"id": "summer", "start": "3/1", "days": [WEEKDAYS]}],
    "seasons_sell": [{"id": "winter", "start": "13/1", "enable_discharge_to_grid": "disabled"}],
    "storage_settings": {"mode": "backup", "reserved_soc": 100},
}
PENDING = {"status": "pending", "created_at": "2021-06-24T13:29:16Z"}
PATH = "/api/v4/systems/config/701/tariff"


def test_a_tariff_as_documented(ask: Any) -> None:
    answer = {"tariff": TARIFF, "task": PENDING}
    found, request = ask(lambda c: c.tariffs.get_tariff(701), answer)
    assert (request.method, request.path) == ("GET", PATH)
    tariff = found.tariff
    assert (tariff.currency, tariff.single_rate.rate) == ("AUD", Decimal(1))
    assert tariff.single_rate.sell == Decimal("0.05")
    assert tariff.storage_settings.reserved_soc_percent == 100
    summer, winter = tariff.seasons[0], tariff.seasons_sell[0]
    assert (summer.start_month_day, winter.start_month_day) == ((3, 1), None)
    (group,) = summer.days
    assert group.days == ["Mon", "Tue", "Wed", "Thu", "Fri"]
    assert [period.start_minutes for period in group.periods] == [0, 240]
    assert [period.rate for period in group.periods] == [Decimal("0.10"), Decimal("0.12")]
    assert (group.enable_charge_from_grid, group.enable_discharge_to_grid) == (True, None)
    assert winter.enable_discharge_to_grid is False
    assert found.task.is_pending
    assert found.task.created_at == datetime(2021, 6, 24, 13, 29, 16, tzinfo=UTC)
    assert found.raw == answer


@pytest.mark.parametrize(
    "given",
    [
        {"currency": {"code": "EUR"}},
        {"currency_type": {"code": "EUR"}},
        {"currency": "EUR"},
        {"currency": "", "currency_type": {"code": "EUR"}},
    ],
)
def test_the_currency_has_two_names(given: Any) -> None:
    tariff = Tariff.from_api(given)
    assert tariff.currency == "EUR"
    assert tariff.for_update() == {"currency": {"code": "EUR"}}


def test_a_site_may_have_no_tariff() -> None:
    found = SystemTariff.from_api({"tariff": {}, "task": None})
    assert (found.tariff, found.task) == (None, None)
    with pytest.raises(ValueError):
        SystemTariff.from_api({"message": "hm"})


def test_what_was_read_can_be_written_back(ask: Any) -> None:
    payload = Tariff.from_api({**TARIFF, "currency": None, "currency_type": {"code": "AUD"}})
    task, request = ask(
        lambda c: c.tariffs.update_tariff(701, payload.for_update()), {"task": PENDING}
    )
    assert (request.method, request.path) == ("PUT", PATH)
    sent = json.loads(request.body)["tariff"]
    assert sent["currency"] == {"code": "AUD"}
    assert sent["seasons"][0]["days"][0]["periods"][0] == {
        "id": "period_1",
        "start": 0,
        "rate": "0.10",
    }
    assert sent["storage_settings"] == TARIFF["storage_settings"]
    assert Tariff.from_api(sent).seasons == Tariff.from_api(sent | {"error": {}}).seasons
    assert task.is_pending


@pytest.mark.parametrize("answer", [{}, {"task": None}, {"task": "pending"}, {"message": "ok"}])
def test_an_update_without_a_task_proves_nothing(ask: Any, answer: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        ask(lambda c: c.tariffs.update_tariff(701, TARIFF), answer)


@pytest.mark.parametrize("tariff", [{}, {**TARIFF, "task": PENDING}, {"seasonz": []}])
def test_what_is_no_tariff_is_refused_here(caller: MakeCaller, serve: Serve, tariff: Any) -> None:
    server = serve(saying(json_answer(200, {"task": PENDING})))
    with pytest.raises(ValueError):
        caller(server.url).client.tariffs.update_tariff(701, tariff)
    assert server.connections == 0


def test_seasons_that_are_none_are_kept_apart() -> None:
    tariff = Tariff.from_api({"seasons": ["all", {"id": "x", "days": [7]}], "seasons_sell": 5})
    assert [season.id for season in tariff.seasons] == ["x"]
    assert tariff.unreadable == ["all", 5]
    assert tariff.seasons[0].unreadable == [7]
