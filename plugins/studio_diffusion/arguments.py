"""What pipelines call the inputs of a drawing: by what their call takes, for any class of diffusers."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from studio_diffusion.families import EDIT, IMAGE, INPAINT, TEXT, Family

# Nodes' names of inputs, and what pipelines call them; the first that a pipeline takes.
ROLES: Mapping[str, tuple[str, ...]] = {
    "steps": ("num_inference_steps",),
    "count": ("num_images_per_prompt",),
    "images": ("image", "images", "input_images", "reference_images", "control_image"),
    "control_image": ("control_image", "image"),
    "mask_image": ("mask_image", "control_mask", "mask"),
    "last": ("last_image",),
    "frames": ("num_frames", "video_length", "frames"),
    "rate": ("frame_rate", "fps"),
    "area": ("max_area",),
    "side": ("output_resolution", "resolution"),
    "fits": ("_auto_resize",),
    "guidance_scale": ("guidance_scale", "true_cfg_scale", "max_guidance_scale", "distilled_guidance_scale"),
}
_VIDEO = frozenset(ROLES["frames"])
_AUDIO = frozenset({"audio_duration", "audio_end_in_s", "audio_duration_s", "audio_length_in_s"})


@functools.lru_cache(maxsize=256)
def list_parameters(kind: Any) -> Mapping[str, inspect.Parameter]:
    """Return what the call of a pipeline class takes."""
    return inspect.signature(kind.__call__).parameters


def translate(kind: Any, info: Family, wanted: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Give inputs the names that a pipeline has for them.

    Args:
        kind: The pipeline's class.
        info: What is known of its architecture.
        wanted: Inputs by nodes' names; None stands for the pipeline's default.

    Returns:
        The arguments, and the names of those inputs that this pipeline has no argument for.
    """
    takes = list_parameters(kind)
    found: dict[str, Any] = {}
    lost = []
    for role, value in wanted.items():
        name = _find_name(takes, info, role)
        if value is None:
            continue
        if name is None:
            lost.append(role)
        else:
            found[name] = _fit(info, role, value)
    return found, tuple(lost)


def _find_name(takes: Mapping[str, inspect.Parameter], info: Family, role: str) -> str | None:
    names = ROLES.get(role, (role,))
    if role == "guidance_scale":
        names = (info.guidance_input, *names)
        true = takes.get("true_cfg_scale")
        if true is not None and isinstance(true.default, float) and true.default > 1:
            names = ("true_cfg_scale", *names)
    return next((name for name in names if name in takes), None)


def _fit(info: Family, role: str, value: Any) -> Any:
    """Give a pipeline that takes one image the first of a list."""
    if role == "images" and not info.several and isinstance(value, Sequence):
        return value[0]
    return value


def guess_tasks(kind: Any) -> frozenset[str]:
    """Return what a pipeline of an unknown architecture does, by what its call takes; none for videos and audio."""
    takes = list_parameters(kind)
    if makes_videos(kind) or _AUDIO & takes.keys():
        return frozenset()
    if "mask_image" in takes:
        return frozenset({INPAINT})
    image = next((takes[name] for name in ROLES["images"][:4] if name in takes), None)
    if image is None:
        return frozenset({TEXT})
    task = IMAGE if "strength" in takes else EDIT
    return frozenset({task} if image.default is inspect.Parameter.empty else {TEXT, task})


def makes_videos(kind: Any) -> bool:
    """Say whether a pipeline class makes videos."""
    return bool(_VIDEO & list_parameters(kind).keys())


def read_defaults(kind: Any) -> dict[str, Any]:
    """Return steps and guidance that a pipeline class has by default."""
    takes = list_parameters(kind)
    found: dict[str, Any] = {}
    for role, name in (("steps", "num_inference_steps"), ("guidance_scale", "guidance_scale")):
        default = takes[name].default if name in takes else None
        if isinstance(default, int | float) and not isinstance(default, bool):
            found[role] = default
    return found
