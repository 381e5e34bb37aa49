"""Odd answers, units and days: what Enphase leaves open is said, not guessed."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from activations.evchargers.chargers import mode_look
from activations.evchargers.drawing import Day, Month, reported, round_top
from activations.evchargers.reads import Listed, Quarters, _gathered, bounds
from activations.evchargers.sessions import compare, length_of, sessions_of, unit_of
from activations.evchargers.weeks import Week, days_in_words, in_words, minutes_of
from enphase.records import EnergyLifetime, EvChargerSchedule, EvChargerSession, LatestReading
from enphase.records.ev_chargers import EvChargingTime

PACIFIC = ZoneInfo("America/Los_Angeles")
NOW = datetime(2026, 11, 22, 20, tzinfo=UTC)


def session(start=1_700_059_683, **fields):
    return EvChargerSession.from_api({"start_time": start, **fields})


# ------------------------------------------------------------------ sessions


@pytest.mark.parametrize(
    ("energy", "seconds", "unit"),
    [
        (14.83, 7080, "kWh"),  # the vendor's own example: 7.5 kW
        (14830, 7080, "Wh"),
        (0, 7080, ""),
        (None, 7080, ""),
        (14.83, 0, ""),
        (14.83, None, ""),
        (3, 60, ""),  # too short to tell
    ],
)
def test_unit_is_what_a_home_charger_can_give(energy, seconds, unit):
    assert unit_of([session(energy_added=energy, charge_time=seconds)]) == unit


def test_energy_without_a_unit_stays_a_bare_number():
    [one] = sessions_of([session(energy_added=3)], "", NOW)
    assert (one.energy, one.energy_kwh) == (3, None)


def test_odd_sessions():
    rows = [
        session(start=0, end_time=0, duration=-5, energy_added=-1, cost=""),
        session(end_time=1_700_000_000, duration="60", energy_added="1.5"),
        session(start=None),
    ]
    first, second, third = sessions_of(rows, "kWh", NOW)
    assert (first.start, first.end, first.seconds, first.energy) == (None, None, None, None)
    # An end before the start is none.
    assert (second.end, second.seconds, second.energy_kwh) == (None, 60, 1.5)
    assert not third.is_running


def test_only_the_newest_without_an_end_is_running():
    start = int(NOW.timestamp())
    rows = [session(start=start - 3600), session(start=start - 90_000)]
    newest, older = sessions_of(rows, "kWh", NOW)
    assert newest.is_running
    assert not older.is_running
    [over] = sessions_of([session(start=start - 3600, end_time=start - 60)], "kWh", NOW)
    assert not over.is_running
    assert over.seconds == 3540


def test_lengths_in_words():
    assert [length_of(s) for s in (20, 480, 3600, 11_497)] == [
        "under 1 min",
        "8 min",
        "1 h",
        "3 h 12 min",
    ]


def test_sessions_are_held_against_the_days():
    day = date(2026, 11, 20)
    end = int(datetime(2026, 11, 20, 23, tzinfo=PACIFIC).timestamp())
    rows = [session(start=end - 7200, end_time=end, energy_added=14.4, charge_time=7200)]
    told = sessions_of(rows, "kWh", NOW)
    found = compare(told, [(day, 14_400.0)], PACIFIC, True)
    assert (found.days, found.agrees) == (1, True)
    assert not compare(told, [(day, 1_000.0)], PACIFIC, True).agrees
    assert compare(told, [(day, None)], PACIFIC, True) is None
    assert compare([], [(day, 14_400.0)], PACIFIC, True) is None
    # The day of the oldest session that was read may have more of them.
    assert compare(told, [(day, 14_400.0)], PACIFIC, False) is None


# ------------------------------------------------------------------ lists


def test_pages_end_when_one_is_short_whatever_is_counted():
    rows = [{"n": n} for n in range(130)]

    def fetch(offset, limit):
        page = rows[offset : offset + limit]
        return page, len(page)

    assert _gathered(fetch, 20) == {"rows": rows[:20], "pages": 1, "complete": False}
    assert _gathered(fetch, 200) == {"rows": rows, "pages": 2, "complete": True}


def test_a_list_that_ignores_the_offset_is_not_followed():
    found = _gathered(lambda offset, limit: ([{"n": n} for n in range(100)], 100), 500)
    assert (len(found["rows"]), found["pages"], found["complete"]) == (100, 2, False)


def test_rows_without_a_time_come_last():
    payload = {
        "system_id": 1,
        "rows": [{"details": "a"}, {"triggered_date": "soon"}, {"triggered_date": 1_700_000_000}],
        "complete": True,
    }
    rows = Listed.events(payload).rows
    assert rows[0].triggered_date is not None
    assert [row.triggered_date for row in rows[1:]] == [None, None]


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("CHARGING", "Charging"),
        ("charging", "Charging"),
        ("PLUGGED_OUT", "No car plugged in"),
        ("IDLE", "Plugged in, not charging"),
        ("FAULTED", "Fault"),
        ("V2H_EXPORT", "V2h export"),
        ("", "Not known"),
        (None, "Not known"),
    ],
)
def test_states_of_a_charger(mode, words):
    assert mode_look(LatestReading.from_api({"operational_mode": mode})).text == words


# ------------------------------------------------------------------ schedules


def charging_time(days=(1,), start="1:00", end="2:00", level=70):
    return {"days": days, "start_time": start, "end_time": end, "charging_level": level}


def week_of(*times, **fields):
    return Week(EvChargerSchedule.from_api({"schedules": list(times), **fields}))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("1:00", 60),
        ("01:00", 60),
        ("23:59:00", 1439),
        ("24:00", 1440),
        ("24:01", None),
        ("25:00", None),
        ("1:60", None),
        ("1 am", None),
        (None, None),
    ],
)
def test_times_of_a_schedule(text, minutes):
    assert minutes_of(text) == minutes


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ([1, 2, 3, 4, 5, 6, 7], "Every day"),
        ([4], "Day 4"),
        ([5, 1, 2], "Days 1, 2 and 5"),
        ([3, 4, 5], "Days 3 to 5"),
        ([1, 1], "Day 1"),
        (["Mon", 2], "Mon, 2"),
        ([0], "0"),
        ([], "Days not told"),
    ],
)
def test_days_of_a_schedule(days, words):
    assert days_in_words(EvChargingTime.from_api({"days": days})) == words


def test_a_time_over_midnight_goes_on_the_next_day():
    week = week_of(charging_time([7], "22:30", "1:00"), type="Custom", is_active=True)
    assert [(bar.day, bar.start, bar.end) for bar in week.bars] == [(7, 1350, 1440), (1, 0, 60)]
    assert week.sentence == "Custom, on: Day 7, 22:30 to 01:00 on the next day, at 70 %"


def test_what_cannot_be_drawn_stands_in_the_table():
    week = week_of(charging_time(["Mon"]), charging_time([1], "dawn", "dusk", None))
    assert week.undrawn == 2
    assert not week.bars
    assert [time["start"] for time in week.times] == ["01:00", "dawn"]
    assert "on or off not told" in week.sentence
    assert in_words(EvChargerSchedule.from_api({"type": "Eco"})) == (
        "Eco, on or off not told: no times"
    )


# ------------------------------------------------------------------ energy


def day_of(day, rows, now=NOW, heard=None):
    answer = {"system_id": 1, "consumption": rows}
    record = Quarters.of({"day": day.isoformat(), "answer": answer})
    return Day(record, PACIFIC, now, heard)


def quarters(day, wh):
    start, end = bounds(day, PACIFIC)
    count = int((end - start).total_seconds()) // 900
    return [
        {"end_at": int(start.timestamp()) + 900 * (n + 1), "consumption": wh} for n in range(count)
    ]


@pytest.mark.parametrize(
    ("day", "count", "hours"),
    [
        (date(2026, 3, 8), 92, 23),
        (date(2026, 11, 1), 100, 25),
        (date(2026, 11, 20), 96, 24),
    ],
)
def test_days_of_23_24_and_25_hours(day, count, hours):
    chart = day_of(day, quarters(day, 100))
    assert len(chart.quarters) == count
    assert chart.missing == 0
    assert chart.total_wh == count * 100
    assert len(chart.hours) == hours
    assert chart.hours[-1]["missing"] == 0
    names = [row["hour"] for row in chart.hours]
    assert len(set(names)) == hours
    if hours == 25:
        assert "01:00 PDT" in names
        assert "01:00 PST" in names


def test_neighbouring_days_do_not_leak_in():
    day = date(2026, 11, 20)
    rows = quarters(day - timedelta(days=1), 500) + quarters(day, 0) + quarters(NOW.date(), 500)
    chart = day_of(day, rows)
    assert chart.total_wh == 0
    assert chart.sentence == "Nothing was charged."


def test_gaps_are_said_and_not_zero():
    day = date(2026, 11, 20)
    rows = quarters(day, 900)
    del rows[40:44]
    rows[50]["consumption"] = "no number"
    rows[51]["consumption"] = -7
    chart = day_of(day, rows)
    assert chart.missing == 6
    assert "6 quarters not reported" in chart.sentence
    assert sum(bar.value is None for bar in chart.bars) == 6


def test_zeros_after_the_last_report_are_not_known():
    day = date(2026, 11, 20)
    heard = bounds(day, PACIFIC)[0] + timedelta(hours=12)
    chart = day_of(day, quarters(day, 0), heard=heard)
    assert len(chart.told) == 48
    assert chart.missing == 48


def test_nothing_reported():
    assert day_of(date(2026, 11, 20), []).sentence == "No reports of this day."


def test_zeros_at_the_end_of_the_days_need_a_later_report():
    record = EnergyLifetime.from_api(
        {"system_id": 1, "start_date": "2026-11-18", "consumption": [0, 5000, 0, "x", 0]}
    )
    days = record.days(record.energy_wh)
    unheard = [wh for _, wh in reported(days, record.energy_wh, PACIFIC, None)]
    assert unheard == [0, 5000, None, None, None]
    heard = bounds(date(2026, 11, 20), PACIFIC)[1]
    until = [wh for _, wh in reported(days, record.energy_wh, PACIFIC, heard)]
    assert until == [0, 5000, 0, None, None]


def test_a_month_in_a_sentence():
    month = Month(
        date(2026, 11, 1),
        [(date(2026, 11, day), 7_000.0 if day == 3 else 0.0) for day in range(1, 20)],
        date(2026, 11, 22),
    )
    assert month.sentence == "7.00 kWh on 1 day, most on 3 November: 7.00 kWh. 2 days not reported."
    # Today is not over, and the days to come are not drawn.
    assert len(month.bars) == 21
    assert Month(date(2026, 10, 1), [], date(2026, 11, 22)).sentence == (
        "Nothing is known of this month."
    )


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 1), (0.4, 1), (1, 1), (1.1, 2), (2.2, 2.5), (3, 5), (7.2, 10), (21, 25), (11.5, 20)],
)
def test_round_tops(highest, top):
    assert round_top(highest) == top
