"""Roman numerals in German, French, Spanish, Italian, Portuguese, Dutch and Polish: centuries, rulers, chapters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from studio_speech.english_numbers import parse_roman
from studio_speech.number_words import FEMININE, MASCULINE, find_base, say_ordinal, say_whole

Rule = tuple[re.Pattern[str], Callable[[re.Match[str], str], "str | None"]]
_CENTURIES = {
    "fr": r"([IVXL]+)(?:e|ᵉ|ème) (siècles?)", "es": r"([Ss]iglos?) ([IVXL]+)", "it": r"([IVXL]+) (secolo)",
    "pt": r"([Ss]éculos?) ([IVXL]+)", "pl": r"([IVXL]+) (wieku|wiek|w\.)",
}  # fmt: skip
_COUNTED = {
    "de": "Kapitel|Band|Teil|Akt|Szene|Buch|Artikel|Klasse|Abschnitt|Stufe",
    "es": "capítulo|tomo|volumen|parte|acto|escena|libro|artículo|título|anexo|fase|tipo",
    "fr": "chapitre|tome|volume|partie|acte|scène|livre|article|titre|annexe|phase|type",
    "it": "capitolo|tomo|volume|parte|atto|scena|libro|articolo|titolo|allegato|fase|tipo",
    "nl": "hoofdstuk|deel|boek|akte|scène|artikel|fase|type",
    "pl": "rozdział|tom|część|akt|scena|księga|artykuł|faza|typ",
    "pt": "capítulo|tomo|volume|parte|ato|cena|livro|artigo|título|anexo|fase|tipo",
}
"""What has its number behind it, as a cardinal."""
_WARS = {"es": "Guerra|República|Internacional", "it": "guerra|Guerra|Internazionale", "pt": "Guerra|República"}
"""Feminine nouns with their number before them, as an ordinal."""
_NAME = r"\b[A-ZÉÍÓÁÂÄÖÜ][\w]+\s$"
_WOMEN = ("a", "beth", "e", "ette")
_WOMEN_IN_ROMANCE = ("a", "Isabel", "Beatriz", "Inés", "Inês")
"""Ends of names of women, in German and in the other languages."""
_MEN_WITH_S = ("Johannes", "Andreas", "Thomas", "Nikolaus", "Pius", "Markus", "Klemens", "Innozens")
_HIGHEST = 40


def _read_century(match: re.Match[str], language: str) -> str | None:
    base = find_base(language)
    roman, noun = (match[2], match[1]) if base in ("es", "pt") else (match[1], match[2])
    number = parse_roman(roman)
    if number is None or number > 30:
        return None
    if base == "pl":
        case = "nominative" if noun == "wiek" else "genitive"
        return f"{say_ordinal(number, language, case=case)} {noun.replace('w.', 'wieku')}"
    if base in ("fr", "it"):
        return f"{say_ordinal(number, language)} {noun}"
    plain = say_whole(number, language)
    return f"{noun} {say_ordinal(number, language) if base == 'pt' and number <= 10 else plain}"


def _read_ruler(match: re.Match[str], language: str) -> str | None:
    """Read Louis XIV, Felipe VI and Willem II."""
    base, number = find_base(language), parse_roman(match[1])
    name = re.search(_NAME, match.string[: match.start()])
    if number is None or number > _HIGHEST or name is None:
        return None
    gender = FEMININE if name[0].strip().endswith(_WOMEN_IN_ROMANCE) else MASCULINE
    if base == "fr":
        return say_ordinal(1, language, gender) if number == 1 else say_whole(number, language)
    if base == "nl":
        return f"de {say_ordinal(number, language)}"
    return say_ordinal(number, language, gender) if number <= 10 or base == "it" else say_whole(number, language)


def _read_german_ruler(match: re.Match[str], language: str) -> str | None:
    """Read Ludwig XIV., Elisabeth II. and Ludwigs XIV."""
    number, name = parse_roman(match[1]), re.search(_NAME, match.string[: match.start()])
    if number is None or number > _HIGHEST or name is None:
        return None
    plain = name[0].strip()
    is_genitive = plain.endswith("s") and plain not in _MEN_WITH_S
    is_woman = plain.removesuffix("s" if is_genitive else "").lower().endswith(_WOMEN)
    article = "der" if is_woman == is_genitive else "des" if is_genitive else "die"
    return f"{article} {say_ordinal(number, language, case='oblique' if is_genitive else 'weak').capitalize()}"


def _read_counted(match: re.Match[str], language: str) -> str | None:
    number = parse_roman(match[2])
    return None if number is None else f"{match[1]} {say_whole(number, language)}"


def _read_french_ordinal(match: re.Match[str], language: str) -> str | None:
    number = parse_roman(match[1])
    return None if number is None else say_ordinal(number, language)


def _read_war(match: re.Match[str], language: str) -> str | None:
    number = parse_roman(match[1])
    return None if number is None else f"{say_ordinal(number, language, FEMININE)} {match[2]}"


def list_rules(language: str) -> Iterator[Rule]:
    """Yield the rules of a language."""
    base = find_base(language)
    if base in _CENTURIES:
        yield re.compile(_CENTURIES[base]), _read_century
    yield re.compile(rf"((?i:{_COUNTED[base]}))\s([IVXL]+)(?!\w)"), _read_counted
    if base in _WARS:
        yield re.compile(rf"([IVX]+)\s({_WARS[base]})(?!\w)"), _read_war
    if base == "fr":
        yield re.compile(r"([IVX]{2,}|[VX])(?:e|ᵉ|ème)(?!\w)"), _read_french_ordinal
    if base == "de":
        yield re.compile(r"([IVX]+)\."), _read_german_ruler
    if base in ("fr", "es", "it", "nl", "pt"):
        yield re.compile(r"([IVX]+)(?:er|ᵉʳ)?(?!\w)"), _read_ruler
