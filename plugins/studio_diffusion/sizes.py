"""Sizes of images: what a model can draw, and at what size it works on an image that it is given."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from studio.api import StudioError

if TYPE_CHECKING:
    from studio_diffusion.pipeline_model import PipelineModel

Size = tuple[int, int]
_FARTHEST = 2.25  # times the model's own area, over which images fall apart
_SMALLEST = 0.5
_LEAST_MULTIPLE = 8


def choose_size(opened: PipelineModel, width: int, height: int, log: Callable[[str], None]) -> Size:
    """Return the size to draw at: the model's own for 0, and rounded to what its autoencoder takes.

    Raises:
        StudioError: E621 if it is over what the model's positions reach.
    """
    native = opened.native_size
    wanted = (width or native[0], height or native[1])
    size = round_size(wanted, find_multiple(opened))
    check_reach(opened, size)
    if size != wanted:
        log(
            f"the size {wanted[0]} x {wanted[1]} was rounded to {size[0]} x {size[1]}: "
            f"this model takes multiples of {find_multiple(opened)}"
        )
    return size


def choose_work_size(opened: PipelineModel, image: Size, log: Callable[[str], None]) -> Size:
    """Return the size at which a model works on an image: near the image's own, and within what it draws well."""
    width, height = image
    native = opened.native_size
    area, reach = native[0] * native[1], find_reach(opened)
    scale = 1.0
    if not area * _SMALLEST <= width * height <= area * _FARTHEST:
        scale = math.sqrt(area / (width * height))
    if reach:
        scale = min(scale, reach / max(width, height))
    size = round_size((round(width * scale), round(height * scale)), find_multiple(opened), reach)
    if size != image:
        log(f"the image has {width} x {height} pixels; the model works on it at {size[0]} x {size[1]}")
    return size


def round_size(size: Size, multiple: int, reach: int = 0) -> Size:
    """Round both sides to the nearest multiple, at least one."""

    def fit(side: int) -> int:
        rounded = max(multiple, int(side / multiple + 0.5) * multiple)
        return min(rounded, reach // multiple * multiple) if reach else rounded

    return fit(size[0]), fit(size[1])


def find_multiple(opened: PipelineModel) -> int:
    """Return what both sides must divide by: many pipelines ask for 8, whatever their networks need."""
    return math.lcm(int(opened.size_multiple), _LEAST_MULTIPLE)


def find_reach(opened: PipelineModel) -> int:
    """Return the largest side that the model has positions for, in pixels; 0 if there is no limit."""
    denoiser = getattr(opened.pipeline, "transformer", None)
    positions = getattr(getattr(denoiser, "config", None), "pos_embed_max_size", None)
    return int(positions) * int(opened.size_multiple) if positions else 0


def check_reach(opened: PipelineModel, size: Size) -> None:
    """Raise StudioError E621 for a size that the model has no positions for."""
    reach = find_reach(opened)
    if reach and max(size) > reach:
        raise refuse_reach(reach, size)


def refuse_reach(reach: int, size: Size) -> StudioError:
    """Return the error for a size that a model has no positions for; a side of 0 was not given."""
    wanted = f"{size[0]} x {size[1]}" if all(size) else f"{max(size)} {'columns' if size[0] else 'rows'}"
    return StudioError(
        "E621",
        f"this model draws at most {reach} x {reach} pixels, not {wanted}",
        hint="leave out width and height, and enlarge the image afterwards, with image.resize for example",
    )


def fit_shape(opened: PipelineModel, image: Size) -> Size:
    """Return a size of an image's shape, with as many pixels as the model's own size."""
    native = opened.native_size
    scale = math.sqrt(native[0] * native[1] / (image[0] * image[1]))
    reach = find_reach(opened)
    if reach:
        scale = min(scale, reach / max(image))
    return round_size((round(image[0] * scale), round(image[1] * scale)), find_multiple(opened), reach)
