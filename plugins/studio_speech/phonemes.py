"""Utterances written in phonemes by espeak-ng, and which phonemes are of which word."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studio_speech.espeak import Installation, ask
from studio_speech.utterances import Utterance, find_words

_SAID = re.compile(r"\S*[^\W_]\S*|[^\w\s]*[$€£¥%&@#+=°§]\S*")
_FOREIGN = re.compile(r"\([a-z-]+\)")


_ROOM = "   "
"""Stands behind a text: espeak-ng loses a last letter that it reads ahead."""


@dataclass(frozen=True)
class PhonemeWord:
    """The phonemes of a word.

    Attributes:
        phonemes: In the International Phonetic Alphabet, as espeak-ng writes them.
        word: Which word of the utterance it is, as `find_words` counts them.
        after: Punctuation that follows it.
        joined: Whether it is said without a space after the word before.
    """

    phonemes: str
    word: int
    after: str = ""
    joined: bool = False


@dataclass(frozen=True)
class _Clause:
    """What espeak-ng says in one breath: from and to in the text, and its phonemes."""

    start: int
    end: int
    phonemes: str


def write_phonemes(
    installation: Installation, voice: str, tie: str, utterance: Utterance, unsaid: set[str]
) -> list[PhonemeWord]:
    """Return an utterance in phonemes, word by word; words that espeak-ng runs together are taken apart.

    Args:
        installation: Where espeak-ng is.
        voice: Its voice.
        tie: What stands between the letters of one phoneme.
        utterance: What is to be said.
        unsaid: Receives the characters that the voice leaves out.

    Raises:
        StudioError: E664 if espeak-ng fails.
    """
    text, places = _write_text(utterance)
    check = sorted({each for each in text if each.isalnum() and not each.isascii()} - unsaid)
    (rows,), lost = _ask(installation, voice, tie, [text], check)
    unsaid.update(lost)
    words = find_words(utterance.text)
    said: list[PhonemeWord] = []
    for clause in _find_clauses(text, rows):
        spoken = [(found.start(), found[0]) for found in _SAID.finditer(text, clause.start, clause.end)]
        parts = clause.phonemes.split()
        if len(parts) != len(spoken):
            parts = _divide(installation, voice, tie, clause.phonemes, [each for _, each in spoken])
        owners = [_find_word(words, places[start]) for start, _ in spoken] or [max(len(words) - 1, 0)]
        ending = _find_ending(text[clause.start : clause.end])
        for index, part in enumerate(parts):
            owner = owners[min(index, len(owners) - 1)]
            joined = part.startswith("\0")
            after = ending if index == len(parts) - 1 else ""
            said.append(PhonemeWord(part.removeprefix("\0"), owner, after, joined))
    return said


def _ask(
    installation: Installation, voice: str, tie: str, texts: Sequence[str], check: Sequence[str] = ()
) -> tuple[Any, list[str]]:
    padded = [text + _ROOM for text in texts]
    request = {"do": "phonemes", "voice": voice, "tie": tie, "texts": padded, "check": list(check)}
    frames = dict(ask(installation, request))
    return json.loads(frames[b"PHON"]), json.loads(frames.get(b"LOST", b"[]"))


def _write_text(utterance: Utterance) -> tuple[str, list[int]]:
    """Return what is said, and for each character the place in what is written that it stands for."""
    text, places, written = "", list[int](), 0
    for span in utterance.spans:
        if span.spelled:
            said = " ".join(span.text.replace(" ", ""))
        else:
            said = span.text if span.spoken is None else span.spoken
        text += said
        whole = span.spoken is not None or span.spelled
        places += [written + (0 if whole else at) for at in range(len(said))]
        written += len(span.text)
    return text, places


def _find_clauses(text: str, rows: Sequence[tuple[str, int]]) -> list[_Clause]:
    """Return the clauses that espeak-ng made of a text; it reads one character of the next one ahead."""
    content = (text + _ROOM).encode()
    clauses, start = [], 0
    for phonemes, left in rows:
        end = len(content[: len(content) - left].decode("utf-8", "ignore"))
        end = min(end - 1, len(text)) if left else len(text)
        clauses.append(_Clause(start, end, phonemes))
        start = end
    return clauses


def _find_ending(text: str) -> str:
    """Return the punctuation at the end of a clause."""
    found = re.search(r"[^\w\s]*\s*$", text)
    return "".join(found[0].split()) if found else ""


def _find_word(words: Sequence[tuple[int, int]], place: int) -> int:
    return next((index for index, (_, end) in enumerate(words) if place < end), max(len(words) - 1, 0))


def _divide(installation: Installation, voice: str, tie: str, phonemes: str, words: Sequence[str]) -> list[str]:
    """Return the phonemes of each word of a clause, where espeak-ng ran words together or said one as several.

    Each word is written by itself too; where the phonemes of a clause are like those, they are of that word. Parts of
    one word are joined; a word that runs into the one before begins with a zero character.
    """
    if len(words) < 2:
        return [phonemes] if words or phonemes else []
    rows, _ = _ask(installation, voice, tie, words)
    alone = [_FOREIGN.sub("", "".join(part for part, _ in each)).replace(" ", "") for each in rows]
    owners = [index for index, each in enumerate(alone) for _ in each]
    clean = _FOREIGN.sub("", phonemes).strip()
    labels = _label(clean, "".join(alone), owners)
    parts = [""] * len(words)
    for at, letter in enumerate(clean):
        owner = labels[at]
        if not parts[owner] and at and clean[at - 1] != " " and letter != " ":
            parts[owner] = "\0"
        parts[owner] += letter
    return [part.strip() for part in parts]


def _label(phonemes: str, alone: str, owners: Sequence[int]) -> list[int]:
    """Return the word of each letter of a clause: that of the letter alone that it matches, or of the one before."""
    labels: list[int | None] = [None] * len(phonemes)
    matcher = difflib.SequenceMatcher(None, phonemes, alone, autojunk=False)
    for block in matcher.get_matching_blocks():
        for offset in range(block.size):
            labels[block.a + offset] = owners[block.b + offset]
    filled, last = list[int](), 0
    for index, label in enumerate(labels):
        if label is None and index and phonemes[index - 1] == " ":  # the beginning of a word is of the next known one
            label = next((each for each in labels[index:] if each is not None), last)
        last = max(last, last if label is None else label)
        filled.append(last)
    return filled
