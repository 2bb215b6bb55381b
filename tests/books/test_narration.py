"""A book is read as it is meant, every part is made once, and all are joined with marks where chapters begin."""

from __future__ import annotations

import base64
import io
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import nullcontext
from itertools import pairwise
from types import SimpleNamespace

import av
import mutagen.id3
import mutagen.mp4
import numpy as np
import pytest
import soundfile
import srt
from conftest import ROOT, with_engine
from endpoint_server import EndpointServer, until
from epubs import cover, page, picture, write_epub
from forked import Forked
from good_replies import ABOUT, PLAN
from hypothesis import given
from hypothesis import strategies as st
from job_server import JobServer, start_worker
from watched import Watched

from voiceclone import audio
from voiceclone.books import joining
from voiceclone.books.chapters import Book, Chapter
from voiceclone.books.estimate import price_of
from voiceclone.books.manifest import Take
from voiceclone.books.narration import taken_up
from voiceclone.books.pages import Block, Blocks, read_page, titled
from voiceclone.books.parsing import MAX_FILE_BYTES
from voiceclone.books.parts import CHAPTER_PAUSE_S, Part, escaped, parts_of
from voiceclone.books.reading import read_book
from voiceclone.cli import narrate, options
from voiceclone.cli.main import main
from voiceclone.client.errors import BadInput
from voiceclone.client.local import Local
from voiceclone.text import markup
from voiceclone.types import Waveform

TITLES = ["The Storm", "The Island & the Sea", "Home"]
SENTENCE = "The sea was calm, and nobody on board thought of the storm that was to come. "


@pytest.fixture
def voyage(tmp_path):
    """Three chapters of different length."""
    pages = {
        f"{i}.xhtml": page(title.replace("&", "&amp;"), *[SENTENCE * 2] * (i + 2)) for i, title in enumerate(TITLES)
    }
    contents = dict(zip(pages, (title.replace("&", "&amp;") for title in TITLES), strict=True))
    return write_epub(tmp_path / "voyage.epub", pages, contents)


class Tones:
    """Answers jobs: a text is a tone as long as it has characters, 10 ms for each."""

    def __init__(self, delivery="base64"):
        self.server = EndpointServer(self, workers=3)
        self.delivery = delivery
        self.failing = {}
        """Errors by a word of the text: each is told as often as the list is long."""

    def __call__(self, data, _tell):
        match data.get("action", "synthesize"):
            case "info":
                return {**ABOUT, "delivery": self.delivery}
            case "check":
                seconds = len(data["text"]) / 100
                return {**PLAN, "predicted": {"duration": seconds, "synthesis": seconds / 10}}
            case "link":
                name = data["key"].removeprefix("output/").replace("/", "-")
                if name not in self.server.files:
                    return {"error": "invalid_input: no such key", "error_code": "invalid_input"}
                return {"audio_url": self.server.serve_file(name, self.server.files[name])}
        for word, errors in self.failing.items():
            if word in data["text"] and errors:
                return errors.pop()
        return self._spoken(data)

    def _spoken(self, data):
        n = 240 * len(data["text"])
        sound = audio.encode(Waveform((np.sin(np.arange(n) / 20) * 0.1).astype(np.float32), 24_000), data["format"])
        words = [
            {"word": m[0], "start": m.start() / 100, "end": m.end() / 100, "confidence": 1.0}
            for m in re.finditer(r"\S+\s*", data["text"])
        ]
        written = json.dumps({"cues": [{"words": words}]})
        sentences = re.findall(r"\S[^.]*\.", data["text"])
        told = {
            "warnings": ["the reference is noisy"],
            "recipe": {"takes": [{"text": each, "seed": i} for i, each in enumerate(sentences)]},
        }
        if self.delivery == "s3":
            stem = data["key"].replace("/", "-")
            urls = {
                ending: self.server.serve_file(f"{stem}.{ending}", made)
                for ending, made in ((data["format"], sound), ("json", written.encode()))
            }
            asked = {"json": urls["json"]} if data.get("subtitles") else {}
            return {"audio_url": urls[data["format"]], "subtitles": asked, **told}
        asked = {"json": written} if data.get("subtitles") else {}
        return {"audio_base64": base64.b64encode(sound).decode(), "subtitles": asked, **told}

    @property
    def spoken(self):
        """How often each text was asked for."""
        return Counter(data["text"] for data in self.server.submitted if data.get("action") is None)


@pytest.fixture
def tones(monkeypatch, tmp_path):
    answers = Tones()
    monkeypatch.chdir(tmp_path)
    with answers.server as server:
        for name, value in server.environ.items():
            monkeypatch.setenv(name, value)
        yield answers


def marks(path):
    """Titles and times of an audiobook's chapters, in seconds, by FFmpeg."""
    with av.open(str(path)) as book:
        return [
            (c["metadata"]["title"], float(c["start"] * c["time_base"]), float(c["end"] * c["time_base"]))
            for c in book.chapters()
        ]


def test_a_book_becomes_one_file_with_marks_cover_and_subtitles(tones, voyage, capsys):
    """The book's own title, author and cover; another reader than the writer finds them."""
    assert main(["narrate", str(voyage), "--voice", "anna", "--yes", "--subtitles", "srt", "--price", "4090"]) == 0
    told = capsys.readouterr()
    assert "A Voyage, A. Sailor" in told.out
    assert "of work for one worker" in told.out
    assert "$" in told.out
    assert told.err.count("noisy") == 3
    assert "The Storm: the reference is noisy" in told.err
    asked = [data for data in tones.server.submitted if data.get("action") is None]
    assert {data["format"] for data in asked} == {"opus"}, "a reply has no room for more"
    assert {data["language"] for data in asked} == {"en"}
    lengths = sorted(len(text) / 100 for text in tones.spoken)  # each chapter is longer than the one before
    starts = np.cumsum([0, *(length + CHAPTER_PAUSE_S for length in lengths)])
    found = marks("voyage.m4b")
    assert [title for title, _, _ in found] == TITLES
    assert [start for _, start, _ in found] == pytest.approx(starts[:3], abs=0.001)
    assert found[2][2] == pytest.approx(starts[3] - CHAPTER_PAUSE_S, abs=0.001)
    book = mutagen.mp4.MP4("voyage.m4b")
    assert (book["\xa9nam"], book["\xa9ART"], book["stik"]) == (["A Voyage"], ["A. Sailor"], [2])
    assert bytes(book["covr"][0]) == cover()
    assert [chapter.title for chapter in book.chapters] == TITLES
    assert book.info.length == pytest.approx(found[2][2], abs=0.1)
    lines = list(srt.parse((voyage.parent / "voyage.srt").read_text()))
    first = next(line for line in lines if "Island" in line.content)
    assert first.start.total_seconds() == pytest.approx(starts[1], abs=0.1)


def test_another_format_of_the_same_book_is_not_spoken_again(tones, voyage, capsys):
    """As mp3 under another title: what is made is joined anew. Only the chapters that are asked for are in it."""
    command = [str(voyage), "--voice", "anna", "--yes", "--out"]
    assert main(["narrate", *command, "book.mp3", "--chapters", "2-3", "--title", "At Sea"]) == 0
    tags = mutagen.id3.ID3("book.mp3")
    assert str(tags["TIT2"]) == "At Sea"
    assert [str(tags[f"CHAP:ch{i}"].sub_frames["TIT2"]) for i in range(2)] == TITLES[1:]
    assert tags.getall("APIC")
    before = len(tones.server.submitted)
    assert main(["narrate", *command, "book.mp3", "--chapters", "3,2"]) == 0
    assert [data["action"] for data in tones.server.submitted[before:]] == ["info"]
    assert str(mutagen.id3.ID3("book.mp3")["TIT2"]) == "A Voyage"


def test_a_part_that_fails_is_tried_again_and_then_told(tones, voyage, capsys):
    """The others are made; the same command tries it anew, and nothing else."""
    failure = {"error": "synthesis_failed: silence", "error_code": "synthesis_failed"}
    tones.failing = {"Storm": [dict(failure)], "Home": [dict(failure) for _ in range(4)]}
    command = [str(voyage), "--voice", "anna", "--yes"]
    assert main(["narrate", *command]) == 1
    told = capsys.readouterr().err
    assert "error: Home: synthesis_failed: silence" in told
    assert "1 of 3 jobs failed" in told
    assert not (voyage.parent / "voyage.m4b").exists()
    assert main(["narrate", *command]) == 0
    assert sorted(tones.spoken.values()) == [1, 2, 5]
    assert [title for title, _, _ in marks("voyage.m4b")] == TITLES


def test_a_part_goes_on_with_its_seed_but_what_was_silent_gets_another(tones, voyage):
    """Whether its time was over or its worker died: what was spoken is found by the seed."""

    def seeds(word):
        return [data["seed"] for data in tones.server.submitted if word in data.get("text", "") and "seed" in data]

    late = {"error": "out_of_time: too long", "error_code": "out_of_time"}
    silent = {"error": "synthesis_failed: silence", "error_code": "synthesis_failed"}
    tones.failing = {"Storm": [dict(late) for _ in range(4)], "Home": [dict(silent)]}
    command = ["narrate", str(voyage), "--voice", "anna", "--yes"]
    assert main(command) == 1
    assert main(command) == 0
    assert len(seeds("Storm")) == 5
    assert len(set(seeds("Storm"))) == 1
    assert len(set(seeds("Home"))) == len(seeds("Home")) == 2
    tones.server.submitted.clear()
    assert main([*command, "--out", "b.m4b", "--seed", "7"]) == 0
    assert {data["seed"] for data in tones.server.submitted if data.get("action") is None} == {7}


def test_a_part_takes_up_the_chunks_of_those_former_ones_that_have_most_of_it():
    """In the order of its text, whichever was made first."""
    former = [[Take(f"Sentence {i} of {part}.", i) for i in range(3)] for part in range(9)]
    text = "Yes. [pause:0.5s] Sentence 1 of 7. Sentence 2 of 7.\nSentence 0 of 3. Yes."
    assert taken_up(Part(0, {"text": text}), former) == former[7] + former[3]
    assert taken_up(Part(0, {"text": "Something else."}), former) == []


def test_a_corrected_sentence_is_all_that_is_spoken_anew(worker, engine, tmp_path, monkeypatch):
    """By a real worker, in a chapter whose other chunks would be cut and seeded otherwise."""
    watched = Watched(engine)
    place = Local(with_engine(worker, watched))
    monkeypatch.setattr(options, "local_worker", lambda *_: nullcontext(place))
    monkeypatch.chdir(tmp_path)
    chapters = [" ".join(f"In chapter {c} this is sentence {i} of a few." for i in range(9)) for c in (1, 2)]
    book = "# One\n\n{}\n\n# Two\n\n{}\n".format(*chapters)
    command = [
        "narrate",
        "a.md",
        "--local",
        "--yes",
        "--voice",
        "example-en",
        "--set",
        "nfe_step=1",
        "--language",
        "en",
    ]
    (tmp_path / "a.md").write_text(book)
    assert main(command) == 0
    before = len(watched.spoken)
    (tmp_path / "a.md").write_text(book.replace("chapter 2 this is sentence 4 of a few.", "chapter 2 this was wrong."))
    assert main(command) == 0
    (spoken,) = watched.spoken[before:]
    assert "this was wrong" in spoken.text
    assert before > 4


def test_what_would_fail_again_is_not_tried_again(tones, voyage, capsys):
    tones.failing = {"Home": [{"error": "voice_not_found: anna", "error_code": "voice_not_found"}] * 3}
    assert main(["narrate", str(voyage), "--voice", "anna", "--yes"]) == 2
    assert sorted(tones.spoken.values()) == [1, 1, 1]


def test_a_result_that_the_platform_has_forgotten_is_found_in_the_bucket(tones, voyage):
    """A crash between sending and knowing the id, and half an hour in which the platform forgets: no part is made
    twice, and its words are found as well."""
    tones.delivery = "s3"
    command = [str(voyage), "--voice", "anna", "--yes", "--subtitles", "vtt"]
    assert main(["narrate", *command]) == 0
    manifest = voyage.parent / "voyage.m4b.parts/manifest.json"
    entries = json.loads(manifest.read_text())
    for entry, state in zip(entries.values(), ("sending", "sent", "made"), strict=True):
        entry |= {"state": state, "job": None if state == "sending" else entry["job"]}
    manifest.write_text(json.dumps(entries))
    subtitles = (voyage.parent / "voyage.vtt").read_text()
    tones.server.forget()
    (voyage.parent / "voyage.vtt").unlink()
    assert main(["narrate", *command]) == 0
    assert set(tones.spoken.values()) == {1}
    assert {data["format"] for data in tones.server.submitted if "text" in data} == {"flac"}
    assert (voyage.parent / "voyage.vtt").read_text() == subtitles


def test_stopping_cancels_what_runs_and_keeps_what_is_made(voyage, places):
    """Ctrl-C: no job is left on the endpoint, and the next start makes the rest."""
    answers = Tones()
    with answers.server as server:
        hold = "The Island"

        def answer(data, tell):
            if hold in data.get("text", ""):
                until(lambda: any(job["status"] == "CANCELLED" for job in server.jobs.values()))
            return answers(data, tell)

        server.answer = answer
        command = ["-m", "voiceclone", "narrate", str(voyage), "--voice", "anna", "--yes", "--in-flight", "2"]
        with Forked(places, *command, env=server.environ) as process:
            parts = voyage.parent / "voyage.m4b.parts"
            until(lambda: len(list(parts.glob("*.opus"))) == 2)
            process.send_signal(signal.SIGINT)
            assert process.wait(timeout=30) == 130
    assert "goes on from here" in process.said
    states = Counter(job["status"] for job in server.jobs.values() if hold in job["input"].get("text", ""))
    assert states == {"CANCELLED": 1}
    assert len(list(parts.glob("*.opus"))) == 2
    assert "sent" not in {entry["state"] for entry in json.loads((parts / "manifest.json").read_text()).values()}


def test_a_laptop_reads_as_well(worker, tmp_path, monkeypatch, capsys):
    """The worker in this process, one part after the other; its own files are taken away, and Ctrl-C is heard."""
    stop = threading.Event()
    place = Local(worker, stop)
    monkeypatch.setattr(options, "local_worker", lambda *_: nullcontext(place))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.md").write_text("# One\n\nHello there.\n\n# Two\n\nIt is [over] now.\n")
    asked = ["--voice", "example-en", "--set", "nfe_step=1", "--subtitles", "json"]
    assert main(["narrate", "a.md", "--local", "--yes", *asked, "--language", "en"]) == 0
    assert "about" in capsys.readouterr().out
    starts = {title: start for title, start, _ in marks("a.m4b")}
    assert list(starts) == ["One", "Two"]
    words = [word for cue in json.loads((tmp_path / "a.json").read_text())["cues"] for word in cue["words"]]
    assert "".join(word["word"] for word in words).strip() == "One Hello there. Two It is [over] now."
    assert words[2]["end"] <= starts["Two"] <= words[3]["start"] + 0.001
    assert not [path for path in (tmp_path / "output").rglob("*") if path.is_file()]
    stop.set()
    with pytest.raises(KeyboardInterrupt):
        place.ask({"action": "info"})


def is_chapter(data):
    """Not one of the questions before, nor the sample."""
    return data.get("action") is None and len(data["text"]) > narrate.SAMPLE_CHARS


def end(process):
    process.kill()
    process.wait()


def test_a_platform_that_loses_a_worker_and_a_person_who_loses_narrate(voyage, places):
    """Two real workers; one is killed at its job, which the other gets; narrate is killed as well and started again.

    No chapter is made twice or left out, and the marks are where the chapters are.
    """
    with EndpointServer() as server, JobServer() as jobs:
        server.between(jobs)
        workers = {
            name: start_worker(places, jobs, env={"RUNPOD_POD_ID": name, "OMP_NUM_THREADS": "1"})
            for name in ("one", "two")
        }
        asked = ["--voice", "example-en", "--set", "nfe_step=1", "--set", "speed=3", "--seed", "5", "--yes"]

        def start():
            return Forked(places, "-m", "voiceclone", "narrate", str(voyage), *asked, env=server.environ)

        def chapters(status):
            return [job for job in list(server.jobs.values()) if job["status"] == status and is_chapter(job["input"])]

        narrator = start()
        try:
            until(lambda: chapters("IN_PROGRESS"))
            lost = chapters("IN_PROGRESS")[0]["worker"]
            end(workers.pop(lost))
            assert server.worker_died(lost)
            until(lambda: chapters("COMPLETED") and chapters("IN_PROGRESS"))
            end(narrator)
            narrator = start()
            assert narrator.wait(timeout=120) == 0
        finally:
            for process in (narrator, *workers.values()):
                end(process)
    assert set(Counter(data["text"] for data in server.submitted if is_chapter(data)).values()) == {1}
    found = marks(voyage.with_suffix(".m4b"))
    assert [title for title, _, _ in found] == TITLES
    parts = voyage.parent / "voyage.m4b.parts"
    entries = json.loads((parts / "manifest.json").read_text()).values()
    lengths = {entry["chapter"]: soundfile.info(parts / entry["file"]).duration for entry in entries}
    starts = np.cumsum([0, *(lengths[title] + CHAPTER_PAUSE_S for title in TITLES)])
    assert [start for _, start, _ in found] == pytest.approx(starts[:3], abs=0.001)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["gone.epub"], "gone.epub cannot be read"),
        (["book.pdf"], ".epub, .md, .markdown, .txt"),
        (["a.txt", "--voice", "anna", "--out", "a.wav"], ".m4b, .mp3"),
        (["a.txt"], "--voice NAME or --ref-audio"),
        (["a.txt", "--voice", "anna"], "give --yes"),
        (["a.txt", "--voice", "anna", "--price", "9"], "--price 9"),
        (["a.txt", "--chapters", "2", "--list"], "chapters 1 to 1"),
        (["a.txt", "--chapters", "a", "--list"], "1,3-5"),
        (["a.txt", "--cover", "gone.jpg", "--list"], "gone.jpg cannot be read"),
        (["empty.md", "--list"], "has no text"),
        (["latin.txt", "--list"], "UTF-8"),
        (["a.txt", "--voice", "anna", "--yes", "--cover", "latin.txt"], "--cover latin.txt is no picture"),
        (["a.txt", "--voice", "anna", "--yes", "--cover", "cut.jpg"], "--cover cut.jpg is damaged"),
        (["a.txt", "--voice", "anna", "--yes", "--out", "gone/a.m4b"], "there is no directory gone"),
        (["a.txt", "--voice", "anna", "--yes", "--out", "a.txt/a.m4b"], "there is no directory a.txt"),
        (["a.txt", "--voice", "anna", "--yes", "--out", "directory.mp3"], "directory.mp3 is a directory"),
        (["a.txt", "--voice", "anna", "--yes", "--out", "taken.m4b"], "taken.m4b.parts is no directory"),
        (["a.txt", "--voice", "anna", "--yes", "--out", "d.mp3", "--subtitles", "srt"], "d.srt is a directory"),
        (["a.txt", "--voice", "anna", "--yes", "--out", "/proc/a.m4b"], "/proc takes no file"),
    ],
)
def test_what_cannot_be_used_is_named(tones, tmp_path, capsys, monkeypatch, arguments, told):
    """Before anything is asked of a worker, and before anything is written."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    for directory in ("directory.mp3", "d.srt"):
        (tmp_path / directory).mkdir()
    (tmp_path / "taken.m4b.parts").touch()
    (tmp_path / "cut.jpg").write_bytes(cover()[:100])
    (tmp_path / "a.txt").write_text("Hello.")
    (tmp_path / "empty.md").write_text("***")
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    assert main(["narrate", *arguments]) == 2
    assert told in capsys.readouterr().err
    assert not tones.server.submitted
    assert [path.name for path in tmp_path.glob("*.parts")] == ["taken.m4b.parts"]


def test_a_disk_that_is_too_small_is_told_before_anybody_is_asked(tones, tmp_path, capsys, monkeypatch):
    (tmp_path / "a.txt").write_text("Hello there.")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    assert main(["narrate", "a.txt", "--voice", "anna", "--yes"]) == 2
    assert "make room" in capsys.readouterr().err
    assert not tones.spoken


def test_without_a_terminal_what_is_all_made_is_joined_anew(tones, tmp_path, capsys, monkeypatch):
    """There is nothing to ask."""
    (tmp_path / "a.txt").write_text("Hello there.")
    assert main(["narrate", "a.txt", "--voice", "anna", "--yes"]) == 0
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert main(["narrate", "a.txt", "--voice", "anna", "--title", "Another"]) == 0
    assert main(["narrate", "a.txt", "--voice", "bob"]) == 2
    assert "give --yes" in capsys.readouterr().err
    assert sum(tones.spoken.values()) == 1


@pytest.mark.parametrize(
    ("kind", "kept"), [("png", True), ("gif", True), ("libwebp", True), ("bmp", True), ("none", False), ("cut", False)]
)
@pytest.mark.parametrize("ending", ["m4b", "mp3"])
def test_a_cover_of_any_kind_is_shown_or_left_out_with_a_warning(tones, tmp_path, capsys, kind, kept, ending):
    data = {"none": b"no picture", "cut": cover()[:100]}.get(kind) or picture(kind)
    path = write_epub(tmp_path / "a.epub", {"1.xhtml": page("One", "Text.")}, more={"OEBPS/cover.jpg": data})
    assert main(["narrate", str(path), "--voice", "anna", "--yes", "--out", f"a.{ending}"]) == 0
    told = capsys.readouterr().err
    assert ("cover" in told) == (not kept and kind == "cut")
    if ending == "m4b":
        shown = [bytes(each) for each in mutagen.mp4.MP4("a.m4b").get("covr", [])]
    else:
        shown = [each.data for each in mutagen.id3.ID3("a.mp3").getall("APIC")]
    assert len(shown) == kept
    assert all(each.startswith((b"\xff\xd8\xff", b"\x89PNG")) for each in shown)


@pytest.mark.parametrize(
    "title", ["a\0b\nc\x1b[0m", "\udce9t\u00e9", "Глава № 1 “x”", "😀" * 300, "CTOC", "a\tb=c;#\\d"]
)
@pytest.mark.parametrize("ending", ["m4b", "mp3"])
def test_any_title_is_written_as_it_can_be(tones, tmp_path, title, ending):
    (tmp_path / "a.txt").write_text("Hello there.")
    said = ["--title", title, "--author", title]
    assert main(["narrate", "a.txt", "--voice", "anna", "--yes", "--out", f"a.{ending}", *said]) == 0
    with av.open(f"a.{ending}") as book:
        assert book.metadata["title"] == book.metadata["artist"] == titled(title)
    assert not set(titled(title)) & set("\0\n\x1b\udce9")


@pytest.mark.parametrize("chapters", [1, 255, 256, 300, 600])
@pytest.mark.parametrize("ending", [".m4b", ".mp3"])
def test_all_chapters_of_a_long_book_are_in_the_file(tmp_path, ending, chapters):
    """A list of them counts 255: more are listed in a track, or by lists in a list; a person is told before."""
    container = joining.CONTAINERS[ending]
    titles = [f"{i} {'Глава' * 60}" for i in range(chapters)]
    bounds = [i * 48_000 // chapters for i in range(chapters + 1)]
    every = [joining.Mark(title, *each) for title, each in zip(titles, pairwise(bounds), strict=True)]
    book = Book("CTOC", "A", None, cover(), tuple(Chapter(title, ()) for title in titles))
    joining.try_out(tmp_path, container, book)
    assert not list(tmp_path.iterdir())
    path = tmp_path / f"a{ending}"
    with path.open("w+b") as file:
        joining.write_book(file, container, book, every, [np.zeros(48_000, np.float32)])
    found = marks(path)
    assert [title for title, _, _ in found] == [title.encode()[:255].decode(errors="ignore") for title in titles]
    assert [start for _, start, _ in found] == pytest.approx([start / 24_000 for start in bounds[:-1]], abs=0.001)
    assert (joining.limits(container, chapters) is not None) == (chapters > 255)
    if ending == ".mp3":
        tag = mutagen.id3.ID3(path)

        def below(name):
            if f"CTOC:{name}" not in tag:
                return [name]
            return [each for child in tag[f"CTOC:{name}"].child_element_ids for each in below(child)]

        assert below("toc") == [f"ch{i}" for i in range(chapters)]
        assert (str(tag["TIT2"]), tag.getall("APIC")[0].data) == ("CTOC", cover())
    else:
        known = mutagen.mp4.MP4(path)
        assert bytes(known["covr"][0]) == cover()
        assert len(known.chapters or ()) == (chapters if chapters <= 255 else 0)


@pytest.mark.parametrize(
    ("told", "text", "options", "asked", "warned"),
    [
        ("und", "It was late, and he was in the house.", [], "en", "(und): it is read as en"),
        ("", "Es war spät, und der Mann ging nicht nach Hause.", [], "de", "it is read as de"),
        ("eng", "Text.", [], "en", ""),
        ("en-US", "Text.", [], "en", ""),
        ("ger", "Text.", [], "de", ""),
        ("German", "Text.", [], "de", ""),
        ("und", "Text.", [], None, "first language; --language"),
        ("und", "Text.", ["--language", "fra"], "fr", ""),
        ("en", "Text.", ["--language", "xx"], "xx", ""),
    ],
)
def test_a_worker_is_told_the_language_that_a_book_is_in(tones, tmp_path, capsys, told, text, options, asked, warned):
    """By its code, or by its words; a person is told where it is guessed, and can tell it."""
    (tmp_path / "a.md").write_text(f"---\nlang: {told}\n---\n{text}")
    assert main(["narrate", "a.md", "--voice", "anna", "--yes", *options]) == 0
    assert {data.get("language") for data in tones.server.submitted if "text" in data} == {asked}
    said = capsys.readouterr().err
    assert warned in said
    assert ("does not tell its language" in said) == bool(warned)


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_in_a_pipe_all_is_told_when_it_happens(tones, tmp_path, encoding):
    """Chapters and estimate come before the first percent, whatever characters the encoding lacks."""
    (tmp_path / "a.txt").write_text("Глава 1. Буря\n\nБыло поздно.\n\nГлава 2. 海 “x”\n\nБыло рано.")
    done = subprocess.run(
        [sys.executable, "-m", "voiceclone", "narrate", "a.txt", "--voice", "anna", "--yes", "--in-flight", "1"],
        env={**os.environ, **tones.server.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    said = done.stdout.decode(encoding)
    assert done.returncode == 0, said
    lines = [next(i for i, line in enumerate(said.splitlines()) if part in line) for part in PIPED]
    assert lines == sorted(lines)
    assert ("Буря" in said) == (encoding == "utf-8")


PIPED = ["2 jobs, 0 of them done", "of work for one worker", "0 % spoken", "100 % spoken", "a.m4b: "]


@pytest.mark.parametrize("said", [b"\n", b"\x04"])
def test_nothing_is_spoken_before_a_person_agrees(tones, tmp_path, capsys, monkeypatch, said):
    """Ctrl-D is a no as well."""
    (tmp_path / "a.txt").write_text("Hello there.")
    ours, theirs = pty.openpty()
    with open(ours, "wb", buffering=0) as person, open(theirs) as terminal:  # noqa: PTH123 - descriptors, not paths
        monkeypatch.setattr(sys, "stdin", terminal)
        person.write(said)
        assert main(["narrate", "a.txt", "--voice", "anna"]) == 130
    assert "goes on from here" in capsys.readouterr().err
    assert not tones.spoken


def test_two_of_them_do_not_work_on_one_book(tones, tmp_path, capsys):
    from voiceclone.books.manifest import opened

    (tmp_path / "a.txt").write_text("Hello there.")
    with opened(tmp_path / "a.m4b.parts"):
        assert main(["narrate", "a.txt", "--voice", "anna", "--yes"]) == 2
    assert "another voiceclone is at work in" in capsys.readouterr().err


def read(path):
    return {chapter.title: [block.text for block in chapter.blocks] for chapter in read_book(path).chapters}


def test_an_epub_is_read_by_its_contents(tmp_path):
    """Chapters begin where the contents say, inside a page too; a page that they do not name goes on with the last.

    What comes before the first has the title of its heading; cover, contents and notes are not read.
    """
    pages = {
        "front.xhtml": page("Dedication", "To &nbsp; you."),
        "1.xhtml": page("One", 'It began<a epub:type="noteref" href="#n">1</a>.<br/>So.')
        + '<aside epub:type="footnote"><p>A note.</p></aside><h2 id="two">Two</h2><p>It went on.',
        "1b.xhtml": "<script/><title/><p>And on<sup>2</sup>.</p><p>東<ruby>京<rt>kyo</rt></ruby></p>",
        "empty.xhtml": "<p> </p>",
        "3.xhtml": page("Three", "It ended."),
    }
    contents = {"1.xhtml": "One", "1.xhtml#two": "Two", "empty.xhtml": "Nothing", "3.xhtml": "Three", "gone.xhtml": "?"}
    path = write_epub(tmp_path / "a.epub", pages, contents)
    assert read(path) == {
        "Dedication": ["Dedication", "To you."],
        "One": ["One", "It began. So."],
        "Two": ["Two", "It went on.", "And on2.", "東京"],
        "Three": ["Three", "It ended."],
    }
    book = read_book(path)
    assert (book.title, book.author, book.language, book.cover) == ("A Voyage", "A. Sailor", "en-GB", cover())


def test_an_older_epub_is_read_by_its_ncx(tmp_path):
    points = "".join(
        f'<navPoint><navLabel><text>{t}</text></navLabel><content src="{t}.html"/></navPoint>' for t in "AB"
    )
    opf = """<package><metadata><title>Old</title></metadata><manifest>
        <item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>
        <item id="c" href="c.html" media-type="application/xhtml+xml"/>
        <item id="a" href="A.html" media-type="application/xhtml+xml"/>
        <item id="b" href="B.html" media-type="application/xhtml+xml"/></manifest>
        <spine toc="ncx"><itemref idref="c"/><itemref idref="a"/><itemref idref="b"/></spine>
        <guide><reference type="cover" href="c.html"/></guide></package>"""
    more = {
        "OEBPS/book.opf": opf,
        "OEBPS/toc.ncx": f"<!DOCTYPE ncx PUBLIC 'x' 'http://example.com/x.dtd'><ncx><navMap>{points}</navMap></ncx>",
        "OEBPS/c.html": page("Cover"),
        "OEBPS/A.html": page("a", "First."),
        "OEBPS/B.html": page("b", "Second."),
    }
    assert read(write_epub(tmp_path / "a.epub", {}, more=more)) == {"A": ["a", "First."], "B": ["b", "Second."]}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"OEBPS/1.xhtml": "a" * (MAX_FILE_BYTES + 1)}, "unpacks to more"),
        ({"OEBPS/1.xhtml": None}, "damaged"),
        ({"META-INF/container.xml": "<container"}, "no XML"),
        ({"META-INF/container.xml": "<container/>"}, "no package document"),
        (
            {"META-INF/encryption.xml": '<a><CipherReference URI="OEBPS/1.xhtml"/></a>'},
            "protected against copying",
        ),
    ],
)
def test_an_epub_that_cannot_be_read_says_why(tmp_path, more, told):
    with pytest.raises(BadInput, match=told):
        read_book(write_epub(tmp_path / "a.epub", {"1.xhtml": page("One", "Text.")}, more=more))


@given(st.data())
def test_a_damaged_epub_is_read_or_refused(tmp_path_factory, data):
    """Whatever bytes of it are others."""
    path = write_epub(
        tmp_path_factory.mktemp("epub") / "a.epub", {"1.xhtml": page("One", "Text."), "2.xhtml": page("T")}
    )
    damaged = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(damaged[: data.draw(st.integers(len(damaged) // 2, len(damaged)))])
    told = path.name
    try:
        assert read_book(path).chapters
    except BadInput as e:
        told = str(e)
    assert path.name in told


def test_entities_that_grow_are_refused(tmp_path):
    grown = '<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><container>&b;</container>'
    with pytest.raises(BadInput):
        read_book(write_epub(tmp_path / "a.epub", {}, more={"META-INF/container.xml": grown}))


def test_markdown_is_read_by_its_headings(tmp_path):
    """One heading above all others is the title; marks and links are not read, front matter is known."""
    path = tmp_path / "a.md"
    path.write_text(
        "# Title\n\nBy *me*.\n\n## One\n\nSee [it](http://a.b) & `x`.\n\n- a\n- b\n\n## Two\n\n### In\n\nEnd.\n"
    )
    assert read_book(path).title == "Title"
    assert read(path) == {
        "Title": ["Title", "By me."],
        "One": ["One", "See it & x.", "a", "b"],
        "Two": ["Two", "In", "End."],
    }
    path.write_text("---\ntitle: T\nauthor: A\nlang: de\n---\nJust text.\n")
    book = read_book(path)
    assert (book.title, book.author, book.language) == ("T", "A", "de")
    assert read(path) == {"T": ["Just text."]}


def test_plain_text_is_read_by_lines_that_are_chapters(tmp_path):
    """Also roman numbers; a table of contents is none, wrapped lines are one paragraph."""
    path = tmp_path / "a.txt"
    path.write_text(
        "A Tale\n\nCHAPTER I\n\nCHAPTER II. The End\n\nCHAPTER I\n\nIt was\nlate.\n\nChapter by chapter it went.\n\n"
        "Chapter II. The End\n\nIt is over.\n\nIII\n\nReally."
    )
    assert read(path) == {
        "a": ["A Tale"],
        "CHAPTER I": ["CHAPTER I", "It was late.", "Chapter by chapter it went."],
        "Chapter II. The End": ["Chapter II. The End", "It is over."],
        "III": ["III", "Really."],
    }


@given(st.text(st.sampled_from("ab1 .[]<>\\/:'\"=pausebrek\n"), max_size=60))
def test_nothing_in_a_book_is_a_mark(text):
    assert "".join(turn.text for turn in markup.turns(f"x{escaped(text)}")) == f"x{text}"


@given(st.lists(st.text("ab .[", max_size=200).map(lambda t: " ".join(t.split())), max_size=8), st.integers(40, 300))
def test_parts_hold_all_words_in_order_and_are_never_too_long(paragraphs, limit):
    blocks = tuple(Block(text) for text in paragraphs if any(c.isalpha() for c in text))
    parts = parts_of([Chapter("c", blocks)], {}, limit)
    assert all(len(part.data["text"].encode()) <= limit for part in parts)
    said = " ".join(turn.text for part in parts for turn in markup.turns(part.data["text"]))
    written = "".join(block.text for block in blocks)
    assert [c for c in said if c.isalpha()] == [c for c in written if c.isalpha()]


def test_headings_of_html_survive_what_is_inside_them():
    blocks = Blocks()
    read_page("<h1><div>A</div></h1><h2></h2><p>B<p>C<nav><ul><li>D</ul></nav>E", blocks)
    assert blocks == [Block("A", 1), Block("B"), Block("C"), Block("E")]


def test_a_price_is_a_number_or_a_gpu():
    assert price_of("0.5") == 0.5
    assert price_of("L4") == price_of("a5000") < price_of("4090")


def test_a_damaged_part_is_named(tmp_path):
    (tmp_path / "a.flac").write_bytes(b"no sound")
    with pytest.raises(joining.Problem, match=r"a\.flac is damaged"):
        joining.laid_out([joining.Piece(0, tmp_path / "a.flac", None)])
