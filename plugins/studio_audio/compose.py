"""`MusicModel`: a network or a pipeline that makes audio from text, and how each kind of them is asked."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from studio.api import Audio, MediaError, ModelError
from studio.api.quiet import hush
from studio_audio.bounds import Step

_UNSET_LENGTH = 20  # what transformers takes where nobody said anything


@dataclass(frozen=True)
class Request:
    """What to make.

    Attributes:
        prompt: Words.
        negative_prompt: What to keep out; "" for nothing.
        seconds: Length.
        guidance_scale: None for the model's own.
        steps: Steps of a diffusion model; 0 for its own.
        temperature: How freely a language model draws its tokens.
        top_k: Among how many of the likeliest it draws; 0 for all.
        seed: Another seed, other audio.
        melody: A tune to follow; None for none.
    """

    prompt: str
    negative_prompt: str
    seconds: float
    guidance_scale: float | None
    steps: int
    temperature: float
    top_k: int
    seed: int
    melody: Audio | None = None


class MusicModel:
    """An opened model that makes audio from text.

    Attributes:
        network: A network of transformers, or a pipeline of diffusers.
        tokenizer: What makes tokens of text for a network; None for a pipeline, which has its own.
        melody: How a network takes a melody; None for one that takes none.
    """

    def __init__(self, network: Any, tokenizer: Any = None, melody: Mapping[str, Any] | None = None) -> None:
        self.network, self.tokenizer, self.melody = network, tokenizer, melody

    @property
    def networks(self) -> list[Any]:
        """All that hold weights."""
        parts = [self.network] if self.tokenizer is not None else self.network.components.values()
        return [each for each in parts if isinstance(each, torch.nn.Module)]

    @property
    def longest_seconds(self) -> float | None:
        """The longest sound that it can make; None where only memory ends it."""
        if self.tokenizer is not None:
            settings = self.network.generation_config
            frames = settings.max_length
            if frames is None or frames <= _UNSET_LENGTH:
                frames = self.network.config.decoder.max_position_embeddings
            return float(frames / self.network.config.audio_encoder.frame_rate)
        if type(self.network).__name__ == "StableAudioPipeline":
            vae, network = self.network.vae, self.network.transformer
            fits = network.config.sample_size * vae.hop_length / vae.config.sampling_rate
            return float(min(fits, self.network.projection_model.config.max_value))
        return None

    def close(self) -> None:
        """Release the weights."""
        self.network = self.tokenizer = None


def check_music_model(opened: Any, reference: str) -> MusicModel:
    """Return what was opened if it makes audio from text.

    Raises:
        ModelError: E648 if not.
    """
    if not isinstance(opened, MusicModel):
        raise ModelError(
            "E648",
            f"{reference!r} makes no audio from text",
            hint="name a folder of MusicGen, AudioLDM2 or Stable Audio; speech.say takes models that speak",
        )
    return opened


def compose(model: MusicModel, request: Request, step: Step, log: Callable[[str], None]) -> Audio:
    """Make audio from words.

    Raises:
        MediaError: E640 if it is longer than the model can make.
        ModelError: E649 if it is not audio.
    """
    longest = model.longest_seconds
    if longest is not None and request.seconds > longest + 1e-6:
        raise MediaError(
            "E640",
            f"{request.seconds:g} seconds are over what the model can make, {longest:.4g}",
            hint="ask for less, and join pieces with audio.crossfade or lengthen one with audio.soundtrack",
        )
    ask = _ask_musicgen if model.tokenizer is not None else _ask_pipeline
    if request.melody is not None and model.melody is None:
        log("this model takes no melody; it is left out")
    step(0, 0)
    with torch.inference_mode(), hush("diffusers", "transformers"):
        audio, rate = ask(model, request, step, log)
    samples = np.ascontiguousarray(audio[:, : round(request.seconds * rate)].T, np.float32)
    if not samples.size or not np.isfinite(samples).all():
        what = "NaN" if samples.size else "no samples"
        message = f"the model returned {what} for {request.prompt[:60]!r}"
        raise ModelError("E649", message, hint="try another seed, or float32")
    return Audio(samples, rate)


def _ask_musicgen(
    model: MusicModel, request: Request, step: Step, log: Callable[[str], None]
) -> tuple[np.ndarray[Any, Any], int]:
    network, device = model.network, model.network.device
    if request.negative_prompt:
        log("this model has no negative prompt; it is left out")
    if request.steps:
        log("this model has no steps; it makes token after token")
    config, decoder = network.config.audio_encoder, network.config.decoder
    # each codebook begins a token later than the one before it
    tokens = math.ceil(request.seconds * config.frame_rate) + decoder.num_codebooks // decoder.audio_channels

    def watch(ids: torch.Tensor, scores: Any, **_: Any) -> torch.Tensor:
        step(min(ids.shape[-1] - 1, tokens), tokens)
        return torch.zeros(len(ids), dtype=torch.bool, device=ids.device)

    settings: dict[str, Any] = {"max_new_tokens": tokens, "do_sample": True, "num_beams": 1}
    settings |= {"temperature": request.temperature, "top_k": request.top_k}
    if request.guidance_scale is not None:
        settings["guidance_scale"] = request.guidance_scale
    if request.melody is not None and model.melody is not None:
        from studio_audio.melody import find_melody

        found = find_melody(request.melody, model.melody, int(config.sampling_rate))
        settings["input_features"] = found.to(device, network.dtype)
    words = model.tokenizer([request.prompt], return_tensors="pt").to(device)
    with _seeded(request.seed, device):
        made = network.generate(
            input_ids=words["input_ids"], attention_mask=words["attention_mask"], stopping_criteria=[watch], **settings
        )
    return made[0].float().cpu().numpy(), int(config.sampling_rate)


@contextmanager
def _seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed what a network draws its tokens with, and leave the global generators as they were.

    Python's own has no say in the result, and layers draw from it all the same.
    """
    state = random.getstate()
    try:
        with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            torch.manual_seed(seed)
            yield
    finally:
        random.setstate(state)


def _ask_pipeline(
    model: MusicModel, request: Request, step: Step, log: Callable[[str], None]
) -> tuple[np.ndarray[Any, Any], int]:
    pipeline = model.network
    is_stable = type(pipeline).__name__ == "StableAudioPipeline"
    settings: dict[str, Any] = {("audio_end_in_s" if is_stable else "audio_length_in_s"): request.seconds}
    if request.steps:
        settings["num_inference_steps"] = request.steps
    if request.guidance_scale is not None:
        settings["guidance_scale"] = request.guidance_scale
    if not is_stable:
        _warn_of_length(pipeline, request.seconds, log)

    def watch(done: int, timestep: Any, latents: Any) -> None:
        total = len(pipeline.scheduler.timesteps)
        step(min(done + 1, total), total)

    made = pipeline(
        prompt=request.prompt,
        negative_prompt=request.negative_prompt or None,
        generator=torch.Generator("cpu").manual_seed(request.seed),
        callback=watch,
        callback_steps=1,
        output_type="np",
        **settings,
    ).audios[0]
    rate = (pipeline.vae if is_stable else pipeline.vocoder).config.sampling_rate
    return np.atleast_2d(np.asarray(made)), int(rate)


def _warn_of_length(pipeline: Any, seconds: float, log: Callable[[str], None]) -> None:
    """Say so where audio is longer than what a latent diffusion model with a vocoder was trained on."""
    vocoder = pipeline.vocoder.config
    size = pipeline.unet.config.sample_size
    if isinstance(size, int):
        own = size * pipeline.vae_scale_factor * math.prod(vocoder.upsample_rates) / vocoder.sampling_rate
        if seconds > 1.5 * own:
            log(f"this model was trained on pieces of {own:.3g} seconds; longer ones repeat or lose themselves")
