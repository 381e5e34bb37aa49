"""Energy, devices, cars and live data of the sandbox, read through the client."""

import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import requests

from enphase import Client, Hit, LiveRefused, OutcomeUnknown, Rejected, TryLater
from enphase.errors import UnsupportedGateway
from tests.enphase.pretend import Sandbox


def local_day(client: Client, days_ago: int) -> datetime:
    """Midnight of a past day where site 703 is."""
    timezone = client.systems.get_system(703).timezone
    assert timezone is not None
    today = datetime.now(ZoneInfo(timezone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return today - timedelta(days=days_ago)


def test_a_day_of_production_adds_up_in_three_ways(client: Client) -> None:
    midnight = local_day(client, 2)
    micro = client.production.get_production_micro_telemetry(703, start_date=midnight.date())
    meter = client.production.get_production_meter_telemetry(703, start_at=midnight)
    lifetime = client.production.get_energy_lifetime(703, production="all")
    by_day = dict(lifetime.days(lifetime.micro_production_wh))
    assert (len(micro.intervals), len(meter.intervals)) == (288, 96)
    whole_day = by_day[midnight.date()]
    assert whole_day is not None
    assert micro.energy_wh == pytest.approx(whole_day, rel=0.02, abs=50)
    assert meter.energy_wh == pytest.approx(whole_day, rel=0.1, abs=200)

    first, second = micro.intervals[:2]
    assert first.end_at is not None
    assert second.end_at is not None
    assert first.end_at - midnight.astimezone(UTC) == timedelta(minutes=5)
    assert second.end_at - first.end_at == timedelta(minutes=5)
    night = [row for row in micro.intervals if row.end_at.astimezone(midnight.tzinfo).hour < 5]
    assert {row.power_w for row in night} == {0}
    assert max(row.power_w or 0 for row in micro.intervals) > 0


def test_one_microinverter_is_a_part_of_all(client: Client) -> None:
    day = local_day(client, 2).date()
    serials = {row.serial_number for row in client.systems.each_inverter(703, size=10)}
    assert len(serials) == 18
    one = client.devices.get_micro_telemetry(703, next(iter(sorted(serials))), start_date=day)
    every = client.production.get_production_micro_telemetry(703, start_date=day)
    assert 0 < one.energy_wh < every.energy_wh
    with pytest.raises(Rejected):
        client.devices.get_micro_telemetry(703, "000000000000", start_date=day)


def test_battery_consumption_and_grid(client: Client) -> None:
    day = local_day(client, 2).date()
    battery = client.consumption.get_battery_telemetry(703, start_date=day)
    assert len(battery.intervals) == 96
    assert all(0 <= (row.soc_percent or 0) <= 100 for row in battery.intervals)
    assert battery.last_reported_soc_percent is not None
    used = client.consumption.get_consumption_meter_telemetry(703, start_date=day)
    drawn = client.consumption.get_energy_import_telemetry(703, start_date=day)
    fed = client.consumption.get_energy_export_telemetry(703, start_date=day)
    assert used.energy_wh > 0
    assert len(drawn.intervals) == len(fed.intervals) == 96
    assert drawn.total_devices == fed.total_devices == 0

    serial = client.systems.list_system_devices(703).of_kind("encharges")[0].serial_number
    assert serial is not None
    one = client.devices.get_encharge_telemetry(703, serial, start_date=day)
    assert one.serial_number == serial
    assert len(one.intervals) == 96

    for lifetime in (
        client.consumption.get_consumption_lifetime(703),
        client.consumption.get_energy_import_lifetime(703),
        client.consumption.get_energy_export_lifetime(703),
    ):
        days = lifetime.days(lifetime.energy_wh)
        assert days
        assert dict(days)[day] is not None
    both = client.consumption.get_battery_lifetime(703)
    assert len(both.charge_wh) == len(both.discharge_wh) > 0


def test_the_newest_values_and_the_summary(client: Client) -> None:
    latest = client.consumption.get_latest_telemetry(703)
    assert latest.of_kind("meters")[0].power_w is not None
    assert len(latest.of_kind("encharges")) == 2
    summary = client.systems.get_system_summary(703)
    assert (summary.modules, summary.battery_capacity_wh) == (18, 10_000)
    assert summary.evse_power[0].serial_number
    past = client.systems.get_system_summary(703, local_day(client, 2).date())
    assert (past.modules, past.size_w, past.current_power_w) == (0, 0, 0)


def test_meter_readings_and_revenue_grade_meters(client: Client) -> None:
    readings = client.production.get_production_meter_readings(703)
    assert (readings.meter_readings[0].energy_wh or 0) > 0
    midnight = local_day(client, 2)
    stats = client.production.get_rgm_stats(703, midnight, midnight + timedelta(hours=6))
    assert len(stats.intervals) == 24
    assert stats.meter_intervals[0].intervals[0].channel == 1


def test_data_that_are_not_there_at_the_moment(
    client: Client, sandbox: Sandbox, hits: list[Hit]
) -> None:
    body = {"errorCode": 7, "errorMessages": ["Data is temporarily unavailable"]}
    sandbox.fault("get_rgm_stats", "status", status=500, body=body, times=1)
    with pytest.raises(TryLater) as caught:
        client.production.get_rgm_stats(703)
    assert caught.value.retry_at is not None
    assert len(hits) == 1
    assert client.production.get_rgm_stats(703).system_id == 703


def test_a_start_in_the_future_is_rejected(client: Client) -> None:
    soon = datetime.now(UTC) + timedelta(days=3)
    with pytest.raises(Rejected) as caught:
        client.production.get_production_micro_telemetry(703, start_at=soon)
    assert caught.value.status == 422


def test_every_system_comes_once(client: Client) -> None:
    ids = [system.system_id for system in client.systems.each(size=2)]
    assert ids == sorted(set(ids)) == [701, 702, 703, 704, 705, 706]
    assert [row.system_id for row in client.systems.each_found(ids=ids, size=4)] == ids


def test_an_ev_charger(client: Client) -> None:
    (charger,) = client.ev_chargers.list_ev_chargers(703).ev_chargers
    serial = charger.serial_number
    assert serial is not None
    sessions = list(client.ev_chargers.each_session(703, serial, limit=2))
    assert len(sessions) == len(list(client.ev_chargers.each_session(703, serial)))
    events = list(client.ev_chargers.each_event(703, limit=3))
    assert len(events) == len(list(client.ev_chargers.each_event(703, serial)))
    assert client.ev_chargers.list_ev_charger_schedules(703, serial).charger_schedules
    day = local_day(client, 2).date()
    lifetime = client.ev_chargers.get_ev_charger_lifetime(703, serial, day, day)
    telemetry = client.ev_chargers.get_ev_charger_telemetry(703, serial, start_date=day)
    assert lifetime.start_date == day
    assert len(telemetry.intervals) == 96
    used = sum(row.energy_wh or 0 for row in telemetry.intervals)
    assert used == pytest.approx(lifetime.energy_wh[0] or 0, abs=50)
    assert "sent" in client.ev_chargers.start_ev_charging(703, serial, charging_level=40)
    assert "sent" in client.ev_chargers.stop_ev_charging(703, serial)
    with pytest.raises(Rejected) as caught:
        client.ev_chargers.list_ev_charger_sessions(703, "000000000000")
    assert caught.value.status == 400


def test_live_data_of_a_site(client: Client, hits: list[Hit]) -> None:
    with client.live.stream_live_data(703) as frames:
        first, second = next(frames), next(frames)
    assert first.at is not None
    assert second.at is not None
    assert timedelta(0) < second.at - first.at < timedelta(seconds=5)
    assert first.system_id == 703
    assert first.pv_power_w is not None
    balance = (first.pv_power_w + (first.battery_power_w or 0) + (first.grid_power_w or 0)) - (
        first.consumption_power_w or 0
    )
    assert abs(balance) <= 5, "what comes in goes out"
    assert [hit.endpoint for hit in hits] == ["stream_live_data"]
    assert client.systems.get_system(703).system_id == 703

    with pytest.raises(UnsupportedGateway):
        client.live.stream_live_data(702)
    with pytest.raises(LiveRefused):
        client.live.stream_live_data(801)  # another company's


def test_a_live_stream_that_nobody_reads_any_more_ends_at_the_sandbox_too(
    client: Client, sandbox: Sandbox
) -> None:
    started = time.monotonic()
    frames = client.live.stream_live_data(703, duration=300)
    next(frames)
    frames.close()
    assert list(frames) == []
    assert time.monotonic() - started < 10
    assert requests.get(f"{sandbox.url}/_sandbox/ledger", timeout=5).ok


@pytest.mark.parametrize("kind", ["bad_json", "html", "truncated", "wrong_types"])
def test_telemetry_gone_wrong_raises_or_says_what_it_could_not_read(
    client: Client, sandbox: Sandbox, kind: str
) -> None:
    options = {"status": 502} if kind == "html" else {}
    sandbox.fault("get_production_micro_telemetry", kind, times=9, **options)
    try:
        found = client.production.get_production_micro_telemetry(703)
    except (OutcomeUnknown, Rejected):
        return
    assert kind == "wrong_types"
    assert found.raw
