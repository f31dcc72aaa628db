"""Gain, loudness, compressor and limiter."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from studio.api import Audio, Context, Field, Migration, node


class Normalized(NamedTuple):
    """Audio of the loudness asked for.

    Attributes:
        audio: The audio.
        loudness_before: What it had, in LUFS; -120 for silence.
        loudness: What it has, in LUFS; -120 for silence.
    """

    audio: Audio
    loudness_before: float
    loudness: float


class Compressed(NamedTuple):
    """Compressed audio.

    Attributes:
        audio: The audio.
        gain_reduction: The most that it was turned down, in decibels.
    """

    audio: Audio
    gain_reduction: float


@node("audio.gain")
def change_gain(ctx: Context, audio: Audio, *, gain: Annotated[float, Field(ge=-120, le=60, unit="dB")] = 0.0) -> Audio:
    """Turn audio up or down; nothing is clipped.

    Args:
        audio: Audio to change.
        gain: Gain in dB; 6.02 doubles the amplitude.
    """
    from studio_audio.dynamics import change_gain as multiply

    return multiply(audio, 10 ** (gain / 20))


@node("audio.normalize", code=2)
def normalize_audio(
    ctx: Context,
    audio: Audio,
    *,
    loudness: Annotated[float, Field(ge=-70, le=0, unit="LUFS")] = -16.0,
    ceiling: Annotated[float, Field(ge=-40, le=0, unit="dBTP")] = -1.0,
    peaks: Literal["limit", "reduce", "allow"] = "limit",
) -> Normalized:
    """Bring audio to a loudness (ITU-R BS.1770-4), its true peak under a ceiling; silence stays silence.

    Args:
        audio: Audio to change; one under 400 ms is measured as one block.
        loudness: Integrated loudness of the result: -14 for streaming, -16 for podcasts, -23 for broadcast (EBU R 128).
        ceiling: True peak that the result does not exceed.
        peaks: Where the gain would break the ceiling: "limit" turns the peaks down, "reduce" takes less gain and so
            stays softer, "allow" lets them be.
    """
    from studio_audio.blocks import create_keep
    from studio_audio.dynamics import normalize
    from studio_audio.loudness import SILENT

    made = normalize(
        audio, loudness, 10 ** (ceiling / 20), peaks, create_keep(ctx), lambda done, total: ctx.step(done, total)
    )
    if made.before == SILENT:
        ctx.log("the audio is silent, so it has no loudness to normalize")
    elif abs(made.after - loudness) > 0.5:
        ctx.log(f"the audio has {made.after:.1f} LUFS, not {loudness:g}: no room under {ceiling:g} dBTP")
    return Normalized(made.audio, max(made.before, -120.0), max(made.after, -120.0))


@node(
    "audio.compress",
    version="2.0",
    migrations={1: Migration(inputs={"makeup": "makeup_gain"}, outputs={"reduction": "gain_reduction"})},
)
def compress_audio(
    ctx: Context,
    audio: Audio,
    *,
    threshold: Annotated[float, Field(ge=-80, le=0, unit="dB")] = -24.0,
    ratio: Annotated[float, Field(ge=1, le=100, unit="factor")] = 4.0,
    knee: Annotated[float, Field(ge=0, le=40, unit="dB")] = 6.0,
    attack: Annotated[float, Field(ge=0.0001, le=2, unit="seconds")] = 0.01,
    release: Annotated[float, Field(ge=0.001, le=10, unit="seconds")] = 0.15,
    makeup_gain: Annotated[float, Field(ge=-40, le=40, unit="dB")] = 0.0,
) -> Compressed:
    """Turn down what is loud, all channels alike (Giannoulis, Massberg and Reiss 2012).

    Args:
        audio: Audio to compress.
        threshold: Level from which the audio is turned down, relative to full scale.
        ratio: Decibels above the threshold that leave one; 1 changes nothing.
        knee: Width of the bend around the threshold.
        attack: Time in which 63 % of a reduction is reached.
        release: Time in which 63 % of a reduction is given back.
        makeup_gain: Gain after the compression.
    """
    from studio_audio.dynamics import Curve, compress

    ctx.step(0, 1)
    return Compressed(*compress(audio, Curve(threshold, ratio, knee, attack, release), makeup_gain))


@node("audio.limit", version="2.0", migrations={1: Migration(inputs={"ahead": "lookahead"})})
def limit_audio(
    ctx: Context,
    audio: Audio,
    *,
    ceiling: Annotated[float, Field(ge=-60, le=0, unit="dB")] = -1.0,
    gain: Annotated[float, Field(ge=-40, le=40, unit="dB")] = 0.0,
    lookahead: Annotated[float, Field(ge=0.0001, le=0.1, unit="seconds")] = 0.005,
    release: Annotated[float, Field(ge=0.001, le=10, unit="seconds")] = 0.2,
    true_peak: bool = True,
) -> Audio:
    """Keep audio under a ceiling, all channels alike, turned down smoothly just before each peak.

    Args:
        audio: Audio to limit; up to the ceiling it stays as it is.
        ceiling: Greatest amplitude, relative to full scale; no sample is over it.
        gain: Gain before limiting.
        lookahead: Time before a peak over which the audio is turned down.
        release: Time in which 10 dB come back.
        true_peak: Hold the ceiling between samples too, four times oversampled (ITU-R BS.1770-4).
    """
    from studio_audio.blocks import create_keep
    from studio_audio.dynamics import Ceiling, change_gain, limit

    louder = change_gain(audio, 10 ** (gain / 20)) if gain else audio
    held = Ceiling(10 ** (ceiling / 20), lookahead, release, true_peak)
    return limit(louder, held, create_keep(ctx), lambda done, total: ctx.step(done, total))
