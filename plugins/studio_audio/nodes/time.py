"""Sample rate, time, pitch, and the split into harmonic and percussive."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from studio.api import Audio, Context, Field, MediaError, check_inputs, node
from studio_audio.checks import check_stretch

Method = Literal["music", "tones"]


class Split(NamedTuple):
    """Audio in parts that add up to it.

    Attributes:
        harmonic: What sings.
        percussive: What strikes.
        rest: What is neither; silent at a margin of 1.
    """

    harmonic: Audio
    percussive: Audio
    rest: Audio


@node("audio.resample")
def resample_audio(
    ctx: Context,
    audio: Audio,
    *,
    rate: Annotated[int, Field(ge=1000, le=768_000, unit="hertz")] = 48_000,
    quality: Literal["quick", "high", "best"] = "best",
) -> Audio:
    """Change the sample rate with soxr; the length in seconds stays.

    Args:
        audio: Audio to resample.
        rate: Sample rate of the result.
        quality: "best" is good for 24 bits and more, "high" for 20, "quick" is cubic.

    Raises:
        MediaError: E640 over the limits.
    """
    from studio_audio.bounds import check_length
    from studio_audio.resample import resample_stream

    check_length(audio.duration * rate, audio.channels, rate)
    ctx.step(0, 1)
    recipe = {"quick": "QQ", "high": "HQ", "best": "VHQ"}[quality]
    return resample_stream(audio, rate, recipe)


@node("audio.time_stretch", code=2, check=check_inputs(check_stretch))
def stretch_time(
    ctx: Context,
    audio: Audio,
    *,
    factor: Annotated[float | None, Field(ge=0.1, le=10)] = None,
    seconds: Annotated[float | None, Field(gt=0, le=86_400, unit="seconds")] = None,
    method: Method = "music",
) -> Audio:
    """Make audio longer or shorter without changing its pitch.

    Args:
        audio: Audio to stretch.
        factor: 2 makes it twice as long: the result has round(frames * factor) frames.
        seconds: The length it should get, instead of a factor; exact to the sample.
        method: "music" splits it into what sings and what strikes, and stretches the first with a phase vocoder
            (Laroche and Dolson 1999), the second by overlapping (Driedger, Mueller and Ewert 2014); "tones" uses the
            phase vocoder alone, for singing and steady tones, and is faster.

    Raises:
        MediaError: E641 unless one of factor and seconds is given, or if the factor is not in 0.1 to 10; E640 over
            the limits.
    """
    from studio_audio.bounds import check_length
    from studio_audio.stretch import stretch_audio

    check_stretch(factor, seconds)
    if seconds is not None and (not audio.frames or not 0.1 <= seconds * audio.rate / audio.frames <= 10):
        raise MediaError(
            "E641",
            f"{audio.duration:g} seconds do not stretch to {seconds:g}",
            hint="audio can be stretched from a tenth to ten times its length",
        )
    length = round(audio.frames * factor) if factor is not None else round((seconds or 0.0) * audio.rate)
    check_length(length, audio.channels, audio.rate)
    return stretch_audio(audio, length, method, lambda done, total: ctx.step(done, total))


@node("audio.pitch_shift", code=2)
def shift_pitch(
    ctx: Context,
    audio: Audio,
    *,
    semitones: Annotated[float, Field(ge=-36, le=36, unit="semitones")] = 0.0,
    method: Method = "music",
) -> Audio:
    """Shift the pitch and keep the length: stretched, then resampled. Voices keep their character with `audio.voice`.

    Args:
        audio: Audio to shift.
        semitones: How far; 12 is an octave up.
        method: How it is stretched, see `audio.time_stretch`.

    Raises:
        MediaError: E640 over the limits.
    """
    from studio_audio.bounds import check_length
    from studio_audio.stretch import change_pitch

    check_length(audio.frames * 2 ** (semitones / 12), audio.channels, audio.rate, "the stretched audio")
    return change_pitch(audio, semitones, method, lambda done, total: ctx.step(done, total))


@node("audio.split_harmonic_percussive", code=2)
def split_harmonic_percussive(
    ctx: Context, audio: Audio, *, margin: Annotated[float, Field(ge=1, le=10)] = 1.0
) -> Split:
    """Split audio into what sings and what strikes; the parts add up to the audio.

    Medians along time and along frequency (Fitzgerald 2010; Driedger, Mueller and Disch 2014).

    Args:
        audio: Audio to split.
        margin: How clearly something must sing or strike; above 1 what does neither goes to the rest.
    """
    from studio_audio.blocks import create_keep
    from studio_audio.separate import split_audio

    return Split(*split_audio(audio, margin, create_keep(ctx), lambda done, total: ctx.step(done, total)))
