"""Texts with options, of which some are chosen at random: "{red|green}", "{2$$a|b|c}", and "__name__" for a list."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import accumulate
from typing import Any, NoReturn, TypeAlias

from studio.api import StudioError
from studio_logic.ordering import draw_repeated, draw_weighted
from studio_logic.seeds import derive_seed
from studio_logic.template import MOST_CHARACTERS, format_value

MOST_DEPTH = 20
_MOST_CHOICES = 20_000
_MOST_ENTRIES = 5_000_000  # that are looked through for one text
_MOST_KEPT_ENTRIES = 500_000
_MOST_KEPT_CHARACTERS = 2_000
_TOKEN = re.compile(r"\\[{}|_$]|[{}|]|\$\$|__(?P<name>(?:[^\W_]|\*)[\w\-/.*]{0,99}?)__|[^\\{}|$_]+|.", re.DOTALL)
_HEAD = re.compile(r"\s*(?P<low>\d{1,4})?(?:(?P<dash>-)(?P<high>\d{1,4})?)?\$\$(?:(?P<joined>[^{}|$]*)\$\$)?")
_WEIGHT = re.compile(r"\s*(\d{1,6}(?:\.\d{1,6})?)::")
_SPECIAL = re.compile(r"[{}\\|]|__|\$\$|::")
_HINT = 'options are like "{red|green}"; write \\{ \\} \\| \\__ \\$$ for these characters themselves'


@dataclass(frozen=True)
class Name:
    """A list that an entry is chosen from."""

    name: str


@dataclass(frozen=True)
class Option:
    """One of several parts of a text."""

    weight: float
    parts: Parts


@dataclass(frozen=True)
class Choice:
    """Options of which some are chosen; `high` is None for all of them."""

    options: tuple[Option, ...]
    low: int = 1
    high: int | None = 1
    separator: str = ", "


Parts: TypeAlias = tuple[str | Name | Choice, ...]
Lists: TypeAlias = Mapping[str, Sequence[str]]


def fill_wildcards(text: str, lists: Any, seed: int) -> str:
    """Return a text with options and names replaced by what is chosen.

    Raises:
        StudioError: E321 for invalid text or lists, an unknown name, parts nested too deep, or a result too long.
    """
    entries = Entries(read_lists(lists))
    parts = parse_wildcards(text)
    check_names(parts, entries)
    filling = _Filling(entries)
    filling.fill(parts, seed, 0)
    return "".join(filling.written)


def read_lists(lists: Any) -> Lists:
    """Return lists of texts by name, "animal/pet" for a list in a mapping.

    Raises:
        StudioError: E321 for what is not a mapping of lists.
    """
    if lists is None:
        return {}
    if not isinstance(lists, dict):
        _refuse_lists(lists)
    return dict(_list_entries(lists, "", 0))


def _list_entries(lists: dict[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Sequence[str]]]:
    for name, value in lists.items():
        if isinstance(value, dict) and depth < MOST_DEPTH:
            yield from _list_entries(value, f"{prefix}{name}/", depth + 1)
            continue
        if isinstance(value, str):
            value = [line for line in map(str.strip, value.splitlines()) if not line.startswith("#")]
        if not isinstance(value, list) or not all(isinstance(one, str | int | float | None) for one in value):
            _refuse_lists(value, f"{prefix}{name}")
        yield f"{prefix}{name}".casefold(), [format_value(one) for one in value if one not in (None, "")]


def _refuse_lists(value: Any, name: str = "") -> NoReturn:
    at = f"list {name[:60]!r}" if name else "lists"
    raise StudioError(
        "E321",
        f"{at} is {str(value)[:40]!r}, not a {'list of texts' if name else 'mapping of lists'}",
        hint='write lists like {"fruit": ["apple", "pear"]}',
    )


def parse_wildcards(text: str) -> Parts:
    """Return the parts of a text.

    Raises:
        StudioError: E321 for a brace without its other, and for what is wrong in braces.
    """
    if not _SPECIAL.search(text):
        return (text,) if text else ()
    return _parse_short(text) if len(text) < _MOST_KEPT_CHARACTERS else _parse(text)


@lru_cache(maxsize=4096)
def _parse_short(text: str) -> Parts:
    return _parse(text)


def _parse(text: str) -> Parts:
    parser = _Parser(text)
    parts, end = parser.read_parts(0, 0)
    if end < len(text):
        _fail(text, end, "a single '}'")
    return parts


def _fail(text: str, place: int, message: str) -> NoReturn:
    raise StudioError("E321", f"{message} at character {place + 1} of {text[:60]!r}", hint=_HINT)


class _Parser:
    """Reads one text."""

    def __init__(self, text: str) -> None:
        self.text = text

    def read_parts(self, at: int, depth: int) -> tuple[Parts, int]:
        """Return the parts from a place on, and where they end: at the text's end or, in braces, at "|" or "}"."""
        parts: list[str | Name | Choice] = []
        while (match := _TOKEN.match(self.text, at)) is not None:
            token = match[0]
            if token == "}" or (token == "|" and depth):
                break
            if token == "{":
                choice, at = self.read_choice(at, depth + 1)
                parts.append(choice)
                continue
            if token == "$$" and depth:
                _fail(self.text, at, "'$$' that is not at the beginning of braces")
            at = match.end()
            parts.append(Name(match["name"].casefold()) if match["name"] else _unescape(token))
        return _join_texts(parts), at

    def read_choice(self, start: int, depth: int) -> tuple[Choice, int]:
        """Return the options in braces, and where the text goes on after them."""
        if depth > MOST_DEPTH:
            _fail(self.text, start, f"braces nested over {MOST_DEPTH} deep")
        head = _HEAD.match(self.text, start + 1)
        at = head.end() if head else start + 1
        options: list[Option] = []
        while True:
            weight = _WEIGHT.match(self.text, at)
            parts, at = self.read_parts(weight.end() if weight else at, depth)
            options.append(Option(float(weight[1]) if weight else 1.0, parts))
            if at >= len(self.text):
                _fail(self.text, start, "'{' without '}'")
            at += 1
            if self.text[at - 1] == "}":
                break
        choice = self.create_choice(start, head, tuple(options))
        return choice, at

    def create_choice(self, start: int, head: re.Match[str] | None, options: tuple[Option, ...]) -> Choice:
        if not any(option.weight for option in options):
            _fail(self.text, start, "options that all have the weight 0")
        if head is None:
            return Choice(options)
        low, dash, high = head["low"], head["dash"], head["high"]
        if not (low or high):
            _fail(self.text, start, "'$$' without a number before it")
        separator = ", " if head["joined"] is None else head["joined"]
        least = int(low or 1)
        most = least if not dash else int(high) if high else None
        if most is not None and most < least:
            _fail(self.text, start, f"'{low}-{high}$$', whose end is below its beginning")
        return Choice(options, least, most, separator)


def _unescape(token: str) -> str:
    return token[1:] if len(token) == 2 and token[0] == "\\" else token


def _join_texts(parts: Sequence[str | Name | Choice]) -> Parts:
    joined: list[str | Name | Choice] = []
    texts: list[str] = []
    for part in [*parts, None]:
        if isinstance(part, str):
            texts.append(part)
            continue
        if texts:
            joined.append("".join(texts))
            texts.clear()
        if part is not None:
            joined.append(part)
    return tuple(joined)


class Entries:
    """Entries of lists as options, each list read once."""

    def __init__(self, lists: Lists) -> None:
        self.lists = lists
        self.found: dict[str, list[Option]] = {}

    def find(self, name: str) -> list[Option]:
        """Return the entries of a list, or of all lists whose names fit a name with "*"."""
        if name not in self.found:
            self.found[name] = [_read_option(entry) for entry in _find_entries(name, self.lists)]
        return self.found[name]


def check_names(parts: Parts, entries: Entries) -> None:
    """Raise StudioError E321 for an unknown name in a text, or in what its lists contain."""
    waiting, seen = [parts], set[str]()
    while waiting:
        for part in waiting.pop():
            if isinstance(part, Choice):
                waiting += [option.parts for option in part.options]
            elif isinstance(part, Name) and part.name not in seen:
                seen.add(part.name)
                waiting += [option.parts for option in entries.find(part.name)]


def _find_entries(name: str, lists: Lists) -> Sequence[str]:
    """Return the entries of a list, or of all lists whose names fit a name with "*"."""
    if "*" in name:
        found = [entry for other, entries in lists.items() if fnmatchcase(other, name) for entry in entries]
    else:
        found = list(lists.get(name, ()))
    if not found:
        known = ", ".join(repr(other) for other in list(lists)[:20]) or "none"
        what = "empty list" if name in lists else "unknown list"
        raise StudioError(
            "E321", f"{what} '__{name[:60]}__'", hint=f"lists are there: {known}; write \\__ for underscores"
        )
    return found


def _read_option(entry: str) -> Option:
    weight = _WEIGHT.match(entry)
    return (
        Option(float(weight[1]), parse_wildcards(entry[weight.end() :]))
        if weight
        else Option(1.0, parse_wildcards(entry))
    )


def list_options(choice: Choice, entries: Entries) -> Sequence[Option]:
    """Return the options of a choice; one of several has the entries of a list in place of its name alone."""
    if choice.high == 1:
        return choice.options
    options: list[Option] = []
    for option in choice.options:
        if len(option.parts) == 1 and isinstance(option.parts[0], Name):
            found = entries.find(option.parts[0].name)
            if option.weight != 1:
                found = [replace(entry, weight=entry.weight * option.weight) for entry in found]
            options += found
        else:
            options.append(option)
    return options


class _Options:
    """Options to choose from, and what choosing needs to know of all of them."""

    def __init__(self, options: Sequence[Option]) -> None:
        self.options = options
        self.weights = [option.weight for option in options]
        self.ends = list(accumulate(self.weights))
        self.some = sum(weight > 0 for weight in self.weights)

    def draw(self, count: int, seed: int) -> list[int]:
        """Return the positions of different options."""
        if count == 1:
            return draw_repeated(self.ends, 1, seed)
        return draw_weighted(self.weights, count, seed, False) if count else []


class _Filling:
    """One text being filled; each part has a seed of its own, so that one choice does not change another."""

    def __init__(self, entries: Entries) -> None:
        self.entries = entries
        self.written: list[str] = []
        self.length = 0
        self.choices = 0
        self.looked = 0
        self.known: dict[str | int, _Options] = {}
        self.kept = 0

    def fill(self, parts: Parts, seed: int, depth: int) -> None:
        """Write parts with what is chosen."""
        index = 0
        for part in parts:
            if isinstance(part, str):
                self.write(part)
                continue
            self.choose(part, derive_seed(seed, index), depth + 1)
            index += 1

    def write(self, text: str) -> None:
        self.written.append(text)
        self.length += len(text)
        if self.length > MOST_CHARACTERS:
            raise StudioError("E321", f"the text has more than {MOST_CHARACTERS} characters", hint="use shorter lists")

    def choose(self, part: Name | Choice, seed: int, depth: int) -> None:
        self.choices += 1
        if depth > MOST_DEPTH or self.choices > _MOST_CHOICES:
            message = (
                f"choices nested over {MOST_DEPTH} deep" if depth > MOST_DEPTH else f"over {_MOST_CHOICES} choices"
            )
            name = f", at '__{part.name[:60]}__'" if isinstance(part, Name) else ""
            raise StudioError("E321", message + name, hint="lists that contain each other's names never end")
        choice = part if isinstance(part, Choice) else Choice((Option(1.0, (part,)),))
        options = self.find_options(part)
        count = _choose_count(choice, options.some, seed)
        if count > 1:
            self.look(len(options.options))
        for number, index in enumerate(options.draw(count, seed)):
            if number:
                self.write(choice.separator)
            self.fill(options.options[index].parts, derive_seed(seed, index), depth)

    def look(self, count: int) -> None:
        """Count entries that are looked through."""
        self.looked += count
        if self.looked > _MOST_ENTRIES:
            message = f"choices from over {_MOST_ENTRIES} entries of lists"
            raise StudioError("E321", message, hint="use shorter lists, or fewer choices of several entries")

    def find_options(self, part: Name | Choice) -> _Options:
        """Return what a part chooses from; that of a part which was chosen from before is known."""
        key = part.name if isinstance(part, Name) else id(part)  # the text and the lists keep all parts
        if key in self.known:
            return self.known[key]
        if isinstance(part, Name):
            options: Sequence[Option] = self.entries.find(part.name)
        else:
            options = list_options(part, self.entries)
        self.look(len(options))
        self.kept += len(options)
        if self.kept > _MOST_KEPT_ENTRIES:
            self.known, self.kept = {}, len(options)
        self.known[key] = _Options(options)
        return self.known[key]


def _choose_count(choice: Choice, some: int, seed: int) -> int:
    if choice.low > some:
        raise refuse_count(choice, some)
    most = some if choice.high is None else min(choice.high, some)
    return choice.low + math.floor(derive_seed(seed, 2**32) / 2**64 * (most - choice.low + 1))


def refuse_count(choice: Choice, some: int) -> StudioError:
    """Return the error for a choice of more options than there are."""
    return StudioError("E321", f"'{choice.low}$$' for {some} options", hint="ask for fewer, or give more options")
