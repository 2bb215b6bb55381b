"""The README is true: its tables are the code's, its examples are valid, its files and commands exist."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from voiceclone.request import parse
from voiceclone.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()
EXAMPLES = [
    *(block for block in re.findall(r"```json\n(.*?)```", README, re.DOTALL) if '"input"' in block),
    *re.findall(r"'(\{\"input\": .*?\}\})'", README),
    *re.findall(r"`(\{\"input\": .*?\}\})`", README),
]


def test_the_tables_are_rendered_from_the_code():
    done = subprocess.run([sys.executable, ROOT / "scripts/render_docs.py", "--check"], check=False)
    assert done.returncode == 0, "run scripts/render_docs.py"


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_request_is_valid(example):
    parse(json.loads(example)["input"], Settings())


def test_there_are_examples():
    assert len(EXAMPLES) >= 4


def test_the_reply_of_the_readme_has_the_fields_of_a_real_one(worker):
    (shown,) = (json.loads(b) for b in re.findall(r"```json\n(.*?)```", README, re.DOTALL) if '"audio_url"' in b)
    real = worker.handle({"id": "x", "input": {"text": "Hello.", "voice": "example-en", "nfe_step": 1}})
    bucket_only = {"audio_url", "expires_at"}
    assert set(shown) - bucket_only == set(real) - {"audio_path"}
    assert set(shown["timings"]) == set(real["timings"])
    assert set(shown["model"]) == set(real["model"])


def test_every_file_of_the_package_has_its_line():
    for file in (ROOT / "voiceclone").glob("*.py"):
        assert file.name in README or file.name == "__init__.py"


def test_what_the_readme_names_exists():
    named = re.findall(r"`((?:scripts|voiceclone)/[\w./-]+)`", README)
    named += re.findall(r"\b(scripts/\w+(?:\.py)?)\b", README)
    assert named
    for name in named:
        assert (ROOT / name).exists(), name
