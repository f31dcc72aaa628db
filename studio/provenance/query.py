"""`Query`: what `studio find` looks for, such as `node=image.caption seed=1..9 caption~cat`."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from studio.errors import UsageError
from studio.provenance.facts import Fact
from studio.surrogates import dump_json

_TERM = re.compile(r"([^=~!]+)(=|!=|~|!~)(.*)", re.DOTALL)
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})?\.\.({_NUMBER})?")
_MOST_NESTING = 16
HINT = "write FIELD=VALUE, FIELD~TEXT or FIELD=LOW..HIGH; see studio find --help"


@dataclass(frozen=True)
class Term:
    """One condition.

    Attributes:
        field: Which facts it is about, by field or place; "" for all.
        sign: "=" (equal, or in a range), "~" (contains), "!=" or "!~" (none is so).
        value: What is looked for.
    """

    field: str
    sign: str
    value: str

    def find(self, facts: Iterable[Fact]) -> list[Fact] | None:
        """Return the facts that fulfil it; None if it is not fulfilled."""
        fits = [fact for fact in facts if self._is_about(fact) and self._fits(fact.value)]
        if self.sign.startswith("!"):
            return None if fits else []
        return fits or None

    def _is_about(self, fact: Fact) -> bool:
        return not self.field or self.field in (fact.field, fact.place) or f"inputs.{fact.place}" == self.field

    def _fits(self, value: Any) -> bool:
        texts = list(_list_texts(value))
        if self.sign.endswith("~"):
            wanted = self.value.casefold()
            return any(wanted in text.casefold() for text in texts)
        limits = _RANGE.fullmatch(self.value)
        if limits is not None and self.value != "..":
            return any(_is_within(number, limits) for number in _list_numbers(value))
        number = _parse_number(self.value)
        return self.value in texts or (number is not None and number in _list_numbers(value))


@dataclass(frozen=True)
class Query:
    """Conditions that all must be fulfilled."""

    terms: Sequence[Term]

    def find(self, facts: Sequence[Fact]) -> list[Fact] | None:
        """Return the facts that the conditions are about; None if one of them is not fulfilled."""
        found: dict[int, Fact] = {}
        for term in self.terms:
            fits = term.find(facts)
            if fits is None:
                return None
            found |= {id(fact): fact for fact in fits}
        return list(found.values())


def parse_query(text: str) -> Query:
    """Return what a text asks for. Terms are separated by spaces; quotes keep spaces, as in a shell.

    Raises:
        UsageError: E024 if the text is invalid.
    """
    try:
        words = shlex.split(text)
    except ValueError:
        raise UsageError("E024", f"invalid query {text!r}: a quote is not closed", hint=HINT) from None
    if not words:
        raise UsageError("E024", "the query is empty", hint=HINT)
    return Query([_parse_term(word) for word in words])


def _parse_term(word: str) -> Term:
    match = _TERM.fullmatch(word)
    if match is None:
        if word.startswith(("=", "~", "!")):
            raise UsageError("E024", f"invalid term {word!r}: no field", hint=HINT)
        return Term("", "~", word)
    field, sign, value = match.groups()
    limits = _RANGE.fullmatch(value)
    if limits and limits[1] and limits[2] and float(limits[1]) > float(limits[2]):
        raise UsageError("E024", f"invalid range {value!r}", hint=f"write {field}={limits[2]}..{limits[1]}")
    return Term(field, sign, value)


def _list_texts(value: Any) -> Iterator[str]:
    """Yield a value as text, and the entries of lists and of objects."""
    for entry in _iterate(value):
        if isinstance(entry, str):
            yield entry
        elif not isinstance(entry, dict | list):
            yield dump_json(entry)


def _list_numbers(value: Any) -> list[float]:
    return [float(entry) for entry in _iterate(value) if isinstance(entry, int | float) and _is_number(entry)]


def _is_number(value: float) -> bool:
    return not isinstance(value, bool) and abs(value) < 1e300


def _iterate(value: Any) -> Iterator[Any]:
    pending = [(value, 0)]
    while pending:
        entry, depth = pending.pop()
        yield entry
        if isinstance(entry, dict | list) and depth < _MOST_NESTING:
            inner = entry.values() if isinstance(entry, dict) else entry
            pending += [(one, depth + 1) for one in inner]


def _parse_number(text: str) -> float | None:
    return float(text) if re.fullmatch(_NUMBER, text) else None


def _is_within(number: float, limits: re.Match[str]) -> bool:
    low, high = limits.groups()
    return (low is None or number >= float(low)) and (high is None or number <= float(high))
