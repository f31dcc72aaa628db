"""Words of the recipe: things and their plurals, colors, styles, positions, counts, and what else people call them."""

from __future__ import annotations

import csv
import functools
from pathlib import Path

COLORS = {
    "red": (226, 40, 40),
    "orange": (245, 134, 20),
    "yellow": (250, 212, 30),
    "green": (50, 165, 60),
    "cyan": (30, 195, 215),
    "blue": (35, 95, 225),
    "purple": (130, 60, 190),
    "pink": (248, 120, 180),
    "brown": (125, 80, 45),
    "black": (40, 40, 42),
    "gray": (140, 142, 146),
    "white": (246, 246, 246),
}
SHAPES = ("circle", "square", "triangle", "diamond", "hexagon", "oval", "cross")
STYLES = {
    "pixel art": 3,
    "pencil sketch": 3,
    "outline drawing": 2,
    "silhouette": 2,
    "sticker": 3,
    "neon": 2,
    "blueprint": 2,
    "sepia": 1,
    "black and white": 1,
}
# the style that stands for Noto's art where the 3D art is the usual look, and how often it is drawn
FLAT = "flat"
FLAT_WEIGHT = 8
POSITIONS = {
    "on the left": (-1, 0),
    "on the right": (1, 0),
    "at the top": (0, -1),
    "at the bottom": (0, 1),
    "in the top left corner": (-1, -1),
    "in the top right corner": (1, -1),
    "in the bottom left corner": (-1, 1),
    "in the bottom right corner": (1, 1),
}
RELATIONS = {
    "and": (-1, 0),
    "next to": (-1, 0),
    "to the left of": (-1, 0),
    "to the right of": (1, 0),
    "above": (0, -1),
    "below": (0, 1),
}
COUNTS = {"two": 2, "three": 3}
# side of a thing as a share of the picture's
SIZES = {"": 0.80, "small": 0.42, "large": 1.0}
GRADIENT = "gradient"
# the words that ask for a place, and others for the same
PLACES_SAID = {
    "on grass": ("on the grass", "in a meadow", "in a field"),
    "on a table": ("on the table", "on a wooden table"),
    "at night": ("in the night", "under the stars"),
    "in the snow": ("in snow", "in winter"),
    "on the beach": ("on a beach", "at the beach"),
    "in the desert": ("in a desert", "on sand"),
    "in the sky": ("in the clouds", "in the air"),
    "in space": ("in outer space", "among the stars"),
    "under water": ("underwater", "in the ocean", "in the sea"),
    "at sunset": ("in the sunset", "in the evening"),
    "in a forest": ("in the forest", "in the woods"),
    "in a room": ("in the room", "on the floor", "indoors"),
    "in the rain": ("in rain",),
    "on a stage": ("on stage", "on the stage"),
}

_IRREGULAR = {"wolf": "wolves", "maple leaf": "maple leaves", "tooth": "teeth", "fish": "fish", "sheep": "sheep"} | {
    "deer": "deer", "squid": "squid", "knife": "knives", "hibiscus": "hibiscuses", "clothes": "clothes",
    "bus": "buses", "cactus": "cactuses", "octopus": "octopuses",
}  # fmt: skip
# words that nobody counts, or that are several already
_UNCOUNTED = frozenset(
    {
        "bacon", "bread", "broccoli", "cheese", "cherries", "chocolate", "coffee", "corn", "fire", "fries", "grapes",
        "lightning", "milk", "popcorn", "sushi", "wine", "beer", "glasses", "sunglasses", "headphones", "gloves",
        "scissors", "thumbs up", "bowling", "moon", "sun", "full moon", "globe", "rainbow", "mountain",
    }
)  # fmt: skip


def load_concepts(count: int | None = None) -> dict[str, str]:
    """Return the words that the model learns and the names of their artwork, most wanted first."""
    return {row["word"]: row["artwork"] for row in _read_table("concepts.tsv")[:count]}


@functools.cache
def load_synonyms() -> dict[str, str]:
    """Return what else people say, and the word, or words, of the recipe that it stands for."""
    return {row["synonym"]: row["word"] for row in _read_table("synonyms.tsv")}


@functools.cache
def load_related() -> dict[str, str]:
    """Return what people ask for that the recipe does not draw, and the nearest in meaning that it does."""
    return {row["said"]: row["word"] for row in _read_table("related.tsv")}


@functools.cache
def list_ties() -> dict[str, str]:
    """Return words that mean exactly what another does: synonyms of one word for one word, and plurals.

    The text encoders give both the same embedding, so that no training is spent on the first.
    """
    things = load_concepts()
    own = {word for phrase in (*things, *list_words()) for word in phrase.split()}
    ties = {said: word for said, word in load_synonyms().items() if said.isalnum() and word in own}
    named = [*(phrase.split()[-1] for phrase in things if is_counted(phrase)), *SHAPES]
    plurals = {make_plural(word): word for word in named}
    plurals |= {make_plural(said): word for said, word in ties.items() if is_counted(word) and word in things}
    return {said: word for said, word in (plurals | ties).items() if said not in own}


def list_tokens() -> list[str]:
    """Return every word that should be one token."""
    phrases = [*load_concepts(), *load_synonyms(), *list_words(), *list_ties()]
    return sorted({word for phrase in phrases for word in phrase.split()})


@functools.cache
def _read_table(name: str) -> list[dict[str, str]]:
    with (Path(__file__).parent / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def with_article(words: str) -> str:
    """Put "a" or "an" before words."""
    return ("an " if words[0] in "aeiou" and not words.startswith(("uni", "ufo")) else "a ") + words


def is_counted(word: str) -> bool:
    """Say whether one speaks of two of a thing."""
    return word not in _UNCOUNTED


def make_plural(word: str) -> str:
    """Return the plural of a thing's word."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith(("s", "x", "ch", "sh")) or word in ("potato", "tomato", "mango", "volcano", "tornado"):
        return f"{word}es"
    if word.endswith("y") and word[-2] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}s"


@functools.cache
def list_words() -> list[str]:
    """Return every word that a prompt may hold and the model may know, beside the things themselves."""
    others = ["small", "large", "background", GRADIENT, "emoji", "picture"]
    places = [said for place, more in PLACES_SAID.items() for said in (place, *more)]
    phrases = [*COLORS, *SHAPES, *STYLES, FLAT, *POSITIONS, *RELATIONS, *COUNTS, *places, *others]
    return sorted({word for phrase in phrases for word in phrase.split()})
