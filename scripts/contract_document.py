"""The published contract as a judge: what of a request or an answer does not fit it?

Stricter than plain JSON Schema in one point: a field that the document does not name is a fault,
for a field renamed by mistake is one that is new and, mostly, one that was optional.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

FORM = "application/x-www-form-urlencoded"
STREAM = "text/event-stream"

# Statuses that our sandbox gives although the document forgets them, and whose schema holds then.
# An unknown activation is 404 to whoever reads or deletes it. Limits hold for EV chargers too, and
# their errors share one envelope.
BORROWED = {("update_activation", "404"): ("get_activation", "404")}
EV_CHARGERS = "/ev_charger/"


@dataclass(frozen=True)
class Exchange:
    """One request and its answer as they were on the wire. Names of headers are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    status: int
    media_type: str
    answer: bytes


@dataclass(frozen=True)
class Described:
    """One operation of the document, with every reference followed."""

    name: str
    method: str
    path: str
    parameters: list[dict[str, Any]]
    request: dict[str, Any]
    answers: dict[str, dict[str, Any]]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        parts = re.split(r"(\{\w+\})", self.path)
        return re.compile(
            "".join(
                f"(?P<{part[1:-1]}>[^/]+)" if "{" in part else re.escape(part) for part in parts
            )
        )


class Document:
    """The OpenAPI document, by operation id."""

    def __init__(self, tree: dict[str, Any]) -> None:
        self._tree = tree
        self.operations = {one.name: one for one in self._described()}
        self._validators: dict[int, Any] = {}
        self._kept: list[Any] = []

    @classmethod
    def read(cls, path: Path) -> "Document":
        return cls(json.loads(path.read_text(encoding="utf-8")))

    def _described(self) -> Iterator[Described]:
        for path, item in self._tree["paths"].items():
            for method, entry in item.items():
                if method == "parameters":
                    continue
                given = [*item.get("parameters", ()), *entry.get("parameters", ())]
                yield Described(
                    name=entry["operationId"],
                    method=method.upper(),
                    path=path,
                    parameters=[self._followed(one) for one in given],
                    request=self._followed(entry.get("requestBody", {})),
                    answers={
                        status: self._followed(answer)
                        for status, answer in entry["responses"].items()
                    },
                )

    def _followed(self, node: Any) -> Any:
        """A copy in which no `$ref` is left. The document has no circles."""
        if isinstance(node, list):
            return [self._followed(one) for one in node]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("$ref"), str):
            found: Any = self._tree
            for part in node["$ref"].removeprefix("#/").split("/"):
                found = found[part]
            return self._followed(found)
        if isinstance(node.get("x-event-schema"), str):
            event = {"$ref": node["x-event-schema"]}
            node = {**node, "x-event-schema": event}
        return {name: self._followed(value) for name, value in node.items()}

    def operation_of(self, method: str, path: str) -> Described | None:
        """The operation that a request is for; of two that fit, the one with fewer blanks."""
        fitting = [
            one
            for one in self.operations.values()
            if one.method == method and one.pattern.fullmatch(path)
        ]
        return min(fitting, key=lambda one: one.path.count("{"), default=None)

    # Requests

    def request_faults(self, exchange: Exchange) -> list[str]:
        """What the document does not allow in this request: one sentence each, none if it fits."""
        operation = self.operation_of(exchange.method, exchange.path)
        if operation is None:
            return [f"{exchange.method} {exchange.path} is no operation of the document"]
        return [
            f"{operation.name}: request: {fault}"
            for fault in (
                *self._parameter_faults(operation, exchange),
                *self._body_faults(operation, exchange),
            )
        ]

    def _parameter_faults(self, operation: Described, exchange: Exchange) -> Iterator[str]:
        for name in ("authorization", "key"):
            if not exchange.headers.get(name):
                yield f"header {name} is missing"
        match = operation.pattern.fullmatch(exchange.path)
        pairs = parse_qsl(exchange.query, keep_blank_values=True)
        given = {
            "path": {
                name: unquote(text) for name, text in (match.groupdict() if match else {}).items()
            },
            "query": dict(pairs),
            "header": exchange.headers,
        }
        if len(given["query"]) < len(pairs):
            yield "a name of the query is given twice"
        known = {one["name"] for one in operation.parameters if one["in"] == "query"}
        for name in sorted(set(given["query"]) - known):
            yield f"query {name} is not in the document"
        for one in operation.parameters:
            where, name = one["in"], one["name"]
            text = given[where].get(name.lower() if where == "header" else name)
            if text is None:
                if one.get("required"):
                    yield f"{where} {name} is missing"
                continue
            yield from self._faults(one["schema"], plain(text, one["schema"]), f"{where} {name}")

    def _body_faults(self, operation: Described, exchange: Exchange) -> Iterator[str]:
        content = operation.request.get("content", {})
        kind = bare(exchange.headers.get("content-type", ""))
        if not exchange.body:
            if operation.request.get("required"):
                yield "the body is missing"
            return
        if not content:
            yield "a body, although the document has none"
            return
        if kind not in content:
            yield f"media type {kind or '(none)'} is not among {', '.join(content)}"
            return
        try:
            payload = parsed_form(exchange.body) if kind == FORM else json.loads(exchange.body)
        except ValueError:
            yield f"the body is not the {kind} it is said to be"
            return
        # The form holds the same object; only the JSON media type describes its fields.
        yield from self._faults(content["application/json"]["schema"], payload, "body")

    # Answers

    def answer_faults(self, exchange: Exchange) -> list[str]:
        """What the document does not allow in this answer: one sentence each, none if it fits."""
        operation = self.operation_of(exchange.method, exchange.path)
        if operation is None:
            return [f"{exchange.method} {exchange.path} is no operation of the document"]
        status = str(exchange.status)
        where = f"{operation.name}: {status}: "
        described = operation.answers.get(status) or self._borrowed(operation, status)
        if described is None:
            return [where + "this status is not in the document"]
        content = described.get("content", {})
        kind = bare(exchange.media_type)
        if kind not in content:
            return [where + f"media type {kind or '(none)'} is not among {', '.join(content)}"]
        schema = content[kind]["schema"]
        try:
            if kind == STREAM:
                values = list(events(exchange.answer))
                schema = schema["x-event-schema"]
            else:
                values = [json.loads(exchange.answer)]
        except ValueError:
            return [where + f"the body is not the {kind} it is said to be"]
        if not values:
            return [where + "a stream without an event"]
        return [where + fault for value in values for fault in self._faults(schema, value, "body")]

    def _borrowed(self, operation: Described, status: str) -> dict[str, Any] | None:
        name, lent = BORROWED.get((operation.name, status), ("", ""))
        if status == "429" and EV_CHARGERS in operation.path:
            name, lent = operation.name, "401"
        return self.operations[name].answers[lent] if name else None

    def _faults(self, schema: dict[str, Any], value: Any, where: str) -> Iterator[str]:
        if id(schema) not in self._validators:
            self._kept.append(schema)  # an id is good only while its object lives
            self._validators[id(schema)] = Draft202012Validator(closed(schema))
        for error in self._validators[id(schema)].iter_errors(value):
            place = "".join(
                f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.path
            )
            yield f"{where}{place}: {error.message[:200]}"


def closed(schema: Any) -> Any:
    """The schema of OpenAPI 3.0 as one of JSON Schema that allows no field beside those named."""
    if not isinstance(schema, dict):
        return schema
    made = {
        name: schema[name]
        for name in ("type", "required", "enum", "pattern", "minimum", "maximum", "minItems",
                     "maxItems", "minLength", "maxLength")
        if name in schema
    }  # fmt: skip
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            made[several] = [closed(one) for one in schema[several]]
    if "items" in schema:
        made["items"] = closed(schema["items"])
    if "properties" in schema:
        made["properties"] = {name: closed(one) for name, one in schema["properties"].items()}
        made["additionalProperties"] = closed(schema.get("additionalProperties", False))
    elif "additionalProperties" in schema:
        made["additionalProperties"] = closed(schema["additionalProperties"])
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") else made


def plain(text: str, schema: dict[str, Any]) -> Any:
    """The text of a parameter as its schema sees it: a number, a flag, a list, or text."""
    choices = [schema, *schema.get("anyOf", ())]
    kinds = {one.get("type") for one in choices}
    if "array" in kinds:
        inner = next(one for one in choices if one.get("type") == "array").get("items", {})
        return [plain(part, inner) for part in text.split(",")]
    if "boolean" in kinds and text in ("true", "false"):
        return text == "true"
    if kinds & {"integer", "number"} and re.fullmatch(r"-?\d{1,18}", text):
        return int(text)
    return text


def parsed_form(body: bytes) -> dict[str, Any]:
    """`user={"email": …}` as `{"user": {"email": …}}`; ValueError for anything else."""
    pairs = parse_qsl(body.decode("ascii"), strict_parsing=True)
    if len(pairs) != 1:
        raise ValueError("not one field")
    return {name: json.loads(text) for name, text in pairs}


def events(body: bytes) -> Iterator[Any]:
    """The JSON of each whole event of a stream."""
    *whole, _rest = body.replace(b"\r\n", b"\n").split(b"\n\n")
    for event in whole:
        lines = [
            line.removeprefix(b"data:") for line in event.split(b"\n") if line.startswith(b"data:")
        ]
        if lines:
            yield json.loads(b"\n".join(lines))


def bare(media_type: str) -> str:
    return media_type.partition(";")[0].strip().casefold()
