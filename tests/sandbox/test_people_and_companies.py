import json

import pytest

NO = {"reason": "401", "message": ["Not authorized to access requested resource."]}


def test_current_user_with_and_without_company(dana):
    plain = dana.get("/partner/users/self").json()
    assert (plain["user_id"], plain["email"]) == (2001, "dana@halcyon.example")
    assert "company" not in plain
    company = dana.get("/partner/users/self", expand="company").json()["company"]
    assert company == {
        "company_id": 9,
        "company_name": "Halcyon Solar",
        "location": "Sacramento, CA - US",
        "roles": ["installer"],
        "uri": "/api/v4/companies/9.json",
    }


def test_invalid_expand(dana):
    answer = dana.get("/partner/users/self", expand="shoes")
    assert (answer.status_code, answer.json()) == (
        422,
        {"errorMessages": ["Invalid expand option"]},
    )


def test_branches(dana, tess):
    answer = dana.get("/companies/self/branches").json()
    assert (answer["company_id"], answer["company_name"]) == (9, "Halcyon Solar")
    assert [branch["company_id"] for branch in answer["branches"]] == [81, 82]
    assert len(tess.get("/companies/self/branches").json()["branches"]) == 1


def test_subcontractors_say_whether_they_are_enabled(dana):
    answer = dana.get("/companies/self/authorized_subcontractors").json()
    listed = {one["company_name"]: one["status"] for one in answer["authorized_subcontractors"]}
    assert listed == {"Ridge Electric": "Enabled", "Copper Line Electric": "Disabled"}


def test_a_self_installer_has_no_company(iris):
    assert iris.get("/partner/users/self").json()["user_roles"] == ["self_installer"]
    assert iris.get("/companies/self/branches").status_code == 401
    missing = iris.get("/partner/grid_profiles")
    assert (missing.status_code, missing.json()["message"]) == (404, ["Partner company missing"])


def test_search_users(dana):
    assert dana.get("/users/search", email="Ada.Okafor@example.com").json() == {"user_id": 3001}
    found = dana.get("/users/search", email="tess@bluebonnet.example").json()
    assert found == {"user_id": 2002, "company_id": 20}


@pytest.mark.parametrize(
    ("query", "status", "body"),
    [
        ({"email": " "}, 422, {"errorMessages": ["Email should not be blank"]}),
        ({}, 422, {"errorMessages": ["Email should not be blank"]}),
        (
            {"email": "who@example.com"},
            404,
            {"reason": "404", "message": ["User not found."]},
        ),
    ],
)
def test_search_users_that_finds_nobody(dana, query, status, body):
    answer = dana.get("/users/search", **query)
    assert (answer.status_code, answer.json()) == (status, body)


HOME_OWNER = {"email": "new.owner@example.com", "first_name": "New", "last_name": "Owner"}


def test_create_home_owner_as_form_or_wrapped_json(world, dana):
    form = dana.ask("POST", "/users", data={"user": json.dumps(HOME_OWNER)})
    assert form.status_code == 201
    shown = form.json()
    assert (shown["email"], shown["enlighten_view"], shown["active"]) == (
        "new.owner@example.com",
        "my",
        True,
    )
    assert "company" not in shown
    body = {"user": {**HOME_OWNER, "email": "other@example.com", "enlighten_emails": True}}
    assert dana.post("/users", body).json()["enlighten_emails"] is True
    assert dana.get("/users/search", email="other@example.com").status_code == 200
    writes = world.ledger()["writes"]
    assert [write["subject"] for write in writes] == [shown["user_id"], shown["user_id"] + 1]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (HOME_OWNER, "User param are missing at body location"),
        (None, "User param are missing at body location"),
        ({"user": {**HOME_OWNER, "last_name": ""}}, "Last name can't be blank"),
        ({"user": {**HOME_OWNER, "email": "nonsense"}}, "Email is invalid"),
        (
            {"user": {**HOME_OWNER, "email": "ADA.okafor@example.com"}},
            "Email has already been registered",
        ),
    ],
)
def test_refused_home_owners(dana, body, text):
    answer = dana.post("/users", body)
    assert (answer.status_code, answer.json()["errorMessages"]) == (422, [text])


def test_a_foreign_company_takes_nobody(dana):
    assert dana.post("/users", {"user": {**HOME_OWNER, "company_id": 20}}).status_code == 401
    made = dana.post("/users", {"user": {**HOME_OWNER, "company_id": 81}}).json()
    assert made["enlighten_view"] == "manager"


def test_access_is_granted_and_revoked_twice_without_complaint(world, dana):
    path = "/activations/701/users/3002"
    for _ in range(2):
        granted = dana.post(path)
        assert granted.json() == {"message": "User access granted successfully"}
    assert world.control("GET", "/systems/701")["access"] == [3002]
    for _ in range(2):
        revoked = dana.delete(path)
        assert revoked.json() == {"message": "User access revoked successfully"}
    assert world.control("GET", "/systems/701")["access"] == []


def test_access_for_whom_we_may_not_touch(dana):
    stranger = dana.post("/activations/701/users/3101")
    assert (stranger.status_code, stranger.json()) == (401, NO)
    foreign_site = dana.post("/activations/801/users/3001")
    assert (foreign_site.status_code, foreign_site.json()) == (401, NO)
    assert dana.post("/activations/701/users/999999").json()["message"] == ["User not found."]
    assert dana.post("/activations/5/users/3001").json()["message"] == ["System not found"]


def test_grid_profiles(dana):
    profiles = dana.get("/partner/grid_profiles").json()["grid_profiles"]
    assert len(profiles) >= 40
    assert len({profile["id"] for profile in profiles}) == len(profiles)
    assert all(len(profile["id"]) == 24 for profile in profiles)
    assert {"US", "NL", "AU"} <= {country for p in profiles for country in p["countries"]}
    assert {True, False} == {profile["ensemble_1_compatible"] for profile in profiles}


def test_manufacturers_and_models(dana):
    makers = dana.get("/pv_manufacturers").json()["pv_manufacturers"]
    assert len(makers) >= 30
    maker_id, name = makers[0]
    answer = dana.get(f"/pv_manufacturers/{maker_id}/pv_models").json()
    assert answer["pv_manufacturer"] == {"pv_manufacturer_id": maker_id, "name": name}
    assert len(answer["pv_models"]) >= 4
    unknown = dana.get("/pv_manufacturers/1/pv_models")
    assert (unknown.status_code, unknown.json()["message"]) == (404, ["Manufacturer not found"])
