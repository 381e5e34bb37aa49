import time

import pytest

from tests.sandbox.monitoring import refused, stands_apart

INVERTERS = "/systems/inverters_summary_by_envoy_or_site"


def local_hour(world, hour):
    """Move the clock to an hour (UTC) of tomorrow."""
    now = world.control("GET", "/clock")["epoch"]
    world.advance((hour * 3600 - now % 86400) % 86400 + 86400)


@pytest.mark.parametrize("path", ["/systems/{}", "/systems/{}/summary", "/systems/{}/devices"])
def test_refusals(world, dana, path):
    stands_apart(world, dana, "GET", path)


def test_systems_are_listed_by_page(dana):
    first = dana.get("/systems", size="4").json()
    assert (first["total"], first["current_page"], first["size"], first["count"]) == (6, 1, 4, 4)
    assert first["items"] == "systems"
    second = dana.get("/systems", size="4", page="2").json()
    ids = [system["system_id"] for system in first["systems"] + second["systems"]]
    assert ids == [701, 702, 703, 704, 705, 706]
    down = dana.get("/systems", sort_by="-id").json()["systems"]
    assert [system["system_id"] for system in down] == ids[::-1]


def test_an_empty_id_lists(dana):
    assert dana.get("/systems/").json()["total"] == 6


def test_systems_sort_by_id_alone(dana):
    text = (
        "Invalid request because of 'The sorting parameter is not supported. Please use id for"
        " sorting by Asc or -id for sorting by Desc'"
    )
    refused(dana.get("/systems", sort_by="name"), 422, text)
    refused(dana.ask("GET", "/systems", headers={"key": ""}), 401, "User is not authorized")
    assert dana.ask("DELETE", "/systems").status_code == 405


def test_one_system_shows_both_kinds_of_references(world, dana):
    shown = dana.get("/systems/703").json()
    assert shown["reference"] == "HAL703"
    assert shown["other_references"] == ["RE703"]
    assert (shown["energy_lifetime"], shown["energy_today"], shown["system_size"]) == (-1, -1, -1)
    assert "reference" not in world.person("iris@selfmade.example").get("/systems").json()


def test_a_stage_may_be_too_early_for_monitoring(world, dana):
    world.control("POST", "/limits", {"systems_visible_from_stage": 3})
    refused(dana.get("/systems/702"), 404, 'System not found for {:id=>"702"}')
    assert dana.get("/systems").json()["total"] == 4


def test_summary_at_noon_and_of_a_past_day(world, dana):
    local_hour(world, 20)  # noon in California
    today = dana.get("/systems/703/summary").json()
    assert today["modules"] == 18
    assert today["size_w"] == 18 * 400
    assert 0 < today["current_power"] < today["size_w"]
    assert today["battery_capacity_wh"] == 10000
    assert today["evse_power"] == [
        {"202400000703": {"evse_max_charge_w": 7200, "evse_min_charge_w": 1440}}
    ]
    day_before = time.strftime("%Y-%m-%d", time.gmtime(today["last_report_at"] - 2 * 86400))
    past = dana.get("/systems/703/summary", summary_date=day_before).json()
    assert past["summary_date"] == day_before
    assert (past["modules"], past["size_w"], past["current_power"]) == (0, 0, 0)
    assert past["energy_today"] > 0
    between = time.strftime("%Y-%m-%d", time.gmtime(today["last_report_at"] - 86400))
    middle = dana.get("/systems/703/summary", summary_date=between).json()
    # Lifetime runs to the day before.
    assert middle["energy_lifetime"] == past["energy_lifetime"] + past["energy_today"]
    assert today["energy_lifetime"] == middle["energy_lifetime"] + middle["energy_today"]


def test_nights_are_dark(world, dana):
    local_hour(world, 9)  # one o'clock at night in California
    assert dana.get("/systems/703/summary").json()["current_power"] == 0


def test_summary_of_a_site_that_never_reported(dana):
    shown = dana.get("/systems/704/summary").json()
    assert (shown["energy_lifetime"], shown["energy_today"], shown["current_power"]) == (0, 0, 0)
    assert shown["last_interval_end_at"] is None
    assert "last_report_at" not in shown


def test_a_date_that_is_none_counts_as_today(dana):
    today = dana.get("/systems/703/summary").json()
    assert dana.get("/systems/703/summary", summary_date="tomorrow").json() == today


def test_production_off_means_no_energy(world, dana):
    local_hour(world, 20)
    shown = dana.get("/systems/701/summary").json()
    assert (shown["modules"], shown["energy_lifetime"], shown["current_power"]) == (24, 0, 0)


def test_devices_of_a_site_with_everything(world, dana):
    answer = dana.get("/systems/703/devices").json()
    devices = answer["devices"]
    assert {kind: len(listed) for kind, listed in devices.items()} == {
        "micros": 18, "meters": 2, "gateways": 1, "encharges": 2, "enpowers": 1, "ev_chargers": 1,
    }  # fmt: skip
    assert answer["total_devices"] == 25
    assert devices["meters"][0]["serial_number"] == "202300000703EIM1"
    assert (devices["meters"][1]["config_type"], devices["meters"][1]["state"]) == (
        "Net",
        "enabled",
    )
    assert devices["encharges"][0]["serial_number"] == "122038000001"
    assert devices["ev_chargers"][0]["id"] == ""
    assert devices["gateways"][0]["emu_sw_version"].startswith("D8.2")


def test_american_devices_say_where_they_are_made(world, dana):
    micro = dana.get("/systems/703/devices").json()["devices"]["micros"][0]
    assert micro["feoc_compliant"] is True
    owen = world.person("owen@southerncross.example")
    assert "feoc_compliant" not in owen.get("/systems/951/devices").json()["devices"]["micros"][0]


def test_retired_and_unheard_of_devices_are_left_out(dana):
    for system_id in (702, 704, 706):
        shown = dana.get(f"/systems/{system_id}/devices").json()
        assert (shown["total_devices"], shown["devices"]) == (0, {})


def test_modems_relays_and_old_batteries(world, dana):
    world.patch(705, internet_connection="cellular", expected_nsr_count=1, expected_acb_count=2)
    devices = dana.get("/systems/705/devices").json()["devices"]
    assert devices["gateways"][0]["cellular_modem"]["sku"] == "CELLMODEM-M1"
    assert (len(devices["q_relays"]), len(devices["acbs"])) == (1, 2)
    # Nobody expects meters there, and there are none.
    assert "meters" not in devices


def test_silent_microinverters_say_so(world):
    owen = world.person("owen@southerncross.example")
    micros = owen.get("/systems/951/devices").json()["devices"]["micros"]
    assert [index for index, one in enumerate(micros) if one["status"] == "micro"] == [3, 7]


def test_inverters_come_as_a_bare_array(world, dana):
    local_hour(world, 20)
    (entry,) = dana.get(INVERTERS, site_id="703", size="100").json()
    inverters = entry["micro_inverters"]
    assert len(inverters) == 18
    assert 1 <= entry["signal_strength"] <= 5
    assert {one["envoy_serial_number"] for one in inverters} == {"202300000703"}
    powers = [
        one["power_produced"]["value"]
        if isinstance(one["power_produced"], dict)
        else one["power_produced"]
        for one in inverters
    ]
    # Object or bare number, as with the vendor; together they are what the summary says.
    assert isinstance(inverters[9]["power_produced"], int)
    assert sum(powers) == dana.get("/systems/703/summary").json()["current_power"]
    profile = dana.get("/partner/activations/703").json()["grid_profile"]
    assert {one["grid_profile"] for one in inverters} == {profile}


def test_inverters_energy_adds_up(world, dana):
    world.advance(86400)
    (entry,) = dana.get(INVERTERS, site_id="703", size="100").json()
    summary = dana.get("/systems/703/summary").json()
    whole = summary["energy_lifetime"] + summary["energy_today"]
    assert sum(one["energy"]["value"] for one in entry["micro_inverters"]) == whole


def test_inverters_by_gateway_and_page(dana):
    (first,) = dana.get(INVERTERS, envoy_serial_number="202300000703", page="1").json()
    (second,) = dana.get(INVERTERS, envoy_serial_number="202300000703", page="2").json()
    assert (len(first["micro_inverters"]), len(second["micro_inverters"])) == (10, 8)
    assert dana.get(INVERTERS, envoy_serial_number="202300000703", page="3").json() == []
    # The gateway wins when both are given.
    both = dana.get(INVERTERS, envoy_serial_number="202300000705", site_id="703").json()
    assert both[0]["micro_inverters"][0]["envoy_serial_number"] == "202300000705"


def test_inverters_of_others_and_of_retired_gateways_are_none(dana):
    for query in ({"site_id": "801"}, {"site_id": "706"}, {"envoy_serial_number": "1"}):
        assert dana.get(INVERTERS, **query).json() == []


def test_inverters_need_a_site_or_a_gateway(dana):
    refused(dana.get(INVERTERS), 422, "Envoy serial number or Site id mandatory")


def test_stragglers_of_the_grid_profile(world):
    world.reset("demo", systems=250)
    dana = world.person("dana@halcyon.example")
    found = False
    for system in dana.get("/partner/activations", limit="1000", stage="3,4,5").json()["systems"]:
        wanted = dana.get(f"/partner/activations/{system['system_id']}").json()["grid_profile"]
        answer = dana.get(INVERTERS, site_id=str(system["system_id"]), size="100").json()
        profiles = {one["grid_profile"] for entry in answer for one in entry["micro_inverters"]}
        if profiles - {wanted}:
            found = True
            break
    assert found
