"""Whatever is sent to the sandbox, its answer is one that the document describes (Schemathesis)."""

import copy
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import checks

from enphase import ENDPOINTS
from scripts.contract import CONTRACT
from scripts.contract_document import BORROWED, EV_CHARGERS, STREAM, Document

LENGTH_REQUIRED = 411
EXAMPLES = 5  # of each operation, good ones and again as many bad ones
# Where good paths lead: to what is ours, and to what is somebody else's (801, 20, 3101). What is
# nobody's comes with the bad ones.
KNOWN: dict[str, list[int | str]] = {
    "activation_id": [703, 702, 701, 801],
    "system_id": [703, 705, 801],
    "company_id": [9, 81, 20],
    "user_id": [2001, 2011, 3001, 3003, 3101],
    "array_id": [7030],
    "serial_number": ["202300000703EIM1"],
    "pv_manufacturer_id": [106],
}
TODAY = datetime.now(UTC).date()
DAYS = [TODAY - timedelta(days=ago) for ago in (0, 3, 9)]
MOMENTS = [int(time.time()) - hours * 3600 for hours in (1, 30, 170)]
SERIALS = {
    "/micros/": "482000070300",
    "/acbs/": "911000007050",
    "/encharges/": "122038000001",
    "/ev_charger/": "202400000703",
}


def known(path: str, parameter: dict[str, Any]) -> list[int | str] | None:
    """Values that mean something; None where anything may be sent."""
    name = parameter["name"]
    if name in ("start_date", "end_date", "summary_date", "operational_date"):
        form = "%Y%m%d" if EV_CHARGERS in path else "%Y-%m-%d"
        return [day.strftime(form) for day in DAYS]
    if name in ("start_at", "end_at"):
        return list(MOMENTS)
    if parameter["in"] != "path":
        return None
    if name == "serial_no":
        return [serial for part, serial in SERIALS.items() if part in path]
    if parameter["schema"].get("type") == "string":
        return [str(value) for value in KNOWN[name]]
    return KNOWN[name]


def tree() -> dict[str, Any]:
    """The document, with values that exist in its parameters, and the statuses it forgets."""
    found: dict[str, Any] = json.loads(CONTRACT.read_text(encoding="utf-8"))
    operations = {
        entry["operationId"]: (path, entry)
        for path, item in found["paths"].items()
        for name, entry in item.items()
        if name != "parameters"
    }
    for path, entry in operations.values():
        for one in entry.get("parameters", ()):
            values = known(path, one)
            if values is not None:
                one["schema"] = {**one["schema"], "enum": values}
        stream = entry["responses"].get("200", {}).get("content", {}).get(STREAM)
        if stream:
            # Schemathesis means by it the events, the document their text; tests of our own know.
            stream["schema"] = {}
        if EV_CHARGERS in path:
            entry["responses"]["429"] = copy.deepcopy(entry["responses"]["401"])
    for (operation, status), (lender, lent) in BORROWED.items():
        operations[operation][1]["responses"][status] = operations[lender][1]["responses"][lent]
    return found


checks.load_all_checks()
CHECKS = checks.CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    ]
)


@pytest.fixture(scope="module")
def schema(document: Document) -> Any:
    return schemathesis.openapi.from_dict(tree())


@pytest.fixture
def session(sandbox: str) -> Iterator[requests.Session]:
    """Somebody in an untouched world whom no limit of the plan holds back."""
    with requests.Session() as session:
        nothing = {"per_minute": None, "per_month": None, "writes_per_month": None}
        order = {"world": "small", "settings": {**nothing, "live_frame_seconds": 0.0}}
        session.post(f"{sandbox}/_sandbox/reset", json=order, timeout=30).raise_for_status()
        token = session.post(
            f"{sandbox}/_sandbox/tokens", json={"email": "dana@halcyon.example"}, timeout=10
        ).json()["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        yield session


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", sorted(ENDPOINTS))
def test_every_answer_is_described(
    schema: Any, sandbox: str, session: requests.Session, operation: str, mode: Any
) -> None:
    strategy = schema.find_operation_by_id(operation).as_strategy(generation_mode=mode)

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def send(case: Any) -> None:
        # Schemathesis makes up a key, with which nothing but 401 would be seen.
        answer = case.call(
            base_url=sandbox, session=session, headers={"key": "sandbox-key"}, timeout=20
        )
        if answer.status_code == LENGTH_REQUIRED:
            return  # an empty form is sent in chunks; the web server wants a length, not the API
        case.validate_response(answer, checks=CHECKS)

    send()
