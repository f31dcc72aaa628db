"""The waveform of audio as a video: bars of its level that move past the middle as it plays."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from studio.api import Audio, Frame, Image, MediaError, Video

Array = npt.NDArray[np.float32]
Color = tuple[float, float, float, float]
_FILL = 0.55  # width of a bar, of the distance between two
_MOST_BARS = 5_000_000
_FADE = 0.08  # share of the width over which bars fade at each side


@dataclass(frozen=True)
class Look:
    """How a waveform is drawn.

    Attributes:
        width: Width in pixels.
        height: Height in pixels; the loudest bar is as high.
        bars: Number of bars in the width.
        seconds: Time that the width shows, with the present in the middle.
        color: Color of what was heard, from 0 to 1.
        ahead: Color of what comes.
        background: Color behind the bars.
    """

    width: int
    height: int
    bars: int
    seconds: float
    color: Color
    ahead: Color
    background: Color


def draw_waveform(audio: Audio, rate: Fraction, look: Look) -> Video:
    """Return a video as long as the audio, with it, of 4 channels, or of 3 over an opaque background.

    Raises:
        MediaError: E504 for audio without samples; the frames raise it for too many bars.
    """
    if not audio.frames:
        raise MediaError("E504", "a video without frames", hint="give audio that is not empty")
    count = max(1, math.ceil(round(audio.duration * rate, 6)))
    channels = 3 if look.background[3] >= 1 else 4

    @lru_cache(maxsize=1)
    def measure() -> npt.NDArray[np.float64]:
        return measure_bars(audio, look.seconds / look.bars)

    def create_frames() -> Iterator[Frame]:
        levels = measure()
        for index in range(count):
            time = float(index / rate)
            yield Frame(Image.take(draw_bars(levels, time, look)[:, :, :channels].copy()), time)

    return Video(
        create_frames, width=look.width, height=look.height, channels=channels, rate=rate, count=count, audio=audio
    )


def measure_bars(audio: Audio, seconds: float) -> npt.NDArray[np.float64]:
    """Return the RMS of each part of audio of a length, over all channels; 1 is the loudest part.

    Raises:
        MediaError: E504 for too many parts.
    """
    count = max(1, math.ceil(round(audio.duration / seconds, 6)))
    if count > _MOST_BARS:
        raise MediaError("E504", f"a waveform of {count} bars", hint="use fewer bars, more seconds, or shorter audio")
    power, lengths, start = np.zeros(count), np.zeros(count), 0
    for block in audio.blocks():
        places = np.minimum(((start + np.arange(len(block))) / (audio.rate * seconds)).astype(np.int64), count - 1)
        first, last = int(places[0]), int(places[-1])
        power[first : last + 1] += np.bincount(places - first, np.square(block, dtype=np.float64).mean(axis=1))
        lengths[first : last + 1] += np.bincount(places - first)
        start += len(block)
    levels = np.sqrt(power / np.maximum(lengths, 1))
    return np.asarray(levels / max(float(levels.max()), 1e-9))


def draw_bars(levels: npt.NDArray[np.float64], time: float, look: Look) -> npt.NDArray[np.uint8]:
    """Return RGBA of the bars around a time; a bar of silence, and before the start and after the end, is a dot."""
    pitch = look.width / look.bars
    now = time * look.bars / look.seconds  # in bars
    radius = min(_FILL * pitch / 2, look.height / 2)
    cover, share = np.zeros((look.height, look.width), np.float32), np.zeros(look.width, np.float32)
    down = np.abs(np.arange(look.height) + 0.5 - look.height / 2)[:, None]
    for bar in range(math.floor(now - look.bars / 2) - 1, math.ceil(now + look.bars / 2) + 1):
        center = look.width / 2 + (bar + 0.5 - now) * pitch
        level = levels[bar] if 0 <= bar < len(levels) else 0.0
        half = radius + max(look.height / 2 - radius, 0.0) * level
        left, right = math.floor(center - pitch / 2), math.ceil(center + pitch / 2)
        columns = np.arange(max(left, 0), min(right, look.width))
        across = np.abs(columns + 0.5 - center)[None, :]
        distance = np.hypot(across, np.maximum(down - (half - radius), 0)) - radius
        cover[:, columns] = np.maximum(cover[:, columns], np.clip(0.5 - distance, 0, 1))
        share[columns] = np.clip(now - bar, 0, 1)
    place = (np.arange(look.width, dtype=np.float32) + 0.5) / look.width
    cover *= np.clip(np.minimum(place, 1 - place) / _FADE, 0, 1)
    return _paint(cover, share, look)


def _paint(cover: Array, share: Array, look: Look) -> npt.NDArray[np.uint8]:
    """Return 8 bits of the bars' colors, as much as they cover, over the background."""
    heard, ahead, below = (_premultiply(color) for color in (look.color, look.ahead, look.background))
    bars = (ahead + (heard - ahead) * share[:, None])[None] * cover[:, :, None]
    mixed = bars + below * (1 - bars[:, :, 3:])
    alpha = mixed[:, :, 3:]
    mixed[:, :, :3] = np.divide(mixed[:, :, :3], alpha, out=np.zeros_like(mixed[:, :, :3]), where=alpha > 1e-6)
    return np.asarray(np.rint(np.clip(mixed, 0, 1) * 255), np.uint8)


def _premultiply(color: Color) -> Any:
    return np.array([*(part * color[3] for part in color[:3]), color[3]], np.float32)
