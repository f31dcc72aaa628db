"""Videos from networks: the pipelines of diffusers that make a video from words or from a still."""

from __future__ import annotations

import inspect
import math
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from studio.api import Image, ModelError, Video
from studio.api.quiet import hush
from studio_video.interpolate import find_rate
from studio_video.resample import resize_image

if TYPE_CHECKING:
    Step = Callable[[int, int, Image | None], None]
    Log = Callable[[str], None]

# What else can be done with the modules of a pipeline that makes videos from words.
_FROM_STILLS: Mapping[str, str] = {"LTXPipeline": "LTXImageToVideoPipeline"}
_LAST = ("last_image", "last_frame")
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


def makes_videos(opened: Any) -> bool:
    """Say whether an opened model is a pipeline that makes videos."""
    pipeline = getattr(opened, "pipeline", None)
    return pipeline is not None and bool({"num_frames", "video_length"} & _find_takes(type(pipeline)).keys())


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
    pipeline = _choose(opened, still)
    takes = _find_takes(type(pipeline))
    width, height = _find_size(pipeline, request, still)
    if request.width and (width, height) != (request.width, request.height):
        log(f"this model takes no size of {request.width} x {request.height}; the video is {width} x {height}")
    every = _find_factor(pipeline, _TEMPORAL, 1)
    frames = math.ceil((request.frames - 1) / every) * every + 1
    images = _find_images(pipeline, takes, width, height, last, references)
    given = (
        _list_arguments(request, still, width, height)
        | images
        | {
            "num_frames": frames,
            "video_length": frames,
            "callback_on_step_end": _report_steps(pipeline, step),
        }
    )
    if "prompt" in takes and not request.prompt.strip():
        raise ModelError("E718", f"{type(pipeline).__name__} needs a prompt", hint="say what is to happen")
    arguments = {name: value for name, value in given.items() if name in takes and value is not None}
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(request.seed)
        with _apply_loras(pipeline, request.loras):
            made = _run(pipeline, arguments)
    return _to_video(made[: request.frames], request)


def _find_images(
    pipeline: Any, takes: Collection[str], width: int, height: int, last: Image | None, references: Sequence[Image]
) -> dict[str, Any]:
    """Return the last image and the images that are referred to, as a pipeline calls them."""
    found: dict[str, Any] = {}
    for names, value, what in ((_LAST, last, "an image to end with"), (_REFERENCES, references, "images to refer to")):
        if value is None or not value:
            continue
        name = next((name for name in names if name in takes), None)
        if name is None:
            message = f"{type(pipeline).__name__} does not take {what}"
            raise ModelError("E718", message, hint="leave it out, or take a model that does")
        found[name] = (
            _to_pillow(value, width, height)
            if isinstance(value, Image)
            else [one.to_pillow().convert("RGB") for one in value]
        )
    return found


def _to_pillow(image: Image, width: int, height: int) -> Any:
    return resize_image(image, width, height).to_pillow().convert("RGB")


def _apply_loras(pipeline: Any, loras: Sequence[tuple[Any, float]]) -> AbstractContextManager[Any]:
    return loras[0][0].apply_with(pipeline, loras) if loras else nullcontext()


def _list_arguments(request: Request, still: Image | None, width: int, height: int) -> dict[str, Any]:
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
        "image": None if still is None else _to_pillow(still, width, height),
        "output_type": "np",
        "generator": torch.Generator().manual_seed(request.seed),
    }


def _run(pipeline: Any, arguments: Mapping[str, Any]) -> Any:
    module = sys.modules[type(pipeline).__module__]
    if "prompt_clean" in vars(module) and not hasattr(module, "ftfy"):
        module.ftfy = SimpleNamespace(fix_text=str)  # type: ignore[attr-defined]  # some use it unasked
    with hush("diffusers", "transformers"):
        try:
            found = pipeline(**arguments).frames
        except (ValueError, TypeError, AttributeError) as error:
            reason = str(error).partition("\n")[0][:300]
            raise ModelError(
                "E718",
                f"{type(pipeline).__name__} refuses this: {reason}",
                hint="another size, another number of frames, or a model that fits the task",
            ) from error
    frames = found[0] if isinstance(found, list) else found
    array = np.asarray(frames)
    return array[0] if array.ndim == 5 else array


def _to_video(made: Any, request: Request) -> Video:
    if made.ndim != 4 or not len(made):
        raise ModelError("E719", f"the model returned an array of shape {made.shape}", hint="take another model")
    if not np.isfinite(made).all():
        raise ModelError("E719", f"the model returned NaN for {request.prompt!r}", hint="another seed, or float32")
    images = [Image(np.rint(np.clip(frame, 0, 1) * 255).astype(np.uint8)) for frame in made]
    return Video.from_images(images, find_rate(request.rate))


def _choose(opened: Any, still: Image | None) -> Any:
    pipeline = getattr(opened, "pipeline", None)
    if not makes_videos(opened):
        name = type(opened if pipeline is None else pipeline).__name__
        raise ModelError("E718", f"a model of {name} makes no videos", hint="take one that docs/motion.md lists")
    name = type(pipeline).__name__
    if still is not None and "image" not in _find_takes(type(pipeline)):
        import diffusers

        if name not in _FROM_STILLS:
            raise ModelError("E718", f"{name} does not start from a still", hint="video.from_text makes videos with it")
        assert pipeline is not None
        view = getattr(diffusers, _FROM_STILLS[name])(**pipeline.components)
        view.set_progress_bar_config(disable=True)
        return view
    if still is None:
        image = _find_takes(type(pipeline)).get("image")
        if image is not None and (image.default is inspect.Parameter.empty or "ImageToVideo" in name):
            raise ModelError("E718", f"{name} starts from a still", hint="video.animate makes videos with it")
    return pipeline


def _find_takes(kind: Any) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(kind.__call__).parameters)


def _find_size(pipeline: Any, request: Request, still: Image | None) -> tuple[int, int]:
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
