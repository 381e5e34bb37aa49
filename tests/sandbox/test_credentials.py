import pytest

LIST = "/partner/activations"
NO = "Not authorized to access requested resource."


def test_key_may_be_in_the_address(dana):
    answer = dana.ask("GET", LIST, headers={"key": None}, params={"key": "sandbox-key"})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (LIST, {"reason": "401", "message": [NO, "API Key missing in url/headers!"]}),
        ("/companies/self/authorized_subcontractors", {"reason": "401", "message": [NO]}),
        (
            "/systems/retrieve_system_id?serial_num=1",
            {"message": "Not Authorized", "details": "User is not authorized", "code": 401},
        ),
    ],
)
def test_missing_key(dana, path, body):
    answer = dana.ask("GET", path, headers={"key": None})
    assert (answer.status_code, answer.json()) == (401, body)


@pytest.mark.parametrize("key", ["sandbox-key-2", "nonsense"])
def test_key_of_another_application(dana, key):
    answer = dana.ask("GET", LIST, headers={"key": key})
    assert answer.status_code == 401
    assert answer.json()["message"] == ["API Key -Client mismatch"]


@pytest.mark.parametrize("value", [None, "Bearer nonsense", "Basic abc"])
def test_missing_or_unknown_token(dana, value):
    answer = dana.ask("GET", LIST, headers={"Authorization": value})
    assert (answer.status_code, answer.json()) == (401, {"reason": "401", "message": [NO]})


def test_refused_credentials_are_hits_all_the_same(world, dana):
    dana.ask("GET", LIST, headers={"key": None})
    assert world.ledger()["hits"] == 1
    assert world.ledger()["by_status"] == {"401": 1}


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_wrong_method(dana, method):
    answer = dana.ask(method, LIST)
    assert (answer.status_code, answer.json()) == (
        405,
        {"reason": "405", "message": ["Method not allowed"]},
    )


def test_unknown_method(dana):
    answer = dana.ask("BREW", LIST)
    assert (answer.status_code, answer.json()) == (
        501,
        {"reason": "501", "message": ["Not Implemented"]},
    )


def test_unknown_path(dana):
    assert dana.get("/nowhere").status_code == 404


def test_empty_id_counts_as_the_path_without_it(dana):
    assert "systems" in dana.get(LIST + "/").json()
