"""How Italian is read. The gender of a noun is told by its ending and a list."""

from __future__ import annotations

import re

from voiceclone.text.normalize.spelling import cardinal, ordinal, roman
from voiceclone.text.normalize.style import (
    CLOCK,
    HALF,
    HALVES,
    HOUR,
    MINUTE,
    ROMAN,
    ROMAN_NAME,
    Counted,
    Style,
    ending,
    half_of,
    listed,
    ranked,
)

_FEMININE = re.compile("(?:a|[zs]ione|tà|tù|trice|gine|udine|isi|esi|asi|e[sz]ie|ie)$")
_OTHERS = listed(
    """
    app aroma arte artista atleta autista auto barista base boia brindisi capitale carisma carne cattedrale cenere
    chiave cinema classe clima clown collega cornice corrente croce delta dentista dilemma diploma dramma duca
    email enigma estate fame febbre fede fine fonte foto fronte gente geometra giornalista gorilla gru idioma
    koala legge lente luce madre mail mano mente moglie monarca morale morte moto nave neve notte nube opinione
    pace panda panorama papa parete parte patriarca pelle pianeta pianista pilota pirata poema poeta polvere
    prigione prisma problema profeta programma radice radio ragione regione regista religione rete salute schema
    sede siepe sistema sofà sorte specialista stagione stemma tassista telegramma tema torre trauma tribù turista
    unione vaglia valle vernice veste vite voce volpe yoga
    """
)
"""Nouns whose ending tells the wrong gender."""
_NO_NOUNS = re.compile(
    "di|del|e|o|ed|od|a|in|per|con|è|sono|al|il|lo|la|i|gli|le|una?|che|si|non|ha|hanno|virgola|alle?|su"
    "|da|dal|più|meno"
)


def is_feminine(noun: str) -> bool:
    """Whether a noun in the singular is feminine."""
    noun = noun.lower()
    return bool(_FEMININE.search(noun)) != (noun in _OTHERS)


def _agree(number: Counted) -> str:
    words, noun = number.words, number.noun
    if not noun or not number.digits or _NO_NOUNS.fullmatch(noun.lower()):
        return words
    if re.search("(?:milion|miliard)[ei]$|miliardo$", words):
        return words + " di"
    if number.digits != "1" or not words.endswith("uno"):
        return words
    if is_feminine(noun):
        return words[:-3] + ("un'" if noun[0].lower() in "aeiouàèéìòù" else "una")
    if re.match(r"(?i:s[bcdfglmnpqrtvz]|z|gn|ps|pn|x|y)", noun):
        return words
    return words[:-1]


def _roman_rank(match: re.Match[str]) -> str:
    return ordinal(roman(match["roman"]), "it")


def _ruler(match: re.Match[str]) -> str:
    """Giovanni Paolo II, capitolo IV."""
    words = ordinal(roman(match["roman"]), "it")
    return ending(words, ("o", "a")) if re.search("(?:(?<!^Pap)a|arte)$", match["name"]) else words


def _halves(match: re.Match[str]) -> str | None:
    """Two hours and a half, its numbers still in digits."""
    noun = match["noun"]
    if _NO_NOUNS.fullmatch(noun):
        return None
    if match["whole"] == "1" and len(noun) > 2:
        noun = {"ore": "ora", "mesi": "mese", "notti": "notte", "parti": "parte"}.get(noun) or ending(
            noun, ("i", "o"), ("e", "a")
        )
    feminine = noun in ("h", "t", "ore", "volte", "tonnellate", "settimane", "notti") or is_feminine(noun)
    return f"{match['whole']} {noun} e {'mezza' if feminine else 'mezzo'}"


def _part_of(key: str, part: str, unit: str, _: str) -> str:
    if key == "1/2":
        return (
            "mezz'ora" if unit == "ora" else f"{'mezza' if is_feminine(unit.split(maxsplit=1)[0]) else 'mezzo'} {unit}"
        )
    return f"{part} {unit}" if unit == "percento" else f"{part} {'d' + chr(39) if unit[0] == 'o' else 'di '}{unit}"


_SAINTS = {
    **dict.fromkeys(("Pietro", "Paolo", "Marco", "Giovanni", "Giuseppe", "Lorenzo", "Francesco", "Michele", "Martino",
                     "Giorgio", "Nicola", "Domenico", "Siro", "Carlo", "Gennaro", "Benedetto"), "San"),
    **dict.fromkeys(("Maria", "Lucia", "Chiara", "Caterina", "Teresa", "Rita", "Croce", "Margherita"), "Santa"),
    "Stefano": "Santo",
}  # fmt: skip


def _mixed(key: str, part: str, whole: Counted) -> str:
    return f"{whole.words} e {'mezzo' if key == '1/2' else part}"


STYLE = Style(
    to="a",
    clock=("{h} e {m}", "{h}"),
    clock_written=(
        rf"{CLOCK}(?: ?h\b)?", rf"(?<=\b[Aa]lle ){HOUR}\.{MINUTE}", rf"(?<=\b[Dd]alle ){HOUR}\.{MINUTE}",
        rf"(?<=\b[Oo]re ){HOUR}[.,]{MINUTE}",
    ),
    of="di",
    hour_ending=("uno", "una"),
    agree=_agree,
    mixed=_mixed,
    part_of=_part_of,
    always=" ",
    postal_code=r"\d{5}",
    one="un",
    parts="quarto/quarti quinto/quinti sesto/sesti settimo/settimi ottavo/ottavi nono/noni decimo/decimi",
    numbered="binario|domanda|esercizio|gruppo|linea|passo|riga|traccia|articolo|atto|camera|capitolo|episodio"
    "|lezione|libro|livello|pagina|parte|puntata|sala|stagione|tomo|volume",
    per="al",
    scales={"M": ("milione", "milioni", "milioni"), "B": ("miliardo", "miliardi", "miliardi")},
    abbreviations={
        "sig.": "signor", "sig.ra": "signora", "sig.na": "signorina", "sigg.": "signori", "dott.": "dottor",
        "dott.ssa": "dottoressa", "dr.": "dottor", "prof.": "professor", "prof.ssa": "professoressa",
        "p. es.": "per esempio", "ad es.": "ad esempio", "ca.": "circa", "ing.": "ingegner", "avv.": "avvocato",
        "geom.": "geometra", "p.zza": "piazza", "p.za": "piazza", "p.tta": "piazzetta", "mln": "milioni",
        "mld": "miliardi", "v.le": "viale", "c.so": "corso", "l.go": "largo",
        "s.p.a.": "società per azioni", "gent.mo": "gentilissimo",
        "cfr.": "confronta",
        "egr.": "egregio", "spett.le": "spettabile", "op. cit.": "opera citata",
    },
    endings={
        "ecc.": "eccetera", "a. c.": "avanti Cristo", "d. c.": "dopo Cristo", "e. v.": "era volgare",
    },
    counted={
        "n.": "numero", "nr.": "numero", "n°": "numero", "nº": "numero", "n.°": "numero", "pag.": "pagina",
        "pagg.": "pagine", "p.": "pagina", "pp.": "pagine", "tel.": "telefono", "tel.:": "telefono", "cap.": "capitolo",
        "art.": "articolo", "artt.": "articoli", "vol.": "volume", "fig.": "figura", "sec.": "secolo",
        "max.": "massimo", "min.": "minimo",
    },
    signs={
        "&": "e", "@": "chiocciola", "%": "percento", "+": "più", "±": "più o meno", "=": "uguale a", "×": "per",
        "÷": "diviso",
        "°": "gradi", "§": "paragrafo", "/": "barra", ".": "punto", "_": "trattino basso", "-": "trattino",
    },
    fractions={"1/2": "un mezzo", "1/3": "un terzo", "2/3": "due terzi", "1/4": "un quarto", "3/4": "tre quarti"},
    units={"sec.": "s", "min.": "min"},
    named={
        "dB": ("decibel",) * 3, "Wh": ("wattora",) * 3, "mAh": ("milliampere ora",) * 3, "Ah": ("ampere ora",) * 3,
        "bar": ("bar",) * 3, "CV": ("cavallo", "cavalli", "cavalli"),
        **dict.fromkeys(("giri/min", "rpm"), ("giro al minuto", *("giri al minuto",) * 2)),
        "dpi": ("punto per pollice", *("punti per pollice",) * 2),
        "ppm": ("parte per milione", *("parti per milione",) * 2),
        "l/100 km": ("litro ogni cento chilometri", *("litri ogni cento chilometri",) * 2),
    },
    telephones=r"3\d\d[ ./-]?\d{6,7}|3\d\d \d{3} \d{4}|3\d\d \d\d \d\d \d{3}",
    own=(
        (
            rf"\bsecoli (?P<only>(?P<first>[IVX]{{1,6}}) ?[-–] ?{ROMAN.replace('(?P<only>', '')})\b",
            lambda match: f"{ordinal(roman(match['first']), 'it')} - {_roman_rank(match)}",
        ),
        (r"\b(?P<digits>[2-9]|\d{2,3})x\b(?! ?\d)", lambda match: f"{cardinal(match['digits'], 'it')} volte"),
        (HALF, half_of(_part_of, _NO_NOUNS)),
        (HALVES, _halves),
        (r"\b(?P<digits>\d{1,4})(?P<ending>[ºª])(?![CF]\b)", ranked("it")),
        (r"(?<!\d )\b(?P<word>[Mm]ax|[Mm]in)(?= \d)",
         lambda match: {"max": "massimo", "min": "minimo"}[match["word"].lower()]),
        (rf"\bS\.(?= (?P<name>{'|'.join(_SAINTS)})\b)", lambda match: _SAINTS[match["name"]]),
        (r"\bS\. (?=(?:Antonio|Anna|Agata|Agostino|Andrea|Ambrogio|Eufemia)\b)", lambda _: "Sant'"),
        (r"\b1°?(?= MONTHS\b)", lambda _: "primo"),
        (r"\b(?P<digits>\d{1,2})°(?=[ ](?!C\b|F\b)[a-zàèéìòù]{3})", lambda match: ordinal(match["digits"], "it")),
        (rf"\b{ROMAN})(?= secolo\b| sec\.| (?:e|o|al|ed) (?:il )?[IVX]{{1,6}} secolo)", _roman_rank),
        (rf"(?<=\bsecolo ){ROMAN})\b", _roman_rank),
        (r"\bsec\. (?P<roman>[IVX]{1,6})\b", lambda match: f"secolo {_roman_rank(match)}"),
        (r"(?<=[Ii]l )sec\.(?= [IVX])|(?<=[IVX] )sec\.", lambda _: "secolo"),
        (
            rf"\b(?P<name>[A-ZÀ-Ý][a-zà-ÿ]{{1,20}}|articolo|atto|capitolo|libro|parte|tomo|volume) {ROMAN_NAME}",
            _ruler,
        ),
    ),
)  # fmt: skip
