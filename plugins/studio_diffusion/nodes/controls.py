"""Images to follow, as values that node types which draw take."""

from __future__ import annotations

from typing import Annotated

from studio.api import Context, Field, Image, Model, ModelKinds, node
from studio_diffusion.control_value import Control, ControlKind
from studio_diffusion.nodes.ends import MINI_SKETCH, Share


@node("diffusion.control", lane="device", origin="unchanged")
def make_control(
    ctx: Context,
    image: Image,
    *,
    controlnet: Annotated[Model, ModelKinds("controlnet")] = MINI_SKETCH,
    scale: Annotated[float, Field(ge=0, le=10, unit="factor")] = 1.0,
    start: Share = 0.0,
    end: Share = 1.0,
    kind: ControlKind = "auto",
) -> Control:
    """Let drawings follow an image with a ControlNet (Zhang et al. 2023), alone or together with others.

    Args:
        image: Image to follow, as the ControlNet takes it, such as white lines on black; any size.
        controlnet: Weights of the ControlNet; they must fit the model that draws.
        scale: How strictly to follow the image; 1 is the strength that the ControlNet was trained with.
        start: Share of the steps after which the image is followed.
        end: Share of the steps until which the image is followed; above start.
        kind: What the image shows, for a ControlNet that reads several kinds; "auto" for one that reads one kind.
    """
    from studio_diffusion.checks import check_span
    from studio_diffusion.control import require_net

    check_span(start, end)
    with ctx.open(controlnet) as net:
        weights = require_net(net, controlnet).digest
    return Control(image, controlnet, weights, scale, start, end, kind)
