"""Bounds that hold before memory is taken, and what audio must have for a node to work on it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from studio.api import MediaError, MediaLimits

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from studio.api import Audio

    FloatArray = npt.NDArray[np.float32]

Step = Callable[[int, int], None]
"""Called with work done and work planned; what it raises ends the work."""

WHOLE_SECONDS = 3600
_POINTS_HINT = "write [[seconds, value], ...]"
_VALUES_PER_SECOND = 96_000  # 48 kHz in stereo, as for files


def check_length(frames: float, channels: int, rate: int, what: str = "the result") -> None:
    """Refuse audio over the limits.

    Raises:
        MediaError: E640 with its length.
    """
    limit = MediaLimits().max_audio_seconds
    if not frames / rate <= limit or not frames * channels <= limit * _VALUES_PER_SECOND:
        raise MediaError(
            "E640",
            f"{what} would be {frames / rate:.0f} seconds of {channels} channels at {rate} hertz, over the limit of "
            f"{limit:g} seconds of 48 kHz stereo",
            hint="ask for less",
        )


def check_whole(frames: float, channels: int, rate: int, what: str = "the result") -> None:
    """Refuse audio over what is made or worked on in one piece: an hour of 48 kHz stereo.

    Raises:
        MediaError: E640 with its length.
    """
    if not frames * channels <= WHOLE_SECONDS * _VALUES_PER_SECOND:
        raise MediaError(
            "E640",
            f"{what} would be {frames / rate:.0f} seconds of {channels} channels at {rate} hertz, more than the "
            f"{WHOLE_SECONDS} seconds of 48 kHz stereo that fit in memory at once",
            hint="ask for less, or join shorter pieces with audio.concatenate",
        )


def check_audible(audio: Audio, seconds: float, purpose: str) -> None:
    """Refuse audio that is too short or silent for a purpose.

    Raises:
        MediaError: E642 with what was found.
    """
    if audio.duration < seconds or not audio.frames:
        raise MediaError(
            "E642",
            f"the audio lasts {audio.duration:.3g} seconds, and {purpose} needs at least {seconds:g}",
            hint="give longer audio",
        )
    if not any(block.any() for block in audio.blocks(65_536)):
        raise MediaError("E642", f"the audio is silent, and {purpose} needs audio that is not", hint="check its source")


def parse_points(points: Any, name: str, low: float, high: float) -> list[tuple[float, float]]:
    """Take `[[seconds, value], ...]` from JSON, in rising order of time.

    Raises:
        MediaError: E646 that quotes what is wrong.
    """
    entries = points if isinstance(points, list) else [points]
    pairs: list[tuple[float, float]] = []
    for entry in entries:
        time, value = _parse_pair(entry, name)
        if time < 0 or not low <= value <= high or (pairs and time <= pairs[-1][0]):
            raise MediaError(
                "E646",
                f"{name}: {entry!r} is out of range or order",
                hint=f"times rise from 0, values are between {low:g} and {high:g}",
            )
        pairs.append((time, value))
    if not pairs:
        raise MediaError("E646", f"{name} contains no point", hint=_POINTS_HINT)
    return pairs


def _parse_pair(entry: Any, name: str) -> tuple[float, float]:
    if not (isinstance(entry, list) and len(entry) == 2 and all(is_number(number) for number in entry)):
        raise MediaError("E646", f"{name}: invalid point {entry!r}", hint=_POINTS_HINT)
    return float(entry[0]), float(entry[1])


def parse_intensity(points: Any) -> list[tuple[float, float]]:
    """Take the points of a curve of intensity, from 0 to 1; MediaError E646 for invalid ones."""
    return parse_points(points, "intensity", 0.0, 1.0)


def parse_gain_curve(points: Any) -> list[tuple[float, float]]:
    """Take the points of a curve of gain, from -120 to 60 dB; MediaError E646 for invalid ones."""
    return parse_points(points, "curve", -120.0, 60.0)


def is_number(value: Any) -> bool:
    """Say whether this is a finite number, and no bool."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def check_frequency(frequency: Any, rate: int) -> float:
    """Return a frequency that a filter at this rate can have; MediaError E641 for any other."""
    if is_number(frequency) and 0 < frequency < rate / 2:
        return float(frequency)
    raise MediaError(
        "E641", f"audio of {rate} hertz has no frequency {frequency!r}", hint=f"it ends below {rate / 2:g} hertz"
    )
