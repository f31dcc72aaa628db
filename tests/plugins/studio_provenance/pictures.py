"""Images and audio to mark: drawn, the same each time."""

from __future__ import annotations

import io

import cv2
import numpy as np
import numpy.typing as npt
import PIL.Image

from studio.api import Audio, Image
from studio.testing import TestContext
from studio_provenance.settings import ProvenanceSettings

SETTINGS = ProvenanceSettings()
PAYLOAD = "0123456789abcdef"


def draw_scene(height: int = 384, width: int = 512, seed: int = 0) -> npt.NDArray[np.uint8]:
    """Return a scene with a sky, texture and edges: height x width x 3."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width] / max(height, width)
    scene = np.stack([90 + 120 * rows, 120 + 60 * columns, 200 - 90 * rows], axis=2)
    texture = cv2.GaussianBlur(rng.normal(0, 60, (height, width)), (0, 0), 1.5)
    scene += np.where(rows > 0.3 + 0.1 * np.sin(9 * columns), texture, 0)[..., None]
    for _ in range(12):
        top, left = rng.integers(0, height), rng.integers(0, width)
        scene[top : top + height // 6, left : left + width // 9] = rng.uniform(20, 235, 3)
    return np.clip(scene, 0, 255).astype(np.uint8)


def compress(pixels: npt.NDArray[np.uint8], quality: int = 50) -> npt.NDArray[np.uint8]:
    """Return pixels after JPEG."""
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return np.asarray(PIL.Image.open(file).convert("RGB"))


def resize(pixels: npt.NDArray[np.uint8], width: int, height: int) -> npt.NDArray[np.uint8]:
    """Return pixels in another size."""
    return np.asarray(PIL.Image.fromarray(pixels).resize((width, height), PIL.Image.Resampling.LANCZOS))


def measure_psnr(one: npt.NDArray[np.uint8], other: npt.NDArray[np.uint8]) -> float:
    """Return the peak signal-to-noise ratio in dB."""
    return float(10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2)))


def play_song(seconds: float = 8.0, rate: int = 44_100, channels: int = 2) -> Audio:
    """Return notes with harmonics over a little noise."""
    time = np.arange(round(seconds * rate)) / rate
    pitch = 220 * 2 ** (np.floor(time * 3) % 7 / 12)
    turn = 2 * np.pi * np.cumsum(pitch) / rate
    notes = sum(np.sin(number * turn) / number for number in range(1, 12)) * np.exp(-3 * (time * 3 % 1))
    noise = np.random.default_rng(3).normal(0, 0.01, (len(time), channels))
    return Audio((0.15 * notes[:, None] + noise).astype(np.float32), rate)


def mark(pixels: npt.NDArray[np.uint8], settings: ProvenanceSettings = SETTINGS) -> npt.NDArray[np.uint8]:
    """Return pixels with a mark."""
    from studio_provenance.nodes.marks import mark_image

    return mark_image(TestContext(), Image(pixels), settings, payload=PAYLOAD).image.to_uint8()
