"""Speech that could not be delivered is kept, and does not fill the volume."""

from __future__ import annotations

import os

import pytest

from s3_utils import LocalStore
from voiceclone.delivery.undelivered import Undelivered
from voiceclone.errors import StorageFailed
from voiceclone.files import DRAFT
from voiceclone.types import File, Result


@pytest.fixture
def directory(tmp_path):
    return LocalStore(tmp_path)


def result(stem, size=40, ending="wav", subtitles=()):
    texts = [File(each, b"1", "text/plain") for each in subtitles]
    return Result(stem, File(ending, bytes(size), f"audio/{ending}"), texts)


def keep(undelivered, directory, *results):
    """Kept one after the other, an hour apart."""
    for hour, each in enumerate(results):
        undelivered.keep(each)
        for key in each.parts:
            os.utime(directory.root / key, (3600 * hour, 3600 * hour))


def keys(undelivered):
    return [entry.key for entry in undelivered.entries("")]


def test_the_oldest_makes_room_for_the_newest(directory):
    undelivered = Undelivered(directory, 100)
    keep(undelivered, directory, result("a"), result("b/c"), result("d"))
    assert keys(undelivered) == ["b/c.wav", "d.wav"]
    assert undelivered.find("a.wav") is None
    undelivered.keep(result("e", 61))
    assert sorted(path.name for path in directory.root.rglob("*")) == ["e.wav"], "no empty directory is left"


def test_the_newest_is_kept_whole_even_if_it_alone_is_too_much(directory):
    undelivered = Undelivered(directory, 100)
    keep(undelivered, directory, result("a"))
    undelivered.keep(result("b", 500, subtitles=["srt", "vtt"]))
    assert sorted(keys(undelivered)) == ["b.srt", "b.vtt", "b.wav"]


def test_drafts_of_killed_writers_count_and_are_the_first_to_go(directory):
    """Wherever they are of: all lie where everybody who keeps something looks."""
    for i in range(12):
        draft = directory.root / f"{DRAFT}take-{i}.wav-x"
        draft.write_bytes(bytes(30))
        os.utime(draft, (1000 + i, 1000 + i))
    undelivered = Undelivered(directory, 100)
    keep(undelivered, directory, result("a/b"))
    assert [path.name for path in directory.root.rglob("*") if path.is_file()] == ["b.wav"]


def test_a_draft_that_may_be_a_living_writers_counts(directory):
    (directory.root / f"{DRAFT}c.wav-x").write_bytes(bytes(30))
    undelivered = Undelivered(directory, 100)
    keep(undelivered, directory, result("a"), result("b"))
    assert keys(undelivered) == ["b.wav", f"{DRAFT}c.wav-x"]


def test_what_cannot_be_kept_costs_nothing_that_was(directory):
    undelivered = Undelivered(directory, 100)
    keep(undelivered, directory, result("a"), result("b"))
    (directory.root / "c").write_text("in the way")
    with pytest.raises(StorageFailed, match="could not be written"):
        undelivered.keep(result("c/d", 90))
    assert {"a.wav", "b.wav"} <= set(keys(undelivered))


def test_what_was_kept_is_found_with_its_subtitles_and_nothing_else(directory):
    undelivered = Undelivered(directory, 1000)
    kept = result("v1.2", ending="flac", subtitles=["srt", "vtt"])
    keep(undelivered, directory, kept, result("v1.2.3"), result("v1"))
    for foreign in ("v1.2.bak", "v1.2.txt"):
        (directory.root / foreign).write_text("of someone else")
    found = undelivered.find("v1.2.flac")
    assert (found.stem, found.audio) == ("v1.2", kept.audio)
    assert [(file.ending, file.media_type) for file in found.subtitles] == [
        ("srt", "application/x-subrip"),
        ("vtt", "text/vtt"),
    ]
    undelivered.remove(found)
    assert sorted(keys(undelivered)) == ["v1.2.3.wav", "v1.2.bak", "v1.2.txt", "v1.wav"]


@pytest.mark.parametrize("key", ["none.wav", "", "a", "a.exe", "a.srt", "/"])
def test_what_is_no_result_is_not_found(directory, key):
    assert Undelivered(directory, 1000).find(key) is None


def test_a_volume_that_has_gone_is_not_made_up_anew(tmp_path):
    """What looks kept on the container's disk would be lost with it."""
    undelivered = Undelivered(LocalStore(tmp_path / "volume/output/undelivered", tmp_path / "volume"), 1000)
    with pytest.raises(StorageFailed, match="the volume is gone"):
        undelivered.keep(result("a"))
    assert not (tmp_path / "volume").exists()
