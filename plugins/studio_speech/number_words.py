"""Numbers in words, in German, French, Spanish, Italian, Portuguese, Dutch and Polish.

Whole numbers and ordinals come from num2words; what it gets wrong is mended here, and gender and case are added.
"""

from __future__ import annotations

import importlib.util
import re
from functools import lru_cache
from typing import Any

LANGUAGES = ("de", "es", "fr", "it", "nl", "pl", "pt")
MASCULINE, FEMININE, NEUTER = "m", "f", "n"
_MOST = 10**15  # beyond it, names of numbers are told differently from region to region
_COMMA = {"de": "Komma", "es": "coma", "fr": "virgule", "it": "virgola", "nl": "komma", "pl": "przecinek"}
_COMMA |= {"pt": "vírgula"}
_DIGITS_ALONE = ("de", "nl")  # which say the digits behind the comma one by one; others as a number
_ONES = {"de": {"m": "ein", "f": "eine", "n": "ein"}, "nl": {"m": "een", "f": "een", "n": "een"}}
_SPANISH = {11: "undécimo", 12: "duodécimo"}


def is_available() -> bool:
    """Say whether the libraries are installed that know numbers and names of these languages."""
    return all(importlib.util.find_spec(name) is not None for name in ("num2words", "babel"))


def find_base(language: str) -> str:
    """Return the language of a tag that this module knows; "" for others."""
    base = language.partition("-")[0]
    return base if base in LANGUAGES else ""


@lru_cache(maxsize=4096)
def say_whole(number: int, language: str, gender: str = "") -> str:
    """Return a whole number in words; of a gender, as it stands before a noun.

    Args:
        number: Below a quadrillion.
        language: A tag whose language is in `LANGUAGES`.
        gender: "m", "f" or "n"; "" for the number alone.
    """
    import num2words

    base = find_base(language)
    name = "pt_BR" if language == "pt-br" else base
    words = num2words.num2words(number, lang=name).replace(",", "")
    words = _mend(words, language, base)
    return _agree(words, base, gender) if gender else words


def is_sayable(number: int) -> bool:
    """Say whether a number has words here."""
    return 0 <= number < _MOST


def _mend(words: str, language: str, base: str) -> str:
    if base == "es":
        words = re.sub(r"veintiuno mil", "veintiún mil", words)
        return re.sub(r"\buno mil", "un mil", words)
    if base == "it":
        return re.sub(r"(milion[ei]|miliard[oi]) e ", r"\1 ", words)
    if base == "nl":
        return re.sub(r"(?<=[a-z])éé(?=n)", "ee", words)
    if language in ("fr-be", "fr-ch"):
        return _say_nonante(words)
    return words


def _say_nonante(words: str) -> str:
    """Return a French number with septante and nonante, as in Belgium and Switzerland."""
    import num2words

    for tens in (90, 70):
        for number in range(tens + 9, tens - 1, -1):
            own = num2words.num2words(number, lang="fr_BE")
            words = re.sub(rf"\b{num2words.num2words(number, lang='fr')}\b", own, words)
    return words


def _agree(words: str, base: str, gender: str) -> str:
    """Let a number agree with the noun behind it."""
    feminine = gender == FEMININE
    if base == "de":
        return words if not words.endswith("eins") else words[:-4] + _ONES["de"][gender]
    if base == "nl":
        return "een" if words == "één" else words
    if base == "fr":
        return re.sub(r"\bun$", "une", words) if feminine else words
    if base == "it":
        return {"m": "un", "f": "una"}[gender] if words == "uno" else words
    if base == "es":
        words = re.sub(r"cientos\b", "cientas", words) if feminine else words
        words = re.sub(r"veintiuno$", "veintiuna" if feminine else "veintiún", words)
        return re.sub(r"\buno$", "una" if feminine else "un", words)
    if base == "pt":
        words = re.sub(r"entos\b", "entas", words) if feminine else words
        return re.sub(r"\bdois$", "duas", re.sub(r"\bum$", "uma", words)) if feminine else words
    return _agree_in_polish(words, gender)


def _agree_in_polish(words: str, gender: str) -> str:
    if words == "jeden":
        return {"m": "jeden", "f": "jedna", "n": "jedno"}[gender]
    return re.sub(r"\bdwa$", "dwie", words) if gender == FEMININE else words


def say_decimal(whole: str, fraction: str, language: str) -> str:
    """Return a decimal number in words, from its digits before and behind the comma."""
    base = find_base(language)
    words = say_whole(int(whole), language)
    if not fraction:
        return words
    comma = "punto" if base == "es" and has_point(language) else _COMMA[base]
    return f"{words} {comma} {_say_fraction(fraction, language, base)}"


def _say_fraction(fraction: str, language: str, base: str) -> str:
    zeros = len(fraction) - len(fraction.lstrip("0"))
    if base in _DIGITS_ALONE or len(fraction) > 3 or zeros == len(fraction):
        return say_digits(fraction, language)
    return " ".join([say_whole(0, language)] * zeros + [say_whole(int(fraction), language)])


def say_digits(digits: str, language: str) -> str:
    """Return digits, one by one."""
    return " ".join(say_whole(int(digit), language) for digit in digits)


def has_point(language: str) -> bool:
    """Say whether a point comes before decimals, as in Mexico; in Switzerland at least in amounts of money."""
    return language.endswith("-ch") or find_locale(language).number_symbols["latn"]["decimal"] == "."


@lru_cache(maxsize=64)
def find_locale(language: str) -> Any:
    """Return Babel's locale of a tag; that of its language where the region is unknown."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale.parse(language.partition("-")[0])


@lru_cache(maxsize=1024)
def say_ordinal(number: int, language: str, gender: str = MASCULINE, case: str = "nominative") -> str:
    """Return an ordinal.

    Args:
        number: From 1 on.
        language: A tag whose language is in `LANGUAGES`.
        gender: "m", "f" or "n".
        case: "nominative", "genitive" or "locative", for Polish; "weak" or "oblique", for German after an article.
    """
    import num2words

    base = find_base(language)
    words = _SPANISH.get(number) if base == "es" else None
    words = words or num2words.num2words(number, lang=base, to="ordinal")
    if base == "de":
        return words + {"oblique": "n", "weak": ""}.get(case, {"m": "r", "f": "", "n": "s"}[gender])
    if base == "pl":
        return " ".join(_decline_polish(word, gender, case) for word in words.split())
    if gender == FEMININE and base in ("es", "it", "pt"):
        return re.sub(r"o\b", "a", words)
    return "première" if (base, words, gender) == ("fr", "premier", FEMININE) else words


def _decline_polish(word: str, gender: str, case: str) -> str:
    """Decline the parts of a Polish ordinal that end like an adjective; thousands and hundreds stay."""
    if not word.endswith(("y", "i")) or word == "tysiące":
        return word
    soft = word.endswith("i")
    if gender == FEMININE:
        if case != "nominative":
            return f"{word}ej" if soft else f"{word[:-1]}ej"
        return f"{word}a" if word.endswith("ci") else f"{word[:-1]}a"
    if soft:
        return word + {"nominative": "", "genitive": "ego", "locative": "m"}[case]
    return word[:-1] + {"nominative": "y", "genitive": "ego", "locative": "ym"}[case]


def say_year(number: int, language: str) -> str:
    """Return a year in words."""
    base = find_base(language)
    if base not in ("de", "nl") or not 1100 <= number < 2000:
        return say_whole(number, language)
    hundreds, rest = divmod(number, 100)
    hundred = "hundert" if base == "de" else "honderd"
    return say_whole(hundreds, language) + hundred + (say_whole(rest, language) if rest else "")
