"""Gain, loudness, compressor and limiter."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from studio.api import Added, Audio, Context, Field, Grammar, JsonValue, Migration, node
from studio_audio.bounds import parse_gain_curve


class Normalized(NamedTuple):
    """Audio of the loudness asked for.

    Attributes:
        audio: Normalized audio.
        loudness_before: Loudness of the original audio in LUFS; -120 for silence.
        loudness: Loudness of the result in LUFS; -120 for silence.
    """

    audio: Audio
    loudness_before: float
    loudness: float


class Compressed(NamedTuple):
    """Compressed audio.

    Attributes:
        audio: Compressed audio.
        gain_reduction: Largest gain reduction, in dB.
    """

    audio: Audio
    gain_reduction: float


@node("audio.gain", origin="edited")
def change_gain(
    ctx: Context,
    audio: Audio,
    *,
    gain: Annotated[float, Field(ge=-120, le=60, unit="dB")] = 0.0,
    curve: Annotated[JsonValue, Grammar("a list of points", parse_gain_curve), Added] = None,
) -> Audio:
    """Change the level of audio; nothing is clipped.

    Args:
        audio: Audio to change.
        gain: Gain in dB; 6.02 doubles the amplitude.
        curve: JSON list `[[seconds, gain], ...]`, ascending in time, gain from -120 to 60 dB: added to `gain`. Straight
            lines in dB lie between the points; null for none.
    """
    from studio_audio.dynamics import change_gain as multiply
    from studio_audio.dynamics import follow_curve

    louder = multiply(audio, 10 ** (gain / 20))
    return louder if curve is None else follow_curve(louder, parse_gain_curve(curve))


@node("audio.normalize", code=2, origin="edited")
def normalize_audio(
    ctx: Context,
    audio: Audio,
    *,
    loudness: Annotated[float, Field(ge=-70, le=0, unit="LUFS")] = -16.0,
    ceiling: Annotated[float, Field(ge=-40, le=0, unit="dBTP")] = -1.0,
    peaks: Literal["limit", "reduce", "allow"] = "limit",
) -> Normalized:
    """Normalize audio to a loudness (ITU-R BS.1770-4), with its true peak under a ceiling; silence stays silence.

    Args:
        audio: Audio to normalize; less than 400 ms is measured as one block.
        loudness: Integrated loudness of the result: -14 for streaming, -16 for podcasts, -23 for broadcast (EBU R 128).
        ceiling: Highest true peak of the result.
        peaks: What happens if the gain exceeds the ceiling: "limit" limits the peaks, "reduce" uses less gain, so that
            the result is softer, "allow" ignores the ceiling.
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
    origin="edited",
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
    key: Annotated[Audio | None, Added] = None,
) -> Compressed:
    """Compress the dynamic range, with the same gain for all channels (Giannoulis, Massberg and Reiss 2012).

    Args:
        audio: Audio to compress.
        threshold: Level above which the gain is reduced, relative to full scale.
        ratio: Ratio of the compression: decibels above the threshold that become 1 dB; 1 changes nothing.
        knee: Width of the soft knee around the threshold.
        attack: Time to reach 63 % of a gain reduction.
        release: Time to recover 63 % of a gain reduction.
        makeup_gain: Gain after the compression.
        key: Audio whose level counts instead (a sidechain), from the same start; null for the audio itself.
    """
    from studio_audio.dynamics import Curve, compress
    from studio_audio.join import cut
    from studio_audio.resample import resample_stream

    ctx.step(0, 1)
    heard = None if key is None else cut(resample_stream(key, audio.rate), 0, audio.frames)
    return Compressed(*compress(audio, Curve(threshold, ratio, knee, attack, release), makeup_gain, heard))


@node("audio.limit", version="2.0", migrations={1: Migration(inputs={"ahead": "lookahead"})}, origin="edited")
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
    """Limit audio to a ceiling, with the same gain for all channels, reduced smoothly before each peak.

    Args:
        audio: Audio to limit; below the ceiling it is not changed.
        ceiling: Highest amplitude of the result, relative to full scale.
        gain: Gain before limiting.
        lookahead: Time before a peak over which the gain is reduced.
        release: Time to recover 10 dB of gain.
        true_peak: Apply the ceiling between samples too, with four times oversampling (ITU-R BS.1770-4).
    """
    from studio_audio.blocks import create_keep
    from studio_audio.dynamics import Ceiling, change_gain, limit

    louder = change_gain(audio, 10 ** (gain / 20)) if gain else audio
    held = Ceiling(10 ** (ceiling / 20), lookahead, release, true_peak)
    return limit(louder, held, create_keep(ctx), lambda done, total: ctx.step(done, total))
