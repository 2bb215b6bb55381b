"""A book's language becomes a code that the worker reads numbers in, or is told by its words."""

from __future__ import annotations

import pytest

from voiceclone.books.languages import code_of, detected


@pytest.mark.parametrize(
    ("told", "code"),
    [
        *[("en", "en"), ("en-US", "en"), ("EN_gb", "en"), ("eng", "en"), ("eng-US", "en"), ("English", "en")],
        *[("ger", "de"), ("deu", "de"), ("fre", "fr"), ("fra-CA", "fr"), ("spa", "es"), ("ita", "it"), ("fin", "fi")],
        *[("lav", "lv"), ("rus", "ru"), ("hin", "hi"), ("ara", "ar"), ("jpn", "ja"), ("chi", "zh"), ("zho", "zh")],
        *[
            ("zh-Hans-CN", "zh"),
            ("cmn-Hant", "zh"),
            ("Русский", "ru"),
            ("日本語", "ja"),
            (" fr ", "fr"),
            ("gsw", "gsw"),
        ],
        *[("und", None), ("mul", None), ("zxx", None), ("UND", None), ("", None), (None, None), ("x-none", None)],
        *[("qaa", None), ("Klingonese", None), ("-", None)],
    ],
)
def test_a_code_is_found(told, code):
    assert code_of(told) == code


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("It was late in 1984, and there was nobody in the street.", "en"),
        ("Es war spät, und der Mann ging nicht nach Hause.", "de"),
        ("Il était tard et elle ne dormait pas.", "fr"),
        ("El hombre que no tenía nombre vivía en la montaña.", "es"),
        ("Era una notte buia, e non si vedeva la luna.", "it"),
        ("Hän oli kotona, mutta se ei auttanut.", "fi"),
        ("Viņš bija mājās, bet tas nav labi.", "lv"),
        ("Он был дома.", "ru"),
        ("वह 12 बजे घर गया।", "hi"),
        ("ذهب إلى البيت.", "ar"),
        ("今日は天気がいい。", "ja"),
        ("今天天气很好。", "zh"),
        ("O homem não tinha nome e a mulher também não.", "pt"),
        ("Він був удома, і це добре.", "uk"),
        ("Hello there.", None),
        ("12 34 !?", None),
        ("", None),
    ],
)
def test_a_language_is_told_by_its_words(text, language):
    assert detected(text) == language
