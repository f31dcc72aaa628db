"""Unicode before speech: one form for letters that look alike, plain digits, and numerals as numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from studio_speech.english_numbers import parse_roman

_KEPT = frozenset("²³¹⁰⁴⁵⁶⁷⁸⁹⁺⁻½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞⅐⅑⅒…′″‴™®©°ªº´¨¯¸\u00a0\u2009\u202f")
"""Compatibility characters that mean more than what NFKC makes of them, or that rules of their own read."""
_REPLACED = {"№": "No. ", "℃": "°C", "℉": "°F"}
_CLUSTER = re.compile(r"[\u1100-\u11ff]+|[\u2160-\u217f]+|.[\uff9e\uff9f]?", re.DOTALL)


@dataclass(frozen=True)
class Normalized:
    """A text in one form.

    Attributes:
        text: The text.
        places: For each of its characters, and for its end, the place in what is written.
    """

    text: str
    places: tuple[int, ...]


def normalize_text(text: str) -> Normalized:
    """Return a text in composed form (NFC), with compatibility characters resolved (NFKC) where the meaning stays.

    Full-width letters, ligatures, mathematical letters and circled numbers become plain ones, digits of any script
    ASCII digits, and Roman numeral characters numbers. Powers and fractions stay what they are.
    """
    if text.isascii():
        return Normalized(text, tuple(range(len(text) + 1)))
    parts, places = list[str](), list[int]()
    for start, cluster in _find_clusters(text):
        resolved = _resolve(cluster)
        parts.append(resolved)
        places += [start] * len(resolved) if resolved != cluster else range(start, start + len(cluster))
    return Normalized("".join(parts), (*places, len(text)))


def find_differences(written: str) -> Iterator[tuple[str, str | None]]:
    """Yield the stretches of a text: as they are written, and in the one form, None where that is the same."""
    same = ""
    for _, cluster in _find_clusters(written):
        resolved = _resolve(cluster)
        if resolved == cluster:
            same += cluster
            continue
        if same:
            yield same, None
        same = ""
        yield cluster, resolved
    if same:
        yield same, None


def _find_clusters(text: str) -> Iterator[tuple[int, str]]:
    """Yield letters with the marks on them, syllables in parts, and numerals, each with its place."""
    start, waiting = 0, ""
    for match in _CLUSTER.finditer(text):
        if waiting and unicodedata.combining(match[0]) if len(match[0]) == 1 else False:
            waiting += match[0]
            continue
        if waiting:
            yield start, waiting
        start, waiting = match.start(), match[0]
    if waiting:
        yield start, waiting


def _resolve(cluster: str) -> str:
    if cluster.isascii() or cluster in _KEPT:
        return cluster
    composed = unicodedata.normalize("NFC", cluster)
    if "\u2160" <= composed[0] <= "\u217f":
        letters = unicodedata.normalize("NFKC", composed)
        number = parse_roman(letters.upper())
        return letters if number is None else str(number)
    return "".join(_resolve_letter(letter) for letter in composed) if len(composed) == 1 else _resolve_many(composed)


def _resolve_letter(letter: str) -> str:
    if letter in _REPLACED:
        return _REPLACED[letter]
    kind = unicodedata.category(letter)
    if kind == "Nd":
        return str(unicodedata.decimal(letter))
    if "\u3130" <= letter <= "\u318f":  # Hangul letters alone, which NFKC makes parts of syllables
        return letter
    plain = unicodedata.normalize("NFKC", letter)
    if "₀" <= letter <= "₉":  # as in formulas
        return plain
    return f" {plain} " if kind == "No" and plain.isdigit() else plain


def _resolve_many(composed: str) -> str:
    plain = unicodedata.normalize("NFKC", composed)
    return plain if "\uff61" <= composed[0] <= "\uff9f" else composed
