"""Inputs that a pipeline has no place for: told to the user, or refused."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, Any

from studio.api import ModelError

if TYPE_CHECKING:
    from studio_diffusion.watch import Watch

# what every call carries, whether the pipeline has a place for it or not
_OWN_INPUTS = frozenset(
    {
        "area", "fits", "generator", "height", "max_sequence_length", "negative_ip_adapter_image_embeds", "output_type",
        "side", "use_resolution_binning", "width",
    }
)  # fmt: skip
_ESSENTIAL = frozenset({"image", "images", "mask_image", "control_image", "ip_adapter_image_embeds", "last"})


def report_lost(pipeline: Any, lost: Sequence[str], asked: Container[str], watch: Watch) -> None:
    """Say which of the user's inputs a pipeline has no place for; an image that is lost is an error.

    Args:
        pipeline: The pipeline.
        lost: Names of the inputs.
        asked: What the user gave of steps and guidance scale.
        watch: Who hears of it.

    Raises:
        ModelError: E616 for images that the model does not look at.
    """
    told = [name for name in lost if name not in _OWN_INPUTS]
    essential = next((name for name in told if name in _ESSENTIAL), None)
    kind = type(pipeline).__name__
    if essential is not None:
        raise ModelError("E616", f"{kind} takes no {essential}", hint="take a model that was made for the task")
    if watch.round:
        return
    for name in told:
        if name in asked or name not in ("steps", "guidance_scale"):
            watch.ctx.log(f"{name} has no effect: {kind} does not take it")
