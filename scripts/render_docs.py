#!/usr/bin/env python
"""Render the documents' tables from the code: settings, request fields, error codes, models.

python scripts/render_docs.py            rewrite docs/*.md
python scripts/render_docs.py --check    exit 1 if one of them is behind the code
"""

from __future__ import annotations

import inspect
import json
import sys
import types
import typing
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from rendered import command, put_table, table

from voiceclone import errors
from voiceclone.books import PRICES
from voiceclone.checkpoints import REGISTRY
from voiceclone.jobs import NEEDED, SCHEMAS, DubRequest, SpeechRequest, SynthesisRequest
from voiceclone.settings import Settings

RTFS = (0.01, 0.02, 0.05, 0.1)
DOCS = Path(__file__).resolve().parent.parent / "docs"


def settings_table() -> str:
    rows = []
    for name, setting in Settings.documented().items():
        default = "" if setting.default is None else f"`{_written(setting.default)}`"
        rows.append((f"`{name}`", default, setting.description or ""))
    return table(("variable", "default", "meaning"), rows)


def _written(default: object) -> str:
    """As it would be written into a variable."""
    return str(default).lower() if isinstance(default, bool) else str(default)


def request_table() -> str:
    """What is said first, then whose voice says it and how."""
    return fields_table(SynthesisRequest, [*own_fields(SynthesisRequest), *own_fields(SpeechRequest)])


def dub_table() -> str:
    """What only dubbing has."""
    return fields_table(DubRequest, own_fields(DubRequest))


def own_fields(schema: type[BaseModel]) -> list[str]:
    return [name for name in inspect.get_annotations(schema) if name in schema.model_fields]


def actions_table() -> str:
    """What may be asked for beside speech, and how."""
    rows = []
    for action, schema in SCHEMAS.items():
        if schema is SynthesisRequest:
            continue
        fields = ["as for `dub`" if issubclass(schema, DubRequest) else "as for `synthesize`"]
        if schema is DubRequest:
            fields = ["[those of dubbing](dubbing.md), and of `synthesize` whose voice speaks and how"]
        if not issubclass(schema, SpeechRequest):
            fields = [
                f"`{name}`{'' if field.is_required() else '?'} ({field.description})"
                for name, field in schema.model_fields.items()
                if name != "action"
            ]
        rows.append((f"`{action}`", (schema.__doc__ or "").rstrip("."), "; ".join(fields)))
    return table(("`action`", "meaning", "fields, `?`: may be left out"), rows)


def fields_table(schema: type[BaseModel], names: Iterable[str]) -> str:
    rows = []
    for name in names:
        field = schema.model_fields[name]
        default = _needed(field) or _literal(field.get_default(call_default_factory=True))
        kinds, metadata = _parts(field)
        rows.append((f"`{name}`", _type(kinds), _range(metadata), default, field.description or ""))
    return table(("field", "type", "range", "default", "meaning"), rows)


def _needed(field: FieldInfo) -> str:
    """Return how a field must be sent; empty where it may be left out."""
    extra = field.json_schema_extra
    instead = extra.get(NEEDED) if isinstance(extra, dict) else None
    return f"**required**, or {instead}" if instead else "**required**" if field.is_required() else ""


def _literal(default: Any) -> str:
    """As it would stand in a job's JSON, strings without their quotes; nothing for what is absent or empty."""
    return "" if default in (None, [], {}) else f"`{json.dumps(default).strip(chr(34))}`"


def _parts(field: FieldInfo) -> tuple[list[Any], list[Any]]:
    """Return what a field may be, each kind without its bounds, and the bounds."""
    kinds, metadata = [], list(field.metadata)
    union = typing.get_origin(field.annotation) in (typing.Union, types.UnionType)
    for kind in typing.get_args(field.annotation) if union else (field.annotation,):
        bare, *more = typing.get_args(kind) if typing.get_origin(kind) is typing.Annotated else (kind,)
        kinds.append(bare)
        metadata += [bound for each in more for bound in getattr(each, "metadata", [each])]
    return kinds, metadata


def _type(kinds: Sequence[Any]) -> str:
    """The JSON type that a caller sends: what is nothing else is a string."""
    origins = {typing.get_origin(kind) or kind for kind in kinds}
    if any(isinstance(kind, type) and issubclass(kind, BaseModel | dict) for kind in origins):
        return "object"
    if typing.Literal in origins and all(isinstance(value, int) for value in typing.get_args(kinds[0])):
        return "integer"
    names = {list: "list", bool: "boolean", int: "integer", float: "number"}
    return next((name for kind, name in names.items() if kind in origins), "string")


def _range(metadata: Iterable[Any]) -> str:
    limits = {kind: getattr(item, kind) for item in metadata for kind in ("ge", "le") if hasattr(item, kind)}
    return f"{limits['ge']}..{limits['le']}" if limits else ""


def errors_table() -> str:
    kinds = [kind for kind in errors.WorkerError.__subclasses__() if kind.__module__ == errors.__name__]
    rows = []
    for kind in kinds:
        meaning, _, cure = (inspect.getdoc(kind) or "").partition("\n\n")
        rows.append((f"`{kind.code}`", meaning, cure.replace("\n", " ")))
    bug = "A bug of ours.", "The worker's log has the details under the job's id: please report them."
    return table(("code", "meaning", "what to do"), [*rows, (f"`{errors.WorkerError.code}`", *bug)])


def models_table() -> str:
    rows = [(f"`{spec.name}`", ", ".join(spec.languages), spec.license) for spec in REGISTRY.values() if spec.repo_id]
    return table(("`F5_MODEL`", "languages", "licence of the weights"), rows)


def prices_table() -> str:
    """Arithmetic, for any real-time factor that a reply tells: nothing here is measured."""
    by_price: dict[float, list[str]] = {}
    for gpu, price in PRICES.items():
        by_price.setdefault(price, []).append(gpu.upper())
    rows = [
        (", ".join(gpus), f"{price:g}", *(f"{3600 * rtf * price:.3f}" for rtf in RTFS))
        for price, gpus in by_price.items()
    ]
    return table(("GPU", "$ a second", *(f"rtf {rtf:g}" for rtf in RTFS)), rows)


TABLES: dict[str, dict[str, Callable[[], str]]] = {
    "api.md": {"request": request_table, "actions": actions_table, "errors": errors_table},
    "dubbing.md": {"dub": dub_table},
    "settings.md": {"settings": settings_table, "models": models_table},
    "figures.md": {"prices": prices_table},
}
"""By document and marker."""


def render(tables: dict[str, Callable[[], str]], text: str) -> str:
    """Return the text with every table between its markers made anew."""
    for name, make in tables.items():
        text = put_table(text, name, make())
    return text


if __name__ == "__main__":
    sys.exit(command(__doc__, {DOCS / name: partial(render, tables) for name, tables in TABLES.items()}))
