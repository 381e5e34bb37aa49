import pytest

SEARCH = "/systems/search"
SERIAL = "/systems/retrieve_system_id"


def search(person, system, **query):
    options = {"params": query, "json": {"system": system}}
    return person.ask("POST", SEARCH, **options)


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [system["system_id"] for system in answer.json()["systems"]]


@pytest.mark.parametrize(
    ("system", "found"),
    [
        ({"reference": "hal701"}, [701]),
        ({"reference": "RE703"}, []),
        ({"other_reference": "RE703"}, [703]),
        ({"reference": "HAL703", "other_reference": "RE703"}, [703]),
        ({"name": "okafor residence"}, [701]),
        ({"ids": [705, 801, 5]}, [705]),
        ({"statuses": ["comm"]}, [702, 704, 706]),
        ({"reference": "", "ids": []}, [701, 702, 703, 704, 705, 706]),
        ({}, [701, 702, 703, 704, 705, 706]),
    ],
)
def test_filters(dana, system, found):
    assert ids(search(dana, system)) == found


def test_a_created_site_is_found_by_its_reference(dana):
    dana.create(reference="FIND1")
    assert ids(search(dana, {"reference": "find1"})) == [9001]


def test_sites_can_be_kept_back_until_their_gateway_is_entered(world, dana):
    world.control("POST", "/limits", {"systems_visible_from_stage": 3})
    assert ids(search(dana, {})) == [701, 703, 705, 706]


def test_pages(dana):
    answer = search(dana, {}, page=2, size=4).json()
    head = {name: answer[name] for name in ("total", "current_page", "size", "count", "items")}
    assert head == {"total": 6, "current_page": 2, "size": 4, "count": 2, "items": "systems"}
    assert search(dana, {}).json()["size"] == 10
    assert search(dana, {}, size=5000).json()["size"] == 1000


def test_order(dana):
    body = {"sort_by": "-id", "system": {"ids": [701, 703]}}
    assert ids(dana.post(SEARCH, body)) == [703, 701]


def test_a_row(dana):
    (row,) = search(dana, {"ids": [703]}, live_stream="true").json()["systems"]
    assert (row["energy_lifetime"], row["energy_today"], row["system_size"]) == (-1, -1, -1)
    assert (row["status"], row["reference"]) == ("normal", "HAL703")
    assert row["other_references"] == ["RE703"]
    assert row["live_stream"] == "enabled"
    assert "live_stream" not in search(dana, {"ids": [703]}).json()["systems"][0]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (None, "system is missing at Json body location"),
        ({"reference": "HAL701"}, "system is missing at Json body location"),
        ({"system": {"refrence": "HAL701"}}, "Invalid keys: refrence"),
        ({"system": {"ids": "701"}}, "ids must be a list of integers"),
    ],
)
def test_refusals(dana, body, text):
    answer = dana.post(SEARCH, body)
    assert answer.status_code == 422
    assert answer.json() == {"message": "Unprocessable Entity", "details": text, "code": 422}


def test_unknown_statuses_and_orders_are_refused(dana):
    assert search(dana, {"statuses": ["on_grid"]}).status_code == 422
    assert dana.post(SEARCH, {"sort_by": "name", "system": {}}).status_code == 422


def test_a_search_is_not_a_write(world, dana):
    search(dana, {})
    ledger = world.ledger()
    assert (ledger["hits"], ledger["writes"]) == (1, [])


def test_system_of_a_gateway(dana):
    assert dana.get(SERIAL, serial_num="202300000701").json() == {"system_id": 701}


@pytest.mark.parametrize("serial", ["202300000706", "202300000801", "999"])
def test_retired_foreign_and_unknown_gateways_are_not_found(dana, serial):
    answer = dana.get(SERIAL, serial_num=serial)
    assert answer.status_code == 404
    assert answer.json() == {
        "message": "Not Found",
        "details": "Envoy not found with this serial number",
        "code": 404,
    }


def test_a_gateway_must_be_named(dana):
    answer = dana.get(SERIAL)
    assert (answer.status_code, answer.json()["details"]) == (422, "Provide envoy serial number")
