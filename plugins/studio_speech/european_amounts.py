"""Amounts in German, French, Spanish, Italian, Portuguese, Dutch and Polish: money, percent, units, ranges."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from studio_speech import locale_words as words
from studio_speech.number_words import (
    find_base,
    has_point,
    is_sayable,
    say_decimal,
    say_digits,
    say_whole,
)  # fmt: skip

Rule = tuple[re.Pattern[str], Callable[[re.Match[str], str], "str | None"]]
_FRACTIONS = {
    "de": {"1/2": "ein halb", "1/3": "ein Drittel", "2/3": "zwei Drittel", "1/4": "ein Viertel", "3/4": "drei Viertel"},
    "fr": {"1/2": "un demi", "1/3": "un tiers", "2/3": "deux tiers", "1/4": "un quart", "3/4": "trois quarts"},
    "es": {"1/2": "un medio", "1/3": "un tercio", "2/3": "dos tercios", "1/4": "un cuarto", "3/4": "tres cuartos"},
    "it": {"1/2": "un mezzo", "1/3": "un terzo", "2/3": "due terzi", "1/4": "un quarto", "3/4": "tre quarti"},
    "nl": {"1/2": "een half", "1/3": "een derde", "2/3": "twee derde", "1/4": "een kwart", "3/4": "driekwart"},
    "pl": {"1/2": "jedna druga", "1/3": "jedna trzecia", "2/3": "dwie trzecie", "1/4": "jedna czwarta",
           "3/4": "trzy czwarte"},
    "pt": {"1/2": "um meio", "1/3": "um terço", "2/3": "dois terços", "1/4": "um quarto", "3/4": "três quartos"},
}  # fmt: skip
_SIGNS = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4"}
_CENTS_FIRST = {"de": " ", "fr": " ", "nl": " ", "es": " con ", "it": " e ", "pt": " e ", "pl": " "}
_NAMES_CENTS = ("es", "it", "pl", "pt")


@dataclass(frozen=True)
class Amount:
    """A number as it is written: its digits before and behind the decimal sign."""

    whole: str
    fraction: str

    @property
    def is_whole(self) -> bool:
        """Whether nothing is behind the decimal sign."""
        return not self.fraction.strip("0")

    @property
    def value(self) -> float | int:
        """The number."""
        return float(f"{self.whole}.{self.fraction}") if self.fraction else int(self.whole)


@lru_cache(maxsize=64)
def write_number(language: str) -> str:
    """Return the pattern of a number, with its sign of decimals and of thousands by the region."""
    if has_point(language):
        return r"\d{1,3}(?:[,'’\u00a0\u202f ]\d{3})+(?:\.\d{1,6})?|\d+(?:\.\d{1,6})?"
    swiss = r"\d{1,3}(?:['’]\d{3})+\.\d{1,2}(?!\d)"
    return rf"{swiss}|" r"\d{1,3}(?:[.'’\u00a0\u202f ]\d{3})+(?:,\d{1,6})?|\d+(?:,\d{1,6})?"


def parse_amount(text: str, language: str) -> Amount | None:
    """Return what a number says; None if it is beyond what has words."""
    is_swiss = re.search(r"['’]\d{3}\.", text) is not None
    whole, _, fraction = text.partition("." if is_swiss or has_point(language) else ",")
    digits = re.sub(r"\D", "", whole)
    if not digits or len(digits) > 15 or not is_sayable(int(digits)):
        return None
    return Amount(digits, fraction)


def say_amount(amount: Amount, language: str, gender: str = "") -> str:
    """Return an amount in words, which agree with the noun behind them if the amount is whole."""
    if amount.fraction:
        return say_decimal(amount.whole, amount.fraction, language)
    return say_whole(int(amount.whole), language, gender)


def _say_sign(sign: str | None, language: str) -> str:
    return f"{words.MINUS[find_base(language)]} " if sign and sign in "-−" else ""


def _read_money(text: str, scale: str | None, sign: str, language: str) -> str | None:
    amount, code, base = parse_amount(text, language), words.find_currency(sign, language), find_base(language)
    if amount is None:
        return None
    if scale:
        told = words.SCALES[base][scale] or scale
        link = f" {words.OF[base]} " if base in words.OF else " "
        named = words.name_currency(code, 5, language)
        phrase = f"{say_amount(amount, language)} {told}{link}{named}"
        return re.sub(r"\bde (?=[aeiouhéè])", "d'", phrase) if base == "fr" else phrase
    if amount.fraction and len(amount.fraction) != 2:
        return f"{say_decimal(amount.whole, amount.fraction, language)} {words.name_currency(code, 1.5, language)}"
    whole, cents = int(amount.whole), int(amount.fraction or 0)
    named = words.name_currency(code, whole, language)
    gender = words.find_gender(words.name_currency(code, 1, language), language)
    said = f"{say_whole(whole, language, gender)} {named}"
    if not cents:
        return said
    part = say_whole(cents, language, "m")
    if not whole:
        return f"{part} {words.name_cents(code, cents, language)}"
    named = f" {words.name_cents(code, cents, language)}" if base in _NAMES_CENTS else ""
    bare = part if named else say_whole(cents, language)
    return f"{said}{_CENTS_FIRST[base]}{bare}{named}"


def _read_measure(match: re.Match[str], language: str) -> str | None:
    """Read a number, or a range, with a percent sign or a unit behind it."""
    sign, first, last, unit = match.groups()
    base = find_base(language)
    amount, end = parse_amount(first, language), parse_amount(last, language) if last else None
    if amount is None or (last and (end is None or end.value <= amount.value)):
        return None
    counted = end or amount
    if unit == "%":
        named, gender = words.PERCENT[base], "m"
    elif unit == "‰":
        return None
    else:
        found = words.name_unit(unit, counted.value, language)
        if found is None:
            return None
        named, gender = found, words.find_gender(words.name_unit(unit, 1, language) or found, language)
    gender = gender if not (unit == "%" and base == "it") else ""
    said = say_amount(amount, language, gender)
    if end is not None:
        if base not in words.TO:
            return None
        said += f" {words.TO[base]} {say_amount(end, language, gender)}"
    return f"{_say_sign(sign, language)}{said} {named}"


def _read_range(match: re.Match[str], language: str) -> str | None:
    first, last = parse_amount(match[1], language), parse_amount(match[2], language)
    if first is None or last is None or first.value >= last.value or find_base(language) not in words.TO:
        return None
    return f"{say_amount(first, language)} {words.TO[find_base(language)]} {say_amount(last, language)}"


def _read_number(match: re.Match[str], language: str) -> str | None:
    """Read a number with a sign of thousands, of decimals or below zero; a plain one is read by the voice."""
    amount = parse_amount(match[2], language)
    if amount is None or (match[1] == "" and match[2].isdigit()):
        return None
    return f"{_say_sign(match[1], language)}{say_amount(amount, language)}"


def _read_fraction(match: re.Match[str], language: str) -> str | None:
    return _FRACTIONS[find_base(language)].get(_SIGNS.get(match[0], match[0]))


def _read_scaled(match: re.Match[str], language: str) -> str | None:
    amount, told = parse_amount(match[1], language), words.SCALES[find_base(language)][match[2]]
    return f"{say_amount(amount, language)} {told}" if amount is not None and told and len(match[2]) > 1 else None


def list_rules(language: str) -> Iterator[Rule]:
    """Yield the rules of a language."""
    number, base = f"({write_number(language)})", find_base(language)
    signs = "|".join(re.escape(sign) for sign in sorted([*words.SIGNS, "$"], key=len, reverse=True))
    scales = "|".join(re.escape(scale) for scale in sorted(words.SCALES[base], key=len, reverse=True))
    units = "|".join(re.escape(unit) for unit in sorted(words.UNITS, key=len, reverse=True))
    gap, dash = r"[\s\u00a0\u202f]?", r"[\s\u00a0]?[–-][\s\u00a0]?"

    def read_after(match: re.Match[str], language: str) -> str | None:
        said = _read_money(match[2], match[3], match[4], language)
        return said and _say_sign(match[1], language) + said

    def read_before(match: re.Match[str], language: str) -> str | None:
        said = _read_money(match[3], match[4], match[2], language)
        return said and _say_sign(match[1], language) + said

    yield re.compile(rf"([-−]?){number}(?:{gap}({scales}))?(?:\sde)?{gap}({signs})(?!\w)"), read_after
    yield re.compile(rf"([-−]?)({signs}){gap}{number}(?:{gap}({scales})(?!\w))?"), read_before
    yield re.compile(rf"([-−]?){number}(?:{dash}{number})?{gap}(%|‰|{units})(?!\w)"), _read_measure
    yield re.compile(rf"{number}{gap}({scales})(?!\w)"), _read_scaled
    yield re.compile(r"\d/\d(?![\d/])|[½⅓⅔¼¾]"), _read_fraction
    yield re.compile(r"(\d{1,4})[\s\u00a0]?–[\s\u00a0]?(\d{1,4})(?![\d.,:–-])"), _read_range
    yield re.compile(rf"([-−]?){number}"), _read_number


def spell_numbers(text: str, language: str) -> str:
    """Write all numbers of a text out, for a network that knows letters alone."""

    def spell(match: re.Match[str]) -> str:
        amount = parse_amount(match[0], language)
        return say_digits(re.sub(r"\D", "", match[0]), language) if amount is None else say_amount(amount, language)

    percent = words.PERCENT[find_base(language)]
    return re.sub(write_number(language), spell, text).replace("%", f" {percent}")
