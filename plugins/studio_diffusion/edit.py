"""Editing images by words, with models that look at images beside the prompt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from studio.api import Context, Image, Mask, ModelError
from studio_diffusion.families import EDIT, EDIT_INPAINT
from studio_diffusion.generate import DrawingRequest, draw
from studio_diffusion.pixels import read_image, read_mask
from studio_diffusion.sizes import Size, choose_size, fit_shape

if TYPE_CHECKING:
    from studio_diffusion.pipeline_model import PipelineModel

_LEAST = 64  # pixels of a side, under which some models refuse an image


def choose_edit_size(opened: PipelineModel, image: Image, width: int, height: int, log: Any) -> Size:
    """Return the size of the result: the image's shape at the model's own size, or what the user gave."""
    if not (width or height):
        return fit_shape(opened, (image.width, image.height))
    wide = width or max(1, round(height * image.width / image.height))
    high = height or max(1, round(width * image.height / image.width))
    return choose_size(opened, wide, high, log)


def edit(
    ctx: Context,
    opened: PipelineModel,
    request: DrawingRequest,
    images: Sequence[Image],
    mask: Mask | None = None,
    *,
    loras: Sequence[tuple[Any, float]] = (),
) -> list[Image]:
    """Draw what the prompt says of the images.

    Raises:
        ModelError: E616 if the model does not edit, takes one image only, or takes no mask.
    """
    if len(images) > 1 and not opened.info.several:
        raise ModelError(
            "E616", f"a model of {opened.info.title} edits one image, not {len(images)}", hint="give one image"
        )
    area = request.size[0] * request.size[1]
    pictures = [_fit(image, request.size if index == 0 else _scale(image, area)) for index, image in enumerate(images)]
    task = EDIT if mask is None else EDIT_INPAINT
    media: dict[str, Any] = {"images": pictures}
    if mask is not None:
        media["mask_image"] = read_mask(mask, request.size)
    return draw(
        ctx,
        opened,
        request,
        task=task,
        loras=loras,
        media=media,
        options={"side": round(math.sqrt(area)), "fits": False},
    )


def _scale(image: Image, area: int) -> Size:
    """Return the size of an image's shape with an area, in whole multiples of 16."""
    factor = math.sqrt(area / (image.width * image.height))
    return max(_LEAST, round(image.width * factor / 16) * 16), max(_LEAST, round(image.height * factor / 16) * 16)


def _fit(image: Image, size: Size) -> Any:
    """Return an image as Pillow has it, as pipelines that edit take them, at a size."""
    pixels = read_image(image, size)[0].permute(1, 2, 0).contiguous().numpy()
    return Image(pixels).to_pillow().convert("RGB")
