"""Drawing on a plan: each action, what it refuses, and any sequence of them."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activations.arrays import actions, differences, serials
from activations.arrays.actions import CellErrors, PlacedElsewhere, Shape
from activations.arrays.layout import (
    LANDSCAPE,
    PORTRAIT,
    Plan,
    frames_of,
    from_json,
    place_of,
    read,
    to_json,
    to_wire,
)
from enphase.records import Layout
from portal.ui.errors import Refused
from tests.activations.arrays.roofs import GATEWAY, array, plan, serial
from tests.activations.arrays.test_reading_layouts import legal

SOUTH = Shape("South main", 2, 8, azimuth=184, tilt=Decimal(22), gateway=GATEWAY)


# One thing at a time


def test_arrays_are_added_beside_each_other_with_upper_edges_in_line():
    two = actions.add(actions.add(Plan(), SOUTH), replace(SOUTH, label="Garage", rows=3, columns=1))
    south, garage = two.arrays
    assert (south.left, south.top) == (0, 0)
    assert garage.left == south.right + actions.GAP
    assert garage.upper == south.upper


def test_two_arrays_of_one_name_are_refused():
    with pytest.raises(Refused, match="There is an array South main already"):
        actions.add(plan(), replace(SOUTH, label="south MAIN"))


def test_smaller_size_names_the_serials_that_would_fall_off():
    full = plan(array(cells={"R2C8": serial(1), "R1C1": serial(2)}))
    with pytest.raises(Refused, match=r"4820 0000 0001 would lose its cell\. Clear it first\."):
        actions.change(full, "a1", replace(SOUTH, columns=7))
    smaller = actions.change(actions.clear(full, "a1", "R2C8"), "a1", replace(SOUTH, rows=1))
    # The row that is left stays where it was on the roof.
    assert (smaller.arrays[0].top, smaller.arrays[0].upper) == (200, 400)


def test_growing_array_makes_room():
    two = plan(array(), array("a2", "Garage", 2, 2, left=900))
    wider = actions.change(two, "a1", replace(SOUTH, columns=12))
    assert [one.left for one in wider.arrays] == [0, 1200]
    legal(wider)


def test_array_does_not_move_onto_another():
    two = plan(array(), array("a2", "Garage", 2, 2, left=800))
    with pytest.raises(Refused, match="Garage is in the way"):
        actions.move(two, "a1", "right")
    assert actions.move(two, "a1", "up").arrays[0].top == 200
    assert actions.move_to(two, "a1", -300, 40).arrays[0].left == -300


def test_copy_is_empty_and_has_a_name_of_its_own():
    full = plan(array(cells={"R1C1": serial(1)}, enphase_id=7, module_ids={serial(1): 70}))
    _, copy = actions.duplicate(full, "a1").arrays
    assert (copy.label, dict(copy.cells), copy.enphase_id) == ("South main 2", {}, None)
    _, _, third = actions.duplicate(actions.duplicate(full, "a1"), copy.ref).arrays
    assert third.label == "South main 3"


def test_serial_is_placed_once_and_moves_when_asked_to():
    one = actions.place(plan(), "a1", "r2c7", "4820 0000 0001")
    assert one.arrays[0].cells == {"R2C7": serial(1)}
    with pytest.raises(PlacedElsewhere, match="is in South main R2C7 already") as refusal:
        actions.place(one, "a1", "R1C1", serial(1))
    assert refusal.value.spot.cell == "R2C7"
    moved = actions.place(one, "a1", "R1C1", serial(1), moving=True)
    assert moved.arrays[0].cells == {"R1C1": serial(1)}


@pytest.mark.parametrize("cell", ["R3C1", "R1C9", "", "R0C1", "x"])
def test_no_such_cell(cell):
    with pytest.raises(Refused, match="South main has no cell"):
        actions.place(plan(), "a1", cell, serial(1))


@pytest.mark.parametrize("typed", ["48231907774", "abcdefabcdef", f"{serial(1)} {serial(2)}"])
def test_no_serial(typed):
    with pytest.raises(Refused, match="A serial number has 12 digits"):
        actions.place(plan(), "a1", "R1C1", typed)


def test_serial_that_enphase_lists_is_taken_whatever_it_looks_like():
    one = actions.place(plan(), "a1", "R1C1", "M215-77", listed={"M215-77"})
    assert one.arrays[0].cells == {"R1C1": "M215-77"}
    two = actions.table(one, "a1", {"R1C2": "M215-78"}, listed={"M215-78"})
    assert two.arrays[0].cells == {"R1C1": "M215-77", "R1C2": "M215-78"}


def test_next_empty_cell_goes_on_in_the_next_array():
    two = plan(array(rows=1, columns=2), array("a2", "Garage", 1, 1, left=900))
    two = actions.place(two, "a1", "R1C1", serial(1))
    assert str(actions.next_empty(two, "a1", "R1C1")) == "South main R1C2"
    two = actions.place(two, "a1", "R1C2", serial(2))
    assert str(actions.next_empty(two, "a1", "R1C2")) == "Garage R1C1"
    two = actions.place(two, "a2", "R1C1", serial(3))
    assert actions.next_empty(two, "a2", "R1C1") is None


def test_fill_goes_there_and_back_again():
    start = plan(array(rows=3, columns=3, cells={"R2C2": serial(99)}))
    rest = [serial(99), *(serial(n) for n in range(1, 20))]
    places = actions.fill_places(start, "a1", "R1C2", rest)
    assert list(places) == ["R1C2", "R1C3", "R2C3", "R2C1", "R3C1", "R3C2", "R3C3"]
    assert list(places.values()) == [serial(n) for n in range(1, 8)]
    filled = actions.fill(start, "a1", "R1C2", rest)
    assert filled.arrays[0].cells == {"R2C2": serial(99), **places}


def test_fill_with_nothing_to_place_says_so():
    start = plan(array(cells={"R1C1": serial(1)}))
    with pytest.raises(Refused, match="Every serial has its place"):
        actions.fill(start, "a1", "R1C2", [serial(1)])


def test_pasted_list_is_placed_and_what_was_not_is_named():
    start = plan(array(rows=1, columns=4, cells={"R1C2": serial(9)}))
    text = f"Serial\n4820 0000 0001\n{serial(2)};{serial(2)}, {serial(9)}\n12345\n"
    text += f"{serial(3)}\n{serial(4)}"
    pasted = actions.paste(start, "a1", "R1C1", text)
    assert dict(pasted.plan.arrays[0].cells) == {
        "R1C1": serial(1),
        "R1C2": serial(9),
        "R1C3": serial(2),
        "R1C4": serial(3),
    }
    assert pasted.left == [serial(4)]
    assert pasted.said == [
        "4820 0000 0002 is in the list twice; it is taken once.",
        "No serial number: 12345. A serial number has 12 digits.",
        "4820 0000 0009 is in South main R1C2 already.",
        "4820 0000 0004 found no empty cell in South main from R1C1 on.",
    ]


def test_table_names_every_wrong_cell_and_lets_serials_change_places():
    start = plan(
        array(rows=1, columns=3, cells={"R1C1": serial(1), "R1C2": serial(2)}),
        array("a2", "Garage", 1, 1, left=900, cells={"R1C1": serial(5)}),
    )
    swapped = actions.table(start, "a1", {"R1C1": serial(2), "R1C2": serial(1)})
    assert swapped.arrays[0].cells == {"R1C1": serial(2), "R1C2": serial(1)}
    with pytest.raises(CellErrors) as refusal:
        actions.table(start, "a1", {"R1C2": serial(1), "R1C3": serial(5)})
    assert refusal.value.by_cell == {
        "R1C2": "4820 0000 0001 is in R1C1 too.",
        "R1C3": "4820 0000 0005 is in Garage R1C1 already.",
    }
    with pytest.raises(CellErrors, match="1 cell needs another look"):
        actions.table(start, "a1", {"R1C3": "4823"})
    assert actions.table(start, "a1", {"R1C1": " "}).arrays[0].cells == {"R1C2": serial(2)}


@pytest.mark.parametrize(
    ("text", "found", "unread"),
    [
        ("4823 1907 7742", ["482319077742"], []),
        ("4823-1907-7742,482319077759", ["482319077742", "482319077759"], []),
        ("SN:482319077742\tSN:482319077759", ["482319077742", "482319077759"], []),
        ("482319077742482319077759", [], ["482319077742482319077759"]),
        ("4.82319E+11", [], ["4.82319E+11"]),
        ("R1C1", [], ["1", "1"]),
        ("", [], []),
    ],
)
def test_serials_in_any_text(text, found, unread):
    parsed = serials.parse(text)
    assert (parsed.serials, parsed.unread) == (found, unread)


# Any sequence


refs = st.sampled_from(["a1", "n1", "n2", "n3", "zz"])
cells = st.builds(lambda row, column: f"R{row}C{column}", st.integers(1, 5), st.integers(1, 6))
numbers = st.integers(1, 12).map(serial)
shapes = st.builds(
    Shape,
    label=st.sampled_from(["South", "North", "Garage", "Shed", " "]),
    rows=st.integers(0, 5),
    columns=st.integers(1, 6),
    orientation=st.sampled_from([PORTRAIT, LANDSCAPE]),
    azimuth=st.integers(0, 359),
    tilt=st.sampled_from([Decimal(0), Decimal("22.5"), Decimal(91)]),
    gateway=st.just(GATEWAY),
)
acts = st.one_of(
    st.tuples(st.just(actions.add), shapes),
    st.tuples(st.just(actions.change), refs, shapes),
    st.tuples(st.just(actions.move), refs, st.sampled_from([*actions.STEPS, "away"])),
    st.tuples(st.just(actions.move_to), refs, st.integers(-2000, 2000), st.integers(-2000, 2000)),
    st.tuples(st.just(actions.duplicate), refs),
    st.tuples(st.just(actions.delete), refs),
    st.tuples(st.just(actions.place), refs, cells, numbers),
    st.tuples(st.just(actions.clear), refs, cells),
    st.tuples(st.just(actions.fill), refs, cells, st.lists(numbers, max_size=12)),
    st.tuples(
        st.just(lambda was, *rest: actions.paste(was, *rest).plan),
        refs,
        cells,
        st.lists(numbers, max_size=6).map("\n".join),
    ),
    st.tuples(
        st.just(lambda was, *rest: actions.place(was, *rest, moving=True)), refs, cells, numbers
    ),
    st.tuples(
        st.just(actions.table), refs, st.dictionaries(cells, numbers | st.just(""), max_size=4)
    ),
)


def follow(start, sequence):
    """The plans one after another; what is refused changes nothing."""
    found = [start]
    for act, *given_ in sequence:
        try:
            found.append(act(found[-1], *given_))
        except Refused:
            continue
    return found


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(acts, max_size=25))
def test_any_sequence_keeps_the_plan_legal(sequence):
    for now in follow(plan(array(rows=2, columns=3)), sequence):
        placed = [one for each in now.arrays for one in each.cells.values()]
        assert len(set(placed)) == len(placed)
        assert len({one.label.casefold() for one in now.arrays}) == len(now.arrays)
        assert all(place_of(cell) for each in now.arrays for cell in each.cells)
        legal(now)
        assert from_json(to_json(now)) == now


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(acts, max_size=25))
def test_every_step_can_be_walked_back_and_forth(sequence):
    kept = [to_json(now) for now in follow(plan(), sequence)]
    for before, after in pairwise(kept):
        step = differences.step(before, after)
        assert differences.walk(before, step) == after
        assert differences.walk(after, step, back=True) == before


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(acts, max_size=25))
def test_any_plan_is_sent_and_read_back_as_it_was(sequence):
    now = follow(plan(), sequence)[-1]
    # Enphase gives ids to what is new.
    known = tuple(replace(one, enphase_id=number) for number, one in enumerate(now.arrays, 1))
    sent = replace(now, arrays=known)
    again = read(Layout.from_api({"system_id": 701, **to_wire(sent)}), frames_of(sent))
    assert differences.rows(sent, again) == []
    assert [dict(one.cells) for one in again.arrays] == [dict(one.cells) for one in known]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(acts, max_size=20))
def test_what_differs_is_said_and_counted(sequence):
    first, *_, last = [plan(), *follow(plan(), sequence)]
    assert bool(differences.rows(first, last)) == bool(differences.count(first, last))
    if first == last:
        assert not differences.rows(first, last)
