"""Each method sends what the contract asks for and reads what it answers."""

import json
from typing import Any
from urllib.parse import parse_qs, unquote

import pytest

from enphase import Application, Client, OutcomeUnknown, Rejected
from enphase.transport import encode, fill_path
from tests.enphase.conftest import APPLICATION, PATIENT, FixedTokens, MakeCaller, Serve
from tests.enphase.wire import json_answer, saying

SITE = {"system_id": 701}
PERSON = {"user_id": 5, "company": {"company_id": 9, "location": "Petaluma, CA - US"}}
DONE = {"message": "Done"}


@pytest.mark.parametrize(
    ("call", "answer", "method", "path", "query"),
    [
        (
            lambda c: c.users.get_current_user(),
            PERSON,
            "GET",
            "/api/v4/partner/users/self",
            {"expand": "company"},
        ),
        (
            lambda c: c.users.get_current_user(expand_company=False),
            PERSON,
            "GET",
            "/api/v4/partner/users/self",
            {},
        ),
        (
            lambda c: c.users.search_users("anne+solar@example.com"),
            PERSON,
            "GET",
            "/api/v4/users/search",
            {"email": "anne+solar@example.com"},
        ),
        (
            lambda c: c.companies.list_company_branches(),
            {"company_id": 9, "branches": []},
            "GET",
            "/api/v4/companies/self/branches",
            {},
        ),
        (
            lambda c: c.companies.list_authorized_subcontractors(),
            {"authorized_subcontractors": []},
            "GET",
            "/api/v4/companies/self/authorized_subcontractors",
            {},
        ),
        (
            lambda c: c.catalog.list_grid_profiles(),
            {"grid_profiles": []},
            "GET",
            "/api/v4/partner/grid_profiles",
            {},
        ),
        (
            lambda c: c.catalog.list_pv_manufacturers(),
            {"pv_manufacturers": [[1, "Maker"], ["no id"]]},
            "GET",
            "/api/v4/pv_manufacturers",
            {},
        ),
        (
            lambda c: c.catalog.list_pv_models(109),
            {"pv_models": []},
            "GET",
            "/api/v4/pv_manufacturers/109/pv_models",
            {},
        ),
        (
            lambda c: c.activations.list_activations(stage=[1, 2], owner_id="null"),
            {"systems": []},
            "GET",
            "/api/v4/partner/activations",
            {"limit": "1000", "stage": "1,2", "owner_id": "null"},
        ),
        (
            lambda c: c.activations.get_activation(701),
            SITE,
            "GET",
            "/api/v4/partner/activations/701",
            {"expand": "owner,host"},
        ),
        (
            lambda c: c.activations.get_activation(701, expand=()),
            SITE,
            "GET",
            "/api/v4/partner/activations/701",
            {},
        ),
        (
            lambda c: c.activations.delete_activation(701),
            DONE,
            "DELETE",
            "/api/v4/partner/activations/701",
            {},
        ),
        (
            lambda c: c.activations.grant_activation_access(701, 5),
            DONE,
            "POST",
            "/api/v4/activations/701/users/5",
            {},
        ),
        (
            lambda c: c.activations.revoke_activation_access(701, 5),
            DONE,
            "DELETE",
            "/api/v4/activations/701/users/5",
            {},
        ),
        (
            lambda c: c.activations.get_production_mode(701),
            {"mode": "on", "total_micros": 24, "energy_producing_micros": 18},
            "GET",
            "/api/v4/activations/701/ops/production_mode",
            {},
        ),
        (
            lambda c: c.systems.retrieve_system_id("2020 4000+4942"),
            SITE,
            "GET",
            "/api/v4/systems/retrieve_system_id",
            {"serial_num": "2020 4000+4942"},
        ),
    ],
)
def test_request_line(
    ask: Any, call: Any, answer: Any, method: str, path: str, query: dict[str, str]
) -> None:
    result, request = ask(call, answer)
    assert result is not None
    assert (request.method, request.path, request.body) == (method, path, b"")
    assert parse_qs(request.query) == {name: [value] for name, value in query.items()}
    assert request.headers["authorization"] == "Bearer token-canary"
    assert request.headers["key"] == "key-canary"


@pytest.mark.parametrize(
    ("call", "name", "sent", "answer"),
    [
        (
            lambda c: c.activations.create_activation({"system_name": "Zoë & Söhne", "lease": 0}),
            "system",
            {"system_name": "Zoë & Söhne", "lease": 0},
            SITE,
        ),
        (
            lambda c: c.activations.update_activation(701, {"operational": True}),
            "system",
            {"operational": True},
            SITE,
        ),
        (
            lambda c: c.activations.set_production_mode(701, "on"),
            "production_mode",
            {"mode": "on"},
            DONE,
        ),
        (
            lambda c: c.users.create_home_owner("a@example.com", "Anne", "Smit", phone="1"),
            "user",
            {
                "email": "a@example.com",
                "first_name": "Anne",
                "last_name": "Smit",
                "enlighten_emails": False,
                "phone": "1",
            },
            PERSON,
        ),
    ],
)
@pytest.mark.parametrize("style", [None, "form", "json_wrapped", "json"])
def test_bodies_travel_in_the_style_that_is_set(
    ask: Any, call: Any, name: str, sent: Any, answer: Any, style: str | None
) -> None:
    operations = (
        "create_activation",
        "update_activation",
        "set_production_mode",
        "create_home_owner",
    )
    styles = dict.fromkeys(operations, style) if style else {}
    _, request = ask(call, answer, body_styles=styles)
    kind = request.headers["content-type"]
    if style in (None, "form"):
        assert kind == "application/x-www-form-urlencoded"
        (value,) = parse_qs(request.body.decode("ascii"))[name]
        assert json.loads(value) == sent
    else:
        assert kind == "application/json"
        assert json.loads(request.body) == ({name: sent} if style == "json_wrapped" else sent)


def test_search_puts_pages_in_the_query_and_filters_in_the_body(ask: Any) -> None:
    page, request = ask(
        lambda c: c.systems.search_systems(
            reference="HAL1", ids=[701], statuses=["micro"], page=2, size=1000, live_stream=True
        ),
        {"total": 1, "current_page": 2, "systems": [{**SITE, "status": "micro"}]},
    )
    assert parse_qs(request.query) == {"page": ["2"], "size": ["1000"], "live_stream": ["true"]}
    assert json.loads(request.body) == {
        "sort_by": "id",
        "system": {"reference": "HAL1", "ids": [701], "statuses": ["micro"]},
    }
    assert page.systems[0].status_text == "Microinverters Not Reporting"


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.users.search_users("nobody@example.com"),
        lambda c: c.systems.retrieve_system_id("1"),
    ],
)
def test_a_documented_404_means_nobody(ask: Any, call: Any) -> None:
    body = {"reason": "404", "message": ["User not found."]}
    assert ask(call, body, status=404)[0] is None
    with pytest.raises(OutcomeUnknown):
        ask(call, "<html>", status=404)
    with pytest.raises(OutcomeUnknown):
        ask(call, {"message": "no Route matched"}, status=404)
    with pytest.raises(Rejected):
        ask(call, {"errorMessages": ["Email should not be blank"]}, status=422)
    with pytest.raises(OutcomeUnknown):
        ask(call, {"system_id": None, "user_id": "?"}, status=200)


@pytest.mark.parametrize("answer", [{}, {"message": ""}, {"message": 7}, [], "Done", None])
def test_an_acknowledgement_needs_words(ask: Any, answer: Any) -> None:
    with pytest.raises(OutcomeUnknown):
        ask(lambda c: c.activations.delete_activation(701), answer)


def test_an_acknowledgement_may_be_a_list(ask: Any) -> None:
    answer = {"reason": "200", "message": ["Task sent.", "Please wait."]}
    text, _ = ask(lambda c: c.activations.set_production_mode(701, "off"), answer)
    assert text == "Task sent.; Please wait."


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.activations.get_activation(0),
        lambda c: c.activations.update_activation(-1, {}),
        lambda c: c.activations.delete_activation(True),
        lambda c: c.activations.grant_activation_access(1, 0),
        lambda c: c.activations.set_production_mode(1, "maybe"),
        lambda c: c.activations.list_activations(limit=1001),
        lambda c: c.activations.list_activations(reference=""),
        lambda c: c.systems.search_systems(reference=" "),
        lambda c: c.systems.search_systems(ids=[]),
        lambda c: c.systems.search_systems(size=1001),
        lambda c: c.systems.retrieve_system_id(""),
        lambda c: c.users.search_users(""),
    ],
)
def test_requests_that_would_hit_something_else_are_refused_here(
    caller: MakeCaller, serve: Serve, call: Any
) -> None:
    server = serve(saying(json_answer(200, {})))
    with pytest.raises(ValueError):
        call(caller(server.url, timeouts={"*": PATIENT}).client)
    assert server.connections == 0


def test_unknown_filters_cannot_be_sent(caller: MakeCaller) -> None:
    with pytest.raises(TypeError):
        caller("http://127.0.0.1:9").client.activations.list_activations(adress="typo")
    with pytest.raises(TypeError):
        list(caller("http://127.0.0.1:9").client.activations.each(adress="typo"))


@pytest.mark.parametrize("value", ["", " ", ".", "..", "../.."[:2]])
def test_a_path_never_has_an_empty_part(value: str) -> None:
    with pytest.raises(ValueError):
        fill_path(
            "/api/v4/systems/{system_id}/meters/{serial_number}",
            {
                "system_id": 1,
                "serial_number": value,
            },
        )


def test_a_path_part_is_quoted() -> None:
    path = fill_path("/m/{serial_number}", {"serial_number": "a/../b?c#d é"})
    assert path == "/m/a%2F..%2Fb%3Fc%23d%20%C3%A9"
    assert unquote(path) == "/m/a/../b?c#d é"


def test_a_body_where_none_belongs_is_a_mistake() -> None:
    with pytest.raises(ValueError):
        encode(None, None, {"a": 1})
    with pytest.raises(ValueError):
        encode("form", None, {"a": 1})
    assert encode("form", "system", None) == (None, None)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://api.example.com",
        "api.example.com",
        "http://api.example.com",
        "https://user:pass@api.example.com",
        "https://api.example.com?key=1",
        "https:///nowhere",
    ],
)
def test_addresses_that_are_not_safe_are_refused(url: str) -> None:
    with pytest.raises(ValueError):
        Client(url, APPLICATION, FixedTokens())


def test_a_slash_at_the_end_of_the_address_does_no_harm(caller: MakeCaller, serve: Serve) -> None:
    server = serve(saying(json_answer(200, PERSON)))
    caller(f"{server.url}/").client.users.get_current_user()
    assert server.requests[0].path == "/api/v4/partner/users/self"


def test_unknown_operations_in_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="create_activasion"):
        Client(
            "https://api.example.com",
            APPLICATION,
            FixedTokens(),
            body_styles={"create_activasion": "json"},
        )


@pytest.mark.parametrize(
    "credentials",
    [("kéy", "id", "s"), ("key", "id", "s€cret"), ("key", "i:d", "s"), ("key", "id", "a\r\nb")],
)
def test_credentials_that_cannot_travel_are_refused_by_name(
    credentials: tuple[str, str, str],
) -> None:
    with pytest.raises(ValueError, match=r"API key|client secret|client id") as caught:
        Application(*credentials)
    assert not any(len(value) > 3 and value in str(caught.value) for value in credentials)
