"""Images from AVIF files: 8 bits through libavif, deeper ones through FFmpeg, which keeps their depth."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from studio.api.color import SRGB, ColorSpace
from studio.api.formats import avif
from studio.api.formats.unsupported import UnsupportedError
from studio.api.image_code_points import CodePoints, convert_code_points

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    AnyArray = npt.NDArray[Any]
    CheckSize = Callable[[int, int], None]

_UNSPECIFIED = 2
_FULL = 2  # of AVColorRange


def read_avif(
    data: bytes, check_size: CheckSize, *, keeps_range: bool = False
) -> tuple[AnyArray, ColorSpace, bytes | None, bytes]:
    """Return samples that are not turned yet, their color space, and the ICC profile and EXIF of the file.

    The first image of a sequence is read. Its own rotation is that of EXIF.

    Args:
        data: The file.
        check_size: Raises if the number of columns and rows is over the limits.
        keeps_range: Whether PQ and HLG stay what they are.

    Raises:
        UnsupportedError: This Pillow reads no AVIF.
        ValueError: The file is damaged.
    """
    from PIL import AvifImagePlugin

    if not AvifImagePlugin.SUPPORTED:
        raise UnsupportedError("AVIF is not supported by this build of Pillow")
    image = AvifImagePlugin.AvifImageFile(io.BytesIO(data))
    check_size(*image.size)
    profile, exif = image.info.get("icc_profile"), image.info.get("exif") or b""
    points = find_points(data)
    if avif.find_bits(data) > 8 and not avif.is_composed(data):
        array, points = decode_deep(data, points)
        array = array[:, :, 0] if image.mode == "L" else array
        array = _add_alpha(array, image) if image.mode.endswith("A") else array
    else:
        array = _decode(image)
    if profile and not points.is_high_dynamic_range:
        return array, SRGB, profile, exif  # a profile says it more exactly
    array, color = convert_code_points(array, points, keeps_range=keeps_range)
    return array, color, None, exif


def find_points(data: bytes) -> CodePoints:
    """Return what the boxes of a file say of its colors; its range is that of YUV, which decoders undo."""
    found = avif.find_code_points(data)
    return CodePoints(*found) if found else CodePoints(_UNSPECIFIED, _UNSPECIFIED)


def decode_deep(data: bytes, points: CodePoints) -> tuple[AnyArray, CodePoints]:
    """Return the first image as RGB of 16 bits, and what the file says of its colors; ValueError if it is damaged.

    Args:
        data: The file.
        points: What its boxes say; where they say nothing, the stream does.
    """
    import av

    from studio.api.rgb_conversion import RgbReader

    try:
        with av.open(io.BytesIO(data), "r", format="mov") as container:
            frame: Any = next(container.decode(video=0))
            array = RgbReader(alpha=False, deep=True).read(_tag(frame, data))
    except (av.error.FFmpegError, StopIteration, IndexError) as error:
        raise ValueError(f"AVIF of more than 8 bits: {error or 'it has no image'}") from None
    if points.primaries == points.transfer == _UNSPECIFIED:
        points = CodePoints(frame.color_primaries, frame.color_trc)
    return array, points


def _tag(frame: Any, data: bytes) -> Any:
    """Return a frame with the matrix and the range that the boxes of a file name."""
    if found := avif.find_matrix(data):
        matrix, is_full = found
        frame.colorspace = matrix if matrix else frame.colorspace
        frame.color_range = _FULL if is_full else 1
    return frame


def _add_alpha(array: AnyArray, image: Any) -> AnyArray:
    """Return RGB of 16 bits with the alpha of a Pillow image."""
    import numpy as np

    alpha = _decode(image)[:, :, 3:].astype(np.uint16) * np.uint16(257)
    if alpha.shape[:2] != array.shape[:2]:
        raise ValueError("colors and alpha differ in size")
    return np.concatenate([array, alpha], axis=2)


def _decode(image: Any) -> AnyArray:
    import numpy as np

    image.load()
    wanted = image.mode if image.mode in ("L", "RGB") else "RGBA" if image.mode.endswith("A") else "RGB"
    return np.array(image if wanted == image.mode else image.convert(wanted))
