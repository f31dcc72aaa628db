"""Noise taken out of videos: neighbours brought into place along their motion, and averaged where they agree."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from studio.api import Frame, Image, Video
from studio_video.cuts import mark_cuts
from studio_video.flow import (
    Array,
    FloatArray,
    enlarge_flow,
    has_motion_to_measure,
    limit_motion,
    make_grid,
    measure_flow,
    to_grey,
    warp,
)
from studio_video.interpolate import to_depth
from studio_video.retime import keep_time

if TYPE_CHECKING:
    Step = Callable[[int, int, Image | None], None]

_MOST_FLOW_PIXELS = 1_000_000
_PATCH = 7  # side of the patches that are compared
_SLACK = 1.5  # differences of two noisy patches up to this many deviations are noise
_LAPLACIAN = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


@dataclass
class _Held:
    frame: Frame
    scene: int
    grey: Array


def reduce_noise(video: Video, *, noise: float, radius: int, spatial: float, step: Step) -> Video:
    """Return a video with less noise; `2 radius + 1` frames are held at a time.

    Args:
        video: The video.
        noise: Standard deviation of the noise, samples from 0 to 1; 0 to estimate it in each frame.
        radius: Frames used on either side.
        spatial: How much of what is left is smoothed within the frame, 0 to 1.
        step: Told of frames.
    """

    def frames() -> Iterator[Frame]:
        for index, (window, center) in enumerate(_slide(video, radius)):
            held = window[center]
            image = _denoise(window, center, noise, spatial)
            step(index, video.count or 0, image if index % 24 == 0 else None)
            yield Frame(image, held.frame.time)

    return keep_time(video, frames)


def estimate_noise(image: Image) -> float:
    """Return the standard deviation of an image's noise, samples from 0 to 1 (Immerkaer 1996, with a median)."""
    grey = cv2.GaussianBlur(image.pixels[..., 1 if image.channels > 1 else 0], (1, 1), 0)
    if min(grey.shape) < 3:
        return 0.0
    rough = np.abs(cv2.filter2D(grey, cv2.CV_32F, _LAPLACIAN)[1:-1, 1:-1])
    return float(np.median(rough)) / 0.6745 / 6.0


def _slide(video: Video, radius: int) -> Iterator[tuple[list[_Held], int]]:
    """Yield the frames around each frame, and which of them it is."""
    window: deque[_Held] = deque(maxlen=2 * radius + 1)
    scene, center = 0, -1
    for frame, is_cut in mark_cuts(video.frames()):
        scene += is_cut
        if len(window) == window.maxlen:
            center -= 1
        window.append(_Held(frame, scene, _look(frame.image)))
        if len(window) > radius + max(center, -1) + 1:
            center += 1
            yield list(window), center
    while center + 1 < len(window):
        center += 1
        yield list(window), center


def _look(image: Image) -> Array:
    """Return the luma in which motion is measured: small enough, and with less noise."""
    grey, _ = limit_motion(to_grey(image), _MOST_FLOW_PIXELS)
    return cv2.GaussianBlur(grey, (0, 0), 1.0)


def _denoise(window: list[_Held], center: int, noise: float, spatial: float) -> Image:
    held = window[center]
    image = held.frame.image
    level = noise or estimate_noise(image)
    if level < 1e-4 or not has_motion_to_measure(image.height, image.width):
        return image
    pixels = image.pixels
    total, weights = pixels.copy(), np.ones((*pixels.shape[:2], 1), np.float32)
    grid = make_grid(image.height, image.width)
    for other in window:
        if other is held or other.scene != held.scene:
            continue
        flow = enlarge_flow(measure_flow(held.grey, other.grey), image.height, image.width)
        moved = warp(other.frame.image.pixels, flow, grid)
        weight = _weigh(pixels, moved, level)
        total += weight * moved
        weights += weight
    mean = (total / weights).astype(np.float32)
    if spatial > 0:
        smooth = _smooth(mean, (level / np.sqrt(weights)).astype(np.float32), spatial)
        if image.stored.dtype != np.uint8:  # what is finer than the steps of 8 bits, at which it is smoothed, stays
            smooth += spatial * (mean - np.rint(np.clip(mean, 0, 1) * 255.0) / np.float32(255.0)) * (smooth is not mean)
        mean = smooth
    return to_depth(np.clip(mean, 0.0, 1.0), image.stored.dtype)


def _weigh(pixels: FloatArray, moved: FloatArray, level: float) -> FloatArray:
    """Return how far two patches differ by no more than noise: 1 where they agree, 0 where they do not."""
    apart = cv2.blur(((pixels - moved) ** 2).mean(axis=2), (_PATCH, _PATCH)) / (2 * level**2)
    weight: FloatArray = np.exp(-np.maximum(0.0, apart - _SLACK) * 2.0)[..., None].astype(np.float32)
    return weight


def _smooth(mean: FloatArray, left: FloatArray, spatial: float) -> FloatArray:
    """Smooth what noise the average has left, patch by patch (non-local means): more where fewer frames agreed."""
    low, high = (float(each) * 255.0 for each in np.percentile(left, (10, 90)))
    if high < 0.3:
        return mean
    levels = np.rint(np.clip(mean, 0, 1) * 255.0).astype(np.uint8)
    smooth = _smooth_evenly(levels, high)
    if high > 1.2 * low:
        share = np.clip((left * 255.0 - low) / (high - low), 0.0, 1.0)
        smooth = share * smooth + (1 - share) * _smooth_evenly(levels, max(low, 0.3))
    result: FloatArray = (1 - spatial) * mean + spatial * smooth
    return result


def _smooth_evenly(levels: Array, strength: float) -> FloatArray:
    planes = [
        cv2.fastNlMeansDenoising(np.ascontiguousarray(levels[..., index]), None, strength, 5, 15)
        for index in range(levels.shape[2])
    ]
    return np.dstack(planes).astype(np.float32) / np.float32(255.0)
