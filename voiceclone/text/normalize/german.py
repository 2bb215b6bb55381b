"""How German is read. The gender of a noun is told by its ending and a list."""

from __future__ import annotations

import re

from voiceclone.text.normalize import spelling
from voiceclone.text.normalize.spelling import cardinal, ordinal, roman
from voiceclone.text.normalize.style import CLOCK, END, HALF, HOUR, MINUTE, ROMAN, START, Counted, Style, ending

_FEMININE = re.compile(
    r"\w*(?:ung|heit|keit|schaft|[tsxn]ion|tät|ik|enz|anz|ie|ur|e|(?<!e)in)|\w*(?:frau|mutter|tochter|schwester|stadt"
    r"|hand|nacht|zahl|tür|uhr|zeit|welt|wand|bank|person|nummer|mauer|feier|gabel|tafel|insel|regel|kartoffel|schüssel"
    r"|dosis|basis|fahrt|frucht|luft|kraft|kunst|macht|angst|antwort|arbeit|schicht|sicht|schuld|tat|wahl|mark|kuh|maus"
    r"|nuss|gans|form|norm|firma|pizza|kamera|wurst|brust|bahn|burg|spur|jury|party|story|city|mail|app|pflicht|bucht"
    r"|nachricht|haut|zwiebel|nudel|wurzel|ampel|kugel|nadel|muschel|schachtel|bibel|vokabel|schulter|butter|steuer"
    r"|ziffer|oper|klammer|kammer|leiter|feder|ader|frist|gefahr|gewalt|milch|jagd|gegend|jugend|schlacht|schrift"
    r"|kunft|geburt|heirat|faust|axt|schnur|dauer)|oma|mama|liga|bar|box|show|tour|cd|dvd|not|last"
    r"|lust|laus|post|sau|million|milliarde"
)
_NOT_FEMININE = re.compile(
    r"\w*(?:name|junge|kollege|experte|käse|gedanke|buchstabe|wochenende|interesse|gebäude|gemüse|getreide|gebirge|komitee"
    r"|klischee|kaffee|termin|benzin|magazin|vitamin|deutsche|jugendliche|erwachsene|beschäftigte|angestellte|studierende"
    r"|byte|tanz|glanz|schwanz|kranz|franzose|grieche|getränk|genie|gelände|gebäck)"
    r"|kunde|stammkunde|hase|osterhase|löwe|affe|funke|glaube|wille|bote|zeuge|erbe|neffe|ende|auge|gefälle|abitur|drache"
    r"|russe|türke|däne|schwede|riese|ochse|rabe|pate|geselle|beamte|hirte|tee|see|schnee|knie|mosaik|sprung|schwung"
    r"|dung|prinz|befragte|tote|verletzte|reisende|kranke|delfin|kamin|rubin|satin|urin|cousin|gin|insulin|flur|streik"
    r"|kurier|stein|schwur|april|beginn"
)
_NEUTER = re.compile(
    r"\w*(?:chen|lein|um|ment|nis|tum|kind|mal|buch|jahr|kapitel|spiel|tor|album|haus|auto|lied|bild|konzert|semester"
    r"|quartal|jahrhundert|jh|jahrzehnt|jahrtausend|rad|bier|glas|brot|hotel|zimmer|foto|video|fest|tier|pferd|dorf|land"
    r"|boot|schiff|flugzeug|fahrzeug|gebot|gebäude|ende|auge|stück|blatt|wort|team|mädchen|viertel|drittel|paket"
    r"|opfer|mitglied|werk|gericht|geschenk|ziel|rennen|essen|leben|treffen|gespräch|produkt|modell|projekt|problem"
    r"|ergebnis|büro|restaurant|theater|museum|programm|system|gesetz|recht|heft|kilo|gramm|pfund|date|match"
    r"|byte|prozent|volt|watt|ampere|hertz|pascal|interview|album|rätsel|fenster|messer|feuer|wasser|lager|beispiel|gefühl|signal|telefon|handy|tablet)"
)
_STARTERS = re.compile(
    "Aber|Alle|Alles|Als|Also|Am|An|Auch|Auf|Aus|Bei|Beim|Bis|Da|Dabei|Dafür|Damit|Danach|Dann|Daraufhin|Darum|Das|Dass"
    "|Davor|Dazu|Dem|Den|Denn|Der|Deshalb|Die|Dies|Diese|Dieser|Dieses|Doch|Dort|Durch|Ein|Eine|Einer|Er|Erst|Es|Etwa"
    "|Für|Gestern|Heute|Hier|Ich|Ihr|Ihre|Im|In|Ist|Ja|Jede|Jeder|Jedes|Jetzt|Kein|Keine|Man|Mein|Meine|Mit|Morgen|Nach"
    "|Nein|Nicht|Noch|Nun|Nur|Ob|Oder|Ohne|Schon|Sein|Seine|Seit|Sie|So|Später|Trotzdem|Um|Und|Unser|Unsere|Viele|Vom"
    "|Von|Vor|Wann|Warum|Was|Weil|Wenn|Wer|Wie|Wir|Wo|Während|Zu|Zuerst|Zuletzt|Zum|Zur|Zwei|Über"
)
"""What a sentence begins with: a full stop in front ends one."""
_ARTICLE = "de[rmns]|die|das|(?:[dms]?ein|kein|unser|eu(?:er|r)|ihr)(?:e[rmns]?)?|(?:dies|jed|jen|welch)e[rmns]?"
_JOINED = "ab|am|ans|aufs|beim|bis|fürs|im|ins|seit|vom|zum|zur"
_BEFORE = rf"(?P<before>\b(?i:{_ARTICLE}|{_JOINED}|in) |\b[A-ZÄÖÜ][a-zäöüß]{{1,20}}s )?"
_RANKED = (
    "MONTHS|Advent|Akt|Auflage|Band|Bezirk|Buch|Bundesliga|Etage|Etappe|FC|Folge|Gang|Generation"
    "|Geburtstag|Halbzeit|Jahrhunderts?|Jh|Kapitel|Klasse|Liga|Mal|Minute"
    "|Platz|Preis|Quartal|Rang|Runde|Satz|Schritt|Semester|Spieltag|Staffel|Stock|Stunde|Tag|Weltkriegs?|Woche"
)


def is_feminine(noun: str) -> bool:
    """Whether a noun is feminine, by its ending, if it is not one of the exceptions."""
    noun = noun.lower()
    return bool(_FEMININE.fullmatch(noun)) and not _NOT_FEMININE.fullmatch(noun)


def _is_neuter(noun: str) -> bool:
    return bool(_NEUTER.fullmatch(noun.lower().removesuffix("s")) or _NEUTER.fullmatch(noun.lower()))


def _rank_ending(article: str, noun: str) -> str:
    """Of a rank behind an article or a preposition that has one within."""
    strong = "" if is_feminine(noun) or noun.endswith("zeit") else "s" if _is_neuter(noun) else "r"
    if article in ("", "in"):
        return strong or "r" * (article == "in")
    if re.fullmatch("[dms]?ein|kein|unser|euer|ihr", article):
        return strong
    if article in ("die", "das", "ins", "ans", "aufs", "fürs") or re.fullmatch(r"\w*(?:n|r|s|d|h)e|\w+es", article):
        return "n" if re.fullmatch("(?:[dms]?ein|kein|unser|eur|ihr)es", article) else ""
    # The masculine nominative, or the feminine dative.
    if article == "der" or re.fullmatch("(?:dies|jed|jen|welch)er", article):
        return "n" if is_feminine(noun) else ""
    return "n"


def _ranks(match: re.Match[str]) -> str | None:
    """5., or 5. bis 10., if it is a rank: no sentence ends there."""
    article, behind = (match["before"] or "").strip(), match["noun"] or ""
    owner = len(article) > 3 and re.fullmatch(f"(?i:{_ARTICLE}|{_JOINED})", article) is None
    article = "" if owner else article.lower()
    is_start = not behind or _STARTERS.fullmatch(behind) is not None
    is_ranked = match["ranked"] is not None or behind[:1].islower()
    if not is_ranked and not (owner and not is_start) and (not article or (article == "in" and is_start)):
        return None
    ends = is_start and not is_ranked
    last = _rank_ending(article, "" if ends or behind[:1].islower() else behind)

    before = match.string[max(0, match.start("only") - 4) : match.start("only")]
    if not article and not owner and re.search(r"(?:[:;,]|und) \Z", before):
        # "1. rot, 2. blau"
        last = "ns" if not ends and match["ranked"] is None and match["only"].count(".") == 1 else last

    def read(number: re.Match[str]) -> str:
        return (
            ordinal(number[1], "de").removeprefix("ein" if number[1][:1] == "1" and len(number[1]) > 2 else "") + last
        )

    words = re.sub(r"(\d{1,3})\.", read, match["only"])
    words = re.sub(r" ?[-–] ?", " bis ", words)
    return re.sub(r" ?/ ?", ", ", words) + "." * ends


def _roman_rank(match: re.Match[str]) -> str | None:
    article = (match["before"] or "").strip().lower()
    if not re.fullmatch(f"{_ARTICLE}|{_JOINED}|in", article):
        return None
    return ordinal(roman(match["roman"]), "de") + _rank_ending(article, match["noun"])


def _ruler(match: re.Match[str]) -> str:
    """Ludwig II. and Elisabeth II., in the nominative."""
    name, rank = match["name"], ordinal(roman(match["roman"]), "de").capitalize()
    if name.endswith("s") and not name.endswith(("us", "as", "es", "is", "ens", "ns")):
        # Karls V. Reich.
        return f"{'der' if name.endswith(('as', 'beths')) else 'des'} {rank}n"
    article = "die" if name.endswith(("a", "beth")) else "der"
    behind = match.string[match.end() : match.end() + 2]
    stop = "." if not behind or behind[1:].isupper() else ""
    return f"{article} {rank}{stop}"


def _street(match: re.Match[str]) -> str:
    behind = match.string[match.end() : match.end() + 2]
    return match[0][:-4] + match[0][-4:-1] + "aße" + "." * (not behind or behind[1:].isupper())


def _scale(match: re.Match[str]) -> str:
    noun = "Million" if match["scale"] == "Mio" else "Milliarde"
    words = f"eine {noun}" if match["one"] else noun.removesuffix("e") + "en"
    return words + "." * (match["starts"] is not None)


_DAYS = {
    "Mo": "Montag", "Di": "Dienstag", "Mi": "Mittwoch", "Do": "Donnerstag", "Fr": "Freitag", "Sa": "Samstag",
    "So": "Sonntag",
}  # fmt: skip


def _weekdays(match: re.Match[str]) -> str:
    stop = "." * (match[0].endswith(".") and match.end() == len(match.string))
    return f"{_DAYS[match['low']]} bis {_DAYS[match['high']]}{stop}"


_TOWNS = (
    "Aachen|Augsburg|Berlin|Bielefeld|Bochum|Bonn|Braunschweig|Bremen|Chemnitz|Dortmund|Dresden|Duisburg|Düsseldorf|Erfurt"
    "|Essen|Frankfurt|Freiburg|Halle|Hamburg|Hannover|Heidelberg|Karlsruhe|Kassel|Kiel|Köln|Leipzig|Lübeck|Magdeburg"
    "|Mainz|Mannheim|München|Münster|Nürnberg|Potsdam|Regensburg|Rostock|Saarbrücken|Schwerin|Stuttgart|Ulm|Wiesbaden"
    "|Wuppertal|Würzburg"
)
"""Any noun has a capital, so that these alone tell a postal code."""
_DATIVE = ("aus", "außer", "bei", "gegenüber", "in", "mit", "nach", "seit", "unter", "von", "vor", "zu")
_ACCUSATIVE = ("durch", "für", "gegen", "ohne", "pro", "um")


def _agree(number: Counted) -> str:
    """Say one woman, one man; in one hour."""
    noun = next((word for word in number.behind if word[:1].isupper()), "")
    is_counted = noun == number.noun or re.search("e[rsnm]?$", number.noun)
    if not number.digits or not number.words.endswith("eins") or not is_counted:
        return number.words
    if not noun or noun.isupper() or _STARTERS.fullmatch(noun):
        return number.words
    stem = number.words.removesuffix("s")
    feminine = is_feminine(noun)
    if noun == "Uhr":
        return stem
    if number.digits == "1" and number.before in _DATIVE:
        return stem + ("er" if feminine else "em")
    if number.digits == "1" and number.before in _ACCUSATIVE and not feminine and not _is_neuter(noun):
        return stem + "en"
    # "hundertein Dalmatiner", "hundertein Jahre", "tausendeine Nacht"
    return stem + "e" * (feminine and not (number.digits != "1" and noun.endswith("e")))


def _half(match: re.Match[str]) -> str | None:
    noun = match["noun"]
    is_short = noun in ("Std", "Stdn", "Min", "Sek")
    return None if not noun[0].isupper() or noun.isupper() or is_short else _half_of(noun)


def _part_of(key: str, part: str, unit: str, _: str) -> str:
    return _half_of(unit) if key == "1/2" else f"{part} {unit}"


def _half_of(noun: str) -> str:
    if is_feminine(noun):
        return f"eine halbe {noun}"
    return f"ein halbes {noun}" if _is_neuter(noun) else f"ein halber {noun}"


def _mixed(_: str, part: str, whole: Counted) -> str:
    return ending(whole.words, ("eins", "ein")) + part.replace(" ", "").lower()


STYLE = Style(
    to="bis",
    against="zu",
    clock=("{h} Uhr {m}", "{h} Uhr"),
    clock_written=(rf"{CLOCK}(?: Uhr\b| h\b)?", rf"{HOUR}\.{MINUTE} Uhr\b",
        rf"{HOUR}\.{MINUTE}(?=(?: bis | und | ?[-–] ?)\d\d?\.\d\d Uhr)", rf"{HOUR} Uhr {MINUTE}\b"),
    hour_ending=("eins", "ein"),
    agree=_agree,
    day_month=True,
    mixed=_mixed,
    part_of=_part_of,
    always=" ",
    one="ein",
    parts="Viertel/Viertel Fünftel/Fünftel Sechstel/Sechstel Siebtel/Siebtel Achtel/Achtel Neuntel/Neuntel"
    " Zehntel/Zehntel",
    starters=_STARTERS.pattern,
    numbered="Aufgabe|Frage|Gruppe|Lied|Linie|Punkt|Runde|Schritt|Tor|Track|Zeile|Abschnitt|Akt|Artikel|Band"
    "|Episode|Folge|Gleis|Kapitel|Lektion|Level|Raum|Seite|Staffel|Teil|Übung|Zimmer",
    per="pro",
    scales={"M": ("Million", "Millionen", "Millionen"), "B": ("Milliarde", "Milliarden", "Milliarden")},
    abbreviations={
        "z. b.": "zum Beispiel", "d. h.": "das heißt", "u. a.": "unter anderem", "dr.": "Doktor", "prof.": "Professor",
        "bzw.": "beziehungsweise", "ca.": "circa", "ggf.": "gegebenenfalls", "vgl.": "vergleiche",
        "inkl.": "inklusive", "exkl.": "exklusive", "evtl.": "eventuell", "mio.": "Millionen", "mrd.": "Milliarden",
        "mind.": "mindestens", "geb.": "geboren", "gest.": "gestorben", "v. a.": "vor allem",
        "i. d. r.": "in der Regel",
        "tsd.": "tausend", "hausnr.": "Hausnummer", "zw.": "zwischen", "bes.": "besonders", "jg.": "Jahrgang",
        "mwst": "Mehrwertsteuer", "bzgl.": "bezüglich", "ggfs.": "gegebenenfalls", "einschl.": "einschließlich",
        "mwst.": "Mehrwertsteuer", "gem.": "gemäß", "entspr.": "entsprechend", "jew.": "jeweils", "ebd.": "ebenda",
        "ggü.": "gegenüber", "hbf.": "Hauptbahnhof", "vorm.": "vormittags", "nachm.": "nachmittags",
        "z. t.": "zum Teil", "z. hd.": "zu Händen", "i. h. v.": "in Höhe von", "o. g.": "oben genannt",
        "lt.": "laut", "m. e.": "meines Erachtens", "i. a.": "im Allgemeinen", "s. o.": "siehe oben",
        "s. u.": "siehe unten", "zz.": "zurzeit", "zzgl.": "zuzüglich", "abzgl.": "abzüglich", "sog.": "sogenannte",
        "frl.": "Fräulein",
        "dipl.": "Diplom", "ing.": "Ingenieur", "hrsg.": "Herausgeber", "allg.": "allgemein", "bspw.": "beispielsweise",
        "u. u.": "unter Umständen", "i. v.": "in Vertretung", "tel.": "Telefon",
        "jan.": "Januar", "feb.": "Februar", "sept.": "September", "okt.": "Oktober", "nov.": "November",
        "dez.": "Dezember", "mo.": "Montag", "di.": "Dienstag", "mi.": "Mittwoch", "do.": "Donnerstag",
        "sa.": "Samstag",
    },
    endings={
        "usw.": "und so weiter", "etc.": "et cetera", "u. s. w.": "und so weiter", "jh.": "Jahrhundert",
        "v. chr.": "vor Christus", "n. chr.": "nach Christus", "o. ä.": "oder Ähnliches", "u. ä.": "und Ähnliches",
        "u. v. m.": "und vieles mehr", "usf.": "und so fort", "u. a. m.": "und anderes mehr",
        "uvm.": "und vieles mehr", "u. dgl.": "und dergleichen", "ff.": "folgende",
        "p. a.": "pro Jahr",
    },
    titles={"Hr.": "Herr", "Hrn.": "Herrn", "Fr.": "Frau", "St.": "Sankt"},
    counted={
        "nr.": "Nummer", "nrn.": "Nummern", "s.": "Seite", "kap.": "Kapitel", "abb.": "Abbildung", "tel.": "Telefon",
        "bd.": "Band", "abs.": "Absatz", "art.": "Artikel", "tab.": "Tabelle", "aufl.": "Auflage", "anm.": "Anmerkung",
        "min.": "minimal", "max.": "maximal", "§§": "Paragrafen", "tel.:": "Telefon",
    },
    signs={
        "&": "und", "@": "at", "%": "Prozent", "+": "plus", "±": "plus oder minus", "=": "gleich", "×": "mal",
        "÷": "geteilt durch",
        "°": "Grad", "§": "Paragraf", "/": "Schrägstrich", ".": "Punkt", "_": "Unterstrich", "-": "Minus",
    },
    fractions={"1/2": "ein halb", "1/3": "ein Drittel", "2/3": "zwei Drittel", "1/4": "ein Viertel",
               "3/4": "drei Viertel"},
    units={
        "Std.": "h", "Stdn.": "h", "Std": "h", "Min.": "min", "Min": "min", "Sek.": "s", "Sek": "s",
        "Tg.": "duration-day",
        "Wo.": "duration-week", "qm": "m²",
    },
    named={
        "dB": ("Dezibel",) * 3, "mAh": ("Milliamperestunde", "Milliamperestunden", "Milliamperestunden"),
        "Ah": ("Amperestunde", "Amperestunden", "Amperestunden"), "PS": ("PS",) * 3,
        "Ct": ("Cent",) * 3, "ct": ("Cent",) * 3, "Rp.": ("Rappen",) * 3,
        **dict.fromkeys(("U/min", "rpm"), ("Umdrehung pro Minute", *("Umdrehungen pro Minute",) * 2)),
        "kr": ("Krone", *("Kronen",) * 2), "dpi": ("dpi",) * 3, "ppm": ("ppm",) * 3,
        "Wh": ("Wattstunde", "Wattstunden", "Wattstunden"), "l/100 km": ("Liter auf hundert Kilometer",) * 3,
    },
    own=(
        (HALF, _half),
        (
            rf"{_BEFORE}(?P<only>(?<![\d.,:/])\b\d{{1,3}}\.(?:(?: ?[-–/] ?| (?:und|oder|bis) )\d{{1,3}}\.){{0,3}})"
            rf"(?![\d.])(?!-)(?:(?= (?P<ranked>(?:{_RANKED})\b))|(?=))(?= (?P<noun>[^\W\d_]{{1,40}})|\Z)",
            _ranks,
        ),
        (r"(?<=\b1[1-9]\d\d) ?[-–—] ?(?=(?:1[1-9]|20)\d\d\b)", lambda _: " bis "),
        (rf"(?<!\) ){START}1[1-9]\d\d{END}(?!-\d{{3}}\b)", lambda match: spelling.year(match[0], "de")),
        (r"\b(?P<digits>\d\d|[12]\d\d0)er(?P<case>n|s)?\b",
         lambda match: f"{spelling.year(match['digits'], 'de')}er{match['case'] or ''}"),
        (
            r"(?:\b(?:D|PLZ:?)[- ]|(?:[Ss]tr\.|straße|weg|platz|allee|gasse|ring) \d{1,4}[a-z]?, )"
            r"(?P<only>\d{5})(?!\d)",
            lambda match: spelling.one_by_one(match["only"], "de"),
        ),
        (rf"{START}\d{{5}}(?= (?:{_TOWNS})\b)", lambda match: spelling.one_by_one(match[0], "de")),
        (
            rf"\b(?:Akt|Artikel|Band|Buch|Kapitel|Klasse|Phase|Stufe|Teil|Typ|Weltkrieg) {ROMAN})(?!\w)",
            lambda match: cardinal(roman(match["roman"]), "de"),
        ),
        (
            rf"\b[A-ZÄÖÜ][a-zäöüß]{{2,20}} (?=[IVX]{{2}}){ROMAN})(?![\w.'’-])",
            lambda match: cardinal(roman(match["roman"]), "de"),
        ),
        (rf"{_BEFORE}(?<= ){ROMAN}\.)(?= (?P<noun>[A-ZÄÖÜ]\w{{0,30}}))", _roman_rank),
        (rf"\b(?P<name>[A-ZÄÖÜ][a-zäöüß]{{2,20}}) {ROMAN}\.)(?!\w)", _ruler),
        (
            rf"(?:{START}(?P<one>1) |(?<=\d ))(?P<scale>Mio|Mrd)\.(?P<starts>(?= (?:{_STARTERS.pattern})\b)|\Z)?",
            _scale,
        ),
        (r"\b(?P<low>Mo|Di|Mi|Do|Fr|Sa)\.?(?: ?[-–] ?| bis )(?P<high>Di|Mi|Do|Fr|Sa|So)\b\.?", _weekdays),
        (
            r"(?<![\d.,])\b(?P<digits>\d{1,4})-?(?P<rest>(?:mal|fach|jährig|jährlich|köpfig|minütig|monatig|prozentig|seitig|stellig|stöckig"
            r"|stündig|tägig|teilig|türig|wöchig)\w{0,4})\b",
            lambda match: ending(cardinal(match["digits"], "de"), ("eins", "ein")) + match["rest"],
        ),
        (
            r"\b(?P<digits>\d{1,3})(?:x| x(?= (?:täglich|wöchentlich|pro|am|im|die)))\b(?! ?\d)",
            lambda m: ending(cardinal(m["digits"], "de"), ("eins", "ein")) + "mal",
        ),
        (r"\b(?P<digits>\d{1,3}) ?%ig(?P<rest>\w{0,2})",
         lambda m: f"{cardinal(m['digits'], 'de')}prozentig{m['rest']}"),
        (r"(?<=\d )ff?\.", lambda match: "folgende" + "." * (match.end() == len(match.string))),
        (r"\b(?:[A-ZÄÖÜ]?[a-zäöüß-]{1,30}s|[Ss])tr\.", _street),
        (r"(?<!\d )\b(?P<only>[Mm]in\.)(?= \d)", lambda _: "minimal"),
    ),
)  # fmt: skip
