"""Samples of files in other color spaces become sRGB, by ICC profile."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from studio.api.formats import icc
from studio.api.formats.unsupported import UnsupportedError
from studio.api.image_code_points import CodePoints, convert_code_points

if TYPE_CHECKING:
    import numpy.typing as npt

    AnyArray = npt.NDArray[Any]

_TOLERANCE = 1e-4  # what an image clips as rounding
_ROWS = 256  # converted at once, so that the floats stay small


def convert_to_srgb(array: AnyArray, profile: bytes | None) -> AnyArray:
    """Return height x width (x channels) samples in sRGB, in their own depth; alpha is left alone.

    A profile that is missing, damaged or for another number of channels counts as sRGB, as browsers do. Matrix
    profiles convert at the depth of the samples. Profiles made of look-up tables convert through LittleCMS at 8 bits:
    16-bit and float samples are rounded to 8 bits there. Linear light stays linear, in the primaries of sRGB. What a
    profile says of PQ or HLG by numbers counts more than its tables, which end at the white of a screen; samples of
    8 bits get 16.

    Raises:
        UnsupportedError: For linear light in a profile that has other curves or no matrix.
    """
    if profile is None or (parsed := icc.parse_profile(profile)) is None:
        return array
    if is_linear(array):
        return _convert_linear(array, parsed)
    if points := find_range(array, profile):
        return convert_code_points(array, points)[0]
    channels = 1 if array.ndim == 2 else array.shape[2]
    if parsed.space == "GRAY" and parsed.curves and channels == 1:
        return _convert_grey(array, parsed)
    if parsed.space == "GRAY" and parsed.curves and channels == 4:  # grey with alpha
        return _join_alpha(_convert_grey(array[:, :, :3], parsed), array[:, :, 3:])
    if parsed.space == "RGB " and channels in (3, 4) and not icc.is_srgb(parsed):
        return _convert_rgb(array, parsed, profile)
    return array


def find_range(array: AnyArray, profile: bytes | None) -> CodePoints | None:
    """Return what a profile says of the samples if they are PQ or HLG; None if they are not."""
    points = find_profile_points(profile)
    return points if points is not None and array.ndim == 3 and not is_linear(array) else None


def find_profile_points(profile: bytes | None) -> CodePoints | None:
    """Return the numbers in a profile of PQ or HLG, of colors that can be converted; None for other profiles."""
    parsed = icc.parse_profile(profile) if profile else None
    if parsed is None or parsed.code_points is None:
        return None
    points = CodePoints(*parsed.code_points)
    return points if points.is_known and points.is_high_dynamic_range else None


def is_linear(array: AnyArray) -> bool:
    """Say whether samples of a file are linear light: floats of which one is outside [0, 1] by more than rounding."""
    return array.dtype.kind == "f" and not (array.min() >= -_TOLERANCE and array.max() <= 1.0 + _TOLERANCE)


def _convert_linear(array: AnyArray, profile: icc.Profile) -> AnyArray:
    """Return linear light with the primaries of sRGB."""
    import numpy as np

    if any(abs(float(curve(np.array([0.5]))[0]) - 0.5) > 0.001 for curve in profile.curves) or not profile.curves:
        raise UnsupportedError("a color profile that is not linear, of samples outside [0, 1], is not supported")
    if not profile.matrix or array.ndim == 2 or array.shape[2] < 3:
        return array
    matrix = np.linalg.inv(np.array(icc.SRGB)) @ np.array(profile.matrix)
    converted = (array[:, :, :3] @ matrix.T).astype(np.float32)
    return np.concatenate([converted, array[:, :, 3:]], axis=2)


def _convert_rgb(array: AnyArray, parsed: icc.Profile, profile: bytes) -> AnyArray:
    """Convert height x width x 3 or 4 samples by a profile for RGB."""
    rgb = array[:, :, :3]
    if parsed.matrix and str(array.dtype) != "uint8":
        converted = _convert_matrix(rgb, parsed)
    else:
        converted = _convert_table(rgb, profile)
    return converted if array.shape[2] == 3 else _join_alpha(converted, array[:, :, 3:])


def convert_ink(image: Any, profile: bytes | None) -> AnyArray:
    """Return a Pillow image in CMYK or LAB as RGB samples, by its profile if that is for CMYK."""
    import numpy as np
    from PIL import ImageCms

    if image.mode == "LAB":
        source: Any = ImageCms.createProfile("LAB")
    else:
        parsed = icc.parse_profile(profile) if profile else None
        if parsed is None or parsed.space != "CMYK" or profile is None:
            return np.array(image.convert("RGB"))
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    try:
        return np.array(ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"))
    except ImageCms.PyCMSError:
        if image.mode == "LAB":
            raise
        return np.array(image.convert("RGB"))


def _convert_grey(array: AnyArray, profile: icc.Profile) -> AnyArray:
    import numpy as np

    if array.dtype.kind == "f":
        return icc.convert_grey(array, profile).astype(np.float32)
    top = np.iinfo(array.dtype).max
    table = np.rint(icc.convert_grey(np.arange(top + 1) / top, profile) * top).astype(array.dtype)
    converted: AnyArray = table[array]
    return converted


def _convert_matrix(array: AnyArray, profile: icc.Profile) -> AnyArray:
    import numpy as np

    whole = array.dtype.kind == "u"
    top = 65535.0 if whole else 1.0
    result = np.empty_like(array)
    for row in range(0, len(array), _ROWS):
        converted = icc.convert_colors(array[row : row + _ROWS].astype(np.float64) / top, profile) * top
        result[row : row + _ROWS] = np.rint(converted) if whole else converted
    return result


def _convert_table(array: AnyArray, profile: bytes) -> AnyArray:
    import numpy as np
    import PIL.Image
    from PIL import ImageCms

    small: Any = array
    if array.dtype != np.uint8:
        top = 65535.0 if array.dtype == np.uint16 else 1.0
        small = np.rint(np.clip(array.astype(np.float32) / top, 0.0, 1.0) * 255.0).astype(np.uint8)
    try:
        image = PIL.Image.fromarray(np.ascontiguousarray(small))
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        return np.array(ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return array


def _join_alpha(color: AnyArray, alpha: AnyArray) -> AnyArray:
    import numpy as np

    if color.dtype == alpha.dtype:
        return np.concatenate([color, alpha], axis=2)
    top = 65535.0 if alpha.dtype == np.uint16 else 1.0
    return np.concatenate([color, np.rint(alpha / top * 255.0).astype(np.uint8)], axis=2)
