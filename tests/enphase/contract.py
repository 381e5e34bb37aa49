"""The contract document, as far as tests of the client need it; it lies beside a work tree only."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

CONTRACT = Path(__file__).parents[3] / "shared/contract/enphase-v4.openapi.json"
WHY_SKIPPED = "the contract is not part of the repository; it lies beside a work tree only"


@cache
def document() -> Any:
    return json.loads(CONTRACT.read_text(encoding="utf-8"))


def resolve(node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        found = document()
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


@cache
def operations() -> dict[str, dict[str, Any]]:
    return {
        row["operationId"]: {
            **row,
            "method": method.upper(),
            "path": path,
            "parameters": [
                resolve(parameter)
                for parameter in (*methods.get("parameters", ()), *row.get("parameters", ()))
            ],
        }
        for path, methods in document()["paths"].items()
        for method, row in methods.items()
        if method != "parameters"
    }


def answers(operation: str) -> Iterator[tuple[int, Any]]:
    """Status and body of every documented success of an operation."""
    for status, response in operations()[operation]["responses"].items():
        if not status.startswith("2"):
            continue
        for content in resolve(response).get("content", {}).values():
            if "example" in content:
                yield int(status), content["example"]
            for example in content.get("examples", {}).values():
                yield int(status), resolve(example)["value"]


def faults(value: Any, schema: Any, where: str = "body") -> list[str]:
    """What of a value does not fit a schema: types, enums, required, items, and unknown keys."""
    schema = resolve(schema)
    for word in ("anyOf", "oneOf"):
        if word in schema:
            found = [faults(value, choice, where) for choice in schema[word]]
            return min(found, key=len)
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if value is None:
        return [] if schema.get("nullable") or "null" in (kinds or ()) else [f"{where} is null"]
    if kinds and not any(_is_a(value, kind) for kind in kinds):
        return [f"{where} is no {kinds}"]
    wrong = []
    if "enum" in schema and value not in schema["enum"]:
        wrong.append(f"{where} is none of {schema['enum']}")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        wrong += [
            f"{where}.{key} is missing" for key in schema.get("required", ()) if key not in value
        ]
        for key, item in value.items():
            if key in known:
                wrong += faults(item, known[key], f"{where}.{key}")
            elif known and not schema.get("additionalProperties"):
                wrong.append(f"{where}.{key} is unknown")
    if isinstance(value, list):
        for number, item in enumerate(value):
            wrong += faults(item, schema.get("items", {}), f"{where}[{number}]")
    return wrong


def _is_a(value: Any, kind: str) -> bool:
    kinds: dict[str, Any] = {
        "string": str,
        "boolean": bool,
        "object": dict,
        "array": list,
        "integer": int,
        "number": (int, float),
    }
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, kinds.get(kind, ()))
