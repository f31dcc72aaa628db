"""Checks of a node's inputs before it runs, from the configurations of its model; nothing is loaded."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.api import Model, ModelError, StudioError
from studio.api.model_folder import INDEX, read_class, read_json
from studio_diffusion.controlnet import name_controlnet_family
from studio_diffusion.families import (
    CONTROL,
    CONTROLNET_FAMILIES,
    OTHER,
    PARTS,
    Family,
    find_family,
    get_family,
    refuse_parts,
)
from studio_diffusion.known_words import find_unknown, read_vocabulary
from studio_diffusion.model_folder import read_about
from studio_diffusion.nearest_words import describe_unknown
from studio_diffusion.noise_plan import check_noise_plan
from studio_diffusion.prompt_syntax import READERS, PromptReading, refuse_reading
from studio_diffusion.sampler_names import FLOW, OURS, OWN, PLANNED, is_flow
from studio_diffusion.sizes import refuse_reach, round_size

FindPath = Callable[[Model], Path | None]
Problems = Iterator[tuple[str, StudioError]]


@dataclass(frozen=True)
class Sketched:
    """A pipeline's folder as its configurations show it.

    Attributes:
        family: Its architecture.
        scheduler: Class and configuration of the scheduler that it came with.
        reach: The largest side that it has positions for, in pixels; 0 if there is no limit.
        multiple: What width and height are rounded to.
    """

    family: Family
    scheduler: tuple[str, Mapping[str, Any]]
    reach: int
    multiple: int


def check_drawing(task: str) -> Callable[[Mapping[str, Any], FindPath], Problems]:
    """Return the check of a node type that draws: sampler, size, ControlNet, and whether the model does the task."""

    def check(inputs: Mapping[str, Any], find_path: FindPath) -> Problems:
        yield from _check_loras(inputs)
        yield from _check_image_prompt(inputs)
        if task == CONTROL:
            yield from _check_span(inputs.get("control_start"), inputs.get("control_end"))
        yield from _check_plan(inputs)
        if not inputs.get("loras", True):  # which may bring words, and are known to be none
            yield from _check_words(inputs, find_path)
        sketched = _find_sketch(inputs, find_path)
        if sketched is None or sketched.family is OTHER:
            return
        family = sketched.family
        if family.pipelines and task not in family.pipelines:
            able = ", ".join(sorted(family.pipelines))
            error = ModelError("E616", f"a model of {family.title} does no {task}", hint=f"this one does {able}")
            yield "model", error
        yield from _check_reading(family, inputs)
        yield from _check_sampler(sketched, inputs)
        yield from _check_size(sketched, inputs)
        if task == CONTROL:
            yield from _check_controlnet(family, inputs.get("controlnet"), find_path)

    return check


def check_part(inputs: Mapping[str, Any], find_path: FindPath) -> Problems:
    """Check a node type that does a part of drawing: whether the model is taken apart, words, sampler, size."""
    yield from _check_plan(inputs)
    yield from _check_words(inputs, find_path)
    sketched = _find_sketch(inputs, find_path)
    if sketched is None:
        return
    if sketched.family.name not in PARTS:
        yield "model", refuse_parts(sketched.family)
        return
    yield from _check_reading(sketched.family, inputs)
    yield from _check_sampler(sketched, inputs)
    yield from _check_size(sketched, inputs)


def _check_words(inputs: Mapping[str, Any], find_path: FindPath) -> Problems:
    """Warn of words of the prompt that a model which says what it knows does not know."""
    prompt, path = inputs.get("prompt"), _find_folder(inputs, find_path)
    if not isinstance(prompt, str) or path is None:
        return
    try:
        vocabulary = read_vocabulary(read_about(path))
    except ModelError:
        return  # opening the folder reports what is wrong with it
    unknown = find_unknown(prompt, vocabulary) if vocabulary is not None else None
    if vocabulary is not None and unknown is not None:
        message, hint = describe_unknown(unknown, vocabulary)
        yield "prompt", StudioError("W610", message, hint=hint)


def _find_folder(inputs: Mapping[str, Any], find_path: FindPath) -> Path | None:
    model = inputs.get("model")
    return find_path(model) if isinstance(model, Model) and not model.options else None


def _find_sketch(inputs: Mapping[str, Any], find_path: FindPath) -> Sketched | None:
    """Return what the configurations of the node's model say; None if only opening the model would tell."""
    path = _find_folder(inputs, find_path)
    if path is None or not (path / INDEX).is_file():
        return None
    try:
        return read_sketch(path)
    except ModelError:
        return None  # opening the folder reports what is wrong with it


def read_sketch(path: Path) -> Sketched:
    """Read what a pipeline's configurations say.

    Raises:
        ModelError: One is damaged.
    """
    index = read_json(path / INDEX)
    rows = {name: row for name, row in index.items() if isinstance(row, list) and len(row) == 2}
    refiner = "text_encoder_2" in rows and rows.get("text_encoder", [None])[0] is None and "unet" in rows
    family = find_family(str(index.get("_class_name")), refiner=refiner)
    denoiser = _read_config(path / "transformer")
    patch = denoiser.get("patch_size")
    multiple = family.multiple or _read_scale(path) * max(patch if isinstance(patch, int) else 1, family.pack)
    positions = denoiser.get("pos_embed_max_size")
    reach = positions * multiple if isinstance(positions, int) else 0
    scheduler = _read_config(path / "scheduler", "scheduler_config.json")
    kind = str(scheduler.get("_class_name") or rows.get("scheduler", [None, ""])[1])
    return Sketched(family, (kind, scheduler), reach, math.lcm(multiple, 8))


def _read_scale(path: Path) -> int:
    """Return how many pixels a side of one latent sample covers."""
    blocks = _read_config(path / "vae").get("block_out_channels")
    return 2 ** (len(blocks) - 1) if isinstance(blocks, list) and blocks else 8


def _read_config(folder: Path, name: str = "config.json") -> dict[str, Any]:
    return read_json(folder / name) if (folder / name).is_file() else {}


def _check_plan(inputs: Mapping[str, Any]) -> Problems:
    """Find noise levels that do not fall, an empty range of steps, and a sampler that follows no schedule."""
    try:
        check_noise_plan({name: value for name, value in inputs.items() if _is_known(value)})
    except StudioError as error:
        yield next(name for name in ("sigmas", "last_step", "schedule") if inputs.get(name)), error


def _is_known(value: Any) -> bool:
    return isinstance(value, str | int | float | list)


def _check_sampler(sketched: Sketched, inputs: Mapping[str, Any]) -> Problems:
    sampler = inputs.get("sampler")
    if not isinstance(sampler, str) or sampler == OWN:
        return
    if sketched.family.own_sampler:
        names: tuple[str, ...] = (OWN,)
    elif is_flow(*sketched.scheduler):
        names = (OWN, *dict.fromkeys([*FLOW, *(PLANNED if _follows_plan(inputs) else sorted(OURS))]))
    else:
        return
    if sampler not in names:
        message = f"this model does not support the sampler {sampler!r}"
        yield "sampler", ModelError("E616", message, hint=f"it takes {', '.join(names)}")


def _check_reading(family: Family, inputs: Mapping[str, Any]) -> Problems:
    """Find weights of words or left out layers for text encoders that have neither."""
    given = {name: inputs.get(name) for name in ("prompt_syntax", "clip_skip")}
    syntax, skip = given["prompt_syntax"], given["clip_skip"]
    reading = PromptReading(syntax if isinstance(syntax, str) else "plain", skip if isinstance(skip, int) else None)
    if not reading.is_plain and family.name not in READERS:
        yield "prompt_syntax" if reading.syntax != "plain" else "clip_skip", refuse_reading(family.title, reading)


def _follows_plan(inputs: Mapping[str, Any]) -> bool:
    """Say whether the noise levels are the user's, which every planned sampler follows."""
    return inputs.get("schedule", OWN) != OWN or any(
        inputs.get(name) is not None for name in ("shift", "sigmas", "first_step", "last_step", "mask")
    )


def _check_size(sketched: Sketched, inputs: Mapping[str, Any]) -> Problems:
    if not sketched.reach or not {"width", "height"} <= inputs.keys():
        return
    width, height = inputs["width"] or 0, inputs["height"] or 0
    rounded = round_size((max(1, width), max(1, height)), sketched.multiple)
    size = (rounded[0] if width else 0, rounded[1] if height else 0)
    if max(size) > sketched.reach:
        yield "width" if size[0] >= size[1] else "height", refuse_reach(sketched.reach, size)


def check_weights(weights: Sequence[float], loras: Sequence[Any]) -> None:
    """Raise StudioError E625 unless there is a weight for each LoRA, one for all, or none."""
    if weights and len(weights) not in (1, len(loras)):
        raise StudioError(
            "E625",
            f"{len(weights)} weights for {len(loras)} LoRAs",
            hint="give one weight for each, one for all, or none",
        )


def _check_loras(inputs: Mapping[str, Any]) -> Problems:
    if {"lora_scales", "loras"} <= inputs.keys():
        try:
            check_weights(inputs["lora_scales"] or (), inputs["loras"] or ())
        except StudioError as error:
            yield "lora_scales", error


def check_image_prompt(images: Any, model: Any) -> None:
    """Raise StudioError E625 for images without a model that reads them, or a model without images."""
    if bool(images) == (model is not None):
        return
    message, hint = "image_prompt needs image_prompt_model", "give an IP-Adapter, for example"
    if not images:
        message, hint = "image_prompt_model reads no images: image_prompt is empty", "give images to image_prompt"
    raise StudioError("E625", message, hint=hint)


def _check_image_prompt(inputs: Mapping[str, Any]) -> Problems:
    if {"image_prompt", "image_prompt_model"} <= inputs.keys():
        try:
            check_image_prompt(inputs["image_prompt"], inputs["image_prompt_model"])
        except StudioError as error:
            yield "image_prompt", error


def check_span(start: float, end: float) -> None:
    """Raise StudioError E626 for a part of the steps that is empty."""
    if start >= end:
        raise StudioError(
            "E626",
            f"the sketch is followed from {start:g} to {end:g} of the steps, which is never",
            hint="start below end",
        )


def _check_span(start: Any, end: Any) -> Problems:
    if isinstance(start, float | int) and isinstance(end, float | int):
        try:
            check_span(start, end)
        except StudioError as error:
            yield "control_end", error


def _check_controlnet(family: Family, controlnet: Any, find_path: FindPath) -> Problems:
    path = find_path(controlnet) if isinstance(controlnet, Model) and not controlnet.options else None
    kind = read_class(path, "diffusers") if path is not None else None
    if path is None or kind is None or kind not in CONTROLNET_FAMILIES:
        return
    made_for = name_controlnet_family(kind, read_json(path / "config.json"))
    if made_for != family.name:
        title = get_family(made_for).title if made_for != "other" else "another architecture"
        yield (
            "controlnet",
            ModelError(
                "E617",
                f"this ControlNet ({kind}) is for {title}, and the model is {family.title}",
                hint=f"take a ControlNet made for {family.title}" if family.controlnets else "this model takes none",
            ),
        )
