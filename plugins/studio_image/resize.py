"""Resampling with antialiasing, and the sizes that fit a box."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import PIL.Image

from studio.api import Anchor, place_box
from studio_image.bounds import check_size
from studio_image.checks import check_sides, round_side
from studio_image.pixels import (
    AnyArray,
    FloatArray,
    as_floats,
    decode_srgb,
    encode_srgb,
    gather_light,
    part_light,
    premultiply,
    unpremultiply,
)

Method = Literal["auto", "lanczos", "area", "bicubic", "bilinear", "nearest"]
Box = tuple[float, float, float, float]

_FILTERS = {
    "lanczos": PIL.Image.Resampling.LANCZOS,
    "area": PIL.Image.Resampling.BOX,
    "bicubic": PIL.Image.Resampling.BICUBIC,
    "bilinear": PIL.Image.Resampling.BILINEAR,
}


def resample(
    pixels: FloatArray,
    width: int,
    height: int,
    method: Method = "auto",
    *,
    linear_light: bool = False,
    box: Box | None = None,
    bounded: bool = True,
) -> FloatArray:
    """Resample an image (H x W x C), or the part of it in `box` (left, top, right, bottom), to a new size.

    Alpha is multiplied in meanwhile. "auto" takes Lanczos to shrink and bicubic to enlarge. Samples that are not
    bounded are not clipped to [0, 1].
    """
    check_size(width, height)
    rows, columns = pixels.shape[:2]
    left, top, right, bottom = box or (0.0, 0.0, float(columns), float(rows))
    if (left, top, right, bottom) == (0, 0, width, height) and (columns, rows) == (width, height):
        return pixels
    if method == "nearest":
        return resample_nearest(pixels, width, height, box)
    if method == "auto":
        method = "lanczos" if width * height < (right - left) * (bottom - top) else "bicubic"
    if not bounded:
        gathered = gather_light(pixels)
        return part_light(resample_planes(gathered, width, height, method, (left, top, right, bottom)))
    work = premultiply(decode_srgb(pixels) if linear_light else pixels)
    result = unpremultiply(resample_planes(work, width, height, method, (left, top, right, bottom)))
    return encode_srgb(result) if linear_light else result


def resample_plane(plane: FloatArray, width: int, height: int, method: Method = "auto") -> FloatArray:
    """Resample one plane (H x W)."""
    return resample(plane[:, :, None], width, height, method)[:, :, 0]


def resample_planes(samples: FloatArray, width: int, height: int, method: Method, box: Box | None = None) -> FloatArray:
    """Resample samples (H x W or H x W x C) plane by plane, without clipping or regard to alpha."""
    if samples.ndim == 3:
        planes = [resample_planes(samples[:, :, c], width, height, method, box) for c in range(samples.shape[2])]
        return np.stack(planes, axis=2)
    image = PIL.Image.fromarray(np.ascontiguousarray(samples))
    return as_floats(image.resize((width, height), _FILTERS[method], box=box))


def resample_nearest(samples: AnyArray, width: int, height: int, box: Box | None = None) -> AnyArray:
    """Take for each new sample the one whose area holds its centre; any dtype, exact."""
    rows, columns = samples.shape[:2]
    left, top, right, bottom = box or (0.0, 0.0, float(columns), float(rows))
    x = np.floor(left + (np.arange(width) + 0.5) * (right - left) / width).astype(int).clip(0, columns - 1)
    y = np.floor(top + (np.arange(height) + 0.5) * (bottom - top) / height).astype(int).clip(0, rows - 1)
    taken: AnyArray = samples[y[:, None], x[None, :]]
    return taken


class Resizing(NamedTuple):
    """What is done with an image.

    Attributes:
        size: Width and height that it gets.
        box: The part of it that is taken (left, top, right, bottom), or None for all.
        canvas: Width and height of the result, the image on it.
    """

    size: tuple[int, int]
    box: Box | None
    canvas: tuple[int, int]


@dataclass(frozen=True)
class AskedSize:
    """The size that a user asks for, in one of five ways.

    Attributes:
        width: Width in pixels; alone, the height follows the image's shape.
        height: Height in pixels; alone, the width follows.
        scale: Factor for both sides.
        megapixels: Area in millions of pixels.
        longer_side: Length of the longer side in pixels.
        shorter_side: Length of the shorter side in pixels.
    """

    width: int | None = None
    height: int | None = None
    scale: float | None = None
    megapixels: float | None = None
    longer_side: int | None = None
    shorter_side: int | None = None

    def choose(self, source: tuple[int, int], multiple_of: int = 1) -> tuple[int, int]:
        """Return the width and height that are meant for an image of a size.

        Raises:
            MediaError: E507 if nothing was given, or a size in two ways.
        """
        check_sides(self.scale, self.width, self.height, self.megapixels, self.longer_side, self.shorter_side)
        if self.width is not None and self.height is not None:
            sides = (float(self.width), float(self.height))
        else:
            factor = self._find_factor(source)
            sides = (source[0] * factor, source[1] * factor)
        return round_side(sides[0], multiple_of), round_side(sides[1], multiple_of)

    def plan(
        self, source: tuple[int, int], fit: str, anchor: Anchor, multiple_of: int = 1, only: str = "always"
    ) -> Resizing:
        """Return what to do with an image of a size.

        Args:
            source: Width and height of the image.
            fit: How it fits a width and a height that are both given: "contain", "cover", "stretch" or "pad".
            anchor: The part that "cover" keeps.
            multiple_of: What both sides of the result are multiples of.
            only: "always", or only where the area gets smaller ("shrink") or larger ("enlarge").

        Raises:
            MediaError: E507 as `choose`.
        """
        canvas = self.choose(source, multiple_of)
        both = self.width is not None and self.height is not None
        size = fit_size(source, canvas) if both and fit in ("contain", "pad") else canvas
        box = cover_box(source, canvas, anchor) if both and fit == "cover" else None
        if not is_wanted(source, size, only):
            size, box = source, None
        is_padded = both and fit == "pad" and size != canvas and size[0] <= canvas[0] and size[1] <= canvas[1]
        return Resizing(size, box, canvas if is_padded else size)

    def _find_factor(self, source: tuple[int, int]) -> float:
        if self.scale is not None:
            return self.scale
        if self.megapixels is not None:
            return float((self.megapixels * 1e6 / (source[0] * source[1])) ** 0.5)
        pairs = [
            (self.width, source[0]),
            (self.height, source[1]),
            (self.longer_side, max(source)),
            (self.shorter_side, min(source)),
        ]
        return next(wanted / present for wanted, present in pairs if wanted is not None)


def is_wanted(source: tuple[int, int], target: tuple[int, int], only: str) -> bool:
    """Say whether to resize: "always", or only if the area gets smaller ("shrink") or larger ("enlarge")."""
    before, after = source[0] * source[1], target[0] * target[1]
    return only == "always" or (after < before if only == "shrink" else after > before)


def fit_size(source: tuple[int, int], box: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size of the source's shape inside a box, at least 1 x 1."""
    factor = min(box[0] / source[0], box[1] / source[1])
    return max(1, min(box[0], round(source[0] * factor))), max(1, min(box[1], round(source[1] * factor)))


def cover_box(source: tuple[int, int], target: tuple[int, int], anchor: Anchor) -> Box:
    """Return the largest part of the source that has the target's shape, at an anchor."""
    factor = min(source[0] / target[0], source[1] / target[1])
    width, height = target[0] * factor, target[1] * factor
    left, top = place_box((width, height), source, anchor)
    return max(left, 0.0), max(top, 0.0), min(left + width, source[0]), min(top + height, source[1])
