"""Signs of sums and comparisons, as languages with spaces other than English say them. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from voiceclone.text.normalize.rules import Rule
from voiceclone.text.normalize.spelling import cardinal

_SIGNS = ("<", ">", "≤", "≥", "≈", "≠", "√", "∞", "²", "³", "^")
_WORDS = {
    "de": "kleiner als|größer als|höchstens|mindestens|ungefähr|ungleich|Wurzel aus|unendlich|Quadrat|hoch drei|hoch",
    "fr": "inférieur à|supérieur à|au plus|au moins|environ|différent de|racine carrée de|infini|au carré|au cube"
    "|puissance",
    "es": "menor que|mayor que|como máximo|al menos|aproximadamente|distinto de|raíz de|infinito|al cuadrado|al cubo"
    "|elevado a",
    "it": "minore di|maggiore di|al massimo|almeno|circa|diverso da|radice di|infinito|al quadrato|al cubo|elevato a",
    "pt": "menor que|maior que|no máximo|pelo menos|aproximadamente|diferente de|raiz de|infinito|ao quadrado|ao cubo"
    "|elevado a",
    "ru": "меньше|больше|не больше|не меньше|примерно|не равно|корень из|бесконечность|в квадрате|в кубе|в степени",
    "pl": "mniej niż|więcej niż|najwyżej|co najmniej|około|nie równa się|pierwiastek z|nieskończoność|do kwadratu"
    "|do sześcianu|do potęgi",
    "fi": "alle|yli|enintään|vähintään|noin|eri kuin|neliöjuuri|ääretön|toiseen|kolmanteen|potenssiin",
    "lv": "mazāk par|vairāk par|ne vairāk kā|vismaz|aptuveni|nav|kvadrātsakne no|bezgalība|kvadrātā|kubā|pakāpē",
    "hi": "से कम|से ज़्यादा|अधिकतम|कम से कम|लगभग|बराबर नहीं|वर्गमूल|अनंत|का वर्ग|का घन|की घात",
    "ar": "أقل من|أكثر من|على الأكثر|على الأقل|تقريبا|لا يساوي|جذر|ما لا نهاية|تربيع|تكعيب|أس",
}  # fmt: skip
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")


def sum_rules(language: str, signs: Mapping[str, str], minus: str, *, of_numbers: bool) -> Iterator[Rule]:
    """Rules for what stands between and behind terms.

    Args:
        signs: the words that the language has for others.
        of_numbers: only the powers of numbers, which come before what is measured: 5 m² is no square of m.
    """
    if language not in _WORDS:
        return
    words = dict(zip(_SIGNS, _WORDS[language].split("|"), strict=True))

    def power(match: re.Match[str]) -> str:
        digits = match[0].lstrip("^").translate(_RAISED).replace("−", "-")
        if digits in ("2", "3"):
            return f" {words['²' if digits == '2' else '³']}"
        below = f"{minus} " if digits[0] == "-" else ""
        return f" {words['^']} {below}{cardinal(digits.lstrip('-'), language)}"

    raised = r"(?:\^[-−]?\d{1,3}(?![\w.])|⁻?[⁰¹²³⁴-⁹]{1,3})"
    if of_numbers:
        yield Rule(re.compile(rf"(?<=[\d)]){raised}"), power)
        return
    yield Rule(re.compile(rf"(?<=\w){raised}"), power)
    # `List<int>` compares nothing.
    yield Rule(
        re.compile(r"(?<![\w<>])[<>](?= ?[$€£]?\d)|(?<=[\w)] )[<>](?= [\w(])|(?<=\d)[<>](?=\d)"),
        lambda match: f"{words[match[0]]} ",
    )
    yield Rule(re.compile(r"<=|>="), lambda match: f" {words['≤' if match[0] == '<=' else '≥']} ")
    yield Rule(re.compile("[≤≥≈≠√∞]"), lambda match: f" {words[match[0]]} ")
    yield Rule(re.compile(r"(?<=\d) [:] (?=\d{1,9} ?=)"), lambda _: f" {signs['÷']} ")
    yield Rule(re.compile(r"(?<=\b[a-z]) [-–−] (?=\w{1,4} ?=)"), lambda _: f" {minus} ")
