import pytest

from tests.sandbox.conftest import ADDRESS
from tests.sandbox.test_create_activation import errors

SITE = "/partner/activations/"
AT_704 = {
    "street1": "301 Granite Hill Road",
    "city": "Redding",
    "state": "CA",
    "postal_code": "96001",
    "country": "US",
}


def put(person, system_id, **fields):
    return person.put(f"{SITE}{system_id}", {"system": fields})


def test_only_what_is_sent_changes(world, dana):
    before = dana.get(f"{SITE}704").json()
    answer = put(dana, 704, address=AT_704, expected_pcu_count=18, reference="NEW704")
    assert answer.status_code == 200
    after = dana.get(f"{SITE}704").json()
    changed = {name for name in before if before[name] != after.get(name)}
    assert changed == {"expected_pcu_count", "reference", "updated_at"}
    assert "timezone" not in answer.json()
    (write,) = world.ledger()["writes"]
    assert (write["subject"], write["reference"], write["executed"]) == (704, "NEW704", True)


def test_an_american_company_sends_the_whole_address_each_time(dana, nina):
    refused = put(dana, 704, expected_pcu_count=18)
    assert errors(refused) == ["Address is mandatory for sites created in the United States."]
    assert put(dana, 704, address={"city": "Chico"}).status_code == 422
    assert put(nina, 901, expected_pcu_count=11).status_code == 200


def test_owner_and_gateway_take_a_site_to_stage_2(dana):
    shown = put(dana, 702, address=ADDRESS, owner_id=3002).json()
    assert shown["stage"] == 1
    shown = put(dana, 702, address=ADDRESS, envoy_serial_numbers=["202377700001"]).json()
    assert (shown["stage"], shown["owner_id"]) == (2, 3002)
    assert put(dana, 702, address=ADDRESS, owner_id=None).json()["stage"] == 1


def test_a_site_keeps_its_own_gateway(dana):
    answer = put(dana, 704, address=AT_704, envoy_serial_numbers=["202300000704"])
    assert answer.status_code == 200


def test_a_site_given_to_a_branch_stays_in_sight(world, dana):
    put(dana, 702, address=ADDRESS, installer_id=81)
    assert world.person("noah@halcyon.example").get(f"{SITE}702").status_code == 200
    assert dana.get(f"{SITE}702").status_code == 200


def test_access_of_users_survives_a_change(world, dana):
    dana.post("/activations/704/users/3001")
    put(dana, 704, address=AT_704, lease=True)
    assert world.control("GET", "/systems/704")["access"] == [3001]


def test_foreign_and_unknown(dana):
    assert put(dana, 801, address=ADDRESS).status_code == 401
    assert put(dana, 5, address=ADDRESS).status_code == 404


def test_delete_a_site_that_never_reported(world, dana):
    answer = dana.delete(f"{SITE}702")
    assert answer.json() == {"message": "Activation deleted successfully"}
    assert dana.get(f"{SITE}702").status_code == 404
    assert dana.delete(f"{SITE}702").status_code == 404
    assert world.ledger()["refunds"] == 0


@pytest.mark.parametrize("system_id", [701, 705])
def test_from_stage_3_on_nothing_is_deleted(dana, system_id):
    answer = dana.delete(f"{SITE}{system_id}")
    assert answer.json() == {
        "errorCode": 5,
        "errorMessages": [
            "Devices are present on this system. Please retry after removing devices"
        ],
    }


def test_deleted_ids_are_not_used_again(dana):
    first = dana.create().json()["system_id"]
    assert dana.delete(f"{SITE}{first}").status_code == 200
    assert dana.create().json()["system_id"] == first + 1


def test_a_foreign_site_is_not_deleted(world, dana):
    assert dana.delete(f"{SITE}802").status_code == 401
    assert world.control("GET", "/systems/802")["system_id"] == 802
