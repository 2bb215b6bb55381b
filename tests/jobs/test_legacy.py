"""Callers of the worker that this one replaces find their keys."""

from __future__ import annotations

import pytest

from voiceclone.jobs.legacy import as_formerly, is_legacy


def test_a_voice_that_was_added_is_told_in_a_sentence():
    reply = {"status": "completed", "voice": {"name": "anna", "ref_text": "Hello."}, "warnings": ["It is noisy."]}
    assert as_formerly("add_voice", reply) == {
        "status": "Voice 'anna.wav' uploaded successfully",
        "message": "What is said in it: Hello.",
        "warnings": ["It is noisy."],
    }


def test_voices_are_listed_as_files_without_the_built_in_ones():
    anna = {"name": "anna", "built_in": False, "size": 3, "created": "2026-01-02T12:00:00+00:00"}
    reply = {"status": "completed", "voices": [{"name": "example-en", "built_in": True}, anna]}
    assert as_formerly("list_voices", reply) == {
        "status": "success",
        "voices": [{"name": "anna.wav", "size": 3, "last_modified": "2026-01-02T12:00:00+00:00"}],
        "count": 1,
    }


def test_a_voice_of_which_little_is_known_is_listed_as_well():
    listed = as_formerly("list_voices", {"voices": [{"name": "bob", "built_in": False}]})["voices"]
    assert listed == [{"name": "bob.wav", "size": None, "last_modified": None}]


def test_speech_without_word_times_is_told_as_today():
    assert as_formerly("synthesize", {"status": "completed"}) == {"status": "completed"}


@pytest.mark.parametrize(("data", "expected"), [({"endpoint": "tts"}, True), ({"text": "a"}, False), ([], False)])
def test_only_the_former_field_asks_for_the_former_reply(data, expected):
    assert is_legacy(data) == expected
