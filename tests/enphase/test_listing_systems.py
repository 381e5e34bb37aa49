"""Systems: listed page by page, summed up, with their devices and microinverters."""

import json
import socket
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import parse_qs

import pytest

from enphase import OutcomeUnknown
from enphase.records import InverterGroup, SystemDevices, SystemSummary
from tests.enphase.conftest import MakeCaller, Serve
from tests.enphase.wire import Request, json_answer, saying

SYSTEM = {
    "system_id": 701,
    "name": "Rooftop",
    "timezone": "US/Pacific",
    "status": "micro",
    "energy_lifetime": -1,
    "operational_at": 1497445200,
    "interconnect_date": None,
}
SUMMARY = {
    "system_id": 701,
    "current_power": 755,
    "energy_lifetime": 5_000_000,
    "energy_today": 1200,
    "last_interval_end_at": 1557400231,
    "last_report_at": 1557400231,
    "modules": 5,
    "operational_at": None,
    "size_w": 1250,
    "nmi": 1213141516,
    "source": "meter",
    "status": "normal",
    "summary_date": "2019-05-12",
    "battery_capacity_wh": 3360,
    "evse_power": [
        {"21458935": {"evse_max_charge_w": 440, "evse_min_charge_w": 2230}},
        {"12785966": {"evse_max_charge_w": 530, "evse_min_charge_w": 1200}},
    ],
}
MICRO = {
    "id": 1059689835,
    "serial_number": "688346865858",
    "power_produced": {"value": 96, "units": "W", "precision": 0},
    "energy": {"value": 2.5, "units": "kWh", "precision": 1},
    "grid_profile": "57227c50e4d7973ae602c4e6",
    "status": "normal",
    "last_report_date": 1600427843,
}


def test_one_system(ask: Any) -> None:
    system, request = ask(lambda c: c.systems.get_system(701), SYSTEM)
    assert (request.method, request.target) == ("GET", "/api/v4/systems/701")
    assert (system.timezone, system.status_text) == ("US/Pacific", "Microinverters Not Reporting")


def test_one_page(ask: Any) -> None:
    page, request = ask(
        lambda c: c.systems.list_systems(page=2, size=10, sort_by="-id"),
        {"total": 11, "current_page": 2, "size": 10, "count": 1, "systems": [SYSTEM]},
    )
    assert request.target == "/api/v4/systems?page=2&size=10&sort_by=-id"
    assert (page.total, page.count) == (11, 1)


def test_a_summary_in_watts_and_watt_hours(ask: Any) -> None:
    summary, request = ask(lambda c: c.systems.get_system_summary(701), SUMMARY)
    assert request.target == "/api/v4/systems/701/summary"
    assert (summary.current_power_w, summary.energy_today_wh, summary.size_w) == (755, 1200, 1250)
    assert (summary.nmi, summary.operational_at) == ("1213141516", None)
    assert summary.summary_date == date(2019, 5, 12)
    assert summary.last_report_at == datetime(2019, 5, 9, 11, 10, 31, tzinfo=UTC)
    assert [(row.serial_number, row.max_charge_w) for row in summary.evse_power] == [
        ("21458935", 440),
        ("12785966", 530),
    ]
    assert summary.raw == SUMMARY
    _, request = ask(
        lambda c: c.systems.get_system_summary(701, summary_date=date(2024, 6, 1)), SUMMARY
    )
    assert request.query == "summary_date=2024-06-01"


@pytest.mark.parametrize(
    "given",
    [
        {"9": {"evse_max_charge_w": 440}},
        [{"9": {"evse_max_charge_w": 440}}, None],
        [{"serial_number": "9", "evse_max_charge_w": 440}],
        {"serial_number": "9", "evse_max_charge_w": "440"},
    ],
)
def test_ev_chargers_of_a_summary_in_all_shapes(given: Any) -> None:
    (charger,) = SystemSummary.from_api({"system_id": 1, "evse_power": given}).evse_power
    assert (charger.serial_number, charger.max_charge_w) == ("9", 440)


@pytest.mark.parametrize("given", [None, "", [], {}, 7, ["x"]])
def test_a_summary_without_ev_chargers(given: Any) -> None:
    assert SystemSummary.from_api({"system_id": 1, "evse_power": given}).evse_power == []


def test_devices_by_kind(ask: Any) -> None:
    answer = {
        "system_id": 701,
        "total_devices": 4,
        "items": "devices",
        "devices": {
            "micros": [{"id": 5, "serial_number": "902167438951", "status": "normal"}],
            "gateways": [
                {
                    "id": 6,
                    "emu_sw_version": "D8.2",
                    "cellular_modem": {"imei": "35", "plan_end_date": 1772562600},
                },
                "no device",
            ],
            "heat-pump": [{"id": "", "SKU": "HP-1", "sg_ready_relay": "x"}],
            "evse": [{"id": "2023:701", "firmware": "v0.04.22"}],
            "ev_chargers": [{"id": ""}],
            "flux_capacitors": [{"id": 9}],
            "empty": None,
        },
    }
    found, request = ask(lambda c: c.systems.list_system_devices(701), answer)
    assert request.target == "/api/v4/systems/701/devices"
    assert {kind: len(rows) for kind, rows in found.devices.items()} == {
        "micros": 1,
        "gateways": 1,
        "heat_pump": 1,
        "ev_chargers": 2,
        "flux_capacitors": 1,
        "empty": 0,
    }
    assert found.unreadable == ["no device"]
    (heat_pump,) = found.of_kind("heat-pump")
    assert (heat_pump.id, heat_pump.sku) == (None, "HP-1")
    assert heat_pump.raw["sg_ready_relay"] == "x"
    assert [charger.id for charger in found.of_kind("evse")] == ["2023:701", None]
    modem = found.of_kind("gateways")[0].cellular_modem
    assert modem.plan_end_date == datetime(2026, 3, 3, 18, 30, tzinfo=UTC)
    assert found.of_kind("micros")[0].status_text == "System Normal"
    assert found.of_kind("acbs") == []
    assert found.raw == answer


@pytest.mark.parametrize("devices", [None, "", [], {}])
def test_a_site_without_devices(devices: Any) -> None:
    assert SystemDevices.from_api({"system_id": 1, "devices": devices}).devices == {}


@pytest.mark.parametrize(
    ("given", "watts"),
    [
        ({"value": 96, "units": "W", "precision": 0}, 96),
        ({"value": 1.5, "units": "kW"}, 1500),
        ({"value": 2, "units": "MW"}, 2_000_000),
        ({"value": 20, "units": "mW"}, 0.02),
        ({"value": "96"}, 96),
        (20, 20),
        ("20", 20),
        (None, None),
        ({"value": 3, "units": "hp"}, None),
        ({"value": 3, "units": "Wh"}, None),
        ({"value": 3, "units": 7}, None),
        ({"value": "x", "units": "kW"}, None),
    ],
)
def test_power_comes_in_any_unit(given: Any, watts: float | None) -> None:
    (group,) = InverterGroup.list_of([{"micro_inverters": [{**MICRO, "power_produced": given}]}])
    (micro,) = group.micro_inverters
    assert micro.power_produced_w == watts
    assert micro.energy_wh == 2500
    assert micro.raw["power_produced"] == given
    assert (micro.quarantined == ()) is (watts is not None or given is None)


def test_microinverters_of_a_site_or_gateway(ask: Any) -> None:
    groups, request = ask(
        lambda c: c.systems.get_inverters_summary(envoy_serial_number="121842012242"),
        [{"signal_strength": 5, "micro_inverters": [MICRO]}],
    )
    assert request.path == "/api/v4/systems/inverters_summary_by_envoy_or_site"
    assert parse_qs(request.query) == {
        "envoy_serial_number": ["121842012242"],
        "page": ["1"],
        "size": ["100"],
    }
    assert groups[0].signal_strength == 5
    assert groups[0].micro_inverters[0].last_report_date.year == 2020
    assert ask(lambda c: c.systems.get_inverters_summary(701), [])[0] == []
    for nonsense in ({}, {"message": "hm"}, "none", None):
        with pytest.raises(OutcomeUnknown):
            ask(lambda c: c.systems.get_inverters_summary(701), nonsense)


class Fleet:
    """Serves rows page by page, at most `largest` a page, with a total or without."""

    def __init__(self, rows: list[Any], largest: int = 100, total: int | None = None) -> None:
        self.rows, self.largest, self.total = rows, largest, total
        self.pages: list[int] = []

    def __call__(self, connection: socket.socket, request: Request) -> None:
        query = parse_qs(request.query)
        page, size = int(query["page"][0]), min(int(query["size"][0]), self.largest)
        self.pages.append(page)
        rows = self.rows[(page - 1) * size : page * size]
        answer: Any = {"size": size, "systems": rows}
        if self.total is not None:
            answer["total"] = self.total
        if "inverters_summary" in request.path:
            answer = [{"micro_inverters": rows}] if rows else []
        connection.sendall(json_answer(200, answer))


def systems(count: int) -> list[Any]:
    return [{**SYSTEM, "system_id": number} for number in range(1, count + 1)]


@pytest.mark.parametrize(
    ("count", "total", "pages"),
    [
        (0, 0, [1]),
        (5, 5, [1]),
        (20, 20, [1, 2]),
        (25, 25, [1, 2, 3]),
        (25, None, [1, 2, 3]),
        (20, None, [1, 2, 3]),
        (25, 24, [1, 2, 3]),
        (25, 40, [1, 2, 3, 4]),
        (25, -1, [1, 2, 3]),
    ],
)
def test_each_system_comes_once(
    caller: MakeCaller, serve: Serve, count: int, total: int | None, pages: list[int]
) -> None:
    fleet = Fleet(systems(count), total=total)
    client = caller(serve(fleet).url).client
    found = [system.system_id for system in client.systems.each(size=10)]
    assert found == list(range(1, count + 1))
    assert fleet.pages == pages


def test_a_page_smaller_than_asked_for_is_not_the_last(caller: MakeCaller, serve: Serve) -> None:
    for total in (None, 250):
        client = caller(serve(Fleet(systems(250), largest=100, total=total)).url).client
        assert len(list(client.systems.each_found(name="Rooftop"))) == 250


def test_rows_that_move_between_pages_come_once(caller: MakeCaller, serve: Serve) -> None:
    rows = systems(25)
    rows.insert(10, rows[9])
    client = caller(serve(Fleet(rows, total=26)).url).client
    assert [row.system_id for row in client.systems.each(size=10)] == list(range(1, 26))


def test_a_list_that_goes_round_in_circles_is_not_complete(
    caller: MakeCaller, serve: Serve
) -> None:
    answer = {"total": 500, "systems": systems(10)}
    client = caller(serve(saying(json_answer(200, answer))).url).client
    with pytest.raises(OutcomeUnknown, match="circles"):
        list(client.systems.each(size=10))
    groups = [{"micro_inverters": [{**MICRO, "serial_number": str(n)} for n in range(10)]}]
    client = caller(serve(saying(json_answer(200, groups))).url).client
    with pytest.raises(OutcomeUnknown, match="circles"):
        list(client.systems.each_inverter(701, size=10))


def test_each_inverter_until_a_page_is_short(caller: MakeCaller, serve: Serve) -> None:
    fleet = Fleet([{**MICRO, "serial_number": str(number)} for number in range(25)])
    client = caller(serve(fleet).url).client
    found = [row.serial_number for row in client.systems.each_inverter(701, size=10)]
    assert found == [str(number) for number in range(25)]
    assert fleet.pages == [1, 2, 3]
    assert json.dumps(found)


@pytest.mark.parametrize(
    "call",
    [
        lambda s: s.get_system(0),
        lambda s: s.list_systems(size=101),
        lambda s: s.list_systems(page=0),
        lambda s: s.get_inverters_summary(),
        lambda s: s.get_inverters_summary(0),
        lambda s: s.get_inverters_summary(envoy_serial_number=" "),
        lambda s: s.get_inverters_summary(701, size=101),
        lambda s: s.get_system_summary(701, "2024-06-01"),
        lambda s: s.get_system_summary(701, datetime(2024, 6, 1, tzinfo=UTC)),
        lambda s: s.list_system_devices(-1),
    ],
)
def test_what_cannot_be_meant_is_refused_here(caller: MakeCaller, serve: Serve, call: Any) -> None:
    server = serve(saying(json_answer(200, SYSTEM)))
    with pytest.raises(ValueError):
        call(caller(server.url).client.systems)
    assert server.connections == 0
