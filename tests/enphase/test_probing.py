"""`python -m enphase probe` tells what works, what is refused and what is gone; it writes never."""

import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from enphase import ENDPOINTS, Client, OutcomeUnknown, RateLimited, Rejected
from enphase.__main__ import main
from enphase.endpoints import Endpoint
from enphase.probe import Probe, Row, judge
from tests.enphase import contract
from tests.enphase.conftest import APPLICATION, QUICK, FixedTokens, Serve
from tests.enphase.wire import Request, answer, json_answer, saying

with_contract = pytest.mark.skipif(not contract.CONTRACT.exists(), reason=contract.WHY_SKIPPED)

ENVIRONMENT = {
    "ENPHASE_API_KEY": "key-canary",
    "ENPHASE_CLIENT_ID": "client-id",
    "ENPHASE_CLIENT_SECRET": "secret-canary",
    "ENPHASE_ACCESS_TOKEN": "token-canary",
}
REFUSAL = {"message": "Forbidden", "details": "Not authorized to access this resource", "code": 403}


class Enphase:
    """Answers with the contract's examples; `special` answers by operation."""

    def __init__(self, **special: Any) -> None:
        self.special = special
        self.asked: list[str] = []
        self.lock = threading.Lock()

    def __call__(self, connection: socket.socket, request: Request) -> None:
        endpoint = find(request)
        with self.lock:
            self.asked.append(endpoint.operation)
        reply = self.special.get(endpoint.operation)
        if callable(reply):
            reply = reply(request)
        if reply is None:
            reply = json_answer(*next(iter(contract.answers(endpoint.operation))))
        connection.sendall(reply)


def find(request: Request) -> Endpoint:
    """The endpoint that a request goes to: of two that fit, the one with fewer blanks."""
    parts = request.path.split("/")
    fitting = [
        endpoint
        for endpoint in ENDPOINTS.values()
        if endpoint.method == request.method
        and len(endpoint.path.split("/")) == len(parts)
        and all(
            ours == theirs or ours.startswith("{")
            for ours, theirs in zip(endpoint.path.split("/"), parts, strict=True)
        )
    ]
    return min(fitting, key=lambda endpoint: endpoint.path.count("{"))


def probe(url: str, **options: Any) -> tuple[Probe, dict[str, Row]]:
    def make(on_hit: Any) -> Client:
        return Client(url, APPLICATION, FixedTokens(), on_hit=on_hit, timeouts={"*": QUICK})

    made = Probe(make, **options)
    return made, {row.operation: row for row in made.run()}


@with_contract
def test_all_79_have_a_row_and_nothing_is_written(serve: Serve) -> None:
    enphase = Enphase()
    made, rows = probe(serve(enphase).url)
    assert list(rows) == list(ENDPOINTS)
    for operation, row in rows.items():
        endpoint = ENDPOINTS[operation]
        if endpoint.writes or operation == "stream_live_data":
            assert (row.result, row.hits) == ("skipped", 0), operation
        else:
            assert (row.result, row.status) == ("works", 200), (operation, row)
            assert row.hits >= 1
    assert rows["stream_live_data"].note == "it costs $0.10"
    assert rows["create_activation"].note == "it writes"
    assert made.hits == len(enphase.asked) == sum(row.hits for row in rows.values())
    assert not any(ENDPOINTS[operation].writes for operation in enphase.asked)
    assert "stream_live_data" not in enphase.asked


@with_contract
def test_what_is_refused_gone_or_missing_is_told_apart(serve: Serve) -> None:
    def rejected(status: int) -> bytes:
        return json_answer(status, {"reason": str(status), "message": ["So it is"]})

    enphase = Enphase(
        list_system_devices=json_answer(403, REFUSAL),
        list_company_branches=rejected(401),
        get_array=rejected(404),
        get_company_user=rejected(404),
        get_acb_telemetry=rejected(501),
        get_tariff=rejected(404),
        search_users=rejected(404),
        get_battery_settings=json_answer(422, {"errorMessages": ["System doesn't have encharges"]}),
        list_arrays=answer(200, b"<html>"),
        get_estimate=answer(500, b"{}"),
    )
    _, rows = probe(serve(enphase).url)
    found = {name: (row.result, row.status) for name, row in rows.items()}
    assert found["list_system_devices"] == ("refused", 403)
    assert found["list_company_branches"] == ("refused", 401)
    assert found["get_company_user"] == ("gone", 404)
    assert found["get_array"] == ("nothing", 404)  # no array was found to ask about
    assert found["get_acb_telemetry"] == ("gone", 501)
    assert found["get_tariff"] == ("nothing", 404)
    assert found["search_users"] == ("nothing", 404)
    assert found["get_battery_settings"] == ("nothing", 422)
    assert rows["get_battery_settings"].note == "System doesn't have encharges"
    assert found["list_arrays"] == ("failed", 200)
    assert found["get_estimate"] == ("failed", 500)
    assert rows["get_estimate"].hits == 3
    # Without the list of devices the calls about one are tried all the same.
    assert found["get_micro_telemetry"] == ("works", 200)
    assert enphase.asked.count("list_system_devices") == 1


@with_contract
def test_devices_are_looked_for_at_several_systems(serve: Serve) -> None:
    kinds = {1: "micros", 2: "encharges", 3: "ev_chargers"}

    def devices(request: Request) -> bytes:
        site = int(request.path.split("/")[4])
        rows = [{"serial_number": f"serial-of-{site}"}]
        return json_answer(200, {"system_id": site, "devices": {kinds.get(site, "other"): rows}})

    systems = {"total": 5, "systems": [{"system_id": number} for number in range(1, 6)]}
    enphase = Enphase(list_systems=json_answer(200, systems), list_system_devices=devices)
    server = serve(enphase)
    _, rows = probe(server.url, sites=4)
    assert rows["list_system_devices"].hits == 4
    targets = [request.path for request in server.requests]
    assert any(path.endswith("/1/devices/micros/serial-of-1/telemetry") for path in targets)
    assert any(path.endswith("/2/devices/encharges/serial-of-2/telemetry") for path in targets)
    assert any(path.endswith("/3/ev_charger/serial-of-3/sessions") for path in targets)
    assert any(path.endswith("/devices/acbs/000000000000/telemetry") for path in targets)

    server = serve(Enphase(list_system_devices=devices))
    _, rows = probe(server.url, system_id=7)
    assert rows["list_system_devices"].hits == 1
    assert any(request.path == "/api/v4/systems/7/summary" for request in server.requests)


@with_contract
def test_a_minutes_limit_is_waited_out_and_a_months_is_not(serve: Serve) -> None:
    def limited(period: str) -> bytes:
        end = datetime.now(UTC) + timedelta(seconds=30)
        return json_answer(
            429,
            {
                "reason": "429",
                "message": ["Usage limit exceeded for plan Watt"],
                "period": period,
                "period_end": int(end.timestamp()),
                "limit": 10,
            },
        )

    left = [limited("minute")]
    pauses: list[float] = []
    enphase = Enphase(
        get_tariff=lambda request: left.pop() if left else None,
        get_estimate=limited("month"),
    )
    _, rows = probe(serve(enphase).url, pause=pauses.append)
    assert (rows["get_tariff"].result, rows["get_tariff"].hits) == ("works", 2)
    assert (rows["get_estimate"].result, rows["get_estimate"].hits) == ("limited", 1)
    assert len(pauses) == 1
    assert 1 <= pauses[0] <= 32


def test_nobody_there_is_noticed_soon() -> None:
    made, rows = probe("http://127.0.0.1:9")
    assert made.hits == 0
    assert {row.result for row in rows.values()} == {"failed", "skipped"}
    assert rows["get_estimate"].note == "not tried: nobody is there"


@with_contract
def test_the_program_prints_a_table_or_json(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    url = serve(Enphase()).url
    assert main(["probe", "--base-url", url], ENVIRONMENT) == 0
    table = capsys.readouterr().out
    assert sum(line.startswith(tuple(ENDPOINTS)) for line in table.splitlines()) == 79
    assert "79 operations: " in table
    assert "hits, at most $0." in table

    assert main(["probe", "--json"], {**ENVIRONMENT, "ENPHASE_API_URL": url}) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["operations"]) == 79
    assert found["hits"] == sum(row["hits"] for row in found["operations"])
    for text in (table, json.dumps(found)):
        for secret in ("key-canary", "secret-canary", "token-canary"):
            assert secret not in text

    url = serve(Enphase(get_tariff=answer(500, b""))).url
    assert main(["probe", "--base-url", url], ENVIRONMENT) == 1


def test_without_usable_credentials_nothing_is_tried(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    server = serve(saying(json_answer(401, {"error": "invalid_grant"})))
    arguments = ["probe", "--base-url", server.url, "--username", "dana@halcyon.example"]
    assert main(arguments, {}) == 2
    without_token = {**ENVIRONMENT, "ENPHASE_ACCESS_TOKEN": ""}
    assert main(arguments, without_token) == 2
    assert server.requests == []
    assert main(arguments, {**without_token, "ENPHASE_PASSWORD": "pass-canary"}) == 2
    assert [request.path for request in server.requests] == ["/oauth/token"]
    shown = capsys.readouterr()
    assert shown.out == ""
    for secret in ("key-canary", "secret-canary", "pass-canary"):
        assert secret not in shown.err
    assert main(["probe", "--base-url", "http://api.example.com"], ENVIRONMENT) == 2


def test_the_four_errors_have_a_result_each() -> None:
    endpoint = ENDPOINTS["get_tariff"]
    assert judge(RateLimited("Used up"), endpoint) == ("limited", 429, "Used up")
    assert judge(OutcomeUnknown("Hm", 502), endpoint) == ("failed", 502, "Hm")
    gone, there = ENDPOINTS["get_acb_telemetry"], ENDPOINTS["get_encharge_telemetry"]
    refusal = Rejected(404, texts=["Not Found", "ACB not found"])
    assert judge(refusal, gone) == ("gone", 404, "Not Found; ACB not found")
    assert judge(refusal, gone, exists=False)[0] == "nothing"
    assert judge(refusal, there)[0] == "nothing"
    assert judge(Rejected(405), gone, exists=False)[0] == "gone"


@with_contract
def test_an_array_is_looked_for_too(serve: Serve) -> None:
    def layout(request: Request) -> bytes:
        site = int(request.path.split("/")[5])
        arrays = [{"id": 77}] if site == 3 else []
        return json_answer(200, {"system_id": site, "arrays": arrays})

    systems = {"total": 5, "systems": [{"system_id": number} for number in range(1, 6)]}
    server = serve(Enphase(list_systems=json_answer(200, systems), list_arrays=layout))
    _, rows = probe(server.url, sites=3)
    assert (rows["list_arrays"].hits, rows["get_array"].result) == (3, "works")
    assert any(request.path.endswith("/3/arrays/77") for request in server.requests)

    missing = json_answer(422, {"errorMessages": ["Array not found"]})
    enphase = Enphase(list_systems=json_answer(200, systems), list_arrays=layout, get_array=missing)
    _, rows = probe(serve(enphase).url, sites=2)
    assert (rows["list_arrays"].hits, rows["get_array"].result) == (2, "nothing")


@with_contract
def test_what_cannot_be_asked_about_is_not_called_refused(serve: Serve) -> None:
    """A new user without a company and without a site."""
    enphase = Enphase(
        get_current_user=json_answer(200, {"user_id": 5}),
        list_systems=json_answer(200, {"total": 0, "systems": []}),
        list_activations=json_answer(200, {"systems": []}),
    )
    _, rows = probe(serve(enphase).url)
    for operation in ("list_company_users", "get_system", "get_tariff", "get_array"):
        row = rows[operation]
        assert (row.result, row.hits) == ("skipped", 0)
        assert row.note == "there is nothing of the kind to ask about"
    assert rows["get_user"].result == rows["search_systems"].result == "works"
    assert rows["stream_live_data"].note == "it costs $0.10"
