"""The operator's list of words is read as it is, and a broken one is named without showing where it lies."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from voiceclone.text.lexicon import load


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_words_are_read(tmp_path, encoding):
    written = json.dumps({"GIF": "jiff", "阿": "啊"}, ensure_ascii=False)
    (tmp_path / "lexicon.json").write_text(written, encoding=encoding)
    assert load(tmp_path / "lexicon.json") == {"GIF": "jiff", "阿": "啊"}


def test_no_file_is_no_words(tmp_path):
    assert load(tmp_path / "lexicon.json") == {}


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"a": 1}',
        '{"": "a"}',
        '{"a": ""}',
        "\udcff",
        "[" * 100_000,
        '"a"',
        "{}" + " " * 2_000_000 + "x",
    ],
)
def test_anything_else_is_an_error_that_names_the_file(tmp_path, content):
    path = tmp_path / "lexicon.json"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ValueError, match=r"lexicon\.json") as caught:
        load(path)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_an_error_and_is_not_waited_for(tmp_path, make):
    make(tmp_path / "lexicon.json")
    with pytest.raises(ValueError, match=r"lexicon\.json is no file"):
        load(tmp_path / "lexicon.json")
