"""Checks in a graph: `check.silence`, `check.clipping` and `check.loudness`, which hand audio on with a verdict."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from studio.api import Audio, Context, Field, JsonValue, node
from studio.api.verdict import Measure, OnFail, give_verdict


class CheckedAudio(NamedTuple):
    """Audio, and whether it is as asked.

    Attributes:
        audio: The audio as it was given.
        passed: True if the check passed.
        verdict: JSON record: `check`, `passed`, `on_fail`, `sentence` and `measures`, each with `name`, `measured`,
            `unit`, `minimum`, `maximum` and `passed`.
    """

    audio: Audio
    passed: bool
    verdict: JsonValue


@node("check.silence", origin={"audio": "from audio"})
def check_silence(
    ctx: Context,
    audio: Audio,
    *,
    max_silent_seconds: Annotated[float, Field(ge=0, le=86_400, unit="seconds")] = 2.0,
    threshold: Annotated[float, Field(ge=-120, le=0, unit="dB")] = -60.0,
    on_fail: OnFail = "warn",
) -> CheckedAudio:
    """Check that audio has no long silence.

    The level is the RMS over all channels of each 10 ms. Both defaults are those of FFmpeg's silencedetect.

    Args:
        audio: Audio to check.
        max_silent_seconds: Longest silence that passes, also at the start and the end.
        threshold: Level up to which audio is silent, relative to full scale.
        on_fail: What happens if the check does not pass: "warn" logs it, "fail" is an error of the node, "hold" holds
            the item of a batch back.

    Raises:
        StudioError: E325 if the check does not pass and `on_fail` is "fail".
    """
    from studio_audio.activity import find_longest_silence

    seconds, start = find_longest_silence(audio, threshold)
    at = start if seconds else None
    measures = [Measure("silence", seconds, "seconds", maximum=max_silent_seconds, at_seconds=at)]
    verdict = give_verdict(ctx, "check.silence", measures, on_fail)
    return CheckedAudio(audio, verdict["passed"], verdict)


@node("check.clipping", origin={"audio": "from audio"})
def check_clipping(
    ctx: Context,
    audio: Audio,
    *,
    max_clipped: Annotated[int, Field(ge=0, le=1_000_000_000, unit="samples")] = 0,
    on_fail: OnFail = "warn",
) -> CheckedAudio:
    """Check that audio is not clipped.

    Samples count as clipped in runs of three and more at the greatest value of all channels, if that is 0.5 or more.

    Args:
        audio: Audio to check.
        max_clipped: Largest number of clipped samples that passes, of all channels together.
        on_fail: What happens if the check does not pass: "warn" logs it, "fail" is an error of the node, "hold" holds
            the item of a batch back.

    Raises:
        StudioError: E325 if the check does not pass and `on_fail` is "fail".
    """
    from studio_audio.levels import count_clipped

    measures = [Measure("clipped", count_clipped(audio), "samples", maximum=max_clipped)]
    verdict = give_verdict(ctx, "check.clipping", measures, on_fail)
    return CheckedAudio(audio, verdict["passed"], verdict)


@node("check.loudness", origin={"audio": "from audio"})
def check_loudness(
    ctx: Context,
    audio: Audio,
    *,
    loudness: Annotated[float, Field(ge=-70, le=0, unit="LUFS")] = -16.0,
    tolerance: Annotated[float, Field(ge=0, le=70, unit="LU")] = 1.0,
    max_true_peak: Annotated[float | None, Field(ge=-60, le=20, unit="dBTP")] = -1.0,
    on_fail: OnFail = "warn",
) -> CheckedAudio:
    """Check the loudness and the true peak of audio (ITU-R BS.1770-4).

    Args:
        audio: Audio to check; less than 400 ms is measured as one block.
        loudness: Integrated loudness asked for: -14 for streaming, -16 for podcasts, -23 for broadcast (EBU R 128).
        tolerance: Largest difference from it, up or down.
        max_true_peak: Highest true peak that passes; null for any.
        on_fail: What happens if the check does not pass: "warn" logs it, "fail" is an error of the node, "hold" holds
            the item of a batch back.

    Raises:
        StudioError: E325 if the check does not pass and `on_fail` is "fail".
    """
    from studio_audio.dynamics import measure_audio
    from studio_audio.loudness import measure_peak_level

    measured = max(measure_audio(audio), -120.0)  # JSON has no infinity: -120 for silence
    measures = [Measure("loudness", measured, "LUFS", loudness - tolerance, loudness + tolerance)]
    if max_true_peak is not None:
        measures.append(Measure("true peak", measure_peak_level(audio), "dBTP", maximum=max_true_peak))
    verdict = give_verdict(ctx, "check.loudness", measures, on_fail)
    return CheckedAudio(audio, verdict["passed"], verdict)
