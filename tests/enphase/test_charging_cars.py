"""EV chargers: listed, looked back at, started and stopped."""

import json
import socket
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from enphase import OutcomeUnknown, Rejected
from enphase.records import EvChargerEvents, EvChargers, EvChargerSessions
from tests.enphase.conftest import PATIENT, MakeCaller, Serve
from tests.enphase.wire import Request, json_answer, saying

CHARGER = {
    "id": "202320010308:701",
    "sku": "IQ-EVSE-NA-1040-0110-0100",
    "status": "normal",
    "serial_number": "202320010308",
    "last_report_at": 1700074065,
    "firmware": "v0.04.22",
    "active": True,
}
EVENT = {"status": "Info", "triggered_date": 1705399759, "cleared_date": "", "details": "Started."}
SESSION = {
    "start_time": 1700059683,
    "end_time": 1700071180,
    "duration": 11497,
    "energy_added": 14.83,
    "charge_time": 7080,
    "miles_added": "1.2",
    "cost": 0.5,
}
SITE = "/api/v4/systems/701/ev_charger"
ONE = f"{SITE}/202320010308"
SENT = {"message": "Request sent successfully"}


def test_the_chargers_of_a_site(ask: Any) -> None:
    answer = {"system_id": 701, "total_devices": 1, "devices": {"ev_chargers": [CHARGER, 7]}}
    found, request = ask(lambda c: c.ev_chargers.list_ev_chargers(701), answer)
    assert (request.method, request.target) == ("GET", f"{SITE}/devices")
    (charger,) = found.ev_chargers
    assert (charger.id, charger.status_text) == ("202320010308:701", "System Normal")
    assert found.unreadable == [7]
    assert found.raw == answer
    assert EvChargers.from_api({"system_id": 1, "devices": {}}).ev_chargers == []
    assert len(EvChargers.from_api({"system_id": 1, "devices": {"evse": [{}]}}).ev_chargers) == 1


def test_a_page_of_events(ask: Any) -> None:
    answer = {"count": 1, "system_id": 701, "events": [EVENT]}
    found, request = ask(lambda c: c.ev_chargers.list_ev_charger_events(701), answer)
    assert request.target == f"{SITE}/events?offset=0&limit=20"
    assert found.events[0].triggered_date == datetime(2024, 1, 16, 10, 9, 19, tzinfo=UTC)
    assert found.events[0].cleared_date is None
    _, request = ask(
        lambda c: c.ev_chargers.list_ev_charger_events(701, "2023", offset=5, limit=100), answer
    )
    assert request.query == "serial_num=2023&offset=5&limit=100"
    with pytest.raises(ValueError):
        EvChargerEvents.from_api({"system_id": 1})


def test_a_page_of_sessions(ask: Any) -> None:
    answer = {"count": 1, "system_id": 701, "sessions": [SESSION]}
    found, request = ask(
        lambda c: c.ev_chargers.list_ev_charger_sessions(701, "202320010308"), answer
    )
    assert request.target == f"{ONE}/sessions?offset=0&limit=20"
    (session,) = found.sessions
    assert (session.duration_seconds, session.charge_time_seconds) == (11497, 7080)
    assert (session.energy_added, session.miles_added) == (14.83, 1.2)
    assert session.raw == SESSION
    with pytest.raises(ValueError):
        EvChargerSessions.from_api({"system_id": 1, "sessions": "none"})


def test_schedules(ask: Any) -> None:
    row = {"days": [1, 2], "start_time": "1:00", "end_time": "2:00", "charging_level": 70}
    answer = {
        "system_id": 701,
        "charger_schedules": [{"type": "Custom", "is_active": False, "schedules": [row]}],
    }
    found, request = ask(
        lambda c: c.ev_chargers.list_ev_charger_schedules(701, "202320010308"), answer
    )
    assert request.target == f"{ONE}/schedules"
    (schedule,) = found.charger_schedules
    assert (schedule.type, schedule.is_active) == ("Custom", False)
    (times,) = schedule.schedules
    assert (times.days, times.start_time, times.charging_level_percent) == (["1", "2"], "1:00", 70)


def test_days_go_without_dashes_and_come_with_them(ask: Any) -> None:
    answer = {"system_id": 701, "start_date": "2024-01-01", "consumption": [3494, 21929, 0]}
    found, request = ask(
        lambda c: c.ev_chargers.get_ev_charger_lifetime(701, "202320010308", date(2024, 1, 1)),
        answer,
    )
    assert request.target == f"{ONE}/lifetime?start_date=20240101"
    assert found.days(found.energy_wh)[1] == (date(2024, 1, 2), 21929)
    _, request = ask(
        lambda c: c.ev_chargers.get_ev_charger_lifetime(
            701, "202320010308", date(2024, 1, 1), date(2024, 1, 31)
        ),
        {**answer, "start_date": "20240101"},
    )
    assert request.query == "start_date=20240101&end_date=20240131"


@pytest.mark.parametrize(
    ("given", "query"),
    [
        ({}, "granularity=day"),
        ({"start_date": date(2024, 1, 5)}, "granularity=day&start_date=20240105"),
        (
            {"start_at": datetime(2024, 1, 5, tzinfo=UTC), "granularity": "week"},
            "granularity=week&start_at=1704412800",
        ),
    ],
)
def test_telemetry_of_a_charger(ask: Any, given: Any, query: str) -> None:
    answer = {
        "system_id": 701,
        "granularity": "day",
        "start_date": "20240105",
        "consumption": [{"consumption": 201, "end_at": 1705401000}],
    }
    found, request = ask(
        lambda c: c.ev_chargers.get_ev_charger_telemetry(701, "202320010308", **given), answer
    )
    assert request.target == f"{ONE}/telemetry?{query}"
    assert [row.energy_wh for row in found.intervals] == [201]
    assert found.start_date == date(2024, 1, 5)
    assert found.raw == answer


def test_start_and_stop(ask: Any) -> None:
    text, request = ask(
        lambda c: c.ev_chargers.start_ev_charging(
            701, "202320010308", connector_id=1, charging_level=40
        ),
        SENT,
        status=202,
    )
    assert (request.method, request.target) == ("POST", f"{ONE}/start_charging")
    assert json.loads(request.body) == {"connectorId": "1", "chargingLevel": "40"}
    assert text == "Request sent successfully"
    text, request = ask(
        lambda c: c.ev_chargers.stop_ev_charging(701, "202320010308"), SENT, status=202
    )
    assert (request.method, request.target) == ("POST", f"{ONE}/stop_charging")
    assert request.body == b""


@pytest.mark.parametrize("details", ["Invalid system_id", ["Invalid system_id", "Invalid limit"]])
def test_their_errors_have_a_form_of_their_own(ask: Any, details: Any) -> None:
    for status in (400, 401, 403):
        body = {"message": "Bad request", "code": str(status), "details": details}
        with pytest.raises(Rejected, match="Invalid system_id") as caught:
            ask(lambda c: c.ev_chargers.list_ev_chargers(701), body, status=status)
        assert caught.value.status == status
    body = {"message": "Internal Server Error", "code": "500", "details": details}
    with pytest.raises(OutcomeUnknown):
        ask(lambda c: c.ev_chargers.stop_ev_charging(701, "2023"), body, status=500)


@pytest.mark.parametrize(
    "call",
    [
        lambda e: e.list_ev_charger_events(701, offset=-1),
        lambda e: e.list_ev_charger_events(701, limit=101),
        lambda e: e.list_ev_charger_events(701, serial_num=""),
        lambda e: e.list_ev_charger_sessions(701, "2023", limit=0),
        lambda e: e.list_ev_charger_sessions(701, ""),
        lambda e: e.get_ev_charger_lifetime(701, "2023", "20240101"),
        lambda e: e.get_ev_charger_lifetime(701, "2023", date(2024, 2, 1), date(2024, 1, 1)),
        lambda e: e.get_ev_charger_telemetry(701, "2023", granularity="15mins"),
        lambda e: e.get_ev_charger_telemetry(
            701, "2023", datetime(2024, 1, 1, tzinfo=UTC), date(2024, 1, 1)
        ),
        lambda e: e.start_ev_charging(701, "2023", connector_id=0),
        lambda e: e.start_ev_charging(701, "2023", charging_level=101),
        lambda e: e.start_ev_charging(701, "2023", charging_level="40"),
        lambda e: e.stop_ev_charging(701, " "),
    ],
)
def test_what_cannot_be_meant_is_refused_here(caller: MakeCaller, serve: Serve, call: Any) -> None:
    server = serve(saying(json_answer(200, SENT)))
    with pytest.raises(ValueError):
        call(caller(server.url, timeouts={"*": PATIENT}).client.ev_chargers)
    assert server.connections == 0


class Rows:
    """Serves rows by offset and limit."""

    def __init__(self, rows: list[Any]) -> None:
        self.rows = rows
        self.offsets: list[int] = []

    def __call__(self, connection: socket.socket, request: Request) -> None:
        query = parse_qs(request.query)
        offset, limit = int(query["offset"][0]), int(query["limit"][0])
        self.offsets.append(offset)
        rows = self.rows[offset : offset + limit]
        key = request.path.rpartition("/")[2]
        connection.sendall(json_answer(200, {"system_id": 701, "count": len(rows), key: rows}))


@pytest.mark.parametrize(
    ("count", "offsets"), [(0, [0]), (9, [0]), (10, [0, 10]), (25, [0, 10, 20])]
)
def test_each_row_until_a_page_is_short(
    caller: MakeCaller, serve: Serve, count: int, offsets: list[int]
) -> None:
    events = Rows([{**EVENT, "triggered_date": 1705399759 + n} for n in range(count)])
    client = caller(serve(events).url).client
    assert len(list(client.ev_chargers.each_event(701, limit=10))) == count
    assert events.offsets == offsets
    sessions = Rows([{**SESSION, "start_time": 1700059683 + n} for n in range(count)])
    client = caller(serve(sessions).url).client
    assert len(list(client.ev_chargers.each_session(701, "2023", limit=10))) == count
    assert sessions.offsets == offsets


def test_rows_that_cannot_be_read_do_not_end_the_list(caller: MakeCaller, serve: Serve) -> None:
    rows: list[Any] = [{**EVENT, "triggered_date": n} for n in range(15)]
    rows[3] = None
    client = caller(serve(Rows(rows)).url).client
    assert len(list(client.ev_chargers.each_event(701, limit=10))) == 14


def test_a_list_that_ignores_the_offset_ends(caller: MakeCaller, serve: Serve) -> None:
    answer = {"system_id": 701, "events": [{**EVENT, "triggered_date": n} for n in range(10)]}
    client = caller(serve(saying(json_answer(200, answer))).url).client
    with pytest.raises(OutcomeUnknown, match="circles"):
        list(client.ev_chargers.each_event(701, limit=10))
