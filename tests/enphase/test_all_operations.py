"""All 79 operations: a method each, that sends and reads what the contract says."""

import inspect
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enphase import ENDPOINTS, Client, EnphaseError
from enphase.exchange import Reply
from enphase.records import LiveFrame, Record
from enphase.resources.live import LiveStream
from tests.enphase import contract
from tests.enphase.calls import CALLS
from tests.enphase.conftest import (
    APPLICATION,
    PATIENT,
    Caller,
    FixedTokens,
    MakeCaller,
    Serve,
    bounded,
)
from tests.enphase.wire import answer, json_answer, saying

with_contract = pytest.mark.skipif(not contract.CONTRACT.exists(), reason=contract.WHY_SKIPPED)

# Names on the wire → arguments. What is not sent on purpose has none.
ARGUMENTS = {
    "connectorId": "connector_id",
    "chargingLevel": "charging_level",
    "CFG_allowed": "cfg_allowed",
    "DTG_allowed": "dtg_allowed",
}
UNSENT = {
    "create_home_owner": {"enlighten_view", "company_id"},  # home owners belong to no company
    "update_tariff": {"task"},  # only answered
}
# Bodies that the caller hands over as one argument.
WHOLE = {
    "create_activation": "system",
    "update_activation": "system",
    "update_array": "array",
    "update_tariff": "tariff",
}


def method_of(client: Client, operation: str) -> Any:
    return getattr(getattr(client, ENDPOINTS[operation].group), operation)


def test_each_operation_has_a_method_and_a_call() -> None:
    assert set(CALLS) == set(ENDPOINTS)
    assert len(CALLS) == 79
    with Client("http://127.0.0.1:9", APPLICATION, FixedTokens()) as client:
        for operation in ENDPOINTS:
            text = " ".join((inspect.getdoc(method_of(client, operation)) or "").split())
            assert f"Operation {operation}." in text, operation


def test_every_argument_and_every_result_is_typed() -> None:
    with Client("http://127.0.0.1:9", APPLICATION, FixedTokens()) as client:
        for operation in ENDPOINTS:
            signature = inspect.signature(method_of(client, operation))
            assert signature.return_annotation not in (Any, inspect.Signature.empty), operation
            for parameter in signature.parameters.values():
                assert parameter.annotation not in (Any, inspect.Parameter.empty), operation
                assert parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)


@with_contract
@pytest.mark.parametrize("operation", sorted(ENDPOINTS))
def test_arguments_are_the_contracts(operation: str) -> None:
    row = contract.operations()[operation]
    expected = {parameter["name"] for parameter in row["parameters"]}
    expected |= set(body_fields(operation))
    if "expand" in expected and operation != "get_activation":
        expected = expected - {"expand"} | {"expand_company"}
    expected = {ARGUMENTS.get(name, name) for name in expected} - UNSENT.get(operation, set())
    with Client("http://127.0.0.1:9", APPLICATION, FixedTokens()) as client:
        given = set(inspect.signature(method_of(client, operation)).parameters)
    if operation == "retrieve_system_id":
        expected = {"serial"}
    if operation == "update_company_user":
        given -= {"new_company_id"}  # on the wire both are called company_id
    assert given == expected


def body_fields(operation: str) -> Iterator[str]:
    """The fields of a request's body, as arguments: those of the wrapped object if it is one."""
    if operation in WHOLE:
        yield WHOLE[operation]
        return
    schema = body_schema(operation)
    if schema is None:
        return
    choice = contract.resolve((schema.get("anyOf") or [schema])[0])
    for name, inner in choice.get("properties", {}).items():
        wrapped = contract.resolve(inner)
        if name in ("user", "estimate", "system", "production_mode"):
            yield from wrapped["properties"]
        else:
            yield name


def body_schema(operation: str) -> Any:
    content = contract.operations()[operation].get("requestBody", {}).get("content", {})
    return contract.resolve(content["application/json"]["schema"]) if content else None


@with_contract
@pytest.mark.parametrize("operation", sorted(ENDPOINTS))
def test_what_is_sent_is_what_the_contract_asks_for(
    caller: MakeCaller, serve: Serve, operation: str
) -> None:
    row = contract.operations()[operation]
    status, body = next(iter(contract.answers(operation)))
    server = serve(saying(wire_answer(status, body)))
    made: Caller = caller(server.url, timeouts={"*": PATIENT})
    result = CALLS[operation](made.client)
    if isinstance(result, LiveStream):
        result.close()
    (request,) = server.requests

    assert request.method == row["method"]
    pattern = "".join(
        "[^/]+" if part.startswith("{") else re.escape(part)
        for part in re.split(r"(\{\w+\})", row["path"])
    )
    assert re.fullmatch(pattern, request.path), request.path
    queries = {p["name"]: p for p in row["parameters"] if p["in"] == "query"}
    sent = parse_qs(request.query, strict_parsing=bool(request.query))
    assert set(sent) <= set(queries)
    for name, parameter in queries.items():
        if parameter.get("required"):
            assert name in sent, name
    for name, (value,) in sent.items():
        assert not contract.faults(plain(value, queries[name]), queries[name]["schema"], name)
    for parameter in row["parameters"]:
        if parameter["in"] == "header":
            assert parameter["name"].lower() in request.headers

    schema = body_schema(operation)
    if schema is None:
        assert request.body == b""
        assert "content-type" not in request.headers
        return
    kind = request.headers["content-type"]
    assert kind in row["requestBody"]["content"]
    if kind == "application/x-www-form-urlencoded":
        ((name, (text,)),) = parse_qs(request.body.decode("ascii")).items()
        payload = {name: json.loads(text)}
    else:
        payload = json.loads(request.body)
    assert contract.faults(payload, schema) == []


def wire_answer(status: int, body: Any) -> bytes:
    if isinstance(body, str):
        return answer(status, body.encode(), Content_Type="text/event-stream")
    return json_answer(status, body)


def plain(value: str, parameter: Any) -> Any:
    """The value of a query as its schema sees it: a number, a flag, a list or text."""
    schema = contract.resolve(parameter["schema"])
    kinds = {schema.get("type")} | {
        contract.resolve(choice).get("type") for choice in schema.get("anyOf", ())
    }
    if "array" in kinds:
        inner = {"schema": schema.get("items", {})}
        return [plain(item, inner) for item in value.split(",")]
    if "boolean" in kinds:
        return value == "true"
    if kinds & {"integer", "number"} and value.lstrip("-").isdigit():
        return int(value)
    return value


def reply_with(client: Client, body: Any, status: int = 200) -> None:
    """Let the client's wire give this answer to whatever is sent, without a network."""
    encoded = json.dumps(body).encode()
    client._transport._wire.exchange = (  # type: ignore[method-assign]
        lambda *given, **options: Reply(status, encoded)
    )


def records_in(value: Any) -> Iterator[Record]:
    if isinstance(value, Record):
        yield value
        for name in type(value).model_fields:
            yield from records_in(getattr(value, name))
    elif isinstance(value, list):
        for item in value:
            yield from records_in(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from records_in(item)


@with_contract
@pytest.mark.parametrize("operation", sorted(set(ENDPOINTS) - {"stream_live_data"}))
def test_every_documented_answer_is_read_without_a_rest(operation: str) -> None:
    with Client("http://127.0.0.1:9", APPLICATION, FixedTokens()) as client:
        count = 0
        for status, body in contract.answers(operation):
            reply_with(client, body, status)
            result = CALLS[operation](client)
            assert result is not None
            for record in records_in(result):
                assert record.quarantined == (), operation
                assert not getattr(record, "unreadable", [])
            if isinstance(result, Record):
                assert result.raw in (body, body.get("task") if isinstance(body, dict) else None)
            count += 1
        assert count, "the contract has an example of every answer"


# NUL and lone surrogates, which no database stores, do not stay: other tests say so.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
STRANGE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
    st.sampled_from(
        ["", " ", "0", "-1", "1e999", "97%", "2024-02-30", "20240230", 10**25, -1, [], {}, [[]]]
    ),
    st.just([{"id": ""}, None, "x"]),
    st.just({"": {"value": {}}}),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value[:3]):
            yield from places(item, (*path, number))


def mutated(value: Any, path: tuple[Any, ...], change: Any) -> Any:
    """A copy with the thing at `path` replaced, or left out if `change` is DELETE."""
    if not path:
        return None if change is DELETE else change
    key, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    if not rest and change is DELETE:
        del copy[key]
    else:
        copy[key] = mutated(value[key], tuple(rest), change)
    return copy


DELETE = object()


@st.composite
def mutations(draw: st.DrawFn, body: Any) -> Any:
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(list(places(body))))
        body = mutated(body, path, draw(st.just(DELETE) | STRANGE))
        if isinstance(body, dict) and draw(st.booleans()):
            body = {**body, draw(TEXT): draw(STRANGE)}
    return body


@with_contract
@pytest.mark.parametrize("operation", sorted(set(ENDPOINTS) - {"stream_live_data"}))
def test_strange_answers_lose_nothing_and_raise_only_the_four(operation: str) -> None:
    with Client("http://127.0.0.1:9", APPLICATION, FixedTokens()) as client:

        @bounded(25)
        @given(st.data())
        def try_out(data: st.DataObject) -> None:
            _, example = data.draw(st.sampled_from(list(contract.answers(operation))))
            body = data.draw(mutations(example))
            reply_with(client, body)
            try:
                result = CALLS[operation](client)
            except EnphaseError:
                return
            if isinstance(result, Record):
                # As JSON: -0.0 and 0 are the same to Python, but not the same text.
                given_back = json.dumps(result.raw)
                assert given_back in (json.dumps(body), json.dumps((body or {}).get("task")))
            for record in records_in(result):
                assert not set(record.quarantined) & record.model_fields_set
                record.model_dump(mode="json", exclude=set(record.model_extra or ()))
                repr(record)

        try_out()


@with_contract
@bounded(200)
@given(st.data())
def test_strange_frames_lose_nothing(data: st.DataObject) -> None:
    _, text = next(iter(contract.answers("stream_live_data")))
    body = data.draw(mutations(json.loads(text.removeprefix("data:"))))
    try:
        frame = LiveFrame.from_api(body)
    except ValueError:
        return
    assert frame.raw is body
    repr(frame)
