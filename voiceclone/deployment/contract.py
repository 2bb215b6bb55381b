"""What is sent to the platform and read in its answers, and in what an OpenAPI document differs from that.

contract.json is itself an OpenAPI document, of the little that is used here: requests have the fields that are sent,
answers those that are read. Knows no request: tests hold a stand-in to it, and it can be compared with the document
that the platform publishes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = Mapping[str, Any]
Schema = Json | bool

METHODS = ("get", "put", "post", "patch", "delete")


@dataclass(frozen=True)
class Operation:
    """One kind of request and its answers, in a document."""

    document: Json = field(repr=False)
    """References in the schemas lead into it."""
    method: str
    path: str
    """As `/v2/serverless/{id}`."""
    request: Schema | None
    answers: Mapping[tuple[str, str], Schema]
    """By the status, or `default`, and the media type."""
    is_deprecated: bool
    parameters: frozenset[str]
    """The names of those that must be sent beside the path's own."""


def ours() -> Json:
    """Return the document of what is used here."""
    document: Json = json.loads(Path(__file__).with_name("contract.json").read_text(encoding="utf-8"))
    return document


def operations(document: Json) -> Iterator[Operation]:
    """Yield each kind of request that an OpenAPI document has."""
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method not in item:
                continue
            operation = item[method]
            body = _resolved(document, operation.get("requestBody", {})).get("content", {})
            answers = {
                (status, media): content.get("schema", True)
                for status, answer in operation.get("responses", {}).items()
                for media, content in _resolved(document, answer).get("content", {}).items()
            }
            parameters = [
                _resolved(document, each) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))
            ]
            yield Operation(
                document,
                method.upper(),
                path,
                body.get("application/json", {}).get("schema"),
                answers,
                operation.get("deprecated", False),
                frozenset(each["name"] for each in parameters if each.get("required") and each["in"] != "path"),
            )


def differences(openapi: Json) -> list[str]:
    """Return in what an OpenAPI document does not fit what is sent and read here; empty where all is well.

    A path, method or field that is missing; another type or value; a field that must be sent and is not; one that is
    read and may be absent; a list that has got more than its entries, as further pages.
    """
    theirs = {(o.method, _nameless(o.path)): o for o in operations(openapi)}
    found = []
    for used in operations(ours()):
        what = f"{used.method} {used.path}"
        offered = theirs.get((used.method, _nameless(used.path)))
        if offered is None:
            found.append(f"{what}: there is no such request")
            continue
        found += [f"{what}: {each}" for each in _operation_differences(used, offered)]
    return list(dict.fromkeys(found))


def _operation_differences(used: Operation, offered: Operation) -> Iterator[str]:
    if offered.is_deprecated:
        yield "is deprecated"
    for name in sorted(offered.parameters - used.parameters):
        yield f"{name}: must be sent as a parameter"
    if used.request is not None:
        if offered.request is None:
            yield "takes no body of JSON"
        else:
            request = _Comparison(used.document, offered.document, _SENT)
            yield from request.differences(used.request, offered.request, "body")
    answer = _Comparison(offered.document, used.document, _READ)
    for (status, media), read in used.answers.items():
        if (status, media) not in offered.answers:
            yield f"answer {status}: is not there as {media}"
        else:
            yield from answer.differences(offered.answers[status, media], read, f"answer {status}")


@dataclass(frozen=True)
class _Shape:
    """One kind of value that a schema allows: of one type, with references and combinations resolved."""

    type: str | None = None
    values: frozenset[Any] | None = None
    properties: Mapping[str, Schema] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: Schema | None = None
    extra: Schema | None = None
    """Of each further field; None where nothing is said of them."""
    is_open: bool = True
    """Whether there may be fields that are not named."""

    def of(self, name: str) -> Schema | None:
        """Return a field's schema, None for one that is not known."""
        return self.properties.get(name, self.extra)

    def and_(self, other: _Shape) -> _Shape | None:
        """Return what is of both kinds, None where nothing can be."""
        types = {self.type, other.type} - {None}
        if types == {"integer", "number"}:
            types = {"integer"}
        if len(types) > 1:
            return None
        common = self.properties.keys() & other.properties.keys()
        values = [each for each in (self.values, other.values) if each is not None]
        return _Shape(
            next(iter(types), None),
            frozenset.intersection(*values) if values else None,
            {
                **self.properties,
                **other.properties,
                **{name: {"allOf": [self.properties[name], other.properties[name]]} for name in common},
            },
            self.required | other.required,
            other.items if self.items is None else self.items,
            other.extra if self.extra is None else self.extra,
            self.is_open and other.is_open,
        )


def _shapes(document: Json, schema: Schema) -> list[_Shape]:
    """Return all kinds of values that a schema allows."""
    if isinstance(schema, bool):
        return [_Shape()] if schema else []
    types = schema.get("type")
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    # What must be there under a condition may be asked for.
    conditional = {name for branch in ("then", "else") for name in schema.get(branch, {}).get("required", ())}
    further = schema.get("additionalProperties", schema.get("unevaluatedProperties", True))
    shapes = [
        _Shape(
            type_,
            None if values is None else frozenset(values),
            schema.get("properties", {}),
            frozenset({*schema.get("required", ()), *conditional}),
            schema.get("items"),
            None if isinstance(further, bool) else further,
            further is not False,
        )
        for type_ in (types if isinstance(types, list) else [types])
    ]
    choices = [[each] for each in schema.get("allOf", ())]
    choices += [schema[name] for name in ("oneOf", "anyOf") if name in schema]
    if "$ref" in schema:
        choices.append([_resolved(document, schema)])
    for choice in choices:
        allowed = [shape for each in choice for shape in _shapes(document, each)]
        shapes = [both for shape in shapes for other in allowed if (both := shape.and_(other))]
    return shapes


@dataclass(frozen=True)
class _Words:
    """What is said of a field that differs."""

    other: str
    """It has another type or value."""
    unexpected: str
    """Whoever sends has it, whoever receives does not."""
    absent: str
    """The other way round."""


_SENT = _Words("is sent as {}, and taken as {}", "is sent, and not known", "must be sent, and is not")
_READ = _Words("comes as {}, and is read as {}", "is new", "is read, and may be absent")


@dataclass(frozen=True)
class _Comparison:
    """Finds in what that which one document lets through is not what the other expects."""

    sender: Json
    receiver: Json
    words: _Words

    def differences(self, sent: Schema, expected: Schema, path: str) -> list[str]:
        """Compare each kind of value that may come with the kind that is expected and fits it best."""
        kinds = _shapes(self.receiver, expected)
        found: list[str] = []
        for shape in _shapes(self.sender, sent):
            fits = [list(self._of_shapes(shape, kind, path)) for kind in kinds]
            best = min(fits, key=len, default=[f"{path}: {self.words.unexpected}"])
            found += best
        return found

    def _of_shapes(self, sent: _Shape, expected: _Shape, path: str) -> Iterator[str]:
        if expected.type not in {None, sent.type} and (sent.type, expected.type) != ("integer", "number"):
            yield f"{path}: {self.words.other.format(sent.type or 'anything', expected.type)}"
            return
        if expected.values is not None and not (sent.values and sent.values <= expected.values):
            yield f"{path}: {self.words.other.format(_listed(sent.values), _listed(expected.values))}"
        for name in sorted(expected.required - sent.required):
            yield f"{path}.{name}: {self.words.absent}"
        for name in sorted(sent.properties.keys() | expected.properties.keys()):
            yield from self._of_fields(sent.of(name), expected.of(name), expected.is_open, f"{path}.{name}")
        yield from self._of_fields(sent.extra, expected.extra, expected.is_open, f"{path}.*")
        if expected.items is not None:
            yield from self.differences(True if sent.items is None else sent.items, expected.items, f"{path}[]")

    def _of_fields(self, sent: Schema | None, expected: Schema | None, is_open: bool, path: str) -> Iterator[str]:
        if sent is not None and expected is not None:
            yield from self.differences(sent, expected, path)
        elif sent is not None and (self.words is _SENT or not is_open):
            yield f"{path}: {self.words.unexpected}"
        elif expected is not None and self.words is _READ:
            yield f"{path}: {self.words.absent}"


def _resolved(document: Json, part: Any) -> Any:
    """Return what a reference leads to, or the part itself."""
    while isinstance(part, Mapping) and "$ref" in part:
        found: Any = document
        for step in part["$ref"].removeprefix("#/").split("/"):
            found = found[step.replace("~1", "/").replace("~0", "~")]
        part = found
    return part


def _nameless(path: str) -> str:
    """Return a path without the names of its parameters, which mean nothing."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def _listed(values: frozenset[Any] | None) -> str:
    return "anything" if values is None else " or ".join(sorted(map(str, values))) or "nothing"
