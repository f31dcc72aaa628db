"""Light, color, noise and blur that vary, of a thing and of a whole scene (domain randomization, Tobin et al. 2017)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float32]

_LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)  # ITU-R BT.709


def vary_thing(rng: np.random.Generator, patch: FloatArray, strength: float) -> FloatArray:
    """Return a thing in another light.

    Args:
        rng: Chooses all.
        patch: Height x width x 4, multiplied by alpha.
        strength: From 0 (as it is) to 1.
    """
    alpha = patch[..., 3:]
    colors = patch[..., :3] / np.maximum(alpha, 1e-4)
    colors = colors @ _turn_hue(float(rng.normal(0, 0.25)) * strength).T
    grey = (colors @ _LUMA)[..., None]
    colors = grey + (colors - grey) * (1 + strength * rng.uniform(-0.7, 0.5))
    colors = (colors - 0.5) * (1 + strength * rng.uniform(-0.4, 0.4)) + 0.5
    height, width = patch.shape[:2]
    angle = rng.uniform(0, 2 * np.pi)
    across = np.linspace(-1, 1, width)[None, :, None] * np.cos(angle)
    down = np.linspace(-1, 1, height)[:, None, None] * np.sin(angle)
    shade = 1 + strength * (rng.uniform(-0.3, 0.3) + rng.uniform(0, 0.35) * (across + down))
    varied = np.clip(colors * shade, 0, 1) * alpha
    return np.concatenate([varied, alpha], axis=2).astype(np.float32)


def _turn_hue(angle: float) -> FloatArray:
    """Return the matrix that turns colors around the axis of greys."""
    cosine, sine = np.cos(angle), np.sin(angle)
    third, root = (1 - cosine) / 3, sine / np.sqrt(3)
    return np.array(
        [
            [cosine + third, third - root, third + root],
            [third + root, cosine + third, third - root],
            [third - root, third + root, cosine + third],
        ],
        np.float32,
    )


def vary_scene(rng: np.random.Generator, scene: FloatArray, strength: float) -> FloatArray:
    """Return a scene, height x width x 3, with another exposure, white, noise and focus."""
    if strength == 0:
        return scene
    exposure = (1 + strength * rng.uniform(-0.25, 0.2)) * (1 + strength * rng.uniform(-0.12, 0.12, 3))
    varied: FloatArray = (scene * exposure).astype(np.float32)
    if rng.random() < 0.4:
        varied = np.asarray(cv2.GaussianBlur(varied, (0, 0), 0.3 + float(rng.uniform(0, 0.8)) * strength), np.float32)
    noise = rng.normal(0, strength * rng.uniform(0, 0.06), varied.shape)
    return np.clip(varied + noise, 0, 1).astype(np.float32)
