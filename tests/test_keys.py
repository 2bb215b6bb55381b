"""A key is taken without the space around it, and one that was not copied as it is is named, not shown."""

from __future__ import annotations

import pytest

from voiceclone.keys import key_in


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ("rpa_known", "rpa_known"),
        (" rpa_known\r\n", "rpa_known"),
        ("a/b+c=", "a/b+c="),
        ("it's", "it's"),
        ("", ""),
        (" ", ""),
    ],
)
def test_space_around_a_key_is_left_out(given, key):
    assert key_in({"RUNPOD_API_KEY": given}, "RUNPOD_API_KEY") == key
    assert key_in({}, "RUNPOD_API_KEY") == ""


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ("rpa_\nknown", "has characters that no key has, a line break: copy it anew, in one line"),
        ("rpa_\rknown", "has characters that no key has, a line break"),
        ("rpa_ known", "has characters that no key has, a space"),
        ("rpa_\tknown", "has characters that no key has, a space"),
        ("rpa_\u00a0known", "has characters that no key has, a space"),
        ('"rpa_known"', "has quotes around it: write it without them"),
        ("'rpa_known", "has quotes around it"),
        ("“rpa_known”", "has quotes around it"),
        ("`rpa_known`", "has quotes around it"),
        ("Bearer rpa_known", "begins with a word such as Bearer: write the key alone"),
        ("bearer  rpa_known", "begins with a word such as Bearer"),
        ("Authorization: rpa_known", "begins with a word such as Bearer"),
        ("rpa_knöwn", "has characters that no key has"),
        ("rpa_\u200bknown", "has characters that no key has"),
        ("rpa_\x00known", "has characters that no key has"),
    ],
)
def test_a_key_that_was_not_copied_as_it_is_is_named(given, fault):
    with pytest.raises(ValueError, match=f"^RUNPOD_API_KEY {fault}") as caught:
        key_in({"RUNPOD_API_KEY": given}, "RUNPOD_API_KEY")
    assert "known" not in str(caught.value)
