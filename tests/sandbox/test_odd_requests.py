"""Whatever is asked, the sandbox answers in words: never a failure of its own."""

import json
import random
import re
from typing import Any

import pytest

IDS = {
    "activation_id": ["703", "701", "704", "5", "9" * 25],
    "system_id": ["703", "701", "704", "951", "0", "9" * 25],
    "company_id": ["9", "81", "7", "9" * 20],
    "user_id": ["3001", "2001", "0", "9" * 20],
    "array_id": ["7030", "0", "9" * 20],
    "serial_number": ["202300000703EIM1", "%C3%A9", "%00"],
    "serial_no": ["482000070300", "122038000001", "202400000703", "%F0%9F"],
    "pv_manufacturer_id": ["106", "0"],
}
TEXTS = [
    "", "0", "-1", "1.5", "x", "2026-10-15", "20261015", "0001-01-01", "99991231", "9" * 30,
    "1794000000", "99999999999", "null", "week", "5mins", "\u0663", "\u00b2", "\x00", "2026-W01-1",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, 0, -1, 1.5, 1e308, 10**30, "", "x", "30.0", "\u00b2", [], {}, [1], {"id": 1},
]  # fmt: skip


def mutated(value: Any, dice: random.Random) -> Any:
    """Give a body with some parts left out and others replaced by odd ones."""
    if isinstance(value, dict):
        return {
            name: dice.choice(VALUES) if dice.random() < 0.15 else mutated(item, dice)
            for name, item in value.items()
            if dice.random() > 0.05
        }
    if isinstance(value, list):
        return [
            dice.choice(VALUES) if dice.random() < 0.15 else mutated(item, dice) for item in value
        ]
    return value


def body_of(entry: dict[str, Any], dice: random.Random) -> Any:
    content = entry.get("requestBody", {}).get("content", {}).get("application/json", {})
    examples = content.get("examples", {}).values()
    example = content.get("example") or next((one.get("value") for one in examples), {})
    text = json.dumps(example).replace("121625050638", "202300000703")
    return mutated(json.loads(text.replace("121501065212", "482000070300")), dice)


@pytest.mark.parametrize("seed", range(4))
def test_odd_requests_get_documented_answers(document, world, dana, seed):
    limits = {"per_minute": None, "writes_per_month": None, "live_frame_seconds": 0.0001}
    world.control("POST", "/limits", limits)
    dice = random.Random(seed)
    operations = [
        (method.upper(), path.removeprefix("/api/v4"), entry)
        for path, item in document["paths"].items()
        for method, entry in item.items()
        if isinstance(entry, dict) and "operationId" in entry
    ]
    for _ in range(200):
        method, path, entry = dice.choice(operations)
        filled = re.sub(r"\{(\w+)\}", lambda found: dice.choice(IDS[found[1]]), path)
        query = {
            parameter["name"]: dice.choice(TEXTS)
            for parameter in entry.get("parameters", [])
            if parameter.get("in") == "query" and dice.random() < 0.6
        }
        body = body_of(entry, dice) if dice.random() < 0.9 else dice.choice(VALUES)
        answer = dana.ask(method, filled, params=query, json=body)
        if (entry["operationId"], answer.status_code) == ("update_activation", 404):
            continue
        shown = (method, filled, query, body, answer.status_code, answer.text[:200])
        assert str(answer.status_code) in entry["responses"], shown
        assert "The sandbox itself failed" not in answer.text, shown
