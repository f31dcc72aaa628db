"""A video from a model that draws images: one noise turned slowly, and prompts that pass into each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from studio.api import Image, ModelError, Video
from studio.api.quiet import hush
from studio_video.camera import ease
from studio_video.interpolate import Tempo, interpolate
from studio_video.resample import resize_image

if TYPE_CHECKING:
    Step = Callable[[int, int, Image | None], None]

_STACK = 8
# What `encode_prompt` returns, by the arguments of the pipeline that take it.
_RETURNS = {
    "sd": ("prompt_embeds", "negative_prompt_embeds"),
    "sdxl": ("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds"),
    "sd3": ("prompt_embeds", "negative_prompt_embeds", "pooled_prompt_embeds", "negative_pooled_prompt_embeds"),
}


@dataclass(frozen=True)
class Walk:
    """A way through prompts and noise.

    Attributes:
        prompts: What is shown, one after the other.
        negative_prompt: What is not.
        keys: How many images are drawn.
        motion: How far the noise turns, 0 to 1; 1 is to an altogether different one.
        steps: Steps of each image; 0 for the model's own.
        guidance_scale: How strictly to follow the prompts; None for the model's own.
        seed: Another seed, another video.
    """

    prompts: tuple[str, ...]
    negative_prompt: str
    keys: int
    motion: float
    steps: int
    guidance_scale: float | None
    seed: int


def make_morph(opened: Any, walk: Walk, *, frames: int, rate: Fraction, width: int, height: int, step: Step) -> Video:
    """Draw images along a walk, and return a video of them with frames in between, enlarged.

    Raises:
        ModelError: E718 if the model cannot be led along embeddings and noise.
    """
    images = draw_walk(opened, walk, width / height, step)
    if len(images) == 1:
        images = images * 2
    seconds = Fraction(frames - 1) / rate if frames > 1 else Fraction(1)
    keys = Video.from_images(images, Fraction(len(images) - 1) / seconds)
    smooth = interpolate(keys, Tempo(rate, cuts=False), lambda *_: None)

    def create_frames() -> Any:
        from itertools import islice

        from studio.api import Frame

        for index, frame in enumerate(islice(smooth.frames(), frames)):
            image = resize_image(frame.image, width, height)
            step(index, frames, image if index % 24 == 0 else None)
            yield Frame(image, float(index / rate))

    return Video(create_frames, width=width, height=height, channels=images[0].channels, rate=rate, count=frames)


def draw_walk(opened: Any, walk: Walk, aspect: float, step: Step) -> list[Image]:
    """Draw the images of a walk, some at once."""
    _check_family(opened)
    pipeline, defaults = opened.for_task("text_to_image"), opened.defaults
    guidance = float(defaults["guidance_scale"]) if walk.guidance_scale is None else walk.guidance_scale
    width, height = _find_size(opened, aspect)
    shares = [index / max(1, walk.keys - 1) for index in range(walk.keys)]
    with torch.no_grad():
        texts = _encode(opened, pipeline, walk, guided=guidance > 1)
        noise = _draw_noises(pipeline, walk, width, height)
        images: list[Image] = []
        for begin in range(0, walk.keys, _STACK):
            some = shares[begin : begin + _STACK]
            opened.set_scheduler(pipeline, opened.make_scheduler(str(defaults["sampler"])))
            settings = {
                "width": width,
                "height": height,
                "num_inference_steps": walk.steps or int(defaults["steps"]),
                "guidance_scale": guidance,
                "output_type": "np",
            }
            made = _draw(pipeline, _mix_conditions(pipeline, texts, noise, some, walk.motion) | settings)
            images += [_to_image(each) for each in made]
            step(len(images), walk.keys, images[-1])
    return images


def _check_family(opened: Any) -> None:
    family = getattr(opened, "family", "")
    if family not in _RETURNS or "text_to_image" not in getattr(opened, "tasks", ()):
        raise ModelError(
            "E718",
            f"a model of {family or type(opened).__name__} cannot be led from image to image",
            hint="take builtin:mini, Stable Diffusion (XL, 3), or a model that makes videos",
        )


def _mix_conditions(
    pipeline: Any,
    texts: dict[str, list[torch.Tensor]],
    noise: tuple[torch.Tensor, torch.Tensor],
    shares: Sequence[float],
    motion: float,
) -> dict[str, Any]:
    """Return embeddings and latents for some shares of the walk, stacked."""
    given: dict[str, Any] = {name: torch.cat([_pass(rows, share) for share in shares]) for name, rows in texts.items()}
    latents = torch.cat([turn(*noise, motion * share) for share in shares])
    if "negative_prompt_embeds" in given:
        given["negative_prompt"] = None
    return given | {"latents": latents.to(pipeline._execution_device, given["prompt_embeds"].dtype)}


def _draw(pipeline: Any, arguments: dict[str, Any]) -> Any:
    with hush("diffusers", "transformers"), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return pipeline(**arguments).images


def _to_image(array: Any) -> Image:
    if not np.isfinite(array).all():
        raise ModelError("E719", "the model returned NaN", hint="another seed, or float32")
    return Image(np.rint(np.clip(array, 0, 1) * 255).astype(np.uint8))


def _find_size(opened: Any, aspect: float) -> tuple[int, int]:
    """Return a size near the model's own, of another shape."""
    width, height = opened.native_size
    multiple = opened.size_multiple
    area = width * height
    wide = math.sqrt(area * min(max(aspect, 0.5), 2.0))
    if aspect == 1.0 or area <= 128 * 128:  # a small model knows one size
        return width, height
    return max(1, round(wide / multiple)) * multiple, max(1, round(area / wide / multiple)) * multiple


def _encode(opened: Any, pipeline: Any, walk: Walk, *, guided: bool) -> dict[str, list[torch.Tensor]]:
    """Return the tensors of all prompts for each argument that takes words."""
    import inspect

    takes = inspect.signature(pipeline.encode_prompt).parameters
    rows: dict[str, list[torch.Tensor]] = {}
    for prompt in walk.prompts:
        given: dict[str, Any] = {
            "prompt": prompt,
            "prompt_2": None,
            "prompt_3": None,
            "device": pipeline._execution_device,
            "num_images_per_prompt": 1,
            "do_classifier_free_guidance": guided,
            "negative_prompt": walk.negative_prompt,
            "max_sequence_length": opened.defaults.get("max_sequence_length"),
        }
        given = {name: value for name, value in given.items() if name in takes}
        if given.get("max_sequence_length", 0) is None:
            del given["max_sequence_length"]
        for name, tensor in zip(_RETURNS[opened.family], pipeline.encode_prompt(**given), strict=False):
            if tensor is not None and (guided or not name.startswith("negative")):
                rows.setdefault(name, []).append(tensor)
    return rows


def _pass(rows: Sequence[torch.Tensor], share: float) -> torch.Tensor:
    """Return what lies between the prompts; each stays for a while and passes quickly into the next."""
    place = share * (len(rows) - 1)
    index = min(int(place), max(0, len(rows) - 2))
    if len(rows) == 1:
        return rows[0]
    return slerp(rows[index], rows[index + 1], ease(ease(place - index, "smooth"), "smooth"))


def slerp(first: torch.Tensor, second: torch.Tensor, share: float) -> torch.Tensor:
    """Return what lies between two embeddings on the sphere, token by token, each as long as the two are."""
    if share <= 0 or share >= 1:
        return first if share <= 0 else second
    a, b = first.float(), second.float()
    long_a, long_b = a.norm(dim=-1, keepdim=True), b.norm(dim=-1, keepdim=True)
    cosine = ((a * b).sum(-1, keepdim=True) / (long_a * long_b).clamp_min(1e-8)).clamp(-1, 1)
    angle = torch.arccos(cosine)
    straight = (1 - share) * a + share * b
    sine = torch.sin(angle).clamp_min(1e-4)
    unit_a, unit_b = a / long_a.clamp_min(1e-8), b / long_b.clamp_min(1e-8)
    round_ = (torch.sin((1 - share) * angle) * unit_a + torch.sin(share * angle) * unit_b) / sine
    bent = round_ * ((1 - share) * long_a + share * long_b)
    return torch.where(torch.sin(angle) < 1e-3, straight, bent).to(first.dtype)


def turn(first: torch.Tensor, second: torch.Tensor, share: float) -> torch.Tensor:
    """Return a noise between two independent ones, as strong as they are: a part of a quarter turn."""
    return math.cos(share * math.pi / 2) * first + math.sin(share * math.pi / 2) * second


def _draw_noises(pipeline: Any, walk: Walk, width: int, height: int) -> tuple[torch.Tensor, torch.Tensor]:
    denoiser = getattr(pipeline, "transformer", None) or pipeline.unet
    scale = int(pipeline.vae_scale_factor)
    shape = (1, int(denoiser.config.in_channels), height // scale, width // scale)
    generator = torch.Generator().manual_seed(walk.seed)
    first, second = (torch.randn(shape, generator=generator) for _ in range(2))
    return first, second
