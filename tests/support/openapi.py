"""Requests and answers, held to an OpenAPI document: the project's own, or the platform's."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import jsonschema

from voiceclone.deployment.contract import operations, ours


class Contract:
    """Validates what goes to and fro by an OpenAPI document."""

    def __init__(self, document):
        self._operations = {(o.method, re.sub(r"\{\w+\}", "[^/]+", o.path)): o for o in operations(document)}

    def problems(self, method, path, body, status, answer):
        found = [o for (m, pattern), o in self._operations.items() if m == method and re.fullmatch(pattern, path)]
        if not found:
            return [f"{method} {path}: there is no such request"]
        (operation,) = found
        checks = [] if operation.request is None else [("request", operation.request, body)]
        if operation.request is None and body is not None:
            return [f"{method} {path}: has a body"]
        media = "application/json" if status < 400 else "application/problem+json"
        schema = operation.answers.get((str(status), media), operation.answers.get(("default", media), False))
        checks.append((f"answer {status}", schema, answer))
        return [
            f"{method} {path}: {what}{error.json_path.removeprefix('$')}: {error.message}"
            for what, schema, value in checks
            for error in self._validator(operation, schema).iter_errors(value)
        ]

    @staticmethod
    def _validator(operation, schema):
        schema = {**operation.document, "allOf": [schema]}  # in which its references lead somewhere
        return jsonschema.Draft202012Validator(schema)


def documents():
    """The project's own, and the platform's where there is one."""
    path = os.environ.get("RUNPOD_OPENAPI")
    return [ours(), *([json.loads(Path(path).read_text())] if path else [])]
