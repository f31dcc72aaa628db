"""Arrays of samples: brightness and color taken apart, depths, and color under full transparency."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
AnyArray = NDArray[Any]

# ITU-R BT.601, full range, as JPEG has it; red and blue differences lie around 0.5.
_TO_PLANES = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], dtype=np.float32
)
_FROM_PLANES = np.array([[1, 0, 1.402], [1, -0.344136, -0.714136], [1, 1.772, 0]], dtype=np.float32)
_OFFSET = np.array([0, 0.5, 0.5], dtype=np.float32)


def split_planes(rgb: FloatArray) -> FloatArray:
    """Turn RGB (... x 3) into brightness and two differences of color, all in [0, 1]."""
    planes: FloatArray = rgb @ _TO_PLANES.T + _OFFSET
    return planes


def find_brightness(image: FloatArray) -> FloatArray:
    """Return the brightness of an image (height x width x 1 or 3) as a plane."""
    plane: FloatArray = image[..., 0] if image.shape[2] == 1 else split_planes(image)[..., 0]
    return plane


def join_planes(planes: FloatArray) -> FloatArray:
    """Turn brightness and differences of color (... x 3) into RGB; the inverse of `split_planes`."""
    return np.asarray((planes - _OFFSET) @ _FROM_PLANES.T, np.float32)


def to_floats(samples: AnyArray) -> FloatArray:
    """Return samples of 8 or 16 bits or of float32 as float32 in [0, 1]."""
    if samples.dtype == np.float32:
        return samples
    floats: FloatArray = samples.astype(np.float32)
    floats /= np.float32(np.iinfo(samples.dtype).max)
    return floats


def to_depth(floats: FloatArray, dtype: np.dtype[Any]) -> AnyArray:
    """Return float samples clipped to [0, 1], rounded to 8 or 16 bits where the dtype has them."""
    clipped: FloatArray = np.clip(floats, 0, 1)
    if dtype == np.float32:
        return clipped
    scaled = clipped * np.float32(np.iinfo(dtype).max)
    rounded: AnyArray = np.rint(scaled, out=scaled).astype(dtype)
    return rounded


def spread_colors(colors: AnyArray, alpha: AnyArray) -> AnyArray:
    """Give what is fully transparent the color of the nearest pixel that is not.

    What lies under full transparency is often black or white, and would otherwise darken or ring at the outline.

    Args:
        colors: Height x width x channels, any dtype.
        alpha: Height x width.
    """
    hidden = alpha == 0
    if not hidden.any() or hidden.all():
        return colors
    from scipy.ndimage import distance_transform_edt

    rows, columns = distance_transform_edt(hidden, return_distances=False, return_indices=True)
    spread: AnyArray = colors[rows, columns]
    return spread


def resize_plane(plane: FloatArray, width: int, height: int) -> FloatArray:
    """Resize one plane (height x width): antialiased bicubic, a = -0.5, without clipping."""
    import PIL.Image

    image = PIL.Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32))
    resized: FloatArray = np.asarray(image.resize((width, height), PIL.Image.Resampling.BICUBIC), np.float32)
    return resized
