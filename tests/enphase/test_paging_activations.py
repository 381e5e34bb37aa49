"""`each` sees every site once, or says that it could not."""

from urllib.parse import parse_qs

import pytest

from enphase import OutcomeUnknown
from tests.enphase.conftest import MakeCaller, Serve
from tests.enphase.wire import answer, json_answer, saying


def page(ids: list[int], following: str | None = None) -> bytes:
    body: dict[str, object] = {"systems": [{"system_id": number} for number in ids]}
    return json_answer(200, body if following is None else {**body, "next": following})


def test_pages_follow_each_other_with_the_same_filters(caller: MakeCaller, serve: Serve) -> None:
    server = serve(saying(page([1, 2], "aa"), page([2, 3], "b+b"), page([])))
    activations = caller(server.url).client.activations
    assert [site.system_id for site in activations.each(limit=2, stage="in_progress")] == [1, 2, 3]
    queries = [parse_qs(request.query) for request in server.requests]
    assert [query.get("next") for query in queries] == [None, ["aa"], ["b+b"]]
    assert {tuple(query["stage"]) for query in queries} == {("in_progress",)}
    assert {tuple(query["limit"]) for query in queries} == {("2",)}


def test_pages_are_fetched_when_they_are_needed(caller: MakeCaller, serve: Serve) -> None:
    server = serve(saying(page([1, 2], "aa"), page([3])))
    first = next(caller(server.url).client.activations.each())
    assert (first.system_id, len(server.requests)) == (1, 1)


@pytest.mark.parametrize("cursors", [["aa"], ["aa", "bb", "aa"]])
def test_a_cursor_that_comes_back_stops_the_loop(
    caller: MakeCaller, serve: Serve, cursors: list[str]
) -> None:
    pages = [page([number], cursor) for number, cursor in enumerate(cursors, start=1)]
    server = serve(saying(*pages))
    with pytest.raises(OutcomeUnknown, match="circles"):
        list(caller(server.url).client.activations.each())
    assert len(server.requests) <= len(cursors) + 1


def test_a_sweep_that_breaks_off_says_so(caller: MakeCaller, serve: Serve) -> None:
    server = serve(saying(page([1], "aa"), answer(200, b"<html>")))
    sites = caller(server.url).client.activations.each()
    assert next(sites).system_id == 1
    with pytest.raises(OutcomeUnknown):
        next(sites)
