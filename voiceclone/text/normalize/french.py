"""How French is read. The gender of a noun is told by its ending and a list."""

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
    listed,
)

_FEMININE = re.compile(
    r"(?:[st]ion|ace|ache|ade|agne|aison|ambe|ampe|ance|anche|ande|ane|ante|ape|appe|arche|arre"
    r"|ave|ence|ende|ente|erche|erne|erre|ice|iche|ie|igle|igne|ine|ise|ive|lle|mme|nne|oche"
    r"|ogne|oire|ole|ombe|onde|orce|orme|orne|ose|oupe|ource|ourse|rde|sse|tié|tte|tude|té|uche"
    r"|ue|ule|une|ure|use|xion|âte|ère|ète|ève|ée|ête|être|ôte)$"
)
_OTHERS = listed(
    """
    ancêtre apogée arme arrêté athlète auditoire auto barbe bastion boisson boîte bénéfice cage camarade camée
    caniche capitaine caprice caractère carte catalogue chair chaleur chambre chanson chèvre cible cimeterre
    cimetière cinquante clef clé collègue comité comté conservatoire couleur cour critère croix crépuscule côté
    dame date dent dentifrice diabète dialogue dilemme dimanche dividende divorce dogue domaine douleur député eau
    encre erreur espace exercice faim faute façon fibre fin fièvre fleur foi foie fois forêt fourmi frère garde
    gare gifle glaive gorille grade gramme groupe génie hauteur herbe homme hospice hêtre image incendie indice
    insigne invité jade kilogramme kilowatt-heure laboratoire largeur lettre leçon libelle lierre loi longueur
    lycée lèpre lèvre magazine main malade maman manche mausolée mer messie mille milligramme ministère minute
    module monde monologue mort moto musée mystère nage noix note nuit odeur oeuvre office ombre orange organe
    orifice page paix palace pape parapente parapluie part peigne petite peur photo phrase pile pièce plage
    platane porte pourboire poète prison profondeur programme prologue prophète préambule pâté père pétrole
    quarante radio rafle rage renne robe route règle répertoire sacrifice saveur scarabée scrupule service sigle
    signe silence soeur soif soixante sosie souris squelette stade stéréo symbole sœur table territoire toile
    tonnerre tour traité trente trophée uniforme valeur vapeur vermicelle verre vidéo vis voile voix véhicule
    wattheure édifice élève équipe étoile été être île œuvre
    """
)
"""Nouns, and adjectives in front of them, whose ending tells the wrong gender."""


def is_feminine(noun: str) -> bool:
    """Whether a noun, or an adjective in front of one, is feminine."""
    noun = noun.lower()
    single = noun if noun in _OTHERS or noun.endswith(("oix", "ois")) else noun.removesuffix("s")
    return bool(_FEMININE.search(single)) != (single in _OTHERS)


_NO_NOUNS = re.compile(
    "et|ou|à|de|du|des|en|sur|par|pour|dans|est|sont|a|ont|ce|la|le|les|une?|avec|sans|puis|mais|que|qui|[dlncsj]|qu"
)


_OF_BOTH = ("autre", "autres", "même", "mêmes", "jeune", "jeunes", "simple", "simples", "large", "double", "vaste")
"""Adjectives that have one form for both genders."""


def _agree(number: Counted) -> str:
    noun = number.noun
    if noun and not _NO_NOUNS.fullmatch(noun.lower()):
        if number.words.split(" ")[-1].rstrip("s") in ("million", "milliard"):
            return number.words + (" d'" if noun[0].lower() in "aeiouyéèêâîôûœh" and noun.lower() != "huit" else " de")
        noun = number.behind[1] if noun in _OF_BOTH and len(number.behind) > 1 else noun
        if number.words.endswith("un") and is_feminine(noun):
            return number.words + "e"
    return number.words


def _rank(match: re.Match[str]) -> str:
    digits, written = match["digits"], match["ending"]
    if digits == "1":
        return ("première" if written[0] in "rèʳ" else "premier") + "s" * written.endswith("s")
    if written in ("nd", "nde", "de") and digits == "2":
        return "second" + "e" * written.endswith("e")
    plural = "s" * (written in ("es", "èmes"))
    return ordinal(digits, "fr") + plural


def _roman_rank(match: re.Match[str]) -> str:
    digits = roman(match["roman"])
    if digits == "1":
        return "première" if match["ending"] in ("re", "ère") else "premier"
    return ordinal(digits, "fr")


def _halves(match: re.Match[str]) -> str | None:
    """Two hours and a half, its numbers still in digits."""
    noun = match["noun"]
    if _NO_NOUNS.fullmatch(noun):
        return None
    demi = "demie" if noun in ("h", "min", "s", "t") or is_feminine(noun) else "demi"
    return f"{match['whole']} {noun} et {demi}"


def _half(match: re.Match[str]) -> str | None:
    noun = match["noun"]
    if _NO_NOUNS.fullmatch(noun):
        return None
    article = "" if match["article"] else "une " if is_feminine(noun) else "un "
    return f"{match['article'] or ''}{article}demi-{noun}"


def _part_of(key: str, part: str, unit: str, before: str) -> str:
    """Un demi-litre, trois quarts d'heure."""
    if key == "1/2" and not unit.startswith("pour "):
        article = "" if before in ("un", "une", "le", "la", "ce", "cette", "chaque") else "un "
        return f"{article if not article or not is_feminine(unit) else 'une '}demi-{unit}"
    return (
        f"{part}{' d' + chr(39) if unit[0] in 'aeiouéh' else ' de '}{unit}" if unit[:4] != "pour" else f"{part} {unit}"
    )


def _mixed(key: str, part: str, whole: Counted) -> str:
    return f"{whole.words} et demi" if key == "1/2" else f"{whole.words} et {part}"


_ORDINALS = r"ᵉ|e|es|ème|èmes|ième"

STYLE = Style(
    to="à",
    clock=("{hours} {m}", "{hours}"),
    clock_written=(CLOCK, rf"{HOUR} ?[hH](?: ?{MINUTE}(?! ?(?:min|s)\b))?\b"),
    of="de",
    hour_ending=("un", "une"),
    agree=_agree,
    mixed=_mixed,
    part_of=_part_of,
    always="sur",
    one="un",
    parts="quart/quarts cinquième/cinquièmes sixième/sixièmes septième/septièmes huitième/huitièmes"
    " neuvième/neuvièmes dixième/dixièmes",
    numbered="étape|exercice|groupe|ligne|piste|point|porte|question|quai|voie|acte|annexe|article|chambre|chapitre"
    "|épisode|leçon|livre|niveau|page|partie|saison|salle|tome|volume",
    per="par",
    scales={"M": ("million", "millions", "millions"), "B": ("milliard", "milliards", "milliards")},
    abbreviations={
        "mme": "Madame", "mme.": "Madame", "mlle.": "Mademoiselle", "mr": "Monsieur", "mr.": "Monsieur",
        "mmes": "Mesdames", "mlle": "Mademoiselle", "mlles": "Mesdemoiselles", "dr": "Docteur",
        "p. ex.": "par exemple", "c.-à-d.": "c'est-à-dire", "env.": "environ", "cf.": "confer",
        "mgr": "Monseigneur", "av.": "avenue",
        "janv.": "janvier", "févr.": "février", "avr.": "avril", "juil.": "juillet",
        "oct.": "octobre", "nov.": "novembre", "déc.": "décembre", "éd.": "édition",
    },
    endings={
        "etc.": "et cetera", "av. j.-c.": "avant Jésus-Christ", "apr. j.-c.": "après Jésus-Christ",
        "arr.": "arrondissement", "ap. j.-c.": "après Jésus-Christ", "svp": "s'il vous plaît",
    },
    counted={
        "n°": "numéro", "nº": "numéro", "n°s": "numéros", "p.": "page", "pp.": "pages", "chap.": "chapitre",
        "tél.": "téléphone", "tél. :": "téléphone :", "art.": "article", "vol.": "volume", "fig.": "figure",
        "no.": "numéro", "tel.": "téléphone", "al.": "alinéa", "max.": "maximum", "min.": "minimum", "ch.": "chapitre",
    },
    titles={"M.": "Monsieur", "MM.": "Messieurs", "Pr": "Professeur", "Pr.": "Professeur", "Me": "Maître",
            "Dr.": "Docteur", "bd": "boulevard", "bd.": "boulevard", "Bd.": "Boulevard", "Bd": "Boulevard",
            "St": "Saint", "Ste": "Sainte"},
    signs={
        "&": "et", "@": "arobase", "%": "pour cent", "+": "plus", "±": "plus ou moins", "=": "égale", "×": "fois",
        "÷": "divisé par",
        "°": "degrés", "§": "paragraphe", "/": "sur", ".": "point", "_": "tiret bas", "-": "tiret",
    },
    fractions={"1/2": "un demi", "1/3": "un tiers", "2/3": "deux tiers", "1/4": "un quart", "3/4": "trois quarts"},
    units={"Go/s": "GB/s", "Mo/s": "MB/s", "Go": "GB", "Mo": "MB", "Ko": "kB", "ko": "kB", "To": "TB", "sec.": "s",
        "mn": "min"},
    named={
        "dB": ("décibel", "décibels", "décibels"), "Wh": ("wattheure", "wattheures", "wattheures"),
        "mAh": ("milliampère-heure", "milliampères-heures", "milliampères-heures"), "j": ("jour", "jours", "jours"),
        "Ah": ("ampère-heure", "ampères-heures", "ampères-heures"),
        "l/100 km": ("litre aux cent", *("litres aux cent",) * 2),
        **dict.fromkeys(("tr/min", "rpm"), ("tour par minute", *("tours par minute",) * 2)),
        "kr": ("couronne", *("couronnes",) * 2), "dpi": ("point par pouce", *("points par pouce",) * 2),
        "ppp": ("point par pouce", *("points par pouce",) * 2),
        "ppm": ("partie par million", *("parties par million",) * 2),
        "ch": ("cheval", "chevaux", "chevaux"), "bar": ("bar", "bars", "bars"), "bars": ("bar", "bars", "bars"),
    },
    telephones=r"0[1-9](?:\.\d\d){4}",
    own=(
        (rf"(?P<article>\b(?:une?|la|le|chaque|cette|ce|deux|trois) )?{HALF}", _half),
        (r"\b24/24(?: et 7/7)?\b", lambda match: "vingt-quatre heures sur vingt-quatre" + (
            " et sept jours sur sept" if "7/7" in match[0] else "")),
        (r"\b24 ?h ?(?:/|sur) ?24\b", lambda _: "vingt-quatre heures sur vingt-quatre"),
        (r"\b7 ?j ?(?:/|sur) ?7\b", lambda _: "sept jours sur sept"),
        (HALVES, _halves),
        (r"\b(?P<digits>\d{1,4})(?P<ending>ers?|res?|ère|ʳᵉ|es|e|ᵉ|èmes?|ième|nde?|(?<=2)de)\b", _rank),
        (rf"\b(?!L(?:e|es)\b){ROMAN}(?P<ending>er|re|ère|{_ORDINALS}))(?!\w)", _roman_rank),
        (r"\bIer\b", lambda _: "premier"),
        (r"\bSt(?P<feminine>e?)-(?=[A-ZÀ-Ý])", lambda match: f"Saint{match['feminine']}-"),
        (r"(?<=[IVX]e )s\.|(?<=[IVX]ᵉ )s\.", lambda match: "siècle" + "." * (match.end() == len(match.string))),
        (r"\bM\.(?=[A-ZÀ-Ý][a-zà-ÿ])", lambda _: "Monsieur"),
        (r"\b(?:Charles|Pie|Léon|Alphonse) (?P<only>X)\b", lambda _: "dix"),
        (r"\b1(?= MONTHS\b)", lambda _: "premier"),
        (r"\bM\.(?= l(?:e |a |'|’))", lambda _: "Monsieur"),
        (r"\bpl\.(?= d(?:e |u |es |'|’))", lambda _: "place"),
        (r"\b(?P<digits>\d{1,3})x\b(?! ?\d)", lambda match: f"{cardinal(match['digits'], 'fr')} fois"),
        (r"\bM\.(?= et M(?:me|lle)\b)", lambda _: "Monsieur"),
        (r"\bsept\.(?= \d{4})", lambda _: "septembre"),
        (
            rf"\b(?:[A-ZÀ-Ý][a-zà-ÿ]{{1,20}}|acte|annexe|article|chapitre|livre|partie|tome|volume) {ROMAN_NAME}",
            lambda match: cardinal(roman(match["roman"]), "fr"),
        ),
    ),
)  # fmt: skip
