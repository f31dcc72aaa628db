"""Cutouts: a color removed, and edges freed from what was behind them."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from studio_image.color import Color
from studio_image.pixels import FloatArray, as_floats, match_channels
from studio_image.select import select_color

_DEEP, _EDGE = 8, 3  # pixels inside a shape, and inside a thin one, within which a sample may be a mixture
_MISFIT = 0.12  # distance in RGB over which a sample is no longer taken for one
_CERTAIN = 0.05  # share that noise in the ground alone may seem to have
_SPILL_ANGLE = np.tan(np.pi / 3)
# BT.601: luma, and the plane of the two color differences; hue is an angle there
_TO_LUMA = np.array([[0.299, -0.168736, 0.5], [0.587, -0.331264, -0.418688], [0.114, 0.5, -0.081312]], np.float32)
_FROM_LUMA = np.linalg.inv(_TO_LUMA).astype(np.float32)


def remove_color(pixels: FloatArray, color: Color, tolerance: float, softness: float, spill: float) -> FloatArray:
    """Make a color transparent, as of a green screen, and take it out of what remains.

    Near the edges a sample is taken for a mixture of the nearest color inside and the removed one, and solved for
    alpha and its own color: c = a f + (1 - a) b (Smith and Blinn 1996).

    Args:
        pixels: H x W x C.
        color: The color that is removed.
        tolerance: Distance (CIE 1976 delta E) from the color up to which samples are fully transparent.
        softness: Distance over which they become opaque beyond that.
        spill: How much of the color's hue is taken out of the rest, 0 to 1.
    """
    colors = match_channels(pixels, 3)[:, :, :3]
    ground = np.array(color[:3], np.float32)
    cover = _solve_edges(colors, ground, 1 - select_color(pixels, color, tolerance, softness))
    share = cover[:, :, None]
    pure = as_floats(np.clip((colors - (1 - share) * ground) / np.maximum(share, 1e-3), 0.0, 1.0))
    pure = as_floats(np.where(share > 1e-3, pure, colors))
    if spill > 0:
        pure = pure + np.float32(spill) * (suppress_hue(pure, color) - pure)
    alpha = cover * pixels[:, :, 3] if pixels.shape[2] == 4 else cover
    return as_floats(np.concatenate([np.clip(pure, 0.0, 1.0), alpha[:, :, None]], axis=2))


def _solve_edges(colors: FloatArray, ground: FloatArray, cover: FloatArray) -> FloatArray:
    """Return how much of each sample is not the ground: as it was, but solved where samples are mixtures.

    Args:
        colors: H x W x 3.
        ground: The color behind.
        cover: A first guess, H x W in [0, 1].
    """
    opaque = (cover >= 1).astype(np.uint8)
    mixed = (cover > 0) & (_shrink(opaque, _DEEP) == 0)
    near, is_near = _find_inside(colors, _shrink(opaque, _DEEP), 2 * _DEEP)
    thin, is_thin = _find_inside(colors, _shrink(opaque, _EDGE), np.inf)
    mixed &= is_near | (is_thin & (_shrink(opaque, _EDGE) == 0))
    if not mixed.any():
        return cover
    toward = np.where(is_near[:, :, None], near, thin)[mixed] - ground
    given = colors[mixed] - ground
    share = np.clip((given * toward).sum(1) / np.maximum((toward * toward).sum(1), 1e-6), 0.0, 1.0)
    # what is no mixture of the two keeps the guess; nothing inside may be darker than black or lighter than white
    misfit = np.sqrt(np.square(given - share[:, None] * toward).sum(1))
    trust = np.exp(-np.square(misfit / np.float32(_MISFIT)))
    share = trust * share + (1 - trust) * cover[mixed]
    room = np.where(given < 0, ground, 1 - ground)
    least = np.max(np.abs(given) / np.maximum(room, 1e-3), axis=1)
    solved = cover.copy()
    solved[mixed] = np.clip(np.maximum(share, np.where(least > _CERTAIN, least, 0)), 0.0, 1.0)
    return as_floats(solved)


def _shrink(shape: NDArray[np.uint8], radius: int) -> NDArray[np.uint8]:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    smaller: NDArray[np.uint8] = cv2.erode(shape, disc, borderType=cv2.BORDER_REPLICATE).astype(np.uint8)
    return smaller


def _find_inside(colors: FloatArray, inside: NDArray[np.uint8], reach: float) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return for each sample the color of the nearest one inside, and whether there is one within reach."""
    if not inside.any():
        return colors, np.zeros(inside.shape, bool)
    distance, labels = cv2.distanceTransformWithLabels(1 - inside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    table = np.zeros((labels.max() + 1, 3), np.float32)
    table[labels[inside > 0]] = colors[inside > 0]
    return as_floats(table[labels]), np.asarray(distance <= reach)


def suppress_hue(colors: FloatArray, color: Color) -> FloatArray:
    """Turn hues within 60 degrees of a color's to 60 degrees from it; luma stays. A grey color changes nothing."""
    key = np.array(color[:3], np.float32) @ _TO_LUMA
    length = float(np.hypot(key[1], key[2]))
    if length < 1e-3:
        return colors
    toward = key[1:] / length
    parts = colors @ _TO_LUMA
    along = parts[:, :, 1:] @ toward
    across = parts[:, :, 1:] @ np.array([-toward[1], toward[0]], np.float32)
    limited = np.minimum(along, np.abs(across) / np.float32(_SPILL_ANGLE))
    parts[:, :, 1:] += (limited - along)[:, :, None] * toward
    return as_floats(np.clip(parts @ _FROM_LUMA, 0.0, 1.0))


def estimate_foreground(pixels: FloatArray, step: Callable[[int, int], None]) -> FloatArray:
    """Return RGBA with colors that hold nothing of the former background (Germer, Uelwer, Conrad and Harmeling 2020).

    Foreground and background are solved for together, from the coarsest size of the image to the finest, so that
    alpha F + (1 - alpha) B gives the image and both are smooth. Opaque samples stay exactly as they are.

    Args:
        pixels: H x W x 4, the colors of partly transparent samples mixed with what was behind them.
        step: Told the number of the size that is done, and how many there are.
    """
    image, alpha = np.ascontiguousarray(pixels[:, :, :3]), np.ascontiguousarray(pixels[:, :, 3])
    rows, columns = alpha.shape
    levels = int(np.ceil(np.log2(max(rows, columns, 2))))
    sizes = [(max(1, round(rows ** (i / levels))), max(1, round(columns ** (i / levels)))) for i in range(levels + 1)]
    front = back = as_floats(image.mean((0, 1), keepdims=True))
    for number, (high, wide) in enumerate(sizes):
        small, share = _fit(image, high, wide, cv2.INTER_AREA), _fit(alpha, high, wide, cv2.INTER_AREA)
        front, back = (_fit(part, high, wide, cv2.INTER_NEAREST) for part in (front, back))
        for _ in range(10 if max(high, wide) <= 32 else 2):
            front, back = _relax(front, back, small, share)
        step(number + 1, len(sizes))
    opaque = alpha[:, :, None] >= 1
    return as_floats(np.concatenate([np.where(opaque, image, np.clip(front, 0, 1)), alpha[:, :, None]], axis=2))


def _fit(samples: FloatArray, high: int, wide: int, how: int) -> FloatArray:
    return as_floats(cv2.resize(samples, (wide, high), interpolation=how)).reshape(high, wide, *samples.shape[2:])


def _relax(front: FloatArray, back: FloatArray, image: FloatArray, alpha: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Take one step: each sample solves two equations from the image and its four neighbors."""
    padded = np.pad(alpha, 1, mode="edge")
    weights = np.zeros_like(alpha)
    near_front, near_back = np.zeros_like(front), np.zeros_like(back)
    fronts, backs = (np.pad(part, ((1, 1), (1, 1), (0, 0)), mode="edge") for part in (front, back))
    high, wide = alpha.shape
    for down, across in ((0, 1), (2, 1), (1, 0), (1, 2)):
        part = (slice(down, down + high), slice(across, across + wide))
        weight = np.float32(5e-6) + np.float32(0.1) * np.abs(alpha - padded[part])
        weights += weight
        near_front += weight[:, :, None] * fronts[part]
        near_back += weight[:, :, None] * backs[part]
    other = 1 - alpha
    # [a a + w, a b; a b, b b + w] [F, B] = [a I + near F, b I + near B]
    first, mixed, second = alpha * alpha + weights, alpha * other, other * other + weights
    scale = 1 / np.maximum(first * second - mixed * mixed, 1e-12)
    wanted_front = alpha[:, :, None] * image + near_front
    wanted_back = other[:, :, None] * image + near_back
    new_front = (second[:, :, None] * wanted_front - mixed[:, :, None] * wanted_back) * scale[:, :, None]
    new_back = (first[:, :, None] * wanted_back - mixed[:, :, None] * wanted_front) * scale[:, :, None]
    return as_floats(np.clip(new_front, 0, 1)), as_floats(np.clip(new_back, 0, 1))
