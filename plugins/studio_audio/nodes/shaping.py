"""Gain that follows audio, places between left and right, echoes, loops and bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, NamedTuple

from studio.api import Added, Audio, Context, Field, JsonValue, MediaError, Model, ModelKinds, check_inputs, node

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

Level = Annotated[float, Field(ge=-120, le=0, unit="dB")]
Ramp = Annotated[float, Field(ge=0, le=30, unit="seconds")]
Frequency = Annotated[float, Field(ge=40, le=20_000, unit="hertz")]


class Ducked(NamedTuple):
    """Music that makes room for a voice.

    Attributes:
        audio: Music, turned down while the voice is audible.
        mix: Music and voice together, as long as the longer of both.
    """

    audio: Audio
    mix: Audio


class Shortened(NamedTuple):
    """Audio without its silence.

    Attributes:
        audio: Audio without its silence.
        spans: JSON list `[[start, end], ...]` of the parts that remain, in seconds of the original audio.
    """

    audio: Audio
    spans: JsonValue


class Bands(NamedTuple):
    """Three bands that add up to the audio.

    Attributes:
        low: Band below the lower frequency.
        middle: Band between both frequencies.
        high: Band above the upper frequency.
    """

    low: Audio
    middle: Audio
    high: Audio


class Envelope(NamedTuple):
    """The level of audio over time.

    Attributes:
        values: A number from 0 to 1 for each frame; 1 is the loudest frame.
        peak: RMS of the loudest frame, relative to full scale, in dB; -120 for silence.
    """

    values: list[float]
    peak: float


@node("audio.duck", origin="edited")
def duck_audio(
    ctx: Context,
    music: Audio,
    voice: Audio,
    *,
    amount: Annotated[float, Field(ge=0, le=60, unit="dB")] = 12.0,
    threshold: Level = -40.0,
    attack: Ramp = 0.3,
    hold: Ramp = 0.5,
    release: Ramp = 0.8,
    start: Annotated[float, Field(ge=0, le=86_400, unit="seconds")] = 0.0,
    model: Annotated[Annotated[Model, ModelKinds("voice-detector")] | None, Added] = None,
) -> Ducked:
    """Duck music under a voice: turn it down while the voice is audible, and mix both.

    The gain moves on straight ramps in decibels. It is down when the voice begins, because the ramp ends there.

    Args:
        music: Music to turn down.
        voice: Voice that the music makes room for.
        amount: Gain reduction while the voice is audible.
        threshold: RMS level of 10 ms, relative to full scale, above which the voice counts as heard. Not for a model.
        attack: Length of the ramp down, before the voice begins.
        hold: Longest pause of the voice in which the music stays down.
        release: Length of the ramp up, after the voice ends.
        start: Start of the voice in the music.
        model: Weights of Silero VAD, which hears speech in noise and no breath, no room; null for the level alone.

    Raises:
        MediaError: E640 over the limits, E641 for layouts that do not go together.
        ModelError: E648 for another model.
    """
    from studio_audio.activity import Response, duck, find_voice
    from studio_audio.bounds import check_length
    from studio_audio.join import match_all, mix, pad_start

    at = round(start * music.rate)
    check_length(max(music.frames, at + voice.duration * music.rate), music.channels, music.rate)
    ctx.step(0, 1)
    heard = pad_start(voice, round(start * voice.rate))
    active = find_voice(heard, music.rate, threshold) if model is None else _find_speech(ctx, heard, model, music.rate)
    quiet = duck(music, active, amount, Response(attack, hold, release))
    parts = match_all([quiet, voice])
    return Ducked(quiet, mix(parts, [1.0, 1.0], [0, round(start * parts[0].rate)]))


def _find_speech(ctx: Context, voice: Audio, model: Model, rate: int) -> npt.NDArray[np.bool_]:
    """Return for each window of music of a sample rate whether there is speech."""
    from studio_audio.activity import find_window
    from studio_audio.voice_detector import LIKELY, find_spoken, listen

    with ctx.open(model) as detector:
        return find_spoken(listen(detector, voice), LIKELY, rate / find_window(rate))


@node("audio.gate", origin="edited")
def gate_audio(
    ctx: Context,
    audio: Audio,
    *,
    threshold: Level = -50.0,
    reduction: Annotated[float, Field(ge=0, le=120, unit="dB")] = 60.0,
    attack: Ramp = 0.005,
    hold: Ramp = 0.1,
    release: Ramp = 0.1,
) -> Audio:
    """Gate audio: turn it down where it is softer than a level, with the same gain for all channels.

    Args:
        audio: Audio to gate.
        threshold: RMS level of 10 ms, relative to full scale, up to which the audio is turned down.
        reduction: Gain reduction of what is softer.
        attack: Length of the ramp up, before the audio becomes louder.
        hold: Longest pause in which the gate stays open.
        release: Length of the ramp down, after the audio becomes softer.
    """
    from studio_audio.activity import Response, gate

    ctx.step(0, 1)
    return gate(audio, reduction, threshold, Response(attack, hold, release))


@node("audio.cut_silence", origin="edited")
def cut_silence(
    ctx: Context,
    audio: Audio,
    *,
    threshold: Level = -50.0,
    max_silence: Annotated[float, Field(ge=0, le=60, unit="seconds")] = 0.5,
    keep_seconds: Annotated[float, Field(ge=0, le=30, unit="seconds")] = 0.1,
) -> Shortened:
    """Cut long silence out of audio, at its ends and within it.

    Args:
        audio: Audio to shorten; if all of it is silent, nothing remains.
        threshold: RMS level of 10 ms, relative to full scale, up to which audio is silent.
        max_silence: Longest silence that stays as it is.
        keep_seconds: Silence to leave before and after what is heard; at most half of `max_silence`.
    """
    from studio_audio.activity import cut_silence as cut

    ctx.step(0, 1)
    made, spans = cut(audio, threshold, max_silence, keep_seconds)
    return Shortened(made, [list(span) for span in spans])


@node("audio.delay", origin="edited")
def add_delay(
    ctx: Context,
    audio: Audio,
    *,
    seconds: Annotated[float, Field(ge=0.001, le=10, unit="seconds")] = 0.35,
    feedback: Annotated[float, Field(ge=0, le=0.95, unit="factor")] = 0.4,
    mix: Annotated[float, Field(ge=0, le=1, unit="factor")] = 0.4,
    keep_tail: bool = True,
) -> Audio:
    """Add echoes to audio, exact to the sample.

    Args:
        audio: Audio to add echoes to.
        seconds: Time from one echo to the next.
        feedback: Amplitude of each echo relative to the one before.
        mix: Amplitude of the first echo relative to the audio.
        keep_tail: Lengthen the audio until the echoes are 60 dB softer than the first; otherwise the length stays.

    Raises:
        MediaError: E640 over the limits.
    """
    from studio_audio.bounds import check_length
    from studio_audio.repeats import Echo, add_echoes, count_echoes

    if keep_tail:
        tail = count_echoes(feedback) * seconds * audio.rate
        check_length(audio.frames + tail, audio.channels, audio.rate)
    return add_echoes(audio, Echo(seconds, feedback, mix), keep_tail)


@node("audio.pan", origin="edited")
def pan_audio(
    ctx: Context,
    audio: Audio,
    *,
    pan: Annotated[float, Field(ge=-1, le=1, unit="share")] = 0.0,
    width: Annotated[float, Field(ge=0, le=2, unit="factor")] = 1.0,
) -> Audio:
    """Place audio between left and right, and make stereo narrower or wider.

    Args:
        audio: Mono or stereo; the result is stereo. Mono keeps its power everywhere, and is 3 dB softer in each channel
            at the center.
        pan: Place from -1 (left) to 1 (right).
        width: Factor for the difference between left and right, only for stereo: 0 is mono, 2 doubles it.

    Raises:
        MediaError: E641 for more than two channels.
    """
    from studio_audio.panorama import pan_audio as pan_channels

    return pan_channels(audio, pan, width)


@node("audio.loop", origin="edited")
def loop_audio(
    ctx: Context,
    audio: Audio,
    seconds: Annotated[float, Field(ge=0, le=86_400, unit="seconds")],
    *,
    fade_seconds: Annotated[float, Field(ge=0, le=60, unit="seconds")] = 0.0,
) -> Audio:
    """Loop audio until it has a length, exact to the sample; the last repetition is cut.

    Args:
        audio: Audio to repeat.
        seconds: Length of the result.
        fade_seconds: Length of an equal-power crossfade between repetitions; at most half of the audio.

    Raises:
        MediaError: E640 over the limits or over 10,000 repetitions, E642 for audio without samples.
    """
    from studio_audio.bounds import check_length
    from studio_audio.repeats import loop

    frames = round(seconds * audio.rate)
    check_length(frames, audio.channels, audio.rate)
    return loop(audio, frames, round(fade_seconds * audio.rate))


def _check_bands(low: float, high: float) -> None:
    if low >= high:
        raise MediaError("E641", f"no band lies from {low:g} to {high:g} hertz", hint="let high be above low")


@node("audio.split_bands", check=check_inputs(_check_bands), origin="edited")
def split_bands(ctx: Context, audio: Audio, *, low: Frequency = 250.0, high: Frequency = 4000.0) -> Bands:
    """Split audio into low, middle and high frequencies, without delay; the three add up to the audio.

    Args:
        audio: Audio to split.
        low: Frequency between the low and the middle band, where both have half of the amplitude.
        high: Frequency between the middle and the high band; below half the sample rate.

    Raises:
        MediaError: E641 for a frequency of half the sample rate or more, or `low` not below `high`.
    """
    from studio_audio.bounds import check_frequency
    from studio_audio.crossover import split_bands as split

    _check_bands(low, high)
    return Bands(*split(audio, check_frequency(low, audio.rate), check_frequency(high, audio.rate)))


@node("audio.envelope", origin="edited")
def measure_envelope(
    ctx: Context,
    audio: Audio,
    *,
    fps: Annotated[float, Field(ge=1, le=240, unit="frames per second")] = 25.0,
    min_frequency: Annotated[float | None, Field(ge=1, le=20_000, unit="hertz")] = None,
    max_frequency: Annotated[float | None, Field(ge=20, le=96_000, unit="hertz")] = None,
    release: Annotated[float, Field(ge=0, le=5, unit="seconds")] = 0.0,
) -> Envelope:
    """Measure the level of audio for each frame of a video, as numbers from 0 to 1 that other inputs follow.

    Args:
        audio: Audio to measure.
        fps: Numbers per second: the frame rate of the video.
        min_frequency: Lowest frequency that counts; null for all. Bass is 20 to 150, a voice 200 to 4000.
        max_frequency: Highest frequency that counts; null for all.
        release: Time in which a level falls by 63 % at most; 0 follows each frame.

    Raises:
        MediaError: E640 for over a million numbers, E641 for a band that ends before it begins.
    """
    import math

    from studio_audio.envelope import filter_band, measure_levels, smooth_levels

    low, high = min_frequency or 0.0, max_frequency or audio.rate / 2
    if low >= high:
        raise MediaError("E641", f"no band lies from {low:g} to {high:g} hertz", hint="end higher than you begin")
    ctx.step(0, 1)
    levels = smooth_levels(measure_levels(filter_band(audio, low, high), fps), fps, release)
    top = float(levels.max(initial=0.0))
    if top < 1e-6:
        return Envelope([0.0] * len(levels), -120.0)
    return Envelope((levels / top).tolist(), 20 * math.log10(top))
