"""Scenes made of emoji artwork, each with the prompt that describes it: what the small model learns from.

The artwork is Noto Emoji, flat, with its `names.tsv`; and with it, where it is given, Fluent Emoji in 3D. Then the 3D
art is the usual look and the flat art a style. Nothing of either ships; only what a network learned.
"""

from __future__ import annotations

import csv
import functools
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from studio_diffusion.training.artwork_files import open_noto, read_fluent, read_names
from studio_diffusion.training.styles import COLORLESS_STYLES, FILTERS

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
# side of a thing as a share of the picture's
SIZES = {"": 0.80, "small": 0.42, "large": 1.0}
PAIR_SIZE = 0.49
# a pale thing on white paper would not be seen
PAPER = (255, 255, 255)
GRAY_PAPER = (214, 218, 224)
# scaled and turned things are kept up to this many bytes
_SPRITE_BYTES = 256 * 2**20


@dataclass(frozen=True)
class Thing:
    """One thing in a scene: its word, its color or "", its side and center as shares of the picture's side."""

    word: str
    color: str = ""
    size: float = 0.80
    x: float = 0.5
    y: float = 0.5
    angle: int = 0


@dataclass(frozen=True)
class Scene:
    """A picture in words: what is in it, on what, in which style; and the prompt that asks for it."""

    prompt: str
    things: tuple[Thing, ...]
    background: str = ""
    style: str = ""
    kind: str = "plain"
    labels: dict[str, str] = field(default_factory=dict, hash=False)


def load_concepts(count: int | None = None) -> dict[str, str]:
    """Return the words that the model learns and the names of their artwork, most wanted first."""
    with (Path(__file__).parent / "concepts.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return {row["word"]: row["artwork"] for row in rows[:count]}


def is_held_out(word: str, color: str) -> bool:
    """Say whether a thing in a color is kept from training, to measure what the model makes of what it never saw."""
    return hashlib.blake2b(f"{word}|{color}".encode(), digest_size=2).digest()[0] % 7 == 0


def with_article(words: str) -> str:
    """Put "a" or "an" before words."""
    return ("an " if words[0] in "aeiou" else "a ") + words


class Artwork:
    """Draws scenes.

    Args:
        folder: Folder with `names.tsv` and either the PNG files or `noto_emoji_128.tar`.
        side: Side of the pictures, in pixels.
        fluent: The 3D artwork, an archive or a folder. Names without 3D artwork are then left out.
    """

    def __init__(self, folder: Path, side: int = 64, fluent: Path | None = None) -> None:
        self.side = side
        files = read_names(folder)
        self._read_flat = open_noto(folder, files)
        self._read = self._read_flat
        if fluent is not None:
            solid = read_fluent(fluent, files)
            files = {name: file for name, file in files.items() if name in solid}
            self._read = solid.__getitem__
        self.names = sorted(files)
        """Names of all artwork, of concepts or not."""
        self.styles = STYLES if fluent is None else STYLES | {FLAT: FLAT_WEIGHT}
        """Styles that it can draw, and how often each should be drawn."""
        self._concepts = load_concepts()
        self._sprites: dict[tuple[str, int, int, bool], np.ndarray] = {}
        self._sprite_bytes = 0
        self._drawings: dict[tuple[str, bool], Image.Image] = {}

    def draw(self, scene: Scene) -> np.ndarray:
        """Draw a scene: side x side x 3, uint8."""
        canvas = np.empty((self.side, self.side, 3), np.float32)
        canvas[:] = np.array(self._paper(scene), np.float32) / 255
        for thing in scene.things:
            pixels = max(8, round(thing.size * self.side))
            sprite = self.find_sprite(thing.word, pixels, thing.angle, flat=scene.style == FLAT)
            if scene.style == "silhouette":
                sprite = np.concatenate([np.full_like(sprite[..., :3], 0.06), sprite[..., 3:]], -1)
            elif thing.color:
                sprite = _tint(sprite, COLORS[thing.color])
            _paste(canvas, sprite, round(thing.x * self.side - pixels / 2), round(thing.y * self.side - pixels / 2))
        picture = (canvas * 255 + 0.5).clip(0, 255).astype(np.uint8)
        return FILTERS[scene.style](picture) if scene.style in FILTERS else picture

    def _paper(self, scene: Scene) -> tuple[int, int, int]:
        if scene.background:
            return COLORS[scene.background]
        if scene.style == "silhouette":
            return PAPER
        return GRAY_PAPER if any(thing.color == "white" for thing in scene.things) else PAPER

    def find_sprite(self, word: str, pixels: int, angle: int = 0, *, flat: bool = False) -> np.ndarray:
        """Return a thing alone: pixels x pixels x 4, float32 0..1, not premultiplied."""
        key = (word, pixels, angle, flat)
        if key not in self._sprites:
            if self._sprite_bytes > _SPRITE_BYTES:
                self._sprites.clear()
                self._sprite_bytes = 0
            drawing = self._find_drawing(word, flat)
            if angle:
                drawing = drawing.rotate(angle, Image.Resampling.BILINEAR)
            # no filter with negative lobes: they draw bright rims
            small = drawing.resize((pixels, pixels), Image.Resampling.HAMMING).convert("RGBA")
            self._sprites[key] = np.asarray(small)
            self._sprite_bytes += self._sprites[key].nbytes
        return self._sprites[key].astype(np.float32) / 255

    def _find_drawing(self, word: str, flat: bool) -> Image.Image:
        if (word, flat) not in self._drawings:
            if word in SHAPES:
                drawing = _draw_shape(word, 256)
            else:
                content = (self._read_flat if flat else self._read)(self._concepts.get(word, word))
                drawing = Image.open(io.BytesIO(content)).convert("RGBA")
            self._drawings[word, flat] = drawing.convert("RGBa")
        return self._drawings[word, flat]


def _tint(sprite: np.ndarray, color: Sequence[int]) -> np.ndarray:
    """Paint a sprite in a color, its lights and shades kept."""
    paint = np.array(color, np.float32) / 255
    luma = (sprite[..., :3] @ np.array([0.299, 0.587, 0.114], np.float32))[..., None]
    low, high = np.clip(luma / 0.55, 0, 1), np.clip((luma - 0.55) / 0.45, 0, 1) * 0.6
    shade = paint * 0.3 * (1 - low) + paint * low
    return np.concatenate([shade * (1 - high) + high, sprite[..., 3:]], -1)


def _paste(canvas: np.ndarray, sprite: np.ndarray, x: int, y: int) -> None:
    height, width = sprite.shape[:2]
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + width, canvas.shape[1]), min(y + height, canvas.shape[0])
    part = sprite[y0 - y : y1 - y, x0 - x : x1 - x]
    alpha = part[..., 3:]
    canvas[y0:y1, x0:x1] = canvas[y0:y1, x0:x1] * (1 - alpha) + part[..., :3] * alpha


def _draw_shape(kind: str, side: int) -> Image.Image:
    mask = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(mask)
    a, b, c = side * 0.06, side * 0.94, side * 0.5
    if kind == "circle":
        draw.ellipse([a, a, b, b], fill=255)
    elif kind == "oval":
        draw.ellipse([a, a + side * 0.2, b, b - side * 0.2], fill=255)
    elif kind == "square":
        draw.rectangle([a * 1.5, a * 1.5, side - a * 1.5, side - a * 1.5], fill=255)
    elif kind == "triangle":
        draw.polygon([(c, a), (b, b), (a, b)], fill=255)
    elif kind == "diamond":
        draw.polygon([(c, a), (b, c), (c, b), (a, c)], fill=255)
    elif kind == "hexagon":
        turns = np.radians(np.arange(6) * 60 - 90)
        draw.polygon([(c + (c - a) * np.cos(t), c + (c - a) * np.sin(t)) for t in turns], fill=255)
    elif kind == "cross":
        draw.rectangle([c - side * 0.14, a, c + side * 0.14, b], fill=255)
        draw.rectangle([a, c - side * 0.14, b, c + side * 0.14], fill=255)
    else:
        raise ValueError(kind)
    picture = Image.new("RGBA", (side, side), (140, 140, 140, 0))
    picture.putalpha(mask)
    return picture


# -- scenes ----------------------------------------------------------------------------------------------


class Scenes:
    """Makes up scenes; the same seed gives the same ones.

    Args:
        words: Things to make them of.
        styles: Styles that may occur, and how often each does.
        held_out: Whether combinations of thing and color that are kept from training may occur.
    """

    def __init__(self, words: Sequence[str], *, styles: Mapping[str, int] = STYLES, held_out: bool = False) -> None:
        self._words = list(words)
        self._styles, self._weights = list(styles), np.array(list(styles.values()), float)
        self._held_out = held_out

    def make(self, rng: np.random.Generator, kinds: Sequence[float] = (0.56, 0.12, 0.14, 0.18)) -> Scene:
        """Make one scene.

        Args:
            rng: Where the choices come from.
            kinds: Shares of: one thing in the middle, one small or large, one elsewhere, two things.
        """
        kind = rng.choice(4, p=np.array(kinds) / np.sum(kinds))
        background = str(rng.choice(list(COLORS))) if rng.random() < 0.32 else ""
        style = ""
        if kind == 0 and rng.random() < 0.14:
            style = str(rng.choice(self._styles, p=self._weights / self._weights.sum()))
            background = "" if style in COLORLESS_STYLES else background
        if kind == 3:
            things, phrase = self._make_pair(rng, background)
        else:
            things, phrase = self._make_one(rng, kind, background, style)
        if background:
            phrase += f" on {with_article(background)} background"
        if style:
            phrase += f", {style}"
        return Scene(_vary(phrase, rng), things, background, style, ("plain", "size", "position", "pair")[kind])

    def _make_one(
        self, rng: np.random.Generator, kind: int, background: str, style: str
    ) -> tuple[tuple[Thing, ...], str]:
        word, color, angle = self._choose(rng, background, style)
        named = f"{color} {word}".strip()
        if kind == 0:
            usual = SIZES[""] * rng.uniform(0.94, 1.06)
            x, y = 0.5 + rng.uniform(-0.035, 0.035, 2)
            return (Thing(word, color, _snap(usual), x, y, angle),), with_article(named)
        if kind == 1:
            name = "large" if rng.random() < 0.4 else "small"
            x, y = 0.5 + rng.uniform(-0.03, 0.03, 2)
            share = SIZES[name] * rng.uniform(0.96, 1.04)
            return (Thing(word, color, _snap(share), x, y, angle),), with_article(f"{name} {named}")
        where = str(rng.choice(list(POSITIONS), p=[0.17] * 4 + [0.08] * 4))
        dx, dy = POSITIONS[where]
        x, y = np.array([0.5 + 0.26 * dx, 0.5 + 0.26 * dy]) + rng.uniform(-0.02, 0.02, 2)
        size, adjective = (0.46, "") if rng.random() < 0.7 else (SIZES["small"], "small ")
        return (Thing(word, color, _snap(size), x, y, angle),), f"{with_article(adjective + named)} {where}"

    def _make_pair(self, rng: np.random.Generator, background: str) -> tuple[tuple[Thing, ...], str]:
        relation = str(rng.choice(list(RELATIONS)))
        dx, dy = np.array(RELATIONS[relation]) * 0.25
        first, second = self._choose(rng, background), self._choose(rng, background)
        shake = rng.uniform(-0.05, 0.05) * np.array([dx == 0, dy == 0])
        things = (
            Thing(first[0], first[1], PAIR_SIZE, 0.5 + dx + shake[0], 0.5 + dy + shake[1], first[2]),
            Thing(second[0], second[1], PAIR_SIZE, 0.5 - dx + shake[0], 0.5 - dy + shake[1], second[2]),
        )
        a, b = (with_article(f"{color} {word}".strip()) for word, color, _ in (first, second))
        return things, f"{a} {relation} {b}"

    def _choose(self, rng: np.random.Generator, background: str, style: str = "") -> tuple[str, str, int]:
        """Choose a thing, a color for it (or none) and how it is turned."""
        if rng.random() < 0.05:
            word, must_color = str(rng.choice(SHAPES)), True
        else:
            word, must_color = self._words[rng.integers(len(self._words))], False
        angle = int(rng.choice([-8, -4, 4, 8])) if rng.random() < 0.4 and not must_color else 0
        if not (must_color or rng.random() < 0.34) or style in COLORLESS_STYLES:
            return word, "", angle
        colors = [c for c in COLORS if c != background and (self._held_out or must_color or not is_held_out(word, c))]
        return word, str(rng.choice(colors)), angle


def _snap(size: float) -> float:
    return round(size * 32) / 32


def _vary(phrase: str, rng: np.random.Generator) -> str:
    draw = rng.random()
    if draw < 0.06:
        return f"an emoji of {phrase}"
    if draw < 0.12:
        return f"a picture of {phrase}"
    if draw < 0.18:
        return phrase.split(" ", 1)[1]
    return phrase


def trace_sketch(picture: np.ndarray, rng: np.random.Generator | None = None) -> np.ndarray:
    """Trace a picture: white lines on black, as ControlNets take them; side x side x 3, uint8.

    Canny edges (Canny 1986); with a generator now and then lines of other widths, gaps and a shaky hand.
    """
    low, high = (60, 140) if rng is None else (int(rng.integers(30, 100)), int(rng.integers(110, 220)))
    big = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    edges = np.max([cv2.Canny(channel, low, high) for channel in cv2.split(big)], axis=0)
    if rng is not None and rng.random() < 0.35:
        edges = _shake(edges, rng)
    edges = cv2.resize(cv2.dilate(edges, np.ones((2, 2), np.uint8)), picture.shape[1::-1], interpolation=cv2.INTER_AREA)
    lines = np.clip(edges.astype(np.float32) * 1.4, 0, 255).astype(np.uint8)
    return np.repeat(lines[..., None], 3, 2)


def _shake(edges: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    side = edges.shape[0]
    move = cv2.resize(rng.normal(0, 1.2, (6, 6, 2)).astype(np.float32), (side, side), interpolation=cv2.INTER_CUBIC)
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), -1).astype(np.float32) + move
    return cv2.remap(edges, grid[..., 0], grid[..., 1], cv2.INTER_LINEAR)


@functools.cache
def list_words() -> list[str]:
    """Return every word that a prompt may hold and the model may know, beside the things themselves."""
    others = ["small", "large", "background", "emoji", "picture"]
    phrases = [*COLORS, *SHAPES, *STYLES, FLAT, *POSITIONS, *RELATIONS, *others]
    return sorted({word for phrase in phrases for word in phrase.split()})
