"""Settings go through the client to the sandbox and come back as they were meant."""

import time
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, TypeVar

import pytest

from enphase import Client, Rejected
from enphase.records import Tariff
from tests.enphase.calls import TARIFF
from tests.enphase.pretend import Sandbox

T = TypeVar("T")


def when(read: Callable[[], T], done: Callable[[T], bool], seconds: float = 8) -> T:
    """Read until it is as it should be, as people do with tasks of a gateway; bounded."""
    until = time.monotonic() + seconds
    while True:
        found = read()
        if done(found) or time.monotonic() > until:
            return found
        time.sleep(0.1)


def test_arrays_come_back_as_enlighten_arranged_them(client: Client) -> None:
    before = client.arrays.list_arrays(703)
    (array,) = before.arrays
    changed: Any = {**array.for_update(), "label": "Barn", "angle": 90, "tilt": "22.5"}
    answered = client.arrays.update_arrays(703, 0, [changed])
    after = client.arrays.list_arrays(703)
    assert after.raw["arrays"] == answered.raw["arrays"]
    (found,) = after.arrays
    assert (found.label, found.angle, found.tilt) == ("Barn", 90, 22.5)
    assert {module.serial_num for module in found.modules} == {
        module.serial_num for module in array.modules
    }


def test_one_array_is_read_changed_and_deleted(client: Client) -> None:
    array_id = client.arrays.list_arrays(703).arrays[0].id
    assert array_id is not None
    array = client.arrays.get_array(703, array_id)
    fields: Any = {**array.for_update(), "label": "Shed"}
    assert client.arrays.update_array(703, array_id, fields).label == "Shed"
    assert client.arrays.get_array(703, array_id).label == "Shed"
    assert "deleted" in client.arrays.delete_array(703, array_id)
    assert client.arrays.list_arrays(703).arrays == []
    with pytest.raises(Rejected):
        client.arrays.delete_array(703, array_id)


def test_a_tariff_comes_back(client: Client) -> None:
    task = client.tariffs.update_tariff(703, TARIFF)
    assert task.is_pending
    found = when(
        lambda: client.tariffs.get_tariff(703),
        lambda found: not (found.task and found.task.is_pending),
    )
    assert found.task is None or not found.task.is_pending
    tariff = found.tariff
    assert tariff is not None
    assert tariff.currency == "USD"
    assert tariff.single_rate is not None
    assert tariff.single_rate.rate == Decimal("0.30")
    (season,) = tariff.seasons
    assert season.start_month_day == (1, 1)
    assert season.days[0].periods[0].rate == Decimal("0.30")
    # What was read can be sent as it is.
    assert client.tariffs.update_tariff(703, tariff.for_update()).is_pending
    again = Tariff.from_api(tariff.for_update())
    assert [row.start for row in again.seasons] == [row.start for row in tariff.seasons]


def test_an_estimate_comes_back_to_the_digit(client: Client) -> None:
    months = [Decimal("312.25"), *[Decimal(n) for n in range(1, 12)]]
    client.estimates.update_estimate(703, Decimal("0.75"), months)
    found = client.estimates.get_estimate(703)
    assert (found.degrade_factor, found.month_estimates) == (Decimal("0.75"), months)
    client.estimates.update_estimate(703, 0, [])
    assert client.estimates.get_estimate(703).month_estimates == []


def test_battery_settings_come_back(client: Client) -> None:
    for mode in ("Savings Mode", "Full Backup", "Self-consumption"):
        answered = client.config.update_battery_settings(703, mode, reserve_soc=35)
        assert (answered.profile, answered.reserve_soc_percent) == (mode, 35)
        assert client.config.get_battery_settings(703).profile == mode
    client.config.update_battery_settings(703, energy_independence="enabled")
    found = client.config.get_battery_settings(703)
    assert (found.energy_independence, found.reserve_soc_percent) == (True, 35)
    with pytest.raises(Rejected, match="encharge"):
        client.config.get_battery_settings(701)


def test_storm_guard_and_grid(client: Client) -> None:
    assert client.config.update_storm_guard(703, "enabled").storm_guard_enabled is True
    assert client.config.get_storm_guard(703).storm_guard_enabled is True
    assert client.config.update_storm_guard(703, "disabled").storm_guard_enabled is False
    assert client.config.get_grid_status(703).is_on_grid is True


def test_dry_contacts_come_back(client: Client) -> None:
    answered = client.config.update_load_control(
        703, "NC1", "Scheduled", essential_start_time=3600, essential_end_time=7200
    )
    contact = answered.contact("NC1")
    assert contact is not None
    assert (contact.mode, contact.essential_start_seconds) == ("Scheduled", 3600)
    assert len(answered.load_control_data) == len(
        client.config.get_load_control(703).load_control_data
    )


def test_battery_mode_comes_back(client: Client) -> None:
    assert client.activations.update_battery_mode(703, cfg_allowed=False, dtg_allowed=True)
    found = client.activations.get_battery_mode(703)
    assert (found.cfg_allowed, found.dtg_allowed) == (False, True)
    with pytest.raises(Rejected, match="PV only"):
        client.activations.get_battery_mode(701)


def test_a_meter_is_dated_and_switched_off(client: Client) -> None:
    serial = client.systems.list_system_devices(703).of_kind("meters")[0].serial_number
    assert serial is not None
    day = client.meters.get_meter(703, serial).operational_date
    assert day is not None
    assert client.meters.update_meter(703, serial, day + timedelta(1)).operational_date == (
        day + timedelta(1)
    )
    assert "ask sent" in client.meters.control_meter(703, serial, "disabled")
    meter = when(
        lambda: client.meters.get_meter(703, serial), lambda meter: meter.is_enabled is False
    )
    assert meter.is_enabled is False
    assert isinstance(meter.operational_date, date)
    with pytest.raises(Rejected) as caught:
        client.meters.get_meter(703, "000000000000EIM1")
    assert caught.value.status == 404


def test_people_of_a_company(client: Client, sandbox: Sandbox) -> None:
    me = client.users.get_current_user()
    assert me.company is not None
    company_id = me.company.company_id
    created = client.companies.create_company_user(
        company_id, "new.hire@halcyon.example", "Nia", "Hire", phone="555-0111"
    )
    assert created.enlighten_view == "manager"
    users = client.companies.list_company_users(company_id)
    assert {me.user_id, created.user_id} <= {user.user_id for user in users}
    assert client.users.get_user(created.user_id).name == "Nia Hire"
    assert client.companies.get_company_user(company_id, created.user_id).name == "Nia Hire"

    changed = client.companies.update_company_user(company_id, created.user_id, last_name="Hired")
    assert changed.name == "Nia Hired"
    changed = client.users.update_user(created.user_id, "nia@halcyon.example", "Nia", "Hay")
    assert changed.email == "nia@halcyon.example"
    match = client.users.search_users("nia@halcyon.example")
    assert match is not None
    assert match.user_id == created.user_id
    assert sandbox.executed("create_company_user") == 1


def test_the_owner_of_a_site(client: Client) -> None:
    owner = client.users.get_activation_user(701, 3001)
    assert owner.email is not None
    changed = client.users.update_activation_user(
        701, 3001, owner.email, "Adaeze", owner.last_name or "", phone="555-0199"
    )
    assert (changed.first_name, changed.phone) == ("Adaeze", "555-0199")
    assert client.users.get_user(3001).first_name == "Adaeze"
    with pytest.raises(Rejected):
        client.users.get_activation_user(701, 999_999)
