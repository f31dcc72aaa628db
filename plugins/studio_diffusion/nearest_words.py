"""What is said of words that a small model does not know: the nearest that it does, by meaning and by spelling."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from studio.api import list_nearest
from studio_diffusion.known_words import Unknown, Vocabulary, find_forms, split_words

_EXAMPLES, _MOST_UNKNOWN, _MOST_NEAREST = 6, 8, 4
# Most words of a prompt are spelled as they are meant: what is less alike than this, or shorter, is another word.
_LIKENESS, _LEAST_LETTERS = 0.8, 5


def describe_unknown(unknown: Unknown, vocabulary: Vocabulary) -> tuple[str, str]:
    """Return a message that says what a model does not know of a prompt, and a hint of what it does."""
    examples = join_words(pick_examples(vocabulary.words), "and")
    known = f"it knows {len(vocabulary.words)} things, {examples} among them"
    nearest = find_nearest(unknown, vocabulary)
    hint = f"{_ask(nearest, unknown)} {known}" if nearest else known
    if unknown.nothing:
        return f"the model knows no thing in {_shorten(unknown.prompt)!r}", hint
    shown, left = unknown.words[:_MOST_UNKNOWN], len(unknown.words) - _MOST_UNKNOWN
    named = f"{join_words(shown, 'and')}{f' and {left} more' if left > 0 else ''}"
    return f"the model does not know {named} and draws the rest", hint


def _ask(nearest: Mapping[str, str], unknown: Unknown) -> str:
    """Return a question that names the nearest words, each with the word that it is for unless there is only one."""
    if len(unknown.words) == 1:
        return f"did you mean {join_words(list(nearest.values()))}?"
    return f"did you mean {', '.join(f'{word!r} for {said!r}' for said, word in nearest.items())}?"


def _shorten(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."


def find_nearest(unknown: Unknown, vocabulary: Vocabulary, count: int = _MOST_NEAREST) -> dict[str, str]:
    """Return the nearest known word or phrase for those unknown words that have one, at most `count`."""
    found = _find_related_phrases(unknown, vocabulary.related)
    done = {part for phrase in found for part in phrase.split()}
    said = f" {' '.join(split_words(unknown.prompt))} "
    known = sorted({*vocabulary.words, *vocabulary.modifiers, *vocabulary.synonyms})
    for word in unknown.words:
        if len(found) >= count:
            break
        near = None if word in done else _find_near(word, known, vocabulary.related)
        if near is not None and near not in found.values() and f" {near} " not in said:
            found[word] = near
    return found


def _find_related_phrases(unknown: Unknown, related: Mapping[str, str]) -> dict[str, str]:
    """Return the phrases of several words in a prompt that have a related word, where a word of them is unknown."""
    said = f" {' '.join(split_words(unknown.prompt))} "
    return {
        phrase: word
        for phrase, word in related.items()
        if " " in phrase and f" {phrase} " in said and not set(unknown.words).isdisjoint(phrase.split())
    }


def _find_near(word: str, known: Sequence[str], related: Mapping[str, str]) -> str | None:
    """Return what is nearest to one word: in meaning, else in spelling, else a thing that is named after it."""
    forms = sorted(find_forms(word), key=lambda form: (-len(form), form))
    for form in forms:
        if form in related:
            return related[form]
    if word.endswith("ing"):  # what a thing does, which no picture of a thing is near
        return None
    alike = [one for form in forms if (one := _find_alike(form, [*known, *related])) is not None]
    if alike:
        return related.get(alike[0]) or _find_singular(alike[0], known)
    return next((phrase for phrase in known if " " in phrase and word in phrase.split()), None)


def _find_alike(word: str, known: Sequence[str]) -> str | None:
    """Return the known word that a word may be a misspelling of: a letter too few, too many, wrong or elsewhere."""
    possible = [one for one in known if one[:1] == word[0] and _may_be_meant(word, one)]
    swapped = [one for one in possible if sorted(one) == sorted(word)]
    return next(iter(list_nearest(word, possible, 1, _LIKENESS) or swapped), None)


def _may_be_meant(word: str, known: str) -> bool:
    """Say whether lengths and beginnings allow it: a logo is no log, a beard is no bear."""
    if word.startswith(known):
        return set(word.removeprefix(known)) == {known[-1]}
    if known.startswith(word):
        return len(known) == len(word) + 1 >= _LEAST_LETTERS
    return min(len(word) + 1, len(known)) >= _LEAST_LETTERS


def _find_singular(word: str, known: Iterable[str]) -> str:
    singular = (find_forms(word) - {word}) & set(known)
    return max(singular, key=len) if singular else word


def pick_examples(words: Sequence[str]) -> list[str]:
    """Return some words spread evenly over all."""
    stride = max(1, len(words) // _EXAMPLES)
    return list(words[::stride][:_EXAMPLES])


def join_words(words: Sequence[str], link: str = "or") -> str:
    """Return words as a list in a sentence, in quotes."""
    quoted = [f"'{word}'" for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} {link} {quoted[-1]}"
