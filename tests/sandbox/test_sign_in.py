from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox.conftest import CLIENT, Person

DANA = {"username": "dana@halcyon.example", "password": "sandbox-pass"}
BACK = "http://127.0.0.1:8000/callback"


def by_password(world):
    return world.token(grant_type="password", **DANA).json()


def refresh(world, token):
    return world.token(grant_type="refresh_token", refresh_token=token["refresh_token"])


def use(world, session, token):
    return Person(world.url, session, token).get("/partner/users/self").status_code


def test_password_grant_answers_as_documented(world):
    answer = world.token(grant_type="password", **DANA)
    token = answer.json()
    assert answer.status_code == 200
    assert token["token_type"] == "bearer"
    assert token["expires_in"] == 86_400
    assert token["scope"] == "read write"
    assert (token["enl_uid"], token["enl_cid"], token["app_type"]) == ("2001", "9", "system")
    assert token["access_token"] != token["refresh_token"]


def test_parameters_may_come_in_the_body(world, session):
    answer = session.post(
        f"{world.url}/oauth/token", data={"grant_type": "password", **DANA}, auth=CLIENT
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("auth", "params", "status", "error"),
    [
        (None, DANA, 401, "unauthorized"),
        (("sandbox-client", "wrong"), DANA, 401, "invalid_client"),
        (CLIENT, {**DANA, "password": "wrong"}, 400, "invalid_grant"),
        (CLIENT, {**DANA, "username": "ada.okafor@example.com"}, 400, "invalid_grant"),
        (CLIENT, {**DANA, "grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
    ],
)
def test_refused_sign_ins(world, auth, params, status, error):
    answer = world.token(auth=auth, **{"grant_type": "password", **params})
    assert (answer.status_code, answer.json()["error"]) == (status, error)


def test_two_slashes_are_not_found(world, session):
    assert session.post(f"{world.url}//oauth/token", auth=CLIENT).status_code == 404


def test_refresh_gives_a_new_pair_and_keeps_the_old_access_token(world, session):
    first = by_password(world)
    second = refresh(world, first).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert use(world, session, second) == 200
    assert use(world, session, first) == 200


def test_a_refresh_token_used_twice_kills_the_whole_family(world, session):
    first = by_password(world)
    second = refresh(world, first).json()
    again = refresh(world, first)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert use(world, session, second) == 401
    assert refresh(world, second).status_code == 400
    outcomes = world.ledger()["tokens"]["refresh_token"]
    assert outcomes == {"issued": 1, "invalid_grant": 2}


def test_tokens_of_another_sign_in_survive_a_revoked_family(world, session):
    first, other = by_password(world), by_password(world)
    refresh(world, first)
    refresh(world, first)
    assert use(world, session, other) == 200


def test_tokens_expire_by_the_clock_of_the_sandbox(world, session):
    token = by_password(world)
    world.advance(86_401)
    assert use(world, session, token) == 401
    renewed = refresh(world, token).json()
    assert use(world, session, renewed) == 200
    world.advance(31 * 86_400)
    assert refresh(world, renewed).status_code == 400


def test_a_refresh_token_belongs_to_its_application(world):
    token = by_password(world)
    answer = world.token(
        auth=("sandbox-client-2", "sandbox-secret-2"),
        grant_type="refresh_token",
        refresh_token=token["refresh_token"],
    )
    assert answer.status_code == 400


def authorize(world, session, method="POST", **fields):
    params = {
        "response_type": "code",
        "client_id": "sandbox-client",
        "redirect_uri": BACK,
        "state": "s-1",
        **fields,
    }
    options = {"params": params} if method == "GET" else {"data": params}
    return session.request(method, f"{world.url}/oauth/authorize", allow_redirects=False, **options)


def test_consent_page_asks_for_the_password(world, session):
    page = authorize(world, session, "GET", state='"><script>')
    assert page.status_code == 200
    assert 'type="password"' in page.text
    assert "<script>" not in page.text


def test_approval_gives_a_code_that_works_once(world, session):
    answer = authorize(
        world, session, email="dana@halcyon.example", password="sandbox-pass", decision="approve"
    )
    assert answer.status_code == 302
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["state"] == ["s-1"]
    exchange = {"grant_type": "authorization_code", "code": query["code"][0]}
    assert world.token(**exchange, redirect_uri=BACK).status_code == 200
    assert world.token(**exchange, redirect_uri=BACK).json()["error"] == "invalid_grant"


def test_a_code_is_bound_to_its_redirect_address(world, session):
    answer = authorize(world, session, email="dana@halcyon.example", password="sandbox-pass")
    code = parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]
    wrong = world.token(grant_type="authorization_code", code=code, redirect_uri=BACK + "/other")
    assert wrong.status_code == 400


def test_denial_goes_back_with_its_reason(world, session):
    answer = authorize(world, session, decision="deny")
    assert "error=access_denied" in answer.headers["Location"]


def test_wrong_password_shows_the_page_again(world, session):
    answer = authorize(world, session, email="dana@halcyon.example", password="nope")
    assert answer.status_code == 422
    assert "password is wrong" in answer.text


@pytest.mark.parametrize(
    "fields", [{"client_id": "unknown"}, {"redirect_uri": "javascript:alert(1)"}]
)
def test_a_request_that_cannot_be_trusted_is_not_redirected(world, session, fields):
    assert authorize(world, session, "GET", **fields).status_code == 400
