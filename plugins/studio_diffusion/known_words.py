"""Words that a small model knows, and which words of a prompt it does not."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

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


@dataclass(frozen=True)
class Vocabulary:
    """What a small model knows.

    Attributes:
        words: Things, of one word or several.
        modifiers: What else it knows, such as colors and places.
        synonyms: What else may be said, and which of its words that stands for.
        related: Words that it does not know, and the nearest in meaning that it does.
    """

    words: tuple[str, ...]
    modifiers: tuple[str, ...] = ()
    synonyms: Mapping[str, str] = field(default_factory=dict)
    related: Mapping[str, str] = field(default_factory=dict)


def read_vocabulary(about: Mapping[str, Any]) -> Vocabulary | None:
    """Return the vocabulary in what a model's `studio.json` says; None if it says none."""
    words = tuple(about.get("words", ()))
    if not words:
        return None
    return Vocabulary(words, tuple(about.get("modifiers", ())), about.get("synonyms", {}), about.get("related", {}))


@dataclass(frozen=True)
class Unknown:
    """What a model does not know of a prompt.

    Attributes:
        prompt: The prompt.
        words: The words that it does not know, each once, in order; if it knows all and none is a thing, all.
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
    meant = [word not in _FILLERS for word in said]
    unknown = [
        word
        for word, wanted, thing, other in zip(said, meant, things, others, strict=True)
        if wanted and not thing and not other
    ]
    if not unknown and not any(things):
        unknown = [word for word, wanted in zip(said, meant, strict=True) if wanted]
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
