"""English numbers in words: whole numbers, decimals, ordinals, years, fractions, digits, Roman numerals."""

from __future__ import annotations

import re

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("-", "-", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (1000, "thousand"), (100, "hundred"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
_ROMAN_FORM = re.compile(r"M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})")

SIGNS = {
    "-": "minus ", "−": "minus ", "+": "plus ", "±": "plus or minus ", "~": "about ", "≈": "about ", "<": "less than ",
    ">": "more than ", "≤": "at most ", "≥": "at least ", None: "",
}  # fmt: skip
"""What a sign before a number is said as."""
SPACED = r"[1-9]\d{0,2}(?: \d{3})* 000(?:\.\d+)?(?!\d|[ -]\d)"
"""A number with plain spaces between thousands, as the SI Brochure writes it: only in round ones can they be told."""
NUMBER = (
    rf"(?:{SPACED}"
    r"|\d{1,3}(?:\.\d{3})+,\d{1,2}(?![\d,])|\d{1,2}(?:,\d\d)+,\d{3}(?:\.\d+)?|\d+,\d\d(?![\d,])|\d{1,3}(?:[,'’\u00a0\u202f\u2009]\d{3})+(?:\.\d+)?"
    r"|\d+(?:\.\d+)?|\.\d+)"
)
"""A number as English writes it: commas or narrow spaces between thousands, a point or a comma before two decimals.

Between two digits each above thousands, as India writes it, too, and apostrophes, as Switzerland does."""


def read_number(number: int) -> str:
    """Return a whole number in words; beyond quadrillions digit by digit."""
    if number < 0:
        return f"minus {read_number(-number)}"
    if number >= 10**15:
        return read_digits(str(number))
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


def read_digits(text: str) -> str:
    """Return the digits of a text one by one."""
    return " ".join(_ONES[int(digit)] for digit in text if digit.isascii() and digit.isdigit())


def read_decimal(text: str) -> str:
    """Return a number as `NUMBER` writes it in words: "3.50" becomes three point five zero."""
    if re.fullmatch(r"\d+(?:\.\d{3})*,\d{1,2}", text):
        text = text.replace(".", "").replace(",", ".")
    whole, _, rest = re.sub(r"[,'’ \u00a0\u202f\u2009]", "", text).partition(".")
    if len(whole) > 15 or (len(whole) > 1 and whole.startswith("0")):
        words = read_digits(whole)
    else:
        words = read_number(int(whole)) if whole else ""
    return (words + (f" point {read_digits(rest)}" if rest else "")).strip()


def read_ordinal_number(number: int) -> str:
    """Return an ordinal in words: twenty first."""
    head, _, last = read_number(number).rpartition(" ")
    last = _ORDINALS.get(last) or (f"{last[:-1]}ieth" if last.endswith("y") else f"{last}th")
    return f"{head} {last}".strip()


def read_year(year: int) -> str:
    """Return a year as it is said: nineteen eighty four, two thousand six, twenty twenty six."""
    century, rest = divmod(year, 100)
    if not 1000 <= year < 10_000 or (century % 10 == 0 and rest < 10):
        return read_number(year)
    if rest == 0:
        return f"{read_number(century)} hundred"
    return f"{read_number(century)} {'oh ' if rest < 10 else ''}{read_number(rest)}"


def read_decade(year: int) -> str:
    """Return a decade in words: nineteen nineties; below 100 nineties alone."""
    words = read_year(year)
    return f"{words[:-1]}ies" if words.endswith("y") else f"{words}s"


def read_fraction(top: int, bottom: int) -> str:
    """Return a fraction in words: one half, three quarters, five sixteenths; over where it is no usual one."""
    if top > bottom >= 10:
        return f"{read_number(top)} {read_number(bottom)}"
    if bottom in (0, 1) or (bottom > 100 and bottom != 1000) or top >= bottom:
        return f"{read_number(top)} over {read_number(bottom)}"
    if bottom == 2:
        return f"{read_number(top)} half"
    name = "quarter" if bottom == 4 else read_ordinal_number(bottom).removeprefix("one ")
    return f"{read_number(top)} {name}{'' if top == 1 else 's'}"


def make_plural(word: str) -> str:
    """Return the plural of a unit's or a fraction's name."""
    if word.endswith("y") and word[-2:-1] not in "aeo":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("ch", "x", "sh")) else f"{word}s"


def parse_roman(text: str) -> int | None:
    """Return the value of a Roman numeral in capitals, or None."""
    if not text or not _ROMAN_FORM.fullmatch(text):
        return None
    values = [_ROMAN[letter] for letter in text]
    return sum(-value if value < max(values[i:]) else value for i, value in enumerate(values))
