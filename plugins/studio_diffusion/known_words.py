"""Words that a small model knows: which words of a prompt it does not, and the nearest that it does."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from studio.api import list_nearest

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+|[^\w\s]")
# Words that say nothing about what is to be drawn.
_FILLERS = frozenset(
    {
        "a", "an", "and", "are", "as", "at", "by", "for", "from", "he", "her", "his", "i", "in", "into", "is", "it",
        "its", "my", "of", "on", "one", "or", "our", "please", "she", "some", "that", "the", "their", "there", "these",
        "this", "those", "to", "with", "your", "photo", "picture", "image", "drawing", "painting", "emoji",
        "background", "small", "large", "big", "little", "left", "right", "top", "bottom", "above", "below", "behind",
        "beside", "under", "over", "next",
    }
)  # fmt: skip
_EXAMPLES, _MOST_UNKNOWN = 6, 8
_LIKENESS = 0.7  # a word of a prompt is common, so that one that is less alike is chance


@dataclass(frozen=True)
class Vocabulary:
    """What a small model knows.

    Attributes:
        words: Things, of one word or several.
        modifiers: What else it knows, such as colors and places.
        synonyms: What else may be said, and which of its words that stands for.
    """

    words: tuple[str, ...]
    modifiers: tuple[str, ...] = ()
    synonyms: Mapping[str, str] = field(default_factory=dict)


def read_vocabulary(about: Mapping[str, Any]) -> Vocabulary | None:
    """Return the vocabulary in what a model's `studio.json` says; None if it says none."""
    words = tuple(about.get("words", ()))
    return Vocabulary(words, tuple(about.get("modifiers", ())), about.get("synonyms", {})) if words else None


@dataclass(frozen=True)
class Unknown:
    """What a model does not know of a prompt.

    Attributes:
        prompt: The prompt.
        words: The words that it does not know, each once, in order.
        nothing: Whether it knows no thing that the prompt names.
    """

    prompt: str
    words: tuple[str, ...]
    nothing: bool


def find_unknown(prompt: str, vocabulary: Vocabulary) -> Unknown | None:
    """Return what a model does not know of a prompt; None if it knows all of it."""
    said = split_words(prompt)
    forms = [find_forms(word) for word in said]
    things = _mark(forms, (*vocabulary.words, *_list_names(vocabulary)))
    others = _mark(forms, (*vocabulary.modifiers, *vocabulary.synonyms))
    unknown = [
        word
        for word, thing, other in zip(said, things, others, strict=True)
        if not thing and not other and word not in _FILLERS
    ]
    if not unknown:
        return None
    return Unknown(prompt, tuple(dict.fromkeys(unknown)), not any(things))


def _list_names(vocabulary: Vocabulary) -> list[str]:
    """Return the synonyms that name a thing."""
    things = set(vocabulary.words)
    return [said for said, word in vocabulary.synonyms.items() if word in things]


def _mark(said: Sequence[set[str]], phrases: Iterable[str]) -> list[bool]:
    """Say of each word whether it is part of a whole phrase: a hot dog is neither hot nor a dog."""
    marked = [False] * len(said)
    for phrase in {tuple(split_words(phrase)) for phrase in phrases}:
        for start in range(len(said) - len(phrase) + 1) if phrase else ():
            if all(word in said[start + i] for i, word in enumerate(phrase)):
                marked[start : start + len(phrase)] = [True] * len(phrase)
    return marked


def describe_unknown(unknown: Unknown, vocabulary: Vocabulary) -> tuple[str, str]:
    """Return a message that says what a model does not know of a prompt, and a hint of what it does."""
    nearest = find_nearest(unknown.words, {*vocabulary.words, *vocabulary.modifiers, *vocabulary.synonyms})
    examples = join_words(pick_examples(vocabulary.words), "and")
    known = f"it knows {len(vocabulary.words)} things, {examples} among them"
    hint = f"did you mean {join_words(nearest)}? {known}" if nearest else known
    if unknown.nothing:
        return f"the model knows no thing in {_shorten(unknown.prompt)!r}", hint
    shown, left = unknown.words[:_MOST_UNKNOWN], len(unknown.words) - _MOST_UNKNOWN
    named = f"{join_words(shown, 'and')}{f' and {left} more' if left > 0 else ''}"
    return f"the model does not know {named} and draws the rest", hint


def _shorten(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case, and its numbers and symbols, such as "42" or "\N{RED APPLE}"."""
    return [word.lower() for word in _WORD.findall(text) if word[0].isalnum() or unicodedata.category(word) == "So"]


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
    """Return the known words and phrases that contain those that were said, or look most like them."""
    known = sorted(known)
    found: list[str] = []
    for word in said:
        found += [phrase for phrase in known if word in phrase.split()][:2]
        found += list_nearest(word, known, 2, _LIKENESS)
    return list(dict.fromkeys(found))[:count]


def pick_examples(words: Sequence[str]) -> list[str]:
    """Return some words spread evenly over all."""
    stride = max(1, len(words) // _EXAMPLES)
    return list(words[::stride][:_EXAMPLES])


def join_words(words: Sequence[str], link: str = "or") -> str:
    """Return words as a list in a sentence, in quotes."""
    quoted = [f"'{word}'" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {link} {quoted[-1]}"
