import pytest

from tests.sandbox.test_production_and_consumption import date_of, midnight, now_of, rows

SITE = "/systems/703/ev_charger"
ONE = f"{SITE}/202400000703"
OF_CHARGER = [
    ("GET", "sessions"),
    ("GET", "schedules"),
    ("GET", "lifetime"),
    ("GET", "telemetry"),
    ("POST", "start_charging"),
    ("POST", "stop_charging"),
]
EVERY = [
    ("GET", "devices"),
    ("GET", "events"),
    *((method, f"202400000703/{name}") for method, name in OF_CHARGER),
]


def refused(answer, details):
    assert answer.status_code == 400
    # The code is text here, and details are text or a list.
    assert answer.json() == {"message": "Bad request", "code": "400", "details": details}


@pytest.mark.parametrize(("method", "path"), EVERY)
def test_refusals(dana, method, path):
    bare = dana.ask(method, f"{SITE}/{path}", headers={"key": ""})
    assert bare.status_code == 401
    assert bare.json() == {
        "message": "Not Authorized",
        "code": "401",
        "details": "User is not authorized",
    }
    foreign = dana.ask(method, f"/systems/801/ev_charger/{path}")
    assert foreign.status_code == 403
    assert foreign.json() == {
        "message": "Forbidden",
        "code": "403",
        "details": "Not authorized to access this resource",
    }
    text = (
        "Invalid system_id" if path in ("devices", "events") else "Invalid system_id or serial_no"
    )
    refused(dana.ask(method, f"/systems/5/ev_charger/{path}"), text)
    wrong = dana.ask("PATCH", f"{SITE}/{path}")
    assert wrong.json() == {"reason": "405", "message": ["Method not allowed"]}


@pytest.mark.parametrize(("method", "name"), OF_CHARGER)
def test_unknown_chargers(dana, method, name):
    for path in (f"{SITE}/1/{name}", f"/systems/701/ev_charger/202400000701/{name}"):
        refused(dana.ask(method, path), "Invalid system_id or serial_no")


def test_a_fault_is_a_500_in_the_same_envelope(world, dana):
    body = {"message": "Internal Server Error", "code": "500", "details": "Internal Server Error"}
    world.fault("list_ev_chargers", "status", status=500, body=body)
    answer = dana.get(f"{SITE}/devices")
    assert (answer.status_code, answer.json()) == (500, body)


def test_chargers_of_a_site(dana):
    shown = dana.get(f"{SITE}/devices").json()
    (one,) = shown["devices"]["ev_chargers"]
    assert one["id"] == "202400000703:703"
    assert (one["serial_number"], one["active"]) == ("202400000703", True)
    assert shown["total_devices"] == 1
    none = dana.get("/systems/701/ev_charger/devices").json()
    assert (none["total_devices"], none["devices"]) == (0, {"ev_chargers": []})


def test_schedules(dana):
    (one,) = dana.get(f"{ONE}/schedules").json()["charger_schedules"]
    assert one["type"] == "Custom"
    assert one["schedules"][0]["start_time"] == "1:00"


def test_sessions_and_events_tell_the_same_story(dana):
    listed = dana.get(f"{ONE}/sessions", limit="100").json()
    events = dana.get(f"{SITE}/events", limit="100").json()
    assert listed["count"] == len(listed["sessions"]) > 1
    assert events["count"] == 2 * listed["count"]
    starts = [one["start_time"] for one in listed["sessions"]]
    assert starts == sorted(starts, reverse=True)
    triggered = [one["triggered_date"] for one in events["events"]]
    assert triggered == sorted(triggered, reverse=True)
    assert set(starts) <= set(triggered)
    assert all("SNo. 202400000703" in one["details"] for one in events["events"])
    for one in listed["sessions"]:
        assert one["duration"] == one["end_time"] - one["start_time"]
        # Documented as Wh, in truth kWh.
        assert abs(one["energy_added"] - 7.2 * one["duration"] / 3600) < 0.01
    assert dana.get(f"{SITE}/events", serial_num="9").json()["events"] == []


def test_pages_of_sessions(dana):
    whole = dana.get(f"{ONE}/sessions", limit="100").json()["sessions"]
    page = dana.get(f"{ONE}/sessions", offset="1", limit="1").json()
    assert (page["count"], page["sessions"]) == (1, whole[1:2])
    beyond = dana.get(f"{ONE}/sessions", offset="1000").json()
    assert (beyond["count"], beyond["sessions"]) == (0, [])


@pytest.mark.parametrize(
    "query", [{"limit": "101"}, {"limit": "0"}, {"offset": "-1"}, {"limit": "x"}]
)
def test_pages_that_are_none(dana, query):
    refused(dana.get(f"{ONE}/sessions", **query), "Invalid offset/limit")
    refused(dana.get(f"{SITE}/events", **query), "Invalid offset/limit")


def test_lifetime_is_the_sum_of_its_intervals(world, dana):
    first, last = date_of(world, 9), date_of(world, 3)
    shown = dana.get(
        f"{ONE}/lifetime", start_date=first.strftime("%Y%m%d"), end_date=last.strftime("%Y%m%d")
    ).json()
    assert (shown["start_date"], len(shown["consumption"])) == (first.isoformat(), 7)
    week = dana.get(
        f"{ONE}/telemetry", start_date=first.strftime("%Y%m%d"), granularity="week"
    ).json()
    assert len(week["consumption"]) == 672
    assert sum(row["consumption"] for row in week["consumption"]) == sum(shown["consumption"])
    sessions = dana.get(f"{ONE}/sessions", limit="100").json()["sessions"]
    inside = [
        one["energy_added"]
        for one in sessions
        if midnight(first) <= one["start_time"] < midnight(last) + 86400
    ]
    assert abs(sum(inside) * 1000 - sum(shown["consumption"])) < 150


def test_the_car_is_part_of_the_consumption(world, dana):
    date = date_of(world, 2)
    car = dana.get(f"{ONE}/telemetry", start_date=date.strftime("%Y%m%d")).json()["consumption"]
    home = rows(dana.get("/systems/703/telemetry/consumption_meter", start_date=date.isoformat()))
    assert [row["end_at"] for row in car] == [row["end_at"] for row in home]
    assert all(one["consumption"] < other["enwh"] for one, other in zip(car, home, strict=True))


def test_yesterday_is_the_default(world, dana):
    shown = dana.get(f"{ONE}/telemetry").json()
    assert (shown["granularity"], len(shown["consumption"])) == ("day", 96)
    assert shown["start_at"] == midnight(date_of(world, 1))
    dated = dana.get(f"{ONE}/telemetry", start_date=date_of(world, 2).strftime("%Y%m%d")).json()
    assert dated["start_date"] == date_of(world, 2).isoformat()
    assert "start_at" not in dated
    lifetime = dana.get(f"{ONE}/lifetime").json()
    assert (lifetime["start_date"], len(lifetime["consumption"])) == (
        date_of(world, 1).isoformat(),
        1,
    )


def test_dates_are_written_without_dashes(world, dana):
    dashes = date_of(world, 2).isoformat()
    refused(dana.get(f"{ONE}/lifetime", start_date=dashes), "Invalid start_date/end_date")
    refused(dana.get(f"{ONE}/telemetry", start_date=dashes), "Invalid start_date")
    refused(dana.get(f"{ONE}/telemetry", start_date="20260231"), "Invalid start_date")
    refused(dana.get(f"{ONE}/telemetry", start_at="now"), "Invalid start_at")
    refused(dana.get(f"{ONE}/telemetry", granularity="15mins"), "Invalid granularity")
    tomorrow = date_of(world, -1).strftime("%Y%m%d")
    refused(dana.get(f"{ONE}/telemetry", start_date=tomorrow), "Invalid start_date")
    refused(dana.get(f"{ONE}/lifetime", start_date=tomorrow), "Invalid start_date/end_date")
    late = {"start_date": date_of(world, 2).strftime("%Y%m%d"), "end_date": "20200101"}
    refused(dana.get(f"{ONE}/lifetime", **late), "Invalid start_date/end_date")


def at_noon(world):
    """Move to noon in California, when the car does not charge by itself."""
    world.advance((20 * 3600 - now_of(world) % 86400) % 86400)


def test_charging_is_started_and_stopped(world, dana):
    at_noon(world)
    before = len(dana.get(f"{ONE}/sessions", limit="100").json()["sessions"])
    answer = dana.post(f"{ONE}/start_charging", {"connectorId": "1", "chargingLevel": "50"})
    assert answer.status_code == 202
    assert answer.json() == {"message": "Request sent successfully"}
    world.advance(1900)
    (charger,) = dana.get("/systems/703/latest_telemetry").json()["devices"]["evse"]
    assert charger["operational_mode"] == "CHARGING"
    assert dana.post(f"{ONE}/start_charging", {}).status_code == 202
    assert dana.post(f"{ONE}/stop_charging").json() == {"message": "Request sent successfully"}
    world.advance(1800)
    sessions = dana.get(f"{ONE}/sessions", limit="100").json()["sessions"]
    assert len(sessions) == before + 1
    assert 1890 <= sessions[0]["duration"] <= 1960
    assert sessions[0]["energy_added"] == round(3.6 * sessions[0]["duration"] / 3600, 2)
    (charger,) = dana.get("/systems/703/latest_telemetry").json()["devices"]["evse"]
    assert charger["operational_mode"] == "IDLE"


@pytest.mark.parametrize(
    ("body", "details"),
    [
        ({"connectorId": "0"}, "Connector Id must be greater than 0"),
        ({"connectorId": "one"}, "Connector Id must be greater than 0"),
        ({"chargingLevel": "101"}, "Charging level should be in the range [0-100]"),
        (
            {"connectorId": "-1", "chargingLevel": "-1"},
            [
                "Connector Id must be greater than 0",
                "Charging level should be in the range [0-100]",
            ],
        ),
    ],
)
def test_what_a_start_may_not_be(dana, body, details):
    refused(dana.post(f"{ONE}/start_charging", body), details)


def test_starts_and_stops_are_writes(world, dana):
    dana.post(f"{ONE}/start_charging", {})
    dana.post(f"{ONE}/stop_charging")
    names = [write["operation"] for write in world.ledger()["writes"]]
    assert names == ["start_ev_charging", "stop_ev_charging"]
