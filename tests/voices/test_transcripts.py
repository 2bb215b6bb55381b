"""What the network is given of a transcript is what is said, in every language, however it is written."""

from __future__ import annotations

import pytest

from voiceclone.voices.transcripts import said

PAID = "In nineteen eighty-four, twenty-five men paid one thousand two hundred and fifty dollars. "


@pytest.mark.parametrize(
    ("written", "language", "spoken", "expected"),
    [
        ("In 1984, 25 men paid $1,250.", "en", (), PAID),
        ("In 1984, 25 men paid $1,250", None, ("en", "zh"), PAID),
        (PAID, "en", (), PAID),
        ("THE DOOR IS OPEN", "en", (), "the door is open. "),
        ("NASA said so.", "en", (), "NASA said so. "),
        ("Es kostet 25 Euro.", "de", ("en",), "Es kostet fünfundzwanzig Euro. "),
        ("Il coûte 25 euros.", None, ("fr",), "Il coûte vingt-cinq euros. "),
        ("1984年", None, ("en", "zh"), "一九八四年。"),
        ("Zimmer 12", None, (), "Zimmer 12. "),
        ("Room 12", "xx", ("en",), "Room 12. "),
        ("  7\n", "en", (), "seven. "),
    ],
)
def test_a_transcript_is_what_is_said(written, language, spoken, expected):
    """And what is said says the same once more."""
    assert said(written, language, spoken) == expected
    assert said(expected, language, spoken) == expected
