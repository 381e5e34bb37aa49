"""600 modules stay quick, and what anybody may draw comes back from the sandbox as it was sent."""

import time
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from activations.arrays import wire, writes
from activations.arrays.layout import frames_of, read, to_json
from activations.snapshots import services as snapshots
from portal.connections.services import client_for
from tests.activations.arrays.roofs import GATEWAY, plan, serial
from tests.activations.arrays.steps import HTMX, draft_of, plan_of, url
from tests.activations.arrays.test_drawing import acts, follow
from tests.activations.sites import copy_of

pytestmark = pytest.mark.django_db

ARRAYS, EACH, SPARE = 6, 100, 40


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(acts, min_size=3, max_size=25))
def test_anything_drawn_comes_back_from_enphase_as_it_was_sent(halcyon, site, micros, sequence):
    drawn = follow(plan(), sequence)[-1]
    real = {serial(number): micros[number] for number in range(1, 13)}
    arrays = tuple(
        replace(array, cells={cell: real[one] for cell, one in array.cells.items()})
        for array in drawn.arrays
    )
    sent = replace(drawn, arrays=arrays)
    assume(sent.arrays)
    with client_for(halcyon.pk) as client:
        answered = writes.update.send(client, system_id=701, plan=to_json(sent))
    known = wire.with_ids(sent, answered)
    assert all(array.enphase_id for array in known.arrays)
    held = read(answered, frames_of(known))
    assert wire.rearranged(known, held) == []
    assert [dict(array.cells) for array in held.arrays] == [dict(one.cells) for one in arrays]


@pytest.fixture
def large(halcyon):
    """A site with 600 modules on six arrays, and 40 more to place, as if it had been read."""
    site = copy_of(halcyon, 701)
    micros = [serial(number) for number in range(ARRAYS * EACH + SPARE)]
    snapshots.keep(
        site,
        "arrays",
        {
            "system_id": 701,
            "angle": None,
            "arrays": [
                {
                    "id": number + 1,
                    "label": f"Array {number + 1}",
                    "angle": 180,
                    "tilt": "20.0",
                    "provisioned_envoy": GATEWAY,
                    "left": number * 1200,
                    "top": 0,
                    "modules": [
                        {
                            "id": number * 1000 + at + 1,
                            "left": at % 10 * 100,
                            "top": at // 10 * 200,
                            "angle": 0,
                            "serial_num": micros[number * EACH + at],
                        }
                        for at in range(EACH)
                    ],
                }
                for number in range(ARRAYS)
            ],
            "inventory": micros,
        },
    )
    seen = [
        {"serial_number": one, "model": "IQ8PLUS", "status": "normal", "last_report_date": 1}
        for one in micros
    ]
    snapshots.keep(
        site,
        "inverters",
        {"groups": [{"signal_strength": 4, "micro_inverters": seen}], "complete": True},
    )
    return site


def clear_and_place(client, site, number):
    """One interaction: a serial into the first cell. Returns what it took, in CPU seconds."""
    data = {
        "action": "place",
        "revision": draft_of(site).revision,
        "array": "a1",
        "cell": "R1C1",
        "serial": serial(ARRAYS * EACH + number),
    }
    began = time.process_time()
    answer = client.post(url(site, "act"), data, headers=HTMX)
    taken = time.process_time() - began
    assert answer.status_code == 200
    return taken


def test_interaction_with_600_modules_is_quick(client, alice, large):
    client.force_login(alice)
    assert plan_of(large).placed == ARRAYS * EACH
    times = sorted(clear_and_place(client, large, number) for number in range(9))
    # The goal is 100 ms to the eye. Busy machines are slower; half of it is CPU time here.
    assert times[len(times) // 2] < 0.1
    assert plan_of(large).find(serial(ARRAYS * EACH + 8)).cell == "R1C1"


def test_an_interaction_asks_the_database_the_same_however_large(
    client, alice, large, django_assert_max_num_queries
):
    client.force_login(alice)
    clear_and_place(client, large, 0)
    # Session, roles, site, copies, drift, draft, running, savepoint and update, two of the index
    # of serials, other sites, last change; one more is this test's own look at the revision.
    with django_assert_max_num_queries(15):
        clear_and_place(client, large, 1)


def test_a_draft_of_a_large_site_stays_small(client, alice, large):
    client.force_login(alice)
    for number in range(9):
        clear_and_place(client, large, number)
    row = draft_of(large)
    assert len(row.done) == 9
    assert len(str(row.done)) < 3000


def test_an_answer_leaves_out_what_the_page_shows_already(client, alice, large):
    client.force_login(alice)
    page = client.get(url(large), {"array": "a1", "cell": "R1C1"})
    asked = {
        "action": "place",
        "revision": 0,
        "array": "a1",
        "cell": "R1C1",
        "serial": serial(ARRAYS * EACH),
    }
    drawn = HTMX | {"X-Drawn": page.context["drawn"]}
    answer = client.post(url(large, "act"), asked, headers=drawn)
    text = answer.content.decode()
    assert text.count('class="m__b"') - text.count('viewBox="0 0 12 12"') == 1
    assert 'aria-label="Array 1, row 1, column 1, serial ending 0600, detected"' in text
    assert len(answer.content) < len(page.content) / 5
    # The revision it had drawn is over: the next answer is whole, unless the page says more.
    again = asked | {"revision": 1, "serial": serial(ARRAYS * EACH + 1)}
    whole = client.post(url(large, "act"), again, headers=drawn).content.decode()
    assert whole.count('class="m__b"') > ARRAYS * EACH
