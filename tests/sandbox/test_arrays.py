import json

import pytest

from tests.sandbox.commissioning import mistakes, stands_apart

FIRST = 482_000_000_000 + 701 * 100
ALL = "/partner/systems/701/arrays"


def module(index, left=0, top=0, **more):
    return {"left": left, "top": top, "angle": 0, "serial_num": str(FIRST + index), **more}


def array(**changes):
    fields = {
        "label": "South",
        "angle": 180,
        "tilt": "25",
        "provisioned_envoy": "202300000701",
        "left": 0,
        "top": 0,
        "modules": [module(0), module(1, 100)],
    }
    return {name: value for name, value in {**fields, **changes}.items() if value is not ...}


def lay(dana, *arrays, angle=0):
    return dana.put(ALL, {"angle": angle, "arrays": list(arrays)})


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/partner/systems/{}/arrays"),
        ("PUT", "/partner/systems/{}/arrays"),
        ("GET", "/partner/systems/{}/arrays/1"),
        ("PUT", "/partner/systems/{}/arrays/1"),
        ("DELETE", "/partner/systems/{}/arrays/1"),
    ],
)
def test_refusals(world, dana, method, path):
    stands_apart(world, dana, method, path)


def test_a_finished_site_has_its_arrays(dana):
    layout = dana.get("/partner/systems/703/arrays").json()
    assert layout["angle"] is None
    placed = [m["serial_num"] for one in layout["arrays"] for m in one["modules"]]
    assert sorted(placed) == sorted(layout["inventory"])
    assert len(placed) == 18
    assert [one["serialNum"] for one in layout["inventory_details"]] == layout["inventory"]
    assert "opaciy" in layout["layers"][0]


def test_a_site_at_stage_3_has_an_inventory_only(dana):
    layout = dana.get(ALL).json()
    assert layout["arrays"] == []
    assert len(layout["inventory"]) == 24
    assert dana.get("/partner/systems/702/arrays").json()["inventory"] == []


def test_laid_out_and_read_back(dana):
    answer = lay(dana, array(), array(label="West", angle=270, left=400, modules=[module(2)]))
    assert answer.status_code == 200
    assert answer.json() == dana.get(ALL).json()
    south, west = answer.json()["arrays"]
    assert (south["label"], south["tilt"], south["left"]) == ("South", "25.0", 0)
    assert (west["angle"], west["left"]) == (270, 400)
    assert south["reporting_envoys"] == ["202300000701"]
    assert dana.get(f"{ALL}/{west['id']}").json() == west


@pytest.mark.parametrize("content_type", ["application/text", "application/json"])
def test_the_body_is_text_as_well(dana, content_type):
    body = json.dumps({"angle": 0, "arrays": [array()]})
    answer = dana.ask("PUT", ALL, data=body, headers={"Content-Type": content_type})
    assert answer.status_code == 200


def test_modules_are_rearranged_not_to_overlap(dana):
    crowd = [module(0, 12, 9), module(1, 40, 20), module(2, 130, 180)]
    (one,) = lay(dana, array(modules=crowd)).json()["arrays"]
    assert [(m["left"], m["top"]) for m in one["modules"]] == [(0, 0), (100, 0), (100, 200)]


def test_arrays_are_moved_aside(dana):
    first, second = lay(dana, array(), array(label="Two", modules=[module(5)])).json()["arrays"]
    assert first["left"] == 0
    assert second["left"] == 200


def test_an_array_at_an_angle_comes_back_with_fractions(dana):
    (one,) = lay(dana, array(angle=30, left=300)).json()["arrays"]
    assert one["left"] != 300
    assert abs(one["left"] - 300) < 1


def test_ids_stay_and_what_is_left_out_is_gone(dana):
    first, second = lay(dana, array(), array(modules=[module(5)], left=900)).json()["arrays"]
    (kept,) = lay(dana, array(id=second["id"], modules=[module(5)])).json()["arrays"]
    assert kept["id"] == second["id"]
    assert kept["modules"][0]["id"] == second["modules"][0]["id"]
    assert mistakes(dana.get(f"{ALL}/{first['id']}")) == ["Array not found"]
    assert lay(dana).json()["arrays"] == []


def test_one_array_is_changed(dana):
    first, second = lay(dana, array(), array(modules=[module(5)], left=900)).json()["arrays"]
    changed = dana.put(f"{ALL}/{first['id']}", array(id=1, label="Shed", modules=[module(9)]))
    assert changed.status_code == 200
    assert (changed.json()["id"], changed.json()["label"]) == (first["id"], "Shed")
    assert dana.get(f"{ALL}/{second['id']}").json() == second


def test_one_array_is_deleted(dana):
    (one,) = lay(dana, array()).json()["arrays"]
    assert dana.delete(f"{ALL}/{one['id']}").json() == {"message": "Array deleted successfully"}
    assert mistakes(dana.delete(f"{ALL}/{one['id']}")) == ["Array not found"]
    assert mistakes(dana.put(f"{ALL}/{one['id']}", array())) == ["Array not found"]


def test_an_empty_id_means_all_arrays(dana):
    (one,) = lay(dana, array()).json()["arrays"]
    assert dana.put(f"{ALL}/", {"angle": 0, "arrays": []}).json()["arrays"] == []
    assert dana.get(f"{ALL}/").json()["arrays"] == []
    assert one["id"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"label": ...}, "label is missing"),
        ({"label": " "}, "label is missing"),
        ({"angle": 1.5}, "angle must be an integer"),
        ({"angle": True}, "angle must be an integer"),
        ({"left": 3.2}, "left must be an integer"),
        ({"top": "1"}, "top must be an integer"),
        ({"top": ...}, "top must be an integer"),
        ({"tilt": 25}, "tilt must be a number of degrees from 0 to 90, as text"),
        ({"tilt": "steep"}, "tilt must be a number of degrees from 0 to 90, as text"),
        ({"tilt": "91"}, "tilt must be a number of degrees from 0 to 90, as text"),
        ({"provisioned_envoy": None}, "provisioned_envoy is missing"),
        ({"provisioned_envoy": "202300000703"}, "Envoy 202300000703 does not belong to the system"),
        ({"modules": ...}, "modules must be a list"),
        ({"modules": [1]}, "modules must list objects"),
        ({"modules": [module(0, left=0.5)]}, "left must be an integer"),
        ({"modules": [module(0), module(0, 100)]}, "An inverter may be placed once"),
        ({"modules": [module(99)]}, f"Inverter {FIRST + 99} is not in the inventory of the system"),
        ({"id": 12}, "Array not found"),
    ],
)
def test_what_an_array_may_not_be(dana, changes, text):
    assert mistakes(lay(dana, array(**changes))) == [text]
    assert dana.get(ALL).json()["arrays"] == []


def test_the_whole_needs_an_angle_and_a_list(dana):
    assert mistakes(dana.put(ALL, {"arrays": []})) == ["angle must be an integer"]
    assert mistakes(dana.put(ALL, {"angle": 0})) == ["arrays must be a list"]
    assert mistakes(dana.put(ALL, [])) == ["Arrays param are missing at body location"]
    twice = lay(dana, array()).json()["arrays"][0]["id"]
    again = [array(id=twice), array(id=twice, modules=[])]
    assert mistakes(lay(dana, *again)) == ["Each array may be listed once"]


def test_an_inverter_of_another_array_is_not_placed_again(dana):
    first, second = lay(dana, array(), array(modules=[module(5)], left=900)).json()["arrays"]
    answer = dana.put(f"{ALL}/{second['id']}", array(modules=[module(0)]))
    assert mistakes(answer) == ["An inverter may be placed once"]
    assert first["id"]


def test_writes_are_in_the_ledger(world, dana):
    lay(dana, array())
    (write,) = world.ledger()["writes"]
    assert (write["operation"], write["executed"], write["subject"]) == ("update_arrays", True, 701)


def test_a_deleted_site_takes_its_layout_along(world, dana):
    lay(dana, array())
    world.control("DELETE", "/systems/701")
    assert dana.get(ALL).status_code == 404
