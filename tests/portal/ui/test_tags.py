from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
import time_machine

from enphase import statuses
from portal.operations.models import State
from portal.ui import vocabulary
from portal.ui.templatetags import ridgeline as tags

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_every_status_of_the_client_has_a_look_and_advice():
    assert set(statuses.TEXTS) == set(vocabulary.STATUS_LOOKS) == set(vocabulary.STATUS_ADVICE)


def test_every_state_of_an_operation_has_a_look():
    assert {state.value for state in State} <= set(vocabulary.OPERATION_LOOKS)
    for state in State:
        assert tags.operation_look(SimpleNamespace(state=state)).text == state.label


@pytest.mark.parametrize("status", ["micro", "MICRO", "Microinverters Not Reporting"])
def test_keys_and_words_of_enlighten_look_the_same(status):
    html = tags.status_pill(status)
    assert 'data-tone="warn"' in html
    assert "#i-micro" in html
    assert "Microinverters Not Reporting" in html


def test_what_works_is_drawn_quiet():
    assert "pill--quiet" in tags.status_pill("normal")
    assert "pill--quiet" not in tags.status_pill("comm")


def test_a_status_nobody_told_us_about_keeps_its_text():
    html = tags.status_pill("<i>new</i>")
    assert 'data-tone="off"' in html
    assert "&lt;i&gt;new" in html
    assert "No status" in tags.status_pill(None)


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=10), "just now"),
        (timedelta(minutes=4), "4 min ago"),
        (timedelta(minutes=59), "59 min ago"),
        (timedelta(minutes=60), "1 h ago"),
        (timedelta(hours=23), "23 h ago"),
        (timedelta(hours=25), "21 Nov"),
        (timedelta(days=400), "18 Oct 2025"),
        (timedelta(minutes=-5), "in 5 min"),
    ],
)
def test_age_is_relative_for_a_day_then_a_date(passed, said):
    with time_machine.travel(NOW, tick=False):
        assert tags.relative(NOW - passed) == said


def test_exact_time_is_there_for_those_who_ask():
    with time_machine.travel(NOW, tick=False):
        html = tags.ago(NOW - timedelta(minutes=4))
    assert 'datetime="2026-11-22T11:56:00+00:00"' in html
    assert 'title="22 November 2026, 11:56:00 UTC"' in html
    assert "never" in tags.ago(None)


def test_old_data_is_marked():
    with time_machine.travel(NOW, tick=False):
        assert "dot--old" in tags.freshness(NOW - timedelta(hours=2))
        assert "dot--old" not in tags.freshness(NOW - timedelta(minutes=4))


def test_serial_is_grouped_and_copies_as_one():
    assert (
        tags.serial("202314071152")
        == '<span class="serial"><span>2023</span><span>1407</span><span>1152</span></span>'
    )
    assert "<b>1152</b>" in tags.serial("202314071152", "1152")
    assert "–" in tags.serial(None)


@pytest.mark.parametrize(
    ("cents", "said"), [(200, "$2.00"), (10, "$0.10"), (1234567, "$12,345.67"), (None, "")]
)
def test_money(cents, said):
    assert tags.money(cents) == said


def test_numbers_and_spans():
    assert tags.number(64210) == "64,210"
    assert tags.seconds(42) == "0:42"
    assert tags.seconds(7507) == "2:05:07"


@pytest.mark.parametrize(("stage", "said"), [(3, "3 Verifying"), ("5", "5 Complete"), (None, "–")])
def test_stage_is_said_beside_its_bars(stage, said):
    html = tags.stage(stage)
    assert said in html
    assert 'aria-hidden="true"' in html


def test_stepper_marks_where_a_site_is():
    steps = tags.stage_stepper(3, {3: "2 of 4 checks"})["steps"]
    assert [step["state"] for step in steps] == ["done", "done", "now", "next", "next"]
    assert [step["state"] for step in tags.stage_stepper(5)["steps"]] == ["done"] * 5


def test_every_icon_that_is_named_exists(settings):
    from pathlib import Path

    sprite = (Path(settings.BASE_DIR) / "static/src/icons.svg").read_text()
    looks = [icon for _, icon in vocabulary.STATUS_LOOKS.values()]
    looks += [look.icon for look in vocabulary.OPERATION_LOOKS.values()]
    looks += [look.icon for look in vocabulary.TASK_LOOKS.values()]
    assert [name for name in looks if f'id="i-{name}"' not in sprite] == []
