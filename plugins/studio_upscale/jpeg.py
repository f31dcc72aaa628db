"""What JPEG left in an image: the steps that its coefficients were rounded to."""

from __future__ import annotations

import numpy as np

from studio_upscale.gauge import find_middle
from studio_upscale.pixels import AnyArray, FloatArray, find_brightness, to_floats

_LOW = ((0, 1), (1, 0), (1, 1), (0, 2), (2, 0), (1, 2), (2, 1), (0, 3), (3, 0))  # frequencies that are looked at
_STEPS = np.arange(2, 81, dtype=np.float32)
_FEWEST = 12  # coefficients that are not zero
_SURE = 0.45  # mean cosine from which on coefficients count as rounded


def _make_basis() -> FloatArray:
    """Return the cosines of the frequencies 0 to 7 of eight samples, as JPEG has them."""
    place = np.arange(8)
    length = np.where(place == 0, 0.125, 0.25)[:, None] ** 0.5
    basis: FloatArray = (length * np.cos(np.pi * (2 * place + 1) * place[:, None] / 16)).astype(np.float32)
    return basis


_BASIS = _make_basis()


def find_step(plane: FloatArray) -> float:
    """Return to what multiples JPEG rounded the low frequencies of an image; 0 if there is no trace of JPEG.

    Args:
        plane: Brightness, height x width, 0 to 1, at the size that was compressed.
    """
    plane = find_middle(plane)
    rows, columns = _find_grid(plane), _find_grid(plane.T)
    for top, left in dict.fromkeys([(0, 0), (rows, columns)]):
        found = _measure(plane[top:, left:])
        if found:
            return found
    return 0.0


def find_harm(image: AnyArray) -> float:
    """Return how hard an image (height x width x 1 or 3) was compressed: 0 without a trace, 1 from steps of 8 on.

    Steps of 2 and less change an image by no more than what restoring it would.
    """
    step = find_step(find_brightness(to_floats(find_middle(image))))
    return float(np.clip((step - 2) / 6, 0, 1))


def find_code(plane: FloatArray) -> float:
    """Return `find_step` as a number from 0 (none) to 1, as networks are told it."""
    return float(min(np.log2(1 + find_step(plane)) / 6, 1))


def _find_grid(plane: FloatArray) -> int:
    """Return the phase, 0 to 7, at which rows differ most from those above, against what is usual around them."""
    if plane.shape[0] < 24:
        return 0
    jumps = np.minimum(np.abs(np.diff(plane, axis=0)), 0.05).mean(axis=1)
    excess = jumps[1:-1] - (jumps[:-2] + jumps[2:]) / 2
    return int(np.argmax([excess[(phase - 2) % 8 :: 8].mean() for phase in range(8)]))


def _measure(plane: FloatArray) -> float:
    height, width = (side // 8 for side in plane.shape)
    if height * width < _FEWEST:
        return 0.0
    blocks = plane[: 8 * height, : 8 * width].reshape(height, 8, width, 8).transpose(0, 2, 1, 3).reshape(-1, 8, 8)
    steps: list[float] = []
    for tried, (u, v) in enumerate(_LOW):
        if tried >= 5 and not steps:
            break
        step = _find_one(_BASIS[u] @ (blocks * 255) @ _BASIS[v])
        steps += [step] if step else []
    return float(np.median(steps)) if len(steps) >= 3 else 0.0


def _find_one(values: AnyArray) -> float:
    """Return the largest step that coefficients are multiples of; 0 if there is none."""
    for step in _STEPS[::-1]:
        large = values[np.abs(values) > step / 2]
        if len(large) < _FEWEST:
            continue
        score = float(np.cos(2 * np.pi / step * large).mean())
        if score > max(_SURE, 4.5 / (2 * len(large)) ** 0.5):
            return float(step)
    return 0.0
