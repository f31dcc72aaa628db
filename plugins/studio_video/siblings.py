"""Pipelines of diffusers that share modules: which one makes a video from words, a still, or two; and its audio."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import numpy as np

from studio.api import Audio, ModelError
from studio.api.quiet import hush

# What else can be done with the modules of a pipeline: from words, from a still, from the first and the last image.
_SIBLINGS: Mapping[str, tuple[str, str, str]] = {
    "LTXPipeline": ("LTXPipeline", "LTXImageToVideoPipeline", "LTXConditionPipeline"),
    "LTX2Pipeline": ("LTX2Pipeline", "LTX2ImageToVideoPipeline", "LTX2ConditionPipeline"),
    "WanPipeline": ("WanPipeline", "WanImageToVideoPipeline", "WanImageToVideoPipeline"),
    "SkyReelsV2Pipeline": ("SkyReelsV2Pipeline", "SkyReelsV2ImageToVideoPipeline", "SkyReelsV2ImageToVideoPipeline"),
    "HunyuanVideo15Pipeline": ("HunyuanVideo15Pipeline", "HunyuanVideo15ImageToVideoPipeline", ""),
}
_BY_CLASS = {name: row for row in _SIBLINGS.values() for name in row if name}
_REDRAWING = {
    "WanPipeline": "WanVideoToVideoPipeline",
    "CogVideoXPipeline": "CogVideoXVideoToVideoPipeline",
    "AnimateDiffPipeline": "AnimateDiffVideoToVideoPipeline",
}
_AUDIO_OUTPUTS = ("audio", "audios")


def find_takes(kind: Any) -> dict[str, inspect.Parameter]:
    """Return what the call of a pipeline class takes."""
    return dict(inspect.signature(kind.__call__).parameters)


def makes_videos(opened: Any) -> bool:
    """Say whether an opened model is a pipeline that makes videos."""
    pipeline = getattr(opened, "pipeline", None)
    return pipeline is not None and bool({"num_frames", "video_length"} & find_takes(type(pipeline)).keys())


def choose_pipeline(opened: Any, *, has_still: bool, has_last: bool) -> Any:
    """Return the pipeline of a model, or a sibling of it, that takes what is given and nothing more.

    Raises:
        ModelError: E718 if there is none.
    """
    pipeline = getattr(opened, "pipeline", None)
    if not makes_videos(opened):
        name = type(opened if pipeline is None else pipeline).__name__
        raise ModelError("E718", f"a model of {name} makes no videos", hint="take one that docs/motion.md lists")
    name = type(pipeline).__name__
    if _fits(type(pipeline), has_still=has_still, has_last=has_last):
        return pipeline
    sibling = _find_sibling(pipeline, name, has_still=has_still, has_last=has_last)
    if sibling is None:
        raise _refuse(name, has_still=has_still, has_last=has_last)
    return _make_sibling(sibling, pipeline)


def choose_redrawing(opened: Any) -> Any:
    """Return the pipeline of a model, or a sibling of it, that draws a video again.

    Raises:
        ModelError: E718 if there is none.
    """
    pipeline = getattr(opened, "pipeline", None)
    name = type(opened if pipeline is None else pipeline).__name__
    if pipeline is not None and "video" in find_takes(type(pipeline)) and not hasattr(pipeline, "audio_vae"):
        return pipeline
    import diffusers

    kind = getattr(diffusers, _REDRAWING.get(name, ""), None)
    if kind is None or not _has_modules(pipeline, kind) or not _uses_all(pipeline, kind):
        hint = "take Wan 2.1, Wan VACE, CogVideoX or AnimateDiff from words"
        raise ModelError("E718", f"{name} does not draw a video again", hint=hint)
    return _make_sibling(kind, pipeline)


def _uses_all(pipeline: Any, kind: Any) -> bool:
    """Say whether a sibling has a place for all denoisers, and knows the way in which they work."""
    names = kind._get_signature_keys(kind)[0] if pipeline is not None else ()
    second = getattr(pipeline, "transformer_2", None) is not None and "transformer_2" not in names
    return not second and not (pipeline is not None and pipeline.config.get("expand_timesteps"))


def _make_sibling(kind: Any, pipeline: Any) -> Any:
    with hush("diffusers", "transformers"):
        view = kind.from_pipe(pipeline, torch_dtype=None)  # which would bring all of it to float32
    view.set_progress_bar_config(disable=True)
    return view


def _fits(kind: Any, *, has_still: bool, has_last: bool) -> bool:
    """Say whether a pipeline class takes a still, and a last image, where there is one, and needs none otherwise."""
    takes = find_takes(kind)
    if "conditions" in takes:
        return has_still or has_last
    if has_last and not {"last_image", "last_frame"} & takes.keys():
        return False
    image = takes.get("image")
    if has_still or has_last:
        return image is not None
    return image is None or (image.default is not inspect.Parameter.empty and "ImageToVideo" not in kind.__name__)


def _find_sibling(pipeline: Any, name: str, *, has_still: bool, has_last: bool) -> Any:
    import diffusers

    row = _BY_CLASS.get(name)
    if row is None:
        return None
    kind = getattr(diffusers, row[2 if has_last else 1 if has_still else 0], None)
    if kind is None or not _fits(kind, has_still=has_still, has_last=has_last):
        return None
    return kind if _has_channels(pipeline, has_still=has_still or has_last) and _has_modules(pipeline, kind) else None


def _has_channels(pipeline: Any, *, has_still: bool) -> bool:
    """Say whether the denoiser of a Wan takes what the sibling gives it: stills go into channels of their own."""
    if "Wan" not in type(pipeline).__name__ or pipeline.config.get("expand_timesteps"):
        return True
    config = (pipeline.transformer or pipeline.transformer_2).config
    return bool((config.in_channels > config.out_channels) == has_still)


def _has_modules(pipeline: Any, kind: Any) -> bool:
    wanted = [name for name in kind._get_signature_keys(kind)[0] if name not in kind._optional_components]
    return all(pipeline.components.get(name) is not None for name in wanted if name != "audio_scheduler")


def _refuse(name: str, *, has_still: bool, has_last: bool) -> ModelError:
    if has_last:
        return ModelError(
            "E718", f"{name} does not take an image to end with", hint="leave `last` at null, or take Wan or LTX-2"
        )
    if has_still:
        return ModelError("E718", f"{name} does not start from a still", hint="video.from_text makes videos with it")
    return ModelError("E718", f"{name} starts from a still", hint="video.animate makes videos with it")


def place_stills(takes: Mapping[str, Any], still: Any, last: Any) -> dict[str, Any]:
    """Return the arguments for the first and the last image."""
    if "conditions" not in takes:
        return {"image": still, "last_image": last, "last_frame": last}
    from diffusers.pipelines.ltx2.pipeline_ltx2_condition import LTX2VideoCondition

    given = [(still, 0), (last, -1)]
    return {
        "conditions": [LTX2VideoCondition(frames=image, index=index) for image, index in given if image is not None]
    }


def find_audio(pipeline: Any, made: Any) -> Audio | None:
    """Return the audio that a pipeline made with a video, or None.

    Raises:
        ModelError: E719 if it contains NaN.
    """
    found = next((value for name in _AUDIO_OUTPUTS if (value := getattr(made, name, None)) is not None), None)
    if found is None:
        return None
    samples = np.asarray(found.float().cpu() if hasattr(found, "cpu") else found, np.float32)
    samples = samples.reshape(-1, samples.shape[-1])[: 2 if samples.ndim > 1 else 1]
    if not np.isfinite(samples).all():
        raise ModelError("E719", "the model returned audio with NaN", hint="another seed, or float32")
    rate = getattr(made, "sampling_rate", None) or getattr(
        getattr(getattr(pipeline, "vocoder", None), "config", None), "output_sampling_rate", None
    )
    if rate is None:
        raise ModelError("E719", f"{type(pipeline).__name__} does not say the rate of its audio", hint="take another")
    return Audio(np.ascontiguousarray(samples.clip(-1, 1).T), int(rate))
