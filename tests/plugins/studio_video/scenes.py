"""Videos made of code: textures that move by known amounts."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import cv2
import numpy as np

from studio.api import Audio, Image, Video


def make_texture(seed: int, height: int, width: int) -> Any:
    """Return a colored texture of spots, 8 bits."""
    draw = np.random.default_rng(seed)
    small = draw.random((max(2, height // 8), max(2, width // 8), 3)).astype(np.float32)
    base = cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)
    fine = cv2.GaussianBlur(draw.random((height, width, 3)).astype(np.float32), (0, 0), 1.5)
    return np.rint(np.clip(0.75 * base + 0.6 * (fine - 0.5) + 0.1 + 0.02 * seed, 0, 1) * 255).astype(np.uint8)


def make_scene(count: int, *, speed: int = 3, seed: int = 0, height: int = 64, width: int = 96) -> list[Any]:
    """Return frames of a camera that moves to the right over a texture, by whole pixels."""
    wide = make_texture(seed, height, width + speed * count)
    return [np.ascontiguousarray(wide[:, speed * index : speed * index + width]) for index in range(count)]


def to_video(frames: list[Any], rate: Fraction | int, audio: Audio | None = None) -> Video:
    """Return a video of arrays."""
    images = [Image(frame) for frame in frames]
    if not images:
        return Video(lambda: iter([]), width=8, height=8, rate=Fraction(rate))
    return Video.from_images(images, rate, audio)


def read(video: Video) -> list[Any]:
    """Return all frames, 8 bits."""
    return [frame.image.to_uint8() for frame in video.frames()]


def spoil(frames: list[Any], deviation: float) -> list[Any]:
    """Return frames with noise."""
    draw = np.random.default_rng(7)
    return [np.clip(np.rint(f + draw.normal(0, deviation, f.shape)), 0, 255).astype(np.uint8) for f in frames]


def measure(films: list[Any], truth: list[Any]) -> float:
    """Return the mean PSNR in dB."""
    errors = [np.mean((a.astype(float) - b) ** 2) for a, b in zip(films, truth, strict=True)]
    return float(np.mean([10 * np.log10(255**2 / max(error, 1e-9)) for error in errors]))
