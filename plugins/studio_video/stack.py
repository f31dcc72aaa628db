"""Videos beside each other, below each other and in a grid, all at the same time."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from studio.api import Audio, ColorSpace, Frame, Image, MediaError, Video, convert_color
from studio_video.audio import cut_or_pad, mix_audio
from studio_video.depth import match_depth
from studio_video.images import match_channels
from studio_video.retime import FrameReader, create_video
from studio_video.shape import create_sheet, resize

Array = npt.NDArray[Any]
_MOST_SIDE = 32_000
_EDGE = 1e-6


class Layout(NamedTuple):
    """Where videos lie.

    Attributes:
        boxes: Left, top, width and height of each.
        size: Width and height of the whole.
    """

    boxes: list[tuple[int, int, int, int]]
    size: tuple[int, int]


def arrange(sizes: Sequence[tuple[int, int]], direction: str, columns: int | None, gap: int) -> Layout:
    """Return where videos of these sizes lie: in a row, all as high as the first; in a column, all as wide; in a grid.

    Raises:
        MediaError: E704 for more than 32,000 pixels a side.
    """
    first = sizes[0]
    if direction == "right":
        sides = [(max(1, round(w * first[1] / h)), first[1]) for w, h in sizes]
    elif direction == "down":
        sides = [(first[0], max(1, round(h * first[0] / w))) for w, h in sizes]
    else:
        sides = [first] * len(sizes)
    across = {"right": len(sizes), "down": 1}.get(direction, columns or math.ceil(math.sqrt(len(sizes))))
    boxes, left, top = [], 0, 0
    for index, (width, height) in enumerate(sides):
        if index and index % across == 0:
            left, top = 0, top + sides[index - 1][1] + gap
        boxes.append((left, top, width, height))
        left += width + gap
    size = max(x + w for x, _, w, _ in boxes), max(y + h for _, y, _, h in boxes)
    if max(size) > _MOST_SIDE:
        message = f"{size[0]} x {size[1]} is too large"
        raise MediaError("E704", message, hint=f"a side has at most {_MOST_SIDE} pixels; use video.resize first")
    return Layout(boxes, size)


def stack_videos(videos: Sequence[Video], layout: Layout, color: tuple[int, int, int], ends: str, sound: str) -> Video:
    """Return videos at their places, at the rate of the first; one that is over shows its last frame.

    Args:
        videos: Videos to show.
        layout: Place of each; one of another shape gets bars.
        color: Color of gaps, bars and empty places, from 0 to 255.
        ends: End with the "shortest" or the "longest" video.
        sound: Audio of the result: of the "first" video, of all of them ("mix"), or "none".
    """
    first = videos[0]
    channels = max(video.channels for video in videos)
    if channels == 1 and len(set(color)) > 1:
        channels = 3

    def measure() -> float:
        lengths = [video.duration for video in videos]
        return min(lengths) if ends == "shortest" else max(lengths)

    def frames() -> Iterator[Frame]:
        readers = [FrameReader(video) for video in videos]
        for index in range(max(1, math.ceil(measure() * first.rate - _EDGE))):
            time = float(index / first.rate)
            images = [convert_color(reader.find(time).image, first.color) for reader in readers]
            parts = match_depth(*(match_channels(image, channels).stored for image in images))
            yield Frame(Image.take(_lay_out(parts, layout, color, first.color), color=first.color), time)

    def load_audio() -> Audio | None:
        return _mix(videos, measure(), sound)

    return create_video(first, frames, size=layout.size, channels=channels, duration=measure, audio=load_audio)


def _lay_out(parts: Sequence[Array], layout: Layout, color: tuple[int, int, int], space: ColorSpace) -> Array:
    sheet = create_sheet(parts[0], layout.size, color, space)
    for part, (left, top, width, height) in zip(parts, layout.boxes, strict=True):
        sheet[top : top + height, left : left + width] = resize(part, (width, height), "pad", "auto", color, space)
    return np.ascontiguousarray(sheet)


def _mix(videos: Sequence[Video], seconds: float, sound: str) -> Audio | None:
    heard = [video.audio for video in (videos if sound == "mix" else videos[:1]) if video.audio is not None]
    if sound == "none" or not heard:
        return None
    mixed = cut_or_pad(heard[0], seconds)
    for audio in heard[1:]:
        mixed = mix_audio(mixed, audio, 1.0, 0.0, seconds)
    return mixed
