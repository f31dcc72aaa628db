"""Videos colored from key frames: their colors move along with what they are on.

Where each pixel was in the key frame is followed from frame to frame, so that colors are looked up once and do not
blur. What cannot be followed takes the colors that pixels of like luma have around it. Two frames are held at a
time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from .color_match import FloatArray, as_floats, compute_luma
from .colorize import Chroma, borrow_colors, join_chroma, read_chroma
from .motion import Bytes, is_cut, measure_motion, to_bytes

_LEAST_LIKENESS = 0.6
_CLOSE = 4.0
_CARRIED = 0.98


@dataclass(frozen=True)
class KeyFrame:
    """An image in color, and the time from which it counts; None for the start, or the next cut."""

    image: FloatArray
    time: float | None


@dataclass(frozen=True)
class _State:
    key: Chroma
    places: FloatArray
    trust: FloatArray
    chroma: Chroma
    luma: Bytes


def color_frames(
    frames: Iterator[tuple[float, FloatArray]],
    keys: Sequence[KeyFrame],
    *,
    strength: float,
    seed: int,
    on_work: Callable[[], None],
    on_guess: Callable[[float], None],
) -> Iterator[FloatArray]:
    """Yield each frame in color (H x W x 3).

    A key frame that shows what a frame shows lends it its colors place by place; one that does not, as an exemplar.
    After a cut to what another key frame shows, that one is taken.

    Args:
        frames: Times and images, in order.
        keys: By rising times, at least one.
        strength: Factor on the chroma.
        seed: For the samples of exemplars.
        on_work: Called while one frame takes long.
        on_guess: Called with the time of a scene that no key frame shows.
    """
    state: _State | None = None
    current = 0
    for time, image in frames:
        luma = to_bytes(image)
        cut = state is not None and is_cut(state.luma, luma)
        due = _find_key(keys, current, time, cut)
        if state is None or due != current or cut:
            key, current = _choose_key(keys, current, due, luma, cut=cut, on_guess=partial(on_guess, time))
            state = _begin(image, luma, key.image, seed, on_work)
        else:
            state = _follow(state, image, luma)
        yield join_chroma(compute_luma(image), strength * state.chroma)


def _choose_key(
    keys: Sequence[KeyFrame], current: int, due: int, luma: Bytes, *, cut: bool, on_guess: Callable[[], None]
) -> tuple[KeyFrame, int]:
    """Return the key frame for a scene that begins, and which one is in force from now on."""
    timed = keys[0].time is not None
    shown = _find_shown(keys, due, luma, free=cut and (not timed or due == current))
    if shown is None:
        on_guess()
        return keys[due], due
    return keys[shown], due if timed or shown == due else current


def _find_key(keys: Sequence[KeyFrame], current: int, time: float, cut: bool) -> int:
    """Find the key frame in force: by its time, or without times the next one at each cut."""
    if keys[0].time is None:
        return min(current + cut, len(keys) - 1)
    return max((index for index, key in enumerate(keys) if (key.time or 0.0) <= time + 1e-6), default=0)


def _find_shown(keys: Sequence[KeyFrame], due: int, luma: Bytes, *, free: bool) -> int | None:
    """Find the key frame that shows what a frame shows: the one that is due, or, if free, the most like it."""
    if _measure_likeness(to_bytes(keys[due].image), luma) > _LEAST_LIKENESS:
        return due
    likeness = [_measure_likeness(to_bytes(key.image), luma) for key in keys] if free else []
    best = max(range(len(likeness)), key=likeness.__getitem__, default=due)
    return best if free and likeness[best] > _LEAST_LIKENESS else None


def _begin(image: FloatArray, luma: Bytes, key: FloatArray, seed: int, on_work: Callable[[], None]) -> _State:
    """Take the colors of a key frame, moved to where they belong, or those of an exemplar."""
    height, width = luma.shape
    fitted = as_floats(cv2.resize(key, (width, height), interpolation=cv2.INTER_AREA)).reshape(height, width, 3)
    places, trust = _make_places(luma), np.ones(luma.shape, np.float32)
    if _measure_likeness(to_bytes(fitted), luma) > _LEAST_LIKENESS:
        motion = measure_motion(to_bytes(fitted), luma)
        chroma = _fill(_look_up(read_chroma(fitted), places + motion.flow), compute_luma(image), motion.trust)
    else:
        chroma = borrow_colors(compute_luma(image), key, seed=seed, tick=on_work)
    return _State(chroma, places, trust, chroma, luma)


def _follow(state: _State, image: FloatArray, luma: Bytes) -> _State:
    motion = measure_motion(state.luma, luma)
    places = motion.carry(state.places)
    trust = _CARRIED * motion.carry(state.trust[..., None])[..., 0] * motion.trust + (1 - _CARRIED) * motion.trust
    looked_up, moved = _look_up(state.key, places), motion.carry(state.chroma)
    carried = moved + trust[..., None] * (looked_up - moved)
    chroma = _fill(carried, compute_luma(image), motion.trust)
    return _State(state.key, places, trust, chroma, luma)


def _make_places(luma: Bytes) -> FloatArray:
    columns, rows = np.meshgrid(np.arange(luma.shape[1]), np.arange(luma.shape[0]))
    return np.stack([columns, rows], axis=-1).astype(np.float32)


def _look_up(chroma: Chroma, places: FloatArray) -> Chroma:
    if max(places.shape) > 32_000:
        return chroma
    found = cv2.remap(chroma, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return as_floats(found).reshape(chroma.shape)


def _measure_likeness(key: Bytes, luma: Bytes) -> float:
    """Measure how much a key frame shows what a frame shows: how their small images correlate."""
    small = [
        cv2.resize(each, (64, 64), interpolation=cv2.INTER_AREA).astype(np.float32).ravel() for each in (key, luma)
    ]
    if min(each.std() for each in small) < 1.0:
        return float(np.abs(small[0] - small[1]).mean() < _CLOSE)
    return float(np.corrcoef(small[0], small[1])[0, 1])


def _fill(chroma: Chroma, luma: FloatArray, trust: FloatArray) -> Chroma:
    """Replace what is not trusted by what a line through trusted colors over luma says, around each pixel."""
    if float(trust.min()) > 0.9:
        return chroma
    radius = max(2, max(luma.shape) // 25)
    weight = np.maximum(trust, 1e-4)[..., None]
    tone = luma[..., None]

    def average(values: FloatArray) -> FloatArray:
        found = cv2.blur(np.ascontiguousarray(values, np.float32), (2 * radius + 1, 2 * radius + 1))
        return as_floats(found).reshape(values.shape)

    total = np.maximum(average(weight), 1e-6)
    mean, mean_tone = average(weight * chroma) / total, average(weight * tone) / total
    spread = average(weight * tone * tone) / total - mean_tone**2
    slope = (average(weight * tone * chroma) / total - mean_tone * mean) / (np.maximum(spread, 0) + 2e-3)
    guess = mean + slope * (tone - mean_tone)
    filled: Chroma = (guess + trust[..., None] * (chroma - guess)).astype(np.float32)
    return filled
