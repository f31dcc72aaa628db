"""Misspelled names: the one known name that is meant, where that is beyond doubt."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LETTERS_PER_MISTAKE = 4
_MOST_MISTAKES = 2
_NUMBER = re.compile(r"\d+")


def find_meant(name: str, known: Iterable[str]) -> str | None:
    """Return the one known name that a misspelled name is near to, or None if there is none or another is near too.

    Names are near if one letter in four differs, two at most; letter case, "-" and "_" count as nothing. Names whose
    numbers differ are never near: `frame_1` is another name than `frame_2`, and no mistake.
    """
    near = [other for other in dict.fromkeys(known) if _is_near(name, other)]
    exact = [other for other in near if _simplify(other) == _simplify(name)]
    found = exact or near
    return found[0] if len(found) == 1 else None


def _is_near(name: str, other: str) -> bool:
    allowed = min(_MOST_MISTAKES, max(len(name), len(other)) // _LETTERS_PER_MISTAKE)
    if abs(len(name) - len(other)) > allowed or _NUMBER.findall(name) != _NUMBER.findall(other):
        return False
    return count_mistakes(_simplify(name), _simplify(other)) <= allowed


def _simplify(name: str) -> str:
    return name.casefold().replace("-", "_")


def count_mistakes(name: str, other: str) -> int:
    """Return how many letters must be added, left out, replaced or swapped with the next to make one of the other."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for place, letter in enumerate(name, 1):
        last, before, row = before, row, [place]
        for column, target in enumerate(other, 1):
            cost = min(before[column] + 1, row[-1] + 1, before[column - 1] + (letter != target))
            is_swapped = place > 1 and column > 1 and letter == other[column - 2] and name[place - 2] == target
            row.append(min(cost, last[column - 2] + 1) if is_swapped else cost)
    return row[-1]
