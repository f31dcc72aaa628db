"""Audio cut, joined, mixed and faded, and their channels."""

from __future__ import annotations

import itertools
from typing import Annotated, Literal, NamedTuple

from studio.api import Added, Audio, Context, Field, MediaError, Migration, Model, ModelKinds, check_inputs, node
from studio_audio import checks

Seconds = Annotated[float, Field(ge=0, le=86_400, unit="seconds")]
Shape = Literal["linear", "equal_power", "smooth", "exponential"]


class Trimmed(NamedTuple):
    """What is left of the audio, and where it was.

    Attributes:
        audio: Audio without silence at its ends.
        start: Start of the result in the original audio, in seconds.
        end: End of the result in the original audio, in seconds.
    """

    audio: Audio
    start: float
    end: float


@node(
    "audio.trim",
    check=check_inputs(checks.check_span),
    version="2.0",
    migrations={1: Migration(inputs={"pad": "pad_end"})},
    origin="edited",
)
def trim_audio(
    ctx: Context,
    audio: Audio,
    *,
    start: Seconds = 0.0,
    end: Annotated[float | None, Field(ge=0, le=86_400, unit="seconds")] = None,
    seconds: Annotated[float | None, Field(ge=0, le=86_400, unit="seconds")] = None,
    pad_end: bool = False,
) -> Audio:
    """Cut a part out of audio, exact to the sample.

    The part is from sample round(start * sample rate) up to, but not including, round(end * sample rate).

    Args:
        audio: Audio to trim.
        start: Start of the part.
        end: End of the part; null, without `seconds`, for the end of the audio.
        seconds: Length of the part, instead of `end`.
        pad_end: Add silence if the part ends after the audio; otherwise that is an error.

    Raises:
        MediaError: E641 if the span is not in the audio, or `end` and `seconds` are both given; E640 over the limits.
    """
    from studio_audio.bounds import check_length
    from studio_audio.join import cut

    checks.check_span(end, start, seconds)
    first = round(start * audio.rate)
    last = audio.frames if end is None else round(end * audio.rate)
    if seconds is not None:
        last = first + round(seconds * audio.rate)
    if last < first:
        raise MediaError("E641", f"a span from {start:g} to {last / audio.rate:g} seconds ends before it begins",
                         hint="let it end later")  # fmt: skip
    if (first > audio.frames or last > audio.frames) and not pad_end:
        raise MediaError(
            "E641",
            f"a span from {start:g} to {last / audio.rate:g} seconds is not in audio of {audio.duration:g} seconds",
            hint='end it sooner, or set "pad_end" to fill the rest with silence',
        )
    check_length(last - first, audio.channels, audio.rate)
    return cut(audio, first, last)


@node("audio.concatenate", version="2.0", migrations={1: Migration(inputs={"sounds": "audios"})}, origin="edited")
def concatenate_audio(
    ctx: Context,
    audios: Annotated[list[Audio], Field(min_length=1, max_length=10_000)],
    *,
    gap: Annotated[float, Field(ge=-60, le=3600, unit="seconds")] = 0.0,
) -> Audio:
    """Join audio one after the other, at the highest sample rate and with the most channels among them.

    Args:
        audios: Audio to join, in order; mono is copied to all channels.
        gap: Silence between two neighbors; a negative time overlaps them with an equal-power crossfade (at most half of
            the shorter one).

    Raises:
        MediaError: E640 over the limits, E641 for layouts that do not go together.
    """
    from studio_audio.bounds import check_length
    from studio_audio.join import concatenate, join, match_all

    parts = match_all(audios)
    frames = round(gap * parts[0].rate)
    ctx.step(0, 1)
    if gap < 0:
        pairs = itertools.pairwise(parts)
        return join(parts, [min(-frames, a.frames // 2, b.frames // 2) for a, b in pairs], "equal_power")
    total = sum(part.frames for part in parts) + frames * (len(parts) - 1)
    check_length(total, parts[0].channels, parts[0].rate)
    return concatenate(parts, frames)


@node(
    "audio.mix",
    check=check_inputs(
        checks.check_gain_count,
        checks.check_gains,
        checks.check_offset_count,
        checks.check_offsets,
        checks.check_pan_count,
        checks.check_pans,
    ),
    version="2.0",
    migrations={1: Migration(inputs={"sounds": "audios"})},
    origin="edited",
)
def mix_audio(
    ctx: Context,
    audios: Annotated[list[Audio], Field(min_length=1, max_length=1000)],
    *,
    gains: Annotated[list[float] | None, Field(unit="dB")] = None,
    offsets: Annotated[list[float] | None, Field(unit="seconds")] = None,
    pans: Annotated[list[float] | None, Field(unit="share"), Added] = None,
) -> Audio:
    """Add audio up, at the highest sample rate and with the most channels among them; levels stay.

    Args:
        audios: Audio to mix; mono is copied to all channels.
        gains: Gain of each in dB, from -120 to 60; null for 0.
        offsets: Start of each in seconds, 0 or more; null starts all at once.
        pans: Place of each from -1 (left) to 1 (right), by the law of `audio.pan`; the result is stereo. Null leaves
            the channels as they are.

    Raises:
        MediaError: E641 for lists of other lengths, numbers out of range, or a pan of more than two channels, E640 over
            the limits.
    """
    from studio_audio.bounds import check_length
    from studio_audio.join import match_all, mix
    from studio_audio.panorama import pan_all

    decibels, starts = gains or [0.0] * len(audios), offsets or [0.0] * len(audios)
    checks.check_gain_count(gains, audios)
    checks.check_gains(gains)
    checks.check_offset_count(offsets, audios)
    checks.check_offsets(offsets)
    checks.check_pan_count(pans, audios)
    checks.check_pans(pans)
    parts = match_all(pan_all(audios, pans) if pans else audios)
    ctx.step(0, 1)
    rate, frames = parts[0].rate, [round(start * parts[0].rate) for start in starts]
    check_length(max(at + part.frames for at, part in zip(frames, parts, strict=True)), parts[0].channels, rate)
    return mix(parts, [10 ** (gain / 20) for gain in decibels], frames)


@node("audio.fade", origin="edited")
def fade_audio(
    ctx: Context, audio: Audio, *, fade_in: Seconds = 0.0, fade_out: Seconds = 0.0, shape: Shape = "smooth"
) -> Audio:
    """Fade audio in and out.

    Args:
        audio: Audio to fade.
        fade_in: Length of the fade at the start; at most the length of the audio.
        fade_out: Length of the fade at the end; at most the length of the audio.
        shape: Curve of the fade: "linear", "equal_power" (a quarter sine), "smooth" (a raised cosine) or "exponential"
            (60 dB, evenly).
    """
    from studio_audio.join import fade

    return fade(audio, round(fade_in * audio.rate), round(fade_out * audio.rate), shape)


@node("audio.crossfade", version="2.0", migrations={1: Migration(inputs={"seconds": "fade_seconds"})}, origin="edited")
def crossfade_audio(
    ctx: Context,
    first: Audio,
    second: Audio,
    *,
    fade_seconds: Annotated[float, Field(ge=0, le=3600, unit="seconds")] = 1.0,
    shape: Shape = "equal_power",
) -> Audio:
    """Crossfade from one audio to another; the result is shorter than both together by the crossfade.

    Args:
        first: Audio that fades out.
        second: Audio that fades in.
        fade_seconds: Length of the crossfade; at most the length of the shorter audio.
        shape: Curve of the crossfade: "equal_power" keeps the power of different audio, "linear" the amplitude of equal
            audio.

    Raises:
        MediaError: E640 over the limits, E641 for layouts that do not go together.
    """
    from studio_audio.join import join, match_all

    parts = match_all([first, second])
    return join(parts, [min(round(fade_seconds * parts[0].rate), parts[0].frames, parts[1].frames)], shape)


@node("audio.trim_silence", version="2.0", migrations={1: Migration(inputs={"keep": "keep_seconds"})}, origin="edited")
def trim_silence(
    ctx: Context,
    audio: Audio,
    *,
    threshold: Annotated[float, Field(ge=-120, le=0, unit="dB")] = -50.0,
    keep_seconds: Annotated[float, Field(ge=0, le=60, unit="seconds")] = 0.05,
    model: Annotated[Annotated[Model, ModelKinds("voice-detector")] | None, Added] = None,
) -> Trimmed:
    """Cut silence off both ends of audio, or all before and after speech.

    Args:
        audio: Audio to trim; if all of it is silent, nothing remains.
        threshold: RMS level of 10 ms, relative to full scale, up to which audio is silent. Not for a model.
        keep_seconds: Silence to leave at each end.
        model: Weights of Silero VAD, which finds speech in noise too; null for the level alone.

    Raises:
        ModelError: E648 for another model.
    """
    from studio_audio.join import cut, find_audible

    if model is None:
        window = max(1, round(audio.rate / 100))
        first, last = find_audible(audio, 10 ** (threshold / 20), window)
    else:
        first, last = _find_spoken(ctx, audio, model)
    if last > first:
        room = round(keep_seconds * audio.rate)
        first, last = max(0, first - room), min(audio.frames, last + room)
    return Trimmed(cut(audio, first, last), first / audio.rate, last / audio.rate)


def _find_spoken(ctx: Context, audio: Audio, model: Model) -> tuple[int, int]:
    """Return the frames from which and to which somebody speaks."""
    from studio_audio.voice_detector import LIKELY, find_ends, listen

    ctx.step(0, 1)
    with ctx.open(model) as detector:
        begin, end = find_ends(listen(detector, audio), LIKELY)
    return round(begin * audio.rate), min(audio.frames, round(end * audio.rate))


@node("audio.remix_channels", check=check_inputs(checks.check_layout), replaces="audio.channels", origin="edited")
def change_channels(
    ctx: Context,
    audio: Audio,
    *,
    layout: Literal["mono", "stereo", "swap", "select"] = "mono",
    select: Annotated[list[int] | None, Field(max_length=64)] = None,
) -> Audio:
    """Mix channels down or up, select them or swap them.

    Args:
        audio: Audio to change.
        layout: Channels of the result: "mono" is the mean of all. "stereo" is mono twice, or surround mixed down (ITU-R
            BS.775-3, scaled so that it cannot clip; more than 8 channels go left and right in turn). "swap" reverses
            the order of the channels. "select" takes those in `select`.
        select: Numbers of the channels to take, from 1, in this order; a number may be repeated.

    Raises:
        MediaError: E641 for a channel that is not there, or `select` without or beside its layout.
    """
    from studio_audio.blocks import change_audio
    from studio_audio.channels import check_channels, mix_to_mono, mix_to_stereo, select_channels

    checks.check_layout(select, layout)
    if layout == "select":
        wanted = select or []
        check_channels(audio.channels, wanted)
        return change_audio(
            audio, lambda blocks: (select_channels(block, wanted) for block in blocks), channels=len(wanted)
        )
    change = {
        "mono": mix_to_mono,
        "stereo": mix_to_stereo,
        "swap": lambda samples: samples[:, ::-1],
    }[layout]
    channels = {"mono": 1, "stereo": 2}.get(layout, audio.channels)
    return change_audio(audio, lambda blocks: map(change, blocks), channels=channels)


@node("audio.reverse", origin="edited")
def reverse_audio(ctx: Context, audio: Audio) -> Audio:
    """Play audio backwards.

    Args:
        audio: Audio to reverse.
    """
    from studio_audio.blocks import create_keep
    from studio_audio.join import reverse

    return reverse(create_keep(ctx)(audio))
