"""Videos from networks: the pipelines of diffusers that make a video from words or from a still."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from studio.api import Audio, Image, ModelError, Video
from studio.api.quiet import hush
from studio_video.interpolate import find_rate
from studio_video.resample import resize_image
from studio_video.siblings import choose_pipeline, find_audio, find_takes, makes_videos, place_stills

if TYPE_CHECKING:
    Step = Callable[[int, int, Image | None], None]
    Log = Callable[[str], None]

_REFERENCES = ("reference_images", "references", "images", "input_images")
_SCALES = ("vae_scale_factor_spatial", "vae_spatial_compression_ratio", "vae_scale_factor")
_TEMPORAL = ("vae_scale_factor_temporal", "vae_temporal_compression_ratio")


@dataclass(frozen=True)
class Request:
    """What video is to be made.

    Attributes:
        prompt: What it shows.
        negative_prompt: What it does not.
        frames: How many.
        rate: How many a second.
        width: Columns; 0 for the model's own, or the still's.
        height: Rows; 0 as well.
        steps: Steps; 0 for the model's own.
        guidance_scale: How strictly to follow the prompt; None for the model's own.
        seed: Another seed, another video.
        loras: LoRAs that are opened, and their scales.
        noise: Sampler and noise levels, by the names of `diffusion.text_to_image`'s inputs; {} for the model's own.
    """

    prompt: str
    negative_prompt: str
    frames: int
    rate: float
    width: int
    height: int
    steps: int
    guidance_scale: float | None
    seed: int
    loras: Sequence[tuple[Any, float]] = ()
    noise: Mapping[str, Any] = field(default_factory=dict)


def generate_video(
    opened: Any,
    request: Request,
    step: Step,
    log: Log,
    *,
    still: Image | None = None,
    last: Image | None = None,
    references: Sequence[Image] = (),
) -> Video:
    """Run a pipeline and return its frames as a video; all of them are held, as the network does.

    Args:
        opened: The opened model.
        request: What video is to be made.
        step: Reports steps.
        log: Reports what differs from the request.
        still: Image that it starts with.
        last: Image that it ends with.
        references: Images that it refers to.

    Raises:
        ModelError: E718 if the model does not make such videos, E719 if it makes no numbers.
    """
    pipeline = choose_pipeline(opened, has_still=still is not None, has_last=last is not None)
    takes = find_takes(type(pipeline))
    width, height = find_size(pipeline, request, still)
    ends = (_fit(still, width, height), _fit(last, width, height))
    given = place_stills(takes, *ends) | find_references(pipeline, takes, references)
    made = run_pipeline(opened, pipeline, request, (width, height), given, step, log)
    return make_video(find_frames(made)[: request.frames], request, find_audio(pipeline, made))


def run_pipeline(
    opened: Any,
    pipeline: Any,
    request: Request,
    size: tuple[int, int],
    sources: Mapping[str, Any],
    step: Step,
    log: Log,
) -> Any:
    """Run a pipeline and return what it made.

    Args:
        opened: The opened model.
        pipeline: Its pipeline, or a sibling.
        request: What video is to be made.
        size: Width and height.
        sources: Images and videos that it is made from, as the pipeline calls them.
        step: Reports steps.
        log: Reports what differs from the request.

    Raises:
        ModelError: E718 if the pipeline refuses it.
    """
    takes = find_takes(type(pipeline))
    if request.width and size != (request.width, request.height):
        log(f"this model takes no size of {request.width} x {request.height}; the video is {size[0]} x {size[1]}")
    frames = count_frames(pipeline, request.frames)
    given = _list_arguments(request, *size) | {
        **sources,
        "num_frames": frames,
        "video_length": frames,
        "callback_on_step_end": _report_steps(pipeline, step),
    }
    if "prompt" in takes and not request.prompt.strip():
        raise ModelError("E718", f"{type(pipeline).__name__} needs a prompt", hint="say what is to happen")
    arguments = {name: value for name, value in given.items() if name in takes and value is not None}
    _report_lost(pipeline, request, takes, log)
    with torch.random.fork_rng(devices=[]), torch.no_grad(), _prepared(opened, pipeline, request):
        torch.manual_seed(request.seed)
        with _apply_loras(pipeline, request.loras):
            return _run(pipeline, arguments)


def count_frames(pipeline: Any, wanted: int) -> int:
    """Return the least number of frames that a pipeline makes, from a number on."""
    every = _find_factor(pipeline, _TEMPORAL, 1)
    return math.ceil((wanted - 1) / every) * every + 1


def find_references(pipeline: Any, takes: Collection[str], references: Sequence[Image]) -> dict[str, Any]:
    """Return the images that are referred to, as a pipeline calls them."""
    if not references:
        return {}
    name = next((name for name in _REFERENCES if name in takes), None)
    if name is None:
        message = f"{type(pipeline).__name__} does not take images to refer to"
        raise ModelError("E718", message, hint="leave it out, or take a model that does")
    return {name: [one.to_pillow().convert("RGB") for one in references]}


def _fit(image: Image | None, width: int, height: int) -> Any:
    """Return an image as pipelines take it, at the size of the video."""
    return None if image is None else resize_image(image, width, height).to_pillow().convert("RGB")


@contextmanager
def _prepared(opened: Any, pipeline: Any, request: Request) -> Iterator[None]:
    """Let a pipeline work with the scheduler and the guidance of a request while the block lasts."""
    before = {name: getattr(pipeline, name, None) for name in ("scheduler", "guider")}
    if any(value not in (None, "auto", ()) for value in request.noise.values()):
        pipeline.scheduler = opened.plan_scheduler(request.noise, seeds=(request.seed,))
    if request.guidance_scale is not None and before["guider"] is not None:
        pipeline.guider = before["guider"].new(guidance_scale=request.guidance_scale)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is not None:
                setattr(pipeline, name, value)


def _report_lost(pipeline: Any, request: Request, takes: Mapping[str, Any], log: Log) -> None:
    """Say which inputs a pipeline has no place for."""
    guided = {"guidance_scale", "max_guidance_scale"} & takes.keys() or hasattr(pipeline, "guider")
    lost = {
        "negative_prompt": request.negative_prompt and "negative_prompt" not in takes,
        "prompt": request.prompt.strip() and "prompt" not in takes,
        "guidance_scale": request.guidance_scale is not None and not guided,
        "steps": request.steps and "num_inference_steps" not in takes,
    }
    for name in (name for name, is_lost in lost.items() if is_lost):
        log(f"{name} has no effect: {type(pipeline).__name__} does not take it")


def _apply_loras(pipeline: Any, loras: Sequence[tuple[Any, float]]) -> AbstractContextManager[Any]:
    return loras[0][0].apply_with(pipeline, loras) if loras else nullcontext()


def _list_arguments(request: Request, width: int, height: int) -> dict[str, Any]:
    """Return what pipelines call the parts of a request; each takes those that it knows."""
    return {
        "prompt": request.prompt,
        "negative_prompt": request.negative_prompt or None,
        "width": width,
        "height": height,
        "num_inference_steps": request.steps or None,
        "guidance_scale": request.guidance_scale,
        "max_guidance_scale": request.guidance_scale,
        "frame_rate": round(request.rate),
        "fps": max(1, round(request.rate)),
        "output_type": "np",
        "generator": torch.Generator().manual_seed(request.seed),
    }


def _run(pipeline: Any, arguments: Mapping[str, Any]) -> Any:
    module = sys.modules[type(pipeline).__module__]
    if "prompt_clean" in vars(module) and not hasattr(module, "ftfy"):
        module.ftfy = SimpleNamespace(fix_text=str)  # type: ignore[attr-defined]  # some use it unasked
    with hush("diffusers", "transformers"):
        try:
            return pipeline(**arguments)
        except (ValueError, TypeError, AttributeError) as error:
            reason = str(error).partition("\n")[0][:300]
            raise ModelError(
                "E718",
                f"{type(pipeline).__name__} refuses this: {reason}",
                hint="another size, another number of frames, or a model that fits the task",
            ) from error


def find_frames(made: Any) -> Any:
    """Return the frames of what a pipeline made: frames x height x width x 3."""
    found = made.frames
    array = np.asarray(found[0] if isinstance(found, list) else found)
    return array[0] if array.ndim == 5 else array


def make_video(made: Any, request: Request, audio: Audio | None) -> Video:
    """Return frames as a video.

    Raises:
        ModelError: E719 if they are none, or contain NaN.
    """
    if made.ndim != 4 or not len(made):
        raise ModelError("E719", f"the model returned an array of shape {made.shape}", hint="take another model")
    if not np.isfinite(made).all():
        raise ModelError("E719", f"the model returned NaN for {request.prompt!r}", hint="another seed, or float32")
    images = [Image(np.rint(np.clip(frame, 0, 1) * 255).astype(np.uint8)) for frame in made]
    return Video.from_images(images, find_rate(request.rate), audio)


def find_size(pipeline: Any, request: Request, still: Image | None) -> tuple[int, int]:
    """Return the size that was asked for, as near as the model can."""
    scale = _find_factor(pipeline, _SCALES, 8)
    denoiser = getattr(pipeline, "transformer", None) or getattr(pipeline, "unet", None)
    config = getattr(denoiser, "config", {})
    patch = config.get("patch_size", 1)
    patch = patch[-1] if isinstance(patch, tuple | list) else patch or 1
    multiple = max(8, scale * int(patch))
    width, height = request.width, request.height
    if not width and still is not None:
        shrink = min(1.0, math.sqrt(768 * 768 / (still.width * still.height)))
        width, height = round(still.width * shrink), round(still.height * shrink)
    if not width:
        width, height = _find_native_size(config, scale)
    return max(multiple, round(width / multiple) * multiple), max(multiple, round(height / multiple) * multiple)


def _find_factor(pipeline: Any, names: Sequence[str], default: int) -> int:
    """Return the first of these attributes that a pipeline has."""
    return int(next((value for name in names if (value := getattr(pipeline, name, None))), default))


def _find_native_size(config: Any, scale: int) -> tuple[int, int]:
    side = config.get("sample_size")
    side = side if isinstance(side, int) else 32
    width, height = (config.get(name) or side for name in ("sample_width", "sample_height"))
    return width * scale, height * scale


def _report_steps(pipeline: Any, step: Step) -> Any:
    def follow(_: Any, index: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        step(index + 1, int(getattr(pipeline, "num_timesteps", 0) or 0), None)
        return tensors

    return follow


__all__ = ["Request", "generate_video", "makes_videos"]
