"""Energy adds up, whichever way it is asked for: by day, by quarter, by device."""

import datetime as dt
import zoneinfo

import pytest

from tests.sandbox.monitoring import refused, stands_apart

SYSTEM = "/systems/703"
PACIFIC = zoneinfo.ZoneInfo("US/Pacific")
SITE_TELEMETRY = {
    "telemetry/production_micro": ("enwh", 300),
    "telemetry/production_meter": ("wh_del", 900),
    "telemetry/consumption_meter": ("enwh", 900),
    "energy_import_telemetry": ("wh_imported", 900),
    "energy_export_telemetry": ("wh_exported", 900),
}
LIFETIMES = {
    "energy_lifetime": "production",
    "consumption_lifetime": "consumption",
    "energy_import_lifetime": "import",
    "energy_export_lifetime": "export",
}
OUT_OF_RANGE = "Requested date range is invalid for this system"


def now_of(world):
    return world.control("GET", "/clock")["epoch"]


def date_of(world, days_ago):
    moment = dt.datetime.fromtimestamp(now_of(world), PACIFIC)
    return moment.date() - dt.timedelta(days=days_ago)


def midnight(date):
    return int(dt.datetime(date.year, date.month, date.day, tzinfo=PACIFIC).timestamp())


def rows(answer):
    """Give the intervals, out of their extra level if they have one."""
    intervals = answer.json()["intervals"]
    return intervals[0] if intervals and isinstance(intervals[0], list) else intervals


@pytest.mark.parametrize(
    "path",
    [*SITE_TELEMETRY, *LIFETIMES, "devices/micros/482000070300/telemetry", "rgm_stats"],
)
def test_refusals(world, dana, path):
    stands_apart(world, dana, "GET", f"/systems/{{}}/{path}")


# Sums


@pytest.mark.parametrize(
    ("lifetime", "telemetry"),
    [
        ("energy_lifetime", "telemetry/production_micro"),
        ("energy_lifetime", "telemetry/production_meter"),
        ("consumption_lifetime", "telemetry/consumption_meter"),
        ("energy_import_lifetime", "energy_import_telemetry"),
        ("energy_export_lifetime", "energy_export_telemetry"),
    ],
)
def test_lifetime_is_the_sum_of_its_intervals(world, dana, lifetime, telemetry):
    answer = dana.get(f"{SYSTEM}/{lifetime}").json()
    days = answer[LIFETIMES[lifetime]]
    assert len(days) == 13
    first = dt.date.fromisoformat(answer["start_date"])
    name, _ = SITE_TELEMETRY[telemetry]
    for number in (0, 3, 12):
        date = first + dt.timedelta(days=number)
        listed = rows(dana.get(f"{SYSTEM}/{telemetry}", start_date=date.isoformat()))
        assert sum(row[name] for row in listed) == days[number]
    assert sum(days) > 0


def test_today_runs_until_the_last_interval(world, dana):
    today = date_of(world, 0).isoformat()
    (so_far,) = dana.get(f"{SYSTEM}/consumption_lifetime", start_date=today).json()["consumption"]
    listed = rows(dana.get(f"{SYSTEM}/telemetry/consumption_meter"))
    assert sum(row["enwh"] for row in listed) == so_far
    # The last one or two are not reported yet.
    if listed:
        assert 240 <= now_of(world) - listed[-1]["end_at"] < 1200


def test_microinverters_add_up_to_the_site(world, dana):
    date = date_of(world, 2).isoformat()
    whole = rows(dana.get(f"{SYSTEM}/telemetry/production_micro", start_date=date))
    serials = dana.get("/partner/systems/703/arrays").json()["inventory"]
    summed = [0] * len(whole)
    for serial in serials:
        path = f"{SYSTEM}/devices/micros/{serial}/telemetry"
        answer = dana.get(path, start_date=date)
        assert answer.json()["serial_number"] == serial
        for index, row in enumerate(rows(answer)):
            assert row["end_at"] == whole[index]["end_at"]
            summed[index] += row["enwh"]
    assert summed == [row["enwh"] for row in whole]


def test_a_week_is_seven_days(world, dana):
    start = date_of(world, 9)
    week = rows(
        dana.get(
            f"{SYSTEM}/telemetry/consumption_meter",
            start_date=start.isoformat(), granularity="week",
        )
    )  # fmt: skip
    assert len(week) == 672
    end = (start + dt.timedelta(days=6)).isoformat()
    lifetime = dana.get(
        f"{SYSTEM}/consumption_lifetime", start_date=start.isoformat(), end_date=end
    )
    assert sum(row["enwh"] for row in week) == sum(lifetime.json()["consumption"])


def test_the_grid_is_what_is_left_over(world, dana):
    date = date_of(world, 2).isoformat()
    made, used, imported, exported = (
        [row[name] for row in rows(dana.get(f"{SYSTEM}/{path}", start_date=date))]
        for path, name in (
            ("telemetry/production_meter", "wh_del"),
            ("telemetry/consumption_meter", "enwh"),
            ("energy_import_telemetry", "wh_imported"),
            ("energy_export_telemetry", "wh_exported"),
        )
    )
    for index in range(96):
        assert not (imported[index] and exported[index])
    # With a battery in between, days balance but for what it loses on the way.
    lost = sum(made) + sum(imported) - sum(used) - sum(exported)
    assert 0 <= lost < 2000


def test_without_a_battery_every_quarter_balances(world):
    owen = world.person("owen@southerncross.example")
    moment = dt.datetime.fromtimestamp(now_of(world), zoneinfo.ZoneInfo("Australia/Brisbane"))
    date = (moment.date() - dt.timedelta(days=2)).isoformat()
    made, used, imported, exported = (
        [row[name] for row in rows(owen.get(f"/systems/951/{path}", start_date=date))]
        for path, name in (
            ("telemetry/production_meter", "wh_del"),
            ("telemetry/consumption_meter", "enwh"),
            ("energy_import_telemetry", "wh_imported"),
            ("energy_export_telemetry", "wh_exported"),
        )
    )
    assert len(made) == 96
    for index in range(96):
        assert made[index] + imported[index] == used[index] + exported[index]


# The sun


def test_the_sun_rises_and_sets(world, dana):
    date = date_of(world, 2)
    listed = rows(dana.get(f"{SYSTEM}/telemetry/production_micro", start_date=date.isoformat()))
    by_hour = [0] * 24
    for row in listed:
        by_hour[(row["end_at"] - 1 - midnight(date)) // 3600] += row["enwh"]
    assert by_hour[:5] == [0] * 5
    assert by_hour[20:] == [0] * 4
    assert max(by_hour) == max(by_hour[9:16])
    dark = [row for row in listed if not row["enwh"]]
    assert {row["devices_reporting"] for row in dark} == {0}
    assert {row["devices_reporting"] for row in listed} == {0, 18}
    assert all(row["powr"] == row["enwh"] * 12 for row in listed)


def test_a_household_has_a_morning_and_an_evening(world, dana):
    by_hour = [0] * 24
    for days_ago in range(2, 8):
        date = date_of(world, days_ago)
        answer = dana.get(f"{SYSTEM}/telemetry/consumption_meter", start_date=date.isoformat())
        for row in rows(answer):
            by_hour[(row["end_at"] - 1 - midnight(date)) // 3600] += row["enwh"]
    assert max(by_hour[6:9]) > 1.5 * max(by_hour[1:4])
    assert max(by_hour[17:22]) > 1.5 * max(by_hour[11:14])


def test_arrays_that_look_west_peak_later(world, dana):
    def peak(azimuth):
        modules = [
            {"left": 100 * n, "top": 0, "angle": 0, "serial_num": str(482_000_070_500 + n)}
            for n in range(12)
        ]
        array = {
            "label": "One", "angle": azimuth, "tilt": "30.0",
            "provisioned_envoy": "202300000705", "left": 0, "top": 0, "modules": modules,
        }  # fmt: skip
        path = "/partner/systems/705/arrays"
        assert dana.put(path, {"angle": 0, "arrays": [array]}).status_code == 200
        weighed = total = 0
        for days_ago in (2, 3, 4):
            date = date_of(world, days_ago)
            answer = dana.get(
                "/systems/705/telemetry/production_micro", start_date=date.isoformat()
            )
            for row in rows(answer):
                weighed += row["enwh"] * (row["end_at"] - midnight(date))
                total += row["enwh"]
        return weighed / total / 3600

    east, south, west = peak(90), peak(180), peak(270)
    assert east < south - 0.5
    assert west > south + 0.5


def test_switching_production_off_stops_it_and_keeps_the_past(world, dana):
    world.control("POST", "/limits", {"production_seconds": 1})
    before = dana.get(f"{SYSTEM}/energy_lifetime").json()["production"]
    dana.post("/activations/703/ops/production_mode", {"mode": "off"})
    world.advance(2 * 86400)
    dana.post("/activations/703/ops/production_mode", {"mode": "on"})
    world.advance(2 * 86400)
    after = dana.get(f"{SYSTEM}/energy_lifetime").json()["production"]
    assert after[: len(before)] == before
    assert after[len(before) + 1] == 0
    assert after[len(before) + 3] > 0


# Windows of telemetry


@pytest.mark.parametrize("path", SITE_TELEMETRY)
@pytest.mark.parametrize(
    ("granularity", "seconds"), [("15mins", 900), ("day", 86400), ("week", 604800)]
)
def test_the_most_rows(world, dana, path, granularity, seconds):
    start = midnight(date_of(world, 9)) + 5000
    answer = dana.get(f"{SYSTEM}/{path}", start_at=str(start), granularity=granularity)
    name, step = SITE_TELEMETRY[path]
    listed = rows(answer)
    assert len(listed) == seconds // step
    rounded = start // step * step
    assert listed[0]["end_at"] == rounded + step
    shown = answer.json()
    assert (shown["granularity"], shown["items"]) == (granularity, "intervals")
    assert (shown["start_at"], shown["end_at"]) == (rounded, rounded + seconds)
    assert "start_date" not in shown
    assert set(listed[0]) >= {"end_at", name}


def test_five_minutes(world, dana):
    start = str(midnight(date_of(world, 2)) + 12 * 3600)
    micro = dana.get(f"{SYSTEM}/telemetry/production_micro", start_at=start, granularity="5mins")
    assert len(rows(micro)) == 1
    meter = dana.get(f"{SYSTEM}/telemetry/production_meter", start_at=start, granularity="5mins")
    assert rows(meter) == []


def test_dates_come_back_as_dates(world, dana):
    date = date_of(world, 2).isoformat()
    shown = dana.get(f"{SYSTEM}/telemetry/production_meter", start_date=date).json()
    assert (shown["start_date"], shown["end_date"]) == (date, date)
    assert "start_at" not in shown
    assert shown["total_devices"] == 1


def test_a_start_before_the_first_report_moves_to_it(world, dana):
    lifetime = dana.get(f"{SYSTEM}/energy_lifetime").json()
    first = midnight(dt.date.fromisoformat(lifetime["start_date"]))
    early = str(first - 40 * 86400)
    shown = dana.get(f"{SYSTEM}/telemetry/production_meter", start_at=early).json()
    assert (shown["start_at"], len(shown["intervals"])) == (first, 96)


def test_a_start_after_the_last_report_finds_nothing(world, nina):
    start = str(int(now_of(world)) - 3600)
    for path in SITE_TELEMETRY:
        answer = nina.get(f"/systems/901/{path}", start_at=start)
        assert (answer.status_code, answer.json()["intervals"]) == (200, [])


@pytest.mark.parametrize("path", [*SITE_TELEMETRY, "devices/micros/482000070300/telemetry"])
def test_the_future_and_the_distant_past_are_refused(world, dana, path):
    for offset in (3600, -800 * 86400):
        start = int(now_of(world)) + offset
        answer = dana.get(f"{SYSTEM}/{path}", start_at=str(start))
        assert answer.status_code == 422
        details = answer.json()["details"]
        assert details.startswith(f"Invalid request because of '{OUT_OF_RANGE}. {{:start_at=>")
        assert ":first_interval=>" in details


@pytest.mark.parametrize("path", [*SITE_TELEMETRY, "devices/micros/482000070300/telemetry"])
def test_dates_and_granularities_that_are_none(dana, path):
    for query in ({"start_at": "noon"}, {"start_date": "20260101"}, {"start_date": "2026-02-30"}):
        (text,) = query.values()
        refused(dana.get(f"{SYSTEM}/{path}", **query), 422, f"Failed to parse date {text}")
    answer = dana.get(f"{SYSTEM}/{path}", granularity="month")
    refused(
        answer, 422,
        "Invalid request because of 'Granularity is invalid. Known: 5mins, 15mins, day, week'",
    )  # fmt: skip


def test_sites_that_never_reported_have_nothing(world, dana):
    for path in SITE_TELEMETRY:
        answer = dana.get(f"/systems/704/{path}")
        assert (answer.status_code, answer.json()["intervals"]) == (200, [])
    for path, name in LIFETIMES.items():
        shown = dana.get(f"/systems/704/{path}").json()
        assert (shown["start_date"], shown[name]) == (None, [])


def test_a_site_without_meters_counts_by_its_microinverters(world, dana):
    assert sum(dana.get("/systems/705/energy_lifetime").json()["production"]) > 0
    assert "meter_start_date" not in dana.get("/systems/705/energy_lifetime").json()
    shown = dana.get("/systems/705/telemetry/production_meter").json()
    assert (shown["total_devices"], shown["intervals"]) == (0, [])
    assert dana.get("/systems/705/consumption_lifetime").json()["consumption"] == []


def test_unknown_microinverters(dana):
    path = "/systems/703/devices/micros/{}/telemetry"
    for serial in ("1", "EIM1", "482000070100"):
        answer = dana.get(path.format(serial))
        refused(answer, 404, f'Micro not found for {{:id=>"{serial}"}}')


def test_a_silent_microinverter_has_nothing_to_tell(world):
    owen = world.person("owen@southerncross.example")
    date = (date_of(world, 3)).isoformat()
    path = "/systems/951/devices/micros/{}/telemetry"
    assert owen.get(path.format(482_000_095_103), start_date=date).json()["intervals"] == []
    assert len(owen.get(path.format(482_000_095_104), start_date=date).json()["intervals"]) == 288


def test_a_meter_measures_from_when_it_is_enabled(world, dana):
    """The consumption meter of 701 is switched on today: nothing before that counts."""
    assert dana.get("/systems/701/consumption_lifetime").json()["consumption"] == []
    dana.post("/activations/701/meters/202300000701EIM2/meter_control", {"status": "enabled"})
    world.advance(3 * 86400)
    days = dana.get("/systems/701/consumption_lifetime").json()["consumption"]
    assert set(days[:11]) == {0}
    assert all(day > 0 for day in days[-2:])


# Windows of lifetimes


@pytest.mark.parametrize(("path", "name"), LIFETIMES.items())
def test_lifetimes_end_yesterday(world, dana, path, name):
    shown = dana.get(f"{SYSTEM}/{path}").json()
    start = dt.date.fromisoformat(shown["start_date"])
    assert start + dt.timedelta(days=len(shown[name]) - 1) == date_of(world, 1)
    today = date_of(world, 0).isoformat()
    assert len(dana.get(f"{SYSTEM}/{path}", start_date=today).json()[name]) == 1
    whole = dana.get(f"{SYSTEM}/{path}", end_date=today).json()[name]
    assert whole[:-1] == shown[name]
    earlier = dana.get(f"{SYSTEM}/{path}", start_date="2020-01-01").json()
    assert (earlier["start_date"], earlier[name]) == (shown["start_date"], shown[name])


@pytest.mark.parametrize(("path", "name"), LIFETIMES.items())
def test_lifetimes_in_the_future(world, dana, path, name):
    text = OUT_OF_RANGE if name == "production" else "Requested date is in the future"
    tomorrow, today = date_of(world, -1).isoformat(), date_of(world, 0).isoformat()
    refused(dana.get(f"{SYSTEM}/{path}", start_date=tomorrow), 422, text)
    refused(dana.get(f"{SYSTEM}/{path}", end_date=tomorrow), 422, text)
    backwards = {"start_date": today, "end_date": date_of(world, 3).isoformat()}
    refused(dana.get(f"{SYSTEM}/{path}", **backwards), 422, text)
    refused(dana.get(f"{SYSTEM}/{path}", start_date="x"), 422, "Failed to parse date x")


def test_what_is_not_reported_yet_trails_off(world, nina):
    world.patch(901, production_mode="on")
    days = nina.get("/systems/901/energy_lifetime").json()["production"]
    assert days[-2:] == [0, 0]
    assert days[0] > 0


def test_all_adds_both_kinds_of_production(dana):
    shown = dana.get(f"{SYSTEM}/energy_lifetime", production="all").json()
    assert shown["micro_production"] == shown["meter_production"] == shown["production"]
    assert shown["meter_start_date"] == shown["start_date"]
    assert "micro_production" not in dana.get(f"{SYSTEM}/energy_lifetime", production="x").json()


def test_never_produced(dana):
    shown = dana.get("/systems/701/energy_lifetime").json()
    assert (shown["start_date"], shown["production"]) == (None, [])


# Revenue-grade meters


def test_readings_are_cumulative(world, dana):
    path = f"{SYSTEM}/production_meter_readings"
    stands = {}
    for days_ago in (3, 2):
        end = midnight(date_of(world, days_ago))
        (reading,) = dana.get(path, end_at=str(end + 100)).json()["meter_readings"]
        assert (reading["read_at"], reading["serial_number"]) == (end, "202300000703EIM1")
        stands[days_ago] = reading["value"]
    lifetime = dana.get(f"{SYSTEM}/energy_lifetime").json()["production"]
    assert stands[2] - stands[3] == lifetime[-3]
    assert stands[2] == sum(lifetime[:-2])
    assert dana.get(path, end_at="1").json()["meter_readings"] == []
    refused(dana.get(path, end_at="now"), 422, "Failed to parse date now")


def test_readings_of_an_unknown_system_say_not_authorized(world, dana):
    answer = dana.get("/systems/5/production_meter_readings")
    assert answer.status_code == 404
    assert answer.json() == {
        "message": "Not Authorized",
        "details": 'System not found for {:id=>"5"}',
        "code": 404,
    }
    refused(
        dana.get("/systems/801/production_meter_readings"),
        403,
        "Not authorized to access this resource",
    )
    world.control("POST", "/limits", {"per_minute": 0})
    assert "period_end" in dana.get(f"{SYSTEM}/production_meter_readings").json()


def test_revenue_grade_statistics(world, dana):
    start = midnight(date_of(world, 3))
    end = start + 86400
    shown = dana.get(f"{SYSTEM}/rgm_stats", start_at=str(start + 100), end_at=str(end)).json()
    assert len(shown["intervals"]) == 96
    (meter,) = shown["meter_intervals"]
    assert (meter["meter_serial_number"], shown["total_devices"]) == ("202300000703EIM1", 1)
    by_meter = [row["wh_del"] for row in meter["intervals"]]
    assert by_meter == [row["wh_del"] for row in shown["intervals"]]
    assert sum(by_meter) == dana.get(f"{SYSTEM}/energy_lifetime").json()["production"][-3]
    assert all(row["curr_w"] == row["wh_del"] * 4 for row in meter["intervals"])


def test_revenue_grade_statistics_of_a_week_at_most(world, dana):
    now = int(now_of(world))
    week = dana.get(f"{SYSTEM}/rgm_stats", start_at=str(now - 8 * 86400))
    assert len(week.json()["intervals"]) == 672
    for query in (
        {"start_at": str(now - 8 * 86400), "end_at": str(now)},
        {"start_at": str(now + 3600)},
        {"start_at": str(now - 3600), "end_at": str(now - 7200)},
        {"start_at": str(now - 800 * 86400)},
    ):
        refused(dana.get(f"{SYSTEM}/rgm_stats", **query), 422, OUT_OF_RANGE)
    refused(dana.get(f"{SYSTEM}/rgm_stats", start_at="x"), 422, "Failed to parse date x")


def test_statistics_have_an_error_of_their_own(world, dana):
    world.patch(703, status="data_upload")
    answer = dana.get(f"{SYSTEM}/rgm_stats")
    assert answer.status_code == 500
    assert answer.json() == {"errorCode": 7, "errorMessages": ["Data is temporarily unavailable"]}


# Large worlds


def test_days_of_23_and_25_hours_add_up(world):
    world.reset("demo", systems=250)
    dana = world.person("dana@halcyon.example")
    systems = dana.get("/partner/activations", limit="1000", stage="5").json()["systems"]
    found = 0
    # The last three changes between summer and winter time.
    recent = [date_of(world, days_ago) for days_ago in range(2, 600)]
    changes = [
        day for day in recent if midnight(day + dt.timedelta(days=1)) - midnight(day) != 86400
    ]
    assert len(changes) >= 3
    for system in systems:
        base = f"/systems/{system['system_id']}"
        lifetime = dana.get(f"{base}/energy_lifetime").json()
        first = dt.date.fromisoformat(lifetime["start_date"])
        for change in changes:
            if first > change:
                continue
            found += 1
            number = (change - first).days
            start = midnight(change)
            end = midnight(change + dt.timedelta(days=1))
            listed = rows(dana.get(f"{base}/rgm_stats", start_at=str(start), end_at=str(end)))
            if listed:
                assert len(listed) == (end - start) // 900
                assert sum(row["wh_del"] for row in listed) == lifetime["production"][number]
        if found > 4:
            break
    assert found


def test_winter_is_lower_than_summer(world):
    world.reset("demo", systems=250)
    dana = world.person("dana@halcyon.example")
    systems = dana.get("/partner/activations", limit="1000", stage="5", state="CA")
    for system in systems.json()["systems"]:
        path = f"/systems/{system['system_id']}/energy_lifetime"
        if dana.get(path).json()["start_date"] > "2025-11-30":
            continue
        winter = dana.get(path, start_date="2025-12-08", end_date="2025-12-14").json()
        summer = dana.get(path, start_date="2026-06-08", end_date="2026-06-14").json()
        assert sum(winter["production"]) < 0.65 * sum(summer["production"])
        break
    else:
        raise AssertionError("no site is old enough")
