"""Dates, years, times of day and ordinals in German, French, Spanish, Italian, Portuguese, Dutch and Polish."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

from studio_speech.locale_words import list_months, name_month
from studio_speech.number_words import FEMININE, find_base, say_ordinal, say_whole, say_year

Rule = tuple[re.Pattern[str], Callable[[re.Match[str], str], "str | None"]]
_OBLIQUE = re.compile(
    r"\b(?:am|dem|den|des|vom|zum|zur|bis|beim|im|ab|seit|einem|jedem|der letzten)\s(?:\w+,\s)?(?:den\s|dem\s)?$", re.I
)
_WEAK = re.compile(r"\b(?:der|die|das)\s$", re.IGNORECASE)
_BEFORE_YEAR = {
    "de": re.compile(
        r"(?:\b(?:jahre?s?|im|seit|ab|bis|vor|nach|von|um|anno|sommer|winter|herbst|frühling|und|zwischen)|[(,])\s?$",
        re.I,
    ),
    "nl": re.compile(r"(?:\b(?:jaar|in|sinds|tot|vanaf|van|rond|zomer|winter|en|tussen)|[(,])\s?$", re.IGNORECASE),
}
_BEFORE_TIME = re.compile(r"\b(?:ore|alle|dalle|le|las|godz\.|godzin\w+|o|od|do)\s$", re.IGNORECASE)
_ORDINAL_ENDINGS = {
    "fr": r"(\d{1,4})(ers?|res?|e|es|ème|èmes|nd|nde|ᵉ|ᵉʳ)",
    "es": r"(\d{1,4})\.?(º|ª|er|°)",
    "it": r"(\d{1,4})\.?(º|ª|°)",
    "pt": r"(\d{1,4})\.?(º|ª|°)",
    "nl": r"(\d{1,4})(e|de|ste)",
}


def say_date(day: int, month: int, year: int | None, language: str, before: str = "") -> str | None:
    """Return a date in words; None for one that does not exist.

    Args:
        day: From 1 on.
        month: From 1 on.
        year: The year; None for none.
        language: A tag whose language this module knows.
        before: What stands before it, as German inflects the day by it.
    """
    try:
        date(year or 2000, month, day)
    except ValueError:
        return None
    base = find_base(language)
    named, told = _say_day(day, language, before), name_month(month, base)
    link = " de " if base in ("es", "pt") else " "
    if year is None:
        return f"{named}{link}{told}"
    if base == "pl":
        return f"{named} {told} {say_ordinal(year, language, case='genitive')} roku"
    return f"{named}{link}{told}{link}{say_year(year, language)}"


def say_fields(day: int | None, month: int | None, year: int | None, language: str) -> str | None:
    """Return a date in words, or the parts of one that are there."""
    if day is not None and month is not None:
        return say_date(day, month, year, language)
    parts = [None if day is None else _say_day(day, language, "")]
    parts += [None if month is None else name_month(month, find_base(language))]
    parts += [None if year is None else say_year(year, language)]
    return " ".join(part for part in parts if part) or None


def _say_day(day: int, language: str, before: str) -> str:
    base = find_base(language)
    if base == "de":
        case = "oblique" if _OBLIQUE.search(before) else "weak" if _WEAK.search(before) else "nominative"
        return say_ordinal(day, language, case=case)
    if base == "pl":
        return say_ordinal(day, language, case="genitive")
    is_first = day == 1 and (base in ("fr", "it") or language not in (base, f"{base}-{base}"))
    return say_ordinal(1, language) if is_first and base != "nl" else say_whole(day, language)


def _complete(text: str) -> int:
    return int(text) if len(text) == 4 else int(text) + (2000 if int(text) < 50 else 1900)


def _read_numeric(match: re.Match[str], language: str) -> str | None:
    before = match.string[: match.start()]
    return say_date(int(match[1]), int(match[3]), _complete(match[4]), language, before)


def _read_iso(match: re.Match[str], language: str) -> str | None:
    return say_date(int(match[3]), int(match[2]), int(match[1]), language, match.string[: match.start()])


def _read_named(match: re.Match[str], language: str) -> str | None:
    month = list_months(find_base(language))[match[2].lower().rstrip(".")]
    year = int(match[3]) if match[3] else None
    return say_date(int(match[1]), month, year, language, match.string[: match.start()])


def _read_month_and_year(match: re.Match[str], language: str) -> str | None:
    base = find_base(language)
    link = " de " if base in ("es", "pt") else " "
    month = name_month(list_months(base)[match[1].lower().rstrip(".")], base)
    return f"{month}{link}{say_year(int(match[2]), language)}"


def _read_year(match: re.Match[str], language: str) -> str | None:
    return (
        say_year(int(match[1]), language)
        if _BEFORE_YEAR[find_base(language)].search(match.string[: match.start()])
        else None
    )


def _read_polish_year(match: re.Match[str], language: str) -> str | None:
    if match[2] == "rok":
        return f"{say_ordinal(int(match[1]), language)} rok"
    case = "locative" if re.search(r"\b(?:w|we|po)\s$", match.string[: match.start()]) else "genitive"
    return f"{say_ordinal(int(match[1]), language, case=case)} roku"


def _read_decade(match: re.Match[str], language: str) -> str | None:
    number = int(match[1])
    return f"{say_year(number, language)}er" if number % 10 == 0 else None


def _say_time(hours: int, minutes: int | None, language: str, before: str) -> str | None:
    if hours > 24 or (minutes or 0) > 59:
        return None
    base, rest = find_base(language), minutes or 0
    gender = FEMININE if base in ("es", "fr", "it", "pt") else "m"
    hour = say_whole(hours, language, gender)
    if base in ("de", "nl"):
        return f"{hour} {'Uhr' if base == 'de' else 'uur'}" + (f" {say_whole(rest, language)}" if rest else "")
    if base == "fr":
        return f"{hour} heure{'s' * (hours > 1)}" + (f" {say_whole(rest, language)}" if rest else "")
    if base == "pl":
        case = "genitive" if re.search(r"\b(?:o|od|do|po|około|przed|godzin\w+)\s$", before) else "nominative"
        tail = f" {'zero ' * (rest < 10)}{say_whole(rest, language)}" if rest else ""
        return (say_ordinal(hours, language, FEMININE, case) if hours else "zero") + tail
    if base == "es":
        return f"{hour} {say_whole(rest, language)}" if rest else f"{hour} en punto" if hours <= 12 else f"{hour} horas"
    if base == "it":
        return f"{hour} e {say_whole(rest, language)}" if rest else hour
    return f"{hour} e {say_whole(rest, language)}" if rest else f"{hour} hora{'s' * (hours > 1)}"


def _read_time(match: re.Match[str], language: str) -> str | None:
    return _say_time(int(match[1]), int(match[2] or 0), language, match.string[: match.start()])


def _read_dotted_time(match: re.Match[str], language: str) -> str | None:
    """Read 14.30 where a word before it says that it is a time."""
    is_time = _BEFORE_TIME.search(match.string[: match.start()])
    return _read_time(match, language) if is_time else None


def _read_spanish_hours(match: re.Match[str], language: str) -> str | None:
    """Read 14:30 h: hours and minutes by name, in Spanish and Portuguese."""
    hours, minutes = int(match[1]), int(match[2] or 0)
    if hours > 24 or minutes > 59:
        return None
    said = f"{say_whole(hours, language, FEMININE)} hora{'s' * (hours != 1)}"
    link = " " if find_base(language) == "es" else " e "
    return f"{said}{link}{say_whole(minutes, language, 'm')} minuto{'s' * (minutes != 1)}" if minutes else said


def _read_german_ordinal(match: re.Match[str], language: str) -> str | None:
    before, number = match.string[: match.start()], int(match[1])
    oblique, weak = _OBLIQUE.search(before), _WEAK.search(before)
    if number > 1000 or not (oblique or weak):
        return None
    return say_ordinal(number, language, case="oblique" if oblique else "weak")


def _read_ordinal(match: re.Match[str], language: str) -> str | None:
    number, base, ending = int(match[1]), find_base(language), match[2]
    if not 1 <= number <= 1000:
        return None
    feminine = ending in ("ª", "re", "res", "nde")
    said = say_ordinal(number, language, FEMININE if feminine else "m")
    if base == "fr" and ending in ("nd", "nde"):
        return {"nd": "second", "nde": "seconde"}[ending] if number == 2 else None
    if base == "es" and ending == "er":
        return re.sub("(?<=primer|tercer)o$", "", said)
    return said


def list_rules(language: str) -> Iterator[Rule]:
    """Yield the rules of a language."""
    base = find_base(language)
    names = "|".join(sorted((re.escape(name) for name in list_months(base) if len(name) > 2), key=len, reverse=True))
    month = rf"((?i:{names})\b\.?)"
    yield re.compile(r"(\d{4})-(\d\d)-(\d\d)(?!\d)"), _read_iso
    yield (
        re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})" + (r"(?:\s?r\.|\sroku)?" if base == "pl" else "")),
        _read_numeric,
    )
    yield re.compile(r"(\d{1,2})([./])(\d{1,2})\2(\d\d)(?!\d)"), _read_numeric
    link = r"\sde\s" if base in ("es", "pt") else r"\.?\s"
    ending = {"fr": "(?:er)?", "it": "[º°]?", "es": r"\.?º?", "pt": r"\.?º?", "de": r"\.", "nl": ""}.get(base, "")
    tail = r"(?:\s?r\.|\sroku)?" if base == "pl" else ""
    between = r"\sdel?\s" if base in ("es", "pt") else r"\s"
    space = r"\s?" if base == "de" else link
    yield re.compile(rf"(\d{{1,2}}){ending}{space}{month}(?:{between}(\d{{4}}){tail})?(?!\w)"), _read_named
    if base != "pl":
        yield re.compile(rf"{month}{between}(\d{{4}})(?!\w)"), _read_month_and_year
    yield from _list_times(base)
    if base in _BEFORE_YEAR:
        yield re.compile(r"(1[1-9]\d\d)(?![\d.,%])"), _read_year
    if base == "de":
        yield re.compile(r"(1[1-9]\d\d|[2-9]0)er"), _read_decade
        yield re.compile(r"(\d{1,4})\.(?=\s\w)"), _read_german_ordinal
    if base == "pl":
        yield re.compile(r"(\d{4})\s?(roku|rok|r\.)"), _read_polish_year
    if base in _ORDINAL_ENDINGS:
        yield re.compile(_ORDINAL_ENDINGS[base] + r"(?!\w)"), _read_ordinal


def _list_times(base: str) -> Iterator[Rule]:
    minutes = r"(?P<minutes>[0-5]\d)"
    if base in ("de", "nl"):
        yield re.compile(rf"(\d{{1,2}})(?:[:.]{minutes})?\s(?:Uhr|uur)(?!\w)"), _read_time
    if base in ("fr", "pt"):
        yield (
            re.compile(rf"(\d{{1,2}})\s?[hH]\s?{minutes}?(?:\s?min)?(?!\w)"),
            _read_spanish_hours if base == "pt" else _read_time,
        )
    if base == "es":
        yield re.compile(rf"(\d{{1,2}})(?:[:.]{minutes})?\s?h(?!\w)\.?"), _read_spanish_hours
    yield re.compile(rf"(\d{{1,2}}):{minutes}(?!\d|:)"), _read_time
    if base in ("it", "pl", "es"):
        yield re.compile(rf"(\d{{1,2}})\.{minutes}(?!\d)"), _read_dotted_time
