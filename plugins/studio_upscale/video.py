"""Videos enlarged in groups of frames."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np

from studio.api import Context, Frame, Image, MediaError, MediaLimits, Model, Video
from studio_upscale.enlarge import OnTile, enlarge, restore
from studio_upscale.gauge import find_middle
from studio_upscale.pixels import AnyArray, FloatArray, to_floats
from studio_upscale.tiles import Tiling
from studio_upscale.upscaler import Upscaler, find_upscaler

_FLAT = 0.01  # deviation of samples, of 1, below which a frame tells nothing


def check_frame_size(video: Video, scale: float) -> tuple[int, int]:
    """Return the size of the frames of the result.

    Raises:
        MediaError: E506 if it is over the limits.
    """
    width, height = max(1, round(video.width * scale)), max(1, round(video.height * scale))
    limits = MediaLimits()
    if width * height > limits.max_pixels or max(width, height) > limits.max_side:
        raise MediaError(
            "E506", f"frames of {width} x {height} pixels are over the limits", hint="ask for a smaller scale"
        )
    return width, height


class SteadyInspection:
    """What a model sees of the frames so far, so that the guess about one frame does not make the video flicker.

    A mean in which old frames count less and less. Frames of one color, of which nothing can be told, do not count.
    """

    _KEPT = 0.9  # of what was seen before, with each frame

    def __init__(self, upscaler: Upscaler) -> None:
        self._upscaler = upscaler
        self._seen: dict[tuple[int, tuple[int, ...]], tuple[int, FloatArray]] = {}

    def __call__(self, image: AnyArray, scale: int) -> Sequence[float]:
        """Inspect the next frame; its alpha is inspected by itself."""
        key, now = (scale, image.shape), np.array(self._upscaler.inspect(image, scale), np.float32)
        count, mean = self._seen.get(key, (0, now))
        if float(to_floats(find_middle(image)).std()) > _FLAT:
            kept = min(self._KEPT, count / (count + 1))
            mean = kept * mean + (1 - kept) * now
            self._seen[key] = count + 1, mean
        return [float(number) for number in mean]


def run_video(
    ctx: Context,
    video: Video,
    scale: float,
    model: Model,
    denoise: float,
    denoise_model: Model,
    frames_at_once: int,
    *,
    tile: int,
    overlap: int,
) -> Iterator[Frame]:
    """Yield the frames of a video, enlarged; models are leased until the last is through."""
    tiling, done, total = Tiling(tile, overlap, ctx.log), 0, video.count or 0

    def pause(_done: int, _total: int) -> None:
        ctx.step(done, total)

    with ExitStack() as leases:
        restorer = find_upscaler(leases.enter_context(ctx.open(denoise_model))) if denoise > 0 else None
        upscaler = find_upscaler(leases.enter_context(ctx.open(model))) if scale != 1 else None
        inspect = SteadyInspection(upscaler) if upscaler is not None else None
        work = _Work(restorer, denoise, upscaler, scale, tiling, pause, inspect)
        for group in _group(video.frames(), frames_at_once):
            images = work.run([frame.image for frame in group])
            yield from (Frame(image, frame.time) for image, frame in zip(images, group, strict=True))
            done += len(group)
            ctx.step(done, total, images[-1] if done <= frames_at_once else None)


@dataclass(frozen=True)
class _Work:
    """What is done to the images of a group: restored if there is a model for it, then enlarged if there is one."""

    restorer: Upscaler | None
    denoise: float
    upscaler: Upscaler | None
    scale: float
    tiling: Tiling
    pause: OnTile
    inspect: SteadyInspection | None

    def run(self, images: list[Image]) -> list[Image]:
        if self.restorer is not None:
            images = restore(images, self.restorer, self.denoise, self.tiling, self.pause)
        if self.upscaler is not None:
            images = enlarge(images, self.upscaler, self.scale, self.tiling, self.pause, self.inspect)
        return images


def _group(frames: Iterator[Frame], most: int) -> Iterator[list[Frame]]:
    """Yield runs of frames of one depth."""
    for _, alike in itertools.groupby(frames, key=lambda frame: _find_kind(frame.image)):
        while group := list(itertools.islice(alike, most)):
            yield group


def _find_kind(image: Image) -> tuple[str, tuple[int, ...]]:
    return str(image.stored.dtype), image.stored.shape
