"""A trial of a directory tells whether it takes files, and leaves none; drafts of the dead are cleared away."""

from __future__ import annotations

import os

import pytest

from voiceclone.files import DEAD_DRAFT_S, DRAFT, drafts_of, text_in, try_to_write, write_whole

TEXT = "Größe: 对\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_a_text_is_read_as_editors_save_it(encoding):
    assert text_in(TEXT.encode(encoding)) == TEXT


@pytest.mark.parametrize("encoding", ["latin-1", "cp1251", "shift-jis", "utf-16-le", "utf-16-be"])
def test_a_text_that_would_be_garbled_is_refused(encoding):
    with pytest.raises(ValueError, match="is no text in UTF-8: save it as UTF-8"):
        text_in({"cp1251": "Привет", "shift-jis": "日本"}.get(encoding, "Größe").encode(encoding))


def test_a_directory_with_room_is_left_as_it_was(tmp_path):
    try_to_write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_takes_no_files_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        try_to_write(tmp_path / "missing")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        try_to_write(tmp_path / "file")


def test_whoever_writes_removes_what_nobody_will_finish_and_nothing_else(tmp_path):
    for name, age_s in ((f"{DRAFT}dead", DEAD_DRAFT_S + 60), (f"{DRAFT}slow", DEAD_DRAFT_S - 60), ("old", 10**6)):
        (tmp_path / name).touch()
        written = (tmp_path / name).stat().st_mtime - age_s
        os.utime(tmp_path / name, (written, written))
    write_whole(tmp_path / "a", lambda file: file.write(b"a"))
    assert {path.name for path in tmp_path.iterdir()} == {"a", "old", f"{DRAFT}slow"}


@pytest.mark.parametrize("name", ["a.wav", "\u00e9" * 120, "\u8a9e" * 80, "\U0001f600" * 60])
def test_a_draft_is_known_by_its_file_however_long_the_name(tmp_path, name):
    def write(_):
        (draft,) = drafts_of(tmp_path / name, tmp_path)
        assert list(drafts_of(tmp_path / "b.wav", tmp_path)) == []
        assert draft.exists()

    write_whole(tmp_path / name, write)
    assert [path.name for path in tmp_path.iterdir()] == [name]
