"""Searches node types by words: in their ids, summaries, inputs and documentation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from studio.api import NodeType

_ID, _SUMMARY, _INPUT, _CHOICE, _DESCRIPTION = 16, 8, 8, 4, 2
"""How much a word counts by where it is."""
_PART = 0.5
"""What a word counts that is only the beginning of another."""
_SYNONYM = 0.25
"""What another word for the same thing counts, where the word itself is nowhere."""
_SYNONYMS = {
    "watermark": ("composite", "overlay"), "overlay": ("composite", "draw"), "caption": ("subtitle", "text"),
    "lut": ("lookup",), "sidechain": ("duck",), "echo": ("delay",), "eq": ("equalize",), "volume": ("gain",),
    "loudness": ("normalize",), "lufs": ("normalize", "loudness"), "wcag": ("contrast",),
    "legible": ("contrast",), "readable": ("contrast",), "qa": ("check",), "validate": ("check",), "verify": ("check",),
    "freeze": ("frozen",), "blackdetect": ("black",), "blurry": ("blurred",), "sharpness": ("blur",),
    "resolution": ("size",), "repeat": ("loop",), "cutout": ("background",),
    "collage": ("grid",), "join": ("concatenate",), "dissolve": ("crossfade",), "panorama": ("pan",),
    "logo": ("composite",), "outline": ("stroke",), "upscale": ("enlarge",), "noise": ("denoise",),
    "dedupe": ("duplicates",), "distinct": ("unique",), "lottery": ("pick",), "reorder": ("sort",),
    "split": ("chunk",), "group": ("chunk",), "pages": ("chunk",), "dynamic": ("wildcards",),
    "combinatorial": ("wildcards",),
    "jumpcut": ("silence",), "autocut": ("silence",), "segments": ("spans",), "excerpt": ("spans",),
    "hstack": ("row", "side"), "vstack": ("column", "below"), "splitscreen": ("side",), "mosaic": ("grid",),
    "emboss": ("kernel",), "matrix": ("kernel",), "convolution": ("kernel",), "slideshow": ("narration",),
    "grayscale": ("saturation",), "greyscale": ("saturation",), "desaturate": ("saturation",),
    "boolean": ("bool",), "integer": ("whole",), "spreadsheet": ("csv",), "excel": ("csv",), "tsv": ("csv",),
    "regex": ("expression",), "regexp": ("expression",), "today": ("date",), "strftime": ("date",),
}  # fmt: skip
"""Words that people search for, and those of node types."""


@dataclass(frozen=True)
class Match:
    """A node type that words were found in.

    Attributes:
        node_type: The node type.
        words: How many of the words.
        score: How well it fits.
        inputs: Names of the inputs that words were found in, where neither name nor summary has them.
    """

    node_type: NodeType
    words: int
    score: float
    inputs: tuple[str, ...] = ()


def search_node_types(words: Sequence[str], types: Iterable[NodeType]) -> list[Match]:
    """Return the node types that have all of the words, or else those that have most of them; the best come first.

    Args:
        words: The words; each may be the beginning of one.
        types: The node types.
    """
    wanted = [part for word in words for part in _split(word)]
    found = [_match(wanted, one) for one in types]
    most = max((match.words for match in found), default=0)
    best = [match for match in found if match.words == most > 0]
    return sorted(best, key=lambda match: (-match.score, match.node_type.id))


def _match(wanted: Sequence[str], node_type: NodeType) -> Match:
    texts = [(_ID, node_type.id, ""), (_SUMMARY, node_type.summary, ""), (_DESCRIPTION, node_type.description, "")]
    for end in node_type.inputs.values():
        texts += [(_INPUT, end.name, end.name), (_DESCRIPTION, end.description, end.name)]
        texts += [(_CHOICE, str(choice), end.name) for choice in end.spec.choices]
    words, score, inputs = 0, 0.0, dict[str, None]()
    for word in wanted:
        places = _find_places(word, texts)
        best = max(points for points, _ in places)
        words, score = words + (best > 0), score + best
        if best and not any(points == best and not name for points, name in places):
            inputs |= {name: None for points, name in places if points and name}
    return Match(node_type, words, score, tuple(inputs))


def _find_places(word: str, texts: Sequence[tuple[float, str, str]]) -> list[tuple[float, str]]:
    """Return what a word counts in each text, and the input that the text belongs to."""
    own = [(weight * _count(word, text), name) for weight, text, name in texts]
    if any(points for points, _ in own):
        return own
    others = _SYNONYMS.get(word, ())
    return [(_SYNONYM * weight * max((_count(o, text) for o in others), default=0.0), n) for weight, text, n in texts]


def _count(word: str, text: str) -> float:
    """Return 1 if a text has a word, less if it has one that begins with it, else 0."""
    parts = _split(text)
    if word in parts or f"{word}s" in parts:
        return 1.0
    return _PART if any(part.startswith(word) for part in parts) else 0.0


def _split(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())
