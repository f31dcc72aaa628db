"""Small images and videos made here."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from studio.api import Image, Video


def draw_scene(width: int = 48, height: int = 32, shift: float = 0.0) -> Image:
    """Draw a red disc over a blue to green ramp, moved sideways."""
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    ramp = rows / max(height - 1, 1)
    texture = 0.06 * np.sin((columns - shift) * 0.9) * np.cos(rows * 0.7)
    ground = np.stack([0.1 + 0 * ramp, 0.2 + 0.5 * ramp, 0.8 - 0.6 * ramp], axis=-1) + texture[..., None]
    disc = ((rows - height / 2) ** 2 + (columns - width / 2 - shift) ** 2 < (height / 4) ** 2)[..., None]
    return Image(
        np.clip(np.where(disc, np.float32((0.9, 0.5, 0.4)) + texture[..., None], ground), 0, 1).astype(np.float32)
    )


def draw_stripes(width: int = 40, height: int = 40) -> Image:
    """Draw diagonal stripes of two colors."""
    rows, columns = np.mgrid[0:height, 0:width]
    stripe = ((rows + columns) // 4 % 2)[..., None]
    return Image(np.where(stripe, np.float32((0.95, 0.8, 0.3)), np.float32((0.3, 0.1, 0.4))).astype(np.float32))


def make_grey(image: Image) -> Image:
    """Take the colors out of an image."""
    return Image((image.pixels[:, :, :3] @ np.array([0.299, 0.587, 0.114], np.float32)).clip(0, 1))


def make_video(count: int = 5, width: int = 64, height: int = 48) -> Video:
    """Make a video in which the disc moves a pixel a frame."""
    return Video.from_images([draw_scene(width, height, float(index)) for index in range(count)], Fraction(10))


def measure_psnr(first: Image, second: Image) -> float:
    """Return the likeness of two images in decibels."""
    return float(-10 * np.log10(np.mean((first.pixels - second.pixels) ** 2) + 1e-12))
