"""How a language writes what is said otherwise: a token is read whole by one rule, or left alone.

English has rules of its own. Those of German, French, Spanish, Italian, Portuguese, Dutch and Polish need the extra
`languages`. The voice reads the rest, such as plain numbers. Networks mostly know letters alone, so for them
`spell_numbers` writes numbers out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from studio_speech import (
    english_dates,
    english_digits,
    english_money,
    english_notation,
    english_units,
    english_words,
)
from studio_speech.english_notation import read_duration
from studio_speech.english_numbers import parse_roman, read_decimal, read_number, read_ordinal_number, read_year
from studio_speech.number_words import find_base, is_available

Rule = tuple[re.Pattern[str], Callable[[re.Match[str], str], str | None]]

_ENGLISH: tuple[Rule, ...] = (
    *english_words.FIRST,
    *english_money.RULES,
    *english_notation.RULES,
    *english_dates.RULES,
    *english_words.LAST[:2],
    *english_digits.ADDRESSES,
    *english_digits.SUMS,
    *english_units.RULES,
    *english_digits.RULES,
    *english_words.LAST[2:],
)
_WRITTEN_SHORT = re.compile(
    r"\d[.:/-]\d|\d\s?[%€£$‰°]|[€£$]\s?\d|\d(?:er|e|ème|º|ª)\b|\d\s?(?:km|kg|cm|m|h|Uhr|zł)\b|\d\.\s\w", re.IGNORECASE
)
_TOKEN = re.compile(r"[^\s—…]+")
_ENDLESS = re.compile(r"\d{16}")  # no rule reads a number beyond quadrillions
_OPENING = re.compile(r"[(\[{\"'“‘«¿¡„‚*_]*")
_CLOSING = re.compile(r"(?:['’]s)?[)\]}\"'”’»,.;:!?*_]*$")


def find_readings(text: str, language: str) -> list[tuple[int, int, str]]:
    """Return what is said otherwise than it is written: from, to, and the words; in order, without overlap.

    Args:
        text: A sentence.
        language: Tag of its language; nothing is found in one without rules.
    """
    rules = _list_rules(language)
    if not rules:
        return []
    tokens = list(_find_tokens(text))
    ends = {end for _, _, first, last in tokens for end in range(first, last + 1)}
    found: list[tuple[int, int, str]] = []
    done = 0
    for start, inner, _, _ in tokens:
        for at in range(start, inner + 1):
            reading = _read_at(text, at, ends, rules, language) if at >= done else None
            if reading is not None:
                found.append((at, *reading))
                done = reading[0]
                break
    return found


def _find_tokens(text: str) -> Iterator[tuple[int, int, int, int]]:
    """Yield, for each token, its start, where its marks of opening end, where those of closing start, and its end."""
    for match in _TOKEN.finditer(text):
        opening, closing = _OPENING.match(match[0]), _CLOSING.search(match[0])
        inner = match.start() + (opening.end() if opening else 0)
        last = match.start() + (closing.start() if closing else len(match[0]))
        yield match.start(), min(inner, match.end() - 1), max(last, inner), match.end()


def _list_rules(language: str) -> tuple[Rule, ...]:
    """Return the rules of a language; none for one without, or where its libraries are missing."""
    if language.partition("-")[0] == "en":
        return _ENGLISH
    if not find_base(language) or not is_available():
        return ()
    return _list_european_rules(language)


@lru_cache(maxsize=64)
def _list_european_rules(language: str) -> tuple[Rule, ...]:
    from studio_speech import european_amounts, european_dates, european_romans
    from studio_speech.locale_words import ABBREVIATIONS

    known = ABBREVIATIONS[find_base(language)]
    short = "|".join(re.escape(each) for each in sorted(known, key=len, reverse=True))
    abbreviations: Rule = (re.compile(rf"({short})(?!\w)"), lambda match, _: known[match[1]])
    rooms = (european_romans, european_dates, european_amounts)
    return (*(rule for room in rooms for rule in room.list_rules(language)), *_list_titles(language), abbreviations)


def _list_titles(language: str) -> Iterator[Rule]:
    """Yield the rule for a Portuguese title that depends on the name behind it."""
    if find_base(language) == "pt":
        yield re.compile(r"D\.(?=\s[A-ZÁÉÍÓÂ]\w+)"), _read_dom


def _read_dom(match: re.Match[str], language: str) -> str | None:
    name = re.match(r"\s(\w+)", match.string[match.end() :])
    return "Dona" if name is not None and name[1].endswith("a") else "Dom"


def needs_rules(text: str, language: str) -> bool:
    """Say whether a text has numbers that the rules of its language would read, and their libraries are missing."""
    return bool(find_base(language)) and not is_available() and bool(_WRITTEN_SHORT.search(text))


def _read_at(text: str, at: int, ends: set[int], rules: tuple[Rule, ...], language: str) -> tuple[int, str] | None:
    """Return where the token or tokens end that one rule reads whole, and the words; None if no rule does."""
    for pattern, read in rules:
        match = pattern.match(text, at)
        if match is not None and match.end() > at and match.end() in ends and not _ENDLESS.search(match[0]):
            words = read(match, language)
            if words and words != match[0]:
                return match.end(), words
    return None


def read_date(text: str, order: str, language: str) -> str | None:
    """Return a date in words; the order is "mdy", "dmy", "ymd", "yyyymmdd" or the like, as SSML's say-as names it."""
    has_rules = bool(find_base(language)) and is_available()
    order = re.sub(r"(.)\1+", r"\1", order)
    order = order or ("ymd" if re.match(r"\d{4}(?:\D|\d{4}$)", text.strip()) else "dmy" if has_rules else "mdy")
    parts = _split_date(text, order)
    is_english = language.partition("-")[0] in ("", "en")
    if not (is_english or has_rules) or len(parts) != len(order) or set(order) - set("ymd"):
        return None
    fields = dict(zip(order, parts, strict=True))
    if fields.get("m", 1) not in range(1, 13) or fields.get("d", 1) not in range(1, 32):
        return None
    if has_rules:
        from studio_speech.european_dates import say_fields

        return say_fields(fields.get("d"), fields.get("m"), fields.get("y"), language)
    readers = {"m": lambda month: english_dates.MONTHS[month - 1], "d": read_ordinal_number, "y": read_year}
    return " ".join(read(fields[field]) for field, read in readers.items() if field in fields)


def _split_date(text: str, order: str) -> list[int]:
    """Return the numbers of a date, with years in full; of eight digits in a row by the order."""
    parts = re.findall(r"\d{1,4}", text)
    if re.fullmatch(r"\s*\d{8}\s*", text) and sorted(order) == ["d", "m", "y"]:
        widths = [4 if field == "y" else 2 for field in order]
        digits = text.strip()
        parts = [digits[sum(widths[:place]) : sum(widths[: place + 1])] for place in range(3)]
    are_years = [field == "y" and len(part) == 2 for field, part in zip(order, parts, strict=False)]
    return [
        english_dates.complete_year(part) if place < len(are_years) and are_years[place] else int(part)
        for place, part in enumerate(parts)
    ]


def read_ordinal(text: str, language: str) -> str | None:
    """Return a whole number or a Roman numeral as an ordinal; None where that is not known."""
    is_english = language.partition("-")[0] in ("", "en")
    digits = text.replace(",", "") if is_english and re.fullmatch(r"\d{1,3}(?:,\d{3})+", text) else text
    number = int(digits) if re.fullmatch(r"\d{1,12}", digits) else parse_roman(text)
    if number is None:
        return None
    if find_base(language) and is_available() and 1 <= number <= 1000:
        from studio_speech.number_words import say_ordinal

        return say_ordinal(number, language)
    return read_ordinal_number(number) if is_english else None


def read_quantity(text: str, how: str, language: str) -> str | None:
    """Return what SSML's say-as writes as no language does; None for all that rules or the voice read.

    Args:
        text: What is written.
        how: "cardinal" or "number" for Roman numerals, "time" for minutes and seconds such as 1'21", "duration"
            for ISO 8601's such as PT1H30M, and "fraction" for mixed numbers such as 2+1/2.
        language: Tag of the language; "" counts as English.
    """
    is_english = language.partition("-")[0] in ("", "en")
    if how in ("cardinal", "number"):
        number = parse_roman(text)
        return None if number is None else read_number(number) if is_english else str(number)
    if not is_english:
        return None
    if how == "duration":
        return read_duration(text)
    if how == "time" and (match := re.fullmatch(r"(\d{1,3})['′](?:(\d{1,2})[\"″])?", text)):
        parts = [(match[1], "minute"), (match[2], "second")]
        said = [f"{read_number(int(each))} {name}{'' if int(each) == 1 else 's'}" for each, name in parts if each]
        return " and ".join(said)
    if how == "fraction" and (match := re.fullmatch(r"(\d+) ?\+ ?(\d+/\d+)", text)):
        found = find_readings(f"{match[1]} {match[2]}", language or "en")
        return found[0][2] if len(found) == 1 else None
    return None


def spell_numbers(text: str, language: str = "en") -> str | None:
    """Write numbers out, for a network that knows letters alone; None in a language without rules."""
    if find_base(language) and is_available():
        from studio_speech.european_amounts import spell_numbers

        return spell_numbers(text, language)
    return _spell_english(text) if language.startswith("en") else None


def _spell_english(text: str) -> str:
    text = re.sub(r"(\d{1,2}):(\d\d)", lambda m: _read_time(m[1], m[2]), text)
    text = re.sub(r"(\d+)(st|nd|rd|th)\b", lambda m: read_ordinal_number(int(m[1][:15])), text)
    text = re.sub(r"(?<!\w)-(?=\d)", "minus ", text)
    text = re.sub(r"\d[\d,]*(?:\.\d+)?", lambda m: _read_plain(m[0]), text)
    return text.replace("%", " percent").replace("&", " and ").replace("+", " plus ").replace("=", " equals ")


def _read_plain(text: str) -> str:
    bare = text.rstrip(",")
    return read_decimal(bare[:400]) + text[len(bare) :]


def _read_time(hours: str, minutes: str) -> str:
    rest = int(minutes)
    middle = "o'clock" if rest == 0 else ("oh " if rest < 10 else "") + read_number(rest)
    return f"{read_number(int(hours))} {middle}"
