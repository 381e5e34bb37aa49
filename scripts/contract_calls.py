"""What `make contract` asks of all 79 operations in the sandbox's small world, and in what ways."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from enphase import Client

Call = Callable[[Client, "Ids"], Any]

TODAY = datetime.now(UTC).date()
DAY = TODAY - timedelta(days=3)
LATER = TODAY - timedelta(days=2)
MOMENT = datetime(DAY.year, DAY.month, DAY.day, 7, tzinfo=UTC)
SOON_AFTER = MOMENT + timedelta(hours=6)
TOO_LONG_AGO = date(2015, 1, 1)
LONG_AGO = datetime(2015, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Ids:
    """Who and what a call is about."""

    site: int = 703
    company: int = 9
    user: int = 3003
    array: int = 7030
    maker: int = 106
    meter: str = "202300000703EIM1"
    micro: str = "482000070300"
    acb: str = "911000007050"
    battery: str = "122038000001"
    charger: str = "202400000703"


OURS = Ids()
SOMEBODY_ELSES = replace(OURS, site=801, company=20, user=3101)
NOBODYS = Ids(5, 5, 5, 5, 5, "5", "5", "5", "5", "5")
# Where the site of all others will not do: 701 can be switched, 702 deleted, 705 is given an AC
# battery, and a branch's user is a company user.
SPECIAL: Mapping[str, Ids] = {
    "set_production_mode": replace(OURS, site=701),
    "get_production_mode": replace(OURS, site=701),
    "delete_activation": replace(OURS, site=702),
    "update_activation": replace(OURS, site=702),
    "get_acb_telemetry": replace(OURS, site=705),
    "grant_activation_access": replace(OURS, site=701, user=3002),
    "revoke_activation_access": replace(OURS, site=701, user=3002),
    "get_user": replace(OURS, user=2011),
    "update_user": replace(OURS, user=2011),
    "get_company_user": replace(OURS, user=2001),
    "update_company_user": replace(OURS, company=81, user=2011),
}

ADDRESS = {
    "street1": "48 Juniper Street",
    "city": "Davis",
    "state": "CA",
    "postal_code": "95616",
    "country": "US",
}
SITE = {
    "system_name": "Juniper Street 48",
    "address": ADDRESS,
    "grid_connection_type": 2,
    "third_party_storage_device_installed": False,
    "operational": True,
    "allow_public_access": False,
}
EVERYTHING = {
    **SITE,
    "reference": "CONTRACT1",
    "owner_id": 3001,
    "host_id": 2011,
    "system_type": "residential",
    "internet_connection": "broadband",
    "envoy_serial_numbers": ["202355500001"],
    "authorized_subcontractor_id": 50,
    "pv_manufacturer": 106,
    "pv_model": 1047,
    "pv_module_power_rating": 410,
    "pv_module_type": 1,
    "expected_pcu_count": 20,
}
PERSON: dict[str, Any] = {
    "email": "anne.contract@example.com",
    "first_name": "Anne",
    "last_name": "Smit & Zoon",
    "phone": "555-0100",
    "enlighten_emails": False,
}
ARRAY: Any = {
    "label": "South",
    "angle": 30,
    "tilt": 25.0,
    "provisioned_envoy": "202300000703",
    "left": 0,
    "top": 0,
    "modules": [{"left": 0, "top": 0, "angle": 0, "serial_num": "482000070300"}],
}
ELSEWHERE: Any = {**ARRAY, "provisioned_envoy": "1"}
TARIFF: dict[str, Any] = {
    "currency": {"code": "USD"},
    "single_rate": {"rate": "0.30", "sell": "0.05"},
    "seasons": [
        {
            "id": "all_year_long",
            "start": "1/1",
            "days": [
                {
                    "id": "all_days",
                    "days": "Sun,Mon,Tue,Wed,Thu,Fri,Sat",
                    "must_charge_start": 0,
                    "must_charge_duration": 59,
                    "periods": [
                        {"id": "period_1", "start": 0, "rate": "0.30"},
                        {"id": "period_2", "start": 960, "rate": "0.45"},
                    ],
                    "enable_charge_from_grid": True,
                }
            ],
        }
    ],
}


def frames(client: Client, ids: Ids) -> list[Any]:
    with client.live.stream_live_data(ids.site, 30) as stream:
        return list(stream)


def tariff_once_set(client: Client, ids: Ids) -> Any:
    client.tariffs.update_tariff(ids.site, TARIFF)
    return client.tariffs.get_tariff(ids.site)


# What goes well. Each is also asked with the ids of somebody else and of nobody, with the key of
# another application, and with the limit used up.
CALLS: dict[str, list[Call]] = {
    "list_systems": [
        lambda c, i: c.systems.list_systems(),
        lambda c, i: c.systems.list_systems(page=2, size=2, sort_by="-id"),
    ],
    "search_systems": [
        lambda c, i: c.systems.search_systems(),
        lambda c, i: c.systems.search_systems(
            reference="HAL703", ids=[703], page=1, size=1000, sort_by="-id", live_stream=True
        ),
        lambda c, i: c.systems.search_systems(
            other_reference="RE703", name="a", statuses=["normal", "micro"]
        ),
    ],
    "get_system": [lambda c, i: c.systems.get_system(i.site)],
    "get_system_summary": [
        lambda c, i: c.systems.get_system_summary(i.site),
        lambda c, i: c.systems.get_system_summary(i.site, DAY),
    ],
    "list_system_devices": [lambda c, i: c.systems.list_system_devices(i.site)],
    "retrieve_system_id": [lambda c, i: c.systems.retrieve_system_id(f"202300000{i.site:03}")],
    "get_inverters_summary": [
        lambda c, i: c.systems.get_inverters_summary(i.site),
        lambda c, i: c.systems.get_inverters_summary(i.site, f"202300000{i.site:03}"),
    ],
    "get_production_meter_readings": [
        lambda c, i: c.production.get_production_meter_readings(i.site),
        lambda c, i: c.production.get_production_meter_readings(i.site, MOMENT),
    ],
    "get_rgm_stats": [
        lambda c, i: c.production.get_rgm_stats(i.site),
        lambda c, i: c.production.get_rgm_stats(i.site, MOMENT, SOON_AFTER),
    ],
    "get_energy_lifetime": [
        lambda c, i: c.production.get_energy_lifetime(i.site),
        lambda c, i: c.production.get_energy_lifetime(i.site, DAY, LATER, "all"),
    ],
    "get_production_micro_telemetry": [
        lambda c, i: c.production.get_production_micro_telemetry(i.site),
        lambda c, i: c.production.get_production_micro_telemetry(
            i.site, start_at=MOMENT, granularity="15mins"
        ),
    ],
    "get_production_meter_telemetry": [
        lambda c, i: c.production.get_production_meter_telemetry(
            i.site, start_date=DAY, granularity="week"
        )
    ],
    "get_consumption_lifetime": [
        lambda c, i: c.consumption.get_consumption_lifetime(i.site, DAY, LATER)
    ],
    "get_battery_lifetime": [lambda c, i: c.consumption.get_battery_lifetime(i.site, DAY, LATER)],
    "get_energy_import_lifetime": [
        lambda c, i: c.consumption.get_energy_import_lifetime(i.site, DAY, LATER)
    ],
    "get_energy_export_lifetime": [
        lambda c, i: c.consumption.get_energy_export_lifetime(i.site, DAY, LATER)
    ],
    "get_battery_telemetry": [
        lambda c, i: c.consumption.get_battery_telemetry(i.site, start_at=MOMENT)
    ],
    "get_consumption_meter_telemetry": [
        lambda c, i: c.consumption.get_consumption_meter_telemetry(i.site, start_date=DAY)
    ],
    "get_energy_import_telemetry": [
        lambda c, i: c.consumption.get_energy_import_telemetry(i.site, start_date=DAY)
    ],
    "get_energy_export_telemetry": [
        lambda c, i: c.consumption.get_energy_export_telemetry(
            i.site, start_at=MOMENT, granularity="15mins"
        )
    ],
    "get_latest_telemetry": [lambda c, i: c.consumption.get_latest_telemetry(i.site)],
    "get_micro_telemetry": [
        lambda c, i: c.devices.get_micro_telemetry(i.site, i.micro, start_at=MOMENT)
    ],
    "get_acb_telemetry": [
        lambda c, i: c.devices.get_acb_telemetry(i.site, i.acb, start_date=DAY)
    ],
    "get_encharge_telemetry": [
        lambda c, i: c.devices.get_encharge_telemetry(i.site, i.battery, start_date=DAY)
    ],
    "get_battery_settings": [lambda c, i: c.config.get_battery_settings(i.site)],
    "update_battery_settings": [
        lambda c, i: c.config.update_battery_settings(i.site, "Self-consumption", 30, "enabled")
    ],
    "get_storm_guard": [lambda c, i: c.config.get_storm_guard(i.site)],
    "update_storm_guard": [lambda c, i: c.config.update_storm_guard(i.site, "enabled")],
    "get_grid_status": [lambda c, i: c.config.get_grid_status(i.site)],
    "get_load_control": [lambda c, i: c.config.get_load_control(i.site)],
    "update_load_control": [
        lambda c, i: c.config.update_load_control(i.site, "NC1", "Basic"),
        lambda c, i: c.config.update_load_control(i.site, "NC1", "Advanced_BatteryPowered", 30),
    ],
    "stream_live_data": [frames],
    "list_ev_chargers": [lambda c, i: c.ev_chargers.list_ev_chargers(i.site)],
    "list_ev_charger_events": [
        lambda c, i: c.ev_chargers.list_ev_charger_events(i.site, i.charger, 0, 100)
    ],
    "list_ev_charger_sessions": [
        lambda c, i: c.ev_chargers.list_ev_charger_sessions(i.site, i.charger, 0, 100)
    ],
    "list_ev_charger_schedules": [
        lambda c, i: c.ev_chargers.list_ev_charger_schedules(i.site, i.charger)
    ],
    "get_ev_charger_lifetime": [
        lambda c, i: c.ev_chargers.get_ev_charger_lifetime(i.site, i.charger, DAY, LATER)
    ],
    "get_ev_charger_telemetry": [
        lambda c, i: c.ev_chargers.get_ev_charger_telemetry(
            i.site, i.charger, start_date=DAY, granularity="week"
        )
    ],
    "start_ev_charging": [
        lambda c, i: c.ev_chargers.start_ev_charging(i.site, i.charger, 1, 40),
        lambda c, i: c.ev_chargers.start_ev_charging(i.site, i.charger),
    ],
    "stop_ev_charging": [lambda c, i: c.ev_chargers.stop_ev_charging(i.site, i.charger)],
    "get_battery_mode": [lambda c, i: c.activations.get_battery_mode(i.site)],
    "update_battery_mode": [lambda c, i: c.activations.update_battery_mode(i.site, True, False)],
    "list_activations": [
        lambda c, i: list(c.activations.each(limit=2)),
        lambda c, i: c.activations.list_activations(
            stage=[1, 2], reference="HAL702", installer_id=9, system_name="x", street1="1",
            street2="B", city="Davis", state="CA", country="US", postal_code="95616",
            owner_id="null", host_id=5,
        ),
        lambda c, i: c.activations.list_activations(stage="in_progress"),
    ],
    "create_activation": [
        lambda c, i: c.activations.create_activation(EVERYTHING),
        lambda c, i: c.activations.create_activation({**SITE, "interconnect_date": DAY}),
    ],
    "get_activation": [
        lambda c, i: c.activations.get_activation(i.site),
        lambda c, i: c.activations.get_activation(i.site, expand=()),
    ],
    "update_activation": [
        lambda c, i: c.activations.update_activation(i.site, EVERYTHING),
    ],
    "delete_activation": [lambda c, i: c.activations.delete_activation(i.site)],
    "grant_activation_access": [
        lambda c, i: c.activations.grant_activation_access(i.site, i.user)
    ],
    "revoke_activation_access": [
        lambda c, i: c.activations.revoke_activation_access(i.site, i.user)
    ],
    "set_production_mode": [
        lambda c, i: c.activations.set_production_mode(i.site, "on"),
        lambda c, i: c.activations.set_production_mode(i.site, "off"),
    ],
    "get_production_mode": [lambda c, i: c.activations.get_production_mode(i.site)],
    "get_activation_user": [
        lambda c, i: c.users.get_activation_user(i.site, i.user),
        lambda c, i: c.users.get_activation_user(i.site, i.user, expand_company=False),
    ],
    "update_activation_user": [
        lambda c, i: c.users.update_activation_user(i.site, i.user, **PERSON)
    ],
    "search_users": [
        lambda c, i: c.users.search_users("ada.okafor@example.com"),
        lambda c, i: c.users.search_users("tess@bluebonnet.example"),
        lambda c, i: c.users.search_users("nobody+at.all@example.com"),
    ],
    "get_user": [
        lambda c, i: c.users.get_user(i.user),
        lambda c, i: c.users.get_user(i.user, expand_company=False),
    ],
    "update_user": [
        lambda c, i: c.users.update_user(i.user, **PERSON),
    ],
    "get_current_user": [
        lambda c, i: c.users.get_current_user(),
        lambda c, i: c.users.get_current_user(expand_company=False),
    ],
    "list_company_users": [lambda c, i: c.companies.list_company_users(i.company)],
    "create_company_user": [lambda c, i: c.companies.create_company_user(i.company, **PERSON)],
    "get_company_user": [
        lambda c, i: c.companies.get_company_user(i.company, i.user),
        lambda c, i: c.companies.get_company_user(i.company, i.user, expand_company=False),
    ],
    "update_company_user": [
        lambda c, i: c.companies.update_company_user(i.company, i.user, **PERSON)
    ],
    "list_company_branches": [lambda c, i: c.companies.list_company_branches()],
    "list_authorized_subcontractors": [
        lambda c, i: c.companies.list_authorized_subcontractors()
    ],
    "create_home_owner": [lambda c, i: c.users.create_home_owner(**PERSON)],
    "get_estimate": [lambda c, i: c.estimates.get_estimate(i.site)],
    "update_estimate": [
        lambda c, i: c.estimates.update_estimate(i.site, "0.5", ["312.5"] * 12),
        lambda c, i: c.estimates.update_estimate(i.site, "0.0", []),
    ],
    "list_grid_profiles": [lambda c, i: c.catalog.list_grid_profiles()],
    "get_meter": [lambda c, i: c.meters.get_meter(i.site, i.meter)],
    "update_meter": [lambda c, i: c.meters.update_meter(i.site, i.meter, DAY)],
    "control_meter": [
        lambda c, i: c.meters.control_meter(i.site, i.meter, "disabled"),
        lambda c, i: c.meters.control_meter(i.site, i.meter, "enabled"),
    ],
    "list_pv_manufacturers": [lambda c, i: c.catalog.list_pv_manufacturers()],
    "list_pv_models": [lambda c, i: c.catalog.list_pv_models(i.maker)],
    "get_tariff": [lambda c, i: c.tariffs.get_tariff(i.site), tariff_once_set],
    "update_tariff": [lambda c, i: c.tariffs.update_tariff(i.site, TARIFF)],
    "list_arrays": [lambda c, i: c.arrays.list_arrays(i.site)],
    "update_arrays": [lambda c, i: c.arrays.update_arrays(i.site, 30, [ARRAY])],
    "get_array": [lambda c, i: c.arrays.get_array(i.site, i.array)],
    "update_array": [lambda c, i: c.arrays.update_array(i.site, i.array, ARRAY)],
    "delete_array": [lambda c, i: c.arrays.delete_array(i.site, i.array)],
}  # fmt: skip

# What the client lets pass and Enphase refuses for what is in it. Only the answers are judged: the
# requests are wrong on purpose.
MISTAKES: dict[str, list[Call]] = {
    "search_systems": [lambda c, i: c.systems.search_systems(statuses=["castle"])],
    "retrieve_system_id": [lambda c, i: c.systems.retrieve_system_id("not a serial")],
    "get_rgm_stats": [
        lambda c, i: c.production.get_rgm_stats(i.site, LONG_AGO, LONG_AGO + timedelta(days=1))
    ],
    "get_production_micro_telemetry": [
        lambda c, i: c.production.get_production_micro_telemetry(i.site, start_date=TOO_LONG_AGO)
    ],
    "get_production_meter_telemetry": [
        lambda c, i: c.production.get_production_meter_telemetry(i.site, start_date=TOO_LONG_AGO)
    ],
    "get_consumption_meter_telemetry": [
        lambda c, i: c.consumption.get_consumption_meter_telemetry(i.site, start_date=TOO_LONG_AGO)
    ],
    "get_battery_telemetry": [
        lambda c, i: c.consumption.get_battery_telemetry(i.site, start_date=TOO_LONG_AGO)
    ],
    "get_energy_import_telemetry": [
        lambda c, i: c.consumption.get_energy_import_telemetry(i.site, start_date=TOO_LONG_AGO)
    ],
    "get_micro_telemetry": [
        lambda c, i: c.devices.get_micro_telemetry(i.site, "1", start_date=DAY)
    ],
    "get_encharge_telemetry": [
        lambda c, i: c.devices.get_encharge_telemetry(i.site, i.battery, start_date=TOO_LONG_AGO)
    ],
    # A site with microinverters only.
    "get_battery_settings": [lambda c, i: c.config.get_battery_settings(705)],
    "update_battery_settings": [
        lambda c, i: c.config.update_battery_settings(i.site, reserve_soc=0)
    ],
    "get_storm_guard": [lambda c, i: c.config.get_storm_guard(705)],
    "update_storm_guard": [lambda c, i: c.config.update_storm_guard(705, "enabled")],
    "get_grid_status": [lambda c, i: c.config.get_grid_status(702)],
    "update_load_control": [lambda c, i: c.config.update_load_control(i.site, "NC9", "Basic")],
    "stream_live_data": [
        lambda c, i: frames(c, replace(i, site=702)),
        lambda c, i: frames(c, replace(i, site=704)),
        lambda c, i: frames(c, replace(i, site=706)),
    ],
    "list_ev_charger_sessions": [lambda c, i: c.ev_chargers.list_ev_charger_sessions(i.site, "1")],
    "get_ev_charger_lifetime": [
        lambda c, i: c.ev_chargers.get_ev_charger_lifetime(i.site, "1", DAY, LATER)
    ],
    "start_ev_charging": [lambda c, i: c.ev_chargers.start_ev_charging(i.site, "1", 9, 40)],
    "get_battery_mode": [lambda c, i: c.activations.get_battery_mode(702)],
    "update_battery_mode": [lambda c, i: c.activations.update_battery_mode(702, True, True)],
    "list_activations": [lambda c, i: c.activations.list_activations(stage=11)],
    "create_activation": [
        lambda c, i: c.activations.create_activation({"system_name": "No address"}),
        lambda c, i: c.activations.create_activation({**SITE, "envoy_serial_numbers": ["1"]}),
    ],
    "update_activation": [
        lambda c, i: c.activations.update_activation(i.site, {"system_name": "No address"})
    ],
    "delete_activation": [lambda c, i: c.activations.delete_activation(703)],
    "grant_activation_access": [lambda c, i: c.activations.grant_activation_access(i.site, 3101)],
    "set_production_mode": [
        lambda c, i: c.activations.set_production_mode(702, "on"),
        lambda c, i: c.activations.set_production_mode(706, "on"),
    ],
    "get_production_mode": [lambda c, i: c.activations.get_production_mode(702)],
    "search_users": [lambda c, i: c.users.search_users("no address")],
    "create_home_owner": [
        lambda c, i: c.users.create_home_owner("ada.okafor@example.com", "Ada", "Twice"),
        lambda c, i: c.users.create_home_owner("no address", "A", "B"),
    ],
    "create_company_user": [
        lambda c, i: c.companies.create_company_user(
            i.company, **{**PERSON, "email": "dana@halcyon.example"}
        )
    ],
    "update_company_user": [
        lambda c, i: c.companies.update_company_user(
            i.company, i.user, **{**PERSON, "email": "dana@halcyon.example"}
        )
    ],
    "update_user": [
        lambda c, i: c.users.update_user(i.user, **{**PERSON, "email": "dana@halcyon.example"})
    ],
    "update_activation_user": [
        lambda c, i: c.users.update_activation_user(
            i.site, i.user, **{**PERSON, "email": "dana@halcyon.example"}
        )
    ],
    "update_arrays": [lambda c, i: c.arrays.update_arrays(i.site, 0, [ELSEWHERE])],
    "update_array": [lambda c, i: c.arrays.update_array(i.site, i.array, ELSEWHERE)],
}
