"""How Portuguese is read. The gender of a noun is told by its ending and a list."""

from __future__ import annotations

import re

from voiceclone.text.normalize.spelling import cardinal, ordinal, roman
from voiceclone.text.normalize.style import (
    CLOCK,
    HALF,
    HALVES,
    ROMAN,
    ROMAN_NAME,
    Counted,
    Style,
    ending,
    half_of,
    listed,
    ranked,
)

_FEMININE = re.compile("(?:as?|ção|ções|são|sões|dades?|tudes?|gem|gens|tizes?|ice)$")
_OTHERS = listed(
    """
    base bases carne carnes chave chaves cinema cinemas classe classes clima climas cor cores cruz cruzes dia dias
    dor dores drama dramas esquema esquemas fase fases flor flores fonte fontes foto fotos frase frases gente
    grama gramas quilograma quilogramas miligrama miligramas
    idioma idiomas lei leis luz luzes mapa mapas moto motos mulher mulheres mãe mães mão mãos noite noites nuvem
    nuvens parte partes pele planeta planetas poema poemas problema problemas programa programas rede redes sede
    sistema sistemas sofá sofás série séries tarde tardes tema temas torre torres vez vezes voz vozes
    """
)
"""Nouns whose ending tells the wrong gender."""
_NO_NOUNS = re.compile("de|do|da|e|ou|a|à|às|ao|em|por|com|para|é|são|os?|as|uma?|que|se|não|mais|menos|vírgula|mil")


def _is_feminine(noun: str) -> bool:
    return bool(_FEMININE.search(noun.lower())) != (noun.lower() in _OTHERS)


def _agree(number: Counted) -> str:
    words, noun = number.words, number.noun
    if not noun or not number.digits or _NO_NOUNS.fullmatch(noun.lower()):
        return words
    if re.search("milh(?:ão|ões)$", words):
        return words + " de"
    if not _is_feminine(noun):
        return words
    words = ending(words, ("dois", "duas"), ("um", "uma"))
    return re.sub("entos(?= |$)", "entas", words)


def _halves(match: re.Match[str]) -> str | None:
    """Two hours and a half, its numbers still in digits."""
    noun = match["noun"]
    if _NO_NOUNS.fullmatch(noun):
        return None
    noun = noun.removesuffix("s") if match["whole"] == "1" and len(noun) > 2 else noun
    return f"{match['whole']} {noun} e {'meia' if noun in ('h', 't') or _is_feminine(noun) else 'meio'}"


def _part_of(key: str, part: str, unit: str, _: str) -> str:
    if key == "1/2":
        return f"{'meia' if _is_feminine(unit.split(maxsplit=1)[0]) else 'meio'} {unit}"
    return f"{part} {unit}" if unit.startswith("por ") else f"{part} de {unit}"


def _mixed(key: str, part: str, whole: Counted) -> str:
    return f"{whole.words} e {'meio' if key == '1/2' else part}"


STYLE = Style(
    to="a",
    clock=("{h} e {m}", "{hours}"),
    clock_written=(f"{CLOCK}(?: ?h\\b)?", r"(?P<hour>[01]?\d|2[0-4]) ?h ?(?P<minute>[0-5]\d)?\b"),
    of="de",
    hour_ending=("um", "uma"),
    agree=_agree,
    mixed=_mixed,
    part_of=_part_of,
    always="por",
    postal_code=r"\d{5}-\d{3}",
    telephones=r"\(\d\d\) ?9?\d{4}-\d{4}|9?\d{4}-\d{4}",
    one="um",
    parts="quarto/quartos quinto/quintos sexto/sextos sétimo/sétimos oitavo/oitavos nono/nonos décimo/décimos",
    numbered="exercício|faixa|grupo|linha|passo|pergunta|ato|artigo|capítulo|episódio|lição|livro|nível|página"
    "|parte|sala|temporada|tomo|volume",
    per="por",
    scales={"M": ("milhão", "milhões", "milhões"), "B": ("mil milhões",) * 3},
    abbreviations={
        "sr.": "senhor", "sra.": "senhora", "srta.": "senhorita", "dr.": "doutor", "dra.": "doutora",
        "p. ex.": "por exemplo", "prof.": "professor", "profa.": "professora", "av.": "avenida",
        "aprox.": "aproximadamente",
        "exmo.": "excelentíssimo", "eng.": "engenheiro", "séc.": "século", "v. exa.": "vossa excelência",
    },
    endings={"etc.": "etcétera", "a. c.": "antes de Cristo", "d. c.": "depois de Cristo"},
    counted={"n.º": "número", "nº": "número", "n°": "número", "pág.": "página", "págs.": "páginas",
        "tel.": "telefone", "tel.:": "telefone",
             "cap.": "capítulo", "vol.": "volume", "art.": "artigo", "fig.": "figura", "p.": "página"},
    signs={
        "&": "e", "@": "arroba", "%": "por cento", "+": "mais", "±": "mais ou menos", "=": "igual a", "×": "vezes",
        "÷": "dividido por",
        "°": "graus", "§": "parágrafo", "/": "barra", ".": "ponto", "_": "sublinhado", "-": "hífen",
    },
    fractions={"1/2": "meio", "1/3": "um terço", "2/3": "dois terços", "1/4": "um quarto", "3/4": "três quartos"},
    named={"dB": ("decibel", "decibéis", "decibéis")},
    own=(
        (HALF, half_of(_part_of, _NO_NOUNS)),
        (HALVES, _halves),
        (r"(?<![\w.])D\.(?= [A-ZÀ-Ý][a-zà-ÿ])", lambda _: "Dom"),
        (r"(?<![\w.])R\.(?= [A-ZÀ-Ý][\w ]{1,30}, \d)", lambda _: "Rua"),
        (
            r"\b(?P<digits>\d{1,4})\.?(?P<ending>[ºª])(?![CF]\b)",
            ranked("pt"),
        ),
        (rf"(?<=\b[Ss]éculo ){ROMAN})\b", lambda match: cardinal(roman(match["roman"]), "pt")),
        (rf"(?<=\b[Ss]éc\. ){ROMAN})\b", lambda match: cardinal(roman(match["roman"]), "pt")),
        (
            rf"\b(?:[A-ZÀ-Ý][a-zà-ÿ]{{1,20}}|ato|artigo|capítulo|livro|parte|tomo|volume) {ROMAN_NAME}",
            lambda m: (ordinal if int(roman(m["roman"])) <= 10 else cardinal)(roman(m["roman"]), "pt"),
        ),
    ),
)  # fmt: skip
