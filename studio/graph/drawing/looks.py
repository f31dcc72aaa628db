"""Colors of drawings, and how each standing of a node looks."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from studio.graph.drawing.sketch import ERROR, FAILED, UNUSED, Sketch


@dataclass(frozen=True)
class Look:
    """The colors of a standing."""

    strong: str
    pale: str
    dashed: bool = False


_LOOKS = {
    "hit": Look("#178a5c", "#e2f5ec"),
    "miss": Look("#c9770c", "#fdf0dc"),
    "unknown": Look("#66758c", "#eaeef4"),
    "always runs": Look("#7253c4", "#eee8fb"),
    "skipped": Look("#98a1ae", "#f2f4f6", dashed=True),
    UNUSED: Look("#98a1ae", "#f2f4f6", dashed=True),
    FAILED: Look("#c8322f", "#fce8e6"),
    ERROR: Look("#c8322f", "#fce8e6"),
}
_PLAIN = Look("#5b6b84", "#eef1f6")
INK, QUIET, FAINT, LINE = "#1d2430", "#66707f", "#8b95a3", "#8d9aae"
GROUND, CARD, BORDER = "#f7f8fa", "#ffffff", "#cdd4de"
ARROWS = {
    "value": (LINE, 1.7, ()),
    "list": ("#56657d", 3.4, ()),
    "condition": ("#7253c4", 1.7, (5.0, 4.0)),
    "broken": ("#c8322f", 1.9, (6.0, 4.0)),
}


def find_look(standing: str) -> Look:
    """Return the colors of a standing; a word of a plugin's own has plain ones."""
    return _LOOKS.get(standing, _PLAIN)


def find_standings(sketch: Sketch) -> dict[str, int]:
    """Return the standings in a drawing with their numbers of nodes, known ones first and in the order of `_LOOKS`."""
    counts = Counter(card.standing for card in sketch.cards if card.kind == "node" and card.standing)
    known = [word for word in _LOOKS if word in counts]
    return {word: counts[word] for word in dict.fromkeys([*known, *counts])}


def count_standing(word: str, number: int) -> str:
    """Return what the legend says of a standing."""
    return f"{word} {number}"
