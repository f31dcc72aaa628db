"""How English writes what is said otherwise: titles, dates, money, years, fractions, ranges, units.

espeak-ng reads numbers by itself, in every language, and takes the point of an abbreviation for the end of a clause.
Networks mostly know letters alone, so for them `spell_numbers` writes numbers out.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ["-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_WORDS = {
    "Dr.": "Doctor", "Mr.": "Mister", "Mrs.": "Missus", "Ms.": "Miz", "Prof.": "Professor", "Rev.": "Reverend",
    "Gen.": "General", "Col.": "Colonel", "Capt.": "Captain", "Lt.": "Lieutenant", "Sgt.": "Sergeant",
    "Gov.": "Governor",
    "Sen.": "Senator", "Rep.": "Representative", "Hon.": "Honorable", "Jr.": "Junior", "Sr.": "Senior", "Mt.": "Mount",
    "vs.": "versus", "e.g.": "for example", "i.e.": "that is", "etc.": "et cetera", "approx.": "approximately",
    "dept.": "department", "Dept.": "Department", "est.": "established", "Inc.": "Incorporated", "Ltd.": "Limited",
    "Co.": "Company", "Corp.": "Corporation", "Bros.": "Brothers", "cf.": "compare", "et al.": "and others",
    "a.m.": "A M", "p.m.": "P M",
}  # fmt: skip
_UNITS = {
    "km/h": "kilometers per hour", "mph": "miles per hour", "m/s": "meters per second", "km": "kilometers",
    "cm": "centimeters", "mm": "millimeters", "kg": "kilograms", "mg": "milligrams", "ml": "milliliters",
    "kHz": "kilohertz", "Hz": "hertz", "MHz": "megahertz", "GHz": "gigahertz", "dB": "decibels", "kW": "kilowatts",
    "MB": "megabytes", "GB": "gigabytes", "kB": "kilobytes", "ms": "milliseconds", "fps": "frames per second",
    "°C": "degrees Celsius", "°F": "degrees Fahrenheit", "lbs": "pounds", "ft": "feet",
}  # fmt: skip
_MONEY = {"$": ("dollar", "cent"), "£": ("pound", "penny"), "€": ("euro", "cent")}
_FRACTIONS = {"1/2": "one half", "1/3": "one third", "2/3": "two thirds", "1/4": "one quarter", "3/4": "three quarters"}
_MONTH_SHORT = {name[:3]: name for name in _MONTHS} | {"Sept": "September"}
_EDGE, _STOP = r"(?<![\w.,/-])", r"(?![\w/]|[.,-]\d)"

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]]


def find_readings(text: str, language: str) -> list[tuple[int, int, str]]:
    """Return what is said otherwise than it is written: from, to, and the words; in order, without overlap.

    Args:
        text: A sentence.
        language: Tag of its language; other than English nothing is found.
    """
    if language.partition("-")[0] != "en":
        return []
    found: list[tuple[int, int, str]] = []
    for pattern, read in _RULES:
        for match in pattern.finditer(text):
            words = read(match)
            if words and all(match.end() <= start or match.start() >= end for start, end, _ in found):
                found.append((match.start(), match.end(), words))
    return sorted(found)


def read_date(text: str, order: str, language: str) -> str | None:
    """Return a date in words; the order is "mdy", "dmy", "ymd" or the like, as SSML's say-as names it."""
    parts = [int(part) for part in re.findall(r"\d{1,4}", text)]
    order = order or ("ymd" if re.match(r"\d{4}\D", text.strip()) else "mdy")
    if language.partition("-")[0] not in ("", "en") or len(parts) != len(order) or set(order) - set("ymd"):
        return None
    fields = dict(zip(order, parts, strict=True))
    if fields.get("m", 1) not in range(1, 13) or fields.get("d", 1) not in range(1, 32):
        return None
    readers = {"m": lambda month: _MONTHS[month - 1], "d": _say_ordinal, "y": read_year}
    return " ".join(read(fields[field]) for field, read in readers.items() if field in fields)


def read_ordinal(text: str, language: str) -> str | None:
    """Return a whole number as an ordinal; None where that is not known."""
    if language.partition("-")[0] not in ("", "en") or not re.fullmatch(r"\d{1,12}", text):
        return None
    return _say_ordinal(int(text))


def read_year(year: int) -> str:
    """Return a year as it is said: nineteen eighty four, two thousand six, twenty twenty six."""
    century, rest = divmod(year, 100)
    if not 1000 <= year < 10_000 or (century % 10 == 0 and rest < 10):
        return read_number(year)
    if rest == 0:
        return f"{read_number(century)} hundred"
    return f"{read_number(century)} {'oh ' if rest < 10 else ''}{read_number(rest)}"


def read_number(number: int) -> str:
    """Return a whole number in words; beyond quadrillions digit by digit."""
    if number < 0:
        return f"minus {read_number(-number)}"
    if number >= 10**15:
        return " ".join(_ONES[int(digit)] for digit in str(number))
    if number < 100:
        return _read_below_hundred(number)
    size, name = next((size, name) for size, name in _SCALES if number >= size)
    many, rest = divmod(number, size)
    joint = " and " if rest < 100 else " "
    return f"{read_number(many)} {name}" + (f"{joint}{read_number(rest)}" if rest else "")


def _read_below_hundred(number: int) -> str:
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens] + (f" {_ONES[ones]}" if ones else "")


def spell_numbers(text: str) -> str:
    """Write English numbers out, for a network that knows letters alone."""
    text = re.sub(r"\d{1,2}:\d\d", lambda m: _read_time(m[0]), text)
    text = re.sub(r"(\d+)(st|nd|rd|th)\b", lambda m: _say_ordinal(int(m[1][:15])), text)
    text = re.sub(r"(?<!\w)-(?=\d)", "minus ", text)
    text = re.sub(r"\d[\d,]*(?:\.\d+)?", lambda m: _read_decimal(m[0]), text)
    return text.replace("%", " percent").replace("&", " and ").replace("+", " plus ").replace("=", " equals ")


def _read_decimal(text: str) -> str:
    whole, _, rest = text.rstrip(",").replace(",", "").partition(".")
    tail = text[len(text.rstrip(",")) :]
    words = read_number(int(whole[:400]))
    return words + (" point " + " ".join(_ONES[int(digit)] for digit in rest) if rest else "") + tail


def _read_time(text: str) -> str:
    hours, minutes = (int(part) for part in text.split(":"))
    middle = "o'clock" if minutes == 0 else ("oh " if minutes < 10 else "") + read_number(minutes)
    return f"{read_number(hours)} {middle}"


def _say_ordinal(number: int) -> str:
    head, _, last = read_number(number).rpartition(" ")
    last = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return f"{head} {last}".strip()


def _read_iso_date(match: re.Match[str]) -> str | None:
    try:
        found = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
    return f"{_MONTHS[found.month - 1]} {_say_ordinal(found.day)}, {read_year(found.year)}"


def _read_american_date(match: re.Match[str]) -> str | None:
    month, day, year = (int(part) for part in match.groups())
    if month > 12 >= day:
        month, day = day, month
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        return None
    return f"{_MONTHS[month - 1]} {_say_ordinal(day)}, {read_year(year)}"


def _read_month(match: re.Match[str]) -> str:
    day = f" {_say_ordinal(int(match[2]))}" if match[2] else ""
    year = f", {read_year(int(match[3]))}" if match[3] else ""
    return _MONTH_SHORT.get(match[1].rstrip("."), match[1]) + day + year


def _read_money(match: re.Match[str]) -> str:
    major, minor = _MONEY[match[1]]
    whole, _, rest = match[2].replace(",", "").partition(".")
    if match[3]:
        return f"{match[2]} {match[3]} {major}s"
    if len(rest) not in (0, 2):
        return f"{match[2]} {major}s"
    words = f"{whole} {major}" + ("" if int(whole) == 1 else "s")
    if not rest or int(rest) == 0:
        return words
    plural = "pence" if minor == "penny" else "cents"
    return f"{words} and {int(rest)} {minor if int(rest) == 1 else plural}"


def _read_decade(match: re.Match[str]) -> str:
    words = read_year(int(match[1]))
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def _read_web_address(match: re.Match[str]) -> str:
    bare = re.sub(r"^[a-z]+://(www\.)?", "", match[0], flags=re.IGNORECASE).rstrip("/")
    for sign, words in (
        (".", " dot "), ("/", " slash "), ("?", " question mark "), ("=", " equals "), ("&", " and "), ("#", " hash "),
        ("-", " dash "), ("_", " underscore "), ("@", " at "), (":", " colon "), ("%", " percent "),
    ):  # fmt: skip
        bare = bare.replace(sign, words)
    return " ".join(bare.split())


def _compile_words() -> re.Pattern[str]:
    words = sorted(_WORDS, key=len, reverse=True)
    return re.compile(r"(?<![\w.])(" + "|".join(re.escape(word) for word in words) + r")(?=\W|$)")


_RULES: tuple[Rule, ...] = (
    (re.compile(r"\b[a-z]{2,8}://[^\s<>\"]*[\w/]|\bwww\.[^\s<>\"]*\w", re.IGNORECASE), _read_web_address),
    (re.compile(r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), _read_web_address),
    (re.compile(rf"{_EDGE}(\d{{4}})-(\d\d)-(\d\d){_STOP}"), _read_iso_date),
    (re.compile(rf"{_EDGE}(\d{{1,2}})/(\d{{1,2}})/(\d{{4}}){_STOP}"), _read_american_date),
    (
        re.compile(
            r"\b(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec|" + "|".join(_MONTHS) + r")\b\.?"
            r" (\d{1,2})(?:st|nd|rd|th)?\b(?:,? (\d{4})\b)?"
        ),
        _read_month,
    ),
    (re.compile(r"\b(Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec)\.()()(?= \w)"), _read_month),
    (re.compile(r"([$£€])(\d[\d,]*(?:\.\d+)?)\b(?: (thousand|million|billion|trillion))?"), _read_money),
    (re.compile(rf"{_EDGE}(1[1-9]\d0|20[1-9]0)s\b"), _read_decade),
    (
        re.compile(r"(?<=\b[Ii]n )(1[1-9]\d\d|20[1-9]\d)(?![\w%]|[.,]\d| (?:[a-z]+s)\b)"),
        lambda match: read_year(int(match[1])),
    ),
    (
        re.compile(r"(?<=\d)\s?(" + "|".join(re.escape(unit) for unit in _UNITS) + r")(?![\w/])"),
        lambda match: " " + _UNITS[match[1]],
    ),
    (
        re.compile(rf"{_EDGE}(" + "|".join(_FRACTIONS) + rf"){_STOP}"),
        lambda match: _FRACTIONS[match[1]],
    ),
    (re.compile(rf"{_EDGE}(\d+)\s?[-–]\s?(\d+){_STOP}(?!-)"), lambda match: f"{match[1]} to {match[2]}"),
    (re.compile(r"\bSt\.(?= [A-Z])"), lambda match: "Saint"),
    (re.compile(r"(?<=[a-z] )St\.(?=\W|$)"), lambda match: "Street"),
    (re.compile(r"\bNo\.(?= ?\d)"), lambda match: "number"),
    (re.compile(r"\b[Ff]ig\.(?= ?\d)"), lambda match: "figure"),
    (re.compile(r"\bpp?\.(?= ?\d)"), lambda match: "page" if match[0] == "p." else "pages"),
    (_compile_words(), lambda match: _WORDS[match[1]]),
)
