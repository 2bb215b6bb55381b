"""How English is read: numbers, dates, times, money, units, abbreviations, signs. Pure functions.

Knows nothing of other languages, and no grammar: what a number is, is told by its shape and the words beside it. Where
people differ it is American in dates and British in numbers, as num2words is ("one hundred and one"). 05/03/2024 is
either month first or day first: unless one of them cannot be a month, it is read number by number.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Iterable
from datetime import date
from fractions import Fraction

from voiceclone.text.normalize import spelling
from voiceclone.text.normalize.addresses import address_rules
from voiceclone.text.normalize.rules import Rule
from voiceclone.text.normalize.shouting import QUIET, is_acronym
from voiceclone.text.normalize.spelling import CODES, CURRENCIES, UNITS, alternatives, one_by_one, ordinal, roman

EN = "en"
_YEARS = (range(1100, 2000), range(2010, 2100))
"""Numbers that are read as years where they stand alone; from 2000 to 2009 both are read alike."""
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_SCALES = {"k": "thousand", "m": "million", "mn": "million", "b": "billion", "bn": "billion", "tn": "trillion",
           "t": "trillion", "trn": "trillion", "cr": "crore"}  # fmt: skip
_DOLLARS = {"US": "U S", "A": "Australian", "AU": "Australian", "C": "Canadian", "CA": "Canadian",
            "NZ": "New Zealand", "HK": "Hong Kong", "S": "Singapore", "NT": "New Taiwan"}  # fmt: skip
_TITLES = {
    "Mr": "Mister", "Mrs": "Missus", "Ms": "Miz", "Messrs": "Messieurs", "Prof": "Professor", "Gen": "General",
    "Col": "Colonel", "Capt": "Captain", "Lt": "Lieutenant", "Sgt": "Sergeant", "Cpl": "Corporal", "Maj": "Major",
    "Cmdr": "Commander", "Rev": "Reverend", "Hon": "Honorable", "Gov": "Governor", "Sen": "Senator",
    "Rep": "Representative", "Pres": "President", "Mt": "Mount", "Ft": "Fort", "Adm": "Admiral", "Brig": "Brigadier",
}  # fmt: skip
"""In front of a name."""
_ENDINGS = {
    "Inc": "Incorporated", "Ltd": "Limited", "Corp": "Corporation", "Co": "Company", "Bros": "Brothers", "Jr": "Junior",
    "Sr": "Senior", "Ave": "Avenue", "Blvd": "Boulevard", "Rd": "Road", "Hwy": "Highway",
    "Pkwy": "Parkway", "Sq": "Square", "Expy": "Expressway", "Cir": "Circle", "Ct": "Court", "Ln": "Lane",
    "Pl": "Place",
}  # fmt: skip
"""Behind a name."""
_DAYS = {
    "Mon": "Monday", "Tue": "Tuesday", "Tues": "Tuesday", "Wed": "Wednesday", "Thu": "Thursday", "Thur": "Thursday",
    "Thurs": "Thursday", "Fri": "Friday", "Sat": "Saturday", "Sun": "Sunday",
}  # fmt: skip
_ABBREVIATIONS = {
    "e.g.": "for example", "i.e.": "that is", "a.k.a.": "also known as", "etc.": "et cetera", "vs.": "versus",
    "vs": "versus", "approx.": "approximately", "dept.": "department", "govt.": "government", "cf.": "compare",
    "viz.": "namely", "et al.": "et al", "incl.": "including", "avg.": "average", "misc.": "miscellaneous",
    "ph.d.": "PhD", "w/o": "without", "w/out": "without", "w/": "with", "c/o": "care of", "&c.": "et cetera",
}  # fmt: skip
_COUNTED = {
    "no": "number", "nos": "numbers", "p": "page", "pp": "pages", "vol": "volume", "ch": "chapter", "fig": "figure",
    "figs": "figures", "sec": "section", "art": "article", "pt": "part", "ver": "version", "eq": "equation",
    "ca": "circa", "c": "circa", "ext": "extension", "op": "opus", "max": "maximum", "min": "minimum",
    "apt": "apartment", "tel": "telephone", "vols": "volumes", "chap": "chapter",
    "sc": "scene", "ll": "lines", "bldg": "building", "est": "established", "rm": "room",
}  # fmt: skip
"""In front of a number."""
_SENTENCE_START = (
    "After|All|And?|A[st]?|Before|But|For|Her?|His|How|I[fnt]?|Its|My|No|On|One|Our|She|So|That|The|Then|There|These|They"
    "|This|To|We|What|When|Where|While|Who|Why|Yet|Your?"
)
"""Words that often start a sentence, and rarely a name."""
_BESIDE_TIME = (
    "(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|January|February|March|April|June|July|August|September|October"
    "|November|December|Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|[A-Z]{1,2}[DS]T|C?EST|[CEMW]ET|GMT"
    "|UTC|Central|Eastern|Mountain|Pacific"
)
_SIGNS = {
    "&": "and", "@": "at", "%": "percent", "‰": "per mille", "+": "plus", "=": "equals", "©": "copyright",
    "®": "registered", "™": "trademark", "°": "degrees", "×": "times", "÷": "divided by", "±": "plus or minus",
    "→": "to", "≈": "approximately", "≠": "is not equal to", "≤": "is at most", "≥": "is at least", "∞": "infinity",
    "√": "square root of", "§": "section", "№": "number", "²": "squared", "³": "cubed", "$": "dollars", "€": "euros",
    "£": "pounds", "¥": "yen", "₹": "rupees",
}  # fmt: skip
_MANY_OF = {"10": "tens", "100": "hundreds", "1000": "thousands"}
_LIMITS = {"<=": "at most", ">=": "at least", "≤": "at most", "≥": "at least"}
_COMPARISONS = {**{sign: f"is {words}" for sign, words in _LIMITS.items()}, "!=": "is not equal to"}
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "θ": "theta", "λ": "lambda", "μ": "mu",
    "π": "pi", "σ": "sigma", "τ": "tau", "φ": "phi", "ψ": "psi", "ω": "omega", "Δ": "delta", "Σ": "sigma",
    "Ω": "omega",
}  # fmt: skip
_BOUNDS = {"<": "less than", ">": "more than", "≤": "at most", "≥": "at least"}
_LOVED = r" ?(?:you|u|ya|it|this|that|my|your|her|him|them|all|the|these|our|everyone|everybody)\b"
HEART = (
    rf"(?<![\w<])(?<!\b[a-hj-zA-HJ-Z] )(?<!\d )<3(?=\Z|[!?)]|\.\Z| ?<3|{_LOVED})"
    r"|(?:(?<=\bI )|(?<=\b[WwHh]e )|(?<=\b[Tt]hey ))<3(?= [a-z])"
)
"""A heart, which is no comparison."""
_NICKNAMES = {
    "24/7": "twenty-four seven", "24-7": "twenty-four seven", "9/11": "nine eleven", "50/50": "fifty-fifty",
    "50-50": "fifty-fifty",
    "20/20": "twenty twenty", "WWI": "World War one", "WW1": "World War one", "WWII": "World War two",
    "WW2": "World War two", "401k": "four oh one K", "401(k)": "four oh one K",
}  # fmt: skip
_MONARCHS = (
    "Alexander", "Benedict", "Catherine", "Charles", "Christian", "Clement", "Edward", "Elizabeth", "Francis",
    "Frederick", "George", "Gregory", "Gustav", "Henry", "Innocent", "Ivan", "James", "John", "Leo", "Leopold", "Louis",
    "Ludwig", "Mary", "Napoleon", "Nicholas", "Paul", "Peter", "Philip", "Pius", "Ptolemy", "Ramses", "Ramesses",
    "Richard", "Rudolf", "Thutmose", "Urban", "Wilhelm", "William", "Adrian", "Albert", "Alfonso", "Baldwin",
    "Boniface", "Carlos", "Constantine", "Darius", "Felipe", "Ferdinand", "Franz", "Haakon", "Harald", "Isabella",
    "Joseph", "Julius", "Margrethe", "Maximilian", "Mehmed", "Mehmet", "Murad", "Olav", "Otto", "Pedro",
    "Rama", "Robert", "Selim", "Sigismund", "Sixtus", "Suleiman", "Theodosius", "Umberto", "Xerxes",
)  # fmt: skip
_WITH_NUMBER = (
    "Airbus", "Apartment", "Boeing", "Building", "Bus", "Channel", "Flight", "Gate", "Highway", "Interstate", "Room",
    "Route", "Studio", "Suite", "Unit", "Error", "HTTP", "Hwy",
)  # fmt: skip
"""In front of a number that is a name."""
_NUMBERED = (
    "Act", "Appendix", "Article", "Book", "Bowl", "Category", "Chapter", "Class", "Episode", "Level", "Mark", "Part",
    "Phase", "Scene", "Section", "Stage", "Title", "Type", "Volume", "War", "Amendment", "Annex", "Canto", "Episode",
    "Exhibit", "Figure", "Grade", "Lesson", "Movement", "Paragraph", "Psalm", "Region", "Round", "Schedule", "Season",
    "Step", "Symphony", "Table", "Tier", "Tome", "Unit", "WrestleMania",
)  # fmt: skip
_RULERS = "Emperor|Empress|Kaiser|King|Pope|Prince|Queen|Sultan|Tsar"
OF_RANK = rf"(?:(?:{alternatives(_MONARCHS)})|(?:{_RULERS}) [A-Z][^\W\d_]{{1,20}})"
"""Names behind which a numeral is a rank."""
_BOOKS = (
    "Genesis|Exodus|Leviticus|Numbers|Deuteronomy|Joshua|Judges|Ruth|Samuel|Kings|Chronicles|Ezra|Nehemiah|Esther|Job"
    "|Psalms?|Proverbs|Ecclesiastes|Isaiah|Jeremiah|Lamentations|Ezekiel|Daniel|Hosea|Joel|Amos|Obadiah|Jonah|Micah"
    "|Nahum|Habakkuk|Zephaniah|Haggai|Zechariah|Malachi|Matthew|Mark|Luke|John|Acts|Romans|Corinthians|Galatians"
    "|Ephesians|Philippians|Colossians|Thessalonians|Timothy|Titus|Philemon|Hebrews|James|Peter|Jude|Revelation"
)
"""Of chapters and verses."""
_FILES = "csv|docx?|exe|gif|html?|jpe?g|json|md|mp[34]|pdf|png|pptx?|py|txt|wav|xlsx?|xml|zip"
_UNITS = {
    **UNITS, "in": "length-inch", "mins": "duration-minute", "mo": "duration-month", "secs": "duration-second",
    "tbsp": "volume-tablespoon", "tsp": "volume-teaspoon", "wk": "duration-week", "wks": "duration-week",
    "yr": "duration-year", "yrs": "duration-year", "mos": "duration-month", "Tbsp": "volume-tablespoon",
    "tbsps": "volume-tablespoon", "tsps": "volume-teaspoon", "qt": "volume-quart", "fl oz": "volume-fluid-ounce",
    "mi²": "area-square-mile", "yd²": "area-square-yard", "in²": "area-square-inch", "in³": "volume-cubic-inch",
    "ft³": "volume-cubic-foot", "yd³": "volume-cubic-yard", "ft2": "area-square-foot", "ft3": "volume-cubic-foot",
    "mpg": "consumption-mile-per-gallon", "nmi": "length-nautical-mile", "ly": "length-light-year", "tonne": "=tonne",
    "km/hr": "speed-kilometer-per-hour", "kmph": "speed-kilometer-per-hour", "mi/h": "speed-mile-per-hour",
    "cal": "energy-calorie", "Cal": "energy-calorie", "MP": "graphics-megapixel", "dpi": "graphics-dot-per-inch",
    "ppi": "graphics-pixel-per-inch", "ppm": "concentr-permillion", "hp": "power-horsepower", "kn": "speed-knot",
    "kt": "speed-knot", "kts": "speed-knot", "lm": "light-lumen", "lx": "light-lux", "mcg": "mass-microgram",
    "kgs": "mass-kilogram", "kms": "length-kilometer", "km³": "volume-cubic-kilometer",
    "mm Hg": "pressure-millimeter-ofhg", "FL OZ": "volume-fluid-ounce", "PSI": "=pound per square inch",
    "psi": "=pound per square inch", "rpm": "=revolution per minute", "RPM": "=revolution per minute",
    "bpm": "=beat per minute", "BPM": "=beat per minute", "fps": "=frame per second", "FPS": "=frame per second",
    "wpm": "=word per minute", "ppb": "=part per billion", "BTU": "=British thermal unit", "pts": "=point",
    "pcs": "=piece", "ft-lb": "=foot-pound", "ft-lbs": "=foot-pound", "ft·lb": "=foot-pound", "lb-ft": "=pound-foot",
    "rad/s": "=radian per second", "rad/s²": "=radian per second squared", "J/kg": "=joule per kilogram",
    "N/m": "=newton per meter", "kN/m": "=kilonewton per meter", "kW·h": "energy-kilowatt-hour",
    "ac": "=acre", "Å": "=angstrom", "atm": "=atmosphere", "IU": "=international unit", "amp": "=amp",
    "amps": "=amp", "deg": "angle-degree", "mol": "=mole",
    "gb": "digital-gigabyte", "mb": "digital-megabyte", "kb": "digital-kilobyte", "tb": "digital-terabyte",
    "Ghz": "frequency-gigahertz", "GHZ": "frequency-gigahertz", "Mhz": "frequency-megahertz", "hz": "frequency-hertz",
    "MHZ": "frequency-megahertz", "KHz": "frequency-kilohertz", "khz": "frequency-kilohertz", "KW": "power-kilowatt",
    "Kw": "power-kilowatt", "KWH": "energy-kilowatt-hour", "KWh": "energy-kilowatt-hour",
    "Kwh": "energy-kilowatt-hour", "Mph": "speed-mile-per-hour", "Km/h": "speed-kilometer-per-hour",
    "KM/H": "speed-kilometer-per-hour", "Km": "length-kilometer", "Kg": "mass-kilogram", "ML": "volume-milliliter",
    "dbm": "=decibel milliwatt", "dBm": "=decibel milliwatt", "dB": "=decibel", "dBA": "=decibel", "dB(A)": "=decibel",
    "db": "=decibel", "mAh": "=milliamp hour", "Ah": "=amp hour", "Wh": "=watt-hour", "MWh": "=megawatt-hour",
    "GWh": "=gigawatt-hour", "TWh": "=terawatt-hour", "TW": "=terawatt", "mV": "=millivolt", "kV": "=kilovolt",
    "kΩ": "=kilohm", "MΩ": "=megohm", "µA": "=microamp", "μA": "=microamp", "µF": "=microfarad",
    "μF": "=microfarad", "nF": "=nanofarad", "pF": "=picofarad", "mH": "=millihenry", "kN": "=kilonewton",
    "Nm": "=newton-meter", "N·m": "=newton-meter", "N⋅m": "=newton-meter", "GPa": "=gigapascal", "THz": "=terahertz",
    "mmol": "=millimole", "ng": "=nanogram", "µL": "=microliter", "μL": "=microliter", "µl": "=microliter",
    "mm²": "=square millimeter", "mm³": "=cubic millimeter", "cm2": "area-square-centimeter",
    "cm3": "volume-cubic-centimeter", "mSv": "=millisievert", "µSv": "=microsievert", "eV": "=electronvolt",
    "keV": "=kiloelectronvolt", "MeV": "=megaelectronvolt", "GeV": "=gigaelectronvolt", "TeV": "=teraelectronvolt",
    "MJ": "=megajoule", "GJ": "=gigajoule",
    "KiB": "=kibibyte", "MiB": "=mebibyte", "GiB": "=gibibyte", "TiB": "=tebibyte",
    "bps": "=bit per second", "kbps": "=kilobit per second", "Kbps": "=kilobit per second",
    "Mbps": "=megabit per second", "mbps": "=megabit per second", "Gbps": "=gigabit per second",
    "Tbps": "=terabit per second", "MBps": "=megabyte per second",
}  # fmt: skip
"""Unicode's name of a unit; behind a sign, the English name of one that it has none of."""

_OF_DECADE = r"(?i:\b(?:the|my|your|his|her|its|our|their|one's|early|mid|late|roaring|swinging)[ -]|[a-z]['’]s )\Z"
_DECADES_BEFORE = re.compile(r"(?:\b\d0['’]?s(?:,|,? and|,? or| to|[-–/])? ?){1,4}\Z")
_OF_SECONDS = (
    r"[ -](?:ago|ahead|behind|faster|later|left|long|longer|quicker|slower|shorter|to go"
    r"|remaining|apart|each|total|max|timer|timeout|limit|delay|window|mark|countdown"
    r"|interval|video|clip|ad|spot|rule|penalty|break|pause|warning|recording|sample|exposure|rest|sprints?|intervals?)\b"
)
_LASTING = (
    r"(?i:\b(?:for|after|within|every|wait|waits|waited|waiting|take|takes|took|lasts?|lasted|about|around|under|than"
    r"|only|another|exactly|last|next|first|to|at|be|is|was|spent|hold|rest)) \Z|\d(?: ?m(?:in)?)? \Z|(?i:\bin) \Z"
)
_DECADE_NOUN = r" (?:and \d0s|era|fashion|film|glamour|gangsters?|hits?|jazz|kids?|movies?|music|party|style|vibes?)\b"
_SIZED = (
    r"[ -](?i:bills?|notes?|coins?|bulbs?|films?|lens|fuses?|angles?|pipes?|nails?|screens?|monitors?|tvs?|laptops?"
    r"|batter(?:y|ies)|chargers?|adapters?|bags?|bottles?|cans?|tanks?|cables?|tickets?"
    r"|gift cards?|loans?|gold bars?"
    r"|races?|run|hike|walk|drive|dash|sprints?|swim|limit|zone|radius|timer|sockets?|outlets?|power suppl(?:y|ies)"
    r"|hard drives?|ssds?|memory cards?|rulers?|ladders?|fences?|pizzas?|wheels?|t[iy]res?|amplifiers?)\b"
)
"""What an amount in front describes: "$100 bills", "60W bulbs"."""
_OF_K = (
    r"[- ](?:fun |road |charity )?(?i:races?|runs?|runners?|walks?|marathons?|times?|distances?|videos?|tvs?|screens?"
    r"|displays?|monitors?|resolution|cameras?|footage|gaming|uhd|hdr|ultra)\b"
)
_SAID_BY_K = r"(?i:\b(?:an?|the|my|first|run|ran|running|in)) \Z"
_ELEMENT = (
    "A[glrsu]|B[aeir]?|C[adelorsu]?|F[er]?|G[ae]|H[efg]?|I|Kr?|Li|M[gno]|N[aei]?|O|P[bdtu]?|Ra|S[brein]?|T[ai]|[UVW]"
    "|Xe|Z[nr]"
)
# Repeats are possessive or bounded: nothing is read more than a few times.
_START, _END = r"(?<!\w)(?<!\d[.,:/])", r"(?!\w|[.,:/]\d)"
_NUMBER = r"(?:(?:\d{1,3}(?:,\d{3})++(?!\d)|\d{1,2}(?:,\d\d(?!\d))++,\d{3}(?!\d|,\d)|\d++)(?:\.\d++)?+|\.\d++)"
_MINUS = r"(?:(?<![\w)\].,%])[-−–])"
_TO = r"(?:[-–—~]| [-–—] )"
_LOW = rf"(?P<minus>{_MINUS})?{_START}(?P<low>{_NUMBER})"
_VALUE = rf"{_LOW}(?:{_TO}(?P<high>{_NUMBER}))?"
_MONTH = (
    r"(?:\b(?:January|February|March|April|May|June|July|August|September|October|November|December)\b"
    r"|\b(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
)
_DAY = r"(?:(?:3[01]|[12]\d|0?[1-9])(?:st|nd|rd|th)?)"
_YEAR = r"(?:(?:1\d|20)\d\d)"
_NUMERAL = r"C{0,3}(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})(?<=[IVXLCivxlc])"
_ROMAN = rf"(?P<only>{_NUMERAL})\b"
_LISTED = r"(?:, (?:and |or |& )?| (?:and|or|to|through|&|[-–—]) |[-–—/])"
_NUMERAL_YEAR = r"(?:MCM|MDC{1,3}|MM)(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})"
# "Part I liked"; "Part I is about".
_PRONOUN = (
    r"I (?!(?:and|began|by|covers|deals|ends?|ended|has|in|is|of|o[nr]|starts?|through|to|was|with|clinical|collagen"
    r"|devices?|diabetes|drugs?|errors?|hypersensitivity|listed|stud(?:y|ies)|supernovae?|trials?)\b)[a-z]"
)
_SIGN, _CODE = alternatives(CURRENCIES), "|".join(CODES)
_MANY = (
    r"(?:(?P<letter>[kKmMbBT]|(?: ?(?:bn|mn|trn|tn|cr|m))(?!/))\b"
    r"|[ -](?P<scale>thousand|million|billion|trillion|lakh(?: crore)?|crore)s?\b)?"
)
_PER = r"(?P<per>/(?=[A-Za-z]))?"
_HALF = r"(?P<half>[aApP])(?:\.? ?[mM]\b\.?)"
_ANY_UNIT = alternatives([*(_UNITS.keys() - {"in"}), *(u.upper() for u in ("km", "kg", "cm", "mm", "lbs", "mph"))])
# Some have a full stop, and "in" has to, unless it touches its number: else it is a word.
_DOTTED = "ft|gal|hrs?|in|lbs?|mi|mins?|mos?|oz|secs?|tbsp|tsp|wks?|yd|yrs?"
_UNIT = (
    rf"(?:(?P<dotted>{_DOTTED})\.(?!\w)"
    rf"|(?P<unit>{_ANY_UNIT}|(?<=\d)in)"
    rf"(?:/(?P<per>{_ANY_UNIT})(?![\w²³/])|(?P<each>/)(?=[a-z]{{3}})|(?![\w²³]|/\w|['’]s\b)))"
)
_FARTHEST_QUOTE = 300
"""Characters that are looked at for the beginning of a quotation."""
_CALLS = r"(?i:call|ring|phone|dial|tel(?:ephone)?|fax|mobile|hotline|whatsapp)s?\.?:?"
_STATES = (
    "A[KLRZ]|C[AOT]|D[CE]|FL|G[AU]|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|P[AR]|RI|S[CD]|T[NX]|UT|V[AIT]"
    "|W[AIVY]"
)
_DIRECTIONS = {"N": "North", "S": "South", "E": "East", "W": "West"}
_STREETS = "St|Ave|Rd|Blvd|Dr|Ln|Ct|Street|Avenue|Road|Boulevard|Drive|Lane|Court"
_STATE_NAMES = (
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Georgia|Hawaii|Idaho|Illinois"
    "|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri"
    "|Montana|Nebraska|Nevada|New (?:Hampshire|Jersey|Mexico|York)|(?:North|South) (?:Carolina|Dakota)|Ohio|Oklahoma"
    "|Oregon|Pennsylvania|Rhode Island|Tennessee|Texas|Utah|Vermont|Virginia|Washington|West Virginia|Wisconsin"
    "|Wyoming"
)
_DAY_NAME, _MONTH_NAME = "|".join(_DAYS), "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sept?|Oct|Nov|Dec"


def _rule(pattern: str, read: Callable[[re.Match[str]], str | None] | str) -> Rule:
    spoken = read
    return Rule(re.compile(pattern), (lambda _: spoken) if isinstance(spoken, str) else spoken)


def _either_case(words: Iterable[str]) -> str:
    return alternatives([case for word in words for case in (word, word.upper())])


def _say(digits: str) -> str:
    return spelling.cardinal(digits, EN)


def _amount(written: str) -> str:
    """Return a number of something, as it is written: grouped, with decimals."""
    whole, _, fraction = written.replace(",", "").partition(".")
    # 12,34,567 is grouped as in India.
    says = "en_IN" if re.match(r"\d{1,2},\d\d,", written) and len(whole) <= spelling.MAX_AMOUNT_DIGITS else EN
    if says != EN:
        return spelling.say(int(whole), says) + (f" point {one_by_one(fraction, EN)}" if fraction else "")
    return spelling.decimal(whole, fraction, EN, is_amount=True)


def _plain(written: str) -> str:
    """Return a number that nothing is said about: of four digits it is a year."""
    if len(written) == 4 and written.isdecimal() and any(int(written) in years for years in _YEARS):
        return spelling.year(written, EN)
    return _say(written) if written.isdecimal() else _amount(written)


def _value(match: re.Match[str], say: Callable[[str], str] = _amount) -> str:
    words = ("minus " if match["minus"] else "") + say(match["low"])
    return f"{words} to {say(match['high'])}" if match["high"] else words


# Dates and times


def _day(written: str) -> str:
    return ordinal(written.rstrip("stndrh"), EN)


def _month(written: str) -> str:
    return next(month for month in _MONTHS if month.startswith(written[:3]))


def _name_of_time(written: str) -> str:
    """Of a day or a month."""
    name = written.rstrip(".")
    return _DAYS.get(name) or _month(name)


def _times_to_times(match: re.Match[str]) -> str:
    """Mon-Fri."""
    return f"{_name_of_time(match['low'])} to {_name_of_time(match['high'])}{_full_stop(match, before_any=True)}"


def _short_time(match: re.Match[str]) -> str:
    return _name_of_time(match["name"]) + _full_stop(match, before_any=True)


def _year(written: str) -> str:
    """Return a year, or the last two digits of one."""
    return f"oh {_say(written[1])}" if len(written) == 2 and written[0] == "0" else spelling.year(written, EN)


def _years(match: re.Match[str]) -> str:
    return " to ".join(spelling.year(digits, EN) for digits in (match["low"], match["high"]) if digits)


def _month_first(match: re.Match[str]) -> str:
    words = f"{_month(match['month'])} {_day(match['day'])}"
    if match["until"]:
        words += f" to {_day(match['until'])}"
    return f"{words}, {spelling.year(match['year'], EN)}" if match["year"] else words


def _day_first(match: re.Match[str]) -> str:
    article = "" if match.string.endswith(("the ", "The "), 0, match.start()) else "the "
    words = f"{article}{_day(match['day'])} of {_month(match['month'])}"
    return f"{words}, {spelling.year(match['year'], EN)}" if match["year"] else words + _full_stop(match)


def _month_and_year(match: re.Match[str]) -> str:
    return f"{_month(match['month'])} {spelling.year(match['year'], EN)}"


def _year_and_month(match: re.Match[str]) -> str | None:
    """2024-03; 1905-12 and 2003-04 are years from one to the other."""
    if "-" in match[0] and int(match["month"]) > int(match["year"][2:]):
        return None
    return f"{_MONTHS[int(match['month']) - 1]} {spelling.year(match['year'], EN)}"


def _into_century(match: re.Match[str]) -> str | None:
    """1999-00, 2008-09; 2024-03 is a month."""
    low, high = int(match["low"]), int(match["low"][:2] + match["high"])
    high += 100 if match["high"] == "00" else 0
    return f"{spelling.year(match['low'], EN)} to {spelling.year(str(high), EN)}" if low < high < low + 50 else None


def _year_first(match: re.Match[str]) -> str | None:
    return _date(match["year"], int(match["month"]), int(match["day"]))


def _year_last(match: re.Match[str]) -> str | None:
    first, second, year = int(match["first"]), int(match["second"]), match["year"]
    if match["sign"] == "." or first > 12:
        return _date(year, second, first)
    if second > 12 or first == second:
        return _date(year, first, second)
    return f"{_say(str(first))} {_say(str(second))} {_year(year)}"


def _date(year: str, month: int, day: int) -> str | None:
    try:
        date(int(year), month, day)
    except ValueError:
        return None
    return f"{_MONTHS[month - 1]} {ordinal(str(day), EN)}, {_year(year)}"


def _decade(match: re.Match[str]) -> str | None:
    """Say the 1990s, her 30s; 30s alone is a time, and 60s where something lasts so long."""
    written, before = match["decade"], match.string[max(0, match.start() - 40) : match.start()]
    behind = match.string[match.end() : match.end() + 20]
    if len(written) == 2 and match[0][0].isdecimal():
        beside = _DECADES_BEFORE.search(before)
        before = before[: beside.start()] if beside else before
        is_decade = re.search(_OF_DECADE, before) and not re.match(_OF_SECONDS, behind)
        is_decade = is_decade or (beside and not re.search(_LASTING, before))
        lasts = re.match(_OF_SECONDS, behind) or re.search(_LASTING, before)
        if not is_decade and (lasts or (int(written) < 50 and not re.match(_DECADE_NOUN, behind))):
            return None
    words = spelling.year(written, EN) if len(written) == 4 else _say(written)
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def _clock(match: re.Match[str]) -> str:
    hour, minute, half = int(match["hour"]), match["minute"] or "00", match["half"]
    words = _say(str(hour))
    if minute != "00":
        words += f" {'oh ' if minute[0] == '0' else ''}{_say(str(int(minute)))}"
    elif not half:
        words += " o'clock" if 0 < hour <= 12 else " hundred hours"
    if match["second"]:
        words += f" and {_amount(re.sub('^0', '', match['second']))} second{'s' * (match['second'] != '01')}"
    return f"{words} {half.upper()}M{_full_stop(match, before_any=True)}" if half else words


def _duration(match: re.Match[str]) -> str | None:
    """45:12, of minutes and seconds; 60:40 are two shares."""
    minute, second = match["minute"], match["second"]
    if int(minute) <= 24 or (minute[-1] == second[-1] == "0" and second != "00"):
        return None
    words = _say(str(int(minute)))
    if second == "00":
        return f"{words} minutes"
    return f"{words} {'oh ' if second[0] == '0' else ''}{_say(str(int(second)))}"


def _military_time(match: re.Match[str]) -> str:
    hour, minute = match["hour"], match["minute"]
    hours = f"zero {_say(hour[1])}" if hour[0] == "0" else _say(hour)
    return f"{hours} {'hundred' if minute == '00' else one_by_one(minute, EN) if minute[0] == '0' else _say(minute)}"


def _verse(match: re.Match[str]) -> str:
    """Of a book, as Isaiah 53:5."""
    verses = " to ".join(map(_say, re.findall(r"\d+", match["verses"])))
    return f"{_say(match['chapter'])} {verses}"


def _code(match: re.Match[str]) -> str | None:
    """Return a number that somebody has to key in or to write down; a round one may be an amount."""
    return None if match["only"].endswith("000") else _digits_of(match["only"])


def _digits_of(written: str) -> str:
    return ", ".join(one_by_one(group, EN) for group in re.findall(r"\d+", written))


def _telephone(match: re.Match[str]) -> str:
    return ("plus " if match[0][0] == "+" else "") + _digits_of(match[0])


def _telephone_of_letters(match: re.Match[str]) -> str:
    """1-800-FLOWERS: whoever dials it needs its letters."""
    written = match["only"] if "only" in match.re.groupindex else match[0]
    groups = (re.findall(r"\d|[A-Z]", group) for group in re.findall(r"\d+|[A-Z]+", written))
    return ", ".join(" ".join(_say(c) if c.isdecimal() else c for c in group) for group in groups)


def _dialled(match: re.Match[str]) -> str | None:
    """Behind "call": 13 11 14. "Ring 100 000 people"."""
    first, *groups = re.split("[ -]", match["only"])
    digits = len(first) + sum(map(len, groups))
    return None if digits < 6 or set(groups) == {"000"} else _digits_of(match["only"])


def _short_telephone(match: re.Match[str]) -> str | None:
    """555-0199; 100-2000 is from one to the other."""
    return None if re.fullmatch(r"\d+0-\d+0", match[0]) else _telephone(match)


# Money and measures


def _money(match: re.Match[str]) -> str | None:
    groups = match.groupdict("")
    code = CURRENCIES.get(groups.get("sign", "")) or groups["code"]
    low, high = groups["low"], groups["high"]
    whole, _, fraction = (high or low).replace(",", "").partition(".")
    whole = whole or "0"
    if scale := groups["scale"] or _SCALES.get(groups["letter"].strip().lower()):
        words = spelling.currency_unit(f"{_amount(high or low)} {scale}", "2", code, EN)
    elif re.match(r"\d{1,2},\d\d,", high or low):
        coins = (
            f" and {_say(str(int(fraction)))} paise" if code == "INR" and len(fraction) == 2 and int(fraction) else ""
        )
        words = spelling.currency_unit(_amount((high or low).partition(".")[0]), "2", code, EN)
        words = words and words + coins
    else:
        words = spelling.money(whole, fraction, code, EN)
    if words is None:
        return None
    if groups.get("place"):
        words = re.sub(r" (?=dollars?\b)", f" {_DOLLARS[groups['place']]} ", words, count=1)
    if (scale or not fraction) and _is_attribute(match):
        words = re.sub(r"(dollar|euro|pound|rupee)s\Z", r"\1", words)
    if high and "." in low and not scale:
        notes, _, coins = low.replace(",", "").partition(".")
        words = f"{spelling.money(notes, coins, code, EN)} to {words}"
    elif high:
        words = f"{_amount(low)} to {words}"
    return ("minus " if groups.get("minus") else "") + words + (" per" if groups["per"] else "")


def _is_attribute(match: re.Match[str]) -> bool:
    """Whether an amount belongs to the noun behind it, and has no plural: "a five dollar bill", "a ten mile run"."""
    before = match.string[max(0, match.start() - 4) : match.start()]
    behind = match.string[match.end() : match.end() + 5]
    is_linked = match["joint"] == "-" if "joint" in match.re.groupindex else False
    return (
        is_linked
        or (
            re.search(r"\b[Aa]n? \Z", before) is not None
            and re.match(r"[ -](?!(?:and|in|o[fr]|per|to)\b)[a-z]", behind) is not None
        )
        or re.compile(_SIZED).match(match.string, match.end()) is not None
    )


def _many(match: re.Match[str]) -> str:
    return f"{_value(match)} {_SCALES[match['letter'].strip().lower()]}"


def _pence(match: re.Match[str]) -> str:
    return f"{_say(match['low'])} {'penny' if match['low'] == '1' else 'pence'}"


def _thousands(match: re.Match[str]) -> str | None:
    """3k users; a 5k run and a 4K screen are called by their letter."""
    count, behind = match["high"] or match["low"], match.string[match.end() : match.end() + 40]
    before = match.string[max(0, match.start() - 20) : match.start()]
    if re.match(_OF_K, behind):
        return None
    is_name = count in ("1", "2", "4", "5", "8", "10")
    is_counted = re.match(r"\+|[- ](?:[a-z]{1,15} )?(?:[a-z]{2,20}s|people|children|men|women|of)\b", behind)
    if is_name and not is_counted and (match["letter"] == "K" or re.search(_SAID_BY_K, before)):
        return None
    return f"{_value(match)} thousand"


def _cents(match: re.Match[str]) -> str:
    return f"{_amount(match['low'])} cent{'s' * (match['low'] != '1')}"


def _measure(match: re.Match[str]) -> str | None:
    return _with_unit(_value(match), (match["high"] or match["low"]).replace(",", ""), match)


def _with_unit(words: str, count: str, match: re.Match[str]) -> str | None:
    """Return the words with the unit of the match, if it has one; `count` as for `spelling.measured`."""
    written = match["dotted"] or match["unit"]
    if not written:
        return words
    measured = _measured(words, "1" if _is_attribute(match) else count, _unit(written))
    if measured is None:
        return None
    each = _measured("", "1", _unit(match["per"])) if match["per"] else ""
    measured += f" per {each.strip()}" if each else " per" if match["each"] else ""
    return measured + (_full_stop(match, before_any=True) if match["dotted"] else "")


def _unit(written: str) -> str:
    return _UNITS.get(written) or _UNITS[written.lower()]


def _measured(words: str, count: str, unit: str) -> str | None:
    """As `spelling.measured`, of units as well that Unicode has no name of."""
    if unit[0] != "=":
        return spelling.measured(words, count, unit, EN)
    name, joint, rest = unit[1:].partition(" per ")
    ending = "" if count == "1" or name.endswith("hertz") else "ies" if name.endswith("y") else "s"
    return f"{words} {name.removesuffix('y') if ending == 'ies' else name}{ending}{joint}{rest}"


def _per(match: re.Match[str]) -> str | None:
    """Three dollars per lb."""
    name = _measured("", "1", _unit(match[0].rstrip(".")))
    return name and name.strip() + _full_stop(match, before_any=True)


def _price(match: re.Match[str]) -> str | None:
    """$/kWh."""
    each = _measured("", "1", _unit(match["unit"]))
    return each and f"{_SIGNS.get(match['sign'], match['sign'])} per {each.strip()}"


def _inches(match: re.Match[str]) -> str | None:
    """Say a 27" monitor; where a quotation is open, the sign is its end."""
    before = match.string[max(0, match.start() - _FARTHEST_QUOTE) : match.start()]
    if match["sign"] == '"' and len(re.findall(r'(?<!\d)"', before)) % 2:
        return None
    return f"{_amount(match['low'])} inch{'' if _is_attribute(match) else 'es'}"


def _size(match: re.Match[str]) -> str:
    """1920x1080: of four digits each is read as a year is."""
    low, high = (spelling.year(n, EN) if len(n) == 4 else _say(n) for n in (match["low"], match["high"]))
    return f"{low} by {high}"


def _measured_size(match: re.Match[str]) -> str | None:
    """4x100m."""
    sides = re.findall(_NUMBER, match["sides"])
    return _with_unit(" by ".join(map(_amount, sides)), sides[-1].replace(",", ""), match)


def _height(match: re.Match[str]) -> str:
    return f"{_say(match['feet'])} foot {_say(match['inches'])}"


# Fractions, ranks, versions


def _parts(numerator: int, denominator: int) -> str:
    if denominator == 2:
        return f"{_say(str(numerator))} {'half' if numerator == 1 else 'halves'}"
    name = "quarter" if denominator == 4 else ordinal(str(denominator), EN)
    return f"{_say(str(numerator))} {name}{'s' * (numerator != 1)}"


def _mixed(whole: str | None, numerator: int, denominator: int) -> str:
    if not whole:
        return _parts(numerator, denominator)
    return f"{_say(whole)} and {'a half' if denominator == 2 else _parts(numerator, denominator)}"


def _fraction(match: re.Match[str]) -> str | None:
    numerator, denominator = int(match["numerator"]), int(match["denominator"])
    # Nobody writes 6/10 or 85/100 for a part; they are marks.
    is_part = match["whole"] or numerator == 1 or (denominator < 100 and math.gcd(numerator, denominator) == 1)
    if 0 < numerator < denominator and is_part and (denominator <= 20 or denominator in (32, 64, 100, 1000)):
        return _with_unit(_mixed(match["whole"], numerator, denominator), "2" if match["whole"] else "1", match)
    whole = f"{_say(match['whole'])} " if match["whole"] else ""
    joint = "over" if numerator > denominator else "out of"
    return _with_unit(f"{whole}{_say(match['numerator'])} {joint} {_say(match['denominator'])}", "2", match)


def _one_character(match: re.Match[str]) -> str | None:
    parts = Fraction(unicodedata.numeric(match["sign"])).limit_denominator(20).as_integer_ratio()
    return _with_unit(_mixed(match["whole"], *parts), "2" if match["whole"] else "1", match)


def _power(match: re.Match[str]) -> str:
    digits = "".join(str(unicodedata.digit(sign)) for sign in match["power"])
    return f"to the power of {'minus ' if match['minus'] else ''}{_say(digits)}"


def _scientific(match: re.Match[str]) -> str:
    minus = "minus " if match["sign"] and match["sign"] != "+" else ""
    return f"{_amount(match['low'])} times ten to the power of {minus}{_say(match['power'])}"


def _ordinal(match: re.Match[str]) -> str:
    return ordinal(match["digits"].replace(",", ""), EN)


def _formula(match: re.Match[str]) -> str | None:
    """H2SO4 by its letters; what would be a word of them is set apart. SOCKS5 is none."""
    if re.fullmatch(r"[A-Z]{3,}\d+", match[0]) and not re.search(r"[HO]\d{1,2}\Z", match[0]):
        return None
    words = []
    for letters, digits in re.findall(r"([A-Za-z]+|(?<![A-Za-z])(?=\d))(\d*)", match[0]):
        parts = re.findall(r"[A-Z][a-z]|[A-Z]+(?![a-z])", letters)
        words += [
            " ".join(part) if part.isupper() and not (is_acronym(part) or part == "CO") else part for part in parts
        ]
        words += [_say(digits)] if digits else []
    return " ".join(words)


def _rating(match: re.Match[str]) -> str:
    return f"{_amount(match['low'])} out of {_amount(match['high'])}"


def _name_of_digits(match: re.Match[str]) -> str:
    """Room 101, Boeing 747, BA2490: the last two digits are a number, and so are those before."""
    before, last = match["number"][:-2], match["number"][-2:]
    if last == "00":
        return _say(match["number"]) if before[-1] == "0" else f"{_say(before)} hundred"
    return f"{_say(before)} {'oh ' if last[0] == '0' else ''}{_say(str(int(last)))}"


def _groups(match: re.Match[str]) -> str:
    """Of digits with points: two are a number with decimals."""
    groups = match[0].split(".")
    return _amount(match[0]) if len(groups) == 2 else " point ".join(map(_say, groups))


def _version(match: re.Match[str]) -> str:
    groups = match["groups"].split(".")
    if len(groups) == 4 and not match["v"]:
        return " dot ".join(one_by_one(group, EN) for group in groups)
    return ("version " if match["v"] else "") + " point ".join(map(_say, groups))


# Abbreviations and names


def _full_stop(match: re.Match[str], before_any: bool = False) -> str:
    """Return the full stop of an abbreviation that ends the sentence as well.

    It does before a word that often starts sentences, with `before_any` before any capital: names stand behind names.
    What is beside times belongs to them: "at 5 p.m. EST on Mon. Jan. 5".
    """
    behind = re.compile(r"[\"”’')\]]*(?:\Z|[\"“‘'(]* [\"“‘'(]*([A-Z]+[a-z]*))").match(match.string, match.end())
    if behind is None or not match[0].endswith("."):
        return ""
    next_word = behind[1] or "The"
    ends = re.fullmatch(_SENTENCE_START, next_word) or (before_any and not re.fullmatch(_BESIDE_TIME, next_word))
    return "." if ends else ""


def _abbreviation(match: re.Match[str]) -> str | None:
    written = match[0].lower()
    # None where its letters are other forms of these, as the long s of s.
    words = _ABBREVIATIONS.get(written)
    return words and words + _full_stop(match, before_any=written in ("etc.", "et al.", "&c."))


def _versus(match: re.Match[str]) -> str | None:
    """Between names, or a name and what has none: England v the rest."""
    before = re.search(r"([\w'’&-]+)[.,)\"”]{0,3} \Z", match.string[max(0, match.start() - 40) : match.start()])
    is_name = before and (before[1][0].isupper() or before[1] == "al")
    is_sign = before and before[1] in ("Section", "Part", "Chapter", "Book", "Act", "Scene", "Title", "The", "Vitamin")
    return "versus" if is_name and not is_sign else None


def _counted(match: re.Match[str]) -> str | None:
    """Page 5; P. V. is somebody."""
    word, behind = match["word"], match.string[match.end() : match.end() + 2].lstrip()
    return None if len(word) == 1 and word.isupper() and behind.isalpha() else _COUNTED[word.lower()]


def _ending(match: re.Match[str]) -> str:
    return _ENDINGS[match[0][:-1].capitalize()] + _full_stop(match)


def _title(match: re.Match[str]) -> str:
    return _TITLES[match[0].rstrip(".").capitalize()]


def _doctor(match: re.Match[str]) -> str:
    """Doctor; behind a street's number and name, Drive."""
    before = match.string[max(0, match.start() - 30) : match.start()]
    is_last = re.match(r"[,;)]|\Z|\.?\Z", match.string[match.end() : match.end() + 2])
    is_street = re.search(r"\d [A-Z]\w* \Z", before) or (is_last and re.search(r"\b[A-Z][a-z]+ \Z", before))
    return f"Drive{_full_stop(match)}" if is_street else "Doctor"


def _saint(match: re.Match[str]) -> str | None:
    """Saint before a name, Street behind one; between two, Street if a number stands before it or a sentence ends."""
    before = re.search(
        r"(\d (?:S[tT]\. |\w{1,20} )|\d )?\b[A-Z0-9][\w'’]* \Z",
        match.string[max(0, match.start() - 40) : match.start()],
    )
    is_before_name = re.match(r" ?[A-Z]", match.string[match.end() : match.end() + 2])
    is_numbered = before and (before[1] or re.search(r"\d(?:st|nd|rd|th) \Z", before[0]))
    if is_before_name and not (is_numbered or (before and _full_stop(match))):
        return "Saint"
    return f"Street{_full_stop(match)}" if before else None


def _numerals(match: re.Match[str], of_rank: bool = False) -> str:
    """Sections I, II and III: they rise; what does not is another word, as in "Part I, I think"."""
    words, last, end = "", 0, 0
    for numeral in re.finditer(r"(?<![a-zA-Z])([MDCLXVImdclxvi]+)(?:th|st|nd|rd)?(?![a-zA-Z])", match["only"]):
        value = int(roman(numeral[1].upper()))
        start, stop = numeral.span()
        if value <= last:
            return words + match["only"][end:]
        joint = match["only"][end:start] if last else ""
        joint = re.sub("^ ?[-–—] ?$", " to ", joint).replace("&", "and").replace("/", " ")
        words += joint + (ordinal(str(value), EN) if of_rank else _say(str(value)))
        last, end = value, stop
    return words


def _listed_numeral(match: re.Match[str]) -> str | None:
    """(i) before (ii), (v) behind (iv): a letter alone may be one."""
    numeral, near = match["only"], match.string[max(0, match.start() - 400) : match.end() + 400]
    beside = {"i": "(ii)", "v": "(iv)", "x": "(ix)"}.get(numeral)
    return None if beside and beside not in near else _say(roman(numeral.upper()))


def _lone_unit(match: re.Match[str]) -> str | None:
    """Measured in km/h."""
    written = match["unit"]
    if written in _UNITS:
        return (name := _measured("", "2", _unit(written))) and name.strip()
    unit, per = written.split("/")
    name, each = _measured("", "2", _unit(unit)), "day" if per == "day" else _measured("", "1", _unit(per))
    return f"{name.strip()} per {each.strip()}" if name and each else None


def _short_ending(match: re.Match[str]) -> str:
    return _ENDINGS[match["only"]]


def _initials(match: re.Match[str]) -> str:
    return match[0].replace(".", "") + _full_stop(match)


def _name(word: str) -> str:
    """Return a part of a name of the web: its capitals may be anything."""
    if word.isdecimal():
        return _say(word)
    word = word if word.isupper() and is_acronym(word) else word.lower()
    return _ABBREVIATIONS.get(word, word)


def _names(written: str) -> str:
    return " ".join(map(_name, re.findall(r"[^\W\d_]+|\d+", written)))


def _hashtag(match: re.Match[str]) -> str:
    return f"hashtag {_names(re.sub(r'(?<=[a-z])(?=[A-Z])', ' ', match[0]))}"


def _handle(match: re.Match[str]) -> str:
    return f"at {_names(match[0])}"


_ADDRESSES = address_rules(
    {
        ".": "dot", "@": "at", "/": "slash", "_": "underscore", "-": "dash", "?": "question mark", "=": "equals",
        "&": "and", "#": "hash", "+": "plus", "%": "percent", "~": "tilde", ":": "colon",
    },
    _say,
)  # fmt: skip
_NUMBERS = (
    _rule(
        r"(?<=[\w)])(?P<gap> ?)(?P<sign><=|>=|!=|≤|≥)(?P=gap)(?=[\w(-])|(?P<bound><=|>=|≤|≥) ?(?=\d)",
        lambda match: f" {_COMPARISONS[match['sign']]} " if match["sign"] else f"{_LIMITS[match['bound']]} ",
    ),
    _rule("&&", "and"),
    _rule(r"(?<=\w) ?(?:[-=]{1,2}>|⇒) ?(?=\w)", " to "),
    _rule(r"(?<![\w-])(?:[-=]{1,2}>|<[-=]{1,2})(?!\w)", ""),
    _rule(r"\d{3}-\d{4},? (?P<only>x)(?=\d{2,5}\b)", "extension "),
    _rule(r"\)(?P<only>[²³])", lambda match: f" {_SIGNS[match['only']]}"),
    _rule(r"(?<=\b[a-zA-Z]) ?= ?[a-zA-Z](?P<only>/)(?=[a-zA-Z]\b)", " over "),
    _rule(r"(?<=[⁰¹²³⁴-⁹] )m\b", "meters"),
    _rule(r"(?<![\w.])(?P<only>b\.) (?=1\d{3}\b)", "born"),
    _rule(r"(?<![\w.])(?P<only>d\.) (?=(?:1\d|20)\d{2}\b)", "died"),
    _rule(r"(?<=[\w)²³]) − (?=[\w(])", " minus "),
    _rule(r"\((?P<only>i{1,3}|i?[vx]|vi{1,3})\)", _listed_numeral),
    _rule(
        r"\A(?P<only>(?=[IVX]{2}|[ivx]{2})(?:X{0,3}(?:IX|IV|V?I{0,3})|x{0,3}(?:ix|iv|v?i{0,3})))(?=[.)] )",
        lambda match: _say(roman(match["only"].upper())),
    ),
    _rule(r"(?<![\u0370-\u03ff])[α-δεθλμπστφψωΔΣΩ](?![\u0370-\u03ff])", lambda match: _GREEK.get(match[0])),
    _rule(r"(?<=\b[Nn]oon)[-–](?=\d)|(?<=\d[ap]m)[-–](?=(?:noon|midnight)\b)", " to "),
    _rule(
        rf"{_START}(?P<low>\d{{1,3}})['’′](?= (?:wide|tall|long|high|deep)\b)",
        lambda match: f"{_say(match['low'])} f{'oo' if match['low'] == '1' else 'ee'}t",
    ),
    _rule(
        r"(?<![\w/])(?<!\d )(?P<unit>km/h|m/s²?|mi/h|(?:km|kg|mg|MB|GB|kB|Mbit|Gbit|kWh|mL|ml|mol|kJ)/(?:h|s|m²|m³|cm³"
        r"|kg|L|l|dL|min|day))(?![\w/²³])",
        _lone_unit,
    ),
    _rule(
        HEART,
        lambda match: "love" * bool(re.compile(rf"{_LOVED}|(?<=[Iey] <3) [a-z]").match(match.string, match.end())),
    ),
    # Dates.
    _rule(rf"{_START}(?:{alternatives(_NICKNAMES)}){_END}", lambda match: _NICKNAMES[match[0]]),
    _rule(rf"{_START}(?P<year>{_YEAR})([-/])(?P<month>\d\d?)\2(?P<day>\d\d?){_END}", _year_first),
    _rule(
        rf"{_START}(?P<first>\d\d?)(?P<sign>[-/.])(?P<second>\d\d?)(?P=sign)(?P<year>{_YEAR}|(?<=/)\d\d){_END}",
        _year_last,
    ),
    _rule(
        rf"\b(?P<low>{_DAY_NAME}|{_MONTH_NAME})\.?[-–—](?P<high>{_DAY_NAME}|{_MONTH_NAME})\b\.?(?!\w)", _times_to_times
    ),
    _rule(
        rf"(?P<month>{_MONTH}) (?P<day>{_DAY})(?:[-–](?P<until>{_DAY}))?(?:,? (?P<year>{_YEAR}))?{_END}", _month_first
    ),
    _rule(
        rf"{_START}(?P<day>{_DAY})(?: of)?[ -](?P<month>{_MONTH})(?:[, -]{{1,2}}(?P<year>{_YEAR}){_END})?", _day_first
    ),
    _rule(rf"(?P<month>{_MONTH}),? (?P<year>{_YEAR}){_END}", _month_and_year),
    _rule(rf"{_START}(?P<month>0?[1-9]|1[0-2])/(?P<year>(?:19|20)\d\d){_END}", _year_and_month),
    _rule(rf"{_START}(?P<low>{_YEAR})[-–](?P<high>0\d){_END}", _into_century),
    _rule(rf"{_START}(?P<year>{_YEAR})-(?P<month>0[1-9]|1[0-2])(?![\w-]|[.,:/]\d)", _year_and_month),
    _rule(r"\b(?P<name>Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Feb|Aug|Sept?|Oct|Nov|Dec)\.(?!\w)", _short_time),
    _rule(rf"(?<![Tt]he )\b(?P<name>{_DAY_NAME})\b\.?(?=,? (?:{_MONTH}|\d\d?\b(?!:)))", _short_time),
    # These are words or names as well.
    _rule(
        r"\b(?i:on|in|next|this|last|every|since|until) (?P<only>(?P<name>Sat|Sun|Jan|Mar|Apr|Jun|Jul)\.)", _short_time
    ),
    _rule(
        rf"{_START}(?P<digits>10{{1,3}}|1,000)['’]?s(?= of\b)", lambda match: _MANY_OF[match["digits"].replace(",", "")]
    ),
    _rule(r"(?:(?<=\b[Tt]he )|(?<=\bearly )|(?<=\blate )|(?<=\bmid-))(?P<decade>[1-9]\d0)s\b", _decade),
    _rule(r"(?<!\w)['’]?(?P<decade>[2-9]0|(?:1\d|20)\d0)['’]?s\b", _decade),
    _rule(r"(?<!\w)['’](?P<year>\d\d)(?![\w'’]|[.,!?]['’])", lambda match: _year(match["year"])),
    _rule(
        rf"{_START}(?P<low>\d{{1,4}})(?:{_TO}(?P<high>\d{{1,4}}))?"
        r"(?= ?(?:AD|BCE?|CE|A\.D\.|B\.C\.(?:E\.)?|C\.E\.)(?!\w))",
        _years,
    ),
    _rule(rf"(?:(?<=\bAD )|(?<=\bA\.D\. ))(?P<low>\d{{1,4}})(?P<high>){_END}", _years),
    # Groups of digits that no amount is written in.
    # A sign is no telephone's: +350, +12.5.
    _rule(rf"(?<![\w(])\+(?=(?:[ .()-]{{0,2}}\d){{8}})\d{{1,3}}(?:[ .-]?\(?\d{{1,4}}\)?){{2,5}}{_END}", _telephone),
    _rule(rf"{_START}(?:1[ -]?)?(?<!\w)\(\d{{3}}\) ?\d{{3}}[-. ]\d{{4}}{_END}", _telephone),
    _rule(rf"(?<!\w)\(0\d{{1,5}}\) ?\d{{2,4}}(?:[ -]?\d{{2,4}}){{1,2}}{_END}", _telephone),
    _rule(
        r"(?<![\w-])(?:\+?1[ -])?\(?(?:8(?:00|33|44|55|66|77|88)|900|0800|1[38]00)\)?-"
        r"(?=[\dA-Z-]{0,6}[A-Z])[\dA-Z]{1,10}(?:-[\dA-Z]{1,10}){0,3}(?!\w)",
        _telephone_of_letters,
    ),
    _rule(rf"\b{_CALLS} (?P<only>(?:1[38]00|0800|1 800) [A-Z]{{4,10}})(?!\w)", _telephone_of_letters),
    _rule(
        rf"\b{_CALLS}(?: (?:us|me|them|now|toll[- ]free|on|at)){{0,3}}:? "
        rf"(?P<only>\d{{1,6}}(?:[ -]\d{{2,6}}){{1,4}}){_END}",
        _dialled,
    ),
    _rule(rf"{_START}1[38]00 \d{{3}} \d{{3}}{_END}", _telephone),
    _rule(r"\b[Tt]ext(?:ing|s)? [\"“']?[A-Z]{2,12}[\"”']? to (?P<only>\d{5,6})(?!\w)", lambda m: _digits_of(m["only"])),
    _rule(rf"{_START}(?:1[. ])?\d{{3}}([. ])\d{{3}}\1\d{{4}}{_END}", _telephone),
    _rule(rf"{_START}\d{{1,6}}(?:-\d{{1,6}}){{2,6}}{_END}|{_START}\d{{4}}(?: \d{{4}}){{2,3}}{_END}", _telephone),
    _rule(rf"{_START}00\d{{1,3}}(?: \d{{2,4}}){{2,5}}{_END}|{_START}[6-9]\d{{4}} \d{{5}}{_END}", _telephone),
    _rule(rf"{_START}0\d [2-9]\d{{3}} \d{{4}}{_END}", _telephone),
    _rule(rf"{_START}0\d{{2,5}} \d{{3,6}}(?: \d{{3,4}})?{_END}|{_START}0\d{{2,5}}(?: \d\d){{3}}{_END}", _telephone),
    _rule(rf"{_START}\d{{3}}-\d{{4}}{_END}", _short_telephone),
    _rule(
        r"\b(?:[Cc]ode|CODE|PIN|OTP|(?i:zip|password|dial(?:led|ling|s)?|ext\.|extension)"
        r"|(?i:card|account|number|phone) (?:that )?(?:ends|ending) (?:in|with))"
        rf"(?: (?i:number|no\.|is|was)){{0,2}}[:#]? ?#?(?P<only>\d{{3,10}}){_END}",
        _code,
    ),
    _rule(rf"(?:#|\b(?i:number|ID)(?: (?:is|was))?[: ]{{1,2}})(?P<only>\d{{5,10}}){_END}", _code),
    _rule(
        rf"(?:, [A-Z]{{2}}|\b(?:D\.C|N\.[CDHJMY]|R\.I|S\.[CD])\.|\b(?:{_STATES})),? "
        rf"(?P<only>(?!\d0000)\d{{5}}(?:-\d{{4}})?){_END}",
        lambda match: _digits_of(match["only"]),
    ),
    # They are words as well, that are no longer capitals when they are read again.
    _rule(rf"(?<=, )(?:HI|IN|ME|OK|OR)(?= \d{{5}}(?:-\d{{4}})?{_END})", lambda match: " ".join(match[0])),
    _rule(
        rf"(?<=, )(?:H I|I N|M E|O K|O R) (?P<only>\d{{5}}(?:-\d{{4}})?){_END}",
        lambda match: _digits_of(match["only"]),
    ),
    _rule(
        rf", (?:{_STATE_NAMES}) (?P<only>\d{{5}}(?:-\d{{4}})?){_END}",
        lambda match: _digits_of(match["only"]),
    ),
    _rule(rf"\b[Cc]all(?:ed|ing|s)? (?P<only>[2-9]11|112|988|999){_END}", lambda match: _digits_of(match["only"])),
    _rule(
        rf"(?:(?<=\b911 or )|(?<=\b112 or )|(?<=\b999 or )|(?<=\b911, ))(?:911|112|999){_END}"
        r"|\b(?:911|112|999)(?= or (?:911|112|999)\b)",
        lambda match: _digits_of(match[0]),
    ),
    _rule(r"\b911(?= (?:call|operator|dispatch))", lambda match: _digits_of(match[0])),
    _rule(
        rf"\b\d{{1,5}} (?P<only>[NSEW])(?=(?: [A-Z0-9][\w.]{{0,20}}){{1,3}} (?:{_STREETS})\b)",
        lambda match: _DIRECTIONS[match["only"]],
    ),
    # Times.
    _rule(
        rf"(?:{_START}(?=0)|(?<=\b[Aa]t )|(?<=\b[Bb]y ))(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?= hours\b)",
        _military_time,
    ),
    _rule(
        rf"{_START}(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)"
        rf"(?::(?P<second>[0-5]\d(?:\.\d{{1,9}})?))?(?: ?{_HALF}|{_END})",
        _clock,
    ),
    _rule(rf"{_START}(?P<hour>1[0-2]|0?[1-9])(?P<minute>)(?P<second>) ?{_HALF}", _clock),
    _rule(
        r"(?:(?<=\d[ap]m)|(?<=\d[AP]M)|(?<=[ap]\.m\.)|(?<=:\d\d)) ?[-–—] ?(?=\d)"
        r"|(?<=\d) ?[-–—] ?(?=\d{1,2}(?::\d\d)? ?[aApP]\.? ?[mM]\b)"
        r"|(?<=\d[kKmMbB])[-–—](?=[$€£]\d|[\d.]{1,9}bn\b)|(?<=\dbn)[-–—](?=[$€£]?[\d.]{1,9}bn\b)|(?<=\d[kKmMbB])[-–—](?=[$€£]\d|[\d.]{1,9}[kKmMbB]\b)",
        "to",
    ),
    _rule(rf"\d ?(?:{_ANY_UNIT})(?P<only> ?[-–—] ?)(?=\d{{1,6}}(?:\.\d{{1,3}})? ?(?:{_ANY_UNIT})(?!\w))", "to"),
    _rule(rf"\d ?(?:{_ANY_UNIT})(?P<only> ?[x×] ?)(?=\d{{1,6}}(?:\.\d{{1,3}})? ?(?:{_ANY_UNIT})(?!\w))", " by "),
    _rule(rf"(?<!\d)(?<!\d )(?P<sign>{_SIGN})/(?P<unit>{_ANY_UNIT})(?![\w/])", _price),
    _rule(r"(?<=\d) : (?=\d)", " to "),
    _rule(rf"{_START}(?P<minute>\d{{2,3}}):(?P<second>[0-5]\d){_END}", _duration),
    _rule(rf"{_START}(?P<chapter>\d{{1,3}}):(?P<verses>\d{{1,3}}[-–]\d{{1,3}}){_END}", _verse),
    _rule(
        rf"\b(?:{_BOOKS}) (?P<only>(?P<chapter>\d{{1,3}}):(?P<verses>\d{{1,3}}(?:[-–]\d{{1,3}})?)){_END}",
        _verse,
    ),
    _rule(rf"{_START}(?P<low>\d{{1,3}}):(?P<high>\d{{1,3}}){_END}", lambda m: f"{_say(m['low'])} to {_say(m['high'])}"),
    # Amounts.
    _rule(
        rf"(?P<minus>{_MINUS})?(?<!\w)(?P<place>(?:{alternatives(_DOLLARS)})(?=\$))?(?P<sign>{_SIGN}) ?"
        rf"(?P<low>{_NUMBER})(?:{_TO}(?:{_SIGN})?(?P<high>{_NUMBER}))?{_MANY}(?!\d|[.,]\d){_PER}",
        _money,
    ),
    _rule(
        rf"(?P<minus>{_MINUS})?\b(?P<code>{_CODE}) ?(?P<low>{_NUMBER})(?:{_TO}(?P<high>{_NUMBER}))?{_MANY}"
        rf"(?!\d|[.,]\d){_PER}",
        _money,
    ),
    _rule(rf"{_VALUE}{_MANY} ?(?:(?P<code>{_CODE})\b|(?P<sign>{_SIGN})(?!\d)){_PER}", _money),
    _rule(rf"{_START}(?P<low>{_NUMBER})¢", _cents),
    _rule(rf"{_START}(?P<feet>\d)['’′] ?(?P<inches>1[01]|\d)(?!\d)(?:[\"”″]|''|’’)?", _height),
    _rule(rf"{_START}(?P<low>{_NUMBER})(?P<sign>[\"″])(?=[ ,;.)])", _inches),
    _rule(rf"{_LOW} ?%{_TO}(?P<high>{_NUMBER}) ?(?P<unit>%)", _measure),
    _rule(rf"{_VALUE}(?P<letter>[kK]){_END}", _thousands),
    _rule(rf"{_LOW}(?P<high>)(?P<letter>M(?= [a-z])|m(?= (?:people|users)\b)| ?(?:mn|bn)){_END}", _many),
    _rule(
        rf"{_START}(?P<minus>)(?P<low>\d{{1,4}}\.\d{{1,3}}|[1-9]\d{{1,2}}(?=M))(?P<high>)(?P<letter>[MB]){_END}", _many
    ),
    _rule(
        rf"{_START}(?P<minus>)(?P<low>\d{{1,4}})(?P<high>)(?P<letter>B)"
        r"(?= (?:[a-z]{1,15} )?(?:[a-z]{2,20}s|people)\b)",
        _many,
    ),
    _rule(r"(?<![\w.])(?P<low>\d{1,2})p(?!\w|[:./]\S)", _pence),
    _rule(rf"{_START}(?P<sides>{_NUMBER}(?: ?[x×] ?{_NUMBER}){{1,2}})(?P<joint>[ -]?){_UNIT}", _measured_size),
    _rule(
        rf"{_START}(?:(?P<whole>\d{{1,3}})[ -])?(?P<numerator>\d{{1,4}})[/⁄](?P<denominator>\d{{1,4}})"
        rf"(?:(?P<joint>[ -]?){_UNIT}|{_END}|(?=ths?\b))",
        _fraction,
    ),
    _rule(rf"{_VALUE}(?P<joint>[ -]?){_UNIT}", _measure),
    _rule(
        rf"\d (?:thousand|million|billion|trillion|lakh|crore) (?P<only>(?=[^ ]{{2}})(?:{_ANY_UNIT}))(?![\w²³/])",
        lambda match: (name := _measured("", "2", _unit(match["only"]))) and name.strip(),
    ),
    _rule(rf"(?:(?<!\w)(?P<whole>\d{{1,3}}) ?)?(?P<sign>[¼-¾⅐-⅞])(?:(?P<joint>[ -]?){_UNIT})?", _one_character),
    _rule(r"[①-⑳]", lambda match: _say(str(int(unicodedata.numeric(match[0]))))),
    # Powers.
    _rule(r"(?<=[\w)])(?P<minus>⁻)?(?P<power>(?<=⁻)[⁰¹²³⁴-⁹]|[⁰⁴-⁹]|[⁰¹²³⁴-⁹]{2,4})", _power),
    _rule(
        rf"{_START}(?P<low>\d{{1,6}}(?:\.\d{{1,9}})?)(?:e|E(?=[-+−]))(?P<sign>[-+−])?(?P<power>\d{{1,3}}){_END}",
        _scientific,
    ),
    _rule(r"(?<=[\w)])\^2(?!\w|\.\d)", "squared"),
    _rule(r"(?<=[\w)])\^3(?!\w|\.\d)", "cubed"),
    _rule(r"(?<=[\w)])\^[-−](?=\d)", "to the power of minus"),
    _rule(rf"{_START}(?P<low>\d{{1,4}}\.\d{{1,2}})/(?P<high>\d{{1,3}}){_END}", _rating),
    _rule(rf"\b(?:{_either_case(_WITH_NUMBER)}) (?P<only>(?P<number>[1-9]\d{{2,3}})){_END}", _name_of_digits),
    _rule(
        rf"(?<![\w-])\d?(?=[A-Za-z(]{{1,9}}\d|[A-Z][a-z]?\([A-Z])"
        rf"(?:(?:{_ELEMENT})\d{{0,3}}|\((?=[A-Za-z\d]{{1,12}}\)\d)|\)\d{{1,2}}){{2,12}}(?![\w-])",
        _formula,
    ),
    _rule(rf"(?<=[A-Z])-?(?P<only>(?P<number>[1-9]\d{{2,3}})){_END}", _name_of_digits),
    _rule(rf"{_START}(?P<number>[1-9]\d\d)(?=[A-Z]\b)", _name_of_digits),
    _rule(rf"{_START}(?P<digits>\d{{1,3}}(?:,\d{{3}}){{1,4}}|\d{{1,15}})(?:st|nd|rd|th|ST|ND|RD|TH)\b", _ordinal),
    _rule(rf"(?<![\w.])(?P<v>[vV])?(?P<groups>\d{{1,6}}(?:\.\d{{1,6}}){{2,9}}){_END}", _version),
    # A V8 is an engine.
    _rule(rf"(?<![\w.])(?!V(?:[468]|1[026])\b(?!\.))(?P<v>[vV])(?P<groups>\d{{1,6}}(?:\.\d{{1,6}})?){_END}", _version),
    # Sums.
    _rule(r"(?<=\d) [-−–] (?=[\d.,]{1,15} ?=)|(?<=\d) − (?=\d)", "minus"),
    _rule(r"(?<=\d) / (?=[\d.,]{1,15} ?=)", "divided by"),
    _rule(rf"{_START}(?P<low>\d{{1,6}})[x×](?P<high>\d{{1,6}}){_END}", _size),
    _rule(r"(?<=\d)[x×](?!\w)|(?<=\d) ?[x×*] ?(?=\d)", "times"),
    _rule(rf"{_START}(?P<low>{_NUMBER}){_TO}(?P<high>{_NUMBER}){_END}(?P<minus>)", lambda match: _value(match, _plain)),
    _rule(rf"{_LOW}{_END}(?P<high>)", lambda match: _value(match, _plain)),
    _rule(r"(?<![\w<>)])[<>≤≥](?=[$€£]?\d)", lambda match: _BOUNDS[match[0]]),
    _rule(r"(?:(?<=\bUTC)|(?<=\bGMT))[-−](?=\d)", "minus"),
    _rule(r"(?<!\w)~(?=[$€£]?\d)", "about "),
    _rule(r"(?<=\d)/(?=\d)", "slash"),
    _rule(r"(?<!\w)#(?= ?\d)", "number"),
    _rule(r"(?<!\d)\d++(?:\.\d++)++", _groups),
    _rule(r"\d+", lambda match: _say(match[0])),
)
_WORDS = (
    _rule(
        rf"(?<![\w.])(?P<only>(?P<word>(?i:{alternatives(_COUNTED)}))\.)"
        rf"(?= ?(?:[$€£]?\d|(?!I\b(?![-–—]|,? (?:and|&)))[IVXLC]{{1,8}}\b"
        r"|[ivx]{2,7}\b|[ivx][-–—][ivxl]))",
        _counted,
    ),
    _rule(rf"(?<![\w.])(?i:{alternatives(word for word in _ABBREVIATIONS if word[-1] == '.')})(?!\w)", _abbreviation),
    _rule(r"(?<![\w./])(?:(?i:vs)|[wW]/o(?:ut)?|[cC]/[oO])(?![\w./])|(?<![\w./])[wW]/(?=\s|\w\w)", _abbreviation),
    _rule(rf"(?<=\bper )(?:(?:{_DOTTED})\.|(?:{_ANY_UNIT}))(?!\w)", _per),
    _rule(rf"(?<=\w)\.(?=(?:{_FILES})\b)", "dot"),
    _rule(r"(?<![\w.])(?:[A-Z]\.){2,10}(?:s\b|(?!\w))", _initials),
    # Roe v. Wade; "Section v." is a number, and "v. 2" a version.
    _rule(r"(?<=\w[.,\w)] )v\.(?= [\"“A-Z])|(?<=[\w.)] )(?<!\bthe )(?<!\bletter )v(?= (?:[A-Z]))", _versus),
    _rule(r"\bD[rR]\.(?!\w)|\bDr(?= (?:(?:and|&) )?[A-Z])", _doctor),
    _rule(r"\bSts\.(?= [A-Z])", "Saints"),
    _rule(r"\bS[tT]\.(?!\w)|\bSt(?= [A-Z][a-z])|(?<=[a-z] )St(?!\w)", _saint),
    _rule(
        r"\b(?:Mrs?|Ms|Messrs|MRS?|MS)\.(?!\w)|\b(?:Mrs?|Ms)(?= [A-Z]|,? (?:and|&|or) (?:Mrs?|Ms|Miss|Dr)\b"
        r"|, (?:Mrs?|Ms)\b)"
        r"|(?:(?<=\band )|(?<=\bor )|(?<=& ))(?:Mrs?|Ms)(?!\w)",
        _title,
    ),
    _rule(r"\b(?:Capt|Cmdr|Cpl|Lt|Messrs|Mt|Prof|Rev|Sgt)(?= [A-Z][a-z])", _title),
    _rule(rf"\b(?:{_either_case(_TITLES)})\.(?= [^\Wa-z\d])", _title),
    _rule(rf"\b(?:{_either_case(_ENDINGS)})\.(?!\w)", _ending),
    _rule(r"\b[A-Z]\w{1,30},? (?P<only>Jr|Sr|Inc|Ltd|Corp|Bros|Ave(?! Maria)|Rd)(?![\w.])", _short_ending),
    _rule(r"\b(?P<only>Blvd|Expy|Hwy|Pkwy)(?![\w.])", _short_ending),
    _rule(r"\b\d{1,5} (?:[A-Z]\w{0,20} ){1,3}(?P<only>Cir|Ct|Ln|Pl)(?!\w|\. [A-Z])", _short_ending),
    _rule(
        rf"\b(?:(?:{_either_case(_NUMBERED)})[sS]?|(?i:vols?|ch|chap|pt|secs?|arts?|figs?)\.) (?!{_PRONOUN}|[CL]\b)"
        rf"(?P<only>(?:{_NUMERAL}|{_NUMERAL_YEAR})(?:{_LISTED}{_NUMERAL}){{0,9}})(?![\w'’])",
        _numerals,
    ),
    _rule(
        rf"\b(?i:{'|'.join(_NUMBERED)}|page)s? (?P<only>(?![CL]\b)(?:(?!I\b(?!{_LISTED}[IVX]))"
        rf"(?a:{_NUMERAL}(?:{_LISTED}{_NUMERAL}){{1,9}})|(?!I\b)(?ai:{_NUMERAL}(?:[-–—]{_NUMERAL})?)))(?![\w'’])",
        lambda match: _numerals(match) if len(match["only"]) > 1 or match["only"].isupper() else None,
    ),
    _rule(
        rf"\b(?![CL]\b)(?P<only>{_NUMERAL}(?:th|st|nd|rd)?(?:(?: and | or | to |[-–—/]){_NUMERAL}(?:th|st|nd|rd)?)?)"
        r"(?=[ -](?:[Cc]entur(?:y|ies)|World War|(?:Winter |Summer )?Olympi(?:c|cs|ad)|[Dd]ynast(?:y|ies)|Corps)\b)",
        lambda match: _numerals(match, of_rank=True),
    ),
    _rule(
        rf"\b(?P<numeral>(?=[IVXLC]{{2}}){_NUMERAL})(?:th|st|nd|rd)\b",
        lambda match: ordinal(roman(match["numeral"]), EN),
    ),
    _rule(rf"\b(?={_NUMERAL_YEAR}\b)[MDCLXVI]{{5,12}}\b", lambda match: spelling.year(roman(match[0]), EN)),
    # "Henry I" may go on: "Henry I know"; "John C" is an initial.
    _rule(
        rf"\b{OF_RANK}(?P<the> the)? "
        rf"(?!I\b(?! of\b|['’]s|[,;)]| and (?:{alternatives(_MONARCHS)}) [IVX]+\b"
        rf"|\.?\Z)|[CL]\b|[A-Z]\.(?=.)){_ROMAN}",
        lambda match: f"{'' if match['the'] else 'the '}{ordinal(roman(match['only']), EN)}",
    ),
    _rule(
        rf"\b(?:{_RULERS}) [A-Z][^\W\d_]{{1,20}} (?P<only>I)(?= (?:was|had|died|ruled|reigned|became|and|in|who|is)\b)",
        "the first",
    ),
    _rule(r"\bJames VI and (?P<only>I)\b", "the first"),
    _rule(rf"\b(?P<only>I, ?II(?:(?:, ?(?:and |or )?| and | or | & ){_NUMERAL}){{1,9}})(?![\w'’])", _numerals),
    _rule(
        r"\b(?:Saturn|Final Fantasy|Dragon Quest|Theft Auto|GTA|Civilization|Rocky|Saw) (?P<only>[VX])\b(?!-)",
        lambda match: _say(roman(match["only"])),
    ),
    _rule(
        rf"\b(?:{alternatives(_MONARCHS)}) [A-Z][a-z]{{2,20}} (?P<only>I{{2,3}}|IV)(?!\w)",
        lambda match: f"the {ordinal(roman(match['only']), EN)}",
    ),
    _rule(
        r"\b(?!The\b|An?\b)[A-Z][a-z]{1,20} (?P<only>X{0,2}(?:III?|VIII?)|X{1,2}(?:I?V|IX|VI)|XX?I|XX|IX|VI|IV(?!"
        r" (?:access|antibiotic|bag|catheter|contrast|drip|drug|fluid|infusion|iron|line|medic|needle|pole|push|therap"
        r"|treat|vitamin)))\b(?!-)",
        lambda match: _say(roman(match["only"])),
    ),
    _rule(r"(?<![\w&#])#[^\W\d_]\w{0,100}", _hashtag),
    _rule(r"(?<![\w@.])@[^\W\d]\w{0,100}", _handle),
    _rule(r"(?<=\b[A-G])#(?!\w)", "sharp"),
    _rule(r"(?<=[Pp]ress )#|#(?= (?:key|sign)\b)", "pound"),
    _rule(r"(?<=[Pp]ress )\*|(?<=[Dd]ial )\*", "star"),
    _rule(r"(?<=\w )<(?= \w)|(?<=\d)<(?=\d)", "is less than"),
    _rule(r"(?<=\w )>(?= \w)|(?<=\d)>(?=\d)", "is greater than"),
    _rule(r"(?<=[\w)])\^(?=\w)", "to the power of"),
    _rule(rf"[{re.escape(''.join(_SIGNS))}]", lambda match: _SIGNS[match[0]]),
    # What nobody says. Between words it parts them.
    _rule(r"(?<=[^\W_])[/_~|<>^#]+(?=[^\W_])", " "),
    _rule(r"(?<!\S)/(?!\S)|[_~|<>^#]+", ""),
    QUIET,
)
RULES = (*_ADDRESSES, *_NUMBERS, *_WORDS)
"""How a text becomes what is said. The first rule to claim a stretch of text has it."""
