"""Scenes: what is in a picture, with the prompt that asks for it; and the maker of those that a model learns from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from studio_diffusion.training.backgrounds import PLACES, VARIANTS
from studio_diffusion.training.styles import COLORLESS_STYLES
from studio_diffusion.training.vocabulary import (
    COLORS,
    COUNTS,
    GRADIENT,
    PLACES_SAID,
    POSITIONS,
    RELATIONS,
    SHAPES,
    SIZES,
    STYLES,
    is_counted,
    list_ties,
    load_synonyms,
    make_plural,
    with_article,
)

PAIR_SIZE = 0.49
KINDS = ("plain", "size", "position", "pair", "count", "place")
SHARES = (0.43, 0.08, 0.10, 0.15, 0.09, 0.15)
"""How often each kind is made."""
STEADY_SHARES = (0.66, 0.06, 0.07, 0.09, 0.05, 0.07)
"""How often each kind is made at the end of a training: mostly one thing at its usual size."""
# side and middle of each of so many things
_SPREADS = {
    2: ((0.47, 0.25, 0.5), (0.47, 0.75, 0.5)),
    3: ((0.44, 0.5, 0.26), (0.44, 0.25, 0.74), (0.44, 0.75, 0.74)),
}
# side and middle of so many things that stand in a place
_ROWS = {1: ((0.64, 0.5),), 2: ((0.46, 0.26), (0.46, 0.74)), 3: ((0.325, 0.17), (0.325, 0.5), (0.325, 0.83))}
# said often and drawn never: the model learns to read past them
_ADJECTIVES = (
    "cute", "nice", "happy", "beautiful", "pretty", "lovely", "funny", "cool", "adorable", "simple", "shiny", "clean",
    "colorful", "detailed", "realistic", "old", "new", "smiling", "sitting", "standing", "delicious", "cartoon",
)  # fmt: skip
_REMARKS = (
    "highly detailed", "high quality", "best quality", "masterpiece", "4k", "8k", "3d", "centered", "digital art",
    "illustration", "icon", "logo", "render", "clipart", "trending", "award winning", "studio lighting",
)  # fmt: skip


@dataclass(frozen=True)
class Thing:
    """One thing in a scene.

    Attributes:
        word: Its word.
        color: The color that it has, or "".
        size: Its side as a share of the picture's side.
        x: Its middle, as a share of the picture's side.
        y: Its middle; where it stands, its lowest point.
        angle: How it is turned, in degrees.
        stands: Whether it stands on the ground of a place.
    """

    word: str
    color: str = ""
    size: float = 0.80
    x: float = 0.5
    y: float = 0.5
    angle: int = 0
    stands: bool = False


@dataclass(frozen=True)
class Scene:
    """A picture in words: what is in it, before what, in which style; and the prompt that asks for it.

    Attributes:
        background: A color, a gradient or a place; "" is paper.
        variant: Which of the pictures of the place.
    """

    prompt: str
    things: tuple[Thing, ...]
    background: str = ""
    style: str = ""
    kind: str = "plain"
    labels: dict[str, str] = field(default_factory=dict, hash=False)
    variant: int = 0


def is_held_out(word: str, color: str) -> bool:
    """Say whether a thing in a color is kept from training, to measure what the model makes of what it never saw."""
    return hashlib.blake2b(f"{word}|{color}".encode(), digest_size=2).digest()[0] % 7 == 0


def place_things(words: Sequence[tuple[str, str, int]], place: str = "") -> tuple[Thing, ...]:
    """Return up to three things (word, color, angle) spread over a picture, or side by side in a place."""
    if not place:
        spreads = _SPREADS[len(words)]
        return tuple(Thing(w, c, size, x, y, a) for (w, c, a), (size, x, y) in zip(words, spreads, strict=True))
    ground = PLACES[place].ground
    rows = _ROWS[len(words)]
    return tuple(
        Thing(word, color, size, x, ground or 0.5, angle, bool(ground))
        for (word, color, angle), (size, x) in zip(words, rows, strict=True)
    )


class Scenes:
    """Makes up scenes; the same seed gives the same ones.

    Args:
        words: Things to make them of.
        styles: Styles that may occur, and how often each does.
        held_out: Whether combinations of thing and color that are kept from training may occur.
        steady: Whether things are turned seldom and stay close to their place, so that details can be learned.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        styles: Mapping[str, int] = STYLES,
        held_out: bool = False,
        steady: bool = False,
    ) -> None:
        self._words = list(words)
        self._styles, self._weights = list(styles), np.array(list(styles.values()), float)
        self._held_out = held_out
        self._shake, self._turned = (0.3, 0.15) if steady else (1.0, 0.4)
        # others have the embedding of their word: see `list_ties`
        self._said: dict[str, list[str]] = {}
        for said, word in load_synonyms().items():
            if said not in list_ties():
                self._said.setdefault(word, []).append(said)

    def make(self, rng: np.random.Generator, kinds: Sequence[float] = SHARES) -> Scene:
        """Make one scene.

        Args:
            rng: Where the choices come from.
            kinds: How often each of `KINDS` is made.
        """
        kind = KINDS[rng.choice(len(KINDS), p=np.array(kinds) / np.sum(kinds))]
        if kind == "place":
            return self._make_place(rng)
        background = _choose_background(rng)
        style = ""
        if kind == "plain" and rng.random() < 0.16:
            style = str(rng.choice(self._styles, p=self._weights / self._weights.sum()))
            background = "" if style in COLORLESS_STYLES else background
        if kind == "pair":
            things, phrase = self._make_pair(rng, background)
        elif kind == "count":
            things, phrase = self._make_count(rng, background)
        else:
            things, phrase = self._make_one(rng, kind, background, style)
        if background:
            phrase += f" on {with_article(background)} background"
        if style:
            phrase += f", {style}"
        return Scene(_vary(phrase, rng), things, background, style, kind)

    def _make_one(
        self, rng: np.random.Generator, kind: str, background: str, style: str
    ) -> tuple[tuple[Thing, ...], str]:
        word, color, angle = self._choose(rng, background, style)
        if kind == "plain":
            usual = SIZES[""] * (1 + self._shake * rng.uniform(-0.06, 0.06))
            x, y = 0.5 + self._shake * rng.uniform(-0.035, 0.035, 2)
            return (Thing(word, color, _snap(usual), x, y, angle),), self._name(rng, word, color)
        if kind == "size":
            name = "large" if rng.random() < 0.4 else "small"
            x, y = 0.5 + rng.uniform(-0.03, 0.03, 2)
            share = SIZES[name] * rng.uniform(0.96, 1.04)
            return (Thing(word, color, _snap(share), x, y, angle),), self._name(rng, word, color, name)
        where = str(rng.choice(list(POSITIONS), p=[0.17] * 4 + [0.08] * 4))
        dx, dy = POSITIONS[where]
        x, y = np.array([0.5 + 0.26 * dx, 0.5 + 0.26 * dy]) + rng.uniform(-0.02, 0.02, 2)
        size, adjective = (0.46, "") if rng.random() < 0.7 else (SIZES["small"], "small")
        return (Thing(word, color, _snap(size), x, y, angle),), f"{self._name(rng, word, color, adjective)} {where}"

    def _make_pair(self, rng: np.random.Generator, background: str) -> tuple[tuple[Thing, ...], str]:
        relation = str(rng.choice(list(RELATIONS)))
        dx, dy = np.array(RELATIONS[relation]) * 0.25
        first, second = self._choose(rng, background), self._choose(rng, background)
        shake = rng.uniform(-0.05, 0.05) * np.array([dx == 0, dy == 0])
        things = (
            Thing(first[0], first[1], PAIR_SIZE, 0.5 + dx + shake[0], 0.5 + dy + shake[1], first[2]),
            Thing(second[0], second[1], PAIR_SIZE, 0.5 - dx + shake[0], 0.5 - dy + shake[1], second[2]),
        )
        a, b = (self._name(rng, word, color) for word, color, _ in (first, second))
        return things, f"{a} {relation} {b}"

    def _make_count(self, rng: np.random.Generator, background: str, place: str = "") -> tuple[tuple[Thing, ...], str]:
        said = str(rng.choice(list(COUNTS)))
        chosen = self._choose(rng, background, counted=True)
        phrase = f"{said} {chosen[1]} {make_plural(chosen[0])}".replace("  ", " ")
        return place_things([chosen] * COUNTS[said], place), phrase

    def _make_place(self, rng: np.random.Generator) -> Scene:
        place = str(rng.choice(list(PLACES)))
        hidden, draw = PLACES[place].hidden, rng.random()
        if draw < 0.12:
            things, phrase = self._make_count(rng, hidden, place)
        elif draw < 0.24:
            pair = [self._choose(rng, hidden), self._choose(rng, hidden)]
            things = place_things(pair, place)
            phrase = " and ".join(self._name(rng, word, color) for word, color, _ in pair)
        else:
            chosen = self._choose(rng, hidden)
            (thing,) = place_things([chosen], place)
            shift = rng.uniform(-0.06, 0.06)
            size = _snap(thing.size * rng.uniform(0.92, 1.1))
            thing = Thing(chosen[0], chosen[1], size, 0.5 + shift, thing.y, chosen[2], thing.stands)
            things, phrase = (thing,), self._name(rng, chosen[0], chosen[1])
        said = str(rng.choice(PLACES_SAID[place])) if rng.random() < 0.4 else place
        return Scene(_vary(f"{phrase} {said}", rng), things, place, kind="place", variant=int(rng.integers(VARIANTS)))

    def _name(self, rng: np.random.Generator, word: str, color: str, size: str = "") -> str:
        """Return what is said for one thing, now and then a synonym of it."""
        others = self._said.get(word)
        said = others[rng.integers(len(others))] if others and rng.random() < 0.25 else word
        named = " ".join(part for part in (size, color, said) if part)
        return with_article(named) if is_counted(word) else named

    def _choose(
        self, rng: np.random.Generator, background: str, style: str = "", *, counted: bool = False
    ) -> tuple[str, str, int]:
        """Choose a thing, a color for it (or none) and how it is turned."""
        if rng.random() < 0.05:
            word, must_color = str(rng.choice(SHAPES)), True
        else:
            word, must_color = self._choose_word(rng, counted), False
        angle = int(rng.choice([-8, -4, 4, 8])) if rng.random() < self._turned and not must_color else 0
        if not (must_color or rng.random() < 0.34) or style in COLORLESS_STYLES:
            return word, "", angle
        return word, self._choose_color(rng, word, background, any_pair=must_color), angle

    def _choose_word(self, rng: np.random.Generator, counted: bool) -> str:
        word = self._words[rng.integers(len(self._words))]
        while counted and not is_counted(word):
            word = self._words[rng.integers(len(self._words))]
        return word

    def _choose_color(self, rng: np.random.Generator, word: str, background: str, *, any_pair: bool) -> str:
        taken = background.split()
        allowed = any_pair or self._held_out
        return str(rng.choice([c for c in COLORS if c not in taken and (allowed or not is_held_out(word, c))]))


def _choose_background(rng: np.random.Generator) -> str:
    """Choose a color, a gradient, or nothing."""
    if rng.random() >= 0.36:
        return ""
    color = str(rng.choice(list(COLORS)))
    draw = rng.random()
    if draw < 0.65:
        return color
    if draw < 0.82:
        return f"{color} {GRADIENT}"
    return f"{color} and {rng.choice([other for other in COLORS if other != color])} {GRADIENT}"


def _snap(size: float) -> float:
    return round(size * 32) / 32


def _vary(phrase: str, rng: np.random.Generator) -> str:
    draw = rng.random()
    if draw < 0.06:
        return f"an emoji of {phrase}"
    if draw < 0.12:
        return f"a picture of {phrase}"
    if draw < 0.18 and phrase.startswith(("a ", "an ")):
        return phrase.split(" ", 1)[1]
    if draw < 0.23:
        return f"{phrase}, {rng.choice(_REMARKS)}"
    if draw < 0.28 and phrase.startswith(("a ", "an ")):
        return with_article(f"{rng.choice(_ADJECTIVES)} {phrase.split(' ', 1)[1]}")
    return phrase
