"""A camera that moves over a still: pans, zooms, turns and parallax, exact to fractions of a pixel."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from studio.api import Frame, Image, MediaError, Video
from studio_video.flow import Array, FloatArray
from studio_video.interpolate import to_depth
from studio_video.moves import Move

if TYPE_CHECKING:
    Step = Callable[[int, int, Image | None], None]

Easing = Literal["smooth", "linear", "accelerate", "slow_down"]

_MOST_SIDE = 32_000
_DEEP = 3  # rounds in which the depth that a pixel shows is found


@dataclass(frozen=True)
class View:
    """What the camera sees: a window in the image.

    Attributes:
        x: Middle of the window, 0 at the left edge of the image and 1 at its right one.
        y: Middle of the window, 0 at the top.
        zoom: How many times smaller the window is than the largest that fits.
        degrees: How far it is turned, against the clock.
        side: Where the camera stands beside its place, -1 to 1; what is near moves against it.
        lift: The same, upwards.
    """

    x: float = 0.5
    y: float = 0.5
    zoom: float = 1.0
    degrees: float = 0.0
    side: float = 0.0
    lift: float = 0.0


@dataclass(frozen=True)
class Shot:
    """A move of the camera.

    Attributes:
        move: Which.
        amount: How far, 0 to 1.
        x: What to keep in view, 0 to 1 from the left.
        y: The same from the top.
        easing: How the speed changes.
        width: Columns of the frames.
        height: Rows of the frames.
    """

    move: Move
    amount: float
    x: float
    y: float
    easing: Easing
    width: int
    height: int


def move_camera(image: Image, shot: Shot, *, frames: int, rate: Fraction, depth: Image | None, step: Step) -> Video:
    """Return a video of a camera that moves over an image; each frame is made when it is asked for.

    Raises:
        MediaError: E717 if the image is too large to be moved over.
    """
    if max(image.width, image.height, shot.width, shot.height) > _MOST_SIDE:
        raise MediaError("E717", f"{image!r} is too large for a camera", hint=f"at most {_MOST_SIDE} pixels a side")
    camera = Camera(image, shot, depth)

    def create_frames() -> Iterator[Frame]:
        for index in range(frames):
            made = camera.take(ease(index / max(1, frames - 1), shot.easing))
            step(index, frames, made if index % 24 == 0 else None)
            yield Frame(made, float(index / rate))

    return Video(create_frames, width=shot.width, height=shot.height, channels=image.channels, rate=rate, count=frames)


def ease(share: float, easing: Easing) -> float:
    """Return how much of a move is done after a share of its time."""
    if easing == "smooth":
        return share * share * (3 - 2 * share)
    if easing == "accelerate":
        return share * share
    if easing == "slow_down":
        return 1 - (1 - share) ** 2
    return share


def find_view(shot: Shot, done: float) -> View:
    """Return what the camera sees when a share of its move is done."""
    amount, zoom = shot.amount, 1 + shot.amount
    if shot.move in ("zoom_in", "zoom_out"):
        done = done if shot.move == "zoom_in" else 1 - done
        return View(shot.x, shot.y, zoom**done)  # an even pace: equal factors in equal times
    if shot.move in ("pan_left", "pan_right", "pan_up", "pan_down"):
        along = done if shot.move in ("pan_right", "pan_down") else 1 - done
        return View(along, shot.y, zoom) if shot.move in ("pan_left", "pan_right") else View(shot.x, along, zoom)
    if shot.move == "drift":
        return View(0.5 + (shot.x - 0.5) * done + 0.15 * (done - 0.5), shot.y, (1 + amount / 2) * zoom ** (done / 2))
    if shot.move == "rotate":
        return View(shot.x, shot.y, 1.0, 30 * amount * (done - 0.5))
    if shot.move == "parallax":
        return View(shot.x, shot.y, 1 + 0.1 * amount * done, 0.0, 2 * done - 1)
    if shot.move == "orbit":
        return View(shot.x, shot.y, 1.0, 0.0, math.sin(2 * math.pi * done), math.cos(2 * math.pi * done))
    return View(shot.x, shot.y)


class Camera:
    """A camera over one image, which can be asked for any moment of its move."""

    def __init__(self, image: Image, shot: Shot, depth: Image | None) -> None:
        self._shot = shot
        self._dtype = image.stored.dtype
        self._pixels = _premultiply(image.pixels)
        self._deep = shot.move in ("parallax", "orbit")
        if self._deep:
            self._depth = guess_depth(image) if depth is None else _fit_depth(depth, image)
            self._reach = 0.06 * shot.amount * min(image.width, image.height)

    def take(self, done: float) -> Image:
        """Return the frame when a share of the move is done."""
        view = find_view(self._shot, done)
        turned = self._deep or view.degrees != 0 or self._shot.move == "rotate"
        made = self._turn(view) if turned else self._crop(view)
        return to_depth(np.clip(_unmultiply(made), 0.0, 1.0), self._dtype)

    def _crop(self, view: View) -> FloatArray:
        """Resample rows and columns apart, each with an exact and soft-edged kernel."""
        height, width = self._pixels.shape[:2]
        wide, high = self._find_window(view, 0.0)
        left, top = (width - wide) * view.x, (height - high) * view.y
        across = make_kernel(width, self._shot.width, left, wide)
        down = make_kernel(height, self._shot.height, top, high)
        rows = np.tensordot(down, self._pixels, (1, 0))
        made: FloatArray = np.ascontiguousarray(np.tensordot(rows, across, (1, 1)).transpose(0, 2, 1), np.float32)
        return made

    def _find_window(self, view: View, margin: float) -> tuple[float, float]:
        """Return columns and rows of the window: the largest of its shape that stays in the image, and zoomed."""
        height, width = self._pixels.shape[:2]
        aspect = self._shot.width / self._shot.height
        most = abs(15.0 * self._shot.amount if self._shot.move == "rotate" else 0.0) * math.pi / 180
        wide = math.cos(most) + math.sin(most) / aspect  # columns that a turned window of one column takes
        high = math.cos(most) / aspect + math.sin(most)
        columns = min((width - 2 * margin) / wide, (height - 2 * margin) / high) / view.zoom
        return max(columns, 1e-3), max(columns / aspect, 1e-3)

    def _turn(self, view: View) -> FloatArray:
        height, width = self._pixels.shape[:2]
        margin = min(self._reach + 1, 0.2 * min(height, width)) if self._deep else 0.0
        columns, rows = self._find_window(view, margin)
        scale = columns / self._shot.width
        pixels = self._pixels
        if scale > 1:  # smaller than it was: soften, or edges crawl
            soft = cv2.GaussianBlur(pixels, (0, 0), 0.5 * math.sqrt(scale * scale - 1) + 1e-3)
            pixels = np.asarray(soft, np.float32).reshape(self._pixels.shape)
        x = ((np.arange(self._shot.width, dtype=np.float64) + 0.5) / self._shot.width - 0.5) * columns
        y = ((np.arange(self._shot.height, dtype=np.float64) + 0.5) / self._shot.height - 0.5) * rows
        across, down = np.meshgrid(x, y)
        angle = view.degrees * math.pi / 180
        free_x, free_y = _find_free(width, height, columns, rows, angle, margin)
        middle_x = width / 2 + (view.x - 0.5) * free_x - 0.5
        middle_y = height / 2 + (view.y - 0.5) * free_y - 0.5
        at_x = (middle_x + math.cos(angle) * across - math.sin(angle) * down).astype(np.float32)
        at_y = (middle_y + math.sin(angle) * across + math.cos(angle) * down).astype(np.float32)
        if self._deep:
            at_x, at_y = self._displace(at_x, at_y, view)
        made = cv2.remap(pixels, at_x, at_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(made, np.float32).reshape(self._shot.height, self._shot.width, -1)

    def _displace(self, at_x: FloatArray, at_y: FloatArray, view: View) -> tuple[FloatArray, FloatArray]:
        """Return where a camera beside its place sees each pixel: near ones have moved against it."""
        found_x, found_y = at_x, at_y
        for _ in range(_DEEP):
            near = cv2.remap(self._depth, found_x, found_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) - 0.5
            found_x = at_x + np.float32(2 * self._reach * view.side) * near
            found_y = at_y + np.float32(2 * self._reach * view.lift) * near
        return found_x, found_y


def _find_free(
    width: int, height: int, columns: float, rows: float, angle: float, margin: float
) -> tuple[float, float]:
    """Return how far the middle of a turned window can go and stay in the image."""
    wide = abs(math.cos(angle)) * columns + abs(math.sin(angle)) * rows
    high = abs(math.sin(angle)) * columns + abs(math.cos(angle)) * rows
    return max(0.0, width - 2 * margin - wide), max(0.0, height - 2 * margin - high)


def make_kernel(source: int, target: int, start: float, length: float) -> FloatArray:
    """Return the weights, target x source, that resample a part of a row: cubic, and wider where it shrinks.

    Args:
        source: Samples of the row.
        target: Samples of the result.
        start: Where the part begins, in samples, at any fraction.
        length: How long it is, in samples.
    """
    scale = length / target
    support = max(scale, 1.0)
    middles = start + (np.arange(target, dtype=np.float64) + 0.5) * scale - 0.5
    reach = math.ceil(2 * support)
    places = np.floor(middles).astype(np.int64)[:, None] + np.arange(-reach, reach + 1)
    distance = np.abs(places - middles[:, None]) / support
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1  # Keys 1981, a = -0.5
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    weights = np.where(distance < 1, near, np.where(distance < 2, far, 0.0))
    weights /= weights.sum(axis=1, keepdims=True)
    kernel = np.zeros((target, source))
    np.add.at(kernel, (np.arange(target)[:, None], np.clip(places, 0, source - 1)), weights)
    return kernel.astype(np.float32)


def guess_depth(image: Image) -> FloatArray:
    """Guess how near things are, 0 (far) to 1: lower in the image is nearer, so is what is sharp and in the middle.

    A guess from position and detail, kept to the image's edges by a guided filter (He et al. 2010). It is good for a
    gentle move; give a measured depth for more.
    """
    pixels = image.pixels
    height, width = pixels.shape[:2]
    grey = np.ascontiguousarray(pixels[..., :3].mean(axis=2), np.float32)
    y, x = np.mgrid[:height, :width].astype(np.float32)
    ground = (y + 0.5) / height
    middle = np.exp(-(((x + 0.5) / width - 0.5) ** 2 + 0.5 * (ground - 0.6) ** 2) / 0.08)
    sigma = max(1.0, 0.03 * min(height, width))
    detail = cv2.GaussianBlur(np.abs(grey - cv2.GaussianBlur(grey, (0, 0), 2.0)), (0, 0), sigma)
    detail = detail / (float(detail.max()) + 1e-6)
    guess = 0.5 * ground + 0.3 * middle + 0.2 * detail
    depth = _filter_guided(guess.astype(np.float32), grey, max(2, round(0.06 * min(height, width))))
    return _spread(cv2.GaussianBlur(depth, (0, 0), max(1.0, 0.01 * min(height, width))))


def _filter_guided(values: FloatArray, guide: FloatArray, radius: int) -> FloatArray:
    size = 2 * radius + 1, 2 * radius + 1
    mean_guide, mean_values = cv2.blur(guide, size), cv2.blur(values, size)
    covariance = cv2.blur(guide * values, size) - mean_guide * mean_values
    slope = covariance / (cv2.blur(guide * guide, size) - mean_guide**2 + 0.01)
    offset = mean_values - slope * mean_guide
    filtered: FloatArray = cv2.blur(slope, size) * guide + cv2.blur(offset, size)
    return filtered


def _fit_depth(depth: Image, image: Image) -> FloatArray:
    grey = np.ascontiguousarray(depth.pixels[..., :3].mean(axis=2), np.float32)
    fitted = cv2.resize(grey, (image.width, image.height), interpolation=cv2.INTER_LINEAR)
    sigma = max(0.5, 0.004 * min(image.width, image.height))  # a hard step would tear the image
    return _spread(cv2.GaussianBlur(fitted, (0, 0), sigma))


def _spread(depth: Array) -> FloatArray:
    low, high = float(depth.min()), float(depth.max())
    if high - low < 1e-6:
        return np.full(depth.shape, 0.5, np.float32)
    return ((depth - low) / (high - low)).astype(np.float32)


def _premultiply(pixels: FloatArray) -> FloatArray:
    if pixels.shape[2] != 4:
        return pixels
    return np.concatenate([pixels[..., :3] * pixels[..., 3:], pixels[..., 3:]], axis=2)


def _unmultiply(pixels: FloatArray) -> FloatArray:
    if pixels.shape[2] != 4:
        return pixels
    alpha = np.clip(pixels[..., 3:], 0, 1)
    return np.concatenate([pixels[..., :3] / np.maximum(alpha, 1e-6), alpha], axis=2)
