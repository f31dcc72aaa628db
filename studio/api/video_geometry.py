"""How frames are shown: turned and mirrored by a display matrix, and with pixels that are not square."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy.typing as npt

    AnyArray = npt.NDArray[Any]

_LEAST_ASPECT, _GREATEST_ASPECT = Fraction(1, 16), Fraction(16)
_SLANTED = 0.02  # the share of a turn that is not a right angle from which it counts


class DisplayMatrices:
    """Finds the display matrix of each frame of a stream, in their order.

    One that H.264 or H.265 says within the stream holds to the next key frame; FFmpeg hands it on with one frame only.
    """

    def __init__(self) -> None:
        self._last: tuple[float, float, float, float] | None = None

    def find(self, frame: Any) -> tuple[float, float, float, float] | None:
        """Return the display matrix of the next frame, or None."""
        found = find_display_matrix(frame)
        if found is not None or frame.key_frame:
            self._last = found
        return self._last


def find_display_matrix(frame: Any) -> tuple[float, float, float, float] | None:
    """Return a, b, c and d of a frame's display matrix (ISO 14496-12), or None where it has none.

    The pixel at column x and row y is shown at column a x + c y and row b x + d y.
    """
    import numpy as np
    from av import sidedata

    create: Any = sidedata.sidedata.SideDataContainer
    try:
        # not frame.side_data: the frame would keep that, and it the frame, until the collector of cycles runs
        known = list(create(frame))
    except ValueError:  # PyAV refuses all side data of a frame if it does not know the kind of one, such as EXIF
        return _rebuild_matrix(int(frame.rotation or 0))
    for data in known:
        if data.type == sidedata.sidedata.Type.DISPLAYMATRIX and data.buffer_size >= 36:
            values = np.frombuffer(bytes(data)[:36], np.int32) / 65536.0
            a, b, c, d = (float(values[index]) for index in (0, 1, 3, 4))
            return None if a == b == c == d == 0 else (a, b, c, d)
    return None


def _rebuild_matrix(angle: int) -> tuple[float, float, float, float] | None:
    """Return the display matrix of a rotation by degrees, as FFmpeg's av_display_rotation_set makes it."""
    if not angle:
        return None
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return (cosine, -sine, sine, cosine)


def apply_display_matrix(array: AnyArray, matrix: tuple[float, float, float, float] | None) -> AnyArray:
    """Return samples turned and mirrored by the nearest of the eight matrices with right angles; a view."""
    if matrix is None:
        return array
    a, b, c, d = matrix
    if abs(a) + abs(d) >= abs(b) + abs(c):
        across, down = a, d
    else:
        array, across, down = array.swapaxes(0, 1), c, b
    return array[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]


def is_slanted(matrix: tuple[float, float, float, float] | None) -> bool:
    """Say whether a display matrix turns by something else than right angles."""
    if matrix is None:
        return False
    straight, turned = sorted((abs(matrix[0]) + abs(matrix[3]), abs(matrix[1]) + abs(matrix[2])))
    return straight > _SLANTED * turned


def find_square_size(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """Return the columns and rows with which pixels are square; the shorter side grows, so nothing is lost.

    Even sides stay even. An aspect ratio that no camera has is ignored.

    Args:
        width: Columns in the file.
        height: Rows in the file.
        aspect: Width of a pixel by its height; None if the file does not say.
    """
    if not aspect or aspect == 1 or not is_plausible(aspect):
        return width, height
    if aspect > 1:
        return _round_side(width * aspect, width), height
    return width, _round_side(height / aspect, height)


def is_plausible(aspect: Fraction | None) -> bool:
    """Say whether an aspect ratio of pixels is missing or can be true."""
    return aspect is None or aspect == 0 or _LEAST_ASPECT <= aspect <= _GREATEST_ASPECT


def _round_side(side: Fraction, like: int) -> int:
    return round(side) if like % 2 else 2 * round(side / 2)
