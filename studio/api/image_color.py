"""Samples of files in other color spaces become sRGB, by ICC profile."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING, Any

from studio.api.formats import icc

if TYPE_CHECKING:
    import numpy.typing as npt

    AnyArray = npt.NDArray[Any]

_OPENCV_LOG = threading.Lock()  # OpenCV has one log level; our threads must not change it at once
_ROWS = 256  # converted at once, so that the floats stay small


def convert_to_srgb(array: AnyArray, profile: bytes | None) -> AnyArray:
    """Return height x width (x channels) samples in sRGB, in their own depth; alpha is left alone.

    A profile that is missing, damaged or for another number of channels counts as sRGB, as browsers do. Matrix
    profiles convert at the depth of the samples. Profiles made of look-up tables convert through LittleCMS at 8 bits:
    16-bit and float samples are rounded to 8 bits there.
    """
    if profile is None or (parsed := icc.parse_profile(profile)) is None:
        return array
    channels = 1 if array.ndim == 2 else array.shape[2]
    if parsed.space == "GRAY" and parsed.curves and channels == 1:
        return _convert_grey(array, parsed)
    if parsed.space == "RGB " and channels in (3, 4) and not icc.is_srgb(parsed):
        return _convert_rgb(array, parsed, profile)
    return array


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


def decode_silently(data: AnyArray) -> AnyArray | None:
    """Decode a file's bytes with OpenCV, which otherwise reports damaged files on the standard error."""
    import cv2

    with _OPENCV_LOG:
        level = cv2.utils.logging.getLogLevel()
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        try:
            decoded: AnyArray | None = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
        finally:
            cv2.utils.logging.setLogLevel(level)
    return decoded


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
