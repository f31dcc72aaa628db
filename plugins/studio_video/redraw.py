"""Videos drawn again by networks: by noise on the frames, or by masks and what the frames show."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter
from itertools import islice, repeat
from typing import Any

import numpy as np

from studio.api import Audio, Image, Mask, ModelError, Video
from studio_video.audio import cut_or_pad
from studio_video.pipelines import (
    Request,
    count_frames,
    find_frames,
    find_references,
    find_size,
    make_video,
    run_pipeline,
)
from studio_video.resample import resize_image
from studio_video.retime import FrameReader
from studio_video.siblings import choose_redrawing, find_takes

_EDGE = 1e-6


@dataclass(frozen=True)
class Source:
    """What a video is drawn again from.

    Attributes:
        video: The video.
        strength: How far it may leave the video; None for the model's own.
        masks: Where it is drawn again, one for all frames or one for each; () for everywhere.
        references: Images that it refers to.
        control_scale: How strictly a model follows the video; None for its own.
    """

    video: Video
    strength: float | None = None
    masks: Sequence[Mask] = ()
    references: Sequence[Image] = ()
    control_scale: float | None = None


def redraw_video(
    opened: Any, request: Request, source: Source, step: Callable[[int, int, Image | None], None], log: Any
) -> Video:
    """Run a pipeline over a video; all frames are held, as the network does.

    Args:
        opened: The opened model.
        request: What video is to be made.
        source: What it is drawn again from; its audio is kept.
        step: Reports steps.
        log: Reports what differs from the request.

    Raises:
        ModelError: E718 if the model does not draw such videos, E719 if it makes no numbers.
    """
    pipeline = choose_redrawing(opened)
    takes = find_takes(type(pipeline))
    _check_inputs(pipeline, takes, source)
    _check_steps(takes, request.steps, source.strength)
    images = _take_images(source.video, request)
    size = find_size(pipeline, request, images[0])
    count = count_frames(pipeline, len(images))
    given = {
        "video": _fill([_fit(image, size) for image in images], count),
        "strength": source.strength,
        "conditioning_scale": source.control_scale,
        "mask": _place_masks(source.masks, len(images), count, size),
        **find_references(pipeline, takes, source.references),
    }
    made = run_pipeline(opened, pipeline, request, size, given, step, log)
    return make_video(find_frames(made)[: len(images)], request, _keep_audio(source.video, len(images) / request.rate))


def _check_inputs(pipeline: Any, takes: Collection[str], source: Source) -> None:
    """Raise ModelError E718 for an input that a pipeline has no place for."""
    wanted = {
        "strength": (source.strength is not None, "strength", "Wan 2.1, CogVideoX or AnimateDiff"),
        "masks": (bool(source.masks), "mask", "Wan VACE"),
        "control_scale": (source.control_scale is not None, "conditioning_scale", "Wan VACE"),
    }
    for name, (is_given, argument, other) in wanted.items():
        if is_given and argument not in takes:
            message = f"{type(pipeline).__name__} does not take {name}"
            raise ModelError("E718", message, hint=f"leave it out, or take {other}")


def _check_steps(takes: Mapping[str, Parameter], steps: int, strength: float | None) -> None:
    """Raise ModelError E718 where no step is left, as a pipeline runs the last `strength` of them."""
    share = strength if strength is not None or "strength" not in takes else takes["strength"].default
    if steps and isinstance(share, float) and int(steps * share) < 1:
        message = f"no step is left of {steps} at a strength of {share:g}"
        raise ModelError("E718", message, hint="take more steps, or more strength")


def _take_images(video: Video, request: Request) -> list[Image]:
    """Return as many frames of a video as are wanted, at even times; the last one stays where it is shorter."""
    reader = FrameReader(video)
    return [reader.find(number / request.rate + _EDGE).image for number in range(request.frames)]


def _fit(image: Image, size: tuple[int, int]) -> Any:
    return resize_image(image, *size).to_pillow().convert("RGB")


def _fill(images: Sequence[Any], count: int) -> list[Any]:
    """Return images, the last one again until there are enough."""
    return [*images, *repeat(images[-1], count - len(images))]


def _place_masks(masks: Sequence[Mask], frames: int, count: int, size: tuple[int, int]) -> list[Any] | None:
    """Return a mask for each frame, white where it is drawn again, or None without masks.

    Raises:
        ModelError: E718 if there are neither one nor as many as frames.
    """
    if not masks:
        return None
    if len(masks) not in (1, frames):
        message = f"{len(masks)} masks for {frames} frames"
        raise ModelError("E718", message, hint="give one mask for all frames, or one for each")
    levels = (np.asarray(mask.pixels, np.float32) for mask in masks)
    images = [_fit(Image(np.repeat(level.reshape(*level.shape[:2], 1), 3, axis=2)), size) for level in levels]
    return _fill(list(islice(images * frames if len(images) == 1 else images, frames)), count)


def _keep_audio(video: Video, seconds: float) -> Audio | None:
    return None if video.audio is None else cut_or_pad(video.audio, seconds)
