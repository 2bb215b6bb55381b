"""Digits become words that are said; nothing else of a text changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceclone.normalize import can_spell, spell_numbers


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("I have 25 apples.", "I have twenty-five apples."),
        ("3.14 of 1,234,567", "three point one four of one million two hundred and thirty-four thousand five"
         " hundred and sixty-seven"),
        ("-5 and 0.5%", "minus five and zero point five percent"),
        ("It costs $25.10, or €5, or £1,000.00.", "It costs twenty-five dollars and ten cents, or five euro, or one"
         " thousand pounds sterling."),
        ("The 21st of May 1984, at 7:30.", "The twenty-first of May nineteen eighty-four, at seven thirty."),
        ("7:00, 12:05 and 15:00", "seven o'clock, twelve oh five and fifteen hundred hours"),
        ("In 2024 there were 2005.", "In twenty twenty-four there were two thousand and five."),
        ("Agent 007 has 1234567890123.", "Agent zero zero seven has one two three four five six seven eight nine zero"
         " one two three."),
        ("1,999 people paid $5 million, or $1.5.", "one thousand nine hundred and ninety-nine people paid five million"
         " dollars, or one point five dollars."),
        ("At 7:00pm or 9:15 a.m. sharp", "At seven p m or nine fifteen a m. sharp"),
        ("mp3 and B2B", "mp three and B two B"),
        ("No numbers here, at all.", "No numbers here, at all."),
    ],
)  # fmt: skip
def test_english_numbers_are_read_as_people_read_them(written, spoken):
    assert spell_numbers(written, "en") == spoken


def test_other_languages_have_numbers_of_their_own():
    assert spell_numbers("25 Hunde", "de") == "fünfundzwanzig Hunde"
    assert spell_numbers("21 chats", "fr") == "vingt et un chats"


@pytest.mark.parametrize("language", ["en", "de", "te", "kn", "ja"])
@pytest.mark.parametrize("written", ["${}", "{}th", "{}", "{}.5%", "€{}.99"])
@pytest.mark.parametrize("digits", [11, 30, 400, 5000])
def test_numbers_of_any_length_are_read_somehow(language, written, digits):
    spoken = spell_numbers(written.format("7" * digits), language)
    assert not any(c.isdigit() for c in spoken)


def test_chinese_text_and_unknown_languages_keep_their_digits():
    assert spell_numbers("我有25个苹果", "en") == "我有25个苹果"
    assert not can_spell("zh-tw")
    assert not can_spell("xx")


@given(st.text(st.sampled_from("0123456789.,:$€£%-− abst"), max_size=40))
def test_no_digit_is_left_and_no_word_lost(written):
    spoken = spell_numbers(written, "en")
    assert not any(c.isdigit() for c in spoken)
    assert spell_numbers(spoken, "en") == spoken


@given(st.text(max_size=40).filter(lambda t: not any(c.isdigit() for c in t)))
def test_text_without_numbers_stays_as_it_is(written):
    assert spell_numbers(written, "en") == written
