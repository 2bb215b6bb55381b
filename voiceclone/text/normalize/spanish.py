"""How Spanish is read. The gender of a noun is told by its ending and a list."""

from __future__ import annotations

import re

from voiceclone.text.normalize.spelling import cardinal, one_by_one, ordinal, roman
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

_FEMININE = re.compile("(?:a|ci[oó]n|si[oó]n|xi[oó]n|dad|tad|tud|umbre|sis|itis|triz)$")
_OTHERS = listed(
    """
    análisis aroma artista asma astronauta atleta axioma base belga buda calle capital carisma carne catedral
    clase clave clima colega cometa compatriota corriente cruz cura cárcel dentista deportista dilema diploma
    dogma drama día economista ele enigma especialista especie esquema estigma fantasma fase fe fiebre flor foto
    frase fuente futbolista gente gorila guardia guía hambre hélice idioma imagen intemperie karma labor leche ley
    llave luz madre mano mapa mente miel moto muerte mujer nariz nave nieve noche nube oasis orden panda papá
    pared parte paréntesis paz perdiz periodista piel pijama pirata planeta planicie plasma poema poeta prisma
    problema profeta programa radio raíz red sal sangre sartén sed sede serie serpiente señal simiente sistema
    sofá suerte superficie síntoma tarde taxista telegrama tema torre tranvía trauma turista vez virgen vocal voz
    yoga énfasis éxtasis óasis
    """
)
"""Nouns whose ending tells the wrong gender."""
_STRESSED = listed("agua águila ala alma ancla ansia área arma asa aula ave habla hacha hada hambre")
"""Feminine nouns that begin with a stressed a: un agua."""
_PLURALS = {"veces": "vez", "luces": "luz", "voces": "voz", "cruces": "cruz", "raíces": "raíz", "narices": "nariz"}
_NO_NOUNS = re.compile(
    "de|del|y|o|u|a|en|por|con|para|es|son|al|el|los?|las?|un|una|que|se|no|ha|han|era|más|menos|coma|mil"
)


def is_feminine(noun: str) -> bool:
    """Whether a noun is feminine."""
    noun = noun.lower()
    forms = [noun, _PLURALS.get(noun, ""), noun.removesuffix("s"), noun.removesuffix("es")]
    single = next((form for form in forms if form in _OTHERS), None)
    if single is not None:
        return not _FEMININE.search(single)
    return any(_FEMININE.search(form) for form in (noun, noun.removesuffix("s"), noun.removesuffix("es")))


def _agree(number: Counted) -> str:
    words, noun = number.words, number.noun
    if noun == "mil" and len(number.behind) > 1:
        noun = number.behind[1]
    if not noun or not number.digits or _NO_NOUNS.fullmatch(noun.lower()):
        return words
    if words.split(" ")[-1] in ("millón", "millones", "billón", "billones"):
        return words + " de"
    if not is_feminine(noun) or (number.digits == "1" and noun.lower() in _STRESSED):
        return ending(words, ("veintiuno", "veintiún"), ("uno", "un"))
    # What counts millions is masculine.
    millions, stop, rest = words.rpartition("mill" + ("ones " if "millones " in words else "ón "))
    return (
        millions + stop + ending(rest, ("uno", "una")).replace("cientos", "cientas").replace("quinientos", "quinientas")
    )


def _roman(match: re.Match[str]) -> str:
    return cardinal(roman(match["roman"]), "es")


def _ruler(match: re.Match[str]) -> str:
    """Felipe VI, capítulo IV."""
    number = roman(match["roman"])
    if int(number) > 10:
        return cardinal(number, "es")
    words = ordinal(number, "es")
    return ending(words, ("o", "a")) if re.search("(?:a|abel|arte)$", match["name"]) else words


def _halves(match: re.Match[str]) -> str | None:
    """Two hours and a half, its numbers still in digits."""
    noun = match["noun"]
    if _NO_NOUNS.fullmatch(noun):
        return None
    noun = noun.removesuffix("s") if match["whole"] == "1" else noun
    return f"{match['whole']} {noun} y {'media' if noun in ('h', 't', 'lb') or is_feminine(noun) else 'medio'}"


def _part_of(key: str, part: str, unit: str, _: str) -> str:
    if key == "1/2":
        return f"{'media' if is_feminine(unit.split(maxsplit=1)[0]) else 'medio'} {unit}"
    return f"{part} {unit}" if unit.startswith("por ") else f"{part} de {unit}"


def _mixed(key: str, part: str, whole: Counted) -> str:
    return f"{whole.words} y {'medio' if key == '1/2' else part}"


STYLE = Style(
    to="a",
    clock=("{h} {m}", "{hours}"),
    clock_written=(
        rf"{HOUR}\.{MINUTE} ?hs?\b", rf"(?<=\blas ){HOUR}\.{MINUTE}", f"{CLOCK}(?: ?(?:h|hs|hrs)\\b)?",
        r"(?P<hour>[01]?\d|2[0-4])h(?P<minute>[0-5]\d)\b"),
    of="de",
    hour_ending=("uno", "una"),
    agree=_agree,
    mixed=_mixed,
    part_of=_part_of,
    always=" ",
    postal_code=r"\d{5}",
    one="un",
    parts="cuarto/cuartos quinto/quintos sexto/sextos séptimo/séptimos octavo/octavos noveno/novenos décimo/décimos",
    numbered="andén|ejercicio|grupo|línea|paso|pista|pregunta|puerta|puesto|vía|acto|artículo|capítulo|episodio"
    "|habitación|lección|libro|nivel|parte|página|sala|temporada|tomo|volumen",
    per="por",
    scales={"M": ("millón", "millones", "millones"), "B": ("mil millones",) * 3},
    abbreviations={
        "sr.": "señor", "sra.": "señora", "srta.": "señorita", "sres.": "señores", "dr.": "doctor", "dra.": "doctora",
        "ud.": "usted", "uds.": "ustedes", "vd.": "usted", "vds.": "ustedes", "p. ej.": "por ejemplo",
        "aprox.": "aproximadamente", "avda.": "avenida", "c/": "calle", "dña.": "doña",
        "prof.": "profesor", "profa.": "profesora", "ing.": "ingeniero", "lic.": "licenciado", "gral.": "general",
        "sto.": "Santo", "sta.": "Santa", "depto.": "departamento",
        "ed.": "edición",
        "pza.": "plaza", "ctra.": "carretera", "esp.": "especialmente", "fdo.": "firmado",
        "rr. hh.": "recursos humanos",
    },
    endings={
        "etc.": "etcétera", "a. c.": "antes de Cristo", "d. c.": "después de Cristo", "a. de c.": "antes de Cristo",
        "d. de c.": "después de Cristo", "cía.": "compañía", "ee. uu.": "Estados Unidos", "a. m.": "de la mañana",
        "p. m.": "de la tarde",
    },
    counted={
        "n.º": "número", "nº": "número", "n°": "número", "n.°": "número", "nro.": "número", "núm.": "número",
        "núms.": "números", "pág.": "página", "págs.": "páginas", "p.": "página", "pp.": "páginas",
        "tel.": "teléfono", "tel.:": "teléfono", "máx.": "máximo", "mín.": "mínimo", "cap.": "capítulo",
        "vol.": "volumen", "art.": "artículo",
        "fig.": "figura",

    },
    titles={"Av.": "avenida"},
    signs={
        "&": "y", "@": "arroba", "%": "por ciento", "+": "más", "±": "más o menos", "=": "igual a", "×": "por",
        "÷": "entre",
        "°": "grados", "§": "sección", "/": "barra", ".": "punto", "_": "guion bajo", "-": "guion",
    },
    fractions={"1/2": "un medio", "1/3": "un tercio", "2/3": "dos tercios", "1/4": "un cuarto", "3/4": "tres cuartos"},
    units={"hs": "h", "seg": "s", "seg.": "s", "min.": "min", "hrs.": "h", "km.": "km", "kg.": "kg"},
    named={
        "dB": ("decibelio", "decibelios", "decibelios"), "Wh": ("vatio hora", "vatios hora", "vatios hora"),
        "mAh": ("miliamperio hora", "miliamperios hora", "miliamperios hora"),
        "Ah": ("amperio hora", "amperios hora", "amperios hora"), "CV": ("caballo", "caballos", "caballos"),
        "rpm": ("revolución por minuto", *("revoluciones por minuto",) * 2),
        **dict.fromkeys(("dpi", "ppp"), ("punto por pulgada", *("puntos por pulgada",) * 2)),
        "ppm": ("parte por millón", *("partes por millón",) * 2),
        "l/100 km": ("litro a los cien", *("litros a los cien",) * 2),
    },
    telephones=r"[6789]\d\d(?: \d\d){3}|[89]\d \d{3}(?: \d\d){2}|[67]\d\d-\d{3}-\d{3}",
    own=(
        (HALF, half_of(_part_of, _NO_NOUNS)),
        (r"\bD\.ª(?= [A-ZÁÉÍÓÚÑ])", lambda _: "doña"),
        (r"\bP\.º(?= d)", lambda _: "paseo"),
        (
            r"(?<![\d.,] )(?<![\w.,])[679]\d\d (?!000)\d{3} (?!000)\d{3}(?=[.;)]|\Z)",
            lambda match: ", ".join(one_by_one(group, "es") for group in match[0].split()),
        ),
        # A telephone, which is written as an amount is.
        (
            r"\b(?:al|[Mm]óvil|[Nn]úmero|[Tt]eléfono)[: ]{1,2}(?P<only>[6-9]\d\d \d{3} \d{3})\b",
            lambda match: ", ".join(one_by_one(group, "es") for group in match["only"].split()),
        ),
        (HALVES, _halves),
        (r"\b(?P<digits>\d{1,4})\.?(?P<ending>[ºª])(?![CF]\b)", ranked("es")),
        (r"\b(?P<digits>[13])\.?(?:er|ᵉʳ)\b", lambda match: {"1": "primer", "3": "tercer"}[match["digits"]]),
        (r"\b(?P<digits>\d{1,2})°(?=[ ](?!C\b|F\b)[a-záéíóúñ]{3})", lambda match: ordinal(match["digits"], "es")),
        (rf"(?<=\b[Ss]iglo ){ROMAN})\b", _roman),
        (rf"(?<=\b[Ss]iglos ){ROMAN})\b", _roman),
        (
            rf"\b[Ss]iglos [IVXL]{{1,8}}(?:,? (?:y|a|al|o) | ?[-–] ?|, ){ROMAN})\b",
            _roman,
        ),
        (r"\b[Ss]iglos [IVXL]{1,8}(?P<only> ?[-–] ?)(?=[IVXL]{1,8}\b)", lambda _: " a "),
        (r"\bS\.(?= (?:Pedro|Pablo|Juan|José|Francisco|Antonio|Martín|Miguel|Sebastián|Fernando|Isidro|Lorenzo)\b)",
         lambda _: "San"),
        (r"\bss\.(?= [IVX])", lambda _: "siglos"),
        (r"\b(?:s\. ?(?=[IVX])|S\. (?=[IVX]{2}))(?P<roman>[IVX]{1,6})\b", lambda match: f"siglo {_roman(match)}"),
        (
            # Not vitamin D.
            r"(?<![\w.])(?:(?<=\b\w )|(?<=\b\w\w )|(?<=\b\w\w\w )|(?<=[(,;:«¿¡]) ?|(?<![\s\S]))(?P<only>D\.)"
            r"(?= [A-ZÁÉÍÓÚÑ][a-záéíóúñ])",
            lambda _: "don",
        ),
        (r"\b(?P<name>Alfonso|Pío|León|capítulo|acto) (?P<only>X)\b", lambda _: "décimo"),
        (
            rf"\b(?P<name>[A-ZÀ-Ý][a-zà-ÿ]{{1,20}}|acto|artículo|capítulo|libro|parte|tomo|volumen) {ROMAN_NAME}",
            _ruler,
        ),
    ),
)  # fmt: skip
