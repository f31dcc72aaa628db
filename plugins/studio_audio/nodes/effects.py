"""Equalizer, reverb and noise reduction."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from studio.api import Added, Audio, Context, Field, Grammar, JsonValue, Migration, Model, ModelKinds, node
from studio_audio.bands import parse_bands

Hertz = Annotated[float | None, Field(gt=0, le=384_000, unit="hertz")]
Shelf = Annotated[float, Field(ge=-40, le=40, unit="dB")]


class Deessed(NamedTuple):
    """Audio with softer hisses.

    Attributes:
        audio: Audio with softer hisses.
        gain_reduction: Greatest reduction of the high frequencies, in dB.
    """

    audio: Audio
    gain_reduction: float


class Denoised(NamedTuple):
    """Audio without its noise.

    Attributes:
        audio: Denoised audio.
        noise: Removed noise; both outputs add up to the original audio.
    """

    audio: Audio
    noise: Audio


@node("audio.equalize", origin="edited")
def equalize_audio(
    ctx: Context,
    audio: Audio,
    *,
    bands: Annotated[JsonValue, Grammar("a list of bands", parse_bands)] = None,
    bass: Shelf = 0.0,
    treble: Shelf = 0.0,
    low_cut: Hertz = None,
    high_cut: Hertz = None,
) -> Audio:
    """Filter audio with parametric bands: biquads of the Audio EQ Cookbook (Bristow-Johnson, W3C note 2021).

    Args:
        audio: Audio to filter.
        bands: JSON list of bands such as `{"kind": "peak", "frequency": 1000, "gain": -6, "q": 1}`. Kinds are peak,
            low_shelf, high_shelf, low_pass, high_pass, band_pass and notch. Frequencies are below half the sample rate,
            gains from -60 to 60 dB, q from 0.05 to 100 (default 0.707).
        bass: Gain of a low shelf at 200 Hz.
        treble: Gain of a high shelf at 4000 Hz (or a fifth of the sample rate, if that is lower).
        low_cut: Frequency of a high-pass filter with 24 dB per octave; null for none.
        high_cut: Frequency of a low-pass filter with 24 dB per octave; null for none.

    Raises:
        MediaError: E646 for invalid bands, E641 for a frequency of half the rate or more.
    """
    from studio_audio.blocks import change_audio
    from studio_audio.bounds import check_frequency
    from studio_audio.filters import create_bands, create_biquad, filter_blocks

    rate = audio.rate
    sections = create_bands([] if bands is None else parse_bands(bands), rate)
    if bass:
        sections.append(create_biquad("low_shelf", rate, min(200.0, 0.2 * rate), bass))
    if treble:
        sections.append(create_biquad("high_shelf", rate, min(4000.0, 0.2 * rate), treble))
    for kind, frequency in (("high_pass", low_cut), ("low_pass", high_cut)):
        if frequency is not None:
            corner = check_frequency(frequency, rate)
            sections += [create_biquad(kind, rate, corner, q=q) for q in (0.5412, 1.3066)]  # Butterworth, 4th order
    ctx.step(0, 1)
    return change_audio(audio, lambda blocks: filter_blocks(blocks, sections)) if sections else audio


@node(
    "audio.reverb",
    code=2,
    version="2.0",
    migrations={1: Migration(inputs={"seconds": "decay_seconds", "tail": "keep_tail"})},
    origin="edited",
)
def add_reverb(
    ctx: Context,
    audio: Audio,
    *,
    decay_seconds: Annotated[float, Field(ge=0.05, le=30, unit="seconds")] = 1.5,
    mix: Annotated[float, Field(ge=0, le=1)] = 0.25,
    delay: Annotated[float, Field(ge=0, le=1, unit="seconds")] = 0.02,
    damping: Annotated[float, Field(ge=0, le=1)] = 0.5,
    impulse: Audio | None = None,
    keep_tail: bool = True,
    seed: Annotated[int, Field(ge=0)] = 0,
) -> Audio:
    """Add reverb to audio: convolution with decaying noise (Moorer 1979) or a recorded impulse response.

    Args:
        audio: Audio to add reverb to; mono stays mono.
        decay_seconds: Reverberation time in the bass, until the level falls by 60 dB.
        mix: Share of the reverb: 0 is only the original audio, 1 only the reverb.
        delay: Time before the first reflection.
        damping: How much faster high frequencies decay; at 1 ten times as fast.
        impulse: Recorded impulse response, of any sample rate, scaled to an energy of 1. It replaces decay_seconds,
            delay, damping and seed; null for none.
        keep_tail: Keep the reverb after the end of the audio; otherwise the length stays.
        seed: Seed of the simulated room; another seed gives a different room.

    Raises:
        MediaError: E642 for an impulse response that is silent, E640 over the limits.
    """
    import numpy as np

    from studio_audio.blocks import change_audio
    from studio_audio.bounds import check_audible, check_length
    from studio_audio.resample import resample
    from studio_audio.reverb import convolve_blocks, create_room

    if impulse is None:
        response = create_room(audio.rate, audio.channels, decay_seconds, delay, damping, ctx.rng(seed))
    else:
        check_audible(impulse, 0.0, "an impulse response")
        response = resample(impulse.samples, impulse.rate, audio.rate)
        response = response / np.float32(np.sqrt((response.astype(np.float64) ** 2).sum(axis=0).max()))
    check_length(audio.frames + len(response), audio.channels, audio.rate)
    if not audio.frames:
        return audio
    ctx.step(0, 1)
    frames = audio.frames + len(response) - 1 if keep_tail else audio.frames
    return change_audio(audio, lambda blocks: convolve_blocks(blocks, response, mix, frames), frames=frames)


@node(
    "audio.denoise",
    code=2,
    version="2.0",
    migrations={1: Migration(inputs={"noise": "noise_profile"})},
    origin="enhanced",
)
def denoise_audio(
    ctx: Context,
    audio: Audio,
    *,
    noise_profile: Audio | None = None,
    reduction: Annotated[float, Field(ge=0, le=80, unit="dB")] = 18.0,
    threshold: Annotated[float, Field(ge=0, le=40, unit="dB")] = 6.0,
    model: Annotated[Annotated[Model, ModelKinds("denoiser")] | None, Added] = None,
) -> Denoised:
    """Remove steady noise by spectral gating, or all that is not speech with a network.

    Spectral gating is by Sainburg and Gentner (2021), after Boll (1979). DeepFilterNet 3 (Schröter et al. 2023) removes
    music, voices far away and noise that changes from speech; music without speech would vanish.

    Args:
        audio: Audio to denoise.
        noise_profile: Audio of only the noise, one second or more; null for the quietest fifth of the audio, at each
            frequency. Not for a model.
        reduction: Reduction of the noise; with a model the most that it reduces.
        threshold: Level above the noise from which audio is kept. Not for a model.
        model: Weights of DeepFilterNet 3, a folder of ONNX files; null for spectral gating.

    Raises:
        MediaError: E642 for noise that is shorter than 50 ms, E649 if the model returns NaN.
        ModelError: E648 for another model.
    """
    if model is not None:
        return _denoise_speech(ctx, audio, reduction, model, noise_profile is not None)

    from studio_audio.blocks import create_keep
    from studio_audio.bounds import check_audible
    from studio_audio.channels import match_channels
    from studio_audio.denoise import Gate, find_removed, reduce_noise
    from studio_audio.resample import resample

    profile = None
    if noise_profile is not None:
        if noise_profile.duration < 0.05:
            check_audible(noise_profile, 0.05, "a noise profile")
        profile = match_channels(resample(noise_profile.samples, noise_profile.rate, audio.rate), audio.channels)
    gate = Gate(reduction, threshold)
    clean = create_keep(ctx)(reduce_noise(audio, profile, gate, lambda done, total: ctx.step(done, total)))
    return Denoised(clean, find_removed(audio, clean))


def _denoise_speech(ctx: Context, audio: Audio, reduction: float, model: Model, has_profile: bool) -> Denoised:
    from studio.api import ModelError
    from studio_audio.blocks import create_keep
    from studio_audio.deep_filter import DeepFilter, denoise_speech
    from studio_audio.denoise import find_removed

    if has_profile:
        ctx.log("a model needs no noise profile; it is ignored")
    with ctx.open(model) as network:
        if not isinstance(network, DeepFilter):
            raise ModelError("E648", "this model does not remove noise", hint="studio models get deepfilternet3")
        made = denoise_speech(audio, network, reduction, lambda done, total: ctx.step(done, total))
        clean = made.keep(ctx.scratch) if made.is_long else Audio(made.samples, made.rate)
    return Denoised(clean, create_keep(ctx)(find_removed(audio, clean)))


@node("audio.deess", origin="edited")
def deess_audio(
    ctx: Context,
    audio: Audio,
    *,
    frequency: Annotated[float, Field(ge=1000, le=16_000, unit="hertz")] = 5500.0,
    threshold: Annotated[float, Field(ge=-80, le=0, unit="dB")] = -30.0,
    ratio: Annotated[float, Field(ge=1, le=50, unit="factor")] = 4.0,
) -> Deessed:
    """Soften the hisses of a voice: turn high frequencies down where they are loud, the rest stays.

    Args:
        audio: Voice to soften.
        frequency: Frequency above which the audio is turned down: 4500 to 6000 for deep voices, 6000 to 8000 for high
            ones; below half the sample rate.
        threshold: Peak level of the high frequencies, relative to full scale, above which they are turned down.
        ratio: Decibels over the threshold that become one.

    Raises:
        MediaError: E641 for a frequency of half the sample rate or more.
    """
    from studio_audio.bounds import check_frequency
    from studio_audio.deess import soften

    ctx.step(0, 1)
    return Deessed(*soften(audio, check_frequency(frequency, audio.rate), threshold, ratio))


@node("audio.modulate", origin="edited")
def modulate_audio(
    ctx: Context,
    audio: Audio,
    *,
    kind: Literal["tremolo", "vibrato", "chorus", "flanger"] = "chorus",
    frequency: Annotated[float, Field(ge=0.01, le=20, unit="hertz")] = 0.8,
    depth: Annotated[float, Field(ge=0, le=1, unit="share")] = 0.5,
    mix: Annotated[float, Field(ge=0, le=1, unit="share")] = 0.5,
) -> Audio:
    """Let the level or the pitch of audio swing: tremolo, vibrato, chorus or flanger (Dattorro 1997); the length stays.

    Args:
        audio: Audio to change.
        kind: "tremolo" swings the level, "vibrato" the pitch; "chorus" adds three copies that are 15 to 30 ms late,
            "flanger" one that is 0.5 to 5.5 ms late.
        frequency: Swings per second: about 5 for a tremolo or vibrato, below 1 for a chorus or flanger.
        depth: Size of the swing. At 1 a tremolo falls to silence.
        mix: Share of the changed copies for "chorus" and "flanger"; the others are all changed.
    """
    from studio_audio.modulation import SWINGS, shake_delay, shake_level

    ctx.step(0, 1)
    if kind == "tremolo":
        return shake_level(audio, frequency, depth)
    return shake_delay(audio, SWINGS[kind], frequency, depth, 1.0 if kind == "vibrato" else mix)
