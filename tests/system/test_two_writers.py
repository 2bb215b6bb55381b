"""Several write the same voices, and some die or run out of room at it: who is listed speaks, and is one writer's."""

from __future__ import annotations

import errno
import itertools
import json
import os
import resource
import signal
import sys
import time
from functools import partial

import pytest
import voice_writer
from forked import Forked
from voice_writer import NAMES, number_of, said, sound

from s3_utils import LocalStore, store_from_env
from voiceclone import audio
from voiceclone.errors import StorageFailed
from voiceclone.files import DEAD_DRAFT_S, DRAFT, write_whole
from voiceclone.types import MB
from voiceclone.voices.library import Library, SavedVoice

OLD, NEW = 7, 8


def put(shelf, name, kind):
    """Number OLD, as a worker, someone else or nobody has stored it."""
    if kind == "whole":
        add(Library(shelf), name, OLD)
    if kind == "recording":
        shelf.write(f"voices/{name}.wav", sound(OLD), "audio/wav")
        shelf.write(f"voices/{name}.txt", said(OLD).encode(), "text/plain")


def add(library, name, number=NEW):
    library.add(SavedVoice(name, said(number)), sound(number))


def listed(shelf):
    """The number of every voice that is listed, by its name; each is read and is whole."""
    library, numbers = Library(shelf), {}
    for voice in library.all():
        loaded, data = library.load(voice.name, MB)
        assert loaded == voice
        numbers[voice.name] = number_of(voice.text, audio.decode(data, 24_000, 9))
    return numbers


@pytest.mark.parametrize(("place", "rounds"), [("volume", 120), ("bucket", 20)])
def test_who_is_listed_speaks_and_is_one_writers_whatever_others_do_at_once(
    place, rounds, times, places, request, fault_table
):
    """Two processes of two threads each."""
    environ = request.getfixturevalue("s3")[0] if place == "bucket" else {}
    volume = places[0] / "volume"
    volume.mkdir()
    shelf = store_from_env(environ) or LocalStore(volume)
    for name in NAMES:
        put(shelf, name, "whole")
    asked = [json.dumps([str(volume), environ, seed, rounds * times]) for seed in (0, 10)]
    one, other = (Forked(places, voice_writer.__file__, each) for each in asked)
    with one, other:
        assert (one.wait(120 * times), other.wait(120 * times)) == (0, 0), one.said + other.said
    answers = [json.loads(process.said.splitlines()[-1]) for process in (one, other)]
    assert [wrong for _, wrong in answers] == [[], []]
    assert all(done["spoken"] for done, _ in answers)
    there = listed(shelf)
    assert {entry.key for entry in shelf.entries("")} == {f"voices/{name}.wav" for name in there}
    fault_table.row(
        "Workers change one voice at once",
        "two processes of two threads each add, replace, delete, list and speak three names",
        "every voice that is listed speaks, and is wholly one writer's",
        "the voices",
    )


WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
REMOVING = {"os.remove", "os.rmdir"}
CHANGING = {"os.mkdir", "os.rename", "os.chmod"}


def in_a_child(do, volume, step, fail, events):
    """Let a process do something, and fail before the step-th change of the volume; returns how it ended.

    Step 0 is the middle of the first file's bytes.
    """
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    changes = itertools.count(1)

    def guard(event, arguments):
        path = arguments[0] if arguments and isinstance(arguments[0], (str, bytes)) else ""
        is_change = event in events or (event == "open" and arguments[2] & WRITING)
        if is_change and os.fsdecode(path).startswith(str(volume)) and next(changes) >= step:
            fail()

    try:
        if step:
            sys.addaudithook(guard)
        else:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN if fail is refuse else signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))
        do()
        os._exit(0)
    except StorageFailed as e:
        os._exit(1 if "could not be" in str(e) else 2)
    finally:
        os._exit(3)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def refuse():
    raise OSError(errno.ENOSPC, "No space left on device")


def drafts(volume):
    return list(volume.rglob(f"{DRAFT}*"))


@pytest.fixture
def volumes(tmp_path):
    """A fresh volume for each step."""

    def make(kind, step):
        volume = tmp_path / str(step)
        volume.mkdir()
        put(LocalStore(volume), "anna", kind)
        return volume, Library(LocalStore(volume))

    return make


KINDS = pytest.mark.parametrize("kind", ["nothing", "whole", "recording"])


@KINDS
@pytest.mark.parametrize("action", ["add", "delete"])
def test_a_writer_that_is_killed_at_any_step_leaves_a_voice_whole(volumes, kind, action, fault_table):
    """And no draft that the next writer does not clear away, once its writer cannot be alive."""
    ends, states = [], []
    for step in itertools.count():
        volume, library = volumes(kind, step)
        before = listed(LocalStore(volume))
        do = partial(add, library, "anna") if action == "add" else partial(library.remove, "anna")
        ends.append(in_a_child(do, volume, step, die, CHANGING | REMOVING))
        after = listed(LocalStore(volume))
        assert after in (before, {"anna": NEW} if action == "add" else {})
        states.append(after)
        left = drafts(volume)
        add(library, "bob")
        assert drafts(volume) == left, "its writer may only be slow"
        for draft in left:
            os.utime(draft, (time.time() - DEAD_DRAFT_S - 60,) * 2)
        add(library, "bob")
        assert drafts(volume) == []
        library.remove("anna")
        assert listed(LocalStore(volume)) == {"bob": NEW}
        if step and not ends[-1]:
            break
    killed = [end for end in ends if end in (-signal.SIGKILL, -signal.SIGXFSZ)]
    assert len(killed) >= len(ends) - 2
    if action == "add":
        assert len(killed) >= 4
        assert states[-1] == {"anna": NEW}
        fault_table.row(
            "Worker dies storing a voice",
            "SIGKILL at each step, and in the middle of its bytes",
            "the voice that was there, or the new one, whole",
            "a draft, until anything is stored there ten minutes later or the voice is deleted",
        )


def test_a_deleted_voice_leaves_no_draft(volumes):
    """However young it is: it holds what somebody said."""
    volume, library = volumes("whole", 0)
    in_a_child(partial(add, library, "anna"), volume, 0, die, CHANGING)
    assert len(drafts(volume)) == 1
    assert library.remove("anna")
    assert [path for path in volume.rglob("*") if path.is_file()] == []


@KINDS
def test_a_volume_that_is_full_at_any_step_costs_no_voice_and_the_reply_is_true(volumes, kind, fault_table):
    ends = []
    for step in itertools.count():
        volume, library = volumes(kind, step)
        before = listed(LocalStore(volume))
        ends.append(in_a_child(partial(add, library, "anna"), volume, step, refuse, CHANGING))
        assert listed(LocalStore(volume)) == (before if ends[-1] else {"anna": NEW})
        assert drafts(volume) == []
        if not ends[-1]:
            break
    assert set(ends[:-1]) == {1}
    assert len(ends) >= 3
    fault_table.row(
        "Volume is full for a voice",
        "ENOSPC at each step of storing one, and in the middle of its bytes",
        "`storage_failed`, and the voice that was there speaks on",
    )


def test_a_host_whose_clock_is_ahead_removes_nothing_that_another_writes(tmp_path, monkeypatch):
    """What is old is told by the disk's clock."""
    now, found = time.time, []

    def write(file):
        """In whose middle another worker, a day ahead, adds a voice."""
        file.write(b"half")
        monkeypatch.setattr(time, "time", lambda: now() + 86_400)
        add(Library(LocalStore(tmp_path)), "bob")
        monkeypatch.undo()
        found.extend(drafts(tmp_path))

    write_whole(tmp_path / "one", write)
    assert len(found) == 1
    assert (tmp_path / "one").read_bytes() == b"half"
