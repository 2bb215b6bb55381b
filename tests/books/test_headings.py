"""Lines that are headings are found in every language of the registered models, and sentences are none."""

from __future__ import annotations

import pytest
from num2words2 import num2words

from voiceclone.books.headings import MAX_LINE, heading_of

NOUNS = {
    "en": "Chapter Stave Part Book",
    "de": "Kapitel Teil",
    "fr": "Chapitre Partie",
    "es": "Capítulo Parte",
    "it": "Capitolo Parte",
    "fi": "Luku Osa",
    "lv": "Nodaļa Daļa",
    "ru": "Глава Часть",
    "hi": "अध्याय भाग",
    "ar": "الفصل الجزء",
}
HEADINGS = """
Chapter 12|CHAPTER I. The Beginning|CHAPTER I. Down the Rabbit-Hole.|Chapter 3 The Long Road|CHAPTER I.—The Start
Chapter the First|CHAPTER THE LAST|BOOK THE FIRST|The First Chapter|Chapter One Hundred and Two|Chapter 2: the end
STAVE ONE|Stave One: Marley's Ghost|Part Two: The Sea|Part II|Part 3 (continued)|Volume 1|Letter 1|Act I|Scene 2
Chapter 7 — “Home”|Chapter 9. What next?|CHAPTER I. Loomings . . . . . 12|_Chapter 4_|*CHAPTER V*|== Chapter 6 ==
Kapitel 3|3. Kapitel|Drittes Kapitel|Erster Teil|Zweiter Teil: Die Reise|Kapitel IV: Wie es weiterging
Chapitre premier|Chapitre II|Première partie|Tome premier|Capítulo 2|CAPÍTULO PRIMERO|Libro primo|PARTE SECONDA
Capitolo III|Capitolo primo|Luku 4|Ensimmäinen luku|1. luku|Luku ensimmäinen|Nodaļa 2|2. nodaļa|Pirmā nodaļa
Глава 1|Глава первая|ГЛАВА ПЕРВАЯ. Начало|Первая глава|2-я часть|Часть вторая|Глава XIV
अध्याय 3|अध्याय ३|पहला अध्याय|الفصل الأول|الفصل ٣|الفصل 2: البداية|الجزء الثاني
第一章|第十二回 天下|第一章 春|第一章初见|第１章|第3話|第二部|第一卷 起源|第２章　夏|卷三|チャプター1|第三章 救命！
Prologue|Epilogue: Home|Vorwort|Préface|Prólogo|Prefazione|Esipuhe|Ievads|Пролог|प्रस्तावना|مقدمة|序章|プロローグ|あとがき
III|12.|I. A SCANDAL IN BOHEMIA
"""
SENTENCES = """
Part two was harder.|Part two was harder|Chapter three was the longest.|Book one is out of print.
Chapter by chapter it went.|Part II, he said, was better.|Part one: get the money. Part two: get out.
Part two. It was harder.|Section 8 is scarce.
Part I'd rather forget.|Act one way or the other.|Letter one arrived.|Chapter 5 ends here. It was good.
Volume two sold well.|Introduction to the book was made.|Prologue was long.|Part six hundred men away.|Book me.
mix|Civil war|He said one.|Kapitel 3 war schwer.|Teil zwei war schwerer.|Erster Teil war gut.|Chapitre 3 était plus dur.
Partie à trois.|Le chapitre premier est long.|Capítulo 2 fue más difícil.|La parte seconda era bella.|Luku 3 oli vaikea.
2. nodaļa bija grūta.|Глава 2 была труднее.|Часть вторая была труднее.|अध्याय 2 कठिन था।|الفصل الأول كان صعبا.
第二章は難しかった。|第二章は難しかった|第一部电影很好看。|第二章很难。
"""


def rows(table):
    return [line for line in table.strip().replace("\n", "|").split("|") if line]


def test_a_heading_is_found():
    for line in rows(HEADINGS):
        found = heading_of(line)
        assert found is not None, line
        assert not found.is_bare, line
        assert found.text == line.removesuffix(" . . . . . 12").strip("_*= ")


def test_a_sentence_is_no_heading():
    assert [line for line in rows(SENTENCES) if heading_of(line)] == []


@pytest.mark.parametrize("to", ["cardinal", "ordinal"])
@pytest.mark.parametrize("language", NOUNS)
def test_any_number_that_is_spelled_out_is_one(language, to):
    """Behind its noun, and an ordinal in front of it as well, in small letters and in capitals."""
    numbers = [num2words(n, lang=language, to=to) for n in range(1, 131)]
    lines = [f"{noun} {number}" for noun in NOUNS[language].split() for number in numbers]
    if to == "ordinal":
        lines += [f"{number} {noun}" for noun in NOUNS[language].split() for number in numbers]
    assert [line for each in lines for line in (each, each.upper()) if heading_of(line) is None] == []


@pytest.mark.parametrize(
    "unit", ["one ", "un", "sei", "esima", "e", "dix ", "ein", "uno", "خمس", "एक", "x", "1", "第一", ". "]
)
def test_no_line_takes_long(unit):
    """Half a million lines would be a book of the greatest length: none of them is gone through again and again."""
    for line in (f"Chapter {unit * 80}"[:MAX_LINE], f"{unit * 80}"[: MAX_LINE - 1] + "!"):
        for _ in range(300):
            heading_of(line)
