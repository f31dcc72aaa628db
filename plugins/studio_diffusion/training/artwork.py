"""Draws scenes of emoji artwork: what the small model learns from.

The artwork is Noto Emoji, flat, with its `names.tsv`; and with it, where it is given, Fluent Emoji in 3D. Then the 3D
art is the usual look and the flat art a style. Nothing of either ships; only what a network learned.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from studio_diffusion.training.artwork_files import open_noto, read_fluent, read_names
from studio_diffusion.training.backgrounds import PLACES, Place, paint_background
from studio_diffusion.training.scenes import Scene, Thing
from studio_diffusion.training.shapes import draw_shape
from studio_diffusion.training.styles import FILTERS, add_border
from studio_diffusion.training.vocabulary import COLORS, FLAT, FLAT_WEIGHT, SHAPES, STYLES, load_concepts

# a pale thing on white paper would not be seen
PAPER = (255, 255, 255)
GRAY_PAPER = (214, 218, 224)
# scaled and turned things are kept up to this many bytes
_SPRITE_BYTES = 256 * 2**20


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
        canvas = self._paint_background(scene)
        place = PLACES.get(scene.background)
        placed = [self._place(thing, scene) for thing in scene.things]
        for sprite, x, y in placed:
            if place is not None and place.ground:
                _cast_shadow(canvas, sprite, x, y, place.shadow)
        for sprite, x, y in placed:
            _paste(canvas, _light(sprite, place), x, y)
        picture = (canvas * 255 + 0.5).clip(0, 255).astype(np.uint8)
        return FILTERS[scene.style](picture) if scene.style in FILTERS else picture

    def find_box(self, scene: Scene, number: int = 0) -> tuple[int, int, int]:
        """Return left, top and side of the square that one of a scene's things is drawn in, in pixels."""
        sprite, x, y = self._place(scene.things[number], scene)
        return x, y, len(sprite)

    def _paint_background(self, scene: Scene) -> np.ndarray:
        if scene.background:
            return paint_background(scene.background, self.side, scene.variant)
        pale = scene.style == "sticker" or any(thing.color == "white" for thing in scene.things)
        canvas = np.empty((self.side, self.side, 3), np.float32)
        canvas[:] = np.array(GRAY_PAPER if pale and scene.style != "silhouette" else PAPER, np.float32) / 255
        return canvas

    def _place(self, thing: Thing, scene: Scene) -> tuple[np.ndarray, int, int]:
        """Return a thing as it looks in a scene, and its left and top."""
        pixels = max(8, round(thing.size * self.side))
        sprite = self.find_sprite(thing.word, pixels, thing.angle, flat=scene.style == FLAT)
        if scene.style == "silhouette":
            sprite = np.concatenate([np.full_like(sprite[..., :3], 0.06), sprite[..., 3:]], -1)
        elif thing.color:
            sprite = _tint(sprite, COLORS[thing.color])
        if scene.style == "sticker":
            sprite = add_border(sprite)
        top = thing.y * self.side - (_find_bottom(sprite) if thing.stands else pixels / 2)
        return sprite, round(thing.x * self.side - pixels / 2), round(top)

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
                drawing = draw_shape(word, 256)
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


def _light(sprite: np.ndarray, place: Place | None) -> np.ndarray:
    """Put a sprite into the light of a place."""
    return sprite if place is None else sprite * np.array([*place.light, 1], np.float32)


def _paste(canvas: np.ndarray, sprite: np.ndarray, x: int, y: int) -> None:
    height, width = sprite.shape[:2]
    x0, y0, x1, y1 = max(x, 0), max(y, 0), min(x + width, canvas.shape[1]), min(y + height, canvas.shape[0])
    part = sprite[y0 - y : y1 - y, x0 - x : x1 - x]
    alpha = part[..., 3:]
    canvas[y0:y1, x0:x1] = canvas[y0:y1, x0:x1] * (1 - alpha) + part[..., :3] * alpha


def _find_bottom(sprite: np.ndarray) -> int:
    """Return the row below the lowest of a sprite."""
    rows = np.flatnonzero((sprite[..., 3] > 0.3).any(1))
    return int(rows[-1]) + 1 if len(rows) else len(sprite)


def _cast_shadow(canvas: np.ndarray, sprite: np.ndarray, x: int, y: int, darkness: float) -> None:
    """Darken the ground where a thing stands: close and dark below its feet, wide and soft around."""
    bottom = _find_bottom(sprite)
    side, base = canvas.shape[0], y + bottom
    feet = np.flatnonzero((sprite[max(0, bottom - len(sprite) // 6) : bottom, :, 3] > 0.3).any(0))
    body = np.flatnonzero((sprite[..., 3] > 0.3).any(0))
    if not len(feet):
        return
    close = _find_pool(side, x + feet[0], x + feet[-1] + 1, base, 0.16)
    wide = _find_pool(side, x + body[0], x + body[-1] + 1, base, 0.13)
    shade = np.maximum(close, 0.45 * wide)
    canvas *= 1 - darkness * shade[..., None]


def _find_pool(side: int, left: int, right: int, base: int, flat: float) -> np.ndarray:
    """Return a soft ellipse on the ground between two columns, as a mask of 0..1."""
    middle, half = (left + right) / 2, 0.54 * (right - left)
    mask = np.zeros((side, side), np.uint8)
    center = (round(middle * 16), round((base - 0.35 * half * flat) * 16))
    axes = (round(half * 16), max(16, round(half * flat * 16)))
    cv2.ellipse(mask, center, axes, 0, 0, 360, 255, -1, cv2.LINE_AA, 4)
    return cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), max(0.5, 0.05 * half + 0.004 * side))
