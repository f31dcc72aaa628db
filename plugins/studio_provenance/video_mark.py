"""Marks videos frame by frame, and finds marks in what many frames have in common; in constant memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api import Frame, Video
from studio_provenance.found_mark import FoundMark
from studio_provenance.image_mark import check_size, compute_mark, plan_rendering
from studio_provenance.image_pixels import add_luma, read_luma, read_small_luma
from studio_provenance.image_search import find_mark, flatten
from studio_provenance.image_waves import create_waves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from studio.api import Audio

_SHARE = 0.7  # of the mark of an image: many frames add up, and a mark that stands still shows where the camera moves
_FRAMES = 128  # that a search adds up; of longer videos it takes evenly spaced ones


def mark_video(
    video: Video,
    key: bytes,
    payload: int,
    strength: float = 1.0,
    audio: Callable[[], Audio | None] | None = None,
    *,
    marks_frames: bool = True,
) -> Video:
    """Return a video whose frames carry a mark: the same one at the same place in each.

    Args:
        video: The video.
        key: The key.
        payload: The 64 bits.
        strength: Factor of the mark.
        audio: Returns the audio of the result; the audio of the video, without it.
        marks_frames: Whether the frames are marked; if not, they are handed on.

    Raises:
        MediaError: E651 for a video that is too small.
    """
    if marks_frames:
        check_size(video.width, video.height)
    waves = create_waves(key).keyed.build_waves(payload)

    def mark_frames() -> Iterator[Frame]:
        rows = plan_rendering(waves, video.height, video.width)(0, video.height)
        for frame in video.frames():
            added = compute_mark(read_luma(frame.image), lambda top, bottom: rows[top:bottom], strength * _SHARE)
            yield Frame(add_luma(frame.image, added), frame.time)

    return Video(
        mark_frames if marks_frames else video.frames,
        width=video.width,
        height=video.height,
        rate=video.rate,
        channels=video.channels,
        count=lambda: video.count,
        audio=audio or (lambda: video.audio),
        duration=lambda: video.duration,
        color=video.color,
    )


def find_in_video(video: Video, key: bytes) -> FoundMark:
    """Search the frames of a video for the mark of a key: first in what they have in common."""
    total: Any = None
    spacing = max(1, (video.count or 0) // _FRAMES)
    for index, frame in enumerate(video.frames()):
        if index % spacing == 0:
            flat = flatten(read_small_luma(frame.image))
            total = flat if total is None else np.add(total, flat, out=total)
    if total is None:
        total = np.zeros((1, 1), np.float32)
    return find_mark(total / max(float(total.std()), 1e-9), key)
