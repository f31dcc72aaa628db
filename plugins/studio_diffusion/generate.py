"""Drawing: from words, noise and images to latents and images, through the pipeline of any architecture."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from studio.api import Context, Image, Model, Packed, StudioError
from studio.api.quiet import hush
from studio_diffusion.checks import check_weights
from studio_diffusion.conditioning import Tensors, encode_prompts, pack_tensors, takes_guidance, unpack_tensors
from studio_diffusion.control import CONTROLLED, OpenedControl, count_rows, find_nets, write_controls
from studio_diffusion.embeddings import insert_embeddings
from studio_diffusion.families import EDIT, EDIT_INPAINT, PARTS, TEXT
from studio_diffusion.image_prompts import ImagePrompt, add_image_prompt, follow_image_prompt
from studio_diffusion.latents import decode_latents, unpack
from studio_diffusion.lost_inputs import report_lost
from studio_diffusion.noise import draw_noise, draw_on_cpu, list_seeds
from studio_diffusion.noise_plan import PLAIN, NoisePlan
from studio_diffusion.pixels import check_latents, make_images, to_batch
from studio_diffusion.prompt_syntax import PLAIN_READING, PromptReading
from studio_diffusion.prompts import warn_about
from studio_diffusion.sigma_scheduler import KeptPart
from studio_diffusion.sizes import Size
from studio_diffusion.watch import Watch
from studio_diffusion.weighted_prompts import check_reading

if TYPE_CHECKING:
    from studio_diffusion.pipeline_model import PipelineModel


ONE_BY_ONE = frozenset({EDIT, EDIT_INPAINT})
"""Tasks whose pipelines draw one image at a time."""


@dataclass(frozen=True)
class DrawingRequest:
    """What is to be drawn: some images that differ in prompt and seed.

    Attributes:
        prompts: One for each image.
        seeds: One for each image.
        negative_prompt: What to keep out of all.
        size: Width and height.
        steps: How many steps.
        guidance_scale: How strictly to follow the prompt.
        sampler: Name of the sampler.
        plan: Which noise levels to visit.
        asked: What the user gave of steps and guidance scale.
        reading: How the prompts are read.
    """

    prompts: tuple[str, ...]
    seeds: tuple[int, ...]
    negative_prompt: str
    size: Size
    steps: int
    guidance_scale: float
    sampler: str
    plan: NoisePlan = PLAIN
    asked: frozenset[str] = frozenset()
    reading: PromptReading = PLAIN_READING

    def take(self, part: slice) -> DrawingRequest:
        """Return the request for some of the images."""
        return replace(self, prompts=self.prompts[part], seeds=self.seeds[part])


def make_request(
    opened: PipelineModel,
    *,
    prompts: Sequence[str],
    seeds: Sequence[int],
    size: Size,
    negative_prompt: str = "",
    steps: int = 0,
    guidance_scale: float | None = None,
    sampler: str = "auto",
    plan: NoisePlan = PLAIN,
    reading: PromptReading = PLAIN_READING,
) -> DrawingRequest:
    """Fill in the model's own values where the user gave none."""
    defaults = opened.defaults
    return DrawingRequest(
        tuple(prompts),
        tuple(seeds),
        negative_prompt,
        size,
        steps or int(defaults["steps"]),
        float(defaults["guidance_scale"]) if guidance_scale is None else guidance_scale,
        str(defaults["sampler"]) if sampler == "auto" else sampler,
        plan,
        frozenset(
            name for name, given in (("steps", steps > 0), ("guidance_scale", guidance_scale is not None)) if given
        ),
        reading,
    )


def repeat_request(opened: PipelineModel, *, prompt: str, seed: int, count: int, **settings: Any) -> DrawingRequest:
    """Request several images of one prompt, of the seeds from `seed` on; settings as for `make_request`."""
    return make_request(opened, prompts=[prompt] * count, seeds=list_seeds(seed, count), **settings)


@contextmanager
def open_models(
    ctx: Context, model: Model, loras: Sequence[Model] = (), weights: Sequence[float] = ()
) -> Iterator[tuple[Any, list[tuple[Any, float]]]]:
    """Lease a model and its LoRAs.

    Raises:
        StudioError: E625 if a reference is not a model that draws or not a LoRA, or if LoRAs and weights differ in
            number.
    """
    check_weights(weights, loras)
    shares = list(weights) * len(loras) if len(weights) == 1 else list(weights) or [1.0] * len(loras)
    with ExitStack() as stack:
        opened = stack.enter_context(ctx.open(model))
        if not hasattr(opened, "pipeline"):
            raise StudioError(
                "E625",
                f"{model} does not draw images by itself",
                hint="a LoRA goes to `loras`, a ControlNet to `controlnet`, a network that enlarges to upscale.image",
            )
        adapters = [stack.enter_context(ctx.open(lora)) for lora in loras]
        for lora, adapter in zip(loras, adapters, strict=True):
            if not hasattr(adapter, "tensors"):
                raise StudioError("E625", f"{lora} is not a LoRA", hint="name the .safetensors file of a LoRA")
        yield opened, list(zip(adapters, shares, strict=True))


def draw(
    ctx: Context,
    opened: PipelineModel,
    request: DrawingRequest,
    *,
    task: str = TEXT,
    loras: Sequence[tuple[Any, float]] = (),
    controls: Sequence[OpenedControl] = (),
    image_prompt: ImagePrompt | None = None,
    media: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    dark: bool = False,
    calls: int = 1,
) -> list[Image]:
    """Draw all images of a request.

    Args:
        ctx: Whom to report to.
        opened: The model.
        request: What to draw.
        task: Which pipeline to use.
        loras: LoRAs with their weights.
        controls: Images to follow, with their ControlNets.
        image_prompt: Images that are read beside the prompt.
        media: Images that the pipeline takes, each of one row, by `PipelineModel.arguments`' names.
        options: Other inputs, by the same names.
        dark: Whether the images may be black all over.
        calls: How many calls request for them, each for the same number.

    Raises:
        ModelError: E616, E617 or E618 if the model cannot do that.
        StudioError: E622 if what it draws are no numbers, or all black.
    """
    from studio_diffusion.lora import apply_loras

    task = CONTROLLED[task] if controls else task
    pipeline = opened.for_task(task, find_nets(controls)) if controls else opened.for_task(task)
    check_reading(opened, request.reading)
    insert_embeddings(opened, [*request.prompts, request.negative_prompt])  # before anything is drawn
    share = len(request.prompts) // calls
    for call in range(calls):
        prompts = request.prompts[call * share : (call + 1) * share]
        warn_about(
            opened,
            prompts,
            request.negative_prompt,
            functools.partial(ctx.log, call=call),
            request.reading.syntax,
            words=not loras,
        )
    _warn_of_negative(opened, request, ctx)
    guided = takes_guidance(opened, request.guidance_scale)
    with (
        hush("diffusers", "transformers"),
        apply_loras(pipeline, loras),
        follow_image_prompt(opened, pipeline, image_prompt, guided=guided) as seen,
    ):
        shares = [share for _, share in loras]

        def encode(part: DrawingRequest) -> Tensors:
            return add_image_prompt(opened, _encode(ctx, opened, pipeline, shares, part), image_prompt)

        followed, further = write_controls(controls, request.size, ctx.log)
        media, options = {**(media or {}), **followed}, {**(options or {}), **further, **seen}
        return _draw_stacks(ctx, opened, pipeline, task, request, encode, media, options, dark=dark)


def _draw_stacks(
    ctx: Context,
    opened: PipelineModel,
    pipeline: Any,
    task: str,
    request: DrawingRequest,
    encode: Callable[[DrawingRequest], Tensors],
    media: Mapping[str, Any],
    options: dict[str, Any],
    *,
    dark: bool,
) -> list[Image]:
    """Draw some images at once; if memory is short for that, the call runs again with fewer."""
    images: list[Image] = []
    total, stack = len(request.seeds), 1 if task in ONE_BY_ONE else opened.measures.stack
    watch = Watch(ctx, opened, request.size, -(-total // stack))
    for begin in range(0, total, stack):
        part = request.take(slice(begin, begin + stack))
        watch.round, opened.measures.drawn = begin // stack, len(part.seeds)
        tensors = encode(part) if opened.family in PARTS else None
        made = sample(opened, pipeline, task, part, watch, tensors=tensors, media=media, options=options)
        batch = decode_latents(opened, made) if opened.family in PARTS else to_batch(made)
        images += make_images(batch, dark=dark)
    opened.measures.drawn = 1
    if (images[0].width, images[0].height) != request.size:
        drawn = f"{images[0].width} x {images[0].height}"
        ctx.log(f"this model chose the size {drawn} itself, not {request.size[0]} x {request.size[1]}")
    return images


def _encode(
    ctx: Context, opened: PipelineModel, pipeline: Any, shares: Sequence[float], part: DrawingRequest
) -> Tensors:
    """Encode the prompts of a stack, each of them once, and no more than once for all seeds."""
    distinct = list(dict.fromkeys(part.prompts))
    guided = takes_guidance(opened, part.guidance_scale)

    def make() -> Packed:
        negative, reading = part.negative_prompt, part.reading
        return pack_tensors(encode_prompts(opened, pipeline, distinct, negative, guided=guided, reading=reading))

    key: list[Any] = ["prompts", distinct, part.negative_prompt, guided, [float(share) for share in shares]]
    if not part.reading.is_plain:
        key += [part.reading.syntax, part.reading.skip]
    tensors = unpack_tensors(ctx.memo(key, make), opened.device)
    rows = [distinct.index(prompt) for prompt in part.prompts]
    if rows == list(range(len(rows))):
        return tensors
    return {name: tensor[rows] for name, tensor in tensors.items()}


def sample(
    opened: PipelineModel,
    pipeline: Any,
    task: str,
    request: DrawingRequest,
    watch: Watch,
    *,
    tensors: Tensors | None = None,
    media: Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    kept: tuple[torch.Tensor, torch.Tensor] | None = None,
) -> Any:
    """Run a pipeline once, for a stack of images.

    Args:
        opened: The model.
        pipeline: Its pipeline for the task.
        task: The task.
        request: What to draw; the prompts are not looked at where there are tensors.
        watch: Who hears of the steps.
        tensors: The encoded prompts, where the family can be taken apart.
        media: Images or latents that the pipeline takes, each of one row.
        options: Other inputs.
        kept: A mask of where to draw, and the latent that stays elsewhere.

    Returns:
        Latents (batch x channels x rows x columns) of a family that can be taken apart, otherwise images.
    """
    count = len(request.seeds)
    generators = [torch.Generator().manual_seed(seed) for seed in request.seeds]
    generator = generators if count > 1 else generators[0]
    options = dict(options or {})
    scheduler = _make_scheduler(opened, request, options, generator, planned=kept is not None)
    opened.set_scheduler(pipeline, scheduler)
    if kept is not None:
        scheduler.kept = _keep_part(pipeline, kept, request)
    wanted: dict[str, Any] = {
        "width": request.size[0],
        "height": request.size[1],
        "area": request.size[0] * request.size[1],
        "steps": request.steps,
        "guidance_scale": request.guidance_scale,
        "generator": generator,
        "use_resolution_binning": False,
        **options,
        **{name: count_rows(each, count) for name, each in (media or {}).items()},
    }
    wanted |= _ask_in_words(opened, request) if tensors is None else {**tensors, "output_type": "latent"}
    arguments, lost = opened.arguments(task, pipeline=pipeline, **wanted)
    report_lost(pipeline, lost, request.asked, watch)
    if tensors is not None and "negative_prompt_embeds" in arguments:
        arguments["negative_prompt"] = None  # some pipelines have an empty text by default, and refuse both
    with (
        hush("diffusers", "transformers"),
        draw_on_cpu(pipeline, generators, opened.device),
        opened.measures.applied(),
        watch.follow(pipeline),
    ):
        made = pipeline(**arguments).images
    if tensors is None:
        return made
    latents = unpack(pipeline, made, *request.size)
    check_latents(latents)
    return latents


class _Whole(float):
    """The strength 1 for pipelines that would start from pure noise at 1: the scheduler has cut the steps."""

    def __eq__(self, other: object) -> bool:
        return False

    __hash__ = float.__hash__


def _make_scheduler(
    opened: PipelineModel, request: DrawingRequest, options: dict[str, Any], generator: Any, *, planned: bool
) -> Any:
    """Return the scheduler of a call; one that follows a plan takes the strength over."""
    if not (planned or opened.follows_plan(request.sampler, request.plan)):
        return opened.make_scheduler(request.sampler, steps=request.steps, generator=generator)
    strength = float(options.get("strength", 1.0))
    if "strength" in options:
        options["strength"] = _Whole(1.0)
    return opened.make_planned_scheduler(request.sampler, request.plan, strength=strength, seeds=request.seeds)


def _keep_part(pipeline: Any, kept: tuple[torch.Tensor, torch.Tensor], request: DrawingRequest) -> KeptPart:
    """Return what a mask keeps of a latent, as the pipeline holds latents."""
    mask, clean = kept
    parts = (
        mask.expand(clean.shape),
        clean,
        draw_noise(clean.shape, [torch.Generator().manual_seed(request.seeds[0])]),
    )
    if hasattr(pipeline, "_pack_latents"):
        parts = tuple(pipeline._pack_latents(each, *clean.shape) for each in parts)
    device = pipeline._execution_device
    return KeptPart(*(each.to(device) for each in parts))


def _ask_in_words(opened: PipelineModel, request: DrawingRequest) -> dict[str, Any]:
    """Return the inputs of a pipeline that encodes prompts itself."""
    asked: dict[str, Any] = {"prompt": list(request.prompts), "output_type": "np"}
    if request.negative_prompt:
        asked["negative_prompt"] = [request.negative_prompt] * len(request.seeds)
    elif opened.info.blank_negative and request.guidance_scale > 1.0:
        asked["negative_prompt"] = [" "] * len(request.seeds)  # without one it does without guidance
    return asked | {"max_sequence_length": opened.defaults.get("max_sequence_length")}


def limit_strength(strength: float, steps: int) -> float:
    """Raise a strength so far that at least one step is left to take."""
    least = 1.0 / steps
    if least * steps < 1.0:  # pipelines multiply it back, and some round down
        least = math.nextafter(least, 1.0)
    return min(1.0, max(strength, least))


def _warn_of_negative(opened: PipelineModel, request: DrawingRequest, ctx: Context) -> None:
    if not request.negative_prompt:
        return
    if opened.family == "flux":
        ctx.log("the negative prompt has no effect: this model is distilled to draw without asking for the contrary")
    elif opened.family in PARTS and request.guidance_scale <= 1.0:
        ctx.log(
            f"the negative prompt has no effect at a guidance scale of {request.guidance_scale:g}: it needs more than 1"
        )
