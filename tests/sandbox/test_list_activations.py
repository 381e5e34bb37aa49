import pytest

from tests.sandbox.conftest import ADDRESS

LIST = "/partner/activations"


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [system["system_id"] for system in answer.json()["systems"]]


def test_a_company_sees_its_own_and_its_branches_sites(world, dana, tess):
    assert ids(dana.get(LIST)) == [701, 702, 703, 704, 705, 706]
    assert ids(tess.get(LIST)) == [801, 802]
    assert ids(world.person("noah@halcyon.example").get(LIST)) == [704]


def test_an_approved_subcontractor_sees_the_site_with_its_own_reference(world):
    rita = world.person("rita@ridge.example")
    (system,) = rita.get(LIST).json()["systems"]
    assert (system["system_id"], system["reference"]) == (703, "RE703")
    assert system["other_references"] == ["HAL703"]


def test_a_row_as_the_vendor_shows_it(dana):
    rows = {row["system_id"]: row for row in dana.get(LIST).json()["systems"]}
    ready, bare, battery = rows[701], rows[702], rows[703]
    assert ready["owner"] == "Ada Okafor"
    assert ready["status"] == "Normal"
    assert ready["timezone"] == "US/Pacific"
    assert ready["grid_connection_type"] == {"type": 1, "value": "Net Billing Tariff (NEM 3.0)"}
    assert ready["address"]["street1"] == "12 Alder Court"
    assert "envoy_serial_numbers" not in ready
    assert "owner" not in bare
    assert "owner_id" not in bare
    assert "other_references" not in bare
    assert battery["battery_grid_mode"] == "Export Only"
    assert battery["authorized_subcontractors"] == [
        {"authorized_subcontractor_id": 50, "authorized_subcontractor_name": "Ridge Electric"}
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"stage": "3"}, [701, 706]),
        ({"stage": "1,2"}, [702, 704]),
        ({"stage": "in_progress"}, [701, 702, 703, 704, 706]),
        ({"stage": "in_progress,5"}, []),
        ({"reference": "hal704"}, [704]),
        ({"reference": "RE703"}, []),
        ({"reference": "HAL70"}, []),
        ({"system_name": "okafor RESIDENCE"}, [701]),
        ({"system_name": "okafor"}, []),
        ({"city": "sacramento", "state": "ca"}, [701, 705]),
        ({"country": "us", "postal_code": "96001"}, [704]),
        ({"street1": "7 quail run"}, [703]),
        ({"installer_id": "82"}, [703]),
        ({"installer_id": "424242"}, []),
        ({"owner_id": "3001"}, [701, 705, 706]),
        ({"owner_id": "null"}, [702]),
        ({"host_id": "null", "stage": "5"}, [705]),
    ],
)
def test_filters_are_exact_and_ignore_case(dana, query, found):
    assert ids(dana.get(LIST, **query)) == found


@pytest.mark.parametrize(
    "query",
    [
        {"refrence": "HAL701"},
        {"reference": ""},
        {"stage": ""},
        {"owner_id": "ada"},
        {"installer_id": "null"},
        {"search": "Okafor"},
        {"limit": "many"},
        {"next": "nonsense"},
    ],
)
def test_empty_and_invalid_filters_are_ignored_without_a_word(dana, query):
    assert len(ids(dana.get(LIST, **query))) == 6


def test_a_stage_that_does_not_exist(dana):
    answer = dana.get(LIST, stage="11")
    assert (answer.status_code, answer.json()) == (
        422,
        {"errorMessages": ["Invalid stage option 11"]},
    )


def test_pages_follow_each_other(dana):
    seen, query = [], {"limit": "4"}
    first = dana.get(LIST, **query).json()
    assert bytes.fromhex(first["next"]).endswith(b"\n")
    second = dana.get(LIST, **query, next=first["next"]).json()
    for page in (first, second):
        seen += [system["system_id"] for system in page["systems"]]
    assert seen == [701, 702, 703, 704, 705, 706]
    assert "next" not in second


def test_a_last_page_that_is_full_leads_to_an_empty_one(dana):
    first = dana.get(LIST, limit="6").json()
    second = dana.get(LIST, limit="6", next=first["next"]).json()
    assert second == {"systems": []}


def test_a_site_created_between_two_pages_is_not_missed(dana):
    first = dana.get(LIST, limit="3").json()
    assert dana.create(reference="LATE1").status_code == 201
    assert ids(dana.get(LIST, next=first["next"]))[-1] == 9001


def test_one_site_in_full(dana):
    shown = dana.get(f"{LIST}/703").json()
    assert shown["owner"] == "Rosa Whitaker"
    assert shown["production_mode"] == "on"
    assert shown["envoy_serial_numbers"] == ["202300000703"]
    assert shown["encharge"][0]["encharge_serial_numbers"] == ["122038000001", "122038000002"]
    assert shown["pv_manufacturer"] == ""
    assert shown["voltage"] is None
    assert set(shown["address"]) >= set(ADDRESS)


@pytest.mark.parametrize(
    ("expand", "company"), [("owner", False), ("owner.company", True), ("shoes,owner,host", False)]
)
def test_owner_is_expanded_on_request(world, dana, expand, company):
    world.patch(702, owner_id=2011)
    owner = dana.get(f"{LIST}/702", expand=expand).json()["owner"]
    assert owner["email"] == "noah@halcyon.example"
    assert owner["uri"] == "/api/v4/activations/702/users/2011.json"
    assert ("company" in owner) is company


def test_a_foreign_site_is_401_and_an_unknown_one_404(dana):
    foreign = dana.get(f"{LIST}/801")
    assert (foreign.status_code, foreign.json()) == (
        401,
        {"reason": "401", "message": ["Not authorized to access requested resource."]},
    )
    for unknown in ("5", "99999999999999999999999"):
        answer = dana.get(f"{LIST}/{unknown}")
        assert (answer.status_code, answer.json()) == (
            404,
            {
                "reason": "404",
                "message": ["Couldn't find Site with an out of range value for 'id'"],
            },
        )
