import json

import pytest

from tests.sandbox.commissioning import NOT_YOURS, mistakes, stands_apart

NEW = {"email": "mara@halcyon.example", "first_name": "Mara", "last_name": "Quill"}
BLANK = ["Email can't be blank", "First name can't be blank", "Last name can't be blank"]
UPDATES = ["/activations/701/users/3001", "/users/3001"]


def denied(answer):
    assert answer.status_code == 401
    return answer.json()["message"] == [NOT_YOURS]


def missing(answer, text):
    assert answer.status_code == 404
    assert answer.json() == {"reason": "404", "message": [text]}


@pytest.mark.parametrize(("method", "windowed"), [("GET", False), ("PUT", True)])
def test_refusals_in_the_scope_of_a_site(world, dana, method, windowed):
    stands_apart(world, dana, method, "/activations/{}/users/3003", windowed=windowed)


def test_a_user_of_a_site(dana):
    shown = dana.get("/activations/701/users/3001").json()
    assert (shown["user_id"], shown["email"]) == (3001, "ada.okafor@example.com")
    assert (shown["enlighten_view"], shown["user_roles"]) == ("my", [])
    assert "company" not in shown
    colleague = dana.get("/activations/701/users/2011", expand="company").json()
    assert colleague["company"]["company_id"] == 81


def test_unknown_and_foreign_users(dana, tess):
    missing(dana.get("/activations/701/users/4"), "User not found.")
    assert denied(dana.get("/activations/701/users/2002"))
    assert denied(tess.get("/activations/801/users/3001"))
    missing(dana.get("/partner/users/4"), "User not found.")
    assert denied(dana.get("/partner/users/2002"))
    missing(dana.put("/users/4", {"user": NEW}), "User not found.")
    assert denied(dana.put("/users/2002", {"user": NEW}))


def test_by_id_the_owner_of_a_site_is_not_enough(world, dana):
    # The owner of 701 was created by dana, the one named here only owns a site.
    world.patch(701, owner_id=3101)
    assert dana.get("/activations/701/users/3101").status_code == 200
    assert denied(dana.get("/partner/users/3101"))
    assert dana.get("/partner/users/3001").status_code == 200
    assert dana.get("/partner/users/2001").json()["email"] == "dana@halcyon.example"


@pytest.mark.parametrize(
    "path", ["/activations/701/users/3001", "/partner/users/3001", "/companies/9/users/2001"]
)
def test_only_the_company_is_expanded(dana, path):
    assert mistakes(dana.get(path, expand="owner")) == ["Invalid expand option"]


@pytest.mark.parametrize("path", UPDATES)
@pytest.mark.parametrize("style", ["form", "json"])
def test_a_user_is_changed(dana, path, style):
    fields = {**NEW, "phone": "1", "enlighten_emails": True}
    options = (
        {"data": {"user": json.dumps(fields)}} if style == "form" else {"json": {"user": fields}}
    )
    shown = dana.ask("PUT", path, **options).json()
    assert {name: shown[name] for name in fields} == fields
    again = dana.put(path, {"user": {"phone": "22"}}).json()
    assert (again["phone"], again["first_name"]) == ("22", "Mara")
    assert dana.get("/users/search", email=NEW["email"]).json() == {"user_id": 3001}


def test_only_the_plain_change_answers_with_the_company(dana):
    same = {"user": {"phone": "3"}}
    assert dana.put("/users/2011", same).json()["company"]["company_id"] == 81
    assert "company" not in dana.put("/companies/81/users/2011", same).json()
    assert "company" not in dana.put("/activations/701/users/2011", same).json()


@pytest.mark.parametrize("path", [*UPDATES, "/companies/9/users/2001"])
def test_what_a_change_may_not_be(dana, path):
    assert mistakes(dana.put(path, NEW)) == ["User param are missing at body location"]
    assert mistakes(dana.put(path, {"user": {"email": ""}})) == ["Email can't be blank"]
    empty = {"email": " ", "first_name": "", "last_name": None}
    assert mistakes(dana.put(path, {"user": empty})) == BLANK
    taken = {"email": "TESS@bluebonnet.example"}
    assert mistakes(dana.put(path, {"user": taken})) == ["Email has already been registered"]
    assert mistakes(dana.put(path, {"user": {"email": "here"}})) == ["Email is invalid"]
    long = mistakes(dana.put(path, {"user": {"phone": "1" * 256}}))
    assert long == ["Phone is too long (maximum is 255 characters)"]
    wrong = mistakes(dana.put(path, {"user": {"company_id": "9"}}))
    assert wrong == ["Company id must be a number"]


def test_moving_somebody_needs_both_companies(dana):
    assert denied(dana.put("/users/3001", {"user": {"company_id": 20}}))
    shown = dana.put("/users/3001", {"user": {"company_id": 9, "enlighten_view": "my"}}).json()
    # With a company the view that was asked for does not count.
    assert (shown["enlighten_view"], shown["company"]["company_id"]) == ("manager", 9)
    assert dana.get("/companies/9/users/3001").status_code == 200


def test_a_manager_needs_a_company(dana):
    answer = dana.put("/users/3001", {"user": {"enlighten_view": "manager"}})
    assert mistakes(answer) == ["Company id is required when enlighten_view is manager"]


def test_a_company_lists_pairs(dana):
    assert dana.get("/companies/9/users").json() == {"users": [[2001, "dana@halcyon.example"]]}
    assert dana.get("/companies/81/users").json() == {"users": [[2011, "noah@halcyon.example"]]}


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "users"), ("POST", "users"), ("GET", "users/2001"), ("PUT", "users/2001")],
)
def test_other_companies(world, dana, method, path):
    assert denied(dana.ask(method, f"/companies/20/{path}", json={"user": NEW}))
    missing(dana.ask(method, f"/companies/7/{path}", json={"user": NEW}), "Company not found")
    bare = dana.ask(method, f"/companies/9/{path}", headers={"key": ""})
    assert bare.json()["message"] == [NOT_YOURS, "API Key missing in url/headers!"]
    assert dana.ask("PATCH", f"/companies/9/{path}").status_code == 405
    world.control("POST", "/limits", {"per_minute": 0})
    assert "period_end" in dana.ask(method, f"/companies/9/{path}").json()


def test_a_branch_sees_only_itself(world):
    noah = world.person("noah@halcyon.example")
    assert noah.get("/companies/81/users").status_code == 200
    assert denied(noah.get("/companies/9/users"))


def test_a_colleague_is_created(dana):
    fields = {**NEW, "phone": "1", "enlighten_view": "my", "company_id": 20}
    answer = dana.post("/companies/81/users", {"user": fields})
    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["enlighten_view"], shown["email"]) == ("manager", NEW["email"])
    assert [shown["user_id"], NEW["email"]] in dana.get("/companies/81/users").json()["users"]
    inside = dana.get(f"/companies/81/users/{shown['user_id']}", expand="company").json()
    assert inside["company"]["company_id"] == 81


def test_what_a_new_colleague_may_not_be(dana):
    path = "/companies/9/users"
    assert mistakes(dana.post(path, NEW)) == ["User param are missing at body location"]
    assert mistakes(dana.post(path, {"user": {}})) == BLANK
    taken = {**NEW, "email": "dana@halcyon.example"}
    assert mistakes(dana.post(path, {"user": taken})) == ["Email has already been registered"]
    long = mistakes(dana.post(path, {"user": {**NEW, "phone": "1" * 51}}))
    assert long == ["Phone is too long (maximum is 50 characters)"]


def test_somebody_of_another_company_is_not_there(dana):
    missing(dana.get("/companies/9/users/2011"), "User not found.")
    missing(dana.put("/companies/9/users/4", {"user": NEW}), "User not found.")


def test_by_id_without_credentials_and_limits(world, dana):
    for method, path in (("GET", "/partner/users/3001"), ("PUT", "/users/3001")):
        bare = dana.ask(method, path, headers={"key": ""})
        assert bare.json()["message"] == [NOT_YOURS, "API Key missing in url/headers!"]
        assert dana.ask("PATCH", path).json()["reason"] == "405"
    world.control("POST", "/limits", {"per_minute": 0})
    assert "period_end" in dana.get("/partner/users/3001").json()
