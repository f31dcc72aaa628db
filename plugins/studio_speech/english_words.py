"""English words that are said otherwise: abbreviations, titles, Roman numerals, addresses, signs."""

from __future__ import annotations

import re

from studio_speech.english_numbers import (
    parse_roman,
    read_decimal,
    read_digits,
    read_number,
    read_ordinal_number,
    read_year,
)

_WORDS = {
    "Dr.": "Doctor", "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Mx.": "Mix", "Prof.": "Professor",
    "Rev.": "Reverend", "Fr.": "Father", "Gen.": "General", "Col.": "Colonel", "Capt.": "Captain", "Cpt.": "Captain",
    "Cmdr.": "Commander", "Maj.": "Major", "Lt.": "Lieutenant", "Sgt.": "Sergeant", "Cpl.": "Corporal",
    "Pvt.": "Private", "Adm.": "Admiral", "Gov.": "Governor", "Sen.": "Senator", "Rep.": "Representative",
    "Pres.": "President", "Hon.": "Honorable", "Supt.": "Superintendent", "Jr.": "Junior", "Sr.": "Senior",
    "Esq.": "Esquire", "Mt.": "Mount", "Ft.": "Fort", "vs.": "versus", "vs": "versus", "e.g.": "for example",
    "i.e.": "that is", "etc.": "et cetera", "approx.": "approximately", "dept.": "department", "Dept.": "Department",
    "est.": "established", "Est.": "Established", "Inc.": "Incorporated", "Ltd.": "Limited", "Co.": "Company",
    "Corp.": "Corporation", "Bros.": "Brothers", "cf.": "compare", "et al.": "and others", "a.m.": "A M",
    "p.m.": "P M", "a.k.a.": "also known as", "aka": "also known as", "w/": "with", "w/o": "without",
    "c/o": "care of", "b/w": "black and white", "B/W": "black and white", "n/a": "not applicable",
    "N/A": "not applicable",
    "b/c": "because", "Blvd.": "Boulevard", "Ave.": "Avenue", "Rd.": "Road", "Hwy.": "Highway", "Pkwy.": "Parkway",
    "Ln.": "Lane", "Ct.": "Court", "Sq.": "Square", "Apt.": "Apartment", "apt.": "apartment", "Bldg.": "Building",
    "Univ.": "University", "Assn.": "Association", "Govt.": "Government", "govt.": "government", "ext.": "extension",
    "min.": "minimum", "max.": "maximum", "avg.": "average", "misc.": "miscellaneous", "vol.": "volume",
    "Ph.D.": "P H D", "PhD": "P H D", "B.A.": "B A", "M.A.": "M A", "M.D.": "M D", "R.S.V.P.": "R S V P",
    "U.S.": "U S", "U.K.": "U K", "U.N.": "U N", "E.U.": "E U", "D.C.": "D C", "U.S.A.": "U S A", "P.S.": "P S",
    "C.E.O.": "C E O", "R&D": "R and D", "Q&A": "Q and A", "B&B": "B and B", "P&L": "P and L", "AT&T": "A T and T",
    "°C": "degrees Celsius", "°F": "degrees Fahrenheit", "&": "and", "+": "plus", "=": "equals", "%": "percent",
    "→": "to", "<": "is less than", ">": "is greater than", "≤": "is at most", "≥": "is at least", "≈": "is about",
    "×": "times", "÷": "divided by", "±": "plus or minus", "≠": "is not", "∞": "infinity",
    "©": "copyright", "®": "registered", "™": "trademark", "§": "section", "&c.": "et cetera",
    "viz.": "namely", "ca.": "circa", "incl.": "including", "excl.": "excluding", "tel.": "telephone",
    "Tel.": "telephone", "wk.": "week", "yr.": "year", "yrs.": "years", "mo.": "month", "hr.": "hour", "hrs.": "hours",
    "lbs.": "pounds", "oz.": "ounces", "mph": "miles per hour", "km/h": "kilometers per hour",
}  # fmt: skip
_BEFORE_NUMBER = {
    "no": "number", "nos": "numbers", "fig": "figure", "figs": "figures", "p": "page", "pg": "page", "pp": "pages",
    "vol": "volume",
    "vols": "volumes", "ch": "chapter", "chap": "chapter", "sec": "section", "art": "article", "eq": "equation",
    "para": "paragraph", "ver": "version", "rev": "revision", "ed": "edition", "ex": "example", "tab": "table",
    "pt": "part", "op": "opus", "rte": "route", "rm": "room", "ste": "suite", "apt": "apartment",
}  # fmt: skip
_REGNAL = (
    "Henry|Louis|Elizabeth|Charles|George|Edward|William|James|Richard|Philip|Pius|Paul|Benedict|Leo|Gregory|Napoleon|"
    "Peter|Catherine|Nicholas|Alexander|Frederick|Wilhelm|Ramesses|Ramses|Ptolemy|Xerxes|Darius|Mary|Emmanuel|Innocent|"
    "Urban|Clement|Francis|Ivan|Otto|Harald|Haakon|Olav|Christian|Gustav|Adolf|Carl|Karl|Felipe|Carlos|Alfonso|"
    "Ferdinand|Isabella|Margrethe|Robert|David|Malcolm|Stephen|John|Julius|Sixtus|Boniface|Celestine|Adrian|Juan|Joseph|"
    "Leopold|Maximilian|Rudolf|Albert|Baldwin|Boleslaw|Casimir|Sigismund|Constantine|Theodosius|Justinian|Cleopatra|"
    "Thutmose|Amenhotep|Seti|Victor|Umberto|Pedro|Miguel|Mohammed|Abdullah|Hassan|Mehmed|Murad|Selim|Suleiman|Vajiralongkorn|Rama"
)
_COUNTED = (
    "World War|War|Chapter|Part|Act|Scene|Volume|Book|Phase|Type|Class|Stage|Level|Section|Article|Appendix|Title|"
    "Super Bowl|WrestleMania|Apollo|Gemini|Saturn|Mark|Rocky|Episode|Season|Symphony|Sonata|Concerto|Opus|Unit|Table|"
    "Figure|Grade|Tier|Round|Game|Final Fantasy|Star Wars|Iron Man|Windows|Canto|Psalm|Lesson|Module|Track|Amendment|"
    "Corps|Group|Category|Division|Type|Factor|Quarter|Line|Fantasy|Theft Auto|Civilization"
)
_DESIGNATED = "Boeing|Airbus|Flight|flight|Room|room|Route|Highway|Interstate|Hwy\\."
_ROMAN = r"((?=[IVXLCDM])M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3}))"
_LEFT_ALONE = frozenset(
    (
        "I", "V", "X", "L", "C", "D", "M", "CD", "CV", "DC", "MD", "MC", "MM", "DM", "DI", "CC", "CI", "DL", "LI", "MI",
        "MIX", "DIM", "LIV", "CIV", "MV", "XL", "VI", "IV", "XX", "XXL", "XXX", "DVI",
    )
)  # fmt: skip
"""What else these letters often mean, so that they alone are no numbers."""
_LETTERS = ("C", "D", "L", "M")
"""Letters that name types, classes and people, and alone are no numbers."""
_SMALL_ROMAN = r"((?=[ivx])x{0,3}(?:ix|iv|v?i{0,3}))"
_SMALL_HEADS = "page|part|chapter|act|scene|book|volume|section|article|appendix|table|figure|canto|stage|phase|verse"
_SIGNED = {"§": "section", "§§": "sections", "¶": "paragraph", "¶¶": "paragraphs"}
_SYMBOLS = ((".", " dot "), ("/", " slash "), ("?", " question mark "), ("=", " equals "), ("&", " and "),
            ("#", " hash "), ("-", " dash "), ("_", " underscore "), ("@", " at "), (":", " colon "),
            ("%", " percent "), ("+", " plus "), ("~", " tilde "))  # fmt: skip


def _read_web_address(match: re.Match[str], language: str) -> str | None:
    bare = re.sub(r"^[a-z]+://(www\.)?", "", match[0], flags=re.IGNORECASE).rstrip("/")
    for sign, words in _SYMBOLS:
        bare = bare.replace(sign, words)
    return " ".join(bare.split())


def _read_word(match: re.Match[str], language: str) -> str | None:
    return _WORDS[match[0]]


def _read_saint(match: re.Match[str], language: str) -> str | None:
    before, after = match.string[: match.start()], match.string[match.end() :]
    if re.match(r" [A-Z]", after) and not re.search(r"[A-Z0-9][\w']* $", before):
        return "Saint"
    if re.search(r"[\w'] $", before):
        return "Street"
    return "Saint" if re.match(r" [A-Z]", after) else None


def _read_doctor(match: re.Match[str], language: str) -> str | None:
    before, after = match.string[: match.start()], match.string[match.end() :]
    is_street = re.search(r"\b(?:\d\w*|[A-Z]\w+) $", before) and not re.match(r" [A-Z]\w+", after)
    return "Drive" if is_street else "Doctor"


def _read_before_number(match: re.Match[str], language: str) -> str | None:
    words = _BEFORE_NUMBER[match[1].lower()]
    words = words.capitalize() if match[1][0].isupper() and len(match[1]) > 2 else words
    first, last = match[2], match[3]
    if words.lower() in ("number", "figure") and last:
        words += "s"
    said = f"{words} {read_decimal(first)}"
    return said + (f" to {read_decimal(last)}" if last else "")


def _read_circa(match: re.Match[str], language: str) -> str | None:
    return f"circa {read_year(int(match[1]))}"


def _read_monarch(match: re.Match[str], language: str) -> str | None:
    number = None if match[2] in _LETTERS or match[0] == "Malcolm X" else parse_roman(match[2])
    is_pronoun = match[2] == "I" and re.match(r" (?:am|was|will|have|had|do|did|can|could|would|think|know|said)\b",
                                              match.string[match.end() :])  # fmt: skip
    return None if number is None or is_pronoun else f"{match[1]} the {read_ordinal_number(number).capitalize()}"


def _read_counted(match: re.Match[str], language: str) -> str | None:
    number = None if match[2] in _LETTERS else parse_roman(match[2].upper())
    return None if number is None else f"{match[1]} {read_number(number)}"


def _read_century(match: re.Match[str], language: str) -> str | None:
    number = parse_roman(match[1])
    return None if number is None else f"{read_ordinal_number(number)} {match[2]}"


def _read_roman(match: re.Match[str], language: str) -> str | None:
    if len(match[1]) < 2 or match[1] in _LEFT_ALONE:
        return None
    number = parse_roman(match[1])
    return None if number is None else read_number(number)


def _read_section(match: re.Match[str], language: str) -> str | None:
    words = f"{_SIGNED[match[1]]} {read_decimal(match[2].rstrip('.,'))}"
    return words + (f" {match[3].upper()}" if match[3] else f" to {read_decimal(match[4])}" if match[4] else "")


def _read_roman_after(match: re.Match[str], language: str) -> str | None:
    number = parse_roman(match[2])
    words = _BEFORE_NUMBER[match[1].lower()]
    return None if number is None else f"{words.capitalize() if match[1][0].isupper() else words} {read_number(number)}"


def _read_designation(match: re.Match[str], language: str) -> str | None:
    rest = int(match[3])
    tail = "hundred" if not rest else f"oh {read_number(rest)}" if rest < 10 else read_number(rest)
    return f"{match[1]} {read_number(int(match[2]))} {tail}"


def _read_zip(match: re.Match[str], language: str) -> str | None:
    return f"{' '.join(match[1])} {read_digits(match[2])}" + (f", {read_digits(match[3])}" if match[3] else "")


def _read_hashtag(match: re.Match[str], language: str) -> str | None:
    return f"hashtag {match[1]}"


def _read_handle(match: re.Match[str], language: str) -> str | None:
    return f"at {match[1]}"


def _read_initials(match: re.Match[str], language: str) -> str | None:
    return " and ".join(" ".join(part) for part in match[0].split("&"))


def _read_either(match: re.Match[str], language: str) -> str | None:
    return {"and/or": "and or", "he/she": "he or she", "his/her": "his or her", "him/her": "him or her"}.get(
        match[0].lower(), f"{match[1]} {match[2]}"
    )


def _compile_words() -> re.Pattern[str]:
    words = sorted(_WORDS, key=len, reverse=True)
    return re.compile("|".join(re.escape(word) for word in words))


_NUMBERED = "|".join(sorted(_BEFORE_NUMBER, key=len, reverse=True))
FIRST = (
    (re.compile(r"[a-z]{2,8}://[^\s<>\"]*[\w/]|www\.[^\s<>\"]*\w", re.IGNORECASE), _read_web_address),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), _read_web_address),
    (
        re.compile(r"(?:[a-z0-9-]+\.)+(?:com|org|net|edu|gov|io|co|uk|de|fr|info|dev|ai|tv)(?:/[\w./-]*\w)?"),
        _read_web_address,
    ),
)
LAST = (
    (re.compile(rf"((?i:{_NUMBERED}))\. {{0,2}}(\d[\d,]*(?:\.\d+)?)(?:\s?[-–]\s?(\d[\d,]*))?"), _read_before_number),
    (re.compile(r"c(?:a|irca)?\. ?(1[0-9]\d\d|20\d\d)"), _read_circa),
    (re.compile(rf"((?:{_REGNAL})) {_ROMAN}"), _read_monarch),
    (re.compile(rf"((?:{_COUNTED})) {_ROMAN}"), _read_counted),
    (re.compile(rf"((?i:{_SMALL_HEADS})) (?!i\b){_SMALL_ROMAN}"), _read_counted),
    (re.compile(rf"{_ROMAN} (century|centuries|dynasty|Dynasty|Congress|Olympiad)"), _read_century),
    (re.compile(r"(§{1,2}|¶{1,2}) ?(\d+(?:[.,]\d+)*)(?:([a-z])(?!\w)|\s?[-–]\s?(\d+))?"), _read_section),
    (re.compile(rf"((?i:{_NUMBERED}))\. {_ROMAN}"), _read_roman_after),
    (re.compile(rf"((?:{_DESIGNATED})) (\d)(\d\d)"), _read_designation),
    (re.compile(r"([A-Z]{2}) (\d{5})(?:-(\d{4}))?"), _read_zip),
    (re.compile(r"St\."), _read_saint),
    (re.compile(r"Dr\."), _read_doctor),
    (_compile_words(), _read_word),
    (re.compile(_ROMAN), _read_roman),
    (re.compile(r"[A-Z]{1,4}&[A-Z]{1,4}"), _read_initials),
    (re.compile(r"#([A-Za-z]\w*)"), _read_hashtag),
    (re.compile(r"@([A-Za-z]\w*)"), _read_handle),
    (re.compile(r"([A-Za-z]{2,})/([A-Za-z]{2,})"), _read_either),
)
