"""What ComfyUI's nodes that sample mean."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from studio.api.foreign import ForeignNode, Importer, ImportGap, ImportRule
from studio_diffusion.importing.latents import get_latent
from studio_diffusion.importing.loaders import get_model
from studio_diffusion.importing.prompts import get_prompt
from studio_diffusion.importing.values import Guider, LatentPart, Noise, Sampling, Sigmas

_KSAMPLER = ("seed+", "steps", "cfg", "sampler_name", "scheduler", "denoise")
_ADVANCED = (
    "add_noise", "noise_seed+", "steps", "cfg", "sampler_name", "scheduler", "start_at_step", "end_at_step",
    "return_with_leftover_noise",
)  # fmt: skip
_LAST_STEP = 10_000


def sample(importer: Importer, node: ForeignNode) -> LatentPart:
    """Return the latent that a node with all settings of a sampler makes."""
    latent = get_latent(importer, node, "latent_image")
    sampling = Sampling(
        node,
        get_model(importer, node),
        get_prompt(importer, node, "positive"),
        get_prompt(importer, node, "negative"),
        latent,
        seed=importer.get(node, "seed", 0),
        steps=importer.get(node, "steps", 20),
        cfg=importer.get(node, "cfg", 8.0),
        sampler=importer.get(node, "sampler_name", "euler"),
        schedule=importer.get(node, "scheduler", "normal"),
        denoise=importer.get(node, "denoise", 1.0),
    )
    return _finish(sampling)


def _sample_part(importer: Importer, node: ForeignNode) -> Any:
    """Convert a sampler that takes a part of the steps."""
    sampling = sample(importer, node).sampled
    assert sampling is not None
    last = importer.get(node, "end_at_step", _LAST_STEP)
    steps = sampling.steps
    ends = isinstance(last, int) and isinstance(steps, int) and last >= steps
    sampling = replace(
        sampling,
        seed=importer.get(node, "noise_seed", 0),
        first=importer.get(node, "start_at_step", 0),
        last=None if ends else last,
        noise=importer.get(node, "add_noise", "enable") != "disable",
        leftover=importer.get(node, "return_with_leftover_noise", "disable") == "enable",
    )
    return _finish(sampling)


def _finish(sampling: Sampling) -> LatentPart:
    return replace(sampling.latent, sampled=sampling, scale=None)


def _sample_custom(importer: Importer, node: ForeignNode) -> Any:
    noise, guider = importer.get(node, "noise"), importer.get(node, "guider")
    sigmas = importer.get(node, "sigmas")
    if guider is None:
        guider = Guider(
            get_model(importer, node),
            get_prompt(importer, node, "positive"),
            get_prompt(importer, node, "negative"),
            importer.get(node, "cfg", 8.0),
        )
        added = importer.get(node, "add_noise", True)
        noise = Noise(importer.get(node, "noise_seed", 0) if added else None)
    if not isinstance(guider, Guider) or not isinstance(sigmas, Sigmas):
        raise ImportGap("a guider and sigmas")
    sampling = Sampling(
        node,
        guider.model,
        guider.positive,
        guider.negative,
        get_latent(importer, node, "latent_image"),
        seed=noise.seed if isinstance(noise, Noise) and noise.seed is not None else 0,
        steps=sigmas.steps,
        cfg=guider.cfg,
        sampler=importer.get(node, "sampler", "euler"),
        schedule=sigmas.schedule,
        denoise=sigmas.denoise,
        first=sigmas.first,
        last=sigmas.last,
        sigmas=sigmas.values,
        noise=not isinstance(noise, Noise) or noise.seed is not None,
    )
    latent = _finish(sampling)
    return latent, latent


def _select_sampler(importer: Importer, node: ForeignNode) -> Any:
    return importer.get(node, "sampler_name", "euler")


def _name_sampler(name: str) -> ImportRule:
    return ImportRule(lambda importer, node: name, ("eta", "s_noise"))


def _make_sigmas(importer: Importer, node: ForeignNode) -> Any:
    schedule = importer.get(node, "scheduler", "auto")
    return Sigmas(importer.get(node, "steps", 20), schedule, importer.get(node, "denoise", 1.0))


def _make_turbo_sigmas(importer: Importer, node: ForeignNode) -> Any:
    steps = importer.get(node, "steps", 1)
    if steps != 1:
        importer.differ(node, "steps are spread over all noise levels, not the first tenths")
    return Sigmas(steps, "simple", importer.get(node, "denoise", 1.0))


def _read_sigmas(importer: Importer, node: ForeignNode) -> Any:
    text = importer.get(node, "sigmas", "")
    values = tuple(float(part) for part in str(text).replace(";", ",").split(",") if part.strip())
    if len(values) < 2:
        raise ImportGap("at least two sigmas")
    return Sigmas(len(values) - 1, "auto", values=values)


def _split_sigmas(importer: Importer, node: ForeignNode) -> Any:
    sigmas, step = importer.get(node, "sigmas"), importer.get(node, "step", 0)
    if sigmas.values:
        high, low = sigmas.values[: step + 1], sigmas.values[step:]
        return replace(sigmas, steps=len(high) - 1, values=high), replace(sigmas, steps=len(low) - 1, values=low)
    return replace(sigmas, last=step), replace(sigmas, first=step)


def _make_noise(importer: Importer, node: ForeignNode) -> Any:
    return Noise(importer.get(node, "noise_seed", 0))


def _guide(importer: Importer, node: ForeignNode) -> Any:
    name = "conditioning" if "conditioning" in node.inputs else "positive"
    negative = get_prompt(importer, node, "negative") if "negative" in node.inputs else None
    return Guider(get_model(importer, node), get_prompt(importer, node, name), negative, importer.get(node, "cfg", 1.0))


def _guide_twice(importer: Importer, node: ForeignNode) -> Any:
    if "cond1" not in node.inputs:
        return _guide_video_twice(importer, node)
    first = get_prompt(importer, node, "cond1")
    importer.differ(node, "the second guidance is the model's own default")
    negative = get_prompt(importer, node, "negative")
    return Guider(get_model(importer, node), first, negative, importer.get(node, "cfg_conds", 8.0))


def _guide_video_twice(importer: Importer, node: ForeignNode) -> Any:
    guider, sound = _guide(importer, node), importer.get(node, "cfg_audio", 1.0)
    guider = replace(guider, cfg=importer.get(node, "cfg_video", 1.0))
    if sound != guider.cfg:
        importer.differ(node, "audio has the guidance of the video")
    return guider


SAMPLING_RULES: dict[str, ImportRule] = {
    "KSampler": ImportRule(sample, _KSAMPLER),
    "KSamplerAdvanced": ImportRule(_sample_part, _ADVANCED),
    "SamplerCustom": ImportRule(_sample_custom, ("add_noise", "noise_seed+", "cfg")),
    "SamplerCustomAdvanced": ImportRule(_sample_custom),
    "KSamplerSelect": ImportRule(_select_sampler, ("sampler_name",)),
    "SamplerEulerAncestral": _name_sampler("euler_ancestral"),
    "SamplerLCM": _name_sampler("lcm"),
    "BasicScheduler": ImportRule(_make_sigmas, ("scheduler", "steps", "denoise")),
    "Flux2Scheduler": ImportRule(_make_sigmas, ("steps", "width", "height")),
    "LTXVScheduler": ImportRule(_make_sigmas, ("steps", "max_shift", "base_shift", "stretch", "terminal")),
    "KarrasScheduler": ImportRule(
        lambda importer, node: Sigmas(importer.get(node, "steps", 20), "karras"),
        ("steps", "sigma_max", "sigma_min", "rho"),
    ),
    "SDTurboScheduler": ImportRule(_make_turbo_sigmas, ("steps", "denoise")),
    "ManualSigmas": ImportRule(_read_sigmas, ("sigmas",)),
    "SplitSigmas": ImportRule(_split_sigmas, ("step",)),
    "RandomNoise": ImportRule(_make_noise, ("noise_seed+",)),
    "DisableNoise": ImportRule(lambda importer, node: Noise()),
    "BasicGuider": ImportRule(_guide),
    "CFGGuider": ImportRule(_guide, ("cfg",)),
    "DualCFGGuider": ImportRule(_guide_twice, ("cfg_conds", "cfg_cond2_negative", "style")),
    "LTXVDualCFGGuider": ImportRule(_guide_twice, ("cfg_video", "cfg_audio")),
}
"""What nodes of ComfyUI mean, by class."""
