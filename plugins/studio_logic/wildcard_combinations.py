"""All texts that a text with wildcards can give, counted before one of them is written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any

from studio.api import StudioError
from studio_logic.text_size import MOST_CHARACTERS
from studio_logic.wildcards import (
    MOST_DEPTH,
    Choice,
    Entries,
    Name,
    Option,
    Parts,
    check_names,
    list_options,
    parse_wildcards,
    read_lists,
    refuse_count,
)

MOST_COMBINATIONS = 10_000
_MANY = MOST_COMBINATIONS + 1
_CERTAIN_OPTIONS, _CERTAIN_CHOSEN = 101, 8  # 101 * 100 orders of two options, and 8! of eight, are over the limit


@dataclass(frozen=True)
class _Size:
    """How many texts a part gives, at most `_MANY`, and the characters of the longest at most."""

    count: int
    longest: int


def combine_wildcards(text: str, lists: Any, limit: int) -> list[str]:
    """Return each text that `fill_wildcards` can give, once, in the order of options and entries.

    Raises:
        StudioError: E321; see `check_combinations`.
    """
    parts, combining = _measure(text, lists, limit)
    return list(dict.fromkeys(combining.write(parts)))


def check_combinations(text: str, lists: Any, limit: int) -> None:
    """Raise StudioError E321 for all that `fill_wildcards` refuses, and for texts that are too many or too long."""
    _measure(text, lists, limit)


def _measure(text: str, lists: Any, limit: int) -> tuple[Parts, _Combining]:
    entries = Entries(read_lists(lists))
    parts = parse_wildcards(text)
    check_names(parts, entries)
    combining = _Combining(entries)
    size = combining.measure(parts, 0)
    if size.count > limit:
        many = "over " if size.count == _MANY else ""
        raise StudioError(
            "E321",
            f"the text has {many}{min(size.count, MOST_COMBINATIONS)} combinations, and the limit is {limit}",
            hint="use fewer options, raise 'limit', or choose at random with logic.fill_wildcards and a list of seeds",
        )
    if size.count * size.longest > MOST_CHARACTERS:
        message = f"{size.count} combinations of up to {size.longest} characters are over {MOST_CHARACTERS} characters"
        raise StudioError("E321", message, hint="use shorter texts, or fewer options")
    return parts, combining


class _Combining:
    """Measures and writes parts; a list is measured and written once."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.measured: dict[str | int, _Size] = {}
        self.written: dict[str, list[str]] = {}
        self.open: set[str] = set()

    def measure(self, parts: Parts, depth: int) -> _Size:
        """Return how many texts parts give together."""
        count, longest = 1, 0
        for part in parts:
            size = _Size(1, len(part)) if isinstance(part, str) else self.measure_part(part, depth + 1)
            count, longest = min(count * size.count, _MANY), longest + size.longest
        return _Size(count, longest)

    def measure_part(self, part: Name | Choice, depth: int) -> _Size:
        key = part.name if isinstance(part, Name) else id(part)  # the text and the lists keep all parts
        if key in self.measured:
            return self.measured[key]
        if isinstance(key, str):
            if key in self.open:
                raise _refuse_endless(f"the list '__{key[:60]}__' contains its own name")
            self.open.add(key)
        if depth > MOST_DEPTH:
            raise _refuse_endless(f"choices nested over {MOST_DEPTH} deep")
        options = self.find_options(part)
        counts, separator = range(1, 2), ""
        if isinstance(part, Choice):
            counts, separator = _list_counts(part, len(options)), part.separator
        sizes = [self.measure(option.parts, depth) for option in options]
        self.measured[key] = _measure_orders(sizes, counts, len(separator))
        self.open.discard(part.name if isinstance(part, Name) else "")
        return self.measured[key]

    def find_options(self, part: Name | Choice) -> list[Option]:
        """Return what can be chosen at all."""
        found = self.entries.find(part.name) if isinstance(part, Name) else list_options(part, self.entries)
        return [option for option in found if option.weight > 0]

    def write(self, parts: Parts) -> list[str]:
        """Return the texts of parts; those that give one text are joined first."""
        pieces: list[list[str]] = []
        same: list[str] = []
        for part in parts:
            texts = [part] if isinstance(part, str) else self.write_part(part)
            if len(texts) == 1:
                same += texts
                continue
            pieces += [["".join(same)], texts]
            same = []
        return ["".join(each) for each in product(*pieces, ["".join(same)])]

    def write_part(self, part: Name | Choice) -> list[str]:
        if isinstance(part, Name):
            if part.name not in self.written:
                options = self.find_options(part)
                self.written[part.name] = [text for option in options for text in self.write(option.parts)]
            return self.written[part.name]
        options = self.find_options(part)
        texts: list[str] = []
        for count in _list_counts(part, len(options)):
            for chosen in permutations(options, count):
                written = product(*(self.write(option.parts) for option in chosen))
                texts += [part.separator.join(each) for each in written]
        return texts


def _list_counts(choice: Choice, some: int) -> range:
    """Return how many of some options may be chosen."""
    if choice.low > some:
        raise refuse_count(choice, some)
    return range(choice.low, (some if choice.high is None else min(choice.high, some)) + 1)


def _measure_orders(sizes: Sequence[_Size], counts: range, separator: int) -> _Size:
    """Return the size of ordered choices of different options."""
    most = counts[-1]
    longest = sum(sorted((size.longest for size in sizes), reverse=True)[:most]) + separator * max(most - 1, 0)
    return _Size(min(sum(_count_orders(sizes, count) for count in counts[:_MANY]), _MANY), longest)


def _count_orders(sizes: Sequence[_Size], chosen: int) -> int:
    """Return how many texts an ordered choice gives: an elementary symmetric polynomial, times the orders."""
    if chosen >= _CERTAIN_CHOSEN or (chosen >= 2 and len(sizes) >= _CERTAIN_OPTIONS):
        return _MANY
    sums = [1] + [0] * chosen
    for size in sizes:
        for place in range(chosen, 0, -1):
            sums[place] = min(sums[place] + sums[place - 1] * size.count, _MANY)
    return min(sums[chosen] * math.factorial(chosen), _MANY)


def _refuse_endless(message: str) -> StudioError:
    return StudioError("E321", message, hint="lists that contain each other's names never end")
