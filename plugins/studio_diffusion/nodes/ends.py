"""Types of inputs and outputs that the node types share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal, NamedTuple

from studio.api import Added, Field, Image, Model, ModelKinds
from studio_diffusion.control_value import Control
from studio_diffusion.prompt_syntax import PromptSyntax

Side = Annotated[int | None, Field(ge=1, le=16_384, unit="pixels")]
Steps = Annotated[int | None, Field(ge=1, le=1000)]
Guidance = Annotated[float | None, Field(ge=0, le=100, unit="factor")]
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]
Count = Annotated[int, Field(ge=1, le=64)]
Strength = Annotated[float, Field(ge=0, le=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Prompt = Annotated[str, Field(max_length=100_000)]
Pipeline = Annotated[Model, ModelKinds("pipeline")]
Loras = Annotated[list[Annotated[Model, ModelKinds("lora")]] | None, Field(max_length=16)]
Scales = Annotated[list[float] | None, Field(max_length=16, unit="factor")]
Sampler = Literal[
    "auto",
    "ddim",
    "ddpm",
    "pndm",
    "euler",
    "euler_karras",
    "euler_a",
    "heun",
    "dpm2",
    "dpm2_a",
    "dpmpp_2m",
    "dpmpp_2m_karras",
    "dpmpp_2m_sde",
    "dpmpp_2m_sde_karras",
    "deis",
    "unipc",
    "lcm",
    "tcd",
    "dpmpp_2s_a",
    "dpmpp_sde",
    "dpmpp_3m_sde",
    "er_sde",
    "ipndm",
    "lms",
    "res_multistep",
    "res_multistep_a",
]
Schedule = Annotated[
    Literal[
        "auto",
        "normal",
        "simple",
        "sgm_uniform",
        "ddim_uniform",
        "karras",
        "exponential",
        "beta",
        "linear_quadratic",
        "kl_optimal",
    ],
    Added,
]
Shift = Annotated[float | None, Field(gt=0, le=1000, unit="factor"), Added]
Syntax = Annotated[PromptSyntax, Added]
Skip = Annotated[int | None, Field(ge=0, le=11), Added]
Controls = Annotated[list[Control] | None, Field(max_length=8), Added]
ImagePrompts = Annotated[list[Image] | None, Field(max_length=16), Added]
ImagePromptModel = Annotated[Annotated[Model, ModelKinds("image_prompt", "image_encoder")] | None, Added]
ImagePromptScale = Annotated[float, Field(ge=0, le=5, unit="factor"), Added]
ImagePromptUse = Annotated[Literal["all", "style", "layout"], Added]
Sigmas = Annotated[list[float] | None, Field(max_length=1001), Added]


def zero_is_auto(value: int | None) -> int | None:
    """Return null for 0, which meant it in version 1."""
    return value or None


SIZE: dict[str, Callable[[int | None], int | None]] = {"width": zero_is_auto, "height": zero_is_auto}
STEPS: dict[str, Callable[[int | None], int | None]] = {"steps": zero_is_auto}
SIZE_AND_STEPS = {**SIZE, **STEPS}
"""Values of version 1 that are read by another rule."""

MINI = Model("builtin:mini")
MINI_SKETCH = Model("builtin:mini-sketch")


class Drawn(NamedTuple):
    """What was drawn.

    Attributes:
        image: First image, RGB.
        images: All images, RGB.
    """

    image: Image
    images: list[Image]


class DrawnAfterSketch(NamedTuple):
    """What was drawn after a sketch.

    Attributes:
        image: First image, RGB.
        images: All images, RGB.
        control: Image that the ControlNet received.
    """

    image: Image
    images: list[Image]
    control: Image
