import pytest

from tests.sandbox.commissioning import mistakes, stands_apart

CONSUMPTION = "202300000701EIM2"
METER = f"/systems/701/meters/{CONSUMPTION}"
CONTROL = f"/activations/701/meters/{CONSUMPTION}/meter_control"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/systems/{}/meters/202300000703EIM1"),
        ("PUT", "/systems/{}/meters/202300000703EIM1"),
        ("POST", "/activations/{}/meters/202300000703EIM1/meter_control"),
    ],
)
def test_refusals(world, dana, method, path):
    stands_apart(world, dana, method, path)


@pytest.mark.parametrize("serial", ["nothing", "202300000703EIM1", "202300000701"])
def test_unknown_meters(dana, serial):
    for answer in (
        dana.get(f"/systems/701/meters/{serial}"),
        dana.put(f"/systems/701/meters/{serial}?operational_date=2026-01-02"),
        dana.post(f"/activations/701/meters/{serial}/meter_control", {"status": "enabled"}),
    ):
        assert answer.status_code == 404
        assert answer.json() == {"reason": "404", "message": ["Meter not found"]}


def test_a_site_without_meters(dana):
    assert dana.get("/systems/705/meters/202300000705EIM1").status_code == 404


def test_dates_come_in_two_formats(dana):
    shown = dana.get("/systems/703/meters/202300000703EIM1").json()
    assert len(shown["operational_date"]) == 10
    assert shown["first_report_date"][-6:] in ("-07:00", "-08:00")
    assert shown["last_report_date"] > shown["first_report_date"]
    assert (shown["type"], shown["state"], shown["phase"]) == ("production", "enabled", "L1(A)")
    assert shown["envoy_serial_number"] == "202300000703"


def test_an_operational_date_is_a_query_parameter(dana):
    answer = dana.put(f"{METER}?operational_date=2026-02-03")
    assert answer.json() == {
        "serial_number": CONSUMPTION,
        "manufacturer": "Enphase Energy",
        "model": "IQ Envoy",
        "type": "consumption",
        "operational_date": "2026-02-03",
    }
    assert dana.get(METER).json()["operational_date"] == "2026-02-03"


def test_a_date_in_the_body_is_missing_in_the_url(dana):
    answer = dana.put(METER, {"operational_date": "2026-02-03"})
    assert mistakes(answer) == ["operational date parameter missing in url"]
    for date in ("03/02/2026", "20260203", "2026-02-31"):
        answer = dana.put(f"{METER}?operational_date={date}")
        assert mistakes(answer) == ["Invalid operational date"]


def test_a_meter_is_enabled_after_a_while(world, dana):
    world.control("POST", "/limits", {"meter_seconds": 60})
    assert dana.get(METER).json()["state"] == "disabled"
    assert "first_report_date" not in dana.get(METER).json()
    answer = dana.post(CONTROL, {"status": "enabled"})
    assert answer.status_code == 200
    assert answer.json() == {
        "reason": "200",
        "message": ["Enable task sent to meter. Please wait until meter is enabled"],
    }
    assert dana.get(METER).json()["state"] == "disabled"
    world.advance(61)
    assert dana.get(METER).json()["state"] == "enabled"
    devices = dana.get("/systems/701/devices").json()["devices"]
    assert [meter["state"] for meter in devices["meters"]] == ["enabled", "enabled"]


def test_a_meter_is_disabled_after_a_while(world, dana):
    production = "202300000701EIM1"
    answer = dana.post(
        f"/activations/701/meters/{production}/meter_control", {"status": "disabled"}
    )
    assert answer.json()["message"] == [
        "Disable task sent to meter. Please wait until meter is disabled"
    ]
    world.advance(30)
    assert dana.get(f"/systems/701/meters/{production}").json()["state"] == "disabled"


def test_the_last_task_counts(world, dana):
    world.control("POST", "/limits", {"meter_seconds": 60})
    dana.post(CONTROL, {"status": "enabled"})
    dana.post(CONTROL, {"status": "disabled"})
    world.advance(200)
    assert dana.get(METER).json()["state"] == "disabled"


def test_a_silent_gateway_does_not_get_to_it(world, nina):
    meter = "202300000901EIM2"
    answer = nina.post(f"/activations/901/meters/{meter}/meter_control", {"status": "enabled"})
    assert answer.status_code == 200
    world.advance(3600)
    assert nina.get(f"/systems/901/meters/{meter}").json()["state"] == "disabled"


@pytest.mark.parametrize("body", [None, [], {}, {"status": "on"}, {"state": "enabled"}])
def test_states_are_enabled_and_disabled(dana, body):
    text = "Invalid status, expected status is 'enabled' or 'disabled'"
    assert mistakes(dana.post(CONTROL, body)) == [text]
