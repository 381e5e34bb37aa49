"""One tolerant reader for every error body of the API."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enphase.endpoints import ENDPOINTS
from enphase.errors import (
    MAX_TEXT_LENGTH,
    EnphaseError,
    Envelope,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    first_of_next_month,
    rate_limited,
    read_envelope,
)
from enphase.exchange import Reply
from enphase.transport import classify, parse_json
from tests.enphase.conftest import bounded

NOW = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)

M = {"message": "Not Found", "details": 'System not found for {:id=>"1"}', "code": 404}
R = {"reason": "401", "message": ["Not authorized.", "API Key missing in url/headers!"]}
U = {"errorCode": 11, "errorMessages": ["The system type must be residential."]}
L = {
    "error": {"code": 461, "message": "Too short", "status": "INVALID_DURATION", "details": [{}]},
    "timestamp_epoch": 1679041705,
    "type": "validation_error",
}
E = {"message": "Bad request", "code": "400", "details": ["Invalid limit", "Invalid offset"]}
TOKEN = {"error": "invalid_grant", "error_description": "Bad credentials"}


@pytest.mark.parametrize(
    ("body", "kind", "texts", "code"),
    [
        (M, "M", ["Not Found", 'System not found for {:id=>"1"}'], None),
        (R, "R", ["Not authorized.", "API Key missing in url/headers!"], None),
        (U, "U", ["The system type must be residential."], 11),
        ({"errorMessages": ["No Envoys"]}, "U", ["No Envoys"], None),
        (L, "L", ["Too short"], None),
        (E, "M", ["Bad request", "Invalid limit", "Invalid offset"], None),
        (TOKEN, "token", ["Bad credentials"], None),
    ],
)
def test_documented_bodies_are_understood(
    body: Any, kind: str, texts: list[str], code: int | None
) -> None:
    envelope = read_envelope(body)
    assert envelope is not None
    assert (envelope.kind, envelope.texts, envelope.code) == (kind, texts, code)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "Not Found",
        42,
        {},
        {"message": "Forbidden"},
        {"message": {"a": 1}, "code": 404},
        {"error": {}},
        {"errorMessages": []},
        {"errorMessages": None},
        {"reason": "404"},
        {"systems": []},
    ],
)
def test_other_bodies_are_not_taken_for_documented_ones(body: Any) -> None:
    assert read_envelope(body) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [
        *("message", "details", "code", "reason", "errorMessages", "errorCode", "error"),
        *("error_description", "period", "period_start", "period_end", "limit", "systems"),
    ]
)


@bounded(200)
@given(st.dictionaries(NAMES, JSON, max_size=7) | JSON)
def test_the_reader_never_raises_and_its_texts_are_short_and_plain(body: Any) -> None:
    envelope = read_envelope(body)
    if envelope is None:
        return
    assert all(
        isinstance(text, str) and 0 < len(text) <= MAX_TEXT_LENGTH for text in envelope.texts
    )
    assert not any("\n" in text for text in envelope.texts)
    error = rate_limited(envelope, NOW)
    assert error.retry_at is not None
    assert NOW < error.retry_at <= NOW + timedelta(days=32)


@bounded(200)
@given(
    st.integers(min_value=300, max_value=599),
    st.binary(max_size=60) | st.sampled_from([b"", b"<html>", b"null", b'{"message":"x"}']),
    st.sampled_from(["create_activation", "get_activation", "search_systems"]),
)
def test_an_answer_without_a_documented_body_proves_nothing(
    status: int, body: bytes, operation: str
) -> None:
    with pytest.raises(EnphaseError) as caught:
        classify(Reply(status, body), ENDPOINTS[operation])
    if status == 429 and operation != "create_activation":
        assert isinstance(caught.value, RateLimited)
    else:
        assert isinstance(caught.value, OutcomeUnknown)
        assert caught.value.status == status


@bounded(100)
@given(st.integers(min_value=100, max_value=599), st.sampled_from([M, R, U, L, E, TOKEN]))
def test_a_documented_body_counts_only_with_the_status_of_a_refusal(
    status: int, body: dict[str, Any]
) -> None:
    reply = Reply(status, json.dumps(body).encode())
    if 200 <= status < 300:
        assert classify(reply, ENDPOINTS["create_activation"]) == body
        return
    with pytest.raises(EnphaseError) as caught:
        classify(reply, ENDPOINTS["create_activation"])
    if status == 429:
        assert isinstance(caught.value, RateLimited)
    elif (400 <= status < 500 and status != 408) or status == 501:
        assert isinstance(caught.value, Rejected)
        assert caught.value.status == status
        assert caught.value.body == body
    else:
        assert isinstance(caught.value, OutcomeUnknown)


def epoch(moment: datetime) -> int:
    return int(moment.timestamp())


@pytest.mark.parametrize(
    ("fields", "period", "retry_at"),
    [
        (
            {"period": "minute", "period_end": epoch(NOW) + 30},
            "minute",
            NOW + timedelta(seconds=30),
        ),
        ({}, "minute", NOW + timedelta(seconds=60)),
        ({"period": "minute"}, "minute", NOW + timedelta(seconds=60)),
        ({"period": "minute", "period_end": epoch(NOW) - 9}, "minute", NOW + timedelta(seconds=60)),
        ({"period": "minute", "period_end": 10**18}, "minute", NOW + timedelta(seconds=60)),
        ({"period": "month"}, "month", datetime(2026, 12, 1, tzinfo=UTC)),
        (
            {"period": "month", "period_end": epoch(datetime(2026, 12, 1, tzinfo=UTC))},
            "month",
            datetime(2026, 12, 1, tzinfo=UTC),
        ),
        ({"period_end": epoch(NOW) + 86400}, "month", NOW + timedelta(days=1)),
    ],
)
def test_a_limit_says_when_to_come_back(
    fields: dict[str, Any], period: str, retry_at: datetime
) -> None:
    body = {"reason": "429", "message": ["Usage limit exceeded"], "limit": 5, **fields}
    error = rate_limited(read_envelope(body), NOW)
    assert (error.period, error.retry_at, error.limit) == (period, retry_at, 5)


def test_a_limit_without_a_body_means_a_minute() -> None:
    assert rate_limited(None, NOW).retry_at == NOW + timedelta(seconds=60)
    assert rate_limited(Envelope("R", []), NOW).period == "minute"


def test_december_ends_in_january() -> None:
    assert first_of_next_month(datetime(2026, 12, 31, 23, tzinfo=UTC)) == datetime(
        2027, 1, 1, tzinfo=UTC
    )
    assert first_of_next_month(datetime(2027, 1, 31, tzinfo=UTC)) == datetime(
        2027, 2, 1, tzinfo=UTC
    )


@bounded(200)
@given(st.binary(max_size=200))
def test_any_bytes_can_be_tried_as_json(body: bytes) -> None:
    parse_json(body)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'\xef\xbb\xbf{"system_id": 7}', {"system_id": 7}),
        ('{"city": "Zürich"}'.encode("utf-16"), {"city": "Zürich"}),
        ('{"id": 7, "city": "Zürich"}'.encode("latin-1"), {"id": 7, "city": "Z�rich"}),
        (rb'{"a\u0000b": ["\ud800", "\ud83d\ude00"]}', {"a�b": ["�", "😀"]}),
    ],
)
def test_a_wrong_charset_costs_letters_not_the_answer(body: bytes, value: Any) -> None:
    assert parse_json(body) == (value, True)


@pytest.mark.parametrize(
    "body", [b"", b"<html></html>", b'{"a": NaN}', b'{"a": 1', b"[" * 200_000, b"1" * 5000]
)
def test_what_is_no_json_is_said_to_be_none(body: bytes) -> None:
    assert parse_json(body) == (None, False)
