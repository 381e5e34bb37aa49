"""An id that is no number leads nowhere, and each family of operations says so in its own words."""

import pytest

ODD = ["seven", "-701", "7.5", "%C3%9F", "9" * 30]


@pytest.mark.parametrize("text", ODD)
def test_each_family_refuses_in_its_envelope(dana, text):
    monitoring = dana.get(f"/systems/{text}")
    assert monitoring.status_code == 404
    assert (monitoring.json()["message"], monitoring.json()["code"]) == ("Not Found", 404)
    commissioning = dana.get(f"/partner/activations/{text}")
    assert commissioning.status_code == 404
    assert commissioning.json()["reason"] == "404"
    charger = dana.get(f"/systems/{text}/ev_charger/devices")
    assert (charger.status_code, charger.json()["code"]) == (400, "400")
    live = dana.get(f"/systems/{text}/live_data")
    assert (live.status_code, live.json()["error"]["status"]) == (468, "INVALID_SYSTEM_ID")


def test_words_in_the_place_of_an_id_keep_their_meaning(dana):
    assert dana.get("/partner/users/self").json()["user_id"] == 2001
    # Search is a POST; there is no system of this name.
    assert dana.get("/systems/search").status_code == 405
    assert dana.get("/no/such/thing").json() == {"reason": "404", "message": ["Not Found"]}


def test_they_count_as_hits_of_their_operation(dana, world):
    dana.get("/systems/seven")
    assert world.ledger()["by_operation"] == {"get_system": 1}
