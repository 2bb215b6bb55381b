"""Whatever an endpoint answers becomes a result or one sentence: no traceback, no file that was not asked for."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import math
import tempfile
import unicodedata
from pathlib import Path

import pytest
from endpoint_server import EndpointServer
from good_replies import ABOUT, ADDED, EDIT, PLAN, SPEECH, VOICES, WAV
from hypothesis import given
from hypothesis import strategies as st

from voiceclone.cli.main import main

COMMANDS = {
    "say": (["say", "Hello.", "--voice", "anna", "--subtitles", "srt"], SPEECH),
    "result": (["result", "job-1-u1", "--subtitles", "srt"], SPEECH),
    "fresh": (["result", "output/a.wav"], {"audio_url": "http://127.0.0.1:1/a.wav", "key": "output/a.wav"}),
    "check": (["check", "Hello.", "--voice", "anna"], PLAN),
    "edit": (["edit", "https://example.com/a.wav", "Hello.", "--check"], EDIT),
    "voices": (["voices"], VOICES),
    "add": (["voices", "add", "anna", "https://example.com/a.wav"], ADDED),
    "delete": (["voices", "delete", "anna"], {"status": "completed", "voice": "anna"}),
    "info": (["info"], ABOUT),
}
FILES = {"speech.wav": WAV, "speech.srt": SPEECH["subtitles"]["srt"].encode()}
RUN = {"id": "job-1-u1", "status": "IN_QUEUE"}
HEALTH = {"workers": {"idle": 1}, "jobs": {"inQueue": 0}}
MISSING = object()
NESTED = [[[[{"a": [[[None, {"b": [True]}]]]}]]]]
EVIL = "a\x1b[2J\x9b1m\r\nerror: all is well\u202egnp\u2066\x07\x7f\u2028b"
DEEP = b"[" * 100_000


def replaced(value, path, new):
    """Return a copy in which another value, or none, stands at a path."""
    if not path:
        return {} if new is MISSING else new
    found = copy.deepcopy(value)
    *way, last = path
    place = found
    for step in way:
        place = place[step]
    if new is MISSING:
        del place[last]
    elif isinstance(place, dict):
        place[last] = new
    else:
        place[last : last + 1] = [new]
    return found


def at(dotted):
    return tuple(int(step) if step.isdecimal() else step for step in dotted.split(".") if step)


@pytest.fixture(scope="module")
def server():
    """An endpoint that does no work: what it answers is queued as bytes by each test."""
    with EndpointServer(lambda data, _tell: SPEECH if "text" in data else {"status": "completed"}) as served:
        yield served


@pytest.fixture
def endpoint(server, monkeypatch, tmp_path):
    """The environment leads to it; the working directory is empty."""
    monkeypatch.chdir(tmp_path)
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    server.faults.clear()
    return server


def answer(server, *answers):
    """Queue answers, (the first step of the path, bytes or JSON)."""
    for step, told in answers:
        server.faults.append((step, told if isinstance(told, bytes) else json.dumps(told).encode()))


def ask(server, arguments, output, *, run=RUN, status=None, health=HEALTH):
    """Run a command that is answered so; returns the exit status."""
    sent = [] if arguments[0] == "result" and "/" not in arguments[1] else [("run", run)]
    news = {"id": "job-1-u1", "status": "COMPLETED", "output": output} if status is None else status
    answer(server, *sent, ("status", news), *([("health", health)] if arguments[0] == "info" else []))
    return main(arguments)


def here():
    return {path.name: path.read_bytes() for path in Path().iterdir()}


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "fresh"])
def test_a_good_reply_is_taken(endpoint, capsys, name):
    arguments, reply = COMMANDS[name]
    assert ask(endpoint, arguments, reply) == 0
    assert here() == (FILES if name in ("say", "result") else {})
    capsys.readouterr()
    assert ask(endpoint, [*arguments, "--json"], reply) == 0
    assert json.loads(capsys.readouterr().out) == {key: each for key, each in reply.items() if key != "audio_base64"}


@pytest.mark.parametrize(
    ("name", "where", "new"),
    [
        *[("say", "", each) for each in ([], "done", 5, None, NESTED, MISSING)],
        *[("say", "duration", each) for each in (-1.0, 0, 1e300, "0.1", True, None, [0.1], {})],
        *[("say", field, MISSING) for field in ("duration", "format", "sample_rate", "seed", "timings.total")],
        *[("say", "format", each) for each in ("exe", "../wav", 5, NESTED)],
        *[("say", "sample_rate", each) for each in (-1, 0, 10**30, 24_000.5)],
        *[("say", "seed", each) for each in (-1, 2**32, "5", None)],
        *[("say", "rtf", each) for each in (-1, "1.0", 1e300)],
        *[("say", "timings", each) for each in ([], None, {"total": -1}, {"total": "long"}, {"total": 10**400})],
        *[("say", "warnings", each) for each in ("noisy", {"a": 1}, [5], [None], ["a" * 10_001], ["a"] * 10_001)],
        *[("say", "degraded", each) for each in ("s3", ["s3"], {}, {"delivery": "s3", "reason": NESTED})],
        *[("say", "audio_base64", each) for each in ("", "?", "\u2603", "QQ", 5, ["QUJD"], NESTED, MISSING)],
        *[("say", "audio_base64", each) for each in ("PGh0bWw+", "AAAA")],
        *[("say", "subtitles", each) for each in ([], "srt", 5, {"srt": 5}, {"srt": None}, {"py": "a"}, {"": "a"})],
        *[("say", "subtitles", {each: "a"}) for each in ("../srt", "/etc/passwd", "srt/../../a", "SRT", "a\x00")],
        *[("say", "audio_url", each) for each in ("file:///etc/passwd", "ftp://a/b", "s3://a/b", "/etc/passwd", 5)],
        *[
            ("say", "audio_url", each)
            for each in ("http://", "http://a b", "http://a\nb", "javascript:a", ["http://a"])
        ],
        ("say", "audio_url", "http://a/" + "a" * 20_000),
        ("say", "audio_url", "http://127.0.0.1:1/a.wav"),  # its subtitles are no links
        ("say", "key", {"a": 1}),
        ("result", "duration", -1),
        ("result", "subtitles", {"py": "a"}),
        ("result", "audio_base64", "PGh0bWw+"),
        ("fresh", "audio_url", MISSING),
        ("fresh", "audio_url", "file:///etc/passwd"),
        *[("check", "chunks", each) for each in (MISSING, None, {}, "abc", [5], [{}], [{"text": "a", "duration": -1}])],
        *[("check", "chunks.0.text", each) for each in (5, None, NESTED, "a" * 1_000_001)],
        *[("edit", "changes", each) for each in (MISSING, None, {}, "abc", [5], [{}], [{"was": "a", "duration": -1}])],
        *[("check", "predicted", each) for each in (MISSING, None, 5, [], {"duration": 1}, {"synthesis": 1})],
        *[("check", "predicted.duration", each) for each in (-1, 0, "1", None)],
        *[("check", "unknown_characters", each) for each in (MISSING, None, "abc", [5], ["a" * 300], ["a"] * 10_001)],
        *[("voices", "voices", each) for each in (MISSING, None, {}, "anna", [5], [None], [{}], [{"name": 5}])],
        *[("voices", "voices.1.duration", each) for each in (-1, "4", None, NESTED)],
        *[("voices", "voices.1.language", each) for each in (5, None, ["en"])],
        *[("voices", "voices.1.verdict", each) for each in ("splendid", 5)],
        *[("add", "voice", each) for each in (MISSING, None, "anna", {}, {"name": "anna"})],
        *[("add", "check_up", each) for each in (MISSING, None, [], {"verdict": "good"}, {"findings": []})],
        *[("add", "check_up.findings.0.value", each) for each in (NESTED, None, 10**400, "a" * 300)],
        *[("add", "check_up.findings.0.advice", each) for each in (5, ["a"], None)],
        *[("info", "model", each) for each in (MISSING, None, "F5", {"name": "F5"}, NESTED)],
        *[("info", "limits", each) for each in (MISSING, None, [], {})],
        *[("info", "limits.max_text_chars", each) for each in (0, -1, "many", None, 1.5, MISSING)],
        *[("info", "limits.max_speech_min", each) for each in (-1, "a", NESTED, 10**400)],
        *[("info", field, each) for field in ("languages", "voices", "formats") for each in ("en", 5, [5], MISSING)],
        *[("info", "delivery", each) for each in ("pigeon", 5, None)],
        *[("info", "device", each) for each in (5, None, "a" * 300, MISSING)],
        *[("delete", "warnings", each) for each in ("a", 5, [NESTED])],
    ],
)
def test_a_reply_that_cannot_be_used_is_one_sentence(endpoint, capsys, name, where, new):
    arguments, reply = COMMANDS[name]
    assert ask(endpoint, arguments, replaced(reply, at(where), new)) == 1
    told = capsys.readouterr()
    assert told.err.startswith("error: ")
    assert told.err.count("\n") == 1
    assert len(told.err) < 1000
    assert "pattern" not in told.err
    assert not told.out
    assert not here()


@pytest.mark.parametrize(
    "literal", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b'"\\ud800"', b'"\xff"', b"9" * 9999, DEEP]
)
@pytest.mark.parametrize(("name", "field"), [("say", "duration"), ("say", "told"), ("info", "told")])
def test_what_is_no_json_is_no_endpoints(endpoint, capsys, name, field, literal):
    """Even in a field that nobody reads."""
    arguments, reply = COMMANDS[name]
    body = json.dumps({**RUN, "status": "COMPLETED", "output": {**reply, field: "HERE"}}).encode()
    assert ask(endpoint, arguments, None, status=body.replace(b'"HERE"', literal)) == 3
    assert "no endpoint" in capsys.readouterr().err
    assert not here()


@pytest.mark.parametrize(
    ("step", "told"),
    [
        *[("run", each) for each in (b"", b"<html>", b"[]", b"{}", b"null", b"5", DEEP, {"id": 5}, {"id": ""})],
        *[("run", {"id": each}) for each in ("../status", "a b", "a\n", "\x1b[2J", "a" * 300, NESTED)],
        *[("status", each) for each in (b"", b"<html>", b"[]", b"{}", DEEP, {"output": {}}, {"status": None})],
        *[("status", {"status": each}) for each in ("DONE", "completed", "", 5, ["COMPLETED"], "COMPLETED\n")],
        *[("health", each) for each in (b"[]", DEEP, {"workers": 5}, {"workers": {"idle": "1"}}, {"jobs": {"a": -1}})],
        *[("health", {"workers": each}) for each in ({"\x1b[2J": 1}, {"a" * 99: 1}, {"idle": 10**30}, [1])],
    ],
)
def test_what_answers_and_is_no_endpoint_is_told(endpoint, capsys, step, told):
    arguments, reply = COMMANDS["info"]
    assert ask(endpoint, arguments, reply, **{step: told}) == 3
    told = capsys.readouterr()
    assert told.err.startswith("error: what answers is no endpoint")
    assert told.err.count("\n") == 1
    assert "pattern" not in told.err
    assert not told.out


@pytest.mark.parametrize(
    "failure",
    [
        *[{"error": each} for each in (5, [5], {"a": 1}, NESTED, True, "a" * 2_000_000)],
        *[{"error": "internal: a", "error_code": each} for each in (5, [1], "a b", "a" * 99)],
        *[{"error": "internal: a", "details": each} for each in (5, "ab", [5], [{}], [{"field": 1, "message": 2}] * 2)],
    ],
)
@pytest.mark.parametrize("beside", [False, True])
def test_an_error_that_cannot_be_read_is_an_error(endpoint, capsys, failure, beside):
    """Whether it is in the worker's reply, or the platform has put it beside that."""
    news = {"status": "FAILED", "error": failure["error"], "output": {**failure, "error": None}} if beside else None
    assert ask(endpoint, COMMANDS["say"][0], failure, status=news) == 1
    assert "cannot be used" in capsys.readouterr().err
    assert not here()


@pytest.mark.parametrize("progress", [5, "half", [1], {"percent": "1"}, {"percent": math.nan}, {"percent": 10**400}])
def test_progress_that_is_none_is_not_shown(endpoint, progress):
    body = json.dumps({"status": "IN_PROGRESS", "output": progress}).encode()
    answer(endpoint, ("run", RUN), ("status", body))
    done = {"id": "job-1-u1", "status": "COMPLETED", "output": SPEECH}
    answer(endpoint, ("status", done))
    assert main(COMMANDS["say"][0]) == (3 if b"NaN" in body else 0)


@pytest.mark.parametrize("path", ["/dev/zero", "/etc/passwd", "speech.srt", "", "\x00"])
def test_no_path_that_an_endpoint_names_is_read(endpoint, capsys, path):
    reply = replaced({**SPEECH, "audio_path": path}, ("audio_base64",), MISSING)
    assert ask(endpoint, COMMANDS["say"][0], reply) == 1
    assert not here()
    assert "error: " in capsys.readouterr().err


def test_only_the_files_that_were_asked_for_are_written(endpoint, capsys):
    """Subtitles of kinds that were not asked for are neither written nor fetched."""
    Path("setup.py").write_text("mine")
    Path("setup.srt").write_text("mine")
    told = {"srt": "theirs", "json": "{}"}
    say = ["say", "Hello.", "--voice", "anna", "--out", "setup.wav"]
    assert ask(endpoint, say, {**SPEECH, "subtitles": {**told, "py": "theirs"}}) == 1
    assert sorted(here()) == ["setup.py", "setup.srt"]
    assert ask(endpoint, say, {**SPEECH, "subtitles": told}) == 0
    assert ask(endpoint, ["result", "job-1-u1", "--out", "setup.wav"], {**SPEECH, "subtitles": told}) == 0
    assert here() == {"setup.py": b"mine", "setup.srt": b"mine", "setup.wav": WAV}
    before = endpoint.requests["files"]
    links = {kind: endpoint.serve_file(f"a.{kind}", b"\xff") for kind in ("srt", "json")}
    by_link = {**SPEECH, "audio_url": endpoint.serve_file("a.wav", WAV), "subtitles": links}
    assert ask(endpoint, say, by_link) == 0
    assert endpoint.requests["files"] == before + 1
    Path("setup.wav").unlink()
    assert ask(endpoint, [*say, "--subtitles", "srt"], by_link) == 1
    assert "no text" in capsys.readouterr().err
    assert here() == {"setup.py": b"mine", "setup.srt": b"mine"}


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("say", "warnings.0"),
        ("say", "degraded.reason"),
        ("check", "chunks.0.text"),
        ("edit", "changes.0.now"),
        ("check", "chunks.0.voice"),
        ("check", "unknown_characters.0"),
        ("voices", "voices.1.name"),
        ("voices", "voices.1.created"),
        ("add", "voice.ref_text"),
        ("add", "check_up.findings.0.what"),
        ("add", "check_up.findings.0.advice"),
        ("info", "model.name"),
        ("info", "limits"),
        ("say", "error"),
        ("check", "details"),
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_nothing_that_an_endpoint_says_moves_the_cursor_or_makes_a_line(endpoint, capsys, name, where, as_json):
    arguments, reply = COMMANDS[name]

    def asked(text):
        changed = {
            "limits": {"limits": {**ABOUT["limits"], text: 1}},
            "error": {"error": f"internal: {text}"},
            "details": {"error": "a", "details": [{"field": text, "message": text}] * 2},
        }
        output = {**reply, **changed[where]} if where in changed else replaced(reply, at(where), text)
        status = ask(endpoint, [*arguments, *(["--json"] if as_json else [])], output)
        told = capsys.readouterr()
        return status, told.out, told.err

    status, out, err = asked(EVIL)
    harmless, *good = asked("harmless")
    assert status == harmless
    assert [out.count("\n"), err.count("\n")] == [text.count("\n") for text in good]
    assert "[2J" in out + err
    assert not {c for c in out + err if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")} - {"\n"}
    if as_json and out:
        assert EVIL in strings(json.loads(out)), "a program gets it as it came"


def strings(value):
    """Return every text in a value of JSON, names included."""
    match value:
        case str():
            return [value]
        case dict():
            return [text for pair in value.items() for each in pair for text in strings(each)]
        case list():
            return [text for each in value for text in strings(each)]
    return []


def paths(value, path=()):
    """Yield the path to each value of JSON, the whole first."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in pairs:
        yield from paths(each, (*path, step))


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["", EVIL, "../../a", "/dev/zero", "file:///etc/passwd", "ftp://a/b", "a" * 100_000, 10**400]),
    st.sampled_from(["COMPLETED", "FAILED", "srt", "py", "wav", "mp3", "json", "error", "PGh0bWw+"]),
)
GARBAGE = st.recursive(
    SCALARS,
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("srt"), each),
    max_leaves=6,
)


@st.composite
def conversations(draw):
    """A command, and its good answers with one to three things in them changed."""
    name = draw(st.sampled_from([name for name in COMMANDS if name != "fresh"]))
    arguments, reply = COMMANDS[name]
    told = {"run": RUN, "status": {**RUN, "status": "COMPLETED", "output": reply}, "health": HEALTH}
    for _ in range(draw(st.integers(1, 3))):
        where = draw(st.sampled_from([path for path in paths(told) if path]))
        told = replaced(told, where, draw(st.just(MISSING) | GARBAGE))
        told = {step: told.get(step, {}) for step in ("run", "status", "health")}
    as_json = draw(st.sampled_from([[], ["--json"]]))
    return [*arguments, *as_json], told


@given(conversations())
def test_a_good_reply_changed_anywhere_ends_with_a_status_and_nothing_beside_the_files(server, conversation):
    arguments, told = conversation
    out, err = io.StringIO(), io.StringIO()
    server.faults.clear()
    with tempfile.TemporaryDirectory() as directory, contextlib.chdir(directory), pytest.MonkeyPatch.context() as patch:
        for variable, value in server.environ.items():
            patch.setenv(variable, value)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = ask(server, arguments, None, **told)
        assert here().keys() <= (set() if status else FILES.keys())
    assert status in (0, 1, 2, 3)
    assert (status == 0) == (not err.getvalue().startswith("error: "))
    assert "Traceback" not in err.getvalue()
    assert not {c for c in out.getvalue() + err.getvalue() if unicodedata.category(c) == "Cc"} - {"\n"}
