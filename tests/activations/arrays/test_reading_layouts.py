"""What Enphase answers, on grids: nothing is lost, and what is sent is legal."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activations.arrays import reads, wire
from activations.arrays.layout import (
    LANDSCAPE,
    PORTRAIT,
    frames_of,
    from_json,
    open_points,
    read,
    to_json,
    to_wire,
)
from enphase.records import Layout
from tests.activations.arrays.roofs import GATEWAY, answer, array, module, plan, serial, wire_array


def legal(found):
    """Whole numbers, multiples, no module over another, no array over another."""
    for one in to_wire(found)["arrays"]:
        assert isinstance(one["left"], int)
        assert isinstance(one["top"], int)
        places = [(m["left"], m["top"]) for m in one["modules"]]
        assert len(set(places)) == len(places)
        assert all(left % 100 == 0 and top % 200 == 0 for left, top in places)
        assert all(left >= 0 and top >= 0 for left, top in places)
    arrays = list(found.arrays)
    for at, one in enumerate(arrays):
        assert not any(one.covers(other) for other in arrays[at + 1 :])
        assert all(one.has(cell) for cell in one.cells)


def test_the_top_row_on_screen_is_the_one_with_the_largest_top():
    found = read(answer(wire_array(1, module(11, 0, 0), module(12, 0, 200), module(13, 100, 200))))
    [one] = found.arrays
    assert (one.rows, one.columns) == (2, 2)
    assert one.cells == {"R2C1": serial(11), "R1C1": serial(12), "R1C2": serial(13)}
    assert one.ref == "a1"
    assert one.tilt == Decimal(22)


def test_empty_cells_are_not_sent_and_the_frame_brings_them_back():
    before = plan(array(rows=3, columns=4, cells={"R2C2": serial(1)}, enphase_id=1))
    sent = to_wire(before)
    [only] = sent["arrays"][0]["modules"]
    assert (only["left"], only["top"]) == (100, 200)
    answered = Layout.from_api({"system_id": 701, **sent})
    assert read(answered, frames_of(before)).arrays == before.arrays
    bare = read(answered).arrays[0]
    assert (bare.rows, bare.columns, bare.left, bare.top) == (1, 1, 100, 200)
    # Where the frame begins makes no difference to what Enphase is said to hold.
    assert wire.digest(read(answered)) == wire.digest(before)


def test_modules_that_lie_take_two_columns():
    before = plan(array(rows=2, columns=3, orientation=LANDSCAPE, cells={"R1C3": serial(1)}))
    [only] = to_wire(before)["arrays"][0]["modules"]
    assert (only["left"], only["top"], only["angle"]) == (400, 200, 90)
    again = read(Layout.from_api({"system_id": 701, **to_wire(before)}))
    assert again.arrays[0].orientation == LANDSCAPE


def test_fractions_and_strays_get_the_nearest_free_cell_and_are_named():
    found = read(
        answer(
            wire_array(
                1,
                module(11, 0.4, -0.2),
                module(12, 130, 20),
                module(13, 101, 0),
                left=312.738,
                top=-99.5,
            )
        )
    )
    [one] = found.arrays
    assert one.cells == {"R1C1": serial(11), "R1C2": serial(12), "R1C3": serial(13)}
    assert (one.left, one.top) == (313, -100)
    assert found.notes == ("Array 1: 2 modules between the cells, shown in the nearest one.",)
    legal(found)


def test_what_enphase_left_open_must_be_settled_before_sending():
    found = read(
        answer(
            wire_array(
                1,
                module(11, 0, 0),
                provisioned_envoy=None,
                reporting_envoys=[],
                angle=None,
                tilt=None,
                label="",
            )
        )
    )
    assert open_points(found) == [
        "Array 1 has no azimuth. Enter it.",
        "Array 1 has no tilt. Enter it.",
        "Array 1 has no gateway. Choose one.",
    ]


def test_a_null_gateway_is_the_one_that_reports():
    found = read(answer(wire_array(1, provisioned_envoy=None)))
    assert found.arrays[0].gateway == GATEWAY
    assert open_points(found) == []


def test_what_cannot_be_read_keeps_the_layout_from_being_written():
    found = read(answer(wire_array(1, module(11, 0, 0, serial_num=None), label="Roof")))
    assert open_points(found) == [
        "Roof has a module without a serial number. Change this site in Enlighten."
    ]


def test_a_serial_in_two_places_is_shown_twice_and_named():
    found = read(
        answer(wire_array(1, module(11, 0, 0)), wire_array(2, module(11, 0, 0), left=1000))
    )
    assert found.placed == 2
    [point] = open_points(found)
    assert point == ("4820 0000 0011 is in Array 1 R1C1 and Array 2 R1C1. Clear all but one.")


def test_arrays_on_top_of_each_other_are_drawn_side_by_side():
    found = read(answer(wire_array(1, module(11, 0, 0)), wire_array(2, module(12, 0, 0))))
    assert [one.left for one in found.arrays] == [0, 100]
    assert found.notes == ("Array 2 covered another array and is drawn beside it.",)


def test_odd_angles_of_modules_are_kept():
    found = read(answer(wire_array(1, module(11, 0, 0, 15), module(12, 100, 0, 0), angle=-90)))
    assert found.arrays[0].azimuth == 270
    angles = {m["serial_num"]: m["angle"] for m in to_wire(found)["arrays"][0]["modules"]}
    assert angles == {serial(11): 15, serial(12): 0}


def test_facts_name_each_array_and_every_serial():
    facts = reads.facts_of(
        plan(array(cells={"R1C1": serial(7101), "R1C2": serial(7118), "R2C8": serial(7184)}))
    )
    assert facts == {
        "South main": "184°, tilt 22°, 3 modules",
        "South main, gateway": "2023 0000 0701",
        "South main, position": "x 0, y 0",
        "South main, row 1": "4820 0000 7101, 7118 in C1 to C2",
        "South main, row 2": "4820 0000 7184 in C8",
    }


coordinates = st.one_of(
    st.integers(-50, 50).map(lambda n: n * 100),
    st.floats(-5000, 5000, allow_nan=False),
    st.none(),
)
angles = st.one_of(st.none(), st.sampled_from([0, 90, 180, 270, -90, 15, 359.6]))


@st.composite
def layouts(draw):
    count = draw(st.integers(0, 4))
    number, arrays = 0, []
    for at in range(1, count + 1):
        modules = []
        for _ in range(draw(st.integers(0, 8))):
            number += 1
            modules.append(module(number, draw(coordinates), draw(coordinates), draw(angles)))
        arrays.append(
            wire_array(
                at,
                *modules,
                label=draw(st.sampled_from(["Roof", "", f"Array {at}", None])),
                angle=draw(angles),
                tilt=draw(st.sampled_from(["22.0", 30, None, "7.25"])),
                left=draw(coordinates),
                top=draw(coordinates),
            )
        )
    return answer(*arrays, angle=draw(st.sampled_from([None, 0, 12.4])))


@settings(max_examples=150, deadline=None)
@given(layouts())
def test_any_answer_becomes_a_legal_plan_with_every_serial(layout):
    found = read(layout)
    sent = [m.serial_num for one in layout.arrays for m in one.modules]
    assert sorted(s for one in found.arrays for s in one.cells.values()) == sorted(sent)
    ids = {m.serial_num: m.id for one in layout.arrays for m in one.modules}
    for one in to_wire(found)["arrays"]:
        assert all(m["id"] == ids[m["serial_num"]] for m in one["modules"])
    legal(found)
    assert from_json(to_json(found)) == found


@settings(max_examples=150, deadline=None)
@given(layouts())
def test_what_is_sent_reads_back_as_it_was(layout):
    found = read(layout)
    again = read(Layout.from_api({"system_id": 701, **to_wire(found)}), frames_of(found))
    assert wire.digest(again) == wire.digest(found)
    assert [one.cells for one in again.arrays] == [one.cells for one in found.arrays]


@pytest.mark.parametrize("orientation", [PORTRAIT, LANDSCAPE])
def test_a_module_far_out_does_not_make_the_plan_endless(orientation):
    angle = 90 if orientation == LANDSCAPE else 0
    found = read(answer(wire_array(1, module(11, 0, 0, angle), module(12, 10**8, 10**8, angle))))
    assert (found.arrays[0].rows, found.arrays[0].columns) == (2, 2)
    legal(found)
