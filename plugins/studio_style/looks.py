"""Looks of photographs: pencil, pixel art, oil, halftone, vintage. Images are H x W x 3 in [0, 1]."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .color_match import FloatArray, as_floats, compute_luma

Look = Callable[[FloatArray, float, np.random.Generator], FloatArray]

_USUAL_SIDE = 512.0
_LONGEST_RATIO = 4


def draw_pencil(image: FloatArray, size: float, rng: np.random.Generator) -> FloatArray:
    """Draw in pencil: lines where luma falls off, and two layers of hatching in the shadows, on paper."""
    luma = compute_luma(image)
    unit = _find_unit(image) * size
    smooth = _blur(luma, 0.8 * unit)
    lines = np.clip(1.0 - (smooth / np.maximum(_blur(smooth, 5 * unit), 1e-3)), 0.0, 1.0)
    lines = np.clip(3.2 * np.maximum(lines - 0.02, 0.0), 0.0, 1.0)
    grain = _normalise(_blur(rng.standard_normal(luma.shape).astype(np.float32), 0.7 * unit))
    shade = np.clip(1.0 - _blur(luma, 2 * unit), 0.0, 1.0)
    tone = np.zeros_like(luma)
    for angle, level, strength in ((0.9, 0.35, 0.5), (2.2, 0.62, 0.5)):
        strokes = _draw_strokes(luma.shape, angle, unit, rng)
        tone += (
            strength * np.clip((shade - level) * 2.2, 0.0, 1.0) * np.clip(0.5 + 0.6 * strokes + 0.25 * grain, 0.0, 1.0)
        )
    dark = 1.0 - (1.0 - 0.85 * lines * (0.85 + 0.15 * np.clip(grain, -1, 1))) * (1.0 - np.clip(tone, 0.0, 0.9))
    paper = np.array([0.985, 0.975, 0.95], np.float32) * (1.0 + 0.012 * grain[..., None])
    lead = np.array([0.16, 0.16, 0.18], np.float32)
    return _clip(paper + dark[..., None] * (lead - paper))


def make_pixel_art(image: FloatArray, size: float, rng: np.random.Generator) -> FloatArray:
    """Show large square pixels of few colors, chosen by k-means in the image itself, lightly dithered."""
    import cv2

    height, width = image.shape[:2]
    cell = max(1, round(5 * _find_unit(image) * size))
    shape = (max(1, -(-width // cell)), max(1, -(-height // cell)))
    padded = np.pad(image, ((0, shape[1] * cell - height), (0, shape[0] * cell - width), (0, 0)), mode="edge")
    small = as_floats(cv2.resize(padded, shape, interpolation=cv2.INTER_AREA)).reshape(shape[1], shape[0], 3)
    contrast = _clip(small + 0.6 * (small - _blur(small, 1.2)))
    palette = _choose_colors(contrast.reshape(-1, 3), 24, rng)
    pattern = np.array([[0, 2], [3, 1]], np.float32) / 4 - 0.375
    shift = 0.03 * np.tile(pattern, (shape[1] // 2 + 1, shape[0] // 2 + 1))[: shape[1], : shape[0], None]
    wanted = (contrast + shift).reshape(-1, 3)
    nearest = np.concatenate(
        [((part[:, None] - palette) ** 2).sum(2).argmin(1) for part in np.array_split(wanted, 1 + len(wanted) // 65536)]
    )
    painted = palette[nearest].reshape(shape[1], shape[0], 3)
    return np.ascontiguousarray(painted.repeat(cell, axis=0).repeat(cell, axis=1)[:height, :width])


def paint_oil(image: FloatArray, size: float, rng: np.random.Generator) -> FloatArray:
    """Paint in oil: flat daubs that follow edges (anisotropic Kuwahara, Kyprianidis et al. 2009), with relief."""
    unit = _find_unit(image) * size
    radius = max(2, round(4 * unit))
    painted = _average_sectors(image, radius)
    painted = _average_sectors(painted, max(2, radius // 2))
    angle = _find_direction(painted, unit)
    noise = rng.standard_normal(image.shape[:2]).astype(np.float32)
    bristles = _normalise(_smear(_blur(noise, 0.6 * unit), angle, max(3, round(5 * unit))))
    relief = 0.5 * bristles
    down, right = np.gradient(relief) if min(relief.shape) > 1 else (np.zeros_like(relief), np.zeros_like(relief))
    light = np.clip(down + right, -1.0, 1.0)
    gray = compute_luma(painted)[..., None]
    rich = gray + 1.2 * (painted - gray)
    return _clip(rich * (1.0 + 0.11 * light[..., None]) + 0.012 * light[..., None])


def print_halftone(image: FloatArray, size: float, _rng: np.random.Generator) -> FloatArray:
    """Print in four inks, each a screen of dots at its own angle (15, 75, 0 and 45 degrees)."""
    height, width = image.shape[:2]
    pitch = max(3.0, 5.0 * _find_unit(image) * size)
    black = 1.0 - image.max(axis=2)
    black = np.clip((black - 0.25) / 0.75, 0.0, 1.0) ** 1.2
    inks = np.concatenate(
        [
            np.clip((1.0 - image - black[..., None]) / np.maximum(1.0 - black[..., None], 1e-3), 0, 1),
            black[..., None],
        ],
        axis=2,
    )
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    colors = np.array([[0.0, 0.62, 0.88], [0.9, 0.1, 0.5], [1.0, 0.9, 0.05], [0.1, 0.1, 0.12]], np.float32)
    printed = np.full((height, width, 3), (0.985, 0.98, 0.96), np.float32)
    for ink, degrees in enumerate((15.0, 75.0, 0.0, 45.0)):
        turn = np.deg2rad(degrees)
        across = (columns * np.cos(turn) + rows * np.sin(turn)) * (2 * np.pi / pitch)
        along = (rows * np.cos(turn) - columns * np.sin(turn)) * (2 * np.pi / pitch)
        screen = 0.5 + 0.25 * (np.cos(across) + np.cos(along))
        share = _blur(inks[..., ink], 0.35 * pitch)
        covered = np.clip((screen - _find_threshold(share)) * pitch * 0.9 + 0.5, 0.0, 1.0)
        covered = np.where(share < 0.01, 0.0, covered)[..., None]
        printed *= 1.0 + covered * (colors[ink] - 1.0)
    return _clip(printed)


def age_photo(image: FloatArray, size: float, rng: np.random.Generator) -> FloatArray:
    """Fade a photograph as an old print: lifted shadows, warm lights, weak blue, vignette, glow and grain."""
    height, width = image.shape[:2]
    unit = _find_unit(image) * size
    glow = _blur(image, 6 * unit)
    soft = 1.0 - (1.0 - image) * (1.0 - 0.18 * glow)
    curves = ((0.08, 0.97, 0.92), (0.06, 0.91, 1.0), (0.14, 0.78, 1.06))
    toned = as_floats(
        np.stack([low + (high - low) * soft[..., i] ** power for i, (low, high, power) in enumerate(curves)], axis=2)
    )
    gray = compute_luma(toned)[..., None]
    toned = gray + 0.75 * (toned - gray)
    rows, columns = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    vignette = 1.0 - 0.28 * np.clip((rows**2 + columns**2) / 2.0, 0.0, 1.0) ** 1.4
    grain = _normalise(_blur(rng.standard_normal((height, width)).astype(np.float32), 0.6 * unit))
    weight = 0.028 * (1.0 - np.abs(2 * gray - 1.0) * 0.6)
    return _clip(toned * vignette[..., None] + weight * grain[..., None])


LOOKS: dict[str, Look] = {
    "pencil": draw_pencil,
    "pixel_art": make_pixel_art,
    "oil": paint_oil,
    "halftone": print_halftone,
    "vintage": age_photo,
}


def _find_unit(image: FloatArray) -> float:
    """Return how many pixels one is of an image whose longer side is 512; a strip counts as four squares."""
    height, width = image.shape[:2]
    side: int = min(max(height, width), _LONGEST_RATIO * min(height, width))
    return side / _USUAL_SIDE


def _clip(image: NDArray[np.floating]) -> FloatArray:
    clipped: FloatArray = np.clip(image, 0.0, 1.0).astype(np.float32)
    return clipped


def _blur(values: FloatArray, sigma: float) -> FloatArray:
    import cv2

    if sigma < 0.2:
        return values
    found = cv2.GaussianBlur(np.ascontiguousarray(values, np.float32), (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)
    return as_floats(found).reshape(values.shape)


def _normalise(values: FloatArray) -> FloatArray:
    centred: FloatArray = (values - values.mean()) / max(float(values.std()), 1e-6)
    return centred


def _find_threshold(share: FloatArray) -> FloatArray:
    """Return the level of a screen of cosines over which a share of it lies."""
    steps = (np.arange(128) + 0.5) / 128 * 2 * np.pi
    screen = np.sort((0.5 + 0.25 * (np.cos(steps)[:, None] + np.cos(steps))).ravel())
    found: FloatArray = np.interp(1.0 - share, np.linspace(0, 1, len(screen)), screen).astype(np.float32)
    return found


def _draw_strokes(shape: tuple[int, ...], angle: float, unit: float, rng: np.random.Generator) -> FloatArray:
    noise = _blur(rng.standard_normal(shape).astype(np.float32), 0.5 * unit)
    directions = np.full(shape, angle, np.float32)
    return _normalise(_smear(noise, directions, max(5, round(14 * unit))))


def _smear(values: FloatArray, angle: FloatArray, length: int) -> FloatArray:
    """Average along a direction at each pixel."""
    import cv2

    rows, columns = np.mgrid[0 : values.shape[0], 0 : values.shape[1]].astype(np.float32)
    down, right = np.sin(angle).astype(np.float32), np.cos(angle).astype(np.float32)
    total = np.zeros_like(values)
    steps = np.linspace(-length / 2, length / 2, min(length, 25)).astype(np.float32)
    for step in steps:
        total += cv2.remap(
            values, columns + step * right, rows + step * down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        )
    return as_floats(total / len(steps))


def _find_direction(image: FloatArray, unit: float) -> FloatArray:
    """Find the direction along edges from the smoothed structure tensor."""
    luma = compute_luma(image)
    down, right = np.gradient(luma) if min(luma.shape) > 1 else (np.zeros_like(luma), np.zeros_like(luma))
    sigma = 4 * unit
    products = (right * right, down * down, right * down)
    first, second, both = (_blur(as_floats(product), sigma) for product in products)
    direction: FloatArray = (0.5 * np.arctan2(2 * both, first - second) + np.pi / 2).astype(np.float32)
    return direction


def _average_sectors(image: FloatArray, radius: int) -> FloatArray:
    """Average, around each pixel, eight sectors, and weigh them by how even they are."""
    import cv2

    places = np.mgrid[-radius : radius + 1, -radius : radius + 1].astype(np.float32)
    distance, angle = np.hypot(*places), np.arctan2(*places)
    total = np.zeros_like(image)
    weights = np.zeros((*image.shape[:2], 1), np.float32)
    for sector in range(8):
        near = np.cos(angle - sector * np.pi / 4)
        kernel = np.where((near > np.cos(np.pi / 8)) | (distance == 0), np.exp(-2 * (distance / radius) ** 2), 0.0)
        kernel = (kernel * (distance <= radius + 0.5)).astype(np.float32)
        kernel /= kernel.sum()
        mean, square = (
            cv2.filter2D(np.ascontiguousarray(values), -1, kernel, borderType=cv2.BORDER_REFLECT).reshape(image.shape)
            for values in (image, image * image)
        )
        spread = np.maximum(square - mean * mean, 0.0).sum(axis=2, keepdims=True)
        weight = 1.0 / (1e-5 + spread) ** 3
        total += weight * mean
        weights += weight
    return as_floats(total / weights)


def _choose_colors(colors: FloatArray, count: int, rng: np.random.Generator) -> FloatArray:
    """Choose colors by k-means, begun with far ones."""
    sample = colors[np.linspace(0, len(colors) - 1, min(len(colors), 8192)).astype(np.int64)]
    chosen = [sample[int(rng.integers(len(sample)))]]
    distance = ((sample - chosen[0]) ** 2).sum(1)
    while len(chosen) < count and distance.max() > 1e-6:
        chosen.append(sample[int(distance.argmax())])
        distance = np.minimum(distance, ((sample - chosen[-1]) ** 2).sum(1))
    palette = np.array(chosen, np.float32)
    for _ in range(12):
        owner = ((sample[:, None] - palette) ** 2).sum(2).argmin(1)
        for index in range(len(palette)):
            if (owner == index).any():
                palette[index] = sample[owner == index].mean(axis=0)
    return palette
