"""`make contract`: both sides of every exchange fit the document, and a planted fault is seen."""

import dataclasses
import json
import subprocess
import sys
from typing import Any

import pytest

from enphase import ENDPOINTS
from scripts import contract
from scripts.contract_calls import CALLS, MISTAKES
from scripts.contract_document import Document, Exchange, plain


def renamed(exchange: Exchange, old: str, new: str) -> Exchange:
    """The same with a field of its answer called otherwise, where it has it."""
    answer = exchange.answer.replace(f'"{old}"'.encode(), f'"{new}"'.encode())
    return dataclasses.replace(exchange, answer=answer)


def test_every_operation_is_driven() -> None:
    assert set(CALLS) == set(ENDPOINTS)
    assert set(MISTAKES) <= set(CALLS)


def test_everything_fits(document: Document, sandbox: str) -> None:
    outcome = contract.check(document, sandbox)
    assert outcome.violations == []
    assert outcome.is_good
    assert str(outcome).startswith("79/79 operations, ")
    assert str(outcome).endswith(" 0 violations")
    # Of each operation at least what goes well, another's key, and the limit used up.
    assert outcome.answers > 3 * len(ENDPOINTS)
    assert outcome.requests > outcome.answers // 2


def test_a_field_renamed_on_its_way_is_seen(
    document: Document, sandbox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract, "CALLS", {"get_system": CALLS["get_system"]})
    outcome = contract.check(
        document, sandbox, lambda exchange: renamed(exchange, "timezone", "time_zone")
    )
    assert not outcome.is_good
    (violation,) = outcome.violations
    assert violation.startswith("get_system: 200: body: Additional properties are not allowed")
    assert "time_zone" in violation


def test_a_field_that_must_be_there_and_is_renamed_is_seen_twice(
    document: Document, sandbox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contract, "CALLS", {"list_pv_models": CALLS["list_pv_models"]})
    found = contract.check(
        document, sandbox, lambda exchange: renamed(exchange, "reason", "because")
    ).violations
    assert any("404" in violation and "because" in violation for violation in found)


GOOD = Exchange(
    method="PUT",
    path="/api/v4/activations/703/battery_mode",
    query="",
    headers={"authorization": "Bearer x", "key": "k", "content-type": "application/json"},
    body=b'{"CFG_allowed": true, "DTG_allowed": false}',
    status=200,
    media_type="application/json",
    answer=b'{"message": "Battery mode updated successfully"}',
)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"method": "PATCH"}, "is no operation of the document"),
        ({"path": "/api/v4/activations/703/battery"}, "is no operation of the document"),
        ({"query": "verbose=1"}, "query verbose is not in the document"),
        ({"headers": {**GOOD.headers, "key": ""}}, "header key is missing"),
        ({"headers": {**GOOD.headers, "content-type": "text/plain"}}, "media type text/plain"),
        ({"body": b""}, "the body is missing"),
        ({"body": b"{"}, "is not the application/json it is said to be"),
        ({"body": b'{"CFG_allowed": "yes", "DTG_allowed": false}'}, "is not of type 'boolean'"),
        ({"body": b'{"CFG": true, "DTG_allowed": false}'}, "'CFG' was unexpected"),
    ],
)
def test_faults_of_requests(document: Document, change: dict[str, Any], fault: str) -> None:
    assert document.request_faults(GOOD) == []
    found = document.request_faults(dataclasses.replace(GOOD, **change))
    assert any(fault in one for one in found), found


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"status": 418}, "this status is not in the document"),
        ({"media_type": "text/html"}, "media type text/html"),
        ({"answer": b"<html>"}, "is not the application/json it is said to be"),
        ({"answer": b"[]"}, "is not of type 'object'"),
        ({"answer": b'{"message": 7}'}, "body.message: 7 is not of type 'string'"),
        ({"status": 422, "answer": b'{"errors": []}'}, "'errors' was unexpected"),
    ],
)
def test_faults_of_answers(document: Document, change: dict[str, Any], fault: str) -> None:
    assert document.answer_faults(GOOD) == []
    found = document.answer_faults(dataclasses.replace(GOOD, **change))
    assert any(fault in one for one in found), found


def test_faults_of_streams(document: Document) -> None:
    event = {"data": {"system_id": 701, "pv_power": "much"}, "type": "response"}
    stream = dataclasses.replace(
        GOOD,
        method="GET",
        path="/api/v4/systems/701/live_data",
        body=b"",
        media_type="text/event-stream",
        answer=f"data:{json.dumps(event)}\n\n".encode(),
    )
    (found,) = document.answer_faults(stream)
    assert "body.data.pv_power: 'much' is not of type" in found
    (found,) = document.answer_faults(dataclasses.replace(stream, answer=b""))
    assert found.endswith("a stream without an event")


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("7", {"type": "integer"}, 7),
        ("null", {"anyOf": [{"type": "integer"}, {"type": "string"}]}, "null"),
        ("1,2", {"type": "array", "items": {"type": "string"}}, ["1", "2"]),
        ("true", {"type": "boolean"}, True),
        ("seven", {"type": "integer"}, "seven"),
    ],
)
def test_parameters_are_read_as_their_schema_says(
    text: str, schema: dict[str, Any], value: Any
) -> None:
    assert plain(text, schema) == value


def test_without_the_document_one_sentence_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(contract, "CONTRACT", tmp_path / "nothing.json")
    monkeypatch.setattr(sys, "argv", ["contract"])
    assert contract.main() == 0
    assert capsys.readouterr().out == contract.ABSENT + "\n"


def test_the_program_says_how_it_went(document: Document) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "scripts.contract"],
        cwd=contract.ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.startswith("79/79 operations, ")
