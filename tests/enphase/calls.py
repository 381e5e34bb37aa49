"""One call of each of the 79 operations, with every argument that its method takes."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

from enphase import Client

MOMENT = datetime(2026, 6, 1, 7, tzinfo=UTC)
DAY = date(2026, 6, 1)
LATER = date(2026, 6, 8)

NAMES: dict[str, Any] = {
    "email": "anne@example.com",
    "first_name": "Anne",
    "last_name": "Smit",
    "phone": "555-0100",
    "enlighten_emails": False,
}
ARRAY: Any = {
    "id": 7,
    "label": "South",
    "angle": 180,
    "tilt": 30.5,
    "provisioned_envoy": "121616035667",
    "left": 0,
    "top": 0,
    "modules": [{"id": 8, "left": 300, "top": 200, "angle": 0, "serial_num": "121501065212"}],
}
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
                    "periods": [{"id": "period_1", "start": 0, "rate": "0.30"}],
                }
            ],
        }
    ],
}

CALLS: dict[str, Callable[[Client], Any]] = {
    "list_systems": lambda c: c.systems.list_systems(page=2, size=50, sort_by="-id"),
    "search_systems": lambda c: c.systems.search_systems(
        reference="HAL1",
        other_reference="X",
        name="Rooftop",
        ids=[701],
        statuses=["micro"],
        page=1,
        size=1000,
        sort_by="id",
        live_stream=True,
    ),
    "get_system": lambda c: c.systems.get_system(701),
    "get_system_summary": lambda c: c.systems.get_system_summary(701, DAY),
    "list_system_devices": lambda c: c.systems.list_system_devices(701),
    "retrieve_system_id": lambda c: c.systems.retrieve_system_id("202040004942"),
    "get_inverters_summary": lambda c: c.systems.get_inverters_summary(701, "202040004942"),
    "get_production_meter_readings": lambda c: c.production.get_production_meter_readings(
        701, MOMENT
    ),
    "get_rgm_stats": lambda c: c.production.get_rgm_stats(
        701, MOMENT, datetime(2026, 6, 2, tzinfo=UTC)
    ),
    "get_energy_lifetime": lambda c: c.production.get_energy_lifetime(701, DAY, LATER, "all"),
    "get_production_micro_telemetry": lambda c: c.production.get_production_micro_telemetry(
        701, start_at=MOMENT, granularity="5mins"
    ),
    "get_production_meter_telemetry": lambda c: c.production.get_production_meter_telemetry(
        701, start_date=DAY, granularity="week"
    ),
    "get_consumption_lifetime": lambda c: c.consumption.get_consumption_lifetime(701, DAY, LATER),
    "get_battery_lifetime": lambda c: c.consumption.get_battery_lifetime(701, DAY, LATER),
    "get_energy_import_lifetime": lambda c: c.consumption.get_energy_import_lifetime(
        701, DAY, LATER
    ),
    "get_energy_export_lifetime": lambda c: c.consumption.get_energy_export_lifetime(
        701, DAY, LATER
    ),
    "get_battery_telemetry": lambda c: c.consumption.get_battery_telemetry(701, start_at=MOMENT),
    "get_consumption_meter_telemetry": lambda c: c.consumption.get_consumption_meter_telemetry(
        701, start_date=DAY
    ),
    "get_energy_import_telemetry": lambda c: c.consumption.get_energy_import_telemetry(
        701, start_date=DAY
    ),
    "get_energy_export_telemetry": lambda c: c.consumption.get_energy_export_telemetry(
        701, start_at=MOMENT, granularity="15mins"
    ),
    "get_latest_telemetry": lambda c: c.consumption.get_latest_telemetry(701),
    "get_micro_telemetry": lambda c: c.devices.get_micro_telemetry(701, "9021", start_at=MOMENT),
    "get_acb_telemetry": lambda c: c.devices.get_acb_telemetry(701, "9022", start_date=DAY),
    "get_encharge_telemetry": lambda c: c.devices.get_encharge_telemetry(
        701, "9023", start_date=DAY
    ),
    "get_battery_settings": lambda c: c.config.get_battery_settings(701),
    "update_battery_settings": lambda c: c.config.update_battery_settings(
        701, "Self-consumption", 20, "enabled"
    ),
    "get_storm_guard": lambda c: c.config.get_storm_guard(701),
    "update_storm_guard": lambda c: c.config.update_storm_guard(701, "enabled"),
    "get_grid_status": lambda c: c.config.get_grid_status(701),
    "get_load_control": lambda c: c.config.get_load_control(701),
    "update_load_control": lambda c: c.config.update_load_control(
        701, "NC1", "Advanced_BatteryPowered", 30, time(9), 57_600, "Downstairs A/C"
    ),
    "stream_live_data": lambda c: c.live.stream_live_data(701, 30),
    "list_ev_chargers": lambda c: c.ev_chargers.list_ev_chargers(701),
    "list_ev_charger_events": lambda c: c.ev_chargers.list_ev_charger_events(701, "2023", 20, 100),
    "list_ev_charger_sessions": lambda c: c.ev_chargers.list_ev_charger_sessions(
        701, "2023", 20, 100
    ),
    "list_ev_charger_schedules": lambda c: c.ev_chargers.list_ev_charger_schedules(701, "2023"),
    "get_ev_charger_lifetime": lambda c: c.ev_chargers.get_ev_charger_lifetime(
        701, "2023", DAY, LATER
    ),
    "get_ev_charger_telemetry": lambda c: c.ev_chargers.get_ev_charger_telemetry(
        701, "2023", start_date=DAY, granularity="week"
    ),
    "start_ev_charging": lambda c: c.ev_chargers.start_ev_charging(701, "2023", 1, 40),
    "stop_ev_charging": lambda c: c.ev_chargers.stop_ev_charging(701, "2023"),
    "get_battery_mode": lambda c: c.activations.get_battery_mode(701),
    "update_battery_mode": lambda c: c.activations.update_battery_mode(701, True, False),
    "list_activations": lambda c: c.activations.list_activations(
        limit=1000,
        next="6c6f",
        stage=[1, 2],
        reference="HAL1",
        installer_id=9,
        system_name="Rooftop",
        street1="1 Main St",
        street2="B",
        city="Davis",
        state="CA",
        country="US",
        postal_code="95616",
        owner_id="null",
        host_id=5,
    ),
    "create_activation": lambda c: c.activations.create_activation({"system_name": "Rooftop"}),
    "get_activation": lambda c: c.activations.get_activation(701),
    "update_activation": lambda c: c.activations.update_activation(701, {"system_name": "Roof"}),
    "delete_activation": lambda c: c.activations.delete_activation(701),
    "grant_activation_access": lambda c: c.activations.grant_activation_access(701, 5),
    "revoke_activation_access": lambda c: c.activations.revoke_activation_access(701, 5),
    "set_production_mode": lambda c: c.activations.set_production_mode(701, "on"),
    "get_production_mode": lambda c: c.activations.get_production_mode(701),
    "get_activation_user": lambda c: c.users.get_activation_user(701, 5),
    "update_activation_user": lambda c: c.users.update_activation_user(
        701, 5, **NAMES, enlighten_view="my", company_id=9
    ),
    "search_users": lambda c: c.users.search_users("anne+solar@example.com"),
    "get_user": lambda c: c.users.get_user(5),
    "update_user": lambda c: c.users.update_user(5, **NAMES, enlighten_view="my", company_id=9),
    "get_current_user": lambda c: c.users.get_current_user(),
    "list_company_users": lambda c: c.companies.list_company_users(9),
    "create_company_user": lambda c: c.companies.create_company_user(9, **NAMES),
    "get_company_user": lambda c: c.companies.get_company_user(9, 5),
    "update_company_user": lambda c: c.companies.update_company_user(
        9, 5, **NAMES, new_company_id=81
    ),
    "list_company_branches": lambda c: c.companies.list_company_branches(),
    "list_authorized_subcontractors": lambda c: c.companies.list_authorized_subcontractors(),
    "create_home_owner": lambda c: c.users.create_home_owner(**NAMES),
    "get_estimate": lambda c: c.estimates.get_estimate(701),
    "update_estimate": lambda c: c.estimates.update_estimate(701, "0.5", ["3112.5"] * 12),
    "list_grid_profiles": lambda c: c.catalog.list_grid_profiles(),
    "get_meter": lambda c: c.meters.get_meter(701, "901553005272EIM1"),
    "update_meter": lambda c: c.meters.update_meter(701, "901553005272EIM1", DAY),
    "control_meter": lambda c: c.meters.control_meter(701, "901553005272EIM1", "enabled"),
    "list_pv_manufacturers": lambda c: c.catalog.list_pv_manufacturers(),
    "list_pv_models": lambda c: c.catalog.list_pv_models(109),
    "get_tariff": lambda c: c.tariffs.get_tariff(701),
    "update_tariff": lambda c: c.tariffs.update_tariff(701, TARIFF),
    "list_arrays": lambda c: c.arrays.list_arrays(701),
    "update_arrays": lambda c: c.arrays.update_arrays(701, 30, [ARRAY]),
    "get_array": lambda c: c.arrays.get_array(701, 7),
    "update_array": lambda c: c.arrays.update_array(701, 7, ARRAY),
    "delete_array": lambda c: c.arrays.delete_array(701, 7),
}
