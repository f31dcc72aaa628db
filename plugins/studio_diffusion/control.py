"""Drawing along images with ControlNets: opened, checked, and as a pipeline takes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from studio.api import Context, Image, ModelError, StudioError
from studio_diffusion.control_value import Control
from studio_diffusion.controlnet import ControlNetModelHandle
from studio_diffusion.families import CONTROL, CONTROL_IMAGE, CONTROL_INPAINT, IMAGE, INPAINT, TEXT
from studio_diffusion.pixels import read_image

CONTROLLED: Mapping[str, str] = {TEXT: CONTROL, IMAGE: CONTROL_IMAGE, INPAINT: CONTROL_INPAINT}
"""The task with ControlNets, by the task without."""

# Numbers of kinds in ControlNets that read several (ControlNet++ of xinsir for SDXL, InstantX's for Flux).
_MODES: Mapping[str, Mapping[str, int]] = {
    "sdxl": {
        "pose": 0, "depth": 1, "scribble": 2, "lines": 3, "normals": 4, "segments": 5, "tile": 6, "inpaint": 7,
    },
    "flux": {"lines": 0, "tile": 1, "depth": 2, "blur": 3, "pose": 4, "grey": 5},
}  # fmt: skip


@dataclass(frozen=True)
class OpenedControl:
    """An image to follow, and the opened ControlNet that reads it.

    Attributes:
        net: The ControlNet.
        image: The image.
        scale: How strictly to follow it.
        start: Share of the steps after which it is followed.
        end: Share of the steps until which it is followed.
        kind: What the image shows, for a ControlNet that reads several kinds; "auto" for the only one.
    """

    net: ControlNetModelHandle
    image: Image
    scale: float = 1.0
    start: float = 0.0
    end: float = 1.0
    kind: str = "auto"


@contextmanager
def open_controls(ctx: Context, controls: Sequence[Control] | None) -> Iterator[list[OpenedControl]]:
    """Lease the ControlNets of controls.

    Raises:
        StudioError: E625 if one is not a ControlNet.
    """
    with ExitStack() as stack:
        found = []
        for control in controls or ():
            net = require_net(stack.enter_context(ctx.open(control.controlnet)), control.controlnet)
            found.append(OpenedControl(net, control.image, control.scale, control.start, control.end, control.kind))
        yield found


def require_net(opened: Any, model: Any) -> ControlNetModelHandle:
    """Return an opened ControlNet; raise StudioError E625 for anything else."""
    if not isinstance(opened, ControlNetModelHandle):
        raise StudioError("E625", f"{model} is not a ControlNet", hint="name the folder of a ControlNet")
    return opened


def find_nets(controls: Sequence[OpenedControl]) -> ControlNetModelHandle | list[ControlNetModelHandle] | None:
    """Return the only ControlNet, or all of them; None for none."""
    nets = [control.net for control in controls]
    if len({net.is_union for net in nets}) > 1:
        raise ModelError(
            "E617",
            "ControlNets for one kind of image and for several cannot be used together",
            hint="take ControlNets of one sort",
        )
    return nets[0] if len(nets) == 1 else nets or None


def write_controls(
    controls: Sequence[OpenedControl], size: tuple[int, int], log: Callable[[str], None]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the images of controls as a pipeline takes them, and its other inputs; both empty for no control.

    Raises:
        ModelError: E617 for a ControlNet of several kinds of images, and none that it knows.
    """
    if not controls:
        return {}, {}
    images = [read_image(control.image, size) for control in controls]
    modes = [_find_mode(control, log) for control in controls]
    options: dict[str, Any] = {
        "controlnet_conditioning_scale": [float(control.scale) for control in controls],
        "control_guidance_start": [float(control.start) for control in controls],
        "control_guidance_end": [float(control.end) for control in controls],
    }
    listed = len(controls) > 1 or controls[0].net.kind == "ControlNetUnionModel"
    if not listed:
        options = {name: values[0] for name, values in options.items()}
    if any(mode is not None for mode in modes):
        options["control_mode"] = modes if listed else modes[0]
    return {"control_image": images if listed else images[0]}, options


def _find_mode(control: OpenedControl, log: Callable[[str], None]) -> int | None:
    """Return the number of a control's kind for a ControlNet that reads several."""
    net = control.net
    if not net.is_union:
        if control.kind != "auto":
            log(f"kind {control.kind!r} has no effect: this ControlNet ({net.kind}) reads one kind of image")
        return None
    known = _MODES.get(net.family, {})
    if control.kind not in known:
        raise ModelError(
            "E617",
            f"this ControlNet ({net.kind}) reads several kinds of images, and {control.kind!r} is none of them",
            hint=f"set the kind of diffusion.control to one of {', '.join(known)}",
        )
    return known[control.kind]


def count_rows(given: Any, count: int) -> Any:
    """Repeat tensors of one row, also those in a list; images of other kinds are for each."""
    if isinstance(given, list):
        return [count_rows(each, count) for each in given]
    return given.expand(count, *given.shape[1:]) if isinstance(given, torch.Tensor) else given
