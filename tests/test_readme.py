"""The README is true: its tables are the code's, its examples are valid, its files and commands exist."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from voiceclone.jobs.parsing import parse
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


@pytest.mark.parametrize("folder", ["voiceclone", "scripts"])
def test_every_file_has_its_line(folder):
    text = (ROOT / "CONTRIBUTING.md").read_text()
    named = re.findall(r"`([^`]+)`", text)
    for file in (ROOT / folder).iterdir():
        paths = (file.name, f"{file.name}/", f"{folder}/{file.name}", f"{folder}/{file.name}/")
        known = any(fnmatch.fnmatch(path, pattern) for path in paths for pattern in named)
        assert known or file.name.startswith("__"), file


def test_what_the_readme_names_exists():
    named = re.findall(r"`((?:scripts|voiceclone)/[\w./-]+)`", README)
    named += re.findall(r"\b(scripts/\w+(?:\.\w+)?)\b", README)
    assert named
    for name in named:
        assert (ROOT / name).exists(), name
