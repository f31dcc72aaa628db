"""Marks images: adds waves to their luma, stronger where the eye sees less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from studio.api import MediaError
from studio_provenance.image_pixels import add_luma, read_luma
from studio_provenance.image_waves import LONGEST, TILE, create_waves, render_waves

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from studio.api import Image

    ComplexArray = npt.NDArray[np.complexfloating[Any, Any]]

    FloatArray = npt.NDArray[np.float32]

SMALLEST = 128  # pixels of the shorter side
_FAINTEST = 0.75 / 255  # standard deviation in flat areas
_STRONGEST = 5.0 / 255
_TEXTURE_SHARE = 0.45  # of the standard deviation of the image near a pixel
_PEAK_ERROR = 10 ** (-41.5 / 20)  # root mean square of the whole mark, at most: PSNR 41.5 dB
_CALM_ERROR = 10 ** (-43.5 / 20)  # up to which the mark of a calm image is raised: JPEG drops what is fainter
_CALM_FACTOR = 1.6  # at most; in videos a raised mark that stands still would show
_BAND = 1024  # rows that are worked on at once
_MARGIN = 32  # rows beside them that the mask looks at, for a tile of TILE pixels


def find_tile(height: int, width: int) -> float:
    """Return the size in pixels of the tile in an image of this size."""
    return TILE * max(1.0, max(height, width) / LONGEST)


def build_mask(luma: FloatArray, scale: float) -> FloatArray:
    """Return the standard deviation of a mark that hides at each pixel, in units of full range.

    Texture hides most; a flat area beside an edge hides no more than another flat area.

    Args:
        luma: Luma in [0, 1], height x width.
        scale: Pixels that count as one.
    """
    import cv2

    size = 2 * round(3 * scale) + 1
    fine = luma - cv2.GaussianBlur(luma, (0, 0), 2 * scale)  # a gradient hides nothing
    deviation = np.sqrt(np.maximum(cv2.blur(fine * fine, (size, size)), 0))
    calm = cv2.erode(deviation, np.ones((size, size), np.uint8))
    calm = cv2.blur(calm, (size, size))
    mask: FloatArray = np.clip(_FAINTEST + _TEXTURE_SHARE * calm, _FAINTEST, _STRONGEST).astype(np.float32)
    return mask


def mark_image(image: Image, key: bytes, payload: int, strength: float = 1.0) -> Image:
    """Return an image with a mark.

    Raises:
        MediaError: E651 for an image that is too small.
    """
    check_size(image.width, image.height)
    render = plan_rendering(create_waves(key).keyed.build_waves(payload), image.height, image.width)
    return add_luma(image, compute_mark(read_luma(image), render, strength, _CALM_FACTOR))


def check_size(width: int, height: int) -> None:
    """Raise MediaError E651 for an image that is too small for a mark."""
    if min(width, height) < SMALLEST:
        message = f"an image of {width} x {height} pixels is too small for a mark (at least {SMALLEST} x {SMALLEST})"
        raise MediaError("E651", message, hint="enlarge it first, or sign the file instead")


def plan_rendering(waves: ComplexArray, height: int, width: int) -> Callable[[int, int], FloatArray]:
    """Return what renders rows of the waves of a mark for images of one size: from a row up to another."""
    tile = find_tile(height, width)
    return lambda top, bottom: render_waves(waves, top, bottom - top, width, tile)


def compute_mark(
    luma: FloatArray, render: Callable[[int, int], FloatArray], strength: float = 1.0, calm_factor: float = 1.0
) -> FloatArray:
    """Return what is added to the luma of an image: height x width.

    Args:
        luma: Luma, height x width.
        render: Returns rows of the waves, from a row up to another.
        strength: Factor of the mark.
        calm_factor: By how much the mark of a calm image is raised, at most.
    """
    height, width = luma.shape
    tile = find_tile(height, width)
    margin = round(_MARGIN * tile / TILE)
    added = np.empty((height, width), np.float32)
    for top in range(0, height, _BAND):
        bottom = min(top + _BAND, height)
        first, last = max(top - margin, 0), min(bottom + margin, height)
        mask = build_mask(luma[first:last], tile / TILE)[top - first : bottom - first]
        np.multiply(mask, render(top, bottom), out=added[top:bottom])
    error = float(np.sqrt(np.mean(np.square(added), dtype=np.float64)))
    added *= np.float32(strength * choose_factor(error, calm_factor))
    return added


def choose_factor(error: float, calm_factor: float) -> float:
    """Return by how much a mark is scaled: one that is too strong is lowered, and the faint one of a calm image raised.

    Args:
        error: Root mean square of the mark, in units of full range.
        calm_factor: At most so much it is raised.
    """
    error = max(error, 1e-9)
    return min(1.0, _PEAK_ERROR / error) * min(max(1.0, _CALM_ERROR / error), calm_factor)
