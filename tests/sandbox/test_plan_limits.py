import datetime as dt

import pytest

PLAN = "Usage limit exceeded for plan Partner (custom)"


def minute_start(world):
    """Begin in the middle of a minute, so that a window never ends inside a test."""
    world.control("POST", "/clock", {"at": "2027-03-10T10:15:20Z"})
    return int(dt.datetime(2027, 3, 10, 10, 15, tzinfo=dt.UTC).timestamp())


def test_300_a_minute_by_default(world):
    limits = world.control("GET", "/limits")
    assert (limits["per_minute"], limits["writes_per_month"]) == (300, 200)


def test_a_calendar_minute(world):
    world.reset(limits={"per_minute": 3})
    start = minute_start(world)
    dana = world.person("dana@halcyon.example")
    statuses = [dana.get("/partner/activations").status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    body = dana.get("/partner/activations").json()
    assert body == {
        "reason": "429",
        "message": [PLAN],
        "period": "minute",
        "period_start": start,
        "period_end": start + 60,
        "limit": 3,
    }
    world.advance(41)
    assert dana.get("/partner/activations").status_code == 200


def test_all_people_of_an_application_share_its_limit(world):
    world.reset(limits={"per_minute": 1})
    minute_start(world)
    dana, tess = world.person("dana@halcyon.example"), world.person("tess@bluebonnet.example")
    assert dana.get("/users/search", email="x@example.com").status_code == 404
    assert tess.get("/partner/users/self").status_code == 429


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/partner/grid_profiles", {"reason": "429", "message": [PLAN]}),
        ("/activations/701/ops/production_mode", {"reason": "429", "message": [PLAN]}),
    ],
)
def test_some_operations_hide_the_window(world, path, body):
    world.reset(limits={"per_minute": 0})
    dana = world.person("dana@halcyon.example")
    assert dana.get(path).json() == body


def test_monitoring_has_its_own_envelope(world):
    world.reset(limits={"per_minute": 0})
    dana = world.person("dana@halcyon.example")
    limited = dana.get("/systems/retrieve_system_id", serial_num="1").json()
    assert (limited["message"], limited["details"], limited["code"]) == (
        "Too Many Requests",
        PLAN,
        429,
    )
    assert limited["period"] == "minute"
    searched = dana.post("/systems/search", {"system": {}}).json()
    assert set(searched) == {"message", "details", "code"}


def test_a_month(world):
    world.reset(limits={"per_month": 2})
    world.control("POST", "/clock", {"at": "2027-12-30T23:59:00Z"})
    dana = world.person("dana@halcyon.example", expires_in=10 * 86_400)
    for _ in range(2):
        dana.get("/partner/users/self")
    refused = dana.get("/partner/users/self").json()
    assert refused["period"] == "month"
    assert refused["period_end"] == int(dt.datetime(2028, 1, 1, tzinfo=dt.UTC).timestamp())
    world.advance(2 * 86_400)
    assert dana.get("/partner/users/self").status_code == 200


def test_each_write_has_a_budget_of_its_own(world):
    world.reset(limits={"writes_per_month": 2})
    dana = world.person("dana@halcyon.example")
    # A refused write is a hit all the same.
    assert dana.create(system_name="").status_code == 422
    assert dana.create().status_code == 201
    refused = dana.create()
    assert (refused.status_code, refused.json()["period"], refused.json()["limit"]) == (
        429,
        "month",
        2,
    )
    assert dana.delete("/partner/activations/702").status_code == 200
    assert dana.get("/partner/activations").status_code == 200
    assert world.ledger()["creates"] == 1


def test_search_counts_as_a_write_only_if_told(world):
    world.reset(limits={"writes_per_month": 1})
    dana = world.person("dana@halcyon.example")
    statuses = [dana.post("/systems/search", {"system": {}}).status_code for _ in range(2)]
    assert statuses == [200, 200]
    world.control("POST", "/limits", {"search_counts_as_write": True})
    statuses = [dana.post("/systems/search", {"system": {}}).status_code for _ in range(2)]
    assert statuses == [200, 429]


def test_no_limit(world):
    world.reset(limits={"writes_per_month": None, "per_minute": None, "per_month": None})
    dana = world.person("dana@halcyon.example")
    assert all(dana.create().status_code == 201 for _ in range(205))
    assert world.ledger()["creates"] == 205


def test_unknown_settings_are_refused(world, session):
    answer = session.post(f"{world.url}/_sandbox/limits", json={"per_hour": 3})
    assert answer.status_code == 400
    assert "per_hour" in answer.json()["error"]
