"""`python -m enphase probe` as a program, against the sandbox."""

import json
import os
import subprocess
import sys

from enphase import ENDPOINTS
from tests.enphase.pretend import PASSWORD, ROOT, Sandbox

ENVIRONMENT = {
    "ENPHASE_API_KEY": "sandbox-key",
    "ENPHASE_CLIENT_ID": "sandbox-client",
    "ENPHASE_CLIENT_SECRET": "sandbox-secret",
    "ENPHASE_USERNAME": "dana@halcyon.example",
    "ENPHASE_PASSWORD": PASSWORD,
}


def run(sandbox: Sandbox, *options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "enphase", "probe", "--base-url", sandbox.url, *options],
        cwd=ROOT,
        env={**os.environ, **ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


def test_all_reads_work_and_nothing_is_written(sandbox: Sandbox) -> None:
    done = run(sandbox, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    rows = {row["operation"]: row for row in found["operations"]}
    assert list(rows) == list(ENDPOINTS)
    # The small world has no AC battery: those are gone from the documents of 2026 as well.
    expected = {
        name: "skipped" if ENDPOINTS[name].writes or name == "stream_live_data" else "works"
        for name in ENDPOINTS
    } | {"get_acb_telemetry": "nothing"}
    assert {name: row["result"] for name, row in rows.items()} == expected
    ledger = sandbox.ledger()
    assert ledger["hits"] == found["hits"]
    assert [w for w in ledger["writes"] if w["operation"] != "search_systems"] == []


def test_a_wrong_password_is_said_at_once(sandbox: Sandbox) -> None:
    done = run(sandbox, ENPHASE_PASSWORD="wrong-canary")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "wrong-canary" not in done.stderr


def test_what_a_plan_does_not_have_is_refused_not_failed(sandbox: Sandbox) -> None:
    limits = {"plan": "watt", "per_minute": None}
    sandbox.control("POST", "reset", {"world": "small", "limits": limits})
    done = run(sandbox, "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["operation"]: row for row in json.loads(done.stdout)["operations"]}
    assert {row["result"] for row in rows.values()} == {"works", "refused", "skipped"}
    for name, works in (
        ("list_systems", True),
        ("get_energy_lifetime", True),
        ("list_ev_chargers", True),
        ("get_micro_telemetry", False),
        ("get_battery_settings", False),
        ("list_activations", False),
        ("get_tariff", False),
    ):
        assert rows[name]["result"] == ("works" if works else "refused"), name
    assert {row["status"] for row in rows.values() if row["result"] == "refused"} == {401, 403}
