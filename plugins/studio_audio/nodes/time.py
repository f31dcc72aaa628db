"""Sample rate, time, pitch, and the split into harmonic and percussive."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

from studio.api import Audio, Context, Field, MediaError, Migration, check_inputs, node
from studio_audio.checks import check_stretch
from studio_audio.ratios import find_stretch

Method = Literal["music", "tones"]


class Split(NamedTuple):
    """Audio in parts that add up to it.

    Attributes:
        harmonic: Tones, such as voices and strings.
        percussive: Percussion, such as drums.
        rest: Remaining audio; silent at a margin of 1.
    """

    harmonic: Audio
    percussive: Audio
    rest: Audio


def _to_speed(factor: float | None) -> float | None:
    return 1 / factor if factor else None


@node("audio.resample", version="2.0", migrations={1: Migration(inputs={"rate": "sample_rate"})}, origin="edited")
def resample_audio(
    ctx: Context,
    audio: Audio,
    *,
    sample_rate: Annotated[int, Field(ge=1000, le=768_000, unit="hertz")] = 48_000,
    quality: Literal["quick", "high", "best"] = "best",
) -> Audio:
    """Change the sample rate of audio with soxr; the length in seconds stays.

    Args:
        audio: Audio to resample.
        sample_rate: Sample rate of the result.
        quality: Quality of the resampling: "best" is for 24 bits and more, "high" for 20 bits, "quick" is cubic.

    Raises:
        MediaError: E640 over the limits.
    """
    from studio_audio.bounds import check_length
    from studio_audio.resample import resample_stream

    check_length(audio.duration * sample_rate, audio.channels, sample_rate)
    ctx.step(0, 1)
    recipe = {"quick": "QQ", "high": "HQ", "best": "VHQ"}[quality]
    return resample_stream(audio, sample_rate, recipe)


@node(
    "audio.time_stretch",
    code=2,
    check=check_inputs(check_stretch),
    version="2.0",
    migrations={1: Migration(inputs={"factor": "speed"}, values={"speed": _to_speed})},
    origin="edited",
)
def stretch_time(
    ctx: Context,
    audio: Audio,
    *,
    speed: Annotated[float | None, Field(ge=0.1, le=10, unit="factor")] = None,
    seconds: Annotated[float | None, Field(gt=0, le=86_400, unit="seconds")] = None,
    method: Method = "music",
) -> Audio:
    """Change the length of audio without its pitch.

    Args:
        audio: Audio to stretch.
        speed: Factor for the speed: 2 makes the audio half as long; null with `seconds`.
        seconds: Length of the result, instead of a speed; exact to the sample.
        method: Method: "music" separates tones from percussion, stretches tones with a phase vocoder (Laroche and
            Dolson 1999) and percussion by overlapping (Driedger, Mueller and Ewert 2014). "tones" uses only the phase
            vocoder, for singing and steady tones, and is faster.

    Raises:
        MediaError: E641 unless one of speed and seconds is given, or if the speed is not in 0.1 to 10; E640 over
            the limits.
    """
    from studio_audio.bounds import check_length
    from studio_audio.stretch import stretch_audio

    check_stretch(speed, seconds)
    if seconds is not None and (not audio.frames or not 0.1 <= seconds * audio.rate / audio.frames <= 10):
        raise MediaError(
            "E641",
            f"{audio.duration:g} seconds do not stretch to {seconds:g}",
            hint="audio can be stretched from a tenth to ten times its length",
        )
    length = round(audio.frames * find_stretch(speed)) if speed is not None else round((seconds or 0.0) * audio.rate)
    check_length(length, audio.channels, audio.rate)
    return stretch_audio(audio, length, method, lambda done, total: ctx.step(done, total))


@node("audio.pitch_shift", code=2, origin="edited")
def shift_pitch(
    ctx: Context,
    audio: Audio,
    *,
    semitones: Annotated[float, Field(ge=-36, le=36, unit="semitones")] = 0.0,
    method: Method = "music",
) -> Audio:
    """Shift the pitch of audio and keep its length; for voices, use `audio.change_voice`.

    Args:
        audio: Audio to shift.
        semitones: Shift of the pitch; 12 is an octave up.
        method: Method: "music" treats percussion separately, "tones" is faster, for singing and steady tones.

    Raises:
        MediaError: E640 over the limits.
    """
    from studio_audio.bounds import check_length
    from studio_audio.stretch import change_pitch

    check_length(audio.frames * 2 ** (semitones / 12), audio.channels, audio.rate, "the stretched audio")
    return change_pitch(audio, semitones, method, lambda done, total: ctx.step(done, total))


@node("audio.split_harmonic_percussive", code=2, origin="edited")
def split_harmonic_percussive(
    ctx: Context, audio: Audio, *, margin: Annotated[float, Field(ge=1, le=10, unit="factor")] = 1.0
) -> Split:
    """Separate tones from percussion; the outputs add up to the original audio.

    Medians along time and along frequency (Fitzgerald 2010; Driedger, Mueller and Disch 2014).

    Args:
        audio: Audio to split.
        margin: Ratio by which a tone or a beat must be stronger; above 1, weaker audio goes to `rest`.
    """
    from studio_audio.blocks import create_keep
    from studio_audio.separate import split_audio

    return Split(*split_audio(audio, margin, create_keep(ctx), lambda done, total: ctx.step(done, total)))
