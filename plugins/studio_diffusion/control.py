"""Drawing with a ControlNet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from studio.api import Context, Image
from studio_diffusion.families import CONTROL
from studio_diffusion.generate import DrawingRequest, draw
from studio_diffusion.pixels import read_image

if TYPE_CHECKING:
    from studio_diffusion.controlnet import ControlNetModelHandle
    from studio_diffusion.lora import LoraWeights
    from studio_diffusion.pipeline_model import PipelineModel


def draw_controlled(
    ctx: Context,
    opened: PipelineModel,
    request: DrawingRequest,
    net: ControlNetModelHandle,
    control: Image,
    *,
    strength: float,
    start: float,
    end: float,
    loras: Sequence[tuple[LoraWeights, float]] = (),
) -> list[Image]:
    """Draw all images of a request along a control image.

    Raises:
        ModelError: E617 if the ControlNet is not for this model.
    """
    return draw(
        ctx,
        opened,
        request,
        task=CONTROL,
        controlnet=net,
        loras=loras,
        media={"control_image": read_image(control)},
        options={
            "controlnet_conditioning_scale": float(strength),
            "control_guidance_start": float(start),
            "control_guidance_end": float(end),
        },
    )
