"""Videos for tests: noise, ramps, and times that are given one by one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from studio.api.audio import Audio
from studio.api.image import Image
from studio.api.video import Frame, Video
from studio.api.video_file import VideoType
from studio.settings import MediaLimits

VIDEO, LIMITS = VideoType(), MediaLimits()
RNG = np.random.default_rng(11)
GRAPH = json.dumps({"studio": 1, "title": "Größe \u0001 <&>"})
NTSC = Fraction(30_000, 1001)


def make_noise(
    count: int = 4, channels: int = 3, dtype: type = np.uint8, size: tuple[int, int] = (14, 18)
) -> list[Image]:
    top = np.iinfo(dtype).max + 1
    return [Image(RNG.integers(0, top, (*size, channels)).astype(dtype)) for _ in range(count)]


def make_video(images: Sequence[Image], times: Sequence[float], audio: Audio | None = None) -> Video:
    def create_frames() -> Iterator[Frame]:
        return (Frame(image, time) for image, time in zip(images, times, strict=True))

    first = images[0]
    return Video(create_frames, width=first.width, height=first.height, channels=first.channels, rate=NTSC, audio=audio)


def make_ramp(count: int, size: tuple[int, int] = (48, 64)) -> list[Image]:
    return [Image(np.full((*size, 3), 40 + 4 * index, np.uint8)) for index in range(count)]
