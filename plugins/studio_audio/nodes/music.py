"""Music analysed, and fitted to a video or a length."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NamedTuple

from studio.api import Audio, Channels, Context, Field, Grammar, Image, JsonValue, Migration, Video, check_inputs, node
from studio_audio.bounds import parse_intensity
from studio_audio.checks import check_soundtrack_length


class Analysis(NamedTuple):
    """What is found in audio.

    Attributes:
        facts: JSON: `duration`, `rate`, `channels`, `tempo` (beats a minute, 0 where there is none), `steadiness` (0 to
            1), `beats` (seconds), `key` (such as "F# minor"), `key_clarity` (0 to 1), `loudness` (LUFS, null for
            silence), `loudness_range` (LU), `true_peak` (dBTP), `clipped` (samples), `offset`, `loudness_curve`
            ([[seconds, LUFS], ...], windows of 400 ms) and `segments` ([{"start", "end", "name"}, ...]).
        plot: Plot of the analysis.
        tempo: Tempo in beats per minute; 0 if there is none.
        key: Key, such as "F# minor".
    """

    facts: JsonValue
    plot: Annotated[Image, Channels(3)]
    tempo: float
    key: str


class Soundtrack(NamedTuple):
    """Music of the length asked for.

    Attributes:
        audio: Fitted music.
        report: JSON: `seconds`, `length_error` (seconds), `unfilled_seconds`, `stretch`, `path` (beats of the piece as
            played), `seams` (for each: `time`, `beat_phase_error` in seconds, `spectral_jump` relative to the same
            place in the piece, `from_beat`, `to_beat`), and with a curve `curve_correlation` (with the loudness),
            `curve_correlation_before_gain` and `level_range` (dB).
    """

    audio: Audio
    report: JsonValue


class Motion(NamedTuple):
    """The motion of a video.

    Attributes:
        curve: JSON list `[[seconds, intensity], ...]`, intensity from 0 to 1, for `audio.soundtrack`.
    """

    curve: JsonValue


@node("audio.analyze", origin="algorithmic")
def analyze_audio(
    ctx: Context,
    audio: Audio,
    *,
    width: Annotated[int, Field(ge=64, le=8192, unit="pixels")] = 1200,
    height: Annotated[int, Field(ge=64, le=8192, unit="pixels")] = 640,
) -> Analysis:
    """Find the tempo, beats, key, loudness and parts of music, as JSON and as a plot.

    Beats are found by dynamic programming (Ellis 2007), the key by the profiles of Krumhansl and Kessler (1982),
    loudness by ITU-R BS.1770-4, parts by novelty (Foote 2000); similar parts have the same name. For silence and noise,
    the tempo is missing or unreliable: see `steadiness`.

    Args:
        audio: Audio to analyze; empty audio gives empty lists.
        width: Width of the plot.
        height: Height of the plot.

    Raises:
        MediaError: E503 for more samples than an hour of 48 kHz stereo has, as they are held whole.
    """
    from studio_audio.analyze import analyze, plot_analysis

    facts = analyze(audio, lambda done, total: ctx.step(done, total))
    return Analysis(facts, Image(plot_analysis(audio, facts, width, height)), facts["tempo"], facts["key"])


@node(
    "audio.soundtrack",
    code=2,
    check=check_inputs(check_soundtrack_length),
    version="2.0",
    migrations={1: Migration(inputs={"ride": "gain_follow"}, outputs={"figures": "report"})},
    origin="edited",
)
def make_soundtrack(
    ctx: Context,
    music: Audio,
    *,
    seconds: Annotated[float | None, Field(ge=2, le=7200, unit="seconds")] = None,
    intensity: Annotated[JsonValue, Grammar("a list of points", parse_intensity)] = None,
    video: Video | None = None,
    gain_follow: Annotated[float, Field(ge=0, le=1)] | None = None,
    ending: Literal["fade", "piece"] = "fade",
) -> Soundtrack:
    """Fit music to a length and a curve of intensity, by cutting and looping it on beats.

    Dynamic programming finds a path through the beats: jumps go to places where the music continues similarly, from bar
    to bar, and to the borders of its parts; the loudness follows the curve. Cuts move by up to 30 ms to where both
    sides match best, and are crossfaded. At most 5 % of stretching makes the length exact.

    Args:
        music: Music to fit, with a beat.
        seconds: Length of the result; null for the video's length.
        intensity: JSON list `[[seconds, intensity], ...]`, ascending in time; intensity from 0 (softest beats) to 1
            (loudest). Null takes it from the video, or keeps the music's own course.
        video: Video that gives the length and, from its motion, the curve where they are null.
        gain_follow: Share of the curve that the gain also follows, by up to 12 dB; null for the smallest from 0.5 to 1
            with which the loudness follows the curve (correlation 0.75). The log reports it.
        ending: Ending: "fade" fades out over 2 seconds; "piece" uses the music's own ending if possible.

    Raises:
        MediaError: E641 if neither a length nor a video is given, E642 for music that is silent or shorter than 4
            seconds, E644 for music without beats to cut at, E646 for invalid points; E503 and
            E640 for more samples than an hour of 48 kHz stereo has, as music and result are held whole.
    """
    from studio_audio.bounds import check_audible, check_whole
    from studio_audio.motion import measure_motion
    from studio_audio.soundtrack import Request, compose, cut_piece

    check_soundtrack_length(seconds, video)
    check_audible(music, 4.0, "a soundtrack")
    curve = [] if intensity is None else parse_intensity(intensity)
    if video is not None and (seconds is None or not curve):
        points, length = measure_motion(video, lambda done, total: ctx.step(done, total))
        seconds, curve = seconds or length, curve or points
    assert seconds is not None  # checked above
    check_whole(seconds * music.rate, music.channels, music.rate)
    ctx.step(0, 4)
    piece = cut_piece(music.samples, music.rate)
    request = Request(seconds, curve, gain_follow, ending == "piece")
    samples, figures = compose(piece, request, lambda done, total: ctx.step(done, total))
    _log_shortfalls(ctx, figures)
    return Soundtrack(Audio(samples, music.rate), figures)


def _log_shortfalls(ctx: Context, figures: dict[str, Any]) -> None:
    """Log where the music alone does not give what was asked for."""
    if figures["ride"] > 0.5 or figures.get("level_range", 99.0) < 6.0:
        found = f"correlation {figures['curve_correlation_before_gain']}, a range of {figures['level_range']} dB"
        gain = f"the gain follows it, by a share of {figures['ride']:g}, to a correlation of"
        ctx.log(f"the music does not follow the curve by itself ({found}): {gain} {figures['curve_correlation']}")
    if figures["unfilled_seconds"] > 0.05:
        ctx.log(f"the last {figures['unfilled_seconds']:.2f} seconds are silent: beats do not divide the length better")


@node("audio.motion_curve", version="2.0", migrations={1: Migration(outputs={"json": "curve"})})
def find_motion(ctx: Context, video: Video) -> Motion:
    """Turn the motion of a video into a curve of intensity for `audio.soundtrack`.

    The curve is the mean difference of neighboring frames at 64 pixels a side, smoothed over a second; its 5th
    percentile becomes 0 and its 95th becomes 1.

    Args:
        video: Video to measure; its frames are read once.
    """
    from studio_audio.motion import measure_motion

    points, _ = measure_motion(video, lambda done, total: ctx.step(done, total))
    return Motion([list(point) for point in points])
