"""Where the scenes of a video begin."""

from __future__ import annotations

from collections.abc import Callable

from studio.api import Image, Video
from studio_video.cuts import mark_cuts
from studio_video.retime import closing_stream

_EDGE = 1e-6


def find_starts(
    video: Video, sensitivity: float, shortest: float, most: int, step: Callable[[int, int, Image | None], None]
) -> list[tuple[int, float, Image]]:
    """Return number, time and image of the first frame of each scene."""
    found: list[tuple[int, float, Image]] = []
    with closing_stream(video) as stream:
        for number, (frame, starts) in enumerate(mark_cuts(stream, sensitivity)):
            if not found or (starts and frame.time - found[-1][1] >= shortest - _EDGE):
                if len(found) == most:
                    break
                found.append((number, frame.time, frame.image))
            step(number + 1, max(video.count or 0, number + 1), None)
    return found
