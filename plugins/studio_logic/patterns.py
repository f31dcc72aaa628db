"""Regular expressions in the syntax of Python's `re`, with limits on their size and on the time that they take."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

from studio.api import StudioError
from studio_logic.template import MOST_CHARACTERS

MOST_SECONDS = 1.0
_MOST_SIZE = 100_000
_MOST_MATCHES = 100_000
_COUNT = re.compile(r"\{(\d{1,9})?(?:(,)(\d{1,9})?)?\}")
_FLAGS = re.compile(r"\(\?[a-zA-Z]*x")
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


def check_pattern(pattern: str) -> None:
    """Raise StudioError E321 for a pattern that is invalid or too large."""
    compile_pattern(pattern, False)


def find_group_fault(pattern: str, group: int) -> StudioError | None:
    """Return an error if a pattern has no such group."""
    some = compile_pattern(pattern, False).groups
    if group <= some:
        return None
    return StudioError(
        "E321",
        f"no group {group} in {pattern[:60]!r}, which has {some}",
        hint="a group is a part in parentheses; 0 is all that is found",
    )


def find_all(text: str, pattern: str, group: int | None, ignore_case: bool) -> list[str]:
    """Return the texts that a pattern finds, or those of a group; None for the first group, if there is one.

    Raises:
        StudioError: E321 for an invalid pattern, one that takes too long, and for too many or too long texts.
    """
    compiled = compile_pattern(pattern, ignore_case)
    chosen = min(compiled.groups, 1) if group is None else group
    found: list[str] = []
    length = 0
    for match in _list_matches(compiled, text):
        if match[chosen] is None:
            continue
        found.append(match[chosen])
        length += len(found[-1])
        if length > MOST_CHARACTERS:
            message = f"what the regular expression finds has over {MOST_CHARACTERS} characters"
            raise StudioError("E321", message, hint="use a pattern that finds less")
    return found


def replace_text(text: str, find: str, replacement: str) -> str:
    """Return a text with another one replaced in capital and small letters.

    Raises:
        StudioError: E321 for a text that becomes too long.
    """
    return _replace(text, _list_matches(_compile(re.escape(find), True), text), lambda match: replacement)


def replace_all(text: str, pattern: str, replacement: str, ignore_case: bool) -> str:
    r"""Return a text with what a pattern finds replaced; "\1" and "\g<name>" are groups of it.

    Raises:
        StudioError: E321 as `find_all`, and for an invalid replacement or a text that becomes too long.
    """
    compiled = compile_pattern(pattern, ignore_case)
    check_replacement(compiled, replacement)
    return _replace(text, _list_matches(compiled, text), lambda match: match.expand(replacement))


def _replace(text: str, matches: Iterable[Any], make: Callable[[Any], str]) -> str:
    parts: list[str] = []
    end, length = 0, len(text)
    for match in matches:
        made = make(match)
        parts += [text[end : match.start()], made]
        end = match.end()
        length += len(made) - len(match[0])
        if length > MOST_CHARACTERS:
            message = f"the text would have over {MOST_CHARACTERS} characters"
            raise StudioError("E321", message, hint="use a shorter replacement")
    return "".join([*parts, text[end:]])


def check_replacement(compiled: Any, replacement: str) -> None:
    """Raise StudioError E321 for a replacement with a group that the pattern does not have."""
    try:
        re.compile(compiled.pattern).sub(replacement, "")  # reads the replacement, which the library does for a match
    except (re.error, IndexError) as error:
        message = f"invalid replacement {replacement[:60]!r}: {error}"
        raise StudioError("E321", message, hint=r"\1 is the text of the first group, \\ a backslash") from None


def _list_matches(compiled: Any, text: str) -> Iterator[Any]:
    deadline = time.monotonic() + MOST_SECONDS
    count = 0
    try:
        for match in compiled.finditer(text, timeout=MOST_SECONDS):
            count += 1
            if count > _MOST_MATCHES:
                raise StudioError("E321", f"over {_MOST_MATCHES} matches", hint="use a pattern that finds fewer")
            if time.monotonic() > deadline:
                raise TimeoutError
            yield match
    except TimeoutError:
        raise StudioError(
            "E321",
            f"the regular expression {compiled.pattern[:60]!r} takes over {MOST_SECONDS:g} second",
            hint="a repeated part in a repeated part, such as (a+)+, takes long; write one repetition",
        ) from None


@lru_cache(maxsize=64)
def compile_pattern(pattern: str, ignore_case: bool) -> Any:
    """Return a compiled pattern of the library `regex`, which can stop in time.

    Raises:
        StudioError: E321 for a pattern that is invalid or too large.
    """
    _check_size(pattern)
    try:
        re.compile(pattern, re.MULTILINE)
    except re.error as error:
        place = f", character {error.pos + 1}" if error.pos is not None else ""
        raise _refuse(pattern, f"{error.msg}{place}") from None
    except (OverflowError, RecursionError, MemoryError):
        raise _refuse(pattern, "it is too large") from None
    return _compile(pattern, ignore_case)


def _compile(pattern: str, ignore_case: bool) -> Any:
    import regex

    try:
        return regex.compile(pattern, regex.MULTILINE | (regex.IGNORECASE if ignore_case else 0))
    except regex.error as error:
        place = f", character {error.pos + 1}" if error.pos is not None else ""
        raise _refuse(pattern, f"{error.msg}{place}") from None
    except (OverflowError, RecursionError, MemoryError):
        raise _refuse(pattern, "it is too large") from None


def _refuse(pattern: str, message: str) -> StudioError:
    return StudioError(
        "E321",
        f"invalid regular expression {pattern[:60]!r}: {message}",
        hint=r"write it as for Python's re, with \ before . * + ? ( ) [ ] { } for the characters themselves",
    )


def _check_size(pattern: str) -> None:
    """Refuse what the library and Python's re read differently, and counts that multiply to a large pattern."""
    if _FLAGS.search(pattern) or "(?#" in pattern:
        raise _refuse(pattern, "comments and the flag x are unsupported")
    sizes: list[list[int]] = [[]]  # of the parts of each group that is open
    at = 0
    while at < len(pattern):
        token = pattern[at]
        end = at + 1
        if token == "\\":
            end = at + 2
        elif token == "[":
            end = _find_class_end(pattern, at)
        if token == "(":
            sizes.append([])
        elif token == ")" and len(sizes) > 1:
            inner = sum(sizes.pop()) + 1
            sizes[-1].append(inner)
        elif token == "{":
            end = _multiply(pattern, at, sizes[-1])
        else:
            sizes[-1].append(1)
        at = end
    if sum(map(sum, sizes)) > _MOST_SIZE:
        raise _refuse(pattern, f"its counts multiply to over {_MOST_SIZE}")


def _find_class_end(pattern: str, start: int) -> int:
    match = _CLASS.match(pattern, start)
    if match is None:
        raise _refuse(pattern, f"'[' without ']', character {start + 1}")
    inside = match[0][1:-1]
    bare = _ESCAPED.sub("", inside)
    if inside.startswith("[") or "[:" in bare or any(mark in inside for mark in ("--", "&&", "||", "~~")):
        raise _refuse(pattern, rf"[[ [: -- && || or ~~ in a class, character {start + 1}; write \ before the second")
    return match.end()


def _multiply(pattern: str, start: int, sizes: list[int]) -> int:
    """Multiply the size of the last part by a count, and return where the count ends."""
    match = _COUNT.match(pattern, start)
    if match is None or not (match[1] or match[3]):
        raise _refuse(pattern, rf"'{{' that is not a count, character {start + 1}; write \{{")
    if sizes:
        sizes[-1] *= max(1, int(match[1] or 0), int(match[3] or 0))
    return match.end()
