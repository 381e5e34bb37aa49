"""Energy over time: asked for in the endpoint's own format, told in Wh, W and aware UTC."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from enphase import OutcomeUnknown, TryLater
from enphase.records import (
    BatteryLifetime,
    BatteryTelemetry,
    EnergyLifetime,
    LatestTelemetry,
    MeterReadings,
    ProductionLifetime,
    RgmStats,
    Telemetry,
)
from tests.enphase.conftest import PATIENT, MakeCaller, Serve
from tests.enphase.wire import json_answer, saying

META = {"status": "normal", "last_report_at": 1445619615, "operational_at": 1357023600}
EMPTY = {"system_id": 701, "intervals": []}
DAYS = {"system_id": 701, "start_date": "2024-06-01"}
SYSTEM = "/api/v4/systems/701"
PACIFIC = timezone(timedelta(hours=-7))
NOON = datetime(2024, 6, 1, 12, tzinfo=PACIFIC)
FIRST = date(2024, 6, 1)

# Method, path, whether intervals are 5 minutes long.
TELEMETRY: list[Any] = [
    (
        lambda c: c.production.get_production_micro_telemetry,
        "telemetry/production_micro",
        True,
    ),
    (lambda c: c.production.get_production_meter_telemetry, "telemetry/production_meter", False),
    (lambda c: c.consumption.get_consumption_meter_telemetry, "telemetry/consumption_meter", False),
    (lambda c: c.consumption.get_battery_telemetry, "telemetry/battery", False),
    (lambda c: c.consumption.get_energy_import_telemetry, "energy_import_telemetry", False),
    (lambda c: c.consumption.get_energy_export_telemetry, "energy_export_telemetry", False),
]
DEVICES: list[Any] = [
    (lambda c: c.devices.get_micro_telemetry, "devices/micros/9EIM1/telemetry", True),
    (lambda c: c.devices.get_acb_telemetry, "devices/acbs/9EIM1/telemetry", False),
    (lambda c: c.devices.get_encharge_telemetry, "devices/encharges/9EIM1/telemetry", False),
]


@pytest.mark.parametrize(("method", "path", "five"), TELEMETRY + DEVICES)
def test_telemetry_starts_at_a_moment_or_on_a_day(
    ask: Any, method: Any, path: str, five: bool
) -> None:
    given = (701, "9EIM1") if "devices/" in path else (701,)
    for options, query in (
        ({}, "granularity=day"),
        ({"start_at": NOON, "granularity": "week"}, "granularity=week&start_at=1717268400"),
        ({"start_date": FIRST}, "granularity=day&start_date=2024-06-01"),
        ({"granularity": "15mins"}, "granularity=15mins"),
    ):
        found, request = ask(lambda c, options=options: method(c)(*given, **options), EMPTY)
        assert (request.method, request.target) == ("GET", f"{SYSTEM}/{path}?{query}")
        assert found.intervals == []
    if five:
        _, request = ask(lambda c: method(c)(*given, granularity="5mins"), EMPTY)
        assert request.query == "granularity=5mins"


@pytest.mark.parametrize(("method", "path", "five"), TELEMETRY + DEVICES)
@pytest.mark.parametrize(
    "options",
    [
        {"start_at": NOON, "start_date": FIRST},
        {"start_at": datetime(2024, 6, 1)},  # noqa: DTZ001
        {"start_at": FIRST},
        {"start_at": 1717268400},
        {"start_date": NOON},
        {"start_date": "2024-06-01"},
        {"granularity": "month"},
        {"granularity": "5mins"},
    ],
)
def test_starts_that_cannot_be_meant_are_refused_here(
    caller: MakeCaller, serve: Serve, method: Any, path: str, five: bool, options: Any
) -> None:
    if five and options.get("granularity") == "5mins":
        pytest.skip("microinverters have intervals of 5 minutes")
    given = (701, "9EIM1") if "devices/" in path else (701,)
    server = serve(saying(json_answer(200, EMPTY)))
    with pytest.raises(ValueError):
        method(caller(server.url, timeouts={"*": PATIENT}).client)(*given, **options)
    assert server.connections == 0


@pytest.mark.parametrize("serial", ["", " ", ".", None])
def test_a_device_has_a_serial_number(caller: MakeCaller, serve: Serve, serial: Any) -> None:
    server = serve(saying(json_answer(200, EMPTY)))
    for method, _, _ in DEVICES:
        with pytest.raises(ValueError):
            method(caller(server.url, timeouts={"*": PATIENT}).client)(701, serial)
    assert server.connections == 0


@pytest.mark.parametrize(
    "interval",
    [
        {"end_at": 1384122700, "devices_reporting": 1, "powr": 30, "enwh": 40},
        {"end_at": "1384122700", "wh_del": 40.0},
        {"end_at": 1384122700, "wh_imported": "40"},
        {"end_at": 1384122700, "wh_exported": 40},
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_intervals_have_many_names_and_one_or_two_levels(interval: Any, nested: bool) -> None:
    rows = [interval, {**interval, "end_at": 1384123600}]
    answer = {
        **EMPTY,
        "start_at": 1496526300,
        "intervals": [rows] if nested else rows,
        "meta": META,
    }
    found = Telemetry.from_api(answer)
    assert [row.energy_wh for row in found.intervals] == [40, 40]
    assert found.energy_wh == 80
    assert found.intervals[0].end_at == datetime(2013, 11, 10, 22, 31, 40, tzinfo=UTC)
    assert found.intervals[0].raw == interval
    assert found.meta is not None
    assert (found.meta.status_text, found.raw) == ("System Normal", answer)


def test_days_of_an_answer_are_days() -> None:
    found = Telemetry.from_api({**EMPTY, "start_date": "2024-06-01", "end_date": "20240602"})
    assert (found.start_date, found.end_date) == (date(2024, 6, 1), date(2024, 6, 2))


@pytest.mark.parametrize("answer", [{"system_id": 1}, {"intervals": []}, {**EMPTY, "intervals": 5}])
def test_no_list_is_not_an_empty_list(answer: Any) -> None:
    for record in (Telemetry, BatteryTelemetry, RgmStats):
        with pytest.raises(ValueError):
            record.from_api(answer)


def test_intervals_that_are_none_are_kept_apart() -> None:
    found = Telemetry.from_api({**EMPTY, "intervals": [[{"end_at": 1}, None], "x"]})
    assert (len(found.intervals), found.unreadable) == (1, [None, "x"])


def test_batteries_charge_discharge_and_are_so_full() -> None:
    row = {
        "end_at": 1384122700,
        "charge": {"enwh": 40, "devices_reporting": 1},
        "discharge": {"enwh": 0, "devices_reporting": 4},
        "soc": {"percent": 25, "devices_reporting": 4},
    }
    for name, text in (
        ("last_reported_aggregate_soc", "97%"),
        ("last_reported_soc", "97 %"),
        ("last_reported_soc", 97),
    ):
        found = BatteryTelemetry.from_api(
            {**EMPTY, "intervals": [row], name: text, "last_reported_time": 1650349170}
        )
        assert found.last_reported_soc_percent == 97
        (interval,) = found.intervals
        assert (interval.charge_wh, interval.discharge_wh, interval.soc_percent) == (40, 0, 25)
        assert interval.raw is row


@pytest.mark.parametrize("soc", [None, "", "n/a"])
def test_a_battery_that_never_reported(soc: Any) -> None:
    found = BatteryTelemetry.from_api({**EMPTY, "last_reported_soc": soc})
    assert found.last_reported_soc_percent is None


@pytest.mark.parametrize(
    ("call", "path", "answer"),
    [
        (lambda c: c.production.get_energy_lifetime, "energy_lifetime", {"production": []}),
        (
            lambda c: c.consumption.get_consumption_lifetime,
            "consumption_lifetime",
            {"consumption": [5, 6]},
        ),
        (
            lambda c: c.consumption.get_battery_lifetime,
            "battery_lifetime",
            {"charge": [1], "discharge": [2]},
        ),
        (
            lambda c: c.consumption.get_energy_import_lifetime,
            "energy_import_lifetime",
            {"import": [5, 6]},
        ),
        (
            lambda c: c.consumption.get_energy_export_lifetime,
            "energy_export_lifetime",
            {"export": [5, 6]},
        ),
    ],
)
def test_days_are_asked_for_as_days(
    ask: Any, caller: MakeCaller, serve: Serve, call: Any, path: str, answer: Any
) -> None:
    whole = {**DAYS, **answer, "meta": META}
    found, request = ask(lambda c: call(c)(701), whole)
    assert request.target == f"{SYSTEM}/{path}"
    assert found.raw == whole
    _, request = ask(lambda c: call(c)(701, date(2024, 6, 1), date(2024, 6, 2)), whole)
    assert request.target == f"{SYSTEM}/{path}?start_date=2024-06-01&end_date=2024-06-02"

    server = serve(saying(json_answer(200, whole)))
    client = caller(server.url, timeouts={"*": PATIENT}).client
    for days in ((date(2024, 6, 2), date(2024, 6, 1)), (NOON, None), ("2024-06-01", None)):
        with pytest.raises(ValueError):
            call(client)(701, *days)
    assert server.connections == 0
    with pytest.raises(OutcomeUnknown):
        ask(lambda c: call(c)(701), DAYS)


def test_production_by_day(ask: Any) -> None:
    answer = {
        **DAYS,
        "meter_start_date": "2024-06-04",
        "production": [15422, 0, "17118", None, 0, 0],
        "micro_production": [1],
        "meter_production": [],
    }
    found, request = ask(lambda c: c.production.get_energy_lifetime(701, production="all"), answer)
    assert request.query == "production=all"
    assert found.production_wh == [15422, 0, 17118, None, 0, 0]
    assert (found.micro_production_wh, found.meter_start_date) == ([1], date(2024, 6, 4))
    assert found.days(found.production_wh) == [
        (date(2024, 6, 1), 15422),
        (date(2024, 6, 2), 0),
        (date(2024, 6, 3), 17118),
        (date(2024, 6, 4), None),
        (date(2024, 6, 5), None),
        (date(2024, 6, 6), None),
    ]


def test_a_site_that_never_produced() -> None:
    found = ProductionLifetime.from_api({"system_id": 1, "start_date": None, "production": []})
    assert (found.start_date, found.days(found.production_wh)) == (None, [])
    assert ProductionLifetime.from_api({"system_id": 1, "production": None}).production_wh == []


def test_a_value_that_cannot_be_read_shifts_no_day() -> None:
    found = EnergyLifetime.from_api(
        {**DAYS, "consumption": [1, "x", [], True, 10**400, float("1e300"), 7]}
    )
    assert found.energy_wh == [1, None, None, None, None, None, 7]
    assert found.days(found.energy_wh)[6] == (date(2024, 6, 7), 7)


def test_charge_and_discharge_side_by_side() -> None:
    found = BatteryLifetime.from_api({**DAYS, "charge": [1, 2], "discharge": [3, 0]})
    assert (found.charge_wh, found.discharge_wh) == ([1, 2], [3, 0])


def test_meter_readings(ask: Any) -> None:
    answer = {
        "system_id": 66,
        "meter_readings": [
            {"serial_number": "123EIM1", "value": 6180635, "read_at": 1473901200},
            {"serial_num": "124EIM1", "value": 5},
            None,
        ],
        "meta": META,
    }
    found, request = ask(
        lambda c: c.production.get_production_meter_readings(66, end_at=NOON), answer
    )
    assert request.target == "/api/v4/systems/66/production_meter_readings?end_at=1717268400"
    assert [row.serial_number for row in found.meter_readings] == ["123EIM1", "124EIM1"]
    assert found.meter_readings[0].energy_wh == 6180635
    assert found.unreadable == [None]
    with pytest.raises(ValueError):
        MeterReadings.from_api({"system_id": 66})


def test_revenue_grade_meters(ask: Any) -> None:
    answer = {
        "system_id": 66,
        "total_devices": 2,
        "intervals": [{"end_at": 1384122700, "wh_del": 50.5, "devices_reporting": 2}],
        "meter_intervals": [
            {
                "meter_serial_number": "1218676784",
                "intervals": [{"channel": 1, "end_at": 1384122700, "wh_del": 30, "curr_w": 120}],
            }
        ],
    }
    found, request = ask(
        lambda c: c.production.get_rgm_stats(66, NOON, NOON + timedelta(days=7)), answer
    )
    assert request.query == "start_at=1717268400&end_at=1717873200"
    assert found.intervals[0].energy_wh == 50.5
    (interval,) = found.meter_intervals[0].intervals
    assert (interval.channel, interval.energy_wh, interval.power_w) == (1, 30, 120)
    _, request = ask(lambda c: c.production.get_rgm_stats(66), answer)
    assert request.query == ""
    for end in (NOON, NOON - timedelta(1), NOON + timedelta(days=7, seconds=1)):
        with pytest.raises(ValueError):
            ask(lambda c, end=end: c.production.get_rgm_stats(66, NOON, end), answer)


def test_data_that_are_not_there_at_the_moment_are_not_asked_for_at_once(
    caller: MakeCaller, serve: Serve
) -> None:
    body = {"errorCode": 7, "errorMessages": ["Data is temporarily unavailable"]}
    server = serve(saying(json_answer(500, body)))
    made = caller(server.url, timeouts={"*": PATIENT})
    with pytest.raises(TryLater, match="temporarily unavailable") as caught:
        made.client.production.get_rgm_stats(66)
    assert isinstance(caught.value, OutcomeUnknown)
    assert caught.value.status == 500
    assert caught.value.retry_at is not None
    assert caught.value.retry_at > datetime.now(UTC)
    assert len(server.requests) == len(made.hits) == 1

    server = serve(saying(json_answer(500, {**body, "errorCode": 8})))
    with pytest.raises(OutcomeUnknown) as other:
        caller(server.url, timeouts={"*": PATIENT}).client.production.get_rgm_stats(66)
    assert not isinstance(other.value, TryLater)
    assert len(server.requests) == 3


def test_the_newest_values_by_kind(ask: Any) -> None:
    answer = {
        "system_id": 701,
        "devices": {
            "meters": [
                {"id": 1, "name": "production", "channel": 1, "last_report_at": 1701418500},
                {"id": 1, "name": "production", "channel": 2, "power": None},
            ],
            "encharges": [{"id": 2, "power": -15, "operational_mode": "Idle"}],
            "heat-pump": [{"serial_number": "", "operational_mode": "MODE_2"}],
            "evse": [{"serial_number": "380699", "operational_mode": "PLUGGED_OUT"}],
        },
    }
    found, request = ask(lambda c: c.consumption.get_latest_telemetry(701), answer)
    assert request.target == f"{SYSTEM}/latest_telemetry"
    assert [row.channel for row in found.of_kind("meters")] == [1, 2]
    assert found.of_kind("meters")[1].power_w is None
    assert found.of_kind("encharges")[0].power_w == -15
    assert found.of_kind("heat_pump")[0].serial_number is None
    assert found.of_kind("ev_chargers")[0].operational_mode == "PLUGGED_OUT"
    assert LatestTelemetry.from_api({"system_id": 1, "devices": "x"}).unreadable == ["x"]
    assert found.raw == answer
