"""Videos made coherent again after each frame was processed by itself, guided by the video that they were made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import cv2
import numpy as np

from studio.api import Frame, Image, MediaError, Video
from studio_video.cuts import mark_cuts
from studio_video.flow import (
    Array,
    FloatArray,
    Method,
    enlarge_flow,
    find_reliable,
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
_TOLERANCE = 0.06  # how far the guide may change along its motion and still be the same thing
_MOST = 0.97  # a little of each frame always gets in, or errors of the motion would stay for ever


def reduce_flicker(video: Video, guide: Video | None, *, strength: float, step: Step) -> Video:
    """Return a video in which what moves keeps its look from frame to frame; two frames are held at a time.

    Each frame is pulled towards the one before it, carried along the motion of the guide, where the guide itself does
    not change along that motion (Bonneel et al. 2015): what flickers in the video and not in its guide is taken out.

    Args:
        video: The processed video.
        guide: The video that it was made from, as many frames; None to go by the video itself.
        strength: 0 to 1.
        step: Told of frames.
    """

    def frames() -> Iterator[Frame]:
        state: _State | None = None
        for index, (frame, guiding, is_cut) in enumerate(_pair(video, guide)):
            state = _State(frame.image, guiding) if state is None or is_cut else state.follow(frame, guiding, strength)
            step(index, video.count or 0, state.image if index % 24 == 0 else None)
            yield Frame(state.image, frame.time)

    return keep_time(video, frames)


def _pair(video: Video, guide: Video | None) -> Iterator[tuple[Frame, Image, bool]]:
    if guide is None:
        for frame, is_cut in mark_cuts(video.frames()):
            yield frame, frame.image, is_cut
        return
    processed = video.frames()
    count = 0
    for count, (guiding, is_cut) in enumerate(mark_cuts(guide.frames()), start=1):
        made = next(processed, None)
        if made is None:
            raise _refuse(f"the video has {count - 1} frames, and its guide has more")
        yield made, guiding.image, is_cut
    if next(processed, None) is not None:
        raise _refuse(f"the guide has {count} frames, and the video has more")


def _refuse(message: str) -> MediaError:
    return MediaError("E716", message, hint="the guide is the video that was processed, frame by frame")


class _State:
    """A frame of the result, and what the next one is made from."""

    def __init__(self, image: Image, guiding: Image, pixels: FloatArray | None = None) -> None:
        self.image = image
        self._pixels = image.pixels if pixels is None else pixels
        self._guide = fit(guiding, image.height, image.width)
        self._grey = _look(guiding)

    def follow(self, frame: Frame, guiding: Image, strength: float) -> _State:
        image = frame.image
        size = image.height, image.width
        grid, grey = make_grid(*size), _look(guiding)
        flow = enlarge_flow(measure_flow(grey, self._grey), *size)
        back = enlarge_flow(measure_flow(self._grey, grey), *size)
        kept = weigh_history(fit(guiding, *size), warp(self._guide, flow, grid), find_reliable(flow, back, grid))
        kept *= _MOST * strength
        pixels = np.clip(kept * warp(self._pixels, flow, grid) + (1 - kept) * image.pixels, 0.0, 1.0)
        return _State(to_depth(pixels, image.stored.dtype), guiding, pixels.astype(np.float32))


def weigh_history(guide: FloatArray, moved: FloatArray, reliable: Array) -> FloatArray:
    """Return how far each pixel is what it was in the frame before, 0 to 1, judged by the guide."""
    change = cv2.GaussianBlur(np.abs(guide - moved).mean(axis=2), (0, 0), 1.5)
    kept = np.exp(-((change / _TOLERANCE) ** 2)) * cv2.GaussianBlur(reliable.astype(np.float32), (0, 0), 1.0)
    weight: FloatArray = kept[..., None].astype(np.float32)
    return weight


def fit(image: Image, height: int, width: int) -> FloatArray:
    """Return a guide's colors in the size of the video."""
    pixels = image.pixels[..., :3]
    if pixels.shape[:2] == (height, width):
        return pixels
    resized = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    fitted: FloatArray = np.asarray(resized, np.float32).reshape(height, width, -1)
    return fitted


def _look(image: Image) -> Array:
    return limit_motion(to_grey(image), _MOST_FLOW_PIXELS)[0]


def measure_flicker(video: Video, guide: Video, *, method: Method = "farneback") -> float:
    """Return how much a video changes along its guide's motion, mean of 255, where that motion can be followed.

    The motion is measured by another method than the one that videos are made with, so that it can judge it.
    """
    errors = []
    before: tuple[FloatArray, Array] | None = None
    for frame, guiding, is_cut in _pair(video, guide):
        pixels, grey = frame.image.pixels, _look(guiding)
        if before is not None and not is_cut:
            size = frame.image.height, frame.image.width
            flow = enlarge_flow(measure_flow(grey, before[1], method=method), *size)
            back = enlarge_flow(measure_flow(before[1], grey, method=method), *size)
            grid = make_grid(*size)
            seen = find_reliable(flow, back, grid)
            if seen.any():
                errors.append(float(np.abs(warp(before[0], flow, grid, smooth=False) - pixels)[seen].mean()) * 255)
        before = pixels, grey
    return float(np.mean(errors)) if errors else 0.0
