"""How much moves in a video, over time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from studio.api import Image, Video
    from studio_audio.bounds import FloatArray, Step

_SIDE, _STEP_SECONDS = 64, 0.5


def measure_motion(video: Video, step: Step) -> tuple[list[tuple[float, float]], float]:
    """Return points (seconds, intensity from 0 to 1), every half second, and the length of the video in seconds."""
    times, changes = [], []
    before: FloatArray | None = None
    for index, frame in enumerate(video.frames()):
        step(index, video.count or 0)
        small = _shrink(frame.image)
        if before is not None:
            times.append(frame.time)
            changes.append(float(np.abs(small - before).mean()))
        before = small
    length = video.duration
    if not changes:
        return [(0.0, 0.0)], length
    at = np.arange(0, max(length, _STEP_SECONDS), _STEP_SECONDS)
    curve = np.interp(at, times, np.sqrt(changes))
    smooth = np.convolve(np.pad(curve, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    low, high = np.percentile(smooth, [5, 95])
    levels = np.clip((smooth - low) / (high - low), 0, 1) if high - low > 1e-4 else np.full(len(smooth), 0.5)
    return [(round(float(time), 3), round(float(level), 4)) for time, level in zip(at, levels, strict=True)], length


def _shrink(image: Image) -> FloatArray:
    import PIL.Image

    luma = image.pixels[:, :, :3].mean(axis=2)
    picture = PIL.Image.fromarray(np.ascontiguousarray(luma, np.float32))
    return np.asarray(picture.resize((_SIDE, _SIDE), PIL.Image.Resampling.BOX), np.float32)
