"""The documents are true: their tables are the code's, their examples are valid, their files and places exist."""

from __future__ import annotations

import fnmatch
import json
import re
import runpy
import sys

import pytest
from conftest import ROOT

from voiceclone.jobs.parsing import parse
from voiceclone.settings import Settings

DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
DOCUMENTS += sorted((ROOT / "docs").glob("*.md"))
TEXT = "\n".join(path.read_text() for path in DOCUMENTS)
EXAMPLES = [
    *(block for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL) if '"input"' in block),
    *re.findall(r"'(\{\"input\": .*?\}\})'", TEXT),
    *re.findall(r"`(\{\"input\": .*?\}\})`", TEXT),
]
README_LINES = 130


def test_the_readme_is_for_five_minutes():
    assert len((ROOT / "README.md").read_text().splitlines()) <= README_LINES


def test_the_tables_are_rendered_from_the_code(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["render_docs.py", "--check"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(ROOT / "scripts/render_docs.py"), run_name="__main__")
    assert ended.value.code == 0, "run scripts/render_docs.py"


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_request_is_valid(example):
    parse(json.loads(example)["input"], Settings())


def test_there_are_examples():
    assert len(EXAMPLES) >= 4


def test_the_reply_of_the_documents_has_the_fields_of_a_real_one(worker):
    (shown,) = (json.loads(b) for b in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL) if '"audio_url"' in b)
    real = worker.handle({"id": "x", "input": {"text": "Hello.", "voice": "example-en", "nfe_step": 1}})
    bucket_only = {"audio_url", "expires_at"}
    assert set(shown) - bucket_only == set(real) - {"audio_path"}
    assert set(shown["timings"]) == set(real["timings"])
    assert set(shown["model"]) == set(real["model"])


@pytest.mark.parametrize("folder", ["voiceclone", "scripts"])
def test_every_room_has_its_line(folder):
    """Packages, and modules that are in none; and every script."""
    named = re.findall(r"`([^`]+)`", (ROOT / "CONTRIBUTING.md").read_text())
    for file in (ROOT / folder).iterdir():
        paths = (file.name, f"{file.name}/", f"{folder}/{file.name}", f"{folder}/{file.name}/")
        known = any(fnmatch.fnmatch(path, pattern) for path in paths for pattern in named)
        assert known or file.name.startswith("__"), file


def test_what_the_documents_name_exists():
    named = re.findall(r"`((?:scripts|voiceclone|tests)/[\w./-]+)`", TEXT)
    named += re.findall(r"\b(scripts/\w+(?:\.\w+)?)\b(?!\*)", TEXT)
    assert named
    for name in named:
        assert (ROOT / name).exists(), name


def anchors(text):
    """The places of a document, as GitHub names them by its headings."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", document.read_text()):
        if target.startswith(("http", "mailto:", "../../actions")):
            continue
        path, _, anchor = target.partition("#")
        file = (document.parent / path) if path else document
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text()), target
