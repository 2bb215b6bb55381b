"""A trial of a directory tells whether it takes files, and leaves none."""

from __future__ import annotations

import pytest

from voiceclone.files import try_to_write


def test_a_directory_with_room_is_left_as_it_was(tmp_path):
    try_to_write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_takes_no_files_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        try_to_write(tmp_path / "missing")
    (tmp_path / "file").touch()
    with pytest.raises(NotADirectoryError):
        try_to_write(tmp_path / "file")
