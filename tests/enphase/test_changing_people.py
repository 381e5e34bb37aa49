"""Users and companies: whom one may see, create and change."""

import json
from typing import Any
from urllib.parse import parse_qs

import pytest

from enphase.records import CompanyUser
from tests.enphase.conftest import PATIENT, MakeCaller, Serve
from tests.enphase.wire import json_answer, saying

PERSON = {
    "user_id": 5,
    "email": "anne@example.com",
    "first_name": "Anne",
    "last_name": "Smit",
    "updated_at": 1444834807,
    "company": {"company_id": 9, "location": "Petaluma, CA - US"},
}
NAMES = {"email": "anne@example.com", "first_name": "Anne", "last_name": "Smit"}


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (lambda c, **o: c.users.get_user(5, **o), "/api/v4/partner/users/5"),
        (
            lambda c, **o: c.users.get_activation_user(701, 5, **o),
            "/api/v4/activations/701/users/5",
        ),
        (lambda c, **o: c.companies.get_company_user(9, 5, **o), "/api/v4/companies/9/users/5"),
    ],
)
def test_a_user_with_and_without_company(ask: Any, call: Any, path: str) -> None:
    user, request = ask(call, PERSON)
    assert (request.method, request.target) == ("GET", f"{path}?expand=company")
    assert (user.name, user.company.country) == ("Anne Smit", "US")
    _, request = ask(lambda c: call(c, expand_company=False), PERSON)
    assert request.target == path


@pytest.mark.parametrize(
    "answer",
    [
        {"users": [[6, "a@example.com"], ["7", ""], ["?", "b@example.com"]]},
        [[6, "a@example.com"], [7, None]],
        {"users": [{"user_id": 6, "email": "a@example.com"}, [7, "c@example.com"]]},
    ],
)
def test_the_users_of_a_company_come_in_pairs(ask: Any, answer: Any) -> None:
    users, request = ask(lambda c: c.companies.list_company_users(9), answer)
    assert request.target == "/api/v4/companies/9/users"
    assert [user.user_id for user in users] == [6, 7]
    assert users[0].email == "a@example.com"
    assert "a@example.com" not in repr(users)


@pytest.mark.parametrize("answer", [{}, {"users": {}}, {"users": [["?", "x"]]}, "none"])
def test_an_answer_without_users_is_no_empty_company(answer: Any) -> None:
    with pytest.raises(ValueError):
        CompanyUser.list_of(answer)


@pytest.mark.parametrize(
    ("call", "method", "path"),
    [
        (lambda c, **f: c.users.update_user(5, **f), "PUT", "/api/v4/users/5"),
        (
            lambda c, **f: c.users.update_activation_user(701, 5, **f),
            "PUT",
            "/api/v4/activations/701/users/5",
        ),
        (
            lambda c, **f: c.companies.update_company_user(9, 5, **f),
            "PUT",
            "/api/v4/companies/9/users/5",
        ),
    ],
)
def test_a_user_is_changed(ask: Any, call: Any, method: str, path: str) -> None:
    fields = {**NAMES, "phone": "", "enlighten_emails": False}
    user, request = ask(lambda c: call(c, **fields), PERSON)
    assert (request.method, request.target) == (method, path)
    (value,) = parse_qs(request.body.decode())["user"]
    assert json.loads(value) == fields
    assert user.user_id == 5

    _, request = ask(lambda c: call(c, **NAMES), PERSON)
    (value,) = parse_qs(request.body.decode())["user"]
    assert json.loads(value) == NAMES


def test_a_manager_and_a_move(ask: Any) -> None:
    _, request = ask(
        lambda c: c.users.update_user(5, **NAMES, enlighten_view="manager", company_id=9), PERSON
    )
    (value,) = parse_qs(request.body.decode())["user"]
    assert json.loads(value) == {**NAMES, "enlighten_view": "manager", "company_id": 9}
    _, request = ask(lambda c: c.companies.update_company_user(9, 5, new_company_id=81), PERSON)
    (value,) = parse_qs(request.body.decode())["user"]
    assert json.loads(value) == {"company_id": 81}


def test_a_user_of_a_company_is_created(ask: Any) -> None:
    user, request = ask(lambda c: c.companies.create_company_user(9, **NAMES), PERSON, status=201)
    assert (request.method, request.target) == ("POST", "/api/v4/companies/9/users")
    (value,) = parse_qs(request.body.decode())["user"]
    assert json.loads(value) == {**NAMES, "enlighten_emails": False}
    assert user.user_id == 5


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.users.get_user(0),
        lambda c: c.users.update_user(5, "", "Anne", "Smit"),
        lambda c: c.users.update_activation_user(701, 5, "a@example.com", " ", "Smit"),
        lambda c: c.companies.create_company_user(9, **NAMES, phone="1" * 51),
        lambda c: c.companies.update_company_user(9, 5),
        lambda c: c.companies.update_company_user(9, 5, email=""),
        lambda c: c.activations.update_battery_mode(701, True, None),
        lambda c: c.activations.update_battery_mode(701, "true", False),
    ],
)
def test_what_cannot_be_meant_is_refused_here(caller: MakeCaller, serve: Serve, call: Any) -> None:
    server = serve(saying(json_answer(200, PERSON)))
    with pytest.raises(ValueError):
        call(caller(server.url, timeouts={"*": PATIENT}).client)
    assert server.connections == 0
