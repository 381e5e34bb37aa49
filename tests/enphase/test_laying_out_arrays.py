"""Arrays: read, replaced as a whole, changed and deleted one by one."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from enphase import OutcomeUnknown, Rejected
from enphase.records import Array, Layout
from tests.enphase.conftest import MakeCaller, Serve
from tests.enphase.wire import json_answer, saying

PATH = "/api/v4/partner/systems/701/arrays"
MODULE = {"id": 4743704, "left": 300, "top": 202.5, "angle": 0, "serial_num": "121501065212"}
ROOF = {
    "id": 207359,
    "label": "South",
    "angle": 0,
    "tilt": "30.0",
    "reporting_envoys": ["121625050638"],
    "provisioned_envoy": "121616035667",
    "updated_at": 1500983465,
    "left": 29,
    "top": -3.7,
    "modules": [MODULE],
}
LAYOUT = {
    "system_id": 701,
    "created_at": 1564385055,
    "updated_at": 1567596211,
    "angle": None,
    "arrays": [ROOF],
    "inventory": ["121501065212", "121338007327"],
    "inventory_details": [{"type": "M215", "count": 1, "serialNum": "222323223363"}],
    "layers": [{"file": "", "scale": 34, "opaciy": 56}],
}
FIELDS: Any = {
    "label": "South",
    "angle": 180,
    "tilt": 30,
    "provisioned_envoy": "121616035667",
    "left": 0,
    "top": 0,
    "modules": [{"left": 300, "top": 200, "angle": 0, "serial_num": "121501065212"}],
}


def test_a_layout_as_documented(ask: Any) -> None:
    layout, request = ask(lambda c: c.arrays.list_arrays(701), LAYOUT)
    assert (request.method, request.path) == ("GET", PATH)
    assert layout.angle is None
    assert layout.updated_at == datetime(2019, 9, 4, 11, 23, 31, tzinfo=UTC)
    (roof,) = layout.arrays
    assert (roof.tilt, roof.left, roof.top) == (30.0, 29.0, -3.7)
    assert roof.modules[0].top == 202.5
    assert layout.unplaced == ["121338007327"]
    assert layout.inventory_details[0].serial_num == "222323223363"
    assert (layout.layers[0].opacity, layout.layers[0].file) == (56, None)
    assert layout.layers[0].raw == LAYOUT["layers"][0]
    assert layout.raw == LAYOUT


def test_either_spelling_of_opacity_is_read() -> None:
    for name in ("opaciy", "opacity"):
        layout = Layout.from_api({"system_id": 1, "layers": [{name: 5}]})
        assert layout.layers[0].opacity == 5


def test_what_is_no_array_is_kept_apart_and_blocks_nothing() -> None:
    layout = Layout.from_api({"system_id": 1, "arrays": [ROOF, "shed", {"id": 3, "modules": "x"}]})
    assert [array.id for array in layout.arrays] == [207359, 3]
    assert layout.unreadable == ["shed"]
    assert layout.arrays[1].unreadable == ["x"]
    with pytest.raises(ValueError, match="module"):
        layout.arrays[1].for_update()


def test_what_was_read_is_rounded_before_it_is_written_back(ask: Any) -> None:
    fields: Any = Array.from_api(ROOF).for_update()
    layout, request = ask(lambda c: c.arrays.update_arrays(701, 30, [fields]), LAYOUT)
    assert (request.method, request.path) == ("PUT", PATH)
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {
        "angle": 30,
        "arrays": [
            {
                "id": 207359,
                "label": "South",
                "angle": 0,
                "tilt": "30.0",
                "provisioned_envoy": "121616035667",
                "left": 29,
                "top": -4,
                "modules": [{**MODULE, "top": 202}],
            }
        ],
    }
    assert layout.arrays[0].top == -3.7


@pytest.mark.parametrize("name", ["label", "angle", "tilt", "provisioned_envoy", "left", "top"])
def test_an_incomplete_array_cannot_be_written_back(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Array.from_api({**ROOF, name: None}).for_update()


def test_one_array(ask: Any) -> None:
    found, request = ask(lambda c: c.arrays.get_array(701, 207359), ROOF)
    assert (request.method, request.path) == ("GET", f"{PATH}/207359")
    assert found.label == "South"

    changed, request = ask(lambda c: c.arrays.update_array(701, 207359, FIELDS), ROOF)
    assert (request.method, request.path) == ("PUT", f"{PATH}/207359")
    assert json.loads(request.body) == {**FIELDS, "tilt": "30.0"}
    assert changed.id == 207359

    text, request = ask(
        lambda c: c.arrays.delete_array(701, 207359), {"message": "Array deleted successfully"}
    )
    assert (request.method, request.path) == ("DELETE", f"{PATH}/207359")
    assert text == "Array deleted successfully"


@pytest.mark.parametrize("array_id", [0, -1, None, "", " ", "..", True])
def test_no_id_never_means_all_arrays(caller: MakeCaller, serve: Serve, array_id: Any) -> None:
    server = serve(saying(json_answer(200, LAYOUT)))
    arrays = caller(server.url).client.arrays
    for call in (
        lambda: arrays.get_array(701, array_id),
        lambda: arrays.update_array(701, array_id, FIELDS),
        lambda: arrays.delete_array(701, array_id),
    ):
        with pytest.raises(ValueError):
            call()
    assert server.connections == 0


@pytest.mark.parametrize(
    "change",
    [
        {"angle": 0.5},
        {"left": "0"},
        {"top": True},
        {"top": float("inf")},
        {"left": None},
        {"label": " "},
        {"provisioned_envoy": None},
        {"tilt": ""},
        {"tilt": "steep"},
        {"tilt": 91},
        {"tilt": float("nan")},
        {"modules": None},
        {"modules": [{"left": 0.5, "top": 0, "angle": 0, "serial_num": "1"}]},
        {"modules": [{"left": 0, "top": 0, "angle": 0, "serial_num": ""}]},
        {"id": 5},
    ],
)
def test_arrays_that_cannot_be_meant_are_refused_here(
    caller: MakeCaller, serve: Serve, change: Any
) -> None:
    server = serve(saying(json_answer(200, LAYOUT)))
    arrays = caller(server.url).client.arrays
    with pytest.raises(ValueError):
        arrays.update_array(701, 207359, {**FIELDS, **change})
    if "id" not in change:
        with pytest.raises(ValueError):
            arrays.update_arrays(701, 0, [{**FIELDS, **change}])
    with pytest.raises(ValueError):
        arrays.update_arrays(701, 0, [])
    assert server.connections == 0


def test_what_enphase_no_longer_takes_is_rejected(ask: Any) -> None:
    for status in (404, 405, 501):
        body = {"reason": str(status), "message": ["Method not allowed"]}
        with pytest.raises(Rejected):
            ask(lambda c: c.arrays.update_array(701, 207359, FIELDS), body, status=status)
    with pytest.raises(OutcomeUnknown):
        ask(lambda c: c.arrays.list_arrays(701), {"arrays": []})
