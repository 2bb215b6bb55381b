"""Speech that could not be delivered is kept, and does not fill the volume."""

from __future__ import annotations

import os

import pytest

from s3_utils import LocalStore
from voiceclone.errors import StorageFailed
from voiceclone.undelivered import Undelivered


@pytest.fixture
def directory(tmp_path):
    return LocalStore(tmp_path)


def keep(undelivered, directory, *keys, size=40):
    """Kept one after the other, an hour apart."""
    for hour, key in enumerate(keys):
        undelivered.keep(key, bytes(size), "audio/wav")
        os.utime(directory.root / key, (3600 * hour, 3600 * hour))


def test_the_oldest_makes_room_for_the_newest(directory):
    undelivered = Undelivered(directory, 100)
    keep(undelivered, directory, "a.wav", "b/c.wav", "d.wav")
    assert [entry.key for entry in undelivered.find("")] == ["b/c.wav", "d.wav"]
    assert undelivered.read("a.wav") is None
    undelivered.keep("e.wav", bytes(61), "audio/wav")
    assert sorted(path.name for path in directory.root.rglob("*")) == ["e.wav"], "no empty directory is left"


def test_the_newest_is_kept_even_if_it_alone_is_too_much(directory):
    undelivered = Undelivered(directory, 100)
    keep(undelivered, directory, "a.wav")
    undelivered.keep("b.wav", bytes(500), "audio/wav")
    assert [entry.key for entry in undelivered.find("")] == ["b.wav"]


def test_what_cannot_be_kept_costs_nothing_that_was(directory):
    undelivered = Undelivered(directory, 100)
    keep(undelivered, directory, "a.wav", "b.wav")
    (directory.root / "c").write_text("in the way")
    with pytest.raises(StorageFailed, match="could not be written"):
        undelivered.keep("c/d.wav", bytes(90), "audio/wav")
    assert {"a.wav", "b.wav"} <= {entry.key for entry in undelivered.find("")}


def test_the_parts_of_a_result_are_its_own_and_the_sound_is_last(directory):
    undelivered = Undelivered(directory, 1000)
    keep(undelivered, directory, "v1.2.wav", "v1.2.vtt", "v1.2.srt", "v1.2.3.srt", "v1.wav", "v1.2.d/x.srt", size=1)
    assert undelivered.parts("v1.2.wav") == ["v1.2.vtt", "v1.2.srt", "v1.2.wav"]
    assert undelivered.parts("none.wav") == []
