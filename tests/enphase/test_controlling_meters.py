"""Meters: read, dated, switched on and off."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from enphase import Rejected
from enphase.records import Meter
from tests.enphase.conftest import PATIENT, MakeCaller, Serve
from tests.enphase.wire import json_answer, saying

METER = {
    "serial_number": "901553005272EIM1",
    "manufacturer": "Enphase Energy",
    "model": "Envoy S",
    "type": "production",
    "operational_date": "2017-06-13",
    "first_report_date": "2020-06-11T22:15:00-08:00",
    "last_report_date": "2020-06-14T22:15:00-08:00",
    "phase": "L1(A)",
    "envoy_serial_number": "121832000404",
    "status": "normal",
    "state": "enabled",
}


def test_a_meter_as_documented(ask: Any) -> None:
    meter, request = ask(lambda c: c.meters.get_meter(701, "901553005272EIM1"), METER)
    assert (request.method, request.path) == ("GET", "/api/v4/systems/701/meters/901553005272EIM1")
    assert meter.operational_date == date(2017, 6, 13)
    assert meter.first_report_date == datetime(2020, 6, 12, 6, 15, tzinfo=UTC)
    assert (meter.status_text, meter.is_enabled) == ("System Normal", True)
    assert meter.raw == METER


def test_the_date_of_a_meter_travels_in_the_url(ask: Any) -> None:
    answer = {key: METER[key] for key in ("serial_number", "type", "operational_date")}
    meter, request = ask(
        lambda c: c.meters.update_meter(701, "901553005272EIM1", date(2024, 2, 29)), answer
    )
    assert (request.method, request.body) == ("PUT", b"")
    assert request.target == (
        "/api/v4/systems/701/meters/901553005272EIM1?operational_date=2024-02-29"
    )
    assert (meter.is_enabled, meter.status_text) == (None, None)


def test_a_success_that_looks_like_an_error_is_a_success(ask: Any) -> None:
    answer = {"reason": "200", "message": ["Enable task sent to meter. Please wait."]}
    text, request = ask(lambda c: c.meters.control_meter(701, "9EIM1", "enabled"), answer)
    assert request.path == "/api/v4/activations/701/meters/9EIM1/meter_control"
    assert (request.method, json.loads(request.body)) == ("POST", {"status": "enabled"})
    assert text == "Enable task sent to meter. Please wait."


def test_a_refused_task_is_rejected(ask: Any) -> None:
    answer = {"errorMessages": ["Invalid status"]}
    with pytest.raises(Rejected, match="Invalid status"):
        ask(lambda c: c.meters.control_meter(701, "9EIM1", "disabled"), answer, status=422)


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m.get_meter(701, ""),
        lambda m: m.get_meter(0, "9EIM1"),
        lambda m: m.update_meter(701, "9EIM1", datetime(2024, 2, 29, tzinfo=UTC)),
        lambda m: m.update_meter(701, "9EIM1", "2024-02-29"),
        lambda m: m.update_meter(701, "9EIM1", None),
        lambda m: m.control_meter(701, "9EIM1", "on"),
    ],
)
def test_what_cannot_be_meant_is_refused_here(caller: MakeCaller, serve: Serve, call: Any) -> None:
    server = serve(saying(json_answer(200, METER)))
    with pytest.raises(ValueError):
        call(caller(server.url, timeouts={"*": PATIENT}).client.meters)
    assert server.connections == 0


def test_an_unset_meter_is_none() -> None:
    meter = Meter.from_api({"serial_number": "", "operational_date": "", "state": None})
    assert (meter.serial_number, meter.operational_date, meter.is_enabled) == (None, None, None)
