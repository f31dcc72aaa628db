"""Prompts that count in a part of the image or of the steps, several at once: what the denoiser predicts is averaged.

The weights are those of ComfyUI: an area is predicted alone, fades in over eight samples of the latent from the edges
that lie inside the image, and the predictions are averaged by strength, fade and mask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch
from torch.nn import functional

from studio.api import Conditioning, ModelError, StudioError
from studio_diffusion.conditioning import Tensors, unpack_conditioning
from studio_diffusion.latents import fade_in

if TYPE_CHECKING:
    from studio_diffusion.pipeline_model import PipelineModel

FAMILIES = frozenset({"sd", "sdxl", "sd3"})
"""Families whose denoisers predict a part of an image."""

_FADE = 8  # samples of the latent
_LAST_TIMESTEP = 999
_MOST_PARTS = 64
_INPUTS = {"text_embeds": "pooled_prompt_embeds", "pooled_projections": "pooled_prompt_embeds"}


@dataclass(frozen=True)
class Part:
    """One prompt of a conditioning.

    Attributes:
        tensors: Its arrays; "mask" says where it counts.
        about: "area" (left, top, width, height in pixels; None for the rest of the image), "strength",
            "mask_strength", "start" and "end"; what is not there has no effect.
    """

    tensors: Mapping[str, Any]
    about: Mapping[str, Any]

    @property
    def is_plain(self) -> bool:
        """Whether it counts everywhere in all steps."""
        return not self.about and "mask" not in self.tensors


def split(value: Conditioning) -> list[Part]:
    """Return the prompts of a conditioning."""
    listed = value.info.get("parts") or [{}]
    found: list[dict[str, Any]] = [{} for _ in listed]
    for name, array in value.tensors.items():
        plain, _, number = name.partition("/")
        found[int(number or 0)][plain] = array
    return [Part(tensors, about) for tensors, about in zip(found, listed, strict=True)]


def join(parts: Sequence[Part], like: Conditioning) -> Conditioning:
    """Make a conditioning of prompts."""
    if len(parts) > _MOST_PARTS:
        raise StudioError("E627", f"{len(parts)} prompts at once", hint=f"combine at most {_MOST_PARTS}")
    tensors = {
        f"{name}/{at}" if at else name: array for at, part in enumerate(parts) for name, array in part.tensors.items()
    }
    info = {name: text for name, text in like.info.items() if name != "parts"}
    if len(parts) > 1 or parts[0].about:
        info["parts"] = [dict(part.about) for part in parts]
    return Conditioning(tensors, like.space, info)


def change(value: Conditioning, **about: Any) -> Conditioning:
    """Change what is said of each prompt of a conditioning; None takes away what was said before."""

    def update(before: Mapping[str, Any]) -> dict[str, Any]:
        return {name: each for name, each in {**before, **about}.items() if each is not None}

    return join([replace(part, about=update(part.about)) for part in split(value)], value)


def add_mask(value: Conditioning, mask: Any, strength: float) -> Conditioning:
    """Say where each prompt of a conditioning counts."""
    about = {"mask_strength": strength}
    return join(
        [Part({**part.tensors, "mask": mask}, {**part.about, **about}) for part in split(value)],
        value,
    )


def combine(values: Sequence[Conditioning]) -> Conditioning:
    """Make one conditioning of several.

    Raises:
        StudioError: E624 if they are of two models.
    """
    other = next((value for value in values if value.space != values[0].space), None)
    if other is not None:
        raise StudioError(
            "E624",
            f"one conditioning is of {values[0].space}, another of {other.space}",
            hint="encode all prompts with the model that samples",
        )
    return join([part for value in values for part in split(value)], values[0])


def take_first(value: Conditioning) -> Conditioning:
    """Return the first prompt of a conditioning, as if it counted everywhere."""
    first = split(value)[0]
    tensors = {name: array for name, array in first.tensors.items() if name != "mask"}
    return Conditioning(tensors, value.space, {name: text for name, text in value.info.items() if name != "parts"})


@dataclass(frozen=True)
class _Region:
    """A prompt on the device, and where and when it counts.

    Attributes:
        tensors: Its tensors, and those of its negative prompt.
        box: Left, top, right and bottom in samples of the latent; None for all.
        weights: Weight of each sample of the box, of one row and one channel.
        first: Timestep of the noisiest step in which it counts.
        last: Timestep of the last step.
    """

    tensors: Tensors
    box: tuple[int, int, int, int] | None
    weights: torch.Tensor
    first: float
    last: float


@contextmanager
def follow_regions(
    opened: PipelineModel,
    pipeline: Any,
    value: Conditioning,
    size: tuple[int, int],
    latent: tuple[int, int],
    *,
    guided: bool,
    shift: float | None,
) -> Iterator[None]:
    """Let the denoiser of a pipeline see each prompt where and when it counts, while the block lasts.

    Args:
        opened: The model.
        pipeline: The pipeline that samples one image.
        value: The conditioning.
        size: Width and height of the image.
        latent: Rows and columns of the latent.
        guided: Whether the negative prompt counts.
        shift: Shift of the noise levels of a flow model; None for the model's own.

    Raises:
        ModelError: E616 if the model's denoiser sees only whole images.
        StudioError: E624 if the conditioning is another model's.
    """
    parts = split(value)
    if len(parts) == 1 and parts[0].is_plain:
        yield
        return
    if opened.family not in FAMILIES:
        raise ModelError(
            "E616",
            f"a model of {opened.info.title} takes one prompt for the whole image",
            hint="take SD, SDXL or SD3, or a conditioning without areas, masks and ranges",
        )
    own = float(opened.pipeline.scheduler.config.get("shift") or 1.0) if opened.family == "sd3" else None
    regions = [
        _place(opened, part, value, size, latent, guided=guided, shift=shift if own and shift else own)
        for part in parts
    ]
    network = pipeline.transformer if opened.family == "sd3" else pipeline.unet
    ask, own_attribute = network.forward, "forward" in vars(network)
    network.forward = _Averaging(ask, regions, guided=guided)
    try:
        yield
    finally:
        if own_attribute:
            network.forward = ask
        else:
            del network.forward


def _place(
    opened: PipelineModel,
    part: Part,
    value: Conditioning,
    size: tuple[int, int],
    latent: tuple[int, int],
    *,
    guided: bool,
    shift: float | None,
) -> _Region:
    tensors = {name: array for name, array in part.tensors.items() if name != "mask"}
    found = unpack_conditioning(opened, Conditioning(tensors, value.space), guided=guided)
    box = _find_box(part.about.get("area"), size, latent, 2 if opened.family == "sd3" else 1)
    weights = _weigh(part, box, latent).to(opened.device)
    start, end = float(part.about.get("start", 0.0)), float(part.about.get("end", 1.0))
    return _Region(found, box, weights, _find_timestep(start, shift), _find_timestep(end, shift))


def _find_box(
    area: Sequence[int | None] | None, size: tuple[int, int], latent: tuple[int, int], multiple: int
) -> tuple[int, int, int, int] | None:
    """Return an area in samples of the latent, cut at its edges."""
    if area is None:
        return None
    ends = []
    for begin, length, pixels, samples in zip(area[:2], area[2:], size, latent[::-1], strict=True):
        step = max(1, pixels // samples)
        low = min(int(begin or 0) // step, samples - multiple) // multiple * multiple
        high = samples if length is None else low + max(multiple, int(length) // step // multiple * multiple)
        ends.append((low, min(samples, high)))
    return ends[0][0], ends[1][0], ends[0][1], ends[1][1]


def _weigh(part: Part, box: tuple[int, int, int, int] | None, latent: tuple[int, int]) -> torch.Tensor:
    left, top, right, bottom = box or (0, 0, latent[1], latent[0])
    weights = torch.full((1, 1, bottom - top, right - left), float(part.about.get("strength", 1.0)))
    if "mask" in part.tensors:
        mask = torch.tensor(part.tensors["mask"], dtype=torch.float32)[None, None]
        whole = functional.interpolate(mask, latent, mode="bilinear", align_corners=False)
        return weights * whole[..., top:bottom, left:right] * float(part.about.get("mask_strength", 1.0))
    fades = (top > 0, bottom < latent[0], left > 0, right < latent[1])
    return weights * torch.from_numpy(fade_in((bottom - top, right - left), _FADE, fades))


def _find_timestep(share: float, shift: float | None) -> float:
    """Return the timestep after a share of the noise; a shift is that of a flow model."""
    if share <= 0:
        return float("inf")
    if share >= 1:
        return 0.0
    left = 1 - share
    return left * _LAST_TIMESTEP if shift is None else 1000 * shift * left / (1 + (shift - 1) * left)


class _Averaging:
    """The forward pass of a denoiser that averages what it predicts for each prompt."""

    def __init__(self, ask: Any, regions: Sequence[_Region], *, guided: bool) -> None:
        self._ask, self._guided = ask, guided
        self._regions = regions
        boxed = {region.box: region for region in reversed(regions) if region.box is not None}
        whole = replace(regions[0], box=None, weights=torch.ones(()), first=float("inf"), last=0.0)
        self._against = [whole, *(replace(region, tensors=regions[0].tensors) for region in boxed.values())]

    def __call__(self, *args: Any, **inputs: Any) -> Any:
        given = dict(zip(("sample", "timestep"), args, strict=False)) | inputs
        name = "hidden_states" if "hidden_states" in given else "sample"
        whole = given.pop(name)
        rows = whole.chunk(2) if self._guided else [whole]
        return (torch.cat([self._average(name, row, given, at == 0) for at, row in enumerate(rows)]),)

    def _average(self, name: str, row: torch.Tensor, inputs: Mapping[str, Any], is_first: bool) -> torch.Tensor:
        against = self._guided and is_first
        moment = torch.as_tensor(inputs["timestep"], device=row.device).reshape(-1)[:1]
        total, count = torch.zeros_like(row), torch.zeros_like(row[:, :1])
        for region in self._against if against else self._regions:
            if not region.last <= float(moment[0]) <= region.first:
                continue
            left, top, right, bottom = region.box or (0, 0, row.shape[-1], row.shape[-2])
            place = (slice(None), slice(None), slice(top, bottom), slice(left, right))
            more = _fit_inputs(inputs, region.tensors, "negative_" if against else "")
            found = self._ask(**{**more, name: row[place], "timestep": moment})[0]
            weights = region.weights.to(found.dtype)
            total[place] += found * weights
            count[place] += weights
        if not bool((count > 0).all()):
            raise StudioError(
                "E626",
                "no prompt counts in a part of the image, or in some of the steps",
                hint="combine with a prompt for the whole image, with diffusion.combine_conditioning",
            )
        return total / count


def _fit_inputs(inputs: Mapping[str, Any], tensors: Tensors, prefix: str) -> dict[str, Any]:
    """Return the inputs of a forward pass with the tensors of one prompt."""
    found: dict[str, Any] = {}
    for name, value in inputs.items():
        if name == "encoder_hidden_states":
            found[name] = tensors[f"{prefix}prompt_embeds"]
        elif name in _INPUTS:
            found[name] = tensors[f"{prefix}{_INPUTS[name]}"]
        elif isinstance(value, dict):
            found[name] = _fit_inputs(value, tensors, prefix)
        else:
            found[name] = value[:1] if isinstance(value, torch.Tensor) and value.ndim else value
    return found
