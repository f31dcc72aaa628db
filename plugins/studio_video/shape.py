"""Frames cropped, resized and composited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from studio.api import SRGB, ColorSpace, Frame, Image, MediaError, Video, convert_color, parse_color
from studio_video.checks import check_sides
from studio_video.depth import find_top, match_depth, unweigh_colors, weigh_colors
from studio_video.retime import keep_time

Array = npt.NDArray[Any]
_METHODS = {"area": cv2.INTER_AREA, "bicubic": cv2.INTER_CUBIC, "lanczos": cv2.INTER_LANCZOS4}
_METHODS |= {"bilinear": cv2.INTER_LINEAR, "nearest": cv2.INTER_NEAREST_EXACT}
_MOST_SIDE = 32_000
_LEAST_ALPHA = 1e-6  # below it colors glow, so that no quotient is too large


def crop(video: Video, x: int, y: int, width: int, height: int) -> Video:
    """Return a part of every frame.

    Raises:
        MediaError: E701 if it is not inside the video.
    """
    if x + width > video.width or y + height > video.height:
        message = f"{width} x {height} at {x}, {y} is not inside the video of {video.width} x {video.height}"
        raise MediaError("E701", message, hint="give a smaller part")

    def frames() -> Iterator[Frame]:
        for frame in video.frames():
            part = frame.image.stored[y : y + height, x : x + width]
            yield Frame(Image(part, color=video.color), frame.time)

    return keep_time(video, frames, size=(width, height))


def choose_size(
    source: tuple[int, int],
    width: int | None,
    height: int | None,
    scale: float | None,
    multiple: int,
    *,
    megapixels: float | None = None,
    longer_side: int | None = None,
    shorter_side: int | None = None,
) -> tuple[int, int]:
    """Return the size that is meant: by a scale, an area, one side (the other follows), or both sides.

    Raises:
        MediaError: E701 if nothing, too much, or too large a size was given.
    """
    check_sides(scale, width, height, megapixels, longer_side, shorter_side)
    if megapixels is not None:
        scale = (megapixels * 1e6 / (source[0] * source[1])) ** 0.5
    pairs = ((width, source[0]), (height, source[1]), (longer_side, max(source)), (shorter_side, min(source)))
    factor = scale or next(wanted / present for wanted, present in pairs if wanted is not None)
    sides = (width or source[0] * factor, height or source[1] * factor)
    across, down = (max(multiple, round(side / multiple) * multiple) for side in sides)
    if max(across, down) > _MOST_SIDE:
        raise MediaError("E701", f"{across} x {down} is too large", hint=f"a side has at most {_MOST_SIDE} pixels")
    return across, down


def is_wanted(source: tuple[int, int], target: tuple[int, int], only: str) -> bool:
    """Say whether to resize: "always", or only if the area gets smaller ("shrink") or larger ("enlarge")."""
    before, after = source[0] * source[1], target[0] * target[1]
    return only == "always" or (after < before if only == "shrink" else after > before)


def fit_inside(source: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size of a shape that lies inside another."""
    factor = min(size[0] / source[0], size[1] / source[1])
    return max(1, round(source[0] * factor)), max(1, round(source[1] * factor))


def resize_frames(video: Video, size: tuple[int, int], mode: str, method: str, color: tuple[int, int, int]) -> Video:
    """Return the video at a size: "stretch", "pad" (inside it, with bars) or "cover" (and cut)."""

    def frames() -> Iterator[Frame]:
        for frame in video.frames():
            made = resize(frame.image.stored, size, mode, method, color, video.color)
            yield Frame(Image.take(made, color=video.color), frame.time)

    return keep_time(video, frames, size=size)


def resize(
    array: Array,
    size: tuple[int, int],
    mode: str,
    method: str,
    color: tuple[int, int, int],
    space: ColorSpace = SRGB,
) -> Array:
    """Return samples of a color space at a size, see `resize_frames`."""
    bounded = space.is_bounded
    height, width = array.shape[:2]
    factors = size[0] / width, size[1] / height
    if mode == "stretch" or abs(factors[0] - factors[1]) < 1e-9:
        return scale_to(array, size, method, bounded=bounded)
    factor = max(factors) if mode == "cover" else min(factors)
    inner = max(1, round(width * factor)), max(1, round(height * factor))
    scaled = scale_to(array, inner, method, bounded=bounded)
    if mode == "cover":
        left, top = (inner[0] - size[0]) // 2, (inner[1] - size[1]) // 2
        return np.ascontiguousarray(scaled[top : top + size[1], left : left + size[0]])
    sheet = create_sheet(array, size, color, space)
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    sheet[top : top + inner[1], left : left + inner[0]] = scaled
    return sheet


def scale_to(array: Array, size: tuple[int, int], method: str = "auto", *, bounded: bool = True) -> Array:
    """Return samples stretched to a size, antialiased when they shrink; alpha is multiplied in meanwhile.

    Samples that are not bounded are not clipped to [0, 1].
    """
    if (array.shape[1], array.shape[0]) == size:
        return array.copy()
    if method == "auto":
        shrinks = size[0] < array.shape[1] or size[1] < array.shape[0]
        method = "area" if shrinks else "bicubic"
    if array.shape[2] != 4:
        made = cv2.resize(array, size, interpolation=_METHODS[method])
        return (_bound(made, array) if bounded else made).reshape(size[1], size[0], -1)
    if not bounded:
        return _part_light(cv2.resize(_gather_light(array), size, interpolation=_METHODS[method]))
    return unweigh_colors(cv2.resize(weigh_colors(array), size, interpolation=_METHODS[method]), array)


def _bound(made: Array, like: Array) -> Array:
    return np.clip(made, 0.0, 1.0) if like.dtype.kind == "f" else made


def _gather_light(array: Array) -> Array:
    """Return samples with alpha multiplied in, but where it is 0: such colors glow."""
    colors = array[:, :, :3] * np.where(array[:, :, 3:] > 0, array[:, :, 3:], np.float32(1))
    return np.concatenate([colors, array[:, :, 3:]], axis=2)


def _part_light(array: Array) -> Array:
    """Return the inverse of `_gather_light`."""
    alpha = np.clip(array[:, :, 3:], 0.0, 1.0)
    alpha[alpha < _LEAST_ALPHA] = 0.0
    return np.concatenate([array[:, :, :3] / np.where(alpha > 0, alpha, np.float32(1)), alpha], axis=2)


def create_sheet(like: Array, size: tuple[int, int], color: tuple[int, int, int], space: ColorSpace = SRGB) -> Array:
    """Return samples of one opaque color, in the type and with the channels of others."""
    top = find_top(like)
    sheet: Array = np.zeros((size[1], size[0], like.shape[2]), like.dtype)
    plain = Image(np.array([[color]], np.uint8))
    levels = convert_color(plain, space).pixels[0, 0].astype(np.float64) * top
    sheet[:, :, : min(3, like.shape[2])] = levels[:3] if like.shape[2] >= 3 else levels.mean()
    if like.shape[2] == 4:
        sheet[:, :, 3] = top
    return sheet


def read_color(text: str) -> tuple[int, int, int]:
    """Return the red, green and blue of a color, from 0 to 255; MediaError E505 for an invalid one."""
    red, green, blue, _ = parse_color(text)
    return round(red * 255), round(green * 255), round(blue * 255)


def lay_over(base: Array, top: Array, x: int, y: int, opacity: float) -> Array:
    """Return samples with others laid over them at a place, by their alpha; what sticks out is left out.

    The result has the deeper of the two depths.
    """
    base, top = match_depth(base, top)
    full = np.float32(find_top(base))
    height, width = base.shape[:2]
    left, upper, right, lower = max(0, x), max(0, y), min(width, x + top.shape[1]), min(height, y + top.shape[0])
    if right <= left or lower <= upper:
        return base
    result = base.copy()
    part = top[upper - y : lower - y, left - x : right - x]
    under = result[upper:lower, left:right].astype(np.float32)
    colors = part[:, :, :3] if part.shape[2] >= 3 else np.repeat(part, 3, axis=2)
    if base.shape[2] == 1:
        colors = colors.mean(axis=2, keepdims=True)
    weight = np.full((*part.shape[:2], 1), opacity, np.float32)
    if part.shape[2] == 4:
        weight *= part[:, :, 3:].astype(np.float32) / full
    count = 1 if base.shape[2] == 1 else 3
    shown = under[:, :, count:] / full if base.shape[2] == 4 else np.ones_like(weight)
    covered = weight + shown * (1.0 - weight)
    mixed = colors * weight + under[:, :, :count] * shown * (1.0 - weight)
    made = mixed / np.maximum(covered, 1e-6)
    if base.shape[2] == 4:
        made = np.concatenate([made, covered * full], axis=2)
    result[upper:lower, left:right] = np.rint(made) if base.dtype.kind == "u" else made
    return result
