"""Suggests the known name that an unknown one is probably meant for, and lists names in a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

_LIKENESS = 0.6
"""The least share of letters that two names have in common, of those of both."""


def find_nearest(name: str, known: Iterable[str], likeness: float = _LIKENESS) -> str | None:
    """Return the known name that is nearest to a name, or None; capitals do not count.

    Args:
        name: A name that nobody knows.
        known: Names that there are.
        likeness: The least share of letters that both have in common.
    """
    return next(iter(list_nearest(name, known, 1, likeness)), None)


def list_nearest(name: str, known: Iterable[str], count: int = 3, likeness: float = _LIKENESS) -> list[str]:
    """Return known names that are similar to a name, the most similar first.

    Args:
        name: A name that nobody knows.
        known: Names that there are.
        count: The most to return.
        likeness: The least share of letters that both have in common.
    """
    import difflib

    names: dict[str, str] = {}
    for one in known:
        names.setdefault(one.casefold(), one)
    return [names[one] for one in difflib.get_close_matches(name.casefold(), names, count, likeness)]


def suggest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return a hint that names the most similar known name.

    Args:
        name: A name that nobody knows.
        known: Names that there are.
        otherwise: The hint if none is near.
    """
    near = find_nearest(name, known)
    return f"did you mean {near!r}?" if near is not None else otherwise


def join_words(words: Sequence[str], link: str = "or") -> str:
    """Return words as a list in a sentence: "a, b or c".

    Args:
        words: The words, as they are to be shown.
        link: What comes before the last one.
    """
    return f"{', '.join(words[:-1])} {link} {words[-1]}" if len(words) > 1 else "".join(words)
