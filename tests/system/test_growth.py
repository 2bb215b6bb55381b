"""The work that a text costs grows as the text does: four times as long, four times the work, whatever is in it."""

from __future__ import annotations

import itertools
import time
from contextlib import suppress

import pytest

from voiceclone.errors import InvalidInput
from voiceclone.jobs.parsing import MAX_ENTRIES, parse
from voiceclone.jobs.parts import MadeWith
from voiceclone.jobs.request import SCHEMAS, Segment
from voiceclone.jobs.speech_request import Verify
from voiceclone.settings import Settings
from voiceclone.text import clean
from voiceclone.text.normalize import chinese, languages, read

SQUARE = 10
"""At four times the length so many times the work is no straight line: a square has 16."""
NOTICED_S = 0.1
"""Of CPU time. Less may be anything else that the machine does."""
TRIES = 3
UNITS = [
    *("a", "a ", "A", "Ab", "ab-", "a.b.", "a/", "a'", "x@y ", "www.a", "http://a.b/", "Mr. ", "U.S.", "II ", "XIV. "),
    *("1", "1 ", "1,", "1,000", "1.", "1-", "1/2", "12/12/", "1:30 ", "1 000 ", "(1", "1)", "10 km", "1st ", "1e5"),
    *("$", "$5 ", "5€", "€ 5,", "%", "5%", "°C", "+1 234 ", "#1", "&", "*", "**", "_", "-", "--", "- ", "—", ". "),
    *("(", ")", '"', "'", "“", "[", "[a]", "[pause", "[pause:1s]", "\\[", "<", "</", '<break time="', "<b ", "\\", "`"),
    *(" ", " \n", "\u3000", "\u0301", "a\u0301\u0316", "\u0316\u0301", "\u200b", "\u200d", "👩\u200d", "ﷺ", "½", "²"),
    *("一", "百万", "2020年", "三点", "１", "中 1", "中。", "「", "٣", "٣٫", "१", "я 1-й ", "XX в. ", "한1", "가"),
]  # fmt: skip
LANGUAGES = sorted({"en", *languages.STYLES, *chinese.STYLES, "th", "ko", "he"})
NESTED = sorted({name for each in (Segment, MadeWith, Verify) for name in each.model_fields})
SETTINGS = Settings(max_text_chars=10**6)


@pytest.fixture(scope="module")
def sizes(request):
    """The lengths that are tried, each four times the one before."""
    return (1_500, 6_000, 24_000) if request.config.getoption("--growth") else (3_000, 12_000)


@pytest.fixture(scope="module")
def pairs(request):
    """A function to the pairs that are tried: every unit with every work, or with one in turn, and few of those."""
    if request.config.getoption("--growth"):
        return lambda works, _every: itertools.product(UNITS, works)
    return lambda works, every: list(zip(UNITS, itertools.cycle(works), strict=False))[::every]


def cpu_s(do, text):
    start_s = time.process_time()
    do(text)
    return time.process_time() - start_s


def growing(do, unit, sizes):
    """Return how the work grows where that is no straight line: size by size, the least of some tries; else None."""
    before, before_s = 0, 0.0
    for size in sizes:
        text = (unit * size)[:size]
        taken_s = cpu_s(do, text)
        for _ in range(TRIES):
            if not before or taken_s < NOTICED_S or taken_s < SQUARE * before_s:
                break
            taken_s, before_s = min(taken_s, cpu_s(do, text)), max(before_s, cpu_s(do, text[:before]))
        else:
            return f"{unit!r}: {before_s:.2f} s for {before}, {taken_s:.2f} s for {size}"
        before, before_s = size, taken_s
    return None


def check_growth(works, pairs, sizes, every):
    """Raise AssertionError with each unit of which one of the works, functions by their names, takes too much.

    `every`: of so many pairs one is tried where not all are.
    """
    found = [f"{name} {told}" for unit, name in pairs(works, every) if (told := growing(works[name], unit, sizes))]
    assert not found, "\n".join(found)


def shapes(text):
    """A text once and in many pieces, as any field might take it or not."""
    pieces = [text[i : i + 8] for i in range(0, len(text), 8)][:MAX_ENTRIES]
    return {
        "text": text,
        "list": [text],
        "pieces": pieces,
        "object": {text: text},
        "objects": {f"{piece}{i}": piece for i, piece in enumerate(pieces)},
        "nested": [dict.fromkeys(NESTED, text)],
        "segments": [{"text": piece} for piece in pieces],
    }


def parsing(action, shape):
    def do(text):
        value = shapes(text)[shape]
        with suppress(InvalidInput):
            parse({text: value, **dict.fromkeys(SCHEMAS[action].model_fields, value), "action": action}, SETTINGS)

    return do


def test_parsing(pairs, sizes):
    """Every field of every action, with a text in any shape that JSON has."""
    actions = [action for action, schema in SCHEMAS.items() if len(schema.model_fields) > 1 and action != "check"]
    works = {f"{action} {shape}": parsing(action, shape) for action in actions for shape in shapes("")}
    check_growth(works, pairs, sizes, every=4)


def test_reading(pairs, sizes):
    """In every language that has rules of its own, and some that have none."""
    works = {language: lambda text, of=language: read(clean(text), of) for language in LANGUAGES}
    check_growth(works, pairs, sizes, every=14)


def test_planning(worker, pairs, sizes):
    """A job that says what would be spoken: as one text, as segments, with as many words in its lexicon."""
    worker.settings = SETTINGS.model_copy(update={"volume": worker.settings.volume, "max_speech_min": 10**6})

    def check(**fields):
        asked = {"action": "check", "voice": "example-en", "cross_fade_duration": 0, **fields}
        assert "internal" not in worker.handle({"id": "job", "input": asked}).get("error", "")

    works = {
        "text": lambda text: check(text=f"a {text}"),
        "segments": lambda text: check(segments=[{"text": f"a {each['text']}"} for each in shapes(text)["segments"]]),
        "lexicon": lambda text: check(text=f"a {text}", lexicon=shapes(text)["objects"]),
    }
    check_growth(works, pairs, sizes, every=32)
