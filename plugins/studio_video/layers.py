"""Images, videos and subtitles drawn over a video."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from studio.api import Audio, Frame, Image, Placement, Video
from studio_video.audio import cut_or_pad, mix_audio
from studio_video.captions import Style, draw_cue, is_grey
from studio_video.depth import find_top
from studio_video.entrance import Entrance, move_image
from studio_video.retime import FrameReader, create_video, keep_time
from studio_video.shape import lay_over, scale_to
from studio_video.subtitles import Cue

Array = npt.NDArray[Any]
NO_ENTRANCE = Entrance()
_EDGE = 1e-6


def overlay_image(
    video: Video,
    picture: Image,
    x: int,
    y: int,
    opacity: float,
    start: float,
    end: float | None,
    entrance: Entrance = NO_ENTRANCE,
) -> Video:
    """Return a video with an image over it for some time; a grey video gets color where the image has some."""
    top = picture.stored
    base = _color_grey(video) if _has_color(top) else video

    def change(frame: Frame) -> Image:
        if frame.time < start - _EDGE or (end is not None and frame.time >= end - _EDGE):
            return frame.image
        move, share = entrance.find_move(frame.time, start, lambda: video.duration if end is None else end)
        shown, left, above = move_image(top, (x, y), (video.width, video.height), move, share)
        if not shown.size:
            return frame.image
        seen = opacity * share if move == "fade" else opacity
        return Image.take(lay_over(frame.image.stored, shown, left, above, seen))

    return change_frames(base, change)


def _color_grey(video: Video) -> Video:
    """Return a grey video as RGB, so that what is laid over it keeps its color; others as they are."""
    if video.channels != 1:
        return video
    return change_frames(video, lambda frame: Image.take(np.repeat(frame.image.stored, 3, axis=2)), channels=3)


def _has_color(array: Array) -> bool:
    """Say whether samples that are not grey have an alpha above 0 in one pixel at least."""
    if array.shape[2] < 3:
        return False
    differs = (array[:, :, :1] != array[:, :, 1:3]).any(axis=2)
    return bool((differs & (array[:, :, 3] > 0)).any() if array.shape[2] == 4 else differs.any())


def fade(video: Video, fade_in: float, fade_out: float, color: tuple[int, int, int]) -> Video:
    """Return a video that comes out of a color (0 to 255) and goes into it, linearly in encoded samples."""
    base = video if len(set(color)) == 1 else _color_grey(video)

    def change(frame: Frame) -> Image:
        share = min(frame.time / fade_in if fade_in else 1.0, 1.0)
        left = video.duration - frame.time
        share = min(share, left / fade_out if fade_out else 1.0)
        return frame.image if share >= 1 else Image.take(_mix_color(frame.image.stored, color, max(share, 0.0)))

    return change_frames(base, change)


def _mix_color(array: Array, color: tuple[int, int, int], share: float) -> Array:
    """Return samples, of which a share shows over a color that covers all."""
    full = find_top(array)
    plain = np.zeros_like(array)
    levels = np.array(color[: min(array.shape[2], 3)]) * (full / 255)
    plain[:, :, : len(levels)] = np.rint(levels) if array.dtype.kind == "u" else levels
    if array.shape[2] == 4:
        plain[:, :, 3] = full
    return lay_over(plain, array, 0, 0, share)


def change_frames(video: Video, change: Callable[[Frame], Image], channels: int | None = None) -> Video:
    """Return a video whose frames are changed one by one, and keep their size; None keeps the channels."""

    def frames() -> Iterator[Frame]:
        for frame in video.frames():
            yield Frame(change(frame), frame.time)

    return keep_time(video, frames, channels=channels)


def lay_inset(
    video: Video, inset: Video, spot: Placement, share: float, border: int, start: float, sound: str
) -> Video:
    """Return a video with another, smaller, at a place on it from some time on, as long as that one lasts.

    A grey video gets color where the small one is not grey.
    """
    video = _color_grey(video) if inset.channels > 1 else video
    width = max(1, round(video.width * share) - 2 * border)
    height = max(1, round(width * inset.height / inset.width))
    outer = width + 2 * border, height + 2 * border
    x, y = spot.find(outer, (video.width, video.height))

    def frames() -> Iterator[Frame]:
        reader: FrameReader | None = None
        for frame in video.frames():
            if frame.time < start - _EDGE or frame.time >= start + inset.duration - _EDGE:
                yield frame
                continue
            reader = reader or FrameReader(inset)
            small = scale_to(reader.find(frame.time - start).image.stored, (width, height))
            if border:
                small = _frame(small, border)
            yield Frame(Image.take(lay_over(frame.image.stored, small, x, y, 1.0)), frame.time)

    def load_audio() -> Audio | None:
        if sound == "video" or inset.audio is None:
            return video.audio
        if sound == "inset" or video.audio is None:
            return cut_or_pad(inset.audio, video.duration, start)
        return mix_audio(video.audio, inset.audio, 1.0, start, video.duration)

    return create_video(video, frames, count=lambda: video.count, duration=lambda: video.duration, audio=load_audio)


def _frame(array: Array, border: int) -> Array:
    edges = ((border, border), (border, border), (0, 0))
    return np.pad(array, edges, constant_values=array.dtype.type(find_top(array)))


def burn_captions(video: Video, cues: Sequence[Cue], style: Style) -> Video:
    """Return a video with subtitles drawn into it; each cue is drawn once. A grey video gets color if they have."""
    drawn: dict[Cue, tuple[Array, int, int]] = {}
    video = video if is_grey(style) else _color_grey(video)

    def change(frame: Frame) -> Image:
        array = frame.image.stored
        shown = [cue for cue in cues if cue.start <= frame.time + _EDGE < cue.end]
        for cue in [old for old in drawn if old not in shown]:
            del drawn[cue]
        if not shown:
            return frame.image
        for cue in shown:
            if cue not in drawn:
                drawn[cue] = draw_cue(cue, (video.width, video.height), style)
            label, x, y = drawn[cue]
            array = lay_over(array, label, x, y, 1.0)
        return Image.take(array.copy())

    return change_frames(video, change)
