"""How a language writes what is said otherwise: a token is read whole by one rule, or left alone.

English has rules of its own. espeak-ng reads numbers by itself, in every language; `languages` adds what it does not.
Networks mostly know letters alone, so for them `spell_numbers` writes numbers out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from studio_speech import english_dates, english_digits, english_money, english_units, english_words
from studio_speech.english_numbers import read_decimal, read_number, read_ordinal_number, read_year

Rule = tuple[re.Pattern[str], Callable[[re.Match[str], str], str | None]]

_ENGLISH: tuple[Rule, ...] = (
    *english_words.FIRST,
    *english_money.RULES,
    *english_dates.RULES,
    *english_words.LAST[:2],
    *english_digits.ADDRESSES,
    *english_digits.SUMS,
    *english_units.RULES,
    *english_digits.RULES,
    *english_words.LAST[2:],
)
_TOKEN = re.compile(r"[^\s—…]+")
_ENDLESS = re.compile(r"\d{16}")  # no rule reads a number beyond quadrillions
_OPENING = re.compile(r"[(\[{\"'“‘«¿¡„‚*_]*")
_CLOSING = re.compile(r"(?:['’]s)?[)\]}\"'”’»,.;:!?*_]*$")


def find_readings(text: str, language: str) -> list[tuple[int, int, str]]:
    """Return what is said otherwise than it is written: from, to, and the words; in order, without overlap.

    Args:
        text: A sentence.
        language: Tag of its language; other than English nothing is found.
    """
    if language.partition("-")[0] != "en":
        return []
    tokens = list(_find_tokens(text))
    ends = {end for _, _, first, last in tokens for end in range(first, last + 1)}
    found: list[tuple[int, int, str]] = []
    done = 0
    for start, inner, _, _ in tokens:
        for at in range(start, inner + 1):
            reading = _read_at(text, at, ends, language) if at >= done else None
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


def _read_at(text: str, at: int, ends: set[int], language: str) -> tuple[int, str] | None:
    """Return where the token or tokens end that one rule reads whole, and the words; None if no rule does."""
    for pattern, read in _ENGLISH:
        match = pattern.match(text, at)
        if match is not None and match.end() > at and match.end() in ends and not _ENDLESS.search(match[0]):
            words = read(match, language)
            if words and words != match[0]:
                return match.end(), words
    return None


def read_date(text: str, order: str, language: str) -> str | None:
    """Return a date in words; the order is "mdy", "dmy", "ymd" or the like, as SSML's say-as names it."""
    parts = [int(part) for part in re.findall(r"\d{1,4}", text)]
    order = order or ("ymd" if re.match(r"\d{4}\D", text.strip()) else "mdy")
    if language.partition("-")[0] not in ("", "en") or len(parts) != len(order) or set(order) - set("ymd"):
        return None
    fields = dict(zip(order, parts, strict=True))
    if fields.get("m", 1) not in range(1, 13) or fields.get("d", 1) not in range(1, 32):
        return None
    readers = {"m": lambda month: english_dates.MONTHS[month - 1], "d": read_ordinal_number, "y": read_year}
    return " ".join(read(fields[field]) for field, read in readers.items() if field in fields)


def read_ordinal(text: str, language: str) -> str | None:
    """Return a whole number as an ordinal; None where that is not known."""
    if language.partition("-")[0] not in ("", "en") or not re.fullmatch(r"\d{1,12}", text):
        return None
    return read_ordinal_number(int(text))


def spell_numbers(text: str) -> str:
    """Write English numbers out, for a network that knows letters alone."""
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
