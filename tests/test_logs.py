"""A line for each event: for machines on the platform, for people in a terminal, and without secrets."""

from __future__ import annotations

import json
import logging
import re
import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voiceclone.hiding import HIDDEN, hider, plain, printable
from voiceclone.logs import JsonLines, ReadableLines, about_job, facts

# Everything that a logging call may be given.
EVENTS = """
import logging, sys, warnings
from voiceclone import logs

logs.configure("INFO", sys.argv[1] == "json", {"AWS_SECRET_ACCESS_KEY": 'se"cret/key+1'})
log = logging.getLogger("voiceclone.test")
log.info("loaded %d", 3)
log.debug("not told")
logging.getLogger("botocore").info("not told")
with logs.about_job("job-1"):
    log.warning("a\\nb", extra=logs.facts(seconds=1.5, what={"a": [1]}))
    try:
        raise ValueError('it was se"cret/key+1')
    except ValueError:
        log.exception("broken: https://h/x.wav?X-Amz-Signature=abc&b")
warnings.warn("old")
"""


def lines(how):
    done = subprocess.run([sys.executable, "-c", EVENTS, how], capture_output=True, text=True, check=True)
    assert not done.stdout
    return done.stderr.splitlines()


def test_on_the_platform_each_event_is_one_json_line():
    told = [json.loads(line) for line in lines("json")]
    assert [(event["level"], event["message"], event["requestId"]) for event in told[:3]] == [
        ("INFO", "loaded 3", None),
        ("WARNING", "a\nb", "job-1"),
        ("ERROR", f"broken: https://h{HIDDEN}", "job-1"),
    ]
    assert (told[1]["seconds"], told[1]["what"]) == (1.5, {"a": [1]})
    assert f"ValueError: it was {HIDDEN}" in told[2]["exception"]
    assert (told[3]["logger"], len(told)) == ("py.warnings", 4)
    assert all({"time", "level", "logger", "message", "requestId"} <= event.keys() for event in told)


def test_in_a_terminal_lines_can_be_read():
    told = lines("text")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \S+ INFO voiceclone.test: loaded 3", told[0])
    assert told[1].endswith(r"WARNING voiceclone.test: a\nb seconds=1.5 what={'a': [1]} [job-1]")
    assert f"    ValueError: it was {HIDDEN}" in told
    assert not any("X-Amz" in line for line in told)


SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=8).map(str.strip).filter(lambda s: len(s) >= 8)


@given(SECRETS, st.text(max_size=20))
@example('pass"word\\', "")
@example("a b/c+d=e", "")
@example("pässwört-\U0001f511", "")
def test_a_secret_is_in_no_line_however_it_is_quoted(secret, around):
    hide = hider({"HF_TOKEN": secret})
    for formatter in (JsonLines(hide), ReadableLines(hide)):
        record = logging.makeLogRecord({"msg": f"{around}{secret}{around}", "requestId": secret, **facts(a=[secret])})
        assert secret not in formatter.format(record)
        assert json.dumps(secret)[1:-1] not in formatter.format(record)


def test_the_job_is_named_as_long_as_it_lasts(caplog):
    from voiceclone import logs

    caplog.handler.addFilter(logs._with_job_id)
    log = logging.getLogger("voiceclone")
    with about_job("a"):
        log.warning("within")
    log.warning("after")
    assert [record.requestId for record in caplog.records] == ["a", None]


SIGNED = "X-Amz-Signature=hidden-part"


@pytest.mark.parametrize(
    "told",
    [
        f"https://h.example/x.wav?{SIGNED}",
        f'https://h.example/x.wav?a="b&{SIGNED}',
        f"https://h.example/x.wav?a=<b>&{SIGNED}",
        f"https://h.example/x.wav?a=b c&{SIGNED}",
        f"https://h.example/x.wav?a=\\&{SIGNED}",
        f"https://h.example/x.wav#{SIGNED}",
        f"https://h.example/{SIGNED}/x.wav",
        f"https://h.example?{SIGNED}",
        f"https://{SIGNED}@h.example/x.wav",
        f"https://h.example:8443\\{SIGNED}",
        f"s3://h.example/x?{SIGNED}",
        f"HTTPS://h.example/x.wav?{SIGNED}",
    ],
)
@pytest.mark.parametrize("formatter", [JsonLines, ReadableLines])
def test_of_an_address_nothing_but_its_host_is_logged(formatter, told):
    error = ValueError(f"{told} is not there")
    event = {"msg": f"broken: {told}", "requestId": None, "exc_info": (type(error), error, None), **facts(where=told)}
    line = formatter(str).format(logging.makeLogRecord(event if formatter is JsonLines else {**event, "facts": {}}))
    assert "h.example" in line
    assert "hidden-part" not in line


@pytest.mark.parametrize(
    "text", ["a\nb", "\x1b[2J", "\r", "\x9b31m", "\u202e", "\u2028", "\x00", "\x7f", "\x85", "\ud800"]
)
def test_no_character_moves_a_cursor_or_a_line(text):
    record = logging.makeLogRecord({"msg": text, "requestId": text, **facts(a=text)})
    assert ReadableLines(str).format(record).isprintable()
    assert plain([{text: text}]) == [{plain(text): plain(text)}]
    assert plain(text).isprintable()
    assert printable("plain, pässwört, 中文") == plain("plain, pässwört, 中文") == "plain, pässwört, 中文"
