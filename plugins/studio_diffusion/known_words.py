"""Telling whether a small model knows any word of a prompt, and which words it does know."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
# Words that say nothing about what is to be drawn.
_FILLERS = frozenset(
    {
        "a", "an", "and", "are", "at", "by", "for", "from", "in", "is", "it", "its", "of", "on", "or", "the", "this",
        "to", "with", "photo", "picture", "image", "drawing", "painting", "emoji", "background", "small", "large",
        "big", "little", "left", "right", "top", "bottom", "above", "below", "behind", "beside", "under", "over",
        "next",
    }
)  # fmt: skip
_EXAMPLES = 6


def describe_unknown(prompt: str, words: Sequence[str], modifiers: Iterable[str] = ()) -> str:
    """Say that a model knows no word of a prompt, and which are near; "" if it knows one, or the prompt says nothing.

    Args:
        prompt: The prompt.
        words: The words, or phrases, that the model knows.
        modifiers: Words that it knows and that name no thing, such as colors.
    """
    fillers = _FILLERS.union(modifiers)
    said = [word for word in split_words(prompt) if word not in fillers]
    known = [phrase for phrase in map(split_words, words) if phrase]
    if not known or not (said or _has_signs(prompt)):
        return ""
    if any(_holds(split_words(prompt), phrase) for phrase in known):
        return ""
    nearest = find_nearest(said, {" ".join(phrase) for phrase in known})
    meant = f": did you mean {join_words(nearest)}?" if nearest else "."
    examples = join_words(pick_examples(words), "and")
    return (
        f"this small model draws only what it knows, and knows no word of {_shorten(prompt)!r}{meant} "
        f"It knows {len(words)} words, {examples} among them"
    )


def _has_signs(prompt: str) -> bool:
    """Say whether a prompt has digits or symbols, such as "42" or "\N{RED APPLE}"."""
    return any(sign.isdigit() or unicodedata.category(sign) == "So" for sign in prompt)


def _shorten(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def _holds(said: Sequence[str], phrase: Sequence[str]) -> bool:
    """Say whether a text contains a whole phrase: a hot dog is neither hot nor a dog."""
    starts = range(len(said) - len(phrase) + 1)
    return any(all(word in find_forms(said[at + i]) for i, word in enumerate(phrase)) for at in starts)


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return [word.lower() for word in _WORD.findall(text)]


def find_forms(word: str) -> set[str]:
    """Return a word and what it may be the plural of."""
    forms = {word, word.removesuffix("'s").removesuffix("’s")}
    if word.endswith("s") and len(word) > 3:
        forms.add(word[:-1])
    if word.endswith("es") and len(word) > 4:
        forms.add(word[:-2])
    if word.endswith("ies") and len(word) > 4:
        forms.add(word[:-3] + "y")
    if word.endswith("ves") and len(word) > 4:
        forms |= {word[:-3] + "f", word[:-3] + "fe"}
    return forms


def find_nearest(said: Iterable[str], known: Iterable[str], count: int = 3) -> list[str]:
    """Return the known words that look most like those that were said."""
    known = sorted(known)
    found = [near for word in said for near in difflib.get_close_matches(word, known, n=2, cutoff=0.7)]
    return list(dict.fromkeys(found))[:count]


def pick_examples(words: Sequence[str]) -> list[str]:
    """Return some words spread evenly over all."""
    stride = max(1, len(words) // _EXAMPLES)
    return list(words[::stride][:_EXAMPLES])


def join_words(words: Sequence[str], link: str = "or") -> str:
    """Return words as a list in a sentence, in quotes."""
    quoted = [f"'{word}'" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {link} {quoted[-1]}"
