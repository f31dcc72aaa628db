"""`Distance`: how far the samples of two media are apart."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from studio.api import Audio, Image, Mask, ValueType, Video

PIXELS, AUDIO, NUMBERS = "pixels", "audio", "numbers"


@dataclass
class Distance:
    """How far two values are apart.

    Attributes:
        squares: Sum of the squares of the differences of samples, where their range is 1.
        signal: Sum of the squares of the first value's samples.
        count: Number of samples.
        largest: The largest difference.
    """

    squares: float = 0.0
    signal: float = 0.0
    count: int = 0
    largest: float = 0.0

    @property
    def mean(self) -> float:
        """The quadratic mean of the differences."""
        return math.sqrt(self.squares / self.count) if self.count else 0.0

    @property
    def psnr_decibels(self) -> float | None:
        """The peak signal-to-noise ratio; None if nothing differs."""
        return -10 * math.log10(self.squares / self.count) if self.squares else None

    @property
    def snr_decibels(self) -> float | None:
        """The signal-to-noise ratio, the first value being the signal; None if nothing differs, or it is silent."""
        return 10 * math.log10(self.signal / self.squares) if self.squares and self.signal else None

    def add(self, one: Any, two: Any) -> bool:
        """Count the samples of two arrays; return False if they differ in shape."""
        if one.shape != two.shape:
            return False
        first = _scale(one)
        apart = abs(first - _scale(two))
        self.squares += float((apart * apart).sum())
        self.signal += float((first * first).sum())
        self.count += apart.size
        self.largest = max(self.largest, float(apart.max(initial=0.0)))
        return True


def measure_distances(value_type: ValueType[Any], old: Any, new: Any) -> dict[str, Distance] | None:
    """Return how far two values' pixels, audio or numbers are apart, or None if they have no common shape."""
    if isinstance(old, Video):
        return _measure_videos(old, new)
    one, two = value_type.pack(old), value_type.pack(new)
    if dict(one.header) != dict(two.header) or one.arrays.keys() != two.arrays.keys():
        return None
    distance = Distance()
    if not all(distance.add(array, two.arrays[name]) for name, array in one.arrays.items()):
        return None
    return {PIXELS if isinstance(old, Image | Mask) else AUDIO if isinstance(old, Audio) else NUMBERS: distance}


def join_distances(distances: Iterable[Distance]) -> Distance:
    """Return one distance for all samples."""
    joined = Distance()
    for one in distances:
        joined.squares += one.squares
        joined.signal += one.signal
        joined.count += one.count
        joined.largest = max(joined.largest, one.largest)
    return joined


def _measure_videos(old: Video, new: Video) -> dict[str, Distance] | None:
    """Return how far two videos' frames and audio are apart, one frame at a time."""
    pixels, audio = Distance(), Distance()
    if not _add_frames(pixels, old, new) or not _add_audio(audio, old, new):
        return None
    return {PIXELS: pixels} | ({AUDIO: audio} if audio.count else {})


def _add_frames(distance: Distance, old: Video, new: Video) -> bool:
    return all(
        one is not None
        and two is not None
        and one.time == two.time
        and distance.add(one.image.pixels, two.image.pixels)
        for one, two in itertools.zip_longest(old.frames(), new.frames())
    )


def _add_audio(distance: Distance, old: Video, new: Video) -> bool:
    if old.audio is None or new.audio is None:
        return old.audio is new.audio
    return old.audio.rate == new.audio.rate and distance.add(old.audio.samples, new.audio.samples)


def _scale(array: Any) -> Any:
    """Return samples as floats, integers scaled to their whole range."""
    import numpy as np

    return array.astype(np.float64) / (np.iinfo(array.dtype).max if array.dtype.kind in "iu" else 1.0)
